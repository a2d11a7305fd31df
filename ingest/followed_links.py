"""Which of the pages that feeds lead to are fetched now, later or not again; remembers what came of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.corpus.catalog import Catalog
from bot.corpus.catalog.feeds import Link, known_link, put_links
from bot.corpus.identity import article_id, canonical_url
from bot.errors import ReadError
from bot.schema import Article, Outcome, OutcomeKind
from ingest.stopping import Stopped

if TYPE_CHECKING:
    from ingest.read.contract import Fetched

FETCHES_MAX = 5
"""Fetches of one page, however often its feed says that it changed: some say so every minute."""
REVISIT_SECONDS = 3600.0
FAILURES_MAX = 6
RETRY_SECONDS = 600.0
"""After the first failure, and twice as long after each further one: six failures take five hours."""
PAGES_A_ROUND = 200
"""Pages that one feed may lead to in one round, so that the others get their due."""
CLOSED_SECONDS = 900.0
"""How long a website that asks for fewer requests is left alone where it does not say for how long."""


class Due(Enum):
    """When a page is to be fetched."""

    NOW = auto()
    LATER = auto()
    NEVER = auto()
    """It was fetched or given up, and the feed reports no change since."""


def due_of(link: Link, version: str, now: datetime) -> Due:
    """When a page that was fetched before is to be fetched again, its feed giving it `version` now."""
    if link.failures:
        if link.failures >= FAILURES_MAX:
            return Due.NEVER
        wait_seconds = RETRY_SECONDS * 2.0 ** (link.failures - 1)
    elif version and version != link.version and link.fetches < FETCHES_MAX:
        wait_seconds = REVISIT_SECONDS
    else:
        return Due.NEVER
    return Due.NOW if now >= link.fetched_at + timedelta(seconds=wait_seconds) else Due.LATER


class FollowedLinks:
    """The pages met in one round. `fetch` and `is_known` fit `ReadOptions`; `begin` is called before each feed.

    `settled` is True while no page of the current feed waits for a later round.
    """

    def __init__(self, catalog: Catalog, fetch: Callable[[str], Fetched], now: Callable[[], datetime]) -> None:
        self.settled = True
        self._pages = 0
        self._catalog = catalog
        self._get = fetch
        self._now = now
        self._asked: set[str] = set()
        """Addresses of all pages fetched in this round, as the feeds have them."""
        self._closed: dict[str, datetime] = {}
        self._later: set[str] = set()
        self._open: dict[str, Link] = {}
        """Pages of the current feed that were fetched and have no outcome yet."""

    def begin(self) -> None:
        """Another feed begins."""
        self.settled = True
        self._pages = 0
        self._later = set()
        self._open = {}

    def end(self) -> None:
        """The feed was read to its end. A page without an outcome has failed; the feed's summary stands in for it."""
        self._remember(list(self._open.items()))

    def is_known(self, url: str, version: str) -> bool:
        """Whether a page need not be fetched in this round."""
        if url in self._asked:
            return True
        try:
            key = canonical_url(url)
            id_ = article_id(Article(title="", text="", url=url))
        except ReadError:
            return False  # fetching says what is wrong with it
        now = self._now()
        link = known_link(self._catalog, key)
        if link is not None:
            due = due_of(link, version, now)
        else:
            due = Due.NOW if self._catalog.is_removed(id_) is None else Due.NEVER
        if due is Due.NOW and (self._pages >= PAGES_A_ROUND or now < self._closed.get(_host(url), now)):
            due = Due.LATER
        if due is Due.LATER:
            self.settled = False
            self._later.add(url)
        elif due is Due.NOW:
            self._pages += 1
            self._asked.add(url)
            fetches, failures = (link.fetches, link.failures) if link is not None else (0, 0)
            # It counts as failed until it has an outcome.
            self._open[url] = Link(url=key, version=version, fetches=fetches + 1, failures=failures + 1, fetched_at=now)
        return due is not Due.NOW

    def is_later(self, outcome: Outcome) -> bool:
        """Whether an outcome only says that a page was passed over that waits for a later round."""
        return outcome.kind is OutcomeKind.UNCHANGED and outcome.origin in self._later

    def fetch(self, url: str) -> Fetched:
        """Fetch a page. Raises ReadError, and leaves the website alone for a while where it asks for that."""
        try:
            return self._get(url)
        except Stopped as error:
            raise ReadError("newsbot was asked to stop") from error
        except ReadError as error:
            wait_seconds = getattr(error, "retry_after_seconds", None)
            if wait_seconds or getattr(error, "status", None) == 429:
                self._closed[_host(url)] = self._now() + timedelta(seconds=wait_seconds or CLOSED_SECONDS)
            raise

    def learn(self, outcomes: Iterable[Outcome]) -> None:
        """Remember what came of pages; call it when their articles are stored."""
        learned = []
        for outcome in outcomes:
            link = self._open.get(outcome.origin)
            if link is not None and (outcome.kind is not OutcomeKind.UNCHANGED or outcome.article_id):
                failed = outcome.kind is OutcomeKind.FAILED
                learned.append((outcome.origin, link if failed else replace(link, failures=0)))
            elif outcome.kind is OutcomeKind.FAILED:
                self.settled = False
        self._remember(learned)

    def _remember(self, links: Sequence[tuple[str, Link]]) -> None:
        if not links:
            return
        put_links(self._catalog, [link for _, link in links])
        for url, link in links:
            self._open.pop(url, None)
            self.settled &= not 0 < link.failures < FAILURES_MAX


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()
