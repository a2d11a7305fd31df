"""The reading door: whatever is named, articles come out, and a reason for each thing that is none."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bot.schema import Article, Outcome, OutcomeKind
from ingest.read import Limits, ReadOptions, read
from ingest.read.contract import Fetched

PAGE = """Skip to content
Lindmouth Tide
News
Sport

Harbour of Lindmouth reopens after dredging

May 4, 2021

The harbour of Lindmouth reopened on Monday after eleven weeks of dredging, the port authority said.

Ships of up to 9.5 metres draught can call there again, half a metre more than before the works began.

The first to enter was a grain carrier from Gdansk, which had waited outside for two days.
"""
HTML = """<!doctype html><html><head><title>Harbour of Lindmouth reopens - Lindmouth Tide</title>
<meta property="og:title" content="Harbour of Lindmouth reopens">
<meta property="article:published_time" content="2021-05-04T08:00:00+02:00"></head><body>
<nav><a href="/">Home</a> <a href="/sport">Sport</a></nav><article><h1>Harbour of Lindmouth reopens</h1>
<p>The harbour of Lindmouth reopened on Monday after eleven weeks of dredging, the port authority said.</p>
<p>Ships of up to 9.5 metres draught can call there again, half a metre more than before the works began.</p>
<p>The first to enter was a grain carrier from Gdansk, which had waited outside for two days.</p>
</article><footer>© Lindmouth Tide</footer></body></html>"""
LINE = json.dumps({"title": "Ferry", "text": "The ferry sails again.", "source": "The Tide"})


def _articles(items: list[Article | Outcome]) -> list[Article]:
    return [item for item in items if isinstance(item, Article)]


def _outcomes(items: list[Article | Outcome]) -> list[Outcome]:
    return [item for item in items if isinstance(item, Outcome)]


@pytest.mark.parametrize("content", [PAGE, HTML])
@pytest.mark.parametrize("name", ["page.txt", "page.html", "page"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_page_whatever_it_is_called(tmp_path: Path, content: str, name: str, packed: bool) -> None:
    path = tmp_path / (name + (".gz" if packed else ""))
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    (article,) = read([str(path)])
    assert isinstance(article, Article)
    assert article.title.startswith("Harbour of Lindmouth reopens")
    assert article.published is not None
    assert article.published.isoformat() == "2021-05-04"
    assert "half a metre more" in article.text
    assert "Sport" not in article.text
    assert article.origin == str(path)


def test_a_named_source_wins_everywhere(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(LINE)
    (tmp_path / "b.html").write_text(HTML)
    (tmp_path / "c.txt").write_text(PAGE)
    articles = _articles(list(read([str(tmp_path)], ReadOptions(source="My Desk"))))
    assert [article.source for article in articles] == ["My Desk"] * 3


def test_a_folder_is_read_in_order_with_a_reason_for_the_rest(tmp_path: Path) -> None:
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "b.jsonl").write_text(LINE)
    (tmp_path / "sub" / "deep" / "a.jsonl").write_text(LINE)
    (tmp_path / ".hidden" / "c.jsonl").write_text(LINE)
    (tmp_path / ".d.jsonl").write_text(LINE)
    (tmp_path / "README.md").write_text("About these files.")
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "style.css").write_text("body {}")
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "noise.txt").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "menu.txt").write_text("Home\nSport\nWeather\n")
    items = list(read([str(tmp_path)]))
    assert [Path(item.origin).relative_to(tmp_path).as_posix() for item in _articles(items)] == [
        "b.jsonl",
        "sub/deep/a.jsonl",
    ]
    assert {Path(item.origin).name: item.kind.value for item in _outcomes(items)} == {
        "README.md": "skipped",
        "logo.png": "skipped",
        "style.css": "skipped",
        "menu.txt": "skipped",
        "empty.txt": "failed",
        "noise.txt": "failed",
    }
    assert all(item.reason for item in _outcomes(items))


def test_a_folder_without_articles_says_so_once(tmp_path: Path) -> None:
    (outcome,) = read([str(tmp_path)])
    assert isinstance(outcome, Outcome)
    assert (outcome.kind, outcome.origin) == (OutcomeKind.FAILED, str(tmp_path))
    assert "no article" in outcome.reason
    (tmp_path / "README").write_text("x")
    assert [item.kind for item in _outcomes(list(read([str(tmp_path)])))] == [OutcomeKind.SKIPPED, OutcomeKind.FAILED]


def test_links_and_pipes_in_folders(tmp_path: Path) -> None:
    outside = tmp_path / "outside.jsonl"
    outside.write_text(LINE)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.jsonl").write_text(LINE)
    (folder / "inside-link.jsonl").symlink_to(folder / "a.jsonl")
    (folder / "out.jsonl").symlink_to(outside)
    (folder / "nowhere.jsonl").symlink_to(folder / "gone")
    (folder / "round").symlink_to(folder)
    os.mkfifo(folder / "pipe.jsonl")
    items = list(read([str(folder)]))
    assert len(_articles(items)) == 2
    kinds = {Path(item.origin).name: item.kind.value for item in _outcomes(items)}
    assert kinds == {"out.jsonl": "skipped", "nowhere.jsonl": "failed", "pipe.jsonl": "skipped"}


def test_globs_and_missing_files(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", "c.txt", "[x].jsonl"):
        (tmp_path / name).write_text(LINE)
    found = _articles(list(read([f"{tmp_path}/?.jsonl"])))
    assert [Path(item.origin).name for item in found] == ["a.jsonl", "b.jsonl"]
    assert len(_articles(list(read([f"{tmp_path}/[x].jsonl"])))) == 1, "a name is tried before a pattern"
    for missing, words in ((f"{tmp_path}/*.xml", "pattern"), (f"{tmp_path}/no.txt", "no such file"), ("\0", "")):
        (outcome,) = read([missing])
        assert isinstance(outcome, Outcome)
        assert outcome.kind == OutcomeKind.FAILED
        assert words in outcome.reason


def test_one_bad_source_does_not_stop_the_next(tmp_path: Path) -> None:
    good = tmp_path / "a.jsonl"
    good.write_text(LINE)
    items = list(read(["/no/such/file", "ftp://x.example/", "https://x.example/", str(good)]))
    assert [type(item) for item in items] == [Outcome, Outcome, Outcome, Article]
    assert "only http and https" in _outcomes(items)[1].reason
    assert "network" in _outcomes(items)[2].reason


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_input_of_any_kind(pack: type[bytes]) -> None:
    (article,) = read(["-"], stdin=io.BytesIO(pack(LINE.encode())))
    assert isinstance(article, Article)
    assert article.origin == "-"


def test_standard_input_through_a_pipe() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x.jsonl", LINE)
    code = "from ingest.read import read\nfor item in read(['-']): print(item.origin)"
    done = subprocess.run([sys.executable, "-c", code], input=buffer.getvalue(), capture_output=True, check=True)
    assert done.stdout.decode().strip() == "-!x.jsonl"


def test_an_address_is_fetched_and_its_kind_found() -> None:
    def fetch(url: str) -> Fetched:
        return Fetched(url=url, final_url=url + "/", status=200, data=HTML.encode())

    (article,) = read(["https://tide.example/harbour"], ReadOptions(fetch=fetch))
    assert isinstance(article, Article)
    assert article.url == "https://tide.example/harbour/"
    assert article.origin == "https://tide.example/harbour"


def test_an_endless_text_is_no_article(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"text": "word " * 1000}))
    (outcome,) = read([str(path)], ReadOptions(limits=Limits(article_chars=1000)))
    assert isinstance(outcome, Outcome)
    assert (outcome.kind, "1,000 characters" in outcome.reason) == (OutcomeKind.FAILED, True)


def test_a_fault_in_a_reader_is_an_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a parser's own fault")

    monkeypatch.setattr("ingest.read.records.read_json", broken)
    path = tmp_path / "a.jsonl"
    path.write_text(LINE)
    (outcome,) = read([str(path)])
    assert isinstance(outcome, Outcome)
    assert "ZeroDivisionError" in outcome.reason


def test_the_door_is_light() -> None:
    code = "import sys, ingest.read; print(','.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split(",")
    heavy = {
        "lxml",
        "feedparser",
        "pyarrow",
        "httpx2",
        "trafilatura",
        "htmldate",
        "numpy",
        "charset_normalizer",
    }
    assert not heavy & {name.split(".")[0] for name in loaded}


def test_a_file_larger_than_the_memory_allowed_is_streamed(tmp_path: Path) -> None:
    """14 MB of lines and one line of 200 MB, in a process that may grow by little more than one line's cap."""
    path = tmp_path / "large.jsonl"
    with path.open("w") as file:
        for number in range(1500):
            file.write(json.dumps({"title": str(number), "text": "The ferry sails again. " * 400}) + "\n")
        file.write('{"text": "')
        for _ in range(200):
            file.write("x" * 1024 * 1024)
        file.write('"}\n' + LINE + "\n")
    code = """
import resource, sys
from ingest.read import read
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
articles, outcomes = 0, []
for item in read([sys.argv[1]]):
    if hasattr(item, "reason"): outcomes.append(item.reason)
    else: articles += 1
print(articles, outcomes, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, sep="|")
"""
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    articles, outcomes, grown_mib = done.stdout.strip().split("|")
    assert articles == "1501"
    assert "line 1501 is longer than 16 MB" in outcomes
    assert int(grown_mib) < 80


@pytest.mark.parametrize(
    ("name", "start", "limits"),
    [("x.txt", "", Limits(text_bytes=50_000)), ("x.html", "<html><p>", Limits(page_bytes=50_000)),
     ("x.xml", "<rss><channel><item>", Limits(feed_bytes=50_000)),
     ("x.xml", "<urlset><url>", Limits(whole_bytes=50_000))],
)  # fmt: skip
def test_documents_beyond_their_caps_are_refused(tmp_path: Path, name: str, start: str, limits: Limits) -> None:
    path = tmp_path / name
    path.write_text(start + "word " * 20_000)
    (outcome,) = read([str(path)], ReadOptions(limits=limits))
    assert isinstance(outcome, Outcome)
    assert (outcome.kind, outcome.reason) == (
        OutcomeKind.FAILED,
        "it is larger than 49 kB, the limit for one document",
    )


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("https://jane:secret@tide.example/a", "https://tide.example/a"),
        ("https://tide.example/\n   a", "https://tide.example/a"),
        ("  https://jane@tide.example:8080/a b?c=@d\r\n", "https://tide.example:8080/a%20b?c=@d"),
    ],
)
def test_an_address_is_stored_without_line_breaks_and_passwords(tmp_path: Path, written: str, stored: str) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"title": "Ferry", "text": "The ferry sails again.", "url": written}))
    link = f'<link rel="canonical" href="{written}">'
    (tmp_path / "b.html").write_text(HTML.replace("<title>", link + "<title>", 1))
    item = (
        f"<item><title>Ferry</title><link><![CDATA[{written}]]></link><description>{'x ' * 900}.</description></item>"
    )
    (tmp_path / "c.xml").write_text(f"<rss version='2.0'><channel><title>Tide</title>{item}</channel></rss>")
    articles = _articles(list(read([str(tmp_path)])))
    assert [article.url for article in articles] == [stored] * 3


def test_the_password_of_an_address_that_is_fetched_is_not_shown() -> None:
    asked: list[str] = []

    def fetch(url: str) -> Fetched:
        asked.append(url)
        return Fetched(url=url, final_url=url, status=200, data=HTML.encode())

    (article,) = read(["https://jane:secret@tide.example/a"], ReadOptions(fetch=fetch))
    assert isinstance(article, Article)
    assert asked == ["https://jane:secret@tide.example/a"]
    assert (article.url, article.origin) == ("https://tide.example/a", "https://tide.example/a")
    (outcome,) = read(["https://jane:secret@tide.example/a"])
    assert "secret" not in outcome.origin
