"""Talk is told from questions: sixty messages of chatter, forty questions, small talk, wishes for what is new."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.discord_bot.talk import asks_whether_true, is_thanks, read, small_talk

LINES = [line.split("\t") for line in Path(__file__).with_name("talk.tsv").read_text(encoding="utf-8").splitlines()]
CHATTER_ANSWERED_MOST, QUESTIONS_TAKEN_LEAST = 2, 36


def test_chatter_is_left_alone_and_questions_are_taken() -> None:
    chatter = [text for kind, text in LINES if kind == "talk"]
    questions = [text for kind, text in LINES if kind == "question"]
    assert (len(chatter), len(questions)) == (60, 40)
    answered = [text for text in chatter if read(text).kind != "talk"]
    missed = [text for text in questions if read(text).kind == "talk"]
    assert len(answered) <= CHATTER_ANSWERED_MOST, answered
    assert len(questions) - len(missed) >= QUESTIONS_TAKEN_LEAST, missed


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("what's the latest?", ""), ("any news", ""), ("What's new on the Suez Canal?", "the Suez Canal"),
        ("summarise the war in Sudan", "the war in Sudan"), ("latest on NATO", "NATO"),
        ("what is happening in Gaza?", "Gaza"), ("catch me up on Brexit", "Brexit"),
    ],
)  # fmt: skip
def test_what_is_new_is_a_wish_for_a_digest(text: str, subject: str) -> None:
    assert (read(text).kind, read(text).subject) == ("topic", subject)


def test_small_talk_is_answered_as_a_person_would() -> None:
    assert small_talk("Hi!").startswith("Hello.")
    assert small_talk("thanks a lot") == "You're welcome."
    assert is_thanks("Thank you!!")
    assert "/ask" in small_talk("What can you do?")
    assert not small_talk("Hi, who won the election in Chile?")
    assert read("any news from your doctor?").kind == "talk"


@pytest.mark.parametrize("text", ["is that true?", "true?", "Is this really true?", "can you check that?"])
def test_a_question_about_a_message(text: str) -> None:
    assert asks_whether_true(text)
    assert not asks_whether_true(f"{text} I mean the bridge")
