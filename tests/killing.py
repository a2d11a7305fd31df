"""An ingest that is forked from a process with everything imported, so that it can be killed often: no test by itself.

Catalog, tantivy and Chroma are real; vectors come from the words alone, so that
thousands of them cost nothing and are the same in every run.

    python -m tests.killing     reads a line of JSON for each attempt, prints one line of JSON about its end
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import random
import signal
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from bot.corpus.identity import article_id
from bot.schema import Article
from tests.fakes import article, corpus_of

DIMENSION = 64
PASSAGE_CHARS = 200
ENCODE_SECONDS = 0.0005
"""How long the model of the tests takes for a passage."""
READ_SECONDS = 0.001
"""How long an article takes to read: lines of JSON alone would be gone before a kill comes."""
PHASES = ("reading", "catalog", "BM25", "embedding", "Chroma")
STEPS = ("first", "second", "removal")
"""What is done one after the other, each again until it comes to its end."""

PLACES = ("Aldermoor", "Brackwater", "Calverton", "Dunmere", "Eastfold", "Farrowby", "Glenholt", "Harrowgate")
THINGS = ("bridge", "railway", "hospital", "library", "reservoir", "theatre", "quarry", "harbour", "market", "museum")
ACTORS = ("the mayor", "engineers", "a union", "the council", "residents", "two ministers", "the auditor", "a court")
VERBS = ("delayed", "approved", "questioned", "inspected", "repaired", "sold", "reopened", "praised", "insured")
ENDS = ("after a storm", "before winter", "without a vote", "in the rain", "for a second time", "despite the cost")


def story(number: int, sentences: int = 9) -> Article:
    """An invented article; no two share more than a few words in a row."""
    chance = random.Random(number)
    said = [
        f"{chance.choice(ACTORS).capitalize()} {chance.choice(VERBS)} the {chance.choice(THINGS)} of "
        f"{chance.choice(PLACES)} {chance.choice(ENDS)}, at a cost of {chance.randrange(10_000)} crowns "
        f"and {chance.randrange(10_000)} days, under file {'abcdefghkmnp'[i % 12]}{number}x{chance.randrange(10**6)}."
        for i in range(sentences)
    ]
    text = "\n\n".join(" ".join(said[i : i + 3]) for i in range(0, len(said), 3))
    made = article(f"story{number}", text, source=("The Post", "The Herald", "The Globe")[number % 3],
                   published=date(2024, 1, 1 + number % 28), title=f"What became of file {number}")  # fmt: skip
    return replace(made, id=article_id(made))


def first_articles(count: int) -> list[Article]:
    """Articles, and some copies of them that other outlets printed."""
    made = [story(number) for number in range(count)]
    for number in range(7, count, 15):
        other = made[number - 4]
        copy = replace(made[number], text=other.text, title=other.title, published=date(2024, 2, 1), id="")
        made[number] = replace(copy, id=article_id(copy))
    return made


def second_articles(count: int) -> list[Article]:
    """A tenth of the first ones with other words, and some new ones."""
    changed = [replace(each, text=each.text.replace("crowns", "ducats")) for each in first_articles(count)[::10]]
    return changed + [story(number) for number in range(count, count + count // 10)]


def removed_articles(count: int) -> list[Article]:
    """Some that are left, some that were changed, and one that has a copy."""
    first = first_articles(count)
    return [first[3], first[10], first[21]]


def write_articles(path: Path, articles: Iterable[Article]) -> None:
    """A file of JSON Lines for the reader."""
    with path.open("w", encoding="utf-8") as file:
        for each in articles:
            assert each.published is not None
            row = {"url": each.url, "title": each.title, "text": each.text, "source": each.source}
            file.write(json.dumps(row | {"published": each.published.isoformat()}) + "\n")


def encode(texts: list[str]) -> Any:
    """Unit vectors that follow from the words of each text."""
    import numpy as np

    vectors = np.zeros((len(texts), DIMENSION), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in text.lower().split():
            vectors[row, zlib.crc32(word.encode()) % DIMENSION] += 1
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def open_corpus(folder: Path, encode: Callable[[list[str]], Any] = encode) -> Any:
    """The corpus in a folder, made where there is none, with the vectors of the tests."""
    return corpus_of(folder, encode)


def work(
    folder: Path, step: str, sources: Path, removed: list[str], enter: Callable[[str], None], *, slow: bool = True
) -> None:
    """One step of the ingest; `enter` is told which phase begins. Not `slow`: without the time that a model takes."""
    if not slow:
        corpus = open_corpus(folder)
        with corpus.writing():
            _do(corpus, step, sources, removed)
        corpus.close()
        return
    from bot.corpus.chroma_files import ChromaFiles
    from bot.corpus.lexical import TantivyFiles
    from ingest import pipeline
    from ingest.read import read

    def slow_encode(texts: list[str]) -> Any:
        enter("embedding")
        time.sleep(ENCODE_SECONDS * len(texts))
        return encode(texts)

    def read_articles() -> Iterator[Any]:
        for item in read([str(sources / f"{step}.jsonl")]):
            enter("reading")
            time.sleep(READ_SECONDS)
            yield item
        enter("reading")

    store_batch = pipeline._store_batch

    def telling(index: Any, phase: str) -> None:
        apply = index.apply

        def told_apply(self: Any, changes: Any, state: Any) -> None:
            enter(phase)
            apply(self, changes, state)

        index.apply = told_apply

    def told_store_batch(*arguments: Any) -> Any:
        enter("catalog")
        return store_batch(*arguments)

    telling(TantivyFiles, "BM25")
    telling(ChromaFiles, "Chroma")
    pipeline._store_batch = told_store_batch
    pipeline.BATCH_ARTICLES, pipeline.FOLLOW_PASSAGES = 16, 128
    corpus = open_corpus(folder, slow_encode)
    with corpus.writing():
        _do(corpus, step, sources, removed, read_articles())
    corpus.close()


def _do(corpus: Any, step: str, sources: Path, removed: list[str], articles: Iterable[Any] | None = None) -> None:
    from ingest import pipeline
    from ingest.read import read

    if step == "removal":
        with corpus.catalog.writing() as writer:
            for id_ in removed:
                writer.remove(id_)
        corpus.follow()
    else:
        items = articles if articles is not None else read([str(sources / f"{step}.jsonl")])
        list(pipeline.ingest(corpus, items, passage_chars=PASSAGE_CHARS))


def attempt(order: dict[str, Any]) -> dict[str, Any]:
    """Fork a child that does a step; kill it as ordered; what became of it.

    `kill` is None, ["seconds", n]: so long after the fork, or [phase, n, seconds]: that long after the phase began
    for the n-th time; or ["graph", n, seconds]: that long after Chroma touched a file of its graph for the n-th time.
    """
    folder = Path(order["folder"])
    graph, touched = _graph(folder), 0
    shared = mmap.mmap(-1, 4096)
    errors, says = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(errors)
        _child(order, shared, says)
    os.close(says)
    started = time.monotonic()
    due = order["kill"][1] if order["kill"] and order["kill"][0] == "seconds" else None
    status = None
    while status is None:
        done, code = os.waitpid(child, os.WNOHANG)
        if done:
            status = code
            break
        now = time.monotonic()
        if due is None and order["kill"]:
            if order["kill"][0] == "graph":
                before, graph = graph, _graph(folder)
                touched += graph != before
                begun = touched
            else:
                begun = shared[1 + PHASES.index(order["kill"][0])]
            if begun >= order["kill"][1]:
                due = now - started + order["kill"][2]
        if due is not None and now - started >= due:
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
        time.sleep(0.0003)
    seconds = time.monotonic() - started
    with os.fdopen(errors, encoding="utf-8") as pipe:
        error = pipe.read()
    phase = PHASES[shared[0] - 1] if shared[0] else "opening"
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL  # from here, or by its own hand
    return {"killed": killed, "status": status, "seconds": seconds, "phase": phase, "error": error}


def _graph(folder: Path) -> set[tuple[str, int, int]]:
    """The files of Chroma's graphs, and of their copies, as they are now: name, bytes, time of change."""
    found = set()
    with contextlib.suppress(FileNotFoundError):  # a folder was renamed just now: the next look sees it
        for path in folder.glob("chroma/*/*.bin"):
            stat = path.stat()
            found.add((f"{path.parent.name}/{path.name}", stat.st_size, stat.st_mtime_ns))
    return found


def _child(order: dict[str, Any], shared: mmap.mmap, says: int) -> None:
    """Never returns: the parent's cleaning up is not the child's."""
    code = 1

    def enter(phase: str) -> None:
        number = PHASES.index(phase)
        shared[1 + number] = min(255, shared[1 + number] + 1)
        shared[0] = number + 1
        if order["kill"] == [phase, shared[1 + number], 0]:
            os.kill(os.getpid(), signal.SIGKILL)  # at once means here: from outside it would come a moment later

    try:
        if order.get("file_bytes"):
            import resource

            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (order["file_bytes"], order["file_bytes"]))
        work(Path(order["folder"]), order["step"], Path(order["sources"]), order["removed"], enter)
        code = 0
    except BaseException as error:  # whatever it is, the test must hear of it
        os.write(says, f"{type(error).__name__}: {error}".encode())
    finally:
        os._exit(code)


def main() -> None:
    """Import all that an ingest needs, then serve."""
    import chromadb  # noqa: F401
    import numpy  # noqa: F401

    import ingest.copies
    import ingest.pipeline
    import ingest.read
    import ingest.read.records  # noqa: F401

    for line in sys.stdin:
        print(json.dumps(attempt(json.loads(line))), flush=True)  # noqa: T201 - to the test


if __name__ == "__main__":
    main()
