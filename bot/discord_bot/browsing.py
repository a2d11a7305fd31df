"""How people look around: `/coverage`, `/latest`, `/sources`, `/help`; and `/forget-me`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.corpus.catalog.articles import Dated, dated, freshness
from bot.corpus.catalog.feedback import forget, voter
from bot.corpus.catalog.feeds import last_run
from bot.discord_bot.answer_service import AnswerService
from bot.discord_bot.charts import DARK, LIGHT, can_draw, coverage_chart
from bot.discord_bot.client import NewsClient
from bot.discord_bot.context import person_of
from bot.discord_bot.listings import CHART_FILE, coverage_pages, help_pages, latest_of, nothing_on, sources_pages
from bot.discord_bot.targets import InteractionTarget, permissions_of, think, whisper
from bot.retrieval.periods import counted
from bot.retrieval.topic import TOPIC_CHARS, articles_on

Interaction = discord.Interaction[Any]
Shown = tuple[Sequence[discord.Embed], Mapping[str, bytes]]


class Browsing(commands.Cog):
    """Commands that show what there is, and ask nobody."""

    def __init__(self, client: NewsClient) -> None:
        self.client = client
        self.service: AnswerService = client.service
        self.corpus = client.service.context.corpus

    async def _look(self, interaction: Interaction, find: Callable[[str], Shown]) -> None:
        """Show what is found in the language of the server. Raises UsageError where the person may not look."""
        person = person_of(interaction)
        await self.service.require(person, self.client, looks=True)
        target = InteractionTarget(interaction)
        await target.acknowledge()
        pages, files = await asyncio.to_thread(find, (await self.service.settings(person)).language)
        await target.finish(pages, None, files)

    @app_commands.command(name="coverage", description="A chart of how much was written about a topic, and when")
    @app_commands.describe(topic="Words that the articles hold, such as: suez canal", theme="Colours of the chart")
    @app_commands.choices(
        theme=[app_commands.Choice(name=f"{name} background", value=name.lower()) for name in ("Dark", "Light")]
    )
    async def coverage(
        self,
        interaction: Interaction,
        topic: app_commands.Range[str, 1, TOPIC_CHARS],
        theme: app_commands.Choice[str] | None = None,
    ) -> None:
        colours = LIGHT if theme is not None and theme.value == "light" else DARK
        obstacle = None if can_draw() else 'My operator has not installed "newsbot[charts]".'
        if not permissions_of(interaction).attach_files:
            obstacle = "I may not attach files here."

        def find(language: str) -> Shown:
            articles: list[Dated] = dated(self.corpus.catalog, articles_on(self.corpus, topic))
            if not articles:
                return [nothing_on(topic, self.corpus.coverage(), language)], {}
            numbers = counted(articles)
            pages = coverage_pages(numbers, topic, len(articles), language, chart=obstacle is None)
            if obstacle is not None:
                return pages, {}
            return pages, {CHART_FILE: coverage_chart(numbers, topic, colours, language)}

        await self._look(interaction, find)
        if obstacle is not None:
            await whisper(interaction, f"The chart is left out. {obstacle}")

    @app_commands.command(name="latest", description="The newest articles, of a topic if you name one")
    @app_commands.describe(topic="Words that the articles hold")
    async def latest(
        self, interaction: Interaction, topic: app_commands.Range[str, 1, TOPIC_CHARS] | None = None
    ) -> None:
        await self._look(interaction, lambda language: (latest_of(self.corpus, topic, language), {}))

    @app_commands.command(name="sources", description="What the corpus holds, and how fresh it is")
    async def sources(self, interaction: Interaction) -> None:
        def find(language: str) -> Shown:
            run = last_run(self.corpus.catalog)
            ingested = run.started_at if run is not None else None
            return sources_pages(freshness(self.corpus.catalog), self.corpus.coverage(), ingested, language), {}

        await self._look(interaction, find)

    @app_commands.command(name="help", description="How to ask, and what I can do")
    async def help(self, interaction: Interaction) -> None:
        settings = await self.service.settings(person_of(interaction))
        coverage = await asyncio.to_thread(self.corpus.coverage)
        mentions = self.service.context.settings.discord_mention_trigger or interaction.guild_id is None
        name = self.client.user.display_name if self.client.user else "newsbot"
        days = self.service.context.settings.discord_keep_days
        pages = help_pages(name, coverage, settings, mentions=mentions, days=days)
        await interaction.response.send_message(embeds=pages, ephemeral=True)

    @app_commands.command(name="forget-me", description="Delete what I keep of you: questions, votes, alerts, 🔔")
    async def forget_me(self, interaction: Interaction) -> None:
        await think(interaction)
        user, catalog = interaction.user.id, self.corpus.catalog

        def delete() -> int:
            answers = self.service.store.forget(voter(catalog, user), user)
            forget(catalog, answers, user)
            return len(answers)

        count = await asyncio.to_thread(delete)
        await whisper(
            interaction,
            f"Deleted: {count} answers with their questions, your votes and what you had me watch. "
            "Messages in channels are Discord's: **⋯** under an answer deletes it.",
        )
