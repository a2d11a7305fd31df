"""Chroma follows the catalog: the dense index, one vector a passage, that any LangChain user can open too.

Knows nothing about BM25, questions or answers.
"""

from __future__ import annotations

import contextlib
import itertools
import shutil
import struct
import threading
import time
from calendar import timegm
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from bot.corpus.catalog_rows import Change
from bot.corpus.embedded_text import document
from bot.corpus.follower import DamagedIndex, State, read_state
from bot.errors import CorpusError
from bot.schema import Passage, Scope

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

COLLECTION = "passages"
READ_ROWS = 2_000
"""Rows that one call reads."""
WRITE_ROWS = 256
"""Rows in one call that writes: enough to sort by length, and few enough that no reader waits long for its turn."""
REOPEN_SECONDS = 1.0
"""Least time between two looks at what another process wrote."""
LOCK_SECONDS = 60.0
"""A writer holds the files for one batch at a time, which takes about a second."""
READ_ATTEMPTS = 3
"""So many, because the other process may delete again between opening and asking."""
GRAPH_HEADER = struct.Struct("<iQQQQQQiIQQQdQ")
"""What hnswlib writes at the head of a graph: version, ..., elements, bytes of an element, ..."""
GRAPH_VERSION = 1
HNSW = {"space": "cosine", "ef_construction": 100, "ef_search": 100, "max_neighbors": 16}


class VectorIndex:
    """A Chroma collection in a folder; `encode` turns texts into unit vectors, shape (texts, dimension).

    `encode_many`, where it is given, does the same for parts, one after the other, and may encode ahead while a part is
    written. `content_words` says whether passages are embedded by those alone (see `embedded_text`).
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
    ) -> None:
        self.folder = folder
        self._encode_many = encode_many or (lambda parts: (encode(part) for part in parts))
        self._content_words = content_words
        self._lock = threading.RLock()
        # chromadb 1.5.9 writes its graph in place: a process that loads it meanwhile dies by a segmentation fault. So
        # no process opens while another one writes; asking what is open needs no lock, it is all in memory.
        self._files = FileLock(folder.with_suffix(".lock"), thread_local=False)
        self._client: Any = None
        self._collection: Any = None
        self._state: State | None = None
        self._looked_at = 0.0

    # Reading

    def refresh(self) -> None:
        """See what another process wrote: chromadb 1.5.9 shows it to a newly opened client only (measured)."""
        with self._lock:
            if self._client is None or time.monotonic() - self._looked_at < REOPEN_SECONDS:
                return
            self._looked_at = time.monotonic()
            if read_state(self.folder) != self._state:
                self.close()

    def search(self, vector: Vectors, limit: int, scope: Scope | None = None) -> list[tuple[str, float]]:
        """The passages nearest to a unit vector, best first: (passage id, cosine)."""
        where = _where(scope)
        found = self._read(
            lambda collection: collection.query(
                query_embeddings=[vector],
                n_results=limit,
                include=["distances"],
                **({"where": where} if where else {}),
            )
        )
        return [(id_, 1.0 - distance) for id_, distance in zip(found["ids"][0], found["distances"][0], strict=True)]

    def vectors(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """The stored vectors of those passages that the index holds, by passage id."""
        if not ids:
            return {}
        found = self._read(lambda collection: collection.get(ids=list(ids), include=["embeddings"]))
        return dict(zip(found["ids"], found["embeddings"], strict=True))

    def ids(self) -> set[str]:
        """Ids of all passages that the index holds."""

        def all_ids(collection: Any) -> set[str]:
            found: set[str] = set()
            while page := collection.get(include=[], limit=20_000, offset=len(found))["ids"]:
                found.update(page)
            return found

        held: set[str] = self._read(all_ids)
        return held

    def texts(self, ids: Sequence[str]) -> dict[str, str]:
        """The texts that stand beside the vectors of those passages that the index holds."""
        found: dict[str, str] = {}
        for start in range(0, len(ids), READ_ROWS):
            some = list(ids[start : start + READ_ROWS])
            page = self._read(partial(_documents, ids=some))
            found.update(zip(page["ids"], page["documents"], strict=True))
        return found

    def _read(self, ask: Callable[[Any], Any]) -> Any:
        """Ask the collection; once more with a client newly opened where it fails.

        An open client of chromadb 1.5.9 answers "Error finding id" from the moment another process deletes a passage
        that its copy of the graph holds.
        """
        with self._lock:
            for _ in range(READ_ATTEMPTS - 1):
                with contextlib.suppress(Exception):
                    return ask(self._open())
                self.close()
            try:
                return ask(self._open())
            except CorpusError:
                raise
            except Exception as error:
                self.close()
                raise self._broken(error) from error

    # Writing

    def apply(self, changes: Sequence[Change]) -> None:
        """Take changes in, durably; an article's older passages leave first."""
        stale = [change.article_id for change in changes if not change.fresh]
        with self._writing() as collection:
            for start in range(0, len(stale), 500):
                with self._files.acquire(timeout=LOCK_SECONDS):
                    collection.delete(where={"article_id": {"$in": stale[start : start + 500]}})
        passages = [passage for change in changes for passage in change.passages]
        for some, vectors in self._encoded(passages):
            with self._writing() as collection, self._files.acquire(timeout=LOCK_SECONDS):
                collection.upsert(
                    ids=[each.id for each in some],
                    embeddings=vectors,
                    documents=[each.text for each in some],
                    metadatas=[_metadata(each) for each in some],
                )

    def _encoded(self, passages: list[Passage]) -> Iterator[tuple[list[Passage], Vectors]]:
        """The passages with their vectors, some at a time."""
        parts = [passages[start : start + WRITE_ROWS] for start in range(0, len(passages), WRITE_ROWS)]
        texts = [[document(each, content_words=self._content_words) for each in part] for part in parts]
        # Closed at once where writing fails: what encodes ahead must not go on for nobody.
        with contextlib.closing(self._encode_many(texts)) as encoded:
            yield from zip(parts, encoded, strict=True)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Any]:
        """The collection, to be changed; an error of Chroma's becomes one of ours."""
        with self._lock:
            try:
                yield self._open(create=True)
            except CorpusError:
                raise
            except Exception as error:
                raise self._broken(error) from error

    def reset(self) -> None:
        """Delete the index's folder and begin anew."""
        with self._lock:
            self.close()
            shutil.rmtree(self.folder, ignore_errors=True)
            self._open(create=True)

    def close(self) -> None:
        """Let go of the client and its files."""
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = self._collection = None

    def _open(self, create: bool = False) -> Any:
        if self._collection is None:
            if not create and not (self.folder / "chroma.sqlite3").is_file():
                raise self._broken(FileNotFoundError("it is not there"))
            import chromadb
            from chromadb.config import Settings

            self._state = read_state(self.folder)
            self._looked_at = time.monotonic()
            try:
                self.folder.parent.mkdir(parents=True, exist_ok=True)
                self._files.acquire(timeout=LOCK_SECONDS)
            except (OSError, Timeout) as error:
                raise self._broken(error) from error
            try:
                self.folder.mkdir(exist_ok=True)
                _require_whole_graphs(self.folder)
                self._client = chromadb.PersistentClient(
                    path=_own_spelling(self.folder), settings=Settings(anonymized_telemetry=False)
                )
                if create:
                    self._collection = self._client.get_or_create_collection(
                        COLLECTION, configuration={"hnsw": HNSW}, embedding_function=None
                    )
                else:
                    self._collection = self._client.get_collection(COLLECTION, embedding_function=None)
                for some in self._collection.get(limit=1, include=["embeddings"])["embeddings"]:
                    self._collection.query(query_embeddings=[some], n_results=1, include=[])  # loads the graph
            except Exception as error:
                self.close()
                raise self._broken(error) from error
            finally:
                self._files.release()
        return self._collection

    def _broken(self, error: Exception) -> CorpusError:
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        kind = DamagedIndex if isinstance(error, _BrokenGraph) or _tells_of_damage(said) else CorpusError
        return kind(
            f"The {self.name} in {self.folder} cannot be used ({said}). "
            "Make it anew from the catalog: newsbot verify --repair"
        )


class _BrokenGraph(ValueError):
    """A file of a graph is too short."""


def _tells_of_damage(said: str) -> bool:
    """Whether chromadb 1.5.9 says that a graph's files cannot be read; it has no error of its own for that.

    A full disk is no damage: what is there must not be thrown away for it.
    """
    lower = said.lower()
    return "hnsw segment reader" in lower and "os error" not in lower


_spellings = itertools.count(1)


def _own_spelling(folder: Path) -> str:
    """The folder's path, spelled as no one else in this process spells it.

    chromadb keeps one system per spelling and hands it out again, to whoever asks, as long as anybody holds it: a
    view of the files that may be old, deleted or broken. "/." and "//" mean nothing to the file system.
    """
    return str(folder) + "".join("/." if bit == "1" else "//" for bit in f"{next(_spellings):b}") + "/."


def _require_whole_graphs(folder: Path) -> None:
    """Raises _BrokenGraph where a file of a graph is too short: chromadb 1.5.9 dies of it by a segmentation fault."""
    for header in folder.glob("*/header.bin"):
        content = header.read_bytes()
        if len(content) < GRAPH_HEADER.size:
            raise _BrokenGraph(f"{header.name} is too short")
        version, _, _, elements, element_bytes, *_ = GRAPH_HEADER.unpack_from(content)
        if version != GRAPH_VERSION:
            continue
        wanted = {
            "data_level0.bin": elements * element_bytes,
            "length.bin": elements * 4,
            "link_lists.bin": _links_bytes(header.with_name("link_lists.bin").read_bytes(), elements),
        }
        for name, size in wanted.items():
            if header.with_name(name).stat().st_size < size:
                raise _BrokenGraph(f"{name} is too short")


def _links_bytes(links: bytes, elements: int) -> int:
    """How long the links of so many elements are: for each its size in four bytes, and so many bytes."""
    place = 0
    for _ in range(elements):
        if place + 4 > len(links):
            return place + 4
        place += 4 + int.from_bytes(links[place : place + 4], "little")
    return place


def _documents(collection: Any, ids: list[str]) -> Any:
    return collection.get(ids=ids, include=["documents"])


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
