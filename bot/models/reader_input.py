"""Token ids of a question and a passage as the reader takes them; one home for training and use.

A pair is `<s> question </s> header passage </s>`, where the header is "Title. Outlet, 12 May 2023." Each token has a
type: 0 in the question, 1 in header and passage, 2 for a token of these that also stands in the question, 3 for a token
of the question that they lack (the exact-match feature of DrQA: Chen et al., "Reading Wikipedia to Answer Open-Domain
Questions", ACL 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

Numbers = NDArray[np.int64]
BOS, PAD, EOS = 0, 1, 2
QUESTION, CONTEXT, SHARED, MISSING = range(4)
MAX_TOKENS = 320
MAX_QUESTION_TOKENS = 64
MAX_HEADER_TOKENS = 48
WIDTH_STEP = 8
"""A batch's width is a multiple of it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and a passage as tokens.

    `first` is the place of the passage's first token in `ids`; `offsets` are the characters (start, end) of the
    passage that each of its tokens covers, `len(offsets)` tokens from `first` on.
    """

    ids: list[int]
    types: list[int]
    first: int
    offsets: list[tuple[int, int]]


def header(title: str, source: str | None = None, published: date | None = None) -> str:
    """What is known of a passage's article, as the reader sees it."""
    day = f"{published.day} {published:%B %Y}" if published else ""
    known = ", ".join(filter(None, (source, day)))
    return " ".join(f"{part}." for part in (title.strip().rstrip("."), known) if part)


class PairEncoder:
    """Makes pairs of a question and passages. Safe to share between threads."""

    def __init__(self, tokenizer: Tokenizer, max_tokens: int = MAX_TOKENS) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens

    def pairs(self, question: str, contexts: Sequence[tuple[str, str]]) -> list[Pair]:
        """One pair for each (header, passage). What is too long is cut: question and header first, then the end of the
        passage."""
        texts = [question, *(text for context in contexts for text in context)]
        encoded = self._tokenizer.encode_batch(texts, add_special_tokens=False)
        asked: list[int] = encoded[0].ids[:MAX_QUESTION_TOKENS]
        heads, passages = encoded[1::2], encoded[2::2]
        return [
            self._pair(asked, head.ids[:MAX_HEADER_TOKENS], body) for head, body in zip(heads, passages, strict=True)
        ]

    def _pair(self, asked: list[int], head: list[int], passage: Encoding) -> Pair:
        room = self._max_tokens - len(asked) - len(head) - 3
        context = head + passage.ids[:room]
        in_question, in_context = set(asked), set(context)
        types = [
            QUESTION,
            *(QUESTION if token in in_context else MISSING for token in asked),
            QUESTION,
            *(SHARED if token in in_question else CONTEXT for token in context),
            CONTEXT,
        ]
        return Pair([BOS, *asked, EOS, *context, EOS], types, len(asked) + 2 + len(head), passage.offsets[:room])


def padded(pairs: Sequence[Pair]) -> tuple[Numbers, Numbers, Numbers]:
    """(ids, types, attention mask) of a batch, each of shape (pairs, tokens)."""
    width = -(-max(len(pair.ids) for pair in pairs) // WIDTH_STEP) * WIDTH_STEP
    ids = np.full((len(pairs), width), PAD, dtype=np.int64)
    types = np.zeros_like(ids)
    mask = np.zeros_like(ids)
    for row, pair in enumerate(pairs):
        ids[row, : len(pair.ids)] = pair.ids
        types[row, : len(pair.ids)] = pair.types
        mask[row, : len(pair.ids)] = 1
    return ids, types, mask
