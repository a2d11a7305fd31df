"""What indexes that follow the catalog have in common, and what those for words and for vectors can be asked.

Whoever asks an index does not see which engine answers: files on this machine, a server, or a plain scan.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from bot.corpus.catalog.log import Change
from bot.errors import CorpusError, SettingsError
from bot.schema import Scope

if TYPE_CHECKING:
    from bot.corpus.catalog.vectors import Vectors


class DamagedIndex(CorpusError):
    """An index is missing, cut short or not as it was left: only making it anew helps, and loses nothing."""


@dataclass(frozen=True, slots=True)
class State:
    """How far an index has followed: every change of the log `corpus` up to `seq` is in it; `make` is how it was made.

    `made` is a name for this making: an index that was made anew has another one, even at the same `seq`. Changes after
    `seq` and up to `new_until` are of articles that were never in it: it goes through the log for the first time.
    """

    corpus: str
    seq: int
    make: Mapping[str, str | int]
    made: str = ""
    new_until: int = 0

    def brings_new(self, changes: Sequence[Change]) -> bool:
        """Whether all of the changes are of articles of which nothing need leave the index first."""
        return all(self.seq < change.seq <= self.new_until for change in changes)

    def noted(self) -> dict[str, str | int]:
        """As a server keeps it beside the index that it describes."""
        return {"corpus": self.corpus, "seq": self.seq, "make": json.dumps(dict(self.make)), "made": self.made}

    @classmethod
    def from_note(cls, note: Any) -> State | None:
        """What a server keeps; None where it is none of ours."""
        try:
            return cls(note["corpus"], int(note["seq"]), json.loads(note["make"]), note["made"])
        except (KeyError, ValueError, TypeError):
            return None


@dataclass(frozen=True, slots=True)
class Held:
    """What an index holds of one passage beside its vector."""

    text: str
    day: int | None
    """Of publication, as in `date.toordinal`."""
    source: str | None


class Follower(Protocol):
    """An index that takes in changes of the catalog, in order; taking one in twice does no harm."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    @property
    def place(self) -> str:
        """Where it lives: a folder or an address, for messages."""

    @property
    def local(self) -> bool:
        """Whether it lives on this machine: then every machine has one of its own."""

    @property
    def follows_vectors(self) -> bool:
        """Whether it takes a passage in with its vector, and when it has one: by the log's numbers of those."""

    @property
    def make(self) -> Mapping[str, str | int]:
        """How this code makes it: an index that was made another way is made anew."""

    @property
    def batch_passages(self) -> int:
        """How many passages it takes in well at a time: so many are done again after a crash, at most."""

    def state(self) -> State | None:
        """How far it is; None where there is none, or none that can be used. Raises CorpusError."""

    def apply(self, changes: Sequence[Change], state: State) -> None:
        """Take the changes in, durably, and stand at `state` then.

        Raises DamagedIndex where it must be reset first, CorpusError otherwise.
        """

    def reset(self, state: State) -> None:
        """Become empty, whatever is there now, damaged or not, and stand at `state`. Raises CorpusError."""

    def verify(self) -> list[str]:
        """What is broken in its own files, a sentence each; empty when they are as they were left."""

    def ids(self) -> set[str]:
        """Ids of all passages that it holds. Raises CorpusError."""

    def refresh(self) -> None:
        """See what another process wrote since. Cheap."""

    def close(self) -> None:
        """Let go of files and connections."""


class DenseIndex(Follower, Protocol):
    """An index of vectors, one a passage."""

    def search(self, vector: Vectors, limit: int, scope: Scope | None = None) -> list[tuple[str, float]]:
        """The passages nearest to a unit vector, best first: (passage id, cosine). Raises CorpusError."""

    def vectors(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors of those of the passages that it holds, by passage id. Raises CorpusError."""

    def beside(self, ids: Sequence[str]) -> dict[str, Held]:
        """What stands beside the vectors of those of the passages that it holds. Raises CorpusError."""


class LexicalIndex(Follower, Protocol):
    """An index of words, scored by BM25."""

    def terms(self, text: str) -> list[str]:
        """The index terms of a text, in order: lower case, accents folded, stemmed."""

    def idf(self, terms: Sequence[str]) -> dict[str, float]:
        """Inverse document frequency of each term in passage texts: ln(1 + (N - n + .5) / (n + .5)), as in BM25."""

    def rarity(self, word: str) -> float:
        """The idf of a word as it stands in a text; 0 for one that is no index term."""

    def search(
        self,
        terms: Sequence[str],
        limit: int,
        scope: Scope | None = None,
        *,
        title_weight: float = 0.5,
        among: Sequence[str] = (),
    ) -> list[tuple[str, float]]:
        """The passages with the highest BM25 scores, best first: (passage id, score); only of `among` where given."""

    def held(self, weights: Mapping[str, float], passage_ids: Sequence[str]) -> dict[str, float]:
        """For each of the passages the summed weights of the terms that stand in it or in its title, however often."""

    def held_by_articles(self, weights: Mapping[str, float], article_ids: Sequence[str]) -> dict[str, float]:
        """For each of the articles the summed weights of the terms that stand anywhere in it."""

    def share(self, scope: Scope) -> float:
        """The share of all passages that is in scope, 0 to 1."""


def unusable(name: str, place: str | Path, error: BaseException, *, damaged: bool = False) -> CorpusError:
    """What went wrong with an index, in words, with the remedy that fits; DamagedIndex only for what is damage."""
    said = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
    lower = said.lower()
    head = f"The {name} in {place} cannot be used ({said})."
    if isinstance(error, ImportError):
        return CorpusError(f"{head} A package that it needs is missing or broken: install newsbot anew.")
    if (
        "no space" in lower
        or "disk is full" in lower
        or "disk full" in lower
        or "quota" in lower
        or "too large" in lower
    ):
        return CorpusError(f"{head} Free some space and run the command again; nothing that was stored is lost.")
    if "read-only" in lower or "readonly" in lower or "permission denied" in lower:
        return CorpusError(f"{head} Check that the folder may be written; nothing that was stored is lost.")
    kind = DamagedIndex if damaged else CorpusError
    return kind(f"{head} Make it anew from the catalog: newsbot verify --repair")


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where an index lives on a server: `setting` names the variable that says so. What is secret is in `url` alone."""

    setting: str
    url: str
    host: str
    port: int
    secure: bool
    index: str
    place: str

    @classmethod
    def of(cls, setting: str, address: str, port: int, index: str) -> ServerAddress:
        """An http(s) address; its path, where there is one, names the index. Raises SettingsError for what is none."""
        parts = urlsplit(address)
        secure = parts.scheme == "https"
        try:
            port = parts.port or (443 if secure else port)
        except ValueError:
            port = 0
        if parts.scheme not in {"http", "https"} or not parts.hostname or not port:
            raise SettingsError(f"{setting} is no address of a server, such as http://127.0.0.1:{port or 8000}.")
        index = parts.path.strip("/") or index
        place = f"{parts.scheme}://{parts.hostname}:{port}/{index}"
        return cls(setting, f"{parts.scheme}://{parts.netloc}", parts.hostname, port, secure, index, place)

    def unanswered(self, name: str, error: BaseException) -> CorpusError:
        """That the server does not answer, in words."""
        said = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        return CorpusError(
            f"The {name} at {self.place} does not answer ({said}). Check {self.setting}, and that the server runs."
        )
