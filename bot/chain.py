"""The steps from a question to a checked answer as one LangChain Runnable. LCEL lives here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import date
from typing import Any

from langchain_core.runnables import RunnableBinding, RunnableConfig, RunnableLambda
from langchain_core.runnables.config import get_callback_manager_for_config
from langchain_core.tools import BaseTool
from pydantic import BaseModel, Field

from bot.asking import Asker
from bot.retrieval.documents import document_of
from bot.schema import Answer, Question


class ToolArguments(BaseModel):
    """What a model that calls the chain as a tool fills in: the fields of a `Question`."""

    text: str = Field(description="The question, in words.")
    as_of: date | None = Field(None, description="Answer as on this day: nothing published later is known.")
    after: date | None = Field(None, description="Only articles published on or after this day.")
    before: date | None = Field(None, description="Only articles published on or before this day.")
    sources: tuple[str, ...] = Field((), description="Only articles of these outlets, by name.")


class NewsChain(RunnableBinding[str | Question, Answer]):
    """The chain: a question (words, a `Question`, or a mapping of its fields) in, an `Answer` out."""

    def as_tool(
        self,
        args_schema: type[BaseModel] | None = None,
        *,
        name: str | None = "newsbot",
        description: str | None = "Answers a question about the news corpus with cited, dated, verbatim quotes.",
        arg_types: dict[str, type] | None = None,
    ) -> BaseTool:
        """The chain as a tool of a model that calls tools; by default its arguments are `ToolArguments`."""
        if args_schema is None and arg_types is None:
            args_schema = ToolArguments
        return super().as_tool(args_schema, name=name, description=description, arg_types=arg_types)


def answer_text(answer: Answer) -> str:
    """The words of an answer with their [n] markers, for `chain | answer_text`; `str(answer)` adds the sources."""
    return answer.text


def make_chain(asker: Asker) -> NewsChain:
    """The chain over an asker. Its Runnable raises UsageError for a question that cannot be asked.

    `stream` and `astream` yield growing answers, of which the last is `final`. Callbacks see a run for each step; the
    search is a retriever's run within the second, a chat model's call a child run of the last.
    """

    # LangChain makes schemas of what functions say of their types: what passes between the steps is our own matter.
    def understand(question: str | Question) -> Any:
        return asker.understand(question)

    def retrieve(asked: Any, config: RunnableConfig) -> Any:
        callbacks = get_callback_manager_for_config(config)
        run = callbacks.on_retriever_start(None, asked.understood.question.text, name="retriever")
        try:
            found = asker.retrieve(asked)
        except Exception as error:
            run.on_retriever_error(error)
            raise
        run.on_retriever_end([document_of(hit) for hit in found.retrieved.hits] if found.retrieved else [])
        return found

    # LangChain sees by a function's kind whether it streams, and by its parameters that it wants the config.
    def answer(asked: Any, config: RunnableConfig) -> Iterator[Answer]:
        yield from asker.answers(asked, config)

    async def aanswer(asked: Any, config: RunnableConfig) -> AsyncIterator[Answer]:
        async for each in asker.aanswers(asked, config):
            yield each

    steps: Any = (
        RunnableLambda(understand, name="understand")
        | RunnableLambda(retrieve, name="retrieve")
        | RunnableLambda(answer, aanswer, name="answer")  # type: ignore[arg-type]  # they know no such pair
    )
    return NewsChain(
        bound=steps, config={"run_name": "newsbot"}, custom_input_type=str | Question, custom_output_type=Answer
    )
