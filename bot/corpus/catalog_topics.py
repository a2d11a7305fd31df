"""What the corpus holds of a topic, by day and source; its newest articles; its topics; how fresh each source is.

Texts are read only where they are shown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import dropwhile

import sqlalchemy as sa

from bot.corpus.catalog import Catalog
from bot.corpus.catalog_rows import article_of, day_of, in_scope
from bot.corpus.catalog_schema import articles_table, portions
from bot.schema import Article, Scope
from bot.text.names import is_title, names, one_form
from bot.text.unicode import folded

TOPIC_ARTICLES = 2000
"""Newest articles that are read for their names."""
TOPIC_TEXT_CHARS = 600
"""What an article is about stands in its beginning."""


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


@dataclass(frozen=True, slots=True)
class Topic:
    """A name, in how many articles it stands, and the day of the newest of them."""

    name: str
    articles: int
    newest: date | None


def dated(catalog: Catalog, ids: Sequence[str]) -> list[Dated]:
    """Those of the articles that have a day, with their copies in other outlets, oldest first. Raises CorpusError."""
    a = articles_table.c
    found: dict[str, Dated] = {}
    with catalog.engine.connect() as connection:
        for some in portions(ids):
            query = sa.select(a.id, a.published, a.source, a.title, a.url).where(
                sa.or_(a.id.in_(some), a.copy_of.in_(some)), ~a.removed, a.published.is_not(None)
            )
            for row in connection.execute(query):
                day = day_of(row.published)
                assert day is not None
                found[row.id] = Dated(row.id, day, row.source or "", row.title, row.url)
    return sorted(found.values(), key=lambda each: (each.day, each.article_id))


def newest(catalog: Catalog, count: int, ids: Sequence[str] | None = None) -> list[Article]:
    """The newest articles with a day, copies left out; only those of `ids` where given. Raises CorpusError."""
    a = articles_table.c
    wanted = sa.select(articles_table).where(~a.removed, a.copy_of.is_(None), a.published.is_not(None))
    newest_first = (a.published.desc(), a.published_at.desc(), a.added_at.desc(), a.id)
    found: list[Article] = []
    with catalog.engine.connect() as connection:
        for some in [None] if ids is None else portions(ids):
            query = wanted if some is None else wanted.where(a.id.in_(some))
            rows = connection.execute(query.order_by(*newest_first).limit(count))
            found += [each for row in rows if (each := article_of(row)) is not None]
    if ids is not None:  # each portion gave its own newest ones
        found.sort(key=lambda each: (each.published, str(each.published_at or ""), each.id), reverse=True)
    return found[:count]


def listed(catalog: Catalog, count: int, scope: Scope) -> list[Article]:
    """Articles in scope, copies too: the newest first, those without a day last. Raises CorpusError."""
    a = articles_table.c
    order = (a.published.is_(None), a.published.desc(), a.published_at.desc(), a.added_at.desc(), a.id)
    query = sa.select(articles_table).where(~a.removed, *in_scope(scope)).order_by(*order).limit(count)
    with catalog.engine.connect() as connection:
        return [each for row in connection.execute(query) if (each := article_of(row)) is not None]


def topics(catalog: Catalog, count: int, scope: Scope) -> list[Topic]:
    """The names that most of the newest articles in scope begin with, wire copies counted once. Raises CorpusError."""
    outlets = {folded(source) for source in catalog.sources()}
    found: dict[str, Counter[str]] = {}
    newest_day: dict[str, date | None] = {}
    for article in {each.text: each for each in listed(catalog, TOPIC_ARTICLES, scope)}.values():
        said: dict[str, str] = {}
        for name in names(f"{article.title}\n{article.text[:TOPIC_TEXT_CHARS]}"):
            words = list(dropwhile(is_title, (re.sub(r"['’]s?$", "", word) for word in name.words)))
            if words and folded(shown := " ".join(words)) not in outlets:
                said.setdefault(one_form("-".join(words)), shown)
        for key, shown in said.items():
            found.setdefault(key, Counter())[shown] += 1
            newest_day.setdefault(key, article.published)
    most = sorted(found.items(), key=lambda each: (-each[1].total(), each[0]))
    return [
        Topic(spellings.most_common(1)[0][0], spellings.total(), newest_day[key])
        for key, spellings in most[:count]
        if spellings.total() > 1
    ]


def freshness(catalog: Catalog) -> list[Freshness]:
    """Every source, the one with most articles first. Raises CorpusError."""
    a = articles_table.c
    name, count = sa.func.coalesce(a.source, ""), sa.func.count()
    with catalog.engine.connect() as connection:
        rows = connection.execute(
            sa.select(name, count, sa.func.max(a.published))
            .where(~a.removed)
            .group_by(name)
            .order_by(count.desc(), name)
        ).all()
    return [Freshness(row[0], row[1], day_of(row[2])) for row in rows]
