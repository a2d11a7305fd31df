"""The steps from a question to a checked answer as one LangChain Runnable. LCEL lives here.

Knows nothing about what a step does (see `asking`), nor about settings, folders or doors.
"""

from __future__ import annotations

from langchain_core.runnables import Runnable, RunnableLambda

from bot.asking import Asker
from bot.schema import Answer, Question


def make_chain(asker: Asker) -> Runnable[str | Question, Answer]:
    """The chain over an asker. Its Runnable raises UsageError for a question that cannot be asked."""
    steps = (
        RunnableLambda(asker.understand, name="understand")
        | RunnableLambda(asker.retrieve, name="retrieve")
        | RunnableLambda(asker.answer, name="answer")
    )
    return steps.with_config(run_name="newsbot")
