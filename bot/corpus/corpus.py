"""The one object that others hold: the catalog with the indexes that follow it."""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bot.corpus.catalog import Catalog
from bot.corpus.catalog.feeds import Run, last_run
from bot.corpus.dense import DenseSearch
from bot.corpus.embedding import Encoder, embed, require_encoder
from bot.corpus.follower import DamagedIndex, DenseIndex, Follower, State
from bot.corpus.index_files import file_locked
from bot.corpus.lexical import LexicalIndex, TantivyFiles
from bot.corpus.verifying import damage_of, differences
from bot.errors import CorpusBusy, CorpusError, SettingsError
from bot.schema import Coverage, Passage

CATALOG_FILE = "catalog.sqlite"
LOCK_FILE = "writing.lock"
HOLDER_FILE = "writing.txt"
LOOK_SECONDS = 1.0
"""Least time between two looks at how far the indexes are."""

Progress = Callable[[str, int, int], None]
"""Told the name of what follows, and how many passages are done of how many."""


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """One index: its name, how many changes it has yet to take in, and how it was made."""

    name: str
    behind: int
    make: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Status:
    """What the corpus holds and how it is."""

    folder: Path
    coverage: Coverage
    counts: Mapping[str, int]
    sources: Mapping[str, int]
    last_run: Run | None
    indexes: tuple[IndexStatus, ...]


class Corpus:
    """Articles: stored once, indexed twice, found by passage.

    Attributes: `folder` (the files on this machine), `catalog`, `lexical` (the index of words), `dense` (the index of
    vectors), `vectors` (searches the index of vectors, or the catalog where that index cannot be used).
    """

    def __init__(
        self, folder: Path, catalog: Catalog, lexical: LexicalIndex, dense: DenseIndex, encoder: Encoder
    ) -> None:
        self.folder = folder
        self.catalog = catalog
        self.lexical = lexical
        self.dense = dense
        self.vectors = DenseSearch(dense, catalog)
        self._encoder = encoder
        self._required: Mapping[str, str | int] | None = None
        self._looked_at = 0.0

    @property
    def followers(self) -> tuple[Follower, ...]:
        """The indexes, in the order in which they follow: the quick one first, so that new articles are found at once.

        OpenSearch is both indexes, and one follower.
        """
        return (self.dense,) if self.lexical.place == self.dense.place else (self.lexical, self.dense)

    def close(self) -> None:
        """Let go of all files."""
        for index in (self.lexical, self.dense):
            index.close()
        self.catalog.close()

    # Reading

    def refresh(self) -> None:
        """See what another process wrote since. Cheap; call it before a search.

        Raises IndexMismatch where another process embedded everything anew with another model.
        """
        if time.monotonic() - self._looked_at > LOOK_SECONDS:
            self._look()
        self.lexical.refresh()
        self.dense.refresh()

    def _look(self) -> None:
        made = self.catalog.vectors_make()
        if made != self._required:
            require_encoder(self.catalog, self._encoder, self.folder)
            self._required = made
        if self.catalog.shared and self.lexical.local:
            # Other machines write too, and nobody but us writes to the index on this one.
            with contextlib.suppress(CorpusBusy), self._following(self.lexical, wait=False):
                self._take_in(self.lexical, None)
        stands = self._stands(self.dense)
        if stands or not self.dense.being_written():
            self.vectors.trust(stands or self._stands(self.dense))
        self._looked_at = time.monotonic()

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Those of the passages that are in today's corpus, by id."""
        return self.catalog.passages(ids)

    def coverage(self) -> Coverage:
        """Number of articles, first and last day."""
        return self.catalog.coverage()

    def sources(self) -> Mapping[str, int]:
        """Number of articles by source, largest first; articles that name none are under ""."""
        return self.catalog.sources()

    def version(self) -> tuple[str | int, ...]:
        """What answers rest on: another value when the catalog, or an index after it, took something in."""
        states = [follower.state() for follower in self.followers]
        seen = [value for state in states for value in ((state.seq, state.made) if state else (-1, ""))]
        return (self.catalog.log(), self.catalog.seq(), *seen)

    def require_indexes(self) -> None:
        """Raises IndexMismatch where another model is set than embedded all, CorpusError without an index of words.

        Without the index of vectors, they are searched in the catalog.
        """
        self._look()
        if not (self._stands(self.lexical) or self.lexical.being_written() or self._stands(self.lexical)):
            raise CorpusError(
                f"The {self.lexical.name} in {self.lexical.place} is missing, was cut short or belongs to another "
                f"corpus. Make it anew from the catalog: newsbot verify --repair --data {self.folder}"
            )

    def status(self) -> Status:
        """What the corpus holds and how it is."""
        indexes = []
        for follower in self.followers:
            state = follower.state()
            behind = self.catalog.behind(state.seq if state else 0, dense=follower.follows_vectors)
            indexes.append(IndexStatus(follower.name, behind, self._make(follower)))
        catalog = self.catalog
        return Status(
            self.folder, catalog.coverage(), catalog.counts(), catalog.sources(), last_run(catalog), tuple(indexes)
        )

    def verify(self) -> list[str]:
        """What is wrong, a sentence each: the database, what stands in it, how far the indexes are, and all in them."""
        found = damage_of(self.catalog).lines()
        try:
            if waiting := self.catalog.unembedded_passages():
                found.append(f"The catalog has {waiting} passages to embed.")
            return found + [line for each in self.followers for line in self._differences(each)[0]]
        except CorpusError as error:
            return found or [str(error)]

    # Writing

    @contextmanager
    def writing(
        self, wait_seconds: float = 0, on_wait: Callable[[str], None] | None = None, *, alone: bool = False
    ) -> Iterator[None]:
        """Hold the corpus for writing; one process at a time. Raises CorpusBusy, naming the holder, after the wait.

        Over a shared catalog many may write at a time, unless one is to be `alone`: it changes what others rest on.
        """
        if self.catalog.shared:
            with self.catalog.locked("writing", alone=alone, wait_seconds=wait_seconds):
                yield
            return
        holder = self.folder / HOLDER_FILE
        with ExitStack() as held:
            try:
                held.enter_context(file_locked(self.folder / LOCK_FILE, 0, ""))
            except CorpusBusy:
                who = _holder(holder)
                if on_wait and wait_seconds:
                    on_wait(f"Waiting for {who}, which is writing to {self.folder}.")
                busy = f"{who[0].upper()}{who[1:]} is writing to {self.folder}. Try again when it is done."
                held.enter_context(file_locked(self.folder / LOCK_FILE, wait_seconds, busy))
            held.callback(holder.unlink, missing_ok=True)
            since = datetime.now(UTC).isoformat(timespec="seconds")
            try:
                holder.write_text(f"process {os.getpid()} (since {since})", encoding="utf-8")
            except OSError as error:
                raise CorpusError(f"The folder {self.folder} cannot be written: {error.strerror or error}.") from error
            yield

    def follow(self, progress: Progress | None = None) -> None:
        """Embed what has no vector, and bring every index up to date with the catalog. Call it while `writing`.

        Raises IndexMismatch where another model is set than embedded what is there (see `reset_indexes`).
        """
        require_encoder(self.catalog, self._encoder, self.folder)
        self._follow(self.lexical, progress)
        self.follow_slowly(progress)

    def follow_quickly(self) -> None:
        """Bring the index of words alone up to date, so that what was just stored is found at once."""
        self._follow(self.lexical, None)

    def follow_slowly(self, progress: Progress | None = None) -> None:
        """Embed, and bring the index of vectors up to date. It may run in a thread beside `follow_quickly`."""
        require_encoder(self.catalog, self._encoder, self.folder)
        done = 0
        for stored in embed(self.catalog, self._encoder):
            done += stored
            with contextlib.suppress(CorpusBusy), self._following(self.dense, wait=False):
                self._take_in(self.dense, None)  # else another process does
            if progress:
                progress(self.dense.name, done, done + self.catalog.unembedded_passages())
        self._follow(self.dense, progress if not done else None)

    def repair(self, progress: Progress | None = None) -> list[str]:
        """Mend the vectors and the indexes from the catalog; returns what was wrong. Call it while `writing`.

        What is damaged in the catalog itself is not mended here: see `ingest.pipeline.mend`.
        """
        found = []
        if vectors := damage_of(self.catalog).vectors:
            found.append(f"The catalog's vectors of {len(vectors)} articles are damaged.")
            with self.catalog.writing() as writer:
                writer.forget_vectors(vectors)
        if waiting := self.catalog.unembedded_passages():
            if not found:
                found.append(f"The catalog has {waiting} passages to embed.")
            require_encoder(self.catalog, self._encoder, self.folder)
            for _ in embed(self.catalog, self._encoder):
                pass
        again = set[str]()
        for follower in self.followers:
            wrong, articles = self._differences(follower)
            found += wrong
            if articles is None:
                with self._following(follower):
                    self._reset(follower)
            else:
                again |= articles
        if again:
            with self.catalog.writing() as writer:
                writer.renumber(again)  # so that every index takes them in once more
        for follower in self.followers:
            self._follow(follower, progress)
        return found

    def reset_indexes(self) -> None:
        """Forget every vector and empty every index; `follow` makes them again. Call it while `writing`."""
        with self.catalog.writing() as writer:
            writer.note("vectors", "null")
            writer.forget_vectors()
        for follower in self.followers:
            self._reset(follower)

    def purge(self, article_ids: Sequence[str]) -> None:
        """Leave nothing of articles, neither in the catalog nor in the indexes' files. Call it while `writing`.

        The indexes are made anew from the catalog's vectors: deleting leaves the words in their files.
        """
        with self.catalog.writing() as writer:
            writer.purge(article_ids)
        self.catalog.wipe()
        for follower in self.followers:
            self._reset(follower)
            self._follow(follower, None)

    def _follow(self, follower: Follower, progress: Progress | None) -> None:
        with self._following(follower):
            self._take_in(follower, progress)

    def _take_in(self, follower: Follower, progress: Progress | None) -> None:
        dense = follower.follows_vectors
        state = follower.state()
        if state is None or not self._stands(follower, state):
            state = self._reset(follower)
        done, mended = 0, False
        while changes := self.catalog.changes(state.seq, follower.batch_passages, dense=dense):
            further = replace(state, seq=changes[-1].seq)
            try:
                follower.apply(changes, further)
            except DamagedIndex:
                if mended:
                    raise
                # As after a power failure. Nothing is lost, since the catalog holds everything.
                state, mended = self._reset(follower), True
                continue
            state = further
            done += sum(len(change.passages) for change in changes)
            if progress:
                # Counted anew: more may have been stored meanwhile.
                progress(follower.name, done, done + self.catalog.pending(state.seq, dense=dense))

    def _reset(self, follower: Follower) -> State:
        newest = self.catalog.seq(dense=follower.follows_vectors)
        state = State(self.catalog.log(), 0, self._make(follower), uuid.uuid4().hex, newest)
        follower.reset(state)
        return state

    def _stands(self, follower: Follower, state: State | None = None) -> bool:
        """Whether an index follows this catalog's log, is not ahead of it, and was made the way that is set now."""
        state = state or follower.state()
        if state is None or state.corpus != self.catalog.log():
            return False
        newest = self.catalog.seq(dense=follower.follows_vectors)
        return state.seq <= newest and state.make == self._make(follower)

    def _make(self, follower: Follower) -> dict[str, str | int]:
        """Everything that the content of an index depends on, besides the log."""
        return {**follower.make, **((self.catalog.vectors_make() or {}) if follower.follows_vectors else {})}

    @contextmanager
    def _following(self, follower: Follower, *, wait: bool = True) -> Iterator[None]:
        """While inside, no other process makes the index follow. Raises CorpusBusy, unless it is to wait."""
        if not self.catalog.shared:
            yield  # whoever writes is alone: see `writing`
        elif not follower.local:
            with self.catalog.locked(follower.name, wait_seconds=None if wait else 0):
                yield
        else:
            lock = self.folder / f"{follower.name.replace(' ', '-')}.lock"
            busy = f"Another process writes the {follower.name} in {self.folder}."
            with file_locked(lock, -1 if wait else 0, busy):
                yield

    def _differences(self, follower: Follower) -> tuple[list[str], set[str] | None]:
        """What is wrong with an index, and the articles that it must take in again; None where it must be made anew."""
        if not self._stands(follower):
            said = "is missing, was cut short, or belongs to another corpus or model"
            if follower.being_written():
                said = "is being written by another process; verify it when that is done"
            return [f"The {follower.name} in {follower.place} {said}."], None
        return differences(self.catalog, follower, self.dense if follower is self.dense else None)


def open_indexes(folder: Path, chroma_url: str | None, opensearch_url: str | None) -> tuple[LexicalIndex, DenseIndex]:
    """The indexes of words and of vectors: on the servers that are named, else in files. Raises SettingsError."""
    if opensearch_url and chroma_url:
        raise SettingsError("NEWSBOT_OPENSEARCH_URL and NEWSBOT_CHROMA_URL are both set. Leave one of them empty.")
    if opensearch_url:
        from bot.corpus.opensearch import OpenSearchVectors, OpenSearchWords

        return OpenSearchWords(opensearch_url), OpenSearchVectors(opensearch_url)
    if chroma_url:
        from bot.corpus.chroma import ChromaServer

        return TantivyFiles(folder / "bm25"), ChromaServer(chroma_url)
    from bot.corpus.chroma_files import ChromaFiles

    return TantivyFiles(folder / "bm25"), ChromaFiles(folder / "chroma")


def _holder(path: Path) -> str:
    """Who holds the lock, in words."""
    for _ in range(10):
        with contextlib.suppress(OSError, ValueError):
            if said := path.read_text(encoding="utf-8"):
                return said
        time.sleep(0.02)  # it was caught between taking the lock and writing its name
    return "another process"
