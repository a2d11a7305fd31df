"""Learns the weights of sentence ranking from questions with gold answers: `python -m tests.bench.learn_quoting`.

Knows nothing about spans or answers: it wants a sentence that holds a gold answer ranked first, by softmax over all
sentences found for a question. Prints the figures of five-fold cross-validation, then the weights to write down.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bot.evaluation.metrics import holds
from bot.retrieval.sentence import Features
from bot.retrieval.sentence_ranking import WEIGHTS, rank, weights_of_terms
from tests.bench.bench_quoting import SHARED, Bm25, answerable, load, passages_of, understand_of

FIXED = ("hedge",)
"""A rule that such questions hardly test: plans rank below facts."""
DECAY = 0.02
STEPS = 400
RATE = 0.05
FOLDS = 5

Example = tuple[Any, Any]
"""The features of a question's sentences (sentences x features), and which of them hold a gold answer."""


def examples(folder: Path) -> list[Example]:
    """One example for each question that can be answered; the votes come from the weights as they are."""
    articles, questions = load(folder)
    found: list[Example] = []
    with tempfile.TemporaryDirectory() as temporary:
        index = Bm25((passage for article in articles for passage in passages_of(article)), temporary)
        for question in questions:
            if not answerable(question):
                continue
            understood = understand_of(question)
            weighed = weights_of_terms(understood, index.idf)
            ranked = rank(understood, index.hits(understood), weighed, index.idf)
            if ranked:
                right = [float(holds(sentence.text, question.answers)) for sentence in ranked]
                found.append((np.array([sentence.features for sentence in ranked]), np.array(right)))
    return found


def learned(data: Sequence[Example], free: Sequence[int]) -> Any:
    """The weights that make sentences with a gold answer likeliest; those not `free` stay as they are."""
    scale = np.vstack([features for features, _ in data]).std(axis=0) + 1e-9
    weights = np.array(WEIGHTS) * scale
    mean = square = np.zeros(len(free))
    usable = [(features / scale, right) for features, right in data if right.any()]
    for step in range(1, STEPS + 1):
        slope = DECAY * weights[free]
        for features, right in usable:
            odds = features @ weights
            share = np.exp(odds - odds.max())
            share /= share.sum()
            good = share * right / (share * right).sum()
            slope = slope - features[:, free].T @ (good - share) / len(usable)
        mean = 0.9 * mean + 0.1 * slope
        square = 0.999 * square + 0.001 * slope**2
        weights[free] -= RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return weights / scale


def figures(data: Sequence[Example], weights: Any) -> tuple[float, float]:
    """Share of questions whose first sentence, and one of whose first three, holds a gold answer."""
    orders = [(right, np.argsort(-(features @ weights), kind="stable")) for features, right in data]
    first = sum(right[order[0]] for right, order in orders) / len(data)
    return float(first), sum(float(right[order[:3]].any()) for right, order in orders) / len(data)


def main(folder: Path) -> None:
    """Prints what cross-validation gives, and the weights learned from all questions."""
    data = examples(folder)
    free = [index for index, name in enumerate(Features._fields) if name not in FIXED]
    shuffled = np.random.default_rng(0).permutation(len(data))
    print("as they are: first {:.3f}, of three {:.3f}".format(*figures(data, np.array(WEIGHTS))))
    held_out = []
    for fold in range(FOLDS):
        test = set(shuffled[fold::FOLDS].tolist())
        weights = learned([data[index] for index in range(len(data)) if index not in test], free)
        held_out.append(figures([data[index] for index in sorted(test)], weights))
    print("held out:    first {:.3f}, of three {:.3f}".format(*np.mean(held_out, axis=0)))
    for name, weight in zip(Features._fields, learned(data, free), strict=True):
        print(f"    {name}={weight:.2f},")


if __name__ == "__main__":
    main(SHARED / (sys.argv[1] if len(sys.argv) > 1 else "news-2022"))
