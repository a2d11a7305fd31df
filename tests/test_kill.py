"""Safe to kill: at any moment, with a full disk, with a folder that cannot be written, with two writers or readers.

Knows nothing about how an index or a catalog stores what it holds.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.errors import CorpusError
from bot.settings import Settings
from bot.wiring import open_chain
from tests import killing
from tests.fakes import article, run_newsbot
from tests.killing import PHASES, STEPS

ROOT = Path(__file__).resolve().parents[1]
SEED = 20240304
ARTICLES = 150
KILLS = 50


class Server:
    """The process that forks an ingest for each attempt."""

    def __init__(self, sources: Path) -> None:
        self.sources = sources
        self.removed = [each.id for each in killing.removed_articles(ARTICLES)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.killing"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT), "ANONYMIZED_TELEMETRY": "False"},
        )  # fmt: skip

    def attempt(self, folder: Path, step: str, kill: list[Any] | None = None, file_bytes: int = 0) -> dict[str, Any]:
        order = {"folder": str(folder), "step": step, "sources": str(self.sources), "removed": self.removed}
        folder.mkdir(parents=True, exist_ok=True)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(order | {"kill": kill, "file_bytes": file_bytes}), file=self._process.stdin, flush=True)
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def finish(self, folder: Path, step: str) -> dict[str, Any]:
        """The step, undisturbed."""
        found = self.attempt(folder, step)
        assert found["status"] == 0, found
        return found

    def close(self) -> None:
        self._process.communicate(timeout=30)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not hasattr(os, "fork"):
        pytest.skip("this system cannot fork")
    sources = tmp_path_factory.mktemp("sources")
    killing.write_articles(sources / "first.jsonl", killing.first_articles(ARTICLES))
    killing.write_articles(sources / "second.jsonl", killing.second_articles(ARTICLES))
    made = Server(sources)
    yield made
    made.close()


@pytest.fixture(scope="module")
def undisturbed(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], float]:
    """What a run holds that nobody killed, and how long its first step took in seconds."""
    folder = tmp_path_factory.mktemp("undisturbed") / "data"
    seconds = [server.finish(folder, step)["seconds"] for step in STEPS]
    held = contents(folder)
    assert held["counts"]["passages"] > 1_000, "enough for Chroma to write its graph to files"
    assert held["counts"]["copies"] >= 8
    assert held["counts"]["articles"] == ARTICLES + ARTICLES // 10 - 3
    assert sum(len(states) for states in held["revisions"].values()) > len(held["revisions"])
    return held, seconds[0]


def contents(folder: Path) -> dict[str, Any]:
    """Everything that a corpus holds, from each of its three parts."""
    corpus = killing.open_corpus(folder)
    assert corpus.verify() == []
    catalog = corpus.catalog
    ids = sorted(catalog.passage_ids())
    assert corpus.vectors.ids() == corpus.lexical.ids() == set(ids)
    names = [killing.article_id(each) for each in killing.first_articles(ARTICLES) + killing.second_articles(ARTICLES)]
    passages = catalog.passages(ids)
    vectors = corpus.vectors.vectors(ids)
    found = {
        "counts": catalog.counts(),
        "articles": {id_: repr(each) for id_, each in catalog.articles(names).items()},
        "copies": {id_: sorted(each.id for each in some) for id_, some in catalog.copies(names).items()},
        "revisions": {id_: [repr(each.article) for each in catalog.revisions(id_)] for id_ in names},
        "passages": {id_: (each.start, each.end, each.text) for id_, each in passages.items()},
        "texts": corpus.vectors.texts(ids),
        "vectors": {id_: [round(float(x), 5) for x in vector] for id_, vector in vectors.items()},
        "found": {id_: sorted(each for each, _ in corpus.lexical.search([_unique_term(corpus, passages[id_].text)], 50))
                  for id_ in ids[::20]},
    }  # fmt: skip
    for id_ in ids[::40]:
        assert id_ in [each for each, _ in corpus.vectors.search(vectors[id_], 3)], "the graph finds what it holds"
    corpus.close()
    return found


def _unique_term(corpus: Any, text: str) -> str:
    """The index term that names a sentence: its file."""
    terms: list[str] = corpus.lexical.terms(text)
    return next(term for before, term in zip(terms, terms[1:], strict=False) if before == "file")


# Killed


def test_killed_at_fifty_moments_it_ends_like_a_run_that_was_not(
    server: Server, undisturbed: tuple[dict[str, Any], float], tmp_path: Path
) -> None:
    wanted, seconds = undisturbed
    chance = random.Random(SEED)
    print(f"seed {SEED}")
    kills, rounds = 0, 0
    where: Counter[str] = Counter()
    while kills < KILLS:
        folder = tmp_path / str(rounds)
        for step in STEPS:
            while True:
                if kills % 2:
                    kill = ["seconds", chance.uniform(0, seconds)]
                else:
                    kill = [PHASES[kills // 2 % len(PHASES)], chance.randint(1, 4), chance.uniform(0, 0.02)]
                ended = server.attempt(folder, step, kill if kills < KILLS else None)
                if not ended["killed"]:
                    assert ended["status"] == 0, ended
                    break
                kills += 1
                where[ended["phase"]] += 1
        assert contents(folder) == wanted, f"round {rounds}, after {kills} kills"
        shutil.rmtree(folder)
        rounds += 1
    print(f"{kills} kills in {rounds} runs, while {dict(where)}")
    assert set(where) >= set(PHASES)
