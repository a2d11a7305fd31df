"""The command line as people type it: processes of their own, their output, their exit status."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol

import pytest

from bot.cli import main
from bot.cli.parser import GROUPS, parser_of_commands
from bot.cli.terminal import with_own_pip
from bot.corpus.corpus import CATALOG_FILE, HOLDER_FILE
from bot.settings import Settings
from bot.wiring import open_corpus
from ingest.read.sources import CORPUS_FILE
from tests.conftest import ROOT
from tests.fakes import run_newsbot

COMMANDS = (
    "ingest",
    "read",
    "follow",
    "show",
    "ask",
    "search",
    "chat",
    "status",
    "verify",
    "remove",
    "backup",
    "restore",
    "reindex",
    "demo",
    "list",
    "sources",
    "topics",
    "doctor",
    "completion",
    "models",
    "eval",
    "feedback",
    "discord",
)
NATO = "How many NATO personnel are in Iraq?"
PAGE = """Home | World | Sport

Bridge over the Elbe opens

3 March 2024

https://post.example/2024/03/03/elbe-bridge

A new bridge over the Elbe opened to traffic on Sunday after four years of work, the city said.

The bridge cost 48 million euros and is 412 metres long. About 9,000 cars are expected to use it every day.

Sign up for our newsletter
"""


@pytest.fixture
def env(settings: Settings) -> dict[str, str]:
    """An environment with a data folder of the test's own."""
    return {"NEWSBOT_DATA_DIR": str(settings.data_dir), "NEWSBOT_CACHE_DIR": str(settings.cache_dir)}


@pytest.fixture
def sample_env(sample_settings: Settings) -> dict[str, str]:
    """An environment with the sample corpus; not to be changed."""
    return {"NEWSBOT_DATA_DIR": str(sample_settings.data_dir), "NEWSBOT_CACHE_DIR": str(sample_settings.cache_dir)}


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.txt"
    path.write_text(PAGE, encoding="utf-8")
    return path


class RunHere(Protocol):
    """Runs the command line in this process over the sample corpus: exit status, output, complaints."""

    def __call__(self, *arguments: str, env: Mapping[str, str] | None = None) -> tuple[int, str, str]: ...


@pytest.fixture
def run_here(
    sample_env: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> RunHere:
    def run(*arguments: str, env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        for name, value in (sample_env | dict(env or {})).items():
            monkeypatch.setenv(name, value)
        try:
            status = main(arguments)
        except SystemExit as stopped:  # argparse ends the process for a wrong call
            status = int(str(stopped.code or 0))
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return run


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(run_here: RunHere, command: str) -> None:
    status, shown, _ = run_here(command, "--help")
    assert status == 0
    assert f"newsbot {command}" in shown.split("Example:")[1]
    assert "--data DIR" in shown
    assert "--json" in shown


def test_newsbot_alone_shows_its_help(run_here: RunHere) -> None:
    status, shown, complaint = run_here()
    assert (status, complaint) == (0, "")
    assert shown == run_here("--help")[1]
    assert all(f"\n  {command}" in shown for command in COMMANDS)
    assert shown.index("\n  demo") < shown.index("\n  ask") < shown.index("\n  fit-orders")
    named = [name for names in GROUPS.values() for name in names]
    assert sorted(named) == sorted(parser_of_commands().subcommands.choices), "each command once"


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2022-10-31", date(2022, 10, 31), date(2022, 10, 31)),
        ("2022-10", date(2022, 10, 1), date(2022, 10, 31)),
        ("2024-2", date(2024, 2, 1), date(2024, 2, 29)),
        ("2022", date(2022, 1, 1), date(2022, 12, 31)),
    ],
)
def test_a_month_or_a_year_is_a_date_too(text: str, first: date, last: date) -> None:
    parsed = parser_of_commands().parse(["ask", "q", "--after", text, "--before", text, "--as-of", text])
    assert (parsed.after, parsed.before, parsed.as_of) == (first, last, last)


def test_yesterday_is_a_date() -> None:
    before = datetime.now(UTC).astimezone().date()
    parsed = parser_of_commands().parse(["list", "--after", "yesterday", "--before", "Today"])
    assert parsed.before - parsed.after == timedelta(days=1)
    assert before <= parsed.before <= datetime.now(UTC).astimezone().date()


def test_ingest_then_ask(run_here: RunHere, env: dict[str, str], page: Path) -> None:
    stored = run_newsbot("ingest", str(page), env=env)
    assert (stored.returncode, stored.stdout) == (
        0,
        "1 new, 0 changed, 0 unchanged, 0 copies, 0 skipped, 0 failed\n",
    )
    again = run_here("ingest", str(page), env=env)[1]
    assert again == "0 new, 0 changed, 1 unchanged, 0 copies, 0 skipped, 0 failed\n"
    answer = run_newsbot("ask", "How much did the bridge over the Elbe cost?", env=env)
    assert answer.returncode == 0
    assert answer.stdout.startswith("48 million euros\n")
    assert re.search(r"^\[1\]( \[\d\])* Bridge over the Elbe opens", answer.stdout, re.MULTILINE)
    assert "3 March 2024" in answer.stdout
    assert "\n    https://post.example/2024/03/03/elbe-bridge\n" in answer.stdout
    assert "\x1b" not in answer.stdout, "no colour in a pipe"


def test_ask_json_is_the_contract(sample_env: dict[str, str]) -> None:
    shown = run_newsbot("ask", NATO, "--as-of", "2020-03-01", "--json", env=sample_env)
    assert shown.stderr == ""
    document = json.loads(shown.stdout)
    assert document["question"] == NATO
    assert document["as_of"] == "2020-02-13"
    assert document["model"] is None
    assert document["reason"] is None
    assert document["seconds"] > 0
    assert document["short"] is None or document["short"] in document["citations"][0]["quote"]
    assert "[1]" in document["text"]
    assert set(document["coverage"]) == {"articles", "first", "last"}
    assert set(document["citations"][0]) == {
        *("number", "quote", "url", "link", "title", "source", "published", "article_id", "start", "end", "also_in")
    }
    assert document["citations"][0]["published"] == "2020-02-13"


def test_what_the_corpus_does_not_say(run_here: RunHere) -> None:
    document = json.loads(run_here("ask", "who won the 2031 world cup?", "--json")[1])
    assert not document["answered"]
    assert document["reason"]
    assert document["citations"] == []
    assert document["short"] is None
    coverage = document["coverage"]
    for said in (str(coverage["articles"]), coverage["first"][:4], coverage["last"][:4]):
        assert said in document["text"]


def test_search_shows_ranked_passages(run_here: RunHere) -> None:
    found = json.loads(run_here("search", "suez canal container ship", "-k", "3", "--json")[1])
    assert len(found) == 3
    assert [hit["score"] for hit in found] == sorted((hit["score"] for hit in found), reverse=True)
    assert "Suez" in found[0]["text"]
    shown = run_here("search", "suez canal container ship", "-k", "3")[1]
    assert shown.startswith(f"1. {found[0]['title']}")
    scores = re.compile(r"^   \d\.\d{3} \(.*lexical \d.*\)$", re.MULTILINE)
    assert not scores.search(shown)
    assert len(scores.findall(run_here("search", "suez canal container ship", "-k", "3", "-v")[1])) == 3


def test_list_sources_and_topics(run_here: RunHere) -> None:
    listed = json.loads(run_here("list", "-n", "1000", "--json")[1])
    days = [each["published"] for each in listed if each["published"]]
    assert days == sorted(days, reverse=True)
    assert [each["published"] for each in listed if not each["published"]] == [None] * (len(listed) - len(days))
    (line,) = run_here("list", "-n", "1")[1].splitlines()
    assert line.split()[0] == days[0]
    assert listed[0]["url"] in line
    of_2022 = run_here("list", "--after", "2022", "--before", "2022")[1].splitlines()
    assert of_2022
    assert all(each.startswith("2022-") for each in of_2022)
    by_one = run_here("list", "--source", "harbour post")[1].splitlines()
    assert by_one
    assert all("Harbour Post" in each for each in by_one)
    assert run_here("list", "--before", "1900")[1:] == ("", "No article here fits --after, --before and --source.\n")
    sources = json.loads(run_here("sources", "--json")[1])
    assert sum(each["articles"] for each in sources) == len(listed)
    assert max(each["newest"] or "" for each in sources) == days[0]
    assert "Harbour Post" in run_here("sources")[1]
    topics = {each["name"]: each["articles"] for each in json.loads(run_here("topics", "--json", "-n", "50")[1])}
    assert topics["NATO"] > 2
    assert not topics.keys() & {each["name"] for each in sources}, "an outlet's name is no topic"


def test_a_chat_model_that_cannot_be_set_up_leaves_quotes(run_here: RunHere) -> None:
    for name, said in (("gpt-5", "did you mean openai:gpt-5?"), ("openai:gpt-5", "Set OPENAI_API_KEY")):
        status, shown, complaint = run_here("ask", NATO, env={"NEWSBOT_LLM": name, "OPENAI_API_KEY": ""})
        assert status == 0
        assert "[1]" in shown
        assert said in complaint
        assert complaint.endswith("Until then answers are quotes.\n")
        assert len(complaint.splitlines()) == 1


def test_calls_of_a_chat_model_are_logged_with_v_alone(sample_env: dict[str, str]) -> None:
    with socket.socket() as taken:  # bound and not listening: whoever connects is refused
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        env = sample_env | {"NEWSBOT_LLM": "openai:any", "OPENAI_API_KEY": "x", "NEWSBOT_LLM_BASE_URL": address}
        shown = run_newsbot("ask", NATO, env=env)
        assert (shown.returncode, shown.stderr) == (0, "")
        assert "The chat model cannot be reached, so this answer is made of quotes." in shown.stdout
        assert "outcome=unreachable" in run_newsbot("ask", NATO, "-v", env=env).stderr


def test_verbose_shows_where_an_error_arose(run_here: RunHere) -> None:
    complaint = run_here("status", "--data", "no-such-folder", "-v")[2]
    assert "Traceback" in complaint
    assert complaint.splitlines()[-1].startswith("newsbot: There is no corpus in ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_is_for_shells(run_here: RunHere, shell: str) -> None:
    status, shown, complaint = run_here("completion", shell, env={"NEWSBOT_HITS": "lots"})
    assert (status, complaint) == (0, "")
    assert "newsbot" in shown
    assert "as-of" in shown


def test_bash_completes_commands_and_options(run_here: RunHere) -> None:
    script = run_here("completion", "bash")[1]
    for words, wanted in ((["newsbot", "sea"], "search"), (["newsbot", "ask", "--so"], "--source")):
        typed = " ".join(words)
        asked = f'''
            COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; COMP_LINE="{typed}"; COMP_POINT={len(typed)}
            $(complete -p newsbot | sed 's/.*-F \\([^ ]*\\).*/\\1/') newsbot "{words[-1]}" "{words[-2]}"
            echo "${{COMPREPLY[@]}}"
        '''
        done = subprocess.run(["bash", "-c", script + asked], capture_output=True, text=True, check=False)
        assert wanted in done.stdout.split(), done.stderr


def test_two_files_with_one_article(run_here: RunHere, env: dict[str, str], page: Path) -> None:
    shutil.copy(page, page.with_name("twin.txt"))
    shown = run_here("ingest", str(page), str(page.with_name("twin.txt")), env=env)[1]
    assert shown == "1 new, 0 changed, 1 unchanged, 0 copies, 0 skipped, 0 failed (1 met twice)\n"


def test_the_way_to_a_private_address_is_named(run_here: RunHere, env: dict[str, str]) -> None:
    status, _, complaint = run_here("read", "http://127.0.0.1:9/page", env=env)
    assert status == 1
    assert "newsbot ingest --allow-private would fetch it" in complaint


def test_a_table_with_odd_columns_names_field(run_here: RunHere, tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("kop,tekst\nDike holds,The dike held all night.\n", encoding="utf-8")
    status, _, complaint = run_here("read", "odd.csv")
    assert status == 1
    assert "(kop, tekst); name them by --field text=NAME" in complaint
    assert run_here("read", "odd.csv", "--field", "text=tekst", "--field", "title=kop")[1].startswith("Dike holds\n")


def test_what_installs_an_extra_is_the_pip_of_newsbot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = 'This needs fastapi. Install it: pip install "newsbot[web]"'
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    assert with_own_pip(said) == said, "an environment without pip"
    own = tmp_path / ".venv" / "bin" / "pip"
    own.parent.mkdir(parents=True)
    own.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert with_own_pip(said) == 'This needs fastapi. Install it: .venv/bin/pip install "newsbot[web]"'
    monkeypatch.setenv("PATH", str(own.parent))
    assert with_own_pip(said) == said, "it is the one that is typed as pip"
    assert with_own_pip("newsbot: The question is empty.") == "newsbot: The question is empty."


def test_a_unit_never_runs_as_root(run_here: RunHere) -> None:
    for sudo, user in (("", "newsbot"), ("anna", "anna")):
        status, shown, _ = run_here("discord", "--systemd", env={"SUDO_USER": sudo})
        assert status == 0
        assert "User=root" not in shown
        if os.getuid() == 0:
            assert f"\nUser={user}\n" in shown


def in_terminal(arguments: list[str], env: dict[str, str], columns: int = 80) -> str:
    """What a terminal of so many columns is sent by a process of its own."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TMUX", "COLUMNS")}
    with subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments], stdout=follower, stderr=subprocess.PIPE, env=clean | env
    ) as process:
        os.close(follower)
        shown = b""
        with contextlib.suppress(OSError):  # the end of a terminal
            while part := os.read(leader, 65536):
                shown += part
        assert process.wait() == 0
    os.close(leader)
    return shown.decode()


def test_links_and_colour_in_a_terminal_that_shows_them(sample_env: dict[str, str]) -> None:
    shown = in_terminal(["list", "-n", "3"], sample_env | {"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"})
    assert shown.count("\x1b]8;;https://") == 3
    plain = in_terminal(["list", "-n", "3"], sample_env | {"TERM": "xterm-256color", "TERM_PROGRAM": ""})
    assert "\x1b]8" not in plain
    assert plain.count("\x1b[36m") == 3
    bare = in_terminal(["list", "-n", "3"], sample_env | {"TERM": "xterm-256color", "NO_COLOR": "1"})
    assert "\x1b[" not in bare


INTERRUPTIBLE = """\
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a parent in the background has it ignored
from bot.cli import entry
sys.argv[0] = "newsbot"
entry()
"""


def test_ctrl_c_stops_with_one_line(run_here: RunHere, env: dict[str, str], page: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, "ingest", str(page), "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        env=os.environ | env,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        process.stdin.write("word " * 50_000)  # more than a pipe holds: it is being read when all is written
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        shown, complaint = process.communicate(timeout=120)
    assert (process.returncode, shown) == (130, "")
    assert complaint.splitlines()[-1] == "newsbot: stopped; what was stored is safe"
    assert "Traceback" not in complaint
    assert not (Path(env["NEWSBOT_DATA_DIR"]) / HOLDER_FILE).exists()
    assert run_here("ingest", str(page), env=env)[1].startswith("1 new")


def test_a_narrow_terminal_is_narrow(sample_env: dict[str, str]) -> None:
    shown = in_terminal(["search", "suez canal", "-k", "2"], sample_env | {"TERM": "dumb"}, columns=40)
    assert all(len(line) <= 40 or "https://" in line for line in shown.splitlines())
    assert len(shown.splitlines()) > 10


def test_chat_remembers_what_was_asked(sample_env: dict[str, str]) -> None:
    said = "How many NATO personnel are in Iraq?\nand in February 2020?\n\n"
    shown = run_newsbot("chat", env=sample_env, stdin=said)
    assert shown.returncode == 0
    assert "(How many NATO personnel" in shown.stderr, "the follow-up is shown made whole"
    assert shown.stdout.count("As of") == 2


def test_status_verify_and_remove(run_here: RunHere, env: dict[str, str], page: Path) -> None:
    run_here("ingest", str(page), env=env)
    status = json.loads(run_newsbot("status", "--json", env=env).stdout)
    assert status["coverage"] == {"articles": 1, "first": "2024-03-03", "last": "2024-03-03"}
    assert [index["behind"] for index in status["indexes"]] == [0, 0]
    assert run_here("verify", env=env)[0] == 0
    url = "https://post.example/2024/03/03/elbe-bridge"
    status, shown, complaint = run_here("remove", url, env=env)
    assert (status, shown) == (0, f"Removed {url}\n")
    assert "--purge leaves nothing" in complaint
    assert run_here("remove", url, env=env)[:2] == (1, f"Not in the corpus: {url}\n")
    assert json.loads(run_here("status", "--json", env=env)[1])["coverage"]["articles"] == 0
    assert run_newsbot("verify", env=env).returncode == 0
    assert not json.loads(run_here("ask", "What did it cost?", "--json", env=env)[1])["answered"]


def test_dry_run_stores_nothing(run_here: RunHere, env: dict[str, str], page: Path) -> None:
    assert run_here("ingest", "--dry-run", str(page), env=env)[1].startswith("Would be: 1 new")
    assert not Path(env["NEWSBOT_DATA_DIR"]).exists()


def test_a_mistyped_source_makes_no_corpus(run_here: RunHere, env: dict[str, str], page: Path) -> None:
    status, shown, complaint = run_here("ingest", "paeg.txt", env=env)
    assert (status, shown) == (1, "0 new, 0 changed, 0 unchanged, 0 copies, 0 skipped, 1 failed\n")
    assert complaint == "failed   paeg.txt: there is no such file or folder\n"
    assert not Path(env["NEWSBOT_DATA_DIR"]).exists()
    status, shown, complaint = run_here("ingest", "paeg.txt", str(page), env=env)
    assert (status, shown) == (1, "1 new, 0 changed, 0 unchanged, 0 copies, 0 skipped, 1 failed\n")
    assert "paeg.txt" in complaint
    assert run_here("ingest", str(page), env=env)[1].startswith("0 new, 0 changed, 1 unchanged")


def test_a_corpus_in_a_folder_of_the_one_that_is_set_is_named(run_here: RunHere, env: dict[str, str]) -> None:
    folder = Path(env["NEWSBOT_DATA_DIR"])
    assert "There is one in" not in run_here("ask", NATO, env=env)[2]
    (folder / "demo").mkdir(parents=True)
    (folder / "demo" / CATALOG_FILE).touch()
    status, _, complaint = run_here("ask", NATO, env=env)
    assert status == 1
    assert f"There is no corpus in {folder}. There is one in {folder / 'demo'}: name it by --data." in complaint


def test_source_option_names_the_outlet(run_here: RunHere, env: dict[str, str], page: Path) -> None:
    run_here("ingest", "--source", "Elbe Post", str(page), env=env)
    assert json.loads(run_here("status", "--json", env=env)[1])["sources"] == {"Elbe Post": 1}


def test_standard_input(env: dict[str, str]) -> None:
    assert run_newsbot("ingest", "-", env=env, stdin=PAGE).stdout.startswith("1 new")


def test_python_m_ingest_is_newsbot_ingest(env: dict[str, str], page: Path) -> None:
    command = [sys.executable, "-m", "ingest", "--dry-run", str(page)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | env, cwd=ROOT, check=False)
    assert done.stdout.startswith("Would be: 1 new")


def test_one_bad_file_does_not_stop_the_rest(
    run_here: RunHere, env: dict[str, str], tmp_path: Path, page: Path
) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    shutil.copy(page, folder / "a.txt")
    (folder / "empty.txt").write_bytes(b"")
    (folder / "noise.txt").write_bytes(bytes(range(256)) * 40)
    (folder / "menu.txt").write_text("Home\nWorld\nSport\nLogin\n", encoding="utf-8")
    (folder / "z.txt").write_text(
        PAGE.replace("elbe-bridge", "weser-bridge").replace("Elbe", "Weser").replace("48", "31"), encoding="utf-8"
    )
    status, shown, complaint = run_here("ingest", str(folder), env=env)
    assert status == 1
    assert shown.startswith("2 new")
    for name in ("empty.txt", "noise.txt", "menu.txt"):
        assert name in complaint


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("ask", ""), 2, "empty"),
        (("ask", "x" * 10_000), 2, "10,000 characters"),
        (("ask", NATO, "--after", "lately"), 2, "2020-02-12"),
        (("aks", NATO), 2, "aks is no command. Did you mean ask?"),
        (("ask", NATO, "--sorce", "Reuters"), 2, "--sorce is no option of newsbot ask. Did you mean --source?"),
        (("--verson",), 2, "Did you mean --version?"),
        (("ask", NATO, "--source", ""), 2, "the name of the outlet is empty"),
        (("ask", NATO, "--source", "Harbor Post"), 2, "Did you mean 'Harbour Post'?"),
        (("list", "--after", "2023", "--before", "2022"), 2, "Swap"),
        (("status", "--data", ""), 2, "the name of the folder is empty"),
        (("status", "--data", __file__), 2, f"{__file__} is a file, and a corpus is a folder"),
        (("ingest", "x.csv", "--field", "titel=kop"), 2, "Did you mean title?"),
        (("follow", "no-such.opml"), 2, "neither an http(s) address nor an OPML file"),
        (("show", "https://post.example/unknown"), 1, "newsbot search"),
        (("ask", NATO, "--source", "Nowhere Gazette"), 2, "Nowhere Gazette"),
        (("ask", NATO, "--after", "2022-01-01", "--before", "2021-01-01"), 2, "Swap"),
        (("ask",), 2, "QUESTION is missing. See: newsbot ask --help"),
        (("completion", "fish"), 2, "SHELL: 'fish' is none of bash, zsh, tcsh."),
        (("list", "-n", "0"), 2, "'0' is no number from 1 on."),
        (("search", "iraq", "-k", "0"), 2, "1 to 1000"),
        (("ingest", "no-such-file.txt"), 1, "no-such-file.txt"),
        (("nonsense",), 2, "nonsense"),
        (("ask", NATO, "--data", "no-such-folder"), 1, "newsbot ingest"),
        (("status", "--data", "no-such-folder"), 1, f"There is no corpus in {Path.cwd().anchor}"),
    ],
)
def test_bad_input_gets_one_sentence(
    run_here: RunHere, tmp_path: Path, arguments: tuple[str, ...], status: int, said: str
) -> None:
    env = {} if arguments[0] != "ingest" else {"NEWSBOT_DATA_DIR": str(tmp_path / "other")}
    returned, _, complaint = run_here(*arguments, env=env)
    assert returned == status
    assert said in complaint
    assert len(complaint.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("NEWSBOT_PASSAGE_CHARS", "many", "NEWSBOT_PASSAGE_CHARS"),
        ("NEWSBOT_HITS", "lots", "NEWSBOT_HITS cannot be used: it is a whole number from 1 to 100 (got 'lots')"),
        (
            "NEWSBOT_HITZ",
            "10",
            "in the environment, is no setting of newsbot. The nearest one is NEWSBOT_HITS.",
        ),
        ("NEWSBOT_EMBEDDING_RUNTIME", "gpu", "NEWSBOT_EMBEDDING_RUNTIME"),
        ("NEWSBOT_EMBEDDING_MODEL", "another-model", "newsbot reindex"),
        ("NEWSBOT_PROMPTS_DIR", "/nowhere", "NEWSBOT_PROMPTS_DIR"),
    ],
)
def test_bad_settings_get_one_sentence(run_here: RunHere, variable: str, value: str, said: str) -> None:
    returned, _, complaint = run_here("ask", NATO, env={variable: value})
    assert returned in (1, 2)
    assert said in complaint


@pytest.mark.parametrize("index", ["chroma", "bm25"])
def test_a_damaged_index_is_said_and_mended(
    run_here: RunHere, sample_settings: Settings, env: dict[str, str], settings: Settings, index: str
) -> None:
    shutil.copytree(sample_settings.data_dir, settings.data_dir)
    shutil.rmtree(settings.data_dir / index)
    broken = run_newsbot("ask", NATO, env=env)
    assert broken.returncode == (0 if index == "chroma" else 1), "every vector is in the catalog too"
    assert "newsbot verify --repair" in broken.stderr
    assert run_here("verify", env=env)[0] == 1
    assert run_here("verify", "--repair", env=env)[0] == 0
    assert run_here("ask", NATO, env=env)[0] == 0
    assert open_corpus(settings).coverage().articles == open_corpus(sample_settings).coverage().articles


def test_reindex_makes_the_indexes_anew(
    run_here: RunHere, sample_settings: Settings, env: dict[str, str], settings: Settings
) -> None:
    shutil.copytree(sample_settings.data_dir, settings.data_dir)
    assert run_here("reindex", env=env)[0] == 0
    assert run_newsbot("verify", env=env).returncode == 0


def test_closed_pipe_is_no_error(sample_env: dict[str, str]) -> None:
    command = f"{sys.executable} -m bot search iraq -k 10 | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, env=os.environ | sample_env, check=False
    )
    assert done.returncode == 0
    assert done.stderr == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_behind_the_output_is_said(sample_env: dict[str, str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "bot", "sources"],
            stdout=full, stderr=subprocess.PIPE, text=True, env=os.environ | sample_env, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "newsbot: the output cannot be written: No space left on device.\n")


def test_read_shows_what_would_be_stored(run_here: RunHere, page: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_bytes(b"")
    status, shown, _ = run_here("read", str(page), str(empty), "--json")
    assert status == 1
    article, refused = (json.loads(line) for line in shown.splitlines())
    assert article["title"] == "Bridge over the Elbe opens"
    assert article["published"] == "2024-03-03"
    assert article["text"].startswith("A new bridge")
    assert "newsletter" not in article["text"]
    assert article["reason"] is None
    assert refused["origin"] == str(empty)
    assert "empty" in refused["reason"]


def test_a_report_of_one_paragraph_is_an_article(run_here: RunHere, tmp_path: Path) -> None:
    body = "The dike held through the night, the water board said on Friday, after the highest tide in thirty years."
    (tmp_path / "dike.txt").write_text(f"Dike holds\n\n{body}\n", encoding="utf-8")
    found = json.loads(run_here("read", "dike.txt", "--json")[1])
    assert (found["title"], found["text"]) == ("Dike holds", body)


class _OneFeed(BaseHTTPRequestHandler):
    """A feed with a link to a page that is not there."""

    def do_GET(self) -> None:
        link = f"http://{self.headers['Host']}/gone.html"
        feed = f"<rss version='2.0'><channel><item><title>Gone</title><link>{link}</link></item></channel></rss>"
        self.send_response(200 if self.path == "/feed.xml" else 404)
        self.end_headers()
        self.wfile.write(feed.encode() if self.path == "/feed.xml" else b"")

    def log_message(self, *_: object) -> None:
        """Nothing on standard error, which is looked at."""


def test_follow_names_each_link_that_failed(run_here: RunHere, env: dict[str, str], tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _OneFeed) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        place = f"http://127.0.0.1:{server.server_port}"
        (tmp_path / "feeds.opml").write_text(
            f"<opml><body><outline xmlUrl='{place}/feed.xml'/><outline xmlUrl='{place}/none.xml'/></body></opml>"
        )
        status, _, complaint = run_here(
            "follow", "feeds.opml", "--once", "--allow-private", env=env | {"NEWSBOT_FETCH_DELAY_SECONDS": "0"}
        )
        server.shutdown()
    assert status == 1, "a feed failed"
    line, feed, link = complaint.splitlines()
    assert "round 1: 2 feeds asked, 1 failed; 0 new" in line
    assert feed.startswith(f"failed   {place}/none.xml: the page does not exist (status 404) (asked again from 20")
    assert link == f"failed   {place}/gone.html: the page does not exist (status 404)"


def test_read_takes_other_field_names(run_here: RunHere, tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    records.write_text('{"kop": "Dike holds", "tekst": "The dike held through the night, the water board said."}\n')
    _, shown, _ = run_here("read", str(records), "--field", "text=tekst", "--field", "title=kop", "--json")
    assert json.loads(shown)["title"] == "Dike holds"
    assert run_here("read", str(records), "--field", "text")[0] == 2


def test_show_says_what_changed_when(run_here: RunHere, env: dict[str, str], page: Path) -> None:
    url = "https://post.example/2024/03/03/elbe-bridge"
    run_here("ingest", str(page), env=env)
    page.write_text(PAGE.replace("48 million", "51 million"), encoding="utf-8")
    assert run_here("ingest", str(page), env=env)[1].startswith("0 new, 1 changed")
    now = json.loads(run_here("show", url, "--json", env=env)[1])
    assert [state["revision"] for state in now] == [2]
    assert "51 million" in now[0]["text"]
    _, shown, _ = run_here("show", url, "--revisions", env=env)
    assert "- The bridge cost 48 million" in shown
    assert "+ The bridge cost 51 million" in shown
    answer = json.loads(run_here("ask", "How much did the bridge over the Elbe cost?", "--json", env=env)[1])
    assert answer["short"] == "51 million euros"
    assert run_here("show", "https://post.example/unknown", env=env)[0] == 1


def test_demo_reads_the_sample_once(run_here: RunHere, env: dict[str, str]) -> None:
    first = run_newsbot("demo", env=env)
    assert first.returncode == 0
    assert f"> {NATO}" in first.stdout
    assert "[1]" in first.stdout
    assert (Path(env["NEWSBOT_DATA_DIR"]) / "demo").is_dir(), "beside the corpus, not in it"
    assert json.loads(run_here("demo", "--json", env=env)[1])["answered"]
    runs = json.loads(run_here("status", "--json", "--data", f"{env['NEWSBOT_DATA_DIR']}/demo", env=env)[1])
    assert runs["last_ingest"]["counts"].get("unchanged") is None, "the second time nothing was read"


@pytest.mark.parametrize("cluster", ["", "local"])
def test_a_corpus_is_refused_as_a_source_in_one_sentence(run_here: RunHere, tmp_path: Path, cluster: str) -> None:
    corpus = tmp_path / "mine"
    corpus.mkdir()
    for name in (CORPUS_FILE, "meta.json"):
        (corpus / name).write_bytes(b"\0")
    env = {"NEWSBOT_DATA_DIR": str(tmp_path / "data"), "NEWSBOT_RAY_ADDRESS": cluster}
    status, _, complaint = run_here("ingest", str(corpus), env=env)
    assert status == 1
    assert complaint.count("\n") == 1
    assert complaint.startswith(f"failed   {corpus}: it is a corpus")
    assert "--data" in complaint


def test_a_corpus_inside_the_folder_is_no_news(run_here: RunHere, env: dict[str, str], page: Path) -> None:
    data = page.parent / "data"
    assert CORPUS_FILE == CATALOG_FILE
    assert env["NEWSBOT_DATA_DIR"] == str(data)
    assert run_here("ingest", str(page.parent), env=env)[1].startswith("1 new")
    again = run_here("ingest", str(page.parent), env=env)
    assert again[:2] == (0, "0 new, 0 changed, 1 unchanged, 0 copies, 0 skipped, 0 failed\n")
