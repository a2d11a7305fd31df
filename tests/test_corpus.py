"""One truth and two followers: whatever is lost, cut short, damaged or written by another process, they agree again."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.corpus.catalog import Catalog
from bot.corpus.catalog.log import Change
from bot.corpus.chroma_files import ChromaFiles
from bot.corpus.corpus import CATALOG_FILE, Corpus, Progress
from bot.corpus.embedded_text import CONTENT_WORDS
from bot.corpus.embedding import Encoder
from bot.corpus.follower import State
from bot.corpus.identity import article_id
from bot.corpus.index_files import STATE_FILE
from bot.corpus.lexical import TantivyFiles
from bot.errors import CorpusBusy, CorpusError, CorpusMissing, IndexMismatch
from bot.schema import Article, OutcomeKind
from bot.settings import Settings
from bot.wiring import finder, open_corpus
from ingest.pipeline import ingest, rechunk
from tests.fakes import article as make_article

if TYPE_CHECKING:
    from bot.models.embeddings import SentenceEmbeddings

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("harbour", "bridge", "museum", "library", "railway", "stadium", "hospital", "airport", "theatre", "market")


def article(name: str, **fields: object) -> Article:
    """An article with its id. Each names other things, so that none is a copy of another."""
    number = sum(name.encode())
    text = (
        f"The new {name} of Port {name.title()} opened its doors after {number} days of work. "
        f"Engineers from the {name} authority had warned of cracks in its northern wall.\n\n"
        f"Visitors paid {number % 17 + 3} euros for the first tour of the {name}, and {number * 3} of them came."
    )
    made = make_article(name, text, **fields)
    return replace(made, id=article_id(made))


def put(corpus: Corpus, *articles: Article) -> list[OutcomeKind]:
    with corpus.writing():
        return [outcome.kind for outcome in ingest(corpus, articles, passage_chars=200)]


def remove(corpus: Corpus, *articles: Article, follow: bool = True) -> None:
    with corpus.writing():
        with corpus.catalog.writing() as writer:
            assert all(writer.remove(each.id) for each in articles)
        if follow:
            corpus.follow()


def reindex(corpus: Corpus, progress: Progress | None = None) -> None:
    corpus.reset_indexes()
    corpus.follow(progress)


@pytest.fixture(scope="session")
def ten(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Path:
    """The folder of a corpus of ten articles, to be copied."""
    folder = tmp_path_factory.mktemp("ten") / "data"
    corpus = open_corpus(Settings(data_dir=folder, cache_dir=cache_dir), create=True)
    assert put(corpus, *map(article, NAMES)) == [OutcomeKind.NEW] * len(NAMES)
    corpus.close()
    return folder


@pytest.fixture
def corpus(ten: Path, settings: Settings) -> Iterator[Corpus]:
    """A corpus of ten articles that the test may ruin."""
    shutil.copytree(ten, settings.data_dir)
    opened = open_corpus(settings)
    yield opened
    opened.close()


def contents(corpus: Corpus) -> tuple[set[str], dict[str, str]]:
    """What both followers hold, as a reader sees it: passage ids, and the texts that stand with them."""
    corpus.refresh()
    ids = corpus.dense.ids()
    assert corpus.lexical.ids() == ids
    stored = corpus.dense.stored(sorted(ids))
    assert all(abs(float(each.vector @ each.vector) - 1) < 1e-3 for each in stored.values() if each.vector is not None)
    return ids, {id_: each.text for id_, each in stored.items()}


def reopened(corpus: Corpus, settings: Settings) -> Corpus:
    """The corpus as the next process sees it."""
    corpus.close()
    return open_corpus(settings)


# Following


def test_a_sound_corpus_verifies_and_repair_does_nothing(corpus: Corpus) -> None:
    before = contents(corpus)
    assert corpus.verify() == []
    with corpus.writing():
        assert corpus.repair() == []
        corpus.follow()
    assert contents(corpus) == before
    assert [each.behind for each in corpus.status().indexes] == [0, 0]


def test_followers_hold_what_the_catalog_holds(corpus: Corpus) -> None:
    assert corpus.dense.ids() == corpus.lexical.ids() == corpus.catalog.passage_ids()
    assert len(corpus.catalog.passage_ids()) >= 2 * len(NAMES)


def test_passages_of_a_change_replace_the_old_ones(corpus: Corpus) -> None:
    before = corpus.catalog.passage_ids()
    assert put(corpus, replace(article("museum"), title="The museum closes")) == [OutcomeKind.CHANGED]
    assert corpus.dense.ids() == corpus.lexical.ids() == corpus.catalog.passage_ids()
    assert len(before - corpus.catalog.passage_ids()) == sum(id_.startswith(article("museum").id) for id_ in before)
    assert corpus.verify() == []


def test_progress_is_told_to_the_end(corpus: Corpus) -> None:
    told: list[tuple[str, int, int]] = []
    with corpus.writing():
        reindex(corpus, lambda *facts: told.append(facts))
    passages = len(corpus.catalog.passage_ids())
    assert {name for name, _, _ in told} == {"BM25 index", "vector index"}
    assert [fact for fact in told if fact[1] == fact[2]] == [(name, passages, passages) for name, _, _ in told]


def test_an_index_that_was_away_is_told_how_far_it_is_behind(corpus: Corpus) -> None:
    remove(corpus, article("museum"), article("bridge"), follow=False)
    assert [each.behind for each in corpus.status().indexes] == [2, 2]
    assert len(corpus.verify()) == 2
    with corpus.writing():
        corpus.follow()
    assert corpus.verify() == []


# Crashes


class _Stopped(BaseException):
    """Stands for SIGKILL: no handler of ours catches it."""


@pytest.mark.parametrize("name", ["lexical", "dense"])
def test_killed_between_taking_in_and_noting_it(
    corpus: Corpus, settings: Settings, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = corpus.lexical if name == "lexical" else corpus.dense
    changed = replace(article("museum"), title="The museum closes")
    taken_in: list[Sequence[Change]] = []
    apply = follower.apply

    def apply_and_die(changes: Sequence[Change], state: State) -> None:
        apply(changes, state)
        taken_in.append(changes)
        raise _Stopped

    monkeypatch.setattr(follower, "apply", apply_and_die)
    with pytest.raises(_Stopped):
        put(corpus, changed, article("castle"))
    assert taken_in
    corpus = reopened(corpus, settings)
    with corpus.writing():
        corpus.follow()
    assert corpus.verify() == []
    mended = contents(corpus)
    with corpus.writing():
        reindex(corpus)
    assert contents(reopened(corpus, settings)) == mended


def test_killed_between_the_catalog_and_the_indexes(
    corpus: Corpus, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_changes: Sequence[Change], _state: State) -> None:
        raise _Stopped

    monkeypatch.setattr(corpus.lexical, "apply", die)
    with pytest.raises(_Stopped):
        put(corpus, article("castle"))
    assert corpus.catalog.article(article("castle").id) is not None
    corpus = reopened(corpus, settings)
    assert put(corpus, article("castle")) == [OutcomeKind.UNCHANGED]
    assert corpus.verify() == []
    assert any(id_.startswith(article("castle").id) for id_ in corpus.dense.ids())


def test_changes_taken_in_twice_do_no_harm(corpus: Corpus) -> None:
    before = contents(corpus)
    for follower in corpus.followers:
        state = follower.state()
        assert state is not None
        follower.apply(corpus.catalog.changes(0, 1000, dense=follower is corpus.dense), state)
    assert contents(corpus) == before
    assert corpus.verify() == []


def test_the_state_of_an_index_is_replaced_whole(tmp_path: Path) -> None:
    files = TantivyFiles(tmp_path)
    assert files.state() is None
    state = State("abc", 7, {"index": "x", "version": 1}, "made")
    for seq in (7, 8):
        with files.changing(replace(state, seq=seq)):
            assert files.state() is None
    assert files.state() == replace(state, seq=8)
    assert [path.name for path in tmp_path.iterdir()] == [STATE_FILE]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"corpus": "a"}', '{"corpus": "a", "seq": "x", "make": {}}', "null"]
)
def test_a_state_that_cannot_be_read_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / STATE_FILE).write_text(content, encoding="utf-8")
    assert TantivyFiles(tmp_path).state() is None


# Damage


def _delete(folder: Path) -> None:
    shutil.rmtree(folder)


def _empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def _delete_state(folder: Path) -> None:
    (folder / STATE_FILE).unlink()


def _truncate(folder: Path, pattern: str, share: float) -> None:
    files = [path for path in folder.rglob(pattern) if path.is_file()]
    assert files, f"no {pattern} in {sorted(folder.rglob('*'))}"
    for path in files:
        with path.open("r+b") as file:
            file.truncate(int(path.stat().st_size * share))


DAMAGE = {
    "chroma deleted": lambda data: _delete(data / "chroma"),
    "chroma emptied": lambda data: _empty(data / "chroma"),
    "chroma without state": lambda data: _delete_state(data / "chroma"),
    "chroma.sqlite3 deleted": lambda data: (data / "chroma" / "chroma.sqlite3").unlink(),
    "chroma.sqlite3 halved": lambda data: _truncate(data / "chroma", "chroma.sqlite3", 0.5),
    "chroma.sqlite3 emptied": lambda data: _truncate(data / "chroma", "chroma.sqlite3", 0),
    "tantivy deleted": lambda data: _delete(data / "bm25"),
    "tantivy emptied": lambda data: _empty(data / "bm25"),
    "tantivy without state": lambda data: _delete_state(data / "bm25"),
    "tantivy meta.json halved": lambda data: _truncate(data / "bm25", "meta.json", 0.5),
    "tantivy store halved": lambda data: _truncate(data / "bm25", "*.store", 0.5),
    "tantivy terms halved": lambda data: _truncate(data / "bm25", "*.term", 0.5),
    "tantivy postings emptied": lambda data: _truncate(data / "bm25", "*.idx", 0),
    "tantivy columns halved": lambda data: _truncate(data / "bm25", "*.fast", 0.5),
    "both deleted": lambda data: (_delete(data / "bm25"), _delete(data / "chroma")),
}


def test_verify_sees_what_was_written_a_moment_ago(corpus: Corpus, settings: Settings) -> None:
    other = open_corpus(settings)
    assert other.verify() == []
    remove(corpus, article("museum"))
    assert other.verify() == []
    put(corpus, article("castle"))
    assert other.verify() == []
    other.close()


@pytest.mark.parametrize("damage", DAMAGE)
def test_verify_finds_damage_and_repair_mends_it(corpus: Corpus, settings: Settings, damage: str) -> None:
    before = contents(corpus)
    corpus.close()
    DAMAGE[damage](settings.data_dir)
    corpus = open_corpus(settings)
    problems = corpus.verify()
    assert problems
    assert all(str(settings.data_dir) in problem or "passages" in problem for problem in problems)
    if "chroma" in damage:
        assert finder(3, settings)("What happened at the museum?")[0].article == article("museum"), "by the catalog"
    else:
        with pytest.raises(CorpusError, match="--repair"):
            finder(3, settings)("What happened at the museum?")
    corpus = reopened(corpus, settings)
    with corpus.writing():
        assert corpus.repair() == problems
    assert corpus.verify() == []
    corpus = reopened(corpus, settings)
    assert corpus.verify() == []
    assert contents(corpus) == before
    assert finder(3, settings)("What happened at the museum?")[0].article == article("museum")
    corpus.close()


def test_single_passages_that_are_missing_or_too_many_are_mended(corpus: Corpus, settings: Settings) -> None:
    before = contents(corpus)
    gone = sorted(before[0])[0]
    corpus.close()
    import chromadb

    client = chromadb.PersistentClient(path=str(settings.data_dir / "chroma"))
    collection = client.get_collection("passages", embedding_function=None)
    collection.delete(ids=[gone])
    collection.add(
        ids=["feedfeedfeedfeed.0.0"],
        embeddings=[[0.1] * 384],
        documents=["Never written."],
        metadatas=[{"article_id": "feedfeedfeedfeed"}],
    )
    client.close()
    index = TantivyFiles(settings.data_dir / "bm25")
    state = index.state()
    assert state is not None
    index.apply([Change(99, gone.split(".")[0], ())], state)
    index.close()
    corpus = open_corpus(settings)
    problems = corpus.verify()
    assert any("vector index lacks 1 of" in problem for problem in problems)
    assert any("vector index holds 1 passages that the corpus does not" in problem for problem in problems)
    assert any("BM25 index lacks" in problem for problem in problems)
    with corpus.writing():
        assert corpus.repair() == problems
    assert corpus.verify() == []
    assert contents(reopened(corpus, settings)) == before


@pytest.mark.parametrize("place", [0, 3])
def test_a_vector_that_is_missing_is_mended(corpus: Corpus, settings: Settings, place: int) -> None:
    """Below 1,000 vectors Chroma has them in its log alone."""
    before = contents(corpus)
    lost = sorted(before[0])[place]
    corpus.close()
    with closing(sqlite3.connect(settings.data_dir / "chroma" / "chroma.sqlite3")) as database, database:
        assert database.execute("DELETE FROM embeddings_queue WHERE id = ?", (lost,)).rowcount == 1
    corpus = open_corpus(settings)
    problems = corpus.verify()
    assert problems == ["The vector index lacks the vectors of 1 passages, or holds others."]
    with corpus.writing():
        assert corpus.repair() == problems
    assert corpus.verify() == []
    assert contents(reopened(corpus, settings)) == before
    assert corpus.dense.stored([lost])[lost].vector is not None


def test_an_altered_text_beside_a_vector_is_mended(corpus: Corpus, settings: Settings) -> None:
    before = contents(corpus)
    some = sorted(before[0])[3]
    corpus.close()
    import chromadb

    client = chromadb.PersistentClient(path=str(settings.data_dir / "chroma"))
    client.get_collection("passages", embedding_function=None).update(
        ids=[some], documents=["The museum cost nothing."], embeddings=[[0.5] * 384]
    )
    client.close()
    corpus = open_corpus(settings)
    assert corpus.verify() == [
        "The vector index holds 1 passages with another text, day or source.",
        "The vector index lacks the vectors of 1 passages, or holds others.",
    ]
    with corpus.writing():
        corpus.repair()
    assert corpus.verify() == []
    assert contents(reopened(corpus, settings)) == before


def test_what_the_catalog_does_not_have_is_never_shown(corpus: Corpus, settings: Settings) -> None:
    """An index that is ahead or behind costs recall for a moment, never a wrong passage."""
    ask = finder(20, settings)
    assert article("museum") in [hit.article for hit in ask("museum")]
    remove(corpus, article("museum"), follow=False)
    assert article("museum").id not in [hit.article.id for hit in ask("museum")]


# The truth goes back in time


def test_an_older_catalog_is_followed_anew(corpus: Corpus, settings: Settings, tmp_path: Path) -> None:
    before = contents(corpus)
    corpus.catalog.close()
    backup = shutil.copy(settings.data_dir / CATALOG_FILE, tmp_path / "backup")
    put(corpus, article("castle"), article("palace"), replace(article("museum"), title="Closed"))
    corpus.close()
    for path in settings.data_dir.glob(CATALOG_FILE + "*"):
        path.unlink()
    shutil.copy(backup, settings.data_dir / CATALOG_FILE)
    with pytest.raises(CorpusError, match="--repair"):
        finder(3, settings)
    corpus = open_corpus(settings)
    assert len(corpus.verify()) == 2
    with corpus.writing():
        corpus.follow()
    assert corpus.verify() == []
    assert contents(corpus) == before


def test_an_older_catalog_that_overtakes_the_indexes_at_once_is_followed_anew(
    corpus: Corpus, settings: Settings, tmp_path: Path
) -> None:
    corpus.catalog.close()
    backup = shutil.copy(settings.data_dir / CATALOG_FILE, tmp_path / "backup")
    put(corpus, article("castle"))
    corpus.close()
    for path in settings.data_dir.glob(CATALOG_FILE + "*"):
        path.unlink()
    shutil.copy(backup, settings.data_dir / CATALOG_FILE)
    corpus = open_corpus(settings)
    put(corpus, article("palace"), article("tower"), article("garden"))
    assert corpus.verify() == []


def test_the_index_of_another_corpus_is_not_taken(corpus: Corpus, settings: Settings, tmp_path: Path) -> None:
    other = settings.model_copy(update={"data_dir": tmp_path / "other"})
    second = open_corpus(other, create=True)
    put(second, article("castle"))
    second.close()
    corpus.close()
    for name in ("chroma", "bm25"):
        shutil.rmtree(settings.data_dir / name)
        shutil.copytree(other.data_dir / name, settings.data_dir / name)
    with pytest.raises(CorpusError, match="belongs to another corpus"):
        finder(3, settings)
    corpus = open_corpus(settings)
    with corpus.writing():
        corpus.follow()
    assert corpus.verify() == []


# Another model


def test_another_model_is_refused_by_name_with_the_command(corpus: Corpus, settings: Settings) -> None:
    other = settings.model_copy(update={"embedding_model": "/models/another"})
    with pytest.raises(IndexMismatch, match=r"all-MiniLM-L6-v2, and /models/another is set.*newsbot reindex --data"):
        finder(3, other)
    changed = open_corpus(other)
    before = changed.catalog.seq()
    with pytest.raises(IndexMismatch, match="newsbot reindex"):
        put(changed, article("castle"))
    assert changed.catalog.seq() == before, "nothing is stored that could not be found"
    with pytest.raises(IndexMismatch), changed.writing():
        changed.follow()
    changed.close()
    assert corpus.verify() == []


def test_another_prompt_is_another_index(corpus: Corpus, settings: Settings) -> None:
    other = open_corpus(settings.model_copy(update={"document_prompt": "passage: "}))
    before = contents(corpus)
    with pytest.raises(IndexMismatch, match="newsbot reindex"), other.writing():
        other.follow()
    with other.writing():
        reindex(other)
    assert other.verify() == []
    assert contents(other)[0] == before[0]
    other.close()
    with pytest.raises(IndexMismatch):
        finder(3, settings)


def test_the_make_of_each_index_is_in_its_status(corpus: Corpus) -> None:
    lexical, vectors = corpus.status().indexes
    assert lexical.make["index"] == "tantivy"
    assert (vectors.make["index"], vectors.make["model"], vectors.make["prompt"]) == ("chroma", "all-MiniLM-L6-v2", "")
    assert vectors.make["dimension"] == 384
    assert vectors.make["fingerprint"]


def test_a_model_with_other_weights_under_the_same_name_is_refused(corpus: Corpus, settings: Settings) -> None:
    with corpus.catalog.writing() as writer:
        writer.note("vectors", json.dumps(dict(corpus.catalog.vectors_make() or {}) | {"fingerprint": "retrained"}))
    with pytest.raises(IndexMismatch, match="newsbot reindex"):
        finder(3, settings)


@pytest.mark.usefixtures("corpus")
def test_a_reader_is_told_when_the_index_is_made_anew_with_another_model(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.corpus.corpus.LOOK_SECONDS", 0.0)
    find = finder(3, settings)
    assert find("bridge")
    other = open_corpus(settings.model_copy(update={"document_prompt": "passage: "}))
    with other.writing():
        reindex(other)
    other.close()
    with pytest.raises(IndexMismatch, match="newsbot reindex"):
        find("bridge")


def test_passages_cut_another_way_are_refused_until_they_are_cut_anew(corpus: Corpus, settings: Settings) -> None:
    with pytest.raises(IndexMismatch, match="NEWSBOT_PASSAGE_CHARS=200"), corpus.writing():
        list(ingest(corpus, [article("castle")], passage_chars=300))
    before = corpus.catalog.counts()["passages"]
    with corpus.writing():
        rechunk(corpus, 100)
    assert len(corpus.verify()) == 3, "killed here, the vectors and both indexes are seen to be behind"
    with corpus.writing():
        assert [outcome.kind for outcome in ingest(corpus, [article("castle")], passage_chars=100)] == ["new"]
    assert corpus.catalog.counts()["passages"] > before + 1
    assert corpus.verify() == []
    assert finder(3, settings)("bridge")


# Missing


def test_a_missing_corpus_names_the_command_that_makes_one(settings: Settings) -> None:
    with pytest.raises(CorpusMissing, match=r"newsbot ingest"):
        open_corpus(settings)
    assert not settings.data_dir.exists()


def test_a_corpus_without_indexes_is_told(settings: Settings) -> None:
    open_corpus(settings, create=True).close()
    with pytest.raises(CorpusError, match="--repair"):
        finder(3, settings)


def test_an_empty_corpus_can_be_asked(settings: Settings) -> None:
    made = open_corpus(settings, create=True)
    assert put(made) == []
    made.close()
    assert finder(3, settings)("What happened at the museum?") == ()


def test_a_folder_that_cannot_be_made_is_told(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(CorpusError, match="cannot be made"):
        open_corpus(settings.model_copy(update={"data_dir": tmp_path / "file" / "data"}), create=True)


# Two at once


def script(body: str, *arguments: object) -> subprocess.Popen[str]:
    """A second process with the corpus in `sys.argv[1]`, model cache in `sys.argv[2]`; standard streams are pipes."""
    head = """
        import sys
        from pathlib import Path
        from bot.settings import Settings
        from bot.wiring import open_corpus
        from ingest.pipeline import ingest
        from tests.test_corpus import article, put, reindex, remove, replace
        corpus = open_corpus(Settings(data_dir=Path(sys.argv[1]), cache_dir=Path(sys.argv[2])))
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(head) + textwrap.dedent(body), *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_a_second_writer_is_told_who_holds_the_corpus(corpus: Corpus, settings: Settings) -> None:
    holder = script(
        "with corpus.writing():\n    print('held', flush=True)\n    sys.stdin.readline()",
        settings.data_dir,
        settings.cache_dir,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n", holder.stderr and holder.stderr.read()
    with pytest.raises(CorpusBusy, match=f"Process {holder.pid} .*Try again"):
        put(corpus, article("castle"))
    assert corpus.catalog.article(article("castle").id) is None
    waits: list[str] = []
    started = time.monotonic()
    with pytest.raises(CorpusBusy), corpus.writing(0.3, waits.append):
        pass
    assert time.monotonic() - started >= 0.3
    assert len(waits) == 1
    assert str(holder.pid) in waits[0]
    holder.kill()
    holder.communicate()
    assert put(corpus, article("castle")) == [OutcomeKind.NEW], "a holder that was killed holds nothing"
    assert not (settings.data_dir / "writing.txt").exists()


def test_an_index_that_another_process_writes_serves_on_and_is_no_damage(
    corpus: Corpus, settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.corpus.corpus.LOOK_SECONDS", 0.0)
    monkeypatch.setattr("bot.corpus.chroma_files.REOPEN_SECONDS", 0.0)
    monkeypatch.setattr("bot.corpus.chroma_files.REOPEN_SHARE", 1e9)
    some = sorted(corpus.dense.ids())[0]
    vector = corpus.catalog.vectors([some])[some]
    searched: list[str] = []
    index_search, exact_search = corpus.dense.search, corpus.vectors._exact.search
    monkeypatch.setattr(corpus.dense, "search", lambda *asked: (searched.append("index"), index_search(*asked))[1])
    monkeypatch.setattr(
        corpus.vectors._exact, "search", lambda *asked: (searched.append("catalog"), exact_search(*asked))[1]
    )

    def look() -> tuple[str, int]:
        corpus.refresh()
        assert corpus.vectors.search(vector, 1)[0][0] == some
        return searched[-1], sum("compared instead" in record.getMessage() for record in caplog.records)

    assert look() == ("index", 0)
    writer = script(
        """
        for index in corpus.followers:
            state = index.state()
            with index.locked(), index.changing(state):
                print("written", flush=True)
                sys.stdin.readline()
            print("done", flush=True)
            sys.stdin.readline()
        with corpus.dense.locked(), corpus.dense.changing(state):
            print("written", flush=True)
            sys.stdin.readline()
        """,
        settings.data_dir,
        settings.cache_dir,
    )
    assert writer.stdin is not None
    assert writer.stdout is not None
    for index in corpus.followers:
        assert writer.stdout.readline() == "written\n", writer.stderr and writer.stderr.read()
        assert (index.state(), index.being_written()) == (None, True)
        assert look() == ("index", 0)
        corpus.require_indexes()
        (said,) = corpus.verify()
        assert "being written by another process" in said
        print(file=writer.stdin, flush=True)
        assert writer.stdout.readline() == "done\n"
        assert not index.being_written()
        assert look() == ("index", 0)
        print(file=writer.stdin, flush=True)
    assert writer.stdout.readline() == "written\n"
    fresh = open_corpus(settings)
    fresh.refresh()
    assert fresh.vectors.search(vector, 1)[0][0] == some, "by the catalog: what is not open waits for nobody"
    assert look() == ("index", 0)
    fresh.close()
    writer.kill()
    writer.communicate()
    assert not corpus.dense.being_written()
    assert [look(), look()] == [("catalog", 1)] * 2, "cut short"
    with corpus.writing():
        corpus.repair()
    assert look() == ("index", 1)


@pytest.mark.usefixtures("corpus")
def test_a_reader_sees_what_another_process_writes(settings: Settings) -> None:
    ask = finder(30, settings)
    ids = lambda question: [hit.article.id for hit in ask(question)]  # noqa: E731
    assert article("museum").id in ids("museum")
    assert article("castle").id not in ids("castle")
    writer = script(
        """
        for line in sys.stdin:
            verb, name = line.split()
            if verb == "put":
                put(corpus, article(name))
            elif verb == "change":
                put(corpus, replace(article(name), title="A title of another kind"))
            elif verb == "remove":
                remove(corpus, article(name))
            else:
                with corpus.writing():
                    reindex(corpus)
            print("done", flush=True)
        """,
        settings.data_dir,
        settings.cache_dir,
    )
    assert writer.stdin is not None
    assert writer.stdout is not None

    def tell(order: str) -> None:
        assert writer.stdin is not None
        assert writer.stdout is not None
        print(order, file=writer.stdin, flush=True)
        assert writer.stdout.readline() == "done\n", writer.stderr and writer.stderr.read()

    tell("put castle")
    assert article("castle").id in ids("castle"), "found by its words at once"
    tell("remove museum")
    assert article("museum").id not in ids("museum"), "never shown again"
    tell("change bridge")
    (hit,) = {hit.article for hit in ask("bridge") if hit.article.id == article("bridge").id}
    assert hit.title == "A title of another kind"
    time.sleep(1.1)
    castle = next(hit for hit in ask("castle") if hit.article.id == article("castle").id)
    assert castle.parts["dense"] > 0, "after a second its vector is seen too"
    tell("reindex all")
    time.sleep(1.1)
    assert article("castle").id in ids("castle")
    assert article("museum").id not in ids("museum")
    tell("put palace")
    time.sleep(1.1)
    palace = next(hit for hit in ask("palace") if hit.article.id == article("palace").id)
    assert palace.parts["dense"] > 0
    writer.stdin.close()
    assert writer.wait(30) == 0


@pytest.mark.slow
def test_asking_goes_on_while_another_process_writes(corpus: Corpus, settings: Settings) -> None:
    ask = finder(10, settings)
    ask("museum")
    writer = script(
        """
        names = [f"castle{number}" for number in range(36)]
        for start in range(0, 36, 6):
            put(corpus, *map(article, names[start:start + 6]))
            remove(corpus, article(names[start]), article(names[start + 1]))
            put(corpus, replace(article(names[start + 2]), title="Corrected"))
        """,
        settings.data_dir,
        settings.cache_dir,
    )
    asked = 0
    while writer.poll() is None:
        hits = ask(f"cracks in the wall of castle{asked % 36}")
        assert hits
        today = corpus.catalog.articles([hit.article.id for hit in hits])
        for hit in hits:
            assert hit.article.text[hit.passage.start : hit.passage.end] == hit.passage.text
        asked += 1
        assert len(today) >= len({hit.article.id for hit in hits}) - 2, "removed between asking and looking, at most"
    assert writer.returncode == 0, writer.stderr and writer.stderr.read()
    assert asked > 5
    fresh = reopened(corpus, settings)
    assert fresh.verify() == []
    fresh.close()


def test_the_catalog_file_is_all_that_must_be_kept(corpus: Corpus, settings: Settings) -> None:
    before = contents(corpus)
    corpus.close()
    for path in settings.data_dir.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != CATALOG_FILE:
            path.unlink()
    corpus = open_corpus(settings)
    with corpus.writing():
        corpus.repair()
    assert contents(corpus) == before
    with sqlite3.connect(settings.data_dir / CATALOG_FILE) as connection:
        assert connection.execute("SELECT count(*) FROM articles").fetchone() == (len(NAMES),)
    connection.close()
    state = corpus.dense.state()
    assert state is not None
    assert state.seq == corpus.catalog.seq(dense=True)


def test_parts_are_opened_by_hand_too(ten: Path, tmp_path: Path, embeddings: SentenceEmbeddings) -> None:
    """`Corpus` takes its parts; wiring is one way to put them together."""
    folder = Path(shutil.copytree(ten, tmp_path / "data"))
    corpus = Corpus(
        folder,
        Catalog.open(folder / CATALOG_FILE),
        TantivyFiles(folder / "bm25"),
        ChromaFiles(folder / "chroma"),
        Encoder(
            {"model": "all-MiniLM-L6-v2", "words": CONTENT_WORDS},
            lambda parts: (embeddings.encode(part) for part in parts),
            lambda: {"fingerprint": embeddings.fingerprint, "dimension": embeddings.dimension, "prompt": ""},
            content_words=True,
        ),
    )
    assert corpus.verify() == []
    assert corpus.coverage().articles == len(NAMES)
    corpus.close()
