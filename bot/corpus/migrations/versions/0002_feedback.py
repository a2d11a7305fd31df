"""Answers that were given, what people said of them, and the settings of Discord servers.

A migration is history: it never imports today's tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the three tables."""
    op.create_table(
        "answers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("given_at", sa.Text, nullable=False, index=True),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("short", sa.Text),
        sa.Column("answered", sa.Boolean, nullable=False),
        sa.Column("as_of", sa.Text),
        sa.Column("model", sa.Text),
        sa.Column("citations", sa.Text, nullable=False),
        sa.Column("retrieved", sa.Text, nullable=False),
        sa.Column("messages", sa.Text, nullable=False),
    )
    op.create_table(
        "feedback",
        sa.Column("answer_id", sa.Text, primary_key=True),
        sa.Column("voter", sa.Text, primary_key=True),
        sa.Column("rating", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("correction", sa.Text),
        sa.Column("given_at", sa.Text, nullable=False),
    )
    op.create_table(
        "guilds",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("changed_at", sa.Text, nullable=False),
    )
