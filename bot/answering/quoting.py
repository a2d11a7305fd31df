"""Answers by quoting: one to three verbatim sentences, the short answer in them, or a refusal.

Knows nothing about indexes or language models: hits in, answer out.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from bot.answering.links import text_fragment_link
from bot.answering.spans import COMMON_FIT, Candidate, spans
from bot.retrieval.question import AnswerKind, Understood
from bot.retrieval.question_words import Word, stem, stems, words
from bot.schema import Answer, Article, Citation, Coverage, Hit
from bot.sentences import sentences

if TYPE_CHECKING:
    import numpy as np

Idf = Callable[[str], float]
"""How rare a word is in the corpus, for a word in lower case as it stands in the question."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The few numbers of quoting, tuned on questions of 2022 (`python -m tests.bench.bench_quoting`)."""

    context: float = 0.35
    """A question word in the title, the lead or the sentence before, against one in the sentence itself."""
    passage: float = 0.5
    kind: float = 0.15
    hedge: float = 0.3
    likely_day: float = 0.15
    no_statement: float = 0.4
    """Taken off what is no statement: a question, a caption, an invitation to read on."""
    cosine: float = 0.5
    vote: float = 0.35
    sharpness: float = 5.0
    """How much more a good sentence's candidates count than a poor one's."""
    answer_least: float = 0.42
    """Confidence below which nothing is said."""


WEIGHTS = Weights()
QUOTES_AT_MOST = 3
FOLLOWER_LEAST = 0.8
"""A further quote scores at least this share of the best one."""
SAME_VALUE = 0.1
"""A further quote that says the same counts this much less than one that says something else."""
RIVAL_OWN_LEAST = 0.9
"""Another value stands beside the best one when its sentence holds nearly as much of the question."""
RIVAL_SCORE_LEAST = 0.75
NUMERIC = frozenset({AnswerKind.NUMBER, AnswerKind.PERCENTAGE, AnswerKind.MONEY, AnswerKind.DURATION})
AMOUNTS = NUMERIC | {AnswerKind.DATE}
LEAD_CHARS = 300
SENTENCES_READ = 24
"""Only the best sentences by their words are searched for short answers."""

_HEDGE = re.compile(
    r"\b(?:could|might|may|would|plans? to|planned|planning to|proposed|proposals?|possibly|potentially|considering"
    r"|hopes? to|aims? to|expected to|as (?:many|much) as|if)\b",
    re.IGNORECASE,
)
_ASKS_OPEN = re.compile(r"\b(?:could|might|may|would|will|plan|planning|planned|expected|proposed?)\b", re.IGNORECASE)
_NO_STATEMENT = re.compile(
    r"\?[\"”’']?\s*$|^(?:Hide Caption|Photos?:|More:|Read more|Related:|Contributing:|Sign up|Watch:|Image|Click)",
    re.IGNORECASE,
)
_LEANS = re.compile(
    r"^[\"“'‘]?(?:he|she|it|they|his|her|its|their|this|that|these|those|both"
    r"|the (?:two|former|latter|pair|move|decision|mission|company|group|proposal|plan|deal|report|study|incident"
    r"|attack))\b",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"\s+")
_HOLE = re.compile(r"\{(\w+)\}")


@dataclass(slots=True, eq=False)
class _Sentence:
    """One sentence of a hit with what speaks for it; `start` and `end` are offsets into the article's text."""

    hit: Hit
    start: int
    end: int
    text: str
    words: Sequence[Word]
    offset: int
    """Of the sentence in its passage; `words` are placed there."""
    before: tuple[int, int] | None
    candidates: list[Candidate] = field(default_factory=list)
    own: float = 0.0
    """Share of the question's idf that stands in the sentence, 0 to 1."""
    around: float = 0.0
    """Share that stands only around it: title, lead, the sentence before."""
    score: float = 0.0
    value: str = ""
    best: Candidate | None = None


def quote(
    understood: Understood,
    hits: Sequence[Hit],
    coverage: Coverage,
    *,
    not_answered: str,
    no_articles: str,
    idf: Idf | None = None,
    sentence_vectors: Callable[[list[str]], np.ndarray] | None = None,
    query_vector: np.ndarray | None = None,
    weights: Weights = WEIGHTS,
) -> Answer:
    """The answer to a question as one to three verbatim sentences of `hits` (best first), each cited.

    `not_answered` and `no_articles` are the refusals' templates with the holes {articles}, {first}, {last} and
    {nearest}; a line whose hole has no value is left out. `idf` tells how rare a word is; without it, names and
    numbers count more. `sentence_vectors` and `query_vector` (unit length) add likeness in meaning for the best few
    sentences. Without a sentence that answers, `answered` is False and `nearest` cites the closest one.
    """
    if not hits:
        return _refusal(understood, coverage, no_articles, None)
    weighed = _weights_of_terms(understood.terms, idf)
    found = _read(hits, weighed)
    if not found:
        return _refusal(understood, coverage, no_articles, None)
    _score(understood, found, weights)
    if sentence_vectors is not None and query_vector is not None:
        _add_cosine(found, sentence_vectors, query_vector, weights)
    _vote(understood, found, weights, idf)
    found.sort(key=lambda sentence: -sentence.score)
    best = found[0]
    confidence = _confidence(understood, found[0], weighed)
    if confidence < weights.answer_least:
        return _refusal(understood, coverage, not_answered, best, confidence)
    chosen = _chosen(understood, found)
    citations = tuple(_citation(number, sentence) for number, sentence in enumerate(chosen, start=1))
    days = [citation.article.published for citation in citations if citation.article.published]
    short = chosen[0].best.text if chosen[0].best else None
    return Answer(
        question=understood.question,
        text="\n".join(_line(citation) for citation in citations),
        short=short,
        citations=citations,
        as_of=max(days, default=None),
        confidence=confidence,
        coverage=coverage,
    )


def _weights_of_terms(terms: Sequence[Word], idf: Idf | None) -> dict[str, float]:
    """How much each stem of the question counts, together 1."""
    weighed: dict[str, float] = {}
    for term in terms:
        if idf is not None:
            weight = max(0.1, idf(term.text.lower()))
        else:
            weight = 1.0 + 0.6 * (term.is_capitalised or term.is_number)
        weighed[term.stem] = max(weight, weighed.get(term.stem, 0.0))
    total = sum(weighed.values()) or 1.0
    return {term: weight / total for term, weight in weighed.items()}


def _read(hits: Sequence[Hit], weighed: Mapping[str, float]) -> list[_Sentence]:
    """The sentences of all hits, each once, with the share of the question's words in and around them."""
    found: list[_Sentence] = []
    seen: set[tuple[str, int]] = set()
    asked = frozenset(weighed)
    leads: dict[str, set[str]] = {}
    for hit in hits:
        passage, article = hit.passage, hit.article
        name = article.id or article.url or article.title
        if name not in leads:
            leads[name] = stems(f"{article.title} {article.text[:LEAD_CHARS]}") & asked
        placed = words(passage.text)
        first_word = 0
        before: tuple[int, int] | None = None
        before_stems: set[str] = set()
        for span in sentences(passage.text):
            last_word = first_word
            while last_word < len(placed) and placed[last_word].start < span.end:
                last_word += 1
            own_words = placed[first_word:last_word]
            first_word = last_word
            held = {word.stem for word in own_words} & asked
            start, end = passage.start + span.start, passage.start + span.end
            if (name, start) not in seen:
                seen.add((name, start))
                sentence = _Sentence(hit, start, end, article.text[start:end], own_words, span.start, before)
                sentence.own = sum(weighed[term] for term in held)
                sentence.around = sum(weighed[term] for term in (leads[name] | before_stems) - held)
                found.append(sentence)
            before, before_stems = (start, end), held
    return found


def _only_repeats(candidate: str, asked: set[str]) -> bool:
    return all(word.stem in asked or word.is_stopword for word in words(candidate))


def _score(understood: Understood, found: list[_Sentence], weights: Weights) -> None:
    """Scores the sentences, best first, and finds the candidates of those that stand a chance."""
    top = max((sentence.hit.score for sentence in found), default=0.0) or 1.0
    open_question = bool(_ASKS_OPEN.search(understood.question.text))
    for sentence in found:
        score = sentence.own + weights.context * sentence.around
        score += weights.passage * max(0.0, sentence.hit.score / top)
        if not open_question and _HEDGE.search(sentence.text):
            score -= weights.hedge * (0.5 if understood.kind not in NUMERIC else 1.0)
        if _NO_STATEMENT.search(sentence.text):
            score -= weights.no_statement
        if _is_likely_day(understood, sentence.hit.article.published):
            score += weights.likely_day
        sentence.score = score
    found.sort(key=lambda sentence: -sentence.score)
    asked = stems(understood.question.text)
    for sentence in found[:SENTENCES_READ]:
        sentence.candidates = [
            candidate
            for candidate in spans(understood.kind, sentence.text, understood.focus)
            if not _only_repeats(candidate.text, asked)
        ]
        sentence.score += weights.kind * max((candidate.fit for candidate in sentence.candidates), default=0.0)


def _is_likely_day(understood: Understood, published: date | None) -> bool:
    if published is None:
        return False
    if understood.likely:
        after, before = understood.likely
        return (after is None or published >= after) and (before is None or published <= before)
    if as_of := understood.question.as_of:
        return as_of - timedelta(days=10) <= published <= as_of + timedelta(days=1)
    return False


def _add_cosine(
    found: list[_Sentence],
    sentence_vectors: Callable[[list[str]], np.ndarray],
    query_vector: np.ndarray,
    weights: Weights,
    best_few: int = 8,
) -> None:
    found.sort(key=lambda sentence: -sentence.score)
    likeness = sentence_vectors([sentence.text for sentence in found[:best_few]]) @ query_vector
    for sentence, cosine in zip(found, likeness, strict=False):
        sentence.score += weights.cosine * float(cosine)


def _vote(understood: Understood, found: Sequence[_Sentence], weights: Weights, idf: Idf | None) -> None:
    """Candidates that several good sentences share are likelier; each sentence takes its best one."""
    asked = {word.stem for word in understood.terms}
    focus = stem(understood.focus) if understood.focus else ""
    votes: dict[str, float] = defaultdict(float)
    worth: list[list[tuple[str, float, Candidate]]] = []
    for sentence in found:
        values: list[tuple[str, float, Candidate]] = []
        if sentence.candidates:
            loudness = math.exp(weights.sharpness * sentence.score)
            for candidate in sentence.candidates:
                value = loudness * candidate.fit * _nearness(candidate, sentence, asked, focus)
                if idf is not None and understood.kind not in AMOUNTS:
                    value *= _rarity(candidate.text, idf)
                key = _key(candidate.text)
                votes[key] += value
                values.append((key, value, candidate))
        worth.append(values)
    top = max(votes.values(), default=0.0)
    if not top:
        return
    for sentence, values in zip(found, worth, strict=True):
        if values:
            sentence.score += weights.vote * max(votes[key] for key, _, _ in values) / top
            named = [entry for entry in values if entry[2].fit > COMMON_FIT] or values
            sentence.value, _, sentence.best = max(named, key=lambda entry: (votes[entry[0]], entry[1]))


def _rarity(candidate: str, idf: Idf) -> float:
    """0 to about 1: the rarest word of a candidate; names that all news holds answer little."""
    return max((idf(word.text.lower()) for word in words(candidate) if not word.is_stopword), default=0.0) / 10


def _nearness(candidate: Candidate, sentence: _Sentence, asked: set[str], focus: str) -> float:
    """0.3 to 2: how close the question's words stand to the candidate; most when its noun follows at once."""
    start, end = candidate.start + sentence.offset, candidate.end + sentence.offset
    distance = 200
    for word in sentence.words:
        if focus and word.stem == focus and 0 <= word.start - end < 25:
            return 2.0
        if word.stem in asked and not start <= word.start < end:
            distance = min(distance, max(start - word.end, word.start - end, 0))
    return 0.3 + 0.7 * math.exp(-distance / 40)


def _key(text: str) -> str:
    return " ".join(re.sub(r"[^0-9a-z.%$£€]+", " ", text.lower()).split()).removeprefix("the ")


def _confidence(understood: Understood, best: _Sentence, weighed: Mapping[str, float]) -> float:
    """0 to 1: how much of the question the best sentence and its article speak of, none where a year is missing."""
    article = best.hit.article
    spoken = f"{article.title} {best.hit.passage.text}"
    for year in understood.years:
        if year not in spoken and not (article.published and year == str(article.published.year)):
            return 0.0
    confidence = min(1.0, best.own + 0.6 * best.around)
    spoken_stems = stems(spoken)
    names = [term for term in understood.terms if term.is_capitalised and term.start > 0]
    confidence -= sum(weighed[name.stem] for name in names if name.stem not in spoken_stems)
    if understood.kind in NUMERIC and best.best is None:
        confidence *= 0.6
    return max(0.0, confidence)


def _chosen(understood: Understood, found: Sequence[_Sentence]) -> list[_Sentence]:
    """The best sentence and those near it: other values from other articles first, newest first, then support."""
    best = found[0]
    standing = [best]
    least = FOLLOWER_LEAST * best.score
    if understood.kind in NUMERIC and best.best:
        for sentence in found[1:]:
            if len(standing) == QUOTES_AT_MOST:
                break
            if _is_rival(understood, best, sentence) and all(
                sentence.hit.article is not other.hit.article and sentence.value != other.value for other in standing
            ):
                standing.append(sentence)
        standing.sort(key=lambda sentence: sentence.hit.article.published or date.min, reverse=True)
    while len(standing) < QUOTES_AT_MOST:
        values = {sentence.value for sentence in standing}
        rest = [sentence for sentence in found if sentence not in standing and sentence.score >= least]
        if not rest:
            break
        standing.append(max(rest, key=lambda sentence: sentence.score - SAME_VALUE * (sentence.value in values)))
    return standing


def _is_rival(understood: Understood, best: _Sentence, other: _Sentence) -> bool:
    """Whether another article's sentence gives its own value to the same question."""
    if other.best is None or other.own < RIVAL_OWN_LEAST * best.own or other.score < RIVAL_SCORE_LEAST * best.score:
        return False
    if understood.likely and not _is_likely_day(understood, other.hit.article.published):
        return not _is_likely_day(understood, best.hit.article.published)
    focus = stem(understood.focus) if understood.focus else ""
    return not focus or all(focus in stems(sentence.text) for sentence in (best, other))


def _citation(number: int, sentence: _Sentence) -> Citation:
    article = sentence.hit.article
    start = sentence.before[0] if sentence.before and _LEANS.match(sentence.text) else sentence.start
    link = text_fragment_link(article.url, article.text, start, sentence.end) if article.url else None
    return Citation(
        number, article.text[start : sentence.end], start, sentence.end, article, link, sentence.hit.also_in
    )


def _line(citation: Citation) -> str:
    """`DW, 12 February 2020: “...” [1]`; our words frame, the article's stand inside the marks."""
    shown = _BLANKS.sub(" ", citation.quote)
    also = len({article.source or article.url for article in citation.also_in})
    copies = f" (also in {also} {'outlet' if also == 1 else 'outlets'})" if also else ""
    return f"{_named(citation.article)}: “{shown}” [{citation.number}]{copies}"


def _named(article: Article) -> str:
    return f"{article.source or 'Unknown source'}, {_day(article.published)}"


def _day(day: date | None) -> str:
    return f"{day.day} {day:%B %Y}" if day else "date unknown"


def _refusal(
    understood: Understood, coverage: Coverage, template: str, best: _Sentence | None, confidence: float = 0.0
) -> Answer:
    nearest = _citation(1, best) if best and best.own + best.around > 0 else None
    holes = {
        "articles": f"{coverage.articles:,} {'article' if coverage.articles == 1 else 'articles'}",
        "first": _day(coverage.first) if coverage.first else "",
        "last": _day(coverage.last) if coverage.last else "",
        "nearest": f"“{nearest.article.title}” ({_named(nearest.article)})" if nearest else "",
    }
    lines = [
        _HOLE.sub(lambda hole: holes.get(hole[1], ""), line)
        for line in template.strip().splitlines()
        if all(holes.get(name) for name in _HOLE.findall(line))
    ]
    text = "\n".join(lines)
    return Answer(
        question=understood.question,
        text=text,
        answered=False,
        reason=lines[0] if lines else text,
        confidence=confidence,
        coverage=coverage,
        nearest=nearest,
    )
