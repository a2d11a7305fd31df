"""Named values, whoever made them, under our names: what records, meta tags, JSON-LD, front matter and feeds say.

The names are in data/field_names.tsv. An article that fields describe has an empty text where they hold none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from bot.schema import Article
from bot.text import read_rows
from ingest.read.boilerplate_lines import words
from ingest.read.cleaning import clean_address, one_line
from ingest.read.dates import parse_date
from ingest.read.outlets import known_outlet, outlet_name

FIELD_NAMES = ("url", "title", "text", "published", "authors", "source", "language", "section")
_VOCABULARY = re.compile(
    r"(?:(?:og|dc|dcterms|article|parsely|sailthru|cxenseparse|recs|bt|rnews|citation|iso-8601)[:._-]+)+(?=\w)"
)
_SEPARATORS = re.compile(r"\s*[,;|\n]\s*|\s+(?:and|und|et|y|e|&|en)\s+")
_EPOCH_SECONDS = (100_000_000, 10_000_000_000)
"""1973 to 2286: a number outside is no moment in seconds."""
_INSIDE = ("name", "main", "title", "text", "value", "#text", "content", "rendered", "url")
"""Where an object around a text keeps it."""


@cache
def known_names() -> Mapping[str, tuple[str, ...]]:
    """What others call each of our fields, as keys, best first."""
    rows = read_rows(Path(__file__).parent / "data" / "field_names.tsv")
    return {ours: tuple(theirs.split()) for ours, theirs in rows}


@cache
def all_known_names() -> frozenset[str]:
    """Every name that others have for any of our fields, as keys."""
    return frozenset(name for names in known_names().values() for name in names)


def key_of_name(name: str) -> str:
    """What the spellings of a field's name have in common: "dc:Date_Published" and "datePublished" are one."""
    lowered = name.strip().lower()
    prefix = _VOCABULARY.match(lowered)
    return re.sub(r"[\W_]+", "", lowered[prefix.end() :] if prefix else lowered)


class Fields:
    """The values of records under our names, the best record first. A field that `named` names has no other name."""

    def __init__(self, *records: Mapping[str, Any], named: Mapping[str, str] | None = None) -> None:
        self._records, self._named = records, named or {}
        self._values: dict[str, list[Any]] = {}
        for record in records:
            # JSON:API keeps them in "attributes", Elasticsearch in "_source", the Guardian's API in "fields".
            inner = (record.get(name) for name in ("attributes", "_source", "fields"))
            for each in (record, *(value for value in inner if isinstance(value, dict))):
                for name, value in each.items():
                    if isinstance(name, str):
                        self._values.setdefault(key_of_name(name), []).append(value)

    def values(self, ours: str) -> Iterator[Any]:
        """The values that may be ours, best first."""
        for name in (self._named[ours],) if ours in self._named else known_names()[ours]:
            found = self._values.get(key_of_name(name), [])
            if not found and "." in name:  # --field text=content.body reaches into the record
                found = [_reach(record, name) for record in self._records]
            yield from (value for value in found if value is not None and value not in ("", []))

    def text(self, ours: str) -> str:
        """The first value that is text; empty where there is none."""
        return next((text for value in self.values(ours) if (text := _text(value))), "")

    def names(self, ours: str) -> tuple[str, ...]:
        """Names out of a list of strings, a list of {"name": ...}, or one string with separators."""
        for value in self.values(ours):
            split = _people if ours == "authors" else lambda text: [one_line(text)]
            if names := [name for part in _listed(value) for name in split(_text(part)) if name and len(name) <= 80]:
                return tuple(dict.fromkeys(names))[:20]
        return ()

    def article(self, origin: str = "", text: str = "") -> Article:
        """What the fields say of an article whose text is `text`."""
        url = clean_address(self.text("url"))
        dates = (found for value in self.values("published") if (found := published_of(value))[0])
        published, published_at = next(dates, (None, None))
        return Article(
            title=one_line(self.text("title")),
            text=text,
            url=url if re.match(r"https?://[^\s/]", url, re.IGNORECASE) else None,
            source=self._source(),
            published=published,
            published_at=published_at,
            authors=self.names("authors"),
            language=next(filter(None, map(language_code, self.values("language"))), None),
            section=next((name for name in self.names("section") if name.casefold() not in words("no section")), None),
            origin=origin,
        )

    def _source(self) -> str | None:
        """The outlet's name, in its usual spelling; an address or a host in its place is the outlet there."""
        name = one_line(self.text("source"))[:200]
        if re.fullmatch(r"(?:https?://\S+|(?:[\w-]+\.)+[a-z]{2,})", name, re.IGNORECASE):
            return outlet_name(name if "://" in name else f"https://{name}")
        return known_outlet(name) or name or None


def filled(article: Article, other: Article) -> Article:
    """The article, with what it lacks taken from another description of it. A day and its moment go together."""
    names = ("title", "text", "url", "source", "published", "authors", "language", "section", "credits")
    lacking = {name: getattr(other, name) for name in names if not getattr(article, name)}
    if "published" in lacking:
        lacking["published_at"] = other.published_at
    return replace(article, **lacking)


def _people(text: str) -> list[str]:
    """The people that a byline names: "By Ann Lee and Bo Ek", "editor@example.org (Ann Lee)". No addresses."""
    text = re.sub(r"^(?:by|von|par|por)\s+", "", one_line(text), flags=re.IGNORECASE)
    text = re.sub(r"^\S+@\S+\s*\((.+)\)$", r"\1", text)
    names = (name.strip() for name in _SEPARATORS.split(text))
    return [name for name in names if name and "://" not in name and "@" not in name]


def language_code(said: Any) -> str | None:
    """The ISO 639-1 code of what is said of a language: "en-GB" is "en"; None where it is no code."""
    match = re.match(r"\s*([A-Za-z]{2})(?:[-_]|\s*$)", said) if isinstance(said, str) else None
    return match[1].lower() if match else None


def published_of(value: Any) -> tuple[date | None, datetime | None]:
    """Day and moment of publication out of a field: text in any usual form, epoch seconds or milliseconds, a date.

    The moment is None where the value has no time of day or no time zone. (None, None) where it is no date.
    """
    if isinstance(value, list):
        value = next(iter(value), None)
    if isinstance(value, dict):  # MongoDB's export: {"$date": ...}
        value = next((value[name] for name in ("$date", "$numberLong", "value", "date") if name in value), None)
    if isinstance(value, datetime):
        return value.date(), value if value.tzinfo else None
    if isinstance(value, date):
        return value, None
    if isinstance(value, str) and re.fullmatch(r"\d{10}(?:\d{3}|\d{6}|\d{9})?(?:\.\d+)?", value.strip()):
        value = float(value)
    if isinstance(value, str):
        return parse_date(value.strip()[:200])
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e20:
        return _of_epoch(float(value))
    return None, None


def _of_epoch(number: float) -> tuple[date | None, datetime | None]:
    if 19_000_101 <= number <= 21_001_231:  # 20220612
        return parse_date(str(int(number)))
    for unit in (1, 1e3, 1e6, 1e9):
        if _EPOCH_SECONDS[0] <= number / unit <= _EPOCH_SECONDS[1]:
            moment = datetime.fromtimestamp(number / unit, UTC)
            return moment.date(), moment
    return None, None


def _reach(record: Mapping[str, Any], path: str) -> Any:
    value: Any = record
    for part in path.split("."):
        if not isinstance(value, dict):
            return None
        keys = {key_of_name(name): name for name in value if isinstance(name, str)}
        value = value.get(part, value.get(keys.get(key_of_name(part), part)))
    return value


def _listed(value: Any) -> list[Any]:
    """A list, also where a writer of CSV or of front matter made a string of it: "['Ann Lee', 'Bo Ek']"."""
    if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
        return [part.strip(" '\"") for part in re.split(r"['\"]?\s*,\s*['\"]?", value[1:-1])]
    return list(value) if isinstance(value, list | tuple) else [value]


def _text(value: Any) -> str:
    """A field's text: a string, or the usual objects and lists around one."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, dict):
        inner = (value.get(name) for name in _INSIDE)
        return next((found.strip() for found in inner if isinstance(found, str) and found.strip()), "")
    if isinstance(value, list | tuple):
        return "\n\n".join(filter(None, (_text(part) for part in value if isinstance(part, str | dict))))
    return ""
