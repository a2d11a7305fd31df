"""The bot on Discord: a client, its commands, and what keeps it running.

Knows nothing about how an answer is found: it is given one coroutine that answers (see `house`).
"""
