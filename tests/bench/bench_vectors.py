"""What retrieval loses or gains by what is embedded: content words by 8-bit weights beside every word by 32-bit ones.

Each question's passages are ranked by cosine alone, among all passages of the articles that are relevant to any of the
questions.

    python -m tests.bench.bench_vectors --questions 150

Needs ../shared/bench beside the checkout.
"""

from __future__ import annotations

import argparse
import time
from datetime import timedelta
from pathlib import Path

import numpy as np

from bot.corpus.embedded_text import document
from bot.evaluation.report import HITS_AT
from bot.evaluation.run import AS_OF_SLACK_DAYS, DEPTH, place_of_right
from bot.models.embeddings import load_embeddings
from bot.schema import Hit, Passage
from ingest.chunk import chunk
from tests.bench.bench_retrieval import row
from tests.bench.news import SHARED, answerable, load

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", default="news-2022", help="a folder beside the shared benchmarks")
    parser.add_argument("--questions", type=int, default=150, help="the first so many (default 150)")
    parser.add_argument("--cache", type=Path, default=ROOT / ".pytest_cache" / "newsbot" / "models")
    options = parser.parse_args()
    articles, questions = load(SHARED / options.folder)
    asked = [question for question in questions if answerable(question)][: options.questions]
    relevant = {url for question in asked for url in question.relevant or ()}
    passages = [
        Passage(f"{article.url} {span.start}", article, span.start, span.end)
        for article in articles
        if article.url in relevant
        for span in chunk(article.text)
    ]
    days = np.array([each.article.published.toordinal() if each.article.published else 0 for each in passages])
    print(f"{len(asked)} questions, {len(passages):,} passages")
    print(f"{'':<20}" + "".join(f"{name:>9}" for name in (*(f"hit@{k}" for k in HITS_AT), "MRR@10")) + "   passages/s")
    for name, runtime, content in (("every word, fp32", "fp32", False), ("content words, int8", "int8", True)):
        embeddings = load_embeddings(cache_dir=options.cache, runtime=runtime)  # type: ignore[arg-type]
        started = time.perf_counter()
        vectors = embeddings.encode([document(each, content_words=content) for each in passages])
        seconds = time.perf_counter() - started
        places = []
        for question in asked:
            cosines = vectors @ embeddings.encode([question.text], "query")[0]
            if question.asked_on:
                known = question.asked_on + timedelta(days=AS_OF_SLACK_DAYS)
                cosines = np.where(days <= known.toordinal(), cosines, -2.0)
            best = [Hit(passages[index], float(cosines[index]), {}) for index in np.argsort(-cosines)[:DEPTH]]
            places.append(place_of_right(question, best))
        print(f"{name:<20}{row(places)}{len(passages) / seconds:13.1f}", flush=True)


if __name__ == "__main__":
    main()
