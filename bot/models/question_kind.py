"""Tells what kind of thing is asked: a linear head on the question's embedding and its words.

The head is fitted by regularised least squares to the questions of `training/question_kinds.jsonl`, whose kinds were
given by hand; for another embedding model it is fitted anew, once. Words and pairs of words are hashed into as many
inputs (Weinberger et al., "Feature hashing for large scale multitask learning", ICML 2009): an embedding tells what is
spoken of and little of how it is asked. On 150 questions that others wrote over the news of 2022 the kind is right
for .92.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
QUESTIONS = Path(__file__).parent / "training" / "question_kinds.jsonl"
SHIPPED = Path(__file__).parent / "weights"
RIDGE = 1.0
"""Weight of the squared coefficients."""
HASHED_WORDS = 8192
TALK_MARGIN = 0.5
"""How far talk must be ahead of every kind of question to be taken for talk where the bot was asked by name."""
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|\?|\d+")


class QuestionKind(StrEnum):
    """What a person wants who writes to the bot."""

    FACT = "fact"
    CURRENT = "current"
    """A value as it is now: who holds an office, a price, a record, a standing count."""
    REASON = "reason"
    YES_NO = "yesno"
    LIST = "list"
    COMPARE = "compare"
    TOPIC = "topic"
    """An overview, or the newest: "latest on ...", "what do we know about ..."."""
    NEWS = "news"
    """What is new of all there is: "what's the latest?", "headlines"."""
    CHECK = "check"
    """Whether a statement that stands elsewhere is true: "is that true?", "source?"."""
    GREETING = "greeting"
    THANKS = "thanks"
    HELP = "help"
    """What the bot can do."""
    TALK = "talk"
    """Nothing that news answers."""

    @property
    def is_talk(self) -> bool:
        """Whether it asks nothing of the news."""
        return self in (QuestionKind.GREETING, QuestionKind.THANKS, QuestionKind.HELP, QuestionKind.TALK)

    @property
    def is_of_value(self) -> bool:
        """Whether a short answer is asked for."""
        return self in (QuestionKind.FACT, QuestionKind.CURRENT)

    @property
    def is_of_now(self) -> bool:
        """Whether what was said last matters most."""
        return self.is_overview or self is QuestionKind.CURRENT

    @property
    def is_overview(self) -> bool:
        """Whether it is answered by what articles have in common, and not by what one of them says."""
        return self in (QuestionKind.TOPIC, QuestionKind.NEWS)


KINDS = tuple(QuestionKind)


class KindClassifier:
    """The fitted head: `weights` has shape (dimension + HASHED_WORDS + 1, kinds), the last row added to every score."""

    def __init__(self, weights: Floats) -> None:
        self.weights = weights

    @classmethod
    def fitted(cls, texts: Sequence[str], vectors: Floats, kinds: Sequence[QuestionKind]) -> KindClassifier:
        """The head for questions of known kinds with their embeddings (questions, dimension)."""
        inputs = _inputs(texts, vectors)
        wanted = 2.0 * np.eye(len(KINDS), dtype=np.float32)[[KINDS.index(kind) for kind in kinds]] - 1.0
        gram = inputs @ inputs.T + RIDGE * np.eye(len(inputs), dtype=np.float32)  # there are fewer texts than inputs
        return cls(inputs.T @ np.linalg.solve(gram, wanted).astype(np.float32))

    def save(self, path: Path) -> None:
        """Write the head, so that a reader meets it whole or not at all."""
        save_whole(path, self.weights.astype(np.float16))

    def kind(self, text: str, vector: Floats, talk_margin: float = TALK_MARGIN) -> QuestionKind:
        """The likeliest kind; talk only where it is ahead of every kind of question by the margin."""
        scores = (_inputs([text], vector[None, :]) @ self.weights)[0]
        behind = [talk_margin if kind.is_talk else 0.0 for kind in KINDS]
        return KINDS[int(np.argmax(scores - behind))]


def save_whole(path: Path, array: NDArray[Any]) -> None:
    """Write an array, so that a reader meets it whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{id(array)}.tmp.npy")
    np.save(partial, array)
    partial.replace(path)


def training_questions() -> list[tuple[str, QuestionKind]]:
    """The questions that the head is fitted to, each with its kind."""
    with QUESTIONS.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [(row["q"], QuestionKind(row["kind"])) for row in rows]


def load_kinds(fingerprint: str, encode: Callable[[Sequence[str]], Floats], cache_dir: Path) -> KindClassifier:
    """The head for an embedding model: the one that ships, or else fitted at the model's first use and kept in
    `cache_dir`.

    `fingerprint` names the model's weights; `encode` gives embeddings of questions.
    """
    name = kinds_file(fingerprint)
    for folder in (SHIPPED, cache_dir):
        try:
            return KindClassifier(np.load(folder / name).astype(np.float32))
        except (OSError, ValueError):
            continue
    fitted = fitted_kinds(encode)
    with suppress(OSError):  # a read-only cache costs some seconds at each start
        fitted.save(cache_dir / name)
    return fitted


def fitted_kinds(encode: Callable[[Sequence[str]], Floats]) -> KindClassifier:
    """The head fitted to the training questions; `encode` gives their embeddings."""
    texts, kinds = zip(*training_questions(), strict=True)
    return KindClassifier.fitted(texts, encode(texts), kinds)


def kinds_file(fingerprint: str) -> str:
    """The file of the head for an embedding model; other training questions have another."""
    import hashlib

    digest = hashlib.sha256(QUESTIONS.read_bytes()).hexdigest()[:12]
    return f"kinds-{fingerprint}-{HASHED_WORDS}-{digest}.npy"


def _inputs(texts: Sequence[str], vectors: Floats) -> Floats:
    """What the head sees: embedding, hashed words, and a one."""
    hashed = np.zeros((len(texts), HASHED_WORDS), dtype=np.float32)
    for row, text in enumerate(texts):
        words = _WORD.findall(text.lower().replace("’", "'"))
        grams = words + [f"{one} {other}" for one, other in pairwise(["", *words])]
        for gram in grams:
            hashed[row, zlib.crc32(gram.encode()) % HASHED_WORDS] += 1.0
        hashed[row] /= max(1.0, len(grams) ** 0.5)
    return np.hstack([vectors, hashed, np.ones((len(texts), 1), dtype=np.float32)])
