"""What is posted as the corpus grows: `/digest` at a set hour, `/alert` at once, and answers that changed (🔔)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Literal, get_args

import discord
from discord import app_commands
from discord.ext import commands, tasks

from bot.answering.briefing import briefing, is_on, new_articles
from bot.corpus.catalog.feedback import Given, given
from bot.discord_bot.answer_service import AnswerService
from bot.discord_bot.browsing import Topic
from bot.discord_bot.client import NewsClient
from bot.discord_bot.context import Interaction, Person, person_of
from bot.discord_bot.embeds import answer_pages, changes, line_pages
from bot.discord_bot.forms import Choice
from bot.discord_bot.guild_settings import GuildSettings, clock, now, zone_of
from bot.discord_bot.logs import cause
from bot.discord_bot.store import Kind, Watch
from bot.discord_bot.targets import OF_THE_LINE, ChannelTarget, think, whisper
from bot.errors import NewsbotError, UsageError
from bot.retrieval.topic import TOPIC_CHARS, topic_terms
from bot.schema import Answer, Passage
from bot.wording.markdown import escaped, one_line

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
"""How often the catalog's log is looked at; where nothing changed, that is one small query."""
BELL_SECONDS = 600.0
"""How often a question is asked again while the corpus grows."""
BELLS_AT_ONCE = 5
KEEP_SECONDS = 6 * 3600.0
FRESH_DAYS = 14
"""Age of articles from which they are not posted: they come from an archive that somebody ingests."""
WATCHES_MOST = 25
"""Digests and alerts of one server: as many as Discord takes in one select."""
Days = Literal["every day", "weekdays", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


class Watches(commands.Cog):
    """Digests, alerts and bells: their commands, and the loop that looks at the catalog's log."""

    def __init__(self, client: NewsClient) -> None:
        self.client = client
        self.service: AnswerService = client.service
        self.corpus = client.service.context.corpus
        self._kept = 0.0

    async def cog_load(self) -> None:
        self.look.change_interval(seconds=LOOK_SECONDS)
        self.look.start()

    async def cog_unload(self) -> None:
        self.look.cancel()

    # Commands

    @app_commands.command(
        name="digest", description="A briefing at a set hour on what is new on a topic; without one, the list"
    )
    @app_commands.describe(
        topic="Words that the articles hold", channel="Where; here if you name none", at="When, such as 08:00",
        days="On which days",
    )  # fmt: skip
    @app_commands.rename(at="time")
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def digest(
        self,
        interaction: Interaction,
        topic: Topic | None = None,
        channel: discord.TextChannel | None = None,
        at: app_commands.Range[str, 1, 5] = "08:00",
        days: Days = "every day",
    ) -> None:
        await self._begin(interaction, "digest", topic, channel, {"time": clock(at), "days": days})

    @app_commands.command(name="alert", description="A post when an article on a topic comes in; without one, the list")
    @app_commands.describe(topic="Words that the article holds", channel="Where; here if you name none")
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def alert(
        self, interaction: Interaction, topic: Topic | None = None, channel: discord.TextChannel | None = None
    ) -> None:
        await self._begin(interaction, "alert", topic, channel, {})

    async def _begin(
        self,
        interaction: Interaction,
        kind: Kind,
        topic: str | None,
        channel: discord.TextChannel | None,
        body: dict[str, Any],
    ) -> None:
        person = person_of(interaction)
        if not person.manages:
            raise UsageError("Only people who may manage this server can do that.")
        await think(interaction)
        own = [each for each in await asyncio.to_thread(self.service.store.watches) if each.guild == person.guild]
        own = [each for each in own if each.kind != "bell"]
        if topic is None:
            await self._list(interaction, kind, [each for each in own if each.kind == kind])
            return
        if len(own) >= WATCHES_MOST:
            raise UsageError(f"At most {WATCHES_MOST} digests and alerts can be set in one server.")
        if not await asyncio.to_thread(topic_terms, self.corpus, topic):
            raise UsageError("Name the topic in words that stand in articles.")
        place: Any = channel or interaction.channel
        if not ChannelTarget(place, person).can_send:
            raise UsageError(f"I may not write in <#{place.id}>.")
        seq = await asyncio.to_thread(self.corpus.catalog.seq)
        await asyncio.to_thread(self.service.store.watch, kind, person.guild, place.id, person.user, topic, seq, body)
        zone = (await self.service.settings(person)).time_zone
        when = "when it comes in"
        if body:
            when = f"at {body['time']} ({zone}), {body['days']}; nothing is posted when nothing is new"
        shown = escaped(one_line(topic, TOPIC_CHARS))
        await whisper(interaction, f"<#{place.id}> gets what is new on **{shown}** {when}.")

    async def _list(self, interaction: Interaction, kind: Kind, watches: Sequence[Watch]) -> None:
        """Show what is watched, with a select with which one is ended."""
        if not watches:
            raise UsageError(f"There is no {kind} here yet.")

        async def ended(chosen_by: Interaction, chosen: str) -> None:
            await asyncio.to_thread(self.service.store.unwatch, int(chosen))
            await chosen_by.response.edit_message(content="Ended.", view=None)

        topics = {str(each.id): one_line(each.topic, 90) for each in watches}
        page = line_pages(f"{kind.capitalize()}s", map(_line, watches), footer="Choose one to end it.")[0]
        await whisper(interaction, "", embed=page, view=Choice("End one", topics, ended))

    # Looking

    @tasks.loop(seconds=LOOK_SECONDS)
    async def look(self) -> None:
        """Look at every watch. An error in one does not stop the others."""
        watches: list[Watch] = []
        seq = 0
        with going_on():
            await self._keep()
            watches = await asyncio.to_thread(self.service.store.watches)
            seq = await asyncio.to_thread(self.corpus.catalog.seq) if watches else 0
        bells = [each.id for each in watches if each.kind == "bell" and time.time() - each.at >= BELL_SECONDS]
        for watch in watches:
            with going_on():
                if watch.kind == "digest":
                    settings = await self.service.settings(Person(watch.person, watch.guild))
                    if is_due(watch, settings, now()):
                        await self._post(watch, f"Digest: {watch.topic}")
                elif watch.seq < seq and watch.kind == "alert":
                    await self._post(watch, f"New on {watch.topic}")
                elif watch.seq < seq and watch.id in bells[:BELLS_AT_ONCE]:
                    await self._ring(watch, seq)

    @look.before_loop
    async def _before(self) -> None:
        await self.client.wait_until_ready()

    async def _post(self, watch: Watch, title: str) -> None:
        """Post what is new on a topic since the last look; nothing where nothing is."""
        seq, articles = await asyncio.to_thread(self._new, watch)
        if articles:
            if (target := await self._target(watch)) is None:
                return
            is_alert = watch.kind == "alert"
            found = await asyncio.to_thread(briefing, self.corpus, watch.topic, articles, title, each=is_alert)
            more = len(articles) - len({citation.article.id for citation in found.citations})
            remarks = [f"-# And {more} more: `/latest` has them."] if more > 0 else []
            await self._publish(target, found, remarks)
        # Wire copies count as posted: one of them may become an article of its own.
        ids = [passages[0].article.id for passages in articles]
        copies = await asyncio.to_thread(self.corpus.catalog.copies, ids)
        posted = [*ids, *(each.id for some in copies.values() for each in some)]
        await asyncio.to_thread(self.service.store.looked, watch.id, seq, posted)

    def _new(self, watch: Watch) -> tuple[int, list[Sequence[Passage]]]:
        """The catalog's newest change, and the fresh articles on the topic that were not posted yet."""
        seq, articles = new_articles(self.corpus, watch.seq)
        terms = topic_terms(self.corpus, watch.topic)
        oldest = now().date() - timedelta(days=FRESH_DAYS)
        fresh = (each for each in articles if (each[0].article.published or date.max) >= oldest)
        found = {each[0].article.id: each for each in fresh if is_on(self.corpus, terms, each)}
        posted = self.service.store.was_posted(watch.id, list(found))
        return seq, [each for id_, each in found.items() if id_ not in posted]

    async def _ring(self, watch: Watch, seq: int) -> None:
        """Ask a question again, and tell who waits for it where the answer changed."""
        before = await asyncio.to_thread(given, self.corpus.catalog, str(watch.body["answer"]))
        if before is None:
            await asyncio.to_thread(self.service.store.unwatch, watch.id)
            return
        after: Answer | None = None
        async for answer in self.service.context.asker.astream(replace(before.question, as_of=None), ()):
            after = answer
        body = None
        if after is not None and is_changed(before, after):
            person = Person(watch.person, watch.guild)
            alone = ChannelTarget(await (await self.client.fetch_user(watch.person)).create_dm(), person)
            try:
                answer_id = await self._publish(alone, after, [changes(before, after)])
            except discord.Forbidden:  # no direct messages
                if (target := await self._target(watch)) is None:
                    return
                answer_id = await self._publish(target, after, [changes(before, after)])
            body = {"answer": answer_id}
        await asyncio.to_thread(self.service.store.looked, watch.id, seq, (), body)

    async def _publish(self, target: ChannelTarget, answer: Answer, remarks: Sequence[str]) -> str:
        language = (await self.service.settings(target.person)).language
        return await self.service.publish(target, answer, answer_pages(answer, language, remarks=remarks, whole=True))

    async def _target(self, watch: Watch) -> ChannelTarget | None:
        """Where it is posted; None while the bot may not write there. The watch is ended where the channel is gone."""
        try:
            channel: Any = self.client.get_channel(watch.channel) or await self.client.fetch_channel(watch.channel)
        except (discord.NotFound, discord.Forbidden):
            log.warning("a channel that gets a %s is gone; the %s ends", watch.kind, watch.kind)
            await asyncio.to_thread(self.service.store.unwatch, watch.id)
            return None
        target = ChannelTarget(channel, Person(watch.person, watch.guild))
        return target if target.can_send else None

    async def _keep(self) -> None:
        """Delete questions and answers that are older than they may be kept."""
        days = self.service.context.settings.discord_keep_days
        if days and time.monotonic() - self._kept > KEEP_SECONDS:
            self._kept = time.monotonic()
            count = await asyncio.to_thread(self.service.forget_old, days)
            if count:
                log.info("Answers that were older than %d days were deleted: %d.", days, count)


@contextmanager
def going_on() -> Iterator[None]:
    """Errors are logged; the next look tries again."""
    try:
        yield
    except (NewsbotError, *OF_THE_LINE) as error:
        said = error if isinstance(error, NewsbotError) else cause(error)
        log.warning("what is watched could not be looked at or posted: %s", said)
    except Exception as error:
        log.exception("looking failed: %s", type(error).__name__)


def is_due(watch: Watch, settings: GuildSettings, moment: datetime) -> bool:
    """Whether a digest's hour has come since it was last posted."""
    here = moment.astimezone(zone_of(settings.time_zone))
    hours, minutes = map(int, watch.body["time"].split(":"))
    due = here.replace(hour=hours, minute=minutes, second=0, microsecond=0)
    every_day, weekdays, *week = get_args(Days)
    days = {every_day: week, weekdays: week[:5]}.get(watch.body["days"], [watch.body["days"]])
    return week[here.weekday()] in days and watch.at < due.timestamp() <= here.timestamp()


def is_changed(before: Given, after: Answer) -> bool:
    """Whether an answer says another value than before; without a value, whether it rests on a newer article."""
    if before.answered != after.answered:
        return True
    if before.short or after.short:
        return (before.short or "").lower() != (after.short or "").lower()
    first = before.citations[0].article_id if before.citations else None
    return bool(after.citations) and after.citations[0].article.id != first and after.as_of != before.as_of


def _line(watch: Watch) -> str:
    when = f" · {watch.body['time']}, {watch.body['days']}" if watch.kind == "digest" else ""
    return f"- **{escaped(one_line(watch.topic, TOPIC_CHARS))}** in <#{watch.channel}>{when}"
