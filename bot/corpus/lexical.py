"""tantivy follows the catalog: BM25 over titles and texts of passages, with days and sources to narrow it."""

from __future__ import annotations

import functools
import hashlib
import math
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from bot.corpus.catalog.log import Change
from bot.corpus.follower import State, unusable
from bot.corpus.index_files import IndexFiles
from bot.errors import CorpusError
from bot.schema import Passage, Scope

P = ParamSpec("P")
T = TypeVar("T")

MAKE: dict[str, str | int] = {"index": "tantivy", "version": 2}
WRITER_HEAP_BYTES = 50_000_000
ANALYZER = "news"
RARITIES_KEPT = 50_000
LUCENE_SCALE = 2.2
"""tantivy's scores by BM25 hold the factor k1 + 1, which Lucene's leave out."""
UNDATED = 0
"""Stands for an unknown day; the ordinal of 1 January of the year 1 is 1."""


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


def _told(method: Callable[P, T]) -> Callable[P, T]:
    """A method of `TantivyFiles` whose errors become CorpusErrors: damaged files make tantivy panic."""

    @functools.wraps(method)
    def telling(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except BaseException as error:
            # tantivy's panic is no Exception for Python.
            ours = isinstance(error, Exception) or "Panic" in type(error).__name__
            if isinstance(error, CorpusError) or not ours:
                raise
            index: Any = args[0]
            index.close()
            raise unusable(index.name, index.folder, error, damaged=True) from error

    return telling


class TantivyFiles:
    """A tantivy index in a folder. Readers in other processes see each commit after `refresh`.

    With an article's first passage stands the whole article in a field of its own: a passage that lacks a word of the
    question is still about it where its article has the word.
    """

    name = "BM25 index"
    batch_passages = 4_000
    local = True
    follows_vectors = False
    make = MAKE

    def __init__(self, folder: Path) -> None:
        import tantivy

        self.folder = folder
        self.place = str(folder)
        self._files = IndexFiles(folder, self.name, _own_files)
        self._linked = ""
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
        self._lock = threading.Lock()
        self._index: Any = None
        self._rarities: dict[str, float] = {}
        self._rarities_of = -1

    # Reading

    def state(self) -> State | None:
        """How far it is; None where it is missing, or was cut short."""
        return self._files.state()

    def verify(self) -> list[str]:
        """What is broken in the files themselves, a sentence each."""
        self.close()
        with self._files.locked():
            return self._files.verify()

    @_told
    def refresh(self) -> None:
        """See what was committed since, by whichever process."""
        if self._linked and self._linked != self._files.token():
            self.close()
        self._open().reload()

    def terms(self, text: str) -> list[str]:
        """The index terms of a text, in order: lower case, accents folded, stemmed."""
        return terms_of(text)

    @_told
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

    @_told
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

    @_told
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

    @_told
    def share(self, scope: Scope) -> float:
        """The share of all passages that is in scope, 0 to 1."""
        occur = self._tantivy.Occur
        searcher = self._open().searcher()
        query = self._tantivy.Query.boolean_query([(occur.Must, each) for each in self._narrowed(scope)])
        return float(searcher.search(query, limit=1, count=True).count / max(1, searcher.num_docs))

    @_told
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

    def apply(self, changes: Sequence[Change], state: State) -> None:
        """Take changes in with one commit and stand at `state`; an article's older passages leave with the same."""
        before = self.state()
        with self._files.locked():
            self._files.require_whole()
            with self._files.changing(state):
                self._commit(changes, fresh=before is not None and before.brings_new(changes))
        self.refresh()

    def _commit(self, changes: Sequence[Change], *, fresh: bool) -> None:
        try:
            writer = self._open(locked=True).writer(heap_size=WRITER_HEAP_BYTES, num_threads=1)
            try:
                for change in changes:
                    if not fresh:
                        writer.delete_documents_by_term("article_id", change.article_id)
                    for number, passage in enumerate(change.passages):
                        writer.add_document(self._document(passage, change.article_id, first=number == 0))
                writer.commit()
                writer.wait_merging_threads()
            finally:
                del writer
        except Exception as error:
            self.close()
            # tantivy says ValueError for whatever befalls its writing thread, a full disk before all.
            said = str(error).split("\n", 1)[0].rstrip(".")
            raise CorpusError(
                f"The {self.name} in {self.folder} cannot be written ({said}). Check that the disk has room, and run "
                "the command again; nothing that was stored is lost."
            ) from error

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

    def reset(self, state: State) -> None:
        """Delete the index's folder and begin anew."""
        with self._files.locked():
            self.close()
            self._files.empty()
            with self._files.changing(state), self._lock:
                self._tantivy.Index(self._schema, path=str(self.folder))

    def close(self) -> None:
        """Let go of the index's files."""
        self._index = None
        self._linked = ""

    def _open(self, *, locked: bool = False) -> Any:
        with self._lock:
            if self._index is None:
                try:
                    if locked:
                        self._index = self._tantivy.Index.open(str(self.folder))
                    else:
                        with self._files.locked():
                            self._files.require_whole()
                            self._index = self._tantivy.Index.open(self._readable())
                except CorpusError:
                    raise
                except Exception as error:
                    raise unusable(self.name, self.folder, error, damaged=True) from error
                self._index.register_tokenizer(ANALYZER, _analyzer())
            return self._index

    def _readable(self) -> str:
        """The folder, or where it cannot be written one that links to its files: tantivy makes a lock file to read."""
        if self._files.writable:
            return str(self.folder)
        self._linked = self._files.token()
        # One folder for each state of the index, whoever reads it: a process that ends at once cleans nothing up.
        digest = hashlib.sha256(f"{self.folder.absolute()} {self._linked}".encode()).hexdigest()[:16]
        links = Path(tempfile.gettempdir()) / f"newsbot-{os.getuid()}-{digest}"
        links.mkdir(mode=0o700, exist_ok=True)
        if links.stat().st_uid != os.getuid():
            raise PermissionError(f"{links} is another user's")
        for path in _own_files(self.folder):
            if not (links / path.name).is_symlink():
                (links / path.name).symlink_to(path.absolute())
        return str(links)


def _own_files(folder: Path) -> Iterable[Path]:
    """tantivy's files but for its locks."""
    return [each for each in folder.glob("*") if each.suffix != ".lock" and not each.name.endswith("follower.json")
            and not each.name.startswith(".follower")]  # fmt: skip
