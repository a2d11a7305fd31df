"""A request to stop: it ends every wait, and blocking calls are abandoned when it comes."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

POLL_SECONDS = 0.1

Result = TypeVar("Result")


class Stopped(Exception):
    """A stop was requested while something was waited for."""


class Stop:
    """A request to stop, made once, from a signal handler or another thread.

    It wakes through a socket: `threading.Event.set` takes a lock, which a signal handler may find held by the very
    thread that it interrupted.
    """

    def __init__(self) -> None:
        self.requested = False
        self._ear, self._mouth = socket.socketpair()
        self._mouth.setblocking(False)

    def request(self) -> None:
        """End every wait, now and from now on."""
        self.requested = True
        with contextlib.suppress(OSError):
            self._mouth.send(b"\0")

    def wait(self, seconds: float) -> None:
        """Wait so long, or until a stop is requested."""
        if not self.requested and seconds > 0:
            self._ear.settimeout(seconds)
            with contextlib.suppress(TimeoutError):
                self._ear.recv(1, socket.MSG_PEEK)

    def close(self) -> None:
        """Let go of the sockets."""
        self._ear.close()
        self._mouth.close()


def unless_stopped(call: Callable[[], Result], stop: Stop) -> Result:
    """What the call returns or raises. Raises Stopped at once where a stop is requested before it is done.

    The call runs in a thread of its own, which is left behind then: a slow server, or a name server, cannot be
    interrupted in any other way. A thread left behind does not keep the process.
    """
    if stop.requested:
        raise Stopped
    done: Future[Result] = Future()

    def run() -> None:
        try:
            done.set_result(call())
        except BaseException as error:  # whatever it is, it belongs to the caller
            done.set_exception(error)

    threading.Thread(target=run, daemon=True, name="fetching").start()
    while not wait((done,), POLL_SECONDS).done:
        if stop.requested:
            raise Stopped
    return done.result()
