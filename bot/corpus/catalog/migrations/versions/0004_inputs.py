"""What was read, by a digest of its bytes, so that it is known when it is met again.

A migration is history: it never imports today's tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the table of inputs; it fills as things are read."""
    op.create_table(
        "inputs",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("article_id", sa.Text, nullable=False),
        sa.Column("content_hash", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_inputs_article_id", "inputs", ["article_id"])
