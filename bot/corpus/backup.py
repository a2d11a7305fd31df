"""Copies the catalog into one file and back, from either database to either, while others read and write.

The file is a catalog of its own, with the vectors: the indexes are made anew from it, and nothing is embedded again.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import sqlalchemy as sa

from bot.corpus.catalog import Catalog
from bot.corpus.catalog.database import RESTORE
from bot.corpus.catalog.schema import metadata, upsert
from bot.corpus.verifying import damage_of
from bot.errors import CorpusError, CorpusMissing, UsageError

COPIED_ROWS = 500
OTHER_FILE = "Nothing was changed. Name a file that newsbot backup wrote."


def backup(catalog: Catalog, file: Path) -> int:
    """Write the catalog as it is at one moment into a new file; returns the number of articles in it.

    Raises UsageError where the file is there already, CorpusError where it cannot be written.
    """
    if file.exists():
        raise UsageError(f"{file} is there already. Name another file, or delete it first.")
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        if catalog.path is not None:
            with catalog.engine.connect() as reading, closing(sqlite3.connect(part)) as target:
                source = reading.connection.driver_connection
                assert source is not None
                source.backup(target)
                target.execute("PRAGMA journal_mode=DELETE")  # one file, whole by itself
        else:
            made = Catalog.create(part)
            try:
                _copy(catalog, made)
            finally:
                made.close()
        with part.open("rb") as written:
            os.fsync(written.fileno())
        with closing(sqlite3.connect(f"{part.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as target:
            ((articles,),) = target.execute("SELECT count(*) FROM articles WHERE NOT removed")
        part.replace(file)
    except (OSError, sqlite3.Error) as error:
        raise CorpusError(f"The backup {file} cannot be written: {error}. The corpus is as it was.") from error
    finally:
        for left in part.parent.glob(f"{part.name}*"):
            left.unlink(missing_ok=True)
    return int(articles)


@contextmanager
def open_backup(file: Path, folder: Path) -> Iterator[Catalog]:
    """Open a copy of a backup for `restore`. The copy is made on the disk of `folder`, which need not exist yet.

    Raises CorpusError where the file is not a sound backup; nothing is created or changed then.
    """
    if not file.is_file():
        raise CorpusError(f"There is no backup {file}.")
    with ExitStack() as held:
        try:
            room = next(each for each in (folder, *folder.absolute().parents) if each.is_dir())
            # Opening a catalog may migrate it, and the backup itself must not change.
            copy = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="newsbot-", dir=room))) / file.name
            shutil.copy(file, copy)
            source = held.enter_context(closing(Catalog.open(copy)))
        except OSError as error:
            raise CorpusError(f"The backup {file} cannot be read: {error}. Nothing was changed.") from error
        except CorpusMissing as error:
            raise CorpusError(f"{file} is no backup of a corpus. {OTHER_FILE}") from error
        except CorpusError as error:
            raise CorpusError(f"{_of_backup(str(error), copy, file)} {OTHER_FILE}") from error
        if wrong := damage_of(source).lines():
            raise CorpusError(f"The backup {file} is damaged: {_of_backup(wrong[0], copy, file)} {OTHER_FILE}")
        yield source


def restore(catalog: Catalog, source: Catalog) -> int:
    """Replace everything in the catalog by the backup, in one transaction; returns the number of articles.

    The catalog then has another log, so the indexes follow it from the beginning.
    """
    _copy(source, catalog)
    return source.counts()["articles"]


def _of_backup(said: str, copy: Path, file: Path) -> str:
    """An error about the copy, reworded: it names the backup, and does not advise to restore one."""
    return said.replace(str(copy), str(file)).replace("The catalog ", "The backup ").removesuffix(RESTORE).strip()


def _copy(source: Catalog, target: Catalog) -> None:
    """Replace all rows of all tables of `target`."""
    with source.engine.connect() as reading, target.transaction() as writing:
        for table in metadata.sorted_tables:
            writing.execute(table.delete())
            rows = reading.execution_options(yield_per=COPIED_ROWS).execute(sa.select(table))
            for some in rows.mappings().partitions():
                writing.execute(table.insert(), [dict(each) for each in some])
        upsert(writing, metadata.tables["corpus"], [{"key": "log", "value": uuid.uuid4().hex}])
        if writing.dialect.name == "postgresql":
            newest = "SELECT setval(pg_get_serial_sequence('runs', 'id'), coalesce(max(id), 0) + 1, false) FROM runs"
            writing.exec_driver_sql(newest)
