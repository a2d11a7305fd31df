"""From a question to a checked answer, step by step: understand, retrieve, answer.

Its parts are handed to it; `chain` makes a LangChain Runnable of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import math
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Hashable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, fields, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from bot.answering.check.gate import check
from bot.answering.deciding import DecisionWeights
from bot.answering.quoting import quote
from bot.errors import CorpusMissing, UsageError
from bot.retrieval.question import ParsedQuery, parse_query, resolve_followup
from bot.retrieval.retriever import Retrieved, Retriever
from bot.schema import Answer, Question, Turn, Usage

if TYPE_CHECKING:
    from bot.answering.model.model_calls import Meter
    from bot.answering.model.writing import Job, Writer

HISTORY_TURNS = 20
"""Exchanges of a conversation that are looked at; older ones are left out."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on its way, and the moment it came in (`time.perf_counter`).

    `kept` is the answer where it was given before; `key` is what it is kept under. `meter` counts what a chat model
    has been asked for it so far.
    """

    understood: ParsedQuery
    started: float
    retrieved: Retrieved | None = None
    key: Hashable = None
    kept: Answer | None = None
    meter: Meter | None = field(default=None, compare=False)


@dataclass(eq=False)
class Asker:
    """Answers questions over a retriever, in three steps or in one call. Safe to share between threads.

    `prompts` are the wordings by name; `hits` is how many passages an answer is chosen from; `question_chars` bounds
    a question. With a `writer` a chat model writes the answers, and `cache` of them are kept; without, they are quotes.
    """

    retriever: Retriever
    prompts: Mapping[str, str]
    _: KW_ONLY
    hits: int
    question_chars: int
    writer: Writer | None = None
    cache: int = 0

    def __post_init__(self) -> None:
        self.weights = DecisionWeights.load()
        self._cached: dict[Hashable, Answer] = {}  # what has not been asked for longest stands first
        self._lock = threading.Lock()

    def __call__(self, question: str | Question) -> Answer:
        """The answer to a question. Raises UsageError as `understand`."""
        return self.answer(self.retrieve(self.understand(question)))

    def stream(self, question: str | Question, history: Sequence[Turn] = ()) -> Iterator[Answer]:
        """Growing, always valid answers; the last one is `final`.

        `history` is the conversation so far, oldest first: a follow-up is resolved with it. Raises as calling does.
        """
        asked = self.understand(question)
        if history and self.writer is not None:
            asked = self.writer.calls.loop.run(self._rewritten(self.writer, asked, history))
        elif history:
            asked = self._resolved(asked, history)
        yield from self.answers(self.retrieve(asked))

    async def astream(self, question: str | Question, history: Sequence[Turn] = ()) -> AsyncIterator[Answer]:
        """The same for a caller in an event loop: the work is done off it."""
        asked = await asyncio.to_thread(self.understand, question)
        if history and self.writer is not None:
            asked = await self.writer.calls.loop.arun(self._rewritten(self.writer, asked, history))
        elif history:
            asked = await asyncio.to_thread(self._resolved, asked, history)
        asked = await asyncio.to_thread(self.retrieve, asked)
        async with contextlib.aclosing(self.aanswers(asked)) as answers:
            async for answer in answers:
                yield answer

    def understand(self, question: str | Question) -> Asked:
        """The first step. Raises UsageError for a question that cannot be asked: empty, too long, unknown source."""
        started = time.perf_counter()
        return Asked(understood(question, self.retriever, self.question_chars), started)

    def retrieve(self, asked: Asked) -> Asked:
        """The second step: the passages that may answer, or the answer that was given before."""
        if self.writer is not None:
            # Taken before the search, so that no answer is kept under news that it has not seen.
            version = self.retriever.corpus.version()
            asked = replace(asked, key=(version, asked.understood.question, asked.understood.asked_on))
            if (kept := self._kept(asked.key)) is not None:
                return replace(asked, kept=kept)
        return replace(asked, retrieved=self.retriever.retrieve(asked.understood, self.hits))

    def answer(self, asked: Asked, config: Any = None) -> Answer:
        """The third step: the answer, checked. `asked` has gone through `retrieve`.

        `config` is handed on to the chat model: LangChain's `RunnableConfig`, with its callbacks.
        """
        *_, final = self.answers(asked, config)
        return final

    def answers(self, asked: Asked, config: Any = None) -> Iterator[Answer]:
        """The third step as it comes: growing answers, the last one `final`."""
        job = self._job(asked)
        if isinstance(job, Answer):
            yield job
            return
        assert self.writer is not None
        yield from self.writer.calls.loop.iterate(lambda: self._written(asked, job, config))

    async def aanswers(self, asked: Asked, config: Any = None) -> AsyncGenerator[Answer, None]:
        """The same for a caller in an event loop. Closing it stops the model at once."""
        job = await asyncio.to_thread(self._job, asked)
        if isinstance(job, Answer):
            yield job
            return
        assert self.writer is not None
        growing = self.writer.calls.loop.aiterate(lambda: self._written(asked, job, config))
        async with contextlib.aclosing(growing):
            async for answer in growing:
                yield answer

    async def _written(self, asked: Asked, job: Job, config: Any) -> AsyncGenerator[Answer, None]:
        assert self.writer is not None
        async with contextlib.aclosing(self.writer.write(job, config)) as growing:
            async for answer in growing:
                yield self._finished(asked, answer)

    def _job(self, asked: Asked) -> Job | Answer:
        """What a chat model is to write from; the answer itself where none is set, or nothing was found."""
        if asked.kept is not None:
            return replace(asked.kept, seconds=time.perf_counter() - asked.started, usage=Usage(cost_usd=0.0))
        quoted = self._quoted(asked)
        assert asked.retrieved is not None
        if self.writer is None or not asked.retrieved.hits:
            return quoted
        from bot.answering.model.model_calls import Meter
        from bot.answering.model.writing import Job

        return Job(
            asked.understood.question,
            asked.understood.asked_on,
            asked.retrieved.hits,
            quoted,
            lambda: self._quoted(asked, math.inf),
            asked.started,
            asked.meter or Meter(),
        )

    def _quoted(self, asked: Asked, answer_least: float | None = None) -> Answer:
        """The answer by quoting; with `answer_least` over 1 the refusal."""
        assert asked.retrieved is not None
        answer = quote(
            asked.understood,
            asked.retrieved,
            self.retriever.corpus.coverage(),
            self.prompts,
            weights=self.weights,
            answer_least=answer_least,
        )
        return self._finished(asked, check(answer))

    def _finished(self, asked: Asked, answer: Answer) -> Answer:
        assert asked.retrieved is not None
        found = tuple(hit.passage.id for hit in asked.retrieved.hits)
        done = replace(answer, retrieved=found, seconds=time.perf_counter() - asked.started)
        if done.final and done.model and not done.note:
            with self._lock:
                self._cached[asked.key] = done
                if len(self._cached) > self.cache:
                    del self._cached[next(iter(self._cached))]
        return done

    def _kept(self, key: Hashable) -> Answer | None:
        with self._lock:
            if (answer := self._cached.pop(key, None)) is not None:
                self._cached[key] = answer
            return answer

    async def _rewritten(self, writer: Writer, asked: Asked, history: Sequence[Turn]) -> Asked:
        """The follow-up as the chat model resolves it. Runs in the loop of its calls."""
        from bot.answering.model.model_calls import Meter

        meter, text = Meter(), asked.understood.question.text
        whole = await writer.rewrite(text, history[-HISTORY_TURNS:], asked.started, meter)
        return await asyncio.to_thread(self._resolved, replace(asked, meter=meter), history, whole)

    def _resolved(self, asked: Asked, history: Sequence[Turn], text: str | None = None) -> Asked:
        """The follow-up, resolved: as `text` says it, or by rules without one."""
        question = asked.understood.question
        if text is None:
            text = resolve_followup(question.text, [turn.question for turn in history[-HISTORY_TURNS:]])
        again = understood(replace(question, text=text), self.retriever, self.question_chars)
        return replace(asked, understood=again)


def understood(asked: str | Question, retriever: Retriever, question_chars: int) -> ParsedQuery:
    """A question validated and parsed.

    Raises UsageError where it cannot be asked, CorpusMissing where the folder of the corpus was deleted meanwhile.
    """
    question = question_of(asked)
    text = " ".join(question.text.split())
    if not text:
        raise UsageError('The question is empty. Ask in words, such as "How many NATO personnel are in Iraq?"')
    if len(text) > question_chars:
        raise UsageError(
            f"The question has {len(text):,} characters; at most {question_chars:,} are taken. Shorten it."
        )
    if question.after and question.before and question.after > question.before:
        raise UsageError(f"No day is after {question.after} and also before {question.before}. Swap the two.")
    if not (folder := retriever.corpus.folder).is_dir():
        raise CorpusMissing(f"The folder {folder} of the corpus is gone. Put it back, or fill it anew: newsbot ingest")
    known = retriever.corpus.sources()
    question = replace(question, text=text, sources=spelled_sources(question.sources, known))
    return parse_query(question, question.as_of or datetime.now(UTC).date(), [name for name in known if name])


def question_of(asked: object) -> Question:
    """What was asked as a Question: given as one, as words, or as a mapping of its fields, as a tool call has them.

    Days may be ISO text, and `sources` one name. Raises UsageError for all else, with what is expected.
    """
    if isinstance(asked, Mapping):
        known = [each.name for each in fields(Question)]
        if "text" not in asked or not asked.keys() <= set(known):
            raise UsageError(
                f"A question as a mapping has the keys {', '.join(known)}, of which text is needed; "
                f"this one has: {', '.join(map(str, asked)) or 'none'}."
            )
        asked = Question(**asked)
    text: object = asked.text if isinstance(asked, Question) else asked
    if not isinstance(text, str):
        raise UsageError(
            "A question is words (str), a bot.Question, or a mapping of its fields, and no "
            f"{type(text).__name__}. Of a list of messages, give the text of the last one."
        )
    question = asked if isinstance(asked, Question) else Question(text)
    names: Any = question.sources
    try:
        sources = (names,) if isinstance(names, str) else tuple(names or ())
    except TypeError:
        sources = (names,)
    if not all(isinstance(source, str) for source in sources):
        raise UsageError(f"sources are names of outlets, not {names!r}.")
    as_of, after, before = (_day_of(name, getattr(question, name)) for name in ("as_of", "after", "before"))
    return Question(text, as_of, after, before, sources)


def _day_of(name: str, value: object) -> date | None:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass  # refused below, like every other value that is not a day
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    raise UsageError(f'{name} is a day, as datetime.date or as "2022-10-31", not {value!r}.')


def spelled_sources(sources: tuple[str, ...], known: Mapping[str, int]) -> tuple[str, ...]:
    """The sources as the corpus spells them. Raises UsageError for one that it does not have."""
    spelling = {name.casefold(): name for name in known if name}
    for source in sources:
        if source.casefold() not in spelling:
            near = difflib.get_close_matches(source.casefold(), spelling, 1)
            meant = f" Did you mean {spelling[near[0]]!r}?" if near else ""
            have = ", ".join(list(spelling.values())[:12]) + (", ..." if len(spelling) > 12 else "")
            raise UsageError(f"No article here is from {source!r}.{meant} The sources are: {have or 'none yet'}.")
    return tuple(spelling[source.casefold()] for source in sources)
