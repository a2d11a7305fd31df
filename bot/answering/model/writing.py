"""Answers by a chat model: its prose, checked as it comes, and the answer by quoting wherever the model fails."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from bot.answering.check.gate import check
from bot.answering.check.judge import Judge, pairs_of
from bot.answering.check.prompt_injection import without_orders
from bot.answering.check.prose import Draft, ProseCheck
from bot.answering.model import model_failure
from bot.answering.model.evidence import escaped, fenced, tokens_of
from bot.answering.model.model_calls import Meter, ModelCalls
from bot.answering.model.model_failure import Failure, ModelFailed
from bot.schema import Answer, Hit, Question, Removed, Turn

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import RunnableConfig

HOLES: Mapping[str, frozenset[str]] = {
    "write_system": frozenset({"no_answer"}),
    "write_user": frozenset({"evidence", "question", "today"}),
    "rewrite_system": frozenset(),
    "rewrite_user": frozenset({"history", "question"}),
    "verify_system": frozenset(),
    "verify_user": frozenset({"pairs"}),
}
"""What a chat model is told, by the name of its file of prompts/: exactly these holes are filled."""
NO_ANSWER = "The corpus does not say."
"""What a model is told to write where the evidence holds no answer."""
RESERVE_SECONDS = 0.2
"""Kept of the deadline for what comes after the model."""
REWRITE_SHARE = 0.3
"""Of the deadline, for making a follow-up whole."""
TURN_CHARS = 600
"""Of an answer in a history: what it is about stands at its beginning."""
NO_ANSWER_CHARS = 500
WHY_CHARS = 120
NOT_SUPPORTED = "the chat model, asked again, does not find it supported"
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
_HOLE = re.compile(r"\{(\w+)\}")


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


@dataclass(eq=False, kw_only=True)
class Writer:
    """Writes answers with a chat model. What it does runs in the loop of its `calls`.

    `prompts` are the wordings by name (see `HOLES`); `make_check` begins the check of one reply against the
    evidence that the model was given; `question_chars` bounds a question made whole. With `verify` the model reads
    its answer again, with a `judge` another model does, before any of it is shown.
    """

    calls: ModelCalls
    prompts: Mapping[str, str]
    context_tokens: int = 6000
    history_tokens: int = 1000
    question_chars: int = 1000
    verify: bool = False
    judge: Judge | None = None
    make_check: Callable[[Question, Mapping[str, Hit]], ProseCheck] = ProseCheck

    async def write(self, job: Job, config: RunnableConfig | None = None) -> AsyncGenerator[Answer, None]:
        """Growing answers, each checked; the last one is final. A model that fails gives the answer by quoting."""
        until = self._until(job.started, 1.0)
        evidence = fenced(without_orders(job.hits), self.context_tokens)
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
            reply = _Reply(self.make_check(job.question, evidence.passages))
            shown = ""
            try:
                stream = self.calls.stream(
                    messages, "write", until=until, meter=job.meter, attempt=attempt, config=config
                )
                async with contextlib.aclosing(stream) as pieces:
                    async for piece in pieces:
                        if (draft := reply.grown(piece)) is None or self.verify or self.judge:
                            continue
                        answer = self._answer(job, draft)
                        if answer.answered and len(answer.text) > len(shown) and answer.text.startswith(shown):
                            shown = answer.text
                            yield replace(answer, final=False)
                yield await self._finished(job, reply, until)
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

    async def rewrite(self, asked: str, history: Sequence[Turn], started: float, meter: Meter) -> str | None:
        """A follow-up made to stand alone, or None where the model fails or writes something else than a question."""
        told = self._told(history)
        if not told:
            return None
        messages = self._messages("rewrite", {"history": told, "question": escaped(asked)})
        try:
            until = self._until(started, REWRITE_SHARE)
            reply = await self.calls.complete(messages, "rewrite", until=until, meter=meter)
        except ModelFailed:
            return None
        return _whole(reply, asked, told, self.question_chars)

    def _until(self, started: float, share: float) -> float:
        """The loop's time at which a model must be done."""
        spent = time.perf_counter() - started
        given = self.calls.deadline_seconds * share - RESERVE_SECONDS
        return asyncio.get_running_loop().time() + max(0.0, given - spent)

    def _messages(self, name: str, values: Mapping[str, str]) -> list[BaseMessage]:
        from langchain_core.messages import HumanMessage, SystemMessage

        def filled(part: str) -> str:  # what a value holds is never taken for a hole
            return _HOLE.sub(lambda hole: values.get(hole[1], hole[0]), self.prompts[f"{name}_{part}"]).strip()

        return [SystemMessage(filled("system")), HumanMessage(filled("user"))]

    def _told(self, history: Sequence[Turn]) -> str:
        """The newest turns that fit into the budget, oldest first."""
        left, told = self.history_tokens, []
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

    async def _finished(self, job: Job, reply: _Reply, until: float) -> Answer:
        """The final answer after a whole reply."""
        draft = reply.check.finish()
        try:
            draft = await self._judged(draft, until, job.meter)
        except ModelFailed as failed:
            return self._quoted(job, failed.failure, draft.removed)
        answer = self._answer(job, draft)
        if answer.answered:
            return replace(answer, usage=self.calls.usage(job.meter))
        # What is left of a short reply without any citation says that nothing is known.
        if (draft.text and reply.is_short) or reply.says_nothing():
            refusal = replace(job.refuse(), model=self.calls.name, removed=answer.removed)
            return replace(refusal, usage=self.calls.usage(job.meter))
        failure = model_failure.DECLINED if reply.declines() else model_failure.UNSUPPORTED
        return self._quoted(job, failure, answer.removed)

    async def _judged(self, draft: Draft, until: float, meter: Meter) -> Draft:
        """The draft without what the models that judge do not find supported. Raises ModelFailed."""
        if self.judge is not None and (pairs := pairs_of(draft)):
            draft = draft.without(pairs, await asyncio.to_thread(self.judge, list(pairs.values())))
        if self.verify and (pairs := pairs_of(draft)):
            draft = draft.without(pairs, await self._verdicts(list(pairs.values()), until, meter))
        return draft

    async def verify_claims(self, pairs: Sequence[tuple[str, str]]) -> list[str | None]:
        """Why each of some (sentence, passage) goes, by the chat model's verdict. Raises ModelFailed."""
        until = asyncio.get_running_loop().time() + self.calls.deadline_seconds
        return await self._verdicts(pairs, until, Meter()) if pairs else []

    async def _verdicts(self, pairs: Sequence[tuple[str, str]], until: float, meter: Meter) -> list[str | None]:
        told = "\n\n".join(
            f"Pair {number}\npassage: {escaped(passage)}\nsentence: {escaped(claim)}"
            for number, (claim, passage) in enumerate(pairs, start=1)
        )
        reply = await self.calls.complete(self._messages("verify", {"pairs": told}), "verify", until=until, meter=meter)
        reasons = _reasons(reply, len(pairs))
        if reasons is None:
            raise ModelFailed(model_failure.UNVERIFIED)
        return reasons

    def _quoted(self, job: Job, failure: Failure, removed: tuple[Removed, ...]) -> Answer:
        what = "this answer is made of quotes" if job.quoted.answered else "only quotes were looked for"
        log.info("answered by quoting: %s", failure.outcome)
        note = f"The chat model {failure.said}, so {what}."
        return replace(job.quoted, note=note, removed=removed, usage=self.calls.usage(job.meter))


def holes_of(template: str) -> frozenset[str]:
    """The names of a template's holes; other braces are text."""
    return frozenset(_HOLE.findall(template))


class _Reply:
    """A reply on its way: its check, and how it begins."""

    def __init__(self, check: ProseCheck) -> None:
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


def _reasons(reply: str, count: int) -> list[str | None] | None:
    """The reasons in a reply with a verdict for each of `count` pairs; None where one lacks."""
    try:
        verdicts = json.loads(reply[reply.index("{") : reply.rindex("}") + 1])["verdicts"]
        said = {each["pair"]: each for each in verdicts}
        found = [said[number] for number in range(1, count + 1)]
        if not all(isinstance(each["supported"], bool) for each in found):
            return None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    whys = [_one_line(str(each.get("why") or ""))[:WHY_CHARS] for each in found]
    return [
        None if each["supported"] else NOT_SUPPORTED + (f" ({why})" if why else "")
        for each, why in zip(found, whys, strict=True)
    ]


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
