"""Files of records -> Articles: JSON, JSON Lines, CSV, TSV and Parquet as streams, whatever their fields are called.

What is broken costs itself, and what comes before it is read.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice
from typing import Any, BinaryIO

from bot.errors import ReadError
from bot.schema import Article, Outcome
from ingest.read.cleaning import first_sentence, one_line
from ingest.read.contract import Blob, Items, ReadBlob, ReadOptions, failed, known_input, short, skipped, with_head
from ingest.read.encoding import decode_line
from ingest.read.fields import Fields, all_known_names, filled, key_of_name
from ingest.read.kinds import table_delimiter, text_of_head
from ingest.read.limits import CHUNK_BYTES, Limits, as_utf8, lines, megabytes, spooled, stream_of
from ingest.read.markup import paragraphs

Row = tuple[str, Mapping[str, Any]] | Outcome
"""Where a record stands ("file.jsonl:17") and the record, or what is wrong with it."""
PARQUET_BATCH_ROWS = 256
ROW_GROUP_BYTES = 2 * 1024**3
THRIFT_BYTES = 64 * 1024**2
_Line = tuple[int, bytes | None]
_WHOLE_PAGE = re.compile(r"\s*(?:<!doctype\s+html|<html[\s>])", re.IGNORECASE)
_WRAPPERS = (
    "articles", "items", "results", "docs", "documents", "entries", "news", "stories", "data", "response", "hits",
)  # fmt: skip
_GAP = re.compile(r"[\s,]*")


def read_json(blob: Blob, options: ReadOptions, _: ReadBlob) -> Items:
    """JSON or JSON Lines -> an Article or an Outcome for each record."""
    yield from _items(_json_rows(blob, options.limits), blob, options)


def read_table(blob: Blob, options: ReadOptions, _: ReadBlob) -> Items:
    """CSV or TSV with a header row -> an Article or an Outcome for each row."""
    yield from _items(_table_rows(blob, options), blob, options)


def read_parquet(blob: Blob, options: ReadOptions, _: ReadBlob) -> Items:
    """Parquet -> an Article or an Outcome for each row; one batch of rows in memory at a time."""
    yield from _items(_parquet_rows(blob, options), blob, options)


def _items(rows: Iterator[Row], blob: Blob, options: ReadOptions) -> Items:
    empty = True
    for row in rows:
        empty = False
        if isinstance(row, Outcome):
            yield row
            continue
        origin, record = row
        digest, known = known_input(record, origin, options, "record", blob.url)
        if known:
            yield known
            continue
        try:
            yield replace(article_of_record(record, origin, options, blob.url), input_digest=digest)
        except ReadError as error:
            yield skipped(origin, str(error), one_line(Fields(record, named=options.fields).text("title"))[:200])
    if empty:
        yield failed(blob.origin, "it holds no records")


def article_of_record(
    record: Mapping[str, Any], origin: str, options: ReadOptions, base_url: str | None = None
) -> Article:
    """The article that a record holds. Raises ReadError where it has no text; the text says what it has."""
    fields = Fields(record, named=options.fields)
    text = fields.text("text")
    if not text:
        names = ", ".join(list(record)[:8])
        raise ReadError(f"it has no text; its fields are {names}. {_naming(record, 'Name the one with the text by')}")
    article = fields.article(origin)
    if _WHOLE_PAGE.match(text):
        from ingest.read.html import read_html

        article = filled(article, read_html(text, url=article.url or base_url, source=options.source))
    else:
        article = replace(article, text=paragraphs(text))
    if not article.text:
        raise ReadError("its text field is empty")
    return article if article.title else replace(article, title=first_sentence(article.text))


def _table_rows(blob: Blob, options: ReadOptions) -> Iterator[Row]:
    limits = options.limits
    blob, head = with_head(blob)
    delimiter = table_delimiter(text_of_head(head).lstrip(), blob.name, options.fields.values()) or ","
    # The csv module keeps this cap for the whole process; its default, 128 kB, is less than a long read.
    csv.field_size_limit(limits.document_bytes)
    long_lines: list[int] = []

    def texts() -> Iterator[str]:
        for number, line in enumerate(lines(as_utf8(blob.stream, head), limits.document_bytes), 1):
            if line is None:
                long_lines.append(number)
            else:
                yield decode_line(line) + "\n"

    reader = csv.reader(texts(), delimiter=delimiter)
    header: list[str] = []
    number = 0
    while True:
        number += 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            cure = "a quote may be left open; the rows before were read"
            yield failed(f"{blob.origin}:{reader.line_num}", f"row {number} is no CSV ({error}); {cure}")
            return
        while long_lines:
            yield _long_line(long_lines.pop(), blob.origin, limits)
        if row is None:
            return
        if header and any(row):
            yield f"{blob.origin}:{reader.line_num}", dict(zip(header, row, strict=False))
        elif any(row):
            header = [name.strip() for name in row]
            if outcome := _unless_known(header, blob, options):
                yield outcome
                return


def _parquet_rows(blob: Blob, options: ReadOptions) -> Iterator[Row]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        yield failed(blob.origin, 'Parquet is read by pyarrow: pip install "newsbot[parquet]"')
        return
    stream = spooled(blob.stream, options.limits)
    try:
        file = parquet.ParquetFile(
            stream, thrift_string_size_limit=THRIFT_BYTES, thrift_container_size_limit=THRIFT_BYTES
        )
        names = file.schema_arrow.names
        if outcome := _unless_known(names, blob, options):
            yield outcome
            return
        columns = _known_columns(names, options)
        number = 0
        for group in range(file.num_row_groups):
            if (size := file.metadata.row_group(group).total_byte_size) > ROW_GROUP_BYTES:
                reason = f"row group {group + 1} holds {megabytes(size)}; write it with smaller row groups"
                yield failed(blob.origin, reason)
                continue
            for batch in file.iter_batches(PARQUET_BATCH_ROWS, row_groups=[group], columns=columns):
                for record in batch.to_pylist():
                    number += 1
                    yield f"{blob.origin}:{number}", record
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        yield failed(blob.origin, f"its Parquet data cannot be read ({short(error)})")


def _known_columns(names: list[str], options: ReadOptions) -> list[str]:
    known_keys = all_known_names() | {key_of_name(name.split(".")[0]) for name in options.fields.values()}
    return [name for name in names if key_of_name(name) in known_keys]


def _unless_known(names: list[str], blob: Blob, options: ReadOptions) -> Outcome | None:
    if _known_columns(names, options):
        return None
    listed = ", ".join(names[:8])
    cure = _naming(names, "name them by", "--field title=NAME")
    return failed(blob.origin, f"none of its columns is known ({listed}); {cure}")


def _naming(names: Iterable[str], said: str, *more: str) -> str:
    """How to name a field; a name with a blank needs quotes, shown on the first that has one."""
    hint = " ".join((said, "--field text=NAME", *more))
    spaced = next((name for name in names if " " in name), "")
    return f'{hint}, with quotes around a name with a blank: --field "text={spaced}"' if spaced else hint


def _json_rows(blob: Blob, limits: Limits) -> Iterator[Row]:
    """An array of records, an object around one ({"articles": [...]}), one record alone, and one record a line.

    Which it is shows while reading. Lines and arrays are streamed; an object is held whole.
    """
    blob, head = with_head(blob)
    stream = as_utf8(blob.stream, head)
    if not text_of_head(head).lstrip().startswith("{"):
        yield from _values(stream, blob.origin, limits)
        return
    rows: Iterator[_Line] = enumerate(lines(stream, limits.document_bytes), 1)
    # Two lines that are not blank tell lines of records from one document.
    early = list(islice((row for row in rows if row[1] is None or row[1].strip()), 2))
    parsed = [_object(row) for _, row in early]
    if len(early) == 1 and parsed[0] is not None:
        yield from _unwrapped(parsed[0], blob.origin)
    elif any(value is not None for value in parsed) or any(row is None for _, row in early):
        yield from _json_lines(chain(early, rows), blob.origin, limits)
    else:
        rest = stream_of((row or b"") + b"\n" for _, row in chain(early, rows))
        yield from _values(rest, blob.origin, limits)


def _object(row: bytes | None) -> dict[str, Any] | None:
    try:
        value = json.loads(decode_line(row), strict=False) if row else None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _json_lines(rows: Iterable[_Line], origin: str, limits: Limits) -> Iterator[Row]:
    for number, row in rows:
        where = f"{origin}:{number}"
        if row is None:
            yield _long_line(number, origin, limits)
        elif row.strip():
            try:
                yield _record(json.loads(decode_line(row), strict=False), where, f"line {number}")
            except ValueError as error:
                yield failed(where, f"line {number} is not JSON ({short(error)}); the other lines were read")
            except RecursionError:
                yield failed(where, f"line {number} is nested too deep; the other lines were read")


def _long_line(number: int, origin: str, limits: Limits) -> Outcome:
    reason = f"line {number} is longer than {megabytes(limits.document_bytes)} and was passed over"
    return failed(f"{origin}:{number}", reason)


def _record(value: Any, where: str, what: str) -> Row:
    return (where, value) if isinstance(value, dict) else skipped(where, f"{what} is no record with named fields")


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
            text, position = text[position:] + incremental.decode(chunk, final=ended), 0
        position = _GAP.match(text, position).end()  # type: ignore[union-attr]
        first = text[position : position + 1]
        if not first:
            if ended:
                break
            continue
        if first == "[" and number == 0 and not in_array:
            in_array, position = True, position + 1
            continue
        if first == "]" and in_array:
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
