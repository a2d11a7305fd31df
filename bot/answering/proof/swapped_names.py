"""Whether a name of a claim stands with words that stand with another name in the passage.

Knows nothing about amounts and days but that they are shared.
"""

from __future__ import annotations

import re

from bot.answering.proof.evidence_text import Evidence
from bot.answering.proof.fitting import Place, better_elsewhere
from bot.answering.proof.meanings import folded, is_empty
from bot.answering.proof.names import Name
from bot.answering.proof.rounding import matches
from bot.answering.proof.speakers import speakers
from bot.answering.proof.statement import Statement
from bot.answering.proof.units import listed

NAME_SWAPPED_BY = 0.9


_PRONOUNS = listed("he she they it his her their its him them")


_SUBJECTS = listed("he she it they")


def other_age(claim: Statement, evidence: Evidence) -> str | None:
    """ "Truss, 96," where the passage has "Truss, 47,"."""
    for figure in claim.figures:
        name = next(
            (name for name in claim_names(claim, evidence) if claim.text[name.end : figure.start] == ", "), None
        )
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


def swapped_names(claim: Statement, evidence: Evidence) -> str | None:
    """A name stands with words that stand with another name in the passage."""
    claimed = claim_names(claim, evidence)
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
            Place(sentence, other.start, other.end, is_said)
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
                places.append(Place(evidence.title, 0, 0, True))
            if better_elsewhere(claim, name.start, name.end, places, NAME_SWAPPED_BY, set(name.words)):
                return f"the cited passage says this of another than {' '.join(name.raw)}"
    return None


_PREPOSITIONS = listed("in at on of to from with against into near through for by than rather between")


def _preposition(statement: Statement, start: int) -> str:
    """The preposition that leads to a name, past "the"; nothing before a subject."""
    before = [token.low for token in statement.tokens if token.end <= start][-2:]
    if before[-1:] == ["the"]:
        before.pop()
    return before[-1] if before and before[-1] in _PREPOSITIONS else ""


def claim_names(claim: Statement, evidence: Evidence) -> list[Name]:
    """The claim's names, and its first word where the passage has it as a name: "Messi won"."""
    names = list(claim.names)
    first = next((word for word in claim.words if claim.text[: word.start].strip(' "“') == ""), None)
    if first is not None and not any(name.start <= first.start < name.end for name in names):
        low = folded(first.text)
        if not is_empty(low) and any(low in name.words for sentence in evidence.sentences for name in sentence.names):
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


_NUMERAL = re.compile(r"[ivx]{1,5}|\d{1,2}")


def sibling(claim: Statement, evidence: Evidence) -> str | None:
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
