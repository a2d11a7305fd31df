"""Whether an amount says what another one says: the same value, its rounding where it is hedged, no bound turned round.

Knows nothing about sentences: two amounts in, yes or no out.
"""

from __future__ import annotations

import math

from bot.answering.proof.figures import Figure, Reading

ROUNDED_WITHIN = 0.05
"""A hedged figure ("about 4,000") may be so far from the passage's (3,970), if it is its rounding."""


BOUND_WITHIN = 0.15
"""The same for "more than 7,000" where the passage says 7,926."""


_CLOSE = 1e-11


def matches(said: Figure, held: Figure) -> bool:
    """Whether an amount says what another one says: the same value and unit, or its rounding where it is hedged.

    "about 4,000" stands for 3,970 and "4,000" does not. A lower bound may lose its "more than", an upper bound not
    its "up to"; a bound is never turned round, and never put on a figure that has none where that makes it false.
    """
    return any(
        _same(one, said.hedge, other, held.hedge)
        for one in said.readings
        for other in held.readings
        if one.unit == other.unit or "vague" in (one.unit, other.unit)
    )


def is_same_kind(one: Figure, other: Figure) -> bool:
    """Whether two amounts could be taken for each other: they share a unit."""
    units = {reading.unit for reading in one.readings}
    return any(reading.unit in units for reading in other.readings)


def _same(said: Reading, hedge: str, held: Reading, held_hedge: str) -> bool:
    if "vague" in (said.unit, held.unit):
        if said.unit == held.unit:
            return said.value == held.value
        if said.unit == "vague":
            return held.unit in _COUNTED and said.value <= held.value <= said.most
        return False
    if said.unit == "score":
        return said == held
    if math.isclose(said.value, held.value, rel_tol=_CLOSE):
        if {hedge, held_hedge} in ({"over", "under"}, {"over", "most"}, {"least", "under"}, {"least", "most"}):
            return False
        if hedge in ("over", "under"):
            return held_hedge == hedge or (held_hedge == "least" and hedge == "over")
        return not (held_hedge == "most" and hedge == "")
    if said.unit in ("ordinal", "label", "clock") or held.value == 0 or said.value * held.value <= 0:
        return False
    off = (said.value - held.value) / held.value
    if held_hedge == "most":
        return False
    if hedge == "about":
        return abs(off) <= ROUNDED_WITHIN and (said.unit == "%" or _rounds_to(said, held, _nearest))
    if hedge in ("over", "least"):
        return -BOUND_WITHIN <= off < 0 and held_hedge != "under" and _rounds_to(said, held, math.floor)
    if hedge == "under":
        return 0 < off <= ROUNDED_WITHIN and held_hedge not in ("over", "least") and _rounds_to(said, held, math.ceil)
    return False


_COUNTED = frozenset(("", "people"))


def _nearest(value: float) -> int:
    return math.floor(value + 0.5)


def _rounds_to(said: Reading, held: Reading, rounding: object) -> bool:
    """Whether `held` becomes `said` at some number of figures; a conversion of units may be rounded too."""
    value, target = abs(held.value), abs(said.value)
    if said.unit in _CONVERTED:
        return True
    top = math.floor(math.log10(value))
    for digits in range(1, 8):
        step = 10.0 ** (top + 1 - digits)
        if math.isclose(rounding(value / step) * step, target, rel_tol=1e-9):  # type: ignore[operator]
            return True
    for step in (5.0 * 10.0 ** (top - 1), 25.0 * 10.0 ** (top - 2)):
        if math.isclose(rounding(value / step) * step, target, rel_tol=1e-9):  # type: ignore[operator]
            return True
    return False


_CONVERTED = frozenset(("m", "kg", "m2", "s"))
