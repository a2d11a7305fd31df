"""Shows an answer while it grows: at most one edit a second, late ones dropped, the final one made sure of."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from functools import partial

from bot.discord_bot.embeds import Page, growing
from bot.discord_bot.targets import OF_THE_LINE, ReplyTarget
from bot.schema import Answer

log = logging.getLogger(__name__)

EDIT_PAUSE_SECONDS = 1.0
"""From the start of one edit to that of the next."""
EDIT_DEADLINE_SECONDS = 5.0
"""An edit that takes longer (a rate limit, a slow line) is given up: a newer text follows anyway."""


class Edits:
    """Shows the newest text that there is time for. `offer` never waits, and makes no page that is not shown."""

    def __init__(self, target: ReplyTarget) -> None:
        self._target = target
        self._task: asyncio.Task[None] | None = None
        self._next = 0.0
        self.dropped = 0

    def offer(self, make: Callable[[], Page]) -> bool:
        """Show a page if the last edit is done and a second old; else it is dropped. Whether it is shown."""
        now = asyncio.get_running_loop().time()
        if (self._task is not None and not self._task.done()) or now < self._next:
            self.dropped += 1
            return False
        self._next = now + EDIT_PAUSE_SECONDS
        self._task = asyncio.create_task(self._edit(make()))
        return True

    async def settle(self) -> None:
        """Wait until no edit is on its way, so that none overtakes the final one."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _edit(self, page: Page) -> None:
        try:
            await asyncio.wait_for(self._target.write(page), EDIT_DEADLINE_SECONDS)
        except OF_THE_LINE as error:
            log.info("an edit was dropped: %s", type(error).__name__)


async def watched(answers: AsyncIterator[Answer], target: ReplyTarget, language: str, *, show: bool = True) -> Answer:
    """The final answer of a stream; those before it are shown as they grow. Raises what the stream raises."""
    edits = Edits(target)
    last: Answer | None = None
    try:
        async for answer in answers:
            last = answer
            if not answer.final and show and answer.text:
                edits.offer(partial(growing, answer, language))
    finally:
        await edits.settle()
    if last is None:
        raise RuntimeError("the stream of answers was empty")
    return last
