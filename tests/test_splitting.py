"""Long text breaks where nothing breaks: no link, marker or escape is cut, and no word is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.discord_bot.splitting import size, split

LINK = "[a title of some words](https://post.example/2024/05/24/story#:~:text=It%20rose%20by%205%25)"
SENTENCE = "The canal was blocked for six days by a ship [1][2]."


def test_short_text_stays_whole() -> None:
    assert split("One.\n\nTwo.", 100) == ["One.\n\nTwo."]
    assert split("", 100) == [""]


def test_paragraphs_come_before_sentences_before_words() -> None:
    paragraph = " ".join([SENTENCE] * 3)
    assert split(f"{paragraph}\n\n{paragraph}", 200) == [paragraph, paragraph]
    for piece in split(" ".join([SENTENCE] * 20), 200):
        assert piece.endswith("[2].")
    assert split("aaaa bbbb cccc dddd eeee ffff gggg hhhh iiii jjjj kkkk", 40)[0].endswith("hhhh")


@pytest.mark.parametrize("most", range(100, 330, 7))
def test_no_link_and_no_marker_is_cut(most: int) -> None:
    text = " ".join(
        [f"Some words before {LINK} and after [12][345] \\*stars\\* **bold words** <@123456789012345678>"] * 12
    )
    pieces = split(text, most)
    assert all(size(piece) <= most for piece in pieces)
    assert " ".join(pieces).split() == text.split()
    for piece in pieces:
        assert piece.count(LINK) == piece.count("https://"), piece
        assert piece.count("[12][345]") == piece.count("[12]") == piece.count("[345]")
        assert piece.count("**") % 2 == 0
        assert not piece.endswith("\\")


def test_what_has_no_place_to_break_is_cut_between_characters() -> None:
    family = "👩\u200d👧"
    pieces = split(family * 100, 50)
    assert all(size(piece) <= 50 for piece in pieces)
    assert all(piece.replace(family, "") == "" for piece in pieces)
    assert "".join(split("x" * 1000, 64)) == "x" * 1000


def test_limits_are_held_as_discord_counts() -> None:
    assert size("a😀") == 3
    assert all(size(piece) <= 100 for piece in split("😀 " * 300, 100))


@given(
    st.lists(
        st.sampled_from([SENTENCE, LINK, "\n\n", "\n", "word", "[7]", "\\_", "é" * 30, "😀", "- item"]), max_size=80
    ),
    st.integers(120, 400),
)
def test_nothing_is_lost_and_every_piece_fits(parts: list[str], most: int) -> None:
    text = " ".join(parts)
    pieces = split(text, most)
    assert all(size(piece) <= most for piece in pieces)
    assert " ".join(pieces).split() == text.split()
