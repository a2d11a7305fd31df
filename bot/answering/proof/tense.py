"""Whether a sentence tells as done what the passage says will or may be.

Knows nothing about amounts, names or days.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from bot.answering.proof.evidence_text import is_to_come
from bot.answering.proof.figures import Figure
from bot.answering.proof.meanings import POSSIBLE
from bot.answering.proof.rounding import matches
from bot.answering.proof.statement import Statement
from bot.answering.proof.units import SCALES, listed

_PAST = listed("""
    was were became had did took won rose fell went came began left gave has have led held met cut flew ran saw made got
    told found built sold bought sent paid lost stood spoke wrote drove broke chose grew knew brought caught taught kept
    felt dealt spent shot hit struck sank sang swam rode fought sought stuck swore tore wore withdrew overtook sat set
    """)
_EXPECTED = listed("will due expected planned forecast scheduled likely")


def not_yet_reason(claim: Statement, near: Sequence[Statement]) -> str | None:
    """Why a claim in the past tense tells of what is to come in the sentences near it; None where it does not."""
    if not near or is_to_come(claim) or not _is_past(claim):
        return None
    best = max(near, key=lambda statement: len(statement.meanings & claim.meanings))
    shared = Counter(term.clause for term in best.terms if term.meaning in claim.meanings)
    if not shared:
        return None
    most = shared.most_common(1)[0][1]
    is_hoped = any(_is_hoped(claim, best, other) for other in best.figures)
    if is_hoped or any(_is_open(best.clause_text(clause)) for clause, count in shared.items() if count == most):
        return "the cited passage says that it may or will be so, not that it is"
    return None


def _is_hoped(claim: Statement, statement: Statement, held: Figure) -> bool:
    """ "expects 26,000 passengers": an amount in the clause of a hope."""
    if not any(matches(figure, held) for figure in claim.figures):
        return False
    clause = statement.clause_text(statement.clause_at(held.start))
    return any(token.low in _HOPING for token in Statement(clause).tokens)


_HOPING = listed("expects expect hopes hope aims aim wants want intends intend plans plan fears fear")


def _is_open(clause: str) -> bool:
    lows = [token.low for token in Statement(clause).tokens if token.text != "May"]
    return any(low in POSSIBLE or low in _EXPECTED for low in lows) or _is_to(lows) or _is_set_to(lows)


def _is_past(claim: Statement) -> bool:
    lows = [token.low for token in claim.tokens]
    return any(low in _PAST or (low.endswith("ed") and len(low) > 4 and low not in SCALES) for low in lows)


def _is_set_to(lows: Sequence[str]) -> bool:
    return any(one == "set" and two == "to" for one, two in pairwise(lows))


def _is_to(lows: Sequence[str]) -> bool:
    """ "is to look for": planned."""
    return any(
        one in ("is", "are", "were") and two == "to" and three.isalpha()
        for one, two, three in zip(lows, lows[1:], lows[2:], strict=False)
    )
