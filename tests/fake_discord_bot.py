"""A bot to put on a fake Discord: commands of a test's own over newsbot's client, and a corpus with nothing in it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands
from pydantic import SecretStr

from bot.discord_bot.client import NewsClient
from bot.discord_bot.context import BotContext
from bot.discord_bot.running import Running
from bot.settings import Settings
from bot.wiring import open_corpus
from tests.fake_discord import FakeDiscord

GUILD_READY_SECONDS = 0.05
FIRST_SECONDS = 0.1


class Echo(commands.Cog):
    """`/echo words` says the words; a mention and a direct message are said again; `hold` keeps answers waiting."""

    def __init__(self) -> None:
        self.hold = asyncio.Event()
        self.hold.set()
        self.heard_contents: list[str] = []

    def made_for(self, client: NewsClient) -> commands.Cog:
        """The cog, for a client."""
        self.client = client
        return self

    @app_commands.command(description="Say it again")
    async def echo(self, interaction: discord.Interaction, words: str) -> None:
        """Say it again."""
        await interaction.response.defer()
        async with self.client.service.queue.enter(interaction.user.id, interaction.guild_id, 10):
            await self.hold.wait()
            if words == "break":
                raise ValueError(f"cannot say {words!r}: " + "-".join(["private", "words"]))
            await interaction.edit_original_response(content=words)

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Say it again, where the bot is meant."""
        if message.author == self.client.user:
            return
        self.heard_contents.append(message.content)
        if message.guild is None or self.client.user in message.mentions:
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


def empty_context(settings: Settings) -> BotContext:
    """A bot's context with an empty corpus, and nobody who answers."""
    return BotContext(None, open_corpus(settings, create=True), settings)  # type: ignore[arg-type]


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


def echoing(
    fake: FakeDiscord,
    data_dir: Path,
    echo: Echo | None = None,
    *,
    first_seconds: float = FIRST_SECONDS,
    **more: Any,
) -> Running:
    """The bot with Echo's command, about to run against a fake Discord; it waits little unless told otherwise."""
    context = empty_context(settings_for(fake, data_dir, **more))
    return Running(
        context,
        cogs=[(echo or Echo()).made_for],
        first_seconds=first_seconds,
        guild_ready_timeout=GUILD_READY_SECONDS,
    )
