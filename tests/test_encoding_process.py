"""Encoding in a process of its own: the same vectors, and no process or vector lost when one side dies.

Real processes are begun and killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.models.embeddings import SentenceEmbeddings
from bot.models.encoding_process import EncodingProcess
from bot.settings import Settings
from bot.wiring import APART_TEXTS, _Embedder

pytestmark = pytest.mark.usefixtures("embeddings")  # which exports the model where that was not done yet

PARTS = [
    [f"The ferry number {n} sails at {n} o'clock." for n in range(5)],
    ["Rain fell.", "Shares rose by 3%."],
    ["A court freed four men on Monday."],
]


@pytest.fixture
def options(cache_dir: Path) -> dict[str, Any]:
    """What the process loads."""
    return {"cache_dir": cache_dir / "models"}


@pytest.fixture
def process(options: dict[str, Any]) -> Iterator[EncodingProcess]:
    made = EncodingProcess(options)
    yield made
    made.close()


def pid_of(process: EncodingProcess) -> int:
    assert process._process is not None
    return process._process.pid


def soon(condition: Callable[[], bool], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] == "Z"


def test_it_encodes_as_this_process_does(process: EncodingProcess, embeddings: SentenceEmbeddings) -> None:
    assert not process.running, "it begins with the first texts"
    for _ in range(2):  # the second time by the same process
        found = list(process.encode_many(PARTS))
        assert [each.shape for each in found] == [(len(part), embeddings.dimension) for part in PARTS]
        for part, vectors in zip(PARTS, found, strict=True):
            # 8-bit products depend on what else is in the batch, a little.
            assert ((vectors * embeddings.encode(part)).sum(axis=1) > 0.99).all()
    assert process.running
    assert list(process.encode_many([])) == []


def test_an_answer_that_nobody_takes_is_not_taken_for_the_next(process: EncodingProcess) -> None:
    left = process.encode_many(PARTS)
    next(left)
    left.close()
    (vectors,) = process.encode_many([["Rain fell."]])
    assert vectors.shape[0] == 1


def test_it_ends_when_nothing_comes(options: dict[str, Any]) -> None:
    process = EncodingProcess(options, idle_seconds=0.2)
    assert len(list(process.encode_many(PARTS))) == len(PARTS)
    assert soon(lambda: not process.running)
    assert len(list(process.encode_many(PARTS))) == len(PARTS), "and another one begins"
    process.close()


def test_it_ends_with_the_process_that_began_it(cache_dir: Path) -> None:
    code = """
import os, sys
from pathlib import Path
from bot.models.encoding_process import EncodingProcess
process = EncodingProcess({"cache_dir": Path(sys.argv[1])})
list(process.encode_many([["Rain fell."]]))
print(process._process.pid, flush=True)
sys.stdin.read()
"""
    command = [sys.executable, "-c", code, str(cache_dir / "models")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert not is_gone(child)
        parent.kill()
    assert soon(lambda: is_gone(child))


def test_what_a_dying_process_leaves_is_encoded_here(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    embedder = _Embedder(settings)
    parts = [[f"Ferry {n} sails at {n} o'clock." for n in range(APART_TEXTS)], *PARTS]
    encoded = embedder.encode_many(parts)
    found = [next(encoded)]
    assert embedder._process is not None
    os.kill(pid_of(embedder._process), signal.SIGKILL)
    found += list(encoded)
    assert [len(each) for each in found] == [len(part) for part in parts]
    assert np.allclose(np.linalg.norm(np.concatenate(found), axis=1), 1, atol=1e-5)
    assert "goes on without it" in caplog.text
    assert [len(each) for each in embedder.encode_many(parts)] == [len(part) for part in parts], "by another one"
    embedder._process.close()


def test_where_no_process_can_be_begun_it_is_encoded_here(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    embedder = _Embedder(settings)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    parts = [["Rain fell."] * APART_TEXTS]
    assert [len(each) for each in embedder.encode_many(parts)] == [APART_TEXTS]


def test_a_few_texts_begin_no_process(settings: Settings) -> None:
    embedder = _Embedder(settings)
    assert [len(each) for each in embedder.encode_many(PARTS)] == [len(part) for part in PARTS]
    assert embedder._process is None
