"""The shared benchmarks: folders of real articles with questions, for what is measured over them."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from bot.evaluation.metrics import is_yes_no
from bot.evaluation.question_file import EvalQuestion, read_questions
from bot.schema import Article

SHARED = Path(__file__).resolve().parents[3] / "shared" / "bench"


def read_articles(folder: Path) -> Iterator[Article]:
    """The articles of a folder, dated where their collector found a date."""
    with gzip.open(folder / "articles.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            host = re.sub(r"^https?://(?:www\.)?|/.*$", "", row["url"])
            yield Article(
                title=row["title"] or "",
                text=row["text"],
                url=row["url"],
                source=host,
                published=_day(row.get("publish_date")),
                id=row["url"],
            )


def _day(written: str | None) -> date | None:
    for form in ("%Y/%m/%d", "%Y-%m-%d"):
        try:
            return datetime.strptime((written or "")[:10], form).date()  # noqa: DTZ007 - a day has no time zone
        except ValueError:
            continue
    return None


def load(folder: Path) -> tuple[list[Article], list[EvalQuestion]]:
    """The articles and questions of a folder."""
    return list(read_articles(folder)), read_questions(folder / "questions.jsonl")


def answerable(question: EvalQuestion) -> bool:
    """Whether an article holds the answer, and it is no yes or no."""
    return bool(question.relevant) and not is_yes_no(question.answers)
