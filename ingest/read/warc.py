"""WARC web archives (CC-NEWS) -> Articles: each successful response that holds a page, one at a time.

Knows nothing about pages: they are handed back to the door with the address they were fetched from.
"""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any, BinaryIO

from bot.errors import ReadError
from ingest.read.contract import Blob, Items, ReadBlob, ReadOptions, failed, skipped
from ingest.read.limits import Limits, gunzip, megabytes, read_whole

HEADER_LINE_BYTES = 64 * 1024
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
            reason = f"its WARC data is broken after record {number} ({_short(error)}); what came before was read"
            yield failed(blob.origin, reason)
            return
        if record is None:
            break
        number += 1
        if not _is_page(record):
            others += 1
            continue
        pages += 1
        url = record.rec_headers.get_header("WARC-Target-URI", "").strip("<>")
        origin = f"{blob.origin}:{number}"
        try:
            data, charset = _payload(record, options.limits)
        except ReadError as error:
            yield failed(origin, f"{error} ({url})")
            continue
        page = replace(
            blob,
            stream=io.BytesIO(data),
            name="",
            origin=origin,
            url=url or None,
            charset=charset,
            content_type=record.http_headers.get_header("Content-Type"),
            named=True,
            depth=blob.depth + 1,
        )
        yield from read_blob(page, options)
    if not pages:
        yield failed(blob.origin, f"none of its {number} records holds a page")
    elif others:
        yield skipped(blob.origin, f"{others} of its {number} records hold no page (requests, pictures, errors)")


def _records(stream: BinaryIO) -> Any:
    from warcio.archiveiterator import ArchiveIterator
    from warcio.bufferedreaders import BufferedReader

    class Lines(BufferedReader):  # type: ignore[misc, unused-ignore]
        """warcio's reader, with an end to every line: its own would collect a header line of any length."""

        def readline(self, length: int | None = None) -> bytes:
            line: bytes = super().readline(min(length or HEADER_LINE_BYTES, HEADER_LINE_BYTES))
            return line

    class Records(ArchiveIterator):  # type: ignore[misc, unused-ignore]
        """warcio's iterator, finding the next record by its first line where a length was wrong, without printing."""

        def _consume_blanklines(self) -> tuple[bytes | None, int]:
            passed = 0
            while line := self.reader.readline():
                if line.startswith(b"WARC/"):
                    return line, passed
                passed += len(line)
            return None, passed

    records = Records(stream)
    records.reader = Lines(records.fh)
    return records


def _is_page(record: Any) -> bool:
    if record.rec_type != "response" or record.http_headers is None:
        return False
    status = record.http_headers.get_statuscode() or ""
    kind = (record.http_headers.get_header("Content-Type") or "text/html").split(";")[0].strip().lower()
    return status.startswith("2") and kind in _PAGE_TYPES


def _payload(record: Any, limits: Limits) -> tuple[bytes, str | None]:
    """The body as the server meant it, and the charset that it named. Raises ReadError where it is too large."""
    from warcio.bufferedreaders import ChunkedDataReader

    headers = record.http_headers
    # The length is capped before chunks are joined: warcio would allocate whatever a chunk says it holds.
    raw = read_whole(record.raw_stream, limits.document_bytes)
    if getattr(record.raw_stream, "limit", 0) > 0:
        raise ReadError("the page is cut off")
    if (headers.get_header("Transfer-Encoding") or "").strip().lower() == "chunked":
        raw = ChunkedDataReader(io.BytesIO(raw)).read()
    encoding = (headers.get_header("Content-Encoding") or "").strip().lower()
    if encoding in ("gzip", "x-gzip") and raw.startswith(b"\x1f\x8b"):
        raw = read_whole(gunzip(io.BytesIO(raw), limits), limits.document_bytes)
    elif encoding in ("br", "zstd", "deflate", "compress") and not raw[:4096].isascii() and b"<" not in raw[:4096]:
        raise ReadError(f"the page is compressed with {encoding}, which is not read")
    charset = None
    for part in (headers.get_header("Content-Type") or "").split(";")[1:]:
        key, _, value = part.partition("=")
        if key.strip().lower() == "charset":
            charset = value.strip(" \"'") or None
    if not raw:
        raise ReadError("the page is empty")
    if len(raw) > limits.document_bytes:
        raise ReadError(f"the page is larger than {megabytes(limits.document_bytes)}")
    return raw, charset


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
