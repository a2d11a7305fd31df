"""The commands that put articles in: `ingest`, `read`, `follow`, and the sample of `demo`."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from bot.cli.terminal import ProgressDisplay, present, say, screen_of
from bot.errors import CorpusMissing, UsageError
from bot.schema import Article, Outcome, OutcomeKind
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.corpus.corpus import Corpus
    from ingest.follow import FeedReport, Round
    from ingest.stopping import Stop

    _ItemsFor = Callable[[Corpus | None], Iterable[Article | Outcome]]
    """What is to be stored in a corpus, which may not be there yet."""

SAMPLE_NOTE = "sample"
"""Under this the corpus notes which sample it holds."""
REASONS_SHOWN = 20


def run_ingest(parsed: argparse.Namespace, settings: Settings) -> int:
    """`newsbot ingest`: exit status 0, or 1 when something failed."""
    way = _dry_run if parsed.dry_run else _ingested
    return _report(list(way(lambda corpus: _read(parsed, settings, corpus), settings)), parsed, settings)


def run_read(parsed: argparse.Namespace, settings: Settings) -> int:
    """`newsbot read`: what would be stored, one article after the other; with --json one object a line."""
    from bot.render import article_json, article_lines, plain

    failed = False
    for item in _read(parsed, settings):
        if isinstance(item, Outcome):
            failed |= item.kind is OutcomeKind.FAILED
            if parsed.json:
                refused = {"origin": item.origin, "title": item.title, "refused": str(item.kind), "reason": item.reason}
                print(json.dumps(refused, ensure_ascii=False))
            else:
                say(plain(f"{item.kind:<8} {item.origin}: {item.reason}"))
        elif parsed.json:
            print(json.dumps(article_json(item) | {"reason": None}, ensure_ascii=False))
        else:
            print("\n".join([*article_lines(item, screen_of(parsed)), ""]))
    return 1 if failed else 0


def run_follow(parsed: argparse.Namespace, settings: Settings) -> int:
    """`newsbot follow`: rounds until SIGTERM or Ctrl-C, a line of log each and one for each feed and link that failed;
    with --json one object a line too.

    Exit status 0; with --once 1 when a feed failed.
    """
    addresses = list(dict.fromkeys(address for each in parsed.feeds for address in _followed_addresses(each)))
    from bot.wiring import open_corpus
    from ingest import open_fetcher
    from ingest.follow import FeedFollower, FeedState
    from ingest.read import ReadOptions
    from ingest.stopping import Stop

    stop = Stop()
    failed = False
    fetcher = open_fetcher(settings, allow_private=parsed.allow_private)
    with _stopping_by_signal(stop):
        follower = FeedFollower(
            corpus=open_corpus(settings, create=True, on_export=say),
            addresses=addresses,
            fetcher=fetcher,
            stop=stop,
            every_seconds=parsed.every,
            options=ReadOptions(source=parsed.source, summaries=parsed.summaries),
            passage_chars=settings.passage_chars,
            lock_wait_seconds=settings.lock_wait_seconds,
            on_wait=say,
        )
        for each in follower.rounds(1 if parsed.once else None):
            say(_round_line(each))
            _say_told([_failed_feed(feed) for feed in each.feeds if feed.state is FeedState.FAILED])
            _say_told([told for told in each.told if parsed.verbose or told.kind is OutcomeKind.FAILED])
            if parsed.json:
                print(json.dumps(_round_json(each), ensure_ascii=False), flush=True)
            failed = each.feeds_in(FeedState.FAILED) > 0
        if stop.requested:
            say("newsbot: stopped; what was stored is safe")
        else:  # a fetch that a stop left behind still uses it
            fetcher.close()
        follower.corpus.close()
    return 1 if parsed.once and failed and not stop.requested else 0


def put_sample(settings: Settings) -> None:
    """Put the sample corpus into the folder that is set, unless it is there already."""
    import ingest as ingest_room
    from bot.wiring import open_corpus
    from ingest.read import read

    sample = Path(ingest_room.__file__).parent / "sample" / "news"
    digest = hashlib.sha256()
    for path in sorted(each for each in sample.rglob("*") if each.is_file()):
        digest.update(path.name.encode() + path.read_bytes())
    with contextlib.suppress(CorpusMissing):
        if open_corpus(settings).catalog.note(SAMPLE_NOTE) == digest.hexdigest():
            return
    for outcome in _ingested(lambda _: read([str(sample)]), settings):
        if outcome.kind is OutcomeKind.FAILED:
            say(f"failed   {outcome.origin}: {outcome.reason}")
    with open_corpus(settings).catalog.writing() as writer:
        writer.note(SAMPLE_NOTE, digest.hexdigest())


def _followed_addresses(text: str) -> list[str]:
    """An address as it is, or those that an OPML file lists. Raises UsageError for anything else, or ReadError."""
    if text.lower().startswith(("http://", "https://")):
        return [text]
    if "://" in text or not Path(text).exists():
        raise UsageError(
            f"{text} is neither an http(s) address nor an OPML file. A file of articles is read once, with: "
            f"newsbot ingest {text}"
        )
    from ingest.opml import feeds_of_opml

    return feeds_of_opml(Path(text))


@contextlib.contextmanager
def _stopping_by_signal(stop: Stop) -> Iterator[None]:
    """While inside, the first SIGTERM or SIGINT asks to stop, and the second one ends the process at once."""

    def ask(number: int, _frame: FrameType | None) -> None:
        stop.request()
        signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _round_line(done: Round) -> str:
    """One round in one line."""
    from bot.render import counts_line

    states = Counter(str(each.state) for each in done.feeds)
    asked = len(done.feeds) - states["waiting"]
    feeds = [f"{asked} feed{'' if asked == 1 else 's'} asked"]
    feeds += [f"{states[state]} {state}" for state in ("unchanged", "failed", "waiting") if states[state]]
    line = f"{_moment(done.started_at)} round {done.number}: {', '.join(feeds)}; {counts_line(done.counts)}; "
    return f"{line}{done.seconds:.1f} s"


def _failed_feed(feed: FeedReport) -> Outcome:
    """A feed that could not be read, as a line among the links that failed."""
    again = f" (asked again from {_moment(feed.next_at)} on)" if feed.next_at else ""
    return Outcome(kind=OutcomeKind.FAILED, origin=feed.address, reason=f"{feed.reason}{again}")


def _round_json(done: Round) -> dict[str, Any]:
    return {
        "round": done.number,
        "started_at": _moment(done.started_at),
        "seconds": round(done.seconds, 3),
        "feeds": [
            {
                "address": each.address,
                "state": str(each.state),
                "reason": each.reason or None,
                "next_at": _moment(each.next_at) if each.next_at else None,
            }
            for each in done.feeds
        ],
        "counts": dict(done.counts),
        "told": _told_json(done.told),
    }


def _told_json(told: Iterable[Outcome]) -> list[dict[str, str]]:
    return [{"kind": str(each.kind), "origin": each.origin, "reason": each.reason} for each in told]


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(parsed: argparse.Namespace, settings: Settings, corpus: Corpus | None = None) -> Iterator[Article | Outcome]:
    """What the arguments' sources hold; connections are opened when the first address is met.

    What `corpus` holds as it was read is told from its bytes and not read again.
    """
    from ingest import items_of
    from ingest.read import ReadOptions

    options = ReadOptions(
        source=parsed.source,
        fields=dict(parsed.field),
        summaries=parsed.summaries,
        known_input=corpus.catalog.known_input if corpus is not None else None,
    )
    return items_of(parsed.sources, settings, options, fetch=not parsed.no_fetch, allow_private=parsed.allow_private)


def _ingested(items: _ItemsFor, settings: Settings) -> Iterator[Outcome]:
    from bot.wiring import open_catalog, open_corpus
    from ingest.pipeline import ingest

    first: list[Article | Outcome] = []
    try:
        open_catalog(settings).close()
    except CorpusMissing:
        # A corpus is made for an article, and not for a source that was mistyped.
        begun = iter(items(None))
        for item in begun:
            first.append(item)
            if isinstance(item, Article):
                break
        else:
            for outcome in first:
                assert isinstance(outcome, Outcome)
                yield outcome
            return
        items = lambda _: begun  # noqa: E731
    corpus = open_corpus(settings, create=True, on_export=say)
    try:
        with corpus.writing(settings.lock_wait_seconds, say), ProgressDisplay() as display:
            read = display.reading(chain(first, items(corpus)))
            yield from ingest(corpus, read, passage_chars=settings.passage_chars, progress=display.embedded)
    finally:
        corpus.close()


def _dry_run(items: _ItemsFor, settings: Settings) -> Iterator[Outcome]:
    from bot.wiring import open_corpus
    from ingest.pipeline import dry_run

    try:
        corpus = open_corpus(settings)
    except CorpusMissing:
        corpus = None
    yield from dry_run(items(corpus), corpus)


def _report(outcomes: list[Outcome], parsed: argparse.Namespace, settings: Settings) -> int:
    from bot.render import counts_line

    counted = Counter(each.kind for each in outcomes)
    counts = {kind.value: counted[kind] for kind in OutcomeKind}
    told = [each for each in outcomes if each.kind in (OutcomeKind.SKIPPED, OutcomeKind.FAILED)]
    # Two files with the same article: the second is unchanged, though nobody had put it in before.
    fresh = {each.article_id for each in outcomes if each.kind in (OutcomeKind.NEW, OutcomeKind.COPY)}
    repeated = sum(each.kind is OutcomeKind.UNCHANGED and each.article_id in fresh for each in outcomes)
    if not parsed.json:
        _say_told(told)
    report = {"data_dir": str(settings.data_dir), "dry_run": parsed.dry_run, "counts": counts, "told": _told_json(told)}
    twice = f" ({repeated:,} met twice)" if repeated else ""
    present(parsed, report, [f"{'Would be: ' if parsed.dry_run else ''}{counts_line(counts)}{twice}"])
    return 1 if counted[OutcomeKind.FAILED] else 0


def _say_told(told: list[Outcome]) -> None:
    """What was skipped, then what failed, each with its reason."""
    from bot.render import plain

    for kind in (OutcomeKind.SKIPPED, OutcomeKind.FAILED):
        some = [each for each in told if each.kind is kind]
        for each in some[:REASONS_SHOWN]:
            say(plain(f"{kind:<8} {each.origin}: {each.reason}"))
        if len(some) > REASONS_SHOWN:
            say(f"{kind:<8} and {len(some) - REASONS_SHOWN:,} more; --json lists them all")
