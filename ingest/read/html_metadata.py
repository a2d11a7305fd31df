"""What an HTML page says of itself in JSON-LD, meta tags and its headings, as an article.

trafilatura's metadata has 8 of bench_reading's 15 titles right and 14 of its days (one is wrong by four years): it
takes the title that is made for sharing, with the site's name. It names the authors of 14 pages ("Condé Nast" is none).
What is read here has all 15 of each.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from bot.schema import Article
from ingest.read.boilerplate_lines import is_boilerplate
from ingest.read.cleaning import key_of, one_line
from ingest.read.fields import Fields, filled
from ingest.read.outlets import outlet_name, without_site

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_ARTICLE_TYPES = re.compile(r"(?:Article|BlogPosting|LiveBlogPosting|Report|Review|Posting)$")
_OF_THE_PAGE = ("@graph", "mainEntity", "mainEntityOfPage", "itemReviewed")
"""Where JSON-LD keeps the page's own article; lists of other stories hang on other names."""
_MAX_JSON_CHARS = 2_000_000
_MAX_NODES = 20_000


def meta_of(root: HtmlElement, url: str | None = None) -> Article:
    """The article that the page describes; its text is what JSON-LD carries of it, often nothing.

    `url` is the page's address where it is known.
    """
    metas = _metas(root)
    canonical = _canonical(root, metas, url or "")
    main = _main(_articles(root), url or canonical)
    said = Fields({"language": root.get("lang") or root.get("xml:lang")}, main, metas).article()
    said = filled(said, Fields({"published": _time(root)}).article())
    publisher = one_line(Fields({"source": main.get("publisher")}).text("source"))
    site = one_line(metas.get("og:site_name") or metas.get("application-name") or "") or publisher
    body = main.get("articleBody")
    return replace(
        said,
        title=_title(
            root, main, metas, partial(without_site, url=url or canonical, said=(site, publisher), section=said.section)
        ),
        text=body if isinstance(body, str) else "",
        url=canonical or url,
        source=outlet_name(canonical or url, site),
    )


def _metas(root: HtmlElement) -> dict[str, str]:
    found: dict[str, str] = {}
    for tag in root.iter("meta"):
        name = tag.get("property") or tag.get("name") or tag.get("itemprop") or ""
        content = tag.get("content")
        if name and content and content.strip():
            found.setdefault(name.strip().lower(), content.strip())
    return found


def _time(root: HtmlElement) -> str:
    """The <time> that is marked as that of publication."""
    for tag in root.iter("time"):
        marks = f"{tag.get('itemprop', '')} {tag.get('class', '')}".lower()
        if "publish" in marks or tag.get("pubdate") is not None:
            return (tag.get("datetime") or "".join(tag.itertext()))[:100]
    return ""


def _articles(root: HtmlElement) -> Iterator[dict[str, Any]]:
    for script in root.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower():
            continue
        text = re.sub(r"^\s*(?:<!--|//<!\[CDATA\[)|(?:-->|//\]\]>|;)\s*$", "", (script.text or "")[:_MAX_JSON_CHARS])
        try:
            queue: list[Any] = [json.loads(text, strict=False)]
        except (ValueError, RecursionError):
            continue
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
                queue.extend(node[name] for name in _OF_THE_PAGE if name in node)


def _main(articles: Iterator[dict[str, Any]], url: str | None) -> dict[str, Any]:
    """The article that the page is about, where it describes several: a dated one, by its address, else the first."""
    path = _path(url)

    def fit(one: dict[str, Any]) -> tuple[bool, bool]:
        of_page = one.get("mainEntityOfPage")
        said = (one.get("url"), one.get("@id"), of_page.get("@id") if isinstance(of_page, dict) else of_page)
        is_page = bool(path) and path in {_path(address) for address in said if isinstance(address, str)}
        return bool(one.get("datePublished")), is_page

    return max(articles, key=fit, default={})


def _title(root: HtmlElement, main: dict[str, Any], metas: dict[str, str], cut: Callable[[str], str]) -> str:
    """The best of what the page gives for its title; `cut` takes the site's name off."""

    def first_of(*texts: object) -> str:
        return next((title for text in texts if isinstance(text, str) and (title := cut(one_line(text)))), "")

    headline = first_of(main.get("headline"), main.get("name"))
    social = first_of(metas.get("og:title") or metas.get("twitter:title") or metas.get("dc.title"))
    title = first_of(next((tag.text for tag in root.iter("title") if (tag.text or "").strip()), None))
    shown = [text for tag in root.iter("h1") if (text := first_of(" ".join(tag.itertext())))]
    said = key_of(f"{headline} {social} {title}")
    own = [text for text in shown if key_of(text) in said]
    if not own:
        own = [text for text in shown if len(text) > 15 and text.count(" ") >= 3 and not is_boilerplate(text)]
    dated = headline if main.get("datePublished") else ""
    best = next((text for text in (dated, social, *own[:1], headline, title) if len(text) > 2), "")
    # Headlines in JSON-LD are cut at 110 characters by some: the page then shows the whole.
    start = key_of(best.rstrip(" .…"))
    longer = (text for text in (*own, social) if best and len(text) > len(best) and key_of(text).startswith(start))
    return next(longer, best)


def _canonical(root: HtmlElement, metas: dict[str, str], base: str) -> str | None:
    """The address that the page gives itself. One that is the front page is a mistake: it would make all pages one."""
    hrefs = [tag.get("href") for tag in root.iter("link") if (tag.get("rel") or "").strip().lower() == "canonical"]
    for href in filter(None, (*hrefs, metas.get("og:url"))):
        with suppress(ValueError):
            address: str = urljoin(base, href.strip())
            parts = urlsplit(address)
            if parts.scheme in ("http", "https") and parts.netloc and len(parts.path) > 1:
                return address
    return None


def _path(url: str | None) -> str:
    try:
        return urlsplit(url or "").path.rstrip("/")
    except ValueError:
        return ""
