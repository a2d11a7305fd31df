"""The command `newsbot discord`: runs the bot, checks what it needs, prints a systemd unit."""

from __future__ import annotations

import argparse
import getpass
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.settings import Settings

UNIT = Path(__file__).with_name("newsbot.service")
ENVIRONMENT_FILE = "/etc/newsbot.env"
SERVICE_USER = "newsbot"
FIRST = """\
# The service runs as {user}, not as root. Before you start it, make that user and give it the corpus:
#   useradd --system --create-home {user} && chown -R {user} {data}
"""


def run_discord(parsed: argparse.Namespace, settings: Settings) -> int:
    """Run the bot until it is stopped; with --check or --systemd connect nothing."""
    if parsed.health_port is not None:
        settings = settings.model_copy(update={"discord_health_port": parsed.health_port})
    if parsed.systemd:
        print(unit(settings), end="")
        return 0
    if parsed.check:
        from bot.cli.doctor import about_discord, show, state_of_corpus

        return show([*about_discord(settings), *state_of_corpus(settings)[1]], as_json=parsed.json)
    from bot.discord_bot.running import run

    return run(settings, verbose=parsed.verbose)


def unit(settings: Settings) -> str:
    """The text of the systemd unit, for this user, working directory, installation and corpus.

    The bot reads what strangers write, so it never runs as root: printed by root, the unit names the user who called
    sudo, or else a user `newsbot`, with the commands that make that user.
    """
    from bot.wiring import cache_dir

    data = settings.data_dir.absolute()
    user, first = getpass.getuser(), ""
    if user == "root":
        user = os.environ.get("SUDO_USER") or SERVICE_USER
        if user in ("root", SERVICE_USER):
            user = SERVICE_USER
            first = FIRST.format(user=user, data=_word(data))
    beside = Path(sys.executable).with_name("newsbot")
    found = beside if beside.exists() else shutil.which("newsbot")
    words = [found] if found else [sys.executable, "-m", "bot"]
    return UNIT.read_text(encoding="utf-8").format(
        first=first,
        user=user,
        folder=str(Path.cwd()).replace("%", "%%"),
        environment=ENVIRONMENT_FILE,
        command=" ".join(map(_word, [*words, "discord", "--data", data])),
        # With "-" a path that does not exist yet does not keep the service from starting.
        writable=" ".join(_word(f"-{path}") for path in (data, cache_dir(settings).absolute())),
    )


def _word(value: object) -> str:
    """One word, quoted for systemd, where % begins a specifier, $ a variable, and a blank ends the word."""
    text = str(value).replace("%", "%%").replace("$", "$$")
    return f'"{text}"' if " " in text else text
