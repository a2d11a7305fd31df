"""The figures: hit@k, MRR, exact match, token F1, precision at a coverage, and intervals by the bootstrap. Pure.

A figure is a statistic over questions. Its interval is the percentile bootstrap (B. Efron, "Bootstrap methods: another
look at the jackknife", Annals of Statistics 7, 1979; Efron and Tibshirani, "An Introduction to the Bootstrap", 1993,
chapter 13): questions are drawn with replacement, as many as there are, many times over, and the middle 95% of what
the statistic then is are the interval. Draws come from a fixed seed: the same questions give the same interval.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bot.text.unicode import alphanumeric

Numbers = NDArray[np.float64]
Statistic = Literal["ratio", "most_sure", "quantile"]
DRAWS = 2_000
SEED = 20_220_616
INTERVAL = (0.025, 0.975)
_CELLS_AT_ONCE = 4_000_000
"""Numbers that are drawn in one go: bounds the memory."""
_PUNCTUATION = re.compile(r"[^\w\s]|_")
YES_NO = frozenset({"yes", "no", "true", "false"})


# One answer against the gold


def holds(text: str, golds: Sequence[str]) -> bool:
    """Whether a text holds a gold answer as whole words, both made `alphanumeric`."""
    folded = f" {alphanumeric(text)} "
    return any(f" {alphanumeric(gold)} " in folded for gold in golds if alphanumeric(gold))


def tokens(text: str) -> list[str]:
    """Lower case, punctuation out, split at blanks: SQuAD's normalisation, but for the articles (see `exact`)."""
    return _PUNCTUATION.sub("", text.lower()).split()


def exact(short: str | None, golds: Sequence[str]) -> float:
    """1.0 where the short answer is a gold answer, token for token.

    Exact match of SQuAD (Rajpurkar et al., EMNLP 2016), with one deviation: "a", "an" and "the" are kept, as part of
    names and titles ("The Hague").
    """
    said = tokens(short or "")
    return float(bool(said) and any(said == tokens(gold) for gold in golds))


def token_f1(short: str | None, golds: Sequence[str]) -> float:
    """The best harmonic mean of token precision and recall over the gold answers: F1 of SQuAD, deviating as `exact`."""
    said = Counter(tokens(short or ""))
    best = 0.0
    for gold in golds:
        wanted = Counter(tokens(gold))
        shared = sum((said & wanted).values())
        if shared:
            best = max(best, 2 * shared / (sum(said.values()) + sum(wanted.values())))
    return best


def is_yes_no(golds: Sequence[str]) -> bool:
    """Whether the gold answers are verdicts, which no passage holds verbatim."""
    return bool(golds) and all(alphanumeric(gold) in YES_NO for gold in golds)


# Figures over many questions


@dataclass(frozen=True, slots=True)
class Sample:
    """What a figure is computed from: for each question (by key) two numbers, and the statistic that joins them.

    - "ratio": sum(first) / sum(second). With seconds of 1 it is the mean; seconds of 0 leave a question out.
    - "most_sure": the mean first of the `share` of questions with the highest second.
    - "quantile": the `share` quantile of the firsts.
    """

    statistic: Statistic
    pairs: Mapping[Hashable, tuple[float, float]]
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95% interval; `questions` is how many it is over."""

    value: float
    low: float
    high: float
    questions: int


@dataclass(frozen=True, slots=True)
class Difference:
    """New less old with its 95% interval. `paired`: over the questions that both have, drawn together."""

    old: float
    new: float
    difference: float
    low: float
    high: float
    questions: int
    paired: bool


def figure(sample: Sample) -> Figure | None:
    """The figure of a sample; None where it is over nothing (no question, or none that counts)."""
    numbers = _numbers(sample, list(sample.pairs))
    value = _value(sample, numbers)
    if np.isnan(value):
        return None
    low, high = np.nanquantile(_draws(sample, numbers), INTERVAL)
    counted = int(np.count_nonzero(numbers[1])) if sample.statistic == "ratio" else len(sample.pairs)
    return Figure(value, float(low), float(high), counted)


def difference(old: Sample, new: Sample) -> Difference | None:
    """What became of a figure from an old run to a new one; None where either is over nothing.

    Where questions match by key, only they count, and both runs are drawn with the same questions: what makes a
    question hard cancels out, and the interval is narrower. Where none matches, the runs are drawn apart.
    """
    both = [key for key in new.pairs if key in old.pairs]
    keys_old, keys_new = (both, both) if both else (list(old.pairs), list(new.pairs))
    numbers_old, numbers_new = _numbers(old, keys_old), _numbers(new, keys_new)
    before, after = _value(old, numbers_old), _value(new, numbers_new)
    if np.isnan(before) or np.isnan(after):
        return None
    # The same seed over the same number of questions draws the same questions; another seed draws apart.
    draws = _draws(new, numbers_new) - _draws(old, numbers_old, SEED if both else SEED + 1)
    low, high = np.nanquantile(draws, INTERVAL)
    return Difference(before, after, after - before, float(low), float(high), len(keys_new), bool(both))


def precision_curve(judged: Sequence[tuple[float, bool]]) -> list[tuple[float, float]]:
    """(coverage, precision) as questions (confidence, right) are answered from the surest on.

    The risk-coverage curve of selective prediction (El-Yaniv and Wiener, JMLR 11, 2010), with precision for risk.
    Questions of one confidence are answered together.
    """
    ordered = sorted(judged, key=lambda pair: -pair[0])
    curve: list[tuple[float, float]] = []
    right = 0
    for place, (confidence, is_right) in enumerate(ordered, start=1):
        right += is_right
        if place == len(ordered) or ordered[place][0] != confidence:
            curve.append((place / len(ordered), right / place))
    return curve


def _numbers(sample: Sample, keys: Sequence[Hashable]) -> Numbers:
    return np.array([sample.pairs[key] for key in keys], dtype=np.float64).reshape(len(keys), 2).T


def _value(sample: Sample, numbers: Numbers) -> float:
    if numbers.shape[1] == 0:
        return float("nan")
    if sample.statistic == "most_sure":
        return _most_sure(sample.share, numbers)
    return float(_statistics(sample, numbers, np.arange(numbers.shape[1])[None, :])[0])


def _most_sure(share: float, numbers: Numbers) -> float:
    """The mean of the surest; equally sure ones at the edge count in part, so that their order does not matter."""
    right, sure = numbers
    kept = max(1, round(share * len(sure)))
    edge = -sorted(-sure)[kept - 1]
    above, at_edge = sure > edge, sure == edge
    return float((right[above].sum() + right[at_edge].mean() * (kept - above.sum())) / kept)


def _draws(sample: Sample, numbers: Numbers, seed: int = SEED) -> Numbers:
    """The statistic of each bootstrap draw."""
    random = np.random.default_rng(seed)
    count = numbers.shape[1]
    at_once = max(1, _CELLS_AT_ONCE // count)
    found = [
        _statistics(sample, numbers, random.integers(count, size=(min(at_once, DRAWS - first), count)))
        for first in range(0, DRAWS, at_once)
    ]
    return np.concatenate(found)


def _statistics(sample: Sample, numbers: Numbers, drawn: NDArray[np.int64]) -> Numbers:
    """The statistic of each row of `drawn` (places of questions)."""
    first, second = numbers[0][drawn], numbers[1][drawn]
    if sample.statistic == "quantile":
        return np.asarray(np.quantile(first, sample.share, axis=1), dtype=np.float64)
    if sample.statistic == "most_sure":
        kept = max(1, round(sample.share * drawn.shape[1]))
        # Draws come in chance order, so among equally sure ones at the edge chance decides.
        surest = np.argsort(-second, axis=1, kind="stable")[:, :kept]
        return np.asarray(np.take_along_axis(first, surest, axis=1).mean(axis=1))
    sums = second.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(first.sum(axis=1) / np.where(sums == 0, np.nan, sums))
