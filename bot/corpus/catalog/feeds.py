"""What is remembered of feeds, of the pages that they led to, and of runs of ingest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

import bot.corpus.catalog.schema as tables
from bot.corpus.catalog.database import Database


@dataclass(frozen=True, slots=True)
class Run:
    """One run of ingest: when, and how many articles had which outcome; `finished_at` is None if it was cut short."""

    started_at: datetime
    finished_at: datetime | None
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What is remembered of an address that is followed.

    `etag` and `last_modified` come from the server and are sent with the next request; both are None until everything
    that the address led to is stored. `kind` is what the address gave ("feed"). `reading` names the options with which
    it was read: after they change, "not modified" says nothing. The server asked for no request before `retry_at`.
    """

    address: str
    kind: str = ""
    reading: str = ""
    etag: str | None = None
    last_modified: str | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What is remembered of a page that a feed led to; `url` is its address in canonical spelling.

    `version` is when the entry last changed, as the feed said at the last fetch of the page; "" where it did not say.
    `fetches` counts all fetches, `failures` those that failed since the last success.
    """

    url: str
    version: str
    fetches: int
    failures: int
    fetched_at: datetime


def known_feed(catalog: Database, address: str) -> Feed | None:
    """What is remembered of an address that is followed; None where nothing is. Raises CorpusError."""
    rows = catalog.rows(sa.select(tables.feeds).where(tables.feeds.c.address == address))
    return Feed(**rows[0]._mapping) if rows else None


def put_feed(catalog: Database, feed: Feed) -> None:
    """Remember an address that is followed, in place of what was remembered of it. Raises CorpusError."""
    catalog.put_rows(tables.feeds, [asdict(feed)])


def known_link(catalog: Database, url: str) -> Link | None:
    """What is remembered of a page that a feed led to, by its canonical address; None where nothing is."""
    rows = catalog.rows(sa.select(tables.links).where(tables.links.c.url == url))
    return Link(**rows[0]._mapping) if rows else None


def put_links(catalog: Database, links: Sequence[Link]) -> None:
    """Remember pages that a feed led to, in place of what was remembered of them. Raises CorpusError."""
    catalog.put_rows(tables.links, [asdict(link) for link in links])


def start_run(catalog: Database) -> int:
    """Note that a run of ingest begins; returns its number. Raises CorpusError."""
    with catalog.transaction() as connection:
        made = connection.execute(tables.runs.insert().values(started_at=datetime.now(UTC), counts={}))
        key = made.inserted_primary_key
        assert key is not None
        return int(key[0])


def finish_run(catalog: Database, run: int, counts: Mapping[str, int]) -> None:
    """Note that a run of ingest has come to its end. Raises CorpusError."""
    ended = tables.runs.update().where(tables.runs.c.id == run)
    with catalog.transaction() as connection:
        connection.execute(ended.values(finished_at=datetime.now(UTC), counts=dict(counts)))


def last_run(catalog: Database) -> Run | None:
    """The newest run of ingest; None where there was none. Raises CorpusError."""
    rows = catalog.rows(sa.select(tables.runs).order_by(tables.runs.c.id.desc()).limit(1))
    return Run(rows[0].started_at, rows[0].finished_at, rows[0].counts) if rows else None
