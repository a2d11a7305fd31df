"""A page, which is one article: HTML, text, Markdown, PDF or Word -> an Article, or an Outcome that says why not."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from bot.errors import ReadError
from bot.schema import Article, Outcome
from ingest.read.cleaning import clean
from ingest.read.contract import Blob, ReadOptions, known_input, skipped
from ingest.read.dumps.page import read_page_text
from ingest.read.encoding import decode
from ingest.read.kinds import Kind
from ingest.read.limits import check_count, read_whole


def read_page(kind: Kind, blob: Blob, options: ReadOptions) -> Article | Outcome:
    """The article of the page, or what is known of it, or an Outcome where it holds none.

    Raises ReadError where it is empty or larger than real pages are.
    """
    limits = options.limits
    most_bytes = {Kind.HTML: limits.page_bytes, Kind.PAGE_TEXT: limits.text_bytes}.get(kind, limits.whole_bytes)
    data = read_whole(blob.stream, most_bytes)
    digest, known = known_input(data, blob.origin, options, kind.value, blob.url, blob.charset)
    if known:
        return known
    if kind is Kind.HTML:
        from ingest.read.html import read_html

        check_count(data.count(b"<"), limits.page_tags, "tags")
        reader = partial(read_html, data, content_type_charset=blob.charset)
    elif kind is Kind.PAGE_TEXT:
        text = clean(decode(data, blob.charset))
        if not text.strip():
            raise ReadError("it is empty")
        check_count(sum(map(bool, map(str.strip, text.split("\n")))), limits.text_lines, "lines")
        reader = partial(read_page_text, text)
    else:
        from ingest.read.documents import document_text

        try:
            text = clean(document_text(kind, data, limits))
        except ImportError:
            return skipped(blob.origin, f'{kind.value} is read by an extra: pip install "newsbot[documents]"')
        if not text.strip():
            return skipped(blob.origin, "it holds no text; of pictures of pages, text recognition (OCR) makes some")
        reader = partial(read_page_text, text)
    try:
        return replace(reader(origin=blob.origin, url=blob.url, source=options.source), input_digest=digest)
    except ReadError as error:
        return skipped(blob.origin, str(error))
