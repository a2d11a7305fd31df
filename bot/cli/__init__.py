"""The command line: parse first, import after, so that `--help` and mistakes answer at once."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from bot.cli.parser import EXIT_USAGE, parser_of_commands

COMMANDS = {
    "ingest": "ingest",
    "read": "ingest",
    "follow": "ingest",
    "demo": "ask",
    "ask": "ask",
    "search": "ask",
    "chat": "ask",
    "models": "ask",
    "show": "corpus",
    "status": "corpus",
    "verify": "corpus",
    "remove": "corpus",
    "backup": "corpus",
    "restore": "corpus",
    "reindex": "corpus",
    "feedback": "corpus",
    "eval": "eval",
    "train-reader": "training",
    "fit-decision": "training",
    "discord": "discord_bot",
}
"""Command -> the module of this folder that holds its `run_` function, which takes arguments and settings."""
QUICK = {"ask", "search", "show", "status"}
"""Commands that read, answer and end."""


def entry() -> NoReturn:
    """The command line as a process of its own."""
    quick = len(sys.argv) > 1 and sys.argv[1] in QUICK
    if quick:
        # Collecting garbage while thousands of modules load, and taking them apart one by one at the end, take a
        # quarter of the time of an answer. There is nothing to collect yet, and nothing that must be closed.
        gc.disable()
    status = main()
    if quick:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0, 1 when something failed, 2 for wrong usage."""
    from bot.cli.terminal import say, speak_utf8

    speak_utf8()
    parsed = parser_of_commands().parse_args(arguments)
    from bot.errors import NewsbotError, UsageError
    from bot.settings import Settings

    try:
        settings = Settings() if parsed.data is None else Settings(data_dir=Path(parsed.data))
        module = import_module(f"bot.cli.{COMMANDS[parsed.command]}")
        status: int = getattr(module, f"run_{parsed.command.replace('-', '_')}")(parsed, settings)
        sys.stdout.flush()
    except UsageError as error:
        say(f"newsbot: {error}")
        return EXIT_USAGE
    except NewsbotError as error:
        say(f"newsbot: {error}")
        return 1
    except KeyboardInterrupt:
        say("newsbot: stopped; what was stored is safe")
        return 130
    except BrokenPipeError:
        # The reader of our output (`head`) went away; closing it for good keeps the interpreter from complaining.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status
