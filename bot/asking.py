"""From a question to a checked answer, step by step: understand, retrieve, answer.

Knows nothing about LangChain (see `chain`), settings, folders or doors; its parts are handed to it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.answering.checking import check
from bot.answering.quoting import quote
from bot.errors import UsageError
from bot.retrieval.question import Understood, make_whole, understand
from bot.retrieval.retriever import Retrieved, Retriever
from bot.schema import Answer, Question, Turn


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on its way, and the moment it came in (`time.perf_counter`)."""

    understood: Understood
    started: float
    retrieved: Retrieved | None = None


class Asker:
    """Answers questions over a retriever, in three steps or in one call. Safe to share between threads.

    `prompts` are the wordings by name; `hits` is how many passages an answer is chosen from; `question_chars` bounds
    a question.
    """

    def __init__(self, retriever: Retriever, prompts: Mapping[str, str], *, hits: int, question_chars: int) -> None:
        self.retriever = retriever
        self.prompts = prompts
        self.hits = hits
        self.question_chars = question_chars

    def __call__(self, question: str | Question) -> Answer:
        """The answer to a question. Raises UsageError as `understand`."""
        return self.answer(self.retrieve(self.understand(question)))

    async def astream(self, question: str | Question, history: Sequence[Turn] = ()) -> AsyncIterator[Answer]:
        """Growing, always valid answers; the last one is `final`. The work is done off the event loop.

        `history` is the conversation so far, oldest first: a follow-up is made whole with it. Raises as calling does.
        """
        asked = question if isinstance(question, Question) else Question(question)
        whole = replace(asked, text=make_whole(asked.text, [turn.question for turn in history]))
        yield await asyncio.to_thread(self, whole)

    def understand(self, question: str | Question) -> Asked:
        """The first step. Raises UsageError for a question that cannot be asked: empty, too long, unknown source."""
        started = time.perf_counter()
        return Asked(understood(question, self.retriever, self.question_chars), started)

    def retrieve(self, asked: Asked) -> Asked:
        """The second step: the passages that may answer."""
        return replace(asked, retrieved=self.retriever.retrieve(asked.understood, self.hits))

    def answer(self, asked: Asked) -> Answer:
        """The third step: the answer by quoting, checked. `asked` has gone through `retrieve`."""
        assert asked.retrieved is not None
        answer = quote(
            asked.understood,
            asked.retrieved.hits,
            self.retriever.corpus.coverage(),
            not_answered=self.prompts["not_answered"],
            no_articles=self.prompts["no_articles"],
            idf=asked.retrieved.idf,
        )
        found = tuple(hit.passage.id for hit in asked.retrieved.hits)
        return replace(check(answer), retrieved=found, seconds=time.perf_counter() - asked.started)


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
