"""What the bot on Discord is given, and who asks it something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import discord

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.asking import Asker
    from bot.corpus.corpus import Corpus
    from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class BotContext:
    """Everything that the adapter reaches of newsbot.

    `asker.astream(question, history)` yields growing answers, the last of which is final. `corpus` is the one that
    `asker` asks; its calls block, so they belong in a thread. `ingest` takes the address of a page or a feed and gives
    the line that says what became of it; None where putting articles in from Discord is not enabled.
    """

    asker: Asker
    corpus: Corpus
    settings: Settings
    ingest: Callable[[str], Awaitable[str]] | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks, and where. `channels` are the channel, a thread's parent, their category; `guild` is None alone."""

    user: int
    guild: int | None = None
    channels: tuple[int, ...] = ()
    roles: tuple[int, ...] = ()
    manages: bool = False
    """Whether they may manage the server."""


def person_of(source: discord.Interaction[Any] | discord.Message) -> Person:
    """Who sent an interaction or a message, and from where.

    Where the bot is no member of a server (it is installed by the person), what holds for direct messages holds.
    """
    if isinstance(source, discord.Message):
        author, guild = source.author, source.guild.id if source.guild else None
        manages = isinstance(author, discord.Member) and author.guild_permissions.manage_guild
        channels = channels_of(source.channel, source.channel.id)
    else:
        author = source.user
        guild = source.guild_id if is_in_server(source) else None
        manages = guild is not None and source.permissions.manage_guild
        channels = channels_of(source.channel, source.channel_id)
    roles = tuple(role.id for role in author.roles) if isinstance(author, discord.Member) else ()
    return Person(author.id, guild, channels, roles, manages)


def is_in_server(interaction: discord.Interaction[Any]) -> bool:
    """Whether an interaction comes from a server that the bot is in, and not only in somebody's pocket."""
    if interaction.guild_id is None:
        return False
    return interaction.is_guild_integration() or interaction.client.get_guild(interaction.guild_id) is not None


def channels_of(channel: Any, id_: int | None) -> tuple[int, ...]:
    """The ids that a channel is allowed or denied by: its own, a thread's parent's, their category's."""
    parent = channel.parent_id if isinstance(channel, discord.Thread) else None
    category = getattr(channel, "category_id", None)
    return tuple(each for each in (id_, parent, category) if each)
