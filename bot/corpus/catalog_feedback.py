"""Answers that were given, what people said of them, and each server's settings: kept in the catalog."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from bot.corpus.catalog import Catalog
from bot.corpus.catalog_rows import day_of
from bot.corpus.catalog_schema import answers_table, feedback_table, guilds_table, portions, timestamp, upsert
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


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An answer with what people said of it: how many found it good and bad, their reasons, and what is right."""

    given: Given
    up: int
    down: int
    reasons: tuple[Reason, ...]
    corrections: tuple[str, ...]


def put_answer(catalog: Catalog, id_: str, answer: Answer) -> None:
    """Keep an answer under an id of the caller's, before it is shown. Raises CorpusError."""
    question = answer.question
    narrowed = {
        "text": question.text,
        "as_of": _iso(question.as_of),
        "after": _iso(question.after),
        "before": _iso(question.before),
        "sources": list(question.sources),
    }
    cited = [
        {
            "number": each.number,
            "article_id": each.article.id,
            "url": each.article.url,
            "start": each.start,
            "end": each.end,
            "quote": each.quote,
        }
        for each in answer.citations
    ]
    with catalog.transaction() as connection:
        connection.execute(
            answers_table.insert().values(
                id=id_,
                given_at=timestamp(),
                question=narrowed,
                text=answer.text,
                short=answer.short,
                answered=answer.answered,
                as_of=_iso(answer.as_of),
                model=answer.model,
                citations=cited,
                retrieved=list(answer.retrieved),
                messages=[],
            )
        )


def put_messages(catalog: Catalog, id_: str, messages: tuple[int, ...]) -> None:
    """Note which messages an answer fills. Raises CorpusError."""
    with catalog.transaction() as connection:
        connection.execute(
            answers_table.update().where(answers_table.c.id == id_).values(messages=[str(each) for each in messages])
        )


def given(catalog: Catalog, id_: str) -> Given | None:
    """An answer that was given; None where none has that id. Raises CorpusError."""
    with catalog.engine.connect() as connection:
        row = connection.execute(sa.select(answers_table).where(answers_table.c.id == id_)).one_or_none()
    return None if row is None else _given(row)


def rate(
    catalog: Catalog,
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
    f = feedback_table.c
    same = (f.answer_id == id_) & (f.voter == row["voter"]) & (f.rating == row["rating"])
    with catalog.transaction() as connection:
        if reason is None and connection.execute(sa.select(f.voter).where(same)).first() is not None:
            return
        upsert(connection, feedback_table, [row])


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was asked, whether it was answered, and what people said of the answer."""

    question: str
    answered: bool
    up: int
    down: int


def asked(catalog: Catalog, ids: Sequence[str]) -> list[Asked]:
    """Those of the answers that are kept, in no order. Raises CorpusError."""
    a, f = answers_table.c, feedback_table.c
    found = []
    with catalog.engine.connect() as connection:
        for some in portions(ids):
            votes = {(row[0], row[1]): row[2] for row in connection.execute(
                sa.select(f.answer_id, f.rating, sa.func.count()).where(f.answer_id.in_(some))
                .group_by(f.answer_id, f.rating))}  # fmt: skip
            for row in connection.execute(sa.select(a.id, a.question, a.answered).where(a.id.in_(some))):
                up, down = votes.get((row.id, Rating.UP.value), 0), votes.get((row.id, Rating.DOWN.value), 0)
                found.append(Asked(row.question["text"], row.answered, up, down))
    return found


def forget(catalog: Catalog, ids: Sequence[str], person: int | None = None) -> None:
    """Take answers away, with what people said of them; and all that a person said of others. Raises CorpusError."""
    with catalog.transaction() as connection:
        for some in portions(ids):
            connection.execute(feedback_table.delete().where(feedback_table.c.answer_id.in_(some)))
            connection.execute(answers_table.delete().where(answers_table.c.id.in_(some)))
        if person is not None:
            connection.execute(feedback_table.delete().where(feedback_table.c.voter == voter(catalog, person)))


def forget_before(catalog: Catalog, moment: datetime) -> int:
    """Take every answer away that was given before a moment; how many there were. Raises CorpusError."""
    with catalog.engine.connect() as connection:
        old = sa.select(answers_table.c.id).where(answers_table.c.given_at < moment.isoformat(timespec="milliseconds"))
        ids = list(connection.execute(old).scalars())
    forget(catalog, ids)
    return len(ids)


def voter(catalog: Catalog, person: int) -> str:
    """A person as a hash that differs from corpus to corpus: enough to count each once, and to forget them."""
    return hashlib.sha256(f"{catalog.id()} {person}".encode()).hexdigest()[:20]


def judged(catalog: Catalog) -> Iterator[Judged]:
    """Every answer that somebody rated, oldest first. Raises CorpusError."""
    f = feedback_table.c
    with catalog.engine.connect() as connection:
        rated = sa.select(f.answer_id).distinct()
        rows = connection.execute(
            sa.select(answers_table).where(answers_table.c.id.in_(rated)).order_by(answers_table.c.given_at)
        ).all()
        for row in rows:
            votes = connection.execute(
                sa.select(feedback_table).where(f.answer_id == row.id).order_by(f.given_at, f.voter)
            ).all()
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


def guild_settings(catalog: Catalog, guild: int) -> Mapping[str, Any]:
    """What was set for a server; empty where nothing was. Raises CorpusError."""
    query = sa.select(guilds_table.c.settings).where(guilds_table.c.id == str(guild))
    with catalog.engine.connect() as connection:
        found = connection.execute(query).scalar()
    return dict(found or {})


def guilds_with_settings(catalog: Catalog) -> list[int]:
    """The servers that something was set for. Raises CorpusError."""
    with catalog.engine.connect() as connection:
        return [int(each) for each in connection.execute(sa.select(guilds_table.c.id)).scalars()]


def put_guild_settings(catalog: Catalog, guild: int, settings: Mapping[str, Any]) -> None:
    """Set a server's settings, in place of those before. Raises CorpusError."""
    with catalog.transaction() as connection:
        upsert(connection, guilds_table, [{"id": str(guild), "settings": dict(settings), "changed_at": timestamp()}])


def _given(row: Any) -> Given:
    asked = row.question
    return Given(
        id=row.id,
        given_at=datetime.fromisoformat(row.given_at),
        question=Question(
            asked["text"],
            day_of(asked["as_of"]),
            day_of(asked["after"]),
            day_of(asked["before"]),
            tuple(asked["sources"]),
        ),
        text=row.text,
        short=row.short,
        answered=row.answered,
        as_of=day_of(row.as_of),
        model=row.model,
        citations=tuple(Cited(**each) for each in row.citations),
        retrieved=tuple(row.retrieved),
        messages=tuple(int(each) for each in row.messages),
    )


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
