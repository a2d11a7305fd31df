"""Which chat model is set: what is missing is said in one sentence, keys are shown nowhere; `newsbot models`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.answering.model.chat_model import (
    PROVIDERS,
    key_variable,
    load_chat_model,
    variable_families,
    without_credentials,
)
from bot.cli import main
from bot.cli.ask import show_answers
from bot.errors import ModelError, SettingsError
from bot.render import Screen
from bot.schema import Answer, Question, Usage
from bot.settings import Settings
from bot.wiring import open_model_calls, open_writer
from tests.chat_server import Asked, ChatServer, Reply, in_turn
from tests.conftest import ROOT
from tests.fakes import run_newsbot
from tests.scripted_model import key_of

SECRET = "sk-secret-part"


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.endswith("_API_KEY") or name.startswith("OPENAI_")]:
        monkeypatch.delenv(name)
    before = dict(os.environ)
    yield
    for name in set(os.environ) - set(before):
        del os.environ[name]


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer(in_turn([Reply("ready")])) as running:
        yield running


def test_a_missing_key_is_one_sentence_that_names_it() -> None:
    with pytest.raises(ModelError) as caught:
        load_chat_model("openai:gpt-5-mini")
    said = "The chat model openai:gpt-5-mini needs a key. Set OPENAI_API_KEY in the environment or in .env."
    assert str(caught.value) == said


@pytest.mark.parametrize(("provider", "extra"), [(name, known.extra) for name, known in PROVIDERS.items()])
def test_a_missing_package_is_one_sentence_that_names_the_extra(
    provider: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from langchain.chat_models import base

    package = base._BUILTIN_PROVIDERS[provider][0]
    base._get_chat_model_creator.cache_clear()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModelError) as caught:
        load_chat_model(f"{provider}:any")
    base._get_chat_model_creator.cache_clear()
    assert str(caught.value).endswith(f'Install it: pip install "newsbot[{extra}]"')
    assert package.replace("_", "-") in str(caught.value)


def test_the_deadline_alone_bounds_how_long_the_first_words_take() -> None:
    made: Any = load_chat_model("openai:any", base_url="http://127.0.0.1:9/v1", deadline_seconds=300)
    assert (made.stream_chunk_timeout, made.request_timeout) == (300.0, 300)


def test_every_extra_is_one_that_the_package_has() -> None:
    extras = (ROOT / "pyproject.toml").read_text("utf-8")
    for known in PROVIDERS.values():
        assert f"\n{known.extra} = [" in extras


def test_an_unknown_provider_is_told() -> None:
    with pytest.raises(SettingsError, match="names the provider 'nonsense', which LangChain does not know"):
        load_chat_model("nonsense:any")


def test_a_server_of_ones_own_needs_no_key(server: ChatServer) -> None:
    made: Any = load_chat_model("openai:any", base_url=server.base_url)
    assert made.invoke("hello").text == "ready"
    assert made.max_retries == 0
    assert made.max_tokens == 1500


def test_a_key_in_the_env_file_is_passed_on(server: ChatServer, tmp_path: Path) -> None:
    lines = [f"OPENAI_API_KEY={SECRET}", "LANGSMITH_PROJECT=news", "OTHER_API_KEY=not-ours", "NEWSBOT_HITS=3"]
    (tmp_path / ".env").write_text("\n".join(lines), encoding="utf-8")
    calls = open_model_calls(Settings(llm="openai:any", llm_base_url=server.base_url))
    assert calls is not None
    calls.model.invoke("hello")
    assert server.requests[0].headers["authorization"] == f"Bearer {SECRET}"
    assert "OTHER_API_KEY" not in os.environ
    assert os.environ["LANGSMITH_PROJECT"] == "news"
    assert SECRET not in f"{calls.model!r} {calls!r} {Settings(llm='openai:any')!r}"


def test_the_environment_wins_over_the_env_file(
    server: ChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "from-outside")
    (tmp_path / ".env").write_text(f"OPENAI_API_KEY={SECRET}\n", encoding="utf-8")
    calls = open_model_calls(Settings(llm="openai:any", llm_base_url=server.base_url))
    assert calls is not None
    calls.model.invoke("hello")
    assert server.requests[0].headers["authorization"] == "Bearer from-outside"


def test_without_a_model_nothing_is_opened() -> None:
    assert open_model_calls(Settings()) is None
    assert open_writer(Settings()) is None


def test_what_a_provider_reads_and_where_its_key_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert variable_families("openai:x") == ("OPENAI_", "LANGSMITH_", "LANGCHAIN_")
    assert variable_families("groq:x")[0] == "GROQ_"
    assert key_variable("google_genai:x") is None
    monkeypatch.setenv("GEMINI_API_KEY", SECRET)
    assert key_variable("google_genai:x") == "GEMINI_API_KEY"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://user:secret@127.0.0.1:8080/v1?key=secret#secret", "http://127.0.0.1:8080/v1"),
        ("https://api.example/v1", "https://api.example/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
    ],
)
def test_an_address_is_shown_without_credentials(url: str, shown: str) -> None:
    assert without_credentials(url) == shown


def test_own_wordings_are_used_and_wrong_ones_are_told(tmp_path: Path, server: ChatServer) -> None:
    own = tmp_path / "wordings"
    own.mkdir()
    for file in (ROOT / "prompts").glob("*.txt"):
        (own / file.name).write_text(file.read_text("utf-8"), "utf-8")
    (own / "write_system.txt").write_text("Be brief. Else: {no_answer}", "utf-8")
    given = {"llm": "openai:any", "llm_base_url": server.base_url, "prompts_dir": own}
    writer = open_writer(Settings(**given))
    assert writer is not None
    assert writer.prompts["write_system"].startswith("Be brief.")
    (own / "write_system.txt").write_text("Be brief. {nonsense}", "utf-8")
    with pytest.raises(SettingsError, match=r"write_system\.txt.*other holes.*\{no_answer\}"):
        open_writer(Settings(**given))
    (own / "write_system.txt").unlink()
    with pytest.raises(SettingsError, match="NEWSBOT_PROMPTS"):
        open_writer(Settings(**given))


# newsbot models


def test_models_says_that_none_is_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    assert "Chat model   none: answers are quotes." in capsys.readouterr().out
    assert main(["models", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["works"] is None


def test_models_tries_the_model(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEWSBOT_LLM", "openai:any")
    monkeypatch.setenv("NEWSBOT_LLM_BASE_URL", server.base_url.replace("://", f"://user:{SECRET}@"))
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("NEWSBOT_LLM_PRICE_IN", "1")
    assert main(["models"]) == 0
    shown = capsys.readouterr().out
    assert f"Chat model   openai:any at {server.base_url}" in shown
    assert "Key          OPENAI_API_KEY is set" in shown
    assert "It works     answered in " in shown
    assert "tokens read" in shown
    assert "$0.0000" in shown
    assert SECRET not in shown
    assert len(server.requests) == 1
    assert main(["models", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["works"], found["chat_model"], found["key"]) == (True, "openai:any", "OPENAI_API_KEY")


@pytest.mark.parametrize(
    ("reply", "said"),
    [(Reply(status=401), "refuses the key (HTTP 401)"), (Reply(status=404), "is not known"), (Reply(""), "empty")],
)
def test_models_fails_with_one_sentence(
    server: ChatServer, reply: Reply, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server.script = in_turn([reply])
    monkeypatch.setenv("NEWSBOT_LLM", "openai:any")
    monkeypatch.setenv("NEWSBOT_LLM_BASE_URL", server.base_url)
    assert main(["models"]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert len(error.strip().splitlines()) == 1
    assert main(["models", "--json"]) == 1
    assert said in json.loads(capsys.readouterr().out)["reason"]


def test_models_without_a_key_fails_with_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEWSBOT_LLM", "openai:any")
    assert main(["models"]) == 1
    assert capsys.readouterr().err == (
        "newsbot: The chat model openai:any needs a key. Set OPENAI_API_KEY in the environment or in .env.\n"
    )


# newsbot ask and chat


def scripted(asked: Asked) -> Reply:
    if "<<<conversation>>>" in asked.said("user"):
        return Reply("How many NATO personnel are in Iraq now?")
    key = key_of(asked, "involves several hundred personnel")
    return Reply(f"NATO Mission Iraq involves several hundred personnel [{key}].")


def test_ask_and_chat_write_prose(server: ChatServer, sample_settings: Settings) -> None:
    server.script = scripted
    env = {
        "NEWSBOT_LLM": "openai:any",
        "NEWSBOT_LLM_BASE_URL": server.base_url,
        "NEWSBOT_DATA_DIR": str(sample_settings.data_dir),
        "NEWSBOT_CACHE_DIR": str(sample_settings.cache_dir),
    }
    done = run_newsbot("ask", "How many NATO personnel are in Iraq?", "--json", env=env)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["model"] == "openai:any"
    assert found["text"] == "NATO Mission Iraq involves several hundred personnel [1]."
    assert found["usage"]["calls"] == 1
    assert found["note"] is None
    done = run_newsbot("chat", env=env, stdin="How many NATO personnel are in Iraq?\nand how many now?\n\n")
    assert done.stdout.count("NATO Mission Iraq involves several hundred personnel [1].") == 2
    assert done.stdout.count("Written by openai:any, checked against the articles") == 2
    assert "(How many NATO personnel are in Iraq now?)" in done.stderr


def answer(text: str, **fields: Any) -> Answer:
    return Answer(question=Question("?"), text=text, **fields)


def test_text_is_shown_as_it_comes_and_once(capsys: pytest.CaptureFixture[str]) -> None:
    long = "word " * 30
    growing = [
        answer("One is so [1].", final=False),
        answer(f"One is so [1]. {long}ends [2].", final=False),
        answer(f"One is so [1]. {long}ends [2].", model="openai:any", usage=Usage(10, 5, 1, 0.1, 0.001)),
    ]
    assert show_answers(iter(growing), Screen(), as_json=False, live=True) is growing[-1]
    shown = capsys.readouterr().out
    assert shown.count("One is so [1].") == 1
    assert max(len(line) for line in shown.splitlines()) <= 100
    assert " ".join(shown.split()).startswith(f"One is so [1]. {long}ends [2].")
    assert "(10 tokens read, 5 written, $0.0010)." in shown


def test_an_answer_that_became_another_one_is_told_whole(capsys: pytest.CaptureFixture[str]) -> None:
    growing = [answer("One is so [1].", final=False), answer("Quoted.", note="The chat model broke off.")]
    show_answers(iter(growing), Screen(), as_json=False, live=True)
    assert capsys.readouterr().out == "One is so [1].\n\nQuoted.\n\nThe chat model broke off.\n"
    show_answers(iter(growing), Screen(), as_json=False, live=False)
    assert capsys.readouterr().out == "Quoted.\n\nThe chat model broke off.\n"
