"""Measures the check of a chat model's prose: of claims about passages, what it catches and what it takes away.

A line of the file: {"title", "text", "source", "published", "claims": [{"text", "ok", "why"}]}; `ok` says whether the
text supports the claim, `why` what is wrong with one that it does not support.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt
from pathlib import Path
from typing import Any, NamedTuple

from bot.errors import ReadError
from bot.schema import Article, Hit, Passage

NORMAL_95 = 1.959964
"""Standard errors on either side of a 95% interval."""


class Claim(NamedTuple):
    """A sentence about a passage."""

    text: str
    is_true: bool
    why: str


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A passage with claims about it."""

    hit: Hit
    claims: tuple[Claim, ...]


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
        if not self.of:
            return 0.0, 1.0
        square = NORMAL_95**2
        centre = (self.found + square / 2) / (self.of + square)
        half = NORMAL_95 / (self.of + square) * sqrt(self.found * (self.of - self.found) / self.of + square / 4)
        return max(0.0, centre - half), min(1.0, centre + half)


def read_claims(path: Path) -> list[Excerpt]:
    """The excerpts of a file of JSON Lines. Raises ReadError, which names file and line, for what cannot be read."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise ReadError(f"The claims cannot be read from {path}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise ReadError(f"The file {path} is not UTF-8 text ({error.reason}). Save it as UTF-8.") from error
    found = [_excerpt(line, f"{path}, line {number}") for number, line in enumerate(lines, start=1) if line.strip()]
    if not found:
        raise ReadError(f"The file {path} holds no claims; write one JSON object a line.")
    return found


def _excerpt(line: str, place: str) -> Excerpt:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ReadError(f"{place}: this is no JSON ({error}). Write one object a line.") from error
    if not isinstance(fields, dict):
        raise ReadError(f"{place}: this is no JSON object with a title, a text and claims.")
    title, text = (_string(fields, name, place) for name in ("title", "text"))
    claims = fields.get("claims")
    if not isinstance(claims, list) or not claims or not all(isinstance(each, dict) for each in claims):
        raise ReadError(f'{place}: the field "claims" is a list of objects with "text" and "ok".')
    read = []
    for each in claims:
        if not isinstance(each.get("ok"), bool):
            raise ReadError(f'{place}: the field "ok" of a claim is true or false.')
        read.append(Claim(_string(each, "text", place), each["ok"], str(each.get("why") or "false")))
    published = fields.get("published")
    try:
        day = date.fromisoformat(published) if published else None
    except (TypeError, ValueError):
        raise ReadError(f'{place}: the field "published" is {published!r}; write a day as "2020-02-12".') from None
    source, url = fields.get("source"), fields.get("url")
    article = Article(
        title=title,
        text=text,
        source=source if isinstance(source, str) else None,
        url=url if isinstance(url, str) else None,
        published=day,
        id=place,
    )
    return Excerpt(Hit(Passage(place, article, 0, len(text)), 1.0), tuple(read))


def _string(fields: dict[str, Any], name: str, place: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ReadError(f'{place}: the field "{name}" is missing or empty.')
    return value


Check = Callable[[Hit, Sequence[str]], list[str | None]]
"""From a passage and claims about it to why each claim is removed; None where it is kept."""


def measure(excerpts: Sequence[Excerpt], check: Check) -> dict[str, Share]:
    """How many claims are removed: true ones ("removed"), false ones ("caught"), and false ones by their `why`."""
    removed: dict[str, list[bool]] = {"removed": [], "caught": []}
    for excerpt in excerpts:
        reasons = check(excerpt.hit, [claim.text for claim in excerpt.claims])
        for claim, reason in zip(excerpt.claims, reasons, strict=True):
            removed["removed" if claim.is_true else "caught"].append(reason is not None)
            if not claim.is_true:
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
