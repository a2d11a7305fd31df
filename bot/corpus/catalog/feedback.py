"""Answers that were given, what people said of them, and each server's settings: kept in the catalog."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

import bot.corpus.catalog.schema as tables
from bot.corpus.catalog.database import Database
from bot.corpus.catalog.schema import among, timestamp, upsert
from bot.schema import Answer, Question


class Rating(StrEnum):
    """What somebody thinks of an answer."""

    UP = "up"
    DOWN = "down"


class Reason(StrEnum):
    """What is amiss with an answer."""

    WRONG = "wrong"
    OUTDATED = "out of date"
    SOURCE = "bad source"
    UNANSWERED = "not answered"


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation as it was given: `quote` stood at `start` to `end` of the article then."""

    number: int
    article_id: str
    url: str | None
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An answer that was given: enough to show its sources, to ask it again and to compare.

    `question` is the question as it was understood, `as_of` the newest cited day. `retrieved` are ids of passages.
    `messages` are the ids of the messages that it fills, first one first.
    """

    id: str
    given_at: datetime
    question: Question
    text: str
    short: str | None
    answered: bool
    as_of: date | None
    model: str | None
    citations: tuple[Cited, ...]
    retrieved: tuple[str, ...]
    messages: tuple[int, ...]


_GIVEN = TypeAdapter(Given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An answer with its ratings: how many people found it good or bad, their reasons, and what they say is right."""

    given: Given
    up: int
    down: int
    reasons: tuple[Reason, ...]
    corrections: tuple[str, ...]


def put_answer(catalog: Database, id_: str, answer: Answer) -> None:
    """Keep an answer under an id of the caller's, before it is shown. Raises CorpusError."""
    cited = [
        asdict(Cited(each.number, each.article.id, each.article.url, each.start, each.end, each.quote))
        for each in answer.citations
    ]
    row = {name: getattr(answer, name) for name in ("text", "short", "answered", "as_of", "model", "retrieved")}
    row |= {"id": id_, "given_at": datetime.now(UTC), "question": asdict(answer.question), "citations": cited}
    with catalog.transaction() as connection:
        connection.execute(tables.answers.insert().values(**row, messages=[]))


def put_messages(catalog: Database, id_: str, messages: tuple[int, ...]) -> None:
    """Note which messages an answer fills. Raises CorpusError."""
    with catalog.transaction() as connection:
        connection.execute(
            tables.answers.update().where(tables.answers.c.id == id_).values(messages=list(map(str, messages)))
        )


def given(catalog: Database, id_: str) -> Given | None:
    """An answer that was given; None where none has that id. Raises CorpusError."""
    rows = catalog.rows(sa.select(tables.answers).where(tables.answers.c.id == id_))
    return _given(rows[0]) if rows else None


def rate(
    catalog: Database,
    id_: str,
    person: int,
    rating: Rating,
    reason: Reason | None = None,
    correction: str | None = None,
) -> None:
    """Keep what somebody thinks of an answer, in place of what they thought before. Raises CorpusError.

    The same rating again without a reason changes nothing: a form may be sent before the press that opened it is kept.
    The person is kept as a hash that differs from corpus to corpus: enough to count each once.
    """
    row = {
        "answer_id": id_,
        "voter": voter(catalog, person),
        "rating": rating.value,
        "reason": reason.value if reason else None,
        "correction": correction,
        "given_at": timestamp(),
    }
    f = tables.feedback.c
    same = (f.answer_id == id_) & (f.voter == row["voter"]) & (f.rating == row["rating"])
    with catalog.transaction() as connection:
        if reason is None and connection.execute(sa.select(f.voter).where(same)).first() is not None:
            return
        upsert(connection, tables.feedback, [row])


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question that was asked, whether it was answered, and what people said of the answer."""

    question: str
    answered: bool
    up: int
    down: int


def asked(catalog: Database, ids: Sequence[str]) -> list[AskedQuestion]:
    """The answers with these ids that are still kept, in no order. Raises CorpusError."""
    a, f = tables.answers.c, tables.feedback.c
    counted = sa.select(f.answer_id, f.rating, sa.func.count()).where(among(f.answer_id, ids))
    votes = {(id_, rating): count for id_, rating, count in catalog.rows(counted.group_by(f.answer_id, f.rating))}
    rows = catalog.rows(sa.select(a.id, a.question, a.answered).where(among(a.id, ids)))
    return [
        AskedQuestion(
            row.question["text"], row.answered, votes.get((row.id, Rating.UP), 0), votes.get((row.id, Rating.DOWN), 0)
        )
        for row in rows
    ]


def forget(catalog: Database, ids: Sequence[str], person: int | None = None) -> None:
    """Delete answers with their ratings, and all ratings by one person. Raises CorpusError."""
    with catalog.transaction() as connection:
        forget_answers(connection, ids)
        if person is not None:
            connection.execute(tables.feedback.delete().where(tables.feedback.c.voter == voter(catalog, person)))


def forget_answers(connection: sa.Connection, ids: Sequence[str]) -> None:
    """Delete answers with their ratings."""
    connection.execute(tables.feedback.delete().where(among(tables.feedback.c.answer_id, ids)))
    connection.execute(tables.answers.delete().where(among(tables.answers.c.id, ids)))


def forget_before(catalog: Database, moment: datetime) -> int:
    """Delete all answers given before a moment; returns their number. Raises CorpusError."""
    ids = [row.id for row in catalog.rows(sa.select(tables.answers.c.id).where(tables.answers.c.given_at < moment))]
    forget(catalog, ids)
    return len(ids)


def voter(catalog: Database, person: int) -> str:
    """A person as a hash that differs from corpus to corpus: enough to count each once, and to forget them."""
    return hashlib.sha256(f"{catalog.note('id')} {person}".encode()).hexdigest()[:20]


def judged(catalog: Database) -> Iterator[Judged]:
    """Every answer that somebody rated, oldest first. Raises CorpusError."""
    a, f = tables.answers.c, tables.feedback.c
    for row in catalog.rows(sa.select(tables.answers).where(a.id.in_(sa.select(f.answer_id))).order_by(a.given_at)):
        votes = catalog.rows(sa.select(tables.feedback).where(f.answer_id == row.id).order_by(f.given_at, f.voter))
        yield Judged(
            given=_given(row),
            up=sum(vote.rating == Rating.UP for vote in votes),
            down=sum(vote.rating == Rating.DOWN for vote in votes),
            reasons=tuple(Reason(vote.reason) for vote in votes if vote.reason),
            corrections=tuple(dict.fromkeys(vote.correction for vote in votes if vote.correction)),
        )


def exported(judged_answer: Judged) -> dict[str, Any]:
    """A rated answer as a line of a question file for `newsbot eval`.

    `relevant` are the addresses that a well rated answer cites: none where it rightly said that the corpus does not
    say, and None for other answers, whose right articles nobody knows. `answers` is what people said is right.
    """
    one, up, down = judged_answer.given, judged_answer.up, judged_answer.down
    good = up > down
    line = {
        "id": one.id,
        "question": one.question.text,
        "asked_on": (one.question.as_of or one.given_at.date()).isoformat(),
        "answers": list(judged_answer.corrections),
        "relevant": list(dict.fromkeys(each.url for each in one.citations if each.url)) if good else None,
        "rating": "up" if good else "down" if down > up else "mixed",
        "reason": judged_answer.reasons[-1].value if judged_answer.reasons else None,
        "up": up,
        "down": down,
        "retrieved": list(one.retrieved),
        "given": one.short or one.text,
    }
    narrowed = {"after": _iso(one.question.after), "before": _iso(one.question.before), "sources": one.question.sources}
    return line | {name: value for name, value in narrowed.items() if value}


def guild_settings(catalog: Database, guild: int) -> Mapping[str, Any]:
    """What was set for a server; empty where nothing was. Raises CorpusError."""
    return dict(catalog.scalar(sa.select(tables.guilds.c.settings).where(tables.guilds.c.id == str(guild))) or {})


def guilds_with_settings(catalog: Database) -> list[int]:
    """The servers that something was set for. Raises CorpusError."""
    return [int(row.id) for row in catalog.rows(sa.select(tables.guilds.c.id))]


def put_guild_settings(catalog: Database, guild: int, settings: Mapping[str, Any]) -> None:
    """Set a server's settings, in place of those before. Raises CorpusError."""
    catalog.put_rows(tables.guilds, [{"id": str(guild), "settings": dict(settings), "changed_at": timestamp()}])


def _given(row: Any) -> Given:
    return _GIVEN.validate_python(dict(row._mapping))


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
