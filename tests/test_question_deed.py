"""The verb of a question, told by word order."""

from __future__ import annotations

import pytest

from bot.retrieval.question_deed import stem_of_act, stem_of_deed
from bot.text.words import stem


@pytest.mark.parametrize(
    ("asking", "deed"),
    [
        ("When was the telescope launched?", "launch"),
        ("When did Norvale invade its neighbour?", "invade"),
        ("Where did the president sign the bill?", "sign"),
        ("How old was the queen when she died?", "died"),
        ("Where will the summit be held?", "held"),
        ("How many people were killed in the attack on the hundred islands?", "killed"),
        ("How much is needed to reach the speed that was agreed?", "agreed"),
        ("When did the US withdraw its troops?", "withdraw"),
        ("Who won the cup?", ""),
        ("What is the population of Norvale?", ""),
        ("Norvale's parliament rejected the law:", ""),
        ("", ""),
    ],
)
def test_the_deed_stands_behind_the_subject_or_is_the_last_participle(asking: str, deed: str) -> None:
    assert stem_of_deed(asking) == (stem(deed) if deed else "")


def test_the_act_follows_whom_a_question_asks_for() -> None:
    assert stem_of_act("Who won the cup?") == stem("won")
    assert stem_of_act("Which company has bought the mine?") == stem("bought")
    assert stem_of_act("Who is the mayor?") == ""
