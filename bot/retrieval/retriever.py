"""Finds the passages that may answer a question: BM25 and vectors side by side, scores fused, dates as evidence.

Knows nothing about how an answer is made of them, nor about LangChain (see `documents`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from bot.corpus.catalog_rows import Standing
from bot.corpus.corpus import Corpus
from bot.embeddings import SentenceEmbeddings
from bot.retrieval.freshness import is_likely_day, newness
from bot.retrieval.office import is_of_today
from bot.retrieval.question import Understood
from bot.retrieval.sentence import Reading
from bot.retrieval.sentence_ranking import read
from bot.schema import Hit, Scope

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bot.retrieval.reranker import Reranker

    Vector = NDArray[np.float32]

T = TypeVar("T")

CANDIDATES = 60
"""Passages taken from each index before their scores are fused; as many as are asked for where that is more."""
LEAD_CHARS = 600
WIDER = 1.3
ENOUGH = 0.5
WIDE_AT_MOST = 1_000
"""Where a scope narrows a search by vectors: how much more is looked for than it takes on average to find as many as
wanted, the share of those that is enough, and how many are looked for at most."""
THREADS = 4
"""Questions at most that are encoded, or whose passages' vectors are fetched, beside the rest of their search."""
READ_HITS = 10
"""So many of the best are read for the sentence that answers, or as many as are asked for, and ordered anew by it."""
OFFICE_NEWNESS = 20.0
"""How much more newness counts where it is asked who holds an office today: older news has another holder."""
PER_ARTICLE = 4
"""Hits of one article at most, for each ten asked for: other articles get a hearing."""


@dataclass(frozen=True, slots=True)
class FusionWeights:
    """What each part of a score counts; scores are summed, which beat fusing ranks on questions of 2022.

    `python -m tests.bench.bench_retrieval --data DIR --all --learn` searches them by cross-validation.
    """

    lexical: float = 0.3
    """BM25 over the most that the question's words can give: the sum of their idf."""
    title: float = 0.5
    """A word in the title against the same word in the passage, within BM25."""
    dense: float = 1.0
    """Cosine of question and passage."""
    held: float = 0.45
    """The share of the question's words, by their idf, that stands in passage or title, however often."""
    about: float = 0.8
    """The share of them that stands anywhere in the article."""
    day: float = 0.35
    """Added where the day of publication fits the question."""
    newness: float = 0.03
    """Added to what was published on the day of asking; half of it to what is three months older. Times
    OFFICE_NEWNESS where it is asked who holds an office."""
    lead: float = 0.2
    """Added to what stands at the head of an article: news says first what matters most."""
    sentence: float = 0.1
    """How far the best sentence of a passage is behind the best of all, as `sentence_ranking` scores them, times the
    share of the question that this best one holds with its title and lead; 0 or less."""


WEIGHTS = FusionWeights()


class _Found(NamedTuple):
    """A passage that was found, before it is read."""

    minus_score: float
    passage_id: str
    article_id: str
    parts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What was found for a question: the hits, best first, and what scoring them needed."""

    hits: tuple[Hit, ...]
    reading: Reading
    """The sentences of the hits, for the answer."""
    idf: Callable[[str], float]
    """How rare a word is in the corpus."""


class _Seen:
    """What is looked up of passages once they are found: where they stand, and how much of a question they hold."""

    def __init__(self, corpus: Corpus, idf: Mapping[str, float]) -> None:
        self._corpus = corpus
        self._idf = idf
        self.standings: dict[str, Standing] = {}
        self.held: dict[str, float] = {}
        self.about: dict[str, float] = {}
        """By article."""

    def look_at(self, ids: Iterable[str], known: Mapping[str, Standing] | None = None) -> None:
        """Look up passages; `known` is where some of them stand."""
        ids = list(ids)
        standings = {id_: known[id_] for id_ in ids if id_ in known} if known else {}
        if len(standings) < len(ids):
            standings |= self._corpus.catalog.standing([id_ for id_ in ids if id_ not in standings])
        self.standings |= standings
        self.held |= self._corpus.lexical.held(self._idf, ids)
        articles = {standing.article_id for standing in standings.values()} - self.about.keys()
        self.about |= self._corpus.lexical.held_by_articles(self._idf, list(articles))


class Retriever:
    """Searches a corpus. Safe to share between threads."""

    def __init__(
        self,
        corpus: Corpus,
        embeddings: SentenceEmbeddings,
        weights: FusionWeights = WEIGHTS,
        reranker: Reranker | None = None,
    ) -> None:
        self.corpus = corpus
        self.embeddings = embeddings
        self.weights = weights
        self.reranker = reranker
        self._beside = ThreadPoolExecutor(THREADS, "newsbot-dense")

    def retrieve(self, understood: Understood, k: int) -> Retrieved:
        """The `k` best passages for a question, each with its score and the score's parts."""
        corpus, weights = self.corpus, self.weights
        if is_of_today(understood.asking):
            weights = replace(weights, newness=OFFICE_NEWNESS * weights.newness)
        corpus.refresh()
        scope = self._scope(understood)
        text = understood.question.text
        terms = corpus.lexical.terms(understood.search_text or text)
        idf = corpus.lexical.idf(terms)
        most = sum(idf.values()) or 1.0

        candidates = max(CANDIDATES, k)
        # The model works outside Python's lock, Chroma inside it. What is done beside the model is short calls of other
        # libraries, so that it is not kept from the lock when it is done.
        encoding = self._beside.submit(self.embeddings.encode, [text], "query")
        lexical = dict(corpus.lexical.search(terms, candidates, scope, title_weight=weights.title))
        seen = _Seen(corpus, idf)
        seen.look_at(lexical)
        wide = self._wide(candidates, scope)
        vector: Vector = encoding.result()[0]
        nearest, standings = self._nearest(vector, candidates, scope, wide)
        dense = dict(nearest)
        only_lexical = [id_ for id_ in lexical if id_ not in dense]
        of_lexical = self._beside.submit(corpus.vectors.vectors, only_lexical)
        if only_dense := [id_ for id_ in dense if id_ not in lexical]:
            seen.look_at(only_dense, standings)
            lexical |= corpus.lexical.search(terms, len(only_dense), title_weight=weights.title, among=only_dense)
        dense |= {id_: float(found @ vector) for id_, found in of_lexical.result().items()}

        found = []
        for id_ in lexical | dense:
            standing = seen.standings.get(id_)
            if standing is None:
                continue
            parts = {
                "lexical": lexical.get(id_, 0.0) / most,
                "dense": dense.get(id_, 0.0),
                "day": float(is_likely_day(understood, standing.published)),
                "newness": newness(understood, standing.published),
                "lead": float(standing.start < LEAD_CHARS),
                "held": seen.held.get(id_, 0.0) / most,
                "about": seen.about.get(standing.article_id, 0.0) / most,
            }
            score = sum(getattr(weights, name) * part for name, part in parts.items())
            found.append(_Found(-score, id_, standing.article_id, parts))
        found.sort(key=lambda each: each[:2])
        # Only what is shown is read: an article's text is a thousand times what ranking needs of it.
        few = max(k, READ_HITS)
        if self.reranker is None:
            hits = self._read(_varied(found, few, lambda each: each.article_id))
        else:
            hits = _varied(self.reranker.rerank(text, self._read(found)), few, lambda hit: hit.article.id)
        hits = self._with_copies(hits)
        reading = read(understood, hits, corpus.lexical.rarity)
        if self.reranker is None:
            hits = _by_sentences(hits, reading, weights.sentence)
        return Retrieved(tuple(hits[:k]), _reading_of(reading, hits[:k]), corpus.lexical.rarity)

    def _wide(self, candidates: int, scope: Scope | None) -> int:
        """How many passages are to be found so that as many as wanted are in scope."""
        return int(WIDER * candidates / max(self.corpus.lexical.share(scope), 1e-9)) if scope else candidates

    def _nearest(
        self, vector: Vector, candidates: int, scope: Scope | None, wide: int
    ) -> tuple[list[tuple[str, float]], dict[str, Standing]]:
        """The passages in scope nearest to a vector, best first: (passage id, cosine); and where some of them stand.

        chromadb 1.5.9 narrows a search by collecting every id that is in scope, which takes twenty times as long as
        the search itself (measured at 19,000 passages). Where much is in scope it is quicker to find more and to drop
        the rest.
        """
        corpus = self.corpus
        if scope is None:
            return corpus.vectors.search(vector, candidates), {}
        if wide <= WIDE_AT_MOST:
            found = corpus.vectors.search(vector, wide)
            standing = corpus.catalog.standing([id_ for id_, _ in found], scope)
            inside = [each for each in found if each[0] in standing]
            if len(inside) >= ENOUGH * candidates or len(found) < wide:
                return inside[:candidates], standing
        return corpus.vectors.search(vector, candidates, scope), {}

    def _read(self, found: Sequence[_Found]) -> list[Hit]:
        passages = self.corpus.passages([each.passage_id for each in found])
        return [
            Hit(passages[each.passage_id], -each.minus_score, each.parts)
            for each in found
            if each.passage_id in passages
        ]

    def _scope(self, understood: Understood) -> Scope | None:
        question = understood.question
        copied = self.corpus.catalog.originals_with_copies_in(understood.sources) if understood.sources else []
        scope = Scope(understood.after, understood.before, question.as_of, understood.sources, tuple(copied))
        return scope if scope != Scope() else None

    def _with_copies(self, hits: Sequence[Hit]) -> list[Hit]:
        copies = self.corpus.catalog.copies(list({hit.article.id for hit in hits}))
        return [
            Hit(hit.passage, hit.score, hit.parts, copies[hit.article.id]) if hit.article.id in copies else hit
            for hit in hits
        ]


def _by_sentences(hits: Sequence[Hit], reading: Reading, weight: float) -> list[Hit]:
    """The hits in the order of their scores and of how far the best sentence of each is behind the best of all."""
    best: dict[str, float] = {}
    for sentence in reading.sentences:
        best.setdefault(sentence.hit.passage.id, sentence.score)
    top, least = max(best.values(), default=0.0), min(best.values(), default=0.0)
    # Where even the best shares no word with the question, sentences say nothing about their passages.
    heard = reading.sentences[0].features.around if reading.sentences else 0.0
    scored = []
    for hit in hits:
        behind = heard * (best.get(hit.passage.id, least) - top)
        scored.append(replace(hit, score=hit.score + weight * behind, parts={**hit.parts, "sentence": behind}))
    return sorted(scored, key=lambda hit: -hit.score)


def _reading_of(reading: Reading, hits: Sequence[Hit]) -> Reading:
    """What of a reading is of these hits."""
    ids = {hit.passage.id for hit in hits}
    return reading._replace(sentences=[each for each in reading.sentences if each.hit.passage.id in ids])


def _varied(found: Sequence[T], k: int, article_id: Callable[[T], str]) -> list[T]:
    """The first `k`, no more than so many of one article."""
    most = max(PER_ARTICLE, PER_ARTICLE * k // 10)
    taken: list[T] = []
    of_article: dict[str, int] = {}
    for each in found:
        article = article_id(each)
        if of_article.get(article, 0) < most:
            of_article[article] = of_article.get(article, 0) + 1
            taken.append(each)
            if len(taken) == k:
                break
    return taken
