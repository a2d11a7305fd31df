"""Chroma follows the catalog: the dense index, one vector a passage, that any LangChain user can open too.

Knows nothing about BM25, questions or answers. Chroma holds the graph of a collection whole in memory, so a large
corpus is spread over several collections, and only the one that is being written is open while writing.
"""

from __future__ import annotations

import contextlib
import heapq
import shutil
import sqlite3
import threading
import time
from calendar import timegm
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.corpus.catalog_rows import Change
from bot.corpus.chroma_collection import ChromaCollection, broken, tells_of_missing_vector
from bot.corpus.embedded_text import document
from bot.corpus.follower import State, read_state
from bot.corpus.shards import Shards
from bot.corpus.sqlite_file import is_damage
from bot.errors import CorpusError
from bot.schema import Passage, Scope

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

COLLECTION = "passages"
"""The first collection; the next ones are passages-2, passages-3, ..."""
COLLECTION_PASSAGES = 150_000
"""So many in a collection, and the rest of the last article: 4 bytes a number of a vector and 600 more, in memory."""
SHARDS_FILE = "articles.sqlite"
READ_ROWS = 2_000
"""Rows that one call reads."""
WRITE_ROWS = 256
"""Rows in one call that writes: enough to sort by length, and few enough that no reader waits long for its turn."""
REOPEN_SECONDS = 1.0
"""Least time between two looks at what another process wrote."""


class VectorIndex:
    """Chroma collections in a folder; `encode` turns texts into unit vectors, shape (texts, dimension).

    `encode_many`, where it is given, does the same for parts, one after the other, and may encode ahead while a part is
    written. `content_words` says whether passages are embedded by those alone (see `embedded_text`). After so many
    passages as `collection_passages` the next article begins a new collection.
    """

    name = "vector index"
    batch_passages = 2_048

    def __init__(
        self,
        folder: Path,
        encode: Callable[[list[str]], Vectors],
        *,
        encode_many: Callable[[Sequence[list[str]]], Generator[Vectors]] | None = None,
        content_words: bool = False,
        collection_passages: int = COLLECTION_PASSAGES,
    ) -> None:
        self.folder = folder
        self._encode_many = encode_many or (lambda parts: (encode(part) for part in parts))
        self._content_words = content_words
        self._collection_passages = collection_passages
        self._lock = threading.RLock()
        self._shards = Shards(folder / SHARDS_FILE)
        self._tokens: dict[int, str] | None = None
        self._collections: dict[int, ChromaCollection] = {}
        self._strays: dict[str, set[int]] = defaultdict(set)
        self._state: State | None = None
        self._looked_at = 0.0

    # Reading

    def refresh(self) -> None:
        """See what another process wrote: chromadb 1.5.9 shows it to a newly opened client only (measured)."""
        with self._lock:
            if self._tokens is None or time.monotonic() - self._looked_at < REOPEN_SECONDS:
                return
            self._looked_at = time.monotonic()
            if read_state(self.folder) != self._state:
                before, self._tokens = self._tokens, None
                now: dict[int, str] = {}
                with contextlib.suppress(CorpusError):  # another process makes it anew just now: the search will tell
                    now = self._known()
                for number in [each for each in self._collections if now.get(each) != before.get(each)]:
                    self._collections.pop(number).close()

    def search(self, vector: Vectors, limit: int, scope: Scope | None = None) -> list[tuple[str, float]]:
        """The passages nearest to a unit vector, best first: (passage id, cosine)."""
        where = _where(scope)
        pages = self._read(
            lambda collection: collection.query(
                query_embeddings=[vector],
                n_results=limit,
                include=["distances"],
                **({"where": where} if where else {}),
            )
        )
        found = [pair for page in pages for pair in zip(page["distances"][0], page["ids"][0], strict=True)]
        return [(id_, 1.0 - distance) for distance, id_ in heapq.nsmallest(limit, found)]

    def vectors(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """The stored vectors of those passages that the index holds, by passage id."""
        if not ids:
            return {}
        pages = self._read(lambda collection: collection.get(ids=list(ids), include=["embeddings"]))
        return {id_: vector for page in pages for id_, vector in zip(page["ids"], page["embeddings"], strict=True)}

    def ids(self) -> set[str]:
        """Ids of all passages that the index holds."""
        held: set[str] = set()
        with self._lock:
            for number, of_collection in zip(self._known(), self._read(_all_ids), strict=True):
                articles = {id_.split(".", 1)[0] for id_ in of_collection}
                with self._own_errors():
                    placed = self._shards.where(articles)
                for article in articles:
                    if placed.get(article) != number:
                        self._strays[article].add(number)
                held |= of_collection
        return held

    def texts(self, ids: Sequence[str]) -> dict[str, str]:
        """The texts that stand beside the vectors of those passages that the index holds."""
        pages = self._pages(_documents, ids)
        return {id_: text for page in pages for id_, text in zip(page["ids"], page["documents"], strict=True)}

    def without_vector(self, ids: Sequence[str]) -> set[str]:
        """Those of the passages of which the index holds everything but the vector, so that no search finds them."""
        return set().union(*self._pages(_without_vector, ids))

    def _pages(self, ask: Callable[..., Any], ids: Sequence[str]) -> Iterator[Any]:
        """What each collection says of some of the passages at a time."""
        for start in range(0, len(ids), READ_ROWS):
            yield from self._read(partial(ask, ids=list(ids[start : start + READ_ROWS])))

    def _read(self, ask: Callable[[Any], Any]) -> list[Any]:
        """What each collection says, in order."""
        with self._lock:
            return [self._collection(number).read(ask) for number in self._known()]

    def _known(self) -> dict[int, str]:
        """The collections that there are, with their tokens."""
        if self._tokens is None:
            self._state = read_state(self.folder)  # before anything is opened: what is written meanwhile is seen later
            self._looked_at = time.monotonic()
            with self._own_errors():
                self._tokens = self._shards.tokens()
        return self._tokens

    def _collection(self, number: int) -> ChromaCollection:
        if number not in self._collections:
            name = COLLECTION if number == 1 else f"{COLLECTION}-{number}"
            self._collections[number] = ChromaCollection(self.folder, name, self.name)
        return self._collections[number]

    @contextlib.contextmanager
    def _own_errors(self) -> Iterator[None]:
        """An error of the file of articles becomes one of ours."""
        try:
            yield
        except sqlite3.Error as error:
            self.close()
            file = self._shards.file
            said = error if file.is_file() else FileNotFoundError(f"{file.name} is not there")
            raise broken(self.name, self.folder, said, damaged=is_damage(error, file)) from error

    # Writing

    def apply(self, changes: Sequence[Change]) -> None:
        """Take changes in, durably; an article's older passages leave first. Readers wait for single writes only."""
        with self._own_errors():
            strays = [change for change in changes if change.article_id in self._strays]
            for number in {each for change in strays for each in self._strays.pop(change.article_id)}:
                self._write(number, [], stale=[change.article_id for change in strays], gone=[])
            placed, known = self._shards.place(changes, self._collection_passages)
            for number, some in placed.items():
                self._write(
                    number,
                    [passage for change in some for passage in change.passages],
                    stale=[change.article_id for change in some if change.article_id in known],
                    gone=[change.article_id for change in some if not change.passages],
                )

    def _write(self, number: int, passages: list[Passage], stale: list[str], gone: list[str]) -> None:
        """Take passages into one collection, the others closed, in the place of those of `stale` articles.

        Articles that are `gone` are in no collection from then on.
        """
        with self._lock:
            for other in [each for each in self._collections if each != number]:
                self._collections.pop(other).close()
            target = self._collection(number)
        # Also what a crash left half done: the graph of chromadb 1.5.9 often no longer finds a vector that was written
        # over another one of its id (3,289 of 213,400 where a fifth were, against 159 of 204,600 deleted before).
        for start in range(0, len(stale), 500):
            target.delete({"article_id": {"$in": stale[start : start + 500]}})
        for part, vectors in self._encoded(passages):
            target.upsert(
                ids=[each.id for each in part],
                embeddings=vectors,
                documents=[each.text for each in part],
                metadatas=[_metadata(each) for each in part],
            )
        with self._lock:
            opened = self._collections.get(number)
            self._collections[number] = target
            if opened is not None and opened is not target:
                # A question came upon what another process wrote before, and opened the collection without this.
                opened.close()
            token = self._shards.changed(number, gone)
            if self._tokens is not None:
                self._tokens[number] = token

    def _encoded(self, passages: list[Passage]) -> Iterator[tuple[list[Passage], Vectors]]:
        """The passages with their vectors, some at a time."""
        parts = [passages[start : start + WRITE_ROWS] for start in range(0, len(passages), WRITE_ROWS)]
        texts = [[document(each, content_words=self._content_words) for each in part] for part in parts]
        # Closed at once where writing fails: what encodes ahead must not go on for nobody.
        with contextlib.closing(self._encode_many(texts)) as encoded:
            yield from zip(parts, encoded, strict=True)

    def reset(self) -> None:
        """Delete the index's folder and begin anew."""
        with self._lock:
            self.close()
            shutil.rmtree(self.folder, ignore_errors=True)
            self._collection(1).create()
            with self._own_errors():
                self._shards.create()
                self._shards.changed(1)

    def close(self) -> None:
        """Let go of the clients and their files."""
        with self._lock:
            for collection in self._collections.values():
                collection.close()
            self._collections.clear()
            self._tokens = None


def _all_ids(collection: Any) -> set[str]:
    found: set[str] = set()
    while page := collection.get(include=[], limit=20_000, offset=len(found))["ids"]:
        found.update(page)
    return found


def _documents(collection: Any, ids: list[str]) -> Any:
    return collection.get(ids=ids, include=["documents"])


def _without_vector(collection: Any, ids: list[str]) -> set[str]:
    """Found by halves: Chroma says that one is missing, not which."""
    try:
        collection.get(ids=ids, include=["embeddings"])
    except Exception as error:
        if not tells_of_missing_vector(error):
            raise
        if len(ids) == 1:
            return set(ids)
        half = len(ids) // 2
        return _without_vector(collection, ids[:half]) | _without_vector(collection, ids[half:])
    return set()


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
