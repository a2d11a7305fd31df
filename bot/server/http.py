"""The HTTP server: JSON for programs, OpenAI's chat form for front ends, health, metrics, and the page for people."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import date
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

import bot
from bot.errors import NewsbotError
from bot.render import hit_json
from bot.schema import Answer, Question, Turn
from bot.server import chat
from bot.server.guard import AUTHORIZED
from bot.server.metrics import CONTENT_TYPE, Metrics
from bot.server.page import add_pages
from bot.server.queries import RESULTS_MOST, CorpusQueries

HISTORY_MOST = 100


class QuestionFields(BaseModel):
    """A question, and what narrows it."""

    question: str = Field(description="The question, in words.")
    after: date | None = Field(None, description="Only what was published on this day or later, as 2022-10-31.")
    before: date | None = Field(None, description="Only what was published on this day or earlier.")
    sources: list[str] = Field([], description="Only these outlets, by name.")
    as_of: date | None = Field(None, description="Ask as on this day: nothing published later is known.")

    def value(self) -> Question:
        """The same as a question of the library."""
        return Question(self.question, self.as_of, self.after, self.before, tuple(self.sources))


class AskRequest(QuestionFields):
    """A question, and the conversation so far."""

    history: list[Turn] = Field([], max_length=HISTORY_MOST, description="The conversation so far, oldest first.")


class AskQuery(QuestionFields):
    """A question in an address."""

    sources: list[str] = Field([], alias="source", description="Only this outlet, by name; may be repeated.")


class SearchQuery(AskQuery):
    """Words in an address, and how many passages are wanted."""

    k: int = Field(10, ge=1, le=RESULTS_MOST, description="How many passages.")


def http_app(queries: CorpusQueries) -> Metrics:
    """The app over what can be asked; it is to stand behind a `Guard`."""
    app = FastAPI(
        title="newsbot",
        version=bot.__version__,
        description="Answers questions about a news corpus with cited, dated, verbatim passages.",
        docs_url=None,  # FastAPI's own page loads scripts from the network; ours does not
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    counted = Metrics(app)
    app.add_exception_handler(NewsbotError, _told)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _no_route)
    app.add_exception_handler(Exception, _failed)

    @app.get("/ask", tags=["answers"])
    async def ask(asked: Annotated[AskQuery, Query()]) -> dict[str, Any]:
        """The answer with its quotes, days and links; answered is false where the corpus does not say."""
        return (await queries.answer(asked.value())).to_dict()

    @app.post("/ask", tags=["answers"])
    async def ask_on(asked: AskRequest) -> dict[str, Any]:
        """The same for a question with a conversation before it."""
        return (await queries.answer(asked.value(), asked.history)).to_dict()

    @app.get("/search", tags=["answers"])
    async def search(asked: Annotated[SearchQuery, Query()]) -> dict[str, Any]:
        """The passages that fit, best first."""
        return {"passages": [hit_json(hit) for hit in await queries.search(asked.value(), asked.k)]}

    @app.post("/v1/chat/completions", tags=["chat"])
    async def chat_completions(asked: chat.ChatRequest) -> Response:
        """An answer in the form of OpenAI's chat completions; earlier messages are the conversation."""
        question, history = chat.conversation(asked.messages)
        if not asked.stream:
            return JSONResponse(chat.completion(await queries.answer(question, history)))
        growing = queries.answers(question, history)
        # A question that cannot be asked is an error status, which must be sent before the first word.
        first = await anext(growing)
        events = chat.chunks(_from(first, growing), asked.stream_options)
        return StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    @app.get("/v1/models", tags=["chat"])
    async def models() -> dict[str, Any]:
        """The one model that there is."""
        return chat.models()

    @app.get("/health", tags=["operating"])
    async def health(request: Request) -> JSONResponse:
        """Whether the server is well; what the corpus holds is told to those who show the token."""
        about = await queries.about()
        told: dict[str, Any] = {
            "healthy": "error" not in about,
            "problems": [about["error"]] if "error" in about else [],
        }
        if request.scope.get(AUTHORIZED):
            told |= {"corpus": about, "waiting": queries.queue.waiting}
        return JSONResponse(told, status_code=200 if told["healthy"] else 503)

    @app.get("/metrics", tags=["operating"])
    async def metrics() -> Response:
        """Counts and times in Prometheus' text form."""
        return Response(counted.text(queries.queue.waiting, await queries.about()), media_type=CONTENT_TYPE)

    add_pages(app, queries)
    return counted


async def _from(first: Answer, rest: AsyncIterator[Answer]) -> AsyncIterator[Answer]:
    async with aclosing(rest):  # type: ignore[type-var]
        yield first
        async for each in rest:
            yield each


async def _told(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, NewsbotError)
    status, kind = chat.status_of(error)
    headers = {"Retry-After": "60"} if status == 503 else None
    return JSONResponse(chat.error_body(str(error), kind), status, headers=headers)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:]) or "the body"
    said = f"{place}: {first['msg']}. See /docs for what is taken."
    return JSONResponse(chat.error_body(said, "invalid_request_error"), 422)


async def _no_route(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    said = f"This path does not take {request.method}. See /docs for what is taken."
    if error.status_code == 404:
        said = "There is nothing at this path. The page is at /, and /docs lists what programs can ask."
    kind = "not_found" if error.status_code == 404 else "invalid_request_error"
    return JSONResponse(chat.error_body(said, kind), error.status_code, headers=error.headers)


async def _failed(_: Request, __: Exception) -> JSONResponse:
    return JSONResponse(chat.error_body("Something went wrong here; the server's log has it.", "server_error"), 500)
