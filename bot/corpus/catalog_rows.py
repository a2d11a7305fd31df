"""The catalog's tables, and what their rows are: articles, passages, changes, revisions, runs, feeds, feedback.

Knows nothing about files, transactions or who asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from bot.schema import Article, Outcome, OutcomeKind, Passage, Scope

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
    sa.Column("copy_of", sa.Text),
    sa.Column("removed", sa.Boolean, nullable=False),
    sa.Column("added_at", sa.Text, nullable=False),
    sa.Column("changed_at", sa.Text, nullable=False),
    sa.Index("ix_articles_standing", "id", "removed", "copy_of", "published", "source"),
    # Of copies alone: SQLite would take it to list every article that is none, where a few ids are asked for.
    sa.Index("ix_articles_copy_of", "copy_of", sqlite_where=sa.text("copy_of IS NOT NULL")),
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
inputs_table = sa.Table(
    "inputs",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("article_id", sa.Text, nullable=False),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Index("ix_inputs_article_id", "article_id"),
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
answers_table = sa.Table(
    "answers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("given_at", sa.Text, nullable=False, index=True),
    sa.Column("question", sa.JSON, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("short", sa.Text),
    sa.Column("answered", sa.Boolean, nullable=False),
    sa.Column("as_of", sa.Text),
    sa.Column("model", sa.Text),
    sa.Column("citations", sa.JSON, nullable=False),
    sa.Column("retrieved", sa.JSON, nullable=False),
    sa.Column("messages", sa.JSON, nullable=False),
)
feedback_table = sa.Table(
    "feedback",
    metadata,
    sa.Column("answer_id", sa.Text, primary_key=True),
    sa.Column("voter", sa.Text, primary_key=True),
    sa.Column("rating", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("correction", sa.Text),
    sa.Column("given_at", sa.Text, nullable=False),
)
guilds_table = sa.Table(
    "guilds",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("settings", sa.JSON, nullable=False),
    sa.Column("changed_at", sa.Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Change:
    """What an index must know of one article: its id, its newest `seq`, and the passages to hold of it now."""

    seq: int
    article_id: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a passage stands: what can be told of it without reading its article."""

    article_id: str
    published: date | None
    start: int
    """Its place in the article's text, in characters."""


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


def changes_of(connection: sa.Connection, rows: Sequence[Any]) -> list[Change]:
    """What an index must know of articles' rows: removed ones and copies have nothing to index."""
    articles = {row.id: article_of(row) for row in rows if not row.removed and row.copy_of is None}
    held: dict[str, list[Passage]] = {}
    p = passages_table.c
    for some in portions(list(articles)):
        spans = sa.select(passages_table).where(p.article_id.in_(some)).order_by(p.article_id, p.start)
        for each in connection.execute(spans):
            passage = Passage(each.id, articles[each.article_id], each.start, each.end)
            held.setdefault(each.article_id, []).append(passage)
    return [Change(row.seq, row.id, tuple(held.get(row.id, ()))) for row in rows]


def indexed() -> sa.ColumnElement[bool]:
    """The articles whose passages an index must hold."""
    return sa.and_(~articles_table.c.removed, articles_table.c.copy_of.is_(None))


def standing_of(connection: sa.Connection, ids: Sequence[str], scope: Scope | None) -> dict[str, Standing]:
    """Where those of the passages stand that are indexed and in scope; no article's text is read past."""
    a, p = articles_table.c, passages_table.c
    query = sa.select(p.id, p.article_id, a.published, p.start).join_from(
        passages_table, articles_table, a.id == p.article_id
    )
    query = query.where(indexed(), *(_in_scope(scope) if scope else ()))
    return {
        id_: Standing(article_id, day_of(published), start)
        for some in portions(ids)
        for id_, article_id, published, start in connection.execute(query.where(p.id.in_(some))).all()
    }


def _in_scope(scope: Scope) -> list[sa.ColumnElement[bool]]:
    """A scope in SQL, over the articles' table."""
    a = articles_table.c
    found: list[sa.ColumnElement[bool]] = []
    if scope.after:
        found.append(a.published >= scope.after.isoformat())
    if scope.before:
        found.append(a.published <= scope.before.isoformat())
    if scope.known_by:
        found.append(sa.or_(a.published.is_(None), a.published <= scope.known_by.isoformat()))
    if scope.sources:
        named = a.source.in_(list(scope.sources))
        found.append(sa.or_(named, a.id.in_(list(scope.copied_by_sources))) if scope.copied_by_sources else named)
    return found


def portions(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The values in runs that fit into one `IN (...)`."""
    for start in range(0, len(values), SQL_VARIABLES):
        yield values[start : start + SQL_VARIABLES]


def timestamp() -> str:
    """This moment, UTC, as text that sorts by time."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def day_of(text: str | None) -> date | None:
    """A stored day."""
    return date.fromisoformat(text) if text else None


def values_of(article: Article) -> dict[str, Any]:
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


def run_of(row: Any) -> Run:
    """The run of ingest that a row of `runs_table` is."""
    finished = datetime.fromisoformat(row.finished_at) if row.finished_at else None
    return Run(datetime.fromisoformat(row.started_at), finished, row.counts)


def known_input_of(connection: sa.Connection, digest: str) -> Outcome | None:
    """UNCHANGED, without an origin, where the input of that digest is stored as it was read; else None."""
    a, i = articles_table.c, inputs_table.c
    same = sa.and_(a.id == i.article_id, a.content_hash == i.content_hash)
    query = sa.select(a.id, a.title, a.content_hash).select_from(inputs_table.join(articles_table, same))
    row = connection.execute(query.where(i.digest == digest, ~a.removed)).one_or_none()
    if row is None:
        return None
    return Outcome(
        kind=OutcomeKind.UNCHANGED, origin="", article_id=row.id, title=row.title, content_hash=row.content_hash
    )


def article_of(row: Any) -> Article:
    """The article that a row of `articles_table` is."""
    return article_from(row._mapping)


def article_from(values: Mapping[str, Any]) -> Article:
    """The article that stored values are, as in a row or in a revision."""
    return Article(
        id=values["id"],
        url=values["url"],
        title=values["title"],
        text=values["text"],
        source=values["source"],
        published=day_of(values["published"]),
        published_at=datetime.fromisoformat(values["published_at"]) if values["published_at"] else None,
        authors=tuple(values["authors"]),
        language=values["language"],
        section=values["section"],
        credits=tuple(values["credits"]),
        origin=values["origin"],
    )
