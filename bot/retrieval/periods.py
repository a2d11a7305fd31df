"""Counts articles by week or month and source, and finds the days on which most was written. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.corpus.catalog.articles import Dated

WEEKS_MOST = 30
"""A longer span is counted by month."""
SOURCES_MOST = 5
KEY_DATES_MOST = 3
OTHERS, UNNAMED = "others", "unnamed"


@dataclass(frozen=True, slots=True)
class KeyDate:
    """The day with most articles of a week or month that stands out, and an article of that day.

    `period` is its place in `Counted.starts`; `count` is how many articles the whole week or month has.
    """

    period: int
    day: date
    count: int
    article: Dated


@dataclass(frozen=True, slots=True)
class Counted:
    """Articles by period: `starts` are the first days of weeks or months without a gap.

    `by_source` holds, for each source, the largest first, as many counts; the smaller ones are together in the last.
    `first` and `last` are the days of the first and the last article.
    """

    starts: tuple[date, ...]
    by_source: Mapping[str, tuple[int, ...]]
    key_dates: tuple[KeyDate, ...]
    is_monthly: bool
    first: date
    last: date


def counted(articles: Sequence[Dated]) -> Counted:
    """The articles counted by week, or by month where they span more than `WEEKS_MOST` weeks. At least one."""
    first, last = min(each.day for each in articles), max(each.day for each in articles)
    monthly = (last - first).days > 7 * WEEKS_MOST
    starts = _starts(first, last, monthly)
    place = {start: index for index, start in enumerate(starts)}
    periods = [place[_start(each.day, monthly)] for each in articles]
    sizes = Counter(each.source or UNNAMED for each in articles)
    named = [name for name, _ in sizes.most_common(SOURCES_MOST)]
    shown = [*named, OTHERS] if len(sizes) > SOURCES_MOST else named
    counts = {name: [0] * len(starts) for name in shown}
    for each, period in zip(articles, periods, strict=True):
        name = each.source or UNNAMED
        counts[name if name in named else OTHERS][period] += 1
    by_source = {name: tuple(values) for name, values in counts.items()}
    return Counted(tuple(starts), by_source, tuple(_key_dates(articles, periods)), monthly, first, last)


def _key_dates(articles: Sequence[Dated], periods: Sequence[int]) -> list[KeyDate]:
    """The periods with most articles, in the order of time; the first article of their busiest day stands for each."""
    totals = Counter(periods)
    busiest = sorted(totals, key=lambda period: (-totals[period], period))[:KEY_DATES_MOST]
    found = []
    for period in sorted(busiest):
        inside = [each for each, at in zip(articles, periods, strict=True) if at == period]
        days = Counter(each.day for each in inside)
        day = min(days, key=lambda each: (-days[each], each))
        article = next(each for each in inside if each.day == day)
        found.append(KeyDate(period, day, totals[period], article))
    return found


def _starts(first: date, last: date, monthly: bool) -> list[date]:
    found = [_start(first, monthly)]
    while found[-1] < _start(last, monthly):
        found.append(_start(found[-1] + timedelta(days=32 if monthly else 7), monthly))
    return found


def _start(day: date, monthly: bool) -> date:
    return day.replace(day=1) if monthly else day - timedelta(days=day.weekday())
