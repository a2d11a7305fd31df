"""Archives -> their members, read in place: gzip, zip and tar, inside each other too.

Nothing is unpacked to disk: a member's name is only ever shown, so a name like "../../etc/passwd" leads nowhere.
"""

from __future__ import annotations

import io
import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast

from bot.errors import ReadError
from ingest.read.contract import Blob, Items, ReadBlob, ReadOptions, failed, short, skipped, with_news
from ingest.read.limits import Budget, Limits, chunks_of, gunzip, megabytes, spooled, stream_of

TAR_HEADER_BYTES = 1024 * 1024
"""The longest extended header of a tar member: tarfile holds it whole."""

_DOCUMENTS = {"[Content_Types].xml": "an Office document", "mimetype": "an e-book or OpenDocument file"}
_ENCRYPTED = 0x1
_CORRUPT = (zipfile.BadZipFile, NotImplementedError, EOFError, OSError)


def read_gzip(blob: Blob, options: ReadOptions, read_blob: ReadBlob) -> Items:
    """What is inside a gzip stream, under the same origin: "x.jsonl.gz:17" is its 17th line."""
    name = re.sub(r"\.gz$", "", re.sub(r"\.tgz$", ".tar", blob.name, flags=re.IGNORECASE), flags=re.IGNORECASE)
    blob = _with_budget(blob, options.limits)
    with gunzip(blob.stream, options.limits, blob.budget) as stream:
        yield from read_blob(replace(blob, stream=stream, name=name, depth=blob.depth + 1), options)


def read_zip(blob: Blob, options: ReadOptions, read_blob: ReadBlob) -> Items:
    """The members of a zip archive, in the order of their names; "a.zip!b/c.html" is where they come from."""
    stream = spooled(blob.stream, options.limits)
    try:
        archive = zipfile.ZipFile(cast(BinaryIO, _ZipStream(stream, options.limits)))
    except (*_CORRUPT, ValueError, struct.error) as error:
        raise ReadError(f"its zip data is corrupt or cut off ({short(error)})") from error
    with archive, closing(stream if stream is not blob.stream else io.BytesIO()):
        infos = {info.filename: info for info in archive.infolist() if not info.is_dir()}
        for mark, what in _DOCUMENTS.items():
            if mark in infos:
                yield skipped(blob.origin, f"it is {what}; save it as text, HTML or Markdown")
                return
        budget = blob.budget or Budget(options.limits, packed_bytes=stream.seek(0, io.SEEK_END))
        budget.enter(len(infos))
        members = ((name, _unzipped(archive, infos[name], budget)) for name in sorted(infos))
        items = _member_items(members, replace(blob, budget=budget), options, read_blob)
        yield from with_news(items, blob.origin, "archive")


def read_tar(blob: Blob, options: ReadOptions, read_blob: ReadBlob) -> Items:
    """The members of a tar archive, in the archive's order, read as a stream; links and devices are passed over."""
    blob = _with_budget(blob, options.limits)
    try:
        # "r|" reads forward only, so a .tar.gz of any size needs neither memory nor disk.
        with tarfile.open(fileobj=blob.stream, mode="r|", tarinfo=_CheckedTarInfo, errorlevel=0) as archive:
            items = _member_items(_untarred(archive, blob.budget), blob, options, read_blob)
            yield from with_news(items, blob.origin, "archive")
    except (tarfile.TarError, EOFError, ValueError, OSError) as error:
        yield failed(blob.origin, f"its tar data is corrupt or cut off ({short(error)}); what came before was read")


def _with_budget(blob: Blob, limits: Limits) -> Blob:
    """The blob, with a budget of its own where no archive is around it."""
    if blob.budget is not None:
        return blob
    budget = Budget(limits)
    return replace(blob, budget=budget, stream=stream_of(budget.counted(chunks_of(blob.stream))))


def _member_items(
    members: Iterable[tuple[str, Iterator[bytes]]], blob: Blob, options: ReadOptions, read_blob: ReadBlob
) -> Items:
    """What the members of an archive hold: their names, and their bytes, which may raise ReadError."""
    assert blob.budget is not None
    for name, chunks in members:
        if _is_hidden(name):
            continue
        member = Blob(
            stream=stream_of(chunks),
            name=PurePosixPath(name.replace("\\", "/")).name,
            origin=f"{blob.origin}!{_shown(name)}",
            named=False,
            depth=blob.depth + 1,
            budget=blob.budget,
        )
        yield from read_blob(member, options)
        if blob.budget.is_spent:
            return


def _untarred(archive: tarfile.TarFile, budget: Budget | None) -> Iterator[tuple[str, Iterator[bytes]]]:
    assert budget is not None
    for info in archive:
        archive.members = []  # type: ignore[attr-defined]  # or every header met stays in memory
        budget.enter(1)
        content = archive.extractfile(info) if info.isfile() and not info.issparse() else None
        if content is not None:
            # Forward only: tarfile's own member would seek, and the archive's stream cannot.
            yield info.name, chunks_of(cast(BinaryIO, content))


def _unzipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> Iterator[bytes]:
    """The member's bytes; ReadError where they are corrupt, or too many for their or the archive's size."""
    if info.flag_bits & _ENCRYPTED:
        raise ReadError("it is encrypted; unpack it with its password first")
    try:
        with archive.open(info) as stream:
            yield from budget.unpacked(chunks_of(cast(BinaryIO, stream)), lambda: max(info.compress_size, 1))
    except (*_CORRUPT, RuntimeError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise ReadError(f"it cannot be unpacked ({short(error)}); the other members were read") from error


class _ZipStream:
    """A zip's stream, which refuses a read as long as only that of a hostile directory is: zipfile holds it whole."""

    def __init__(self, stream: BinaryIO, limits: Limits) -> None:
        self._stream, self._most_bytes = stream, limits.directory_bytes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def read(self, size: int = -1) -> bytes:
        if size > self._most_bytes:
            raise ReadError(f"its directory is larger than {megabytes(self._most_bytes)}; unpack it into a folder")
        return self._stream.read(size)


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
