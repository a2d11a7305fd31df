"""Figures against values worked out by hand, and their intervals against what is known of the bootstrap."""

from __future__ import annotations

import math

import pytest

from bot.evaluation.metrics import (
    Sample,
    difference,
    exact,
    figure,
    holds,
    is_yes_no,
    precision_curve,
    token_f1,
)


def mean(*values: float) -> Sample:
    return Sample("ratio", {place: (value, 1.0) for place, value in enumerate(values)})


def test_a_gold_answer_is_found_whatever_stands_between_its_words_but_not_inside_a_word() -> None:
    assert holds("They watched Squid\nGame.", ["“Squid Game”"])
    assert holds("It rose by 2.5% in May.", ["2.5%"])
    assert not holds("The cartoon was shown.", ["art"])
    assert not holds("Anything at all.", ["…", ""])
    assert not holds("Anything at all.", [])


@pytest.mark.parametrize(
    ("short", "golds", "match", "f1"),
    [
        ("Kay Bailey Hutchison", ["kay bailey hutchison"], 1.0, 1.0),
        ("roughly 500", ["500", "roughly 500"], 1.0, 1.0),
        ("The Hague", ["Hague"], 0.0, 2 / 3),  # articles are kept
        ("$4,000", ["4000"], 1.0, 1.0),
        ("about  500\ntroops", ["500 troops"], 0.0, 0.8),
        ("the the", ["the"], 0.0, 2 / 3),  # a word counts as often as it is there
        ("Paris", ["Rome"], 0.0, 0.0),
        (None, ["Rome"], 0.0, 0.0),
        (None, ["..."], 0.0, 0.0),
        ("500", [], 0.0, 0.0),
    ],
)
def test_exact_match_and_f1(short: str | None, golds: list[str], match: float, f1: float) -> None:
    assert exact(short, golds) == match
    assert token_f1(short, golds) == pytest.approx(f1)


def test_verdicts_are_told_from_answers() -> None:
    assert is_yes_no(["TRUE"])
    assert is_yes_no(["Yes.", "true"])
    assert not is_yes_no(["Yes Minister"])
    assert not is_yes_no([])


def test_a_mean_and_its_interval() -> None:
    found = figure(mean(*([1.0] * 60 + [0.0] * 40)))
    assert found is not None
    assert found.value == 0.6
    assert found.questions == 100
    # The normal approximation: 0.6 +- 1.96 sqrt(0.6 * 0.4 / 100).
    assert found.low == pytest.approx(0.504, abs=0.015)
    assert found.high == pytest.approx(0.696, abs=0.015)


def test_intervals_are_the_same_every_time_and_narrow_with_more_questions() -> None:
    few, many = mean(*[1.0, 0.0] * 20), mean(*[1.0, 0.0] * 2_000)
    assert figure(few) == figure(few)
    first, second = figure(few), figure(many)
    assert first is not None and second is not None
    assert (second.high - second.low) * 8 < first.high - first.low


def test_a_ratio_counts_what_counts() -> None:
    sample = Sample("ratio", {"a": (1.0, 1.0), "b": (0.0, 0.0), "c": (0.0, 1.0)})
    found = figure(sample)
    assert found is not None
    assert (found.value, found.questions) == (0.5, 2)
    assert figure(Sample("ratio", {"a": (0.0, 0.0)})) is None
    assert figure(Sample("ratio", {})) is None


def test_the_surest_share() -> None:
    sample = Sample("most_sure", {n: (float(n >= 8), n / 10) for n in range(10)}, 0.2)
    assert figure(sample).value == 1.0  # type: ignore[union-attr]
    sample = Sample("most_sure", {n: (float(n >= 8), n / 10) for n in range(10)}, 0.5)
    assert figure(sample).value == pytest.approx(0.4)  # type: ignore[union-attr]


@pytest.mark.parametrize("order", [range(10), range(9, -1, -1)])
def test_equally_sure_answers_count_alike_in_any_order(order: range) -> None:
    """Two sure and right ones, then eight that are equally unsure, four of them right: half is 2 + 3 of 8."""
    sample = Sample("most_sure", {n: (float(n < 6), 0.9 if n < 2 else 0.0) for n in order}, 0.5)
    assert figure(sample).value == pytest.approx((2 + 3 * 4 / 8) / 5)  # type: ignore[union-attr]


def test_quantiles() -> None:
    times = {n: (float(n), 1.0) for n in range(101)}
    assert figure(Sample("quantile", times, 0.5)).value == 50  # type: ignore[union-attr]
    late = figure(Sample("quantile", times, 0.95))
    assert late is not None
    assert late.value == 95
    assert late.low < 95 <= late.high <= 100


def test_a_paired_difference_is_sharper_than_two_runs_apart() -> None:
    """Nine hard questions in ten; the new run gets every question that the old one got, and one in ten more."""
    old = Sample("ratio", {n: (float(n % 2 == 0), 1.0) for n in range(200)})
    new = Sample("ratio", {n: (float(n % 2 == 0 or n % 20 == 1), 1.0) for n in range(200)})
    paired = difference(old, new)
    apart = difference(old, Sample("ratio", {f"other {n}": pair for n, pair in new.pairs.items()}))
    assert paired is not None and apart is not None
    assert paired.paired and not apart.paired
    assert paired.difference == apart.difference == pytest.approx(0.05)
    assert 0 < paired.low < 0.05 < paired.high
    assert apart.low < 0 < apart.high
    # Independent proportions: sqrt(2 * 0.25 / 200) * 1.96 to each side.
    assert apart.high - apart.low == pytest.approx(2 * 1.96 * math.sqrt(2 * 0.25 / 200), rel=0.1)


def test_only_questions_that_both_runs_have_are_compared() -> None:
    found = difference(mean(1.0, 1.0, 0.0), mean(0.0, 1.0))
    assert found is not None
    assert (found.old, found.new, found.questions) == (1.0, 0.5, 2)


def test_the_curve_of_precision_against_coverage() -> None:
    assert precision_curve([(0.2, False), (0.9, True), (0.5, True), (0.5, False)]) == [
        (0.25, 1.0), (0.75, pytest.approx(2 / 3)), (1.0, 0.5),
    ]  # fmt: skip
    assert precision_curve([]) == []
