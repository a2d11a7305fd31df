"""Feeds and sitemaps -> Articles: RSS, Atom, JSON Feed; the full text of an entry, or of the page behind its link."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any
from urllib.parse import urljoin

from bot.errors import ReadError
from bot.schema import Article, Outcome, OutcomeKind
from ingest.read.cleaning import clean_address
from ingest.read.contract import Blob, Items, ReadBlob, ReadOptions, failed, short, skipped, with_head
from ingest.read.encoding import decode
from ingest.read.fields import Fields, filled
from ingest.read.kinds import WEB_PAGES, Kind, kind_of
from ingest.read.limits import check_count, gunzip, read_whole
from ingest.read.markup import html_paragraphs, paragraphs
from ingest.read.outlets import outlet_name
from ingest.read.sources import blob_of_fetched

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


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed or sitemap: `article` has its full text, or none where that must be fetched."""

    article: Article
    summary: str = ""
    updated: str = ""
    """The feed's stamp of the entry's last change, as it stands there: compared, never shown."""


def read_feed(blob: Blob, options: ReadOptions, read_blob: ReadBlob) -> Items:
    """RSS or Atom -> an Article or an Outcome for each entry. Raises ReadError for what is no feed or hostile."""
    data = read_whole(blob.stream, options.limits.feed_bytes)
    check_count(data.count(b"<") + data.count(b"&lt;"), options.limits.feed_tags, "tags")
    yield from _entries_read(_xml_entries(data, blob), blob, options, read_blob)


def read_json_feed(blob: Blob, options: ReadOptions, read_blob: ReadBlob) -> Items:
    """JSON Feed -> an Article or an Outcome for each item. Raises ReadError where it is not JSON."""
    try:
        feed = json.loads(decode(read_whole(blob.stream, options.limits.feed_bytes)), strict=False)
    except (ValueError, RecursionError) as error:
        raise ReadError(f"it is not valid JSON ({short(error)})") from error
    found = feed.get("items") if isinstance(feed, dict) else None
    items = found if isinstance(found, list) else []
    yield from _entries_read((_json_entry(item, feed, blob) for item in items), blob, options, read_blob)


def _entries_read(entries: Iterable[Entry], blob: Blob, options: ReadOptions, read_blob: ReadBlob) -> Items:
    number = 0
    for number, entry in enumerate(entries, 1):
        if number > options.limits.links:
            yield failed(blob.origin, f"only the first {options.limits.links:,} of its entries were read")
            return
        yield from items_of(entry, f"{blob.origin}:{number}", options, read_blob)
    if not number:
        yield skipped(blob.origin, "the feed has no entries")


def items_of(entry: Entry, origin: str, options: ReadOptions, read_blob: ReadBlob) -> Items:
    """The article of an entry: its own full text, else the page behind its link, else, if wanted, its summary."""
    said = replace(entry.article, origin=origin)
    if said.text:
        yield said
        return
    reason = "the feed gives no text and no link for this entry"
    if said.url and options.fetch:
        if options.known is not None and options.known(said.url, entry.updated):
            yield Outcome(kind=OutcomeKind.UNCHANGED, origin=said.url, title=said.title)
            return
        outcome: Outcome | None = None
        # The entry has a say in what the article is: the page's bytes alone do not tell whether it is known.
        for item in fetched_items(said.url, WEB_PAGES, "page", replace(options, known_input=None), read_blob):
            if isinstance(item, Article):
                yield replace(filled(item, said), input_digest="")
                return
            outcome = item
        if outcome and not (options.summaries and entry.summary):
            yield replace(outcome, title=outcome.title or said.title)
            return
    elif said.url:
        reason = "the feed gives only a summary; let the page behind the link be fetched, or keep it with --summaries"
    if options.summaries and entry.summary:
        yield replace(said, text=entry.summary)
    else:
        yield skipped(origin, reason, said.title)


def fetched_items(
    url: str, kinds: tuple[Kind, ...], what: str, options: ReadOptions, read_blob: ReadBlob, depth: int = 0
) -> Items:
    """What is behind a link, packed or not; one Outcome where it cannot be fetched or is of another kind.

    A feed's link to another feed, a sitemap or an archive is not followed: links must not multiply.
    """
    assert options.fetch is not None
    try:
        blob, head = with_head(replace(blob_of_fetched(options.fetch(url)), depth=depth))
        if kind_of(head, blob.name) is Kind.GZIP:
            blob, head = with_head(replace(blob, stream=gunzip(blob.stream, options.limits)))
    except ReadError as error:
        yield failed(url, str(error))
        return
    kind = kind_of(head, blob.name)
    if kind in kinds:
        yield from read_blob(blob, options)
    else:
        yield skipped(url, f"the link leads to {kind.value}, and no {what}")


def safe_xml(data: bytes, charset: str | None = None) -> bytes:
    """The XML document as UTF-8 without its declaration, so that no parser reads it in another encoding than we did.

    Raises ReadError where it declares entities: news never does, entity bombs do.
    """
    declared = match[1].decode("ascii") if (match := _DECLARED.search(data[:400])) else None
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
        raise ReadError(f"it is no feed that can be read ({type(error).__name__}: {short(error)})") from error
    # feedparser files Dublin Core's date under "updated"; in RSS it is the day of publication.
    dublin_core = feed.version.startswith("rss") and b"<dc:date" in data and b"updated>" not in data
    if not feed.version and not feed.entries:
        raise ReadError(f"it is no feed that can be read ({str(feed.get('bozo_exception', 'no entries'))[:160]})")
    for found in feed.entries:
        contents = [_string(part.get("value")) for part in found.get("content", ())]
        summary = _string(found.get("summary"))
        content = max(contents, key=len, default="")
        if content == summary:  # an Atom entry's content, repeated by feedparser; in RSS a teaser given twice
            content, summary = (content, "") if feed.version.startswith("atom") else ("", summary)
        guid = _string(found.get("id"))
        stamps = ("published", "created", "updated") if dublin_core else ("published", "created")
        people = found.get("authors", ())
        said = {
            "url": _string(found.get("link")) or (guid if re.match(r"https?://", guid) else ""),
            "title": found.get("title"),
            "published": next((stamp for name in stamps if (stamp := found.get(name))), None),
            "authors": [found.get("author")] if len(people) == 1 else [one.get("name") for one in people],
            "source": (found.get("source") or {}).get("title") or feed.feed.get("title"),
            "language": feed.feed.get("language"),
            "section": next((tag["term"] for tag in found.get("tags", ()) if tag.get("term")), None),
        }
        # Its `get` would give the day of publication in place of a stamp that is missing.
        yield _entry(said, content, summary, blob, found["updated"] if "updated" in found else "")  # noqa: SIM401


def _json_entry(item: object, feed: Mapping[str, Any], blob: Blob) -> Entry:
    said = item if isinstance(item, dict) else {}
    tags = said.get("tags")
    fields = {
        **said,
        "url": next((link for name in ("url", "external_url", "id") if (link := _string(said.get(name)))), ""),
        "source": feed.get("title"),
        "language": said.get("language") or feed.get("language"),
        "section": tags[0] if isinstance(tags, list) and tags else None,
    }
    content = _string(said.get("content_html")) or _string(said.get("content_text"))
    return _entry(fields, content, _string(said.get("summary")), blob, said.get("date_modified"))


def _entry(said: Mapping[str, Any], content: str, summary: str, blob: Blob, updated: object) -> Entry:
    """An entry whose text is judged: full, or only a summary."""
    full, short = _body(content), _body(summary)
    if full and (_is_cut(full) or (not _is_whole(full) and len(full) <= len(short))):
        full, short = "", max(full, short, key=len)
    if not full and _is_whole(short) and not _is_cut(short):
        full = short
    link = urljoin(blob.url or "", clean_address(_string(said.get("url"))))
    article = Fields({**said, "url": link}).article(text=full)
    return Entry(
        replace(article, source=outlet_name(article.url, article.source)),
        short[:-_TAIL_CHARS] + _CUT.sub("…", short[-_TAIL_CHARS:]),
        _string(updated)[:STAMP_CHARS],
    )


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


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def read_sitemap(blob: Blob, options: ReadOptions, read_blob: ReadBlob) -> Items:
    """The articles behind a sitemap's addresses; without a network, one Outcome that says how many there are.

    A sitemap's `lastmod` is no day of publication; a news sitemap's `publication_date` is one, and stands where the
    page shows none. Raises ReadError for what cannot be parsed.
    """
    entries, sitemaps = _sitemap_entries(blob, options)
    if options.fetch is None:
        what = f"{len(sitemaps)} sitemaps" if sitemaps else f"{len(entries)} addresses"
        yield skipped(blob.origin, f"the sitemap lists {what} and no text; they need to be fetched")
        return
    if not entries and not sitemaps:
        yield skipped(blob.origin, "the sitemap lists no address")
    for entry in entries[: options.limits.links]:
        yield from items_of(entry, entry.article.url or blob.origin, options, read_blob)
    if len(entries) > options.limits.links:
        yield failed(blob.origin, f"only the first {options.limits.links:,} of its addresses were fetched")
    for address in sitemaps:
        yield from fetched_items(address, (Kind.SITEMAP,), "sitemap", options, read_blob, depth=blob.depth + 1)


def _sitemap_entries(blob: Blob, options: ReadOptions) -> tuple[list[Entry], list[str]]:
    from lxml import etree

    data = safe_xml(read_whole(blob.stream, options.limits.whole_bytes), blob.charset)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True, encoding="utf-8"
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ReadError(f"it is no sitemap that can be read ({short(error)})") from error
    if root is None:
        raise ReadError("it is no sitemap that can be read")
    pages = {url: node for node in root.iterfind("{*}url") if (url := _address(node))}
    sitemaps = {url: None for node in root.iterfind("{*}sitemap") if (url := _address(node))}
    return [_sitemap_entry(node, url) for url, node in islice(pages.items(), options.limits.links + 1)], list(sitemaps)


def _sitemap_entry(node: Any, url: str) -> Entry:
    said = {
        "url": url,
        "title": node.findtext("{*}news/{*}title"),
        "published": node.findtext("{*}news/{*}publication_date"),
        "source": node.findtext("{*}news/{*}publication/{*}name"),
        "language": node.findtext("{*}news/{*}publication/{*}language"),
    }
    return Entry(Fields(said).article(), updated=node.findtext("{*}lastmod", "").strip()[:STAMP_CHARS])


def _address(node: Any) -> str | None:
    url = clean_address(node.findtext("{*}loc", ""))
    return url if url.lower().startswith(("http://", "https://")) else None
