"""How often somebody may do something: so many times within any stretch of so many seconds."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

KEYS_MOST = 10_000


class Rate(NamedTuple):
    """At most so many in any so many seconds; 0 is any number."""

    most: int
    seconds: float


class Rates:
    """Remembers when each key used each of its rates. Not for use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._used: dict[tuple[Hashable, Rate], deque[float]] = {}

    def take(self, wanted: Sequence[tuple[Hashable, Sequence[Rate]]]) -> float:
        """Count one use of every key if all their rates allow it: 0.0; else the seconds until they do, uncounted."""
        now = self._clock()
        if len(self._used) > KEYS_MOST:
            self._used = {key: used for key, used in self._used.items() if used and used[-1] + key[1].seconds > now}
        limited = [(key, rate) for key, rates in wanted for rate in rates if rate.most]
        windows = [self._used.setdefault(each, deque(maxlen=each[1].most)) for each in limited]
        waits = (used[0] + rate.seconds - now for used, (_, rate) in zip(windows, limited, strict=True)
                 if len(used) == rate.most)  # fmt: skip
        if (wait := max(waits, default=0.0)) > 0:
            return wait
        for used in windows:
            used.append(now)
        return 0.0
