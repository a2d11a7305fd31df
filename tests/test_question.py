"""What a question says of itself: words, days, sources; follow-ups resolved."""

from __future__ import annotations

from datetime import date

import pytest

from bot.retrieval.question import ParsedQuery, parse_query, resolve_followup
from bot.retrieval.question_dates import date_phrases
from bot.schema import Question
from bot.text.words import stem, words

TODAY = date(2022, 7, 14)  # a Thursday
OUTLETS = ("DW", "Reuters", "The Independent", "Time")


def asked(text: str, **limits: object) -> ParsedQuery:
    return parse_query(Question(text, **limits), TODAY, OUTLETS)  # type: ignore[arg-type]


def test_the_words_that_ask_are_not_searched_for() -> None:
    assert asked("How many NATO personnel are in Iraq?").search_text == "NATO personnel Iraq"


def test_a_question_of_stopwords_alone_is_still_searched_for() -> None:
    assert asked("what is it?").search_text == "what is it?"


@pytest.mark.parametrize(
    ("text", "after", "before"),
    [
        ("What has NATO done since 2021?", date(2021, 1, 1), None),
        ("What was said before March 3, 2020?", None, date(2020, 3, 2)),
        ("What was known as of 12 February 2020?", None, date(2020, 2, 12)),
        ("What happened between 2019 and 2020?", date(2019, 1, 1), date(2020, 12, 31)),
        ("How many soldiers were in Iraq in February 2020?", date(2020, 2, 1), None),
        ("What did articles published in February 2020 say?", date(2020, 2, 1), date(2020, 3, 31)),
        ("What happened yesterday?", date(2022, 7, 13), None),
        ("What happened last week?", date(2022, 7, 4), None),
        ("What happened in the last 10 days?", date(2022, 7, 4), None),
        ("Who won in 2019?", None, None),
        ("Who will win the 2031 world cup?", None, None),
        ("What is planned by 2030?", None, None),
        ("What may happen in March?", None, None),
        ("What happened on 31 February 2020?", None, None),
    ],
)
def test_hard_limits(text: str, after: date | None, before: date | None) -> None:
    query = asked(text)
    assert (query.after, query.before) == (after, before)


def test_days_count_from_the_day_of_asking() -> None:
    assert asked("What happened yesterday?", as_of=date(2020, 2, 13)).after == date(2020, 2, 12)


def test_own_limits_win_over_the_wording() -> None:
    assert asked("What happened since 2021?", after=date(2022, 1, 1)).after == date(2022, 1, 1)


def test_a_day_that_sets_the_scene_is_evidence_alone() -> None:
    query = asked("Borders were sealed in March 2020. Who reopened them?")
    assert query.after is None
    assert query.likely == (date(2020, 3, 1), date(2020, 5, 1))


def test_a_year_is_evidence() -> None:
    query = asked("Who won the 2018 world cup?")
    assert query.likely is not None
    assert query.likely[0] == date(2018, 1, 1)


def test_a_month_without_its_year_is_the_last_one() -> None:
    (phrase,) = date_phrases("What happened in September?", TODAY)
    assert (phrase.after, phrase.hard_after) == (date(2021, 9, 1), False)


def test_a_date_that_limits_is_not_searched_for() -> None:
    assert "February" not in asked("How many soldiers were there in February 2020?").search_text


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("How many died, according to Reuters?", ("Reuters",)),
        ("What does DW say about Iraq?", ("DW",)),
        ("What did the Independent report about Iraq?", ("The Independent",)),
        ("How many died, according to NATO?", ()),
        ("What did they do this time about the war?", ()),
        ("How many people work at Reuters?", ()),
    ],
)
def test_sources_are_those_that_the_corpus_knows(text: str, sources: tuple[str, ...]) -> None:
    assert asked(text).sources == sources


def test_a_named_source_is_not_searched_for() -> None:
    assert asked("How many died, according to Reuters?").search_text == "died"


@pytest.mark.parametrize(
    ("history", "question", "whole"),
    [
        (["how many NATO personnel are in Iraq?"], "and in Syria?", "how many NATO personnel are in Syria?"),
        (
            ["how many NATO personnel are in Iraq?", "and in Syria?"],
            "what about Kuwait?",
            "how many NATO personnel are in Kuwait?",
        ),
        (["how many NATO personnel are in Iraq?"], "and in 2021?", "how many NATO personnel are in Iraq in 2021?"),
        (["how many troops were in Iraq in 2020?"], "and last week?", "how many troops were in Iraq last week?"),
        (["Who is Kay Bailey Hutchison?"], "what did she say?", "what did Kay Bailey Hutchison say?"),
        (["Who is Kay Bailey Hutchison?"], "and her age?", "and Kay Bailey Hutchison’s age?"),
        (
            ["Who leads the United Kingdom?"],
            "When did he take office?",
            "Who leads the United Kingdom? When did he take office?",
        ),
        (
            ["How many NATO personnel and US troops are in Iraq?"],
            "why are they there?",
            "How many NATO personnel and US troops are in Iraq? why are they there?",
        ),
        (["Who won the vote in France?"], "and by how much?", "Who won the vote in France? and by how much?"),
        (["Who won the vote in France?"], "why?", "Who won the vote in France? why?"),
        (
            ["how many NATO personnel are in Iraq?"],
            "Who won the election in France?",
            "Who won the election in France?",
        ),
        ([], "and in Syria?", "and in Syria?"),
    ],
)
def test_follow_ups(history: list[str], question: str, whole: str) -> None:
    assert resolve_followup(question, history) == whole


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("elections", "elected"),
        ("died", "death"),
        ("bodies", "body"),
        ("running", "run"),
        ("Iraq's", "Iraq"),
        ("won", "winner"),
        ("Türkiye", "Turkey"),
        ("Bogotá", "Bogota"),
    ],
)
def test_inflections_share_a_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(("one", "other"), [("Iraq", "Iran"), ("2031", "2022"), ("news", "new"), ("united", "union")])
def test_different_words_do_not(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_words_know_their_places() -> None:
    text = "Roughly 4,000 of Iraq’s “personnel”, 3.5% more."
    assert [text[word.start : word.end] for word in words(text)] == [word.text for word in words(text)]
    assert [word.text for word in words(text)] == ["Roughly", "4,000", "of", "Iraq’s", "personnel", "3.5", "more"]
