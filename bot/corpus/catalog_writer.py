"""Changes the catalog within one transaction: every change of an article gets the next number."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.corpus.catalog_rows import (
    Change,
    Feed,
    Link,
    article_of,
    indexed,
    packed,
    revision_digest,
    row_hash,
    values_of,
    vectors_digest,
)
from bot.corpus.catalog_schema import (
    answers_table,
    articles_table,
    bands_table,
    boilerplate_table,
    corpus_table,
    feedback_table,
    feeds_table,
    inputs_table,
    links_table,
    passages_table,
    portions,
    purged_table,
    revisions_table,
    sources_table,
    timestamp,
    upsert,
    vectors_table,
)
from bot.corpus.identity import content_hash, passage_id
from bot.schema import Article, OutcomeKind, Span

if TYPE_CHECKING:
    from bot.corpus.catalog_rows import Vectors

SEQ_LOCK = 5_206_179
"""Of PostgreSQL's advisory locks the one under which changes are numbered: their order is that of their commits."""


class Writer:
    """Changes the catalog within one transaction; one transaction at a time numbers changes."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        if connection.dialect.name == "postgresql":  # SQLite has one writer anyway
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(SEQ_LOCK)))
        newest = sa.select(sa.func.max(articles_table.c.seq)), sa.select(sa.func.max(articles_table.c.dense_seq))
        self._seq = max(int(connection.execute(query).scalar() or 0) for query in newest)

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
        now = timestamp()
        seq = self._next_seq()
        values = values_of(article) | {
            "id": article.id,
            "seq": seq,
            "dense_seq": seq,
            "revision": old.revision + 1 if old is not None else 1,
            "content_hash": digest,
            "copy_of": copy_of,
            "removed": False,
            "embedded": copy_of is not None or not spans,
            "added_at": old.added_at if old is not None else now,
            "changed_at": now,
        }
        values["row_hash"] = row_hash(values, [(span.start, span.end) for span in spans])
        if old is None:
            self._connection.execute(articles_table.insert().values(**values))
        else:
            if not old.removed:
                self._record(old)
                self._count(old.source, -1)
            self._connection.execute(articles_table.update().where(articles_table.c.id == article.id).values(**values))
            self._forget(article.id)
        self._count(article.source, 1)
        self._put_passages(article.id, digest, spans)
        if bands:
            rows = [{"key": key, "article_id": article.id} for key in sorted(set(bands))]
            self._connection.execute(bands_table.insert(), rows)
        if copy_of is not None:
            return OutcomeKind.COPY
        return OutcomeKind.NEW if old is None or old.removed else OutcomeKind.CHANGED

    def put_vectors(self, changes: Sequence[Change], vectors: Sequence[Vectors]) -> None:
        """Store the vectors of articles' passages, shape (passages, dimension) each, as they were when `changes` said.

        What was changed or embedded since is left alone. Each stored one is a change that the dense index must know of.
        """
        a, p = articles_table.c, passages_table.c
        waiting: dict[str, list[str]] = {}
        for some in portions([change.article_id for change in changes]):
            query = sa.select(p.article_id, p.id).join_from(passages_table, articles_table, a.id == p.article_id)
            for article_id, id_ in self._connection.execute(query.where(a.id.in_(some), ~a.embedded)):
                waiting.setdefault(article_id, []).append(id_)
        for change, matrix in zip(changes, vectors, strict=True):
            if sorted(waiting.get(change.article_id, ())) != sorted(each.id for each in change.passages):
                continue
            raw = packed(matrix)
            row = {"article_id": change.article_id, "digest": vectors_digest(raw), "vectors": raw}
            upsert(self._connection, vectors_table, [row])
            self._connection.execute(
                articles_table.update()
                .where(a.id == change.article_id)
                .values(embedded=True, dense_seq=self._next_seq())
            )

    def forget_vectors(self, article_ids: Sequence[str] | None = None) -> None:
        """Have these articles embedded anew; None means all of them."""
        a, v = articles_table.c, vectors_table.c
        for some in [None] if article_ids is None else portions(article_ids):
            of_vectors = sa.true() if some is None else v.article_id.in_(some)
            of_articles = sa.true() if some is None else a.id.in_(some)
            self._connection.execute(vectors_table.delete().where(of_vectors))
            there = sa.exists().where(passages_table.c.article_id == a.id)
            self._connection.execute(
                articles_table.update().where(of_articles, indexed(), there).values(embedded=False)
            )

    def know_inputs(self, articles: Sequence[Article]) -> None:
        """Remember articles, which are stored with this very content, by their `input_digest` where they have one."""
        rows = {
            article.input_digest: {
                "digest": article.input_digest,
                "article_id": article.id,
                "content_hash": content_hash(article),
            }
            for article in articles
            if article.input_digest
        }
        upsert(self._connection, inputs_table, list(rows.values()))

    def note(self, key: str, value: str) -> None:
        """Note something of the corpus as a whole."""
        upsert(self._connection, corpus_table, [{"key": key, "value": value}])

    def recut(self, article_id: str, spans: Sequence[Span]) -> None:
        """Give an article other passages, to be embedded anew."""
        row = self._row(article_id)
        self._connection.execute(passages_table.delete().where(passages_table.c.article_id == article_id))
        self._connection.execute(vectors_table.delete().where(vectors_table.c.article_id == article_id))
        self._put_passages(article_id, row.content_hash, spans)
        seq = self._next_seq()
        self._connection.execute(
            articles_table.update()
            .where(articles_table.c.id == article_id)
            .values(
                seq=seq,
                dense_seq=seq,
                embedded=row.copy_of is not None or not spans,
                row_hash=row_hash(row._mapping, [(span.start, span.end) for span in spans]),
            )
        )

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
        for some in portions(list(keys)):
            query = sa.select(b.article_id, sa.func.count()).where(b.key.in_(some)).group_by(b.article_id)
            for row in self._connection.execute(query):
                shared[row[0]] = shared.get(row[0], 0) + row[1]
        found: list[Article] = []
        for some in portions(list(shared)):
            rows = self._connection.execute(sa.select(articles_table).where(a.id.in_(some), ~a.removed))
            originals = {row.copy_of or row.id for row in rows}
            rows = self._connection.execute(sa.select(articles_table).where(a.id.in_(originals), ~a.removed))
            found += [each for row in rows if (each := article_of(row)) is not None]
        return sorted(found, key=lambda each: (-shared.get(each.id, 0), each.id))

    def boilerplate(self, source: str) -> bytes:
        """What was learned of a publisher's recurring paragraphs; empty where nothing was."""
        query = sa.select(boilerplate_table.c.state).where(boilerplate_table.c.source == source)
        return bytes(self._connection.execute(query).scalar() or b"")

    def learn_boilerplate(self, source: str, state: bytes) -> None:
        """Store what was learned of a publisher's recurring paragraphs."""
        upsert(self._connection, boilerplate_table, [{"source": source, "state": state}])

    def put_feed(self, feed: Feed) -> None:
        """Remember an address that is followed, in place of what was remembered of it."""
        values = {name: getattr(feed, name) for name in feeds_table.c.keys()}  # noqa: SIM118 - columns by name
        values["retry_at"] = feed.retry_at.isoformat() if feed.retry_at else None
        upsert(self._connection, feeds_table, [values])

    def put_link(self, link: Link) -> None:
        """Remember a page that a feed led to, in place of what was remembered of it."""
        values = {name: getattr(link, name) for name in links_table.c.keys()}  # noqa: SIM118 - columns by name
        values["fetched_at"] = link.fetched_at.isoformat()
        upsert(self._connection, links_table, [values])

    def copies_of(self, article_id: str) -> list[Article]:
        """Articles that are linked as copies of this one, oldest first."""
        a = articles_table.c
        query = (
            sa.select(articles_table)
            .where(a.copy_of == article_id, ~a.removed)
            .order_by(a.published.is_(None), a.published, a.id)
        )
        return [each for row in self._connection.execute(query) if (each := article_of(row)) is not None]

    def link(self, article_id: str, copy_of: str | None) -> None:
        """Make an article a copy of another one, or (None) an original again."""
        seq = self._next_seq()
        row, spans = self._row(article_id), self._spans(article_id)
        embedded = sa.exists().where(vectors_table.c.article_id == articles_table.c.id)
        self._connection.execute(
            articles_table.update()
            .where(articles_table.c.id == article_id)
            .values(
                copy_of=copy_of,
                seq=seq,
                dense_seq=seq,
                embedded=sa.true() if copy_of is not None or not spans else embedded,
                row_hash=row_hash({**row._mapping, "copy_of": copy_of}, spans),
            )
        )

    def remove(self, article_id: str, *, record: bool = True) -> bool:
        """Take an article out of the corpus; its oldest copy takes its place. False where it was not there.

        Its last state is recorded as a revision, but for `record` False: what is damaged was never a state.
        """
        row = self._row(article_id)
        if row is None or row.removed:
            return False
        seq = self._next_seq()
        values = {"removed": True, "copy_of": None, "embedded": True, "changed_at": timestamp()}
        digest = row_hash({**row._mapping, **values}, [])
        self._connection.execute(
            articles_table.update()
            .where(articles_table.c.id == article_id)
            .values(**values, seq=seq, dense_seq=seq, row_hash=digest)
        )
        if record:
            self._record(row)
        self._count(row.source, -1)
        self._forget(article_id)
        heirs = self.copies_of(article_id)
        for heir in heirs:
            self.link(heir.id, None if heir is heirs[0] else heirs[0].id)
        return True

    def purge(self, article_ids: Iterable[str]) -> None:
        """Leave nothing of articles but their ids, which are refused from then on, and answers that cited them neither.

        Their rows stay, empty: that is how the indexes learn of it.
        """
        ids = list(article_ids)
        now = timestamp()
        empty: dict[str, Any] = {
            "url": None,
            "title": "",
            "text": "",
            "source": None,
            "published": None,
            "published_at": None,
        }
        empty |= {"authors": [], "language": None, "section": None, "credits": [], "origin": ""}
        for id_ in ids:
            self.remove(id_)
            self._connection.execute(revisions_table.delete().where(revisions_table.c.article_id == id_))
            if (row := self._row(id_)) is not None:
                values = {**empty, "content_hash": "", "row_hash": row_hash({**row._mapping, **empty}, [])}
                self._connection.execute(articles_table.update().where(articles_table.c.id == id_).values(**values))
        upsert(self._connection, purged_table, [{"article_id": id_, "purged_at": now} for id_ in ids])
        wanted = set(ids)
        cited = [
            row.id
            for row in self._connection.execute(sa.select(answers_table.c.id, answers_table.c.citations))
            if any(each.get("article_id") in wanted for each in row.citations or ())
        ]
        for some in portions(cited):
            self._connection.execute(answers_table.delete().where(answers_table.c.id.in_(some)))
            self._connection.execute(feedback_table.delete().where(feedback_table.c.answer_id.in_(some)))

    def allow(self, article_ids: Iterable[str]) -> None:
        """Take purged articles in again when they are met."""
        for some in portions(list(article_ids)):
            self._connection.execute(purged_table.delete().where(purged_table.c.article_id.in_(some)))

    def is_purged(self, article_id: str) -> bool:
        """Whether the article was purged, and may not come back."""
        query = sa.select(purged_table.c.article_id).where(purged_table.c.article_id == article_id)
        return self._connection.execute(query).scalar() is not None

    def forget_revisions(self, keys: Iterable[tuple[str, int]]) -> None:
        """Drop recorded states: (article id, revision) each."""
        r = revisions_table.c
        for article_id, revision in keys:
            mine = sa.and_(r.article_id == article_id, r.revision == revision)
            self._connection.execute(revisions_table.delete().where(mine))

    def mistrust(self, article_id: str) -> None:
        """Note that an article is damaged: it is not shown, and `put` takes any content in its place."""
        self._connection.execute(
            articles_table.update().where(articles_table.c.id == article_id).values(content_hash="")
        )

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
            self._connection.execute(passages_table.insert(), rows)

    def _spans(self, article_id: str) -> list[tuple[int, int]]:
        p = passages_table.c
        query = sa.select(p.start, p.end).where(p.article_id == article_id)
        return [(start, end) for start, end in self._connection.execute(query)]

    def _row(self, article_id: str) -> Any:
        query = sa.select(articles_table).where(articles_table.c.id == article_id)
        return self._connection.execute(query).one_or_none()

    def _record(self, row: Any) -> None:
        """Keep a state that is about to be replaced; a damaged one is none."""
        article = article_of(row)
        if article is None:
            return
        kept = values_of(article) | {"id": row.id}
        self._connection.execute(
            revisions_table.insert().values(
                article_id=row.id,
                revision=row.revision,
                recorded_at=row.changed_at,
                digest=revision_digest(kept),
                article=kept,
            )
        )

    def _forget(self, article_id: str) -> None:
        for table in (passages_table, vectors_table, bands_table, inputs_table):
            self._connection.execute(table.delete().where(table.c.article_id == article_id))

    def _count(self, source: str | None, more: int) -> None:
        upsert(self._connection, sources_table, [{"source": source or "", "articles": more}], add="articles")

    def _next_seq(self) -> int:
        self._seq += 1
        return self._seq
