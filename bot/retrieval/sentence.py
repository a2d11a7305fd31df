"""A sentence of a hit with what speaks for it.

Knows nothing about how that is found (see `sentence_ranking`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bot.retrieval.spans import Candidate
from bot.schema import Hit
from bot.text.words import Word

Idf = Callable[[str], float]
"""How rare a word is in the corpus, for a word in lower case as it stands in a text."""


class Features(NamedTuple):
    """What speaks for a sentence, each 0 to 1; as weights, what each counts."""

    own: float
    """Share of the question that stands in the sentence, its rare words counting more."""
    asking: float
    """The same for the part that asks: "How old is he?" after a sentence that sets the scene."""
    title: float
    after: float
    """Share of the question in the next sentence of the passage."""
    passage: float
    pairs: float
    """Share of the question's neighbouring words that are neighbours in the sentence too."""
    rank: float
    """The passage's score against that of the best passage."""
    fresh: float
    """1 when published in the days that the question names, or else shortly before it was asked."""
    old: float
    """1 when published more than a year before the question was asked."""
    newness: float
    """How new the article is, whether or not its day is likely (see `freshness`)."""
    lead: float
    hedge: float
    """1 for a plan or a possibility when the question asks for neither; half of it where no amount is asked."""
    unstated: float
    """1 for what is no statement: a question, a caption, an invitation to read on."""
    kind: float
    """How sure the sentence holds the kind of answer asked."""
    vote: float
    """How much the sentences agree on its candidate."""
    new: float
    """Share of what the title and lead leave open: "It was launched" under a title that names the telescope."""
    act: float
    """Share of the question's words that are no names: what is done or asked of those named."""
    around: float
    """Share of the question in the sentence, the one before it, the title and the lead."""
    before: float
    """Share of the question in the sentence before."""
    deed: float
    """1 where it, or the sentence before, has the verb of "When was it launched?" (see `question_deed`)."""
    holds: float
    """1 where an office is asked and the sentence names its holder as such (see `office`)."""
    defines: float
    """1 where a definition is asked and the sentence is one of that thing."""


@dataclass(slots=True, eq=False)
class Sentence:
    """One sentence of a hit with what speaks for it; `start` and `end` are offsets into the article's text."""

    hit: Hit
    start: int
    end: int
    text: str
    words: Sequence[Word]
    offset: int
    """Of the sentence in its passage; `words` are placed there."""
    before: tuple[int, int] | None
    """The sentence before it in the passage."""
    held: set[str]
    """Stems of the question that stand in it."""
    features: Features
    score: float = 0.0
    candidates: list[Candidate] = field(default_factory=list)
    best: Candidate | None = None
    """The candidate that the sentences agree on most."""
    value: str = ""
    """The best candidate, folded for comparing."""
    is_followed_by_asked: bool = False
    """Whether the verb or the noun of the question follows the best candidate at once."""


class Reading(NamedTuple):
    """The sentences of hits, best first, and how much each stem of the question counts in them, together 1."""

    sentences: list[Sentence]
    weighed: Mapping[str, float]
