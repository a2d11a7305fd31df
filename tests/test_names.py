"""Names in a text, and which words are one name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.names import are_alike, countries, is_title, names, one_form


def found(text: str, known: frozenset[str] = frozenset()) -> list[str]:
    return [text[name.start : name.end] for name in names(text, (), known)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("On Monday Keir Starmer met Emmanuel Macron in Paris.", ["Keir Starmer", "Emmanuel Macron", "Paris"]),
        ("The minister spoke.", []),
        ("Denmark leads the mission.", ["Denmark"]),
        ("NATO has trainers there.", ["NATO"]),
        ("Officials said that the U.S. would help.", ["U.S."]),
        ("It was Keir Starmer's office that told Reuters.", ["Keir Starmer's", "Reuters"]),
        ("Five thousand people came in July.", []),
    ],
)
def test_names(text: str, expected: list[str]) -> None:
    assert found(text) == expected


def test_a_first_word_is_a_name_where_it_is_one_elsewhere() -> None:
    assert found("Truss received the letter.") == []
    assert found("Truss received the letter.", frozenset({"truss"})) == ["Truss"]


def test_forms_of_one_name() -> None:
    assert one_form("British") == one_form("UK") == one_form("U.K.") == "britain"
    assert one_form("Türkiye’s") == "turkey"
    assert are_alike("hungary", "hungarian")
    assert not are_alike("iran", "iraq")
    assert is_title("President")
    assert {"germany", "south korea", "africa"} <= countries()


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    for name in names(text):
        assert 0 <= name.start < name.end <= len(text)
        assert name.words
