"""Peak memory of an ingest of n articles and of ten times as many made from them, all its processes together.

Ten times as many are the same articles with their words turned round a few at a time, so that none is a copy. With
--fake the vectors come from a text's digest, of the model's dimension, so that the larger run takes minutes; the
model's own memory, which does not grow with the corpus, is then not in the figures. Memory is the proportional set size
that Linux gives, looked at four times a second.

    python -m tests.bench.bench_memory --articles 200 [--fake]
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.bench_ingest import CACHE, NEWS, ROOT

DIMENSION = 384
CLUSTERS = 500
SPREAD = 0.8
"""Length of what is added to the vector of a cluster: vectors of texts lie in heaps, not evenly."""
LOOK_EVERY_SECONDS = 0.25


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


def vectors_of(texts: list[str]) -> Any:
    """Unit vectors, shape (texts, 384), that follow from each text's digest."""
    import numpy as np

    made = np.empty((len(texts), DIMENSION), dtype=np.float32)
    for row, text in enumerate(texts):
        digest = zlib.crc32(text.encode())
        made[row] = np.random.default_rng(digest % CLUSTERS).normal(size=DIMENSION)
        made[row] += SPREAD * np.random.default_rng(digest).normal(size=DIMENSION)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def child(source: Path, folder: Path, fake: bool) -> None:
    """Ingest, and print what is stored."""
    from ingest.pipeline import ingest
    from ingest.read import read

    if fake:
        from tests.killing import open_corpus

        folder.mkdir()
        corpus = open_corpus(folder, vectors_of)
    else:
        from bot.settings import Settings
        from bot.wiring import open_corpus as open_real_corpus

        corpus = open_real_corpus(Settings(data_dir=folder, cache_dir=CACHE), create=True)
    with corpus.writing():
        for _ in ingest(corpus, read([str(source)])):
            pass
    print(json.dumps(corpus.catalog.counts()))
    corpus.close()


def memory_of(process: int) -> int:
    """Bytes that a process and those that it began hold, what they share counted once. 0 where it is gone."""
    total = 0
    try:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total = 1024 * int(line.split()[1])
        for task in Path(f"/proc/{process}/task").iterdir():
            total += sum(memory_of(int(began)) for began in (task / "children").read_text().split())
    except (OSError, ValueError):
        pass  # it ended while it was looked at
    return total


def run(command: list[str]) -> tuple[dict[str, int], int]:
    """What a command printed, and the most bytes that it held."""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        most = 0
        while process.poll() is None:
            most = max(most, memory_of(process.pid))
            time.sleep(LOOK_EVERY_SECONDS)
        assert process.stdout is not None
        printed = process.stdout.read()
    if process.returncode:
        raise SystemExit(process.returncode)
    found: dict[str, int] = json.loads(printed)
    return found, most


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--articles", type=int, default=200)
    parser.add_argument("--fake", action="store_true", help="vectors from digests instead of from the model")
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
            found, most = run(command)
            vectors = "from digests" if options.fake else "by the model"
            print(
                f"{options.articles * times:>7,} read, {found['articles']:,} stored ({found['copies']:,} copies), "
                f"{found['passages']:,} passages, vectors {vectors}: peak {most / 2**20:,.0f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
