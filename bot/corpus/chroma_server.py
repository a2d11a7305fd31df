"""The dense index on a Chroma server: `chroma run`, or a cluster. Many processes may write to it and ask it.

What others wrote shows at once, and the server keeps its files itself. How far the index has followed stands in the
collection's metadata.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from bot.corpus.catalog.log import Change
from bot.corpus.chroma import COLLECTION, HNSW, ChromaRows, put
from bot.corpus.follower import ServerAddress, State, unusable
from bot.errors import CorpusError


class ChromaServer(ChromaRows):
    """One collection on the server at an http(s) address; its path, where there is one, names the collection.

    Raises SettingsError for what is no such address. Safe to share between threads.
    """

    local = False

    def __init__(self, address: str) -> None:
        self._address = ServerAddress.of("NEWSBOT_CHROMA_URL", address, 8000, COLLECTION)
        self.collection, self.place = self._address.index, self._address.place
        self._lock = threading.RLock()
        self._client: Any = None
        self._collection: Any = None

    def state(self) -> State | None:
        """How far it is; None where there is no such collection, or another program's. Raises CorpusError."""
        with self._lock:
            self._collection = None  # its metadata is read anew
            if (collection := self._opened(missing_ok=True)) is None:
                return None
            return State.from_note(collection.metadata)

    def refresh(self) -> None:
        """Nothing to do: a server answers from what is there."""

    def verify(self) -> list[str]:
        """Nothing that can be told from here: the server's files are its own."""
        return []

    def apply(self, changes: Sequence[Change], state: State) -> None:
        """Take changes in, durably, and stand at `state`."""

        def take(collection: Any) -> None:
            seq = int((collection.metadata or {}).get("seq", -1))
            put(collection, changes, fresh=seq == 0 and collection.count() == 0)
            collection.modify(metadata=state.noted())

        self._read(take)

    def reset(self, state: State) -> None:
        """Delete the collection and make it anew, empty."""
        with self._lock:
            try:
                client = self._connected()
                if self._opened(missing_ok=True) is not None:
                    client.delete_collection(self.collection)
                self._collection = client.create_collection(
                    self.collection,
                    configuration={"hnsw": HNSW},
                    metadata=state.noted(),
                    embedding_function=None,
                )
            except CorpusError:
                raise
            except Exception as error:
                raise self._told(error) from error

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._client = self._collection = None

    def _read(self, ask: Callable[[Any], Any]) -> Any:
        """Ask the collection; once more where another process made it anew meanwhile. Raises CorpusError."""
        for last in (False, True):
            with self._lock:
                collection = self._opened()
            try:
                return ask(collection)
            except Exception as error:
                with self._lock:
                    self._collection = None
                if last or "does not exist" not in str(error).lower():
                    raise self._told(error) from error
        raise AssertionError

    def _connected(self) -> Any:
        if self._client is None:
            try:
                import chromadb
                from chromadb.config import Settings

                settings = Settings(anonymized_telemetry=False)
                self._client = chromadb.HttpClient(
                    self._address.host, self._address.port, ssl=self._address.secure, settings=settings
                )
            except Exception as error:
                raise self._told(error) from error
        return self._client

    def _opened(self, *, missing_ok: bool = False) -> Any:
        if self._collection is None:
            client = self._connected()
            try:
                self._collection = client.get_collection(self.collection, embedding_function=None)
            except Exception as error:
                from chromadb.errors import NotFoundError

                if isinstance(error, NotFoundError):
                    if missing_ok:
                        return None
                    raise unusable(self.name, self.place, ValueError("it is not there"), damaged=True) from error
                raise self._told(error) from error
        return self._collection

    def _told(self, error: Exception) -> CorpusError:
        if isinstance(error, ImportError):
            return unusable(self.name, self.place, error)
        return self._address.unanswered(self.name, error)
