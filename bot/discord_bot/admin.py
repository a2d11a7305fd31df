"""What administrators do: `/newsbot settings`, a panel; `status`, `stats`; and `ingest`, for the bot's owner alone."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.corpus.catalog.feedback import asked
from bot.discord_bot.answer_service import AnswerService
from bot.discord_bot.browsing import covered
from bot.discord_bot.client import NewsClient
from bot.discord_bot.context import Interaction, person_of
from bot.discord_bot.embeds import line_pages
from bot.discord_bot.forms import Choice, Form
from bot.discord_bot.guild_settings import CHOSEN_MOST, SECTIONS, GuildSettings, GuildSettingsStore
from bot.discord_bot.ingesting import ingest
from bot.discord_bot.targets import think, whisper
from bot.errors import NewsbotError, UsageError
from bot.render import counts_line
from bot.wording.days import LANGUAGES, day
from bot.wording.markdown import escaped, one_line

log = logging.getLogger(__name__)

URL_CHARS, SAID_CHARS = 1000, 1500
STATS_DAYS, ASKED_SHOWN = 30, 8
INDEX_NAMES = {"vector index": "search by meaning", "BM25 index": "search by words"}
"""What people are told of the indexes: no names of techniques."""
SELECTS: dict[str, tuple[Any, discord.SelectDefaultValueType]] = {
    "channels": (ui.ChannelSelect, discord.SelectDefaultValueType.channel),
    "roles": (ui.RoleSelect, discord.SelectDefaultValueType.role),
    "people": (ui.UserSelect, discord.SelectDefaultValueType.user),
}
CHOICES = {"language": LANGUAGES, "chat_model": {"True": "As the operator has set it", "False": "Never: quotes alone"}}


@app_commands.default_permissions(manage_guild=True)
@app_commands.guild_only()
class Administration(commands.GroupCog, group_name="newsbot", group_description="Settings of newsbot in this server"):
    """The group `newsbot`, for those who may manage the server."""

    def __init__(self, client: NewsClient) -> None:
        self.client = client
        self.service: AnswerService = client.service
        super().__init__()
        if self.app_command is not None and not client.service.context.settings.discord_ingest:
            self.app_command.remove_command("ingest")

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Discord hides the commands from others; a server can change that, so it is looked at again."""
        return person_of(interaction).manages

    @app_commands.command(name="settings", description="Where, whom, when and how much newsbot answers here")
    async def settings(self, interaction: Interaction) -> None:
        settings = await self.service.settings(person_of(interaction))
        lines = [settings.line(name) for names in SECTIONS.values() for name in names]
        page = line_pages("Settings", lines, footer="Choose below what to change.")[0]
        await interaction.response.send_message(embed=page, view=panel(), ephemeral=True)

    @app_commands.command(name="status", description="How corpus and queue are")
    async def status(self, interaction: Interaction) -> None:
        await think(interaction)
        language = (await self.service.settings(person_of(interaction))).language
        status = await asyncio.to_thread(self.service.context.corpus.status)
        lines = [covered(status.coverage, language)]
        for each in status.indexes:
            state = f"{each.behind:,} changes behind" if each.behind else "up to date"
            lines.append(f"- {INDEX_NAMES.get(each.name, each.name)}: {state}")
        if (run := status.last_run) is not None:
            ended = (counts_line(run.counts) or "nothing") if run.finished_at else "still running, or interrupted"
            lines.append(f"- last ingest {day(run.started_at.date(), language)}, {run.started_at:%H:%M} UTC: {ended}")
        queue = self.service.queue
        lines.append(f"- queue: {queue.running} being answered, {queue.waiting} waiting")
        await interaction.edit_original_response(embeds=line_pages("Status", lines)[:2])

    @app_commands.command(name="stats", description="What was asked here, what the corpus lacks, what was found bad")
    async def stats(self, interaction: Interaction) -> None:
        await think(interaction)
        since = time.time() - STATS_DAYS * 86_400
        ids = await asyncio.to_thread(self.service.store.answers_in, interaction.guild_id, since)
        found = await asyncio.to_thread(asked, self.service.context.corpus.catalog, ids)
        refused = [each.question for each in found if not each.answered]
        lines = [
            f"**{len(found):,}** questions in {STATS_DAYS} days, **{len(refused):,}** that the corpus does not answer",
            f"👍 {sum(each.up for each in found):,} · 👎 {sum(each.down for each in found):,}",
        ]
        for heading, questions in (
            ("Asked most", [each.question for each in found]), ("Asked, and not in the corpus", refused),
            ("Found bad", [each.question for each in found if each.down > each.up]),
        ):  # fmt: skip
            counted = Counter(" ".join(each.lower().strip("?!. ").split()) for each in questions)
            shown = [
                f"- {escaped(one_line(text, 120))}{f' · {count}' if count > 1 else ''}"
                for text, count in counted.most_common(ASKED_SHOWN)
            ]
            lines += ["", f"**{heading}**", *shown] if shown else []
        await interaction.edit_original_response(embeds=line_pages("Statistics", lines)[:2])

    @app_commands.command(name="ingest", description="Put an article, or a feed's articles, into the corpus")
    @app_commands.describe(url="Address of the page or feed")
    async def ingest(self, interaction: Interaction, url: app_commands.Range[str, 1, URL_CHARS]) -> None:
        # It is everybody's corpus: no server's administrator may.
        if not await self.client.is_owner(interaction.user):
            raise UsageError("Only the owner of this bot and their team can put articles in.")
        if self.service.ingesting.locked():
            raise UsageError("Another address is being ingested. Try again when that is done.")
        await think(interaction)
        log.info("the owner has an address ingested")
        async with self.service.ingesting:
            try:
                said = await ingest(self.service.context.settings, url)
            except NewsbotError as error:
                said = str(error)
        await whisper(interaction, escaped(one_line(said, SAID_CHARS)) or "Done.")


def panel() -> Choice:
    """A select of what to change; it opens a form, and then says what changed, and no more."""
    return Choice("What to change", {name: name for name in SECTIONS}, _opened)


async def _opened(interaction: Interaction, section: str) -> None:
    """The form of a section, as it is filled in now."""
    person = person_of(interaction)
    if not person.manages or person.guild is None:
        raise UsageError("Only people who may manage this server can change that.")
    settings = await interaction.client.service.guilds.get(person.guild)
    fields = {str(GuildSettings.model_fields[name].title): _field(settings, name) for name in SECTIONS[section]}
    await interaction.response.send_modal(Form(section, fields, _changed))


async def _changed(interaction: Interaction, given: Mapping[str, Any]) -> None:
    """Change this server's settings, and show what changed. A field that was emptied is its default again.

    Raises UsageError, CorpusError.
    """
    guilds: GuildSettingsStore = interaction.client.service.guilds
    guild = interaction.guild_id
    assert guild is not None
    before, default = await guilds.get(guild), GuildSettings()
    emptied = {name: getattr(default, name) for name, value in given.items() if value in (None, [])}
    chosen = {name: value[0] for name, value in given.items() if name in CHOICES and value}
    after = before.changed(**{**given, **chosen, **emptied})
    await guilds.put(guild, after)
    lines = [
        f"{after.line(name)}\n-# before: {before.line(name).partition(': ')[2]}"
        for name in given
        if getattr(before, name) != getattr(after, name)
    ]
    page = line_pages("Changed" if lines else "Nothing changed", lines or ["All settings are as they were."])[0]
    await interaction.response.edit_message(embed=page, view=panel())


def _field(settings: GuildSettings, name: str) -> ui.Item[Any]:
    """The form's field for a setting, filled with its present value."""
    value, kind = getattr(settings, name), name.rpartition("_")[2]
    more: dict[str, Any] = {"custom_id": name, "required": False}
    if kind in SELECTS:
        select, type_ = SELECTS[kind]
        chosen = [discord.SelectDefaultValue(id=each, type=type_) for each in value[:CHOSEN_MOST]]
        made: ui.Item[Any] = select(min_values=0, max_values=CHOSEN_MOST, default_values=chosen, **more)
        return made
    if name in CHOICES:
        now = str(value)
        options = [
            discord.SelectOption(label=label, value=key, default=key == now) for key, label in CHOICES[name].items()
        ]
        return ui.Select(options=options, **more)
    return ui.TextInput(default=None if value is None else str(value), max_length=60, **more)
