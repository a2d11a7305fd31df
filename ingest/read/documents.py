"""PDF and Word documents -> their text, in paragraphs."""

from __future__ import annotations

import io
import logging
import re
import zipfile
from collections import Counter
from collections.abc import Iterator

from bot.errors import ReadError
from ingest.read.contract import short
from ingest.read.kinds import Kind
from ingest.read.limits import Limits, megabytes

PAGES_MAX = 500
"""No article is longer; reading a page of a PDF takes 10 to 100 ms."""
FULL_LINE, FULL_SENTENCE = 0.6, 0.9
"""A line of a column ends a paragraph where it is shorter, in parts of the column's width; or ends a sentence too."""
RUNNING_PAGES = 3
"""A line at the top or foot of so many pages is no part of the text."""


def document_text(kind: Kind, data: bytes, limits: Limits) -> str:
    """The paragraphs of a PDF or Word document, a blank line between them.

    Raises ReadError where it cannot be read or is too large, ImportError without the extra.
    """
    return _pdf_text(data) if kind is Kind.PDF else _word_text(data, limits)


def _pdf_text(data: bytes) -> str:
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it says on standard error what it repairs
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise ReadError("it is locked with a password")
        if len(reader.pages) > PAGES_MAX:
            raise ReadError(f"it has {len(reader.pages):,} pages, and no article has more than {PAGES_MAX}")
        pages = [page.extract_text().splitlines() for page in reader.pages]
    except DependencyError as error:
        raise ReadError("it is encrypted, which newsbot does not read; save it without encryption") from error
    except (PyPdfError, RecursionError) as error:
        raise ReadError(f"its PDF data cannot be read ({short(error)})") from error
    return "\n\n".join(_blocks(pages))


def _blocks(pages: list[list[str]]) -> Iterator[str]:
    """Paragraphs out of the lines of pages: lines of a column are joined, running heads and page numbers left out."""
    lines = [[" ".join(line.split()) for line in page] for page in pages]
    edges = Counter(re.sub(r"\d+", "#", line) for page in lines for line in {*page[:2], *page[-2:]} if line)
    running = {line for line, count in edges.items() if count >= max(RUNNING_PAGES, len(pages) // 2)} | {"#"}
    kept = [line for page in lines for line in page if re.sub(r"\d+", "#", line) not in running]
    lengths = sorted(map(len, kept))
    column = lengths[len(lengths) * 9 // 10] if lengths else 0
    block = ""
    for line in kept:
        if block.endswith("-") and line[:1].islower():
            block = block[:-1] + line
        elif line:
            block += f" {line}" if block else line
        is_ended = line.endswith((".", "!", "?", "”", '"'))
        if block and len(line) < (FULL_SENTENCE if is_ended else FULL_LINE) * column:
            yield block
            block = ""
    if block:
        yield block


def _word_text(data: bytes, limits: Limits) -> str:
    from docx import Document
    from docx.table import Table

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            size = sum(each.file_size for each in packed.infolist())
        if size > limits.whole_bytes:
            raise ReadError(f"it unpacks to more than {megabytes(limits.whole_bytes)}, the limit for one document")
        blocks = []
        for part in Document(io.BytesIO(data)).iter_inner_content():
            if isinstance(part, Table):
                blocks += [" | ".join(dict.fromkeys(cell.text.strip() for cell in row.cells)) for row in part.rows]
            else:
                blocks.append(part.text)
    except (zipfile.BadZipFile, KeyError, ValueError, SyntaxError) as error:
        raise ReadError(f"its Word data cannot be read ({short(error)})") from error
    return "\n\n".join(block for block in blocks if block.strip())
