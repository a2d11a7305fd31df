"""Which days speak for an article, and how new it is for a question."""

from __future__ import annotations

from datetime import date, timedelta

from bot.retrieval.freshness import AGE_DAYS, is_likely_day, is_old, newness
from bot.retrieval.question import Understood, understand
from bot.schema import Question

ASKED = date(2024, 6, 30)


def asked(text: str) -> Understood:
    return understand(Question(text, as_of=ASKED), ASKED)


def test_news_of_the_days_before_a_question_is_likely() -> None:
    question = asked("Who won the cup?")
    days = [ASKED + timedelta(days=days) for days in (-11, -10, 0, 3, 4)]
    assert [is_likely_day(question, day) for day in days] == [False, True, True, True, False]
    assert not is_likely_day(question, None)


def test_days_that_a_question_names_are_likely_instead() -> None:
    question = asked("What was decided at the summit in March 2021?")
    assert is_likely_day(question, date(2021, 3, 10))
    assert not is_likely_day(question, ASKED)


def test_newer_is_newer_at_any_age() -> None:
    question = asked("Who won the cup?")
    ages = [0, 1, 30, AGE_DAYS, 400, 4_000]
    found = [newness(question, ASKED - timedelta(days=age)) for age in ages]
    assert found == sorted(found, reverse=True)
    assert (found[0], found[3]) == (1.0, 0.5)
    assert len(set(found)) == len(found)
    assert newness(question, ASKED + timedelta(days=2)) == 1.0
    assert newness(question, None) == 0.0


def test_newness_counts_from_the_end_of_the_days_named() -> None:
    question = asked("What was decided at the summit in March 2021?")
    assert question.likely is not None
    assert question.likely[1] is not None
    assert newness(question, question.likely[1]) == 1.0


def test_more_than_a_year_is_old() -> None:
    question = asked("Who won the cup?")
    assert is_old(question, ASKED - timedelta(days=366))
    assert not is_old(question, ASKED - timedelta(days=365))
    assert not is_old(question, None)
