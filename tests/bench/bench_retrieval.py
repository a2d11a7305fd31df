"""Measures retrieval over a folder of articles and questions: `python -m tests.bench.bench_retrieval [FOLDER]`.

Knows nothing about how answers are made: dense alone, BM25 alone and both fused are ranked by where a gold answer is.

A hit is a passage of a relevant article that holds a gold answer. Articles that answer were published up to three days
after the question was asked. A question hides what came after its day, so each is asked as of three days later; the
evidence of dates counts from the day it was asked.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from bot.retrieval.question import Understood, understand
from bot.retrieval.retriever import WEIGHTS, FusionWeights, Retriever
from bot.schema import Article, Hit, Question
from bot.settings import Settings
from tests.bench.bench_quoting import SHARED, SOURCES, answerable, holds, load

LATE = timedelta(days=3)
DEPTHS = (1, 4, 10)
ARTICLES = 1_500
FOLDS = 5
GRID: dict[str, tuple[float, ...]] = {
    "lexical": (0.7, 0.85, 1.0, 1.2, 1.5),
    "dense": (0.4, 0.6, 0.8, 1.0, 1.3),
    "day": (0.1, 0.2, 0.3, 0.4),
}
"""Weights that are tried; the scale of all is free, so one step in each is enough."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for a question: the hits, and for each whether it is a relevant passage with a gold answer."""

    hits: Sequence[Hit]
    right: Sequence[bool]


def subset(articles: Sequence[Article], asked: Sequence[dict[str, Any]], count: int) -> list[Article]:
    """The relevant articles, and as many others by chance (always the same) as make `count`."""
    relevant = {url for question in asked for url in question["relevant"]}
    kept = [article for article in articles if article.url in relevant]
    others = [article for article in articles if article.url not in relevant]
    random.Random(0).shuffle(others)
    return kept + others[: max(0, count - len(kept))]


def ingested(settings: Settings, articles: Sequence[Article]) -> None:
    """Puts articles into the corpus of `settings`; those that are there stay as they are."""
    from bot.wiring import open_corpus
    from ingest.pipeline import ingest

    corpus = open_corpus(settings, create=True)
    with corpus.writing():
        kinds = [outcome.kind for outcome in ingest(corpus, (replace(each, id="") for each in articles))]
    print(f"{len(articles)} articles: " + ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds))))
    corpus.close()


def asked_of(question: dict[str, Any]) -> Understood:
    """The question as of three days later, its days counted from the day it was asked."""
    asked_on = date.fromisoformat(question["asked_on"])
    understood = understand(Question(question["question"], as_of=asked_on), asked_on, SOURCES)
    return replace(understood, question=replace(understood.question, as_of=asked_on + LATE))


def judged(question: dict[str, Any], hits: Sequence[Hit]) -> Found:
    """Which hits are relevant passages with a gold answer; a copy of a relevant article is one too."""
    relevant = set(question["relevant"])
    right = [
        any(article.url in relevant for article in (hit.article, *hit.also_in))
        and holds(hit.passage.text, question["answers"])
        for hit in hits
    ]
    return Found(hits, right)


def ranks(found: Iterable[Found], key: Callable[[Hit], float]) -> list[int]:
    """For each question the place, from 1, of the first right hit when sorted by `key`; 0 where there is none."""
    places = []
    for each in found:
        order = sorted(range(len(each.hits)), key=lambda index: -key(each.hits[index]))
        places.append(next((place for place, index in enumerate(order, start=1) if each.right[index]), 0))
    return places


def row(places: Sequence[int]) -> str:
    """hit@1, hit@4, hit@10 and the mean reciprocal rank."""
    hits = [sum(0 < place <= depth for place in places) / len(places) for depth in DEPTHS]
    reciprocal = sum(1 / place for place in places if place) / len(places)
    return "".join(f"{figure:9.3f}" for figure in (*hits, reciprocal))


def fused(weights: FusionWeights) -> Callable[[Hit], float]:
    """The score of a hit by other weights (but for the title's, which BM25 holds)."""
    return lambda hit: sum(getattr(weights, name) * part for name, part in hit.parts.items())


def learned(found: Sequence[Found]) -> FusionWeights:
    """The weights of the grid with the best sum of hit@1 and MRR."""
    best, best_value = WEIGHTS, -1.0
    for lexical in GRID["lexical"]:
        for dense in GRID["dense"]:
            for day in GRID["day"]:
                weights = replace(WEIGHTS, lexical=lexical, dense=dense, day=day)
                places = ranks(found, fused(weights))
                value = sum((place == 1) + 1 / place for place in places if place)
                if value > best_value:
                    best, best_value = weights, value
    return best


def main() -> None:
    """Prints the three rankings, and what a whole answer costs; with --learn, what other weights would give."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default="news-2022", help="a folder beside the shared benchmarks")
    parser.add_argument("--articles", type=int, default=ARTICLES, help="relevant articles and others to this number")
    parser.add_argument("--all", action="store_true", help="all articles of the folder")
    parser.add_argument("--data", type=Path, required=True, help="where the corpus is kept between runs")
    parser.add_argument("--candidates", type=int, default=60, help="passages that are ranked")
    parser.add_argument("--learn", action="store_true", help="search the weights of fusion by cross-validation")
    told = parser.parse_args()
    articles, questions = load(SHARED / told.folder)
    asked = [question for question in questions if answerable(question)]
    settings = Settings(data_dir=told.data)
    ingested(settings, articles if told.all else subset(articles, asked, told.articles))

    from bot.chain import make_chain
    from bot.wiring import open_retrieval, read_prompt

    retriever = open_retrieval(settings)
    found = [judged(each, retriever.retrieve(asked_of(each), told.candidates).hits) for each in asked]
    print(f"{len(asked)} questions, the best {told.candidates} passages of each index")
    print(f"{'':12}" + "".join(f"{f'hit@{depth}':>9}" for depth in DEPTHS) + f"{'MRR':>9}")
    for name, key in (
        ("dense only", lambda hit: hit.parts["dense"]),
        ("BM25 only", lambda hit: hit.parts["lexical"]),
        ("ours", lambda hit: hit.score),
    ):
        print(f"{name:12}" + row(ranks(found, key)))
    if told.learn:
        learn(found)
    prompts = {name: read_prompt(name, settings) for name in ("not_answered", "no_articles")}
    cost(
        retriever,
        [Question(each["question"], as_of=asked_of(each).question.as_of) for each in asked],
        prompts,
        make_chain,
    )


def learn(found: Sequence[Found]) -> None:
    """Prints what weights give on questions that they were not chosen by, and those chosen by all questions."""
    order = np.random.default_rng(0).permutation(len(found))
    held_out: list[int] = []
    for fold in range(FOLDS):
        test = set(order[fold::FOLDS].tolist())
        weights = learned([found[index] for index in range(len(found)) if index not in test])
        held_out += ranks([found[index] for index in sorted(test)], fused(weights))
    print(f"{'held out':12}" + row(held_out))
    weights = learned(found)
    print(f"{'all of them':12}" + row(ranks(found, fused(weights))) + f"   {weights}")


def cost(retriever: Retriever, questions: Sequence[Question], prompts: dict[str, str], make_chain: Any) -> None:
    """Prints the time of a whole answer, warm, and the memory of this process."""
    chain = make_chain(retriever, prompts, hits=10, question_chars=1_000)
    chain.invoke(questions[0])
    seconds = []
    for question in questions:
        began = time.perf_counter()
        chain.invoke(question)
        seconds.append(time.perf_counter() - began)
    p50, p95 = (1000 * float(np.quantile(seconds, share)) for share in (0.5, 0.95))
    print(f"a whole answer: p50 {p50:.1f} ms, p95 {p95:.1f} ms; memory {resident_mib():.0f} MiB")


def resident_mib() -> float:
    """Memory of this process that is resident, in MiB (Linux)."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


if __name__ == "__main__":
    main()
