"""Check models: a tiny one that the test makes, loaded the way any other is; and what becomes of its verdicts."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.answering.check.judge import DETECTOR_PROMPT, SUPPORTED_LEAST, UNSUPPORTED, load_judge, pairs_of
from bot.answering.check.prose import ProseCheck
from bot.errors import ModelError
from bot.schema import Article, Hit, Passage, Question
from bot.settings import Settings
from bot.wiring import open_claim_check
from tests.tiny_models import tiny_bert

TEXT = "The ferry to Alder Island reopened on Monday. It carries 260 passengers."
ARTICLE = Article(title="Ferry line reopens", text=TEXT, id="a")
EVIDENCE = {"k3f9": Hit(Passage("p", ARTICLE, 0, len(TEXT)), 1.0)}


PAIRS = [("The ferry reopened.", TEXT), ("It carries passengers.", TEXT), ("on monday", "it"), ("a", "of the of")]


def test_an_entailment_model_gives_the_probability_of_support(tmp_path: Path) -> None:
    from sentence_transformers import CrossEncoder

    labels = ("contradiction", "entailment", "neutral")
    folder = tiny_bert(tmp_path / "nli", [TEXT], "ForSequenceClassification", labels=labels, spread=0.9)
    expected = CrossEncoder(str(folder), device="cpu").predict([(p, c) for c, p in PAIRS], apply_softmax=True)
    reasons = load_judge(str(folder))(PAIRS)
    assert reasons == [None if row[1] >= SUPPORTED_LEAST else UNSUPPORTED for row in expected]
    assert set(reasons) == {None, UNSUPPORTED}


def test_a_model_that_marks_unsupported_words_takes_out_what_it_marks(tmp_path: Path) -> None:
    import torch
    from tokenizers import Tokenizer
    from transformers import BertForTokenClassification

    texts = [TEXT, DETECTOR_PROMPT]
    folder = tiny_bert(tmp_path / "marks", texts, "ForTokenClassification", spread=0.9)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    model = BertForTokenClassification.from_pretrained(folder).eval()
    expected = []
    for claim, passage in PAIRS:
        given = tokenizer.encode(f"Summarize the following text:\npassage 1: {passage}\noutput:", claim)
        logits = model(torch.tensor([given.ids])).logits[0]
        is_marked = [int(row.argmax()) == 1 for row, side in zip(logits, given.sequence_ids, strict=True) if side == 1]
        expected.append(UNSUPPORTED if any(is_marked) else None)
    assert load_judge(str(folder))(PAIRS) == expected
    assert set(expected) == {None, UNSUPPORTED}


def test_the_model_that_is_set_judges_what_code_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny_bert(tmp_path / "marks", [TEXT, DETECTOR_PROMPT], "ForTokenClassification", spread=0.9)
    claims = ["The ferry reopened.", "It carries passengers.", "It carries 620 passengers."]
    monkeypatch.setenv("NEWSBOT_CHECK_MODEL", str(folder))
    reasons = open_claim_check(Settings())(EVIDENCE["k3f9"], claims)
    told = [(claim, f"{ARTICLE.title}\n{TEXT}") for claim in claims[:2]]
    assert reasons == [*load_judge(str(folder))(told), "620 is not in the cited passage"]
    assert UNSUPPORTED in reasons


def test_a_model_of_more_marks_is_refused(tmp_path: Path) -> None:
    folder = tiny_bert(tmp_path / "names", [TEXT], "ForTokenClassification", labels=("O", "PER", "LOC"))
    with pytest.raises(ModelError, match="3 classes"):
        load_judge(str(folder))


def test_a_model_without_a_class_for_support_is_refused(tmp_path: Path) -> None:
    folder = tiny_bert(tmp_path / "other", [TEXT], "ForSequenceClassification", labels=("sports", "politics"))
    with pytest.raises(ModelError, match="sports, politics: none of them says that a passage supports"):
        load_judge(str(folder))


def test_a_model_that_is_not_there_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot be loaded.*NEWSBOT_CHECK_MODEL"):
        load_judge(str(tmp_path / "none"))


def test_what_a_judge_does_not_find_supported_goes_with_its_reason() -> None:
    prose = ProseCheck(Question("Does the ferry sail?"), EVIDENCE)
    prose.feed("The ferry reopened on Monday [k3f9]. It carries 260 passengers [k3f9].")
    pairs = pairs_of(prose.finish())
    draft = prose.draft().without(pairs, [UNSUPPORTED if "260" in claim else None for claim, _ in pairs.values()])
    assert draft.text == "The ferry reopened on Monday [1]."
    assert [(removed.text, removed.reason) for removed in draft.removed] == [
        ("It carries 260 passengers.", UNSUPPORTED)
    ]
