"""Damage on the disk, wherever it is: it is seen, nothing wrong is shown, and it is mended or the remedy is named."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import killing

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
ARTICLES = 130
PLACES = 48
SEED = 20260304

FILES = ("catalog.sqlite", "chroma/chroma.sqlite3", "chroma/*/*", "bm25/*")
KINDS = ("flip", "flip", "flip", "zero", "cut", "delete", "swap")
ORDERS = [
    {"name": name, "kind": kind, "seed": SEED + number}
    for number, (kind, name) in enumerate(itertools.islice(itertools.cycle(itertools.product(KINDS, FILES)), PLACES))
    if (kind, name) != ("delete", "catalog.sqlite")  # then there is no corpus: tests/test_catalog.py
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus whose every article can be read again, with older states, copies, and a graph in files."""
    sources = tmp_path_factory.mktemp("sources")
    killing.write_articles(sources / "first.jsonl", killing.first_articles(ARTICLES))
    killing.write_articles(sources / "second.jsonl", killing.second_articles(ARTICLES))
    folder = tmp_path_factory.mktemp("whole") / "data"
    removed = [each.id for each in killing.removed_articles(ARTICLES)]
    for step in killing.STEPS:
        killing.work(folder, step, sources, removed, lambda _: None, slow=False)
    assert list(folder.glob("chroma/*/data_level0.bin")), "Chroma wrote its graph to files"
    return folder


def test_damage_in_many_places_is_seen_and_mended(whole: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.damaging", str(whole), str(tmp_path / "copy")], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    sound, mended, named = 0, 0, 0
    for order in ORDERS:
        print(json.dumps(order), file=process.stdin, flush=True)
        line = process.stdout.readline()
        assert line, f"{order} brought the process down: {process.wait(30)}"
        found: dict[str, Any] = json.loads(line)
        assert "traceback" not in found, f"{order}, {found['place']}: {found['traceback']}"
        if found["refused"]:
            assert "restore" in found["refused"] or "newsbot" in found["refused"], found
            named += 1
            continue
        if not found["problems"]:
            assert found["same"], f"{order}: called sound, and is not: {found}"
            sound += 1
        assert found.get("wrong", 0) == 0, f"{order}: damaged text is shown: {found}"
        if "error" in found or found["left"]:
            said = found.get("error") or " ".join(found["left"])
            assert "restore" in said, f"{order}: neither mended nor is the remedy named: {found}"
            named += 1
            continue
        assert (found["lost"], found["altered"]) == (0, 0), found
        mended += bool(found["problems"])
    process.communicate(timeout=30)
    assert mended > len(ORDERS) // 3
    print(f"{len(ORDERS)} places: {mended} mended, {named} told with the remedy, {sound} where nothing was lost")  # noqa: T201
