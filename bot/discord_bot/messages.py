"""Messages that are questions: a mention, a reply to an answer, a word in a thread of ours, a direct message.

Knows nothing about commands, nor about how answers are made or shown (see `desk` and `spots`).
"""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import aiohttp
import discord

from bot.discord_bot.desk import Desk, Person, channels_of, desk_of
from bot.discord_bot.logs import cause
from bot.discord_bot.memory import history_of, turn_of
from bot.discord_bot.spots import MessageSpot
from bot.discord_bot.views import answer_buttons
from bot.schema import Question

if TYPE_CHECKING:
    from bot.discord_bot.client import NewsClient

log = logging.getLogger(__name__)

_WRITTEN = frozenset({discord.MessageType.default, discord.MessageType.reply})


async def heard(client: NewsClient, message: discord.Message) -> None:
    """A message was written: answer it where it is a question to the bot. Raises nothing that a message can cause."""
    me = client.user
    if me is None or message.author.bot or message.webhook_id or message.type not in _WRITTEN:
        return
    desk = desk_of(client)
    roles = tuple(role.id for role in message.author.roles) if isinstance(message.author, discord.Member) else ()
    person = Person(
        user=message.author.id,
        guild=message.guild.id if message.guild else None,
        channels=channels_of(message.channel, message.channel.id),
        roles=roles,
        manages=isinstance(message.author, discord.Member) and message.author.guild_permissions.manage_guild,
    )
    try:
        if not await _is_question(client, desk, person, message):
            return
        await _answer_message(client, desk, person, message)
    except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError) as error:
        log.warning("a message could not be answered: %s", cause(error))


async def _is_question(client: NewsClient, desk: Desk, person: Person, message: discord.Message) -> bool:
    if person.guild is None:
        return True
    if not client.house.settings.discord_mention_trigger:
        return False
    settings = await desk.settings(person)
    if not settings.answers_in(person.channels) or await desk.refusal(person):
        return False
    is_open = settings.is_open(person.channels)
    if not (_is_addressed(client, message) or (is_open and not _is_for_others(client, message))):
        return False
    if settings.is_quiet(datetime.now(UTC)):
        if MessageSpot(message).permissions.add_reactions:
            await message.add_reaction("🌙")
        return False
    return True


def _is_addressed(client: NewsClient, message: discord.Message) -> bool:
    """Whether a message is a mention, a reply to an answer, or in a thread of ours."""
    me = client.user
    assert me is not None
    own_role = message.guild.self_role if message.guild else None
    if re.search(rf"<@!?{me.id}>", message.content) or (own_role is not None and own_role in message.role_mentions):
        return True
    replied = message.reference.resolved if message.reference else None
    if isinstance(replied, discord.Message):
        return turn_of(replied, me.id) is not None
    in_own_thread = isinstance(message.channel, discord.Thread) and message.channel.owner_id == me.id
    return in_own_thread and not _is_for_others(client, message)


def _is_for_others(client: NewsClient, message: discord.Message) -> bool:
    """Whether people talk to each other: a reply to or a mention of somebody else."""
    me = client.user
    replied = message.reference.resolved if message.reference else None
    if isinstance(replied, discord.Message) and me is not None and replied.author.id != me.id:
        return True
    return bool(message.mentions) and (me is None or me.id not in {each.id for each in message.mentions})


async def _answer_message(client: NewsClient, desk: Desk, person: Person, message: discord.Message) -> None:
    spot = MessageSpot(message)
    me = client.user
    assert me is not None
    if not spot.can_send:
        await spot.private("I was asked in a channel in which I may not write. An administrator can allow it.")
        return
    text = words_of(message, client)
    if not text:
        said = "Ask me about the news, in words. `/help` says what I can do."
        if not message.content and not client.intents.message_content:
            said = "I cannot read messages here unless they mention me. Mention me, or use `/ask`."
        await spot.note(said)
        return
    recall = partial(history_of, message, me.id)
    await desk.ask(spot, person, Question(text), buttons=answer_buttons(spot), recall=recall)
    if message.guild is not None and not spot.permissions.read_message_history and message.reference is not None:
        await spot.private("I may not read the history of that channel, so I answered without what was said before.")


def words_of(message: discord.Message, client: discord.Client) -> str:
    """What a message says, without the mention of the bot; others are called by their names."""
    me = client.user
    own = [rf"<@!?{me.id}>"] if me is not None else []
    if message.guild is not None and message.guild.self_role is not None:
        own.append(rf"<@&{message.guild.self_role.id}>")
    text = re.sub("|".join(own), " ", message.content) if own else message.content
    names = {each.id: each.display_name for each in message.mentions}
    text = re.sub(r"<@!?(\d+)>", lambda found: names.get(int(found[1]), ""), text)
    text = re.sub(r"<(?:@&|#|a?:\w+:|/[^:>]+:|t:)[^>]*>", " ", text)
    return " ".join(text.split())
