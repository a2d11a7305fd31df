"""A real headless Chromium for tests, driven over the pipe of its DevTools protocol; no library, no port."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
WAIT_SECONDS = 30
Test = TypeVar("Test", bound=Callable[..., object])


def chromium_path() -> str | None:
    """Where a Chromium is installed; CHROMIUM names another one."""
    return os.environ.get("CHROMIUM") or next((found for name in NAMES if (found := shutil.which(name))), None)


MARKS = (
    pytest.mark.skipif(chromium_path() is None, reason="no Chromium is installed here (set CHROMIUM=/path)"),
    pytest.mark.slow,
)


def needs_chromium(test: Test) -> Test:
    """Mark a test that runs in a browser."""
    for mark in MARKS:
        test = mark(test)
    return test


class Chromium:
    """One browser with one page. Close it."""

    def __init__(self, path: str, profile: Path) -> None:
        command = [
            path, "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={profile}", "--no-first-run",
            "--disable-gpu", "--disable-extensions", "--disable-background-networking", "--disable-sync",
            "--disable-component-update", "--no-default-browser-check", "--hide-scrollbars", "--disable-dev-shm-usage",
            "--force-device-scale-factor=1", "--window-size=900,700", "about:blank",
        ]  # fmt: skip
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.insert(1, "--no-sandbox")  # Chromium's sandbox refuses to run as root
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()

        def place_pipes() -> None:
            # Chromium reads 3 and writes 4; copies first, so that neither overwrites the other.
            reading, writing = os.dup(to_browser), os.dup(from_browser)
            os.dup2(reading, 3)
            os.dup2(writing, 4)

        self._process = subprocess.Popen(
            command, preexec_fn=place_pipes,  # noqa: PLW1509 - it calls dup alone, and no thread runs yet
             pass_fds=(3, 4), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(to_browser)
        os.close(from_browser)
        self._readable = selectors.DefaultSelector()
        self._readable.register(self._read, selectors.EVENT_READ)
        self._buffer = b""
        self._last = 0
        self._session: str | None = None
        self._events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol, and its result."""
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == self._last:
                assert "error" not in told, (method, told["error"])
                return dict(told["result"])
            self._events.append(told)

    def go(self, url: str) -> str | None:
        """Load a page, and say what hindered it. A failed load is over with its error page: that comes later than the
        reply, and would replace whatever page was called for in between."""
        found = self.call("Page.navigate", url=url)
        while not any(
            told["params"]["loaderId"] == found["loaderId"] and told["params"]["name"] == "load"
            for told in self._events
            if told.get("method") == "Page.lifecycleEvent"
        ):
            self._events.append(self._next())
        return found.get("errorText")

    def open(self, url: str) -> None:
        """Go to an address from another page, as a click in a chat does, and wait until all is drawn."""
        self.go("about:blank")
        self._events.clear()
        error = self.go(url)
        assert error is None, (url, error)
        # A text fragment is looked for once the page is drawn; two frames later it has been scrolled to.
        self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def events(self) -> list[dict[str, Any]]:
        """What the browser told since the last `open`."""
        return self._events

    def evaluate(self, script: str) -> Any:
        """The value of an expression of the page, promises awaited."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def pixels(self) -> NDArray[np.uint8]:
        """What stands in the window: height x width x (red, green, blue)."""
        from matplotlib.image import imread

        shot = base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
        return np.rint(imread(io.BytesIO(shot))[..., :3] * 255).astype(np.uint8)

    def close(self) -> None:
        """End the browser and all of its processes."""
        with contextlib.suppress(OSError):
            os.close(self._write)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(WAIT_SECONDS)
        self._readable.close()
        os.close(self._read)

    def _next(self) -> dict[str, Any]:
        until = time.monotonic() + WAIT_SECONDS
        while b"\0" not in self._buffer:
            assert self._readable.select(max(0.0, until - time.monotonic())), (
                f"Chromium has said nothing for {WAIT_SECONDS} seconds"
            )
            read = os.read(self._read, 1 << 16)
            assert read, "Chromium has ended"
            self._buffer += read
        message, self._buffer = self._buffer.split(b"\0", 1)
        return dict(json.loads(message))
