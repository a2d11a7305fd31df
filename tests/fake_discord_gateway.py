"""Discord's gateway, version 10: connections, sessions that can be resumed, and everything that goes wrong with them.

It is told events and passes them on.
"""

from __future__ import annotations

import json
import time
import zlib
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from aiohttp import WSMsgType, web

from tests.fake_discord_world import DM, Json, World

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID_SESSION, HELLO, ACK = 0, 1, 2, 6, 7, 9, 10, 11
BAD_TOKEN, DISALLOWED_INTENTS, INVALID_SHARD = 4004, 4014, 4010
GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT = 1 << 0, 1 << 9, 1 << 12, 1 << 15
NEEDED_INTENT = {"GUILD_CREATE": GUILDS, "THREAD_CREATE": GUILDS, "THREAD_UPDATE": GUILDS, "CHANNEL_UPDATE": GUILDS}


@dataclass
class Session:
    """What a client may resume: its events so far."""

    id: str
    intents: int
    shard: tuple[int, int]
    events: list[Json] = field(default_factory=list)
    connection: Connection | None = None


@dataclass(eq=False)
class Connection:
    """One websocket, and when each heartbeat came over it (monotonic seconds)."""

    socket: web.WebSocketResponse
    request: web.Request
    compressor: Any = None
    session: Session | None = None
    opened: float = field(default_factory=time.monotonic)
    heartbeats: list[float] = field(default_factory=list)
    close_code: int | None = None

    async def send(self, payload: Json) -> None:
        """Send a payload, unless the other side is gone."""
        if self.socket.closed:
            return
        text = json.dumps(payload)
        try:
            if self.compressor is None:
                await self.socket.send_str(text)
            else:
                packed = self.compressor.compress(text.encode()) + self.compressor.flush(zlib.Z_SYNC_FLUSH)
                await self.socket.send_bytes(packed)
        except ConnectionError:
            return

    async def close(self, code: int, words: bytes) -> None:
        """Close it, as Discord would, for a reason that a code gives."""
        self.close_code = code
        await self.socket.close(code=code, message=words)


class Gateway:
    """The gateway of one fake Discord. What goes wrong is set as attributes or done by calling."""

    def __init__(self, world: World, token: str, heartbeat_seconds: float) -> None:
        self.world = world
        self.token = token
        self.heartbeat_seconds = heartbeat_seconds
        self.url = ""
        self.resume_url = ""
        """Another address, where sessions are resumed."""
        self.content_intent = True
        """Whether the message content intent is switched on in the developer portal."""
        self.refuse_handshakes = 0
        """So many websockets from now on are refused while they are opened."""
        self.turn_away: int | None = None
        """Every websocket is opened and closed again with this code, before HELLO; 0 cuts it without a word."""
        self.acknowledges = True
        """Whether heartbeats are acknowledged."""
        self.connections: list[Connection] = []
        """Every connection that there ever was, oldest first."""
        self.tried: list[float] = []
        """When each websocket was asked for (monotonic seconds), those that were refused too."""
        self.sessions: dict[str, Session] = {}
        self.identified: list[Json] = []
        """What each IDENTIFY said, without the token."""
        self.resumed = 0

    @property
    def open(self) -> list[Connection]:
        """The connections that are open now."""
        return [each for each in self.connections if not each.socket.closed]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One websocket from its opening to its end."""
        self.tried.append(time.monotonic())
        if self.refuse_handshakes > 0:
            self.refuse_handshakes -= 1
            return web.Response(status=503, text="upstream connect error")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        packed = zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None
        connection = Connection(socket, request, packed)
        self.connections.append(connection)
        if self.turn_away is not None:
            if self.turn_away:
                await connection.close(self.turn_away, b"turned away")
            elif request.transport is not None:
                request.transport.abort()
            return socket
        interval = int(self.heartbeat_seconds * 1000)
        await connection.send({"op": HELLO, "d": {"heartbeat_interval": interval}, "s": None, "t": None})
        async for message in socket:
            if message.type != WSMsgType.TEXT:
                continue
            said = json.loads(message.data)
            if said["op"] == HEARTBEAT:
                connection.heartbeats.append(time.monotonic())
                if self.acknowledges:
                    await connection.send({"op": ACK, "d": None, "s": None, "t": None})
            elif said["op"] == IDENTIFY:
                await self._identify(connection, said["d"])
            elif said["op"] == RESUME:
                await self._resume(connection, said["d"])
        if connection.close_code is None:
            connection.close_code = socket.close_code
        if connection.session is not None and connection.session.connection is connection:
            connection.session.connection = None
            if socket.close_code in {1000, 1001} and connection.close_code == socket.close_code:
                # A client that says goodbye gives its session up.
                self.sessions.pop(connection.session.id, None)
        return socket

    async def tell(self, event: str, channel: Json | None, data: Json) -> None:
        """Pass an event on to every session that it concerns. `channel` is where it happened."""
        for session in list(self.sessions.values()):
            if self._concerns(session, event, channel, data):
                await self._tell(session, event, self._seen(session, event, channel, data))

    # What goes wrong

    async def drop(self, code: int = 4000) -> None:
        """Close every connection; a session goes on unless the code is one that ends it."""
        for each in self.open:
            await each.close(code, b"dropped")

    def cut(self) -> None:
        """Cut every connection without a word, as a broken line does."""
        for each in self.open:
            if each.request.transport is not None:
                each.request.transport.abort()

    async def ask_to_reconnect(self) -> None:
        """Opcode 7 to every connection."""
        for each in self.open:
            await each.send({"op": RECONNECT, "d": None, "s": None, "t": None})

    async def invalidate(self, *, resumable: bool = False) -> None:
        """Opcode 9 to every connection; unless resumable, the sessions end."""
        if not resumable:
            self.sessions.clear()
        for each in self.open:
            await each.send({"op": INVALID_SESSION, "d": resumable, "s": None, "t": None})

    def longest_silence_seconds(self) -> float:
        """The longest time between two heartbeats of one connection; a lost one makes it twice the interval."""
        gaps = [0.0]
        for each in self.connections:
            moments = [each.opened, *each.heartbeats, *([] if each.socket.closed else [time.monotonic()])]
            gaps += [later - earlier for earlier, later in pairwise(moments)]
        return max(gaps)

    # Sessions

    async def _identify(self, connection: Connection, said: Json) -> None:
        self.identified.append({name: value for name, value in said.items() if name != "token"})
        if said["token"] != self.token:
            await connection.close(BAD_TOKEN, b"Authentication failed.")
            return
        if said["intents"] & MESSAGE_CONTENT and not self.content_intent:
            await connection.close(DISALLOWED_INTENTS, b"Disallowed intent(s).")
            return
        shard = tuple(said.get("shard") or (0, 1))
        if not 0 <= shard[0] < shard[1]:
            await connection.close(INVALID_SHARD, b"Invalid shard.")
            return
        session = Session(self.world.id(), said["intents"], (shard[0], shard[1]), connection=connection)
        self.sessions[session.id] = session
        connection.session = session
        guilds = [each for each in self.world.guilds.values() if self._has(session, each["id"])]
        ready = {
            "v": 10, "user": {**self.world.bot, "verified": True, "mfa_enabled": True, "email": None},
            "guilds": [{"id": each["id"], "unavailable": True} for each in guilds], "session_id": session.id,
            "resume_gateway_url": self.resume_url, "session_type": "normal", "shard": list(shard),
            "application": {"id": self.world.bot["id"], "flags": (1 << 19) if self.content_intent else 0},
            "private_channels": [], "relationships": [],
            "presences": [], "guild_join_requests": [], "user_settings": {}, "_trace": [],
        }  # fmt: skip
        await self._tell(session, "READY", ready)
        for guild in guilds:
            if session.intents & GUILDS:
                await self._tell(session, "GUILD_CREATE", self.guild(guild))

    async def _resume(self, connection: Connection, said: Json) -> None:
        session = self.sessions.get(said["session_id"])
        if session is None or said["token"] != self.token:
            await connection.send({"op": INVALID_SESSION, "d": False, "s": None, "t": None})
            return
        connection.session, session.connection = session, connection
        self.resumed += 1
        for event in [each for each in session.events if each["s"] > said["seq"]]:
            await connection.send(event)
        await self._tell(session, "RESUMED", {"_trace": []})

    async def _tell(self, session: Session, event: str, data: Json) -> None:
        numbered = {"op": DISPATCH, "t": event, "s": len(session.events) + 1, "d": data}
        # Sent later, it must still say what was the case now.
        session.events.append(json.loads(json.dumps(numbered)))
        if session.connection is not None:
            await session.connection.send(numbered)

    def guild(self, guild: Json) -> Json:
        """A server as GUILD_CREATE tells it."""
        world, inside = self.world, [each for each in self.world.channels.values() if "guild_id" in each]
        mine = [each for each in inside if each["guild_id"] == guild["id"]]
        members = [member for (guild_id, _), member in world.members.items() if guild_id == guild["id"]]
        return {
            **guild, "channels": [each for each in mine if "thread_metadata" not in each],
            "threads": [each for each in mine if "thread_metadata" in each and not each["thread_metadata"]["archived"]],
            "members": [each for each in members if each["user"] is world.bot], "member_count": len(members),
            "presences": [], "voice_states": [], "stage_instances": [], "guild_scheduled_events": [],
            "soundboard_sounds": [], "joined_at": world.members[guild["id"], world.bot["id"]]["joined_at"],
            "large": False, "unavailable": False,
        }  # fmt: skip

    def _has(self, session: Session, guild_id: str) -> bool:
        number, count = session.shard
        return (int(guild_id) >> 22) % count == number

    def _concerns(self, session: Session, event: str, channel: Json | None, data: Json) -> bool:
        guild_id = (channel or data).get("guild_id")
        if not self._has(session, guild_id) if guild_id else session.shard[0] != 0:
            return False
        if event == "INTERACTION_CREATE":
            return True
        if event.startswith("MESSAGE_"):
            direct = channel is not None and channel["type"] == DM
            return bool(session.intents & (DIRECT_MESSAGES if direct else GUILD_MESSAGES))
        needed = NEEDED_INTENT.get(event, GUILDS)
        return bool(session.intents & needed)

    def _seen(self, session: Session, event: str, channel: Json | None, data: Json) -> Json:
        """A message without its content, where the client may not read it: neither to, from nor about the bot."""
        if not event.startswith("MESSAGE_") or "author" not in data or session.intents & MESSAGE_CONTENT:
            return data
        bot = self.world.bot["id"]
        mine = data["author"]["id"] == bot or any(each["id"] == bot for each in data["mentions"])
        if mine or (channel is not None and channel["type"] == DM):
            return data
        return {**data, "content": "", "embeds": [], "attachments": [], "components": []}
