"""Which articles are on a topic, and what new ones say on it: dated quotes, newest first, wire copies once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.answering.deciding import Chosen
from bot.answering.digest import digest
from bot.answering.quoting import answer_of, citation_of
from bot.corpus.corpus import Corpus
from bot.retrieval.question import ParsedQuery
from bot.schema import Answer, Hit, Passage, Question
from bot.text.sentences import sentences
from bot.text.words import words

PASSAGES_MOST = 20_000
"""Passages looked at, best first: beyond these a topic is too wide to count exactly."""
TOPIC_CHARS = 100
CHANGES_AT_ONCE = 2000
"""Passages that are read of the catalog's log at a time."""


def topic_terms(corpus: Corpus, topic: str) -> list[str]:
    """The words that an article on a topic holds, as the lexical index knows them."""
    kept = [word.text for word in words(topic[:TOPIC_CHARS]) if not word.is_stopword]
    return list(dict.fromkeys(corpus.lexical.terms(" ".join(kept) or topic[:TOPIC_CHARS])))


def articles_on(corpus: Corpus, topic: str) -> list[str]:
    """Ids of the articles on a topic, best first, copies left out; empty where none is. Raises CorpusError.

    On a topic is an article with a passage in which, title included, all its words stand. It blocks.
    """
    corpus.refresh()
    terms = topic_terms(corpus, topic)
    if not terms:
        return []
    rarity = corpus.lexical.idf(terms)
    rarest, *others = sorted(terms, key=lambda term: -rarity[term])
    found = [id_ for id_, _ in corpus.lexical.search([rarest], PASSAGES_MOST)]
    for term in others:
        if not found:
            break
        holding = {id_ for id_, _ in corpus.lexical.search([term], len(found), among=found)}
        found = [id_ for id_ in found if id_ in holding]
    return list(dict.fromkeys(id_.split(".", 1)[0] for id_ in found))


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
    chosen = chosen or [_first(corpus, terms, hit) for hit in hits]
    chosen.sort(key=lambda one: str(one.hit.article.published_at or one.hit.article.published or ""), reverse=True)
    citations = tuple(citation_of(number, one) for number, one in enumerate(chosen, start=1))
    query = ParsedQuery(question=Question(title), asked_on=datetime.now(UTC).date())
    return answer_of(query, corpus.coverage(), citations, None, 1.0)


def _speaking(corpus: Corpus, terms: set[str], passages: Sequence[Passage]) -> Passage:
    """The first passage that holds a word of the topic."""
    return next((each for each in passages if terms & set(corpus.lexical.terms(each.text))), passages[0])


def _first(corpus: Corpus, terms: set[str], hit: Hit) -> Chosen:
    """The first sentence of a passage that holds a word of the topic."""
    text, begin = hit.passage.text, hit.passage.start
    spans = sentences(text)
    span = next((each for each in spans if terms & set(corpus.lexical.terms(text[each.start : each.end]))), spans[0])
    return Chosen(hit, begin + span.start, begin + span.end, hit.score)
