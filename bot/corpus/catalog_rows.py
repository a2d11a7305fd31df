"""What the rows of the catalog's tables are: articles, passages, vectors, changes, revisions, runs, feeds."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.corpus.catalog_schema import articles_table, inputs_table, passages_table, portions, vectors_table
from bot.corpus.identity import content_hash
from bot.errors import NewsbotError
from bot.schema import Article, Outcome, OutcomeKind, Passage, Scope

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """What an index must know of one article: its id, its newest `seq`, and the passages to hold of it now.

    For a dense index the passages have their `vectors`, shape (passages, dimension), and those that have none yet are
    left out: they come with a later change.
    """

    seq: int
    article_id: str
    passages: tuple[Passage, ...]
    vectors: Vectors | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a passage stands: what can be told of it without reading its article."""

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
class Run:
    """One run of ingest: when, and how many articles had which outcome; `finished_at` is None if it was cut short."""

    started_at: datetime
    finished_at: datetime | None
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What is remembered of an address that is followed.

    `etag` and `last_modified` are the server's, given back to it at the next request; both are None until everything
    that the address led to is stored. `kind` is what it gave ("feed"), `reading` the way in which it was read: what
    another way would have given cannot be told from "not modified". The server does not want to be asked before
    `retry_at`.
    """

    address: str
    kind: str = ""
    reading: str = ""
    etag: str | None = None
    last_modified: str | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What is remembered of a page that a feed led to; `url` is its address in canonical spelling.

    `version` is the feed's own stamp of the entry's last change when the page was fetched last, "" where it gave none.
    `fetches` counts them all, `failures` those that failed since one did not.
    """

    url: str
    version: str
    fetches: int
    failures: int
    fetched_at: datetime


def changes_of(connection: sa.Connection, rows: Sequence[Any], *, dense: bool = False) -> list[Change]:
    """What an index must know of articles' rows: removed ones, damaged ones and copies have nothing to index."""
    indexed_rows = [row for row in rows if not row.removed and row.copy_of is None]
    articles = {article.id: article for row in indexed_rows if (article := article_of(row)) is not None}
    vectors = vectors_of(connection, list(articles)) if dense else {}
    held: dict[str, list[Passage]] = {}
    p = passages_table.c
    for some in portions([id_ for id_ in articles if not dense or id_ in vectors]):
        spans = sa.select(passages_table).where(p.article_id.in_(some)).order_by(p.article_id, p.start)
        for each in connection.execute(spans):
            passage = Passage(each.id, articles[each.article_id], each.start, each.end)
            held.setdefault(each.article_id, []).append(passage)
    found = []
    for row in rows:
        passages, matrix = tuple(held.get(row.id, ())), vectors.get(row.id)
        if matrix is not None and len(matrix) != len(passages):
            passages, matrix = (), None
        found.append(Change(row.dense_seq if dense else row.seq, row.id, passages, matrix if passages else None))
    return found


def vectors_of(connection: sa.Connection, article_ids: Sequence[str]) -> dict[str, Vectors]:
    """The vectors of the articles' passages, in the order of their starts; what is damaged or not there is left out."""
    import numpy as np

    found = {}
    for some in portions(article_ids):
        for row in connection.execute(sa.select(vectors_table).where(vectors_table.c.article_id.in_(some))):
            if vectors_digest(row.vectors) == row.digest:
                rows, raw = int.from_bytes(row.vectors[:4], "little"), row.vectors[4:]
                found[row.article_id] = np.frombuffer(raw, dtype="<f2").astype(np.float32).reshape(rows, -1)
    return found


def packed(vectors: Vectors) -> bytes:
    """Vectors as they are stored: their number in four bytes, and each as 16-bit floats."""
    return len(vectors).to_bytes(4, "little") + vectors.astype("<f2").tobytes()


def vectors_digest(raw: bytes) -> str:
    """32 hexadecimal characters by which stored vectors are seen to be whole."""
    return hashlib.blake2b(raw, digest_size=16).hexdigest()


def revision_digest(article: Any) -> str:
    """32 hexadecimal characters over a recorded state of an article."""
    return hashlib.sha256(json.dumps(article).encode()).hexdigest()[:32]


def row_hash(values: Mapping[Any, Any], spans: Iterable[tuple[int, int]]) -> str:
    """32 hexadecimal characters over what of an article's row its content hash leaves out, and over its cutting."""
    names = ("id", "revision", "origin", "copy_of", "removed", "added_at", "changed_at")
    kept = [values[name] for name in names]
    return hashlib.sha256(json.dumps([kept, sorted(spans)]).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def indexed() -> sa.ColumnElement[bool]:
    """The articles whose passages an index must hold."""
    return sa.and_(~articles_table.c.removed, articles_table.c.copy_of.is_(None))


def standing_of(connection: sa.Connection, ids: Sequence[str], scope: Scope | None) -> dict[str, Standing]:
    """Where those of the passages stand that are indexed and in scope; no article's text is read past."""
    a, p = articles_table.c, passages_table.c
    query = sa.select(p.id, p.article_id, a.published, p.start).join_from(
        passages_table, articles_table, a.id == p.article_id
    )
    query = query.where(indexed(), *(in_scope(scope) if scope else ()))
    return {
        id_: Standing(article_id, day_of(published), start)
        for some in portions(ids)
        for id_, article_id, published, start in connection.execute(query.where(p.id.in_(some))).all()
    }


def in_scope(scope: Scope) -> list[sa.ColumnElement[bool]]:
    """A scope in SQL, over the articles' table."""
    a = articles_table.c
    found: list[sa.ColumnElement[bool]] = []
    if scope.after:
        found.append(a.published >= scope.after.isoformat())
    if scope.before:
        found.append(a.published <= scope.before.isoformat())
    if scope.known_by:
        found.append(sa.or_(a.published.is_(None), a.published <= scope.known_by.isoformat()))
    if scope.sources:
        named = a.source.in_(list(scope.sources))
        found.append(sa.or_(named, a.id.in_(list(scope.copied_by_sources))) if scope.copied_by_sources else named)
    return found


def day_of(text: str | None) -> date | None:
    """A stored day."""
    return date.fromisoformat(text) if text else None


def values_of(article: Article) -> dict[str, Any]:
    """The columns that are the article itself."""
    return {
        "url": article.url,
        "title": article.title,
        "text": article.text,
        "source": article.source,
        "published": article.published.isoformat() if article.published else None,
        "published_at": article.published_at.isoformat() if article.published_at else None,
        "authors": list(article.authors),
        "language": article.language,
        "section": article.section,
        "credits": list(article.credits),
        "origin": article.origin,
    }


def run_of(row: Any) -> Run:
    """The run of ingest that a row of `runs_table` is."""
    finished = datetime.fromisoformat(row.finished_at) if row.finished_at else None
    return Run(datetime.fromisoformat(row.started_at), finished, row.counts)


def known_input_of(connection: sa.Connection, digest: str) -> Outcome | None:
    """UNCHANGED, without an origin, where the input of that digest is stored as it was read; else None."""
    a, i = articles_table.c, inputs_table.c
    same = sa.and_(a.id == i.article_id, a.content_hash == i.content_hash)
    query = sa.select(a.id, a.title, a.content_hash).select_from(inputs_table.join(articles_table, same))
    row = connection.execute(query.where(i.digest == digest, ~a.removed)).one_or_none()
    if row is None:
        return None
    return Outcome(
        kind=OutcomeKind.UNCHANGED, origin="", article_id=row.id, title=row.title, content_hash=row.content_hash
    )


def article_of(row: Any) -> Article | None:
    """The article that a row of `articles_table` is; None, with a warning, where it is not what was stored."""
    try:
        article = article_from(row._mapping)
        if content_hash(article) == row.content_hash:
            return article
    except (ValueError, TypeError, KeyError, NewsbotError):
        pass
    log.warning("article %s (%s) is damaged in the catalog and left out: newsbot verify --repair", row.id, row.url)
    return None


def article_from(values: Mapping[str, Any]) -> Article:
    """The article that stored values are, as in a row or in a revision."""
    return Article(
        id=values["id"],
        url=values["url"],
        title=values["title"],
        text=values["text"],
        source=values["source"],
        published=day_of(values["published"]),
        published_at=datetime.fromisoformat(values["published_at"]) if values["published_at"] else None,
        authors=tuple(values["authors"]),
        language=values["language"],
        section=values["section"],
        credits=tuple(values["credits"]),
        origin=values["origin"],
    )
