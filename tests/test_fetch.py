"""Fetching keeps to public addresses, robots.txt and its caps: tried against real servers on the loopback."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpcore2
import pytest

from bot.schema import Article
from ingest.fetch import AddressRefused, Fetcher, FetchError, RobotsRefused, user_agent
from ingest.guard import GuardedBackend, is_public
from ingest.read import Limits, ReadOptions, read
from ingest.read.contract import Fetched
from ingest.robots import Robots

PARAGRAPHS = [
    "The library of Lindmouth opens on Sundays from June, the town council decided on Tuesday evening.",
    "The hours cost 40,000 euros a year, which the council takes from the budget for street lamps.",
    "Readers had collected 2,300 signatures for it, a record for the town of nine thousand people.",
]
PAGE = (
    "<html><head><title>Library opens on Sundays</title></head><body><article><h1>Library opens on Sundays</h1>"
    + "".join(f"<p>{text}</p>" for text in PARAGRAPHS)
    + "</article></body></html>"
).encode()


@dataclass
class Answer:
    """What the server says at one path."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    pieces: Callable[[], Iterator[bytes]] | None = None
    """Sent one by one instead of `body`, without a length."""


class Site:
    """A server with its paths, and what it was asked."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.paths: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                answer = site.paths.get(self.path, Answer(status=404))
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.pieces is None:
                    self.send_header("Content-Length", str(len(answer.body)))
                    self.end_headers()
                    self.wfile.write(answer.body)
                    return
                self.send_header("Connection", "close")
                self.end_headers()
                try:
                    for piece in answer.pieces():
                        self.wfile.write(piece)
                        self.wfile.flush()
                except OSError:
                    pass  # the client has had enough, as it should
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.url = f"http://{host}:{self._server.server_port}"
        self.port = self._server.server_port

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def pages_asked(self) -> list[str]:
        return [path for path, _ in self.asked if path != "/robots.txt"]


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site()
    yield server
    server.close()


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    with Fetcher(allow_private=True, delay_seconds=0) as one:
        yield one


def test_a_page_with_what_is_known_about_it(site: Site, fetcher: Fetcher) -> None:
    site.paths["/a"] = Answer(
        PAGE,
        headers={
            "Content-Type": 'text/html; charset="utf-8"',
            "ETag": '"v1"',
            "Last-Modified": "Tue, 04 May 2021 08:00:00 GMT",
        },
    )
    assert fetcher(f"{site.url}/a") == Fetched(
        url=f"{site.url}/a",
        final_url=f"{site.url}/a",
        status=200,
        charset="utf-8",
        data=PAGE,
        etag='"v1"',
        last_modified="Tue, 04 May 2021 08:00:00 GMT",
    )


def test_we_say_who_we_are(site: Site, fetcher: Fetcher) -> None:
    site.paths["/a"] = Answer(PAGE)
    fetcher(f"{site.url}/a")
    assert all(headers["user-agent"].startswith("newsbot/") for _, headers in site.asked)
    assert user_agent("https://desk.example/bot").endswith("(+https://desk.example/bot)")


def test_conditional_requests(site: Site, fetcher: Fetcher) -> None:
    site.paths["/feed"] = Answer(status=304, headers={"ETag": '"v1"'})
    fetched = fetcher.fetch(f"{site.url}/feed", etag='"v1"', last_modified="Tue, 04 May 2021 08:00:00 GMT")
    _, headers = site.asked[-1]
    assert headers["if-none-match"] == '"v1"'
    assert headers["if-modified-since"] == "Tue, 04 May 2021 08:00:00 GMT"
    assert (fetched.status, fetched.data, fetched.etag) == (304, b"", '"v1"')


def test_redirects_are_followed_to_their_end(site: Site, fetcher: Fetcher) -> None:
    site.paths["/old"] = Answer(status=301, headers={"Location": "/new#top"})
    site.paths["/new"] = Answer(status=302, headers={"Location": f"{site.url}/a"})
    site.paths["/a"] = Answer(PAGE)
    fetched = fetcher(f"{site.url}/old")
    assert (fetched.url, fetched.final_url, fetched.data) == (f"{site.url}/old", f"{site.url}/a", PAGE)


def test_redirects_in_circles_end(site: Site, fetcher: Fetcher) -> None:
    site.paths["/a"] = Answer(status=302, headers={"Location": "/a"})
    with pytest.raises(FetchError, match="redirects more than 6 times"):
        fetcher(f"{site.url}/a")


@pytest.mark.parametrize("location", ["file:///etc/passwd", "gopher://x.example/", "http://", "//[broken"])
def test_redirects_to_other_schemes_and_nonsense_are_refused(site: Site, fetcher: Fetcher, location: str) -> None:
    site.paths["/a"] = Answer(status=302, headers={"Location": location})
    with pytest.raises(FetchError):
        fetcher(f"{site.url}/a")


@pytest.mark.parametrize(
    "address", ["ftp://x.example/", "file:///etc/passwd", "data:text/html,x", "/etc/passwd", "http:///x", ""]
)
def test_other_schemes_are_refused(fetcher: Fetcher, address: str) -> None:
    with pytest.raises(FetchError, match=r"only http and https|names no host"):
        fetcher(address)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
     "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1%eth0", "fc00::1", "fec0::1",
     "ff02::1",
     "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "2001:db8::1", "no address"],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0"])
def test_private_hosts_in_all_spellings_are_refused_and_not_asked(site: Site, host: str) -> None:
    with Fetcher(delay_seconds=0) as guarded, pytest.raises(AddressRefused, match="not on the public internet"):
        guarded(f"http://{host}:{site.port}/a")
    assert site.asked == []


def test_a_redirect_to_a_private_address_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """127.0.0.1 plays the public server here, 127.0.0.2 the private one."""
    inner = Site("127.0.0.2")
    inner.paths["/secret"] = Answer(b"secret")
    site.paths["/a"] = Answer(status=302, headers={"Location": f"{inner.url}/secret"})
    monkeypatch.setattr("ingest.guard.is_public", lambda address: address == "127.0.0.1")
    with Fetcher(delay_seconds=0) as guarded, pytest.raises(AddressRefused):
        guarded(f"{site.url}/a")
    assert site.pages_asked() == ["/a"]
    assert inner.asked == []
    inner.close()


def test_a_name_that_leads_to_a_private_address_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", site.port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with Fetcher(delay_seconds=0) as guarded, pytest.raises(AddressRefused):
        guarded(f"http://harmless.example:{site.port}/a")
    assert site.asked == []


def test_a_name_that_changes_between_check_and_connection_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection goes to the checked address itself, so the name is never asked a second time."""
    answers = iter(["93.184.216.34", "127.0.0.1"])
    connected: list[str] = []

    def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), 80))]

    def connect(_: object, host: str, *__: object, **___: object) -> httpcore2.NetworkStream:
        connected.append(host)
        raise httpcore2.ConnectError("nothing is sent in this test")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(httpcore2.SyncBackend, "connect_tcp", connect)
    with pytest.raises(httpcore2.ConnectError):
        GuardedBackend().connect_tcp("rebinding.example", 80)
    assert connected == ["93.184.216.34"]
    assert next(answers) == "127.0.0.1"


def test_proxies_of_the_environment_are_not_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.paths["/a"] = Answer(PAGE)
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Fetcher(allow_private=True, delay_seconds=0) as one:
        assert one(f"{site.url}/a").data == PAGE


def test_compressed_pages(site: Site, fetcher: Fetcher) -> None:
    site.paths["/gzip"] = Answer(gzip.compress(PAGE), headers={"Content-Encoding": "gzip"})
    assert fetcher(f"{site.url}/gzip").data == PAGE
    assert site.asked[-1][1]["accept-encoding"] == "gzip"
    site.paths["/deflate"] = Answer(zlib.compress(PAGE), headers={"Content-Encoding": "deflate"})
    with pytest.raises(FetchError, match="compressed with deflate"):
        fetcher(f"{site.url}/deflate")


@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_endless_bodies_are_cut_off(site: Site, encoding: str | None) -> None:
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        packer = zlib.compressobj(wbits=31)
        for number in range(100_000):
            piece = b"%d lines of nothing\n" % number * 2000
            sent += 1
            yield packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) if encoding else piece

    site.paths["/a"] = Answer(pieces=pieces, headers={"Content-Encoding": encoding} if encoding else {})
    limits = Limits(whole_bytes=1_000_000)
    with (
        Fetcher(allow_private=True, delay_seconds=0, limits=limits) as one,
        pytest.raises(Exception, match="larger than"),
    ):
        one(f"{site.url}/a")
    assert sent < 100_000


def test_a_length_beyond_the_cap_is_not_even_read(site: Site) -> None:
    site.paths["/a"] = Answer(b"x" * 2000)
    with (
        Fetcher(allow_private=True, delay_seconds=0, limits=Limits(whole_bytes=1000)) as one,
        pytest.raises(FetchError, match="larger than 1 kB"),
    ):
        one(f"{site.url}/a")


def test_a_compressed_bomb_is_stopped(site: Site) -> None:
    site.paths["/a"] = Answer(gzip.compress(bytes(40_000_000)), headers={"Content-Encoding": "gzip"})
    limits = Limits(bomb_bytes=1_000_000)
    with Fetcher(allow_private=True, delay_seconds=0, limits=limits) as one, pytest.raises(Exception, match="bomb"):
        one(f"{site.url}/a")


def test_a_server_that_drips_runs_out_of_time(site: Site) -> None:
    done = threading.Event()

    def pieces() -> Iterator[bytes]:
        while not done.wait(0.05):
            yield b"x"

    site.paths["/a"] = Answer(pieces=pieces)
    with (
        Fetcher(allow_private=True, delay_seconds=0, total_seconds=0.6) as one,
        pytest.raises(FetchError, match="takes too long"),
    ):
        one(f"{site.url}/a")
    done.set()


def test_a_server_that_says_nothing_runs_out_of_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/a"
        with (
            Fetcher(allow_private=True, delay_seconds=0, step_seconds=0.3) as one,
            pytest.raises(FetchError, match="takes too long"),
        ):
            one(address)


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "subscribers"), (403, "refuses"), (404, "does not exist"), (410, "was removed"), (500, "try again later"),
     (418, "status 418"), (304, "")],
)  # fmt: skip
def test_statuses_are_said_in_words(site: Site, fetcher: Fetcher, status: int, words: str) -> None:
    site.paths["/a"] = Answer(status=status)
    if status == 304:
        assert fetcher(f"{site.url}/a").data == b""
        return
    with pytest.raises(FetchError, match=words) as caught:
        fetcher(f"{site.url}/a")
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("value", "seconds"), [("120", 120.0), ("nonsense", None), ("Tue, 04 May 2021 08:00:00 GMT", 0.0)]
)
def test_a_server_may_ask_us_to_come_back_later(
    site: Site, fetcher: Fetcher, value: str, seconds: float | None
) -> None:
    site.paths["/a"] = Answer(status=429, headers={"Retry-After": value})
    with pytest.raises(FetchError, match="fewer requests") as caught:
        fetcher(f"{site.url}/a")
    assert caught.value.retry_after_seconds == seconds


def test_nobody_there(fetcher: Fetcher) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(FetchError, match="cannot be reached"):
        fetcher(f"http://127.0.0.1:{port}/")
    with pytest.raises(FetchError):
        fetcher("http://127.0.0.1:99999/")


def test_a_name_that_nobody_knows(fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(FetchError, match=r"cannot be reached \(the name nobody\.example is not known\)"):
        fetcher("http://nobody.example/")


def test_what_is_no_http_is_an_error(fetcher: Fetcher) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk() -> None:
            for _ in range(2):
                connection, _address = server.accept()
                connection.recv(1000)
                connection.sendall(b"220 mail.example ESMTP\r\n" * 10)
                connection.close()

        threading.Thread(target=talk, daemon=True).start()
        with pytest.raises(FetchError, match="broke"):
            fetcher(f"http://127.0.0.1:{server.getsockname()[1]}/")


def test_robots_are_asked_once_and_obeyed(site: Site, fetcher: Fetcher) -> None:
    site.paths["/robots.txt"] = Answer(b"User-agent: *\nDisallow: /private\n\nUser-agent: newsbot\nDisallow: /no\n")
    site.paths["/yes"] = site.paths["/no"] = Answer(PAGE)
    fetcher(f"{site.url}/yes")
    fetcher(f"{site.url}/yes")
    with pytest.raises(RobotsRefused, match=r"robots\.txt of 127\.0\.0\.1"):
        fetcher(f"{site.url}/no")
    assert [path for path, _ in site.asked] == ["/robots.txt", "/yes", "/yes"]


def test_robots_hold_for_redirects_too(site: Site, fetcher: Fetcher) -> None:
    site.paths["/robots.txt"] = Answer(b"User-agent: *\nDisallow: /no\n")
    site.paths["/a"] = Answer(status=302, headers={"Location": "/no"})
    with pytest.raises(RobotsRefused):
        fetcher(f"{site.url}/a")
    assert site.pages_asked() == ["/a"]


def test_a_site_whose_robots_fail_is_left_alone(site: Site, fetcher: Fetcher) -> None:
    site.paths["/robots.txt"] = Answer(status=503)
    site.paths["/a"] = Answer(PAGE)
    for _ in range(2):
        with pytest.raises(FetchError, match="status 503") as caught:
            fetcher(f"{site.url}/a")
        assert not isinstance(caught.value, RobotsRefused)
    assert [path for path, _ in site.asked] == ["/robots.txt"]


def test_robots_are_asked_again_after_a_day() -> None:
    now = 0.0
    asked: list[str] = []

    def get(url: str) -> tuple[int, bytes]:
        asked.append(url)
        return 200, b"User-agent: *\nDisallow: /\n" if len(asked) == 1 else b""

    robots = Robots("newsbot", get, clock=lambda: now)
    with pytest.raises(RobotsRefused):
        robots.check("https://x.example/a?b")
    now = 25 * 3600.0
    robots.check("https://x.example/a?b")
    assert asked == ["https://x.example/robots.txt"] * 2


def test_huge_and_broken_robots(site: Site, fetcher: Fetcher) -> None:
    site.paths["/robots.txt"] = Answer(b"User-agent: *\nDisallow: /no\n" + b"\xff\x00 junk\n" * 200_000)
    site.paths["/a"] = Answer(PAGE)
    assert fetcher(f"{site.url}/a").data == PAGE
    with pytest.raises(RobotsRefused):
        fetcher(f"{site.url}/no")


def test_a_pause_per_host(site: Site) -> None:
    other = Site("127.0.0.2")
    for one in (site, other):
        one.paths["/a"] = Answer(PAGE)
    site.paths["/robots.txt"] = Answer(b"User-agent: *\nCrawl-delay: 7\n")
    slept: list[float] = []
    with Fetcher(allow_private=True, delay_seconds=3, sleep=slept.append) as one:
        one(f"{site.url}/a")
        one(f"{other.url}/a")
        assert slept == [], "two hosts do not wait for each other"
        one(f"{other.url}/a")
        one(f"{site.url}/a")
    other.close()
    assert 2 < slept[0] <= 3
    assert 6 < slept[1] <= 7


def test_waiting_does_not_use_up_the_time_for_fetching(site: Site) -> None:
    site.paths["/a"] = Answer(PAGE)
    with Fetcher(allow_private=True, delay_seconds=0.4, total_seconds=0.4, sleep=time.sleep) as one:
        assert [one(f"{site.url}/a").status for _ in range(3)] == [200] * 3


def test_from_a_feed_to_the_pages_behind_it(site: Site, fetcher: Fetcher) -> None:
    site.paths["/robots.txt"] = Answer(b"User-agent: *\nDisallow: /members\n")
    item = "<item><title>{0}</title><link>{1}/{0}</link><description>Short ...</description></item>"
    items = "".join(item.format(name, site.url) for name in ("library", "members", "gone"))
    site.paths["/feed"] = Answer(f"<rss version='2.0'><channel><title>Tide</title>{items}</channel></rss>".encode())
    site.paths["/library"] = site.paths["/members"] = Answer(PAGE)
    article, members, gone = read([f"{site.url}/feed"], ReadOptions(fetch=fetcher))
    assert isinstance(article, Article)
    assert PARAGRAPHS[1] in article.text
    assert article.url == f"{site.url}/library"
    assert "robots.txt" in getattr(members, "reason", "")
    assert "the page does not exist" in getattr(gone, "reason", "")
