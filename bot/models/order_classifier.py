"""Tells sentences that give orders to whoever answers or reads from sentences of news: a linear head on their words.

The head is fitted by regularised least squares to `training/orders.jsonl`, whose lines were written for this, and to
the sentences of the invented stories. Its inputs are the words, the pairs of neighbouring words and of those next but
one, and the first five words once more as such. A weight is kept for each of these that was seen, by its checksum:
where they share 65,536 inputs a fifth fewer of the orders of manners that were left out of the fit are caught.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.models.question_kind import SHIPPED, save_whole
from bot.text.sentences import sentences
from bot.text.unicode import visible, without_accents

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
TRAINING = Path(__file__).parent / "training"
EXAMPLES = TRAINING / "orders.jsonl"
RIDGE = 0.3
"""Weight of the squared coefficients."""
WRITTEN_WEIGHT = 3.0
"""How much an example written for this counts beside a sentence of the stories."""
PRECISION = 1e-4
"""The share of the first error at which the conjugate gradients end."""
WEIGHTS_MOST = 32_000
"""Only the largest weights are kept: 6 bytes each."""
FIRST_WORDS = 5
FOLDS = 6
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d+|[^\w\s]")
_QUOTATION_MARKS = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "’": "'", "‘": "'"})
_BIAS = 0


class OrderExample(NamedTuple):
    """A sentence of the training data; the manner is that of the order, or the kind of news that looks like one."""

    text: str
    is_order: bool
    manner: str


class OrderClassifier:
    """The fitted head: a weight for each feature that it knows, by checksum; that of 0 is added to every score."""

    def __init__(self, weights: Mapping[int, float]) -> None:
        self.weights = weights

    @classmethod
    def fitted(cls, examples: Sequence[OrderExample], news: Sequence[str]) -> OrderClassifier:
        """The head for examples written for this and further sentences of news."""
        return _solved(*_problem(examples, news))

    @classmethod
    def load(cls, path: Path) -> OrderClassifier:
        """What `save` wrote."""
        kept = np.load(path)
        return cls(dict(zip(kept["feature"].tolist(), kept["weight"].tolist(), strict=True)))

    def save(self, path: Path) -> None:
        """Write the head, so that a reader meets it whole or not at all."""
        rows = np.array(list(self.weights.items()), dtype=[("feature", "<u4"), ("weight", "<f2")])
        save_whole(path, rows)

    def score(self, sentence: str) -> float:
        """About -1 for news, 1 for an order."""
        found = _features(sentence)
        weight = self.weights.get
        return sum([weight(each, 0.0) for each in found]) / math.sqrt(max(1, len(found))) + weight(_BIAS, 0.0)


@cache
def load_orders() -> OrderClassifier:
    """The head that ships."""
    return OrderClassifier.load(SHIPPED / orders_file())


def orders_file() -> str:
    """The file of the head; other examples have another."""
    import hashlib

    return f"orders-{hashlib.sha256(EXAMPLES.read_bytes()).hexdigest()[:12]}.npy"


def training_examples() -> list[OrderExample]:
    """The sentences that were written for this."""
    with EXAMPLES.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [OrderExample(row["text"], row["order"], row["manner"]) for row in rows]


def story_sentences() -> list[str]:
    """Titles and sentences of the invented stories."""
    from bot.evaluation.question_file import read_lines
    from bot.models.training.examples import Story

    found: list[str] = []
    for path in sorted((TRAINING / "stories").glob("*.jsonl")):
        for passage in (each for _, story in read_lines(path, Story, "stories") for each in story.passages):
            found += [passage.title, *(passage.text[span.start : span.end] for span in sentences(passage.text))]
    return found


def by_manner(examples: Sequence[OrderExample], news: Sequence[str]) -> Iterator[tuple[str, list[float]]]:
    """For each manner and kind of news, the scores of its examples by a head that was fitted without the manner."""
    manners = sorted({each.manner for each in examples})
    names, inputs, wanted, counts = _problem(examples, news)
    for fold in range(FOLDS):
        out = set(manners[fold::FOLDS])
        kept = np.array([each.manner not in out for each in examples] + [True] * len(news))
        head = _solved(names, inputs[kept], wanted[kept], counts[kept])
        for manner in sorted(out):
            yield manner, [head.score(each.text) for each in examples if each.manner == manner]


def _problem(examples: Sequence[OrderExample], news: Sequence[str]) -> tuple[Numbers, csr_array, Floats, Floats]:
    """The features' names, their values (sentences, features), the scores wanted, and what each sentence counts."""
    from scipy.sparse import csr_array

    found = [_features(text) for text in (*(each.text for each in examples), *news)]
    lengths = np.array([len(each) for each in found])
    names, columns = np.unique(np.fromiter(chain.from_iterable(found), np.int64), return_inverse=True)
    values = np.repeat(np.maximum(lengths, 1) ** -0.5, lengths)
    inputs = csr_array((values, columns, np.concatenate([[0], np.cumsum(lengths)])))
    wanted = np.array([1.0 if each.is_order else -1.0 for each in examples] + [-1.0] * len(news))
    return names, inputs, wanted, np.array([WRITTEN_WEIGHT] * len(examples) + [1.0] * len(news))


def _solved(names: Numbers, inputs: csr_array, wanted: Floats, counts: Floats) -> OrderClassifier:
    from sklearn.linear_model import Ridge

    fitted = Ridge(RIDGE, solver="sparse_cg", tol=PRECISION).fit(inputs, wanted, counts)
    kept = sorted(np.argsort(-np.abs(fitted.coef_), kind="stable")[: WEIGHTS_MOST - 1].tolist())
    weights = {int(names[at]): float(np.float16(fitted.coef_[at])) for at in kept}
    return OrderClassifier({_BIAS: float(np.float16(fitted.intercept_)), **weights})


def _features(text: str) -> list[int]:
    """Checksums of what the head sees of a sentence."""
    plain = without_accents(visible(text)).translate(_QUOTATION_MARKS).lower()
    words = ["0" if word.isdigit() else word for word in _WORD.findall(plain)]
    around = ["", *words, ""]
    grams = words + [f"{one} {other}" for one, other in pairwise(around)]
    grams += [f"{one} _ {other}" for one, other in zip(around, around[2:], strict=False)]
    grams += [f"^{word}" for word in words[:FIRST_WORDS]]
    return [zlib.crc32(gram.encode("utf-8", "surrogatepass")) for gram in grams]
