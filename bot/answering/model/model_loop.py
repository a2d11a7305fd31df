"""An event loop in a thread of its own, where every call of a chat model runs, whoever asks."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class _End(NamedTuple):
    """What comes behind the last item: the error that ended the work, if one did."""

    error: BaseException | None = None

    def tell(self) -> None:
        if self.error is not None:
            raise self.error


@functools.cache
def shared_loop() -> ModelLoop:
    """The one loop of the process: providers' libraries keep one HTTP client for all models of an address."""
    return ModelLoop()


class ModelLoop:
    """Runs asynchronous work for callers in threads and for callers in event loops of their own.

    HTTP clients keep connections that belong to the loop they were opened in, a limit on calls at once has to see the
    calls of every thread, and only a task can be stopped at a deadline: so all of them share one loop.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="newsbot-model", daemon=True).start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What a coroutine returns, for a caller in a thread."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        finally:
            future.cancel()

    async def arun(self, work: Coroutine[Any, Any, T]) -> T:
        """The same for a caller in an event loop."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def iterate(self, make: Callable[[], AsyncGenerator[T, None]]) -> Iterator[T]:
        """What `make()` yields, for a caller in a thread. Leaving early stops the work."""
        items: queue.SimpleQueue[Any] = queue.SimpleQueue()
        stop = self._start(make, items.put)
        try:
            while not isinstance(item := items.get(), _End):
                yield item
            item.tell()
        finally:
            stop()

    async def aiterate(self, make: Callable[[], AsyncGenerator[T, None]]) -> AsyncGenerator[T, None]:
        """The same for a caller in an event loop."""
        items: asyncio.Queue[Any] = asyncio.Queue()
        caller = asyncio.get_running_loop()

        def put(item: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the caller's loop was closed: nobody waits any more
                caller.call_soon_threadsafe(items.put_nowait, item)

        stop = self._start(make, put)
        try:
            while not isinstance(item := await items.get(), _End):
                yield item
            item.tell()
        finally:
            stop()

    def _start(self, make: Callable[[], AsyncGenerator[Any, None]], put: Callable[[Any], None]) -> Callable[[], object]:
        """Begin the work; returns what stops it."""

        async def pump() -> None:
            end = _End()
            try:
                async with contextlib.aclosing(make()) as found:
                    async for item in found:
                        put(item)
            except asyncio.CancelledError:
                raise
            except BaseException as error:
                end = _End(error)
            finally:
                put(end)

        # The caller's context variables come along: tracers find the run that they are part of there.
        return asyncio.run_coroutine_threadsafe(pump(), self._loop).cancel
