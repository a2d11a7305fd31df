"""An overview of a topic: the sentences that say most of what its articles share, newest first. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from bot.answering.deciding import Chosen, is_statement, sentences_of
from bot.retrieval.retriever import LEAD_CHARS
from bot.schema import Hit
from bot.text.unicode import alphanumeric
from bot.text.words import WORD

PASSAGES = 20
WORDS = 170
"""Of all quotes together."""
QUOTES = 7
PER_ARTICLE = 3
REPEATED = 0.4
"""What a word counts that was said once already, and so on: developments are to be different."""
LENGTH_POWER = 0.8
"""How much a sentence's length counts against it: 0 prefers long sentences, 1 short ones."""
BEHIND = 2.0
"""How fast a sentence counts less the further its passage's score is behind the best one's."""
LEAD = 1.6
"""News says first what matters most: what a sentence counts that stands at an article's head."""
OLD, OLD_DAYS = 0.3, 10.0
"""What a sentence counts that is far older than the newest article here, and in how many days it comes that near to it
by a factor of e."""
SENTENCE_CHARS_LEAST = 40
"""Shorter sentences are datelines, captions and crossheads."""


class _Candidate(NamedTuple):
    chosen: Chosen
    words: frozenset[str]
    length: int
    weight: float


def digest(hits: Sequence[Hit], rarity: Callable[[str], float]) -> list[Chosen]:
    """Sentences of the hits (best first) that tell most of the topic together, newest first.

    A word counts by its rarity in the corpus and by the share of the passages that hold it; sentences are taken one by
    one, each for the words that those before it have not said (as SumBasic does: Vanderwende et al., "Beyond SumBasic",
    Information Processing and Management 43, 2007). `rarity` gives a word's inverse document frequency.
    """
    hits = hits[:PASSAGES]
    if not hits:
        return []
    held = Counter(word for hit in hits for word in _words(f"{hit.article.title} {hit.passage.text}"))
    least = min(2, max(held.values(), default=0))  # what one passage alone holds counts where they share nothing
    weights = {word: count / len(hits) * rarity(word) for word, count in held.items() if count >= least}
    newest = max(hit.article.published or date.min for hit in hits)
    top = hits[0].score
    candidates = [
        candidate
        for hit in hits
        for candidate in _candidates(hit, math.exp(BEHIND * (hit.score - top)) * _newness(hit, newest))
    ]
    taken: list[Chosen] = []
    said: Counter[str] = Counter()
    of_article: Counter[str] = Counter()
    texts: set[str] = set()
    room = WORDS
    while len(taken) < QUOTES:
        best, most = None, 0.0
        for each in candidates:
            if each.length > room or of_article[each.chosen.hit.article.id] >= PER_ARTICLE:
                continue
            told = sum(weights.get(word, 0.0) * REPEATED ** said[word] for word in each.words)
            score = told / each.length**LENGTH_POWER * each.weight
            if score > most and alphanumeric(each.chosen.text) not in texts:
                best, most = each, score
        if best is None:
            break
        taken.append(best.chosen)
        texts.add(alphanumeric(best.chosen.text))
        said.update(best.words)
        of_article[best.chosen.hit.article.id] += 1
        room -= best.length
    return _joined(taken)


def beginnings(hits: Sequence[Hit]) -> list[Chosen]:
    """The first sentence of each hit that tells something."""
    first = (next(_candidates(hit), None) for hit in hits)
    return [each.chosen for each in first if each is not None]


def _newness(hit: Hit, newest: date) -> float:
    days = (newest - (hit.article.published or date.min)).days
    return OLD + (1 - OLD) * math.exp(-days / OLD_DAYS)


def _candidates(hit: Hit, weight: float = 1.0) -> Iterator[_Candidate]:
    for each in sentences_of(hit):
        if len(each.text) >= SENTENCE_CHARS_LEAST and is_statement(each.text):
            yield _Candidate(
                each,
                frozenset(_words(each.text)),
                len(each.text.split()),
                weight * (LEAD if each.start < LEAD_CHARS else 1.0),
            )


def _joined(taken: Sequence[Chosen]) -> list[Chosen]:
    """The sentences newest first, in the article's order within an article; neighbours are one quote."""

    def order(each: Chosen) -> tuple[int, str, int]:
        return -(each.hit.article.published or date.min).toordinal(), each.hit.article.id, each.start

    found: list[Chosen] = []
    for each in sorted(taken, key=order):
        last = found[-1] if found else None
        if last is not None and last.hit.article is each.hit.article:
            if each.start < last.end:
                continue
            if not each.hit.article.text[last.end : each.start].strip():
                found[-1] = replace(last, end=each.end)
                continue
        found.append(each)
    return found


def _words(text: str) -> set[str]:
    return {word.lower() for word in WORD.findall(text)}
