"""Calls a chat model: so many at once, each within a deadline and a bound, counted and logged."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import KW_ONLY, dataclass, replace
from typing import TYPE_CHECKING, Any

from bot.answering.model import model_failure
from bot.answering.model.model_failure import Failure, ModelFailed, failure_of
from bot.answering.model.model_loop import shared_loop
from bot.schema import Usage

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import RunnableConfig

ATTEMPTS = 3
BACK_OFF_SECONDS = 0.5
"""Before the second attempt; doubled before each further one, and shortened by chance by up to a half."""
CHARS_PER_TOKEN = 8
"""More than tokens have on average: a text longer than this for each token it may have does not end by itself."""
CLOSE_SECONDS = 1.0
DECLINING = {"content_filter", "refusal", "safety", "prohibited_content", "blocklist"}
"""Reasons to end by which providers say that the model, or a filter, declines."""
log = logging.getLogger("newsbot.model")


@dataclass(slots=True)
class Meter:
    """What the calls for one answer came to."""

    input_tokens: int = 0
    output_tokens: int = 0
    calls: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for a million tokens, read and written; None where not known."""

    input_usd: float | None = None
    output_usd: float | None = None


@dataclass(eq=False)
class ModelCalls:
    """One chat model, for all who ask. Its calls run in its `loop`.

    `name` is "provider:model"; `ends_named` says that the provider names the reason why a text ends, so that a text
    without one was cut off.
    """

    model: BaseChatModel
    name: str
    _: KW_ONLY
    concurrency: int = 4
    deadline_seconds: float = 30.0
    output_tokens: int = 1500
    prices: Prices = Prices()
    ends_named: bool = False

    def __post_init__(self) -> None:
        self.loop = shared_loop()
        self._slots = asyncio.Semaphore(self.concurrency)
        self._without_usage = False

    async def stream(
        self,
        messages: list[BaseMessage],
        purpose: str,
        *,
        until: float,
        meter: Meter,
        attempt: int = 1,
        config: RunnableConfig | None = None,
    ) -> AsyncGenerator[str, None]:
        """The pieces of one reply as they come, until the loop's time `until`. Raises ModelFailed."""
        started = time.perf_counter()
        call = _Call(messages, config)
        outcome, cause = "abandoned", ""
        try:
            async with self._slot(until):
                meter.calls += 1
                async with contextlib.aclosing(self._pieces(call, until)) as pieces:
                    async for piece in pieces:
                        yield piece
            outcome = "ok"
        except ModelFailed as failed:
            outcome, cause = failed.failure.outcome, call.error
            raise
        finally:
            seconds = time.perf_counter() - started
            meter.input_tokens += call.input_tokens
            meter.output_tokens += call.output_tokens
            meter.seconds += seconds
            fields = {
                "model": self.name, "purpose": purpose, "attempt": attempt, "outcome": outcome, "cause": cause,
                "input_tokens": call.input_tokens, "output_tokens": call.output_tokens, "seconds": round(seconds, 3),
            }  # fmt: skip
            said = " ".join(f"{name}={value}" for name, value in fields.items() if value != "")
            log.log(logging.INFO if outcome in ("ok", "abandoned") else logging.WARNING, "call %s", said, extra=fields)

    async def complete(self, messages: list[BaseMessage], purpose: str, *, until: float, meter: Meter) -> str:
        """A whole reply, asked for again where that may help. Raises ModelFailed."""
        attempt = 1
        while True:
            try:
                reply = self.stream(messages, purpose, until=until, meter=meter, attempt=attempt)
                return "".join([piece async for piece in reply])
            except ModelFailed as failed:
                if not await self.may_retry(failed.failure, attempt, until):
                    raise
                attempt += 1

    async def tried(self, words: str, seconds: float, meter: Meter) -> None:
        """One call that shows whether the model answers at all. Raises ModelFailed."""
        from langchain_core.messages import HumanMessage

        until = asyncio.get_running_loop().time() + seconds
        async for _ in self.stream([HumanMessage(words)], "try", until=until, meter=meter):
            pass

    async def may_retry(self, failure: Failure, attempt: int, until: float) -> bool:
        """Whether to try once more: waits as long as is due first. False where it cannot help or time is short."""
        pause = BACK_OFF_SECONDS * 2 ** (attempt - 1) * random.uniform(0.5, 1.0)
        if failure.retry_after_seconds is not None:
            pause = max(pause, failure.retry_after_seconds)
        if not failure.is_passing or attempt >= ATTEMPTS or asyncio.get_running_loop().time() + pause >= until:
            return False
        await asyncio.sleep(pause)
        return True

    def usage(self, meter: Meter) -> Usage:
        """What was counted, with its cost where prices and tokens are known."""
        read_usd, written_usd = self.prices.input_usd, self.prices.output_usd
        cost = None
        if (read_usd is not None or written_usd is not None) and meter.input_tokens:
            cost = (meter.input_tokens * (read_usd or 0) + meter.output_tokens * (written_usd or 0)) / 1_000_000
        return Usage(meter.input_tokens, meter.output_tokens, meter.calls, meter.seconds, cost)

    @contextlib.asynccontextmanager
    async def _slot(self, until: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout_at(until):
                await self._slots.acquire()
        except TimeoutError:
            raise ModelFailed(model_failure.BUSY) from None
        try:
            yield
        finally:
            self._slots.release()

    async def _pieces(self, call: _Call, until: float) -> AsyncGenerator[str, None]:
        try:
            async for piece in self._read(call, until):
                yield piece
        except ModelFailed:
            raise
        except Exception as error:
            # The class alone: the text of an error may hold what was asked, or a key.
            call.error = type(error).__name__
            failure = failure_of(error, has_begun=call.chars > 0)
            if asyncio.get_running_loop().time() >= until:
                failure = model_failure.LATE
            elif failure.outcome in ("http_400", "http_422") and hasattr(self.model, "stream_usage"):
                # Some servers refuse to be asked for token counts in a stream: once more without, and if that was not
                # it, with them again.
                self._without_usage = not self._without_usage
                failure = replace(failure, is_passing=self._without_usage)
            raise ModelFailed(failure) from None
        if call.refused:
            raise ModelFailed(model_failure.DECLINED)
        if call.chars and self.ends_named and not call.ended:
            raise ModelFailed(model_failure.CUT)
        if not call.chars:
            raise ModelFailed(model_failure.EMPTY)

    async def _read(self, call: _Call, until: float) -> AsyncGenerator[str, None]:
        extra: dict[str, Any] = {"stream_usage": False} if self._without_usage else {}
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        stream = self.model.astream(call.messages, call.config, **extra)
        try:
            while True:
                try:
                    async with asyncio.timeout_at(until):
                        chunk = await anext(stream)
                except StopAsyncIteration:
                    return
                if task is not None and task.cancelling():
                    # Python 3.11's wait_for, by which LangChain reads, forgets a cancellation that comes with a piece.
                    raise asyncio.CancelledError
                piece = call.take(chunk)
                # A server that never lets us wait would never let the timer above run out.
                if loop.time() >= until:
                    raise ModelFailed(model_failure.LATE)
                if not piece:
                    continue
                if "\ufffd" in piece:
                    raise ModelFailed(model_failure.GARBLED)
                if call.chars > self.output_tokens * CHARS_PER_TOKEN:
                    raise ModelFailed(model_failure.ENDLESS)
                yield piece
        finally:
            # A server that goes on talking must not keep us; what is raised while closing is of no interest.
            with contextlib.suppress(Exception):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await stream.aclose()  # type: ignore[attr-defined]


@dataclass(slots=True)
class _Call:
    """One call on its way."""

    messages: list[BaseMessage]
    config: RunnableConfig | None
    chars: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    error: str = ""
    ended: bool = False
    refused: bool = False

    def take(self, chunk: Any) -> str:
        """The text of a chunk; what else it tells is kept."""
        counted = getattr(chunk, "usage_metadata", None) or {}
        self.input_tokens += counted.get("input_tokens") or 0
        self.output_tokens += counted.get("output_tokens") or 0
        told = chunk.response_metadata
        reason = str(told.get("finish_reason") or told.get("stop_reason") or "")
        self.ended = self.ended or bool(reason)
        if chunk.additional_kwargs.get("refusal") or reason.casefold() in DECLINING:
            self.refused = True
        piece = str(chunk.text)
        self.chars += len(piece)
        return piece
