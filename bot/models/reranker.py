"""A second reading of the best hits by a cross-encoder: question and passage go through one model together.

A cross-encoder is slower than an index by orders of magnitude and needs torch, so it reads only the first hits, and
only where the operator names a model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from bot.errors import ModelError, first_line
from bot.models.hub import loading_from_hub
from bot.schema import Hit

BATCH_PAIRS = 16


class Reranker:
    """Reorders the first `depth` hits by the scores of a cross-encoder. Safe to share between threads.

    `score` gives one number for each (question, passage) pair, higher for a better fit.
    """

    def __init__(self, model: str, depth: int, score: Callable[[list[tuple[str, str]]], Sequence[float]]) -> None:
        self.model = model
        self.depth = depth
        self._score = score

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The same hits, best first: the first `depth` in the model's order, the others behind them as they were.

        Each hit that was read has the model's score as its part "rerank". The fused scores stay where they stood, so
        that they still fall from hit to hit: the best passage has the best fused score, whichever passage that is.
        """
        read, rest = list(hits[: self.depth]), list(hits[self.depth :])
        if not read:
            return rest
        pairs = [(question, f"{hit.article.title}\n{hit.passage.text}") for hit in read]
        found = [
            replace(hit, parts={**hit.parts, "rerank": float(score)})
            for hit, score in zip(read, self._score(pairs), strict=True)
        ]
        found.sort(key=lambda hit: -hit.parts["rerank"])
        return [replace(hit, score=before.score) for hit, before in zip(found, read, strict=True)] + rest


def load_reranker(model: str, depth: int) -> Reranker:
    """Load a sentence-transformers `CrossEncoder` by name or folder. Imports torch: 10 seconds and more.

    Raises ModelError where it cannot be loaded, or gives more than one score for a pair.
    """
    try:
        with loading_from_hub(model):
            from sentence_transformers import CrossEncoder

            encoder: Any = CrossEncoder(model, device="cpu")
        labels = int(encoder.num_labels)
    except Exception as error:  # a hub, a file or a format: whatever is wrong, the remedy is the same
        raise ModelError(
            f"The reranker {model} cannot be loaded: {first_line(error)}. Name a folder or a sentence-transformers "
            "CrossEncoder that can be downloaded here in NEWSBOT_RERANKER, or leave it empty to do without."
        ) from error
    if labels != 1:
        raise ModelError(
            f"The model {model} sorts pairs into {labels} classes; a reranker gives one score for a pair. Name another "
            "one in NEWSBOT_RERANKER, or leave it empty to do without."
        )

    def score(pairs: list[tuple[str, str]]) -> Sequence[float]:
        scores: list[float] = encoder.predict(pairs, batch_size=BATCH_PAIRS, show_progress_bar=False).tolist()
        return scores

    return Reranker(model, depth, score)
