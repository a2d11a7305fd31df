"""What is said from what was read: values summed over passages, the newer one first, quotes within limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from bot.answering.deciding import LIMITS, Decision, DecisionWeights, decide, logistic, passage_shares
from bot.models.question_kind import QuestionKind
from bot.models.reader import ScoredSpan
from bot.retrieval.reading import Reading, SentenceReading
from bot.schema import Article, Hit, Passage
from bot.text.sentences import sentences

WEIGHTS = DecisionWeights()


def reading(
    id_: str,
    text: str,
    *,
    answers: dict[str, float] | None = None,
    shows: str = "",
    sure: float = 2.0,
    day: date | None = date(2024, 5, 1),
) -> Reading:
    """A reading of a one-passage article: `answers` are spans with their probabilities, `shows` what is evidence."""
    article = Article(title=f"On {id_}", text=text, source="Coast Courier", published=day, id=id_)
    hit = Hit(Passage(f"{id_}:0", article, 0, len(text)), 1.0, {"fused": 1.0, "newness": 0.5})
    spans = tuple(
        ScoredSpan(text.index(answer), text.index(answer) + len(answer), probability)
        for answer, probability in (answers or {}).items()
    )
    found = tuple(
        SentenceReading(
            span.start,
            span.end,
            3.0 if shows and shows in text[span.start : span.end] else -3.0,
            sum(each.probability for each in spans if span.start <= each.start < span.end),
        )
        for span in sentences(text)
    )
    return Reading(hit, sure, sure, spans, found)


def decided(
    *readings: Reading, question: str = "Who runs the ferry?", kind: QuestionKind = QuestionKind.FACT
) -> Decision:
    return decide(question, kind, readings, WEIGHTS)


def test_values_of_several_passages_add_up() -> None:
    found = decided(
        reading("a", "Ivo Lund bought a boat on Monday.", answers={"Ivo Lund": 0.6}),
        reading("b", "Olga Rask runs the ferry.", answers={"Olga Rask": 0.4}),
        reading("c", "The ferry of Olga Rask was late.", answers={"Olga Rask": 0.4}),
    )
    assert found.value is not None
    assert (found.value.text, found.value.articles) == ("Olga Rask", 2)
    assert found.chosen[0].text == "Olga Rask runs the ferry."


def test_a_name_cut_short_counts_for_the_whole_name() -> None:
    found = decided(
        reading("a", "Olga Rask runs the ferry.", answers={"Olga Rask": 0.3}),
        reading("b", "Rask said the ferry was late.", answers={"Rask": 0.3}),
        reading("c", "Ivo Lund rows.", answers={"Ivo Lund": 0.4}),
    )
    assert found.value is not None
    assert found.value.text == "Olga Rask"


def test_what_the_question_says_is_no_answer() -> None:
    text = "The ferry is run by Olga Rask."
    found = decided(reading("a", text, answers={"The ferry": 0.7, "Olga Rask": 0.2}), question="Who runs the ferry?")
    assert found.value is not None
    assert found.value.text == "Olga Rask"


def test_a_newer_value_nearly_as_likely_is_the_one_that_holds() -> None:
    older = reading("a", "About 500 work there.", answers={"500": 0.6}, day=date(2020, 2, 12))
    newer = reading("b", "About 300 work there now.", answers={"300": 0.5}, day=date(2024, 2, 12))
    found = decided(older, newer, question="How many work there?")
    assert found.value is not None
    assert found.value.text == "About 300"
    assert [chosen.hit.article.id for chosen in found.chosen] == ["b", "a"]


def test_what_hardly_bears_on_yes_or_no_is_not_quoted() -> None:
    told = reading("a", "The strike has ended, both sides said.", shows="ended")
    beside = reading("b", "The port has nine cranes in all.", sure=0.0)
    found = decided(told, beside, question="Has the strike ended?", kind=QuestionKind.YES_NO)
    assert [chosen.hit.article.id for chosen in found.chosen] == ["a"]


def test_what_holds_now_was_said_last() -> None:
    def told(id_: str, text: str, answer: str, newness: float) -> Reading:
        found = reading(id_, text, answers={answer: 0.9})
        return replace(found, hit=replace(found.hit, parts={"fused": 1.0, "newness": newness}))

    readings = (
        told("a", "Ivo Lund is mayor.", "Ivo Lund", 0.2),
        told("b", "Ivo Lund, the mayor, bought a boat.", "Ivo Lund", 0.3),
        told("c", "Olga Rask is mayor.", "Olga Rask", 0.9),
    )
    found = {kind: decided(*readings, kind=kind).value for kind in (QuestionKind.FACT, QuestionKind.CURRENT)}
    assert [value and value.text for value in found.values()] == ["Ivo Lund", "Olga Rask"]


def test_a_passage_that_answers_nothing_counts_little() -> None:
    shares = passage_shares(
        [reading("a", "One.", sure=3.0), reading("b", "Two.", sure=-3.0)], QuestionKind.FACT, WEIGHTS
    )
    assert shares[0] > 0.9
    assert abs(sum(shares) - 1) < 1e-9


def test_reasons_are_chosen_by_evidence() -> None:
    text = "The bridge was closed on Monday. Engineers had found cracks in two piers. It is 80 years old."
    found = decided(reading("a", text, shows="cracks"), question="Why was the bridge closed?", kind=QuestionKind.REASON)
    assert "cracks in two piers" in found.chosen[0].text
    assert found.value is None


def test_what_decides_yes_or_no_stands_newest_first() -> None:
    older = reading("a", "The strike goes on, the union said.", shows="goes on", day=date(2024, 1, 1))
    newer = reading("b", "The strike has ended, both sides said.", shows="ended", day=date(2024, 3, 1))
    found = decided(older, newer, question="Has the strike ended?", kind=QuestionKind.YES_NO)
    assert [chosen.hit.article.id for chosen in found.chosen] == ["b", "a"]


def test_what_hardly_bears_on_yes_or_no_stands_behind_what_decides_it() -> None:
    older = reading("a", "The strike has ended, both sides said.", shows="ended", day=date(2024, 3, 1))
    newer = reading("b", "A strike of bakers began in Kelmouth.", sure=0.5, shows="strike", day=date(2024, 5, 1))
    found = decided(older, newer, question="Has the strike ended?", kind=QuestionKind.YES_NO)
    assert [chosen.hit.article.id for chosen in found.chosen] == ["a", "b"]


def test_a_crosshead_that_gives_the_value_is_quoted_with_what_follows() -> None:
    text = "The harbour closed.\n\nOlga Rask runs the ferry again\n\nShe begins on Monday.\n\nThe tide was low."
    found = decided(reading("a", text, answers={"Olga Rask": 0.8}, shows="harbour"))
    assert found.chosen[0].text == "Olga Rask runs the ferry again\n\nShe begins on Monday."
    asked = text.replace("ferry again", "ferry now?")
    found = decided(reading("a", asked, answers={"Olga Rask": 0.8}, shows="harbour"))
    assert all("Olga Rask" not in chosen.text for chosen in found.chosen), "a question tells nothing"


def test_what_says_next_to_nothing_is_quoted_only_where_no_short_answer_is_sure() -> None:
    telling = reading("a", "Olga Rask runs the ferry.", answers={"Olga Rask": 0.9}, shows="runs", sure=6.0)
    aside = reading("b", "Ivo Lund bought a ferry ticket on Monday.", sure=-6.0)

    def quoted(short_least: float) -> list[str]:
        weights = replace(WEIGHTS, short={"bias": 0.0}, short_least=short_least)
        found = decide("Who runs the ferry?", QuestionKind.FACT, (telling, aside), weights)
        return [chosen.hit.article.id for chosen in found.chosen]

    assert quoted(0.9) == ["a", "b"]
    assert quoted(0.1) == ["a"]


def test_no_sentence_is_quoted_twice_and_limits_hold() -> None:
    same = "The harbour tunnel will open in May, the city said on Friday."
    many = [reading(f"a{n}", same, answers={"May": 0.5}, shows="May") for n in range(6)]
    assert len(decided(*many, question="When does it open?").chosen) == 1
    words = " ".join(["word"] * 40)
    long = [reading(f"b{n}", f"It opens in May {words} {n}.", shows="May") for n in range(6)]
    found = decided(*long, question="When does it open?")
    assert sum(len(chosen.text.split()) for chosen in found.chosen) <= LIMITS[QuestionKind.FACT][1]


def test_a_short_answer_is_given_only_where_it_is_sure_enough() -> None:
    one = reading("a", "Olga Rask runs the ferry.", answers={"Olga Rask": 0.9})
    bold = decide("Who?", QuestionKind.FACT, [one], replace(WEIGHTS, short={"bias": 3.0}))
    assert bold.short == "Olga Rask"
    plain = decide("Who?", QuestionKind.FACT, [one], replace(WEIGHTS, short={"bias": 1.0}))
    assert plain.short is None
    assert plain.value is not None


def test_the_logistic_model_is_bounded() -> None:
    assert logistic({"bias": 1e9}, {}) <= 1.0
    assert logistic({"bias": 0.0, "x": 2.0}, {"x": 1.0}) > 0.85
    assert logistic({"bias": 0.0, "unknown": 5.0}, {"x": 1.0}) == 0.5


def test_quotes_are_verbatim() -> None:
    one = reading("a", "Rain fell. Olga Rask runs the ferry. It was late.", answers={"Olga Rask": 0.9})
    for chosen in decided(one).chosen:
        assert chosen.hit.article.text[chosen.start : chosen.end] == chosen.text
