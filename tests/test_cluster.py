"""Work over a Ray cluster, a real one of this machine alone: the same comes back as is made here, in the same order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.cluster import Cluster
from bot.errors import ReadError, SettingsError
from bot.settings import Settings
from bot.wiring import _Embedder, finder, open_corpus
from ingest import items_of
from ingest.pipeline import ingest
from ingest.read import ReadOptions, read
from tests.conftest import SAMPLE
from tests.fakes import shouted

pytest.importorskip("ray", reason="the cluster of Ray: pip install ray")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with pytest.MonkeyPatch.context() as outside:
        outside.setenv("RAY_worker_niceness", "0")  # 15 by default: beside other work they would hardly begin
        made = Cluster("local")
        yield made
        made.close()


def told(items: Any) -> list[str]:
    return sorted(repr(each) for each in items)


def test_what_is_mapped_comes_back_in_its_order_from_other_processes(cluster: Cluster) -> None:
    words = [f"word{number}" for number in range(40)]
    found = [each.split(" by ") for each in cluster.map(shouted, words)]
    assert [word for word, _ in found] == [word.upper() for word in words]
    assert str(os.getpid()) not in {process for _, process in found}


def test_what_the_work_raises_is_raised_here(cluster: Cluster) -> None:
    with pytest.raises(ReadError, match="it is bad"):
        list(cluster.map(shouted, ["good", "bad"]))


def test_the_same_vectors_come_back_as_are_made_here(cluster: Cluster, sample_settings: Settings) -> None:
    texts = [f"The bridge of Aldermoor cost {number} million euros." for number in range(300)]
    parts = [texts[start : start + 64] for start in range(0, 300, 64)]
    spread = _Embedder(sample_settings.model_copy(update={"ray_address": "local"}))
    spread._cluster = cluster
    found = list(spread.encode_many(parts))
    assert [len(each) for each in found] == [64, 64, 64, 64, 44]
    here = _Embedder(sample_settings)
    for part, vectors in zip(parts, found, strict=True):  # the model in 8 bits depends a little on what it reads beside
        assert np.sum(vectors * here.encode(part), axis=1).min() > 0.99


def test_a_folder_is_read_as_it_is_here(
    cluster: Cluster, sample_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes.bin").write_bytes(bytes(range(256)))
    (tmp_path / "story.txt").write_text("Bridge opens\n\nThe bridge of Aldermoor opened on Monday.", encoding="utf-8")
    monkeypatch.setattr("bot.wiring.open_cluster", lambda _: cluster)
    for folder in (SAMPLE / "news", tmp_path):
        spread = items_of([folder], sample_settings, ReadOptions(), fetch=False, allow_private=False)
        assert told(spread) == told(read([str(folder)]))
    empty = tmp_path / "empty"
    empty.mkdir()
    (nothing,) = items_of([empty], sample_settings, ReadOptions(), fetch=False, allow_private=False)
    assert "holds no article" in nothing.reason  # type: ignore[union-attr]


@pytest.mark.usefixtures("cluster")
def test_a_corpus_that_a_cluster_made_answers(settings: Settings, tmp_path: Path) -> None:
    spread = settings.model_copy(update={"ray_address": "local", "data_dir": tmp_path / "data"})
    corpus = open_corpus(spread, create=True)
    with corpus.writing():
        kinds = {each.kind for each in ingest(corpus, read([str(SAMPLE / "news")]))}
    corpus.close()
    assert "new" in kinds
    assert "NATO" in finder(3, spread)("How many NATO personnel are in Iraq?")[0].article.title


def test_a_cluster_that_does_not_answer_is_told() -> None:
    import ray

    if ray.is_initialized():
        ray.shutdown()
    with pytest.raises(SettingsError, match=r"NEWSBOT_RAY_ADDRESS.*127\.0\.0\.1:9.*ray start"):
        list(Cluster("127.0.0.1:9").map(shouted, ["word"]))
