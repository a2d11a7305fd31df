"""Candidates for short answers are verbatim, and of the kind asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.retrieval.question_kind import AnswerKind
from bot.retrieval.spans import LOOSE_DAY, is_change, spans


def texts(kind: AnswerKind, sentence: str, focus: str = "", least: float = 0.5) -> list[str]:
    return [candidate.text for candidate in spans(kind, sentence, focus) if candidate.fit >= least]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("They train with its roughly 500 personnel in Iraq.", ["roughly 500"]),
        ("It could include as many as 200 soldiers.", ["as many as 200"]),
        ("Some 1.5 million people and about 4,000 police.", ["Some 1.5 million", "about 4,000"]),
        ("Up to two dozen lorries.", ["Up to two dozen"]),
        ("It involves several hundred personnel.", ["several hundred"]),
        ("The tower is 93 metres tall.", ["93 metres"]),
        ("A 101-year-old man.", ["101"]),
        ("It grows from around 500 personnel to about 4,000.", ["about 4,000"]),
        ("On 3 May 2020 it sold 5% for $4 million in the 25th week.", []),
    ],
)
def test_numbers_with_hedge_and_unit(sentence: str, expected: list[str]) -> None:
    assert texts(AnswerKind.NUMBER, sentence) == expected


@pytest.mark.parametrize(
    ("kind", "sentence", "expected"),
    [
        (
            AnswerKind.PERCENTAGE,
            "About 5% or 3.5 percent, not six per cent.",
            ["About 5%", "3.5 percent", "six per cent"],
        ),
        (
            AnswerKind.MONEY,
            "They paid $1.02 billion, £1.5bn and 5 million euros.",
            ["$1.02 billion", "£1.5bn", "5 million euros"],
        ),
        (
            AnswerKind.MONEY,
            "It costs 4.1 million crowns a year, 300 Swiss francs or USD 330, where 3.4 million had been expected.",
            ["4.1 million crowns", "300 Swiss francs", "USD 330", "3.4 million"],
        ),
        (AnswerKind.NUMBER, "They paid 4 million zloty for 12 trams.", ["12"]),
        (AnswerKind.DATE, "From 12 February 2020 to Feb. 3, and since 1952.", ["12 February 2020", "Feb. 3", "1952"]),
        (AnswerKind.DURATION, "After nine months and about 27 years.", ["nine months", "about 27 years"]),
    ],
)
def test_amounts(kind: AnswerKind, sentence: str, expected: list[str]) -> None:
    assert texts(kind, sentence) == expected


def test_what_is_measured_needs_its_unit() -> None:
    sentence = "The lake is 20 metres deep, and 37 cars were found in it after 20 years."
    assert texts(AnswerKind.NUMBER, sentence, "deep") == ["20 metres"]
    assert texts(AnswerKind.NUMBER, "Divers found 37 cars in the deep lake.", "deep") == []


def test_the_old_amount_of_a_change_fits_less() -> None:
    sentence = "The rate falls from a record 4.00% to 3.75%, and that on loans from minus 0.50% to 0.00%."
    fits = {found.text: found.fit for found in spans(AnswerKind.PERCENTAGE, sentence)}
    assert fits == {"4.00%": 0.3, "3.75%": 1.0, "0.50%": 0.3, "0.00%": 1.0}


def test_what_something_changed_by_is_known() -> None:
    sentence = "It lost 200,000 subscribers in April, after an increase of 30,000, and has 220 million."
    found = spans(AnswerKind.NUMBER, sentence)
    assert [(each.text, is_change(sentence, each)) for each in found] == [
        ("200,000", True),
        ("30,000", True),
        ("220 million", False),
    ]


def test_points_are_a_number_and_percentage_points_a_share() -> None:
    assert texts(AnswerKind.NUMBER, "She scored 30 points, and the rate rose 2 percentage points.") == ["30"]


def test_a_whole_day_fits_better_than_a_year_or_a_weekday_unless_a_year_is_asked() -> None:
    sentence = "In 2020 it opened on Friday, June 24, and closed again on Monday."
    assert {each.text: each.fit for each in spans(AnswerKind.DATE, sentence)} == {
        "2020": LOOSE_DAY, "June 24": 1.0, "Monday": LOOSE_DAY,
    }  # fmt: skip
    assert {each.text: each.fit for each in spans(AnswerKind.DATE, sentence, "year")}["2020"] == 1.0


def test_a_role_is_no_part_of_a_name() -> None:
    sentence = "Billionaire Norva CEO Olga Rask met House Majority Leader Ivo Lund and King Harald."
    assert texts(AnswerKind.PERSON, sentence) == ["Olga Rask", "Ivo Lund", "Harald"]


def test_a_country_can_win_and_its_score_is_no_part_of_a_name() -> None:
    sentence = "Argentina won the cup on Sunday, beating France 4-2."
    assert "Argentina" in texts(AnswerKind.PERSON, sentence)
    assert not any("4" in text for text in texts(AnswerKind.PERSON, sentence))


def test_an_age_is_told_from_other_numbers() -> None:
    sentence = "Some 3 of its 40 members met; Anna Smith, aged 71, and John Doe, 65, came in a 12-year-old car."
    assert texts(AnswerKind.NUMBER, sentence, "age") == ["71", "65", "12"]


def test_the_age_at_which_somebody_died_is_one() -> None:
    assert texts(AnswerKind.NUMBER, "Anna Smith dies at 96: her life in 40 pictures", "age") == ["96"]


def test_the_day_behind_a_name_is_no_part_of_it() -> None:
    sentence = "Olga Rask Wednesday came back from Texas Thursday night."
    assert texts(AnswerKind.PERSON, sentence)[0] == "Olga Rask"
    assert "Texas" in texts(AnswerKind.PLACE, sentence)


def test_how_long_something_is_stands_before_long() -> None:
    found = spans(AnswerKind.NUMBER, "It took six years to build, is 2.3 kilometres long and has 40 lamps.", "long")
    assert max(found, key=lambda candidate: candidate.fit).text == "2.3 kilometres"


def test_a_count_is_no_span_of_time() -> None:
    sentence = "Six days after 18:30 there were 369 ships."
    assert texts(AnswerKind.NUMBER, sentence, "ships") == ["369"]
    assert texts(AnswerKind.NUMBER, sentence, "days") == ["Six days", "369"]


def test_a_credit_is_no_person_and_a_button_no_part_of_a_name() -> None:
    sentence = "Ola Brandt/Visum/Redux The head of the ferry line Olga Rask Prev Next looks on."
    assert texts(AnswerKind.PERSON, sentence) == ["Olga Rask"]


def test_persons_lose_their_titles() -> None:
    sentence = "US ambassador to NATO Anna Maria Smith met President John Doe's aide Jane Roe in Berlin."
    assert texts(AnswerKind.PERSON, sentence) == ["Anna Maria Smith", "John Doe", "Jane Roe"]


def test_a_place_of_the_wanted_sort_fits_best() -> None:
    found = spans(AnswerKind.PLACE, "He flew from Paris to Texas and then to Ghana.", "country")
    assert max(found, key=lambda candidate: candidate.fit).text == "Ghana"
    found = spans(AnswerKind.PLACE, "He flew from Paris to Texas and then to Ghana.", "state")
    assert max(found, key=lambda candidate: candidate.fit).text == "Texas"


def test_organisations() -> None:
    assert texts(AnswerKind.ORGANISATION, "Blue Sky Airlines and NATO agreed in Spain.") == [
        "Blue Sky Airlines",
        "NATO",
    ]
    assert texts(AnswerKind.ORGANISATION, "Blue Sky Airlines has a new CEO.") == ["Blue Sky Airlines"]


def test_quoted_titles() -> None:
    assert "The Long Road" in texts(AnswerKind.OTHER, "The prize went to “The Long Road,” a drama.")


def test_datelines_and_agencies_are_no_answer() -> None:
    assert texts(AnswerKind.ORGANISATION, "LONDON (Reuters) – The Bank of Ruritania raised rates.") == [
        "Bank of Ruritania"
    ]


@pytest.mark.parametrize("kind", [AnswerKind.YES_NO, AnswerKind.REASON])
def test_kinds_without_a_span(kind: AnswerKind) -> None:
    assert spans(kind, "Because John Doe paid $5 on 3 May 2020.") == []


@given(
    sentence=st.text(alphabet="Aab 1,.5%$£’'“”-–\nétheinofNATO2020million", max_size=120),
    kind=st.sampled_from(AnswerKind),
)
def test_candidates_are_verbatim(sentence: str, kind: AnswerKind) -> None:
    for candidate in spans(kind, sentence):
        assert sentence[candidate.start : candidate.end] == candidate.text != ""
        assert 0 <= candidate.fit <= 1
