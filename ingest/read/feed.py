"""Feeds -> Articles: RSS, Atom and JSON Feed, with the full text of the entry or of the page behind its link.

Knows nothing about the network: pages are got by the `fetch` that the options hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urljoin

from bot.errors import ReadError
from bot.schema import Article, Outcome
from ingest.read.cleaning import (
    bom_encoding,
    clean_address,
    decode,
    first_sentence,
    html_paragraphs,
    one_line,
    paragraphs,
)
from ingest.read.contract import Blob, Items, ReadBlob, ReadOptions, failed, skipped, unchanged, with_head
from ingest.read.kinds import Kind, kind_of
from ingest.read.limits import check_count, read_whole
from ingest.read.records import published_of

FULL_TEXT_CHARS = 1200
FULL_TEXT_PARAGRAPHS = 4
"""A text this long, or of so many paragraphs, is the article itself; shorter ones are summaries unless the feed says
otherwise."""
STAMP_CHARS = 100

_CUT = re.compile(
    r"(?:\[?(?:…|\.\.\.)\]?|read (?:more|on|the full (?:story|article))|continue reading|weiterlesen|full story)"
    r"[\s.»›→>\]]*$",
    re.IGNORECASE,
)
_TAIL_CHARS = 120
_FOOT_CHARS = 600
_POST_APPEARED = re.compile(r"\n\nThe post .{1,300} (?:appeared|first appeared) (?:first )?on .{1,200}$")
_ENTITY_DECLARATION = re.compile(r"<!\s*(?:ENTITY|ELEMENT|ATTLIST|NOTATION)", re.IGNORECASE)
_XML_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,200}\?>")
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a feed or sitemap, before it is known whether its text is there or must be fetched."""

    url: str | None
    title: str = ""
    full_text: str = ""
    summary: str = ""
    published: date | None = None
    published_at: datetime | None = None
    authors: tuple[str, ...] = ()
    source: str | None = None
    language: str | None = None
    section: str | None = None
    updated: str = ""
    """The feed's stamp of the entry's last change, as it stands there: compared, never shown."""


def read_feed(blob: Blob, options: ReadOptions, read_blob: ReadBlob) -> Items:
    """RSS or Atom -> an Article or an Outcome for each entry. Raises ReadError for what is no feed or hostile."""
    data = read_whole(blob.stream, options.limits.feed_bytes)
    check_count(data.count(b"<") + data.count(b"&lt;"), options.limits.feed_tags, "tags")
    number = 0
    for number, entry in enumerate(_xml_entries(data, blob), 1):
        if number > options.limits.links:
            yield failed(blob.origin, f"only the first {options.limits.links:,} of its entries were read")
            return
        yield from items_of(entry, f"{blob.origin}:{number}", options, read_blob)
    if not number:
        yield skipped(blob.origin, "the feed has no entries")


def read_json_feed(blob: Blob, options: ReadOptions, read_blob: ReadBlob) -> Items:
    """JSON Feed -> an Article or an Outcome for each item. Raises ReadError where it is not JSON."""
    try:
        feed = json.loads(decode(read_whole(blob.stream, options.limits.feed_bytes)), strict=False)
    except (ValueError, RecursionError) as error:
        raise ReadError(f"it is not valid JSON ({str(error)[:160]})") from error
    found = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(found, list) or not found:
        yield skipped(blob.origin, "the feed has no entries")
        return
    for number, item in enumerate(found, 1):
        origin = f"{blob.origin}:{number}"
        if number > options.limits.links:
            yield failed(blob.origin, f"only the first {options.limits.links:,} of its entries were read")
            return
        if isinstance(item, dict):
            yield from items_of(_json_entry(item, feed, blob), origin, options, read_blob)
        else:
            yield skipped(origin, f"entry {number} is no record with named fields")


def items_of(entry: Entry, origin: str, options: ReadOptions, read_blob: ReadBlob) -> Items:
    """The article of an entry: its own full text, else the page behind its link, else, if wanted, its summary."""
    if entry.full_text:
        yield _article(entry, entry.full_text, origin)
        return
    reason = "the feed gives no text and no link for this entry"
    if entry.url and options.fetch:
        if options.known is not None and options.known(entry.url, entry.updated):
            yield unchanged(entry.url, entry.title)
            return
        outcome: Outcome | None = None
        # The entry has a say in what the article is: the page's bytes alone do not tell whether it is known.
        for item in fetched_page(entry.url, replace(options, known_input=None), read_blob):
            if isinstance(item, Article):
                yield replace(_completed(item, entry), input_digest="")
                return
            outcome = item
        if outcome and not (options.summaries and entry.summary):
            yield replace(outcome, title=outcome.title or entry.title)
            return
    elif entry.url:
        reason = "the feed gives only a summary; let the page behind the link be fetched, or keep it with --summaries"
    if options.summaries and entry.summary:
        yield _article(entry, entry.summary, origin)
    else:
        yield skipped(origin, reason, entry.title)


def fetched_page(url: str, options: ReadOptions, read_blob: ReadBlob) -> Items:
    """The article behind a link; one Outcome where it cannot be fetched or is no page.

    A link that leads to another feed, a sitemap or an archive is not followed: links must not multiply.
    """
    from ingest.read.sources import blob_of_fetched

    assert options.fetch is not None
    try:
        blob, head = with_head(blob_of_fetched(options.fetch(url)))
    except ReadError as error:
        yield failed(url, str(error))
        return
    kind = kind_of(head, blob.name)
    if kind in (Kind.HTML, Kind.PAGE_TEXT, Kind.EMPTY):
        yield from read_blob(blob, options)
    else:
        yield skipped(url, f"the link leads to {kind.value}, and no page")


def safe_xml(data: bytes, charset: str | None = None) -> bytes:
    """The XML document as UTF-8 without its declaration, so that no parser reads it in another encoding than we did.

    Raises ReadError where it declares entities: news never does, entity bombs do.
    """
    declared = match[1].decode("ascii") if (match := _DECLARED.search(data[:400])) else None
    if bom := bom_encoding(data):
        text = data[len(bom[0]) :].decode(bom[1], "replace")
    else:
        text = decode(data, declared or charset)
    if _ENTITY_DECLARATION.search(text):
        raise ReadError("it declares XML entities, which news feeds do not need and attacks use; it was not parsed")
    return _XML_DECLARATION.sub("", text, count=1).encode("utf-8", "replace")


def _xml_entries(data: bytes, blob: Blob) -> Iterator[Entry]:
    import feedparser

    headers = {"content-type": "application/xml; charset=utf-8"}
    if blob.url:
        headers["content-location"] = blob.url
    data = safe_xml(data, blob.charset)
    try:
        feed = feedparser.parse(data, response_headers=headers, sanitize_html=False)
    except Exception as error:  # it raises what it likes on broken markup: KeyError, AttributeError, UnicodeError
        raise ReadError(f"it is no feed that can be read ({type(error).__name__}: {str(error)[:160]})") from error
    # feedparser files Dublin Core's date under "updated"; in RSS it is the day of publication.
    dublin_core = feed.version.startswith("rss") and b"<dc:date" in data and b"updated>" not in data
    if not feed.version and not feed.entries:
        raise ReadError(f"it is no feed that can be read ({str(feed.get('bozo_exception', 'no entries'))[:160]})")
    channel = feed.feed
    for found in feed.entries:
        contents = [_string(part.get("value")) for part in found.get("content", ())]
        summary = _string(found.get("summary"))
        content = max(contents, key=len, default="")
        if content == summary:  # an Atom entry's content, repeated by feedparser; in RSS a teaser given twice
            content, summary = (content, "") if feed.version.startswith("atom") else ("", summary)
        published, published_at = _published(found, dublin_core)
        yield _entry(
            content=content,
            summary=summary,
            url=_absolute(_string(found.get("link")) or _guid(found), blob.url),
            title=one_line(_string(found.get("title"))),
            published=published,
            published_at=published_at,
            authors=_authors(found),
            source=one_line(_string((found.get("source") or {}).get("title")) or _string(channel.get("title"))) or None,
            language=_language(channel.get("language")),
            section=next((one_line(tag["term"]) for tag in found.get("tags", ()) if _string(tag.get("term"))), None),
            updated=_string(found["updated"])[:STAMP_CHARS] if "updated" in found else "",
        )


def _json_entry(item: Mapping[str, Any], feed: Mapping[str, Any], blob: Blob) -> Entry:
    published, published_at = published_of(item.get("date_published"))
    people = item.get("authors") or [item.get("author")]
    names = (person.get("name") for person in people if isinstance(person, dict)) if isinstance(people, list) else ()
    tags = item.get("tags")
    return _entry(
        content=_string(item.get("content_html")) or _string(item.get("content_text")),
        summary=_string(item.get("summary")),
        url=_absolute(
            next((link for name in ("url", "external_url", "id") if (link := _string(item.get(name)))), None), blob.url
        ),
        title=one_line(_string(item.get("title"))),
        published=published,
        published_at=published_at,
        authors=tuple(one_line(name) for name in names if isinstance(name, str) and name.strip()),
        source=one_line(_string(feed.get("title"))) or None,
        language=_language(item.get("language") or feed.get("language")),
        section=one_line(tags[0]) if isinstance(tags, list) and tags and isinstance(tags[0], str) else None,
        updated=_string(item.get("date_modified"))[:STAMP_CHARS],
    )


def _entry(*, content: str, summary: str, **rest: Any) -> Entry:
    """An entry whose text is judged: full, or only a summary."""
    full, short = _body(content), _body(summary)
    if full and (_is_cut(full) or (not _is_whole(full) and len(full) <= len(short))):
        full, short = "", max(full, short, key=len)
    if not full and _is_whole(short) and not _is_cut(short):
        full = short
    return Entry(full_text=full, summary=short[:-_TAIL_CHARS] + _CUT.sub("…", short[-_TAIL_CHARS:]), **rest)


def _is_whole(text: str) -> bool:
    return len(text) >= FULL_TEXT_CHARS or text.count("\n\n") >= FULL_TEXT_PARAGRAPHS - 1


def _is_cut(text: str) -> bool:
    """Whether the text ends as teasers do. Only its tail is looked at: a run of a million dots must not cost time."""
    return bool(_CUT.search(text[-_TAIL_CHARS:]))


def _body(markup: str) -> str:
    try:
        text = html_paragraphs(markup) if "<" in markup else paragraphs(markup)
    except ReadError:
        return ""  # one hostile entry does not cost the others
    return text[:-_FOOT_CHARS] + _POST_APPEARED.sub("", text[-_FOOT_CHARS:]).rstrip()


def _article(entry: Entry, text: str, origin: str) -> Article:
    from ingest.read.outlets import outlet_name

    return Article(
        title=entry.title or first_sentence(text),
        text=text,
        url=entry.url,
        source=outlet_name(entry.url, entry.source),
        published=entry.published,
        published_at=entry.published_at,
        authors=entry.authors,
        language=entry.language,
        section=entry.section,
        origin=origin,
    )


def _completed(article: Article, entry: Entry) -> Article:
    """The page's article, with what only the feed knows: a feed's date stands where the page shows none."""
    dated = article.published is not None
    return replace(
        article,
        title=article.title or entry.title,
        url=article.url or entry.url,
        source=article.source or entry.source,
        published=article.published if dated else entry.published,
        published_at=article.published_at if dated else entry.published_at,
        authors=article.authors or entry.authors,
        language=article.language or entry.language,
        section=article.section or entry.section,
    )


def _published(found: Mapping[str, Any], dublin_core: bool) -> tuple[date | None, datetime | None]:
    """The published stamp; an entry's `updated` is none, unless it stands for Dublin Core's date."""
    for name in ("published", "created", "updated") if dublin_core else ("published", "created"):
        day, moment = published_of(found.get(name))
        if day:
            return day, moment
    return None, None


def _authors(found: Mapping[str, Any]) -> tuple[str, ...]:
    names: list[str] = []
    for person in found.get("authors", ()):
        name = one_line(person.get("name") or "")
        if "@" in (raw := one_line(found.get("author") or "")) and len(found.get("authors", ())) == 1:
            name = raw  # feedparser cuts addresses under long top-level domains in two
        if match := re.fullmatch(r"\S+@\S+(?:\s*\((.+)\))?", name):  # RSS: editor@example.org (Jane Doe)
            name = match[1] or ""
        names.extend(part.strip() for part in re.split(r",\s+|\s+and\s+|;\s*", name) if part.strip())
    return tuple(dict.fromkeys(names))


def _guid(found: Mapping[str, Any]) -> str:
    guid = _string(found.get("id"))
    return guid if re.match(r"https?://", guid) else ""


def _absolute(link: str | None, base: str | None) -> str | None:
    link = clean_address(urljoin(base or "", clean_address(link or "")))
    return link if re.match(r"https?://[^\s]+$", link, re.IGNORECASE) else None


def _language(code: object) -> str | None:
    match = re.match(r"\s*([A-Za-z]{2})(?:[-_]|\s*$)", code) if isinstance(code, str) else None
    return match[1].lower() if match else None


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
