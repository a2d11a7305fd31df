"""Decides what is said from what was read: which sentences, which short answer, and how sure both are. Pure."""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path

from bot.models.question_kind import QuestionKind
from bot.retrieval.reading import Reading, SentenceReading
from bot.schema import Hit
from bot.text.numbers import quantities
from bot.text.sentences import sentences
from bot.text.unicode import alphanumeric

WEIGHTS_FILE = Path(__file__).parents[1] / "models" / "weights" / "decision.json"
_CLOSERS = " \"'”’»)]"
_ASKS_NUMBER = re.compile(r"\bhow (?:many|much|old)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DecisionWeights:
    """What counts how much; `newsbot fit-decision` writes them from questions with known answers.

    `passage` weighs a passage's log-odds of holding the answer; `span_share` is, by kind, what spans count against
    evidence; `answered` and `short` are the coefficients of two logistic models over a decision's features, with
    `bias`; `topic` those of one that tells from the relevance of the best passage whether there is anything to give
    an overview of. Below `answer_least`, the probability that the quotes answer, nothing is said; below `short_least`,
    that the short answer is right, none is given: a value in bold is a promise.
    """

    passage: Mapping[str, float] = field(
        default_factory=lambda: {
            "relevance": 0.5,
            "answerable": 0.5,
            "fused": 3.0,
            "newness": 1.0,
            "newness_now": 10.0,
        }
    )
    span_share: Mapping[str, float] = field(
        default_factory=lambda: {"fact": 0.7, "list": 0.6, "compare": 0.6, "reason": 0.4, "yesno": 0.0, "topic": 0.0}
    )
    answered: Mapping[str, float] = field(default_factory=lambda: {"bias": 4.0})
    short: Mapping[str, float] = field(default_factory=lambda: {"bias": -4.0})
    topic: Mapping[str, float] = field(default_factory=lambda: {"bias": -3.8, "relevance": 1.0})
    answer_least: float = 0.5
    short_least: float = 0.85

    @classmethod
    @cache
    def load(cls, path: Path = WEIGHTS_FILE) -> DecisionWeights:
        """The weights that a fit wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def save(self, path: Path = WEIGHTS_FILE) -> None:
        """Write them as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A run of whole sentences of a hit's article, to be quoted; `score` is for comparing within a question."""

    hit: Hit
    start: int
    end: int
    score: float

    @property
    def text(self) -> str:
        """The words, verbatim."""
        return self.hit.article.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Value:
    """A short answer that passages agree on: its best form, the share of the probability that it has, where it stands
    best and how probable it is there, and from how many articles it comes."""

    text: str
    score: float
    hit: Hit
    start: int
    end: int
    probability: float
    articles: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What to say. `chosen` is in the order shown; `short` is the value where a fact is asked for and the value is sure
    enough to be promised.

    `confidence` is the probability that the quotes answer, `short_confidence` that the best value is right; `features`
    are what they were computed from.
    """

    kind: QuestionKind
    chosen: tuple[Chosen, ...]
    value: Value | None
    confidence: float
    short_confidence: float
    features: Mapping[str, float]
    short: str | None = None


LIMITS: Mapping[QuestionKind, tuple[int, int]] = {
    QuestionKind.FACT: (3, 75),
    QuestionKind.CURRENT: (3, 75),
    QuestionKind.REASON: (4, 150),
    QuestionKind.YES_NO: (3, 110),
    QuestionKind.LIST: (7, 200),
    QuestionKind.COMPARE: (5, 150),
}
"""How much is quoted at most: runs of sentences, and words of them together."""
SENTENCES_LOOKED_AT = 24
STATEMENT_WORDS = 4
"""What has fewer words is an exclamation ("Places, places!"), and tells nothing."""
FOLLOWS_LEAST = 0.5
"""A sentence beside a chosen one is quoted with it where it scores at least this share of it."""
QUALIFIER_CHARS = 40
WHOLE_LEAST = 1.0
"""A longer form of a value is taken where it has at least the score of the shorter one."""
SHOWN_LEAST = 0.3
"""A quote gives a value of its own where that has at least this share of the best value's score."""
DECIDES_LEAST = 0.5
"""A quote decides yes or no, and stands by its day, with at least this share of the best one's score."""
ASIDE_MOST = 0.05
"""What has a smaller share of the best score says nothing more where a short answer is sure, and is not quoted."""
BESIDE_MOST = 0.15
"""Nor what has a smaller share than this beside what decides yes or no."""
RIVAL_LEAST = 0.8
"""A value stands beside the best one, and before it where it is newer, with at least this share of its score."""
RIVAL_NOW = 0.2
"""The same where it is asked what holds now."""


def decide(question: str, kind: QuestionKind, readings: Sequence[Reading], weights: DecisionWeights) -> Decision:
    """What the readings of a question's hits (best first, at least one) say to it."""
    shares = passage_shares(readings, kind, weights)
    values = _values(question, readings, shares)
    value = _current(values, RIVAL_NOW if kind is QuestionKind.CURRENT else RIVAL_LEAST) if values else None
    of_fact = value if kind.is_of_value else None
    scored = _scored_sentences(kind, readings, shares, weights, of_fact)
    features = _features(question, kind, readings, shares, values, value, scored)
    sure = logistic(weights.short, features)
    short = of_fact.text if of_fact and sure >= weights.short_least else None
    chosen = _chosen(kind, scored, of_fact)
    best = max((each.score for each in chosen), default=0.0)
    aside = {QuestionKind.FACT: ASIDE_MOST if short else 0.0, QuestionKind.YES_NO: BESIDE_MOST}
    least = aside.get(kind, 0.0)  # the older value stands beside the one that holds now
    chosen = [each for each in chosen if each.score >= least * best]
    shown = tuple(_newest_first(chosen, kind, values))
    return Decision(kind, shown, value, logistic(weights.answered, features), sure, features, short)


def logistic(coefficients: Mapping[str, float], features: Mapping[str, float]) -> float:
    """The probability of a logistic model; features that it does not name count nothing."""
    logit = sum(weight * (1.0 if name == "bias" else features.get(name, 0.0)) for name, weight in coefficients.items())
    return _sigmoid(max(-30.0, min(30.0, logit)))


def passage_parts(reading: Reading, kind: QuestionKind) -> dict[str, float]:
    """What a passage's log-odds of holding the answer are the weighted sum of, by name."""
    parts = reading.hit.parts
    newness = parts.get("newness", 0.0)
    return {
        "relevance": reading.relevance,
        "answerable": reading.answerable,
        "fused": parts.get("fused", reading.hit.score),
        "newness": newness,
        "newness_now": newness if kind is QuestionKind.CURRENT else 0.0,
    }


def passage_shares(readings: Sequence[Reading], kind: QuestionKind, weights: DecisionWeights) -> list[float]:
    """How likely each passage is the one that answers, together 1."""
    logits = [
        sum(weights.passage.get(name, 0.0) * part for name, part in passage_parts(reading, kind).items())
        for reading in readings
    ]
    top = max(logits)
    powers = [math.exp(logit - top) for logit in logits]
    total = sum(powers)
    return [power / total for power in powers]


def _values(question: str, readings: Sequence[Reading], shares: Sequence[float]) -> list[Value]:
    """Short answers by the sum of their probabilities over passages, best first; what the question says is none."""
    asked = f" {alphanumeric(question)} "
    said: dict[str, list[Value]] = defaultdict(list)
    for reading, share in zip(readings, shares, strict=True):
        for span in reading.spans:
            text = reading.hit.article.text[span.start : span.end]
            key = alphanumeric(text)
            if key and f" {key} " not in asked:
                score = share * span.probability
                said[key].append(Value(text, score, reading.hit, span.start, span.end, span.probability, 1))
    scores = {key: sum(each.score for each in alike) for key, alike in said.items()}
    articles = {key: {each.hit.article.id for each in alike} for key, alike in said.items()}
    # "Rahm" and "Jon Rahm" are one: both count for the likelier form.
    joined = dict(scores)
    for key, score in scores.items():
        longer = [other for other in scores if other != key and f" {key} " in f" {other} "]
        if not longer or key.isdigit():
            continue
        whole = max(longer, key=scores.__getitem__)
        into, other = (whole, key) if scores[whole] >= WHOLE_LEAST * score else (key, whole)
        joined[into] += scores[other]
        articles[into] |= articles[other]
    best = {key: max(alike, key=lambda each: each.score) for key, alike in said.items()}
    found = [_qualified(replace(best[key], score=score, articles=len(articles[key]))) for key, score in joined.items()]
    return sorted(found, key=lambda value: -value.score)


def _qualified(value: Value) -> Value:
    """The value with the words that make it rough ("roughly 500", "at least 12"): without them it says too much."""
    text = value.hit.article.text
    first = max(text.rfind("\n", 0, value.start) + 1, value.start - QUALIFIER_CHARS)
    for found in quantities(text[first : value.end]):
        if found.start < value.end - first and first + found.qualified_start < value.start <= first + found.start:
            start = first + found.qualified_start
            return replace(value, text=text[start : value.end], start=start)
    return value


def _current(values: Sequence[Value], least: float) -> Value:
    """The best value; a newer article's where that has at least this share of its score: news ages."""
    best = values[0]
    rivals = [value for value in values if value.score >= least * best.score]
    return max(rivals, key=lambda value: (value.hit.article.published or date.min, value.score))


def sentences_of(hit: Hit) -> Iterator[Chosen]:
    """The sentences of a passage, each with the hit's score."""
    first = hit.passage.start
    return (Chosen(hit, first + span.start, first + span.end, hit.score) for span in sentences(hit.passage.text))


def is_statement(sentence: str) -> bool:
    """Whether it ends as a statement does: a question that an article asks, a crosshead and a caption tell nothing."""
    return sentence.rstrip(_CLOSERS).endswith((".", "!", "…")) and len(sentence.split()) >= STATEMENT_WORDS


@dataclass(frozen=True, slots=True)
class _Scored:
    score: float
    reading: Reading
    place: int

    @property
    def sentence(self) -> SentenceReading:
        return self.reading.sentences[self.place]


def _scored_sentences(
    kind: QuestionKind,
    readings: Sequence[Reading],
    shares: Sequence[float],
    weights: DecisionWeights,
    value: Value | None,
) -> list[_Scored]:
    """The sentences of the readings by how likely each shows the answer, best first; each once.

    Only statements, and the crosshead in which the value stands best.
    """
    span_share = weights.span_share.get(kind.value, weights.span_share["fact"])
    found: dict[tuple[str, int], _Scored] = {}
    for reading, share in zip(readings, shares, strict=True):
        for place, sentence in enumerate(reading.sentences):
            text = reading.hit.article.text[sentence.start : sentence.end]
            is_crosshead = (
                value is not None and _holds(reading.hit, sentence, value) and not text.rstrip(_CLOSERS).endswith("?")
            )
            if not (is_statement(text) or is_crosshead):
                continue
            shown = span_share * sentence.span + (1 - span_share) * _sigmoid(sentence.evidence)
            key = (reading.hit.article.id, sentence.start)
            if key not in found or found[key].score < share * shown:
                found[key] = _Scored(share * shown, reading, place)
    return sorted(found.values(), key=lambda each: -each.score)


def _chosen(kind: QuestionKind, scored: Sequence[_Scored], value: Value | None) -> list[Chosen]:
    """What is quoted: the value's sentence first, then the likeliest others, within the kind's limits."""
    quotes_most, words_most = LIMITS.get(kind, LIMITS[QuestionKind.FACT])
    queue = list(scored[:SENTENCES_LOOKED_AT])
    if value is not None:
        queue.sort(key=lambda each: not _holds(each.reading.hit, each.sentence, value))
    taken: list[Chosen] = []
    said: set[str] = set()
    words = 0
    for each in queue:
        if len(taken) == quotes_most:
            break
        start, end = _with_neighbours(each)
        hit = each.reading.hit
        text = hit.article.text[start:end]
        length = len(text.split())
        if alphanumeric(text) in said or (taken and words + length > words_most):
            continue
        if any(other.hit.article is hit.article and start < other.end and end > other.start for other in taken):
            continue
        said.add(alphanumeric(text))
        words += length
        taken.append(Chosen(hit, start, end, each.score))
    return taken


def _newest_first(chosen: list[Chosen], kind: QuestionKind, values: Sequence[Value]) -> list[Chosen]:
    """What decides yes or no, and quotes that each give a value to a fact, newest first; the others behind them."""
    likely = [value for value in values if value.score >= SHOWN_LEAST * values[0].score]
    best = max((each.score for each in chosen), default=0.0)

    def key(each: Chosen) -> tuple[bool, int]:
        if kind is QuestionKind.YES_NO:
            gives = each.score >= DECIDES_LEAST * best
        else:
            gives = any(_holds(each.hit, each, value) for value in likely)
        return not gives, -(each.hit.article.published or date.min).toordinal() if gives else 0

    return sorted(chosen, key=key) if kind is QuestionKind.YES_NO or kind.is_of_value else chosen


def _holds(hit: Hit, run: SentenceReading | Chosen, value: Value) -> bool:
    return hit.article.id == value.hit.article.id and run.start <= value.start < run.end


def _with_neighbours(scored: _Scored) -> tuple[int, int]:
    """The sentence, with the one before it where that is telling too; a crosshead with the sentence behind it."""
    read, place, text = scored.reading.sentences, scored.place, scored.reading.hit.article.text
    own, before = read[place], read[place - 1] if place else None
    if not is_statement(text[own.start : own.end]):
        return own.start, read[min(place + 1, len(read) - 1)].end
    if (
        before is not None
        and is_statement(text[before.start : before.end])
        and _sigmoid(before.evidence) >= FOLLOWS_LEAST * _sigmoid(own.evidence) > 0.05
    ):
        return before.start, own.end
    return own.start, own.end


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def _features(
    question: str,
    kind: QuestionKind,
    readings: Sequence[Reading],
    shares: Sequence[float],
    values: Sequence[Value],
    value: Value | None,
    scored: Sequence[_Scored],
) -> dict[str, float]:
    """What tells how sure an answer is."""
    best = values[0].score if values else 0.0
    second = values[1].score if len(values) > 1 else 0.0
    top = max(range(len(readings)), key=shares.__getitem__)
    parts = readings[top].hit.parts
    # 1 where a number is asked for and the value holds one, -1 where it holds none.
    fits = 0.0 if value is None or not _ASKS_NUMBER.search(question) else 1.0 if quantities(value.text) else -1.0
    own = next((reading for reading in readings if value and reading.hit is value.hit), readings[top])
    return {
        "span": math.log((value.probability if value else 0.0) + 1e-4),
        "own_relevance": own.relevance,
        "own_answerable": own.answerable,
        # What happened stays true; what holds now was said lately.
        "newness": passage_parts(own, kind)["newness_now"],
        "quantity": fits,
        "length": float(len(value.text.split())) if value else 0.0,
        "rivals": float(sum(each.score >= 0.25 * best for each in values)),
        "value": math.log(best + 1e-4),
        "lead": math.log((best + 1e-4) / (second + 1e-4)),
        "agreeing": math.log(values[0].articles) if values else 0.0,
        "relevance": max(reading.relevance for reading in readings),
        "answerable": max(reading.answerable for reading in readings),
        "top_relevance": readings[top].relevance,
        "top_answerable": readings[top].answerable,
        "evidence": max((each.sentence.evidence for each in scored[:5]), default=-10.0),
        "matter": max(reading.hit.parts.get("matter", 0.0) for reading in readings),
        "dense": max(reading.hit.parts.get("dense", 0.0) for reading in readings),
        "held": parts.get("held", 0.0),
        "about": parts.get("about", 0.0),
        # A reason or a comparison is found less surely than a fact of the same figures.
        **{f"of_{each.value}": float(each is kind) for each in LIMITS},
    }
