"""What a site's robots.txt lets us read, and how slowly: one answer for each host, kept for a day."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from ingest.guard import AddressRefused, FetchError

KEEP_SECONDS = 24 * 3600
RETRY_SECONDS = 60
"""How long an unreachable robots.txt keeps a host shut before it is asked again."""
ROBOTS_BYTES = 512 * 1024
"""As much as a robots.txt may hold by RFC 9309, and a little; the rest is not read."""
KEPT_HOSTS = 10_000

GetRobots = Callable[[str], "tuple[int, bytes]"]
"""An address -> the status and the body of what is there. Raises FetchError where nothing answers."""


class RobotsRefused(FetchError):
    """The site's robots.txt does not allow it."""


_Rules = Any
"""protego's rules; None where everything may be read; the FetchError that says why nothing may."""


class Robots:
    """The rules of all hosts met so far, read by RFC 9309.

    No robots.txt (a 4xx) allows everything; a server that fails (5xx, no answer) is left alone for a while.
    """

    def __init__(self, agent: str, get: GetRobots, clock: Callable[[], float] = time.monotonic) -> None:
        self._agent = agent
        self._get = get
        self._clock = clock
        self._hosts: dict[str, tuple[float, _Rules]] = {}

    def check(self, url: str) -> None:
        """Raise RobotsRefused where the address may not be read, FetchError where the host does not answer."""
        rules = self._rules_for(url)
        if isinstance(rules, FetchError):
            raise FetchError(str(rules), status=rules.status)
        if rules is not None and not rules.can_fetch(url, self._agent):
            raise RobotsRefused(f"the robots.txt of {urlsplit(url).hostname} does not allow newsbot to read it")

    def delay_seconds(self, url: str) -> float:
        """The pause that the host asks for between two requests; 0 where it asks for none."""
        rules = self._rules_for(url)
        return 0.0 if rules is None or isinstance(rules, FetchError) else float(rules.crawl_delay(self._agent) or 0.0)

    def _rules_for(self, url: str) -> _Rules:
        parts = urlsplit(url)
        host = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        now = self._clock()
        until, rules = self._hosts.get(host, (-1.0, None))
        if until < now:
            if len(self._hosts) >= KEPT_HOSTS:
                self._hosts.clear()
            rules = self._read(f"{host}/robots.txt")
            keep_seconds = RETRY_SECONDS if isinstance(rules, FetchError) else KEEP_SECONDS
            self._hosts[host] = now + keep_seconds, rules
        return rules

    def _read(self, address: str) -> _Rules:
        from protego import Protego

        try:
            status, data = self._get(address)
        except AddressRefused:
            raise
        except FetchError as error:
            return error
        if 200 <= status < 300:
            return Protego.parse(data[:ROBOTS_BYTES].decode("utf-8", "replace"))
        if 400 <= status < 500 and status != 429:
            return None
        text = f"{urlsplit(address).hostname} does not say what may be read (robots.txt has status {status}); try later"
        return FetchError(text, status=status)
