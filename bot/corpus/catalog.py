"""The truth: articles, their passages and vectors, copies and revisions in SQL, and a number for every change.

Every change of an article (new, changed, removed, linked as a copy, embedded) gives it the next number in the
transaction that stores the change, so `changes(after=seq)` is all that an index missed. A removed article stays as a
row without passages: that is how an index that was away learns of it. There are two numbers: `seq` of what changes
words, and `dense_seq`, which moves with it and once more when the vectors are stored.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    changes_of,
    day_of,
    indexed,
    known_input_of,
    run_of,
    standing_of,
    vectors_of,
)
from bot.corpus.catalog_schema import (
    articles_table,
    feeds_table,
    links_table,
    passages_table,
    portions,
    purged_table,
    revisions_table,
    runs_table,
    sources_table,
    timestamp,
)
from bot.corpus.catalog_writer import Writer
from bot.corpus.database import RESTORE, Database
from bot.errors import CorpusMissing
from bot.schema import Article, Coverage, Outcome, Passage, Scope

if TYPE_CHECKING:
    from bot.corpus.catalog_rows import Vectors

SCHEMA_REVISION = "0006"
"""The newest migration in `migrations/versions`; a test holds the two equal."""


class Catalog(Database):
    """One SQL database of articles. Readers may use it from many threads and processes while one process writes.

    `where` is a SQLite file, or the address of a PostgreSQL database, which many processes may write to.
    """

    @classmethod
    def create(cls, where: Path | str) -> Catalog:
        """Open the catalog for writing: make it where there is none, bring an older one up to date."""
        catalog = cls(where)
        if catalog._schema_revision() != SCHEMA_REVISION:
            catalog._migrate()
        if catalog.note("id") is None:
            with catalog.writing() as writer:
                if catalog.note("id") is None:
                    writer.note("id", uuid.uuid4().hex)
                    writer.note("log", uuid.uuid4().hex)
        return catalog

    @classmethod
    def open(cls, where: Path | str) -> Catalog:
        """Open a catalog that is there, for reading. Raises CorpusMissing, or CorpusError where it cannot be read."""
        make = "Put articles in: newsbot ingest SOURCE"
        if isinstance(where, Path):
            make = f"Make one: newsbot ingest SOURCE --data {where.parent}"
            if not where.is_file():
                if any((where.parent / name).is_dir() for name in ("chroma", "bm25")):
                    raise CorpusMissing(f"The catalog {where} is gone, and all articles were in it. {RESTORE}")
                raise CorpusMissing(f"There is no corpus in {where.parent}. {make}")
        catalog = cls(where)
        found = catalog._schema_revision()
        if found is None or catalog.note("id") is None:
            place = "empty or another program's database"
            raise CorpusMissing(f"There is no corpus in {catalog.name}: it is {place}. {make}")
        if found != SCHEMA_REVISION:
            catalog._migrate()
        return catalog

    # Reading

    def id(self) -> str:
        """The corpus' own name."""
        return self.note("id") or ""

    def log(self) -> str:
        """A name for the numbering of changes: an index that follows another one is not this corpus'.

        It is another one after a backup was restored: the numbers after it stand for other changes.
        """
        return f"{self.id()}/{self.note('log') or ''}"

    def vectors_make(self) -> dict[str, str | int] | None:
        """What the stored vectors were made with: model, fingerprint of its weights, ...; None where there are none."""
        try:
            return dict(json.loads(self.note("vectors") or "null"))
        except (ValueError, TypeError):
            return None

    def seq(self, *, dense: bool | None = None) -> int:
        """The newest change's number, of all or of those that a dense index or another one must know of; 0 for none."""
        a = articles_table.c
        columns = [a.seq, a.dense_seq] if dense is None else [a.dense_seq if dense else a.seq]
        with self.engine.connect() as connection:
            return max(int(connection.execute(sa.select(sa.func.max(each))).scalar() or 0) for each in columns)

    def changes(self, after: int, passages: int, *, dense: bool = False) -> list[Change]:
        """The next changes after a number, in order: whole articles, until they hold at least so many `passages`.

        `dense` takes them in the order of `dense_seq`, with their vectors.
        """
        number = articles_table.c.dense_seq if dense else articles_table.c.seq
        found: list[Change] = []
        count = 0
        with self.engine.connect() as connection:
            query = sa.select(articles_table).where(number > after).order_by(number)
            for rows in connection.execution_options(yield_per=64).execute(query).partitions():
                for change in changes_of(connection, rows, dense=dense):
                    found.append(change)
                    count += max(1, len(change.passages))
                    if count >= passages:
                        return found
        return found

    def behind(self, after: int, *, dense: bool = False) -> int:
        """Number of articles that changed after a number."""
        number = articles_table.c.dense_seq if dense else articles_table.c.seq
        with self.engine.connect() as connection:
            query = sa.select(sa.func.count()).select_from(articles_table).where(number > after)
            return int(connection.execute(query).scalar_one())

    def pending(self, after: int, *, dense: bool = False) -> int:
        """Number of passages to index in all changes after a number."""
        a = articles_table.c
        query = _passages_counted()
        query = (
            query.where(indexed(), a.dense_seq > after, a.embedded) if dense else query.where(indexed(), a.seq > after)
        )
        with self.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def unembedded(self, passages: int, start: str = "") -> list[Change]:
        """Articles whose passages have no vectors yet, in the order of their ids from `start` on, then from the first:
        whole ones, until they hold at least so many passages.
        """
        a = articles_table.c
        found: list[Change] = []
        count = 0
        with self.engine.connect() as connection:
            for where in (a.id >= start, a.id < start):
                query = sa.select(articles_table).where(~a.embedded, where).order_by(a.id)
                for rows in connection.execution_options(yield_per=64).execute(query).partitions():
                    for change in changes_of(connection, rows):
                        if change.passages:
                            found.append(change)
                            count += len(change.passages)
                        if count >= passages:
                            return found
        return found

    def unembedded_passages(self) -> int:
        """Number of passages that have no vectors yet."""
        a = articles_table.c
        query = _passages_counted()
        with self.engine.connect() as connection:
            return int(connection.execute(query.where(~a.embedded)).scalar_one())

    def vectors(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors of those of the passages that have one, by passage id."""
        articles = list({id_.split(".", 1)[0] for id_ in ids})
        wanted = set(ids)
        found = {}
        p = passages_table.c
        with self.engine.connect() as connection:
            of_articles = vectors_of(connection, articles)
            places: dict[str, int] = {}
            for some in portions(articles):
                query = sa.select(p.id, p.article_id).where(p.article_id.in_(some)).order_by(p.article_id, p.start)
                for id_, article_id in connection.execute(query):
                    place = places[article_id] = places.get(article_id, -1) + 1
                    if id_ in wanted and place < len(of_articles.get(article_id, ())):
                        found[id_] = of_articles[article_id][place]
        return found

    def changes_of(self, ids: Sequence[str], *, dense: bool = False) -> list[Change]:
        """What an index must know of these articles, as if each had just changed; ids that were never there too."""
        a = articles_table.c
        found: dict[str, Change] = {}
        with self.engine.connect() as connection:
            for some in portions(ids):
                rows = connection.execute(sa.select(articles_table).where(a.id.in_(some))).all()
                found |= {change.article_id: change for change in changes_of(connection, rows, dense=dense)}
        return [found.get(id_) or Change(0, id_, ()) for id_ in ids]

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
                found = {row.id: article_of(row) for row in connection.execute(current)}
                articles |= {id_: article for id_, article in found.items() if article is not None}
        return {
            row.id: Passage(row.id, articles[row.article_id], row.start, row.end)
            for row in spans
            if row.article_id in articles
        }

    def standing(self, ids: Sequence[str], scope: Scope | None = None) -> dict[str, Standing]:
        """Where those of the passages stand that the corpus holds today and that are in scope, by id, in no order."""
        with self.engine.connect() as connection:
            return standing_of(connection, ids, scope)

    def passage_ids(self, *, dense: bool = False) -> set[str]:
        """Ids of all passages that an index must hold; a dense one must hold those that have vectors."""
        query = sa.select(passages_table.c.id).join(articles_table, articles_table.c.id == passages_table.c.article_id)
        query = query.where(indexed(), *([articles_table.c.embedded] if dense else []))
        with self.engine.connect() as connection:
            return set(connection.execute(query).scalars())

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
                found |= {row.id: each for row in rows if (each := article_of(row)) is not None}
        return found

    def copies(self, ids: Sequence[str]) -> dict[str, tuple[Article, ...]]:
        """For each article id, the articles that are copies of it, oldest first; ids without copies are left out."""
        a = articles_table.c
        found: dict[str, tuple[Article, ...]] = {}
        with self.engine.connect() as connection:
            for some in portions(ids):
                query = sa.select(articles_table).where(a.copy_of.in_(some), ~a.removed)
                for row in connection.execute(query.order_by(a.published.is_(None), a.published, a.id)):
                    if (copy := article_of(row)) is not None:
                        found[row.copy_of] = (*found.get(row.copy_of, ()), copy)
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
            if now is not None and (article := article_of(now)) is not None:
                found.append(Revision(now.revision, datetime.fromisoformat(now.changed_at), article))
            return found

    def coverage(self) -> Coverage:
        """Number of articles (copies included), first and last day of publication."""
        a = articles_table.c
        with self.engine.connect() as connection:
            total = connection.execute(sa.select(sa.func.sum(sources_table.c.articles))).scalar()
            # Each by itself is one look into an index; together they would be a scan.
            first, last = (
                connection.execute(sa.select(end(a.published)).where(~a.removed)).scalar()
                for end in (sa.func.min, sa.func.max)
            )
        return Coverage(int(total or 0), day_of(first), day_of(last))

    def sources(self) -> dict[str, int]:
        """Number of articles by source, largest first; articles that name none are under ""."""
        s = sources_table.c
        query = sa.select(s.source, s.articles).where(s.articles > 0).order_by(s.articles.desc(), s.source)
        with self.engine.connect() as connection:
            return {row[0]: int(row[1]) for row in connection.execute(query)}

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

    def is_purged(self, article_id: str) -> bool:
        """Whether the article was purged, and may not come back."""
        query = sa.select(purged_table.c.article_id).where(purged_table.c.article_id == article_id)
        with self.engine.connect() as connection:
            return connection.execute(query).scalar() is not None

    # Writing

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """One transaction: all that is put through the writer is there at its end, or none of it."""
        with self._writing_engine.begin() as connection:
            yield Writer(connection)

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


def _passages_counted() -> sa.Select[Any]:
    joined = passages_table.join(articles_table, articles_table.c.id == passages_table.c.article_id)
    return sa.select(sa.func.count()).select_from(joined)
