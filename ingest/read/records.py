"""A record with named fields -> an Article, whatever its fields are called (see fields.py)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.errors import ReadError
from bot.schema import Article
from ingest.read.cleaning import first_sentence
from ingest.read.contract import ReadOptions
from ingest.read.fields import Fields, filled
from ingest.read.markup import paragraphs

_WHOLE_PAGE = re.compile(r"\s*(?:<!doctype\s+html|<html[\s>])", re.IGNORECASE)


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
