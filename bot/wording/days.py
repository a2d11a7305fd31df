"""Days as people read and type them."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta

from babel import Locale
from babel.dates import format_date, format_skeleton

from bot.errors import UsageError

_CODES = ("en", "de", "fr", "es", "it", "nl", "pt", "pl", "sv", "da", "nb", "fi", "cs", "uk", "tr", "el")
LANGUAGES = {code: str(Locale(code).get_display_name(code)).capitalize() for code in _CODES}
"""Languages that dates may be written in, by their code."""
DAYS_OF_WORDS = {"today": 0, "yesterday": 1}
_LOCALES = {"en": "en_GB"}
"""Day before month, as in the rest of newsbot."""


def day(value: date | None, language: str = "en") -> str:
    """A day in words, such as "12 February 2020" or "12. Februar 2020"; "date unknown" for none."""
    if value is None:
        return "date unknown"
    return format_date(value, format="long", locale=_LOCALES.get(language, language))


def tick(value: date, language: str = "en", *, monthly: bool) -> str:
    """A day as short as an axis wants it: "12 Feb", or "Feb 2020" where it stands for its month."""
    return str(format_skeleton("yMMM" if monthly else "MMMd", value, locale=_LOCALES.get(language, language)))


def day_of(text: str, *, last: bool = False) -> date:
    """A day as it is typed, or the first (`last`: the last) one of a month or year. Raises UsageError."""
    if text.lower() in DAYS_OF_WORDS:
        return datetime.now(UTC).astimezone().date() - timedelta(DAYS_OF_WORDS[text.lower()])
    try:
        if found := re.fullmatch(r"(\d{4})(?:-(\d\d?))?", text):
            year, month = int(found[1]), int(found[2] or (12 if last else 1))
            return date(year, month, monthrange(year, month)[1] if last else 1)
        return date.fromisoformat(text)
    except ValueError as error:  # calendar's own error is one too
        raise UsageError(
            f"{text[:40]!r} is no date; write it as 2020-02-12, 2020-02, 2020, yesterday or today"
        ) from error
