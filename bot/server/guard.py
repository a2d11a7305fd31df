"""Stands before every server: who may call, how often, with how much; and what a browser may do with the replies.

An ASGI middleware, so that all servers have the same one.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import ipaddress
from collections.abc import Collection, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.rates import Rate, Rates

BODY_SECONDS = 20.0
"""Time within which a request's body must have come."""
UNCOUNTED = frozenset({"/health", "/style.css", "/page.js"})
"""Paths that cost nothing: they are not counted."""
OPEN = frozenset({"/health"})
"""Paths that need no token; without one they tell less."""
AUTHORIZED = "newsbot.authorized"
"""Key of the scope: whether the caller has shown the token, or none is set."""
CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
"""Headers of every reply that does not set them itself."""
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback(host: str) -> bool:
    """Whether a server that opens on this address is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Guard:
    """The middleware. `names` are the host names that the server goes by; empty: any, which needs a `token`.

    A page of another site that a browser shows on this machine can send requests to a server on it: what its headers
    tell of that (`Host`, `Origin`, `Sec-Fetch-Site`) is looked at first.
    """

    def __init__(
        self, app: ASGIApp, *, names: Collection[str], token: str | None, per_minute: int, body_bytes: int
    ) -> None:
        self.app = app
        self.body_bytes = body_bytes
        self._names = frozenset(name.lower().strip("[]") for name in names)
        self._token = token.encode() if token else None
        self._rates = Rates()
        self._rate = (Rate(per_minute, 60.0),) if per_minute else ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # no server here speaks over WebSockets
            await send({"type": "websocket.close", "code": 1008})
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            body = await self._admitted(scope, Headers(scope=scope), receive)
        except _Refused as refused:
            await refused.reply(scope, receive, sending)
            return
        given: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receiving() -> Message:
            return given.pop() if given else await receive()

        await self.app(scope, receiving, sending)

    async def _admitted(self, scope: Scope, headers: Headers, receive: Receive) -> bytes:
        """The body of a request that may come in. Raises _Refused."""
        self._require_own(scope, headers)
        if scope["path"] not in UNCOUNTED:
            caller = (scope.get("client") or ("",))[0]
            if (wait := self._rates.take([(caller, self._rate)])) > 0:
                seconds = max(1, round(wait))
                said = f"Too many requests. Try again in {seconds} seconds."
                raise _Refused(429, said, {"retry-after": str(seconds)})
        scope[AUTHORIZED] = self._is_authorized(headers.get("authorization", ""))
        if not scope[AUTHORIZED] and scope["path"] not in OPEN:
            said = "This server wants its token: send it as Authorization: Bearer TOKEN, or in a browser as password."
            refused = _Refused(401, said, {"www-authenticate": "Bearer"})
            # Two headers: Chromium reads one challenge from each, and would not ask for a password otherwise.
            refused.reply.headers.append("www-authenticate", 'Basic realm="newsbot"')
            raise refused
        return await self._body(headers, receive)

    def _require_own(self, scope: Scope, headers: Headers) -> None:
        """Raises _Refused for a request that another site made a browser send."""
        host = headers.get("host", "").lower()
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if self._names and name.strip("[]") not in self._names:
            said = f"This server does not go by the name {name[:100]!r}. Its operator may add it: NEWSBOT_SERVER_NAMES."
            raise _Refused(421, said)
        # A link may lead here from anywhere; an image or a script of another site may not.
        followed = scope["method"] in ("GET", "HEAD") and headers.get("sec-fetch-mode") == "navigate"
        followed = followed and headers.get("sec-fetch-dest") in (None, "document")
        elsewhere = headers.get("sec-fetch-site") in ("cross-site", "same-site") and not followed
        origin = headers.get("origin")
        if elsewhere or (origin is not None and origin.lower().partition("://")[2] != host):
            raise _Refused(403, "Pages of other sites may not call this server.")

    def _is_authorized(self, given: str) -> bool:
        if self._token is None:
            return True
        kind, _, value = given.partition(" ")
        if kind.lower() == "bearer":
            shown = value.strip().encode("latin-1")
        elif kind.lower() == "basic":  # what a browser can be asked for: the token is the password
            try:
                shown = base64.b64decode(value.strip(), validate=True).partition(b":")[2]
            except (binascii.Error, ValueError):
                return False
        else:
            return False
        return hmac.compare_digest(shown, self._token)

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        """The whole body. Raises _Refused where it is too large or too slow."""
        too_large = _Refused(413, f"The body is larger than {self.body_bytes:,} bytes.")
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > self.body_bytes:
            raise too_large
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _Refused(400, "The request was cut short.")
                    body += message.get("body", b"")
                    if len(body) > self.body_bytes:
                        raise too_large
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError:
            raise _Refused(408, f"The body did not come within {BODY_SECONDS:g} seconds.") from None


class _Refused(Exception):
    """Holds the reply: a refusal in the form that OpenAI's clients read, and people too."""

    def __init__(self, status: int, said: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(said)
        told = {"error": {"message": said, "type": "refused", "param": None, "code": None}}
        self.reply = JSONResponse(told, status, {"connection": "close", **(headers or {})})
