"""Days read from a text, and counted from the day of publication."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.dates import Partial, agrees, days, month_numbers, resolved
from bot.text.words import tokens


def days_in(text: str) -> list[Partial]:
    return [day.said for day in days(text, tokens(text))]


@pytest.mark.parametrize(
    "text",
    ["12 February 2020", "February 12, 2020", "Feb. 12, 2020", "2020-02-12", "12th of February 2020", "2020/02/12"],
)
def test_forms_of_a_day(text: str) -> None:
    assert days_in(f"On {text} it rained.") == [Partial(2020, 2, 12)]


@pytest.mark.parametrize("text", ["it may rain", "a march of 20 people", "2,020 ships", "the 1980s", "2000 people"])
def test_no_days(text: str) -> None:
    assert days_in(text) == []


PUBLISHED = date(2021, 2, 18)  # a Thursday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on Monday", Partial(2021, 2, 15)),
        ("on Thursday", Partial(2021, 2, 18)),
        ("yesterday", Partial(2021, 2, 17)),
        ("on 30 November", Partial(2020, 11, 30)),
        ("by May 1", Partial(2021, 5, 1)),
        ("last year", Partial(2020)),
        ("two years ago", Partial(2019)),
        ("next month", Partial(2021, 3)),
        ("earlier this week", Partial(2021, 2, 16)),
        ("in October", Partial(2020, 10)),
        ("since last July", Partial(2020, 7)),
        ("in 1999", Partial(1999)),
    ],
)
def test_days_count_from_publication(text: str, expected: Partial) -> None:
    (day,) = days(text, tokens(text))
    assert any(agrees(expected, each) for each in resolved(day, PUBLISHED))


def test_less_said_agrees_and_more_does_not() -> None:
    assert agrees(Partial(2020), Partial(2020, 2, 12))
    assert agrees(Partial(weekday=2), Partial(2020, 2, 12))
    assert not agrees(Partial(2020, 2, 12), Partial(2020))
    assert not agrees(Partial(weekday=3), Partial(2020, 2, 12))


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    for day in days(text, tokens(text)):
        assert text[day.start : day.end] == day.text
        assert resolved(day, PUBLISHED)


def test_months_of_other_languages() -> None:
    names = month_numbers(("en", "de", "fr", "pl"))
    assert (names["marz"], names["fevrier"], names["sierpnia"], names["oct"]) == (3, 2, 8, 10)
