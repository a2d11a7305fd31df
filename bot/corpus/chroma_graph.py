"""The files of one Chroma collection's graph, made safe from a kill while Chroma writes them.

Knows nothing about what the collection holds. chromadb 1.5.9 holds a collection's vectors as a graph in memory. After
`SYNC_THRESHOLD` changes it writes the graph over its files, and only then notes in its database how many changes they
hold. A kill in between leaves files that are cut short, or that are ahead of the note: then the same changes are made
a second time, over the labels they already have, and some vectors are linked from nowhere (seen: 16 of 1,080). So the
files are copied before Chroma writes them, and the copy is put back where the note is still the one from before.
"""

from __future__ import annotations

import shutil
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.corpus.sqlite_file import is_damage, opened

DATABASE = "chroma.sqlite3"
SYNC_THRESHOLD = 1_000
"""Chroma's own default."""
HEADER = struct.Struct("<iQQQQQQiIQQQdQ")
"""What hnswlib writes at the head of a graph: version, ..., elements, bytes of an element, ..."""
VERSION = 1


class BrokenGraph(ValueError):
    """A file of a graph is too short."""


@dataclass(frozen=True, slots=True)
class _Note:
    """What Chroma's database says of a graph: its files, up to which change they go, how many came after, the last."""

    files: Path
    changes: int
    pending: int
    last: int

    @property
    def copy(self) -> Path:
        return self.files.with_name(f"{self.files.name}.before-{self.changes}")

    @property
    def part(self) -> Path:
        """A copy that is being made or dropped."""
        return self.files.with_name(f"{self.files.name}.part")

    def drop_copies(self) -> None:
        """Renamed first: half a copy must never look like a whole one."""
        shutil.rmtree(self.part, ignore_errors=True)
        for copy in self.files.parent.glob(f"{self.files.name}.before-*"):
            copy.rename(self.part)
            shutil.rmtree(self.part)


class Graph:
    """The graph of the collection `name` in Chroma's folder. Call everything while no other process has it open."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name

    def version(self) -> tuple[str, int]:
        """A name for what the collection holds: another one after anybody's change, and when it was made anew."""
        note = self._note()
        return (note.files.name, note.last) if note else ("", 0)

    def mend(self) -> None:
        """Undo what a kill interrupted; then raise BrokenGraph where a file is too short all the same.

        chromadb 1.5.9 dies of such a file by a segmentation fault.
        """
        note = self._note()
        if note is None:
            return
        if note.copy.is_dir():
            shutil.rmtree(note.files, ignore_errors=True)
            note.copy.rename(note.files)
        note.drop_copies()
        _require_whole(note.files)

    @contextmanager
    def kept(self, changes: int = 0) -> Iterator[None]:
        """While Chroma makes so many changes: what they leave of the files if they do not come to their end is undone.

        The copy takes as much space as the graph, and the time that copying it takes, once in SYNC_THRESHOLD changes.
        After an error, close Chroma's client and `mend`.
        """
        note = self._note()
        if note is None or note.pending + changes < SYNC_THRESHOLD:
            yield
            return
        if not note.copy.is_dir():
            try:
                note.drop_copies()
                if note.files.is_dir():
                    shutil.copytree(note.files, note.part)
                else:
                    note.part.mkdir()
                note.part.rename(note.copy)
            except BaseException:
                shutil.rmtree(note.part, ignore_errors=True)
                raise
        yield
        note.drop_copies()

    def _note(self) -> _Note | None:
        """None where there is no such collection, or no database that can be read: Chroma tells of that."""
        file = self.folder / DATABASE
        if not file.is_file():
            return None
        try:
            with opened(file, "rw") as database:  # a kill may have left a journal, which the first reader rolls back
                row = database.execute(
                    "SELECT collections.id, vector.id, coalesce(of_vector.seq_id, 0), coalesce(of_metadata.seq_id, 0)"
                    " FROM collections"
                    " JOIN segments vector ON vector.collection = collections.id AND vector.scope = 'VECTOR'"
                    " JOIN segments metadata ON metadata.collection = collections.id AND metadata.scope = 'METADATA'"
                    " LEFT JOIN max_seq_id of_vector ON of_vector.segment_id = vector.id"
                    " LEFT JOIN max_seq_id of_metadata ON of_metadata.segment_id = metadata.id"
                    " WHERE collections.name = ?",
                    (self.name,),
                ).fetchone()
                if row is None:
                    return None
                collection, segment, held, known = row
                ((pending, queued),) = database.execute(
                    "SELECT count(*), coalesce(max(seq_id), 0) FROM embeddings_queue WHERE seq_id > ? AND topic LIKE ?",
                    (held, f"%/{collection}"),
                )
        except sqlite3.Error as error:
            if not is_damage(error, file):
                raise
            return None
        return _Note(self.folder / segment, held, pending, max(held, known, queued))


def _require_whole(files: Path) -> None:
    header = files / "header.bin"
    if not header.is_file():
        return
    content = header.read_bytes()
    if len(content) < HEADER.size:
        raise BrokenGraph(f"{header.name} is too short")
    version, _, _, elements, element_bytes, *_ = HEADER.unpack_from(content)
    if version != VERSION:
        return
    wanted = {
        "data_level0.bin": elements * element_bytes,
        "length.bin": elements * 4,
        "link_lists.bin": _links_bytes((files / "link_lists.bin").read_bytes(), elements),
    }
    for name, size in wanted.items():
        if (files / name).stat().st_size < size:
            raise BrokenGraph(f"{name} is too short")


def _links_bytes(links: bytes, elements: int) -> int:
    """How long the links of so many elements are: for each its size in four bytes, and so many bytes."""
    place = 0
    for _ in range(elements):
        if place + 4 > len(links):
            return place + 4
        place += 4 + int.from_bytes(links[place : place + 4], "little")
    return place
