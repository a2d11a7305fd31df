"""The check of a chat model's prose: every sentence against the passages that it cites."""
