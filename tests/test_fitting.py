"""Fitting how answers are decided: what is surer than it was, thresholds that hold what they promise, the command."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from bot.answering.deciding import DecisionWeights, decide
from bot.cli import main
from bot.errors import UsageError
from bot.evaluation.fitting import SHORT_RIGHT_LEAST, Seen, fit
from bot.evaluation.question_file import EvalQuestion
from bot.models.question_kind import QuestionKind
from bot.settings import Settings
from tests.test_deciding import reading

TEXT = "Olga Rask runs the ferry, the harbour office said."


def seen(number: int, rng: random.Random) -> Seen:
    """A question that its passage answers the likelier the surer the reader is; one in three has no answer."""
    has_answer = number % 3 != 0
    sure = rng.gauss(2.5 if has_answer else -1.0, 1.0)
    question = EvalQuestion(
        text=f"Who runs ferry number {number}?",
        id=str(number),
        line=number,
        kind="fact",
        must=(("Olga Rask",),) if has_answer else (),
        short=("Olga Rask",) if has_answer else (),
        answerable=has_answer,
    )
    probability = 0.9 if has_answer and rng.random() < 0.9 else 0.3
    answers = {"Olga Rask": probability, "harbour": 1 - probability}
    return Seen(question, QuestionKind.FACT, (reading(f"a{number}", TEXT, answers=answers, sure=sure),))


def test_what_has_an_answer_is_told_from_what_has_none() -> None:
    rng = random.Random(4)
    fitted = fit([seen(number, rng) for number in range(150)], DecisionWeights())
    assert fitted.figures["refused of what has none"] > 0.6
    assert fitted.figures["refused of what has an answer"] < 0.15
    assert fitted.figures["ranked right (AUC) by confidence"] > 0.85
    assert fitted.figures["of them right"] >= SHORT_RIGHT_LEAST
    sure, unsure = (
        decide("Who?", QuestionKind.FACT, [reading("a", TEXT, answers={"Olga Rask": 0.9}, sure=sure)], fitted.weights)
        for sure in (4.0, -3.0)
    )
    assert sure.confidence > fitted.weights.answer_least > unsure.confidence
    assert sure.short == "Olga Rask"


def test_questions_that_tell_nothing_are_refused() -> None:
    rng = random.Random(6)
    with pytest.raises(UsageError, match="Give more"):
        fit([seen(number, rng) for number in range(3)], DecisionWeights())


def test_weights_are_read_as_they_were_written(tmp_path: Path) -> None:
    rng = random.Random(5)
    weights = fit([seen(number, rng) for number in range(60)], DecisionWeights()).weights
    weights.save(tmp_path / "weights.json")
    assert DecisionWeights.load(tmp_path / "weights.json") == weights


def test_the_command_fits_to_a_file_of_questions(
    sample_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEWSBOT_CACHE_DIR", str(sample_settings.cache_dir))
    monkeypatch.setenv("NEWSBOT_READER_DEPTH", "3")
    questions = tmp_path / "questions.jsonl"
    rows = [
        {"question": "How many NATO personnel are in Iraq?", "answers": ["several hundred", "500"]},
        {"question": "Who became prime minister of the United Kingdom?", "answers": ["Keir Starmer"]},
        {"question": "Who won the 2031 chess championship in Oslo?", "answers": [], "relevant": []},
        {"question": "What did the harbour tunnel of Kelmouth cost?", "answers": [], "relevant": []},
    ]
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows * 2), encoding="utf-8")
    out = tmp_path / "decision.json"
    typed = ["fit-decision", str(questions), "--data", str(sample_settings.data_dir), "--out", str(out)]
    assert main(typed) == 0
    told = capsys.readouterr().out
    assert str(out) in told
    assert "refused of what has none" in told
    assert DecisionWeights.load(out).answered.keys() > {"bias", "relevance"}
