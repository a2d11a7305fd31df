"""Many processes over one corpus: PostgreSQL and a Chroma server, several ingesting and several asking at a time.

Every process is killed and begun again at random. At the end nothing may be lost, doubled or stale. Then the same
articles are put in by one process that nobody disturbs. Both servers are real, on loopback. The model is a stand-in
that waits as long for a passage as a model on a machine of its own takes; so what is measured is how the processes
share database, server and log, not how they share this machine's processors.

    python -m tests.bench.bench_scale --articles 2000 --ingesting 4 --asking 3
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.corpus.chroma import ChromaServer
from bot.errors import CorpusError
from ingest.pipeline import ingest
from tests.fakes import corpus_of
from tests.killing import encode, story
from tests.servers import chroma_server, postgres_server

SENTENCES = 9
PASSAGE_CHARS = 800
ENCODE_SECONDS = 0.008
"""What a passage costs the stand-in for a model: as all-MiniLM-L6-v2 in 32 bits on one core."""
KILL_SECONDS = (4.0, 20.0)
"""How long a process lives until it is killed; the last ones are left alone."""


def opened(folder: Path, database: str, server: str) -> Any:
    """The corpus, as one more process sees it; `folder` is its own."""

    def slow(texts: list[str]) -> Any:
        time.sleep(ENCODE_SECONDS * len(texts))
        return encode(texts)

    return corpus_of(folder, slow, where=database, dense=ChromaServer(server))


def put_in(folder: Path, database: str, server: str, first: int, count: int, step: int) -> None:
    """Put every `step`-th article in, from `first` on."""
    corpus = opened(folder, database, server)
    with corpus.writing(600):
        some = (story(number, SENTENCES) for number in range(first, count, step))
        for _ in ingest(corpus, some, passage_chars=PASSAGE_CHARS):
            pass
    corpus.close()


def ask(folder: Path, database: str, server: str, count: int) -> None:
    """Ask until killed, a line of figures each; whatever is shown must be what the catalog says."""
    corpus = opened(folder, database, server)
    chance = random.Random()
    asked, found, milliseconds = 0, 0, []
    while True:
        number = chance.randrange(count)
        started = time.perf_counter()
        corpus.refresh()
        wanted = story(number, SENTENCES)
        terms = corpus.lexical.terms(wanted.title)
        ids = [id_ for id_, _ in corpus.lexical.search(terms, 10)]
        ids += [id_ for id_, _ in corpus.vectors.search(encode([wanted.text[:300]])[0], 10)]
        passages = corpus.passages(ids)
        milliseconds.append((time.perf_counter() - started) * 1000)
        for passage in passages.values():
            told = story(int(passage.article.title.rsplit(" ", 1)[1]), SENTENCES)
            assert (passage.article.text, passage.article.id) == (told.text, told.id), "something stale is shown"
        asked += 1
        found += wanted.id in {each.article.id for each in passages.values()}
        if asked % 20 == 0:
            print(asked, found, f"{sorted(milliseconds)[len(milliseconds) // 2]:.1f}", flush=True)


def run(options: argparse.Namespace, database: str, server: str, folder: Path, processes: int, kills: int) -> float:
    """Seconds until all is in, by so many processes, of which so many are killed on the way."""
    chance = random.Random(7)

    def begun(kind: str, number: int) -> subprocess.Popen[bytes]:
        order = [sys.executable, "-m", "tests.bench.bench_scale", "--worker", kind, str(folder / f"{kind}{number}")]
        order += [database, server, str(number), str(options.articles), str(processes)]
        out = (folder / f"{kind}{number}.out").open("ab")
        return subprocess.Popen(order, stdout=out)

    started = time.monotonic()
    ingesting = {number: begun("ingest", number) for number in range(processes)}
    asking = {number: begun("ask", number) for number in range(options.asking if kills else 0)}
    due = time.monotonic() + chance.uniform(*KILL_SECONDS)
    while ingesting:
        time.sleep(0.2)
        for number, process in list(ingesting.items()):
            if process.poll() is not None:
                assert process.returncode == 0, f"ingest {number} ended with {process.returncode}"
                del ingesting[number]
        for number, process in asking.items():
            assert process.poll() is None, f"ask {number} ended with {process.returncode}"
        if kills and ingesting and time.monotonic() > due:
            kind, some = chance.choice([("ingest", ingesting), ("ingest", ingesting), ("ask", asking)])
            number = chance.choice(list(some))
            some[number].send_signal(signal.SIGKILL)
            some[number].wait()
            some[number] = begun(kind, number)
            kills -= 1
            due = time.monotonic() + chance.uniform(*KILL_SECONDS)
    seconds = time.monotonic() - started
    for process in asking.values():
        process.kill()
        process.wait()
    return seconds


def checked(folder: Path, database: str, server: str, count: int) -> dict[str, int]:
    """The figures of what is there; fails where anything is lost, doubled or other than it should be."""
    corpus = opened(folder / "checking", database, server)
    with corpus.writing(600):
        corpus.follow()
    problems = corpus.verify()
    assert problems == [], problems
    wanted = {each.id: each for each in (story(number, SENTENCES) for number in range(count))}
    there = corpus.catalog.articles(list(wanted))
    assert {id_: each.text for id_, each in there.items()} == {id_: each.text for id_, each in wanted.items()}
    with corpus.catalog.engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM articles")).scalar_one() == count
    figures: dict[str, int] = corpus.catalog.counts()
    corpus.close()
    return figures


def main() -> None:
    """Measure, or work for the process that does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=2_000)
    parser.add_argument("--ingesting", type=int, default=4)
    parser.add_argument("--asking", type=int, default=3)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--worker", nargs=7)
    options = parser.parse_args()
    if options.worker:
        kind, folder, database, server, *numbers = options.worker
        first, count, step = map(int, numbers)
        try:
            if kind == "ingest":
                put_in(Path(folder), database, server, first, count, step)
            else:
                ask(Path(folder), database, server, count)
        except CorpusError as error:
            raise SystemExit(str(error)) from error
        return
    seconds = {}
    for processes, kills in ((options.ingesting, options.kills), (options.ingesting, 0), (1, 0)):
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            database = stack.enter_context(postgres_server())
            server = stack.enter_context(chroma_server(folder / "server" / "db"))
            corpus_of(folder / "first", encode, where=database).close()
            taken = seconds[processes, kills] = run(options, database, server, folder, processes, kills)
            figures = checked(folder, database, server, options.articles)
            print(
                f"{processes} ingesting, {options.asking if kills else 0} asking, {kills} killed: "
                f"{figures['articles']:,} articles, {figures['passages']:,} passages in {taken:.0f} s; "
                "nothing lost, doubled or stale",
                flush=True,
            )
            for out in sorted(folder.glob("ask*.out")):
                print(f"  {out.stem}: asked, found, median ms: {out.read_text().splitlines()[-1:]}", flush=True)
    ratio = seconds[1, 0] / seconds[options.ingesting, 0]
    print(f"{options.ingesting} processes are {ratio:.2f} times as fast as one")


if __name__ == "__main__":
    main()
