"""A record with named fields -> an Article, whatever its fields are called.

Knows nothing about the files that records stand in (see tables.py), nor about pages or feeds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from bot.errors import ReadError
from bot.schema import Article
from ingest.read.cleaning import clean_address, first_sentence, one_line, paragraphs
from ingest.read.contract import ReadOptions
from ingest.read.kinds import RECORD_NAMES

_WHOLE_PAGE = re.compile(r"\s*(?:<!doctype\s+html|<html[\s>])", re.IGNORECASE)
_EPOCH_SECONDS = (100_000_000, 10_000_000_000)
"""1973 to 2286: a number outside is no moment in seconds."""


def article_of_record(
    record: Mapping[str, Any], origin: str, options: ReadOptions, base_url: str | None = None
) -> Article:
    """The article that a record holds. Raises ReadError where it has no text; the text says what it has."""
    found = Fields(record, options.fields)
    text, url = found.text("text"), clean_address(found.text("url") or "")
    published, published_at = _published(found)
    if not re.match(r"https?://", url, re.IGNORECASE):
        url = ""
    if not text:
        names = ", ".join(list(record)[:8])
        raise ReadError(f"it has no text; its fields are {names}. Name the one with the text by --field text=NAME")
    page: Article | None = None
    if _WHOLE_PAGE.match(text):
        from ingest.read.html import read_html

        page = read_html(text, origin=origin, url=url or base_url, source=options.source)
        body = page.text
    else:
        body = paragraphs(text)
    if not body:
        raise ReadError("its text field is empty")
    title = found.text("title") or (page.title if page else "") or first_sentence(body)
    if published is None and page:
        published, published_at = page.published, page.published_at
    return Article(
        title=one_line(title),
        text=body,
        url=url or (page.url if page else None),
        source=found.source() or (page.source if page else None),
        published=published,
        published_at=published_at,
        authors=found.names("authors") or (page.authors if page else ()),
        language=found.language() or (page.language if page else None),
        section=next(iter(found.names("section")), None) or (page.section if page else None),
        credits=page.credits if page else (),
        origin=origin,
    )


class Fields:
    """A record's values under our names."""

    def __init__(self, record: Mapping[str, Any], fields: Mapping[str, str]) -> None:
        # JSON:API keeps them in "attributes", Elasticsearch in "_source", the Guardian's API in "fields".
        inner = [value for name in ("attributes", "_source", "fields") if isinstance(value := record.get(name), dict)]
        named = (pair for each in (*inner, record) for pair in each.items())
        self._record = {_key(name): value for name, value in named if isinstance(name, str)}
        self._fields = fields

    def values(self, ours: str) -> Iterator[Any]:
        """The values that may be ours, best first; a field that the person named is the only one."""
        aliases = (self._fields[ours],) if ours in self._fields else RECORD_NAMES[ours]
        for alias in aliases:
            value = self._record.get(_key(alias))
            if value is None and "." in alias:  # --field text=content.body reaches into the record
                value = _reach(self._record, alias)
            if value is not None and value not in ("", []):
                yield value

    def text(self, ours: str) -> str | None:
        """The first value that is text."""
        return next((text for value in self.values(ours) if (text := _as_text(value))), None)

    def names(self, ours: str) -> tuple[str, ...]:
        """Names out of a list of strings, a list of {"name": ...}, or one string with separators."""
        for value in self.values(ours):
            parts = value if isinstance(value, list | tuple) else [value]
            names: list[str] = []
            for part in parts:
                text = _as_text(part)
                if text is None:
                    continue
                if len(parts) == 1 and ours == "authors":
                    names.extend(_split_authors(text))
                else:
                    names.append(one_line(text))
            if names := [name for name in dict.fromkeys(names) if name and len(name) <= 200]:
                return tuple(names)
        return ()

    def source(self) -> str | None:
        """The outlet's name, in its usual spelling; an address or a host in its place is the outlet there."""
        from ingest.read.outlets import known_outlet, outlet_name

        name = one_line(self.text("source") or "")[:200]
        if re.fullmatch(r"(?:https?://\S+|(?:[\w-]+\.)+[a-z]{2,})", name, re.IGNORECASE):
            return outlet_name(name if "://" in name else f"https://{name}")
        return known_outlet(name) or name or None

    def language(self) -> str | None:
        """The ISO 639-1 code, where the field is one: "en-GB" is "en"."""
        code = (self.text("language") or "").strip().lower().replace("_", "-").split("-")[0]
        return code if re.fullmatch(r"[a-z]{2}", code) else None


def _key(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_").removeprefix("dc:").removeprefix("og:")


def _reach(record: Mapping[str, Any], path: str) -> Any:
    value: Any = record
    for part in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(part, value.get(_key(part)))
    return value


def _as_text(value: Any) -> str | None:
    """A field's text: a string, or the usual objects and lists around one."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, dict):
        inner = (
            value.get(name)
            for name in ("name", "main", "title", "text", "value", "#text", "content", "rendered", "url")
        )
        return next((found.strip() for found in inner if isinstance(found, str) and found.strip()), None)
    if isinstance(value, list | tuple):
        parts = [text for part in value if isinstance(part, str | dict) and (text := _as_text(part))]
        return "\n\n".join(parts) or None
    return None


def _split_authors(text: str) -> list[str]:
    text = one_line(text)
    if text.startswith("[") and text.endswith("]"):  # a list that a CSV writer turned into a string
        return [name for part in re.findall(r"""['"]([^'"]+)['"]""", text) for name in _split_authors(part)]
    text = re.sub(r"^(?:by|von|par|por)\s+", "", text, flags=re.IGNORECASE)
    return [name.strip() for name in re.split(r"\s*[;|\n]\s*|\s*,\s+|\s+(?:and|und|&)\s+", text) if name.strip()]


def _published(found: Fields) -> tuple[date | None, datetime | None]:
    for value in found.values("published"):
        day, moment = published_of(value)
        if day is not None:
            return day, moment
    return None, None


def published_of(value: Any) -> tuple[date | None, datetime | None]:
    """Day and moment of publication out of a field: text in any usual form, epoch seconds or milliseconds, a date.

    The moment is None where the value has no time of day or no time zone. (None, None) where it is no date.
    """
    if isinstance(value, dict):  # MongoDB's export: {"$date": ...}
        value = next((value[name] for name in ("$date", "$numberLong", "value", "date") if name in value), None)
    if isinstance(value, datetime):
        return value.date(), value if value.tzinfo else None
    if isinstance(value, date):
        return value, None
    if isinstance(value, bool) or value is None:
        return None, None
    if isinstance(value, str) and re.fullmatch(r"\d{10}(?:\d{3}|\d{6}|\d{9})?(?:\.\d+)?", value.strip()):
        value = float(value)
    if isinstance(value, int | float):
        return _of_epoch(float(value)) if abs(value) < 1e20 else (None, None)
    if isinstance(value, str):
        return _of_text(value.strip()[:200])
    return None, None


def _of_text(text: str) -> tuple[date | None, datetime | None]:
    from ingest.read.dates import parse_date

    return parse_date(text)


def _of_epoch(number: float) -> tuple[date | None, datetime | None]:
    if 19_000_101 <= number <= 21_001_231 and number == int(number):  # 20220612
        try:
            return datetime.strptime(str(int(number)), "%Y%m%d").replace(tzinfo=UTC).date(), None
        except ValueError:
            return None, None
    for unit in (1, 1e3, 1e6, 1e9):
        if _EPOCH_SECONDS[0] <= number / unit <= _EPOCH_SECONDS[1]:
            moment = datetime.fromtimestamp(number / unit, UTC)
            return moment.date(), moment
    return None, None
