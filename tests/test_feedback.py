"""Answers that were given and what people said of them, kept in the catalog and exported as questions."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.corpus.catalog import Catalog
from bot.corpus.catalog.feedback import Rating, Reason, exported, given, judged, put_answer, put_messages, rate
from bot.evaluation.question_file import read_questions
from bot.schema import Answer, Citation, Question
from tests.fakes import article, run_newsbot

QUESTION = Question("What did it cost?", date(2024, 3, 5), date(2024, 1, 1), date(2024, 12, 31), ("The Post",))


def answer(**fields: object) -> Answer:
    made = article(id="0" * 16)
    start = made.text.index("It cost")
    quote = made.text[start : start + 25]
    found: dict[str, object] = {
        "question": QUESTION,
        "text": f"The Post, 4 March 2024: “{quote}” [1]",
        "short": "12 million euros",
        "citations": (Citation(1, quote, start, start + 25, made, made.url),),
        "as_of": date(2024, 3, 4),
        "retrieved": ("0.a.0", "0.a.1"),
    }
    return Answer(**(found | fields))  # type: ignore[arg-type]


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog.create(tmp_path / "catalog.sqlite")


def test_an_answer_is_kept_whole(catalog: Catalog) -> None:
    put_answer(catalog, "abc", answer())
    put_messages(catalog, "abc", (2**63 - 1, 7))
    kept = given(catalog, "abc")
    assert kept is not None
    assert kept.question == QUESTION
    assert (kept.text, kept.short, kept.as_of) == (answer().text, "12 million euros", date(2024, 3, 4))
    assert kept.citations[0].quote == "It cost 12 million euros."
    assert kept.citations[0].url == "https://post.example/harbour"
    assert kept.retrieved == ("0.a.0", "0.a.1")
    assert kept.messages == (2**63 - 1, 7)
    assert (datetime.now(UTC) - kept.given_at).total_seconds() < 60
    assert given(catalog, "abd") is None


def test_each_person_counts_once_and_may_change_their_mind(catalog: Catalog) -> None:
    put_answer(catalog, "abc", answer())
    rate(catalog, "abc", 1, Rating.UP)
    rate(catalog, "abc", 1, Rating.DOWN, Reason.WRONG)
    rate(catalog, "abc", 1, Rating.DOWN, Reason.OUTDATED, "13 million")
    rate(catalog, "abc", 2, Rating.DOWN, Reason.OUTDATED, "13 million")
    rate(catalog, "abc", 3, Rating.UP)
    (one,) = judged(catalog)
    assert (one.up, one.down) == (1, 2)
    assert one.reasons == (Reason.OUTDATED, Reason.OUTDATED)
    assert one.corrections == ("13 million",)


def test_a_reason_stays_where_the_press_that_opened_its_form_is_kept_after_it(catalog: Catalog) -> None:
    put_answer(catalog, "abc", answer())
    rate(catalog, "abc", 1, Rating.DOWN, Reason.OUTDATED, "13 million")
    rate(catalog, "abc", 1, Rating.DOWN)
    (one,) = judged(catalog)
    assert (one.up, one.down, one.reasons, one.corrections) == (0, 1, (Reason.OUTDATED,), ("13 million",))
    rate(catalog, "abc", 1, Rating.UP)
    (one,) = judged(catalog)
    assert (one.up, one.down, one.reasons) == (1, 0, ())


def test_who_rated_cannot_be_read(catalog: Catalog) -> None:
    put_answer(catalog, "abc", answer())
    rate(catalog, "abc", 123456789012345678, Rating.UP)
    with catalog.engine.connect() as connection:
        assert "123456789012345678" not in str(connection.execute(sa.text("SELECT * FROM feedback")).all())


def test_the_export_is_a_question_file(catalog: Catalog, tmp_path: Path) -> None:
    put_answer(catalog, "good", answer())
    put_answer(catalog, "bad", answer(question=Question("And what now?")))
    put_answer(catalog, "mixed", answer())
    put_answer(catalog, "unrated", answer())
    rate(catalog, "good", 1, Rating.UP)
    rate(catalog, "bad", 1, Rating.DOWN, Reason.SOURCE, "13 million")
    rate(catalog, "mixed", 1, Rating.UP)
    rate(catalog, "mixed", 2, Rating.DOWN)
    lines = {each.given.id: exported(each) for each in judged(catalog)}
    assert set(lines) == {"good", "bad", "mixed"}
    assert lines["good"] | {"retrieved": [], "given": ""} == {
        "id": "good", "question": "What did it cost?", "asked_on": "2024-03-05", "answers": [],
        "relevant": ["https://post.example/harbour"], "rating": "up", "reason": None, "up": 1, "down": 0,
        "retrieved": [], "given": "", "after": "2024-01-01", "before": "2024-12-31", "sources": ("The Post",),
    }  # fmt: skip
    assert (lines["bad"]["rating"], lines["bad"]["reason"], lines["bad"]["answers"]) == (
        "down",
        "bad source",
        ["13 million"],
    )
    assert lines["bad"]["relevant"] is None, "nobody knows what is right"
    assert lines["bad"]["asked_on"] == datetime.now(UTC).date().isoformat()
    assert lines["mixed"]["rating"] == "mixed"

    done = run_newsbot("feedback", "export", "--data", str(tmp_path))
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["good", "bad", "mixed"]
    file = tmp_path / "rated.jsonl"
    file.write_text(done.stdout, encoding="utf-8")
    assert [each.text for each in read_questions(file)] == [
        "What did it cost?",
        "And what now?",
        "What did it cost?",
    ]
    assert len(json.loads(run_newsbot("feedback", "export", "--json", "--data", str(tmp_path)).stdout)) == 3
