"""Answers by quoting: the sentence that answers, its short answer, other values beside it, and refusals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bot.answering.check.gate import check
from bot.answering.quoting import QUOTES_AT_MOST, quote
from bot.retrieval.question import understand
from bot.schema import Answer, Article, Coverage, Hit, Passage, Question

TODAY = date(2024, 6, 1)
NOT_ANSWERED = "No word on that.\nHere are {articles} from {first} to {last}.\nNearest: {nearest}\n"
NO_ARTICLES = "Nothing fits.\nHere are {articles} from {first} to {last}.\n"
COVERAGE = Coverage(24, date(2018, 1, 5), date(2024, 5, 30))
SEED = Path(__file__).resolve().parents[2] / "shared" / "seed" / "dw-nato-iraq-2020-02-12.txt"

LIGHTHOUSE_2019 = Article(
    title="Keepers stay at Cape Wrobel lighthouse",
    text="The lighthouse at Cape Wrobel reopened on Monday. Its staff hope for a quiet winter.\n\n"
    "The harbour office could add as many as 90 keepers under a plan.\n\n"
    "About 40 keepers work at Cape Wrobel today, the office said. “We need every one,” said its head Maria Lindqvist.",
    url="https://coast.example/2019/keepers",
    source="Coast Courier",
    published=date(2019, 3, 4),
    id="a19",
)
LIGHTHOUSE_2023 = Article(
    title="Fewer hands at Cape Wrobel",
    text="Automation has changed the coast. Only 12 keepers work at Cape Wrobel now, the harbour office said.",
    url="https://daily.example/2023/fewer",
    source="Harbour Daily",
    published=date(2023, 9, 30),
    id="a23",
)


def hits(*articles: Article, copies: Sequence[Article] = ()) -> list[Hit]:
    found = [Passage(f"{article.id}:0", article, 0, len(article.text)) for article in articles]
    return [Hit(passage, 1.0 / rank, also_in=tuple(copies)) for rank, passage in enumerate(found, start=1)]


def answered(text: str, found: Sequence[Hit], **more: object) -> Answer:
    understood = understand(Question(text), TODAY, ())
    answer = quote(understood, found, COVERAGE, not_answered=NOT_ANSWERED, no_articles=NO_ARTICLES, **more)  # type: ignore[arg-type]
    assert check(answer) == answer, "a quoting answer passes the gate unchanged"
    return answer


def _news(id_: str, text: str, day: date) -> Article:
    return Article(
        title="", text=text, url=f"https://coast.example/{id_}", source="Coast Courier", published=day, id=id_
    )


def test_who_did_it_and_not_who_might() -> None:
    might = _news("might", "Olga Rask says she may not be able to buy the ferry line.", date(2024, 1, 10))
    did = _news("did", "Olga Rask has bought the ferry line, its owners said.", date(2024, 3, 10))
    answer = answered("Who bought the ferry line?", hits(might, did))
    assert answer.short == "Olga Rask"
    assert answer.citations[0].quote == did.text


def test_of_two_that_say_the_same_the_newer_goes_first() -> None:
    older = _news("older", "Olga Rask is the head of the ferry line.", date(2022, 1, 10))
    newer = _news("newer", "Tove Holm is the head of the ferry line.", date(2023, 5, 10))
    for order in ((older, newer), (newer, older)):
        assert answered("Who is the head of the ferry line?", hits(*order)).short == "Tove Holm"


def test_the_holder_of_an_office_and_not_who_is_named_beside_it() -> None:
    beside = _news("beside", "Ivo Lund met the speaker of the House over the budget on Monday.", date(2024, 3, 2))
    holder = _news("holder", "House Speaker Olga Rask opened the debate on the budget.", date(2024, 3, 1))
    assert answered("Who is the speaker of the House?", hits(beside, holder)).short == "Olga Rask"


def test_the_newer_holder_of_an_office_wins_over_better_words() -> None:
    older = _news("older", "Ivo Lund, the speaker of the House, opened the session.", date(2023, 7, 1))
    older = replace(older, title="Of speakers and houses")
    newer = _news("newer", "House Speaker Olga Rask spoke.", date(2024, 5, 20))
    for order in ((older, newer), (newer, older)):
        answer = answered("Who is the speaker of the House?", hits(*order))
        assert answer.short == "Olga Rask"


def test_the_age_of_whom_it_asks() -> None:
    text = "A 2-year-old shepherd bit a guard of the house. The captain Olga Rask, 61, was not at home."
    article = replace(_news("age", text, date(2024, 3, 2)), title="Dog of Olga Rask bites again")
    assert answered("How old is Olga Rask?", hits(article)).short == "61"


def test_a_caption_under_every_picture_is_quoted_once() -> None:
    caption = "When her father drowned in 1952, Olga Rask was the youngest captain of the ferry line."
    gallery = _news("gallery", f"{caption}\n\nA gale.\n\n{caption}\n\nA calm.", date(2022, 2, 5))
    quotes = [each.quote for each in answered("When did the father of Olga Rask drown?", hits(gallery)).citations]
    assert quotes.count(caption) == 1


def test_what_it_lost_is_not_what_it_has() -> None:
    lost = _news("lost", "The ferry line lost 200,000 passengers in April, it said.", date(2022, 4, 19))
    has = _news("has", "The ferry line has 2.2 million passengers a year.", date(2022, 4, 10))
    answer = answered("How many passengers does the ferry line have?", hits(lost, has))
    assert answer.short == "2.2 million"
    assert answered("How many passengers did the ferry line lose?", hits(lost, has)).short == "200,000"


def test_when_it_was_launched_and_not_when_it_sent_pictures() -> None:
    sent = _news("sent", "The Corvus space telescope will send its first pictures on July 12.", date(2022, 7, 8))
    launched = _news("launched", "The telescope was launched to space on December 25.", date(2022, 2, 11))
    launched = replace(launched, title="Corvus unfolds its mirror")
    answer = answered("When was the Corvus telescope launched?", hits(sent, launched))
    assert answer.short == "December 25"


def test_the_fact_and_not_the_plan() -> None:
    answer = answered("How many keepers work at Cape Wrobel?", hits(LIGHTHOUSE_2019))
    assert answer.short == "About 40"
    assert [citation.quote for citation in answer.citations] == [
        "About 40 keepers work at Cape Wrobel today, the office said."
    ]
    assert (
        answer.text == "Coast Courier, 4 March 2019: “About 40 keepers work at Cape Wrobel today, the office said.” [1]"
    )
    assert answer.as_of == date(2019, 3, 4)
    assert 0 < answer.confidence < 1


def test_the_plan_when_the_plan_is_asked() -> None:
    answer = answered("How many keepers could the harbour office add?", hits(LIGHTHOUSE_2019))
    assert answer.short == "as many as 90"


def test_different_values_stand_side_by_side_newest_first() -> None:
    answer = answered("How many keepers work at Cape Wrobel?", hits(LIGHTHOUSE_2019, LIGHTHOUSE_2023))
    assert [citation.article.id for citation in answer.citations] == ["a23", "a19"]
    assert "Only 12 keepers" in answer.citations[0].quote
    assert "About 40 keepers" in answer.citations[1].quote
    assert (answer.short, answer.as_of) == ("12", date(2023, 9, 30))
    assert [citation.number for citation in answer.citations] == [1, 2]


def test_the_days_named_choose_the_value() -> None:
    answer = answered("How many keepers worked at Cape Wrobel in March 2019?", hits(LIGHTHOUSE_2023, LIGHTHOUSE_2019))
    assert answer.short == "About 40"
    assert [citation.article.id for citation in answer.citations] == ["a19"]


def test_a_person() -> None:
    answer = answered("Who is the head of the office at Cape Wrobel?", hits(LIGHTHOUSE_2019))
    assert answer.short == "Maria Lindqvist"


def test_yes_or_no_is_answered_by_the_sentence_alone() -> None:
    answer = answered("Did the lighthouse at Cape Wrobel reopen?", hits(LIGHTHOUSE_2019))
    assert answer.answered
    assert answer.short is None
    assert "reopened on Monday" in answer.citations[0].quote


def test_a_sentence_that_leans_brings_the_one_before() -> None:
    answer = answered("Which winter do the staff hope for?", hits(LIGHTHOUSE_2019))
    assert answer.citations[0].quote.startswith("The lighthouse at Cape Wrobel reopened on Monday. Its staff hope")


def test_nothing_is_quoted_twice_where_one_quote_leans_on_another() -> None:
    begun = "Repairs of the Nusle footbridge began on Saturday, the mayor said."
    shut = "It had been shut for repairs after the flood."
    article = _news("bridge", f"{begun} {shut} Walkers praised the view.", date(2024, 5, 4))
    answer = answered("Why was the Nusle footbridge shut?", hits(article))
    assert [each.quote for each in answer.citations] == [begun, shut]
    closed = "It was shut after the flood, since when the Nusle footbridge had been shut to walkers."
    article = _news("bridge", f"{begun} {closed} Walkers praised the view.", date(2024, 5, 4))
    answer = answered("Why was the Nusle footbridge shut?", hits(article))
    assert [each.quote for each in answer.citations] == [f"{begun} {closed}"]


def test_links_open_at_the_quote() -> None:
    (citation, *_) = answered("How many keepers work at Cape Wrobel?", hits(LIGHTHOUSE_2019)).citations
    assert citation.link == (
        "https://coast.example/2019/keepers#:~:text=About%2040%20keepers%20work%20at%20Cape%20Wrobel%20today%2C"
        "%20the%20office%20said."
    )


def test_copies_are_counted_not_repeated() -> None:
    copy = Article(title="Copy", text=LIGHTHOUSE_2019.text, source="Third Paper", id="c")
    answer = answered("How many keepers work at Cape Wrobel?", hits(LIGHTHOUSE_2019, copies=[copy]))
    assert answer.text.endswith("[1] (also in 1 outlet)")
    assert answer.citations[0].also_in == (copy,)


def test_an_unknown_date_says_so() -> None:
    undated = Article(title=LIGHTHOUSE_2019.title, text=LIGHTHOUSE_2019.text, source="Coast Courier", id="u")
    answer = answered("How many keepers work at Cape Wrobel?", hits(undated))
    assert answer.text.startswith("Coast Courier, date unknown: ")
    assert (answer.as_of, answer.citations[0].link) == (None, None)


@pytest.mark.parametrize(
    "text",
    [
        "Who won the 2031 world cup?",
        "How many keepers work at Cape Horn?",
        "How many keepers worked at Cape Wrobel in 1950?",
        "What is the price of saffron in Lisbon?",
    ],
)
def test_what_the_articles_do_not_say_is_refused(text: str) -> None:
    answer = answered(text, hits(LIGHTHOUSE_2019, LIGHTHOUSE_2023))
    assert not answer.answered
    assert (answer.short, answer.citations, answer.as_of) == (None, (), None)
    assert answer.text.startswith("No word on that.\nHere are 24 articles from 5 January 2018 to 30 May 2024.")
    assert answer.reason == "No word on that."
    assert answer.coverage == COVERAGE


def test_what_is_said_of_line_7_says_nothing_of_line_9() -> None:
    tram = Article(
        title="Tram line 7 opens in May",
        text="Tram line 7 will open on 9 May 2024, the council of Kelmouth said. Lines 3 and 5 go on as before.",
        source="Coast Courier",
        published=date(2024, 4, 2),
        id="t",
    )
    assert answered("When will line 7 open in Kelmouth?", hits(tram)).short == "9 May 2024"
    assert not answered("When will line 9 open in Kelmouth?", hits(tram)).answered


def test_a_refusal_names_the_nearest_article() -> None:
    answer = answered("How many keepers worked at Cape Wrobel in 1950?", hits(LIGHTHOUSE_2019))
    assert answer.nearest is not None
    assert answer.nearest.article is LIGHTHOUSE_2019
    assert "Nearest: “Keepers stay at Cape Wrobel lighthouse” (Coast Courier, 4 March 2019)" in answer.text


def test_a_refusal_names_no_article_that_is_near_by_chance() -> None:
    idf = {"price": 2.0, "saffron": 9.0, "lisbon": 9.0, "work": 1.0, "office": 1.0}
    answer = answered(
        "What is the price of office work in Lisbon?", hits(LIGHTHOUSE_2019), idf=lambda w: idf.get(w, 3.0)
    )
    assert not answer.answered
    assert answer.nearest is None
    assert "Nearest" not in answer.text


def test_the_days_that_are_covered_read_naturally() -> None:
    for coverage, said in (
        (Coverage(2, date(2018, 1, 5), date(2019, 3, 4)), "2 articles, from 5 January 2018 to 4 March 2019."),
        (Coverage(1, date(2018, 1, 5), date(2018, 1, 5)), "1 article, on 5 January 2018."),
    ):
        understood = understand(Question("How many?"), TODAY, ())
        answer = quote(understood, [], coverage, not_answered="", no_articles="{articles}, {days}.")
        assert answer.text == said


def test_a_definition_is_one_quote_about_the_thing_itself() -> None:
    article = Article(
        title="Fog at Cape Wrobel",
        text="The fog bell of Cape Wrobel rang all night. A fog bell is a bell that warns ships in thick weather. "
        "The harbour bell is silent.",
        id="fog",
        source="Coast Courier",
    )
    answer = answered("What is a fog bell?", hits(article, LIGHTHOUSE_2019))
    assert [each.quote for each in answer.citations] == ["A fog bell is a bell that warns ships in thick weather."]
    assert answer.short is None


def test_who_somebody_is_is_told_by_what_they_are() -> None:
    met = _news("met", "Reporters met Olga Rask on the pier, and Olga Rask spoke of Tove Holm.", date(2024, 3, 2))
    is_ = _news("is", "Olga Rask, the head of the ferry line, was heard in the House on Tuesday.", date(2024, 3, 1))
    answer = answered("Who is Olga Rask?", hits(met, is_))
    assert [each.quote for each in answer.citations] == [is_.text]
    assert answer.short is None


def test_a_thing_is_defined_where_it_is_called_so_and_not_by_what_is_done_for_it() -> None:
    tests = _news("tests", "Testing for marsh fever, a crucial part of the plan, is slow.", date(2024, 3, 2))
    fever = _news("fever", "A rare disease called marsh fever has come back to the coast.", date(2024, 3, 1))
    assert answered("What is marsh fever?", hits(tests, fever)).citations[0].quote == fever.text


def test_the_age_at_which_something_was_done() -> None:
    young = _news("young", "Queen Olga of Norvale was 25 years old when she took the throne.", date(2022, 9, 8))
    dead = _news("dead", "Queen Olga of Norvale died on Thursday at the age of 96.", date(2022, 9, 8))
    for order in ((young, dead), (dead, young)):
        assert answered("How old was Queen Olga when she died?", hits(*order)).short == "96"


def test_who_holds_an_office_is_answered_newest_first() -> None:
    old = Article(
        title="New head of Cape Wrobel harbour",
        text="Maria Lindqvist became head of Cape Wrobel harbour on Monday.",
        id="old",
        published=date(2019, 3, 4),
    )
    new = Article(
        title="Change at Cape Wrobel harbour",
        text="Jonas Petersen became head of Cape Wrobel harbour on Friday.",
        id="new",
        published=date(2023, 9, 30),
    )
    answer = answered("Who is the head of Cape Wrobel harbour?", hits(old, new))
    assert [each.article.id for each in answer.citations][:1] == ["new"]
    assert answer.short == "Jonas Petersen"


def test_what_a_pronoun_stands_for_is_known_from_the_title() -> None:
    article = Article(
        title="Wrobel telescope shows first pictures",
        text="Astronomers showed the first pictures of the Wrobel telescope on Tuesday.\n\n"
        "It cost about $40 million. It was built in Norvale.",
        id="tel",
    )
    answer = answered("How much did the Wrobel telescope cost?", hits(article))
    assert answer.short == "about $40 million"


def test_nothing_found() -> None:
    answer = answered("How many keepers work at Cape Wrobel?", [])
    assert not answer.answered
    assert answer.nearest is None
    assert answer.text == "Nothing fits.\nHere are 24 articles from 5 January 2018 to 30 May 2024."


def test_an_empty_corpus_has_no_first_and_last_day() -> None:
    understood = understand(Question("How many?"), TODAY, ())
    answer = quote(understood, [], Coverage(0), not_answered=NOT_ANSWERED, no_articles=NO_ARTICLES)
    assert answer.text == "Nothing fits."


def test_braces_of_a_title_are_no_holes() -> None:
    article = Article(title="The {articles} of {last}", text="Keepers spoke of pay at Cape Wrobel.", id="b", source="X")
    answer = answered("How many keepers worked at Cape Wrobel in 1950?", hits(article))
    assert "“The {articles} of {last}”" in answer.text


def test_rarity_decides_which_words_count() -> None:
    rare = {"keepers": 8.0, "wrobel": 9.0, "cape": 5.0, "work": 1.0}
    answer = answered(
        "How many keepers work at Cape Wrobel?", hits(LIGHTHOUSE_2019), idf=lambda word: rare.get(word, math.log(50))
    )
    assert answer.short == "About 40"


def test_never_more_than_a_few_quotes() -> None:
    many = [
        Article(title=f"Report {n}", text=f"In all {n} keepers work at Cape Wrobel now.", source=f"S{n}", id=f"m{n}")
        for n in range(20, 40)
    ]
    answer = answered("How many keepers work at Cape Wrobel?", hits(*many))
    assert len(answer.citations) == QUOTES_AT_MOST


def test_the_seed_article() -> None:
    if not SEED.exists():
        pytest.skip("needs the shared seed article beside the checkout")
    page = SEED.read_text("utf-8")
    body = page[page.index("Combat troops") : page.index("kmm/rc")].strip()
    article = Article(
        title="NATO Iraq mission could grow under new plan",
        text=body,
        url="https://p.dw.com/p/3XeL4",
        source="DW",
        published=date(2020, 2, 12),
        id="seed",
    )
    answer = answered("how many NATO personnel are in Iraq?", hits(article))
    assert answer.short == "roughly 500"
    assert "its roughly 500 personnel in Iraq" in answer.citations[0].quote
    assert all("200" not in citation.quote for citation in answer.citations)
    assert answer.text.startswith("DW, 12 February 2020: “")
    assert not answered("how many NATO personnel are in Syria?", hits(article)).answered
    assert not answered("who won the 2031 world cup?", hits(article)).answered


def test_a_crosshead_is_not_taken_for_the_sentence_before() -> None:
    body = "The lander touched down on Wednesday.\n\nLow cost\n\nThe mission cost about 75 million dollars."
    found = replace(LIGHTHOUSE_2019, title="Lander on the Moon", text=body)
    answer = answered("What did the Moon mission cost?", hits(found))
    assert answer.citations[0].quote == "The mission cost about 75 million dollars."


def test_what_happened_is_asked_of_the_place_alone() -> None:
    assert answered("What happened at Cape Wrobel?", hits(LIGHTHOUSE_2019)).answered
