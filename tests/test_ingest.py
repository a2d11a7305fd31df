"""The Python door of ingest: sources and articles in, one outcome each out, and what was stored can be asked."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot import Article, Question, Settings, open_chain, open_corpus
from bot.errors import CorpusError, UsageError
from bot.schema import OutcomeKind
from ingest import ingest
from ingest.read import ReadOptions
from tests.conftest import SAMPLE

BRIDGE = Article(
    title="Old bridge reopens",
    text="The old bridge over the Tide reopened on Monday. The repair took 14 months, the city said.",
    url="https://post.example/bridge",
    source="The Post",
    published=date(2024, 3, 4),
)
PAGES = SAMPLE / "news" / "pages"


def test_sources_and_articles_go_in_and_can_be_asked(settings: Settings, tmp_path: Path) -> None:
    missing = tmp_path / "missing.txt"
    page = next(PAGES.glob("*finland*"))
    outcomes = ingest([BRIDGE, page, str(missing)], settings)
    assert [each.kind for each in outcomes] == [OutcomeKind.NEW, OutcomeKind.NEW, OutcomeKind.FAILED]
    assert [each.origin for each in outcomes] == ["", str(page), str(missing)]
    assert outcomes[2].reason
    answer = open_chain(settings).invoke(Question("How long did the repair of the bridge take?"))
    assert "14 months" in answer.citations[0].quote
    assert [each.kind for each in ingest(BRIDGE, settings)] == [OutcomeKind.UNCHANGED]
    assert [each.kind for each in ingest(page, settings)] == [OutcomeKind.UNCHANGED]


def test_options_say_how_sources_are_read(settings: Settings) -> None:
    (outcome,) = ingest(str(next(PAGES.glob("*finland*"))), settings, options=ReadOptions(source="The Northern Post"))
    corpus = open_corpus(settings)
    stored = corpus.catalog.article(outcome.article_id)
    corpus.close()
    assert stored is not None
    assert stored.source == "The Northern Post"


def test_addresses_are_fetched_only_where_that_is_wanted_and_public(settings: Settings) -> None:
    (refused,) = ingest("http://127.0.0.1:9/news", settings)
    assert "not on the public internet" in refused.reason
    (unfetched,) = ingest("http://127.0.0.1:9/news", settings, fetch=False)
    assert unfetched.reason == "reading an address needs the network, which is off here"


@pytest.mark.parametrize(("sources", "told"), [(None, "no NoneType"), (7, "no int: 7"), ([BRIDGE, 7], "no int: 7")])
def test_what_is_no_source_is_told(settings: Settings, sources: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        ingest(sources, settings)


def test_a_folder_that_cannot_be_made_is_told(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(CorpusError, match="cannot be made"):
        ingest(BRIDGE, settings.model_copy(update={"data_dir": tmp_path / "file" / "data"}))
