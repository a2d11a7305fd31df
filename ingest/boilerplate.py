"""Recognises what a publisher puts into every article: newsletter boxes, share prompts, advertisement surveys.

Texts and a small state in, spans out.

Two kinds are found. Prompts that any reader knows ("Sign up for our newsletter") are told sentence by sentence, by the
words that readers of pages know too. Everything else is learned: a paragraph that many articles of one publisher hold
word for word.

What was learned when an article is stored decides for that article. Earlier articles keep the passages they have: of
a paragraph of this kind the first RECURRING_ARTICLES - 1 occurrences stay findable, so a stock sentence that does
tell something is never lost altogether, and no stored passage changes behind a reader's back. The state depends only
on the articles observed and their order. Written in the transaction that stores them, it makes a run that was killed
and started again end like one that was not. Observe each article once, when it is new: a revision would count its
paragraphs twice.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterator

from bot.errors import CorpusError
from bot.schema import Span
from bot.text.sentences import sentences
from ingest.read.boilerplate_lines import is_prompt

RECURRING_ARTICLES = 12
"""From this many articles on, a paragraph is boilerplate. In a corpus of 4,700 articles everything at 12 or more was
furniture, while background paragraphs and pages stored twice reached 9."""

WINDOW_ARTICLES = 250
"""A paragraph rarer than once in so many articles is forgotten (lossy counting), which bounds the state to some
thousand paragraphs per publisher however long it runs."""

PARAGRAPH_CHARS_MIN = 25
PARAGRAPH_CHARS_MAX = 600
"""Shorter ones are crossheads ("Delaware", "What we know"), which recur and still say what follows."""

_PARAGRAPH_BREAK = re.compile(r"\n\s*\n|\Z")
_STATE_HEAD = struct.Struct("<4sII")  # mark, articles observed, number of entries
_STATE_ENTRY = struct.Struct("<QII")  # key, articles, articles it may have missed before
_STATE_MARK = b"bp01"


class Boilerplate:
    """What recurs over one publisher's articles.

    Keep one per publisher: `state` is what the catalog stores for it, `Boilerplate(state)` goes on from there.
    Raises CorpusError where `state` was not made by this class.
    """

    def __init__(self, state: bytes = b"") -> None:
        self._observed = 0
        self._seen: dict[int, tuple[int, int]] = {}
        """key -> (articles that held it, articles that it may have missed before it was first counted)"""
        if state:
            self._observed, self._seen = _unpacked(state)

    @property
    def articles(self) -> int:
        """How many articles were observed."""
        return self._observed

    @property
    def state(self) -> bytes:
        """All that was learned, in 12 + 16 bytes a paragraph; equal histories give equal bytes."""
        entries = sorted(self._seen.items())
        packed = b"".join(_STATE_ENTRY.pack(key, count, missed) for key, (count, missed) in entries)
        return _STATE_HEAD.pack(_STATE_MARK, self._observed, len(entries)) + packed

    def observe(self, text: str) -> None:
        """Counts the paragraphs of one new article, each once."""
        missed = self._observed // WINDOW_ARTICLES
        for key in {key for _, key in _paragraphs(text)}:
            count, first_missed = self._seen.get(key, (0, missed))
            self._seen[key] = (count + 1, first_missed)
        self._observed += 1
        if self._observed % WINDOW_ARTICLES == 0:
            windows = self._observed // WINDOW_ARTICLES
            self._seen = {key: seen for key, seen in self._seen.items() if sum(seen) > windows}

    def spans(self, text: str) -> list[Span]:
        """The parts of `text` that are boilerplate, in order: whole paragraphs or whole sentences."""
        found = [span for span, key in _paragraphs(text) if self._seen.get(key, (0, 0))[0] >= RECURRING_ARTICLES]
        found += (span for span in sentences(text) if is_prompt(text[span.start : span.end]))
        return _merged(found)


def without(text: str, spans: list[Span]) -> str:
    """`text` without `spans`, which are in order: what to compare with other articles, or "" for a page of nothing
    but boilerplate, which is no article."""
    starts = [0, *(span.end for span in spans)]
    ends = [*(span.start for span in spans), len(text)]
    kept = (text[start:end].strip() for start, end in zip(starts, ends, strict=True))
    return "\n\n".join(part for part in kept if part)


def _paragraphs(text: str) -> Iterator[tuple[Span, int]]:
    """The paragraphs of a length that may be boilerplate, each with a key that is the same for the same words."""
    start = 0
    for match in _PARAGRAPH_BREAK.finditer(text):
        block = text[start : match.start()]
        paragraph = block.strip()
        if PARAGRAPH_CHARS_MIN <= len(paragraph) <= PARAGRAPH_CHARS_MAX:
            begin = start + len(block) - len(block.lstrip())
            words = " ".join(re.findall(r"\w+", paragraph.casefold()))
            digest = hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            yield Span(begin, begin + len(paragraph)), int.from_bytes(digest, "little")
        start = match.end()


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not merged or span.start >= merged[-1].end:
            merged.append(span)
    return merged


def _unpacked(state: bytes) -> tuple[int, dict[int, tuple[int, int]]]:
    try:
        mark, observed, entries = _STATE_HEAD.unpack_from(state)
        if mark != _STATE_MARK or len(state) != _STATE_HEAD.size + entries * _STATE_ENTRY.size:
            raise ValueError(mark)
    except (struct.error, ValueError):
        raise CorpusError(
            "What was learned about a publisher's boilerplate cannot be read: made by another version."
        ) from None
    packed = _STATE_ENTRY.iter_unpack(state[_STATE_HEAD.size :])
    return observed, {key: (count, missed) for key, count, missed in packed}
