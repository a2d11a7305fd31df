"""How likely an article answers by the day it was published: in the days that a question means, or newer than others.

Knows nothing about texts or scores: days in, a share out.
"""

from __future__ import annotations

from datetime import date, timedelta

from bot.retrieval.question import Understood

FRESH = (timedelta(days=10), timedelta(days=3))
"""Published so long before or after the day of asking is the news that a question of the day is about."""
OLD_DAYS = 365
AGE_DAYS = 90.0
"""At this age an article is half as new as on the day of asking."""


def is_likely_day(understood: Understood, published: date | None) -> bool:
    """Whether news of that day is likely to answer: in the days named, or else shortly before the day of asking."""
    if published is None:
        return False
    if understood.likely:
        after, before = understood.likely
        return (after is None or published >= after) and (before is None or published <= before)
    return understood.asked_on - FRESH[0] <= published <= understood.asked_on + FRESH[1]


def newness(understood: Understood, published: date | None) -> float:
    """1 for what was published when it was asked, or last in the days that the question names; less with its age.

    A hyperbola, not an exponential: between two old articles the newer one still counts more.
    """
    if published is None:
        return 0.0
    last = understood.likely[1] if understood.likely and understood.likely[1] else understood.asked_on
    return AGE_DAYS / (AGE_DAYS + max(0, (last - published).days))


def is_old(understood: Understood, published: date | None) -> bool:
    """Whether it was published more than a year before the question was asked."""
    return published is not None and (understood.asked_on - published).days > OLD_DAYS
