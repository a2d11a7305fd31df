"""Sitemaps, news sitemaps and sitemap indexes -> the Articles behind their addresses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from bot.errors import ReadError
from ingest.read.cleaning import clean_address
from ingest.read.contract import Blob, Items, ReadBlob, ReadOptions, failed, short, skipped, with_head
from ingest.read.feed import STAMP_CHARS, Entry, items_of, safe_xml
from ingest.read.fields import Fields
from ingest.read.kinds import Kind, kind_of
from ingest.read.limits import gunzip, read_whole
from ingest.read.sources import blob_of_fetched


def read_sitemap(blob: Blob, options: ReadOptions, read_blob: ReadBlob) -> Items:
    """The articles behind a sitemap's addresses; without a network, one Outcome that says how many there are.

    A sitemap's `lastmod` is no day of publication; a news sitemap's `publication_date` is one, and stands where the
    page shows none. Raises ReadError for what cannot be parsed.
    """
    entries, sitemaps = _parse(blob, options)
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
        yield from _inner_sitemap(address, blob, options, read_blob)


def _inner_sitemap(address: str, blob: Blob, options: ReadOptions, read_blob: ReadBlob) -> Items:
    assert options.fetch is not None
    try:
        inner = blob_of_fetched(options.fetch(address))
        inner, head = with_head(replace(inner, depth=blob.depth + 1))
        if kind_of(head, inner.name) == Kind.GZIP:
            inner, head = with_head(replace(inner, stream=gunzip(inner.stream, options.limits)))
        if kind_of(head, inner.name) != Kind.SITEMAP:
            raise ReadError("the address in the sitemap index leads to no sitemap")
    except ReadError as error:
        yield failed(address, str(error))
        return
    yield from read_blob(inner, options)


def _parse(blob: Blob, options: ReadOptions) -> tuple[list[Entry], list[str]]:
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
    pages = {url: node for node in _children(root, "url") if (url := _address(node))}
    sitemaps = {url: None for node in _children(root, "sitemap") if (url := _address(node))}
    return [_entry(node, url) for url, node in islice(pages.items(), options.limits.links + 1)], list(sitemaps)


def _entry(node: Any, url: str) -> Entry:
    news = next(_children(node, "news"), None)
    publication = None if news is None else next(_children(news, "publication"), None)
    said = {
        "url": url,
        "title": _text(news, "title"),
        "published": _text(news, "publication_date"),
        "source": _text(publication, "name"),
        "language": _text(publication, "language"),
    }
    return Entry(Fields(said).article(), updated=_text(node, "lastmod")[:STAMP_CHARS])


def _address(node: Any) -> str | None:
    url = clean_address(_text(node, "loc"))
    return url if url.lower().startswith(("http://", "https://")) else None


def _children(node: Any, name: str) -> Iterator[Any]:
    """Children by their local name: sitemaps name their namespaces in many ways."""
    for child in node:
        if isinstance(child.tag, str) and child.tag.rsplit("}", 1)[-1].lower() == name:
            yield child


def _text(node: Any, name: str) -> str:
    child = None if node is None else next(_children(node, name), None)
    return "".join(child.itertext()).strip() if child is not None else ""
