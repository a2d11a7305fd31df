"""What the servers can be asked, whatever protocol asks: answers, passages, articles, sources, a topic over time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from bot.corpus.catalog.articles import Dated, Freshness, dated, freshness, newest
from bot.corpus.catalog.topics import about_corpus
from bot.corpus.identity import article_id
from bot.errors import NewsbotError, ReadError, UsageError
from bot.fair_queue import FairQueue
from bot.render import article_json, iso
from bot.retrieval.periods import Counted, counted
from bot.retrieval.topic import TOPIC_CHARS, articles_on
from bot.schema import Answer, Article, Hit, Question, Turn

if TYPE_CHECKING:
    from bot.asking import Asker

T = TypeVar("T")
WAITING_MOST = 32
"""Questions that wait for their turn; more are refused at once."""
RESULTS_MOST = 50
TELLING_SECONDS = 15.0
"""How long what is known of the corpus is good for."""


class NotFound(NewsbotError):
    """No article here has that address or id."""


class TookTooLong(NewsbotError):
    """The time for an answer is over; the text says what may be done."""


@dataclass(frozen=True, slots=True)
class TopicTimeline:
    """A topic over time: how many articles each period has, and the newest of them. `counted` is None without days."""

    words: str
    articles: int
    counted: Counted | None
    newest: tuple[Article, ...]


class CorpusQueries:
    """Answers queries from one event loop, the work done off it: `at_once` at a time, each within `seconds`."""

    def __init__(self, asker: Asker, *, at_once: int, seconds: float) -> None:
        self.asker = asker
        self.corpus = asker.retriever.corpus
        self.seconds = seconds
        self.queue = FairQueue(at_once)
        self._told: tuple[float, dict[str, Any]] = (float("-inf"), {})

    async def answers(self, question: Question, history: Sequence[Turn] = ()) -> AsyncIterator[Answer]:
        """Growing answers, the last one `final`. `history` is the conversation so far.

        Raises UsageError for a question that cannot be asked, Busy, TookTooLong.
        """
        until = self._until()
        async with self._turn(until), aclosing(self.asker.astream(question, history)) as growing:  # type: ignore[type-var]
            while True:
                # The timeout is around each step, not around a `yield`, where it would cancel the caller.
                async with self._in_time(until):
                    answer = await anext(growing, None)
                if answer is None:
                    return
                yield answer

    async def answer(self, question: Question, history: Sequence[Turn] = ()) -> Answer:
        """The final answer. Raises as `answers`."""
        final = None
        async for answer in self.answers(question, history):
            final = answer
        assert final is not None, "there is always an answer"
        return final

    async def search(self, question: Question, count: int) -> tuple[Hit, ...]:
        """The best passages, best first. Raises as `answers`."""
        return await self._off_loop(
            lambda: self.asker.retriever.retrieve(self.asker.understand(question).understood, count).hits
        )

    async def latest(self, topic: str, count: int) -> list[Article]:
        """The newest articles, of a topic if one is named; copies left out. Raises UsageError, Busy."""
        words = _topic(topic)
        catalog = self.corpus.catalog
        return await self._off_loop(lambda: newest(catalog, count, articles_on(self.corpus, words) if words else None))

    async def article(self, name: str) -> Article:
        """The article at an address, or of an id. Raises NotFound, UsageError for an address that is none."""
        try:
            id_ = article_id(Article(title="", text="", url=name)) if "://" in name else name
        except ReadError as error:
            raise UsageError(str(error)) from error
        found = await self._off_loop(lambda: self.corpus.catalog.article(id_))
        if found is None:
            raise NotFound("No article here has this address or id. Look for it by its words.")
        return found

    async def sources(self) -> list[Freshness]:
        """Every outlet with its number of articles and newest day, the largest first."""
        return await self._off_loop(lambda: freshness(self.corpus.catalog))

    async def topic(self, topic: str, after: date | None = None, before: date | None = None) -> TopicTimeline:
        """A topic's articles counted over time, copies included. Raises UsageError for an empty or too long one."""
        words = _topic(topic)
        if not words:
            raise UsageError("Name a topic in words, such as: suez canal")

        def find() -> TopicTimeline:
            ids = articles_on(self.corpus, words)
            inside = [each for each in dated(self.corpus.catalog, ids) if _is_within(each, after, before)]
            kept = {each.article_id for each in inside}
            shown = newest(self.corpus.catalog, RESULTS_MOST, [id_ for id_ in ids if id_ in kept])
            return TopicTimeline(words, len(inside), counted(inside) if inside else None, tuple(shown))

        return await self._off_loop(find)

    async def about(self) -> dict[str, Any]:
        """How many articles there are, the newest day, how old the last ingest is; or `error`."""
        told, found = self._told
        now = asyncio.get_running_loop().time()
        if now - told > TELLING_SECONDS:
            found = await asyncio.to_thread(about_corpus, self.corpus)
            self._told = (now, found)
        return found

    async def _off_loop(self, work: Callable[[], T]) -> T:
        until = self._until()
        async with self._turn(until), self._in_time(until):
            return await asyncio.to_thread(work)

    def _until(self) -> float:
        return asyncio.get_running_loop().time() + self.seconds

    @asynccontextmanager
    async def _turn(self, until: float) -> AsyncIterator[None]:
        """A place among those that are answered at once. Nobody knows who asks: each is a person."""
        ticket = self.queue.enter(object(), None, WAITING_MOST)
        try:
            async with self._in_time(until):
                await ticket.ready.wait()
            yield
        finally:
            self.queue.leave(ticket)

    @asynccontextmanager
    async def _in_time(self, until: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout_at(until):
                yield
        except TimeoutError as error:
            raise TookTooLong(
                f"No answer within {self.seconds:g} seconds. Ask again, or set NEWSBOT_SERVER_ANSWER_SECONDS higher."
            ) from error


def found_json(article: Article) -> dict[str, Any]:
    """An article in a list: what it is, without its text."""
    return {
        "article_id": article.id,
        "title": article.title,
        "source": article.source,
        "published": iso(article.published),
        "url": article.url,
    }


def shown_json(article: Article) -> dict[str, Any]:
    """An article with its text; the place that it was read from stays here."""
    return {"article_id": article.id} | {
        name: value for name, value in article_json(article).items() if name != "origin"
    }


def source_json(source: Freshness) -> dict[str, Any]:
    """An outlet: its name (None where articles name none), number of articles, newest day."""
    return {"source": source.source or None, "articles": source.articles, "newest": iso(source.newest)}


def _topic(words: str) -> str:
    topic = " ".join(words.split())
    if len(topic) > TOPIC_CHARS:
        raise UsageError(f"The topic has {len(topic):,} characters; at most {TOPIC_CHARS} are taken. Shorten it.")
    return topic


def _is_within(article: Dated, after: date | None, before: date | None) -> bool:
    return (after is None or article.day >= after) and (before is None or article.day <= before)
