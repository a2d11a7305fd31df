"""What a real chat model makes of questions with gold answers: who answered, what the check kept, and how long it took.

Run it from the checkout, with a server that speaks OpenAI's interface on loopback (llama.cpp, for one):

    NEWSBOT_LLM=openai:local NEWSBOT_LLM_BASE_URL=http://127.0.0.1:8080/v1 \
        python -m tests.bench.bench_local_model questions.jsonl --corpus data --questions 30

With `--articles FILE` in place of a corpus, one is made of the articles that hold the answers and of as many others as
`--others` says.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import tempfile
import time
from pathlib import Path
from typing import Any

from bot.answering.check.prose import ProseCheck
from bot.evaluation.metrics import holds, is_yes_no
from bot.settings import Settings
from bot.wiring import open_asker, open_corpus
from ingest.pipeline import ingest
from ingest.read import read


class Recording(ProseCheck):
    """The check, and what it was fed."""

    written = ""

    def feed(self, piece: str) -> None:
        Recording.written += piece
        super().feed(piece)


def asked_of(path: Path, count: int) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    usable = [row for row in rows if row["relevant"] and not is_yes_no(row["answers"])]
    return usable[:: max(1, len(usable) // count)][:count]


def corpus_of(path: Path, questions: list[dict[str, Any]], others: int, settings: Settings) -> None:
    wanted = {url for question in questions for url in question["relevant"]}
    lines = gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()
    kept = [line for line in lines if json.loads(line)["url"] in wanted]
    kept += [line for line in lines[:: max(1, len(lines) // max(1, others))] if json.loads(line)["url"] not in wanted]
    file = settings.data_dir.parent / "articles.jsonl"
    file.write_text("\n".join(kept), encoding="utf-8")
    corpus = open_corpus(settings, create=True)
    with corpus.writing():
        list(ingest(corpus, read([str(file)])))
    print(f"{len(kept)} articles")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--corpus", type=Path)
    given.add_argument("--articles", type=Path)
    parser.add_argument("--questions", type=int, default=30)
    parser.add_argument("--others", type=int, default=200)
    parser.add_argument("--context", type=int, default=1500, help="tokens of articles that the model is given")
    parsed = parser.parse_args()
    questions = asked_of(parsed.file, parsed.questions)
    with tempfile.TemporaryDirectory() as folder:
        data = parsed.corpus or Path(folder) / "data"
        settings = Settings(
            data_dir=data, llm_deadline_seconds=600, llm_context_tokens=parsed.context, llm_output_tokens=200
        )
        if parsed.articles:
            corpus_of(parsed.articles, questions, parsed.others, settings)
        asker = open_asker(settings)
        assert asker.writer is not None, "set NEWSBOT_LLM"
        asker.writer.make_check = Recording
        counts = dict.fromkeys(("asked", "by model", "prose holds gold", "shown holds gold", "kept", "removed"), 0)
        seconds = 0.0
        for question in questions:
            Recording.written = ""
            started = time.perf_counter()
            answer = asker(question["question"])
            seconds += time.perf_counter() - started
            in_prose = holds(Recording.written, question["answers"])
            by_model = answer.model is not None and answer.answered
            counts["asked"] += 1
            counts["by model"] += by_model
            counts["prose holds gold"] += in_prose
            counts["shown holds gold"] += in_prose and by_model and holds(answer.text, question["answers"])
            counts["kept"] += len(re.findall(r"\[\d+\][.!?]?(?=\s|$)", answer.text)) if by_model else 0
            counts["removed"] += sum(not removed.text.startswith("[") for removed in answer.removed)
            print(f"\n{question['question']}  ({' | '.join(question['answers'])})")
            print(f"  wrote: {Recording.written!r}")
            print(f"  shown: {answer.text!r} {answer.note or ''}")
            for removed in answer.removed:
                print(f"  removed: {removed.text!r}: {removed.reason}")
            print(f"  so far: {counts}, {seconds / counts['asked']:.0f} s a question", flush=True)


if __name__ == "__main__":
    main()
