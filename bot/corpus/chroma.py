"""What Chroma keeps of passages, in whichever way it runs: one collection, one row a passage, any LangChain user's too.

The rows are the same in files on this machine (`chroma_files`) and on a server (`chroma_server`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from calendar import timegm
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from bot.corpus.catalog.log import Change
from bot.corpus.follower import Held
from bot.schema import Passage, Scope

if TYPE_CHECKING:
    from bot.corpus.catalog.vectors import Vectors

COLLECTION = "passages"
MAKE: dict[str, str | int] = {"index": "chroma", "version": 2}
READ_ROWS = 2_000
"""Rows that one call reads."""
WRITE_ROWS = 512
"""Rows in one call that writes: few enough that no reader waits long for its turn."""
STALE_ARTICLES = 500
"""Articles whose older rows one call looks for."""
HNSW = {"space": "cosine", "ef_construction": 100, "ef_search": 100, "max_neighbors": 16}


class ChromaRows(ABC):
    """A Chroma collection of passages; how it is opened, and what surrounds its changes, is its children's matter."""

    name = "vector index"
    make = MAKE
    batch_passages = 2_048
    follows_vectors = True

    @abstractmethod
    def _read(self, ask: Callable[[Any], Any]) -> Any:
        """What the collection says. Raises CorpusError."""

    def search(self, vector: Vectors, limit: int, scope: Scope | None = None) -> list[tuple[str, float]]:
        """The passages nearest to a unit vector, best first: (passage id, cosine)."""
        where = _where(scope)
        page = self._read(
            lambda collection: collection.query(
                query_embeddings=[vector],
                n_results=limit,
                include=["distances"],
                **({"where": where} if where else {}),
            )
        )
        return [(id_, 1.0 - distance) for id_, distance in zip(page["ids"][0], page["distances"][0], strict=True)]

    def vectors(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors of those of the passages that the index holds, by id; what lacks its vector is left out."""
        found: dict[str, Vectors] = {}
        for start in range(0, len(ids), READ_ROWS):
            found |= self._read(partial(_vectors, ids=list(ids[start : start + READ_ROWS])))
        return found

    def beside(self, ids: Sequence[str]) -> dict[str, Held]:
        """What stands beside the vectors of those of the passages that the index holds."""
        found: dict[str, Held] = {}
        for start in range(0, len(ids), READ_ROWS):
            page = self._read(partial(_rows, ids=list(ids[start : start + READ_ROWS])))
            for id_, text, meta in zip(page["ids"], page["documents"], page["metadatas"], strict=True):
                day = (meta or {}).get("published_on")
                found[id_] = Held(text or "", _ordinal(day), (meta or {}).get("source"))
        return found

    def ids(self) -> set[str]:
        """Ids of all passages that the index holds."""

        def all_ids(collection: Any) -> set[str]:
            found: set[str] = set()
            start = 0
            while page := collection.get(include=[], limit=20_000, offset=start)["ids"]:
                found.update(page)
                start += len(page)
            return found

        ids: set[str] = self._read(all_ids)
        return ids


def put(collection: Any, changes: Sequence[Change], *, fresh: bool) -> None:
    """Take changes into a collection; rows of articles' older passages leave first, unless the index is `fresh`."""
    if not fresh:
        # Also what a crash left half done: the graph of chromadb 1.5.9 often no longer finds a vector that was written
        # over another one of its id (3,289 of 213,400 where a fifth were, against 159 of 204,600 deleted before).
        articles = [change.article_id for change in changes]
        for start in range(0, len(articles), STALE_ARTICLES):
            where = {"article_id": {"$in": articles[start : start + STALE_ARTICLES]}}
            if stale := collection.get(where=where, include=[])["ids"]:
                for first in range(0, len(stale), READ_ROWS):
                    collection.delete(ids=stale[first : first + READ_ROWS])
    passages = [passage for change in changes for passage in change.passages]
    if not passages:
        return
    import numpy as np

    matrix = np.concatenate([change.vectors for change in changes if change.vectors is not None])
    for start in range(0, len(passages), WRITE_ROWS):
        part = passages[start : start + WRITE_ROWS]
        collection.upsert(
            ids=[each.id for each in part],
            embeddings=matrix[start : start + WRITE_ROWS],
            documents=[each.text for each in part],
            metadatas=[_metadata(each) for each in part],
        )


def _rows(collection: Any, ids: list[str]) -> Any:
    return collection.get(ids=ids, include=["documents", "metadatas"])


def _vectors(collection: Any, ids: list[str]) -> dict[str, Vectors]:
    """Where Chroma has a row whose vector is lost it says so, but not of which: they are found by halves."""
    try:
        page = collection.get(ids=ids, include=["embeddings"])
        return dict(zip(page["ids"], page["embeddings"], strict=True))
    except Exception as error:
        if "error finding id" not in str(error).lower():
            raise
        if len(ids) == 1:
            return {}
        half = len(ids) // 2
        return _vectors(collection, ids[:half]) | _vectors(collection, ids[half:])


def _metadata(passage: Passage) -> dict[str, str | int]:
    """What Chroma keeps beside a vector. Chroma compares numbers only, so the day is also there in epoch seconds."""
    article = passage.article
    found: dict[str, str | int | None] = {
        "article_id": article.id,
        "title": article.title,
        "source": article.source,
        "url": article.url,
        "published": _epoch_seconds(article.published) if article.published else None,
        "published_on": article.published.isoformat() if article.published else None,
        "dated": int(article.published is not None),
        "start": passage.start,
        "end": passage.end,
    }
    return {key: value for key, value in found.items() if value is not None}


def _ordinal(day: object) -> int | None:
    try:
        return date.fromisoformat(day).toordinal() if isinstance(day, str) else None
    except ValueError:
        return 0


def _epoch_seconds(day: date) -> int:
    """Midnight UTC of a day, in seconds since 1970."""
    return timegm(day.timetuple())


def _where(scope: Scope | None) -> dict[str, Any] | None:
    """A scope in Chroma's filter language."""
    if scope is None:
        return None
    parts: list[dict[str, Any]] = []
    if scope.after:
        parts.append({"published": {"$gte": _epoch_seconds(scope.after)}})
    if scope.before:
        parts.append({"published": {"$lte": _epoch_seconds(scope.before)}})
    if scope.known_by:
        parts.append({"$or": [{"published": {"$lte": _epoch_seconds(scope.known_by)}}, {"dated": 0}]})
    if scope.sources:
        named: dict[str, Any] = {"source": {"$in": list(scope.sources)}}
        if scope.copied_by_sources:
            named = {"$or": [named, {"article_id": {"$in": list(scope.copied_by_sources)}}]}
        parts.append(named)
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else {"$and": parts}
