"""Connections to public addresses only: the check is made on the very address that is connected to."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import httpcore2
import httpx2

from bot.errors import ReadError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class FetchError(ReadError):
    """An address that could not be fetched; `status` where a server answered, `retry_after_seconds` where it asked."""

    def __init__(self, text: str, *, status: int | None = None, retry_after_seconds: float | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.retry_after_seconds = retry_after_seconds


class AddressRefused(FetchError):
    """The host lies in a private, loopback, link-local, multicast or reserved network."""


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, looking through IPv4 inside IPv6."""
    try:
        ip: Address = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    if ip in _NAT64:
        return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    if not all(is_public(str(inner)) for inner in _embedded(ip)):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or getattr(ip, "is_site_local", False))


def _embedded(ip: Address) -> list[ipaddress.IPv4Address]:
    if isinstance(ip, ipaddress.IPv4Address):
        return []
    found = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
    return [inner for inner in found if inner is not None]


class GuardedBackend(httpcore2.NetworkBackend):
    """Opens connections for httpcore2, refusing addresses that are not public and keeping one deadline for it all.

    The name is resolved once and the connection goes to the address that was checked, so a name that resolves to
    something else a moment later (DNS rebinding) gains nothing. `deadline` is a `time.monotonic()` value.
    """

    def __init__(self, *, allow_private: bool = False) -> None:
        self._backend = httpcore2.SyncBackend()
        self._allow_private = allow_private
        self.deadline = float("inf")

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """A connection to the first address of `host` that may be and can be reached.

        Raises AddressRefused where none may be, httpcore2.ConnectError where none can be.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"the name {host} is not known") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        allowed = addresses if self._allow_private else [address for address in addresses if is_public(address)]
        if not allowed:
            raise AddressRefused(
                f"{host} is at {addresses[0] if addresses else 'no address'}, which is not on the public internet; "
                "newsbot ingest --allow-private would fetch it"
            )
        problem: Exception | None = None
        for address in allowed[:4]:
            try:
                stream = self._backend.connect_tcp(
                    address, port, left_seconds(self.deadline, timeout), local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                problem = error
            else:
                return _TimedStream(stream, self)
        assert problem is not None
        raise problem

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002 - httpcore2's signature
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        """Never: a socket file is as private as an address can be."""
        raise AddressRefused(f"{path} is a socket file, which is not on the public internet")

    def sleep(self, seconds: float) -> None:
        """Wait, for httpcore2's retries."""
        time.sleep(seconds)


class _TimedStream(httpcore2.NetworkStream):
    """A connection whose every read and write ends at the deadline: a server that drips a byte at a time would
    otherwise hold us for hours, each read being in time."""

    def __init__(self, stream: httpcore2.NetworkStream, backend: GuardedBackend) -> None:
        self._stream = stream
        self._backend = backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, left_seconds(self._backend.deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, left_seconds(self._backend.deadline, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> _TimedStream:
        timeout = left_seconds(self._backend.deadline, timeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._backend)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def left_seconds(deadline: float, timeout: float | None) -> float | None:
    """The timeout of one step, cut at the deadline. Raises httpcore2.ReadTimeout where that has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("the time for the whole request is over")
    if left == float("inf"):
        return timeout
    return left if timeout is None else min(left, timeout)


def guarded_client(
    headers: Mapping[str, str], step_seconds: float, *, allow_private: bool
) -> tuple[httpx2.Client, GuardedBackend]:
    """An httpx2 client whose connections the guard makes, and the guard, whose deadline can be set.

    It follows no redirects, so that each hop can be checked, and uses no proxy of the environment.
    """
    backend = GuardedBackend(allow_private=allow_private)
    client = httpx2.Client(
        transport=_Transport(backend),
        headers=headers,
        timeout=step_seconds,
        follow_redirects=False,
        trust_env=False,
    )
    return client, backend


class _Transport(httpx2.BaseTransport):
    """httpx2 over a pool of our own: httpx2's own takes no network backend."""

    def __init__(self, backend: GuardedBackend) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpx2.create_ssl_context(), max_connections=4, keepalive_expiry=10.0, network_backend=backend
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        answer = self._pool.handle_request(
            httpcore2.Request(
                request.method,
                httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                extensions=request.extensions,
            )
        )
        return httpx2.Response(
            answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions
        )

    def close(self) -> None:
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    """The pool's stream as one of httpx2's."""

    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()
