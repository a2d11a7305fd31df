"""No bytes make the reading door raise, and nothing unfit to store comes through it.

Seeds of every kind are cut, spliced and flipped; what once broke a reader is kept below as a case of its own.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.schema import Article, Outcome, OutcomeKind
from ingest.read import Limits, ReadOptions, read
from ingest.read.kinds import Kind, kind_of

OPTIONS = ReadOptions(summaries=True, limits=Limits(document_bytes=200_000, bomb_bytes=500_000))
PARAGRAPH = "The harbour of Lindmouth reopened on Monday after eleven weeks of dredging, the port authority said. "
LINE = json.dumps({"title": "Ferry", "text": PARAGRAPH, "date": "2021-05-04", "authors": ["Ann Lee"]})
ARTICLE = f"<article><h1>Harbour</h1><p>{PARAGRAPH * 3}</p></article>"
HTML = f"<html><head><title>Harbour</title></head><body>{ARTICLE}</body></html>"
ITEM = "<title>A</title><link>https://x.example/a</link><pubDate>Tue, 04 May 2021 08:00:00 GMT</pubDate>"
RSS = (
    f"<?xml version='1.0'?><rss version='2.0'><channel><title>Tide</title>"
    f"<item>{ITEM}<description>{PARAGRAPH}</description></item></channel></rss>"
)
ENTRY = f"<entry><title>A</title><content type='html'>{PARAGRAPH}</content></entry>"
ATOM = f"<feed xmlns='http://www.w3.org/2005/Atom'>{ENTRY}</feed>"
SITEMAP = (
    "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>https://x.example/a</loc></url></urlset>"
)
JSON_FEED = json.dumps(
    {"version": "https://jsonfeed.org/version/1", "items": [{"content_html": PARAGRAPH, "authors": [{"name": "A"}]}]}
)
WARC_BODY = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{HTML}"
WARC = (
    f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://x.example/a\r\n"
    f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(WARC_BODY)}\r\n\r\n{WARC_BODY}\r\n\r\n"
)
CSV = f'title,text,date\nFerry,"{PARAGRAPH}",2021-05-04\n'
SECOND = "Ships of up to 9.5 metres draught can call there again, half a metre more than before the works began."
TEXT = f"Home\nSport\n\nHarbour of Lindmouth reopens\n\nMay 4, 2021\n\n{PARAGRAPH}\n\n{SECOND}\n"


def _zip(*contents: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"d/{number}.txt", content)
    return buffer.getvalue()


def _tar(content: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("a.txt")
        info.size = len(content.encode())
        archive.addfile(info, io.BytesIO(content.encode()))
    return buffer.getvalue()


def _parquet() -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    buffer = io.BytesIO()
    parquet.write_table(pa.table({"title": ["Ferry"] * 9, "text": [PARAGRAPH] * 9}), buffer)
    return buffer.getvalue()


TEXTS = [LINE, LINE + "\n" + LINE, f"[{LINE},{LINE}]", HTML, RSS, ATOM, SITEMAP, JSON_FEED, WARC, CSV, TEXT]
SEEDS = [text.encode() for text in TEXTS]
SEEDS += [LINE.encode("utf-16"), HTML.encode("utf-16-be"), gzip.compress(WARC.encode()), gzip.compress(LINE.encode())]
SEEDS += [_zip(LINE, RSS, HTML), _tar(LINE), gzip.compress(_tar(LINE)), _zip(LINE) + b"PK", _parquet()]
NOISE = [
    b"\x00",
    b"\xff\xfe",
    b"\x1f\x8b",
    b"<!ENTITY",
    b"<![CDATA[",
    b"{",
    b"[" * 50,
    b'"',
    b"\\ud800",
    b"&#0;",
    b"]]>",
]
NOISE += [
    "\u202e".encode(),
    b"\xed\xa0\x80",
    b"9" * 400,
    b"PK\x03\x04",
    b"\r\n\r\n",
    b"Content-Length: -1\r\n",
    b"1e999",
    b"\n",
]
UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A seed with a few pieces cut, repeated, flipped, replaced by another seed's or by noise."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(data)))
        to = min(len(data), at + draw(st.integers(0, 40)))
        match draw(st.integers(0, 5)):
            case 0:
                del data[at:to]
            case 1:
                data[at:at] = draw(st.sampled_from(NOISE)) * draw(st.integers(1, 4))
            case 2:
                data[at:to] = bytes(byte ^ draw(st.integers(1, 255)) for byte in data[at:to][:4])
            case 3:
                del data[at:]
            case 4:
                data[at:at] = draw(st.sampled_from(SEEDS))
            case 5:
                data[at:to] = draw(st.binary(max_size=40))
    return bytes(data)


def _check(data: bytes) -> list[Article | Outcome]:
    items = list(read(["-"], OPTIONS, stdin=io.BytesIO(data)))
    assert items, "something is always said"
    for item in items:
        if isinstance(item, Article):
            assert item.text.strip()
            assert item.title.strip()
            for value in (item.title, item.text, item.url or "", item.source or "", *item.authors, item.section or ""):
                assert not UNFIT.search(value)
                value.encode("utf-8")
            assert item.language is None or re.fullmatch("[a-z]{2}", item.language)
        else:
            assert item.kind in (OutcomeKind.SKIPPED, OutcomeKind.FAILED)
            assert item.reason.strip()
            item.reason.encode("utf-8")
            assert not item.reason.startswith("it cannot be read ("), "a reader let a fault of its parser through"
    return items


@pytest.mark.parametrize("seed", range(len(SEEDS)))
def test_every_seed_is_whole(seed: int) -> None:
    items = _check(SEEDS[seed])
    if SEEDS[seed] != SITEMAP.encode():
        assert any(isinstance(item, Article) for item in items)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(damaged())
def test_damaged_input(data: bytes) -> None:
    _check(data)


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=600),
    st.sampled_from([b"", b"<html>", b"<rss>", b"WARC/1.0\r\n", b"PK\x03\x04", b"\x1f\x8b\x08\x00"]),
)
def test_noise(data: bytes, start: bytes) -> None:
    _check(start + data)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "$date", "text", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = [
    "url",
    "title",
    "text",
    "body",
    "date",
    "published",
    "authors",
    "byline",
    "source",
    "language",
    "section",
    "tags",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(NAMES), JSON_VALUES, max_size=8), min_size=1, max_size=4))
def test_records_with_any_values(records: list[dict[str, object]]) -> None:
    _check("\n".join(json.dumps(record) for record in records).encode())
    _check(json.dumps({"articles": records}).encode())
    _check(json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": records}).encode())


@given(st.binary(max_size=300), st.text(max_size=20))
def test_a_kind_is_always_found(head: bytes, name: str) -> None:
    assert isinstance(kind_of(head, name), Kind)


@pytest.mark.parametrize(
    "data",
    [
        b'{"text": "a", "date": ' + b"9" * 5000 + b"}",
        b'{"text": "a", "date": 1e999, "authors": {"name": {"name": []}}}',
        b'{"text": ["a", {"text": "b"}, 3], "title": ["x"]}',
        b"[[[[[[]]]]]]",
        b'{"version": "https://jsonfeed.org/version/1", "items": {"a": 1}}',
        b"---\ntitle: [\n---\n",
        b"\x1f\x8b",
        b"PK\x05\x06" + b"\0" * 18,
        b"<urlset><url><loc></loc></url>",
        b"<feed/>",
        b"WARC/1.0\r\n\r\n",
        b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 5\r\n\r\nabcde",
        "\ufeff".encode("utf-16-le") * 3,
        b"PAR1PAR1",
        b'title,text\n"',
    ],
)
def test_what_once_broke_or_might(data: bytes) -> None:
    _check(data)
