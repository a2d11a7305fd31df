"""Days in the language that a server has chosen."""

from __future__ import annotations

from datetime import date

from babel.dates import format_date, format_skeleton

LANGUAGES = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "it": "Italiano",
    "nl": "Nederlands",
    "pt": "Português",
    "pl": "Polski",
    "sv": "Svenska",
    "da": "Dansk",
    "nb": "Norsk bokmål",
    "fi": "Suomi",
    "cs": "Čeština",
    "uk": "Українська",
    "tr": "Türkçe",
    "el": "Ελληνικά",
}
"""Languages that dates may be written in, by their code."""
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
