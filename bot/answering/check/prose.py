"""Checks a chat model's text against its passages while it streams: each sentence is proven and cited, or taken out.

A citation mark is a hint: where its passage does not prove the sentence, or none stands there, code finds the one that
proves it best. The link between a sentence and its source never rests on what the model wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.answering.check.claim import ParsedPassage, ParsedSentence, is_heading, is_lead_in, says_nothing_is_known
from bot.answering.check.marks import Mark, find_marks
from bot.answering.check.markup import bare, has_address, unmarked, visible_words
from bot.answering.check.prompt_injection import is_order
from bot.answering.check.stream import Piece, SentenceStream
from bot.answering.check.support import find_violation, is_related, quotes, relatedness
from bot.answering.links import cite
from bot.schema import Citation, Hit, Question, Removed
from bot.text.unicode import folded_text

_PREFIX = re.compile(r"(?:>\s{0,3})?(?:#{1,6}\s+|[-*+•–]\s+|\d{1,2}[.)]\s+)?")
_FINAL_STOP = re.compile(r"(?P<stop>[.!?…]{1,3})(?P<closing>[*_]{0,3})$")
_CLAUSE = re.compile(r"(?:,|;|\s[–—-])\s(?:and|but|while|whereas|though|although)?\s?|\s(?:and|but|while|whereas)\s")
_SOURCE = re.compile(
    r"\s?[(\[](?:sources?|via|according to|as reported by)\s?:?\s?(?P<names>[^()\[\]\n]{2,80})[)\]]", re.IGNORECASE
)
""" "(Source: DW)": a citation in words."""
_NO_MARK = re.compile(r"\s?\[(?!sic\b|\.)[^\[\]\n]{1,80}\](?=[\s\ue000-\uf8ff.!?…]*$)")
"""A run in brackets that ends a sentence and names no source: "[CVS]" of a small model that was asked for "[key]"."""
_PLACE = re.compile("\\s?[\ue000-\uf8ff]")
SENTENCES_MOST = 300
"""A longer reply is not read to its end: it answers nothing, and would only cost time."""
TOO_LONG = f"only the first {SENTENCES_MOST} sentences of a reply are read"
NEARER_BY = 0.3
"""Share of a sentence's words that a passage must hold more than the marked one does, to be cited instead."""
UNCITED = "no passage proves it"
NO_SOURCE = "there is no such source"
MACHINE = "it is an order, or speaks to a machine"
ADDRESS = "an address that no article holds"


@dataclass(frozen=True, slots=True)
class Shown:
    """A sentence or line that is shown: its text with `[n]` marks, the blanks before it, and what it rests on.

    `claim` is the sentence without marks, and `proofs` are the passages that prove it; both are empty for a lead-in.
    """

    text: str
    gap: str
    claim: str = ""
    proofs: tuple[Hit, ...] = ()


@dataclass(frozen=True)
class Draft:
    """What is checked of a reply: what is shown, what its `[n]` marks cite, and what was taken out."""

    shown: tuple[Shown, ...]
    citations: tuple[Citation, ...]
    removed: tuple[Removed, ...]

    @cached_property
    def text(self) -> str:
        """All that is shown; bold that a cut left open is taken out."""
        texts = [each.text.replace("**", "") if each.text.count("**") % 2 else each.text for each in self.shown]
        return "".join((each.gap or " ") * bool(place) + texts[place] for place, each in enumerate(self.shown))

    def without(self, places: Iterable[int], reasons: Iterable[str | None]) -> Draft:
        """The draft without those of `shown` at `places` that have a reason to go."""
        gone = {place: reason for place, reason in zip(places, reasons, strict=True) if reason}
        kept = tuple(each for place, each in enumerate(self.shown) if place not in gone)
        removed = tuple(Removed(self.shown[place].claim, reason) for place, reason in gone.items())
        return Draft(kept, self.citations, (*self.removed, *removed))


class ProseCheck:
    """The check of one reply.

    `evidence` maps the keys under which passages were given to the model to those passages, in the order given. A
    mark is a key, or a number that counts in that order. A sentence stays when a passage proves it: one that it marks,
    else the nearest of all, else a passage for each of its parts. Each citation has its own number and quotes the
    nearest sentences; several may quote one article.
    """

    def __init__(self, question: Question, evidence: Mapping[str, Hit]) -> None:
        self._passages = {key: ParsedPassage(hit) for key, hit in evidence.items()}
        self._keys = tuple(evidence)
        self._question = ParsedSentence(question.text)
        self._stream = SentenceStream(lambda run: bool(_SOURCE.fullmatch(run) or find_marks(run, self._keys)))
        self._shown: list[Shown] = []
        self._citations: list[Citation] = []
        self._removed: list[Removed] = []
        self._gap = ""
        self._held_back: list[Shown] = []
        self._draft: Draft | None = None
        self._taken = 0
        self._is_finished = False

    def feed(self, piece: str) -> None:
        """Take the next piece of text as the model streams it."""
        if self._is_finished:
            raise ValueError("the reply was finished; nothing more can be fed")
        if self._taken < SENTENCES_MOST:
            self._take_all(self._stream.feed(piece))

    def draft(self) -> Draft:
        """What is checked so far; what it shows stays as it is while more is fed."""
        if self._draft is None:
            self._draft = Draft(tuple(self._shown), tuple(self._citations), tuple(self._removed))
        return self._draft

    def finish(self) -> Draft:
        """Check what is left, and give all of it."""
        if not self._is_finished and self._taken < SENTENCES_MOST:
            self._take_all(self._stream.finish())
        self._is_finished = True
        return self.draft()

    def _take_all(self, pieces: Iterable[Piece]) -> None:
        for piece in pieces:
            self._take(piece)
            self._taken += 1
            if self._taken == SENTENCES_MOST:
                self._remove("", TOO_LONG)
                return

    def _take(self, piece: Piece) -> None:
        self._draft = None
        self._gap = max(self._gap, _gap_of(piece.gap), key=lambda gap: (gap.count("\n"), len(gap)))
        written = visible_words(piece.text)
        prefix = _PREFIX.match(written)
        lead = prefix[0] if prefix else ""
        body = written[len(lead) :]
        marks = find_marks(body, self._keys)
        named = [folded_text(found["names"]) for found in _SOURCE.finditer(body)] if not marks else []
        if named:
            body = _SOURCE.sub("", body)
        if not lead and self._shown and not re.search(r"\w", _with_places(body, marks)):
            return
        for name in [name for mark in marks for name in mark.unknown]:
            self._remove(f"[{name}]", NO_SOURCE)
        marked = _with_places(body, marks)
        if stray := _NO_MARK.search(marked):
            self._remove(stray[0].strip(), NO_SOURCE)
            marked = _NO_MARK.sub("", marked)
        clean = bare(marked, self._is_in_evidence)
        plain = unmarked(_PLACE.sub("", clean)).strip()
        if not any(letter.isalnum() for letter in plain):
            return
        claim = self._parsed(plain)
        keys = tuple(dict.fromkeys(key for mark in marks for key in mark.keys))
        if named:
            printed = [
                key for key, each in self._passages.items() if any(o in name for o in each.outlets for name in named)
            ]
            keys = (nearest,) if (nearest := self._nearest(claim, printed)) else ()
        is_titled = lead.lstrip("> ").startswith("#") or is_heading(clean)
        if is_order(plain):
            self._remove(plain, MACHINE)
        elif says_nothing_is_known(claim, self._question, self._stems):
            self._show(lead + _PLACE.sub("", clean))
        elif is_lead_in(claim, self._question.stems) or (is_titled and not keys and self._is_topic(claim)):
            self._held_back.append(Shown(lead + _PLACE.sub("", clean), self._gap))
            self._gap = ""
        elif is_titled and not keys:
            self._remove(plain, UNCITED)
        elif not keys and has_address(_PLACE.sub("", marked)):
            self._remove(plain, ADDRESS)
        else:
            self._prove(claim, lead, clean, marks, keys)

    def _prove(
        self, claim: ParsedSentence, lead: str, clean: str, marks: Sequence[Mark], keys: tuple[str, ...]
    ) -> None:
        """Show a sentence with what proves it, or take it out."""
        reasons = {key: find_violation(claim, self._passages[key]) for key in keys}
        good = [key for key in keys if reasons[key] is None]
        share = max((relatedness(claim, self._passages[key]) for key in good), default=-1.0)
        parts = [(claim, good)] if good else []
        if not parts and len(keys) > 1:
            parts = self._in_parts(clean, marks, keys)
        if not parts or share <= 1.0 - NEARER_BY:
            nearest = self._nearest(claim, [key for key in self._keys if key not in keys])
            if nearest and (not parts or (good and relatedness(claim, self._passages[nearest]) >= share + NEARER_BY)):
                parts = [(claim, [nearest])]
        if not parts:
            self._remove(claim.text, (reasons[keys[0]] if keys else None) or self._reason(claim))
            return
        used = {key for _, own in parts for key in own}
        for key in keys:
            if key not in used:
                self._remove(f"[{key}]", reasons[key] or "another passage is nearer to the sentence")
        self._show_cited(lead, clean, claim, parts)

    def _nearest(self, claim: ParsedSentence, keys: Sequence[str]) -> str | None:
        """Which of some passages proves a sentence and holds most of its words; None where none does."""
        near = [key for key in keys if is_related(claim, self._passages[key])]
        near.sort(key=lambda key: -relatedness(claim, self._passages[key]))
        return next((key for key in near if find_violation(claim, self._passages[key]) is None), None)

    def _reason(self, claim: ParsedSentence) -> str:
        """Why no passage proves a sentence: what the nearest one lacks."""
        nearest = max(self._passages.values(), key=lambda passage: relatedness(claim, passage), default=None)
        if nearest is None or not is_related(claim, nearest):
            return UNCITED
        return find_violation(claim, nearest) or UNCITED

    def _in_parts(
        self, clean: str, marks: Sequence[Mark], keys: tuple[str, ...]
    ) -> list[tuple[ParsedSentence, list[str]]]:
        """The parts of a sentence over several passages, each with those that prove it; none if one lacks.

        Where marks stand in mid-sentence, each part answers to its own marks; else the sentence is cut at "and",
        "while" and the like, and no part may take its numbers and days from two passages.
        """
        for cut in (_cut_at_places(clean, marks), [(words, keys) for words in _cut_at_clauses(clean)]):
            parts: list[tuple[ParsedSentence, list[str]]] = []
            for words, own in cut if len(cut) > 1 else ():
                part = self._parsed(unmarked(words).strip(" ,;."))
                good = [key for key in own if find_violation(part, self._passages[key]) is None]
                if not good:
                    parts = []
                    break
                parts.append((part, good[:1]))
            if parts:
                return parts
        return []

    def _parsed(self, text: str) -> ParsedSentence:
        return ParsedSentence(text, 0, self._names)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset().union(*(each.name_words for each in self._passages.values()))

    @cached_property
    def _stems(self) -> frozenset[str]:
        return frozenset().union(*(each.stems for each in self._passages.values()))

    def _is_topic(self, claim: ParsedSentence) -> bool:
        """Whether a heading names what the passages speak of, without numbers or days."""
        return not claim.quantities and not claim.days and claim.stems <= self._stems | self._question.stems

    def _is_in_evidence(self, address: str) -> bool:
        return any(address in each.hit.passage.text for each in self._passages.values())

    def _remove(self, text: str, reason: str) -> None:
        self._removed.append(Removed(text, reason))

    def _show(self, text: str, claim: str = "", proofs: tuple[Hit, ...] = ()) -> None:
        self._shown += [*self._held_back, Shown(text, self._gap, claim, proofs)]
        self._held_back.clear()
        self._gap = ""

    def _show_cited(
        self, lead: str, clean: str, claim: ParsedSentence, parts: Sequence[tuple[ParsedSentence, Sequence[str]]]
    ) -> None:
        numbers = [number for part, keys in parts for key in keys for number in self._cite(part, key)]
        marks = "".join(f"[{number}]" for number in dict.fromkeys(numbers))
        words = _PLACE.sub("", clean).strip()
        stop = _FINAL_STOP.search(words)
        if stop:
            words = f"{words[: stop.start()].rstrip()} {marks}{stop['stop']}{stop['closing']}"
        else:
            words = f"{words} {marks}"
        proofs = tuple(self._passages[key].hit for key in dict.fromkeys(key for _, keys in parts for key in keys))
        self._show(lead + words, claim.text, proofs)

    def _cite(self, claim: ParsedSentence, key: str) -> list[int]:
        """The numbers of the citations that quote what a claim rests on; new ones where none does yet."""
        passage = self._passages[key]
        article = passage.article
        numbers: list[int] = []
        for start, end in quotes(claim, passage):
            same = (each for each in self._citations if each.article is article)
            known = next((each.number for each in same if each.start <= start and end <= each.end), None)
            if known is None:
                known = len(self._citations) + 1
                self._citations.append(cite(known, article, start, end, passage.hit.also_in))
            numbers.append(known)
        return numbers


def _gap_of(blanks: str) -> str:
    lines = blanks.count("\n")
    return "\n\n" if lines > 1 else "\n" if lines else " " if blanks else ""


def _with_places(text: str, marks: Sequence[Mark]) -> str:
    """The text with one private character for each mark: nothing that takes links out can touch it."""
    kept, at = [], 0
    for number, mark in enumerate(marks):
        kept += [text[at : mark.start], chr(0xE000 + number % 6000)]
        at = mark.end
    return "".join((*kept, text[at:]))


def _cut_at_places(clean: str, marks: Sequence[Mark]) -> list[tuple[str, tuple[str, ...]]]:
    """The runs before each mark, each with the mark's keys; marks side by side close the same run, and the last run
    answers to the last mark."""
    cut: list[tuple[str, tuple[str, ...]]] = []
    at = 0
    for place in re.finditer("[\ue000-\uf8ff]|\\Z", clean):
        run = clean[at : place.start()]
        at = place.end()
        if any(letter.isalnum() for letter in run):
            if place[0]:
                cut.append((run, marks[ord(place[0]) - 0xE000].keys))
            elif cut:
                cut.append((run, cut[-1][1]))
    return cut


def _cut_at_clauses(clean: str) -> list[str]:
    cut: list[str] = []
    waiting = ""
    for part in _CLAUSE.split(_PLACE.sub("", clean)):
        waiting = f"{waiting}, {part}" if waiting else part
        if ParsedSentence(waiting).stems:  # a day or a number alone goes with what follows it
            cut.append(waiting)
            waiting = ""
    if waiting and cut:
        cut[-1] = f"{cut[-1]}, {waiting}"
    return cut
