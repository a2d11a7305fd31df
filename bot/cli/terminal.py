"""What commands share: their settings, lines for people beside the data, JSON, what the terminal shows, progress."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import UsageError
from bot.schema import Article, Outcome, OutcomeKind

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from bot.render import Screen
    from bot.settings import Settings

LOG_SECONDS = 10
"""Between two lines of progress where there is no terminal."""


def say(text: str) -> None:
    """Print a line for people on standard error; standard output is for data."""
    print(with_own_pip(text), file=sys.stderr)


def with_own_pip(text: str) -> str:
    """The text, with this environment's pip in commands that install, where the shell has another pip or none."""
    own = Path(sys.prefix) / "bin" / "pip"
    if "pip install" not in text or not own.exists() or shutil.which("pip") == str(own):
        return text
    return text.replace("pip install", f"{typed(own)} install")


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def present(parsed: argparse.Namespace, value: Any, lines: Iterable[str]) -> None:
    """With --json one JSON document on standard output, else lines for a person."""
    if parsed.json:
        print_json(value)
    else:
        for line in lines:
            print(line)


def settings_of(parsed: argparse.Namespace) -> Settings:
    """The settings, with the folder of the corpus as it is called from anywhere.

    Raises SettingsError, and UsageError where that folder is a file.
    """
    from bot.settings import Settings

    settings = Settings() if parsed.data is None else Settings(data_dir=parsed.data)
    folder = settings.data_dir.absolute()
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, and a corpus is a folder. Name a folder by --data or NEWSBOT_DATA_DIR.")
    return settings.model_copy(update={"data_dir": folder})


def typed(path: Path) -> str:
    """A path as it can be typed in a shell: relative where it is inside the working directory, quoted where needed."""
    with contextlib.suppress(ValueError, OSError):
        path = path.relative_to(Path.cwd())
    return shlex.quote(str(path))


def _has_colour() -> bool:
    """Whether standard output is a terminal whose user wants colour."""
    return _is_terminal() and not os.environ.get("NO_COLOR")


def _has_links() -> bool:
    """Whether standard output is a terminal that is known to show hyperlinks (OSC 8); others print them as rubbish."""
    have = os.environ
    if forced := have.get("FORCE_HYPERLINK"):
        return forced != "0"
    if not _is_terminal() or "TMUX" in have or have.get("TERM", "").startswith("screen"):
        return False
    vte = have.get("VTE_VERSION", "")
    return (
        have.get("TERM_PROGRAM") in {"iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "rio", "Tabby"}
        or have.get("TERM", "").startswith(("xterm-kitty", "xterm-ghostty", "alacritty", "foot"))
        or any(name in have for name in ("WT_SESSION", "KONSOLE_VERSION", "DOMTERM"))
        or (vte.isdecimal() and int(vte) >= 5000)
    )


def screen_of(parsed: argparse.Namespace) -> Screen:
    """What standard output shows: lines of 100 columns at most, as longer ones are hard to read."""
    from bot.render import WIDTH, Screen

    columns = min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)
    return Screen(_has_colour(), _has_links(), max(20, columns), parsed.verbose)


def _is_terminal() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def speak_utf8() -> None:
    """Make both outputs UTF-8, since news is not ASCII. What cannot be encoded is printed as "?"."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")


class ProgressDisplay:
    """Shows how far ingest is: two bars on a terminal, a line now and then elsewhere; nothing for quick runs."""

    def __init__(self) -> None:
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._articles = 0
        self._started = self._logged = time.monotonic()

    def __enter__(self) -> ProgressDisplay:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(),
            )
            self._bars = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def reading(self, items: Iterable[Article | Outcome]) -> Iterator[Article | Outcome]:
        """Passes the items on and counts the articles."""
        for item in items:
            self._articles += isinstance(item, Article) or item.kind is OutcomeKind.UNCHANGED
            self._show("articles read", self._articles, None)
            yield item

    def embedded(self, index: str, done: int, total: int) -> None:
        """Told by the corpus how far an index has followed."""
        self._show(f"{index}, passages", done, total)

    def _show(self, what: str, done: int, total: int | None) -> None:
        seconds = max(time.monotonic() - self._started, 1e-6)
        if self._bars is not None:
            if what not in self._tasks:
                self._tasks[what] = self._bars.add_task(what, total=total, rate="")
            self._bars.update(self._tasks[what], completed=done, total=total, rate=f"{done / seconds:,.0f}/s")
        elif time.monotonic() - self._logged > LOG_SECONDS:
            self._logged = time.monotonic()
            say(f"{what}: {done:,}" + (f" of {total:,}" if total else "") + f" after {seconds:,.0f} s")
