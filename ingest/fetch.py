"""Addresses -> bytes, politely and safely: robots.txt, a pause per host, public addresses only, caps on everything.

What the bytes mean, `ingest.read` says.
"""

from __future__ import annotations

import email.utils
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from email.message import Message
from importlib import metadata
from typing import BinaryIO
from urllib.parse import SplitResult, urldefrag, urljoin, urlsplit

import httpx2

from ingest.guard import AddressRefused, FetchError, guarded_client
from ingest.read.contract import Fetched, read_up_to, short
from ingest.read.limits import Limits, gunzip, megabytes, read_whole, stream_of
from ingest.robots import ROBOTS_BYTES, Robots, RobotsRefused

ACCEPT = (
    "text/html,application/xhtml+xml,application/rss+xml,application/atom+xml,application/feed+json,"
    "application/xml;q=0.9,*/*;q=0.5"
)
__all__ = ["AddressRefused", "FetchError", "Fetcher", "RobotsRefused", "user_agent"]

NOT_MODIFIED = 304
KEPT_HOSTS = 10_000
MAX_DELAY_SECONDS = 30.0
"""A robots.txt may slow us down this far; one that asks for an hour would stop everything."""
MAX_REDIRECTS = 6
_REDIRECTS = (301, 302, 303, 307, 308)


def user_agent(contact: str = "") -> str:
    """How we name ourselves to servers: who we are, which version, and where to complain, if that was set."""
    where = f"+{contact}" if contact else "self-hosted news reader"
    return f"newsbot/{metadata.version('newsbot')} ({where})"


class Fetcher(AbstractContextManager["Fetcher"]):
    """Fetches addresses one at a time; calling it is `fetch`, so it fits `ReadOptions.fetch`. Close it when done.

    `allow_private` lets it into private networks (tests, intranets). `delay_seconds` is the least pause between two
    requests to one host; a longer one in robots.txt is kept. `step_seconds` holds for each step of the network,
    `total_seconds` for one address with all its redirects, `limits.whole_bytes` for its body as unpacked. Proxies of
    the environment are not used: through one, nobody could tell which address is connected to.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        contact: str = "",
        delay_seconds: float = 1.0,
        step_seconds: float = 15.0,
        total_seconds: float = 60.0,
        limits: Limits | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.agent = user_agent(contact)
        self._limits = limits or Limits()
        self._delay_seconds = delay_seconds
        self._total_seconds = total_seconds
        self._sleep = sleep
        self._next_at: dict[str, float] = {}
        self._lock = threading.Lock()
        self._robots = Robots("newsbot", self._get_robots)
        headers = {"User-Agent": self.agent, "Accept": ACCEPT, "Accept-Encoding": "gzip"}
        self._client, self._backend = guarded_client(headers, step_seconds, allow_private=allow_private)

    def __call__(self, url: str) -> Fetched:
        return self.fetch(url)

    def fetch(self, url: str, *, etag: str | None = None, last_modified: str | None = None) -> Fetched:
        """What is at the address, redirects followed; with `etag` or `last_modified`, only if it changed (else 304).

        Raises FetchError (RobotsRefused, or AddressRefused for a private address), each with a reason to show.
        """
        asked = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        headers = {name: value for name, value in asked.items() if value}
        with self._lock:
            self._backend.deadline = time.monotonic() + self._total_seconds
            with self._reached(url, headers, self._wait_for_turn) as (response, address):
                return self._answer(response, url, address)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _reached(
        self, url: str, headers: dict[str, str], before: Callable[[str], object]
    ) -> Iterator[tuple[httpx2.Response, str]]:
        """The response behind all redirects, and its address; `before` is called with the address of each hop."""
        address = url
        for _ in range(MAX_REDIRECTS + 1):
            before(address)
            with self._opened(address, headers) as response:
                target = _redirect_target(response, address)
                if target is None:
                    yield response, address
                    return
                address = target
        raise _TooManyRedirects(f"it redirects more than {MAX_REDIRECTS} times")

    def _wait_for_turn(self, address: str) -> None:
        """Ask robots.txt, and wait until the host may be asked again."""
        parts = _checked(address)
        self._robots.check(address)
        delay = max(self._delay_seconds, min(self._robots.delay_seconds(address), MAX_DELAY_SECONDS))
        host = parts.netloc.rpartition("@")[2].lower()
        now = time.monotonic()
        turn = max(now, self._next_at.get(host, now))
        if turn > now:
            self._sleep(turn - now)
            self._backend.deadline += turn - now
        if len(self._next_at) > KEPT_HOSTS:
            self._next_at = {name: at for name, at in self._next_at.items() if at > now}
        self._next_at[host] = turn + delay

    @contextmanager
    def _opened(self, address: str, headers: dict[str, str]) -> Iterator[httpx2.Response]:
        """The response while its body is still to be read, with every failure of the network as a FetchError."""
        host = urlsplit(address).hostname or address
        try:
            with self._client.stream("GET", address, headers=headers) as response:
                yield response
        except httpx2.TimeoutException as error:
            raise FetchError(f"{host} takes too long to answer; try again later") from error
        except httpx2.ConnectError as error:
            raise FetchError(f"{host} cannot be reached ({short(error)})") from error
        except (httpx2.InvalidURL, UnicodeError, ValueError) as error:
            raise FetchError(f"the address is not valid ({short(error)})") from error
        except (httpx2.HTTPError, OSError) as error:
            raise FetchError(f"the connection to {host} broke ({short(error)})") from error

    def _answer(self, response: httpx2.Response, url: str, address: str) -> Fetched:
        _check_status(response, address)
        content_type = Message()
        content_type["Content-Type"] = response.headers.get("content-type", "")
        return Fetched(
            url=url,
            final_url=address,
            status=response.status_code,
            charset=content_type.get_content_charset(),
            data=b"" if response.status_code == NOT_MODIFIED else self._body(response),
            etag=response.headers.get("etag"),
            last_modified=response.headers.get("last-modified"),
        )

    def _body(self, response: httpx2.Response) -> bytes:
        """The body unpacked. Bytes are unpacked here, under the caps, and not by httpx2, which has none."""
        limit = self._limits.whole_bytes
        length = response.headers.get("content-length", "")
        if length.isdigit() and int(length[:20]) > limit:
            raise FetchError(f"it is larger than {megabytes(limit)}, the limit for what is fetched")
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise FetchError(f"the server sent it compressed with {encoding[:20]}, which was not asked for")
        return read_whole(self._unpacked(response), limit)

    def _unpacked(self, response: httpx2.Response) -> BinaryIO:
        stream = stream_of(response.iter_raw())
        return (
            gunzip(stream, self._limits) if "gzip" in response.headers.get("content-encoding", "").lower() else stream
        )

    def _get_robots(self, address: str) -> tuple[int, bytes]:
        try:
            with self._reached(address, {}, _checked) as (response, _):
                return response.status_code, read_up_to(self._unpacked(response), ROBOTS_BYTES)
        except _TooManyRedirects:
            return 404, b""  # by RFC 9309 they count as no robots.txt


class _TooManyRedirects(FetchError):
    pass


def _checked(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError as error:
        raise FetchError(f"the address is not valid ({short(error)})") from error
    if parts.scheme.lower() not in ("http", "https"):
        raise FetchError(f"only http and https addresses are fetched, not {parts.scheme[:20] or 'paths'}")
    if not host:
        raise FetchError("the address names no host")
    return parts


def _redirect_target(response: httpx2.Response, address: str) -> str | None:
    target: str | None = response.headers.get("location")
    if response.status_code not in _REDIRECTS or not target:
        return None
    try:
        return urldefrag(urljoin(address, target)).url
    except ValueError as error:
        raise FetchError(f"it redirects to an address that is not valid ({short(error)})") from error


def _check_status(response: httpx2.Response, address: str) -> None:
    """Raise FetchError for every status but success and "not modified"."""
    status = response.status_code
    if 200 <= status < 300 or status == NOT_MODIFIED:
        return
    host = urlsplit(address).hostname
    said = {
        401: "it is only for subscribers or members",
        402: "it is only for subscribers",
        403: f"{host} refuses to show it to newsbot",
        404: "the page does not exist",
        410: "the page was removed",
        429: f"{host} asks for fewer requests",
        451: "it is withheld for legal reasons",
    }.get(status, f"{host} has a fault of its own; try again later" if status >= 500 else "it cannot be read")
    wait = _retry_after_seconds(response.headers.get("retry-after", ""))
    raise FetchError(f"{said} (status {status})", status=status, retry_after_seconds=wait)


def _retry_after_seconds(value: str) -> float | None:
    value = value.strip()
    if value.isdigit() and len(value) < 10:
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None
