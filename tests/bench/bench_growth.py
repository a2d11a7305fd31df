"""What a corpus costs as it grows: for each size, passages a second, memory, disk, and the time of a question.

Texts are drawn from a vocabulary, vectors lie in heaps as those of texts do, 384 numbers each; no model runs. Measured
are the catalog, tantivy and Chroma, in files or (`--server`) on a server, and at the end what making Chroma's index
anew from the catalog's vectors takes. Times of a processor are of this process alone.

    python -m tests.bench.bench_growth --passages 16000 64000 [--server] [--postgres] [--anew]
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import tempfile
import time
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from bot.corpus.chroma import ChromaServer
from bot.schema import Article, Span
from tests.fakes import corpus_of
from tests.servers import chroma_server, postgres_server

DIMENSION = 384
HEAPS = 64
PASSAGES = 14
"""Of an article, as in English news cut to 800 characters."""
WORDS = 120
"""Of a passage."""
BATCH_ARTICLES = 150
QUESTIONS = 200


def vectors_of(chance: np.random.Generator, directions: Any, count: int) -> Any:
    """Unit vectors, shape (count, 384)."""
    made = chance.normal(size=(count, HEAPS)) @ directions + 0.3 * chance.normal(size=(count, DIMENSION))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def article_of(chance: np.random.Generator, vocabulary: Any, number: int) -> tuple[Article, list[Span]]:
    """An article of so many passages, and its cutting."""
    drawn = (chance.zipf(1.3, size=(PASSAGES, WORDS)) - 1) % len(vocabulary)
    said = [" ".join(vocabulary[row]) for row in drawn]
    spans, start = [], 0
    for each in said:
        spans.append(Span(start, start + len(each)))
        start += len(each) + 2
    source = f"Outlet {number % 40}"
    day = date(2015, 1, 1) + timedelta(days=number % 3_000)
    url = f"https://x.example/{number}"
    return Article(
        title=f"Number {number}", text="\n\n".join(said), id=f"{number:016x}", source=source, published=day, url=url
    ), spans


def measured(corpus: Any, folder: Path, passages: int, state: dict[str, Any], *, anew: bool) -> dict[str, float]:
    """Fill the corpus up to so many passages; what it cost. `anew`: the indexes are made anew at the end, once."""
    chance, directions, vocabulary = state["chance"], state["directions"], state["vocabulary"]
    first, started, worked = state["articles"], time.perf_counter(), time.process_time()
    with corpus.writing():
        while state["articles"] * PASSAGES < passages:
            batch = [article_of(chance, vocabulary, state["articles"] + each) for each in range(BATCH_ARTICLES)]
            state["articles"] += BATCH_ARTICLES
            with corpus.catalog.writing() as writer:
                for article, spans in batch:
                    writer.put(article, spans)
            changes = corpus.catalog.unembedded(10**9)
            with corpus.catalog.writing() as writer:
                writer.note("vectors", json.dumps({"model": "of the tests"}))
                writer.put_vectors(changes, [vectors_of(chance, directions, PASSAGES) for _ in changes])
            if not anew:
                corpus.follow()
        stored = time.perf_counter() - started
        if anew:
            for index in corpus.followers:
                corpus._reset(index)
                corpus._follow(index, None)
    seconds, processor = time.perf_counter() - started, time.process_time() - worked
    corpus.require_indexes()
    times: dict[str, list[float]] = {"dense": [], "lexical": [], "catalog": [], "figures": []}
    for _ in range(QUESTIONS):
        vector = vectors_of(chance, directions, 1)[0]
        terms = corpus.lexical.terms(" ".join(vocabulary[(chance.zipf(1.3, size=6) + 20) % len(vocabulary)]))
        hits = [id_ for id_, _ in corpus.lexical.search(terms, 200)]
        for name, ask in (
            ("dense", lambda vector=vector: corpus.vectors.search(vector, 100)),
            ("lexical", lambda terms=terms: corpus.lexical.search(terms, 100)),
            ("catalog", lambda hits=hits: in_the_catalog(corpus, hits)),
            ("figures", lambda: (corpus.coverage(), corpus.sources())),
        ):
            begun, worked = time.perf_counter(), time.process_time()
            ask()
            times[name].append((time.perf_counter() - begun) * 1000)
            times.setdefault(f"{name}_processor", []).append((time.process_time() - worked) * 1000)
    disk = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return {
        "passages": state["articles"] * PASSAGES,
        "passages_a_second": (state["articles"] - first) * PASSAGES / seconds,
        "of_these_seconds_in_the_catalog": stored,
        "seconds": seconds,
        "processor_seconds": processor,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "disk_bytes_a_passage": disk / (state["articles"] * PASSAGES),
    } | {f"{name}_ms": statistics.median(each) for name, each in times.items()}


def in_the_catalog(corpus: Any, ids: list[str]) -> None:
    """What a question reads there: where its hits stand, the best ones' articles, vectors and copies."""
    corpus.catalog.passage_metas(ids)
    best = ids[:30]
    corpus.catalog.passages(best)
    corpus.catalog.vectors(best)
    corpus.catalog.copies([id_.split(".", 1)[0] for id_ in best])


def main() -> None:
    """Measure each size, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, nargs="+", default=[16_000, 64_000])
    parser.add_argument("--server", action="store_true", help="Chroma on a server")
    parser.add_argument("--postgres", action="store_true", help="the catalog in PostgreSQL")
    parser.add_argument("--anew", action="store_true", help="the indexes are made anew at each size, not kept up")
    options = parser.parse_args()
    chance = np.random.default_rng(1)
    syllables = ["ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "xe"]
    vocabulary = np.array([f"{a}{b}{c}{d}" for a in syllables for b in syllables for c in syllables for d in syllables])
    state = {"chance": chance, "vocabulary": vocabulary, "articles": 0}
    state["directions"] = chance.normal(size=(HEAPS, DIMENSION))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        where = stack.enter_context(postgres_server()) if options.postgres else None
        dense = ChromaServer(stack.enter_context(chroma_server(folder / "server" / "db"))) if options.server else None
        corpus = corpus_of(
            folder / "data", lambda _: vectors_of(chance, state["directions"], 0), where=where, dense=dense
        )
        for passages in options.passages:
            found = measured(corpus, folder, passages, state, anew=options.anew)
            print("  ".join(f"{name} {value:,.1f}" for name, value in found.items()), flush=True)
        begun, cpu = time.perf_counter(), time.process_time()
        with corpus.writing():
            corpus._reset(corpus.dense)
            corpus._follow(corpus.dense, None)
        print(
            f"Chroma's index made anew from the catalog's vectors: {time.perf_counter() - begun:,.0f} s, "
            f"{time.process_time() - cpu:,.0f} s of a processor in this process"
        )
        corpus.close()


if __name__ == "__main__":
    main()
