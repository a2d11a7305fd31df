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
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.corpus.catalog_rows import (
    Change,
    Feed,
    Link,
    Revision,
    Run,
    Standing,
    article_from,
    article_of,
    articles_table,
    changes_of,
    corpus_table,
    day_of,
    feeds_table,
    indexed,
    known_input_of,
    links_table,
    passages_table,
    portions,
    revisions_table,
    run_of,
    runs_table,
    standing_of,
    timestamp,
)
from bot.corpus.catalog_writer import Writer
from bot.errors import CorpusError, CorpusMissing
from bot.schema import Article, Coverage, Outcome, Passage, Scope

SCHEMA_REVISION = "0005"
"""The newest migration in `migrations/versions`; a test holds the two equal."""
BUSY_TIMEOUT_SECONDS = 60


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

    def note(self, key: str) -> str | None:
        """What was noted of the corpus as a whole under a key."""
        with self.engine.connect() as connection:
            query = sa.select(corpus_table.c.value).where(corpus_table.c.key == key)
            return connection.execute(query).scalar()

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
            for rows in connection.execution_options(yield_per=64).execute(query).partitions():
                for change in changes_of(connection, rows):
                    found.append(change)
                    count += max(1, len(change.passages))
                    if count >= passages:
                        return found
        return found

    def pending(self, after: int) -> int:
        """Number of passages to index in all changes after a `seq`."""
        joined = passages_table.join(articles_table, articles_table.c.id == passages_table.c.article_id)
        query = sa.select(sa.func.count()).select_from(joined).where(indexed(), articles_table.c.seq > after)
        with self.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def changes_of(self, ids: Sequence[str]) -> list[Change]:
        """What an index must know of these articles, as if each had just changed; ids that were never there too."""
        a = articles_table.c
        found: dict[str, Change] = {}
        with self.engine.connect() as connection:
            for some in portions(ids):
                rows = connection.execute(sa.select(articles_table).where(a.id.in_(some))).all()
                found |= {change.article_id: change for change in changes_of(connection, rows)}
        return [Change(0, id_, found[id_].passages if id_ in found else ()) for id_ in ids]

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Those of the passages that the corpus holds today, by id; removed and outdated ones are not among them."""
        a, p = articles_table.c, passages_table.c
        spans: list[Any] = []
        articles: dict[str, Article] = {}
        with self.engine.connect() as connection:
            for some in portions(ids):
                spans += connection.execute(sa.select(passages_table).where(p.id.in_(some))).all()
            for some in portions(list({row.article_id for row in spans})):
                current = sa.select(articles_table).where(a.id.in_(some), ~a.removed, a.copy_of.is_(None))
                articles |= {row.id: article_of(row) for row in connection.execute(current)}
        return {
            row.id: Passage(row.id, articles[row.article_id], row.start, row.end)
            for row in spans
            if row.article_id in articles
        }

    def standing(self, ids: Sequence[str], scope: Scope | None = None) -> dict[str, Standing]:
        """Where those of the passages stand that the corpus holds today and that are in scope, by id, in no order."""
        with self.engine.connect() as connection:
            return standing_of(connection, ids, scope)

    def passage_ids(self) -> set[str]:
        """Ids of all passages that an index must hold."""
        query = sa.select(passages_table.c.id).join(articles_table, articles_table.c.id == passages_table.c.article_id)
        with self.engine.connect() as connection:
            return set(connection.execute(query.where(indexed())).scalars())

    def article(self, article_id: str) -> Article | None:
        """One article of today's corpus, copies included."""
        return self.articles([article_id]).get(article_id)

    def articles(self, ids: Sequence[str]) -> dict[str, Article]:
        """Those of the articles that are in today's corpus, copies included, by id."""
        a = articles_table.c
        found: dict[str, Article] = {}
        with self.engine.connect() as connection:
            for some in portions(ids):
                rows = connection.execute(sa.select(articles_table).where(a.id.in_(some), ~a.removed))
                found |= {row.id: article_of(row) for row in rows}
        return found

    def copies(self, ids: Sequence[str]) -> dict[str, tuple[Article, ...]]:
        """For each article id, the articles that are copies of it, oldest first; ids without copies are left out."""
        a = articles_table.c
        found: dict[str, tuple[Article, ...]] = {}
        with self.engine.connect() as connection:
            for some in portions(ids):
                query = sa.select(articles_table).where(a.copy_of.in_(some), ~a.removed)
                for row in connection.execute(query.order_by(a.published.is_(None), a.published, a.id)):
                    found[row.copy_of] = (*found.get(row.copy_of, ()), article_of(row))
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
                Revision(row.revision, datetime.fromisoformat(row.recorded_at), article_from(row.article))
                for row in past
            ]
            a = articles_table.c
            now = connection.execute(sa.select(articles_table).where(a.id == article_id, ~a.removed)).one_or_none()
            if now is not None:
                found.append(Revision(now.revision, datetime.fromisoformat(now.changed_at), article_of(now)))
            return found

    def coverage(self) -> Coverage:
        """Number of articles (copies included), first and last day of publication."""
        a = articles_table.c
        with self.engine.connect() as connection:
            row = connection.execute(
                sa.select(sa.func.count(), sa.func.min(a.published), sa.func.max(a.published)).where(~a.removed)
            ).one()
        return Coverage(row[0], day_of(row[1]), day_of(row[2]))

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
                "passages": number(sa.select(sa.func.count()).select_from(joined).where(indexed())),
            }

    def last_run(self) -> Run | None:
        """The newest run of ingest; None where there was none."""
        with self.engine.connect() as connection:
            row = connection.execute(sa.select(runs_table).order_by(runs_table.c.id.desc()).limit(1)).one_or_none()
        return run_of(row) if row is not None else None

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

    def known_input(self, digest: str) -> Outcome | None:
        """UNCHANGED, without an origin, where the input of that digest is stored as it was read; else None."""
        with self.engine.connect() as connection:
            return known_input_of(connection, digest)

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

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """One transaction that writes what is no article; all of it is there at its end, or none."""
        with self._writing_engine.begin() as connection:
            yield connection

    def start_run(self) -> int:
        """Note that a run of ingest begins; returns its number."""
        with self._writing_engine.begin() as connection:
            made = connection.execute(runs_table.insert().values(started_at=timestamp(), counts={}))
            key = made.inserted_primary_key
            assert key is not None
            return int(key[0])

    def finish_run(self, run: int, counts: Mapping[str, int]) -> None:
        """Note that a run of ingest has come to its end."""
        with self._writing_engine.begin() as connection:
            connection.execute(
                runs_table.update().where(runs_table.c.id == run).values(finished_at=timestamp(), counts=dict(counts))
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
