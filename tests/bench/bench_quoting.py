"""Measures quoting over a folder of articles and questions: `python -m tests.bench.bench_quoting [FOLDER [LATER]]`.

Knows nothing about Chroma or the catalog: BM25 alone supplies the hits, so that only quoting is measured.
"""

from __future__ import annotations

import gzip
import json
import math
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from bot.answering.quoting import ANSWER_LEAST, quote
from bot.evaluation.baselines import best_by_words
from bot.evaluation.metrics import Sample, exact, figure, holds, is_yes_no, token_f1
from bot.evaluation.question_file import EvalQuestion, read_questions
from bot.retrieval.question import Understood, understand
from bot.schema import Answer, Article, Coverage, Hit, Passage, Question
from bot.text.words import stem, words
from ingest.chunk import chunk

SHARED = Path(__file__).resolve().parents[3] / "shared" / "bench"
PROMPTS = Path(__file__).resolve().parents[2] / "prompts"
HITS = 10
SOURCES = ("CNN", "USA Today", "The Week")


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


def passages_of(article: Article) -> Iterator[Passage]:
    """The article's passages as ingest cuts them."""
    for span in chunk(article.text):
        yield Passage(f"{article.id}#{span.start}", article, span.start, span.end)


class Bm25:
    """A tantivy index in a temporary folder, and the rarity of words in it."""

    def __init__(self, passages: Iterable[Passage], folder: str) -> None:
        import tantivy

        schema = tantivy.SchemaBuilder()
        schema.add_integer_field("n", stored=True)
        schema.add_text_field("title", tokenizer_name="en_stem")
        schema.add_text_field("body", tokenizer_name="en_stem")
        self.index = tantivy.Index(schema.build(), path=folder)
        self.passages: list[Passage] = []
        self.holding: Counter[str] = Counter()
        writer = self.index.writer(128_000_000, 1)
        for passage in passages:
            writer.add_document(tantivy.Document(n=len(self.passages), title=passage.article.title, body=passage.text))
            self.passages.append(passage)
            self.holding.update({word.stem for word in words(f"{passage.article.title} {passage.text}")})
        writer.commit()
        writer.wait_merging_threads()
        self.index.reload()

    def idf(self, word: str) -> float:
        """BM25's rarity of a word, by its stem."""
        held = self.holding[stem(word)]
        return math.log(1 + (len(self.passages) - held + 0.5) / (held + 0.5))

    def hits(self, understood: Understood, count: int = HITS) -> list[Hit]:
        """The best passages by BM25, title at half weight; scores are shares of the question's idf."""
        terms = re.sub(r"[^\w\s]", " ", understood.search_text)
        query = self.index.parse_query(terms, ["title", "body"], field_boosts={"title": 0.5})
        found = self.index.searcher().search(query, count).hits
        total = sum(self.idf(term.text) for term in understood.terms) or 1.0
        documents = [(score, self.index.searcher().doc(address)["n"][0]) for score, address in found]
        return [Hit(self.passages[number], score / total) for score, number in documents]


def load(folder: Path) -> tuple[list[Article], list[EvalQuestion]]:
    """The articles and questions of a folder."""
    return list(read_articles(folder)), read_questions(folder / "questions.jsonl")


def answerable(question: EvalQuestion) -> bool:
    """Whether an article holds the answer, and it is no yes or no."""
    return bool(question.relevant) and not is_yes_no(question.answers)


def understand_of(question: EvalQuestion) -> Understood:
    """What a question asks, its days counted from the day it was asked."""
    assert question.asked_on is not None
    return understand(Question(question.text, as_of=question.asked_on), question.asked_on, SOURCES)


def precision_at(rows: Sequence[tuple[float, bool]], share: float) -> float:
    """Of the most confident `share` of the questions, how many first quotes hold a gold answer."""
    found = figure(Sample("most_sure", {place: (right, sure) for place, (sure, right) in enumerate(rows)}, share))
    return found.value if found else math.nan


def measured(asked: Sequence[EvalQuestion], answers: Sequence[Answer]) -> dict[str, float]:
    """The figures of one way of answering."""
    golds = [question.answers for question in asked]
    pairs = list(zip(answers, golds, strict=True))
    first = [bool(a.citations) and holds(a.citations[0].quote, gold) for a, gold in pairs]
    together = [any(holds(c.quote, gold) for c in a.citations) for a, gold in pairs]
    sure = [(a.confidence, right) for a, right in zip(answers, first, strict=True)]
    count = len(pairs)
    return {
        "first quote": sum(first) / count,
        "all quotes": sum(together) / count,
        "EM": sum(exact(a.short, gold) for a, gold in pairs) / count,
        "F1": sum(token_f1(a.short, gold) for a, gold in pairs) / count,
        "answered": sum(a.answered for a in answers) / count,
        "prec@15%": precision_at(sure, 0.15),
        "prec@50%": precision_at(sure, 0.50),
    }


def main(folder: Path, later: Path | None = None) -> None:
    """Prints both ways of answering side by side, what abstaining does, and the time a question takes.

    The questions of a `later` year are asked too: what they ask about had not happened, and is to be refused.
    """
    articles, questions = load(folder)
    templates = {name: (PROMPTS / f"{name}.txt").read_text("utf-8") for name in ("not_answered", "no_articles")}
    with tempfile.TemporaryDirectory() as temporary:
        index = Bm25((passage for article in articles for passage in passages_of(article)), temporary)
        asked = [question for question in questions if answerable(question)]
        unheld = [question for question in questions if not question.relevant]
        plain: list[Answer] = []
        always: list[Answer] = []
        seconds: list[float] = []
        unsure: list[float] = []
        later_unsure: list[float] = []
        to_come = read_questions(later / "questions.jsonl") if later else []
        for question in (*asked, *unheld, *to_come):
            understood = understand_of(question)
            hits = index.hits(understood)
            began = time.perf_counter()
            held = Coverage(len(articles))
            answer = quote(understood, hits, held, idf=index.idf, answer_least=0.0, short_least=0.0, **templates)
            seconds.append(time.perf_counter() - began)
            if len(seconds) > len(asked):
                (unsure if len(seconds) <= len(asked) + len(unheld) else later_unsure).append(answer.confidence)
                continue
            always.append(answer)
            plain.append(best_by_words(understood, hits, index.idf))
    kept = [answer if answer.confidence >= ANSWER_LEAST else abstained(answer) for answer in always]
    print(f"{folder.name}: {len(asked)} questions, {len(index.passages)} passages, BM25 top {HITS}")
    rows = {
        "baseline": measured(asked, plain),
        "quoting": measured(asked, always),
        "abstaining": measured(asked, kept),
    }
    print(f"{'':12}" + "".join(f"{name:>13}" for name in rows["quoting"]))
    for name, figures in rows.items():
        print(f"{name:12}" + "".join(f"{figure:13.3f}" for figure in figures.values()))
    ratios = [rows["quoting"][name] / (rows["baseline"][name] or math.nan) for name in rows["quoting"]]
    print(f"{'ratio':12}" + "".join(f"{ratio:13.2f}" for ratio in ratios) + "   (quoting against baseline)")
    right = [holds(a.citations[0].quote, q.answers) for q, a in zip(asked, kept, strict=True) if a.answered]
    print(f"of what it answers, the first quote is right {sum(right) / len(right):.3f}")
    print(f"refused of {len(unheld)} questions without a relevant article: {refused(unsure):.3f}")
    if later:
        print(f"refused of {len(to_come)} questions of {later.name}: {refused(later_unsure):.3f}")
    fair = [
        (a.confidence, bool(a.citations) and holds(a.citations[0].quote, q.answers))
        for q, a in zip(asked, always, strict=True)
    ]
    fair += [(confidence, False) for confidence in (*unsure, *later_unsure)]
    sure = ", ".join(f"{precision_at(fair, share):.3f} at {share:.0%}" for share in (0.15, 0.5))
    print(f"precision over all {len(fair)}, where any answer to those is wrong: {sure} coverage")
    seconds.sort()
    median, p95 = (1000 * seconds[int(share * len(seconds))] for share in (0.5, 0.95))
    print(f"quoting over {HITS} hits: median {median:.1f} ms, p95 {p95:.1f} ms")


def refused(confidences: Sequence[float]) -> float:
    """The share that is too unsure to be answered."""
    return sum(confidence < ANSWER_LEAST for confidence in confidences) / len(confidences)


def abstained(answer: Answer) -> Answer:
    """What is left of an answer that is too unsure to be given."""
    return replace(answer, answered=False, short=None, citations=())


if __name__ == "__main__":
    main(*(SHARED / name for name in sys.argv[1:3] or ["news-2022"]))
