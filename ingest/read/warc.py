"""WARC web archives (CC-NEWS) -> Articles: each successful response that holds a page, one at a time.

The standard library reads what is in them. warcio, which stood here, collects headers of any length, allocates what a
record says that it holds, and prints where a length is wrong: mending that took more lines than this.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPException, HTTPMessage, HTTPResponse, parse_headers
from types import SimpleNamespace
from typing import BinaryIO, cast

from bot.errors import ReadError
from ingest.read.contract import Blob, Items, ReadBlob, ReadOptions, failed, short, skipped
from ingest.read.kinds import HEAD_BYTES, WEB_PAGES, kind_of
from ingest.read.limits import CHUNK_BYTES, Limits, gunzip, read_whole, stream_of

_PAGE_TYPES = ("text/html", "application/xhtml+xml", "text/plain")


def read_warc(blob: Blob, options: ReadOptions, read_blob: ReadBlob) -> Items:
    """The pages of a WARC file, gzipped or not (the door has unpacked it). Requests, robots and pictures are counted
    in one Outcome at the end; a record that is too large or broken costs only itself."""
    number = pages = others = 0
    try:
        for headers, content in _records(blob.stream):
            number += 1
            url = headers.get("WARC-Target-URI", "").strip("<>")
            origin = f"{blob.origin}:{number}"
            if headers.get("WARC-Type") != "response" or not url.lower().startswith(("http://", "https://")):
                others += 1
                continue
            try:
                response, body = _response(content, options.limits)
                if not 200 <= response.status < 300 or response.headers.get_content_type() not in _PAGE_TYPES:
                    others += 1
                    continue
                pages += 1
                data = _unpacked(response.headers, body, options.limits)
            except ReadError as error:
                yield failed(origin, f"{error} ({url[:300]})")
                continue
            charset = response.headers.get_content_charset()
            page = replace(blob, stream=io.BytesIO(data), name="", origin=origin, url=url, charset=charset, named=True)
            if (kind := kind_of(data[:HEAD_BYTES])) in WEB_PAGES:
                yield from read_blob(page, options)
            else:
                yield skipped(origin, f"the page turns out to be {kind.value} ({url[:300]})")
    except HTTPException as error:
        reason = f"its WARC data is broken after record {number} ({short(error)}); what came before was read"
        yield failed(blob.origin, reason)
        return
    if not pages:
        yield failed(blob.origin, f"none of its {number} records holds a page")
    elif others:
        yield skipped(blob.origin, f"{others} of its {number} records hold no page (requests, pictures, errors)")


def _records(stream: BinaryIO) -> Iterator[tuple[HTTPMessage, Iterator[bytes]]]:
    """The headers of each record and its bytes, which are passed over where nobody reads them.

    Where a length was wrong, the next record is found by its first line. Raises HTTPException for headers that are
    longer than any real ones, ReadError where the last record is cut off.
    """
    while line := stream.readline(CHUNK_BYTES):
        if line.startswith(b"WARC/"):
            headers = parse_headers(cast(io.BufferedIOBase, stream))
            length = headers.get("Content-Length", "").strip()
            content = _content(stream, int(length) if length.isdecimal() and len(length) < 16 else 0)
            yield headers, content
            for _ in content:
                pass


def _content(stream: BinaryIO, left_bytes: int) -> Iterator[bytes]:
    while left_bytes > 0:
        chunk = stream.read(min(left_bytes, CHUNK_BYTES))
        if not chunk:
            raise ReadError("the record is cut off")
        left_bytes -= len(chunk)
        yield chunk


def _response(content: Iterator[bytes], limits: Limits) -> tuple[HTTPResponse, bytes]:
    """The HTTP response of a record, and its body. Raises ReadError where it is too large or none."""
    # All is read under the cap before anything is parsed, which allocates what a chunk says that it holds.
    raw = read_whole(stream_of(content), limits.page_bytes)
    raw = re.sub(rb"^HTTP/[\d.]+", b"HTTP/1.1", raw)  # browsers' archives write the version that was spoken, HTTP/2
    response = HTTPResponse(SimpleNamespace(makefile=lambda _: io.BytesIO(raw)))  # type: ignore[arg-type]
    try:
        response.begin()
    except (HTTPException, ValueError) as error:
        raise ReadError(f"the record holds no response ({short(error)})") from error
    response.length = None  # crawlers store bodies unpacked, and the length that was sent
    try:
        return response, response.read()
    except (HTTPException, ValueError):  # or without the chunks that it was sent in
        return response, raw.partition(b"\r\n\r\n")[2]


def _unpacked(headers: HTTPMessage, body: bytes, limits: Limits) -> bytes:
    """The page as the server meant it. Raises ReadError where it is packed in a way that is not read, or a bomb."""
    encoding = headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("gzip", "x-gzip") and body.startswith(b"\x1f\x8b"):
        return read_whole(gunzip(io.BytesIO(body), limits), limits.page_bytes)
    if encoding in ("br", "zstd", "deflate", "compress") and b"<" not in body[:4096] and not body[:4096].isascii():
        raise ReadError(f"the page is compressed with {encoding}, which is not read")
    return body
