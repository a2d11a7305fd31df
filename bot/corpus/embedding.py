"""Makes the vectors of what the catalog holds without one, and stores them there: nothing is embedded twice."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.corpus.catalog import Catalog
from bot.corpus.embedded_text import document
from bot.errors import IndexMismatch

if TYPE_CHECKING:
    from bot.corpus.catalog.log import Change
    from bot.corpus.catalog.vectors import Vectors

BATCH_PASSAGES = 4_096
"""Passages that are taken from the catalog at a time."""
SHARED_PASSAGES = 512
"""The same where other processes embed too."""
TRIES = 3
"""After so many batches in a row that other processes had claimed, the rest is left to them."""
PART_PASSAGES = 256
"""Passages that are encoded in one call, in whole articles. A crash loses one call. Enough to sort by length."""


@dataclass(frozen=True)
class Encoder:
    """What makes vectors of texts.

    `named` is what it is without loading it (its model's name, ...), `facts` what is known when it is loaded (the
    fingerprint of its weights, ...). `encode_many` turns parts of texts into unit vectors, shape (texts, dimension) for
    each part; it may encode ahead. `content_words` says whether passages are embedded by those alone.
    """

    named: Mapping[str, str | int]
    encode_many: Callable[[Sequence[list[str]]], Generator[Vectors]]
    facts: Callable[[], Mapping[str, str | int]] = dict
    content_words: bool = False

    def make(self) -> dict[str, str | int]:
        """Everything that vectors depend on."""
        return {**self.named, **self.facts()}


def require_encoder(catalog: Catalog, encoder: Encoder, folder: object) -> None:
    """Raises IndexMismatch where the catalog's vectors were made with another model, or otherwise, than is set now."""
    made = catalog.vectors_make()
    if made is None:
        return
    if made.get("model") != encoder.named.get("model"):
        raise IndexMismatch(
            f"The vectors in {folder} were made with the embedding model {made.get('model')}, and "
            f"{encoder.named.get('model')} is set. Set NEWSBOT_EMBEDDING_MODEL={made.get('model')}, "
            f"or embed all passages anew: newsbot reindex --data {folder}"
        )
    wanted = encoder.make()
    if made != wanted:
        raise IndexMismatch(
            f"The vectors in {folder} were made another way ({made}) than is set now ({wanted}). "
            f"Embed all passages anew: newsbot reindex --data {folder}"
        )


def embed(catalog: Catalog, encoder: Encoder) -> Iterator[int]:
    """Store the vectors of all passages that have none; yields after each part how many passages it stored.

    Each of the processes that share a catalog claims articles of its own and leaves the others theirs.
    """
    batch = SHARED_PASSAGES if catalog.shared else BATCH_PASSAGES
    in_vain = 0
    while in_vain < TRIES and (changes := catalog.unembedded(batch, secrets.token_hex(8) if catalog.shared else "")):
        if catalog.vectors_make() is None:
            with catalog.writing() as writer:
                writer.note("vectors", json.dumps(encoder.make()))
        with catalog.claim([change.article_id for change in changes]) as mine:
            if mine:
                yield from _embed(catalog, encoder, [change for change in changes if change.article_id in mine])
        in_vain = 0 if mine else in_vain + 1


def _embed(catalog: Catalog, encoder: Encoder, changes: Sequence[Change]) -> Iterator[int]:
    import numpy as np

    parts: list[list[Change]] = [[]]
    for change in changes:
        if sum(len(each.passages) for each in parts[-1]) >= PART_PASSAGES:
            parts.append([])
        parts[-1].append(change)
    texts = [
        [document(each, content_words=encoder.content_words) for change in part for each in change.passages]
        for part in parts
    ]
    # Closed at once where storing fails: what encodes ahead must not go on for nobody.
    with closing(encoder.encode_many(texts)) as encoded:
        for part, vectors in zip(parts, encoded, strict=True):
            ends = np.cumsum([len(change.passages) for change in part])
            with catalog.writing() as writer:
                writer.put_vectors(part, np.split(vectors, ends[:-1]))
            yield len(vectors)
