"""Ranks the sentences of the passages found for a question by how likely they hold the answer.

Knows nothing about answers, citations or language models: hits in, scored sentences out.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from bot.retrieval.freshness import is_likely_day, is_old, newness
from bot.retrieval.office import holder_of, is_of_today
from bot.retrieval.question import Understood
from bot.retrieval.question_deed import stem_of_act, stem_of_deed
from bot.retrieval.question_kind import AnswerKind
from bot.retrieval.sentence import Features, Idf, Reading, Sentence
from bot.retrieval.spans import COMMON_FIT, Candidate, is_change, spans
from bot.schema import Hit, Span
from bot.text.sentences import sentences
from bot.text.words import STOPWORDS, WORD, Word, WordFinder, stem, stems, words

WEIGHTS = Features(
    own=0.0,
    asking=2.4,
    title=1.05,
    after=0.9,
    passage=1.2,
    pairs=5.2,
    rank=0.65,
    fresh=3.3,
    old=-2.2,
    newness=1.0,
    lead=1.05,
    hedge=-0.8,
    unstated=-8.0,
    kind=4.0,
    vote=3.0,
    new=0.6,
    act=1.0,
    around=0.5,
    before=0.1,
    deed=0.8,
    holds=5.0,
    defines=6.5,
)
"""Near what `python -m tests.bench.learn_quoting` prints, then searched one by one for the share of first quotes that
are right, over questions of 2022 and of the sample corpus; `hedge`, `holds` and `defines` are rules."""

AMOUNTS = frozenset({AnswerKind.NUMBER, AnswerKind.PERCENTAGE, AnswerKind.MONEY, AnswerKind.DURATION})
LEAD_CHARS = 600
OPENING_CHARS = 300
"""What stands in the title or so near the head of the article is what the article is about."""
FOLLOWED = 2.0
"""How near the question is to a candidate that its noun or verb follows at once."""
PLAINER_BY = 0.5
"""How much surer an amount or a day must be for its sentence to go before a better one of the same article."""
PLAINER_WITHIN = 16
SENTENCES_READ = 16
"""Only the best sentences by their words are searched for short answers."""

CHANGE_FIT = 0.3
"""What something changed by, where it is asked how much there is: "lost 200,000 subscribers"."""

OFFICE_SENTENCE_NEWNESS = 3.0
"""How much more newness counts where it is asked who holds an office today."""
NO_HOLDER_FIT = 0.5
"""A name that is not said to hold the office asked."""
OTHER_AGE_FIT = 0.3
"""An age in a sentence that does not name whose age is asked."""

_ASKS_CHANGE = re.compile(
    r"\b(?:los[et]|losing|loss|add|adds|added|gain\w*|ris[ei]\w*|rose|fall\w*|fell|gr[eo]w\w*|drop\w*|increas\w*|decreas\w*"
    r"|jump\w*|declin\w*|shed|chang\w*|by how)\b",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"\b(?:could|might|may|would|plans? to|planned|planning to|proposed|proposals?|possibly|potentially|considering"
    r"|hopes? to|aims? to|expected to (?!resume|continue)|as (?:many|much) as|if)\b",
    re.IGNORECASE,
)
_ASKS_OPEN = re.compile(r"\b(?:could|might|may|would|will|plan|planning|planned|expected|proposed?)\b", re.IGNORECASE)
_DEFINED = re.compile(
    r"\bwh(?:at|o)(?:['’]s|\s(?:is|are|was|were|does|do))\s(?:meant by\s)?(?:(?:an?|the)\s)?(?P<thing>.+?)"
    r"(?:\s(?:in|of|for|at|on|by)\b.*?|\s(?:mean|stand for))?\s*\?*$",
    re.IGNORECASE,
)
_UNFOLDED = re.compile(r"[^0-9a-z.%$£€]+")
_UNSTATED = re.compile(
    r"(?:Hide Caption|Photos?:|More:|Read more|Related:|Contributing:|Sign up|Watch:|Image|Click)",
    re.IGNORECASE,
)


def read(understood: Understood, hits: Sequence[Hit], idf: Idf | None = None) -> Reading:
    """Read the hits for what answers; `idf` tells how rare a word is, without it names and numbers count more."""
    weighed = weights_of_terms(understood, idf)
    return Reading(rank(understood, hits, weighed, idf), weighed)


def weights_of_terms(understood: Understood, idf: Idf | None) -> dict[str, float]:
    """How much each stem of the question counts, together 1; without `idf`, names and numbers count more."""
    weighed: dict[str, float] = {}
    for term in understood.terms:
        if idf is not None:
            weight = max(0.1, idf(term.text.lower()))
        else:
            weight = 1.0 + 0.6 * (term.is_capitalised or term.is_number)
        weighed[term.stem] = max(weight, weighed.get(term.stem, 0.0))
    total = sum(weighed.values()) or 1.0
    return {term: weight / total for term, weight in weighed.items()}


def rank(
    understood: Understood,
    hits: Sequence[Hit],
    weighed: Mapping[str, float],
    idf: Idf | None = None,
    weights: Features = WEIGHTS,
) -> list[Sentence]:
    """The sentences of `hits`, each once, best first; `weighed` comes from `weights_of_terms`."""
    found = _read(understood, hits, weighed)
    for sentence in found:
        sentence.score = _dot(weights, sentence.features)
    found.sort(key=lambda sentence: -sentence.score)
    candidates_of = _finder(understood)
    for sentence in found[:SENTENCES_READ]:
        sentence.candidates, holds = candidates_of(sentence)
        kind = max((candidate.fit for candidate in sentence.candidates), default=0.0)
        sentence.features = sentence.features._replace(kind=kind, holds=float(holds))
        sentence.score += weights.kind * kind + weights.holds * holds
    _vote(understood, found, weights, idf)
    found.sort(key=lambda sentence: -sentence.score)
    if understood.kind in AMOUNTS or understood.kind is AnswerKind.DATE:
        _let_plainer_go_first(found)
    return found


def _finder(understood: Understood) -> Callable[[Sentence], tuple[list[Candidate], bool]]:
    """What gives the short answers that a sentence may hold, and whether it names the holder of an office asked."""
    asked = stems(understood.question.text)
    aged = understood.names if understood.focus == "age" else frozenset()
    deed = stem_of_deed(understood.asking)
    is_holder = holder_of(understood.asking) if understood.kind is AnswerKind.PERSON else None
    stands = understood.kind in AMOUNTS and _ASKS_CHANGE.search(understood.question.text) is None

    def candidates_of(sentence: Sentence) -> tuple[list[Candidate], bool]:
        found = [
            candidate
            for candidate in spans(understood.kind, sentence.text, understood.focus)
            if not all(word.lower() in STOPWORDS or stem(word) in asked for word in WORD.findall(candidate.text))
        ]
        if is_holder:
            holders = [each._replace(fit=1.0) for each in found if is_holder(sentence.text, each.start, each.end)]
            return holders or [each.less_fit(NO_HOLDER_FIT) for each in found], bool(holders)
        if stands:
            found = [each.less_fit(CHANGE_FIT) if is_change(sentence.text, each) else each for each in found]
        if aged and not (aged & sentence.held and (not deed or sentence.features.deed)):
            found = [each.less_fit(OTHER_AGE_FIT) for each in found]
        return found, False

    return candidates_of


def _let_plainer_go_first(found: list[Sentence]) -> None:
    """A sentence near the best one in its article goes first that says as much of what is done, and surely the kind."""
    if not found:
        return
    best = found[0].features
    for place, sentence in enumerate(found[1:PLAINER_WITHIN], start=1):
        features = sentence.features
        if (
            sentence.hit.article is found[0].hit.article
            and features.kind >= best.kind + PLAINER_BY
            and features.act >= best.act > 0
            and features.around >= best.around
        ):
            found[0].score, sentence.score = sentence.score, found[0].score
            found[0], found[place] = sentence, found[0]
            return


def _dot(weights: Iterable[float], features: Iterable[float]) -> float:
    return sum(weight * feature for weight, feature in zip(weights, features, strict=True))


def _read(understood: Understood, hits: Sequence[Hit], weighed: Mapping[str, float]) -> list[Sentence]:
    deed = stem_of_deed(understood.asking)
    found: list[Sentence] = []
    seen: set[tuple[str, int]] = set()
    terms = frozenset(weighed)
    asking = stems(understood.asking) & terms
    asking_total = _share(asking, weighed) or 1.0
    asked_words = [word.stem for word in words(understood.question.text)]
    asked_pairs = set(pairwise(asked_words))
    focus = stem(understood.focus) if understood.focus else ""
    finder = WordFinder({*terms, *asked_words, focus, stem_of_act(understood.asking)} - {""})
    top = max((hit.score for hit in hits), default=0.0) or 1.0
    hedge_counts = 0.0 if _ASKS_OPEN.search(understood.question.text) else 1.0
    newness_counts = OFFICE_SENTENCE_NEWNESS if is_of_today(understood.asking) else 1.0
    titles: dict[str, float] = {}
    given: dict[str, set[str]] = {}
    acts = frozenset(term.stem for term in understood.terms if not term.is_capitalised or term.start == 0)
    acts_total = _share(acts, weighed)
    defined = _definition_of(understood) if understood.kind is AnswerKind.DEFINITION else None
    for hit in hits:
        passage, article = hit.passage, hit.article
        name = article.id or article.url or article.title
        if name not in titles:
            in_title = {word.stem for word in finder(article.title)} & terms
            titles[name] = _share(in_title, weighed)
            given[name] = in_title | {word.stem for word in finder(article.text[:OPENING_CHARS])} & terms
        still_open = terms - given[name]
        open_total = _share(still_open, weighed)
        parsed = list(_parsed(passage.text, finder))
        of_passage = _share({word.stem for _, placed in parsed for word in placed} & terms, weighed)
        published = article.published
        fresh = float(is_likely_day(understood, published))
        old = float(is_old(understood, published))
        new_as_news = newness_counts * newness(understood, published)
        previous: Sentence | None = None
        before: tuple[int, int] | None = None
        held_before: set[str] | frozenset[str] = frozenset()
        own_before = 0.0
        for span, own_words in parsed:
            start, end = passage.start + span.start, passage.start + span.end
            text = article.text[start:end]
            held = {word.stem for word in own_words} & terms
            own = _share(held, weighed)
            if previous is not None:
                previous.features = previous.features._replace(after=own)
            previous = None
            if (name, start) not in seen:
                seen.add((name, start))
                pairs = asked_pairs & _adjacent(passage.text, own_words) if own else ()
                features = Features(
                    own=own,
                    asking=_share(held & asking, weighed) / asking_total,
                    title=titles[name],
                    after=0.0,
                    passage=of_passage,
                    pairs=len(pairs) / (len(asked_pairs) or 1),
                    rank=max(0.0, hit.score / top),
                    fresh=fresh,
                    old=old,
                    newness=new_as_news,
                    lead=float(start < LEAD_CHARS),
                    hedge=hedge_counts * float(own > 0 and _HEDGE.search(text) is not None),
                    unstated=float(_asks(text) or _UNSTATED.match(text) is not None),
                    kind=0.0,
                    vote=0.0,
                    new=_share(held & still_open, weighed) / open_total if open_total else 0.0,
                    act=_share(held & acts, weighed) / acts_total if acts_total else 0.0,
                    around=_share(held | held_before | given[name], weighed),
                    before=own_before,
                    deed=float(deed in held or deed in held_before),
                    holds=0.0,
                    defines=float(defined is not None and defined.search(text) is not None),
                )
                previous = Sentence(hit, start, end, text, own_words, span.start, before, held, features)
                found.append(previous)
            before = (start, end)
            held_before, own_before = held, own
    return found


def _definition_of(understood: Understood) -> re.Pattern[str] | None:
    """Matches a sentence that says what the thing asked is: "X is a ...", "X, a ...", "... called X"."""
    asked = _DEFINED.search(understood.asking)
    if asked is None:
        return None
    thing = re.escape(asked["thing"].strip())
    article = r"(?:an?|the|one|any|what|when|where)\b"
    return re.compile(
        rf"(?<!\bfor\s)(?:\b|^){thing}s?(?:\s?\([^)]*\))?"
        rf"(?:,?\s(?:is|are|was|were|means|refers to|stands for)\s{article}|,\s(?:or\s)?{article}"
        rf"|\s?[-–—:]\s?{article}|\s\((?-i:[A-Z])\w+\s)"
        rf"|\b(?:called|known as|named|dubbed)\s(?:the\s|an?\s)?[\"“‘']?{thing}\b",
        re.IGNORECASE,
    )


@lru_cache(maxsize=4096)
def _sentences(passage: str) -> list[Span]:
    """The sentences of a passage; kept, as some passages are found often."""
    return sentences(passage)


def _parsed(passage: str, finder: WordFinder) -> Iterator[tuple[Span, list[Word]]]:
    """The sentences of a passage with the question's words in them, placed in the passage."""
    placed = finder(passage)
    first = 0
    for span in _sentences(passage):
        last = first
        while last < len(placed) and placed[last].start < span.end:
            last += 1
        yield span, placed[first:last]
        first = last


def _adjacent(passage: str, placed: Sequence[Word]) -> set[tuple[str, str]]:
    """The pairs of stems that stand side by side."""
    return {
        (one.stem, other.stem)
        for one, other in pairwise(placed)
        if not any(map(str.isalnum, passage[one.end : other.start]))
    }


def _asks(sentence: str) -> bool:
    """Whether it ends as a question."""
    end = sentence.rstrip()
    return end.endswith("?") or (end[-1:] in "\"”’'" and end[-2:-1] == "?")


def _share(held: Iterable[str], weighed: Mapping[str, float]) -> float:
    return sum(weighed[term] for term in held)


def _vote(understood: Understood, found: Sequence[Sentence], weights: Features, idf: Idf | None) -> None:
    """Candidates that several good sentences share are likelier; each sentence takes its best one."""
    focus = stem(understood.focus) if understood.focus else ""
    act = stem_of_act(understood.asking)
    amount = understood.kind in AMOUNTS or understood.kind is AnswerKind.DATE
    loudest = max((sentence.score for sentence in found), default=0.0)
    votes: dict[str, float] = defaultdict(float)
    rarity: dict[str, float] = {}
    worth: list[tuple[Sentence, list[tuple[str, float, Candidate]]]] = []
    for sentence in found[:SENTENCES_READ]:
        values: list[tuple[str, float, Candidate]] = []
        for candidate in sentence.candidates:
            value = math.exp(sentence.score - loudest) * candidate.fit * _nearness(candidate, sentence, focus, act)
            key = _folded(candidate.text)
            if idf is not None and not amount:
                if key not in rarity:
                    rarity[key] = _rarity(candidate.text, idf)
                value *= rarity[key]
            votes[key] += value
            values.append((key, value, candidate))
        worth.append((sentence, values))
    top = max(votes.values(), default=0.0)
    for sentence, values in worth:
        if values and top:
            if understood.kind is AnswerKind.DEFINITION:  # told by a whole sentence: no name in it is voted for
                agreed = sentence.features.defines
            else:
                agreed = max(votes[key] for key, _, _ in values) / top
            sentence.features = sentence.features._replace(vote=agreed)
            sentence.score += weights.vote * agreed
            named = [entry for entry in values if entry[2].fit > COMMON_FIT] or values
            sentence.value, _, sentence.best = max(named, key=lambda entry: (votes[entry[0]], entry[1]))
            sentence.is_followed_by_asked = _nearness(sentence.best, sentence, focus, act) == FOLLOWED


def _rarity(candidate: str, idf: Idf) -> float:
    """0 to about 1: the rarest word of a candidate; names that all news holds answer little."""
    content = [word.lower() for word in WORD.findall(candidate) if word.lower() not in STOPWORDS]
    return max(map(idf, content), default=0.0) / 10


def _nearness(candidate: Candidate, sentence: Sentence, focus: str, act: str) -> float:
    """0.3 to 2: how close the question's words stand to the candidate; most when its noun or verb follows at once."""
    start, end = candidate.start + sentence.offset, candidate.end + sentence.offset
    distance = 200
    for word in sentence.words:
        # Unpacked once: this is asked of every word of every sentence that is searched for short answers.
        _, word_start, word_end, word_stem = word
        if (focus and word_stem == focus and 0 <= word_start - end < 25) or (
            act and word_stem == act and 0 <= word_start - end <= len(" has been ")
        ):
            return FOLLOWED
        if word_stem in sentence.held and not start <= word_start < end:
            distance = min(distance, max(start - word_end, word_start - end, 0))
    return 0.3 + 0.7 * math.exp(-distance / 40)


def _folded(text: str) -> str:
    return _UNFOLDED.sub(" ", text.lower()).strip().removeprefix("the ")
