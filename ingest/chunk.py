"""Cuts an article's text into passages: runs of whole sentences with exact offsets.

A text in, spans out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.schema import Span
from bot.text.sentences import sentences

CHUNKER_VERSION = 1
"""Recorded with each index; raise it whenever the same text would be cut otherwise, here or in bot.text.sentences."""

PASSAGE_CHARS = 800
"""About 160 words: what a small embedding model reads whole (256 tokens), and room for a fact and its context."""

SENTENCE_CHARS_MAX = 2_000
"""A longer "sentence" is a list or a broken page: it is cut between clauses or words."""

CROSSHEAD_CHARS_MAX = 120
"""A longer line without a full stop is a paragraph that lost it, not a headline."""

_PARAGRAPH_COST = 0.15
"""What it costs to break inside a paragraph, in units of the squared share of a passage that is left empty."""

_CROSSHEAD_COST = -0.1
"""A break before a crosshead is welcome: a new topic begins there."""

_CLAUSE = re.compile(r"[;:,–—]\s+|\s[–—-]\s|\n")
_CLOSED = re.compile(r"[.!?…;,][\"'”’»)\]]*$")


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, or a piece of a very long one."""

    start: int
    end: int
    opens_paragraph: bool
    is_crosshead: bool


def chunk(article_text: str, *, passage_chars: int = PASSAGE_CHARS, drop: Sequence[Span] = ()) -> list[Span]:
    """Passages of `article_text`, in order, without overlap and without white space around them.

    Each is a run of whole sentences, of at most `passage_chars` characters unless one sentence alone is longer (up
    to SENTENCE_CHARS_MAX; beyond that it is cut). Short paragraphs share a passage, passages come out about
    equally long, and breaks fall between paragraphs where that costs little. A crosshead stays with what follows.
    Sentences that touch a span of `drop` are in no passage, and no passage reaches over them.

    Raises ValueError where `passage_chars` is below 1.
    """
    if passage_chars < 1:
        raise ValueError(f"passage_chars must be at least 1, not {passage_chars}")
    return [span for run in _runs(article_text, drop) for span in _passages(run, passage_chars)]


def _runs(text: str, drop: Sequence[Span]) -> list[list[_Unit]]:
    """The sentences between the dropped ones, as runs."""
    dropped = sorted(drop, key=lambda span: (span.start, span.end))
    runs: list[list[_Unit]] = [[]]
    spans = sentences(text)
    previous_end = 0
    next_drop = 0
    for i, span in enumerate(spans):
        while next_drop < len(dropped) and dropped[next_drop].end <= span.start:
            next_drop += 1
        if next_drop < len(dropped) and dropped[next_drop].start < span.end:
            runs.append([])
        else:
            opens = i == 0 or "\n" in text[previous_end : span.start]
            closes = i + 1 == len(spans) or "\n" in text[span.end : spans[i + 1].start]
            runs[-1].extend(_units(text, span, opens, opens and closes and _is_crosshead(text[span.start : span.end])))
        previous_end = span.end
    return [run for run in runs if run]


def _is_crosshead(line: str) -> bool:
    return len(line) <= CROSSHEAD_CHARS_MAX and not _CLOSED.search(line)


def _units(text: str, span: Span, opens_paragraph: bool, is_crosshead: bool) -> list[_Unit]:
    units: list[_Unit] = []
    start = span.start
    while span.end - start > SENTENCE_CHARS_MAX:
        cut = _cut(text, start, start + SENTENCE_CHARS_MAX)
        end = cut - (len(text[start:cut]) - len(text[start:cut].rstrip()))
        units.append(_Unit(start, end, opens_paragraph and start == span.start, False))
        start = cut + len(text[cut : span.end]) - len(text[cut : span.end].lstrip())
    units.append(_Unit(start, span.end, opens_paragraph and start == span.start, is_crosshead))
    return units


def _cut(text: str, start: int, limit: int) -> int:
    """Where to cut `text[start:]` at or before `limit`: behind a clause, else behind a word, else anywhere."""
    half = (start + limit) // 2
    clauses = [match.end() for match in _CLAUSE.finditer(text, half, limit)]
    if clauses:
        return clauses[-1]
    words = [match.end() for match in re.finditer(r"\s+", text[half:limit])]
    return half + words[-1] if words else limit


def _passages(units: list[_Unit], passage_chars: int) -> list[Span]:
    """The cheapest way to cut a run, as a typesetter breaks a paragraph into lines: least squared empty room."""
    count = len(units)
    cost = [0.0] + [float("inf")] * count  # cost[j]: of cutting the first j units
    begin = [0] * (count + 1)
    most = max(32, passage_chars // 16)  # sentences in a passage: bounds the time for a text of one-letter sentences
    for last in range(count):
        end = units[last].end
        end_cost = 0.0
        if last + 1 < count:
            if units[last].is_crosshead:
                end_cost = 4.0  # more than any passage can cost: only where nothing else fits
            elif units[last + 1].is_crosshead:
                end_cost = _CROSSHEAD_COST
            elif not units[last + 1].opens_paragraph:
                end_cost = _PARAGRAPH_COST
        for first in range(last, -1, -1):
            chars = end - units[first].start
            if first < last and (chars > passage_chars or last - first >= most):
                break
            room = max(0.0, 1 - chars / passage_chars)
            total = cost[first] + room * room + end_cost
            if total < cost[last + 1]:
                cost[last + 1] = total
                begin[last + 1] = first
    spans: list[Span] = []
    j = count
    while j:
        spans.append(Span(units[begin[j]].start, units[j - 1].end))
        j = begin[j]
    return spans[::-1]
