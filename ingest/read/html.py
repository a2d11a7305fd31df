"""An HTML page -> its article: trafilatura finds the body, the page's own data tell the rest.

Knows nothing about fetching, files or feeds.
"""

from __future__ import annotations

import logging
import re
from datetime import date, datetime
from typing import TYPE_CHECKING

from bot.errors import ReadError
from bot.schema import Article
from ingest.read.dates import date_in_url, parse_date
from ingest.read.furniture import agency_credits, is_bio, is_caption, is_end, is_furniture, is_hard_end, is_jammed
from ingest.read.language import language_of
from ingest.read.outlets import outlet_name
from ingest.read.page_head import Head, byline_of, is_signature, published_of_head
from ingest.read.page_lines import Line, tidy
from ingest.read.page_meta import PageMeta, meta_of
from ingest.read.plain import decode

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_CHARSET = re.compile(
    rb"<meta[^>]{1,300}?charset\s*=\s*[\"']?\s*([a-zA-Z0-9_:.-]{2,40})|<\?xml[^>]{1,200}?encoding=[\"']([\w.-]{2,40})",
    re.IGNORECASE,
)
_HEAD_BYTES = 4096
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
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)\]]{0,3}\s*$")
_MIN_BODY_CHARS = 140


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
    root = _parse(data, content_type_charset)
    meta = meta_of(root, url)
    shown = _shown_lines(root)
    title = _title(meta, shown)
    head = _head(shown, title)
    authors = meta.authors or byline_of(head)
    paragraphs, credits = _tidied(_paragraphs(root, meta), title, authors)
    captions = {_key(" ".join("".join(node.itertext()).split())) for node in root.iter("figcaption")}
    paragraphs = [*_lead(root, meta, paragraphs, title, captions), *(text for text in paragraphs if _key(text) not in captions)]
    body = "\n\n".join(paragraphs)
    if len(body) < _MIN_BODY_CHARS and not (title and len(body) >= 80):
        raise ReadError(
            "no article text was found in the page: it is a list of links, a video, or behind a script or a paywall"
        )
    address = meta.url or url
    language = meta.language or language_of(body)
    day, moment = _published(root, meta, head, shown, url or meta.url, language)
    return Article(
        title=title or _first_words(body),
        text=body,
        url=address,
        source=source or outlet_name(address, meta.site),
        published=day,
        published_at=moment,
        authors=authors,
        language=language,
        section=meta.section,
        credits=credits,
        origin=origin,
    )


def _parse(data: bytes | str, charset: str | None) -> HtmlElement:
    from lxml import etree
    from lxml import html as lxml_html

    if isinstance(data, bytes):
        sniffed = _CHARSET.search(data[:_HEAD_BYTES])
        declared = (sniffed[1] or sniffed[2]).decode("ascii") if sniffed else None
        data = decode(data, charset or declared)
    # Parsed from UTF-8 bytes: lxml refuses text that declares another encoding.
    markup = tidy(data).encode("utf-8", "replace")
    try:
        root = lxml_html.document_fromstring(
            markup, parser=lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
        )
    except (etree.LxmlError, ValueError, AssertionError, RecursionError) as error:
        raise ReadError("the page is empty or no HTML") from error
    return root


def _title(meta: PageMeta, shown: list[Line]) -> str:
    if meta.headlines:
        return meta.headlines[0]
    return next((line.text for line in shown if line.level in (1, 2) and len(line.text) > 10), "")


def _shown_lines(root: HtmlElement) -> list[Line]:
    """The page's text as lines, as a person reads down the page."""
    from lxml import etree

    blocks = frozenset(
        [
            "p",
            "div",
            "br",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "ul",
            "ol",
            "li",
            "blockquote",
            "table",
            "tr",
            "td",
            "section",
            "article",
            "header",
            "footer",
            "main",
            "time",
            "address",
            "figure",
            "figcaption",
            "dl",
            "dt",
            "dd",
            "hr",
            "nav",
            "form",
            "button",
            "a",
        ]
    ) - {"a"}
    silent = frozenset(["script", "style", "noscript", "template", "svg", "iframe", "title", "select", "option"])
    found: list[Line] = []
    parts: list[str] = []
    level, muted = 0, 0

    def close() -> None:
        text = " ".join("".join(parts).split())
        parts.clear()
        if text:
            found.append(Line(text, level=level))

    for event, node in etree.iterwalk(root, events=("start", "end")):
        tag = node.tag
        if event == "start":
            if tag in blocks:
                close()
                if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
                    level = int(tag[1])
            muted += tag in silent
            if node.text and not muted:
                parts.append(node.text)
        else:
            if tag in blocks:
                close()
                if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
                    level = 0
            muted -= tag in silent
            if node.tail and not muted:
                parts.append(node.tail)
            elif not muted:
                parts.append(" ")
    close()
    return found


def _paragraphs(root: HtmlElement, meta: PageMeta) -> list[tuple[str, bool]]:
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
    if len(meta.body) > 1.4 * _length(found) + 200:
        written = [" ".join(tidy(part).split()) for part in re.split(r"\n+|</p>|<br\s*/?>", meta.body)]
        found = [(re.sub(r"<[^<>]{1,300}>", "", part).strip(), False) for part in written]
        found = [one for one in found if one[0]]
    return found


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
        text = " ".join("".join(parts).split())
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


def _tidied(
    found: list[tuple[str, bool]], title: str, authors: tuple[str, ...]
) -> tuple[list[str], tuple[str, ...]]:
    """The paragraphs without what is no part of the article, and the agencies that sign it."""
    credits: tuple[str, ...] = ()
    kept: list[tuple[str, bool]] = []
    seen: set[str] = set()
    own = {_key(title), *map(_key, authors)}
    total = sum(len(text) for text, _ in found)
    resumes = _last_pair(found)
    read = 0
    boxed = False
    for index, (text, heading) in enumerate(found):
        read += len(text)
        if signed := agency_credits(text):
            credits = credits or signed
            continue
        if is_end(text):
            if 2 * read > total and (is_hard_end(text) or index > resumes):
                break
            boxed = True
            continue
        key = _key(text)
        sentence = bool(_SENTENCE_END.search(text[-40:]))
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
    while kept and (kept[-1][1] or (len(kept[-1][0]) < 80 and not _SENTENCE_END.search(kept[-1][0][-40:]))):
        kept.pop()
    for position in range(len(kept) - 1, max(-1, len(kept) - 4), -1):
        if is_bio(kept[position][0], authors):
            del kept[position]
    return [text for text, _ in kept], credits


def _last_pair(found: list[tuple[str, bool]]) -> int:
    """Where the last two paragraphs in a row stand: an article that a box interrupts goes on with such, teasers do not."""
    above = False
    for index in range(len(found) - 1, -1, -1):
        text, heading = found[index]
        paragraph = not heading and len(text) > 30 and bool(_SENTENCE_END.search(text[-40:])) and not is_furniture(text)
        if paragraph and above:
            return index
        above = paragraph
    return 0


def _lead(root: HtmlElement, meta: PageMeta, paragraphs: list[str], title: str, captions: set[str]) -> list[str]:
    """The standfirst, where it stands between the title and what trafilatura took.

    It is known by the class of its element, or because the page's own description says the same.
    """
    opening = next((_key(text) for text in paragraphs if len(text) > 60), "")
    keys = [key for text in paragraphs if len(key := _key(text)) > 30]
    described = _key(meta.description)
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
        key = _key(text)
        if key == opening:
            break
        names = f"{node.get('class', '')} {node.get('data-testid', '')} {node.get('itemprop', '')}"[:300]
        same = len(described) > 40 and (key.startswith(described) or described == key)
        if not (same or _LEAD.search(names)) or text.count(" ") < 6 or key == _key(title) or key in captions:
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
    return " ".join("".join(parts).split())


def _head(shown: list[Line], title: str) -> Head:
    """The lines around the title, for the date and the byline."""
    key = _key(title)
    at = next((i for i, line in enumerate(shown) if line.level == 1 and key and _key(line.text) == key), None)
    if at is None:
        at = next((i for i, line in enumerate(shown) if line.level == 1 and len(line.text) > 15), None)
    if at is None:
        return Head((), (), (), "")
    end = at + 1
    while end < min(at + 40, len(shown)) and not (
        len(shown[end].text) > 160 and _SENTENCE_END.search(shown[end].text) and end > at + 3
    ):
        end += 1
    opening = shown[end].text if end < len(shown) else ""
    return Head(tuple(shown[max(0, at - 8) : at]), tuple(shown[at + 1 : end + 3]), (), opening)


def _published(
    root: HtmlElement, meta: PageMeta, head: Head, shown: list[Line], url: str | None, language: str | None
) -> tuple[date | None, datetime | None]:
    """By the page's own data, else a <time> or printed date at the title, else the address; else unknown."""
    if meta.published is not None:
        return meta.published, meta.published_at
    for tag in root.iter("time"):
        if (
            tag.get("itemprop") == "datePublished"
            or tag.get("pubdate") is not None
            or "publish" in (tag.get("class") or "").lower()
        ):
            day, moment = parse_date((tag.get("datetime") or "".join(tag.itertext()))[:100])
            if day is not None:
                return day, moment
    text = "\n".join(line.text for line in shown[:400])
    printed = published_of_head(head, text, url, language)
    if printed[0] is not None:
        return printed
    return (date_in_url(url), None) if url else (None, None)


def _first_words(body: str) -> str:
    line = body.split("\n", 1)[0]
    return line if len(line) <= 160 else line[:160].rsplit(" ", 1)[0] + "…"


def _key(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()
