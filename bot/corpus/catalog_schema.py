"""The catalog's tables, and how rows are put into them in either database.

What cannot be made again carries a digest beside it (articles, their cutting, revisions, vectors), so that damage on
the disk is told from what was stored. The rest is covered by the database's own indexes, or can be read again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

SQL_VARIABLES = 500
"""Values in one `IN (...)`, well below SQLite's limit."""

metadata = sa.MetaData()


class _Json(sa.types.TypeDecorator[Any]):
    """JSON of which a damaged value reads as None: a digest then tells that the row is not what was stored."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str:  # noqa: ARG002
        return json.dumps(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:  # noqa: ARG002
        try:
            return json.loads(value or "null")
        except ValueError:
            return None


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
    sa.Column("seq", sa.BigInteger, nullable=False, unique=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Column("url", sa.Text),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("source", sa.Text, index=True),
    sa.Column("published", sa.Text, index=True),
    sa.Column("published_at", sa.Text),
    sa.Column("authors", _Json, nullable=False),
    sa.Column("language", sa.Text),
    sa.Column("section", sa.Text),
    sa.Column("credits", _Json, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("copy_of", sa.Text),
    sa.Column("removed", sa.Boolean, nullable=False),
    sa.Column("added_at", sa.Text, nullable=False),
    sa.Column("changed_at", sa.Text, nullable=False),
    # The number of the last change that the dense index must know of: `seq`, or later, when the vectors were stored.
    sa.Column("dense_seq", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("row_hash", sa.Text, nullable=False, server_default="none"),
    sa.Column("embedded", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("ix_articles_dense_seq", "dense_seq", unique=True),
    sa.Index("ix_articles_standing", "id", "removed", "copy_of", "published", "source"),
    # Of copies alone: SQLite would take it to list every article that is none, where a few ids are asked for.
    sa.Index(
        "ix_articles_copy_of",
        "copy_of",
        sqlite_where=sa.text("copy_of IS NOT NULL"),
        postgresql_where=sa.text("copy_of IS NOT NULL"),
    ),
    sa.Index(
        "ix_articles_unembedded",
        "id",
        sqlite_where=sa.text("embedded = 0"),
        postgresql_where=sa.text("NOT embedded"),
    ),
    sa.Index("ix_articles_days", "removed", "published"),
)
passages_table = sa.Table(
    "passages",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("article_id", sa.Text, nullable=False, index=True),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
)
vectors_table = sa.Table(
    "vectors",
    metadata,
    sa.Column("article_id", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("vectors", sa.LargeBinary, nullable=False),
)
sources_table = sa.Table(
    "sources",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("articles", sa.BigInteger, nullable=False),
)
purged_table = sa.Table(
    "purged",
    metadata,
    sa.Column("article_id", sa.Text, primary_key=True),
    sa.Column("purged_at", sa.Text, nullable=False),
)
revisions_table = sa.Table(
    "revisions",
    metadata,
    sa.Column("article_id", sa.Text, primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("recorded_at", sa.Text, nullable=False),
    sa.Column("article", _Json, nullable=False),
    sa.Column("digest", sa.Text, nullable=False, server_default="none"),
)
bands_table = sa.Table(
    "bands",
    metadata,
    sa.Column("key", sa.BigInteger, primary_key=True),
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
    sa.Column("counts", _Json, nullable=False),
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
    sa.Column("question", _Json, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("short", sa.Text),
    sa.Column("answered", sa.Boolean, nullable=False),
    sa.Column("as_of", sa.Text),
    sa.Column("model", sa.Text),
    sa.Column("citations", _Json, nullable=False),
    sa.Column("retrieved", _Json, nullable=False),
    sa.Column("messages", _Json, nullable=False),
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
    sa.Column("settings", _Json, nullable=False),
    sa.Column("changed_at", sa.Text, nullable=False),
)


def upsert(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]], *, add: str = "") -> None:
    """Put rows in; one whose key is there already takes its place, or adds its column `add` to what is there."""
    if not rows:
        return
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
    keys = list(table.primary_key)
    changed = {each.name: insert.excluded[each.name] for each in table.c if each not in keys}
    if add:
        changed = {add: table.c[add] + insert.excluded[add]}
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=changed), list(rows))


def portions(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The values in runs that fit into one `IN (...)`."""
    for start in range(0, len(values), SQL_VARIABLES):
        yield values[start : start + SQL_VARIABLES]


def timestamp() -> str:
    """This moment, UTC, as text that sorts by time."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
