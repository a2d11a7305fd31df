"""tantivy follows the catalog: BM25 over titles and texts of passages, with days and sources to narrow it.

Knows nothing about vectors, questions or answers.
"""

from __future__ import annotations

import math
import shutil
import threading
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from bot.corpus.catalog_rows import Change
from bot.errors import CorpusError
from bot.schema import Passage, Scope

MAKE: dict[str, str | int] = {"index": "tantivy", "version": 2}
WRITER_HEAP_BYTES = 50_000_000
ANALYZER = "news"
RARITIES_KEPT = 50_000
UNDATED = 0
"""Stands for an unknown day; the ordinal of 1 January of the year 1 is 1."""


class LexicalIndex:
    """A tantivy index in a folder. Readers in other processes see each commit after `refresh`.

    With an article's first passage stands the whole article in a field of its own: a passage that lacks a word of the
    question is still about it where its article has the word.
    """

    name = "BM25 index"
    batch_passages = 4_000

    def __init__(self, folder: Path) -> None:
        import tantivy

        self.folder = folder
        self._tantivy = tantivy
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("passage_id", stored=True, tokenizer_name="raw", index_option="basic")
        builder.add_text_field("article_id", stored=True, tokenizer_name="raw", index_option="basic")
        builder.add_text_field("source", stored=False, tokenizer_name="raw", index_option="basic")
        builder.add_text_field("title", stored=False, tokenizer_name=ANALYZER, index_option="freq")
        builder.add_text_field("text", stored=False, tokenizer_name=ANALYZER, index_option="freq")
        builder.add_text_field("whole", stored=False, tokenizer_name=ANALYZER, index_option="basic")
        builder.add_integer_field("day", stored=False, indexed=True, fast=True)
        self._schema = builder.build()
        self._analyzer = (
            tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
            .filter(tantivy.Filter.remove_long(60))
            .filter(tantivy.Filter.lowercase())
            .filter(tantivy.Filter.ascii_fold())
            .filter(tantivy.Filter.stemmer("english"))
            .build()
        )
        self._lock = threading.Lock()
        self._index: Any = None
        self._rarities: dict[str, float] = {}
        self._rarities_of = -1

    # Reading

    def refresh(self) -> None:
        """See what was committed since, by whichever process."""
        self._open().reload()

    def terms(self, text: str) -> list[str]:
        """The index terms of a text, in order: lower case, accents folded, stemmed."""
        with self._lock:
            found: list[str] = self._analyzer.analyze(text)
        return found

    def idf(self, terms: Sequence[str]) -> dict[str, float]:
        """Inverse document frequency of each term in passage texts: ln(1 + (N - n + .5) / (n + .5)), as in BM25."""
        searcher = self._open().searcher()
        total = searcher.num_docs
        found = {}
        for term in set(terms):
            holding = min(searcher.doc_freq("text", term), total)
            found[term] = math.log(1 + (total - holding + 0.5) / (holding + 0.5))
        return found

    def rarity(self, word: str) -> float:
        """The idf of a word as it stands in a text; 0 for one that is no index term. Remembered until the index grows.

        An answer asks for hundreds of words, most of them over and over.
        """
        total = self._open().searcher().num_docs
        if total != self._rarities_of or len(self._rarities) > RARITIES_KEPT:
            self._rarities, self._rarities_of = {}, total
        if word not in self._rarities:
            self._rarities[word] = max(self.idf(self.terms(word)).values(), default=0.0)
        return self._rarities[word]

    def search(
        self,
        terms: Sequence[str],
        limit: int,
        scope: Scope | None = None,
        *,
        title_weight: float = 0.5,
        among: Sequence[str] = (),
    ) -> list[tuple[str, float]]:
        """The passages with the highest BM25 scores, best first: (passage id, score).

        `among` restricts the search to these passage ids.
        """
        query_class, occur = self._tantivy.Query, self._tantivy.Occur
        if not terms:
            return []
        wanted = []
        for term in dict.fromkeys(terms):
            wanted.append((occur.Should, query_class.term_query(self._schema, "text", term, "freq")))
            if title_weight:
                in_title = query_class.term_query(self._schema, "title", term, "freq")
                wanted.append((occur.Should, query_class.boost_query(in_title, title_weight)))
        musts = [(occur.Must, query_class.boolean_query(wanted))]
        musts += [(occur.Must, query_class.const_score_query(each, 0.0)) for each in self._narrowed(scope)]
        if among:
            chosen = query_class.term_set_query(self._schema, "passage_id", list(among))
            musts.append((occur.Must, query_class.const_score_query(chosen, 0.0)))
        searcher = self._open().searcher()
        query = musts[0][1] if len(musts) == 1 else query_class.boolean_query(musts)
        result = searcher.search(query, limit=limit, count=False)
        return [(searcher.doc(address)["passage_id"][0], score) for score, address in result.hits]

    def held(self, weights: Mapping[str, float], passage_ids: Sequence[str]) -> dict[str, float]:
        """For each of the passages the summed weights of the terms that stand in it or in its title, however often."""
        return self._held(weights, ("text", "title"), "passage_id", passage_ids)

    def held_by_articles(self, weights: Mapping[str, float], article_ids: Sequence[str]) -> dict[str, float]:
        """For each of the articles the summed weights of the terms that stand anywhere in it."""
        return self._held(weights, ("whole",), "article_id", article_ids)

    def _held(
        self, weights: Mapping[str, float], fields: Sequence[str], key: str, among: Sequence[str]
    ) -> dict[str, float]:
        query_class, occur = self._tantivy.Query, self._tantivy.Occur
        if not weights or not among:
            return {}
        wanted = []
        for term, weight in weights.items():
            places = [query_class.term_query(self._schema, field, term, "basic") for field in fields]
            anywhere = query_class.boolean_query([(occur.Should, place) for place in places])
            wanted.append((occur.Should, query_class.const_score_query(anywhere, weight)))
        chosen = query_class.const_score_query(query_class.term_set_query(self._schema, key, list(among)), 0.0)
        query = query_class.boolean_query([(occur.Must, chosen), (occur.Must, query_class.boolean_query(wanted))])
        searcher = self._open().searcher()
        result = searcher.search(query, limit=len(among), count=False)
        return {searcher.doc(address)[key][0]: score for score, address in result.hits}

    def share(self, scope: Scope) -> float:
        """The share of all passages that is in scope, 0 to 1."""
        occur = self._tantivy.Occur
        searcher = self._open().searcher()
        query = self._tantivy.Query.boolean_query([(occur.Must, each) for each in self._narrowed(scope)])
        return float(searcher.search(query, limit=1, count=True).count / max(1, searcher.num_docs))

    def ids(self) -> set[str]:
        """Ids of all passages that the index holds."""
        searcher = self._open().searcher()
        result = searcher.search(self._tantivy.Query.all_query(), limit=max(1, searcher.num_docs), count=False)
        return {searcher.doc(address)["passage_id"][0] for _, address in result.hits}

    def _narrowed(self, scope: Scope | None) -> list[Any]:
        if scope is None:
            return []
        query_class, occur = self._tantivy.Query, self._tantivy.Occur
        found = []
        if scope.after or scope.before:
            found.append(self._days((scope.after or date.min).toordinal(), (scope.before or date.max).toordinal()))
        if scope.known_by:
            found.append(self._days(UNDATED, scope.known_by.toordinal()))
        if scope.sources:
            either = [(occur.Should, query_class.term_set_query(self._schema, "source", list(scope.sources)))]
            if scope.copied_by_sources:
                copied = query_class.term_set_query(self._schema, "article_id", list(scope.copied_by_sources))
                either.append((occur.Should, copied))
            found.append(query_class.boolean_query(either))
        return found

    def _days(self, first: int, last: int) -> Any:
        kind = self._tantivy.FieldType.Integer
        return self._tantivy.Query.range_query(self._schema, "day", kind, first, last)

    # Writing

    def apply(self, changes: Sequence[Change]) -> None:
        """Take changes in and commit them; an article's older passages leave with the same commit."""
        writer = self._open(create=True).writer(heap_size=WRITER_HEAP_BYTES, num_threads=1)
        try:
            for change in changes:
                # Also of a new article: it may be in from a run that was killed after its commit.
                writer.delete_documents_by_term("article_id", change.article_id)
                for number, passage in enumerate(change.passages):
                    writer.add_document(self._document(passage, change.article_id, first=number == 0))
            writer.commit()
            writer.wait_merging_threads()
        except Exception as error:
            # tantivy says ValueError for whatever befalls its writing thread, a full disk before all.
            said = str(error).split("\n", 1)[0].rstrip(".")
            raise CorpusError(
                f"The {self.name} in {self.folder} cannot be written ({said}). Check that the disk has room, and run "
                "the command again; nothing that was stored is lost."
            ) from error
        finally:
            del writer
        self.refresh()

    def _document(self, passage: Passage, article_id: str, *, first: bool) -> Any:
        article = passage.article
        fields = {
            "passage_id": passage.id,
            "article_id": article_id,
            "source": article.source or "",
            "title": article.title,
            "text": passage.text,
            "day": article.published.toordinal() if article.published else UNDATED,
        }
        if first:
            fields["whole"] = f"{article.title}\n{article.text}"
        return self._tantivy.Document.from_dict(fields, self._schema)

    def reset(self) -> None:
        """Delete the index's folder and begin anew."""
        with self._lock:
            self._index = None
            shutil.rmtree(self.folder, ignore_errors=True)
        self._open(create=True)

    def close(self) -> None:
        """Let go of the index's files."""
        self._index = None

    def _open(self, create: bool = False) -> Any:
        with self._lock:
            if self._index is None:
                try:
                    if self.folder.is_dir() and self._tantivy.Index.exists(str(self.folder)):
                        self._index = self._tantivy.Index.open(str(self.folder))
                    elif create:
                        self.folder.mkdir(parents=True, exist_ok=True)
                        self._index = self._tantivy.Index(self._schema, path=str(self.folder))
                    else:
                        raise ValueError("it is not there")
                except Exception as error:
                    raise CorpusError(
                        f"The {self.name} in {self.folder} cannot be opened ({error}). "
                        "Make it anew from the catalog: newsbot verify --repair"
                    ) from error
                self._index.register_tokenizer(ANALYZER, self._analyzer)
            return self._index
