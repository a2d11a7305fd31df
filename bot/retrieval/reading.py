"""What the reader found in the hits of a question: relevance, spans and sentences, placed in their articles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.models.reader import PassageReader, PassageReading
from bot.models.reader_input import header
from bot.schema import Hit, Span
from bot.text.sentences import sentences


@dataclass(frozen=True, slots=True)
class SpanReading:
    """A run of an article's text that may be the answer; `probability` is given that the passage has one."""

    start: int
    end: int
    text: str
    probability: float


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
    """What reading one hit gave: log-odds that it is about what is asked and that it answers; spans and sentences."""

    hit: Hit
    relevance: float
    answerable: float
    spans: tuple[SpanReading, ...]
    sentences: tuple[SentenceReading, ...]


def read_hits(reader: PassageReader | None, question: str, hits: Sequence[Hit]) -> list[Reading]:
    """One reading for each hit, in their order; without a reader each says that nothing is known."""
    if reader is None:
        return [_unread(hit) for hit in hits]
    contexts = [
        (header(hit.article.title, hit.article.source, hit.article.published), hit.passage.text) for hit in hits
    ]
    return [_placed(hit, found) for hit, found in zip(hits, reader.read(question, contexts), strict=True)]


def _unread(hit: Hit) -> Reading:
    return Reading(hit, 0.0, 0.0, (), tuple(
        SentenceReading(hit.passage.start + span.start, hit.passage.start + span.end, 0.0, 0.0)
        for span in _sentences(hit.passage.text)
    ))  # fmt: skip


def _placed(hit: Hit, found: PassageReading) -> Reading:
    first, text = hit.passage.start, hit.passage.text
    return Reading(
        hit,
        found.relevance,
        found.answerable,
        tuple(
            SpanReading(first + span.start, first + span.end, text[span.start : span.end], span.probability)
            for span in found.spans
        ),
        tuple(
            SentenceReading(
                first + sentence.start,
                first + sentence.end,
                found.evidence(sentence.start, sentence.end),
                sum(
                    span.probability for span in found.spans if span.start < sentence.end and span.end > sentence.start
                ),
            )
            for sentence in _sentences(text)
        ),
    )


@lru_cache(maxsize=4096)
def _sentences(passage: str) -> tuple[Span, ...]:
    """The sentences of a passage; kept, as some passages are found often."""
    return tuple(sentences(passage))
