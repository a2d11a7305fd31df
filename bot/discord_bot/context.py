"""What the bot on Discord is given, and who asks it something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import discord

from bot.asking import Asker
from bot.corpus.corpus import Corpus
from bot.settings import Settings

Interaction = discord.Interaction[Any]


@dataclass(frozen=True, slots=True)
class BotContext:
    """Everything of newsbot that the bot on Discord uses.

    `asker.astream(question, history)` yields growing answers, the last of which is final. `corpus` is the one that
    `asker` asks; its calls block, so they belong in a thread.
    """

    asker: Asker
    corpus: Corpus
    settings: Settings


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks, and where. `channels` are the channel, a thread's parent, their category; `guild` is None alone."""

    user: int
    guild: int | None = None
    channels: tuple[int, ...] = ()
    roles: tuple[int, ...] = ()
    manages: bool = False
    """Whether they may manage the server."""


def person_of(source: Interaction | discord.Message) -> Person:
    """Who sent an interaction or a message, and from where.

    Where the bot is no member of a server (it is installed by the person), what holds for direct messages holds.
    """
    channel_id: int | None
    if isinstance(source, discord.Message):
        author, channel_id = source.author, source.channel.id
        guild = source.guild.id if source.guild else None
        manages = isinstance(author, discord.Member) and author.guild_permissions.manage_guild
    else:
        author, channel_id = source.user, source.channel_id
        guild = source.guild_id if is_in_server(source) else None
        manages = guild is not None and source.permissions.manage_guild
    parent = source.channel.parent_id if isinstance(source.channel, discord.Thread) else None
    channels = tuple(filter(None, (channel_id, parent, getattr(source.channel, "category_id", None))))
    roles = tuple(role.id for role in author.roles) if isinstance(author, discord.Member) else ()
    return Person(author.id, guild, channels, roles, manages)


def is_in_server(interaction: Interaction) -> bool:
    """Whether an interaction comes from a server that the bot is in; a person may also bring the bot along."""
    if interaction.guild_id is None:
        return False
    return interaction.is_guild_integration() or interaction.client.get_guild(interaction.guild_id) is not None
