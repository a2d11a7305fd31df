"""Whether what a sentence says belongs together as in the passage: amounts with what they count, days with what happened,
doers with deeds, "not" with what is denied.

Knows nothing about whether the words stand there at all; that is asked first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from bot.answering.alignment import window
from bot.answering.days import agrees, resolved
from bot.answering.evidence_text import Evidence, is_to_come, union
from bot.answering.figures import Figure, is_same_kind, matches
from bot.answering.meanings import POSSIBLE, SPEAKING, opposites
from bot.answering.statement import Statement, Term

CLAUSE, SENTENCE, BESIDE = 1.0, 0.35, 1.0
"""What a shared word counts in the clause of an amount, elsewhere in its sentence, and beside the amount."""
BESIDE_CHARS = 14
SWAPPED_BY = 0.9
"""An amount is taken for swapped where another one of the passage fits its words so much better."""
_PRONOUNS = frozenset("he she it they his her its their this that these those both him them".split())
_PAST = frozenset("was were became had did took won rose fell went came began left gave said has have led held".split())
_TURNED = {"lose": "win"}
_ROLES = frozenset(
    "win lose succeed blame ask help attack give buy sell kill elect lead own invade sue refuse approve accuse"
    " promise thank follow praise criticise defend overtake arrest fine marry hit send".split()
)


def attachment_reason(claim: Statement, evidence: Evidence) -> str | None:
    """Why the claim puts together what does not belong together in the passage; None where it does not."""
    places = window(claim, evidence)
    near = [evidence.sentences[place] for place in places]
    return (
        _denial(claim, near, evidence)
        or _opposite(claim, near, evidence)
        or _swapped_figures(claim, evidence)
        or _swapped_days(claim, evidence)
        or _turned_range(claim, evidence)
        or _swapped_doers(claim, evidence)
        or _other_speaker(claim, near, evidence)
        or _not_yet(claim, near)
    )


def _denial(claim: Statement, near: Sequence[Statement], evidence: Evidence) -> str | None:
    held_denied, held_stated = union(near, "denied"), union(near, "stated") | evidence.title.stated
    if claim.has_negation:
        if not any(statement.has_negation for statement in (*near, evidence.title)):
            contrary = any(opposites().get(word, frozenset()) & held_stated for word in claim.denied)
            if not contrary and not _lacking(near):
                return "the cited passage does not deny this"
        if claim.denied and held_denied and not claim.denied & held_denied and claim.denied <= held_stated:
            return "the cited passage says so, and the sentence denies it"
        return None
    if _lacking([claim]):
        return None
    only_denied = {
        term.meaning
        for term in claim.terms
        if not term.is_name and term.meaning in held_denied and term.meaning not in held_stated
    }
    if only_denied and not any(opposites().get(word, frozenset()) & claim.meanings for word in only_denied):
        return "the cited passage denies this"
    return None


_LACKING = ("un", "in", "dis")
_LACK_WORDS = frozenset(
    "without lack lacks lacked lacking refuse refused refuses deny denied denies fail failed avoid avoided unhurt unharmed"
    " unable escaped free absent missing rejected declined stopped instead except excluding spared survived intact"
    " uncertain unclear unknown unspecified undisclosed rather far yet halted ended barred banned prevented".split()
)


def _lacking(statements: Sequence[Statement]) -> bool:
    return any(token.low in _LACK_WORDS for statement in statements for token in statement.tokens)


def _opposite(claim: Statement, near: Sequence[Statement], evidence: Evidence) -> str | None:
    """A word whose opposite stands there, and it does not: "rose" for "fell"."""
    held = union(near, "meanings") | evidence.title.meanings
    lows = union(near, "lows")
    for term in claim.terms:
        against = opposites().get(term.meaning)
        if not against or term.is_denied or term.meaning in held:
            continue
        contrary = against & (held | lows)
        if contrary and not contrary & claim.meanings and term.meaning not in evidence.meanings:
            return f"the cited passage says the opposite of “{term.text}”"
        if contrary and not contrary & claim.meanings and not union(near, "denied") & contrary:
            return f"the cited passage says the opposite of “{term.text}”"
    return None


class _Place(NamedTuple):
    """Where an amount or a day stands, and whether it is the one that is said."""

    sentence: Statement
    start: int
    end: int
    is_said: bool


def _swapped_figures(claim: Statement, evidence: Evidence) -> str | None:
    for figure in claim.figures:
        if figure.is_open or figure.text.lower() == "one":
            continue
        if _better_elsewhere(claim, figure.start, figure.end, _figure_places(figure, evidence)):
            return f"{figure.text} stands for something else in the cited passage"
    return None


def _figure_places(figure: Figure, evidence: Evidence) -> list[_Place]:
    return [
        _Place(sentence, other.start, other.end, matches(figure, other))
        for sentence in (*evidence.sentences, evidence.title)
        for other in sentence.figures
        if matches(figure, other) or is_same_kind(figure, other)
    ]


def _swapped_days(claim: Statement, evidence: Evidence) -> str | None:
    for day in claim.days:
        said = resolved(day, evidence.article.published)
        places = [
            _Place(sentence, other.start, other.end, any(agrees(one, each) for one in said for each in held))
            for sentence, held_days in zip(evidence.sentences, evidence.days, strict=True)
            for other, held in zip(sentence.days, held_days, strict=True)
        ]
        if _better_elsewhere(claim, day.start, day.end, places):
            return f"{day.text} is the day of something else in the cited passage"
    return None


def _better_elsewhere(claim: Statement, start: int, end: int, places: Sequence[_Place]) -> bool:
    """Whether the words around an amount of the claim fit another amount of the passage much better."""
    if not any(place.is_said for place in places) or all(place.is_said for place in places):
        return False
    clause = claim.clause_at(start)
    own = [term for term in claim.terms if term.clause == clause]
    if not own:
        return False
    beside = {term.meaning for term in own if _gap(term, start, end) <= BESIDE_CHARS}
    fit = {True: 0.0, False: 0.0}
    for place in places:
        fit[place.is_said] = max(fit[place.is_said], _fit(own, beside, place))
    return fit[False] > fit[True] + SWAPPED_BY


def _fit(own: Sequence[Term], beside: set[str], place: _Place) -> float:
    clause = place.sentence.clause_at(place.start)
    near: dict[str, float] = {}
    for term in place.sentence.terms:
        value = CLAUSE if term.clause == clause else SENTENCE
        if term.meaning in beside and _gap(term, place.start, place.end) <= BESIDE_CHARS:
            value += BESIDE
        near[term.meaning] = max(near.get(term.meaning, 0.0), value)
    return sum(near.get(word, 0.0) for word in {term.meaning for term in own})


def _gap(term: Term, start: int, end: int) -> int:
    return max(start - term.end, term.start - end, 0)


def _lead(statement: Statement, start: int) -> str:
    """The "from" or "to" that leads to a place, past hedges."""
    for token in reversed([token for token in statement.tokens if token.end <= start][-5:]):
        if token.low in ("from", "to"):
            return token.low
        if token.text in ",;." or token.low in ("and", "by", "of", "in"):
            break
    return ""


def _turned_range(claim: Statement, evidence: Evidence) -> str | None:
    """ "from 4,000 to 500" where the passage goes from 500 to 4,000."""
    for figure in claim.figures:
        lead = _lead(claim, figure.start)
        if not lead:
            continue
        leads = [
            _lead(sentence, other.start)
            for sentence in evidence.sentences
            for other in sentence.figures
            if matches(figure, other)
        ]
        other_way = "from" if lead == "to" else "to"
        if other_way in leads and lead not in leads:
            return f"the cited passage goes {other_way} {figure.text}, not {lead} it"
    return None


class _Deed(NamedTuple):
    deed: str
    doer: str
    done_to: str


def _deeds(statement: Statement) -> list[_Deed]:
    """Who does what to whom, by the order of names around a verb; "was beaten by" turns it round."""
    found: list[_Deed] = []
    terms = statement.terms
    for at, term in enumerate(terms):
        if term.is_name or term.meaning not in _ROLES:
            continue
        before = [other.meaning for other in terms[:at] if other.is_name or other.is_opening]
        after = [other.meaning for other in terms[at + 1 :] if other.is_name and other.clause - term.clause <= 1]
        if not before or not after:
            continue
        following = [token.low for token in statement.tokens if token.start >= term.end][:2]
        turned = "by" in following
        if term.meaning == "lose":
            turned = not turned
        deed = _TURNED.get(term.meaning, term.meaning)
        # The names next to the verb are its own; those further off may belong to another clause.
        for doer in before[-2:]:
            for other in after[:2]:
                found.append(_Deed(deed, other, doer) if turned else _Deed(deed, doer, other))
    return found


def _swapped_doers(claim: Statement, evidence: Evidence) -> str | None:
    said = _deeds(claim)
    if not said:
        return None
    held = {deed for statement in (*evidence.sentences, evidence.title) for deed in _deeds(statement)}
    for deed in said:
        if _Deed(deed.deed, deed.done_to, deed.doer) in held and deed not in held:
            return "the cited passage says it the other way round"
    return None


def _speakers(statement: Statement) -> list[tuple[str, int]]:
    """Names beside a verb of speaking: "Stoltenberg said", "said Bill Nelson", "according to AFAD"."""
    read = statement.tokens
    found = []
    for at, token in enumerate(read):
        if token.low not in _SAID:
            continue
        for term in statement.terms:
            is_before = 0 <= token.start - term.end <= 3
            is_after = 0 <= term.start - token.end <= (30 if token.low in ("said", "called", "says") else 6)
            if (term.is_name or term.is_opening) and (is_before or (is_after and token.low not in ("warned", "announced"))):
                found.append((term.meaning, at))
    return found


_SAID = frozenset("said says announced warned told stressed promised admitted according called estimated".split())


def _other_speaker(claim: Statement, near: Sequence[Statement], evidence: Evidence) -> str | None:
    said = [name for name, _ in _speakers(claim)]
    if not said or not near:
        return None
    held = {name for statement in near for name, _ in _speakers(statement)}
    if not held:
        return None
    lows = union(near, "meanings") | evidence.frame_words
    if not any(name in held for name in said) and not all(name in lows for name in said):
        leaning = any(token.low in _PRONOUNS for statement in near for token in statement.tokens[:1])
        if not leaning:
            return "someone else says this in the cited passage"
    return None


def _not_yet(claim: Statement, near: Sequence[Statement]) -> str | None:
    """What may or will happen is not told as what has happened."""
    if not near or is_to_come(claim) or any(token.low in SPEAKING for token in claim.tokens):
        speaking = any(token.low in SPEAKING for token in claim.tokens)
        if is_to_come(claim) or not speaking or not near:
            return None
    best = max(near, key=lambda statement: len(statement.meanings & claim.meanings))
    is_past = any(token.low in _PAST or token.low.endswith("ed") for token in claim.tokens)
    clause_terms: dict[int, int] = {}
    for term in best.terms:
        if term.meaning in claim.meanings:
            clause_terms[term.clause] = clause_terms.get(term.clause, 0) + 1
    if not clause_terms or not is_past:
        return None
    main = max(clause_terms, key=lambda clause: clause_terms[clause])
    starts = [*best.clause_starts, len(best.text)]
    clause = Statement(best.text[starts[main] : starts[main + 1]])
    lows = {token.low for token in clause.tokens}
    if lows & POSSIBLE or "will" in lows:
        return "the cited passage says that it may or will be so, not that it is"
    return None


_Reason = Callable[[Statement, Evidence], str | None]
