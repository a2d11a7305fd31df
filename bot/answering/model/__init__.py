"""The answer by a chat model: what it is given, how it is called, what happens when it fails."""
