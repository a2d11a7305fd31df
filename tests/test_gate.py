"""The gate that every answer passes: what cannot be verified does not get through."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from bot.answering.check.gate import UNVERIFIED, check
from bot.schema import Answer, Article, Citation, Question

TEXT = "The mission has roughly 500 trainers [7] in Iraq. It may get 200 more.\n\nTalks begin on Thursday."
ARTICLE = Article(
    title="Mission may grow", text=TEXT, url="https://n.example/a", source="DW", published=date(2020, 2, 12), id="a"
)


def cited(number: int, quote: str, article: Article = ARTICLE) -> Citation:
    start = article.text.index(quote)
    return Citation(number, quote, start, start + len(quote), article, "https://n.example/a#:~:text=x")


FIRST = cited(1, "The mission has roughly 500 trainers [7] in Iraq.")
SECOND = cited(2, "Talks begin on Thursday.")


def answer(text: str, *citations: Citation, **more: object) -> Answer:
    return Answer(question=Question("How many?"), text=text, citations=citations, **more)  # type: ignore[arg-type]


def test_a_true_answer_passes_unchanged() -> None:
    true = answer(
        f"DW, 12 February 2020: “{FIRST.quote}” [1]\nDW, 12 February 2020: “{SECOND.quote}” [2]",
        FIRST,
        SECOND,
        short="roughly 500",
        as_of=date(2020, 2, 12),
    )
    assert check(true) == true


def test_a_marker_inside_a_quote_is_the_articles_own() -> None:
    assert "[7] in Iraq" in check(answer(f"“{FIRST.quote}” [1]", FIRST)).text


def test_markers_of_no_citation_go() -> None:
    assert check(answer("It has trainers [1][9] there [4].", FIRST)).text == "It has trainers [1] there."


@pytest.mark.parametrize("marker", ["[1, 2]", "[1,2]", "[1][2]", "[1] [2]"])
def test_markers_together(marker: str) -> None:
    checked = check(answer(f"They train and talk {marker}.", FIRST, SECOND))
    assert [citation.number for citation in checked.citations] == [1, 2]
    assert "[1]" in checked.text
    assert "[2]" in checked.text


def test_citations_follow_the_order_of_their_markers() -> None:
    checked = check(answer("They talk [2]. They train [1].", FIRST, SECOND))
    assert checked.text == "They talk [1]. They train [2]."
    assert [citation.quote for citation in checked.citations] == [SECOND.quote, FIRST.quote]


def test_a_citation_without_a_marker_goes() -> None:
    assert check(answer("They talk [2].", FIRST, SECOND)).citations == (replace(SECOND, number=1),)


def test_an_invented_quote_goes_with_its_statement_left_uncited() -> None:
    invented = replace(FIRST, quote="The mission has 900 trainers.")
    checked = check(answer("“The mission has 900 trainers.” [1]\nThey talk [2].", invented, SECOND))
    assert "900" not in checked.text
    assert [citation.quote for citation in checked.citations] == [SECOND.quote]


def test_a_quote_that_stands_elsewhere_than_it_says_goes() -> None:
    checked = check(answer("They train [1].\nThey talk [2].", replace(FIRST, start=3, end=9), SECOND))
    assert [citation.quote for citation in checked.citations] == [SECOND.quote]


def test_a_number_that_no_quote_holds_goes_with_its_statement() -> None:
    checked = check(answer("There are 500 trainers [1]. Soon there will be 4,000 [1].", FIRST))
    assert checked.text == "There are 500 trainers [1]."


def test_a_number_of_another_quote_is_no_support() -> None:
    assert "500" not in check(answer("There are 500 of them [2]. They talk [2].", FIRST, SECOND)).text


def test_numbers_of_the_frame_stand() -> None:
    text = "On 12 February 2020 they trained [1]."
    assert check(answer(text, FIRST)).text == text


def test_a_short_answer_is_part_of_a_quote() -> None:
    assert check(answer("They train [1].", FIRST, short="roughly 500")).short == "roughly 500"
    assert check(answer("They train [1].", FIRST, short="about 500")).short is None


def test_as_of_is_the_newest_cited_day() -> None:
    newer = replace(ARTICLE, published=date(2021, 5, 1), id="b")
    checked = check(answer("They train [1]. They talk [2].", FIRST, cited(2, SECOND.quote, newer)))
    assert checked.as_of == date(2021, 5, 1)
    assert check(answer("They train [1].", FIRST, as_of=date(2030, 1, 1))).as_of == date(2020, 2, 12)


def test_nothing_verified_is_no_answer() -> None:
    checked = check(answer("Everybody knows it.", FIRST, short="500", confidence=0.9))
    assert (checked.answered, checked.text, checked.reason) == (False, UNVERIFIED, UNVERIFIED)
    assert (checked.citations, checked.short, checked.confidence) == ((), None, 0.0)


def test_a_refusal_keeps_its_text_and_loses_a_false_nearest() -> None:
    refusal = answer("The articles do not say.", answered=False, reason="none", nearest=FIRST)
    assert check(refusal) == refusal
    assert check(replace(refusal, nearest=replace(FIRST, quote="Invented."))).nearest is None
