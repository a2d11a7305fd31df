"""Answers by a chat model: its prose, checked as it comes, and the answer by quoting wherever the model fails.

Knows nothing about indexes, settings or doors; how prose is checked, it is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Protocol

from bot.answering.checking import check
from bot.answering.model import model_failure
from bot.answering.model.evidence import escaped, fenced, tokens_of
from bot.answering.model.model_calls import Meter, ModelCalls
from bot.answering.model.model_failure import Failure, ModelFailed
from bot.answering.model.orders import without_orders
from bot.answering.model.wording import filled
from bot.schema import Answer, Citation, Hit, Question, Removed, Turn

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import RunnableConfig

NO_ANSWER = "The corpus does not say."
"""What a model is told to write where the evidence holds no answer."""
RESERVE_SECONDS = 0.2
"""Kept of the deadline for what comes after the model."""
REWRITE_SHARE = 0.3
"""Of the deadline, for making a follow-up whole."""
TURN_CHARS = 600
"""Of an answer in a history: what it is about stands at its beginning."""
NO_ANSWER_CHARS = 500
log = logging.getLogger("newsbot.writing")
_EVIDENCE = re.compile(
    r"\b(?:passages?|articles?|evidence|sources?|texts?|corpus|documents?|context|reports?|excerpts?)\b"
)
_DOES_NOT = re.compile(
    r"\b(?:do|does|did)(?: not|n['’]t) (?:\w+ ){0,3}?"
    r"(?:say|state|mention|contain|provide|specify|include|hold|give|answer|tell|report|have)\b"
)
_NOTHING = re.compile(r"\bno (?:\w+ ){0,2}?(?:answer|information|evidence|mention|details?)\b")
_DECLINES = re.compile(
    r"(?:i['’]m|i am|we['’]re|we are)? ?(?:sorry|afraid|unable)\b|i (?:cannot|can['’]t|won['’]t)\b|as an ai\b"
)
_STEERING = ("<", ">", "@", "://", "`", "[", "]", "*", "|", "{", "}")
_ADDRESS = re.compile(
    r"\s?(?:\b[a-z][a-z0-9+.-]{1,15}://|\bwww\.)[^\s\[\]]{1,2000}|\s?[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,60}"
)
"""Addresses, wherever they stand: an answer links to its articles, and passes on no address that they name."""
_WORD = re.compile(r"[^\W_]+")


class Draft(Protocol):
    """What of a reply has been checked: text with [n] markers, its citations, and what was taken out."""

    @property
    def text(self) -> str: ...
    @property
    def citations(self) -> tuple[Citation, ...]: ...
    @property
    def removed(self) -> tuple[Removed, ...]: ...


class Check(Protocol):
    """Checks a reply as it comes."""

    def feed(self, piece: str) -> None: ...
    def draft(self) -> Draft: ...
    def finish(self) -> Draft: ...


@dataclass(frozen=True, slots=True)
class Job:
    """What an answer is to be written from.

    `quoted` is the answer by quoting; `refuse` gives the refusal. `started` is when the question came in
    (`time.perf_counter`), `meter` what was spent on it before.
    """

    question: Question
    asked_on: date
    hits: Sequence[Hit]
    quoted: Answer
    refuse: Callable[[], Answer]
    started: float
    meter: Meter = field(default_factory=Meter)


class Writer:
    """Writes answers with a chat model. What it does runs in the loop of its `calls`.

    `prompts` are the wordings by name (see `wording.HOLES`); `make_check` begins the check of one reply against the
    evidence that the model was given; `question_chars` bounds a question made whole.
    """

    def __init__(
        self,
        calls: ModelCalls,
        prompts: Mapping[str, str],
        make_check: Callable[[Question, Mapping[str, Hit]], Check],
        *,
        context_tokens: int = 6000,
        history_tokens: int = 1000,
        question_chars: int = 1000,
    ) -> None:
        self.calls = calls
        self.prompts = prompts
        self._make_check = make_check
        self._context_tokens = context_tokens
        self._history_tokens = history_tokens
        self._question_chars = question_chars

    async def write(self, job: Job, config: RunnableConfig | None = None) -> AsyncGenerator[Answer, None]:
        """Growing answers, each checked; the last one is final. A model that fails gives the answer by quoting."""
        until = self._until(job.started, 1.0)
        evidence = fenced(without_orders(job.hits), self._context_tokens)
        if not evidence.passages:
            yield self._quoted(job, model_failure.UNSUPPORTED, ())
            return
        messages = self._messages("write", {
            "no_answer": NO_ANSWER,
            "evidence": evidence.text,
            "question": escaped(job.question.text),
            "today": f"{job.asked_on.day} {job.asked_on:%B %Y}",
        })  # fmt: skip
        attempt = 1
        while True:
            reply = _Reply(self._make_check(job.question, evidence.passages))
            shown = ""
            try:
                stream = self.calls.stream(
                    messages, "write", until=until, meter=job.meter, attempt=attempt, config=config
                )
                async with contextlib.aclosing(stream) as pieces:
                    async for piece in pieces:
                        if (draft := reply.grown(piece)) is None:
                            continue
                        answer = self._answer(job, draft)
                        if answer.answered and len(answer.text) > len(shown) and answer.text.startswith(shown):
                            shown = answer.text
                            yield replace(answer, final=False)
                yield self._finished(job, reply)
                return
            except ModelFailed as failed:
                # What was shown stays true, but another attempt would say it in other words.
                if shown or not await self.calls.may_retry(failed.failure, attempt, until):
                    yield self._quoted(job, failed.failure, reply.check.draft().removed)
                    return
                attempt += 1
            except Exception as error:  # a fault of ours is no reason to leave a question without its answer
                log.error("checking failed: %s", type(error).__name__)
                yield self._quoted(job, model_failure.UNCHECKED, ())
                return

    async def rewrite(
        self,
        asked: str,
        history: Sequence[Turn],
        *,
        started: float,
        meter: Meter,
        config: RunnableConfig | None = None,
    ) -> str | None:
        """A follow-up made to stand alone, or None where the model fails or writes something else than a question."""
        told = self._told(history)
        if not told:
            return None
        messages = self._messages("rewrite", {"history": told, "question": escaped(asked)})
        try:
            until = self._until(started, REWRITE_SHARE)
            reply = await self.calls.complete(messages, "rewrite", until=until, meter=meter, config=config)
        except ModelFailed:
            return None
        return _whole(reply, asked, told, self._question_chars)

    def _until(self, started: float, share: float) -> float:
        """The loop's time at which a model must be done."""
        spent = time.perf_counter() - started
        given = self.calls.deadline_seconds * share - RESERVE_SECONDS
        return asyncio.get_running_loop().time() + max(0.0, given - spent)

    def _messages(self, name: str, values: Mapping[str, str]) -> list[BaseMessage]:
        from langchain_core.messages import HumanMessage, SystemMessage

        return [
            SystemMessage(filled(self.prompts[f"{name}_system"], values).strip()),
            HumanMessage(filled(self.prompts[f"{name}_user"], values).strip()),
        ]

    def _told(self, history: Sequence[Turn]) -> str:
        """The newest turns that fit into the budget, oldest first."""
        left, told = self._history_tokens, []
        for turn in reversed(history):
            lines = [f"Question: {_one_line(turn.question)}"]
            if turn.answer.strip():
                lines.append(f"Answer: {_one_line(turn.answer)[:TURN_CHARS]}")
            text = "\n".join(lines)
            left -= tokens_of(text)
            if left < 0:
                break
            told.append(text)
        return "\n".join(reversed(told))

    def _answer(self, job: Job, draft: Draft) -> Answer:
        """A draft as an answer that has passed the gate of every answer; not `answered` where nothing is left."""
        quoted = job.quoted
        made = Answer(
            question=job.question,
            text=_ADDRESS.sub("", draft.text),
            citations=draft.citations,
            confidence=quoted.confidence,
            model=self.calls.name,
            coverage=quoted.coverage,
            removed=draft.removed,
        )
        checked = check(made)
        short = quoted.short if quoted.answered else None
        if checked.answered and short and short in checked.text and any(short in c.quote for c in checked.citations):
            checked = replace(checked, short=short)
        return checked

    def _finished(self, job: Job, reply: _Reply) -> Answer:
        """The final answer after a whole reply."""
        draft = reply.check.finish()
        answer = self._answer(job, draft)
        if answer.answered:
            return replace(answer, usage=self.calls.usage(job.meter))
        # What is left of a short reply without any citation says that nothing is known.
        if (draft.text and reply.is_short) or reply.says_nothing():
            refusal = replace(job.refuse(), model=self.calls.name, removed=answer.removed)
            return replace(refusal, usage=self.calls.usage(job.meter))
        failure = model_failure.DECLINED if reply.declines() else model_failure.UNSUPPORTED
        return self._quoted(job, failure, answer.removed)

    def _quoted(self, job: Job, failure: Failure, removed: tuple[Removed, ...]) -> Answer:
        what = "this answer is made of quotes" if job.quoted.answered else "only quotes were looked for"
        log.info("answered by quoting: %s", failure.outcome)
        note = f"The chat model {failure.said}, so {what}."
        return replace(job.quoted, note=note, removed=removed, usage=self.calls.usage(job.meter))


class _Reply:
    """A reply on its way: its check, and how it begins."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self._begins = ""
        self._text = ""

    def grown(self, piece: str) -> Draft | None:
        """What has been checked, where the piece adds to it."""
        if len(self._begins) <= NO_ANSWER_CHARS:
            self._begins += piece
        self.check.feed(piece)
        draft = self.check.draft()
        if draft.text == self._text:
            return None
        self._text = draft.text
        return draft

    @property
    def is_short(self) -> bool:
        """Whether it is no longer than saying that takes."""
        return len(self._begins) <= NO_ANSWER_CHARS

    def says_nothing(self) -> bool:
        """Whether it says that the evidence holds no answer."""
        said = self._said()
        if said == NO_ANSWER.casefold().rstrip("."):
            return True
        return self.is_short and bool(_NOTHING.search(said) or (_DOES_NOT.search(said) and _EVIDENCE.search(said)))

    def declines(self) -> bool:
        """Whether it begins as models do that will not answer."""
        return _DECLINES.match(self._said()) is not None

    def _said(self) -> str:
        return " ".join(self._begins.casefold().split()).strip("\"“”'*_. ")


def _whole(reply: str, asked: str, told: str, chars: int) -> str | None:
    """The rewritten question, None where it is none: several lines, markup, names or numbers from nowhere or lost."""
    lines = [line for line in reply.strip().splitlines() if line.strip()]
    if len(lines) != 1:
        return None
    whole = _one_line(lines[0]).strip('"“”')
    if not whole or len(whole) > chars or any(mark in whole and mark not in asked for mark in _STEERING):
        return None
    words = _WORD.findall(whole)
    used, known = {word.casefold() for word in words}, set(_WORD.findall(f"{asked} {told}".casefold()))
    # The first word is capitalised in any sentence.
    comes_from_there = {word.casefold() for word in words[1:] if _is_name(word)} <= known
    keeps_what_was_asked = {word.casefold() for word in _WORD.findall(asked)[1:] if _is_name(word)} <= used
    return whole if comes_from_there and keeps_what_was_asked and 2 * len(used & known) >= len(used) else None


def _is_name(word: str) -> bool:
    return any(letter.isupper() or letter.isdigit() for letter in word)


def _one_line(text: str) -> str:
    return " ".join(escaped(text).split())
