"""What stands around a page's title: the date, the byline, the fields that a program wrote on top. Pure.

Knows nothing about where the article begins: it is given the lines around it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from ingest.read.dates import date_in_url, find_dates, is_relative, numeric_order, parse_date
from ingest.read.furniture import is_furniture
from ingest.read.outlets import host_of, known_outlet
from ingest.read.page_lines import Line, tidy

_PUBLISHED = re.compile(
    r"(?:published|posted|first published|publication date|publié|publicado|pubblicato|"
    r"veröffentlicht|erstellt|gepubliceerd|"
    r"publicerad|publisert|opublikowano|created|issued|released|date|datum|fecha)\b[^\d]{0,40}$",
    re.IGNORECASE,
)
_UPDATED = re.compile(
    r"(?:updated|modified|update|last edited|edited|amended|corrected|"
    r"aktualisiert|stand|geändert|mis à jour|mise à jour|maj|modifié|"
    r"actualizado|modificado|aggiornato|atualizado|bijgewerkt|uppdaterad|oppdatert|reviewed|accessed|retrieved|crawled|saved)\b[^\d]{0,40}$",
    re.IGNORECASE,
)
_DATELINE = re.compile(r"^[A-Z][^.!?]{2,70}?[-–—]{1,2}\s|^[A-Z][^.!?]{2,70}?\([A-Z][\w ]{1,20}\)")
_BYLINE = re.compile(
    r"(?:^|\b(?:written|reported|story|words|text|analysis|opinion|review)\s)\s*(?:by|von|par|por|di|door|av|af)\s*:?\s+(?P<names>.+)$",
    re.IGNORECASE,
)
_NAME = (
    r"[A-Z][\w.'’-]*(?:\s+(?:de|da|di|del|der|den|van|von|la|le|el|bin|al|dos|du|ter|ten|zu)\b|\s+[A-Z][\w.'’-]*){1,4}"
)
_NAMES = re.compile(rf"{_NAME}(?:\s*(?:,|and|und|et|y|e|&|en)\s+{_NAME}){{0,6}}")
_NAME_LINE = re.compile(rf"{_NAME}(?:\s*(?:,|and|&)\s+{_NAME}){{0,3}}")
_SPLIT = re.compile(r"\s*,\s*|\s+(?:and|und|et|y|e|&|en)\s+")
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
    [
        "tags",
        "description",
        "summary",
        "markdown",
        "content",
        "excerpt",
        "id",
        "slug",
        "keywords",
        "fingerprint",
        "license",
        "image",
        "layout",
    ]
)
_DAY_FIRST_HOSTS = re.compile(
    r"\.(?:uk|ie|au|nz|in|za|na|ng|ke|gh|zw|pk|sg|fr|de|at|ch|it|es|pt|br|ar|mx|cl|co|pe|nl|be|lu|eu|gr|pl|cz|ro|tr|se|dk|no|fi)$"
)
_HEADER_LINES = 30


@dataclass(frozen=True, slots=True)
class Head:
    """The lines around an article: above its title, between title and body, after its end, and how it opens."""

    before: tuple[Line, ...]
    between: tuple[Line, ...]
    after: tuple[Line, ...]
    opening: str


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


def heading_score(line: Line, shared: float, distance: int, *, repeated: bool) -> float:
    """How much a line above the body looks like its title. `shared` is the part of its words that the body has."""
    text = line.text
    words = text.split()
    if len(words) < 2 or len(text) > 300:
        return -9.0
    score = 3.0 * shared - 0.04 * distance
    score += {0: 0.0, 1: 3.0, 2: 1.0, 3: 0.5}.get(line.level, 0.0)
    score += 1.0 if 4 <= len(words) <= 26 and len(text) >= 22 else -0.8
    if repeated:
        score += 0.6
    if line.bullet and not line.level:
        score -= 2.5
    if text[-1] in ".:;,":
        score -= 1.5
    if re.search(r"[»›]|\s>\s", text):
        score -= 3.0
    if _names_in_byline(text) or is_relative(text):
        score -= 3.0
    if len(text) < 90 and any(True for _ in find_dates(text)):
        score -= 2.5
    if len(text) > 200:
        score -= 1.5
    if line.level == 0 and re.match(r"https?://", text):
        score -= 9.0
    return score


def is_signature(text: str) -> bool:
    """Whether a line is a byline or gives a date and little else."""
    if _names_in_byline(text) or (is_relative(text) and len(text) < 100):
        return True
    dates = list(find_dates(text))
    return bool(dates) and _is_date_line(text, sum(one.end - one.start for one in dates))


def published_of_head(
    head: Head, text: str, url: str | None, language: str | None = None
) -> tuple[date | None, datetime | None]:
    """The day and moment of publication by what stands around the article; (None, None) where nothing tells it.

    A date labelled as published wins, then one between title and body, then one right above the title, then one
    labelled so after the end, then one in the dateline. An address that carries another day overrules a bare date.
    """
    order = numeric_order(text[:200_000])
    if order is None and (_writes_day_first(url) or language not in (None, "en")):
        order = True
    in_url = date_in_url(url) if url else None
    bare: tuple[date, datetime | None] | None = None
    for zone in (head.between, tuple(reversed(head.before[-4:]))):
        previous = ""
        for line in zone:
            if zone is head.between and line.text == head.opening:
                if dated := _dateline(line.text, order):
                    bare = bare or dated
                continue
            for label, day, moment in _dates_of_line(line.text, previous, order):
                if label == "published":
                    return day, moment
                if label == "" and bare is None:
                    bare = day, moment
            if re.search(r"\bpublished\b", line.text, re.IGNORECASE) and is_relative(line.text) and bare is None:
                return in_url, None
            previous = line.text
        if bare:
            break
    if bare is None:
        previous = ""
        for line in head.after:
            for label, day, moment in _dates_of_line(line.text, previous, order):
                if label == "published":
                    return day, moment
            previous = line.text
    if bare and in_url and abs((bare[0] - in_url).days) > 1:
        return in_url, None
    return bare or (in_url, None)


def _writes_day_first(url: str | None) -> bool:
    """Whether the address is of a country that writes 12/02/2020 for 12 February."""
    return bool(url and _DAY_FIRST_HOSTS.search(host_of(url) or ""))


def _dates_of_line(text: str, previous: str, order: bool | None) -> list[tuple[str, date, datetime | None]]:
    """The dates of a line that is made of dates, each with "published", "updated" or no label."""
    if len(text) > 220:
        return []
    found = []
    last = 0
    dates = list(find_dates(text, day_first=order))
    covered = sum(one.end - one.start for one in dates)
    for one in dates:
        before = text[last : one.start]
        last = one.end
        label = "updated" if _UPDATED.search(before) else "published" if _PUBLISHED.search(before) else ""
        if not label and not before.strip(" :") and len(previous) < 30:
            label = "updated" if _UPDATED.search(previous) else "published" if _PUBLISHED.search(previous) else ""
        if not label and not _is_date_line(text, covered):
            continue
        found.append((label, one.day, one.moment))
    return found


def _is_date_line(text: str, covered: int) -> bool:
    """Whether a line gives a date and little else, so that the date is no part of a sentence or a caption."""
    if len(text) <= 90 and covered >= 0.25 * len(text) and not re.search(r"[a-z]{3,}\.\s*$", text):
        return True
    rest = len(text) - covered
    return rest <= 60 and not re.search(r"[a-z]{2}[.!?]\W*$", text)


def _dateline(text: str, order: bool | None) -> tuple[date, datetime | None] | None:
    """The date of "KATHMANDU, April 25, 2023 (Reuters) - ..."."""
    match = _DATELINE.match(text[:120])
    if match is None:
        return None
    found = next(find_dates(match[0], day_first=order), None)
    return (found.day, None) if found else None


def byline_of(head: Head) -> tuple[str, ...]:
    """The authors that a byline between title and body names, or right above the title."""
    for zone in (head.between, head.before[-3:]):
        previous = ""
        for line in zone:
            if line.text == head.opening:
                continue
            if names := _names_in_byline(line.text):
                return names
            if re.match(r"(?:author|autor|auteur)\b[^:]{0,30}:?$", previous, re.IGNORECASE) and (
                names := _names(line.text)
            ):
                return names
            previous = line.text
    for number, line in enumerate(head.between[:6]):
        # A name alone on a line counts where a date stands beside it.
        around = [one.text for one in head.between[max(0, number - 1) : number + 2] if one is not line]
        dated = any(len(other) < 90 and any(True for _ in find_dates(other)) for other in around)
        named = len(line.text) < 60 and _NAME_LINE.fullmatch(line.text) and not known_outlet(line.text)
        if named and dated and not is_furniture(line.text):
            return _names(line.text)
    return ()


def _names_in_byline(text: str) -> tuple[str, ...]:
    if len(text) > 200:
        return ()
    match = _BYLINE.search(text)
    return _names(match["names"]) if match else ()


def _names(text: str) -> tuple[str, ...]:
    text = re.split(r"\s[|•·–—-]\s|\s{2,}|\s/\s", text.strip())[0]
    for one in find_dates(text):
        text = text[: one.start]
        break
    text = re.sub(r"\s+(?:for|FOR|in|IN|at|of)\s+.*$", "", text)
    text = re.sub(r"\b(?:Follow|Updated|Published|Posted)\b.*$", "", text).strip(" ,|-–—")
    match = _NAMES.match(text)
    if match is None:
        return ()
    names = [name.strip(" ,") for name in _SPLIT.split(match[0])]
    return tuple(dict.fromkeys(name for name in names if name and not known_outlet(name) and len(name) <= 60))
