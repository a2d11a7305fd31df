"""Leaves sentences out of passages that speak to a chat model and not to a reader. Pure.

What it misses is still checked: it only keeps an order from being cited as a fact.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import groupby

from bot.models.order_classifier import load_orders
from bot.schema import Hit, Span
from bot.text.sentences import sentences

ORDER_LEAST = 0.12
"""The score above which a sentence is an order: one in 1,000 sentences of the news of 2023 without a web address."""
_FORM = re.compile(
    r"[\U000e0020-\U000e007f\u202d\u202e]|<\|[\w ]{1,40}\|?>|\[/?INST\]|<<\s?/?SYS"
    r"|^\W{0,3}(?:system|assistant|user)\s?:",
    re.IGNORECASE,
)
"""Characters that nobody sees and a model reads, the marks of a prompt, and who speaks in a conversation with one."""
_ANNOUNCES = re.compile(
    r":\s*$|\b(?:this|the following|the next|below) (?:\w+ )?"
    r"(?:sentence|line|statement|text|fact|note|word|claim|paragraph)s?\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def is_order(sentence: str) -> bool:
    """Whether a sentence is an order to whoever answers or reads, or plays a part in a conversation."""
    return _FORM.search(sentence) is not None or load_orders().score(sentence) > ORDER_LEAST


def orders_in(text: str, spans: Sequence[Span]) -> list[bool]:
    """For each sentence of a text, whether it is an order, or what an order before it announces as its payload."""
    found: list[bool] = []
    for place, span in enumerate(spans):
        before = text[spans[place - 1].start : spans[place - 1].end] if place and found[-1] else ""
        found.append(bool(before and _ANNOUNCES.search(before)) or is_order(text[span.start : span.end]))
    return found


def without_orders(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The hits with their passages cut around such sentences: what is left of each, in the same order.

    A passage without one is given as it is; one that is nothing else is left out.
    """
    return tuple(part for hit in hits for part in _parts(hit))


def _parts(hit: Hit) -> list[Hit]:
    passage = hit.passage
    text = passage.text
    spans = sentences(text)
    are_orders = orders_in(text, spans)
    if not any(are_orders):
        return [hit]
    runs = [list(run) for is_no_news, run in groupby(range(len(spans)), are_orders.__getitem__) if not is_no_news]
    return [
        replace(
            hit,
            passage=replace(passage, start=passage.start + spans[run[0]].start, end=passage.start + spans[run[-1]].end),
        )
        for run in runs
    ]
