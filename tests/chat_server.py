"""An OpenAI-compatible server on loopback whose replies are scripted: chat completions, streamed and whole, and faults.

What it was asked is kept in `requests`.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_PIECE = re.compile(r"\s*\S{1,6}")


@dataclass(frozen=True)
class Reply:
    """What the model says, and what goes wrong on the way.

    Text comes in pieces of a few characters, each after `piece_delay_seconds`, the first one after `delay_seconds`.
    `cut_after` ends the connection after so many pieces; `quiet_end` does so as if all were well, without the reason
    and the mark that end a stream. `garbage` is sent in the place of a stream. `endless` repeats the text until the
    caller leaves. `refusal` is the model's own field for declining.
    """

    text: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=lambda: {"error": {"message": "scripted", "type": "scripted"}})
    delay_seconds: float = 0.0
    piece_delay_seconds: float = 0.0
    cut_after: int | None = None
    quiet_end: bool = False
    garbage: bytes | None = None
    endless: bool = False
    finish_reason: str = "stop"
    refusal: str | None = None


@dataclass(frozen=True)
class Asked:
    """One request: its messages by role, its whole body, its headers, and when it came."""

    body: dict[str, Any]
    headers: dict[str, str]
    at: float

    def said(self, role: str) -> str:
        """The text of all messages of a role."""
        return "\n".join(str(each["content"]) for each in self.body["messages"] if each["role"] == role)


Script = Callable[[Asked], Reply]


class ChatServer:
    """The server: `base_url`, what it was asked, and how many it served at once. Set `script` to change its replies."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[Asked] = []
        self.at_once_most = 0
        self.first_piece_at = 0.0
        """When the last streamed reply's first piece was sent (`time.perf_counter`)."""
        self.sentence_sent_at = 0.0
        """When the piece was sent that ends its first sentence: a full stop after a citation."""
        self._at_once = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> ChatServer:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(chat) -> type[BaseHTTPRequestHandler]:  # noqa: N805  the handler's own self is inside
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                asked = Asked(body, {name.lower(): value for name, value in self.headers.items()}, time.perf_counter())
                with chat._lock:
                    chat.requests.append(asked)
                    chat._at_once += 1
                    chat.at_once_most = max(chat.at_once_most, chat._at_once)
                try:
                    reply = chat.script(asked)
                    time.sleep(reply.delay_seconds)
                    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                        self.send(reply, body)
                finally:
                    with chat._lock:
                        chat._at_once -= 1

            def send(self, reply: Reply, body: dict[str, Any]) -> None:
                if reply.status != 200:
                    self.whole(json.dumps(reply.body).encode(), reply, "application/json")
                elif reply.garbage is not None:
                    self.whole(reply.garbage, reply, "text/event-stream" if body.get("stream") else "application/json")
                elif body.get("stream"):
                    self.stream(reply, body)
                else:
                    message = {"role": "assistant", "content": reply.text, "refusal": reply.refusal}
                    choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
                    made = {**_head("chat.completion"), "choices": [choice], "usage": _usage(body, reply.text)}
                    self.whole(json.dumps(made).encode(), reply, "application/json")

            def whole(self, data: bytes, reply: Reply, kind: str) -> None:
                self.send_response(reply.status)
                for name, value in {"content-type": kind, "content-length": str(len(data)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def stream(self, reply: Reply, body: dict[str, Any]) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                self.event(_delta({"role": "assistant", "content": ""}))
                if reply.refusal:
                    self.event(_delta({"refusal": reply.refusal}))
                sent, ended = "", False
                for number, piece in enumerate(_pieces(reply)):
                    if number == reply.cut_after:
                        if reply.quiet_end:
                            self.chunk(b"")
                        self.close_connection = True
                        self.connection.close()
                        return
                    time.sleep(reply.piece_delay_seconds)
                    if number == 0:
                        chat.first_piece_at = time.perf_counter()
                    self.event(_delta({"content": piece}))
                    sent += piece
                    if not ended and "]." in sent:
                        ended, chat.sentence_sent_at = True, time.perf_counter()
                self.event(_delta({}, reply.finish_reason))
                if (body.get("stream_options") or {}).get("include_usage"):
                    self.event({**_head("chat.completion.chunk"), "choices": [], "usage": _usage(body, reply.text)})
                self.chunk(b"data: [DONE]\n\n")
                self.chunk(b"")

            def event(self, value: dict[str, Any]) -> None:
                self.chunk(b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n")

            def chunk(self, data: bytes) -> None:
                self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
                self.wfile.flush()

        return Handler


def in_turn(replies: Sequence[Reply]) -> Script:
    """A script that gives one reply after the other, and the last one from then on."""
    left = list(replies)

    def script(_: Asked) -> Reply:
        return left.pop(0) if len(left) > 1 else left[0]

    return script


def _pieces(reply: Reply) -> Iterator[str]:
    while True:
        yield from _PIECE.findall(reply.text)
        if not reply.endless:
            return


def _head(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1_700_000_000, "model": "scripted"}


def _delta(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {**_head("chat.completion.chunk"), "choices": [choice]}


def _usage(body: dict[str, Any], text: str) -> dict[str, int]:
    read, written = sum(len(str(each["content"])) for each in body["messages"]) // 4, len(text) // 4
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
