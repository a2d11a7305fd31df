"""The command `newsbot discord`: runs the bot, checks what it needs, prints a systemd unit."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bot.cli.terminal import print_json

if TYPE_CHECKING:
    from bot.settings import Settings


def run_discord(parsed: argparse.Namespace, settings: Settings) -> int:
    """Run the bot until it is stopped; with --check or --systemd connect nothing."""
    if parsed.health_port is not None:
        settings = settings.model_copy(update={"discord_health_port": parsed.health_port})
    if parsed.systemd:
        from bot.discord_bot.service import unit

        print(unit(settings), end="")
        return 0
    if parsed.check:
        import asyncio

        from bot.discord_bot.check import check

        checked = asyncio.run(check(settings))
        if parsed.json:
            print_json(checked.json())
        else:
            print("\n".join(checked.lines()))
        return 0 if checked.fine else 1
    from bot.discord_bot.running import run

    return run(settings, verbose=parsed.verbose)
