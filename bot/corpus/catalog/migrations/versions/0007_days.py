"""The index of days holds what is not removed, and is not led by that: SQLite listed all articles by it.

A migration is history: it never imports today's tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the index anew."""
    op.drop_index("ix_articles_days", "articles")
    op.create_index(
        "ix_articles_days",
        "articles",
        ["published"],
        sqlite_where=sa.text("removed = 0"),
        postgresql_where=sa.text("NOT removed"),
    )
