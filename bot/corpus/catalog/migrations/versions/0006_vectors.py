"""Vectors in the catalog; digests by which damage is seen; articles counted by source; what may not come back.

A migration is history: it never imports today's tables.
"""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add columns and tables; fill what follows from what is there. Vectors come with the next embedding."""
    op.create_table(
        "vectors",
        sa.Column("article_id", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("vectors", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "sources",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("articles", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "purged",
        sa.Column("article_id", sa.Text, primary_key=True),
        sa.Column("purged_at", sa.Text, nullable=False),
    )
    op.add_column("articles", sa.Column("dense_seq", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("articles", sa.Column("row_hash", sa.Text, nullable=False, server_default="none"))
    op.add_column("articles", sa.Column("embedded", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("revisions", sa.Column("digest", sa.Text, nullable=False, server_default="none"))
    _fill()
    op.create_index("ix_articles_dense_seq", "articles", ["dense_seq"], unique=True)
    op.create_index(
        "ix_articles_unembedded",
        "articles",
        ["id"],
        sqlite_where=sa.text("embedded = 0"),
        postgresql_where=sa.text("NOT embedded"),
    )
    op.create_index("ix_articles_days", "articles", ["removed", "published"])


def _fill() -> None:
    run = op.get_bind().execute
    run(sa.text("UPDATE articles SET dense_seq = seq"))
    run(sa.text("UPDATE articles SET embedded = (removed OR copy_of IS NOT NULL)"))
    run(
        sa.text(
            "INSERT INTO sources (source, articles) SELECT coalesce(source, ''), count(*) FROM articles"
            " WHERE NOT removed GROUP BY coalesce(source, '')"
        )
    )
    ids = list(run(sa.text("SELECT id FROM articles ORDER BY id")).scalars())
    spans = sa.text('SELECT start, "end" FROM passages WHERE article_id = :id')
    kept = sa.text("SELECT id, revision, origin, copy_of, removed, added_at, changed_at FROM articles WHERE id = :id")
    typed = kept.columns(removed=sa.Boolean)
    for id_ in ids:
        row = run(typed, {"id": id_}).one()
        cut = sorted(list(each) for each in run(spans, {"id": id_}))
        digest = hashlib.sha256(json.dumps([list(row), cut]).encode("utf-8", "surrogatepass")).hexdigest()[:32]
        run(sa.text("UPDATE articles SET row_hash = :digest WHERE id = :id"), {"digest": digest, "id": id_})
    keys = run(sa.text("SELECT article_id, revision FROM revisions")).all()
    for id_, number in keys:
        key = {"id": id_, "number": number}
        one = "FROM revisions WHERE article_id = :id AND revision = :number"
        text = run(sa.text(f"SELECT article {one}"), key).scalar_one()
        digest = hashlib.sha256(json.dumps(json.loads(text)).encode()).hexdigest()[:32]
        run(
            sa.text("UPDATE revisions SET digest = :digest WHERE article_id = :id AND revision = :number"),
            key | {"digest": digest},
        )
