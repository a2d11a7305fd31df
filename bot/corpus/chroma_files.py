"""The dense index in files on this machine: Chroma in this process, over a folder.

chromadb 1.5.9 holds the graph of all vectors in memory and writes it over its files every 1,000 changes. A process
that loads a graph while it is being written, or one that is damaged, dies by a segmentation fault; an open client does
not see what another process wrote, and would write its own graph over that. So files are opened and written under a
lock, a graph that is not as it was left is never opened (see `index_files`), and what another process changed is opened
anew. The catalog has every vector: what is damaged is made anew from there.
"""

from __future__ import annotations

import itertools
import sqlite3
import struct
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from bot.corpus.catalog.log import Change
from bot.corpus.chroma import COLLECTION, HNSW, ChromaRows, put
from bot.corpus.follower import State, unusable
from bot.corpus.index_files import IndexFiles
from bot.errors import CorpusError

DATABASE = "chroma.sqlite3"
GRAPH_HEADER = "header.bin"
"""It holds how many passages the graph has, and how many bytes each takes."""
REOPEN_SECONDS = 1.0
"""Least time between two looks at what another process wrote."""
SYNC_ROWS, REBUILD_SYNC_ROWS = 1_000, 50_000
"""Changed rows after which Chroma writes its whole graph: in general, and while the index is built anew."""
REBUILD_CHANGES = 1_000
"""Changes from which the second of these pays, since the files must be opened once more at the end."""
REOPEN_SHARE = 0.05
"""Largest share of its time that a reader spends on opening the files anew: a large graph loads for seconds."""


class ChromaFiles(ChromaRows, IndexFiles):
    """One Chroma collection in a folder. Safe to share between threads; other processes may hold it as well."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._lock = threading.RLock()
        self._client: Any = None
        self._collection: Any = None
        self._looked_at = 0.0
        self._open_seconds = 0.0

    def refresh(self) -> None:
        """See what another process wrote: chromadb 1.5.9 shows it to a newly opened client only (measured)."""
        with self._lock:
            pause = max(REOPEN_SECONDS, self._open_seconds / REOPEN_SHARE)
            if self._collection is None or time.monotonic() - self._looked_at < pause:
                return
            self._looked_at = time.monotonic()
            if self.token() != self._token and not self.being_written():  # until then the open files serve
                self.close()

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                with suppress(Exception):
                    self._let_go()
            self._client = self._collection = None

    def _read(self, ask: Callable[[Any], Any]) -> Any:
        """Ask the collection; with a client newly opened where it fails, twice, as another process may delete between.

        An open client of chromadb 1.5.9 answers "Error finding id" from the moment another process deletes a passage
        that its copy of the graph holds. Raises CorpusError.
        """
        for last in (False, False, True):
            try:
                with self._lock:
                    if self._collection is not None:
                        return ask(self._collection)
                if self.read_only():
                    raise unusable(self.name, self.folder, PermissionError("read-only: Chroma writes to what it opens"))
                with self.locked(), self._lock:  # in this order, as who writes takes them
                    return ask(self._opened())
            except CorpusError:
                raise
            except Exception as error:
                self.close()
                if last:
                    raise unusable(self.name, self.folder, error, damaged=True) from error
        raise AssertionError

    def _opened(self) -> Any:
        """The collection as it is now; what is open and was changed by another process is opened anew."""
        if self._collection is None or self.token() != self._token:
            started = time.monotonic()
            self.close()
            self.require_whole()
            self._load()
            self._looked_at = time.monotonic()
            self._open_seconds = self._looked_at - started
        return self._collection

    def require_whole(self) -> None:
        """Raises DamagedIndex where the files are not as they were left. Call it while they are `locked`."""
        super().require_whole()
        if not (self.folder / DATABASE).is_file():  # Chroma would make an empty one
            raise unusable(self.name, self.folder, ValueError(f"{DATABASE} is gone"), damaged=True)

    def _load(self, *, create: bool = False, sync_rows: int = SYNC_ROWS) -> None:
        """Open Chroma, its graph too. Call it while the files are locked."""
        try:
            import chromadb
            from chromadb.config import Settings

            settings = Settings(anonymized_telemetry=False)
            self._client = chromadb.PersistentClient(path=_own_spelling(self.folder), settings=settings)
            # chromadb keeps every client by its path: one that is not closed is open until the process ends.
            self._let_go = weakref.finalize(self, self._client.close)
            self._let_go.atexit = False
            if create:
                made: Any = {"hnsw": {**HNSW, "sync_threshold": sync_rows}}
                self._collection = self._client.create_collection(
                    COLLECTION, configuration=made, embedding_function=None
                )
            else:
                self._collection = self._client.get_collection(COLLECTION, embedding_function=None)
            _load_graph(self._collection)
            # What was never written is made anew by every opening; of what was, the digest is kept.
            written = {path.parent for path in self._watched()}
            _blank_room(path for path in self.folder.glob(f"*/{GRAPH_HEADER}") if path.parent not in written)
        except Exception as error:
            self.close()
            raise unusable(self.name, self.folder, error, damaged=True) from error
        self._token = self.token()

    def _broken_inside(self) -> list[str]:
        path = f"{(self.folder / DATABASE).absolute().as_uri()}?mode=ro"
        try:
            with closing(sqlite3.connect(path, uri=True)) as database:
                told = [row[0] for row in database.execute("PRAGMA integrity_check") if row[0] != "ok"]
        except sqlite3.Error as error:
            told = [str(error)]
        return [str(unusable(self.name, self.folder, ValueError(f"{DATABASE}: {each}"))) for each in told[:1]]

    def _watched(self) -> Iterable[Path]:
        """The files of graphs that Chroma has written; until it has, every opening makes them anew, empty."""
        for note in self.folder.glob("*/index_metadata.pickle"):
            yield from (path for path in note.parent.iterdir() if path.is_file())

    def _open_to_write(self) -> Any:
        with self._lock:
            return self._opened()

    def _take_in(self, opened: Any, changes: Sequence[Change], before: State | None, state: State) -> None:
        put(opened, changes, fresh=before is not None and before.brings_new(changes))
        if before is not None and before.seq < _slow_until(state) <= state.seq:
            # chromadb 1.5.9 heeds it when it opens the files, and writes what it has not written.
            opened.modify(configuration={"hnsw": {"sync_threshold": SYNC_ROWS}})
            with self._lock:
                self.close()
                self._load()
                opened = self._collection
        _load_graph(opened)  # what Chroma has yet to write it writes now, before the digest is taken
        _blank_room(self.folder.glob(f"*/{GRAPH_HEADER}"))

    def _make_empty(self, state: State) -> None:
        with self._lock:
            self._load(create=True, sync_rows=REBUILD_SYNC_ROWS if _slow_until(state) else SYNC_ROWS)


def _slow_until(state: State) -> int:
    """The number of the change up to which Chroma writes its graph seldom; 0 where it does not."""
    return state.new_until if state.new_until >= REBUILD_CHANGES else 0


def _load_graph(collection: Any) -> None:
    try:
        for some in collection.get(limit=1, include=["embeddings"])["embeddings"]:
            collection.query(query_embeddings=[some], n_results=1, include=[])
    except Exception as error:
        if "error finding id" not in str(error).lower():  # else it is loaded, and `verify` tells what is missing
            raise


def _blank_room(headers: Iterable[Path]) -> None:
    """Fill with zeros the room that graph files have for more passages.

    chromadb 1.5.9 writes there whatever stood in its memory: words and vectors of purged articles, or a key (measured:
    of 39,600 bytes for no passage 7,532 were not zero).
    """
    for header in headers:
        _, _, _, used, size = struct.unpack_from("<i4Q", header.read_bytes())
        for name, row_bytes in (("data_level0.bin", size), ("length.bin", 4)):
            with (header.parent / name).open("r+b") as file:
                start = file.seek(used * row_bytes)
                room = file.read()
                if any(room):
                    file.seek(start)
                    file.write(bytes(len(room)))


_spellings = itertools.count(1)


def _own_spelling(folder: Path) -> str:
    """The folder's path, spelled as no one else in this process spells it.

    chromadb keeps one system per spelling and hands it out again, to whoever asks, as long as anybody holds it: a
    view of the files that may be old, deleted or broken. "/." and "//" mean nothing to the file system.
    """
    return str(folder) + "".join("/." if bit == "1" else "//" for bit in f"{next(_spellings):b}") + "/."
