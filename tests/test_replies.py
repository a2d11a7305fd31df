"""Scripted replies in the forms that models write: what is shown is cited, quoted and sound, what goes has a reason.

They are examples of form - marks, markup, streaming, refusals; how much the check catches is measured elsewhere.
"""

from __future__ import annotations

import pytest

from tests.bench.bench_checking import FILES, checked, is_sound, replies


@pytest.mark.parametrize("file", FILES)
def test_every_citation_resolves_and_every_quote_is_verbatim(file: str) -> None:
    results = [checked(reply) for reply in replies(file)]
    assert len(results) > 5
    assert [result.draft.text for result in results if not is_sound(result)] == []
    for result in results:
        assert all(removed.reason for removed in result.draft.removed)
        assert result.draft.text or result.draft.removed


KINDS = {"invented quotation", "quotation altered", "wrong name", "machine"}
FORMS = {"marker shape", "refusal", "lead-in", "quotation", "number words", "units", "dates"}


def test_what_code_proves_and_what_it_disproves() -> None:
    """Of each form a right sentence is shown somewhere, and of each kind that code disproves a bad one goes."""
    shown: set[str] = set()
    gone: set[str] = set()
    for reply in (reply for file in FILES for reply in replies(file)):
        result = checked(reply)
        for sentence in reply["sentences"]:
            words = sentence["text"].split("[")[0].strip(" .")
            if sentence["good"] and words in result.answer.text:
                shown.add(sentence["kind"])
            elif not sentence["good"] and any(words in each.text for each in result.draft.removed):
                gone.add(sentence["kind"])
    assert shown >= FORMS
    assert gone >= KINDS
