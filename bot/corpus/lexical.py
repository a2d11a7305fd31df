"""tantivy follows the catalog: BM25 over titles and texts of passages, with days and sources to narrow it."""

from __future__ import annotations

import functools
import hashlib
import math
import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

from bot.corpus.catalog.articles import UNDATED, narrowing
from bot.corpus.catalog.log import Change
from bot.corpus.follower import Follower, Hits, State, unusable
from bot.corpus.index_files import STATE_FILE, IndexFiles
from bot.errors import CorpusError
from bot.schema import Scope

T = TypeVar("T")
Weights: TypeAlias = Mapping[str, float]
"""By term."""
Boosts: TypeAlias = Sequence[tuple[str, str, float]]
"""(field, term, weight) each."""

WRITER_HEAP_BYTES = 50_000_000
ANALYZER = "news"
RARITIES_KEPT = 50_000
LUCENE_SCALE = 2.2
"""tantivy's scores by BM25 hold the factor k1 + 1, which Lucene's leave out."""
FIELDS = (
    ("passage_id", True, "raw", "basic"), ("article_id", True, "raw", "basic"), ("source", False, "raw", "basic"),
    ("title", False, ANALYZER, "freq"), ("text", False, ANALYZER, "freq"), ("whole", False, ANALYZER, "basic"),
)  # fmt: skip
"""Of text: whether it is stored, how it is cut into terms, and whether it is kept how often each stands there."""


_LETTERS_OR_DIGITS = re.compile(r"[^\W\d_]+|\d+")


@functools.cache
def _analyzer() -> Any:
    import tantivy

    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(60))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
        .filter(tantivy.Filter.stemmer("english"))
        .build()
    )


_analyzing = threading.Lock()


def terms_of(text: str) -> list[str]:
    """The index terms of a text, in order: lower case, accents folded, stemmed."""
    with _analyzing:
        found: list[str] = _analyzer().analyze(text)
    return found


def documents(change: Change) -> Iterator[dict[str, Any]]:
    """The fields of each passage of a change. An article's first passage also has the field `whole`, the whole article:
    a passage may answer a question although a word of the question stands elsewhere in its article.
    """
    for number, passage in enumerate(change.passages):
        article = passage.article
        fields = {
            "passage_id": passage.id,
            "article_id": change.article_id,
            "source": article.source or "",
            "title": article.title,
            "text": passage.text,
            "day": article.published.toordinal() if article.published else UNDATED,
        }
        yield fields if number else fields | {"whole": f"{article.title}\n{article.text}"}


class LexicalIndex(Follower, Protocol):
    """An index of words, scored by BM25: what all engines share. Subclasses are the engines."""

    _rarities: dict[str, float]

    def terms(self, text: str) -> list[str]:
        """The index terms of a text, in order: lower case, accents folded, stemmed."""
        return terms_of(text)

    def question_terms(self, text: str) -> list[str]:
        """The terms of a question. Of letters and digits that no passage has together ("i95") the parts are taken."""
        terms = self.terms(text)
        parts = {term: _LETTERS_OR_DIGITS.findall(term) for term in terms}
        joined = {term for term, found in parts.items() if len(found) > 1}
        known = self._counted(joined)[1] if joined else {}
        apart = {term for term in joined if not known.get(term)}
        return [part for term in terms for part in (parts[term] if term in apart else [term])]

    def idf(self, terms: Sequence[str]) -> dict[str, float]:
        """Inverse document frequency of each term in passage texts: ln(1 + (N - n + .5) / (n + .5)), as in BM25."""
        total, holding = self._counted(set(terms)) if terms else (0, {})
        return {term: math.log(1 + (total - n + 0.5) / (n + 0.5)) for term, n in holding.items()}

    def rarity(self, word: str) -> float:
        """The idf of a word as it stands in a text; 0 for one that is no index term.

        Values are remembered until the index changes: an answer asks for hundreds of words, most of them often.
        """
        if len(self._rarities) > RARITIES_KEPT:
            self._rarities = {}
        if (found := self._rarities.get(word)) is None:
            found = self._rarities[word] = max(self.idf(self.terms(word)).values(), default=0.0)
        return found

    def search(
        self,
        terms: Sequence[str],
        limit: int,
        scope: Scope | None = None,
        *,
        title_weight: float = 0.5,
        among: Sequence[str] = (),
    ) -> Hits:
        """The passages with the highest BM25 scores, best first: (passage id, score); only of `among` where given."""
        weights = {"text": 1.0} | ({"title": title_weight} if title_weight else {})
        wanted = [(field, term, weight) for term in dict.fromkeys(terms) for field, weight in weights.items()]
        return self._search(wanted, limit, scope, among) if wanted else []

    def held(self, weights: Weights, passage_ids: Sequence[str]) -> dict[str, float]:
        """For each of the passages the summed weights of the terms that stand in it or in its title, however often."""
        return self._held(weights, ("text", "title"), "passage_id", passage_ids) if weights and passage_ids else {}

    def held_by_articles(self, weights: Weights, article_ids: Sequence[str]) -> dict[str, float]:
        """For each of the articles the summed weights of the terms that stand anywhere in it."""
        return self._held(weights, ("whole",), "article_id", article_ids) if weights and article_ids else {}

    def share(self, scope: Scope) -> float:
        """The share of all passages that is in scope, 0 to 1."""

    def _search(self, wanted: Boosts, limit: int, scope: Scope | None, among: Sequence[str]) -> Hits:
        """As `search`."""

    def _counted(self, terms: set[str]) -> tuple[int, dict[str, int]]:
        """How many passages there are, and how many hold each of the terms."""

    def _held(self, weights: Weights, fields: Sequence[str], key: str, among: Sequence[str]) -> dict[str, float]:
        """The summed weights of the terms that one of the fields has, by the `key` of what is `among` those named."""


class TantivyFiles(IndexFiles, LexicalIndex):
    """A tantivy index in a folder. Readers in other processes see each commit after `refresh`."""

    name = "BM25 index"
    batch_passages = 4_000
    follows_vectors = False
    make: Mapping[str, str | int] = {"index": "tantivy", "version": 2}

    def __init__(self, folder: Path) -> None:
        import tantivy

        super().__init__(folder)
        self._tantivy = tantivy
        self._query, self._occur = tantivy.Query, tantivy.Occur
        builder = tantivy.SchemaBuilder()
        for name, stored, tokenizer, kept in FIELDS:
            builder.add_text_field(name, stored=stored, tokenizer_name=tokenizer, index_option=kept)
        builder.add_integer_field("day", stored=False, indexed=True, fast=True)
        self._schema = builder.build()
        self._lock = threading.Lock()
        self._index: Any = None
        self._linked = ""
        self._rarities = {}
        self._rarities_of = -1

    # Reading

    def refresh(self) -> None:
        if self._linked and self._linked != self.token():
            self.close()
        self._ask(lambda index: index.reload())
        if (passages := self._ask(lambda index: index.searcher().num_docs)) != self._rarities_of:
            self._rarities, self._rarities_of = {}, passages

    def _search(self, wanted: Boosts, limit: int, scope: Scope | None, among: Sequence[str]) -> Hits:
        terms = [
            self._query.boost_query(self._query.term_query(self._schema, field, term, "freq"), weight)
            for field, term, weight in wanted
        ]
        filters = self._narrowed(scope) + ([self._one_of("passage_id", among)] if among else [])
        return self._hits(self._all(self._any(terms), filters), limit)

    def share(self, scope: Scope) -> float:
        query = self._query.boolean_query([(self._occur.Must, each) for each in self._narrowed(scope)])
        inside = self._ask(lambda index: index.searcher().search(query, limit=1, count=True).count)
        return float(inside / max(1, self._counted(set())[0]))

    def ids(self) -> set[str]:
        return {id_ for id_, _ in self._hits(self._query.all_query(), self._counted(set())[0])}

    def _counted(self, terms: set[str]) -> tuple[int, dict[str, int]]:
        def counted(index: Any) -> tuple[int, dict[str, int]]:
            searcher = index.searcher()
            return searcher.num_docs, {term: min(searcher.doc_freq("text", term), searcher.num_docs) for term in terms}

        return self._ask(counted)

    def _held(self, weights: Weights, fields: Sequence[str], key: str, among: Sequence[str]) -> dict[str, float]:
        wanted = []
        for term, weight in weights.items():
            places = [self._query.term_query(self._schema, field, term, "basic") for field in fields]
            wanted.append(self._query.const_score_query(self._any(places), weight))
        return dict(self._hits(self._all(self._any(wanted), [self._one_of(key, among)]), len(among), key))

    def _narrowed(self, scope: Scope | None) -> list[Any]:
        """A scope as filters."""
        days, either = narrowing(scope)
        kind = self._tantivy.FieldType.Integer
        found = [self._query.range_query(self._schema, "day", kind, first, last) for first, last in days]
        return found + ([self._any([self._one_of(*each) for each in either.items()])] if either else [])

    def _one_of(self, field: str, values: Sequence[str]) -> Any:
        return self._query.term_set_query(self._schema, field, list(values))

    def _any(self, queries: Sequence[Any]) -> Any:
        return self._query.boolean_query([(self._occur.Should, each) for each in queries])

    def _all(self, query: Any, filters: Sequence[Any]) -> Any:
        """What a query finds that is in all filters, which leave its scores as they are."""
        unscored = [(self._occur.Must, self._query.const_score_query(each, 0.0)) for each in filters]
        return self._query.boolean_query([(self._occur.Must, query), *unscored]) if unscored else query

    def _hits(self, query: Any, limit: int, key: str = "passage_id") -> Hits:
        def found(index: Any) -> Hits:
            searcher = index.searcher()
            hits = searcher.search(query, limit=max(1, limit), count=False).hits
            return [(searcher.doc(address)[key][0], score) for score, address in hits]

        return self._ask(found)

    def _ask(self, ask: Callable[[Any], T]) -> T:
        """Ask the index. Raises CorpusError: damaged files make tantivy panic, which is no Exception for Python."""
        try:
            return ask(self._opened())
        except BaseException as error:
            if isinstance(error, CorpusError) or not (isinstance(error, Exception) or "Panic" in type(error).__name__):
                raise
            self.close()
            raise unusable(self.name, self.folder, error, damaged=True) from error

    def _opened(self) -> Any:
        with self._lock:
            if self._index is None:
                with self.locked():
                    self.require_whole()
                    self._index = self._loaded(self._readable())
            return self._index

    def _loaded(self, path: str) -> Any:
        index = self._tantivy.Index.open(path)
        index.register_tokenizer(ANALYZER, _analyzer())
        return index

    def _readable(self) -> str:
        """The folder, or where it cannot be written one that links to its files: tantivy makes a lock file to read."""
        if not self.read_only():
            return str(self.folder)
        self._linked = self.token()
        # One folder for each state of the index, whoever reads it: a process that ends at once cleans nothing up.
        digest = hashlib.sha256(f"{self.folder.absolute()} {self._linked}".encode()).hexdigest()[:16]
        links = Path(tempfile.gettempdir()) / f"newsbot-{os.getuid()}-{digest}"
        links.mkdir(mode=0o700, exist_ok=True)
        if links.stat().st_uid != os.getuid():
            raise PermissionError(f"{links} is another user's")
        for path in self._watched():
            if not (links / path.name).is_symlink():
                (links / path.name).symlink_to(path.absolute())
        return str(links)

    def close(self) -> None:
        self._index = None
        self._linked = ""

    # Writing

    def apply(self, changes: Sequence[Change], state: State) -> None:
        """Take the changes in with one commit, and show them."""
        super().apply(changes, state)
        self.refresh()

    def _open_to_write(self) -> Any:
        self.require_whole()
        try:
            return self._loaded(str(self.folder))
        except Exception as error:
            raise unusable(self.name, self.folder, error, damaged=True) from error

    def _take_in(self, opened: Any, changes: Sequence[Change], before: State | None, state: State) -> None:  # noqa: ARG002
        fresh = before is not None and before.brings_new(changes)
        try:
            writer = opened.writer(heap_size=WRITER_HEAP_BYTES, num_threads=1)
            for change in changes:
                if not fresh:
                    writer.delete_documents_by_term("article_id", change.article_id)
                for fields in documents(change):
                    writer.add_document(self._tantivy.Document.from_dict(fields, self._schema))
            writer.commit()
            writer.wait_merging_threads()
        except Exception as error:
            # tantivy says ValueError for whatever befalls its writing thread, a full disk before all.
            said = str(error).split("\n", 1)[0].rstrip(".")
            raise CorpusError(
                f"The {self.name} in {self.folder} cannot be written ({said}). Check that the disk has room, and run "
                "the command again; nothing that was stored is lost."
            ) from error

    def _make_empty(self, state: State) -> None:  # noqa: ARG002
        self._tantivy.Index(self._schema, path=str(self.folder))

    def _watched(self) -> Iterable[Path]:
        """tantivy's files but for its locks."""
        return [each for each in self.folder.glob("*") if each.suffix != ".lock" and STATE_FILE not in each.name]
