"""The streams keep their caps, whatever comes."""

from __future__ import annotations

import gzip
import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ReadError
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
