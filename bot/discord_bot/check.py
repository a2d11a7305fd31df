"""Checks over the REST API what the bot needs on Discord: token, intents, permissions. Opens no gateway connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord

from bot.discord_bot.client import LEAST_PERMISSIONS, invite_link, signed_in
from bot.discord_bot.logs import cause
from bot.errors import SettingsError
from bot.settings import Settings

PORTAL = "https://discord.com/developers/applications"
SERVERS_A_PAGE = 200
SERVERS_NAMED_MOST = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `remedy` says what to do where it is not as it should be."""

    subject: str
    fine: bool
    said: str
    remedy: str = ""


async def check(settings: Settings) -> list[Finding]:
    """What Discord knows of the bot. The last finding is the link that adds the bot to a server, where it is known.

    Whatever is wrong is a finding and raises no error.
    """
    try:
        async with signed_in(settings) as client:
            application = client.application
            assert application is not None
            shards, _, limit = await client.http.get_bot_gateway()
            servers = await _servers(client)
            commands = await client.http.get_global_commands(application.id)
    except SettingsError as error:
        said, _, remedy = str(error).partition(". ")
        return [Finding("token", False, f"{said}.", remedy)]
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        remedy = "Look at the network, or try again in a minute."
        return [Finding("Discord", False, f"cannot be asked ({cause(error)}).", remedy)]
    found = [Finding("token", True, f"taken; the bot is {client.user}."), _intents(settings, application)]
    if application.interactions_endpoint_url:
        said = "Discord sends them to a web address instead of the bot."
        found.append(
            Finding("commands", False, said, f"Empty Interactions Endpoint URL at {PORTAL} (General Information).")
        )
    else:
        said = f"Discord knows {len(commands)}." if commands else "Discord is told them at the first start."
        found.append(Finding("commands", True, said))
    said = f"{limit['remaining']:,} of {limit['total']:,} connections left today, shards advised: {shards}."
    remedy = f"Discord lets the bot connect again in {limit['reset_after'] / 3_600_000:.1f} hours."
    found.append(Finding("gateway", limit["remaining"] > 0, said, "" if limit["remaining"] > 0 else remedy))
    invite = invite_link(application.id)
    return [*found, *_permissions(servers, invite), Finding("invite", True, invite)]


async def _servers(client: discord.Client) -> list[Any]:
    """Every server that the bot is in."""
    found: list[Any] = []
    while True:
        last = found[-1]["id"] if found else None
        page = await client.http.get_guilds(SERVERS_A_PAGE, after=last, with_counts=False)
        found += page
        if len(page) < SERVERS_A_PAGE:
            return found


def _intents(settings: Settings, application: discord.AppInfo) -> Finding:
    if not settings.discord_mention_trigger:
        return Finding("intents", True, "none that Discord must grant; the mention trigger is off.")
    # The limited flag is for bots in fewer than a hundred servers.
    if application.flags.gateway_message_content or application.flags.gateway_message_content_limited:
        return Finding("intents", True, "message content is granted.")
    return Finding(
        "intents",
        False,
        "message content is not granted: replies without a mention and messages in threads cannot be read.",
        f"Switch it on at {PORTAL} (Bot, Privileged Gateway Intents), or set NEWSBOT_DISCORD_MENTION_TRIGGER=False.",
    )


def _permissions(servers: Sequence[Any], invite: str) -> list[Finding]:
    """The bot's permissions in each server as a whole; those of single channels are not looked at."""
    if not servers:
        return [Finding("servers", False, "the bot is in none yet.", f"Invite it: {invite}")]
    lacking = []
    for server in servers:
        granted = discord.Permissions(int(server["permissions"]))
        missing = [name for name, needed in LEAST_PERMISSIONS if needed and not getattr(granted, name)]
        if missing and not granted.administrator:
            words = ", ".join(name.replace("_", " ") for name in missing)
            remedy = f"Give them to the bot's role (Server Settings, Roles), or open {invite} again."
            lacking.append(Finding(f"permissions in {server['name']}", False, f"without {words}.", remedy))
    said = f"{len(servers) - len(lacking):,} of {len(servers):,} with every permission."
    return [Finding("servers", True, said), *lacking[:SERVERS_NAMED_MOST]]
