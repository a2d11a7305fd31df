"""Answers by quoting: one to three verbatim sentences, the short answer in them, or a refusal.

Knows nothing about indexes or language models: hits in, answer out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date

from bot.answering.links import text_fragment_link
from bot.retrieval.freshness import is_likely_day
from bot.retrieval.question import Understood
from bot.retrieval.question_kind import AnswerKind
from bot.retrieval.sentence import Idf, Reading, Sentence
from bot.retrieval.sentence_ranking import AMOUNTS, read
from bot.schema import Answer, Article, Citation, Coverage, Hit
from bot.text.words import stem, stems

ANSWER_LEAST = 0.17
"""Confidence below which nothing is said: a probability, learned from questions of 2022 and of the sample corpus."""
CONFIDENCE = {"kind": 0.5, "missing_names": -1.15, "lead": 2.95, "agreement": 2.65, "around": 1.95, "score": 0.085}
"""Log-odds that the best sentence answers: how sure it holds the kind asked, the names of the question that its passage
lacks, its share of all sentences' odds, how many of the first five agree, the question's share in it, its title and
lead, and its score."""
NO_SPANS = {"kind": 0.9, "agreement": 0.4}
"""What stands in for evidence from short answers where the kind asked has none: the average of the others."""
CONFIDENCE_AT_ZERO = -5.9
ODDS_SHARPNESS = 0.5
"""How much of a lead in score counts as odds."""
SHORT_LEAST = 0.5
"""How likely a short answer must be right to be given: a wrong one in bold is worse than none."""
SHORT_RIGHT = {
    AnswerKind.MONEY: 0.85,
    AnswerKind.PERSON: 0.7,
    AnswerKind.PLACE: 0.7,
    AnswerKind.PERCENTAGE: 0.7,
    AnswerKind.NUMBER: 0.6,
    AnswerKind.DATE: 0.6,
    AnswerKind.DURATION: 0.6,
    AnswerKind.LIST: 0.4,
    AnswerKind.ORGANISATION: 0.4,
    AnswerKind.OTHER: 0.3,
}
"""How often a short answer of a kind is right, seen on questions of 2022; kinds that are not here get none."""
SHORT_AGREED = 0.3
"""Added where sentences agree on it, and where the verb or the noun of the question follows it at once."""
AGREEING_LEAST = 3
LEAD_CHARS = 300
MISSING_NAMES_MOST = 0.25
"""A sentence does not answer when names with more than this share of the question stand neither in it nor beside it
(the sentence before, title, lead): what is said of Iraq says nothing of Syria."""
NEAREST_LEAST = 0.3
RARE_LEAST = 0.9
"""An article is near when the rare words that it shares with the question are so much of it."""
QUOTES_AT_MOST = 3
FOLLOWER_LEAST = 0.6
"""A further quote scores at least this share of the best one."""
FOLLOWER_AROUND_LEAST = 0.85
FOLLOWER_OWN_LEAST = 0.6
"""A further quote, seen with its title and lead, speaks of nearly all that the best one speaks of; where an amount is
asked, it holds at least this share of the best one's question words."""
SUPPORT_BELOW = 0.7
"""Where the best sentence is surer than this, only other values stand beside it."""
RIVAL_OWN_LEAST = 0.7
RIVAL_AROUND_LEAST = 0.9
"""Another value stands beside the best one when its sentence holds nearly as much of the question, or as much of what
is done and, with its title and lead, nearly as much of all."""
RIVAL_SCORE_LEAST = 0.7

HELD = frozenset({AnswerKind.PERSON, AnswerKind.PLACE, AnswerKind.ORGANISATION})
"""What changes hands: an office, a title, a seat."""
HELD_DAYS = 30

_LEANS = re.compile(
    r"^[\"“'‘]?(?:he|she|it|they|his|her|its|their|this|that|these|those|both"
    r"|the (?:former|latter)(?= (?:is|was|are|were|has|had|will|would|said|says)\b|,)"
    r"|the (?:two|pair|move|decision|mission|company|group|proposal|plan|deal|report|study|incident"
    r"|attack))\b",
    re.IGNORECASE,
)
_NOW = re.compile(
    r"\b(?:is|are|has|have|does|do)\b|\bwho (?:currently |now )?(?!was\b|has\b)[a-z]+(?<!s)s\b", re.IGNORECASE
)
"""Asks for what holds on the day of asking: newer news overrules older."""
_TO_COME = re.compile(r"\bwill\b|\bto (?:become|be)\b", re.IGNORECASE)
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
    reading: Reading | None = None,
    answer_least: float = ANSWER_LEAST,
    short_least: float = SHORT_LEAST,
) -> Answer:
    """The answer to a question as one to three verbatim sentences of `hits` (best first), each cited.

    `not_answered` and `no_articles` are the refusals' templates with the holes {articles}, {days}, {first}, {last}
    and {nearest}; a line whose hole has no value is left out. `idf` tells how rare a word is; without it, names and
    numbers count more. `reading` is what reading the hits gave (see `sentence_ranking.read`), where they were read.
    Without a sentence that answers, `answered` is False and `nearest` cites the closest one.
    """
    if not hits:
        return _refusal(understood, coverage, no_articles, None)
    found, weighed = reading or read(understood, hits, idf)
    if not found:
        return _refusal(understood, coverage, no_articles, None)
    confidence = _confidence(understood, found, weighed)
    if confidence < answer_least:
        nearness = _nearness(found[0], weighed, understood)
        return _refusal(understood, coverage, not_answered, found[0], confidence, nearness)
    chosen = _chosen(understood, found, confidence)
    citations = _citations(chosen)
    days = [citation.article.published for citation in citations if citation.article.published]
    first = chosen[0]
    short = first.best.text if first.best and _short_right(understood, first, found) >= short_least else None
    return Answer(
        question=understood.question,
        text="\n".join(_line(citation) for citation in citations),
        short=short,
        citations=citations,
        as_of=max(days, default=None),
        confidence=confidence,
        coverage=coverage,
    )


def _confidence(understood: Understood, found: Sequence[Sentence], weighed: Mapping[str, float]) -> float:
    """The probability that the best sentence answers; none where a name or year of the question is missing."""
    best = found[0]
    article = best.hit.article
    spoken = f"{article.title} {best.hit.passage.text}"
    for year in understood.years:
        if year not in spoken and not (article.published and year == str(article.published.year)):
            return 0.0
    held = stems(spoken)
    names = understood.names
    before = article.text[slice(*best.before)] if best.before else ""
    near = stems(f"{best.text} {before} {article.title} {article.text[:LEAD_CHARS]}")
    if sum(weighed[name] for name in names - near) > MISSING_NAMES_MOST:
        return 0.0
    if _is_of_another_number(understood, f"{article.title}\n{article.text[:LEAD_CHARS]}\n{best.hit.passage.text}"):
        return 0.0
    has_spans = understood.kind not in (AnswerKind.YES_NO, AnswerKind.REASON)
    agreeing = sum(sentence.value == best.value != "" for sentence in found[:5])
    evidence = {
        "kind": best.features.kind if has_spans else NO_SPANS["kind"],
        "missing_names": sum(weighed[name] for name in names - held),
        "lead": 1.0 / sum(math.exp(ODDS_SHARPNESS * (sentence.score - best.score)) for sentence in found),
        "agreement": agreeing / 5 if has_spans else NO_SPANS["agreement"],
        "around": best.features.around,
        "score": best.score,
    }
    logit = CONFIDENCE_AT_ZERO + sum(weight * evidence[name] for name, weight in CONFIDENCE.items())
    return 1.0 / (1.0 + math.exp(-logit))


def _is_of_another_number(understood: Understood, spoken: str) -> bool:
    """Whether the question tells a thing apart by a number, and `spoken` names only others: 7, not 9."""
    for word, number in understood.numbered:
        named = re.findall(
            rf"\b{re.escape(word)}s?[ -](\d{{1,3}}(?:(?:, | and | or | to |[-–/])\d{{1,3}})*)\b", spoken, re.I
        )
        if named and not any(number in re.findall(r"\d+", numbers) for numbers in named):
            return True
    return False


def _short_right(understood: Understood, first: Sentence, found: Sequence[Sentence]) -> float:
    """How likely the short answer of the first quote is right."""
    if first.best is None or understood.kind not in SHORT_RIGHT:
        return 0.0
    agreed = sum(sentence.value == first.value for sentence in found[:5]) >= AGREEING_LEAST
    likely = SHORT_RIGHT[understood.kind] + SHORT_AGREED * (agreed or first.is_followed_by_asked)
    return likely * first.best.fit


def _chosen(understood: Understood, found: Sequence[Sentence], confidence: float) -> list[Sentence]:
    """The best sentence and those near it: other values from other articles first, newest first, then support."""
    best = found[0]
    standing = [best]
    ages = understood.kind in AMOUNTS or (understood.kind in HELD and _NOW.search(understood.asking) is not None)
    if ages and best.best:
        for sentence in found[1:]:
            if len(standing) == QUOTES_AT_MOST:
                break
            if _is_rival(understood, best, sentence) and all(
                sentence.hit.article is not other.hit.article and sentence.value != other.value for other in standing
            ):
                standing.append(sentence)
        standing.sort(key=lambda sentence: sentence.hit.article.published or date.min, reverse=True)
    if confidence >= SUPPORT_BELOW or best.features.defines:
        return standing
    least = FOLLOWER_LEAST * best.score
    said = {_BLANKS.sub(" ", sentence.text) for sentence in standing}
    for sentence in found[1:]:
        if len(standing) == QUOTES_AT_MOST or sentence.score < least:
            break
        # A caption may stand under every picture.
        if (text := _BLANKS.sub(" ", sentence.text)) not in said and _supports(understood, best, sentence):
            standing.append(sentence)
            said.add(text)
    return standing


def _supports(understood: Understood, best: Sentence, other: Sentence) -> bool:
    """Whether a further sentence is worth quoting: on the same matter, no plan beside a fact, the kind asked."""
    if other.features.around < FOLLOWER_AROUND_LEAST * best.features.around:
        return False
    if other.features.hedge > best.features.hedge or (best.best is not None and other.best is None):
        return False
    if understood.kind not in AMOUNTS or best.best is None:
        return True
    if understood.likely and best.features.fresh > other.features.fresh:
        return False
    return other.features.own >= FOLLOWER_OWN_LEAST * best.features.own


def _is_rival(understood: Understood, best: Sentence, other: Sentence) -> bool:
    """Whether another article's sentence gives its own value to the same question."""
    if other.best is None or other.score < RIVAL_SCORE_LEAST * best.score:
        return False
    own, around, act = other.features.own, other.features.around, other.features.act
    if own < RIVAL_OWN_LEAST * best.features.own and (
        around < RIVAL_AROUND_LEAST * best.features.around or act < best.features.act
    ):
        return False
    if understood.kind in HELD and not (_is_far(best, other) and not _TO_COME.search(other.text)):
        return False
    if understood.likely and not is_likely_day(understood, other.hit.article.published):
        return not is_likely_day(understood, best.hit.article.published)
    focus = stem(understood.focus) if understood.focus else ""
    return not focus or all(focus in stems(sentence.text) for sentence in (best, other))


def _is_far(one: Sentence, other: Sentence) -> bool:
    """Whether two sentences were published so far apart that an office may have changed hands."""
    days = (one.hit.article.published, other.hit.article.published)
    return days[0] is not None and days[1] is not None and abs((days[0] - days[1]).days) >= HELD_DAYS


def _citations(chosen: Sequence[Sentence]) -> tuple[Citation, ...]:
    """What is quoted, numbered; nothing is quoted twice, also where a sentence leans on one that is quoted too."""
    made: list[Citation] = []
    for sentence in chosen:
        quoted = [each for each in made if each.article is sentence.hit.article]
        if any(each.start <= sentence.start < each.end for each in quoted):
            continue
        start = _start(sentence)
        if any(each.start < sentence.start and start < each.end for each in quoted):
            start = sentence.start
        made.append(_citation(len(made) + 1, sentence, start))
    return tuple(made)


def _start(sentence: Sentence) -> int:
    """Where a quote of the sentence begins: with the one before where it leans on it."""
    if sentence.before and _LEANS.match(sentence.text):
        first, end = sentence.before
        # A crosshead is no sentence that another one leans on.
        if sentence.hit.article.text[first:end].rstrip("\"'”’)").endswith((".", "!", "?", "…")):
            return first
    return sentence.start


def _citation(number: int, sentence: Sentence, start: int) -> Citation:
    article = sentence.hit.article
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
    understood: Understood,
    coverage: Coverage,
    template: str,
    best: Sentence | None,
    confidence: float = 0.0,
    nearness: float = 0.0,
) -> Answer:
    nearest = _citation(1, best, _start(best)) if best is not None and nearness >= NEAREST_LEAST else None
    holes = {
        "articles": f"{coverage.articles:,} {'article' if coverage.articles == 1 else 'articles'}",
        "days": _days(coverage),
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


def _days(coverage: Coverage) -> str:
    """ "from 5 January 2018 to 30 May 2024", "on 5 January 2018"; empty where no day is known."""
    if coverage.first is None or coverage.last is None:
        return ""
    if coverage.first == coverage.last:
        return f"on {_day(coverage.first)}"
    return f"from {_day(coverage.first)} to {_day(coverage.last)}"


def _nearness(best: Sentence, weighed: Mapping[str, float], understood: Understood) -> float:
    """The share of the question's weight that its rare words shared with the best sentence's article have.

    A word is rare here that weighs at least as much as the question's words do on average; what is said otherwise
    only is near by chance.
    """
    article = best.hit.article
    shared = stems(f"{article.title} {best.hit.passage.text}")
    average = 1.0 / (len(understood.terms) or 1)
    return sum(weight for term, weight in weighed.items() if term in shared and weight >= RARE_LEAST * average)
