"""Backups, purges, and corpora that cannot be written: over both databases where it matters."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.corpus.backup import backup, open_backup, restore
from bot.corpus.catalog.feedback import given, put_answer
from bot.corpus.corpus import CATALOG_FILE
from bot.corpus.identity import article_id
from bot.errors import CorpusError, UsageError
from bot.schema import Answer, Article, Citation, OutcomeKind, Question
from bot.settings import Settings
from bot.wiring import open_asker
from ingest.pipeline import ingest
from tests.fakes import corpus_of, run_newsbot
from tests.killing import encode, first_articles, story
from tests.servers import new_database, postgres_server


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with postgres_server() as address:
        yield address


def put(corpus: Any, *articles: Article) -> list[str]:
    with corpus.writing():
        return [f"{each.kind} {each.reason}".strip() for each in ingest(corpus, articles, passage_chars=200)]


def restored(corpus: Any, file: Path) -> int:
    with open_backup(file, corpus.folder) as source:
        return restore(corpus.catalog, source)


def held(corpus: Any) -> dict[str, Any]:
    """All that must come back from a backup."""
    catalog = corpus.catalog
    ids = sorted(catalog.passage_ids())
    articles = [story(number).id for number in range(60)]
    return {
        "articles": {id_: repr(each) for id_, each in catalog.articles(articles).items()},
        "revisions": {id_: [repr(each.article) for each in catalog.revisions(id_)] for id_ in articles},
        "passages": ids,
        "vectors": {id_: vector.tolist() for id_, vector in catalog.vectors(ids).items()},
        "figures": (catalog.counts(), catalog.sources(), catalog.coverage()),
    }


def changed(number: int) -> Article:
    one = story(number)
    return Article(
        title="Another title", text=one.text, url=one.url, source=one.source, published=one.published, id=one.id
    )


# Backups


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_backup_comes_back_whole(tmp_path: Path, request: pytest.FixtureRequest, database: str) -> None:
    where = new_database(request.getfixturevalue("postgres")) if database == "postgres" else None
    corpus = corpus_of(tmp_path / "data", encode, where=where)
    put(corpus, *first_articles(20))
    put(corpus, changed(1))
    before = held(corpus)
    assert backup(corpus.catalog, tmp_path / "kept") == 20
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["kept"]
    put(corpus, changed(2), story(50))
    assert held(corpus) != before
    with corpus.writing(alone=True):
        assert restored(corpus, tmp_path / "kept") == 20
        corpus.repair()
    assert held(corpus) == before
    assert corpus.verify() == []
    assert put(corpus, story(51)) == ["new"]
    other = corpus_of(tmp_path / "other", lambda _: pytest.fail("nothing is embedded again"))
    with other.writing(alone=True):
        restored(other, tmp_path / "kept")
        other.repair()
    assert held(other) == before
    assert other.verify() == []
    other.close()
    corpus.close()


def test_a_backup_is_of_one_moment_while_another_process_writes(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path / "data", encode)
    put(corpus, *first_articles(10))
    done = threading.Event()
    writer = threading.Thread(target=lambda: (put(corpus, *map(story, range(100, 140))), done.set()))
    writer.start()
    number = 0
    while not done.is_set() or number < 1:
        backup(corpus.catalog, tmp_path / f"kept{number}")
        number += 1
    writer.join()
    for each in range(0, number, max(1, number // 3)):
        copy = corpus_of(tmp_path / f"copy{each}", encode)
        with copy.writing():
            restored(copy, tmp_path / f"kept{each}")
            copy.repair()
        assert copy.verify() == []
        assert copy.coverage().articles >= 10
        copy.close()
    corpus.close()


def test_a_backup_never_overwrites_and_a_damaged_one_changes_nothing(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path / "data", encode)
    put(corpus, *first_articles(5))
    before = held(corpus)
    backup(corpus.catalog, tmp_path / "kept")
    with pytest.raises(UsageError, match="is there already"):
        backup(corpus.catalog, tmp_path / "kept")
    with pytest.raises(CorpusError, match="cannot be written"):
        backup(corpus.catalog, tmp_path / "nowhere" / "kept")
    with closing(sqlite3.connect(tmp_path / "kept")) as database, database:
        database.execute("UPDATE articles SET text = replace(text, '1', '2') WHERE id = ?", (story(1).id,))
    with closing(sqlite3.connect(tmp_path / "other")) as database, database:
        database.execute("CREATE TABLE another_program (id)")
    (tmp_path / "cut").write_bytes((tmp_path / "kept").read_bytes()[:9_000])
    (tmp_path / "empty").touch()
    for name in ("kept", "other", "cut", "empty", "data/bm25/meta.json", "nothing", "data"):
        with corpus.writing(), pytest.raises(CorpusError) as told:
            restored(corpus, tmp_path / name)
        said = str(told.value)
        assert str(tmp_path / name) in said
        assert "newsbot-" not in said, "the folder of the copy is nobody's to look at"
        assert said.endswith(("newsbot backup wrote.", f"There is no backup {tmp_path / name}."))
    assert held(corpus) == before
    assert corpus.verify() == []
    corpus.close()


@pytest.mark.parametrize("there", [False, True])
def test_a_bad_backup_makes_no_corpus(tmp_path: Path, there: bool) -> None:
    data = tmp_path / "data"
    if there:
        data.mkdir()
    (tmp_path / "notes").write_text("These are my notes.\n" * 500, encoding="utf-8")
    for name in ("notes", "nothing"):
        done = run_newsbot("restore", str(tmp_path / name), env={"NEWSBOT_DATA_DIR": str(data)})
        assert done.returncode == 1
        assert str(tmp_path / name) in done.stderr
        assert "Traceback" not in done.stderr
        assert data.is_dir() == there
        assert {each.name for each in tmp_path.rglob("*")} == {"notes"} | ({"data"} if there else set())


def test_backup_and_restore_by_command_while_a_reader_is_open(sample_copy: Settings, tmp_path: Path) -> None:
    asker = open_asker(sample_copy)
    question = Question("How many NATO personnel are in Iraq?")
    short = asker(question).short
    environment = {"NEWSBOT_DATA_DIR": str(sample_copy.data_dir), "NEWSBOT_CACHE_DIR": str(sample_copy.cache_dir)}
    done = run_newsbot("backup", str(tmp_path / "kept"), env=environment)
    assert done.returncode == 0, done.stderr
    url = asker(question).citations[0].article.url
    assert url is not None
    assert run_newsbot("remove", url, env=environment).returncode == 0
    assert url not in [each.article.url for each in asker(question).citations]
    done = run_newsbot("restore", str(tmp_path / "kept"), env=environment)
    assert done.returncode == 0, done.stderr
    assert asker(question).short == short
    verified = run_newsbot("verify", env=environment)
    assert (verified.returncode, verified.stdout[:6]) == (0, "Sound:"), verified.stdout


def test_verify_tells_of_an_ingest_that_was_cut_short(sample_copy: Settings) -> None:
    """What is there is sound, and may be less than was to be there."""
    environment = {"NEWSBOT_DATA_DIR": str(sample_copy.data_dir), "NEWSBOT_CACHE_DIR": str(sample_copy.cache_dir)}
    assert "cut short" not in run_newsbot("verify", env=environment).stderr
    with closing(sqlite3.connect(sample_copy.data_dir / CATALOG_FILE)) as database, database:
        database.execute("UPDATE runs SET finished_at = NULL")
    verified = run_newsbot("verify", env=environment)
    assert (verified.returncode, verified.stdout[:6]) == (0, "Sound:"), verified.stdout
    assert "was interrupted" in verified.stderr
    assert "run it again" in verified.stderr


# Purges


def places_of(folder: Path, what: bytes) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and what in path.read_bytes()]


def test_no_memory_is_written_to_the_room_that_a_graph_has_for_more(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path / "data", encode)
    for _ in range(2):  # a graph that was not written yet is made anew by every opening
        put(corpus, *map(story, range(3)))
        assert corpus.vectors.search(encode(["file"])[0], 1)
        (graph,) = (path.parent for path in corpus.folder.rglob("header.bin"))
        assert (graph / "data_level0.bin").stat().st_size
        assert not any((graph / "data_level0.bin").read_bytes() + (graph / "length.bin").read_bytes())
        corpus.close()
        corpus = corpus_of(tmp_path / "data", encode)


def test_a_purge_leaves_nothing_and_refuses_it_from_then_on(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path / "data", encode)
    original = story(3, 30)
    copy = Article(
        title="The same",
        text=original.text,
        url="https://other.example/same",
        source="Other",
        published=date(2024, 5, 1),
    )
    copy = Article(**{name: getattr(copy, name) for name in Article.__slots__} | {"id": article_id(copy)})
    assert put(corpus, original, copy, *map(story, range(10, 30)))[:2] == ["new", "copy"]
    put(corpus, changed(12))
    with corpus.catalog.writing() as writer:
        first = original.text[:60]
        cited = Citation(1, first, 0, 60, original, None)
    put_answer(corpus.catalog, "1", Answer(question=Question("What?"), text=f"{first} [1]", citations=(cited,)))
    put_answer(corpus.catalog, "2", Answer(question=Question("What else?"), text="Nothing."))
    ids = [id_ for id_ in sorted(corpus.catalog.passage_ids()) if id_.startswith(original.id)]
    vector = corpus.catalog.vectors(ids)[ids[0]]
    word = b"file a3x"
    marks = [word, word[5:], vector.astype("<f4").tobytes(), vector.astype("<f2").tobytes()]
    assert places_of(corpus.folder, marks[0])
    assert places_of(corpus.folder, marks[3])
    with corpus.writing():
        corpus.purge([original.id, copy.id])
    corpus.close()
    for mark in marks:
        assert places_of(tmp_path / "data", mark) == []
    corpus = corpus_of(tmp_path / "data", encode)
    assert corpus.verify() == []
    assert corpus.catalog.revisions(original.id) == []
    assert given(corpus.catalog, "1") is None
    assert given(corpus.catalog, "2") is not None
    assert corpus.coverage().articles == 20
    (said,) = put(corpus, original)
    assert said.startswith("skipped it was purged")
    assert corpus.coverage().articles == 20
    with corpus.catalog.writing() as writer:
        writer.allow([original.id])
    assert put(corpus, original) == [OutcomeKind.NEW]
    assert corpus.verify() == []
    corpus.close()


def test_remove_says_what_it_keeps_and_purge_what_it_takes(sample_copy: Settings) -> None:
    environment = {"NEWSBOT_DATA_DIR": str(sample_copy.data_dir), "NEWSBOT_CACHE_DIR": str(sample_copy.cache_dir)}
    url = "https://harbourpost.example/2024/05/24/dutch-general-takes-over-nato-mission-iraq"
    done = run_newsbot("remove", url, env=environment)
    assert (done.returncode, done.stdout) == (0, f"Removed {url}\n")
    assert "--purge leaves nothing" in done.stderr
    assert run_newsbot("show", url, env=environment).returncode == 0
    done = run_newsbot("remove", "--purge", url, env=environment)
    assert done.returncode == 0, done.stderr
    assert run_newsbot("show", url, env=environment).returncode == 1
    assert places_of(sample_copy.data_dir, b"gives no exact number") == []
    done = run_newsbot("remove", "--allow", url, env=environment)
    assert (done.returncode, done.stdout) == (0, f"Accepted again: {url}\n")


# Nothing can be written


@pytest.fixture
def read_only(sample_copy: Settings) -> Iterator[Settings]:
    folder = str(sample_copy.data_dir)
    if shutil.which("mount") is None or subprocess.run(["mount", "--bind", folder, folder], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
    yield sample_copy
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_corpus_that_cannot_be_written_is_asked(read_only: Settings, sample_settings: Settings) -> None:
    question = Question("How many NATO personnel are in Iraq?")
    wanted = open_asker(sample_settings)(question)
    assert open_asker(read_only)(question).text == wanted.text
    environment = {"NEWSBOT_DATA_DIR": str(read_only.data_dir), "NEWSBOT_CACHE_DIR": str(read_only.cache_dir)}
    done = run_newsbot("ask", question.text, env=environment)
    assert done.returncode == 0, done.stderr
    assert "several hundred" in done.stdout
    assert "Traceback" not in done.stderr
    for order in (["remove", "https://harbourpost.example/x"], ["ingest", str(read_only.data_dir)]):
        refused = run_newsbot(*order, env=environment)
        assert refused.returncode == 1
        assert "cannot be written" in refused.stderr or "may be written" in refused.stderr
        assert "Traceback" not in refused.stderr


def test_a_catalog_alone_that_cannot_be_written_is_read(read_only: Settings) -> None:
    from bot.corpus.catalog import Catalog
    from bot.corpus.dense import ExactSearch

    catalog = Catalog.open(read_only.data_dir / CATALOG_FILE)
    ids = sorted(catalog.passage_ids())
    vectors = catalog.vectors(ids)
    exact = ExactSearch(catalog)
    for id_ in ids[::7]:
        assert exact.search(np.asarray(vectors[id_]), 1)[0][0] == id_
    catalog.close()
