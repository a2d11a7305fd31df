"""What can be typed: every command with its options, its help and its example. Imports nothing that takes time."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

EXIT_USAGE = 2
RANKINGS = ("hybrid", "dense", "lexical")
SHELLS = ("bash", "zsh", "tcsh")
INTERVAL_SECONDS_MIN, INTERVAL_SECONDS_MAX = 10, 7 * 86_400


class _Parser(argparse.ArgumentParser):
    """Says in one sentence what is wrong, what may have been meant, and where help is."""

    subcommands: argparse._SubParsersAction[_Parser]

    def error(self, message: str) -> NoReturn:
        """End the process with 2."""
        if command := re.match(r"argument COMMAND: invalid choice: '(.*?)'[ ,]", message):
            message = f"{command[1]} is no command.{did_you_mean(command[1], self.subcommands.choices)}"
        message = message.removeprefix("argument ")
        message += "" if message.endswith(("?", ".")) else "."
        print(f"newsbot: {message} See: {self.prog} --help", file=sys.stderr)
        sys.exit(EXIT_USAGE)

    def parse(self, arguments: Sequence[str] | None) -> argparse.Namespace:
        """As `parse_args`; of an option that is unknown it says which one may have been meant."""
        parsed, left = self.parse_known_args(arguments)
        if left:
            command = self.subcommands.choices.get(getattr(parsed, "command", ""), self)
            wrong = next((each for each in left if each.startswith("-")), left[0]).partition("=")[0]
            options = [each for action in command._actions for each in action.option_strings]
            command.error(f"{wrong} is no option of {command.prog}.{did_you_mean(wrong, options)}")
        return parsed


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """ " Did you mean ...?" where something known is written almost so, else nothing."""
    near = difflib.get_close_matches(word, list(known), 1)
    return f" Did you mean {near[0]}?" if near else ""


class _Version(argparse.Action):
    """Looks the version up only when it is asked for: that takes longer than all the rest of --help."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from importlib.metadata import version

        print(f"newsbot {version('newsbot')}")
        parser.exit()


def _day(text: str, *, last: bool = False) -> date:
    from bot.errors import UsageError
    from bot.wording.days import day_of

    try:
        return day_of(text, last=last)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _last_day(text: str) -> date:
    return _day(text, last=True)


def _folder(text: str) -> Path:
    if not text.strip():
        raise argparse.ArgumentTypeError("the folder of a corpus has a name")
    return Path(text)


def _name(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("an outlet's name is not empty; newsbot sources lists them")
    return text


def _field(text: str) -> tuple[str, str]:
    from ingest.read.fields import FIELD_NAMES

    ours, separator, theirs = text.partition("=")
    if not (ours and separator and theirs):
        raise argparse.ArgumentTypeError(f"{text!r} names no field; write it as text=maintext")
    if ours not in FIELD_NAMES:
        known = ", ".join(FIELD_NAMES)
        raise argparse.ArgumentTypeError(
            f"{ours!r} is no field of newsbot's; they are {known}.{did_you_mean(ours, FIELD_NAMES)}"
        )
    return ours, theirs


def _number(least: int, most: int | None, what: str) -> Callable[[str], int]:
    """What reads a whole number within bounds; `what` names it in the refusal."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= (most or int(text))):
            raise argparse.ArgumentTypeError(f"{text!r} is no {what} from {least}{f' to {most}' if most else ''}")
        return int(text)

    return read


_count = _number(1, 1000, "number")
_limit = _number(1, None, "number")
_days = _number(0, 366, "number of days")
_port = _number(0, 65_535, "port")


def _of_source(text: str) -> tuple[str, int]:
    name, _, count = text.partition("=")
    if name not in ("stories", "squad", "own") or not count.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} limits nothing; write it as squad=5000")
    return name, int(count)


def _rankings(text: str) -> list[str]:
    named = list(dict.fromkeys(text.split(",")))
    if not set(named) <= set(RANKINGS):
        raise argparse.ArgumentTypeError(f"{text!r} names no rankings; write some of {','.join(RANKINGS)}")
    return named


def _interval(text: str) -> float:
    match = re.fullmatch(r"(\d{1,6})([smhd])", text.strip().lower())
    seconds = int(match[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[match[2]] if match else 0
    if not INTERVAL_SECONDS_MIN <= seconds <= INTERVAL_SECONDS_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is no time from 10s to 7d; write it as 15m, 90s or 2h")
    return float(seconds)


def parser_of_commands() -> _Parser:
    """The parser of every command; what it returns names the `command`. A wrong call ends the process with 2."""
    parser = _Parser(
        prog="newsbot",
        description="Answers questions about a news corpus with cited, dated, verbatim passages.",
        epilog='Begin with:  newsbot demo   or   newsbot ingest articles/ && newsbot ask "Who won the election?"',
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.subcommands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def command(name: str, said: str, example: str) -> _Parser:
        added = commands.add_parser(
            name,
            help=said[0].lower() + said[1:].rstrip("."),
            description=said,
            epilog=f"Example:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.add_argument(
            "--data",
            type=_folder,
            metavar="DIR",
            help="folder of the corpus (else NEWSBOT_DATA_DIR, else data/ here, else newsbot's in your home)",
        )
        added.add_argument("--json", action="store_true", help="print one JSON document on standard output")
        added.add_argument("-v", "--verbose", action="store_true", help="say more: the log, scores, where errors arose")
        added.set_defaults(command=name)
        return added

    def narrowing(added: argparse.ArgumentParser) -> None:
        added.add_argument("--after", type=_day, metavar="DATE", help="only what was published on this day or later")
        added.add_argument(
            "--before", type=_last_day, metavar="DATE", help="only what was published on this day or earlier"
        )
        added.add_argument(
            "--source", type=_name, action="append", metavar="NAME", help="only this outlet; may be repeated"
        )

    def asking(added: argparse.ArgumentParser) -> None:
        narrowing(added)
        added.add_argument(
            "--as-of", type=_last_day, metavar="DATE", help="ask as on this day: nothing published later is known"
        )

    def fetching(added: argparse.ArgumentParser) -> None:
        added.add_argument(
            "--source", type=_name, metavar="NAME", help="outlet of these articles, whatever they say themselves"
        )
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

    added = command("ingest", "Put articles into the corpus.", "newsbot ingest articles/ more.jsonl.gz 'pages/*.html'")
    reading(added)
    added.add_argument("--dry-run", action="store_true", help="say what would be stored, and store nothing")

    added = command(
        "read", "Show what would be stored of a source, and store nothing.", "newsbot read page.html --json"
    )
    reading(added)

    added = command(
        "follow",
        "Keep the corpus fresh: ask feeds again and again for what is new.",
        "newsbot follow https://rss.dw.com/xml/rss-en-world --every 15m",
    )
    added.add_argument(
        "feeds", nargs="+", metavar="FEED", help="address of a feed, sitemap or page; or an OPML file that lists some"
    )
    added.add_argument(
        "--every", type=_interval, default=900.0, metavar="TIME", help="from round to round: 90s, 15m (default), 2h, 1d"
    )
    added.add_argument("--once", action="store_true", help="ask once, and end")
    fetching(added)

    added = command("show", "Show an article as it is stored.", "newsbot show https://p.dw.com/p/3XeL4 --revisions")
    added.add_argument("url", metavar="URL", help="address (or id) of the article")
    added.add_argument("--revisions", action="store_true", help="every recorded state, and what changed when")

    added = command(
        "ask", "Answer a question.", 'newsbot ask "How many NATO personnel are in Iraq?" --as-of 2020-03-01'
    )
    added.add_argument("question", nargs="+", metavar="QUESTION", help="the question, in words")
    asking(added)

    added = command("search", "Show the passages that fit a question.", 'newsbot search "suez canal" -k 5')
    added.add_argument("question", nargs="+", metavar="QUESTION", help="the question, or words")
    added.add_argument("-k", type=_count, default=10, metavar="N", help="how many passages (default 10)")
    asking(added)

    added = command("chat", "Hold a conversation in the terminal.", "newsbot chat --source Reuters")
    asking(added)

    command("models", "Show what models are set, and try the chat model with one tiny call.", "newsbot models --json")

    command("status", "Show what the corpus holds and how it is.", "newsbot status --json")

    added = command("list", "List articles, the newest first.", "newsbot list --after 2022-10 --source Reuters")
    added.add_argument("-n", type=_limit, default=20, metavar="N", dest="count", help="how many (default 20)")
    narrowing(added)

    command("sources", "List the outlets, how much each has, and how fresh it is.", "newsbot sources")

    added = command("topics", "List the names that most articles speak of.", "newsbot topics --after 2022-10")
    added.add_argument("-n", type=_limit, default=20, metavar="N", dest="count", help="how many (default 20)")
    narrowing(added)

    added = command("doctor", "Look for all that can be wrong, and say what helps.", "newsbot doctor --chat-model")
    added.add_argument("--chat-model", action="store_true", help="try the chat model that is set, with one tiny call")
    added.add_argument("--discord", action="store_true", help="ask Discord about the token and its intents")

    added = command("verify", "Check that catalog and indexes agree.", "newsbot verify --repair")
    added.add_argument("--repair", action="store_true", help="mend catalog and indexes")

    added = command("remove", "Take articles out of the corpus.", "newsbot remove https://p.dw.com/p/3XeL4")
    added.add_argument("urls", nargs="+", metavar="URL", help="address (or id) of an article")
    how = added.add_mutually_exclusive_group()
    how.add_argument(
        "--purge",
        action="store_true",
        help="leave nothing of them: text, older states, vectors, copies in other outlets, answers that cited them; "
        "and refuse them from now on",
    )
    how.add_argument("--allow", action="store_true", help="take purged articles in again when they are met")

    added = command("backup", "Copy the catalog into one file, while others write.", "newsbot backup news.backup")
    added.add_argument("file", type=Path, metavar="FILE", help="the new file")

    added = command("restore", "Put a backup in the place of the corpus.", "newsbot restore news.backup")
    added.add_argument("file", type=Path, metavar="FILE", help="what newsbot backup wrote")

    command("reindex", "Make both indexes anew, the way that is set now.", "newsbot reindex --data data/")
    added = command(
        "eval",
        "Measure how good answers are, by questions with known answers.",
        "newsbot eval questions.jsonl --rows dense,lexical,hybrid --plot figures.png",
    )
    added.add_argument(
        "questions",
        type=Path,
        nargs="?",
        metavar="QUESTIONS.jsonl",
        help="one object a line: question; id, kind, asked_on, answers, relevant, must, short, wrong, answerable",
    )
    added.add_argument(
        "--claims",
        type=Path,
        metavar="FILE.jsonl",
        help="measure the check of a chat model's prose: title, text, source, published, claims (text, ok, why)",
    )
    added.add_argument("--limit", type=_limit, metavar="N", help="only the first N questions of each file")
    added.add_argument(
        "--rows",
        type=_rankings,
        default=["hybrid"],
        metavar="LIST",
        help="rankings to print: hybrid (ours, default), dense, lexical, with commas; the last two answer as well",
    )
    added.add_argument(
        "--as-of-slack",
        type=_days,
        default=3,
        metavar="DAYS",
        help="what was published so long after asking is known (default 3)",
    )
    added.add_argument(
        "--unanswerable",
        type=Path,
        metavar="FILE",
        help="more questions, which this corpus cannot answer: how many are refused",
    )
    added.add_argument(
        "--chat-model",
        action="store_true",
        help="let the chat model that is set write the answers (else they are quotes)",
    )
    added.add_argument("--plot", type=Path, metavar="FILE.png", help="draw precision against coverage, and hit@k")
    added.add_argument("--compare", type=Path, metavar="OLD.json", help="an older run's --json: print the differences")

    added = command(
        "train-reader",
        "Train a reading model of your own (needs the extra train).",
        "newsbot train-reader --base all-mpnet-base-v2/ --stories stories/*.jsonl --out my-reader/",
    )
    added.add_argument(
        "--base", type=Path, required=True, metavar="DIR", help="folder of the MPNet model to begin from"
    )
    added.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the model; a cut run goes on")
    added.add_argument(
        "--layers", type=_count, default=8, metavar="N", help="layers of the base that are kept (default 8)"
    )
    added.add_argument("--stories", type=Path, nargs="+", metavar="FILE", help="story files, a line of JSON each")
    added.add_argument("--squad", type=Path, nargs="+", metavar="FILE", help="SQuAD files, v1.1 or v2.0")
    added.add_argument(
        "--questions",
        type=Path,
        metavar="FILE",
        help="your own questions, as newsbot eval and feedback export have them",
    )
    added.add_argument("--init", type=Path, metavar="DIR", help="go on from the model of an earlier run")
    added.add_argument("--average", action="store_true", help="the mean with the weights of --init is the model")
    added.add_argument(
        "--limit", type=_of_source, action="append", metavar="stories=N", help="examples of stories, squad, own"
    )
    added.add_argument("--passes", type=_count, default=1, metavar="N", help="how often all is seen (default 1)")
    added.add_argument("--rate", type=float, default=5e-5, help="learning rate (default 5e-5)")
    added.add_argument("--batch", type=_count, default=16, metavar="N", help="pairs in a batch (default 16)")
    added.add_argument("--seed", type=int, default=0, metavar="N", help="of the order and the new heads (default 0)")
    added.add_argument("--device", default="cpu", help="cpu (default) or cuda")

    added = command(
        "fit-decision",
        "Fit when an answer is given, and when in bold, to questions with known answers.",
        "newsbot fit-decision questions.jsonl --data data/",
    )
    added.add_argument("questions", type=Path, nargs="+", metavar="QUESTIONS.jsonl", help="as for newsbot eval")
    added.add_argument("--limit", type=_limit, metavar="N", help="only the first N questions of each file")
    added.add_argument("--as-of-slack", type=_days, default=3, metavar="DAYS", help="as for newsbot eval (default 3)")
    added.add_argument(
        "--out", type=Path, metavar="FILE", help="where to write them (default: where newsbot reads them)"
    )

    added = command(
        "fit-kinds",
        "Fit what tells the kinds of questions to bot/models/training/question_kinds.jsonl.",
        "newsbot fit-kinds",
    )
    added.add_argument("--out", type=Path, metavar="DIR", help="folder (default: where newsbot reads it)")

    added = command(
        "fit-orders",
        "Fit what tells orders to chat models to bot/models/training/orders.jsonl.",
        "newsbot fit-orders",
    )
    added.add_argument("--out", type=Path, metavar="DIR", help="folder (default: where newsbot reads it)")

    added = command(
        "discord", "Be a bot on Discord (needs DISCORD_TOKEN).", "newsbot discord --check && newsbot discord"
    )
    added.add_argument("--check", action="store_true", help="say what is missing, and connect nothing")
    added.add_argument("--health-port", type=_port, metavar="PORT", help="give health and metrics on this port")
    added.add_argument("--systemd", action="store_true", help="print a systemd unit for this installation")

    def opening(added: argparse.ArgumentParser) -> None:
        added.add_argument("--host", metavar="ADDRESS", help="address to open on (else NEWSBOT_SERVER_HOST)")
        added.add_argument("--port", type=_port, metavar="PORT", help="port to open on (else NEWSBOT_SERVER_PORT)")

    added = command("serve", "Serve the page, and HTTP for programs (needs the extra web).", "newsbot serve")
    opening(added)

    added = command("mcp", "Serve assistants by the Model Context Protocol (needs the extra mcp).", "newsbot mcp")
    added.add_argument("--http", action="store_true", help="over HTTP, not over standard input and output")
    opening(added)

    added = command(
        "feedback",
        "Give what people said of answers, as a question file for newsbot eval.",
        "newsbot feedback export > rated.jsonl && newsbot eval rated.jsonl",
    )
    added.add_argument("action", choices=["export"], help="export: a line of JSON for each rated answer")

    added = command(
        "completion",
        "Print what completes newsbot's commands and options in your shell.",
        'eval "$(newsbot completion bash)"',
    )
    added.add_argument("shell", choices=SHELLS, help="for which shell")

    command("demo", "Ingest the sample corpus and answer a question about it.", "newsbot demo")
    return parser


def run_completion(parsed: argparse.Namespace, _settings: None) -> int:
    """Print the completion script of a shell."""
    import shtab

    print(shtab.complete(parser_of_commands(), parsed.shell))
    return 0
