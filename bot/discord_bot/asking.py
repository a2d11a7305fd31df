"""How people ask: `/ask`, "Check against the news", a mention, a reply, a word in a thread or an open channel."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.answering.statement_check import bounded, nearest
from bot.asking import question_of
from bot.discord_bot.answer_service import AnswerService
from bot.discord_bot.client import NewsClient
from bot.discord_bot.context import Interaction, Person
from bot.discord_bot.logs import cause
from bot.discord_bot.memory import history_of, turn_of
from bot.discord_bot.store import Pending
from bot.discord_bot.targets import OF_THE_LINE, ChannelTarget, InteractionTarget, ReplyTarget, RestoredTarget
from bot.errors import NewsbotError, UsageError
from bot.models.question_kind import QuestionKind
from bot.retrieval.question_dates import date_phrases
from bot.schema import Question
from bot.wording.days import day_of

log = logging.getLogger(__name__)

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
"""Times that a question is tried. After that it may be what ends the bot."""
LOST = "A question was lost when I was restarted. Please ask it again."
_WRITTEN = frozenset({discord.MessageType.default, discord.MessageType.reply})


class Asking(commands.Cog):
    """Everything that ends in an answer."""

    def __init__(self, client: NewsClient) -> None:
        self.client = client
        self.service: AnswerService = client.service
        self._resumed = False
        client.tree.add_command(app_commands.ContextMenu(name=MENU, callback=self.check))

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
        target = InteractionTarget(interaction, private=private)
        await self.service.require(target.person)
        first, last = day_from(after) if after else None, day_from(before, last=True) if before else None
        asked = Question(question, after=first, before=last, sources=(source,) if source else ())
        await self._answer(target, asked)

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
        target = InteractionTarget(interaction, private=True)
        await self.service.require(target.person)
        if not (said := statement_in(message, self.client)):
            raise UsageError("That message has no words that could be checked.")
        await self._check(target, said)

    # Messages

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """A message was written: answer it where it is for the bot. Raises nothing that a message can cause."""
        if self.client.user is None or message.author.bot or message.webhook_id or message.type not in _WRITTEN:
            return
        try:
            await self._heard(message, ChannelTarget(message.channel, message))
        except OF_THE_LINE as error:
            log.warning("a message could not be answered: %s", cause(error))

    async def _heard(self, message: discord.Message, target: ChannelTarget) -> None:
        person, mentioned = target.person, self._is_mentioned(message)
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
        if refusal := await self.service.refusal(person):
            if person.guild is None:
                await self.service.tell_refusal(target, refusal)
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
                await self._answer(target, Question(text), is_talk=True)
            return
        if surely is QuestionKind.TALK and text and not mentioned and person.guild is not None:
            return  # a reply to an answer that asks nothing
        if settings.is_quiet(datetime.now(UTC)):
            await target.react("🌙")
            return
        if not target.can_send:
            await target.private(
                "You asked me in a channel in which I may not write. An administrator can change that."
            )
            return
        about = replied if isinstance(replied, discord.Message) and not to_answer else None
        if about and (not text or surely is QuestionKind.CHECK) and (said := statement_in(about, self.client)):
            await self._check(target, said)
        elif not text:
            await target.note(self._how_to_ask(message))
        elif surely is QuestionKind.THANKS:
            await target.react("👍")
        else:  # the asker knows what to say to talk, too
            await self._answer(target, Question(text), is_talk=surely.is_talk)

    async def _kinds(self, text: str) -> tuple[QuestionKind, QuestionKind]:
        """The kind of a text twice: where the bot is meant, a question is likelier; elsewhere, talk is."""
        if not text:
            return QuestionKind.TALK, QuestionKind.TALK
        retriever = self.service.context.asker.retriever

        def kinds() -> tuple[QuestionKind, QuestionKind]:
            vector = retriever.embeddings.encode([text], "query")[0]
            return retriever.kinds.kind(text, vector), retriever.kinds.kind(text, vector, -OVERHEARD_MARGIN)

        return await asyncio.to_thread(kinds)

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
        self, target: ReplyTarget, question: Question, *, claim: str = "", is_talk: bool = False, resumed: str = ""
    ) -> None:
        message = None if claim or is_talk else target.message
        recall = partial(history_of, message, self._me) if message is not None else None
        answers = partial(nearest, self.service.context.asker) if claim else None
        await self.service.ask(target, question, recall=recall, answers=answers, claim=claim, resumed=resumed)
        if message is not None and message.reference is not None and not target.can_read_history:
            await target.private(
                "I am not allowed to read that channel's history, so I answered without the earlier messages."
            )

    async def _check(self, target: ReplyTarget, said: str) -> None:
        claim = await asyncio.to_thread(bounded, said, self.service.context.asker.question_chars)
        await self._answer(target, Question(claim), claim=claim)

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
        await asyncio.gather(*(self._resume(each) for each in left if each.id not in self.service.running))

    async def _resume(self, pending: Pending) -> None:
        body, age = pending.body, time.time() - pending.at
        target: ReplyTarget | None = None
        try:
            if "token" in body and age < TOKEN_SECONDS:
                target = RestoredTarget(self.client, body)
            elif age < LOST_SECONDS and not body.get("private"):
                target = await self._target_in_channel(body)
            can_be_answered = isinstance(target, RestoredTarget) or (target and target.message)
            if target is not None and can_be_answered and pending.tries < TRIES_MOST:
                await self._answer(target, question_of(body["question"]), claim=body["claim"], resumed=pending.id)
                return
            if target is not None:
                await target.note(LOST)
        except (*OF_THE_LINE, KeyError) as error:  # a key lacks in what an older newsbot noted
            log.warning("a question that was left could not be taken up: %s", cause(error))
        await asyncio.to_thread(self.service.store.end, pending.id)

    async def _target_in_channel(self, body: Mapping[str, Any]) -> ChannelTarget:
        """The reply to the message that asked; where there is none any more, a message in its channel."""
        id_ = int(body["channel"])
        channel: Any = self.client.get_channel(id_) or await self.client.fetch_channel(id_)
        if "message" in body:
            with contextlib.suppress(discord.NotFound):
                return ChannelTarget(channel, await channel.fetch_message(int(body["message"])))
        return ChannelTarget(channel, Person(body["user"], body["guild"]))


def words_of(message: discord.Message, client: discord.Client) -> str:
    """What a message says, without the mention of the bot; others are called by their names."""
    names = {each.id: each.display_name for each in message.mentions if each != client.user}
    text = re.sub(r"<@!?(\d+)>", lambda found: names.get(int(found[1]), " "), message.content)
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
    raise UsageError(f"I do not understand the day “{text[:40]}”. Write it as 2024-05-01, 2024-05 or 2024.")
