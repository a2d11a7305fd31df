"""The reading door: files, folders, archives, feeds and addresses of any kind -> Articles, and Outcomes for the rest.

Each kind has a file of its own, loaded when it is met.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

from bot.errors import ReadError
from bot.schema import Article, Outcome
from ingest.read.cleaning import clean, clean_address, first_sentence, one_line
from ingest.read.contract import (
    Blob,
    Items,
    ReadOptions,
    failed,
    known_input,
    read_up_to,
    short,
    skipped,
    with_head,
    with_news,
)
from ingest.read.encoding import decode
from ingest.read.kinds import HEAD_BYTES, Kind, is_housekeeping, kind_of
from ingest.read.limits import Limits, check_count, read_whole
from ingest.read.sources import blob_of_fetched, files_in, is_address, opened, paths_of

if TYPE_CHECKING:
    from ingest.read.contract import Fetched

__all__ = ["Limits", "ReadOptions", "read", "read_fetched"]

log = logging.getLogger(__name__)

FILES_AT_A_TIME = 32
"""So many files of a folder are read in one go where they are read elsewhere."""
_PAGES = (Kind.PAGE_TEXT, Kind.HTML, Kind.PDF, Kind.WORD)
"""The kinds that are one article each."""
_LEADING_ON = (Kind.FEED, Kind.JSON_FEED, Kind.SITEMAP)
_READERS = {
    Kind.JSON: ("records", "read_json"),
    Kind.TABLE: ("records", "read_table"),
    Kind.PARQUET: ("records", "read_parquet"),
    Kind.FEED: ("feed", "read_feed"),
    Kind.JSON_FEED: ("feed", "read_json_feed"),
    Kind.SITEMAP: ("feed", "read_sitemap"),
    Kind.WARC: ("warc", "read_warc"),
    Kind.MAIL: ("mail", "read_mail"),
    Kind.GZIP: ("archive", "read_gzip"),
    Kind.ZIP: ("archive", "read_zip"),
    Kind.TAR: ("archive", "read_tar"),
}
"""Who reads a kind of many articles: a module, loaded when it is met, and its `contract.Reader`."""
_NOT_READ = {
    Kind.EMPTY: (failed, "it is empty"),
    Kind.BINARY: (failed, "it is binary data, and no text in any known encoding"),
    Kind.PACKED: (failed, "it is packed in a way that is not read here; unpack it, or use zip or gzip"),
    Kind.MEDIA: (skipped, "it is a picture, a recording or an older Office document, not text"),
    Kind.OTHER_TEXT: (skipped, "it is code or data, and no news"),
}

Spread: TypeAlias = Callable[
    [Callable[[Any], list[Article | Outcome]], Iterable[Any]], Iterator[list[Article | Outcome]]
]
"""What maps a function of a module over items, in their order: `bot.cluster.Cluster.map`."""

_DEFAULTS = ReadOptions()


def read(
    sources: Iterable[str], options: ReadOptions = _DEFAULTS, stdin: BinaryIO | None = None
) -> Iterator[Article | Outcome]:
    """Articles out of the sources, and an Outcome (skipped or failed, with a reason) for what is none.

    A source is a file, a folder, a glob, "-" for standard input (`stdin`, else the process's own), or an http(s)
    address, which needs `options.fetch`. Nothing that is read makes this raise, and one bad thing never stops the
    rest. Everything is streamed: memory is bounded by `options.limits`, not by the size of the sources.
    """
    for source in sources:
        origin = clean_address(source) if is_address(source) else source
        yield from _finished(_guarded(_source_items(source, options, stdin), origin), options)


def read_fetched(fetched: Fetched, options: ReadOptions = _DEFAULTS) -> Iterator[Article | Outcome]:
    """The same for what was fetched already, a feed that is followed for instance."""
    yield from _finished(_blob_items(blob_of_fetched(fetched), options), options)


def read_folder(folder: Path, options: ReadOptions, spread: Spread) -> Iterator[Article | Outcome]:
    """The same for a folder whose files `spread` has read elsewhere, some at a time and in their order.

    What leads to addresses (feeds, sitemaps) is read here, and last. What is stored already is read all the same.
    """
    sent = replace(options, fields=dict(options.fields), fetch=None, known=None, known_input=None)
    here: list[Path | Outcome] = []

    def read_elsewhere() -> Iterator[Path | Outcome]:
        for found in files_in(folder):
            if isinstance(found, Path) and _leads_on(found):
                here.append(found)
            else:
                yield found

    files = read_elsewhere()
    pieces = iter(lambda: list(islice(files, FILES_AT_A_TIME)), [])
    read_lists = chain(
        spread(_read_found, ((piece, sent) for piece in pieces)),
        (_read_found(([path], options)) for path in here),  # `here` is whole when this begins
    )
    yield from with_news(chain.from_iterable(read_lists), str(folder), "folder")


def _leads_on(path: Path) -> bool:
    try:
        with opened(path, named=False) as blob:
            return kind_of(read_up_to(blob.stream, HEAD_BYTES), blob.name, ()) in _LEADING_ON
    except (ReadError, OSError):
        return False  # reading it says what is wrong


def _read_found(work: tuple[Sequence[Path | Outcome], ReadOptions]) -> list[Article | Outcome]:
    files, options = work
    return [item for found in files for item in _finished(_found_items(found, options), options)]


def _found_items(found: Path | Outcome, options: ReadOptions) -> Items:
    """What a file of a folder holds; an outcome in its place is passed on."""
    return iter([found]) if isinstance(found, Outcome) else _guarded(_file_items(found, options), str(found))


def _source_items(source: str, options: ReadOptions, stdin: BinaryIO | None) -> Items:
    if source == "-":
        yield from _blob_items(Blob(stream=stdin or sys.stdin.buffer, name="", origin="-"), options)
    elif is_address(source):
        if not re.match(r"https?://", source, re.IGNORECASE):
            raise ReadError("only http and https addresses are fetched")
        if options.fetch is None:
            raise ReadError("reading an address needs the network, which is off here")
        yield from _blob_items(blob_of_fetched(options.fetch(source)), options)
    else:
        for path in paths_of(source):
            if path.is_dir():
                items = chain.from_iterable(_found_items(found, options) for found in files_in(path))
                yield from _guarded(with_news(items, str(path), "folder"), str(path))
            else:
                yield from _guarded(_file_items(path, options, named=True), str(path))


def _file_items(path: Path, options: ReadOptions, *, named: bool = False) -> Items:
    with opened(path, named=named) as blob:
        yield from _blob_items(blob, options)


def _blob_items(blob: Blob, options: ReadOptions) -> Items:
    """Find the kind and hand the blob to its reader; containers call this again for their members."""
    yield from _guarded(_sniffed_items(blob, options), blob.origin)


def _sniffed_items(blob: Blob, options: ReadOptions) -> Items:
    if blob.depth > options.limits.depth:
        yield failed(blob.origin, f"it lies more than {options.limits.depth} archives deep and was not opened")
        return
    if not blob.named and is_housekeeping(blob.name):
        yield skipped(blob.origin, "by its name it describes the folder and is no news")
        return
    blob, head = with_head(blob)
    kind = kind_of(head, blob.name, options.fields.values())
    if kind in _NOT_READ:
        make, reason = _NOT_READ[kind]
        yield make(blob.origin, reason)
    elif kind in _PAGES:
        yield _page(kind, blob, options)
    else:
        module, name = _READERS[kind]
        yield from getattr(import_module(f"ingest.read.{module}"), name)(blob, options, _blob_items)


def _page(kind: Kind, blob: Blob, options: ReadOptions) -> Article | Outcome:
    """The article of a page, or what is known of it, or an Outcome where it holds none. Raises ReadError as readers."""
    limits = options.limits
    most_bytes = {Kind.HTML: limits.page_bytes, Kind.PAGE_TEXT: limits.text_bytes}.get(kind, limits.whole_bytes)
    data = read_whole(blob.stream, most_bytes)
    digest, known = known_input(data, blob.origin, options, kind.value, blob.url, blob.charset)
    if known:
        return known
    if kind is Kind.HTML:
        from ingest.read.html import read_html

        check_count(data.count(b"<"), limits.page_tags, "tags")
        reader = partial(read_html, data, content_type_charset=blob.charset)
    else:
        from ingest.read.documents import document_text
        from ingest.read.dumps.page import read_page_text

        try:
            text = clean(decode(data, blob.charset) if kind is Kind.PAGE_TEXT else document_text(kind, data, limits))
        except ImportError:
            return skipped(blob.origin, f'{kind.value} is read by an extra: pip install "newsbot[documents]"')
        if not text.strip() and kind is Kind.PAGE_TEXT:
            raise ReadError("it is empty")
        if not text.strip():
            return skipped(blob.origin, "it holds no text; of pictures of pages, text recognition (OCR) makes some")
        check_count(sum(map(bool, map(str.strip, text.split("\n")))), limits.text_lines, "lines")
        reader = partial(read_page_text, text)
    try:
        return replace(reader(origin=blob.origin, url=blob.url, source=options.source), input_digest=digest)
    except ReadError as error:
        return skipped(blob.origin, str(error))


def _guarded(items: Items, origin: str) -> Items:
    """The items; an error becomes the last of them."""
    try:
        yield from items
    except ReadError as error:
        yield failed(origin, str(error))
    except Exception as error:
        # Parsers of foreign formats raise what they like on hostile input; the rest must go on all the same.
        log.debug("cannot read %s", origin, exc_info=True)
        yield failed(origin, f"it cannot be read ({type(error).__name__}: {short(error)})")


def _finished(items: Items, options: ReadOptions) -> Items:
    """The items, each article made fit to store."""
    for item in items:
        yield _fit(item, options) if isinstance(item, Article) else item


def _fit(article: Article, options: ReadOptions) -> Article | Outcome:
    """The article in clean text, with the outlet and the language that it lacks found, or why it is none."""
    from ingest.read.language import language_of
    from ingest.read.outlets import outlet_name

    title, text = one_line(article.title), clean(article.text).strip()
    if not text:
        return skipped(article.origin, "it has no text", title)
    if len(text) > options.limits.article_chars:
        reason = f"its text is longer than {options.limits.article_chars:,} characters, which no article is"
        return failed(article.origin, reason, title[:200])
    url = clean_address(article.url or "") or None
    return replace(
        article,
        title=title or first_sentence(text),
        text=text,
        url=url,
        source=options.source or one_line(article.source or "") or outlet_name(url),
        language=article.language or language_of(text),
        authors=tuple(name for author in article.authors if (name := one_line(author))),
        section=one_line(article.section or "") or None,
    )
