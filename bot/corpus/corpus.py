"""The one object that others hold: the catalog with the indexes that follow it.

Knows nothing about files of news, questions or answers.
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bot.corpus.catalog import Catalog
from bot.corpus.catalog_rows import Run
from bot.corpus.follower import DamagedIndex, Follower, State, read_state, write_state
from bot.corpus.lexical import MAKE as LEXICAL_MAKE
from bot.corpus.lexical import LexicalIndex
from bot.corpus.vectors import VectorIndex
from bot.errors import CorpusBusy, CorpusError, IndexMismatch
from bot.schema import Coverage, Passage

CATALOG_FILE = "catalog.sqlite"
LOCK_FILE = "writing.lock"
HOLDER_FILE = "writing.json"
REBUILD_SHARE = 0.3
"""Where more than this share of an index is wrong, it is made anew rather than mended."""

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
    """Articles in a folder: stored once, indexed twice, found by passage.

    Attributes: `folder`, `catalog`, `lexical`, `vectors`.
    """

    def __init__(
        self,
        folder: Path,
        catalog: Catalog,
        lexical: LexicalIndex,
        vectors: VectorIndex,
        vectors_make: Mapping[str, str | int],
        model: Callable[[], Mapping[str, str | int]] = dict,
    ) -> None:
        self.folder = folder
        self.catalog = catalog
        self.lexical = lexical
        self.vectors = vectors
        self._counts: tuple[int, tuple[Coverage, Mapping[str, int]]] | None = None
        self._makes: dict[str, Mapping[str, str | int]] = {lexical.name: LEXICAL_MAKE, vectors.name: vectors_make}
        self._model = model
        self._required: Mapping[str, str | int] | None = None

    @property
    def followers(self) -> tuple[Follower, ...]:
        """The indexes, in the order in which they follow: the quick one first, so that news is found at once."""
        return (self.lexical, self.vectors)

    def close(self) -> None:
        """Let go of all files."""
        for follower in self.followers:
            follower.close()
        self.catalog.close()

    # Reading

    def refresh(self) -> None:
        """See what another process wrote since. Cheap; call it before a search.

        Raises IndexMismatch where another process embedded everything anew with another model.
        """
        state = read_state(self.vectors.folder)
        if state is not None and state.make != self._required:
            self._require_make(self.vectors, state)
            self._required = state.make
        self.lexical.refresh()
        self.vectors.refresh()

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Those of the passages that are in today's corpus, by id."""
        return self.catalog.passages(ids)

    def coverage(self) -> Coverage:
        """Number of articles, first and last day."""
        return self._counted()[0]

    def sources(self) -> Mapping[str, int]:
        """Number of articles by source, largest first; articles that name none are under ""."""
        return self._counted()[1]

    def version(self) -> tuple[str | int, ...]:
        """What answers rest on: another value when the catalog, or an index after it, took something in."""
        states = [read_state(follower.folder) for follower in self.followers]
        seen = [value for state in states for value in ((state.seq, state.made) if state else (-1, ""))]
        return (self.catalog.id(), self.catalog.seq(), *seen)

    def _counted(self) -> tuple[Coverage, Mapping[str, int]]:
        """Counting reads every article's row, so it is done once for each state of the catalog."""
        seq = self.catalog.seq()
        counted = self._counts
        if counted is None or counted[0] != seq:
            counted = self._counts = (seq, (self.catalog.coverage(), self.catalog.sources()))
        return counted[1]

    def require_indexes(self) -> None:
        """Raises IndexMismatch or CorpusError where an index is missing, or was made another way than is set now."""
        corpus, seq = self.catalog.id(), self.catalog.seq()
        for follower in self.followers:
            state = read_state(follower.folder)
            if state is None or state.corpus != corpus or state.seq > seq:
                raise CorpusError(
                    f"The {follower.name} in {follower.folder} is missing or belongs to another corpus. "
                    f"Make it anew from the catalog: newsbot verify --repair --data {self.folder}"
                )
            self._require_make(follower, state)

    def status(self) -> Status:
        """What the corpus holds and how it is."""
        seq = self.catalog.seq()
        indexes = []
        for follower in self.followers:
            state = read_state(follower.folder)
            behind = seq - state.seq if state is not None else seq
            indexes.append(IndexStatus(follower.name, max(0, behind), state.make if state is not None else {}))
        catalog = self.catalog
        return Status(
            self.folder, catalog.coverage(), catalog.counts(), catalog.sources(), catalog.last_run(), tuple(indexes)
        )

    def verify(self) -> list[str]:
        """What is wrong, a sentence each: the database, how far the indexes are, and every passage in them."""
        return self.catalog.check() + [line for each in self.followers for line in self._differences(each)[0]]

    # Writing

    @contextmanager
    def writing(self, wait_seconds: float = 0, on_wait: Callable[[str], None] | None = None) -> Iterator[None]:
        """Hold the corpus for writing; one process at a time. Raises CorpusBusy, naming the holder, after the wait."""
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / LOCK_FILE)
        holder = self.folder / HOLDER_FILE
        try:
            lock.acquire(timeout=0)
        except Timeout:
            who = _holder(holder)
            if on_wait and wait_seconds:
                on_wait(f"Waiting for {who}, which is writing to {self.folder}.")
            try:
                lock.acquire(timeout=wait_seconds, poll_interval=0.1)
            except Timeout as error:
                raise CorpusBusy(
                    f"{who[0].upper()}{who[1:]} is writing to {self.folder}. Try again when it is done."
                ) from error
        except OSError as error:
            raise CorpusError(f"The folder {self.folder} cannot be written: {error.strerror or error}.") from error
        try:
            facts = {"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
            try:
                holder.write_text(json.dumps(facts), encoding="utf-8")
            except OSError as error:
                raise CorpusError(f"The folder {self.folder} cannot be written: {error.strerror or error}.") from error
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def follow(self, progress: Progress | None = None) -> None:
        """Bring every index up to date with the catalog. Call it while `writing`.

        Raises IndexMismatch where an index was made another way than is set now (see `reindex`).
        """
        for follower in self.followers:
            self._require_make(follower, read_state(follower.folder))
        for follower in self.followers:
            self._follow(follower, progress)

    def follow_quickly(self) -> None:
        """Bring the quick index alone up to date, so that what was just stored is found at once."""
        self._require_make(self.lexical, read_state(self.lexical.folder))
        self._follow(self.lexical, None)

    def follow_slowly(self, progress: Progress | None = None) -> None:
        """Bring the slow index alone up to date. It may run in a thread of its own beside `follow_quickly`."""
        self._require_make(self.vectors, read_state(self.vectors.folder))
        self._follow(self.vectors, progress)

    def repair(self, progress: Progress | None = None) -> list[str]:
        """Mend the indexes from the catalog; returns what was wrong. Call it while `writing`."""
        found = []
        for follower in self.followers:
            wrong, articles = self._differences(follower)
            if not wrong:
                continue
            found += wrong
            if articles is None:
                self._reset(follower)
            elif articles:
                changes = self.catalog.changes_of(sorted(articles))
                for start in range(0, len(changes), 200):
                    follower.apply(changes[start : start + 200])
            self._follow(follower, progress)
        return found

    def reindex(self, progress: Progress | None = None) -> None:
        """Make every index anew from the catalog, the way that is set now. Call it while `writing`."""
        self.reset_indexes()
        self.follow(progress)

    def reset_indexes(self) -> None:
        """Empty every index; `follow` fills them again. Call it while `writing`."""
        for follower in self.followers:
            self._reset(follower)

    def _follow(self, follower: Follower, progress: Progress | None, *, mend: bool = True) -> None:
        state = read_state(follower.folder)
        corpus = self.catalog.id()
        if state is None or state.corpus != corpus or state.seq > self.catalog.seq():
            self._reset(follower)
            state = read_state(follower.folder)
            assert state is not None
        done = 0
        while changes := self.catalog.changes(state.seq, follower.batch_passages):
            try:
                follower.apply(changes)
            except DamagedIndex:
                if not mend:
                    raise
                # As after the power failed. Nothing is lost: the catalog has it.
                self._reset(follower)
                self._follow(follower, progress, mend=False)
                return
            state = replace(state, seq=changes[-1].seq)
            self._write_state(follower, state)
            done += sum(len(change.passages) for change in changes)
            if progress:
                # Counted anew: more may have been stored meanwhile.
                progress(follower.name, done, done + self.catalog.pending(state.seq))

    def _reset(self, follower: Follower) -> None:
        try:
            follower.reset()
        except OSError as error:
            raise CorpusError(f"The folder {follower.folder} cannot be written: {error.strerror or error}.") from error
        make = dict(self._makes[follower.name]) | (dict(self._model()) if follower is self.vectors else {})
        self._write_state(follower, State(self.catalog.id(), 0, make, uuid.uuid4().hex))

    def _write_state(self, follower: Follower, state: State) -> None:
        try:
            write_state(follower.folder, state)
        except OSError as error:
            raise CorpusError(f"The folder {follower.folder} cannot be written: {error.strerror or error}.") from error

    def _require_make(self, follower: Follower, state: State | None) -> None:
        if state is None:
            return
        wanted = dict(self._makes[follower.name])
        if state.make.get("model") == wanted.get("model") and follower is self.vectors:
            wanted |= self._model()
        if dict(state.make) == wanted:
            return
        if state.make.get("model") != wanted.get("model"):
            raise IndexMismatch(
                f"The {follower.name} in {follower.folder} was made with the embedding model "
                f"{state.make.get('model')}, and {wanted.get('model')} is set. "
                f"Set NEWSBOT_EMBEDDING_MODEL={state.make.get('model')}, "
                f"or embed all passages anew: newsbot reindex --data {self.folder}"
            )
        raise IndexMismatch(
            f"The {follower.name} in {follower.folder} was made another way ({dict(state.make)}) than is set now "
            f"({wanted}). Make it anew: newsbot reindex --data {self.folder}"
        )

    def _differences(self, follower: Follower) -> tuple[list[str], set[str] | None]:
        """What is wrong with an index, and the ids of the articles to apply again; None where it must be made anew."""
        state = read_state(follower.folder)
        if state is None or state.corpus != self.catalog.id() or state.seq > self.catalog.seq():
            return [f"The {follower.name} in {follower.folder} is missing or belongs to another corpus."], None
        follower.close()  # opened anew, it shows what another process wrote a moment ago
        try:
            self._require_make(follower, state)
            held = follower.ids()
            wanted = self.catalog.passage_ids()
            texts, lost = set[str](), set[str]()
            if follower is self.vectors:
                both = sorted(held & wanted)
                texts, lost = self._wrong_texts(both), self.vectors.without_vector(both)
        except IndexMismatch:
            raise
        except CorpusError as error:
            return [str(error)], None
        wrong = []
        behind = self.catalog.seq() - state.seq
        ahead = self.catalog.changes(state.seq, sys.maxsize) if behind else []
        pending = {passage.id for change in ahead for passage in change.passages}
        missing, extra = wanted - held - pending, held - wanted
        if behind:
            wrong.append(f"The {follower.name} has {behind} changes of articles to take in.")
        if missing:
            wrong.append(f"The {follower.name} lacks {len(missing)} of {len(wanted)} passages.")
        if extra and not behind:
            wrong.append(f"The {follower.name} holds {len(extra)} passages that the corpus does not.")
        if texts:
            wrong.append(f"The {follower.name} holds {len(texts)} passages with another text.")
        if lost:
            wrong.append(f"The {follower.name} lacks the vectors of {len(lost)} passages.")
        broken = missing | extra | texts | lost
        if len(missing | texts | lost) > REBUILD_SHARE * max(1, len(wanted)):
            return wrong, None
        return wrong, {id_.split(".", 1)[0] for id_ in broken}

    def _wrong_texts(self, ids: Sequence[str]) -> set[str]:
        wrong = set()
        for start in range(0, len(ids), 2000):
            some = ids[start : start + 2000]
            passages, texts = self.catalog.passages(some), self.vectors.texts(some)
            wrong |= {id_ for id_ in some if id_ in passages and texts.get(id_) != passages[id_].text}
        return wrong


def _holder(path: Path) -> str:
    """Who holds the lock, in words."""
    for _ in range(10):
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            return f"process {facts['pid']} (since {facts['since']})"
        except (OSError, ValueError, KeyError):
            time.sleep(0.02)  # it was caught between taking the lock and writing its name
    return "another process"
