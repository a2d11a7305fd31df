"""What new articles say on a topic: dated quotes, newest first, wire copies once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

from bot.answering.deciding import Chosen, sentences_of
from bot.answering.digest import digest
from bot.answering.quoting import answer_of
from bot.corpus.corpus import Corpus
from bot.retrieval.question import ParsedQuery
from bot.retrieval.topic import topic_terms
from bot.schema import Answer, Hit, Passage, Question

Run = TypeVar("Run", Passage, Chosen)
CHANGES_AT_ONCE = 2000
"""Passages that are read of the catalog's log at a time."""


def new_articles(corpus: Corpus, after: int) -> tuple[int, list[Sequence[Passage]]]:
    """The catalog's newest change, and the articles that its log holds after another one, copies left out.

    Each article is its passages: no index has to have followed. It blocks. Raises CorpusError.
    """
    found: dict[str, Sequence[Passage]] = {}
    while changes := corpus.catalog.changes(after, CHANGES_AT_ONCE):
        after = changes[-1].seq
        found |= {change.article_id: change.passages for change in changes if change.passages}
    return after, list(found.values())


def is_on(corpus: Corpus, terms: Sequence[str], passages: Sequence[Passage]) -> bool:
    """Whether an article holds all words of a topic."""
    article = passages[0].article
    return bool(terms) and set(terms) <= set(corpus.lexical.terms(f"{article.title}\n{article.text}"))


def briefing(corpus: Corpus, topic: str, articles: Sequence[Sequence[Passage]], title: str, *, each: bool) -> Answer:
    """What articles, given by their passages, say on a topic: with `each` the first sentence of every one that speaks
    of it, else the sentences that tell most of them together. It blocks. Raises CorpusError.
    """
    terms = set(topic_terms(corpus, topic))
    copies = corpus.catalog.copies([passages[0].article.id for passages in articles])
    hits = [
        Hit(passage, 1.0, also_in=copies.get(passage.article.id, ()))
        for passage in (_speaking(corpus, terms, passages) for passages in articles)
    ]
    chosen = [] if each else digest(hits, corpus.lexical.rarity)
    chosen = chosen or [_speaking(corpus, terms, list(sentences_of(hit))) for hit in hits]
    chosen.sort(key=lambda one: str(one.hit.article.published_at or one.hit.article.published or ""), reverse=True)
    query = ParsedQuery(question=Question(title), asked_on=datetime.now(UTC).date())
    return answer_of(query, corpus.coverage(), chosen, None, 1.0)


def _speaking(corpus: Corpus, terms: set[str], runs: Sequence[Run]) -> Run:
    """The first run of text that holds a word of the topic, else the first."""
    return next((each for each in runs if terms & set(corpus.lexical.terms(each.text))), runs[0])
