"""Finds the passages that may answer a question: BM25 and vectors side by side, scores fused, dates as evidence.

The reader reads the best of them, and they are ordered anew by what it says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from bot.corpus.catalog.articles import newest
from bot.corpus.corpus import Corpus
from bot.models.embeddings import SentenceEmbeddings
from bot.models.question_kind import KindClassifier, QuestionKind
from bot.models.reader import PassageReader
from bot.retrieval.question import ParsedQuery
from bot.retrieval.reading import Reading, read_hits
from bot.schema import Hit, Scope

if TYPE_CHECKING:
    from bot.models.reranker import Reranker

Vector = NDArray[np.float32]
T = TypeVar("T")

CANDIDATES = 60
"""Passages taken from each index before their scores are fused; as many as are asked for where that is more."""
LEAD_CHARS = 600
"""What begins so near an article's head stands there: news says first what matters most."""
WIDER = 1.3
ENOUGH = 0.5
WIDE_AT_MOST = 1_000
"""Where a scope narrows a search by vectors: how much more is looked for than it takes on average to find as many as
wanted, the share of those that is enough, and how many are looked for at most."""
MATTER = ("lexical", "dense", "held", "about")
"""Parts of a score that say nothing of days or places in an article."""
TOPIC_HITS = 20
"""So many are found where an overview is asked for: it names several developments, and hits are of few articles."""
TOPIC_READ = 4
"""So many of them are read: the reader tells whether there is anything on the topic, and articles what there is."""
NEWEST = 6
"""Articles that are quoted where what is new of all is asked."""
NEWNESS_NOW = 10.0
"""How much more newness counts where an overview, the newest, or what holds now is asked for."""
FRESH = (timedelta(days=10), timedelta(days=3))
"""Published so long before or after the day of asking is the news that a question of the day is about."""
AGE_DAYS = 90.0
"""At this age an article is half as new as on the day of asking."""
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
    """Added to what was published on the day of asking; half of it to what is three months older."""
    lead: float = 0.2
    """Added to what stands at the head of an article: news says first what matters most."""
    read: float = 0.14
    """What the reader's log-odds that a passage answers count."""


WEIGHTS = FusionWeights()


class Found(NamedTuple):
    """A passage that was found, before it is read from the catalog."""

    passage_id: str
    score: float
    parts: Mapping[str, float]
    article_id: str = ""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What was found for a question: the hits, best first, and what scoring them needed."""

    hits: tuple[Hit, ...]
    kind: QuestionKind
    readings: tuple[Reading, ...]
    """What the reader says of the hits that it read, in their order."""
    idf: Callable[[str], float]
    """How rare a word is in the corpus."""
    pool: tuple[Hit, ...] = ()
    """The hits and those behind them that were looked at: what an overview is made of."""


class Retriever:
    """Searches a corpus. Safe to share between threads."""

    def __init__(
        self,
        corpus: Corpus,
        embeddings: SentenceEmbeddings,
        kinds: KindClassifier,
        reader: PassageReader | None = None,
        *,
        depth: int = 10,
        weights: FusionWeights = WEIGHTS,
        reranker: Reranker | None = None,
    ) -> None:
        """`reader` reads the first `depth` passages of each question; without one they stay in the order found."""
        self.corpus = corpus
        self.embeddings = embeddings
        self.kinds = kinds
        self.reader = reader
        self.depth = depth
        self.weights = weights
        self.reranker = reranker

    def retrieve(self, query: ParsedQuery, k: int, kind: QuestionKind | None = None) -> Retrieved:
        """The `k` best passages for a question, each with its score and the score's parts; `kind` where it is known."""
        corpus, text = self.corpus, query.question.text
        corpus.refresh()
        scope = self._scope(query)
        vector: Vector = self.embeddings.encode([text], "query")[0]
        kind = kind or self.kinds.kind(text, vector)
        if kind.is_talk:
            return Retrieved((), kind, (), corpus.lexical.rarity)
        if kind is QuestionKind.NEWS and (hits := self._newest(scope)):
            return Retrieved(tuple(hits[:k]), kind, (), corpus.lexical.rarity, tuple(hits))
        found = self._found(query, vector, max(CANDIDATES, k), scope, of_now=kind.is_of_now)
        # Only what is shown is read: an article's text is a thousand times what ranking needs of it.
        few = max(k, TOPIC_HITS if kind.is_overview else self.depth)
        if self.reranker is None:
            hits = self.hits(_varied(found, few, lambda each: each.article_id))
        else:
            hits = _varied(self.reranker.rerank(text, self.hits(found)), few, lambda hit: hit.article.id)
        depth = min(self.depth, TOPIC_READ) if kind.is_overview else self.depth
        readings = read_hits(self.reader, text, hits[:depth])
        if self.reader is not None and self.reranker is None:
            readings = _by_reading(readings, self.weights.read)
        hits = [*(reading.hit for reading in readings), *hits[len(readings) :]]
        return Retrieved(tuple(hits[:k]), kind, tuple(readings), corpus.lexical.rarity, tuple(hits))

    def _found(
        self, query: ParsedQuery, vector: Vector, candidates: int, scope: Scope | None, *, of_now: bool
    ) -> list[Found]:
        """What both indexes find, best first by all parts of its score."""
        corpus, weights = self.corpus, self.weights
        if of_now:
            weights = replace(weights, newness=NEWNESS_NOW * weights.newness)
        # An archive's present is its last day.
        query = replace(query, asked_on=min(query.asked_on, corpus.coverage().last or query.asked_on))
        terms = corpus.lexical.question_terms(query.search_text or query.question.text)
        idf = corpus.lexical.idf(terms)
        most = sum(idf.values()) or 1.0

        lexical = dict(corpus.lexical.search(terms, candidates, scope, title_weight=weights.title))
        dense = dict(self._nearest(vector, candidates, scope))
        # What one index found is scored by the other too.
        missed = [id_ for id_ in lexical if id_ not in dense]
        if unscored := [id_ for id_ in dense if id_ not in lexical]:
            lexical |= corpus.lexical.search(terms, len(unscored), title_weight=weights.title, among=unscored)
        dense |= {id_: float(found @ vector) for id_, found in corpus.catalog.vectors(missed).items()}
        metas = corpus.catalog.passage_metas(list(lexical | dense))
        held = corpus.lexical.held(idf, list(metas))
        about = corpus.lexical.held_by_articles(idf, list({each.article_id for each in metas.values()}))

        found = []
        for id_, meta in metas.items():
            parts = {
                "lexical": lexical.get(id_, 0.0) / most,
                "dense": dense.get(id_, 0.0),
                "day": float(is_likely_day(query, meta.published)),
                "newness": newness(query, meta.published),
                "lead": float(meta.start < LEAD_CHARS),
                "held": held.get(id_, 0.0) / most,
                "about": about.get(meta.article_id, 0.0) / most,
            }
            score = sum(getattr(weights, name) * part for name, part in parts.items())
            # What speaks of the matter alone: how sure an answer is must not hang on how old the corpus is.
            matter = sum(getattr(weights, name) * parts[name] for name in MATTER)
            found.append(Found(id_, score, {"fused": score, "matter": matter, **parts}, meta.article_id))
        return sorted(found, key=lambda each: (-each.score, each.passage_id))

    def _nearest(self, vector: Vector, candidates: int, scope: Scope | None) -> Sequence[tuple[str, float]]:
        """The passages in scope nearest to a vector, best first: (passage id, cosine).

        chromadb 1.5.9 narrows a search by collecting every id that is in scope, which takes twenty times as long as
        the search itself (measured at 19,000 passages). Where much is in scope it is quicker to find more and to drop
        the rest.
        """
        corpus = self.corpus
        wide = int(WIDER * candidates / max(corpus.lexical.share(scope), 1e-9)) if scope else candidates
        if scope is not None and wide <= WIDE_AT_MOST:
            found = corpus.vectors.search(vector, wide)
            meta = corpus.catalog.passage_metas([id_ for id_, _ in found], scope)
            inside = [each for each in found if each[0] in meta]
            if len(inside) >= ENOUGH * candidates or len(found) < wide:
                return inside[:candidates]
        return corpus.vectors.search(vector, candidates, scope)

    def _newest(self, scope: Scope | None) -> list[Hit]:
        """The beginnings of the newest articles in scope, copies left out."""
        articles = newest(self.corpus.catalog, NEWEST, scope=scope)
        changes = self.corpus.catalog.changes_of([article.id for article in articles])
        return self.hits([Found(change.passages[0].id, 1.0, {}) for change in changes if change.passages])

    def hits(self, found: Sequence[Found]) -> list[Hit]:
        """What was found, read from the catalog with its copies; what the corpus no longer holds is left out."""
        passages = self.corpus.passages([each.passage_id for each in found])
        copies = self.corpus.catalog.copies({passage.article.id for passage in passages.values()})
        return [
            Hit(passage, each.score, each.parts, copies.get(passage.article.id, ()))
            for each in found
            if (passage := passages.get(each.passage_id)) is not None
        ]

    def _scope(self, query: ParsedQuery) -> Scope | None:
        copied = self.corpus.catalog.originals_with_copies_in(query.sources) if query.sources else []
        scope = Scope(query.after, query.before, query.question.as_of, query.sources, tuple(copied))
        return scope if scope != Scope() else None


def _by_reading(readings: Sequence[Reading], weight: float) -> list[Reading]:
    """The readings in the order of their hits' scores and of what the reader says of each; the scores say so too."""
    scored = []
    for reading in readings:
        hit, read = reading.hit, reading.answerable
        hit = replace(hit, score=hit.score + weight * read, parts={**hit.parts, "read": read})
        scored.append(replace(reading, hit=hit))
    return sorted(scored, key=lambda reading: -reading.hit.score)


def is_likely_day(query: ParsedQuery, published: date | None) -> bool:
    """Whether news of that day is likely to answer: in the days named, or else shortly before the day of asking."""
    if published is None:
        return False
    if query.likely:
        after, before = query.likely
        return (after is None or published >= after) and (before is None or published <= before)
    return query.asked_on - FRESH[0] <= published <= query.asked_on + FRESH[1]


def newness(query: ParsedQuery, published: date | None) -> float:
    """1 for what was published when it was asked, or last in the days that the question names; less with its age.

    A hyperbola, not an exponential: between two old articles the newer one still counts more.
    """
    if published is None:
        return 0.0
    last = query.likely[1] if query.likely and query.likely[1] else query.asked_on
    return AGE_DAYS / (AGE_DAYS + max(0, (last - published).days))


def _varied(found: Sequence[T], k: int, article_id: Callable[[T], str]) -> list[T]:
    """The first `k`, no more than so many of one article."""
    most = max(PER_ARTICLE, PER_ARTICLE * k // 10)
    taken: list[T] = []
    of_article: Counter[str] = Counter()
    for each in found:
        of_article[article_id(each)] += 1
        if of_article[article_id(each)] <= most:
            taken.append(each)
    return taken[:k]
