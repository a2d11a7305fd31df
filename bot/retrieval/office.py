"""Who holds an office, told by how news names a holder: "House Speaker Mike Johnson", "Tim Cook, the CEO of Apple".

Knows nothing about articles, scores or kinds of answers: the part of a question that asks in, a test of a name's place
in a sentence out. English only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache

from bot.text.names import alias_rows

Holds = Callable[[str, int, int], bool]
"""Whether a name of a sentence, from `start` to `end`, is said there to hold the office."""

_ASKED = re.compile(
    r"\bwho(?:['’]s|\s(?:is|was))\s+(?:(?:the|now|currently|current|new)\s+)*(?P<office>[^\W\d][\w’'.& -]*?)"
    r"(?:\s+(?:of|in|at|for)\s+(?:the\s+)?(?P<place>[\w’'.& -]+?))?(?:\s+(?:now|today|currently|right now))?\s*\?*\s*$",
    re.IGNORECASE,
)
_TODAY = re.compile(r"\bwho(?:['’]s|\sis)\b", re.IGNORECASE)
_OFFICES = re.compile(
    r"(?:prime minister|vice president|president|minister|chancellor|speaker|leader|chief|chair(?:man|woman|person)?"
    r"|ceo|cfo|chief executive|head|director|governor|mayor|king|queen|pope|monarch|secretary(?: of \w+)?"
    r"|secretary.general|general secretary|coach|manager|captain|commander|ambassador|commissioner|judge|justice"
    r"|attorney general|editor|champion|host|founder|owner)$",
    re.IGNORECASE,
)
_ACRONYM_LETTERS = 3
_NOT_NOW = re.compile(
    r"\b(?:former|formerly|ex|then|late|next|future|elect|would-be|vice|deputy|acting|interim|shadow|no longer"
    r"|to be(?:come)?|failed|candidate|nominee|replace[sd]?|replacing|succeed(?:s|ed|ing)?)[\s-]+(?:as\s)?(?:the\s)?$",
    re.IGNORECASE,
)
_ADJECTIVES = r"(?:(?!(?:former|then|next|late|vice|deputy|outgoing|acting|shadow|future|\w+ing)\s)[a-z][\w-]+\s){0,2}"
_BEFORE_CHARS = 80


@lru_cache(maxsize=256)
def holder_of(asking: str) -> Holds | None:
    """How the holder of the office that is asked for is named; None where no office is asked for."""
    asked = _ASKED.search(asking)
    if asked is None:
        return None
    office = asked["office"]
    found = _OFFICES.search(office)
    if found is None or (found.start() and office[found.start() - 1] not in " ’'"):
        return None
    place = asked["place"] or re.sub(r"['’]s?$", "", office[: found.start()].strip())
    return _holder(found[0], place)


def is_of_today(asking: str) -> bool:
    """Whether the holder of an office is asked for who holds it on the day of asking."""
    return _TODAY.search(asking) is not None and holder_of(asking) is not None


@cache
def _aliases() -> dict[str, list[str]]:
    """All names of what goes by several, by each of them in lower case."""
    rows = [[name.replace("-", " ") for name in row] for row in alias_rows()]
    return {name: names for names in rows for name in names}


def _place(name: str) -> str:
    """A pattern of a place and of what is from there: Ukraine, Ukrainian."""
    if names := _aliases().get(name.casefold().rstrip(".").removeprefix("great ")):
        # As they are capitalised: "us" is no country.
        return f"(?-i:{'|'.join(map(_spelled, names))})"
    if not name.isalpha():
        return re.escape(name)
    root = name if len(name) <= len("Cuba") else name[:-1]
    return rf"(?:{name}|{root}(?:n|an|ian|vian|ean|ese|ish|i))"


def _spelled(name: str) -> str:
    if len(name.replace(".", "")) > _ACRONYM_LETTERS:
        return re.escape(name.title())
    return re.escape(name.upper()) + r"\." * ("." in name)


def _holder(office: str, place: str) -> Holds:
    title = re.escape(office).replace(r"\ ", r"\s")
    where = _place(place)
    of = rf"{title}\s(?:of|in|at|for)\s(?:the\s)?{where}\b" if place else rf"{title}\b"
    owned = rf"(?:{where}(?:['’]s?)?\s){_ADJECTIVES}{title}" if place else title
    before = re.compile(rf"\b(?:{owned}\s|its\s{title}\s|{of}\s|the\s{of},\s)$", re.IGNORECASE)
    after = re.compile(
        r"^(?:,|\s(?:is|as|remains|became|becomes|has become|was sworn in as|took office as))\s"
        rf"(?:the\s|its\s|a\s|now\s)?{_ADJECTIVES}(?:{owned}|{of})",
        re.IGNORECASE,
    )

    def holds(sentence: str, start: int, end: int) -> bool:
        ahead = sentence[max(0, start - _BEFORE_CHARS) : start]
        if found := before.search(ahead):
            return _NOT_NOW.search(ahead[: found.start()]) is None
        return after.match(sentence[end:]) is not None

    return holds
