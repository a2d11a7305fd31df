"""Small real things for tests: articles with everything set, and processes that run the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from bot.errors import ReadError
from bot.schema import Article


def article(name: str = "harbour", text: str | None = None, **fields: Any) -> Article:
    """An article whose fields follow from its name; any of them may be given."""
    body = (
        text
        if text is not None
        else (f"The {name} opened on Monday. It cost 12 million euros.\n\nAbout 300 people came to it, the mayor said.")
    )
    given: dict[str, Any] = {
        "title": f"The {name} opens",
        "text": body,
        "url": f"https://post.example/{name}",
        "source": "The Post",
        "published": date(2024, 3, 4),
    }
    return Article(**(given | fields))


def shouted(text: str) -> str:
    """The text in capitals, and the process that did it; ReadError where it is "bad"."""
    if text == "bad":
        raise ReadError("it is bad")
    return f"{text.upper()} by {os.getpid()}"


def run_newsbot(
    *arguments: str, env: Mapping[str, str] | None = None, stdin: str | bytes = "", timeout_seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own; its output is decoded as UTF-8."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("NEWSBOT_")}
    data = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        input=data,
        capture_output=True,
        timeout=timeout_seconds,
        env=clean | dict(env or {}),
        check=False,
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8", "replace")
    )


def corpus_of(
    folder: Path, encode: Callable[[list[str]], Any], *, where: Path | str | None = None, dense: Any = None
) -> Any:
    """A corpus whose vectors come from a function; catalog and indexes are the real ones, files where none is given."""
    from bot.corpus.catalog import Catalog
    from bot.corpus.chroma_files import ChromaFiles
    from bot.corpus.corpus import CATALOG_FILE, Corpus
    from bot.corpus.embedding import Encoder
    from bot.corpus.lexical import TantivyFiles

    folder.mkdir(parents=True, exist_ok=True)
    encoder = Encoder({"model": "of the tests"}, lambda parts: (encode(part) for part in parts))
    catalog = Catalog.create(where or folder / CATALOG_FILE)
    return Corpus(folder, catalog, TantivyFiles(folder / "bm25"), dense or ChromaFiles(folder / "chroma"), encoder)
