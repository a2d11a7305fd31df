"""One sentence, read: its words by meaning, names, amounts, days, quotations, and what of it is denied.

Knows nothing about articles, citations or who wrote it: the model's sentences and the passage's are read alike.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from bot.answering.proof.clauses import clauses_of
from bot.answering.proof.days import Day, days
from bot.answering.proof.figures import Figure, figures
from bot.answering.proof.meanings import NEGATIONS, SPEAKING, STRICT, aliases, folded, is_empty, meaning
from bot.answering.proof.names import Name, Word, is_opening_at, joined_words, names_of
from bot.answering.proof.tokens import Token, tokens
from bot.answering.proof.units import CURRENCIES, MEASURES, NUMBER_WORDS, SCALES, listed

DENIED_WORDS = 6
"""How many words that mean something a "not" reaches."""
DENIED_WORDS_ALL = 9
"""The same for "none of its crew, all of them from India, was hurt"."""
_REACHES_ON = frozenset(("none", "no", "nobody", "neither", "nothing", "never"))
_QUOTED = re.compile(r"[“\"„]([^“”\"„\n]{2,1200})[”\"“]|(?<![\w’'])[‘']([^‘’'\n]{2,300})[’'](?!\w)")
_NOT_SHORT = listed("didn doesn don isn aren wasn weren hasn haven hadn won couldn wouldn shouldn") - {"won"}
""" "didn't" without its end."""


DIMENSIONS = listed("long wide high tall deep thick old away heavy")
_WEAK = {"came": "come", "comes": "come", "went": "go", "goes": "go", "gone": "go"} | {
    word: word for word in ("come", "go", "know", "attend", "see", "take", "give", "make", "date", "number", "figure")
}
_BALLOT = frozenset(("for", "against", "in"))
""" "voted for", "voted against", "voted in favour"."""


class Term(NamedTuple):
    """A word that means something: `text[start:end]`, what it means, and the clause it stands in."""

    text: str
    low: str
    meaning: str
    start: int
    end: int
    clause: int
    is_name: bool
    is_opening: bool
    """The first word: its capital says nothing."""
    is_denied: bool
    is_strict: bool


@dataclass(frozen=True)
class Statement:
    """A sentence as read; `offset` is where it begins in the text it came from."""

    text: str
    offset: int = 0
    known_names: frozenset[str] = frozenset()
    """Folded words that are names elsewhere, so that a first word is one too: "Truss received ..."."""

    @cached_property
    def tokens(self) -> list[Token]:
        """Words, numbers and marks."""
        return tokens(self.text)

    @cached_property
    def days(self) -> list[Day]:
        """Dates, weekdays, years."""
        return days(self.text, self.tokens)

    @cached_property
    def figures(self) -> list[Figure]:
        """Amounts that are no dates; a bare year may be an amount as well and is only a day here."""
        return figures(self.text, [(day.start, day.end) for day in self.days], self.tokens)

    @cached_property
    def words(self) -> list[Word]:
        """Words; letters and digits written together ("COP28", "Luna-25", "U.S.") are one."""
        return list(joined_words(self.tokens))

    @cached_property
    def lows(self) -> frozenset[str]:
        """All words, folded, and the one form of names that have several."""
        found = {folded(word.text) for word in self.words}
        return frozenset(found | {aliases()[low] for low in found if low in aliases()} | self._long_names)

    @cached_property
    def _long_names(self) -> set[str]:
        lows = [folded(word.text) for word in self.words]
        known = aliases()
        return {
            known[joined]
            for size in (2, 3)
            for at in range(len(lows) - size + 1)
            if (joined := "-".join(lows[at : at + size])) in known
        }

    @cached_property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """Neighbouring words, folded."""
        lows = [folded(word.text) for word in self.words]
        return frozenset(pairwise(lows))

    @cached_property
    def names(self) -> list[Name]:
        """Runs of capitalised words that are not the first word alone, nor days, nor units."""
        return names_of(self)

    @cached_property
    def terms(self) -> list[Term]:
        """The words that claim something, in order."""
        return _terms(self)

    @cached_property
    def meanings(self) -> frozenset[str]:
        """What its words mean, names by their one form."""
        return frozenset(term.meaning for term in self.terms)

    @cached_property
    def denied(self) -> frozenset[str]:
        """Meanings that stand under a "not"."""
        return frozenset(term.meaning for term in self.terms if term.is_denied)

    @cached_property
    def stated(self) -> frozenset[str]:
        """Meanings that stand under none."""
        return frozenset(term.meaning for term in self.terms if not term.is_denied)

    @cached_property
    def has_negation(self) -> bool:
        """Whether any word denies."""
        return any(_is_negation(self.tokens, at) for at in range(len(self.tokens)))

    @cached_property
    def weak(self) -> frozenset[str]:
        """Plain verbs ("came", "went") that stand under no "not"."""
        return frozenset(_WEAK[token.low] for token in self.tokens if token.low in _WEAK) - self.weak_denied

    @cached_property
    def weak_denied(self) -> frozenset[str]:
        """Plain verbs that a "not" stands directly before."""
        return frozenset(
            _WEAK[following.low]
            for at, following in enumerate(self.tokens[1:])
            if following.low in _WEAK and (_is_negation(self.tokens, at) or (at and _is_negation(self.tokens, at - 1)))
        )

    @cached_property
    def quotations(self) -> list[str]:
        """What stands in quotation marks."""
        return [(found[1] or found[2]).strip() for found in _QUOTED.finditer(self.text)]

    @cached_property
    def clauses(self) -> list[tuple[int, int]]:
        """Where each clause begins, in characters, and its number; what stands around an apposition is one clause."""
        return clauses_of(self)

    def clause_at(self, position: int) -> int:
        """The number of the clause that holds a position."""
        return self.clauses[bisect_right(self.clauses, (position, 1 << 30)) - 1][1]

    def clause_text(self, number: int) -> str:
        """The words of one clause."""
        ends = [start for start, _ in self.clauses[1:]] + [len(self.text)]
        return " ".join(
            self.text[start:end] for (start, own), end in zip(self.clauses, ends, strict=True) if own == number
        )


def _is_negation(read: Sequence[Token], at: int) -> bool:
    low = read[at].low
    if low == "t" and at > 1 and read[at - 1].text in "'’" and read[at - 2].low.endswith("n"):
        return True
    if low not in NEGATIONS:
        return False
    following = read[at + 1].low if at + 1 < len(read) else ""
    return not (low == "not" and following == "only") and not (
        low == "no" and (following[:1].isdecimal() or following in (".", "fewer", "less", "later", "more"))
    )


def _terms(statement: Statement) -> list[Term]:
    day_spans = [(day.start, day.end) for day in statement.days]
    busy = sorted(day_spans + [(figure.start, figure.end) for figure in statement.figures])
    in_name = {word_start for name in statement.names for word_start in _starts(statement, name)}
    denying = _denied_positions(statement)
    found: list[Term] = []
    span = 0
    voted = False
    for word in statement.words:
        while span < len(busy) and busy[span][1] <= word.start:
            span += 1
        low = folded(word.text)
        is_ballot, voted = voted and low in _BALLOT, low.startswith("vote")
        is_strict = low in STRICT
        if span < len(busy) and busy[span][0] <= word.start and not is_strict:
            continue
        is_name = word.start in in_name
        if (
            not is_strict
            and not is_name
            and not is_ballot
            and (is_empty(low) or low in NEGATIONS or low in _NOT_SHORT or len(low) < 2)
        ):
            continue
        if not is_name and (low in MEASURES or low in CURRENCIES or low in NUMBER_WORDS or low in SCALES):
            continue
        means = "approve" if is_ballot and low in ("for", "in") else meaning(word.text)
        found.append(
            Term(
                word.text, low, means, word.start, word.end, statement.clause_at(word.start), is_name,
                is_opening_at(statement.text, word.start), word.start in denying, is_strict,
            )
        )  # fmt: skip
    return found


def _starts(statement: Statement, name: Name) -> list[int]:
    return [word.start for word in statement.words if name.start <= word.start < name.end]


def _denied_positions(statement: Statement) -> set[int]:
    """Where the words stand that a negation reaches: to the end of its clause, or of a few words."""
    denied: set[int] = set()
    left = 0
    previous = ""
    stops_at_comma = True
    cues = {token.start: token.low for at, token in enumerate(statement.tokens) if _is_negation(statement.tokens, at)}
    if not cues:
        return denied
    for token in statement.tokens:
        if token.start in cues:
            reaches_on = cues[token.start] in _REACHES_ON
            left = 1 if cues[token.start] == "non" else DENIED_WORDS_ALL if reaches_on else DENIED_WORDS
            stops_at_comma = not reaches_on
        elif left:
            if (
                token.text in ";:–—"
                or token.low in ("but", "although", "though", "because", "while", "so")
                or (token.text == "," and stops_at_comma)
            ):
                left = 0
            elif token.low in ("that", "which", "who") and previous not in SPEAKING:
                left = 0  # "does not demand the phase-out that others had asked for"
            elif token.text.isalpha() and not is_empty(token.low):
                denied.add(token.start)
                left -= 1
        previous = token.low
    return denied
