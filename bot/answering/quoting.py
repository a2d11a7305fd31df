"""Answers by quoting: one to three verbatim sentences, the short answer in them, or a refusal.

Knows nothing about indexes or language models: hits in, answer out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from bot.answering.links import text_fragment_link
from bot.answering.sentence_ranking import AMOUNTS, Idf, Sentence, is_likely_day, rank, weights_of_terms
from bot.retrieval.question import Understood
from bot.retrieval.question_kind import AnswerKind
from bot.retrieval.question_words import stem, stems
from bot.schema import Answer, Article, Citation, Coverage, Hit

if TYPE_CHECKING:
    import numpy as np

ANSWER_LEAST = 0.12
"""Confidence below which nothing is said: a probability, on news-2023 within about .1 of the share that was right."""
CONFIDENCE = {"passage": 1.9, "asking": 0.2, "kind": 0.9, "missing_names": -2.7, "lead": 3.2, "agreement": 2.6}
"""Log-odds that the best sentence answers: the question's share in its passage, in what asks, the names of the
question that its passage lacks, the sentence's share of all sentences' odds, and how many of the first five agree."""
NO_SPANS = {"kind": 0.9, "agreement": 0.4}
"""What stands in for evidence from short answers where the kind asked has none: the average of the others."""
CONFIDENCE_AT_ZERO = -5.5
LEAD_CHARS = 300
MISSING_NAMES_MOST = 0.25
"""A sentence does not answer when names with more than this share of the question stand neither in it nor beside it
(the sentence before, title, lead): what is said of Iraq says nothing of Syria."""
COSINE_WEIGHT = 2.0
"""What likeness in meaning counts, where vectors are given."""
COSINE_SENTENCES = 8
QUOTES_AT_MOST = 3
FOLLOWER_LEAST = 0.6
"""A further quote scores at least this share of the best one."""
FOLLOWER_OWN_LEAST = 0.6
"""Where an amount is asked, a further quote holds at least this share of the best one's question words."""
RIVAL_OWN_LEAST = 0.7
"""Another value stands beside the best one when its sentence holds nearly as much of the question."""
RIVAL_SCORE_LEAST = 0.7

_LEANS = re.compile(
    r"^[\"“'‘]?(?:he|she|it|they|his|her|its|their|this|that|these|those|both"
    r"|the (?:two|former|latter|pair|move|decision|mission|company|group|proposal|plan|deal|report|study|incident"
    r"|attack))\b",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"\s+")
_HOLE = re.compile(r"\{(\w+)\}")


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
    answer_least: float = ANSWER_LEAST,
) -> Answer:
    """The answer to a question as one to three verbatim sentences of `hits` (best first), each cited.

    `not_answered` and `no_articles` are the refusals' templates with the holes {articles}, {first}, {last} and
    {nearest}; a line whose hole has no value is left out. `idf` tells how rare a word is; without it, names and
    numbers count more. `sentence_vectors` and `query_vector` (unit length) add likeness in meaning for the best few
    sentences. Without a sentence that answers, `answered` is False and `nearest` cites the closest one.
    """
    if not hits:
        return _refusal(understood, coverage, no_articles, None)
    weighed = weights_of_terms(understood, idf)
    found = rank(understood, hits, weighed, idf)
    if not found:
        return _refusal(understood, coverage, no_articles, None)
    if sentence_vectors is not None and query_vector is not None:
        _add_cosine(found, sentence_vectors, query_vector)
    confidence = _confidence(understood, found, weighed)
    if confidence < answer_least:
        return _refusal(understood, coverage, not_answered, found[0], confidence)
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


def _add_cosine(
    found: list[Sentence], sentence_vectors: Callable[[list[str]], np.ndarray], query_vector: np.ndarray
) -> None:
    few = found[:COSINE_SENTENCES]
    for sentence, cosine in zip(few, sentence_vectors([each.text for each in few]) @ query_vector, strict=True):
        sentence.score += COSINE_WEIGHT * float(cosine)
    found.sort(key=lambda sentence: -sentence.score)


def _confidence(understood: Understood, found: Sequence[Sentence], weighed: Mapping[str, float]) -> float:
    """The probability that the best sentence answers; none where a name or year of the question is missing."""
    best = found[0]
    article = best.hit.article
    spoken = f"{article.title} {best.hit.passage.text}"
    for year in understood.years:
        if year not in spoken and not (article.published and year == str(article.published.year)):
            return 0.0
    held = stems(spoken)
    names = {term.stem for term in understood.terms if term.is_capitalised and term.start > 0}
    before = article.text[slice(*best.before)] if best.before else ""
    near = stems(f"{best.text} {before} {article.title} {article.text[:LEAD_CHARS]}")
    if sum(weighed[name] for name in names - near) > MISSING_NAMES_MOST:
        return 0.0
    has_spans = understood.kind not in (AnswerKind.YES_NO, AnswerKind.REASON)
    agreeing = sum(sentence.value == best.value != "" for sentence in found[:5])
    evidence = {
        "passage": best.features.passage,
        "asking": best.features.asking,
        "kind": best.features.kind if has_spans else NO_SPANS["kind"],
        "missing_names": sum(weighed[name] for name in names - held),
        "lead": 1.0 / sum(math.exp(sentence.score - best.score) for sentence in found),
        "agreement": agreeing / 5 if has_spans else NO_SPANS["agreement"],
    }
    logit = CONFIDENCE_AT_ZERO + sum(weight * evidence[name] for name, weight in CONFIDENCE.items())
    return 1.0 / (1.0 + math.exp(-logit))


def _chosen(understood: Understood, found: Sequence[Sentence]) -> list[Sentence]:
    """The best sentence and those near it: other values from other articles first, newest first, then support."""
    best = found[0]
    standing = [best]
    least = FOLLOWER_LEAST * best.score
    if understood.kind in AMOUNTS and best.best:
        for sentence in found[1:]:
            if len(standing) == QUOTES_AT_MOST:
                break
            if _is_rival(understood, best, sentence) and all(
                sentence.hit.article is not other.hit.article and sentence.value != other.value for other in standing
            ):
                standing.append(sentence)
        standing.sort(key=lambda sentence: sentence.hit.article.published or date.min, reverse=True)
    for sentence in found[1:]:
        if len(standing) == QUOTES_AT_MOST or sentence.score < least:
            break
        if sentence not in standing and _supports(understood, best, sentence):
            standing.append(sentence)
    return standing


def _supports(understood: Understood, best: Sentence, other: Sentence) -> bool:
    """Whether a further sentence is worth quoting: no plan beside a fact, and for an amount, an amount."""
    if understood.kind not in AMOUNTS or best.best is None:
        return other.features.hedge <= best.features.hedge
    if understood.likely and best.features.fresh > other.features.fresh:
        return False
    near = other.features.own >= FOLLOWER_OWN_LEAST * best.features.own
    return near and other.best is not None and other.features.hedge <= best.features.hedge


def _is_rival(understood: Understood, best: Sentence, other: Sentence) -> bool:
    """Whether another article's sentence gives its own value to the same question."""
    if (
        other.best is None
        or other.features.own < RIVAL_OWN_LEAST * best.features.own
        or other.score < RIVAL_SCORE_LEAST * best.score
    ):
        return False
    if understood.likely and not is_likely_day(understood, other.hit.article.published):
        return not is_likely_day(understood, best.hit.article.published)
    focus = stem(understood.focus) if understood.focus else ""
    return not focus or all(focus in stems(sentence.text) for sentence in (best, other))


def _citation(number: int, sentence: Sentence) -> Citation:
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
    understood: Understood, coverage: Coverage, template: str, best: Sentence | None, confidence: float = 0.0
) -> Answer:
    nearest = _citation(1, best) if best and best.features.passage > 0 else None
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
