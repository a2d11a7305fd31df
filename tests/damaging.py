"""Damages copies of a corpus, each in another place, and says what becomes of them: no test by itself.

It runs in a process of its own, as damaged files may bring a process down.

    python -m tests.damaging WHOLE WORK      reads a line of JSON for each damage, prints one line of JSON each
"""

from __future__ import annotations

import json
import logging
import random
import shutil
import sys
import traceback
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import bot.corpus.catalog.schema as tables
from bot.corpus.catalog import Catalog
from bot.errors import NewsbotError
from ingest.pipeline import mend
from ingest.read import read
from tests.killing import PASSAGE_CHARS, open_corpus


def damage(folder: Path, name: str, kind: str, seed: int) -> str:
    """Damage a file of the corpus; returns which, and where."""
    chance = random.Random(seed)
    paths = sorted(path for path in folder.glob(name) if path.is_file() and path.stat().st_size)
    path = chance.choice(paths)
    content = bytearray(path.read_bytes())
    place = chance.randrange(len(content))
    if kind == "flip":
        content[place] ^= 1 << chance.randrange(8)
    elif kind == "zero":
        content[place : place + 200] = bytes(len(content[place : place + 200]))
    elif kind == "cut":
        del content[place:]
    elif kind == "swap":
        content = bytearray(chance.choice([each for each in paths if each != path] or paths).read_bytes()[::-1])
    if kind == "delete":
        path.unlink()
    else:
        path.write_bytes(content)
    return f"{path.relative_to(folder)} at {place} of {path.stat().st_size if path.exists() else 0}"


def content(folder: Path) -> dict[str, Any]:
    """What a catalog says: its articles as they can be read, and its rows as they stand."""
    catalog = Catalog.open(folder / "catalog.sqlite")
    with catalog.engine.connect() as connection:
        ids = list(connection.execute(sa.select(tables.articles.c.id).where(~tables.articles.c.removed)).scalars())
        rows = [
            [list(map(str, row)) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]
            for table in (tables.passages, tables.revisions)
        ]
    found = {id_: repr(each) for id_, each in catalog.articles(ids).items()}
    catalog.close()
    return {"articles": found, "rows": rows}


def attempt(whole: Path, folder: Path, order: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Damage a copy, verify it, ask it, mend it, verify it again."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    told: dict[str, Any] = {"place": damage(folder, order["name"], order["kind"], order["seed"]), "refused": None}
    try:
        corpus = open_corpus(folder)
    except NewsbotError as error:
        return told | {"refused": str(error)}
    try:
        told["problems"] = corpus.verify()
        if not told["problems"]:
            told["same"] = content(folder) == wanted
        try:
            corpus.require_indexes()
            corpus.refresh()
            ids = [id_ for id_, _ in corpus.lexical.search(corpus.lexical.terms("the bridge of Aldermoor"), 20)]
            vectors = corpus.catalog.vectors(ids)
            ids += [id_ for vector in list(vectors.values())[:3] for id_, _ in corpus.vectors.search(vector, 20)]
            shown = {each.article.id: repr(each.article) for each in corpus.passages(ids).values()}
            told["wrong"] = sum(wanted["articles"].get(id_) != said for id_, said in shown.items())
        except NewsbotError as error:
            told["asking"] = str(error)
        corpus.close()
        corpus = open_corpus(folder)
        with corpus.writing():
            told["mended"] = mend(corpus, lambda origin: read([origin]), passage_chars=PASSAGE_CHARS) + corpus.repair()
        told["left"] = corpus.verify()
        there = content(folder)["articles"]
        told["lost"] = len(wanted["articles"].keys() - there.keys())
        told["altered"] = sum(wanted["articles"].get(id_) != said for id_, said in there.items())
    except NewsbotError as error:
        told["error"] = str(error)
    except BaseException:  # a traceback is what must never be seen
        told["traceback"] = traceback.format_exc()
    finally:
        corpus.close()
    return told


def main() -> None:
    """Serve a test."""
    logging.disable()
    whole, folder = Path(sys.argv[1]), Path(sys.argv[2])
    wanted = content(whole)
    for line in sys.stdin:
        print(json.dumps(attempt(whole, folder, json.loads(line), wanted)), flush=True)  # noqa: T201 - to the test


if __name__ == "__main__":
    main()
