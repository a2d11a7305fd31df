"""Which one or two sentences of a passage a sentence rests on: the quote of its citation.

Knows nothing about whether they support it.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.answering.proof.days import agrees, meant
from bot.answering.proof.evidence_text import Evidence, plain
from bot.answering.proof.rounding import matches
from bot.answering.proof.statement import Statement

WORD, NAME, FIGURE, DAY, QUOTATION = 1.0, 1.3, 4.0, 2.5, 6.0
"""What it counts that a sentence of the passage holds one of these of the claim."""
SECOND_LEAST = 2.0
"""What a second sentence must add to be quoted too."""
QUOTES_MOST = 3
"""Quotes that one sentence may need of one passage."""
QUOTE_CHARS_MOST = 600


def held_parts(claim: Statement, evidence: Evidence, place: int) -> dict[str, float]:
    """What of a claim stands in sentence `place` of the passage, each with what it counts."""
    sentence = evidence.sentences[place]
    parts: dict[str, float] = {}
    meanings = sentence.meanings
    for term in claim.terms:
        if term.meaning in meanings or (term.is_name and term.low in sentence.lows):
            parts[f"word {term.meaning}"] = NAME if term.is_name else WORD
    for at, figure in enumerate(claim.figures):
        if any(matches(figure, other) for other in sentence.figures):
            parts[f"figure {at}"] = FIGURE
    for at, day in enumerate(claim.days):
        said = meant(day, evidence.article.published)
        if any(agrees(one, other) for one in said for held in evidence.days[place] for other in held):
            parts[f"day {at}"] = DAY
    folded = None
    for at, quotation in enumerate(claim.quotations):
        folded = folded or plain(sentence.text)
        if plain(quotation).strip(".,!?;: ") in folded:
            parts[f"quotation {at}"] = QUOTATION
    return parts


def window(claim: Statement, evidence: Evidence, without: Sequence[str] = ()) -> list[int]:
    """The places of the one or two neighbouring sentences that hold most of a claim; empty where none holds any.

    Parts named in `without` no longer count: a quote before this one holds them.
    """
    held = [
        {part: value for part, value in held_parts(claim, evidence, place).items() if part not in without}
        for place in range(len(evidence.sentences))
    ]
    if not held:
        return []
    worth = [sum(parts.values()) for parts in held]
    best = max(range(len(held)), key=lambda place: (worth[place], -place))
    if not worth[best]:
        return []
    chosen = [best]
    added: dict[int, float] = {}
    for place in (best - 1, best + 1):
        if 0 <= place < len(held) and _are_neighbours(evidence, min(place, best), max(place, best)):
            added[place] = sum(value for part, value in held[place].items() if part not in held[best])
    if added:
        second = max(added, key=lambda place: added[place])
        if added[second] >= SECOND_LEAST:
            chosen.append(second)
    return sorted(chosen)


def _are_neighbours(evidence: Evidence, first: int, second: int) -> bool:
    """A quote crosses no paragraph and stays short enough to read."""
    one, other = evidence.sentences[first], evidence.sentences[second]
    between = evidence.article.text[one.offset + len(one.text) : other.offset]
    length = other.offset + len(other.text) - one.offset
    return "\n" not in between and length <= QUOTE_CHARS_MOST


def quotes(claim: Statement, evidence: Evidence) -> list[tuple[int, int]]:
    """The spans of the article's text that a claim rests on, most of it first: figures, days and quotations in full.

    Further spans are given only for an amount, a day or a quotation that the first one does not hold.
    """
    spans: list[tuple[int, int]] = []
    seen: set[str] = set()
    while len(spans) < QUOTES_MOST:
        places = window(claim, evidence, tuple(seen))
        if not places:
            break
        new: set[str] = set()
        for place in places:
            new |= held_parts(claim, evidence, place).keys()
        if spans and not any(part.startswith(("figure", "day", "quotation")) for part in new - seen):
            break
        seen |= new
        first, last = evidence.sentences[places[0]], evidence.sentences[places[-1]]
        spans.append((first.offset, last.offset + len(last.text)))
    return list(dict.fromkeys(spans))
