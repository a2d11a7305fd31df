"""Answers in the form of OpenAI's chat completions, whole and streamed: any chat front end can be put before them."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

from bot.errors import CorpusError, ModelError, NewsbotError, UsageError
from bot.fair_queue import Busy
from bot.render import also_in, day, plain
from bot.schema import Answer, Question, Turn
from bot.server.queries import NotFound, TookTooLong
from bot.wording.markdown import escaped, masked_link

MODEL = "newsbot"
MESSAGES_MOST = 1000
_STATUSES: tuple[tuple[type[NewsbotError], int, str], ...] = (
    (NotFound, 404, "not_found"),
    (UsageError, 400, "invalid_request_error"),
    (Busy, 503, "server_busy"),
    (TookTooLong, 504, "timeout"),
    (CorpusError, 503, "server_error"),
    (ModelError, 502, "server_error"),
    (NewsbotError, 500, "server_error"),
)
"""The first that fits."""


class Part(BaseModel):
    """A part of a message; what is no text is passed over."""

    type: str
    text: str = ""


class Message(BaseModel):
    """One message of a conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None

    @property
    def text(self) -> str:
        """The words of the message."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type in ("text", "input_text"))
        return self.content or ""


class StreamOptions(BaseModel):
    """What a stream brings beside the words."""

    include_usage: bool = False


class ChatRequest(BaseModel):
    """A conversation whose last message of the user is the question; what else OpenAI's form has is passed over."""

    model: str = Field(MODEL, description="Any name; there is one model.")
    messages: list[Message] = Field(
        min_length=1,
        max_length=MESSAGES_MOST,
        description="The conversation, oldest first; the last one is the question.",
    )
    stream: bool = Field(False, description="Send the answer as it is written, as server-sent events.")
    stream_options: StreamOptions | None = Field(None, description="include_usage: tokens in a chunk of their own.")


def conversation(messages: Sequence[Message]) -> tuple[Question, list[Turn]]:
    """The question, and the exchanges before it. Raises UsageError where the last word is not the user's."""
    said = [each for each in messages if each.role in ("user", "assistant")]
    if not said or said[-1].role != "user":
        raise UsageError('The last of "messages" is the question: it has the role "user".')
    turns: list[Turn] = []
    for each in said[:-1]:
        if each.role == "user":
            turns.append(Turn(each.text))
        elif turns:
            turns[-1] = Turn(turns[-1].question, f"{turns[-1].answer}\n{each.text}".strip())
    return Question(said[-1].text), turns


def markdown(answer: Answer) -> str:
    """The answer as front ends show it: the text with its [n], then a linked line for each source."""
    return _text(answer) + _sources(answer)


def completion(answer: Answer) -> dict[str, Any]:
    """The reply to a request that is not streamed; `newsbot` holds the answer as values."""
    message = {"role": "assistant", "content": markdown(answer), "refusal": None}
    return _head("chat.completion") | {
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": _usage(answer),
        "newsbot": answer.to_dict(),
    }


async def chunks(answers: AsyncIterator[Answer], options: StreamOptions | None) -> AsyncIterator[str]:
    """The reply to a request that is streamed, as server-sent events; the last chunk has `newsbot` as `completion`."""
    head = _head("chat.completion.chunk")
    if options is not None and options.include_usage:
        head["usage"] = None

    def event(delta: dict[str, Any], finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event(head | {"choices": [choice]} | more)

    yield event({"role": "assistant", "content": ""})
    shown, final = "", None
    try:
        async for answer in answers:
            final, text = answer, _text(answer)
            if not text.startswith(shown):
                # Sent text cannot be taken back. Where the final answer differs from it, the whole answer follows.
                yield event({"content": f"\n\n{text}"})
            elif len(text) > len(shown):
                yield event({"content": text[len(shown) :]})
            shown = text
    except NewsbotError as error:
        yield _event(error_body(str(error), "server_error"))
        return
    assert final is not None, "there is always an answer"
    if sources := _sources(final):
        yield event({"content": sources})
    yield event({}, "stop", newsbot=final.to_dict())
    if options is not None and options.include_usage:
        yield _event(head | {"choices": [], "usage": _usage(final)})
    yield "data: [DONE]\n\n"


def status_of(error: NewsbotError) -> tuple[int, str]:
    """The HTTP status of an error, and its type in OpenAI's terms."""
    return next((status, kind) for known, status, kind in _STATUSES if isinstance(error, known))


def error_body(said: str, kind: str) -> dict[str, Any]:
    """An error in the form that OpenAI's clients read."""
    return {"error": {"message": said, "type": kind, "param": None, "code": None}}


def models() -> dict[str, Any]:
    """The list of models: there is one."""
    return {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": MODEL}]}


def _text(answer: Answer) -> str:
    shown = escaped(answer.text, frozenset(each.number for each in answer.citations))
    # A single line break is none in Markdown.
    return shown.replace("\n", "\n\n")


def _sources(answer: Answer) -> str:
    lines = []
    for each in answer.citations:
        article = each.article
        title = masked_link(article.title, each.link or article.url)
        outlet = escaped(plain(article.source or "source unknown"))
        lines.append(f"- [{each.number}] {title} · {outlet} · {day(article.published)}{escaped(also_in(each.also_in))}")
    notes = [f"As of {day(answer.as_of)}"] if answer.as_of else []
    notes += [escaped(plain(answer.note))] if answer.note else []
    return "".join(f"\n\n{part}" for part in ["\n".join(lines), *notes] if part)


def _head(kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": MODEL}


def _usage(answer: Answer) -> dict[str, int]:
    read, written = (answer.usage.input_tokens, answer.usage.output_tokens) if answer.usage else (0, 0)
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _event(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"
