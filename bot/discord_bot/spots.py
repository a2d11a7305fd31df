"""Where an answer is shown: the response to a command or button, or the reply to a message. One shape for both.

Knows nothing about questions and answers: pages and texts come in, messages go out.
"""

from __future__ import annotations

import asyncio
import io
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import aiohttp
import discord

from bot.discord_bot.embeds import Page, contents_of, embed_of, messages_of
from bot.discord_bot.logs import cause

log = logging.getLogger(__name__)

T = TypeVar("T")
TRIES = 4
TRY_SECONDS = 15.0
"""How long one request may take, waiting for rate limits included."""
FIRST_PAUSE_SECONDS = 0.5
TYPING_SECONDS = 8.0
"""Discord shows "typing" for ten."""
ALREADY_ACKNOWLEDGED = 40060
MESSAGES_MOST = 10
"""Messages that one answer may fill; what does not fit is behind the button Sources."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to send along."""

    name: str
    content: bytes


class Spot(Protocol):
    """Where one answer goes. `acknowledge` and `note` are quick; `write` may be called again and again."""

    async def acknowledge(self) -> None:
        """Show that the question was seen."""

    async def note(self, text: str) -> None:
        """Say something where the answer will stand."""

    async def private(self, text: str) -> None:
        """Say something to the asker alone, as far as Discord allows."""

    async def write(self, pages: Sequence[Page], view: discord.ui.View | None = None) -> None:
        """Put pages where the answer stands, in place of what was there; nothing follows them."""

    async def finish(self, pages: Sequence[Page], view: discord.ui.View | None) -> tuple[int, ...]:
        """Put all pages there, in as many messages as they need, however Discord is; gives their ids."""

    @property
    def can_open_thread(self) -> bool:
        """Whether a thread may be opened from the answer."""


async def persist(call: Callable[[], Awaitable[T]], tries: int = TRIES) -> T:
    """Do a request again where Discord or the line to it failed. Raises what the last try raised."""
    for attempt in range(1, tries + 1):
        try:
            return await asyncio.wait_for(call(), TRY_SECONDS)
        except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError) as error:
            final = isinstance(error, discord.HTTPException) and error.status < 500 and error.status != 429
            if final or attempt == tries:
                raise
            log.info("Discord did not take a request (%s), trying again", cause(error))
            await asyncio.sleep(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
    raise AssertionError("the last try returns or raises")


class InteractionSpot:
    """The response to a command, or with `in_place` the message that a button stands on."""

    def __init__(self, interaction: discord.Interaction[Any], *, private: bool = False, in_place: bool = False) -> None:
        self.interaction = interaction
        self.is_private = private
        self.in_place = in_place

    @property
    def can_open_thread(self) -> bool:
        """As `Spot` says: not from a private answer, in a thread or in direct messages."""
        return not self.is_private and isinstance(self.interaction.channel, discord.TextChannel)

    async def acknowledge(self) -> None:
        """As `Spot` says."""
        response = self.interaction.response
        if response.is_done():
            return
        if self.in_place:
            await acknowledged(response.defer)
        else:
            await acknowledged(lambda: response.defer(thinking=True, ephemeral=self.is_private))

    async def note(self, text: str) -> None:
        """As `Spot` says."""
        if self.in_place:
            await self.acknowledge()
            await self.private(text)
        elif not self.interaction.response.is_done():
            await acknowledged(lambda: self.interaction.response.send_message(text, ephemeral=self.is_private))
        else:
            await persist(lambda: self.interaction.edit_original_response(content=text, embeds=[]))

    async def private(self, text: str) -> None:
        """As `Spot` says."""
        await whisper(self.interaction, text)

    async def write(self, pages: Sequence[Page], view: discord.ui.View | None = None) -> None:
        """As `Spot` says."""
        if permissions_of(self.interaction).embed_links:
            embeds = [embed_of(page) for page in pages]
            await self.interaction.edit_original_response(content=None, embeds=embeds, view=view)
        else:
            await self.interaction.edit_original_response(content=contents_of(pages)[0], embeds=[], view=view)

    async def finish(
        self, pages: Sequence[Page], view: discord.ui.View | None, files: Sequence[Attachment] = ()
    ) -> tuple[int, ...]:
        """As `Spot` says, with `files` attached to the first message."""
        can_embed = permissions_of(self.interaction).embed_links
        return await _finish(pages, self._first(view, files), self._further, can_embed=can_embed)

    def _first(self, view: discord.ui.View | None, files: Sequence[Attachment]) -> _Send:
        async def send(content: str | None, embeds: list[discord.Embed]) -> discord.Message:
            # Made anew for every try: one that was sent is at its end.
            made = [discord.File(io.BytesIO(each.content), each.name) for each in files]
            more: dict[str, Any] = {"attachments": made} if made else {}
            return await self.interaction.edit_original_response(content=content, embeds=embeds, view=view, **more)

        return send

    async def _further(self, content: str | None, embeds: list[discord.Embed]) -> discord.Message:
        return await self.interaction.followup.send(
            content or discord.utils.MISSING,
            embeds=embeds,
            ephemeral=self.is_private,
            suppress_embeds=bool(content),
            wait=True,
        )


class MessageSpot:
    """The reply to a message."""

    def __init__(self, message: discord.Message) -> None:
        self.message = message
        self._shown: discord.Message | None = None
        self._typing: asyncio.Task[None] | None = None
        # Discord drops a second message with the same nonce: a try whose reply got lost is not shown twice.
        self._nonce = secrets.token_hex(12)

    @property
    def can_open_thread(self) -> bool:
        """As `Spot` says."""
        return isinstance(self.message.channel, discord.TextChannel)

    @property
    def permissions(self) -> discord.Permissions:
        """What the bot may do where the message stands."""
        guild = self.message.guild
        if guild is None or guild.me is None:
            return discord.Permissions.all()
        return credible(self.message.channel.permissions_for(guild.me))

    @property
    def can_send(self) -> bool:
        """Whether the bot may write there."""
        if isinstance(self.message.channel, discord.Thread):
            return self.permissions.send_messages_in_threads
        return self.permissions.send_messages

    async def acknowledge(self) -> None:
        """As `Spot` says. It goes on until something is written."""
        if self._typing is None and self._shown is None:
            self._typing = asyncio.create_task(self._keep_typing())

    async def note(self, text: str) -> None:
        """As `Spot` says."""
        await persist(lambda: self._put(text, [], None))

    async def private(self, text: str) -> None:
        """As `Spot` says: a direct message, if the person takes any."""
        try:
            await self.message.author.send(text)
        except discord.HTTPException as error:
            log.info("a private note could not be sent: %s", cause(error))

    async def write(self, pages: Sequence[Page], view: discord.ui.View | None = None) -> None:
        """As `Spot` says."""
        if self.permissions.embed_links:
            await self._put(None, [embed_of(page) for page in pages], view)
        else:
            await self._put(contents_of(pages)[0], [], view)

    async def finish(self, pages: Sequence[Page], view: discord.ui.View | None) -> tuple[int, ...]:
        """As `Spot` says."""

        async def first(content: str | None, embeds: list[discord.Embed]) -> discord.Message:
            return await self._put(content, embeds, view)

        try:
            return await _finish(pages, first, self._further, can_embed=self.permissions.embed_links)
        finally:
            self.stop()

    def stop(self) -> None:
        """Type no longer."""
        if self._typing is not None:
            self._typing.cancel()

    async def _further(self, content: str | None, embeds: list[discord.Embed]) -> discord.Message:
        return await self.message.channel.send(content, embeds=embeds, suppress_embeds=bool(content))

    async def _put(
        self, content: str | None, embeds: list[discord.Embed], view: discord.ui.View | None
    ) -> discord.Message:
        self.stop()
        if self._shown is not None:
            return await self._shown.edit(content=content, embeds=embeds, view=view, suppress=bool(content))
        more: dict[str, Any] = {"view": view} if view is not None else {}
        if self.permissions.read_message_history:  # without it, Discord takes no replies
            more["reference"] = self.message.to_reference(fail_if_not_exists=False)
        self._shown = await self.message.channel.send(
            content, embeds=embeds, suppress_embeds=bool(content), nonce=self._nonce, **more
        )
        return self._shown

    async def _keep_typing(self) -> None:
        try:
            while True:
                await self.message.channel.typing()
                await asyncio.sleep(TYPING_SECONDS)
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.info("typing could not be shown: %s", cause(error))


def permissions_of(interaction: discord.Interaction[Any]) -> discord.Permissions:
    """What the bot may do where an interaction came from."""
    if interaction.guild_id is None:
        return discord.Permissions.all()
    return credible(interaction.app_permissions)


def credible(permissions: discord.Permissions) -> discord.Permissions:
    """The permissions, unless they cannot be true: where the bot sees something, it may at least see.

    What is not known is tried, and a refusal is dealt with then.
    """
    return permissions if permissions.view_channel else discord.Permissions.all()


_Send = Callable[[str | None, list[discord.Embed]], Awaitable[discord.Message]]


async def _finish(pages: Sequence[Page], first: _Send, further: _Send, *, can_embed: bool) -> tuple[int, ...]:
    """All pages as embeds, or as text where embeds are not allowed; ids of the messages."""
    sent: list[int] = []

    async def put(content: str | None, embeds: list[discord.Embed]) -> None:
        send = further if sent else first
        message = await persist(lambda: send(content, embeds))
        sent.append(message.id)

    if can_embed:
        try:
            for run in messages_of(pages)[:MESSAGES_MOST]:
                await put(None, [embed_of(page) for page in run])
            return tuple(sent)
        except discord.Forbidden:
            if sent:
                raise
            log.info("embeds are not allowed there: the answer is sent as text")
    for content in contents_of(pages)[:MESSAGES_MOST]:
        await put(content, [])
    return tuple(sent)


async def acknowledged(call: Callable[[], Awaitable[Any]]) -> None:
    """Acknowledge an interaction; where the first try got through and its reply was lost, that is enough."""
    try:
        await persist(call, tries=3)
    except discord.InteractionResponded:
        return
    except discord.HTTPException as error:
        if error.code != ALREADY_ACKNOWLEDGED:
            raise


async def whisper(interaction: discord.Interaction[Any], text: str, **more: Any) -> None:
    """Say something to the person of an interaction alone."""
    if interaction.response.is_done():
        await persist(lambda: interaction.followup.send(text, ephemeral=True, **more))
    else:
        await acknowledged(lambda: interaction.response.send_message(text, ephemeral=True, **more))
