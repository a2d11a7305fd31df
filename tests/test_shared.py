"""One corpus on real servers, PostgreSQL's and Chroma's, on loopback: many write and ask it, each from a folder."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.corpus.catalog.log import Change
from bot.corpus.chroma import ChromaServer
from bot.errors import CorpusBusy, CorpusError, SettingsError
from bot.settings import Settings
from bot.wiring import finder, open_catalog, open_corpus
from ingest.pipeline import ingest, mend
from ingest.read import read
from tests.conftest import SAMPLE
from tests.fakes import corpus_of
from tests.killing import encode, first_articles, story
from tests.opensearch_contract import opensearch_server
from tests.servers import chroma_server, new_database, postgres_server


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    with postgres_server() as database, chroma_server(tmp_path_factory.mktemp("server") / "db") as server:
        yield database, server


@pytest.fixture
def corpora(servers: tuple[str, str], tmp_path: Path) -> Iterator[list[Any]]:
    """The same empty corpus, as three machines see it."""
    database, server = servers
    mine = new_database(database)
    collection = f"{server}/{mine.rsplit('/', 1)[1]}"
    made = [
        corpus_of(tmp_path / name, encode, where=mine, dense=ChromaServer(collection))
        for name in ("one", "two", "three")
    ]
    yield made
    for each in made:
        each.close()


def found(corpus: Any, number: int) -> bool:
    """Whether an article is found by its words and by its vectors."""
    corpus._looked_at = 0.0
    corpus.refresh()
    wanted = story(number)
    by_words = [id_ for id_, _ in corpus.lexical.search(corpus.lexical.terms(wanted.title), 5)]
    by_vectors = [id_ for id_, _ in corpus.vectors.search(encode([f"{wanted.title}\n{wanted.text[:150]}"])[0], 30)]
    hits = [{each.article.id for each in corpus.passages(ids).values()} for ids in (by_words, by_vectors)]
    assert (wanted.id in hits[0]) == (wanted.id in hits[1])
    return wanted.id in hits[0]


def test_what_one_machine_writes_is_found_on_the_others_at_once(corpora: list[Any]) -> None:
    one, two, three = corpora
    for corpus, number in ((one, 1), (two, 2), (one, 3)):
        with corpus.writing():
            assert [each.kind for each in ingest(corpus, [story(number)], passage_chars=200)] == ["new"]
        assert all(found(each, number) for each in corpora)
    with two.writing():
        with two.catalog.writing() as writer:
            writer.remove(story(1).id)
        two.follow()
    assert not any(found(each, 1) for each in corpora)
    assert [each.verify() for each in (two, three)] == [[], []]


def test_many_write_at_a_time_and_nothing_is_lost_or_doubled(corpora: list[Any]) -> None:
    articles = first_articles(60)
    failed: list[BaseException] = []

    def put_in(corpus: Any, some: list[Any]) -> None:
        try:
            with corpus.writing(60):
                list(ingest(corpus, some, passage_chars=200))
        except BaseException as error:
            failed.append(error)

    shares = [articles[:40], articles[20:], articles[::2]]
    threads = [threading.Thread(target=put_in, args=each) for each in zip(corpora, shares, strict=True)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not failed
    counts = corpora[0].catalog.counts()
    assert counts["articles"] == 60
    for corpus in corpora:
        with corpus.writing(60):
            corpus.follow()
        assert corpus.verify() == []
        assert corpus.dense.ids() == corpus.lexical.ids() == corpus.catalog.passage_ids()
    assert sum(corpora[0].sources().values()) == 60


def test_who_must_be_alone_waits_for_others(corpora: list[Any]) -> None:
    one, two, _ = corpora
    with one.writing(), two.writing(), pytest.raises(CorpusBusy, match="Another process"), two.writing(0.1, alone=True):
        pass
    with one.writing(alone=True), pytest.raises(CorpusBusy), two.writing(0.1):
        pass


def test_damage_in_the_database_is_seen_and_mended(corpora: list[Any]) -> None:
    one = corpora[0]
    with one.writing():
        list(ingest(one, [story(5), story(6)], passage_chars=200))
    with one.catalog.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE articles SET text = 'It cost 9 crowns.' WHERE id = '{story(5).id}'")
        connection.exec_driver_sql(f"UPDATE vectors SET vectors = '\\x00'::bytea WHERE article_id = '{story(6).id}'")
    assert len(one.verify()) >= 2
    assert not found(one, 5)
    with one.writing(alone=True):
        mend(one, lambda _: [replace(story(5), id="")], passage_chars=200)
        one.repair()
    assert one.verify() == []
    assert found(one, 6)


def test_settings_lead_to_the_servers(servers: tuple[str, str], settings: Settings, tmp_path: Path) -> None:
    database, server = servers
    shared = Settings(
        data_dir=settings.data_dir,
        cache_dir=settings.cache_dir,
        database_url=new_database(database),
        chroma_url=f"{server}/sample",
    )
    corpus = open_corpus(shared, create=True)
    with corpus.writing():
        list(ingest(corpus, read([str(SAMPLE / "news")])))
    corpus.close()
    other = shared.model_copy(update={"data_dir": tmp_path / "another machine"})
    hits = finder(3, other)("How many NATO personnel are in Iraq?")
    assert "NATO" in hits[0].article.title
    assert sorted(path.name for path in other.data_dir.iterdir() if path.is_dir()) == ["bm25"]
    assert "postgresql" not in repr(other)


def test_a_corpus_on_opensearch_answers_and_is_mended(settings: Settings) -> None:
    """By the contract of the tests: OpenSearch itself was not run."""
    with opensearch_server() as address:
        named = Settings(data_dir=settings.data_dir, cache_dir=settings.cache_dir, opensearch_url=f"{address}/sample")
        corpus = open_corpus(named, create=True)
        with corpus.writing():
            list(ingest(corpus, read([str(SAMPLE / "news")])))
        assert corpus.verify() == []
        assert [each.name for each in corpus.status().indexes] == ["OpenSearch index"]
        corpus.dense.apply([Change(0, next(iter(corpus.dense.ids()))[:16], ())], corpus.dense.state())
        assert "lacks" in " ".join(corpus.verify())
        with corpus.writing():
            corpus.repair()
        assert corpus.verify() == []
        corpus.close()
        assert "NATO" in finder(3, named)("How many NATO personnel are in Iraq?")[0].article.title
        assert sorted(path.name for path in named.data_dir.iterdir() if path.is_dir()) == []
        with pytest.raises(SettingsError, match="both set"):
            open_corpus(named.model_copy(update={"chroma_url": "http://127.0.0.1:8000"}))


@pytest.mark.parametrize("address", ["nonsense", "mysql://x@y/z"])
def test_an_address_that_is_no_postgresql_is_told(settings: Settings, address: str) -> None:
    with pytest.raises(SettingsError, match="NEWSBOT_DATABASE_URL"):
        open_catalog(Settings(data_dir=settings.data_dir, database_url=address))


def test_a_database_that_does_not_answer_is_told_without_its_password(settings: Settings) -> None:
    wrong = Settings(data_dir=settings.data_dir, database_url="postgresql://news:secret@127.0.0.1:9/news")
    said = r"news:\*\*\*@127\.0\.0\.1:9/news cannot be used: .*[^.]\. Check NEWSBOT_DATABASE_URL"
    with pytest.raises(CorpusError, match=said):
        open_catalog(wrong)
