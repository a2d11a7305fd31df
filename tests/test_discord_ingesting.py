"""An address is put into the corpus by a process of its own, behind the guard of fetching, without the bot's token."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pytest

from bot.discord_bot.ingesting import ingest
from bot.errors import NewsbotError, UsageError
from bot.settings import Settings


@pytest.mark.parametrize("address", ["file:///etc/passwd", "--help", "https://post.example/a b", "post.example", ""])
async def test_only_addresses_are_taken(address: str, settings: Settings) -> None:
    with pytest.raises(UsageError, match="one address"):
        await ingest(settings, address)


async def test_private_addresses_are_refused(settings: Settings) -> None:
    said = await ingest(settings, "http://127.0.0.1:1/news")
    assert said.startswith("1 failed; ")
    assert "not on the public internet" in said


class Standing:
    """A program in the place of Python, so that any end of `newsbot ingest` can be seen."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._path = folder / "python"
        monkeypatch.setattr(sys, "executable", str(self._path))

    def says(self, script: str) -> None:
        self._path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        self._path.chmod(self._path.stat().st_mode | stat.S_IXUSR)


async def test_what_became_of_it_is_one_line(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = {"counts": {"new": 2, "changed": 0, "failed": 1}, "told": [{"reason": "the page is empty"}, {}]}
    Standing(tmp_path, monkeypatch).says(f"echo '{json.dumps(report)}'")
    assert await ingest(settings, "https://post.example/feed") == "2 new, 1 failed; the page is empty"


async def test_a_failure_is_told_in_its_own_words(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Standing(tmp_path, monkeypatch).says("echo 'newsbot: Another process is writing.' >&2; exit 1")
    with pytest.raises(NewsbotError, match=r"^Another process is writing\.$"):
        await ingest(settings, "https://post.example/feed")


async def test_the_token_stays_with_the_bot(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "the.token")
    Standing(tmp_path, monkeypatch).says('echo "newsbot: ($DISCORD_TOKEN)" >&2; exit 1')
    with pytest.raises(NewsbotError, match=r"^\(\)$"):
        await ingest(settings, "https://post.example/feed")


async def test_one_that_takes_too_long_is_ended(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.discord_bot.ingesting.INGEST_SECONDS_MAX", 0.2)
    Standing(tmp_path, monkeypatch).says("exec sleep 60")
    with pytest.raises(NewsbotError, match="minutes"):
        await ingest(settings, "https://post.example/feed")
