"""Identity: one article, one id; another revision, another hash."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.corpus.identity import article_id, canonical_url, content_hash, passage_id
from bot.errors import ReadError
from bot.schema import Article

STORY = "https://heron.example/2024/05/01/bridge"


@pytest.mark.parametrize(
    "url",
    [
        STORY,
        "http://heron.example/2024/05/01/bridge",
        "HTTPS://WWW.Heron.Example:443/2024/05/01/bridge/",
        "http://heron.example:80/2024/05/01/bridge#comments",
        "//heron.example/2024/05/01/bridge",
        " https://heron.example/2024/05/01/bridge\n",
        "https://reader:secret@heron.example./2024/05/01/bridge",
        "https://heron.example/2024/05/01/bridge/index.html",
        "https://heron.example/2024//05/./01/x/../bridge",
        "https://heron.example/2024/05/01/%62ridge",
        "https://heron.example/2024/05/01/bridge?utm_source=a&UTM_Medium=b&fbclid=1&gclid=2&mc_cid=3&cmpid=4&at_medium=5",
        "https://heron.example/2024/05/01/bridge?ref=home&amp;utm_campaign=x",
        "https://heron.example/2024/05/01/bridge?cid=external-feeds_other",
        "https://m.heron.example/2024/05/01/bridge",
        "https://amp.heron.example/2024/05/01/bridge",
        "https://heron.example/amp/2024/05/01/bridge",
        "https://heron.example/2024/05/01/bridge/amp/",
        "https://heron.example/2024/05/01/bridge.amp.html",
        "https://heron.example/2024/05/01/bridge/index.html/amp",
        "https://heron.example/2024/05/01/bridge?outputType=amp",
        "https://www.google.com/amp/s/heron.example/2024/05/01/bridge",
        "https://heron-example.cdn.ampproject.org/c/s/heron.example/2024/05/01/bridge",
        "https://web.archive.org/web/20240502000000id_/https://heron.example/2024/05/01/bridge",
        "https://web.archive.org/web/2024/https://www.google.com/amp/s/heron.example/2024/05/01/bridge",
    ],
)
def test_spellings_of_one_address(url: str) -> None:
    assert canonical_url(url) == STORY


@pytest.mark.parametrize(
    "other",
    [
        "https://heron.example/2024/05/01/Bridge",
        "https://heron.example/2024/05/01/bridge?page=2",
        "https://heron.example/2024/05/01/bridge?id=7&cid=12",
        "https://heron.example:8080/2024/05/01/bridge",
        "https://news.heron.example/2024/05/01/bridge",
        "https://heron.example/2024/05/01/bridge%2Fx",
        "https://heron.example/2024/05/01/amplifier",
    ],
)
def test_other_addresses_stay_other(other: str) -> None:
    assert canonical_url(other) != STORY


def test_the_query_is_sorted_and_keeps_empty_values() -> None:
    assert canonical_url("https://a.example/?b=2&a=&utm_x=1&b=1") == "https://a.example/?a=&b=1&b=2"


def test_hosts() -> None:
    assert canonical_url("https://BÜCHER.example/ä?ö=ü") == "https://xn--bcher-kva.example/%C3%A4?%C3%B6=%C3%BC"
    assert canonical_url("http://[2001:DB8::1]:8080/x") == "https://[2001:db8::1]:8080/x"
    # Without the prefix these would be all that is left of the name.
    assert canonical_url("https://www.co.uk/x") == "https://www.co.uk/x"
    assert canonical_url("https://m.example/x") == "https://m.example/x"
    assert canonical_url("https://a.example") == "https://a.example/"


@pytest.mark.parametrize("url", [
    "", "bridge", "heron.example/x", "ftp://heron.example/x", "javascript:alert(1)", "http://", "http://a b/",
    "http://[::1", "http://a..example/", "http://heron.example:99999/", "http://heron.example:x/", "https:///x",
    "data:,x", "http://" + "a" * 70 + ".example/", "http://a.example/" + "x" * 5000, "http://<script>/",
])  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ReadError):
        canonical_url(url)


PARTS = st.sampled_from([
    "http://", "https://", "//", "www.", "m.", "a.example", "ü.example", "/", "/amp", ".amp", "index.html", "?", "&",
    "=", "a", "%41", "%zz", "%ff", "%2F", "utm_x", "#", "..", ":80", "@", "\ud800", " ", "web.archive.org/web/2024/",
    "google.com/amp/s/",
])  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(
    st.lists(PARTS, max_size=12).map("".join)
    | st.text(max_size=40)
    | st.text(max_size=30).map("https://a.example/".__add__)
)
def test_a_canonical_address_is_its_own_and_nothing_else_is_raised(url: str) -> None:
    try:
        canonical = canonical_url(url)
    except ReadError:
        return
    assert canonical_url(canonical) == canonical
    assert canonical.isascii()


def article(**fields: object) -> Article:
    return replace(Article(title="The bridge", text="It is closed.", url=STORY), **fields)  # type: ignore[arg-type]


def test_an_article_is_known_by_its_address() -> None:
    known = article_id(article())
    assert re.fullmatch(r"[0-9a-f]{16}", known)
    assert article_id(article(title="Another", text="Other words.", url=STORY + "/?utm_source=x")) == known
    assert article_id(article(url=STORY + "2")) != known
    # Stored ids must never change between versions.
    assert known == "2407c56a9e24a5ca"


def test_without_an_address_it_is_known_by_its_words() -> None:
    known = article_id(article(url=None))
    assert article_id(article(url=None, title="THE BRIDGE", text="It is  closed", source="Heron")) == known
    assert article_id(article(url=None, text="It is open.")) != known
    # The words may not move from the title into the text.
    assert article_id(article(url=None, title="The bridge it", text="is closed")) != known
    assert article_id(article(url="")) == known


@pytest.mark.parametrize(
    "change",
    [
        {"title": "The Bridge"},
        {"text": "It is closed"},
        {"url": STORY + "?page=2"},
        {"source": "Heron"},
        {"published": date(2024, 5, 1)},
        {"published_at": datetime(2024, 5, 1, 12, tzinfo=UTC)},
        {"authors": ("Ada Cole",)},
        {"language": "en"},
        {"section": "Town"},
        {"credits": ("AP",)},
    ],
)
def test_every_stored_field_counts_for_a_change(change: dict[str, object]) -> None:
    assert content_hash(article(**change)) != content_hash(article())


def test_origin_id_and_tracking_are_no_change() -> None:
    same = article(origin="/tmp/x.html", id="0" * 16, url=STORY + "?utm_source=letter")
    assert content_hash(same) == content_hash(article())
    assert re.fullmatch(r"[0-9a-f]{32}", content_hash(same))


def test_lists_are_not_run_together() -> None:
    assert content_hash(article(authors=("a", "b"))) != content_hash(article(authors=("a, b",)))
    assert content_hash(article(authors=("AP",))) != content_hash(article(credits=("AP",)))


def test_lone_surrogates_are_survived() -> None:
    assert content_hash(article(text="\ud800")) != content_hash(article(text="\ud801"))
    assert article_id(article(url=None, text="a \ud800"))


def test_a_bad_address_is_refused_everywhere() -> None:
    for identify in (article_id, content_hash):
        with pytest.raises(ReadError):
            identify(article(url="not an address"))


def test_passage_ids_differ_by_article_revision_and_number() -> None:
    first, second = content_hash(article()), content_hash(article(text="It is open."))
    ids = {passage_id(a, h, n) for a in ("a" * 16, "b" * 16) for h in (first, second) for n in range(30)}
    assert len(ids) == 120
