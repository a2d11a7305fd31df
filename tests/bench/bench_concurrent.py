"""How soon a new article is found while another process ingests, and whether anything wrong is ever answered.

Asks through `open_chain` all the time; the delay counts from the commit of the catalog.

    python -m tests.bench.bench_concurrent --articles 1000
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.bench.bench_ingest import CACHE, ROOT
from tests.killing import story


def write(folder: Path, articles: int) -> None:
    """Ingest; print each article's number with the moment of its commit."""
    from bot.settings import Settings
    from bot.wiring import open_corpus
    from ingest import pipeline

    store_batch = pipeline._store_batch

    def timed(*arguments: object) -> object:
        found = store_batch(*arguments)  # type: ignore[arg-type]
        print(json.dumps([time.monotonic(), [each.title.split()[-1] for each in found[0]]]), flush=True)
        return found

    pipeline._store_batch = timed  # type: ignore[assignment]
    corpus = open_corpus(Settings(data_dir=folder, cache_dir=CACHE), create=True)
    with corpus.writing():
        list(pipeline.ingest(corpus, (story(number, 2) for number in range(1, articles + 1))))
    corpus.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--articles", type=int, default=1000)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        write(options.child, options.articles)
        return
    from bot.settings import Settings
    from bot.wiring import open_chain, open_corpus
    from ingest.pipeline import ingest

    with tempfile.TemporaryDirectory() as name:
        settings = Settings(data_dir=Path(name) / "data", cache_dir=CACHE)
        corpus = open_corpus(settings, create=True)
        with corpus.writing():
            list(ingest(corpus, [story(0, 2)]))
        chain = open_chain(settings)
        chain.invoke("What became of file 0?")
        command = [sys.executable, "-m", "tests.bench.bench_concurrent", "--articles", str(options.articles)]
        writer = subprocess.Popen([*command, "--child", name + "/data"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        told: list[tuple[float, list[str]]] = []

        def listen() -> None:
            assert writer.stdout is not None
            for line in iter(writer.stdout.readline, ""):
                told.append(json.loads(line))  # noqa: PERF401 - while another thread reads it

        threading.Thread(target=listen, daemon=True).start()
        delays, asked, wrong, done = [], 0, 0, 0
        while writer.poll() is None or done < len(told):
            if done == len(told):
                chain.invoke("What became of file 0?")
                asked += 1
                continue
            moment, numbers = told[done]
            newest = story(int(numbers[-1]), 2).id
            while True:
                answer = chain.invoke(f"What became of file {numbers[-1]}?")
                asked += 1
                for each in answer.citations:
                    wrong += each.article.text[each.start : each.end] != each.quote
                    wrong += corpus.catalog.article(each.article.id) != each.article
                if any(id_.startswith(f"{newest}.") for id_ in answer.retrieved):
                    delays.append(time.monotonic() - moment)
                    break
                if time.monotonic() - moment > 30:
                    delays.append(float("inf"))
                    break
            done += 1
        corpus.close()
    print(f"{options.articles:,} articles in {len(told)} commits, writer's status {writer.returncode}; {asked} asked")
    print(f"found after its commit: median {statistics.median(delays):.2f} s, most {max(delays):.2f} s; wrong: {wrong}")


if __name__ == "__main__":
    main()
