"""A small SQLite file that stands beside an index, opened for a moment; and whether it is damaged.

Knows nothing about what such a file holds.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

WAIT_SECONDS = 60.0


@contextmanager
def opened(file: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """The file's database; `mode` is SQLite's: "ro", "rw", "rwc". What is written is committed at the end.

    Raises sqlite3.Error where the file cannot be used (see `is_damage`).
    """
    uri = f"{file.absolute().as_uri()}?mode={mode}"
    with closing(sqlite3.connect(uri, uri=True, timeout=WAIT_SECONDS)) as database, database:
        yield database


def is_damage(error: sqlite3.Error, file: Path) -> bool:
    """Whether the file is gone or broken; a full disk, or one that cannot be written, is no damage."""
    if not isinstance(error, sqlite3.OperationalError):
        return True
    return "no such table" in str(error) or not file.is_file()
