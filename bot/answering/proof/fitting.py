"""Whether the words around an amount, a day or a name of a claim fit another one of the passage better.

Knows nothing about whether they stand there at all; that is asked first.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import NamedTuple

from bot.answering.proof.days import agrees
from bot.answering.proof.figures import Figure
from bot.answering.proof.rounding import matches
from bot.answering.proof.statement import Statement, Term

NAME, WORD = 1.6, 1.0
"""What a shared name and another shared word count in the clause of an amount, a day or a name."""


SENTENCE = 0.4
"""Share of it that counts elsewhere in the sentence."""


BESIDE = 0.8
"""Added where the word stands beside it in both."""


BESIDE_CHARS = 14


AMOUNT = 2.0
"""What a shared amount or day counts for a name."""


NAME_FIT_LEAST = 1.5
"""Less than this in common is chance."""


class Place(NamedTuple):
    """Where an amount, a day or a name stands, and whether it is the one that is said."""

    sentence: Statement
    start: int
    end: int
    is_said: bool


def better_elsewhere(
    claim: Statement,
    start: int,
    end: int,
    places: Sequence[Place],
    by: float,
    without: Set[str] = frozenset(),
    ignored: Set[str] = frozenset(),
    *,
    counts_amounts: bool = False,
) -> bool:
    """Whether the words around an amount, day or name of the claim fit another one of the passage much better."""
    if not any(place.is_said for place in places) or all(place.is_said for place in places):
        return False
    clause = claim.clause_at(start)
    that = claim.text.find(" that ", 0, start)
    own = [
        term
        for term in claim.terms
        if term.clause == clause
        and not start <= term.start < end
        and not term.start < that
        and term.meaning not in ignored
    ]
    if not own:
        return False
    beside = {term.meaning for term in own if gap(term, start, end) <= BESIDE_CHARS}
    fit = {True: 0.0, False: 0.0}
    for place in places:
        value = _fit(own, beside, place, without)
        if (without or counts_amounts) and (value or place.is_said):
            value += AMOUNT * _shared_amounts(claim, clause, place, with_days=not counts_amounts)
        if not without:
            value += _shared_ordinals(claim, clause, place)
        if place.is_said or not without or value >= NAME_FIT_LEAST:
            fit[place.is_said] = max(fit[place.is_said], value)
    return fit[False] > fit[True] + by


def _shared_ordinals(claim: Statement, clause: int, place: Place) -> float:
    """ "The first quake had a magnitude of 7.8": which one it is counts as a word."""
    said = {figure.readings[0].value for figure in _ordinals(claim) if claim.clause_at(figure.start) == clause}
    held = {figure.readings[0].value for figure in _ordinals(place.sentence) if figure.start != place.start}
    return WORD * len(said & held)


def _ordinals(statement: Statement) -> list[Figure]:
    return [figure for figure in statement.figures if figure.readings[0].unit == "ordinal"]


def _shared_amounts(claim: Statement, clause: int, place: Place, *, with_days: bool) -> float:
    """How many amounts and days of a clause stand in the sentence of a place, and nearer to it than to others."""
    own = place.sentence.clause_at(place.start)
    figures = [
        figure
        for figure in claim.figures
        if claim.clause_at(figure.start) == clause and figure.text.lower() not in ("first", "one")
    ]
    held = [other for other in place.sentence.figures if place.sentence.clause_at(other.start) == own]
    far = [other for other in place.sentence.figures if place.sentence.clause_at(other.start) != own]
    days = [day.said for day in claim.days if claim.clause_at(day.start) == clause]
    held_days = [day.said for day in place.sentence.days if place.sentence.clause_at(day.start) == own]
    if not with_days:
        days = []
    afar = sum(any(matches(one, other) for other in far) for one in figures) / 2
    return (
        afar
        + sum(any(matches(one, other) for other in held) for one in figures)
        + sum(any(agrees(one, other) or agrees(other, one) for other in held_days) for one in days)
    )


def _fit(own: Sequence[Term], beside: set[str], place: Place, without: Set[str]) -> float:
    clause = place.sentence.clause_at(place.start)
    # The name that a sentence opens with goes with all of it, which speaks for the claim alone.
    is_subject = bool(without) and place.sentence.names[:1] != [] and place.sentence.names[0].start == place.start
    # "Vahidi, who came from Iran, ...": what is told of a name in passing is told of that name.
    behind = place.sentence.text[place.end : place.end + 6]
    relative = place.sentence.clause_at(place.end + 2) if without and behind == ", who " else clause
    if not without and ", which " in place.sentence.clause_text(clause)[:8]:
        relative = clause - 1  # "the fine, which was cut by 30%"
    near: dict[str, float] = {}
    for term in place.sentence.terms:
        if place.start <= term.start < place.end or term.low in without:
            continue
        value = NAME if term.is_name or (term.is_opening and term.text[0].isupper()) else WORD
        if term.clause not in (clause, relative) and not (place.is_said and is_subject):
            value *= SENTENCE
        elif term.meaning in beside and gap(term, place.start, place.end) <= BESIDE_CHARS:
            value += BESIDE
        near[term.meaning] = max(near.get(term.meaning, 0.0), value)
    shared = {term.meaning for term in own} & near.keys()
    if not place.is_said and not any(near[word] >= WORD for word in shared):
        return 0.0
    return sum(near[word] for word in shared)


def gap(term: Term, start: int, end: int) -> int:
    return max(start - term.end, term.start - end, 0)
