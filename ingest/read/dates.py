"""Dates as publishers print them -> the day, and the moment where a time and a time zone stand beside it. Pure.

htmldate, which looks through a whole page for its date, found 14 of bench_reading's 15 and one that was wrong by four
years; with these and the page's own data all 15 are right. It reads no times and no text dumps.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cache
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.text.dates import month_numbers

_LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "pl", "cs", "tr", "id")
"""Those whose names of months are read; where two name different months alike, the first decides."""
_YEAR = r"(?P<year>(?:1[89]|20)\d\d)"
_DAY = r"(?P<day>\d{1,2})"
_FORMS = (
    rf"(?<!\d){_YEAR}-(?P<number>\d\d?)-{_DAY}(?!\d)",
    rf"(?<![\d/.]){_YEAR}(?P<separator>[/.])(?P<number>\d\d?)(?P=separator){_DAY}(?!\d)",
    rf"(?<!\d){_YEAR}\s?[年년]\s?(?P<number>\d\d?)\s?[月월]\s?{_DAY}\s?[日일]",
    rf"(?<![\d.]){_DAY}(?:st|nd|rd|th|er|\.|o|a)?[\s\-/]{{0,3}}(?:of\s|de\s|d')?\s?MONTH"
    rf"(?:[.,\s\-/]|de\s|del\s|of\s|do\s){{1,5}}{_YEAR}",
    rf"MONTH\.?\s{{1,3}}{_DAY}(?:st|nd|rd|th)?\s?,?\s{{0,3}}{_YEAR}",
    rf"(?<![\d.]){_DAY}\.\s?(?P<number>\d\d?)\.\s?(?P<year>(?:1[89]|20)\d\d|\d\d)(?![\d.])",
    rf"(?<![\d/-])(?P<first>\d\d?)(?P<separator>[/-])(?P<second>\d\d?)(?P=separator){_YEAR}",
)
_COMPACT = re.compile(r"(?<!\d)((?:19|20)\d\d)(\d\d)(\d\d)(?:t?\d{4,6})?(?!\d)")

_ZONES: dict[str, float | str] = {
    "gmt": 0, "utc": 0, "z": 0, "wet": 0, "bst": 1, "west": 1, "cet": 1, "mez": 1, "wat": 1, "cest": 2, "mesz": 2,
    "sast": 2, "cat": 2, "eet": 2, "eest": 3, "msk": 3, "eat": 3, "pkt": 5, "awst": 8, "hkt": 8, "sgt": 8, "jst": 9,
    "kst": 9, "acst": 9.5, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13, "edt": -4, "est": -5, "cdt": -5, "mdt": -6,
    "mst": -7, "pdt": -7, "pst": -8, "akdt": -8, "akst": -9, "hst": -10,
    "et": "America/New_York", "ct": "America/Chicago", "mt": "America/Denver", "pt": "America/Los_Angeles",
}  # fmt: skip
"""Hours from UTC, or whose they are. CST and IST are left out: each is the name of several zones far apart."""
_NAMES = "|".join(sorted(_ZONES, key=len, reverse=True))
_ZONE = rf"(?P<zone>(?:gmt|utc)?\s?[+-]\d{{1,2}}(?::?\d\d)?(?!\d)|(?:{_NAMES})(?![a-z]))"
_CLOCK = (
    r"(?P<hour>\d\d?)(?:[:.h](?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d{1,9})?)?|(?=\s?[ap]\.?m))"
    r"\s?(?P<half>[ap]\.?m\b\.?)?(?:\s?(?:uhr|hrs|hours|h)\b)?"
)
_CLOCK_AFTER = re.compile(
    rf"(?:\s|[,;|•·@(–—-]|t(?=\d\d:)|at\s|um\s|a las\s|as\s|ore\s|alle\s|kl\.?\s|om\s|a\s|time:?\s|o godz\.?\s){{0,8}}"
    rf"{_CLOCK}(?:\s?\(?{_ZONE}\)?)?"
)
_CLOCK_BEFORE = re.compile(
    rf"(?<![\d:]){_CLOCK}(?:\s?\(?{_ZONE}\)?)?(?:\s|[,;|•·–—-]|on\s|(?:mon|tues?|wed|thu|thurs?|fri|sat|sun)[a-z]*\b){{0,8}}$"
)
_SCAN_CHARS = 400


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date within a text: the day, the moment where time and zone are given, and where it stands."""

    day: date
    moment: datetime | None
    start: int
    end: int


def parse_date(text: str, *, day_first: bool | None = None) -> tuple[date | None, datetime | None]:
    """The day, and the moment with its zone, of a publication date as printed; (None, None) where it is none.

    `day_first` reads 06/01/2026: True as 6 January, False as June 1; None leaves what can be both unknown.
    """
    found = next(find_dates(text, day_first=day_first), None)
    if found:
        return found.day, found.moment
    compact = _COMPACT.search(_fold(text[:_SCAN_CHARS]))
    return (_day(*map(int, compact.groups())), None) if compact else (None, None)


def find_dates(text: str, *, day_first: bool | None = None) -> Iterator[FoundDate]:
    """The dates in the first 400 characters of `text`, in the order in which they stand."""
    folded = _fold(text[:_SCAN_CHARS])
    found: list[FoundDate] = []
    for match in (match for pattern in _patterns() for match in pattern.finditer(folded)):
        is_apart = not any(match.start() < other.end and other.start < match.end() for other in found)
        if is_apart and _at_boundary(text, match.start()) and (one := _read(match, folded, day_first)):
            found.append(one)
    yield from sorted(found, key=lambda one: one.start)


def date_in_url(url: str) -> date | None:
    """The day that an address carries in its path: /2024/01/11/, /2024-01-11-, /2024/jan/11/, -20240111."""
    try:
        path = urlsplit(url).path.lower()[:500]
    except ValueError:
        return None
    patterns = (
        r"/(?P<year>(?:19|20)\d\d)[/-](?P<number>\d\d)[/-](?P<day>\d\d)(?=[/-]|$)",
        r"/(?P<year>(?:19|20)\d\d)/(?P<month>[a-z]{3})/(?P<day>\d\d)(?=/|$)",
        r"(?<!\d)(?P<year>(?:19|20)\d\d)-(?P<number>\d\d)-(?P<day>\d\d)(?!\d)",
        r"[/_-](?P<year>20[012]\d)(?P<number>\d\d)(?P<day>\d\d)(?=[/_.-]|$)",
    )
    for pattern in patterns:
        if match := re.search(pattern, path):
            parts = match.groupdict()
            number = month_numbers().get(parts["month"], 0) if parts.get("month") else int(parts["number"])
            if day := _day(int(parts["year"]), number, int(parts["day"])):
                return day
    return None


@cache
def _months() -> dict[str, int]:
    return month_numbers(_LANGUAGES)


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    month = "(?P<month>" + "|".join(sorted(map(re.escape, _months()), key=len, reverse=True)) + ")"
    return tuple(re.compile(form.replace("MONTH", month)) for form in _FORMS)


def _read(match: re.Match[str], folded: str, day_first: bool | None) -> FoundDate | None:
    """The day that one of the forms found, with the time that stands behind or before it; None for no real day."""
    parts = match.groupdict()
    year = int(parts["year"])
    year += 2000 if year < 100 else 0
    start, end = match.span()
    clock = _CLOCK_AFTER.match(folded, end)
    if clock:
        end = clock.end()
    elif clock := _CLOCK_BEFORE.search(folded[max(0, start - 40) : start]):
        start -= len(clock.string) - clock.start()
    if parts.get("first"):
        day = _numeric_day(year, int(parts["first"]), int(parts["second"]), clock, day_first)
    else:
        month = _months()[parts["month"]] if parts.get("month") else int(parts["number"])
        day = _day(year, month, int(parts["day"]))
    return FoundDate(day, _moment(day, clock) if clock else None, start, end) if day else None


def _numeric_day(
    year: int, first: int, second: int, clock: re.Match[str] | None, day_first: bool | None
) -> date | None:
    """The day of 06/01/2026; None where it can be two days."""
    if clock and clock["zone"]:
        zone = _ZONES.get(clock["zone"], 0)
        day_first = not isinstance(zone, str) and zone >= 0  # in America the month stands first
    elif clock and day_first is None and not clock["half"] and int(clock["hour"]) > 12:
        day_first = True  # who counts hours to 24 writes the day first
    if first > 12 or first == second or (second <= 12 and day_first):
        return _day(year, second, first)
    return _day(year, first, second) if second > 12 or day_first is False else None


def _moment(day: date, clock: re.Match[str]) -> datetime | None:
    if not clock["zone"]:
        return None
    hour, minute, second = int(clock["hour"]), int(clock["minute"] or 0), int(clock["second"] or 0)
    if half := clock["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    try:
        naive = datetime(day.year, day.month, day.day, hour, minute, second)  # noqa: DTZ001 - the zone comes next
        zone = _zone(clock["zone"], naive)
        return naive.replace(tzinfo=zone) if zone else None
    except (ValueError, OverflowError):
        return None


def _zone(name: str, naive: datetime) -> timezone | None:
    name = name.replace(" ", "")
    if match := re.fullmatch(r"(?:gmt|utc)?([+-])(\d{1,2}):?(\d\d)?", name):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
        return timezone(-offset if match[1] == "-" else offset) if offset <= timedelta(hours=14) else None
    zone = _ZONES[name]
    if not isinstance(zone, str):
        return timezone(timedelta(hours=zone))
    try:
        return timezone(naive.replace(tzinfo=ZoneInfo(zone)).utcoffset() or timedelta())
    except ZoneInfoNotFoundError:  # a system without time zone data
        return None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _at_boundary(text: str, start: int) -> bool:
    """Whether a word starts here. Saved pages lose spaces ("minute readApril 25"): a capital starts one as well."""
    if start == 0 or not text[start - 1].isalpha() or not text[start].isalpha():
        return True
    return text[start].isupper() and text[start - 1].islower()


def _fold(text: str) -> str:
    """Lower case without accents, character for character: positions stay."""
    if text.isascii():
        return text.lower()
    return "".join(_folded(char) for char in text)


def _folded(char: str) -> str:
    if char in "\u00a0\u202f\u2009":
        return " "
    base = unicodedata.normalize("NFD", char)[0].lower()
    # Hangul syllables fall apart into letters; they are compared whole.
    return base if len(base) == 1 and not "\u1100" <= base <= "\u11ff" else char
