"""Where the news lives: the catalog, which is the truth, and the indexes that follow it."""
