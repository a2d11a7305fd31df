"""OpenSearch as both indexes: one index of a server or cluster, whose documents hold a passage's terms and vector.

It is filled by one follower, and asked two plain questions, by BM25 and by the nearest vectors. What is stored as words
are the terms of the analyzer that the index in files has too: so both find alike, and the server only splits at blanks.

It was written after the documentation of OpenSearch 3 and was not run against a server yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import methodcaller
from typing import Any, TypeVar

from bot.corpus.catalog.articles import narrowing
from bot.corpus.catalog.log import Change
from bot.corpus.catalog.vectors import Vectors
from bot.corpus.follower import DamagedIndex, DenseIndex, Hits, ServerIndex, State, Stored
from bot.corpus.lexical import LUCENE_SCALE, Boosts, LexicalIndex, Weights, documents, terms_of
from bot.schema import Scope

T = TypeVar("T")

INDEX = "passages"
READ_ROWS = 2_000
_WORDS = {"type": "text", "analyzer": "whitespace"}
_FIELDS: dict[str, Any] = {
    "passage_id": {"type": "keyword"},
    "article_id": {"type": "keyword"},
    "source": {"type": "keyword"},
    "day": {"type": "integer"},
    "title": _WORDS,
    "text": _WORDS,
    "whole": {**_WORDS, "index_options": "docs", "norms": False},
    "said": {"type": "text", "index": False},
}
_VECTOR = {
    "type": "knn_vector",
    "method": {
        "name": "hnsw",
        "engine": "lucene",
        "space_type": "cosinesimil",
        "parameters": {"ef_construction": 100, "m": 16},
    },
}


class OpenSearchIndex(ServerIndex):
    """One index on a server, which the address may name. How far it is stands in its mapping.

    It takes a passage in when it has its vector: words are found as soon as vectors are, and not before. Safe to share
    between threads.
    """

    name = "OpenSearch index"
    setting = "NEWSBOT_OPENSEARCH_URL"
    package = "newsbot[opensearch]"
    follows_vectors = True
    batch_passages = 2_048
    make: Mapping[str, str | int] = {"index": "opensearch", "version": 1}

    def __init__(self, address: str) -> None:
        super().__init__(address, 9200, INDEX)
        self._opened: Any = None
        self._told_dimension = False

    def state(self) -> State | None:
        try:
            return State.from_note(self._mapping().get("_meta"))
        except DamagedIndex:
            return None

    def ids(self) -> set[str]:
        from opensearchpy.helpers import scan

        everything = {"query": {"match_all": {}}, "_source": False}
        return self._ask(lambda client: {hit["_id"] for hit in scan(client, index=self.index, query=everything)})

    def apply(self, changes: Sequence[Change], state: State) -> None:
        from opensearchpy.helpers import bulk

        older = {"query": {"terms": {"article_id": [change.article_id for change in changes]}}}
        made = [document for change in changes for document in _documents(change)]

        def take(client: Any) -> None:
            if changes:
                client.delete_by_query(index=self.index, body=older, conflicts="proceed", refresh=True)
            if made and not self._has_vectors():
                field = {**_VECTOR, "dimension": len(made[0]["_source"]["vector"])}
                client.indices.put_mapping(index=self.index, body={"properties": {"vector": field}})
            bulk(client, ({"_index": self.index, **each} for each in made))
            client.indices.refresh(index=self.index)
            client.indices.put_mapping(index=self.index, body={"_meta": state.noted()})

        self._ask(take)

    def reset(self, state: State) -> None:
        mappings = {"dynamic": "strict", "properties": _FIELDS, "_meta": state.noted()}
        body = {"settings": {"index": {"knn": True}}, "mappings": mappings}

        def make(client: Any) -> None:
            self._told_dimension = False
            client.indices.delete(index=self.index, ignore_unavailable=True)
            client.indices.create(index=self.index, body=body)

        self._ask(make)

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()
        self._opened = None

    def _mapping(self) -> dict[str, Any]:
        """What the index says of itself. Raises DamagedIndex where it is not there."""
        (found,) = self._ask(lambda client: client.indices.get_mapping(index=self.index)).values()
        return dict(found["mappings"])

    def _has_vectors(self) -> bool:
        """Whether the mapping has a field of vectors: the first vectors give it its dimension."""
        self._told_dimension = self._told_dimension or "vector" in self._mapping().get("properties", {})
        return self._told_dimension

    def _hits(self, query: Mapping[str, Any], size: int, fields: Sequence[str] = ()) -> list[dict[str, Any]]:
        body = {"query": query, "size": size, "_source": list(fields) or False}
        found: list[dict[str, Any]] = self._ask(lambda client: client.search(index=self.index, body=body))["hits"][
            "hits"
        ]
        return found

    def _ask(self, ask: Callable[[Any], T]) -> T:
        with self._telling():
            if self._opened is None:
                from opensearchpy import OpenSearch

                self._opened = OpenSearch([self.url], timeout=60)
            return ask(self._opened)


class OpenSearchVectors(OpenSearchIndex, DenseIndex):
    """The index as one of vectors."""

    def search(self, vector: Vectors, limit: int, scope: Scope | None = None) -> Hits:
        if not self._has_vectors():
            return []
        nearest: dict[str, Any] = {"vector": [float(each) for each in vector], "k": limit}
        if filters := _narrowed(scope):
            nearest["filter"] = {"bool": {"filter": filters}}
        # OpenSearch's score of a cosine is (1 + cosine) / 2.
        return [(hit["_id"], 2 * hit["_score"] - 1) for hit in self._hits({"knn": {"vector": nearest}}, limit)]

    def stored(self, ids: Sequence[str]) -> dict[str, Stored]:
        import numpy as np

        found: dict[str, Stored] = {}
        kept = ["said", "day", "source", "vector"]
        for start in range(0, len(ids), READ_ROWS):
            asked = {"ids": list(ids[start : start + READ_ROWS])}
            page = self._ask(methodcaller("mget", index=self.index, body=asked, _source=kept))
            for each in (each for each in page["docs"] if each.get("found")):
                fields = each["_source"]
                vector = np.array(fields["vector"], np.float32)
                found[each["_id"]] = Stored(fields["said"], fields["day"] or None, fields["source"] or None, vector)
        return found


class OpenSearchWords(OpenSearchIndex, LexicalIndex):
    """The index as one of words."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._rarities = {}

    def apply(self, changes: Sequence[Change], state: State) -> None:
        super().apply(changes, state)
        self._rarities = {}

    def _search(self, wanted: Boosts, limit: int, scope: Scope | None, among: Sequence[str]) -> Hits:
        terms = [{"term": {field: {"value": term, "boost": weight}}} for field, term, weight in wanted]
        filters = _narrowed(scope) + ([{"terms": {"passage_id": list(among)}}] if among else [])
        found = self._hits({"bool": {"should": terms, "minimum_should_match": 1, "filter": filters}}, limit)
        return [(hit["_id"], hit["_score"] * LUCENE_SCALE) for hit in found]

    def share(self, scope: Scope) -> float:
        body = {"query": {"bool": {"filter": _narrowed(scope)}}}
        inside = self._ask(lambda client: client.count(index=self.index, body=body))["count"]
        return float(inside / max(1, self._ask(lambda client: client.count(index=self.index))["count"]))

    def _counted(self, terms: set[str]) -> tuple[int, dict[str, int]]:
        counted = {term: {"term": {"text": term}} for term in terms}
        body = {"size": 0, "track_total_hits": True, "aggs": {"holding": {"filters": {"filters": counted}}}}
        page = self._ask(lambda client: client.search(index=self.index, body=body))
        buckets = page["aggregations"]["holding"]["buckets"]
        return page["hits"]["total"]["value"], {term: buckets[term]["doc_count"] for term in counted}

    def _held(self, weights: Weights, fields: Sequence[str], key: str, among: Sequence[str]) -> dict[str, float]:
        wanted = []
        for term, weight in weights.items():
            anywhere = {"bool": {"should": [{"term": {field: term}} for field in fields]}}
            wanted.append({"constant_score": {"filter": anywhere, "boost": weight}})
        chosen = [{"terms": {key: list(among)}}]
        query = {"bool": {"should": wanted, "minimum_should_match": 1, "filter": chosen}}
        return {hit["_source"][key]: hit["_score"] for hit in self._hits(query, len(among), [key])}


def _documents(change: Change) -> Iterator[dict[str, Any]]:
    for fields, vector in zip(documents(change), [] if change.vectors is None else change.vectors, strict=True):
        terms = {name: " ".join(terms_of(fields[name])) for name in ("title", "text", "whole") if name in fields}
        kept = fields | terms | {"said": fields["text"], "vector": vector.tolist()}
        yield {"_id": fields["passage_id"], "_source": kept}


def _narrowed(scope: Scope | None) -> list[dict[str, Any]]:
    """A scope as OpenSearch's filters."""
    days, either = narrowing(scope)
    found: list[dict[str, Any]] = [{"range": {"day": {"gte": first, "lte": last}}} for first, last in days]
    if either:
        named = [{"terms": {field: list(values)}} for field, values in either.items()]
        found.append({"bool": {"should": named, "minimum_should_match": 1}})
    return found
