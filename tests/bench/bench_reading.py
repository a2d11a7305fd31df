"""How well saved pages are read: title, date and body against gold, for HTML and for text dumps.

Run: python tests/bench/bench_reading.py [--pages DIR] [--each]. Prints plain trafilatura.extract beside our readers.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from bot.errors import ReadError  # noqa: E402
from ingest.read.dumps.page import read_page_text  # noqa: E402
from ingest.read.html import read_html  # noqa: E402

PAGES = ROOT.parent / "shared" / "bench" / "pages"


@dataclass
class Read:
    """What a reader made of a page."""

    title: str
    published: str | None
    body: str


def ours(reader: Callable[..., object], content: bytes | str, url: str | None) -> Read:
    """One of our readers; a refused page counts as read empty."""
    try:
        article = reader(content, url=url)
    except ReadError as error:
        print("   refused:", error, file=sys.stderr)
        return Read("", None, "")
    day: date | None = article.published  # type: ignore[attr-defined]
    return Read(article.title, day.isoformat() if day else None, article.text)  # type: ignore[attr-defined]


def trafilatura_html(content: bytes | str, url: str | None) -> Read:
    """trafilatura as anyone would call it."""
    import trafilatura

    found = trafilatura.bare_extraction(content, url=url, with_metadata=True)
    if found is None:
        return Read("", None, "")
    return Read(found.title or "", found.date, found.text or "")


def trafilatura_text(content: bytes | str, url: str | None) -> Read:
    """The dump's lines as paragraphs, through trafilatura."""
    import html

    assert isinstance(content, str)
    rows = "".join(f"<p>{html.escape(line.strip())}</p>" for line in content.splitlines() if line.strip())
    return trafilatura_html(f"<html><body><article>{rows}</article></body></html>", url)


def whole_text(content: bytes | str, url: str | None) -> Read:  # noqa: ARG001 - one signature for all
    """The dump as it is."""
    assert isinstance(content, str)
    return Read(next((line.strip() for line in content.splitlines() if line.strip()), ""), None, content)


def words(text: str) -> list[str]:
    """Lower-case words, whatever stands between them."""
    return re.findall(r"\w+", text.casefold().replace("’", "'"))


def four_grams(text: str) -> Counter[tuple[str, ...]]:
    """Runs of four words, counted."""
    run = words(text)
    return Counter(zip(run, run[1:], run[2:], run[3:], strict=False))


def body_score(gold: str, read: str) -> tuple[float, float, float]:
    """Precision, recall and F1 over word 4-grams."""
    a, b = four_grams(gold), four_grams(read)
    common = sum((a & b).values())
    if not common:
        return 0.0, 0.0, 0.0
    precision, recall = common / b.total(), common / a.total()
    return precision, recall, 2 * precision * recall / (precision + recall)


def run(name: str, reader: Callable[[bytes | str, str | None], Read], pages: list[tuple[dict[str, str], bytes | str]],
        with_url: bool, each: bool) -> None:  # fmt: skip
    """Print one row of figures."""
    titles = days = wrong = 0
    scores, seconds = [], []
    for gold, content in pages:
        began = time.perf_counter()
        read = reader(content, gold["url"] if with_url else None)
        seconds.append(time.perf_counter() - began)
        title_right = words(read.title) == words(gold["title"])
        day_right = read.published == gold["published"][:10]
        titles += title_right
        days += day_right
        wrong += read.published is not None and not day_right
        scores.append(body_score(gold["body"], read.body))
        if each:
            p, r, f = scores[-1]
            missed = "" if title_right else f"title {read.title[:60]!r} "
            missed += "" if day_right else f"date {read.published} "
            print(f"   {gold['name']:32} P {p:.3f} R {r:.3f} F {f:.3f} {seconds[-1] * 1000:5.0f} ms  {missed}")
    count = len(pages)
    p, r, f = (statistics.mean(column) for column in zip(*scores, strict=True))
    print(f"{name:44} {titles / count:6.1%} {days / count:6.1%} {wrong / count:6.1%} {p:6.3f} {r:6.3f} {f:6.3f} "
          f"{statistics.median(seconds) * 1000:7.1f}")  # fmt: skip


def main() -> None:
    """Read the pages in every way, and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=Path, default=PAGES, help="a folder with gold.jsonl, *.html and *.txt")
    parser.add_argument("--each", action="store_true", help="print every page of our readers")
    parser.add_argument("--ours", action="store_true", help="leave the others out")
    options = parser.parse_args()
    if not (options.pages / "gold.jsonl").exists():
        sys.exit(f"{options.pages} holds no gold.jsonl: give the folder of pages with --pages")
    golds = [json.loads(line) for line in (options.pages / "gold.jsonl").open(encoding="utf-8")]
    html_pages = [(gold, (options.pages / f"{gold['name']}.html").read_bytes()) for gold in golds]
    text_pages = [(gold, (options.pages / f"{gold['name']}.txt").read_text(encoding="utf-8")) for gold in golds]
    print(f"{len(golds)} pages{'':35}  title   date  wrong   prec    rec     F1   ms (median)")
    run("html, ours, with its address", lambda c, u: ours(read_html, c, u), html_pages, True, options.each)
    run("html, ours, no address", lambda c, u: ours(read_html, c, u), html_pages, False, False)
    if not options.ours:
        run("html, trafilatura, with its address", trafilatura_html, html_pages, True, False)
        run("html, trafilatura, no address", trafilatura_html, html_pages, False, False)
    run("txt, ours", lambda c, u: ours(read_page_text, c, u), text_pages, False, options.each)
    if not options.ours:
        run("txt, lines as <p>, trafilatura", trafilatura_text, text_pages, False, False)
        run("txt, the whole text", whole_text, text_pages, False, False)


if __name__ == "__main__":
    main()
