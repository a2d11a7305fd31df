"""The catalog's tables, and how rows are put into them in either database.

What cannot be made again carries a digest beside it (articles, their cutting, revisions, vectors), so that damage on
the disk is told from what was stored. The rest is covered by the database's own indexes, or can be read again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles

metadata = sa.MetaData()


class AsText(sa.types.TypeDecorator[Any]):
    """A value that is kept as text. A damaged one reads as None: a digest then tells that the row is damaged."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, write: Callable[[Any], str], read: Callable[[str], Any]) -> None:
        super().__init__()
        self.write, self.read = write, read

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else self.write(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:  # noqa: ARG002
        try:
            return None if value is None else self.read(value)
        except (ValueError, TypeError):
            return None


def dumped(value: Any) -> str:
    """A value as JSON; days and moments in ISO form."""
    return json.dumps(value, default=lambda each: each.isoformat())


def _milliseconds(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


JSON = AsText(dumped, json.loads)
DAY = AsText(date.isoformat, date.fromisoformat)
MOMENT = AsText(datetime.isoformat, datetime.fromisoformat)
STAMP = AsText(_milliseconds, datetime.fromisoformat)
"""A moment of ours, always in UTC: so it sorts by time."""


def _key(name: str, kind: Any = sa.Text) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True)


def _some(name: str, kind: Any = sa.Text, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **more)


def _partial(name: str, column: str, sqlite_where: str, postgresql_where: str) -> sa.Index:
    return sa.Index(name, column, sqlite_where=sa.text(sqlite_where), postgresql_where=sa.text(postgresql_where))


corpus = sa.Table("corpus", metadata, _key("key"), _some("value"))
articles = sa.Table(
    "articles",
    metadata,
    _key("id"),
    _some("seq", sa.BigInteger, unique=True),
    _some("revision", sa.Integer),
    _some("content_hash"),
    sa.Column("url", sa.Text),
    _some("title"),
    _some("text"),
    sa.Column("source", sa.Text, index=True),
    sa.Column("published", DAY, index=True),
    sa.Column("published_at", MOMENT),
    _some("authors", JSON),
    sa.Column("language", sa.Text),
    sa.Column("section", sa.Text),
    _some("credits", JSON),
    _some("origin"),
    sa.Column("copy_of", sa.Text),
    _some("removed", sa.Boolean),
    _some("added_at"),
    _some("changed_at"),
    # The number of the last change that the dense index must know of: `seq`, or later, when the vectors were stored.
    _some("dense_seq", sa.BigInteger, server_default="0"),
    _some("row_hash", server_default="none"),
    _some("embedded", sa.Boolean, server_default=sa.false()),
    sa.Index("ix_articles_dense_seq", "dense_seq", unique=True),
    sa.Index("ix_articles_standing", "id", "removed", "copy_of", "published", "source"),
    # Holds copies only: with all articles in it, SQLite would scan it where a query names a few ids.
    _partial("ix_articles_copy_of", "copy_of", "copy_of IS NOT NULL", "copy_of IS NOT NULL"),
    _partial("ix_articles_unembedded", "id", "embedded = 0", "NOT embedded"),
    # Has no column `removed`: with one, SQLite would scan it where a query names a few ids.
    _partial("ix_articles_days", "published", "removed = 0", "NOT removed"),
)
passages = sa.Table(
    "passages", metadata,
    _key("id"), _some("article_id", index=True), _some("start", sa.Integer), _some("end", sa.Integer),
)  # fmt: skip
vectors = sa.Table(
    "vectors", metadata, _key("article_id"), _some("digest"), _some("vectors", sa.LargeBinary)
)  # fmt: skip
sources = sa.Table("sources", metadata, _key("source"), _some("articles", sa.BigInteger))
purged = sa.Table("purged", metadata, _key("article_id"), _some("purged_at"))
revisions = sa.Table(
    "revisions", metadata,
    _key("article_id"), _key("revision", sa.Integer), _some("recorded_at"), _some("article", JSON),
    _some("digest", server_default="none"),
)  # fmt: skip
bands = sa.Table(
    "bands", metadata,
    _key("key", sa.BigInteger), _key("article_id"), sa.Index("ix_bands_article_id", "article_id"),
    sqlite_with_rowid=False,
)  # fmt: skip
inputs = sa.Table(
    "inputs", metadata,
    _key("digest"), _some("article_id"), _some("content_hash"), sa.Index("ix_inputs_article_id", "article_id"),
    sqlite_with_rowid=False,
)  # fmt: skip
boilerplate = sa.Table("boilerplate", metadata, _key("source"), _some("state", sa.LargeBinary))
runs = sa.Table(
    "runs", metadata,
    _key("id", sa.Integer), _some("started_at", STAMP), sa.Column("finished_at", STAMP), _some("counts", JSON),
)  # fmt: skip
feeds = sa.Table(
    "feeds", metadata,
    _key("address"), _some("kind"), _some("reading"), sa.Column("etag", sa.Text), sa.Column("last_modified", sa.Text),
    sa.Column("retry_at", MOMENT),
)  # fmt: skip
links = sa.Table(
    "links", metadata,
    _key("url"), _some("version"), _some("fetches", sa.Integer), _some("failures", sa.Integer),
    _some("fetched_at", MOMENT),
)  # fmt: skip
answers = sa.Table(
    "answers", metadata,
    _key("id"), _some("given_at", STAMP, index=True), _some("question", JSON), _some("text"),
    sa.Column("short", sa.Text), _some("answered", sa.Boolean), sa.Column("as_of", DAY), sa.Column("model", sa.Text),
    _some("citations", JSON), _some("retrieved", JSON), _some("messages", JSON),
)  # fmt: skip
feedback = sa.Table(
    "feedback", metadata,
    _key("answer_id"), _key("voter"), _some("rating"), sa.Column("reason", sa.Text), sa.Column("correction", sa.Text),
    _some("given_at"),
)  # fmt: skip
guilds = sa.Table("guilds", metadata, _key("id"), _some("settings", JSON), _some("changed_at"))


def upsert(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]], *, add: str = "") -> None:
    """Insert rows. A row whose key exists replaces that row, or adds its column `add` to it."""
    if not rows:
        return
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
    keys = list(table.primary_key)
    changed = {each.name: insert.excluded[each.name] for each in table.c if each not in keys}
    if add:
        changed = {add: table.c[add] + insert.excluded[add]}
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=changed), list(rows))


class _Listed(sa.sql.expression.FunctionElement[Any]):
    """A JSON list as a table of one column, `value`."""

    inherit_cache = True


@compiles(_Listed, "sqlite")
def _listed_in_sqlite(element: _Listed, compiler: Any, **named: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **named)})"


@compiles(_Listed, "postgresql")
def _listed_in_postgresql(element: _Listed, compiler: Any, **named: Any) -> str:
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **named)} AS json))"


def among(column: sa.ColumnElement[Any], values: Collection[Any]) -> sa.ColumnElement[bool]:
    """Whether a column is one of the values, any number of them: they are one parameter of the statement."""
    listed = _Listed(sa.literal(json.dumps(list(values)))).table_valued("value")
    return column.in_(sa.select(sa.cast(listed.c.value, column.type)))


def timestamp() -> str:
    """This moment, UTC, as text that sorts by time."""
    return _milliseconds(datetime.now(UTC))
