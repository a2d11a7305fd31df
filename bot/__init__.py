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
    "bot.chain": {"answer_text"},
    "bot.errors": {"NewsbotError"},
    "bot.schema": {"Answer", "Article", "Citation", "Coverage", "Hit", "Passage", "Question", "Turn"},
    "bot.settings": {"Settings"},
    "bot.wiring": {"open_chain", "open_corpus", "open_embeddings", "open_retriever"},
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
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    if name == "__version__":
        from importlib.metadata import version

        return version("newsbot")
    raise AttributeError(f"module 'bot' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
