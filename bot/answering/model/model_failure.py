"""Why a call of a chat model failed, in words fit to show: read from any provider's error. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.errors import ModelError

QUOTA_CODES = {"insufficient_quota", "billing_hard_limit_reached"}
"""A 429 that no waiting cures."""
RETRIED_STATUSES = {408, 409, 425, 429}
STATUS_OF_CLASS = {
    "ModelAuthenticationError": 401,
    "AuthenticationError": 401,
    "ModelNotFoundError": 404,
    "ModelRateLimitError": 429,
}
"""What errors without a status mean, by the name of their class."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong. `said` completes the sentence "The chat model ..."; `outcome` is a word for logs."""

    outcome: str
    said: str
    is_passing: bool = False
    """Whether the same call may succeed later."""
    retry_after_seconds: float | None = None
    """How long the server asks to wait."""


class ModelFailed(ModelError):
    """A call of a chat model came to nothing; the text says why. Nothing of the provider's own text is in it: that
    may hold a key or a prompt.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"The chat model {failure.said}.")
        self.failure = failure


LATE = Failure("timeout", "did not answer in time")
BUSY = Failure("busy", "has as many questions as it takes at once")
ENDLESS = Failure("endless", "did not stop writing")
CUT = Failure("cut", "broke off in the middle of its answer", is_passing=True)
EMPTY = Failure("empty", "gave an empty answer", is_passing=True)
DECLINED = Failure("declined", "declined to answer")
GARBLED = Failure("garbled", "gave an answer that cannot be read", is_passing=True)
UNCHECKED = Failure("unchecked", "wrote something that could not be checked")
UNVERIFIED = Failure("unverified", "gave no verdict on its own answer that can be read")
UNSUPPORTED = Failure("unsupported", "wrote nothing that the articles support")


def failure_of(error: BaseException, *, has_begun: bool) -> Failure:
    """What an error of a model's library means. `has_begun`: whether text had come before it."""
    status = next(filter(None, map(_status, _chain(error))), None)
    if status is not None:
        return _of_status(status, error)
    names = {base.__name__ for each in _chain(error) for base in type(each).__mro__}
    if any("Timeout" in name for name in names):
        return Failure("timeout", LATE.said, is_passing=True)
    for known, status in STATUS_OF_CLASS.items():
        if known in names:
            return _of_status(status, error)
    # Decoding errors are ValueErrors too; an error that a server sends inside a stream has a name, and no status.
    if {"UnicodeDecodeError", "JSONDecodeError"} & names:
        return GARBLED
    if "ModelAPIError" in names:
        return _of_status(500, error)
    if has_begun and ({"APIError", "TransportError", "OSError"} & names):
        return CUT
    if {"ModelConnectionError", "APIConnectionError", "TransportError", "OSError"} & names:
        return Failure("unreachable", "cannot be reached", is_passing=True)
    if isinstance(error, ValueError | TypeError | KeyError | AttributeError):
        return GARBLED
    return Failure("error", f"failed ({type(error).__name__})", is_passing=True)


def _of_status(status: int, error: BaseException) -> Failure:
    if status in (401, 403):
        return Failure(f"http_{status}", f"refuses the key (HTTP {status})")
    if status == 404:
        return Failure("http_404", "is not known to its provider (HTTP 404)")
    if status == 429:
        if any(str(getattr(each, "code", "")) in QUOTA_CODES for each in _chain(error)):
            return Failure("quota", "has no quota left (HTTP 429)")
        return Failure("http_429", "is asked too often (HTTP 429)", True, _retry_after(error))
    if status >= 500:
        return Failure(f"http_{status}", f"is out of order (HTTP {status})", True, _retry_after(error))
    return Failure(f"http_{status}", f"refuses the request (HTTP {status})", status in RETRIED_STATUSES)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those that it came from, a few at most."""
    for _ in range(8):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def _status(error: BaseException) -> int | None:
    response: Any = getattr(error, "response", None)
    for holder, name in ((error, "status_code"), (response, "status_code"), (error, "code")):
        value = getattr(holder, name, None)
        if isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599:
            return value
    return None


def _retry_after(error: BaseException) -> float | None:
    for each in _chain(error):
        headers: Any = getattr(getattr(each, "response", None), "headers", None) or {}
        try:
            seconds = float(headers.get("retry-after", ""))
        except (TypeError, ValueError):
            continue
        return seconds if math.isfinite(seconds) and seconds >= 0 else None
    return None
