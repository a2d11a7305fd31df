"""Work spread over many machines by Ray: passages are embedded, and files read, wherever a processor is free.

Every machine has the same newsbot installed; to read, the same files under the same paths as well.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import TYPE_CHECKING, Any, TypeVar

from bot.errors import ModelError, SettingsError, first_line

if TYPE_CHECKING:
    from bot.corpus.catalog.vectors import Vectors

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 4
"""Pieces of work that are given to each processor before the first result is back."""
TRIES = 3
"""Times that work is begun again on another machine after its machine was lost."""


class Cluster:
    """A Ray cluster at an address: host:port, ray://host:port, or "local" for one on this machine alone.

    It is connected to at the first call. Not to be shared between threads.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._ray: Any = None
        self._encoders: list[Any] = []
        self._encoders_options: Mapping[str, Any] = {}

    def map(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """What `work`, a function of a module, makes of each of the items, in their order.

        Raises what it raises, SettingsError where no cluster answers, ModelError where the cluster is lost.
        """
        ray = self._connected()
        with self._told():
            remote = ray.remote(max_retries=TRIES)(work)
            processors = self._processors()
        yield from self._in_order(remote.remote, items, processors)

    def encode_many(self, options: Mapping[str, Any], parts: Sequence[list[str]]) -> Generator[Vectors]:
        """The vectors of each part of texts, as `load_embeddings(**options)` makes them on one of the machines.

        Models stay loaded for the next call. Raises as `map`.
        """
        ray = self._connected()
        with self._told():
            if not self._encoders or self._encoders_options != options:
                threads = options.get("threads") or 1
                # They reserve no processor while they wait; otherwise reading would never get one.
                options_of = {"num_cpus": 0, "scheduling_strategy": "SPREAD"}
                remote = ray.remote(**options_of, max_restarts=TRIES, max_task_retries=TRIES)(_Encoder)
                count = max(1, self._processors() // threads)
                self._encoders = [remote.remote({**options, "threads": threads}) for _ in range(count)]
                self._encoders_options = dict(options)
        pairs = zip(cycle(self._encoders), parts, strict=False)
        yield from self._in_order(lambda pair: pair[0].encode.remote(pair[1]), pairs, len(self._encoders))

    def close(self) -> None:
        """Leave the cluster; one of this machine alone ends."""
        if self._ray is not None:
            self._ray.shutdown()
        self._ray, self._encoders = None, []

    def _in_order(self, give: Callable[[T], Any], items: Iterable[T], workers: int) -> Generator[Any]:
        """What the cluster makes of the items, in their order; `give` hands one out."""
        running: deque[Any] = deque()
        for item in items:
            with self._told():
                running.append(give(item))
            if len(running) >= AHEAD * workers:
                yield self._result(running.popleft())
        while running:
            yield self._result(running.popleft())

    def _processors(self) -> int:
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def _result(self, reference: Any) -> Any:
        with self._told():
            return self._ray.get(reference)

    def _connected(self) -> Any:
        if self._ray is None:
            try:
                import ray
            except ImportError as error:
                raise SettingsError(
                    "NEWSBOT_RAY_ADDRESS needs the package ray: pip install 'newsbot[ray]', or leave it empty."
                ) from error
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # telemetry: off
            try:
                if not ray.is_initialized():
                    ray.init(address=self.address, include_dashboard=False, log_to_driver=False, logging_level="error")
            except Exception as error:
                raise SettingsError(
                    f"NEWSBOT_RAY_ADDRESS: no Ray cluster answers at {self.address} ({first_line(error)}). Start one "
                    "with `ray start --head`, or leave the setting empty."
                ) from error
            self._ray = ray
        return self._ray

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of the work are raised as they are; errors of the cluster become a ModelError."""
        from ray.exceptions import RayError, RayTaskError

        try:
            yield
        except RayTaskError as error:
            raise (error.cause or error) from None
        except RayError as error:
            raise ModelError(
                f"The Ray cluster at {self.address} failed ({type(error).__name__}). What was stored is safe: run the "
                "command again when it is up, or without NEWSBOT_RAY_ADDRESS."
            ) from error


class _Encoder:
    """Lives on one of the machines, with the model loaded."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        from bot.models.embeddings import load_embeddings

        self._embeddings = load_embeddings(**options)

    def encode(self, texts: list[str]) -> Vectors:
        return self._embeddings.encode(texts, "document")
