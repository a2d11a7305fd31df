"""Reads questions with their gold answers from JSON Lines.

Knows nothing about corpora, answers or figures.
"""

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
    no article of the corpus does.
    """

    text: str
    id: str
    line: int
    asked_on: date | None = None
    answers: tuple[str, ...] = ()
    relevant: tuple[str, ...] | None = None


def read_questions(path: Path, limit: int | None = None) -> list[EvalQuestion]:
    """The questions of a file of JSON Lines, the first `limit` of them where one is given.

    Each line is an object with `question` and, all optional, `id`, `asked_on` (2020-02-12), `answers` and `relevant`
    (lists of strings). Other fields are passed over. A question without an id is named by its line.

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
    )


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
