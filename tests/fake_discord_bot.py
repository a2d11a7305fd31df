"""A bot to put on a fake Discord: commands of a test's own over newsbot's client, and a house with nothing in it.

Knows nothing about news: what newsbot's own commands do is tested elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import discord
from pydantic import SecretStr

from bot.discord_bot.client import NewsClient
from bot.discord_bot.house import House
from bot.discord_bot.limits import Queue
from bot.discord_bot.running import Running
from bot.settings import Settings
from bot.wiring import open_corpus
from tests.fake_discord import FakeDiscord

GUILD_READY_SECONDS = 0.05
FIRST_DELAY_SECONDS = 0.05


class Echo:
    """`/echo words` says the words; a mention and a direct message are said again; `hold` keeps answers waiting."""

    def __init__(self) -> None:
        self.hold = asyncio.Event()
        self.hold.set()
        self.heard_contents: list[str] = []

    def install(self, client: NewsClient) -> None:
        """Add the command."""
        client.queue = queue = Queue(4)

        @client.tree.command(description="Say it again")
        async def echo(interaction: discord.Interaction, words: str) -> None:
            await interaction.response.defer()
            async with queue.enter(interaction.user.id, interaction.guild_id, 10):
                await self.hold.wait()
                if words == "break":
                    raise ValueError(f"cannot say {words!r}: private-words")
                await interaction.edit_original_response(content=words)

    async def heard(self, client: NewsClient, message: discord.Message) -> None:
        """Say it again, where the bot is meant."""
        if message.author == client.user:
            return
        self.heard_contents.append(message.content)
        if message.guild is None or client.user in message.mentions:
            await message.reply("heard: " + message.content.split("> ")[-1])


def settings_for(fake: FakeDiscord, data_dir: Path, **more: Any) -> Settings:
    """Settings that lead to a fake Discord."""
    given = {
        "data_dir": data_dir,
        "discord_token": SecretStr(fake.token),
        "discord_api_base": fake.api_base,
        "discord_gateway_url": fake.gateway_url,
    }
    return Settings(**(given | more))


def empty_house(settings: Settings) -> House:
    """A house with an empty corpus, and nobody in it who answers."""
    return House(None, open_corpus(settings, create=True), settings)  # type: ignore[arg-type]


@asynccontextmanager
async def serving(running: Running) -> AsyncIterator[asyncio.Task[bool]]:
    """The bot runs inside the block, and is told to leave at its end. What ended it early is raised there."""
    task = asyncio.create_task(running.serve())
    try:
        yield task
    finally:
        running.leave()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def echoing(fake: FakeDiscord, data_dir: Path, commands: Echo | None = None, **more: Any) -> Running:
    """The bot with Echo's command, about to run against a fake Discord."""
    house = empty_house(settings_for(fake, data_dir, **more))
    return Running(
        house,
        commands=commands or Echo(),
        first_delay_seconds=FIRST_DELAY_SECONDS,
        guild_ready_timeout=GUILD_READY_SECONDS,
    )
