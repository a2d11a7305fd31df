"""What administrators do: `/newsbot settings`, a panel; `status`, `stats`; and `ingest`, for the bot's owner alone."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.corpus.catalog.feedback import asked
from bot.discord_bot.answer_service import AnswerService, service_of, user_message
from bot.discord_bot.client import NewsClient
from bot.discord_bot.context import person_of
from bot.discord_bot.days import LANGUAGES, day
from bot.discord_bot.embeds import Page, embed_of, line_pages
from bot.discord_bot.escaping import escaped, one_line
from bot.discord_bot.guild_settings import GuildSettings, now
from bot.discord_bot.listings import settings_lines, stats_pages, status_pages
from bot.discord_bot.targets import acknowledged, whisper
from bot.errors import NewsbotError, UsageError

log = logging.getLogger(__name__)

Interaction = discord.Interaction[Any]

URL_CHARS, SAID_CHARS = 1000, 1500
PANEL_SECONDS = 900
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
        """The panel."""
        settings = await self.service.settings(person_of(interaction))
        page = line_pages("Settings", settings_lines(settings), footer="Choose below what to change.")[0]
        await interaction.response.send_message(embed=embed_of(page), view=Panel(settings), ephemeral=True)

    @app_commands.command(name="status", description="How corpus and queue are")
    async def status(self, interaction: Interaction) -> None:
        """How corpus and queue are."""
        await acknowledged(lambda: interaction.response.defer(ephemeral=True, thinking=True))
        settings = await self.service.settings(person_of(interaction))
        status = await asyncio.to_thread(self.service.context.corpus.status)
        counts = {"running": self.service.queue.running, "waiting": self.service.queue.waiting}
        await _shown(interaction, status_pages(status, counts, settings.language))

    @app_commands.command(name="stats", description="What was asked here, what the corpus lacks, what was found bad")
    async def stats(self, interaction: Interaction) -> None:
        """What was asked."""
        await acknowledged(lambda: interaction.response.defer(ephemeral=True, thinking=True))
        since = time.time() - STATS_DAYS * 86_400
        ids = await asyncio.to_thread(self.service.store.answers_in, interaction.guild_id, since)
        found = await asyncio.to_thread(asked, self.service.context.corpus.catalog, ids)
        await _shown(interaction, stats_pages(found, STATS_DAYS))

    @app_commands.command(name="ingest", description="Put an article, or a feed's articles, into the corpus")
    @app_commands.describe(url="Address of the page or feed")
    async def ingest(self, interaction: Interaction, url: app_commands.Range[str, 1, URL_CHARS]) -> None:
        """Put an address in: it is everybody's corpus, so no server's administrator may."""
        ingest = self.service.context.ingest
        assert ingest is not None
        if interaction.user.id not in self._owners():
            raise UsageError("Only the owner of this bot and their team may put articles in.")
        address = url.strip().strip("<>")
        if not address.lower().startswith(("http://", "https://")) or len(address.split()) != 1:
            raise UsageError("Give one address that begins with https:// or http://.")
        if self.service.ingesting.locked():
            raise UsageError("Something is being put in already. Try again when it is done.")
        await acknowledged(lambda: interaction.response.defer(ephemeral=True, thinking=True))
        log.info("the owner has an address ingested")
        async with self.service.ingesting:
            try:
                said = await ingest(address)
            except NewsbotError as error:
                said = str(error)
        await whisper(interaction, escaped(one_line(said, SAID_CHARS)) or "Done.")

    def _owners(self) -> set[int]:
        """The application's owner, or its team's members who have taken the invitation."""
        application = self.client.application
        if application is None:
            return set()
        if application.team is None:
            return {application.owner.id}
        accepted = discord.TeamMembershipState.accepted
        return {each.id for each in application.team.members if each.membership_state == accepted}


async def _shown(interaction: Interaction, pages: Sequence[Page]) -> None:
    await interaction.edit_original_response(embeds=[embed_of(page) for page in pages[:2]])


class Panel(ui.View):
    """A select of what to change, and one of what it becomes; it says what changed, and no more."""

    def __init__(self, settings: GuildSettings, section: str = "") -> None:
        super().__init__(timeout=PANEL_SECONDS)
        options = [
            discord.SelectOption(label=words, value=name, default=name == section)
            for name, (words, _) in SECTIONS.items()
        ]
        chooser: ui.Select[Panel] = ui.Select(custom_id="section", placeholder="What to change", options=options)
        chooser.callback = self._chosen  # type: ignore[method-assign]
        self.add_item(chooser)
        if section and SECTIONS[section][1] != "form":
            value = _value_select(settings, section)
            value.callback = lambda interaction: self._set(interaction, section)  # type: ignore[method-assign]
            self.add_item(value)

    async def _chosen(self, interaction: Interaction) -> None:
        section = _values(interaction)[0]
        settings = await service_of(interaction).settings(person_of(interaction))
        if SECTIONS[section][1] == "form":
            await interaction.response.send_modal(Limits(settings) if section == "limits" else Quiet(settings))
        else:
            await interaction.response.edit_message(view=Panel(settings, section))

    async def _set(self, interaction: Interaction, section: str) -> None:
        chosen, kind = _values(interaction), SECTIONS[section][1]
        value: Any = tuple(int(each) for each in chosen) if kind in {"channel", "role", "person"} else chosen[0]
        await change(interaction, section, **{section: value == "yes" if section == "chat_model" else value})

    async def on_error(self, interaction: Interaction, error: Exception, _item: ui.Item[Any], /) -> None:
        """What cannot be set is said."""
        await _failed(interaction, error)


class Limits(ui.Modal, title="How much is answered"):
    """The rates of a person and of the server, and the queue."""

    def __init__(self, settings: GuildSettings) -> None:
        super().__init__(timeout=PANEL_SECONDS)
        for name, words in (
            ("user_per_minute", "Questions of one person in a minute"), ("user_per_hour", "… in an hour"),
            ("server_per_minute", "Questions of the server in a minute"), ("server_per_hour", "… in an hour"),
            ("queue_length", "Questions that may wait"),
        ):  # fmt: skip
            field: ui.TextInput[Any] = ui.TextInput(custom_id=name, default=str(getattr(settings, name)), max_length=6)
            self.add_item(ui.Label(text=words, component=field))

    async def on_submit(self, interaction: Interaction, /) -> None:
        """It was sent."""
        await change(interaction, "", **_filled(self))

    async def on_error(self, interaction: Interaction, error: Exception, /) -> None:  # type: ignore[override]
        """What cannot be set is said."""
        await _failed(interaction, error)


class Quiet(ui.Modal, title="Quiet hours of mentions"):
    """From when to when, and where the clock hangs."""

    def __init__(self, settings: GuildSettings) -> None:
        super().__init__(timeout=PANEL_SECONDS)
        for name, words in (
            ("quiet_from", "From, such as 22:00; empty for none"), ("quiet_to", "To, such as 07:00"),
            ("time_zone", "Time zone, such as Europe/Berlin"),
        ):  # fmt: skip
            shown = getattr(settings, name) or None
            field: ui.TextInput[Any] = ui.TextInput(custom_id=name, default=shown, required=False, max_length=60)
            self.add_item(ui.Label(text=words, component=field))

    async def on_submit(self, interaction: Interaction, /) -> None:
        """It was sent."""
        given = _filled(self)
        await change(interaction, "", **(given | {"time_zone": given["time_zone"] or "UTC"}))

    async def on_error(self, interaction: Interaction, error: Exception, /) -> None:  # type: ignore[override]
        """What cannot be set is said."""
        await _failed(interaction, error)


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
    await interaction.response.edit_message(embed=embed_of(page), view=Panel(after, section))


async def _failed(interaction: Interaction, error: Exception) -> None:
    if isinstance(error, NewsbotError):
        await whisper(interaction, user_message(error))
    else:
        log.error("the settings panel failed: %s", type(error).__name__, exc_info=error)


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
    type_ = {"channel": discord.SelectDefaultValueType.channel, "role": discord.SelectDefaultValueType.role}.get(
        kind, discord.SelectDefaultValueType.user
    )
    more |= {"min_values": 0, "max_values": CHOSEN_MOST}
    more["default_values"] = [discord.SelectDefaultValue(id=each, type=type_) for each in now_set[:CHOSEN_MOST]]
    if kind == "channel":
        return ui.ChannelSelect(channel_types=CHANNEL_TYPES, **more)
    return ui.RoleSelect(**more) if kind == "role" else ui.UserSelect(**more)


def _values(interaction: Interaction) -> list[str]:
    data: Any = interaction.data
    return list(data.get("values", []))


def _filled(form: ui.Modal) -> dict[str, str | None]:
    """What was written into a form, by the names of its fields."""
    fields = [each.component for each in form.children if isinstance(each, ui.Label)]
    return {each.custom_id: each.value.strip() or None for each in fields if isinstance(each, ui.TextInput)}
