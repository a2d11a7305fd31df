"""One question from a person to the answer that is shown and kept: may it be asked, when is its turn, what came of it.

Knows nothing about commands, buttons or messages: a spot shows, a person asks.
"""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp
import discord

from bot.corpus.catalog_feedback import put_answer, put_messages
from bot.discord_bot.delivery import watched
from bot.discord_bot.embeds import answer_pages
from bot.discord_bot.guild_settings import GuildSettings, Shelf
from bot.discord_bot.limits import Busy, Queue, Rate, Rates
from bot.discord_bot.logs import cause
from bot.discord_bot.spots import InteractionSpot, MessageSpot, Spot
from bot.errors import NewsbotError, ReadError, UsageError
from bot.schema import Answer, Question, Turn

if TYPE_CHECKING:
    from bot.discord_bot.house import House

log = logging.getLogger(__name__)

ID_BYTES = 6
KEEP_SECONDS = 1.0
TOLD_RATE = (Rate(1, 60),)
"""How often somebody who writes messages is told that they ask too much."""
OUTAGE = "I cannot answer now: the corpus or the model cannot be used. Whoever runs me finds the cause in the log."
MISHAP = "Something went wrong here, and its cause is in the bot's log. Please ask again."

Recall = Callable[[], Awaitable[Sequence[Turn]]]
Buttons = Callable[[str, Answer], discord.ui.View]
"""Makes the buttons under an answer, from the id under which it is kept."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks, and where. `channels` are the channel, a thread's parent, their category; `guild` is None alone."""

    user: int
    guild: int | None = None
    channels: tuple[int, ...] = ()
    roles: tuple[int, ...] = ()
    manages: bool = False
    """Whether they may manage the server."""


class Desk:
    """Everything that commands and buttons share. `house`, `shelf` (settings of servers), `queue`, `rates`."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.shelf = Shelf(house.corpus.catalog)
        self.queue = Queue(house.settings.discord_answers_at_once)
        self.rates = Rates()
        self.ingesting = asyncio.Lock()

    async def settings(self, person: Person) -> GuildSettings:
        """What holds where the person is; the defaults while the catalog cannot be read."""
        try:
            return await self.shelf.get(person.guild)
        except NewsbotError as error:
            log.warning("settings of a server could not be read: %s", type(error).__name__)
            return GuildSettings()

    async def refusal(self, person: Person) -> str:
        """Why the person is not answered here, fit to show; empty where they are."""
        settings = await self.settings(person)
        if not settings.answers_in(person.channels):
            return "The administrators of this server have not opened this channel to me. `/help` says more."
        if not person.manages and not settings.answers_to(person.roles):
            return "The administrators of this server have not opened me to your roles."
        return ""

    async def ask(
        self,
        spot: Spot,
        person: Person,
        question: Question,
        *,
        buttons: Buttons,
        recall: Recall | None = None,
        remarks: Callable[[Answer], Sequence[str]] | None = None,
        answers: Callable[[Question, Sequence[Turn]], AsyncIterator[Answer]] | None = None,
        growing: bool = True,
    ) -> Answer | None:
        """Answer a question at a spot; None where it is refused or fails, which is said there.

        `recall` reads the conversation so far; `remarks` adds lines of ours to the final answer; `answers` stands in
        for the asker; with `growing` the answer is shown while it grows.
        """
        settings = await self.settings(person)
        if not await self._allowed(spot, person, settings):
            return None
        try:
            ticket = self.queue.enter(person.user, person.guild, settings.queue_length)
        except Busy as busy:
            await spot.private(str(busy))
            return None
        started = time.monotonic()
        try:
            if ticket.position:
                await spot.note(f"Busy: you are at position {ticket.position} in the queue. The answer comes here.")
            else:
                await spot.acknowledge()
            async with ticket:
                history = await recall() if recall is not None else ()
                stream = (answers or self.house.asker.astream)(question, history)
                answer = await watched(stream, spot, settings.language, show=growing)
                ticket.answered()
                await self._show(spot, answer, settings, buttons, remarks(answer) if remarks else ())
        except NewsbotError as error:
            await self._said(spot, told(error))
            return None
        except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("an answer could not be found or shown: %s", cause(error))
            await self._said(spot, MISHAP)
            return None
        except Exception as error:  # whatever it is, the person must not be left waiting
            log.exception("a question failed: %s", type(error).__name__)
            await self._said(spot, MISHAP)
            return None
        finally:
            self.queue.leave(ticket)
            if isinstance(spot, MessageSpot):
                spot.stop()
        log.info("answered in %.2f s, %d citations", time.monotonic() - started, len(answer.citations))
        return answer

    async def _allowed(self, spot: Spot, person: Person, settings: GuildSettings) -> bool:
        """Whether the rates allow one more question; else the person is told when they do."""
        wait = self.rates.take(
            [
                (("user", person.guild, person.user), settings.user_rates),
                (("server", person.guild), settings.server_rates if person.guild is not None else ()),
            ]
        )
        if wait <= 0:
            return True
        if isinstance(spot, InteractionSpot) or self.rates.take([(("told", person.user), TOLD_RATE)]) <= 0:
            await spot.private(f"That is more than I may answer for now. Ask again in {_duration(wait)}.")
        return False

    async def _show(
        self, spot: Spot, answer: Answer, settings: GuildSettings, buttons: Buttons, remarks: Sequence[str]
    ) -> None:
        """Keep the answer and show it with its buttons; without any where it could not be kept.

        An ingest may hold the catalog for a moment: nobody waits for that longer than KEEP_SECONDS.
        """
        id_ = secrets.token_hex(ID_BYTES)
        catalog = self.house.corpus.catalog
        keeping = asyncio.create_task(asyncio.to_thread(put_answer, catalog, id_, answer))
        await asyncio.wait([keeping], timeout=KEEP_SECONDS)
        failed = keeping.done() and keeping.exception() is not None
        view = None if failed else buttons(id_, answer)
        try:
            messages = await spot.finish(answer_pages(answer, settings.language, remarks=remarks), view)
        finally:
            await asyncio.gather(keeping, return_exceptions=True)
        try:
            keeping.result()
            await asyncio.to_thread(put_messages, catalog, id_, messages)
        except NewsbotError as error:
            log.warning("an answer could not be kept, its buttons do nothing: %s", type(error).__name__)

    async def _said(self, spot: Spot, text: str) -> None:
        """Tell the person what went wrong where the answer would stand."""
        try:
            await spot.acknowledge()
            await spot.note(text)
        except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("a mishap could not be told: %s", cause(error))


def told(error: NewsbotError) -> str:
    """What people on Discord are told of an error. Folders and commands are for who runs the bot: they are logged."""
    if isinstance(error, UsageError | ReadError | Busy):
        return str(error)
    log.error("%s", error)
    return OUTAGE


def desk_of(client: Any) -> Desk:
    """The desk that `commands.install` gave a client."""
    desk = client.desk
    assert isinstance(desk, Desk)
    return desk


def person_of(interaction: discord.Interaction[Any]) -> Person:
    """Who sent an interaction, and from where."""
    user, channel = interaction.user, interaction.channel
    roles = tuple(role.id for role in user.roles) if isinstance(user, discord.Member) else ()
    return Person(
        user=user.id,
        guild=interaction.guild_id,
        channels=channels_of(channel, interaction.channel_id),
        roles=roles,
        manages=interaction.guild_id is not None and interaction.permissions.manage_guild,
    )


def channels_of(channel: Any, id_: int | None) -> tuple[int, ...]:
    """The ids that a channel is allowed or denied by: its own, a thread's parent's, their category's."""
    parent = channel.parent_id if isinstance(channel, discord.Thread) else None
    category = getattr(channel, "category_id", None)
    return tuple(each for each in (id_, parent, category) if each)


def as_of_today(question: Question) -> Question:
    """The question as it would be asked now."""
    return replace(question, as_of=None) if question.as_of else question


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def _duration(seconds: float) -> str:
    whole = max(1, math.ceil(seconds))
    if whole < 90:
        return f"{whole} second{'s' if whole > 1 else ''}"
    return f"{math.ceil(whole / 60)} minutes"
