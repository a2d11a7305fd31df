"""Talk among people is told from questions, on messages that nothing was fitted to; the learned kinds are real."""

from __future__ import annotations

import json
from pathlib import Path

from bot.discord_bot.asking import OVERHEARD_MARGIN
from bot.models.embeddings import SentenceEmbeddings
from bot.models.question_kind import TALK_MARGIN, QuestionKind, load_kinds, training_questions
from tests.conftest import ROOT

ANSWERED_MOST, TAKEN_LEAST = 2, 36
"""Of 60 messages of chatter, and of 40 questions."""


def test_a_thread_is_not_answered_where_people_talk(embeddings: SentenceEmbeddings, cache_dir: Path) -> None:
    rows = [json.loads(line) for line in (ROOT / "tests" / "discord_messages.jsonl").read_text("utf-8").splitlines()]
    texts = [row["text"] for row in rows]
    known = {text.lower().strip("?!. ") for text, _ in training_questions()}
    assert not [text for text in texts if text.lower().strip("?!. ") in known], "they are no training lines"

    def encode(some: object) -> object:
        return embeddings.encode(some, "query")  # type: ignore[arg-type]

    kinds = load_kinds(embeddings.fingerprint, encode, cache_dir / "models")  # type: ignore[arg-type]
    vectors = embeddings.encode(texts, "query")
    taken = [
        not kinds.kind(text, vector, -OVERHEARD_MARGIN).is_talk for text, vector in zip(texts, vectors, strict=True)
    ]
    answered = [row["text"] for row, was in zip(rows, taken, strict=True) if was and not row["asked"]]
    left = [row["text"] for row, was in zip(rows, taken, strict=True) if row["asked"] and not was]
    assert len(answered) <= ANSWERED_MOST, answered
    assert len(left) <= 40 - TAKEN_LEAST, left
    for text, kind in (
        ("is that true?", QuestionKind.CHECK), ("hi there", QuestionKind.GREETING), ("thanks!", QuestionKind.THANKS),
        ("What can you do?", QuestionKind.HELP),
    ):  # fmt: skip
        assert kinds.kind(text, embeddings.encode([text], "query")[0], TALK_MARGIN) is kind
