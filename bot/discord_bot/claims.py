"""What the corpus says about a statement that somebody made: the answer to it, else the nearest words, with dates.

Knows nothing about Discord. It does not judge: it shows what stands in the articles.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from bot.answering.check.gate import check
from bot.answering.quoting import quote
from bot.asking import Asker
from bot.schema import Answer, Question, Turn
from bot.text.sentences import sentences

NEAR_LEAST = 0.35
"""Share of the statement's words, weighed by rarity, that a sentence with its title and lead holds to be shown for it.
Of 15 statements about the sample corpus all reach it, of 12 about other things one does."""
NEAR_MOST = 0.3
"""What is shown this way is never called more than unsure."""


async def checked_claim(asker: Asker, claim: Question, history: Sequence[Turn] = ()) -> AsyncIterator[Answer]:
    """Growing answers to a statement, as `Asker.astream` to a question; the last one is final. Raises UsageError."""
    last: Answer | None = None
    async for answer in asker.astream(claim, history):
        if answer.final and not answer.answered:
            last = answer
        else:
            yield answer
    if last is not None:
        near = await asyncio.to_thread(_nearest, asker, claim)
        yield near or last


def bounded(text: str, chars: int) -> str:
    """The statement in whole sentences of at most so many characters together; cut where the first one is longer."""
    text = " ".join(text.split())
    if len(text) <= chars:
        return text
    end = max((span.end for span in sentences(text) if span.end <= chars), default=chars)
    return text[:end].strip()


def _nearest(asker: Asker, claim: Question) -> Answer | None:
    understood = asker.understand(claim).understood
    retrieved = asker.retriever.retrieve(understood, asker.hits)
    found = retrieved.reading.sentences
    if not found or found[0].features.around < NEAR_LEAST:
        return None
    answer = quote(
        understood,
        retrieved.hits,
        asker.retriever.corpus.coverage(),
        not_answered=asker.prompts["not_answered"],
        no_articles=asker.prompts["no_articles"],
        reading=retrieved.reading,
        answer_least=0.0,
    )
    ids = tuple(hit.passage.id for hit in retrieved.hits)
    return check(replace(answer, short=None, retrieved=ids, confidence=min(answer.confidence, NEAR_MOST)))
