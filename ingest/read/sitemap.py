"""Sitemaps, news sitemaps and sitemap indexes -> the Articles behind their addresses."""

from __future__ import annotations

from itertools import islice
from typing import Any

from bot.errors import ReadError
from ingest.read.cleaning import clean_address
from ingest.read.contract import Blob, Items, ReadBlob, ReadOptions, failed, short, skipped
from ingest.read.feed import STAMP_CHARS, Entry, fetched_items, items_of, safe_xml
from ingest.read.fields import Fields
from ingest.read.kinds import Kind
from ingest.read.limits import read_whole


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
        yield from fetched_items(address, (Kind.SITEMAP,), "sitemap", options, read_blob, depth=blob.depth + 1)


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
    pages = {url: node for node in root.iterfind("{*}url") if (url := _address(node))}
    sitemaps = {url: None for node in root.iterfind("{*}sitemap") if (url := _address(node))}
    return [_entry(node, url) for url, node in islice(pages.items(), options.limits.links + 1)], list(sitemaps)


def _entry(node: Any, url: str) -> Entry:
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
