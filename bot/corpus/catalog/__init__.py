"""The truth: articles, their passages and vectors, copies and revisions in SQL, and a number for every change."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.corpus.catalog.database import RESTORE
from bot.corpus.catalog.log import CatalogWriter, Log
from bot.errors import CorpusMissing

SCHEMA_REVISION = "0007"
"""The newest migration in `migrations/versions`; a test holds the two equal."""


class Catalog(Log):
    """One SQL database of articles. Readers may use it from many threads and processes while one process writes.

    `where` is a SQLite file, or the address of a PostgreSQL database, which many processes may write to.
    """

    @classmethod
    def create(cls, where: Path | str) -> Catalog:
        """Open the catalog for writing: make it where there is none, bring an older one up to date."""
        catalog = cls(where)
        if catalog._schema_revision() != SCHEMA_REVISION:
            catalog._migrate()
        if catalog.note("id") is None:
            with catalog.writing() as writer:
                if catalog.note("id") is None:
                    writer.note("id", uuid.uuid4().hex)
                    writer.note("log", uuid.uuid4().hex)
        return catalog

    @classmethod
    def open(cls, where: Path | str) -> Catalog:
        """Open a catalog that is there, for reading. Raises CorpusMissing, or CorpusError where it cannot be read."""
        make = "Put articles in: newsbot ingest SOURCE"
        if isinstance(where, Path):
            make = f"Make one: newsbot ingest SOURCE --data {where.parent}"
            if not where.is_file():
                if any((where.parent / name).is_dir() for name in ("chroma", "bm25")):
                    raise CorpusMissing(f"The catalog {where} is gone, and all articles were in it. {RESTORE}")
                # As after `newsbot demo`, which keeps its corpus in a folder of the one that is set.
                inside = sorted(where.parent.glob(f"*/{where.name}"))
                near = f" There is one in {inside[0].parent}: name it by --data." if inside else ""
                raise CorpusMissing(f"There is no corpus in {where.parent}.{near} {make}")
        catalog = cls(where)
        found = catalog._schema_revision()
        if found is None or catalog.note("id") is None:
            place = "empty or another program's database"
            raise CorpusMissing(f"There is no corpus in {catalog.name}: it is {place}. {make}")
        if found != SCHEMA_REVISION:
            catalog._migrate()
        return catalog

    def id(self) -> str:
        """The corpus' own name."""
        return self.note("id") or ""

    def log(self) -> str:
        """The name of the numbering of changes. An index that follows a log of another name belongs to another corpus.

        Restoring a backup gives the log a new name, since the same numbers then stand for other changes.
        """
        return f"{self.id()}/{self.note('log') or ''}"

    def vectors_make(self) -> dict[str, str | int] | None:
        """What the stored vectors were made with: model, fingerprint of its weights, ...; None where there are none."""
        try:
            return dict(json.loads(self.note("vectors") or "null"))
        except (ValueError, TypeError):
            return None

    @contextmanager
    def writing(self) -> Iterator[CatalogWriter]:
        """One transaction: everything that is put through the writer is stored, or nothing."""
        with self.transaction() as connection:
            yield CatalogWriter(connection)
