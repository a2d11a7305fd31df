"""Files of questions: what is read, what is optional, and errors that name file and line."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from bot.errors import ReadError
from bot.evaluation.question_file import EvalQuestion, read_questions
from tests.conftest import ROOT, SAMPLE

BENCH = ROOT.parent / "shared" / "bench"


def written(tmp_path: Path, *lines: object) -> Path:
    file = tmp_path / "questions.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    file.write_text("\n".join(texts), encoding="utf-8")
    return file


def test_every_field_is_optional_but_the_question(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        {"question": " Who won? "},
        "",
        {"question": "Where?", "id": 7, "asked_on": "2024-02-29", "answers": ["Rome", " "], "relevant": [], "note": 1},
        {"question": "When?", "id": "c", "asked_on": None, "answers": None, "relevant": ["https://n.example/a"]},
    )
    assert read_questions(file) == [
        EvalQuestion(text="Who won?", id="line 1", line=1),
        EvalQuestion(
            text="Where?", id="7", line=3, asked_on=date(2024, 2, 29), answers=("Rome",), relevant=()
        ),
        EvalQuestion(text="When?", id="c", line=4, relevant=("https://n.example/a",)),
    ]  # fmt: skip
    assert [question.id for question in read_questions(file, limit=2)] == ["line 1", "7"]


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"question": "Who?"}\r\n{"question": "What?"}\r\n')
    assert [question.text for question in read_questions(file)] == ["Who?", "What?"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"question": "Who?"', "no JSON"),
        ("[" * 100_000, "no JSON"),
        ('["Who?"]', "no JSON object"),
        ('{"id": "a"}', '"question": Field required'),
        ('{"question": "  "}', "\"question\" is '  ': String should have"),
        ('{"question": ["Who?"]}', "\"question\" is ['Who?']: Input should be a valid string"),
        ('{"question": "Who?", "id": [1]}', '"id" is [1]: Input should be a valid string'),
        ('{"question": "Who?", "asked_on": "12 May"}', "\"asked_on\" is '12 May'"),
        ('{"question": "Who?", "asked_on": 20200512}', '"asked_on" is 20200512'),
        ('{"question": "Who?", "answers": "Rome"}', "\"answers\" is 'Rome': Input should be a valid array"),
        ('{"question": "Who?", "answers": [500]}', '"answers.0" is 500: Input should be a valid string'),
        ('{"question": "Who?", "must": [[]]}', '"must.0" is []'),
        ('{"question": "Who?", "answerable": 7}', '"answerable" is 7'),
        ('{"question": "Who?", "relevant": {"a": 1}}', "\"relevant\" is {'a': 1}: Input should be"),
    ],
)
def test_what_is_off_is_told_with_file_and_line(tmp_path: Path, line: str, said: str) -> None:
    file = written(tmp_path, {"question": "Fine?"}, "", line)
    with pytest.raises(ReadError, match="line 3") as caught:
        read_questions(file)
    assert str(file) in str(caught.value)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 400
    assert len(read_questions(file, limit=1)) == 1


def test_files_that_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"holds no questions"):
        read_questions(written(tmp_path, "", " "))
    with pytest.raises(ReadError, match=r"no-such\.jsonl.*No such file"):
        read_questions(tmp_path / "no-such.jsonl")
    with pytest.raises(ReadError, match="cannot be read"):
        read_questions(tmp_path)
    (tmp_path / "latin.jsonl").write_bytes(b'{"question": "Caf\xe9?"}')
    with pytest.raises(ReadError, match="not UTF-8"):
        read_questions(tmp_path / "latin.jsonl")


def test_the_sample_questions_are_read() -> None:
    questions = read_questions(SAMPLE / "questions.jsonl")
    assert len({question.id for question in questions}) == len(questions) > 100
    assert all(question.asked_on for question in questions)
    assert {bool(question.answers) == bool(question.relevant) for question in questions} == {True}


@pytest.mark.parametrize(("year", "count"), [("2022", 780), ("2023", 1429)])
def test_the_shared_questions_are_read(year: str, count: int) -> None:
    file = BENCH / f"news-{year}" / "questions.jsonl"
    if not file.is_file():
        pytest.skip("the shared questions do not lie beside the checkout")
    questions = read_questions(file)
    assert len(questions) == count
    assert all(question.answers and question.asked_on and question.relevant is not None for question in questions)
