"""Tells machines how the bot on Discord is: liveness as JSON, and metrics for Prometheus."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterator
from typing import Any

import discord
from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily as Counter
from prometheus_client.core import GaugeMetricFamily as Gauge
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric

from bot.corpus.catalog.topics import about_corpus
from bot.discord_bot.answer_service import AnswerService
from bot.errors import NewsbotError

CORPUS_SECONDS = 15.0
"""How long what is known of the corpus is good for."""
METRICS: dict[str, tuple[Any, ...]] = {
    "healthy": (Gauge, "Whether the bot is well.", "healthy"),
    "gateway_connected": (Gauge, "Whether every shard is connected.", "gateway", "connected"),
    "heartbeat_latency_seconds": (Gauge, "Heartbeat to reply, slowest shard.", "gateway", "latency_seconds"),
    "gateway_losses": (Counter, "Times that the gateway was lost.", "gateway", "losses"),
    "connection_attempts": (Counter, "Clients made.", "gateway", "attempts"),
    "servers": (Gauge, "Servers that the bot is in.", "servers"),
    "queue_waiting": (Gauge, "Questions that wait.", "queue", "waiting"),
    "queue_running": (Gauge, "Questions that are being answered.", "queue", "running"),
    "corpus_articles": (Gauge, "Articles in the corpus.", "corpus", "articles"),
    "corpus_age_seconds": (Gauge, "Time since the last ingest ended.", "corpus", "age_seconds"),
    "uptime_seconds": (Gauge, "Time since the start.", "uptime_seconds"),
}
"""What each metric is, what it says, and its place in the report."""


class Health:
    """Serves `/health` and `/metrics` while it is entered, if a port is set. `address` is where ("" for nowhere).

    Entering raises NewsbotError where the port cannot be had.
    """

    def __init__(self, service: AnswerService) -> None:
        self.address = ""
        self._service = service
        self._started = time.monotonic()
        self._corpus: dict[str, Any] = {}
        self._asked = float("-inf")
        self._told: dict[str, Any] = {}
        self._registry = CollectorRegistry()
        app = web.Application()
        app.add_routes([web.get("/health", self._health), web.get("/metrics", self._metrics)])
        self._runner = web.AppRunner(app, access_log=None)

    async def __aenter__(self) -> Health:
        settings = self._service.context.settings
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
                f"Health cannot be served on {host}:{port}: {error.strerror}. Set another NEWSBOT_DISCORD_HEALTH_PORT."
            ) from error
        host, port = self._runner.addresses[0][:2]
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def report(self) -> dict[str, Any]:
        """How the bot is; `problems` is empty where it is well."""
        if time.monotonic() - self._asked > CORPUS_SECONDS:
            self._corpus = await asyncio.to_thread(about_corpus, self._service.context.corpus)
            self._asked = time.monotonic()
        client, queue, counts = self._service.client, self._service.queue, self._service.counts
        latencies = client.latencies if client is not None else []
        known = {id_: round(seconds, 4) for id_, seconds in latencies if math.isfinite(seconds)}
        shards = [
            {"id": id_, "connected": not shard.is_closed(), "latency_seconds": known.get(id_)}
            for id_, shard in (client.shards.items() if client is not None else ())
        ]
        problems = [self._corpus["error"]] if "error" in self._corpus else []
        if client is None or not client.is_ready() or not shards or client.is_closed():
            problems.append("not connected to Discord's gateway")
        problems += [f"shard {shard['id']} is not connected" for shard in shards if not shard["connected"]]
        self._told = {
            "healthy": not problems,
            "problems": problems,
            "gateway": {
                "connected": bool(shards) and all(shard["connected"] for shard in shards),
                "latency_seconds": max(known.values(), default=None),
                "losses": counts["losses"],
                "attempts": counts["attempts"],
                "shards": shards,
            },
            "servers": len(client.guilds) if client is not None else 0,
            "queue": {"waiting": queue.waiting, "running": queue.running},
            "corpus": self._corpus,
            "uptime_seconds": round(time.monotonic() - self._started, 1),
        }
        return self._told

    def collect(self) -> Iterator[Metric]:
        """What was reported last, as metrics for the registry."""
        for name, (family, said, *path) in METRICS.items():
            value: Any = self._told
            for key in path:
                value = value.get(key)
            if value is not None:
                yield family(f"newsbot_{name}", said, value=float(value))
        kinds = Counter("newsbot_interactions", "Interactions, by kind.", labels=["kind"])
        for kind in discord.InteractionType:
            if count := self._service.counts[kind.name]:
                kinds.add_metric([kind.name], float(count))
        yield kinds

    async def _health(self, _: web.Request) -> web.Response:
        told = await self.report()
        return web.json_response(told, status=200 if told["healthy"] else 503)

    async def _metrics(self, _: web.Request) -> web.Response:
        await self.report()
        headers = {"Content-Type": CONTENT_TYPE_PLAIN_0_0_4}
        return web.Response(body=generate_latest(self._registry), headers=headers)
