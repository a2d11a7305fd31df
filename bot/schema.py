"""The nouns, in the order the data meets them: article, passage, question, hit, answer.

They need the standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One news article: what it says, where it stands, when it was published.

    `text` is the body alone: paragraphs and crossheads separated by a blank line, without the title, menus,
    picture credits or newsletter boxes. Every offset in this project counts characters (code points) of `text`.

    `published` is the day as the publisher printed it, in the publisher's own time zone; None where the page does
    not say. `published_at` is the moment, with its time zone, where the page gives one. A file's time, a crawl's
    time or an "updated" stamp is never either of them.

    `id` is empty until the article has an identity (see `bot.corpus.identity`).
    """

    title: str
    text: str
    url: str | None = None
    source: str | None = None
    """The outlet's name as readers know it: "DW", "Reuters"."""
    published: date | None = None
    published_at: datetime | None = None
    authors: tuple[str, ...] = ()
    language: str | None = None
    """ISO 639-1 code, lower case: "en"."""
    section: str | None = None
    credits: tuple[str, ...] = ()
    """Agencies that the article names as its own sources: ("dpa", "AP", "AFP")."""
    origin: str = ""
    """Where it was read from (a path or an address); no part of what the article is."""
    input_digest: str = ""
    """Of the bytes it was read from, where its reader gives one; no part of what the article is, and not stored."""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A run of characters of an article's text: `text[start:end]`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole sentences of one article: the unit that is indexed and found."""

    id: str
    article: Article
    start: int
    end: int

    @property
    def text(self) -> str:
        """The passage's words, verbatim."""
        return self.article.text[self.start : self.end]


class OutcomeKind(StrEnum):
    """What became of one thing that ingest was given."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    COPY = "copy"
    """New to the corpus, and the same text as an article that was there: kept, linked, not embedded."""
    SKIPPED = "skipped"
    """Nothing to store here, and nothing wrong: a menu page, a video without text, a file of another kind."""
    FAILED = "failed"
    """Something is wrong with the input: it could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one article or one source; the readers and the pipeline yield these."""

    kind: OutcomeKind
    origin: str
    """The file, member or address it was read from."""
    article_id: str = ""
    title: str = ""
    reason: str = ""
    """For skipped and failed: one sentence that a person can act on."""
    content_hash: str = ""
    """For what was known before it was read: of the article as it is stored (see `bot.corpus.identity`)."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much the corpus holds: number of articles, and the first and last day of publication."""

    articles: int
    first: date | None = None
    last: date | None = None

    def to_dict(self) -> dict[str, Any]:
        """As values for JSON; days in ISO form."""
        return {"articles": self.articles, "first": _iso(self.first), "last": _iso(self.last)}


@dataclass(frozen=True, slots=True)
class Question:
    """A question, with what narrows it.

    `as_of` is the day of asking ("yesterday" counts from it, and nothing published later is known then);
    None means now. `after` and `before` are inclusive days of publication. `sources` are outlet names.
    """

    text: str
    as_of: date | None = None
    after: date | None = None
    before: date | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of the corpus that a search may find. Days are inclusive; empty means everything.

    An article without a date is outside of any `after` or `before`, and inside of any `known_by`.
    """

    after: date | None = None
    before: date | None = None
    known_by: date | None = None
    """Nothing that was published after this day."""
    sources: tuple[str, ...] = ()
    copied_by_sources: tuple[str, ...] = ()
    """Ids of articles that stand under another source and have a copy in one of `sources`."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found for a question, with its score and what the score is made of."""

    passage: Passage
    score: float
    parts: Mapping[str, float] = field(default_factory=dict)
    """Score parts by name, each unweighted: "lexical", "dense", ..."""
    also_in: tuple[Article, ...] = ()
    """Articles of other outlets that hold the same text."""

    @property
    def article(self) -> Article:
        """The article that the passage belongs to."""
        return self.passage.article


@dataclass(frozen=True, slots=True)
class Citation:
    """One numbered, verbatim quote: `article.text[start:end] == quote`, always."""

    number: int
    quote: str
    start: int
    end: int
    article: Article
    link: str | None
    """The article's address with a text fragment that opens the page at the quote; None without an address."""
    also_in: tuple[Article, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As values for JSON; `start` and `end` count characters of the article's text."""
        return {
            "number": self.number,
            "quote": self.quote,
            "url": self.article.url,
            "link": self.link,
            "title": self.article.title,
            "source": self.article.source,
            "published": _iso(self.article.published),
            "article_id": self.article.id,
            "start": self.start,
            "end": self.end,
            "also_in": [{"source": each.source, "url": each.url, "title": each.title} for each in self.also_in],
        }


@dataclass(frozen=True, slots=True)
class Turn:
    """One exchange of a conversation, oldest first in a history: what was asked (made whole) and what was said."""

    question: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Removed:
    """A piece of a chat model's reply that is not shown, and why."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What a chat model was asked to do for an answer: tokens, calls, seconds, and US dollars where known."""

    input_tokens: int = 0
    output_tokens: int = 0
    calls: int = 0
    seconds: float = 0.0
    cost_usd: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As values for JSON; `cost_usd` is None where it is not known."""
        return asdict(self) | {"seconds": round(self.seconds, 4)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is said to a question, and what it rests on.

    `text` holds `[n]` markers, each the number of one of `citations`. `short` is the span asked for, a verbatim
    part of a quote, or None. `as_of` is the newest cited day. When `answered` is False, `reason` says why and
    `nearest` is the closest article, if any is near. While a chat model still writes, `final` is False: what is there
    is checked, and more may follow.
    """

    question: Question
    text: str
    short: str | None = None
    citations: tuple[Citation, ...] = ()
    answered: bool = True
    reason: str | None = None
    as_of: date | None = None
    confidence: float = 0.0
    """0 to 1: how sure the answerer is that the citations answer the question."""
    model: str | None = None
    """The chat model that wrote the text; None for an answer by quoting."""
    seconds: float = 0.0
    coverage: Coverage = Coverage(0)
    nearest: Citation | None = None
    retrieved: tuple[str, ...] = ()
    """Ids of the passages that the answer was chosen from, best first."""
    final: bool = True
    note: str | None = None
    """Why a chat model that is set did not write this answer, fit to show."""
    removed: tuple[Removed, ...] = ()
    usage: Usage | None = None

    def __str__(self) -> str:
        """The text, and a line for each source: number, title, outlet, day, address."""
        lines = [self.text, ""] if self.citations else [self.text]
        for each in self.citations:
            article = each.article
            about = (article.title, article.source, _iso(article.published) or "date unknown", article.url)
            lines.append(f"[{each.number}] " + " · ".join(part for part in about if part))
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """As values for JSON, what `newsbot ask --json` prints; days in ISO form, seconds to four places."""
        return {
            "question": self.question.text,
            "answered": self.answered,
            "text": self.text,
            "short": self.short,
            "as_of": _iso(self.as_of),
            "confidence": round(self.confidence, 3),
            "citations": [citation.to_dict() for citation in self.citations],
            "model": self.model,
            "seconds": round(self.seconds, 4),
            "reason": self.reason,
            "nearest": self.nearest.to_dict() if self.nearest else None,
            "note": self.note,
            "removed": [asdict(each) for each in self.removed],
            "usage": self.usage.to_dict() if self.usage else None,
            "coverage": self.coverage.to_dict(),
        }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
