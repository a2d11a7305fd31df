"""Puts an address into the corpus by a process of its own, so that reading pages never slows the bot down."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable

from bot.errors import NewsbotError, UsageError
from bot.settings import Settings

INGEST_SECONDS_MAX = 600.0
REASONS_MOST = 3


def ingest_by_process(settings: Settings) -> Callable[[str], Awaitable[str]]:
    """A coroutine function from the address of a page or a feed to the line that says what became of it.

    It raises UsageError for what is no http(s) address, NewsbotError where ingest fails or takes too long. Private
    addresses are refused by `newsbot ingest`.
    """

    async def ingest(address: str) -> str:
        if not address.startswith(("http://", "https://")) or any(each.isspace() for each in address):
            raise UsageError("That is no http or https address.")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "ingest", "--json", "--data", str(settings.data_dir), address),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if name != "DISCORD_TOKEN"},
        )
        try:
            async with asyncio.timeout(INGEST_SECONDS_MAX):
                out, said = await process.communicate()
        except TimeoutError:
            raise NewsbotError(f"Reading it took more than {INGEST_SECONDS_MAX / 60:.0f} minutes.") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return _line(out, said, process.returncode)

    return ingest


def _line(out: bytes, said: bytes, status: int | None) -> str:
    """What became of it, from the report. Raises NewsbotError where there is none."""
    try:
        report = json.loads(out)
    except ValueError:
        words = said.decode("utf-8", "replace").strip().splitlines()
        raise NewsbotError(words[-1].removeprefix("newsbot: ") if words else f"Ingest ended with {status}.") from None
    counts = ", ".join(f"{count:,} {kind}" for kind, count in report["counts"].items() if count)
    reasons = [each["reason"] for each in report["told"] if each.get("reason")][:REASONS_MOST]
    return "; ".join([counts or "nothing was found there", *reasons])
