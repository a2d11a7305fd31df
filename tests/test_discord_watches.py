"""What is posted as the corpus grows: alerts at once and once, digests at their hour, answers that changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.answering.briefing import new_articles
from bot.asking import Asker
from bot.corpus.corpus import Corpus
from bot.discord_bot import watches
from bot.discord_bot.guild_settings import GuildSettings
from bot.discord_bot.store import DiscordStore, Watch
from bot.discord_bot.watches import is_due
from bot.schema import Article
from bot.settings import Settings
from bot.wiring import open_corpus
from ingest.pipeline import ingest
from tests.discord_newsroom import Newsroom, Scripted, copied, newsroom, words_shown
from tests.fake_discord import FakeDiscord
from tests.fake_discord_world import Json
from tests.fakes import article
from tests.test_discord_answers import answer_of

TODAY = datetime.now(UTC).date()
ALERTS, WITHIN_SECONDS = 20, 60.0


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, sample_settings: Settings) -> tuple[Path, Asker]:
    return copied(sample_settings.data_dir, tmp_path_factory.mktemp("watches") / "data", sample_settings)


@pytest.fixture(scope="module")
def writer(corpus: tuple[Path, Asker], sample_settings: Settings) -> Corpus:
    """The corpus as another process has it open, to put articles in."""
    return open_corpus(sample_settings.model_copy(update={"data_dir": corpus[0]}))


@pytest.fixture
def asker(corpus: tuple[Path, Asker]) -> Scripted:
    made = Scripted(corpus[1])
    made.script = [answer_of("It cost 12 million euros. [1]", short="12 million euros")]
    return made


@pytest.fixture
async def room(corpus: tuple[Path, Asker], asker: Scripted, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Newsroom]:
    monkeypatch.setattr(watches, "LOOK_SECONDS", 0.1)
    for each in corpus[0].glob("discord.sqlite*"):
        each.unlink()
    async with FakeDiscord() as fake, newsroom(fake, corpus[0], asker) as made:
        yield made


async def put(writer: Corpus, articles: Sequence[Article]) -> None:
    """Articles come in, as `newsbot follow` puts them."""

    def write() -> None:
        with writer.writing(60):
            list(ingest(writer, articles))

    await asyncio.to_thread(write)


def story(name: str, text: str, published: date = TODAY, source: str = "The Post") -> Article:
    return article(name, text, title=f"Story {name}", published=published, source=source)


def posts(room: Newsroom, channel: Json) -> list[str]:
    mine = [each for each in room.fake.messages(channel) if each["author"]["id"] == room.fake.bot["id"]]
    return [words_shown(each) for each in mine if each["embeds"]]


async def watched(room: Newsroom, command: str, channel: Json, **options: object) -> str:
    asked = await room.fake.slash(command, options={"channel": channel, **options})
    return words_shown(await room.fake.answered(asked))


async def channel_of(room: Newsroom, name: str) -> Json:
    made = room.fake.channel(name)
    await room.fake.announce(made)
    return made


async def test_alerts_are_posted_once_and_soon(room: Newsroom, writer: Corpus) -> None:
    desk = await channel_of(room, "alerts")
    assert "gets what is new on **lighthouse keeper**" in await watched(room, "alert", desk, topic="lighthouse keeper")
    slowest = 0.0
    for number in range(ALERTS):
        text = f"The lighthouse of isle {number} has lost its keeper. Number {number} was the last one."
        came = [
            story(f"lighthouse{number}", text),
            story(f"else{number}", f"A baker on isle {number} bakes bread {number}."),
        ]
        if number == 0:
            came.append(story("lighthouse-copy", text, source="The Echo"))
        await put(writer, came)
        began = time.monotonic()
        await room.fake.until(lambda n=number: len(posts(room, desk)) > n, WITHIN_SECONDS)
        slowest = max(slowest, time.monotonic() - began)
    await put(writer, [story("lighthouse0", "The lighthouse of isle 0 has lost its keeper again. It was mended.")])
    await put(writer, [story("lighthouse-old", "A lighthouse keeper of old.", TODAY - timedelta(days=400))])
    await asyncio.sleep(1.0)
    said = posts(room, desk)
    assert len(said) == ALERTS, "each once: no copy, no correction, nothing of old"
    assert slowest <= WITHIN_SECONDS
    assert "New on lighthouse keeper" in said[0]
    assert "“The lighthouse of isle 0 has lost its keeper." in said[0]
    assert "https://post.example/lighthouse0" in said[0]


async def test_a_digest_comes_at_its_hour_with_what_is_new_and_is_silent_without(
    room: Newsroom, writer: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await channel_of(room, "briefing")
    said = await watched(room, "digest", desk, topic="ferry", time="08:00")
    assert "at 08:00 (UTC), every day" in said
    assert "no time of day" in await watched(room, "digest", desk, topic="ferry", time="late")
    await put(writer, [story(f"ferry{n}", f"Ferry number {n} was launched in Malmo. It is big.") for n in range(3)])
    await asyncio.sleep(0.5)
    assert posts(room, desk) == []
    tomorrow = datetime.now(UTC).replace(hour=8, minute=1) + timedelta(days=1)
    monkeypatch.setattr(watches, "now", lambda: tomorrow)
    await room.fake.until(lambda: posts(room, desk))
    (said,) = posts(room, desk)
    assert said.startswith("Digest: ferry")
    assert all(f"“Ferry number {n} was launched in Malmo.”" in said for n in range(3))
    store = room.client.service.store
    (watch,) = store.watches("digest")
    newest, _ = new_articles(writer, 0)
    await room.fake.until(lambda: store.watches("digest")[0].seq == newest)
    store.looked(watch.id, 0)  # even where it looks at everything again
    await room.fake.until(lambda: store.watches("digest")[0].seq > 0)
    await asyncio.sleep(0.3)
    assert len(posts(room, desk)) == 1, "the same story is never told twice, and nothing is said where nothing is new"
    shown = await room.fake.slash("digest")
    listed = await room.fake.answered(shown)
    assert f"**ferry** in <#{desk['id']}> · 08:00, every day" in words_shown(listed)
    await room.fake.select(listed, "choice", str(watch.id))
    await room.fake.until(lambda: not store.watches("digest"))


@pytest.mark.parametrize(
    ("days", "moment", "last", "due"),
    [
        ("every day", "2024-07-03T06:01", "2024-07-02T07:00", True),  # 08:01 in Berlin
        ("every day", "2024-07-03T05:59", "2024-07-02T07:00", False),
        ("every day", "2024-07-03T09:00", "2024-07-03T06:00", False),
        ("weekdays", "2024-07-06T09:00", "2024-07-05T07:00", False),
        ("Saturday", "2024-07-06T09:00", "2024-06-29T07:00", True),
    ],
)
def test_when_a_digest_is_due(days: str, moment: str, last: str, due: bool) -> None:
    at = datetime.fromisoformat(last).replace(tzinfo=UTC).timestamp()
    watch = Watch(1, "digest", 1, 1, 1, "x", 0, at, {"time": "08:00", "days": days})
    zoned = GuildSettings(time_zone="Europe/Berlin")
    assert is_due(watch, zoned, datetime.fromisoformat(moment).replace(tzinfo=UTC)) is due


async def test_a_changed_answer_is_told_with_the_old_one_beside_it(
    room: Newsroom, asker: Scripted, writer: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches, "BELL_SECONDS", 0.0)
    fake = room.fake
    message = await room.ask("What did the bridge cost?", author=fake.bob)
    told = await room.note(await room.more(message, "Tell me when this changes", author=fake.bob))
    assert "when the answer changes" in told["content"]
    alone = fake.dm(fake.bob)
    (bell,) = room.client.service.store.watches("bell")
    await put(writer, [story("bell1", "Somebody wrote something about nothing at all.")])
    await fake.until(lambda: room.client.service.store.watches("bell")[0].seq > bell.seq)
    assert not fake.messages(alone), "the same answer is not told"
    asker.script = [answer_of("It cost 15 million euros. [1]", short="15 million euros", as_of=TODAY)]
    await put(writer, [story("bell2", "The bridge became dearer, somebody wrote.")])
    note = await fake.until(lambda: next(iter(fake.messages(alone)), None))
    assert "Short answer: **12 million euros** → **15 million euros**" in words_shown(note)
    await put(writer, [story("bell3", "A third story about nothing.")])
    await asyncio.sleep(0.5)
    assert len(fake.messages(alone)) == 1
    await room.note(await room.more(message, "Tell me when this changes", author=fake.bob))
    assert not room.client.service.store.watches("bell")


async def test_a_channel_in_which_it_may_not_write_keeps_no_other_from_its_alerts(
    room: Newsroom, writer: Corpus
) -> None:
    fake = room.fake
    closed, desk = await channel_of(room, "closed"), await channel_of(room, "open")
    for channel in (closed, desk):
        assert "gets what is new" in await watched(room, "alert", channel, topic="windmill miller")
    fake.world.deny(closed, fake.bot, "send_messages")
    fake.fail("POST", rf"/channels/{closed['id']}/messages", status=403, times=99)
    await put(writer, [story("windmill", "The windmill has lost its miller. He was the last one.")])
    await fake.until(lambda: posts(room, desk))
    assert posts(room, closed) == []


async def test_only_who_manages_the_server_sets_them(room: Newsroom) -> None:
    with pytest.raises(AssertionError, match="may not use"):
        await room.fake.slash("alert", author=room.fake.bob, topic="ferry")


def test_a_damaged_store_is_put_aside(tmp_path: Path) -> None:
    store = DiscordStore(tmp_path)
    store.watch("alert", 1, 2, 3, "ferry", 0, {})
    assert [each.topic for each in DiscordStore(tmp_path).watches()] == ["ferry"]
    for each in tmp_path.iterdir():
        each.unlink()
    (tmp_path / "discord.sqlite").write_bytes(b"no database at all" * 100)
    assert DiscordStore(tmp_path).watches() == []
    assert list(tmp_path.glob("discord.damaged-*"))
