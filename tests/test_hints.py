"""What helps where nothing answers: spellings that the articles know, subjects that they cover."""

from __future__ import annotations

from datetime import date

import pytest

from bot.answering.hints import covered_subject, likely_spelling
from bot.schema import Article, Hit, Passage


def hit(number: int, title: str, text: str) -> Hit:
    article = Article(title=title, text=text, source="Coast Courier", published=date(2023, 5, number), id=f"a{number}")
    return Hit(Passage(f"{number}.a.0", article, 0, len(text)), 1.0)


NEAR = [
    hit(1, "Rugby World Cup: Norrland name their squad", "Coach Ilse Wroblewska chose five newcomers."),
    hit(2, "Norrland to host Rugby World Cup", "Kelmouth will see the final, said Wroblewska."),
    hit(3, "Harbour fees rise", "The port of Kelmouth asks for more, from Sunday on."),
    hit(4, "Sunday walks", "Guides wait at noon."),
]


@pytest.mark.parametrize(
    ("question", "spelling"),
    [
        ("what did Wroblevska say", "Wroblewska"),
        ("latest on kelmoth harbour", "Kelmouth"),
        ("who hosts the rugby world cup", None),
        ("who is the prime minister of Denmark", None),
        ("what about Nolde in 2031", None),
        ("what?", None),
    ],
)
def test_a_word_that_nobody_uses_is_taken_for_one_that_is_like_it(question: str, spelling: str | None) -> None:
    assert likely_spelling(question, NEAR) == spelling


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("who won the rugby world cup final", "Rugby World Cup"),
        ("who is the mayor of kelmouth", "Kelmouth"),
        ("how many newcomers are there", None),
        ("what opens on sunday", None),
        ("who is the prime minister of Denmark", None),
        ("what?", None),
    ],
)
def test_the_longest_run_of_words_that_articles_share_is_the_subject(question: str, subject: str | None) -> None:
    assert covered_subject(question, NEAR) == subject


def test_without_passages_there_is_no_hint() -> None:
    assert likely_spelling("latest on kelmoth", []) is None
    assert covered_subject("latest on kelmouth", []) is None
