"""The dense index by Chroma: near texts are found, narrowed by day and source, and any LangChain user can open it.

Knows nothing about BM25 or the catalog: changes are made by hand, texts are encoded by the real model.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bot.corpus import vectors as vectors_module
from bot.corpus.catalog_rows import Change
from bot.corpus.embedded_text import document
from bot.corpus.follower import State, write_state
from bot.corpus.vectors import VectorIndex
from bot.errors import CorpusError
from bot.schema import Article, Passage, Scope

if TYPE_CHECKING:
    from bot.embeddings import SentenceEmbeddings

STORIES = {
    "a": ("Ministers agree budget", "Public spending will rise by two percent.", date(2023, 5, 1), "The Post"),
    "b": ("Storm hits the coast", "Heavy winds flooded houses on the shore.", date(2024, 5, 1), "The Herald"),
    "c": ("A day unknown", "Nobody knows when the old tower was built.", None, "The Herald"),
    "d": ("Museum reopens", "Visitors saw paintings by old masters.", date(2024, 6, 1), None),
}


def change(name: str, *, fresh: bool = True, empty: bool = False, text: str | None = None) -> Change:
    title, body, day, source = STORIES[name]
    article = Article(
        title=title, text=text or body, published=day, source=source, id=name, url=f"https://x.example/{name}"
    )
    return Change(1, name, fresh, () if empty else (Passage(f"{name}.0.0", article, 0, len(article.text)),))


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Path:
    folder = tmp_path_factory.mktemp("four") / "chroma"
    made = VectorIndex(folder, embeddings.encode)
    made.apply([change(name) for name in STORIES])
    made.close()
    return folder


@pytest.fixture
def index(four: Path, tmp_path: Path, embeddings: SentenceEmbeddings) -> Iterator[VectorIndex]:
    opened = VectorIndex(Path(shutil.copytree(four, tmp_path / "chroma")), embeddings.encode)
    yield opened
    opened.close()


@pytest.fixture
def query(embeddings: SentenceEmbeddings) -> np.ndarray:
    vector: np.ndarray = embeddings.encode(["How bad were the floods by the sea?"], "query")[0]
    return vector


def names(found: list[tuple[str, float]]) -> list[str]:
    return [id_.split(".")[0] for id_, _ in found]


def test_near_texts_come_first_with_their_cosine(index: VectorIndex, query: np.ndarray) -> None:
    found = index.search(query, 10)
    assert names(found)[0] == "b"
    assert set(names(found)) == set(STORIES)
    stored = index.vectors([id_ for id_, _ in found])
    for id_, cosine in found:
        assert cosine == pytest.approx(float(stored[id_] @ query), abs=1e-4)
    assert [cosine for _, cosine in found] == sorted((cosine for _, cosine in found), reverse=True)
    assert names(index.search(query, 2)) == names(found)[:2]


def test_the_title_is_embedded_with_the_passage(index: VectorIndex, embeddings: SentenceEmbeddings) -> None:
    passage = change("b").passages[0]
    assert document(passage, content_words=False).startswith("Storm hits the coast\n")
    alone = embeddings.encode([document(passage, content_words=False)])[0]
    assert float(index.vectors(["b.0.0"])["b.0.0"] @ alone) > 0.97


def test_texts_stand_beside_the_vectors(index: VectorIndex) -> None:
    assert index.texts(["a.0.0", "nowhere.0.0"]) == {"a.0.0": "Public spending will rise by two percent."}
    assert index.vectors(["nowhere.0.0"]) == index.vectors([]) == index.texts([]) == {}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (None, "abcd"),
        (Scope(), "abcd"),
        (Scope(after=date(2024, 5, 1)), "bd"),
        (Scope(after=date(2024, 5, 2)), "d"),
        (Scope(before=date(2024, 5, 1)), "ab"),
        (Scope(before=date(2023, 4, 30)), ""),
        (Scope(after=date(2023, 5, 1), before=date(2023, 5, 1)), "a"),
        (Scope(known_by=date(2024, 5, 1)), "abc"),
        (Scope(known_by=date(1960, 1, 1)), "c"),
        (Scope(known_by=date(2024, 5, 1), after=date(2024, 1, 1)), "b"),
        (Scope(sources=("The Herald",)), "bc"),
        (Scope(sources=("The Herald", "The Post")), "abc"),
        (Scope(sources=("the herald",)), ""),
        (Scope(sources=("The Post",), copied_by_sources=("d",)), "ad"),
        (Scope(sources=("The Courier",), copied_by_sources=("b",)), "b"),
        (Scope(sources=("The Herald",), before=date(2024, 12, 31)), "b"),
    ],
)
def test_a_scope_narrows(index: VectorIndex, query: np.ndarray, scope: Scope | None, expected: str) -> None:
    assert set(names(index.search(query, 10, scope))) == set(expected)


def test_articles_from_before_1970_have_days_too(index: VectorIndex, query: np.ndarray) -> None:
    old = Article(title="Moon", text="A rocket flew by.", published=date(1966, 2, 3), id="old")
    index.apply([Change(2, "old", True, (Passage("old.0.0", old, 0, len(old.text)),))])
    assert names(index.search(query, 10, Scope(before=date(1966, 2, 3)))) == ["old"]
    assert "old" not in names(index.search(query, 10, Scope(after=date(1966, 2, 4))))


def test_older_passages_of_an_article_leave(index: VectorIndex, query: np.ndarray) -> None:
    article = Article(title="Storm", text="The storm is over. Calm returned.", id="b")
    index.apply([Change(2, "b", False, (Passage("b.1.0", article, 0, 18), Passage("b.1.1", article, 19, 33)))])
    assert index.ids() == {"a.0.0", "b.1.0", "b.1.1", "c.0.0", "d.0.0"}
    index.apply([change("b", fresh=False, empty=True), Change(3, "nowhere", False, ())])
    assert index.ids() == {"a.0.0", "c.0.0", "d.0.0"}
    assert "b" not in names(index.search(query, 10))


def test_taking_in_twice_doubles_nothing(index: VectorIndex) -> None:
    index.apply([change("a"), change("b", fresh=False)])
    assert len(index.ids()) == 4


def test_nothing_to_take_in(index: VectorIndex) -> None:
    index.apply([])
    assert len(index.ids()) == 4


def test_more_passages_than_chroma_takes_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors_module, "WRITE_ROWS", 7)
    random = np.random.default_rng(7)
    index = VectorIndex(tmp_path / "chroma", lambda texts: random.normal(size=(len(texts), 8)).astype(np.float32))
    article = Article(title="Long", text="x" * 40, id="long")
    index.apply([Change(1, "long", True, tuple(Passage(f"long.0.{n}", article, n, n + 1) for n in range(40)))])
    assert len(index.ids()) == 40
    assert len(index.texts([f"long.0.{n}" for n in range(40)])) == 40
    index.close()


def test_an_empty_index_answers_nothing(tmp_path: Path, embeddings: SentenceEmbeddings, query: np.ndarray) -> None:
    index = VectorIndex(tmp_path / "chroma", embeddings.encode)
    index.reset()
    assert index.search(query, 10) == []
    assert index.search(query, 10, Scope(sources=("DW",))) == []
    assert index.ids() == set()
    index.close()


def test_two_indexes_of_one_process_see_each_other(
    index: VectorIndex, embeddings: SentenceEmbeddings, query: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a bot that serves and an ingest that it runs; also a retriever and a chain, side by side."""
    monkeypatch.setattr(vectors_module, "REOPEN_SECONDS", 0.0)
    readers = [VectorIndex(index.folder, embeddings.encode) for _ in range(2)]
    for reader in readers:
        assert names(reader.search(query, 1)) == ["b"]
    index.apply([change("b", fresh=False, empty=True)])
    write_state(index.folder, State("corpus", 2, {}))
    for reader in readers:
        reader.refresh()
        assert "b" not in names(reader.search(query, 10))
    index.reset()
    index.apply([change("d")])
    write_state(index.folder, State("corpus", 3, {}))
    for reader in readers:
        reader.refresh()
        assert names(reader.search(query, 10)) == ["d"]
        reader.close()


def test_an_index_that_is_not_there_is_told(tmp_path: Path, embeddings: SentenceEmbeddings, query: np.ndarray) -> None:
    missing = VectorIndex(tmp_path / "chroma", embeddings.encode)
    with pytest.raises(CorpusError, match=r"is not there.*verify --repair"):
        missing.search(query, 10)
    assert not (tmp_path / "chroma").exists()


def test_the_collection_opens_in_langchain(index: VectorIndex, embeddings: SentenceEmbeddings) -> None:
    from langchain_chroma import Chroma

    store = Chroma(collection_name="passages", persist_directory=str(index.folder), embedding_function=embeddings)
    first, *_ = store.similarity_search("How bad were the floods by the sea?", k=2)
    assert first.page_content == "Heavy winds flooded houses on the shore."
    assert first.id == "b.0.0"
    assert first.metadata == {
        "article_id": "b",
        "title": "Storm hits the coast",
        "source": "The Herald",
        "url": "https://x.example/b",
        "published": 1714521600,
        "published_on": "2024-05-01",
        "dated": 1,
        "start": 0,
        "end": 40,
    }
    assert [each.id for each in store.similarity_search("floods", k=4, filter={"dated": 0})] == ["c.0.0"]
    assert index.ids() == {f"{name}.0.0" for name in STORIES}, "ours goes on while theirs is open"
