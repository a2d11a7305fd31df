"""Sources -> corpus: articles are identified, cut into passages, compared with what is there, stored and indexed.

Articles are stored in batches, each one transaction of the catalog; the outcomes of a batch are yielded when it is
stored and can be found. A process that is killed loses the batch at hand at most, and the next run takes it up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from bot.corpus.catalog.feeds import finish_run, start_run
from bot.corpus.catalog.log import CatalogWriter
from bot.corpus.corpus import Corpus, Progress
from bot.corpus.identity import article_id, content_hash
from bot.corpus.verifying import damage_of
from bot.errors import IndexMismatch, NewsbotError, ReadError
from bot.schema import Article, Outcome, OutcomeKind
from ingest.boilerplate import Boilerplate, without
from ingest.chunk import CHUNKER_VERSION, PASSAGE_CHARS, chunk
from ingest.embedding import Embedding
from ingest.read.contract import failed

BATCH_ARTICLES = 64
"""Articles in one transaction."""
FIRST_ARTICLES = 32
"""The same until embedding has begun, so that the model does not wait long for its first passages."""
EMPTY = "it holds nothing but what the publisher puts on every page"
PURGED = "it was purged, and stays out of the corpus: newsbot remove --allow takes it in again"
RECHUNK_PASSAGES = 2_000
COPY_CANDIDATES = 8
"""Articles that are compared word by word with a new one, those that share most with it first."""


@dataclass(slots=True)
class _Batch:
    """What one transaction needs to remember."""

    writer: CatalogWriter
    passage_chars: int
    boilerplate: dict[str, Boilerplate] = field(default_factory=dict)

    def boilerplate_of(self, source: str | None) -> Boilerplate:
        name = source or ""
        if name not in self.boilerplate:
            self.boilerplate[name] = Boilerplate(self.writer.boilerplate(name))
        return self.boilerplate[name]

    def recut(self, article: Article) -> None:
        """Cut an article that is stored into passages anew."""
        dropped = self.boilerplate_of(article.source).spans(article.text)
        self.writer.recut(article.id, chunk(article.text, passage_chars=self.passage_chars, drop=dropped))

    def is_copy(self, article: Article, body: str, other: Article) -> bool:
        """Whether another article holds the same text; `body` is the article's without boilerplate."""
        from ingest.copies import is_copy

        theirs = without(other.text, self.boilerplate_of(other.source).spans(other.text))
        return is_copy(body, theirs, same_outlet=_outlet(article) == _outlet(other))


def ingest(
    corpus: Corpus,
    items: Iterable[Article | Outcome],
    *,
    passage_chars: int = PASSAGE_CHARS,
    progress: Progress | None = None,
) -> Iterator[Outcome]:
    """Store and index every article of `items`; yields what became of each, and the readers' outcomes as they are.

    Call it while `corpus.writing()`. `progress` is told how far the indexes have followed.
    """
    # First of all, for what an earlier run left undone, and because an index that cannot follow must be told of before
    # anything is stored. Also the only moment at which a catalog restored from a backup is seen to be older.
    _require_chunker(corpus, passage_chars)
    corpus.follow(progress)
    run = start_run(corpus.catalog)
    counts: dict[str, int] = {}
    seen: dict[str, tuple[str, str]] = {}
    pending = iter(items)
    with Embedding(corpus, progress) as embedding:
        while batch := list(islice(pending, BATCH_ARTICLES if embedding.begun else FIRST_ARTICLES)):
            outcomes, passages = _store_batch(corpus, batch, seen, passage_chars)
            if passages:
                corpus.follow_quickly()
            embedding.follow(passages)
            for outcome in outcomes:
                counts[outcome.kind] = counts.get(outcome.kind, 0) + 1
                yield outcome
    corpus.follow(progress)
    finish_run(corpus.catalog, run, counts)


def rechunk(corpus: Corpus, passage_chars: int = PASSAGE_CHARS) -> None:
    """Cut every article into passages anew. Call it while `corpus.writing()`, and `corpus.follow` after it.

    The indexes are emptied first: passages keep their ids, so an index of the old ones would not be seen to be wrong
    if the process were killed on the way.
    """
    corpus.reset_indexes()
    after, last = 0, corpus.catalog.seq(dense=False)
    while after < last and (changes := corpus.catalog.changes(after, RECHUNK_PASSAGES)):
        articles = corpus.catalog.articles([change.article_id for change in changes])
        with corpus.catalog.writing() as writer:
            batch = _Batch(writer, passage_chars)
            for article in articles.values():  # each gets a new number: what was cut anew is met again after `last`
                batch.recut(article)
        after = changes[-1].seq
    with corpus.catalog.writing() as writer:
        writer.note("chunker", _chunker(passage_chars))


def mend(
    corpus: Corpus,
    read_again: Callable[[str], Iterable[Article | Outcome]],
    *,
    passage_chars: int = PASSAGE_CHARS,
) -> list[str]:
    """Mend what is damaged in the catalog; returns what became of it, a sentence each. Call it while `writing`.

    An article that is not what was stored is read again from where it came from, by `read_again`, and taken out of the
    corpus where it is not found there. Whatever else is damaged follows from the articles.
    """
    damage = damage_of(corpus.catalog)
    told: list[str] = []
    if damage.database and corpus.catalog.mend_database():
        told += damage.database
        damage = damage_of(corpus.catalog)
    if damage.database:
        return []  # `verify` names it, with what helps
    with corpus.catalog.writing() as writer:
        for id_ in damage.articles:
            writer.mistrust(id_)
        writer.forget_revisions(damage.revisions)
    if damage.revisions:
        told.append(f"Older states of {len(damage.revisions)} articles were damaged, and are lost.")
    again = _read_again(damage.articles, read_again)
    for id_, origin in damage.articles.items():
        found = again.get(id_)
        with corpus.catalog.writing() as writer:
            if found is not None and _store(_Batch(writer, passage_chars), found)[0].kind is not OutcomeKind.SKIPPED:
                told.append(f"The article {id_} was damaged, and is read again from {origin}.")
                continue
            writer.remove(id_, record=False)
            place = origin or "an unknown place"
            told.append(
                f"The article {id_}, read from {place}, was damaged, is not found there again, and is taken out. "
                "Ingest it again, or restore a backup: newsbot restore FILE"
            )
    articles = corpus.catalog.articles(list(damage.cut))
    with corpus.catalog.writing() as writer:
        batch = _Batch(writer, passage_chars)
        for article in articles.values():
            batch.recut(article)
    if articles:
        told.append(f"The passages of {len(articles)} articles were damaged, and are cut anew.")
    return told


def _read_again(
    origins: Mapping[str, str], read_again: Callable[[str], Iterable[Article | Outcome]]
) -> dict[str, Article]:
    """The articles, by id, as their sources have them today; those that are not found there are left out."""
    found: dict[str, Article] = {}
    # A record's place is its file's and a line, a member's its archive's and a name: each source is read once.
    sources = {re.sub(r"(?:!.*|:\d+)$", "", origin) for origin in origins.values()} - {"", "-"}
    for source in sorted(sources):
        try:
            for item in read_again(source):
                article = _identified(item, {}) if isinstance(item, Article) else item
                if isinstance(article, Article) and article.id in origins:
                    found.setdefault(article.id, article)
        except NewsbotError:
            continue
    return found


def _require_chunker(corpus: Corpus, passage_chars: int) -> None:
    """Raises IndexMismatch where the passages that are there were cut another way."""
    there, wanted = corpus.catalog.note("chunker"), _chunker(passage_chars)
    if there is None:
        with corpus.catalog.writing() as writer:
            writer.note("chunker", wanted)
    elif there != wanted:
        version, chars = there.split("/")
        raise IndexMismatch(
            f"The passages in {corpus.folder} were cut by chunker {version} to about {chars} characters; chunker "
            f"{CHUNKER_VERSION} and {passage_chars} are set. Set NEWSBOT_PASSAGE_CHARS={chars} if that differs, or cut "
            f"and embed all passages anew: newsbot reindex --data {corpus.folder}"
        )


def _chunker(passage_chars: int) -> str:
    return f"{CHUNKER_VERSION}/{passage_chars}"


def dry_run(items: Iterable[Article | Outcome], corpus: Corpus | None) -> Iterator[Outcome]:
    """What `ingest` would do, as far as it can be told without storing: copies are not looked for."""
    seen: dict[str, tuple[str, str]] = {}
    for item in items:
        article = _met(item, seen)
        if isinstance(article, Outcome):
            yield article
            continue
        there = corpus.catalog.article(article.id) if corpus is not None else None
        kind = OutcomeKind.NEW
        if there is not None:
            kind = OutcomeKind.UNCHANGED if content_hash(there) == content_hash(article) else OutcomeKind.CHANGED
        yield _outcome(kind, article)


def _store_batch(
    corpus: Corpus, batch: list[Article | Outcome], seen: dict[str, tuple[str, str]], passage_chars: int
) -> tuple[list[Outcome], int]:
    """One transaction; returns the outcomes, and the number of passages stored."""
    prepared = [_met(item, seen) for item in batch]
    passages = 0
    outcomes = []
    stored_articles = []
    with corpus.catalog.writing() as writer:
        state = _Batch(writer, passage_chars)
        for item in prepared:
            if isinstance(item, Outcome):
                outcomes.append(item)
                continue
            outcome, stored = _store(state, item)
            passages += stored
            outcomes.append(outcome)
            if outcome.kind is not OutcomeKind.SKIPPED:
                stored_articles.append(item)
        writer.know_inputs(stored_articles)
        for source, learned in state.boilerplate.items():
            writer.learn_boilerplate(source, learned.state)
    return outcomes, passages


def _met(item: Article | Outcome, seen: dict[str, tuple[str, str]]) -> Article | Outcome:
    """The article with its id, or what became of it; what was known before it was read counts as met too."""
    if isinstance(item, Article):
        return _identified(item, seen)
    if item.content_hash:
        seen.setdefault(item.article_id, (item.content_hash, item.origin))
    return item


def _identified(article: Article, seen: dict[str, tuple[str, str]]) -> Article | Outcome:
    """The article with its id; an Outcome where it has none, or where this run met it before with another text.

    Of one address that is met twice in a run with different texts, the first counts: the second would undo it, and
    the next run would undo that again.
    """
    try:
        words = "".join((article.title, article.text, article.source or "", article.section or "", *article.authors))
        words.encode("utf-8")
        if "\0" in words:  # which nobody sees, and PostgreSQL does not store
            names = ("title", "text", "source", "section")
            fields: dict[str, Any] = {name: (getattr(article, name) or "").replace("\0", "") or None for name in names}
            fields |= {"title": fields["title"] or "", "text": fields["text"] or ""}
            article = replace(article, **fields, authors=tuple(each.replace("\0", "") for each in article.authors))
        article = replace(article, id=article.id or article_id(article))
    except UnicodeEncodeError:
        reason = "its text holds half characters (lone surrogates), which no file or database can store"
        return failed(article.origin, reason)
    except ReadError as error:
        return failed(article.origin, str(error), article.title)
    digest = content_hash(article)
    first, origin = seen.setdefault(article.id, (digest, article.origin))
    if first != digest:
        reason = f"the same address was read from {origin} with another content, and the first one counts"
        return _outcome(OutcomeKind.SKIPPED, article, reason)
    return article


def _store(batch: _Batch, article: Article) -> tuple[Outcome, int]:
    """Store one article with its passages and its links to copies; returns what became of it, and its passages."""
    from ingest.copies import band_keys

    writer = batch.writer
    if writer.holds(article):
        return _outcome(OutcomeKind.UNCHANGED, article), 0
    if writer.is_purged(article.id):
        return _outcome(OutcomeKind.SKIPPED, article, PURGED), 0
    fresh = not writer.knows(article.id)
    boilerplate = batch.boilerplate_of(article.source)
    dropped = boilerplate.spans(article.text)
    body = without(article.text, dropped)
    if not body:
        return _outcome(OutcomeKind.SKIPPED, article, EMPTY), 0
    bands = band_keys(body)
    candidates = (each for each in islice(writer.originals_by_bands(bands), COPY_CANDIDATES) if each.id != article.id)
    original = next((each for each in candidates if batch.is_copy(article, body, each)), None)
    is_first = original is not None and _age(article) < _age(original)
    copy_of = original.id if original is not None and not is_first else None
    spans = chunk(article.text, passage_chars=batch.passage_chars, drop=dropped)
    followers = writer.copies_of(article.id)
    kind = writer.put(article, spans, bands=bands, copy_of=copy_of)
    head = copy_of or article.id
    # It had copies: do they still say the same? Those that do not are copies of the oldest among them.
    parted = [follower for follower in followers if not batch.is_copy(article, body, follower)]
    for follower in followers:
        if follower not in parted:
            writer.link(follower.id, head)
        else:
            writer.link(follower.id, None if follower is parted[0] else parted[0].id)
    if original is not None and is_first:
        for follower in writer.copies_of(original.id):
            writer.link(follower.id, article.id)
        writer.link(original.id, article.id)
    if kind in (OutcomeKind.NEW, OutcomeKind.COPY) and fresh:
        boilerplate.observe(article.text)
    return _outcome(kind, article), 0 if copy_of else len(spans)


def _age(article: Article) -> tuple[date, str, str]:
    """Orders articles from the earliest on, the same way in any order of arrival; unknown days come last."""
    moment = article.published_at.isoformat() if article.published_at else ""
    return (article.published or date.max, moment, article.id)


def _outlet(article: Article) -> str:
    """Who published it: the outlet's name, or the host of its address."""
    return article.source or (urlsplit(article.url).hostname or "" if article.url else "")


def _outcome(kind: OutcomeKind, article: Article, reason: str = "") -> Outcome:
    return Outcome(kind=kind, origin=article.origin, article_id=article.id, title=article.title, reason=reason)
