"""The door that puts articles in: bytes -> articles -> passages -> corpus. Imports `bot`, never the reverse.

from ingest import ingest
outcomes = ingest(["articles/", "more.jsonl.gz"], Settings(data_dir="data"))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.schema import Article, Outcome
    from bot.settings import Settings
    from ingest.fetch import Fetcher
    from ingest.read.contract import ReadOptions

    Source = str | PathLike[str] | Article
    """A file, folder, glob or http(s) address, or an article that was read already."""

__all__ = ["ingest"]


def ingest(
    sources: Source | Iterable[Source],
    settings: Settings | None = None,
    *,
    options: ReadOptions | None = None,
    fetch: bool = True,
    allow_private: bool = False,
) -> list[Outcome]:
    """Put articles into the corpus that is set, which is made where there is none; tells what became of each.

    A source that cannot be read is an Outcome with the reason, and never stops the rest. `options` say how sources are
    read; without `fetch` addresses are refused, with `allow_private` those of private networks are not. Raises
    UsageError for what is no source, CorpusBusy, CorpusError, IndexMismatch, ModelError or SettingsError.
    """
    from bot.errors import UsageError
    from bot.schema import Article
    from bot.settings import Settings
    from bot.wiring import open_corpus
    from ingest.pipeline import ingest as store
    from ingest.read import ReadOptions

    settings = settings or Settings()
    wanted = [sources] if isinstance(sources, str | PathLike | Article) else sources
    if not isinstance(wanted, Iterable):
        raise UsageError(f"Sources are paths, addresses or Articles, and no {type(sources).__name__}: {sources!r}")
    corpus = open_corpus(settings, create=True)
    try:
        options = replace(options or ReadOptions(), known_input=corpus.catalog.known_input)
        items = items_of(wanted, settings, options, fetch=fetch, allow_private=allow_private)
        with corpus.writing(settings.lock_wait_seconds):
            return list(store(corpus, items, passage_chars=settings.passage_chars))
    finally:
        corpus.close()


def items_of(
    sources: Iterable[Source], settings: Settings, options: ReadOptions, *, fetch: bool, allow_private: bool
) -> Iterator[Article | Outcome]:
    """What the sources hold; the fetcher of addresses is made when the first is met. Raises as `ingest`."""
    from bot.errors import UsageError
    from bot.schema import Article
    from bot.wiring import open_cluster
    from ingest.read import read, read_folder
    from ingest.read.sources import CORPUS_FILE

    with ExitStack() as opened:
        cluster = open_cluster(settings)

        @cache
        def fetcher() -> Fetcher:
            return opened.enter_context(open_fetcher(settings, allow_private=allow_private))

        if fetch and options.fetch is None:
            options = replace(options, fetch=lambda url: fetcher()(url))  # noqa: PLW0108 - made when it is needed
        for source in sources:
            if isinstance(source, Article):
                yield source
            elif isinstance(source, str | PathLike):
                folder = Path(source)
                if cluster is not None and folder.is_dir() and not (folder / CORPUS_FILE).is_file():
                    yield from read_folder(folder, options, cluster.map)
                else:
                    yield from read([fspath(source)], options)
            else:
                raise UsageError(
                    f"A source is a path, an address or an Article, and no {type(source).__name__}: {source!r}"
                )


def open_fetcher(settings: Settings, *, allow_private: bool) -> Fetcher:
    """What fetches addresses as the settings say. Close it when done."""
    from ingest.fetch import Fetcher

    return Fetcher(
        allow_private=allow_private,
        contact=settings.fetch_contact or "",
        delay_seconds=settings.fetch_delay_seconds,
    )
