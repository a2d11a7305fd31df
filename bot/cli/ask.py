"""The commands that ask: `ask`, `search`, `chat`, `demo`; and `models`, which tries what would write the answers."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.cli.terminal import present, print_json, say, screen_of, typed

if TYPE_CHECKING:
    from bot.answering.model.model_calls import ModelCalls
    from bot.asking import Asker
    from bot.render import Screen
    from bot.schema import Answer, Question, Turn, Usage
    from bot.settings import Settings

DEMO_QUESTION = "How many NATO personnel are in Iraq?"
HISTORY_QUESTIONS = 5
"""Questions that `chat` remembers for follow-ups."""
TRY_SECONDS = 20.0
"""For the one tiny call of `newsbot models`, where the deadline allows no less."""
TRY_WORDS = "Write the word ready, and nothing else."


def run_ask(parsed: argparse.Namespace, settings: Settings) -> int:
    """Answer a question; with a chat model the text is shown as it is written."""
    from bot.wiring import open_asker

    question = _question(parsed, " ".join(parsed.question))
    asker = open_asker(settings, _quotes_alone)
    show_answers(asker.stream(question), screen_of(parsed), as_json=parsed.json, live=is_live(asker))
    return 0


def run_search(parsed: argparse.Namespace, settings: Settings) -> int:
    """Show the passages that fit a question, the best first."""
    from bot.render import hit_json, hit_lines
    from bot.wiring import finder

    hits = finder(parsed.k, settings)(_question(parsed, " ".join(parsed.question)))
    lines = [line for number, hit in enumerate(hits, start=1) for line in hit_lines(number, hit, screen_of(parsed))]
    present(parsed, [hit_json(hit) for hit in hits], lines or ["Nothing here fits."])
    return 0


def run_chat(parsed: argparse.Namespace, settings: Settings) -> int:
    """Answer question after question; each may follow up on those before it."""
    from bot.errors import UsageError
    from bot.schema import Turn
    from bot.wiring import open_asker

    asker, screen = open_asker(settings, _quotes_alone), screen_of(parsed)
    history: list[Turn] = []
    say("Ask about the news; quit, an empty line or Ctrl-D ends.")
    while (text := _line("> ")) and text.strip().lower() not in ("quit", "exit"):
        try:
            answers = talk(asker, _question(parsed, text), history)
            answer = show_answers(answers, screen, as_json=parsed.json, live=is_live(asker))
        except UsageError as error:
            say(str(error))
            continue
        turn = Turn(answer.question.text, answer.text if answer.answered else "")
        history = [*history, turn][-HISTORY_QUESTIONS:]
        print()
    return 0


def run_demo(parsed: argparse.Namespace, settings: Settings) -> int:
    """Ingest the sample corpus once, and answer one question about it."""
    from bot.cli.ingest import put_sample
    from bot.schema import Question
    from bot.wiring import open_asker

    if parsed.data is None:
        settings = settings.model_copy(update={"data_dir": settings.data_dir / "demo"})
    put_sample(settings)
    answer = open_asker(settings)(Question(DEMO_QUESTION))
    if not parsed.json:
        print(f"> {DEMO_QUESTION}\n")
    show_answers([answer], screen_of(parsed), as_json=parsed.json, live=False)
    say(f'\nAsk your own:  {_own_name()} ask "Who won the 2022 World Cup?" --data {typed(settings.data_dir)}')
    return 0


def show_answers(answers: Iterable[Answer], screen: Screen, *, as_json: bool, live: bool) -> Answer:
    """Print growing answers: text as it comes where `live`, else the final one alone. Returns the final one."""
    from bot.render import Flow, answer_lines, closing_lines, plain

    flow, shown, final = Flow(screen.width), "", None
    for answer in answers:
        final = answer
        text = plain(answer.text)
        if not live or as_json or not text.startswith(shown) or (answer.final and not shown):
            continue
        print(flow.add(text[len(shown) :]), end="", flush=True)
        shown = text
    assert final is not None, "there is always an answer"
    if as_json:
        print_json(final.to_dict())
        return final
    if shown:
        print()
    # Printed text cannot be taken back. Where the final answer differs from it, the whole answer is printed.
    goes_on = bool(shown) and plain(final.text) == shown
    if shown and not goes_on:
        print()
    for line in (closing_lines if goes_on else answer_lines)(final, screen):
        print(line)
    return final


def is_live(asker: Asker) -> bool:
    """Whether text is shown as it is written: by a chat model, and a person looks on."""
    return asker.writer is not None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def talk(asker: Asker, question: Question, history: list[Turn]) -> Iterator[Answer]:
    """The answers to a question of a conversation; how a follow-up was understood is said on standard error."""
    said = False
    for answer in asker.stream(question, history):
        if not said and answer.question.text != question.text:
            say(f"({answer.question.text})")
        said = True
        yield answer


def run_models(parsed: argparse.Namespace, settings: Settings) -> int:
    """`newsbot models`: what is configured, and one tiny call that shows whether it works; 1 where it does not."""
    from bot.errors import ModelError
    from bot.wiring import open_model_calls

    calls = open_model_calls(settings)
    found = _configured(settings)
    embeddings = f"Embeddings   {settings.embedding_model}"
    if calls is None:
        none = "Chat model   none: answers are quotes. Set NEWSBOT_LLM, such as openai:gpt-5-mini."
        present(parsed, found | {"works": None}, [none, embeddings])
        return 0
    if not parsed.json:
        where = f" at {found['base_url']}" if found["base_url"] else ""
        print(f"Chat model   {settings.llm}{where}")
        print(f"Key          {found['key'] + ' is set' if found['key'] else 'none is set'}")
        print(f"Bounds       {settings.llm_deadline_seconds:g} s an answer, {settings.llm_concurrency} calls at once")
        tokens = (settings.llm_context_tokens, settings.llm_history_tokens, settings.llm_output_tokens)
        print("Tokens       {:,} of articles, {:,} of conversation, {:,} written".format(*tokens))
        print(embeddings, flush=True)
    try:
        seconds, usage = try_chat_model(calls, settings)
    except ModelError as error:
        present(parsed, found | {"works": False, "reason": str(error)}, [])
        if not parsed.json:
            say(f"newsbot: {error} Check the settings above.")
        return 1
    counted = f", {usage.input_tokens} tokens read, {usage.output_tokens} written" if usage.input_tokens else ""
    cost = f", ${usage.cost_usd:.6f}" if usage.cost_usd is not None else ""
    said = f"It works     answered in {seconds:.2f} s{counted}{cost}"
    present(parsed, found | {"works": True, "seconds": round(seconds, 3)}, [said])
    return 0


def try_chat_model(calls: ModelCalls, settings: Settings) -> tuple[float, Usage]:
    """One tiny call of the chat model: how many seconds it took, and what it used. Raises ModelError."""
    from bot.answering.model.model_calls import Meter

    meter, started = Meter(), time.perf_counter()
    calls.loop.run(calls.tried(TRY_WORDS, min(TRY_SECONDS, settings.llm_deadline_seconds), meter))
    return time.perf_counter() - started, calls.usage(meter)


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


def _quotes_alone(why: str) -> None:
    say(f"newsbot: {why} Until then answers are quotes.")


def _question(parsed: argparse.Namespace, text: str) -> Question:
    from bot.schema import Question

    return Question(text, parsed.as_of, parsed.after, parsed.before, tuple(parsed.source or ()))


def _line(prompt: str) -> str:
    if sys.stdin.isatty():
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401  line editing and history for input()
        try:
            return input(prompt).strip()
        except EOFError:
            return ""
    return sys.stdin.readline().strip()


def _own_name() -> str:
    """How this command line was called, for a line that can be typed: `.venv/bin/newsbot` where PATH has none."""
    called = Path(sys.argv[0])
    return "newsbot" if called.name != "newsbot" or shutil.which("newsbot") else str(called)
