"""What the corpus holds of a topic, what it says about a statement, and quotes within their passages.

A real corpus is behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from bot.answering.statement_check import bounded, nearest
from bot.asking import Asker
from bot.corpus.catalog.articles import dated, freshness, newest
from bot.corpus.catalog.feedback import Cited, Given
from bot.corpus.corpus import Corpus
from bot.discord_bot.embeds import changes
from bot.discord_bot.quotes import source_page
from bot.retrieval.topic import articles_on
from bot.schema import Answer, Article, Question
from bot.settings import Settings
from bot.wiring import open_asker, open_corpus
from ingest.pipeline import ingest
from tests.discord_newsroom import quoted
from tests.fakes import article

WIRE = (
    "The ferry Sigrid ran aground off Malmo on Tuesday with 212 people aboard. Nobody was hurt, the coast guard said."
)


@pytest.fixture
def corpus(settings: Settings) -> Iterator[Corpus]:
    made = open_corpus(settings, create=True)
    articles = [
        article("ferry", WIRE, title="Ferry aground", source="The Post", published=date(2024, 5, 7)),
        article("copy", WIRE, title="Ferry aground off Malmo", source="The Echo", published=date(2024, 5, 8)),
        article("later", "The ferry Sigrid was pulled free.\n\nA tug from Malmo did it.", published=date(2024, 5, 9)),
        article("undated", "A ferry to Malmo is an old thing.", published=None),
        article("other", "The canal in Panama is short of water.", source="", published=date(2024, 6, 1)),
    ]
    with made.writing():
        list(ingest(made, articles))
    yield made
    made.close()


def test_a_topic_is_all_its_words_in_a_passage_and_its_title(corpus: Corpus) -> None:
    def titles(topic: str) -> set[str]:
        return {each.title for each in corpus.catalog.articles(articles_on(corpus, topic)).values()}

    assert titles("ferries in Malmo") == {"Ferry aground", "The later opens", "The undated opens"}
    assert titles("ferry Sigrid coast guard") == {"Ferry aground"}
    assert titles("canal") == {"The other opens"}
    assert titles("ferry canal") == set()
    assert titles("zebra") == titles("???") == titles("") == set()
    assert titles("the") >= {"Ferry aground"}, "only common words: they are searched all the same"


def test_copies_count_for_their_own_outlets(corpus: Corpus) -> None:
    found = dated(corpus.catalog, articles_on(corpus, "ferry"))
    assert [(each.day.day, each.source) for each in found] == [(7, "The Post"), (8, "The Echo"), (9, "The Post")]


def test_newest_and_freshness(corpus: Corpus) -> None:
    assert [each.published for each in newest(corpus.catalog, 2)] == [date(2024, 6, 1), date(2024, 5, 9)]
    only = newest(corpus.catalog, 5, articles_on(corpus, "ferry"))
    assert [each.published for each in only] == [date(2024, 5, 9), date(2024, 5, 7)]
    assert {(each.source, each.articles, each.newest) for each in freshness(corpus.catalog)} == {
        ("The Post", 3, date(2024, 5, 9)), ("The Echo", 1, date(2024, 5, 8)), ("", 1, date(2024, 6, 1)),
    }  # fmt: skip


# Statements


async def claim(asker: Asker, text: str) -> Answer:
    *_, last = [each async for each in nearest(asker, Question(text))]
    return last


async def test_a_statement_is_met_with_what_the_articles_say(sample_settings: Settings) -> None:
    asker = open_asker(sample_settings)
    for said, found in (
        ("Sweden joined NATO last year.", "Sweden"),
        ("The Fed cut rates by half a point.", "half"),
        ("Notre-Dame has reopened", "Notre-Dame"),
        ("Truss was PM for just 49 days lol", "49 days"),
        ("NATO has five hundred people in Iraq", "500"),
    ):
        answer = await claim(asker, said)
        assert answer.answered, said
        assert found in answer.text
        assert all(each.article.published for each in answer.citations)
    nothing = await claim(asker, "My cat Muffin ate three bananas in the kitchen.")
    assert not nothing.answered


def test_long_statements_are_cut_after_a_sentence() -> None:
    text = "One is first. Two is second. Three is third."
    assert bounded(text, 100) == text
    assert bounded(text, 30) == "One is first. Two is second."
    assert len(bounded("word " * 100, 50)) <= 50


# Quotes within their passages, and what changed


def given_of(found: Article, quote: str, passages: tuple[str, ...] = ()) -> Given:
    citation = quoted(found, quote)
    return Given(
        id="a" * 12, given_at=datetime(2024, 6, 2, tzinfo=UTC), question=Question("?"), text="x [1]", short=None,
        answered=True, as_of=found.published, model=None, retrieved=passages, messages=(),
        citations=(
            Cited(number=1, article_id=found.id, url=found.url, start=citation.start, end=citation.end, quote=quote),
        ),
    )  # fmt: skip


def stored(corpus: Corpus, title: str) -> Article:
    ids = {id_.split(".")[0] for id_ in corpus.catalog.passage_ids()}
    return next(each for each in corpus.catalog.articles(sorted(ids)).values() if each.title == title)


def test_a_quote_is_bold_within_its_passage_with_its_copies(corpus: Corpus) -> None:
    ferry = stored(corpus, "Ferry aground")
    passages = tuple(id_ for id_ in corpus.catalog.passage_ids() if id_.startswith(ferry.id))
    page = source_page(corpus.catalog, given_of(ferry, "Nobody was hurt, the coast guard said.", passages), 1)
    assert "with 212 people aboard. **Nobody was hurt, the coast guard said.**" in page.description
    assert page.description.startswith("[1] [Ferry aground](https://post.example/ferry#:~:text=Nobody%20was%20hurt")
    assert "-# Also in The Echo (8 May 2024)" in page.description
    assert str(page.footer.text).startswith("Source 1 of 1")


def test_articles_that_changed_or_left_are_said_to_have(corpus: Corpus) -> None:
    later = stored(corpus, "The later opens")
    kept = given_of(later, "A tug from Malmo did it.")
    changed = replace(later, text="Today: the ferry was pulled free.\n\nA tug from Malmo did it.")
    with corpus.writing(), corpus.catalog.writing() as writer:
        writer.put(changed, [])
    assert "**A tug from Malmo did it.**" in source_page(corpus.catalog, kept, 1).description, "it stands elsewhere now"
    with corpus.writing(), corpus.catalog.writing() as writer:
        writer.put(replace(later, text="Nothing of it is true."), [])
    assert "no longer in it" in source_page(corpus.catalog, kept, 1).description
    with corpus.writing(), corpus.catalog.writing() as writer:
        writer.remove(later.id)
    page = source_page(corpus.catalog, kept, 1)
    assert "taken out of the corpus" in page.description
    assert "tug" not in page.description


def test_what_changed_is_told_and_nothing_else(corpus: Corpus) -> None:
    ferry, later = stored(corpus, "Ferry aground"), stored(corpus, "The later opens")
    before = replace(given_of(ferry, WIRE[:73]), short="212")
    cited = quoted(ferry, WIRE[:73])
    same = Answer(question=Question("?"), text="x [1]", short="212", citations=(cited,), as_of=ferry.published)
    assert changes(before, same) == ""
    newer = replace(
        same, citations=(quoted(later, "A tug from Malmo did it."),), as_of=later.published, short="*a tug*"
    )
    told = changes(before, newer, "de")
    assert r"Short answer: **212** → **\*a tug\***" in told
    assert "As of: 7. Mai 2024 → 9. Mai 2024" in told
    assert re.search(r"New: \[The later opens\]\(https://post\.example/later\)", told)
    assert "No longer cited: (1)" in told
    other = replace(same, citations=(quoted(ferry, WIRE[74:]),))
    assert changes(before, other).split("\n")[1:] == ["- Other words quoted: [1]"]
    gone = replace(same, answered=False, citations=(), short=None, as_of=None)
    assert "\n- The corpus no longer has an answer." in changes(before, gone)
    assert "\n- The corpus has an answer now" in changes(
        replace(before, answered=False, short=None, citations=()), same
    )
