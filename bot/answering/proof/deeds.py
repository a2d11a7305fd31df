"""Who does what to whom in a sentence, and which office goes with which name, by the order of the words.

Knows nothing about amounts and days.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from bot.answering.proof.evidence_text import Evidence
from bot.answering.proof.names import Name
from bot.answering.proof.statement import Statement, Term
from bot.answering.proof.units import listed

_MUTUAL = listed("meet marry agree talk play face share border join border near and include like compare differ")
"""Deeds that say the same both ways round."""
_OBJECTS = frozenset(("him", "her", "them", "it"))
ANYONE = "*"
_APPOSITION = re.compile(r", (?:the|an?|his|her|their) (?:[\w’'-]{1,30} ){0,4}[\w’'-]{1,30}(?:,|\.?$)")
_ENDS = listed("of in to for by from with , and at on after . ; (")
OFFICE_CHARS = 45
"""How far from a name its office may stand."""


class _Deed(NamedTuple):
    deed: str
    doer: str
    done_to: str


def _deeds(statement: Statement, *, is_loose: bool = False, subject: Name | None = None) -> set[_Deed]:
    """Names before a verb did it to names behind it; "was beaten by" and "lost to" turn it round.

    The doer is the nearest name before the verb in its clause, or else the sentence's first; the one it is done to
    is the nearest behind. A loose look takes all names before and behind. "He" at the start is the `subject` of the
    sentence before.
    """
    found: set[_Deed] = set()
    names = statement.names
    tokens = statement.tokens
    if subject is not None and tokens and tokens[0].low in ("he", "she", "they"):
        names = [subject._replace(start=tokens[0].start, end=tokens[0].end), *names]
    for term in (*statement.terms, *_phrases(statement)) if names else ():
        if term.is_name or term.meaning in _MUTUAL:
            continue
        before = [name for name in names if name.end <= term.start]
        after = [name for name in names if name.start >= term.end]
        if not is_loose:
            own = [name for name in before if statement.clause_at(name.start) == term.clause]
            before = own[-1:] or before[:1]
            after = [name for name in after if statement.clause_at(name.start) == term.clause][:1]
        following = [token.low for token in tokens if token.start >= term.end][:3]
        done_to = {word for name in after for word in name.words}
        if following[:1] and following[0] in _OBJECTS:
            done_to = {ANYONE}
        turned = "by" in following[:2]
        deed = term.meaning
        if deed == "lose" and "to" in following:
            deed, turned = "win", not turned
        doers = {word for name in before for word in name.words}
        for doer in doers:
            for other in done_to - doers:
                found.add(_Deed(deed, other, doer) if turned else _Deed(deed, doer, other))
    return found


def _phrases(statement: Statement) -> list[Term]:
    """ "took over from" is one verb."""
    found = []
    for token, following in zip(statement.tokens, statement.tokens[1:], strict=False):
        if following.low == "over" and token.low in ("take", "takes", "took", "taken", "taking"):
            clause = statement.clause_at(token.start)
            found.append(
                Term(token.text, token.low, "succeed", token.start, following.end, clause, False, False, False, False)
            )
    return found


def other_way_round(claim: Statement, evidence: Evidence) -> str | None:
    """A deed whose doer is the one it is done to in the passage."""
    said = _deeds(claim)
    if not said:
        return None
    held: set[_Deed] = set()
    loose: set[_Deed] = set()
    subject: Name | None = None
    for statement in (*evidence.sentences, evidence.title):
        held |= _deeds(statement, subject=subject)
        subject = statement.names[0] if statement.names else subject
        loose |= _deeds(statement, is_loose=True)
    for deed in said:
        if deed in loose:
            continue
        if _Deed(deed.deed, deed.done_to, deed.doer) in held:
            return "the cited passage says it the other way round"
        is_anyone = _Deed(deed.deed, deed.done_to, ANYONE) in held
        if is_anyone and not any(other.deed == deed.deed and other.doer == deed.doer for other in loose):
            return "the cited passage says it the other way round"
    return None


def wrong_doer(claim: Statement, evidence: Evidence) -> str | None:
    """ "Sundvik rejected the merger" where the passage says "Hillmark rejected a merger with Sundvik"."""
    for term in claim.terms:
        names = [name for name in claim.names if name.end <= term.start]
        names = [name for name in names if claim.clause_at(name.start) == term.clause]
        if term.is_name or not names or len(names) > 1 or _is_turned(claim, term) or term.meaning in _MUTUAL:
            continue
        doer = names[0]
        if claim.text[: doer.start].strip(' "“'):
            continue
        is_before = is_behind = False
        for statement in (*evidence.sentences, evidence.title):
            for held in statement.terms:
                if held.meaning != term.meaning or held.is_name:
                    continue
                before = [name for name in statement.names if name.end <= held.start]
                behind = [name for name in statement.names if name.start >= held.end]
                behind = [name for name in behind if statement.clause_at(name.start) == held.clause]
                if _is_turned(statement, held):
                    before, behind = behind, before
                mine = any(set(name.words) & set(doer.words) for name in before)
                is_before = is_before or mine or not before
                is_behind = is_behind or (bool(before) and any(set(n.words) & set(doer.words) for n in behind))
        if is_behind and not is_before:
            return f"the cited passage says this of another than {' '.join(doer.raw)}"
    return None


def _is_turned(statement: Statement, term: Term) -> bool:
    return "by" in [token.low for token in statement.tokens if token.start >= term.end][:2]


def swapped_offices(claim: Statement, evidence: Evidence) -> str | None:
    """ "X, the chancellor, and Y, the health secretary": each office stands beside its own name in the passage."""
    everyone = [name for sentence in evidence.sentences for name in sentence.names]
    for name, office in _offices(claim):
        others = [other for other in everyone if not set(other.words) & set(name.words)]
        if not _goes_with(name, office, evidence) and any(_goes_with(other, office, evidence) for other in others):
            return f"the cited passage says “{office}” of another than {' '.join(name.raw)}"
    return None


def _offices(claim: Statement) -> list[tuple[Name, str]]:
    """Names with the words that follow in apposition, or that they become or are named."""
    found = []
    for place, name in enumerate(claim.names):
        stop = claim.names[place + 1].start if place + 1 < len(claim.names) else len(claim.text)
        run = claim.text[name.end : stop]
        if not (_APPOSITION.match(run) or _is_made(run)):
            continue
        words = [token for token in claim.tokens if name.end <= token.start < stop]
        end = next((token.start for at, token in enumerate(words) if at and token.low in _ENDS), stop)
        found += [(name, t.meaning) for t in claim.terms if name.end <= t.start < end and not t.is_name]
    return found


def _is_made(run: str) -> bool:
    return run.lstrip().startswith(("became ", "becomes ", "was named ", "is the ", "was the "))


def _goes_with(name: Name, office: str, evidence: Evidence) -> bool:
    for statement in evidence.sentences:
        for held in statement.names:
            if not set(held.words) & set(name.words):
                continue
            for term in statement.terms:
                if term.meaning != office:
                    continue
                first = min(held.end, term.end)
                last = max(held.start, term.start)
                between = [
                    other
                    for other in statement.names
                    if first <= other.start and other.end <= last and not set(other.words) & set(name.words)
                ]
                run = statement.text[first:last]
                is_before = term.start < held.start and ("," in run[:-2] or " and " in run)
                if last - first <= OFFICE_CHARS and not between and not is_before:
                    return True
                is_subject = held.start == statement.names[0].start
                if is_subject and statement.clause_at(held.start) == term.clause:
                    return True
    return False
