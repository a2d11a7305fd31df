"""Wire copies: the same text elsewhere is one; the same event, template or quotation is none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.copies import BANDS, band_keys, is_copy

PAIRS: list[dict[str, Any]] = [
    json.loads(line) for line in (Path(__file__).parent / "pairs" / "pairs.jsonl").read_text("utf-8").splitlines()
]
STORY = PAIRS[0]["a"]


def linked(a: str, b: str, same_outlet: bool = False) -> bool:
    return not set(band_keys(a)).isdisjoint(band_keys(b)) and is_copy(a, b, same_outlet=same_outlet)


def test_the_labelled_pairs_are_many_of_both_kinds() -> None:
    copies = sum(pair["copy"] for pair in PAIRS)
    assert len(PAIRS) >= 70 and min(copies, len(PAIRS) - copies) >= 30
    assert len({pair["id"] for pair in PAIRS}) == len(PAIRS)


def test_precision_and_recall_on_the_labelled_pairs() -> None:
    verdicts = [(linked(pair["a"], pair["b"], pair["same_outlet"]), pair["copy"]) for pair in PAIRS]
    right = sum(found and copy for found, copy in verdicts)
    assert right / sum(found for found, _ in verdicts) >= 0.95
    assert right / sum(copy for _, copy in verdicts) >= 0.95


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["id"])
def test_the_order_does_not_matter(pair: dict[str, Any]) -> None:
    a, b = pair["a"], pair["b"]
    assert is_copy(a, b, same_outlet=pair["same_outlet"]) == is_copy(b, a, same_outlet=pair["same_outlet"])


def test_case_quotes_spaces_and_spelled_numbers_do_not_matter() -> None:
    plain = "He said: \"It's three o'clock, and 1,200 men are here.\""
    other = "HE SAID:\n\n“It’s 3 o’clock – and 1200 men are here”"
    assert is_copy(plain, other)
    assert band_keys(plain) == band_keys(other)


def test_a_changed_figure_is_news() -> None:
    assert is_copy(STORY, STORY.replace("The route carries", "The line carries"))
    assert not is_copy(STORY, STORY.replace("214 people", "216 people"))
    assert not is_copy(STORY, STORY.replace("Three people were treated", "Four people were treated"))


def test_one_outlet_that_rewrites_its_story_brings_news() -> None:
    rewritten = STORY.replace("ran aground", "has been freed after it ran aground").replace(
        "will try to tow", "have towed"
    )
    rewritten += (
        "\n\nPassengers cheered on the quay when the ship came in, and a brass band played until late at night."
    )
    assert is_copy(STORY, rewritten)
    assert not is_copy(STORY, rewritten, same_outlet=True)
    assert is_copy(STORY, STORY + " ", same_outlet=True)


def test_an_excerpt_is_no_copy() -> None:
    assert not is_copy(STORY, STORY[: len(STORY) // 4])


def test_very_short_texts_are_copies_only_word_for_word() -> None:
    assert is_copy("The bridge is closed.", "the bridge is closed")
    assert not is_copy("The bridge is closed.", "The bridge is closed today.")
    assert not is_copy("", "")


def test_keys_are_stable() -> None:
    """They are stored: another version must find what this one wrote."""
    assert band_keys("a b c d e f")[0] == 1940608439889073508
    assert band_keys("a b c d e f")[-1] == 1983893190212722433


def test_keys_fit_a_signed_64_bit_column_and_tell_bands_apart() -> None:
    keys = band_keys(STORY)
    assert len(keys) == len(set(keys)) == BANDS
    assert all(0 <= key < 2**63 for key in keys)


def test_texts_without_three_words_have_no_keys() -> None:
    assert band_keys("two words") == band_keys("") == []


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_survived(a: str, b: str) -> None:
    is_copy(a, b)
    assert band_keys(a) == band_keys(a)


def test_importing_the_module_does_not_load_numpy() -> None:
    code = "import sys, ingest.copies; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
