"""The page that newsbot was first made for, saved as text: read, asked and cited. It is not part of the project."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bot import Question, Settings, open_chain
from bot.schema import Answer, Article, Outcome, OutcomeKind
from bot.wiring import open_corpus
from ingest.pipeline import ingest
from ingest.read import read

SEED = Path(__file__).resolve().parents[2] / "shared" / "seed" / "dw-nato-iraq-2020-02-12.txt"
pytestmark = pytest.mark.skipif(not SEED.is_file(), reason="the seed article does not lie beside the checkout")


@pytest.fixture(scope="module")
def seed_settings(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Settings:
    settings = Settings(data_dir=tmp_path_factory.mktemp("seed"), cache_dir=cache_dir)
    corpus = open_corpus(settings, create=True)
    with corpus.writing():
        outcomes = list(ingest(corpus, read([str(SEED)])))
    corpus.close()
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.NEW]
    return settings


@pytest.fixture(scope="module")
def article() -> Article:
    [found] = read([str(SEED)])
    assert not isinstance(found, Outcome), found
    return found


@pytest.fixture(scope="module")
def answer(seed_settings: Settings) -> Answer:
    return open_chain(seed_settings).invoke("how many NATO personnel are in Iraq?")


def test_page_is_read_without_its_furniture(article: Article) -> None:
    assert article.title == "NATO Iraq mission could grow under new plan"
    assert article.published == date(2020, 2, 12)
    assert article.source == "DW"
    assert article.url == "https://p.dw.com/p/3XeL4"
    assert article.section == "Politics"
    assert set(article.credits) == {"dpa", "AP", "AFP"}
    for furniture in ("Skip to", "Image:", "Getty", "Read more", "Sign up", "NATO training for police", "kmm/rc"):
        assert furniture not in article.text


def test_lead_and_crossheads_belong_to_the_article(article: Article) -> None:
    paragraphs = article.text.split("\n\n")
    assert paragraphs[0].startswith("A NATO-led training mission")
    assert "US welcomes the proposal" in paragraphs
    assert "What else is on the agenda?" in paragraphs


def test_answer_is_the_figure_and_never_the_plan(answer: Answer) -> None:
    assert answer.answered
    assert answer.short in ("roughly 500", None), "where a value is promised, it is this one"
    assert "roughly 500" in answer.citations[0].quote
    assert "200" not in answer.citations[0].quote
    assert answer.as_of == date(2020, 2, 12)


def test_citation_is_verbatim_dated_and_linked_to_the_sentence(answer: Answer) -> None:
    citation = answer.citations[0]
    assert citation.article.text[citation.start : citation.end] == citation.quote
    assert "its roughly 500 personnel in Iraq" in citation.quote
    assert citation.article.source == "DW"
    assert citation.article.published == date(2020, 2, 12)
    assert citation.link is not None
    assert citation.link.startswith("https://p.dw.com/p/3XeL4#:~:text=")


@pytest.mark.parametrize(
    "question",
    [
        "who won the 2031 world cup?",
        "What is the price of gold?",
        "How many NATO personnel are in Norway?",
    ],
)
def test_what_the_article_does_not_say_is_not_answered(seed_settings: Settings, question: str) -> None:
    answer = open_chain(seed_settings).invoke(question)
    assert not answer.answered
    assert answer.citations == ()
    assert answer.short is None
    assert answer.coverage.articles == 1
    assert "12 February 2020" in answer.text


def test_asked_as_of_a_day_before_it_was_published(seed_settings: Settings) -> None:
    asked = Question("how many NATO personnel are in Iraq?", as_of=date(2020, 2, 11))
    assert not open_chain(seed_settings).invoke(asked).answered
