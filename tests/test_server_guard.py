"""The guard before every server: names, origins, tokens, rates, sizes; over real sockets, before an app that echoes."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from bot.errors import NewsbotError, SettingsError, UsageError
from bot.server import guard
from bot.server.guard import AUTHORIZED, CSP, Guard, is_loopback
from bot.server.opening import bound, guarded, require_token
from bot.settings import Settings
from tests.servers import served

TOKEN = "a-token-of-some-length"


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Tells what came through the guard."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    message = await receive()
    told = {"path": scope["path"], "bytes": len(message["body"]), "authorized": scope[AUTHORIZED]}
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})


@contextmanager
def opened(**knobs: Any) -> Iterator[httpx2.Client]:
    with (
        served(echo, Settings(**{"server_per_minute": 0, **knobs})) as address,
        httpx2.Client(base_url=address, trust_env=False, timeout=60) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def plain() -> Iterator[httpx2.Client]:
    with opened() as client:
        yield client


def test_what_is_in_order_comes_through(plain: httpx2.Client) -> None:
    reply = plain.post("/ask", content=b"x" * 1000)
    assert reply.status_code == 200
    assert reply.json() == {"path": "/ask", "bytes": 1000, "authorized": True}
    assert reply.headers["content-security-policy"] == CSP
    assert "unsafe" not in CSP
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cache-control"] == "no-store"
    assert "server" not in reply.headers


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8080", "127.0.0.1:9"])
def test_it_goes_by_the_names_of_this_machine(host: str, plain: httpx2.Client) -> None:
    assert plain.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["attacker.example", "attacker.example:8080", "127.0.0.1.attacker.example", "", "10.0.0.1"]
)
def test_another_name_is_refused(host: str, plain: httpx2.Client) -> None:
    """A name that a stranger's server gives out for this machine: DNS rebinding."""
    reply = plain.get("/", headers={"Host": host})
    assert reply.status_code == 421
    assert "NEWSBOT_SERVER_NAMES" in reply.json()["error"]["message"]


@pytest.mark.parametrize("origin", ["https://attacker.example", "http://localhost:9999", "null"])
def test_pages_of_other_sites_may_not_call(origin: str, plain: httpx2.Client) -> None:
    assert plain.post("/ask", headers={"Origin": origin}).status_code == 403


def test_its_own_page_may_call(plain: httpx2.Client) -> None:
    assert plain.post("/ask", headers={"Origin": str(plain.base_url).rstrip("/")}).status_code == 200


@pytest.mark.parametrize(
    ("site", "mode", "dest", "method", "status"),
    [
        ("cross-site", "no-cors", "image", "GET", 403),
        ("cross-site", "no-cors", "script", "GET", 403),
        ("cross-site", "navigate", "iframe", "GET", 403),
        ("cross-site", "navigate", "document", "POST", 403),
        ("same-site", "cors", "empty", "GET", 403),
        ("cross-site", "navigate", "document", "GET", 200),
        ("same-origin", "cors", "empty", "GET", 200),
        ("none", "navigate", "document", "GET", 200),
    ],
)
def test_a_link_leads_here_and_nothing_else_does(
    site: str, mode: str, dest: str, method: str, status: int, plain: httpx2.Client
) -> None:
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    assert plain.request(method, "/?q=x", headers=headers).status_code == status


def basic(token: str) -> str:
    return "Basic " + base64.b64encode(f"anyone:{token}".encode()).decode()


@pytest.fixture(scope="module")
def with_token() -> Iterator[httpx2.Client]:
    with opened(server_token=TOKEN) as client:
        yield client


@pytest.mark.parametrize("shown", [f"Bearer {TOKEN}", f"bearer  {TOKEN}", basic(TOKEN)])
def test_the_token_opens(shown: str, with_token: httpx2.Client) -> None:
    assert with_token.get("/", headers={"Authorization": shown}).json()["authorized"]


@pytest.mark.parametrize(
    "shown",
    [None, "", TOKEN, "Bearer", "Bearer .", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", basic("wrong"), "Basic %%%",
     "Bearer \xe9", f"Token {TOKEN}"],
)  # fmt: skip
def test_without_the_token_it_stays_shut(shown: str | None, with_token: httpx2.Client) -> None:
    headers = {} if shown is None else {b"Authorization": shown.encode("latin-1")}
    reply = with_token.get("/ask", headers=headers)
    assert reply.status_code == 401
    assert "Basic" in reply.headers["www-authenticate"]
    assert TOKEN not in reply.text


def test_health_is_told_without_the_token_and_to_be_known_as_such(with_token: httpx2.Client) -> None:
    assert with_token.get("/health").json() == {"path": "/health", "bytes": 0, "authorized": False}


def test_a_body_that_is_too_large_is_refused() -> None:
    with opened(server_body_kilobytes=1) as client:
        assert client.post("/", content=b"x" * 1000).status_code == 200
        reply = client.post("/", content=b"x" * 1001)
        assert reply.status_code == 413
        assert "1,000 bytes" in reply.json()["error"]["message"]

    def pieces() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * 100

    with opened(server_body_kilobytes=1) as client:
        assert client.post("/", content=pieces()).status_code == 413, "its length was not declared"


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.2)
    with opened() as client:
        host, port = client.base_url.host, client.base_url.port
        assert port is not None
        with socket.create_connection((host, port), timeout=60) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc")
            assert b" 408 " in connection.recv(4096).split(b"\r\n")[0]


def test_so_many_requests_a_minute_are_taken_and_no_more() -> None:
    with opened(server_per_minute=3) as client:
        assert [client.get("/ask").status_code for _ in range(4)] == [200, 200, 200, 429]
        reply = client.get("/ask")
        assert 1 <= int(reply.headers["retry-after"]) <= 60
        assert "Try again in" in reply.json()["error"]["message"]
        assert client.get("/health").status_code == 200
        assert client.get("/style.css").status_code == 200


def test_guessing_tokens_is_counted() -> None:
    with opened(server_per_minute=2, server_token=TOKEN) as client:
        codes = [client.get("/", headers={"Authorization": f"Bearer {n}"}).status_code for n in range(3)]
    assert codes == [401, 401, 429]


def test_who_calls_is_not_taken_from_headers_unless_a_proxy_is_named() -> None:
    with opened(server_per_minute=1) as client:
        codes = [client.get("/", headers={"X-Forwarded-For": f"198.51.100.{n}"}).status_code for n in range(2)]
        assert codes == [200, 429]
    with opened(server_per_minute=1, server_names="news.example") as client:
        codes = [
            client.get("/", headers={"X-Forwarded-For": f"198.51.100.{n}", "Host": "news.example"}).status_code
            for n in (1, 2, 1)
        ]
        assert codes == [200, 200, 429]


def test_behind_a_proxy_it_goes_by_the_name_that_is_set_and_by_this_machines() -> None:
    with opened(server_names="news.example, www.news.example") as client:
        codes = {
            name: client.get("/", headers={"Host": name}).status_code
            for name in ("news.example", "www.news.example:443", "127.0.0.1:8080", "0.0.0.0", "other.example")
        }
    assert codes == {
        "news.example": 200, "www.news.example:443": 200, "127.0.0.1:8080": 200, "0.0.0.0": 421, "other.example": 421,
    }  # fmt: skip


async def test_websockets_are_closed() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    shut = Guard(echo, names=(), token=None, per_minute=0, body_bytes=1)
    await asyncio.wait_for(shut({"type": "websocket"}, lambda: asyncio.sleep(0), send), 5)
    assert [each["type"] for each in sent] == ["websocket.close"]


@pytest.mark.parametrize(
    ("host", "is_it"),
    [("127.0.0.1", True), ("127.8.0.1", True), ("::1", True), ("[::1]", True), ("localhost", True), ("0.0.0.0", False),
     ("::", False), ("192.0.2.7", False), ("news.example", False), ("localhost.example", False)],
)  # fmt: skip
def test_which_addresses_are_this_machines_alone(host: str, is_it: bool) -> None:
    assert is_loopback(host) is is_it
    if is_it:
        require_token(Settings(server_host=host))
    else:
        with pytest.raises(UsageError, match=r"NEWSBOT_SERVER_TOKEN.*127\.0\.0\.1"):
            guarded(echo, Settings(server_host=host))
        guarded(echo, Settings(server_host=host, server_token=TOKEN))


def test_a_port_that_is_taken_is_told() -> None:
    listening, address = bound(Settings(server_port=0))
    with listening, pytest.raises(NewsbotError, match="NEWSBOT_SERVER_PORT"):
        bound(Settings(server_port=int(address.rsplit(":", 1)[1])))


@pytest.mark.parametrize("token", ["short", "with a blank in its midst", "ünïcode-and-long-enough"])
def test_a_bad_token_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(SettingsError, match="NEWSBOT_SERVER_TOKEN") as caught:
        Settings(server_token=token)
    assert token not in str(caught.value)
