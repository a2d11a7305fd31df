"""Asks every question of a file and judges what comes back: ranks, quotes, the short answer, what is shown, time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal

from bot.answering.deciding import decide
from bot.answering.quoting import citations_of
from bot.asking import Asked, Asker
from bot.corpus.catalog import Catalog
from bot.corpus.identity import canonical_url
from bot.errors import ReadError, UsageError
from bot.evaluation.baselines import best_by_cosine, best_by_words, dense_hits, lexical_hits
from bot.evaluation.metrics import exact, holds, is_yes_no, token_f1
from bot.evaluation.question_file import EvalQuestion
from bot.models.question_kind import QuestionKind
from bot.retrieval.question import ParsedQuery
from bot.retrieval.retriever import Retriever
from bot.schema import Answer, Citation, Hit, Question

DEPTH = 10
"""Places that are looked at: a right passage further down counts as not found."""
AS_OF_SLACK_DAYS = 3

Row = Literal["hybrid", "dense", "lexical"]
RANKINGS: Mapping[Row, Callable[[Retriever, ParsedQuery, int], Sequence[Hit]]] = {
    "hybrid": lambda retriever, understood, k: retriever.retrieve(understood, k).hits,
    "dense": dense_hits,
    "lexical": lexical_hits,
}
OURS, NEVER_REFUSING, BY_WORDS, BY_COSINE = "ours", "never refusing", "best by words", "best by cosine"

Group = Literal["answerable", "unanswerable", "outside", "open"]
"""What a question is good for: it has a gold answer to be found here; its file says that no article answers it; it is
of the file of questions that this corpus cannot answer; nothing is known of its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How one way of answering did on a question. What needs a gold answer is 0 where there is none.

    `first_quote` and `any_quote`: whether the first quote, or any, holds a gold answer. `valid` counts the citations
    whose quote stands in the stored article where they say.
    """

    answered: bool
    confidence: float
    short: str | None
    first_quote: bool
    any_quote: bool
    exact: float
    f1: float
    citations: int
    valid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAnswer:
    """What an answer shows of the facts that it must show.

    `right`: every fact shows (half of them where an overview, a list or a comparison is asked), or what the corpus does
    not say is refused. `bold_wrong`: the short answer is a tempting wrong one, or of a question of fact and none of the
    right ones, or given to what the corpus does not say.
    """

    kind: str
    answerable: bool
    right: bool
    refused: bool
    facts: int
    asked: int
    bold: bool
    bold_wrong: bool
    words: int


OF_ONE_VALUE = frozenset({"fact", "current"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a question. `places` are, by ranking, the place of the first right passage, 0 for none."""

    id: str
    question: str
    group: Group
    milliseconds: float
    """From the question to the checked answer."""
    places: Mapping[str, int] = field(default_factory=dict)
    said: Mapping[str, Said] = field(default_factory=dict)
    shown: ShownAnswer | None = None
    """Where the file says what must show, or that there is no answer."""


def evaluate(
    asker: Asker,
    questions: Sequence[EvalQuestion],
    outside: Sequence[EvalQuestion] = (),
    *,
    rows: Sequence[Row] = ("hybrid",),
    slack_days: int = AS_OF_SLACK_DAYS,
) -> Iterator[Result]:
    """One result for each question, in order, then for each of `outside`, which this corpus cannot answer.

    A question with a day is asked as on that day, and "yesterday" counts from it; what was published up to
    `slack_days` later may still answer. A question is asked once beforehand, so that no time has the loading in it.
    The baselines of `rows` are ranked and answer beside ours. Raises UsageError, which names the line, for a question
    that cannot be asked.
    """
    for question in questions[:1]:
        _asked(asker, question, slack_days)
    for question in questions:
        yield _result(asker, question, _group(question), rows, slack_days)
    for question in outside:
        yield _result(asker, question, "outside", (), slack_days)


def _group(question: EvalQuestion) -> Group:
    if question.relevant == ():
        return "unanswerable"
    return "answerable" if question.answers and not is_yes_no(question.answers) else "open"


def _result(asker: Asker, question: EvalQuestion, group: Group, rows: Sequence[Row], slack_days: int) -> Result:
    asked, answer, seconds = _asked(asker, question, slack_days)
    assert asked.retrieved is not None
    hits = asked.retrieved.hits
    retriever = asker.retriever
    places: dict[str, int] = {}
    answers = {OURS: answer, NEVER_REFUSING: _never_refusing(asker, asked)}
    if group == "answerable":
        for row in rows:
            # An answer may be chosen from fewer or more passages than are looked at here.
            ranked = hits if row == "hybrid" and asker.hits == DEPTH else RANKINGS[row](
                retriever, asked.understood, DEPTH
            )  # fmt: skip
            places[row] = place_of_right(question, ranked)
        if "lexical" in rows:
            answers[BY_WORDS] = best_by_words(asked.understood, hits, asked.retrieved.idf)
        if "dense" in rows:
            answers[BY_COSINE] = best_by_cosine(asked.understood, hits, retriever.embeddings)
    golds = question.answers if group == "answerable" else ()
    return Result(
        id=question.id,
        question=question.text,
        group=group,
        milliseconds=round(1000 * seconds, 2),
        places=places,
        said={name: _said(each, golds, retriever.corpus.catalog) for name, each in answers.items()},
        shown=shown(question, answer) if question.must or not question.answerable else None,
    )


def shown(question: EvalQuestion, answer: Answer) -> ShownAnswer:
    """How an answer does by what it must show."""
    said = " ".join([answer.text, answer.short or "", *(citation.quote for citation in answer.citations)])
    found, enough = question.facts_in(said) if answer.answered else (0, False)
    bold = answer.short if answer.answered and answer.short else None
    return ShownAnswer(
        kind=question.kind,
        answerable=question.answerable,
        right=enough if question.answerable else not answer.answered,
        refused=not answer.answered,
        facts=found,
        asked=len(question.must),
        bold=bold is not None,
        bold_wrong=bold is not None and _is_wrong(question, bold),
        words=len(answer.text.split()) if answer.answered else 0,
    )


def _is_wrong(question: EvalQuestion, short: str) -> bool:
    if not question.answerable or question.is_wrong(short):
        return True
    return question.kind in OF_ONE_VALUE and bool(question.short) and not question.is_right(short)


def _asked(asker: Asker, question: EvalQuestion, slack_days: int) -> tuple[Asked, Answer, float]:
    started = time.perf_counter()
    try:
        asked = asker.understand(Question(question.text, as_of=question.asked_on))
    except UsageError as error:
        raise UsageError(f"Question {question.id} (line {question.line}): {error}") from error
    asked = asker.retrieve(replace(asked, understood=known_later(asked.understood, slack_days)))
    answer = asker.answer(asked)
    return asked, answer, time.perf_counter() - started


def known_later(understood: ParsedQuery, days: int = AS_OF_SLACK_DAYS) -> ParsedQuery:
    """The question with what was published up to `days` after its day known too; its days count as they did."""
    day = understood.question.as_of
    if day is None:
        return understood
    return replace(understood, question=replace(understood.question, as_of=day + timedelta(days=days)))


def _never_refusing(asker: Asker, asked: Asked) -> Answer:
    """What quoting would say if it had to: for precision at any coverage, and beside baselines that cannot refuse."""
    assert asked.retrieved is not None
    question, retrieved = asked.understood.question, asked.retrieved
    if not retrieved.readings:
        return Answer(question=question, text="", answered=False)
    kind = QuestionKind.FACT if retrieved.kind.is_talk else retrieved.kind
    decision = decide(question.text, kind, retrieved.readings, asker.weights)
    citations = citations_of(decision.chosen)
    short = decision.value.text if decision.value else None
    # The short answer is what is judged of a fact: how sure it is of that is what orders the questions.
    sure = decision.short_confidence if decision.value else decision.confidence
    return Answer(question=question, text="", short=short, citations=citations, confidence=sure)


def place_of_right(question: EvalQuestion, hits: Sequence[Hit]) -> int:
    """The place, from 1, of the first right passage among the first ten; 0 where there is none."""
    return next((place for place, hit in enumerate(hits[:DEPTH], start=1) if is_right(question, hit)), 0)


def is_right(question: EvalQuestion, hit: Hit) -> bool:
    """Whether a passage holds a gold answer and is of a relevant article, or of one that has a copy there.

    Where the file names no relevant articles, a gold answer is enough. They are named by address or id.
    """
    if not holds(hit.passage.text, question.answers):
        return False
    return question.relevant is None or is_relevant(question, hit)


def is_relevant(question: EvalQuestion, hit: Hit) -> bool:
    """Whether a passage is of an article that the file names as answering, or of one that has a copy there."""
    relevant = {_address(name) for name in question.relevant or ()}
    named = {name for each in (hit.article, *hit.also_in) for name in (each.id, _address(each.url or ""))}
    return bool(relevant & named)


def _address(name: str) -> str:
    """The address as the catalog compares it; what is none (an article's id) as it is."""
    try:
        return canonical_url(name)
    except ReadError:
        return name


def _said(answer: Answer, golds: Sequence[str], catalog: Catalog) -> Said:
    right = [holds(citation.quote, golds) for citation in answer.citations]
    return Said(
        answered=answer.answered,
        confidence=round(answer.confidence, 6),
        short=answer.short,
        first_quote=bool(right) and right[0],
        any_quote=any(right),
        exact=exact(answer.short, golds),
        f1=token_f1(answer.short, golds),
        citations=len(answer.citations),
        valid=sum(is_valid(citation, catalog) for citation in answer.citations),
    )


def is_valid(citation: Citation, catalog: Catalog) -> bool:
    """Whether the stored article holds the quote, character for character, at the citation's place, and its link
    opens that article."""
    stored = catalog.article(citation.article.id)
    if stored is None or not citation.quote.strip():
        return False
    address = (stored.url or "").partition("#")[0]
    opens = citation.link is None or citation.link.partition("#")[0] == address
    return opens and stored.text[citation.start : citation.end] == citation.quote
