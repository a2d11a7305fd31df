"""Files of records -> Articles: JSON, JSON Lines, CSV and TSV, Parquet, each as a stream.

Knows nothing about what fields mean (see records.py), nor where the bytes come from.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, BinaryIO

from bot.errors import ReadError
from bot.schema import Outcome
from ingest.read.cleaning import decode_line, one_line
from ingest.read.contract import Blob, Items, ReadOptions, failed, skipped, with_head
from ingest.read.inputs import digest_of_record, known
from ingest.read.kinds import RECORD_NAMES, table_delimiter, text_of_head
from ingest.read.limits import CHUNK_BYTES, Limits, as_utf8, lines, megabytes, spooled, stream_of
from ingest.read.records import Fields, article_of_record

PARQUET_BATCH_ROWS = 256
ROW_GROUP_BYTES = 2 * 1024**3
THRIFT_BYTES = 64 * 1024**2
_WRAPPERS = (
    "articles", "items", "results", "docs", "documents", "entries", "news", "stories", "data", "response", "hits",
)  # fmt: skip

_GAP = re.compile(r"[\s,]*")
_Row = tuple[str, "Mapping[str, Any] | Outcome"]
"""Where a record stands ("file.jsonl:17"), and the record, or what is wrong with it."""


def read_json(blob: Blob, options: ReadOptions) -> Items:
    """JSON or JSON Lines -> an Article or an Outcome for each record.

    An array of records, an object around one ({"articles": [...]}), one record alone and one record a line are
    told apart while reading. Lines and arrays are streamed; an object is held whole.
    """
    yield from _items(_json_rows(blob, options.limits), blob, options)


def read_table(blob: Blob, options: ReadOptions) -> Items:
    """CSV or TSV with a header row -> an Article or an Outcome for each row."""
    yield from _items(_table_rows(blob, options), blob, options)


def read_parquet(blob: Blob, options: ReadOptions) -> Items:
    """Parquet -> an Article or an Outcome for each row; one batch of rows in memory at a time."""
    yield from _items(_parquet_rows(blob, options), blob, options)


def _items(rows: Iterator[_Row], blob: Blob, options: ReadOptions) -> Items:
    empty = True
    for origin, record in rows:
        empty = False
        if isinstance(record, Outcome):
            yield record
            continue
        digest = digest_of_record(record, options, blob.url)
        if outcome := known(digest, origin, options):
            yield outcome
            continue
        try:
            yield replace(article_of_record(record, origin, options, blob.url), input_digest=digest)
        except ReadError as error:
            title = Fields(record, options.fields).text("title") or ""
            yield skipped(origin, str(error), one_line(title)[:200])
    if empty:
        yield failed(blob.origin, "it holds no records")


def _json_rows(blob: Blob, limits: Limits) -> Iterator[_Row]:
    blob, head = with_head(blob)
    stream = as_utf8(blob.stream, head)
    if not text_of_head(head).lstrip().startswith("{"):
        yield from _json_values(stream, blob.origin, limits)
        return
    rows = enumerate(lines(stream, limits.document_bytes), 1)
    early: list[tuple[int, bytes | None]] = []
    for number, row in rows:  # two lines that are not blank tell lines of records from one document
        if row is None or row.strip():
            early.append((number, row))
        if len(early) == 2:
            break
    parsed = [_object(row) for _, row in early]
    if len(early) == 1 and parsed[0] is not None:
        yield from _unwrapped(parsed[0], blob.origin)
    elif any(value is not None for value in parsed) or any(row is None for _, row in early):
        yield from _json_lines(early, rows, blob.origin, limits)
    else:
        rest = (row for _, row in (*early, *rows))
        yield from _json_values(stream_of((row or b"") + b"\n" for row in rest), blob.origin, limits)


def _json_lines(
    early: list[tuple[int, bytes | None]], rows: Iterator[tuple[int, bytes | None]], origin: str, limits: Limits
) -> Iterator[_Row]:
    for source in (early, rows):
        for number, row in source:
            where = f"{origin}:{number}"
            if row is None:
                reason = f"line {number} is longer than {megabytes(limits.document_bytes)} and was passed over"
                yield where, failed(where, reason)
            elif row.strip():
                yield _row(where, row, number)


def _row(where: str, row: bytes, number: int) -> _Row:
    try:
        value = json.loads(decode_line(row), strict=False)
    except ValueError as error:
        return where, failed(where, f"line {number} is not JSON ({_short(error)}); the other lines were read")
    except RecursionError:
        return where, failed(where, f"line {number} is nested too deep; the other lines were read")
    if isinstance(value, dict):
        return where, value
    return where, skipped(where, f"line {number} is no record with named fields")


def _object(row: bytes | None) -> dict[str, Any] | None:
    try:
        value = json.loads(decode_line(row), strict=False) if row else None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _unwrapped(value: dict[str, Any], origin: str) -> Iterator[_Row]:
    """The records inside an object like {"articles": [...]}, or the object itself, which is one record."""
    inner: Any = value
    for _ in range(3):  # {"response": {"results": [...]}}
        if not isinstance(inner, dict):
            break
        if Fields(inner, {}).text("text"):
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
            yield _numbered(record, origin, number)
    else:
        yield origin, value


def _numbered(record: Any, origin: str, number: int) -> _Row:
    where = f"{origin}:{number}"
    if isinstance(record, dict):
        return where, record
    return where, skipped(where, f"entry {number} is no record with named fields")


def _json_values(stream: BinaryIO, origin: str, limits: Limits) -> Iterator[_Row]:
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
            yield origin, failed(f"{origin}:{number + 1}", f"entry {number + 1} is nested too deep; reading stopped")
            return
        except ValueError as error:
            want = max(2 * (len(text) - position), CHUNK_BYTES)
            limit = limits.document_bytes if in_array else limits.whole_bytes
            if ended or not _may_be_cut(error, text):
                yield origin, failed(origin, f"it is not valid JSON after entry {number} ({_short(error)})")
                return
            if want > 2 * limit:
                cure = "save it as JSON Lines, one record a line"
                yield origin, failed(origin, f"entry {number + 1} is longer than {megabytes(limit)}; {cure}")
                return
            continue
        if end >= len(text) and not ended:  # a number at the end of the buffer may go on
            want = len(text) - position + 1
            continue
        position, number, want = end, number + 1, 1
        if in_array or not isinstance(value, dict):
            yield _numbered(value, origin, number)
        else:
            yield from _unwrapped(value, origin if number == 1 else f"{origin}:{number}")
    if in_array:
        yield origin, failed(origin, f"its JSON is cut off after entry {number}; what came before was read")


def _may_be_cut(error: ValueError, text: str) -> bool:
    """Whether more text may mend the error: it stands at the end of what was read."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.msg.startswith("Unterminated string") or error.pos >= len(text) - 12


def _table_rows(blob: Blob, options: ReadOptions) -> Iterator[_Row]:
    limits = options.limits
    blob, head = with_head(blob)
    delimiter = table_delimiter(text_of_head(head).lstrip(), blob.name, options.fields.values()) or ","
    # The csv module keeps this cap for the whole process; its default, 128 kB, is less than a long read.
    csv.field_size_limit(limits.document_bytes)
    long_lines: list[int] = []
    text = _text_lines(as_utf8(blob.stream, head), limits, long_lines)
    reader = csv.reader(text, delimiter=delimiter)
    header: list[str] = []
    number = 0
    while True:
        number += 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            cure = "a quote may be left open; the rows before were read"
            yield blob.origin, failed(f"{blob.origin}:{reader.line_num}", f"row {number} is no CSV ({error}); {cure}")
            return
        while long_lines:
            line = long_lines.pop()
            reason = f"line {line} is longer than {megabytes(limits.document_bytes)} and was passed over"
            yield blob.origin, failed(f"{blob.origin}:{line}", reason)
        if row is None:
            return
        if not any(row):
            continue
        if not header:
            header = [name.strip() for name in row]
            known = {*(name for names in RECORD_NAMES.values() for name in names), *options.fields.values()}
            if not {name.lower().replace(" ", "_") for name in header} & {name.lower() for name in known}:
                names = ", ".join(header[:8])
                reason = f"none of its columns is known ({names}); name them by --field text=NAME --field title=NAME"
                yield blob.origin, failed(blob.origin, reason)
                return
            continue
        yield f"{blob.origin}:{reader.line_num}", dict(zip(header, row, strict=False))


def _text_lines(stream: BinaryIO, limits: Limits, long_lines: list[int]) -> Iterator[str]:
    for number, row in enumerate(lines(stream, limits.document_bytes), 1):
        if row is None:
            long_lines.append(number)
        else:
            yield decode_line(row) + "\n"


def _parquet_rows(blob: Blob, options: ReadOptions) -> Iterator[_Row]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        yield blob.origin, failed(blob.origin, 'Parquet is read by pyarrow: pip install "newsbot[parquet]"')
        return
    stream = spooled(blob.stream, options.limits)
    try:
        file = parquet.ParquetFile(
            stream, thrift_string_size_limit=THRIFT_BYTES, thrift_container_size_limit=THRIFT_BYTES
        )
        wanted = {*(name for names in RECORD_NAMES.values() for name in names)}
        wanted |= {name.lower().split(".")[0] for name in options.fields.values()}
        columns = [name for name in file.schema_arrow.names if name.lower() in wanted]
        if not columns:
            names = ", ".join(file.schema_arrow.names[:8])
            yield blob.origin, failed(blob.origin, f"none of its columns is known ({names}); use --field text=NAME")
            return
        number = 0
        for group in range(file.num_row_groups):
            if (size := file.metadata.row_group(group).total_byte_size) > ROW_GROUP_BYTES:
                reason = f"row group {group + 1} holds {megabytes(size)}; write it with smaller row groups"
                yield blob.origin, failed(blob.origin, reason)
                continue
            for batch in file.iter_batches(PARQUET_BATCH_ROWS, row_groups=[group], columns=columns):
                for record in batch.to_pylist():
                    number += 1
                    yield f"{blob.origin}:{number}", record
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        yield blob.origin, failed(blob.origin, f"its Parquet data cannot be read ({_short(error)})")


def _short(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:160]
