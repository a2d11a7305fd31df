"""Shows answers on the command line as they come, and what chat model is configured.

Knows nothing about how an answer is made, or how words are parsed.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.asking import Asker
    from bot.schema import Answer, Question, Turn
    from bot.settings import Settings

TRY_SECONDS = 20.0
"""For the one tiny call of `newsbot models`, where the deadline allows no less."""
TRY_WORDS = "Write the word ready, and nothing else."


def show_answers(answers: Iterable[Answer], *, as_json: bool, live: bool, colour: bool) -> Answer:
    """Print growing answers: text as it comes where `live`, else the final one alone. Returns the final one."""
    from bot.render import Flow, answer_lines, closing_lines, plain

    flow, shown, final = Flow(), "", None
    for answer in answers:
        final = answer
        text = plain(answer.text)
        if not live or as_json or not text.startswith(shown) or (answer.final and not shown):
            continue
        print(flow.add(text[len(shown) :]), end="", flush=True)
        shown = text
    assert final is not None, "there is always an answer"
    if as_json:
        print(json.dumps(final.to_dict(), ensure_ascii=False, indent=2))
        return final
    if shown:
        print()
    # What was printed cannot be taken back: where the answer became another one, it is told whole.
    goes_on = bool(shown) and plain(final.text) == shown
    if shown and not goes_on:
        print()
    for line in (closing_lines if goes_on else answer_lines)(final, colour=colour):
        print(line)
    return final


def is_live(settings: Settings) -> bool:
    """Whether text is shown as it is written: a chat model is set, and a person looks on."""
    return bool(settings.llm) and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def talk(asker: Asker, question: Question, history: list[Turn]) -> Iterator[Answer]:
    """The answers to a question of a conversation; how a follow-up was understood is said on standard error."""
    said = False
    for answer in asker.stream(question, history):
        if not said and answer.question.text != question.text:
            print(f"({answer.question.text})", file=sys.stderr)
        said = True
        yield answer


def run_models(settings: Settings, *, as_json: bool) -> int:
    """`newsbot models`: what is configured, and one tiny call that shows whether it works; 1 where it does not."""
    from bot.wiring import open_model_calls

    calls = open_model_calls(settings)
    found = _configured(settings)
    if calls is None:
        if as_json:
            print(json.dumps(found | {"works": None}, indent=2))
        else:
            print("Chat model   none: answers are quotes. Set NEWSBOT_LLM, such as openai:gpt-5-mini.")
            print(f"Embeddings   {settings.embedding_model}")
        return 0
    if not as_json:
        where = f" at {found['base_url']}" if found["base_url"] else ""
        print(f"Chat model   {settings.llm}{where}")
        print(f"Key          {found['key'] + ' is set' if found['key'] else 'none is set'}")
        print(f"Bounds       {settings.llm_deadline_seconds:g} s an answer, {settings.llm_concurrency} calls at once")
        tokens = (settings.llm_context_tokens, settings.llm_history_tokens, settings.llm_output_tokens)
        print("Tokens       {:,} of articles, {:,} of conversation, {:,} written".format(*tokens))
        print(f"Embeddings   {settings.embedding_model}", flush=True)
    from bot.answering.model.model_calls import Meter
    from bot.errors import ModelError

    meter, started = Meter(), time.perf_counter()
    try:
        calls.loop.run(calls.tried(TRY_WORDS, min(TRY_SECONDS, settings.llm_deadline_seconds), meter))
    except ModelError as error:
        if as_json:
            print(json.dumps(found | {"works": False, "reason": str(error)}, indent=2))
        else:
            print(f"newsbot: {error} Check the settings above.", file=sys.stderr)
        return 1
    usage, seconds = calls.usage(meter), time.perf_counter() - started
    if as_json:
        print(json.dumps(found | {"works": True, "seconds": round(seconds, 3)}, indent=2))
    else:
        counted = f", {usage.input_tokens} tokens read, {usage.output_tokens} written" if usage.input_tokens else ""
        cost = f", ${usage.cost_usd:.6f}" if usage.cost_usd is not None else ""
        print(f"It works     answered in {seconds:.2f} s{counted}{cost}")
    return 0


def _configured(settings: Settings) -> dict[str, Any]:
    """What is set, without any key."""
    from bot.answering.model.chat_model import key_variable, without_credentials

    found: dict[str, Any] = {
        "chat_model": settings.llm,
        "embedding_model": settings.embedding_model,
        "reranker": settings.reranker,
    }
    if settings.llm is None:
        return found
    return found | {
        "base_url": without_credentials(settings.llm_base_url) if settings.llm_base_url else None,
        "key": key_variable(settings.llm),
        "deadline_seconds": settings.llm_deadline_seconds,
        "concurrency": settings.llm_concurrency,
        "context_tokens": settings.llm_context_tokens,
        "history_tokens": settings.llm_history_tokens,
        "output_tokens": settings.llm_output_tokens,
    }
