"""Opens a server on an address and runs it until it is told to end."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from bot.errors import NewsbotError, UsageError
from bot.server.guard import LOOPBACK_NAMES, Guard, is_loopback

if TYPE_CHECKING:
    import uvicorn

    from bot.settings import Settings

CONNECTIONS_MOST = 500
ENDING_SECONDS = 10
"""Seconds that running answers are given when the server is told to end."""


def require_token(settings: Settings) -> None:
    """Raises UsageError where a server would be open to other machines without a token."""
    host = settings.server_host
    if not is_loopback(host) and settings.server_token is None:
        raise UsageError(
            f"Other machines can reach a server on {host}, and no token is set. "
            "Set NEWSBOT_SERVER_TOKEN (openssl rand -hex 32 makes one), or open on 127.0.0.1."
        )


def guarded(app: ASGIApp, settings: Settings) -> Guard:
    """The app with the guard that is set. Raises as `require_token`."""
    require_token(settings)
    token = settings.server_token.get_secret_value() if settings.server_token is not None else None
    host = settings.server_host
    names = {name.strip() for name in (settings.server_names or "").split(",") if name.strip()}
    if is_loopback(host):
        names.add(host)
    if names:
        names |= LOOPBACK_NAMES  # a health check on the machine itself; no stranger's name
    return Guard(
        app,
        names=names,
        token=token,
        per_minute=settings.server_per_minute,
        body_bytes=settings.server_body_kilobytes * 1000,
    )


def bound(settings: Settings) -> tuple[socket.socket, str]:
    """A listening socket on the address that is set, and how it is reached. Raises NewsbotError where it is taken."""
    host, port = settings.server_host.strip("[]"), settings.server_port
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(place)
            listening.listen(128)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise NewsbotError(
            f"The server cannot open on {host}:{port}: {error.strerror or error}. Set another NEWSBOT_SERVER_PORT."
        ) from error
    port = listening.getsockname()[1]
    return listening, f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def server_of(app: ASGIApp, settings: Settings) -> uvicorn.Server:
    """A server for an app, guarded; it runs over sockets of the caller's. Raises as `guarded`."""
    import uvicorn

    config = uvicorn.Config(
        guarded(app, settings),
        # The guard counts by address: only where the operator names a proxy is an address taken from its headers.
        proxy_headers=bool(settings.server_names),
        server_header=False,
        access_log=False,
        log_level="warning",
        ws="none",
        limit_concurrency=CONNECTIONS_MOST,
        timeout_graceful_shutdown=ENDING_SECONDS,
    )
    return uvicorn.Server(config)


def serve(app: ASGIApp, settings: Settings, on_open: Callable[[str], None]) -> None:
    """Open and run until a signal ends it; `on_open` is told the address. Raises as `guarded` and `bound`."""
    server = server_of(app, settings)
    listening, address = bound(settings)
    on_open(address)
    with listening:
        server.run(sockets=[listening])
