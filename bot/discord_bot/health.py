"""Tells machines how the bot on Discord is: liveness as JSON, and metrics for Prometheus."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import web
from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from bot.corpus.catalog.topics import about_corpus
from bot.errors import NewsbotError

if TYPE_CHECKING:
    from discord import ShardInfo

    from bot.discord_bot.answer_service import AnswerService
    from bot.discord_bot.client import NewsClient

CORPUS_SECONDS = 15.0
"""How long what is known of the corpus is good for."""
LOOP_CHECK_SECONDS = 0.1
DELAYS_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class Watched(Protocol):
    """What health tells of: the bot from its start (`started`, monotonic seconds) to its end."""

    client: NewsClient | None
    service: AnswerService
    attempts: int
    started: float


class Health:
    """Serves `/health` and `/metrics` while it is entered, if a port is set. `address` is where ("" for nowhere).

    Entering raises NewsbotError where the port cannot be had.
    """

    def __init__(self, running: Watched) -> None:
        self.address = ""
        self._running = running
        self._port = running.service.context.settings.discord_health_port
        self._host = running.service.context.settings.discord_health_address
        self._runner: web.AppRunner | None = None
        self._watching: asyncio.Task[None] | None = None
        self._corpus: tuple[float, dict[str, Any]] = (float("-inf"), {})
        self._registry = CollectorRegistry()
        self._delays = Histogram(
            "newsbot_event_loop_delay_seconds",
            "How late the event loop wakes up.",
            buckets=DELAYS_SECONDS,
            registry=self._registry,
        )

    async def __aenter__(self) -> Health:
        if self._port is None:
            return self
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        app = web.Application()
        app.router.add_get("/health", self._health)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise NewsbotError(
                f"Health cannot be given on {self._host}:{self._port}: {error.strerror}. "
                "Set another NEWSBOT_DISCORD_HEALTH_PORT."
            ) from error
        host, port = self._runner.addresses[0][:2]
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._watching is not None:
            self._watching.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    def report(self, corpus: dict[str, Any]) -> dict[str, Any]:
        """How the bot is, given how its corpus is; `problems` is empty where it is well."""
        client = self._running.client
        shards = [_shard(shard) for shard in client.shards.values()] if client is not None else []
        queue = self._running.service.queue
        problems = [str(corpus["error"])] if "error" in corpus else []
        if client is None or not client.is_ready() or not shards or client.is_closed():
            problems.append("not connected to Discord's gateway")
        problems += [f"shard {shard['id']} is not connected" for shard in shards if not shard["connected"]]
        latencies = [shard["latency_seconds"] for shard in shards if shard["latency_seconds"] is not None]
        return {
            "healthy": not problems,
            "problems": problems,
            "gateway": {
                "connected": bool(shards) and all(shard["connected"] for shard in shards),
                "latency_seconds": max(latencies, default=None),
                "losses": client.losses if client is not None else 0,
                "attempts": self._running.attempts,
                "shards": shards,
            },
            "servers": len(client.guilds) if client is not None else 0,
            "queue": {"waiting": queue.waiting, "running": queue.running},
            "corpus": corpus,
            "uptime_seconds": round(time.monotonic() - self._running.started, 1),
        }

    def collect(self) -> Iterator[Metric]:
        """The metrics of this moment, for the registry."""
        told = self.report(self._corpus[1])
        gateway, corpus = told["gateway"], told["corpus"]
        gauges = {
            "newsbot_healthy": ("Whether the bot is well.", told["healthy"]),
            "newsbot_gateway_connected": ("Whether every shard is connected.", gateway["connected"]),
            "newsbot_heartbeat_latency_seconds": (
                "Time until a heartbeat was acknowledged, of the slowest shard.", gateway["latency_seconds"]),
            "newsbot_servers": ("Servers that the bot is in.", told["servers"]),
            "newsbot_queue_waiting": ("Questions that wait.", told["queue"]["waiting"]),
            "newsbot_queue_running": ("Questions that are being answered.", told["queue"]["running"]),
            "newsbot_corpus_articles": ("Articles in the corpus.", corpus.get("articles")),
            "newsbot_corpus_age_seconds": ("Time since the last ingest ended.", corpus.get("age_seconds")),
            "newsbot_uptime_seconds": ("Time since the start.", told["uptime_seconds"]),
        }  # fmt: skip
        for name, (said, value) in gauges.items():
            if value is not None:
                yield GaugeMetricFamily(name, said, value=float(value))
        yield CounterMetricFamily(
            "newsbot_gateway_losses", "Times that the gateway was lost.", value=float(gateway["losses"])
        )
        yield CounterMetricFamily("newsbot_connection_attempts", "Clients made.", value=float(gateway["attempts"]))
        kinds = CounterMetricFamily("newsbot_interactions", "Interactions, by kind.", labels=["kind"])
        for kind, count in (self._running.client.interactions if self._running.client else {}).items():
            kinds.add_metric([kind], float(count))
        yield kinds

    async def _health(self, _: web.Request) -> web.Response:
        told = self.report(await self._about_corpus())
        return web.json_response(told, status=200 if told["healthy"] else 503)

    async def _metrics(self, _: web.Request) -> web.Response:
        await self._about_corpus()
        text = generate_latest(self._registry)
        return web.Response(body=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    async def _about_corpus(self) -> dict[str, Any]:
        asked, found = self._corpus
        if time.monotonic() - asked > CORPUS_SECONDS:
            found = await asyncio.to_thread(about_corpus, self._running.service.context.corpus)
            self._corpus = (time.monotonic(), found)
        return found

    async def _watch(self) -> None:
        """Measure, all the time, how late the event loop is."""
        while True:
            before = time.perf_counter()
            await asyncio.sleep(LOOP_CHECK_SECONDS)
            self._delays.observe(max(0.0, time.perf_counter() - before - LOOP_CHECK_SECONDS))


def _shard(shard: ShardInfo) -> dict[str, Any]:
    """One connection."""
    connected = not shard.is_closed()
    known = connected and math.isfinite(shard.latency)
    return {"id": shard.id, "connected": connected, "latency_seconds": round(shard.latency, 4) if known else None}
