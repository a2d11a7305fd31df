"""The chain from Python, over the sample corpus: every way of calling a Runnable, and what questions may be."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import Runnable, RunnableLambda

from bot import Answer, NewsbotError, Question, Settings, open_chain
from bot.errors import CorpusMissing, UsageError
from tests.conftest import SAMPLE

Chain = Runnable[str | Question, Answer]
NATO = "How many NATO personnel are in Iraq?"


@pytest.fixture(scope="module")
def chain(sample_settings: Settings) -> Chain:
    return open_chain(sample_settings)


def assert_sound(answer: Answer) -> None:
    """Holds for every answer: quotes are verbatim, markers resolve, the short answer stands in a quote."""
    for number, citation in enumerate(answer.citations, start=1):
        assert citation.number == number
        assert citation.article.text[citation.start : citation.end] == citation.quote
        assert f"[{number}]" in answer.text
        assert citation.article.url is None or (citation.link or "").startswith(citation.article.url)
    if answer.short is not None:
        assert any(answer.short in citation.quote for citation in answer.citations)
    assert answer.answered == bool(answer.citations)
    days = [citation.article.published for citation in answer.citations if citation.article.published]
    assert answer.as_of == max(days, default=None)


def test_invoke_with_words(chain: Chain) -> None:
    answer = chain.invoke(NATO)
    assert answer.answered
    assert answer.question.text == NATO
    assert answer.seconds > 0
    assert_sound(answer)


def test_as_of_asks_as_on_a_day(chain: Chain) -> None:
    answer = chain.invoke(Question(NATO, as_of=date(2020, 3, 1)))
    assert answer.short is not None
    assert "500" in answer.short
    assert answer.as_of == date(2020, 2, 13)


def test_later_news_wins_later(chain: Chain) -> None:
    then = chain.invoke(Question(NATO, as_of=date(2020, 3, 1)))
    now = chain.invoke(NATO)
    assert then.as_of is not None
    assert now.as_of is not None
    assert now.as_of > then.as_of
    days = [citation.article.published for citation in now.citations]
    assert days == sorted(days, key=lambda day: day or date.min, reverse=True), "newest first"


def test_ainvoke_batch_and_stream_agree_with_invoke(chain: Chain) -> None:
    expected = chain.invoke(NATO)

    def same(answer: Answer) -> bool:
        return (answer.text, answer.short, answer.citations) == (expected.text, expected.short, expected.citations)

    assert same(asyncio.run(chain.ainvoke(NATO)))
    assert all(same(answer) for answer in chain.batch([NATO, Question(NATO)]))
    assert same(list(chain.stream(NATO))[-1])


def test_composes_with_other_runnables(chain: Chain) -> None:
    shorten = RunnableLambda(lambda text: str(text).strip()) | chain | RunnableLambda(lambda answer: answer.short)
    assert shorten.invoke(f"  {NATO} ") == chain.invoke(NATO).short


def test_steps_show_in_callbacks(chain: Chain) -> None:
    class Names(BaseCallbackHandler):
        def __init__(self) -> None:
            self.seen: list[str] = []

        def on_chain_start(self, *_: Any, **about: Any) -> None:
            self.seen.append(str(about.get("name")))

    names = Names()
    chain.invoke(NATO, config={"callbacks": [names]})
    assert names.seen == ["newsbot", "understand", "retrieve", "answer"]


def test_sources_and_days_narrow_the_answer(chain: Chain) -> None:
    narrowed = chain.invoke(Question("What happened in Iraq?", sources=("harbour post",)))
    assert {citation.article.source for citation in narrowed.citations} <= {"Harbour Post"}
    early = chain.invoke(Question(NATO, before=date(2020, 12, 31)))
    assert early.answered
    assert all(citation.article.published and citation.article.published.year <= 2020 for citation in early.citations)


@pytest.mark.parametrize("question", ["", "  \n ", "x" * 10_000])
def test_questions_that_cannot_be_asked(chain: Chain, question: str) -> None:
    with pytest.raises(UsageError):
        chain.invoke(question)


def test_unknown_source_is_named_with_those_that_are(chain: Chain) -> None:
    with pytest.raises(UsageError, match=r"'Nowhere Gazette'.*Harbour Post"):
        chain.invoke(Question(NATO, sources=("Nowhere Gazette",)))


def test_swapped_days_are_refused(chain: Chain) -> None:
    with pytest.raises(UsageError, match="Swap"):
        chain.invoke(Question(NATO, after=date(2021, 1, 1), before=date(2020, 1, 1)))


def test_no_corpus_says_how_to_make_one(settings: Settings) -> None:
    with pytest.raises(CorpusMissing, match="newsbot ingest"):
        open_chain(settings)
    assert issubclass(CorpusMissing, NewsbotError)


def questions() -> Iterator[dict[str, Any]]:
    for line in (SAMPLE / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def ask(chain: Chain, row: dict[str, Any]) -> Answer:
    return chain.invoke(Question(row["question"], as_of=date.fromisoformat(row["asked_on"])))


def test_every_answer_over_the_sample_is_sound(chain: Chain) -> None:
    for row in questions():
        assert_sound(ask(chain, row))


def test_most_questions_over_the_sample_are_answered_with_a_quote_that_holds_the_answer(chain: Chain) -> None:
    answerable = [row for row in questions() if row["answers"]]
    right = []
    for row in answerable:
        quotes = " ".join(citation.quote for citation in ask(chain, row).citations)
        right.append(any(gold in quotes for gold in row["answers"]))
    assert sum(right) >= 0.8 * len(right), [row["id"] for row, ok in zip(answerable, right, strict=True) if not ok]


def test_what_the_sample_does_not_say_is_refused(chain: Chain) -> None:
    refused = {row["question"]: not ask(chain, row).answered for row in questions() if not row["answers"]}
    assert sum(refused.values()) >= 0.8 * len(refused), [text for text, was in refused.items() if not was]
    assert refused["Who won the 2031 World Cup?"]
