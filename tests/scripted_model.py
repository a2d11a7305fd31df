"""What a scripted chat model needs: reading its evidence, and an asker whose model is a loopback server."""

from __future__ import annotations

import re
from typing import Any

from bot.asking import Asker
from bot.settings import Settings
from bot.wiring import open_writer
from tests.chat_server import Asked, ChatServer

_BLOCK = re.compile(r"<<<passage (\w+)>>>\n(.*?)\n<<<end of \1>>>", re.DOTALL)
DEADLINE_SECONDS = 120.0
"""More than any machine needs to find and read passages; what is about time sets its own."""


def evidence_of(asked: Asked) -> dict[str, str]:
    """Key -> block, as a model finds them in what it was asked."""
    return dict(_BLOCK.findall(asked.said("user")))


def key_of(asked: Asked, words: str) -> str:
    """The key of the passage that holds some words."""
    found = [key for key, block in evidence_of(asked).items() if words in block]
    assert found, f"the evidence does not hold {words!r}"
    return found[0]


def with_model(base: Asker, settings: Settings, server: ChatServer, **knobs: Any) -> Asker:
    """The asker with a chat model: the scripted server, through the real wiring and langchain-openai."""
    given = {"llm": "openai:scripted", "llm_base_url": server.base_url, "llm_deadline_seconds": DEADLINE_SECONDS}
    made = settings.model_copy(update=given | knobs)
    return Asker(
        base.retriever,
        base.prompts,
        hits=base.hits,
        question_chars=base.question_chars,
        writer=open_writer(made),
        cache=made.llm_cache,
    )
