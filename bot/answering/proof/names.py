"""The words of a sentence and the names among them: runs of capitalised words, each by its one form.

Knows nothing about what is said of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from bot.answering.proof.days import MONTHS, WEEKDAYS
from bot.answering.proof.meanings import aliases, folded, is_empty
from bot.answering.proof.tokens import Token
from bot.answering.proof.units import NUMBER_WORDS, ORDINALS, SCALES
from bot.retrieval.places import KNOWN
from bot.text.words import STOPWORDS

if TYPE_CHECKING:
    from bot.answering.proof.statement import Statement


class Name(NamedTuple):
    """A run of capitalised words, in order."""

    start: int
    end: int
    words: tuple[str, ...]
    """Folded: lower case, no accents, one form for names that have several."""
    raw: tuple[str, ...]
    """As written, one for each of `words`."""


class Word(NamedTuple):
    text: str
    start: int
    end: int


def joined_words(read: Sequence[Token]) -> list[Word]:
    found: list[Word] = []
    at = 0
    while at < len(read):
        token = read[at]
        if not (token.text[0].isalnum()):
            at += 1
            continue
        after = at + 1
        text = token.text
        if token.text.isalpha():
            if len(text) == 1 and text.isupper():
                initials = at
                letters = text
                while (
                    initials + 2 < len(read)
                    and read[initials + 1].text == "."
                    and read[initials + 1].is_glued
                    and read[initials + 2].is_glued
                    and len(read[initials + 2].text) == 1
                    and read[initials + 2].text.isupper()
                ):
                    letters += read[initials + 2].text
                    initials += 2
                if len(letters) > 1:
                    text, after = letters, initials + 1
            while after < len(read) and read[after].is_glued and read[after].text.isdecimal():
                text += read[after].text
                after += 1
            if (
                after + 1 < len(read)
                and read[after].text in "-–"
                and read[after].is_glued
                and read[after + 1].is_glued
                and read[after + 1].text.isdecimal()
                and text[0].isupper()
                and text.lower() not in NUMBER_WORDS
            ):
                text += "-" + read[after + 1].text
                after += 2
        elif after < len(read) and read[after].is_glued and read[after].text.isupper() and len(read[after].text) == 1:
            text += read[after].text
            after += 1
        end = read[after - 1].end
        ending = read[after : after + 2]
        if len(ending) == 2 and ending[0].text in "'’" and ending[0].is_glued and ending[1].is_glued:
            after += 2 * (ending[1].low in ("s", "t", "re", "ve", "ll", "d"))
        found.append(Word(text, token.start, end))
        at = after
    return found


def names_of(statement: Statement) -> list[Name]:
    busy = [(day.start, day.end) for day in statement.days]
    runs: list[list[Word]] = []
    words = statement.words
    previous_end = -1
    for word in words:
        low = word.text.lower()
        is_capital = word.text[0].isupper() or (word.text[0].isdecimal() and any(c.isupper() for c in word.text))
        skip = (
            not is_capital
            or (low == "i" and previous_end < 0)
            or any(start <= word.start < end for start, end in busy)
            or (low in WEEKDAYS and len(low) > 5)
            or (low in MONTHS and len(low) > 3 and low not in ("may", "march", "august", "april", "june"))
        )
        if skip:
            if low != "of":
                previous_end = -1
            continue
        between = statement.text[previous_end : word.start] if previous_end >= 0 else "x"
        is_office = between == " of " and runs and runs[-1][-1].text in ("Secretary", "Minister", "Speaker", "Head")
        if (
            runs
            and (between in (" ", "-", "\u00a0", ". ") or is_office)
            and not _is_possessive(statement.text, previous_end)
        ):
            runs[-1].append(word)
        else:
            opening = is_opening_at(statement.text, word.start)
            is_acronym = len(word.text) > 1 and word.text.isupper()  # "US" is no "us"
            if opening and is_empty(low) and not is_acronym:
                previous_end = -1
                continue
            if (low in STOPWORDS and not is_acronym) or (low in NUMBER_WORDS or low in ORDINALS or low in SCALES):
                previous_end = -1
                continue
            runs.append([word])
        previous_end = word.end
    found = []
    for run in runs:
        is_sure = _surely_name(run[0].text) or folded(run[0].text) in statement.known_names
        if len(run) == 1 and is_opening_at(statement.text, run[0].start) and not is_sure:
            continue
        found.append(Name(run[0].start, run[-1].end, *_one_forms(run)))
    return found


def _surely_name(text: str) -> bool:
    return (
        (len(text) > 1 and text.isupper())
        or any(c.isdecimal() for c in text)
        or folded(text) in aliases()
        or text in KNOWN
    )


def _is_possessive(text: str, end: int) -> bool:
    return text[end : end + 2] in ("'s", "’s")


def is_opening_at(text: str, start: int) -> bool:
    before = text[:start].rstrip(" \"“”‘'(*_#-•\t")
    return not before or before[-1] in ".!?:\n|"


def _one_forms(run: Sequence[Word]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words of a name, each by its one form, and as written: "United Kingdom" is one word here."""
    words: list[str] = []
    raw: list[str] = []
    at = 0
    while at < len(run):
        for size in (3, 2):
            joined = "-".join(folded(word.text) for word in run[at : at + size])
            if at + size <= len(run) and joined in aliases():
                words.append(aliases()[joined])
                raw.append(" ".join(word.text for word in run[at : at + size]))
                at += size
                break
        else:
            words.append(one_form(run[at].text))
            raw.append(run[at].text)
            at += 1
    return tuple(words), tuple(raw)


def one_form(word: str) -> str:
    low = folded(word)
    return aliases().get(low, low)
