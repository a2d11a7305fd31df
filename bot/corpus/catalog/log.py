"""The log of changes: what each changes within one transaction, and what an index must know of it.

Every change of an article (new, changed, removed, linked as a copy, embedded) gives it the next number in the
transaction that stores the change, so `changes(after=seq)` is all that an index missed. A removed article stays as a
row without passages: that is how an index that was away learns of it. There are two numbers: `seq` of what changes
words, and `dense_seq`, which moves with it and once more when the vectors are stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

import bot.corpus.catalog.schema as tables
from bot.corpus.catalog.articles import (
    INDEXED,
    OF_ARTICLES,
    Articles,
    article_of,
    articles_where,
    passages_of,
    purged,
    revision_digest,
    row_hash,
    values_of,
)
from bot.corpus.catalog.feedback import forget_answers
from bot.corpus.catalog.schema import among, timestamp, upsert
from bot.corpus.catalog.vectors import Vectors, packed, vectors_digest, vectors_of, vectors_of_passages
from bot.corpus.identity import content_hash, passage_id
from bot.schema import Article, OutcomeKind, Passage, Span

SEQ_LOCK = 5_206_179
"""PostgreSQL's advisory lock under which changes are numbered, so that numbers have the order of the commits."""
NOTHING: dict[str, Any] = {
    "url": None, "title": "", "text": "", "source": None, "published": None, "published_at": None, "authors": [],
    "language": None, "section": None, "credits": [], "origin": "",
}  # fmt: skip
"""What is left of a purged article."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an index must know of one article: its id, its newest `seq`, and the passages to hold of it now.

    For a dense index the passages have their `vectors`, shape (passages, dimension), and those that have none yet are
    left out: they come with a later change.
    """

    seq: int
    article_id: str
    passages: tuple[Passage, ...]
    vectors: Vectors | None = None


class Log(Articles):
    """What the indexes follow. With `dense`, changes are those for an index of vectors: they have numbers of their own
    and come with the vectors.
    """

    def seq(self, *, dense: bool = True) -> int:
        """The number of the newest change, for the dense index or for the index of words; 0 for none."""
        return int(self.scalar(sa.select(sa.func.max(_number(dense=dense)))) or 0)

    def changes(self, after: int, passages: int, *, dense: bool = False) -> list[Change]:
        """The next changes after a number, in order: whole articles, until they hold at least so many `passages`."""
        number = _number(dense=dense)
        return self._changes([sa.select(tables.articles).where(number > after).order_by(number)], passages, dense=dense)

    def unembedded(self, passages: int, start: str = "") -> list[Change]:
        """Articles whose passages have no vectors yet: whole articles, until they hold at least so many passages.

        They come in the order of their ids from `start` on, and then from the first id.
        """
        a = tables.articles.c
        query = sa.select(tables.articles).where(~a.embedded).order_by(a.id)
        return self._changes([query.where(a.id >= start), query.where(a.id < start)], passages, empty=False)

    def changes_of(self, ids: Sequence[str]) -> list[Change]:
        """What an index of words must know of these articles, in the order of `ids`; unknown ids are left out."""
        with self.engine.connect() as connection:
            rows = connection.execute(sa.select(tables.articles).where(among(tables.articles.c.id, ids))).all()
            found = {each.article_id: each for each in _changes_of(connection, rows, dense=False)}
        return [found[id_] for id_ in ids if id_ in found]

    def behind(self, after: int, *, dense: bool = False) -> int:
        """Number of articles that changed after a number."""
        query = sa.select(sa.func.count()).select_from(tables.articles)
        return int(self.scalar(query.where(_number(dense=dense) > after)))

    def pending(self, after: int, *, dense: bool = False) -> int:
        """Number of passages to index in all changes after a number."""
        query = sa.select(sa.func.count()).select_from(OF_ARTICLES).where(INDEXED, _number(dense=dense) > after)
        return int(self.scalar(query.where(tables.articles.c.embedded) if dense else query))

    def unembedded_passages(self) -> int:
        """Number of passages that have no vectors yet."""
        query = sa.select(sa.func.count()).select_from(OF_ARTICLES)
        return int(self.scalar(query.where(~tables.articles.c.embedded)))

    def vectors(self, ids: Collection[str]) -> dict[str, Vectors]:
        """The vectors of those of the passages that have one, by passage id."""
        with self.engine.connect() as connection:
            return vectors_of_passages(connection, ids)

    def _changes(
        self, queries: Sequence[sa.Select[Any]], passages: int, *, dense: bool = False, empty: bool = True
    ) -> list[Change]:
        found: list[Change] = []
        count = 0
        with self.engine.connect() as connection:
            for query in queries:
                for rows in connection.execution_options(yield_per=64).execute(query).partitions():
                    for change in _changes_of(connection, rows, dense=dense):
                        if change.passages or empty:
                            found.append(change)
                            count += max(1, len(change.passages))
                        if count >= passages:
                            return found
        return found


class CatalogWriter:
    """Changes the catalog within one transaction; one transaction at a time numbers changes."""

    def __init__(self, connection: sa.Connection) -> None:
        self._execute = connection.execute
        self._connection = connection
        if connection.dialect.name == "postgresql":  # SQLite has one writer anyway
            self._execute(sa.select(sa.func.pg_advisory_xact_lock(SEQ_LOCK)))
        self._seq = int(self._execute(sa.select(sa.func.max(_number(dense=True)))).scalar() or 0)

    def put(
        self, article: Article, spans: Sequence[Span], *, bands: Collection[int] = (), copy_of: str | None = None
    ) -> OutcomeKind:
        """Store an article (its `id` set) with its passages; returns NEW, CHANGED, UNCHANGED or COPY.

        An article that is there with the same content is left as it is. Otherwise its passages are replaced and its
        new state is recorded as a revision.
        """
        digest = content_hash(article)
        old = self._row(article.id)
        if old is not None and not old.removed and old.content_hash == digest:
            return OutcomeKind.UNCHANGED
        now = timestamp()
        revision, added_at = (old.revision + 1, old.added_at) if old is not None else (1, now)
        values = values_of(article) | {"revision": revision, "content_hash": digest, "copy_of": copy_of}
        values |= {"removed": False, "added_at": added_at, "changed_at": now}
        values |= {"embedded": copy_of is not None or not spans, "row_hash": row_hash(values, spans)}
        values |= self._numbered()
        if old is None:
            self._execute(tables.articles.insert().values(**values))
        else:
            if not old.removed:
                self._record(old)
                self._count(old.source, -1)
            self._update(article.id, **values)
            self._forget(article.id)
        self._count(article.source, 1)
        self._put_passages(article.id, digest, spans)
        if bands:
            rows = [{"key": key, "article_id": article.id} for key in sorted(set(bands))]
            self._execute(tables.bands.insert(), rows)
        if copy_of is not None:
            return OutcomeKind.COPY
        return OutcomeKind.NEW if old is None or old.removed else OutcomeKind.CHANGED

    def put_vectors(self, changes: Sequence[Change], vectors: Sequence[Vectors]) -> None:
        """Store the vectors of articles' passages, shape (passages, dimension) each, as they were when `changes` said.

        What was changed or embedded since is left alone. Each stored one is a change that the dense index must know of.
        """
        a, p = tables.articles.c, tables.passages.c
        waiting: dict[str, set[str]] = defaultdict(set)
        query = sa.select(p.article_id, p.id).select_from(OF_ARTICLES)
        query = query.where(among(a.id, [change.article_id for change in changes]), ~a.embedded)
        for article_id, id_ in self._execute(query):
            waiting[article_id].add(id_)
        for change, matrix in zip(changes, vectors, strict=True):
            if waiting[change.article_id] == {each.id for each in change.passages}:
                raw = packed(matrix)
                row = {"article_id": change.article_id, "digest": vectors_digest(raw), "vectors": raw}
                upsert(self._connection, tables.vectors, [row])
                self._seq += 1
                self._update(change.article_id, embedded=True, dense_seq=self._seq)

    def forget_vectors(self, article_ids: Collection[str] | None = None) -> None:
        """Have these articles embedded anew; None means all of them."""
        a, v = tables.articles.c, tables.vectors.c
        of_vectors, of_articles = (
            sa.true() if article_ids is None else among(column, article_ids) for column in (v.article_id, a.id)
        )
        self._execute(tables.vectors.delete().where(of_vectors))
        there = sa.exists().where(tables.passages.c.article_id == a.id)
        self._execute(tables.articles.update().where(of_articles, INDEXED, there).values(embedded=False))

    def know_inputs(self, articles: Sequence[Article]) -> None:
        """Remember articles, which are stored with this very content, by their `input_digest` where they have one."""
        by_digest = {each.input_digest: each for each in articles if each.input_digest}
        rows = [
            {"digest": digest, "article_id": each.id, "content_hash": content_hash(each)}
            for digest, each in by_digest.items()
        ]
        upsert(self._connection, tables.inputs, rows)

    def note(self, key: str, value: str) -> None:
        """Note something of the corpus as a whole."""
        upsert(self._connection, tables.corpus, [{"key": key, "value": value}])

    def recut(self, article_id: str, spans: Sequence[Span]) -> None:
        """Give an article other passages, to be embedded anew."""
        row = self._row(article_id)
        for table in (tables.passages, tables.vectors):
            self._execute(table.delete().where(table.c.article_id == article_id))
        self._put_passages(article_id, row.content_hash, spans)
        self._change(row, spans, embedded=row.copy_of is not None or not spans)

    def holds(self, article: Article) -> bool:
        """Whether the article is in the corpus with this very content."""
        row = self._row(article.id)
        return row is not None and not row.removed and row.content_hash == content_hash(article)

    def knows(self, article_id: str) -> bool:
        """Whether the article is in the corpus or was, in any state."""
        return self._row(article_id) is not None

    def originals_by_bands(self, keys: Collection[int]) -> list[Article]:
        """Articles that share a band key and are no copies themselves, those sharing most keys first."""
        a, b = tables.articles.c, tables.bands.c
        query = sa.select(b.article_id, sa.func.count()).where(among(b.key, keys)).group_by(b.article_id)
        shared = {row[0]: row[1] for row in self._execute(query)}
        sharing = self._execute(sa.select(a.id, a.copy_of).where(among(a.id, shared), ~a.removed))
        found = articles_where(self._connection, among(a.id, {row.copy_of or row.id for row in sharing}))
        return sorted(found, key=lambda each: (-shared.get(each.id, 0), each.id))

    def boilerplate(self, source: str) -> bytes:
        """What was learned of a publisher's recurring paragraphs; empty where nothing was."""
        query = sa.select(tables.boilerplate.c.state).where(tables.boilerplate.c.source == source)
        return bytes(self._execute(query).scalar() or b"")

    def learn_boilerplate(self, source: str, state: bytes) -> None:
        """Store what was learned of a publisher's recurring paragraphs."""
        upsert(self._connection, tables.boilerplate, [{"source": source, "state": state}])

    def copies_of(self, article_id: str) -> list[Article]:
        """Articles that are linked as copies of this one, oldest first."""
        return articles_where(self._connection, tables.articles.c.copy_of == article_id)

    def renumber(self, article_ids: Iterable[str]) -> None:
        """Have the indexes take these articles in once more, as if each had just changed."""
        for id_ in sorted(article_ids):
            self._update(id_, **self._numbered())

    def link(self, article_id: str, copy_of: str | None) -> None:
        """Make an article a copy of another one, or (None) an original again."""
        spans = self._execute(sa.select(tables.passages).where(tables.passages.c.article_id == article_id)).all()
        has_vectors = sa.exists().where(tables.vectors.c.article_id == tables.articles.c.id)
        embedded = sa.true() if copy_of is not None or not spans else has_vectors
        self._change(self._row(article_id), spans, copy_of=copy_of, embedded=embedded)

    def remove(self, article_id: str, *, record: bool = True) -> bool:
        """Take an article out of the corpus; its oldest copy takes its place. False where it was not there.

        Its last state is recorded as a revision, unless `record` is False, as for a damaged article.
        """
        row = self._row(article_id)
        if row is None or row.removed:
            return False
        self._change(row, [], removed=True, copy_of=None, embedded=True, changed_at=timestamp())
        if record:
            self._record(row)
        self._count(row.source, -1)
        self._forget(article_id)
        heirs = self.copies_of(article_id)
        for heir in heirs:
            self.link(heir.id, None if heir is heirs[0] else heirs[0].id)
        return True

    def purge(self, article_ids: Iterable[str]) -> None:
        """Delete articles and the answers that cited them. Their ids are refused from then on.

        Their rows stay, empty, so that the indexes learn of the change.
        """
        ids = set(article_ids)
        for id_ in ids:
            self.remove(id_)
            self._execute(tables.revisions.delete().where(tables.revisions.c.article_id == id_))
            if (row := self._row(id_)) is not None:
                self._change(row, [], **NOTHING, content_hash="")
        upsert(self._connection, tables.purged, [{"article_id": id_, "purged_at": timestamp()} for id_ in ids])
        answers = self._execute(sa.select(tables.answers.c.id, tables.answers.c.citations))
        cited = {row.id: {each.get("article_id") for each in row.citations or ()} for row in answers}
        forget_answers(self._connection, [id_ for id_, articles in cited.items() if articles & ids])

    def allow(self, article_ids: Iterable[str]) -> None:
        """Take purged articles in again when they are met."""
        self._execute(tables.purged.delete().where(among(tables.purged.c.article_id, list(article_ids))))

    def is_purged(self, article_id: str) -> bool:
        """Whether the article was purged, and may not come back."""
        return self._execute(purged(article_id)).scalar() is not None

    def forget_revisions(self, keys: Iterable[tuple[str, int]]) -> None:
        """Drop recorded states: (article id, revision) each."""
        r = tables.revisions.c
        for article_id, revision in keys:
            self._execute(tables.revisions.delete().where(r.article_id == article_id, r.revision == revision))

    def mistrust(self, article_id: str) -> None:
        """Note that an article is damaged: it is not shown, and `put` takes any content in its place."""
        self._update(article_id, content_hash="")

    def _put_passages(self, article_id: str, digest: str, spans: Sequence[Span]) -> None:
        rows = [
            {
                "id": passage_id(article_id, digest, number),
                "article_id": article_id,
                "start": span.start,
                "end": span.end,
            }
            for number, span in enumerate(spans)
        ]
        if rows:
            self._execute(tables.passages.insert(), rows)

    def _row(self, article_id: str) -> Any:
        return self._execute(sa.select(tables.articles).where(tables.articles.c.id == article_id)).one_or_none()

    def _update(self, article_id: str, **values: Any) -> None:
        self._execute(tables.articles.update().where(tables.articles.c.id == article_id).values(**values))

    def _change(self, row: Any, spans: Sequence[Any], **values: Any) -> None:
        """Update a row as a change that the indexes must know of; `spans` are its passages then."""
        self._update(row.id, **values, **self._numbered(), row_hash=row_hash({**row._mapping, **values}, spans))

    def _record(self, row: Any) -> None:
        """Record a state that is about to be replaced, unless it is damaged."""
        if (article := article_of(row)) is None:
            return
        kept = values_of(article)
        state = {"article_id": row.id, "revision": row.revision, "recorded_at": row.changed_at}
        self._execute(tables.revisions.insert().values(**state, article=kept, digest=revision_digest(kept)))

    def _forget(self, article_id: str) -> None:
        for table in (tables.passages, tables.vectors, tables.bands, tables.inputs):
            self._execute(table.delete().where(table.c.article_id == article_id))

    def _count(self, source: str | None, more: int) -> None:
        upsert(self._connection, tables.sources, [{"source": source or "", "articles": more}], add="articles")

    def _numbered(self) -> dict[str, int]:
        self._seq += 1
        return {"seq": self._seq, "dense_seq": self._seq}


def _number(*, dense: bool) -> sa.ColumnElement[int]:
    return tables.articles.c.dense_seq if dense else tables.articles.c.seq


def _changes_of(connection: sa.Connection, rows: Sequence[Any], *, dense: bool) -> list[Change]:
    """What an index must know of articles' rows: removed ones, damaged ones and copies have nothing to index."""
    indexed = [row for row in rows if not row.removed and row.copy_of is None]
    articles = {article.id: article for row in indexed if (article := article_of(row)) is not None}
    vectors = vectors_of(connection, articles) if dense else {}
    held = passages_of(connection, {id_: articles[id_] for id_ in (vectors if dense else articles)})
    found = []
    for row in rows:
        passages, matrix = tuple(held.get(row.id, ())), vectors.get(row.id)
        if matrix is not None and len(matrix) != len(passages):
            passages, matrix = (), None
        found.append(Change(row.dense_seq if dense else row.seq, row.id, passages, matrix if passages else None))
    return found
