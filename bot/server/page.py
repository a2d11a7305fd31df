"""The page for people: ask, read the answer with its quotes, see a topic over time, read an article.

One template, no build step. All that articles say is escaped by the template; it works without the script.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Query, Request
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.asking import question_of
from bot.errors import NewsbotError
from bot.render import also_in, day, plain, writing_line
from bot.schema import Answer, Article, Question
from bot.server.chart import chart_of
from bot.server.chat import status_of
from bot.server.queries import CorpusQueries

FOLDER = Path(__file__).parent / "page_files"
STATIC_SECONDS = 300
OUTLETS_MOST = 40
"""Outlets that can be ticked; the largest ones."""
NEWEST = 5
"""Articles that are listed where nothing was asked yet."""
_MARKER = re.compile(r"\[(\d{1,4})\]")
_BREAK = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class TextRun:
    """A run of text as it is shown: in bold, as the link of a source's `number`, or marked as the quote."""

    text: str
    number: int | None = None
    bold: bool = False
    marked: bool = False


def add_pages(app: FastAPI, queries: CorpusQueries) -> None:
    """Put the pages into the app."""
    environment = _environment()
    template = environment.get_template("page.html")

    async def shown(view: str, status: int = 200, **values: Any) -> HTMLResponse:
        about = await queries.about()
        newest = date.fromisoformat(about["newest"]) if about.get("newest") else None
        text = template.render(view=view, about=about, newest_day=newest, **{"question": "", "error": "", **values})
        return HTMLResponse(text, status)

    async def narrowing(request: Request) -> dict[str, Any]:
        """What the form shows: the outlets that can be ticked, and what was typed."""
        given = request.query_params
        named = [each.source for each in await queries.sources() if each.source]
        ticked = [name for name in given.getlist("source") if name]
        return {
            "question": given.get("q", ""),
            "outlets": list(dict.fromkeys([*ticked, *named[:OUTLETS_MOST]])),
            "ticked": ticked,
            "after": given.get("after", ""),
            "before": given.get("before", ""),
        }

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def home(request: Request) -> HTMLResponse:
        typed = await narrowing(request)
        text = typed["question"].strip()
        if not text:
            return await shown("ask", answer=None, newest=await queries.latest("", NEWEST), **typed)
        try:
            question = question_of(
                Question(text, after=typed["after"] or None, before=typed["before"] or None, sources=typed["ticked"])
            )
            answer = await queries.answer(question)
        except NewsbotError as error:
            return await shown("ask", status_of(error)[0], answer=None, error=str(error), newest=(), **typed)
        return await shown("ask", answer=answer, pieces=_pieces(answer), note=writing_line(answer), **typed)

    @app.get("/topic", response_class=HTMLResponse, include_in_schema=False)
    async def topic(request: Request) -> HTMLResponse:
        typed: dict[str, Any] = {name: request.query_params.get(name, "") for name in ("words", "after", "before")}
        if not typed["words"].strip():
            return await shown("topic", topic=None, chart=None, **typed)
        try:
            days = question_of(Question("", after=typed["after"] or None, before=typed["before"] or None))
            found = await queries.topic(typed["words"], days.after, days.before)
        except NewsbotError as error:
            return await shown("topic", status_of(error)[0], topic=None, chart=None, error=str(error), **typed)
        return await shown("topic", topic=found, chart=chart_of(found.counted) if found.counted else None, **typed)

    @app.get("/sources", response_class=HTMLResponse, include_in_schema=False)
    async def sources(_: Request) -> HTMLResponse:
        listed = await queries.sources()
        return await shown("sources", sources=listed, most=max((each.articles for each in listed), default=1))

    @app.get("/article/{article_id}", response_class=HTMLResponse, include_in_schema=False)
    async def article(
        _: Request, article_id: str, start: int = Query(0, ge=0), end: int = Query(0, ge=0)
    ) -> HTMLResponse:
        try:
            found = await queries.article(article_id)
        except NewsbotError as error:
            return await shown("article", status_of(error)[0], article=None, error=str(error))
        return await shown("article", article=found, paragraphs=paragraphs(found, start, end))

    @app.get("/docs", response_class=HTMLResponse, include_in_schema=False)
    async def docs(_: Request) -> HTMLResponse:
        return await shown("docs", described=app.openapi())

    @app.get("/style.css", include_in_schema=False)
    @app.get("/page.js", include_in_schema=False)
    async def static(request: Request) -> FileResponse:
        name = request.scope["route"].path.removeprefix("/")
        return FileResponse(FOLDER / name, headers={"Cache-Control": f"max-age={STATIC_SECONDS}"})


def text_pieces(text: str, short: str | None, numbers: frozenset[int]) -> list[TextRun]:
    """A text in runs: `[n]` of these numbers as links, the short answer in bold where it stands as words of its own."""
    found: list[TextRun] = []
    place = 0
    for marker in _MARKER.finditer(text):
        if int(marker[1]) not in numbers:
            continue
        found += _with_bold(text[place : marker.start()], short)
        found.append(TextRun(marker[0], number=int(marker[1])))
        place = marker.end()
    return [piece for piece in [*found, *_with_bold(text[place:], short)] if piece.text]


def paragraphs(article: Article, start: int, end: int) -> list[list[TextRun]]:
    """An article's paragraphs in runs, with `text[start:end]` marked; nothing is marked where that is no part of it."""
    text = article.text
    if not 0 <= start < end <= len(text):
        start = end = 0
    found, place = [], 0
    for last, following in [*(match.span() for match in _BREAK.finditer(text)), (len(text), len(text))]:
        first, place = place, following
        begin, stop = (min(max(each, first), last) for each in (start, end))
        runs = [TextRun(text[first:begin]), TextRun(text[begin:stop], marked=True), TextRun(text[stop:last])]
        found.append([run for run in runs if run.text])
    return [runs for runs in found if runs]


def web_link(url: str | None) -> str | None:
    """An address that may stand in a link: http and https alone."""
    return url if url is not None and url.lower().startswith(("http://", "https://")) else None


def _pieces(answer: Answer) -> dict[str, Any]:
    """The answer's text by paragraph, and each quote, in runs."""
    short = answer.short if answer.answered else None
    numbers = frozenset(each.number for each in answer.citations)
    return {
        "text": [text_pieces(line, short, numbers) for line in answer.text.split("\n") if line.strip()],
        "quotes": {each.number: _with_bold(each.quote, short) for each in answer.citations},
    }


def _with_bold(text: str, short: str | None) -> Sequence[TextRun]:
    if not short:
        return [TextRun(text)]
    parts = re.split(rf"(?<![\w.,\[])({re.escape(short)})(?![\w\]]|[.,]\d)", text)
    return [TextRun(part, bold=bool(place % 2)) for place, part in enumerate(parts) if part]


def _environment() -> Environment:
    def visible(value: Any) -> Any:
        return plain(value) if isinstance(value, str) and not hasattr(value, "__html__") else value

    loader = FileSystemLoader(FOLDER)
    environment = Environment(
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=visible,
        loader=loader,
        autoescape=True,
    )
    environment.filters |= {"day": day, "also_in": also_in, "web_link": web_link}
    return environment
