"""The streams keep their caps, whatever comes."""

from __future__ import annotations

import gzip
import io
import json
import random
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ReadError
from bot.schema import Article, Outcome, OutcomeKind
from ingest.read import ReadOptions, read
from ingest.read.limits import MIB, Limits, gunzip, lines, read_whole, spooled, stream_of

LIMITS = Limits()


def test_gunzip_reads_all_members_and_the_padding_of_tapes() -> None:
    data = gzip.compress(b"one ") + gzip.compress(b"") + gzip.compress(b"two") + b"\0" * 70_000
    assert gunzip(io.BytesIO(data), LIMITS).read() == b"one two"


@given(st.binary(max_size=5000), st.integers(1, 200))
def test_gunzip_agrees_with_gzip(data: bytes, step: int) -> None:
    packed = gzip.compress(data)
    dripping = stream_of(packed[start : start + step] for start in range(0, len(packed), step))
    assert gunzip(dripping, LIMITS).read() == data


@pytest.mark.parametrize("keep", [1, 5, 12, -9, -1])
def test_a_cut_gzip_is_an_error(keep: int) -> None:
    with pytest.raises(ReadError, match="cut off"):
        gunzip(io.BytesIO(gzip.compress(b"some words to keep")[:keep]), LIMITS).read()


def test_a_corrupt_gzip_is_an_error() -> None:
    data = bytearray(gzip.compress(b"some words to keep, and more of them" * 20))
    data[20] ^= 0xFF
    with pytest.raises(ReadError, match="corrupt"):
        gunzip(io.BytesIO(bytes(data)), LIMITS).read()


def test_a_gzip_bomb_is_stopped_early() -> None:
    bomb = gzip.compress(bytes(200 * MIB), compresslevel=9)
    stream = gunzip(io.BytesIO(bomb), LIMITS)
    read = 0
    tracemalloc.start()
    with pytest.raises(ReadError, match="decompression bomb"):
        while chunk := stream.read(65536):
            read += len(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert read <= LIMITS.bomb_bytes + MIB
    assert peak < 2 * MIB


def test_a_long_line_never_stands_in_memory() -> None:
    def chunks():  # type: ignore[no-untyped-def]
        yield b"one\r\n"
        for _ in range(200):
            yield b"x" * MIB
        yield b"\ntwo\n\nthree"

    tracemalloc.start()
    found = list(lines(stream_of(chunks()), MIB))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == [b"one", None, b"two", b"", b"three"]
    assert peak < 8 * MIB


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_line_of_just_the_limit_is_read(end: bytes) -> None:
    assert list(lines(io.BytesIO(b"x" * 10 + end), 10)) == [b"x" * 10]
    assert list(lines(io.BytesIO(b"x" * 11 + end), 10)) == [None]


def test_read_whole_stops_at_its_limit() -> None:
    assert read_whole(io.BytesIO(b"x" * 100), 100) == b"x" * 100
    with pytest.raises(ReadError, match="larger than"):
        read_whole(io.BytesIO(b"x" * 101), 100)


def test_spooled_seeks_and_is_capped() -> None:
    with spooled(stream_of(iter([b"abc", b"", b"def"])), LIMITS) as stream:
        assert stream.read() == b"abcdef"
        stream.seek(2)
        assert stream.read(2) == b"cd"
    with pytest.raises(ReadError, match="larger than"):
        spooled(stream_of(iter([b"x" * 100])), Limits(spool_bytes=10))


# What is slow to read though it is small


def outcome_of(tmp_path: Path, text: str, name: str, limits: Limits = LIMITS) -> Article | Outcome:
    (tmp_path / name).write_text(text, encoding="utf-8")
    *_, last = read([str(tmp_path / name)], ReadOptions(limits=limits))
    return last


RSS = "<rss version='2.0'><channel><title>Tide</title>{}</channel></rss>"


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("lines.txt", "Harbour opens\n\n" + "It is so.\n" * (LIMITS.text_lines + 1), "lines"),
        ("lines.md", "# Harbour opens\n\n" + "- It is so.\n" * (LIMITS.text_lines + 1), "lines"),
        ("tags.html", f"<html><body>{'<p>a b' * (LIMITS.page_tags + 1)}</body></html>", "tags"),
        ("deep.html", f"<html><body>{'<div>' * (LIMITS.page_tags + 1)}</body></html>", "tags"),
        ("deep.xml", RSS.format("<item><title>" + "<a>" * (LIMITS.feed_tags + 1)), "tags"),
        ("deep.xml", RSS.format("<item><description>" + "&lt;p&gt;a" * (LIMITS.feed_tags + 1)), "tags"),
        ("items.xml", RSS.format("<item/>" * (LIMITS.feed_tags + 1)), "tags"),
    ],
)
def test_more_lines_or_tags_than_any_real_input_has_are_refused(
    tmp_path: Path, name: str, text: str, what: str
) -> None:
    assert len(text) < 8_000_000, "small enough to be read otherwise"
    outcome = outcome_of(tmp_path, text, name)
    assert isinstance(outcome, Outcome)
    assert outcome.kind is OutcomeKind.FAILED
    assert f" {what}, and was not read" in outcome.reason


def test_the_longest_real_pages_are_far_below_the_caps(tmp_path: Path) -> None:
    sentence = "The council of Lindmouth heard report number {} on Monday, and voted on it after a debate of two hours."
    paragraphs = [sentence.format(number) for number in range(3000)]
    text = outcome_of(tmp_path, "Council votes on its agenda\n\n" + "\n\n".join(paragraphs), "long.txt")
    assert isinstance(text, Article)
    assert text.text.count("\n\n") > 2900
    body = "".join(f"<p>{each}</p>" for each in paragraphs)
    page = f"<html><head><title>Council votes</title></head><body><article><h1>Council votes</h1>{body}"
    html = outcome_of(tmp_path, page, "long.html")
    assert isinstance(html, Article)
    assert html.text.count("\n\n") > 2900


def test_a_feed_has_so_many_entries_at_most(tmp_path: Path) -> None:
    few = Limits(links=2)
    rss = RSS.format("".join(f"<item><title>{number}</title></item>" for number in range(3)))
    items = [{"id": str(number), "content_text": "It is so."} for number in range(3)]
    feed = json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "Tide", "items": items})
    for text, name in ((rss, "feed.xml"), (feed, "feed.json")):
        outcome = outcome_of(tmp_path, text, name, few)
        assert isinstance(outcome, Outcome)
        assert "only the first 2 of its entries" in outcome.reason


# Archives in archives


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def read_bytes(tmp_path: Path, data: bytes, limits: Limits) -> tuple[list[Article], list[Outcome]]:
    (tmp_path / "archive").write_bytes(data)
    items = list(read([str(tmp_path / "archive")], ReadOptions(limits=limits)))
    return (
        [item for item in items if isinstance(item, Article)],
        [item for item in items if isinstance(item, Outcome)],
    )


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_members_are_counted_over_all_depths(tmp_path: Path, pack) -> None:  # type: ignore[no-untyped-def]
    """20 archives of 20 archives of 20 records: 8,420 members, and no archive holds more than 20."""
    inner = b'{"title": "Harbour opens", "text": "It is so."}'
    for suffix in (".jsonl", "", ""):
        inner = pack({f"{number}{suffix}": inner for number in range(20)})
    articles, outcomes = read_bytes(tmp_path, inner, Limits(members=1000))
    assert 800 < len(articles) < 1000
    assert len([each for each in outcomes if "more than 1,000 members" in each.reason]) == 1
    assert len(outcomes) < 5, "and what follows is not even tried"
    assert len(read_bytes(tmp_path, inner, Limits(members=8420))[0]) == 8000


@pytest.mark.parametrize(
    "outer", [lambda inner: zipped({"a": tarred(inner)}), lambda inner: gzip.compress(tarred(inner))]
)
def test_bytes_are_counted_over_all_depths(tmp_path: Path, outer) -> None:  # type: ignore[no-untyped-def]
    """Every archive expands to less than 100 times its size; one in the other, all come to 700 times."""
    word = random.Random(1)
    line = json.dumps({"title": "Harbour", "text": " ".join(f"{word.getrandbits(32):x}" for _ in range(30))}) + "\n"
    inner = zipped({f"{number}.jsonl": line.encode() * 15 for number in range(10)})
    data = outer({f"{number}.zip": inner for number in range(20)})
    assert len(read_bytes(tmp_path, data, LIMITS)[0]) == 20 * 10 * 15
    articles, outcomes = read_bytes(tmp_path, data, Limits(bomb_bytes=5_000, bomb_ratio=100))
    assert 150 < len(articles) < 20 * 10 * 15 / 2
    assert len([each for each in outcomes if "all that lies in it unpacks to more" in each.reason]) == 1
    assert len(outcomes) < 5, "and what follows is not even tried"
