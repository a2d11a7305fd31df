"""`newsbot eval --claims`: the check of prose measured on anybody's claims."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.answering.check.judge import check_claims
from bot.cli import main
from bot.errors import ReadError
from bot.evaluation.claims import Share, document, measure, read_claims, table

ROW = {
    "title": "Ferry line reopens",
    "source": "Harbour Post",
    "published": "2024-05-24",
    "text": "The ferry to Alder Island reopened on Monday after four months of repairs. It carries 260 passengers.",
    "claims": [
        {"text": "After repairs of four months the ferry runs again.", "ok": True},
        {"text": "The ferry takes 260 people to Alder Island.", "ok": True},
        {"text": "The ferry takes 620 people to Alder Island.", "ok": False, "why": "number"},
        {"text": "The ferry sinks every Monday.", "ok": False, "why": "unsupported"},
    ],
}


@pytest.fixture
def claims(tmp_path: Path) -> Path:
    path = tmp_path / "claims.jsonl"
    path.write_text(json.dumps(ROW) + "\n", encoding="utf-8")
    return path


def test_what_is_caught_and_what_is_removed(claims: Path) -> None:
    shares = measure(read_claims(claims), check_claims)
    assert shares == {
        "removed": Share(0, 2),
        "caught": Share(1, 2),
        "number": Share(1, 1),
        "unsupported": Share(0, 1),
    }
    assert [line.split()[0] for line in table(shares)] == ["true", "false", "number", "unsupported"]
    assert document(shares)["caught"] == 0.5


def test_a_judge_reads_what_code_leaves(claims: Path) -> None:
    asked: list[tuple[str, str]] = []

    def strict(pairs: list[tuple[str, str]]) -> list[str | None]:
        asked.extend(pairs)
        return ["it says so" if "sinks" in claim else None for claim, _ in pairs]

    (excerpt,) = read_claims(claims)
    reasons = check_claims(excerpt.hit, [claim.text for claim in excerpt.claims], strict)  # type: ignore[arg-type]
    assert reasons == [None, None, "620 is not in the cited passage", "it says so"]
    assert [passage.startswith("Ferry line reopens\nThe ferry to Alder") for _, passage in asked] == [True] * 3


def test_intervals_are_wilsons() -> None:
    low, high = Share(2, 240).interval
    assert (round(low, 3), round(high, 3)) == (0.002, 0.03)
    assert Share(0, 0).interval == (0.0, 1.0)


def test_the_command(claims: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "--claims", str(claims), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["caught"], told["removed"]) == (0.5, 0.0)
    assert main(["eval", "--claims", str(claims)]) == 0
    assert "false sentences caught   0.500" in capsys.readouterr().out


def test_a_file_of_questions_or_of_claims_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval"]) != 0
    assert "--claims" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": ""}, 'line 1: the field "text" is'),
        ({"claims": []}, 'the field "claims" is'),
        ({"claims": [{"text": "It sails."}]}, r'the field "claims.0.ok": Field required'),
        ({"published": "May"}, "write a day as"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, change: dict[str, object], said: str) -> None:
    path = tmp_path / "claims.jsonl"
    path.write_text(json.dumps({**ROW, **change}), encoding="utf-8")
    with pytest.raises(ReadError, match=said):
        read_claims(path)
