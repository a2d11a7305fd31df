"""The body of an HTML article: trafilatura takes it from the page, boxes and captions are taken out of it.

Knows nothing about titles, dates or outlets.
"""

from __future__ import annotations

import html
import logging
import re
from typing import TYPE_CHECKING

from ingest.read.furniture import agency_credits, is_bio, is_caption, is_end, is_furniture, is_hard_end, is_jammed
from ingest.read.page_head import is_signature
from ingest.read.page_lines import ends_sentence, key_of, tidy

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from ingest.read.page_meta import PageMeta


_DROPPED_TAGS = (
    "figcaption",
    "nav",
    "footer",
    "aside",
    "form",
    "button",
    "iframe",
    "noscript",
    "template",
    "dialog",
    "svg",
    "video",
    "audio",
)
_BOX = re.compile(
    r"(?:^|[\s_-])(?:newsletter|related|recirc|share|sharing|social|promo|comments?|outbrain|taboola|advert(?:isement)?|sponsor(?:ed)?|"
    r"caption|credit|read-?(?:more|next|also)|most-?(?:read|popular|viewed)|trending|recommend(?:ed|ations)?|breadcrumbs?|tags?|topics?|"
    r"author-?(?:bio|box|info|card)|bio|about-?author|subscri(?:be|ption)|signup|sign-up|cookie|consent|disqus|sidebar|teaser|also-?read)(?:$|[\s_-])",
    re.IGNORECASE,
)
_BOX_SHARE = 0.25
"""A box that holds more of the page's paragraphs than this is the article, whatever its class is called."""
_LEAD = re.compile(
    r"(?:^|[\s_-])(?:lead|lede|standfirst|stand-first|summary|subtitle|sub-?title|sub-?head(?:line|ing)?|dek|deck|intro|introduction|chapo|teaser-?text|"
    r"excerpt|headline-?description|article-?description|tagline|strapline|abstract|entradilla|bajada|sommario|vorspann|anleser|description)(?:$|[\s_-])",
    re.IGNORECASE,
)
_BLOCKS = frozenset(("p", "head", "item", "quote", "cell", "code", "ab", "row"))


def found_paragraphs(root: HtmlElement, meta: PageMeta) -> list[tuple[str, bool]]:
    """Paragraphs and crossheads (True for these) of the body as trafilatura finds it."""
    pruned = _pruned(root)
    total = sum(len(text) for node in pruned.iter("p") if len(text := "".join(node.itertext())) > 80)
    found = _extracted(pruned, precision=True)
    if _length(found) < 0.5 * total or _length(found) < 400:
        more = _extracted(pruned, precision=False)
        if _length(more) > 1.2 * _length(found):
            found = more
    if _length(found) < 250:
        more = _extracted(root, precision=False)
        if _length(more) > 1.2 * _length(found):
            found = more
    written = _written(meta.body)
    if len(meta.body) > 1.4 * _length(found) + 200 or (len(written) > 2 and len(found) == 1):
        return written
    return found


def _written(body: str) -> list[tuple[str, bool]]:
    """The paragraphs of a text that JSON-LD carries."""
    parts = (re.sub(r"<[^<>]{1,300}>", "", part) for part in re.split(r"\n+|</p>|<br\s*/?>", body))
    return [(text, False) for part in parts if (text := " ".join(tidy(html.unescape(part)).split()))]


def _length(found: list[tuple[str, bool]]) -> int:
    return sum(len(text) for text, _ in found)


def _pruned(root: HtmlElement) -> HtmlElement:
    """A copy of the page without what its tags and classes call something else than the article."""
    from copy import deepcopy

    copy: HtmlElement = deepcopy(root)
    total = sum(_prose_chars(node) for node in copy.iter("p")) or 1
    doomed = []
    for node in copy.iter():
        tag = node.tag
        if not isinstance(tag, str) or tag in ("html", "body", "article", "main", "h1"):
            continue
        if (
            tag in _DROPPED_TAGS
            or (node.get("aria-hidden") == "true" and tag != "p")
            or "hidden" in node.attrib
            or (
                tag in ("div", "section", "ul", "ol", "p", "span", "h2", "h3", "h4", "header")
                and _BOX.search(f"{node.get('class', '')} {node.get('id', '')} {node.get('data-component', '')}"[:300])
            )
        ):
            doomed.append(node)
    for node in doomed:
        if node.getparent() is None:
            continue
        if sum(_prose_chars(p) for p in node.iter("p")) > _BOX_SHARE * total:
            continue
        node.drop_tree()
    return copy


def _prose_chars(node: HtmlElement) -> int:
    length = sum(map(len, node.itertext()))
    return length if length > 80 else 0


def _extracted(root: HtmlElement, *, precision: bool) -> list[tuple[str, bool]]:
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
    paragraphs: list[tuple[str, bool]] = []
    _collect(found.body, paragraphs)
    return paragraphs


def _collect(body: HtmlElement, paragraphs: list[tuple[str, bool]]) -> None:
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
        block = tag in _BLOCKS or tag == "lb"
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


def tidied(found: list[tuple[str, bool]], title: str, authors: tuple[str, ...]) -> tuple[list[str], tuple[str, ...]]:
    """The paragraphs without what is no part of the article, and the agencies that sign it."""
    agencies: tuple[str, ...] = ()
    kept: list[tuple[str, bool]] = []
    seen: set[str] = set()
    own = {key_of(title), *map(key_of, authors)}
    total = sum(len(text) for text, _ in found)
    resumes = _last_pair(found)
    read = 0
    boxed = False
    for index, (text, heading) in enumerate(found):
        read += len(text)
        if signed := agency_credits(text):
            agencies = agencies or signed
            continue
        if is_end(text):
            if 2 * read > total and (is_hard_end(text) or index > resumes):
                break
            boxed = True
            continue
        key = key_of(text)
        sentence = ends_sentence(text)
        if is_furniture(text) or is_caption(text) or key in own:
            continue
        if not sentence and len(text) < 160 and is_jammed(text):
            continue
        if boxed and not (sentence and len(text) >= 80):
            continue
        boxed = False
        if len(text) > 60 and key in seen:
            continue
        seen.add(key)
        if not kept and len(text) < 60 and not sentence:
            continue
        kept.append((text, heading))
    while kept and (kept[-1][1] or (len(kept[-1][0]) < 80 and not ends_sentence(kept[-1][0]))):
        kept.pop()
    for position in range(len(kept) - 1, max(-1, len(kept) - 4), -1):
        if is_bio(kept[position][0], authors):
            del kept[position]
    return [text for text, _ in kept], agencies


def _last_pair(found: list[tuple[str, bool]]) -> int:
    """Where the last two paragraphs in a row stand: an article goes on with such after a box, teasers do not."""
    above = False
    for index in range(len(found) - 1, -1, -1):
        text, heading = found[index]
        paragraph = not heading and len(text) > 30 and ends_sentence(text) and not is_furniture(text)
        if paragraph and above:
            return index
        above = paragraph
    return 0


def lead_of(root: HtmlElement, meta: PageMeta, paragraphs: list[str], title: str, captions: set[str]) -> list[str]:
    """The standfirst, where it stands between the title and what trafilatura took.

    It is known by the class of its element, or because the page's own description says the same.
    """
    opening = next((key_of(text) for text in paragraphs if len(text) > 60), "")
    keys = [key for text in paragraphs if len(key := key_of(text)) > 30]
    described = key_of(meta.description)
    below_title = next(root.iter("h1"), None) is None
    for node in root.iter("h1", "p", "h2", "h3", "h4", "div", "span", "section"):
        if node.tag == "h1":
            below_title = True
            continue
        if not below_title:
            continue
        text = _short_text(node)
        if len(text) < 40:
            continue
        key = key_of(text)
        if key == opening:
            break
        names = f"{node.get('class', '')} {node.get('data-testid', '')} {node.get('itemprop', '')}"[:300]
        same = len(described) > 40 and (key.startswith(described) or described == key)
        if not (same or _LEAD.search(names)) or text.count(" ") < 6 or key == key_of(title) or key in captions:
            continue
        if is_furniture(text) or is_caption(text) or is_signature(text):
            continue
        return [] if any(key in other or other in key for other in keys) else [text]
    return []


def _short_text(node: HtmlElement) -> str:
    """The text of an element, or nothing where it is longer than a standfirst is."""
    parts: list[str] = []
    length = 0
    for part in node.itertext():
        length += len(part)
        if length > 1500:
            return ""
        parts.append(part)
    return " ".join(tidy("".join(parts)).split())
