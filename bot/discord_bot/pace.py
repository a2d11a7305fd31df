"""Limits how often the bot connects to Discord's gateway.

discord.py 2.7.1 connects again at once where a connection ends by most codes, or before HELLO: thousands of times a
minute, and Discord resets the token of such a bot. So each connection waits here for its turn.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

FIRST_SECONDS, SECONDS_MAX = 3.5, 8.0
"""Pauses before the second and the later tries: at most 3 in any 10 seconds, and back within 10 of a recovery."""
STEADY_SECONDS = 10.0
"""A connection that held so long did not fail at once: the next one need not wait."""
IDENTIFIES_AN_HOUR = 40
"""Discord allows a thousand new sessions a day, and resets the token of a bot that begins more."""


class Pace:
    """When the next connection may be tried; one for all clients of a process.

    `first_seconds` is the pause after the first failure; it doubles up to `SECONDS_MAX`.
    """

    def __init__(self, first_seconds: float = FIRST_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._first, self._clock = first_seconds, clock
        self._failures = 0
        self._tried = float("-inf")
        self._holds_since: float | None = None
        self._identified: deque[float] = deque()

    async def turn(self, shards: int = 1) -> None:
        """Wait until a connection may be tried. To be cancelled at any time."""
        while (wait := self.wait(shards)) > 0:
            await asyncio.sleep(wait)
        self._tried, self._holds_since = self._clock(), None

    @property
    def pause(self) -> float:
        """Seconds between two tries, after the failures so far."""
        doublings = min(max(self._failures - 1, 0), 10)  # after hours without a gateway no float holds the power
        return min(self._first * 2.0**doublings, SECONDS_MAX)

    def wait(self, shards: int = 1) -> float:
        """Seconds until one of so many `shards` may connect; 0.0 where it may now."""
        now = self._clock()
        while self._identified and self._identified[0] <= now - 3600:
            self._identified.popleft()
        allowed = IDENTIFIES_AN_HOUR * shards
        spent = self._identified[-allowed] + 3600 - now if len(self._identified) >= allowed else 0.0
        paced = self._tried + self.pause / shards - now if self._failures else 0.0
        return max(paced, spent, 0.0)

    def settled(self) -> None:
        """Discord let a connection in."""
        self._holds_since = self._clock()

    def identified(self) -> None:
        """A new session is begun."""
        self._identified.append(self._clock())

    def lost(self, *, for_good: bool = False) -> None:
        """A connection ended, or could not be made; `for_good` with its client."""
        is_steady = self._holds_since is not None and self._clock() - self._holds_since >= STEADY_SECONDS
        self._failures = 0 if is_steady else self._failures + 1
        if for_good:
            self._holds_since = None
