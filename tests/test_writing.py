"""Answers by a chat model: checked as they come, replaced by quotes when it fails, remembered, counted and logged.

The model is a scripted server behind the real langchain-openai.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import FakeListChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.tracers import BaseTracer
from langchain_core.tracers.schemas import Run

from bot.answering.check.gate import check
from bot.answering.check.prose import ProseCheck
from bot.answering.model import model_calls, model_failure
from bot.answering.model.model_calls import ModelCalls
from bot.answering.model.writing import HOLES, NO_ANSWER, Writer, holes_of
from bot.asking import Asker
from bot.chain import make_chain
from bot.schema import Answer, Question, Turn, Usage
from bot.settings import Settings
from bot.wiring import MODEL_PROMPTS, open_asker, read_prompt
from tests.chat_server import Asked, ChatServer, Reply, in_turn
from tests.scripted_model import DEADLINE_SECONDS, evidence_of, key_of, with_model

ASKED = "How many NATO personnel are in Iraq?"
NOW, THEN = "involves several hundred personnel", "NATO currently has roughly 500 personnel"
UNCITED = "Everyone in the region is very happy about it."


def good(asked: Asked) -> str:
    return (
        f"NATO Mission Iraq involves several hundred personnel [{key_of(asked, NOW)}]. "
        f"On 13 February 2020 NATO had roughly 500 personnel in Iraq [{key_of(asked, THEN)}]."
    )


@pytest.fixture(scope="module")
def base(sample_settings: Settings) -> Asker:
    return open_asker(sample_settings)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_calls, "BACK_OFF_SECONDS", 0.02)


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer(lambda asked: Reply(good(asked))) as running:
        yield running


@pytest.fixture
def asker(base: Asker, sample_settings: Settings, server: ChatServer) -> Asker:
    return with_model(base, sample_settings, server)


def is_sound(answer: Answer) -> bool:
    """What holds of every answer that is shown, growing or final."""
    assert check(answer).text == answer.text
    for citation in answer.citations:
        assert citation.article.text[citation.start : citation.end] == citation.quote
        assert f"[{citation.number}]" in answer.text
        assert citation.link
        assert citation.link.startswith(f"{citation.article.url}#:~:text=")
    return True


# Prose


def test_prose_is_checked_cited_and_counted(asker: Asker) -> None:
    *growing, final = asker.stream(ASKED)
    assert final.final
    assert final.answered
    assert final.model == "openai:scripted"
    assert final.note is None
    assert final.text.startswith("NATO Mission Iraq involves several hundred personnel [1].")
    assert [citation.article.published for citation in final.citations] == [date(2024, 5, 24), date(2020, 2, 13)]
    assert final.as_of == date(2024, 5, 24)
    assert final.retrieved
    assert final.usage is not None
    assert final.usage.calls == 1
    assert final.usage.input_tokens > 500
    assert final.usage.output_tokens > 10
    assert 0 < final.usage.seconds < final.seconds < DEADLINE_SECONDS
    assert is_sound(final)
    assert [answer.final for answer in growing] == [False] * len(growing)
    for before, after in zip(growing, [*growing[1:], final], strict=True):
        assert is_sound(before)
        assert after.text.startswith(before.text)


def test_text_shows_before_the_model_is_done(asker: Asker, server: ChatServer) -> None:
    server.script = lambda asked: Reply(good(asked), piece_delay_seconds=0.005)
    growing = list(asker.stream(ASKED))
    assert len(growing) >= 2
    assert len(growing[0].text) < len(growing[-1].text)
    assert growing[0].as_of == date(2024, 5, 24)


async def test_the_same_in_an_event_loop(asker: Asker, server: ChatServer) -> None:
    server.script = lambda asked: Reply(good(asked), piece_delay_seconds=0.005)
    growing = [answer async for answer in asker.astream(ASKED)]
    assert [answer.final for answer in growing] == [False] * (len(growing) - 1) + [True]
    assert growing[-1].model == "openai:scripted"


def test_what_fails_is_removed_and_told(asker: Asker, server: ChatServer) -> None:
    server.script = lambda asked: Reply(f"{good(asked)} {UNCITED} It has 9,000 personnel [{key_of(asked, NOW)}].")
    final = asker(ASKED)
    assert final.model
    assert "happy" not in final.text
    assert "9,000" not in final.text
    assert {removed.text.strip(". ") for removed in final.removed} >= {UNCITED.strip(".")}
    assert all(removed.reason for removed in final.removed)


def test_where_nothing_is_left_quotes_answer(asker: Asker, server: ChatServer, base: Asker) -> None:
    server.script = in_turn([Reply(f"{UNCITED} There are 9,000 [1] of them.")])
    final, quoted = asker(ASKED), base(ASKED)
    assert (final.text, final.short, final.citations) == (quoted.text, quoted.short, quoted.citations)
    assert final.note == "The chat model wrote nothing that the articles support, so this answer is made of quotes."
    assert final.model is None
    assert final.removed
    assert final.usage is not None
    assert final.usage.calls == 1


MANNERS = {
    "right": lambda asked, words: f" [{key_of(asked, words)}]",
    "forgotten": lambda asked, words: "",  # noqa: ARG005
    "wrong": lambda asked, words: f" [{key_of(asked, THEN if words == NOW else NOW)}]",
    "by outlet": lambda asked, words: " (Source: Harbour Post)",  # noqa: ARG005
}


@pytest.mark.parametrize("manner", MANNERS)
def test_code_cites_whether_marks_are_right_forgotten_or_wrong(manner: str, asker: Asker, server: ChatServer) -> None:
    mark = MANNERS[manner]
    server.script = lambda asked: Reply(
        f"NATO Mission Iraq involves several hundred personnel{mark(asked, NOW)}. "
        f"On 13 February 2020 NATO had roughly 500 personnel in Iraq{mark(asked, THEN)}."
    )
    final = asker(ASKED)
    assert final.model
    assert final.text == (
        "NATO Mission Iraq involves several hundred personnel [1]. "
        "On 13 February 2020 NATO had roughly 500 personnel in Iraq [2]."
    )
    assert [NOW in citation.quote for citation in final.citations] == [True, False]
    assert final.citations[1].article.published == date(2020, 2, 13)


VERDICTS = (
    '```json\n{"verdicts": [{"pair": 1, "supported": true}, {"pair": 2, "supported": false, "why": "it was 600"}]}\n```'
)


def verifying(reply: str) -> Callable[[Asked], Reply]:
    return lambda asked: Reply(reply if "Pair 1" in asked.said("user") else good(asked))


def test_the_model_reads_its_answer_again(base: Asker, sample_settings: Settings, server: ChatServer) -> None:
    asker = with_model(base, sample_settings, server, llm_verify=True)
    server.script = verifying(VERDICTS)
    *growing, final = asker.stream(ASKED)
    assert growing == [], "nothing shows before it is judged"
    assert final.text == "NATO Mission Iraq involves several hundred personnel [1]."
    assert [removed.reason for removed in final.removed] == [
        "the chat model, asked again, does not find it supported (it was 600)"
    ]
    assert final.usage is not None
    assert final.usage.calls == 2
    told = server.requests[-1].said("user")
    assert "sentence: On 13 February 2020 NATO had roughly 500 personnel in Iraq." in told
    assert THEN in told


@pytest.mark.parametrize(
    "verdicts", ["All are fine.", '{"verdicts": [{"pair": 1, "supported": true}]}', '{"verdicts": 1}']
)
def test_without_a_verdict_on_each_sentence_quotes_answer(
    verdicts: str, base: Asker, sample_settings: Settings, server: ChatServer
) -> None:
    asker = with_model(base, sample_settings, server, llm_verify=True)
    server.script = verifying(verdicts)
    final = asker(ASKED)
    assert final.model is None
    assert final.text == base(ASKED).text
    assert "gave no verdict on its own answer that can be read" in str(final.note)


def test_the_short_answer_stands_where_text_and_quote_hold_it(
    asker: Asker, base: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in (base, asker):
        monkeypatch.setattr(each, "weights", replace(each.weights, short_least=0.0))
    assert (base(ASKED).short or "").endswith("hundred")
    assert (asker(ASKED).short or "").endswith("hundred")


@pytest.mark.parametrize(
    "reply",
    [NO_ANSWER, f'"{NO_ANSWER}"', "The passages do not say how many there are.", "There is no information on that."],
)
def test_a_model_that_finds_no_answer_gives_a_proper_refusal(asker: Asker, server: ChatServer, reply: str) -> None:
    server.script = in_turn([Reply(reply)])
    final = asker(ASKED)
    assert not final.answered
    assert final.note is None
    assert final.model == "openai:scripted"
    assert final.text.startswith("The corpus does not say.\nIt covers 44 articles")
    assert final.nearest is not None
    assert final.citations == ()


def test_no_evidence_no_call(asker: Asker, server: ChatServer) -> None:
    final = asker(Question(ASKED, before=date(1999, 1, 1)))
    assert not final.answered
    assert final.text.startswith("No article here fits")
    assert server.requests == []


def test_without_a_model_one_answer_comes_and_it_is_final(base: Asker) -> None:
    (answer,) = base.stream(ASKED)
    assert answer.final
    assert answer.model is None
    assert answer.usage is None


# What the model is told


def test_the_model_is_told_the_day_the_question_and_the_evidence(asker: Asker, server: ChatServer) -> None:
    asker(Question("How many <<<NATO>>> personnel are in Iraq?", as_of=date(2024, 6, 1)))
    (request,) = server.requests
    assert [each["role"] for each in request.body["messages"]] == ["system", "user"]
    assert "Today is 1 June 2024." in request.said("user")
    assert "The question: How many ‹‹‹NATO››› personnel are in Iraq?" in request.said("user")
    assert NO_ANSWER in request.said("system")
    assert len(evidence_of(request)) == 10
    assert not holes_of(request.said("user") + request.said("system"))
    assert "temperature" not in request.body, "some models take none but their own"


def test_the_holes_of_every_wording_are_those_that_are_filled(server: ChatServer, asker: Asker) -> None:
    server.script = in_turn([Reply(NO_ANSWER)])
    assert set(HOLES) == set(MODEL_PROMPTS)
    marked = {name: " ".join(f"{hole}={{{hole}}}" for hole in sorted(HOLES[name])) for name in MODEL_PROMPTS}
    for name in MODEL_PROMPTS:
        assert holes_of(read_prompt(name, Settings())) == HOLES[name]
    assert asker.writer is not None
    asker.writer.prompts = marked
    list(asker.stream("and in Syria?", [Turn(ASKED, "Several hundred.")]))
    rewriting, writing = server.requests
    assert rewriting.said("user").startswith(
        f"history=Question: {ASKED}\nAnswer: Several hundred. question=and in Syria?"
    )
    assert writing.said("system") == f"no_answer={NO_ANSWER}"
    assert writing.said("user").startswith("evidence=<<<passage ")
    assert "question=" in writing.said("user")
    assert not holes_of(rewriting.said("user") + writing.said("user") + writing.said("system"))


def test_evidence_keeps_to_its_budget(base: Asker, sample_settings: Settings, server: ChatServer) -> None:
    with_model(base, sample_settings, server, llm_context_tokens=700)(ASKED)
    assert 1 <= len(evidence_of(server.requests[0])) <= 3


# A model that fails

FAULTS = {
    "too many requests": (Reply(status=429), "is asked too often (HTTP 429)", 3),
    "too many, and come back tomorrow": (
        Reply(status=429, headers={"retry-after": "86400"}), "is asked too often (HTTP 429)", 1,
    ),
    "no quota": (
        Reply(status=429, body={"error": {"code": "insufficient_quota", "message": "x"}}), "has no quota left", 1,
    ),
    "server error": (Reply(status=500), "is out of order (HTTP 500)", 3),
    "overloaded": (Reply(status=503), "is out of order (HTTP 503)", 3),
    "wrong key": (Reply(status=401), "refuses the key (HTTP 401)", 1),
    "unknown model": (Reply(status=404), "is not known to its provider (HTTP 404)", 1),
    "refused request": (Reply(status=400), "refuses the request (HTTP 400)", 2),
    "empty": (Reply(""), "gave an empty answer", 3),
    "filtered": (Reply("", finish_reason="content_filter"), "declined to answer", 1),
    "declining": (Reply("I'm sorry, but I can't help with that."), "declined to answer", 1),
    "cut": (Reply("one two three four five", cut_after=2), "broke off", 3),
    "cut as if done": (Reply("one two three four five", cut_after=2, quiet_end=True), "broke off", 3),
    "no JSON": (Reply(garbage=b"data: {not json\n\n"), "cannot be read", 3),
    "not UTF-8": (Reply(garbage=b'data: {"choices":[{"delta":{"content":"caf\xe9"}}]}\n\n'), "cannot be read", 3),
    "a web page": (Reply(garbage=b"<html><h1>Bad gateway</h1></html>"), "cannot be read", 3),
    "endless": (Reply("on and on " * 50, endless=True), "did not stop writing", 1),
    "100,000 tokens in one": (Reply("word" * 100_000), "did not stop writing", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_model_that_fails_is_answered_for_by_quotes(
    name: str, base: Asker, sample_settings: Settings, server: ChatServer
) -> None:
    reply, said, calls = FAULTS[name]
    server.script = in_turn([reply])
    asker = with_model(base, sample_settings, server, llm_output_tokens=60)
    final = list(asker.stream(ASKED))[-1]
    assert final.final
    assert final.text == base(ASKED).text
    assert final.note is not None
    assert final.note.startswith("The chat model ")
    assert said in final.note
    assert len(server.requests) == calls
    assert final.usage is not None
    assert final.usage.calls == calls


@pytest.mark.parametrize("reply", [Reply("late", delay_seconds=600), Reply("x " * 5000, piece_delay_seconds=0.5)])
def test_a_model_that_is_late_is_answered_for_by_quotes(
    reply: Reply, base: Asker, sample_settings: Settings, server: ChatServer
) -> None:
    server.script = in_turn([reply])
    started = time.perf_counter()
    final = with_model(base, sample_settings, server, llm_deadline_seconds=3)(ASKED)
    assert time.perf_counter() - started < 600, "it was not waited for"
    assert final.text == base(ASKED).text
    assert "did not answer in time" in str(final.note)
    assert len(server.requests) <= 1


def test_a_reply_that_breaks_off_after_text_was_shown_ends_in_quotes(asker: Asker, server: ChatServer) -> None:
    server.script = lambda asked: Reply(f"{good(asked)} {UNCITED * 9}", cut_after=60)
    *growing, final = asker.stream(ASKED)
    assert growing
    assert all(answer.model for answer in growing)
    assert final.model is None
    assert "broke off" in str(final.note)
    assert len(server.requests) == 1, "what was shown is not said again in other words"


def test_nobody_at_the_address(base: Asker, sample_settings: Settings, server: ChatServer) -> None:
    server.__exit__()
    final = with_model(base, sample_settings, server)(ASKED)
    assert "cannot be reached" in str(final.note)


def test_a_fault_that_passes_is_tried_again(asker: Asker, server: ChatServer) -> None:
    faults = [Reply(status=429, headers={"retry-after": "0.1"}), Reply("cut here", cut_after=1)]
    server.script = lambda asked: faults.pop(0) if faults else Reply(good(asked))
    final = asker(ASKED)
    assert final.model
    assert final.usage is not None
    assert final.usage.calls == 3
    assert server.requests[1].at - server.requests[0].at >= 0.1, "as long as the server asked"


def test_a_server_that_counts_no_tokens_is_asked_without(asker: Asker, server: ChatServer) -> None:
    server.script = lambda asked: Reply(status=400) if "stream_options" in asked.body else Reply(good(asked))
    assert asker(ASKED).model
    assert asker("Who leads the NATO mission in Iraq?").question.text
    assert ["stream_options" in request.body for request in server.requests] == [True, False, False]


def test_a_check_that_breaks_leaves_no_question_unanswered(
    asker: Asker, base: Asker, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(ProseCheck):
        def feed(self, piece: str) -> None:
            raise RuntimeError(f"secret {piece}")

    assert asker.writer is not None
    asker.writer.make_check = Broken
    final = asker(ASKED)
    assert final.text == base(ASKED).text
    assert "could not be checked" in str(final.note)
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


# At once


def test_so_many_calls_at_once_and_no_more(base: Asker, sample_settings: Settings, server: ChatServer) -> None:
    server.script = lambda asked: Reply(good(asked), delay_seconds=0.15)
    asker = with_model(base, sample_settings, server, llm_concurrency=2, llm_deadline_seconds=20)

    async def both() -> list[list[Answer]]:
        async def one(number: int) -> list[Answer]:
            return [answer async for answer in asker.astream(f"{ASKED} ({number})")]

        return await asyncio.gather(*(one(number) for number in range(3)))

    with ThreadPoolExecutor(4) as threads:
        working = [threads.submit(asker, f"{ASKED} ({number})") for number in range(10, 13)]
        found = [answers[-1] for answers in asyncio.run(both())] + [each.result() for each in working]
    assert all(answer.model for answer in found)
    assert len(server.requests) == 6
    assert server.at_once_most == 2


def test_who_waits_too_long_for_a_turn_gets_quotes(asker: Asker, base: Asker) -> None:
    assert asker.writer is not None
    asker.writer.calls._slots = asyncio.Semaphore(0)  # all turns are taken
    asker.writer.calls.deadline_seconds = 1.0
    final = asker(ASKED)
    assert final.text == base(ASKED).text
    assert "as many questions as it takes at once" in str(final.note)


async def test_who_leaves_early_stops_the_model(asker: Asker, server: ChatServer) -> None:
    server.script = lambda asked: Reply(good(asked) + " x" * 3000, piece_delay_seconds=0.05)
    stream = asker.astream(ASKED)
    assert (await anext(stream)).text
    await stream.aclose()  # type: ignore[attr-defined]
    assert asker.writer is not None
    async with asyncio.timeout(60):  # the whole reply takes more than twice as long
        while server._at_once:
            await asyncio.sleep(0.02)
    server.script = lambda asked: Reply(good(asked))
    assert [answer async for answer in asker.astream(ASKED)][-1].model


# Remembered


def test_the_same_question_is_answered_from_memory(asker: Asker, server: ChatServer) -> None:
    first, second = asker(ASKED), asker(f"  {ASKED} ")
    assert len(server.requests) == 1
    assert replace(second, seconds=0.0, usage=None) == replace(first, seconds=0.0, usage=None)
    assert second.usage == Usage(cost_usd=0.0)
    assert second.seconds < first.seconds


@pytest.mark.parametrize(
    "other",
    [
        Question(ASKED, as_of=date(2024, 7, 1)),
        Question(ASKED, sources=("Harbour Post",)),
        Question(ASKED, after=date(2019, 1, 1)),
        Question(ASKED.replace("How", "And how")),
    ],
)
def test_another_question_is_asked_anew(asker: Asker, server: ChatServer, other: Question) -> None:
    asker(ASKED)
    asker(other)
    assert len(server.requests) == 2


def test_a_changed_corpus_is_asked_anew(asker: Asker, server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    asker(ASKED)
    seq = asker.retriever.corpus.catalog.seq()
    monkeypatch.setattr(asker.retriever.corpus.catalog, "seq", lambda **_: seq + 1)
    asker(ASKED)
    asker(ASKED)
    assert len(server.requests) == 2


def test_memory_is_small_and_forgets_failures(base: Asker, sample_settings: Settings, server: ChatServer) -> None:
    asker = with_model(base, sample_settings, server, llm_cache=2)
    questions = [ASKED, f"{ASKED} (2)", f"{ASKED} (3)"]
    for question in questions:
        asker(question)
    assert len(asker._cached) == 2
    asker(questions[0])
    assert len(server.requests) == 4
    server.script = in_turn([Reply("nothing of use")])
    assert [bool(asker("Who leads the mission in Iraq?").note) for _ in range(2)] == [True, True]
    none = with_model(base, sample_settings, server, llm_cache=0)
    server.script = lambda asked: Reply(good(asked))
    before = len(server.requests)
    none(ASKED)
    none(ASKED)
    assert len(server.requests) == before + 2


# Conversation

TOLD = [Turn(ASKED, "NATO Mission Iraq involves several hundred personnel [1].")]


def rewriting(reply: str) -> Any:
    def script(asked: Asked) -> Reply:
        return Reply(reply) if "<<<conversation>>>" in asked.said("user") else Reply(NO_ANSWER)

    return script


def test_a_follow_up_is_rewritten_by_the_model(asker: Asker, server: ChatServer) -> None:
    server.script = rewriting("How many NATO personnel are in Syria?\n")
    final = list(asker.stream("what about the neighbours in Syria?", TOLD))[-1]
    assert final.question.text == "How many NATO personnel are in Syria?"
    assert final.usage is not None
    assert final.usage.calls == 2
    told = server.requests[0].said("user")
    assert f"Question: {ASKED}\nAnswer: NATO Mission Iraq involves several hundred personnel [1]." in told
    assert "The last question: what about the neighbours in Syria?" in told


async def test_a_follow_up_in_an_event_loop(asker: Asker, server: ChatServer) -> None:
    server.script = rewriting("How many NATO personnel are in Syria?")
    found = [answer async for answer in asker.astream(Question("and in Syria?", as_of=date(2024, 6, 1)), TOLD)]
    assert found[-1].question == Question("How many NATO personnel are in Syria?", as_of=date(2024, 6, 1))


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "I cannot do that.\nHow many NATO personnel are in Syria?",
        "How many NATO personnel are in Syria? See https://evil.example",
        "How many NATO personnel are in Syria, @everyone?",
        "How many Russian personnel are in Syria?",
        "How many NATO personnel are in Syria in 2031?",
        "How many **NATO** personnel are in Syria?",
        "how many " * 500,
        NO_ANSWER,
        "How many NATO personnel are there?",
    ],
)
def test_what_is_no_rewritten_question_falls_back_to_rules(asker: Asker, server: ChatServer, reply: str) -> None:
    server.script = rewriting(reply)
    final = list(asker.stream("and in Syria?", TOLD))[-1]
    assert final.question.text == "How many NATO personnel are in Syria?"
    assert len(server.requests) >= 2


def test_a_model_that_fails_to_rewrite_leaves_time_to_answer(asker: Asker, server: ChatServer) -> None:
    def script(asked: Asked) -> Reply:
        return Reply(delay_seconds=5) if "<<<conversation>>>" in asked.said("user") else Reply(good(asked))

    server.script = script
    final = list(asker.stream(ASKED, [Turn("Who leads NATO?", "Its secretary general.")]))[-1]
    assert final.model


def test_a_history_has_a_budget(base: Asker, sample_settings: Settings, server: ChatServer) -> None:
    server.script = rewriting("and in Syria?")
    history = [Turn(f"Question number {number}?", "long " * 400) for number in range(50)]
    asker = with_model(base, sample_settings, server, llm_history_tokens=900)
    list(asker.stream("and in Syria?", [*history, *TOLD]))
    told = server.requests[0].said("user")
    assert ASKED in told
    assert "Question number 49?" in told
    assert "Question number 40?" not in told
    assert len(told) < 900 * 4
    silent = with_model(base, sample_settings, server, llm_history_tokens=0)
    server.requests.clear()
    final = list(silent.stream("and in Syria?", TOLD))[-1]
    assert final.question.text == "How many NATO personnel are in Syria?"
    assert not any("<<<conversation>>>" in request.said("user") for request in server.requests)


# As a Runnable


class Tracer(BaseTracer):
    """Keeps the finished runs, as LangSmith's tracer sends them."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[Run] = []

    def _persist_run(self, run: Run) -> None:
        self.runs.append(run)


def tree(run: Run) -> dict[str, Any]:
    return {run.name: [tree(child) for child in run.child_runs]}


TREE = {"newsbot": [{"understand": []}, {"retrieve": [{"retriever": []}]}, {"answer": [{"ChatOpenAI": []}]}]}


async def test_the_run_tree_shows_the_model_call(asker: Asker) -> None:
    chain = make_chain(asker)
    for number, ask in enumerate(("invoke", "ainvoke", "stream", "astream", "batch")):
        tracer = Tracer()
        question = f"{ASKED} ({number})"
        if ask == "invoke":
            final = chain.invoke(question, {"callbacks": [tracer]})
        elif ask == "ainvoke":
            final = await chain.ainvoke(question, {"callbacks": [tracer]})
        elif ask == "stream":
            *_, final = chain.stream(question, {"callbacks": [tracer]})
        elif ask == "astream":
            final = [answer async for answer in chain.astream(question, {"callbacks": [tracer]})][-1]
        else:
            (final,) = chain.batch([question], {"callbacks": [tracer]})
        assert final.final, ask
        assert final.model, ask
        (run,) = tracer.runs
        assert tree(run) == TREE, ask
        assert run.error is None
        assert run.outputs is not None
        assert run.outputs["output"].text == final.text
        called = run.child_runs[2].child_runs[0]
        assert called.run_type == "llm"
        assert called.outputs is not None


async def test_a_chain_streams_growing_answers(asker: Asker, server: ChatServer) -> None:
    server.script = lambda asked: Reply(good(asked), piece_delay_seconds=0.005)
    growing = [answer async for answer in make_chain(asker).astream(ASKED)]
    assert len(growing) >= 2
    assert [answer.final for answer in growing] == [False] * (len(growing) - 1) + [True]
    assert [answer.final for answer in make_chain(asker).stream(f"{ASKED} Now?")][-1]


async def test_a_callback_sees_tokens(asker: Asker) -> None:
    class Seen(BaseCallbackHandler):
        tokens = 0

        def on_llm_new_token(self, token: str, **_: Any) -> None:
            self.tokens += bool(token)

    seen = Seen()
    await make_chain(asker).ainvoke(ASKED, {"callbacks": [seen]})
    assert seen.tokens > 10


# Counted and logged


def test_cost_is_told_where_prices_are(base: Asker, sample_settings: Settings, server: ChatServer) -> None:
    asker = with_model(base, sample_settings, server, llm_price_in=0.25, llm_price_out=2.0)
    usage = asker(ASKED).usage
    assert usage is not None
    assert usage.cost_usd == pytest.approx((usage.input_tokens * 0.25 + usage.output_tokens * 2) / 1_000_000)
    assert with_model(base, sample_settings, server)(ASKED).usage.cost_usd is None  # type: ignore[union-attr]


def test_a_call_is_one_log_record_without_words_or_keys(
    base: Asker, sample_settings: Settings, server: ChatServer, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    caplog.set_level(logging.DEBUG, "newsbot")
    asker = with_model(base, sample_settings, server)
    asker(ASKED)
    server.script = in_turn([Reply(status=401, body={"error": {"message": "wrong key sk-very-secret"}})])
    failed = asker("Who leads the NATO mission in Iraq?")
    assert server.requests[0].headers["authorization"] == "Bearer sk-very-secret"
    calls = [record for record in caplog.records if record.name == "newsbot.model"]
    assert [record.__dict__["outcome"] for record in calls] == ["ok", "http_401"]
    first = calls[0].__dict__
    assert (first["model"], first["purpose"], first["attempt"]) == ("openai:scripted", "write", 1)
    assert first["input_tokens"] > 500
    assert 0 < first["seconds"] < DEADLINE_SECONDS
    ours = " ".join(record.getMessage() for record in caplog.records if record.name.startswith("newsbot"))
    for secret in ("sk-very", "NATO", "personnel", "Iraq"):
        assert secret not in ours
    assert "sk-very" not in f"{failed!r} {calls!r}"


# Without a server: LangChain's own fakes


def answers_of(model: Any, base: Asker, deadline_seconds: float = DEADLINE_SECONDS) -> Sequence[Answer]:
    calls = ModelCalls(model, "fake:model", deadline_seconds=deadline_seconds)
    prompts = {name: read_prompt(name, Settings()) for name in MODEL_PROMPTS}
    asker = Asker(
        base.retriever, base.prompts, hits=base.hits, question_chars=base.question_chars,
        writer=Writer(calls=calls, prompts=prompts),
    )  # fmt: skip
    return list(asker.stream(ASKED))


def test_a_model_without_streaming_of_its_own(base: Asker) -> None:
    final = answers_of(FakeListChatModel(responses=[f"  {NO_ANSWER}\n"]), base)[-1]
    assert not final.answered
    assert final.note is None


def test_any_chat_model_of_langchain_will_do(base: Asker) -> None:
    final = answers_of(GenericFakeChatModel(messages=iter(["Bananas are yellow [1]."])), base)[-1]
    assert "nothing that the articles support" in str(final.note)


def test_a_model_that_blocks_its_thread_does_not_block_the_answer(base: Asker) -> None:
    final = answers_of(FakeListChatModel(responses=["x"], sleep=5), base, deadline_seconds=2.0)[-1]
    assert "did not answer in time" in str(final.note)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ConnectionRefusedError(), "unreachable"),
        (TimeoutError(), "timeout"),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "x"), "garbled"),
        (KeyError("choices"), "garbled"),
        (RuntimeError("anything"), "error"),
    ],
)
def test_any_providers_error_is_read(base: Asker, error: Exception, outcome: str) -> None:
    class Failing(FakeListChatModel):
        def _call(self, *_: Any, **__: Any) -> str:
            raise error

        async def _astream(self, *_: Any, **__: Any) -> Any:
            raise error
            yield AIMessageChunk("")

    final = answers_of(Failing(responses=["x"]), base)[-1]
    failure = model_failure.failure_of(error, has_begun=False)
    assert failure.outcome == outcome
    assert failure.said in str(final.note)
    assert "anything" not in str(final.note)
