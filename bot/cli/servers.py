"""The commands `newsbot mcp` and `newsbot serve`: open what they serve, say where, run until they are ended."""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from typing import TYPE_CHECKING

from bot.cli.terminal import say
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.server.queries import CorpusQueries
    from bot.settings import Settings


def run_mcp(parsed: argparse.Namespace, settings: Settings) -> int:
    """Serve assistants over standard input and output, or with --http over the network."""
    _require("mcp", "mcp", "uvicorn")
    settings = _addressed(parsed, settings)
    from bot.server.mcp import OpenedLate, mcp_app, mcp_server

    if not parsed.http:
        mcp_server(OpenedLate(lambda: _queries(settings))).run("stdio")
        return 0
    from bot.server.opening import require_token, serve

    require_token(settings)
    queries = _queries(settings)
    app = mcp_app(mcp_server(OpenedLate(lambda: queries)), settings.server_body_kilobytes * 1000)
    serve(app, settings, lambda address: say(f"Assistants may connect to {address}/mcp. Ctrl-C ends."))
    return 0


def run_serve(parsed: argparse.Namespace, settings: Settings) -> int:
    """Serve programs and people over HTTP."""
    _require("web", "fastapi", "jinja2", "uvicorn")
    settings = _addressed(parsed, settings)
    from bot.server.http import http_app
    from bot.server.opening import require_token, serve

    require_token(settings)
    app = http_app(_queries(settings))
    serve(
        app, settings, lambda address: say(f"Open {address} in a browser. For programs: {address}/docs. Ctrl-C ends.")
    )
    return 0


def _queries(settings: Settings) -> CorpusQueries:
    from bot.server.queries import CorpusQueries
    from bot.wiring import open_asker

    return CorpusQueries(
        open_asker(settings), at_once=settings.server_answers_at_once, seconds=settings.server_answer_seconds
    )


def _addressed(parsed: argparse.Namespace, settings: Settings) -> Settings:
    typed = {"server_host": parsed.host, "server_port": parsed.port}
    return settings.model_copy(update={name: value for name, value in typed.items() if value is not None})


def _require(extra: str, *packages: str) -> None:
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise UsageError(f'This needs {", ".join(missing)}. Install it: pip install "newsbot[{extra}]"')
