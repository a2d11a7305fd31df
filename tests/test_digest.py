"""An overview: what the articles share, told once, newest first, short."""

from __future__ import annotations

from datetime import date

import pytest

from bot.answering.deciding import Chosen
from bot.answering.digest import QUOTES, WORDS, digest
from bot.schema import Article, Hit, Passage, Question
from bot.settings import Settings
from bot.wiring import open_asker

NEWS = {
    "harbour": "Dockers in Kelmouth walked out over night shifts on Monday.",
    "bridge": "Engineers found cracks in two piers beneath Lindqvist Street.",
    "hospital": "Nurses will receive higher wages from January under a new contract.",
    "stadium": "Football returned to the rebuilt arena before twenty thousand spectators.",
    "library": "Readers borrowed more novels than ever during the wet summer.",
    "airport": "Flights were cancelled after snow covered both runways overnight.",
    "museum": "Curators unveiled a Bronze Age sword that divers had recovered.",
    "railway": "Commuter trains run every quarter of an hour since the timetable changed.",
}


def hit(topic: str, day: date | None, score: float, text: str = "") -> Hit:
    text = text or NEWS[topic]
    article = Article(title=f"{topic.title()} opens", text=text, source="Kelmouth Post", published=day, id=topic)
    return Hit(Passage(f"{topic}:0", article, 0, len(text)), score)


def rarity(word: str) -> float:
    return min(len(word), 8) / 2


def told(*hits: Hit) -> list[Chosen]:
    return digest(hits, rarity)


def test_developments_come_newest_first_and_verbatim() -> None:
    strike = [
        hit(
            "dock",
            date(2024, 1, 1),
            1.0,
            "Dockers in Kelmouth walked out over night shifts on Monday. Rain fell all day.",
        ),
        hit("ship", date(2024, 1, 3), 0.9, "Ships wait outside Kelmouth because dockers walked out over night shifts."),
        hit(
            "deal",
            date(2024, 1, 5),
            0.9,
            "Dockers in Kelmouth accepted a deal over night shifts and went back to work.",
        ),
    ]
    found = told(*strike)
    assert [each.hit.article.id for each in found] == ["deal", "ship", "dock"]
    assert found[0].text == strike[2].article.text


def test_what_articles_share_is_told_before_what_one_says_by_the_way() -> None:
    common = "Dockers in Kelmouth walked out over night shifts on Monday."
    aside = "A baker named Lindqvist sold cinnamon rolls to some onlookers nearby."
    hits = [hit(f"d{n}", date(2024, 1, n), 1.0, f"{aside.replace('baker', f'baker{n}')} {common}") for n in range(1, 8)]
    found = told(*hits)
    assert any(common in each.text for each in found)
    assert sum(common in each.text for each in found) == 1, "the same words are told once"


@pytest.mark.parametrize("old", [date(2023, 6, 1), None])
def test_where_room_is_short_the_newest_articles_and_their_heads_are_told(old: date | None) -> None:
    filler = " ".join(f"A note on shelf {n}." for n in range(60))
    said = "Dockers in Kelmouth walked out over night shifts, {} said, for the {} time this year."
    new = [hit(f"new{n}", date(2024, 1, 1), 1.0, said.format(f"speaker{n}", f"n{n}")) for n in range(8)]
    aged = [hit(f"old{n}", old, 1.0, said.format(f"clerk{n}", f"o{n}")) for n in range(8)]
    late = [hit(f"late{n}", date(2024, 1, 1), 1.0, f"{filler} {said.format(f'aide{n}', f'l{n}')}") for n in range(8)]
    found = told(*aged[:4], *late[:4], *new[:8])
    assert {each.hit.article.id[:3] for each in found} == {"new"}


def test_articles_that_share_no_word_are_told_all_the_same() -> None:
    text = "Oars flashed along Tarnmouth quay during practice."
    one = Article(title="Regatta", text=text, source="A", published=date(2024, 3, 1), id="a")
    other = Article(title="Sonata", text="Violins rehearsed beneath Aldermoor cathedral.", source="B", id="b")
    found = told(*(Hit(Passage(f"{each.id}:0", each, 0, len(each.text)), 1.0) for each in (one, other)))
    assert [each.hit.article.id for each in found] == ["a", "b"]


def test_it_is_short() -> None:
    hits = [
        hit(topic, date(2024, 1, 1), 1.0, f"{said} Then {' '.join(f'{topic}{n}' for n in range(40))}.")
        for topic, said in NEWS.items()
    ]
    found = told(*hits)
    assert 0 < sum(len(each.text.split()) for each in found) <= WORDS
    assert len(found) <= QUOTES


def test_neighbouring_sentences_are_one_quote() -> None:
    text = "Dockers in Kelmouth walked out over night shifts. Their union in Kelmouth wants shorter night shifts."
    found = told(hit("dock", date(2024, 1, 1), 1.0, text))
    assert [each.text for each in found] == [text]


def test_questions_crossheads_and_scraps_are_not_told() -> None:
    for text in (
        "Photo: AP",
        "Why did the dockers in Kelmouth walk out over night shifts?",
        "What dockers of Kelmouth want",
    ):
        assert told(hit("scrap", date(2024, 1, 1), 1.0, text)) == []
    assert told() == []


def test_what_has_no_day_stands_last() -> None:
    one = hit("harbour", None, 1.0, "Dockers in Kelmouth walked out over their night shifts.")
    other = hit("bridge", date(2020, 1, 1), 0.9, "Dockers in Kelmouth want higher wages for night shifts.")
    assert [each.hit.article.id for each in told(one, other)] == ["bridge", "harbour"]


def test_what_is_new_of_all_is_what_the_newest_articles_begin_with(sample_settings: Settings) -> None:
    asker = open_asker(sample_settings)
    answer = asker("what's the latest?")
    days = [citation.article.published for citation in answer.citations]
    assert answer.answered
    assert len({citation.article.id for citation in answer.citations}) == len(days) >= 3
    assert days == sorted(days, reverse=True)  # type: ignore[type-var]
    assert days[0] == asker.retriever.corpus.coverage().last
    older = asker(Question("what's the latest?", before=date(2020, 12, 31)))
    assert all(citation.article.published < date(2021, 1, 1) for citation in older.citations)  # type: ignore[operator]
