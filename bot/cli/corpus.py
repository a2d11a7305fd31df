"""The commands about a corpus as a whole: what it holds, whether it is sound, what is taken out or put back."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from bot.cli.terminal import ProgressDisplay, present, say, screen_of, typed
from bot.errors import NewsbotError, ReadError, UsageError
from bot.schema import Article, Scope

if TYPE_CHECKING:
    from datetime import date

    from bot.corpus.catalog import Catalog
    from bot.corpus.corpus import Corpus
    from bot.settings import Settings


EMPTY = "The corpus is empty. Put articles in: newsbot ingest SOURCE"


def run_show(parsed: argparse.Namespace, settings: Settings) -> int:
    """Show an article as it is stored now, or every recorded state of it."""
    from bot.render import revision_json, revision_lines
    from bot.wiring import open_corpus

    revisions = open_corpus(settings).catalog.revisions(_id_of(parsed.url))
    if not revisions:
        raise NewsbotError(f"{parsed.url} is not in the corpus. Look for it: newsbot search WORDS")
    if not parsed.revisions:
        revisions = revisions[-1:]
    pairs = zip([None, *revisions], revisions, strict=False)
    lines = (line for before, revision in pairs for line in revision_lines(revision, before, screen_of(parsed)))
    present(parsed, [revision_json(revision) for revision in revisions], lines)
    return 0


def run_status(parsed: argparse.Namespace, settings: Settings) -> int:
    """Show what the corpus holds and how far its indexes are."""
    from bot.render import status_json, status_lines
    from bot.wiring import open_corpus

    status = open_corpus(settings).status()
    model = settings.embedding_model
    present(parsed, status_json(status, model), status_lines(status, model))
    return 0


def run_list(parsed: argparse.Namespace, settings: Settings) -> int:
    """List articles, the newest first."""
    from bot.corpus.catalog.articles import newest
    from bot.render import article_json, listed_line
    from bot.wiring import open_catalog

    catalog = open_catalog(settings)
    articles = newest(catalog, parsed.count, scope=_scope(parsed, catalog), whole=True)
    rows = [{"article_id": each.id} | article_json(each) for each in articles]
    for row in rows:
        del row["text"]
    screen = screen_of(parsed)
    present(parsed, rows, (listed_line(article, screen) for article in articles))
    if not (articles or parsed.json):
        say(
            "No article here fits --after, --before and --source."
            if parsed.source or parsed.after or parsed.before
            else EMPTY
        )
    return 0


def run_sources(parsed: argparse.Namespace, settings: Settings) -> int:
    """List the outlets, the one with most articles first."""
    from bot.corpus.catalog.articles import freshness
    from bot.wiring import open_catalog

    _print_counted(parsed, [(each.source, each.articles, each.newest) for each in freshness(open_catalog(settings))])
    return 0


def run_topics(parsed: argparse.Namespace, settings: Settings) -> int:
    """List the names that most articles speak of."""
    from bot.corpus.catalog.topics import topics
    from bot.wiring import open_catalog

    catalog = open_catalog(settings)
    found = topics(catalog, parsed.count, _scope(parsed, catalog))
    _print_counted(parsed, [(each.name, each.articles, each.newest) for each in found])
    return 0


def _print_counted(parsed: argparse.Namespace, rows: list[tuple[str, int, date | None]]) -> None:
    """Names with how many articles each has, and the day of the newest."""
    from bot.render import NO_SOURCE, iso, plain

    values = [{"name": name, "articles": count, "newest": iso(newest)} for name, count, newest in rows]
    lines = [f"{count:>8,}  {iso(day) or 'no date   '}  {plain(name) or NO_SOURCE}" for name, count, day in rows]
    present(parsed, values, lines)
    if not (rows or parsed.json):
        say(EMPTY)


def _scope(parsed: argparse.Namespace, catalog: Catalog) -> Scope:
    """The part of the corpus that --after, --before and --source leave. Raises UsageError as asking does."""
    from bot.asking import spelled_sources

    if parsed.after and parsed.before and parsed.after > parsed.before:
        raise UsageError(f"No day is after {parsed.after} and also before {parsed.before}. Swap the two.")
    return Scope(parsed.after, parsed.before, sources=spelled_sources(tuple(parsed.source or ()), catalog.sources()))


def run_verify(parsed: argparse.Namespace, settings: Settings) -> int:
    """Compare catalog and indexes, and mend them with --repair: exit status 1 while they differ."""
    from bot.corpus.catalog.feeds import last_run
    from bot.wiring import open_corpus

    corpus = open_corpus(settings)
    mended = _repair(corpus, settings) if parsed.repair else []
    left = corpus.verify()
    present(parsed, {"repaired": mended, "problems": left}, [*(f"Mended: {line}" for line in mended), *left])
    if not parsed.json:
        if left and not parsed.repair:
            say(f"Mend it: newsbot verify --repair --data {typed(settings.data_dir)}")
        elif not left:
            counts = corpus.catalog.counts()
            print(f"Sound: {counts['articles']:,} articles, {counts['passages']:,} passages, in both indexes.")
        if (run := last_run(corpus.catalog)) is not None and run.finished_at is None:
            begun = f"{run.started_at:%Y-%m-%d %H:%M} UTC"
            say(f"The ingest of {begun} was interrupted, or is still running. If it has ended, run it again.")
    return 1 if left else 0


def run_backup(parsed: argparse.Namespace, settings: Settings) -> int:
    """Copy the catalog into one new file."""
    from bot.corpus.backup import backup
    from bot.wiring import open_catalog

    articles = backup(open_catalog(settings), parsed.file)
    said = f"Written: {parsed.file}, {articles:,} articles with their vectors."
    said += f" Put it back: newsbot restore {typed(parsed.file)}"
    present(parsed, {"file": str(parsed.file), "articles": articles}, [said])
    return 0


def run_feedback(parsed: argparse.Namespace, settings: Settings) -> int:
    """Print the rated answers as questions for `newsbot eval`."""
    from bot.corpus.catalog.feedback import exported, judged
    from bot.wiring import open_catalog

    rated = [exported(each) for each in judged(open_catalog(settings))]
    present(parsed, rated, (json.dumps(each, ensure_ascii=False) for each in rated))
    if not parsed.json:
        count = f"{len(rated):,} rated answer{'' if len(rated) == 1 else 's'}."
        say(f"{count} Measure them: newsbot eval FILE" if rated else "No answer has been rated yet.")
    return 0


def run_remove(parsed: argparse.Namespace, settings: Settings) -> int:
    """`newsbot remove`: exit status 0, or 1 when an article was not there."""
    from bot.wiring import open_corpus

    wanted = {url: _id_of(url) for url in parsed.urls}
    ids = list(wanted.values())
    corpus = open_corpus(settings)
    catalog = corpus.catalog
    done, missed = "Removed {}", "Not in the corpus: {}"
    copies: list[Article] = []
    with corpus.writing(settings.lock_wait_seconds, say, alone=parsed.purge):
        if parsed.purge:
            done, missed = "Purged {}", "Not in the corpus, and refused from now on: {}"
            there = catalog.articles(ids)
            removed = {url: id_ in there for url, id_ in wanted.items()}
            copies = [each for some in catalog.copies(ids).values() for each in some]
            corpus.purge([*ids, *(each.id for each in copies)])
        elif parsed.allow:
            done, missed = "Accepted again: {}", "Not purged: {}"
            removed = {url: catalog.is_purged(id_) for url, id_ in wanted.items()}
            with catalog.writing() as writer:
                writer.allow(ids)
        else:
            with catalog.writing() as writer:
                removed = {url: writer.remove(id_) for url, id_ in wanted.items()}
            corpus.follow()
    lines = [(done if was_there else missed).format(url) for url, was_there in removed.items()]
    value: dict[str, Any] = {"removed": removed}
    if parsed.purge:
        others = [each.url or each.id for each in copies]
        lines += [f"Purged the same text in another outlet: {each}" for each in others]
        value["copies"] = others
    present(parsed, value, lines)
    if any(removed.values()) and not (parsed.json or parsed.purge or parsed.allow):
        say("The text and its older states are kept for newsbot show --revisions; --purge leaves nothing.")
    return 0 if parsed.purge or all(removed.values()) else 1


def run_restore(parsed: argparse.Namespace, settings: Settings) -> int:
    """`newsbot restore`: what a backup holds takes the place of the corpus; the indexes follow it at once."""
    from bot.corpus.backup import open_backup, restore
    from bot.wiring import open_catalog, open_corpus

    with open_backup(parsed.file, settings.data_dir) as source:
        open_catalog(settings, create=True).close()
        corpus = open_corpus(settings)
        with corpus.writing(settings.lock_wait_seconds, say, alone=True), ProgressDisplay() as display:
            articles = restore(corpus.catalog, source)
            corpus.repair(display.embedded)
    present(parsed, {"articles": articles}, [f"Restored: {articles:,} articles, as they were in {parsed.file}."])
    return 0


def run_reindex(parsed: argparse.Namespace, settings: Settings) -> int:
    """`newsbot reindex`: embeds every passage anew with the model that is set."""
    from bot.wiring import open_corpus
    from ingest.pipeline import rechunk

    corpus = open_corpus(settings)
    with corpus.writing(settings.lock_wait_seconds, say, alone=True), ProgressDisplay() as display:
        rechunk(corpus, settings.passage_chars)
        corpus.follow(display.embedded)
    passages, model = corpus.catalog.counts()["passages"], settings.embedding_model
    present(parsed, {"passages": passages, "model": model}, [f"Indexed anew: {passages:,} passages, with {model}."])
    return 0


def _repair(corpus: Corpus, settings: Settings) -> list[str]:
    """Mend catalog and indexes; returns what was wrong, or what became of it, a sentence each."""
    from ingest import items_of
    from ingest.pipeline import mend
    from ingest.read import ReadOptions

    with corpus.writing(settings.lock_wait_seconds, say, alone=True):
        told = mend(
            corpus,
            lambda origin: items_of([origin], settings, ReadOptions(), fetch=True, allow_private=False),
            passage_chars=_passage_chars(corpus),
        )
        return told + corpus.repair()


def _passage_chars(corpus: Corpus) -> int:
    """The length at which the passages that are there were cut."""
    from ingest.chunk import PASSAGE_CHARS

    _, _, chars = (corpus.catalog.note("chunker") or "").partition("/")
    return int(chars) if chars.isdecimal() else PASSAGE_CHARS


def _id_of(url: str) -> str:
    """The id of the article at an address, typed with its scheme or without; an id as it is.

    Raises UsageError for an address that is none.
    """
    from bot.corpus.identity import article_id

    if "://" not in url:
        if "/" not in url:
            return url
        url = f"https://{url}"
    try:
        return article_id(Article(title="", text="", url=url))
    except ReadError as error:
        raise UsageError(str(error)) from error
