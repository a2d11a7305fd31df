"""Words, numbers and marks of a text, with their places.

Knows nothing about what they mean.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(r"\d{1,3}(?:[,\u00a0\u2009\u202f]\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|[^\W\d_]+|[^\w\s]|_")


class Token(NamedTuple):
    """A word, a number or a mark; `is_glued` where no blank stands before it."""

    text: str
    low: str
    start: int
    end: int
    is_glued: bool


def tokens(text: str) -> list[Token]:
    """Words, numbers and marks of `text`, in order."""
    found: list[Token] = []
    end = -1
    for match in _TOKEN.finditer(text):
        found.append(Token(match[0], match[0].lower(), match.start(), match.end(), match.start() == end))
        end = match.end()
    return found
