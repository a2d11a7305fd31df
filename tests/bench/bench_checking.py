"""Measures what the check of a chat model's prose costs and catches.

Run it from the checkout: python -m tests.bench.bench_checking [CLAIMS.jsonl]. Printed are the milliseconds of an answer
over the scripted replies of tests/replies, and, with a file of claims as `newsbot eval --claims` takes, how many of
their true sentences are caught once a number, a day, a unit or a name in them is changed to one that stands nowhere in
the passage.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from bot.answering.check.gate import check
from bot.answering.check.judge import check_claims
from bot.answering.check.marks import find_marks
from bot.answering.check.prose import Draft, ProseCheck
from bot.evaluation.claims import Share, read_claims
from bot.schema import Answer, Article, Hit, Passage, Question
from ingest.read import read

ROOT = Path(__file__).resolve().parents[2]
REPLIES = ROOT / "tests" / "replies"
FILES = ("tuned", "held")
MILLISECONDS_MOST = 8.0
CHUNK_CHARS = 5
"""How the replies stream in: about a token at a time."""


@dataclass(frozen=True)
class Checked:
    """One reply after the check and after the gate."""

    draft: Draft
    answer: Answer
    seconds: float


@cache
def articles() -> tuple[Article, ...]:
    """The articles of the sample corpus."""
    found = read([str(ROOT / "ingest" / "sample" / "news")])
    return tuple(article for article in found if isinstance(article, Article))


@cache
def sample_hit(name: str) -> Hit:
    """The whole of the article whose address or file holds `name`, as one passage: the hardest case for the check."""
    (article,) = [each for each in articles() if name in f"{each.url} {each.origin}"][:1]
    return Hit(Passage(name, article, 0, len(article.text)), 1.0)


def evidence_hit(given: str | Mapping[str, str]) -> Hit:
    """An article of the sample corpus by a part of its address, or a passage of the reply's own."""
    if isinstance(given, str):
        return sample_hit(given)
    published = date.fromisoformat(given["published"]) if "published" in given else None
    article = Article(
        title=given["title"], text=given["text"], url=given.get("url"), source=given["source"], published=published
    )
    return Hit(Passage(given["title"], article, 0, len(article.text)), 1.0)


def replies(file: str) -> Iterator[dict[str, Any]]:
    """The rows of tests/replies/<file>.jsonl."""
    for line in (REPLIES / f"{file}.jsonl").read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def checked(reply: Mapping[str, Any]) -> Checked:
    """Stream one reply through the check, then through the gate."""
    question = Question(reply["question"])
    evidence = {key: evidence_hit(given) for key, given in reply["evidence"].items()}
    text = " ".join(sentence["text"] for sentence in reply["sentences"])
    started = time.process_time()
    prose = ProseCheck(question, evidence)
    for at in range(0, len(text), CHUNK_CHARS):
        prose.feed(text[at : at + CHUNK_CHARS])
        prose.draft()
    draft = prose.finish()
    answer = check(Answer(question=question, text=draft.text, citations=draft.citations, removed=draft.removed))
    seconds = time.process_time() - started
    return Checked(draft, answer, seconds)


def is_sound(result: Checked) -> bool:
    """Whether every mark has its citation, and every quote stands at its place in its article."""
    answer = result.answer
    if not answer.answered:
        return True
    numbers = [str(citation.number) for citation in answer.citations]
    marks = find_marks(answer.text, numbers)
    used = {key for mark in marks for key in mark.keys}
    return (
        not any(mark.unknown for mark in marks)
        and used == set(numbers)
        and all(each.article.text[each.start : each.end] == each.quote for each in answer.citations)
        and all(each.link is None or each.link.startswith(each.article.url or "?") for each in answer.citations)
    )


MONTHS = ("January", "February", "April", "June", "July", "September", "October", "November", "December")
_MONTH = "|".join(MONTHS)
CHANGES = {
    "number": re.compile(rf"(?<![\w.,$€£-])[2-9]\d{{0,2}}(?:,\d{{3}})*(?![\w.,-]|\s(?:March|May|{_MONTH}))"),
    "year": re.compile(r"\b(?:19|20)\d\d\b"),
    "month": re.compile(rf"\b(?:{_MONTH})(?=\s\d)"),
    "name": re.compile(r"(?<=[a-z] )[A-Z][a-z]{3,}(?= [a-z])"),
    "unit": re.compile(r"\bmillion\b|%|(?<=\d )(?:miles|feet|pounds|acres)\b|\$(?=\d)"),
}
INSTEAD = {"number": "7,919", "year": "1907", "name": "Lindqvist"}
OTHER_UNITS = {
    "million": "trillion", "%": " kilograms", "miles": "litres", "feet": "hectares", "pounds": "acres", "acres": "tons",
    "$": "¥",
}  # fmt: skip


def changed(claim: str, passage: str) -> Iterator[tuple[str, str]]:
    """A sentence with one number, day, unit or name replaced by one that its passage does not hold, and the kind."""
    for kind, pattern in CHANGES.items():
        for found in pattern.finditer(claim):
            month = next(month for month in MONTHS if month[:3] not in passage + claim)
            new = INSTEAD.get(kind) or OTHER_UNITS.get(found[0]) or month
            if new not in passage:
                yield kind, claim[: found.start()] + new + claim[found.end() :]
                break


def catches(path: Path) -> dict[str, Share]:
    """Of changed sentences, how many are caught, by what was changed."""
    caught, total = Counter[str](), Counter[str]()
    for excerpt in read_claims(path):
        article = excerpt.hit.article
        passage = f"{article.title} {article.text} {article.published or ''} {article.published or date.min:%B}"
        made = [each for claim in excerpt.claims if claim.ok for each in changed(claim.text, passage)]
        for (kind, _), reason in zip(made, check_claims(excerpt.hit, [text for _, text in made]), strict=True):
            total[kind] += 1
            caught[kind] += reason is not None
    return {kind: Share(caught[kind], count) for kind, count in total.items()}


def main(arguments: Sequence[str]) -> int:
    """Print the figures; 1 where the time falls short."""
    rows = [row for file in FILES for row in replies(file)]
    checked(rows[0])  # warm: patterns compiled, tables and the splitter's model read
    results = [checked(row) for row in rows]
    seconds = sorted(result.seconds for result in results)
    print(
        f"{len(rows)} replies, sound {sum(map(is_sound, results))}; milliseconds an answer:"
        f" mean {1000 * statistics.fmean(seconds):.1f}, p50 {1000 * statistics.median(seconds):.1f},"
        f" p95 {1000 * seconds[int(0.95 * len(seconds))]:.1f}"
    )
    for path in arguments:
        shares = catches(Path(path))
        shares["all"] = Share(sum(each.found for each in shares.values()), sum(each.of for each in shares.values()))
        for kind, share in shares.items():
            print(f"  changed {kind:<8} caught {share.value:.3f}  {share.found} of {share.of}")
    return int(1000 * statistics.fmean(seconds) > MILLISECONDS_MOST)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
