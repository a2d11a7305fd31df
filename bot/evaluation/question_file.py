"""Reads questions with their gold answers from JSON Lines, and checks the lines of any such file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from bot.errors import ReadError
from bot.evaluation.metrics import holds
from bot.text.unicode import alphanumeric

HALF_IS_ENOUGH = frozenset({"latest", "summary", "list", "compare"})
"""Kinds of questions of which half the facts are enough."""
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""Text that is not blank."""


class JsonLine(BaseModel):
    """An object of a line: a field of null is as one that lacks, and other fields are passed over."""

    model_config = ConfigDict(frozen=True, validate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, given: Any) -> Any:
        return {name: value for name, value in given.items() if value is not None} if isinstance(given, dict) else given


Line = TypeVar("Line", bound=JsonLine)


class EvalQuestion(JsonLine):
    """A question of a file, with what is known of its answer.

    `relevant` are the addresses of articles that answer it: None where the file does not say, empty where it says that
    no article of the corpus does. `must` are the facts that a good answer shows, each in alternative wordings; `kind`
    names the question's kind, `short` right short answers, `wrong` tempting ones; `answerable` is False where the
    corpus does not say. A question without an id is named by its line.
    """

    text: Words = Field(validation_alias="question")
    line: int = 0
    id: str = Field("", coerce_numbers_to_str=True)
    asked_on: date | None = None
    answers: tuple[str, ...] = ()
    relevant: tuple[str, ...] | None = None
    kind: str = ""
    must: tuple[Annotated[tuple[str, ...], Field(min_length=1)], ...] = ()
    short: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    answerable: bool = True

    def at(self, line: int) -> Self:
        """The question as the one of a line."""
        answers = tuple(answer for answer in self.answers if answer.strip())
        return self.model_copy(update={"line": line, "id": self.id or f"line {line}", "answers": answers})

    def facts_in(self, text: str) -> tuple[int, bool]:
        """How many facts that must show a text holds, and whether they are enough: half of an overview's or list's."""
        found = sum(holds(text, fact) for fact in self.must)
        return found, found >= len(self.must) * (0.5 if self.kind in HALF_IS_ENOUGH else 1.0)

    def is_wrong(self, short: str) -> bool:
        """Whether a short answer is one of the tempting wrong ones."""
        return any(alphanumeric(wrong) == alphanumeric(short) for wrong in self.wrong)

    def is_right(self, short: str) -> bool:
        """Whether a short answer holds a right one, or one holds it."""
        return any(holds(short, [each]) or holds(each, [short]) for each in self.short)


def read_questions(path: Path, limit: int | None = None) -> list[EvalQuestion]:
    """The questions of a file, the first `limit` of them where one is given. Raises ReadError as `read_lines`."""
    return [question.at(line) for line, question in read_lines(path, EvalQuestion, "questions", limit)]


def read_lines(path: Path, model: type[Line], what: str, limit: int | None = None) -> Iterator[tuple[int, Line]]:
    """The objects of a file of JSON Lines, each with the number of its line.

    Raises ReadError, which names file, line and field, for what cannot be read, and where the file holds none.
    """
    count = 0
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if count == limit:
                    return
                if line.strip():
                    count += 1
                    yield number, model.model_validate_json(line)
    except OSError as error:
        raise ReadError(f"The {what} cannot be read from {path}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise ReadError(f"The file {path} is not UTF-8 text ({error.reason}). Save it as UTF-8.") from error
    except ValidationError as error:
        raise ReadError(f"{path}, line {number}: {_first_fault(error)}.") from error
    if not count:
        raise ReadError(f"The file {path} holds no {what}; write one JSON object a line.")


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    if not fault["loc"]:
        return f"this is no JSON object ({fault['msg']}). Write one object a line"
    name = ".".join(map(str, fault["loc"]))
    shown = "" if fault["type"] == "missing" else f" is {fault['input']!r:.60}"
    said = 'write a day as "2020-02-12"' if fault["type"].startswith("date") else fault["msg"]
    return f'the field "{name}"{shown}: {said}'
