"""Articles, their passages, copies and older states, as the catalog has them; nothing here changes any.

Texts are read only where they are shown.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

import bot.corpus.catalog.schema as tables
from bot.corpus.catalog.database import Database
from bot.corpus.catalog.schema import among, dumped
from bot.corpus.identity import content_hash
from bot.errors import NewsbotError
from bot.schema import Article, Coverage, Outcome, OutcomeKind, Passage, Scope

log = logging.getLogger(__name__)

ARTICLE_FIELDS = (
    "url", "title", "text", "source", "published", "published_at", "authors", "language", "section", "credits",
    "origin", "id",
)  # fmt: skip
"""The columns that are the article itself."""
OLDEST_FIRST = tables.articles.c.published.is_(None), tables.articles.c.published, tables.articles.c.id
UNDATED = 0
"""Stands for an unknown day; the ordinal of 1 January of the year 1 is 1."""
INDEXED = sa.and_(~tables.articles.c.removed, tables.articles.c.copy_of.is_(None))
"""The articles whose passages an index must hold."""
OF_ARTICLES = tables.passages.join(tables.articles, tables.articles.c.id == tables.passages.c.article_id)


_ARTICLE = TypeAdapter(Article)


@dataclass(frozen=True, slots=True)
class PassageMeta:
    """What can be told of a passage without reading its article."""

    article_id: str
    published: date | None
    start: int
    """Its place in the article's text, in characters."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One recorded state of an article; `revision` counts from 1."""

    revision: int
    recorded_at: datetime
    article: Article


@dataclass(frozen=True, slots=True)
class Dated:
    """An article as a point in time: its text is left in the catalog."""

    article_id: str
    day: date
    source: str
    """Empty where the article names none."""
    title: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Freshness:
    """One source: how many articles it has, and the day of the newest; None where none has a day."""

    source: str
    articles: int
    newest: date | None


class Articles(Database):
    """What the catalog holds today. Every method raises CorpusError where the database cannot be read."""

    def article(self, article_id: str) -> Article | None:
        """One article of today's corpus, copies included."""
        return self.articles([article_id]).get(article_id)

    def articles(self, ids: Collection[str]) -> dict[str, Article]:
        """Those of the articles that are in today's corpus, copies included, by id."""
        with self.engine.connect() as connection:
            return {each.id: each for each in articles_where(connection, among(tables.articles.c.id, ids))}

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Those of the passages that the corpus holds today, by id; removed and outdated ones are not among them."""
        with self.engine.connect() as connection:
            spans = connection.execute(sa.select(tables.passages).where(among(tables.passages.c.id, ids))).all()
            wanted = {row.article_id for row in spans}
            found = articles_where(connection, INDEXED, among(tables.articles.c.id, wanted))
        articles = {each.id: each for each in found}
        return {
            row.id: Passage(row.id, articles[row.article_id], row.start, row.end)
            for row in spans
            if row.article_id in articles
        }

    def passage_metas(self, ids: Sequence[str], scope: Scope | None = None) -> dict[str, PassageMeta]:
        """What is known of each of the passages, by id. Those out of scope or not in the corpus are left out."""
        a, p = tables.articles.c, tables.passages.c
        query = sa.select(p.id, p.article_id, a.published, p.start).select_from(OF_ARTICLES)
        query = query.where(among(p.id, ids), INDEXED, *in_scope(scope))
        return {row.id: PassageMeta(row.article_id, row.published, row.start) for row in self.rows(query)}

    def passage_ids(self, *, dense: bool = False) -> set[str]:
        """Ids of all passages that an index must hold; a dense one must hold those that have vectors."""
        query = sa.select(tables.passages.c.id).select_from(OF_ARTICLES).where(INDEXED)
        query = query.where(tables.articles.c.embedded) if dense else query
        return {row.id for row in self.rows(query)}

    def copies(self, ids: Collection[str]) -> dict[str, tuple[Article, ...]]:
        """For each article id, the articles that are copies of it, oldest first; ids without copies are left out."""
        a = tables.articles.c
        found: dict[str, tuple[Article, ...]] = {}
        for row in self.rows(
            sa.select(tables.articles).where(among(a.copy_of, ids), ~a.removed).order_by(*OLDEST_FIRST)
        ):
            if (copy := article_of(row)) is not None:
                found[row.copy_of] = (*found.get(row.copy_of, ()), copy)
        return found

    def originals_with_copies_in(self, sources: Collection[str]) -> list[str]:
        """Ids of articles that are indexed under one source and have a copy in one of `sources`."""
        a = tables.articles.c
        query = sa.select(a.copy_of).where(a.copy_of.is_not(None), among(a.source, sources), ~a.removed)
        return [row.copy_of for row in self.rows(query.distinct())]

    def revisions(self, article_id: str) -> list[Revision]:
        """All recorded states of an article, oldest first, today's last; empty where it was never there."""
        a, r = tables.articles.c, tables.revisions.c
        past = sa.select(tables.revisions).where(r.article_id == article_id).order_by(r.revision)
        found = [
            (row.revision, row.recorded_at, _ARTICLE.validate_python(row.article))
            for row in self.rows(past)
            if row.digest == revision_digest(row.article)  # a damaged one was never a state
        ]
        today = self.rows(sa.select(tables.articles).where(a.id == article_id, ~a.removed))
        found += [(row.revision, row.changed_at, article) for row in today if (article := article_of(row)) is not None]
        return [Revision(number, datetime.fromisoformat(at), article) for number, at, article in found]

    def is_removed(self, article_id: str) -> bool | None:
        """Whether an article was taken out of the corpus; False where it is there, None where it never was."""
        found = self.scalar(sa.select(tables.articles.c.removed).where(tables.articles.c.id == article_id))
        return None if found is None else bool(found)

    def is_purged(self, article_id: str) -> bool:
        """Whether the article was purged, and may not come back."""
        return self.scalar(purged(article_id)) is not None

    def known_input(self, digest: str) -> Outcome | None:
        """UNCHANGED, without an origin, where the input of that digest is stored as it was read; else None."""
        a, i = tables.articles.c, tables.inputs.c
        same = tables.inputs.join(tables.articles, sa.and_(a.id == i.article_id, a.content_hash == i.content_hash))
        query = sa.select(a.id, a.title, a.content_hash).select_from(same).where(i.digest == digest, ~a.removed)
        for id_, title, content in self.rows(query):
            return Outcome(kind=OutcomeKind.UNCHANGED, origin="", article_id=id_, title=title, content_hash=content)
        return None

    # Figures

    def coverage(self) -> Coverage:
        """Number of articles (copies included), first and last day of publication."""
        a = tables.articles.c
        total = self.scalar(sa.select(sa.func.sum(tables.sources.c.articles)))
        # Three queries, since each is one index lookup; one query for all three would scan the table.
        first, last = (self.scalar(sa.select(end(a.published)).where(~a.removed)) for end in (sa.func.min, sa.func.max))
        return Coverage(int(total or 0), first, last)

    def sources(self) -> dict[str, int]:
        """Number of articles by source, largest first; articles that name none are under ""."""
        s = tables.sources.c
        query = sa.select(s.source, s.articles).where(s.articles > 0).order_by(s.articles.desc(), s.source)
        return {row.source: int(row.articles) for row in self.rows(query)}

    def counts(self) -> dict[str, int]:
        """Numbers of articles, copies among them, passages to index, and articles without a date."""
        a = tables.articles.c
        rows = sa.select(sa.func.count()).select_from(tables.articles).where(~a.removed)
        queries = {
            "articles": rows,
            "copies": rows.where(a.copy_of.is_not(None)),
            "undated": rows.where(a.published.is_(None)),
            "passages": sa.select(sa.func.count()).select_from(OF_ARTICLES).where(INDEXED),
        }
        return {name: int(self.scalar(query)) for name, query in queries.items()}


def dated(catalog: Articles, ids: Sequence[str]) -> list[Dated]:
    """Those of the articles that have a day, with their copies in other outlets, oldest first. Raises CorpusError."""
    a = tables.articles.c
    query = sa.select(a.id, a.published, a.source, a.title, a.url).where(
        sa.or_(among(a.id, ids), among(a.copy_of, ids)), ~a.removed, a.published.is_not(None)
    )
    rows = catalog.rows(query.order_by(a.published, a.id))
    return [Dated(row.id, row.published, row.source or "", row.title, row.url) for row in rows]


def newest(
    catalog: Articles, count: int, ids: Sequence[str] | None = None, scope: Scope | None = None, *, whole: bool = False
) -> list[Article]:
    """The newest articles; only those of `ids`, and in scope, where given. Raises CorpusError.

    Copies and articles without a day are left out, unless the `whole` corpus is meant: what has no day comes last then.
    """
    a = tables.articles.c
    query = sa.select(tables.articles).where(*[~a.removed] if whole else [INDEXED, a.published.is_not(None)])
    query = query if ids is None else query.where(among(a.id, ids))
    query = query.where(*in_scope(scope))
    query = query.order_by(a.published.is_(None)) if whole else query
    query = query.order_by(a.published.desc(), a.published_at.desc(), a.added_at.desc(), a.id)
    rows = catalog.rows(query.limit(count))
    return [each for row in rows if (each := article_of(row)) is not None]


def freshness(catalog: Articles) -> list[Freshness]:
    """Every source, the one with most articles first. Raises CorpusError."""
    a = tables.articles.c
    name, count = sa.func.coalesce(a.source, ""), sa.func.count()
    query = sa.select(name, count, sa.func.max(a.published)).where(~a.removed).group_by(name)
    return [Freshness(*row) for row in catalog.rows(query.order_by(count.desc(), name))]


def articles_where(connection: sa.Connection, *conditions: Any) -> list[Article]:
    """The articles of today's corpus of which all conditions are true, the oldest first; damaged ones are left out."""
    query = sa.select(tables.articles).where(~tables.articles.c.removed, *conditions).order_by(*OLDEST_FIRST)
    return [each for row in connection.execute(query) if (each := article_of(row)) is not None]


def purged(article_id: str) -> sa.Select[Any]:
    """Finds the article where it was purged."""
    return sa.select(tables.purged.c.article_id).where(tables.purged.c.article_id == article_id)


def article_of(row: Any) -> Article | None:
    """The article that a row of `tables.articles` is; None, with a warning, where it is not what was stored."""
    try:
        values = {name: row._mapping[name] for name in ARTICLE_FIELDS}
        article = Article(**values | {name: tuple(values[name]) for name in ("authors", "credits")})
        if content_hash(article) == row.content_hash:
            return article
    except (ValueError, TypeError, NewsbotError):
        pass
    log.warning("article %s (%s) is damaged in the catalog and left out: newsbot verify --repair", row.id, row.url)
    return None


def values_of(article: Article) -> dict[str, Any]:
    """The columns that are the article itself."""
    return {name: getattr(article, name) for name in ARTICLE_FIELDS}


def revision_digest(article: Any) -> str:
    """32 hexadecimal characters over a recorded state of an article."""
    return hashlib.sha256(dumped(article).encode()).hexdigest()[:32]


def row_hash(values: Mapping[Any, Any], spans: Iterable[Any]) -> str:
    """32 hexadecimal characters over an article's passages and over the columns that its content hash leaves out."""
    names = ("id", "revision", "origin", "copy_of", "removed", "added_at", "changed_at")
    kept = [values[name] for name in names], sorted((each.start, each.end) for each in spans)
    return hashlib.sha256(json.dumps(kept).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def passages_of(connection: sa.Connection, articles: Mapping[str, Article]) -> dict[str, list[Passage]]:
    """The passages of each of the articles, in the order of their starts."""
    p = tables.passages.c
    found: dict[str, list[Passage]] = defaultdict(list)
    spans = sa.select(tables.passages).where(among(p.article_id, articles)).order_by(p.article_id, p.start)
    for row in connection.execute(spans):
        found[row.article_id].append(Passage(row.id, articles[row.article_id], row.start, row.end))
    return found


def narrowing(scope: Scope | None) -> tuple[list[tuple[int, int]], dict[str, Sequence[str]]]:
    """A scope as what all engines filter by: ranges of days (ordinals, UNDATED for an unknown day), all of which must
    hold, and values by field, one of which is enough.
    """
    days: list[tuple[int, int]] = []
    either: dict[str, Sequence[str]] = {}
    if scope and (scope.after or scope.before):
        days.append(((scope.after or date.min).toordinal(), (scope.before or date.max).toordinal()))
    if scope and scope.known_by:
        days.append((UNDATED, scope.known_by.toordinal()))
    if scope and scope.sources:
        either = {"source": scope.sources, "article_id": scope.copied_by_sources}
    return days, {field: values for field, values in either.items() if values}


def in_scope(scope: Scope | None) -> list[sa.ColumnElement[bool]]:
    """A scope in SQL, over the articles' table."""
    a = tables.articles.c
    days, either = narrowing(scope)
    found: list[sa.ColumnElement[bool]] = []
    for first, last in days:
        inside = a.published.between(date.fromordinal(max(first, 1)), date.fromordinal(last))
        found.append(inside if first > UNDATED else sa.or_(a.published.is_(None), inside))
    if either:
        columns = {"source": a.source, "article_id": a.id}
        found.append(sa.or_(*(among(columns[field], values) for field, values in either.items())))
    return found
