"""Answers by quoting: what was decided as numbered, dated, verbatim quotes, or a refusal that helps."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from bot.answering.deciding import Chosen, DecisionWeights, decide, logistic
from bot.answering.digest import beginnings, digest
from bot.answering.hints import covered_subject, likely_spelling
from bot.answering.links import cite
from bot.models.question_kind import QuestionKind
from bot.retrieval.question import ParsedQuery
from bot.retrieval.retriever import Retrieved
from bot.schema import Answer, Article, Citation, Coverage, Hit

NEAREST_LEAST = 0.3
"""A passage is near when it holds this share of the question's words, rare ones counting more."""
MATTER_LEAST = 1.32
"""A topic is covered, where no reader tells, from this score on of what a passage holds of it."""
_BLANKS = re.compile(r"\s+")
_HOLE = re.compile(r"\{(\w+)\}")


def quote(
    query: ParsedQuery,
    retrieved: Retrieved,
    coverage: Coverage,
    prompts: Mapping[str, str],
    *,
    weights: DecisionWeights,
    answer_least: float | None = None,
) -> Answer:
    """The answer to a question as verbatim sentences of what was retrieved, each cited.

    `prompts` are templates, by name and by the kind of what asks nothing of the news, with the holes {articles},
    {days}, {first}, {last}, {nearest}, {spelling} and {subject}; a line whose hole has no value is left out. Where it
    is less sure than `answer_least` (that of the weights where it is None) that the quotes answer, `answered` is False
    and `nearest` cites the closest passage.
    """
    if retrieved.kind.is_talk:
        return _refusal(query, coverage, prompts[retrieved.kind.value], None)
    short = None
    if retrieved.kind is QuestionKind.NEWS:
        chosen, confidence = beginnings(retrieved.pool), 1.0
    elif retrieved.kind is QuestionKind.TOPIC:
        near = [hit for hit in retrieved.pool if _nearness(hit) >= NEAREST_LEAST]
        chosen = digest(near, retrieved.idf)
        confidence = _covered(retrieved, near, weights)
    elif retrieved.readings:
        decision = decide(query.question.text, retrieved.kind, retrieved.readings, weights)
        chosen, confidence, short = list(decision.chosen), decision.confidence, decision.short
    else:
        chosen, confidence = [], 0.0
    if not chosen:
        return _refusal(query, coverage, prompts["no_articles"], None, near=retrieved.pool)
    if confidence < (weights.answer_least if answer_least is None else answer_least):
        best = max(chosen, key=lambda each: each.score)
        return _refusal(query, coverage, prompts["not_answered"], best, confidence, retrieved.pool)
    return answer_of(query, coverage, chosen, short, confidence)


def _covered(retrieved: Retrieved, near: Sequence[Hit], weights: DecisionWeights) -> float:
    """How probably articles are about the topic asked: an overview of what none is about is made of what merely shares
    a word with it. Where no reader tells what passages are about, their scores do."""
    told = [reading.relevance for reading in retrieved.readings]
    if any(told):
        return logistic(weights.topic, {"relevance": max(told)})
    return float(any(hit.parts.get("matter", 0.0) >= MATTER_LEAST for hit in near))


def answer_of(
    query: ParsedQuery,
    coverage: Coverage,
    chosen: Sequence[Chosen],
    short: str | None,
    confidence: float,
    retrieved: tuple[str, ...] = (),
) -> Answer:
    """The answer that quotes what is chosen, a line each."""
    citations = citations_of(chosen)
    days = [citation.article.published for citation in citations if citation.article.published]
    return Answer(
        question=query.question,
        text="\n".join(_line(citation) for citation in citations),
        short=short,
        citations=citations,
        as_of=max(days, default=None),
        confidence=confidence,
        coverage=coverage,
        retrieved=retrieved,
    )


def citations_of(chosen: Sequence[Chosen]) -> tuple[Citation, ...]:
    """Chosen runs of sentences as citations with their links, numbered from 1."""
    return tuple(
        cite(number, each.hit.article, each.start, each.end, each.hit.also_in)
        for number, each in enumerate(chosen, start=1)
    )


def _line(citation: Citation) -> str:
    """`DW, 12 February 2020, “Title”: “...” [1]`; our words frame, the article's stand inside the marks."""
    shown = _BLANKS.sub(" ", citation.quote)
    also = len({article.source or article.url for article in citation.also_in})
    copies = f" (also in {also} {'outlet' if also == 1 else 'outlets'})" if also else ""
    return f"{_named(citation.article)}: “{shown}” [{citation.number}]{copies}"


def _named(article: Article) -> str:
    return f"{article.source or 'Unknown source'}, {_day(article.published)}"


def _day(day: date | None) -> str:
    return f"{day.day} {day:%B %Y}" if day else "date unknown"


def _nearness(hit: Hit) -> float:
    """The share of the question's words, weighed by rarity, that the passage and its article hold."""
    return max(hit.parts.get("held", 0.0), hit.parts.get("about", 0.0))


def _refusal(
    query: ParsedQuery,
    coverage: Coverage,
    template: str,
    best: Chosen | None,
    confidence: float = 0.0,
    near: Sequence[Hit] = (),
) -> Answer:
    nearest = citations_of([best])[0] if best is not None and _nearness(best.hit) >= NEAREST_LEAST else None
    holes = {
        "articles": f"{coverage.articles:,} {'article' if coverage.articles == 1 else 'articles'}",
        "days": _days(coverage),
        "first": _day(coverage.first) if coverage.first else "",
        "last": _day(coverage.last) if coverage.last else "",
        "nearest": f"“{nearest.article.title}” ({_named(nearest.article)})" if nearest else "",
        "spelling": likely_spelling(query.question.text, near) or "",
        "subject": covered_subject(query.question.text, near) or "",
    }
    lines = [
        _HOLE.sub(lambda hole: holes[hole[1]], line)
        for line in template.strip().splitlines()
        if all(holes.get(name) for name in _HOLE.findall(line))
    ]
    return Answer(
        question=query.question,
        text="\n".join(lines),
        answered=False,
        reason=lines[0] if lines else "",
        confidence=confidence,
        coverage=coverage,
        nearest=nearest,
    )


def _days(coverage: Coverage) -> str:
    """ "from 5 January 2018 to 30 May 2024", "on 5 January 2018"; empty where no day is known."""
    if coverage.first is None or coverage.last is None:
        return ""
    if coverage.first == coverage.last:
        return f"on {_day(coverage.first)}"
    return f"from {_day(coverage.first)} to {_day(coverage.last)}"
