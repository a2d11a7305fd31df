"""Feeds, asked again and again -> corpus: what is new is stored, what did not change is not even sent.

It yields what came of each round.

A server's ETag and Last-Modified are kept only when everything that its feed led to is stored, so that "not modified"
never hides what is not: a process that is killed anywhere asks for the whole feed again.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.corpus.catalog.feeds import Feed, known_feed, put_feed
from bot.corpus.corpus import Corpus
from bot.corpus.identity import article_id
from bot.errors import CorpusBusy, ReadError
from bot.schema import Article, Outcome, OutcomeKind
from ingest.chunk import PASSAGE_CHARS
from ingest.followed_links import FollowedLinks
from ingest.pipeline import BATCH_ARTICLES, ingest
from ingest.read import ReadOptions, read_fetched
from ingest.read.cleaning import clean_address
from ingest.read.contract import skipped
from ingest.read.kinds import HEAD_BYTES, WEB_PAGES, kind_of
from ingest.read.sources import blob_of_fetched
from ingest.stopping import Stop, Stopped, unless_stopped

if TYPE_CHECKING:
    from ingest.fetch import Fetcher
    from ingest.read.contract import Fetched

EVERY_SECONDS = 900.0
BACK_OFF_SECONDS_MAX = 4 * 3600.0
RETRY_AFTER_SECONDS_MAX = 7 * 24 * 3600.0
"""A server may ask us to stay away so long; one that says a year has made a mistake."""
NOT_MODIFIED = 304


class FeedState(StrEnum):
    """What came of asking one address in one round."""

    READ = "read"
    UNCHANGED = "unchanged"
    """The server said that nothing changed since everything was stored."""
    FAILED = "failed"
    WAITING = "waiting"
    """It was not asked: it failed before, or wants to be left alone."""


@dataclass(frozen=True, slots=True)
class FeedReport:
    """One address in one round; `reason` and `next_at` are set where it failed or waits."""

    address: str
    state: FeedState
    reason: str = ""
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round: when, what came of each feed, and of how many articles; `told` are those skipped and failed."""

    number: int
    started_at: datetime
    seconds: float
    feeds: tuple[FeedReport, ...]
    counts: Mapping[str, int]
    told: tuple[Outcome, ...]

    def feeds_in(self, state: FeedState) -> int:
        """How many feeds were in a state."""
        return sum(each.state is state for each in self.feeds)


@dataclass(slots=True)
class _BackOff:
    failures: int
    until: datetime
    reason: str


@dataclass(slots=True, kw_only=True)
class FeedFollower:
    """Asks feeds, sitemaps or pages in rounds and stores what they bring.

    `options` say how they are read (their `fetch` and `known` are set here). The corpus is held for writing while a
    batch is stored and at no other time; where another process holds it, `on_wait` is told once a wait.
    """

    corpus: Corpus
    addresses: Sequence[str]
    fetcher: Fetcher
    stop: Stop = field(default_factory=Stop)
    every_seconds: float = EVERY_SECONDS
    options: ReadOptions = field(default_factory=ReadOptions)
    passage_chars: int = PASSAGE_CHARS
    lock_wait_seconds: float = 600.0
    on_wait: Callable[[str], None] | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    chance: Callable[[], float] = random.random
    _rounds: int = 0
    _back_off: dict[str, _BackOff] = field(default_factory=dict)

    def rounds(self, count: int | None = None) -> Iterator[Round]:
        """So many rounds (None: without end), `every_seconds` from start to start, until a stop is asked for.

        Raises CorpusError where the corpus cannot be written.
        """
        while not self.stop.requested:
            started = time.monotonic()
            yield self.round()
            if self._rounds == count:
                return
            self.stop.wait(started + self.every_seconds - time.monotonic())

    def round(self) -> Round:
        """Ask every feed whose turn it is, one after the other; a stop ends the round early."""
        self._rounds += 1
        started_at, started = self.now(), time.monotonic()
        if self._rounds == 1:
            self._catch_up()
        reports: list[FeedReport] = []
        outcomes: list[Outcome] = []
        links = FollowedLinks(self.corpus.catalog, self._fetch, self.now)
        for address in self.addresses:
            if self.stop.requested:
                break
            report, found = self._follow(address, links)
            reports += [report] if report else []
            outcomes += found
        counted = Counter(outcome.kind for outcome in outcomes)
        return Round(
            number=self._rounds,
            started_at=started_at,
            seconds=time.monotonic() - started,
            feeds=tuple(reports),
            counts={kind.value: counted[kind] for kind in OutcomeKind},
            told=tuple(each for each in outcomes if each.kind in (OutcomeKind.SKIPPED, OutcomeKind.FAILED)),
        )

    def _follow(self, address: str, links: FollowedLinks) -> tuple[FeedReport | None, list[Outcome]]:
        """One feed; no report where a stop cut it short."""
        feed = known_feed(self.corpus.catalog, address) or Feed(address=address)
        if waiting := self._waiting(feed):
            return waiting, []
        reading = f"{self.options.source or ''}|{self.options.summaries}"
        validators = (feed.etag, feed.last_modified) if feed.reading == reading else (None, None)
        try:
            fetched = self._fetch(address, *validators)
            if fetched.status == NOT_MODIFIED:
                self._back_off.pop(address, None)
                return FeedReport(address, FeedState.UNCHANGED), []
            kind = kind_of(fetched.data[:HEAD_BYTES], blob_of_fetched(fetched).name)
            if kind in WEB_PAGES and feed.kind and feed.kind not in WEB_PAGES:
                raise ReadError(f"it gives {kind.value} where it gave {feed.kind} before")
            outcomes = self._stored(fetched, links)
        except Stopped:
            return None, []
        except (ReadError, CorpusBusy) as error:
            return self._failed(feed, error), []
        if self.stop.requested:
            return None, outcomes
        for outcome in outcomes:
            if outcome.kind is OutcomeKind.FAILED and outcome.origin in (address, clean_address(address)):
                return self._failed(feed, ReadError(outcome.reason)), outcomes
        self._back_off.pop(address, None)
        etag, last_modified = (fetched.etag, fetched.last_modified) if links.settled else (None, None)
        read = Feed(address=address, kind=kind.value, reading=reading, etag=etag, last_modified=last_modified)
        put_feed(self.corpus.catalog, read)
        return FeedReport(address, FeedState.READ), outcomes

    def _stored(self, fetched: Fetched, links: FollowedLinks) -> list[Outcome]:
        """Read what was fetched, and store it in batches; what was read before a stop is stored too."""
        outcomes: list[Outcome] = []
        batch: list[Article] = []
        options = replace(self.options, fetch=links.fetch, known=links.is_known)
        links.begin()
        stopping = False
        for item in read_fetched(fetched, options):
            stopping = self.stop.requested
            if isinstance(item, Article) and not self._is_removed(item):
                batch.append(item)
            elif not stopping:  # or it is only the stop that made it fail
                outcomes += self._not_stored(item, links)
            if stopping:
                break
            if len(batch) >= BATCH_ARTICLES:
                outcomes += self._store(batch, links)
                batch = []
        outcomes += self._store(batch, links)
        if not stopping:
            links.end()
        return outcomes

    def _not_stored(self, item: Article | Outcome, links: FollowedLinks) -> list[Outcome]:
        if isinstance(item, Article):
            item = skipped(item.origin, "it was removed from the corpus, and stays out", item.title)
        elif links.is_later(item):
            return []
        links.learn([item])
        return [item]

    def _store(self, articles: list[Article], links: FollowedLinks) -> list[Outcome]:
        """Store a batch. Raises CorpusBusy where another process held the corpus all the time, or until a stop."""
        give_up = time.monotonic() + self.lock_wait_seconds
        told = False
        while articles:
            try:
                with self.corpus.writing():
                    outcomes = list(ingest(self.corpus, articles, passage_chars=self.passage_chars))
                    self._let_go()
            except CorpusBusy as error:
                if time.monotonic() >= give_up or self.stop.requested:
                    raise
                if self.on_wait and not told:
                    told = True
                    self.on_wait(f"Waiting: {error}")
                self.stop.wait(1.0)
            else:
                links.learn(outcomes)
                return outcomes
        return []

    def _catch_up(self) -> None:
        """Index what a process that was killed left stored and not indexed."""
        with contextlib.suppress(CorpusBusy), self.corpus.writing():  # whoever holds it does the same
            self.corpus.follow()
            self._let_go()

    def _let_go(self) -> None:
        """Close the indexes: another process may write before we do again, and an open one would not see it."""
        for index in self.corpus.followers:
            index.close()

    def _fetch(self, url: str, etag: str | None = None, last_modified: str | None = None) -> Fetched:
        return unless_stopped(lambda: self.fetcher.fetch(url, etag=etag, last_modified=last_modified), self.stop)

    def _is_removed(self, article: Article) -> bool:
        try:
            return bool(self.corpus.catalog.is_removed(article_id(article)))
        except ReadError:
            return False  # its address is no address, which the pipeline says

    def _waiting(self, feed: Feed) -> FeedReport | None:
        back_off = self._back_off.get(feed.address)
        if back_off and self.now() < back_off.until:
            return FeedReport(feed.address, FeedState.WAITING, back_off.reason, back_off.until)
        if feed.retry_at and self.now() < feed.retry_at:
            return FeedReport(feed.address, FeedState.WAITING, "the server asked to be left alone", feed.retry_at)
        return None

    def _failed(self, feed: Feed, error: ReadError | CorpusBusy) -> FeedReport:
        """Ask it at the next round, and twice as late after each further failure, a little earlier by chance.

        What the server asked for is remembered in the catalog; our own patience begins anew with each process, so that
        a person who has put something right need not wait.
        """
        if isinstance(error, CorpusBusy):
            return FeedReport(feed.address, FeedState.FAILED, str(error))
        failures = (self._back_off[feed.address].failures if feed.address in self._back_off else 0) + 1
        wait = min(self.every_seconds * 2.0 ** min(failures - 1, 30), BACK_OFF_SECONDS_MAX)
        until = self.now() + timedelta(seconds=wait * (0.5 + 0.4 * self.chance()))
        asked_seconds = getattr(error, "retry_after_seconds", None)
        if asked_seconds:
            retry_at = self.now() + timedelta(seconds=min(asked_seconds, RETRY_AFTER_SECONDS_MAX))
            until = max(until, retry_at)
            put_feed(self.corpus.catalog, replace(feed, retry_at=retry_at))
        self._back_off[feed.address] = _BackOff(failures, until, str(error))
        return FeedReport(feed.address, FeedState.FAILED, str(error), until)
