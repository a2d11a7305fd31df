"""How people look around: `/coverage`, `/latest`, `/sources`, `/help`; and `/forget-me`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.corpus.catalog.articles import Dated, dated, freshness, newest
from bot.corpus.catalog.feedback import forget, voter
from bot.corpus.catalog.feeds import last_run
from bot.corpus.corpus import Corpus
from bot.discord_bot.answer_service import AnswerService
from bot.discord_bot.charts import DARK, LIGHT, can_draw, coverage_chart
from bot.discord_bot.client import NewsClient
from bot.discord_bot.context import Interaction, person_of
from bot.discord_bot.embeds import GREY, OUTLET_CHARS, Pages, article_line, embed, fitted, line_pages
from bot.discord_bot.targets import InteractionTarget, permissions_of, think, whisper
from bot.retrieval.periods import Counted, counted
from bot.retrieval.topic import TOPIC_CHARS, articles_on
from bot.schema import Coverage
from bot.wording.days import day
from bot.wording.markdown import escaped, masked_link, one_line

Topic = app_commands.Range[str, 1, TOPIC_CHARS]
Files = Mapping[str, bytes]

TITLE_TOPIC_CHARS = 80
LATEST, SOURCES_SHOWN = 10, 60
CHART_FILE = "coverage.png"


class Browsing(commands.Cog):
    """Commands that show what there is, and ask nobody."""

    def __init__(self, client: NewsClient) -> None:
        self.client = client
        self.service: AnswerService = client.service
        self.corpus = client.service.context.corpus

    async def _look(self, interaction: Interaction, find: Callable[[str], tuple[Pages, Files]]) -> None:
        """Show what is found in the language of the server. Raises UsageError where the person may not look."""
        person = person_of(interaction)
        await self.service.require(person, looks=True)
        target = InteractionTarget(interaction)
        await target.acknowledge()
        pages, files = await asyncio.to_thread(find, (await self.service.settings(person)).language)
        await target.finish(pages, None, files)

    @app_commands.command(name="coverage", description="A chart of how much was written about a topic, and when")
    @app_commands.describe(topic="Words that the articles hold, such as: suez canal", theme="Ground of the chart")
    async def coverage(self, interaction: Interaction, topic: Topic, theme: Literal["dark", "light"] = "dark") -> None:
        colours = LIGHT if theme == "light" else DARK
        obstacle = None if can_draw() else 'My operator has not installed "newsbot[charts]".'
        if not permissions_of(interaction).attach_files:
            obstacle = "I may not attach files here."

        def find(language: str) -> tuple[Pages, Files]:
            articles: list[Dated] = dated(self.corpus.catalog, articles_on(self.corpus, topic))
            if not articles:
                return [nothing_on(topic, self.corpus.coverage(), language)], {}
            numbers = counted(articles)
            pages = coverage_pages(numbers, topic, len(articles), language, chart=obstacle is None)
            return pages, {} if obstacle else {CHART_FILE: coverage_chart(numbers, topic, colours, language)}

        await self._look(interaction, find)
        if obstacle is not None:
            await whisper(interaction, f"The chart is left out. {obstacle}")

    @app_commands.command(name="latest", description="The newest articles, of a topic if you name one")
    @app_commands.describe(topic="Words that the articles hold")
    async def latest(self, interaction: Interaction, topic: Topic | None = None) -> None:
        await self._look(interaction, lambda language: (latest_of(self.corpus, topic, language), {}))

    @app_commands.command(name="sources", description="What the corpus holds, and how fresh it is")
    async def sources(self, interaction: Interaction) -> None:
        def find(language: str) -> tuple[Pages, Files]:
            sources, run = freshness(self.corpus.catalog), last_run(self.corpus.catalog)
            lines = [covered(self.corpus.coverage(), language), ""]
            for each in sources[:SOURCES_SHOWN]:
                name = escaped(one_line(each.source, OUTLET_CHARS)) if each.source else "no source named"
                newest = f" · newest {day(each.newest, language)}" if each.newest else " · no dates"
                lines.append(f"- **{name}** · {each.articles:,}{newest}")
            if len(sources) > SOURCES_SHOWN:
                lines.append(f"- and {len(sources) - SOURCES_SHOWN:,} more sources")
            begun = run.started_at if run is not None else None
            footer = f"Last ingest on {day(begun.date(), language)}, {begun:%H:%M} UTC" if begun else ""
            return line_pages("Sources", lines, footer=footer), {}

        await self._look(interaction, find)

    @app_commands.command(name="help", description="How to ask, and what I can do")
    async def help(self, interaction: Interaction) -> None:
        settings, operator = await self.service.settings(person_of(interaction)), self.service.context.settings
        coverage = await asyncio.to_thread(self.corpus.coverage)
        name = self.client.user.display_name if self.client.user else "newsbot"
        minute, hour = (
            f"{most:,}" if most else "as many as they like"
            for most in (settings.user_per_minute, settings.user_per_hour)
        )
        by_mention = [
            f"- or mention me: `@{name} Who won the election?`",
            "- reply to an answer, or write in a thread that I opened, to ask on: “and in Syria?”",
        ]
        lines = [
            "I answer questions about a collection of news articles. Each answer is quoted from them or checked "
            "against them, with dates and links. What they do not say, I do not say either.",
            covered(coverage, settings.language),
            "",
            "- `/ask` a question, if you like with a source or days; `private` shows the answer to you alone",
            *(by_mention if operator.discord_mention_trigger or interaction.guild_id is None else []),
            "- “what's the latest on …?” or “summarise …” gives a digest",
            "- reply to somebody's message with a mention and “is that true?”, or use its menu, **Apps**, *Check "
            "against the news*: the passages nearest to it",
            "- **Sources** shows each quote within its passage; **⋯** asks again, tells you of changes, deletes",
            "- `/digest` and `/alert` post what is new on a topic, `/coverage` charts it, `/latest` lists it, "
            "`/sources` shows what there is",
            "- 👍 and 👎 are kept, without your name, to measure the answers; `/forget-me` deletes what you asked",
            "",
            f"Each may ask {minute} a minute and {hour} an hour.",
        ]
        days = f" for {operator.discord_keep_days} days" if operator.discord_keep_days else ""
        kept = f"Questions and answers are kept{days}, so that the buttons work."
        await interaction.response.send_message(embeds=line_pages("Ask the news", lines, footer=kept), ephemeral=True)

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


def covered(coverage: Coverage, language: str = "en") -> str:
    """What the corpus holds, in one sentence."""
    count = f"{coverage.articles:,} article{'' if coverage.articles == 1 else 's'}"
    first, last = (day(each, language) if each else "" for each in (coverage.first, coverage.last))
    return f"The corpus holds {count}{f', published from {first} to {last}' if first and last else ''}."


def nothing_on(topic: str, coverage: Coverage, language: str = "en") -> discord.Embed:
    """Says that no article is on a topic, and what there is."""
    said = f"No article here speaks of **{fitted(topic, TITLE_TOPIC_CHARS)}**.\n{covered(coverage, language)}"
    return embed(said, footer="Try fewer or other words.", colour=GREY)


def latest_of(corpus: Corpus, topic: str | None, language: str = "en") -> Pages:
    """The newest articles of a topic, or of all. It blocks."""
    articles = newest(corpus.catalog, LATEST, articles_on(corpus, topic) if topic else None)
    if not articles:
        return [nothing_on(topic or "anything with a date", corpus.coverage(), language)]
    lines = [f"{number}. {article_line(each, language)}" for number, each in enumerate(articles, start=1)]
    return line_pages(f"Latest on {fitted(topic, TITLE_TOPIC_CHARS)}" if topic else "Latest articles", lines)


def coverage_pages(counted: Counted, topic: str, total: int, language: str = "en", *, chart: bool = True) -> Pages:
    """The key dates of a topic, under its chart; without the chart, the numbers by source too."""
    period = "month" if counted.is_monthly else "week"
    first, last = day(counted.first, language), day(counted.last, language)
    span = first if first == last else f"{first} to {last}"
    lines = [f"**{total:,}** article{'' if total == 1 else 's'}, {span}", ""]
    for number, key in enumerate(counted.key_dates, start=1):
        outlet = escaped(one_line(key.article.source or "source unknown", OUTLET_CHARS))
        lines += [
            f"**{number}** · {day(key.day, language)} · {key.count:,} in its {period}",
            f"{masked_link(key.article.title, key.article.url)} · {outlet}",
        ]
    if not chart:
        lines += ["", *(f"- {escaped(name)}: {sum(counts):,}" for name, counts in counted.by_source.items())]
    pages = line_pages(f"Coverage of {fitted(topic, TITLE_TOPIC_CHARS)}", lines, footer=f"Articles per {period}")
    if chart:
        pages[0].set_image(url=f"attachment://{CHART_FILE}")
    return pages
