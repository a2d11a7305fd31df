"""HTML pages: body, title, dates and names from the page's own data or from what it shows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import ReadError
from ingest.read.html import read_html
from ingest.read.markup import ATTRIBUTES_MAX, check_attributes

TITLE = "Ferry service to northern islands suspended after storm damage"
BODY = [
    "The only ferry to three northern islands has been suspended until at least Friday after a storm tore a hole in "
    "the pier, the operator said on Wednesday.",
    "About 900 people live on the islands, which depend on the boat for food, post and hospital visits.",
    "A smaller vessel is to be chartered for urgent trips, but it cannot carry cars or more than 30 passengers.",
    "Shop owner Mary Roe said people had stocked up ahead of the weekend. “Last year it did not come for nine days.”",
    "The harbour authority has asked for £2m to rebuild the structure in steel within the next three years.",
    "Engineers were due to inspect the pier on Thursday, and a decision was expected soon after that, it said.",
]
CROSSHEAD = "‘We are used to it’"


def page(
    head: str = "",
    title: str = TITLE,
    above: str = "",
    within: str = "",
    below: str = "",
    lang: str = "en-GB",
    paragraphs: list[str] | None = None,
) -> str:
    """A news page as publishers make them, with menus, boxes and a footer."""
    first, *rest = [f"<p>{text}</p>" for text in (BODY if paragraphs is None else paragraphs)] or [""]
    return f"""<!DOCTYPE html><html lang="{lang}"><head><meta charset="utf-8">
<title>{title} | The Harbour Courier</title>
<meta property="og:site_name" content="The Harbour Courier">{head}</head><body>
<nav><ul><li><a href="/news">News</a></li><li><a href="/sport">Sport</a></li></ul></nav>
<main><article><header><h1>{title}</h1>{above}</header>
<div class="body">{first}
<figure><img src="x.jpg"><figcaption>The pier on Tuesday. Photo: John Roe/AFP</figcaption></figure>
{within}{"".join(rest)}</div></article>
<section class="related"><h2>More from the islands</h2>
<ul><li><a href="/1">A baker feeds a street</a></li></ul></section></main>{below}
<footer><p>© 2026 The Harbour Courier. All rights reserved.</p><time>3 March 2026</time></footer></body></html>"""


def ld(**fields: object) -> str:
    """A JSON-LD block of a news article."""
    data = {"@context": "https://schema.org", "@type": "NewsArticle", "headline": TITLE, **fields}
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


def test_the_body_alone_and_whole() -> None:
    within = (
        f"<h2>{CROSSHEAD}</h2>"
        "<div class='newsletter-signup'><h3>The Morning Letter</h3><p>Sign up for our newsletter.</p></div>"
        "<p>Read more: <a href='/2'>Islands ask for second ferry</a></p>"
    )
    article = read_html(page(above="<p>Share</p>", within=within))
    assert article.text == "\n\n".join([BODY[0], CROSSHEAD, *BODY[1:]])
    assert article.title == TITLE
    assert article.source == "The Harbour Courier"
    assert article.language == "en"


def test_json_ld_tells_the_rest() -> None:
    head = ld(
        datePublished="2020-02-12T16:30:00+01:00",
        dateModified="2020-02-14T08:00:00Z",
        author=[{"@type": "Person", "name": "Jane Doe"}, {"@type": "Person", "name": "John Roe"}],
        articleSection=["World", "Sea"],
        publisher={"@type": "Organization", "name": "Courier Media"},
    )
    article = read_html(page(head + '<link rel="canonical" href="https://courier.example.org/world/ferry-1">'))
    assert article.published == date(2020, 2, 12)
    assert article.published_at == datetime(2020, 2, 12, 15, 30, tzinfo=UTC)
    assert article.published_at is not None
    assert article.published_at.utcoffset() == timedelta(hours=1)
    assert article.authors == ("Jane Doe", "John Roe")
    assert article.section == "World"
    assert article.url == "https://courier.example.org/world/ferry-1"


def test_the_article_of_the_page_is_told_from_others_in_its_data() -> None:
    other = {
        "@type": "NewsArticle",
        "headline": "Another story",
        "datePublished": "2019-01-01",
        "url": "https://e.org/other",
    }
    own = {"@type": "NewsArticle", "headline": TITLE, "datePublished": "2020-02-12", "url": "https://e.org/ferry"}
    graph = json.dumps({"@graph": [other, own, {"@type": "ItemList", "itemListElement": [other]}]})
    article = read_html(page(f'<script type="application/ld+json">{graph}</script>'), url="https://e.org/ferry")
    assert (article.title, article.published) == (TITLE, date(2020, 2, 12))


@pytest.mark.parametrize(
    ("head", "above", "day"),
    [
        ('<meta property="article:published_time" content="2020-02-12T16:30:00Z">', "", date(2020, 2, 12)),
        ('<meta name="pubdate" content="20200212">', "", date(2020, 2, 12)),
        ('<meta property="article:modified_time" content="2020-02-12T16:30:00Z">', "", None),
        ("", '<time itemprop="datePublished" datetime="2020-02-12T16:30:00Z">Wed</time>', date(2020, 2, 12)),
        ("", "<p>By Jane Doe</p><p>12 February 2020 • 4:45pm</p>", date(2020, 2, 12)),
        ("", "<p>Updated 14 February 2020</p><p>Published 12 February 2020</p>", date(2020, 2, 12)),
        ("", "<p>Updated 14 February 2020</p>", None),
        ("", "<p>5 hours ago</p>", None),
        (ld(dateModified="2020-02-14"), "", None),
        (ld(datePublished="soon"), "", None),
        ("", "", None),
    ],
)
def test_the_date_is_that_of_publication_or_unknown(head: str, above: str, day: date | None) -> None:
    assert read_html(page(head, above=above)).published == day


def test_an_address_may_give_the_day() -> None:
    assert read_html(page(), url="https://courier.example.org/2020/02/12/ferry").published == date(2020, 2, 12)
    head = '<meta property="article:published_time" content="2020-02-11T23:30:00Z">'
    assert read_html(page(head), url="https://courier.example.org/2020/02/12/ferry").published == date(2020, 2, 11)


@pytest.mark.parametrize(
    ("head", "title"),
    [
        (f'<meta property="og:title" content="{TITLE} | The Harbour Courier">', TITLE),
        (f'<meta property="og:title" content="{TITLE} - The Harbour Courier | by Jane Doe">', TITLE),
        (
            ld(headline="Pier &#8216;unsafe&#8217; after storm &amp; tide", datePublished="2020-02-12"),
            "Pier ‘unsafe’ after storm & tide",
        ),
        (ld(headline=TITLE[:30] + "…", datePublished="2020-02-12"), TITLE),
        ("", TITLE),
    ],
)
def test_the_title_without_the_outlets_name(head: str, title: str) -> None:
    assert read_html(page(head)).title == title


def test_agencies_that_sign() -> None:
    article = read_html(page(above="<p>By Jane Doe</p>", paragraphs=[*BODY, "kmm/rc (dpa, AP, AFP)"]))
    assert article.credits == ("dpa", "AP", "AFP")
    assert article.authors == ("Jane Doe",)
    assert article.text == "\n\n".join(BODY)


def test_text_behind_a_script_is_taken_from_json_ld() -> None:
    head = ld(articleBody="\n".join(BODY), datePublished="2020-02-12")
    assert read_html(page(head, paragraphs=[])).text == "\n\n".join(BODY)


def test_what_is_given_wins_and_the_pages_own_address_is_kept() -> None:
    article = read_html(page(), url="https://www.dw.com/en/a-1", source="Somebody", origin="x.html")
    assert (article.source, article.url, article.origin) == ("Somebody", "https://www.dw.com/en/a-1", "x.html")
    assert read_html(page(), url="https://www.dw.com/en/a-1").source == "DW"
    front = '<link rel="canonical" href="https://courier.example.org/">'
    assert read_html(page(front), url="https://courier.example.org/a").url == "https://courier.example.org/a"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1252"])
def test_encodings(encoding: str) -> None:
    text = page().replace('charset="utf-8"', f'charset="{encoding}"')
    assert read_html(text.encode(encoding)).text == "\n\n".join(BODY)


def test_the_servers_charset_is_believed_where_the_page_says_none() -> None:
    text = page(paragraphs=["Příliš žluťoučký kůň úpěl ďábelské ódy, řekl ministr v úterý novinářům v Praze.", *BODY])
    data = text.replace('<meta charset="utf-8">', "").replace("£", "").replace("©", "").encode("iso8859-2", "ignore")
    assert read_html(data, content_type_charset="iso-8859-2").text.startswith("Příliš žluťoučký kůň")


def test_text_with_an_xml_declaration() -> None:
    assert read_html('<?xml version="1.0" encoding="iso-8859-1"?>' + page()).text == "\n\n".join(BODY)


def test_the_text_is_clean() -> None:
    dirty = (
        "The min&shy;ister said \u202e“no&nbsp;comment”\u202c on\u200b Tuesday\x00, "
        "and left\nthe room for good, it’s said."
    )
    assert read_html(page(paragraphs=[dirty, *BODY])).text.startswith(
        "The minister said “no comment” on Tuesday, and left the room for good, it’s said.\n\n"
    )


def test_the_same_page_twice_is_the_same_article() -> None:
    """trafilatura's cache of duplicates is global to the process; it must not eat the second page."""
    assert [read_html(page()) for _ in range(5)] == [read_html(page())] * 5


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x01\x02",
        b"<html></html>",
        "<html><body><nav><a href='/'>Home</a><a href='/news'>News</a></nav></body></html>",
        page(paragraphs=[]),
        "<div>" * 3000,
        '<script type="application/ld+json">' + "[" * 50_000,
    ],
)
def test_a_page_without_an_article_is_refused(data: bytes | str) -> None:
    with pytest.raises(ReadError, match="page"):
        read_html(data)


def test_json_ld_of_any_shape_is_survived() -> None:
    values = [
        None,
        1,
        [],
        {},
        "x",
        ["a", {"b": [1]}],
        {"@type": ["NewsArticle", 3], "author": {"name": [{}, 2]}, "headline": 5},
    ]
    for value in values:
        for key in (
            "author",
            "publisher",
            "articleSection",
            "headline",
            "datePublished",
            "inLanguage",
            "mainEntityOfPage",
        ):
            article = read_html(
                page(ld(**{key: value}) + f'<script type="application/ld+json">{json.dumps(value)}</script>')
            )
            assert article.text == "\n\n".join(BODY)


@settings(deadline=None, max_examples=80)
@given(st.one_of(st.binary(max_size=400), st.text(max_size=400)))
def test_any_bytes_give_an_article_or_a_clear_refusal(data: bytes | str) -> None:
    try:
        read_html(data)
    except ReadError as error:
        assert str(error)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=60), st.integers(0, 3000))
def test_a_broken_page_is_survived(noise: bytes, at: int) -> None:
    data = page(ld(datePublished="2020-02-12")).encode()
    try:
        article = read_html(data[:at] + noise + data[at:])
    except ReadError as error:
        assert str(error)
    else:
        assert article.title
        assert article.published in (date(2020, 2, 12), None)


@pytest.mark.parametrize(
    ("said", "site", "url"),
    [
        (f"{TITLE} - National | Globalnews.ca", "Global News", "https://globalnews.ca/news/1/ferry/"),
        (f"{TITLE} * The Gateway Pundit * by Jane Doe", "Where Hope Came Back", "https://www.thegatewaypundit.com/a"),
        (f"{TITLE} ★ Courier Online", "Courier Online", "https://example.org/a"),
        (f"{TITLE} :: Islands :: courier.example", "", "https://www.courier.example/islands/ferry"),
        (f"{TITLE} - World News | Metro News", "Metro", "https://metro.co.uk/2020/02/12/a"),
    ],
)
@pytest.mark.parametrize("where", ["title", "og", "json", "json without heading"])
def test_the_sites_name_behind_any_mark_is_no_part_of_the_title(said: str, site: str, url: str, where: str) -> None:
    head = f'<meta property="og:site_name" content="{site}">'
    head += {"og": f'<meta property="og:title" content="{said}">', "title": ""}.get(
        where, ld(headline=said, datePublished="2020-02-12")
    )
    text = page(head).replace('<meta property="og:site_name" content="The Harbour Courier">', "")
    text = text.replace(f"<title>{TITLE} | The Harbour Courier</title>", f"<title>{said}</title>")
    if "without heading" in where:
        text = text.replace(f"<h1>{TITLE}</h1>", "")
    assert read_html(text, url=url).title == TITLE


@pytest.mark.parametrize("title", ["Sinner beats Alcaraz - and the weather", "Rates: what now? | A guide to the year"])
def test_a_title_with_a_dash_of_its_own_stays_whole(title: str) -> None:
    assert read_html(page(title=title)).title == title


def test_a_notice_is_no_title() -> None:
    text = page().replace("<main>", "<h1>Try refreshing your browser, or tap here to see other videos</h1><main>")
    text = text.replace(f"<title>{TITLE} | The Harbour Courier</title>", "<title></title>")
    assert read_html(text).title == TITLE


_TEASER = (
    "The council voted on Tuesday to build a school beside the old harbour, officials said in a statement, day {}."
)
_CARDS = {
    "linked headings": "<a href='/{0}'><h3>Another story number {0} about the harbour</h3></a><p>{1}</p>",
    "headings with links": "<h4><a href='/{0}'>Another story number {0} about the harbour</a></h4><span>{1}</span>",
    "deep": "<div><div><a href='/{0}'><h3>Another story number {0} about it</h3><p>{1}</p></a></div></div>",
}


@pytest.mark.parametrize("card", _CARDS)
@pytest.mark.parametrize("tag", ["div", "li", "article"])
@pytest.mark.parametrize("where", ["within", "below"])
def test_teasers_of_other_stories_are_no_part_of_the_body(card: str, tag: str, where: str) -> None:
    cards = "".join(f"<{tag}>{_CARDS[card].format(n, _TEASER.format(n))}</{tag}>" for n in range(6))
    assert read_html(page(**{where: f"<div class='x7'>{cards}</div>"})).text == "\n\n".join(BODY)


def test_an_article_of_linked_headings_stays() -> None:
    """A list of places with a linked heading and a paragraph each is an article, and its paragraphs are long."""
    places = [f"Place {n} on the coast is worth a visit, {text}" for n, text in enumerate(BODY * 2)]
    within = "".join(
        f"<div><h3><a href='/{n}'>Number {n}: a place</a></h3><p>{t} {t} {t}</p></div>" for n, t in enumerate(places)
    )
    assert all(text in read_html(page(within=within, paragraphs=[])).text for text in places)


def _with_attributes(count: int, form: str) -> str:
    return page().replace("<p>", "<p " + " ".join(form.format(n) for n in range(count)) + ">", 1)


@pytest.mark.parametrize("form", ["a{}", "a{}=1", 'a{}="<"', "a{}='>'", "a{}=1/"])
def test_a_tag_with_more_attributes_than_any_real_one_is_refused_before_it_is_parsed(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_html(_with_attributes(ATTRIBUTES_MAX // 2, form)).text == "\n\n".join(BODY)

    def never(*_: object, **__: object) -> None:
        pytest.fail("it was parsed")

    monkeypatch.setattr("lxml.html.document_fromstring", never)
    with pytest.raises(ReadError, match="attributes"):
        read_html(_with_attributes(80_000, form))


def test_attributes_are_counted_where_parsers_see_them() -> None:
    many = " ".join(f"a{n}" for n in range(ATTRIBUTES_MAX + 1))
    for hidden in (f'<!--<a b="--><p {many}>"', f'<script>if(a<b x="</script><p {many}>"'):
        with pytest.raises(ReadError, match="attributes"):
            check_attributes(hidden)
    for harmless in (
        f"<script>if(a<b {many})</script>",
        f"<!-- <p {many}> -->",
        "<a " + "<b>" * 50_000,
        "<a<a" * 50_000,
    ):
        check_attributes(harmless)


def test_many_links_in_many_boxes_are_read_as_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """trafilatura looks at each link once for each box around it, which takes minutes on hostile pages."""
    import trafilatura

    links_left: list[int] = []
    extract = trafilatura.bare_extraction

    def counting(root: Any, **options: Any) -> Any:
        links_left.append(sum(1 for _ in root.iter("a")))
        return extract(root, **options)

    monkeypatch.setattr("trafilatura.bare_extraction", counting)
    links = "".join(f"<li><a href='/{n}'>Story {n}</a></li>" for n in range(1100))
    for depth, is_plain in ((1, False), (200, True)):
        links_left.clear()
        boxes = f"{'<div>' * depth}<ul>{links}</ul>{'</div>' * depth}"
        article = read_html(page(below=boxes))
        assert all(text in article.text for text in BODY)
        assert (max(links_left) < 100) is is_plain


def test_an_author_is_kept_beside_an_address_in_its_place() -> None:
    """Publishers give the author's page on a network as "article:author"."""
    head = (
        '<meta name="author" content="Jane Doe"><meta property="article:author" content="https://network.example/doe">'
    )
    assert read_html(page(head)).authors == ("Jane Doe",)
    assert read_html(page(head + ld(author={"name": "John Roe"}))).authors == ("John Roe",)
