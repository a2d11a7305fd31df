"""The days that the words of a question name: "since 2021", "in February 2020", "last week", "yesterday".

A small grammar rather than dateparser, which takes 0.3 s to import and 0.2 s for its first text, reads "may happen" as
a month, and gives a day ("22 February 2020") where a span is meant.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass, replace
from datetime import date, timedelta

MONTHS = {
    name: number for number in range(1, 13) for name in (calendar.month_name[number], calendar.month_abbr[number])
} | {"Sept": 9}
WEEKDAYS = {name.lower(): number for number, name in enumerate(calendar.day_name)}
_NUMBERS = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10, "few": 3}
_UNIT_DAYS = {"day": 1, "week": 7, "month": 31, "year": 366}

REPORTING_DAYS = {"day": 14, "week": 14, "month": 31}
"""News of a day still comes for two weeks, of a month for another month: how far past its end a named span reaches."""

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
    for match in _BETWEEN.finditer(text):
        first, last = _named_span(match, today, "a"), _named_span(match, today, "b")
        if first and last and first[0] <= last[1]:
            found.append(_phrase(match, first[0], last[1], "both", today))
    for pattern, read in ((_NAMED, _named), (_RELATIVE, _relative)):
        for match in pattern.finditer(text):
            if any(phrase.start < match.end() and match.start() < phrase.end for phrase in found):
                continue
            if phrase := read(match, today):
                published = _PUBLISHED.search(text[max(0, match.start() - 40) : match.start()])
                found.append(replace(phrase, hard_after=True, hard_before=True) if published else phrase)
    return sorted(found, key=lambda phrase: phrase.start)


def _named(match: re.Match[str], today: date) -> DatePhrase | None:
    span = _named_span(match, today, "")
    if span is None:
        return None
    first, last, grain, sure = span
    word = match["word"]
    if word is None and grain == "month" and not sure:  # "May I", "Women's March"
        return None
    if word == "since":
        return _phrase(match, first, None, "both" if sure else "", today)
    if word == "after":
        return _phrase(match, last + timedelta(days=1), None, "both" if sure else "", today)
    if word in ("before", "prior to"):
        return _phrase(match, None, first - timedelta(days=1), "both" if sure else "", today)
    if word in ("until", "till", "by", "up to", "as of"):
        return _phrase(match, None, last, "both" if sure else "", today)
    if grain == "year":
        return _phrase(match, first, last + timedelta(days=REPORTING_DAYS["month"]), "", today)
    hard = "after" if sure and word in ("in", "on", "during", "from") else ""
    return _phrase(match, first, last + timedelta(days=REPORTING_DAYS[grain]), hard, today)


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


def _relative(match: re.Match[str], today: date) -> DatePhrase:
    if now := match["now"]:
        return _phrase(match, today - timedelta(days=1), today, "after" if now.lower() == "yesterday" else "", today)
    if weekday := match["weekday"]:
        day = today - timedelta(days=(today.weekday() - WEEKDAYS[weekday.lower()]) % 7)
        return _phrase(match, day, day + timedelta(days=7), "", today)
    if unit := match["agounit"]:
        days = _count(match["agocount"]) * _UNIT_DAYS[unit.lower()]
        slack = timedelta(days=max(3, days // 3))
        middle = today - timedelta(days=days)
        return _phrase(match, middle - slack, middle + slack, "", today)
    unit, which = match["unit"].lower(), match["which"].lower()
    if match["count"] or which == "past":
        days = _count(match["count"] or "one") * _UNIT_DAYS[unit]
        return _phrase(match, today - timedelta(days=days), today, "both" if unit != "year" else "", today)
    if which == "this":
        return _phrase(match, today - timedelta(days=_UNIT_DAYS[unit] + 3), today, "", today)
    if unit == "week":
        monday = today - timedelta(days=today.weekday() + 7)
        return _phrase(match, monday, monday + timedelta(days=6 + REPORTING_DAYS["week"]), "after", today)
    if unit == "month":
        last = today.replace(day=1) - timedelta(days=1)
        return _phrase(match, last.replace(day=1), last + timedelta(days=REPORTING_DAYS["month"]), "after", today)
    if unit == "day":
        return _phrase(match, today - timedelta(days=1), today, "", today)
    return _phrase(match, date(today.year - 1, 1, 1), today, "", today)


def _count(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS[word.lower()]


def _phrase(match: re.Match[str], after: date | None, before: date | None, hard: str, today: date) -> DatePhrase:
    if after and after > today:  # what is to come was foretold earlier: no limit
        after = None
    if before and before >= today:
        before = None
    return DatePhrase(match.start(), match.end(), after, before, hard in ("after", "both"), hard == "both")
