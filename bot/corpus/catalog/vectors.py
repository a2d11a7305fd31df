"""How vectors are stored beside the catalog: 16-bit floats, all of an article in one value, with a digest."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING, TypeAlias

import sqlalchemy as sa

import bot.corpus.catalog.schema as tables
from bot.corpus.catalog.schema import among

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Vectors: TypeAlias = "NDArray[np.float32]"


def vectors_of(connection: sa.Connection, article_ids: Collection[str]) -> dict[str, Vectors]:
    """The vectors of the articles' passages, in the order of their starts; damaged or missing ones are left out."""
    import numpy as np

    found = {}
    for row in connection.execute(sa.select(tables.vectors).where(among(tables.vectors.c.article_id, article_ids))):
        if vectors_digest(row.vectors) == row.digest:
            count, raw = int.from_bytes(row.vectors[:4], "little"), row.vectors[4:]
            found[row.article_id] = np.frombuffer(raw, dtype="<f2").astype(np.float32).reshape(count, -1)
    return found


def vectors_of_passages(connection: sa.Connection, ids: Collection[str]) -> dict[str, Vectors]:
    """The vectors of those of the passages that have one, by passage id."""
    wanted, articles = set(ids), {id_.split(".", 1)[0] for id_ in ids}
    p = tables.passages.c
    found, places = {}, Counter[str]()
    of_articles = vectors_of(connection, articles)
    query = sa.select(p.id, p.article_id).where(among(p.article_id, articles)).order_by(p.article_id, p.start)
    for id_, article_id in connection.execute(query):
        place = places[article_id]
        places[article_id] += 1
        if id_ in wanted and place < len(of_articles.get(article_id, ())):
            found[id_] = of_articles[article_id][place]
    return found


def packed(vectors: Vectors) -> bytes:
    """Vectors as they are stored: their number in four bytes, and each as 16-bit floats."""
    return len(vectors).to_bytes(4, "little") + vectors.astype("<f2").tobytes()


def vectors_digest(raw: bytes) -> str:
    """32 hexadecimal characters by which stored vectors are seen to be whole."""
    return hashlib.blake2b(raw, digest_size=16).hexdigest()
