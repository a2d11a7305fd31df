"""Names of persons, places and bodies in a text: runs of capitalised words, and which words are one name."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import cache
from typing import NamedTuple

from bot.text import read_table
from bot.text.dates import month_numbers, weekday_numbers
from bot.text.numbers import is_number_word
from bot.text.unicode import folded
from bot.text.words import STOPWORDS

_PART = re.compile(r"(?:[A-Z]\.){2,}|[^\W_]+(?:['’][^\W\d_]+)*")
_BETWEEN = re.compile(r"(?:[ \u00a0]|[-‑–/&]|\. )$|^ ?& ?$")
_OPENING = " \"“”‘'(*_#-•\t["
ALIKE_LETTERS = 4
"""Two words of one name begin with so many letters alike: "Hungary" and "Hungarian", "Iraq" and "Iraqis"."""


class Name(NamedTuple):
    """A run of capitalised words: `text[start:end]`, and its words as written."""

    start: int
    end: int
    words: tuple[str, ...]


@cache
def _aliases() -> dict[str, str]:
    """Names that go by several words, lower case and without full stops, and the one they stand for."""
    rows = read_table("aliases").items()
    return {folded(name).replace(".", ""): key for key, others in rows for name in (key, *others)}


@cache
def _titles() -> frozenset[str]:
    return frozenset(word for row in read_table("titles").values() for word in row)


@cache
def countries() -> frozenset[str]:
    """Countries and continents in English, lower case: Unicode's (CLDR), through Babel."""
    from babel import Locale

    return frozenset(folded(name) for name in Locale.parse("en").territories.values())


def one_form(word: str) -> str:
    """The one form of a name that goes by several: "british" and "uk" are "britain"; other words folded."""
    low = folded(word).replace(".", "")
    return _aliases().get(low, low)


def is_title(word: str) -> bool:
    """Whether a capitalised word is an office, a form of address or a kind of body: no name by itself."""
    return folded(word).rstrip(".") in _titles()


def are_alike(one: str, other: str) -> bool:
    """Whether two folded words may be forms of one name: they begin alike."""
    least = min(len(one), len(other))
    return one == other or (least >= ALIKE_LETTERS and one[: (n := min(least, ALIKE_LETTERS + 1))] == other[:n])


def is_opening(text: str, start: int) -> bool:
    """Whether a word opens a sentence, so that its capital says nothing."""
    before = text[:start].rstrip(_OPENING)
    return not before or before[-1] in ".!?:\n|;" or text[:start].rstrip(" ").endswith(("“", '"'))


def names(text: str, busy: Sequence[tuple[int, int]] = (), known: Collection[str] = ()) -> list[Name]:
    """The names of `text` outside of the spans `busy` (its dates), in order.

    A word that opens a sentence is one where it is written in capitals, is a country, or one of the folded words
    `known`.
    """
    runs: list[list[re.Match[str]]] = []
    end = -1
    for part in _PART.finditer(text):
        word = part[0]
        if not (word[0].isupper() or (word[0].isdecimal() and any(letter.isupper() for letter in word[1:]))):
            continue
        low = folded(word)
        is_acronym = len(word) > 1 and word.isupper() and word[0].isalpha()
        is_busy = any(start <= part.start() < stop for start, stop in busy)
        is_common = low in STOPWORDS or is_number_word(low) or low in month_numbers() or low in weekday_numbers()
        if is_busy or low in ("i", "a") or (is_common and not is_acronym):
            continue
        if runs and end >= 0 and _BETWEEN.match(text[end : part.start()]):
            runs[-1].append(part)
        else:
            if is_opening(text, part.start()) and not _is_surely_name(word, known):
                continue
            runs.append([part])
        end = part.end() if not word.endswith(("'s", "’s")) else -1
    return [Name(run[0].start(), run[-1].end(), tuple(part[0] for part in run)) for run in runs]


def _is_surely_name(word: str, known: Collection[str]) -> bool:
    low = folded(word)
    is_written_so = (len(word) > 1 and word.isupper()) or any(letter.isdecimal() for letter in word)
    return is_written_so or low in known or low in countries() or low in _aliases()


def initials(words: Sequence[str]) -> str:
    """The first letters of the capitalised ones of some words, lower case: "ecb" of "European Central Bank"."""
    return "".join(word[0].lower() for word in words if word[0].isupper())
