"""A server on loopback that answers what newsbot asks of OpenSearch, as OpenSearch 3's documentation says.

It is a contract, no recording: OpenSearch itself was never run here. It refuses, as OpenSearch does with status 400,
every request, query and field that is not written down here, so that nothing is asked by chance.
"""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np

K1, B = 1.2, 0.75


class Refused(Exception):
    """What the server answers with an error: a status, a type and a reason."""


class Index:
    """One index: its mapping, and its documents by id; they are found when it is refreshed."""

    def __init__(self, body: dict[str, Any]) -> None:
        if body["settings"] != {"index": {"knn": True}} or body["mappings"]["dynamic"] != "strict":
            raise Refused(400, "mapper_parsing_exception", "other settings than are written down")
        self.fields: dict[str, Any] = {}
        self.meta: dict[str, Any] = {}
        self.written: dict[str, dict[str, Any]] = {}
        self.documents: dict[str, dict[str, Any]] = {}
        self.map(body["mappings"])

    def map(self, mappings: dict[str, Any]) -> None:
        self.meta = mappings.get("_meta", self.meta)
        for name, field in mappings.get("properties", {}).items():
            if field["type"] not in {"keyword", "integer", "text", "knn_vector"}:
                raise Refused(400, "mapper_parsing_exception", f"no handler for type {field['type']}")
            self.fields[name] = field

    def put(self, id_: str, source: dict[str, Any]) -> None:
        for name, value in source.items():
            if name not in self.fields:
                raise Refused(400, "strict_dynamic_mapping_exception", f"introducing [{name}] is not allowed")
            if self.fields[name]["type"] == "knn_vector" and len(value) != self.fields[name]["dimension"]:
                raise Refused(400, "mapper_parsing_exception", "Vector dimension mismatch")
        self.written[id_] = source

    def refresh(self) -> None:
        self.documents = dict(self.written)

    # Queries: for each document that is found its score

    def ask(self, query: dict[str, Any]) -> dict[str, float]:
        ((kind, body),) = query.items()
        found: dict[str, float] = getattr(self, f"_{kind}", self._unknown)(body)
        return found

    def _unknown(self, body: Any) -> dict[str, float]:
        raise Refused(400, "parsing_exception", f"unknown query {body}")

    def _match_all(self, _: Any) -> dict[str, float]:
        return dict.fromkeys(self.documents, 1.0)

    def _terms(self, body: dict[str, Any]) -> dict[str, float]:
        ((field, values),) = body.items()
        assert self.fields[field]["type"] == "keyword"
        return {id_: 1.0 for id_, each in self.documents.items() if each.get(field) in values}

    def _range(self, body: dict[str, Any]) -> dict[str, float]:
        ((field, ends),) = body.items()
        assert ends.keys() <= {"gte", "lte"}
        low, high = ends.get("gte", -math.inf), ends.get("lte", math.inf)
        return {id_: 1.0 for id_, each in self.documents.items() if low <= each[field] <= high}

    def _term(self, body: dict[str, Any]) -> dict[str, float]:
        """BM25 as Lucene has it: without the factor k1 + 1."""
        ((field, asked),) = body.items()
        value, boost = (asked["value"], asked["boost"]) if isinstance(asked, dict) else (asked, 1.0)
        assert self.fields[field]["analyzer"] == "whitespace"
        words = {id_: each[field].split(" ") for id_, each in self.documents.items() if field in each}
        holding = {id_: Counter(each)[value] for id_, each in words.items() if value in each}
        mean = sum(map(len, words.values())) / max(1, len(words))
        idf = math.log(1 + (len(words) - len(holding) + 0.5) / (len(holding) + 0.5))
        return {
            id_: boost * idf * count / (count + K1 * (1 - B + B * len(words[id_]) / mean))
            for id_, count in holding.items()
        }

    def _constant_score(self, body: dict[str, Any]) -> dict[str, float]:
        return dict.fromkeys(self.ask(body["filter"]), body["boost"])

    def _bool(self, body: dict[str, Any]) -> dict[str, float]:
        assert body.keys() <= {"should", "filter", "minimum_should_match"}
        kept = set(self.documents)
        filters = body.get("filter", [])
        for each in filters if isinstance(filters, list) else [filters]:
            kept &= self.ask(each).keys()
        if "should" not in body:
            return dict.fromkeys(kept, 0.0)
        scores: Counter[str] = Counter()
        for each in body["should"]:
            scores.update(self.ask(each))  # type: ignore[arg-type]  # it adds any numbers
        return {id_: score for id_, score in scores.items() if id_ in kept}

    def _knn(self, body: dict[str, Any]) -> dict[str, float]:
        ((field, asked),) = body.items()
        if self.fields.get(field, {}).get("type") != "knn_vector":
            raise Refused(400, "query_shard_exception", f"Field '{field}' is not knn_vector type.")
        assert self.fields[field]["method"]["space_type"] == "cosinesimil"
        kept = self.ask(asked["filter"]) if "filter" in asked else self.documents
        vector = np.array(asked["vector"])
        scores = {}
        for id_ in kept:
            other = np.array(self.documents[id_][field])
            cosine = float(vector @ other / np.linalg.norm(vector) / np.linalg.norm(other))
            scores[id_] = (1 + cosine) / 2
        return dict(sorted(scores.items(), key=lambda each: -each[1])[: asked["k"]])


class Server:
    """Answers requests: a status and a body each."""

    def __init__(self) -> None:
        self.indexes: dict[str, Index] = {}
        self.scrolls: dict[str, list[dict[str, Any]]] = {}
        self.numbers = itertools.count(1)
        self.lock = Lock()

    def answer(self, method: str, target: str, raw: bytes) -> tuple[int, dict[str, Any]]:
        parts = urlsplit(target)
        options = {name: values[0] for name, values in parse_qs(parts.query).items()}
        path = parts.path.strip("/").split("/")
        try:
            with self.lock:
                return 200, self._answer(method, path, options, raw)
        except Refused as error:
            status, kind, reason = error.args
        except (KeyError, ValueError, TypeError, AssertionError) as error:
            status, kind, reason = 400, "parsing_exception", f"not written down: {error!r}"
        return status, {"status": status, "error": {"type": kind, "reason": reason}}

    def _answer(self, method: str, path: list[str], options: dict[str, str], raw: bytes) -> dict[str, Any]:
        if (method, path) == ("POST", ["_bulk"]):
            return self._bulk([json.loads(line) for line in raw.splitlines()])
        body = json.loads(raw) if raw else {}
        match method, path:
            case "POST", ["_search", "scroll"]:
                return self._page(body["scroll_id"])
            case "DELETE", ["_search", "scroll"]:
                return {"succeeded": True}
            case "PUT", [name]:
                if name in self.indexes:
                    raise Refused(400, "resource_already_exists_exception", f"index [{name}] already exists")
                self.indexes[name] = Index(body)
                return {"acknowledged": True}
            case "DELETE", [name]:
                if self.indexes.pop(name, None) is None and options.get("ignore_unavailable") != "true":
                    raise Refused(404, "index_not_found_exception", f"no such index [{name}]")
                return {"acknowledged": True}
        name, what = path
        if name not in self.indexes:
            raise Refused(404, "index_not_found_exception", f"no such index [{name}]")
        index = self.indexes[name]
        match method, what:
            case "GET", "_mapping":
                return {name: {"mappings": {"_meta": index.meta, "properties": index.fields}}}
            case "PUT", "_mapping":
                index.map(body)
            case "POST", "_refresh":
                index.refresh()
            case "POST", "_count":
                return {"count": len(index.ask(body.get("query", {"match_all": {}})))}
            case "POST", "_mget":
                wanted = options["_source"].split(",")
                there = index.written
                return {
                    "docs": [
                        {"_id": id_, "found": True, "_source": {name: there[id_][name] for name in wanted}}
                        if id_ in there
                        else {"_id": id_, "found": False}
                        for id_ in body["ids"]
                    ]
                }
            case "POST", "_delete_by_query":
                found = index.ask(body["query"])
                for id_ in found:
                    index.written.pop(id_, None)
                if options.get("refresh") == "true":
                    index.refresh()
                return {"deleted": len(found)}
            case "POST", "_search":
                return self._search(index, body, options)
            case _:
                raise Refused(400, "illegal_argument_exception", f"{method} {path} is not written down")
        return {"acknowledged": True}

    def _bulk(self, lines: list[dict[str, Any]]) -> dict[str, Any]:
        items = []
        for order, source in zip(lines[::2], lines[1::2], strict=True):
            index, id_ = order["index"]["_index"], order["index"]["_id"]
            self.indexes[index].put(id_, source)
            items.append({"index": {"_id": id_, "status": 201}})
        return {"errors": False, "items": items}

    def _search(self, index: Index, body: dict[str, Any], options: dict[str, str]) -> dict[str, Any]:
        assert body.keys() <= {"query", "size", "_source", "aggs", "track_total_hits", "sort"}
        assert body.get("sort", "_doc") == "_doc"
        scores = index.ask(body.get("query", {"match_all": {}}))
        wanted = body.get("_source") or []
        hits = [
            {"_id": id_, "_score": score, "_source": {name: index.documents[id_][name] for name in wanted}}
            for id_, score in sorted(scores.items(), key=lambda each: -each[1])
        ]
        if "scroll" in options:
            number = str(next(self.numbers))
            self.scrolls[number] = hits
            return self._page(number, int(options["size"]))
        size = body["size"]
        if size > 10_000:
            raise Refused(400, "illegal_argument_exception", "Result window is too large")
        page: dict[str, Any] = {"hits": {"total": {"value": len(hits), "relation": "eq"}, "hits": hits[:size]}}
        for name, asked in body.get("aggs", {}).items():
            queries = asked["filters"]["filters"].items()
            counted = {each: {"doc_count": len(index.ask(query))} for each, query in queries}
            page.setdefault("aggregations", {})[name] = {"buckets": counted}
        return page

    def _page(self, number: str, size: int = 1_000) -> dict[str, Any]:
        left = self.scrolls[number]
        self.scrolls[number] = left[size:]
        shards = {"total": 1, "successful": 1, "skipped": 0, "failed": 0}
        return {"_scroll_id": number, "_shards": shards, "hits": {"hits": left[:size]}}


@contextmanager
def opensearch_server() -> Iterator[str]:
    """Such a server; gives its address."""
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Nothing."""

        def _handle(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body = server.answer(self.command, self.path, raw)
            said = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    thread = Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_address[1]}"
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
