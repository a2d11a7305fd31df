"""The caps on what is read, and the streams that keep them: hostile input costs a sentence, never the memory."""

from __future__ import annotations

import codecs
import gzip
import io
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from bot.errors import ReadError
from ingest.read.encoding import encoding_of_stream

MIB = 1024 * 1024
CHUNK_BYTES = 64 * 1024
SPOOL_IN_MEMORY_BYTES = 8 * MIB
BOMBS_AN_ARCHIVE = 16
"""So many bombs among its members cost an archive only those; what holds more is not read on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Caps with defaults that no real news input reaches.

    `text_bytes` holds for one page of text, `page_bytes` for one of HTML and `feed_bytes` for one feed. Their readers
    take time for each line or tag: about 0.1 ms for a line, 0.2 ms for a tag of a page and 0.03 ms for a tag of a
    feed. So `text_lines`, `page_tags` and `feed_tags` bound it; real pages have up to 5,000. `document_bytes` holds
    for one record or line, `whole_bytes` for one JSON object or sitemap and for what is fetched, which are held whole.

    A stream that expands past `bomb_bytes` at more than `bomb_ratio` times its compressed size is a bomb: text
    compresses 3 to 20 times. `members` holds for all that lies in one archive, at any depth. `depth` counts archives
    inside archives and sitemaps inside sitemaps, `links` the entries of one feed or sitemap.
    """

    text_bytes: int = 2 * MIB
    page_bytes: int = 8 * MIB
    feed_bytes: int = 16 * MIB
    text_lines: int = 20_000
    page_tags: int = 50_000
    feed_tags: int = 250_000
    document_bytes: int = 16 * MIB
    whole_bytes: int = 64 * MIB
    article_chars: int = 2_000_000
    bomb_bytes: int = 32 * MIB
    bomb_ratio: int = 200
    spool_bytes: int = 4096 * MIB
    members: int = 1_000_000
    directory_bytes: int = 32 * MIB
    depth: int = 4
    links: int = 50_000


def megabytes(size: int) -> str:
    """A size as a person reads it: "16 MB"."""
    return f"{size / MIB:.0f} MB" if size >= MIB else f"{size / 1024:.0f} kB"


def read_whole(stream: BinaryIO, limit_bytes: int) -> bytes:
    """All bytes of the stream. Raises ReadError where there are more than `limit_bytes`."""
    parts: list[bytes] = []
    size = 0
    while part := stream.read(CHUNK_BYTES):
        size += len(part)
        if size > limit_bytes:
            raise ReadError(f"it is larger than {megabytes(limit_bytes)}, the limit for one document")
        parts.append(part)
    return b"".join(parts)


def lines(stream: BinaryIO, limit_bytes: int) -> Iterator[bytes | None]:
    """The lines of the stream without their line ends; None stands for a line longer than `limit_bytes`.

    A long line is passed over in pieces, so the memory in use never grows past the limit.
    """
    while line := stream.readline(limit_bytes + 2):
        content = line.removesuffix(b"\n").removesuffix(b"\r") if line.endswith(b"\n") else line
        while line and not line.endswith(b"\n") and len(content) > limit_bytes:
            line = stream.readline(CHUNK_BYTES)
        yield content if len(content) <= limit_bytes else None


@dataclass(slots=True)
class Budget:
    """What one outermost archive may cost with all that lies in it, at any depth: each archive in an archive may keep
    its own caps while together they go on for days. `packed_bytes` is the size of the outermost one, as far as known.
    """

    limits: Limits
    packed_bytes: int = 0
    unpacked_bytes: int = 0
    members: int = 0
    is_spent: bool = False

    def counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The bytes of the outermost archive, counted as they are read."""
        for chunk in chunks:
            self.packed_bytes += len(chunk)
            yield chunk

    def unpacked(self, chunks: Iterator[bytes], packed_bytes: Callable[[], int]) -> Iterator[bytes]:
        """The bytes that one stream unpacks to, which was `packed_bytes()` until now.

        Raises ReadError where they can only be a bomb, or are too many for what the outermost archive holds.
        """
        size_bytes = 0
        limits = self.limits
        for chunk in chunks:
            size_bytes += len(chunk)
            self.unpacked_bytes += len(chunk)
            if size_bytes > limits.bomb_bytes and size_bytes > packed_bytes() * limits.bomb_ratio:
                ratio = f"{limits.bomb_ratio} times its size"
                raise ReadError(f"it expands to more than {ratio}, as decompression bombs do; reading stopped")
            most = max(BOMBS_AN_ARCHIVE * limits.bomb_bytes, self.packed_bytes * limits.bomb_ratio)
            if self.unpacked_bytes > most:
                self.is_spent = True
                raise ReadError(
                    f"all that lies in it unpacks to more than {megabytes(most)}, as in decompression bombs"
                )
            yield chunk

    def enter(self, members: int) -> None:
        """Count members. Raises ReadError where there are too many."""
        self.members += members
        if self.members > self.limits.members:
            self.is_spent = True
            raise ReadError(f"it holds more than {self.limits.members:,} members; unpack it into a folder")


def check_count(count: int, limit: int, what: str) -> None:
    """Raise ReadError where there are more lines or tags than any real input has."""
    if count > limit:
        raise ReadError(f"it has more than {limit:,} {what}, and was not read; no real one has so many")


def gunzip(stream: BinaryIO, limits: Limits, budget: Budget | None = None) -> BinaryIO:
    """The bytes inside a gzip stream of one or many members, guarded against bombs, and counted in the `budget`.

    Reading raises ReadError where the data is corrupt, cut off, or expands beyond reason.
    """
    packed = Budget(limits)
    return stream_of(_inflate(stream_of(packed.counted(chunks_of(stream))), packed, budget or packed))


def stream_of(chunks: Iterator[bytes]) -> BinaryIO:
    """A forward-only binary stream over chunks that are made while it is read.

    A ReadError of the chunks comes after the bytes before it were given, and again at each further read.
    """
    return cast(BinaryIO, io.BufferedReader(_Chunks(chunks), CHUNK_BYTES))


def chunks_of(stream: BinaryIO) -> Iterator[bytes]:
    """The rest of a stream in pieces; each is given before the next is asked for, which may raise."""
    while chunk := cast(io.BufferedReader, stream).read1(CHUNK_BYTES):
        yield chunk


def as_utf8(stream: BinaryIO, head: bytes) -> BinaryIO:
    """The stream in UTF-8 without a mark, where its `head` shows UTF-16 or UTF-32; else the stream without its mark."""
    mark, encoding = encoding_of_stream(head)
    stream.read(len(mark))
    return stream if encoding == "utf-8" else stream_of(_recoded(stream, encoding))


def _recoded(stream: BinaryIO, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for chunk in chunks_of(stream):
        yield decoder.decode(chunk).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def spooled(stream: BinaryIO, limits: Limits) -> BinaryIO:
    """The stream as one that can seek, through a nameless temporary file that vanishes when it is closed.

    Raises ReadError where it is larger than `limits.spool_bytes`.
    """
    if stream.seekable():
        return stream
    spool = tempfile.SpooledTemporaryFile(max_size=SPOOL_IN_MEMORY_BYTES)  # noqa: SIM115 - the caller closes it
    size = 0
    while part := stream.read(CHUNK_BYTES):
        size += len(part)
        if size > limits.spool_bytes:
            spool.close()
            raise ReadError(f"it is larger than {megabytes(limits.spool_bytes)}; unpack it into a folder first")
        spool.write(part)
    spool.seek(0)
    return cast(BinaryIO, spool)


def _inflate(stream: BinaryIO, packed: Budget, budget: Budget) -> Iterator[bytes]:
    try:
        with gzip.GzipFile(fileobj=stream) as inner:
            yield from budget.unpacked(chunks_of(cast(BinaryIO, inner)), lambda: packed.packed_bytes)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        reason = f"its gzip data is corrupt or cut off ({error}); what came before was read"
        raise ReadError(f"{reason}. Copy or download it again") from error


class _Chunks(io.RawIOBase):
    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = memoryview(b"")
        self._error: ReadError | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            if self._error:
                raise self._error
            try:
                chunk = next(self._chunks, None)
            except ReadError as error:
                self._error = error
                raise
            if chunk is None:
                return 0
            self._left = memoryview(chunk)
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size
