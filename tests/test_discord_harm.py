"""The bot does no harm: no question is lost, what people wrote can be deleted, who is blocked is not served."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.asking import Asker
from bot.corpus.catalog.feedback import forget_before, given
from bot.discord_bot import answer_service, asking
from bot.discord_bot import running as running_module
from bot.discord_bot.store import DiscordStore
from bot.rates import Rate
from bot.settings import Settings
from tests.discord_newsroom import Newsroom, Scripted, copied, newsroom, words_shown
from tests.fake_discord import FakeDiscord
from tests.test_discord_answers import answer_of


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, sample_settings: Settings) -> tuple[Path, Asker]:
    return copied(sample_settings.data_dir, tmp_path_factory.mktemp("harm") / "data", sample_settings)


@pytest.fixture
def asker(corpus: tuple[Path, Asker]) -> Scripted:
    return scripted(corpus[1])


def anew(folder: Path) -> None:
    """Nothing is left of earlier tests."""
    for each in folder.glob("discord.sqlite*"):
        each.unlink()


def scripted(asker: Asker) -> Scripted:
    made = Scripted(asker)
    made.script = [answer_of("It cost 12 million euros. [1]")]
    return made


@pytest.fixture
async def room(corpus: tuple[Path, Asker], asker: Scripted) -> AsyncIterator[Newsroom]:
    anew(corpus[0])
    async with FakeDiscord() as fake, newsroom(fake, corpus[0], asker) as made:
        yield made


# Nothing is lost


async def test_a_finished_answer_survives_a_minute_of_server_errors(
    room: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, slept = asyncio.sleep, [0.0]

    async def quick(seconds: float, *rest: object) -> object:
        slept[0] += seconds if seconds < 20 else 0
        return await real(min(seconds, 0.02), *rest)

    asked = await room.fake.slash("ask", question="What did it cost?")
    await room.fake.answered(asked)
    monkeypatch.setattr("asyncio.sleep", quick)
    room.fake.fail("PATCH", "/messages/@original", status=503, times=13)
    before = len(room.fake.requested("PATCH", ".*/messages/@original"))
    slept[0] = 0.0
    message = await room.ask("What did it cost then?")
    assert "12 million" in words_shown(message)
    assert message["components"]
    tried = len(room.fake.requested("PATCH", ".*/messages/@original")) - before
    assert tried == 14, "one layer tries again at a time"
    assert slept[0] >= 55, "they were spread over a minute"


async def left_behind(fake: FakeDiscord, data: Path, asker: Asker, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A command and a mention that a bot was answering when it ended."""
    monkeypatch.setattr(running_module, "DRAIN_SECONDS", 0.05)
    anew(data)
    stuck = scripted(asker)
    stuck.hold.clear()
    async with newsroom(fake, data, stuck) as room:
        asked = await fake.slash("ask", question="What did the bridge cost?")
        mention = await fake.say(f"<@{fake.bot['id']}> What did the harbour cost?", author=fake.bob)
        await fake.until(lambda: len(stuck.asked) == 2 and len(room.client.service.store.pending()) == 2)
    return asked, mention


async def test_questions_outlive_a_kill(
    corpus: tuple[Path, Asker], asker: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with FakeDiscord() as fake:
        asked, mention = await left_behind(fake, *corpus, monkeypatch)
        assert asked.original["flags"] & 128, "Discord still shows that the bot is thinking"
        async with newsroom(fake, corpus[0], asker) as room:
            message = await fake.answered(asked)
            assert "12 million" in words_shown(message)
            assert message["components"]
            assert "12 million" in words_shown(await room.replied(fake.general, mention))
            await fake.until(lambda: not room.client.service.store.pending())
            assert "Source 1 of 1" in words_shown(await room.note(await room.pressed(message, "Sources")))
        assert {each[0].text for each in asker.asked} == {"What did the bridge cost?", "What did the harbour cost?"}
    assert (corpus[0] / "discord.sqlite").stat().st_mode & 0o077 == 0, "tokens are nobody else's to read"


async def test_a_question_that_was_answered_is_not_taken_up_again(
    corpus: tuple[Path, Asker], asker: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    anew(corpus[0])
    end = DiscordStore.end

    def slow(store: DiscordStore, id_: str) -> None:
        time.sleep(0.5)
        end(store, id_)

    monkeypatch.setattr(DiscordStore, "end", slow)
    async with FakeDiscord() as fake:
        async with newsroom(fake, corpus[0], asker):
            await fake.answered(await fake.slash("ask", question="What did it cost?"))
        assert DiscordStore(corpus[0]).pending() == [], "it leaves when that is noted"


async def test_what_cannot_be_answered_any_more_is_said_to_be_lost(
    corpus: tuple[Path, Asker], asker: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with FakeDiscord() as fake:
        await left_behind(fake, *corpus, monkeypatch)
        monkeypatch.setattr(asking, "TOKEN_SECONDS", 0.0)
        monkeypatch.setattr(asking, "TRIES_MOST", 1)
        async with newsroom(fake, corpus[0], asker) as room:
            await fake.until(lambda: not room.client.service.store.pending())
        said = [each["content"] for each in fake.messages(fake.general)]
        assert said.count(asking.LOST) == 2
        assert not asker.asked


# What people wrote


async def test_forget_me_deletes_what_somebody_asked_and_nothing_else(room: Newsroom) -> None:
    fake, service = room.fake, room.client.service
    await room.ask("What did it cost?", author=fake.bob)
    await room.ask("What did it cost?")
    mine, others = service.store.answers_in(int(fake.guild["id"]), 0)[::-1]
    said = await fake.answered(await fake.slash("forget-me", author=fake.bob))
    assert said["content"].startswith("Deleted: 1 answers")
    assert given(service.context.corpus.catalog, mine) is None
    assert given(service.context.corpus.catalog, others) is not None
    assert service.store.answers_in(int(fake.guild["id"]), 0) == [others]


async def test_what_is_old_is_deleted(room: Newsroom) -> None:
    await room.ask("What did it cost?")
    service = room.client.service
    (kept,) = service.store.answers_in(int(room.fake.guild["id"]), 0)
    assert await asyncio.to_thread(service.forget_old, 1) == 0
    assert given(service.context.corpus.catalog, kept) is not None
    assert await asyncio.to_thread(service.forget_old, -1) >= 1
    assert given(service.context.corpus.catalog, kept) is None
    assert service.store.answers_in(int(room.fake.guild["id"]), 0) == []


async def test_who_asked_may_delete_the_answer(room: Newsroom) -> None:
    fake = room.fake
    message = await room.ask("What did it cost?", author=fake.bob)
    menu = await room.note(await room.pressed(message, "⋯", author=fake.person("carol")))
    assert "Delete" not in [each.get("label") for each in menu["components"][0]["components"]]
    await room.more(message, "Delete", author=fake.bob)
    await fake.until(lambda: message["id"] not in fake.world.messages)
    assert room.client.service.store.answers_in(int(fake.guild["id"]), 0) != []


# Who is served


async def test_the_operator_blocks_people_and_direct_messages(corpus: tuple[Path, Asker], asker: Scripted) -> None:
    async with FakeDiscord() as fake:
        settings = {"discord_blocked": f"1, {fake.bob['id']}", "discord_direct_messages": False}
        async with newsroom(fake, corpus[0], asker, **settings) as room:
            note = await room.note(await fake.slash("ask", question="Why is it so?", author=fake.bob))
            assert "I do not answer here" in words_shown(note)
            message = await room.ask("What did it cost?")
            assert "I do not answer here" in words_shown(
                await room.note(await room.pressed(message, "Sources", author=fake.bob))
            )
        (command,) = [each for each in fake.world.commands[""] if each["name"] == "ask"]
        assert command["contexts"] == [0]
        assert command["integration_types"] == [0]
        assert not fake.gateway.identified[-1]["intents"] & 1 << 12, "direct messages are not even sent to it"


async def test_commands_are_in_ones_pocket_and_in_five_languages(room: Newsroom) -> None:
    commands = {each["name"]: each for each in room.fake.world.commands[""]}
    assert commands["ask"]["integration_types"] == [0, 1]
    assert commands["ask"]["contexts"] == [0, 1, 2]
    assert commands["newsbot"]["integration_types"] == commands["digest"]["integration_types"] == [0]
    for name in ("ask", "coverage", "latest", "sources", "help", "forget-me", "digest", "alert"):
        for words in ("name_localizations", "description_localizations"):
            assert {each[:2] for each in commands[name][words]} == {"de", "fr", "es", "it", "pt"}, (name, words)
    assert commands["digest"]["name_localizations"]["de"] == "überblick"
    assert commands["alert"]["name_localizations"]["fr"] == "alerte"


async def test_the_operators_ceiling_stands_above_the_servers_settings(
    corpus: tuple[Path, Asker], asker: Scripted
) -> None:
    anew(corpus[0])
    async with FakeDiscord() as fake, newsroom(fake, corpus[0], asker, discord_user_per_hour_max=2) as room:
        guild = int(fake.guild["id"])
        guilds = room.client.service.guilds
        await guilds.put(guild, (await guilds.get(guild)).changed(user_per_minute=0, user_per_hour=0))
        for _ in range(2):
            assert "12 million" in words_shown(await room.ask("What did it cost?"))
        note = await room.note(await fake.slash("ask", question="What did it cost?"))
        assert "more than I may answer" in words_shown(note)


async def test_buttons_count(room: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_service, "LOOKING_RATES", (Rate(2, 60),))
    message = await room.ask("What did it cost?")
    for said in ("Source 1", "Source 1", "too much at once"):
        assert said in words_shown(await room.note(await room.pressed(message, "Sources", author=room.fake.bob)))


async def test_who_takes_no_direct_messages_is_told_in_the_channel(room: Newsroom) -> None:
    fake = room.fake
    fake.fail("POST", f"/channels/{fake.dm(fake.bob)['id']}/messages", status=403, times=9)
    for _ in range(6):
        await fake.say(f"<@{fake.bot['id']}> What did it cost?", author=fake.bob)
    await fake.until(lambda: any("more than I may answer" in each["content"] for each in fake.messages(fake.general)))


def test_answers_older_than_a_moment_are_counted(corpus: tuple[Path, Asker]) -> None:
    from datetime import UTC, datetime

    assert forget_before(corpus[1].retriever.corpus.catalog, datetime(2000, 1, 1, tzinfo=UTC)) == 0


def test_a_question_is_noted_once_and_tried_twice(tmp_path: Path) -> None:
    store = DiscordStore(tmp_path)
    store.begin("a", {"user": 1, "text": "x"})
    store.begin("a", {"user": 1, "text": "x"})
    (one,) = store.pending()
    assert one.tries == 2
    assert time.time() - one.at < 5
    assert store.forget("nobody", 1) == []
    assert store.pending() == []
