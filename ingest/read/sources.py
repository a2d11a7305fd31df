"""What a person names -> Blobs: a file, a folder, a glob, an address."""

from __future__ import annotations

import glob
import io
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from bot.errors import ReadError
from bot.schema import Outcome
from ingest.read.cleaning import clean_address
from ingest.read.contract import Blob, Fetched, failed, short, skipped


def is_address(source: str) -> bool:
    """Whether the source is an address of some scheme, and no path."""
    return bool(re.match(r"[a-z][a-z0-9+.-]+://", source, re.IGNORECASE))


def paths_of(source: str) -> list[Path]:
    """The paths that a source names: itself, or what a glob finds, sorted. Raises ReadError where there is none."""
    path = Path(source).expanduser()
    if os.path.lexists(path):
        return [path]
    if glob.has_magic(source):
        found = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
        if found:
            return [Path(name) for name in found]
        raise ReadError("no file matches this pattern")
    raise ReadError("there is no such file or folder")


CORPUS_FILE = "catalog.sqlite"
"""A folder with this file in it is a corpus."""
CORPUS_REFUSED = (
    "it is a corpus, which newsbot keeps, and no folder of articles: name the files that it was made of, or the folder "
    "that they lie in; to ask this corpus, give it to newsbot ask as --data"
)


def files_in(folder: Path) -> Iterator[Path | Outcome]:
    """The regular files under a folder, sorted, with an Outcome instead where one is not for reading.

    Hidden files and folders are passed over. A link to a file is followed where it stays inside the folder; a link
    to a folder never is, so no link leads round in a circle. A folder that holds a corpus is newsbot's own: passed
    over too, so that `newsbot ingest .` can be typed beside it, and refused where it is `folder` itself.
    """
    if (folder / CORPUS_FILE).is_file():
        raise ReadError(CORPUS_REFUSED)
    root = folder.resolve()
    problems: list[OSError] = []
    for here, folders, names in os.walk(folder, onerror=problems.append):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and not Path(here, name, CORPUS_FILE).is_file()
        )
        for path in (Path(here, name) for name in sorted(names) if not name.startswith(".")):
            try:
                if path.is_symlink() and not path.resolve(strict=True).is_relative_to(root):
                    yield skipped(str(path), "it is a link that leads out of the folder")
                elif stat.S_ISREG(path.stat().st_mode):
                    yield path
                else:
                    yield skipped(str(path), "it is a pipe or a device, no file")
            except (OSError, RuntimeError) as error:
                yield failed(str(path), f"it cannot be opened ({_why(error)})")
    for problem in problems:
        yield failed(str(problem.filename or folder), f"the folder cannot be read ({_why(problem)})")


@contextmanager
def opened(path: Path, *, named: bool) -> Iterator[Blob]:
    """A file as a Blob, closed afterwards. Raises ReadError where it cannot be opened."""
    try:
        stream = path.open("rb")
    except (OSError, ValueError) as error:
        raise ReadError(f"it cannot be opened ({_why(error)})") from error
    with stream:
        yield Blob(stream=stream, name=path.name, origin=str(path), named=named)


def blob_of_fetched(fetched: Fetched) -> Blob:
    """What was fetched as a Blob: its name is the last part of the address."""
    name = PurePosixPath(unquote(urlsplit(fetched.final_url).path)).name
    return Blob(
        stream=io.BytesIO(fetched.data),
        name=name,
        origin=clean_address(fetched.url),
        url=clean_address(fetched.final_url),
        charset=fetched.charset,
    )


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or short(error)
