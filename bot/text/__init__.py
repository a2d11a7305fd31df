"""What news text is made of: characters, words, sentences, numbers, dates and names. Pure functions over strings."""

from __future__ import annotations

from pathlib import Path


def read_rows(path: Path) -> list[list[str]]:
    """The rows of a file of tab-separated values, "#" before a comment."""
    lines = path.read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


def read_table(name: str) -> dict[str, list[str]]:
    """The entries of `data/<name>.txt`, in order: `key: words` in each line, "_" for a blank, "#" before a comment."""
    lines = (Path(__file__).parent / "data" / f"{name}.txt").read_text("utf-8").splitlines()
    rows = (line.partition(": ") for line in lines if line and not line.startswith("#"))
    return {key: [word.replace("_", " ") for word in words.split()] for key, _, words in rows}
