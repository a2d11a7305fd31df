"""Models by name: nothing is tried again and again where the hub cannot be reached."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from bot.answering.check.judge import load_judge
from bot.errors import ModelError
from bot.models.embeddings import load_embeddings
from bot.models.hub import loading_from_hub
from bot.models.reranker import load_reranker
from bot.models.transformers_reader import load_transformers_reader


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub at a port of this machine where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{free.getsockname()[1]}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


@pytest.mark.usefixtures("no_hub")
@pytest.mark.parametrize(
    ("load", "setting"),
    [
        (load_transformers_reader, "NEWSBOT_READER"),
        (lambda name: load_reranker(name, 10), "NEWSBOT_RERANKER"),
        (load_judge, "NEWSBOT_CHECK_MODEL"),
        (lambda name: load_embeddings(name, cache_dir=Path()), "NEWSBOT_EMBEDDING_MODEL"),
    ],
    ids=["reader", "reranker", "judge", "embeddings"],
)
def test_an_unknown_model_is_told_without_the_hubs_retries(
    load: Callable[[str], Any], setting: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ModelError, match=f"nobody/no-such-model cannot be loaded.*{setting}"):
        load("nobody/no-such-model")
    assert "Retry" not in caplog.text + capfd.readouterr().err
    assert constants.HF_HUB_OFFLINE is False


def test_a_hub_that_answers_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with HTTPServer(("127.0.0.1", 0), Hub) as server:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with loading_from_hub("nobody/model"):
                assert not constants.is_offline_mode()
            with loading_from_hub(str(tmp_path)):
                assert not constants.is_offline_mode()
        finally:
            server.shutdown()
            thread.join()
    assert len(asked) == 1, "a folder needs no hub"
