"""Loads models by name quietly, and gives up at once where the hub that they are downloaded from cannot be reached."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REACH_SECONDS = 3.0


@contextmanager
def loading_from_hub(model: str) -> Iterator[None]:
    """While inside, a model of that name or folder may be loaded.

    Without a network the hub's library tries each file six times, 23 seconds in all, also for a model in its cache.
    So one request is made before, and where none answers the cache alone is looked into.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or not (Path(model).is_dir() or _is_reached(constants.ENDPOINT))
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _is_reached(address: str) -> bool:
    from huggingface_hub import get_session

    try:
        get_session().head(address, timeout=REACH_SECONDS)  # any answer will do: the library's session knows proxies
    except Exception:
        return False
    return True
