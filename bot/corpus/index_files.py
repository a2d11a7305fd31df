"""The state of an index that lives in a folder: how far it is, and a digest of its files as they were left.

An index is marked before its files are written and unmarked after, with their digests. So what a kill, a full disk or
a fault of the disk left of it is seen before it is opened: chromadb 1.5.9 dies of a damaged graph by a segmentation
fault.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from bot.corpus.follower import State, unusable
from bot.errors import CorpusBusy, CorpusError

STATE_FILE = "follower.json"
BLOCK_BYTES = 1 << 20
LOCK_SECONDS = 60.0
"""A writer holds the files for one batch at a time, which takes some seconds."""

Digests = Mapping[str, str]
"""By a file's path within the folder: its length and the digest of its content."""


@contextmanager
def file_locked(path: Path, wait_seconds: float, busy: str) -> Iterator[None]:
    """While inside, nobody else is inside with the same file, in no process. A negative wait has no end.

    Raises CorpusBusy, which says `busy`, after the wait, and CorpusError where the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, thread_local=False)
        lock.acquire(timeout=wait_seconds)
    except Timeout as error:
        raise CorpusBusy(busy) from error
    except OSError as error:
        raise CorpusError(
            f"The folder {path.parent} cannot be written: {error.strerror or error}. Check that it may be written; "
            "nothing that was stored is lost."
        ) from error
    try:
        yield
    finally:
        lock.release()


class IndexFiles:
    """A folder with the files of one index; `name` is the index', for messages.

    `watched` lists the files whose digests are kept: those that nobody but the index' writer changes.
    """

    def __init__(self, folder: Path, name: str, watched: Callable[[Path], Iterable[Path]]) -> None:
        self.folder = folder
        self.name = name
        self._watched = watched

    @property
    def writable(self) -> bool:
        """Whether the folder may be written."""
        return os.access(self.folder, os.W_OK)

    def state(self) -> State | None:
        """How far the index is; None where there is none, or where it was being written when the writer ended."""
        found = self._read()
        return found[0] if found is not None else None

    def token(self) -> str:
        """Another one after every change of the index."""
        try:
            return (self.folder / STATE_FILE).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return ""

    def require_whole(self) -> None:
        """Raises DamagedIndex where the files are not as they were left. Call it while they are `locked`."""
        found = self._read()
        if found is None:
            raise unusable(self.name, self.folder, ValueError(self._why_not()), damaged=True)
        _, wanted = found
        there = self._digest()
        for name, digest in wanted.items():
            if there.get(name) != digest:
                said = f"{name} is not as it was left" if name in there else f"{name} is gone"
                raise unusable(self.name, self.folder, ValueError(said), damaged=True)

    def verify(self) -> list[str]:
        """What is not as it was left, a sentence; empty where all is."""
        try:
            self.require_whole()
        except CorpusError as error:
            return [str(error)]
        return []

    @contextmanager
    def changing(self, state: State) -> Iterator[None]:
        """While inside, the files are being written; afterwards they are whole, and the index stands at `state`.

        Raises CorpusError where the folder cannot be written.
        """
        try:
            self._write({"changing": True})
            yield
            self._write(asdict(state) | {"files": self._digest()})
        except OSError as error:
            raise unusable(self.name, self.folder, error) from error

    def empty(self) -> None:
        """Delete all that is in the folder; make it where it is not there. Raises CorpusError."""
        try:
            if self.folder.exists():
                shutil.rmtree(self.folder)
            self.folder.mkdir(parents=True)
        except OSError as error:
            raise unusable(self.name, self.folder, error) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """While inside, no other process opens or writes the files. Raises CorpusError.

        Where nothing can be written, nobody does, and there is no lock.
        """
        if self.folder.is_dir() and not self.writable:
            yield
            return
        busy = f"The {self.name} in {self.folder} is being written all the time. Try again later."
        with file_locked(self.folder.with_suffix(".lock"), LOCK_SECONDS, busy):
            yield

    def _read(self) -> tuple[State, Digests] | None:
        try:
            found = json.loads((self.folder / STATE_FILE).read_text(encoding="utf-8"))
            known = str(found["corpus"]), int(found["seq"]), dict(found["make"]), str(found["made"])
            state = State(*known, int(found.get("new_until", 0)))
            return state, dict(found["files"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _why_not(self) -> str:
        if not self.folder.is_dir():
            return "it is not there"
        if "changing" in self.token():
            return "writing it was cut short"
        return f"{STATE_FILE} is missing or damaged"

    def _write(self, content: Mapping[str, object]) -> None:
        """Replace the state in one step: after a crash it is the old one or the new one, never a part."""
        fresh = self.folder / f".{STATE_FILE}.{os.getpid()}"
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.folder / STATE_FILE)

    def _digest(self) -> dict[str, str]:
        import xxhash

        found = {}
        for path in sorted(self._watched(self.folder)):
            digest = xxhash.xxh3_128()
            try:
                with path.open("rb") as file:
                    while block := file.read(BLOCK_BYTES):
                        digest.update(block)
            except FileNotFoundError:
                continue
            found[path.relative_to(self.folder).as_posix()] = f"{path.stat().st_size}-{digest.hexdigest()}"
        return found
