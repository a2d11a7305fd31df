"""How people ask: `/ask`, "Check against the news", a mention, a reply, a word in a thread or an open channel."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.answering.statement_check import bounded, nearest
from bot.asking import question_of
from bot.discord_bot.answer_service import TOLD_RATE, AnswerService, kind_of
from bot.discord_bot.buttons import answer_buttons
from bot.discord_bot.client import NewsClient
from bot.discord_bot.context import Person, person_of
from bot.discord_bot.logs import cause
from bot.discord_bot.memory import history_of, turn_of
from bot.discord_bot.store import Pending
from bot.discord_bot.targets import OF_THE_LINE, InteractionTarget, MessageTarget, ReplyTarget, RestoredTarget
from bot.errors import NewsbotError, UsageError
from bot.models.question_kind import QuestionKind
from bot.retrieval.question_dates import date_phrases
from bot.schema import Question
from bot.wording.days import day_of

log = logging.getLogger(__name__)

Interaction = discord.Interaction[Any]

CHOICES_MOST, CHOICE_CHARS = 25, 100
"""Discord's limits for what autocomplete offers."""
QUESTION_CHARS = 1500
"""The longest question that the box of the command takes; the asker has its own limit, and says so."""
MENU = "Check against the news"
OVERHEARD_MARGIN = 0.35
"""How far a question must be ahead of every kind of talk where nobody said that the bot is meant."""
TOKEN_SECONDS = 14 * 60.0
"""How long an interaction can be answered: Discord's 15 minutes, less a margin."""
LOST_SECONDS = 24 * 3600.0
"""How long after it was asked a lost question is still said to be lost."""
TRIES_MOST = 2
"""A question at which the bot ended so often is not tried again: it may be the reason."""
LOST = "A question was lost when I was restarted. Please ask it again."
_WRITTEN = frozenset({discord.MessageType.default, discord.MessageType.reply})


class Asking(commands.Cog):
    """Everything that ends in an answer."""

    def __init__(self, client: NewsClient) -> None:
        self.client = client
        self.service: AnswerService = client.service
        self._resumed = False
        self._menu = app_commands.ContextMenu(name=MENU, callback=self.check)

    async def cog_load(self) -> None:
        self.client.tree.add_command(self._menu)

    # Commands

    @app_commands.command(name="ask", description="Ask the news: an answer with sources and dates")
    @app_commands.describe(
        question="Your question, in words",
        source="Only from this outlet",
        after="Published on this day or later: 2024-05-01, 2024, last week",
        before="Published on this day or earlier: 2024-05-01, 2024, last month",
        private="Show the answer to you alone",
    )
    async def ask(
        self,
        interaction: Interaction,
        question: app_commands.Range[str, 1, QUESTION_CHARS],
        source: app_commands.Range[str, 1, CHOICE_CHARS] | None = None,
        after: app_commands.Range[str, 1, 40] | None = None,
        before: app_commands.Range[str, 1, 40] | None = None,
        private: bool = False,
    ) -> None:
        person = person_of(interaction)
        await self.service.require(person, self.client)
        first, last = day_from(after) if after else None, day_from(before, last=True) if before else None
        asked = Question(question, after=first, before=last, sources=(source,) if source else ())
        await self._answer(InteractionTarget(interaction, private=private), person, asked)

    @ask.autocomplete("source")
    async def _offered(self, _: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Sources that hold what was typed, those that begin with it first, the largest first."""
        sources = await asyncio.to_thread(self.service.context.corpus.sources)
        wanted = typed.casefold().strip()
        fitting = [name for name in sources if name and wanted in name.casefold() and len(name) <= CHOICE_CHARS]
        fitting.sort(key=lambda name: not name.casefold().startswith(wanted))
        return [app_commands.Choice(name=name, value=name) for name in fitting[:CHOICES_MOST]]

    async def check(self, interaction: Interaction, message: discord.Message) -> None:
        """What the corpus says near a message: shown to the person alone, since nobody else has asked."""
        person = person_of(interaction)
        await self.service.require(person, self.client)
        said = statement_in(message, self.client)
        if not said:
            raise UsageError("That message has no words that could be checked.")
        await self._check(InteractionTarget(interaction, private=True), person, said)

    # Messages

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """A message was written: answer it where it is for the bot. Raises nothing that a message can cause."""
        if self.client.user is None or message.author.bot or message.webhook_id or message.type not in _WRITTEN:
            return
        try:
            await self._heard(message, person_of(message))
        except OF_THE_LINE as error:
            log.warning("a message could not be answered: %s", cause(error))

    async def _heard(self, message: discord.Message, person: Person) -> None:
        mentioned = self._is_mentioned(message)
        replied = message.reference.resolved if message.reference else None
        to_answer = isinstance(replied, discord.Message) and turn_of(replied, self._me) is not None
        addressed = mentioned or to_answer or person.guild is None
        if person.guild is not None and not self.service.context.settings.discord_mention_trigger:
            return
        settings = await self.service.settings(person)
        is_open = settings.is_open(person.channels) or self._is_own_thread(message)
        addressed = addressed or (is_open and message.channel.id == message.id)  # a new post in a forum
        if not addressed and not (is_open and not self._is_for_others(message)):
            return
        target = MessageTarget(message)
        if refusal := await self.service.refusal(person, self.client):
            if person.guild is None and self.service.rates.take([(("told", person.user), TOLD_RATE)]) <= 0:
                await target.note(refusal)
            return
        text = self._asked_in(message)
        surely, likely = await self._kinds(text)
        if not addressed and likely.is_talk:
            if not self._is_own_thread(message):
                return
            if not message.content and not self.client.intents.message_content:
                await target.note(self._how_to_ask(message))
            elif likely is QuestionKind.THANKS:
                await target.react("👍")
            elif surely in {QuestionKind.GREETING, QuestionKind.HELP}:
                await self._answer(target, person, Question(text))
            return
        if surely is QuestionKind.TALK and text and not mentioned and person.guild is not None:
            return  # a reply to an answer that asks nothing
        if settings.is_quiet(datetime.now(UTC)):
            await target.react("🌙")
            return
        if not target.can_send:
            await target.private("I was asked in a channel in which I may not write. An administrator can allow it.")
            return
        about = replied if isinstance(replied, discord.Message) and not to_answer else None
        if about and (not text or surely is QuestionKind.CHECK) and (said := statement_in(about, self.client)):
            await self._check(target, person, said)
        elif not text:
            await target.note(self._how_to_ask(message))
        elif surely is QuestionKind.THANKS:
            await target.react("👍")
        else:  # the asker knows what to say to talk, too
            await self._answer(target, person, Question(text), recall_from=None if surely.is_talk else message)

    async def _kinds(self, text: str) -> tuple[QuestionKind, QuestionKind]:
        """What kind a text is: in favour of a question, as for what is said to the bot, and in favour of talk."""
        if not text:
            return QuestionKind.TALK, QuestionKind.TALK
        kind = partial(kind_of, self.service.context.asker, text)
        return await asyncio.to_thread(kind), await asyncio.to_thread(kind, -OVERHEARD_MARGIN)

    def _how_to_ask(self, message: discord.Message) -> str:
        if not message.content and not self.client.intents.message_content:
            return "I cannot read messages here unless they mention me. Mention me, or use `/ask`."
        return "Ask me about the news, in words. `/help` says what I can do."

    @property
    def _me(self) -> int:
        assert self.client.user is not None
        return self.client.user.id

    def _asked_in(self, message: discord.Message) -> str:
        """What a message asks; the title of a new post in a forum belongs to its question."""
        text = words_of(message, self.client)
        channel = message.channel
        if isinstance(channel, discord.Thread) and channel.id == message.id:
            title = channel.name.strip()
            return f"{title} {text}".strip() if text.lower() != title.lower() else text
        return text

    def _is_mentioned(self, message: discord.Message) -> bool:
        own_role = message.guild.self_role if message.guild else None
        by_role = own_role is not None and own_role in message.role_mentions
        return by_role or re.search(rf"<@!?{self._me}>", message.content) is not None

    def _is_own_thread(self, message: discord.Message) -> bool:
        return isinstance(message.channel, discord.Thread) and message.channel.owner_id == self._me

    def _is_for_others(self, message: discord.Message) -> bool:
        """Whether people talk to each other: a reply to or a mention of somebody else."""
        replied = message.reference.resolved if message.reference else None
        if isinstance(replied, discord.Message) and replied.author.id != self._me:
            return True
        return bool(message.mentions) and self._me not in {each.id for each in message.mentions}

    # Answers

    async def _answer(
        self, target: ReplyTarget, person: Person, question: Question, *, recall_from: discord.Message | None = None,
        resumed: str = "",
    ) -> None:  # fmt: skip
        recall = partial(history_of, recall_from, self._me) if recall_from is not None else None
        buttons = answer_buttons(threads=target.can_open_thread)
        await self.service.ask(target, person, question, buttons=buttons, recall=recall, resumed=resumed)
        if (
            isinstance(target, MessageTarget) and recall_from is not None and recall_from.guild is not None
            and recall_from.reference is not None and not target.permissions.read_message_history
        ):  # fmt: skip
            await target.private("I may not read the history of that channel, so I answered without what was before.")

    async def _check(self, target: ReplyTarget, person: Person, said: str, resumed: str = "") -> None:
        asker = self.service.context.asker
        claim = await asyncio.to_thread(bounded, said, asker.question_chars)
        await self.service.ask(
            target, person, Question(claim), buttons=answer_buttons(threads=target.can_open_thread),
            answers=partial(nearest, asker), claim=claim, resumed=resumed,
        )  # fmt: skip

    # After a restart

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Take up what was being answered when the bot ended."""
        if self._resumed:
            return
        self._resumed = True
        try:
            left = await asyncio.to_thread(self.service.store.pending)
        except NewsbotError as error:
            log.error("%s", error)
            return
        if left:
            log.info("Questions that were left unanswered: %d.", len(left))
        await asyncio.gather(*(self._resume(each) for each in left if not self.service.is_running(each.id)))

    async def _resume(self, pending: Pending) -> None:
        body, age = pending.body, time.time() - pending.at
        person = Person(int(body["user"]), body["guild"], tuple(body["channels"]))
        try:
            target = await self._target_of(pending, age)
            if target is not None and pending.tries < TRIES_MOST:
                if body["claim"]:
                    await self._check(target, person, body["claim"], pending.id)
                else:
                    message = target.message if isinstance(target, MessageTarget) else None
                    await self._answer(
                        target, person, question_of(body["question"]), recall_from=message, resumed=pending.id
                    )
                return
            if target is not None:
                await target.note(LOST)
            elif age < LOST_SECONDS and not body.get("private"):
                channel: Any = await self._channel(int(body["channel"]))
                await channel.send(LOST)
        except (*OF_THE_LINE, KeyError) as error:  # a key lacks in what an older newsbot noted
            log.warning("a question that was left could not be taken up: %s", cause(error))
        await asyncio.to_thread(self.service.store.end, pending.id)

    async def _target_of(self, pending: Pending, age: float) -> ReplyTarget | None:
        """Where the answer goes; None where Discord takes none there any more."""
        body = pending.body
        if "token" in body:
            return RestoredTarget(self.client, body) if age < TOKEN_SECONDS else None
        if age > LOST_SECONDS:
            return None
        channel: Any = await self._channel(int(body["channel"]))
        try:
            return MessageTarget(await channel.fetch_message(int(body["message"])))
        except discord.NotFound:
            return None

    async def _channel(self, id_: int) -> Any:
        return self.client.get_channel(id_) or await self.client.fetch_channel(id_)


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


def statement_in(message: discord.Message, client: discord.Client) -> str:
    """The words of a message, or of what is embedded in it."""
    embedded = (part for embed in message.embeds for part in (embed.title, embed.description) if part)
    return (words_of(message, client) or " ".join(embedded)).strip()


def day_from(text: str, *, last: bool = False) -> date:
    """A day as `day_of` takes it, or from words such as "last week"; `last` is its last day. Raises UsageError."""
    with contextlib.suppress(UsageError):
        return day_of(text.strip(), last=last)
    for phrase in date_phrases(text, datetime.now(UTC).date()):
        found = (phrase.before if last else phrase.after) or phrase.after or phrase.before
        if found is not None:
            return found
    raise UsageError(f"“{text[:40]}” is no day that I understand. Write it as 2024-05-01, 2024-05 or 2024.")
