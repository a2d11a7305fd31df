"""Measures wire-copy detection: precision, recall and speed.

Candidates are found with a dictionary in its place.

    python tests/bench/bench_copies.py [articles.jsonl.gz]

prints precision and recall on the labelled pairs of tests/pairs, then, where a file of articles is given, the
articles per second over it and every pair of articles that it links, to be judged by eye.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bot.corpus.identity import canonical_url
from ingest.boilerplate import Boilerplate, without
from ingest.copies import band_keys, is_copy

PAIRS = Path(__file__).resolve().parents[1] / "pairs" / "pairs.jsonl"


def linked(a: str, b: str, same_outlet: bool) -> bool:
    """Whether the whole path links two texts: a common key, and the verdict on the texts."""
    return not set(band_keys(a)).isdisjoint(band_keys(b)) and is_copy(a, b, same_outlet=same_outlet)


def measure_pairs() -> None:
    pairs = [json.loads(line) for line in PAIRS.read_text("utf-8").splitlines()]
    kinds: dict[str, list[bool]] = defaultdict(list)
    right = found = 0
    for pair in pairs:
        verdict = linked(pair["a"], pair["b"], pair["same_outlet"])
        kinds[pair["kind"]].append(verdict == pair["copy"])
        found += verdict
        right += verdict and pair["copy"]
    copies = sum(pair["copy"] for pair in pairs)
    print(f"{len(pairs)} labelled pairs, {copies} copies: precision {right / found:.3f}, recall {right / copies:.3f}")
    for kind, verdicts in sorted(kinds.items()):
        print(f"  {kind:28} {sum(verdicts)}/{len(verdicts)} right")


def measure_corpus(path: Path) -> None:
    articles = _articles(path)
    start = time.perf_counter()
    keys = [band_keys(article["body"]) for article in articles]
    seconds = time.perf_counter() - start
    chars = sum(len(article["body"]) for article in articles) / len(articles)
    print(f"{len(articles)} articles of {chars:,.0f} characters: {len(articles) / seconds:,.0f} articles per second")
    holders: dict[int, list[int]] = defaultdict(list)
    candidates: set[tuple[int, int]] = set()
    for i, own in enumerate(keys):
        for key in own:
            candidates.update((j, i) for j in holders[key])
            holders[key].append(i)
    start = time.perf_counter()
    links = [(i, j) for i, j in sorted(candidates) if _linked(articles[i], articles[j])]
    seconds = time.perf_counter() - start
    print(f"{len(candidates)} candidate pairs, read in {seconds:.1f} s, {len(links)} linked:")
    for i, j in links:
        for article in (articles[i], articles[j]):
            print(f"  {article['publish_date']} {article['title'][:70]:70} {article['url'][:100]}")
        print()


def _articles(path: Path) -> list[dict[str, Any]]:
    learned: dict[str, Boilerplate] = defaultdict(Boilerplate)
    articles: dict[str, dict[str, Any]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            article = json.loads(line)
            url = canonical_url(article["url"])
            if url in articles:
                continue
            boilerplate = learned[urlsplit(url).netloc]
            boilerplate.observe(article["text"])
            body = without(article["text"], boilerplate.spans(article["text"]))
            articles[url] = article | {"body": body, "outlet": urlsplit(url).netloc}
    return [article for article in articles.values() if article["body"]]


def _linked(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return is_copy(a["body"], b["body"], same_outlet=a["outlet"] == b["outlet"])


if __name__ == "__main__":
    measure_pairs()
    if len(sys.argv) > 1:
        measure_corpus(Path(sys.argv[1]))
