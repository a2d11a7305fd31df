"""`newsbot eval`: what counts as right, on a corpus that can be judged by hand; table, JSON, charts, comparing."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot.asking import Asker
from bot.cli import main
from bot.cli.parser import RANKINGS as RANKINGS_TO_TYPE
from bot.errors import ReadError, UsageError
from bot.evaluation.plot import draw
from bot.evaluation.question_file import EvalQuestion
from bot.evaluation.report import Facts, differences, document, figures, results_of, table
from bot.evaluation.run import (
    BY_COSINE,
    BY_WORDS,
    NEVER_REFUSING,
    OURS,
    RANKINGS,
    Result,
    evaluate,
    is_valid,
    place_of_right,
    shown,
)
from bot.schema import Answer, Citation, Hit, Passage, Question
from bot.settings import Settings
from bot.wiring import open_asker, open_corpus
from ingest.pipeline import ingest
from tests.chat_server import ChatServer, Reply
from tests.conftest import ROOT, SAMPLE
from tests.fakes import article

BARRIER = (
    "The tidal barrier at Kelmouth closed for the first time on Sunday. The barrier cost 840 million euros.\n\n"
    "It keeps storm surges out of the estuary, and ships pass through a lock beside it."
)
ARTICLES = [
    article("barrier", BARRIER, published=date(2024, 6, 25)),
    article("barrier-copy", BARRIER, source="The Herald", published=date(2024, 6, 26)),
    article("strike", "Nurses in Norvale began a strike over pay on Friday. About 5,200 nurses walked out."),
    article("lighthouse", "The lighthouse at Kelmouth was painted red. A keeper lives in it."),
]  # fmt: skip
DAY = date(2024, 6, 25)
COST = EvalQuestion(
    text="How much did the tidal barrier at Kelmouth cost?", id="cost", line=1, asked_on=DAY,
    answers=("840 million euros",), relevant=("https://post.example/barrier",),
)  # fmt: skip
NURSES = EvalQuestion(text="How many nurses walked out in Norvale?", id="nurses", line=2, answers=("5,200",))
UNHELD = EvalQuestion(
    text="Who won the 2031 chess championship in Oslo?", id="chess", line=3, answers=("nobody",), relevant=()
)
VERDICT = EvalQuestion(
    text="Was the lighthouse painted red?", id="red", line=4, answers=("yes",), relevant=("https://post.example/x",)
)
FACTS = Facts("q.jsonl", None, 4, 4, ("hybrid",), 3, 10, "m", None, None, "0")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Settings:
    settings = Settings(data_dir=tmp_path_factory.mktemp("evaluation") / "data", cache_dir=cache_dir)
    corpus = open_corpus(settings, create=True)
    with corpus.writing():
        list(ingest(corpus, ARTICLES))
    corpus.close()
    return settings


@pytest.fixture(scope="module")
def asker(data: Settings) -> Asker:
    return open_asker(data)


@pytest.fixture(scope="module")
def results(asker: Asker) -> list[Result]:
    return list(evaluate(asker, [COST, NURSES, UNHELD, VERDICT], [UNHELD], rows=("dense", "lexical", "hybrid")))


def hit(name: str, text: str, **fields: Any) -> Hit:
    of = replace(article(name, text), id=f"id-of-{name}")
    return Hit(Passage(f"{name}.0.0", of, 0, len(text)), 1.0, **fields)


def changed(question: EvalQuestion, **fields: Any) -> EvalQuestion:
    return question.model_copy(update=fields)


# What counts as right


def test_a_hit_is_a_passage_of_a_relevant_article_that_holds_a_gold_answer() -> None:
    right = hit("barrier", "It cost 840 Million  euros.")
    other_article = hit("elsewhere", "It cost 840 million euros.")
    no_answer = hit("barrier", "It closed on Sunday.")
    assert place_of_right(COST, [other_article, no_answer, right]) == 3
    assert place_of_right(COST, [other_article, no_answer]) == 0
    assert place_of_right(COST, [no_answer] * 10 + [right]) == 0, "beyond the tenth is not found"


def test_a_copy_of_a_relevant_article_is_right_and_so_is_one_named_by_its_id_or_another_spelling() -> None:
    copied = hit("elsewhere", "It cost 840 million euros.", also_in=(article("barrier"),))
    assert place_of_right(COST, [copied]) == 1
    assert place_of_right(changed(COST, relevant=("id-of-elsewhere",)), [copied]) == 1
    spelled = changed(COST, relevant=("http://POST.example/barrier/?utm_source=x",))
    assert place_of_right(spelled, [hit("barrier", "840 million euros")]) == 1


def test_without_relevant_articles_a_gold_answer_is_enough() -> None:
    assert place_of_right(NURSES, [hit("any", "Some 5,200 of them.")]) == 1
    assert place_of_right(NURSES, [hit("any", "Some 5,300 of them.")]) == 0


def said(quote: str, short: str | None = None, *, answered: bool = True) -> Answer:
    of = article("barrier", quote)
    citations = (Citation(1, quote, 0, len(quote), of, None),) if answered else ()
    return Answer(question=Question("?"), text=quote, short=short, citations=citations, answered=answered)


@pytest.mark.parametrize(
    ("kind", "right"), [("fact", False), ("list", True), ("summary", True), ("why", False), ("latest", True)]
)
def test_of_lists_and_overviews_half_the_facts_are_enough(kind: str, right: bool) -> None:
    question = changed(NURSES, kind=kind, must=(("5,200", "5200"), ("Friday",)))
    found = shown(question, said("About 5,200 nurses walked out."))
    assert (found.right, found.facts, found.asked, found.words) == (right, 1, 2, 5)
    assert not shown(question, said("Nobody walked out.")).right


def test_a_bold_value_is_wrong_where_it_is_no_right_one() -> None:
    question = changed(NURSES, kind="fact", must=(("5,200",),), short=("about 5,200",), wrong=("1,200",))
    assert not shown(question, said("About 5,200 nurses walked out.", "5,200")).bold_wrong
    assert shown(question, said("About 5,200 nurses walked out.", "1,200")).bold_wrong
    assert shown(question, said("About 5,200 nurses walked out.", "nurses")).bold_wrong
    assert not shown(changed(question, kind="why"), said("About 5,200 nurses walked out.", "nurses")).bold_wrong
    assert not shown(question, said("About 5,200 nurses walked out.")).bold


def test_what_the_corpus_does_not_say_is_right_when_it_is_refused() -> None:
    question = changed(UNHELD, kind="unanswerable", answerable=False)
    assert shown(question, said("", answered=False)).right
    found = shown(question, said("Olga won.", "Olga"))
    assert (found.right, found.bold_wrong) == (False, True)


def test_what_is_shown_is_told_by_kind(asker: Asker) -> None:
    question = changed(NURSES, kind="fact", must=(("5,200",),), short=("5,200",))
    results = list(evaluate(asker, [question]))
    assert results[0].shown is not None
    lines = "\n".join(table(FACTS, results, figures(results)))
    assert "shown, by kind of question" in lines
    assert "fact (1)" in lines
    again = results_of(json.loads(json.dumps(document(FACTS, results, figures(results)))), "x")
    assert again == results


def test_questions_are_judged(results: list[Result]) -> None:
    assert [(result.id, result.group) for result in results] == [
        ("cost", "answerable"), ("nurses", "answerable"), ("chess", "unanswerable"), ("red", "open"),
        ("chess", "outside"),
    ]  # fmt: skip
    cost, nurses, chess, red, _ = results
    assert cost.places == {"dense": 1, "lexical": 1, "hybrid": 1}
    assert set(cost.said) == {OURS, NEVER_REFUSING, BY_WORDS, BY_COSINE}
    ours = cost.said[OURS]
    assert (ours.answered, ours.first_quote, ours.any_quote, ours.exact, ours.f1) == (True, True, True, 1.0, 1.0)
    assert ours.short == "840 million euros"
    assert ours.citations == ours.valid >= 1
    assert nurses.said[OURS].first_quote
    assert nurses.said[NEVER_REFUSING].short == "About 5,200"
    assert (nurses.said[NEVER_REFUSING].exact, nurses.said[NEVER_REFUSING].f1) == (0.0, pytest.approx(2 / 3))
    assert chess.places == red.places == {}
    assert not chess.said[OURS].answered
    assert chess.said[OURS].citations == 0
    assert chess.said[NEVER_REFUSING].citations > 0, "what it would say if it had to"
    assert all(result.milliseconds > 0 for result in results)


def test_every_way_of_answering_cites_what_is_stored(results: list[Result]) -> None:
    for result in results:
        for said in result.said.values():
            assert said.valid == said.citations


def test_a_citation_is_valid_when_the_catalog_says_so_too(asker: Asker) -> None:
    [citation, *_] = asker(COST.text).citations
    catalog = asker.retriever.corpus.catalog
    assert is_valid(citation, catalog)
    assert not is_valid(replace(citation, start=citation.start + 1), catalog)
    assert not is_valid(replace(citation, quote=citation.quote.replace("840", "850")), catalog)
    assert not is_valid(replace(citation, quote=" ", end=citation.start + 1), catalog)
    assert not is_valid(replace(citation, link="https://elsewhere.example/#:~:text=x"), catalog)
    assert not is_valid(replace(citation, article=replace(citation.article, id="f" * 16)), catalog)


def test_what_was_published_soon_after_asking_is_known_and_no_more(asker: Asker) -> None:
    early = changed(COST, asked_on=date(2024, 6, 23))
    for slack, place in ((0, 0), (1, 0), (2, 1)):
        [result] = evaluate(asker, [early], rows=("dense", "lexical", "hybrid"), slack_days=slack)
        assert result.places == {"dense": place, "lexical": place, "hybrid": place}, slack


def test_a_question_that_cannot_be_asked_is_told_with_its_line(asker: Asker) -> None:
    long = EvalQuestion(text="Why? " * 500, id="long", line=12)
    with pytest.raises(UsageError, match=r"Question long \(line 12\): .*characters"):
        list(evaluate(asker, [long]))


# Figures, table, JSON


def test_the_figures(results: list[Result]) -> None:
    found = figures(results)
    assert found["retrieval/hybrid/hit@1"].value == 1.0
    assert found["retrieval/hybrid/hit@1"].questions == 2
    assert found["answers/ours/exact"].value == 0.5
    assert found["answers/ours/precision"].value == 1.0
    assert found["answers/ours/refused"].value == 1.0
    assert found["answers/ours/refused_outside"].value == 1.0
    assert found["answers/ours/answered"].questions == 3, "all but those without an answer here"
    assert found["answers/never refusing/sure_all@50"].value == 1.0
    assert found["answers/ours/valid"].value == 1.0
    assert found["milliseconds/p50"].value <= found["milliseconds/p95"].value
    assert "answers/ours/sure@50" not in found, "what is refused has no quotes to judge"


def test_an_answer_to_a_question_without_one_counts_as_wrong(results: list[Result]) -> None:
    cost, _, chess, *_ = results
    wrong = replace(chess, said={**chess.said, OURS: replace(chess.said[OURS], answered=True, first_quote=True)})
    found = figures([cost, wrong])
    assert found["answers/ours/refused"].value == 0.0
    assert found["answers/ours/precision"].value == 1.0
    assert found["answers/ours/precision_all"].value == 0.5


def test_the_table_has_a_row_for_each_ranking_and_figure(results: list[Result]) -> None:
    lines = list(table(replace(FACTS, outside="other.jsonl"), results, figures(results)))
    text = "\n".join(lines)
    assert lines[0] == (
        "q.jsonl: 2 with a gold answer to find, 1 that no article here answers, "
        "1 without a gold answer that could be judged; 1 of other.jsonl, taken to have no answer here"
    )
    for name in ("dense", "lexical", "hybrid", "first quote holds", "exact match", "token F1", "citations valid"):
        assert any(line.startswith(name) or name in line.split("(")[0] for line in lines), name
    assert "1.000 (1.000-1.000)" in text


def test_questions_without_gold_answers_still_give_time_and_validity(asker: Asker) -> None:
    only = [EvalQuestion(text=COST.text, id="a", line=1)]
    found = figures(list(evaluate(asker, only)))
    assert {"answers/ours/valid", "answers/ours/answered", "milliseconds/p50"} <= set(found)
    assert not any(name.startswith("retrieval/") for name in found)
    assert list(table(FACTS, list(evaluate(asker, only)), found))


def test_a_report_can_be_read_again_and_compared(results: list[Result]) -> None:
    told = json.loads(json.dumps(document(FACTS, results, figures(results))))
    again = results_of(told, "old.json")
    assert again == results
    assert all(each.difference == each.low == each.high == 0 for each in differences(again, results).values())
    assert set(differences(again, results)) == set(figures(results))


@pytest.mark.parametrize("wrong", [[], {}, {"format": 2}, {"format": 2, "questions": [{"id": 1}]}, "text", None])
def test_what_is_no_report_is_told(wrong: object) -> None:
    with pytest.raises(ReadError, match=r"old\.json is not what newsbot eval --json prints"):
        results_of(wrong, "old.json")
    with pytest.raises(ReadError, match="another version"):
        results_of({"format": 99}, "old.json")


# The command


def write(tmp_path: Path, *questions: dict[str, Any]) -> str:
    (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, questions)), encoding="utf-8")
    return str(tmp_path / "q.jsonl")


@pytest.fixture
def command(data: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("NEWSBOT_CACHE_DIR", str(data.cache_dir))
    file = write(
        tmp_path,
        {"id": "cost", "question": COST.text, "asked_on": "2024-06-25", "answers": list(COST.answers),
         "relevant": list(COST.relevant or ())},
        {"id": "chess", "question": UNHELD.text, "relevant": []},
    )  # fmt: skip
    return ["eval", file, "--data", str(data.data_dir)]


def test_the_command_prints_a_table_and_nothing_else(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "--rows", "lexical,hybrid"]) == 0
    printed = capsys.readouterr()
    assert printed.err == "", "a bar is for terminals"
    lines = printed.out.splitlines()
    assert [line.split()[0] for line in lines if line.startswith(("hybrid", "lexical", "dense"))] == [
        "lexical", "hybrid",
    ]  # fmt: skip
    assert "4 articles" in printed.out


def test_json_charts_and_comparing(command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chart, old = tmp_path / "figures.png", tmp_path / "old.json"
    assert main([*command, "--json", "--plot", str(chart), "--rows", "dense,hybrid"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert chart.read_bytes().startswith(b"\x89PNG")
    assert chart.stat().st_size > 20_000
    assert told["run"]["articles"] == 4
    assert told["figures"]["retrieval/dense/hit@1"] == {"value": 1.0, "low": 1.0, "high": 1.0, "questions": 1}
    assert [each["id"] for each in told["questions"]] == ["cost", "chess"]
    told["questions"][0]["places"]["hybrid"] = 0
    old.write_text(json.dumps(told), encoding="utf-8")
    assert main([*command, "--compare", str(old)]) == 0
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("retrieval/hybrid/hit@1 ")]
    assert line.split()[:5] == ["retrieval/hybrid/hit@1", "0.000", "1.000", "+1.000", "(+1.000"]
    assert line.endswith("1 questions, paired")
    assert main([*command, "--compare", str(old), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["differences"]["retrieval/hybrid/hit@1"]["difference"] == 1.0


@pytest.mark.parametrize("suffix", [".svg", ".pdf", ".PNG"])
def test_charts_in_other_forms_and_of_nothing_judged(suffix: str, results: list[Result], tmp_path: Path) -> None:
    heads = {".svg": b"<?xml", ".pdf": b"%PDF", ".PNG": b"\x89PNG"}
    for name, some in (("all", results), ("open", [each for each in results if each.group == "open"])):
        draw(some, tmp_path / (name + suffix))
        assert (tmp_path / (name + suffix)).read_bytes().startswith(heads[suffix])
    assert (tmp_path / ("all" + suffix)).read_bytes() != (tmp_path / ("open" + suffix)).read_bytes()
    with pytest.raises(UsageError, match="cannot be written"):
        (tmp_path / "folder.svg").mkdir()
        draw(results, tmp_path / "folder.svg")


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no terminals here to open")
def test_a_terminal_gets_a_bar(command: list[str]) -> None:
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "bot", *command], stdout=subprocess.PIPE, stderr=theirs, cwd=ROOT,
        env=os.environ | {"TERM": "xterm"},
    ) as process:  # fmt: skip
        os.close(theirs)
        shown = b""
        # Linux ends the reading of a terminal that nobody writes to any more with an error.
        with contextlib.suppress(OSError):
            while read := os.read(ours, 4096):
                shown += read
        assert process.stdout is not None
        printed = process.stdout.read()
    os.close(ours)
    assert process.returncode == 0, shown
    assert b"questions" in shown
    assert b"100%" in shown
    assert b"\x1b" not in printed
    assert b"hit@1" in printed


def test_questions_of_another_corpus_are_to_be_refused(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text(
        json.dumps({"question": "Who hosts the 2032 Olympics?", "answers": ["Brisbane"]}), encoding="utf-8"
    )
    assert main([*command, "--unanswerable", str(other), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["figures"]["answers/ours/refused_outside"]["value"] == 1.0
    assert told["run"]["outside"] == f"{tmp_path.name}/other.jsonl"


def test_a_chat_model_is_asked_only_when_told_to(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ChatServer(lambda _: Reply("The barrier cost 840 million euros [1].")) as server:
        monkeypatch.setenv("NEWSBOT_LLM", "openai:scripted")
        monkeypatch.setenv("NEWSBOT_LLM_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        assert main([*command, "--limit", "1"]) == 0
        assert server.requests == []
        assert "openai:scripted" not in capsys.readouterr().out
        assert main([*command, "--limit", "1", "--chat-model"]) == 0
        assert len(server.requests) == 2, "once beforehand, and once for its time"
        assert "written by openai:scripted" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        (["--plot", "figures.txt"], 2, "end the name in .png"),
        (["--plot", "nowhere/figures.png"], 2, "does not exist"),
        (["--compare", "no.json"], 1, "cannot be read"),
        (["--compare", "q.jsonl"], 1, "is not what newsbot eval --json prints"),
        (["--unanswerable", "no.jsonl"], 1, "cannot be read"),
    ],
)
def test_what_cannot_work_is_told_before_anything_is_asked(
    command: list[str], more: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("bot.wiring.open_asker", lambda _: pytest.fail("the corpus was opened"))
    assert main([*command, *more]) == status
    assert said in capsys.readouterr().err


def test_a_chart_without_matplotlib_is_told_before_anything_is_asked(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as where it is not installed
    assert main([*command, "--plot", "figures.png"]) == 2
    assert 'pip install "newsbot[charts]"' in capsys.readouterr().err


@pytest.mark.parametrize("more", [["--limit", "0"], ["--rows", "dense,best"], ["--as-of-slack", "-1"]])
def test_wrong_words_end_with_2(command: list[str], more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, *more])
    assert ended.value.code == 2
    assert "newsbot eval --help" in capsys.readouterr().err


def test_every_ranking_can_be_typed() -> None:
    assert set(RANKINGS_TO_TYPE) == set(RANKINGS)


@pytest.mark.slow
def test_the_sample_corpus_is_answered_well(
    sample_settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The floor under the sample's figures: a change that breaks retrieval or quoting falls through it."""
    monkeypatch.setenv("NEWSBOT_CACHE_DIR", str(sample_settings.cache_dir))
    questions = str(SAMPLE / "questions.jsonl")
    assert main(["eval", questions, "--data", str(sample_settings.data_dir), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["figures"]
    assert found["retrieval/hybrid/hit@4"]["value"] > 0.8
    assert found["answers/ours/any_quote"]["value"] > 0.8
    assert found["answers/ours/refused"]["value"] > 0.8
    assert found["answers/ours/valid"]["value"] == 1.0
