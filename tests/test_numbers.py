"""Quantities read as values with units, and which of them say the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.numbers import quantities, quantity_at, says_same
from bot.text.words import tokens


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("500 people", 500, ""),
        ("five hundred people", 500, ""),
        ("4,000 people", 4000, ""),
        ("4\u202f000 people", 4000, ""),
        ("two thousand seven hundred and fifty", 2750, ""),
        ("twenty-one", 21, ""),
        ("a hundred and five", 105, ""),
        ("a dozen", 12, ""),
        ("two dozen", 24, ""),
        ("3.5 million", 3.5e6, ""),
        ("two point five million", 2.5e6, ""),
        ("a trillion", 1e12, ""),
        ("340 thousand", 340_000, ""),
        ("half a million", 5e5, ""),
        ("one and a half million", 1.5e6, ""),
        ("5%", 5, "%"),
        ("5 per cent", 5, "%"),
        ("five percent", 5, "%"),
        ("minus 0.50%", -0.5, "%"),
        ("two-thirds of the roof", 200 / 3, "%"),
        ("half of them", 50, "%"),
        ("a fifth less", 20, "%"),
        ("half a percentage point", 0.5, "points"),
        ("a quarter of a point", 0.25, "points"),
        ("three-quarters of a percentage point", 0.75, "points"),
        ("50 basis points", 0.5, "points"),
        ("$1.2 billion", 1.2e9, "$"),
        ("1,200 million dollars", 1.2e9, "$"),
        ("US$5m", 5e6, "$"),
        ("€846m", 8.46e8, "€"),
        ("11 million Swedish kronor", 1.1e7, "krona"),
        ("£50", 50, "£"),
        ("the 400-metre vessel", 400, "m"),
        ("0.4 km", 400, "m"),
        ("3 m", 3, "m"),
        ("30,000 cubic metres", 30_000, "m3"),
        ("three weeks", 1_814_400, "s"),
        ("21 days", 1_814_400, "s"),
        ("55 million light-years", 5.5e7, "light-year"),
        ("31st member", 31, "ordinal"),
        ("thirty-first member", 31, "ordinal"),
        ("fourth country", 4, "ordinal"),
        ("6:31 a.m.", 391, "clock"),
        ("18:04", 1084, "clock"),
        ("11 p.m.", 1380, "clock"),
    ],
)
def test_readings(text: str, value: float, unit: str) -> None:
    (quantity,) = quantities(text)
    assert any(reading.unit == unit and reading.value == pytest.approx(value) for reading in quantity.readings)


@pytest.mark.parametrize(
    "text",
    [
        "COP28",
        "Luna-25",
        "Covid-19",
        "pad 39B",
        "M87",
        "G7 states",
        "no amount",
        "at first",
        "several hundred",
        "Tim O'Hara",
    ],
)
def test_digits_of_names_are_no_amounts(text: str) -> None:
    assert quantities(text) == []


@pytest.mark.parametrize(
    ("said", "held"),
    [
        ("500", "five hundred"),
        ("roughly 500", "500"),
        ("500", "roughly 500"),
        ("about 4,000", "3,970"),
        ("some 370 ships", "369 ships"),
        ("more than 53,000", "53,537"),
        ("nearly 54,000", "53,537"),
        ("at least 500", "500"),
        ("200", "more than 200"),
        ("0.4 km", "400 metres"),
        ("about 30 cm", "12 inches"),
        ("hundreds of people", "450 people"),
        ("more than half", "51.9%"),
        ("about a third of them", "34%"),
        ("75 basis points", "0.75 percentage points"),
        ("90-year-old", "90"),
        ("4-2", "4-2"),
        ("101", "101 degrees"),
        ("4,000", "up to 4,000"),
    ],
)
def test_the_same_amount(said: str, held: str) -> None:
    assert says_same(quantities(said)[0], quantities(held)[0])


@pytest.mark.parametrize(
    ("said", "held"),
    [
        ("4,000", "3,970"),
        ("exactly 400", "369"),
        ("about 400", "369"),
        ("about 60,000", "53,537"),
        ("fewer than 500", "more than 500"),
        ("5%", "5"),
        ("5%", "5 percentage points"),
        ("$5 million", "€5 million"),
        ("$5 million", "$5 billion"),
        ("400 feet", "400 metres"),
        ("39.1 minutes", "39.1 seconds"),
        ("315 feet", "96 metres"),
        ("4-2", "2-4"),
        ("hundreds", "4,500"),
        ("half", "51.9%"),
        ("31st", "32nd"),
    ],
)
def test_not_the_same_amount(said: str, held: str) -> None:
    assert not says_same(quantities(said)[0], quantities(held)[0])


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    for quantity in quantities(text):
        assert text[quantity.start : quantity.end] == quantity.text
        assert quantity.readings


NUMBERLIKE = (
    "a an one two five twenty hundred thousand million and half quarter third tens hundreds 4 3.5 - % per cent percent"
    " point percentage basis $ us dollars km square years old of in out : 30 am p . m light the minus + or so dozen"
)


@pytest.mark.parametrize(
    ("text", "read"), [("half a percentage", "half"), ("half per", "half"), ("a third per", "third")]
)
def test_a_text_may_end_in_the_midst_of_a_number(text: str, read: str) -> None:
    assert [quantity.text for quantity in quantities(text)] == [read]


@given(st.lists(st.sampled_from(NUMBERLIKE.split()), min_size=1, max_size=6).map(" ".join))
def test_a_quantity_ends_within_its_text(text: str) -> None:
    read = tokens(text)
    for at in range(len(read)):
        found = quantity_at(read, at)
        assert found is None or at < found[1] <= len(read)
