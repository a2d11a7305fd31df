"""Reads the days of a text - dates, weekdays, "last March", bare years - and resolves them against a day.

Names of months and weekdays are Unicode's (CLDR), through Babel. Days are read in English.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

from bot.text import read_table
from bot.text.numbers import is_number_word, is_unit_word, quantity_at
from bot.text.unicode import without_accents
from bot.text.words import Token

FIRST_YEAR, LAST_YEAR = 1500, 2150
_BEFORE_YEAR, _AFTER_NO_YEAR, _BEFORE_MONTH = (frozenset(row) for row in read_table("dates").values())
"""What stands before a year, behind a number that is none, and before "May" or "March" where they are months."""
_DAYS_FROM = {"today": 0, "tonight": 0, "yesterday": -1, "tomorrow": 1}
_STEPS = {"last": -1, "previous": -1, "past": -1, "this": 0, "current": 0, "next": 1, "coming": 1}
_PERIODS = ("week", "month", "year", "night", "summer", "winter", "spring", "autumn", "fall", "weekend")


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
    """How it counts from the day of publication: "yesterday", "last", "-2 month"; empty where it does not."""
    is_bare_year: bool = False
    """A number alone that may be a count as well."""


@cache
def month_numbers(languages: tuple[str, ...] = ("en",)) -> dict[str, int]:
    """The number of each month by its names and abbreviations: lower case, without accents and full stops.

    Where two languages name different months alike, the first language decides.
    """
    return _names("months", languages)


@cache
def weekday_numbers() -> dict[str, int]:
    """The same for the English names of weekdays, counted from Monday, 0."""
    return _names("days", ("en",))


def _names(kind: str, languages: Iterable[str]) -> dict[str, int]:
    from babel import Locale

    found: dict[str, int] = {}
    for language in languages:
        locale = Locale.parse(language)
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in getattr(locale, kind)[context][width].items():
                    found.setdefault(without_accents(str(name).lower().rstrip(".")), number)
    if tuple(languages) == ("en",):
        found |= {"sept": 9} if kind == "months" else {"tues": 1, "thurs": 3}
        found.pop("sun", None)  # the newspaper, more often than the day
    return found


def days(text: str, read: Sequence[Token]) -> list[Day]:
    """The days of `text`, whose tokens are `read`, in order."""
    parser = _Parser(read)
    found: list[Day] = []
    at = 0
    while at < len(read):
        parsed = parser.iso(at) or parser.day(at)
        if parsed is None:
            at += 1
            continue
        said, shift, after, is_bare = parsed
        start, end = read[at].start, read[after - 1].end
        found.append(Day(start, end, text[start:end], said, shift, is_bare))
        at = after
    return found


_Parsed = tuple[Partial, str, int, bool]
"""What is said, how it is shifted, the token behind it, and whether it is a bare year."""


class _Parser:
    def __init__(self, read: Sequence[Token]) -> None:
        self.read = read
        self._months, self._weekdays = month_numbers(), weekday_numbers()
        self._openings = {*self._months, *self._weekdays, *_DAYS_FROM, *_STEPS, "a", "an"}

    def low(self, at: int) -> str:
        return self.read[at].low if 0 <= at < len(self.read) else ""

    def is_capital(self, at: int) -> bool:
        return 0 <= at < len(self.read) and self.read[at].text[0].isupper()

    def number(self, at: int) -> int | None:
        low = self.low(at)
        return int(low) if low.isdecimal() and low.isascii() and len(low) <= 4 else None

    def year(self, at: int) -> int | None:
        number = self.number(at)
        is_year = number is not None and len(self.low(at)) == 4 and FIRST_YEAR <= number <= LAST_YEAR
        return number if is_year else None

    def month(self, at: int) -> int | None:
        return self._months.get(self.low(at)) if self.is_capital(at) else None

    def weekday(self, at: int) -> int | None:
        low = self.low(at)
        is_short = len(low) < 6 and self.low(at + 1) not in (".", ",")
        return self._weekdays.get(low) if self.is_capital(at) and not is_short else None

    def past_dot(self, at: int) -> int:
        """The place behind an abbreviation's full stop."""
        return at + (self.low(at) == "." and self.read[at].is_glued and len(self.low(at - 1)) <= 5)

    def day_number(self, at: int) -> tuple[int, int] | None:
        number = self.number(at)
        if number is None or not 1 <= number <= 31 or len(self.low(at)) > 2:
            return None
        return number, at + 1 + (self.low(at + 1) in ("st", "nd", "rd", "th") and self.read[at + 1].is_glued)

    def iso(self, at: int) -> _Parsed | None:
        """2020-02-12 and 2020/02/12; 02/12/2020 could be two days and is none."""
        mark = self.low(at + 1)
        if mark not in ("-", "/") or self.low(at + 3) != mark:
            return None
        year, month, day = self.year(at), self.number(at + 2), self.number(at + 4)
        if year and month and day and month <= 12 and 1 <= day <= monthrange(year, month)[1]:
            return Partial(year, month, day), "", at + 5, False
        return None

    def day(self, at: int) -> _Parsed | None:
        low = self.low(at)
        if low.isalpha() and low not in self._openings and not is_number_word(low):
            return None
        if (weekday := self.weekday(at)) is not None:
            return self._with_weekday(at, weekday)
        if low in _DAYS_FROM:
            return Partial(), low, at + 1, False
        if shifted := self._shifted(at):
            return shifted
        if started := self.day_number(at):
            day, after = started
            after += self.low(after) == "of"
            if month := self.month(after):
                return self._with_year(self.past_dot(after + 1), month, day)
        if month := self.month(at):
            return self._from_month(at, month)
        if year := self.year(at):
            return self._bare_year(at, year)
        return None

    def _with_weekday(self, at: int, weekday: int) -> _Parsed:
        after = self.past_dot(at + 1)
        dated = after + (self.low(after) == ",")
        dated += self.low(dated) == "the"
        full = self.day(dated) if dated < len(self.read) else None
        if full and full[0].day and full[0].weekday is None:
            return full[0]._replace(weekday=weekday), "", full[2], False
        return Partial(weekday=weekday), "", after, False

    def _shifted(self, at: int) -> _Parsed | None:
        """ "last year", "next month", "last March", "two years ago", "the year before"."""
        low, following = self.low(at), self.low(at + 1)
        if low in _STEPS:
            if following in _PERIODS:
                return Partial(), f"{_STEPS[low]} {following}", at + 2, False
            if (month := self.month(at + 1)) and not self.day_number(at + 2):
                return Partial(month=month), low, at + 2, False
            if (weekday := self.weekday(at + 1)) is not None:
                return Partial(weekday=weekday), low, at + 2, False
            return None
        if low in ("a", "an") or self.low(at)[:1].isdecimal() or is_number_word(low):
            return self._ago(at)
        return None

    def _ago(self, at: int) -> _Parsed | None:
        """ "two years ago", "a month earlier", "twenty-five days ago"."""
        is_single = self.low(at) in ("a", "an")
        unit = at + 1
        if not is_single:
            found = quantity_at(self.read, at)
            if found is None:
                return None
            unit = found[1] - 1
        word = self.low(unit).removesuffix("s")
        if word not in ("day", "week", "month", "year") or self.low(unit + 1) not in ("ago", "earlier"):
            return None
        factor = {"day": 86_400.0, "week": 604_800.0, "month": 1.0, "year": 12.0}[word]
        count = 1 if is_single or found is None else round(found[0][0].value / factor)
        return (Partial(), f"{-count} {word}", unit + 2, False) if 0 < count < 500 else None

    def _from_month(self, at: int, month: int) -> _Parsed | None:
        after = self.past_dot(at + 1)
        if (started := self.day_number(after)) and self.low(started[1]) not in (":", "%"):
            return self._with_year(started[1], month, started[0])
        comma = after + (self.low(after) in (",", "of"))
        if year := self.year(comma):
            return Partial(year, month), "", comma + 1, False
        is_other_word = self.low(at) in ("may", "march", "mar", "jan", "jun", "dec", "sep")
        if is_other_word and self.low(at - 1) not in _BEFORE_MONTH:
            return None
        return Partial(month=month), "", after, False

    def _with_year(self, at: int, month: int, day: int) -> _Parsed:
        if day > monthrange(2024, month)[1]:
            return Partial(month=month), "", at, False
        comma = at + (self.low(at) == ",")
        if year := self.year(comma):
            return Partial(year, month, day), "", comma + 1, False
        return Partial(month=month, day=day), "", at, False

    def _bare_year(self, at: int, year: int) -> _Parsed | None:
        following, before = self.low(at + 1), self.low(at - 1)
        counts = following in _AFTER_NO_YEAR or is_unit_word(following) or is_number_word(following)
        is_joined = at + 1 < len(self.read) and self.read[at + 1].is_glued and following.isalpha()
        if counts or is_joined or before in ("$", "€", "£") or (before.isalpha() and self.read[at].is_glued):
            return None
        return Partial(year), "", at + 1, not (before in _BEFORE_YEAR or before in self._months)


def resolved(day: Day, published: date | None, years: Iterable[int] = ()) -> list[Partial]:
    """The days that `day` may stand for in a text of the day `published`; `years` are named beside it.

    A weekday is the last one before publication, the day itself, or the next. A day without a year is the nearest one.
    """
    said = day.said
    if published is None or (said.year and not day.shift):
        return [said]
    if day.shift in _DAYS_FROM:
        return [_full(published + timedelta(days=_DAYS_FROM[day.shift]))]
    if " " in day.shift:
        return _stepped(published, day.shift)
    step = _STEPS.get(day.shift)
    if said.weekday is not None and said.month is None:
        past = published - timedelta(days=(published.weekday() - said.weekday) % 7)
        week = timedelta(days=7)
        last, coming = _full(past), _full(past + week)
        return [last, _full(past - week)] if step == -1 else [coming, last] if step == 1 else [last, coming]
    if said.month is None:
        return [said]
    around = [published.year - 1, published.year, published.year + 1]
    if said.day is None:
        known = sorted(around, key=lambda year: abs((year - published.year) * 12 + (said.month or 0) - published.month))
        if step == -1:
            known = [year for year in known if (year, said.month) < (published.year, published.month)]
        elif step == 1:
            known = [year for year in known if (year, said.month) > (published.year, published.month)]
        return [Partial(year, said.month) for year in dict.fromkeys((*known[:2], *years))]
    candidates = [date(year, said.month, said.day) for year in around if _exists(year, said.month, said.day)]
    if not candidates:
        return [said]
    nearest = min(candidates, key=lambda each: abs((each - published).days))
    return [_full(nearest), *(Partial(year, said.month, said.day) for year in years if year != nearest.year)]


def _stepped(published: date, shift: str) -> list[Partial]:
    """ "-1 month", "1 year", "0 week" counted from a day; seasons and nights are as long as they are."""
    number, period = shift.split()
    step = int(number)
    if period in ("day", "night"):
        return [_full(published + timedelta(days=step))]
    if period in ("week", "weekend"):
        monday = published + timedelta(days=7 * step - published.weekday())
        return [_full(monday + timedelta(days=after)) for after in range(7)]
    if period == "month":
        months = published.year * 12 + published.month - 1 + step
        return [Partial(months // 12, months % 12 + 1)]
    if period == "year":
        return [Partial(published.year + step)]
    return [Partial(published.year + step), Partial(published.year)]


def _exists(year: int, month: int, day: int) -> bool:
    return 1 <= day <= monthrange(year, month)[1]


def _full(day: date) -> Partial:
    return Partial(day.year, day.month, day.day, day.weekday())


def printed(published: date | None) -> list[Partial]:
    """A day of publication as what a text may say of it; empty where it is unknown."""
    return [_full(published)] if published else []


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
