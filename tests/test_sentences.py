"""Sentences: where news texts are cut, and that nothing is lost on the way."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.text.sentences import BLOCK_CHARS_MAX, sentences


def cut(text: str) -> list[str]:
    return [text[span.start : span.end] for span in sentences(text)]


@pytest.mark.parametrize(
    "expected",
    [
        ["It rained.", "It poured!", "Did it stop?", "No."],
        ["“Why? Because!” he asked.", "She left."],
        ['"Who is there?" asked Tom.', "Nobody answered."],
        ["“It is over.”", "He sat down."],
        ["He said it was “a mess.”", "Then he left."],
        ["“We went up.", "We came down,” she said."],
        ["“Really?” Smith tweeted.", "“Yes.”"],
        ["Yahoo! Finance reported it first.", "Panic! at the Disco played."],
        ["U.S. Sen. Ada Cole met Rep. Jim Holt and Lt. Gov. Mo Day.", "They agreed."],
        ["Democratic Reps. Ann Lee and Bo Dunn voted no."],
        ["Lyft Inc. said so.", "Shares of Acme Corp. fell."],
        ["It moved to the U.S. The owners stayed."],
        ["The show starts at 10 a.m. ET on Friday.", "It ends at 5 p.m. The doors close later."],
        ["She is No. 2 in the world.", "He came on Jan. 6 and left."],
        ["George W. Bush and J. K. Holm spoke.", "John F. Dole did not."],
        ["Take vitamin C. The body needs it."],
        ["WASHINGTON (AP) — Nothing moved.", "(CNN) Police said so."],
        ["Wait ... what?", "He paused ... and went on."],
        ["Visit example.com or www.Example.Org/Page for more.", "Write to a.b@Example.Com today."],
        ["The index rose 1.5 percent to 3.141 points.", "Oil cost $80.25."],
        ["“R.O.C.K. in the U.S.A.” is a song.", "It is old."],
        ["The dog (a beagle, e.g. Rex) barked."],
        ["1. The first rule is simple.", "2. So is the second."],
        ["The lake freezes within a month. Boats are stored by then."],
        ["Die Fähre fährt ab dem 2. März wieder.", "Am 12. April ist Wahl.", "Es kamen 12.", "Sie gingen bald."],
        ["Nachts, 17. Dezember 2024, brannte es.", "Es begann am 3. August um vier Uhr."],
        ["There were 12.", "August was dry, and he came 2.", "March was not.", "I am 12.", "April is my friend."],
    ],
)
def test_news_sentences(expected: list[str]) -> None:
    text = " ".join(expected)
    # A case in one string that holds two sentences says where the cut must be found.
    wanted = [part for sentence in expected for part in _KNOWN.get(sentence, [sentence])]
    assert cut(text) == wanted


_KNOWN = {
    "It moved to the U.S. The owners stayed.": ["It moved to the U.S.", "The owners stayed."],
    "It ends at 5 p.m. The doors close later.": ["It ends at 5 p.m.", "The doors close later."],
    "Take vitamin C. The body needs it.": ["Take vitamin C.", "The body needs it."],
    "The lake freezes within a month. Boats are stored by then.": [
        "The lake freezes within a month.",
        "Boats are stored by then.",
    ],
}


def test_missing_space_after_the_full_stop() -> None:
    assert cut("Nobody was hurt, he said.The road is open. It cost 2020.The end came.") == [
        "Nobody was hurt, he said.",
        "The road is open.",
        "It cost 2020.",
        "The end came.",
    ]


def test_bullets_inside_a_paragraph() -> None:
    assert cut("In brief: ►Rain is coming ►Roads are closed. Stay in.") == [
        "In brief:",
        "►Rain is coming",
        "►Roads are closed.",
        "Stay in.",
    ]


def test_a_paragraph_break_ends_a_sentence_and_a_crosshead_is_one() -> None:
    assert cut("A headline without a stop\n\nThe text begins here\n\n\nand goes on.") == [
        "A headline without a stop",
        "The text begins here",
        "and goes on.",
    ]


def test_wrapped_lines_are_joined_and_list_items_are_not() -> None:
    wrapped = (
        "The council voted on Tuesday to close the old bridge\n"
        "over the river, which engineers had called unsafe\nfor years. It will be torn down."
    )
    assert cut(wrapped) == [wrapped[: wrapped.index(" It")], "It will be torn down."]
    assert cut("Two eggs\nA cup of flour\n- Some milk\n2) Salt") == [
        "Two eggs",
        "A cup of flour",
        "- Some milk",
        "2) Salt",
    ]


def test_windows_line_ends_and_other_spaces() -> None:
    assert cut("One is here.\r\n\r\nTwo is\u00a0here.\u2003Three is not. ") == [
        "One is here.",
        "Two is\u00a0here.",
        "Three is not.",
    ]


def test_empty_texts_have_no_sentences() -> None:
    assert cut("") == cut(" \n\n \t") == []


def test_a_very_long_line_is_cut_at_white_space() -> None:
    text = "word " * (BLOCK_CHARS_MAX // 2)
    spans = sentences(text)
    assert all(span.end - span.start <= BLOCK_CHARS_MAX for span in spans)
    assert [c for span in spans for c in text[span.start : span.end].split()] == text.split()


PIECES = st.sampled_from([
    "The dog", " barked", ".", "!", "?", "…", " ", "\n", "\n\n", "\r\n", "“", "”", '"', "'", "(", ")", "U.S.", " No. 2",
    "►", "• ", "a.m.", "Mr. ", "1. ", "said.The end ", "www.A.Com", "\u00a0", "\u2028", "é", "\ud800", "\x00",
    "J. ", " he asked",
])  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=200))
def test_no_character_is_lost_and_no_span_is_ragged(text: str) -> None:
    spans = sentences(text)
    end = 0
    for span in spans:
        assert text[end : span.start].strip() == ""
        words = text[span.start : span.end]
        assert words and words == words.strip()
        assert "\n\n" not in words
        end = span.end
    assert text[end:].strip() == ""
    assert sentences(text) == spans


def test_importing_the_module_does_not_load_the_model() -> None:
    code = "import sys, bot.text.sentences; sys.exit('nupunkt' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
