"""A passage as evidence, read once: its sentences, the words and names that stand in it, the days that it names.

Knows nothing about what is claimed or who claims it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from bot.answering.proof.days import Partial, resolved
from bot.answering.proof.figures import Figure, Reading
from bot.answering.proof.meanings import TO_COME, aliases, folded
from bot.answering.proof.statement import Statement
from bot.answering.proof.units import CURRENCIES, SIGNS
from bot.schema import Article, Hit
from bot.text.sentences import sentences

_BLANKS = re.compile(r"\s+")
_MARKS = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "\u00a0": " "})


@dataclass(frozen=True, eq=False)
class Evidence:
    """A passage that was given to the model, with its article's title, outlet, authors and day."""

    hit: Hit

    @property
    def article(self) -> Article:
        """The article that the passage belongs to."""
        return self.hit.article

    @cached_property
    def sentences(self) -> list[Statement]:
        """The passage's sentences; offsets count in the article's text."""
        known = frozenset(word for each in (*self._plain, self.title) for name in each.names for word in name.words)
        found = [Statement(each.text, each.offset, known) if _opens_with(each, known) else each for each in self._plain]
        _inherit_currency(found)
        return found

    @cached_property
    def title(self) -> Statement:
        """The title, which supports but cannot be quoted."""
        known = frozenset(word for each in self._plain for name in each.names for word in name.words)
        return Statement(self.article.title, 0, known)

    @cached_property
    def _plain(self) -> list[Statement]:
        """The sentences, each read for itself."""
        passage = self.hit.passage
        return [
            Statement(passage.text[span.start : span.end], passage.start + span.start)
            for span in sentences(passage.text)
        ]

    @cached_property
    def name_words(self) -> frozenset[str]:
        """The words of all names of passage and title, folded."""
        return frozenset(word for each in (*self.sentences, self.title) for name in each.names for word in name.words)

    @cached_property
    def outlets(self) -> frozenset[str]:
        """The names of those who printed it, folded."""
        articles = (self.article, *self.hit.also_in)
        return frozenset(folded(article.source) for article in articles if article.source)

    @cached_property
    def frame_words(self) -> frozenset[str]:
        """Words of outlets, authors and agencies."""
        articles = (self.article, *self.hit.also_in)
        named = [text for each in articles for text in (each.source or "", *each.authors, *each.credits)]
        return Statement(" | ".join(named)).lows

    @cached_property
    def words(self) -> frozenset[str]:
        """All words of passage, title and frame, folded; names also by their one form."""
        parts = [statement.lows for statement in (*self.sentences, self.title)]
        return frozenset().union(*parts, self.frame_words)

    @cached_property
    def meanings(self) -> frozenset[str]:
        """What the words of passage and title mean."""
        return frozenset().union(*(statement.meanings for statement in (*self.sentences, self.title)))

    @cached_property
    def acronyms(self) -> frozenset[str]:
        """First letters of names of several words: "ecb"; and the words of the names in capitals."""
        found: set[str] = set()
        for statement in (*self.sentences, self.title):
            for name in statement.names:
                letters = [word[0].lower() for word in name.raw if word[0].isupper()]
                found.update("".join(letters[at:]) for at in range(len(letters) - 1))
        return frozenset(found)

    @cached_property
    def whole_pairs(self) -> frozenset[tuple[str, str]]:
        """Neighbouring words anywhere in the article: they complete a name that the passage shortens."""
        return Statement(self.article.text).pairs | self.title.pairs | Statement(" | ".join(self._named)).pairs

    @cached_property
    def _named(self) -> list[str]:
        return [text for each in (self.article, *self.hit.also_in) for text in (each.source or "", *each.authors)]

    @cached_property
    def folded_text(self) -> str:
        """Passage and title for finding quotations: plain marks, one blank, lower case."""
        return plain(f"{self.hit.passage.text} | {self.article.title}")

    @cached_property
    def days(self) -> list[list[list[Partial]]]:
        """For each sentence, for each day that it names, what that day may be."""
        read = self.sentences
        return [
            day_lists(statement, self.article.published, _years(read[place - 1]) if place else ())
            for place, statement in enumerate(read)
        ]

    @cached_property
    def title_days(self) -> list[list[Partial]]:
        """The same for the title."""
        return day_lists(self.title, self.article.published)

    @cached_property
    def printed(self) -> list[Partial]:
        """The day of publication."""
        day = self.article.published
        return [Partial(day.year, day.month, day.day, day.weekday())] if day else []

    def has_word(self, low: str) -> bool:
        """Whether a folded word stands in passage, title or frame, a name under any of its forms."""
        return low in self.words or aliases().get(low, low) in self.words


def is_to_come(statement: Statement) -> bool:
    """Whether a sentence speaks of what is planned, expected or possible."""
    lows = [token.low for token in statement.tokens if token.text != "May"]
    if any(low in TO_COME for low in lows):
        return True
    return any(
        low in ("is", "are", "was", "were") and lows[at + 1] == "to" and at + 2 < len(lows)
        for at, low in enumerate(lows[:-1])
    )


def plain(text: str) -> str:
    """Text for comparing quotations: typographic marks made plain, blanks as one space, lower case."""
    return _BLANKS.sub(" ", text.translate(_MARKS)).lower().strip()


def union(statements: Sequence[Statement], attribute: str) -> frozenset[str]:
    """All of one set of several sentences: "meanings", "denied", "lows"."""
    return frozenset().union(*(getattr(statement, attribute) for statement in statements))


def day_lists(statement: Statement, published: date | None, years_before: Sequence[int] = ()) -> list[list[Partial]]:
    """For each day that a sentence names, what it may be in an article of the day `published`.

    "That year" is one named in the sentence or, as `years_before`, in the one before.
    """
    to_come = is_to_come(statement)
    years = [*_years(statement), *(years_before if "that year" in statement.text else ())]
    return [resolved(day, published, years, is_to_come=to_come) for day in statement.days]


def _years(statement: Statement) -> list[int]:
    return [day.said.year for day in statement.days if day.said.year]


def days_of(statement: Statement, published: date | None) -> list[Partial]:
    """All days that a sentence may name."""
    return [each for found in day_lists(statement, published) for each in found]


def _opens_with(statement: Statement, known: frozenset[str]) -> bool:
    """Whether the first word is a name elsewhere, and not yet one here."""
    first = statement.words[0] if statement.words else None
    return (
        first is not None and folded(first.text) in known and not any(n.start <= first.start for n in statement.names)
    )


def _inherit_currency(statements: Sequence[Statement]) -> None:
    """ "One offered 100 million euros. The other promised 200 million.": the second sum is in euros too."""
    currency = ""
    for statement in statements:
        read: list[Figure] = []
        for figure in statement.figures:
            value, unit = figure.readings[0].value, figure.readings[0].unit
            behind = statement.text[figure.end : figure.end + 1]
            if unit in _CURRENCIES:
                currency = unit
            is_bare = unit == "" and value >= BARE_SUM_LEAST and behind in (".", ",", ";", "")
            more = (Reading(value, currency),) if is_bare and currency else ()
            read.append(figure._replace(readings=(*figure.readings, *more)))
        statement.__dict__["figures"] = read


BARE_SUM_LEAST = 1e6
_CURRENCIES = frozenset((*SIGNS.values(), *CURRENCIES.values()))
