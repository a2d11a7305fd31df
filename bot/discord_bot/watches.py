"""What is posted as the corpus grows: `/digest` at a set hour, `/alert` at once, and answers that changed (🔔)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands, tasks

from bot.corpus.catalog.feedback import Given, given
from bot.discord_bot.answer_service import AnswerService, as_of_today
from bot.discord_bot.buttons import answer_buttons, bell_of
from bot.discord_bot.client import NewsClient
from bot.discord_bot.comparing import change_block, changes
from bot.discord_bot.context import Person, person_of
from bot.discord_bot.digest import QUOTES_MOST, TOPIC_CHARS, digest, is_on, new_articles, topic_terms
from bot.discord_bot.embeds import answer_pages
from bot.discord_bot.escaping import escaped, one_line
from bot.discord_bot.guild_settings import GuildSettings, now, zone_of
from bot.discord_bot.logs import cause
from bot.discord_bot.store import Kind, Watch
from bot.discord_bot.targets import OF_THE_LINE, ChannelTarget, acknowledged, whisper
from bot.errors import NewsbotError, UsageError
from bot.schema import Answer, Article, Question

log = logging.getLogger(__name__)

Interaction = discord.Interaction[Any]

LOOK_SECONDS = 5.0
"""How often the catalog's log is looked at; where nothing changed, that is one small query."""
BELL_SECONDS = 600.0
"""How often a question is asked again while the corpus grows."""
BELLS_AT_ONCE = 5
KEEP_SECONDS = 6 * 3600.0
FRESH_DAYS = 14
"""An article that was published earlier is no news: somebody puts an archive in."""
WATCHES_MOST = 50
"""Digests and alerts of one server."""
DAYS = {"every day": (0, 1, 2, 3, 4, 5, 6), "weekdays": (0, 1, 2, 3, 4)} | {
    name: (number,)
    for number, name in enumerate(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"))
}


class Watches(commands.Cog):
    """Digests, alerts and bells: their commands, and the loop that looks at the catalog's log."""

    def __init__(self, client: NewsClient) -> None:
        self.client = client
        self.service: AnswerService = client.service
        self.corpus = client.service.context.corpus
        self._kept = 0.0

    async def cog_load(self) -> None:
        """Begin to look."""
        self.look.change_interval(seconds=LOOK_SECONDS)
        self.look.start()

    async def cog_unload(self) -> None:
        """Look no longer."""
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
    @app_commands.choices(days=[app_commands.Choice(name=name, value=name) for name in DAYS])
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def digest(
        self,
        interaction: Interaction,
        topic: app_commands.Range[str, 1, TOPIC_CHARS] | None = None,
        channel: discord.TextChannel | None = None,
        at: app_commands.Range[str, 1, 5] = "08:00",
        days: app_commands.Choice[str] | None = None,
    ) -> None:
        """Begin a digest, or list them."""
        named = days.value if days else "every day"
        await self._begin(interaction, "digest", topic, channel, {"time": _clock(at), "days": named})

    @app_commands.command(name="alert", description="A post when an article on a topic comes in; without one, the list")
    @app_commands.describe(topic="Words that the article holds", channel="Where; here if you name none")
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def alert(
        self,
        interaction: Interaction,
        topic: app_commands.Range[str, 1, TOPIC_CHARS] | None = None,
        channel: discord.TextChannel | None = None,
    ) -> None:
        """Begin an alert, or list them."""
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
            raise UsageError("Only who may manage this server may do that.")
        await acknowledged(lambda: interaction.response.defer(ephemeral=True, thinking=True))
        own = [each for each in await asyncio.to_thread(self.service.store.watches) if each.guild == person.guild]
        own = [each for each in own if each.kind != "bell"]
        if topic is None:
            same = [each for each in own if each.kind == kind]
            text = "\n".join(["Choose one to end it.", *map(_line, same)]) if same else f"There is no {kind} here yet."
            view = Ending(self.service, same) if same else None
            await whisper(interaction, text, **({"view": view} if view else {}))
            return
        if len(own) >= WATCHES_MOST:
            raise UsageError(f"At most {WATCHES_MOST} digests and alerts can be set in one server.")
        if not await asyncio.to_thread(topic_terms, self.corpus, topic):
            raise UsageError("Name a topic in words that articles hold.")
        place: Any = channel or interaction.channel
        if not ChannelTarget(place).can_send:
            raise UsageError(f"I may not write in <#{place.id}>.")
        seq = await asyncio.to_thread(self.corpus.catalog.seq)
        await asyncio.to_thread(self.service.store.watch, kind, person.guild, place.id, person.user, topic, seq, body)
        zone = (await self.service.settings(person)).time_zone
        when = (
            f"at {body['time']} ({zone}), {body['days']}; silent when there is nothing" if body else "when it comes in"
        )
        await whisper(
            interaction, f"<#{place.id}> gets what is new on **{escaped(one_line(topic, TOPIC_CHARS))}** {when}."
        )

    # Looking

    @tasks.loop(seconds=LOOK_SECONDS)
    async def look(self) -> None:
        """Look at everything that is watched; what goes wrong is logged, and looked at again."""
        try:
            await self._keep()
            watches = await asyncio.to_thread(self.service.store.watches)
            seq = await asyncio.to_thread(self.corpus.catalog.seq) if watches else 0
            bells = 0
            for watch in watches:
                if watch.kind == "digest":
                    settings = await self.service.settings(Person(watch.person, watch.guild))
                    if is_due(watch, settings, now()):
                        await self._post(watch, f"Digest: {watch.topic}")
                elif watch.seq < seq and watch.kind == "alert":
                    await self._post(watch, f"New on {watch.topic}")
                elif watch.seq < seq and bells < BELLS_AT_ONCE and time.time() - watch.at >= BELL_SECONDS:
                    bells += 1
                    await self._ring(watch, seq)
        except NewsbotError as error:
            log.warning("what is watched could not be looked at: %s", error)
        except OF_THE_LINE as error:
            log.warning("what is watched could not be posted: %s", cause(error))
        except Exception as error:  # the loop must not end
            log.exception("looking failed: %s", type(error).__name__)

    @look.before_loop
    async def _before(self) -> None:
        await self.client.wait_until_ready()

    async def _post(self, watch: Watch, title: str) -> None:
        """Post what is new on a topic since the last look; nothing where nothing is."""
        seq, articles = await asyncio.to_thread(self._new, watch)
        if articles:
            channel = await self._channel(watch)
            if channel is None:
                return
            most = len(articles) if watch.kind == "alert" else QUOTES_MOST
            found = await asyncio.to_thread(digest, self.corpus, watch.topic, articles, most=most, title=title)
            more = len(articles) - most
            remarks = [f"-# And {more} more: `/latest` has them."] if more > 0 else []
            await self._publish(ChannelTarget(channel), watch, found, remarks)
        await asyncio.to_thread(self._looked, watch, seq, articles)

    def _looked(self, watch: Watch, seq: int, articles: Sequence[Article]) -> None:
        """Note what was posted, with its wire copies: one of them may become an article of its own."""
        ids = [each.id for each in articles]
        copies = [each.id for some in self.corpus.catalog.copies(ids).values() for each in some]
        self.service.store.looked(watch.id, seq, [*ids, *copies])

    def _new(self, watch: Watch) -> tuple[int, list[Article]]:
        seq, articles = new_articles(self.corpus, watch.seq)
        terms = topic_terms(self.corpus, watch.topic)
        oldest = now().date() - timedelta(days=FRESH_DAYS)
        found = [
            each for each in articles if (each.published or date.max) >= oldest and is_on(self.corpus, terms, each)
        ]
        posted = self.service.store.was_posted(watch.id, [each.id for each in found])
        return seq, [each for each in found if each.id not in posted]

    async def _ring(self, watch: Watch, seq: int) -> None:
        """Ask a question again, and tell who waits for it where the answer changed."""
        before = await asyncio.to_thread(given, self.corpus.catalog, bell_of(watch))
        if before is None:
            await asyncio.to_thread(self.service.store.unwatch, watch.id)
            return
        after: Answer | None = None
        async for answer in self.service.context.asker.astream(as_of_today(before.question), ()):
            after = answer
        body = None
        if after is not None and is_changed(before, after):
            target = ChannelTarget(await (await self.client.fetch_user(watch.person)).create_dm())
            lines = [change_block(before, changes(before, after))]
            try:
                answer_id = await self._publish(target, watch, after, lines)
            except discord.Forbidden:  # no direct messages
                if (channel := await self._channel(watch)) is None:
                    return
                answer_id = await self._publish(ChannelTarget(channel), watch, after, lines)
            body = {"answer": answer_id}
        await asyncio.to_thread(self.service.store.looked, watch.id, seq, (), body)

    async def _publish(self, target: ChannelTarget, watch: Watch, answer: Answer, remarks: Sequence[str] = ()) -> str:
        settings = await self.service.settings(Person(watch.person, watch.guild))
        pages = answer_pages(
            replace(answer, question=Question(answer.question.text)), settings.language, remarks=remarks
        )
        return await self.service.publish(
            target, Person(watch.person, watch.guild), answer, pages, answer_buttons(target)
        )

    async def _channel(self, watch: Watch) -> Any:
        """Where it is posted; None, and the watch is ended, where the channel is gone."""
        try:
            return self.client.get_channel(watch.channel) or await self.client.fetch_channel(watch.channel)
        except (discord.NotFound, discord.Forbidden):
            log.warning("a channel that gets a %s is gone; the %s ends", watch.kind, watch.kind)
            await asyncio.to_thread(self.service.store.unwatch, watch.id)
            return None

    async def _keep(self) -> None:
        """Forget what people wrote longer ago than it is kept."""
        days = self.service.context.settings.discord_keep_days
        if days and time.monotonic() - self._kept > KEEP_SECONDS:
            self._kept = time.monotonic()
            count = await asyncio.to_thread(self.service.forget_old, days)
            if count:
                log.info("Answers that were older than %d days were deleted: %d.", days, count)


class Ending(ui.View):
    """A select with which a digest or alert is ended."""

    def __init__(self, service: AnswerService, watches: Sequence[Watch]) -> None:
        super().__init__(timeout=900)
        self._service = service
        options = [discord.SelectOption(label=one_line(each.topic, 90), value=str(each.id)) for each in watches[:25]]
        chooser: ui.Select[Ending] = ui.Select(custom_id="end", placeholder="End one", options=options)
        chooser.callback = self._ended  # type: ignore[method-assign]
        self.add_item(chooser)

    async def _ended(self, interaction: Interaction) -> None:
        data: Any = interaction.data
        await asyncio.to_thread(self._service.store.unwatch, int(data["values"][0]))
        await interaction.response.edit_message(content="Ended.", view=None)


def is_due(watch: Watch, settings: GuildSettings, moment: datetime) -> bool:
    """Whether a digest's hour has come since it was last posted."""
    here = moment.astimezone(zone_of(settings.time_zone))
    hours, minutes = map(int, str(watch.body["time"]).split(":"))
    due = here.replace(hour=hours, minute=minutes, second=0, microsecond=0)
    return here.weekday() in DAYS[str(watch.body["days"])] and watch.at < due.timestamp() <= here.timestamp()


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


def _clock(text: str) -> str:
    made = GuildSettings().changed(quiet_from=text, quiet_to="23:59" if text != "23:59" else "00:00").quiet_from
    assert made is not None
    return made
