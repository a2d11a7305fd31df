"""WARC web archives (CC-NEWS) -> Articles: each successful response that holds a page, one at a time."""

from __future__ import annotations

import io
import logging
from dataclasses import replace
from email.message import Message
from types import SimpleNamespace
from typing import Any, BinaryIO, cast

from bot.errors import ReadError
from ingest.read.contract import Blob, Items, ReadBlob, ReadOptions, failed, short, skipped
from ingest.read.kinds import HEAD_BYTES, Kind, kind_of
from ingest.read.limits import Limits, gunzip, read_whole

HEADER_BYTES = 64 * 1024
"""The longest line and the longest header of a record; warcio would collect one of any length."""
_PAGE_TYPES = ("text/html", "application/xhtml+xml", "text/plain")


def read_warc(blob: Blob, options: ReadOptions, read_blob: ReadBlob) -> Items:
    """The pages of a WARC file, gzipped or not (the door has unpacked it). Requests, robots and pictures are counted
    in one Outcome at the end; a record that is too large or broken costs only itself."""
    from warcio.exceptions import ArchiveLoadFailed
    from warcio.statusandheaders import StatusAndHeadersParserException

    number = pages = others = 0
    records = iter(_records(blob.stream))
    while True:
        try:
            record = next(records, None)
        except (ArchiveLoadFailed, StatusAndHeadersParserException, EOFError, ValueError) as error:
            reason = f"its WARC data is broken after record {number} ({short(error)}); what came before was read"
            yield failed(blob.origin, reason)
            return
        if record is None:
            break
        number += 1
        url = (record.rec_headers.get_header("WARC-Target-URI") or "").strip("<>")
        origin = f"{blob.origin}:{number}"
        if record.rec_type != "response" or not url.lower().startswith(("http://", "https://")):
            others += 1
            continue
        try:
            headers, body = _response(record, options.limits)
            content_type, charset = _content_type(headers)
            if not (headers.get_statuscode() or "").startswith("2") or content_type not in _PAGE_TYPES:
                others += 1
                continue
            pages += 1
            data = _payload(headers, body, options.limits)
        except ReadError as error:
            yield failed(origin, f"{error} ({url[:300]})")
            continue
        page = replace(
            blob,
            stream=io.BytesIO(data),
            name="",
            origin=origin,
            url=url,
            charset=charset,
            named=True,
        )
        if (kind := kind_of(data[:HEAD_BYTES])) in (Kind.HTML, Kind.PAGE_TEXT, Kind.EMPTY):
            yield from read_blob(page, options)
        else:
            yield skipped(origin, f"the page turns out to be {kind.value} ({url[:300]})")
    if not pages:
        yield failed(blob.origin, f"none of its {number} records holds a page")
    elif others:
        yield skipped(blob.origin, f"{others} of its {number} records hold no page (requests, pictures, errors)")


def _records(stream: BinaryIO) -> Any:
    from warcio.archiveiterator import ArchiveIterator
    from warcio.bufferedreaders import BufferedReader
    from warcio.exceptions import ArchiveLoadFailed

    class Lines(BufferedReader):  # type: ignore[misc, unused-ignore]
        """warcio's reader, with an end to every line and every header."""

        header_bytes = 0

        def readline(self, length: int | None = None) -> bytes:
            line: bytes = super().readline(min(length or HEADER_BYTES, HEADER_BYTES))
            self.header_bytes += len(line)
            if self.header_bytes > HEADER_BYTES:
                raise ArchiveLoadFailed("the header of a record is too long")
            return line

    class Records(ArchiveIterator):  # type: ignore[misc, unused-ignore]
        """warcio's iterator, finding the next record by its first line where a length was wrong, without printing."""

        def _consume_blanklines(self) -> tuple[bytes | None, int]:
            passed = 0
            self.reader.header_bytes = 0
            while line := self.reader.readline():
                if line.startswith(b"WARC/"):
                    return line, passed
                passed += len(line)
                self.reader.header_bytes = 0
            return None, passed

    logging.getLogger("warcio").setLevel(logging.ERROR)  # it warns of every address with a space in it
    records = Records(stream, no_record_parse=True)
    # In pieces, so that an error comes after all that stands before it.
    records.reader = Lines(SimpleNamespace(read=cast(io.BufferedReader, stream).read1))
    return records


def _response(record: Any, limits: Limits) -> tuple[Any, bytes]:
    """The HTTP headers of a record, and the bytes after them. Raises ReadError where they are too many or broken."""
    from warcio.statusandheaders import StatusAndHeadersParser

    # All is read under the cap before anything is parsed: warcio would allocate whatever a record says it holds.
    raw = io.BytesIO(read_whole(record.raw_stream, limits.page_bytes))
    if getattr(record.raw_stream, "limit", 0) > 0:
        raise ReadError("the page is cut off")
    try:
        headers = StatusAndHeadersParser(["HTTP/"], verify=False).parse(raw)
    except EOFError:
        raise ReadError("the record is empty") from None
    return headers, raw.read()


def _payload(headers: Any, body: bytes, limits: Limits) -> bytes:
    """The page as the server meant it. Raises ReadError where it is packed in a way that is not read, or a bomb."""
    from warcio.bufferedreaders import ChunkedDataReader

    if (headers.get_header("Transfer-Encoding") or "").strip().lower() == "chunked":
        body = ChunkedDataReader(io.BytesIO(body)).read()
    encoding = (headers.get_header("Content-Encoding") or "").strip().lower()
    if encoding in ("gzip", "x-gzip") and body.startswith(b"\x1f\x8b"):
        return read_whole(gunzip(io.BytesIO(body), limits), limits.page_bytes)
    if encoding in ("br", "zstd", "deflate", "compress") and b"<" not in body[:4096] and not body[:4096].isascii():
        raise ReadError(f"the page is compressed with {encoding}, which is not read")
    return body


def _content_type(headers: Any) -> tuple[str, str | None]:
    """The type and the charset that the server gave; HTML where it gave no type."""
    message = Message()
    message["Content-Type"] = headers.get_header("Content-Type") or "text/html"
    return message.get_content_type(), message.get_content_charset()
