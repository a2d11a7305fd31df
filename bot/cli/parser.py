"""The parser of the command line: every command, its options, help and example. Imports nothing slow."""

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
GROUPS = {
    "begin": ("demo", "ingest", "ask", "chat", "search"),
    "look around": ("list", "sources", "topics", "show", "status"),
    "keep it fresh and sound": ("follow", "read", "remove", "verify", "doctor", "backup", "restore", "reindex"),
    "open it to others": ("discord", "serve", "mcp"),
    "measure and train": ("models", "eval", "feedback", "train-reader", "fit-decision", "fit-kinds", "fit-orders"),
    "shell": ("completion",),
}
"""Every command, in the order in which `newsbot --help` shows them."""
INTERVAL_SECONDS_MIN, INTERVAL_SECONDS_MAX = 10, 7 * 86_400


class _Parser(argparse.ArgumentParser):
    """Reports a wrong call in one sentence: what is wrong, what may have been meant, and where help is."""

    subcommands: argparse._SubParsersAction[_Parser]

    def flag(self, name: str, said: str, *others: str) -> None:
        """Add an option without a value."""
        self.add_argument(name, *others, action="store_true", help=said)

    def value(self, name: str, metavar: str | None, said: str, read: Callable[[str], Any] = str, **more: Any) -> None:
        """Add an argument, or an option with a value. `read` converts its text."""
        self.add_argument(name, metavar=metavar, help=said, type=read, **more)

    def narrowing(self) -> None:
        """Add the options that filter articles."""
        self.value("--after", "DATE", "only what was published on this day or later", _day)
        self.value("--before", "DATE", "only what was published on this day or earlier", _last_day)
        self.value("--source", "NAME", "only this outlet; may be repeated", _name, action="append")

    def asking(self) -> None:
        """Add the options of a question."""
        self.narrowing()
        self.value("--as-of", "DATE", "ask as on this day: nothing published later is known", _last_day)

    def listing(self) -> None:
        """Add the options of a list."""
        self.value("-n", "N", "how many (default 20)", _limit, dest="count", default=20)
        self.narrowing()

    def fetching(self) -> None:
        """Add the options of fetching."""
        self.value("--source", "NAME", "outlet of these articles, whatever they say themselves", _name)
        self.flag("--summaries", "keep a feed's summary where it has no full text")
        self.flag("--allow-private", "fetch from private addresses too (an intranet)")

    def reading(self) -> None:
        """Add sources of articles, and the options of reading them."""
        self.value("sources", "SOURCE", "file, folder, glob, http(s) address, or - for standard input", nargs="+")
        self.fetching()
        said = "name of a field in your records, such as text=maintext; may be repeated"
        self.value("--field", "OURS=THEIRS", said, _field, action="append", default=[])
        self.flag("--no-fetch", "never use the network, not for links in feeds either")

    def opening(self) -> None:
        """Add the address of a server."""
        self.value("--host", "ADDRESS", "address to open on (else NEWSBOT_SERVER_HOST)")
        self.value("--port", "PORT", "port to open on (else NEWSBOT_SERVER_PORT)", _port)

    def format_help(self) -> str:
        """The help; of all commands by what they are for."""
        if not hasattr(self, "subcommands"):
            return super().format_help()
        listed = {each.dest: each for each in self.subcommands._choices_actions}
        formatter = self._get_formatter()
        formatter.add_usage(self.usage, self._actions, self._mutually_exclusive_groups)
        formatter.add_text(self.description)
        for title, names in GROUPS.items():
            formatter.start_section(title)
            formatter.add_arguments([listed[name] for name in names])
            formatter.end_section()
        formatter.start_section("options")
        formatter.add_arguments([each for each in self._actions if each.option_strings])
        formatter.end_section()
        formatter.add_text(self.epilog)
        return formatter.format_help()

    def error(self, message: str) -> NoReturn:
        """Print what is wrong, and end the process with exit status 2."""
        if command := re.match(r"argument COMMAND: invalid choice: '(.*?)'[ ,]", message):
            message = f"{command[1]} is no command.{did_you_mean(command[1], self.subcommands.choices)}"
        elif choice := re.match(r"argument (\S+): invalid choice: '(.*?)' \(choose from (.*)\)", message):
            message = f"{choice[1]}: {choice[2]!r} is none of {choice[3].replace(chr(39), '')}"
        elif missing := re.match(r"the following arguments are required: (.*)", message):
            message = f"{missing[1]} is missing"
        message = message.removeprefix("argument ")
        message += "" if message.endswith(("?", ".")) else "."
        print(f"newsbot: {message} See: {self.prog} --help", file=sys.stderr)
        sys.exit(EXIT_USAGE)

    def parse(self, arguments: Sequence[str] | None) -> argparse.Namespace:
        """Like `parse_args`. For an unknown option it suggests the one that may have been meant."""
        parsed, left = self.parse_known_args(arguments)
        if left:
            command = self.subcommands.choices.get(getattr(parsed, "command", ""), self)
            wrong = next((each for each in left if each.startswith("-")), left[0]).partition("=")[0]
            options = [each for action in command._actions for each in action.option_strings]
            command.error(f"{wrong} is no option of {command.prog}.{did_you_mean(wrong, options)}")
        return parsed


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The sentence " Did you mean ...?" with the known word that is spelled most alike; empty where none is."""
    near = difflib.get_close_matches(word, list(known), 1)
    return f" Did you mean {near[0]}?" if near else ""


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
        raise argparse.ArgumentTypeError("the name of the folder is empty")
    return Path(text)


def _name(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("the name of the outlet is empty; newsbot sources lists all outlets")
    return text


def _field(text: str) -> tuple[str, str]:
    from ingest.read.fields import FIELD_NAMES

    ours, separator, theirs = text.partition("=")
    if not (ours and separator and theirs):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form OURS=THEIRS, such as text=maintext")
    if ours not in FIELD_NAMES:
        known = ", ".join(FIELD_NAMES)
        raise argparse.ArgumentTypeError(
            f"newsbot has no field {ours!r}; its fields are {known}.{did_you_mean(ours, FIELD_NAMES)}"
        )
    return ours, theirs


def _number(least: int, most: int | None, what: str) -> Callable[[str], int]:
    """A converter of whole numbers within bounds. `what` names the number in the error."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= (most or int(text))):
            raise argparse.ArgumentTypeError(f"{text!r} is no {what} from {least} {f'to {most}' if most else 'on'}")
        return int(text)

    return read


_count = _number(1, 1000, "number")
_limit = _number(1, None, "number")
_days = _number(0, 366, "number of days")
_port = _number(0, 65_535, "port")


def _of_source(text: str) -> tuple[str, int]:
    name, _, count = text.partition("=")
    if name not in ("stories", "squad", "own") or not count.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form squad=5000 (stories, squad or own)")
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
    """The parser of every command. What it returns names the `command`, and the `module` of this folder that holds its
    `run_` function, which takes arguments and settings. A wrong call ends the process with 2.
    """
    parser = _Parser(
        prog="newsbot",
        description="Answers questions about a news corpus with cited, dated, verbatim passages.",
        epilog="newsbot COMMAND --help shows a command's options and an example.",
    )
    parser.flag("--version", "show the version and exit")
    commands = parser.subcommands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def command(name: str, module: str, said: str, example: str) -> _Parser:
        added = commands.add_parser(
            name,
            help=said[0].lower() + said[1:].rstrip("."),
            description=said,
            epilog=f"Example:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        folder = "folder of the corpus (else NEWSBOT_DATA_DIR, else data/ here, else newsbot's in your home)"
        added.value("--data", "DIR", folder, _folder)
        added.flag("--json", "print one JSON document on standard output")
        added.flag("-v", "more detail: the log, scores, where errors arose", "--verbose")
        added.set_defaults(command=name, module=module)
        return added

    said, example = "Put articles into the corpus.", "newsbot ingest articles/ more.jsonl.gz 'pages/*.html'"
    added = command("ingest", "ingest", said, example)
    added.reading()
    added.flag("--dry-run", "say what would be stored, and store nothing")

    said = "Show what ingest would store, and store nothing."
    command("read", "ingest", said, "newsbot read page.html --json").reading()

    said = "Ask feeds again and again, and store what is new."
    added = command("follow", "ingest", said, "newsbot follow https://rss.dw.com/xml/rss-en-world --every 15m")
    added.value("feeds", "FEED", "address of a feed, sitemap or page; or an OPML file that lists some", nargs="+")
    added.value("--every", "TIME", "from round to round: 90s, 15m (default), 2h, 1d", _interval, default=900.0)
    added.flag("--once", "ask once, and end")
    added.fetching()

    said, example = "Show an article as it is stored.", "newsbot show https://p.dw.com/p/3XeL4 --revisions"
    added = command("show", "corpus", said, example)
    added.value("url", "URL", "address (or id) of the article")
    added.flag("--revisions", "every recorded state, and what changed when")

    example = 'newsbot ask "How many NATO personnel are in Iraq?" --as-of 2020-03-01'
    added = command("ask", "ask", "Answer a question.", example)
    added.value("question", "QUESTION", "the question, in words", nargs="+")
    added.asking()

    said, example = "Show the passages that fit a question.", 'newsbot search "suez canal" -k 5'
    added = command("search", "ask", said, example)
    added.value("question", "QUESTION", "the question, or words", nargs="+")
    added.value("-k", "N", "how many passages (default 10)", _count, default=10)
    added.asking()

    command("chat", "ask", "Hold a conversation in the terminal.", "newsbot chat --source Reuters").asking()
    said = "Show the models that are set, and try the chat model once."
    command("models", "ask", said, "newsbot models --json")
    command("status", "corpus", "Show what the corpus holds, and the state of its indexes.", "newsbot status --json")
    example = "newsbot list --after 2022-10 --source Reuters"
    command("list", "corpus", "List articles, the newest first.", example).listing()
    command("sources", "corpus", "List the outlets, how much each has, and how fresh it is.", "newsbot sources")
    example = "newsbot topics --after 2022-10"
    command("topics", "corpus", "List the names that most articles speak of.", example).listing()

    said = "Check everything that newsbot needs, and say what helps."
    added = command("doctor", "doctor", said, "newsbot doctor --chat-model")
    added.flag("--chat-model", "try the chat model that is set, with one tiny call")
    added.flag("--discord", "ask Discord about the token and its intents")

    added = command("verify", "corpus", "Check that catalog and indexes agree.", "newsbot verify --repair")
    added.flag("--repair", "mend catalog and indexes")

    example = "newsbot remove https://p.dw.com/p/3XeL4"
    added = command("remove", "corpus", "Take articles out of the corpus.", example)
    added.value("urls", "URL", "address (or id) of an article", nargs="+")
    how = added.add_mutually_exclusive_group()
    how.add_argument(
        "--purge",
        action="store_true",
        help="delete their text, older states, vectors, copies in other outlets and the answers that cited them, "
        "and refuse them from now on",
    )
    how.add_argument("--allow", action="store_true", help="accept purged articles again")

    said = "Copy the catalog into one file, also while others write."
    command("backup", "corpus", said, "newsbot backup news.backup").value("file", "FILE", "the new file", Path)
    added = command("restore", "corpus", "Replace the corpus by a backup.", "newsbot restore news.backup")
    added.value("file", "FILE", "what newsbot backup wrote", Path)
    said = "Build both indexes anew, with the settings of today."
    command("reindex", "corpus", said, "newsbot reindex --data data/")

    said = "Measure how good answers are, by questions with known answers."
    example = "newsbot eval questions.jsonl --rows dense,lexical,hybrid --plot figures.png"
    added = command("eval", "eval", said, example)
    said = "one object a line: question; id, kind, asked_on, answers, relevant, must, short, wrong, answerable"
    added.value("questions", "QUESTIONS.jsonl", said, Path, nargs="?")
    said = "measure the check of a chat model's prose: title, text, source, published, claims (text, ok, why)"
    added.value("--claims", "FILE.jsonl", said, Path)
    added.value("--limit", "N", "only the first N questions of each file", _limit)
    said = "rankings to print: hybrid (ours, default), dense, lexical, with commas; the last two answer as well"
    added.value("--rows", "LIST", said, _rankings, default=["hybrid"])
    said = "what was published so long after asking is known (default 3)"
    added.value("--as-of-slack", "DAYS", said, _days, default=3)
    added.value("--unanswerable", "FILE", "more questions, which this corpus cannot answer: how many are refused", Path)
    added.flag("--chat-model", "let the chat model that is set write the answers (else they are quotes)")
    added.value("--plot", "FILE.png", "draw precision against coverage, and hit@k", Path)
    added.value("--compare", "OLD.json", "an older run's --json: print the differences", Path)

    said = "Train a reading model of your own (needs the extra train)."
    example = "newsbot train-reader --base all-mpnet-base-v2/ --stories stories/*.jsonl --out my-reader/"
    added = command("train-reader", "training", said, example)
    added.value("--base", "DIR", "folder of the MPNet model to begin from", Path, required=True)
    added.value("--out", "DIR", "folder for the model; a cut run goes on", Path, required=True)
    added.value("--layers", "N", "layers of the base that are kept (default 8)", _count, default=8)
    added.value("--stories", "FILE", "story files, a line of JSON each", Path, nargs="+")
    added.value("--squad", "FILE", "SQuAD files, v1.1 or v2.0", Path, nargs="+")
    added.value("--questions", "FILE", "your own questions, as newsbot eval and feedback export have them", Path)
    added.value("--init", "DIR", "go on from the model of an earlier run", Path)
    added.flag("--average", "the mean with the weights of --init is the model")
    added.value("--limit", "stories=N", "examples of stories, squad, own", _of_source, action="append")
    added.value("--passes", "N", "how often all is seen (default 1)", _count, default=1)
    added.value("--rate", None, "learning rate (default 5e-5)", float, default=5e-5)
    added.value("--batch", "N", "pairs in a batch (default 16)", _count, default=16)
    added.value("--seed", "N", "of the order and the new heads (default 0)", int, default=0)
    added.value("--device", None, "cpu (default) or cuda", default="cpu")

    said = "Fit when an answer is given, and when it is in bold."
    added = command("fit-decision", "training", said, "newsbot fit-decision questions.jsonl --data data/")
    added.value("questions", "QUESTIONS.jsonl", "as for newsbot eval", Path, nargs="+")
    added.value("--limit", "N", "only the first N questions of each file", _limit)
    added.value("--as-of-slack", "DAYS", "as for newsbot eval (default 3)", _days, default=3)
    added.value("--out", "FILE", "where to write them (default: where newsbot reads them)", Path)

    for name, what in (("kinds", "what kind a question is"), ("orders", "orders to chat models from news")):
        added = command(f"fit-{name}", "training", f"Fit the classifier that tells {what}.", f"newsbot fit-{name}")
        added.value("--out", "DIR", "folder (default: where newsbot reads it)", Path)

    said, example = "Run the bot on Discord (needs DISCORD_TOKEN).", "newsbot discord --check && newsbot discord"
    added = command("discord", "discord_bot", said, example)
    added.flag("--check", "say what is missing, and connect nothing")
    added.value("--health-port", "PORT", "give health and metrics on this port", _port)
    added.flag("--systemd", "print a systemd unit for this installation")

    said = "Serve the page, and HTTP for programs (needs the extra web)."
    command("serve", "servers", said, "newsbot serve").opening()

    said = "Serve assistants by the Model Context Protocol (needs the extra mcp)."
    added = command("mcp", "servers", said, "newsbot mcp")
    added.flag("--http", "over HTTP, not over standard input and output")
    added.opening()

    said = "Print the rated answers as a question file for newsbot eval."
    example = "newsbot feedback export > rated.jsonl && newsbot eval rated.jsonl"
    added = command("feedback", "corpus", said, example)
    added.value("action", "export", "print a line of JSON for each rated answer", choices=["export"])

    said = "Print a completion script for your shell."
    added = command("completion", "parser", said, 'eval "$(newsbot completion bash)"')
    added.value("shell", "SHELL", f"one of {', '.join(SHELLS)}", choices=SHELLS)

    command("demo", "ask", "Ingest the sample corpus and answer a question about it.", "newsbot demo")
    return parser


def run_completion(parsed: argparse.Namespace, _settings: None) -> int:
    """Print the completion script of a shell."""
    import shtab

    print(shtab.complete(parser_of_commands(), parsed.shell))
    return 0
