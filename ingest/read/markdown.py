"""Markdown -> Article: front matter where there is some, the rest as page text.

Knows nothing about files; dates and bylines in running text are the business of page_text.py.
"""

from __future__ import annotations

import re
from typing import Any

from bot.errors import ReadError
from bot.schema import Article
from ingest.read.contract import ReadOptions
from ingest.read.plain import html_paragraphs

_FRONT_MATTER = re.compile(r"\s*---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|$)", re.DOTALL)
_KEY = re.compile(r"(\w[\w -]*?)\s*:\s*(.*)")


def read_markdown(text: str, *, origin: str = "", url: str | None = None, source: str | None = None) -> Article:
    """The article of a Markdown text. Raises ReadError where it has no body."""
    fields, body = _split(text)
    plain = html_paragraphs(_html(body))
    if not plain:
        raise ReadError("it has no text below its front matter")
    if fields:
        from ingest.read.records import article_of_record

        title = re.match(r"\s*#\s+(.+?)\s*#*\s*(?:\n|$)", body)
        if title and "title" not in fields:
            fields["title"] = title[1]
        if title:
            plain = html_paragraphs(_html(body[title.end() :])) or plain
        return article_of_record({**fields, "text": plain}, origin, ReadOptions(source=source), url)
    from ingest.read.page_text import read_page_text

    return read_page_text(plain, origin=origin, url=url, source=source)


def _split(text: str) -> tuple[dict[str, Any], str]:
    """Front matter as names and values, and what follows it. YAML's simple forms only: no parser, no surprises."""
    match = _FRONT_MATTER.match(text)
    if not match:
        return {}, text
    fields: dict[str, Any] = {}
    last = ""
    for line in match[1].split("\n"):
        if (entry := re.match(r"\s+-\s+(.*)|-\s+(.*)", line)) and last:
            values = fields[last] if isinstance(fields[last], list) else []
            fields[last] = [*values, _unquoted(entry[1] or entry[2])]
        elif pair := _KEY.match(line):
            last = pair[1].strip().lower()
            value = pair[2].strip()
            if value.startswith("[") and value.endswith("]"):
                fields[last] = [_unquoted(part) for part in value[1:-1].split(",") if part.strip()]
            else:
                fields[last] = _unquoted(value)
    return fields, text[match.end() :]


def _unquoted(value: str) -> str:
    value = value.strip()
    return value[1:-1] if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'" else value


def _html(markdown: str) -> str:
    from markdown_it import MarkdownIt

    return str(MarkdownIt("commonmark", {"maxNesting": 20}).enable("table").render(markdown))
