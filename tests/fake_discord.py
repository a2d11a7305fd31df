"""A Discord on loopback: REST and gateway over real sockets, people who act, and faults. For a real discord.py client.

How a test uses it (each name below is an attribute of `FakeDiscord`):

    async with FakeDiscord() as fake:                       # fake.token, fake.api_base, fake.gateway_url -> settings
        ...start the bot, then: await fake.connected()
        await fake.say(f"<@{fake.bot['id']}> Who won?")     # fake.alice in fake.general; author=, channel=, reply_to=
        asked = await fake.slash("ask", question="Who?")    # "newsbot channels": a subcommand; author=, options={}
        await fake.answered(asked)                          # acknowledged, and no longer "thinking..."
        asked.messages, asked.acknowledged_after_seconds
        await fake.click(message, "Sources")                # a button by its label or custom_id
        form = await fake.click(message, "👎"); await fake.submit(form, reason="old")       # a modal, by custom_id
        await fake.select(message, "custom_id", "value")    # a select menu
        await fake.choices("ask", "source", "The")          # what autocomplete offers
        await fake.menu("Check against the news", message)  # right-click, Apps
        await fake.until(lambda: fake.messages(fake.general)[-1]["embeds"])

Places and people: `fake.general`, `fake.channel(name)`, `fake.dm(person)`, `fake.alice` (owns the server),
`fake.bob` (a member), `fake.person(name, "manage_guild")`, `fake.thread_of(message)`,
`fake.world.deny(channel, fake.bot, "embed_links", ...)`. A channel made while the bot runs is told to it with
`await fake.announce(channel)`.

Faults: `fake.fail("POST", r"/channels/\\d+/messages", status=429, times=2, retry_after_seconds=0.1, everywhere=False,
via=True)`; `status=500`; `reset=True`; `delay_seconds=`. Of the gateway (`fake.gateway`): `await drop(4000)`, `cut()`,
`await ask_to_reconnect()` (op 7), `await invalidate(resumable=False)` (op 9), `refuse_handshakes = 2`,
`turn_away = 1001`,
`content_intent = False`, `acknowledges = False`; `longest_silence_seconds()`.

Held against Discord's rules: `fake.requests` (every one), `fake.violations` (what Discord would refuse or what could
ping somebody; leaving the block raises AssertionError if there are any), `fake.revisions(message)` (its edits),
`fake.world.files` (attachments by id). Messages are dicts of Discord's JSON.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from aiohttp import web

from tests import fake_discord_callbacks  # noqa: F401 - its routes are added
from tests.fake_discord_contract import DESCRIPTION, Contract, broken_limits, message_in, unsafe_mentions
from tests.fake_discord_gateway import Gateway
from tests.fake_discord_people import Interaction, People
from tests.fake_discord_rest import Request, answer
from tests.fake_discord_world import EPHEMERAL, LOADING, Json, World

TOKEN = "ZmFrZQ.ZmFrZQ.not-a-token-of-anybody"
WAIT_SECONDS = 60.0
"""A test that waits in vain fails; one that waits for a busy machine must not."""


@dataclass
class Fault:
    """Something that goes wrong with the next `times` requests that fit."""

    method: str
    path: re.Pattern[str]
    times: int
    status: int
    retry_after_seconds: float
    everywhere: bool
    via: bool
    reset: bool
    delay_seconds: float


class FakeDiscord(People):
    """One Discord with one server, two people and a bot in it. See the module for how to use it."""

    def __init__(
        self,
        *,
        token: str = TOKEN,
        content_intent: bool = True,
        heartbeat_seconds: float = 1.0,
        shards_advised: int = 1,
        acknowledge_seconds: float = 15.0,
        token_seconds: float = 900.0,
    ) -> None:
        super().__init__()
        self.world = World()
        self.token = token
        self.gateway = Gateway(self.world, token, heartbeat_seconds)
        self.gateway.content_intent = content_intent
        self.shards_advised = shards_advised
        self.sessions_left = 1000
        self.acknowledge_seconds = acknowledge_seconds
        """How soon an interaction must be acknowledged: 3 seconds on Discord, more where tests share a busy machine."""
        self.token_seconds = token_seconds
        """How long an interaction can be answered."""
        self.interactions_endpoint: str | None = None
        self.bot = self.world.bot
        self.application_id = self.bot["id"]
        self.alice = self.owner = self.world.user("alice")
        self.guild = self.world.guild("Newsroom", self.alice)
        self.general = self.channel("general")
        self.bob = self.person("bob")
        self.interactions: dict[str, Interaction] = {}
        self.requests: list[Request] = []
        self.violations: list[str] = []
        self.contract = Contract() if DESCRIPTION.exists() else None
        self.faults: list[Fault] = []
        self.base_url = self.api_base = self.gateway_url = ""
        self._blocked_until = 0.0
        self._runner: web.AppRunner | None = None

    @property
    def content_intent(self) -> bool:
        """Whether the message content intent is switched on in the developer portal."""
        return self.gateway.content_intent

    # Coming and going

    async def __aenter__(self) -> FakeDiscord:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        if error is None:
            assert not self.violations, "\n".join(self.violations)
            assert not self.own_mistakes, "the fake is not like Discord: " + "\n".join(self.own_mistakes)

    async def start(self, port: int = 0) -> None:
        """Open the sockets; the addresses are known then."""
        app = web.Application(client_max_size=32 << 20)
        app.router.add_get("/gateway", self.gateway.handle)
        app.router.add_get("/gateway/", self.gateway.handle)
        app.router.add_get("/resuming", self.gateway.handle)
        app.router.add_route("*", "/api/v10/{path:.*}", self._handle)
        app.router.add_get("/attachments/{channel}/{id}/{name}", self._attachment)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        port = self._runner.addresses[0][1]
        self.base_url, self.api_base = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port}/api/v10"
        self.gateway_url = self.gateway.url = f"ws://127.0.0.1:{port}/gateway"
        self.gateway.resume_url = f"ws://127.0.0.1:{port}/resuming"

    async def stop(self) -> None:
        """Close the sockets; what the world holds stays."""
        await self.gateway.drop(1001)
        if self._runner is not None:
            await self._runner.cleanup()

    # Faults

    def fail(
        self, method: str, path: str, *, status: int = 500, times: int = 1, retry_after_seconds: float = 0.05,
        everywhere: bool = False, via: bool = True, reset: bool = False, delay_seconds: float = 0.0,
    ) -> None:  # fmt: skip
        """Let the next `times` requests of a method ("*": any) whose path fits go wrong.

        `status` 429 limits the route, or with `everywhere` the whole bot; without `via` it is the proxy's, whose body
        is no JSON. `reset` breaks the connection. With `status` 0 a request is only delayed.
        """
        pattern = re.compile(path)
        fault = Fault(method, pattern, times, status, retry_after_seconds, everywhere, via, reset, delay_seconds)
        self.faults.append(fault)

    # What happened

    def requested(self, method: str, path: str) -> list[Request]:
        """The requests so far of a method whose whole path fits."""
        return [each for each in self.requests if each.method == method and re.fullmatch(path, each.path)]

    def messages(self, channel: Json) -> list[Json]:
        """What everybody sees in a channel, oldest first."""
        return self.world.history(channel)[::-1]

    def revisions(self, message: Json) -> list[Json]:
        """Every state that a message had, oldest first."""
        return self.world.revisions[message["id"]]

    def thread_of(self, message: Json) -> Json | None:
        """The thread that was started from a message."""
        return self.world.channels.get(message["id"])

    def visible(self, message: Json) -> Json:
        """A message as REST gives it to the bot: without its content, where the bot may not read it."""
        told = self.gateway.open[-1].session if self.gateway.open else None
        if told is None:
            return message
        channel = self.world.channels[message["channel_id"]]
        return self.gateway._seen(told, "MESSAGE_CREATE", channel, message) if not self.content_intent else message

    async def until(self, condition: Callable[[], Any], seconds: float = WAIT_SECONDS) -> Any:
        """Wait until a condition gives something true, and give that. Raises AssertionError when it takes too long."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < end, f"nothing came within {seconds} s; the last requests: " + ", ".join(
                f"{each.method} {each.path} {each.status}" for each in self.requests[-5:]
            )
            await asyncio.sleep(0.01)
        return found

    async def connected(self, count: int = 1, seconds: float = WAIT_SECONDS) -> None:
        """Wait until the bot has `count` sessions that are connected."""
        await self.until(lambda: sum(bool(each.session) for each in self.gateway.open) >= count, seconds)

    async def answered(self, interaction: Interaction, seconds: float = WAIT_SECONDS) -> Json:
        """Wait until an interaction has its answer, not "thinking...", and give that message."""

        def done() -> Json | None:
            message = interaction.original
            return message if message is not None and not message["flags"] & LOADING else None

        found: Json = await self.until(done, seconds)
        return found

    # The server

    async def tell(self, event: str, channel: Json | None, data: Json) -> None:
        """Send an event to the bot."""
        await self.gateway.tell(event, channel, data)

    async def announce(self, channel: Json) -> None:
        """Tell the bot of a channel that was made or changed."""
        await self.tell("CHANNEL_CREATE", channel, channel)

    async def delete(self, message: Json) -> None:
        """Take a message away."""
        self.world.messages.pop(message["id"], None)
        channel = self.world.channels[message["channel_id"]]
        if not message["flags"] & EPHEMERAL:
            gone = {"id": message["id"], "channel_id": channel["id"]}
            await self.tell("MESSAGE_DELETE", channel, gone | {k: channel[k] for k in ("guild_id",) if k in channel})

    async def _attachment(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self.world.files[request.match_info["id"]])

    async def _handle(self, raw: web.Request) -> web.StreamResponse:
        request = await _read(raw, self.token)
        self.requests.append(request)
        fault = next((each for each in self.faults if each.times and _fits(each, request)), None)
        if fault is not None:
            fault.times -= 1
            if fault.delay_seconds:
                await asyncio.sleep(fault.delay_seconds)
            if fault.reset:
                return _reset(raw)
            if fault.status:
                request.status = fault.status
                return self._failed(fault)
        if time.monotonic() < self._blocked_until and request.authorized:
            self.violations.append(f"{request.method} {request.path} came while the whole bot was limited")
        if wrong := self._wrong(request):
            self.violations.append(wrong)
            request.status = 400
            errors = {"_errors": [{"code": "CONTRACT", "message": wrong}]}
            return _json(400, {"code": 50035, "message": "Invalid Form Body", "errors": errors})
        request.status, body = await answer(self, request)
        if self.contract and request.status < 300 and body is not None:
            self.own_mistakes += [
                f"{request.method} {request.path}: {said}"
                for said in [self.contract.of_response(request.method, request.path, request.status, body)]
                if said
            ]
        return _json(request.status, body)

    def _wrong(self, request: Request) -> str | None:
        """What Discord would refuse in a request."""
        where = f"{request.method} {request.path}: "
        message = message_in(request.method, request.path, request.body)
        if message is not None:
            if limit := broken_limits(message):
                return where + limit
            if unsafe_mentions(message):
                self.violations.append(where + f"allowed_mentions is {message.get('allowed_mentions')}")
        if self.contract and (said := self.contract.of_request(request.method, request.path, request.body)):
            return where + said
        return None

    def _failed(self, fault: Fault) -> web.Response:
        if fault.status != 429:
            return _json(fault.status, {"code": 0, "message": f"{fault.status}: injected"})
        if not fault.via:
            return web.Response(status=429, text="error code: 1015", headers={"Retry-After": "1"})
        after = fault.retry_after_seconds
        if fault.everywhere:
            self._blocked_until = time.monotonic() + after * 0.9
        headers = {"Via": "1.1 fake", "Retry-After": str(after)}
        if fault.everywhere:
            headers |= {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
        else:
            headers |= {"X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "0", "X-RateLimit-Bucket": "fake",
                        "X-RateLimit-Reset-After": str(after), "X-RateLimit-Reset": str(time.time() + after),
                        "X-RateLimit-Scope": "user"}  # fmt: skip
        said = {"message": "You are being rate limited.", "retry_after": after, "global": fault.everywhere}
        return _json(429, said, headers)


def _fits(fault: Fault, request: Request) -> bool:
    return fault.method in {"*", request.method} and bool(fault.path.search(request.path))


async def _read(raw: web.Request, token: str) -> Request:
    body, files = None, []
    if raw.content_type == "multipart/form-data":
        async for part in await raw.multipart():
            if part.name == "payload_json":
                body = json.loads(await part.text())
            else:
                kind = part.headers.get("Content-Type", "application/octet-stream")
                files.append((part.filename or "", kind, bytes(await part.read())))
    elif raw.can_read_body:
        body = json.loads(await raw.read() or b"null")
    authorized = raw.headers.get("Authorization") == f"Bot {token}"
    path = raw.path.removeprefix("/api/v10")
    return Request(raw.method, path, dict(raw.query), body, files, authorized)


def _json(status: int, body: Any, headers: dict[str, str] | None = None) -> web.Response:
    # discord.py takes a body for JSON only if its type is exactly this, without a charset.
    made = web.Response(status=status, body=None if body is None else json.dumps(body).encode(), headers=headers)
    if body is not None:
        made.headers["Content-Type"] = "application/json"
    return made


def _reset(raw: web.Request) -> web.Response:
    """Break the connection with a TCP reset."""
    assert raw.transport is not None
    line = raw.transport.get_extra_info("socket")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.transport.abort()
    return web.Response()
