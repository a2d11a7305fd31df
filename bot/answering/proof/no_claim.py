"""Which sentences claim nothing: lead-ins, headings, "the articles do not say"; and which speak to a machine.

Knows nothing about evidence beyond the words it is given.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from bot.answering.proof.meanings import NEGATIONS, SPEAKING, meaning
from bot.answering.proof.statement import Statement
from bot.answering.proof.units import listed

HEADING_WORDS = 8
LEAD_IN_WORDS = 25
KNOWN_SHARE = 0.5
_FRAME_WORDS = """
    source sources article articles passage passages corpus evidence report reports coverage news information answer
    answers question questions summary short brief briefly key point points detail details fact facts context
    background overview timeline available following below list listed sure hello hi thanks thank happy help hope
    helps find found provided given based excerpt excerpts text material archive outlet outlets outline conclusion sum
    certainly course note date dated newest oldest latest update updates figure figures claim claims topic relevant
    published publication differ different vary exact sorry apologise apologize unfortunately please glad here let know
    ask more main findings result results
    """
_FRAME = frozenset(meaning(word) for word in _FRAME_WORDS.split())
_SOURCES = listed(
    "corpus article articles source sources passage passages evidence report reports excerpt excerpts material text"
    " documents document archive coverage information detail details nothing none i figure"
)
_SAYING = listed("""
    say says said mention mentions mentioned give gives given contain contains specify specifies specified include
    includes included state states stated report reports provide provides provided name names cover covers covered
    find found tell tells indicate indicates know known clear answer answers address addresses information available
    detail details explain explains disclose speak speaks discuss discusses determine confirm offer
    """)
_MACHINE = re.compile(
    r"\b(?:ignor|disregard|forget|overrid|bypass)\w*\b.{0,60}"
    r"\b(?:instruction|prompt|rule|direction|guideline|system|above|previous)"
    r"|\b(?:system|hidden|initial|developer) (?:prompt|message|instruction)"
    r"|\bas an? (?:ai|language model|assistant|chatbot)\b|\bmy (?:system |hidden )?(?:instructions|prompt|guidelines)\b"
    r"|\bapi[ _-]?keys?\b|\bdeveloper mode\b|\bjailb?reak|\bi(?: am|['’]m) (?:now )?(?:dan|unrestricted|free of)\b",
    re.IGNORECASE,
)
_BOLD_LINE = re.compile(r"\*\*[^*\n]{1,120}\*\*:?$")


def addresses_a_machine(text: str) -> bool:
    """Whether a sentence speaks of prompts and instructions: what a poisoned article makes a model repeat."""
    return _MACHINE.search(text) is not None


def is_heading(text: str) -> bool:
    """Whether a line is a heading by its form: all bold, short, without a full stop."""
    return bool(_BOLD_LINE.match(text)) and len(text.split()) <= HEADING_WORDS


def is_lead_in(claim: Statement, asked: Collection[str]) -> bool:
    """Whether a sentence only leads to others: no amount, no day, no name, and words of framing or the question."""
    if claim.days or any(figure.text.lower() not in ("one", "two", "three") for figure in claim.figures):
        return False
    if len(claim.words) > LEAD_IN_WORDS or claim.quotations:
        return False
    if any(
        name_word not in _SOURCES and meaning(name_word) not in asked
        for name in claim.names
        for name_word in name.words
    ):
        return False
    terms = [term for term in claim.terms if term.meaning not in _FRAME]
    if claim.text.rstrip().endswith(":"):
        return all(term.meaning in asked for term in terms)
    return not terms


def says_nothing_is_known(claim: Statement, question: Statement, known: Collection[str]) -> bool:
    """Whether a sentence says that the articles do not say: no amount, day or name that the question does not hold."""
    lows = [word.text.lower() for word in claim.words]
    if not _SOURCES & set(lows) and not ({"clear", "known", "unclear", "unknown"} & set(lows)):
        return False
    negated = claim.has_negation or {"unclear", "unknown", "unspecified"} & set(lows)
    if not negated or not (_SAYING | SPEAKING | {"unclear", "unknown"}) & set(lows):
        return False
    asked = {meaning(word.text) for word in question.words}
    held = " ".join(question.text.lower().split())
    if any(figure.text.lower() not in held and figure.text.lower() != "one" for figure in claim.figures):
        return False
    if any(day.text.lower() not in held and day.shift != "today" for day in claim.days) or claim.quotations:
        return False
    if any(meaning(raw) not in asked for name in claim.names for raw in name.raw):
        return False
    terms = [term for term in claim.terms if term.meaning not in _FRAME and term.low not in NEGATIONS]
    if not terms:
        return True
    standing = [term for term in terms if term.meaning in asked or term.meaning in known]
    first = next((at for at, low in enumerate(lows) if low in _SOURCES or low in NEGATIONS), len(lows))
    return len(standing) >= KNOWN_SHARE * len(terms) and first <= 12
