"""The chain from a question to a checked answer, as one LangChain Runnable: understand, retrieve, answer, check.

Knows nothing about settings, folders or doors; its parts are handed to it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from langchain_core.runnables import Runnable, RunnableLambda

from bot.answering.checking import check
from bot.answering.quoting import quote
from bot.errors import UsageError
from bot.retrieval.question import Understood, understand
from bot.retrieval.retriever import Retrieved, Retriever
from bot.schema import Answer, Question


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question on its way, and the moment it came in (`time.perf_counter`)."""

    understood: Understood
    started: float
    retrieved: Retrieved | None = None


def make_chain(
    retriever: Retriever, prompts: Mapping[str, str], *, hits: int, question_chars: int
) -> Runnable[str | Question, Answer]:
    """The chain over a retriever. `prompts` are the wordings by name; `question_chars` bounds a question.

    The Runnable raises UsageError for a question that cannot be asked: empty, too long, an unknown source.
    """

    def understand_step(asked: str | Question) -> _Asked:
        return _Asked(understood(asked, retriever, question_chars), time.perf_counter())

    def retrieve_step(asked: _Asked) -> _Asked:
        return replace(asked, retrieved=retriever.retrieve(asked.understood, hits))

    def answer_step(asked: _Asked) -> Answer:
        assert asked.retrieved is not None
        answer = quote(
            asked.understood,
            asked.retrieved.hits,
            retriever.corpus.coverage(),
            not_answered=prompts["not_answered"],
            no_articles=prompts["no_articles"],
            idf=asked.retrieved.idf,
        )
        return replace(check(answer), seconds=time.perf_counter() - asked.started)

    steps = (
        RunnableLambda(understand_step, name="understand")
        | RunnableLambda(retrieve_step, name="retrieve")
        | RunnableLambda(answer_step, name="answer")
    )
    return steps.with_config(run_name="newsbot")


def understood(asked: str | Question, retriever: Retriever, question_chars: int) -> Understood:
    """A question made sure of and understood. Raises UsageError where it cannot be asked."""
    question = asked if isinstance(asked, Question) else Question(asked)
    text = " ".join(question.text.split())
    if not text:
        raise UsageError('The question is empty. Ask in words, such as "How many NATO personnel are in Iraq?"')
    if len(text) > question_chars:
        raise UsageError(
            f"The question has {len(text):,} characters; at most {question_chars:,} are taken. Shorten it."
        )
    if question.after and question.before and question.after > question.before:
        raise UsageError(f"No day is both after {question.after} and before {question.before}. Swap the two.")
    known = retriever.corpus.sources()
    question = replace(question, text=text, sources=_spelled(question.sources, known))
    return understand(question, question.as_of or datetime.now(UTC).date(), [name for name in known if name])


def _spelled(sources: tuple[str, ...], known: Mapping[str, int]) -> tuple[str, ...]:
    """The sources as the corpus spells them. Raises UsageError for one that it does not have."""
    spelling = {name.casefold(): name for name in known if name}
    for source in sources:
        if source.casefold() not in spelling:
            have = ", ".join(list(spelling.values())[:12]) + (", ..." if len(spelling) > 12 else "")
            raise UsageError(f"No article here is from {source!r}. The sources are: {have or 'none yet'}.")
    return tuple(spelling[source.casefold()] for source in sources)
