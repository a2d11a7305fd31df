"""The fake Discord notices what Discord would refuse: without that, tests over it would prove nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests import fake_discord_people
from tests.fake_discord import FakeDiscord
from tests.fake_discord_contract import DESCRIPTION, Contract, broken_limits, message_in, unsafe_mentions

SAFE = {"parse": []}
needs_description = pytest.mark.skipif(not DESCRIPTION.exists(), reason="Discord's API description is not beside this")


@asynccontextmanager
async def asking(fake: FakeDiscord) -> AsyncIterator[Any]:
    """Requests with the bot's token: method, path, body -> status and reply."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {fake.token}"}) as session:

        async def ask(method: str, path: str, body: Any = None) -> tuple[int, Any]:
            async with session.request(method, fake.api_base + path, json=body) as response:
                return response.status, await response.json() if response.status != 204 else None

        yield ask


@needs_description
@pytest.mark.parametrize(
    ("method", "path", "body", "fine"),
    [
        ("POST", "/channels/1/messages", {"content": "hi", "allowed_mentions": SAFE}, True),
        ("POST", "/channels/1/messages", {"embeds": [{"title": "t" * 256, "description": "d" * 4096}]}, True),
        ("POST", "/channels/1/messages", {"embeds": [{"description": "d" * 4097}]}, False),
        ("POST", "/channels/1/messages", {"embeds": [{"title": "t" * 257}]}, False),
        ("POST", "/channels/1/messages", {"embeds": [{"title": "t"}] * 11}, False),
        ("POST", "/channels/1/messages", {"message_reference": {"message_id": 1574036939613458478}}, True),
        ("POST", "/channels/1/messages", {"allowed_mentions": {"parse": ["everybody"]}}, False),
        ("POST", "/channels/1/messages/2/threads", {"name": "n" * 100}, True),
        ("POST", "/channels/1/messages/2/threads", {"name": "n" * 101}, False),
        ("POST", "/interactions/1/t/callback", {"type": 5, "data": {"flags": 64}}, True),
        ("POST", "/interactions/1/t/callback", {"type": 99}, False),
        ("PATCH", "/webhooks/1/t/messages/@original", {"content": "x"}, True),
        ("PUT", "/applications/1/commands", [{"name": "ask", "type": 1, "description": "d" * 101}], False),
        ("GET", "/users/@me", None, True),
        ("POST", "/no/such/route", {}, False),
    ],
)
def test_bodies_are_held_against_the_description(method: str, path: str, body: Any, fine: bool) -> None:
    assert (Contract().of_request(method, path, body) is None) is fine


def test_limits_that_the_description_lacks() -> None:
    assert broken_limits({"content": "c" * 2000}) is None
    assert broken_limits({"content": "c" * 2001})
    pages = [{"description": "d" * 3000}, {"description": "d" * 2990, "footer": {"text": "f" * 10}}]
    assert broken_limits({"embeds": pages}) is None
    pages.append({"fields": [{"name": "n", "value": ""}]})
    assert broken_limits({"embeds": pages})


def test_which_requests_hold_a_message() -> None:
    assert message_in("POST", "/channels/1/messages", {"content": "x"}) == {"content": "x"}
    assert message_in("PATCH", "/webhooks/1/a.b/messages/@original", {"content": "x"}) == {"content": "x"}
    assert message_in("POST", "/interactions/1/t/callback", {"type": 4, "data": {"content": "x"}}) == {"content": "x"}
    assert message_in("POST", "/interactions/1/t/callback", {"type": 5, "data": {"flags": 64}}) is None
    assert message_in("POST", "/channels/1/typing", {}) is None


@pytest.mark.parametrize(
    ("allowed", "unsafe"),
    [
        (None, True),
        ({"parse": []}, False),
        ({"parse": ["users"]}, True),
        ({"parse": [], "users": ["1"]}, True),
        ({"parse": [], "replied_user": True}, True),
        ({"parse": [], "replied_user": False}, False),
    ],
)
def test_what_could_ping_somebody(allowed: Any, unsafe: bool) -> None:
    assert unsafe_mentions({"content": "@everyone", "allowed_mentions": allowed}) is unsafe


async def test_an_unsafe_message_fails_the_test_that_sent_it() -> None:
    with pytest.raises(AssertionError, match="allowed_mentions"):
        async with FakeDiscord() as fake, asking(fake) as ask:
            assert (await ask("POST", f"/channels/{fake.general['id']}/messages", {"content": "@everyone"}))[0] == 200
            assert fake.messages(fake.general)[0]["mention_everyone"]


async def test_a_message_that_is_too_long_fails_the_test_that_sent_it() -> None:
    with pytest.raises(AssertionError, match="2001 characters"):
        async with FakeDiscord() as fake, asking(fake) as ask:
            body = {"content": "c" * 2001, "allowed_mentions": SAFE}
            assert (await ask("POST", f"/channels/{fake.general['id']}/messages", body))[0] == 400


async def test_an_interaction_is_acknowledged_once_and_in_time() -> None:
    async with FakeDiscord(acknowledge_seconds=0.2) as fake, asking(fake) as ask:
        fake.world.commands[""] = [{"id": "1", "name": "ask", "type": 1, "options": [],
                                    "default_member_permissions": None}]  # fmt: skip
        first, late = await fake.slash("ask"), await fake.slash("ask")
        body = {"type": 4, "data": {"content": "x", "allowed_mentions": SAFE}}
        path = f"/interactions/{first.id}/{first.token}/callback"
        assert (await ask("PATCH", f"/webhooks/1/{first.token}/messages/@original", body["data"]))[1]["code"] == 10015
        assert (await ask("POST", path, body))[0] == 204
        assert (await ask("POST", path, body))[1]["code"] == 40060
        await fake.until(lambda: late.age_seconds > 0.25)
        assert (await ask("POST", f"/interactions/{late.id}/{late.token}/callback", body))[1]["code"] == 10062


async def test_permissions_count() -> None:
    async with FakeDiscord() as fake, asking(fake) as ask:
        messages = f"/channels/{fake.general['id']}/messages"
        said = await fake.say("hello")
        fake.world.deny(fake.general, fake.bot, "embed_links", "create_public_threads", "read_message_history")
        body = {"embeds": [{"title": "t"}], "allowed_mentions": SAFE}
        assert (await ask("POST", messages, body))[1]["code"] == 50013
        assert (await ask("POST", f"{messages}/{said['id']}/threads", {"name": "t"}))[1]["code"] == 50013
        assert (await ask("GET", messages))[1] == []
        fake.world.deny(fake.general, fake.bot, "view_channel")
        assert (await ask("GET", messages))[1]["code"] == 50001


async def test_a_command_that_was_never_synced_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake_discord_people, "COMMANDS_SECONDS", 0.1)
    async with FakeDiscord() as fake:
        with pytest.raises(AssertionError, match="nobody sees it"):
            await fake.slash("ask")
