"""Opens the SQL database that holds the catalog: a SQLite file, or PostgreSQL by its address.

Whatever goes wrong in either becomes a CorpusError that names the database and the remedy.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

import bot.corpus.catalog.schema as tables
from bot.corpus.catalog.schema import among, metadata, upsert
from bot.errors import CorpusBusy, CorpusError, SettingsError

BUSY_TIMEOUT_SECONDS = 60
LOCK_POLL_SECONDS = 0.02
POSTGRESQL = "postgresql+pg8000"
FIRST_REVISION = "0007"
"""The schema of the first release. No older one was published."""
RESTORE = "Restore it from a backup (newsbot restore FILE), or move it away and ingest again."


class Database:
    """One SQL database, open: a SQLite file, or PostgreSQL by its address."""

    def __init__(self, where: Path | str) -> None:
        self.path = where if isinstance(where, Path) else None
        self.engine = sqlite_engine(where) if isinstance(where, Path) else postgres_engine(where)
        self.name = str(where) if self.path else self.engine.url.render_as_string(hide_password=True)
        # What others committed before a writing transaction had its turn shows in it.
        turn = {"isolation_level": "READ COMMITTED"} if self.shared else {"writing": True}
        self._writing_engine = self.engine.execution_options(**turn)

    @property
    def shared(self) -> bool:
        """Whether other machines may write to it too."""
        return self.path is None

    def close(self) -> None:
        """Give the database's connections back."""
        self.engine.dispose()

    def rows(self, query: sa.Executable) -> Sequence[Any]:
        """All rows that a query finds. Raises CorpusError, as all that asks the database does."""
        with self.engine.connect() as connection:
            return connection.execute(query).all()

    def scalar(self, query: sa.Executable) -> Any:
        """The first column of the first row that a query finds; None where it finds none."""
        with self.engine.connect() as connection:
            return connection.execute(query).scalar()

    def note(self, key: str) -> str | None:
        """What was noted of the database as a whole under a key."""
        found: str | None = self.scalar(sa.select(tables.corpus.c.value).where(tables.corpus.c.key == key))
        return found

    def transaction(self) -> AbstractContextManager[sa.Connection]:
        """One transaction for rows that are not articles: everything is stored, or nothing."""
        return self._writing_engine.begin()

    def put_rows(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows that are not articles. A row replaces the one with the same key."""
        with self.transaction() as connection:
            upsert(connection, table, rows)

    def mend_database(self) -> bool:
        """Make SQLite's own indexes anew, where they disagree with the tables; False where that cannot be done."""
        if self.path is None:
            return False
        try:
            self._execute("REINDEX")
            self.put_rows(tables.corpus, [{"key": "log", "value": uuid.uuid4().hex}])  # numbers may be damaged too
        except (CorpusError, sqlite3.Error):
            return False
        return True

    def _execute(self, *orders: str) -> None:
        """Run statements that SQLite accepts only outside a transaction."""
        with self.engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            for order in orders:
                driver.execute(order)

    def wipe(self) -> None:
        """Overwrite deleted data, so that none of it is left in the database's files. Raises CorpusError."""
        if self.path is None:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM FULL")
        else:
            self._execute("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def locked(self, name: str, *, alone: bool = True, wait_seconds: float | None = None) -> Iterator[None]:
        """Hold the lock of that name in the shared database; without `alone`, share it with others who do the same.

        Raises CorpusBusy after the wait; None waits for ever.
        """
        key = lock_key(name)
        take = sa.func.pg_try_advisory_lock if alone else sa.func.pg_try_advisory_lock_shared
        leave = sa.func.pg_advisory_unlock if alone else sa.func.pg_advisory_unlock_shared
        give_up = time.monotonic() + (wait_seconds if wait_seconds is not None else float("inf"))
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while not connection.execute(sa.select(take(key))).scalar():
                if time.monotonic() >= give_up:
                    raise CorpusBusy(f"Another process is writing to {self.name}. Try again when it is done.")
                time.sleep(LOCK_POLL_SECONDS)
            try:
                yield
            finally:
                connection.execute(sa.select(leave(key)))

    @contextmanager
    def claim(self, article_ids: Collection[str]) -> Iterator[set[str]]:
        """Those of the articles that have no vectors yet and that no other process is inside with: all, in a file."""
        if not self.shared:
            yield set(article_ids)
            return
        keys = {lock_key(id_): id_ for id_ in article_ids}
        take = "SELECT key, pg_try_advisory_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key"
        leave = "SELECT pg_advisory_unlock(key) FROM unnest(CAST(:keys AS bigint[])) AS key"
        a = tables.articles.c
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            taken = [key for key, mine in connection.execute(sa.text(take), {"keys": list(keys)}) if mine]
            try:
                waiting = sa.select(a.id).where(among(a.id, [keys[key] for key in taken]), ~a.embedded)
                yield set(connection.execute(waiting).scalars())
            finally:
                connection.execute(sa.text(leave), {"keys": taken})

    def _schema_revision(self) -> str | None:
        with self.engine.connect() as connection:
            return _revision_of(connection)

    def _migrate(self) -> None:
        """Make the tables where there are none; bring those that an older newsbot made up to date."""
        from alembic import command
        from alembic.config import Config
        from alembic.util import CommandError

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
        with self._writing_engine.begin() as connection:
            if self.shared:  # without it, two processes that open a new database at once would both make the tables
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock_key("migrations"))))
            config.attributes["connection"] = connection
            try:
                if (found := _revision_of(connection)) is None:
                    metadata.create_all(connection, checkfirst=False)
                    command.stamp(config, "head")
                else:
                    command.upgrade(config, "head")
            except CommandError as error:
                by, help_ = "a newer newsbot", "Upgrade newsbot to open it."
                if found and found < FIRST_REVISION:
                    by, help_ = "newsbot before 0.2.0", "Move it away and ingest again."
                raise CorpusError(f"The corpus in {self.name} was made by {by} ({error}). {help_}") from error


def _revision_of(connection: sa.Connection) -> str | None:
    """The schema that the database has; None where it has none of ours."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


def lock_key(name: str) -> int:
    """A number for one of PostgreSQL's advisory locks."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def sqlite_engine(path: Path) -> sa.Engine:
    """An engine over a file. It is read-only where the file or its folder cannot be written."""
    read_only = path.is_file() and not (os.access(path.parent, os.W_OK) and os.access(path, os.W_OK))
    query = {"uri": "true"}
    if read_only:
        query["mode"] = "ro"
        wal = path.with_name(f"{path.name}-wal")
        if not wal.is_file() or wal.stat().st_size == 0:
            query["immutable"] = "1"  # without it SQLite makes a file beside it, even to read
    url = sa.URL.create("sqlite", database=f"file:{quote(str(path.absolute()))}", query=query)
    connect = {"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
    engine = sa.create_engine(url, connect_args=connect, poolclass=sa.QueuePool)

    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # as SQLAlchemy advises for SQLite; `begin` below begins transactions
        # Digests find damaged text. Raising at the first bad byte would hide all other rows.
        connection.text_factory = _decoded
        if not read_only:
            connection.execute("PRAGMA journal_mode=WAL")  # readers go on while a writer writes
            # An index must never be ahead of the catalog, not even after a power cut.
            connection.execute("PRAGMA synchronous=FULL")

    def begin(connection: sa.Connection) -> None:
        # A writer takes the lock at once, so that nobody changes what it reads before it writes.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writing") else "BEGIN")

    sa.event.listen(engine, "connect", prepare)
    sa.event.listen(engine, "begin", begin)
    sa.event.listen(engine, "handle_error", _teller(str(path)))
    return engine


def postgres_engine(address: str) -> sa.Engine:
    """An engine over PostgreSQL: `postgresql://user:password@host/database`. Raises SettingsError."""
    try:
        url = sa.make_url(address)
    except sa.exc.ArgumentError as error:
        raise SettingsError(
            "NEWSBOT_DATABASE_URL is no address of a database, such as postgresql://user:password@host/news."
        ) from error
    if url.get_backend_name() != "postgresql":
        raise SettingsError(f"NEWSBOT_DATABASE_URL: {url.get_backend_name()} is not known; postgresql is.")
    try:
        # Readers see one state of the database throughout a transaction, as with SQLite.
        engine = sa.create_engine(
            url.set(drivername=POSTGRESQL), isolation_level="REPEATABLE READ", pool_pre_ping=True, pool_size=10
        )
    except ImportError as error:
        raise SettingsError(
            "NEWSBOT_DATABASE_URL needs the package pg8000: pip install 'newsbot[postgres]', or leave it empty."
        ) from error
    sa.event.listen(engine, "handle_error", _teller(url.render_as_string(hide_password=True)))
    return engine


def remedy_of(said: str) -> str | None:
    """What helps against an error that the disk or its permissions gave, by its text; None for any other."""
    lower = said.lower()
    if any(each in lower for each in ("read-only", "readonly", "permission denied", "unable to open")):
        return "Check that the folder exists and may be written; nothing that was stored is lost."
    if any(each in lower for each in ("no space", "is full", "disk full", "quota", "too large")):
        return "Free some space and run the command again; nothing that was stored is lost."
    return None


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _teller(name: str) -> Callable[[Any], None]:
    """Called by SQLAlchemy for every error of the database, whatever was being done: it becomes a CorpusError."""

    def tell(context: Any) -> None:
        if not isinstance(context.sqlalchemy_exception, sa.exc.DatabaseError | sa.exc.InterfaceError):
            return
        cause = context.original_exception
        said = str(cause.args[0].get("M", cause)) if cause.args and isinstance(cause.args[0], dict) else str(cause)
        said, otherwise = said.rstrip("."), RESTORE
        if "locked" in said.lower() or "lock timeout" in said.lower():
            otherwise = "Another program holds it; try again when it is done."
        elif context.dialect.name == "postgresql":
            otherwise = "Check NEWSBOT_DATABASE_URL and that the server runs."
        raise CorpusError(f"The catalog {name} cannot be used: {said}. {remedy_of(said) or otherwise}") from cause

    return tell
