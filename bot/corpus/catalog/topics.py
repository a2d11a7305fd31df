"""What the corpus speaks of: the names that most of its articles begin with, and how new it is."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import dropwhile
from typing import TYPE_CHECKING, Any

from bot.corpus.catalog.articles import Articles, newest
from bot.corpus.catalog.feeds import last_run
from bot.schema import Scope
from bot.text.names import is_title, names, one_form
from bot.text.unicode import folded

if TYPE_CHECKING:
    from bot.corpus.corpus import Corpus

TOPIC_ARTICLES = 2000
"""Newest articles that are read for their names."""
TOPIC_TEXT_CHARS = 600
"""What an article is about stands in its beginning."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A name, in how many articles it stands, and the day of the newest of them."""

    name: str
    articles: int
    newest: date | None


def topics(catalog: Articles, count: int, scope: Scope) -> list[Topic]:
    """The names that most of the newest articles in scope begin with, wire copies counted once. Raises CorpusError."""
    outlets = {folded(source) for source in catalog.sources()}
    found: dict[str, Counter[str]] = {}
    newest_day: dict[str, date | None] = {}
    for article in {each.text: each for each in newest(catalog, TOPIC_ARTICLES, scope=scope, whole=True)}.values():
        said: dict[str, str] = {}
        for name in names(f"{article.title}\n{article.text[:TOPIC_TEXT_CHARS]}"):
            words = list(dropwhile(is_title, (re.sub(r"['’]s?$", "", word) for word in name.words)))
            if words and folded(shown := " ".join(words)) not in outlets:
                said.setdefault(one_form("-".join(words)), shown)
        for key, shown in said.items():
            found.setdefault(key, Counter())[shown] += 1
            newest_day.setdefault(key, article.published)
    most = sorted(found.items(), key=lambda each: (-each[1].total(), each[0]))
    return [
        Topic(spellings.most_common(1)[0][0], spellings.total(), newest_day[key])
        for key, spellings in most[:count]
        if spellings.total() > 1
    ]


def about_corpus(corpus: Corpus) -> dict[str, Any]:
    """How many articles, the last day of publication, and how long ago the last ingest ended. Blocks."""
    try:
        coverage, run = corpus.coverage(), last_run(corpus.catalog)
    except Exception as error:
        # Health must answer when the disk does not.
        return {"error": f"the corpus cannot be read ({type(error).__name__})"}
    ended = run.finished_at if run is not None else None
    return {
        "articles": coverage.articles,
        "newest": coverage.last.isoformat() if coverage.last else None,
        "age_seconds": round((datetime.now(UTC) - ended).total_seconds()) if ended else None,
    }
