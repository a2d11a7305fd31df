"""Every figure of README and docs/evaluation.md beside what is measured here, in one table: `make bench`.

    python -m tests.bench.figures --articles articles.jsonl.gz --questions questions.jsonl --claims claims.jsonl

Speed is measured over the sample corpus. Answers are measured over the articles and questions that are given (as
`newsbot ingest` and `newsbot eval` read them), else over the sample. The figures of the pages are over other articles:
only a run over those repeats them. A row that is not measured says why.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.bench_start import NATO, SAMPLE, run_once

NO_MEASURE = "not measured: tests/bench/figures.py knows no figure of this name"
NOT_MEASURED = {
    "chat model's prose: true sentences removed": "not measured: --claims FILE",
    "chat model's prose: changed numbers, days, units, names caught": "python -m tests.bench.bench_checking CLAIMS",
}
"""Figures that are not measured here, and how they are."""
FIGURE_WIDTH, VALUE_WIDTH, HERE_WIDTH = 52, 26, 44


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--articles", nargs="+", metavar="SOURCE", help="articles to ask (default: the sample)")
    parser.add_argument("--questions", type=Path, metavar="FILE", help="questions over them, as for newsbot eval")
    parser.add_argument("--claims", type=Path, metavar="FILE", help="claims, as for newsbot eval --claims")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N questions and excerpts")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="of each command, for a median (default 5)")
    options = parser.parse_args()
    if bool(options.articles) != bool(options.questions):
        parser.error("--articles and --questions belong together")
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(options, Path(folder))
    print_table(measured)


def measure(options: argparse.Namespace, folder: Path) -> dict[str, str]:
    """What each figure is here, by the name that the pages give it."""
    measured = speed(folder / "sample", options.runs)
    articles = options.articles or [str(SAMPLE / "news")]
    questions = options.questions or SAMPLE / "questions.jsonl"
    started = time.perf_counter()
    outcomes = newsbot("ingest", *articles, "--data", str(folder / "news"), "--json")
    seconds = time.perf_counter() - started
    stored = outcomes["counts"]["new"] + outcomes["counts"]["copy"]
    measured["ingest"] = f"{stored / seconds:.1f} articles a second ({stored:,}, start included)"
    limit = ["--limit", str(options.limit)] if options.limit else []
    found = newsbot("eval", str(questions), "--data", str(folder / "news"), "--json", *limit)["figures"]
    measured |= answers(found)
    if options.claims:
        found = newsbot("eval", "--claims", str(options.claims), "--json", *limit, "--data", str(folder / "news"))
        measured["chat model's prose: true sentences removed"] = f"{found['removed']:.3f}"
        measured["chat model's prose: false sentences caught"] = f"{found['caught']:.3f}"
    return measured


def speed(data: Path, runs: int) -> dict[str, str]:
    """How quickly commands start: the median of fresh processes."""
    run_once(["-m", "bot", "ingest", str(SAMPLE / "news"), "--data", str(data)])
    commands = {"`newsbot --help`": ["--help"], "`newsbot ask`, the sample corpus": ["ask", NATO, "--data", str(data)]}
    measured = {}
    for name, words in commands.items():
        pairs = [run_once(["-m", "bot", *words]) for _ in range(runs + 1)][1:]
        seconds = statistics.median(pair[0] for pair in pairs)
        measured[name] = f"{seconds:.2f} s, {max(pair[1] for pair in pairs):.0f} MB"
    return measured


def answers(found: dict[str, Any]) -> dict[str, str]:
    """The figures of `newsbot eval --json` that the pages have, by the name that they give them."""

    def told(*names: str) -> str:
        there = [found[name] for name in names if name in found]
        if not there:
            return "not measured: the questions do not say what a good answer shows"
        values = ", ".join(f"{each['value']:.3f}" if each["value"] <= 1 else f"{each['value']:.0f}" for each in there)
        return f"{values} ({there[0]['questions']:,} questions)"

    refused = "shown/unanswerable/refused" if "shown/unanswerable/refused" in found else "answers/ours/refused"
    return {
        "questions as users type them: right": told("shown/all/right"),
        "of those with an answer: refused": told("shown/all/refused"),
        "of those without an answer: refused": told(refused),
        "short answers in bold: wrong": told("shown/all/bold_wrong"),
        "time of an answer, median and 95th percentile": told("milliseconds/p50", "milliseconds/p95") + ", ms",
        "the best short answer is the gold answer: exact, token F1": told(
            "answers/never refusing/exact", "answers/never refusing/f1"
        ),
        "first quote holds the answer": told("answers/never refusing/first_quote"),
        "first passage holds the answer (hit@1)": told("retrieval/hybrid/hit@1"),
        "one of ten passages holds it (hit@10)": told("retrieval/hybrid/hit@10"),
    }


def newsbot(*arguments: str) -> Any:
    """What a command with --json prints. Ends the process where the command fails."""
    done = subprocess.run(
        [sys.executable, "-m", "bot", *arguments], stdout=subprocess.PIPE, env=os.environ, check=False
    )
    if done.returncode:
        raise SystemExit(f"newsbot {' '.join(arguments)} failed with status {done.returncode}")
    return json.loads(done.stdout)


def rows() -> list[list[str]]:
    """Figure, value and over what, as the pages have them."""
    from tests.pages import figures_table  # not before the last process was measured: see `run_once`

    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in figures_table()[2:]]


def print_table(measured: dict[str, str]) -> None:
    """The pages' figures beside what was measured."""
    _print_row(["figure", "on the page", "here"])
    for name, value, _ in rows():
        _print_row([name, value, measured.get(name, NOT_MEASURED.get(name, NO_MEASURE))])
    for name in [each for each in measured if each not in {name for name, _, _ in rows()}]:
        _print_row([name, "", measured[name]])


def _print_row(cells: Sequence[str]) -> None:
    columns = [
        textwrap.wrap(cell, width - 2) or [""]
        for cell, width in zip(cells, (FIGURE_WIDTH, VALUE_WIDTH, HERE_WIDTH), strict=True)
    ]
    for number in range(max(map(len, columns))):
        parts = [column[number] if number < len(column) else "" for column in columns]
        print(f"{parts[0]:<{FIGURE_WIDTH}}{parts[1]:<{VALUE_WIDTH}}{parts[2]}".rstrip())


if __name__ == "__main__":
    main()
