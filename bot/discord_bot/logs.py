"""Logs without secrets: no token, no content of a message, and one line for each event."""

from __future__ import annotations

import logging
import re
import traceback
from types import TracebackType

Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
TOKEN_IN_PATH = re.compile(r"(/(?:webhooks|interactions)/\d+/)[\w.-]+")
"""Tokens: whoever has the token of an interaction can answer in the bot's name."""
RETRIES = ("Attempting a reconnect", "Failed to connect for shard_id")
"""How the lines begin that discord.py writes with a traceback where the connection is merely down."""


class Discreet(logging.Filter):
    """For loggers that see messages: keeps back their details, and shows errors without what they were about.

    discord.py writes whole events and request bodies at DEBUG.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.split(".")[0] == "discord" and record.levelno < logging.WARNING:
            return False
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and isinstance(record.msg, str) and record.msg.startswith(RETRIES):
            record.msg, record.args = f"{record.getMessage()} ({cause(error)})", ()
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = None
        elif record.exc_info:
            record.exc_text = discreet_traceback(record.exc_info)
            record.exc_info = None
        return True


DISCREET = Discreet()


class DiscreetFormatter(logging.Formatter):
    """The last look before a line is written: secrets out, no message of an exception."""

    def __init__(self, *secrets: str) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = [secret for secret in secrets if secret]

    def format(self, record: logging.LogRecord) -> str:
        text = TOKEN_IN_PATH.sub(r"\1[token]", super().format(record))
        for secret in self._secrets:
            text = text.replace(secret, "[token]")
        return text

    def formatException(self, ei: Raised) -> str:  # noqa: N802 - the library's name
        """Where it happened, without what it was about."""
        return discreet_traceback(ei)


def keep_quiet() -> None:
    """Put Discreet on every logger of discord.py and of this room that there is by now. Again is harmless."""
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] == "discord" or name.startswith("bot.discord_bot"):
            logging.getLogger(name).addFilter(DISCREET)  # which is there once, however often it is added


def write_logs(*secrets: str, verbose: bool = False) -> None:
    """Write the logs of this process to standard error. `verbose` adds details of newsbot's own."""
    handler = logging.StreamHandler()
    handler.setFormatter(DiscreetFormatter(*secrets))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("bot").setLevel(logging.DEBUG if verbose else logging.INFO)


def cause(error: BaseException) -> str:
    """An error in a few words, without anything that a person may have written."""
    status = getattr(error, "status", None)
    if isinstance(status, int):
        return f"{type(error).__name__} {status}"
    if isinstance(error, OSError):
        words = error.strerror or (str(error) if type(error).__module__.startswith("aiohttp") else "")
        return f"{type(error).__name__}: {words}" if words else type(error).__name__
    code = getattr(error, "code", None)
    return f"{type(error).__name__} {code}" if isinstance(code, int) else type(error).__name__


def discreet_traceback(raised: Raised) -> str:
    """Where an error was raised, and its kind; not its text, which may quote a message."""
    error = raised[1]
    if error is None:
        return ""
    frames = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    origin = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = f"\nbecause of {cause(origin)}" if origin is not None else ""
    return f"{frames}\n{cause(error)}{before}".lstrip("\n")
