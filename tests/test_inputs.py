"""What was read before is known by its bytes and not read again, unless anything about it is another."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.corpus.corpus import Corpus
from bot.schema import Article, Outcome, OutcomeKind
from bot.settings import Settings
from bot.wiring import open_corpus
from ingest.pipeline import dry_run, ingest
from ingest.read import ReadOptions, contract, read

TEXT = (
    "The harbour of Norrvik opened its new quay on Tuesday. Two ferries a day will sail to the islands from May, the "
    "port authority said. The quay cost 31 million kroner and took four years to build.\n\n"
    "Fishermen had asked for it since a storm destroyed the old one in 2019."
)
PAGE = f"""<!doctype html><html lang="en"><head><title>Quay opens | Norrvik News</title>
<link rel="canonical" href="https://norrvik.example/quay"></head><body><article><h1>Quay opens</h1>
{"".join(f"<p>{each}</p>" for each in TEXT.split(chr(10) * 2))}</article></body></html>"""


@pytest.fixture
def corpus(settings: Settings) -> Iterator[Corpus]:
    made = open_corpus(settings, create=True)
    yield made
    made.close()


def record(url: str = "https://norrvik.example/quay", text: str = TEXT) -> dict[str, str]:
    return {"url": url, "title": "Quay opens", "text": text, "published": "2024-05-07", "source": "Norrvik News"}


def files(folder: Path) -> dict[str, Path]:
    """The article in every kind of file whose contents are known again."""
    found = {name: folder / name for name in ("a.jsonl", "a.json", "a.csv", "a.html", "a.txt", "a.parquet")}
    found["a.jsonl"].write_text(json.dumps(record()) + "\n" + json.dumps(record("https://norrvik.example/two")) + "\n")
    found["a.json"].write_text(json.dumps([record()]))
    found["a.csv"].write_text(f'url,title,text\nhttps://norrvik.example/quay,Quay opens,"{TEXT}"\n')
    found["a.html"].write_text(PAGE)
    found["a.txt"].write_text(f"Quay opens\n\n7 May 2024\n\n{TEXT}\n")
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.Table.from_pylist([record()]), found["a.parquet"])
    return found


def options_of(corpus: Corpus, **changes: object) -> ReadOptions:
    return replace(ReadOptions(known_input=corpus.catalog.known_input), **changes)  # type: ignore[arg-type]


def run(corpus: Corpus, path: Path, **changes: object) -> list[Outcome]:
    with corpus.writing():
        return list(ingest(corpus, read([str(path)], options_of(corpus, **changes))))


def was_read(corpus: Corpus, path: Path, **changes: object) -> bool:
    """Whether any of it is read again, and not known by its bytes alone."""
    return any(isinstance(item, Article) for item in read([str(path)], options_of(corpus, **changes)))


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.html", "a.txt", "a.parquet"])
def test_every_kind_is_known_again(corpus: Corpus, tmp_path: Path, name: str) -> None:
    path = files(tmp_path)[name]
    first = run(corpus, path)
    assert {each.kind for each in first} <= {OutcomeKind.NEW, OutcomeKind.COPY}
    assert not was_read(corpus, path)
    again = run(corpus, path)
    assert [(each.kind, each.origin, each.article_id, each.title) for each in again] == [
        (OutcomeKind.UNCHANGED, each.origin, each.article_id, each.title) for each in first
    ]
    assert [each.kind for each in dry_run(read([str(path)], options_of(corpus)), corpus)] == [
        OutcomeKind.UNCHANGED for _ in first
    ]


def test_folders_and_archives_of_nothing_new_are_no_failure(corpus: Corpus, tmp_path: Path) -> None:
    inside = tmp_path / "pages"
    inside.mkdir()
    (inside / "a.html").write_text(PAGE)
    packed = (
        shutil.make_archive(str(tmp_path / "pages"), "zip", inside),
        shutil.make_archive(str(tmp_path / "p"), "tar", inside),
    )
    for path in (inside, *map(Path, packed)):
        run(corpus, path)
        assert [each.kind for each in run(corpus, path)] == [OutcomeKind.UNCHANGED]


def test_other_bytes_another_way_of_reading_or_other_readers_are_read(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = files(tmp_path)["a.html"]
    run(corpus, path)
    assert was_read(corpus, path, source="Another Desk")
    monkeypatch.setattr(contract, "READING_VERSION", contract.READING_VERSION + 1)
    assert was_read(corpus, path)
    assert [each.kind for each in run(corpus, path)] == [OutcomeKind.UNCHANGED], "and known from then on"
    assert not was_read(corpus, path)
    path.write_text(PAGE.replace("31 million", "32 million"))
    assert [each.kind for each in run(corpus, path)] == [OutcomeKind.CHANGED]
    path.write_text(PAGE)
    assert [each.kind for each in run(corpus, path)] == [OutcomeKind.CHANGED], "what it was before is a change again"


def test_what_was_removed_or_changed_by_another_file_is_read(corpus: Corpus, tmp_path: Path) -> None:
    path, other = tmp_path / "a.json", tmp_path / "b.json"
    path.write_text(json.dumps([record()]))
    other.write_text(json.dumps([record(text=TEXT.replace("Tuesday", "Wednesday"))]))
    (first,) = run(corpus, path)
    run(corpus, other)
    assert was_read(corpus, path)
    assert not was_read(corpus, other)
    with corpus.writing(), corpus.catalog.writing() as writer:
        writer.remove(first.article_id)
    assert was_read(corpus, other)
    assert [each.kind for each in run(corpus, other)] == [OutcomeKind.NEW]


def test_one_address_with_two_texts_stays_as_it_is_in_every_run(corpus: Corpus, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [record(), record(text=TEXT.replace("Tuesday", "Wednesday"))]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert [each.kind for each in run(corpus, path)] == [OutcomeKind.NEW, OutcomeKind.SKIPPED]
    for _ in range(2):
        assert [each.kind for each in run(corpus, path)] == [OutcomeKind.UNCHANGED, OutcomeKind.SKIPPED]
