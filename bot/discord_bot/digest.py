"""Which articles are on a topic, and what is new on it: dated quotes, newest first, wire copies once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.answering.links import text_fragment_link
from bot.corpus.corpus import Corpus
from bot.schema import Answer, Article, Citation, Question
from bot.text.sentences import sentences
from bot.text.words import words

PASSAGES_MOST = 20_000
"""Passages looked at, best first: beyond these a topic is too wide to count exactly."""
TOPIC_CHARS = 100
QUOTES_MOST = 6
QUOTE_CHARS = 320
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


def new_articles(corpus: Corpus, after: int) -> tuple[int, list[Article]]:
    """The articles that the catalog's log holds after a change, copies left out; and its newest change. It blocks."""
    found: dict[str, Article] = {}
    while changes := corpus.catalog.changes(after, CHANGES_AT_ONCE):
        after = changes[-1].seq
        found |= {change.article_id: change.passages[0].article for change in changes if change.passages}
    return after, list(found.values())


def is_on(corpus: Corpus, terms: Sequence[str], article: Article) -> bool:
    """Whether an article holds all words of a topic: no index has to have followed."""
    return bool(terms) and set(terms) <= set(corpus.lexical.terms(f"{article.title}\n{article.text}"))


def digest(
    corpus: Corpus, topic: str, articles: Sequence[Article], *, most: int = QUOTES_MOST, title: str = ""
) -> Answer:
    """What articles say on a topic: of each the first sentence that speaks of it, newest first. It blocks.

    Without articles it is an answer that is not answered.
    """
    coverage = corpus.coverage()
    question = Question(title or (f"Latest on {topic}" if topic else "Latest"))
    if not articles:
        return Answer(question=question, text=f"No article here speaks of {topic}.", answered=False, coverage=coverage)
    newest = sorted(articles, key=lambda each: (str(each.published or ""), str(each.published_at or ""), each.id))[::-1]
    shown = newest[:most]
    copies = corpus.catalog.copies([each.id for each in shown])
    terms = set(topic_terms(corpus, topic)) if topic else set()
    citations = tuple(_cited(corpus, number, each, terms, copies) for number, each in enumerate(shown, start=1))
    days = [each.published for each in shown if each.published]
    return Answer(
        question=question,
        text="\n".join(f"“{each.quote}” [{each.number}]" for each in citations),
        citations=citations,
        as_of=max(days, default=None),
        coverage=coverage,
    )


def _cited(
    corpus: Corpus, number: int, article: Article, terms: set[str], copies: Mapping[str, tuple[Article, ...]]
) -> Citation:
    spans = [span for span in sentences(article.text) if article.text[span.start : span.end].strip()]
    first = next(
        (each for each in spans if terms & set(corpus.lexical.terms(article.text[each.start : each.end]))), spans[0]
    )
    quote = article.text[first.start : first.end].strip()
    start = article.text.index(quote, first.start)
    if len(quote) > QUOTE_CHARS:
        quote = quote[:QUOTE_CHARS].rsplit(" ", 1)[0]
    link = text_fragment_link(article.url, article.text, start, start + len(quote)) if article.url else None
    return Citation(number, quote, start, start + len(quote), article, link, copies.get(article.id, ()))
