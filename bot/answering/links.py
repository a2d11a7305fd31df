"""Links that open a page at a quoted run of its text: `#:~:text=` fragments (WICG Scroll to Text Fragment)."""

from __future__ import annotations

import re
from itertools import islice
from urllib.parse import quote as percent_encode
from urllib.parse import urlsplit

from bot.schema import Article, Citation

WHOLE_QUOTE_CHARS = 300
WHOLE_QUOTE_ENCODED_CHARS = 900
"""Longer quotes, and quotes over several paragraphs, are given by their first and last words: in an address a letter of
another alphabet takes six characters and more."""
EDGE_WORDS = 5
CONTEXT_WORDS = 4
MOST_CONTEXT_WORDS = 16
_BREAK = "\n"
_WORD = re.compile(r"[^\s、。，；：！？」』）]*[、。，；：！？」』）]+|\S+")
"""A word; where no blanks stand between words, what ends with a mark: a browser takes no match that cuts a word."""
_SCHEMES = ("http", "https")


def cite(number: int, article: Article, start: int, end: int, also_in: tuple[Article, ...] = ()) -> Citation:
    """`article.text[start:end]` as a citation, whose link opens the page at these words."""
    link = text_fragment_link(article.url, article.text, start, end) if article.url else None
    return Citation(number, article.text[start:end], start, end, article, link, also_in)


def text_fragment_link(url: str, text: str, start: int, end: int) -> str:
    """`url` with a text fragment that marks `text[start:end]` (code points) on the page that holds `text`.

    A fragment of `url` itself stays ("#section:~:text=..."). Words before and after are added where the quote recurs
    in `text`. An address of another scheme than http(s), and an empty quote, give `url` unchanged.
    """
    if urlsplit(url).scheme.lower() not in _SCHEMES:
        return url
    quoted = _fold(text[start:end])
    if not quoted:
        return url
    before, after = _fold(text[:start]), _fold(text[end:])
    if before:
        before += _gap(text[:start][len(text[:start].rstrip()) :] or text[start : start + 1])
    if after:
        after = _gap(text[end : len(text) - len(text[end:].lstrip())] or text[end - 1 : end]) + after
    directive = _directive(before, quoted, after)
    address, _, fragment = url.partition("#")
    fragment = fragment.partition(":~:")[0]
    return f"{address}#{fragment}:~:text={directive}"


def _fold(text: str) -> str:
    """Blanks as one space and, at the end of a line, one line break: a line may be a block of its own on the page."""
    return _BREAK.join(" ".join(line.split()) for line in text.split("\n") if not line.isspace() and line)


def _gap(blanks: str) -> str:
    return _BREAK if "\n" in blanks else " " if blanks.isspace() else ""


def _directive(before: str, quoted: str, after: str) -> str:
    page = before + quoted + after
    at = len(before)
    edges = [(_first_words(quoted, count), _last_words(quoted, count)) for count in (EDGE_WORDS, 2 * EDGE_WORDS)]
    edges = [(first, last) for first, last in edges if len(first) + len(last) < len(quoted)]
    short = len(quoted) <= WHOLE_QUOTE_CHARS and len(_encoded(quoted)) <= WHOLE_QUOTE_ENCODED_CHARS
    if _BREAK not in quoted and (not edges or short):
        edges = [(quoted, "")]
    tries = [("", first, last, "") for first, last in edges]
    first, last = edges[-1]
    # On the page an advertisement or a caption may stand between two paragraphs: words of the same one go first.
    beside = (before.rpartition(_BREAK)[2], after.partition(_BREAK)[0])
    for left, right in (beside, (before, after)):
        for count in range(CONTEXT_WORDS, MOST_CONTEXT_WORDS + 1, CONTEXT_WORDS):
            prefix, suffix = _last_words(left, count), _first_words(right, count)
            tries += [(prefix, first, last, ""), ("", first, last, suffix), (prefix, first, last, suffix)]
    for attempt in tries:
        if _found(page, *attempt) == (at, at + len(quoted)):
            return _joined(*attempt)
    return _joined(*tries[-1])


def _first_words(text: str, count: int) -> str:
    """Up to `count` whole words from the start, within the first paragraph."""
    paragraph = text.strip().split(_BREAK)[0]
    ends = [word.end() for word in islice(_WORD.finditer(paragraph), count)]
    return paragraph[: ends[-1]] if ends else ""


def _last_words(text: str, count: int) -> str:
    """Up to `count` whole words from the end, within the last paragraph."""
    paragraph = text.strip().rpartition(_BREAK)[2]
    starts = [word.start() for word in _WORD.finditer(paragraph)]
    return paragraph[starts[-count:][0] :] if starts else ""


def _found(page: str, prefix: str, first: str, last: str, suffix: str) -> tuple[int, int] | None:
    """Where a browser would mark: the first match in the page, letters compared without case."""
    before = re.escape(prefix) + r"\s*" if prefix else ""
    behind = rf"(?s:.*?)({re.escape(last)})(?!\w)" if last else r"()(?!\w)"
    tail = r"\s*" + re.escape(suffix) if suffix else ""
    match = re.search(rf"(?<!\w){before}({re.escape(first)}){behind}{tail}", page, re.IGNORECASE)
    return (match.start(1), match.end(2)) if match else None


def _joined(prefix: str, first: str, last: str, suffix: str) -> str:
    parts = [f"{_encoded(prefix)}-" if prefix else "", _encoded(first), _encoded(last)]
    return ",".join(filter(None, [*parts, f"-{_encoded(suffix)}" if suffix else ""]))


def _encoded(words: str) -> str:
    """Percent-encoded, with the dash too: in a directive a dash marks context."""
    return percent_encode(words, safe="").replace("-", "%2D")
