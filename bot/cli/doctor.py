"""The command `newsbot doctor`: checks everything that newsbot needs, and says of each problem what helps."""

from __future__ import annotations

import argparse
import base64
import os
import re
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.terminal import print_json, say, settings_of, typed, with_own_pip
from bot.errors import CorpusMissing, ModelError, NewsbotError

if TYPE_CHECKING:
    from bot.corpus.corpus import Status
    from bot.settings import Settings

PYTHON_LEAST = (3, 11)
FREE_BYTES_LEAST = 1024**3
"""The embedding model is exported once, which takes a few hundred megabytes; a corpus grows."""
SECRET_NAME = re.compile(
    r"\s*(?:export\s+)?([A-Z][A-Z0-9_]*(?:TOKEN|KEY|SECRET|PASSWORD|DATABASE_URL))\s*=\s*['\"]?[^\s'\"]"
)
FUTURE_DAYS = 2
"""Days ahead of now from which a day of publication cannot be a matter of time zones."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that was looked at: `state` is ok, note (worth knowing) or wrong; `remedy` says what helps."""

    subject: str
    state: str
    said: str
    remedy: str = ""

    def lines(self) -> list[str]:
        """For a person."""
        state = self.state.upper() if self.state == "wrong" else self.state
        return [f"{state:<6} {self.subject}: {self.said}", *([f"       {self.remedy}"] if self.remedy else [])]


def run_doctor(parsed: argparse.Namespace, _settings: None) -> int:
    """Print what is found as it is found: exit status 1 where something is wrong."""
    return show(_examine(parsed), as_json=parsed.json)


def show(diagnostics: Iterable[Diagnostic], *, as_json: bool) -> int:
    """Print each as it comes; gives the exit status."""
    found = []
    for each in diagnostics:
        found.append(each)
        if not as_json:
            print(with_own_pip("\n".join(each.lines())), flush=True)
    wrong = sum(each.state == "wrong" for each in found)
    if as_json:
        print_json({"fine": not wrong, "findings": [asdict(each) for each in found]})
    else:
        say(f"{wrong} {'thing is' if wrong == 1 else 'things are'} wrong." if wrong else "Nothing is wrong.")
    return 1 if wrong else 0


def _examine(parsed: argparse.Namespace) -> Iterator[Diagnostic]:
    yield _python()
    yield from _env_file(Path(".env"))
    try:
        settings = settings_of(parsed)
    except NewsbotError as error:
        yield Diagnostic("settings", "wrong", str(error), "Every setting is explained in .env.example.")
        yield _clock(None)
        return
    yield Diagnostic("settings", "ok", f"the corpus is in {settings.data_dir}.")
    from bot.wiring import cache_dir

    yield _disk("disk of the corpus", settings.data_dir)
    yield _disk("disk of the cache", cache_dir(settings))
    status, corpus = state_of_corpus(settings)
    yield from corpus
    yield _clock(status)
    model = _tried("embedding model", _embedding_model, settings)
    yield model
    yield _tried("reader", _reader, settings)
    if status is not None and status.coverage.articles and model.state == "ok":
        yield _tried("answers", _answer, settings)
    yield _tried("chat model", partial(_chat_model, is_tried=parsed.chat_model), settings)
    yield from _discord(settings, is_asked=parsed.discord)


def _python() -> Diagnostic:
    said = f"{sys.version.split()[0]}, in {sys.prefix}."
    if sys.version_info < PYTHON_LEAST:
        return Diagnostic("Python", "wrong", said, "newsbot needs 3.11 or newer: make a new environment with one.")
    try:
        wanted = [each for each in metadata.requires("newsbot") or () if "extra ==" not in each]
    except metadata.PackageNotFoundError:
        return Diagnostic("Python", "wrong", f"{said} newsbot is not installed there.", "pip install -e .")
    names = (re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in wanted)
    if missing := [name for name in names if not [*metadata.distributions(name=name)]]:
        said += f" It lacks {', '.join(missing)}."
        return Diagnostic("Python", "wrong", said, "pip install -e . installs them.")
    return Diagnostic("Python", "ok", f"{said} newsbot {metadata.version('newsbot')} has all that it needs.")


def _env_file(path: Path) -> Iterator[Diagnostic]:
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        yield Diagnostic(".env", "wrong", f"it cannot be read ({error}).", "Save it as UTF-8 text that you may read.")
        return
    secrets = [found[1] for line in text.splitlines() if (found := SECRET_NAME.match(line))]
    if secrets and mode & (stat.S_IRGRP | stat.S_IROTH | stat.S_IWGRP | stat.S_IWOTH):
        said = f"others on this machine can read it, and it holds {', '.join(secrets)}."
        yield Diagnostic(".env", "wrong", said, f"chmod 600 {path.absolute()}")
    else:
        yield Diagnostic(".env", "ok", "you alone can read it." if secrets else "it holds no secret.")


def _disk(subject: str, folder: Path) -> Diagnostic:
    """Room on the disk, and whether this user may write there."""
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    free = shutil.disk_usage(there).free
    said = f"{free / 1024**3:,.1f} GB are free for {folder.absolute()}."
    if not os.access(there, os.W_OK | os.X_OK):
        said = f"{there} cannot be written by this user; what is there can be asked."
        return Diagnostic(subject, "note", said, "To put articles in, change its owner, or name another by --data.")
    if free < FREE_BYTES_LEAST:
        return Diagnostic(subject, "wrong", said, "Make room: 1 GB at least; about 10 kB for each article.")
    return Diagnostic(subject, "ok", said)


def state_of_corpus(settings: Settings) -> tuple[Status | None, list[Diagnostic]]:
    """The state of the corpus, where it can be opened, and what is to be said of it and of its indexes."""
    from bot.wiring import open_corpus

    try:
        corpus = open_corpus(settings)
        status = corpus.status()
    except CorpusMissing as error:
        return None, [Diagnostic("corpus", "wrong", str(error), "To try newsbot with a sample: newsbot demo")]
    except NewsbotError as error:
        return None, [Diagnostic("corpus", "wrong", str(error))]
    count, run = status.coverage.articles, status.last_run
    if not count:
        found = Diagnostic("corpus", "wrong", "it has no articles.", "Put some in: newsbot ingest SOURCE")
    elif run is not None and run.finished_at is None:
        said = f"{count:,} articles; the last ingest was interrupted, or is still running."
        found = Diagnostic("corpus", "note", said, "If it has ended, run it again: it continues where it was.")
    else:
        said = f"{count:,} articles, the newest of {status.coverage.last or 'no known day'}."
        found = Diagnostic("corpus", "ok", said)
    indexes = Diagnostic("indexes", "ok", "they hold all that the catalog holds; newsbot verify compares each.")
    if behind := [f"the {each.name} is {each.behind:,} changes behind" for each in status.indexes if each.behind]:
        repair = f"newsbot verify --repair --data {typed(settings.data_dir)}"
        indexes = Diagnostic("indexes", "wrong", f"{', '.join(behind)}.", f"If no ingest is running: {repair}")
    try:
        corpus.require_indexes()
    except NewsbotError as error:
        indexes = Diagnostic("indexes", "wrong", str(error))
    finally:
        corpus.close()
    return status, [found, indexes]


def _clock(status: Status | None) -> Diagnostic:
    """Whether the clock can be right: it must be later than this file, and than the last ingest."""
    now = datetime.now(UTC)
    said = f"{now:%Y-%m-%d %H:%M} UTC."
    known = [datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)]
    known += [status.last_run.started_at] if status is not None and status.last_run is not None else []
    if now + timedelta(days=1) < max(known):
        remedy = "Set it (timedatectl set-ntp true): what is new, and what is known on a day, depend on it."
        return Diagnostic("clock", "wrong", f"{said} It was later before: {max(known):%Y-%m-%d %H:%M} UTC.", remedy)
    last = status.coverage.last if status is not None else None
    if last is not None and last > now.date() + timedelta(days=FUTURE_DAYS):
        remedy = f"If the clock is right, see: newsbot list --after {now.date() + timedelta(days=1)}"
        return Diagnostic("clock", "note", f"{said} The newest article is of {last}, which is yet to come.", remedy)
    return Diagnostic("clock", "ok", said)


def _tried(subject: str, look: Callable[[Settings], Diagnostic], settings: Settings) -> Diagnostic:
    try:
        return look(settings)
    except NewsbotError as error:
        remedy = "Until then answers are quotes." if subject == "chat model" and isinstance(error, ModelError) else ""
        return Diagnostic(subject, "wrong", str(error), remedy)


def _embedding_model(settings: Settings) -> Diagnostic:
    from bot.wiring import open_embeddings

    embeddings = open_embeddings(settings, say)
    embeddings.embed_query("newsbot")
    said = f"{settings.embedding_model}, {embeddings.dimension} dimensions, run by {embeddings.runtime}."
    return Diagnostic("embedding model", "ok", said)


def _reader(settings: Settings) -> Diagnostic:
    from bot.wiring import open_reader

    if open_reader(settings) is None:
        return Diagnostic("reader", "note", "it is off: passages are quoted by rank.", "Take NEWSBOT_READER=off away.")
    return Diagnostic("reader", "ok", f"{settings.reader or 'the one that newsbot brings'}.")


def _answer(settings: Settings) -> Diagnostic:
    """Ask a question end to end, without a chat model."""
    from bot.wiring import open_asker

    asker = open_asker(settings.model_copy(update={"llm": None}))
    asker("What is new?")
    started = time.perf_counter()
    answer = asker("What happened?")
    seconds = time.perf_counter() - started
    return Diagnostic("answers", "ok", f"a question took {seconds:.2f} s over {answer.coverage.articles:,} articles.")


def _chat_model(settings: Settings, *, is_tried: bool) -> Diagnostic:
    from bot.cli.ask import try_chat_model
    from bot.wiring import open_model_calls

    calls = open_model_calls(settings)
    if calls is None:
        return Diagnostic("chat model", "ok", "none is set: answers are quotes.")
    if not is_tried:
        return Diagnostic("chat model", "ok", f"{settings.llm} is set up; --chat-model tries it with one call.")
    seconds, _ = try_chat_model(calls, settings)
    return Diagnostic("chat model", "ok", f"{settings.llm} answered in {seconds:.2f} s.")


def _discord(settings: Settings, *, is_asked: bool) -> Iterator[Diagnostic]:
    token = settings.discord_token
    if token is not None and not has_form_of_token(token.get_secret_value()):
        remedy = "Copy it again: Bot, Reset Token, at https://discord.com/developers/applications"
        yield Diagnostic("Discord", "wrong", "DISCORD_TOKEN does not have the form of a bot's token.", remedy)
    elif is_asked:
        yield from (replace(found, subject=f"Discord, {found.subject}") for found in about_discord(settings))
    elif token is None:
        yield Diagnostic("Discord", "ok", "no DISCORD_TOKEN is set; newsbot discord alone needs one.")
    else:
        said = "DISCORD_TOKEN has the form of a token; --discord asks about it and the intents."
        yield Diagnostic("Discord", "ok", said)


def about_discord(settings: Settings) -> Iterator[Diagnostic]:
    """Ask Discord about what the bot needs."""
    import asyncio

    from bot.discord_bot.check import check

    for each in asyncio.run(check(settings)):
        yield Diagnostic(each.subject, "ok" if each.fine else "wrong", each.said, each.remedy)


def has_form_of_token(token: str) -> bool:
    """Whether the text has the form of a bot's token: the bot's id in Base64, and two more parts."""
    match = re.fullmatch(r"([\w-]+)\.[\w-]+\.[\w-]+", token, re.ASCII)
    try:
        id_ = base64.urlsafe_b64decode(f"{match[1]}==") if match else b""
    except ValueError:
        return False
    return id_.isdigit() and 15 <= len(id_) <= 20
