"""Hybrid search: both indexes are heard, the reader orders, scores add up, days and sources narrow."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.models.question_kind import QuestionKind
from bot.retrieval.question import ParsedQuery, parse_query
from bot.retrieval.retriever import NEWNESS_NOW, PER_ARTICLE, WEIGHTS, FusionWeights, Retriever
from bot.schema import Hit, Question
from bot.settings import Settings
from bot.wiring import open_corpus, open_retrieval
from ingest.pipeline import ingest
from tests.fakes import article

TODAY = date(2024, 6, 30)
TIDE = (
    "The tidal barrier at Kelmouth closed for the first time on Sunday. Engineers had tested its gates all winter.\n\n"
    "It keeps storm surges out of the estuary, and ships pass through a lock beside it. "
    "The regional government paid 840 million euros for the works, which took seven years."
)
PLAN = "Kelmouth plans a tidal barrier for 600 million euros. Work starts soon."
DOCTORS = "Physicians walked out of hospitals over pay. Wards ran on emergency staff."
DEBATES = "\n\n".join(
    f"The parliament of Norvale debated law {n}. {'Members spoke at length. ' * 25}".strip() for n in range(8)
)
ARTICLES = [
    article("barrier", TIDE, published=date(2024, 6, 25)),
    article("barrier-copy", TIDE, source="The Herald", published=date(2024, 6, 26)),
    article("barrier-plan", PLAN, published=date(2017, 6, 1)),
    article("doctors", DOCTORS, source="The Herald"),
    article("undated", "A lighthouse keeper wrote down the weather every single day of her life.", published=None),
    article("long", DEBATES),
    article("short", "The parliament of Norvale adjourned its debate on the law."),
]


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Retriever:
    settings = Settings(data_dir=tmp_path_factory.mktemp("retriever") / "data", cache_dir=cache_dir)
    corpus = open_corpus(settings, create=True)
    with corpus.writing():
        list(ingest(corpus, ARTICLES))
    corpus.close()
    return open_retrieval(settings)


def asked(text: str, retriever: Retriever, **fields: object) -> ParsedQuery:
    known = [name for name in retriever.corpus.sources() if name]
    return parse_query(Question(text, **fields), TODAY, known)  # type: ignore[arg-type]


def search(retriever: Retriever, text: str, k: int = 10, **fields: object) -> tuple[Hit, ...]:
    return retriever.retrieve(asked(text, retriever, **fields), k).hits


def names(hits: tuple[Hit, ...]) -> list[str]:
    return [(hit.article.url or "").rsplit("/", 1)[-1] for hit in hits]


def test_words_are_found(retriever: Retriever) -> None:
    assert names(search(retriever, "Kelmouth estuary lock"))[0] == "barrier"


def test_meaning_is_found_without_a_common_word(retriever: Retriever) -> None:
    hits = search(retriever, "Why are medics on strike?", as_of=TODAY + timedelta(days=90))
    assert names(hits)[0] == "doctors"
    assert hits[0].parts["dense"] > hits[0].parts["lexical"]


def test_scores_are_the_weighted_sum_of_their_parts(retriever: Retriever) -> None:
    for hit in search(retriever, "What did the tidal barrier at Kelmouth cost?"):
        assert set(hit.parts) == {
            "fused",
            "matter",
            "lexical",
            "dense",
            "held",
            "about",
            "day",
            "newness",
            "lead",
            "read",
        }
        own = {name: part for name, part in hit.parts.items() if name not in ("fused", "matter", "read")}
        assert hit.parts["fused"] == pytest.approx(sum(getattr(WEIGHTS, name) * part for name, part in own.items()))
        assert hit.score == pytest.approx(hit.parts["fused"] + WEIGHTS.read * hit.parts["read"])
        assert hit.parts["lexical"] >= 0
        assert -1 <= hit.parts["dense"] <= 1.001
        assert hit.parts["day"] in (0.0, 1.0)


def test_the_passage_that_answers_goes_first(retriever: Retriever) -> None:
    hits = search(retriever, "How much did the tidal barrier at Kelmouth cost?")
    assert any("840 million" in hit.passage.text for hit in hits[:2]), "beside what was planned"
    assert hits[0].parts["read"] > min(hit.parts["read"] for hit in hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_fewer_hits_are_the_first_of_more_and_the_same_are_read(retriever: Retriever) -> None:
    question = asked("How much did the tidal barrier at Kelmouth cost?", retriever)
    few, more = retriever.retrieve(question, 2), retriever.retrieve(question, 10)
    assert few.hits == more.hits[:2]
    assert [each.hit for each in few.readings] == [each.hit for each in more.readings]
    assert len(few.readings) <= retriever.depth


def test_the_kind_is_told_and_talk_is_not_searched_for(retriever: Retriever) -> None:
    assert retriever.retrieve(asked("Why did physicians walk out?", retriever), 3).kind is QuestionKind.REASON
    talk = retriever.retrieve(asked("hello bot", retriever), 3)
    assert (talk.kind, talk.hits, talk.readings) == (QuestionKind.GREETING, (), ())


def test_without_a_reader_hits_stay_as_they_were_found(retriever: Retriever) -> None:
    plain = Retriever(retriever.corpus, retriever.embeddings, retriever.kinds)
    hits = search(plain, "How much did the tidal barrier at Kelmouth cost?")
    assert [hit.score for hit in hits] == [hit.parts["fused"] for hit in hits]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_parts_are_complete_whichever_index_found_the_passage(retriever: Retriever) -> None:
    """A passage that one index alone returned is scored by the other too."""
    question = asked("barrier euros", retriever)
    for hit in retriever.retrieve(question, 50).hits:
        stored = retriever.corpus.catalog.vectors([hit.passage.id])[hit.passage.id]
        vector = retriever.embeddings.encode(["barrier euros"], "query")[0]
        assert hit.parts["dense"] == pytest.approx(float(stored @ vector), abs=1e-3)


def test_hits_are_in_order_and_no_more_than_asked_for(retriever: Retriever) -> None:
    hits = search(retriever, "parliament barrier hospitals", 4)
    assert len(hits) == 4
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert len({hit.passage.id for hit in hits}) == 4


def test_many_hits_can_be_asked_for(retriever: Retriever) -> None:
    every = len(retriever.corpus.lexical.ids())
    assert len(search(retriever, "parliament barrier hospitals", 200)) == min(200, every)


def test_one_article_leaves_room_for_others(retriever: Retriever) -> None:
    hits = search(retriever, "What law did the parliament of Norvale debate?", 6)
    assert Counter(names(hits))["long"] <= PER_ARTICLE * retriever.depth // 10
    assert "short" in names(hits)


def test_copies_are_one_hit_that_names_the_others(retriever: Retriever) -> None:
    hits = search(retriever, "tidal barrier at Kelmouth closed")
    assert "barrier-copy" not in names(hits)
    assert [each.source for each in hits[0].also_in] == ["The Herald"]


def test_days_narrow(retriever: Retriever) -> None:
    question = "What does the tidal barrier at Kelmouth cost?"
    assert set(names(search(retriever, question, before=date(2020, 1, 1)))) == {"barrier-plan"}
    assert "barrier-plan" not in names(search(retriever, question, after=date(2020, 1, 1)))
    assert "undated" not in names(search(retriever, question, after=date(1900, 1, 1)))


def test_nothing_is_known_before_it_was_published(retriever: Retriever) -> None:
    hits = search(retriever, "What does the tidal barrier at Kelmouth cost?", as_of=date(2018, 1, 1))
    assert set(names(hits)) == {"barrier-plan", "undated"}, "what has no day may always have been known"


def test_what_was_fresh_on_the_day_of_asking_counts_more(retriever: Retriever) -> None:
    question = "tidal barrier at Kelmouth million euros"
    found = dict(zip(names(search(retriever, question)), search(retriever, question), strict=True))
    barrier, plan = found["barrier"].parts, found["barrier-plan"].parts
    assert (barrier["day"], plan["day"]) == (1.0, 0.0)
    assert barrier["newness"] > plan["newness"] > 0.0
    assert barrier["fused"] - barrier["matter"] > plan["fused"] - plan["matter"]


def test_the_present_of_an_archive_is_its_last_day(retriever: Retriever) -> None:
    question = "tidal barrier at Kelmouth million euros"
    now, later = (search(retriever, question, as_of=TODAY + timedelta(days=days)) for days in (0, 3600))
    assert [hit.parts["fused"] for hit in now] == [hit.parts["fused"] for hit in later]


def test_newness_counts_more_where_the_newest_is_asked_for(retriever: Retriever) -> None:
    for hit in search(retriever, "latest news on the tidal barrier"):
        own = {name: part for name, part in hit.parts.items() if name not in ("fused", "matter", "read")}
        plain = sum(getattr(WEIGHTS, name) * part for name, part in own.items())
        more = (NEWNESS_NOW - 1.0) * WEIGHTS.newness * hit.parts["newness"]
        assert hit.parts["fused"] - plain == pytest.approx(more, abs=1e-6)


def test_sources_narrow_and_copies_count_for_their_outlet(retriever: Retriever) -> None:
    hits = search(retriever, "tidal barrier at Kelmouth", sources=("The Herald",))
    assert set(names(hits)) == {"barrier", "doctors"}, "the Herald printed the barrier's story too"
    assert "The Herald" in {hits[0].article.source, *(each.source for each in hits[0].also_in)}


def test_weights_are_respected(retriever: Retriever) -> None:
    weights = FusionWeights(lexical=0.7, dense=0.0, held=0.0, about=0.0, day=0.0, newness=0.0, lead=0.0)
    only_words = Retriever(retriever.corpus, retriever.embeddings, retriever.kinds, weights=weights)
    for hit in search(only_words, "tidal barrier"):
        assert hit.score == pytest.approx(0.7 * hit.parts["lexical"])


def test_words_of_the_question_count_where_passage_title_or_article_hold_them(retriever: Retriever) -> None:
    hits = search(retriever, "tidal barrier at Kelmouth")
    assert all(0.0 <= hit.parts[name] <= 1.0 + 1e-6 for hit in hits for name in ("held", "about"))
    assert hits[0].parts["about"] == pytest.approx(1.0, abs=1e-5)
    assert min(hit.parts["about"] for hit in hits) < 0.5, "the doctors are not about the barrier"


def test_questions_without_words_are_answered_by_meaning_alone(retriever: Retriever) -> None:
    assert all(hit.parts["lexical"] == 0 for hit in search(retriever, "?!"))


def test_rarity_of_words_is_handed_on(retriever: Retriever) -> None:
    found = retriever.retrieve(asked("tidal barrier", retriever), 3)
    assert found.idf("zyzzyva") > found.idf("barrier") > found.idf("the") >= 0
    assert found.idf("?") == 0.0


def test_the_same_question_gets_the_same_hits_from_every_thread(retriever: Retriever) -> None:
    wanted = [hit.passage.id for hit in search(retriever, "Kelmouth barrier cost")]
    found: list[list[str]] = []

    def ask() -> None:
        found.extend([hit.passage.id for hit in search(retriever, "Kelmouth barrier cost")] for _ in range(5))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [wanted] * 20


@pytest.mark.parametrize("at_most", [0, 1_000])
def test_a_scope_finds_the_same_by_a_wider_search(
    retriever: Retriever, monkeypatch: pytest.MonkeyPatch, at_most: int
) -> None:
    monkeypatch.setattr("bot.retrieval.retriever.WIDE_AT_MOST", at_most)
    for limits in ({"as_of": date(2020, 1, 1)}, {"after": date(2024, 1, 1)}, {"sources": ("The Herald",)}):
        hits = search(retriever, "How much was paid for the tidal barrier?", **limits)
        assert hits
        for hit in hits:
            published = hit.article.published
            if "as_of" in limits:
                assert published is None or published <= date(2020, 1, 1)
            if "after" in limits:
                assert published is not None and published >= date(2024, 1, 1)
    wide = search(retriever, "Who opened the gates?", as_of=date(2024, 6, 25))
    monkeypatch.setattr("bot.retrieval.retriever.WIDE_AT_MOST", 1_000 - at_most)
    assert names(search(retriever, "Who opened the gates?", as_of=date(2024, 6, 25))) == names(wide)
