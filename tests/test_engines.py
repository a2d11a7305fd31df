"""The indexes, one contract for every engine: what was put is found, narrowed by day and source, and none is doubled.

Engines of words: tantivy over files, OpenSearch. Engines of vectors: Chroma over files, a real Chroma server on
loopback, OpenSearch, and the comparison of all vectors of the catalog. OpenSearch is no server here but a contract
written after its documentation (`tests.opensearch_contract`): that it holds there was not seen.
"""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.corpus import chroma, opensearch
from bot.corpus.catalog import Catalog
from bot.corpus.catalog.log import Change
from bot.corpus.chroma import ChromaServer
from bot.corpus.chroma_files import ChromaFiles
from bot.corpus.dense import ExactSearch
from bot.corpus.follower import DamagedIndex, DenseIndex, Follower, State, Stored
from bot.corpus.lexical import LexicalIndex, TantivyFiles
from bot.corpus.opensearch import OpenSearchIndex, OpenSearchVectors, OpenSearchWords
from bot.errors import CorpusError, SettingsError
from bot.schema import Article, Passage, Scope, Span
from tests.opensearch_contract import opensearch_server
from tests.servers import chroma_server

STORIES = {
    "a": ("Ministers agree budget", "Ministers agreed on the budget. Spending rises.", date(2023, 5, 1), "The Post"),
    "b": ("Storm hits the coast", "The storm flooded São Tomé and its harbours.", date(2024, 5, 1), "The Herald"),
    "c": ("No day is known", "Another budget was agreed by nobody in particular.", None, "The Herald"),
    "d": ("Museum reopens", "The museum reopened with 1,200 paintings.", date(2024, 6, 1), None),
}
ALL = "budget storm museum agreed the"
"""Words that every story has one of."""
DIMENSION = 24
VECTORS = np.random.default_rng(11).normal(size=(4_000, DIMENSION)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)
NEAR_B = VECTORS[1] + 0.1 * VECTORS[3]
NEAR_B /= np.linalg.norm(NEAR_B)
EMPTY, STATE = State("corpus", 0, {"index": "one"}, "made"), State("corpus", 7, {"index": "one"}, "made")
NUMBERS = itertools.count(1)
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


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    with opensearch_server() as address:
        yield address


def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """An engine by its name, with the stories in it."""
    index: Follower
    if request.param == "tantivy":
        index = TantivyFiles(tmp_path / "index")
    elif request.param == "chroma":
        index = ChromaFiles(tmp_path / "index")
    elif request.param == "chroma server":
        index = ChromaServer(f"{request.getfixturevalue('server')}/test-{next(NUMBERS)}")
    else:
        kind = OpenSearchWords if request.param == "opensearch words" else OpenSearchVectors
        index = kind(f"{request.getfixturevalue('cluster')}/test-{next(NUMBERS)}")
    index.reset(EMPTY)
    index.apply([change(name) for name in STORIES], STATE)
    yield index
    index.close()


OF_WORDS, OF_VECTORS = ["tantivy", "opensearch words"], ["chroma", "chroma server", "opensearch vectors"]
words = pytest.fixture(params=OF_WORDS, name="words")(made)
vectors = pytest.fixture(params=OF_VECTORS, name="vectors")(made)
index = pytest.fixture(params=[*OF_WORDS, *OF_VECTORS], name="index")(made)


def another(index: Any) -> Any:
    """One more client of the same index."""
    return type(index)(index.folder if isinstance(index, ChromaFiles | TantivyFiles) else index.place)


def missing(index: Any, tmp_path: Path) -> Any:
    """A client of an index that is not there."""
    return type(index)(tmp_path / "gone" if isinstance(index, ChromaFiles | TantivyFiles) else f"{index.place}-gone")


def is_of_words(index: Any) -> bool:
    return isinstance(index, TantivyFiles | OpenSearchWords)


def search(index: Any, scope: Scope | None = None) -> list[tuple[str, float]]:
    """All that there is, by words that every story has, or by its nearness to one of them."""
    found = index.search(index.terms(ALL), 10, scope) if is_of_words(index) else index.search(NEAR_B, 10, scope)
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    return list(found)


def names(found: list[tuple[str, float]]) -> list[str]:
    return [id_.split(".")[0] for id_, _ in found]


# Every engine


@pytest.mark.parametrize(("scope", "expected"), SCOPES)
def test_a_scope_narrows_without_changing_scores(index: Follower, scope: Scope | None, expected: str) -> None:
    found = search(index, scope)
    assert set(names(found)) == set(expected)
    everything = dict(search(index))
    for id_, score in found:
        assert score == pytest.approx(everything[id_], rel=1e-5, abs=1e-6)


def test_articles_from_before_1970_have_days_too(index: Follower) -> None:
    old = Article(title="Storm", text="The storm is a budget museum.", published=date(1966, 2, 3), id="old")
    index.apply([Change(2, "old", (Passage("old.0.0", old, 0, len(old.text)),), VECTORS[9:10])], STATE)
    assert names(search(index, Scope(before=date(1966, 2, 3)))) == ["old"]
    assert "old" not in names(search(index, Scope(after=date(1966, 2, 4))))


def test_older_passages_of_an_article_leave(index: Follower) -> None:
    article = Article(title="Storm", text="The storm is over. Calm returned.", id="b")
    passages = (Passage("b.1.0", article, 0, 18), Passage("b.1.1", article, 19, 33))
    index.apply([Change(2, "b", passages, VECTORS[5:7])], STATE)
    assert index.ids() == {"a.0.0", "b.1.0", "b.1.1", "c.0.0", "d.0.0"}
    index.apply([change("b", empty=True), Change(3, "nowhere", ())], STATE)
    assert index.ids() == {"a.0.0", "c.0.0", "d.0.0"}
    assert "b" not in names(search(index))


def test_taking_in_twice_doubles_nothing(index: Follower) -> None:
    index.apply([change("a"), change("b")], STATE)
    index.apply([], STATE)
    assert len(index.ids()) == 4
    assert sorted(names(search(index))) == ["a", "b", "c", "d"]


def test_what_was_never_in_it_is_told_from_what_was(index: Follower) -> None:
    """Nothing is looked for that could leave first; applied again, as a repair does, it leaves nevertheless."""
    new = State("corpus", 0, {"index": "one"}, "made", new_until=5)
    index.reset(new)
    assert index.state() in (new, replace(new, new_until=0))
    further = replace(new, seq=1)
    index.apply([change(name) for name in "abc"], further)
    assert len(index.ids()) == 3
    article = Article(title="Storm", text="The storm is over. Calm returned.", id="b")
    index.apply([Change(1, "b", (Passage("b.1.0", article, 0, 18),), VECTORS[5:6])], further)
    assert index.ids() == {"a.0.0", "b.1.0", "c.0.0"}


def test_reset_empties(index: Follower) -> None:
    index.reset(EMPTY)
    assert search(index) == search(index, Scope(sources=("DW",))) == []
    assert index.ids() == set()


def test_its_state_is_where_it_was_left(index: Follower) -> None:
    assert index.state() == STATE
    further = State("corpus", 12, {"index": "one", "model": "x"}, "made")
    index.apply([change("a", empty=True)], further)
    index.close()
    assert index.state() == further
    assert index.verify() == []


def test_a_reader_sees_what_another_one_writes(index: Follower, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.corpus.chroma_files.REOPEN_SECONDS", 0.0)
    monkeypatch.setattr("bot.corpus.chroma_files.REOPEN_SHARE", 1e9)
    reader = another(index)
    assert "b" in names(search(reader))
    index.apply([change("b", empty=True)], State("corpus", 8, {}, "made"))
    reader.refresh()
    assert "b" not in names(search(reader))
    index.reset(EMPTY)
    index.apply([change("d")], State("corpus", 9, {}, "again"))
    reader.refresh()
    assert names(search(reader)) == ["d"]
    assert reader.ids() == {"d.0.0"}
    reader.close()


def test_an_index_that_is_not_there_is_told(index: Follower, tmp_path: Path) -> None:
    gone = missing(index, tmp_path)
    assert gone.state() is None
    with pytest.raises(DamagedIndex, match=r"is not there.*verify --repair"):
        search(gone)
    assert not (tmp_path / "gone").exists()


@pytest.mark.parametrize(("kind", "setting"), [(ChromaServer, "CHROMA"), (OpenSearchWords, "OPENSEARCH")])
def test_a_server_that_is_not_there_is_told(kind: Any, setting: str) -> None:
    with pytest.raises(CorpusError, match=rf"127\.0\.0\.1:9/passages does not answer.*NEWSBOT_{setting}_URL"):
        kind("http://127.0.0.1:9").ids()


@pytest.mark.parametrize("address", ["", "127.0.0.1:8000", "ftp://x.example", "http://", "http://x.example:port"])
@pytest.mark.parametrize(("kind", "setting"), [(ChromaServer, "CHROMA"), (OpenSearchWords, "OPENSEARCH")])
def test_an_address_that_is_none_is_told(kind: Any, setting: str, address: str) -> None:
    with pytest.raises(SettingsError, match=f"NEWSBOT_{setting}_URL"):
        kind(address)


def test_a_password_is_in_no_message(cluster: str) -> None:
    index = OpenSearchIndex(cluster.replace("://", "://news:secret@"))
    with pytest.raises(DamagedIndex) as told:
        index.ids()
    assert "secret" not in str(told.value)


# Words


def asked(words: LexicalIndex, question: str, **options: Any) -> list[str]:
    return names(words.search(words.terms(question), 10, **options))


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("budget", {"a", "c"}),
        ("Budgets", {"a", "c"}),
        ("a minister, agreeing", {"a", "c"}),
        ("flooding", {"b"}),
        ("sao tome", {"b"}),
        ("SÃO TOMÉ", {"b"}),
        ("harbor harbour", {"b"}),
        ("paintings", {"d"}),
        ("200", {"d"}),
        ("volcano", set()),
        ("", set()),
        ("?!", set()),
    ],
)
def test_words_are_found_in_any_form(words: LexicalIndex, question: str, expected: set[str]) -> None:
    assert set(asked(words, question)) == expected


def test_terms_are_folded_and_stemmed_in_order(words: LexicalIndex) -> None:
    assert words.terms("Ministers’ BUDGETS in São Tomé") == ["minist", "budget", "in", "sao", "tome"]
    assert words.terms("") == []


def test_letters_and_digits_that_nobody_joins_are_looked_for_apart(words: LexicalIndex) -> None:
    assert words.question_terms("i95 budgets") == ["i", "95", "budget"]
    assert set(asked(words, "budget2024")) == set()
    assert words.question_terms("budget2024") == ["budget", "2024"]


def test_query_syntax_means_nothing(words: LexicalIndex) -> None:
    assert asked(words, 'title:storm AND (budget OR "') == asked(words, "title storm and budget or")


def test_a_word_in_the_title_counts_by_its_weight(words: LexicalIndex) -> None:
    heavy = dict(words.search(["storm"], 10, title_weight=2.0))["b.0.0"]
    light = dict(words.search(["storm"], 10, title_weight=0.5))["b.0.0"]
    none = dict(words.search(["storm"], 10, title_weight=0.0))["b.0.0"]
    assert heavy > light > none > 0
    assert heavy - none == pytest.approx(4 * (light - none), rel=1e-4)


def test_rare_words_weigh_more(words: LexicalIndex) -> None:
    idf = words.idf(["budget", "museum", "volcano", "the"])
    assert idf["volcano"] > idf["museum"] > idf["budget"]
    assert idf["museum"] == pytest.approx(math.log(1 + (4 - 1 + 0.5) / 1.5))
    assert idf["volcano"] == pytest.approx(math.log(1 + 4.5 / 0.5))
    assert words.idf([]) == {}


def test_among_restricts_the_search(words: LexicalIndex) -> None:
    assert asked(words, "budget storm museum", among=["a.0.0", "d.0.0", "nowhere.0.0"]) in (["a", "d"], ["d", "a"])


def test_the_share_of_passages_in_scope(words: LexicalIndex) -> None:
    everything = words.ids()
    for scope in (Scope(after=date(2000, 1, 1)), Scope(known_by=date(1990, 1, 1)), Scope(sources=("The Post",))):
        held = [id_ for id_, _ in words.search(words.terms("budget storm museum agreed the"), len(everything), scope)]
        assert words.share(scope) >= len(held) / len(everything)
    assert words.share(Scope(before=date(1900, 1, 1), after=date(1899, 1, 1))) == 0.0


def test_the_rarity_of_a_word_follows_the_index(words: LexicalIndex) -> None:
    before = words.rarity("Museum")
    assert before == words.rarity("Museum") == max(words.idf(words.terms("Museum")).values())
    assert words.rarity("nowhereatall") > before
    assert words.rarity("…") == 0.0
    texts = [Article(title="More", text=f"Nothing of the kind {number}.", id=f"more{number}") for number in range(5)]
    passages = [Passage(f"{each.id}.0.0", each, 0, len(each.text)) for each in texts]
    words.apply([Change(2, each.article.id, (each,), VECTORS[7:8]) for each in passages], STATE)
    assert words.rarity("Museum") > before


def test_words_held_count_once_wherever_they_stand(words: LexicalIndex) -> None:
    text = "Snow fell. Snow fell again.\n\nThe bridge stayed shut."
    article = Article(title="Snow in March", text=text, id="e")
    words.reset(EMPTY)
    first, second = Passage("e.0.0", article, 0, 28), Passage("e.0.1", article, 29, len(text))
    words.apply([Change(1, "e", (first, second), VECTORS[5:7]), change("a")], STATE)
    weights = {"snow": 2.0, "bridg": 1.0, "volcano": 4.0}
    assert words.held(weights, ["e.0.0", "e.0.1", "a.0.0"]) == {"e.0.0": 2.0, "e.0.1": 3.0}
    assert words.held(weights, ["e.0.0"]) == {"e.0.0": 2.0}
    assert words.held_by_articles(weights, ["e", "a"]) == {"e": 3.0}
    assert words.held({}, ["e.0.0"]) == words.held_by_articles(weights, []) == {}
    words.apply([Change(3, "e", ())], STATE)
    assert words.held_by_articles(weights, ["e", "a"]) == {}


def test_an_open_reader_sees_another_process(tmp_path: Path) -> None:
    index = TantivyFiles(tmp_path / "index")
    index.reset(EMPTY)
    index.apply([change(name) for name in STORIES], STATE)
    code = (
        "import sys; from pathlib import Path; from bot.corpus.lexical import TantivyFiles\n"
        "from bot.corpus.follower import State\n"
        "from bot.corpus.catalog.log import Change\n"
        "TantivyFiles(Path(sys.argv[1])).apply([Change(9, 'a', ())], State('corpus', 9, {}))"
    )
    assert len(index.ids()) == 4
    subprocess.run([sys.executable, "-c", code, str(index.folder)], check=True, cwd=Path(__file__).parents[1])
    index.refresh()
    assert asked(index, "budget") == ["c"]


# Vectors


def test_near_vectors_come_first_with_their_cosine(vectors: DenseIndex) -> None:
    found = vectors.search(NEAR_B, 10)
    assert names(found)[0] == "b"
    assert set(names(found)) == set(STORIES)
    stored = vectors.stored([id_ for id_, _ in found])
    for id_, cosine in found:
        assert cosine == pytest.approx(float(np.asarray(stored[id_].vector) @ NEAR_B), abs=1e-4)
    assert [cosine for _, cosine in found] == sorted((cosine for _, cosine in found), reverse=True)
    assert names(vectors.search(NEAR_B, 2)) == names(found)[:2]


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


def test_what_stands_beside_a_vector(vectors: DenseIndex) -> None:
    said = "Ministers agreed on the budget. Spending rises."
    assert vectors.stored(["a.0.0", "nowhere.0.0"]) == {"a.0.0": Stored(said, date(2023, 5, 1).toordinal(), "The Post")}
    assert vectors.stored(["c.0.0", "d.0.0"])["c.0.0"].day is None
    assert vectors.stored(["nowhere.0.0"]) == vectors.stored([]) == {}


def test_more_than_one_call_takes(vectors: DenseIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chroma, "WRITE_ROWS", 7)
    monkeypatch.setattr(chroma, "READ_ROWS", 9)
    monkeypatch.setattr(opensearch, "READ_ROWS", 9)
    vectors.apply([numbered(10, 40)], STATE)
    ids = [f"n10.0.{place}" for place in range(40)]
    assert len(vectors.ids()) == 44
    assert len([each for each in vectors.stored(ids).values() if each.vector is not None]) == 40
    vectors.apply([numbered(10, 30, revision=1)], STATE)
    assert len(vectors.ids()) == 34


def test_two_that_write_in_turn_lose_nothing(vectors: DenseIndex) -> None:
    """Over the thousand changes after which Chroma writes its graph, and by readers that were open before."""
    other = another(vectors)
    assert names(other.search(NEAR_B, 1)) == ["b"]
    for number in range(6):
        one = vectors if number % 2 else other
        one.apply([numbered(100 + 400 * number, 400)], STATE)
    wanted = 4 + 2_400
    other.close()
    for each in (vectors, other):
        assert len(each.ids()) == wanted
        found = [each.search(VECTORS[place], 3)[0][0] for place in range(100, 2_500, 97)]
        assert found == [
            f"n{100 + (place - 100) // 400 * 400}.0.{(place - 100) % 400}" for place in range(100, 2_500, 97)
        ]
    other.close()


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


def test_making_it_anew_writes_the_graph_seldom_and_then_as_often_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.corpus.chroma_files.REBUILD_CHANGES", 2)
    index = ChromaFiles(tmp_path / "chroma")
    begun = State("corpus", 0, {"index": "one"}, "made", new_until=2_000)
    index.reset(begun)

    def written() -> int:
        return sum(path.stat().st_size for path in index.folder.glob("*/data_level0.bin"))

    index.apply([numbered(1, 1_200)], replace(begun, seq=1))
    assert written() < 1_200 * DIMENSION * 4
    index.apply([numbered(2_000, 300)], replace(begun, seq=2_000))
    at_once = written()
    assert at_once > 1_500 * DIMENSION * 4
    assert index.verify() == []
    assert index.search(VECTORS[2_100], 1)[0][0] == "n2000.0.100"
    index.apply([numbered(2_400, 1_100)], replace(begun, seq=2_400))
    assert written() > at_once
    assert len(index.ids()) == 2_600
    index.close()


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
    assert first.page_content == "The storm flooded São Tomé and its harbours."
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
        "end": 44,
    }
    assert [each.id for each in store.similarity_search("floods", k=4, filter={"dated": 0})] == ["c.0.0"]
    assert index.ids() == {f"{name}.0.0" for name in STORIES}, "ours goes on while theirs is open"
    index.close()
