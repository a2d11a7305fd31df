"""Where an answer is shown: the response to a command or button, the reply to a message, a channel; one shape."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import secrets
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import aiohttp
import discord

from bot.discord_bot.context import is_in_server
from bot.discord_bot.embeds import contents_of, messages_of
from bot.discord_bot.logs import cause

log = logging.getLogger(__name__)

T = TypeVar("T")
OF_THE_LINE = (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError)
PATIENCE_SECONDS, NOTE_SECONDS, ACKNOWLEDGE_SECONDS = 300.0, 30.0, 2.5
"""How long Discord is asked again to take a finished answer, a note, an acknowledgement."""
REQUEST_SECONDS = 60.0
"""discord.py tries most faults again by itself, for 25 seconds: it is let, and not hurried."""
FIRST_PAUSE_SECONDS, PAUSE_SECONDS_MAX = 0.5, 10.0
TYPING_SECONDS = 8.0
"""Discord shows "typing" for ten."""
ALREADY_ACKNOWLEDGED = 40060
MESSAGES_MOST = 10
"""Messages that one answer may fill; what does not fit is behind the button Sources."""
HINT_SECONDS = 15.0
"""How long a word to somebody who takes no direct messages stands in the channel."""


@dataclass(frozen=True, slots=True)
class Post:
    """What one message shows: embeds, or text where they are not allowed."""

    content: str | None = None
    embeds: tuple[discord.Embed, ...] = ()
    view: discord.ui.View | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)

    def edited(self) -> dict[str, Any]:
        """What discord.py is told to change; files are made anew for every try: one that was sent is at its end."""
        made = [discord.File(io.BytesIO(content), name) for name, content in self.files.items()]
        shown: dict[str, Any] = {"content": self.content, "embeds": list(self.embeds), "view": self.view}
        return shown | ({"attachments": made} if made else {})

    def sent(self) -> dict[str, Any]:
        """What discord.py sends as a new message."""
        shown: dict[str, Any] = {"embeds": list(self.embeds), "suppress_embeds": bool(self.content)}
        given = {"content": self.content, "view": self.view}
        return shown | {name: value for name, value in given.items() if value is not None}


async def persist(call: Callable[[], Awaitable[T]], seconds: float = PATIENCE_SECONDS) -> T:
    """Do a request again where Discord or the line to it failed, for so many seconds. Raises what the last try raised.

    What discord.py tries again by itself is begun anew only when it gave up.
    """
    loop = asyncio.get_running_loop()
    end, pause = loop.time() + seconds, FIRST_PAUSE_SECONDS
    while True:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                return await call()
        except OF_THE_LINE as error:
            final = isinstance(error, discord.HTTPException) and error.status < 500 and error.status != 429
            if final or loop.time() + pause > end:
                raise
            log.info("Discord did not take a request (%s), trying again", cause(error))
            await asyncio.sleep(pause)
            pause = min(2 * pause, PAUSE_SECONDS_MAX)


class ReplyTarget(ABC):
    """Where one answer goes. `acknowledge` and `note` are quick; `write` may be called again and again.

    A target has `private`, `put` and `add`; the rest is told by them. `can_open_thread` says whether a thread may be
    opened from what is shown there.
    """

    can_embed: bool
    can_open_thread = False

    async def acknowledge(self) -> None:
        """Show that the question was seen, until something is shown or `stop` is called."""
        return

    def stop(self) -> None:
        """Show it no longer."""
        return

    def pending(self) -> Mapping[str, Any] | None:
        """Where the answer goes, as values that outlive the process; None where that is not worth while."""
        return None

    async def note(self, text: str) -> None:
        """Say something where the answer will stand."""
        await persist(lambda: self.put(Post(text)), NOTE_SECONDS)

    @abstractmethod
    async def private(self, text: str) -> None:
        """Say something to the asker alone, as far as Discord allows."""

    @abstractmethod
    async def put(self, post: Post) -> discord.Message:
        """Put this where the answer stands, in place of what was there."""

    @abstractmethod
    async def add(self, post: Post) -> discord.Message:
        """Put this after it."""

    async def write(self, page: discord.Embed) -> None:
        """Show a page that is still growing."""
        await self.put(Post(embeds=(page,)) if self.can_embed else Post(contents_of([page])[0]))

    async def finish(
        self, pages: Sequence[discord.Embed], view: discord.ui.View | None, files: Mapping[str, bytes] | None = None
    ) -> tuple[int, ...]:
        """Put all pages there, in as many messages as they need, however Discord is; gives their ids."""
        sent: list[int] = []

        async def send(posts: Sequence[Post]) -> None:
            for post in posts[:MESSAGES_MOST]:
                first = replace(post, view=view, files=files or {})
                message = await persist(partial(self.add, post) if sent else partial(self.put, first))
                sent.append(message.id)

        try:
            if self.can_embed:
                try:
                    await send([Post(embeds=tuple(run)) for run in messages_of(pages)])
                    return tuple(sent)
                except discord.Forbidden:
                    if sent:
                        raise
                    log.info("embeds are not allowed there: the answer is sent as text")
            await send([Post(content) for content in contents_of(pages)])
            return tuple(sent)
        finally:
            self.stop()


class InteractionTarget(ReplyTarget):
    """The response to a command or a button."""

    def __init__(self, interaction: discord.Interaction[Any], *, private: bool = False) -> None:
        self.interaction = interaction
        self.is_private = private
        self.can_embed = permissions_of(interaction).embed_links
        in_channel = is_in_server(interaction) and isinstance(interaction.channel, discord.TextChannel)
        self.can_open_thread = in_channel and not private

    def pending(self) -> Mapping[str, Any] | None:
        """A token, which Discord takes for 15 minutes."""
        source = self.interaction
        return {
            "token": source.token, "application": source.application_id, "channel": source.channel_id,
            "private": self.is_private, "embeds": self.can_embed,
        }  # fmt: skip

    async def acknowledge(self) -> None:
        response = self.interaction.response
        if not response.is_done():
            await acknowledged(lambda: response.defer(thinking=True, ephemeral=self.is_private))

    async def note(self, text: str) -> None:
        if self.interaction.response.is_done():
            await super().note(text)
        else:
            await acknowledged(lambda: self.interaction.response.send_message(text, ephemeral=self.is_private))

    async def private(self, text: str) -> None:
        await whisper(self.interaction, text)

    async def put(self, post: Post) -> discord.Message:
        return await self.interaction.edit_original_response(**post.edited())

    async def add(self, post: Post) -> discord.Message:
        return await self.interaction.followup.send(**post.sent(), ephemeral=self.is_private, wait=True)


class ReplacedTarget(InteractionTarget):
    """An answer that stands already, asked again by a button elsewhere; where it cannot be changed, beside it."""

    def __init__(self, interaction: discord.Interaction[Any], message: discord.PartialMessage | None) -> None:
        super().__init__(interaction, private=True)
        self._message = message

    def pending(self) -> None:
        """What stands there goes on standing."""

    async def acknowledge(self) -> None:
        if not self.interaction.response.is_done():
            await acknowledged(lambda: self.interaction.response.edit_message(content="Asking again …", view=None))

    async def note(self, text: str) -> None:
        await self.acknowledge()
        await persist(lambda: self.interaction.edit_original_response(content=text), NOTE_SECONDS)

    async def put(self, post: Post) -> discord.Message:
        if self._message is not None:
            try:
                shown = await self._message.edit(**post.edited())
            except (discord.Forbidden, discord.NotFound):
                self._message = None  # a private answer, or one in a server that the bot is not in
            else:
                await self.interaction.edit_original_response(content="Asked again: see the answer.")
                return shown
        return await super().put(replace(post, content=post.content or ""))


class RestoredTarget(ReplyTarget):
    """The response to an interaction that came before a restart, by its token."""

    def __init__(self, client: discord.Client, body: Mapping[str, Any]) -> None:
        self._body = body
        self._webhook = discord.Webhook.partial(int(body["application"]), str(body["token"]), client=client)
        self.can_embed = bool(body["embeds"])

    def pending(self) -> Mapping[str, Any]:
        return {name: self._body[name] for name in ("token", "application", "channel", "private", "embeds")}

    async def private(self, text: str) -> None:
        await self._webhook.send(text, ephemeral=True)

    async def put(self, post: Post) -> discord.Message:
        original: Any = "@original"
        return await self._webhook.edit_message(original, **post.edited())

    async def add(self, post: Post) -> discord.Message:
        return await self._webhook.send(**post.sent(), ephemeral=bool(self._body["private"]), wait=True)


class ChannelTarget(ReplyTarget):
    """A new message in a channel, of the bot's own accord."""

    def __init__(self, channel: Any) -> None:
        self.channel = channel
        self._shown: discord.Message | None = None
        # Discord drops a second message with the same nonce: a try whose reply got lost is not shown twice.
        self._nonce = secrets.token_hex(12)
        self.can_embed = self.permissions.embed_links
        self.can_open_thread = isinstance(channel, discord.TextChannel)

    @property
    def permissions(self) -> discord.Permissions:
        """What the bot may do there."""
        guild = getattr(self.channel, "guild", None)
        if guild is None or guild.me is None:
            return discord.Permissions.all()
        return credible(self.channel.permissions_for(guild.me))

    @property
    def can_send(self) -> bool:
        """Whether the bot may write there."""
        if isinstance(self.channel, discord.Thread):
            return self.permissions.send_messages_in_threads
        return self.permissions.send_messages

    async def private(self, text: str) -> None:
        log.info("nobody asked who could be told: %d characters", len(text))

    async def put(self, post: Post) -> discord.Message:
        self.stop()
        if self._shown is not None:
            return await self._shown.edit(**post.edited(), suppress=bool(post.content))
        self._shown = await self.channel.send(**post.sent(), nonce=self._nonce, **self._reference())
        assert self._shown is not None
        return self._shown

    async def add(self, post: Post) -> discord.Message:
        sent: discord.Message = await self.channel.send(**post.sent())
        return sent

    def _reference(self) -> dict[str, Any]:
        return {}


class MessageTarget(ChannelTarget):
    """The reply to a message."""

    def __init__(self, message: discord.Message) -> None:
        super().__init__(message.channel)
        self.message = message
        self._typing: asyncio.Task[None] | None = None

    def pending(self) -> Mapping[str, Any]:
        """The message, which can be read again."""
        return {"channel": self.message.channel.id, "message": self.message.id}

    async def acknowledge(self) -> None:
        if self._typing is None and self._shown is None:
            self._typing = asyncio.create_task(self._keep_typing())

    async def private(self, text: str) -> None:
        # A direct message; where the person takes none, a word in the channel for a moment.
        try:
            await self.message.author.send(text)
        except discord.HTTPException as error:
            log.info("a private note could not be sent: %s", cause(error))
            if self.can_send:
                with contextlib.suppress(*OF_THE_LINE):
                    await self.channel.send(text, delete_after=HINT_SECONDS, **self._reference())

    async def react(self, emoji: str) -> None:
        """Put an emoji on the message, where the bot may."""
        if self.permissions.add_reactions:
            with contextlib.suppress(*OF_THE_LINE):
                await self.message.add_reaction(emoji)

    def stop(self) -> None:
        if self._typing is not None:
            self._typing.cancel()

    def _reference(self) -> dict[str, Any]:
        if not self.permissions.read_message_history:  # without it, Discord takes no replies
            return {}
        return {"reference": self.message.to_reference(fail_if_not_exists=False)}

    async def _keep_typing(self) -> None:
        try:
            while True:
                await self.channel.typing()
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


async def acknowledged(call: Callable[[], Awaitable[Any]]) -> None:
    """Acknowledge an interaction; where the first try got through and its reply was lost, that is enough."""
    try:
        await persist(call, ACKNOWLEDGE_SECONDS)
    except discord.InteractionResponded:
        return
    except discord.HTTPException as error:
        if error.code != ALREADY_ACKNOWLEDGED:
            raise


async def think(interaction: discord.Interaction[Any]) -> None:
    """Acknowledge an interaction: what it leads to is said to the person alone, and soon."""
    await acknowledged(lambda: interaction.response.defer(ephemeral=True, thinking=True))


async def whisper(interaction: discord.Interaction[Any], text: str, **more: Any) -> None:
    """Say something to the person of an interaction alone."""
    if interaction.response.is_done():
        await persist(lambda: interaction.followup.send(text, ephemeral=True, **more), NOTE_SECONDS)
    else:
        await acknowledged(lambda: interaction.response.send_message(text, ephemeral=True, **more))
