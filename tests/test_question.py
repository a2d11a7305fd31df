"""What is understood of a question: kind, words, days, sources, literals; follow-ups made whole."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.retrieval.question import Understood, make_whole, understand
from bot.retrieval.question_dates import date_phrases
from bot.retrieval.question_kind import AnswerKind
from bot.schema import Question
from bot.text.words import WordFinder, stem, words

TODAY = date(2022, 7, 14)  # a Thursday
OUTLETS = ("DW", "Reuters", "The Independent", "Time")


def asked(text: str, **limits: object) -> Understood:
    return understand(Question(text, **limits), TODAY, OUTLETS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "kind", "focus"),
    [
        ("How many NATO personnel are in Iraq?", AnswerKind.NUMBER, "personnel"),
        ("What percentage of voters stayed at home?", AnswerKind.PERCENTAGE, "percentage"),
        ("How much did the telescope cost?", AnswerKind.MONEY, "cost"),
        ("How much more energy does it use?", AnswerKind.NUMBER, "energy"),
        ("How much ammonium nitrate exploded?", AnswerKind.NUMBER, "nitrate"),
        ("What did the probe cost?", AnswerKind.MONEY, ""),
        ("How much aid has the council sent?", AnswerKind.MONEY, "aid"),
        ("By how much did the probe shorten its orbit?", AnswerKind.NUMBER, ""),
        ("How deep is the lake?", AnswerKind.NUMBER, "deep"),
        ("How heavy was the pumpkin that won?", AnswerKind.NUMBER, "heavy"),
        ("How high did the mayor put the damage?", AnswerKind.MONEY, ""),
        ("What was the value of the goods held up each day by the closure?", AnswerKind.MONEY, "value"),
        ("What is the range of the federal funds rate?", AnswerKind.PERCENTAGE, "rate"),
        ("How effective was the vaccine?", AnswerKind.PERCENTAGE, ""),
        ("Who owns the ship?", AnswerKind.ORGANISATION, ""),
        ("How long is the border?", AnswerKind.NUMBER, "long"),
        ("When did the talks begin?", AnswerKind.DATE, ""),
        ("What year did the browser appear?", AnswerKind.DATE, "year"),
        ("How long was she detained?", AnswerKind.DURATION, ""),
        ("Who is the US ambassador to NATO?", AnswerKind.PERSON, ""),
        ("Which 23-time grand slam champion will retire?", AnswerKind.PERSON, "champion"),
        ("Where was the rocket headed?", AnswerKind.PLACE, ""),
        ("In which state was the ticket bought?", AnswerKind.PLACE, "state"),
        ("She won the vote to become which country’s leader?", AnswerKind.PLACE, "country"),
        ("Which airline cancelled the most flights?", AnswerKind.ORGANISATION, "airline"),
        ("Did Spain win the final?", AnswerKind.YES_NO, ""),
        ("What is burden-sharing?", AnswerKind.DEFINITION, ""),
        ("Who is Olga Rask-Lund?", AnswerKind.DEFINITION, ""),
        ("Who's Olga Rask?", AnswerKind.DEFINITION, ""),
        ("Who is Norvale Bank CEO?", AnswerKind.PERSON, ""),
        ("Who is Olga Rask’s brother?", AnswerKind.PERSON, ""),
        ("Which two countries joined the alliance?", AnswerKind.LIST, "country"),
        ("Why were the cars recalled?", AnswerKind.REASON, ""),
        ("What did the ambassador say?", AnswerKind.OTHER, ""),
        ("A man was convicted in Berlin. How old is he?", AnswerKind.NUMBER, "age"),
        ("This former senator died on Sunday.", AnswerKind.PERSON, "senator"),
    ],
)
def test_kind_of_answer(text: str, kind: AnswerKind, focus: str) -> None:
    understood = asked(text)
    assert understood.kind is kind
    if focus:
        assert understood.focus.rstrip("s") in (focus, focus.rstrip("s"), "countrie")


def test_filler_is_not_searched_for() -> None:
    assert asked("Hey, can you tell me how many NATO personnel are in Iraq?").search_text == "NATO personnel Iraq"


@pytest.mark.parametrize(
    ("text", "searched"),
    [
        ("Who is the US president?", "US president"),
        ("Who is the U.S. president?", "US president"),
        ("Who is the president of the USA?", "president US"),
        ("How many US troops are in Europe?", "troops Europe"),
        ("Who is the president who warned us?", "president warned"),
    ],
)
def test_the_country_is_searched_for_where_its_office_is_asked_for(text: str, searched: str) -> None:
    """Else most news is about it; and "us" is no country."""
    assert asked(text).search_text == searched


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
    understood = asked(text)
    assert (understood.after, understood.before) == (after, before)


def test_days_count_from_the_day_of_asking() -> None:
    assert asked("What happened yesterday?", as_of=date(2020, 2, 13)).after == date(2020, 2, 12)


def test_own_limits_win_over_the_wording() -> None:
    assert asked("What happened since 2021?", after=date(2022, 1, 1)).after == date(2022, 1, 1)


def test_a_day_that_sets_the_scene_is_evidence_alone() -> None:
    understood = asked("Borders were sealed in March 2020. Who reopened them?")
    assert understood.after is None
    assert understood.likely == (date(2020, 3, 1), date(2020, 5, 1))


def test_a_year_is_evidence_and_required() -> None:
    understood = asked("Who won the 2018 world cup?")
    assert understood.years == ("2018",)
    assert understood.likely is not None
    assert understood.likely[0] == date(2018, 1, 1)


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
    ("question", "numbered"),
    [
        ("When does line 9 open?", (("line", "9"),)),
        ("When will Chandrayaan-4 be launched?", (("Chandrayaan", "4"),)),
        ("What does Article 5 of the treaty say?", (("Article", "5"),)),
        ("Who hit three home runs in Game 4?", (("Game", "4"),)),
        ("How many of the top 10 are women?", ()),
        ("What happened on March 5 in Kyiv?", ()),
        ("Did Germany send 100 million euros, or Ukraine 50 percent?", ()),
        ("Who led 12 people to Paris 20 years ago?", ()),
    ],
)
def test_things_told_apart_by_a_number(question: str, numbered: tuple[tuple[str, str], ...]) -> None:
    assert asked(question).numbered == numbered


def test_literals() -> None:
    understood = asked("Who said “functions not figures” of 3,518 soldiers and Covid-19 in 2020?")
    assert understood.phrases == ("functions not figures",)
    assert understood.numbers == ("3,518",)
    assert understood.years == ("2020",)


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
        (["Who leads the United Kingdom?"], "When did he take office?", "When did he take office?"),
        (["how many NATO personnel are in Iraq?"], "why are they there?", "why are they there?"),
        (
            ["how many NATO personnel are in Iraq?"],
            "Who won the election in France?",
            "Who won the election in France?",
        ),
        ([], "and in Syria?", "and in Syria?"),
    ],
)
def test_follow_ups(history: list[str], question: str, whole: str) -> None:
    assert make_whole(question, history) == whole


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


@pytest.mark.parametrize(
    "text",
    [
        "Forty-one Kelmouth residents’ homes were flooded; 1,200 people, among them children, left by 3.30 p.m.",
        "The U.S. won in 2022. Winners' medals cost $4.5 million, the Élysée said: “We’ve paid.” İstanbul paid too.",
        "O'Brien and D’Arcy beat Brazil 2-1; the city's cities, countries and nations: deaths, dying, died.",
        "",
    ],
)
def test_a_finder_finds_what_taking_all_words_apart_finds(text: str) -> None:
    everything = words(text)
    for wanted in [{word.stem for word in everything}, {"die", "country", "win", "1200"}, {"the", "in", "a"}, set()]:
        assert WordFinder(wanted)(text) == [word for word in everything if word.stem in wanted]


@given(
    st.text(st.sampled_from("aAbes19.,'’ -\nÉ"), max_size=40), st.sets(st.sampled_from(["a", "be", "1", "19", "eab"]))
)
def test_a_finder_agrees_on_any_text(text: str, wanted: set[str]) -> None:
    """But for an apostrophe behind the second letter, which it does not look past."""
    expected = [word for word in words(text) if word.stem in wanted and word.text[2:3] not in ("'", "’")]
    assert [word for word in WordFinder(wanted)(text) if word.text[2:3] not in ("'", "’")] == expected
