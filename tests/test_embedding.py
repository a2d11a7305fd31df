"""The dense index follows in a thread while articles are stored: nothing is missed, and no error is lost."""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bot.corpus.corpus import Corpus
from bot.errors import ModelError
from bot.schema import Article
from ingest import embedding
from ingest.embedding import FIRST_PASSAGES
from ingest.pipeline import BATCH_ARTICLES, FIRST_ARTICLES, ingest
from tests.fakes import article, corpus_of


class Encoder:
    """Encodes in no time, or as slowly as told; remembers in which threads it did, and fails when told to."""

    def __init__(self) -> None:
        self.threads: set[int] = set()
        self.seconds = 0.0
        self.fails = False

    def __call__(self, texts: list[str]) -> np.ndarray:
        self.threads.add(threading.get_ident())
        time.sleep(self.seconds)
        if self.fails:
            raise ModelError("The model is gone.")
        rows = [np.random.default_rng(zlib.crc32(text.encode())).normal(size=8) for text in texts]
        return np.array(rows, np.float32) / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture
def corpus(tmp_path: Path, encoder: Encoder) -> Iterator[Corpus]:
    made = corpus_of(tmp_path / "data", encoder)
    yield made
    made.close()


def articles(count: int) -> list[Article]:
    """Articles of ten passages each, no two alike."""
    said = "The council of district {n} heard report {m} on roads, schools and water, and put it off until day {d}."
    return [
        article(
            f"a{n}",
            "\n\n".join(
                " ".join(said.format(n=n * 7919 % 10_007, m=n * 100 + m, d=m * n + k) for k in range(7))
                for m in range(10)
            ),
        )
        for n in range(count)
    ]


def is_whole(corpus: Corpus) -> bool:
    wanted = corpus.catalog.passage_ids()
    return corpus.dense.ids() == wanted == corpus.lexical.ids() and corpus.verify() == []


def test_many_are_embedded_in_a_thread_and_none_is_missed(corpus: Corpus, encoder: Encoder) -> None:
    some = articles(FIRST_ARTICLES + BATCH_ARTICLES + 5)
    with corpus.writing():
        assert len(list(ingest(corpus, some))) == len(some)
    assert corpus.catalog.counts()["passages"] > 3 * FIRST_PASSAGES
    assert encoder.threads - {threading.get_ident()}
    assert is_whole(corpus)


def test_few_are_embedded_without_a_thread(corpus: Corpus, encoder: Encoder) -> None:
    with corpus.writing():
        list(ingest(corpus, articles(3)))
    assert encoder.threads == {threading.get_ident()}
    assert is_whole(corpus)


def test_storing_waits_when_embedding_is_far_behind(
    corpus: Corpus, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "BEHIND_PASSAGES", 300)
    encoder.seconds = 0.2
    with corpus.writing():
        run = ingest(corpus, articles(FIRST_ARTICLES + 2 * BATCH_ARTICLES))
        behind = [corpus.catalog.unembedded_passages() for _ in run]
    assert max(behind) <= 300
    assert is_whole(corpus)


def test_what_goes_wrong_in_the_thread_is_told_and_the_next_run_mends_it(corpus: Corpus, encoder: Encoder) -> None:
    some = articles(FIRST_ARTICLES + BATCH_ARTICLES)
    encoder.fails = True
    with corpus.writing(), pytest.raises(ModelError, match="is gone"):
        list(ingest(corpus, some))
    assert corpus.catalog.counts()["articles"] >= FIRST_ARTICLES, "what was stored is kept"
    encoder.fails = False
    with corpus.writing():
        list(ingest(corpus, some))
    assert is_whole(corpus)


def test_a_run_that_is_left_does_not_wait_for_all_the_rest(corpus: Corpus, encoder: Encoder) -> None:
    some = articles(FIRST_ARTICLES + BATCH_ARTICLES)
    encoder.seconds = 2
    with corpus.writing():
        run = ingest(corpus, some)
        for _ in range(FIRST_ARTICLES + 1):
            next(run)
        run.close()
        held = len(corpus.dense.ids())
        assert held < len(corpus.catalog.passage_ids())
        encoder.seconds = 0
        list(ingest(corpus, some))
    assert is_whole(corpus)
