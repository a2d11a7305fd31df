"""What administrators do: `/newsbot settings`, a panel; `status`, `stats`; and `ingest`, for the bot's owner alone."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.corpus.catalog.feedback import asked
from bot.discord_bot.answer_service import AnswerService, service_of
from bot.discord_bot.client import NewsClient
from bot.discord_bot.context import person_of
from bot.discord_bot.embeds import Page, embed_of, line_pages
from bot.discord_bot.forms import Form, Menu
from bot.discord_bot.guild_settings import GuildSettings, now
from bot.discord_bot.listings import settings_lines, stats_pages, status_pages
from bot.discord_bot.targets import think, whisper
from bot.errors import NewsbotError, UsageError
from bot.wording.days import LANGUAGES, day
from bot.wording.markdown import escaped, one_line

log = logging.getLogger(__name__)

Interaction = discord.Interaction[Any]

URL_CHARS, SAID_CHARS = 1000, 1500
CHOSEN_MOST = 25
STATS_DAYS = 30
SECTIONS = {
    "allowed_channels": ("Answer in these channels alone", "channel"),
    "denied_channels": ("Never answer in these channels", "channel"),
    "open_channels": ("Answer questions without a mention in these channels", "channel"),
    "allowed_roles": ("Answer these roles alone", "role"),
    "denied_roles": ("Never answer these roles", "role"),
    "blocked_people": ("Never answer these people", "person"),
    "limits": ("How much is answered", "form"),
    "quiet": ("Quiet hours of mentions", "form"),
    "language": ("Language of dates", "choice"),
    "chat_model": ("Chat model", "choice"),
}
"""What can be set, by the name of its setting: its words and what is chosen."""
FIELDS = {
    "limits": {
        "user_per_minute": "Questions of one person in a minute", "user_per_hour": "Questions of one person in an hour",
        "server_per_minute": "Questions of the server in a minute",
        "server_per_hour": "Questions of the server in an hour",
        "queue_length": "Questions that may wait",
    },
    "quiet": {
        "quiet_from": "From, such as 22:00; empty for none", "quiet_to": "To, such as 07:00",
        "time_zone": "Time zone, such as Europe/Berlin",
    },
}  # fmt: skip
"""The fields of forms: their settings, and what people are told of them (45 characters at most)."""
SELECTS: dict[str, tuple[Any, discord.SelectDefaultValueType]] = {
    "channel": (ui.ChannelSelect, discord.SelectDefaultValueType.channel),
    "role": (ui.RoleSelect, discord.SelectDefaultValueType.role),
    "person": (ui.UserSelect, discord.SelectDefaultValueType.user),
}
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
        page = line_pages("Settings", settings_lines(settings), footer="Choose below what to change.")[0]
        await interaction.response.send_message(embed=embed_of(page), view=panel(settings), ephemeral=True)

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


async def _shown(interaction: Interaction, pages: Sequence[Page]) -> None:
    await interaction.edit_original_response(embeds=[embed_of(page) for page in pages[:2]])


def panel(settings: GuildSettings, section: str = "") -> Menu:
    """A select of what to change, and one of what it becomes; it says what changed, and no more."""
    options = [
        discord.SelectOption(label=words, value=name, default=name == section) for name, (words, _) in SECTIONS.items()
    ]
    chooser: ui.Select[Any] = ui.Select(custom_id="section", placeholder="What to change", options=options)
    if not section or section in FIELDS:
        return Menu((chooser, _opened))
    return Menu((chooser, _opened), (_value_select(settings, section), partial(_chosen, section)))


async def _opened(interaction: Interaction, chosen: list[str]) -> None:
    section = chosen[0]
    settings = await service_of(interaction).settings(person_of(interaction))
    if section in FIELDS:
        await interaction.response.send_modal(_form(settings, section))
    else:
        await interaction.response.edit_message(view=panel(settings, section))


async def _chosen(section: str, interaction: Interaction, chosen: list[str]) -> None:
    kind = SECTIONS[section][1]
    value: Any = tuple(map(int, chosen)) if kind in SELECTS else chosen[0]
    await change(interaction, section, **{section: value == "yes" if section == "chat_model" else value})


def _form(settings: GuildSettings, section: str) -> Form:
    """The form of a section, as it is filled in now; a field that is emptied is its default again."""

    async def sent(interaction: Interaction, given: Mapping[str, Any]) -> None:
        default = GuildSettings()
        await change(interaction, "", **{name: value or getattr(default, name) for name, value in given.items()})

    shown = {name: getattr(settings, name) for name in FIELDS[section]}
    fields: dict[str, ui.Item[Any]] = {
        words: ui.TextInput(
            custom_id=name, default=None if shown[name] is None else str(shown[name]), required=False, max_length=60
        )
        for name, words in FIELDS[section].items()
    }
    return Form(SECTIONS[section][0], fields, sent)


async def change(interaction: Interaction, section: str, **values: Any) -> None:
    """Change this server's settings, and show the administrator what changed. Raises UsageError, CorpusError."""
    service, person = service_of(interaction), person_of(interaction)
    if not person.manages or person.guild is None:
        raise UsageError("Only who may manage this server may change that.")
    before = await service.guilds.get(person.guild)
    after = before.changed(**values)
    await service.guilds.put(person.guild, after)
    old, new = settings_lines(before), settings_lines(after)
    lines = [f"{line}\n-# before: {was.partition(': ')[2]}" for was, line in zip(old, new, strict=True) if was != line]
    if before.language != after.language:
        lines.append(f"- a date is written so: {day(now().date(), after.language)}")
    page = line_pages("Changed" if lines else "Nothing changed", lines or ["All stays as it is."])[0]
    await interaction.response.edit_message(embed=embed_of(page), view=panel(after, section))


def _value_select(settings: GuildSettings, section: str) -> ui.Item[Any]:
    """What a setting may become; what it is now is chosen already."""
    words, kind = SECTIONS[section]
    now_set = getattr(settings, section)
    more: dict[str, Any] = {"custom_id": "value", "placeholder": words}
    if kind == "choice":
        choices = LANGUAGES if section == "language" else {"yes": "As the operator set it", "no": "Never: quotes alone"}
        current = now_set if section == "language" else "yes" if now_set else "no"
        options = [
            discord.SelectOption(label=label, value=value, default=value == current) for value, label in choices.items()
        ]
        return ui.Select(options=options, **more)
    select, type_ = SELECTS[kind]
    more |= {"channel_types": CHANNEL_TYPES} if kind == "channel" else {}
    chosen = [discord.SelectDefaultValue(id=each, type=type_) for each in now_set[:CHOSEN_MOST]]
    made: ui.Item[Any] = select(min_values=0, max_values=CHOSEN_MOST, default_values=chosen, **more)
    return made
