"""What the reader found in the hits of a question: relevance, spans and sentences, placed in their articles."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from bot.models.reader import PassageReader, PassageReading, ScoredSpan
from bot.models.reader_input import header
from bot.schema import Hit
from bot.text.sentences import sentences

UNREAD = PassageReading(0.0, 0.0, (), ((0, sys.maxsize, 0.0),))
"""What is known of a passage that nobody read: nothing, of whatever part of it."""


@dataclass(frozen=True, slots=True)
class SentenceReading:
    """A sentence of a passage: `evidence` is the log-odds that it shows the answer, `span` the probability that the
    answer stands in it if the passage has one. `start` and `end` count characters of the article's text."""

    start: int
    end: int
    evidence: float
    span: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading one hit gave: log-odds that it is about what is asked and that it answers; spans and sentences,
    whose offsets count characters of the article's text."""

    hit: Hit
    relevance: float
    answerable: float
    spans: tuple[ScoredSpan, ...]
    sentences: tuple[SentenceReading, ...]


def read_hits(reader: PassageReader | None, question: str, hits: Sequence[Hit]) -> list[Reading]:
    """One reading for each hit, in their order; without a reader each says that nothing is known."""
    found = reader.read(question, [context_of(hit) for hit in hits]) if reader else [UNREAD] * len(hits)
    return [_placed(hit, each) for hit, each in zip(hits, found, strict=True)]


def context_of(hit: Hit) -> tuple[str, str]:
    """A hit as a reader takes it: header and passage."""
    return header(hit.article.title, hit.article.source, hit.article.published), hit.passage.text


def _placed(hit: Hit, found: PassageReading) -> Reading:
    first = hit.passage.start
    spans = tuple(ScoredSpan(first + span.start, first + span.end, span.probability) for span in found.spans)
    told = []
    for sentence in sentences(hit.passage.text):
        start, end = first + sentence.start, first + sentence.end
        span = sum(each.probability for each in spans if each.start < end and each.end > start)
        told.append(SentenceReading(start, end, found.evidence(sentence.start, sentence.end), span))
    return Reading(hit, found.relevance, found.answerable, spans, tuple(told))
