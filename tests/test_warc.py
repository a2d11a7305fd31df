"""Web archives give the pages in them, one at a time, with the address each was fetched from."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from bot.schema import Article, Outcome, OutcomeKind
from ingest.read import Limits, ReadOptions, read

BODY = "".join(
    f"<p>The lake district counted {number} thousand visitors in week {number}, its tourist office said on Friday.</p>"
    for number in range(1, 7)
)


def _page(title: str, extra: str = "") -> bytes:
    head = f"<title>{title}</title>"
    return f"<html><head>{head}</head><body><article><h1>{title}</h1>{BODY}{extra}</article></body></html>".encode()


def _warc(*responses: tuple[str, str, list[tuple[str, str]], bytes], packed: bool = True) -> bytes:
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=packed)
    writer.write_record(writer.create_warcinfo_record("x.warc.gz", {"software": "test"}))
    for url, status, headers, body in responses:
        http = StatusAndHeaders(status, headers, protocol="HTTP/1.1")
        writer.write_record(writer.create_warc_record(url, "response", payload=io.BytesIO(body), http_headers=http))
    return buffer.getvalue()


HTML = [("Content-Type", "text/html; charset=utf-8")]


def _read(tmp_path: Path, data: bytes, options: ReadOptions = ReadOptions()) -> list[Article | Outcome]:  # noqa: B008
    path = tmp_path / "crawl.warc.gz"
    path.write_bytes(data)
    return list(read([str(path)], options))


def test_pages_come_out_and_the_rest_is_counted(tmp_path: Path) -> None:
    for packed in (True, False):
        first, second, rest = _read(
            tmp_path,
            _warc(
                ("https://lake.example/a", "200 OK", HTML, _page("Visitors at the lake")),
                ("https://lake.example/logo", "200 OK", [("Content-Type", "image/png")], b"\x89PNG"),
                ("https://lake.example/gone", "404 Not Found", HTML, _page("Not found")),
                ("https://lake.example/b", "200 OK", HTML, _page("More visitors at the lake")),
                packed=packed,
            ),
        )
        assert isinstance(first, Article)
        assert isinstance(second, Article)
        assert (first.title, first.url) == ("Visitors at the lake", "https://lake.example/a")
        assert first.origin.endswith("crawl.warc.gz:2")
        assert second.url == "https://lake.example/b"
        assert isinstance(rest, Outcome)
        assert rest.kind == OutcomeKind.SKIPPED
        assert "3 of its 5 records" in rest.reason


def test_a_page_that_came_by_http_2_is_read(tmp_path: Path) -> None:
    packed = _warc(("https://lake.example/a", "200 OK", HTML, _page("Visitors at the lake")), packed=False)
    data = packed.replace(b"HTTP/1.1 200 OK", b"HTTP/2 200 OK  ")
    assert [item.url for item in _read(tmp_path, data) if isinstance(item, Article)] == ["https://lake.example/a"]


def test_one_gzip_around_the_whole_file_is_read_too(tmp_path: Path) -> None:
    pages = [(f"https://lake.example/{number}", "200 OK", HTML, _page(f"Visitors, part {number}")) for number in (1, 2)]
    items = _read(tmp_path, gzip.compress(_warc(*pages, packed=False)))
    assert [item.url for item in items if isinstance(item, Article)] == [url for url, *_ in pages]


def test_chunked_and_compressed_bodies(tmp_path: Path) -> None:
    page = _page("Visitors at the lake")
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(page), page)
    items = _read(
        tmp_path,
        _warc(
            ("https://lake.example/a", "200 OK", [*HTML, ("Content-Encoding", "gzip")], gzip.compress(page)),
            ("https://lake.example/b", "200 OK", [*HTML, ("Transfer-Encoding", "chunked")], chunked),
            ("https://lake.example/c", "200 OK", [*HTML, ("Content-Encoding", "gzip")], page),
            ("https://lake.example/d", "200 OK", [*HTML, ("Content-Encoding", "br")], bytes(range(128, 255)) * 9),
        ),
    )
    assert [item.url for item in items if isinstance(item, Article)] == [f"https://lake.example/{x}" for x in "abc"]
    assert any("compressed with br" in item.reason for item in items if isinstance(item, Outcome))


def test_large_and_exploding_pages_cost_only_themselves(tmp_path: Path) -> None:
    limits = Limits(page_bytes=200_000, bomb_bytes=100_000)
    bomb = gzip.compress(b"<p>" * 5_000_000)
    items = _read(
        tmp_path,
        _warc(
            ("https://lake.example/big", "200 OK", HTML, b"<html>" + b"x " * 150_000),
            ("https://lake.example/bomb", "200 OK", [*HTML, ("Content-Encoding", "gzip")], bomb),
            ("https://lake.example/chunk", "200 OK", [*HTML, ("Transfer-Encoding", "chunked")], b"7fffffff\r\n<html>"),
            ("https://lake.example/b", "200 OK", HTML, _page("Visitors at the lake")),
        ),
        ReadOptions(limits=limits),
    )
    assert [item.url for item in items if isinstance(item, Article)] == ["https://lake.example/b"]
    assert sum(item.kind == OutcomeKind.FAILED for item in items if isinstance(item, Outcome)) >= 2


def test_a_wrong_length_costs_one_record(tmp_path: Path, capfd: object) -> None:
    good = _warc(("https://lake.example/b", "200 OK", HTML, _page("Visitors at the lake")), packed=False)
    wrong = b"WARC/1.0\r\nWARC-Type: metadata\r\nContent-Length: 3\r\n\r\nabcdefgh and more\r\n\r\n"
    items = _read(tmp_path, wrong + good)
    assert [item.url for item in items if isinstance(item, Article)] == ["https://lake.example/b"]
    assert capfd.readouterr() == ("", "")  # type: ignore[attr-defined]


def test_a_cut_archive_gives_what_stands_before_the_cut(tmp_path: Path) -> None:
    pages = [(f"https://lake.example/{number}", "200 OK", HTML, _page(f"Visitors, part {number}")) for number in (1, 2)]
    items = _read(tmp_path, _warc(*pages)[:-100])
    assert [item.url for item in items if isinstance(item, Article)] == ["https://lake.example/1"]
    assert any("cut off" in item.reason for item in items if isinstance(item, Outcome))


def test_headers_without_end_are_no_memory(tmp_path: Path) -> None:
    items = _read(tmp_path, gzip.compress(b"WARC/1.0\r\nWARC-Type: " + b"x" * 3_000_000))
    assert [item.kind for item in items if isinstance(item, Outcome)] == [OutcomeKind.FAILED]
