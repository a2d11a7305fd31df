"""Tokens and words of a text with their places, stop words, and the stems by which two words count as the same."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from bot.text import read_table
from bot.text.unicode import without_accents

WORD = re.compile(r"[^\W_]+(?:[.,](?=\d)\d+)*(?:['’][^\W\d_]+)?")
"""A word or a number ("4,000", "3.8"); an apostrophe holds only letters, so that a closing quote ends the word."""

STOPWORDS = frozenset(word for row in read_table("stopwords").values() for word in row)
"""Words that say how something is asked rather than what."""

_IRREGULAR = {form: base for base, forms in read_table("irregular").items() for form in (base, *forms)}

_SUFFIXES = tuple(
    (suffix, least)
    for least, suffixes in (
        (5, "ational ations ation ements ement fulness iveness"),
        (4, "ments ment ingly ings ness ions ers ors ist ists ion er or"),
        (3, "ing edly ies ied ed es ly"),
    )
    for suffix in suffixes.split()
)
_TOO_SHORT_TO_CUT = 4
_TOKEN = re.compile(r"\d{1,3}(?:[,\u00a0\u2009\u202f]\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|[^\W\d_]+|[^\w\s]|_")


class Token(NamedTuple):
    """A run of letters, a number or a mark; `is_glued` where no blank stands before it."""

    text: str
    low: str
    start: int
    end: int
    is_glued: bool


def tokens(text: str) -> list[Token]:
    """Runs of letters, numbers and marks of `text`, in order."""
    found: list[Token] = []
    end = -1
    for match in _TOKEN.finditer(text):
        found.append(Token(match[0], match[0].lower(), match.start(), match.end(), match.start() == end))
        end = match.end()
    return found


class Word(NamedTuple):
    """A word as it stands in a text: `text[start:end] == word.text`."""

    text: str
    start: int
    end: int
    stem: str

    @property
    def is_stopword(self) -> bool:
        """Whether the word says nothing about the matter asked."""
        return self.text.lower().replace("’", "'") in STOPWORDS

    @property
    def is_number(self) -> bool:
        """Whether it starts with a digit."""
        return self.text[0].isdigit()


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The part of a word that its inflections share: "personnel", "elections" and "elected" -> "elect".

    Cruder than Porter's stemmer and deeper at the end of long words: it is for telling whether a sentence speaks of
    what a question speaks of, where a false match costs less than a missed one.
    """
    low = word.lower().replace("’", "'")
    if low.endswith("'s"):
        low = low[:-2]
    low = low.replace("'", "")
    if not low.isascii():
        low = without_accents(low)
    if known := _IRREGULAR.get(low):
        return known
    if not low.isalpha():
        return low.replace(",", "")
    if len(low) <= _TOO_SHORT_TO_CUT:
        if len(low) < _TOO_SHORT_TO_CUT:
            return low
        return low[:-1] if low[-1] == "s" and low[-2] not in "sui" else low[:-1] + "i" if low[-1] == "y" else low
    for suffix, least in _SUFFIXES:
        if low.endswith(suffix) and len(low) - len(suffix) >= least:
            low = low[: -len(suffix)] + ("y" if suffix in ("ies", "ied") else "")
            if len(low) > 3 and low[-1] == low[-2] and low[-1] not in "aeiouls":
                low = low[:-1]
            break
    else:
        if low[-1] == "s" and low[-2] not in "sui":
            low = low[:-1]
    if len(low) > 3 and low[-1] in "ey":
        low = low[:-1] + ("" if low[-1] == "e" else "i")
    return low


def stems(text: str) -> set[str]:
    """The stems of all words and numbers of `text`."""
    return set(map(stem, WORD.findall(text)))


def words(text: str) -> list[Word]:
    """All words and numbers of `text`, in order, each with its place (code points) and stem."""
    return [Word(found[0], found.start(), found.end(), stem(found[0])) for found in WORD.finditer(text)]
