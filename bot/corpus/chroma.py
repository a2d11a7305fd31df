"""Chroma as the dense index: one collection, one row a passage, any LangChain user's too, on a server or in files.

The rows are the same on a server (`chroma run`, or a cluster) and in files on this machine (`chroma_files`). To a
server many processes may write, and what others wrote shows at once. It keeps its files itself; how far the index has
followed stands in the collection's metadata.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from bot.corpus.catalog.articles import UNDATED, narrowing
from bot.corpus.catalog.log import Change
from bot.corpus.follower import DamagedIndex, DenseIndex, Hits, ServerIndex, State, Stored
from bot.schema import Passage, Scope

if TYPE_CHECKING:
    from bot.corpus.catalog.vectors import Vectors

COLLECTION = "passages"
READ_ROWS = 2_000
"""Rows that one call reads."""
WRITE_ROWS = 512
"""Rows in one call that writes: few enough that no reader waits long for its turn."""
FRESH_ROWS = 4_096
"""The same while an index is built and nobody reads it: a fifth faster. Chroma accepts at most 5,461."""
STALE_ARTICLES = 500
"""Articles whose older rows one call looks for."""
HNSW = {"space": "cosine", "ef_construction": 100, "ef_search": 100, "max_neighbors": 16}


class ChromaRows(DenseIndex):
    """A Chroma collection of passages. Subclasses open it, and prepare and finish its changes."""

    name = "vector index"
    make: Mapping[str, str | int] = {"index": "chroma", "version": 2}
    batch_passages = 2_048
    follows_vectors = True

    @abstractmethod
    def _read(self, ask: Callable[[Any], Any]) -> Any:
        """What the collection says. Raises CorpusError."""

    def search(self, vector: Vectors, limit: int, scope: Scope | None = None) -> Hits:
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

    def stored(self, ids: Sequence[str]) -> dict[str, Stored]:
        found: dict[str, Stored] = {}
        for start in range(0, len(ids), READ_ROWS):
            found |= self._read(partial(_stored, ids=list(ids[start : start + READ_ROWS])))
        return found

    def ids(self) -> set[str]:
        return set(self._read(lambda collection: collection.get(include=[])["ids"]))


class ChromaServer(ServerIndex, ChromaRows):
    """One collection on a server, which the address may name. Safe to share between threads."""

    setting = "NEWSBOT_CHROMA_URL"

    def __init__(self, address: str) -> None:
        super().__init__(address, 8000, COLLECTION)
        self._lock = threading.RLock()
        self._client: Any = None
        self._collection: Any = None

    def state(self) -> State | None:
        self._collection = None  # its metadata is read anew
        try:
            return State.from_note(self._read(lambda collection: collection.metadata))
        except DamagedIndex:
            return None

    def apply(self, changes: Sequence[Change], state: State) -> None:

        def take(collection: Any) -> None:
            seq = int((collection.metadata or {}).get("seq", -1))
            put(collection, changes, fresh=seq == 0 and collection.count() == 0)
            collection.modify(metadata=state.noted())

        self._read(take)

    def reset(self, state: State) -> None:
        there = self.state() is not None or self._collection is not None
        with self._lock, self._telling():
            if there:
                self._connected().delete_collection(self.index)
            self._collection = self._connected().create_collection(
                self.index, configuration={"hnsw": HNSW}, metadata=state.noted(), embedding_function=None
            )

    def close(self) -> None:
        with self._lock:
            self._client = self._collection = None

    def _read(self, ask: Callable[[Any], Any]) -> Any:
        """Ask the collection; once more where another process made it anew meanwhile. Raises CorpusError."""
        with self._telling():
            try:
                return ask(self._opened())
            except Exception as error:
                self._collection = None
                if type(error).__name__ != "NotFoundError":
                    raise
                return ask(self._opened())

    def _opened(self) -> Any:
        with self._lock:
            if (collection := self._collection) is None:
                collection = self._connected().get_collection(self.index, embedding_function=None)
                self._collection = collection
            return collection

    def _connected(self) -> Any:
        if self._client is None:
            import chromadb
            from chromadb.config import Settings

            settings = Settings(anonymized_telemetry=False)
            self._client = chromadb.HttpClient(self.host, self.port, ssl=self.secure, settings=settings)
        return self._client


def put(collection: Any, changes: Sequence[Change], *, fresh: bool) -> None:
    """Take changes into a collection; rows of articles' older passages leave first, unless the index is `fresh`."""
    if not fresh:
        # Rows that a crash left are deleted too, rather than overwritten: the graph of chromadb 1.5.9 often no longer
        # finds a vector that replaced one of the same id (3,289 of 213,400, against 159 of 204,600 deleted before).
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
    rows = FRESH_ROWS if fresh else WRITE_ROWS
    for start in range(0, len(passages), rows):
        part = passages[start : start + rows]
        collection.upsert(
            ids=[each.id for each in part],
            embeddings=matrix[start : start + rows],
            documents=[each.text for each in part],
            metadatas=[_metadata(each) for each in part],
        )


def _stored(collection: Any, ids: list[str]) -> dict[str, Stored]:
    """What is stored of these ids. Chroma does not say which vector is lost, so a lost one is found by bisection."""
    beside = ["documents", "metadatas"]
    try:
        page = collection.get(ids=ids, include=[*beside, "embeddings"])
    except Exception as error:
        if "error finding id" not in str(error).lower():
            raise
        if half := len(ids) // 2:
            return _stored(collection, ids[:half]) | _stored(collection, ids[half:])
        page = {**collection.get(ids=ids, include=beside), "embeddings": [None]}
    rows = zip(page["ids"], page["documents"], page["metadatas"], page["embeddings"], strict=True)
    return {
        id_: Stored(text or "", _ordinal((meta or {}).get("published_on")), (meta or {}).get("source"), vector)
        for id_, text, meta, vector in rows
    }


def _metadata(passage: Passage) -> dict[str, str | int]:
    """What Chroma keeps beside a vector. Chroma compares numbers only, so the day is also there in epoch seconds."""
    article = passage.article
    found: dict[str, str | int | None] = {
        "article_id": article.id,
        "title": article.title,
        "source": article.source,
        "url": article.url,
        "published": _epoch_seconds(article.published.toordinal()) if article.published else None,
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


def _epoch_seconds(day: int) -> int:
    """Midnight UTC of a day, given as its ordinal, in seconds since 1970."""
    return (day - date(1970, 1, 1).toordinal()) * 86_400


def _where(scope: Scope | None) -> dict[str, Any] | None:
    """A scope in Chroma's filter language."""
    days, either = narrowing(scope)
    parts: list[dict[str, Any]] = []
    for first, last in days:
        ends = [("$gte", max(first, 1)), ("$lte", last)]
        inside = {"$and": [{"published": {end: _epoch_seconds(day)}} for end, day in ends]}
        parts.append(inside if first > UNDATED else {"$or": [inside, {"dated": 0}]})
    named = [{field: {"$in": list(values)}} for field, values in either.items()]
    parts += [{"$or": named}] if len(named) > 1 else named
    return {"$and": parts} if len(parts) > 1 else next(iter(parts), None)
