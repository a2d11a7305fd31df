"""Whether what a sentence says belongs together as in the passage: amounts, days and names with what is said of them.

Knows nothing about whether the words stand there at all; that is asked first.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from bot.answering.proof.alignment import window
from bot.answering.proof.days import agrees, meant
from bot.answering.proof.deeds import other_way_round, swapped_offices, wrong_doer
from bot.answering.proof.direction import lead_of, turned_comparison, turned_range, turned_since
from bot.answering.proof.evidence_text import Evidence, union
from bot.answering.proof.figures import Figure
from bot.answering.proof.fitting import Place, better_elsewhere, gap
from bot.answering.proof.meanings import opposites
from bot.answering.proof.rounding import is_same_kind, matches
from bot.answering.proof.speakers import other_speaker
from bot.answering.proof.statement import Statement, Term
from bot.answering.proof.swapped_names import other_age, sibling, swapped_names
from bot.answering.proof.tense import not_yet_reason
from bot.answering.proof.units import listed

SWAPPED_BY = 0.6
"""An amount is taken for swapped where another one of the passage fits its words so much better."""
FITS_LEAST_WORDS = 2
LED_CHARS = 14
"""A word so close before a day is what happened on it."""
DATED_CHARS = 5
"""A day so close behind an amount is its day: "96% in 2018"."""
_CHANGE = frozenset(("rise", "fall"))
_SEXES = listed("king queen man woman he she his her son daughter brother sister husband wife")
LACK_WORDS = listed("""
    without lack lacks lacked lacking refuse refused refuses deny denied denies fail failed avoid avoided unhurt
    unharmed unable escaped free absent missing rejected declined stopped instead except excluding spared survived
    intact
    uncertain unclear unknown unspecified undisclosed rather far yet halted ended barred banned prevented
""")
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
        or other_age(claim, evidence)
        or _crossed(claim, evidence)
        or _swapped_days(claim, evidence)
        or _whole_for_part(claim, evidence)
        or _of_another_day(claim, evidence)
        or turned_range(claim, evidence)
        or turned_since(claim, evidence)
        or turned_comparison(claim, evidence)
        or sibling(claim, evidence)
        or other_speaker(claim, evidence)
        or other_way_round(claim, evidence)
        or wrong_doer(claim, evidence)
        or swapped_offices(claim, evidence)
        or swapped_names(claim, evidence)
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
    """A word whose opposite stands there, and it does not ("rose" for "fell"), or beside the same word."""
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
        term.meaning in sentence.meanings and len(sentence.meanings & claim.meanings) > 2
        for sentence in evidence.sentences
    )


def _beside(statement: Statement, word: str, following: str) -> bool:
    order = [term.meaning for term in statement.terms]
    return any(one == word and following in order[at + 1 : at + 3] for at, one in enumerate(order))


def _swapped_figures(claim: Statement, evidence: Evidence, *, is_part: bool) -> str | None:
    ignored = _CHANGE if is_part else frozenset()
    for figure in claim.figures:
        if figure.is_open or figure.text.lower() == "one":
            continue
        places = _figure_places(figure, claim, evidence)
        if better_elsewhere(claim, figure.start, figure.end, places, SWAPPED_BY, ignored=ignored):
            return f"{figure.text} stands for something else in the cited passage"
        if _fits_nowhere(claim, figure, places, evidence):
            return f"the cited passage says {figure.text} of something else"
    return None


def _fits_nowhere(claim: Statement, figure: Figure, places: Sequence[Place], evidence: Evidence) -> bool:
    """Whether no sentence with the amount, nor the one before it, holds any of the words around it but the title's."""
    clause = claim.clause_at(figure.start)
    terms = [term for term in claim.terms if term.clause == clause]
    words = {term.meaning for term in terms if not term.is_name} - evidence.title.meanings
    names = {term.meaning for term in terms if term.is_name}
    held = {place.sentence for place in places if place.is_said}
    if not held:
        return False
    around = list(held)
    around += [before for before, after in pairwise(evidence.sentences) if after in held]
    if not words and names and not names & (evidence.title.lows | evidence.title.meanings) - evidence.frame_words:
        return not names & (union(around, "meanings") | union(around, "lows"))
    if not words and names and evidence.title in held:
        return False
    if len(words) < FITS_LEAST_WORDS or evidence.title in held:
        return False
    return not words & union(around, "meanings")


def _figure_places(figure: Figure, claim: Statement, evidence: Evidence) -> list[Place]:
    places: list[Place] = []
    others = [other for other in claim.figures if other is not figure]
    for sentence in (*evidence.sentences, evidence.title):
        ends = {lead_of(sentence, other.start) for other in sentence.figures if matches(figure, other)} - {""}
        has_said = any(matches(figure, other) for other in sentence.figures)
        for other in sentence.figures:
            is_said = matches(figure, other)
            if not is_said and (
                not is_same_kind(figure, other) or other.text.lower() == "first" != figure.text.lower()
            ):
                continue
            # The other end of "from 500 to 4,000" shares its words; which end is which is asked elsewhere.
            is_end = {"from", "to"} == {lead_of(sentence, other.start), *ends}
            beside = has_said and any(matches(each, other) for each in others)
            taken = not is_said and any(_is_taken(claim, each, sentence, other) for each in others)
            if is_said or not (is_end or taken or (beside and _same_clause(claim, figure, others, other))):
                places.append(Place(sentence, other.start, other.end, is_said))
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


def _crossed(claim: Statement, evidence: Evidence) -> str | None:
    """Two amounts of a sentence, each with the words of the other."""
    for one, other in zip(claim.figures, claim.figures[1:], strict=False):
        if not is_same_kind(one, other) or matches(one, other) or one.readings[0].unit == "s":
            continue  # "11 hours and 55 minutes" is one amount
        for sentence in evidence.sentences:
            first = next((held for held in sentence.figures if matches(one, held)), None)
            second = next((held for held in sentence.figures if matches(other, held)), None)
            if first is None or second is None or first is second:
                continue
            mine, yours = _nearest_words(claim, one, other)
            held_one, held_other = _nearest_words(sentence, first, second)
            direct = _weight(mine & held_one, claim) + _weight(yours & held_other, claim)
            if _weight(mine & held_other, claim) + _weight(yours & held_one, claim) > direct + 1:
                return f"{one.text} and {other.text} stand the other way round in the cited passage"
    return None


def _weight(words: set[str], claim: Statement) -> float:
    """Names tell more than words that both amounts share."""
    names = {term.meaning for term in claim.terms if term.is_name}
    return len(words) + len(words & names)


def _nearest_words(statement: Statement, one: Figure, other: Figure) -> tuple[set[str], set[str]]:
    """The words nearer to one amount, and those nearer to the other."""
    nearer: tuple[set[str], set[str]] = (set(), set())
    for term in statement.terms:
        nearer[gap(term, one.start, one.end) > gap(term, other.start, other.end)].add(term.meaning)
    return nearer


def _day_of_other_words(claim: Statement, start: int, places: Sequence[Place]) -> bool:
    """ "died on Tuesday" where the passage says "that stranded on Tuesday died on Thursday"."""
    before = [term for term in claim.terms if claim.text[term.end : start].strip() == "on" and not term.is_name]
    if not before:
        return False
    word = before[-1].meaning

    def leads(place: Place, reach: int) -> bool:
        return any(term.meaning == word and 0 < place.start - term.end <= reach for term in place.sentence.terms)

    said = [place for place in places if place.is_said]
    others = [place for place in places if not place.is_said]
    return bool(said) and any(leads(place, LED_CHARS) for place in others) and not any(leads(p, 999) for p in said)


def _whole_for_part(claim: Statement, evidence: Evidence) -> str | None:
    """ "cut 910 jobs" where the passage says "240 of 910 jobs"."""
    for figure in claim.figures:
        before = claim.text[: figure.start].lower().rstrip()
        if before.endswith(
            (" of", " of the", "of", " all", " its", " has", " have", " had", " are", " were", " total")
        ):
            continue
        wholes = [
            bool(first.end < second.start <= first.end + 8 and " of " in sentence.text[first.end : second.start])
            for sentence in (*evidence.sentences, evidence.title)
            for first, second in zip((None, *sentence.figures), sentence.figures, strict=False)
            if matches(figure, second) and first is not None
        ]
        alone = any(
            matches(figure, sentence.figures[0])
            for sentence in (*evidence.sentences, evidence.title)
            if sentence.figures
        )
        if wholes and all(wholes) and not alone:
            return f"{figure.text} is the whole in the cited passage, not the part"
    return None


def _of_another_day(claim: Statement, evidence: Evidence) -> str | None:
    """ "91% in 2018" where the passage says "91%, down from 96% in 2018"."""
    for day in claim.days:
        clause = claim.clause_at(day.start)
        own = [figure for figure in claim.figures if abs(claim.clause_at(figure.start) - clause) <= 1]
        own = [one for one in own if not any(is_same_kind(one, other) for other in own if other is not one)]
        if not own or len(claim.days) != 1:
            continue
        said = meant(day, evidence.article.published)
        for sentence, held_days in zip(evidence.sentences, evidence.days, strict=True):
            of_day = [
                held
                for held, partials in zip(sentence.days, held_days, strict=True)
                if any(agrees(one, other) for one in said for other in partials)
            ]
            for figure in own:
                same = [other for other in sentence.figures if is_same_kind(figure, other)]
                has_own = any(matches(figure, other) for other in same)
                dated = [other for other in same for held in of_day if 0 < held.start - other.end <= DATED_CHARS]
                if has_own and dated and not any(matches(figure, other) for other in dated):
                    return f"{figure.text} is not the figure of {day.text} in the cited passage"
    return None


def _swapped_days(claim: Statement, evidence: Evidence) -> str | None:
    for day in claim.days:
        said = meant(day, evidence.article.published)
        places = [
            Place(sentence, other.start, other.end, any(agrees(one, each) for one in said for each in held))
            for sentence, held_days in zip(evidence.sentences, evidence.days, strict=True)
            for other, held in zip(sentence.days, held_days, strict=True)
        ]
        if _day_of_other_words(claim, day.start, places):
            return f"{day.text} is the day of something else in the cited passage"
        same = {(id(place.sentence), place.sentence.clause_at(place.start)) for place in places if place.is_said}
        places = [
            place
            for place in places
            if place.is_said or (id(place.sentence), place.sentence.clause_at(place.start)) not in same
        ]
        if better_elsewhere(claim, day.start, day.end, places, SWAPPED_BY, counts_amounts=True):
            return f"{day.text} is the day of something else in the cited passage"
    return None
