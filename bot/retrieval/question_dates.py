"""The days that the words of a question name: "since 2021", "in February 2020", "last week", "yesterday".

A small grammar rather than dateparser, which takes 0.3 s to import and 0.2 s for its first text, reads "may happen" as
a month, and gives a day ("22 February 2020") where a span is meant.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

MONTHS = {
    name: number for number in range(1, 13) for name in (calendar.month_name[number], calendar.month_abbr[number])
} | {"Sept": 9}
WEEKDAYS = {name.lower(): number for number, name in enumerate(calendar.day_name)}
_NUMBERS = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10, "few": 3}
_UNIT_DAYS = {"day": 1, "week": 7, "month": 31, "year": 366}

REPORTING_DAYS = {"day": 14, "week": 14, "month": 31, "year": 31}
"""News of a day still comes for two weeks, of a month for another month: how far past its end a named span reaches."""
Limits = tuple[date | None, date | None, Literal["both", "after", ""]]
"""First and last day that a run of words names, and which of them are limits on publication."""
_DAY_LONG = timedelta(days=1)

_MONTH = "(?P<{0}month>" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\b\.?"
_YEAR = r"(?P<{0}year>(?:19|20)\d\d)\b(?![-–]?\w)"
_DAY = (
    r"(?:(?P<{0}iso>(?:19|20)\d\d-\d\d-\d\d)\b"
    r"|(?:(?P<{0}daya>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?)?"
    + _MONTH
    + r"(?:\s+(?P<{0}dayb>\d{{1,2}})(?:st|nd|rd|th)?\b)?"
    r"(?:,?\s+(?:of\s+)?" + _YEAR + ")?"
    r"|" + _YEAR.replace("{0}year", "{0}only") + ")"
)
_BETWEEN = re.compile(
    r"\b(?:between|from)\s+(?:the\s+)?" + _DAY.format("a") + r"\s+(?:and|to|until|till|through)\s+" + _DAY.format("b")
)
_NAMED = re.compile(
    r"(?:\b(?P<word>since|after|before|until|till|by|up to|prior to|as of|in|on|during|from|of)\s+"
    r"(?:(?:early|mid|late)[- ])?)?(?:(?i:" + "|".join(WEEKDAYS) + r"),?\s+)?(?<![\w$£€.,/-])" + _DAY.format("")
)
_RELATIVE = re.compile(
    r"\b(?:(?P<now>today|yesterday)"
    r"|(?P<which>last|past|this|previous)\s+(?:(?P<count>\d{1,3}|" + "|".join(_NUMBERS) + r")\s+)?"
    r"(?P<unit>day|week|month|year)s?"
    r"|(?P<agocount>\d{1,3}|" + "|".join(_NUMBERS) + r")\s+(?P<agounit>day|week|month|year)s?\s+ago"
    r"|(?:on|last|this)\s+(?P<weekday>" + "|".join(WEEKDAYS) + r"))\b",
    re.IGNORECASE,
)
_PUBLISHED = re.compile(
    r"\b(?:published|reported|written|articles?|news|stories|story|reports?|coverage)\s+(?:from\s+|of\s+)?$",
    re.IGNORECASE,
)
_LOOKS_DATED = re.compile(r"\d{4}|[A-Z][a-z]{2}|day\b|week|month|year|ago\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DatePhrase:
    """A run of the question that names days: `question[start:end]`; either end of the span may be open.

    `hard_after` and `hard_before` tell a limit on publication from what only makes some days likelier: news of a
    day cannot be older than it, and may well be younger.
    """

    start: int
    end: int
    after: date | None
    before: date | None
    hard_after: bool
    hard_before: bool


def date_phrases(text: str, today: date) -> list[DatePhrase]:
    """All runs of `text` that name days, in order, counted from `today`; days to come set no limit.

    Hard at both ends are: since, after, before, until, as of and between with a year or more, the last N days, and
    all spans of publishing ("published in", "news from"). Hard at the start alone are: a named day, or month with
    its year, yesterday, last week, last month. Evidence are: a year alone ("in 2019" may be the name of a thing), a
    month without a year, a weekday, this week, last year, N days ago.
    """
    if not _LOOKS_DATED.search(text):
        return []
    found: list[DatePhrase] = []
    for pattern, read in ((_BETWEEN, _between), (_NAMED, _named), (_RELATIVE, _relative)):
        for match in pattern.finditer(text):
            if any(phrase.start < match.end() and match.start() < phrase.end for phrase in found):
                continue
            if (limits := read(match, today)) is None:
                continue
            after, before, hard = limits
            if after and after > today:  # what is to come was foretold earlier: no limit
                after = None
            if before and before >= today:
                before = None
            published = _PUBLISHED.search(text[max(0, match.start() - 40) : match.start()])
            both = hard == "both" or published is not None
            found.append(DatePhrase(match.start(), match.end(), after, before, both or hard == "after", both))
    return sorted(found, key=lambda phrase: phrase.start)


def _between(match: re.Match[str], today: date) -> Limits | None:
    first, last = _named_span(match, today, "a"), _named_span(match, today, "b")
    return (first[0], last[1], "both") if first and last and first[0] <= last[1] else None


def _named(match: re.Match[str], today: date) -> Limits | None:
    span = _named_span(match, today, "")
    if span is None:
        return None
    first, last, grain, sure = span
    word = match["word"]
    if word is None and grain == "month" and not sure:  # "May I", "Women's March"
        return None
    if word in ("since", "after"):
        return first if word == "since" else last + _DAY_LONG, None, "both" if sure else ""
    if word in ("before", "prior to", "until", "till", "by", "up to", "as of"):
        return None, first - _DAY_LONG if word in ("before", "prior to") else last, "both" if sure else ""
    is_limit = sure and grain != "year" and word in ("in", "on", "during", "from")
    return first, last + timedelta(days=REPORTING_DAYS[grain]), "after" if is_limit else ""


def _named_span(match: re.Match[str], today: date, part: str) -> tuple[date, date, str, bool] | None:
    """First and last day, the grain (day, month, year), and whether the year was said rather than guessed."""
    try:
        if iso := match[part + "iso"]:
            day = date.fromisoformat(iso)
            return day, day, "day", True
        if year := match[part + "only"]:
            return date(int(year), 1, 1), date(int(year), 12, 31), "year", True
        month = MONTHS[match[part + "month"]]
        number = match[part + "daya"] or match[part + "dayb"]
        sure = match[part + "year"] is not None
        year_number = int(match[part + "year"]) if sure else today.year
        if not sure and date(year_number, month, int(number or 1)) > today:
            year_number -= 1  # "in September" asked in March means the last one
        if number:
            day = date(year_number, month, int(number))
            return day, day, "day", sure
        last = calendar.monthrange(year_number, month)[1]
        return date(year_number, month, 1), date(year_number, month, last), "month", sure
    except ValueError:  # "31 February": no day, so no limit
        return None


def _relative(match: re.Match[str], today: date) -> Limits:
    if now := match["now"]:
        return today - _DAY_LONG, today, "after" if now.lower() == "yesterday" else ""
    if weekday := match["weekday"]:
        day = today - timedelta(days=(today.weekday() - WEEKDAYS[weekday.lower()]) % 7)
        return day, day + timedelta(days=7), ""
    if unit := match["agounit"]:
        days = _count(match["agocount"]) * _UNIT_DAYS[unit.lower()]
        slack = timedelta(days=max(3, days // 3))
        middle = today - timedelta(days=days)
        return middle - slack, middle + slack, ""
    unit, which = match["unit"].lower(), match["which"].lower()
    if match["count"] or which == "past":
        days = _count(match["count"] or "one") * _UNIT_DAYS[unit]
        return today - timedelta(days=days), today, "both" if unit != "year" else ""
    if which == "this":
        return today - timedelta(days=_UNIT_DAYS[unit] + 3), today, ""
    if unit == "week":
        monday = today - timedelta(days=today.weekday() + 7)
        return monday, monday + timedelta(days=6 + REPORTING_DAYS["week"]), "after"
    if unit == "month":
        last = today.replace(day=1) - _DAY_LONG
        return last.replace(day=1), last + timedelta(days=REPORTING_DAYS["month"]), "after"
    return today - _DAY_LONG if unit == "day" else date(today.year - 1, 1, 1), today, ""


def _count(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS[word.lower()]
