"""Ingests a folder of articles and measures it by the folder's questions, as `newsbot eval` does; learns the weights.

`python -m tests.bench.bench_retrieval [FOLDER] --data DIR`.
"""

from __future__ import annotations

import argparse
import itertools
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bot.asking import Asker
from bot.cli import main as command
from bot.evaluation.question_file import EvalQuestion
from bot.evaluation.report import HITS_AT
from bot.evaluation.run import is_right, known_later
from bot.retrieval.retriever import WEIGHTS, FusionWeights
from bot.schema import Article, Hit, Question
from bot.settings import Settings
from bot.wiring import open_asker, open_corpus
from tests.bench.news import SHARED, answerable, load

ARTICLES = 1_500
WARM = 100
"""Questions that are asked before memory is looked at."""
FOLDS = 5
GRID: dict[str, tuple[float, ...]] = {
    "lexical": (0.2, 0.3, 0.5, 1.0),
    "held": (0.0, 0.45, 0.7),
    "about": (0.0, 0.5, 0.8, 1.1),
    "day": (0.25, 0.35, 0.45),
    "lead": (0.1, 0.2),
}
"""Weights that are tried; the scale of all is free, so one step in each is enough."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for a question: the hits, and for each whether it is a relevant passage with a gold answer."""

    hits: Sequence[Hit]
    right: Sequence[bool]


def subset(articles: Sequence[Article], asked: Sequence[EvalQuestion], count: int) -> list[Article]:
    """The relevant articles, and as many others by chance (always the same) as make `count`."""
    relevant = {url for question in asked for url in question.relevant or ()}
    kept = [article for article in articles if article.url in relevant]
    others = [article for article in articles if article.url not in relevant]
    random.Random(0).shuffle(others)
    return kept + others[: max(0, count - len(kept))]


def ingested(settings: Settings, articles: Sequence[Article]) -> None:
    """Puts articles into the corpus of `settings`; those that are there stay as they are."""
    from ingest.pipeline import ingest

    corpus = open_corpus(settings, create=True)
    with corpus.writing():
        kinds = [outcome.kind for outcome in ingest(corpus, (replace(each, id="") for each in articles))]
    print(f"{len(articles)} articles: " + ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds))))
    corpus.close()


def judged(asker: Asker, question: EvalQuestion, count: int) -> Found:
    """The best `count` passages for a question, and which of them are right."""
    understood = known_later(asker.understand(Question(question.text, as_of=question.asked_on)).understood)
    # The weights are those of fusion, before the reader orders the best anew.
    hits = [
        replace(hit, parts={name: part for name, part in hit.parts.items() if name not in ("fused", "matter", "read")})
        for hit in asker.retriever.retrieve(understood, count).hits
    ]
    return Found(hits, [is_right(question, hit) for hit in hits])


def places(found: Iterable[Found], key: Callable[[Hit], float]) -> list[int]:
    """For each question the place, from 1, of the first right hit when sorted by `key`; 0 where there is none."""
    at = []
    for each in found:
        order = sorted(range(len(each.hits)), key=lambda index: -key(each.hits[index]))
        at.append(next((place for place, index in enumerate(order, start=1) if each.right[index]), 0))
    return at


def row(at: Sequence[int]) -> str:
    """hit@1, hit@4, hit@10 and the mean reciprocal rank."""
    hits = [sum(0 < place <= depth for place in at) / len(at) for depth in HITS_AT]
    reciprocal = sum(1 / place for place in at if place) / len(at)
    return "".join(f"{figure:9.3f}" for figure in (*hits, reciprocal))


def fused(weights: FusionWeights) -> Callable[[Hit], float]:
    """The score of a hit by other weights (but for the title's, which BM25 holds)."""
    return lambda hit: sum(getattr(weights, name, 0.0) * part for name, part in hit.parts.items())


def learned(found: Sequence[Found]) -> FusionWeights:
    """The weights of the grid with the best sum of hit@1 and MRR."""
    best, best_value = WEIGHTS, -1.0
    for values in itertools.product(*GRID.values()):
        weights = replace(WEIGHTS, **dict(zip(GRID, values, strict=True)))
        at = places(found, fused(weights))
        value = sum((place == 1) + 1 / place for place in at if place)
        if value > best_value:
            best, best_value = weights, value
    return best


def main() -> None:
    """Prints memory and the table of `newsbot eval`; with --learn instead, what other weights of fusion would give."""
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

    asker = open_asker(settings)
    if told.learn:
        learn([judged(asker, each, told.candidates) for each in asked])
        return
    for question in asked[:WARM]:
        asker(Question(question.text, as_of=question.asked_on))
    print(f"memory after {min(WARM, len(asked))} questions: {resident_mib():.0f} MiB", flush=True)
    questions_file = str(SHARED / told.folder / "questions.jsonl")
    command(["eval", questions_file, "--data", str(told.data), "--rows", "dense,lexical,hybrid"])


def learn(found: Sequence[Found]) -> None:
    """Prints what weights give on questions that they were not chosen by, and those chosen by all questions."""
    order = np.random.default_rng(0).permutation(len(found))
    held_out: list[int] = []
    for fold in range(FOLDS):
        test = set(order[fold::FOLDS].tolist())
        weights = learned([found[index] for index in range(len(found)) if index not in test])
        held_out += places([found[index] for index in sorted(test)], fused(weights))
    print(f"{'held out':12}" + row(held_out))
    weights = learned(found)
    print(f"{'all of them':12}" + row(places(found, fused(weights))) + f"   {weights}")


def resident_mib() -> float:
    """Memory of this process that is resident, in MiB (Linux)."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


if __name__ == "__main__":
    main()
