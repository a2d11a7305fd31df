"""Archives are read in place: nothing reaches the disk, and no trick of theirs reaches the memory."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.schema import Article, Outcome, OutcomeKind
from ingest.read import Limits, ReadOptions, read

LINE = json.dumps({"title": "Ferry", "text": "The ferry sails again."})
DEFAULTS = ReadOptions()


def _zip(members: dict[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def _tar(members: dict[str, bytes | str], mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            content = data.encode() if isinstance(data, str) else data
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def _read(
    tmp_path: Path, data: bytes, name: str = "x.bin", options: ReadOptions = DEFAULTS
) -> tuple[list[Article], list[Outcome]]:
    path = tmp_path / name
    path.write_bytes(data)
    items = list(read([str(path)], options))
    return [item for item in items if isinstance(item, Article)], [item for item in items if isinstance(item, Outcome)]


def test_zip_members_by_their_names_and_folders(tmp_path: Path) -> None:
    data = _zip({"b/two.jsonl": LINE, "a/one.jsonl": LINE, "b/": "", "README.md": "about", "__MACOSX/._x": b"\0\5"})
    articles, outcomes = _read(tmp_path, data, "x.zip")
    path = tmp_path / "x.zip"
    assert [article.origin for article in articles] == [f"{path}!a/one.jsonl", f"{path}!b/two.jsonl"]
    assert [(outcome.kind, outcome.origin) for outcome in outcomes] == [(OutcomeKind.SKIPPED, f"{path}!README.md")]


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_tar_members(tmp_path: Path, mode: str) -> None:
    articles, outcomes = _read(tmp_path, _tar({"a/one.jsonl": LINE, "two.jsonl": LINE + "\n" + LINE}, mode), "x.tgz")
    assert [article.origin.split("!")[1] for article in articles] == ["a/one.jsonl", "two.jsonl:1", "two.jsonl:2"]
    assert outcomes == []


def test_gzip_keeps_the_origin_and_the_line(tmp_path: Path) -> None:
    articles, _ = _read(tmp_path, gzip.compress(f"{LINE}\n{LINE}\n".encode()), "x.jsonl.gz")
    assert [article.origin for article in articles] == [f"{tmp_path}/x.jsonl.gz:{line}" for line in (1, 2)]


def test_archives_inside_archives(tmp_path: Path) -> None:
    data = _zip({"in.tar.gz": _tar({"in.zip": _zip({"x.jsonl.gz": gzip.compress(LINE.encode())})}, "w:gz")})
    options = ReadOptions(limits=Limits(depth=5))
    articles, _ = _read(tmp_path, data, "x.zip", options)
    assert [article.origin.split("!")[1:] for article in articles] == [["in.tar.gz", "in.zip", "x.jsonl.gz"]]


def test_nesting_ends_at_the_cap(tmp_path: Path) -> None:
    data = LINE.encode()
    for _ in range(10):
        data = _zip({"x": data})
    articles, outcomes = _read(tmp_path, data)
    assert articles == []
    assert any("more than 4 archives deep" in outcome.reason for outcome in outcomes)


def test_a_zip_slip_leads_nowhere(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    articles, _ = _read(inside, _zip({"../../slip.jsonl": LINE, "/slip2.jsonl": LINE, "C:\\slip3.jsonl": LINE}))
    assert len(articles) == 3
    assert [path.name for path in tmp_path.rglob("*")] == ["inside", "x.bin"]


def test_tar_links_and_devices_are_passed_over(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo(f"link{kind!r}")
            info.type, info.linkname = kind, "/etc/hostname"
            archive.addfile(info)
    articles, outcomes = _read(tmp_path, buffer.getvalue())
    assert articles == []
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.FAILED]


@pytest.mark.parametrize("name", ["x.html", "x.txt", "x.jsonl", "x.xml", "x.csv"])
def test_bombs_are_stopped(tmp_path: Path, name: str) -> None:
    starts = {"x.html": b"<html>", "x.txt": b"", "x.jsonl": b'{"text": "', "x.xml": b"<rss>", "x.csv": b"title,text\n"}
    blob = starts[name] + b"a" * (40 * 1024 * 1024)
    for data in (_zip({name: blob}), gzip.compress(blob)):
        tracemalloc.start()
        articles, outcomes = _read(tmp_path, data)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert articles == []
        assert outcomes
        assert {outcome.kind for outcome in outcomes} == {OutcomeKind.FAILED}
        assert peak < 60 * 1024 * 1024


def test_one_bomb_does_not_stop_the_other_members(tmp_path: Path) -> None:
    articles, outcomes = _read(tmp_path, _zip({"a.jsonl": LINE, "b.jsonl": b"[" + b" " * 40_000_000, "c.jsonl": LINE}))
    assert len(articles) == 2
    assert "decompression bomb" in outcomes[0].reason


def test_damaged_members_cost_only_themselves(tmp_path: Path) -> None:
    data = bytearray(_zip({"a.jsonl": LINE, "b.jsonl": LINE * 3, "c.jsonl": LINE}, zipfile.ZIP_STORED))
    at = data.index(b"b.jsonl") + 20
    data[at] ^= 0xFF
    articles, outcomes = _read(tmp_path, bytes(data))
    assert [article.origin[-7:] for article in articles] == ["a.jsonl", "c.jsonl"]
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.FAILED]


def test_encrypted_members_say_so(tmp_path: Path) -> None:
    data = bytearray(_zip({"a.jsonl": LINE, "b.jsonl": LINE}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    articles, outcomes = _read(tmp_path, bytes(data))
    assert len(articles) == 1
    assert "encrypted" in outcomes[0].reason


def test_cut_archives(tmp_path: Path) -> None:
    articles, outcomes = _read(tmp_path, _zip({"a.jsonl": LINE})[:-30])
    assert articles == []
    assert "corrupt or cut off" in outcomes[0].reason
    long = "\n".join([LINE] * 5000)
    articles, outcomes = _read(tmp_path, _tar({"a.jsonl": LINE, "b.jsonl": long})[:100_000])
    assert len(articles) > 1000
    assert outcomes
    lines = [json.dumps({"text": f"Report number {number}.", "id": hash(str(number))}) for number in range(5000)]
    packed = gzip.compress("\n".join(lines).encode())
    articles, outcomes = _read(tmp_path, packed[: len(packed) // 2])
    assert 1000 < len(articles) < 4000
    assert "cut off" in outcomes[-1].reason


def test_a_tar_header_that_claims_gigabytes_is_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 8 * 1024**3
    articles, outcomes = _read(tmp_path, info.tobuf(tarfile.GNU_FORMAT) + b"x" * 4096)
    assert articles == []
    assert "extended header is too large" in outcomes[0].reason


def test_a_directory_beyond_the_cap_is_not_loaded(tmp_path: Path) -> None:
    data = _zip({f"{number:0100}.txt": "" for number in range(500)})
    _, outcomes = _read(tmp_path, data, options=ReadOptions(limits=Limits(directory_bytes=10_000)))
    assert "unpack it into a folder" in outcomes[0].reason
    lying = bytearray(_zip({"a.jsonl": LINE}))
    struct.pack_into("<L", lying, len(lying) - 10, 2**31)
    _, outcomes = _read(tmp_path, bytes(lying))
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.FAILED]


def test_documents_and_empty_archives(tmp_path: Path) -> None:
    _, (office,) = _read(tmp_path, _zip({"[Content_Types].xml": "<x/>", "xl/workbook.xml": "<x/>"}), "x.xlsx")
    assert (office.kind, "Office document" in office.reason) == (OutcomeKind.SKIPPED, True)
    for empty in (_zip({}), _tar({}), _zip({"folder/": ""})):
        _, outcomes = _read(tmp_path, empty)
        assert [outcome.kind for outcome in outcomes] == [OutcomeKind.FAILED]


def test_control_characters_in_names_are_not_shown(tmp_path: Path) -> None:
    articles, _ = _read(tmp_path, _zip({"a\x1b[31m\u202e.jsonl": LINE}))
    assert articles[0].origin.endswith("!a?[31m?.jsonl")


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: _zip({"x.parquet": data})])
def test_parquet_inside_archives(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    buffer = io.BytesIO()
    parquet.write_table(pa.table({"text": ["One.", "Two."]}), buffer)
    articles, outcomes = _read(tmp_path, pack(buffer.getvalue()))
    assert [article.text for article in articles] == ["One.", "Two."]
    assert outcomes == []
