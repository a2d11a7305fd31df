"""An overview of a topic: the sentences that say most of what its articles share, newest first. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from bot.answering.deciding import Chosen, is_statement
from bot.schema import Hit, Span
from bot.text.sentences import sentences
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
SENTENCE_CHARS_LEAST = 40
"""Shorter sentences are datelines, captions and crossheads."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    hit: Hit
    span: Span
    words: frozenset[str]
    length: int
    nearness: float


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
    weights = {word: count / len(hits) * rarity(word) for word, count in held.items() if count > 1 or len(hits) == 1}
    top = hits[0].score
    candidates = [candidate for hit in hits for candidate in _candidates(hit, top)]
    taken: list[_Candidate] = []
    said: Counter[str] = Counter()
    texts: set[str] = set()
    of_article: Counter[str] = Counter()
    room = WORDS
    while len(taken) < QUOTES:
        best, most = None, 0.0
        for each in candidates:
            if each.length > room or of_article[each.hit.article.id] >= PER_ARTICLE:
                continue
            told = sum(weights.get(word, 0.0) * REPEATED ** said[word] for word in each.words)
            score = told / each.length**LENGTH_POWER * each.nearness
            if score > most and alphanumeric(_text(each)) not in texts:
                best, most = each, score
        if best is None:
            break
        taken.append(best)
        texts.add(alphanumeric(_text(best)))
        said.update(best.words)
        of_article[best.hit.article.id] += 1
        room -= best.length
    return _joined(taken)


def beginnings(hits: Sequence[Hit]) -> list[Chosen]:
    """The first sentence of each hit that tells something."""
    first = (next(_candidates(hit, hit.score), None) for hit in hits)
    return [Chosen(each.hit, each.span.start, each.span.end, each.hit.score) for each in first if each is not None]


def _candidates(hit: Hit, top: float) -> Iterator[_Candidate]:
    nearness = math.exp(BEHIND * (hit.score - top))
    text, first = hit.passage.text, hit.passage.start
    for span in sentences(text):
        sentence = text[span.start : span.end]
        if len(sentence) >= SENTENCE_CHARS_LEAST and is_statement(sentence):
            words = frozenset(_words(sentence))
            yield _Candidate(hit, Span(first + span.start, first + span.end), words, len(sentence.split()), nearness)


def _joined(taken: Sequence[_Candidate]) -> list[Chosen]:
    """The sentences newest first, in the article's order within an article; neighbours are one quote."""
    order = sorted(
        taken,
        key=lambda each: (
            -(each.hit.article.published or date.min).toordinal(),
            each.hit.article.id,
            each.span.start,
        ),
    )
    found: list[Chosen] = []
    for each in order:
        last = found[-1] if found else None
        if last is not None and last.hit.article is each.hit.article:
            if each.span.start < last.end:
                continue
            if not each.hit.article.text[last.end : each.span.start].strip():
                found[-1] = Chosen(last.hit, last.start, each.span.end, last.score)
                continue
        found.append(Chosen(each.hit, each.span.start, each.span.end, each.hit.score))
    return found


def _text(candidate: _Candidate) -> str:
    return candidate.hit.article.text[candidate.span.start : candidate.span.end]


def _words(text: str) -> set[str]:
    return {word.lower() for word in WORD.findall(text)}
