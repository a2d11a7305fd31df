"""Connections to public addresses only: the check is made on the very address that is connected to."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Mapping
from typing import Any

import httpcore2
import httpx2

from bot.errors import ReadError

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
        ip = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = (ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ()))
        if ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        if ip.is_site_local or not all(is_public(str(each)) for each in inner if each):
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


class GuardedBackend(httpcore2.SyncBackend):
    """Opens connections for httpcore2, refusing addresses that are not public and keeping one deadline for it all.

    The name is resolved once and the connection goes to the address that was checked, so a name that resolves to
    something else a moment later (DNS rebinding) gains nothing. `deadline` is a `time.monotonic()` value.
    """

    def __init__(self, *, allow_private: bool = False) -> None:
        self._allow_private = allow_private
        self.deadline = float("inf")

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **others: Any
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
        for address in allowed[:4]:
            try:
                stream = super().connect_tcp(address, port, left_seconds(self.deadline, timeout), *args, **others)
                return _TimedStream(stream, self)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                problem = error
        raise problem


class _TimedStream(httpcore2.NetworkStream):
    """A connection whose every read and write ends at the deadline: a server that drips a byte at a time would
    otherwise hold us for hours, each read being in time."""

    def __init__(self, stream: httpcore2.NetworkStream, backend: GuardedBackend) -> None:
        self._stream, self._backend = stream, backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, left_seconds(self._backend.deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, left_seconds(self._backend.deadline, timeout))

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> _TimedStream:
        timeout = left_seconds(self._backend.deadline, timeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._backend)


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
    transport = _Transport(backend)
    return httpx2.Client(
        transport=transport, headers=headers, timeout=step_seconds, follow_redirects=False, trust_env=False
    ), backend


class _Transport(httpx2.HTTPTransport):
    """httpx2's transport over a pool of our own, because its own takes no network backend."""

    def __init__(self, backend: GuardedBackend) -> None:
        context = httpx2.create_ssl_context()
        super().__init__(verify=context)
        assert isinstance(self._pool, httpcore2.ConnectionPool)  # or the guard would stand beside what connects
        self._pool = httpcore2.ConnectionPool(
            ssl_context=context, max_connections=4, keepalive_expiry=10.0, network_backend=backend
        )
