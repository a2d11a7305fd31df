"""The unit with which systemd runs the bot, filled in for this installation."""

from __future__ import annotations

import getpass
import os
import shutil
import sys
from pathlib import Path

from bot.settings import Settings
from bot.wiring import cache_dir

UNIT = Path(__file__).with_name("newsbot.service")
ENVIRONMENT_FILE = "/etc/newsbot.env"
SERVICE_USER = "newsbot"
FIRST = """\
# It runs as {user}, not as root. Make that user, and give it the corpus, first:
#   useradd --system --create-home {user} && chown -R {user} {data}
"""


def unit(settings: Settings) -> str:
    """The text of the unit: this user, this folder, this newsbot, this corpus.

    A bot that reads what strangers write is no business of root's: printed by root, it names the one who called sudo,
    or a user of its own, and how that one is made.
    """
    user, first = getpass.getuser(), ""
    if user == "root":
        user = os.environ.get("SUDO_USER") or SERVICE_USER
        if user in ("root", SERVICE_USER):
            user = SERVICE_USER
            first = FIRST.format(user=user, data=_word(settings.data_dir.absolute()))
    beside = Path(sys.executable).with_name("newsbot")
    found = beside if beside.exists() else shutil.which("newsbot")
    words = [found] if found else [sys.executable, "-m", "bot"]
    data = settings.data_dir.absolute()
    return UNIT.read_text(encoding="utf-8").format(
        first=first,
        user=user,
        folder=str(Path.cwd()).replace("%", "%%"),
        environment=ENVIRONMENT_FILE,
        command=" ".join(map(_word, [*words, "discord", "--data", data])),
        # What is not there yet must not keep the service from starting.
        writable=" ".join(_word(f"-{path}") for path in (data, cache_dir(settings).absolute())),
    )


def _word(value: object) -> str:
    """One word as systemd reads it: % begins a specifier, $ a variable, blanks part words."""
    text = str(value).replace("%", "%%").replace("$", "$$")
    return f'"{text}"' if " " in text else text
