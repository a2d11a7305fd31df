"""What every index that follows the catalog has in common: how far it came, and of which corpus and make it is.

Knows nothing about what an index holds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from bot.corpus.catalog_rows import Change
from bot.errors import CorpusError

STATE_FILE = "follower.json"


class DamagedIndex(CorpusError):
    """The files of an index contradict each other, as after the power failed: only anew helps."""


@dataclass(frozen=True, slots=True)
class State:
    """How far an index has followed: every change of `corpus` up to `seq` is in it; `make` is how it was made.

    `made` is a name for this making: an index that was made anew has another one, even at the same `seq`.
    """

    corpus: str
    seq: int
    make: Mapping[str, str | int]
    made: str = ""


class Follower(Protocol):
    """An index that takes in changes of the catalog, in order; taking one in twice does no harm."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    @property
    def folder(self) -> Path:
        """Where it lives; its state file stands in it."""

    @property
    def batch_passages(self) -> int:
        """How many passages it takes in well at a time: so many are done again after a crash, at most."""

    def apply(self, changes: Sequence[Change]) -> None:
        """Take the changes in, durably. Raises DamagedIndex where it must be reset first, CorpusError otherwise."""

    def ids(self) -> set[str]:
        """Ids of all passages that it holds."""

    def reset(self) -> None:
        """Become empty, whatever is there now, damaged or not."""

    def close(self) -> None:
        """Let go of files."""


def read_state(folder: Path) -> State | None:
    """The state of the index in `folder`; None where there is none that can be read (it begins anew then)."""
    try:
        found = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
        return State(str(found["corpus"]), int(found["seq"]), dict(found["make"]), str(found.get("made", "")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_state(folder: Path, state: State) -> None:
    """Replace the state in one step: after a crash it is the old one or the new one, never a part."""
    fresh = folder / f".{STATE_FILE}.{os.getpid()}"
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(asdict(state), file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / STATE_FILE)
