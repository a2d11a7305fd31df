"""Answers that were given, what people said of them, and the settings of Discord servers.

A migration is history: it never imports today's tables.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _key(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, primary_key=True)


def _some(name: str, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False, **more)


def upgrade() -> None:
    """Add the three tables."""
    op.create_table(
        "answers",
        _key("id"), _some("given_at", index=True), _some("question"), _some("text"), sa.Column("short", sa.Text),
        sa.Column("answered", sa.Boolean, nullable=False), sa.Column("as_of", sa.Text), sa.Column("model", sa.Text),
        _some("citations"), _some("retrieved"), _some("messages"),
    )  # fmt: skip
    op.create_table(
        "feedback",
        _key("answer_id"), _key("voter"), _some("rating"), sa.Column("reason", sa.Text),
        sa.Column("correction", sa.Text), _some("given_at"),
    )  # fmt: skip
    op.create_table("guilds", _key("id"), _some("settings"), _some("changed_at"))
