"""A newsroom on a fake Discord: newsbot's own commands over the sample corpus, or over answers that a test scripts."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bot.answering.links import text_fragment_link
from bot.asking import Asker
from bot.discord_bot.context import BotContext
from bot.discord_bot.running import Running
from bot.schema import Answer, Article, Citation, Question, Turn
from bot.wiring import open_asker
from tests.fake_discord import FakeDiscord
from tests.fake_discord_bot import GUILD_READY_SECONDS, serving, settings_for
from tests.fake_discord_people import Interaction
from tests.fake_discord_world import Json

NATO = "How many NATO personnel are in Iraq?"


@dataclass
class Newsroom:
    """A fake Discord with newsbot in it."""

    fake: FakeDiscord
    running: Running

    @property
    def client(self) -> Any:
        """The client that is connected now."""
        return self.running.client

    async def ask(self, question: str = NATO, **options: Any) -> Json:
        """The answer to `/ask`, when it is final."""
        asked = await self.fake.slash("ask", question=question, **options)
        return await self.final(asked)

    async def final(self, asked: Interaction) -> Json:
        """An interaction's answer with its buttons, or the note in its place, when all of it is kept."""
        message: Json = await self.fake.answered(asked)
        await self.fake.until(lambda: message["components"] or not message["embeds"] or message["flags"] & 64)
        await self.idle()
        return message

    async def idle(self) -> None:
        """No question is being answered: what is kept of an answer stands in the catalog."""
        await self.fake.until(lambda: self.client.service.queue.running == 0)

    async def replied(self, channel: Json, after: Json) -> Json:
        """The bot's first finished message in a channel after another message."""

        def found() -> Json | None:
            for each in self.fake.messages(channel):
                mine = each["author"]["id"] == self.fake.bot["id"] and int(each["id"]) > int(after["id"])
                if mine and (each["components"] or not each["embeds"]):
                    return each
            return None

        message: Json = await self.fake.until(found)
        await self.idle()
        return message

    async def pressed(self, message: Json, which: str, **more: Any) -> Interaction:
        """A button, pressed; returned when it is acknowledged."""
        done = await self.fake.click(message, which, **more)
        await self.fake.until(lambda: done.acknowledged)
        return done

    async def more(self, message: Json, which: str, **who: Any) -> Interaction:
        """A button of the menu behind ⋯, pressed."""
        menu = await self.note(await self.pressed(message, "⋯", **who))
        return await self.pressed(menu, which, **who)

    async def note(self, done: Interaction) -> Json:
        """The first message that an interaction led to."""
        message: Json = await self.fake.until(
            lambda: next((each for each in done.messages if each["content"] or each["embeds"]), None)
        )
        return message


@asynccontextmanager
async def newsroom(fake: FakeDiscord, data_dir: Path, asker: Any, **settings: Any) -> AsyncIterator[Newsroom]:
    """newsbot is connected inside the block; its corpus is in `data_dir`."""
    context = BotContext(asker, asker.retriever.corpus, settings_for(fake, data_dir, **settings))
    running = Running(context, guild_ready_timeout=GUILD_READY_SECONDS)
    async with serving(running):
        await fake.connected()
        await fake.until(lambda: running.client is not None and running.client.is_ready())
        yield Newsroom(fake, running)


def copied(source: Path, target: Path, settings: Any) -> tuple[Path, Asker]:
    """A corpus of the test's own, and somebody who answers from it."""
    shutil.copytree(source, target)
    return target, open_asker(settings.model_copy(update={"data_dir": target}))


class Scripted:
    """Stands in for an asker whose chat model writes: each question has growing answers, with pauses between them.

    The corpus behind it is real, so that answers are kept, and their buttons work.
    """

    def __init__(self, asker: Asker) -> None:
        self.retriever = asker.retriever
        self.prompts = asker.prompts
        self.hits = asker.hits
        self.question_chars = asker.question_chars
        self.script: list[Answer] = []
        self.pause_seconds = 0.0
        self.hold = asyncio.Event()
        self.hold.set()
        self.asked: list[tuple[Question, tuple[Turn, ...]]] = []

    async def astream(self, question: Question, history: Sequence[Turn] = ()) -> AsyncIterator[Answer]:
        """The script, whatever is asked; the last answer is final."""
        self.asked.append((question, tuple(history)))
        await self.hold.wait()
        for place, answer in enumerate(self.script):
            if place:
                await asyncio.sleep(self.pause_seconds)
            yield replace(answer, question=question, final=place == len(self.script) - 1)


def quoted(article: Article, quote: str, number: int = 1) -> Citation:
    """A citation of a quote in an article."""
    start = article.text.index(quote)
    link = text_fragment_link(article.url, article.text, start, start + len(quote)) if article.url else None
    return Citation(number, quote, start, start + len(quote), article, link)


def words_shown(message: Json) -> str:
    """All that a message says."""
    parts = [message["content"]]
    for embed in message["embeds"]:
        parts += [embed.get("title") or "", embed.get("description") or "", (embed.get("footer") or {}).get("text", "")]
    return "\n".join(part for part in parts if part)
