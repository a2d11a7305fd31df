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

from bot.discord_bot.context import Interaction, Person, is_in_server, person_of
from bot.discord_bot.embeds import contents_of, messages_of
from bot.discord_bot.logs import cause

log = logging.getLogger(__name__)

T = TypeVar("T")
OF_THE_LINE = (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError)
PATIENCE_SECONDS, NOTE_SECONDS, ACKNOWLEDGE_SECONDS = 300.0, 30.0, 2.5
"""How long Discord is asked again to take a finished answer, a note, an acknowledgement."""
REQUEST_SECONDS = 60.0
"""Time that discord.py is given for its own retries, which take up to 25 seconds."""
PAUSES_SECONDS = (0.5, 10.0)
"""The first and the longest pause between two tries."""
ALREADY_ACKNOWLEDGED = 40060
MESSAGES_MOST = 10
"""Messages that one answer may fill; what does not fit is behind the button Sources."""
HINT_SECONDS = 15.0
"""How long a note to somebody who takes no direct messages stands in the channel."""


@dataclass(frozen=True, slots=True)
class Post:
    """What one message shows: embeds, or text where they are not allowed."""

    content: str | None = None
    embeds: tuple[discord.Embed, ...] = ()
    view: discord.ui.View | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)

    def edited(self) -> dict[str, Any]:
        """What discord.py is told to change; files are made anew for every try: one that was sent is at its end."""
        shown: dict[str, Any] = {"content": self.content, "embeds": list(self.embeds), "view": self.view}
        if self.files:
            shown["attachments"] = [discord.File(io.BytesIO(content), name) for name, content in self.files.items()]
        return shown

    def sent(self) -> dict[str, Any]:
        """What discord.py sends as a new message."""
        shown = {"content": self.content, "embeds": list(self.embeds), "view": self.view}
        return {name: value for name, value in shown.items() if value} | {"suppress_embeds": bool(self.content)}


async def persist(
    call: Callable[[], Awaitable[T]], seconds: float = PATIENCE_SECONDS, pauses: tuple[float, float] | None = None
) -> T:
    """Do a request again where Discord or the line to it failed, for so many seconds. Raises what the last try raised.

    What discord.py tries again by itself is begun anew only when it gave up. Pauses double.
    """
    loop = asyncio.get_running_loop()
    end, (pause, longest) = loop.time() + seconds, pauses or PAUSES_SECONDS
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
            pause = min(2 * pause, longest)


class ReplyTarget(ABC):
    """Where one answer goes. `acknowledge` and `note` are quick; `write` may be called again and again.

    A target has `private`, `put` and `add`; the rest is told by them. `person` asks there, by `message` where it is a
    reply; a thread may be opened from what is shown there, or not, and what stands before it be read.
    """

    person: Person
    can_embed: bool
    can_open_thread = False
    can_read_history = True
    message: discord.Message | None = None

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
        await self.put(self._posts([page])[0])

    async def finish(
        self, pages: Sequence[discord.Embed], view: discord.ui.View | None, files: Mapping[str, bytes] | None = None
    ) -> tuple[int, ...]:
        """Put all pages there, in as many messages as they need, however Discord is; gives their ids."""
        first, *others = self._posts(pages)[:MESSAGES_MOST]
        try:
            sent = [await persist(lambda: self.put(replace(first, view=view, files=files or {})))]
            sent += [await persist(partial(self.add, post)) for post in others]
        finally:
            self.stop()
        return tuple(message.id for message in sent)

    def _posts(self, pages: Sequence[discord.Embed]) -> list[Post]:
        if self.can_embed:
            return [Post(embeds=tuple(run)) for run in messages_of(pages)]
        return [Post(content) for content in contents_of(pages)]


class InteractionTarget(ReplyTarget):
    """The response to a command or a button."""

    def __init__(self, interaction: Interaction, *, private: bool = False) -> None:
        self.interaction, self.person = interaction, person_of(interaction)
        self._use(
            interaction.followup,
            {
                "token": interaction.token, "application": interaction.application_id,
                "channel": interaction.channel_id, "private": private,
                "embeds": permissions_of(interaction).embed_links,
            },
        )  # fmt: skip
        in_channel = is_in_server(interaction) and isinstance(interaction.channel, discord.TextChannel)
        self.can_open_thread = in_channel and not private

    def _use(self, webhook: discord.Webhook, where: Mapping[str, Any]) -> None:
        self._webhook, self._where = webhook, where
        self.can_embed = bool(where["embeds"])

    def pending(self) -> Mapping[str, Any] | None:
        """A token, which Discord takes for 15 minutes."""
        return self._where

    async def acknowledge(self) -> None:
        response = self.interaction.response
        if not response.is_done():
            await acknowledged(lambda: response.defer(thinking=True, ephemeral=self._where["private"]))

    async def note(self, text: str) -> None:
        if self.interaction.response.is_done():
            await super().note(text)
        else:
            send = self.interaction.response.send_message
            await acknowledged(lambda: send(text, ephemeral=self._where["private"]))

    async def private(self, text: str) -> None:
        await whisper(self.interaction, text)

    async def put(self, post: Post) -> discord.Message:
        original: Any = "@original"
        return await self._webhook.edit_message(original, **post.edited())

    async def add(self, post: Post) -> discord.Message:
        return await self._webhook.send(**post.sent(), ephemeral=self._where["private"], wait=True)


class RestoredTarget(InteractionTarget):
    """The response to an interaction that came, and was acknowledged, before a restart: by its token."""

    def __init__(self, client: discord.Client, where: Mapping[str, Any]) -> None:
        self._use(discord.Webhook.partial(where["application"], where["token"], client=client), where)
        self.person = Person(where["user"], where["guild"], tuple(where["channels"]))

    acknowledge = ReplyTarget.acknowledge
    note = ReplyTarget.note

    async def private(self, text: str) -> None:
        await self._webhook.send(text, ephemeral=True)


class ReplacedTarget(InteractionTarget):
    """An answer that stands already, asked again by a button elsewhere; where it cannot be changed, beside it."""

    def __init__(self, interaction: Interaction, message: discord.PartialMessage | None) -> None:
        super().__init__(interaction, private=True)
        self._message = message
        # From the answer, not from the menu in which the button stands.
        self.can_open_thread = message is not None and isinstance(interaction.channel, discord.TextChannel)

    pending = ReplyTarget.pending  # the old answer stays

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


class ChannelTarget(ReplyTarget):
    """A message in a channel: the reply to `message`, or of the bot's own accord, for a person."""

    def __init__(self, channel: Any, source: discord.Message | Person) -> None:
        self.channel = channel
        self.message = source if isinstance(source, discord.Message) else None
        self.person = source if isinstance(source, Person) else person_of(source)
        self._shown: discord.Message | None = None
        self._typing: asyncio.Task[None] | None = None
        # Discord drops a second message with the same nonce: a try whose reply got lost is not shown twice.
        self._nonce = secrets.token_hex(12)
        guild = getattr(channel, "guild", None)
        me = guild.me if guild is not None and getattr(channel, "parent", channel) is not None else None
        self._permissions = credible(channel.permissions_for(me)) if me is not None else discord.Permissions.all()
        self.can_embed = self._permissions.embed_links
        self.can_read_history = self._permissions.read_message_history
        in_thread = isinstance(channel, discord.Thread)
        self.can_send = self._permissions.send_messages_in_threads if in_thread else self._permissions.send_messages
        self.can_open_thread = isinstance(channel, discord.TextChannel)

    def pending(self) -> Mapping[str, Any] | None:
        """The message, which can be read again."""
        return {"channel": self.channel.id, "message": self.message.id} if self.message is not None else None

    async def acknowledge(self) -> None:
        if self._typing is None and self._shown is None:
            self._typing = asyncio.create_task(self._keep_typing())

    async def _keep_typing(self) -> None:
        with contextlib.suppress(*OF_THE_LINE):
            async with self.channel.typing():
                await asyncio.Event().wait()  # until it is cancelled

    def stop(self) -> None:
        if self._typing is not None:
            self._typing.cancel()

    async def private(self, text: str) -> None:
        # A direct message; where the person takes none, a word in the channel for a moment.
        assert self.message is not None
        try:
            await self.message.author.send(text)
        except discord.HTTPException as error:
            log.info("a private note could not be sent: %s", cause(error))
            if self.can_send:
                with contextlib.suppress(*OF_THE_LINE):
                    await self.channel.send(text, delete_after=HINT_SECONDS, **self._reference())

    async def react(self, emoji: str) -> None:
        """Put an emoji on the message, where the bot may."""
        if self.message is not None and self._permissions.add_reactions:
            with contextlib.suppress(*OF_THE_LINE):
                await self.message.add_reaction(emoji)

    async def put(self, post: Post) -> discord.Message:
        self.stop()
        if self._shown is not None:
            return await self._shown.edit(**post.edited(), suppress=bool(post.content))
        shown: discord.Message = await self.channel.send(**post.sent(), nonce=self._nonce, **self._reference())
        self._shown = shown
        return shown

    async def add(self, post: Post) -> discord.Message:
        sent: discord.Message = await self.channel.send(**post.sent())
        return sent

    def _reference(self) -> dict[str, Any]:
        if self.message is None or not self.can_read_history:  # without it, Discord takes no replies
            return {}
        return {"reference": self.message.to_reference(fail_if_not_exists=False)}


def permissions_of(interaction: Interaction) -> discord.Permissions:
    """What the bot may do where an interaction came from."""
    if interaction.guild_id is None:
        return discord.Permissions.all()
    return credible(interaction.app_permissions)


def credible(permissions: discord.Permissions) -> discord.Permissions:
    """The permissions as Discord gave them, or all where they cannot be right: the bot can at least view the channel.

    With all permissions everything is tried.
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


async def think(interaction: Interaction) -> None:
    """Acknowledge an interaction: what it leads to is said to the person alone, and soon."""
    await acknowledged(lambda: interaction.response.defer(ephemeral=True, thinking=True))


async def whisper(interaction: Interaction, text: str, **more: Any) -> None:
    """Say something to the person of an interaction alone."""
    if interaction.response.is_done():
        await persist(lambda: interaction.followup.send(text, ephemeral=True, **more), NOTE_SECONDS)
    else:
        await acknowledged(lambda: interaction.response.send_message(text, ephemeral=True, **more))
