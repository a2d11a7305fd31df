"""The fields that a program wrote on top of a text: YAML front matter, or lines such as "Title: ...". Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from ingest.read.cleaning import tidy
from ingest.read.dates import parse_date
from ingest.read.outlets import known_outlet

_FIELD = re.compile(r"(?P<key>[A-Za-z][A-Za-z _-]{1,24})\s*:\s*(?P<value>\S.*)$")
_FIELDS = {
    "title": "title", "headline": "title", "url": "url", "link": "url", "url source": "url", "source url": "url",
    "canonical": "url", "permalink": "url", "date": "published", "published": "published",
    "published time": "published", "publish date": "published", "date published": "published",
    "publication date": "published", "datepublished": "published", "pubdate": "published", "source": "source",
    "publisher": "source", "outlet": "source", "publication": "source", "site": "source", "sitename": "source",
    "site name": "source", "hostname": "source", "author": "authors", "authors": "authors", "byline": "authors",
    "by": "authors", "section": "section", "category": "section", "categories": "section", "language": "language",
    "lang": "language",
}  # fmt: skip
_OTHER_KEYS = frozenset(
    "tags description summary markdown content excerpt id slug keywords fingerprint license image layout".split()  # noqa: SIM905
)
_SPLIT = re.compile(r"\s*,\s*|\s+(?:and|und|et|y|e|&|en)\s+")
_HEADER_LINES = 30


@dataclass(frozen=True, slots=True)
class Matter:
    """What fields on top of a file say: YAML front matter, or "Title: ..." lines."""

    title: str = ""
    url: str | None = None
    published: tuple[date | None, datetime | None] | None = None
    source: str | None = None
    authors: tuple[str, ...] = ()
    section: str | None = None
    language: str | None = None


def front_matter(text: str) -> tuple[Matter, str]:
    """The fields on top of a text, and the text without them; no fields and the whole text where there are none."""
    head = text[:8000].lstrip("\ufeff \r\n")
    lines = head.split("\n")
    fenced = lines[0].strip() == "---"
    found: dict[str, str] = {}
    used = 0
    key = ""
    for number, raw in enumerate(lines[:_HEADER_LINES]):
        row = raw.strip()
        if fenced and number and row in ("---", "..."):
            used = number + 1
            break
        if (fenced and number == 0) or not row:
            continue
        match = _FIELD.match(row)
        name = re.sub(r"[_-]+", " ", match["key"].strip().lower()) if match else ""
        if match and (name in _FIELDS or fenced or name in _OTHER_KEYS):
            key = _FIELDS.get(name, "")
            if key and key not in found:
                found[key] = tidy(match["value"]).strip().strip("\"'")
            used = 0 if fenced else number + 1
        elif re.fullmatch(r"markdown content:|[a-z_ -]+:", row.lower()) and (fenced or found):
            key = _FIELDS.get(row.lower().rstrip(":"), "")
            used = 0 if fenced else number + 1
        elif fenced and row.startswith("- "):
            if key and key not in found:
                found[key] = row[2:].strip().strip("\"'")
        elif not fenced:
            break
    # One field may be a paragraph that happens to begin with a word and a colon.
    if not used or (not fenced and (len(found) < 2 or not {"title", "url", "published"} & set(found))):
        return Matter(), text
    rest = "\n".join(lines[used:]) + text[len(text) - len(text.lstrip("\ufeff \r\n")) + len(head) :]
    return _matter(found), rest


def _matter(found: dict[str, str]) -> Matter:
    published = parse_date(found["published"]) if "published" in found else None
    url = found.get("url")
    language = found.get("language", "").lower()[:2]
    source = found.get("source")
    if source and re.match(r"https?://", source):
        url, source = url or source, None
    return Matter(
        title=found.get("title", ""),
        url=url if url and re.match(r"https?://\S+$", url) else None,
        published=published if published and published[0] else None,
        source=(known_outlet(source) or source) if source else None,
        authors=tuple(name for name in _SPLIT.split(found.get("authors", "").strip("[]")) if name),
        section=found.get("section", "").strip("[]").split(",")[0].strip("\"' ") or None,
        language=language if re.fullmatch("[a-z]{2}", language) else None,
    )
