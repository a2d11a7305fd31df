"""The contract of all readers: a Blob goes in, Articles and Outcomes come out."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import metadata
from itertools import chain
from types import MappingProxyType
from typing import Any, BinaryIO, cast

from bot.errors import ReadError
from bot.schema import Article, Outcome, OutcomeKind
from ingest.read.kinds import HEAD_BYTES
from ingest.read.limits import Budget, Limits, chunks_of, stream_of

Items = Iterator[Article | Outcome]
READING_VERSION = 7
"""Part of every digest, as the version of newsbot is: raise it when readers make something else of the same bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What an address gave. `status` is 200, or 304 with no data where nothing changed since the last time.

    `etag` and `last_modified` are to be given back at the next fetch, verbatim.
    """

    url: str
    final_url: str
    status: int
    charset: str | None = None
    data: bytes = b""
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How sources are read.

    `source` is an outlet name given by the person: it wins over every name that is found. `fields` maps our field
    names to those of the records at hand ({"text": "maintext"}). `summaries` keeps a feed's summary where the full
    text is missing. `fetch` gets the page behind a link, raising `bot.errors.ReadError`; None means that nothing is
    fetched. `known` says of a page that a feed or sitemap leads to, by its address and the stamp of its last change
    ("" where there is none), whether it need not be fetched; None means that nothing is known. `known_input` says of
    the digest of an input what is stored of it, if it is stored as it was read: then it is not read again
    (`Catalog.known_input`). `limits` are the caps of everything.
    """

    source: str | None = None
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    summaries: bool = False
    fetch: Callable[[str], Fetched] | None = None
    known: Callable[[str, str], bool] | None = None
    known_input: Callable[[str], Outcome | None] | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """One run of bytes to read, and what is known about it from outside.

    `name` is the last part of the path (its ending is a hint), `origin` is how a person finds it again, `url` is the
    address it was fetched from. `stream` reads forward only, unless `seekable()`. `named` is True where a person
    asked for this very thing, False where it was found in a folder or an archive. `depth` counts the archives and
    sitemaps around it; `budget` is what is left to all that lies in the outermost archive.
    """

    stream: BinaryIO
    name: str
    origin: str
    url: str | None = None
    charset: str | None = None
    named: bool = True
    depth: int = 0
    budget: Budget | None = None


ReadBlob = Callable[[Blob, ReadOptions], Items]
"""How containers hand their members back to the door."""
Reader = Callable[[Blob, ReadOptions, ReadBlob], Items]
"""What reads a kind of input that holds many articles. It raises ReadError for what cannot be read at all."""


def with_head(blob: Blob, size: int = HEAD_BYTES) -> tuple[Blob, bytes]:
    """The first `size` bytes of the blob, and a blob that still starts with them."""
    start = blob.stream.tell() if blob.stream.seekable() else None
    head = read_up_to(blob.stream, size)
    if start is not None:
        blob.stream.seek(start)
        return blob, head
    return replace(blob, stream=stream_of(chain((head,), chunks_of(blob.stream)))), head


def read_up_to(stream: BinaryIO, size: int) -> bytes:
    """`size` bytes, or all that are left: a short read of a pipe is not the end.

    An error after the first byte waits: the stream raises it again at the next read, after what came before was used.
    """
    found = b""
    while len(found) < size:
        try:
            part = cast(io.BufferedReader, stream).read1(size - len(found))
        except ReadError:
            if not found:
                raise
            break
        if not part:
            break
        found += part
    return found


def known_input(
    data: bytes | Mapping[str, Any], origin: str, options: ReadOptions, *context: str | None
) -> tuple[str, Outcome | None]:
    """The digest of a page's bytes or of a record, and how it is read; and what is stored of it since it was read so.

    `context` is what else the reader was told of it. The digest has 32 hexadecimal characters.
    """
    how = (_version(), READING_VERSION, options.source, options.summaries, sorted(options.fields.items()), *context)
    digest = hashlib.blake2b(repr(how).encode("utf-8", "surrogatepass"), digest_size=16)
    if not isinstance(data, bytes):
        data = json.dumps(data, ensure_ascii=False, default=repr).encode("utf-8", "surrogatepass")
    digest.update(data)
    found = options.known_input(digest.hexdigest()) if options.known_input else None
    return digest.hexdigest(), replace(found, origin=origin) if found else None


@cache
def _version() -> str:
    return metadata.version("newsbot")


def skipped(origin: str, reason: str, title: str = "") -> Outcome:
    """Nothing to store, and nothing wrong."""
    return Outcome(kind=OutcomeKind.SKIPPED, origin=origin, reason=reason, title=title)


def failed(origin: str, reason: str, title: str = "") -> Outcome:
    """Something is wrong with the input."""
    return Outcome(kind=OutcomeKind.FAILED, origin=origin, reason=reason, title=title)


def with_news(items: Items, origin: str, what: str) -> Items:
    """The items of a folder or an archive, and a failure where no article is among them, new or known."""
    articles = 0
    for item in items:
        articles += isinstance(item, Article) or item.kind is OutcomeKind.UNCHANGED
        yield item
    if not articles:
        yield failed(origin, f"the {what} holds no article that could be read")


def short(error: Exception) -> str:
    """What a library says of an error, fit for a reason: one line of it."""
    return " ".join(str(error).split())[:160] or type(error).__name__
