"""What the bot on Discord is given: somebody who answers, the corpus, and the settings.

Knows nothing about Discord, and nothing about how the three are made (see `bot.wiring`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.asking import Asker
    from bot.corpus.corpus import Corpus
    from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class House:
    """Everything that the adapter reaches of newsbot.

    `asker.astream(question, history)` yields growing answers, the last of which is final. `corpus` is the one that
    `asker` asks; its calls block, so they belong in a thread. `ingest` takes the address of a page or a feed and gives
    the line that says what became of it; None where putting articles in from Discord is not enabled.
    """

    asker: Asker
    corpus: Corpus
    settings: Settings
    ingest: Callable[[str], Awaitable[str]] | None = None
