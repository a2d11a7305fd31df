"""Times the reader that ships: `python -m tests.bench.bench_reader`. Prints milliseconds and ratios of one run.

The same pairs are read one at a time, as a batch, and without the graph's 8 bits where an fp32 export is given.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bot.models.reader import WEIGHTS, Reader, load_reader
from ingest.chunk import chunk
from ingest.read import read

PASSAGES = 16
RUNS = 7
SAMPLE = Path(__file__).resolve().parents[2] / "ingest" / "sample" / "news"
QUESTION = "How many NATO personnel are in Iraq?"


def contexts() -> list[tuple[str, str]]:
    """Headers and passages of the sample corpus."""
    found = []
    for item in read([str(SAMPLE)]):
        if hasattr(item, "text"):
            found += [(item.title, item.text[span.start : span.end]) for span in chunk(item.text)]
    return found[:PASSAGES]


def milliseconds(work: Callable[[], object]) -> float:
    """The median time of several runs, after one that is not counted."""
    work()
    seconds = []
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return 1000 * statistics.median(seconds)


def one_by_one(reader: Reader, passages: Sequence[tuple[str, str]]) -> None:
    """Reads each passage by itself."""
    for passage in passages:
        reader.read(QUESTION, [passage])


def main() -> None:
    """Prints the time of a passage, and how much reading them together saves."""
    began = time.perf_counter()
    reader = load_reader(Path(sys.argv[1]) if len(sys.argv) > 1 else WEIGHTS)
    print(f"loaded in {time.perf_counter() - began:.2f} s")
    passages = contexts()
    together = milliseconds(lambda: reader.read(QUESTION, passages))
    alone = milliseconds(lambda: one_by_one(reader, passages))
    print(f"{len(passages)} passages together: {together:.0f} ms, {together / len(passages):.1f} ms a passage")
    print(f"one by one: {alone:.0f} ms; together they take {together / alone:.2f} of it")


if __name__ == "__main__":
    main()
