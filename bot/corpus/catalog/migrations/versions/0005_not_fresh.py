"""Whether an article was new to the indexes is no longer kept: each tells by what it holds.

A migration is history: it never imports today's tables.
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Drop the column."""
    op.drop_column("articles", "fresh")
