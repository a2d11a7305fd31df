"""Following feeds: what is new comes in once, nothing is asked twice, nothing is lost, and it stops when told to."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
import sqlalchemy as sa

from bot.cli import main
from bot.corpus.catalog.feeds import Link
from bot.corpus.corpus import Corpus
from bot.errors import CorpusError
from bot.settings import Settings
from bot.wiring import open_corpus
from ingest import followed_links
from ingest.fetch import Fetcher
from ingest.follow import FeedFollower, FeedState, Round
from ingest.followed_links import FAILURES_MAX, FETCHES_MAX, Due, due_of
from ingest.read import ReadOptions
from ingest.stopping import Stop, Stopped, unless_stopped
from tests.conftest import ROOT
from tests.fakes import run_newsbot

WAIT_SECONDS = 60
"""Until a test gives up; none waits so long when things are well."""
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def body(name: str) -> list[str]:
    """An article's paragraphs, of words that follow from its name, so that no two are copies of each other."""
    words = [sha256(f"{name}{number}".encode()).hexdigest()[:7] for number in range(120)]
    sentences = [f"The {name} council heard {' '.join(words[at : at + 12])} on Monday." for at in range(0, 120, 12)]
    return [" ".join(sentences[at : at + 2]) for at in range(0, 10, 2)]


def page(name: str) -> bytes:
    text = "".join(f"<p>{paragraph}</p>" for paragraph in body(name))
    title = f"News of the {name}"
    article = f"<article><h1>{title}</h1>{text}</article>"
    return f"<html><head><title>{title}</title></head><body>{article}</body></html>".encode()


class Newsroom:
    """A server with pages that may be changed, which knows ETags, and may be slow or out of order."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.broken: dict[str, tuple[int, dict[str, str]]] = {}
        self.before: dict[str, Callable[[], object]] = {}
        self.asked: list[tuple[str, str | None, int]] = []
        """Path, If-None-Match, status."""
        self.agents: list[str] = []
        room = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                room.before.get(self.path, lambda: None)()
                content = room.pages.get(self.path, b"")
                etag = f'"{sha256(content).hexdigest()[:16]}"'
                given = self.headers["If-None-Match"]
                room.agents.append(self.headers["User-Agent"])
                status, headers = room.broken.get(self.path, (200 if content else 404, {"ETag": etag}))
                if status == 200 and given == etag:
                    status = 304
                room.asked.append((self.path, given, status))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                content = content if status == 200 else b""
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def times_asked(self, path: str) -> int:
        return sum(asked == path for asked, _, _ in self.asked)

    def full_feed(self, *names: str, path: str = "/feed") -> None:
        """An RSS feed with the full text of every article."""
        text = {name: escape("".join(f"<p>{paragraph}</p>" for paragraph in body(name))) for name in names}
        self._feed(path, {name: f"<content:encoded>{text[name]}</content:encoded>" for name in names})

    def short_feed(self, *names: str, path: str = "/feed") -> None:
        """An RSS feed with a line for every article, whose page is there unless it was put otherwise."""
        self._feed(path, {name: f"<description>{name}: read more</description>" for name in names})
        for name in names:
            self.pages.setdefault(f"/{name}", page(name))

    def _feed(self, path: str, items: dict[str, str]) -> None:
        space = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        inner = "".join(
            f"<item><title>News of the {name}</title><link>{self.url}/{name}</link>{text}</item>"
            for name, text in items.items()
        )
        self.pages[path] = f"<rss version='2.0' {space}><channel><title>Tide</title>{inner}</channel></rss>".encode()


@pytest.fixture
def room() -> Iterator[Newsroom]:
    one = Newsroom()
    yield one
    one.close()


@pytest.fixture
def corpus(settings: Settings) -> Iterator[Corpus]:
    one = open_corpus(settings, create=True)
    yield one
    one.close()


class Clock:
    """Time that moves when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **how_long: float) -> None:
        self.now += timedelta(**how_long)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def follower(room: Newsroom, corpus: Corpus, clock: Clock) -> Iterator[FeedFollower]:
    with Fetcher(allow_private=True, delay_seconds=0) as fetcher:
        yield FeedFollower(
            corpus=corpus, addresses=[f"{room.url}/feed"], fetcher=fetcher, now=clock, chance=lambda: 1.0
        )


def told(done: Round) -> tuple[list[str], dict[str, int]]:
    """The states of the feeds, and the counts of articles that are not 0."""
    return [str(each.state) for each in done.feeds], {name: count for name, count in done.counts.items() if count}


def titles(corpus: Corpus) -> set[str]:
    with corpus.catalog.engine.connect() as connection:
        return set(connection.execute(sa.text("SELECT title FROM articles WHERE NOT removed")).scalars())


# What comes in


def test_a_new_item_comes_in_at_the_next_round(room: Newsroom, corpus: Corpus, follower: FeedFollower) -> None:
    room.full_feed("harbour", "library")
    assert told(follower.round()) == (["read"], {"new": 2})
    room.full_feed("bridge", "harbour", "library")
    assert told(follower.round()) == (["read"], {"new": 1, "unchanged": 2})
    assert titles(corpus) == {"News of the bridge", "News of the harbour", "News of the library"}
    assert corpus.verify() == []


def test_what_did_not_change_is_not_sent(room: Newsroom, follower: FeedFollower) -> None:
    room.full_feed("harbour")
    follower.round()
    assert told(follower.round()) == (["unchanged"], {})
    feeds = [(given, status) for path, given, status in room.asked if path == "/feed"]
    assert feeds[0] == (None, 200)
    assert feeds[1][0]
    assert feeds[1][1] == 304


def test_a_corrected_text_is_a_change(room: Newsroom, follower: FeedFollower) -> None:
    room.full_feed("harbour")
    follower.round()
    room.pages["/feed"] = room.pages["/feed"].replace(b"on Monday", b"on Tuesday")
    assert told(follower.round()) == (["read"], {"changed": 1})


def test_a_page_behind_a_summary_is_fetched_once(room: Newsroom, follower: FeedFollower) -> None:
    room.short_feed("harbour", "library")
    assert told(follower.round()) == (["read"], {"new": 2})
    room.short_feed("bridge", "harbour", "library")
    assert told(follower.round()) == (["read"], {"new": 1, "unchanged": 2})
    assert [room.times_asked(f"/{name}") for name in ("bridge", "harbour", "library")] == [1, 1, 1]
    assert told(follower.round()) == (["unchanged"], {})


def test_a_page_that_lies_elsewhere_is_fetched_once_too(room: Newsroom, follower: FeedFollower) -> None:
    room.short_feed("harbour")
    room.pages["/harbour"] = room.pages["/harbour"].replace(
        b"<title>", b'<link rel="canonical" href="https://tide.example/2026/harbour"><title>'
    )
    assert told(follower.round()) == (["read"], {"new": 1})
    room.short_feed("harbour", "library")
    assert told(follower.round()) == (["read"], {"new": 1, "unchanged": 1})
    assert room.times_asked("/harbour") == 1


def test_a_page_that_was_ingested_otherwise_is_not_fetched(
    room: Newsroom, corpus: Corpus, follower: FeedFollower
) -> None:
    room.full_feed("harbour", path="/other")
    list(FeedFollower(corpus=corpus, addresses=[f"{room.url}/other"], fetcher=follower.fetcher).rounds(1))
    room.short_feed("harbour")
    assert told(follower.round()) == (["read"], {"unchanged": 1})
    assert room.times_asked("/harbour") == 0


def test_what_was_removed_stays_out(room: Newsroom, corpus: Corpus, follower: FeedFollower, settings: Settings) -> None:
    room.full_feed("harbour")
    follower.round()
    assert main(["remove", f"{room.url}/harbour", "--data", str(settings.data_dir)]) == 0
    room.full_feed("harbour", "library")
    assert told(follower.round()) == (["read"], {"new": 1, "skipped": 1})
    assert titles(corpus) == {"News of the library"}


def test_a_page_whose_feed_says_that_it_changed_is_read_again(
    room: Newsroom, follower: FeedFollower, clock: Clock
) -> None:
    def sitemap(day: str) -> None:
        entry = f"<url><loc>{room.url}/harbour</loc><lastmod>{day}</lastmod></url>"
        room.pages["/feed"] = f"<?xml version='1.0'?><urlset>{entry}</urlset>".encode()

    sitemap("2026-03-01")
    room.pages["/harbour"] = page("harbour")
    assert told(follower.round()) == (["read"], {"new": 1})
    room.pages["/harbour"] = page("harbour").replace(b"on Monday", b"on Tuesday")
    sitemap("2026-03-02")
    assert told(follower.round()) == (["read"], {}), "not within the hour, however often it says so"
    clock.forward(hours=2)
    assert told(follower.round()) == (["read"], {"changed": 1})
    assert told(follower.round()) == (["unchanged"], {})


def test_a_page_may_be_followed_too(room: Newsroom, follower: FeedFollower) -> None:
    room.pages["/feed"] = page("harbour")
    assert told(follower.round()) == (["read"], {"new": 1})
    assert told(follower.round()) == (["unchanged"], {})


def test_options_count(room: Newsroom, corpus: Corpus, follower: FeedFollower) -> None:
    """What another way of reading would have given cannot be told from "not modified": the feed is asked for whole."""
    room.full_feed("harbour")
    follower.round()
    follower.options = ReadOptions(source="The Tide")
    assert told(follower.round()) == (["read"], {"changed": 1})
    assert corpus.sources() == {"The Tide": 1}


def test_one_feed_does_not_take_all_the_time(
    room: Newsroom, follower: FeedFollower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed_links, "PAGES_A_ROUND", 2)
    room.short_feed("harbour", "library", "bridge")
    assert told(follower.round()) == (["read"], {"new": 2})
    assert told(follower.round()) == (["read"], {"new": 1, "unchanged": 2})
    assert told(follower.round()) == (["unchanged"], {})


# What goes wrong


def test_a_server_error_and_recovery(room: Newsroom, follower: FeedFollower, clock: Clock) -> None:
    room.full_feed("harbour")
    room.full_feed("library", path="/other")
    room.broken["/feed"] = (503, {})
    follower.addresses = [f"{room.url}/feed", f"{room.url}/other"]
    done = follower.round()
    assert told(done) == (["failed", "read"], {"new": 1})
    assert "status 503" in done.feeds[0].reason
    assert told(follower.round())[0] == ["waiting", "unchanged"]
    clock.forward(seconds=follower.every_seconds)
    assert told(follower.round())[0] == ["failed", "unchanged"]
    clock.forward(seconds=follower.every_seconds)
    assert told(follower.round())[0] == ["waiting", "unchanged"], "twice as long after the second time"
    clock.forward(seconds=follower.every_seconds)
    room.broken.clear()
    assert told(follower.round()) == (["read", "unchanged"], {"new": 1})
    assert told(follower.round())[0] == ["unchanged", "unchanged"]


def test_a_feed_that_fails_on_is_asked_now_and_then(room: Newsroom, follower: FeedFollower, clock: Clock) -> None:
    room.broken["/feed"] = (500, {})
    for _ in range(7 * 96):  # a week of quarters of an hour
        follower.round()
        clock.forward(minutes=15)
    assert 40 < room.times_asked("/feed") < 60, "every four hours"


def test_a_server_that_asks_to_be_left_alone_is_left_alone(
    room: Newsroom, corpus: Corpus, follower: FeedFollower, clock: Clock
) -> None:
    room.full_feed("harbour")
    follower.round()
    room.broken["/feed"] = (429, {"Retry-After": "7200"})
    assert told(follower.round())[0] == ["failed"]
    room.broken.clear()
    clock.forward(minutes=100)
    again = FeedFollower(corpus=corpus, addresses=follower.addresses, fetcher=follower.fetcher, now=clock)
    assert told(again.round())[0] == ["waiting"], "another process keeps to it"
    assert told(follower.round())[0] == ["waiting"]
    clock.forward(minutes=21)
    assert told(again.round())[0] == ["unchanged"], "what was known of it is still known"


def test_a_page_that_fails_is_tried_again_though_the_feed_is_the_same(
    room: Newsroom, corpus: Corpus, follower: FeedFollower, clock: Clock
) -> None:
    room.short_feed("harbour", "library")
    room.broken["/library"] = (503, {})
    assert told(follower.round()) == (["read"], {"new": 1, "failed": 1})
    assert told(follower.round()) == (["read"], {"unchanged": 1}), "not at once"
    room.broken.clear()
    clock.forward(minutes=15)
    assert told(follower.round()) == (["read"], {"new": 1, "unchanged": 1})
    assert told(follower.round()) == (["unchanged"], {})
    assert titles(corpus) == {"News of the harbour", "News of the library"}


def test_a_page_that_is_never_there_is_given_up(room: Newsroom, follower: FeedFollower, clock: Clock) -> None:
    room.short_feed("harbour", "library")
    room.broken["/library"] = (404, {})
    for _ in range(96):
        done = follower.round()
        clock.forward(minutes=15)
    assert room.times_asked("/library") == FAILURES_MAX
    assert told(done) == (["unchanged"], {})


def test_a_website_that_asks_for_fewer_requests_gets_fewer(
    room: Newsroom, follower: FeedFollower, clock: Clock
) -> None:
    room.short_feed("bridge", "harbour", "library")
    room.broken["/harbour"] = (429, {"Retry-After": "3000"})
    assert told(follower.round()) == (["read"], {"new": 1, "failed": 1})
    assert room.times_asked("/library") == 0
    room.broken.clear()
    clock.forward(hours=1)
    assert told(follower.round()) == (["read"], {"new": 2, "unchanged": 1})


def test_a_summary_stands_in_until_the_page_is_there(room: Newsroom, follower: FeedFollower, clock: Clock) -> None:
    follower.options = ReadOptions(summaries=True)
    room.short_feed("harbour")
    room.broken["/harbour"] = (503, {})
    assert told(follower.round()) == (["read"], {"new": 1})
    room.broken.clear()
    clock.forward(hours=1)
    assert told(follower.round()) == (["read"], {"changed": 1})
    assert told(follower.round()) == (["unchanged"], {})


def test_a_page_in_place_of_a_feed_is_not_stored(room: Newsroom, corpus: Corpus, follower: FeedFollower) -> None:
    room.full_feed("harbour")
    follower.round()
    room.pages["/feed"] = page("maintenance")
    done = follower.round()
    assert told(done) == (["failed"], {})
    assert "where it gave" in done.feeds[0].reason
    assert titles(corpus) == {"News of the harbour"}


def test_a_broken_feed_is_a_failure(room: Newsroom, follower: FeedFollower) -> None:
    room.pages["/feed"] = b"<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY a 'b'>]><rss version='2.0'><channel/></rss>"
    done = follower.round()
    assert done.feeds[0].state is FeedState.FAILED
    assert "entities" in done.feeds[0].reason


# What is safe


def test_validators_are_kept_only_after_the_articles(room: Newsroom, corpus: Corpus, follower: FeedFollower) -> None:
    """The database refuses the feed's row, as a process that ends between storing and remembering would leave it."""
    room.full_feed("harbour")
    with corpus.catalog.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER cut BEFORE INSERT ON feeds BEGIN SELECT RAISE(ABORT, 'power cut'); END"
        )
    with pytest.raises(CorpusError, match="power cut"):
        follower.round()
    assert titles(corpus) == {"News of the harbour"}
    with corpus.catalog.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER cut")
    assert told(follower.round()) == (["read"], {"unchanged": 1})
    assert [given for path, given, _ in room.asked if path == "/feed"] == [None, None]
    assert told(follower.round()) == (["unchanged"], {})


def test_articles_that_could_not_be_stored_come_again(room: Newsroom, corpus: Corpus, follower: FeedFollower) -> None:
    room.short_feed("harbour")
    follower.lock_wait_seconds = 0
    with corpus.writing():
        done = follower.round()
        assert told(done) == (["failed"], {})
        assert "is writing" in done.feeds[0].reason
    assert told(follower.round()) == (["read"], {"new": 1})


def test_a_stop_wakes_whoever_waits_beside_a_thousand_open_files() -> None:
    """`select.select` refuses a descriptor above 1,023."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 2_000)), hard))
    with contextlib.ExitStack() as held:
        for _ in range(1_100):
            held.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        stop = Stop()
        held.callback(stop.close)
        stop.wait(0.01)
        assert not stop.requested
        threading.Timer(0.05, stop.request).start()
        stop.wait(WAIT_SECONDS)
        assert stop.requested
        stop.wait(WAIT_SECONDS)  # and from now on


def test_it_waits_for_another_one_that_writes(room: Newsroom, corpus: Corpus, follower: FeedFollower) -> None:
    held, waited = threading.Event(), threading.Event()
    waits: list[str] = []

    def hold() -> None:
        with corpus.writing():
            held.set()
            waited.wait(WAIT_SECONDS)

    def told_to_wait(text: str) -> None:
        waits.append(text)
        waited.set()

    room.full_feed("harbour")
    follower.on_wait = told_to_wait
    other = threading.Thread(target=hold)
    other.start()
    held.wait(WAIT_SECONDS)
    assert told(follower.round()) == (["read"], {"new": 1})
    other.join()
    assert len(waits) == 1
    assert "is writing" in waits[0]


@pytest.mark.slow
def test_others_may_write_between_rounds(
    room: Newsroom, corpus: Corpus, follower: FeedFollower, settings: Settings, tmp_path: Path
) -> None:
    for name in ("harbour", "library", "bridge"):
        room.full_feed(name)
        follower.round()
        (tmp_path / f"{name}.html").write_bytes(page(f"{name} and mill"))
        done = run_newsbot(
            "ingest", str(tmp_path / f"{name}.html"), "--data", str(settings.data_dir),
            env={"NEWSBOT_CACHE_DIR": str(settings.cache_dir)},
        )  # fmt: skip
        assert done.stdout.startswith("1 new"), done.stderr
    room.full_feed("weir")
    follower.round()
    assert len(titles(corpus)) == 7
    assert open_corpus(settings).verify() == []


def test_the_corpus_is_free_while_pages_are_fetched(room: Newsroom, corpus: Corpus, follower: FeedFollower) -> None:
    held: list[bool] = []

    def try_it() -> None:
        with corpus.writing():
            held.append(True)

    room.short_feed("harbour")
    room.before["/harbour"] = try_it
    assert told(follower.round()) == (["read"], {"new": 1})
    assert held == [True]


def test_what_another_process_left_unindexed_is_indexed(room: Newsroom, corpus: Corpus, follower: FeedFollower) -> None:
    room.full_feed("harbour")
    follower.round()
    with corpus.catalog.writing() as writer:
        writer.link(next(iter(corpus.catalog.changes(0, 10))).article_id, None)
    assert {index.behind for index in corpus.status().indexes} == {1}
    again = FeedFollower(corpus=corpus, addresses=follower.addresses, fetcher=follower.fetcher)
    assert told(again.round()) == (["unchanged"], {})
    assert {index.behind for index in corpus.status().indexes} == {0}


# When a page is fetched again


def link(**fields: Any) -> Link:
    given: dict[str, Any] = {"url": "x", "version": "1", "fetches": 1, "failures": 0, "fetched_at": START}
    return Link(**(given | fields))


@pytest.mark.parametrize(
    ("remembered", "version", "minutes", "turn"),
    [
        (link(), "1", 10_000, Due.NEVER),
        (link(), "", 10_000, Due.NEVER),
        (link(), "2", 59, Due.LATER),
        (link(), "2", 61, Due.NOW),
        (link(fetches=FETCHES_MAX), "2", 61, Due.NEVER),
        (link(failures=1), "1", 9, Due.LATER),
        (link(failures=1), "1", 11, Due.NOW),
        (link(failures=2), "1", 19, Due.LATER),
        (link(failures=2), "1", 21, Due.NOW),
        (link(failures=FAILURES_MAX), "2", 10_000, Due.NEVER),
    ],
)
def test_when_a_page_is_fetched_again(remembered: Link, version: str, minutes: int, turn: Due) -> None:
    assert due_of(remembered, version, START + timedelta(minutes=minutes)) is turn


# Stopping


def test_a_stop_ends_a_wait_and_leaves_a_call_behind() -> None:
    stop, forever = Stop(), threading.Event()
    threading.Timer(0.05, stop.request).start()
    with pytest.raises(Stopped):
        unless_stopped(forever.wait, stop)
    stop.wait(WAIT_SECONDS * 1000)
    assert stop.requested
    with pytest.raises(Stopped):
        unless_stopped(lambda: 1, stop)
    forever.set()
    stop.close()


def test_calls_return_and_raise_as_ever() -> None:
    stop = Stop()
    assert unless_stopped(lambda: 7, stop) == 7
    with pytest.raises(ZeroDivisionError):
        unless_stopped(lambda: 1 / 0, stop)
    stop.close()


def test_a_stop_stores_what_was_read_and_the_rest_comes_later(
    room: Newsroom, corpus: Corpus, follower: FeedFollower
) -> None:
    hang = threading.Event()

    def stop_and_hang() -> None:
        follower.stop.request()
        hang.wait(WAIT_SECONDS)

    room.short_feed("harbour", "library", "bridge")
    room.before["/library"] = stop_and_hang
    (done,) = follower.rounds()
    hang.set()
    assert told(done) == ([], {"new": 1})
    assert titles(corpus) == {"News of the harbour"}
    room.before.clear()
    with Fetcher(allow_private=True, delay_seconds=0) as fetcher:
        again = FeedFollower(corpus=corpus, addresses=follower.addresses, fetcher=fetcher)
        assert told(again.round()) == (["read"], {"new": 2, "unchanged": 1})


class Process:
    """`newsbot follow` in a process of its own."""

    def __init__(self, settings: Settings, *arguments: str) -> None:
        env = {name: value for name, value in os.environ.items() if not name.startswith("NEWSBOT_")}
        env |= {"NEWSBOT_CACHE_DIR": str(settings.cache_dir), "NEWSBOT_FETCH_DELAY_SECONDS": "0"}
        command = [sys.executable, "-m", "bot", "follow", *arguments, "--allow-private", "--json"]
        self._process = subprocess.Popen(
            [*command, "--data", str(settings.data_dir)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, cwd=ROOT,
        )  # fmt: skip

    def next_round(self) -> dict[str, Any]:
        assert self._process.stdout
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self) -> tuple[int, str, str]:
        said, complained = self._process.communicate(timeout=WAIT_SECONDS)
        return self._process.returncode, said, complained


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_while_it_sleeps(room: Newsroom, settings: Settings, number: signal.Signals) -> None:
    room.full_feed("harbour")
    process = Process(settings, f"{room.url}/feed", "--every", "1d")
    assert process.next_round()["counts"]["new"] == 1
    process.signal(number)
    status, _, complained = process.end()
    assert status == 0
    first, *_ = complained.splitlines()
    assert "round 1: 1 feed asked; 1 new, 0 changed" in first
    assert "stopped" in complained


def test_a_signal_ends_it_while_a_server_hangs_and_what_was_read_is_stored(room: Newsroom, settings: Settings) -> None:
    reached, hang = threading.Event(), threading.Event()

    def keep() -> None:
        reached.set()
        hang.wait(WAIT_SECONDS)

    room.short_feed("harbour", "library")
    room.before["/library"] = keep
    process = Process(settings, f"{room.url}/feed")
    assert reached.wait(WAIT_SECONDS)
    process.signal(signal.SIGTERM)
    status, said, _ = process.end()
    assert not hang.is_set(), "it did not wait for the server"
    hang.set()
    assert status == 0
    assert json.loads(said)["counts"]["new"] == 1
    left = open_corpus(settings)
    assert titles(left) == {"News of the harbour"}
    assert left.verify() == []


@pytest.mark.slow
def test_killed_while_fetching_it_begins_again(room: Newsroom, settings: Settings) -> None:
    room.short_feed("harbour", "library")
    process: list[Process] = []
    ready = threading.Event()

    def kill() -> None:
        ready.wait(WAIT_SECONDS)
        process[0].signal(signal.SIGKILL)
        room.before.clear()

    room.before["/library"] = kill
    process.append(Process(settings, f"{room.url}/feed", "--once"))
    ready.set()
    assert process[0].end()[0] == -signal.SIGKILL
    again = Process(settings, f"{room.url}/feed", "--once")
    assert again.next_round()["counts"]["new"] == 2
    assert again.end()[0] == 0
    last = Process(settings, f"{room.url}/feed", "--once")
    assert last.next_round()["feeds"][0]["state"] == "unchanged"
    last.end()


# The command


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    try:
        status = main(["follow", *arguments])
    except SystemExit as stopped:
        status = int(str(stopped.code))
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    status, shown, _ = run(capsys, "--help")
    assert status == 0
    assert "newsbot follow https://" in shown.split("Example:")[1]
    assert "--every" in shown


@pytest.mark.parametrize("every", ["9s", "8d", "15", "m", "soon", "1.5h", "-5m"])
def test_a_time_that_cannot_be_is_refused(capsys: pytest.CaptureFixture[str], every: str) -> None:
    status, _, complained = run(capsys, "https://tide.example/feed", f"--every={every}")
    assert status == 2
    assert "10s to 7d" in complained


@pytest.mark.parametrize("feed", ["feed.xml", "ftp://tide.example/feed", "-"])
def test_only_addresses_are_followed(capsys: pytest.CaptureFixture[str], tmp_path: Path, feed: str) -> None:
    status, _, complained = run(capsys, feed, "--data", str(tmp_path / "data"))
    assert status == 2
    assert "newsbot ingest" in complained
    assert not (tmp_path / "data").exists()


def test_once_says_what_came_and_names_each_feed_that_failed(
    room: Newsroom, settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSBOT_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("NEWSBOT_CACHE_DIR", str(settings.cache_dir))
    monkeypatch.setenv("NEWSBOT_FETCH_DELAY_SECONDS", "0")
    handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    room.full_feed("harbour")
    call = [f"{room.url}/feed", f"{room.url}/none", "--once", "--allow-private"]
    status, shown, complained = run(capsys, *call)
    assert (status, shown) == (1, "")
    line, failed = complained.splitlines()
    assert "2 feeds asked, 1 failed; 1 new," in line
    assert failed.startswith(f"failed   {room.url}/none: the page does not exist (status 404)")
    status, shown, _ = run(capsys, *call, "--json")
    document = json.loads(shown)
    assert [feed["state"] for feed in document["feeds"]] == ["unchanged", "failed"]
    assert document["counts"]["failed"] == 0
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == handlers


def test_private_addresses_need_to_be_allowed(
    room: Newsroom, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    room.full_feed("harbour")
    status, _, complained = run(capsys, f"{room.url}/feed", "--once", "--data", str(settings.data_dir))
    assert status == 1
    assert "not on the public internet" in complained
    assert room.asked == []


def test_operators_of_websites_are_told_whom_to_ask(
    room: Newsroom, settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSBOT_FETCH_CONTACT", "two words")
    assert run(capsys, f"{room.url}/feed", "--once", "--data", str(settings.data_dir))[0] == 2
    monkeypatch.setenv("NEWSBOT_FETCH_CONTACT", "https://desk.example/bot")
    monkeypatch.setenv("NEWSBOT_FETCH_DELAY_SECONDS", "0")
    room.pages["/page"] = page("harbour")
    assert main(["read", f"{room.url}/page", "--allow-private"]) == 0
    assert run(capsys, f"{room.url}/page", "--once", "--allow-private", "--data", str(settings.data_dir))[0] == 0
    assert len(room.agents) == 4, "each asks for robots.txt first"
    assert all(agent.endswith("(+https://desk.example/bot)") for agent in room.agents)
