"""The bot on Discord: a client, its commands, and what keeps it running."""
