"""The reading model at work: for a question and passages, where each may answer, and whether it does.

Runs by ONNX Runtime in 8 bits, without torch. The weights that ship are in `weights/`, whose card says what they were
trained on; `newsbot train-reader` makes others.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bot.errors import ModelError, first_line
from bot.models.onnx_graphs import open_session
from bot.models.reader_input import Pair, PairEncoder, padded

Floats = NDArray[np.float32]
WEIGHTS = Path(__file__).parent / "weights"
FACTS_FILE = "reader.json"
SPANS = 5
"""Spans of a passage that are looked at."""
SPAN_TOKENS = 16


@dataclass(frozen=True, slots=True)
class ScoredSpan:
    """A run of characters of a passage, and the probability that it is the answer if the passage has one."""

    start: int
    end: int
    probability: float


@dataclass(frozen=True, slots=True)
class PassageReading:
    """What reading one passage gave: offsets count characters of the passage.

    `relevance` and `answerable` are log-odds that the passage is about what is asked, and that it answers. `spans` come
    best first. `evidence(start, end)` is the mean log-odds that these characters show the answer.
    """

    relevance: float
    answerable: float
    spans: tuple[ScoredSpan, ...]
    tokens: tuple[tuple[int, int, float], ...]
    """Start, end and evidence (log-odds) of each token."""

    def evidence(self, start: int, end: int) -> float:
        """The mean log-odds over the tokens of a run of characters; minus infinity where it was not read."""
        found = [logit for first, last, logit in self.tokens if first < end and last > start]
        return sum(found) / len(found) if found else -math.inf


class PassageReader(Protocol):
    """Reads passages for a question: this module's model, or another one (see `transformers_reader`)."""

    def read(self, question: str, contexts: Sequence[tuple[str, str]]) -> list[PassageReading]: ...


class Reader:
    """A reading model. Safe to share between threads.

    `logits` gives for a batch of pairs the span start, span end and evidence logits (pairs, tokens) and the pair logits
    (pairs, 2): relevance, answerability.
    """

    def __init__(self, encoder: PairEncoder, logits: Callable[[Sequence[Pair]], tuple[Floats, ...]]) -> None:
        self._encoder = encoder
        self._logits = logits

    def read(self, question: str, contexts: Sequence[tuple[str, str]]) -> list[PassageReading]:
        """One reading for each (header, passage), in their order (see `reader_input.header`).

        They are read one by one: in 8 bits what is read together shares a scale, so that a passage's reading would
        hang on its neighbours (a span's share of the best one's score varied from .19 to .37), and no quicker.
        """
        found = []
        for pair in self._encoder.pairs(question, contexts):
            start, end, evidence, both = (each[0] for each in self._logits([pair]))
            inside = slice(pair.first, pair.first + len(pair.offsets))
            spans = best_spans(pair.offsets, start[inside], end[inside])
            tokens = with_evidence(pair.offsets, evidence[inside])
            found.append(PassageReading(float(both[0]), float(both[1]), spans, tokens))
        return found


def with_evidence(offsets: Sequence[tuple[int, int]], evidence: Iterable[float]) -> tuple[tuple[int, int, float], ...]:
    """Tokens of a passage as `PassageReading` has them."""
    return tuple((start, end, float(logit)) for (start, end), logit in zip(offsets, evidence, strict=True))


def best_spans(offsets: Sequence[tuple[int, int]], start: Floats, end: Floats) -> tuple[ScoredSpan, ...]:
    """The likeliest spans: the product of the start's and the end's probability, at most so many tokens long."""
    if not offsets:
        return ()
    joint = np.triu(np.outer(_softmax(start), _softmax(end)))
    joint -= np.triu(joint, SPAN_TOKENS)
    best = np.argsort(-joint, axis=None, kind="stable")[:SPANS]
    return tuple(
        ScoredSpan(offsets[first][0], offsets[last][1], float(joint[first, last]))
        for first, last in np.transpose(np.unravel_index(best, joint.shape)).tolist()
        if joint[first, last] > 0
    )


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max())
    shares: Floats = powers / powers.sum()
    return shares


def load_reader(folder: Path = WEIGHTS, *, threads: int = 2) -> Reader:
    """Load what `newsbot train-reader` wrote into a folder. Raises ModelError where it cannot be loaded."""
    from tokenizers import Tokenizer

    try:
        facts: dict[str, Any] = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
        words = WordEmbeddings.load(folder)
        session = open_session(folder / "reader.onnx", threads)
        encoder = PairEncoder(Tokenizer.from_file(str(folder / "tokenizer.json")), facts["max_tokens"])
    except Exception as error:  # files that are missing, cut off or of another version: the remedy is the same
        raise ModelError(
            f"The reading model in {folder} cannot be loaded: {first_line(error)}. Install newsbot again, or set "
            "NEWSBOT_READER to a folder that newsbot train-reader wrote, or to off."
        ) from error

    def logits(pairs: Sequence[Pair]) -> tuple[Floats, ...]:
        ids, types, mask = padded(pairs)
        found = session.run(None, {"words": words(ids), "types": types, "mask": mask})
        return tuple(np.asarray(each, dtype=np.float32) for each in found)

    return Reader(encoder, logits)


class WordEmbeddings:
    """Word embeddings in 4 bits: rows of unsigned integers with a scale for each block of a row.

    They are a third of the model's weights and its least sensitive part; looking them up here keeps them out of the
    graph, which would hold them as 32-bit floats.
    """

    BLOCK = 96

    def __init__(self, packed: NDArray[np.uint8], scales: NDArray[np.float16]) -> None:
        self.packed = packed
        self.scales = scales

    @classmethod
    def quantized(cls, weights: Floats) -> WordEmbeddings:
        """The embeddings of float32 weights, shape (tokens, width); the width is a multiple of the block."""
        blocks = weights.reshape(len(weights), -1, cls.BLOCK)
        scales = (np.abs(blocks).max(-1) / 7.0).astype(np.float16)
        steps = np.maximum(scales.astype(np.float32), 1e-8)[..., None]
        whole = (np.clip(np.rint(blocks / steps), -8, 7) + 8).astype(np.uint8).reshape(weights.shape)
        return cls(whole[:, 0::2] | (whole[:, 1::2] << 4), scales)

    @classmethod
    def load(cls, folder: Path) -> WordEmbeddings:
        """What `save` wrote."""
        return cls(np.load(folder / "words.npy"), np.load(folder / "word_scales.npy"))

    def save(self, folder: Path) -> None:
        """Write them into a folder."""
        np.save(folder / "words.npy", self.packed)
        np.save(folder / "word_scales.npy", self.scales)

    def __call__(self, ids: NDArray[np.int64]) -> Floats:
        """Embeddings of token ids of any shape: float32, that shape and the width."""
        packed = self.packed[ids]
        whole = np.empty((*packed.shape[:-1], 2 * packed.shape[-1]), dtype=np.float32)
        whole[..., 0::2] = packed & 15
        whole[..., 1::2] = packed >> 4
        blocks = (whole - np.float32(8.0)).reshape(*ids.shape, -1, self.BLOCK)
        found: Floats = blocks * self.scales[ids].astype(np.float32)[..., None]
        return found.reshape(whole.shape)
