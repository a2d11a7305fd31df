"""What a Discord server knows: people, servers, channels, permissions, messages and commands, as Discord's JSON."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Any

import discord

Json = dict[str, Any]

DISCORD_EPOCH_MS = 1_420_070_400_000
TEXT, DM, THREAD = 0, 1, 11
EPHEMERAL, LOADING = 1 << 6, 1 << 7
EVERYTHING = discord.Permissions.all().value
USUAL = discord.Permissions(
    view_channel=True, send_messages=True, send_messages_in_threads=True, create_public_threads=True, embed_links=True,
    attach_files=True, read_message_history=True, add_reactions=True, use_application_commands=True,
).value  # fmt: skip
"""What everybody may do in a new server of the fake."""


def bits(*names: str) -> int:
    """Permissions by discord.py's names, as a number."""
    return discord.Permissions(**dict.fromkeys(names, True)).value


def now() -> str:
    """This moment as Discord writes it."""
    return datetime.now(UTC).isoformat()


class World:
    """The state. Everything is kept as the JSON that is sent, by id."""

    def __init__(self, bot_name: str = "newsbot") -> None:
        self._last = 0
        self.users: dict[str, Json] = {}
        self.guilds: dict[str, Json] = {}
        self.members: dict[tuple[str, str], Json] = {}
        self.channels: dict[str, Json] = {}
        self.messages: dict[str, Json] = {}
        """Oldest first."""
        self.revisions: dict[str, list[Json]] = {}
        """Every state that a message had, oldest first."""
        self.files: dict[str, bytes] = {}
        """What was attached, by the attachment's id."""
        self.commands: dict[str, list[Json]] = {}
        """Synced commands by server; "" for those of all servers."""
        self.bot = self.user(bot_name, bot=True)

    def id(self) -> str:
        """A new snowflake: later ones are greater."""
        self._last = max(self._last + 1, int(time.time() * 1000) - DISCORD_EPOCH_MS << 22)
        return str(self._last)

    def user(self, name: str, *, bot: bool = False) -> Json:
        """A new person (or bot)."""
        made = {
            "id": self.id(), "username": name, "discriminator": "0", "global_name": name.title(), "avatar": None,
            "bot": bot, "system": False, "flags": 0, "public_flags": 0, "banner": None, "accent_color": None,
            "avatar_decoration_data": None, "collectibles": None, "clan": None, "primary_guild": None,
            "display_name_styles": None,
        }  # fmt: skip
        return self.users.setdefault(made["id"], made)

    def guild(self, name: str, owner: Json, permissions: int = USUAL) -> Json:
        """A new server with the bot and its owner in it. `permissions` are everybody's."""
        guild_id = self.id()
        made = {
            "id": guild_id, "name": name, "owner_id": owner["id"], "roles": [role(guild_id, "@everyone", permissions)],
            "emojis": [], "stickers": [], "features": [], "icon": None, "banner": None, "splash": None,
            "discovery_splash": None, "description": None, "afk_channel_id": None, "afk_timeout": 300,
            "application_id": None, "verification_level": 0, "default_message_notifications": 0,
            "explicit_content_filter": 0, "mfa_level": 0, "nsfw_level": 0, "nsfw": False, "premium_tier": 0,
            "premium_subscription_count": 0, "premium_progress_bar_enabled": False, "preferred_locale": "en-US",
            "system_channel_id": None, "system_channel_flags": 0, "rules_channel_id": None, "region": "",
            "public_updates_channel_id": None, "safety_alerts_channel_id": None, "vanity_url_code": None,
            "widget_enabled": False, "widget_channel_id": None, "home_header": None, "hub_type": None,
            "max_members": 500_000, "max_video_channel_users": 25, "max_stage_video_channel_users": 50,
            "incidents_data": None, "latest_onboarding_question_id": None, "max_presences": None,
        }  # fmt: skip
        self.guilds[guild_id] = made
        for each in (self.bot, owner):
            self.join(made, each)
        return made

    def join(self, guild: Json, user: Json, permissions: int = 0) -> Json:
        """A person joins a server, with a role of their own for `permissions` beyond everybody's."""
        roles = []
        if permissions:
            guild["roles"].append(role(self.id(), f"role of {user['username']}", permissions))
            roles = [guild["roles"][-1]["id"]]
        made = {
            "user": user, "roles": roles, "nick": None, "avatar": None, "banner": None, "joined_at": now(),
            "premium_since": None, "deaf": False, "mute": False, "flags": 0, "pending": False,
            "communication_disabled_until": None,
        }  # fmt: skip
        return self.members.setdefault((guild["id"], user["id"]), made)

    def channel(self, guild: Json, name: str, kind: int = TEXT) -> Json:
        """A new channel."""
        made = {
            "id": self.id(), "type": kind, "guild_id": guild["id"], "name": name, "position": len(self.channels),
            "permission_overwrites": [], "nsfw": False, "parent_id": None, "flags": 0, "last_message_id": None,
            "topic": None, "rate_limit_per_user": 0,
        }  # fmt: skip
        return self.channels.setdefault(made["id"], made)

    def dm(self, user: Json) -> Json:
        """The channel of direct messages between a person and the bot."""
        for channel in self.channels.values():
            if channel["type"] == DM and channel["recipients"][0]["id"] == user["id"]:
                return channel
        made = {"id": self.id(), "type": DM, "recipients": [user], "last_message_id": None, "flags": 0}
        return self.channels.setdefault(made["id"], made)

    def thread(self, parent: Json, name: str, owner: Json, *, message: Json | None = None, minutes: int = 1440) -> Json:
        """A new thread; one that is started from a message has its id."""
        made = {
            "id": message["id"] if message else self.id(), "type": THREAD, "guild_id": parent["guild_id"],
            "name": name, "parent_id": parent["id"], "owner_id": owner["id"], "flags": 0, "last_message_id": None,
            "rate_limit_per_user": 0, "message_count": 0, "total_message_sent": 0, "member_count": 1,
            "thread_metadata": {
                "archived": False, "auto_archive_duration": minutes, "archive_timestamp": now(), "locked": False,
                "create_timestamp": now(),
            },
        }  # fmt: skip
        if message:
            message["thread"] = made
            message["flags"] |= 1 << 5
        return self.channels.setdefault(made["id"], made)

    # Permissions

    def deny(self, channel: Json, user: Json, *names: str) -> None:
        """Take permissions from a person (or the bot) in a channel; threads of it follow."""
        overwrites = [each for each in channel["permission_overwrites"] if each["id"] != user["id"]]
        overwrites.append({"id": user["id"], "type": 1, "allow": "0", "deny": str(bits(*names))})
        channel["permission_overwrites"] = overwrites

    def permissions(self, channel: Json, user: Json) -> int:
        """What a person may do in a channel."""
        if channel["type"] == DM:
            return USUAL
        guild = self.guilds[channel["guild_id"]]
        member = self.members.get((guild["id"], user["id"]))
        if member is None:
            return 0
        mine = {guild["id"], *member["roles"]}
        granted = 0
        for each in guild["roles"]:
            granted |= int(each["permissions"]) if each["id"] in mine else 0
        if guild["owner_id"] == user["id"] or granted & bits("administrator"):
            return EVERYTHING
        place = self.channels[channel["parent_id"]] if channel["type"] == THREAD else channel
        overwrites = {each["id"]: each for each in place["permission_overwrites"]}
        levels = ([guild["id"]], member["roles"], [user["id"]])
        for level in levels:
            found = [overwrites[each] for each in level if each in overwrites]
            for each in found:
                granted &= ~int(each["deny"])
            for each in found:
                granted |= int(each["allow"])
        return granted

    # Messages

    def message(self, channel: Json, author: Json, body: Json, *, reply_to: Json | None = None, **fields: Any) -> Json:
        """A new message of what a body asks for: content, embeds, components, flags, allowed_mentions."""
        content = body.get("content") or ""
        everyone, mentioned = self._mentions(content, body.get("allowed_mentions"))
        made = {
            "id": self.id(), "channel_id": channel["id"], "author": author, "content": content, "timestamp": now(),
            "edited_timestamp": None, "tts": False, "mention_everyone": everyone, "mentions": mentioned,
            "mention_roles": [], "attachments": [], "embeds": _embeds(body), "components": _components(body),
            "pinned": False, "type": 0, "flags": body.get("flags") or 0,
        }  # fmt: skip
        if reply_to is not None:
            reference = {"type": 0, "message_id": reply_to["id"], "channel_id": reply_to["channel_id"]}
            if "guild_id" in channel:
                reference["guild_id"] = channel["guild_id"]
            made |= {"type": 19, "message_reference": reference, "referenced_message": without_thread(reply_to)}
        made |= fields
        self.messages[made["id"]] = made
        self.revisions[made["id"]] = [dict(made)]
        channel["last_message_id"] = made["id"]
        if channel["type"] == THREAD:
            channel["message_count"] += 1
            channel["total_message_sent"] += 1
            channel["thread_metadata"]["archived"] = False
        return made

    def edit(self, message: Json, body: Json) -> Json:
        """Change a message by what a body names; a null empties."""
        if "content" in body:
            message["content"] = body["content"] or ""
        if "embeds" in body:
            message["embeds"] = _embeds(body)
        if "components" in body:
            message["components"] = _components(body)
        if "attachments" in body:
            kept = {str(each["id"]) for each in body["attachments"] or []}
            message["attachments"] = [each for each in message["attachments"] if each["id"] in kept]
        message["flags"] &= ~LOADING
        message["edited_timestamp"] = now()
        self.revisions[message["id"]].append(dict(message))
        return message

    def attach(self, message: Json, name: str, kind: str, content: bytes, base: str) -> None:
        """Attach a file to a message."""
        made = self.id()
        self.files[made] = content
        url = f"{base}/attachments/{message['channel_id']}/{made}/{name}"
        message["attachments"].append(
            {"id": made, "filename": name, "size": len(content), "url": url, "proxy_url": url, "content_type": kind}
        )

    def seen(self, message: Json) -> Json:
        """A message as the gateway tells it."""
        channel = self.channels[message["channel_id"]]
        if "guild_id" not in channel:
            return message
        told = {**message, "guild_id": channel["guild_id"]}
        member = self.members.get((channel["guild_id"], message["author"]["id"]))
        if member is not None and "webhook_id" not in message:
            told["member"] = {name: value for name, value in member.items() if name != "user"}
        return told

    def history(self, channel: Json) -> list[Json]:
        """The messages of a channel that everybody sees, newest first."""
        shown = [each for each in self.messages.values() if each["channel_id"] == channel["id"]]
        return [each for each in reversed(shown) if not each["flags"] & EPHEMERAL]

    def _mentions(self, content: str, allowed: Json | None) -> tuple[bool, list[Json]]:
        """Whether everyone is pinged, and who is: what the content says and `allowed` lets through."""
        named = [self.users[each] for each in dict.fromkeys(re.findall(r"<@!?(\d+)>", content)) if each in self.users]
        everyone = bool(re.search(r"@(everyone|here)\b", content))
        if allowed is None:
            return everyone, named
        parse, users = allowed.get("parse") or [], [str(each) for each in allowed.get("users") or []]
        return everyone and "everyone" in parse, [each for each in named if "users" in parse or each["id"] in users]


def role(role_id: str, name: str, permissions: int) -> Json:
    """A role of a server."""
    return {
        "id": role_id, "name": name, "permissions": str(permissions), "position": 0, "color": 0, "hoist": False,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None}, "description": None,
        "managed": False, "mentionable": False, "flags": 0, "icon": None, "unicode_emoji": None,
    }  # fmt: skip


def without_thread(message: Json) -> Json:
    """A message as another one quotes it."""
    return {name: value for name, value in message.items() if name not in {"referenced_message", "thread"}}


def _embeds(body: Json) -> list[Json]:
    return [{"type": "rich", **embed} for embed in body.get("embeds") or []]


def _components(body: Json) -> list[Json]:
    """Components, numbered as Discord numbers those that have no number."""
    count = 0

    def numbered(component: Json) -> Json:
        nonlocal count
        count += 1
        made = {"id": count, **_said(component)}
        if "components" in component:
            made["components"] = [numbered(each) for each in component["components"]]
        return made

    return [numbered(each) for each in body.get("components") or []]


def _said(component: Json) -> Json:
    """A component without what is null in it: Discord does not give that back."""
    said = {name: value for name, value in component.items() if value is not None}
    if "emoji" in said:
        said["emoji"] = {name: value for name, value in said["emoji"].items() if value is not None}
    return said
