"""The sample corpus and its questions agree with each other: addresses, gold answers, forms.

It looks at the raw files with the standard library alone.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

SAMPLE = Path(__file__).resolve().parents[1] / "ingest" / "sample"
NEWS = SAMPLE / "news"
ADDRESS = re.compile(r"https://[a-z]+\.example/[\w./-]+")
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
KINDS = {"number", "percentage", "money", "date", "person", "place", "organisation", "yes/no", "definition"}


def fold(raw: str) -> str:
    """Returns the text with character references resolved, tags dropped and white space folded."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", raw)).split())


def read_articles() -> list[tuple[str, str]]:
    """Returns (address, folded raw text) of every article, as often as it stands in the corpus."""
    articles = []
    for page in sorted(NEWS.glob("pages/*.txt")):
        raw = page.read_text(encoding="utf-8")
        addresses = ADDRESS.findall(raw)
        assert len(addresses) == 1, f"{page.name}: a saved page names its own address once and no other"
        articles.append((addresses[0], fold(raw)))
    for page in sorted(NEWS.glob("html/*.html")):
        raw = page.read_text(encoding="utf-8")
        own = set(re.findall(r'(?:rel="canonical" href|property="og:url" content)="([^"]+)"', raw))
        assert len(own) == 1, f"{page.name}: canonical link and og:url must name one address"
        articles.append((own.pop(), fold(raw)))
    for archive in sorted(NEWS.glob("*.jsonl")):
        for line in archive.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            assert set(row) == {"url", "title", "text", "authors", "publish_date", "source"}
            articles.append((row["url"], fold(row["title"] + "\n" + row["text"])))
    for feed in sorted(NEWS.glob("*.xml")):
        items = ElementTree.parse(feed).iter("item")
        articles += [(item.findtext("link", ""), fold(item.findtext(CONTENT, ""))) for item in items]
    return articles


def read_questions() -> list[dict[str, Any]]:
    """Returns the rows of questions.jsonl."""
    return [json.loads(line) for line in (SAMPLE / "questions.jsonl").read_text(encoding="utf-8").splitlines()]


ARTICLES = read_articles()
TEXT_OF = dict(ARTICLES)
QUESTIONS = read_questions()


def test_every_address_stands_in_one_file_and_is_reserved() -> None:
    counts = Counter(address for address, _ in ARTICLES)
    assert [address for address, count in counts.items() if count > 1] == []
    assert len(counts) >= 24
    assert [address for address in counts if not ADDRESS.fullmatch(address)] == []


def test_articles_come_in_all_four_forms_from_five_outlets() -> None:
    assert len(list(NEWS.glob("pages/*.txt"))) >= 12
    assert len(list(NEWS.glob("html/*.html"))) >= 8
    assert len(list(NEWS.glob("*.jsonl"))) == 1
    assert len(list(NEWS.glob("*.xml"))) == 1
    assert len({address.split("/")[2] for address in TEXT_OF}) == 5


def test_articles_are_short_but_whole() -> None:
    words = {address: len(text.split()) for address, text in ARTICLES}
    assert {address: count for address, count in words.items() if not 120 <= count <= 600} == {}


def test_one_article_has_no_date_and_the_others_do() -> None:
    dated = re.compile(
        r"\b(?:\d{4}-\d{2}-\d{2}|\d{1,2} [A-Z][a-z]+ (?:19|20)\d{2}|[A-Z][a-z]+ \d{1,2}, (?:19|20)\d{2})\b"
    )
    undated = [page.name for page in NEWS.glob("pages/*.txt") if not dated.search(page.read_text(encoding="utf-8"))]
    assert undated == ["orbitcourier-voyager-golden-record.txt"]
    for page in NEWS.glob("html/*.html"):
        assert dated.search(page.read_text(encoding="utf-8")), page.name
    for archive in NEWS.glob("*.jsonl"):
        for line in archive.read_text(encoding="utf-8").splitlines():
            date.fromisoformat(json.loads(line)["publish_date"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "https://northernledger.example/world/shipping/ever-given-freed-suez-20210329",
            "https://southwinddaily.example/world/ever-given-refloated-suez",
        ),
        (
            "https://northernledger.example/world/population-eight-billion-20221115",
            "https://globeandquay.example/world/2022/nov/15/eight-billion-people",
        ),
    ],
)
def test_agency_copy_shares_most_of_its_sentences_and_not_all(one: str, other: str) -> None:
    def sentences(text: str) -> set[str]:
        return {s for s in re.split(r"(?<=[.!?]) ", text) if len(s) > 60}

    here, there = sentences(TEXT_OF[one]), sentences(TEXT_OF[other])
    assert len(here & there) >= 5
    assert here != there


def test_question_ids_are_unique_and_fields_are_complete() -> None:
    assert [i for i, count in Counter(q["id"] for q in QUESTIONS).items() if count > 1] == []
    for question in QUESTIONS:
        assert set(question) == {"id", "question", "asked_on", "kind", "answers", "relevant"}
        date.fromisoformat(question["asked_on"])


def test_questions_cover_every_kind_of_answer() -> None:
    answerable = [q for q in QUESTIONS if q["answers"]]
    assert len(answerable) >= 40
    assert {q["kind"] for q in answerable} == KINDS
    refused = [q for q in QUESTIONS if q["kind"] == "none"]
    assert len(refused) >= 6
    assert all(q["answers"] == [] and q["relevant"] == [] for q in refused)
    assert len(answerable) + len(refused) == len(QUESTIONS)


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q["answers"]], ids=lambda q: q["id"])
def test_gold_answers_stand_verbatim_in_the_relevant_articles(question: dict[str, Any]) -> None:
    assert question["relevant"], "an answer needs an article"
    for address in question["relevant"]:
        assert address in TEXT_OF
        assert any(answer in TEXT_OF[address] for answer in question["answers"]), address
    for answer in question["answers"]:
        assert any(answer in TEXT_OF[address] for address in question["relevant"]), answer
