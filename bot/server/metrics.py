"""What a server counts for Prometheus: requests by path and status, time to an answer, what the corpus holds."""

from __future__ import annotations

import time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """An ASGI middleware around an app whose router leaves the `route` in the scope; `text` gives what it counted."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "newsbot_http_requests", "Requests, by path and status.", ["path", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "newsbot_http_request_seconds",
            "Time until a reply was sent whole, in seconds.",
            ["path"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._waiting = Gauge("newsbot_queue_waiting", "Questions that wait.", registry=self._registry)
        self._articles = Gauge("newsbot_corpus_articles", "Articles in the corpus.", registry=self._registry)
        self._age = Gauge("newsbot_corpus_age_seconds", "Time since the last ingest ended.", registry=self._registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, sending)
        finally:
            # The route's path, not the address as called: each address would otherwise be a time series.
            path = getattr(scope.get("route"), "path", "other")
            self._requests.labels(path, str(status)).inc()
            self._seconds.labels(path).observe(time.perf_counter() - started)

    def text(self, waiting: int, corpus: dict[str, Any]) -> bytes:
        """All metrics in Prometheus' text form."""
        self._waiting.set(waiting)
        for gauge, value in ((self._articles, corpus.get("articles")), (self._age, corpus.get("age_seconds"))):
            gauge.set(float("nan") if value is None else value)
        return generate_latest(self._registry)
