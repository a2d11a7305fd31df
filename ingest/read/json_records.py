"""JSON and JSON Lines -> records, as a stream; what is broken costs itself, and what comes before it is read."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, BinaryIO

from bot.schema import Outcome
from ingest.read.contract import Blob, failed, short, skipped, with_head
from ingest.read.encoding import decode_line
from ingest.read.fields import Fields
from ingest.read.kinds import text_of_head
from ingest.read.limits import CHUNK_BYTES, Limits, as_utf8, lines, megabytes, stream_of

Row = tuple[str, Mapping[str, Any]] | Outcome
"""Where a record stands ("file.jsonl:17") and the record, or what is wrong with it."""
_Line = tuple[int, bytes | None]
_WRAPPERS = (
    "articles", "items", "results", "docs", "documents", "entries", "news", "stories", "data", "response", "hits",
)  # fmt: skip
_GAP = re.compile(r"[\s,]*")


def json_rows(blob: Blob, limits: Limits) -> Iterator[Row]:
    """An array of records, an object around one ({"articles": [...]}), one record alone, and one record a line.

    Which it is shows while reading. Lines and arrays are streamed; an object is held whole.
    """
    blob, head = with_head(blob)
    stream = as_utf8(blob.stream, head)
    if not text_of_head(head).lstrip().startswith("{"):
        yield from _values(stream, blob.origin, limits)
        return
    rows: Iterator[_Line] = enumerate(lines(stream, limits.document_bytes), 1)
    early: list[_Line] = []
    for number, row in rows:  # two lines that are not blank tell lines of records from one document
        if row is None or row.strip():
            early.append((number, row))
        if len(early) == 2:
            break
    parsed = [_object(row) for _, row in early]
    if len(early) == 1 and parsed[0] is not None:
        yield from _unwrapped(parsed[0], blob.origin)
    elif any(value is not None for value in parsed) or any(row is None for _, row in early):
        yield from _lines(chain(early, rows), blob.origin, limits)
    else:
        rest = stream_of((row or b"") + b"\n" for _, row in chain(early, rows))
        yield from _values(rest, blob.origin, limits)


def _lines(rows: Iterable[_Line], origin: str, limits: Limits) -> Iterator[Row]:
    for number, row in rows:
        where = f"{origin}:{number}"
        if row is None:
            reason = f"line {number} is longer than {megabytes(limits.document_bytes)} and was passed over"
            yield failed(where, reason)
        elif row.strip():
            try:
                yield _record(json.loads(decode_line(row), strict=False), where, f"line {number}")
            except ValueError as error:
                yield failed(where, f"line {number} is not JSON ({short(error)}); the other lines were read")
            except RecursionError:
                yield failed(where, f"line {number} is nested too deep; the other lines were read")


def _record(value: Any, where: str, what: str) -> Row:
    return (where, value) if isinstance(value, dict) else skipped(where, f"{what} is no record with named fields")


def _object(row: bytes | None) -> dict[str, Any] | None:
    try:
        value = json.loads(decode_line(row), strict=False) if row else None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _unwrapped(value: dict[str, Any], origin: str) -> Iterator[Row]:
    """The records inside an object like {"articles": [...]}, or the object itself, which is one record."""
    inner: Any = value
    for _ in range(3):  # {"response": {"results": [...]}}
        if not isinstance(inner, dict) or Fields(inner).text("text"):
            break
        step = next((inner[key] for key in _WRAPPERS if isinstance(inner.get(key), list | dict) and inner[key]), None)
        if step is None:
            lists = [item for item in inner.values() if isinstance(item, list) and item and isinstance(item[0], dict)]
            step = lists[0] if len(lists) == 1 and len(inner) <= 8 else None
        if step is None:
            break
        inner = step
    if isinstance(inner, list):
        for number, record in enumerate(inner, 1):
            yield _record(record, f"{origin}:{number}", f"entry {number}")
    else:
        yield origin, value


def _values(stream: BinaryIO, origin: str, limits: Limits) -> Iterator[Row]:
    """Values out of an array, or one after the other, holding one at a time."""
    decoder = json.JSONDecoder(strict=False)
    incremental = codecs.getincrementaldecoder("utf-8")("newsbot-cp1252")
    text, position, number, ended, in_array = "", 0, 0, False, False
    want = 1  # characters to have before trying again: doubled, so that a long value is not parsed over and over
    while True:
        while not ended and len(text) - position < want:
            chunk = stream.read(CHUNK_BYTES)
            ended = not chunk
            text = text[position:] + incremental.decode(chunk, final=ended)
            position = 0
        if gap := _GAP.match(text, position):
            position = gap.end()
        if position >= len(text):
            if ended:
                break
            continue
        if number == 0 and not in_array and text[position] == "[":
            in_array, position = True, position + 1
            continue
        if in_array and text[position] == "]":
            return
        try:
            value, end = decoder.raw_decode(text, position)
        except RecursionError:
            yield failed(f"{origin}:{number + 1}", f"entry {number + 1} is nested too deep; reading stopped")
            return
        except ValueError as error:
            want = max(2 * (len(text) - position), CHUNK_BYTES)
            limit = limits.document_bytes if in_array else limits.whole_bytes
            # More text may mend an error that stands at the end of what was read.
            may_be_cut = isinstance(error, json.JSONDecodeError) and (
                error.msg.startswith("Unterminated string") or error.pos >= len(text) - 12
            )
            if ended or not may_be_cut:
                yield failed(origin, f"it is not valid JSON after entry {number} ({short(error)})")
                return
            if want > 2 * limit:
                cure = "save it as JSON Lines, one record a line"
                yield failed(origin, f"entry {number + 1} is longer than {megabytes(limit)}; {cure}")
                return
            continue
        if end >= len(text) and not ended:  # a number at the end of the buffer may go on
            want = len(text) - position + 1
            continue
        position, number, want = end, number + 1, 1
        if in_array or not isinstance(value, dict):
            yield _record(value, f"{origin}:{number}", f"entry {number}")
        else:
            yield from _unwrapped(value, origin if number == 1 else f"{origin}:{number}")
    if in_array:
        yield failed(origin, f"its JSON is cut off after entry {number}; what came before was read")
