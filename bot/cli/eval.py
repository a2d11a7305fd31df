"""The command `newsbot eval`: reads questions, shows progress, prints table or JSON, draws, compares."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.cli.terminal import present
from bot.errors import ReadError, UsageError

if TYPE_CHECKING:
    from bot.asking import Asker
    from bot.evaluation.report import Facts
    from bot.evaluation.run import Result
    from bot.settings import Settings


def run_eval(parsed: argparse.Namespace, settings: Settings) -> int:
    """Measure the corpus that is set by the questions of a file; what cannot work is told before anything is asked."""
    from dataclasses import asdict

    if parsed.claims:
        return _run_claims(parsed, settings)
    if parsed.questions is None:
        raise UsageError("Name a file of questions, or one of claims with --claims. See newsbot eval --help.")
    from bot.evaluation.plot import draw, require_writable
    from bot.evaluation.question_file import read_questions
    from bot.evaluation.report import difference_lines, differences, document, figures, results_of, table
    from bot.evaluation.run import evaluate
    from bot.wiring import open_asker

    questions = read_questions(parsed.questions, parsed.limit)
    outside = read_questions(parsed.unanswerable, parsed.limit) if parsed.unanswerable else []
    old = results_of(_read_json(parsed.compare), parsed.compare.name) if parsed.compare else None
    if parsed.plot:
        require_writable(parsed.plot)
    # Kept answers would measure the first one again; and nobody's money is spent by a benchmark unasked.
    settings = settings.model_copy(update={"llm": settings.llm if parsed.chat_model else None, "llm_cache": 0})
    asker = open_asker(settings)
    asked = evaluate(asker, questions, outside, rows=parsed.rows, slack_days=parsed.as_of_slack)
    results = list(_watched(asked, len(questions) + len(outside)))
    found = figures(results)
    facts = _facts(parsed, settings, asker)
    if parsed.plot:
        draw(results, parsed.plot)
    became = differences(old, results) if old is not None else None
    told, lines = document(facts, results, found), list(table(facts, results, found))
    if became is not None:
        told["differences"] = {name: asdict(each) for name, each in became.items()}
        lines += ["", *difference_lines(became, parsed.compare.name)]
    present(parsed, told, lines)
    return 0


def _run_claims(parsed: argparse.Namespace, settings: Settings) -> int:
    """Measure the check of prose that is set by the claims of a file."""
    from bot.evaluation.claims import document, measure, read_claims, table
    from bot.wiring import open_claim_check

    excerpts = read_claims(parsed.claims)[: parsed.limit]
    shares = measure(excerpts, open_claim_check(settings))
    present(parsed, document(shares), table(shares))
    return 0


def _facts(parsed: argparse.Namespace, settings: Settings, asker: Asker) -> Facts:
    from bot.evaluation.report import Facts

    counts = asker.retriever.corpus.catalog.counts()
    return Facts(
        file=_short(parsed.questions),
        outside=_short(parsed.unanswerable) if parsed.unanswerable else None,
        articles=counts["articles"],
        passages=counts["passages"],
        rows=tuple(parsed.rows),
        slack_days=parsed.as_of_slack,
        hits=settings.hits,
        embedding_model=settings.embedding_model,
        reranker=settings.reranker,
        chat_model=settings.llm,
        version=version("newsbot"),
    )


def _short(path: Path) -> str:
    """The file with its folder: many are called questions.jsonl."""
    return "/".join(path.parts[-2:])


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReadError(f"The older report cannot be read from {path}: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise ReadError(f"{path.name} is not what newsbot eval --json prints: it is no JSON.") from error


def _watched(results: Iterable[Result], total: int) -> Iterator[Result]:
    """The results, with a bar on a terminal."""
    if not sys.stderr.isatty():
        yield from results
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(results, "questions", total=total, console=Console(stderr=True), transient=True)
