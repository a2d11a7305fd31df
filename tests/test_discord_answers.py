"""Answers on a fake Discord: how they grow, how long they may be, what faults they survive, what their buttons do.

Answers are scripted, over a real corpus.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from bot.asking import Asker
from bot.corpus.catalog.feedback import judged
from bot.discord_bot import answer_service, targets
from bot.errors import CorpusError, ModelError, UsageError
from bot.schema import Answer, Article, Coverage, Question
from bot.settings import Settings
from tests.discord_newsroom import Newsroom, Scripted, copied, newsroom, quoted, words_shown
from tests.fake_discord import FakeDiscord
from tests.fake_discord_world import Json
from tests.fakes import article

TRICK = "@everyone @here <@123456789012345678> [win](http://evil.example) discord.gg/abc \u202e# x ```boom``` http://evil.example"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, sample_settings: Settings) -> tuple[Path, Asker]:
    return copied(sample_settings.data_dir, tmp_path_factory.mktemp("answers") / "data", sample_settings)


@pytest.fixture
def asker(corpus: tuple[Path, Asker]) -> Scripted:
    made = Scripted(corpus[1])
    made.script = [answer_of("It cost 12 million euros. [1]")]
    return made


@pytest.fixture
async def room(corpus: tuple[Path, Asker], asker: Scripted) -> AsyncIterator[Newsroom]:
    async with FakeDiscord() as fake, newsroom(fake, corpus[0], asker) as made:
        yield made


def answer_of(text: str, *, sources: int = 1, **fields: object) -> Answer:
    made = [article(f"story{n}", id=f"{n:016x}") for n in range(1, sources + 1)]
    citations = tuple(quoted(each, "It cost 12 million euros.", n) for n, each in enumerate(made, start=1))
    given: dict[str, object] = {
        "question": Question("?"), "text": text, "citations": citations, "as_of": date(2024, 3, 4),
        "confidence": 0.7, "model": "test:model", "coverage": Coverage(3),
    }  # fmt: skip
    return Answer(**(given | fields))  # type: ignore[arg-type]


def written(room: Newsroom, message: Json) -> list[str]:
    """What a message said, state by state, the same only once."""
    said = [words_shown(each) for each in room.fake.revisions(message)]
    return [each for place, each in enumerate(said) if each and (not place or said[place - 1] != each)]


# Growing


async def test_text_grows_by_at_most_one_edit_a_second(
    room: Newsroom, asker: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_service, "EDIT_PAUSE_SECONDS", 0.2)
    words = [f"word{n}" for n in range(60)]
    asker.script = [answer_of(" ".join(words[: n + 1]) + " [1]") for n in range(60)]
    asker.pause_seconds = 0.02
    for ask in (room.ask, partial(mentioned, room)):
        began = time.monotonic()
        message = await ask("Why?")
        states = written(room, message)
        assert 3 < len(states) <= (time.monotonic() - began) / 0.2 + 2
        assert [len(state) for state in states[:-1]] == sorted(len(state) for state in states[:-1])
        assert all("Writing …" in state and "word59" not in state for state in states[:-1])
        assert "word59 [1]" in states[-1]
        assert "As of 4 March 2024" in states[-1]
        assert all("components" in each and not each["components"] for each in room.fake.revisions(message)[:-1])


async def mentioned(room: Newsroom, words: str = "Why?") -> Json:
    question = await room.fake.say(f"<@{room.fake.bot['id']}> {words}")
    return await room.replied(room.fake.general, question)


async def test_a_slow_edit_is_dropped_and_the_final_text_comes_last(
    room: Newsroom, asker: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_service, "EDIT_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(answer_service, "EDIT_DEADLINE_SECONDS", 0.2)
    asker.script = [answer_of(f"{'word ' * n}[1]") for n in range(1, 30)]
    asker.pause_seconds = 0.03
    room.fake.fail("PATCH", "/messages/@original", status=429, retry_after_seconds=0.6, times=1)
    states = written(room, await room.ask("Why?"))
    assert states[-1].count("word") == 29
    assert len(states) < 26, "not every text was shown"
    assert states[0].count("word") > 5, "the first edit was limited for longer than its deadline"


async def test_faults_of_discord_lose_no_answer(room: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "PAUSES_SECONDS", (0.05, 10.0))
    fake = room.fake
    fake.fail("PATCH", "/messages/@original", status=503, times=2)
    assert "12 million" in words_shown(await room.ask("Why?"))
    fake.fail("PATCH", "/messages/@original", reset=True, times=2)
    assert "12 million" in words_shown(await room.ask("Why?"))
    fake.fail("POST", rf"/channels/{fake.general['id']}/messages", status=503, times=1)
    fake.fail("POST", rf"/channels/{fake.general['id']}/typing", status=500, times=9)
    assert "12 million" in words_shown(await mentioned(room))
    fake.fail("POST", "/callback", reset=True)
    assert "12 million" in words_shown(await room.ask("Why?"))
    fake.fail("PATCH", "/messages/@original", status=429, everywhere=True)
    assert "12 million" in words_shown(await room.ask("Why?"))


async def test_a_failing_asker_is_told_in_words_and_hides_what_is_not_for_people(
    room: Newsroom, asker: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error, said in (
        (UsageError("Shorten it."), "Shorten it."),
        (ModelError("The model at http://10.1.1.1 is away: set NEWSBOT_LLM."), answer_service.OUTAGE),
        (CorpusError("There is no corpus in /srv/news."), answer_service.OUTAGE),
    ):

        async def fails(*_: object, error: Exception = error) -> AsyncIterator[Answer]:
            raise error
            yield

        monkeypatch.setattr(asker, "astream", fails)
        assert words_shown(await room.ask("Why?")) == said

    async def breaks(*_: object) -> AsyncIterator[Answer]:
        yield answer_of("Half of it [1]", final=False)
        raise ValueError("private details")

    monkeypatch.setattr(asker, "astream", breaks)
    assert answer_service.MISHAP in words_shown(await room.ask("Why?"))
    question = await room.fake.say(f"<@{room.fake.bot['id']}> Why?")
    await room.fake.until(
        lambda: any(answer_service.MISHAP in each["content"] for each in room.fake.messages(room.fake.general)[-1:])
    )
    assert int(room.fake.messages(room.fake.general)[-1]["id"]) > int(question["id"])
    await room.idle()


# Length


@pytest.mark.parametrize("length", [3900, 4096, 4097, 9000, 15_000])
async def test_long_answers_fill_as_many_messages_as_they_need(room: Newsroom, asker: Scripted, length: int) -> None:
    text = ("It cost 12 million euros, and the mayor said why that was so. [1] " * 400)[:length].rpartition("[1]")[
        0
    ] + "[1]"
    asker.script = [answer_of(text)]
    asked = await room.fake.slash("ask", question="Why?")
    await room.final(asked)
    shown = "\n".join(embed["description"] for message in asked.messages for embed in message["embeds"])
    assert shown.count("12 million euros, and") == text.count("12 million")
    assert re.search(r"(?m)^-# \[1\] \[", shown)
    assert all(not message["components"] for message in asked.messages[1:])


async def test_every_marker_resolves_however_many_sources_there_are(room: Newsroom, asker: Scripted) -> None:
    asker.script = [answer_of(" ".join(f"Reason {n} [{n}]." for n in range(1, 61)), sources=60)]
    asked = await room.fake.slash("ask", question="Why?")
    await room.final(asked)
    shown = "\n".join(embed["description"] for message in asked.messages for embed in message["embeds"])
    assert {int(n) for n in re.findall(r"(?:^-#|·) \[(\d+)\] \[", shown, re.M)} == set(range(1, 61))


async def test_without_the_permission_to_embed_the_answer_is_text_within_2000_characters(
    room: Newsroom, asker: Scripted
) -> None:
    fake = room.fake
    channel = fake.channel("plain")
    fake.world.deny(channel, fake.bot, "embed_links")
    await fake.announce(channel)
    asker.script = [
        answer_of(" ".join(f"Reason {n} why it was so, in many words. [{n}]" for n in range(1, 41)), sources=40)
    ]
    question = await fake.say(f"<@{fake.bot['id']}> Why?", channel=channel)
    first = await room.replied(channel, question)
    mine = [each for each in fake.messages(channel) if each["author"]["id"] == fake.bot["id"]]
    assert len(mine) > 2
    assert all(not each["embeds"] and 0 < len(each["content"]) <= 2000 for each in mine)
    assert {
        int(n) for n in re.findall(r"(?:^-#|·) \[(\d+)\] \[", "\n".join(each["content"] for each in mine), re.M)
    } == set(range(1, 41))
    assert first["content"].startswith("> Why?\n")
    question = await fake.say("And now?", channel=channel, reply_to=first)
    await room.replied(channel, question)
    assert asker.asked[-1][1][0].question == "Why?"


# Safety


async def test_what_articles_models_and_people_write_does_nothing(room: Newsroom, asker: Scripted) -> None:
    tricky = article("trick", f"{TRICK}\n\nIt cost 12 million euros.", title=TRICK, source=TRICK, id="f" * 16)
    citation = quoted(tricky, "It cost 12 million euros.")
    copies = (replace(tricky, source=f"{TRICK} 2"),)
    cited = replace(citation, also_in=copies)
    asker.script = [answer_of(f"{TRICK} It cost 12 million euros [1](http://evil.example)", citations=(cited,),
                              short="12 million euros", note=TRICK)]  # fmt: skip
    for message in (await room.ask(TRICK), await mentioned(room, TRICK)):
        said = words_shown(message)
        assert not re.search(r"@(everyone|here)|@\d|discord\.gg|\u202e|```|https?://evil", said)
        assert not re.search(r"(?<!\\)<@", said)
        links = re.findall(r"(?<!\\)\]\(([^)\s]*)", said)
        assert links
        assert all(link.startswith("https://post.example/trick") for link in links)
        assert not message["mention_everyone"]
        assert message["mentions"] == []
    for request in room.fake.requests:
        if isinstance(request.body, dict) and "allowed_mentions" in str(request.body):
            body = request.body.get("data", request.body)
            assert body.get("allowed_mentions", {}).get("parse", []) == []


# Buttons


def cited_in(asker: Asker) -> Article:
    """An article of the corpus that answers can cite."""
    catalog = asker.retriever.corpus.catalog
    found = asker.retriever.corpus.catalog.passages([sorted(catalog.passage_ids())[0]])
    return next(iter(found.values())).article


async def test_sources_are_pages_with_each_quote_in_its_passage(room: Newsroom, asker: Scripted) -> None:
    corpus = asker.retriever.corpus
    kept = list(corpus.catalog.passages(sorted(corpus.catalog.passage_ids())[:40]).values())
    inner = next(each for each in kept if each.start > 0 and len(each.text) > 300)
    quote = inner.article.text[inner.start + 50 : inner.start + 150]
    gone = article("gone", id="9" * 16)
    asker.script = [
        answer_of(
            "A [1] and b [2].",
            citations=(quoted(inner.article, quote), quoted(gone, "It cost 12 million euros.", 2)),
            retrieved=(inner.id,),
        )
    ]
    message = await room.ask("Why?")
    first = await room.note(await room.pressed(message, "Sources", author=room.fake.bob))
    assert first["flags"] & 64
    said = re.sub(r"\\(.)", r"\1", words_shown(first))
    assert f"**{quote.strip()}**" in said or quote.split()[1] in said
    assert "… " in said
    assert first["components"][0]["components"][0]["disabled"]
    await room.pressed(first, "➡️", author=room.fake.bob)
    await room.fake.until(lambda: "Source 2 of 2" in words_shown(first))
    assert "taken out of the corpus" in words_shown(first)
    await room.pressed(first, "⬅️", author=room.fake.bob)
    await room.fake.until(lambda: "Source 1 of 2" in words_shown(first))


async def test_refresh_shows_what_changed_in_place(room: Newsroom, asker: Scripted) -> None:
    long = "It cost 12 million euros, said the mayor, who was there. [1] " * 200
    asker.script = [answer_of(long, short="12 million euros")]
    asked = await room.fake.slash("ask", question="Why?")
    message = await room.final(asked)
    assert len(asked.messages) > 1
    shown = len(room.fake.messages(room.fake.general))
    newer = article("bridge", "It cost 15 million euros.", id="b" * 16, published=date(2025, 1, 2))
    asker.script = [
        answer_of("15 million [1].", citations=(quoted(newer, "It cost 15 million euros."),), short="15 million euros",
                  as_of=date(2025, 1, 2))
    ]  # fmt: skip
    await room.more(message, "Ask again", author=room.fake.bob)
    await room.fake.until(lambda: "Changed since" in words_shown(message))
    said = words_shown(message)
    assert "- Short answer: **12 million euros** → **15 million euros**" in said
    assert "- As of: 4 March 2024 → 2 January 2025" in said
    assert "- New: [The bridge opens](https://post.example/bridge)" in said
    assert "- No longer cited: (1) of the answer before" in said
    assert asker.asked[-1][0].as_of is None
    await room.fake.until(lambda: len(room.fake.messages(room.fake.general)) < shown), "the old further pages are gone"
    await room.more(message, "Ask again")
    await room.fake.until(lambda: "nothing has changed" in words_shown(message))


async def test_thumbs_and_reasons_are_kept_with_what_was_retrieved(room: Newsroom, asker: Scripted) -> None:
    asker.script = [answer_of("It cost 12 million euros. [1]", retrieved=("1.a.0", "2.b.1"))]
    message = await room.ask("Why is it so?")
    fake = room.fake
    assert "Thank you" in words_shown(await room.note(await room.pressed(message, "👍")))
    form = await room.pressed(message, "👎", author=fake.bob)
    assert form.acknowledged == 9, "it asks once, in a form"
    sent = await fake.submit(form, reason=["out of date"], right="15 million @everyone")
    assert "noted: out of date" in words_shown(await room.note(sent))
    mine = (int(message["id"]),)
    (one,) = [each for each in judged(asker.retriever.corpus.catalog) if each.given.messages == mine]
    assert (one.up, one.down) == (1, 1)
    assert one.reasons == ("out of date",)
    assert one.corrections == ("15 million @everyone",)
    assert one.given.retrieved == ("1.a.0", "2.b.1")
    assert one.given.question.text == "Why is it so?"


async def test_a_button_whose_answer_is_not_known_says_so(room: Newsroom) -> None:
    message = await room.ask("Why?")
    for row in message["components"]:
        for each in row["components"]:
            each["custom_id"] = re.sub(r"[0-9a-f]{12}$", "0" * 12, each["custom_id"])
    for label in ("Sources", "Follow up", "👍", "👎", "⋯"):
        said = words_shown(await room.note(await room.pressed(message, label)))
        assert "no longer known here" in said, label


async def test_an_answer_comes_while_the_catalog_is_held_and_without_buttons_where_it_cannot_be_kept(
    room: Newsroom, asker: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_service, "KEEP_SECONDS", 0.1)
    with asker.retriever.corpus.catalog.writing():  # as an ingest does
        message = await room.fake.answered(await room.fake.slash("ask", question="Why?"))
        assert message["components"]
    await room.idle()
    assert "Source 1 of 1" in words_shown(await room.note(await room.pressed(message, "Sources")))

    def fails(*_: object) -> None:
        raise CorpusError("The disk is full.")

    monkeypatch.setattr(answer_service, "put_answer", fails)
    monkeypatch.setattr(answer_service, "KEEP_SECONDS", 60.0)
    asked = await room.fake.slash("ask", question="Why?")
    message = await room.fake.answered(asked)
    await room.idle()
    assert "12 million" in words_shown(message)
    assert not message["components"]


# At once


async def test_overload_is_answered_at_once_and_nobody_is_lost(room: Newsroom, asker: Scripted) -> None:
    fake = room.fake
    people = [fake.person(f"person{n}") for n in range(10)]
    asker.hold.clear()
    asked = [await fake.slash("ask", question=f"Why {n}?", author=people[n % 10]) for n in range(25)]
    await fake.until(lambda: all(each.acknowledged for each in asked))
    assert max(each.acknowledged_after_seconds for each in asked) < 3
    told = [words_shown(each.original) for each in asked if each.acknowledged == 4 and each.original]
    assert len(told) == 25 - room.client.service.context.settings.discord_answers_at_once
    assert "Busy: you are at position 4 in the queue." in "\n".join(told)
    asker.hold.set()
    await fake.until(lambda: all(each.original and each.original["components"] for each in asked))
    assert all(
        "12 million" in words_shown(each.original) and not each.original["content"] for each in asked if each.original
    )


async def test_one_person_is_held_to_the_limits_of_the_server(room: Newsroom) -> None:
    asked = [await room.fake.slash("ask", question="Why?", author=room.fake.bob) for _ in range(7)]
    await room.fake.until(lambda: all(each.original for each in asked))
    said = [words_shown(await room.fake.answered(each)) for each in asked]
    assert sum("more than I may answer" in each for each in said) == 2
    assert re.search(r"Ask again in \d+ seconds", "\n".join(said))
    assert "12 million" in words_shown(await room.ask("Why?")), "others go on"
    for _ in range(3):
        await room.fake.say(f"<@{room.fake.bot['id']}> Why?", author=room.fake.bob)
    alone = room.fake.dm(room.fake.bob)
    await room.fake.until(lambda: room.fake.messages(alone))
    await asyncio.sleep(0.1)
    assert len(room.fake.messages(alone)) == 1, "told once a minute, and not where all see it"
