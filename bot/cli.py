"""The command line: parse first, import after, so that `--help` and mistakes answer at once.

Knows nothing about how anything is done; each command hands over to the rooms and prints what comes back.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from bot.cli_answers import is_live, run_models, show_answers, talk
from bot.cli_arguments import EXIT_USAGE, parser_of_commands

if TYPE_CHECKING:
    from bot.schema import Answer, Question
    from bot.settings import Settings

EXIT_OK, EXIT_FAILED = 0, 1
DEMO_QUESTION = "How many NATO personnel are in Iraq?"
HISTORY_QUESTIONS = 5
"""Questions that `chat` remembers for follow-ups."""


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
    _speak_utf8()
    parsed = parser_of_commands().parse_args(arguments)
    from bot.errors import NewsbotError, UsageError

    try:
        status = COMMANDS[parsed.command](parsed)
        sys.stdout.flush()
    except UsageError as error:
        _say(f"newsbot: {error}")
        return EXIT_USAGE
    except NewsbotError as error:
        _say(f"newsbot: {error}")
        return EXIT_FAILED
    except KeyboardInterrupt:
        _say("newsbot: stopped; what was stored is safe")
        return 130
    except BrokenPipeError:
        # The reader of our output (`head`) went away; closing it for good keeps the interpreter from complaining.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    return status


# Commands


def _ingest(parsed: argparse.Namespace) -> int:
    from ingest.cli import run_ingest

    return run_ingest(parsed, _settings(parsed))


def _read(parsed: argparse.Namespace) -> int:
    from ingest.cli import run_read

    return run_read(parsed, _settings(parsed))


def _follow(parsed: argparse.Namespace) -> int:
    from ingest.cli import run_follow

    return run_follow(parsed, _settings(parsed))


def _show(parsed: argparse.Namespace) -> int:
    from bot.errors import NewsbotError
    from bot.render import revision_json, revision_lines
    from bot.wiring import open_corpus
    from ingest.cli import id_of

    revisions = open_corpus(_settings(parsed)).catalog.revisions(id_of(parsed.url))
    if not revisions:
        raise NewsbotError(f"{parsed.url} is not in the corpus. Look for it: newsbot search WORDS")
    if not parsed.revisions:
        revisions = revisions[-1:]
    if parsed.json:
        _print_json([revision_json(revision) for revision in revisions])
    else:
        for before, revision in zip([None, *revisions], revisions, strict=False):
            for line in revision_lines(revision, before, colour=_colour()):
                print(line)
    return EXIT_OK


def _ask(parsed: argparse.Namespace) -> int:
    from bot.wiring import open_asker

    question = _question(parsed, " ".join(parsed.question))
    settings = _settings(parsed)
    answers = open_asker(settings).stream(question)
    show_answers(answers, as_json=parsed.json, live=is_live(settings), colour=_colour())
    return EXIT_OK


def _search(parsed: argparse.Namespace) -> int:
    from bot.render import hit_json, hit_lines
    from bot.wiring import finder

    hits = finder(parsed.k, _settings(parsed))(_question(parsed, " ".join(parsed.question)))
    if parsed.json:
        _print_json([hit_json(hit) for hit in hits])
    else:
        colour = _colour()
        for number, hit in enumerate(hits, start=1):
            for line in hit_lines(number, hit, colour=colour):
                print(line)
        if not hits:
            print("Nothing here fits.")
    return EXIT_OK


def _chat(parsed: argparse.Namespace) -> int:
    from bot.errors import UsageError
    from bot.schema import Turn
    from bot.wiring import open_asker

    settings = _settings(parsed)
    asker = open_asker(settings)
    history: list[Turn] = []
    _say("Ask about the news; quit, an empty line or Ctrl-D ends.")
    while (text := _line("> ")) and text.strip().lower() not in ("quit", "exit"):
        try:
            answers = talk(asker, _question(parsed, text), history)
            answer = show_answers(answers, as_json=parsed.json, live=is_live(settings), colour=_colour())
        except UsageError as error:
            _say(str(error))
            continue
        turn = Turn(answer.question.text, answer.text if answer.answered else "")
        history = [*history, turn][-HISTORY_QUESTIONS:]
        print()
    return EXIT_OK


def _models(parsed: argparse.Namespace) -> int:
    return run_models(_settings(parsed), as_json=parsed.json)


def _status(parsed: argparse.Namespace) -> int:
    from bot.render import status_json, status_lines
    from bot.wiring import open_corpus

    settings = _settings(parsed)
    status = open_corpus(settings).status()
    if parsed.json:
        _print_json(status_json(status, settings.embedding_model))
    else:
        print("\n".join(status_lines(status, settings.embedding_model)))
    return EXIT_OK


def _verify(parsed: argparse.Namespace) -> int:
    from bot.wiring import open_corpus

    settings = _settings(parsed)
    corpus = open_corpus(settings)
    found = []
    if parsed.repair:
        from ingest.cli_corpus import repair

        found = repair(corpus, settings)
    left = corpus.verify()
    if parsed.json:
        _print_json({"repaired": found, "problems": left})
    else:
        for line in found:
            print(f"Mended: {line}")
        for line in left:
            print(line)
        if left and not parsed.repair:
            _say(f"Mend it: newsbot verify --repair --data {settings.data_dir}")
        elif not left:
            counts = corpus.catalog.counts()
            print(f"Sound: {counts['articles']:,} articles, {counts['passages']:,} passages, in both indexes.")
    return EXIT_FAILED if left else EXIT_OK


def _backup(parsed: argparse.Namespace) -> int:
    from bot.corpus.backup import backup
    from bot.wiring import open_catalog

    articles = backup(open_catalog(_settings(parsed)), parsed.file)
    if parsed.json:
        _print_json({"file": str(parsed.file), "articles": articles})
    else:
        print(f"Written: {parsed.file}, {articles:,} articles with their vectors. Put it back: newsbot restore FILE")
    return EXIT_OK


def _restore(parsed: argparse.Namespace) -> int:
    from ingest.cli_corpus import run_restore

    return run_restore(parsed, _settings(parsed))


def _remove(parsed: argparse.Namespace) -> int:
    from ingest.cli_corpus import run_remove

    return run_remove(parsed, _settings(parsed))


def _reindex(parsed: argparse.Namespace) -> int:
    from ingest.cli import run_reindex

    return run_reindex(parsed, _settings(parsed))


def _eval(parsed: argparse.Namespace) -> int:
    from bot.cli_eval import run_eval

    return run_eval(parsed, _settings(parsed))


def _train_reader(parsed: argparse.Namespace) -> int:
    from bot.cli_training import run_train_reader

    return run_train_reader(parsed, _settings(parsed))


def _fit_decision(parsed: argparse.Namespace) -> int:
    from bot.cli_training import run_fit_decision

    return run_fit_decision(parsed, _settings(parsed))


def _demo(parsed: argparse.Namespace) -> int:
    from bot.wiring import open_asker
    from ingest.cli import run_demo

    settings = _settings(parsed)
    if parsed.data is None:
        settings = settings.model_copy(update={"data_dir": settings.data_dir / "demo"})
    run_demo(settings)
    from bot.schema import Question

    answer = open_asker(settings)(Question(DEMO_QUESTION))
    if not parsed.json:
        print(f"> {DEMO_QUESTION}\n")
    _show_answer(answer, parsed.json)
    _say(f'\nAsk your own:  {_own_name()} ask "Who won the 2022 World Cup?" --data {settings.data_dir}')
    return EXIT_OK


def _feedback(parsed: argparse.Namespace) -> int:
    from bot.corpus.catalog_feedback import exported, judged
    from bot.wiring import open_catalog

    catalog = open_catalog(_settings(parsed))
    lines = [exported(each) for each in judged(catalog)]
    catalog.close()
    if parsed.json:
        _print_json(lines)
    else:
        for line in lines:
            print(json.dumps(line, ensure_ascii=False))
        _say(f"{len(lines):,} rated answers. Measure them: newsbot eval FILE")
    return EXIT_OK


def _discord(parsed: argparse.Namespace) -> int:
    settings = _settings(parsed)
    if parsed.health_port is not None:
        settings = settings.model_copy(update={"discord_health_port": parsed.health_port})
    if parsed.systemd:
        from bot.discord_bot.service import unit

        print(unit(settings), end="")
        return EXIT_OK
    if parsed.check:
        import asyncio

        from bot.discord_bot.check import check

        checked = asyncio.run(check(settings))
        if parsed.json:
            _print_json(checked.json())
        else:
            print("\n".join(checked.lines()))
        return EXIT_OK if checked.fine else EXIT_FAILED
    from bot.discord_bot.running import run

    return run(settings, verbose=parsed.verbose)


def _mcp(parsed: argparse.Namespace) -> int:
    from bot.cli_servers import run_mcp

    return run_mcp(parsed, _settings(parsed))


def _serve(parsed: argparse.Namespace) -> int:
    from bot.cli_servers import run_serve

    return run_serve(parsed, _settings(parsed))


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "ingest": _ingest,
    "read": _read,
    "follow": _follow,
    "show": _show,
    "ask": _ask,
    "search": _search,
    "chat": _chat,
    "models": _models,
    "status": _status,
    "verify": _verify,
    "remove": _remove,
    "backup": _backup,
    "restore": _restore,
    "reindex": _reindex,
    "eval": _eval,
    "train-reader": _train_reader,
    "fit-decision": _fit_decision,
    "demo": _demo,
    "discord": _discord,
    "mcp": _mcp,
    "serve": _serve,
    "feedback": _feedback,
}


# What commands share


def _own_name() -> str:
    """How this command line was called, for a line that can be typed: `.venv/bin/newsbot` where PATH has none."""
    called = Path(sys.argv[0])
    return "newsbot" if called.name != "newsbot" or shutil.which("newsbot") else str(called)


def _settings(parsed: argparse.Namespace) -> Settings:
    from bot.settings import Settings

    return Settings() if parsed.data is None else Settings(data_dir=Path(parsed.data))


def _question(parsed: argparse.Namespace, text: str) -> Question:
    from bot.schema import Question

    return Question(text, parsed.as_of, parsed.after, parsed.before, tuple(parsed.source or ()))


def _show_answer(answer: Answer, as_json: bool) -> None:
    from bot.render import answer_lines

    if as_json:
        _print_json(answer.to_dict())
    else:
        for line in answer_lines(answer, colour=_colour()):
            print(line)


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def _say(text: str) -> None:
    """For people, beside the data on standard output."""
    print(text, file=sys.stderr)


def _line(prompt: str) -> str:
    if sys.stdin.isatty():
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401  line editing and history for input()
        try:
            return input(prompt).strip()
        except EOFError:
            return ""
    return sys.stdin.readline().strip()


def _colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _speak_utf8() -> None:
    """News is not ASCII; a terminal or pipe that is set to another encoding shows "?" rather than an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")


if __name__ == "__main__":
    entry()
