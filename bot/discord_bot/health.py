"""Tells machines how the bot on Discord is: liveness as JSON, and metrics for Prometheus."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from bot.corpus.catalog.topics import about_corpus
from bot.errors import NewsbotError

if TYPE_CHECKING:
    from bot.discord_bot.answer_service import AnswerService
    from bot.discord_bot.client import NewsClient

CORPUS_SECONDS = 15.0
"""How long what is known of the corpus is good for."""
GAUGES = {
    "healthy": ("Whether the bot is well.", "healthy"),
    "gateway_connected": ("Whether every shard is connected.", "gateway", "connected"),
    "heartbeat_latency_seconds": (
        "Time until a heartbeat was acknowledged, of the slowest shard.", "gateway", "latency_seconds"),
    "servers": ("Servers that the bot is in.", "servers"),
    "queue_waiting": ("Questions that wait.", "queue", "waiting"),
    "queue_running": ("Questions that are being answered.", "queue", "running"),
    "corpus_articles": ("Articles in the corpus.", "corpus", "articles"),
    "corpus_age_seconds": ("Time since the last ingest ended.", "corpus", "age_seconds"),
    "uptime_seconds": ("Time since the start.", "uptime_seconds"),
}  # fmt: skip
COUNTERS = {
    "gateway_losses": ("Times that the gateway was lost.", "gateway", "losses"),
    "connection_attempts": ("Clients made.", "gateway", "attempts"),
}
"""The metrics, each with what it says and its place in the report."""


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
        self._corpus: tuple[float, dict[str, Any]] = (float("-inf"), {})
        self._registry = CollectorRegistry()
        app = web.Application()
        app.router.add_get("/health", self._health)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None)

    async def __aenter__(self) -> Health:
        settings = self._running.service.context.settings
        host, port = settings.discord_health_address, settings.discord_health_port
        if port is None:
            return self
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise NewsbotError(
                f"Health cannot be given on {host}:{port}: {error.strerror}. Set another NEWSBOT_DISCORD_HEALTH_PORT."
            ) from error
        host, port = self._runner.addresses[0][:2]
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def report(self, corpus: dict[str, Any]) -> dict[str, Any]:
        """How the bot is, given how its corpus is; `problems` is empty where it is well."""
        client, queue = self._running.client, self._running.service.queue
        latencies = dict(client.latencies) if client is not None else {}
        shards = [
            {"id": id_, "connected": not shard.is_closed(), "latency_seconds": _known(latencies.get(id_, math.nan))}
            for id_, shard in (client.shards.items() if client is not None else ())
        ]
        problems = [str(corpus["error"])] if "error" in corpus else []
        if client is None or not client.is_ready() or not shards or client.is_closed():
            problems.append("not connected to Discord's gateway")
        problems += [f"shard {shard['id']} is not connected" for shard in shards if not shard["connected"]]
        return {
            "healthy": not problems,
            "problems": problems,
            "gateway": {
                "connected": bool(shards) and all(shard["connected"] for shard in shards),
                "latency_seconds": max((each for shard in shards if (each := shard["latency_seconds"])), default=None),
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
        for family, metrics in ((GaugeMetricFamily, GAUGES), (CounterMetricFamily, COUNTERS)):
            for name, (said, *path) in metrics.items():
                value: Any = told
                for key in path:
                    value = value.get(key)
                if value is not None:
                    yield family(f"newsbot_{name}", said, value=float(value))
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


def _known(seconds: float) -> float | None:
    return round(seconds, 4) if math.isfinite(seconds) else None
