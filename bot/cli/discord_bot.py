"""The command `newsbot discord`: runs the bot, checks what it needs, prints a systemd unit."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.settings import Settings


def run_discord(parsed: argparse.Namespace, settings: Settings) -> int:
    """Run the bot until it is stopped; with --check or --systemd connect nothing."""
    if parsed.health_port is not None:
        settings = settings.model_copy(update={"discord_health_port": parsed.health_port})
    if parsed.systemd:
        from bot.cli.systemd import unit

        print(unit(settings), end="")
        return 0
    if parsed.check:
        from bot.cli.doctor import about_discord, show, state_of_corpus

        return show([*about_discord(settings), *state_of_corpus(settings)[1]], as_json=parsed.json)
    from bot.discord_bot.running import run

    return run(settings, verbose=parsed.verbose)
