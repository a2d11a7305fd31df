"""What the corpus says near a statement that somebody made: the nearest sentences, those with the same figure first.

It does not judge: it shows what stands in the articles.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from bot.answering.deciding import Chosen, sentences_of
from bot.answering.quoting import answer_of
from bot.asking import Asker
from bot.models.question_kind import QuestionKind
from bot.schema import Answer, Hit, Question, Turn
from bot.text.numbers import quantities
from bot.text.sentences import sentences

NEAR_LEAST = 0.35
"""Share of the statement's words, weighed by rarity, that a sentence and its headline hold to be shown for it."""
HITS, SHOWN_MOST = 20, 3


def bounded(text: str, chars: int) -> str:
    """The statement in whole sentences of at most so many characters together; cut where the first one is longer."""
    text = " ".join(text.split())
    if len(text) <= chars:
        return text
    end = max((span.end for span in sentences(text) if span.end <= chars), default=chars)
    return text[:end].strip()


async def nearest(asker: Asker, claim: Question, _history: Sequence[Turn] = ()) -> AsyncIterator[Answer]:
    """The sentences nearest to a statement as an answer, or that there are none near. Raises UsageError."""
    yield await asyncio.to_thread(_nearest, asker, claim)


def _nearest(asker: Asker, claim: Question) -> Answer:
    corpus = asker.retriever.corpus
    parsed = asker.understand(claim).understood
    hits = asker.retriever.retrieve(parsed, HITS, QuestionKind.YES_NO).hits
    terms = list(dict.fromkeys(corpus.lexical.terms(claim.text)))
    weights = corpus.lexical.idf(terms) if terms else {}
    wanted = _figures(claim.text)
    found = sorted(_near(hits, corpus.lexical.terms, weights, wanted), key=lambda each: -each.score)
    shown: list[Chosen] = []
    for each in found:
        if each.score >= NEAR_LEAST and each.hit.article.id not in {other.hit.article.id for other in shown}:
            shown.append(each)
    ids, coverage = tuple(hit.passage.id for hit in hits), corpus.coverage()
    if not shown:
        text = "No article here says anything near this."
        return Answer(question=claim, text=text, answered=False, coverage=coverage, retrieved=ids)
    return answer_of(parsed, coverage, shown[:SHOWN_MOST], None, 0.0, ids)


def _near(
    hits: Sequence[Hit], terms: Callable[[str], Sequence[str]], weights: Mapping[str, float], wanted: set[float]
) -> Iterator[Chosen]:
    """Every sentence of the hits, with how near it is: its share of the words, twice that with the figures."""
    whole = sum(weights.values()) or 1.0
    for hit in hits:
        headline = set(terms(hit.article.title))
        for each in sentences_of(hit):
            own = set(terms(each.text))
            # What the headline holds is known to the sentence, but a sentence that holds nothing itself is not near.
            share = sum(weights[term] * (1.0 if term in own else 0.5) for term in weights if term in own | headline)
            named = len(wanted & _figures(each.text)) / len(wanted) if wanted else 0.0
            yield replace(each, score=share / whole * (1 + named))


def _figures(text: str) -> set[float]:
    """The values of its quantities, in digits or words: 4,000, 4000 and four thousand are the same."""
    return {reading.value for quantity in quantities(text) for reading in quantity.readings}
