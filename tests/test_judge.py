"""Check models: a tiny one that the test makes, loaded the way any other is; and what becomes of its verdicts."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.answering.check.judge import SUPPORTED_LEAST, UNSUPPORTED, judged, load_judge
from bot.answering.check.prose import ProseCheck
from bot.errors import ModelError
from bot.schema import Article, Hit, Passage, Question

WORDS = "the ferry to alder island reopened carries passengers . it a of on monday"
TEXT = "The ferry to Alder Island reopened on Monday. It carries 260 passengers."
ARTICLE = Article(title="Ferry line reopens", text=TEXT, id="a")
EVIDENCE = {"k3f9": Hit(Passage("p", ARTICLE, 0, len(TEXT)), 1.0)}


def saved(folder: Path, labels: dict[int, str]) -> Path:
    """A cross-encoder of random weights with these labels."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS.split(), *map(chr, range(48, 123))]
    pieces += ["##" + chr(code) for code in range(48, 123)]
    vocabulary = {piece: place for place, piece in enumerate(dict.fromkeys(pieces))}
    made = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=64, max_position_embeddings=128, initializer_range=0.9, id2label=labels,
        label2id={name: place for place, name in labels.items()},
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        model_max_length=128,
    ).save_pretrained(folder)  # fmt: skip
    return folder


def test_an_entailment_model_gives_the_probability_of_support(tmp_path: Path) -> None:
    from sentence_transformers import CrossEncoder

    folder = saved(tmp_path / "nli", {0: "contradiction", 1: "entailment", 2: "neutral"})
    pairs = [("The ferry reopened.", TEXT), ("It carries passengers.", TEXT), ("on monday", "it"), ("a", "of the of")]
    expected = CrossEncoder(str(folder), device="cpu").predict([(p, c) for c, p in pairs], apply_softmax=True)
    reasons = load_judge(str(folder))(pairs)
    assert reasons == [None if row[1] >= SUPPORTED_LEAST else UNSUPPORTED for row in expected]


def test_a_model_without_a_class_for_support_is_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path / "other", {0: "sports", 1: "politics"})
    with pytest.raises(ModelError, match="sports, politics: none of them says that a passage supports"):
        load_judge(str(folder))


def test_a_model_that_is_not_there_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot be loaded.*NEWSBOT_CHECK_MODEL"):
        load_judge(str(tmp_path / "none"))


def test_what_a_judge_does_not_find_supported_goes_with_its_reason() -> None:
    prose = ProseCheck(Question("Does the ferry sail?"), EVIDENCE)
    prose.feed("The ferry reopened on Monday [k3f9]. It carries 260 passengers [k3f9].")
    draft = judged(prose.finish(), lambda pairs: [UNSUPPORTED if "260" in claim else None for claim, _ in pairs])
    assert draft.text == "The ferry reopened on Monday [1]."
    assert [(removed.text, removed.reason) for removed in draft.removed] == [
        ("It carries 260 passengers.", UNSUPPORTED)
    ]
