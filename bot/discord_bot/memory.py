"""The conversation so far, read from Discord's own messages: it survives a restart, and ends when people delete it."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import AsyncIterator

import discord

from bot.discord_bot.embeds import CHECKED_TITLE, SUBTEXT
from bot.schema import Turn
from bot.wording.markdown import unescaped

log = logging.getLogger(__name__)

TURNS_MOST = 5
"""Exchanges that are remembered."""
ANSWER_CHARS = 1500
THREAD_MESSAGES = 40
"""Messages of a thread that are looked through for them."""
BUTTON_PREFIX = "newsbot:"
"""Begins the custom_id of everything that can be pressed; only answers have such buttons."""
_LINK = re.compile(r"\[((?:\\.|[^\]\\])*)\]\([^()\s]*\)")


def turn_of(message: discord.Message, me: int) -> Turn | None:
    """The exchange that a message of the bot (`me` is its id) ended; None for every other message."""
    # Discord may leave out the key of components, and discord.py the attribute with it.
    items = [item for row in getattr(message, "components", []) for item in getattr(row, "children", [])]
    has_buttons = any((getattr(item, "custom_id", None) or "").startswith(BUTTON_PREFIX) for item in items)
    if message.author.id != me or not has_buttons:
        return None
    if message.embeds:
        title, said = message.embeds[0].title or "", message.embeds[0].description or ""
    else:
        title, _, said = message.content.removeprefix("> ").partition("\n")
    question = unescaped(title).strip()
    if not question or question == CHECKED_TITLE:
        return None
    said = "\n".join(line for line in said.splitlines() if not line.startswith(SUBTEXT))
    said = unescaped(_LINK.sub(r"\1", said.replace("**", ""))).strip()
    return Turn(question, said[:ANSWER_CHARS])


async def history_of(message: discord.Message, me: int) -> tuple[Turn, ...]:
    """The exchanges before a message: those of its thread, or those up the chain of replies. Oldest first.

    What cannot be read (deleted, no permission) is left out.
    """
    turns: list[Turn] = []
    before = _of_thread(message) if isinstance(message.channel, discord.Thread) else _of_replies(message)
    try:
        async for each in before:
            if (turn := turn_of(each, me)) is not None:
                turns.append(turn)
            if len(turns) == TURNS_MOST:
                break
    except discord.HTTPException as error:
        log.info("a conversation could not be read: %s", type(error).__name__)
    return tuple(reversed(turns))


async def _of_thread(message: discord.Message) -> AsyncIterator[discord.Message]:
    """The messages of a thread before one, newest first, and the message that it was opened from."""
    thread = message.channel
    assert isinstance(thread, discord.Thread)
    with contextlib.suppress(discord.Forbidden):
        async for each in thread.history(limit=THREAD_MESSAGES, before=message):
            yield each
    # A thread has the id of the message that it was opened from.
    parent = thread.parent
    if isinstance(parent, discord.abc.Messageable) and (started := await _fetched(parent, thread.id)):
        yield started


async def _of_replies(message: discord.Message) -> AsyncIterator[discord.Message]:
    """The messages up the chain of replies, newest first."""
    current: discord.Message | None = message
    for _ in range(2 * TURNS_MOST):  # every other message is a person's
        reference = current.reference if current is not None else None
        if current is None or reference is None or reference.message_id is None:
            return
        # What came with the message is as new as it is; what came with older ones may have been deleted since.
        known = reference.resolved if current is message else reference.cached_message
        if isinstance(known, discord.DeletedReferencedMessage):
            return
        current = known or await _fetched(message.channel, reference.message_id)
        if current is not None:
            yield current


async def _fetched(channel: discord.abc.Messageable, id_: int) -> discord.Message | None:
    try:
        return await channel.fetch_message(id_)
    except discord.HTTPException as error:
        log.info("a message of the conversation could not be read: %s", type(error).__name__)
        return None
