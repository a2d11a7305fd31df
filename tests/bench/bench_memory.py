"""Peak memory of an ingest of n articles and of ten times as many made from them, each in a process of its own.

Knows nothing about speed. Ten times as many are the same articles with their words turned round by paragraphs and
numbered, so that none is a copy. With --fake the vectors of both come from words, so that the larger run takes
minutes; the model's own memory, which does not grow with the corpus, is then not in the figures.

    python -m tests.bench.bench_memory --articles 200 [--fake]
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.bench_ingest import CACHE, NEWS, ROOT


def rows(articles: int, times: int) -> Iterator[dict[str, object]]:
    """The articles, then variants of them: another order of words, another address."""
    for number in range(times):
        with gzip.open(NEWS, "rt", encoding="utf-8") as file:
            for line in itertools.islice(file, articles):
                row = json.loads(line)
                if number:
                    words = row["text"].split(" ")
                    row["text"] = " ".join(
                        word
                        for start in range(number % 3, len(words), 3 + number)
                        for word in words[start:][: 3 + number][::-1]
                    )
                    row["url"] += f"?variant={number}"
                yield row


def child(source: Path, folder: Path, fake: bool) -> None:
    """Ingest, and print the passages and the peak of resident memory in MB."""
    from ingest.pipeline import ingest
    from ingest.read import read

    if fake:
        from tests.killing import open_corpus

        folder.mkdir()
        corpus = open_corpus(folder)
    else:
        from bot.settings import Settings
        from bot.wiring import open_corpus as open_real_corpus

        corpus = open_real_corpus(Settings(data_dir=folder, cache_dir=CACHE), create=True)
    with corpus.writing():
        for _ in ingest(corpus, read([str(source)])):
            pass
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps(corpus.catalog.counts() | {"peak_mb": round(kilobytes / 1024)}))
    corpus.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--articles", type=int, default=200)
    parser.add_argument("--fake", action="store_true", help="vectors from words instead of from the model")
    parser.add_argument("--child", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child, options.fake)
        return
    if not NEWS.is_file():
        parser.exit(1, f"{NEWS} is not there: nothing was measured.\n")
    with tempfile.TemporaryDirectory() as name:
        for times in (1, 10):
            source = Path(name) / f"{times}.jsonl"
            with source.open("w", encoding="utf-8") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows(options.articles, times))
            command = [sys.executable, "-m", "tests.bench.bench_memory", "--child", str(source)]
            command += [str(Path(name) / f"data{times}")] + ["--fake"] * options.fake
            done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
            found = json.loads(done.stdout)
            vectors = "from words" if options.fake else "by the model"
            print(
                f"{options.articles * times:>7,} read, {found['articles']:,} stored ({found['copies']:,} copies), "
                f"{found['passages']:,} passages, vectors {vectors}: peak {found['peak_mb']:,} MB"
            )


if __name__ == "__main__":
    main()
