"""An HTML page -> its article: trafilatura finds the body, the page's own data tell the rest.

Knows nothing about fetching, files or feeds.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING

from bot.errors import ReadError
from bot.schema import Article
from ingest.read.dates import date_in_url, parse_date
from ingest.read.html_body import found_paragraphs, lead_of, tidied
from ingest.read.language import language_of
from ingest.read.outlets import outlet_name
from ingest.read.page_head import Head, byline_of, published_of_head
from ingest.read.page_lines import Line, ends_sentence, key_of, tidy
from ingest.read.page_meta import PageMeta, meta_of
from ingest.read.plain import decode

if TYPE_CHECKING:
    from lxml.html import HtmlElement


_CHARSET = re.compile(
    rb"<meta[^>]{1,300}?charset\s*=\s*[\"']?\s*([a-zA-Z0-9_:.-]{2,40})|<\?xml[^>]{1,200}?encoding=[\"']([\w.-]{2,40})",
    re.IGNORECASE,
)
_HEAD_BYTES = 4096
_HEAD_LINES = 60
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
    found = found_paragraphs(root, meta)
    head = _head(shown, title, found)
    authors = meta.authors or byline_of(head)
    paragraphs, agencies = tidied(found, title, authors)
    captions = {key_of(" ".join("".join(node.itertext()).split())) for node in root.iter("figcaption")}
    paragraphs = [
        *lead_of(root, meta, paragraphs, title, captions),
        *(text for text in paragraphs if key_of(text) not in captions),
    ]
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
        credits=agencies,
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
        text = " ".join(tidy("".join(parts)).split())
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


def _head(shown: list[Line], title: str, found: list[tuple[str, bool]]) -> Head:
    """The lines around the title, down to the article's first paragraph, for the date and the byline."""
    key = key_of(title)
    at = next((i for i, line in enumerate(shown) if line.level == 1 and key and key_of(line.text) == key), None)
    if at is None:
        at = next((i for i, line in enumerate(shown) if line.level == 1 and len(line.text) > 15), None)
    if at is None:
        return Head((), (), (), "")
    body = {text for text, heading in found if not heading and len(text) > 60}
    below = range(at + 1, min(at + _HEAD_LINES, len(shown)))
    end = next((i for i in below if shown[i].text in body), None)
    if end is None:
        long = (i for i in below if len(shown[i].text) > 160 and ends_sentence(shown[i].text))
        end = next(long, min(at + 12, len(shown) - 1))
    return Head(tuple(shown[max(0, at - 8) : at]), tuple(shown[at + 1 : end + 3]), (), shown[end].text)


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
