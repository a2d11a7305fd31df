"""The truth: articles, their passages, copies and revisions in SQL, and a sequence number for every change.

Knows nothing about vectors, BM25 or models; indexes follow it by `changes`.

Every change of an article (new, changed, removed, linked as a copy) gives it the next `seq` in the transaction that
stores the change, so `changes(after=seq)` is all that an index missed. A removed article stays as a row without
passages: that is how an index that was away learns of it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.corpus.identity import content_hash, passage_id
from bot.errors import CorpusError, CorpusMissing
from bot.schema import Article, Coverage, OutcomeKind, Passage, Span

SCHEMA_REVISION = "0001"
"""The newest migration in `migrations/versions`; a test holds the two equal."""
BUSY_TIMEOUT_SECONDS = 60
SQL_VARIABLES = 500
"""Values in one `IN (...)`, well below SQLite's limit."""

metadata = sa.MetaData()

corpus_table = sa.Table(
    "corpus",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
articles_table = sa.Table(
    "articles",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("seq", sa.Integer, nullable=False, unique=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Column("url", sa.Text),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("source", sa.Text, index=True),
    sa.Column("published", sa.Text, index=True),
    sa.Column("published_at", sa.Text),
    sa.Column("authors", sa.JSON, nullable=False),
    sa.Column("language", sa.Text),
    sa.Column("section", sa.Text),
    sa.Column("credits", sa.JSON, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("copy_of", sa.Text, index=True),
    sa.Column("removed", sa.Boolean, nullable=False),
    sa.Column("fresh", sa.Boolean, nullable=False),
    sa.Column("added_at", sa.Text, nullable=False),
    sa.Column("changed_at", sa.Text, nullable=False),
)
passages_table = sa.Table(
    "passages",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("article_id", sa.Text, nullable=False, index=True),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
)
revisions_table = sa.Table(
    "revisions",
    metadata,
    sa.Column("article_id", sa.Text, primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("recorded_at", sa.Text, nullable=False),
    sa.Column("article", sa.JSON, nullable=False),
)
bands_table = sa.Table(
    "bands",
    metadata,
    sa.Column("key", sa.Integer, primary_key=True),
    sa.Column("article_id", sa.Text, primary_key=True),
    sa.Index("ix_bands_article_id", "article_id"),
    sqlite_with_rowid=False,
)
boilerplate_table = sa.Table(
    "boilerplate",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("state", sa.LargeBinary, nullable=False),
)
runs_table = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("started_at", sa.Text, nullable=False),
    sa.Column("finished_at", sa.Text),
    sa.Column("counts", sa.JSON, nullable=False),
)
feeds_table = sa.Table(
    "feeds",
    metadata,
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("reading", sa.Text, nullable=False),
    sa.Column("etag", sa.Text),
    sa.Column("last_modified", sa.Text),
    sa.Column("retry_at", sa.Text),
)
links_table = sa.Table(
    "links",
    metadata,
    sa.Column("url", sa.Text, primary_key=True),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("fetches", sa.Integer, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("fetched_at", sa.Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Change:
    """What an index must know of one article: its id, its newest `seq`, and the passages to hold of it now.

    `fresh` is True where no index can hold older passages of it.
    """

    seq: int
    article_id: str
    fresh: bool
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Revision:
    """One recorded state of an article; `revision` counts from 1."""

    revision: int
    recorded_at: datetime
    article: Article


@dataclass(frozen=True, slots=True)
class Run:
    """One run of ingest: when, and how many articles had which outcome; `finished_at` is None if it was cut short."""

    started_at: datetime
    finished_at: datetime | None
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What is remembered of an address that is followed.

    `etag` and `last_modified` are the server's, given back to it at the next request; both are None until everything
    that the address led to is stored. `kind` is what it gave ("feed"), `reading` the way in which it was read: what
    another way would have given cannot be told from "not modified". The server does not want to be asked before
    `retry_at`.
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

    `version` is the feed's own stamp of the entry's last change when the page was fetched last, "" where it gave none.
    `fetches` counts them all, `failures` those that failed since one did not.
    """

    url: str
    version: str
    fetches: int
    failures: int
    fetched_at: datetime


class Catalog:
    """One SQL database of articles. Readers may use it from many threads and processes while one process writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.engine = sa.create_engine(
            f"sqlite:///{path}", connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
        )
        sa.event.listen(self.engine, "connect", _prepare_connection)
        sa.event.listen(self.engine, "begin", _begin)
        sa.event.listen(self.engine, "handle_error", _teller(path))
        self._writing_engine = self.engine.execution_options(writing=True)

    @classmethod
    def create(cls, path: Path) -> Catalog:
        """Open the catalog for writing: make it where there is none, bring an older one up to date."""
        catalog = cls(path)
        if catalog._schema_revision() != SCHEMA_REVISION:
            catalog._migrate()
        with catalog._writing_engine.begin() as connection:
            connection.exec_driver_sql(
                "INSERT OR IGNORE INTO corpus (key, value) VALUES ('id', ?)", (uuid.uuid4().hex,)
            )
        return catalog

    @classmethod
    def open(cls, path: Path) -> Catalog:
        """Open a catalog that is there, for reading. Raises CorpusMissing, or CorpusError where it cannot be read."""
        if not path.is_file():
            raise CorpusMissing(
                f"There is no corpus in {path.parent}. Make one: newsbot ingest SOURCE --data {path.parent}"
            )
        catalog = cls(path)
        found = catalog._schema_revision()
        if found is None:
            raise CorpusMissing(
                f"There is no corpus in {path.parent}: {path.name} is empty or another program's database. "
                "Name another folder with --data."
            )
        if found != SCHEMA_REVISION:
            catalog._migrate()
        return catalog

    def close(self) -> None:
        """Give the database's connections back."""
        self.engine.dispose()

    # Reading

    def id(self) -> str:
        """The corpus' own name: an index that follows another corpus is not this one's."""
        with self.engine.connect() as connection:
            query = sa.select(corpus_table.c.value).where(corpus_table.c.key == "id")
            return str(connection.execute(query).scalar_one())

    def seq(self) -> int:
        """The newest change's number; 0 where there was none."""
        with self.engine.connect() as connection:
            return int(connection.execute(sa.select(sa.func.max(articles_table.c.seq))).scalar() or 0)

    def changes(self, after: int, passages: int) -> list[Change]:
        """The next changes after a `seq`, in order: whole articles, until they hold at least so many `passages`."""
        a = articles_table.c
        found: list[Change] = []
        count = 0
        with self.engine.connect() as connection:
            query = sa.select(articles_table).where(a.seq > after).order_by(a.seq)
            for row in connection.execution_options(yield_per=64).execute(query):
                found.append(_change(connection, row))
                count += max(1, len(found[-1].passages))
                if count >= passages:
                    break
        return found

    def pending(self, after: int) -> int:
        """Number of passages to index in all changes after a `seq`."""
        joined = passages_table.join(articles_table, articles_table.c.id == passages_table.c.article_id)
        query = sa.select(sa.func.count()).select_from(joined).where(_indexed(), articles_table.c.seq > after)
        with self.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def changes_of(self, ids: Sequence[str]) -> list[Change]:
        """What an index must know of these articles, as if each had just changed; ids that were never there too."""
        a = articles_table.c
        found: dict[str, Change] = {}
        with self.engine.connect() as connection:
            for some in _portions(ids):
                for row in connection.execute(sa.select(articles_table).where(a.id.in_(some))).all():
                    found[row.id] = _change(connection, row)
        return [Change(0, id_, False, found[id_].passages if id_ in found else ()) for id_ in ids]

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Those of the passages that the corpus holds today, by id; removed and outdated ones are not among them."""
        a, p = articles_table.c, passages_table.c
        spans: list[Any] = []
        articles: dict[str, Article] = {}
        with self.engine.connect() as connection:
            for some in _portions(ids):
                spans += connection.execute(sa.select(passages_table).where(p.id.in_(some))).all()
            for some in _portions(list({row.article_id for row in spans})):
                current = sa.select(articles_table).where(a.id.in_(some), ~a.removed, a.copy_of.is_(None))
                articles |= {row.id: _article(row) for row in connection.execute(current)}
        return {
            row.id: Passage(row.id, articles[row.article_id], row.start, row.end)
            for row in spans
            if row.article_id in articles
        }

    def passage_ids(self) -> set[str]:
        """Ids of all passages that an index must hold."""
        query = sa.select(passages_table.c.id).join(articles_table, articles_table.c.id == passages_table.c.article_id)
        with self.engine.connect() as connection:
            return set(connection.execute(query.where(_indexed())).scalars())

    def article(self, article_id: str) -> Article | None:
        """One article of today's corpus, copies included."""
        return self.articles([article_id]).get(article_id)

    def articles(self, ids: Sequence[str]) -> dict[str, Article]:
        """Those of the articles that are in today's corpus, copies included, by id."""
        a = articles_table.c
        found: dict[str, Article] = {}
        with self.engine.connect() as connection:
            for some in _portions(ids):
                rows = connection.execute(sa.select(articles_table).where(a.id.in_(some), ~a.removed))
                found |= {row.id: _article(row) for row in rows}
        return found

    def copies(self, ids: Sequence[str]) -> dict[str, tuple[Article, ...]]:
        """For each article id, the articles that are copies of it, oldest first; ids without copies are left out."""
        a = articles_table.c
        found: dict[str, tuple[Article, ...]] = {}
        with self.engine.connect() as connection:
            for some in _portions(ids):
                query = sa.select(articles_table).where(a.copy_of.in_(some), ~a.removed)
                for row in connection.execute(query.order_by(a.published.is_(None), a.published, a.id)):
                    found[row.copy_of] = (*found.get(row.copy_of, ()), _article(row))
        return found

    def originals_with_copies_in(self, sources: Collection[str]) -> list[str]:
        """Ids of articles that are indexed under one source and have a copy in one of `sources`."""
        a = articles_table.c
        with self.engine.connect() as connection:
            query = sa.select(a.copy_of).where(a.copy_of.is_not(None), a.source.in_(list(sources)), ~a.removed)
            return list(connection.execute(query.distinct()).scalars())

    def revisions(self, article_id: str) -> list[Revision]:
        """All recorded states of an article, oldest first, today's last; empty where it was never there."""
        with self.engine.connect() as connection:
            past = connection.execute(
                sa.select(revisions_table)
                .where(revisions_table.c.article_id == article_id)
                .order_by(revisions_table.c.revision)
            )
            found = [
                Revision(row.revision, datetime.fromisoformat(row.recorded_at), _from_mapping(row.article))
                for row in past
            ]
            a = articles_table.c
            now = connection.execute(sa.select(articles_table).where(a.id == article_id, ~a.removed)).one_or_none()
            if now is not None:
                found.append(Revision(now.revision, datetime.fromisoformat(now.changed_at), _article(now)))
            return found

    def coverage(self) -> Coverage:
        """Number of articles (copies included), first and last day of publication."""
        a = articles_table.c
        with self.engine.connect() as connection:
            row = connection.execute(
                sa.select(sa.func.count(), sa.func.min(a.published), sa.func.max(a.published)).where(~a.removed)
            ).one()
        return Coverage(row[0], _day(row[1]), _day(row[2]))

    def sources(self) -> dict[str, int]:
        """Number of articles by source, largest first; articles that name none are under ""."""
        a = articles_table.c
        count = sa.func.count().label("count")
        name = sa.func.coalesce(a.source, "").label("name")
        with self.engine.connect() as connection:
            rows = connection.execute(
                sa.select(name, count).where(~a.removed).group_by(name).order_by(count.desc(), name)
            )
            return {row[0]: row[1] for row in rows}

    def counts(self) -> dict[str, int]:
        """Numbers of articles, copies among them, passages to index, and articles without a date."""
        a = articles_table.c
        with self.engine.connect() as connection:

            def number(query: sa.Select[Any]) -> int:
                return int(connection.execute(query).scalar_one())

            rows = sa.select(sa.func.count()).select_from(articles_table)
            joined = passages_table.join(articles_table, a.id == passages_table.c.article_id)
            return {
                "articles": number(rows.where(~a.removed)),
                "copies": number(rows.where(~a.removed, a.copy_of.is_not(None))),
                "undated": number(rows.where(~a.removed, a.published.is_(None))),
                "passages": number(sa.select(sa.func.count()).select_from(joined).where(_indexed())),
            }

    def last_run(self) -> Run | None:
        """The newest run of ingest; None where there was none."""
        with self.engine.connect() as connection:
            row = connection.execute(sa.select(runs_table).order_by(runs_table.c.id.desc()).limit(1)).one_or_none()
        if row is None:
            return None
        finished = datetime.fromisoformat(row.finished_at) if row.finished_at else None
        return Run(datetime.fromisoformat(row.started_at), finished, row.counts)

    def feed(self, address: str) -> Feed | None:
        """What is remembered of an address that is followed; None where nothing is."""
        query = sa.select(feeds_table).where(feeds_table.c.address == address)
        with self.engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        retry_at = datetime.fromisoformat(row.retry_at) if row.retry_at else None
        return Feed(**(dict(row._mapping) | {"retry_at": retry_at}))

    def link(self, url: str) -> Link | None:
        """What is remembered of a page that a feed led to, by its canonical address; None where nothing is."""
        with self.engine.connect() as connection:
            row = connection.execute(sa.select(links_table).where(links_table.c.url == url)).one_or_none()
        if row is None:
            return None
        return Link(**(dict(row._mapping) | {"fetched_at": datetime.fromisoformat(row.fetched_at)}))

    def is_removed(self, article_id: str) -> bool | None:
        """Whether an article was taken out of the corpus; False where it is there, None where it never was."""
        query = sa.select(articles_table.c.removed).where(articles_table.c.id == article_id)
        with self.engine.connect() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else bool(found)

    def check(self) -> list[str]:
        """What is broken in the database itself, a sentence each; empty when it is sound."""
        try:
            with self.engine.connect() as connection:
                found = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check") if row[0] != "ok"]
        except CorpusError as error:
            return [str(error)]
        return [f"The catalog {self.path} is damaged: {each}." for each in found]

    # Writing

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """One transaction: all that is put through the writer is there at its end, or none of it."""
        with self._writing_engine.begin() as connection:
            yield Writer(connection)

    def start_run(self) -> int:
        """Note that a run of ingest begins; returns its number."""
        with self._writing_engine.begin() as connection:
            made = connection.execute(runs_table.insert().values(started_at=_now(), counts={}))
            key = made.inserted_primary_key
            assert key is not None
            return int(key[0])

    def finish_run(self, run: int, counts: Mapping[str, int]) -> None:
        """Note that a run of ingest has come to its end."""
        with self._writing_engine.begin() as connection:
            connection.execute(
                runs_table.update().where(runs_table.c.id == run).values(finished_at=_now(), counts=dict(counts))
            )

    # Schema

    def _schema_revision(self) -> str | None:
        with self.engine.connect() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
            return None if found is None else str(found)

    def _migrate(self) -> None:
        from alembic import command
        from alembic.config import Config
        from alembic.util import CommandError

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
        with self._writing_engine.begin() as connection:
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                raise CorpusError(
                    f"The corpus in {self.path.parent} was made by a newer newsbot ({error}). "
                    "Upgrade newsbot to open it."
                ) from error


class Writer:
    """Changes the catalog within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._seq = int(connection.execute(sa.select(sa.func.max(articles_table.c.seq))).scalar() or 0)

    def put(
        self,
        article: Article,
        spans: Sequence[Span],
        *,
        bands: Collection[int] = (),
        copy_of: str | None = None,
    ) -> OutcomeKind:
        """Store an article (its `id` set) with its passages; returns NEW, CHANGED, UNCHANGED or COPY.

        An article that is there with the same content is left as it is. Otherwise its passages are replaced and its
        new state is recorded as a revision.
        """
        digest = content_hash(article)
        old = self._row(article.id)
        if old is not None and not old.removed and old.content_hash == digest:
            return OutcomeKind.UNCHANGED
        now = _now()
        revision = old.revision + 1 if old is not None else 1
        values = _values(article) | {
            "seq": self._next_seq(),
            "revision": revision,
            "content_hash": digest,
            "copy_of": copy_of,
            "removed": False,
            "fresh": old is None,
            "changed_at": now,
        }
        if old is None:
            self._connection.execute(articles_table.insert().values(id=article.id, added_at=now, **values))
        else:
            if not old.removed:
                self._record(old)
            self._connection.execute(articles_table.update().where(articles_table.c.id == article.id).values(**values))
            self._forget(article.id)
        if spans:
            self._connection.execute(
                passages_table.insert(),
                [
                    {
                        "id": passage_id(article.id, digest, number),
                        "article_id": article.id,
                        "start": span.start,
                        "end": span.end,
                    }
                    for number, span in enumerate(spans)
                ],
            )
        if bands:
            rows = [{"key": key, "article_id": article.id} for key in sorted(set(bands))]
            self._connection.execute(bands_table.insert(), rows)
        if copy_of is not None:
            return OutcomeKind.COPY
        return OutcomeKind.NEW if old is None or old.removed else OutcomeKind.CHANGED

    def holds(self, article: Article) -> bool:
        """Whether the article is in the corpus with this very content."""
        row = self._row(article.id)
        return row is not None and not row.removed and row.content_hash == content_hash(article)

    def knows(self, article_id: str) -> bool:
        """Whether the article is in the corpus or was, in any state."""
        return self._row(article_id) is not None

    def originals_by_bands(self, keys: Collection[int]) -> list[Article]:
        """Articles that share a band key and are no copies themselves, those sharing most keys first."""
        a, b = articles_table.c, bands_table.c
        shared: dict[str, int] = {}
        for some in _portions(list(keys)):
            query = sa.select(b.article_id, sa.func.count()).where(b.key.in_(some)).group_by(b.article_id)
            for row in self._connection.execute(query):
                shared[row[0]] = shared.get(row[0], 0) + row[1]
        found: list[Article] = []
        for some in _portions(list(shared)):
            rows = self._connection.execute(sa.select(articles_table).where(a.id.in_(some), ~a.removed))
            originals = {row.copy_of or row.id for row in rows}
            rows = self._connection.execute(sa.select(articles_table).where(a.id.in_(originals), ~a.removed))
            found += [_article(row) for row in rows]
        return sorted(found, key=lambda each: (-shared.get(each.id, 0), each.id))

    def boilerplate(self, source: str) -> bytes:
        """What was learned of a publisher's recurring paragraphs; empty where nothing was."""
        query = sa.select(boilerplate_table.c.state).where(boilerplate_table.c.source == source)
        return bytes(self._connection.execute(query).scalar() or b"")

    def learn_boilerplate(self, source: str, state: bytes) -> None:
        """Store what was learned of a publisher's recurring paragraphs."""
        self._connection.execute(boilerplate_table.delete().where(boilerplate_table.c.source == source))
        self._connection.execute(boilerplate_table.insert().values(source=source, state=state))

    def put_feed(self, feed: Feed) -> None:
        """Remember an address that is followed, in place of what was remembered of it."""
        values = {name: getattr(feed, name) for name in feeds_table.c.keys()}  # noqa: SIM118 - columns by name
        values["retry_at"] = feed.retry_at.isoformat() if feed.retry_at else None
        self._connection.execute(feeds_table.delete().where(feeds_table.c.address == feed.address))
        self._connection.execute(feeds_table.insert().values(**values))

    def put_link(self, link: Link) -> None:
        """Remember a page that a feed led to, in place of what was remembered of it."""
        values = {name: getattr(link, name) for name in links_table.c.keys()}  # noqa: SIM118 - columns by name
        values["fetched_at"] = link.fetched_at.isoformat()
        self._connection.execute(links_table.delete().where(links_table.c.url == link.url))
        self._connection.execute(links_table.insert().values(**values))

    def copies_of(self, article_id: str) -> list[Article]:
        """Articles that are linked as copies of this one, oldest first."""
        a = articles_table.c
        query = (
            sa.select(articles_table)
            .where(a.copy_of == article_id, ~a.removed)
            .order_by(a.published.is_(None), a.published, a.id)
        )
        return [_article(row) for row in self._connection.execute(query)]

    def link(self, article_id: str, copy_of: str | None) -> None:
        """Make an article a copy of another one, or (None) an original again."""
        self._connection.execute(
            articles_table.update()
            .where(articles_table.c.id == article_id)
            .values(copy_of=copy_of, seq=self._next_seq(), fresh=False)
        )

    def remove(self, article_id: str) -> bool:
        """Take an article out of the corpus; its oldest copy takes its place. False where it was not there."""
        row = self._row(article_id)
        if row is None or row.removed:
            return False
        self._connection.execute(
            articles_table.update()
            .where(articles_table.c.id == article_id)
            .values(removed=True, fresh=False, copy_of=None, seq=self._next_seq(), changed_at=_now())
        )
        self._record(row)
        self._forget(article_id)
        heirs = self.copies_of(article_id)
        for heir in heirs:
            self.link(heir.id, None if heir is heirs[0] else heirs[0].id)
        return True

    def _row(self, article_id: str) -> Any:
        query = sa.select(articles_table).where(articles_table.c.id == article_id)
        return self._connection.execute(query).one_or_none()

    def _record(self, row: Any) -> None:
        """Keep a state that is about to be replaced."""
        self._connection.execute(
            revisions_table.insert().values(
                article_id=row.id,
                revision=row.revision,
                recorded_at=row.changed_at,
                article=_values(_article(row)) | {"id": row.id},
            )
        )

    def _forget(self, article_id: str) -> None:
        self._connection.execute(passages_table.delete().where(passages_table.c.article_id == article_id))
        self._connection.execute(bands_table.delete().where(bands_table.c.article_id == article_id))

    def _next_seq(self) -> int:
        self._seq += 1
        return self._seq


def _prepare_connection(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's own advice for SQLite: begin by `_begin` below
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")  # readers go on while a writer writes
    cursor.execute("PRAGMA synchronous=FULL")  # an index must never be ahead of the truth, after a power cut too
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    # A writer takes the lock at once, so that what it read before it wrote stays true.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writing") else "BEGIN")


def _teller(path: Path) -> Callable[[Any], None]:
    """Called by SQLAlchemy for every error of the database, whatever was being done: it becomes a CorpusError."""

    def tell(context: Any) -> None:
        if not isinstance(context.sqlalchemy_exception, sa.exc.DatabaseError):
            return
        said = str(context.original_exception)
        if "readonly" in said or "unable to open" in said:
            remedy = "Check that the folder exists and may be written."
        elif "full" in said:
            remedy = "Free some space and run the command again; nothing that was stored is lost."
        elif "locked" in said:
            remedy = "Another program holds it; try again when it is done."
        else:
            remedy = "Restore it from a backup, or move it away and ingest again."
        raise CorpusError(f"The catalog {path} cannot be used: {said}. {remedy}") from context.original_exception

    return tell


def _change(connection: sa.Connection, row: Any) -> Change:
    """What an index must know of an article's row: removed ones and copies have nothing to index."""
    held: tuple[Passage, ...] = ()
    if not row.removed and row.copy_of is None:
        article = _article(row)
        p = passages_table.c
        spans = connection.execute(sa.select(passages_table).where(p.article_id == row.id).order_by(p.start))
        held = tuple(Passage(each.id, article, each.start, each.end) for each in spans)
    return Change(row.seq, row.id, row.fresh, held)


def _indexed() -> sa.ColumnElement[bool]:
    return sa.and_(~articles_table.c.removed, articles_table.c.copy_of.is_(None))


def _portions(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), SQL_VARIABLES):
        yield values[start : start + SQL_VARIABLES]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _values(article: Article) -> dict[str, Any]:
    """The columns that are the article itself."""
    return {
        "url": article.url,
        "title": article.title,
        "text": article.text,
        "source": article.source,
        "published": article.published.isoformat() if article.published else None,
        "published_at": article.published_at.isoformat() if article.published_at else None,
        "authors": list(article.authors),
        "language": article.language,
        "section": article.section,
        "credits": list(article.credits),
        "origin": article.origin,
    }


def _article(row: Any) -> Article:
    return _from_mapping(row._mapping)


def _from_mapping(values: Mapping[str, Any]) -> Article:
    return Article(
        id=values["id"],
        url=values["url"],
        title=values["title"],
        text=values["text"],
        source=values["source"],
        published=_day(values["published"]),
        published_at=datetime.fromisoformat(values["published_at"]) if values["published_at"] else None,
        authors=tuple(values["authors"]),
        language=values["language"],
        section=values["section"],
        credits=tuple(values["credits"]),
        origin=values["origin"],
    )
