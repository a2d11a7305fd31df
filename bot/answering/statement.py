"""One sentence, read: its words by meaning, names, amounts, days, quotations, and what of it is denied.

Knows nothing about articles, citations or who wrote it: the model's sentences and the passage's are read alike.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from bot.answering.days import MONTHS, WEEKDAYS, Day, days
from bot.answering.figures import Figure, Token, figures, tokens
from bot.answering.meanings import NEGATIONS, SPEAKING, STRICT, aliases, folded, is_empty, meaning
from bot.answering.units import CURRENCIES, MEASURES, NUMBER_WORDS, ORDINALS, SCALES
from bot.retrieval.question_words import STOPWORDS

DENIED_WORDS = 6
"""How many words that mean something a "not" reaches."""
DENIED_WORDS_ALL = 9
"""The same for "none of its crew, all of them from India, was hurt"."""
_REACHES_ON = frozenset(("none", "no", "nobody", "neither", "nothing", "never"))
_QUOTED = re.compile(r"[“\"„]([^“”\"„\n]{2,1200})[”\"“]|(?<![\w’'])[‘']([^‘’'\n]{2,300})[’'](?!\w)")
_CLAUSE_MARKS = frozenset(",;:()–—")
_CLAUSE_WORDS = frozenset(
    "and but while whereas although though because after before when since until unless nor so despite except".split()
)
_NOT_SHORT = frozenset("didn doesn don isn aren wasn weren hasn haven hadn won couldn wouldn shouldn".split()) - {"won"}
""" "didn't" without its end."""


_OPENING = frozenset("in on at by of from under with during among for since out".split())
OPENING_WORDS = 6
DIMENSIONS = frozenset("long wide high tall deep thick old away heavy".split())
_WEAK = {"came": "come", "comes": "come", "went": "go", "goes": "go", "gone": "go"} | {
    word: word for word in ("come", "go", "know", "attend", "see", "take", "give", "make", "date", "number", "figure")
}
_BALLOT = frozenset(("for", "against", "in"))
""" "voted for", "voted against", "voted in favour"."""
_TIME_WORDS = frozenset(("since", "until", "before", "after"))
_APPOSED = frozenset("a an the who whose which his her its their former one".split())


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


class Name(NamedTuple):
    """A run of capitalised words, in order."""

    start: int
    end: int
    words: tuple[str, ...]
    """Folded: lower case, no accents, one form for names that have several."""
    raw: tuple[str, ...]
    """As written, one for each of `words`."""


class _Word(NamedTuple):
    text: str
    start: int
    end: int


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
    def words(self) -> list[_Word]:
        """Words; letters and digits written together ("COP28", "Luna-25", "U.S.") are one."""
        return list(_joined(self.tokens))

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
        return frozenset(zip(lows, lows[1:], strict=False))

    @cached_property
    def names(self) -> list[Name]:
        """Runs of capitalised words that are not the first word alone, nor days, nor units."""
        return _names(self)

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
        return _clauses(self)

    def clause_at(self, position: int) -> int:
        """The number of the clause that holds a position."""
        return self.clauses[bisect_right(self.clauses, (position, 1 << 30)) - 1][1]

    def clause_text(self, number: int) -> str:
        """The words of one clause."""
        ends = [start for start, _ in self.clauses[1:]] + [len(self.text)]
        return " ".join(
            self.text[start:end] for (start, own), end in zip(self.clauses, ends, strict=True) if own == number
        )


def _clauses(statement: Statement) -> list[tuple[int, int]]:
    found = [(0, 0)]
    number = 0
    returning = -1
    name_spans = {name.start: name.end for name in statement.names}
    skipped = -1
    opens = bool(statement.tokens) and statement.tokens[0].low in _OPENING
    has_opened = False
    name_ends = {name.end for name in statement.names}
    dated_ends = {day.end for day in statement.days} | {figure.end for figure in statement.figures}
    dated = {day.start for day in statement.days} | {figure.start for figure in statement.figures}
    read = statement.tokens
    previous = 0
    for at, token in enumerate(read):
        is_mark = token.text in _CLAUSE_MARKS
        if not is_mark and (token.low not in _CLAUSE_WORDS or at == 0):
            previous = token.end
            continue
        following = read[at + 1] if at + 1 < len(read) else None
        if token.low in _TIME_WORDS and (
            following is None or following.start in dated or following.low in ("in", "the", "that", "of", ",", ".", "for")
        ):
            previous = token.end
            continue
        if token.low == "and" and (
            (previous in name_ends and _name_follows(read, at, name_spans))
            or (previous in dated_ends and following is not None and following.start in dated)
        ):
            previous = token.end
            continue
        if token.text == "," and following is not None and following.low == "or":
            previous = token.end
            continue
        current = found[-1][1]
        if token.text == "," and following is not None and (end := name_spans.get(following.start)):
            if statement.text[end : end + 1] == ",":  # "The next conference, COP29, will ..."
                skipped = end
                continue
        if token.start == skipped:
            continue
        behind_name = previous in name_ends or statement.text[previous - 2 : previous] in ("'s", "’s")
        is_apposition = following is not None and (
            following.low in _APPOSED or following.text.isdigit() or following.low.endswith(("ed", "ing"))
        )
        is_near = at <= OPENING_WORDS
        if token.text == "," and not has_opened and opens and is_near and not (behind_name and is_apposition):
            has_opened = True  # "In Turkey alone, 5,434 deaths ..." is one clause
            previous = token.end
            continue
        if returning >= 0 and token.text == ",":
            goes_on = following is not None and following.low not in _CLAUSE_WORDS
            current_number = returning if goes_on else number + 1
            number = max(number, current_number)
            found.append((token.start, current_number))
            returning = -1
        else:
            number += 1
            found.append((token.start, number))
            if token.text == "," and behind_name and is_apposition:
                returning = current
        previous = token.end
    return found


def _name_follows(read: Sequence[Token], at: int, name_spans: Mapping[int, int]) -> bool:
    """Whether "and" joins two names: "Washington and the Taliban"."""
    return any(token.start in name_spans for token in read[at + 1 : at + 3] if token.text[0].isupper() or token.low == "the")


def _joined(read: Sequence[Token]) -> list[_Word]:
    found: list[_Word] = []
    at = 0
    while at < len(read):
        token = read[at]
        if not (token.text[0].isalnum()):
            at += 1
            continue
        after = at + 1
        text = token.text
        if token.text.isalpha():
            if len(text) == 1 and text.isupper():
                initials = at
                letters = text
                while (
                    initials + 2 < len(read)
                    and read[initials + 1].text == "."
                    and read[initials + 1].is_glued
                    and read[initials + 2].is_glued
                    and len(read[initials + 2].text) == 1
                    and read[initials + 2].text.isupper()
                ):
                    letters += read[initials + 2].text
                    initials += 2
                if len(letters) > 1:
                    text, after = letters, initials + 1
            while after < len(read) and read[after].is_glued and read[after].text.isdigit():
                text += read[after].text
                after += 1
            if (
                after + 1 < len(read)
                and read[after].text in "-–"
                and read[after].is_glued
                and read[after + 1].is_glued
                and read[after + 1].text.isdigit()
                and text[0].isupper()
                and text.lower() not in NUMBER_WORDS
            ):
                text += "-" + read[after + 1].text
                after += 2
        elif after < len(read) and read[after].is_glued and read[after].text.isupper() and len(read[after].text) == 1:
            text += read[after].text
            after += 1
        end = read[after - 1].end
        if after + 1 < len(read) and read[after].text in "'’" and read[after].is_glued and read[after + 1].is_glued:
            if read[after + 1].low in ("s", "t", "re", "ve", "ll", "d"):
                after += 2
        found.append(_Word(text, token.start, end))
        at = after
    return found


def _is_negation(read: Sequence[Token], at: int) -> bool:
    low = read[at].low
    if low == "t" and at > 1 and read[at - 1].text in "'’" and read[at - 2].low.endswith("n"):
        return True
    if low not in NEGATIONS:
        return False
    following = read[at + 1].low if at + 1 < len(read) else ""
    return not (low == "not" and following == "only") and not (low == "no" and (following[:1].isdigit() or following in (".", "fewer", "less", "later", "more")))


def _names(statement: Statement) -> list[Name]:
    busy = [(day.start, day.end) for day in statement.days]
    runs: list[list[_Word]] = []
    words = statement.words
    previous_end = -1
    for word in words:
        low = word.text.lower()
        is_capital = word.text[0].isupper() or (word.text[0].isdigit() and any(c.isupper() for c in word.text))
        skip = (
            not is_capital
            or (low == "i" and previous_end < 0)
            or any(start <= word.start < end for start, end in busy)
            or low in WEEKDAYS and len(low) > 5
            or (low in MONTHS and len(low) > 3 and low not in ("may", "march", "august", "april", "june"))
        )
        if skip:
            if low != "of":
                previous_end = -1
            continue
        between = statement.text[previous_end : word.start] if previous_end >= 0 else "x"
        is_office = between == " of " and runs and runs[-1][-1].text in ("Secretary", "Minister", "Speaker", "Head")
        if runs and (between in (" ", "-", "\u00a0", ". ") or is_office) and not _is_possessive(statement.text, previous_end):
            runs[-1].append(word)
        else:
            opening = _is_opening(statement.text, word.start)
            if opening and (low in STOPWORDS or is_empty(low)):
                previous_end = -1
                continue
            if low in STOPWORDS or (low in NUMBER_WORDS or low in ORDINALS or low in SCALES):
                previous_end = -1
                continue
            runs.append([word])
        previous_end = word.end
    found = []
    for run in runs:
        is_sure = _surely_name(run[0].text) or folded(run[0].text) in statement.known_names
        if len(run) == 1 and _is_opening(statement.text, run[0].start) and not is_sure:
            continue
        found.append(
            Name(run[0].start, run[-1].end, *_one_forms(run))
        )
    return found


def _surely_name(text: str) -> bool:
    return (len(text) > 1 and text.isupper()) or any(c.isdigit() for c in text) or folded(text) in aliases()


def _is_possessive(text: str, end: int) -> bool:
    return text[end : end + 2] in ("'s", "’s")


def _is_opening(text: str, start: int) -> bool:
    before = text[:start].rstrip(" \"“”‘'(*_#-•\t")
    return not before or before[-1] in ".!?:\n|"


def _one_forms(run: Sequence[_Word]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words of a name, each by its one form, and as written: "United Kingdom" is one word here."""
    words: list[str] = []
    raw: list[str] = []
    at = 0
    while at < len(run):
        for size in (3, 2):
            joined = "-".join(folded(word.text) for word in run[at : at + size])
            if at + size <= len(run) and joined in aliases():
                words.append(aliases()[joined])
                raw.append(" ".join(word.text for word in run[at : at + size]))
                at += size
                break
        else:
            words.append(_one_form(run[at].text))
            raw.append(run[at].text)
            at += 1
    return tuple(words), tuple(raw)


def _one_form(word: str) -> str:
    low = folded(word)
    return aliases().get(low, low)


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
        if not is_strict and not is_name and not is_ballot and (is_empty(low) or low in NEGATIONS or low in _NOT_SHORT or len(low) < 2):
            continue
        if not is_name and (low in MEASURES or low in CURRENCIES or low in NUMBER_WORDS or low in SCALES):
            continue
        means = "approve" if is_ballot and low in ("for", "in") else meaning(word.text)
        found.append(
            Term(
                word.text, low, means, word.start, word.end, statement.clause_at(word.start), is_name,
                _is_opening(statement.text, word.start), word.start in denying, is_strict,
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
            if token.text in ";:–—" or token.low in ("but", "although", "though", "because", "while", "so"):
                left = 0
            elif token.text == "," and stops_at_comma:
                left = 0
            elif token.low in ("that", "which", "who") and previous not in SPEAKING:
                left = 0  # "does not demand the phase-out that others had asked for"
            elif token.text.isalpha() and not is_empty(token.low):
                denied.add(token.start)
                left -= 1
        previous = token.low
    return denied
