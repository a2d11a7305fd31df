"""Shows an answer while it grows: at most one edit a second, late ones dropped, the final one made sure of."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

from bot.discord_bot.embeds import growing
from bot.discord_bot.targets import OF_THE_LINE, ReplyTarget
from bot.schema import Answer

log = logging.getLogger(__name__)

EDIT_PAUSE_SECONDS = 1.0
"""From the start of one edit to that of the next."""
EDIT_DEADLINE_SECONDS = 5.0
"""An edit that takes longer (a rate limit, a slow line) is given up: a newer text follows anyway."""


async def watched(answers: AsyncIterator[Answer], target: ReplyTarget, language: str, *, show: bool = True) -> Answer:
    """The final answer of a stream; of those before it, what there is time for is shown. Raises what the stream raises.

    An edit that is on its way when the stream ends is waited for, so that it does not overtake the final one.
    """
    clock = asyncio.get_running_loop().time
    edit: asyncio.Task[None] | None = None
    last: Answer | None = None
    due = clock()
    try:
        async for answer in answers:
            last = answer
            wanted = show and answer.text and not answer.final
            if wanted and (edit is None or edit.done()) and clock() >= due:
                due = clock() + EDIT_PAUSE_SECONDS
                edit = asyncio.create_task(_edit(target, answer, language))
    finally:
        if edit is not None:
            await asyncio.gather(edit, return_exceptions=True)
    if last is None:
        raise RuntimeError("the stream of answers was empty")
    return last


async def _edit(target: ReplyTarget, answer: Answer, language: str) -> None:
    try:
        await asyncio.wait_for(target.write(growing(answer, language)), EDIT_DEADLINE_SECONDS)
    except OF_THE_LINE as error:
        log.info("an edit was dropped: %s", type(error).__name__)
