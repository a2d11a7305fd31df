"""The command line: parse first, import after, so that `--help` and mistakes answer at once."""

from __future__ import annotations

import errno
import gc
import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from bot.cli.parser import EXIT_USAGE, parser_of_commands

QUICK = {"ask", "search", "show", "status", "list", "sources", "topics"}
"""Commands that read, answer and end."""
ANSWERING = {"ask", "chat", "demo", "models"}
"""Commands whose output says itself what a chat model's calls came to."""
CALLS_LOG = "newsbot.model"
WITHOUT_SETTINGS = {"doctor", "completion"}
"""Commands that work where a setting is wrong."""


def entry() -> NoReturn:
    """The command line as a process of its own."""
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    quick = command in QUICK
    if command in ANSWERING:
        logging.getLogger(CALLS_LOG).setLevel(logging.CRITICAL)
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
    """Run one command; returns the exit status: 0, 1 when something failed, 2 for wrong usage, 130 when stopped."""
    try:
        return _main(arguments)
    except KeyboardInterrupt:
        print("newsbot: stopped; what was stored is safe", file=sys.stderr)
        return 130


def _main(arguments: Sequence[str] | None) -> int:
    from bot.cli.terminal import say, settings_of, speak_utf8
    from bot.errors import NewsbotError, UsageError

    speak_utf8()
    parser = parser_of_commands()
    parsed = parser.parse(arguments)
    if parsed.version:
        from importlib.metadata import version  # which takes longer than all the rest of --help

        print(f"newsbot {version('newsbot')}")
        return 0
    if not hasattr(parsed, "command"):
        parser.print_help()
        return 0
    if parsed.verbose:
        _log()
    try:
        settings = None if parsed.command in WITHOUT_SETTINGS else settings_of(parsed)
        module = import_module(f"bot.cli.{parsed.module}")
        status: int = getattr(module, f"run_{parsed.command.replace('-', '_')}")(parsed, settings)
        sys.stdout.flush()
    except NewsbotError as error:
        if parsed.verbose:
            import traceback

            traceback.print_exception(error)
        say(f"newsbot: {error}")
        return EXIT_USAGE if isinstance(error, UsageError) else 1
    except OSError as error:
        if error.filename or error.errno not in (errno.EPIPE, errno.ENOSPC, errno.EIO):
            raise
        # The reader of our output (`head`) went away, or the disk that takes it is full; closing it for good keeps the
        # interpreter from complaining.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno == errno.EPIPE:
            return 0
        say(f"newsbot: the output cannot be written: {error.strerror}.")
        return 1
    return status


def _log() -> None:
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    for room in ("bot", "ingest", "newsbot", CALLS_LOG):
        logging.getLogger(room).setLevel(logging.DEBUG)
