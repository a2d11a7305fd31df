"""Finds the passages that may answer a question: BM25 and vectors side by side, scores fused, dates as evidence.

The reader reads the best of them, and they are ordered anew by what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from bot.corpus.catalog.articles import Standing, newest
from bot.corpus.corpus import Corpus
from bot.models.embeddings import SentenceEmbeddings
from bot.models.question_kind import KindClassifier, QuestionKind
from bot.models.reader import PassageReader
from bot.retrieval.question import ParsedQuery
from bot.retrieval.reading import Reading, read_hits
from bot.schema import Hit, Scope

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
THREADS = 4
"""Questions at most that are encoded, or whose passages' vectors are fetched, beside the rest of their search."""
TOPIC_HITS = 20
"""So many are found where an overview is asked for: it names several developments, and hits are of few articles."""
TOPIC_READ = 4
"""So many of them are read: the reader tells whether there is anything on the topic, and articles what there is."""
NEWEST = 6
"""Articles that are quoted where what is new of all is asked."""
TOPIC_NEWNESS = 10.0
"""How much more newness counts where an overview or the newest is asked for."""
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
    kind: QuestionKind
    readings: tuple[Reading, ...]
    """What the reader says of the hits that it read, in their order."""
    idf: Callable[[str], float]
    """How rare a word is in the corpus."""
    pool: tuple[Hit, ...] = ()
    """The hits and those behind them that were looked at: what an overview is made of."""


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
        self._beside = ThreadPoolExecutor(THREADS, "newsbot-dense")

    def retrieve(self, query: ParsedQuery, k: int, kind: QuestionKind | None = None) -> Retrieved:
        """The `k` best passages for a question, each with its score and the score's parts; `kind` where it is known."""
        corpus, weights = self.corpus, self.weights
        corpus.refresh()
        scope = self._scope(query)
        # An archive's present is its last day.
        present = min(query.asked_on, corpus.coverage().last or query.asked_on)
        aged = replace(query, asked_on=present)
        text = query.question.text
        terms = corpus.lexical.terms(query.search_text or text)
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
        kind = kind or self.kinds.kind(text, vector)
        if kind.is_talk:
            return Retrieved((), kind, (), corpus.lexical.rarity)
        if kind is QuestionKind.NEWS and (hits := self._newest(scope)):
            return Retrieved(tuple(hits[:k]), kind, (), corpus.lexical.rarity, tuple(hits))
        if kind.is_overview:
            weights = replace(weights, newness=TOPIC_NEWNESS * weights.newness)
        nearest, standings = self._nearest(vector, candidates, scope, wide)
        dense = dict(nearest)
        only_lexical = [id_ for id_ in lexical if id_ not in dense]
        of_lexical = self._beside.submit(corpus.catalog.vectors, only_lexical)
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
                "day": float(is_likely_day(aged, standing.published)),
                "newness": newness(aged, standing.published),
                "lead": float(standing.start < LEAD_CHARS),
                "held": seen.held.get(id_, 0.0) / most,
                "about": seen.about.get(standing.article_id, 0.0) / most,
            }
            score = sum(getattr(weights, name) * part for name, part in parts.items())
            # What speaks of the matter alone: how sure an answer is must not hang on how old the corpus is.
            matter = sum(getattr(weights, name) * parts[name] for name in MATTER)
            found.append(_Found(-score, id_, standing.article_id, {"fused": score, "matter": matter, **parts}))
        found.sort(key=lambda each: each[:2])
        # Only what is shown is read: an article's text is a thousand times what ranking needs of it.
        few = max(k, TOPIC_HITS if kind.is_overview else self.depth)
        if self.reranker is None:
            hits = self._read(_varied(found, few, lambda each: each.article_id))
        else:
            hits = _varied(self.reranker.rerank(text, self._read(found)), few, lambda hit: hit.article.id)
        hits = self._with_copies(hits)
        depth = min(self.depth, TOPIC_READ) if kind.is_overview else self.depth
        readings = read_hits(self.reader, text, hits[:depth])
        if self.reader is not None and self.reranker is None:
            readings = _by_reading(readings, weights.read)
        hits = [*(reading.hit for reading in readings), *hits[len(readings) :]]
        return Retrieved(tuple(hits[:k]), kind, tuple(readings), corpus.lexical.rarity, tuple(hits))

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

    def _newest(self, scope: Scope | None) -> list[Hit]:
        """The beginnings of the newest articles in scope, copies left out."""
        catalog = self.corpus.catalog
        articles = newest(catalog, NEWEST, scope=scope)
        changes = catalog.changes_of([article.id for article in articles])
        return self._with_copies([Hit(change.passages[0], 1.0) for change in changes if change.passages])

    def _read(self, found: Sequence[_Found]) -> list[Hit]:
        passages = self.corpus.passages([each.passage_id for each in found])
        return [
            Hit(passages[each.passage_id], -each.minus_score, each.parts)
            for each in found
            if each.passage_id in passages
        ]

    def _scope(self, query: ParsedQuery) -> Scope | None:
        question = query.question
        copied = self.corpus.catalog.originals_with_copies_in(query.sources) if query.sources else []
        scope = Scope(query.after, query.before, question.as_of, query.sources, tuple(copied))
        return scope if scope != Scope() else None

    def _with_copies(self, hits: Sequence[Hit]) -> list[Hit]:
        copies = self.corpus.catalog.copies(list({hit.article.id for hit in hits}))
        return [
            Hit(hit.passage, hit.score, hit.parts, copies[hit.article.id]) if hit.article.id in copies else hit
            for hit in hits
        ]


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
    of_article: dict[str, int] = {}
    for each in found:
        article = article_id(each)
        if of_article.get(article, 0) < most:
            of_article[article] = of_article.get(article, 0) + 1
            taken.append(each)
            if len(taken) == k:
                break
    return taken
