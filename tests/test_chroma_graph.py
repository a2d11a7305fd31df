"""A graph's files: copied before Chroma writes over them, put back after a kill, and not copied for nothing.

Knows nothing about articles; Chroma is real. Kills at random moments are in `test_kill`.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from bot.corpus import chroma_graph
from bot.corpus.chroma_collection import ChromaCollection
from bot.corpus.chroma_graph import DATABASE, SYNC_THRESHOLD, BrokenGraph, Graph
from bot.errors import CorpusError

ROWS = 250
VECTORS = np.random.default_rng(0).normal(size=(20 * ROWS, 16)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[ChromaCollection]:
    made = ChromaCollection(tmp_path / "chroma", "passages", "vector index")
    made.create()
    yield made
    made.close()


def put(collection: ChromaCollection, part: int) -> None:
    """Rows `ROWS * part` and so many after it."""
    numbers = range(ROWS * part, ROWS * (part + 1))
    collection.upsert(
        [f"n{n}" for n in numbers], VECTORS[list(numbers)], ["text"] * ROWS, [{"part": part} for _ in numbers]
    )


def unmet(collection: ChromaCollection) -> tuple[int, int]:
    """How many rows there are, and how many of them a search by their own vectors does not find."""
    ids = collection.read(lambda each: each.get(include=[]))["ids"]
    vectors = VECTORS[[int(id_[1:]) for id_ in ids]]
    found = collection.read(lambda each: each.query(query_embeddings=vectors, n_results=3, include=[]))["ids"]
    return len(ids), sum(id_ not in near for id_, near in zip(ids, found, strict=True))


def graph_files(folder: Path) -> Path:
    (header,) = folder.glob("*/header.bin")
    return header.parent


def state_of(files: Path) -> dict[str, tuple[int, int]]:
    return {each.name: (each.stat().st_size, each.stat().st_mtime_ns) for each in files.iterdir()}


def note(folder: Path) -> int:
    with closing(sqlite3.connect(folder / DATABASE)) as database:
        ((held,),) = database.execute(
            "SELECT coalesce(max(seq_id), 0) FROM max_seq_id JOIN segments ON segments.id = segment_id"
            " WHERE scope = 'VECTOR'"
        )
    return int(held)


def test_the_files_are_copied_whenever_chroma_writes_them_and_else_not(
    collection: ChromaCollection, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied, copytree = [], shutil.copytree

    def told_copytree(source: Path, target: Path) -> Path:
        copied.append(source)
        return copytree(source, target)

    monkeypatch.setattr(chroma_graph.shutil, "copytree", told_copytree)
    put(collection, 0)
    files = graph_files(collection.folder)
    written = []
    for part in range(1, 14):
        before, copies = state_of(files), len(copied)
        if part == 7:
            collection.close()
        if part in {9, 11}:
            collection.delete({"part": part - 5})
        else:
            put(collection, part)
        if state_of(files) != before:
            written.append(part)
        assert (state_of(files) != before) == (len(copied) > copies), f"part {part}"
    assert written == [3, 7, 11], "deletions count too"
    assert set(copied) == {files}
    assert [each.name for each in collection.folder.iterdir() if each.is_dir()] == [files.name], "no copy is left"
    assert unmet(collection) == (10 * ROWS, 0)


def test_a_graph_that_is_ahead_of_its_note_is_put_back(tmp_path: Path, collection: ChromaCollection) -> None:
    folder = collection.folder
    for part in range(5):
        put(collection, part)
    collection.close()
    shutil.copytree(folder, tmp_path / "before")
    for part in range(5, 9):
        put(collection, part)
    collection.close()
    files, held = graph_files(folder), note(tmp_path / "before")
    assert note(folder) > held == SYNC_THRESHOLD
    shutil.copy(tmp_path / "before" / DATABASE, folder / DATABASE)
    shutil.copytree(tmp_path / "before" / files.name, folder / f"{files.name}.before-{held}")
    assert unmet(collection) == (5 * ROWS, 0)
    for each in files.iterdir():
        assert each.read_bytes() == (tmp_path / "before" / files.name / each.name).read_bytes()
    assert [each.name for each in folder.iterdir() if each.is_dir()] == [files.name]
    for part in range(5, 9):
        put(collection, part)
    assert unmet(collection) == (9 * ROWS, 0)


@pytest.mark.parametrize("left", ["before-0", "part"])
def test_a_copy_that_is_old_or_half_made_is_dropped(collection: ChromaCollection, left: str) -> None:
    for part in range(5):
        put(collection, part)
    collection.close()
    files = graph_files(collection.folder)
    copy = files.with_name(f"{files.name}.{left}")
    copy.mkdir()
    (copy / "header.bin").write_bytes(b"half")
    assert unmet(collection) == (5 * ROWS, 0)
    assert not copy.exists()


def test_what_chroma_could_not_write_is_put_back(collection: ChromaCollection, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a full disk: the graph is cut short."""
    for part in range(7):
        put(collection, part)
    files = graph_files(collection.folder)
    before = {each.name: each.read_bytes() for each in files.iterdir()}

    def fail(*_: object) -> None:
        for each in files.iterdir():
            each.write_bytes(each.read_bytes()[:50])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(type(collection._collection), "upsert", lambda *_, **__: fail())
        with pytest.raises(CorpusError, match="No space left"):
            put(collection, 7)
    assert unmet(collection) == (7 * ROWS, 0)
    assert {name: (files / name).read_bytes() for name in before} == before
    put(collection, 7)
    assert unmet(collection) == (8 * ROWS, 0)


def test_two_that_write_in_turn_lose_nothing(collection: ChromaCollection) -> None:
    """Each opens anew what the other changed: a graph without the other's rows would go over theirs."""
    other = ChromaCollection(collection.folder, "passages", "vector index")
    for part in range(3):
        put(collection, part)
    for part in range(3, 12):
        put(other, part)
    for part in range(12, 17):
        put(collection, part)
    other.delete({"part": 2})
    collection.delete({"part": 13})
    put(other, 2)
    collection.close()
    other.close()
    assert unmet(collection) == (16 * ROWS, 0)


def test_a_collection_that_another_one_made_anew_is_opened_anew(collection: ChromaCollection) -> None:
    for part in range(3):
        put(collection, part)
    shutil.rmtree(collection.folder)
    other = ChromaCollection(collection.folder, "passages", "vector index")
    for part in range(3):  # as many changes
        put(other, part)
    other.close()
    put(collection, 3)
    collection.close()
    assert unmet(collection) == (4 * ROWS, 0)


def test_what_nobody_else_changed_stays_open(collection: ChromaCollection) -> None:
    put(collection, 0)
    opened = collection._client
    for part in range(1, 6):
        put(collection, part)
    assert collection._client is opened


def test_after_an_interrupt_it_is_opened_anew(collection: ChromaCollection, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is open would go on writing files that the next opening puts others in the place of."""
    for part in range(7):
        put(collection, part)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as pressed:
        pressed.setattr(type(collection._collection), "upsert", interrupted)
        with pytest.raises(KeyboardInterrupt):
            put(collection, 7)
    reader = ChromaCollection(collection.folder, "passages", "vector index")
    assert unmet(reader) == (7 * ROWS, 0)
    reader.close()
    for part in range(7, 12):
        put(collection, part)
    collection.close()
    assert unmet(collection) == (12 * ROWS, 0)


def test_a_copy_that_finds_no_room_stops_before_anything_is_written(
    collection: ChromaCollection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in range(3):
        put(collection, part)

    def full(_: Path, target: Path) -> None:
        target.mkdir()
        raise OSError(28, "No space left on device", str(target))

    with monkeypatch.context() as disk:
        disk.setattr(chroma_graph.shutil, "copytree", full)
        with pytest.raises(CorpusError, match="No space left"):
            put(collection, 3)
    assert not list(collection.folder.glob("*.part"))
    assert unmet(collection) == (3 * ROWS, 0)


def test_a_file_that_is_too_short_is_told(collection: ChromaCollection) -> None:
    for part in range(5):
        put(collection, part)
    collection.close()
    data = graph_files(collection.folder) / "data_level0.bin"
    data.write_bytes(data.read_bytes()[:-100])
    with pytest.raises(BrokenGraph, match=r"data_level0\.bin is too short"):
        Graph(collection.folder, "passages").mend()
    Graph(collection.folder, "another").mend()


def test_a_folder_without_a_database_has_no_graph(tmp_path: Path) -> None:
    graph = Graph(tmp_path, "passages")
    graph.mend()
    with graph.kept(2 * SYNC_THRESHOLD):
        pass
    (tmp_path / DATABASE).write_bytes(b"no database" * 500)
    graph.mend()
    assert [each.name for each in tmp_path.iterdir()] == [DATABASE]
