"""One Chroma collection, opened so that neither another process nor a broken file can bring this one down.

Knows nothing about articles, passages or other collections.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from bot.corpus.chroma_graph import DATABASE, SYNC_THRESHOLD, BrokenGraph, Graph
from bot.corpus.follower import DamagedIndex
from bot.errors import CorpusError

LOCK_SECONDS = 60.0
"""A writer holds the files for one batch at a time, which takes about a second."""
READ_ATTEMPTS = 3
"""So many, because the other process may delete again between opening and asking."""
HNSW = {
    "space": "cosine",
    "ef_construction": 100,
    "ef_search": 100,
    "max_neighbors": 16,
    "sync_threshold": SYNC_THRESHOLD,
}


class ChromaCollection:
    """A collection in Chroma's folder, with a client of its own: closing it lets go of its graph alone.

    `index` names what it belongs to, for messages.
    """

    def __init__(self, folder: Path, name: str, index: str) -> None:
        self.folder = folder
        self.name = name
        self.index = index
        self._graph = Graph(folder, name)
        self._lock = threading.RLock()
        # chromadb 1.5.9 writes its graph in place: a process that loads it meanwhile dies by a segmentation fault. So
        # no process opens while another one writes; asking what is open needs no lock, it is all in memory.
        self._files = FileLock(folder.with_suffix(".lock"), thread_local=False)
        self._client: Any = None
        self._version = ("", 0)
        self._collection: Any = None

    def read(self, ask: Callable[[Any], Any]) -> Any:
        """Ask the collection; once more with a client newly opened where it fails.

        An open client of chromadb 1.5.9 answers "Error finding id" from the moment another process deletes a passage
        that its copy of the graph holds. Raises CorpusError.
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
                raise broken(self.index, self.folder, error) from error

    def create(self) -> None:
        """Make the collection where there is none. Raises CorpusError, as all that writes."""
        with self._changing():
            pass

    def upsert(self, ids: list[str], embeddings: Any, documents: list[str], metadatas: list[Any]) -> None:
        """Put rows in; one that has an id already takes its place. Vectors are of shape (ids, dimension)."""
        with self._changing() as collection, self._graph.kept(len(ids)):
            collection.upsert(ids=ids, embeddings=embeddings, documents=documents, metadatas=metadatas)

    def delete(self, where: dict[str, Any]) -> None:
        """Take out the rows that a filter finds."""
        with self._changing() as collection:
            rows = len(collection.get(where=where, include=[])["ids"])
            with self._graph.kept(rows):
                collection.delete(where=where)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[Any]:
        """The collection, to be changed while no other process opens it."""
        with self._lock:
            try:
                with self._files.acquire(timeout=LOCK_SECONDS):
                    # An open client of chromadb 1.5.9 knows its own changes only: where another process made some, it
                    # would write a graph without them over theirs.
                    if self._graph.version() != self._version:
                        self.close()
                    yield self._open(create=True)
                    self._version = self._graph.version()
            except BaseException as error:  # also Ctrl-C: what is open must not go on where `mend` undoes its files
                self.close()
                if isinstance(error, CorpusError) or not isinstance(error, Exception):
                    raise
                raise broken(self.index, self.folder, error) from error

    def close(self) -> None:
        """Let go of the client, its graph and its files."""
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = self._collection = None

    def _open(self, create: bool = False) -> Any:
        if self._collection is None:
            if not create and not (self.folder / DATABASE).is_file():
                raise broken(self.index, self.folder, FileNotFoundError("it is not there"))
            try:
                self.folder.parent.mkdir(parents=True, exist_ok=True)
                self._files.acquire(timeout=LOCK_SECONDS)
            except (OSError, Timeout) as error:
                raise broken(self.index, self.folder, error) from error
            try:
                self.folder.mkdir(exist_ok=True)
                self._graph.mend()
                with self._graph.kept():
                    self._collection = self._load(create)
                self._version = self._graph.version()
            except Exception as error:
                self.close()
                raise broken(self.index, self.folder, error) from error
            finally:
                self._files.release()
        return self._collection

    def _load(self, create: bool) -> Any:
        import chromadb
        from chromadb.config import Settings

        settings = Settings(anonymized_telemetry=False)
        self._client = chromadb.PersistentClient(path=_own_spelling(self.folder), settings=settings)
        if create:
            collection = self._client.get_or_create_collection(
                self.name, configuration={"hnsw": HNSW}, embedding_function=None
            )
        else:
            collection = self._client.get_collection(self.name, embedding_function=None)
        try:
            for some in collection.get(limit=1, include=["embeddings"])["embeddings"]:
                collection.query(query_embeddings=[some], n_results=1, include=[])  # loads the graph
        except Exception as error:
            if not tells_of_missing_vector(error):  # else it is loaded, and `verify` tells what else is missing
                raise
        return collection


def broken(index: str, folder: Path, error: Exception, *, damaged: bool = False) -> CorpusError:
    """What went wrong with an index, in words, with the remedy; DamagedIndex where only making it anew helps."""
    said = (str(error).strip() or type(error).__name__).splitlines()[0]
    kind = DamagedIndex if damaged or isinstance(error, BrokenGraph) or _tells_of_damage(said) else CorpusError
    return kind(
        f"The {index} in {folder} cannot be used ({said}). Make it anew from the catalog: newsbot verify --repair"
    )


def tells_of_missing_vector(error: Exception) -> bool:
    """Whether chromadb 1.5.9 says that its graph lacks a vector whose row it has."""
    return "error finding id" in str(error).lower()


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
