"""What ours is compared with: one index alone for ranking, the best sentence alone for answering."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.answering.deciding import Chosen, sentences_of
from bot.answering.quoting import citations_of
from bot.models.embeddings import SentenceEmbeddings
from bot.retrieval.question import ParsedQuery
from bot.retrieval.retriever import Found, Retriever
from bot.schema import Answer, Hit, Scope
from bot.text.words import stems, words

QUOTES = 3
"""As many as ours gives at most."""


def dense_hits(retriever: Retriever, query: ParsedQuery, k: int) -> list[Hit]:
    """The `k` passages nearest to the question by cosine: what most tutorials build.

    What was published after the day of asking is hidden, as it is from ours; nothing else narrows.
    """
    vector = retriever.embeddings.encode([query.question.text], "query")[0]
    found = retriever.corpus.vectors.search(vector, k, _scope(query))
    return retriever.hits([Found(id_, score, {"dense": score}) for id_, score in found])


def lexical_hits(retriever: Retriever, query: ParsedQuery, k: int) -> list[Hit]:
    """The `k` best passages by BM25 over text and title; narrowed as `dense_hits`."""
    terms = retriever.corpus.lexical.terms(query.question.text)
    found = retriever.corpus.lexical.search(terms, k, _scope(query))
    return retriever.hits([Found(id_, score, {"lexical": score}) for id_, score in found])


def best_by_words(query: ParsedQuery, hits: Sequence[Hit], idf: Callable[[str], float]) -> Answer:
    """The sentences that hold most of the question's words, each word weighed by its rarity. Refuses nothing."""
    weights = {word.stem: idf(word.text.lower()) for word in words(query.search_text)}
    total = sum(weights.values()) or 1.0

    def share(text: str) -> float:
        held = stems(text)
        return sum(weight for term, weight in weights.items() if term in held) / total

    return _answer(query, [replace(each, score=share(each.text)) for hit in hits for each in sentences_of(hit)])


def best_by_cosine(query: ParsedQuery, hits: Sequence[Hit], embeddings: SentenceEmbeddings) -> Answer:
    """The sentences nearest to the question by cosine. Refuses nothing."""
    found = [each for hit in hits for each in sentences_of(hit)]
    vector = embeddings.encode([query.question.text], "query")[0]
    cosines = embeddings.encode([each.text for each in found], "document") @ vector if found else []
    return _answer(query, [replace(each, score=float(near)) for each, near in zip(found, cosines, strict=True)])


def _scope(query: ParsedQuery) -> Scope | None:
    day = query.question.as_of
    return Scope(known_by=day) if day else None


def _answer(query: ParsedQuery, scored: Sequence[Chosen]) -> Answer:
    """The best three sentences; a sentence alone gives no short answer."""
    best = sorted(scored, key=lambda each: -each.score)[:QUOTES]
    return Answer(
        question=query.question,
        text="",
        citations=citations_of(best),
        answered=bool(best),
        confidence=best[0].score if best else 0.0,
    )
