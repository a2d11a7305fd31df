"""Reads questions with their gold answers from JSON Lines."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from bot.errors import ReadError


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalQuestion:
    """A question of a file, with what is known of its answer.

    `relevant` are the addresses of articles that answer it: None where the file does not say, empty where it says that
    no article of the corpus does. `must` are the facts that a good answer shows, each in alternative wordings; `kind`
    names the question's kind, `short` right short answers, `wrong` tempting ones; `answerable` is False where the
    corpus does not say.
    """

    text: str
    id: str
    line: int
    asked_on: date | None = None
    answers: tuple[str, ...] = ()
    relevant: tuple[str, ...] | None = None
    kind: str = ""
    must: tuple[tuple[str, ...], ...] = ()
    short: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    answerable: bool = True


def read_questions(path: Path, limit: int | None = None) -> list[EvalQuestion]:
    """The questions of a file of JSON Lines, the first `limit` of them where one is given.

    Each line is an object with `question` and, all optional, `id`, `kind`, `asked_on` (2020-02-12), `answers`,
    `relevant`, `short` and `wrong` (lists of strings), `must` (a list of such lists) and `answerable` (true or false).
    Other fields are passed over. A question without an id is named by its line.

    Raises ReadError, which names file and line, for what cannot be read.
    """
    found: list[EvalQuestion] = []
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if limit is not None and len(found) == limit:
                    break
                if line.strip():
                    found.append(_question(line, number, f"{path}, line {number}"))
    except OSError as error:
        raise ReadError(f"The questions cannot be read from {path}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise ReadError(f"The file {path} is not UTF-8 text ({error.reason}). Save it as UTF-8.") from error
    if not found:
        raise ReadError(f"The file {path} holds no question; write one JSON object a line.")
    return found


def _question(line: str, number: int, place: str) -> EvalQuestion:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ReadError(f"{place}: this is no JSON ({error}). Write one object a line.") from error
    if not isinstance(fields, dict):
        raise ReadError(f'{place}: this is no JSON object; write {{"question": "Who won?"}}.')
    text = fields.get("question")
    if not isinstance(text, str) or not text.strip():
        raise ReadError(f'{place}: the field "question" is missing or empty.')
    own_id = fields.get("id")
    if own_id is not None and (not isinstance(own_id, str | int) or isinstance(own_id, bool)):
        raise ReadError(f'{place}: the field "id" is a string or a whole number.')
    relevant = _strings(fields, "relevant", place)
    return EvalQuestion(
        text=text.strip(),
        id=f"line {number}" if own_id in (None, "") else str(own_id),
        line=number,
        asked_on=_day(fields.get("asked_on"), place),
        answers=tuple(answer for answer in _strings(fields, "answers", place) or () if answer.strip()),
        relevant=relevant,
        kind=_text(fields, "kind", place),
        must=_facts(fields, place),
        short=_strings(fields, "short", place) or (),
        wrong=_strings(fields, "wrong", place) or (),
        answerable=_flag(fields, "answerable", place),
    )


def _text(fields: dict[str, Any], name: str, place: str) -> str:
    value = fields.get(name) or ""
    if not isinstance(value, str):
        raise ReadError(f'{place}: the field "{name}" is a string.')
    return value


def _flag(fields: dict[str, Any], name: str, place: str) -> bool:
    value = fields.get(name, True)
    if not isinstance(value, bool):
        raise ReadError(f'{place}: the field "{name}" is true or false.')
    return value


def _facts(fields: dict[str, Any], place: str) -> tuple[tuple[str, ...], ...]:
    value = fields.get("must") or []
    right = isinstance(value, list) and all(
        isinstance(fact, list) and fact and all(isinstance(each, str) for each in fact) for fact in value
    )
    if not right:
        raise ReadError(f'{place}: the field "must" is a list of facts, each a list of its wordings.')
    return tuple(tuple(fact) for fact in value)


def _strings(fields: dict[str, Any], name: str, place: str) -> tuple[str, ...] | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ReadError(f'{place}: the field "{name}" is a list of strings.')
    return tuple(value)


def _day(value: Any, place: str) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ReadError(f'{place}: the field "asked_on" is {value!r}; write a day as "2020-02-12".') from None
