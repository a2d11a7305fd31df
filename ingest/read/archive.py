"""Archives -> their members, read in place: gzip, zip and tar, inside each other too.

Knows nothing about what the members hold. Nothing is unpacked to disk: a member's name is only ever shown, so a name
like "../../etc/passwd" leads nowhere.
"""

from __future__ import annotations

import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from bot.errors import ReadError
from ingest.read.contract import Blob, Items, ReadBlob, ReadOptions, failed, is_news, skipped
from ingest.read.limits import (
    CHUNK_BYTES,
    Budget,
    Limits,
    check_ratio,
    chunks_of,
    gunzip,
    megabytes,
    spooled,
    stream_of,
)

TAR_HEADER_BYTES = 1024 * 1024
"""The longest extended header of a tar member: tarfile holds it whole."""

_END = b"PK\x05\x06"
_END64_LOCATOR = b"PK\x06\x07"
_DOCUMENTS = {"[Content_Types].xml": "an Office document", "mimetype": "an e-book or OpenDocument file"}
_ENCRYPTED = 0x1


def read_gzip(blob: Blob, options: ReadOptions, read_blob: ReadBlob) -> Items:
    """What is inside a gzip stream, under the same origin: "x.jsonl.gz:17" is its 17th line."""
    name = blob.name
    lowered = name.lower()
    if lowered.endswith(".tgz"):
        name = name[:-4] + ".tar"
    elif lowered.endswith(".gz"):
        name = name[:-3]
    budget = blob.budget or Budget(options.limits)
    with gunzip(blob.stream, options.limits, budget, is_outermost=blob.budget is None) as stream:
        yield from read_blob(replace(blob, stream=stream, name=name, depth=blob.depth + 1, budget=budget), options)


def read_zip(blob: Blob, options: ReadOptions, read_blob: ReadBlob) -> Items:
    """The members of a zip archive, in the order of their names; "a.zip!b/c.html" is where they come from."""
    limits = options.limits
    stream = spooled(blob.stream, limits)
    _check_directory(stream, limits)
    try:
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error, EOFError) as error:
        raise ReadError(f"its zip data is corrupt or cut off ({_short(error)})") from error
    with archive, closing(stream if stream is not blob.stream else io.BytesIO()):
        members = [info for info in archive.infolist() if not info.is_dir() and not _is_hidden(info.filename)]
        names = {info.filename for info in members}
        for mark, what in _DOCUMENTS.items():
            if mark in names:
                yield skipped(blob.origin, f"it is {what}; save it as text, HTML or Markdown")
                return
        budget = blob.budget or Budget(limits, packed_bytes=stream.seek(0, io.SEEK_END))
        budget.enter(len(members))
        blob = replace(blob, budget=budget)
        articles = 0
        for info in sorted(members, key=lambda info: info.filename):
            origin = f"{blob.origin}!{_shown(info.filename)}"
            for item in _zip_member(archive, info, origin, blob, options, read_blob):
                articles += is_news(item)
                yield item
            if budget.is_spent:
                return
        if not articles:
            yield failed(blob.origin, "the archive holds no article that could be read")


def read_tar(blob: Blob, options: ReadOptions, read_blob: ReadBlob) -> Items:
    """The members of a tar archive, in the archive's order, read as a stream; links and devices are passed over."""
    articles = 0
    budget, stream = blob.budget, blob.stream
    if budget is None:
        budget = Budget(options.limits)
        stream = stream_of(_counted(chunks_of(blob.stream), budget))
    try:
        # "r|" reads forward only, so a .tar.gz of any size needs neither memory nor disk.
        with tarfile.open(fileobj=stream, mode="r|", tarinfo=_CheckedTarInfo, errorlevel=0) as archive:
            for info in archive:
                archive.members = []  # type: ignore[attr-defined]  # or every header met stays in memory
                budget.enter(1)
                if not info.isfile() or info.issparse() or _is_hidden(info.name):
                    continue
                content = archive.extractfile(info)
                if content is None:
                    continue
                member = Blob(
                    # Forward only: tarfile's own member would seek, and the archive's stream cannot.
                    stream=stream_of(chunks_of(cast(BinaryIO, content))),
                    name=PurePosixPath(info.name).name,
                    origin=f"{blob.origin}!{_shown(info.name)}",
                    named=False,
                    depth=blob.depth + 1,
                    budget=budget,
                )
                for item in read_blob(member, options):
                    articles += is_news(item)
                    yield item
                if budget.is_spent:
                    return
    except (tarfile.TarError, EOFError, ValueError, OSError) as error:
        yield failed(blob.origin, f"its tar data is corrupt or cut off ({_short(error)}); what came before was read")
    if not articles:
        yield failed(blob.origin, "the archive holds no article that could be read")


def _zip_member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, origin: str, blob: Blob, options: ReadOptions, read_blob: ReadBlob
) -> Items:
    if info.flag_bits & _ENCRYPTED:
        yield failed(origin, "it is encrypted; unpack it with its password first")
        return
    try:
        with archive.open(info) as opened:
            assert blob.budget is not None
            stream = stream_of(_measured(cast(BinaryIO, opened), info, blob.budget))
            member = replace(
                blob,
                stream=stream,
                name=PurePosixPath(info.filename.replace("\\", "/")).name,
                origin=origin,
                named=False,
                depth=blob.depth + 1,
            )
            yield from read_blob(member, options)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError) as error:
        yield failed(origin, f"it cannot be unpacked ({_short(error)}); the other members were read")


def _counted(chunks: Iterator[bytes], budget: Budget) -> Iterator[bytes]:
    for chunk in chunks:
        budget.packed_bytes += len(chunk)
        yield chunk


def _measured(stream: BinaryIO, info: zipfile.ZipInfo, budget: Budget) -> Iterator[bytes]:
    """The member's bytes; ReadError where they are corrupt, or too many for their or the archive's size."""
    unpacked = 0
    try:
        while chunk := stream.read(CHUNK_BYTES):
            unpacked += len(chunk)
            check_ratio(max(info.compress_size, 1), unpacked, budget.limits)
            budget.unpack(len(chunk))
            yield chunk
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError) as error:
        raise ReadError(f"its data in the archive is corrupt ({_short(error)})") from error


def _check_directory(stream: BinaryIO, limits: Limits) -> None:
    """Raise ReadError where the directory of the zip, which zipfile loads whole, is larger than the limit."""
    size = stream.seek(0, io.SEEK_END)
    tail_bytes = min(size, 65_557 + 20)  # the longest comment, the end record, the locator of the 64-bit one
    stream.seek(size - tail_bytes)
    tail = stream.read(tail_bytes)
    end = tail.rfind(_END)
    directory_bytes = 0
    if end >= 0 and len(tail) >= end + 22:
        (directory_bytes,) = struct.unpack_from("<L", tail, end + 12)
        if end >= 20 and tail[end - 20 : end - 16] == _END64_LOCATOR:
            (where,) = struct.unpack_from("<Q", tail, end - 12)
            if where + 56 <= size:
                stream.seek(where)
                record = stream.read(56)
                if len(record) == 56:
                    directory_bytes = max(directory_bytes, struct.unpack_from("<Q", record, 40)[0])
    stream.seek(0)
    if limits.directory_bytes < directory_bytes <= size:
        raise ReadError(f"its directory is larger than {megabytes(limits.directory_bytes)}; unpack it into a folder")


class _CheckedTarInfo(tarfile.TarInfo):
    """A member's header; refuses extended headers that claim to be huge, which tarfile would load whole."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _CheckedTarInfo:
        info = super().frombuf(buf, encoding, errors)
        extended = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, *tarfile.GNU_TYPES)
        if info.type in extended and info.type != tarfile.GNUTYPE_SPARSE and info.size > TAR_HEADER_BYTES:
            raise tarfile.ReadError("a member's extended header is too large")
        return info


def _is_hidden(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return "__MACOSX" in parts or any(part.startswith(".") and part not in (".", "..") for part in parts)


def _shown(name: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in name)[:300]


def _short(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:160] or type(error).__name__
