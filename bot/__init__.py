"""Answers questions about a news corpus with cited, dated, verbatim passages: the public door.

Each name is imported when it is first used, so that `import bot` costs nothing.

    from bot import open_chain
    answer = open_chain().invoke("How many NATO personnel are in Iraq?")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.chain import answer_text
    from bot.errors import NewsbotError
    from bot.schema import Answer, Article, Citation, Coverage, Hit, Passage, Question, Turn
    from bot.settings import Settings
    from bot.wiring import open_chain, open_corpus, open_embeddings, open_retriever

    __version__: str

_HOMES = {
    "Answer": "bot.schema",
    "Article": "bot.schema",
    "Citation": "bot.schema",
    "Coverage": "bot.schema",
    "Hit": "bot.schema",
    "NewsbotError": "bot.errors",
    "Passage": "bot.schema",
    "Question": "bot.schema",
    "Settings": "bot.settings",
    "Turn": "bot.schema",
    "answer_text": "bot.chain",
    "open_chain": "bot.wiring",
    "open_corpus": "bot.wiring",
    "open_embeddings": "bot.wiring",
    "open_retriever": "bot.wiring",
}

__all__ = [
    "Answer",
    "Article",
    "Citation",
    "Coverage",
    "Hit",
    "NewsbotError",
    "Passage",
    "Question",
    "Settings",
    "Turn",
    "answer_text",
    "open_chain",
    "open_corpus",
    "open_embeddings",
    "open_retriever",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name == "__version__":
        from importlib.metadata import version

        return version("newsbot")
    raise AttributeError(f"module 'bot' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
