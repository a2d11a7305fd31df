"""How long checked text takes to show after a chat model's first token, and what writing adds to an answer.

Run it from the checkout: python tests/bench/bench_writing.py

The model is a scripted server on loopback, driven through langchain-openai, which sends a reply of five sentences at a
set speed. A sentence can show when it is whole and its citation is there, so two figures are printed: from the model's
first token, which holds the time that the model takes to write the sentence, and from the moment when the sentence had
been sent, which is ours alone. A question made whole or a retry adds calls; none is in these figures.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bot.settings import Settings
from bot.wiring import open_asker, open_corpus
from ingest.pipeline import ingest
from ingest.read import read
from tests.chat_server import Asked, ChatServer, Reply
from tests.conftest import ROOT, SAMPLE
from tests.scripted_model import key_of, with_model

QUESTION = "How many NATO personnel are in Iraq?"
SENTENCES = (
    ("NATO Mission Iraq involves several hundred personnel", "involves several hundred personnel"),
    ("On 13 February 2020 NATO had roughly 500 personnel in Iraq", "NATO currently has roughly 500 personnel"),
    ("Those were trainers, advisers and support staff", "NATO currently has roughly 500 personnel"),
    (
        "In February 2021 NATO decided to increase the mission from around 500 personnel to about 4,000",
        "to about 4,000",
    ),
    ("The alliance gives no exact number", "the alliance gives no exact number"),
)
SPEEDS = {"500 tokens/s": 0.002, "100 tokens/s": 0.01, "50 tokens/s": 0.02}
RUNS = 15


def reply(asked: Asked, pause_seconds: float) -> Reply:
    text = " ".join(f"{sentence} [{key_of(asked, words)}]." for sentence, words in SENTENCES)
    return Reply(text, piece_delay_seconds=pause_seconds)


def middle(values: list[float]) -> str:
    values = sorted(values)
    return f"p50 {statistics.median(values) * 1000:7.1f} ms   most {values[-1] * 1000:7.1f} ms"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder) / "data", cache_dir=ROOT / ".pytest_cache/newsbot")
        corpus = open_corpus(settings, create=True)
        with corpus.writing():
            list(ingest(corpus, read([str(SAMPLE / "news")])))
        base = open_asker(settings)
        with ChatServer(lambda asked: reply(asked, 0.0)) as server:
            asker = with_model(base, settings, server, llm_cache=0, llm_deadline_seconds=60)
            for _ in range(5):
                base(QUESTION)
                asker(QUESTION)
            quoting = [base(QUESTION).seconds for _ in range(RUNS)]
            writing = [asker(QUESTION) for _ in range(RUNS)]
            print(f"answer by quoting                          {middle(quoting)}")
            print(f"answer by a model that takes no time       {middle([answer.seconds for answer in writing])}")
            calls = [answer.usage.seconds for answer in writing if answer.usage]
            print(f"  of it the call, with checking as it comes {middle(calls)}")
            print(f"first text shown, {len(SENTENCES)} sentences kept of {len(SENTENCES)}:")
            for name, pause in SPEEDS.items():
                server.script = lambda asked, pause=pause: reply(asked, pause)
                from_token, from_sentence = [], []
                for _ in range(RUNS):
                    shown_at = 0.0
                    for answer in asker.stream(QUESTION):  # noqa: B007  the last one is looked at
                        if not shown_at:
                            shown_at = time.perf_counter()
                    assert answer.model, answer.note
                    assert answer.text.count("].") == len(SENTENCES), answer.removed
                    from_token.append(shown_at - server.first_piece_at)
                    from_sentence.append(shown_at - server.sentence_sent_at)
                print(f"  {name:12} after the first token        {middle(from_token)}")
                print(f"  {name:12} after its sentence was sent  {middle(from_sentence)}")


if __name__ == "__main__":
    main()
