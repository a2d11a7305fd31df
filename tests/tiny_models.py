"""Small models built here, with random weights: real files for real loading code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def _word_tokenizer(folder: Path, texts: Iterable[str], special: list[str]) -> int:
    """Write a word-level tokenizer of the texts' words; returns the size of its vocabulary."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(texts, trainers.WordLevelTrainer(special_tokens=special))
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    return int(tokenizer.get_vocab_size())


def tiny_mpnet(folder: Path, texts: Iterable[str], *, layers: int = 2) -> Path:
    """An MPNet encoder of a few thousand parameters that knows the words of the texts."""
    import torch
    from transformers import MPNetConfig, MPNetModel

    size = _word_tokenizer(folder, texts, SPECIAL)
    torch.manual_seed(5)
    config = MPNetConfig(
        vocab_size=size + (-size) % 32,
        hidden_size=96,
        num_hidden_layers=layers,
        num_attention_heads=4,
        intermediate_size=96,
        max_position_embeddings=400,
    )
    MPNetModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


def tiny_bert(
    folder: Path, texts: Iterable[str], kind: str, *, labels: Sequence[str] = ("0", "1"), spread: float = 0.02
) -> Path:
    """A BERT of the transformers class `Bert<kind>` ("ForQuestionAnswering", ...), with its tokenizer.

    `labels` are its classes; `spread` is the deviation of its weights: from .5 on, verdicts differ from text to text.
    """
    import torch
    import transformers
    from tokenizers import Tokenizer
    from tokenizers.processors import TemplateProcessing

    size = _word_tokenizer(folder, texts, ["[PAD]", "[CLS]", "[SEP]", "<unk>"])
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    wrapped = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]", unk_token="<unk>",
        model_max_length=512,
    )  # fmt: skip
    torch.manual_seed(6)
    config = transformers.BertConfig(
        vocab_size=size, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        initializer_range=spread, id2label=dict(enumerate(labels)),
        label2id={name: place for place, name in enumerate(labels)},
    )  # fmt: skip
    getattr(transformers, f"Bert{kind}")(config).save_pretrained(folder)
    wrapped.save_pretrained(folder)
    return folder
