"""What administrators set for their server: /newsbot channels, roles, limits, quiet, language, status, ingest.

Knows nothing about how the settings take effect (see `guild_settings`) nor about how articles are put in.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import discord
from discord import app_commands

from bot.discord_bot.days import LANGUAGES, day
from bot.discord_bot.desk import desk_of, now, person_of
from bot.discord_bot.embeds import embed_of, line_pages
from bot.discord_bot.escaping import escaped, one_line
from bot.discord_bot.guild_settings import GuildSettings, clock_time, time_zone
from bot.discord_bot.listings import settings_lines, status_pages
from bot.discord_bot.spots import acknowledged, whisper
from bot.errors import NewsbotError, UsageError

log = logging.getLogger(__name__)

Interaction = discord.Interaction[Any]

PLACES_MOST = 100
URL_CHARS = 1000
SAID_CHARS = 1500


def admin_group(*, ingest: bool) -> app_commands.Group:
    """The group `newsbot`, for those who may manage the server; `ingest` is among it only where it is enabled."""
    group = app_commands.Group(
        name="newsbot",
        description="Settings of newsbot in this server",
        guild_only=True,
        default_permissions=discord.Permissions(manage_guild=True),
    )
    commands: list[app_commands.Command[Any, ..., Any]] = [_channels, _roles, _limits, _quiet, _language, _status]
    for each in commands:
        group.add_command(each)
    if ingest:
        group.add_command(_ingest)
    group.interaction_check = _may_manage  # type: ignore[method-assign]
    return group


async def _may_manage(interaction: Interaction) -> bool:
    """Discord hides the commands from others; a server can change that, so it is looked at again."""
    return interaction.guild_id is not None and interaction.permissions.manage_guild


CHANNEL_ACTS = {
    "allow": "answer here, and nowhere that is not allowed",
    "deny": "never answer here",
    "everything": "take every message here as a question",
    "reset": "nothing special here any more",
    "show": "show what is set",
}
ROLE_ACTS = {
    "allow": "answer this role, and none that is not allowed",
    "deny": "never answer this role",
    "reset": "nothing special about this role any more",
    "show": "show what is set",
}


def _choices(acts: dict[str, str]) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=f"{act}: {said}", value=act) for act, said in acts.items()]


@app_commands.command(name="channels", description="Where newsbot answers")
@app_commands.describe(action="What to do", channel="Which channel or category; this channel if you name none")
@app_commands.choices(action=_choices(CHANNEL_ACTS))
async def _channels(
    interaction: Interaction,
    action: app_commands.Choice[str],
    channel: discord.TextChannel | discord.CategoryChannel | discord.VoiceChannel | None = None,
) -> None:
    id_ = channel.id if channel is not None else _this_channel(interaction)

    def change(old: GuildSettings) -> GuildSettings:
        return replace(
            old,
            allowed_channels=_moved(old.allowed_channels, id_, action.value == "allow"),
            denied_channels=_moved(old.denied_channels, id_, action.value == "deny"),
            open_channels=_moved(old.open_channels, id_, action.value == "everything"),
        )

    await _change(interaction, change if action.value != "show" else None)


@app_commands.command(name="roles", description="Whom newsbot answers")
@app_commands.describe(action="What to do", role="Which role")
@app_commands.choices(action=_choices(ROLE_ACTS))
async def _roles(interaction: Interaction, action: app_commands.Choice[str], role: discord.Role | None = None) -> None:
    if action.value != "show" and role is None:
        raise UsageError("Name the role, too.")

    def change(old: GuildSettings) -> GuildSettings:
        assert role is not None
        return replace(
            old,
            allowed_roles=_moved(old.allowed_roles, role.id, action.value == "allow"),
            denied_roles=_moved(old.denied_roles, role.id, action.value == "deny"),
        )

    await _change(interaction, change if action.value != "show" else None)


@app_commands.command(name="limits", description="How much newsbot answers; 0 is any number")
@app_commands.describe(
    user_per_minute="Questions of one person in a minute",
    user_per_hour="Questions of one person in an hour",
    server_per_minute="Questions of the whole server in a minute",
    server_per_hour="Questions of the whole server in an hour",
    queue="Questions that may wait",
)
async def _limits(
    interaction: Interaction,
    user_per_minute: app_commands.Range[int, 0, 1000] | None = None,
    user_per_hour: app_commands.Range[int, 0, 10_000] | None = None,
    server_per_minute: app_commands.Range[int, 0, 10_000] | None = None,
    server_per_hour: app_commands.Range[int, 0, 100_000] | None = None,
    queue: app_commands.Range[int, 1, 500] | None = None,
) -> None:
    given = {
        "user_per_minute": user_per_minute,
        "user_per_hour": user_per_hour,
        "server_per_minute": server_per_minute,
        "server_per_hour": server_per_hour,
        "queue_length": queue,
    }
    named: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    await _change(interaction, (lambda old: replace(old, **named)) if named else None)


@app_commands.command(name="quiet", description="Hours in which mentions are not answered; commands always are")
@app_commands.describe(
    begin="From, such as 22:00; leave all out for none",
    end="To, such as 07:00",
    zone="Time zone, such as Europe/Berlin (UTC if you name none)",
)
async def _quiet(
    interaction: Interaction,
    begin: app_commands.Range[str, 1, 5] | None = None,
    end: app_commands.Range[str, 1, 5] | None = None,
    zone: app_commands.Range[str, 1, 60] | None = None,
) -> None:
    if (begin is None) != (end is None):
        raise UsageError("Quiet hours need a beginning and an end, such as 22:00 and 07:00.")
    hours = (clock_time(begin), clock_time(end)) if begin and end else (None, None)
    if hours[0] is not None and hours[0] == hours[1]:
        raise UsageError("Quiet hours cannot begin and end at the same time.")
    named = await asyncio.to_thread(time_zone, zone) if zone else None
    await _change(
        interaction,
        lambda old: replace(old, quiet_from=hours[0], quiet_to=hours[1], time_zone=named or old.time_zone),
    )


@app_commands.command(name="language", description="Language in which dates are written")
@app_commands.describe(language="Which language")
@app_commands.choices(language=[app_commands.Choice(name=name, value=code) for code, name in LANGUAGES.items()])
async def _language(interaction: Interaction, language: app_commands.Choice[str]) -> None:
    await _change(interaction, lambda old: replace(old, language=language.value))


@app_commands.command(name="status", description="How corpus, queue and settings are")
async def _status(interaction: Interaction) -> None:
    await acknowledged(lambda: interaction.response.defer(ephemeral=True, thinking=True))
    desk = desk_of(interaction.client)
    settings = await desk.settings(person_of(interaction))
    status = await asyncio.to_thread(desk.house.corpus.status)
    counts = {"running": desk.queue.running, "waiting": desk.queue.waiting}
    pages = status_pages(status, counts, settings, settings.language)
    await interaction.edit_original_response(embeds=[embed_of(page) for page in pages[:2]])


@app_commands.command(name="ingest", description="Put an article, or a feed's articles, into the corpus")
@app_commands.describe(url="Address of the page or feed")
async def _ingest(interaction: Interaction, url: app_commands.Range[str, 1, URL_CHARS]) -> None:
    desk = desk_of(interaction.client)
    owner = interaction.guild is not None and interaction.guild.owner_id == interaction.user.id
    if not (owner or interaction.permissions.administrator):
        raise UsageError("Only the owner and the administrators of this server may put articles in.")
    if desk.house.ingest is None:
        raise UsageError("Putting articles in from Discord is not enabled: NEWSBOT_DISCORD_INGEST.")
    address = url.strip().strip("<>")
    if not address.lower().startswith(("http://", "https://")) or len(address.split()) != 1:
        raise UsageError("Give one address that begins with https:// or http://.")
    if desk.ingesting.locked():
        raise UsageError("Something is being put in already. Try again when it is done.")
    await acknowledged(lambda: interaction.response.defer(ephemeral=True, thinking=True))
    log.info("an administrator has an address ingested")
    async with desk.ingesting:
        try:
            said = await desk.house.ingest(address)
        except NewsbotError as error:
            said = str(error)
    await whisper(interaction, escaped(one_line(said, SAID_CHARS)) or "Done.")


async def _change(interaction: Interaction, change: Callable[[GuildSettings], GuildSettings] | None) -> None:
    """Change this server's settings, and show what is set now to the administrator alone."""
    guild = interaction.guild_id
    assert guild is not None
    shelf = desk_of(interaction.client).shelf
    await acknowledged(lambda: interaction.response.defer(ephemeral=True, thinking=True))
    settings = await shelf.get(guild)
    if change is not None:
        settings = change(settings)
        await shelf.put(guild, settings)
    heading = "Set. Now it is" if change is not None else "Settings"
    today = f"- a date is written so: {day(now().date(), settings.language)}"
    pages = line_pages(heading, [*settings_lines(settings), today])
    await interaction.edit_original_response(embeds=[embed_of(page) for page in pages])


def _moved(ids: tuple[int, ...], id_: int, wanted: bool) -> tuple[int, ...]:
    """The ids with this one among them, or without it. Raises UsageError where they are too many."""
    others = tuple(each for each in ids if each != id_)
    if wanted and len(others) >= PLACES_MOST:
        raise UsageError(f"At most {PLACES_MOST} can be named.")
    return (*others, id_) if wanted else others


def _this_channel(interaction: Interaction) -> int:
    channel = interaction.channel
    if isinstance(channel, discord.Thread) and channel.parent_id:
        return channel.parent_id
    assert interaction.channel_id is not None
    return interaction.channel_id
