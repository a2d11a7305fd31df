"""The dense index, one contract for every engine: near texts are found, narrowed by day and source, none is doubled.

Engines: Chroma over files, a real Chroma server on loopback, and the comparison of all vectors of the catalog.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from bot.corpus import chroma
from bot.corpus.catalog import Catalog
from bot.corpus.catalog_rows import Change
from bot.corpus.chroma_files import ChromaFiles
from bot.corpus.chroma_server import ChromaServer
from bot.corpus.dense import ExactSearch
from bot.corpus.follower import DamagedIndex, DenseIndex, Held, State
from bot.errors import CorpusError, SettingsError
from bot.schema import Article, Passage, Scope, Span
from tests.servers import chroma_server

STORIES = {
    "a": ("Ministers agree budget", "Public spending will rise by two percent.", date(2023, 5, 1), "The Post"),
    "b": ("Storm hits the coast", "Heavy winds flooded houses on the shore.", date(2024, 5, 1), "The Herald"),
    "c": ("A day unknown", "Nobody knows when the old tower was built.", None, "The Herald"),
    "d": ("Museum reopens", "Visitors saw paintings by old masters.", date(2024, 6, 1), None),
}
DIMENSION = 24
VECTORS = np.random.default_rng(11).normal(size=(4_000, DIMENSION)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)
NEAR_B = VECTORS[1] + 0.1 * VECTORS[3]
NEAR_B /= np.linalg.norm(NEAR_B)
EMPTY, STATE = State("corpus", 0, {"index": "chroma"}, "made"), State("corpus", 7, {"index": "chroma"}, "made")
SCOPES = [
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
]


def story(name: str) -> Article:
    title, body, day, source = STORIES[name]
    return Article(title=title, text=body, published=day, source=source, id=name, url=f"https://x.example/{name}")


def change(name: str, *, empty: bool = False) -> Change:
    article = story(name)
    if empty:
        return Change(1, name, ())
    place = list(STORIES).index(name)
    return Change(1, name, (Passage(f"{name}.0.0", article, 0, len(article.text)),), VECTORS[place : place + 1])


def numbered(first: int, count: int, *, revision: int = 0) -> Change:
    """An article of so many passages, whose vectors are those from `first` on."""
    article = Article(title="Numbers", text="x" * count, id=f"n{first}")
    passages = tuple(Passage(f"n{first}.{revision}.{place}", article, place, place + 1) for place in range(count))
    return Change(first, article.id, passages, VECTORS[first : first + count])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chroma_server(tmp_path_factory.mktemp("server") / "db") as address:
        yield address


COLLECTIONS = itertools.count(1)


@pytest.fixture(params=["files", "server"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DenseIndex]:
    made: DenseIndex = ChromaFiles(tmp_path / "chroma")
    if request.param == "server":
        made = ChromaServer(f"{request.getfixturevalue('server')}/test-{next(COLLECTIONS)}")
    made.reset(EMPTY)
    made.apply([change(name) for name in STORIES], STATE)
    yield made
    made.close()


def names(found: list[tuple[str, float]]) -> list[str]:
    return [id_.split(".")[0] for id_, _ in found]


def test_near_vectors_come_first_with_their_cosine(index: DenseIndex) -> None:
    found = index.search(NEAR_B, 10)
    assert names(found)[0] == "b"
    assert set(names(found)) == set(STORIES)
    stored = index.vectors([id_ for id_, _ in found])
    for id_, cosine in found:
        assert cosine == pytest.approx(float(np.asarray(stored[id_]) @ NEAR_B), abs=1e-4)
    assert [cosine for _, cosine in found] == sorted((cosine for _, cosine in found), reverse=True)
    assert names(index.search(NEAR_B, 2)) == names(found)[:2]


@pytest.mark.parametrize(("scope", "expected"), SCOPES)
def test_a_scope_narrows(index: DenseIndex, scope: Scope | None, expected: str) -> None:
    assert set(names(index.search(NEAR_B, 10, scope))) == set(expected)


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExactSearch]:
    catalog = Catalog.create(tmp_path_factory.mktemp("exact") / "catalog.sqlite")
    with catalog.writing() as writer:
        for name in STORIES:
            writer.put(story(name), [Span(0, len(story(name).text))])
    with catalog.writing() as writer:
        changes = catalog.unembedded(100)
        writer.put_vectors(changes, [change(each.article_id).vectors for each in changes])
    yield ExactSearch(catalog)
    catalog.close()


@pytest.mark.parametrize(("scope", "expected"), SCOPES)
def test_comparing_all_vectors_narrows_alike(exact: ExactSearch, scope: Scope | None, expected: str) -> None:
    found = exact.search(NEAR_B, 10, scope)
    assert set(names(found)) == set(expected)
    assert [cosine for _, cosine in found] == sorted((cosine for _, cosine in found), reverse=True)
    for id_, cosine in found:
        assert cosine == pytest.approx(float(VECTORS[list(STORIES).index(id_[0])] @ NEAR_B), abs=2e-3)


def test_what_stands_beside_a_vector(index: DenseIndex) -> None:
    said = "Public spending will rise by two percent."
    assert index.held(["a.0.0", "nowhere.0.0"]) == {"a.0.0": Held(said, date(2023, 5, 1).toordinal(), "The Post")}
    assert index.held(["c.0.0", "d.0.0"])["c.0.0"].day is None
    assert index.vectors(["nowhere.0.0"]) == index.vectors([]) == index.held([]) == {}


def test_articles_from_before_1970_have_days_too(index: DenseIndex) -> None:
    old = Article(title="Moon", text="A rocket flew by.", published=date(1966, 2, 3), id="old")
    index.apply([Change(2, "old", (Passage("old.0.0", old, 0, len(old.text)),), VECTORS[9:10])], STATE)
    assert names(index.search(NEAR_B, 10, Scope(before=date(1966, 2, 3)))) == ["old"]
    assert "old" not in names(index.search(NEAR_B, 10, Scope(after=date(1966, 2, 4))))


def test_older_passages_of_an_article_leave(index: DenseIndex) -> None:
    article = Article(title="Storm", text="The storm is over. Calm returned.", id="b")
    passages = (Passage("b.1.0", article, 0, 18), Passage("b.1.1", article, 19, 33))
    index.apply([Change(2, "b", passages, VECTORS[5:7])], STATE)
    assert index.ids() == {"a.0.0", "b.1.0", "b.1.1", "c.0.0", "d.0.0"}
    index.apply([change("b", empty=True), Change(3, "nowhere", ())], STATE)
    assert index.ids() == {"a.0.0", "c.0.0", "d.0.0"}
    assert "b" not in names(index.search(NEAR_B, 10))


def test_taking_in_twice_doubles_nothing(index: DenseIndex) -> None:
    index.apply([change("a"), change("b")], STATE)
    assert len(index.ids()) == 4
    index.apply([], STATE)
    assert len(index.ids()) == 4


def test_more_than_one_call_takes(index: DenseIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chroma, "WRITE_ROWS", 7)
    monkeypatch.setattr(chroma, "READ_ROWS", 9)
    index.apply([numbered(10, 40)], STATE)
    ids = [f"n10.0.{place}" for place in range(40)]
    assert len(index.ids()) == 44
    assert len(index.held(ids)) == len(index.vectors(ids)) == 40
    index.apply([numbered(10, 30, revision=1)], STATE)
    assert len(index.ids()) == 34


def test_an_empty_index_answers_nothing(index: DenseIndex) -> None:
    index.reset(EMPTY)
    assert index.search(NEAR_B, 10) == []
    assert index.search(NEAR_B, 10, Scope(sources=("DW",))) == []
    assert index.ids() == set()


def test_its_state_is_where_it_was_left(index: DenseIndex) -> None:
    assert index.state() == STATE
    further = State("corpus", 12, {"index": "chroma", "model": "x"}, "made")
    index.apply([change("a", empty=True)], further)
    index.close()
    assert index.state() == further
    assert index.verify() == []


def test_two_that_write_in_turn_lose_nothing(index: DenseIndex) -> None:
    """Over the thousand changes after which Chroma writes its graph, and by readers that were open before."""
    other = ChromaFiles(index.folder) if isinstance(index, ChromaFiles) else ChromaServer(index.place)
    assert names(other.search(NEAR_B, 1)) == ["b"]
    for number in range(6):
        one = index if number % 2 else other
        one.apply([numbered(100 + 400 * number, 400)], STATE)
    wanted = 4 + 2_400
    other.close()
    for each in (index, other):
        assert len(each.ids()) == wanted
        found = [each.search(VECTORS[place], 3)[0][0] for place in range(100, 2_500, 97)]
        assert found == [
            f"n{100 + (place - 100) // 400 * 400}.0.{(place - 100) % 400}" for place in range(100, 2_500, 97)
        ]
    other.close()


def test_a_reader_sees_what_another_one_writes(index: DenseIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.corpus.chroma_files.REOPEN_SECONDS", 0.0)
    monkeypatch.setattr("bot.corpus.chroma_files.REOPEN_SHARE", 1e9)
    reader = ChromaFiles(index.folder) if isinstance(index, ChromaFiles) else ChromaServer(index.place)
    assert names(reader.search(NEAR_B, 1)) == ["b"]
    index.apply([change("b", empty=True)], State("corpus", 8, {}, "made"))
    reader.refresh()
    assert "b" not in names(reader.search(NEAR_B, 10))
    index.reset(EMPTY)
    index.apply([change("d")], State("corpus", 9, {}, "again"))
    reader.refresh()
    assert names(reader.search(NEAR_B, 10)) == ["d"]
    reader.close()


def test_an_index_that_is_not_there_is_told(index: DenseIndex, tmp_path: Path) -> None:
    missing = ChromaServer(f"{index.place}-gone") if isinstance(index, ChromaServer) else ChromaFiles(tmp_path / "gone")
    assert missing.state() is None
    with pytest.raises(DamagedIndex, match=r"is not there.*verify --repair"):
        missing.search(NEAR_B, 10)
    assert not (tmp_path / "gone").exists()


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(CorpusError, match=r"127\.0\.0\.1:9/passages does not answer.*NEWSBOT_CHROMA_URL"):
        ChromaServer("http://127.0.0.1:9").ids()


@pytest.mark.parametrize("address", ["", "127.0.0.1:8000", "ftp://x.example", "http://", "http://x.example:port"])
def test_an_address_that_is_none_is_told(address: str) -> None:
    with pytest.raises(SettingsError, match="NEWSBOT_CHROMA_URL"):
        ChromaServer(address)


# Files


@pytest.fixture
def files(tmp_path: Path) -> Iterator[ChromaFiles]:
    """Enough for Chroma to write its graph to files of their own; below 1,000 it replays its log."""
    made = ChromaFiles(tmp_path / "chroma")
    made.reset(EMPTY)
    made.apply([numbered(0, 1_200)], STATE)
    made.close()
    yield made
    made.close()


@pytest.mark.parametrize(
    "name", ["data_level0.bin", "link_lists.bin", "length.bin", "header.bin", "index_metadata.pickle"]
)
@pytest.mark.parametrize("damage", ["cut", "flipped", "zeroed", "deleted"])
def test_a_graph_that_is_not_as_it_was_left_is_not_opened(files: ChromaFiles, name: str, damage: str) -> None:
    """chromadb 1.5.9 dies of many of them by a segmentation fault."""
    (path,) = files.folder.glob(f"*/{name}")
    content = bytearray(path.read_bytes())
    if not content:
        pytest.skip(f"{name} is empty")
    if damage == "flipped":
        content[len(content) // 2] ^= 16
    path.unlink()
    if damage != "deleted":
        path.write_bytes({"cut": content[:-1], "flipped": content, "zeroed": bytes(len(content))}[damage])
    # Without its metadata a folder is no graph's: all its files are said to be gone.
    said = "is gone" if (damage, name) == ("deleted", "index_metadata.pickle") else name
    with pytest.raises(DamagedIndex, match=rf"{said}.*verify --repair"):
        files.search(VECTORS[0], 1)
    assert said in files.verify()[0]
    with pytest.raises(DamagedIndex, match=said):
        files.apply([change("a")], STATE)
    files.reset(EMPTY)
    files.apply([change("a")], STATE)
    assert files.ids() == {"a.0.0"}


def test_reading_leaves_the_files_as_they_are(files: ChromaFiles) -> None:
    for _ in range(3):
        assert files.search(VECTORS[7], 1)[0][0] == "n0.0.7"
        files.close()
        assert files.verify() == []


def test_what_was_cut_short_is_not_opened(files: ChromaFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as pressed:
        pressed.setattr("bot.corpus.chroma_files.put", interrupted)
        with pytest.raises(KeyboardInterrupt):
            files.apply([numbered(2_000, 5)], STATE)
    assert files.state() is None
    for each in (files, ChromaFiles(files.folder)):
        with pytest.raises(DamagedIndex, match="cut short"):
            each.search(VECTORS[0], 1)


@pytest.mark.parametrize("said", ["database or disk is full", "No space left on device (os error 28)"])
def test_a_full_disk_is_told_and_is_no_damage(files: ChromaFiles, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(said)

    monkeypatch.setattr("bot.corpus.chroma_files.put", full)
    with pytest.raises(CorpusError, match="Free some space") as told:
        files.apply([numbered(2_000, 5)], STATE)
    assert not isinstance(told.value, DamagedIndex)


def test_a_package_that_cannot_be_imported_is_told(files: ChromaFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "chromadb.config", None)
    with pytest.raises(CorpusError, match="install newsbot anew"):
        files.search(VECTORS[0], 1)


def test_the_collection_opens_in_langchain(tmp_path: Path) -> None:
    from langchain_chroma import Chroma
    from langchain_core.embeddings import Embeddings

    class Near(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return [NEAR_B.tolist() for _ in texts]

        def embed_query(self, text: str) -> list[float]:  # noqa: ARG002
            return [float(each) for each in NEAR_B]

    index = ChromaFiles(tmp_path / "chroma")
    index.reset(EMPTY)
    index.apply([change(name) for name in STORIES], STATE)
    store = Chroma(collection_name="passages", persist_directory=str(index.folder), embedding_function=Near())
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
    index.close()
