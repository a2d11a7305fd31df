"""Checks a chat model's text against its evidence while it streams: what shows is cited, supported and quoted.

Knows nothing about models, prompts or who shows the answer: text comes in by pieces, checked text goes out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.answering.links import text_fragment_link
from bot.answering.proof.alignment import quotes
from bot.answering.proof.evidence_text import Evidence
from bot.answering.proof.markers import Mark, find_marks
from bot.answering.proof.markup import bare, has_address, unmarked, visible
from bot.answering.proof.meanings import meaning
from bot.answering.proof.no_claim import addresses_a_machine, is_heading, is_lead_in, says_nothing_is_known
from bot.answering.proof.sentence_stream import Piece, SentenceStream
from bot.answering.proof.statement import Statement
from bot.answering.proof.support import reason_against
from bot.schema import Citation, Hit, Question, Removed

_PREFIX = re.compile(r"(?:>\s{0,3})?(?:#{1,6}\s+|[-*+•–]\s+|\d{1,2}[.)]\s+)?")
_FINAL_STOP = re.compile(r"(?P<stop>[.!?…]{1,3})(?P<closing>[*_]{0,3})$")
_STRONG = re.compile(
    r"(?:,|;|\s[–—-])\s(?:and|but|while|whereas|though|although|compared with|up from|down from|from)?\s?"
    r"|\s(?:and|but|while|whereas|compared with|up from|down from)\s|\s(?=to\s(?:\w+\s){0,2}[$€£]?\d)"
)
_PLACE = re.compile("\\s?[\ue000-\uf8ff]")
SENTENCES_MOST = 300
"""A longer reply is not read to its end: it answers nothing, and would only cost time."""
TOO_LONG = f"only the first {SENTENCES_MOST} sentences of a reply are read"
UNCITED = "no source is cited for it"
CODE = "a block of code is no news"
NO_SOURCE = "there is no such source"
MACHINE = "it speaks to a machine, not to a reader"
ADDRESS = "an address that no article holds"


@dataclass(frozen=True)
class Draft:
    """What is checked of a reply: `text` with `[n]` marks, what they cite, and what was taken out."""

    text: str
    citations: tuple[Citation, ...] = ()
    removed: tuple[Removed, ...] = ()


class ProseCheck:
    """The check of one reply.

    `evidence` maps the keys under which passages were given to the model to those passages, in the order given. A
    mark is a key, or a number that counts in that order. A sentence stays when a passage that it cites supports it;
    a sentence without a mark when a passage does that the paragraph cites already. Each citation has its own number
    and quotes one or two whole sentences; several may quote one article.
    """

    def __init__(self, question: Question, evidence: Mapping[str, Hit]) -> None:
        self._evidence = {key: Evidence(hit) for key, hit in evidence.items()}
        self._keys = tuple(evidence)
        self._question = Statement(question.text)
        self._outlets = frozenset().union(*(each.outlets for each in self._evidence.values()))
        self._names = frozenset().union(*(each.name_words for each in self._evidence.values()))
        self._stream = SentenceStream(lambda run: bool(find_marks(run, self._keys)))
        self._shown: list[str] = []
        self._citations: list[Citation] = []
        self._removed: list[Removed] = []
        self._gap = ""
        self._held_back: list[tuple[str, str]] = []
        self._paragraph: tuple[str, ...] = ()
        """Keys that the paragraph cites so far."""
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
            self._draft = Draft("".join(self._shown), tuple(self._citations), tuple(self._removed))
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
        self._gap = _wider(self._gap, _gap_of(piece.gap))
        if piece.gap.count("\n") > 1:
            self._paragraph = ()
        if piece.is_code:
            self._remove(piece.text, CODE)
            return
        written = visible(piece.text)
        prefix = _PREFIX.match(written)
        lead = prefix[0] if prefix else ""
        body = written[len(lead) :]
        marks = find_marks(body, self._keys)
        if not lead and self._shown and not re.search(r"\w", _without(body, marks)):
            return
        for name in [name for mark in marks for name in mark.unknown]:
            self._remove(f"[{name}]", NO_SOURCE)
        placed = _with_places(body, marks)
        clean = bare(placed, self._is_in_evidence)
        plain = unmarked(_PLACE.sub("", clean)).strip()
        if not any(letter.isalnum() for letter in plain):
            return
        keys = tuple(dict.fromkeys(key for mark in marks for key in mark.keys))
        claim = Statement(plain, 0, self._names)
        if addresses_a_machine(plain):
            self._remove(plain, MACHINE)
        elif not keys:
            self._take_uncited(claim, lead, clean, has_address=has_address(_without(body, marks)))
        else:
            self._take_cited(claim, lead, clean, marks, keys)

    def _is_in_evidence(self, address: str) -> bool:
        return any(address in each.hit.passage.text for each in self._evidence.values())

    def _take_uncited(self, claim: Statement, lead: str, clean: str, *, has_address: bool) -> None:
        asked = self._asked()
        if lead.lstrip("> ").startswith("#") or is_heading(clean):
            if is_lead_in(claim, asked) or self._is_about_evidence(claim):
                self._held_back.append((self._gap, lead + clean))
                self._gap = ""
            else:
                self._remove(claim.text, UNCITED)
            return
        if has_address:
            self._remove(claim.text, ADDRESS)
        elif says_nothing_is_known(claim, self._question, self._meanings()):
            self._show(lead + clean)
        elif is_lead_in(claim, asked):
            self._held_back.append((self._gap, lead + clean))
            self._gap = ""
        else:
            for key in self._paragraph:
                if reason_against(claim, self._evidence[key], self._outlets) is None:
                    self._show_cited(lead, clean, [(claim, [key])])
                    return
            self._remove(claim.text, UNCITED)

    def _take_cited(
        self, claim: Statement, lead: str, clean: str, marks: Sequence[Mark], keys: tuple[str, ...]
    ) -> None:
        if says_nothing_is_known(claim, self._question, self._meanings()):
            self._show(lead + _PLACE.sub("", clean))
            return
        if is_lead_in(claim, self._asked()):
            self._held_back.append((self._gap, lead + _PLACE.sub("", clean)))
            self._gap = ""
            return
        reasons = {key: reason_against(claim, self._evidence[key], self._outlets) for key in keys}
        good = [key for key in keys if reasons[key] is None]
        for key in keys if good else ():
            if reason := reasons[key]:
                self._remove(f"[{key}]", reason)
        if good:
            self._show_cited(lead, clean, [(claim, good)])
            return
        parts = self._in_parts(clean, marks, keys) if len(keys) > 1 else []
        if parts:
            used = {key for _, own in parts for key in own}
            for key in keys:
                if key not in used:
                    self._remove(f"[{key}]", reasons[key] or "")
            self._show_cited(lead, clean, parts)
            return
        self._remove(claim.text, reasons[keys[0]] or "")

    def _in_parts(self, clean: str, marks: Sequence[Mark], keys: tuple[str, ...]) -> list[tuple[Statement, list[str]]]:
        """The parts of a sentence that rests on several passages, each with those that support it; none if one lacks.

        Where marks stand in mid-sentence, each part answers to its own marks; else the sentence is cut at "and",
        "while" and the like, and no part may take its amounts and days from two passages.
        """
        for cut, own_marks in ((_cut_at_places(clean), True), (_cut_at_clauses(clean), False)):
            if len(cut) < 2:
                continue
            parts: list[tuple[Statement, list[str]]] = []
            for words, place in cut:
                part = Statement(unmarked(words).strip(" ,;."), 0, self._names)
                if not part.terms and not part.figures and not part.days:
                    continue
                own = marks[place].keys if own_marks and place < len(marks) else keys
                good = [
                    key for key in own if reason_against(part, self._evidence[key], self._outlets, is_part=True) is None
                ]
                if not good:
                    parts = []
                    break
                parts.append((part, good))
            if parts:
                return parts
        return []

    def _asked(self) -> frozenset[str]:
        return frozenset(meaning(word.text) for word in self._question.words)

    def _meanings(self) -> frozenset[str]:
        return frozenset().union(*(each.meanings for each in self._evidence.values()))

    def _is_about_evidence(self, claim: Statement) -> bool:
        """A heading may name what the passages speak of, without amounts or days."""
        if claim.figures or claim.days:
            return False
        return all(
            any(term.meaning in each.meanings or each.has_word(term.low) for each in self._evidence.values())
            for term in claim.terms
        )

    def _remove(self, text: str, reason: str) -> None:
        self._removed.append(Removed(text, reason))

    def _show(self, text: str) -> None:
        for gap, held in self._held_back:
            self._append(gap, held)
        self._held_back.clear()
        self._append(self._gap, text)
        self._gap = ""

    def _append(self, gap: str, text: str) -> None:
        if self._shown:
            self._shown.append(gap or " ")
        self._shown.append(_balanced(text))

    def _show_cited(self, lead: str, clean: str, parts: Sequence[tuple[Statement, Sequence[str]]]) -> None:
        numbers: list[int] = []
        for part, keys in parts:
            for key in keys:
                numbers += self._cite(part, key)
                if key not in self._paragraph:
                    self._paragraph = (*self._paragraph, key)
        marks = "".join(f"[{number}]" for number in dict.fromkeys(numbers))
        words = _PLACE.sub("", clean).strip()
        stop = _FINAL_STOP.search(words)
        if stop:
            words = f"{words[: stop.start()].rstrip()} {marks}{stop['stop']}{stop['closing']}"
        else:
            words = f"{words} {marks}"
        self._show(lead + words)

    def _cite(self, claim: Statement, key: str) -> list[int]:
        """The numbers of the citations that quote what a claim rests on; new ones where none does yet."""
        evidence = self._evidence[key]
        article = evidence.article
        numbers: list[int] = []
        for start, end in quotes(claim, evidence):
            known = next(
                (
                    citation.number
                    for citation in self._citations
                    if citation.article is article and citation.start <= start and end <= citation.end
                ),
                None,
            )
            if known is None:
                known = len(self._citations) + 1
                link = text_fragment_link(article.url, article.text, start, end) if article.url else None
                quote = article.text[start:end]
                self._citations.append(Citation(known, quote, start, end, article, link, evidence.hit.also_in))
            numbers.append(known)
        return numbers


def _gap_of(blanks: str) -> str:
    lines = blanks.count("\n")
    return "\n\n" if lines > 1 else "\n" if lines else " " if blanks else ""


def _wider(one: str, other: str) -> str:
    return max(one, other, key=lambda gap: (gap.count("\n"), len(gap)))


def _without(text: str, marks: Sequence[Mark]) -> str:
    kept, at = [], 0
    for mark in marks:
        kept.append(text[at : mark.start])
        at = mark.end
    return "".join((*kept, text[at:]))


def _with_places(text: str, marks: Sequence[Mark]) -> str:
    """The text with one private character for each mark: nothing that takes links out can touch it."""
    kept, at = [], 0
    for number, mark in enumerate(marks):
        kept += [text[at : mark.start], chr(0xE000 + number % 6000)]
        at = mark.end
    return "".join((*kept, text[at:]))


def _cut_at_places(clean: str) -> list[tuple[str, int]]:
    """The runs before each mark; marks side by side close the same run, and the last run answers to the last mark."""
    cut: list[tuple[str, int]] = []
    at = 0
    for place in re.finditer("[\ue000-\uf8ff]", clean):
        run = clean[at : place.start()]
        if any(letter.isalnum() for letter in run):
            cut.append((run, ord(place[0]) - 0xE000))
        at = place.end()
    rest = clean[at:]
    if any(letter.isalnum() for letter in rest) and cut:
        cut.append((rest, cut[-1][1]))
    return cut


def _cut_at_clauses(clean: str) -> list[tuple[str, int]]:
    cut: list[tuple[str, int]] = []
    waiting = ""
    for part in _STRONG.split(_PLACE.sub("", clean)):
        waiting = f"{waiting}, {part}" if waiting else part
        if Statement(waiting).terms:  # a day or an amount alone goes with what follows it
            cut.append((waiting, 0))
            waiting = ""
    if waiting and cut:
        cut[-1] = (f"{cut[-1][0]}, {waiting}", 0)
    return cut


def _balanced(text: str) -> str:
    """Bold that a cut left open is taken out."""
    return text.replace("**", "") if text.count("**") % 2 else text
