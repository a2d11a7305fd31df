"""An HTML page -> its article: trafilatura finds the body, the page's own data tell the rest."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from bot.errors import ReadError
from bot.schema import Article
from ingest.read.byline import Head, byline_of, published_of_head
from ingest.read.cleaning import check_attributes, decode, ends_sentence, first_sentence, key_of, tidy
from ingest.read.dates import date_in_url, parse_date
from ingest.read.html_body import Paragraph, body_of, found_paragraphs
from ingest.read.html_metadata import PageMeta, meta_of
from ingest.read.language import language_of
from ingest.read.outlets import outlet_name

if TYPE_CHECKING:
    from lxml.html import HtmlElement


_CHARSET = re.compile(
    rb"<meta[^>]{1,300}?charset\s*=\s*[\"']?\s*([a-zA-Z0-9_:.-]{2,40})|<\?xml[^>]{1,200}?encoding=[\"']([\w.-]{2,40})",
    re.IGNORECASE,
)
_SNIFFED_BYTES = 4096
_HEAD_LINES = 60
_MIN_BODY_CHARS = 140
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = frozenset(
    """
    p div br ul ol li blockquote table tr td section article header footer main time address figure figcaption dl dt dd
    hr nav form button h1 h2 h3 h4 h5 h6
    """.split()  # noqa: SIM905
)
_SILENT = frozenset(("script", "style", "noscript", "template", "svg", "iframe", "title", "select", "option"))


class _Shown(NamedTuple):
    """A line as a person reads down the page; `level` is 1 to 6 for a heading, 0 for none."""

    text: str
    level: int


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
    headings = (line.text for line in shown if line.level in (1, 2) and len(line.text) > 10)
    found = found_paragraphs(root, meta.body)
    title = meta.headlines[0] if meta.headlines else next(headings, "")
    if not meta.has_headline:
        title = _title_in_body(title, found)
    head = _head(shown, title, found)
    authors = meta.authors or byline_of(head)
    captions = {key_of(" ".join("".join(node.itertext()).split())) for node in root.iter("figcaption")}
    paragraphs, agencies = body_of(found, title, authors, captions)
    body = "\n\n".join(paragraphs)
    if len(body) < _MIN_BODY_CHARS and not (title and len(body) >= 80 and ends_sentence(body)):
        raise ReadError(
            "no article text was found in the page: it is a list of links, a video, or behind a script or a paywall"
        )
    address = meta.url or url
    language = meta.language or language_of(body)
    day, moment = _published(root, meta, head, shown, url or meta.url, language)
    return Article(
        title=title or first_sentence(body),
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
        sniffed = _CHARSET.search(data[:_SNIFFED_BYTES])
        declared = (sniffed[1] or sniffed[2]).decode("ascii") if sniffed else None
        data = decode(data, charset or declared)
    markup = tidy(data)
    check_attributes(markup)
    # Parsed from UTF-8 bytes: lxml refuses text that declares another encoding.
    parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        return lxml_html.document_fromstring(markup.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError, RecursionError) as error:
        raise ReadError("the page is empty or no HTML") from error


def _shown_lines(root: HtmlElement) -> list[_Shown]:
    from lxml import etree

    found: list[_Shown] = []
    parts: list[str] = []
    level = muted = 0
    for event, node in etree.iterwalk(root, events=("start", "end")):
        tag, is_start = node.tag, event == "start"
        if tag in _BLOCKS:
            text = " ".join(tidy("".join(parts)).split())
            parts.clear()
            if text:
                found.append(_Shown(text, level))
            level = int(tag[1]) if is_start and tag in _HEADINGS else 0 if tag in _HEADINGS else level
        if tag in _SILENT:
            muted += 1 if is_start else -1
        if not muted:
            parts.append((node.text if is_start else node.tail or " ") or "")
    return found


def _title_in_body(title: str, found: list[Paragraph]) -> str:
    """The line that opens the body where it is the title: print views and Word's pages have no heading.

    What <title> says has the name of the site around it there, or is "Document1".
    """
    opening = found[0][0] if found else ""
    if ends_sentence(opening) or not 4 <= len(opening.split()) <= 30:
        return title
    is_inside = key_of(opening) in key_of(title)
    return opening if is_inside or title.count(" ") < 2 else title


def _head(shown: list[_Shown], title: str, found: list[Paragraph]) -> Head:
    """The lines around the title, down to the article's first paragraph, for the date and the byline."""
    key = key_of(title)
    tops = [index for index, line in enumerate(shown) if line.level == 1]
    named = (index for index in tops if key and key_of(shown[index].text) == key)
    alike = (index for index, line in enumerate(shown) if key and key_of(line.text) == key)
    at = next(named, next((index for index in tops if len(shown[index].text) > 15), next(alike, None)))
    if at is None:
        return Head()
    body = {text for text, heading in found if not heading and len(text) > 60}
    below = range(at + 1, min(at + _HEAD_LINES, len(shown)))
    end = next((i for i in below if shown[i].text in body), None)
    if end is None:
        long = (i for i in below if len(shown[i].text) > 160 and ends_sentence(shown[i].text))
        end = next(long, min(at + 12, len(shown) - 1))
    texts = [line.text for line in shown[: end + 3]]
    return Head(tuple(texts[max(0, at - 8) : at]), tuple(texts[at + 1 :]), (), texts[end])


def _published(
    root: HtmlElement, meta: PageMeta, head: Head, shown: list[_Shown], url: str | None, language: str | None
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
