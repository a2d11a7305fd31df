"""`newsbot discord --check`: what is missing is said with its remedy, and nothing else is; the systemd unit.

Real sockets, a fake Discord.
"""

from __future__ import annotations

import configparser
import shlex
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.cli.discord_bot import unit
from bot.discord_bot.check import Finding, check
from bot.discord_bot.client import LEAST_PERMISSIONS
from bot.settings import Settings
from tests.fake_discord import FakeDiscord
from tests.fakes import run_newsbot


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as made:
        yield made


async def checked(fake: FakeDiscord, sample: Settings, **more: object) -> list[Finding]:
    given = {"data_dir": sample.data_dir, "cache_dir": sample.cache_dir}
    given |= {"discord_token": fake.token, "discord_api_base": fake.api_base}
    return await check(Settings(**(given | more)))


def missing(found: list[Finding]) -> list[str]:
    return [finding.subject for finding in found if not finding.fine]


def whole(found: list[Finding]) -> str:
    return "\n".join(f"{finding.subject}: {finding.said} {finding.remedy}" for finding in found)


async def test_nothing_is_missing(fake: FakeDiscord, sample_settings: Settings) -> None:
    found = await checked(fake, sample_settings)
    assert not missing(found)
    subjects = ["token", "intents", "commands", "gateway", "servers", "invite"]
    assert [each.subject for each in found] == subjects
    assert f"client_id={fake.application_id}" in found[-1].said
    assert str(LEAST_PERMISSIONS.value) in found[-1].said
    assert not fake.gateway.connections, "no client was connected"
    assert {each.method for each in fake.requests} == {"GET"}
    assert fake.token not in whole(found)


async def test_a_missing_token(fake: FakeDiscord, sample_settings: Settings) -> None:
    found = await checked(fake, sample_settings, discord_token=None)
    assert missing(found) == ["token"]
    assert "developer portal" in whole(found)
    assert "invite" not in [each.subject for each in found]


async def test_a_bad_token(fake: FakeDiscord, sample_settings: Settings) -> None:
    found = await checked(fake, sample_settings, discord_token="not.this.one")
    assert missing(found) == ["token"]
    assert "not.this.one" not in whole(found)


async def test_a_missing_intent(sample_settings: Settings) -> None:
    async with FakeDiscord(content_intent=False) as fake:
        found = await checked(fake, sample_settings)
        assert missing(found) == ["intents"]
        assert "Privileged Gateway Intents" in whole(found)
        assert not missing(await checked(fake, sample_settings, discord_mention_trigger=False))


async def test_missing_permissions(fake: FakeDiscord, sample_settings: Settings) -> None:
    everyone = fake.guild["roles"][0]
    everyone["permissions"] = str(int(everyone["permissions"]) & ~(1 << 14) & ~(1 << 35))
    found = await checked(fake, sample_settings)
    assert missing(found) == ["permissions in Newsroom"]
    assert {"embed links", "create public threads"} == set(
        found[-2].said.removeprefix("without ").removesuffix(".").split(", ")
    )


async def test_a_bot_that_is_in_no_server(fake: FakeDiscord, sample_settings: Settings) -> None:
    fake.world.members.clear()
    found = await checked(fake, sample_settings)
    assert missing(found) == ["servers"]


async def test_more_servers_than_a_page_has(fake: FakeDiscord, sample_settings: Settings) -> None:
    for number in range(201):
        fake.world.guild(f"Server {number}", fake.bob)
    found = await checked(fake, sample_settings)
    assert not missing(found)
    assert "202 of 202" in whole(found)


async def test_interactions_that_go_elsewhere(fake: FakeDiscord, sample_settings: Settings) -> None:
    fake.interactions_endpoint = "https://elsewhere.example/interactions"
    assert missing(await checked(fake, sample_settings)) == ["commands"]


async def test_no_connections_left_today(fake: FakeDiscord, sample_settings: Settings) -> None:
    fake.sessions_left = 0
    found = await checked(fake, sample_settings)
    assert missing(found) == ["gateway"]
    assert "in 4.0 hours" in whole(found)


async def test_discord_is_away(fake: FakeDiscord, sample_settings: Settings) -> None:
    fake.fail("GET", "/users/@me", status=503)
    assert missing(await checked(fake, sample_settings)) == ["Discord"]
    assert missing(await checked(fake, sample_settings, discord_api_base="http://127.0.0.1:9/api")) == ["Discord"]


def test_the_command_line_says_what_is_missing_and_exits_with_1(tmp_path: Path) -> None:
    done = run_newsbot("discord", "--check", env={"NEWSBOT_DATA_DIR": str(tmp_path / "none")})
    assert done.returncode == 1
    assert done.stdout.count("WRONG") == 2
    assert "WRONG  token:" in done.stdout
    assert "WRONG  corpus:" in done.stdout
    assert "newsbot demo" in done.stdout
    assert "Traceback" not in done.stderr


# The unit of systemd


def test_the_unit_is_filled_in_for_this_installation(tmp_path: Path) -> None:
    text = unit(Settings(data_dir=tmp_path / "my data", cache_dir=tmp_path / "cache"))
    assert "{" not in text
    parsed = configparser.ConfigParser(interpolation=None, strict=False)
    parsed.optionxform = str  # type: ignore[assignment, method-assign]
    parsed.read_string(text)
    service = parsed["Service"]
    program, command, *options = shlex.split(service["ExecStart"])
    assert Path(program).exists()
    assert (command, options) == ("discord", ["--data", str(tmp_path / "my data")])
    assert service["Restart"] == "on-failure"
    assert service["RestartPreventExitStatus"] == "2"
    assert shlex.split(service["ReadWritePaths"]) == [f"-{tmp_path}/my data", f"-{tmp_path}/cache"]
