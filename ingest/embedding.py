"""Embeds what is stored, in a thread, while the next articles are read and stored: it takes most of the time."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType

from bot.corpus.corpus import Corpus, Progress

FIRST_PASSAGES = 256
"""Passages from which a thread pays. Fewer are embedded at the end of the run."""
BEHIND_PASSAGES = 4_000
"""The dense index is never further behind the catalog than this, and a batch of articles."""


class Embedding:
    """The dense index follows in a thread until the context is left; the corpus must be held for writing meanwhile."""

    def __init__(self, corpus: Corpus, progress: Progress | None = None) -> None:
        self._corpus = corpus
        self._progress = progress
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="embedding")
        self._running: Future[None] | None = None
        self._moved = threading.Condition()
        self._behind = 0
        self._told_before = 0
        self._leaving = False

    def __enter__(self) -> Embedding:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A run that is interrupted does not wait for all that is left to embed: the next run takes it up.
        self._leaving = error is not None
        self._pool.shutdown()
        if self._running is not None and error is None:
            self._running.result()

    @property
    def begun(self) -> bool:
        """Whether any were worth a thread yet."""
        return self._running is not None

    def follow(self, passages: int) -> None:
        """Told how many more were stored. Waits while too many are left to embed; raises what embedding raised."""
        with self._moved:
            self._behind += passages
            if self._running is None or self._running.done():
                if self._running is not None:
                    self._running.result()
                if self._behind < FIRST_PASSAGES:
                    return
                self._running = self._pool.submit(self._follow)
            running = self._running
            self._moved.wait_for(lambda: self._behind <= BEHIND_PASSAGES or running.done())

    def _follow(self) -> None:
        self._told_before = 0
        try:
            with suppress(_Left):
                self._corpus.follow_slowly(self._told)
        finally:
            # It is not `done` before this returns; so whoever waits is told that it is not behind, and asks again.
            with self._moved:
                self._behind = 0
                self._moved.notify_all()

    def _told(self, index: str, done: int, total: int) -> None:
        if self._leaving:
            raise _Left
        with self._moved:
            self._behind = max(0, self._behind - (done - self._told_before))
            self._told_before = done
            self._moved.notify_all()
        if self._progress:
            self._progress(index, done, total)


class _Left(Exception):
    """The run was interrupted."""
