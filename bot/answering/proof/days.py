"""Reads the days of a sentence - dates, weekdays, "last March", bare years - and resolves them against a day.

Knows nothing about articles or answers: a text in, days with their places out.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from bot.answering.proof.tokens import Token
from bot.answering.proof.units import listed

MONTHS = {
    form: month
    for month, forms in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
            "september sep sept", "october oct", "november nov", "december dec",
        ),
        start=1,
    )
    for form in forms.split()
}  # fmt: skip
WEEKDAYS = {
    form: weekday
    for weekday, forms in enumerate(
        (
            "monday mon",
            "tuesday tue tues",
            "wednesday wed",
            "thursday thu thurs",
            "friday fri",
            "saturday sat",
            "sunday",
        )
    )
    for form in forms.split()
}
_WHOLE = frozenset(("may", "june", "july")) | {form for form in (*MONTHS, *WEEKDAYS) if len(form) > 5}
FIRST_YEAR, LAST_YEAR = 1500, 2150
_BEFORE_YEAR = listed(
    "in since until till by from to and or of during before after around late early mid between through end year"
    " summer spring autumn fall winter the ( , - –"
)
_NOT_BEHIND_YEAR = listed("% percent per people million billion thousand troops dollars euros pounds")
_RELATIVE = {"today": 0, "tonight": 0, "yesterday": -1, "tomorrow": 1}


class Partial(NamedTuple):
    """A day, month or year, as much of it as is said; `weekday` counts from Monday, 0."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None


class Day(NamedTuple):
    """A day in a text: `text[start:end]`."""

    start: int
    end: int
    text: str
    said: Partial
    shift: str = ""
    """today, yesterday, tomorrow, last, this, next: counted from the day of publication."""
    is_bare_year: bool = False
    """A number alone that may be a count as well."""


def days(text: str, read: Sequence[Token]) -> list[Day]:
    """The days of `text`, whose tokens are `read`, in order."""
    found: list[Day] = []
    at = 0
    while at < len(read):
        parsed = _iso(read, at) or _day(read, at)
        if parsed is None:
            at += 1
            continue
        said, shift, after, bare = parsed
        start, end = read[at].start, read[after - 1].end
        found.append(Day(start, end, text[start:end], said, shift, bare))
        at = after
    return found


def _number(read: Sequence[Token], at: int) -> int | None:
    return int(read[at].text) if at < len(read) and read[at].text.isdecimal() and len(read[at].text) <= 4 else None


def _year(read: Sequence[Token], at: int) -> int | None:
    number = _number(read, at)
    return number if number is not None and len(read[at].text) == 4 and FIRST_YEAR <= number <= LAST_YEAR else None


def _month(read: Sequence[Token], at: int) -> int | None:
    if at >= len(read) or not read[at].text[0].isupper():
        return None
    return MONTHS.get(read[at].low)


def _past_dot(read: Sequence[Token], at: int) -> int:
    """The place behind an abbreviation's full stop."""
    if at < len(read) and read[at].text == "." and read[at].is_glued and read[at - 1].low not in _WHOLE:
        return at + 1
    return at


def _day_number(read: Sequence[Token], at: int) -> tuple[int, int] | None:
    number = _number(read, at)
    if number is None or not 1 <= number <= 31 or len(read[at].text) > 2:
        return None
    after = at + 1
    if after < len(read) and read[after].is_glued and read[after].low in ("st", "nd", "rd", "th"):
        after += 1
    return number, after


Parsed = tuple[Partial, str, int, bool]


def _iso(read: Sequence[Token], at: int) -> Parsed | None:
    """2020-02-12, 2020/02/12 and 12.02.2020; 02/12/2020 could be two days and is none."""
    if at + 4 >= len(read) or not all(token.is_glued for token in read[at + 1 : at + 5]):
        return None
    mark = read[at + 1].text
    if mark not in "-/" or read[at + 3].text != mark:
        return None
    year, month, day = _year(read, at), _number(read, at + 2), _number(read, at + 4)
    if year and month and day and month <= 12 and day <= 31:
        return Partial(year, month, day), "", at + 5, False
    return None


def _day(read: Sequence[Token], at: int) -> Parsed | None:
    low = read[at].low
    if low in WEEKDAYS and read[at].text[0].isupper():
        return _weekday(read, at)
    if low in _RELATIVE:
        return Partial(), low, at + 1, False
    if low in ("last", "this", "next") and at + 1 < len(read):
        return _shifted(read, at)
    if low == "a" and at + 2 < len(read) and read[at + 1].low == "year" and read[at + 2].low in ("ago", "earlier"):
        return Partial(), "last year", at + 3, False
    if started := _day_number(read, at):
        day, after = started
        if after < len(read) and read[after].low == "of":
            after += 1
        if month := _month(read, after):
            after = _past_dot(read, after + 1)
            return _with_year(read, after, month, day)
    if month := _month(read, at):
        return _from_month(read, at, month)
    if year := _year(read, at):
        return _bare_year(read, at, year)
    return None


def _weekday(read: Sequence[Token], at: int) -> Parsed | None:
    if len(read[at].text) < 6 and not (at + 1 < len(read) and read[at + 1].text in ".,"):
        return None
    weekday = WEEKDAYS[read[at].low]
    after = _past_dot(read, at + 1)
    dated = after + 1 if after < len(read) and read[after].text == "," else after
    if dated < len(read) and read[dated].low == "the":
        dated += 1
    if dated < len(read) and (full := _day(read, dated)) and full[0].day and full[0].weekday is None:
        return full[0]._replace(weekday=weekday), "", full[2], False
    return Partial(weekday=weekday), "", after, False


def _shifted(read: Sequence[Token], at: int) -> Parsed | None:
    shift, following = read[at].low, read[at + 1].low
    if following == "year":
        return Partial(), f"{shift} year", at + 2, False
    if (month := _month(read, at + 1)) and not _day_number(read, at + 2):
        return Partial(month=month), shift, at + 2, False
    if following in WEEKDAYS and read[at + 1].text[0].isupper() and len(following) >= 6:
        return Partial(weekday=WEEKDAYS[following]), shift, at + 2, False
    return None


def _from_month(read: Sequence[Token], at: int, month: int) -> Parsed | None:
    after = _past_dot(read, at + 1)
    if started := _day_number(read, after):
        day, behind = started
        is_time = behind < len(read) and read[behind].text in (":", "%")
        if not is_time:
            return _with_year(read, behind, month, day)
    if year := _year(read, after):
        return Partial(year, month), "", after + 1, False
    if after < len(read) and read[after].low in (",", "of") and (year := _year(read, after + 1)):
        return Partial(year, month), "", after + 2, False
    if read[at].low in ("may", "march", "mar", "jan", "jun"):  # a verb, a noun or a name as well
        before = read[at - 1].low if at else ""
        if before not in (
            "in",
            "since",
            "until",
            "by",
            "of",
            "from",
            "to",
            "last",
            "next",
            "early",
            "late",
            "mid",
            "and",
            "before",
            "after",
        ):
            return None
    return Partial(month=month), "", after, False


def _with_year(read: Sequence[Token], at: int, month: int, day: int) -> Parsed:
    if day > monthrange(2024, month)[1]:
        return Partial(month=month), "", at, False
    if year := _year(read, at):
        return Partial(year, month, day), "", at + 1, False
    if at + 1 < len(read) and read[at].text == "," and (year := _year(read, at + 1)):
        return Partial(year, month, day), "", at + 2, False
    return Partial(month=month, day=day), "", at, False


def _bare_year(read: Sequence[Token], at: int, year: int) -> Parsed | None:
    following = read[at + 1] if at + 1 < len(read) else None
    before = read[at - 1] if at else None
    if following is not None and (
        following.low in _NOT_BEHIND_YEAR or (following.is_glued and following.text.isalpha())
    ):
        return None
    if before is not None and (before.text in "$€£" or (before.is_glued and before.text.isalpha())):
        return None
    is_sure = before is not None and (before.low in _BEFORE_YEAR or before.low in MONTHS)
    return Partial(year), "", at + 1, not is_sure


def resolved(day: Day, published: date | None, years: Iterable[int] = (), *, is_to_come: bool = False) -> list[Partial]:
    """The days that `day` may stand for in a text of the day `published`; `years` are named beside it.

    A weekday is the last one before publication, or, where the sentence `is_to_come`, the next as well. A day
    without a year is the nearest one.
    """
    said = day.said
    if published is None or (said.year and not day.shift):
        return [said]
    if day.shift in _RELATIVE:
        return [_full(published + timedelta(days=_RELATIVE[day.shift]))]
    if day.shift.endswith(" year"):
        year = published.year + {"last": -1, "this": 0, "next": 1}[day.shift.split()[0]]
        return [Partial(year)]
    if said.weekday is not None and said.month is None:
        back = (published.weekday() - said.weekday) % 7
        past = published - timedelta(days=back)
        coming = past + timedelta(days=7)
        if day.shift == "last":
            return [_full(past), _full(past - timedelta(days=7))]
        if day.shift == "next" or (is_to_come and back):
            return [_full(coming), _full(past)]
        return [_full(past)]
    if said.month is None:
        return [said]
    around = [published.year - 1, published.year, published.year + 1]
    if said.day is None:
        last = published.year if said.month <= published.month else published.year - 1
        if day.shift == "last" and said.month == published.month:
            last -= 1
        picked = [last + 1] if day.shift == "next" or (is_to_come and said.month > published.month) else [last]
        return [Partial(year, said.month) for year in dict.fromkeys((*years, *picked))]
    candidates = [date(year, said.month, said.day) for year in around if _exists(year, said.month, said.day)]
    if not candidates:
        return [said]
    nearest = min(candidates, key=lambda each: abs((each - published).days))
    return [_full(nearest), *(Partial(year, said.month, said.day) for year in years if year != nearest.year)]


def _exists(year: int, month: int, day: int) -> bool:
    return 1 <= day <= monthrange(year, month)[1]


def _full(day: date) -> Partial:
    return Partial(day.year, day.month, day.day, day.weekday())


def agrees(said: Partial, held: Partial) -> bool:
    """Whether all that `said` says stands in `held`; a weekday is worked out where `held` is a full day."""
    for one, other in zip(said[:3], held[:3], strict=True):
        if one is not None and one != other:
            return False
    if said.weekday is None:
        return any(part is not None for part in said[:3])
    weekday = held.weekday
    if weekday is None and held.year and held.month and held.day and _exists(held.year, held.month, held.day):
        weekday = date(held.year, held.month, held.day).weekday()
    return weekday == said.weekday


def meant(day: Day, published: date | None) -> list[Partial]:
    """What a claim's day says of itself, as far as it says it; "yesterday" and the like count from publication."""
    return resolved(day, published) if day.shift else [day.said]
