"""A cross-encoder reads the best hits again: a tiny one that the test makes, loaded the way any other is."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bot.errors import ModelError
from bot.models.reranker import Reranker, load_reranker
from bot.retrieval.question import parse_query
from bot.retrieval.retriever import Retriever
from bot.schema import Hit, Passage, Question
from bot.settings import Settings
from bot.wiring import open_chain, open_retrieval
from tests.fakes import article
from tests.tiny_models import tiny_bert

TODAY = date(2024, 6, 30)
QUESTION = "How many NATO personnel are in Iraq?"
WORDS = "how many nato personnel are in iraq ferry harbour opened cost euros mission the a of"


def hits_of(*names: str) -> list[Hit]:
    found = []
    for place, name in enumerate(names):
        of = article(name)
        found.append(Hit(Passage(f"{name}.0.0", of, 0, len(of.text)), 1.0 - place / 10, {"lexical": 0.5}))
    return found


def titles(hits: list[Hit]) -> list[str]:
    return [hit.article.title.split()[1] for hit in hits]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cross-encoder")
    return tiny_bert(folder, [WORDS], "ForSequenceClassification", labels=["score"], spread=0.6)


def test_the_first_hits_are_put_in_the_models_order_and_the_others_stay() -> None:
    liked = {"first": 0.1, "second": 0.9, "third": 0.5}
    reranker = Reranker("m", 3, lambda pairs: [liked[text.split()[1]] for _, text in pairs])
    before = hits_of("first", "second", "third", "fourth")
    after = reranker.rerank(QUESTION, before)
    assert titles(after) == ["second", "third", "first", "fourth"]
    assert [hit.parts.get("rerank") for hit in after] == [0.9, 0.5, 0.1, None]
    assert all(hit.parts["lexical"] == 0.5 for hit in after)
    assert [hit.score for hit in after] == [hit.score for hit in before], "scores fall from hit to hit"


def test_equal_scores_leave_the_order_as_it_was_and_no_hits_ask_no_model() -> None:
    reranker = Reranker("m", 10, lambda pairs: [0.0 for _ in pairs])
    assert titles(reranker.rerank(QUESTION, hits_of("one", "two"))) == ["one", "two"]
    assert Reranker("m", 10, lambda _: pytest.fail("nothing to score")).rerank(QUESTION, []) == []


def test_a_real_cross_encoder_scores_question_and_passage_together(tiny: Path) -> None:
    from sentence_transformers import CrossEncoder

    hits = hits_of("harbour", "ferry", "mission", "cost")
    after = load_reranker(str(tiny), 3).rerank(QUESTION, hits)
    texts = [f"{hit.article.title}\n{hit.passage.text}" for hit in hits]
    own = CrossEncoder(str(tiny), device="cpu").predict([(QUESTION, text) for text in texts])
    expected = sorted(range(3), key=lambda place: -own[place])
    assert titles(after) == [titles(hits)[place] for place in (*expected, 3)]
    assert [hit.parts["rerank"] for hit in after[:3]] == pytest.approx([own[place] for place in expected], abs=1e-5)
    assert len({round(hit.parts["rerank"], 4) for hit in after[:3]}) == 3, "the model does tell passages apart"


def test_it_is_set_by_configuration_and_nothing_but_the_order_changes(
    tiny: Path, sample_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(retriever: Retriever) -> list[Hit]:
        return list(retriever.retrieve(parse_query(Question(QUESTION), TODAY), 20).hits)

    folder = {"data_dir": sample_settings.data_dir, "cache_dir": sample_settings.cache_dir}
    plain = found(open_retrieval(Settings(**folder)))
    monkeypatch.setenv("NEWSBOT_RERANKER", str(tiny))
    monkeypatch.setenv("NEWSBOT_RERANKER_DEPTH", "6")
    reranked = found(open_retrieval(Settings(**folder)))
    assert not any("rerank" in hit.parts for hit in plain)
    read = [hit.parts["rerank"] for hit in reranked if "rerank" in hit.parts]
    assert len(read) == 6
    assert read == sorted(read, reverse=True)
    assert [hit.passage.id for hit in reranked[:6]] != [hit.passage.id for hit in plain[:6]]
    fused = sorted(plain, key=lambda hit: -hit.parts["fused"])
    assert {hit.passage.id for hit in reranked[:6]} == {hit.passage.id for hit in fused[:6]}
    answer = open_chain(Settings(**folder)).invoke(QUESTION)
    assert all(each.article.text[each.start : each.end] == each.quote for each in answer.citations)


def test_a_model_that_cannot_be_loaded_is_told_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    for name in ("nobody/no-such-reranker", str(tmp_path)):
        with pytest.raises(ModelError, match="cannot be loaded") as caught:
            load_reranker(name, 10)
        assert name in str(caught.value)
        assert "NEWSBOT_RERANKER" in str(caught.value)


def test_a_classifier_is_no_reranker(tmp_path: Path) -> None:
    folder = tiny_bert(tmp_path / "classes", [WORDS], "ForSequenceClassification", labels=["one", "two", "three"])
    with pytest.raises(ModelError, match="3 classes"):
        load_reranker(str(folder), 10)
