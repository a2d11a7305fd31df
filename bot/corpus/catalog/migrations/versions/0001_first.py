"""The first schema: articles, passages, revisions, bands for finding copies, what publishers repeat, runs, feeds.

A migration is history: it never imports today's tables.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _key(name: str, kind: Any = sa.Text) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True)


def _some(name: str, kind: Any = sa.Text, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **more)


def upgrade() -> None:
    """Make every table."""
    op.create_table("corpus", _key("key"), _some("value"))
    op.create_table(
        "articles",
        _key("id"), _some("seq", sa.BigInteger, unique=True), _some("revision", sa.Integer), _some("content_hash"),
        sa.Column("url", sa.Text), _some("title"), _some("text"), sa.Column("source", sa.Text, index=True),
        sa.Column("published", sa.Text, index=True), sa.Column("published_at", sa.Text), _some("authors"),
        sa.Column("language", sa.Text), sa.Column("section", sa.Text), _some("credits"), _some("origin"),
        sa.Column("copy_of", sa.Text, index=True), _some("removed", sa.Boolean), _some("fresh", sa.Boolean),
        _some("added_at"), _some("changed_at"),
    )  # fmt: skip
    op.create_table(
        "passages", _key("id"), _some("article_id", index=True), _some("start", sa.Integer), _some("end", sa.Integer)
    )
    op.create_table(
        "revisions", _key("article_id"), _key("revision", sa.Integer), _some("recorded_at"), _some("article")
    )
    op.create_table(
        "bands", _key("key", sa.BigInteger), _key("article_id"), sa.Index("ix_bands_article_id", "article_id"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table("boilerplate", _key("source"), _some("state", sa.LargeBinary))
    op.create_table(
        "runs", _key("id", sa.Integer), _some("started_at"), sa.Column("finished_at", sa.Text), _some("counts")
    )
    op.create_table(
        "feeds", _key("address"), _some("kind"), _some("reading"),
        *(sa.Column(name, sa.Text) for name in ("etag", "last_modified", "retry_at")),
    )  # fmt: skip
    op.create_table(
        "links", _key("url"), _some("version"), _some("fetches", sa.Integer), _some("failures", sa.Integer),
        _some("fetched_at"),
    )  # fmt: skip
