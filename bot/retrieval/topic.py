"""Which articles are on a topic."""

from __future__ import annotations

from bot.corpus.corpus import Corpus
from bot.text.words import words

PASSAGES_MOST = 20_000
"""Passages looked at, best first: beyond these a topic is too wide to count exactly."""
TOPIC_CHARS = 100


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
