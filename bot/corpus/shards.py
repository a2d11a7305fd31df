"""Which of the dense index's collections each article stands in, kept in a small file beside them.

Knows nothing about Chroma or vectors.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

from bot.corpus.catalog_rows import Change
from bot.corpus.sqlite_file import opened

TABLES = (
    "CREATE TABLE collections (number INTEGER PRIMARY KEY, token TEXT NOT NULL)",
    "CREATE TABLE articles (id TEXT PRIMARY KEY, collection INTEGER NOT NULL, passages INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX articles_of ON articles (collection, passages)",
)


class Shards:
    """Articles by collection. Collections count from 1; an article stays in its collection as long as it is there.

    An article's row is written before its passages and deleted after them, so after a crash no passage stands where the
    file does not say; a collection's row is written after its passages, so a reader opens none that is not there yet.
    Every method raises sqlite3.Error where the file cannot be used (see `is_damage`).
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def create(self) -> None:
        """Make the file, with no collection yet."""
        with opened(self.file, "rwc") as database:
            for table in TABLES:
                database.execute(table)

    def tokens(self) -> dict[int, str]:
        """The collections in order, each with a name for its content that is another one after every change."""
        with opened(self.file, "ro") as database:
            return dict(database.execute("SELECT number, token FROM collections ORDER BY number"))

    def where(self, articles: Iterable[str]) -> dict[str, int]:
        """The collections of those of the articles that are in one."""
        with opened(self.file, "ro") as database:
            return _where(database, articles)

    def place(self, changes: Sequence[Change], limit: int) -> tuple[dict[int, list[Change]], set[str]]:
        """Changes by the collection that takes them in: for a new article the last, or after `limit` passages the next.

        Also the articles that were in a collection before; those that were not and have no passages are left out.
        """
        placed: dict[int, list[Change]] = {}
        with opened(self.file, "rw") as database:
            known = _where(database, [change.article_id for change in changes])
            ((last,),) = database.execute("SELECT coalesce(max(collection), 1) FROM articles")
            ((held,),) = database.execute("SELECT total(passages) FROM articles WHERE collection = ?", (last,))
            for change in changes:
                number = known.get(change.article_id)
                if number is None:
                    if not change.passages:
                        continue
                    if held >= limit:
                        last, held = last + 1, 0
                    number, held = last, held + len(change.passages)
                if change.passages:
                    row = change.article_id, number, len(change.passages)
                    database.execute("INSERT OR REPLACE INTO articles VALUES (?, ?, ?)", row)
                placed.setdefault(number, []).append(change)
        return placed, set(known)

    def changed(self, number: int, gone: Iterable[str] = ()) -> str:
        """A collection was changed and holds the articles `gone` no more; returns its new token."""
        token = uuid.uuid4().hex
        with opened(self.file, "rw") as database:
            database.execute("INSERT OR REPLACE INTO collections VALUES (?, ?)", (number, token))
            database.executemany("DELETE FROM articles WHERE id = ?", [(article,) for article in gone])
        return token


def _where(database: sqlite3.Connection, articles: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for article in set(articles):
        found.update(database.execute("SELECT id, collection FROM articles WHERE id = ?", (article,)))
    return found
