"""Indexes for where a passage stands: one that holds all that is asked, and one that is not used for what it finds.

A migration is history: it never imports today's tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add an index that spares reading past an article's text; keep SQLite from listing all that are no copies."""
    op.create_index("ix_articles_standing", "articles", ["id", "removed", "copy_of", "published", "source"])
    op.drop_index("ix_articles_copy_of", "articles")
    copies = sa.text("copy_of IS NOT NULL")
    op.create_index("ix_articles_copy_of", "articles", ["copy_of"], sqlite_where=copies, postgresql_where=copies)
