"""What administrators do: `/newsbot settings`, a panel; `status`, `stats`; and `ingest`, for the bot's owner alone."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.corpus.catalog.feedback import asked
from bot.discord_bot.answer_service import AnswerService, service_of
from bot.discord_bot.client import NewsClient
from bot.discord_bot.context import person_of
from bot.discord_bot.embeds import line_pages
from bot.discord_bot.forms import Choice, Form
from bot.discord_bot.guild_settings import CHOSEN_MOST, SECTIONS, GuildSettings
from bot.discord_bot.listings import stats_pages, status_pages
from bot.discord_bot.targets import think, whisper
from bot.errors import NewsbotError, UsageError
from bot.wording.days import LANGUAGES
from bot.wording.markdown import escaped, one_line

log = logging.getLogger(__name__)

Interaction = discord.Interaction[Any]

URL_CHARS, SAID_CHARS = 1000, 1500
STATS_DAYS = 30
SELECTS: dict[str, tuple[Any, discord.SelectDefaultValueType]] = {
    "channels": (ui.ChannelSelect, discord.SelectDefaultValueType.channel),
    "roles": (ui.RoleSelect, discord.SelectDefaultValueType.role),
    "people": (ui.UserSelect, discord.SelectDefaultValueType.user),
}
CHOICES = {"language": LANGUAGES, "chat_model": {"True": "As the operator has set it", "False": "Never: quotes alone"}}
CHANNEL_TYPES = [
    discord.ChannelType.text, discord.ChannelType.news, discord.ChannelType.forum, discord.ChannelType.category,
    discord.ChannelType.voice,
]  # fmt: skip


class Administration(
    commands.GroupCog,
    group_name="newsbot",
    group_description="Settings of newsbot in this server",
):
    """The group `newsbot`, for those who may manage the server."""

    def __init__(self, client: NewsClient) -> None:
        self.client = client
        self.service: AnswerService = client.service
        super().__init__()
        group = self.app_command
        assert isinstance(group, app_commands.Group)
        group.default_permissions = discord.Permissions(manage_guild=True)
        group.guild_only = True
        if client.service.context.ingest is None:
            group.remove_command("ingest")

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
        settings = await self.service.settings(person_of(interaction))
        status = await asyncio.to_thread(self.service.context.corpus.status)
        counts = {"running": self.service.queue.running, "waiting": self.service.queue.waiting}
        await _shown(interaction, status_pages(status, counts, settings.language))

    @app_commands.command(name="stats", description="What was asked here, what the corpus lacks, what was found bad")
    async def stats(self, interaction: Interaction) -> None:
        await think(interaction)
        since = time.time() - STATS_DAYS * 86_400
        ids = await asyncio.to_thread(self.service.store.answers_in, interaction.guild_id, since)
        found = await asyncio.to_thread(asked, self.service.context.corpus.catalog, ids)
        await _shown(interaction, stats_pages(found, STATS_DAYS))

    @app_commands.command(name="ingest", description="Put an article, or a feed's articles, into the corpus")
    @app_commands.describe(url="Address of the page or feed")
    async def ingest(self, interaction: Interaction, url: app_commands.Range[str, 1, URL_CHARS]) -> None:
        ingest = self.service.context.ingest
        assert ingest is not None
        # It is everybody's corpus: no server's administrator may.
        if not await self.client.is_owner(interaction.user):
            raise UsageError("Only the owner of this bot and their team may put articles in.")
        address = url.strip().strip("<>")
        if not address.lower().startswith(("http://", "https://")) or len(address.split()) != 1:
            raise UsageError("Give one address that begins with https:// or http://.")
        if self.service.ingesting.locked():
            raise UsageError("Something is being put in already. Try again when it is done.")
        await think(interaction)
        log.info("the owner has an address ingested")
        async with self.service.ingesting:
            try:
                said = await ingest(address)
            except NewsbotError as error:
                said = str(error)
        await whisper(interaction, escaped(one_line(said, SAID_CHARS)) or "Done.")


async def _shown(interaction: Interaction, pages: Sequence[discord.Embed]) -> None:
    await interaction.edit_original_response(embeds=pages[:2])


def panel() -> Choice:
    """A select of what to change; it opens a form, and then says what changed, and no more."""
    return Choice("What to change", {name: name for name in SECTIONS}, _opened)


async def _opened(interaction: Interaction, section: str) -> None:
    """The form of a section, as it is filled in now."""
    service, person = service_of(interaction), person_of(interaction)
    if not person.manages or person.guild is None:
        raise UsageError("Only who may manage this server may change that.")
    settings = await service.guilds.get(person.guild)
    fields = {str(GuildSettings.model_fields[name].title): _field(settings, name) for name in SECTIONS[section]}
    await interaction.response.send_modal(Form(section, fields, _changed))


async def _changed(interaction: Interaction, given: Mapping[str, Any]) -> None:
    """Change this server's settings, and show what changed. A field that was emptied is its default again.

    Raises UsageError, CorpusError.
    """
    service, guild = service_of(interaction), interaction.guild_id
    assert guild is not None
    before, default = await service.guilds.get(guild), GuildSettings()
    emptied = {name: getattr(default, name) for name, value in given.items() if value in (None, [])}
    chosen = {name: value[0] for name, value in given.items() if name in CHOICES and value}
    after = before.changed(**{**given, **chosen, **emptied})
    await service.guilds.put(guild, after)
    lines = [
        f"{after.line(name)}\n-# before: {before.line(name).partition(': ')[2]}"
        for name in given
        if getattr(before, name) != getattr(after, name)
    ]
    page = line_pages("Changed" if lines else "Nothing changed", lines or ["All stays as it is."])[0]
    await interaction.response.edit_message(embed=page, view=panel())


def _field(settings: GuildSettings, name: str) -> ui.Item[Any]:
    """What a setting is filled in by; what it is now stands there already."""
    value, kind = getattr(settings, name), name.rpartition("_")[2]
    more: dict[str, Any] = {"custom_id": name, "required": False}
    if kind in SELECTS:
        select, type_ = SELECTS[kind]
        more |= {"channel_types": CHANNEL_TYPES} if kind == "channels" else {}
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
