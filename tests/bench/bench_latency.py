"""Milliseconds from a question to its answer over an ingested corpus, and over one of several times its size.

The larger corpus holds every article so many times under other
addresses, its vectors a little turned, so that none is the other's double for the index. Each is asked in a process of
its own, warm, one question after the other.

    newsbot ingest ../shared/bench/news-2022/articles.jsonl.gz --data DIR
    python -m tests.bench.bench_latency DIR ../shared/bench/news-2022/questions.jsonl --times 5
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bot.schema import Question, Span
from bot.settings import Settings

BATCH_ARTICLES = 200
TURN = 0.25
"""Length of what is added to a vector of length 1: the cosine to the original is then about .97."""
WARM_UP = 20


def enlarge(small: Path, large: Path, times: int) -> None:
    """Write a corpus of every article of `small` so many times."""
    import numpy as np

    from bot.wiring import open_corpus

    source = open_corpus(Settings(data_dir=small))
    random = np.random.default_rng(0)
    corpus = open_corpus(Settings(data_dir=large), create=True)
    after = 0
    with corpus.writing():
        with corpus.catalog.writing() as writer:
            writer.note("vectors", json.dumps(source.catalog.vectors_make()))
        while changes := source.catalog.changes(after, BATCH_ARTICLES * 15, dense=True):
            after = changes[-1].seq
            made, vectors = [], []
            with corpus.catalog.writing() as writer:
                for change in changes:
                    if change.vectors is None:
                        continue
                    article = change.passages[0].article
                    spans = [Span(passage.start, passage.end) for passage in change.passages]
                    for number in range(times):
                        url = f"{article.url}?again={number}" if number and article.url else article.url
                        copied = replace(article, id=f"{article.id}{number}", url=url)
                        writer.put(copied, spans)
                        noise = random.normal(size=change.vectors.shape).astype(np.float32)
                        rows = change.vectors + TURN * noise / np.linalg.norm(noise, axis=1, keepdims=True)
                        vectors.append(rows / np.linalg.norm(rows, axis=1, keepdims=True))
                        made.append(copied.id)
            with corpus.catalog.writing() as writer:
                writer.put_vectors(corpus.catalog.changes_of(made), vectors)
        corpus.follow()
    corpus.close()
    source.close()


def ask(folder: Path, questions: Path, limit: int) -> dict[str, float]:
    """Ask every question; milliseconds, the number of passages, and the process' memory in MB."""
    from bot.evaluation.question_file import read_questions
    from bot.wiring import open_asker

    asker = open_asker(Settings(data_dir=folder))
    took = []
    for number, each in enumerate(read_questions(questions)[: WARM_UP + limit]):
        day = each.asked_on + timedelta(days=3) if each.asked_on else None
        started = time.perf_counter()
        asker(Question(each.text, as_of=day))
        if number >= WARM_UP:
            took.append(1000 * (time.perf_counter() - started))
    took.sort()
    return {
        "passages": asker.retriever.corpus.catalog.counts()["passages"],
        "p50": took[len(took) // 2],
        "p95": took[int(0.95 * len(took))],
        "mb": peak_memory() / 2**20,
    }


def peak_memory() -> int:
    """The most bytes of memory that this process held. Not getrusage's: that starts from what its parent held."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return 1024 * int(found[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="folder of an ingested corpus")
    parser.add_argument("questions", type=Path)
    parser.add_argument("--times", type=int, default=5, help="size of the larger corpus (default 5; 1: leave it out)")
    parser.add_argument("--limit", type=int, default=400, help="questions (default 400)")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(ask(options.data, options.questions, options.limit)))
        return
    with tempfile.TemporaryDirectory() as name:
        folders = {1: options.data}
        if options.times > 1:
            folders[options.times] = Path(name) / "large"
            enlarge(options.data, folders[options.times], options.times)
        for folder in folders.values():
            command = [sys.executable, "-m", "tests.bench.bench_latency", str(folder), str(options.questions)]
            command += ["--child", "--limit", str(options.limit)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            found = json.loads(done.stdout)
            print(
                f"{found['passages']:>9,.0f} passages: p50 {found['p50']:.1f} ms, p95 {found['p95']:.1f} ms, "
                f"peak {found['mb']:.0f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
