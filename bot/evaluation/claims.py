"""Measures the check of a chat model's prose: of claims about passages, what it catches and what it takes away.

A line of the file: {"title", "text", "source", "published", "claims": [{"text", "ok", "why"}]}; `ok` says whether the
text supports the claim, `why` what is wrong with one that it does not support.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from bot.evaluation.question_file import JsonLine, Words, read_lines
from bot.schema import Article, Hit, Passage


class Claim(JsonLine):
    """A sentence about a passage."""

    text: Words
    ok: bool
    why: str = "false"


class Excerpt(JsonLine):
    """A passage with claims about it."""

    title: Words
    text: Words
    claims: Annotated[tuple[Claim, ...], Field(min_length=1)]
    source: str | None = None
    url: str | None = None
    published: date | None = None

    @property
    def hit(self) -> Hit:
        """The whole text as a passage that was found."""
        article = Article(
            title=self.title, text=self.text, source=self.source, url=self.url, published=self.published, id=self.title
        )
        return Hit(Passage(self.title, article, 0, len(self.text)), 1.0)


class Share(NamedTuple):
    """How many of `of` claims, and the 95% interval of that share by Wilson's score."""

    found: int
    of: int

    @property
    def value(self) -> float:
        """The share, 0 to 1; 0 of none."""
        return self.found / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Its lower and upper end."""
        from scipy.stats import binomtest

        found = binomtest(self.found, self.of).proportion_ci(method="wilson") if self.of else (0.0, 1.0)
        return float(found[0]), float(found[1])


def read_claims(path: Path) -> list[Excerpt]:
    """The excerpts of a file. Raises ReadError as `read_lines`."""
    return [excerpt for _, excerpt in read_lines(path, Excerpt, "claims")]


Check = Callable[[Hit, Sequence[str]], list[str | None]]
"""From a passage and claims about it to why each claim is removed; None where it is kept."""


def measure(excerpts: Sequence[Excerpt], check: Check) -> dict[str, Share]:
    """How many claims are removed: true ones ("removed"), false ones ("caught"), and false ones by their `why`."""
    removed: dict[str, list[bool]] = {"removed": [], "caught": []}
    for excerpt in excerpts:
        reasons = check(excerpt.hit, [claim.text for claim in excerpt.claims])
        for claim, reason in zip(excerpt.claims, reasons, strict=True):
            removed["removed" if claim.ok else "caught"].append(reason is not None)
            if not claim.ok:
                removed.setdefault(claim.why, []).append(reason is not None)
    return {name: Share(sum(found), len(found)) for name, found in removed.items()}


def table(shares: dict[str, Share]) -> Iterator[str]:
    """The figures as lines to print."""
    said = {"removed": "true sentences removed", "caught": "false sentences caught"}
    for name, share in sorted(shares.items(), key=lambda each: (each[0] not in said, each[0] == "caught", each[0])):
        low, high = share.interval
        label = said.get(name, f"  {name}")
        yield f"{label:<24} {share.value:.3f}  ({low:.3f} to {high:.3f})  {share.found} of {share.of}"


def document(shares: dict[str, Share]) -> dict[str, Any]:
    """The figures for `--json`: caught, removed, and by why with counts and intervals."""
    by_why = {
        name: {"count": share.found, "of": share.of, "value": share.value, "interval": share.interval}
        for name, share in shares.items()
    }
    return {"caught": shares["caught"].value, "removed": shares["removed"].value, "by_why": by_why}
