"""Characters that nobody sees go; what reads the same folds to the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.text.unicode import alphanumeric, folded, folded_text, visible, without_accents


def test_what_nobody_sees_goes() -> None:
    assert visible("a\u200bb\u202ec\x00d\r\ne\U000e0041f") == "abcd\nef"
    assert visible("می\u200cخواهم") == "می\u200cخواهم", "joiners stay where a script needs them"


def test_words_fold() -> None:
    assert folded("Erdoğan’s") == "erdogan"
    assert folded("Łódź") == "lodz"
    assert without_accents("＠ｅｖｅｒｙｏｎｅ") == "@everyone"


def test_what_compares_loosely_keeps_letters_and_digits() -> None:
    assert alphanumeric("  The “Squid-Game”, 2.5%! ") == "the squid game 2 5"


def test_quotations_fold() -> None:
    assert folded_text("“We  go\nstep–by–step”") == '"we go step-by-step"'


@given(st.text(max_size=200))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert visible(visible(text)) == visible(text)
    assert folded_text(folded_text(text)) == folded_text(text)
