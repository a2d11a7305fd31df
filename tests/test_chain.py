"""The chain from Python, over the sample corpus: every way of calling a Runnable, and what questions may be."""

from __future__ import annotations

import asyncio
import gc
import json
import shutil
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.runnables import Runnable, RunnableLambda

from bot import Answer, NewsbotError, Question, Settings, answer_text, open_chain, open_corpus, open_retriever
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
    assert "roughly 500 personnel" in answer.citations[0].quote
    assert answer.as_of == date(2020, 2, 13)


def test_later_news_wins_later(chain: Chain) -> None:
    then = chain.invoke(Question(NATO, as_of=date(2020, 3, 1)))
    now = chain.invoke(NATO)
    assert then.as_of is not None
    assert now.as_of is not None
    assert now.as_of > then.as_of
    days = [citation.article.published for citation in now.citations]
    assert days[0] == now.as_of == max(day for day in days if day), "the newest value first"


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


def test_the_search_is_a_retrievers_run_of_the_second_step(chain: Chain) -> None:
    class Watcher(BaseCallbackHandler):
        def __init__(self) -> None:
            self.runs: dict[Any, str] = {}
            self.seen: list[tuple[str, str]] = []
            self.found: list[Document] = []

        def on_chain_start(self, *_: Any, **about: Any) -> None:
            self.runs[about["run_id"]] = about["name"]

        def on_retriever_start(self, _: Any, query: str, **about: Any) -> None:
            self.seen.append((query, self.runs[about["parent_run_id"]]))

        def on_retriever_end(self, documents: Any, **_: Any) -> None:
            self.found += documents

    for ask in (chain.invoke, lambda asked, config: asyncio.run(chain.ainvoke(asked, config=config))):
        watcher = Watcher()
        answer = ask(NATO, {"callbacks": [watcher]})
        assert watcher.seen == [(NATO, "retrieve")]
        assert tuple(document.id for document in watcher.found) == answer.retrieved


def test_schemas_are_made(chain: Chain) -> None:
    asked = chain.input_schema.model_json_schema()
    assert asked["anyOf"][0] == {"type": "string"}
    assert asked["$defs"]["Question"]["properties"].keys() == {"text", "as_of", "after", "before", "sources"}
    answered = chain.output_schema.model_json_schema()
    assert {"text", "short", "citations"} <= answered["$defs"]["Answer"]["properties"].keys()
    assert "retrieve" in chain.get_graph().draw_mermaid()


@pytest.mark.filterwarnings("ignore::langchain_core._api.beta_decorator.LangChainBetaWarning")
def test_a_model_calls_it_as_a_tool(chain: Chain) -> None:
    tool = chain.as_tool()
    assert (tool.name, list(tool.args)) == ("newsbot", ["text", "as_of", "after", "before", "sources"])
    told = chain.invoke(Question(NATO, as_of=date(2020, 3, 1)))
    call = {"type": "tool_call", "id": "1", "name": "newsbot", "args": {"text": NATO, "as_of": "2020-03-01"}}
    message = tool.invoke(call)
    assert isinstance(message, ToolMessage)
    assert message.content == str(told)
    named = chain.as_tool(name="news", description="What the news says.")
    assert (named.name, named.description) == ("news", "What the news says.")
    assert asyncio.run(named.ainvoke({"text": NATO, "sources": ["Harbour Post"]})).answered


def test_its_text_goes_on_to_other_runnables(chain: Chain) -> None:
    said = chain | answer_text
    assert said.invoke(NATO) == chain.invoke(NATO).text
    assert list(said.stream(NATO)) == [chain.invoke(NATO).text]


async def test_events_are_streamed(chain: Chain) -> None:
    events = [event async for event in chain.astream_events(NATO)]
    kinds = {(event["event"], event["name"]) for event in events}
    assert {("on_retriever_start", "retriever"), ("on_retriever_end", "retriever")} <= kinds
    assert {("on_chain_stream", "newsbot"), ("on_chain_end", "newsbot")} <= kinds
    assert events[-1]["data"]["output"].text == (await chain.ainvoke(NATO)).text


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (None, "no NoneType"),
        (3, "no int"),
        ([HumanMessage(NATO)], "no list. Of a list of messages, give the text of the last one."),
        (HumanMessage(NATO), "no HumanMessage"),
        (Question(None), "no NoneType"),  # type: ignore[arg-type]
        ({"question": NATO}, "has the keys text, as_of, after, before, sources, .* this one has: question."),
        ({}, "this one has: none"),
        (Question(NATO, as_of="soon"), "as_of is a day.*2022-10-31.*'soon'"),  # type: ignore[arg-type]
        ({"text": NATO, "before": 2022}, "before is a day.*2022"),
        (Question(NATO, sources=7), "sources are names of outlets, not 7"),  # type: ignore[arg-type]
        ({"text": NATO, "sources": [None]}, "sources are names of outlets"),
    ],
)
def test_what_is_no_question_is_told_with_what_is_expected(
    chain: Chain, sample_settings: Settings, asked: Any, expected: str
) -> None:
    for ask in (chain.invoke, open_retriever(sample_settings).invoke):
        with pytest.raises(UsageError, match=expected):
            ask(asked)


def test_what_can_be_meant_is_taken(chain: Chain) -> None:
    meant = chain.invoke(Question(NATO, as_of=date(2022, 10, 31), sources=("Harbour Post",)))
    for asked in (
        Question(NATO, as_of="2022-10-31", sources="Harbour Post"),  # type: ignore[arg-type]
        Question(NATO, as_of=datetime(2022, 10, 31, 9, 30), sources=["harbour post"]),  # type: ignore[arg-type]  # noqa: DTZ001
        {"text": NATO, "as_of": "2022-10-31", "sources": "Harbour Post"},
    ):
        answer = chain.invoke(asked)  # type: ignore[arg-type]
        assert (answer.text, answer.question) == (meant.text, meant.question)


def test_settings_of_another_kind_are_refused_by_every_door(sample_settings: Settings) -> None:
    for opened in (open_chain, open_retriever, open_corpus):
        with pytest.raises(
            UsageError, match=r"first argument is the settings, as Settings\(data_dir=\.\.\.\), not 'data'"
        ):
            opened("data")  # type: ignore[operator]
    with pytest.raises(UsageError, match="not 5"):
        open_retriever(5)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="1 or more, not 0"):
        open_retriever(sample_settings, k=0)


def test_a_folder_that_is_deleted_meanwhile_is_told(sample_copy: Settings) -> None:
    chain, retriever = open_chain(sample_copy), open_retriever(sample_copy)
    shutil.rmtree(sample_copy.data_dir)
    for ask in (chain.invoke, retriever.invoke):
        with pytest.raises(CorpusMissing, match=r"is gone.*newsbot ingest"):
            ask(NATO)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are counted by Linux's /proc")
def test_a_chain_that_is_dropped_lets_go_of_its_files(sample_copy: Settings) -> None:
    def open_files() -> list[str]:
        links = [each.resolve() for each in Path("/proc/self/fd").iterdir()]
        return [str(each) for each in links if each.is_relative_to(sample_copy.data_dir)]

    chain = open_chain(sample_copy)
    assert chain.invoke(NATO).answered
    assert open_files()
    del chain
    gc.collect()
    assert not open_files()


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


Asked = list[tuple[dict[str, Any], Answer]]


@pytest.fixture(scope="module")
def asked(sample_settings: Settings) -> Asked:
    """Every question about the sample, with its answer."""
    chain = open_chain(sample_settings)
    rows = map(json.loads, (SAMPLE / "questions.jsonl").read_text(encoding="utf-8").splitlines())
    return [(row, chain.invoke(Question(row["question"], as_of=date.fromisoformat(row["asked_on"])))) for row in rows]


@pytest.mark.slow
def test_every_answer_over_the_sample_is_sound(asked: Asked) -> None:
    for _, answer in asked:
        assert_sound(answer)


@pytest.mark.slow
def test_most_questions_over_the_sample_are_answered_with_a_quote_that_holds_the_answer(asked: Asked) -> None:
    right = {}
    for row, answer in asked:
        if row["answers"]:
            quotes = " ".join(citation.quote for citation in answer.citations)
            right[row["id"]] = any(gold in quotes for gold in row["answers"])
    assert sum(right.values()) >= 0.8 * len(right), [id_ for id_, ok in right.items() if not ok]


@pytest.mark.slow
def test_what_the_sample_does_not_say_is_refused(asked: Asked) -> None:
    refused = {row["question"]: not answer.answered for row, answer in asked if not row["answers"]}
    assert sum(refused.values()) >= 0.8 * len(refused), [text for text, was in refused.items() if not was]
    assert refused["Who won the 2031 World Cup?"]
