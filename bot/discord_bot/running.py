"""Keeps the bot connected to Discord, through every fault of the network, until it is told to leave."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

import discord

from bot.discord_bot.admin import Administration
from bot.discord_bot.answer_service import AnswerService
from bot.discord_bot.asking import Asking
from bot.discord_bot.browsing import Browsing
from bot.discord_bot.buttons import AnswerButton, answer_buttons
from bot.discord_bot.client import BAD_TOKEN, CogMaker, NewsClient, NoSessionsLeft, signed_in, token_of
from bot.discord_bot.context import BotContext
from bot.discord_bot.health import Health
from bot.discord_bot.logs import cause, keep_quiet, write_logs
from bot.discord_bot.pace import FIRST_SECONDS, Pace
from bot.discord_bot.targets import OF_THE_LINE
from bot.discord_bot.watches import Watches
from bot.errors import NewsbotError, SettingsError
from bot.settings import Settings
from bot.wiring import open_asker

DRAIN_SECONDS = 10.0
CLOSE_SECONDS = 5.0
SWITCH_SECONDS = 0.0005
WARM_QUESTION = "What is new?"
BAD_TOKEN_CODE = 4004
FATAL_CODES = {
    4010: "Discord does not take the number of shards in NEWSBOT_DISCORD_SHARDS.",
    4012: "Discord does not speak this version of its gateway any more; a newer newsbot is needed.",
    4013: "Discord does not know one of the intents that newsbot asks for; a newer newsbot is needed.",
}
WITHOUT_CONTENT = (
    "The message content intent is not switched on in the developer portal (Bot, Privileged Gateway Intents). "
    "Connecting without it: commands, mentions and direct messages work; replies without a mention and messages in "
    "threads cannot be read."
)

COGS: tuple[CogMaker, ...] = (Asking, Browsing, Administration, Watches)

log = logging.getLogger(__name__)


class Running:
    """The bot on Discord from its start to its end; `service` answers, through whichever client is connected.

    `options` go to `discord.Client`.
    """

    def __init__(
        self, context: BotContext, *, cogs: Sequence[CogMaker] = COGS, first_seconds: float = FIRST_SECONDS,
        **options: Any,
    ) -> None:  # fmt: skip
        self.service = AnswerService(context, answer_buttons)
        self._cogs = cogs
        self._options = options
        self._pace = Pace(first_seconds)
        self._content = context.settings.discord_mention_trigger
        self._stop = asyncio.Event()

    @property
    def client(self) -> Any:
        """The client that is connected or connecting."""
        return self.service.client

    def leave(self) -> None:
        """Finish the answers that are running, then leave. To be called on the event loop."""
        self._stop.set()

    async def serve(self) -> bool:
        """Be there for people until `leave` is called; returns whether every answer was finished.

        Raises SettingsError where Discord does not take the token, NewsbotError where trying again could not help for
        another reason. Anything else is tried again, later and later.
        """
        while not self._stop.is_set():
            self.service.counts["attempts"] += 1
            try:
                return await self._connect()
            except discord.PrivilegedIntentsRequired:
                if not self._content:
                    raise NewsbotError("Discord refuses every intent that newsbot needs.") from None
                self._content = False
                log.warning(WITHOUT_CONTENT)
                continue
            except NewsbotError:
                raise
            except Exception as error:  # whatever the error is, the bot must come back
                if (fatal := _fatal(error)) is not None:
                    raise fatal from None
                self._pace.lost(for_good=True)
                pause = max(_retry_after(error), self._pace.pause)
                unexpected = None if isinstance(error, (*OF_THE_LINE, discord.DiscordException)) else error
                said = "No connection to Discord (%s); trying again in %.1f s."
                log.warning(said, cause(error), pause, exc_info=unexpected)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)
        return True

    async def _connect(self) -> bool:
        """One client, from making it to its end; returns whether every answer was finished when it was told to leave.

        Raises what ended the connection.
        """
        client = self.service.client = NewsClient(
            self.service, self._cogs, self._pace, content=self._content, **self._options
        )
        client.add_dynamic_items(AnswerButton)
        connecting = asyncio.create_task(client.start(token_of(self.service.context.settings)))
        leaving = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({connecting, leaving}, return_when=asyncio.FIRST_COMPLETED)
            finished = await self._drain()
            if connecting.done():
                connecting.result()
                if not leaving.done():
                    raise ConnectionAbortedError("the client ended")
            return finished
        finally:
            leaving.cancel()
            await _close(client, connecting)

    async def _drain(self) -> bool:
        """Let answers end that are on their way; they need the client's HTTP session, not its gateway."""
        queue = self.service.queue
        if not self._stop.is_set():
            return await queue.idle(DRAIN_SECONDS)  # a new client follows, with a session of its own
        if count := queue.running + queue.waiting:
            log.info("Finishing answers (%d), for at most %.0f s.", count, DRAIN_SECONDS)
        finished = await queue.drain(DRAIN_SECONDS)
        if not finished:
            log.warning("Answers that were not finished: %d.", queue.running + queue.waiting)
        return finished


def run(settings: Settings, *, verbose: bool = False) -> int:
    """Be on Discord until SIGTERM or SIGINT; returns the exit status. The process belongs to it.

    Raises NewsbotError where the corpus, the token or the port cannot be used.
    """
    token = token_of(settings)
    write_logs(token, verbose=verbose)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until the event loop listens
    asyncio.run(_require_token(settings))
    log.info("Loading the corpus and its models.")
    context = open_context(settings)
    favour_the_event_loop()
    asyncio.run(_serve(context), debug=False)
    context.corpus.close()
    return 0


def open_context(settings: Settings) -> BotContext:
    """What the bot is given, everything loaded: a first question must not be what loads models. Raises NewsbotError."""
    asker = open_asker(settings)
    asker.retrieve(asker.understand(WARM_QUESTION))
    return BotContext(asker, asker.retriever.corpus, settings)


def favour_the_event_loop() -> None:
    """Let answers that are made in threads delay the event loop less. Once everything is loaded; for the process.

    A thread that waits for the interpreter waits for up to the switch interval (5 ms) of each thread that is ready,
    and the event loop may have to wait after each system call: shorter turns. And what was loaded stays; to look
    through it at each full collection of garbage stops every thread for some 70 ms.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()


async def _serve(context: BotContext) -> None:
    loop = asyncio.get_running_loop()
    running = Running(context)
    keep_quiet()

    def told_to_leave() -> None:
        log.info("Leaving.")
        running.leave()
        for each in (signal.SIGTERM, signal.SIGINT):
            # A second signal ends the process at once.
            loop.add_signal_handler(each, os._exit, 1)

    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, told_to_leave)
    async with Health(running.service) as health:
        if health.address:
            log.info("Health and metrics: http://%s/health and /metrics.", health.address)
        finished = await running.serve()
    if not finished:
        # Threads that still answer would keep the process; what they do is reading.
        logging.shutdown()
        os._exit(0)


async def _require_token(settings: Settings) -> None:
    """Raises SettingsError where Discord does not take the token: better at once than when the models are loaded."""
    with contextlib.suppress(*OF_THE_LINE, discord.DiscordException):
        async with signed_in(settings):
            pass


async def _close(client: NewsClient, connecting: asyncio.Task[None]) -> None:
    """Close a client, however far it came."""
    # First of all: discord.py goes on where a shard that connects again is cancelled, unless the client is closed.
    with contextlib.suppress(Exception):
        async with asyncio.timeout(CLOSE_SECONDS):
            await client.close()
    connecting.cancel()
    await asyncio.wait([connecting], timeout=CLOSE_SECONDS)
    if connecting.done() and not connecting.cancelled():
        connecting.exception()  # it was told already


def _fatal(error: Exception) -> NewsbotError | None:
    """What the operator is told where trying again cannot help."""
    code = error.code if isinstance(error, discord.ConnectionClosed) else None
    if isinstance(error, discord.LoginFailure) or code == BAD_TOKEN_CODE:
        return SettingsError(BAD_TOKEN)
    return NewsbotError(FATAL_CODES[code]) if code in FATAL_CODES else None


def _retry_after(error: Exception) -> float:
    """Seconds that Discord, or the proxy before it, asks to wait."""
    if isinstance(error, NoSessionsLeft):
        return error.retry_after_seconds
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        return min(float(headers.get("Retry-After", 0)), 3600.0)
    except ValueError:
        return 0.0
