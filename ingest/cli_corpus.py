"""The commands that change a corpus as a whole: remove, restore, verify --repair."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from bot.schema import Article
from bot.settings import Settings
from ingest.cli import Watch, id_of, say

if TYPE_CHECKING:
    from bot.corpus.corpus import Corpus


def run_remove(parsed: argparse.Namespace, settings: Settings) -> int:
    """`newsbot remove`: exit status 0, or 1 when an article was not there."""
    from bot.wiring import open_corpus

    wanted = {url: id_of(url) for url in parsed.urls}
    corpus = open_corpus(settings)
    copies: list[Article] = []
    with corpus.writing(settings.lock_wait_seconds, say, alone=parsed.purge):
        if parsed.purge:
            there = corpus.catalog.articles(list(wanted.values()))
            copies = [each for some in corpus.catalog.copies(list(wanted.values())).values() for each in some]
            removed = {url: id_ in there for url, id_ in wanted.items()}
            corpus.purge([*wanted.values(), *(each.id for each in copies)])
        elif parsed.allow:
            removed = {url: corpus.catalog.is_purged(id_) for url, id_ in wanted.items()}
            with corpus.catalog.writing() as writer:
                writer.allow(wanted.values())
        else:
            with corpus.catalog.writing() as writer:
                removed = {url: writer.remove(id_) for url, id_ in wanted.items()}
            corpus.follow()
    if parsed.json:
        report = {"removed": removed, "copies": [each.url or each.id for each in copies]}
        print(json.dumps(report if parsed.purge else {"removed": removed}, ensure_ascii=False, indent=2))
        return 0 if parsed.purge or all(removed.values()) else 1
    if parsed.purge:
        for url, was_there in removed.items():
            print(f"Purged {url}" if was_there else f"Not in the corpus, and refused from now on: {url}")
        for each in copies:
            print(f"Purged the same text in another outlet: {each.url or each.id}")
        return 0
    for url, was_there in removed.items():
        done = f"Taken in again when it is met: {url}" if parsed.allow else f"Removed {url}"
        print(done if was_there else f"Not {'purged' if parsed.allow else 'in the corpus'}: {url}")
    if any(removed.values()) and not parsed.allow:
        say("Kept are the text and its older states, for newsbot show --revisions; --purge leaves nothing.")
    return 0 if all(removed.values()) else 1


def run_restore(parsed: argparse.Namespace, settings: Settings) -> int:
    """`newsbot restore`: what a backup holds takes the place of the corpus; the indexes follow it at once."""
    from bot.corpus.backup import restore
    from bot.wiring import open_catalog, open_corpus

    open_catalog(settings, create=True).close()
    corpus = open_corpus(settings)
    with corpus.writing(settings.lock_wait_seconds, say, alone=True), Watch() as watch:
        articles = restore(corpus.catalog, parsed.file)
        corpus.repair(watch.embedded)
    if parsed.json:
        print(json.dumps({"articles": articles}))
    else:
        print(f"Restored: {articles:,} articles, as they were in {parsed.file}.")
    return 0


def repair(corpus: Corpus, settings: Settings) -> list[str]:
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
