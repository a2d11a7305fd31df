"""The unit with which systemd runs the bot, filled in for this installation."""

from __future__ import annotations

import getpass
import shutil
import sys
from pathlib import Path

from bot.settings import Settings
from bot.wiring import cache_dir

UNIT = Path(__file__).with_name("newsbot.service")
ENVIRONMENT_FILE = "/etc/newsbot.env"


def unit(settings: Settings) -> str:
    """The text of the unit: this user, this folder, this newsbot, this corpus."""
    beside = Path(sys.executable).with_name("newsbot")
    found = beside if beside.exists() else shutil.which("newsbot")
    words = [found] if found else [sys.executable, "-m", "bot"]
    data = settings.data_dir.absolute()
    return UNIT.read_text(encoding="utf-8").format(
        user=getpass.getuser(),
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
