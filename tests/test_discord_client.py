"""The client: it asks for the least, pings nobody, tells Discord its commands once, and asks in the logs for nothing.

Real sockets, a real discord.py client, a fake Discord.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import discord
import pytest
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.discord_bot.answer_service import AnswerService
from bot.discord_bot.buttons import answer_buttons
from bot.discord_bot.client import (
    COMMANDS_FILE,
    LEAST_PERMISSIONS,
    NewsClient,
    api_base,
    intents,
    invite_link,
    point_at_discord,
)
from bot.discord_bot.logs import Discreet, DiscreetFormatter, cause
from bot.discord_bot.pace import Pace
from bot.settings import Settings
from tests.fake_discord import FakeDiscord
from tests.fake_discord_bot import Echo, echoing, empty_context, serving, settings_for


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as made:
        yield made


# What it asks for


def test_intents_are_the_least() -> None:
    assert {name for name, on in intents(mentions=False, content=True) if on} == {"guilds", "dm_messages"}
    with_mentions = {"guilds", "dm_messages", "guild_messages"}
    assert {name for name, on in intents(mentions=True, content=False) if on} == with_mentions
    assert {name for name, on in intents(mentions=True, content=True) if on} == {*with_mentions, "message_content"}


def test_the_invite_link_asks_for_the_least() -> None:
    link = urlsplit(invite_link(123))
    asked = parse_qs(link.query)
    assert link.netloc == "discord.com"
    assert asked["client_id"] == ["123"]
    assert set(asked["scope"][0].split()) == {"bot", "applications.commands"}
    granted = discord.Permissions(int(asked["permissions"][0]))
    assert granted == LEAST_PERMISSIONS
    assert not any((granted.administrator, granted.manage_messages, granted.manage_guild, granted.mention_everyone))


async def test_nobody_is_pinged_by_default(fake: FakeDiscord, tmp_path: Path) -> None:
    client = NewsClient(
        AnswerService(empty_context(settings_for(fake, tmp_path)), answer_buttons), [], Pace(), content=True
    )
    assert client.allowed_mentions is not None
    assert client.allowed_mentions.to_dict() == {"parse": []}
    async with serving(echoing(fake, tmp_path)):
        await fake.connected()
        await fake.say(f"<@{fake.bot['id']}> @everyone <@{fake.bob['id']}>")
        await fake.until(lambda: len(fake.messages(fake.general)) == 2)
    sent = fake.messages(fake.general)[-1]
    assert "@everyone" in sent["content"]
    assert not sent["mention_everyone"]
    assert not sent["mentions"]


@pytest.mark.parametrize(
    ("given", "base"),
    [
        (None, None),
        ("http://127.0.0.1:1/api/v10", "http://127.0.0.1:1/api/v10"),
        ("http://127.0.0.1:1/api/v10/", "http://127.0.0.1:1/api/v10"),
        ("http://127.0.0.1:1/api", "http://127.0.0.1:1/api/v10"),
    ],
)
def test_the_address_of_another_discord(given: str | None, base: str | None) -> None:
    assert api_base(Settings(discord_api_base=given)) == base


def test_addresses_are_pointed_at_what_is_set_and_else_at_what_rest_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Route, "BASE", "https://discord.com/api/v10")
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    point_at_discord(Settings(), "wss://elsewhere.example")
    assert Route.BASE == "https://discord.com/api/v10"
    assert str(DiscordWebSocket.DEFAULT_GATEWAY) != "wss://elsewhere.example", "Discord's own is used for Discord"
    other = Settings(discord_api_base="http://127.0.0.1:1/api")
    point_at_discord(other, "ws://127.0.0.1:2")
    assert Route.BASE == "http://127.0.0.1:1/api/v10"
    assert str(DiscordWebSocket.DEFAULT_GATEWAY) == "ws://127.0.0.1:2"
    point_at_discord(other.model_copy(update={"discord_gateway_url": "ws://127.0.0.1:3"}), "ws://127.0.0.1:2")
    assert str(DiscordWebSocket.DEFAULT_GATEWAY) == "ws://127.0.0.1:3"


async def test_only_the_rest_address_is_needed(fake: FakeDiscord, tmp_path: Path) -> None:
    async with serving(echoing(fake, tmp_path, discord_gateway_url=None)):
        await fake.connected()


# Commands


async def synced(fake: FakeDiscord, tmp_path: Path, echo: Echo | None = None) -> int:
    """How often the commands were told in one life of the bot."""
    before = len(fake.requested("PUT", "/applications/.*"))
    running = echoing(fake, tmp_path, echo)
    async with serving(running):
        await fake.connected()
        await fake.until(lambda: running.client and running.client.syncing and running.client.syncing.done())
    return len(fake.requested("PUT", "/applications/.*")) - before


class More(Echo):
    """Echo with another command."""

    @app_commands.command(description="Another one")
    async def other(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message("other")


async def test_commands_are_told_only_when_they_changed(fake: FakeDiscord, tmp_path: Path) -> None:
    assert await synced(fake, tmp_path) == 1
    assert await synced(fake, tmp_path) == 0
    assert await synced(fake, tmp_path, More()) == 1
    assert await synced(fake, tmp_path, More()) == 0
    assert {each["name"] for each in fake.world.commands[""]} == {"echo", "other"}


async def test_commands_that_somebody_took_away_come_back(fake: FakeDiscord, tmp_path: Path) -> None:
    assert await synced(fake, tmp_path) == 1
    fake.world.commands[""].clear()
    assert await synced(fake, tmp_path) == 1


@pytest.mark.parametrize("damage", [b"", b"something else", b"\xff"])
async def test_what_was_told_may_be_forgotten(damage: bytes, fake: FakeDiscord, tmp_path: Path) -> None:
    await synced(fake, tmp_path)
    (tmp_path / COMMANDS_FILE).write_bytes(damage)
    assert await synced(fake, tmp_path) == 1
    assert await synced(fake, tmp_path) == 0


async def test_a_memory_that_cannot_be_written_costs_a_telling(fake: FakeDiscord, tmp_path: Path) -> None:
    (tmp_path / COMMANDS_FILE).mkdir()
    assert await synced(fake, tmp_path) == 1
    assert await synced(fake, tmp_path) == 1


async def test_commands_that_discord_refuses_do_not_keep_the_bot_away(fake: FakeDiscord, tmp_path: Path) -> None:
    fake.fail("PUT", "/applications/", status=400)
    async with serving(echoing(fake, tmp_path)):
        await fake.connected()
        await fake.say("direct", channel=fake.dm(fake.bob), author=fake.bob)
        await fake.until(lambda: len(fake.messages(fake.dm(fake.bob))) == 2)
    assert not (tmp_path / COMMANDS_FILE).exists()


# Logs


def record(message: str, *arguments: object, name: str = "discord.client", error: BaseException | None = None,
           level: int = logging.ERROR) -> logging.LogRecord:  # fmt: skip
    raised = None
    if error is not None:
        try:
            raise error
        except BaseException as caught:
            raised = (type(caught), caught, caught.__traceback__)
    return logging.LogRecord(name, level, __file__, 1, message, arguments, raised)


def test_details_of_the_library_are_kept_back() -> None:
    assert not Discreet().filter(record("WebSocket Event: %s", {"content": "private"}, level=logging.DEBUG))
    assert Discreet().filter(record("our own", name="bot.discord_bot.client", level=logging.DEBUG))


def test_a_retry_is_one_line_with_its_reason() -> None:
    line = record("Attempting a reconnect in %.2fs", 1.5, error=ConnectionResetError(104, "Connection reset by peer"))
    assert Discreet().filter(line)
    told = logging.Formatter().format(line)
    assert told == "Attempting a reconnect in 1.50s (ConnectionResetError: Connection reset by peer)"
    assert line.levelno == logging.WARNING


def test_an_error_is_shown_without_what_it_says() -> None:
    line = record("Ignoring exception in %s", "on_message", error=ValueError("private words"))
    assert Discreet().filter(line)
    told = logging.Formatter().format(line)
    assert "ValueError" in told
    assert "test_discord_client.py" in told
    assert "private" not in told


def test_tokens_are_taken_out_of_every_line() -> None:
    formatter = DiscreetFormatter("bot.token", "")
    line = record("POST /api/v10/webhooks/12/aW50ZXJ.hY3Rpb24-x_y/messages/@original with Bot bot.token failed")
    told = formatter.format(line)
    assert "/webhooks/12/[token]/messages/@original with Bot [token] failed" in told
    line = record("It broke", error=KeyError("private words"), name="somewhere.else")
    assert "private" not in formatter.format(line)
    assert "KeyError" in formatter.format(line)


def test_the_cause_of_an_error_is_a_few_words() -> None:
    assert cause(TimeoutError()) == "TimeoutError"
    assert cause(ConnectionRefusedError(111, "Connection refused")) == "ConnectionRefusedError: Connection refused"
    assert cause(ValueError("private")) == "ValueError"
