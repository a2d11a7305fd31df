"""The first schema: articles, passages, revisions, bands for finding copies, what publishers repeat, runs, feeds.

A migration is history: it never imports today's tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "corpus",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "articles",
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
        sa.Column("authors", sa.Text, nullable=False),
        sa.Column("language", sa.Text),
        sa.Column("section", sa.Text),
        sa.Column("credits", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("copy_of", sa.Text, index=True),
        sa.Column("removed", sa.Boolean, nullable=False),
        sa.Column("fresh", sa.Boolean, nullable=False),
        sa.Column("added_at", sa.Text, nullable=False),
        sa.Column("changed_at", sa.Text, nullable=False),
    )
    op.create_table(
        "passages",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("article_id", sa.Text, nullable=False, index=True),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("end", sa.Integer, nullable=False),
    )
    op.create_table(
        "revisions",
        sa.Column("article_id", sa.Text, primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True),
        sa.Column("recorded_at", sa.Text, nullable=False),
        sa.Column("article", sa.Text, nullable=False),
    )
    op.create_table(
        "bands",
        sa.Column("key", sa.BigInteger, primary_key=True),
        sa.Column("article_id", sa.Text, primary_key=True),
        sa.Index("ix_bands_article_id", "article_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "boilerplate",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("state", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("started_at", sa.Text, nullable=False),
        sa.Column("finished_at", sa.Text),
        sa.Column("counts", sa.Text, nullable=False),
    )
    op.create_table(
        "feeds",
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("reading", sa.Text, nullable=False),
        sa.Column("etag", sa.Text),
        sa.Column("last_modified", sa.Text),
        sa.Column("retry_at", sa.Text),
    )
    op.create_table(
        "links",
        sa.Column("url", sa.Text, primary_key=True),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("fetches", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("fetched_at", sa.Text, nullable=False),
    )
