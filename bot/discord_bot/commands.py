"""What people can do by command: ask, check a message, look around. Messages are heard in `messages`.

Knows nothing about how answers are made or shown (see `desk` and `spots`), nor about connections.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.corpus.catalog_topics import Dated, dated, freshness, newest
from bot.discord_bot.admin import admin_group
from bot.discord_bot.charts import DARK, LIGHT, can_draw, coverage_chart
from bot.discord_bot.claims import bounded, checked_claim
from bot.discord_bot.desk import MISHAP, Desk, desk_of, person_of, told
from bot.discord_bot.embeds import Page, embed_of
from bot.discord_bot.limits import Rate
from bot.discord_bot.listings import CHART_FILE, coverage_pages, help_pages, latest_pages, nothing_on, sources_pages
from bot.discord_bot.logs import cause
from bot.discord_bot.messages import heard, words_of
from bot.discord_bot.periods import counted
from bot.discord_bot.spots import Attachment, InteractionSpot, permissions_of, whisper
from bot.discord_bot.topics import TOPIC_CHARS, articles_on
from bot.discord_bot.views import DYNAMIC, answer_buttons
from bot.errors import NewsbotError, UsageError
from bot.retrieval.question_dates import date_phrases
from bot.schema import Question

if TYPE_CHECKING:
    from bot.discord_bot.client import NewsClient

__all__ = ["heard", "install"]

log = logging.getLogger(__name__)

Interaction = discord.Interaction[Any]

CHOICES_MOST, CHOICE_CHARS = 25, 100
"""Discord's limits for what autocomplete offers."""
QUESTION_CHARS = 1500
"""The longest question that the box of the command takes; the asker has its own limit, and says so."""
LATEST = 10
LOOKING_RATES = (Rate(20, 60), Rate(200, 3600))
"""How often one person may look around: that costs less than an answer."""
MENU = "Check against the news"
_YEAR, _MONTH = re.compile(r"\d{4}"), re.compile(r"(\d{4})-(\d{1,2})")


def install(client: NewsClient) -> None:
    """Add every command, menu and lasting view to the client. Sets `client.desk` and `client.queue`."""
    desk = Desk(client.house)
    client.desk = desk
    client.queue = desk.queue
    client.allowed_mentions = discord.AllowedMentions.none()
    client.add_dynamic_items(*DYNAMIC)
    tree = client.tree
    commands: list[app_commands.Command[Any, ..., Any]] = [_ask, _coverage, _latest, _sources, _help]
    for each in commands:
        tree.add_command(each)
    tree.add_command(app_commands.ContextMenu(name=MENU, callback=_check))
    tree.add_command(admin_group(ingest=client.house.ingest is not None))
    for command in tree.get_commands():
        command.allowed_contexts = app_commands.AppCommandContext(
            guild=True, dm_channel=not isinstance(command, app_commands.Group), private_channel=False
        )
    tree.error(_failed)


# Commands


@app_commands.command(name="ask", description="Ask the news: an answer with sources and dates")
@app_commands.describe(
    question="Your question, in words",
    source="Only from this outlet",
    after="Published on this day or later: 2024-05-01, 2024, last week",
    before="Published on this day or earlier: 2024-05-01, 2024, last month",
    private="Show the answer to you alone",
)
async def _ask(
    interaction: Interaction,
    question: app_commands.Range[str, 1, QUESTION_CHARS],
    source: app_commands.Range[str, 1, CHOICE_CHARS] | None = None,
    after: app_commands.Range[str, 1, 40] | None = None,
    before: app_commands.Range[str, 1, 40] | None = None,
    private: bool = False,
) -> None:
    desk, person = desk_of(interaction.client), person_of(interaction)
    if refusal := await desk.refusal(person):
        await whisper(interaction, refusal)
        return
    first = _day(after, 0) if after else None
    last = _day(before, 1) if before else None
    asked = Question(question, after=first, before=last, sources=(source,) if source else ())
    spot = InteractionSpot(interaction, private=private)
    await desk.ask(spot, person, asked, buttons=answer_buttons(spot))


@_ask.autocomplete("source")
async def _offered(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """Sources that hold what was typed, those that begin with it first, the largest first."""
    sources = await asyncio.to_thread(desk_of(interaction.client).house.corpus.sources)
    wanted = typed.casefold().strip()
    fitting = [name for name in sources if name and wanted in name.casefold() and len(name) <= CHOICE_CHARS]
    fitting.sort(key=lambda name: not name.casefold().startswith(wanted))
    return [app_commands.Choice(name=name, value=name) for name in fitting[:CHOICES_MOST]]


@app_commands.command(name="coverage", description="A chart of how much was written about a topic, and when")
@app_commands.describe(topic="Words that the articles hold, such as: suez canal", theme="Colours of the chart")
@app_commands.choices(
    theme=[app_commands.Choice(name=f"{name} background", value=name.lower()) for name in ("Dark", "Light")]
)
async def _coverage(
    interaction: Interaction,
    topic: app_commands.Range[str, 1, TOPIC_CHARS],
    theme: app_commands.Choice[str] | None = None,
) -> None:
    desk, language = await _looking(interaction)
    if desk is None:
        return
    corpus = desk.house.corpus
    articles = await asyncio.to_thread(lambda: dated(corpus.catalog, articles_on(corpus, topic)))
    if not articles:
        await _show(interaction, [nothing_on(topic, await asyncio.to_thread(corpus.coverage), language)])
        return
    obstacle = None if can_draw() else 'my operator has not installed "newsbot[charts]".'
    if not permissions_of(interaction).attach_files:
        obstacle = "I may not attach files here."
    pages, chart = await asyncio.to_thread(_charted, articles, topic, theme, language, draw=obstacle is None)
    await _show(interaction, pages, [Attachment(CHART_FILE, chart)] if chart else [])
    if obstacle is not None:
        await whisper(interaction, f"The chart is left out: {obstacle}")


def _charted(
    articles: Sequence[Dated], topic: str, theme: app_commands.Choice[str] | None, language: str, *, draw: bool
) -> tuple[list[Page], bytes | None]:
    numbers = counted(articles)
    pages = coverage_pages(numbers, topic, len(articles), language, chart=draw)
    colours = LIGHT if theme is not None and theme.value == "light" else DARK
    return pages, coverage_chart(numbers, topic, colours, language) if draw else None


@app_commands.command(name="latest", description="The newest articles, of a topic if you name one")
@app_commands.describe(topic="Words that the articles hold")
async def _latest(interaction: Interaction, topic: app_commands.Range[str, 1, TOPIC_CHARS] | None = None) -> None:
    desk, language = await _looking(interaction)
    if desk is None:
        return
    corpus = desk.house.corpus

    def find() -> list[Page]:
        articles = newest(corpus.catalog, LATEST, articles_on(corpus, topic) if topic else None)
        if not articles:
            return [nothing_on(topic or "anything with a date", corpus.coverage(), language)]
        return latest_pages(articles, topic, language)

    await _show(interaction, await asyncio.to_thread(find))


@app_commands.command(name="sources", description="What the corpus holds, and how fresh it is")
async def _sources(interaction: Interaction) -> None:
    desk, language = await _looking(interaction)
    if desk is None:
        return
    corpus = desk.house.corpus

    def find() -> list[Page]:
        run = corpus.catalog.last_run()
        ingested = run.started_at if run is not None else None
        return sources_pages(freshness(corpus.catalog), corpus.coverage(), ingested, language)

    await _show(interaction, await asyncio.to_thread(find))


@app_commands.command(name="help", description="How to ask, and what I can do")
async def _help(interaction: Interaction) -> None:
    desk = desk_of(interaction.client)
    settings = await desk.settings(person_of(interaction))
    coverage = await asyncio.to_thread(desk.house.corpus.coverage)
    mentions = desk.house.settings.discord_mention_trigger or interaction.guild_id is None
    name = interaction.client.user.display_name if interaction.client.user else "newsbot"
    pages = help_pages(name, coverage, settings, mentions=mentions, language=settings.language)
    await interaction.response.send_message(embeds=[embed_of(page) for page in pages], ephemeral=True)


async def _check(interaction: Interaction, message: discord.Message) -> None:
    """What the corpus says about a message: shown to the person alone, since nobody else has asked."""
    desk, person = desk_of(interaction.client), person_of(interaction)
    if refusal := await desk.refusal(person):
        await whisper(interaction, refusal)
        return
    said = words_of(message, interaction.client) or " ".join(
        part for embed in message.embeds for part in (embed.title, embed.description) if part
    )
    if not said.strip():
        await whisper(interaction, "That message has no words that could be checked.")
        return
    asker = desk.house.asker
    claim = await asyncio.to_thread(bounded, said, asker.question_chars)
    spot = InteractionSpot(interaction, private=True)
    await desk.ask(
        spot,
        person,
        Question(claim),
        buttons=answer_buttons(spot),
        answers=lambda question, history: checked_claim(asker, question, history),
    )


# What they share


async def _looking(interaction: Interaction) -> tuple[Desk | None, str]:
    """For commands that only look: the desk and the language, deferred; None where they are refused."""
    desk, person = desk_of(interaction.client), person_of(interaction)
    settings = await desk.settings(person)
    if refusal := await desk.refusal(person):
        await whisper(interaction, refusal)
        return None, settings.language
    wait = desk.rates.take([(("look", person.user), LOOKING_RATES)])
    if wait > 0:
        await whisper(interaction, f"That is more than I may show for now. Try again in {int(wait) + 1} seconds.")
        return None, settings.language
    await InteractionSpot(interaction).acknowledge()
    return desk, settings.language


async def _show(interaction: Interaction, pages: Sequence[Page], files: Sequence[Attachment] = ()) -> None:
    await InteractionSpot(interaction).finish(pages, None, files)


def _day(text: str, end: int) -> date:
    """A day from "2024-05-01", "2024-05", "2024" or words such as "last week"; `end` 0 is its first day, 1 its last.

    Raises UsageError.
    """
    written = text.strip()
    with contextlib.suppress(ValueError):
        return date.fromisoformat(written)
    with contextlib.suppress(ValueError):
        if _YEAR.fullmatch(written):
            return date(int(written), *((12, 31) if end else (1, 1)))
        if month := _MONTH.fullmatch(written):
            first = date(int(month[1]), int(month[2]), 1)
            following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
            return date.fromordinal(following.toordinal() - 1) if end else first
    today = datetime.now(UTC).date()
    for phrase in date_phrases(f"in {written}", today) or date_phrases(written, today):
        found = phrase.before if end else phrase.after
        if found is not None or (found := phrase.after or phrase.before) is not None:
            return found
    raise UsageError(f"“{written[:40]}” is no day that I understand. Write it as 2024-05-01, 2024-05 or 2024.")


async def _failed(interaction: Interaction, error: app_commands.AppCommandError) -> None:
    """Whatever a command raises: said to the person alone, and logged without their words."""
    original = getattr(error, "original", error)
    if isinstance(original, NewsbotError):
        said = told(original)
    elif isinstance(error, app_commands.CheckFailure):
        said = "Only administrators of this server may do that."
    elif isinstance(original, discord.NotFound):
        log.warning("an interaction had expired before it was acknowledged")
        return
    elif isinstance(original, discord.HTTPException):
        log.warning("a command failed: %s", cause(original))
        said = MISHAP
    else:
        log.error("a command failed: %s", type(original).__name__, exc_info=original)
        said = MISHAP
    with contextlib.suppress(discord.HTTPException, OSError):
        await whisper(interaction, said)
