"""Measures the check of a model's prose over scripted replies: `python -m tests.bench.bench_checking [tuned|held]`.

Knows nothing about models: the replies of tests/replies are ours, each sentence labelled good or bad with its kind.
With the name of one file it also lists what it got wrong there. The rules were made while looking at `tuned`; `held`
was written afterwards, about articles and in words that no rule was made for, and is what to expect of new replies.
"""

from __future__ import annotations

import json
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

from bot.answering.checking import check
from bot.answering.proof.markers import find_marks
from bot.answering.proof.prose import Draft, ProseCheck
from bot.schema import Answer, Article, Hit, Passage, Question
from ingest.read import read

ROOT = Path(__file__).resolve().parents[2]
REPLIES = ROOT / "tests" / "replies"
CAUGHT_LEAST, REMOVED_MOST, MILLISECONDS_MOST = 0.98, 0.03, 15.0
NUMBERS_AND_CITATIONS = frozenset(
    {
        "wrong number", "number words", "rounded", "wrong unit", "wrong bound", "bound dropped", "wrong date",
        "mixed years", "swapped figures", "reordered", "swapped citation", "invented citation", "swapped sources",
        "uncited",
    }
)  # fmt: skip
"""Kinds of bad sentences whose number, day or citation is what is wrong; the others are harder."""
CHUNK_CHARS = 5
"""How the replies stream in: about a token at a time."""


@dataclass(frozen=True)
class Verdict:
    """One sentence of a reply, and whether it was shown."""

    reply: str
    kind: str
    is_good: bool
    text: str
    is_kept: bool
    reason: str

    @property
    def is_right(self) -> bool:
        """Whether a good sentence was kept or a bad one was not."""
        return self.is_good == self.is_kept


@dataclass(frozen=True)
class Checked:
    """One reply after the check and after the gate."""

    draft: Draft
    answer: Answer
    seconds: float
    verdicts: tuple[Verdict, ...]


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
    shown, at = words_of(answer.text, ()), 0
    verdicts = []
    for sentence in reply["sentences"]:
        words = words_of(sentence["text"], tuple(evidence))
        found = shown.find(words, at)
        at = found + len(words) if found >= 0 else at
        reason = next((each.reason for each in draft.removed if words_of(each.text, ()) == words), "")
        verdicts.append(Verdict(reply["id"], sentence["kind"], sentence["good"], sentence["text"], found >= 0, reason))
    return Checked(draft, answer, seconds, tuple(verdicts))


def words_of(text: str, keys: Sequence[str]) -> str:
    """The letters and digits of a text without its citation marks."""
    marks = find_marks(text, keys or [str(number) for number in range(1, 100)])
    for mark in reversed(marks):
        text = text[: mark.start] + text[mark.end :]
    return "".join(letter for letter in text.lower() if letter.isalnum())


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


def rates(verdicts: Sequence[Verdict]) -> tuple[float, float]:
    """The share of bad sentences caught, and of good ones removed."""
    bad = [each for each in verdicts if not each.is_good]
    good = [each for each in verdicts if each.is_good]
    return (
        sum(each.is_right for each in bad) / (len(bad) or 1),
        sum(not each.is_right for each in good) / (len(good) or 1),
    )


def main(arguments: Sequence[str]) -> int:
    """Print the figures; 1 where one falls short."""
    files = list(arguments) or ["tuned", "held"]
    everything: list[Checked] = []
    for file in files:
        checked(next(iter(replies(file))))  # warm: patterns compiled, the splitter's model read
        results = [checked(reply) for reply in replies(file)]
        everything += results
        print_figures(file, results)
        if arguments:
            for verdict in (each for result in results for each in result.verdicts if not each.is_right):
                print(
                    "  LOST" if verdict.is_good else "  SHOWN",
                    verdict.reply,
                    verdict.kind,
                    "|",
                    verdict.text,
                    "|",
                    verdict.reason,
                )
    if len(files) > 1:
        print_figures("both", everything)
    caught, removed = rates([each for result in everything for each in result.verdicts])
    milliseconds = 1000 * statistics.fmean(result.seconds for result in everything)
    short = []
    if caught < CAUGHT_LEAST:
        short.append(f"caught {caught:.1%}, asked {CAUGHT_LEAST:.0%}")
    if removed > REMOVED_MOST:
        short.append(f"right sentences removed {removed:.1%}, asked at most {REMOVED_MOST:.0%}")
    if milliseconds > MILLISECONDS_MOST:
        short.append(f"{milliseconds:.1f} ms an answer, asked at most {MILLISECONDS_MOST:.0f}")
    if not all(map(is_sound, everything)):
        short.append("a citation or quote is not sound")
    print("FALLS SHORT: " + "; ".join(short) if short else "All figures reached.")
    return int(bool(short))


def print_figures(name: str, results: Sequence[Checked]) -> None:
    """One table: by kind, then totals."""
    verdicts = [each for result in results for each in result.verdicts]
    total = Counter((each.is_good, each.kind) for each in verdicts)
    right = Counter((each.is_good, each.kind) for each in verdicts if each.is_right)
    print(f"\n{name}: {len(results)} replies, {len(verdicts)} sentences")
    for (is_good, kind), count in sorted(total.items()):
        print(f"  {'kept  ' if is_good else 'caught'} {kind:<22} {right[is_good, kind]:>4} of {count}")
    caught, removed = rates(verdicts)
    numbers, _ = rates([each for each in verdicts if each.kind in NUMBERS_AND_CITATIONS])
    print(f"  caught {numbers:.1%} of those whose number, day or citation is wrong")
    seconds = sorted(result.seconds for result in results)
    sound = sum(map(is_sound, results))
    print(
        f"  caught {caught:.1%} of bad sentences; removed {removed:.1%} of right ones; sound {sound} of {len(results)}"
    )
    print(
        f"  milliseconds an answer: mean {1000 * statistics.fmean(seconds):.1f},"
        f" p50 {1000 * statistics.median(seconds):.1f}, p95 {1000 * seconds[int(0.95 * len(seconds))]:.1f}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
