"""README and docs: links lead somewhere, every command and Python block runs, what repeats code agrees with it."""

from __future__ import annotations

import gzip
import html
import json
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

from bot.cli import main, parser_of_commands
from bot.settings import Settings
from tests import pages
from tests.conftest import ROOT, SAMPLE
from tests.pictures import IMAGES, QUESTION

PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted((ROOT / "docs").glob("*.md"))
README_LINES_MOST = 150
SERVER_SECONDS = 120
BLOCK = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!`)!?\[[^\]]*\]\(([^)\s]+)\)")
ANCHOR = re.compile(r"^#+ (.+)$", re.MULTILINE)
STAYS = {"discord", "follow", "chat", "serve", "mcp"}
"""Commands that stay until they are ended: here their arguments are parsed, and their own tests run them."""
ENDS = {"--systemd", "--help"}
"""What makes one of them end at once."""
LONG = {"train-reader", "fit-decision", "demo", "doctor"}
"""Commands that take minutes, set up what is there already, or look at this machine; they have tests of their own."""
ELSEWHERE = {"git", "cd", "cp", "chmod", "curl", "docker", "systemctl", "pre-commit", "journalctl", "npx"}
"""Programs that are not ours."""


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(*languages: str) -> list[tuple[Path, str]]:
    return [(path, block[3]) for path in PAGES for block in BLOCK.finditer(text_of(path)) if block[2] in languages]


# Pages


def test_readme_is_short() -> None:
    assert len(text_of(ROOT / "README.md").splitlines()) <= README_LINES_MOST


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_what_is_there(page: Path) -> None:
    """The site's builder follows links between pages; it knows neither pictures nor what is outside of docs/."""
    links = [link for link in LINK.findall(BLOCK.sub("", text_of(page))) if not re.match(r"https?:", link)]
    for link in links:
        name, _, anchor = link.partition("#")
        target = page if not name else page.parent / unquote(name)
        if target.name == "page.png" and not (ROOT / "bot" / "server").is_dir():
            continue  # the picture of a page that is not there yet
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in {slug(heading) for heading in ANCHOR.findall(text_of(target))}, f"{page.name}: {link}"


def slug(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-")


def test_every_page_is_in_the_menu_and_the_site_is_built_strictly(tmp_path: Path) -> None:
    for name in ("mkdocs.yml", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    card = Path("bot/models/weights/CARD.md")
    (tmp_path / card).parent.mkdir(parents=True)
    shutil.copy(ROOT / card, tmp_path / card)
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    built = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    menu = text_of(ROOT / "mkdocs.yml")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name in menu
        folder = tmp_path / "site" / ("" if page.stem == "index" else page.stem)
        shown = text_of(folder / "index.html")
        assert ("newsbot-reader" in shown) == (page.stem == "reader"), "the card stands in its page"
        elsewhere = re.findall(r"""<(?:script|img|link)[^>]+(?:src|href)=["']?https?://[^"'> ]+""", shown)
        assert not elsewhere, "the site is read without a network"


def test_what_pages_repeat_agrees_with_the_code() -> None:
    stale = [str(path.relative_to(ROOT)) for path, text in pages.pages().items() if text_of(path) != text]
    assert not stale, f"make pages writes them anew: {', '.join(stale)}"


def test_the_newest_release_of_the_changelog_is_this_version() -> None:
    releases = re.findall(r"^## (\d\S+) - (\d{4}-\d\d-\d\d)$", text_of(ROOT / "CHANGELOG.md"), re.MULTILINE)
    version = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]["version"]
    assert releases[0][0] == version


def test_every_command_stands_in_the_page_of_commands() -> None:
    page = text_of(ROOT / "docs" / "commands.md")
    assert not {name for name in commands() if not re.search(rf"`newsbot {name}\b", page)}


@cache
def commands() -> frozenset[str]:
    (choices,) = (action.choices for action in parser_of_commands()._actions if action.choices)
    return frozenset(choices)


def test_the_picture_of_a_terminal_shows_the_answer_of_today(sample_settings: Settings) -> None:
    from bot import open_chain

    drawn = re.sub(r"<style>.*?</style>|<[^>]+>", "", text_of(IMAGES / "terminal.svg"), flags=re.DOTALL)
    shown = re.sub(r"\s+", "", html.unescape(drawn))
    answer = open_chain(sample_settings.model_copy(update={"reader_depth": Settings().reader_depth})).invoke(QUESTION)
    assert len(answer.citations) > 1
    for citation in answer.citations:
        assert re.sub(r"\s+", "", citation.quote) in shown, "make pictures draws it anew"


# What is typed


@dataclass(frozen=True)
class Command:
    """One command of a page: variables set before it, its words, the file that takes its output."""

    page: str
    words: tuple[str, ...]
    variables: tuple[str, ...] = ()
    into: str = ""

    def __str__(self) -> str:
        return f"{self.page}: {shlex.join(self.words)}"


def typed() -> Iterator[Command]:
    """Every command of the pages' shell blocks, in their order."""
    for path, block in blocks("sh", "console", "bash", "shell"):
        prompt = "$ " if "\n$ " in f"\n{block}" else ""
        for line in block.replace("\\\n", " ").splitlines():
            if not line.startswith(prompt):
                continue
            lexer = shlex.shlex(line.removeprefix(prompt), posix=True, punctuation_chars=True)
            lexer.wordchars += ":,%@"
            yield from _split(path.name, list(lexer))


def _split(page: str, tokens: list[str]) -> Iterator[Command]:
    words: list[str] = []
    for token in [*tokens, "&&"]:
        if token not in ("&&", "||", "|", ";"):
            words.append(token)
            continue
        into = ""
        if ">" in words:
            into = words[words.index(">") + 1]
            words = words[: words.index(">")]
        variables = []
        while words and (words[0] == "export" or re.match(r"[A-Z_]+=", words[0])):
            variables += [words[0]] if words[0] != "export" else []
            words = words[1:]
        if words or variables:
            yield Command(page, tuple(words), tuple(variables), into)
        words = []


def ours(command: Command) -> tuple[str, ...]:
    """The arguments of a newsbot command; empty where it is none."""
    found = command.words and command.words[0] in ("newsbot", ".venv/bin/newsbot")
    return command.words[1:] if found else ()


def is_run(command: Command) -> bool:
    arguments = ours(command)
    if not arguments or arguments[0] in LONG:
        return False
    return arguments[0] not in STAYS or bool(ENDS & set(arguments))


@pytest.mark.parametrize("command", [each for each in typed() if not is_run(each)], ids=str)
def test_what_is_not_run_here_is_there(command: Command) -> None:
    words = [word for word in command.words if word not in ("sudo",)]
    program = Path(words[0]).name if words else ""
    if program == "newsbot":
        parser_of_commands().parse_args(words[1:])
    elif program == "make":
        rules = re.findall(r"^([\w-]+):", text_of(ROOT / "Makefile"), re.MULTILINE)
        assert {word for word in words[1:] if "=" not in word} <= set(rules)
    elif program in ("pip", "pip3"):
        extras = re.findall(r"\[([\w,]+)\]", " ".join(words))
        known = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]["optional-dependencies"]
        assert {name for each in extras for name in each.split(",")} <= known.keys()
    elif program in ("python", "python3"):
        module = words[2].replace(".", "/") + ".py" if words[1] == "-m" else words[1]
        assert words[1:3] == ["-m", "pytest"] or (ROOT / module).is_file()
    else:
        assert not program or program in ELSEWHERE, f"{command}: say here what it is"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, sample_settings: Settings) -> Path:
    """A folder as the pages have it: the sample corpus in data/ and data/demo, a few articles, questions, claims."""
    folder = tmp_path_factory.mktemp("desk")
    for name in ("data", "data/demo"):
        shutil.copytree(sample_settings.data_dir, folder / name)
    (folder / "articles").mkdir()
    (folder / "pages").mkdir()
    for path in sorted((SAMPLE / "news" / "pages").glob("*.txt"))[:2]:
        shutil.copy(path, folder / "articles")
    shutil.copy(min((SAMPLE / "news" / "html").glob("*.html")), folder / "pages")
    line = text_of(SAMPLE / "news" / "southwind-archive.jsonl").splitlines()[0]
    (folder / "more.jsonl.gz").write_bytes(gzip.compress(line.encode()))
    for page, block in blocks("json"):
        if page.name == "evaluation.md":
            name = "claims.jsonl" if '"claims"' in block else "questions.jsonl"
            (folder / name).write_text(block, encoding="utf-8")
    return folder


@pytest.fixture
def at_the_desk(desk: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In that folder, with the models that other tests prepared."""
    monkeypatch.chdir(desk)
    monkeypatch.setenv("NEWSBOT_CACHE_DIR", str(cache_dir))
    monkeypatch.setenv("NEWSBOT_READER_DEPTH", "6")


@pytest.mark.parametrize("page", sorted({each.page for each in typed() if is_run(each)}))
@pytest.mark.usefixtures("at_the_desk")
def test_the_commands_of_a_page_run(
    page: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One after the other, as a reader types them."""
    for command in (each for each in typed() if each.page == page and is_run(each)):
        arguments = ours(command)
        with monkeypatch.context() as changed:
            for each in command.variables:
                changed.setenv(*each.split("=", 1))
            status = main(arguments)
        shown = capsys.readouterr()
        assert status == 0, f"{command}: {shown.err}"
        assert shown.out, command
        if "--json" in arguments:
            json.loads(shown.out)
        if command.into:
            Path(command.into).write_text(shown.out, encoding="utf-8")


# Python


PYTHON_PAGES = sorted({path for path, _ in blocks("python")} - {ROOT / "docs" / "servers.md"})


@pytest.mark.parametrize("page", PYTHON_PAGES, ids=lambda page: page.name)
@pytest.mark.usefixtures("at_the_desk")
def test_the_python_of_a_page_runs(page: Path) -> None:
    """The blocks of a page one after the other, as a reader pastes them."""
    names: dict[str, object] = {"__name__": page.stem}
    for path, block in blocks("python"):
        if path == page:
            exec(compile(block, page.name, "exec"), names)


@pytest.mark.skipif("serve" not in commands(), reason="there is no newsbot serve yet")
@pytest.mark.usefixtures("at_the_desk")
def test_what_asks_a_server_is_answered(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page's Python and its curl lines, against a server that is started as the page says, on a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "bot", "serve", "--data", "data/demo", "--port", str(port)]
    server = subprocess.Popen(command, cwd=desk, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        wait_for_health(server, port)
        ((_, block),) = [each for each in blocks("python") if each[0].name == "servers.md"]
        exec(compile(block.replace("127.0.0.1:8080", f"127.0.0.1:{port}"), "servers.md", "exec"), {})
        assert "NATO" in capsys.readouterr().out
        if curl := shutil.which("curl"):
            lines = [each for each in typed() if each.page == "servers.md" and each.words[0] == "curl"]
            assert lines
            for line in lines:
                words = [word.replace("127.0.0.1:8080", f"127.0.0.1:{port}") for word in line.words[1:]]
                done = subprocess.run([curl, "--silent", "--fail", *words], capture_output=True, text=True, check=False)
                assert done.returncode == 0, line
                assert json.loads(done.stdout)
    finally:
        server.terminate()
        server.communicate(timeout=60)


def wait_for_health(server: subprocess.Popen[str], port: int) -> None:
    """Until the server answers; what it said where it ended instead."""
    until = time.monotonic() + SERVER_SECONDS
    while True:
        assert server.poll() is None, server.stderr and server.stderr.read()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as reply:
                if reply.status == 200:
                    return
        except OSError:
            assert time.monotonic() < until, "the server has not answered"
            time.sleep(0.2)


def test_every_block_of_json_is_json() -> None:
    for page, block in blocks("json"):
        assert json.loads(block), page
