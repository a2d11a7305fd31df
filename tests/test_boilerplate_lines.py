"""Lines of news pages that are no part of the article, and sentences that look like them and are."""

from __future__ import annotations

import re

import pytest

from ingest.read.boilerplate_lines import (
    agency_credits,
    is_article_end,
    is_boilerplate,
    is_box_heading,
    is_caption,
    is_credit,
    rows,
)

WORDS = {"label", "agency", "section", "no section", "newspaper", "the newspaper", "dated newspaper", "no newspaper"}
JUDGED_BY = {
    "starts": is_boilerplate, "within": is_boilerplate, "label": is_boilerplate,
    "box": is_box_heading, "comments": is_article_end, "credit": is_credit, "caption": is_caption,
    "caption end": is_caption, "caption side": is_caption,
}  # fmt: skip


@pytest.mark.parametrize(("kind", "chars", "pattern", "example"), rows(), ids=[row[3][:40] for row in rows()])
def test_every_row_has_an_example_that_it_finds(kind: str, chars: int, pattern: str, example: str) -> None:
    if kind in WORDS:
        assert example in pattern.split(" | ")
        assert all(re.sub(r"\W+$", "", word) == word.strip(":.") for word in pattern.split(" | "))
    else:
        found = re.compile(pattern, re.IGNORECASE).search(example)
        assert found
        assert kind != "starts" or found.start() == 0
    assert not chars or len(example) <= chars
    if kind in JUDGED_BY:
        assert JUDGED_BY[kind](example)


def test_no_row_stands_twice() -> None:
    assert len({(kind, pattern) for kind, _, pattern, _ in rows()}) == len(rows())


@pytest.mark.parametrize(
    "sentence",
    [
        "The ferry to three northern islands has been suspended until Friday after a storm, the operator said.",
        "More than 900 people live on the islands, which depend on the boat for food.",
        "Read my lips, the minister said, and left.",
        "Follow that line to the north and you reach the pier.",
        "Photo editors at three papers went on strike on Monday, their union said.",
        "By providing weapons to the islands, the government broke its own law, a court said.",
        "The company said its privacy policy and its cookies would change after regulators complained.",
        "Most of the viewers had left by then.",
        "Video of the crash was shared thousands of times before it was taken down.",
        "Sources in the ministry told this newspaper that the plan was dead.",
        "Related companies are taxed as one, the court found.",
        "We found nothing, the diver said.",
    ],
)
def test_sentences_stay(sentence: str) -> None:
    assert not is_boilerplate(sentence)
    assert not is_box_heading(sentence)
    assert not is_caption(sentence)
    assert not agency_credits(sentence)


def test_agencies_sign() -> None:
    assert agency_credits("kmm/rc (dpa, AP, AFP)") == ("dpa", "AP", "AFP")
    assert agency_credits("mmu/Reuters/dpa") == ("Reuters", "dpa")
    assert agency_credits("Source: AP, AFP") == ("AP", "AFP")
    assert agency_credits("Reuters") == ()
    assert agency_credits("Jane Doe, John Roe") == ()
