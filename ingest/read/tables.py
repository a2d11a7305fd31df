"""Files of records -> Articles: JSON, JSON Lines, CSV, TSV and Parquet as streams, whatever their fields are called."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, BinaryIO

from bot.errors import ReadError
from bot.schema import Article, Outcome
from ingest.read.cleaning import first_sentence, one_line
from ingest.read.contract import Blob, Items, ReadBlob, ReadOptions, failed, known_input, short, skipped, with_head
from ingest.read.encoding import decode_line
from ingest.read.fields import Fields, all_known_names, filled, key_of_name
from ingest.read.json_records import Row, json_rows
from ingest.read.kinds import table_delimiter, text_of_head
from ingest.read.limits import Limits, as_utf8, lines, megabytes, spooled
from ingest.read.markup import paragraphs

PARQUET_BATCH_ROWS = 256
ROW_GROUP_BYTES = 2 * 1024**3
THRIFT_BYTES = 64 * 1024**2
_WHOLE_PAGE = re.compile(r"\s*(?:<!doctype\s+html|<html[\s>])", re.IGNORECASE)


def read_json(blob: Blob, options: ReadOptions, _: ReadBlob) -> Items:
    """JSON or JSON Lines -> an Article or an Outcome for each record."""
    yield from _items(json_rows(blob, options.limits), blob, options)


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
        raise ReadError(f"it has no text; its fields are {names}. Name the one with the text by --field text=NAME")
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
    reader = csv.reader(_text_lines(as_utf8(blob.stream, head), limits, long_lines), delimiter=delimiter)
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
            line = long_lines.pop()
            reason = f"line {line} is longer than {megabytes(limits.document_bytes)} and was passed over"
            yield failed(f"{blob.origin}:{line}", reason)
        if row is None:
            return
        if header and any(row):
            yield f"{blob.origin}:{reader.line_num}", dict(zip(header, row, strict=False))
        elif any(row):
            header = [name.strip() for name in row]
            if outcome := _unless_known(header, blob, options):
                yield outcome
                return


def _text_lines(stream: BinaryIO, limits: Limits, long_lines: list[int]) -> Iterator[str]:
    for number, row in enumerate(lines(stream, limits.document_bytes), 1):
        if row is None:
            long_lines.append(number)
        else:
            yield decode_line(row) + "\n"


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
    reason = f"none of its columns is known ({listed}); name them by --field text=NAME --field title=NAME"
    return failed(blob.origin, reason)
