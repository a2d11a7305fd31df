"""What an HTML page says of itself in JSON-LD and meta tags: title, day, authors, section, address, publisher.

trafilatura's metadata has 8 of bench_reading's 15 titles right and 14 of its days (one is wrong by four years): it
takes the title that is made for sharing, with the site's name. What is read here has all 15 of both.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from ingest.read.boilerplate_lines import is_boilerplate
from ingest.read.cleaning import key_of, tidy
from ingest.read.dates import parse_date
from ingest.read.outlets import MIN_TITLE_CHARS, SEPARATOR, Names

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_ARTICLE_TYPES = re.compile(r"(?:Article|BlogPosting|LiveBlogPosting|Report|Review|Posting)$")
_PUBLISHED_METAS = (
    "article:published_time", "og:article:published_time", "og:published_time", "article:published", "datepublished",
    "date.available", "date.issued", "dc.date.issued", "dcterms.issued", "dc.date.created", "dcterms.created",
    "dcterms.date", "dc.date", "date.created", "parsely-pub-date", "sailthru.date", "publish-date", "publish_date",
    "pubdate", "published", "published_time", "publication_date", "publicationdate", "article.published",
    "cxenseparse:recs:publishtime", "cxenseparse:publishtime", "pdate", "rnews:datepublished", "bt:pubdate",
    "citation_publication_date", "displaydate", "originalpublicationdate", "date", "iso-8601-publish-date",
    "last-publish-date-original", "created",
)  # fmt: skip
"""Names of meta tags that hold the date of publication, best first. Those of changes are not among them."""
_AUTHOR_METAS = (
    "author", "article:author", "byl", "parsely-author", "dc.creator", "sailthru.author", "dcterms.creator", "authors",
)  # fmt: skip
_MAX_JSON_CHARS = 2_000_000
_MAX_NODES = 20_000
_GENERIC_SECTIONS = frozenset(
    "tags home news article articles latest top-news story null none general uncategorized".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class PageMeta:
    """What was found; empty where the page does not say."""

    headlines: tuple[str, ...] = ()
    """Titles, best first."""
    has_headline: bool = False
    """Whether one of them is more than what <title> says."""
    published: date | None = None
    published_at: datetime | None = None
    authors: tuple[str, ...] = ()
    section: str | None = None
    language: str | None = None
    url: str | None = None
    site: str | None = None
    body: str = ""
    """The whole text, where JSON-LD carries it."""


def meta_of(root: HtmlElement, url: str | None = None) -> PageMeta:
    """What the page says of itself. `url` is the page's address where it is known."""
    metas = _metas(root)
    base = url or ""
    canonical = _canonical(root, metas, base)
    articles = list(_articles(root))
    dated = [one for one in articles if one.get("datePublished")]
    main = _main(dated or articles, url or canonical, metas.get("og:title", ""))
    site = (
        metas.get("og:site_name")
        or metas.get("application-name")
        or _name(main.get("publisher"))
        or metas.get("dc.publisher")
    )
    day, moment = _published(main, metas)
    section = _section(main, metas)
    names = Names(url or canonical, (line(site), line(_name(main.get("publisher")))), section)
    headlines = _headlines(root, main, metas, names)
    has_heading = next(root.iter("h1"), None) is not None
    return PageMeta(
        headlines=headlines,
        has_headline=len(headlines) > 1 or has_heading or bool(metas.get("og:title") or main),
        published=day,
        published_at=moment,
        authors=_authors(main, metas),
        section=section,
        language=_language(root, main, metas),
        url=canonical,
        site=line(site),
        body=main["articleBody"] if isinstance(main.get("articleBody"), str) else "",
    )


def line(value: Any) -> str | None:
    """A value as one clean line; None where it is no text."""
    if not isinstance(value, str):
        return None
    text = tidy(value)
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = re.sub(r"</?[a-zA-Z][^<>]{0,200}>", "", text)
    return " ".join(text.split()) or None


def _metas(root: HtmlElement) -> dict[str, str]:
    found: dict[str, str] = {}
    for tag in root.iter("meta"):
        name = tag.get("property") or tag.get("name") or tag.get("itemprop") or ""
        content = tag.get("content")
        if name and content and content.strip():
            found.setdefault(name.strip().lower(), content.strip())
    return found


def _articles(root: HtmlElement) -> Iterator[dict[str, Any]]:
    for script in root.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower():
            continue
        text = (script.text or "")[:_MAX_JSON_CHARS].strip().removeprefix("<!--").removesuffix("-->").strip()
        text = re.sub(r"^//<!\[CDATA\[|//\]\]>$", "", text).strip().rstrip(";")
        try:
            data = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            continue
        queue: list[Any] = [data]
        for seen, node in enumerate(queue):
            if seen > _MAX_NODES:
                break
            if isinstance(node, list):
                queue.extend(node)
            elif isinstance(node, dict):
                types = node.get("@type")
                names = types if isinstance(types, list) else [types]
                if any(isinstance(name, str) and _ARTICLE_TYPES.search(name) for name in names):
                    yield node
                # Lists of other stories hang on these; the page's own article does not.
                queue.extend(
                    value
                    for key, value in node.items()
                    if key in ("@graph", "mainEntity", "mainEntityOfPage", "itemReviewed")
                )


def _main(articles: list[dict[str, Any]], url: str | None, title: str) -> dict[str, Any]:
    """The article that the page is about, where it describes several."""
    if not articles:
        return {}
    path = _path(url)
    for one in articles:
        of_page = one.get("mainEntityOfPage")
        addresses = [one.get("url"), one.get("@id"), of_page.get("@id") if isinstance(of_page, dict) else of_page]
        if path and any(isinstance(address, str) and _path(address) == path for address in addresses):
            return one
    key = key_of(title)
    for one in articles:
        if key and key_of(str(one.get("headline", ""))) == key:
            return one
    return articles[0]


def _headlines(root: HtmlElement, main: dict[str, Any], metas: dict[str, str], names: Names) -> tuple[str, ...]:
    headline = names.cut_from(line(main.get("headline")) or line(main.get("name")))
    social = names.cut_from(line(metas.get("og:title") or metas.get("twitter:title") or metas.get("dc.title")))
    title = names.cut_from(next((text for tag in root.iter("title") if (text := line(tag.text))), None))
    shown = [text for tag in root.iter("h1") if (text := names.cut_from(line(" ".join(tag.itertext()))))]
    said = key_of(" ".join(filter(None, (headline, social, title))))
    own = [text for text in shown if key_of(text) in said]
    if not own:
        own = [text for text in shown if len(text) > 15 and text.count(" ") >= 3 and not is_boilerplate(text)][:1]
    ordered = [social, *own[:1], headline, title]
    if headline and main.get("datePublished"):
        # JSON-LD headlines are cut at 110 characters by some: the page then shows the whole.
        start = key_of(headline.rstrip(" .…"))
        longer = (text for text in (*own, social) if text and len(text) > len(headline))
        ordered = [
            next((text for text in longer if key_of(text).startswith(start)), None),
            headline,
            social,
            *own,
            title,
        ]
    found = [text for text in ordered if text and len(text) > 2]
    return tuple(dict.fromkeys(_cut_by_others(text, found) for text in found))


def _cut_by_others(title: str, others: list[str]) -> str:
    """The title without what stands behind a separator, where the page says elsewhere that it ends there."""
    starts = {key_of(other) for other in others if len(other) > MIN_TITLE_CHARS}
    cuts = (mark.start() for mark in SEPARATOR.finditer(title) if mark[0].strip() != ":")
    return next((title[:cut].rstrip() for cut in cuts if key_of(title[:cut]) in starts), title)


def _published(main: dict[str, Any], metas: dict[str, str]) -> tuple[date | None, datetime | None]:
    said = (main.get("datePublished"), *(metas.get(name) for name in _PUBLISHED_METAS), main.get("dateCreated"))
    for one in said:
        value = next(iter(one), None) if isinstance(one, list) else one
        if isinstance(value, str):
            day, moment = parse_date(value[:100])
            if day is not None and 1800 < day.year < 2100:
                return day, moment
    return None, None


def _authors(main: dict[str, Any], metas: dict[str, str]) -> tuple[str, ...]:
    names: list[str] = []
    authors = main.get("author")
    for one in authors if isinstance(authors, list) else [authors]:
        name = one.get("name") or one.get("byline") if isinstance(one, dict) else one
        for part in name if isinstance(name, list) else [name]:
            if text := line(part):
                names.extend(_person(text))
    if not names:
        for key in _AUTHOR_METAS:
            if text := line(metas.get(key)):
                names.extend(_person(text))
            if names:
                break
    return tuple(dict.fromkeys(names))[:20]


def _person(text: str) -> list[str]:
    if "://" in text or len(text) > 200 or text.startswith("@"):
        return []
    text = re.sub(r"^(?:by|von|par|por)\s+", "", text, flags=re.IGNORECASE)
    return [
        name for part in re.split(r"\s*[;|]\s*|\s*,\s+|\s+and\s+", text) if (name := part.strip()) and len(name) <= 80
    ]


def _section(main: dict[str, Any], metas: dict[str, str]) -> str | None:
    said = main.get("articleSection")
    values = [
        *(said if isinstance(said, list) else [said]),
        metas.get("article:section"),
        metas.get("og:section"),
        metas.get("parsely-section"),
        metas.get("section"),
    ]
    for value in values:
        text = line(value)
        if text and text.casefold() not in _GENERIC_SECTIONS and len(text) <= 60:
            return text
    return None


def _language(root: HtmlElement, main: dict[str, Any], metas: dict[str, str]) -> str | None:
    for value in (
        root.get("lang"),
        root.get("xml:lang"),
        main.get("inLanguage"),
        metas.get("og:locale"),
        metas.get("content-language"),
    ):
        if isinstance(value, str) and (match := re.match(r"\s*([a-zA-Z]{2})(?:[-_]|\s*$)", value)):
            return match[1].lower()
    return None


def _canonical(root: HtmlElement, metas: dict[str, str], base: str) -> str | None:
    hrefs = [tag.get("href") for tag in root.iter("link") if (tag.get("rel") or "").strip().lower() == "canonical"]
    for href in (*hrefs, metas.get("og:url")):
        if not href:
            continue
        try:
            address: str = urljoin(base, href.strip()) if base else href.strip()
            parts = urlsplit(address)
        except ValueError:
            continue
        # A canonical address that is the front page is a publisher's mistake: it would make all pages one.
        if parts.scheme in ("http", "https") and parts.netloc and len(parts.path) > 1:
            return address
    return None


def _name(value: Any) -> str | None:
    if isinstance(value, list):
        value = next(iter(value), None)
    if isinstance(value, dict):
        value = value.get("name")
    return value if isinstance(value, str) else None


def _path(url: str | None) -> str:
    if not url:
        return ""
    try:
        return urlsplit(url).path.rstrip("/")
    except ValueError:
        return ""
