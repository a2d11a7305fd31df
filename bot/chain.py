"""The steps from a question to a checked answer as one LangChain Runnable. LCEL lives here.

Knows nothing about what a step does (see `asking`), nor about settings, folders or doors.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import cast

from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda

from bot.asking import Asked, Asker
from bot.schema import Answer, Question


def make_chain(asker: Asker) -> Runnable[str | Question, Answer]:
    """The chain over an asker. Its Runnable raises UsageError for a question that cannot be asked.

    `stream` and `astream` yield growing answers, of which the last is `final`; a chat model's call is a child run of
    the last step.
    """

    # LangChain sees by a function's kind whether it streams, and by its parameters that it wants the config.
    def answer(asked: Asked, config: RunnableConfig) -> Iterator[Answer]:
        yield from asker.answers(asked, config)

    async def aanswer(asked: Asked, config: RunnableConfig) -> AsyncIterator[Answer]:
        async for each in asker.aanswers(asked, config):
            yield each

    steps = (
        RunnableLambda(asker.understand, name="understand")
        | RunnableLambda(asker.retrieve, name="retrieve")
        | RunnableLambda(answer, aanswer, name="answer")  # type: ignore[arg-type]  # they know no such pair
    )
    return cast("Runnable[str | Question, Answer]", steps.with_config(run_name="newsbot"))
