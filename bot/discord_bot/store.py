"""A small SQLite file with what the bot must know after a restart: open questions, watches, who asked what."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bot.errors import CorpusError

STORE_FILE = "discord.sqlite"

log = logging.getLogger(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS pending (id TEXT PRIMARY KEY, at REAL NOT NULL, tries INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS asked (answer TEXT PRIMARY KEY, person TEXT NOT NULL, guild INTEGER, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS asked_at ON asked (at);
CREATE TABLE IF NOT EXISTS watches (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, guild INTEGER, channel INTEGER NOT NULL,
    person INTEGER NOT NULL, topic TEXT NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS posted (watch INTEGER NOT NULL, article TEXT NOT NULL, PRIMARY KEY (watch, article));
CREATE TRIGGER IF NOT EXISTS ended AFTER DELETE ON watches BEGIN DELETE FROM posted WHERE watch = old.id; END;
"""

Kind = Literal["digest", "alert", "bell"]


@dataclass(frozen=True, slots=True)
class Pending:
    """A question that was being answered. `body` says where its answer goes; `at` is when it came (Unix seconds)."""

    id: str
    at: float
    tries: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Watch:
    """Something that is posted when the corpus grows: a digest or alert on a topic, or a question asked again.

    `seq` is the catalog's change up to which it has looked, `at` when it last did (Unix seconds).
    """

    id: int
    kind: Kind
    guild: int | None
    channel: int
    person: int
    topic: str
    seq: int
    at: float
    body: Mapping[str, Any]


class DiscordStore:
    """One file beside the catalog, so that an ingest never holds it. Safe to share between threads; calls block.

    Raises CorpusError where the file cannot be used. A damaged one is put aside, and a new one begun.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / STORE_FILE
        self._lock = threading.Lock()
        try:
            self._database = self._opened()
        except sqlite3.OperationalError as error:
            raise CorpusError(f"{self.path} cannot be used: {error}. Check that its folder may be written.") from error
        except sqlite3.DatabaseError:
            aside = self.path.with_suffix(f".damaged-{int(time.time())}")
            self.path.rename(aside)
            log.error("%s is damaged; it is kept as %s, and a new one is begun.", self.path, aside.name)
            self._database = self._opened()

    def _opened(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch(mode=0o600)  # the file holds tokens of interactions for some minutes
        database = sqlite3.connect(self.path, check_same_thread=False, timeout=30)
        database.execute("PRAGMA journal_mode=WAL")
        database.executescript(SCHEMA)
        return database

    def _run(self, query: str, *values: Any) -> list[Any]:
        """One statement in a transaction of its own; its rows."""
        with self._lock:
            try:
                with self._database:
                    return self._database.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise CorpusError(f"{self.path} cannot be used: {error}.") from error

    # Questions on their way

    def begin(self, id_: str, body: Mapping[str, Any]) -> None:
        """Note a question before it is answered; one that is noted already is tried once more."""
        query = "INSERT INTO pending VALUES (?, ?, 1, ?) ON CONFLICT (id) DO UPDATE SET tries = tries + 1"
        self._run(query, id_, time.time(), json.dumps(body, default=str))

    def end(self, id_: str) -> None:
        """The question was answered, or refused."""
        self._run("DELETE FROM pending WHERE id = ?", id_)

    def pending(self) -> list[Pending]:
        """Questions that were not ended, oldest first."""
        rows = self._run("SELECT id, at, tries, body FROM pending ORDER BY at")
        return [Pending(id_, at, tries, json.loads(body)) for id_, at, tries, body in rows]

    # Who asked what

    def asked(self, answer: str, person: str, guild: int | None) -> None:
        """Note whose answer it is."""
        self._run("INSERT OR REPLACE INTO asked VALUES (?, ?, ?, ?)", answer, person, guild, time.time())

    def asker_of(self, answer: str) -> str | None:
        """Who asked for an answer."""
        rows = self._run("SELECT person FROM asked WHERE answer = ?", answer)
        return rows[0][0] if rows else None

    def answers_in(self, guild: int | None, since: float) -> list[str]:
        """Ids of the answers given in a server since a moment, newest first."""
        rows = self._run("SELECT answer FROM asked WHERE guild IS ? AND at >= ? ORDER BY at DESC", guild, since)
        return [row[0] for row in rows]

    def forget(self, person: str, user: int) -> list[str]:
        """Forget a person: what they asked, what they watch and wait for. Gives the ids of their answers."""
        self._run("DELETE FROM pending WHERE json_extract(body, '$.user') = ?", user)
        self._run("DELETE FROM watches WHERE person = ?", user)
        return [row[0] for row in self._run("DELETE FROM asked WHERE person = ? RETURNING answer", person)]

    def forget_before(self, moment: float) -> None:
        """Forget who asked what before a moment."""
        self._run("DELETE FROM asked WHERE at < ?", moment)

    # Watches

    def watch(
        self, kind: Kind, guild: int | None, channel: int, person: int, topic: str, seq: int, body: Mapping[str, Any]
    ) -> None:
        """Begin a watch. `seq` is the change of the catalog from which on it looks."""
        values = (kind, guild, channel, person, topic, seq, time.time(), json.dumps(body))
        self._run("INSERT INTO watches VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)", *values)

    def watches(self, kind: Kind | None = None) -> list[Watch]:
        """All watches, or those of a kind, oldest first."""
        rows = self._run("SELECT * FROM watches WHERE ?1 IS NULL OR kind = ?1 ORDER BY id", kind)
        return [Watch(*[*values, json.loads(body)]) for *values, body in rows]

    def looked(self, id_: int, seq: int, posted: Sequence[str] = (), body: Mapping[str, Any] | None = None) -> None:
        """A watch has looked up to a change, and posted these articles."""
        self._run("INSERT OR IGNORE INTO posted SELECT ?, value FROM json_each(?)", id_, json.dumps(posted))
        query = "UPDATE watches SET seq = ?, at = ?, body = coalesce(?, body) WHERE id = ?"
        self._run(query, seq, time.time(), None if body is None else json.dumps(body), id_)

    def was_posted(self, id_: int, articles: Sequence[str]) -> set[str]:
        """Those of the articles that a watch has posted."""
        query = "SELECT article FROM posted WHERE watch = ? AND article IN (SELECT value FROM json_each(?))"
        return {row[0] for row in self._run(query, id_, json.dumps(articles))}

    def unwatch(self, id_: int) -> None:
        """End a watch."""
        self._run("DELETE FROM watches WHERE id = ?", id_)
