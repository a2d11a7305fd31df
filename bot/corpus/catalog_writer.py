"""Changes the catalog within one transaction: every change of an article gets the next number.

Knows nothing about how a transaction begins or ends, nor about who reads.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from bot.corpus.catalog_rows import (
    Feed,
    Link,
    article_of,
    articles_table,
    bands_table,
    boilerplate_table,
    corpus_table,
    feeds_table,
    inputs_table,
    links_table,
    passages_table,
    portions,
    revisions_table,
    timestamp,
    values_of,
)
from bot.corpus.identity import content_hash, passage_id
from bot.schema import Article, OutcomeKind, Span


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
        now = timestamp()
        revision = old.revision + 1 if old is not None else 1
        values = values_of(article) | {
            "seq": self._next_seq(),
            "revision": revision,
            "content_hash": digest,
            "copy_of": copy_of,
            "removed": False,
            "changed_at": now,
        }
        if old is None:
            self._connection.execute(articles_table.insert().values(id=article.id, added_at=now, **values))
        else:
            if not old.removed:
                self._record(old)
            self._connection.execute(articles_table.update().where(articles_table.c.id == article.id).values(**values))
            self._forget(article.id)
        self._put_passages(article.id, digest, spans)
        if bands:
            rows = [{"key": key, "article_id": article.id} for key in sorted(set(bands))]
            self._connection.execute(bands_table.insert(), rows)
        if copy_of is not None:
            return OutcomeKind.COPY
        return OutcomeKind.NEW if old is None or old.removed else OutcomeKind.CHANGED

    def know_inputs(self, articles: Sequence[Article]) -> None:
        """Remember articles, which are stored with this very content, by their `input_digest` where they have one."""
        rows = [
            {"digest": article.input_digest, "article_id": article.id, "content_hash": content_hash(article)}
            for article in articles
            if article.input_digest
        ]
        if rows:
            self._connection.execute(inputs_table.insert().prefix_with("OR REPLACE"), rows)

    def note(self, key: str, value: str) -> None:
        """Note something of the corpus as a whole."""
        self._connection.execute(sa.delete(corpus_table).where(corpus_table.c.key == key))
        self._connection.execute(corpus_table.insert().values(key=key, value=value))

    def recut(self, article_id: str, spans: Sequence[Span]) -> None:
        """Give an article other passages. The indexes are to be made anew after it."""
        row = self._row(article_id)
        self._connection.execute(passages_table.delete().where(passages_table.c.article_id == article_id))
        self._put_passages(article_id, row.content_hash, spans)

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
            found += [article_of(row) for row in rows]
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
        return [article_of(row) for row in self._connection.execute(query)]

    def link(self, article_id: str, copy_of: str | None) -> None:
        """Make an article a copy of another one, or (None) an original again."""
        self._connection.execute(
            articles_table.update()
            .where(articles_table.c.id == article_id)
            .values(copy_of=copy_of, seq=self._next_seq())
        )

    def remove(self, article_id: str) -> bool:
        """Take an article out of the corpus; its oldest copy takes its place. False where it was not there."""
        row = self._row(article_id)
        if row is None or row.removed:
            return False
        self._connection.execute(
            articles_table.update()
            .where(articles_table.c.id == article_id)
            .values(removed=True, copy_of=None, seq=self._next_seq(), changed_at=timestamp())
        )
        self._record(row)
        self._forget(article_id)
        heirs = self.copies_of(article_id)
        for heir in heirs:
            self.link(heir.id, None if heir is heirs[0] else heirs[0].id)
        return True

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
                article=values_of(article_of(row)) | {"id": row.id},
            )
        )

    def _forget(self, article_id: str) -> None:
        self._connection.execute(passages_table.delete().where(passages_table.c.article_id == article_id))
        self._connection.execute(bands_table.delete().where(bands_table.c.article_id == article_id))
        self._connection.execute(inputs_table.delete().where(inputs_table.c.article_id == article_id))

    def _next_seq(self) -> int:
        self._seq += 1
        return self._seq
