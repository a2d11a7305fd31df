"""Feeds give articles: full texts as they are, summaries by the page behind the link or when they are wanted."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from bot.errors import ReadError
from bot.schema import Article, Outcome, OutcomeKind
from ingest.read import ReadOptions, read, read_fetched
from ingest.read.contract import Fetched

PARAGRAPHS = [
    "The harbour of Lindmouth reopened on Monday after eleven weeks of dredging, the port authority said.",
    "Ships of up to 9.5 metres draught can call there again, half a metre more than before the works began.",
    "The first to enter was a grain carrier from Gdansk, which had waited outside for two days.",
]
RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>The Lindmouth Tide</title><link>https://tide.example/</link><language>en-gb</language>
<item><title>Harbour &amp; dredging</title><link>https://tide.example/harbour</link>
<description>The harbour is open.</description><category>Local</category><dc:creator>Ann Lee</dc:creator>
<pubDate>Tue, 04 May 2021 08:00:00 +0200</pubDate>
<content:encoded><![CDATA[{content}]]></content:encoded></item>
<item><title>Only a summary</title><link>https://tide.example/summary</link>
<description>The harbour is open again. [...]</description><author>desk@tide.example (Bo Ek)</author>
<dc:date>2021-05-05T10:00:00Z</dc:date></item>
</channel></rss>""".replace("{content}", "".join(f"<p>{text}</p>" for text in PARAGRAPHS))


def _write(tmp_path: Path, text: str | bytes, name: str = "feed.xml") -> str:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def _page(title: str, *, day: str = "") -> bytes:
    meta = f'<meta property="article:published_time" content="{day}">' if day else ""
    body = "".join(f"<p>{text}</p>" for text in PARAGRAPHS * 2)
    head = f"<title>{title}</title>{meta}"
    return f"<html><head>{head}</head><body><article><h1>{title}</h1>{body}</article></body></html>".encode()


def _fetcher(pages: dict[str, bytes | str]) -> Callable[[str], Fetched]:
    def fetch(url: str) -> Fetched:
        page = pages[url]
        if isinstance(page, str):
            raise ReadError(page)
        return Fetched(url=url, final_url=url, status=200, charset="utf-8", data=page)

    return fetch


def test_rss_full_text_and_summary(tmp_path: Path) -> None:
    path = _write(tmp_path, RSS)
    article, outcome = read([path])
    assert isinstance(article, Article)
    assert article.title == "Harbour & dredging"
    assert article.text == "\n\n".join(PARAGRAPHS)
    assert article.url == "https://tide.example/harbour"
    assert article.published == date(2021, 5, 4)
    assert article.published_at == datetime(2021, 5, 4, 8, tzinfo=timezone(timedelta(hours=2)))
    assert (article.source, article.authors, article.section, article.language) == (
        "The Lindmouth Tide",
        ("Ann Lee",),
        "Local",
        "en",
    )
    assert article.origin == f"{path}:1"
    assert isinstance(outcome, Outcome)
    assert (outcome.kind, outcome.title) == (OutcomeKind.SKIPPED, "Only a summary")
    assert "--summaries" in outcome.reason


def test_summaries_are_kept_where_wanted(tmp_path: Path) -> None:
    _, article = read([_write(tmp_path, RSS)], ReadOptions(summaries=True))
    assert isinstance(article, Article)
    assert article.text == "The harbour is open again. …"
    assert article.authors == ("Bo Ek",)
    assert article.published_at == datetime(2021, 5, 5, 10, tzinfo=UTC), "Dublin Core's date is the publication"


def test_the_page_behind_a_summary_is_fetched(tmp_path: Path) -> None:
    fetch = _fetcher({"https://tide.example/summary": _page("Harbour open again")})
    _, article = read([_write(tmp_path, RSS)], ReadOptions(fetch=fetch))
    assert isinstance(article, Article)
    assert PARAGRAPHS[1] in article.text
    assert article.title == "Harbour open again"
    assert article.url == "https://tide.example/summary"
    assert article.published == date(2021, 5, 5), "the feed's date stands where the page shows none"
    assert article.source


def test_a_page_that_cannot_be_fetched_is_an_outcome_or_its_summary(tmp_path: Path) -> None:
    fetch = _fetcher({"https://tide.example/summary": "the server is on strike"})
    path = _write(tmp_path, RSS)
    _, outcome = read([path], ReadOptions(fetch=fetch))
    assert isinstance(outcome, Outcome)
    assert (outcome.kind, outcome.reason, outcome.title) == (
        OutcomeKind.FAILED,
        "the server is on strike",
        "Only a summary",
    )
    _, article = read([path], ReadOptions(fetch=fetch, summaries=True))
    assert isinstance(article, Article)


def test_a_link_to_another_feed_is_not_followed(tmp_path: Path) -> None:
    fetch = _fetcher({"https://tide.example/summary": RSS.encode()})
    _, outcome = read([_write(tmp_path, RSS)], ReadOptions(fetch=fetch))
    assert isinstance(outcome, Outcome)
    assert "leads to feed" in outcome.reason


def test_a_long_description_is_the_text(tmp_path: Path) -> None:
    body = "".join(f"&lt;p&gt;{text}&lt;/p&gt;" for text in PARAGRAPHS * 5)
    path = _write(
        tmp_path, f"<rss version='2.0'><channel><item><description>{body}</description></item></channel></rss>"
    )
    (article,) = read([path])
    assert isinstance(article, Article)
    assert article.text == "\n\n".join(PARAGRAPHS * 5)
    assert article.title == PARAGRAPHS[0]


def test_atom_takes_published_and_never_updated(tmp_path: Path) -> None:
    atom = f"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>Tide</title>
    <entry><title type="html">Harbour &lt;b&gt;open&lt;/b&gt;</title><link href="https://tide.example/a"/>
    <updated>2023-01-01T00:00:00Z</updated><published>2021-05-04T06:00:00Z</published>
    <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>{PARAGRAPHS[0]}</p></div></content></entry>
    <entry><title>B</title><link href="https://tide.example/b"/><updated>2023-01-01T00:00:00Z</updated>
    <content type="text">{PARAGRAPHS[1]}</content><author><name>Ann Lee</name></author></entry></feed>"""
    first, second = read([_write(tmp_path, atom)])
    assert isinstance(first, Article)
    assert isinstance(second, Article)
    assert (first.title, first.text, first.published) == ("Harbour open", PARAGRAPHS[0], date(2021, 5, 4))
    assert (second.text, second.published, second.authors) == (PARAGRAPHS[1], None, ("Ann Lee",))


def test_rdf_feeds_of_the_old_kind(tmp_path: Path) -> None:
    rdf = f"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Tide</title></channel>
    <item rdf:about="https://tide.example/a"><title>A</title><link>https://tide.example/a</link>
    <description>{PARAGRAPHS[0]}</description><dc:date>2021-05-04</dc:date></item></rdf:RDF>"""
    (article,) = read([_write(tmp_path, rdf)], ReadOptions(summaries=True))
    assert isinstance(article, Article)
    assert (article.text, article.published) == (PARAGRAPHS[0], date(2021, 5, 4))


def test_json_feed(tmp_path: Path) -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Tide",
        "language": "en-GB",
        "items": [
            {
                "id": "1",
                "url": "https://tide.example/a",
                "title": "A",
                "content_html": "".join(f"<p>{text}</p>" for text in PARAGRAPHS),
                "date_published": "2021-05-04T08:00:00+02:00",
                "date_modified": "2023-01-01T00:00:00Z",
                "authors": [{"name": "Ann Lee"}],
                "tags": ["Local", "Sea"],
            },
            {"id": "https://tide.example/b", "content_text": PARAGRAPHS[0]},
            {"id": "3", "title": "C", "summary": "Short.", "url": "https://tide.example/c"},
            17,
        ],
    }
    first, second, third, fourth = read([_write(tmp_path, json.dumps(feed), "feed.json")])
    assert isinstance(first, Article)
    assert isinstance(second, Article)
    assert (first.text, first.published, first.authors) == ("\n\n".join(PARAGRAPHS), date(2021, 5, 4), ("Ann Lee",))
    assert (first.source, first.section, first.language) == ("Tide", "Local", "en")
    assert (second.text, second.url) == (PARAGRAPHS[0], "https://tide.example/b")
    assert isinstance(third, Outcome)
    assert isinstance(fourth, Outcome)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_feeds_in_other_encodings(tmp_path: Path, encoding: str) -> None:
    text = RSS.replace('encoding="utf-8"', f'encoding="{encoding}"').replace("Harbour &amp; dredging", "Zürcher Hafen")
    article = next(read([_write(tmp_path, text.encode(encoding))]))
    assert isinstance(article, Article)
    assert article.title == "Zürcher Hafen"


BOMB = """<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]>
<rss version="2.0"><channel><item><title>&d;</title><description>&d;</description></item></channel></rss>"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("outside", ["", '<!ENTITY x SYSTEM "file:///etc/passwd">'])
def test_entities_are_refused_before_parsing(tmp_path: Path, encoding: str, outside: str) -> None:
    bomb = BOMB.replace('<!ENTITY a "lol">', outside + '<!ENTITY a "lol">')
    (outcome,) = read([_write(tmp_path, bomb.encode(encoding))])
    assert isinstance(outcome, Outcome)
    assert outcome.kind == OutcomeKind.FAILED
    assert "XML entities" in outcome.reason


def test_a_declared_utf7_hides_nothing(tmp_path: Path) -> None:
    hidden = RSS.replace('encoding="utf-8"', 'encoding="utf-7"').replace("?>", "?>+ADwAIQ-ENTITY a 'lol'+AD4-", 1)
    for item in read([_write(tmp_path, hidden)]):
        assert "lol" not in (item.title if isinstance(item, Article) else "")


def test_a_broken_feed_gives_what_can_be_read(tmp_path: Path) -> None:
    items = list(read([_write(tmp_path, RSS.replace("</channel></rss>", "<item><title>cut"))]))
    assert isinstance(items[0], Article)


def test_an_empty_feed_and_what_only_looks_like_one(tmp_path: Path) -> None:
    (empty,) = read([_write(tmp_path, "<rss version='2.0'><channel><title>x</title></channel></rss>")])
    assert isinstance(empty, Outcome)
    assert (empty.kind, empty.reason) == (OutcomeKind.SKIPPED, "the feed has no entries")
    (broken,) = read([_write(tmp_path, '{"version": "https://jsonfeed.org/version/1", "items": [', "feed.json")])
    assert isinstance(broken, Outcome)
    assert broken.kind == OutcomeKind.FAILED


def test_a_feed_that_was_fetched_already() -> None:
    fetched = Fetched(
        url="https://tide.example/feed", final_url="https://tide.example/feed/", status=200, data=RSS.encode()
    )
    article = next(read_fetched(fetched))
    assert isinstance(article, Article)
    assert article.origin == "https://tide.example/feed:1"


def test_an_entry_with_a_tag_of_thousands_of_attributes_costs_only_itself(tmp_path: Path) -> None:
    many = " ".join(f"a{number}" for number in range(3000))
    item = f"<item><title>Odd</title><description>&lt;p {many}&gt;The harbour is shut.&lt;/p&gt;</description></item>"
    article, outcome, _ = read([_write(tmp_path, RSS.replace("</item>", f"</item>{item}", 1))])
    assert isinstance(article, Article)
    assert isinstance(outcome, Outcome)
    assert (article.title, outcome.title) == ("Harbour & dredging", "Odd")


def test_a_short_entry_of_several_paragraphs_is_the_article_itself(tmp_path: Path) -> None:
    text = [*PARAGRAPHS, "It left on Thursday."]
    entry = "".join(f"<p>{line}</p>" for line in text)
    item = f"<item><title>Alone</title><content:encoded><![CDATA[{entry}]]></content:encoded></item>"
    (article, *_) = read([_write(tmp_path, RSS.replace("<item>", f"{item}<item>", 1))])
    assert isinstance(article, Article)
    assert article.text == "\n\n".join(text)
