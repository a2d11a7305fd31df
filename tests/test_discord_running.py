"""The bot stays on Discord: every fault of the line is survived with one log line, and it leaves when it is told to.

Real sockets, a real discord.py client, a fake Discord.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.discord_bot import running as running_module
from bot.discord_bot.client import NewsClient
from bot.errors import NewsbotError, SettingsError
from bot.settings import Settings
from tests.conftest import ROOT
from tests.fake_discord import FakeDiscord
from tests.fake_discord_bot import Echo, echoing, serving
from tests.fakes import run_newsbot


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord(heartbeat_seconds=0.5) as made:
        yield made


class Kept(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record)


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[logging.LogRecord]]:
    """What is logged, at any level, by anybody."""
    kept = Kept()
    for name in ("", "discord", "bot"):
        monkeypatch.setattr(logging.getLogger(name), "level", logging.DEBUG)
    logging.getLogger().addHandler(kept)
    logging.root.manager._clear_cache()
    yield kept.lines
    logging.getLogger().removeHandler(kept)
    monkeypatch.undo()
    logging.root.manager._clear_cache()


def said(lines: list[logging.LogRecord], level: int = logging.WARNING) -> list[str]:
    return [f"{line.name}: {line.getMessage()}" for line in lines
            if line.levelno >= level and line.name.split(".")[0] in {"bot", "discord"}]  # fmt: skip


async def echoes(fake: FakeDiscord, words: str = "still here") -> None:
    """The bot answers a command from beginning to end."""
    asked = await fake.slash("echo", words=words)
    assert (await fake.answered(asked))["content"] == words


async def test_it_connects_answers_and_leaves(fake: FakeDiscord, tmp_path: Path) -> None:
    running = echoing(fake, tmp_path)
    async with serving(running) as task:
        await fake.connected()
        await echoes(fake)
    assert await task is True
    assert not fake.gateway.open
    assert running.client is not None
    assert running.client.is_closed()
    assert all(each.method != "POST" or each.status < 300 for each in fake.requests)


# Faults of the gateway


async def test_a_lost_gateway_is_resumed_and_nothing_is_missed(
    fake: FakeDiscord, tmp_path: Path, lines: list[logging.LogRecord]
) -> None:
    echo = Echo()
    async with serving(echoing(fake, tmp_path, echo)):
        await fake.connected()
        await echoes(fake)
        lines.clear()
        for number, lose in enumerate((fake.gateway.drop, fake.gateway.ask_to_reconnect), start=1):
            await lose()
            await fake.say(f"<@{fake.bot['id']}> said meanwhile {number}")
            await fake.until(lambda n=number: f"heard: said meanwhile {n}" in contents(fake))
            assert fake.gateway.resumed == number
        fake.gateway.cut()
        await fake.until(lambda: fake.gateway.resumed == 3)
        await echoes(fake)
    assert said(lines) == ["bot.discord_bot.client: The connection to Discord's gateway was lost; reconnecting."] * 3
    assert len(fake.gateway.identified) == 1
    paths = [each.request.path for each in fake.gateway.connections]
    assert paths == ["/gateway", "/resuming", "/resuming", "/resuming"], "sessions are resumed where READY said"


def contents(fake: FakeDiscord) -> list[str]:
    return [each["content"] for each in fake.messages(fake.general)]


async def test_an_invalid_session_is_begun_anew(
    fake: FakeDiscord, tmp_path: Path, lines: list[logging.LogRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_waiting(monkeypatch)
    async with serving(echoing(fake, tmp_path)):
        await fake.connected()
        await echoes(fake)
        lines.clear()
        await fake.gateway.invalidate(resumable=True)
        await fake.until(lambda: fake.gateway.resumed == 1)
        await echoes(fake)
        await fake.gateway.invalidate()
        await fake.until(lambda: len(fake.gateway.identified) == 2)
        await fake.connected()
        await echoes(fake)
    assert len(said(lines)) == 2


def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Discord wants 5 seconds between two IDENTIFYs; the fake does not."""
    real = asyncio.sleep
    monkeypatch.setattr("discord.client.asyncio.sleep", lambda seconds, *rest: real(min(seconds, 0.05), *rest))


async def test_a_gateway_that_stays_away_is_tried_again(
    fake: FakeDiscord, tmp_path: Path, lines: list[logging.LogRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_waiting(monkeypatch)
    async with serving(echoing(fake, tmp_path)):
        await fake.connected()
        await echoes(fake)
        lines.clear()
        fake.gateway.refuse_handshakes = 3
        await fake.gateway.drop()
        await fake.until(lambda: fake.gateway.resumed == 1)
        await echoes(fake)
    told = said(lines)
    assert told[0].endswith("was lost; reconnecting.")
    assert len(told) == 4
    for line in told[1:]:
        assert "did not take a connection (WSServerHandshakeError 503)" in line
    assert not any(line.exc_info for line in lines if line.name.startswith("discord"))


async def test_the_first_handshake_may_fail(
    fake: FakeDiscord, tmp_path: Path, lines: list[logging.LogRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_waiting(monkeypatch)
    fake.gateway.refuse_handshakes = 2
    running = echoing(fake, tmp_path)
    async with serving(running):
        await fake.connected()
        await echoes(fake)
    assert running.service.counts["attempts"] == 1
    told = said(lines)
    assert len(told) == 2
    assert all("Failed to connect for shard_id: 0. Retrying... (WSServerHandshakeError 503)" in line for line in told)


async def test_discord_may_be_away_when_the_bot_starts(
    fake: FakeDiscord, tmp_path: Path, lines: list[logging.LogRecord]
) -> None:
    fake.fail("GET", "/gateway/bot", status=503)
    fake.fail("GET", "/gateway/bot", reset=True, times=2)
    fake.fail("GET", "/users/@me", status=503)
    async with serving(echoing(fake, tmp_path)):
        await fake.connected()
        await echoes(fake)
    told = said(lines)
    assert 3 <= len(told) <= 4, "aiohttp asks once more by itself where a connection that it had kept is reset"
    assert all("No connection to Discord (" in line for line in told)


async def test_commands_that_cannot_be_told_do_not_keep_it_offline(
    fake: FakeDiscord, tmp_path: Path, lines: list[logging.LogRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.discord_bot.client.SYNC_PAUSES_SECONDS", (0.05, 1.0))
    async with serving(echoing(fake, tmp_path)):
        await fake.connected()
        await echoes(fake)
    fake.fail("GET", "/applications/[0-9]+/commands", status=503, times=3)
    lines.clear()
    running = echoing(fake, tmp_path)
    async with serving(running):
        await fake.connected()
        await fake.say(f"<@{fake.bot['id']}> without commands")
        await fake.until(lambda: "heard: without commands" in contents(fake))
        await fake.until(lambda: running.client and running.client.syncing and running.client.syncing.done())
    told = [line for line in said(lines, logging.INFO) if "did not take a request (DiscordServerError 503)" in line]
    assert len(told) == 3


async def test_what_stands_in_for_discord_need_not_give_advice(fake: FakeDiscord, tmp_path: Path) -> None:
    fake.fail("GET", "/gateway/bot", status=404, times=1000)
    async with serving(echoing(fake, tmp_path)):
        await fake.connected()
        await echoes(fake)


async def test_a_ban_by_the_proxy_is_waited_out(
    fake: FakeDiscord, tmp_path: Path, lines: list[logging.LogRecord]
) -> None:
    fake.fail("GET", "/gateway/bot", status=429, via=False)
    async with serving(echoing(fake, tmp_path)):
        await fake.connected()
    assert len(said(lines)) == 1
    assert "trying again in 1.0 s" in said(lines)[0], "it waits as long as it was asked to"


async def test_connections_that_discord_does_not_allow_are_not_tried(
    fake: FakeDiscord, tmp_path: Path, lines: list[logging.LogRecord]
) -> None:
    fake.sessions_left = 0
    async with serving(echoing(fake, tmp_path)):
        await fake.until(lambda: said(lines))
        assert "no new connections are allowed today" in said(lines)[0]
        assert "trying again in 14400.0 s" in said(lines)[0]
    assert not fake.gateway.connections


async def test_what_nobody_expected_is_tried_again_and_logged_with_its_place(
    fake: FakeDiscord, tmp_path: Path, lines: list[logging.LogRecord]
) -> None:
    class Broken(Echo):
        """Breaks when it is installed for the first time."""

        times = 0

        def made_for(self, client: NewsClient) -> Any:
            self.times += 1
            if self.times == 1:
                raise LookupError("-".join(["private", "words"]))
            return super().made_for(client)

    async with serving(echoing(fake, tmp_path, Broken())):
        await fake.connected()
    formatted = "\n".join(logging.Formatter().format(line) for line in lines if line.name.startswith("bot"))
    assert "No connection to Discord (LookupError); trying again" in formatted
    assert "in made_for" in formatted
    assert "private-words" not in formatted


async def test_a_bad_token_ends_with_one_sentence(fake: FakeDiscord, tmp_path: Path) -> None:
    running = echoing(fake, tmp_path, discord_token="ZmFrZQ.wrong.token")
    with pytest.raises(SettingsError, match="DISCORD_TOKEN") as caught:
        await running.serve()
    assert "wrong" not in str(caught.value)
    assert not fake.requested("PUT", ".*")


async def test_a_token_that_is_taken_back_ends_it_too(fake: FakeDiscord, tmp_path: Path) -> None:
    running = echoing(fake, tmp_path)
    task = asyncio.create_task(running.serve())
    await fake.connected()
    await fake.gateway.drop(4004)
    with pytest.raises(SettingsError, match="DISCORD_TOKEN"):
        await task


async def test_without_a_token_nothing_is_asked(fake: FakeDiscord, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="developer portal"):
        await echoing(fake, tmp_path, discord_token=None).serve()
    assert not fake.requests


async def test_shards_that_discord_does_not_take_end_it(fake: FakeDiscord, tmp_path: Path) -> None:
    running = echoing(fake, tmp_path)
    task = asyncio.create_task(running.serve())
    await fake.connected()
    await fake.gateway.drop(4010)
    with pytest.raises(NewsbotError, match="NEWSBOT_DISCORD_SHARDS"):
        await task


# Intents and shards


@pytest.mark.parametrize("shards", [1, 2])
async def test_without_the_privileged_intent_it_connects_all_the_same(
    shards: int, tmp_path: Path, lines: list[logging.LogRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_waiting(monkeypatch)
    async with FakeDiscord(content_intent=False) as fake:
        echo = Echo()
        async with serving(echoing(fake, tmp_path, echo, discord_shards=shards)):
            await fake.until(lambda: sum(bool(each.session) for each in fake.gateway.open) == shards)
            await echoes(fake)
            await fake.say("not for the bot")
            await fake.say(f"<@{fake.bot['id']}> for the bot")
            await fake.say("direct", channel=fake.dm(fake.bob), author=fake.bob)
            await fake.until(lambda: fake.messages(fake.dm(fake.bob))[-1]["content"] == "heard: direct")
            assert "heard: for the bot" in contents(fake)
            assert echo.heard_contents[0] == "", "what is not for the bot stays private"
    asked_for_content = [bool(each["intents"] & 1 << 15) for each in fake.gateway.identified]
    assert asked_for_content[0]
    assert asked_for_content[-shards:] == [False] * shards
    assert len(said(lines)) == 1
    assert "message content intent is not switched on" in said(lines)[0]


async def test_without_the_mention_trigger_it_asks_for_next_to_nothing(fake: FakeDiscord, tmp_path: Path) -> None:
    echo = Echo()
    async with serving(echoing(fake, tmp_path, echo, discord_mention_trigger=False)):
        await fake.connected()
        await fake.say(f"<@{fake.bot['id']}> in a channel")
        await fake.say("direct", channel=fake.dm(fake.bob), author=fake.bob)
        await fake.until(lambda: echo.heard_contents)
        await echoes(fake)
    assert [each["intents"] for each in fake.gateway.identified] == [1 << 0 | 1 << 12]
    assert echo.heard_contents == ["direct"]


@pytest.mark.parametrize(("advised", "set_shards"), [(2, None), (1, 2)])
async def test_shards_from_discords_advice_or_the_setting(
    advised: int, set_shards: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_waiting(monkeypatch)
    async with FakeDiscord(shards_advised=advised) as fake:
        async with serving(echoing(fake, tmp_path, discord_shards=set_shards)) as task:
            await fake.connected(2)
            await echoes(fake)
            await fake.say("direct", channel=fake.dm(fake.bob), author=fake.bob)
            await fake.until(lambda: len(fake.messages(fake.dm(fake.bob))) == 2)
            await fake.gateway.drop()
            await fake.until(lambda: fake.gateway.resumed == 2)
            await echoes(fake)
        assert await task is True
    assert [each["shard"] for each in fake.gateway.identified] == [[0, 2], [1, 2]]


# Faults of REST


@pytest.mark.parametrize("everywhere", [False, True])
async def test_rate_limits_are_waited_out(
    everywhere: bool, fake: FakeDiscord, tmp_path: Path, lines: list[logging.LogRecord]
) -> None:
    async with serving(echoing(fake, tmp_path)):
        await fake.connected()
        fake.fail("POST", r"/channels/\d+/messages", status=429, retry_after_seconds=0.2, everywhere=everywhere)
        await fake.say(f"<@{fake.bot['id']}> again")
        await fake.until(lambda: "heard: again" in contents(fake))
        fake.fail("PATCH", "/webhooks/", status=429, retry_after_seconds=0.1)
        await echoes(fake)
    assert [each.status for each in fake.requested("POST", r"/channels/\d+/messages")] == [429, 200]
    assert 2 <= len(said(lines)) <= 3


# Leaving


async def test_answers_that_are_running_are_finished_before_it_leaves(fake: FakeDiscord, tmp_path: Path) -> None:
    echo = Echo()
    echo.hold.clear()
    running = echoing(fake, tmp_path, echo)
    async with serving(running) as task:
        await fake.connected()
        asked = await fake.slash("echo", words="finished")
        await fake.until(lambda: running.service.queue.running)
        running.leave()
        await asyncio.sleep(0.1)
        assert not task.done()
        echo.hold.set()
        assert await task is True
    assert asked.original is not None
    assert asked.original["content"] == "finished"


async def test_answers_that_never_end_do_not_keep_it(
    fake: FakeDiscord, tmp_path: Path, lines: list[logging.LogRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_module, "DRAIN_SECONDS", 0.2)
    echo = Echo()
    echo.hold.clear()
    running = echoing(fake, tmp_path, echo)
    async with serving(running) as task:
        await fake.connected()
        await fake.slash("echo", words="never")
        await fake.until(lambda: running.service.queue.running)
        running.leave()
        assert await task is False
    assert any("not finished" in line for line in said(lines))


async def test_it_leaves_while_it_cannot_connect(fake: FakeDiscord, tmp_path: Path) -> None:
    fake.fail("GET", "/gateway/bot", status=503, times=1000)
    running = echoing(fake, tmp_path)
    async with serving(running):
        await fake.until(lambda: running.service.counts["attempts"] > 1)


# What the logs do not say


async def test_neither_the_token_nor_what_people_write_reaches_the_logs(
    fake: FakeDiscord, tmp_path: Path, lines: list[logging.LogRecord]
) -> None:
    async with serving(echoing(fake, tmp_path)) as task:
        await fake.connected()
        await echoes(fake, "private-words in a command")
        asked = await fake.slash("echo", words="break")
        await fake.say(f"<@{fake.bot['id']}> private-words in a mention")
        await fake.say("private-words in the room")
        await fake.until(lambda: "heard: private-words in a mention" in contents(fake))
        fake.fail("POST", r"/channels/\d+/messages", status=400)
        await fake.say(f"<@{fake.bot['id']}> private-words that cannot be answered")
        await fake.until(lambda: any("on_message" in line for line in said(lines)))
        await fake.until(lambda: any("a command failed: ValueError" in line for line in said(lines)))
        await fake.gateway.drop()
        await fake.until(lambda: fake.gateway.resumed == 1)
    assert await task is True
    formatter = logging.Formatter("%(name)s %(message)s")
    whole = "\n".join(formatter.format(line) for line in lines if line.name.split(".")[0] in {"bot", "discord"})
    assert "ValueError" in whole, "that it broke is logged, and where"
    assert "fake_discord_bot.py" in whole
    for secret in (fake.token, "private-words", asked.token):
        assert secret not in whole


def newsbot_discord(fake: FakeDiscord, settings: Settings, *arguments: str, **env: str) -> subprocess.Popen[str]:
    """The bot as a process of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("NEWSBOT_", "DISCORD_"))}
    given = {
        "DISCORD_TOKEN": fake.token, "DISCORD_API_BASE": fake.api_base, "NEWSBOT_DATA_DIR": str(settings.data_dir),
        "NEWSBOT_CACHE_DIR": str(settings.cache_dir),
    } | env  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-m", "bot", "discord", *arguments],
        cwd=ROOT, env=clean | given, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


async def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = await asyncio.to_thread(process.communicate, None, 180)
    return process.returncode, out, err


async def test_newsbots_own_commands_answer_however_often_a_client_is_made(sample_copy: Settings) -> None:
    async with FakeDiscord(content_intent=False) as fake:
        given = {"data_dir": sample_copy.data_dir, "cache_dir": sample_copy.cache_dir}
        settings = Settings(discord_token=fake.token, discord_api_base=fake.api_base, **given)
        fake.fail("GET", "/users/@me", status=503)
        running = running_module.Running(running_module.open_context(settings), first_seconds=0.1)
        async with serving(running):
            await fake.connected()
            asked = await fake.slash("ask", question="How many NATO personnel are in Iraq?")
            await fake.until(lambda: asked.original and asked.original["embeds"])
            await fake.say(f"<@{fake.bot['id']}> When did Chandrayaan-3 land?")
            await fake.until(
                lambda: len(fake.messages(fake.general)) == 3 and fake.messages(fake.general)[-1]["embeds"]
            )
        assert running.service.counts["attempts"] == 3


async def test_a_process_answers_and_leaves_with_0_when_it_is_told_to(fake: FakeDiscord, sample_copy: Settings) -> None:
    process = newsbot_discord(fake, sample_copy, "--verbose", "--health-port", "0")
    try:
        await fake.connected(seconds=180)
        asked = await fake.slash("ask", question="Who signed the private-words treaty?")
        await fake.until(lambda: asked.original and asked.original["embeds"])
        process.send_signal(signal.SIGTERM)
        status, _, err = await ended(process)
    finally:
        process.kill()
    assert status == 0, err
    assert "Traceback" not in err
    assert f"client_id={fake.application_id}" in err
    assert "/metrics" in err
    assert "Leaving." in err
    for secret in (fake.token, "private-words", asked.token):
        assert secret not in err


async def test_a_process_with_a_bad_token_says_so_and_ends(fake: FakeDiscord, sample_copy: Settings) -> None:
    status, _, err = await ended(newsbot_discord(fake, sample_copy, DISCORD_TOKEN="wrong.wrong.wrong"))
    assert status == 2
    assert err.splitlines()[-1].startswith("newsbot: Discord does not take the token in DISCORD_TOKEN.")
    assert "wrong" not in err


def test_a_process_without_a_corpus_says_so_and_ends(tmp_path: Path) -> None:
    done = run_newsbot("discord", env={"DISCORD_TOKEN": "a.b.c", "NEWSBOT_DATA_DIR": str(tmp_path / "none")})
    assert done.returncode == 1
    assert "newsbot ingest" in done.stderr
    assert done.stderr.count("newsbot:") == 1
