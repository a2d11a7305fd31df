"""Which collection an article stands in: filled one after the other, kept, and never doubted after a crash.

Knows nothing about Chroma.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bot.corpus.catalog_rows import Change
from bot.corpus.shards import Shards
from bot.corpus.sqlite_file import is_damage
from bot.schema import Article, Passage


def change(name: str, passages: int = 1) -> Change:
    article = Article(title=name, text="x" * passages, id=name)
    return Change(1, name, tuple(Passage(f"{name}.0.{n}", article, n, n + 1) for n in range(passages)))


@pytest.fixture
def shards(tmp_path: Path) -> Shards:
    made = Shards(tmp_path / "articles.sqlite")
    made.create()
    return made


def placed(shards: Shards, *changes: Change, limit: int = 4) -> dict[int, str]:
    found, _ = shards.place(changes, limit)
    return {number: " ".join(each.article_id for each in some) for number, some in found.items()}


def test_collections_are_filled_one_after_the_other(shards: Shards) -> None:
    assert placed(shards, change("a", 3), change("b", 3), change("c"), change("d", 9), change("e")) == {
        1: "a b", 2: "c d", 3: "e"
    }  # fmt: skip
    assert placed(shards, change("f", 2), change("g"), change("h")) == {3: "f g", 4: "h"}
    assert shards.where("abcdefghi") == {"a": 1, "b": 1, "c": 2, "d": 2, "e": 3, "f": 3, "g": 3, "h": 4}


def test_an_article_stays_where_it_is(shards: Shards) -> None:
    placed(shards, change("a", 3), change("b", 3), change("c"))
    assert placed(shards, change("a", 7), change("c", 2), change("d")) == {1: "a", 2: "c d"}
    assert placed(shards, change("e")) == {2: "e"}, "a, in the first collection, counts for that one"


def test_what_was_in_a_collection_before_is_told(shards: Shards) -> None:
    """Whatever the catalog thinks: after a crash an index may hold more than was told of it."""
    assert shards.place([change("a"), change("b")], 4)[1] == set()
    assert shards.place([change("b"), change("c"), change("a"), change("nobody", 0)], 4)[1] == {"a", "b"}


def test_a_removed_article_leaves_after_its_passages(shards: Shards) -> None:
    placed(shards, change("a"), change("b"))
    assert placed(shards, change("a", 0), change("nobody", 0)) == {1: "a"}
    assert shards.where(["a", "nobody"]) == {"a": 1}, "its passages are still there"
    shards.changed(1, ["a"])
    assert shards.where(["a", "b"]) == {"b": 1}
    assert placed(shards, change("a", 0)) == {}


def test_a_collection_is_told_of_when_it_was_written(shards: Shards) -> None:
    assert shards.tokens() == {}
    placed(shards, change("a", 4), change("b"))
    assert shards.tokens() == {}
    first, second = shards.changed(1), shards.changed(2)
    assert shards.tokens() == {1: first, 2: second}
    third = shards.changed(1)
    assert shards.tokens() == {1: third, 2: second}
    assert len({first, second, third}) == 3


def test_nothing_half_done_stays(shards: Shards) -> None:
    class Uncounted(tuple[Passage, ...]):
        def __len__(self) -> int:
            raise MemoryError

        def __bool__(self) -> bool:
            return True

    with pytest.raises(MemoryError):
        shards.place([change("a"), Change(1, "b", Uncounted(change("b").passages))], 4)
    assert shards.where("ab") == {}


@pytest.mark.parametrize("content", [None, b"", b"no database at all" * 100])
def test_a_file_that_is_gone_or_broken_is_damage(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "articles.sqlite"
    if content is not None:
        file.write_bytes(content)
    shards = Shards(file)
    for use in (shards.tokens, lambda: shards.where("a"), lambda: shards.place([change("a")], 4)):
        with pytest.raises(sqlite3.Error) as told:
            use()
        assert is_damage(told.value, file)


def test_a_full_disk_or_a_lock_is_no_damage(shards: Shards) -> None:
    for said in ("database or disk is full", "database is locked", "attempt to write a readonly database"):
        assert not is_damage(sqlite3.OperationalError(said), shards.file)
