"""An index that lives in a folder: how far it is, and a digest of its files as they were left.

It is marked before its files are written and unmarked after, with their digests. So what a kill, a full disk or a fault
of the disk left of it is seen before it is opened: chromadb 1.5.9 dies of a damaged graph by a segmentation fault.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from bot.corpus.catalog.log import Change
from bot.corpus.follower import Follower, State, unusable
from bot.errors import CorpusBusy, CorpusError

STATE_FILE = "follower.json"
LOCK_SECONDS = 60.0
"""A writer holds the files for one batch at a time, which takes some seconds."""


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


class IndexFiles(Follower):
    """One index in a folder. Subclasses open its files and write into them."""

    local = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = str(folder)
        self._token = ""

    @abstractmethod
    def _watched(self) -> Iterable[Path]:
        """The files whose digests are kept: those that nobody but the index' writer changes."""

    @abstractmethod
    def _make_empty(self, state: State) -> None:
        """Make an empty index, which will stand at `state`, in the empty folder."""

    @abstractmethod
    def _open_to_write(self) -> Any:
        """Open the files, which must be whole. Raises DamagedIndex where they are not."""

    @abstractmethod
    def _take_in(self, opened: Any, changes: Sequence[Change], before: State | None, state: State) -> None:
        """Write changes into what was opened, durably; `before` is where the index stood."""

    def state(self) -> State | None:
        found = self._read_state()
        return found[0] if found is not None else None

    def being_written(self) -> bool:
        if "changing" not in self.token() or self.read_only():
            return False
        try:
            with file_locked(self.folder.with_suffix(".lock"), 0, ""):
                return False
        except CorpusBusy:
            return True

    def token(self) -> str:
        """A text that is different after every change of the index."""
        try:
            return (self.folder / STATE_FILE).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return ""

    def verify(self) -> list[str]:
        self.close()
        with self.locked():
            try:
                self.require_whole()
            except CorpusError as error:
                return [str(error)]
            return self._broken_inside()

    def apply(self, changes: Sequence[Change], state: State) -> None:
        """As in every follower. Readers that open the files wait until it is done."""
        before = self.state()
        with self.locked():
            opened = self._open_to_write()
            try:
                with self.changing(state):
                    self._take_in(opened, changes, before, state)
            except BaseException as error:  # also Ctrl-C: what is open must not go on where the files are made anew
                self.close()
                if isinstance(error, CorpusError) or not isinstance(error, Exception):
                    raise
                raise unusable(self.name, self.folder, error) from error
            self._token = self.token()

    def reset(self, state: State) -> None:
        with self.locked():
            self.close()
            try:
                if self.folder.exists():
                    shutil.rmtree(self.folder)
                self.folder.mkdir(parents=True)
            except OSError as error:
                raise unusable(self.name, self.folder, error) from error
            with self.changing(state):
                self._make_empty(state)
            self._token = self.token()

    def require_whole(self) -> None:
        """Raises DamagedIndex where the files are not as they were left. Call it while they are `locked`."""
        found, there = self._read_state(), self._digests()
        if found is not None:
            wrong = (name for name, digest in found[1].items() if there.get(name) != digest)
            said = next((f"{name} is {'not as it was left' if name in there else 'gone'}" for name in wrong), "")
        elif not self.folder.is_dir():
            said = "it is not there"
        else:
            cut_short = "changing" in self.token()
            said = "writing it was cut short" if cut_short else f"{STATE_FILE} is missing or damaged"
        if said:
            raise unusable(self.name, self.folder, ValueError(said), damaged=True)

    @contextmanager
    def changing(self, state: State) -> Iterator[None]:
        """While inside, the files are being written; afterwards they are whole, and the index stands at `state`.

        Raises CorpusError where the folder cannot be written.
        """
        try:
            self._write_state({"changing": True})
            yield
            self._write_state(state.noted() | {"files": self._digests()})
        except OSError as error:
            raise unusable(self.name, self.folder, error) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """While inside, no other process opens or writes the files. Raises CorpusError.

        Where nothing can be written, nobody does, and there is no lock.
        """
        if self.read_only():
            yield
            return
        busy = f"The {self.name} in {self.folder} is being written all the time. Try again later."
        with file_locked(self.folder.with_suffix(".lock"), LOCK_SECONDS, busy):
            yield

    def read_only(self) -> bool:
        """Whether the folder is there and cannot be written."""
        return self.folder.is_dir() and not os.access(self.folder, os.W_OK)

    def _broken_inside(self) -> list[str]:
        """What is broken in files that are as they were left, a sentence each."""
        return []

    def _read_state(self) -> tuple[State, dict[str, str]] | None:
        """How far the index is, and by a file's path its length and the digest of its content."""
        try:
            found = json.loads((self.folder / STATE_FILE).read_text(encoding="utf-8"))
            state = State.from_note(found)
            return (state, dict(found["files"])) if state is not None else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write_state(self, content: dict[str, Any]) -> None:
        """Replace the state in one step: after a crash it is the old one or the new one, never a part."""
        fresh = self.folder / f".{STATE_FILE}.{os.getpid()}"
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.folder / STATE_FILE)

    def _digests(self) -> dict[str, str]:
        import xxhash

        found = {}
        for path in sorted(self._watched()):
            try:
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, cast(Callable[[], Any], xxhash.xxh3_128))
                    size = os.fstat(file.fileno()).st_size
            except FileNotFoundError:
                continue
            found[path.relative_to(self.folder).as_posix()] = f"{size}-{digest.hexdigest()}"
        return found
