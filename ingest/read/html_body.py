"""The body of an HTML article: trafilatura takes it from the page, boxes and captions are taken out of it.

On bench_reading's pages trafilatura alone has a body F1 of .944, with what is done here .98: .953 without judging its
paragraphs, .976 without ending at boxes of other stories, .980 without knowing that an article goes on after one. What
made no difference there (names of classes, standfirsts beside the body) was left out.
"""

from __future__ import annotations

import html
import logging
import re
from collections import Counter
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING

from ingest.read.boilerplate_lines import (
    agency_credits,
    has_joined_labels,
    is_article_end,
    is_author_note,
    is_boilerplate,
    is_box_heading,
    is_caption,
)
from ingest.read.byline import is_signature
from ingest.read.cleaning import ends_sentence, key_of, tidy

if TYPE_CHECKING:
    from lxml.html import HtmlElement

Paragraph = tuple[str, bool]
"""A paragraph's text, and whether it is a crosshead."""

_BLOCKS = frozenset(("p", "head", "item", "quote", "cell", "code", "ab", "row", "lb"))
_DROPPED_TAGS = frozenset(
    "figcaption nav footer aside form button iframe noscript template dialog svg video audio".split()  # noqa: SIM905
)
_CARD_TAGS = frozenset(("div", "li", "section", "article", "a", "td"))
_HEADLINES = frozenset(("h2", "h3", "h4", "h5"))
_CARD_CHARS = 300
_CARDS_LEAST = 2
_CARD_DEPTH = 6
_LITTLE_CHARS = 250
"""Where less is left, the cards may have been the article."""
_BOX_SHARE = 0.25
"""What holds more of the page's paragraphs than this is the article, whatever it looks like."""


def found_paragraphs(root: HtmlElement, written_body: str = "") -> list[Paragraph]:
    """The body as trafilatura finds it, or `written_body`, which JSON-LD carries, where that is much more."""
    pruned = _pruned(root)
    total = sum(len(text) for node in pruned.iter("p") if len(text := "".join(node.itertext())) > 80)
    found = _extracted(pruned, precision=True)
    if _length(found) < 0.5 * total or _length(found) < 400:
        more = _extracted(pruned, precision=False)
        if _length(more) > 1.2 * _length(found):
            found = more
    if _length(found) < _LITTLE_CHARS:
        found = max(found, _extracted(_pruned(root, with_cards=True), precision=False), key=_length)
    written = _written(written_body)
    if len(written_body) > 1.4 * _length(found) + 200 or (len(written) > 2 and len(found) == 1):
        return written
    return found


def _written(body: str) -> list[Paragraph]:
    """The paragraphs of a text that JSON-LD carries."""
    parts = (re.sub(r"<[^<>]{1,300}>", "", part) for part in re.split(r"\n+|</p>|<br\s*/?>", body))
    return [(text, False) for part in parts if (text := " ".join(tidy(html.unescape(part)).split()))]


def _length(found: list[Paragraph]) -> int:
    return sum(len(text) for text, _ in found)


def _pruned(root: HtmlElement, *, with_cards: bool = False) -> HtmlElement:
    """A copy of the page without menus, captions and forms, and without rows of cards that lead to other stories."""
    from copy import deepcopy

    copy: HtmlElement = deepcopy(root)
    total = sum(map(_prose_chars, copy.iter("p"))) or 1
    doomed = list(copy.iter(*_DROPPED_TAGS))
    doomed += [node for node in copy.iter() if "hidden" in node.attrib and node.tag not in ("html", "body")]
    for node in (*doomed, *([] if with_cards else _cards(copy))):
        if node.getparent() is not None and sum(map(_prose_chars, node.iter("p"))) <= _BOX_SHARE * total:
            node.drop_tree()
    return copy


def _cards(root: HtmlElement) -> list[HtmlElement]:
    """Teasers: small boxes with a linked headline in each, side by side under one parent."""

    # Each element is looked at once: a hostile page has 50,000 links.
    @cache
    def is_small(node: HtmlElement) -> bool:
        return not any(size > _CARD_CHARS for size in accumulate(len(part.strip()) for part in node.itertext()))

    @cache
    def tags_in(parent: HtmlElement) -> Counter[str]:
        return Counter(child.tag for child in parent)

    by_parent: dict[HtmlElement, dict[HtmlElement, None]] = {}
    for link in root.iter("a"):
        inside = next((node for node in link.iter() if node.tag in _HEADLINES), None)
        node = link if inside is not None else link.getparent()
        if inside is None and (node is None or node.tag not in _HEADLINES):
            continue
        for _ in range(_CARD_DEPTH):
            parent = node.getparent()
            if parent is None or not is_small(node):
                break
            if node.tag in _CARD_TAGS and tags_in(parent)[node.tag] >= _CARDS_LEAST:
                by_parent.setdefault(parent, {})[node] = None
                break
            node = parent
    return [card for cards in by_parent.values() if len(cards) >= _CARDS_LEAST for card in cards]


def _prose_chars(node: HtmlElement) -> int:
    length = sum(map(len, node.itertext()))
    return length if length > 80 else 0


def _extracted(root: HtmlElement, *, precision: bool) -> list[Paragraph]:
    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    try:
        # deduplicate stays off: its cache is global to the process, and would eat the second page with the same words.
        found = trafilatura.bare_extraction(
            root, include_comments=False, favor_precision=precision, deduplicate=False, with_metadata=False
        )
    except Exception:
        return []
    if found is None or found.body is None:
        return []
    paragraphs: list[Paragraph] = []
    _collect(found.body, paragraphs)
    return paragraphs


def _collect(body: HtmlElement, paragraphs: list[Paragraph]) -> None:
    from lxml import etree

    parts: list[str] = []
    heading = False

    def close() -> None:
        text = " ".join(tidy("".join(parts)).split())
        parts.clear()
        if text:
            paragraphs.append((text, heading))

    for event, node in etree.iterwalk(body, events=("start", "end")):
        tag = node.tag
        block = tag in _BLOCKS
        if event == "start":
            if block:
                close()
                heading = tag == "head"
            if node.text:
                parts.append(node.text)
        else:
            if block:
                close()
                heading = False
            if node.tail:
                parts.append(node.tail)
    close()


def body_of(
    found: list[Paragraph], title: str, authors: tuple[str, ...], captions: set[str]
) -> tuple[list[str], tuple[str, ...]]:
    """The paragraphs without what is no part of the article, and the agencies that sign it.

    `captions` are the keys of the texts that the page marks as captions.
    """
    agencies: tuple[str, ...] = ()
    kept: list[Paragraph] = []
    total = sum(len(text) for text, _ in found)
    resumes = _last_pair(found)
    seen = {key_of(title), *map(key_of, authors), *captions} - {""}
    read_chars = 0
    in_box = False
    for index, (text, heading) in enumerate(found):
        read_chars += len(text)
        key = key_of(text)
        is_sentence = ends_sentence(text)
        if signed := agency_credits(text):
            agencies = agencies or signed
        elif is_box_heading(text):
            if 2 * read_chars > total and (is_article_end(text) or index > resumes):
                break
            in_box = True
        elif key not in seen and not _is_beside(text, is_sentence) and (kept or not is_signature(text)):
            in_box = in_box and not (is_sentence and len(text) >= 80)
            if not in_box and (kept or is_sentence or len(text) >= 60):
                seen.update({key} if len(text) > 60 else ())
                kept.append((text, heading))
    while kept and (kept[-1][1] or (len(kept[-1][0]) < 80 and not ends_sentence(kept[-1][0]))):
        kept.pop()
    texts = [text for text, _ in kept]
    return [text for at, text in enumerate(texts) if at < len(texts) - 3 or not is_author_note(text, authors)], agencies


def _is_beside(text: str, is_sentence: bool) -> bool:
    if is_boilerplate(text) or is_caption(text):
        return True
    return not is_sentence and len(text) < 160 and has_joined_labels(text)


def _last_pair(found: list[tuple[str, bool]]) -> int:
    """Where the last two paragraphs in a row stand: an article goes on with such after a box, teasers do not."""
    above = False
    for index in range(len(found) - 1, -1, -1):
        text, heading = found[index]
        paragraph = not heading and len(text) > 30 and ends_sentence(text) and not is_boilerplate(text)
        if paragraph and above:
            return index
        above = paragraph
    return 0
