"""The lines of an HTML article's body: trafilatura takes them from the page without the teasers of other stories.

trafilatura alone has a body F1 of .944 on bench_reading's pages. Its lines without those that body.py judges to be no
part of an article have .977, and .983 where teasers are taken out of the page before. The other way round, the lines
of the whole page judged without trafilatura have .977, and .880 where the words of boilerplate_lines are not known;
trafilatura's have .973 then. So it stays: it knows pages that no table of words was made on.
"""

from __future__ import annotations

import html
import logging
import re
from copy import deepcopy
from functools import cache
from itertools import accumulate, islice, takewhile
from typing import TYPE_CHECKING

from ingest.read.body import Line
from ingest.read.cleaning import tidy
from ingest.read.markup import lines_in

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_TEASER_TAGS = frozenset(("div", "li", "section", "article", "a", "td"))
_TEASER_CHARS = 300
_TEASER_DEPTH = 6
_LINK_BOXES = 200_000
"""Links times the boxes around each; newspapers' pages have some 10,000, and with more, links are read as plain text.

trafilatura looks at each link once for each box around it: 2,000 links in 200 boxes take 2.3 s, as plain text 0.3 s.
"""
_LITTLE_CHARS = 250
"""Where less is left, the teasers were the article."""


def body_lines(root: HtmlElement, written_body: str = "") -> list[Line]:
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
    parts = (re.sub(r"<[^<>]{1,300}>", "", part) for part in re.split(r"\n+|</p>|<br\s*/?>", written_body))
    written = [Line(text) for part in parts if (text := " ".join(tidy(html.unescape(part)).split()))]
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
