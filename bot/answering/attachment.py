"""Whether what a sentence says belongs together as in the passage: amounts and days with what they belong to, names with
what is said of them, "not" with what is denied.

Knows nothing about whether the words stand there at all; that is asked first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from typing import NamedTuple

from bot.answering.alignment import window
from bot.answering.days import agrees, meant
from bot.answering.deeds import other_way_round, swapped_offices
from bot.answering.evidence_text import Evidence, union
from bot.answering.figures import Figure, is_same_kind, matches
from bot.answering.meanings import folded, opposites
from bot.answering.statement import Name, Statement, Term
from bot.answering.tense import not_yet_reason

NAME, WORD = 1.6, 1.0
"""What a shared name and another shared word count in the clause of an amount, a day or a name."""
SENTENCE = 0.4
"""Share of it that counts elsewhere in the sentence."""
BESIDE = 0.8
"""Added where the word stands beside it in both."""
BESIDE_CHARS = 14
SWAPPED_BY = 0.75
"""An amount is taken for swapped where another one of the passage fits its words so much better."""
NAME_SWAPPED_BY = 0.9
FITS_LEAST_WORDS = 2
AMOUNT = 2.0
"""What a shared amount or day counts for a name."""
NAME_FIT_LEAST = 1.5
"""Less than this in common is chance."""
_CHANGE = frozenset(("rise", "fall"))
_PRONOUNS = frozenset("he she they it his her their its him them".split())
_SEXES = frozenset("king queen man woman he she his her son daughter brother sister husband wife".split())
_SUBJECTS = frozenset("he she it they".split())
LACK_WORDS = frozenset(
    "without lack lacks lacked lacking refuse refused refuses deny denied denies fail failed avoid avoided unhurt unharmed"
    " unable escaped free absent missing rejected declined stopped instead except excluding spared survived intact"
    " uncertain unclear unknown unspecified undisclosed rather far yet halted ended barred banned prevented".split()
)
"""Words that say "not" in themselves."""


def attachment_reason(claim: Statement, evidence: Evidence, *, is_part: bool = False) -> str | None:
    """Why the claim puts together what does not belong together in the passage; None where it does not.

    In a claim that `is_part` of one over several passages, "rose" says nothing of this passage.
    """
    near = [evidence.sentences[place] for place in window(claim, evidence)]
    return (
        _denial(claim, near, evidence)
        or _opposite(claim, near, evidence)
        or _swapped_figures(claim, evidence, is_part=is_part)
        or _other_age(claim, evidence)
        or _crossed(claim, evidence)
        or _swapped_days(claim, evidence)
        or _turned_range(claim, evidence)
        or _turned_since(claim, evidence)
        or _turned_comparison(claim, evidence)
        or _sibling(claim, evidence)
        or _other_speaker(claim, evidence)
        or other_way_round(claim, evidence)
        or swapped_offices(claim, evidence)
        or _swapped_names(claim, evidence)
        or not_yet_reason(claim, near)
    )


def _denial(claim: Statement, near: Sequence[Statement], evidence: Evidence) -> str | None:
    passage = (*evidence.sentences, evidence.title)
    if claim.has_negation:
        if any(statement.has_negation for statement in near):
            held_denied, held_stated = union(near, "denied"), union(near, "stated")
            if claim.denied and held_denied and not claim.denied & held_denied and claim.denied <= held_stated:
                return "the cited passage says so, and the sentence denies it"
            return None
        if any(statement.denied & claim.denied for statement in passage) or _lacking(near):
            return None
        if any(" than any " in statement.text for statement in near):
            return None  # "No one reigned longer": "longer than any before her"
        held = union(near, "stated") | evidence.title.stated
        if any(opposites().get(word, frozenset()) & held - _SEXES for word in claim.denied - held):
            return None
        return "the cited passage does not deny this"
    if _lacking([claim]):
        return None
    denied, stated = union(passage, "denied"), union(passage, "stated")
    near_denied, near_stated = union(near, "denied"), union(near, "stated")
    for statement in evidence.sentences:
        if statement.weak_denied & claim.weak:
            shared = len(statement.meanings & claim.meanings)
            if shared and shared >= min(len(claim.meanings) / 3, len(statement.meanings) / 2):
                return "the cited passage denies this"
    for term in claim.terms:
        word = term.meaning
        if term.is_name or opposites().get(word, frozenset()) & claim.meanings:
            continue
        if (word in near_denied and word not in near_stated) or (word in denied and word not in stated):
            return f"the cited passage denies “{term.text}”"
    return None


def _lacking(statements: Sequence[Statement]) -> bool:
    return any(token.low in LACK_WORDS for statement in statements for token in statement.tokens)


def _opposite(claim: Statement, near: Sequence[Statement], evidence: Evidence) -> str | None:
    """A word whose opposite stands there, and it does not: "rose" for "fell"; or beside the same word: "raise taxes"."""
    if not near:
        return None
    best = max(near, key=lambda sentence: (_figures_shared(claim, sentence), len(sentence.meanings & claim.meanings)))
    held = best.meanings if _figures_shared(claim, best) else best.meanings | evidence.title.meanings
    lows = best.lows
    said = claim.meanings | claim.lows
    for at, term in enumerate(claim.terms):
        against = opposites().get(term.meaning)
        if not against or term.is_denied:
            continue
        contrary = (against & (best.stated | lows)) - said
        if not contrary:
            continue
        if term.meaning not in held and not (term.meaning in evidence.meanings and _elsewhere(term, claim, evidence)):
            return f"the cited passage says the opposite of “{term.text}”"
        following = claim.terms[at + 1].meaning if at + 1 < len(claim.terms) else ""
        if any(_beside(best, word, following) for word in contrary) and not _beside(best, term.meaning, following):
            return f"the cited passage says the opposite of “{term.text}”"
    return None


def _figures_shared(claim: Statement, sentence: Statement) -> int:
    return sum(any(matches(figure, other) for other in sentence.figures) for figure in claim.figures)


def _elsewhere(term: Term, claim: Statement, evidence: Evidence) -> bool:
    """Whether a sentence that holds the word shares more with the claim than that word."""
    return any(
        term.meaning in sentence.meanings and len(sentence.meanings & claim.meanings) > 2 for sentence in evidence.sentences
    )


def _beside(statement: Statement, word: str, following: str) -> bool:
    order = [term.meaning for term in statement.terms]
    return any(one == word and following in order[at + 1 : at + 3] for at, one in enumerate(order))


class _Place(NamedTuple):
    """Where an amount, a day or a name stands, and whether it is the one that is said."""

    sentence: Statement
    start: int
    end: int
    is_said: bool


def _swapped_figures(claim: Statement, evidence: Evidence, *, is_part: bool) -> str | None:
    ignored = _CHANGE if is_part else frozenset()
    for figure in claim.figures:
        if figure.is_open or figure.text.lower() == "one":
            continue
        places = _figure_places(figure, claim, evidence)
        if _better_elsewhere(claim, figure.start, figure.end, places, SWAPPED_BY, ignored=ignored):
            return f"{figure.text} stands for something else in the cited passage"
        if _fits_nowhere(claim, figure, places, evidence):
            return f"the cited passage says {figure.text} of something else"
    return None


def _fits_nowhere(claim: Statement, figure: Figure, places: Sequence[_Place], evidence: Evidence) -> bool:
    """Whether no sentence with the amount holds any of the words around it, but for those of the title."""
    clause = claim.clause_at(figure.start)
    own = {
        term.meaning
        for term in claim.terms
        if term.clause == clause and not term.is_name and term.meaning not in evidence.title.meanings
    }
    sentences = list(evidence.sentences)
    held = [place.sentence for place in places if place.is_said]
    if len(own) < FITS_LEAST_WORDS or evidence.title in held or not held:
        return False
    around = set(held)
    for place, sentence in enumerate(sentences):
        if sentence in held and place:
            around.add(sentences[place - 1])
    return not own & union(list(around), "meanings")


def _figure_places(figure: Figure, claim: Statement, evidence: Evidence) -> list[_Place]:
    places: list[_Place] = []
    others = [other for other in claim.figures if other is not figure]
    for sentence in (*evidence.sentences, evidence.title):
        ends = {lead_of(sentence, other.start) for other in sentence.figures if matches(figure, other)} - {""}
        has_said = any(matches(figure, other) for other in sentence.figures)
        for other in sentence.figures:
            is_said = matches(figure, other)
            if not is_said and (not is_same_kind(figure, other) or other.text.lower() == "first" != figure.text.lower()):
                continue
            # The other end of "from 500 to 4,000" shares its words; which end is which is asked elsewhere.
            is_end = {"from", "to"} == {lead_of(sentence, other.start), *ends}
            beside = has_said and any(matches(each, other) for each in others)
            taken = not is_said and any(_is_taken(claim, each, sentence, other) for each in others)
            if is_said or not (is_end or taken or (beside and _same_clause(claim, figure, others, other))):
                places.append(_Place(sentence, other.start, other.end, is_said))
    return places


def _is_taken(claim: Statement, said: Figure, sentence: Statement, held: Figure) -> bool:
    """Whether the claim gives an amount of the passage elsewhere, and rightly by its words."""
    if not matches(said, held):
        return False
    clause, own = claim.clause_at(said.start), sentence.clause_at(held.start)
    words = {term.meaning for term in claim.terms if term.clause == clause}
    return len(words & {term.meaning for term in sentence.terms if term.clause == own}) > len(words) / 2


def _same_clause(claim: Statement, figure: Figure, others: Sequence[Figure], held: Figure) -> bool:
    """Whether the claim gives the other amount in the same clause: then both share its words."""
    clause = claim.clause_at(figure.start)
    return any(matches(each, held) and claim.clause_at(each.start) == clause for each in others)


def _other_age(claim: Statement, evidence: Evidence) -> str | None:
    """ "Truss, 96," where the passage has "Truss, 47,"."""
    for figure in claim.figures:
        name = next((name for name in _claim_names(claim, evidence) if claim.text[name.end : figure.start] == ", "), None)
        if name is None or claim.text[figure.end : figure.end + 1] not in (",", ""):
            continue
        ages = [
            held
            for sentence in evidence.sentences
            for other in sentence.names
            for held in sentence.figures
            if set(other.words) & set(name.words) and sentence.text[other.end : held.start] == ", "
        ]
        if ages and not any(matches(figure, held) for held in ages):
            return f"the cited passage gives {name.raw[-1]} another age than {figure.text}"
    return None


def _crossed(claim: Statement, evidence: Evidence) -> str | None:
    """Two amounts of a sentence, each with the words of the other."""
    for one, other in zip(claim.figures, claim.figures[1:], strict=False):
        if not is_same_kind(one, other) or matches(one, other):
            continue
        for sentence in evidence.sentences:
            first = next((held for held in sentence.figures if matches(one, held)), None)
            second = next((held for held in sentence.figures if matches(other, held)), None)
            if first is None or second is None or first is second:
                continue
            mine, yours = _nearest_words(claim, one, other)
            held_one, held_other = _nearest_words(sentence, first, second)
            direct = len(mine & held_one) + len(yours & held_other)
            if len(mine & held_other) + len(yours & held_one) > direct + 1:
                return f"{one.text} and {other.text} stand the other way round in the cited passage"
    return None


def _nearest_words(statement: Statement, one: Figure, other: Figure) -> tuple[set[str], set[str]]:
    """The words nearer to one amount, and those nearer to the other."""
    nearer: tuple[set[str], set[str]] = (set(), set())
    for term in statement.terms:
        nearer[_gap(term, one.start, one.end) > _gap(term, other.start, other.end)].add(term.meaning)
    return nearer


def _swapped_days(claim: Statement, evidence: Evidence) -> str | None:
    for day in claim.days:
        said = meant(day, evidence.article.published)
        places = [
            _Place(sentence, other.start, other.end, any(agrees(one, each) for one in said for each in held))
            for sentence, held_days in zip(evidence.sentences, evidence.days, strict=True)
            for other, held in zip(sentence.days, held_days, strict=True)
        ]
        same = {(id(place.sentence), place.sentence.clause_at(place.start)) for place in places if place.is_said}
        places = [
            place
            for place in places
            if place.is_said or (id(place.sentence), place.sentence.clause_at(place.start)) not in same
        ]
        if _better_elsewhere(claim, day.start, day.end, places, SWAPPED_BY, counts_amounts=True):
            return f"{day.text} is the day of something else in the cited passage"
    return None


def _swapped_names(claim: Statement, evidence: Evidence) -> str | None:
    """A name stands with words that stand with another name in the passage."""
    claimed = _claim_names(claim, evidence)
    named = {word for name in claimed for word in name.words}
    titled = {word for name in evidence.title.names for word in name.words}
    speaking = speakers(claim)
    for name in claimed:
        led_by = _preposition(claim, name.start)
        if set(name.words) & speaking or led_by in ("than", "rather"):
            continue
        if evidence.outlets and any(word in evidence.frame_words for word in name.words):
            continue
        places = [
            _Place(sentence, other.start, other.end, is_said)
            for place, sentence in enumerate(evidence.sentences)
            for other in _with_pronouns(place, evidence, set(name.words), name if set(name.words) & titled else None)
            if (is_said := bool(set(other.words) & set(name.words)))
            or (
                not (set(other.words) & _clause_names(claim, name) or set(other.words) & titled & named)
                and led_by in ("", _preposition(sentence, other.start))
            )
        ]
        if set(name.words) & titled and evidence.title.meanings & (claim.meanings - set(name.words)):
            continue
        said = {(id(place.sentence), place.sentence.clause_at(place.start)) for place in places if place.is_said}
        places = [
            place
            for place in places
            if place.is_said or (id(place.sentence), place.sentence.clause_at(place.start)) not in said
        ]
        if any(place.is_said for place in places) or set(name.words) & titled:
            if set(name.words) & titled:
                places.append(_Place(evidence.title, 0, 0, True))
            if _better_elsewhere(claim, name.start, name.end, places, NAME_SWAPPED_BY, set(name.words)):
                return f"the cited passage says this of another than {' '.join(name.raw)}"
    return None


_PREPOSITIONS = frozenset("in at on of to from with against into near through for by than rather between".split())


def _preposition(statement: Statement, start: int) -> str:
    """The preposition that leads to a name, past "the"; nothing before a subject."""
    before = [token.low for token in statement.tokens if token.end <= start][-2:]
    if before[-1:] == ["the"]:
        before.pop()
    return before[-1] if before and before[-1] in _PREPOSITIONS else ""


def _claim_names(claim: Statement, evidence: Evidence) -> list[Name]:
    """The claim's names, and its first word where the passage has it as a name: "Messi won"."""
    names = list(claim.names)
    first = next((word for word in claim.words if claim.text[: word.start].strip(' "“') == ""), None)
    if first is not None and not any(name.start <= first.start < name.end for name in names):
        low = folded(first.text)
        if any(low in name.words for sentence in evidence.sentences for name in sentence.names):
            names.insert(0, Name(first.start, first.end, (low,), (first.text,)))
    return names


def _clause_names(claim: Statement, name: Name) -> set[str]:
    clause = claim.clause_at(name.start)
    return {word for other in claim.names if claim.clause_at(other.start) == clause for word in other.words}


def _with_pronouns(place: int, evidence: Evidence, own: set[str], topic: Name | None) -> list[Name]:
    """The names of a sentence; where "he" or "her" stands, also those of the sentences before.

    A pronoun that opens the sentence may be any name of the sentence before; elsewhere only one of `own` is tried:
    that is in favour of the claim. A `topic` that the title names may be meant by any of them.
    """
    sentence = evidence.sentences[place]
    names = list(sentence.names)
    pronouns = [(at, token) for at, token in enumerate(sentence.tokens) if token.low in _PRONOUNS]
    if not pronouns:
        return names
    if topic is not None:
        names += [topic._replace(start=token.start, end=token.end) for _, token in pronouns]
    before: list[Name] = []
    for back in range(place - 1, max(place - 4, -1), -1):
        if before := evidence.sentences[back].names:
            break
    for other in before:
        for at, token in pronouns:
            if (at < 2 and token.low in _SUBJECTS) or set(other.words) & own:
                names.append(other._replace(start=token.start, end=token.end))
    return names


def _better_elsewhere(
    claim: Statement,
    start: int,
    end: int,
    places: Sequence[_Place],
    by: float,
    without: Set[str] = frozenset(),
    ignored: Set[str] = frozenset(),
    *,
    counts_amounts: bool = False,
) -> bool:
    """Whether the words around an amount, day or name of the claim fit another one of the passage much better."""
    if not any(place.is_said for place in places) or all(place.is_said for place in places):
        return False
    clause = claim.clause_at(start)
    that = claim.text.find(" that ", 0, start)
    own = [
        term
        for term in claim.terms
        if term.clause == clause and not start <= term.start < end and not term.start < that and term.meaning not in ignored
    ]
    if not own:
        return False
    beside = {term.meaning for term in own if _gap(term, start, end) <= BESIDE_CHARS}
    fit = {True: 0.0, False: 0.0}
    for place in places:
        value = _fit(own, beside, place, without)
        if (without or counts_amounts) and (value or place.is_said):
            value += AMOUNT * _shared_amounts(claim, clause, place, with_days=not counts_amounts)
        if not without:
            value += _shared_ordinals(claim, clause, place)
        if place.is_said or not without or value >= NAME_FIT_LEAST:
            fit[place.is_said] = max(fit[place.is_said], value)
    return fit[False] > fit[True] + by


def _shared_ordinals(claim: Statement, clause: int, place: _Place) -> float:
    """ "The first quake had a magnitude of 7.8": which one it is counts as a word."""
    said = {figure.readings[0].value for figure in _ordinals(claim) if claim.clause_at(figure.start) == clause}
    held = {figure.readings[0].value for figure in _ordinals(place.sentence) if figure.start != place.start}
    return WORD * len(said & held)


def _ordinals(statement: Statement) -> list[Figure]:
    return [figure for figure in statement.figures if figure.readings[0].unit == "ordinal"]


def _shared_amounts(claim: Statement, clause: int, place: _Place, *, with_days: bool) -> int:
    """How many amounts and days of a clause stand in the sentence of a place, and nearer to it than to others."""
    own = place.sentence.clause_at(place.start)
    figures = [
        figure
        for figure in claim.figures
        if claim.clause_at(figure.start) == clause and figure.text.lower() not in ("first", "one")
    ]
    held = [other for other in place.sentence.figures if place.sentence.clause_at(other.start) == own]
    days = [day.said for day in claim.days if claim.clause_at(day.start) == clause]
    held_days = [day.said for day in place.sentence.days if place.sentence.clause_at(day.start) == own]
    if not with_days:
        days = []
    return sum(any(matches(one, other) for other in held) for one in figures) + sum(
        any(agrees(one, other) or agrees(other, one) for other in held_days) for one in days
    )


def _fit(own: Sequence[Term], beside: set[str], place: _Place, without: Set[str]) -> float:
    clause = place.sentence.clause_at(place.start)
    # The name that a sentence opens with goes with all of it, which speaks for the claim alone.
    is_subject = bool(without) and place.sentence.names[:1] != [] and place.sentence.names[0].start == place.start
    near: dict[str, float] = {}
    for term in place.sentence.terms:
        if place.start <= term.start < place.end or term.low in without:
            continue
        value = NAME if term.is_name or (term.is_opening and term.text[0].isupper()) else WORD
        if term.clause != clause and not (place.is_said and is_subject):
            value *= SENTENCE
        elif term.meaning in beside and _gap(term, place.start, place.end) <= BESIDE_CHARS:
            value += BESIDE
        near[term.meaning] = max(near.get(term.meaning, 0.0), value)
    shared = {term.meaning for term in own} & near.keys()
    if not place.is_said and not any(near[word] >= WORD for word in shared):
        return 0.0
    return sum(near[word] for word in shared)


def _gap(term: Term, start: int, end: int) -> int:
    return max(start - term.end, term.start - end, 0)


def lead_of(statement: Statement, start: int) -> str:
    """The "from" or "to" that leads to a place, past hedges."""
    before = [token for token in statement.tokens if token.end <= start][-5:]
    for token in reversed(before):
        if token.low in ("from", "to"):
            is_hedge = token.low == "to" and statement.text[: token.start].rstrip().lower().endswith(("up", "close"))
            return "" if is_hedge else token.low
        if token.text in ",;." or token.low in ("and", "by", "of", "in"):
            break
    return ""


def _turned_range(claim: Statement, evidence: Evidence) -> str | None:
    """ "from 4,000 to 500" where the passage goes from 500 to 4,000."""
    for figure in claim.figures:
        lead = lead_of(claim, figure.start)
        if not lead:
            continue
        leads = [
            lead_of(sentence, other.start)
            for sentence in evidence.sentences
            for other in sentence.figures
            if matches(figure, other)
        ]
        other_way = "from" if lead == "to" else "to"
        if other_way in leads and lead not in leads:
            return f"the cited passage goes {other_way} {figure.text}, not {lead} it"
    for one, other in zip(claim.figures, claim.figures[1:], strict=False):
        if not _is_range(claim, one, other):
            continue
        held = [
            (matches(one, first) and matches(other, second), matches(one, second) and matches(other, first))
            for sentence in (*evidence.sentences, evidence.title)
            for first, second in zip(sentence.figures, sentence.figures[1:], strict=False)
            if _is_range(sentence, first, second)
        ]
        if any(turned for _, turned in held) and not any(direct for direct, _ in held):
            return f"the cited passage has {other.text} before {one.text}"
    return None


def _is_range(statement: Statement, one: Figure, other: Figure) -> bool:
    joint = [token.low for token in statement.tokens if one.end <= token.start < other.start]
    return bool(joint) and len(joint) < 5 and ("to" in joint or joint[0] in "-–")


_SINCE = frozenset(("since", "until", "till"))


def _turned_since(claim: Statement, evidence: Evidence) -> str | None:
    """ "in 1950, the first time since 2020" where the passage says "in 2020, ... since 1950"."""
    for day in claim.days:
        if _word_before(claim, day.start) not in _SINCE:
            continue
        said = meant(day, evidence.article.published)
        leads = [
            (_word_before(sentence, own.start), len(sentence.days))
            for sentence, held in zip(evidence.sentences, evidence.days, strict=True)
            for own, each in zip(sentence.days, held, strict=True)
            if any(agrees(one, other) for one in said for other in each)
        ]
        if leads and all(lead not in _SINCE and count > 1 for lead, count in leads):
            return f"the cited passage does not say since {day.text}"
    return None


def _word_before(statement: Statement, start: int) -> str:
    before = [token.low for token in statement.tokens if token.end <= start]
    return before[-1] if before else ""


def _other_speaker(claim: Statement, evidence: Evidence) -> str | None:
    """ "X said that" where the sentence that says it gives it to Y."""
    said = speakers(claim)
    if not said:
        return None
    told = claim.meanings - said - {word for name in claim.names for word in name.words if set(name.words) & said}
    if not told:
        return None
    best = max(range(len(evidence.sentences)), key=lambda place: len(evidence.sentences[place].meanings & told), default=-1)
    if best < 0:
        return None
    sentence = evidence.sentences[best]
    held = speakers(sentence)
    if len(sentence.meanings & told) < len(told) / 2 or not held or held & said:
        return None
    if said & evidence.frame_words or _pronoun_speaks(sentence):
        return None
    return "someone else says this in the cited passage"


_SAYING = frozenset(
    "said says warned told stressed promised admitted according called wrote added announced expects estimates projects"
    " estimated expected".split()
)


def _pronoun_speaks(statement: Statement) -> bool:
    return any(
        one.low in ("he", "she", "they") and other.low in _SAYING
        for one, other in zip(statement.tokens, statement.tokens[1:], strict=False)
    )


def speakers(statement: Statement) -> set[str]:
    """Words of the names beside a verb of speaking: "Stoltenberg said", "said Bill Nelson", "according to AFAD"."""
    found: set[str] = set()
    openings = [term for term in statement.terms if term.is_opening and term.text[0].isupper() and not term.is_name]
    for token in statement.tokens:
        if token.low not in _SAYING:
            continue
        for name in statement.names:
            reach = 5 if token.low == "according" else 25 if token.low == "said" else 2
            is_behind = 0 < name.start - token.end <= reach and " that " not in statement.text[token.end : name.start]
            if 0 < token.start - name.end <= 2 or (is_behind and token.low != "told"):
                found |= set(name.words)
        found |= {term.low for term in openings if 0 < token.start - term.end <= 2}
    return found


_MORE = frozenset("more higher greater larger bigger longer faster older taller better".split())
_LESS = frozenset("less fewer lower smaller shorter slower younger worse cheaper".split())


def _comparison(statement: Statement, end: int) -> str:
    """ "15% more": which way an amount compares."""
    following = [token.low for token in statement.tokens if token.start >= end][:2]
    if set(following) & _MORE:
        return "more"
    return "less" if set(following) & _LESS else ""


def _turned_comparison(claim: Statement, evidence: Evidence) -> str | None:
    for figure in claim.figures:
        said = _comparison(claim, figure.end)
        held = {
            _comparison(sentence, other.end)
            for sentence in evidence.sentences
            for other in sentence.figures
            if matches(figure, other)
        } - {""}
        if said and held and said not in held:
            return f"the cited passage does not say {figure.text} {said}"
    return None


_NUMERAL = re.compile(r"[ivx]{1,5}|\d{1,2}")


def _sibling(claim: Statement, evidence: Evidence) -> str | None:
    """ "He took the name Leo XIII" where the passage says it of Leo XIV: names that differ in their number alone."""
    lows = claim.lows
    for name in claim.names:
        *stem, number = name.words
        if not stem or not _NUMERAL.fullmatch(number):
            continue
        fit = {True: 0, False: 0}
        for sentence in (*evidence.sentences, evidence.title):
            for other in sentence.names:
                if list(other.words[:-1]) == stem and _NUMERAL.fullmatch(other.words[-1]):
                    own = other.words == name.words
                    fit[own] = max(fit[own], len(lows & sentence.lows))
        if fit[False] > fit[True]:
            return f"the cited passage says this of another than {' '.join(name.raw)}"
    return None
