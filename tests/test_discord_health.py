"""Health of the bot on Discord: what machines are told, over HTTP, while all is well and while it is not.

Real sockets, a real discord.py client, a fake Discord.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.discord_bot.health import Health, about_corpus
from bot.discord_bot.running import Running
from bot.errors import NewsbotError
from bot.settings import Settings
from bot.wiring import open_corpus
from tests.fake_discord import FakeDiscord
from tests.fake_discord_bot import Echo, echoing, serving


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord(heartbeat_seconds=0.2) as made:
        yield made


class Asking:
    """Asks a bot's health over HTTP."""

    def __init__(self, address: str, session: aiohttp.ClientSession) -> None:
        self._base = f"http://{address}"
        self._session = session

    async def health(self) -> tuple[int, dict[str, Any]]:
        async with self._session.get(self._base + "/health") as response:
            return response.status, await response.json()

    async def metrics(self) -> dict[str, float]:
        """Every sample by its name and labels."""
        async with self._session.get(self._base + "/metrics") as response:
            assert response.status == 200
            text = await response.text()
        samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
        return {sample.name + "".join(f"/{value}" for value in sample.labels.values()): sample.value
                for sample in samples}  # fmt: skip


@asynccontextmanager
async def asking(running: Running) -> AsyncIterator[Asking]:
    async with Health(running.service) as health, aiohttp.ClientSession() as session:
        yield Asking(health.address, session)


async def test_a_bot_that_is_well_says_so(fake: FakeDiscord, tmp_path: Path) -> None:
    running = echoing(fake, tmp_path, discord_health_port=0)
    async with asking(running) as ask, serving(running):
        await fake.connected()
        await fake.until(lambda: running.client and running.client.is_ready())
        asked = await fake.slash("echo", words="hello")
        await fake.answered(asked)
        await fake.until(lambda: len(fake.gateway.open[0].heartbeats) > 2)
        status, told = await ask.health()
        metrics = await ask.metrics()
    assert status == 200
    assert told["healthy"]
    assert told["problems"] == []
    assert told["gateway"]["connected"]
    assert told["gateway"]["shards"][0]["latency_seconds"] is not None
    assert told["servers"] == 1
    assert told["queue"] == {"waiting": 0, "running": 0}
    assert told["corpus"] == {"articles": 0, "newest": None, "age_seconds": None}
    assert metrics["newsbot_healthy"] == 1
    assert metrics["newsbot_gateway_connected"] == 1
    assert 0 < metrics["newsbot_heartbeat_latency_seconds"] < 60
    assert metrics["newsbot_interactions_total/application_command"] == 1
    assert metrics["newsbot_connection_attempts_total"] == 1


async def test_a_bot_without_a_gateway_is_not_well(fake: FakeDiscord, tmp_path: Path) -> None:
    running = echoing(fake, tmp_path, discord_health_port=0)
    async with asking(running) as ask:
        status, told = await ask.health()
        assert status == 503
        assert told["problems"] == ["not connected to Discord's gateway"]
        assert told["gateway"]["latency_seconds"] is None
        async with serving(running):
            await fake.connected()
            await fake.until(lambda: running.client and running.client.is_ready())
            assert (await ask.health())[0] == 200
            fake.gateway.refuse_handshakes = 1000
            await fake.gateway.drop()
            await fake.until(lambda: running.service.counts["losses"] and running.client.shards[0].is_closed())
            status, told = await ask.health()
            assert status == 503
            assert told["problems"] == ["shard 0 is not connected"]
            assert (await ask.metrics())["newsbot_gateway_losses_total"] == 1
            assert (await ask.metrics())["newsbot_healthy"] == 0


async def test_every_shard_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = asyncio.sleep
    monkeypatch.setattr("discord.client.asyncio.sleep", lambda seconds, *rest: real(min(seconds, 0.05), *rest))
    async with FakeDiscord() as fake:
        running = echoing(fake, tmp_path, discord_health_port=0, discord_shards=2)
        async with asking(running) as ask, serving(running):
            await fake.connected(2)
            await fake.until(lambda: running.client and running.client.is_ready())
            _, told = await ask.health()
    assert told["healthy"]
    assert [shard["id"] for shard in told["gateway"]["shards"]] == [0, 1]


async def test_the_queue_is_told(fake: FakeDiscord, tmp_path: Path) -> None:
    echo = Echo()
    echo.hold.clear()
    running = echoing(fake, tmp_path, echo, discord_health_port=0)
    async with asking(running) as ask, serving(running):
        await fake.connected()
        for person in [fake.alice, fake.bob, *(fake.person(f"person {n}") for n in range(4))]:
            await fake.slash("echo", words="wait", author=person)
        await fake.until(lambda: running.service.queue.waiting == 2)
        _, told = await ask.health()
        metrics = await ask.metrics()
        echo.hold.set()
    assert told["queue"] == {"waiting": 2, "running": 4}
    assert (metrics["newsbot_queue_waiting"], metrics["newsbot_queue_running"]) == (2, 4)


async def test_without_a_port_nothing_is_opened(fake: FakeDiscord, tmp_path: Path) -> None:
    async with Health(echoing(fake, tmp_path).service) as health:
        assert health.address == ""


async def test_a_port_that_is_taken_is_told(fake: FakeDiscord, tmp_path: Path) -> None:
    async with Health(echoing(fake, tmp_path / "one", discord_health_port=0).service) as first:
        port = int(first.address.rsplit(":", 1)[1])
        with pytest.raises(NewsbotError, match="NEWSBOT_DISCORD_HEALTH_PORT"):
            await Health(echoing(fake, tmp_path / "two", discord_health_port=port).service).__aenter__()


async def test_it_listens_on_this_machine_alone_unless_told_otherwise(fake: FakeDiscord, tmp_path: Path) -> None:
    async with Health(echoing(fake, tmp_path, discord_health_port=0).service) as health:
        assert health.address.startswith("127.0.0.1:")


def test_the_corpus_is_told_with_its_age(sample_settings: Settings) -> None:
    corpus = open_corpus(sample_settings)
    told = about_corpus(corpus)
    assert told["articles"] > 30
    assert told["newest"] >= "2025"
    assert told["age_seconds"] >= 0


def test_a_corpus_that_cannot_be_read_is_a_problem() -> None:
    def broken() -> None:
        raise OSError(5, "Input/output error")

    told = about_corpus(SimpleNamespace(coverage=broken))  # type: ignore[arg-type]
    assert told == {"error": "the corpus cannot be read (OSError)"}
