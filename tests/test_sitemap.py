"""Sitemaps lead to pages; without a network they say what they list."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import date
from pathlib import Path

from bot.errors import ReadError
from bot.schema import Article, Outcome, OutcomeKind
from ingest.read import Limits, ReadOptions, read
from ingest.read.contract import Fetched

BODY = "".join(
    f"<p>The council of Lindmouth voted on point {number} of its agenda on Tuesday, after a debate of two hours.</p>"
    for number in range(1, 7)
)
NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
NEWS = f"""<?xml version="1.0"?><urlset {NS} xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
<url><loc> https://tide.example/a </loc><lastmod>2024-01-01</lastmod><news:news><news:publication>
<news:name>The Tide</news:name><news:language>en</news:language></news:publication>
<news:publication_date>2021-05-04</news:publication_date><news:title>Council votes</news:title></news:news></url>
<url><loc>https://tide.example/b</loc><lastmod>2024-01-01</lastmod></url>
<url><loc>https://tide.example/b</loc></url><url><loc>javascript:alert(1)</loc></url></urlset>"""


def _page(title: str) -> bytes:
    head = f"<title>{title}</title>"
    return f"<html><head>{head}</head><body><article><h1>{title}</h1>{BODY}</article></body></html>".encode()


def _fetcher(pages: dict[str, bytes], asked: list[str]) -> Callable[[str], Fetched]:
    def fetch(url: str) -> Fetched:
        asked.append(url)
        if url not in pages:
            raise ReadError("there is no such page (any more)")
        return Fetched(url=url, final_url=url, status=200, data=pages[url])

    return fetch


def _write(tmp_path: Path, text: str) -> str:
    path = tmp_path / "sitemap.xml"
    path.write_text(text)
    return str(path)


def test_without_a_network_a_sitemap_says_what_it_lists(tmp_path: Path) -> None:
    (outcome,) = read([_write(tmp_path, NEWS)])
    assert isinstance(outcome, Outcome)
    assert outcome.kind == OutcomeKind.SKIPPED
    assert "2 addresses" in outcome.reason
    assert "fetched" in outcome.reason


def test_pages_are_fetched_once_and_completed(tmp_path: Path) -> None:
    asked: list[str] = []
    pages = {"https://tide.example/a": _page("Council votes on its agenda")}
    article, outcome = read([_write(tmp_path, NEWS)], ReadOptions(fetch=_fetcher(pages, asked)))
    assert asked == ["https://tide.example/a", "https://tide.example/b"]
    assert isinstance(article, Article)
    assert (article.published, article.url) == (date(2021, 5, 4), "https://tide.example/a")
    assert "point 6" in article.text
    assert isinstance(outcome, Outcome)
    assert (outcome.kind, outcome.origin) == (OutcomeKind.FAILED, "https://tide.example/b")


def test_lastmod_is_no_day_of_publication(tmp_path: Path) -> None:
    pages = {"https://tide.example/b": _page("Council votes on its agenda")}
    _, article = read([_write(tmp_path, NEWS)], ReadOptions(fetch=_fetcher(pages, [])))
    assert isinstance(article, Article)
    assert article.published is None


def test_an_index_leads_to_sitemaps_packed_or_not_and_never_in_circles(tmp_path: Path) -> None:
    index = f"""<sitemapindex {NS}><sitemap><loc>https://tide.example/1.xml.gz</loc></sitemap>
    <sitemap><loc>https://tide.example/index.xml</loc></sitemap>
    <sitemap><loc>https://tide.example/page</loc></sitemap></sitemapindex>"""
    pages = {
        "https://tide.example/1.xml.gz": gzip.compress(NEWS.encode()),
        "https://tide.example/index.xml": f"<sitemapindex {NS}><sitemap><loc>https://tide.example/index.xml</loc>"
        "</sitemap></sitemapindex>".encode(),
        "https://tide.example/page": _page("No sitemap"),
        "https://tide.example/a": _page("Council votes on its agenda"),
        "https://tide.example/b": _page("Council adjourns"),
    }
    asked: list[str] = []
    items = list(read([_write(tmp_path, index)], ReadOptions(fetch=_fetcher(pages, asked))))
    assert [item.url for item in items if isinstance(item, Article)] == [
        "https://tide.example/a",
        "https://tide.example/b",
    ]
    reasons = [item.reason for item in items if isinstance(item, Outcome)]
    assert any("deep" in reason for reason in reasons)
    assert any("and no sitemap" in reason for reason in reasons)
    assert len(asked) < 12


def test_the_number_of_pages_is_capped(tmp_path: Path) -> None:
    asked: list[str] = []
    options = ReadOptions(fetch=_fetcher({}, asked), limits=Limits(links=1))
    items = list(read([_write(tmp_path, NEWS)], options))
    assert asked == ["https://tide.example/a"]
    assert isinstance(items[-1], Outcome)
    assert "first 1 of its addresses" in items[-1].reason


def test_entities_are_refused(tmp_path: Path) -> None:
    bomb = NEWS.replace("<urlset", '<!DOCTYPE urlset [<!ENTITY a "https://tide.example/x">]><urlset')
    (outcome,) = read([_write(tmp_path, bomb)])
    assert isinstance(outcome, Outcome)
    assert outcome.kind == OutcomeKind.FAILED
    assert "XML entities" in outcome.reason


def test_a_cut_sitemap_gives_what_it_has(tmp_path: Path) -> None:
    (outcome,) = read([_write(tmp_path, NEWS[: NEWS.index("<url><loc>javascript")])])
    assert isinstance(outcome, Outcome)
    assert "2 addresses" in outcome.reason
