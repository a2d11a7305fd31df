"""Takes a question from a person to the answer that is shown and kept: authorises, queues, asks, delivers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import discord
from discord import app_commands

from bot.asking import Asker
from bot.corpus.catalog.feedback import forget_before, put_answer, put_messages, voter
from bot.discord_bot.context import BotContext, Person
from bot.discord_bot.delivery import watched
from bot.discord_bot.embeds import answer_pages
from bot.discord_bot.guild_settings import GuildSettings, GuildSettingsStore
from bot.discord_bot.logs import cause
from bot.discord_bot.store import DiscordStore
from bot.discord_bot.targets import OF_THE_LINE, InteractionTarget, ReplyTarget, whisper
from bot.errors import NewsbotError, ReadError, UsageError
from bot.fair_queue import Busy, FairQueue
from bot.models.question_kind import TALK_MARGIN, QuestionKind
from bot.rates import Rate, Rates
from bot.schema import Answer, Question, Turn
from bot.wording.markdown import escaped

log = logging.getLogger(__name__)

ID_BYTES = 6
KEEP_SECONDS = 1.0
TOLD_RATE = (Rate(1, 60),)
"""How often somebody who writes messages is told that they ask too much."""
LOOKING_RATES = (Rate(20, 60), Rate(200, 3600))
"""How often one person may look around or press a button: that costs less than an answer."""
OUTAGE = "I cannot answer now: the corpus or the model cannot be used. Whoever runs me finds the cause in the log."
MISHAP = "Something went wrong here, and its cause is in the bot's log. Please ask again."
EXPIRED = 10062
"""Discord knows an interaction no more: nobody waits for it."""

Recall = Callable[[], Awaitable[Sequence[Turn]]]
Buttons = Callable[[str, Answer], discord.ui.View]
"""Makes the buttons under an answer, from the id under which it is kept."""


class AnswerService:
    """What commands, messages and buttons share, for as long as the process lives.

    Attributes: `context`, `store`, `guilds` (settings of servers), `queue`, `rates`, `ingesting` (a lock).
    """

    def __init__(self, context: BotContext) -> None:
        self.context = context
        self.store = DiscordStore(context.settings.data_dir)
        self.guilds = GuildSettingsStore(context.corpus.catalog)
        self.queue = FairQueue(context.settings.discord_answers_at_once)
        self.rates = Rates()
        self.ingesting = asyncio.Lock()
        self.blocked = context.settings.discord_blocked_ids
        self._noted: set[str] = set()
        self._denied: dict[int, tuple[float, bool]] = {}

    async def settings(self, person: Person) -> GuildSettings:
        """What holds where the person is; the defaults while the catalog cannot be read."""
        try:
            return await self.guilds.get(person.guild)
        except NewsbotError as error:
            log.warning("settings of a server could not be read: %s", type(error).__name__)
            return GuildSettings()

    async def refusal(self, person: Person, client: discord.Client | None = None) -> str:
        """Why the person is not answered here, fit to show; empty where they are.

        `client` is asked, for direct messages, whether a server in which they are denies them.
        """
        settings = await self.settings(person)
        if person.user in self.blocked or person.guild in self.blocked or person.user in settings.blocked_people:
            return "I do not answer here."
        if not settings.answers_in(person.channels):
            return "The administrators of this server have not opened this channel to me. `/help` says more."
        if not person.manages and not settings.answers_to(person.roles):
            return "The administrators of this server have not opened me to your roles."
        if person.guild is None:
            if not self.context.settings.discord_direct_messages:
                return "I answer in servers alone, not in direct messages."
            if client is not None and await self._is_denied(person.user, client):
                return "The administrators of a server that we share have not opened me to you."
        return ""

    async def require(self, person: Person, client: discord.Client | None, *, looks: bool = False) -> None:
        """Raises UsageError, fit to show, where the person is not answered; `looks` counts a look around, too."""
        if said := await self.refusal(person, client):
            raise UsageError(said)
        if looks and (wait := self.looking_wait(person)) > 0:
            raise UsageError(f"That is more than I may show for now. Try again in {duration(wait)}.")

    async def _is_denied(self, user: int, client: discord.Client) -> bool:
        """Whether a server that the bot shares with somebody denies them; known for ten minutes."""
        moment, denied = self._denied.get(user, (float("-inf"), False))
        if time.monotonic() - moment < 600:
            return denied
        denied = False
        for id_, settings in (await self.guilds.denying()).items():
            guild = client.get_guild(id_)
            if guild is None:
                continue
            try:
                member = await guild.fetch_member(user)
            except discord.HTTPException:
                continue  # no member there
            roles = {role.id for role in member.roles}
            denied = denied or user in settings.blocked_people or bool(roles.intersection(settings.denied_roles))
        self._denied[user] = (time.monotonic(), denied)
        return denied

    def wait(self, person: Person, settings: GuildSettings) -> float:
        """Seconds until the rates allow one more question of a person: 0.0, and it is counted, where they do now.

        The operator's ceilings stand above what the administrators of a server set.
        """
        most = self.context.settings
        user = _rates(settings.user_per_minute, settings.user_per_hour, most.discord_user_per_hour_max)
        server = _rates(settings.server_per_minute, settings.server_per_hour, most.discord_server_per_hour_max)
        wanted: list[tuple[Any, Sequence[Rate]]] = [(("user", person.guild, person.user), user)]
        if person.guild is not None:
            wanted.append((("server", person.guild), server))
        return self.rates.take(wanted)

    def looking_wait(self, person: Person) -> float:
        """The same for a look around or a button."""
        return self.rates.take([(("look", person.user), LOOKING_RATES)])

    async def ask(
        self,
        target: ReplyTarget,
        person: Person,
        question: Question,
        *,
        buttons: Buttons,
        recall: Recall | None = None,
        remarks: Callable[[Answer], Sequence[str]] | None = None,
        answers: Callable[[Question, Sequence[Turn]], AsyncIterator[Answer]] | None = None,
        claim: str = "",
        growing: bool = True,
        resumed: str = "",
    ) -> Answer | None:
        """Answer a question at a target; None where it is refused or fails, which is said there.

        `recall` reads the conversation so far; `remarks` adds lines of ours to the final answer; `answers` stands in
        for the asker; `claim` is the statement that was checked; with `growing` the answer is shown while it grows;
        `resumed` is the id of a question that was left unanswered at a restart: it is not counted again.
        """
        settings = await self.settings(person)
        if not resumed and not await self._allowed(target, person, settings):
            return None
        try:
            ticket = self.queue.enter(person.user, person.guild, settings.queue_length)
        except Busy as busy:
            await target.private(str(busy))
            return None
        started, noted = time.monotonic(), resumed or secrets.token_hex(ID_BYTES)
        try:
            if ticket.position:
                await target.note(f"Busy: you are at position {ticket.position} in the queue. The answer comes here.")
            else:
                await target.acknowledge()
            await self._note(noted, target, person, question, claim)
            async with ticket:
                history = await recall() if recall is not None else ()
                stream = (answers or self._asker(person, settings).astream)(question, history)
                answer = await watched(stream, target, settings.language, show=growing)
                ticket.answered()
                if not answer.answered and not answer.retrieved:  # talk: nothing was looked for
                    await target.note(escaped(answer.text))
                    return None
                lines = remarks(answer) if remarks else ()
                pages = answer_pages(answer, settings.language, remarks=lines, claim=claim)
                await self.publish(target, person, answer, pages, buttons)
        except Exception as error:  # whatever it is, the person must not be left waiting
            said = explained(error, "a question")
            with contextlib.suppress(*OF_THE_LINE):
                await target.acknowledge()
                await target.note(said)
            return None
        finally:
            self.queue.leave(ticket)
            target.stop()
            if not self.queue.is_abandoned(ticket):
                await self._settled(noted)
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

    async def _note(self, id_: str, target: ReplyTarget, person: Person, question: Question, claim: str) -> None:
        """Keep the question on disk until it is answered."""
        if (where := target.pending()) is not None:
            self._noted.add(id_)
            of = {"user": person.user, "guild": person.guild, "channels": person.channels}
            await self._kept(self.store.begin, id_, {**of, **where, "claim": claim, "question": asdict(question)})

    async def _settled(self, id_: str) -> None:
        self._noted.discard(id_)
        await self._kept(self.store.end, id_)

    def is_running(self, id_: str) -> bool:
        """Whether a question that was noted is being answered by this process."""
        return id_ in self._noted

    async def _kept(self, write: Callable[..., None], *values: Any) -> bool:
        """Write something that no answer must fail by; whether it was written."""
        try:
            await asyncio.to_thread(write, *values)
        except NewsbotError as error:
            log.warning("a question or an answer could not be kept: %s", error)
            return False
        return True

    async def _allowed(self, target: ReplyTarget, person: Person, settings: GuildSettings) -> bool:
        """Whether the rates allow one more question; else the person is told when they do."""
        wait = self.wait(person, settings)
        if wait <= 0:
            return True
        if isinstance(target, InteractionTarget) or self.rates.take([(("told", person.user), TOLD_RATE)]) <= 0:
            await target.private(f"That is more than I may answer for now. Ask again in {duration(wait)}.")
        return False

    async def publish(
        self, target: ReplyTarget, person: Person, answer: Answer, pages: Sequence[Any], buttons: Buttons
    ) -> str:
        """Keep the answer and show it with its buttons; without any where it could not be kept. Gives its id.

        An ingest may hold the catalog for a moment: nobody waits for that longer than KEEP_SECONDS.
        """
        id_ = secrets.token_hex(ID_BYTES)
        catalog = self.context.corpus.catalog

        def keep() -> None:
            put_answer(catalog, id_, answer)
            self.store.asked(id_, voter(catalog, person.user), person.guild)

        keeping = asyncio.create_task(self._kept(keep))
        await asyncio.wait([keeping], timeout=KEEP_SECONDS)
        try:
            may_be_kept = not keeping.done() or keeping.result()
            messages = await target.finish(pages, buttons(id_, answer) if may_be_kept else None)
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


def kind_of(asker: Asker, text: str, talk_margin: float = TALK_MARGIN) -> QuestionKind:
    """What kind of thing a text asks; the margin is as `KindClassifier.kind` has it. It blocks."""
    retriever = asker.retriever
    return retriever.kinds.kind(text, retriever.embeddings.encode([text], "query")[0], talk_margin)


def explained(error: BaseException, what: str) -> str:
    """What the person is told who caused an error; the log is told more, but none of their words.

    Folders and commands are for who runs the bot: of such errors the person learns that there is one.
    """
    if isinstance(error, UsageError | ReadError | Busy):
        return str(error)
    if isinstance(error, NewsbotError):
        log.error("%s", error)
        return OUTAGE
    if isinstance(error, app_commands.CheckFailure):
        return "Only administrators of this server may do that."
    if isinstance(error, discord.Forbidden):
        log.info("a permission is lacking: %s", cause(error))
        return "I lack a permission for this in this channel. An administrator can give it to me."
    if isinstance(error, OF_THE_LINE):
        log.warning("%s failed: %s", what, cause(error))
    else:
        log.error("%s failed: %s", what, type(error).__name__, exc_info=error)
    return MISHAP


async def tell_failure(interaction: discord.Interaction[Any], error: Exception) -> None:
    """Say to the person alone what went wrong with a command, a button or a form."""
    original = getattr(error, "original", error)
    if isinstance(original, discord.NotFound) and original.code == EXPIRED:
        log.warning("an interaction had expired before it was acknowledged")
        return
    said = explained(original, "a command")
    with contextlib.suppress(discord.HTTPException, OSError):
        await whisper(interaction, said)


def service_of(interaction: discord.Interaction[Any]) -> AnswerService:
    """The service of the client that an interaction came to."""
    service = interaction.client.service
    assert isinstance(service, AnswerService)
    return service


def duration(seconds: float) -> str:
    """A time to wait, in words."""
    whole = max(1, math.ceil(seconds))
    if whole < 90:
        return f"{whole} second{'s' if whole > 1 else ''}"
    return f"{math.ceil(whole / 60)} minutes"


def _rates(per_minute: int, per_hour: int, ceiling: int) -> tuple[Rate, ...]:
    """What may be asked; 0 is any number."""
    hour = min(each for each in (per_hour or ceiling, ceiling or per_hour)) if per_hour or ceiling else 0
    return Rate(per_minute, 60), Rate(hour, 3600)
