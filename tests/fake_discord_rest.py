"""Discord's REST API, version 10, over a fake world: who the bot is, commands, channels, threads, messages.

Each route takes a request and returns a reply.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fake_discord_world import EPHEMERAL, LOADING, TEXT, THREAD, Json, bits

if TYPE_CHECKING:
    from tests.fake_discord import FakeDiscord

NO_CONTENT = 204
CONTENT_INTENT_FLAG = 1 << 19
"""Message content is allowed to a bot in fewer than a hundred servers."""


@dataclass
class Request:
    """One request of the bot, and the status that it was answered with."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    files: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Name, content type and content of each file that came along."""
    authorized: bool = True
    at: float = field(default_factory=time.monotonic)
    status: int = 0


class Refused(Exception):
    """Discord says no: an HTTP status, its own code, and words."""

    def __init__(self, status: int, code: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message, **more}


Reply = tuple[int, Any]
Handler = Callable[["FakeDiscord", Request, dict[str, str]], Awaitable[Reply]]
ROUTES: list[tuple[str, re.Pattern[str], Handler]] = []


def route(method: str, template: str) -> Callable[[Handler], Handler]:
    """Answer a method and a path, whose {holes} are handed over by name."""

    def added(handler: Handler) -> Handler:
        ROUTES.append((method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)), handler))
        return handler

    return added


async def answer(fake: FakeDiscord, request: Request) -> Reply:
    """Answer one request."""
    tokened = re.match(r"/(interactions|webhooks)/", request.path)
    try:
        if not request.authorized and not tokened:
            raise Refused(401, 0, "401: Unauthorized")
        for method, pattern, handler in ROUTES:
            if method == request.method and (match := pattern.fullmatch(request.path)):
                return await handler(fake, request, match.groupdict())
        fake.violations.append(f"the fake has no {request.method} {request.path}")
        raise Refused(404, 0, "404: Not Found")
    except Refused as refused:
        return refused.status, refused.body


# Who the bot is


@route("GET", "/users/@me")
async def _me(fake: FakeDiscord, _: Request, __: dict[str, str]) -> Reply:
    more = {"mfa_enabled": True, "locale": "en-US", "premium_type": 0, "email": None, "verified": True, "bio": ""}
    return 200, {**fake.world.bot, **more}


@route("GET", "/users/@me/guilds")
async def _my_guilds(fake: FakeDiscord, request: Request, _: dict[str, str]) -> Reply:
    world, found = fake.world, []
    for guild in world.guilds.values():
        if (guild["id"], world.bot["id"]) in world.members:
            granted = _server_permissions(fake, guild)
            found.append({"id": guild["id"], "name": guild["name"], "icon": None, "banner": None, "owner": False,
                          "permissions": str(granted), "features": []})  # fmt: skip
    after = int(request.query.get("after", 0))
    return 200, [each for each in found if int(each["id"]) > after][: int(request.query.get("limit", 200))]


@route("GET", "/applications/@me")
@route("GET", "/oauth2/applications/@me")
async def _application(fake: FakeDiscord, _: Request, __: dict[str, str]) -> Reply:
    flags = CONTENT_INTENT_FLAG if fake.content_intent else 0
    return 200, {
        "id": fake.application_id, "name": fake.world.bot["username"], "icon": None, "description": "", "type": None,
        "bot_public": True, "bot_require_code_grant": False, "verify_key": "0" * 64, "flags": flags,
        "owner": fake.owner, "team": None, "redirect_uris": [], "rpc_origins": [],
        "interactions_endpoint_url": fake.interactions_endpoint, "role_connections_verification_url": None,
        "approximate_guild_count": len(fake.world.guilds), "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0, "explicit_content_filter": 0, "bot": fake.world.bot,
        "event_webhooks_status": 1, "flags_new": str(flags), "eligible_oauth2_scopes": [],
    }  # fmt: skip


@route("GET", "/gateway")
async def _gateway(fake: FakeDiscord, _: Request, __: dict[str, str]) -> Reply:
    return 200, {"url": fake.gateway_url}


@route("GET", "/gateway/bot")
async def _gateway_bot(fake: FakeDiscord, _: Request, __: dict[str, str]) -> Reply:
    limit = {"total": 1000, "remaining": fake.sessions_left, "reset_after": 14_400_000, "max_concurrency": 1}
    return 200, {"url": fake.gateway_url, "shards": fake.shards_advised, "session_start_limit": limit}


@route("GET", "/users/{user}")
async def _user(fake: FakeDiscord, _: Request, holes: dict[str, str]) -> Reply:
    return 200, _known(fake.world.users, holes["user"], 10013, "Unknown User")


@route("POST", "/users/@me/channels")
async def _open_dm(fake: FakeDiscord, request: Request, _: dict[str, str]) -> Reply:
    user = _known(fake.world.users, str(request.body["recipient_id"]), 10013, "Unknown User")
    return 200, fake.world.dm(user)


# Commands


@route("GET", "/applications/{application}/commands")
@route("GET", "/applications/{application}/guilds/{guild}/commands")
async def _commands(fake: FakeDiscord, _: Request, holes: dict[str, str]) -> Reply:
    return 200, fake.world.commands.get(holes.get("guild", ""), [])


@route("PUT", "/applications/{application}/commands")
@route("PUT", "/applications/{application}/guilds/{guild}/commands")
async def _sync(fake: FakeDiscord, request: Request, holes: dict[str, str]) -> Reply:
    place, before = holes.get("guild", ""), fake.world.commands
    ids = {(each["name"], each["type"]): each["id"] for each in before.get(place, [])}
    made = []
    for given in request.body:
        command = {
            "type": 1, "default_member_permissions": None, "nsfw": False, "options": [], "description": "",
            **{name: value for name, value in given.items() if value is not None},
        }  # fmt: skip
        command["id"] = ids.get((command["name"], command["type"])) or fake.world.id()
        command |= {"application_id": holes["application"], "version": fake.world.id()}
        if (wanted := command["default_member_permissions"]) is not None:
            command["default_member_permissions"] = str(wanted)
        if place:
            command["guild_id"] = place
        made.append(command)
    before[place] = made
    return 200, made


# Servers, channels and threads


@route("GET", "/guilds/{guild}")
async def _guild(fake: FakeDiscord, _: Request, holes: dict[str, str]) -> Reply:
    return 200, _known(fake.world.guilds, holes["guild"], 10004, "Unknown Guild")


@route("GET", "/guilds/{guild}/channels")
async def _guild_channels(fake: FakeDiscord, _: Request, holes: dict[str, str]) -> Reply:
    channels = fake.world.channels.values()
    return 200, [each for each in channels if each.get("guild_id") == holes["guild"] and each["type"] == TEXT]


@route("GET", "/guilds/{guild}/members/{user}")
async def _member(fake: FakeDiscord, _: Request, holes: dict[str, str]) -> Reply:
    found = fake.world.members.get((holes["guild"], holes["user"]))
    if found is None:
        raise Refused(404, 10007, "Unknown Member")
    return 200, found


@route("GET", "/channels/{channel}")
async def _channel(fake: FakeDiscord, _: Request, holes: dict[str, str]) -> Reply:
    return 200, _place(fake, holes, "view_channel")


@route("PATCH", "/channels/{channel}")
async def _change_channel(fake: FakeDiscord, request: Request, holes: dict[str, str]) -> Reply:
    channel = _place(fake, holes, "view_channel")
    if channel["type"] != THREAD:
        _need(fake, channel, "manage_channels")
    if "name" in request.body:
        channel["name"] = request.body["name"]
    for name in ("archived", "locked", "auto_archive_duration"):
        if name in request.body:
            channel["thread_metadata"][name] = request.body[name]
    await fake.tell("THREAD_UPDATE" if channel["type"] == THREAD else "CHANNEL_UPDATE", channel, channel)
    return 200, channel


@route("POST", "/channels/{channel}/typing")
async def _typing(fake: FakeDiscord, _: Request, holes: dict[str, str]) -> Reply:
    _place(fake, holes, _sending(fake, holes))
    return NO_CONTENT, None


@route("POST", "/channels/{channel}/threads")
@route("POST", "/channels/{channel}/messages/{message}/threads")
async def _start_thread(fake: FakeDiscord, request: Request, holes: dict[str, str]) -> Reply:
    channel = _place(fake, holes, "create_public_threads")
    if channel["type"] != TEXT:
        raise Refused(400, 50024, "Cannot execute action on this channel type")
    message = _message_of(fake, holes) if "message" in holes else None
    if message is not None and message["id"] in fake.world.channels:
        raise Refused(400, 160004, "A thread has already been created for this message")
    minutes = request.body.get("auto_archive_duration") or 1440
    thread = fake.world.thread(channel, request.body["name"], fake.world.bot, message=message, minutes=minutes)
    await fake.tell("THREAD_CREATE", thread, {**thread, "newly_created": True})
    return 201, thread


@route("PUT", "/channels/{channel}/thread-members/@me")
async def _join_thread(fake: FakeDiscord, _: Request, holes: dict[str, str]) -> Reply:
    _place(fake, holes, "view_channel")
    return NO_CONTENT, None


# Messages


@route("POST", "/channels/{channel}/messages")
async def _send(fake: FakeDiscord, request: Request, holes: dict[str, str]) -> Reply:
    channel, body = _place(fake, holes, _sending(fake, holes)), request.body
    if body.get("embeds"):
        _need(fake, channel, "embed_links")
    if request.files:
        _need(fake, channel, "attach_files")
    reply_to = None
    if reference := body.get("message_reference"):
        _need(fake, channel, "read_message_history", 160002)
        reply_to = fake.world.messages.get(str(reference["message_id"]))
        if reply_to is None and reference.get("fail_if_not_exists", True):
            raise Refused(400, 50035, "Invalid Form Body", errors={"message_reference": {"_errors": [
                {"code": "REPLIES_UNKNOWN_MESSAGE", "message": "Unknown message"}]}})  # fmt: skip
    message = written(fake, request, channel, body, reply_to=reply_to)
    await fake.tell("MESSAGE_CREATE", channel, fake.world.seen(message))
    return 200, message


@route("GET", "/channels/{channel}/messages")
async def _history(fake: FakeDiscord, request: Request, holes: dict[str, str]) -> Reply:
    channel, query = _place(fake, holes, "view_channel"), request.query
    if not fake.world.permissions(channel, fake.world.bot) & bits("read_message_history"):
        return 200, []
    shown = [fake.visible(each) for each in fake.world.history(channel)]
    limit = int(query.get("limit", 50))
    if "before" in query:
        shown = [each for each in shown if int(each["id"]) < int(query["before"])]
    if "after" in query:
        return 200, [each for each in shown if int(each["id"]) > int(query["after"])][-limit:]
    if "around" in query:
        middle = int(query["around"])
        newer = [each for each in shown if int(each["id"]) > middle]
        return 200, newer[-(limit // 2) :] + [each for each in shown if int(each["id"]) <= middle][: limit // 2 + 1]
    return 200, shown[:limit]


@route("GET", "/channels/{channel}/messages/{message}")
async def _get_message(fake: FakeDiscord, _: Request, holes: dict[str, str]) -> Reply:
    _place(fake, holes, "view_channel", "read_message_history")
    return 200, fake.visible(_message_of(fake, holes))


@route("PATCH", "/channels/{channel}/messages/{message}")
async def _edit(fake: FakeDiscord, request: Request, holes: dict[str, str]) -> Reply:
    channel, message = _place(fake, holes, "view_channel"), _message_of(fake, holes)
    if message["author"]["id"] != fake.world.bot["id"]:
        raise Refused(403, 50005, "Cannot edit a message authored by another user")
    return 200, await rewritten(fake, request, channel, message, request.body)


@route("DELETE", "/channels/{channel}/messages/{message}")
async def _delete(fake: FakeDiscord, _: Request, holes: dict[str, str]) -> Reply:
    channel, message = _place(fake, holes, "view_channel"), _message_of(fake, holes)
    if message["author"]["id"] != fake.world.bot["id"]:
        _need(fake, channel, "manage_messages")
    await fake.delete(message)
    return NO_CONTENT, None


@route("PUT", "/channels/{channel}/messages/{message}/reactions/{emoji}/@me")
@route("DELETE", "/channels/{channel}/messages/{message}/reactions/{emoji}/@me")
async def _react(fake: FakeDiscord, request: Request, holes: dict[str, str]) -> Reply:
    _place(fake, holes, *(["add_reactions", "read_message_history"] if request.method == "PUT" else []))
    _message_of(fake, holes)
    return NO_CONTENT, None


# What routes share


def _known(things: dict[str, Json], wanted: str, code: int, words: str) -> Json:
    if wanted not in things:
        raise Refused(404, code, words)
    return things[wanted]


def _place(fake: FakeDiscord, holes: dict[str, str], *needed: str) -> Json:
    """The channel of a path, where the bot may do what is needed."""
    channel = _known(fake.world.channels, holes["channel"], 10003, "Unknown Channel")
    if not fake.world.permissions(channel, fake.world.bot) & bits("view_channel"):
        raise Refused(403, 50001, "Missing Access")
    for each in needed:
        _need(fake, channel, each)
    return channel


def _need(fake: FakeDiscord, channel: Json, permission: str, code: int = 50013) -> None:
    if not fake.world.permissions(channel, fake.world.bot) & bits(permission):
        raise Refused(403, code, "Missing Permissions")


def _sending(fake: FakeDiscord, holes: dict[str, str]) -> str:
    channel = fake.world.channels.get(holes["channel"], {})
    return "send_messages_in_threads" if channel.get("type") == THREAD else "send_messages"


def _server_permissions(fake: FakeDiscord, guild: Json) -> int:
    """What the bot may do in a server, before any channel's overwrites."""
    mine = {guild["id"], *fake.world.members[guild["id"], fake.world.bot["id"]]["roles"]}
    granted = 0
    for each in guild["roles"]:
        granted |= int(each["permissions"]) if each["id"] in mine else 0
    return granted


def _message_of(fake: FakeDiscord, holes: dict[str, str]) -> Json:
    message = _known(fake.world.messages, holes["message"], 10008, "Unknown Message")
    if message["channel_id"] != holes["channel"] or message["flags"] & EPHEMERAL:
        raise Refused(404, 10008, "Unknown Message")
    return message


def says_something(body: Json, request: Request) -> bool:
    return bool(body.get("content") or body.get("embeds") or body.get("components") or request.files)


def written(
    fake: FakeDiscord, request: Request, channel: Json, body: Json, *, reply_to: Json | None = None, **fields: Any
) -> Json:
    """A message of the bot, with the files that came along. Raises Refused where it is empty."""
    if not says_something(body, request) and not (body.get("flags") or 0) & LOADING:
        raise Refused(400, 50006, "Cannot send an empty message")
    message = fake.world.message(channel, fake.world.bot, body, reply_to=reply_to, **fields)
    for name, kind, content in request.files:
        fake.world.attach(message, name, kind, content, fake.base_url)
    return message


async def rewritten(fake: FakeDiscord, request: Request, channel: Json, message: Json, body: Json) -> Json:
    fake.world.edit(message, body)
    for name, kind, content in request.files:
        fake.world.attach(message, name, kind, content, fake.base_url)
    if not message["flags"] & EPHEMERAL:
        await fake.tell("MESSAGE_UPDATE", channel, fake.world.seen(message))
    return message
