"""How quickly newsbot answers: --help, `ask` in a fresh process with its peak memory, and a warm answer.

Run: python tests/bench/bench_start.py [--runs 5]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

SAMPLE = Path(__file__).resolve().parents[2] / "ingest" / "sample"
NATO = "How many NATO personnel are in Iraq?"


def main() -> None:
    """Print medians of one run, and their ratios to starting Python and importing chromadb."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        data = f"{folder}/data"
        run_once(["-m", "bot", "ingest", str(SAMPLE / "news"), "--data", data])
        commands = {
            "python, nothing imported": ["-c", "pass"],
            "python, import chromadb": ["-c", "import chromadb"],
            "newsbot --help": ["-m", "bot", "--help"],
            "newsbot ask, fresh process": ["-m", "bot", "ask", NATO, "--data", data],
        }
        measured = {name: [run_once(command) for _ in range(runs + 1)][1:] for name, command in commands.items()}
        base = statistics.median(seconds for seconds, _ in measured["python, import chromadb"])
        print(f"{'median of ' + str(runs):<30}{'seconds':>9}{'peak MB':>9}{'x import chromadb':>19}")
        for name, pairs in measured.items():
            seconds = statistics.median(pair[0] for pair in pairs)
            print(f"{name:<30}{seconds:>9.2f}{max(pair[1] for pair in pairs):>9.0f}{seconds / base:>19.2f}")
        _warm(data)


def run_once(arguments: list[str]) -> tuple[float, float]:
    """Wall seconds and peak memory (MB, of 10^6 bytes) of one process.

    Linux counts the parent's peak in, until the child has its own program: so this program imports nothing large
    before the last process has run.
    """
    started = time.perf_counter()
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, *arguments],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{' '.join(arguments)} failed with status {status}")
    return time.perf_counter() - started, usage.ru_maxrss * 1024 / 1e6


def _warm(data: str) -> None:
    from bot import Question, Settings, open_chain

    chain = open_chain(Settings(data_dir=Path(data)))
    questions = [json.loads(line)["question"] for line in (SAMPLE / "questions.jsonl").open(encoding="utf-8")]
    seconds = []
    for _ in range(3):
        for text in questions:
            started = time.perf_counter()
            chain.invoke(Question(text))
            seconds.append(time.perf_counter() - started)
    seconds = sorted(seconds[len(questions) :])
    print(
        f"warm answer over the sample, {len(questions)} questions twice: "
        f"p50 {1000 * statistics.median(seconds):.1f} ms, p95 {1000 * seconds[int(0.95 * len(seconds))]:.1f} ms"
    )


if __name__ == "__main__":
    main()
