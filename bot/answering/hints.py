"""What may help where nothing answers: a spelling that the articles know, a subject that they cover. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from bot.schema import Hit
from bot.text.dates import month_numbers, weekday_numbers
from bot.text.words import Word, words

SPELLING_LIKE = 0.8
"""How alike (`difflib`'s ratio) a known word must be to be taken for what was meant."""
SPELLING_CHARS_LEAST = 5
"""Shorter words are too often alike by chance."""
SUBJECT_ARTICLES = 2
"""So many articles must have a subject in their title or say it in what was found."""


def likely_spelling(question: str, near: Sequence[Hit]) -> str | None:
    """A word of what was found that a word of the question, which stands nowhere in it, is nearly; None without one."""
    told = [word for hit in near for word in _told(hit)]
    known = {word.text.lower(): word.text for word in told}
    stems = {word.stem for word in told}
    for word in words(question):
        if word.is_stopword or word.stem in stems or len(word.text) < SPELLING_CHARS_LEAST or word.is_number:
            continue
        if close := get_close_matches(word.text.lower(), known, n=1, cutoff=SPELLING_LIKE):
            return known[close[0]]
    return None


def covered_subject(question: str, near: Sequence[Hit]) -> str | None:
    """The longest run of the question's words that articles found speak of, as they spell it; None without one."""
    asked = words(question)
    texts = {hit.article.id: _told(hit) for hit in near}
    for length in range(min(5, len(asked)), 0, -1):
        for first in range(len(asked) - length + 1):
            run = asked[first : first + length]
            if run[0].is_stopword or run[-1].is_stopword:
                continue
            said = [found for text in texts.values() if (found := _found(run, text))]
            if len(said) >= SUBJECT_ARTICLES and (length > 1 or _is_name(said[0])):
                return said[0]
    return None


def _is_name(word: str) -> bool:
    return word[:1].isupper() and word.lower() not in month_numbers() and word.lower() not in weekday_numbers()


def _told(hit: Hit) -> list[Word]:
    return words(f"{hit.article.title}\n{hit.passage.text}")


def _found(run: Sequence[Word], text: Sequence[Word]) -> str | None:
    """The run as a text has it."""
    wanted = [word.stem for word in run]
    for first in range(len(text) - len(run) + 1):
        if [word.stem for word in text[first : first + len(run)]] == wanted:
            return " ".join(word.text for word in text[first : first + len(run)])
    return None
