"""What indexes that follow the catalog have in common, and what those for words and for vectors can be asked.

Whoever asks an index does not see which engine answers: files on this machine, a server, or a plain scan.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias
from urllib.parse import urlsplit

from bot.corpus.catalog.database import remedy_of
from bot.corpus.catalog.log import Change
from bot.errors import CorpusError, SettingsError, first_line
from bot.schema import Scope

if TYPE_CHECKING:
    from bot.corpus.catalog.vectors import Vectors


Hits: TypeAlias = list[tuple[str, float]]
"""Passage ids with their scores, best first."""


class DamagedIndex(CorpusError):
    """An index is missing, incomplete or changed from outside. Making it anew is the only remedy, and loses nothing."""


@dataclass(frozen=True, slots=True)
class State:
    """How far an index has followed: every change of the log `corpus` up to `seq` is in it; `make` is how it was made.

    `made` names this build of the index: one that was made anew has another name, even at the same `seq`. Changes after
    `seq` and up to `new_until` are of articles that were never in the index, since it reads them for the first time.
    """

    corpus: str
    seq: int
    make: Mapping[str, str | int]
    made: str = ""
    new_until: int = 0

    def brings_new(self, changes: Sequence[Change]) -> bool:
        """Whether no article of these changes is in the index already, so that nothing need be deleted first."""
        return all(self.seq < change.seq <= self.new_until for change in changes)

    def noted(self) -> dict[str, Any]:
        """The state as it is stored beside the index: flat, because servers store flat values only."""
        return asdict(self) | {"make": json.dumps(dict(self.make))}

    @classmethod
    def from_note(cls, note: Any) -> State | None:
        """The state from what is stored beside an index; None where newsbot did not write it."""
        try:
            make = json.loads(note["make"]) if isinstance(note["make"], str) else dict(note["make"])
            return cls(note["corpus"], int(note["seq"]), make, note["made"], int(note.get("new_until", 0)))
        except (KeyError, ValueError, TypeError):
            return None


@dataclass(frozen=True, slots=True)
class Stored:
    """What a dense index holds of one passage; `day` is that of publication, as in `date.toordinal`."""

    text: str
    day: int | None
    source: str | None
    vector: Vectors | None = field(default=None, compare=False)
    """None where it is lost."""


class Follower(Protocol):
    """An index that takes in changes of the catalog, in order; taking one in twice does no harm."""

    name: str
    """What it is called in messages."""
    place: str
    """Where it lives: a folder or an address, for messages."""
    local: bool
    """Whether it is on this machine, so that every machine has its own."""
    follows_vectors: bool
    """Whether it takes a passage in with its vector, once there is one. It then follows the log's dense numbers."""
    make: Mapping[str, str | int]
    """How this code makes it: an index that was made another way is made anew."""
    batch_passages: int
    """Passages in one batch. A crash repeats at most one batch."""

    def state(self) -> State | None:
        """How far it is; None where there is none, or none that can be used. Raises CorpusError."""

    def being_written(self) -> bool:
        """Whether a process is writing it now. It then has no state, and nothing is wrong. False for a server."""
        return False

    def apply(self, changes: Sequence[Change], state: State) -> None:
        """Take the changes in, durably, and stand at `state` then.

        Raises DamagedIndex where it must be reset first, CorpusError otherwise.
        """

    def reset(self, state: State) -> None:
        """Become empty, whatever is there now, damaged or not, and stand at `state`. Raises CorpusError."""

    def verify(self) -> list[str]:
        """What is broken in its own files, a sentence each; empty when they are as they were left, or a server's."""
        return []

    def ids(self) -> set[str]:
        """Ids of all passages that it holds. Raises CorpusError."""

    def refresh(self) -> None:
        """See what another process wrote since. Cheap; a server shows it anyway."""
        return

    def close(self) -> None:
        """Let go of files and connections."""


class DenseIndex(Follower, Protocol):
    """An index of vectors, one a passage."""

    def search(self, vector: Vectors, limit: int, scope: Scope | None = None) -> Hits:
        """The passages nearest to a unit vector, best first: (passage id, cosine). Raises CorpusError."""

    def stored(self, ids: Sequence[str]) -> dict[str, Stored]:
        """What it holds of those of the passages that are in it, by passage id. Raises CorpusError."""


def unusable(name: str, place: str | Path, error: BaseException, *, damaged: bool = False) -> CorpusError:
    """What went wrong with an index, in words, with the remedy that fits; DamagedIndex only for what is damage."""
    said = first_line(error)
    head = f"The {name} in {place} cannot be used ({said})."
    if isinstance(error, ImportError):
        return CorpusError(f"{head} A package that it needs is missing or broken: install newsbot anew.")
    if remedy := remedy_of(said):
        return CorpusError(f"{head} {remedy}")
    kind = DamagedIndex if damaged else CorpusError
    return kind(f"{head} Make it anew from the catalog: newsbot verify --repair")


class ServerIndex(Follower):
    """An index on the server at an http(s) address, whose path, where there is one, names it there.

    Raises SettingsError for what is no such address. What is secret is in `url` alone, and in no message.
    """

    local = False
    setting: str
    """The variable that names the address."""
    package = "newsbot"
    """What installs the server's client."""

    def __init__(self, address: str, port: int, index: str) -> None:
        parts = urlsplit(address)
        self.secure = parts.scheme == "https"
        try:
            self.port = parts.port or (443 if self.secure else port)
        except ValueError:
            self.port = 0
        if parts.scheme not in {"http", "https"} or not parts.hostname or not self.port:
            raise SettingsError(f"{self.setting} is no address of a server, such as http://127.0.0.1:{port}.")
        self.url, self.host = f"{parts.scheme}://{parts.netloc}", parts.hostname
        self.index = parts.path.strip("/") or index
        self.place = f"{parts.scheme}://{self.host}:{self.port}/{self.index}"

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """What the server's client raises inside becomes a CorpusError: DamagedIndex where the index is not there."""
        try:
            yield
        except CorpusError:
            raise
        except ImportError as error:
            raise CorpusError(
                f"{self.setting} needs a package that is missing or broken ({first_line(error)}): pip install "
                f"'{self.package}', or leave it empty."
            ) from error
        except Exception as error:
            if type(error).__name__ == "NotFoundError":  # so both clients call it
                raise unusable(self.name, self.place, ValueError("it is not there"), damaged=True) from error
            raise CorpusError(
                f"The {self.name} at {self.place} does not answer ({first_line(error)}). Check {self.setting}, and "
                "that the server runs."
            ) from error
