"""Who holds an office, by how a sentence names its holder."""

from __future__ import annotations

import pytest

from bot.retrieval.office import holder_of, is_of_today

HOUSE = "Who is the speaker of the House?"
NORVALE = "Who is the president of Norvale?"
KINGDOM = "Who is the prime minister of the United Kingdom?"


def said_to_hold(question: str, sentence: str, name: str) -> bool:
    holds = holder_of(question)
    assert holds is not None
    start = sentence.index(name)
    return holds(sentence, start, start + len(name))


@pytest.mark.parametrize(
    ("question", "sentence", "name"),
    [
        (HOUSE, "The bill passed, House Speaker Olga Rask said.", "Olga Rask"),
        (HOUSE, "Olga Rask, the speaker of the House, left.", "Olga Rask"),
        (HOUSE, "Olga Rask is now speaker of the House.", "Olga Rask"),
        (NORVALE, "The president of Norvale, Tove Holm, signed it.", "Tove Holm"),
        (NORVALE, "Norvale’s newly sworn-in president Tove Holm signed it.", "Tove Holm"),
        ("Who is the president of Ukraine?", "Ukrainian President Volodymyr Zelenskyy spoke.", "Volodymyr Zelenskyy"),
        ("Who is the president of France?", "French President Emmanuel Macron spoke.", "Emmanuel Macron"),
        ("Who is the president of Brazil?", "Brazilian President Luiz Inácio Lula da Silva spoke.", "Luiz"),
        (KINGDOM, "British Prime Minister Keir Starmer spoke.", "Keir Starmer"),
        (KINGDOM, "Rishi Sunak became the UK’s prime minister.", "Rishi Sunak"),
        ("Who is the Kelmouth mayor?", "Kelmouth Mayor Tove Holm spoke.", "Tove Holm"),
        ("Who's the head of the ferry line?", "Tove Holm is the head of the ferry line.", "Tove Holm"),
        ("Who is the president?", "President Tove Holm spoke.", "Tove Holm"),
    ],
)
def test_holders(question: str, sentence: str, name: str) -> None:
    assert said_to_hold(question, sentence, name)


@pytest.mark.parametrize(
    ("question", "sentence", "name"),
    [
        (HOUSE, "Former House Speaker Olga Rask said no.", "Olga Rask"),
        (HOUSE, "He led them in Congress, succeeding House Speaker Olga Rask.", "Congress"),
        (HOUSE, "Senate Leader Olga Rask spoke to the House.", "Olga Rask"),
        (NORVALE, "Vice President Tove Holm spoke in Norvale.", "Tove Holm"),
        (NORVALE, "The president of Sudmark, Tove Holm, signed it in Norvale.", "Tove Holm"),
        (NORVALE, "After her time as president of Norvale, Tove Holm taught.", "Tove Holm"),
        ("Who is the president of Iraq?", "Iranian President Tove Holm spoke.", "Tove Holm"),
        (KINGDOM, "Britain's next prime minister Tove Holm spoke.", "Tove Holm"),
        ("Who is the president?", "Former President Tove Holm spoke.", "Tove Holm"),
    ],
)
def test_no_holders(question: str, sentence: str, name: str) -> None:
    assert not said_to_hold(question, sentence, name)


@pytest.mark.parametrize("question", ["Who is Olga Rask?", "Who wrote the law?", "Who won the cup?", "", "Who is the?"])
def test_no_office_is_asked(question: str) -> None:
    assert holder_of(question) is None


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (HOUSE, True),
        ("Who's the mayor of Kelmouth now?", True),
        ("Who was the speaker of the House?", False),
        ("Who is the girl in the picture?", False),
        ("Who said that the speaker of the House is ill?", False),
    ],
)
def test_an_office_is_asked_for_as_of_today(question: str, expected: bool) -> None:
    assert is_of_today(question) is expected
