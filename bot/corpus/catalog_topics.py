"""What the corpus holds of a topic, by day and source; its newest articles; how fresh each source and all of it is.

Texts are read only where they are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.corpus.catalog import Catalog
from bot.corpus.catalog_rows import article_of, day_of
from bot.corpus.catalog_schema import articles_table, portions
from bot.schema import Article

if TYPE_CHECKING:
    from bot.corpus.corpus import Corpus


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


def about_corpus(corpus: Corpus) -> dict[str, Any]:
    """How many articles, the last day of publication, and how long ago the last ingest ended. Blocks."""
    try:
        coverage, run = corpus.coverage(), corpus.catalog.last_run()
    except Exception as error:
        # Health must answer when the disk does not.
        return {"error": f"the corpus cannot be read ({type(error).__name__})"}
    ended = run.finished_at if run is not None else None
    return {
        "articles": coverage.articles,
        "newest": coverage.last.isoformat() if coverage.last else None,
        "age_seconds": round((datetime.now(UTC) - ended).total_seconds()) if ended else None,
    }
