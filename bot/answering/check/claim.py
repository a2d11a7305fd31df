"""A sentence and a passage as parsed: their words, names, quantities, days and quotations, each with its place."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from bot.answering.check.prompt_injection import is_order, orders_in
from bot.schema import Article, Hit
from bot.text import read_table
from bot.text.dates import Day, Partial, days, resolved
from bot.text.names import Name, initials, names, one_form
from bot.text.numbers import Quantity, is_number_word, is_unit_word, quantities
from bot.text.sentences import sentences
from bot.text.unicode import folded, folded_text
from bot.text.words import Token, stem, stems, tokens, words

_QUOTED = re.compile(r"[“\"„]([^“”\"„\n]{2,1200})[”\"“]|(?<![\w’'])[‘']([^‘’'\n]{2,300})[’'](?!\w)")
_BOLD_LINE = re.compile(r"\*\*[^*\n]{1,120}\*\*:?$")
_REPLY = {name: frozenset(row) for name, row in read_table("reply").items()}
_FRAME = frozenset(map(stem, _REPLY["frame"]))
ORDERS_CHARS = 1000
"""How far around a passage orders are looked for: what a model is given is cut around them."""
HEADING_WORDS = 8
LEAD_IN_WORDS = 25
KNOWN_SHARE = 0.5
"""Of the words of "the articles do not say ...", so many stand in the question or in the passages."""


@dataclass(frozen=True)
class ParsedSentence:
    """A sentence; `offset` is where it begins in the text it came from."""

    text: str
    offset: int = 0
    known_names: frozenset[str] = frozenset()
    """Folded words that are names elsewhere, so that a first word is one too: "Truss received ..."."""

    @cached_property
    def tokens(self) -> list[Token]:
        """Runs of letters, numbers and marks."""
        return tokens(self.text)

    @cached_property
    def days(self) -> list[Day]:
        """Dates, weekdays, years, "last month"."""
        return days(self.text, self.tokens)

    @cached_property
    def quantities(self) -> list[Quantity]:
        """Quantities that are no dates."""
        return quantities(self.text, self._busy, self.tokens)

    @cached_property
    def names(self) -> list[Name]:
        """Names that are no dates."""
        return names(self.text, self._busy, self.known_names)

    @cached_property
    def word_set(self) -> frozenset[str]:
        """All words, folded, and the one form of names that have several."""
        found = {folded(token.text) for token in self.tokens if token.text[0].isalnum()}
        found |= {folded(part) for name in self.names for part in name.words}
        return frozenset(found | {one_form(word) for word in found})

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of the words that say something: no stop words, numbers or units."""
        return frozenset(
            word.stem
            for word in words(self.text)
            if not word.is_stopword and not word.is_number and not is_number_word(word.text.lower())
            if not is_unit_word(word.text.lower())
        )

    @cached_property
    def name_stems(self) -> set[str]:
        """The stems of the words of its names."""
        return stems(" ".join(word for name in self.names for word in name.words))

    @cached_property
    def quotations(self) -> list[str]:
        """What stands in quotation marks."""
        return [(found[1] or found[2]).strip() for found in _QUOTED.finditer(self.text)]

    @cached_property
    def _busy(self) -> list[tuple[int, int]]:
        return [(day.start, day.end) for day in self.days]


@dataclass(frozen=True, eq=False)
class ParsedPassage:
    """A passage as evidence, with its article's title, outlets, authors and day."""

    hit: Hit

    @property
    def article(self) -> Article:
        """The article that the passage belongs to."""
        return self.hit.article

    @cached_property
    def sentences(self) -> list[ParsedSentence]:
        """The passage's sentences but its orders; offsets count in the article's text."""
        own = self.hit.passage
        return [sentence for sentence, is_no_news in _read(self.article.text, own.start, own.end) if not is_no_news]

    @cached_property
    def orders(self) -> list[ParsedSentence]:
        """Sentences in and around the passage that give orders to whoever answers or reads: they prove nothing."""
        own = self.hit.passage
        start, end = max(0, own.start - ORDERS_CHARS), own.end + ORDERS_CHARS
        found = [sentence for sentence, is_no_news in _read(self.article.text, start, end) if is_no_news]
        return [*found, *([ParsedSentence(self.article.title)] if is_order(self.article.title) else [])]

    @cached_property
    def parts(self) -> list[ParsedSentence]:
        """The sentences and the title, which supports but cannot be quoted."""
        return [*self.sentences, *([] if is_order(self.article.title) else [ParsedSentence(self.article.title)])]

    @cached_property
    def frame(self) -> ParsedSentence:
        """Outlets, authors and agencies."""
        said = [text for each in self._printed for text in (each.source or "", *each.authors, *each.credits)]
        return ParsedSentence(" | ".join(said))

    @cached_property
    def outlets(self) -> frozenset[str]:
        """The names of those who printed it, folded."""
        return frozenset(folded_text(each.source) for each in self._printed if each.source)

    @property
    def _printed(self) -> tuple[Article, ...]:
        return (self.article, *self.hit.also_in)

    @cached_property
    def word_set(self) -> frozenset[str]:
        """All words of passage, title and frame, folded; names also by their one form."""
        return frozenset().union(*(part.word_set for part in self.parts), self.frame.word_set)

    @cached_property
    def article_words(self) -> frozenset[str]:
        """All words of the article, folded: they complete a name that the passage shortens."""
        return frozenset(folded(token.text) for token in tokens(self.article.text))

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of all words of passage, title and frame."""
        return frozenset().union(*(part.stems for part in self.parts), self.frame.stems)

    @cached_property
    def acronyms(self) -> frozenset[str]:
        """First letters of its names of several words: "ecb"."""
        return frozenset(
            initials(name.words[at:]) for part in self.parts for name in part.names for at in range(len(name.words) - 1)
        )

    @cached_property
    def name_words(self) -> frozenset[str]:
        """The words of its names and of its outlets', folded."""
        found = {folded(word) for part in self.parts for name in part.names for word in name.words}
        return frozenset(found.union(*(outlet.split() for outlet in self.outlets)))

    @cached_property
    def folded_text(self) -> str:
        """Passage and title for finding quotations."""
        return folded_text(f"{self.hit.passage.text} | {self.article.title}")

    @cached_property
    def days(self) -> list[list[Partial]]:
        """For each of `parts`, the days that it may name."""
        years = [day.said.year for part in self.parts for day in part.days if day.said.year]
        published = self.article.published
        return [[one for day in part.days for one in resolved(day, published, years)] for part in self.parts]


def _read(text: str, start: int, end: int) -> list[tuple[ParsedSentence, bool]]:
    """The sentences of `text[start:end]`, each with whether it is an order."""
    part = text[start:end]
    spans = sentences(part)
    found = [ParsedSentence(part[span.start : span.end], start + span.start) for span in spans]
    return list(zip(found, orders_in(part, spans), strict=True))


def is_heading(text: str) -> bool:
    """Whether a line is a heading by its form: all bold, short, without a full stop."""
    return bool(_BOLD_LINE.match(text)) and len(text.split()) <= HEADING_WORDS


def is_lead_in(claim: ParsedSentence, asked: Collection[str]) -> bool:
    """Whether a sentence only leads to others: no number, day or name, and words of framing or the stems `asked`."""
    if claim.days or claim.quotations or len(claim.tokens) > LEAD_IN_WORDS:
        return False
    if any(quantity.text.lower() not in ("one", "two", "three") for quantity in claim.quantities):
        return False
    stems = claim.stems - _FRAME
    return stems <= set(asked) if claim.text.rstrip().endswith(":") else not stems


def says_nothing_is_known(claim: ParsedSentence, question: ParsedSentence, known: Collection[str]) -> bool:
    """Whether a sentence says that the articles do not say: no number, day or name that the question does not hold.

    `known` are the stems of the passages.
    """
    lows = [token.low for token in claim.tokens]
    held = set(lows) | ({"not"} if "t" in lows and re.search(r"n['’]t\b", claim.text) else set())
    if not all(held & _REPLY[kind] for kind in ("sources", "negation", "saying")):
        return False
    asked = folded_text(question.text)
    said = [quantity.text for quantity in claim.quantities] + [day.text for day in claim.days]
    said += [word for name in claim.names for word in name.words]
    if claim.quotations or any(
        folded_text(each) not in asked and each.lower() not in ("one", "today") for each in said
    ):
        return False
    terms = {stemmed for stemmed in claim.stems - _FRAME if stemmed not in _REPLY["negation"]}
    return len(terms & (question.stems | set(known))) >= KNOWN_SHARE * len(terms)
