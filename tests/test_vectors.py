"""The dense index by Chroma: near texts are found, narrowed by day and source, and any LangChain user can open it.

Knows nothing about BM25 or the catalog: changes are made by hand, texts are encoded by the real model.
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import chromadb
import numpy as np
import pytest

from bot.corpus import vectors as vectors_module
from bot.corpus.catalog_rows import Change
from bot.corpus.chroma_collection import ChromaCollection
from bot.corpus.embedded_text import document
from bot.corpus.follower import DamagedIndex, State, write_state
from bot.corpus.shards import Shards
from bot.corpus.vectors import SHARDS_FILE, VectorIndex
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


def change(name: str, *, empty: bool = False, text: str | None = None) -> Change:
    title, body, day, source = STORIES[name]
    article = Article(
        title=title, text=text or body, published=day, source=source, id=name, url=f"https://x.example/{name}"
    )
    return Change(1, name, () if empty else (Passage(f"{name}.0.0", article, 0, len(article.text)),))


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Path:
    folder = tmp_path_factory.mktemp("four") / "chroma"
    made = VectorIndex(folder, embeddings.encode)
    made.reset()
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
    index.apply([Change(2, "old", (Passage("old.0.0", old, 0, len(old.text)),))])
    assert names(index.search(query, 10, Scope(before=date(1966, 2, 3)))) == ["old"]
    assert "old" not in names(index.search(query, 10, Scope(after=date(1966, 2, 4))))


def test_older_passages_of_an_article_leave(index: VectorIndex, query: np.ndarray) -> None:
    article = Article(title="Storm", text="The storm is over. Calm returned.", id="b")
    index.apply([Change(2, "b", (Passage("b.1.0", article, 0, 18), Passage("b.1.1", article, 19, 33)))])
    assert index.ids() == {"a.0.0", "b.1.0", "b.1.1", "c.0.0", "d.0.0"}
    index.apply([change("b", empty=True), Change(3, "nowhere", ())])
    assert index.ids() == {"a.0.0", "c.0.0", "d.0.0"}
    assert "b" not in names(index.search(query, 10))


def test_taking_in_twice_doubles_nothing(index: VectorIndex) -> None:
    index.apply([change("a"), change("b")])
    assert len(index.ids()) == 4


def test_nothing_to_take_in(index: VectorIndex) -> None:
    index.apply([])
    assert len(index.ids()) == 4


def test_more_passages_than_chroma_takes_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors_module, "WRITE_ROWS", 7)
    random = np.random.default_rng(7)
    index = VectorIndex(tmp_path / "chroma", lambda texts: random.normal(size=(len(texts), 8)).astype(np.float32))
    index.reset()
    article = Article(title="Long", text="x" * 40, id="long")
    index.apply([Change(1, "long", tuple(Passage(f"long.0.{n}", article, n, n + 1) for n in range(40)))])
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
    index.apply([change("b", empty=True)])
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


# Several collections


NUMBERS = np.random.default_rng(11).normal(size=(64, 8)).astype(np.float32)
NUMBERS /= np.linalg.norm(NUMBERS, axis=1, keepdims=True)


def encode_numbers(texts: list[str]) -> np.ndarray:
    """The vector of the number that a text ends with."""
    made: np.ndarray = NUMBERS[[int(text.rsplit(" ", 1)[-1]) for text in texts]]
    return made


def numbered(number: int, *, passages: int = 1, revision: int = 0) -> Change:
    """An article of passages that all say its number."""
    said = f"It is {number}"
    day = date(2024, 1, 1 + number % 28)
    article = Article(title="A number", text="\n".join([said] * passages), published=day, id=f"n{number}")
    spans = [(start, start + len(said)) for start in range(0, passages * (len(said) + 1), len(said) + 1)]
    made = tuple(Passage(f"n{number}.{revision}.{place}", article, *span) for place, span in enumerate(spans))
    return Change(number, article.id, made)


@pytest.fixture
def spread(tmp_path: Path) -> Iterator[VectorIndex]:
    """Ten articles of a passage each, four to a collection."""
    made = VectorIndex(tmp_path / "chroma", encode_numbers, collection_passages=4)
    made.reset()
    made.apply([numbered(number) for number in range(7)])
    made.apply([numbered(number) for number in range(7, 10)])
    write_state(made.folder, State("corpus", 10, {}))
    yield made
    made.close()


def by_hand(held: set[int], vector: np.ndarray, limit: int) -> list[str]:
    return [f"n{number}" for number in sorted(held, key=lambda number: -float(NUMBERS[number] @ vector))][:limit]


def of_collections(index: VectorIndex) -> dict[str, set[str]]:
    """What stands in each collection, as Chroma itself tells."""
    client = chromadb.PersistentClient(path=f"{index.folder}/./")
    try:
        return {each.name: set(each.get(include=[])["ids"]) for each in client.list_collections()}
    finally:
        client.close()


def test_collections_are_filled_one_after_the_other_and_searched_together(spread: VectorIndex) -> None:
    assert of_collections(spread) == {
        "passages": {f"n{number}.0.0" for number in range(4)},
        "passages-2": {f"n{number}.0.0" for number in range(4, 8)},
        "passages-3": {"n8.0.0", "n9.0.0"},
    }
    assert spread.ids() == {f"n{number}.0.0" for number in range(10)}
    for vector in NUMBERS[:20]:
        found = spread.search(vector, 5)
        assert names(found) == by_hand(set(range(10)), vector, 5)
        assert [cosine for _, cosine in found] == sorted((cosine for _, cosine in found), reverse=True)
    scope = Scope(after=date(2024, 1, 4), before=date(2024, 1, 9))
    assert names(spread.search(NUMBERS[0], 9, scope)) == by_hand(set(range(3, 9)), NUMBERS[0], 9)
    assert spread.texts(["n1.0.0", "n9.0.0", "n77.0.0"]) == {"n1.0.0": "It is 1", "n9.0.0": "It is 9"}
    assert {id_: list(vector) for id_, vector in spread.vectors(["n3.0.0", "n4.0.0"]).items()} == {
        "n3.0.0": pytest.approx(list(NUMBERS[3])), "n4.0.0": pytest.approx(list(NUMBERS[4]))
    }  # fmt: skip


def test_an_article_stays_in_its_collection(spread: VectorIndex) -> None:
    spread.apply([numbered(2, revision=1, passages=3), numbered(5, revision=1)])
    held = of_collections(spread)
    assert held["passages"] == {"n0.0.0", "n1.0.0", "n2.1.0", "n2.1.1", "n2.1.2", "n3.0.0"}
    assert held["passages-2"] == {"n4.0.0", "n5.1.0", "n6.0.0", "n7.0.0"}
    assert spread.ids() == set().union(*held.values())


def test_an_article_that_was_removed_comes_back_as_a_new_one(spread: VectorIndex) -> None:
    spread.apply([numbered(2, passages=0), numbered(77, passages=0)])
    assert of_collections(spread)["passages"] == {"n0.0.0", "n1.0.0", "n3.0.0"}
    spread.apply([numbered(2, revision=2)])
    assert of_collections(spread)["passages-3"] == {"n2.2.0", "n8.0.0", "n9.0.0"}
    assert names(spread.search(NUMBERS[2], 1)) == ["n2"]


def test_a_long_article_stands_in_one_collection(tmp_path: Path) -> None:
    index = VectorIndex(tmp_path / "chroma", encode_numbers, collection_passages=4)
    index.reset()
    index.apply([numbered(0), numbered(1, passages=9), numbered(2)])
    assert {name: len(ids) for name, ids in of_collections(index).items()} == {"passages": 10, "passages-2": 1}
    index.close()


def test_only_the_collection_that_is_written_is_open_while_writing(
    spread: VectorIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded by one collection, whatever the corpus."""
    open_ones: set[str] = set()
    most = 0
    opening, closing = ChromaCollection._open, ChromaCollection.close

    def told_open(self: ChromaCollection, create: bool = False) -> object:
        nonlocal most
        open_ones.add(self.name)
        most = max(most, len(open_ones))
        return opening(self, create)

    def told_close(self: ChromaCollection) -> None:
        open_ones.discard(self.name)
        closing(self)

    spread.close()
    monkeypatch.setattr(ChromaCollection, "_open", told_open)
    monkeypatch.setattr(ChromaCollection, "close", told_close)
    spread.apply([numbered(number, revision=1) for number in (0, 9, 5, 3, 8)] + [numbered(30)])
    assert most == 1
    assert len(spread.ids()) == 11
    assert most == 3


def test_a_question_does_not_wait_while_passages_are_encoded(tmp_path: Path) -> None:
    encoding, asked = threading.Event(), threading.Event()

    def slow(texts: list[str]) -> np.ndarray:
        encoding.set()
        assert asked.wait(30), "the search waits for the whole batch"
        return encode_numbers(texts)

    index = VectorIndex(tmp_path / "chroma", slow, collection_passages=4)
    index.reset()
    writer = threading.Thread(target=index.apply, args=([numbered(1)],))
    writer.start()
    assert encoding.wait(30)
    assert index.search(NUMBERS[1], 1) == []
    asked.set()
    writer.join()
    assert names(index.search(NUMBERS[1], 1)) == ["n1"]
    index.close()


def test_a_reader_opens_anew_what_was_changed_and_no_more(spread: VectorIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors_module, "REOPEN_SECONDS", 0.0)
    reader = VectorIndex(spread.folder, encode_numbers)
    assert names(reader.search(NUMBERS[20], 1)) == by_hand(set(range(10)), NUMBERS[20], 1)
    before = dict(reader._collections)
    spread.apply([numbered(number) for number in (20, 21, 22)])
    reader.refresh()
    assert "n20" not in names(reader.search(NUMBERS[20], 1)), "it is shown when all of it is there"
    write_state(spread.folder, State("corpus", 11, {}))
    reader.refresh()
    assert names(reader.search(NUMBERS[20], 1)) == ["n20"]
    assert names(reader.search(NUMBERS[22], 1)) == ["n22"], "also in a collection that is new"
    kept = [number for number, each in reader._collections.items() if before.get(number) is each]
    assert kept == [1, 2]
    reader.close()


def test_what_a_question_opened_meanwhile_is_not_kept_without_what_was_written(tmp_path: Path) -> None:
    """Another process wrote before: a question in the midst of a write opens the collection anew, half written."""

    def ask_and_encode(texts: list[str]) -> np.ndarray:
        if index.ids():
            for collection in index._collections.values():  # as `refresh` does
                collection.close()
            index._collections.clear()
            assert names(index.search(NUMBERS[2], 5)) == ["n0"]
        return encode_numbers(texts)

    index = VectorIndex(tmp_path / "chroma", ask_and_encode, collection_passages=4)
    index.reset()
    index.apply([numbered(0)])
    index.apply([numbered(1)])
    assert set(names(index.search(NUMBERS[1], 5))) == {"n0", "n1"}
    index.close()


def test_what_a_crash_left_half_done_is_done_again(spread: VectorIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """The article's place is noted first: it is the same one the next time, also when the corpus went on."""
    changes = [numbered(20, passages=2), numbered(21), numbered(22)]
    with monkeypatch.context() as broken:
        broken.setattr(Shards, "changed", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            spread.apply(changes)
    spread.close()
    spread.apply(changes)
    held = of_collections(spread)
    assert held["passages-3"] == {"n8.0.0", "n9.0.0", "n20.0.0", "n20.0.1"}
    assert held["passages-4"] == {"n21.0.0", "n22.0.0"}
    assert spread.ids() == set().union(*held.values())


def test_a_passage_that_stands_where_nobody_put_it_is_found_and_leaves(spread: VectorIndex) -> None:
    spread.close()
    client = chromadb.PersistentClient(path=f"{spread.folder}/.//")
    client.get_collection("passages-2", embedding_function=None).add(
        ids=["n50.0.0"], embeddings=NUMBERS[50:51], documents=["It is 50"], metadatas=[{"article_id": "n50"}]
    )
    client.close()
    assert "n50.0.0" in spread.ids()
    spread.apply([Change(11, "n50", ())])
    assert spread.ids() == {f"n{number}.0.0" for number in range(10)}


@pytest.mark.parametrize("damage", ["gone", "no database", "empty"])
def test_without_the_file_of_articles_the_index_is_damaged(spread: VectorIndex, damage: str) -> None:
    spread.close()
    file = spread.folder / SHARDS_FILE
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(b"" if damage == "empty" else b"no database" * 500)
    spread.refresh()
    with pytest.raises(DamagedIndex, match=r"verify --repair"):
        spread.search(NUMBERS[0], 1)
    with pytest.raises(DamagedIndex, match=r"verify --repair"):
        spread.apply([numbered(20)])
    spread.reset()
    spread.apply([numbered(20)])
    assert spread.ids() == {"n20.0.0"}


def test_a_file_of_articles_that_cannot_be_written_is_no_damage(
    spread: VectorIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> str:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(Shards, "changed", full)
        with pytest.raises(CorpusError, match="disk is full") as told:
            spread.apply([numbered(20)])
    assert not isinstance(told.value, DamagedIndex)


# Other programs


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
