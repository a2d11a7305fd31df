"""Puts an address into the corpus by a process of its own, so that reading pages never slows the bot down."""

from __future__ import annotations

import asyncio
import json
import os
import sys

from bot.errors import NewsbotError, UsageError
from bot.settings import Settings

INGEST_SECONDS_MAX = 600.0
REASONS_MOST = 3


async def ingest(settings: Settings, address: str) -> str:
    """Put the page or the feed at an address into the corpus; returns the line that says what became of it.

    Raises UsageError for what is no http(s) address, NewsbotError where ingest fails or takes too long. Private
    addresses are refused by `newsbot ingest`.
    """
    address = address.strip().strip("<>")
    if not address.lower().startswith(("http://", "https://")) or len(address.split()) != 1:
        raise UsageError("Give one address that begins with https:// or http://.")
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
    try:
        report = json.loads(out)
    except ValueError:
        lines = said.decode("utf-8", "replace").strip().splitlines() or [f"Ingest ended with {process.returncode}."]
        raise NewsbotError(lines[-1].removeprefix("newsbot: ")) from None
    counts = ", ".join(f"{count:,} {kind}" for kind, count in report["counts"].items() if count)
    reasons = [each["reason"] for each in report["told"] if each.get("reason")][:REASONS_MOST]
    return "; ".join([counts or "nothing was found there", *reasons])
