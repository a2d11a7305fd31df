"""`newsbot doctor`: each thing that can be wrong is made wrong here, and is found with its remedy."""

from __future__ import annotations

import base64
import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from bot.cli import doctor, main
from bot.cli.doctor import Diagnostic, has_form_of_token
from bot.corpus.catalog.feeds import Run
from bot.corpus.corpus import CATALOG_FILE, Status
from bot.schema import Coverage
from bot.settings import Settings
from tests.chat_server import ChatServer, Reply, in_turn
from tests.conftest import ROOT

ID = base64.urlsafe_b64encode(b"123456789012345678").decode().rstrip("=")
TOKEN = f"{ID}.Gabcde.abcdefghijklmnopqrstuvwxyz-_0123456789"


@pytest.fixture
def sample_env(sample_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The sample corpus, in the environment."""
    monkeypatch.setenv("NEWSBOT_DATA_DIR", str(sample_settings.data_dir))
    monkeypatch.setenv("NEWSBOT_CACHE_DIR", str(sample_settings.cache_dir))
    monkeypatch.setenv("NEWSBOT_READER_DEPTH", "4")
    return sample_settings


def examined(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Diagnostic]]:
    """The exit status, and what was found by its subject."""
    status = main(["doctor", "--json", *arguments])
    document = json.loads(capsys.readouterr().out)
    assert document["fine"] == (status == 0)
    return status, {each["subject"]: Diagnostic(**each) for each in document["findings"]}


@pytest.mark.usefixtures("sample_env")
def test_nothing_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    shown = capsys.readouterr()
    subjects = [line.split(": ")[0].split(None, 1)[1] for line in shown.out.splitlines()]
    assert subjects == [
        "Python", "settings", "disk of the corpus", "disk of the cache", "corpus", "indexes", "clock",
        "embedding model", "reader", "answers", "chat model", "Discord",
    ]  # fmt: skip
    assert all(line.startswith("ok ") for line in shown.out.splitlines()), shown.out
    assert shown.err == "Nothing is wrong.\n"


@pytest.mark.usefixtures("sample_env")
def test_without_a_corpus(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = examined(capsys, "--data", "none")
    assert status == 1
    assert found["corpus"].state == "wrong"
    assert str(tmp_path / "none") in found["corpus"].said
    assert "newsbot demo" in found["corpus"].remedy
    assert "answers" not in found


def test_a_setting_that_is_wrong_is_one_finding(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEWSBOT_HITZ", "10")
    status, found = examined(capsys)
    assert status == 1
    assert "NEWSBOT_HITS" in found["settings"].said
    assert set(found) == {"Python", "settings", "clock"}


def test_an_env_file_that_others_can_read(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    assert list(doctor._env_file(path)) == []
    path.write_text("NEWSBOT_HITS=7\n# OPENAI_API_KEY=old\nOPENAI_API_KEY=\n", encoding="utf-8")
    path.chmod(0o644)
    assert [each.state for each in doctor._env_file(path)] == ["ok"], "it holds no secret"
    path.write_text("NEWSBOT_HITS=7\nexport OPENAI_API_KEY='sk-secret'\nDISCORD_TOKEN=abc\n", encoding="utf-8")
    (found,) = doctor._env_file(path)
    assert found.state == "wrong"
    assert "OPENAI_API_KEY, DISCORD_TOKEN" in found.said
    assert found.remedy == f"chmod 600 {path}"
    assert "sk-secret" not in "".join(found.lines())
    path.chmod(0o600)
    assert [each.state for each in doctor._env_file(path)] == ["ok"]
    path.write_bytes(b"\xff\xfeN\x00")
    assert [each.state for each in doctor._env_file(path)] == ["wrong"]


class Usage(NamedTuple):
    """What `shutil.disk_usage` tells."""

    free: int


def test_a_full_disk_and_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "not" / "there" / "yet"
    assert doctor._disk("disk", folder).state == "ok"
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: Usage(300 * 1024**2))
    assert doctor._disk("disk", folder).lines()[0].startswith("WRONG  disk: 0.3 GB are free")
    monkeypatch.setattr(doctor.os, "access", lambda *_: False)
    found = doctor._disk("disk", folder)
    assert (found.state, found.said.split(" cannot")[0]) == ("note", str(tmp_path))


def test_python_lacks_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor._python().state == "ok"
    real = doctor.metadata.requires
    monkeypatch.setattr(doctor.metadata, "requires", lambda name: [*(real(name) or ()), "no-such-package>=1"])
    found = doctor._python()
    assert (found.state, "lacks no-such-package." in found.said) == ("wrong", True)
    monkeypatch.setattr(doctor.sys, "version_info", (3, 10, 1))
    assert "3.11 or newer" in doctor._python().remedy


def test_indexes_that_are_gone_or_behind(sample_copy: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--data", str(sample_copy.data_dir))
    with closing(sqlite3.connect(sample_copy.data_dir / CATALOG_FILE)) as database, database:
        database.execute("UPDATE articles SET seq = (SELECT max(seq) FROM articles) + 1 WHERE id = "
                         "(SELECT min(id) FROM articles)")  # fmt: skip
    status, found = examined(capsys, *arguments)
    assert status == 1
    assert "changes behind" in found["indexes"].said
    assert "newsbot verify --repair" in found["indexes"].remedy
    shutil.rmtree(sample_copy.data_dir / "bm25")
    status, found = examined(capsys, *arguments)
    assert status == 1
    assert found["indexes"].state == "wrong"
    assert "newsbot verify --repair" in "".join(found["indexes"].lines())


@pytest.mark.usefixtures("sample_env")
def test_models_that_cannot_be_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEWSBOT_EMBEDDING_MODEL", str(tmp_path / "none"))
    monkeypatch.setenv("NEWSBOT_READER", "off")
    monkeypatch.setenv("NEWSBOT_LLM", "gpt-5")
    status, found = examined(capsys)
    assert status == 1
    assert found["embedding model"].state == "wrong"
    assert found["reader"].state == "note"
    assert found["chat model"].state == "wrong"
    assert "openai:gpt-5" in found["chat model"].said
    assert "answers" not in found
    assert found["indexes"].state == "wrong", "another model made them"


@pytest.mark.usefixtures("sample_env")
def test_the_chat_model_is_tried_only_where_that_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with ChatServer(in_turn([Reply("ready")])) as server:
        monkeypatch.setenv("NEWSBOT_LLM", "openai:any")
        monkeypatch.setenv("NEWSBOT_LLM_BASE_URL", server.base_url)
        assert examined(capsys)[1]["chat model"].state == "ok"
        assert server.requests == []
        assert "answered in" in examined(capsys, "--chat-model")[1]["chat model"].said
        server.script = in_turn([Reply(status=401)])
        status, found = examined(capsys, "--chat-model")
        assert status == 1
        assert "refuses the key" in found["chat model"].said


def test_the_form_of_a_token() -> None:
    assert has_form_of_token(TOKEN)
    for wrong in ("abc", "a.b.c", TOKEN.replace(".", "", 1), f"x{TOKEN[1:]}", f"{ID}.Gab cde.x", ""):
        assert not has_form_of_token(wrong), wrong
    (found,) = doctor._discord(Settings(discord_token=TOKEN), is_asked=False)
    assert found.state == "ok"
    (found,) = doctor._discord(Settings(discord_token="not-a-token"), is_asked=False)
    assert found.state == "wrong"
    assert "not-a-token" not in "".join(found.lines())
    (found,) = doctor._discord(Settings(), is_asked=True)
    assert (found.state, found.subject) == ("wrong", "Discord, token")


def status_of(last: date | None, started: datetime) -> Status:
    return Status(ROOT, Coverage(1, last, last), {}, {}, Run(started, started, {}), ())


def test_a_clock_that_goes_wrong() -> None:
    now = datetime.now(UTC)
    assert doctor._clock(None).state == "ok"
    assert doctor._clock(status_of(now.date(), now)).state == "ok"
    early = doctor._clock(status_of(None, now.replace(year=now.year + 1, day=1)))
    assert (early.state, "timedatectl" in early.remedy) == ("wrong", True)
    assert doctor._clock(status_of(date(now.year + 1, 12, 31), now)).state == "note"
