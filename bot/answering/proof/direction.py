"""Whether ranges, spans of time and comparisons of a claim go the way they go in the passage.

Knows nothing about names.
"""

from __future__ import annotations

from bot.answering.proof.days import agrees, meant
from bot.answering.proof.evidence_text import Evidence
from bot.answering.proof.figures import Figure
from bot.answering.proof.rounding import matches
from bot.answering.proof.statement import Statement
from bot.answering.proof.units import listed


def lead_of(statement: Statement, start: int) -> str:
    """The "from" or "to" that leads to a place, past hedges."""
    before = [token for token in statement.tokens if token.end <= start][-5:]
    for token in reversed(before):
        if token.low in ("from", "to"):
            is_hedge = token.low == "to" and statement.text[: token.start].rstrip().lower().endswith(("up", "close"))
            return "" if is_hedge else token.low
        if token.text in ",;." or token.low in ("and", "by", "of", "in"):
            break
    return ""


def turned_range(claim: Statement, evidence: Evidence) -> str | None:
    """ "from 4,000 to 500" where the passage goes from 500 to 4,000."""
    for figure in claim.figures:
        lead = lead_of(claim, figure.start)
        if not lead:
            continue
        leads = [
            lead_of(sentence, other.start)
            for sentence in evidence.sentences
            for other in sentence.figures
            if matches(figure, other)
        ]
        other_way = "from" if lead == "to" else "to"
        if other_way in leads and lead not in leads:
            return f"the cited passage goes {other_way} {figure.text}, not {lead} it"
    for one, other in zip(claim.figures, claim.figures[1:], strict=False):
        if not _is_range(claim, one, other):
            continue
        held = [
            (matches(one, first) and matches(other, second), matches(one, second) and matches(other, first))
            for sentence in (*evidence.sentences, evidence.title)
            for first, second in zip(sentence.figures, sentence.figures[1:], strict=False)
            if _is_range(sentence, first, second)
        ]
        if any(turned for _, turned in held) and not any(direct for direct, _ in held):
            return f"the cited passage has {other.text} before {one.text}"
    return None


def _is_range(statement: Statement, one: Figure, other: Figure) -> bool:
    joint = [token.low for token in statement.tokens if one.end <= token.start < other.start]
    return bool(joint) and len(joint) < 5 and ("to" in joint or joint[0] in "-–")


_SINCE = frozenset(("since", "until", "till"))


def turned_since(claim: Statement, evidence: Evidence) -> str | None:
    """ "in 1950, the first time since 2020" where the passage says "in 2020, ... since 1950"."""
    for day in claim.days:
        if _word_before(claim, day.start) not in _SINCE:
            continue
        said = meant(day, evidence.article.published)
        leads = [
            (_word_before(sentence, own.start), {_word_before(sentence, other.start) for other in sentence.days})
            for sentence, held in zip(evidence.sentences, evidence.days, strict=True)
            for own, each in zip(sentence.days, held, strict=True)
            if any(agrees(one, other) for one in said for other in each)
        ]
        if leads and all(lead not in _SINCE and others & _SINCE for lead, others in leads):
            return f"the cited passage does not say since {day.text}"
    return None


def _word_before(statement: Statement, start: int) -> str:
    before = [token.low for token in statement.tokens if token.end <= start]
    return before[-1] if before else ""


_MORE = listed("more higher greater larger bigger longer faster older taller better later")


_LESS = listed("less fewer lower smaller shorter slower younger worse cheaper earlier")


def _comparison(statement: Statement, end: int) -> str:
    """ "15% more": which way an amount compares."""
    following = [token.low for token in statement.tokens if token.start >= end][:2]
    if set(following) & _MORE:
        return "more"
    return "less" if set(following) & _LESS else ""


def turned_comparison(claim: Statement, evidence: Evidence) -> str | None:
    for figure in claim.figures:
        said = _comparison(claim, figure.end)
        held = {
            _comparison(sentence, other.end)
            for sentence in evidence.sentences
            for other in sentence.figures
            if matches(figure, other)
        } - {""}
        if said and held and said not in held:
            return f"the cited passage does not say {figure.text} {said}"
    return None
