"""Takes a question from a person to the answer that is shown and kept: authorises, queues, asks, delivers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import discord
from discord import app_commands

from bot.asking import Asker
from bot.corpus.catalog.feedback import forget_before, put_answer, put_messages, voter
from bot.discord_bot.context import BotContext, Interaction, Person
from bot.discord_bot.embeds import answer_pages
from bot.discord_bot.guild_settings import GuildSettings, GuildSettingsStore
from bot.discord_bot.logs import cause
from bot.discord_bot.store import DiscordStore
from bot.discord_bot.targets import OF_THE_LINE, InteractionTarget, ReplyTarget, whisper
from bot.errors import NewsbotError, ReadError, UsageError
from bot.fair_queue import Busy, FairQueue
from bot.rates import Rate, Rates
from bot.schema import Answer, Question, Turn
from bot.wording.markdown import escaped

log = logging.getLogger(__name__)

ID_BYTES = 6
KEEP_SECONDS = 1.0
TOLD_RATE = (Rate(1, 60),)
"""How often somebody who writes messages is told that they ask too much."""
LOOKING_RATES = (Rate(20, 60), Rate(200, 3600))
"""How often one person may browse or press a button, which costs less than an answer."""
OUTAGE = "I cannot answer now: the corpus or the model cannot be used. My operator finds the cause in the log."
MISHAP = "Something went wrong. The cause is in the bot's log. Please ask again."
EXPIRED = 10062
"""Discord no longer knows the interaction, so nobody waits for an answer."""

EDIT_PAUSE_SECONDS = 1.0
"""From the start of one edit of a growing answer to that of the next."""
EDIT_DEADLINE_SECONDS = 5.0
"""An edit that takes longer (a rate limit, a slow line) is given up: a newer text follows anyway."""

Buttons = Callable[[str, Answer, bool], discord.ui.View]
"""Makes the buttons under an answer, from the id under which it is kept; a thread may be opened from it, or not."""


class AnswerService:
    """What commands, messages and buttons share, for as long as the process lives.

    Attributes: `context`, `store`, `guilds` (settings of servers), `queue`, `rates`, `ingesting` (a lock), `running`
    (ids of questions that are being answered), `client` (that is connected or connecting), `counts` (attempts to
    connect, losses of the gateway, interactions by their kind).
    """

    def __init__(self, context: BotContext, buttons: Buttons) -> None:
        self.context = context
        self._buttons = buttons
        self.store = DiscordStore(context.settings.data_dir)
        self.guilds = GuildSettingsStore(context.corpus.catalog)
        self.queue = FairQueue(context.settings.discord_answers_at_once)
        self.rates = Rates()
        self.ingesting = asyncio.Lock()
        self.running: set[str] = set()
        self.client: discord.AutoShardedClient | None = None
        self.counts: Counter[str] = Counter()
        self._denied: dict[int, tuple[float, bool]] = {}

    async def settings(self, person: Person) -> GuildSettings:
        """What holds where the person is; the defaults while the catalog cannot be read."""
        try:
            return await self.guilds.get(person.guild)
        except NewsbotError as error:
            log.warning("settings of a server could not be read: %s", type(error).__name__)
            return GuildSettings()

    async def refusal(self, person: Person) -> str:
        """Why the person is not answered here, fit to show; empty where they are."""
        settings = await self.settings(person)
        blocked = {*self.context.settings.discord_blocked_ids, *settings.blocked_people}
        if not blocked.isdisjoint((person.user, person.guild)):
            return "I do not answer here."
        if not settings.answers_in(person.channels):
            return "The administrators of this server have not opened this channel to me. `/help` says more."
        if not person.manages and not settings.answers_to(person.roles):
            return "The administrators of this server do not let me answer your roles."
        if person.guild is None:
            if not self.context.settings.discord_direct_messages:
                return "I answer only in servers, not in direct messages."
            if await self._is_denied(person.user):
                return "The administrators of a server that we share do not let me answer you."
        return ""

    async def require(self, person: Person, *, looks: bool = False) -> None:
        """Raises UsageError, fit to show, where the person is not answered; `looks` counts a look around, too."""
        if said := await self.refusal(person):
            raise UsageError(said)
        if looks and (wait := self.rates.take([(("look", person.user), LOOKING_RATES)])) > 0:
            raise UsageError(f"That is too much at once. Try again in {duration(wait)}.")

    async def _is_denied(self, user: int) -> bool:
        """Whether a server that the bot shares with somebody denies them; known for ten minutes."""
        moment, denied = self._denied.get(user, (float("-inf"), False))
        if time.monotonic() - moment < 600:
            return denied
        denied = False
        for id_, settings in (await self.guilds.denying()).items():
            if self.client is None or (guild := self.client.get_guild(id_)) is None:
                continue
            with contextlib.suppress(discord.HTTPException):  # no member there
                roles = {role.id for role in (await guild.fetch_member(user)).roles}
                denied |= user in settings.blocked_people or not roles.isdisjoint(settings.denied_roles)
        self._denied[user] = (time.monotonic(), denied)
        return denied

    async def tell_refusal(self, target: ReplyTarget, said: str) -> None:
        """Say to somebody why they are not answered; who writes messages is told so once a minute."""
        if isinstance(target, InteractionTarget) or self.rates.take([(("told", target.person.user), TOLD_RATE)]) <= 0:
            await target.private(said)

    def _wait(self, person: Person, settings: GuildSettings) -> float:
        """Seconds until the rates allow one more question of a person: 0.0, and it is counted, where they do now.

        The operator's ceilings stand above what the administrators of a server set.
        """
        most = self.context.settings
        user = _rates(settings.user_per_minute, settings.user_per_hour, most.discord_user_per_hour_max)
        server = _rates(settings.server_per_minute, settings.server_per_hour, most.discord_server_per_hour_max)
        wanted: list[tuple[Any, Sequence[Rate]]] = [(("user", person.guild, person.user), user)]
        return self.rates.take(wanted if person.guild is None else [*wanted, (("server", person.guild), server)])

    async def ask(
        self,
        target: ReplyTarget,
        question: Question,
        *,
        recall: Callable[[], Awaitable[Sequence[Turn]]] | None = None,
        remarks: Callable[[Answer], Sequence[str]] = lambda _: (),
        answers: Callable[[Question, Sequence[Turn]], AsyncIterator[Answer]] | None = None,
        claim: str = "",
        show_growing: bool = True,
        resumed: str = "",
    ) -> Answer | None:
        """Answer a question at a target; None where it is refused or fails, which is said there.

        `recall` reads the conversation so far; `remarks` adds lines of ours to the final answer; `answers` stands in
        for the asker; `claim` is the statement that was checked; the answer is shown while it grows, unless told not
        to; `resumed` is the id of a question that was left unanswered at a restart: it is not counted again.
        """
        person = target.person
        settings = await self.settings(person)
        if not resumed and (wait := self._wait(person, settings)) > 0:
            said = f"That is more than I may answer now. Ask again in {duration(wait)}."
            await self.tell_refusal(target, said)
            return None
        try:
            ticket = self.queue.enter(person.user, person.guild, settings.queue_length)
        except Busy as busy:
            await target.private(str(busy))
            return None
        started, id_ = time.monotonic(), resumed or secrets.token_hex(ID_BYTES)
        self.running.add(id_)
        try:
            if ticket.position:
                await target.note(f"Busy: you are at position {ticket.position} in the queue. The answer comes here.")
            else:
                await target.acknowledge()
            if (where := target.pending()) is not None:  # it is kept on disk until it is answered
                of = {"user": person.user, "guild": person.guild, "channels": person.channels}
                body = {**of, **where, "claim": claim, "question": asdict(question)}
                await self._kept(self.store.begin, id_, body)
            await ticket.ready.wait()
            if ticket.refused:
                raise Busy(ticket.refused)
            history = await recall() if recall is not None else ()
            stream = (answers or self._asker(person, settings).astream)(question, history)
            answer = await _last(stream, target, settings.language if show_growing else None)
            ticket.answered()
            if not answer.answered and not answer.retrieved:  # talk: nothing was looked for
                await target.note(escaped(answer.text))
                return None
            pages = answer_pages(answer, settings.language, remarks=remarks(answer), claim=claim)
            await self.publish(target, answer, pages)
        except Exception as error:  # whatever it is, the person must not be left waiting
            said = explained(error, "a question")
            with contextlib.suppress(*OF_THE_LINE):
                await target.acknowledge()
                await target.note(said)
            return None
        finally:
            target.stop()
            if not self.queue.is_abandoned(ticket):
                await self._kept(self.store.end, id_)
            self.running.discard(id_)
            self.queue.leave(ticket)  # last: who waits for the queue to be empty ends the process
        log.info("answered in %.2f s, %d citations", time.monotonic() - started, len(answer.citations))
        return answer

    def _asker(self, person: Person, settings: GuildSettings) -> Asker:
        """Who answers: with the chat model that is set, or by quotes alone where the server has had its share of it."""
        asker, most = self.context.asker, self.context.settings.discord_model_per_hour_max
        if getattr(asker, "writer", None) is None:
            return asker
        share = (Rate(most, 3600),) if most is not None else ()
        allowed = most != 0 and self.rates.take([(("model", person.guild or person.user), share)]) <= 0
        if settings.chat_model and allowed:
            return asker
        return Asker(asker.retriever, asker.prompts, hits=asker.hits, question_chars=asker.question_chars)

    async def _kept(self, write: Callable[..., None], *values: Any) -> bool:
        """Write something that no answer must fail by; whether it was written."""
        try:
            await asyncio.to_thread(write, *values)
        except NewsbotError as error:
            log.warning("a question or an answer could not be kept: %s", error)
            return False
        return True

    async def publish(self, target: ReplyTarget, answer: Answer, pages: Sequence[Any]) -> str:
        """Keep the answer and show it with its buttons; without any where it could not be kept. Gives its id.

        An ingest may hold the catalog for a moment: nobody waits for that longer than KEEP_SECONDS.
        """
        id_, person, catalog = secrets.token_hex(ID_BYTES), target.person, self.context.corpus.catalog

        def keep() -> None:
            put_answer(catalog, id_, answer)
            self.store.asked(id_, voter(catalog, person.user), person.guild)

        keeping = asyncio.create_task(self._kept(keep))
        await asyncio.wait([keeping], timeout=KEEP_SECONDS)
        try:
            may_be_kept = not keeping.done() or keeping.result()
            view = self._buttons(id_, answer, target.can_open_thread) if may_be_kept else None
            messages = await target.finish(pages, view)
        finally:
            kept = await keeping
        if kept:
            await self._kept(put_messages, catalog, id_, messages)
        return id_

    def forget_old(self, days: int) -> int:
        """Delete what was asked more than so many days ago; how many answers there were. It blocks."""
        moment = datetime.now(UTC) - timedelta(days=days)
        self.store.forget_before(moment.timestamp())
        return forget_before(self.context.corpus.catalog, moment)


async def _last(answers: AsyncIterator[Answer], target: ReplyTarget, language: str | None) -> Answer:
    """The last answer of a stream; of those before it, what there is time for is shown, where a language is given.

    An edit that is on its way when the stream ends is waited for, so that it does not overtake the final one.
    """

    async def show(answer: Answer, language: str) -> None:
        page = answer_pages(answer, language)[0].set_footer(text="Writing …")
        try:
            await asyncio.wait_for(target.write(page), EDIT_DEADLINE_SECONDS)
        except OF_THE_LINE as error:
            log.info("an edit was dropped: %s", type(error).__name__)

    edit: asyncio.Task[None] | None = None
    last: Answer | None = None
    due = 0.0
    try:
        async for last in answers:
            free = (edit is None or edit.done()) and time.monotonic() >= due
            if language and free and last.text and not last.final:
                due = time.monotonic() + EDIT_PAUSE_SECONDS
                edit = asyncio.create_task(show(last, language))
    finally:
        if edit is not None:
            await asyncio.gather(edit, return_exceptions=True)
    if last is None:
        raise RuntimeError("the stream of answers was empty")
    return last


def explained(error: BaseException, what: str) -> str:
    """What to tell a person about an error that they caused. The log gets more, but none of their words.

    Folders and commands are for who runs the bot: of such errors the person learns that there is one.
    """
    if isinstance(error, UsageError | ReadError | Busy):
        return str(error)
    if isinstance(error, NewsbotError):
        log.error("%s", error)
        return OUTAGE
    if isinstance(error, app_commands.CheckFailure):
        return "Only administrators of this server can do that."
    if isinstance(error, discord.Forbidden):
        log.info("a permission is lacking: %s", cause(error))
        return "I lack a permission for that in this channel. An administrator can give it to me."
    if isinstance(error, OF_THE_LINE):
        log.warning("%s failed: %s", what, cause(error))
    else:
        log.error("%s failed: %s", what, type(error).__name__, exc_info=error)
    return MISHAP


async def tell_failure(interaction: Interaction, error: Exception) -> None:
    """Say to the person alone what went wrong with a command, a button or a form."""
    original = getattr(error, "original", error)
    if isinstance(original, discord.NotFound) and original.code == EXPIRED:
        log.warning("an interaction had expired before it was acknowledged")
        return
    said = explained(original, "a command")
    with contextlib.suppress(discord.HTTPException, OSError):
        await whisper(interaction, said)


def duration(seconds: float) -> str:
    """A time to wait, in words."""
    whole = max(1, math.ceil(seconds))
    if whole < 90:
        return f"{whole} second{'s' if whole > 1 else ''}"
    return f"{math.ceil(whole / 60)} minutes"


def _rates(per_minute: int, per_hour: int, ceiling: int) -> tuple[Rate, ...]:
    """What may be asked; 0 is any number."""
    return Rate(per_minute, 60), Rate(min(filter(None, (per_hour, ceiling)), default=0), 3600)
