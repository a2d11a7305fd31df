"""Dense search for the rest of newsbot: by the index, or by the catalog's own vectors where the index fails.

Every vector stands in the catalog. So an index that is damaged, or that cannot be opened as nothing may be written,
costs time and memory, but no answer: all vectors are compared instead, 49 MB for 64,000 passages of 384 numbers.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from bot.corpus.catalog import Catalog
from bot.corpus.follower import DenseIndex, Hits
from bot.errors import CorpusError
from bot.schema import Scope

if TYPE_CHECKING:
    from bot.corpus.catalog.vectors import Vectors

log = logging.getLogger(__name__)

BLOCK_ROWS = 16_384
EXACT_PASSAGES_MOST = 500_000
"""With more passages, words alone find them until the index is there again: comparing all would take too long."""
RETRY_SECONDS = 30.0
"""After so long an index that failed is asked again."""


class DenseSearch:
    """Finds passages by vectors. Safe to share between threads."""

    def __init__(self, index: DenseIndex, catalog: Catalog) -> None:
        self.index = index
        self._exact = ExactSearch(catalog)
        self._failed_at: float | None = None
        self._trusted: bool | None = None

    def trust(self, stands: bool) -> None:
        """Say whether the index belongs to this catalog. One that does not is not searched. Call it before `search`."""
        if not stands and self._trusted is not False:
            place = f"{self.index.name} in {self.index.place}"
            log.warning(
                "The %s is missing, was cut short, or belongs to another corpus or model: every vector of the catalog "
                "is compared instead. Make it anew: newsbot verify --repair",
                place,
            )
        self._trusted = stands

    def search(self, vector: Vectors, limit: int, scope: Scope | None = None) -> Hits:
        """The passages nearest to a unit vector, best first: (passage id, cosine). Raises CorpusError."""
        if self._trusted and (self._failed_at is None or time.monotonic() - self._failed_at > RETRY_SECONDS):
            try:
                found = self.index.search(vector, limit, scope)
                self._failed_at = None
                return found
            except CorpusError as error:
                if self._failed_at is None:
                    log.warning("%s Until then every vector of the catalog is compared instead.", error)
                self._failed_at = time.monotonic()
        return self._exact.search(vector, limit, scope)


class ExactSearch:
    """Searches the vectors that stand in the catalog. They are read at the first search, and after every change."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._lock = threading.Lock()
        self._seq = -1
        self._ids: list[str] = []
        self._blocks: list[Any] = []

    def search(self, vector: Vectors, limit: int, scope: Scope | None = None) -> Hits:
        """The passages nearest to a unit vector, best first: (passage id, cosine). Raises CorpusError."""
        import numpy as np

        with self._lock:
            if not self._load():
                return []
            ids, blocks = self._ids, self._blocks
        if not ids:
            return []
        cosines = np.concatenate([block.astype(np.float32) @ vector for block in blocks])
        wide = limit
        while True:
            nearest = np.argpartition(-cosines, min(wide, len(ids) - 1))[:wide]
            nearest = nearest[np.argsort(-cosines[nearest], kind="stable")]
            found = [(ids[place], float(cosines[place])) for place in nearest]
            inside = self._catalog.passage_metas([id_ for id_, _ in found], scope)
            found = [each for each in found if each[0] in inside]
            if len(found) >= limit or wide >= len(ids):
                return found[:limit]
            wide *= 4

    def _load(self) -> bool:
        """Read what changed; False where there is too much of it."""
        import numpy as np

        seq = self._catalog.seq(dense=True)
        if seq == self._seq:
            return True
        if self._catalog.pending(0, dense=True) > EXACT_PASSAGES_MOST:
            return False
        wanted = sorted(self._catalog.passage_ids(dense=True))
        ids: list[str] = []
        blocks: list[Any] = []
        for start in range(0, len(wanted), BLOCK_ROWS):
            if found := self._catalog.vectors(wanted[start : start + BLOCK_ROWS]):
                ids += found
                blocks.append(np.array(list(found.values()), np.float16))
        self._ids, self._blocks, self._seq = ids, blocks, seq
        return True
