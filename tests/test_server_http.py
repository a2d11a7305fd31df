"""The HTTP server over the sample corpus: answers, passages, OpenAI's form with its own client, health, metrics."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.asking import Asker
from bot.errors import ModelError
from bot.fair_queue import Busy
from bot.schema import Answer, Article, Citation, Question
from bot.server import queries as queries_module
from bot.server.chat import chunks, markdown
from bot.server.http import http_app
from bot.server.queries import CorpusQueries, TookTooLong
from bot.settings import Settings
from tests import servers
from tests.chat_server import Asked, ChatServer, Reply
from tests.scripted_model import key_of, with_model
from tests.servers import served

asker, address, client = servers.asker, servers.address, servers.client

ASKED = "How many NATO personnel are in Iraq?"
UNKNOWN = "Who won the 2031 world cup?"


@pytest.fixture(scope="module")
def chat(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0, timeout=120) as opened:
        yield opened


# For programs


def test_an_answer_is_what_the_command_line_prints(client: httpx2.Client, asker: Asker) -> None:
    told = client.get("/ask", params={"question": ASKED}).json()
    expected = asker(ASKED).to_dict()
    assert told.pop("seconds") >= 0
    expected.pop("seconds")
    assert told == expected
    assert told["answered"]
    first = told["citations"][0]
    assert first["published"] == "2024-05-24"
    assert first["link"].startswith(first["url"] + "#:~:text=")


def test_days_and_outlets_narrow(client: httpx2.Client) -> None:
    told = client.get("/ask", params={"question": ASKED, "before": "2020-12-31", "source": "harbour post"}).json()
    assert {each["published"] for each in told["citations"]} == {"2020-02-13"}
    asked = {"question": ASKED, "as_of": "2021-03-01", "sources": ["Harbour Post"]}
    told = client.post("/ask", json=asked).json()
    assert told["citations"][0]["published"] <= "2021-03-01"


def test_a_follow_up_is_understood_by_the_conversation(client: httpx2.Client) -> None:
    history = [{"question": "Who leads the NATO mission in Iraq?", "answer": "A Dutch general."}]
    told = client.post("/ask", json={"question": "How many personnel does it have?", "history": history}).json()
    assert "NATO" in told["question"] or "Iraq" in told["question"], told["question"]


def test_a_refusal_is_an_answer(client: httpx2.Client) -> None:
    reply = client.get("/ask", params={"question": UNKNOWN})
    assert reply.status_code == 200
    assert reply.json()["answered"] is False
    assert reply.json()["reason"]


def test_passages_are_found(client: httpx2.Client) -> None:
    found = client.get("/search", params={"question": "Suez canal", "k": 3}).json()["passages"]
    assert len(found) == 3
    assert "Suez" in found[0]["title"] + found[0]["text"]
    assert [each["score"] for each in found] == sorted((each["score"] for each in found), reverse=True)


@pytest.mark.parametrize(
    ("params", "status", "said"),
    [
        ({"question": " "}, 400, "The question is empty"),
        ({"question": "x" * 1001}, 400, "at most 1,000"),
        ({"question": "x", "source": "No Such Outlet"}, 400, "No Such Outlet"),
        ({"question": "x", "after": "2022-02-02", "before": "2021-01-01"}, 400, "Swap the two"),
        ({"question": "x", "after": "soon"}, 422, "after: "),
        ({}, 422, "question: "),
    ],
)
def test_what_cannot_be_asked_is_told_in_words(
    params: dict[str, str], status: int, said: str, client: httpx2.Client
) -> None:
    reply = client.get("/ask", params=params)
    assert reply.status_code == status
    assert said in reply.json()["error"]["message"]


def test_a_body_that_is_no_json_is_told(client: httpx2.Client) -> None:
    reply = client.post("/ask", content=b"{", headers={"Content-Type": "application/json"})
    assert reply.status_code == 422
    assert reply.json()["error"]["type"] == "invalid_request_error"
    missing = client.get("/nothing-here")
    assert (missing.status_code, missing.json()["error"]["type"]) == (404, "not_found")
    assert "/docs" in missing.json()["error"]["message"]
    wrong = client.delete("/ask")
    assert (wrong.status_code, wrong.json()["error"]["message"].split(".")[0]) == (
        405,
        "This path does not take DELETE",
    )


def test_the_description_is_openapi_and_needs_no_network(client: httpx2.Client) -> None:
    described = client.get("/openapi.json").json()
    assert described["openapi"].startswith("3.")
    assert set(described["paths"]) == {"/ask", "/search", "/v1/chat/completions", "/v1/models", "/health", "/metrics"}
    page = client.get("/docs")
    assert page.status_code == 200
    for path in described["paths"]:
        assert path in page.text
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", page.text), "it loads nothing from elsewhere"


# OpenAI's form


def test_openais_client_is_answered(chat: openai.OpenAI) -> None:
    assert [model.id for model in chat.models.list()] == ["newsbot"]
    made = chat.chat.completions.create(model="newsbot", messages=[{"role": "user", "content": ASKED}])
    (choice,) = made.choices
    assert choice.finish_reason == "stop"
    assert choice.message.role == "assistant"
    said = choice.message.content
    assert said is not None
    assert "several hundred personnel" in said
    assert re.search(r"^- \[1\] \[Dutch general .*\]\(https://harbourpost\.example/\S+#:~:text=\S+\) · Harbour Post · "
                     r"24 May 2024$", said, re.MULTILINE)  # fmt: skip
    assert made.usage is not None
    assert made.model_extra is not None
    assert made.model_extra["newsbot"]["citations"][0]["published"] == "2024-05-24"


def test_openais_client_streams(chat: openai.OpenAI) -> None:
    whole = chat.chat.completions.create(model="newsbot", messages=[{"role": "user", "content": ASKED}])
    stream = chat.chat.completions.create(
        model="any", messages=[{"role": "user", "content": ASKED}], stream=True, stream_options={"include_usage": True}
    )
    parts = list(stream)
    said = "".join(part.choices[0].delta.content or "" for part in parts if part.choices)
    assert said == whole.choices[0].message.content
    assert [part.choices[0].finish_reason for part in parts if part.choices][-1] == "stop"
    assert parts[-1].usage is not None
    assert len({part.id for part in parts}) == 1


def test_earlier_messages_are_the_conversation(chat: openai.OpenAI) -> None:
    made = chat.chat.completions.create(
        model="newsbot",
        messages=[
            {"role": "system", "content": "Answer as a pirate."},
            {"role": "user", "content": [{"type": "text", "text": "Who leads the NATO mission in Iraq?"}]},
            {"role": "assistant", "content": "A Dutch general [1]."},
            {"role": "user", "content": "How many personnel does it have?"},
        ],
    )
    assert made.model_extra is not None
    asked = made.model_extra["newsbot"]["question"]
    assert "NATO" in asked or "Iraq" in asked, asked


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([{"role": "user", "content": ""}], "The question is empty"),
        ([{"role": "assistant", "content": "hello"}], "is the question"),
        ([{"role": "user", "content": "x" * 2000}], "at most 1,000"),
    ],
)
def test_openais_client_is_told_what_is_wrong(
    messages: list[Any], said: str, stream: bool, chat: openai.OpenAI
) -> None:
    with pytest.raises(openai.BadRequestError, match=said):
        chat.chat.completions.create(model="newsbot", messages=messages, stream=stream)


def test_a_form_that_is_none_is_told(client: httpx2.Client) -> None:
    reply = client.post("/v1/chat/completions", json={"model": "newsbot", "messages": []})
    assert reply.status_code == 422
    assert reply.json()["error"]["message"].startswith("messages: ")


def test_a_chat_models_words_are_streamed_as_they_come(asker: Asker, sample_settings: Settings) -> None:
    """Each sentence is sent once it is checked: the first one while the model waits for leave to write the second."""

    def script(asked: Asked) -> Reply:
        now = key_of(asked, "involves several hundred personnel")
        then = key_of(asked, "NATO currently has roughly 500 personnel")
        return Reply(
            f"NATO Mission Iraq involves several hundred personnel [{now}]. "
            f"On 13 February 2020 NATO had roughly 500 personnel in Iraq [{then}].",
            piece_delay_seconds=0.01,
        )

    with ChatServer(script) as model:
        writing = with_model(asker, sample_settings, model, llm_deadline_seconds=60, llm_cache=0)
        app = http_app(CorpusQueries(writing, at_once=2, seconds=120))
        with served(app, Settings(server_per_minute=0)) as address:
            client = openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0, timeout=120)
            stream = client.chat.completions.create(
                model="newsbot", messages=[{"role": "user", "content": ASKED}], stream=True
            )
            pieces = [part.choices[0].delta.content for part in stream if part.choices[0].delta.content]
    assert pieces[0].startswith("NATO Mission Iraq involves several hundred personnel [1].")
    assert "13 February 2020" not in pieces[0]
    assert len(pieces) >= 3, "two sentences and the sources"
    assert "13 February 2020" in "".join(pieces[1:-1])


def hostile() -> Answer:
    """An answer whose article tries to become markup."""
    title = "](javascript:alert(1)) ![x](https://tracker.example/x.png) <script>"
    text = "Click [here](https://evil.example) ![](https://tracker.example/y.png) <img src=x> `code`\n# Heading"
    article = Article(title=title, text=text, url="https://post.example/a(b)c", source="Po*st", id="0" * 16)
    quote = Citation(1, text, 0, len(text), article, article.url)
    return Answer(question=Question("?"), text=f"{text} [1]", citations=(quote,))


def test_articles_become_no_markup() -> None:
    said = markdown(hostile())
    assert re.findall(r"(?<!\\)\]\((\S*?)\)", said) == ["https://post.example/a%28b%29c"]
    assert not re.search(r"(?<!\\)[<`]", said)
    assert not re.search(r"!(?=\[)", said)
    assert not re.search(r"(?m)^#", said)


async def test_an_error_amid_a_stream_is_told_in_the_stream() -> None:
    async def breaking() -> Any:
        yield Answer(question=Question("?"), text="One.", final=False)
        raise ModelError("The model went away.")

    events = [json.loads(event.removeprefix("data: ")) async for event in chunks(breaking(), None)]
    assert events[1]["choices"][0]["delta"]["content"] == "One."
    assert events[-1]["error"]["message"] == "The model went away."


async def test_an_answer_that_becomes_another_one_is_told_whole() -> None:
    async def changing() -> Any:
        yield Answer(question=Question("?"), text="One.", final=False)
        yield Answer(question=Question("?"), text="Other.")

    events = [event async for event in chunks(changing(), None)]
    said = "".join(
        json.loads(each[6:])["choices"][0]["delta"].get("content", "") for each in events if "[DONE]" not in each
    )
    assert said == "One.\n\nOther."


# Operating


def test_health_and_metrics_are_told(client: httpx2.Client) -> None:
    health = client.get("/health")
    assert health.status_code == 200
    told = health.json()
    assert told["healthy"]
    assert told["corpus"]["articles"] > 30
    client.get("/search", params={"question": "Suez"})
    reply = client.get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain")
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(reply.text)
        for sample in family.samples
    }
    assert samples["newsbot_http_requests_total", "/search", "200"] >= 1
    assert samples["newsbot_http_request_seconds_count", "/search"] >= 1
    assert samples["newsbot_corpus_articles",] > 30
    assert ("newsbot_http_requests_total", "/nothing-here", "404") not in samples


def test_without_the_token_health_says_no_more_than_that_it_is_well(asker: Asker) -> None:
    app = http_app(CorpusQueries(asker, at_once=1, seconds=60))
    with served(app, Settings(server_token="a-token-of-some-length")) as address:
        told = httpx2.get(f"{address}/health", trust_env=False, timeout=60)
        assert told.json() == {"healthy": True, "problems": []}
        assert httpx2.get(f"{address}/ask?question=x", trust_env=False, timeout=60).status_code == 401


class Held:
    """An asker that answers when it is let go."""

    def __init__(self, asker: Asker) -> None:
        self.retriever = asker.retriever
        self.go = asyncio.Event()

    async def astream(self, question: Question, _: Any = ()) -> Any:
        await self.go.wait()
        yield Answer(question=question, text="Done.")


async def test_who_waits_too_long_is_told(asker: Asker) -> None:
    queries = CorpusQueries(Held(asker), at_once=1, seconds=0.1)  # type: ignore[arg-type]
    with pytest.raises(TookTooLong, match="NEWSBOT_SERVER_ANSWER_SECONDS"):
        await queries.answer(Question("x"))
    queries.seconds = 60
    queries.asker.go.set()  # type: ignore[attr-defined]
    assert (await queries.answer(Question("x"))).text == "Done.", "its place was given back"


async def test_so_many_wait_and_no_more(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries_module, "WAITING_MOST", 2)
    held = Held(asker)
    queries = CorpusQueries(held, at_once=1, seconds=60)  # type: ignore[arg-type]
    waiting = [asyncio.create_task(queries.answer(Question("x"))) for _ in range(3)]
    while queries.queue.waiting < 2:
        await asyncio.sleep(0)
    with pytest.raises(Busy, match="2 questions are waiting"):
        await queries.answer(Question("x"))
    held.go.set()
    assert [answer.text for answer in await asyncio.gather(*waiting)] == ["Done."] * 3


def test_newsbot_serve_opens_answers_and_ends(sample_settings: Settings, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "serve", "--data", str(sample_settings.data_dir), "--port", "0"],
        cwd=Path(__file__).parents[1], stderr=subprocess.PIPE, text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "NEWSBOT_CACHE_DIR": str(sample_settings.cache_dir)},
    )  # fmt: skip
    assert process.stderr is not None
    try:
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stderr.readline())
        assert found, process.stderr.read()
        assert httpx2.get(f"{found[0]}/health", trust_env=False, timeout=120).json()["healthy"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) in (0, -signal.SIGTERM)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.mark.parametrize("command", [["serve"], ["mcp", "--http"]])
def test_it_does_not_open_to_others_without_a_token(
    command: list[str], sample_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    from bot.cli import main

    assert main([*command, "--host", "0.0.0.0", "--data", str(sample_settings.data_dir)]) == 2
    said = capsys.readouterr().err
    assert "NEWSBOT_SERVER_TOKEN" in said
    assert "127.0.0.1" in said
