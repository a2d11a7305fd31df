"""Where the clauses of a sentence begin, and which belong together around an apposition.

Knows nothing about what they say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bot.answering.proof.tokens import Token
from bot.answering.proof.units import listed

if TYPE_CHECKING:
    from bot.answering.proof.statement import Statement


_CLAUSE_MARKS = frozenset(",;:()–—")


_CLAUSE_WORDS = listed(
    "and but while whereas although though because after before when since until unless nor so despite except"
)


_OPENING = listed("in on at by of from under with during among for since out")


OPENING_WORDS = 6


_TIME_WORDS = frozenset(("since", "until", "before", "after"))


_APPOSED = listed("a an the who whose which his her its their former one")


def clauses_of(statement: Statement) -> list[tuple[int, int]]:
    found = [(0, 0)]
    number = 0
    returning = -1
    name_spans = {name.start: name.end for name in statement.names}
    skipped = -1
    opens = bool(statement.tokens) and statement.tokens[0].low in _OPENING
    has_opened = False
    name_ends = {name.end for name in statement.names}
    dated_ends = {day.end for day in statement.days} | {figure.end for figure in statement.figures}
    dated = {day.start for day in statement.days} | {figure.start for figure in statement.figures}
    read = statement.tokens
    previous = 0
    for at, token in enumerate(read):
        is_mark = token.text in _CLAUSE_MARKS
        if not is_mark and (token.low not in _CLAUSE_WORDS or at == 0):
            previous = token.end
            continue
        following = read[at + 1] if at + 1 < len(read) else None
        if token.low in _TIME_WORDS and (
            following is None
            or following.start in dated
            or following.low in ("in", "the", "that", "of", ",", ".", "for")
        ):
            previous = token.end
            continue
        if token.low == "and" and (
            (previous in name_ends and _name_follows(read, at, name_spans))
            or (previous in dated_ends and following is not None and following.start in dated)
        ):
            previous = token.end
            continue
        if token.text == "," and following is not None and following.low == "or":
            previous = token.end
            continue
        current = found[-1][1]
        end = name_spans.get(following.start) if token.text == "," and following is not None else None
        if end and statement.text[end : end + 1] == ",":  # "The next conference, COP29, will ..."
            skipped = end
            continue
        if token.start == skipped:
            continue
        behind_name = previous in name_ends or statement.text[previous - 2 : previous] in ("'s", "’s")
        is_apposition = following is not None and (
            following.low in _APPOSED or _is_age(read, at + 1) or following.low.endswith(("ed", "ing"))
        )
        is_near = at <= OPENING_WORDS
        if token.text == "," and not has_opened and opens and is_near and not (behind_name and is_apposition):
            has_opened = True  # "In Turkey alone, 5,434 deaths ..." is one clause
            previous = token.end
            continue
        if returning >= 0 and token.text == ",":
            goes_on = following is not None and following.low not in _CLAUSE_WORDS
            current_number = returning if goes_on else number + 1
            number = max(number, current_number)
            found.append((token.start, current_number))
            returning = -1
        else:
            number += 1
            found.append((token.start, number))
            if token.text == "," and behind_name and is_apposition:
                returning = current
        previous = token.end
    return found


def _is_age(read: Sequence[Token], at: int) -> bool:
    """ "Truss, 47, ..."."""
    return read[at].text.isdecimal() and read[at + 1 : at + 2] != [] and read[at + 1].text in ",."


def _name_follows(read: Sequence[Token], at: int, name_spans: Mapping[int, int]) -> bool:
    """Whether "and" joins two names: "Washington and the Taliban"."""
    return any(
        token.start in name_spans for token in read[at + 1 : at + 3] if token.text[0].isupper() or token.low == "the"
    )
