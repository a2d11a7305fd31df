"""The command line: parse first, import after, so that `--help` and mistakes answer at once.

Knows nothing about how anything is done; each command hands over to the rooms and prints what comes back.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from bot.schema import Answer, Question
    from bot.settings import Settings

EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 2
DEMO_QUESTION = "How many NATO personnel are in Iraq?"
INTERVAL_SECONDS_MIN, INTERVAL_SECONDS_MAX = 10, 7 * 86_400
HISTORY_QUESTIONS = 5
"""Questions that `chat` remembers for follow-ups."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0, 1 when something failed, 2 for wrong usage."""
    _speak_utf8()
    parser = _parser()
    parsed = parser.parse_args(arguments)
    from bot.errors import NewsbotError, UsageError

    try:
        status: int = parsed.run(parsed)
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
    from bot.wiring import open_chain

    question = _question(parsed, " ".join(parsed.question))
    answer = open_chain(_settings(parsed)).invoke(question)
    _show_answer(answer, parsed.json)
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
    from bot.retrieval.question import make_whole
    from bot.wiring import open_chain

    chain = open_chain(_settings(parsed))
    asked: list[str] = []
    _say("Ask about the news; an empty line or Ctrl-D ends.")
    while text := _line("> "):
        whole = make_whole(text, asked)
        if whole != text:
            _say(f"({whole})")
        try:
            _show_answer(chain.invoke(_question(parsed, whole)), parsed.json)
        except UsageError as error:
            _say(str(error))
            continue
        asked = [*asked, whole][-HISTORY_QUESTIONS:]
        print()
    return EXIT_OK


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
    if parsed.repair:
        with corpus.writing(settings.lock_wait_seconds, _say):
            found = corpus.repair()
    else:
        found = []
    left = corpus.verify()
    if parsed.json:
        _print_json({"repaired": found, "problems": left})
    else:
        for line in found:
            print(f"Mended: {line}")
        for line in left:
            print(line)
        if left:
            _say(f"Mend the indexes from the catalog: newsbot verify --repair --data {settings.data_dir}")
        else:
            counts = corpus.catalog.counts()
            print(f"Sound: {counts['articles']:,} articles, {counts['passages']:,} passages, in both indexes.")
    return EXIT_FAILED if left else EXIT_OK


def _remove(parsed: argparse.Namespace) -> int:
    from ingest.cli import run_remove

    return run_remove(parsed, _settings(parsed))


def _reindex(parsed: argparse.Namespace) -> int:
    from ingest.cli import run_reindex

    return run_reindex(parsed, _settings(parsed))


def _demo(parsed: argparse.Namespace) -> int:
    from bot.wiring import open_chain
    from ingest.cli import run_demo

    settings = _settings(parsed)
    if parsed.data is None:
        settings = settings.model_copy(update={"data_dir": settings.data_dir / "demo"})
    run_demo(settings)
    from bot.schema import Question

    answer = open_chain(settings).invoke(Question(DEMO_QUESTION))
    if not parsed.json:
        print(f"> {DEMO_QUESTION}\n")
    _show_answer(answer, parsed.json)
    _say(f'\nAsk your own:  newsbot ask "Who won the 2022 World Cup?" --data {settings.data_dir}')
    return EXIT_OK


# What commands share


def _settings(parsed: argparse.Namespace) -> Settings:
    from bot.settings import Settings

    return Settings() if parsed.data is None else Settings(data_dir=Path(parsed.data))


def _question(parsed: argparse.Namespace, text: str) -> Question:
    from bot.schema import Question

    return Question(text, parsed.as_of, parsed.after, parsed.before, tuple(parsed.source or ()))


def _show_answer(answer: Answer, as_json: bool) -> None:
    from bot.render import answer_json, answer_lines

    if as_json:
        _print_json(answer_json(answer))
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


# Arguments


class _Parser(argparse.ArgumentParser):
    """Says in one sentence what is wrong and where help is."""

    def error(self, message: str) -> NoReturn:
        _say(f"newsbot: {message}. See: {self.prog} --help")
        sys.exit(EXIT_USAGE)


class _Version(argparse.Action):
    """Looks the version up only when it is asked for: that takes longer than all the rest of --help."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from importlib.metadata import version

        print(f"newsbot {version('newsbot')}")
        parser.exit()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date; write it as 2020-02-12") from None


def _field(text: str) -> tuple[str, str]:
    ours, separator, theirs = text.partition("=")
    if not (ours and separator and theirs):
        raise argparse.ArgumentTypeError(f"{text!r} names no field; write it as text=maintext")
    return ours, theirs


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 1000")
    return number


def _interval(text: str) -> float:
    match = re.fullmatch(r"(\d{1,6})([smhd])", text.strip().lower())
    seconds = int(match[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[match[2]] if match else 0
    if not INTERVAL_SECONDS_MIN <= seconds <= INTERVAL_SECONDS_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is no time from 10s to 7d; write it as 15m, 90s or 2h")
    return float(seconds)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="newsbot",
        description="Answers questions about a news corpus with cited, dated, verbatim passages.",
        epilog='Begin with:  newsbot demo   or   newsbot ingest articles/ && newsbot ask "Who won the election?"',
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(
        name: str, run: Callable[[argparse.Namespace], int], said: str, example: str
    ) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = commands.add_parser(
            name,
            help=said[0].lower() + said[1:].rstrip("."),
            description=said,
            epilog=f"Example:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.add_argument("--data", metavar="DIR", help="folder of the corpus (else NEWSBOT_DATA_DIR, else data/)")
        added.add_argument("--json", action="store_true", help="print one JSON document on standard output")
        added.set_defaults(run=run)
        return added

    def asking(added: argparse.ArgumentParser) -> None:
        added.add_argument("--after", type=_day, metavar="DATE", help="only what was published on this day or later")
        added.add_argument("--before", type=_day, metavar="DATE", help="only what was published on this day or earlier")
        added.add_argument("--source", action="append", metavar="NAME", help="only this outlet; may be repeated")
        added.add_argument(
            "--as-of", type=_day, metavar="DATE", help="ask as on this day: nothing published later is known"
        )

    def fetching(added: argparse.ArgumentParser) -> None:
        added.add_argument("--source", metavar="NAME", help="outlet of these articles, whatever they say themselves")
        added.add_argument("--summaries", action="store_true", help="keep a feed's summary where it has no full text")
        added.add_argument(
            "--allow-private", action="store_true", help="fetch from private addresses too (an intranet)"
        )

    def reading(added: argparse.ArgumentParser) -> None:
        added.add_argument(
            "sources", nargs="+", metavar="SOURCE", help="file, folder, glob, http(s) address, or - for standard input"
        )
        fetching(added)
        added.add_argument(
            "--field",
            action="append",
            type=_field,
            default=[],
            metavar="OURS=THEIRS",
            help="name of a field in your records, such as text=maintext; may be repeated",
        )
        added.add_argument(
            "--no-fetch", action="store_true", help="never use the network, not for links in feeds either"
        )

    added = command(
        "ingest", _ingest, "Put articles into the corpus.", "newsbot ingest articles/ more.jsonl.gz 'pages/*.html'"
    )
    reading(added)
    added.add_argument("--dry-run", action="store_true", help="say what would be stored, and store nothing")

    added = command(
        "read", _read, "Show what would be stored of a source, and store nothing.", "newsbot read page.html --json"
    )
    reading(added)

    added = command(
        "follow",
        _follow,
        "Keep the corpus fresh: ask feeds again and again for what is new.",
        "newsbot follow https://rss.dw.com/xml/rss-en-world --every 15m",
    )
    added.add_argument("feeds", nargs="+", metavar="FEED", help="http(s) address of a feed, a sitemap or a page")
    added.add_argument(
        "--every", type=_interval, default=900.0, metavar="TIME", help="from round to round: 90s, 15m (default), 2h, 1d"
    )
    added.add_argument("--once", action="store_true", help="ask once, and end")
    fetching(added)

    added = command(
        "show", _show, "Show an article as it is stored.", "newsbot show https://p.dw.com/p/3XeL4 --revisions"
    )
    added.add_argument("url", metavar="URL", help="address (or id) of the article")
    added.add_argument("--revisions", action="store_true", help="every recorded state, and what changed when")

    added = command(
        "ask", _ask, "Answer a question.", 'newsbot ask "How many NATO personnel are in Iraq?" --as-of 2020-03-01'
    )
    added.add_argument("question", nargs="+", metavar="QUESTION", help="the question, in words")
    asking(added)

    added = command("search", _search, "Show the passages that fit a question.", 'newsbot search "suez canal" -k 5')
    added.add_argument("question", nargs="+", metavar="QUESTION", help="the question, or words")
    added.add_argument("-k", type=_count, default=10, metavar="N", help="how many passages (default 10)")
    asking(added)

    added = command("chat", _chat, "Hold a conversation in the terminal.", "newsbot chat --source Reuters")
    asking(added)

    command("status", _status, "Show what the corpus holds and how it is.", "newsbot status --json")

    added = command("verify", _verify, "Check that catalog and indexes agree.", "newsbot verify --repair")
    added.add_argument("--repair", action="store_true", help="mend the indexes from the catalog")

    added = command("remove", _remove, "Take articles out of the corpus.", "newsbot remove https://p.dw.com/p/3XeL4")
    added.add_argument("urls", nargs="+", metavar="URL", help="address (or id) of an article")

    command("reindex", _reindex, "Make both indexes anew, the way that is set now.", "newsbot reindex --data data/")
    command("demo", _demo, "Ingest the sample corpus and answer a question about it.", "newsbot demo")
    return parser


if __name__ == "__main__":
    sys.exit(main())
