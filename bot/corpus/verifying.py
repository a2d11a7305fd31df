"""Compares what a corpus holds with what was stored: the catalog with its digests, and each index with the catalog."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

import bot.corpus.catalog.schema as tables
from bot.corpus.catalog import Catalog
from bot.corpus.catalog.articles import article_of, revision_digest, row_hash
from bot.corpus.catalog.database import RESTORE
from bot.corpus.catalog.schema import among
from bot.corpus.catalog.vectors import vectors_digest
from bot.corpus.follower import DenseIndex, Follower, Stored
from bot.errors import CorpusError

READ_ROWS = 2_000
REBUILD_SHARE = 0.3
"""Where more than this share of an index is wrong, it is made anew rather than mended."""
VECTOR_TOLERANCE = 2e-3
"""Components of unit vectors that differ by less count as equal; 16-bit floats are exact to a quarter of that."""


@dataclass(slots=True)
class Damage:
    """What of a catalog is not what was stored.

    `articles` (by id, with the place they were read from) say something else; `cut` are cut into other passages, or
    stand otherwise; `vectors` are articles whose vectors are not what was computed, `revisions` older states that are
    not what was recorded. `database` says what the database itself finds broken, a sentence each.
    """

    articles: dict[str, str] = field(default_factory=dict)
    cut: list[str] = field(default_factory=list)
    vectors: list[str] = field(default_factory=list)
    revisions: list[tuple[str, int]] = field(default_factory=list)
    database: list[str] = field(default_factory=list)
    orphans: int = 0

    def lines(self) -> list[str]:
        """What is wrong, a sentence each; empty where nothing is."""
        found = list(self.database)
        for id_, origin in self.articles.items():
            found.append(f"The catalog's article {id_} (read from {origin or 'an unknown place'}) is damaged.")
        if self.cut:
            found.append(f"The catalog's rows of {len(self.cut)} articles, or their passages, are damaged.")
        if self.vectors:
            found.append(f"The catalog's vectors of {len(self.vectors)} articles are damaged.")
        if self.revisions:
            found.append(f"The catalog's older states of {len(self.revisions)} articles are damaged.")
        if self.orphans:
            found.append(f"The catalog holds {self.orphans} passages of articles that it does not.")
        return found


def damage_of(catalog: Catalog) -> Damage:
    """Read everything that the catalog holds, and compare it with its digests. Never raises for what is damaged."""
    found = Damage(database=_database(catalog))
    spans: dict[str, list[Any]] = {}
    try:
        with catalog.engine.connect() as connection:
            for row in connection.execution_options(yield_per=READ_ROWS).execute(sa.select(tables.passages)):
                spans.setdefault(row.article_id, []).append(row)
            for row in connection.execution_options(yield_per=100).execute(sa.select(tables.articles)):
                own = spans.pop(row.id, [])
                if not row.removed and article_of(row) is None:
                    found.articles[row.id] = row.origin
                elif row_hash(row._mapping, own) != row.row_hash:
                    found.cut.append(row.id)
            found.orphans = sum(map(len, spans.values()))
            for row in connection.execution_options(yield_per=100).execute(sa.select(tables.vectors)):
                if vectors_digest(row.vectors) != row.digest:
                    found.vectors.append(row.article_id)
            for row in connection.execution_options(yield_per=100).execute(sa.select(tables.revisions)):
                if revision_digest(row.article) != row.digest:
                    found.revisions.append((row.article_id, row.revision))
    except CorpusError as error:
        found.database = found.database or [str(error)]
    return found


def _database(catalog: Catalog) -> list[str]:
    """What SQLite finds broken in its own file, the first of it; PostgreSQL has checksums of its own."""
    if catalog.path is None:
        return []
    try:
        with catalog.engine.connect() as connection:
            found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(20)") if row[0] != "ok"]
    except CorpusError as error:
        return [str(error)]
    if not found:
        return []
    said = " ".join(found[0].split("\n", 1)[0].split())
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return [f"The catalog {catalog.path} is damaged: {said}{more}. {RESTORE}"]


def differences(catalog: Catalog, follower: Follower, dense: DenseIndex | None) -> tuple[list[str], set[str] | None]:
    """What is wrong with an index that stands at a state of this catalog, and the articles that it must take in again.

    None instead of these where it must be made anew: much is wrong, or it holds what never was in the catalog. `dense`
    is the index again where it is one of vectors.
    """
    state = follower.state()
    assert state is not None
    follower.close()  # opened anew, it shows what another process wrote a moment ago
    if wrong := follower.verify():
        return wrong, None
    try:
        held = follower.ids()
        wanted = catalog.passage_ids(dense=dense is not None)
        both = sorted(held & wanted)
        texts, lost = _compared(catalog, dense, both) if dense is not None else (set[str](), set[str]())
    except CorpusError as error:
        return [str(error)], None
    behind = catalog.behind(state.seq, dense=dense is not None)
    ahead = catalog.changes(state.seq, sys.maxsize, dense=dense is not None) if behind else []
    pending = {passage.id for change in ahead for passage in change.passages}
    missing, extra = wanted - held - pending, held - wanted
    told = {
        f"has {behind} changes of articles to take in": behind,
        f"lacks {len(missing)} of {len(wanted)} passages": missing,
        f"holds {len(extra)} passages that the corpus does not": extra and not behind,
        f"holds {len(texts)} passages with another text, day or source": texts,
        f"lacks the vectors of {len(lost)} passages, or holds others": lost,
    }
    wrong = [f"The {follower.name} {said}." for said, is_so in told.items() if is_so]
    again = {id_.split(".", 1)[0] for id_ in missing | extra | texts | lost}
    known = catalog.scalar(sa.select(sa.func.count()).where(among(tables.articles.c.id, again)))
    if known < len(again) or len(missing | texts | lost) > REBUILD_SHARE * max(1, len(wanted)):
        return wrong, None
    return wrong, again


def _compared(catalog: Catalog, dense: DenseIndex, ids: Sequence[str]) -> tuple[set[str], set[str]]:
    """Those of the passages that stand in a dense index with another text, day or source, or with another vector."""
    import numpy as np

    other, lost = set[str](), set[str]()
    for start in range(0, len(ids), READ_ROWS):
        some = ids[start : start + READ_ROWS]
        passages, wanted, found = catalog.passages(some), catalog.vectors(some), dense.stored(some)
        for id_, passage in passages.items():
            day = passage.article.published
            if found.get(id_) != Stored(passage.text, day.toordinal() if day else None, passage.article.source):
                other.add(id_)
        for id_, vector in wanted.items():
            there = found[id_].vector if id_ in found else None
            if there is None or not np.allclose(np.asarray(there, np.float32), vector, rtol=0, atol=VECTOR_TOLERANCE):
                lost.add(id_)
    return other, lost
