"""An event loop in a thread of its own, where every call of a chat model runs, whoever asks."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from typing import Any, TypeVar

T = TypeVar("T")
_END = object()


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
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What a coroutine returns, for a caller in a thread."""
        future = asyncio.run_coroutine_threadsafe(work, self._running())
        try:
            return future.result()
        finally:
            future.cancel()

    async def arun(self, work: Coroutine[Any, Any, T]) -> T:
        """The same for a caller in an event loop."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._running()))

    def iterate(self, make: Callable[[], AsyncGenerator[T, None]]) -> Iterator[T]:
        """What `make()` yields, for a caller in a thread. Leaving early stops the work."""
        items: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        work = self._start(make, lambda item, error: items.put((item, error)))
        try:
            while True:
                item, error = items.get()
                if error is not None:
                    raise error
                if item is _END:
                    return
                yield item
        finally:
            work()

    async def aiterate(self, make: Callable[[], AsyncGenerator[T, None]]) -> AsyncGenerator[T, None]:
        """The same for a caller in an event loop."""
        items: asyncio.Queue[tuple[Any, BaseException | None]] = asyncio.Queue()
        caller = asyncio.get_running_loop()

        def put(item: Any, error: BaseException | None) -> None:
            with contextlib.suppress(RuntimeError):  # the caller's loop was closed: nobody waits any more
                caller.call_soon_threadsafe(items.put_nowait, (item, error))

        work = self._start(make, put)
        try:
            while True:
                item, error = await items.get()
                if error is not None:
                    raise error
                if item is _END:
                    return
                yield item
        finally:
            work()

    def _start(
        self, make: Callable[[], AsyncGenerator[Any, None]], put: Callable[[Any, BaseException | None], None]
    ) -> Callable[[], object]:
        """Begin the work; returns what stops it."""

        async def pump() -> None:
            try:
                async with contextlib.aclosing(make()) as found:
                    async for item in found:
                        put(item, None)
            except asyncio.CancelledError:
                put(_END, None)
                raise
            except BaseException as error:
                put(None, error)
            else:
                put(_END, None)

        # The caller's context variables come along: tracers find the run that they are part of there.
        return asyncio.run_coroutine_threadsafe(pump(), self._running()).cancel

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="newsbot-model", daemon=True).start()
            return self._loop
