"""An HTML page -> its article: trafilatura finds the body, the page's own data and what it shows tell the rest.

trafilatura alone has a body F1 of .944 on bench_reading's pages. Its lines without those that body.py judges to be no
part of an article have .977, and .983 where teasers are taken out of the page before. The other way round, the lines
of the whole page judged without trafilatura have .977, and .880 where the words of boilerplate_lines are not known;
trafilatura's have .973 then. So it stays: it knows pages that no table of words was made on.
"""

from __future__ import annotations

import logging
import re
from copy import deepcopy
from dataclasses import replace
from functools import cache
from itertools import accumulate, islice, takewhile
from typing import TYPE_CHECKING

from bot.errors import ReadError
from bot.schema import Article
from ingest.read.body import NO_ARTICLE_CHARS, Line, body_of, trimmed
from ingest.read.byline import Head, told_around
from ingest.read.cleaning import ends_sentence, first_sentence, key_of, tidy
from ingest.read.encoding import decode
from ingest.read.html_metadata import meta_of
from ingest.read.markup import lines_in, paragraphs, parsed

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_CHARSET = re.compile(
    rb"<meta[^>]{1,300}?charset\s*=\s*[\"']?\s*([a-zA-Z0-9_:.-]{2,40})|<\?xml[^>]{1,200}?encoding=[\"']([\w.-]{2,40})",
    re.IGNORECASE,
)
_SNIFFED_BYTES = 4096
_HEAD_LINES = 60
_TEASER_TAGS = frozenset(("div", "li", "section", "article", "a", "td"))
_TEASER_CHARS = 300
_TEASER_DEPTH = 6
_LINK_BOXES = 200_000
"""Links times the boxes around each; newspapers' pages have some 10,000, and with more, links are read as plain text.

trafilatura looks at each link once for each box around it: 2,000 links in 200 boxes take 2.3 s, as plain text 0.3 s.
"""
_LITTLE_CHARS = 250
"""Where less is left, the teasers were the article."""


def read_html(
    data: bytes | str,
    *,
    origin: str = "",
    url: str | None = None,
    source: str | None = None,
    content_type_charset: str | None = None,
) -> Article:
    """The article in an HTML page.

    `url` is the page's address where it is known, `source` an outlet name that wins over the one found,
    `content_type_charset` what the server said. Raises ReadError where the page holds no article body.
    """
    root = parsed(tidy(_decoded(data, content_type_charset) if isinstance(data, bytes) else data))
    said = meta_of(root, url)
    shown = [Line(text, level=level) for text, level in lines_in(root, apart=" ")]
    lines = _body_lines(root, said.text)
    title = said.title or next((line.text for line in shown if line.level in (1, 2) and len(line.text) > 10), "")
    paragraphs, agencies = body_of(lines, *(trimmed(lines, 0, len(lines)) or (0, 0)), title)
    body = "\n\n".join(paragraphs)
    if len(body) < NO_ARTICLE_CHARS and not (title and len(body) >= 80 and ends_sentence(body)):
        raise ReadError(
            "no article text was found in the page: it is a list of links, a video, or behind a script or a paywall"
        )
    article = replace(
        said,
        title=title or first_sentence(body),
        text=body,
        source=source or said.source,
        credits=agencies,
        origin=origin,
    )
    return told_around(article, _head(shown, title, lines), url or said.url)


def _decoded(data: bytes, charset: str | None) -> str:
    sniffed = _CHARSET.search(data[:_SNIFFED_BYTES])
    return decode(data, charset or ((sniffed[1] or sniffed[2]).decode("ascii") if sniffed else None))


def _head(shown: list[Line], title: str, lines: list[Line]) -> Head:
    """The lines around the title, down to the article's first paragraph, for the date and the byline."""
    key = key_of(title)
    alike = [index for index, line in enumerate(shown) if key and key_of(line.text) == key]
    at = next((index for index in alike if shown[index].level == 1), next(iter(alike), None))
    if at is None:
        return Head()
    body = {line.text for line in lines if line.is_prose}
    below = range(at + 1, min(at + _HEAD_LINES, len(shown)))
    end = next((i for i in below if shown[i].text in body), min(at + 12, len(shown) - 1))
    before, between = shown[max(0, at - 8) : at], (*shown[at + 1 : end], *shown[end + 1 : end + 3])
    return Head(tuple(line.text for line in before), tuple(line.text for line in between))


def _body_lines(root: HtmlElement, written_body: str = "") -> list[Line]:
    """The lines that trafilatura finds, or those of `written_body`, which JSON-LD carries, where that is much more.

    A line that stands twice is given once.
    """
    from lxml import etree

    boxes = (box for link in root.iter("a") for box in link.iterancestors())
    if next(islice(boxes, _LINK_BOXES, None), None) is not None:
        etree.strip_tags(root, "a")
    found = _extracted(_without_teasers(root), precision=True)
    if _length(found) < _LITTLE_CHARS:
        found = max(found, _extracted(root, precision=False), key=_length)
    written = [Line(text) for text in tidy(paragraphs(written_body)).split("\n\n") if text]
    is_more = _length(written) > 1.4 * _length(found) + 200
    return list(dict.fromkeys(written if is_more or len(found) == 1 < len(written) else found))


def _length(found: list[Line]) -> int:
    return sum(len(line.text) for line in found)


def _without_teasers(root: HtmlElement) -> HtmlElement:
    """A copy of the page without small boxes with a linked headline, which lead to other stories."""

    @cache  # each element is looked at once: a hostile page has 50,000 headlines
    def is_small(node: HtmlElement) -> bool:
        return not any(size > _TEASER_CHARS for size in accumulate(len(part.strip()) for part in node.itertext()))

    copy: HtmlElement = deepcopy(root)
    for headline in list(copy.iter("h2", "h3", "h4", "h5")):
        if next(headline.iter("a"), None) is None and next(headline.iterancestors("a"), None) is None:
            continue
        around = takewhile(is_small, islice(headline.iterancestors(), _TEASER_DEPTH))
        boxes = [node for node in around if node.tag in _TEASER_TAGS and node.getparent() is not None]
        if boxes:
            boxes[-1].drop_tree()
    return copy


def _extracted(root: HtmlElement, *, precision: bool) -> list[Line]:
    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    try:
        # deduplicate stays off: its cache is global to the process, and would eat the second page with the same words.
        extracted = trafilatura.bare_extraction(
            root, include_comments=False, favor_precision=precision, deduplicate=False, with_metadata=False
        )
    except Exception:
        return []
    if extracted is None or extracted.body is None:
        return []
    return [Line(text, level=level) for text, level in lines_in(extracted.body)]
