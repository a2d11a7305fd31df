"""What a question says was done: "launch" in "When was the telescope launched?", "invade" in "When did they invade?".

Knows nothing about kinds of answers or articles: the part of a question that asks in, the stem of its verb out. English
only, and by word order: a verb stands behind the subject of "did", and is the last participle behind "was".
"""

from __future__ import annotations

import re
from functools import lru_cache

from bot.text.words import STOPWORDS, Word, stem, words

_ASKING = re.compile(r"\b(?:when|where|how|why|what|which|who|whom)\b", re.IGNORECASE)
_DID = re.compile(r"\b(?:did|does|do)\b", re.IGNORECASE)
_WAS = re.compile(r"\b(?:was|were|is|are|been|being|be)\b", re.IGNORECASE)
_WHO_DID = re.compile(
    r"\b(?:who|which \w+|what \w+)\s(?:(?:was|were|has|have|had|been|is|are|will|be)\s)?(?:the first \w+ to\s)?"
    r"(?!(?:was|were|is|are|has|have|had|did|does|do|will|the|a|an)\b)([a-z]+)\b",
    re.IGNORECASE,
)
_DETERMINERS = frozenset(("the", "a", "an", "his", "her", "their", "its", "this", "that", "these", "those"))
_LISTED = (
    "held built born won found sold paid led begun left lost risen fallen grown chosen spoken broken struck met given"
    " written sent spent shot stolen sworn caught fought brought drawn shown thrown worn sunk set cut hit hurt shut"
    " laid kept read"
)
_PARTICIPLES = frozenset(_LISTED.split())
"""Irregular ones that are no stopwords; the others end in "ed"."""
_REGULAR = re.compile(r"(?!hundred|sacred|naked)(?:[a-z]+[^e\W]|[a-z]*(?:agre|fre|guarante))ed")


@lru_cache(maxsize=256)
def stem_of_deed(asking: str) -> str:
    """The stem of the verb; empty where none is told."""
    asks = _ASKING.search(asking)
    if asks is None:
        return ""
    tail = asking[asks.end() :]
    if did := _DID.search(tail):
        return _behind_subject([word for word in words(tail) if word.start >= did.end()])
    if _WAS.search(tail):
        return next((word.stem for word in reversed(words(tail)) if _is_participle(word.text)), "")
    return ""


@lru_cache(maxsize=256)
def stem_of_act(asking: str) -> str:
    """The stem of what is done by whom a question asks for: "win" in "Who won the cup?"; empty elsewhere."""
    asked = _WHO_DID.search(asking)
    return stem(asked[1]) if asked else ""


def _behind_subject(following: list[Word]) -> str:
    """The first word in lower case that says something and is not the noun of "the president"."""
    after_determiner = False
    for word in following:
        low = word.text.lower()
        if low in _DETERMINERS:
            after_determiner = True
        elif after_determiner or not word.text.islower() or low in STOPWORDS or low.endswith(("'s", "’s")):
            after_determiner = False
        else:
            return word.stem
    return ""


def _is_participle(word: str) -> bool:
    return word in _PARTICIPLES or _REGULAR.fullmatch(word) is not None
