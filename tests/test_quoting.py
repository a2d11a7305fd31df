"""Answers by quoting: numbered, dated, verbatim lines with their links, digests, and refusals that help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from bot.answering.check.gate import check
from bot.answering.deciding import DecisionWeights
from bot.answering.quoting import quote
from bot.models.question_kind import QuestionKind
from bot.models.reader import Reader, load_reader
from bot.retrieval.question import parse_query
from bot.retrieval.reading import read_hits
from bot.retrieval.retriever import Retrieved
from bot.schema import Answer, Article, Coverage, Hit, Passage, Question

TODAY = date(2024, 6, 1)
NOT_ANSWERED = "No word on that.\nHere are {articles} from {first} to {last}.\nNearest: {nearest}\n"
NO_ARTICLES = "Nothing fits.\nHere are {articles} from {first} to {last}.\n"
COVERAGE = Coverage(24, date(2018, 1, 5), date(2024, 5, 30))
SURE = replace(DecisionWeights(), short={"bias": 9.0}, short_least=0.5, answer_least=0.0)
KEEPERS = "How many keepers work at Cape Wrobel?"

LIGHTHOUSE_2019 = Article(
    title="Keepers stay at Cape Wrobel lighthouse",
    text="The lighthouse at Cape Wrobel reopened on Monday. Its staff hope for a quiet winter.\n\n"
    "About 40 keepers work at Cape Wrobel today, the office said. “We need every one,” said its head Maria Lindqvist.",
    url="https://coast.example/2019/keepers",
    source="Coast Courier",
    published=date(2019, 3, 4),
    id="a19",
)
LIGHTHOUSE_2023 = Article(
    title="Fewer hands at Cape Wrobel",
    text="Automation has changed the coast. Only 12 keepers work at Cape Wrobel now, the harbour office said.",
    url="https://daily.example/2023/fewer",
    source="Harbour Daily",
    published=date(2023, 9, 30),
    id="a23",
)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return load_reader()


def hits(*articles: Article, copies: Sequence[Article] = (), held: float = 0.8) -> list[Hit]:
    return [
        Hit(
            Passage(f"{article.id}:0", article, 0, len(article.text)),
            1.0 / rank,
            {"fused": 1.0, "newness": 0.5, "held": held, "about": held},
            tuple(copies),
        )
        for rank, article in enumerate(articles, start=1)
    ]


def answered(
    reader: Reader,
    text: str,
    found: Sequence[Hit],
    *,
    kind: QuestionKind = QuestionKind.FACT,
    weights: DecisionWeights = SURE,
    answer_least: float | None = None,
) -> Answer:
    answer = quote(
        parse_query(Question(text), TODAY, ()),
        Retrieved(tuple(found), kind, tuple(read_hits(reader, text, found)), lambda _: 1.0, tuple(found)),
        COVERAGE,
        {"not_answered": NOT_ANSWERED, "no_articles": NO_ARTICLES, "greeting": "Hello. {articles}."},
        weights=weights,
        answer_least=answer_least,
    )
    assert check(answer) == answer, "a quoting answer passes the gate unchanged"
    return answer


def test_a_line_names_outlet_and_day_and_quotes(reader: Reader) -> None:
    answer = answered(reader, KEEPERS, hits(LIGHTHOUSE_2019))
    assert answer.short == "About 40"
    assert "About 40 keepers work at Cape Wrobel today, the office said." in answer.citations[0].quote
    assert answer.text.startswith("Coast Courier, 4 March 2019: “")
    assert answer.text.splitlines()[0].endswith("” [1]")
    assert answer.as_of == date(2019, 3, 4)


def test_every_quote_is_verbatim_and_numbered(reader: Reader) -> None:
    for kind in (QuestionKind.FACT, QuestionKind.REASON, QuestionKind.YES_NO, QuestionKind.LIST, QuestionKind.TOPIC):
        answer = answered(reader, KEEPERS, hits(LIGHTHOUSE_2019, LIGHTHOUSE_2023), kind=kind)
        assert [citation.number for citation in answer.citations] == list(range(1, len(answer.citations) + 1))
        for citation in answer.citations:
            assert citation.article.text[citation.start : citation.end] == citation.quote


def test_the_newer_value_stands_before_the_older_one(reader: Reader) -> None:
    for order in ((LIGHTHOUSE_2019, LIGHTHOUSE_2023), (LIGHTHOUSE_2023, LIGHTHOUSE_2019)):
        answer = answered(reader, KEEPERS, hits(*order))
        assert (answer.short, answer.as_of) == ("12", date(2023, 9, 30))
        assert [citation.article.id for citation in answer.citations][:2] == ["a23", "a19"]


def test_links_open_at_the_quote(reader: Reader) -> None:
    citation = answered(reader, KEEPERS, hits(LIGHTHOUSE_2023)).citations[0]
    assert citation.link is not None
    assert citation.link.startswith("https://daily.example/2023/fewer#:~:text=")


def test_copies_are_counted_not_repeated(reader: Reader) -> None:
    copy = Article(title="Copy", text=LIGHTHOUSE_2019.text, source="Third Paper", id="c")
    answer = answered(reader, KEEPERS, hits(LIGHTHOUSE_2019, copies=[copy]))
    assert answer.text.splitlines()[0].endswith("[1] (also in 1 outlet)")
    assert answer.citations[0].also_in == (copy,)


def test_an_unknown_date_says_so(reader: Reader) -> None:
    undated = Article(title=LIGHTHOUSE_2019.title, text=LIGHTHOUSE_2019.text, source="Coast Courier", id="u")
    answer = answered(reader, KEEPERS, hits(undated))
    assert answer.text.startswith("Coast Courier, date unknown: ")
    assert (answer.as_of, answer.citations[0].link) == (None, None)


def test_an_overview_is_a_digest(reader: Reader) -> None:
    answer = answered(reader, "latest on Cape Wrobel", hits(LIGHTHOUSE_2019, LIGHTHOUSE_2023), kind=QuestionKind.TOPIC)
    assert [citation.article.id for citation in answer.citations] == ["a23", "a19", "a19"]
    assert answer.short is None


def test_an_overview_of_what_no_article_is_about_is_refused(reader: Reader) -> None:
    def asked(text: str) -> Answer:
        found = hits(LIGHTHOUSE_2019, LIGHTHOUSE_2023)
        return answered(reader, text, found, kind=QuestionKind.TOPIC, weights=DecisionWeights.load())

    assert asked("what's the latest on the keepers of Cape Wrobel?").answered
    rain = (
        replace(LIGHTHOUSE_2019, id=f"o{n}", title=f"Rain {n}", text=f"It rained in Oslo on day {n} of May.")
        for n in range(3)
    )
    few = [*hits(LIGHTHOUSE_2023), *hits(*rain, held=0.0)]
    one = answered(
        reader, "latest on the keepers of Cape Wrobel", few, kind=QuestionKind.TOPIC, weights=DecisionWeights.load()
    )
    assert one.answered, "one article on a topic is enough"
    assert not asked("what's the latest on the cholera outbreak in Haiti?").answered


def test_without_a_reader_a_topic_is_covered_by_what_passages_hold_of_it() -> None:
    def asked(matter: float) -> bool:
        hit = hits(LIGHTHOUSE_2023)[0]
        found = (replace(hit, parts={**hit.parts, "matter": matter}),)
        query = parse_query(Question("latest on Cape Wrobel"), TODAY)
        unread = Retrieved(found, QuestionKind.TOPIC, tuple(read_hits(None, "", found)), lambda _: 1.0, found)
        weights = DecisionWeights.load()
        return quote(query, unread, COVERAGE, {"not_answered": NOT_ANSWERED}, weights=weights).answered

    assert asked(2.0)
    assert not asked(1.0)


def test_what_is_not_sure_enough_is_refused_with_what_is_near(reader: Reader) -> None:
    answer = answered(reader, KEEPERS, hits(LIGHTHOUSE_2019), answer_least=1.1)
    assert not answer.answered
    assert (answer.short, answer.citations, answer.as_of) == (None, (), None)
    assert answer.text.startswith("No word on that.\nHere are 24 articles from 5 January 2018 to 30 May 2024.")
    assert answer.reason == "No word on that."
    assert answer.nearest is not None
    assert "Nearest: “Keepers stay at Cape Wrobel lighthouse” (Coast Courier, 4 March 2019)" in answer.text


def test_a_refusal_names_no_article_that_is_near_by_chance(reader: Reader) -> None:
    answer = answered(reader, "price of saffron?", hits(LIGHTHOUSE_2019, held=0.1), answer_least=1.1)
    assert answer.nearest is None
    assert "Nearest" not in answer.text


def test_braces_of_a_title_are_no_holes(reader: Reader) -> None:
    article = replace(LIGHTHOUSE_2019, title="The {articles} of {last}")
    assert "“The {articles} of {last}”" in answered(reader, KEEPERS, hits(article), answer_least=1.1).text


def test_nothing_found(reader: Reader) -> None:
    answer = answered(reader, KEEPERS, [])
    assert (answer.answered, answer.nearest) == (False, None)
    assert answer.text == "Nothing fits.\nHere are 24 articles from 5 January 2018 to 30 May 2024."


def test_talk_is_answered_as_talk(reader: Reader) -> None:
    answer = answered(reader, "hello", [], kind=QuestionKind.GREETING)
    assert (answer.answered, answer.text) == (False, "Hello. 24 articles.")


@pytest.mark.parametrize(
    ("coverage", "said"),
    [
        (Coverage(2, date(2018, 1, 5), date(2019, 3, 4)), "2 articles, from 5 January 2018 to 4 March 2019."),
        (Coverage(1, date(2018, 1, 5), date(2018, 1, 5)), "1 article, on 5 January 2018."),
        (Coverage(0), ""),
    ],
)
def test_the_days_that_are_covered_read_naturally(coverage: Coverage, said: str) -> None:
    answer = quote(
        parse_query(Question("How many?"), TODAY, ()),
        Retrieved((), QuestionKind.FACT, (), lambda _: 1.0),
        coverage,
        {"no_articles": "{articles}, {days}."},
        weights=SURE,
    )
    assert answer.text == said


def test_without_a_reader_it_quotes_by_rank() -> None:
    found = hits(LIGHTHOUSE_2023, LIGHTHOUSE_2019)
    answer = quote(
        parse_query(Question(KEEPERS), TODAY, ()),
        Retrieved(tuple(found), QuestionKind.FACT, tuple(read_hits(None, KEEPERS, found)), lambda _: 1.0),
        COVERAGE,
        {},
        weights=DecisionWeights(),
    )
    assert answer.answered
    assert answer.short is None
    assert answer.citations[0].article is LIGHTHOUSE_2023
