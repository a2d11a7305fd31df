"""The catalog: what is put is there, what is removed is gone, every change has its number, and nothing is half done.

One contract for both databases: a SQLite file, and a real PostgreSQL on loopback.
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.corpus import catalog as catalog_module
from bot.corpus.catalog import SCHEMA_REVISION, Catalog
from bot.corpus.catalog.articles import dated, newest
from bot.corpus.catalog.feeds import finish_run, last_run, start_run
from bot.corpus.catalog.schema import metadata
from bot.corpus.identity import article_id
from bot.corpus.verifying import damage_of
from bot.errors import CorpusError, CorpusMissing
from bot.schema import Article, Coverage, OutcomeKind, Scope, Span
from tests.fakes import article as make_article
from tests.servers import new_database, postgres_server

MIGRATIONS = Path(catalog_module.__file__).parent / "migrations"


@pytest.fixture(scope="session")
def empty_catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrating takes Alembic a while: done once, copied by each test."""
    path = tmp_path_factory.mktemp("catalog") / "catalog.sqlite"
    Catalog.create(path).close()
    return path


@pytest.fixture
def on_file(tmp_path: Path, empty_catalog: Path) -> Iterator[Catalog]:
    made = Catalog(Path(shutil.copy(empty_catalog, tmp_path)))
    yield made
    made.close()


@pytest.fixture(scope="session")
def migrated_postgres() -> Iterator[str]:
    """The address of a migrated database, which each test copies."""
    with postgres_server() as address:
        Catalog.create(address).close()
        yield address


@pytest.fixture
def on_postgres(migrated_postgres: str) -> Iterator[Catalog]:
    made = Catalog(new_database(migrated_postgres, copied=True))
    yield made
    made.close()


@pytest.fixture(params=["on_file", "on_postgres"])
def catalog(request: pytest.FixtureRequest) -> Catalog:
    found: Catalog = request.getfixturevalue(request.param)
    return found


def article(name: str = "harbour", text: str | None = None, **fields: object) -> Article:
    """An article with its id."""
    made = make_article(name, text, **fields)
    return replace(made, id=article_id(made))


def halves(each: Article) -> list[Span]:
    """Two passages that cover the text."""
    middle = len(each.text) // 2
    return [Span(0, middle), Span(middle, len(each.text))]


def put(catalog: Catalog, *articles: Article, copy_of: str | None = None) -> list[OutcomeKind]:
    with catalog.writing() as writer:
        return [writer.put(each, halves(each), copy_of=copy_of) for each in articles]


def numbers(catalog: Catalog, after: int = 0) -> list[tuple[int, str, int]]:
    """All changes after a number: (seq, article id, number of passages)."""
    return [(each.seq, each.article_id, len(each.passages)) for each in catalog.changes(after, sys.maxsize)]


# What is put


def test_an_article_comes_back_as_it_was_put(catalog: Catalog) -> None:
    full = article(
        "everything",
        "Žluťoučký kůň — “quoted”, 𝟝 %.\n\nSecond paragraph with a tab\tand a NUL-free end.",
        published_at=datetime(2024, 3, 4, 23, 30, tzinfo=timezone(timedelta(hours=-5))),
        authors=("Ana Ruíz", "B. O’Neil"),
        language="cs",
        section="World",
        credits=("dpa", "AP"),
        origin="saved/page 1.txt",
    )
    bare = Article(title="", text="Only text.", id="0" * 16)
    assert put(catalog, full, bare) == [OutcomeKind.NEW, OutcomeKind.NEW]
    assert catalog.article(full.id) == full
    assert catalog.article(bare.id) == bare
    assert catalog.articles([full.id, "f" * 16, bare.id]) == {full.id: full, bare.id: bare}
    assert catalog.article("f" * 16) is None


def test_passages_are_cut_from_the_article(catalog: Catalog) -> None:
    one = article()
    put(catalog, one)
    ids = catalog.passage_ids()
    found = catalog.passages([*sorted(ids), "nowhere.0.0"])
    assert found.keys() == ids
    assert len(ids) == 2
    assert "".join(found[id_].text for id_ in sorted(ids)) == one.text
    assert {passage.article for passage in found.values()} == {one}


def test_the_same_content_again_changes_nothing(catalog: Catalog) -> None:
    one = article()
    put(catalog, one)
    before = catalog.seq(), catalog.passage_ids()
    assert put(catalog, replace(one, origin="found elsewhere")) == [OutcomeKind.UNCHANGED]
    assert (catalog.seq(), catalog.passage_ids()) == before
    assert catalog.article(one.id) == one
    assert len(catalog.revisions(one.id)) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"text": "The harbour stays closed. It cost 14 million euros."},
        {"title": "Correction"},
        {"published": date(2024, 3, 5)},
        {"authors": ("Someone",)},
        {"source": "The Other Post"},
    ],
)
def test_a_change_of_any_field_is_a_new_revision(catalog: Catalog, changed: dict[str, object]) -> None:
    one = article()
    two = replace(one, **changed)  # type: ignore[arg-type]
    put(catalog, one)
    old_ids = catalog.passage_ids()
    assert put(catalog, two) == [OutcomeKind.CHANGED]
    assert catalog.article(one.id) == two
    assert not old_ids & catalog.passage_ids(), "passages of a revision have ids of their own"
    assert catalog.passages(sorted(old_ids)) == {}
    history = catalog.revisions(one.id)
    assert [(each.revision, each.article) for each in history] == [(1, one), (2, two)]
    assert history[0].recorded_at <= history[1].recorded_at <= datetime.now(UTC)


def test_changing_back_is_a_third_revision(catalog: Catalog) -> None:
    one = article()
    two = replace(one, title="Correction")
    for each in (one, two, one):
        put(catalog, each)
    assert [each.article for each in catalog.revisions(one.id)] == [one, two, one]
    assert catalog.seq() == 3


@pytest.mark.parametrize("damaged", ['{"title": ', "null", '{"title": "Another"}'])
def test_an_older_state_that_is_damaged_is_left_out(catalog: Catalog, damaged: str) -> None:
    one = article()
    two = replace(one, title="Correction")
    put(catalog, one)
    put(catalog, two)
    with catalog.transaction() as connection:
        connection.execute(sa.text("UPDATE revisions SET article = :said"), {"said": damaged})
    assert [each.article for each in catalog.revisions(one.id)] == [two]
    assert "older states" in " ".join(damage_of(catalog).lines())


def test_revisions_of_what_was_never_there(catalog: Catalog) -> None:
    assert catalog.revisions("f" * 16) == []


# What is removed


def test_a_removed_article_is_gone_and_leaves_a_mark(catalog: Catalog) -> None:
    one, two = article("one"), article("two")
    put(catalog, one, two)
    ids = catalog.passage_ids()
    with catalog.writing() as writer:
        assert writer.remove(one.id)
        assert not writer.remove(one.id)
        assert not writer.remove("f" * 16)
    assert catalog.article(one.id) is None
    assert {id_.split(".")[0] for id_ in catalog.passage_ids()} == {two.id}
    assert {each.article for each in catalog.passages(sorted(ids)).values()} == {two}
    assert catalog.coverage().articles == 1
    assert catalog.sources() == {"The Post": 1}
    assert catalog.counts() == {"articles": 1, "copies": 0, "undated": 0, "passages": 2}
    assert numbers(catalog) == [(2, two.id, 2), (3, one.id, 0)], "an index that was away learns of the removal"
    assert [each.article for each in catalog.revisions(one.id)] == [one], "what was said stays on record"


def test_a_removed_article_comes_back_as_new(catalog: Catalog) -> None:
    one = article()
    put(catalog, one)
    with catalog.writing() as writer:
        writer.remove(one.id)
        assert not writer.holds(one)
    assert put(catalog, one) == [OutcomeKind.NEW]
    assert catalog.article(one.id) == one
    assert [each.revision for each in catalog.revisions(one.id)] == [1, 2]
    (change,) = catalog.changes(0, 100)
    assert len(change.passages) == 2


# Copies


def test_a_copy_is_kept_and_linked_but_not_indexed(catalog: Catalog) -> None:
    original = article("wire")
    copy = article("copy", source="The Herald", published=date(2024, 3, 5))
    older = article("older", source="The Courier", published=date(2024, 3, 4))
    put(catalog, original)
    assert put(catalog, copy, older, copy_of=original.id) == [OutcomeKind.COPY, OutcomeKind.COPY]
    assert catalog.copies([original.id, copy.id]) == {original.id: (older, copy)}, "oldest first"
    assert {id_.split(".")[0] for id_ in catalog.passage_ids()} == {original.id}
    assert [len(change.passages) for change in catalog.changes(0, 100)] == [2, 0, 0]
    assert catalog.article(copy.id) == copy
    assert catalog.counts() == {"articles": 3, "copies": 2, "undated": 0, "passages": 2}
    assert catalog.originals_with_copies_in(["The Herald", "The Courier"]) == [original.id]
    assert catalog.originals_with_copies_in(["The Post"]) == []


def test_the_oldest_copy_takes_the_place_of_a_removed_original(catalog: Catalog) -> None:
    original = article("wire")
    late = article("late", source="The Herald", published=date(2024, 3, 9))
    early = article("early", source="The Courier", published=date(2024, 3, 5))
    undated = article("undated", source="The Globe", published=None)
    put(catalog, original)
    put(catalog, late, undated, early, copy_of=original.id)
    seq = catalog.seq()
    with catalog.writing() as writer:
        writer.remove(original.id)
    assert catalog.copies([original.id, early.id]) == {early.id: (late, undated)}
    assert {id_.split(".")[0] for id_ in catalog.passage_ids()} == {early.id}
    assert {id_: count for _, id_, count in numbers(catalog, seq)} == {
        original.id: 0,
        early.id: 2,
        late.id: 0,
        undated.id: 0,
    }


def test_a_removed_copy_leaves_the_original_alone(catalog: Catalog) -> None:
    original, copy = article("wire"), article("copy", source="The Herald")
    put(catalog, original)
    put(catalog, copy, copy_of=original.id)
    with catalog.writing() as writer:
        writer.remove(copy.id)
    assert catalog.copies([original.id]) == {}
    assert catalog.originals_with_copies_in(["The Herald"]) == []
    assert {id_.split(".")[0] for id_ in catalog.passage_ids()} == {original.id}


def test_link_turns_an_article_into_a_copy_and_back(catalog: Catalog) -> None:
    one, two = article("one"), article("two", source="The Herald")
    put(catalog, one, two)
    ids = catalog.passage_ids()
    with catalog.writing() as writer:
        writer.link(two.id, one.id)
    assert {id_.split(".")[0] for id_ in catalog.passage_ids()} == {one.id}
    assert catalog.passages(sorted(ids)).keys() == catalog.passage_ids(), "a copy's passages are never shown"
    with catalog.writing() as writer:
        writer.link(two.id, None)
    assert catalog.passage_ids() == ids
    assert numbers(catalog) == [(1, one.id, 2), (4, two.id, 2)]


def test_bands_find_originals_those_that_share_most_first(catalog: Catalog) -> None:
    near, far, copy = article("near"), article("far"), article("copy", source="The Herald")
    gone = article("gone")
    many = range(10_000, 11_500)
    with catalog.writing() as writer:
        writer.put(far, [], bands=[1, *many])
        writer.put(near, [], bands=[1, 2, 3])
        writer.put(copy, [], bands=[2, 4], copy_of=near.id)
        writer.put(gone, [], bands=[1, 2, 3])
        writer.remove(gone.id)
        assert writer.originals_by_bands([1, 2, 3]) == [near, far]
        assert writer.originals_by_bands([4]) == [near], "a copy leads to what it is a copy of"
        assert writer.originals_by_bands([5]) == writer.originals_by_bands([]) == []
        assert writer.originals_by_bands([*many, 2])[0] == far, "more keys than one statement takes"


# Changes


def test_changes_come_in_order_and_in_portions(catalog: Catalog) -> None:
    articles = [article(f"a{number}") for number in range(9)]
    put(catalog, *articles)
    put(catalog, replace(articles[3], title="Correction"))
    order = [each.id for each in articles]
    order.append(order.pop(3))
    seen: list[str] = []
    after, portions = 0, 0
    while changes := catalog.changes(after, 5):
        assert len(changes) <= 3, "three articles of two passages are enough for five"
        seen += [change.article_id for change in changes]
        after = changes[-1].seq
        portions += 1
    assert seen == order
    assert portions == 3
    assert after == catalog.seq() == 10


def test_a_portion_ends_though_no_change_has_passages(catalog: Catalog) -> None:
    with catalog.writing() as writer:
        for number in range(20):
            writer.put(article(f"a{number}"), [])
    assert len(catalog.changes(0, 5)) == 5


def test_pending_counts_the_passages_of_later_changes(catalog: Catalog) -> None:
    put(catalog, *[article(f"a{number}") for number in range(4)])
    put(catalog, article("copy", source="The Herald"), copy_of=article("a0").id)
    assert [catalog.pending(after) for after in range(6)] == [8, 6, 4, 2, 0, 0]


def test_changes_of_named_articles(catalog: Catalog) -> None:
    one, two = article("one"), article("two")
    put(catalog, one)
    put(catalog, two)
    changes = catalog.changes_of([two.id, "f" * 16, one.id])
    assert [(each.article_id, len(each.passages)) for each in changes] == [(two.id, 2), (one.id, 2)]


def test_what_is_numbered_anew_is_a_change_again(catalog: Catalog) -> None:
    one, two = article("one"), article("two")
    put(catalog, one)
    put(catalog, two)
    with catalog.writing() as writer:
        writer.renumber({one.id, "f" * 16})
    after = [(each.article_id, len(each.passages)) for each in catalog.changes(2, 100)]
    assert after == [(one.id, 2)]
    assert catalog.article(one.id) == one
    assert damage_of(catalog).lines() == []


# Figures


def test_figures_of_an_empty_catalog(catalog: Catalog) -> None:
    assert catalog.coverage() == Coverage(0)
    assert catalog.sources() == {}
    assert catalog.seq() == 0
    assert catalog.changes(0, 100) == []
    assert catalog.passage_ids() == set()
    assert last_run(catalog) is None
    assert damage_of(catalog).lines() == []


def test_coverage_sources_and_counts(catalog: Catalog) -> None:
    put(
        catalog,
        article("a", published=date(1999, 12, 31)),
        article("b", published=date(2024, 2, 29), source="DW"),
        article("c", published=None, source="DW"),
        article("d", published=None, source=None),
    )
    assert catalog.coverage() == Coverage(4, date(1999, 12, 31), date(2024, 2, 29))
    assert list(catalog.sources().items()) == [("DW", 2), ("", 1), ("The Post", 1)]
    assert catalog.counts() == {"articles": 4, "copies": 0, "undated": 2, "passages": 8}


def test_runs_are_noted(catalog: Catalog) -> None:
    run = start_run(catalog)
    begun = last_run(catalog)
    assert begun is not None
    assert begun.finished_at is None, "cut short, as long as nobody says otherwise"
    finish_run(catalog, run, {"new": 3, "failed": 1})
    ended = last_run(catalog)
    assert ended is not None
    assert ended.finished_at is not None
    assert ended.counts == {"new": 3, "failed": 1}
    assert ended.started_at <= ended.finished_at
    second = start_run(catalog)
    assert second != run


def test_boilerplate_state_is_kept_by_source(catalog: Catalog) -> None:
    with catalog.writing() as writer:
        assert writer.boilerplate("DW") == b""
        writer.learn_boilerplate("DW", b"\x00\xff1")
        writer.learn_boilerplate("DW", b"\x00\xff2")
    with catalog.writing() as writer:
        assert writer.boilerplate("DW") == b"\x00\xff2"
        assert writer.boilerplate("") == b""


def test_the_corpus_keeps_its_name(tmp_path: Path) -> None:
    first = Catalog.create(tmp_path / "one.sqlite")
    other = Catalog.create(tmp_path / "two.sqlite")
    again = Catalog.create(tmp_path / "one.sqlite")
    read = Catalog.open(tmp_path / "one.sqlite")
    assert first.id() == again.id() == read.id() != other.id()


# Transactions


def test_a_transaction_is_all_or_nothing(catalog: Catalog) -> None:
    put(catalog, article("kept"))

    def break_off() -> None:
        with catalog.writing() as writer:
            writer.put(article("lost"), [Span(0, 5)], bands=[1])
            writer.learn_boilerplate("DW", b"lost")
            writer.remove(article("kept").id)
            raise KeyError("power cut")

    with pytest.raises(KeyError):
        break_off()
    assert catalog.article(article("kept").id) is not None
    assert catalog.article(article("lost").id) is None
    assert catalog.seq() == 1
    assert len(catalog.passage_ids()) == 2
    with catalog.writing() as writer:
        assert writer.boilerplate("DW") == b""
        assert writer.originals_by_bands([1]) == []


def test_a_reader_goes_on_while_another_connection_writes(on_file: Catalog) -> None:
    reader = Catalog.open(on_file.path)
    put(on_file, article("old"))
    with on_file.writing() as writer:
        writer.put(article("new"), halves(article("new")))
        assert reader.coverage().articles == 1
        assert reader.article(article("new").id) is None
        assert [change.article_id for change in reader.changes(0, 100)] == [article("old").id]
    assert reader.coverage().articles == 2
    reader.close()


def test_two_writers_take_turns(on_file: Catalog) -> None:
    second = Catalog.create(on_file.path)

    def write(through: Catalog, name: str) -> None:
        for number in range(15):
            put(through, article(f"{name}{number}"))

    threads = [threading.Thread(target=write, args=pair) for pair in ((on_file, "a"), (second, "b"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [seq for seq, _, _ in numbers(on_file)] == list(range(1, 31))
    second.close()


# Schema


def test_the_newest_migration_is_the_one_the_code_expects() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == SCHEMA_REVISION


@pytest.mark.parametrize("made", ["now", "by the first release"])
def test_a_catalog_has_the_tables_that_the_code_uses(tmp_path: Path, empty_catalog: Path, made: str) -> None:
    path = tmp_path / "catalog.sqlite"
    if made == "now":
        shutil.copy(empty_catalog, path)
    else:
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript((Path(__file__).parent / "catalog_0007.sql").read_text(encoding="utf-8"))
    with closing(Catalog.open(path)) as catalog, catalog.engine.connect() as opened:
        context = MigrationContext.configure(opened, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        found = _definitions(opened)
    direct = sa.create_engine("sqlite://")
    metadata.create_all(direct)
    with direct.connect() as opened:
        assert found == _definitions(opened)


def _definitions(connection: sa.Connection) -> dict[str, object]:
    """Of each table what SQLite knows: columns with type, null and key, indexes, whether it has rowids."""
    rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'table'").all()
    return {
        name: (
            sorted(tuple(row)[1:] for row in connection.exec_driver_sql(f"PRAGMA table_info({name})")),
            sorted(
                (unique, *[column for _, _, column in connection.exec_driver_sql(f"PRAGMA index_info({index})")])
                for _, index, unique, _, _ in connection.exec_driver_sql(f"PRAGMA index_list({name})")
            ),
            "WITHOUT ROWID" in sql,
        )
        for name, sql in rows
        if name != "alembic_version"
    }


def test_a_catalog_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    first = Catalog.create(path)
    put(first, article())
    assert Catalog.create(path).article(article().id) == article()


def test_a_newer_catalog_is_refused_in_words(on_file: Catalog) -> None:
    on_file.close()
    with sqlite3.connect(on_file.path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for opening in (Catalog.open, Catalog.create):
        with pytest.raises(CorpusError, match=r"newer newsbot.*Upgrade"):
            opening(on_file.path)


def test_a_catalog_from_before_the_first_release_is_refused_in_words(on_file: Catalog) -> None:
    on_file.close()
    with sqlite3.connect(on_file.path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0006'")
    connection.close()
    before = on_file.path.read_bytes()
    for opening in (Catalog.open, Catalog.create):
        with pytest.raises(CorpusError, match=r"before 0\.2\.0.*ingest again"):
            opening(on_file.path)
    assert on_file.path.read_bytes() == before


def test_a_catalog_of_no_revision_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    Catalog.create(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM alembic_version")
    connection.close()
    with pytest.raises(CorpusMissing, match="another program"):
        Catalog.open(path)


# What is no catalog


def test_a_missing_catalog_is_told_with_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(CorpusMissing, match=r"newsbot ingest .*--data"):
        Catalog.open(tmp_path / "catalog.sqlite")
    assert list(tmp_path.iterdir()) == [], "looking makes nothing"


@pytest.mark.parametrize("content", [b"These are my notes.\n" * 500, b"\x89PNG\r\n\x1a\n" + bytes(4096)])
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "catalog.sqlite"
    path.write_bytes(content)
    for opening in (Catalog.open, Catalog.create):
        with pytest.raises(CorpusError, match=r"not a database.*ingest again"):
            opening(path)
    assert path.read_bytes() == content


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    with pytest.raises(CorpusMissing, match="another program"):
        Catalog.open(path)


def test_an_empty_file_is_no_catalog(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    path.touch()
    with pytest.raises(CorpusMissing, match="empty"):
        Catalog.open(path)


def fill(catalog: Catalog) -> list[str]:
    """Forty long articles; returns their ids."""
    articles = [article(f"a{number}", "word " * 2000) for number in range(40)]
    put(catalog, *articles)
    catalog.close()
    assert catalog.path.stat().st_size > 200_000
    return [each.id for each in articles]


def test_a_truncated_catalog_is_told_in_words(on_file: Catalog) -> None:
    fill(on_file)
    whole = on_file.path.read_bytes()
    on_file.path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CorpusError, match=r"catalog\.sqlite cannot be used: .*malformed.*backup"):
        Catalog.open(on_file.path)


def test_a_damaged_catalog_is_told_in_words_by_whoever_reads(on_file: Catalog) -> None:
    ids = fill(on_file)
    size = on_file.path.stat().st_size
    with on_file.path.open("r+b") as file:
        file.seek(size // 2)  # behind the schema's pages, where the articles are
        file.write(b"\xff" * (size // 2))
    broken = Catalog.open(on_file.path)
    problems = damage_of(broken).lines()
    assert problems
    assert all("catalog.sqlite" in problem for problem in problems)
    with pytest.raises(CorpusError, match="cannot be used"):
        broken.articles(ids)
    with pytest.raises(CorpusError, match="cannot be used"):
        list(broken.changes(0, sys.maxsize))


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that not even root may write: /proc")
def test_a_folder_that_cannot_be_written_is_told_in_words() -> None:
    with pytest.raises(CorpusError, match="folder exists and may be written"):
        Catalog.create(Path("/proc/catalog.sqlite"))


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (None, {"old", "new", "undated"}),
        (Scope(after=date(2024, 1, 1)), {"new"}),
        (Scope(before=date(2023, 12, 31)), {"old"}),
        (Scope(known_by=date(2023, 6, 1)), {"old", "undated"}),
        (Scope(sources=("The Herald",)), {"old"}),
        (Scope(sources=("The Mail",), copied_by_sources=("new",)), {"new"}),
    ],
)
def test_where_passages_stand(catalog: Catalog, scope: Scope | None, expected: set[str]) -> None:
    articles = {
        "old": article("old", published=date(2023, 5, 1), source="The Herald"),
        "new": article("new", published=date(2024, 5, 1)),
        "undated": article("undated", published=None),
    }
    put(catalog, *articles.values())
    if scope and scope.copied_by_sources:
        scope = replace(scope, copied_by_sources=tuple(articles[name].id for name in scope.copied_by_sources))
    ids = sorted(catalog.passage_ids())
    found = catalog.passage_metas(ids, scope)
    assert {each.article_id for each in found.values()} == {articles[name].id for name in expected}
    passages = catalog.passages(ids)
    for id_, each in found.items():
        assert (each.article_id, each.published) == (passages[id_].article.id, passages[id_].article.published)
    with catalog.writing() as writer:
        writer.remove(articles["old"].id)
    assert articles["old"].id not in {each.article_id for each in catalog.passage_metas(ids, scope).values()}


def test_what_is_asked_by_id_lists_nothing_else(on_file: Catalog) -> None:
    """SQLite is asked how it would go about each statement: by ids, and past no article's text to tell where it is."""
    one = article("one")
    put(on_file, one)
    said: list[tuple[str, object]] = []
    sa.event.listen(on_file.engine, "before_cursor_execute", lambda *told: said.append((told[2], told[3])))
    ids = sorted(on_file.passage_ids())
    said.clear()
    asked = {
        "standing": lambda: on_file.passage_metas(ids, Scope(known_by=date(2030, 1, 1), after=date(2000, 1, 1))),
        "passages": lambda: on_file.passages(ids),
        "articles": lambda: on_file.articles([one.id]),
        "copies": lambda: on_file.copies([one.id]),
        "vectors": lambda: on_file.vectors(ids),
        "changes": lambda: on_file.changes(0, 10, dense=True),
        "changes_of": lambda: on_file.changes_of([one.id]),
        "dated": lambda: dated(on_file, [one.id]),
        "coverage": on_file.coverage,
        "newest": lambda: newest(on_file, 5),
    }
    plans = {}
    for name, ask in asked.items():
        said.clear()
        ask()
        with on_file.engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            told = [driver.execute(f"EXPLAIN QUERY PLAN {order}", values) for order, values in list(said)]
            plans[name] = [row[3] for rows in told for row in rows]
    for name, plan in plans.items():
        scans = [step for step in plan if step.startswith("SCAN") and not step.startswith("SCAN anon")]
        assert scans in ([], ["SCAN sources"]) or name == "newest", (name, plan)
    assert any("COVERING INDEX ix_articles_standing (id=?" in step for step in plans["standing"]), plans["standing"]
    assert any("USING INDEX ix_articles_days" in step for step in plans["newest"]), plans["newest"]
