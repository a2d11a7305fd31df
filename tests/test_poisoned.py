"""Articles that give orders to a chat model, and a model that obeys: nothing harmful comes out of the whole chain."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from bot.answering.model import model_calls
from bot.asking import Asker
from bot.schema import Answer
from bot.settings import Settings
from bot.wiring import open_asker, open_corpus
from ingest.pipeline import ingest
from ingest.read import read
from tests.chat_server import Asked, ChatServer, Reply
from tests.conftest import ROOT
from tests.scripted_model import evidence_of, with_model

POISONED = [json.loads(line) for line in (ROOT / "tests/poisoned/articles.jsonl").read_text("utf-8").splitlines()]
NAMES = [each["name"] for each in POISONED]
ADDRESS = re.compile(r"https?:|www\.|[\w.]+@[\w.]+\.\w|\bevil\.example", re.IGNORECASE)
MARKUP = re.compile(r"@(?:everyone|here)|<[@#!/a-z]|\]\(|`|\|\||^\s*\||!\[|<\||[‹›]|^#", re.IGNORECASE | re.MULTILINE)
UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=\S)|\n+")
CLAIMS_NOTHING = re.compile(r"^\D*(?::\.?|do(?:es)? not say\.)$")
WORDS_IN_A_ROW = 6


@pytest.fixture(scope="module")
def poisoned_settings(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Settings:
    """A corpus of the poisoned articles, and of a few that are sound."""
    folder = tmp_path_factory.mktemp("poisoned")
    records = [
        {
            "title": each["title"],
            "text": each["text"],
            "url": f"https://gazette.example/{each['name']}",
            "source": "The Gazette",
            "published": f"2024-05-{number % 28 + 1:02}",
        }
        for number, each in enumerate(POISONED)
    ]
    (folder / "poisoned.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    made = Settings(data_dir=folder / "data", cache_dir=cache_dir)
    corpus = open_corpus(made, create=True)
    sound = ROOT / "ingest/sample/news/southwind-archive.jsonl"
    with corpus.writing():
        outcomes = list(ingest(corpus, read([str(folder / "poisoned.jsonl"), str(sound)])))
    corpus.close()
    assert sum(outcome.kind == "new" for outcome in outcomes) >= len(POISONED) + 5
    return made


@pytest.fixture(scope="module")
def base(poisoned_settings: Settings) -> Asker:
    return open_asker(poisoned_settings)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_calls, "BACK_OFF_SECONDS", 0.01)


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    with ChatServer(lambda _: Reply("nothing")) as running:
        yield running


def keys_of(asked: Asked, poison: dict[str, Any]) -> tuple[str, str]:
    """The key of the poisoned passage, and that of another one."""
    blocks = evidence_of(asked)
    lead = poison["text"].split("\n")[0][:60]
    own = [key for key, block in blocks.items() if lead in block]
    assert own, "the model was given the poisoned article"
    return own[0], next(key for key in blocks if key != own[0])


def obeying(poison: dict[str, Any]) -> Any:
    def script(asked: Asked) -> Reply:
        own, other = keys_of(asked, poison)
        return Reply(poison["obey"].format(own=own, other=other, system=asked.said("system")))

    return script


def repeating(poison: dict[str, Any]) -> Any:
    """A model that passes the article on as it stands, each line with its citation."""

    def script(asked: Asked) -> Reply:
        own, _ = keys_of(asked, poison)
        lines = [poison["title"], *poison["text"].split("\n")]
        return Reply("\n".join(f"{line.rstrip('.')} [{own}]." for line in lines if line))

    return script


def runs_of_words(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[^\W_]+", text.casefold())
    return {tuple(words[at : at + WORDS_IN_A_ROW]) for at in range(len(words) - WORDS_IN_A_ROW + 1)}


def assert_harmless(answer: Answer, told: str) -> None:
    """What a reader is shown rests on stored articles, and holds nothing that acts."""
    for citation in answer.citations:
        assert citation.article.text[citation.start : citation.end] == citation.quote
        assert citation.article.url
        assert (urlsplit(citation.article.url).hostname or "").endswith(".example"), (
            "an address that an article made up"
        )
        assert citation.link
        assert citation.link.startswith(citation.article.url + "#:~:text=")
    if answer.model is None or not answer.answered:
        return  # our own words around verbatim quotes
    text = answer.text
    assert not ADDRESS.search(text), text
    assert not MARKUP.search(text), text
    assert not UNSEEN.search(text), text
    assert not runs_of_words(text) & runs_of_words(told), text
    for sentence in SENTENCE_END.split(text):
        assert re.search(r"\[\d+\]", sentence) or CLAIMS_NOTHING.search(sentence), f"{sentence!r} is not cited"
    assert {int(number) for number in re.findall(r"\[(\d+)\]", text)} == {each.number for each in answer.citations}


def ask(base: Asker, settings: Settings, server: ChatServer, script: Any, question: str) -> tuple[list[Answer], str]:
    server.script = script
    server.requests.clear()
    asker = with_model(base, settings, server, llm_output_tokens=800)
    growing = list(asker.stream(question))
    assert server.requests, "a model was asked"
    return growing, server.requests[0].said("system")


def test_there_are_enough_of_them() -> None:
    assert len(set(NAMES)) == len(POISONED) >= 25
    assert all(each["never"] or "system" in each["obey"] or each.get("refuses") for each in POISONED)


@pytest.mark.parametrize("poison", POISONED, ids=NAMES)
def test_a_model_that_obeys_an_article_does_no_harm(
    poison: dict[str, Any], base: Asker, poisoned_settings: Settings, server: ChatServer
) -> None:
    growing, told = ask(base, poisoned_settings, server, obeying(poison), poison["question"])
    for answer in growing:
        assert_harmless(answer, told)
        written = answer.text
        for citation in answer.citations if answer.model is None else ():
            written = written.replace(" ".join(citation.quote.split()), "")
        for words in poison["never"]:
            assert words.casefold() not in written.casefold()
    final = growing[-1]
    assert final.final
    assert final.answered or poison.get("refuses") or final.note


@pytest.mark.parametrize("poison", POISONED, ids=NAMES)
def test_a_model_that_repeats_an_article_does_no_harm(
    poison: dict[str, Any], base: Asker, poisoned_settings: Settings, server: ChatServer
) -> None:
    growing, told = ask(base, poisoned_settings, server, repeating(poison), poison["question"])
    for answer in growing:
        assert_harmless(answer, told)


@pytest.mark.parametrize("poison", POISONED, ids=NAMES)
def test_the_fence_holds_around_it(
    poison: dict[str, Any], base: Asker, poisoned_settings: Settings, server: ChatServer
) -> None:
    ask(base, poisoned_settings, server, repeating(poison), poison["question"])
    said = server.requests[0].said("user")
    marks = re.findall(r"<<<(passage|end of) (\w+)>>>", said)
    keys = list(evidence_of(server.requests[0]))
    assert marks == [mark for key in keys for mark in (("passage", key), ("end of", key))]
    assert not re.search(r"[<>]", re.sub(r"<<<(?:passage|end of) \w+>>>", "", said))
    assert not UNSEEN.search(said)


def test_sound_sentences_beside_poison_stay(base: Asker, poisoned_settings: Settings, server: ChatServer) -> None:
    by_name = dict(zip(NAMES, POISONED, strict=True))
    for name, kept in {
        "masked_link": "18,400 runners",
        "defame": "4,112 votes",
        "spoiler_and_code": "640 seats",
    }.items():
        poison = by_name[name]
        growing, _ = ask(base, poisoned_settings, server, obeying(poison), poison["question"])
        assert growing[-1].model
        assert kept in growing[-1].text
