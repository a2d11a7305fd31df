"""What people do on a fake Discord: they write, use commands, press buttons, fill in forms.

What a person cannot do on Discord fails here with an AssertionError.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fake_discord_world import DM, THREAD, Json, World, bits, without_thread

if TYPE_CHECKING:
    from tests.fake_discord import FakeDiscord

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
SUBCOMMAND, GROUP = 1, 2
USER_OPTION, CHANNEL_OPTION, ROLE_OPTION = 6, 7, 8
CALLBACKS = {COMMAND: {4, 5, 9}, COMPONENT: {4, 5, 6, 7, 9}, AUTOCOMPLETE: {8}, MODAL: {4, 5, 6, 7}}
BUTTON, TEXT_INPUT, LINK_STYLE = 2, 4, 5
SELECTS, RESOLVED_SELECTS = {3, 5, 6, 7, 8}, {5, 6, 8}
COMMANDS_SECONDS = 60.0
ROLE_SELECT, CHANNEL_SELECT = 6, 8


@dataclass
class Interaction:
    """One thing that a person did with the bot, and what the bot made of it."""

    id: str
    token: str
    kind: int
    channel_id: str
    user: Json
    data: Json
    source: Json | None
    """The message whose button was pressed."""
    acknowledged: int | None = None
    """The type of the callback: 4 message, 5 thinking, 6 and 7 change of the source, 8 choices, 9 form."""
    acknowledged_after_seconds: float = 0.0
    original: Json | None = None
    followups: list[Json] = field(default_factory=list)
    choices: list[Json] | None = None
    modal: Json | None = None
    at: float = field(default_factory=time.monotonic)

    @property
    def age_seconds(self) -> float:
        """Since when it waits."""
        return time.monotonic() - self.at

    @property
    def may_be_answered_by(self) -> set[int]:
        """Types of callback that Discord takes for it."""
        return CALLBACKS[self.kind] - (set() if self.source else {6, 7})

    @property
    def messages(self) -> list[Json]:
        """The answer and everything that followed."""
        return [each for each in (self.original, *self.followups) if each is not None]


class People:
    """The doings of people. Mixed into FakeDiscord."""

    world: World
    guild: Json
    alice: Json
    general: Json

    def __init__(self) -> None:
        self.own_mistakes: list[str] = []
        """Where the fake itself answered otherwise than Discord's description says."""

    # Who and where

    def channel(self, name: str, kind: int = 0) -> Json:
        """A new channel: of text, or a forum (15)."""
        return self.world.channel(self.guild, name, kind)

    async def post(self: FakeDiscord, forum: Json, title: str, content: str, *, author: Json) -> Json:
        """A new post in a forum: a thread, and its first message, which has the thread's id."""
        thread = self.world.thread(forum, title, author)
        await self.tell("THREAD_CREATE", thread, {**thread, "newly_created": True})
        message = self.world.message(thread, author, {"content": content}, id=thread["id"])
        await self.tell("MESSAGE_CREATE", thread, self.world.seen(message))
        return message

    def dm(self, person: Json) -> Json:
        """Where a person and the bot talk alone."""
        return self.world.dm(person)

    def person(self, name: str, *permissions: str) -> Json:
        """A new member of the server, with permissions of their own by name ("manage_guild")."""
        made = self.world.user(name)
        self.world.join(self.guild, made, bits(*permissions))
        return made

    # What they do

    async def say(
        self: FakeDiscord, content: str, *, author: Json | None = None, channel: Json | None = None,
        reply_to: Json | None = None, ping: bool = True,
    ) -> Json:  # fmt: skip
        """Write a message. A reply mentions whom it answers, unless `ping` is off."""
        where, who = channel or self.general, author or self.alice
        needed = "send_messages_in_threads" if where["type"] == THREAD else "send_messages"
        assert self.world.permissions(where, who) & bits(needed), f"{who['username']} may not write there"
        message = self.world.message(where, who, {"content": content}, reply_to=reply_to)
        if reply_to and ping and reply_to["author"] not in message["mentions"]:
            message["mentions"].append(reply_to["author"])
        await self.tell("MESSAGE_CREATE", where, self.world.seen(message))
        return message

    async def slash(
        self: FakeDiscord, name: str, *, author: Json | None = None, channel: Json | None = None,
        options: Json | None = None, **more: Any,
    ) -> Interaction:  # fmt: skip
        """Use a slash command; words after its name are subcommands. People, channels and roles are given as JSON.

        `options` are for those whose names are taken here, such as {"channel": fake.general}.
        """
        with contextlib.suppress(AssertionError):  # the bot tells them while it is online already
            await self.until(lambda: self.world.commands, COMMANDS_SECONDS)
        data = self._command(name, (options or {}) | more, author or self.alice, channel or self.general)
        return await self._interact(COMMAND, data, author, channel)

    async def choices(
        self: FakeDiscord, name: str, option: str, typed: str, *, author: Json | None = None,
        channel: Json | None = None, **others: Any,
    ) -> list[Json]:  # fmt: skip
        """What a command's option offers for what was typed so far."""
        data = self._command(name, {**others, option: typed}, author or self.alice, channel or self.general, option)
        asked = await self._interact(AUTOCOMPLETE, data, author, channel)
        await self.until(lambda: asked.choices is not None)
        return asked.choices or []

    async def menu(
        self: FakeDiscord, name: str, message: Json, *, author: Json | None = None, channel: Json | None = None
    ) -> Interaction:
        """Right-click a message, Apps, and a command."""
        command = self._synced(name, 3)
        where = channel or self.world.channels[message["channel_id"]]
        resolved = {"messages": {message["id"]: without_thread(message)}}
        data = {"id": command["id"], "name": name, "type": 3, "target_id": message["id"], "resolved": resolved}
        return await self._interact(COMMAND, data, author, where)

    async def click(self: FakeDiscord, message: Json, which: str, *, author: Json | None = None) -> Interaction:
        """Press a button of a message, by its label, emoji or custom_id."""
        found = self._component(message, which)
        assert found["type"] == BUTTON and found["style"] != LINK_STYLE, f"{which!r} is no button that asks the bot"
        data = {"custom_id": found["custom_id"], "component_type": BUTTON, "id": found["id"]}
        return await self._interact(COMPONENT, data, author, self.world.channels[message["channel_id"]], message)

    async def select(
        self: FakeDiscord, message: Json, which: str, *values: str, author: Json | None = None
    ) -> Interaction:
        """Choose from a select menu of a message, by its custom_id or placeholder."""
        found = self._component(message, which)
        assert found["type"] in SELECTS
        if "options" in found:
            assert set(values) <= {each["value"] for each in found["options"]}, "that is not on offer"
        data = {"custom_id": found["custom_id"], "component_type": found["type"], "id": found["id"]}
        data |= {"values": list(values)}
        if "options" not in found and values:  # channels, roles or people: Discord tells what they are
            data["resolved"] = self._resolved(found["type"], values)
        return await self._interact(COMPONENT, data, author, self.world.channels[message["channel_id"]], message)

    async def filled_in(self: FakeDiscord, form: Interaction) -> dict[str, str | list[str]]:
        """What the fields of the form that an interaction opened hold before anybody writes in them."""
        modal: Json = await self.until(lambda: form.modal)
        found: dict[str, str | list[str]] = {}
        for given in (row["component"] for row in modal["components"]):
            chosen = [each["value"] for each in given.get("options", ()) if each.get("default")]
            chosen += [str(each["id"]) for each in given.get("default_values", ())]
            found[given["custom_id"]] = given.get("value") or "" if given["type"] == TEXT_INPUT else chosen
        return found

    async def submit(
        self: FakeDiscord, form: Interaction, *, author: Json | None = None, **values: str | list[str]
    ) -> Interaction:
        """Fill in the form that an interaction opened: its fields by custom_id."""
        modal: Json = await self.until(lambda: form.modal)
        left, rows = dict(values), []
        resolved: Json = {}
        for number, row in enumerate(modal["components"], start=1):
            wrapped = [row["component"]] if "component" in row else row.get("components", [])
            filled = []
            for given in wrapped:
                value = left.pop(given["custom_id"], None)
                assert value is not None or not given.get("required", True), f"{given['custom_id']} must be filled in"
                said = {"type": given["type"], "custom_id": given["custom_id"], "id": number * 10}
                said |= {"value": value or ""} if given["type"] == TEXT_INPUT else {"values": list(value or [])}
                filled.append(said)
                if given["type"] in RESOLVED_SELECTS and value:
                    for kind, found in self._resolved(given["type"], list(value)).items():
                        resolved.setdefault(kind, {}).update(found)
            inside = {"component": filled[0]} if "component" in row else {"components": filled}
            rows.append({"type": row["type"], "id": number, **inside})
        assert not left, f"the form has no {sorted(left)}"
        data = {"custom_id": modal["custom_id"], "components": rows} | ({"resolved": resolved} if resolved else {})
        where = self.world.channels[form.channel_id]
        return await self._interact(MODAL, data, author or form.user, where, form.source)

    # How

    def _resolved(self: FakeDiscord, kind: int, ids: Sequence[str]) -> Json:
        """Channels, roles or people that were chosen, as an interaction tells them."""
        if kind == CHANNEL_SELECT:
            shown = [self.world.channels[each] for each in ids]
            return {"channels": {each["id"]: {**each, "permissions": "0"} for each in shown}}
        if kind == ROLE_SELECT:
            return {"roles": {each["id"]: each for each in self.guild["roles"] if each["id"] in ids}}
        return {"users": {each: self.world.users[each] for each in ids}}

    def _synced(self: FakeDiscord, name: str, kind: int) -> Json:
        for place in ("", self.guild["id"]):
            for command in self.world.commands.get(place, []):
                if (command["name"], command["type"]) == (name, kind):
                    return command
        raise AssertionError(f"no command {name!r} was synced, so nobody sees it")

    def _command(
        self: FakeDiscord, words: str, options: dict[str, Any], who: Json, where: Json, focused: str = ""
    ) -> Json:
        name, *path = words.split()
        command = self._synced(name, 1)
        contexts = command.get("contexts")
        here = 1 if where["type"] == DM else 0
        assert contexts is None or here in contexts, f"/{name} cannot be used here"
        if here == 0 and (needed := command["default_member_permissions"]) is not None:
            allowed = self.world.permissions(where, who)
            assert allowed & int(needed) == int(needed), f"{who['username']} may not use /{name}"
        levels, known = [], command["options"]
        for word in path:
            level = next(each for each in known if each["name"] == word)
            levels.append({"name": word, "type": level["type"]})
            known = level.get("options", [])
        assert not any(each["type"] in {SUBCOMMAND, GROUP} for each in known), f"/{words} is not a whole command"
        resolved: Json = {}
        values = [self._option(known, each, value, focused, resolved) for each, value in options.items()]
        if not focused:
            missing = {each["name"] for each in known if each.get("required")} - options.keys()
            assert not missing, f"/{words} needs {sorted(missing)}"
        for level in reversed(levels):
            values = [{**level, "options": values}]
        made = {"id": command["id"], "name": name, "type": 1, "options": values}
        return made | ({"resolved": resolved} if resolved else {})

    def _option(self: FakeDiscord, known: list[Json], name: str, value: Any, focused: str, resolved: Json) -> Json:
        option = next((each for each in known if each["name"] == name), None)
        assert option is not None, f"there is no option {name!r}"
        kind = option["type"]
        if offered := option.get("choices"):
            assert value in [each["value"] for each in offered], f"{value!r} is not on offer for {name!r}"
        if kind == CHANNEL_OPTION:
            shown = {each: value[each] for each in ("id", "type", "name", "parent_id") if each in value}
            permissions = self.world.permissions(value, self.alice)
            resolved.setdefault("channels", {})[value["id"]] = {**shown, "permissions": str(permissions)}
        elif kind == ROLE_OPTION:
            resolved.setdefault("roles", {})[value["id"]] = value
        elif kind == USER_OPTION:
            resolved.setdefault("users", {})[value["id"]] = value
        told = value["id"] if kind in {CHANNEL_OPTION, ROLE_OPTION, USER_OPTION} else value
        return {"name": name, "type": kind, "value": told} | ({"focused": True} if name == focused else {})

    def _component(self, message: Json, which: str) -> Json:
        found = []

        def walk(components: list[Json]) -> None:
            for each in components:
                names = {each.get("custom_id"), each.get("label"), each.get("placeholder")}
                names.add((each.get("emoji") or {}).get("name"))
                if which in names:
                    found.append(each)
                walk(each.get("components", []))
                walk([each["accessory"]] if "accessory" in each else [])

        walk(message["components"])
        assert found, f"the message has no {which!r}"
        assert not found[0].get("disabled"), f"{which!r} is disabled"
        return found[0]

    async def _interact(
        self: FakeDiscord, kind: int, data: Json, author: Json | None, channel: Json | None,
        source: Json | None = None,
    ) -> Interaction:  # fmt: skip
        who, where = author or self.alice, channel or self.general
        made_id = self.world.id()
        made = Interaction(made_id, f"interaction-token-{made_id}", kind, where["id"], who, data, source)
        self.interactions[made.token] = made
        direct = where["type"] == DM
        told: Json = {
            "id": made.id, "application_id": self.application_id, "type": kind, "token": made.token, "version": 1,
            "channel_id": where["id"], "channel": {**where, "permissions": str(self.world.permissions(where, who))},
            "data": data, "app_permissions": str(self.world.permissions(where, self.world.bot)), "locale": "en-US",
            "entitlements": [], "context": 1 if direct else 0, "attachment_size_limit": 10_485_760,
            "authorizing_integration_owners": {"0": "0" if direct else self.guild["id"]},
        }  # fmt: skip
        if direct:
            told["user"] = who
        else:
            member = self.world.members[self.guild["id"], who["id"]]
            told |= {
                "guild_id": self.guild["id"], "guild_locale": "en-US",
                "guild": {"id": self.guild["id"], "features": [], "locale": "en-US"},
                "member": {**member, "permissions": str(self.world.permissions(where, who))},
            }  # fmt: skip
        if source is not None:
            told["message"] = self.world.seen(source)
        await self.tell("INTERACTION_CREATE", where, told)
        return made
