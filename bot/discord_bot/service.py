"""The unit with which systemd runs the bot, filled in for this installation.

Knows nothing about running; the words stand in newsbot.service.
"""

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
    found = str(beside) if beside.exists() else shutil.which("newsbot")
    newsbot = found or f"{sys.executable} -m bot"
    data = settings.data_dir.absolute()
    return UNIT.read_text(encoding="utf-8").format(
        user=getpass.getuser(),
        folder=Path.cwd(),
        environment=ENVIRONMENT_FILE,
        command=f"{newsbot} discord --data {data}",
        writable=f"{data} {cache_dir(settings).absolute()}",
    )
