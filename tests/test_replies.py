"""Three hundred and sixty scripted replies through the check: what it catches and keeps, held at what it reaches.

Knows nothing about single rules; `python -m tests.bench.bench_checking` prints the same by kind.
"""

from __future__ import annotations

from functools import cache

import pytest

from tests.bench.bench_checking import Checked, checked, is_sound, rates, replies


@cache
def results(file: str) -> tuple[Checked, ...]:
    return tuple(checked(reply) for reply in replies(file))


@pytest.mark.parametrize("file", ["tuned", "held"])
def test_every_citation_resolves_and_every_quote_is_verbatim(file: str) -> None:
    unsound = [result.draft.text for result in results(file) if not is_sound(result)]
    assert unsound == []


@pytest.mark.parametrize(
    ("file", "caught_least", "removed_most"),
    [("tuned", 0.98, 0.02), ("held", 0.87, 0.07)],  # held: sentences that no rule was made for
)
def test_bad_sentences_are_caught_and_right_ones_stay(file: str, caught_least: float, removed_most: float) -> None:
    caught, removed = rates([verdict for result in results(file) for verdict in result.verdicts])
    assert caught >= caught_least
    assert removed <= removed_most


def test_the_replies_are_many_and_of_every_kind() -> None:
    rows = [reply for file in ("tuned", "held") for reply in replies(file)]
    assert len(rows) >= 260
    kinds = {(sentence["good"], sentence["kind"]) for row in rows for sentence in row["sentences"]}
    bad = {
        "wrong number", "swapped sources", "swapped citation", "swapped figures", "swapped roles", "invented citation",
        "invented quotation", "quotation altered", "unsupported", "half-supported", "negation", "rounded",
        "reordered", "wrong date", "wrong name", "wrong unit", "wrong bound", "mixed years", "number words", "not yet",
        "superlative", "opposite", "uncited", "bound dropped", "machine",
    }  # fmt: skip
    good = {
        "right",
        "paraphrase",
        "number words",
        "units",
        "dates",
        "hedged",
        "two sources",
        "negation right",
        "refusal",
    }
    assert {(False, kind) for kind in bad} | {(True, kind) for kind in good} <= kinds


def test_what_is_removed_is_told_with_its_reason() -> None:
    for result in results("tuned"):
        for verdict in result.verdicts:
            if not verdict.is_kept and verdict.kind not in ("lead-in", "heading"):
                told = result.draft.removed or not result.answer.answered
                assert told, verdict
