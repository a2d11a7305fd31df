"""A text dump -> its lines, with what the dump still shows of the page: indent, headings, lists, links. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.read.cleaning import tidy

_BULLET = re.compile(r"(?:[*+•◦▪●‣·–]|-(?!-)|\d{1,3}[.)])(?:\s+|$)")
_HEADING = re.compile(r"(#{1,6})(?:\s+|$)")
_UNDERLINE = re.compile(r"(=|-){3,}\s*$")
_RULE = re.compile(r"(?:[*_=~-]\s*){3,}$")
_IMAGE = re.compile(r"!\[[^\[\]]{0,1000}\](?:\([^()]{0,1000}\)|\[[^\[\]]{0,100}\])")
_LINK = re.compile(
    r"\[([^\[\]]{0,1000})\]\(\s?<?[^()\s]{0,1000}(?:\([^()\s]{0,300}\)[^()\s]{0,300})?>?(?:\s+[\"'][^\"']{0,300}[\"'])?\s?\)"
)
_REFERENCE = re.compile(r"\s{0,3}\[[^\[\]]{1,100}\]:\s+\S+")
_STRONG = re.compile(r"(\*\*|__)(?=\S)([^*_]{1,1000})(?<=\S)\1")
_EMPHASIS = re.compile(r"(?<![\w*_])([*_])(?=\S)([^*_\n]{1,500})(?<=\S)\1(?![\w*_])")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+.!~>-])")
_WRAP_CHARS = (48, 110)
MAX_LINE_CHARS = 100_000
"""What a longer line has more is dropped: no paragraph is that long, and every rule stays fast."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line, or one paragraph that a program had broken into lines."""

    text: str
    indent: int = 0
    level: int = 0
    """1 to 6 for a heading, 0 for none."""
    bullet: bool = False
    gap: bool = True
    """Whether a blank line stands before it."""
    linked: bool = False
    """Whether it is nothing but links (known in Markdown only)."""


def lines_of(text: str) -> list[Line]:
    """The lines of a dump that hold anything, in order, Markdown marks taken off."""
    text = tidy(text)
    marked = len(_LINK.findall(text[:200_000])) >= 2 or "**" in text
    blocks: list[list[Line]] = [[]]
    for raw in text.split("\n"):
        row = raw[:MAX_LINE_CHARS].expandtabs(4)
        stripped = row.strip()
        if stripped.startswith("```"):
            continue
        block = blocks[-1]
        if not stripped or _RULE.match(stripped):
            if stripped and block and _UNDERLINE.match(stripped) and not block[-1].bullet and len(block[-1].text) < 300:
                block[-1] = replace(block[-1], level=1 if stripped[0] == "=" else 2)
            if block:
                blocks.append([])
            continue
        line = _line(row, stripped, not block, marked)
        if line is not None:
            block.append(line)
    wrapped = [_wrapping(block) for block in blocks]
    # Where most blocks are paragraphs broken by a program, one whose lines happen to end with sentences is so, too.
    sure, shaped = sum(wrap > 1 for wrap in wrapped), sum(wrap > 0 for wrap in wrapped)
    least = 1 if sure >= 2 and 2 * sure >= shaped else 2
    found: list[Line] = []
    for block, wrap in zip(blocks, wrapped, strict=True):
        if wrap >= least:
            found.append(replace(block[0], text=" ".join(line.text for line in block)))
        else:
            found.extend(block)
    return found


def _line(row: str, stripped: str, gap: bool, marked: bool) -> Line | None:
    indent = len(row) - len(row.lstrip())
    level, bullet, linked = 0, False, False
    while stripped.startswith("> "):
        stripped = stripped[2:].lstrip()
    if match := _BULLET.match(stripped):
        bullet = True
        stripped = stripped[match.end() :].strip()
    if match := _HEADING.match(stripped):
        level = len(match[1])
        stripped = stripped[match.end() :].strip().rstrip("#").strip()
    if marked:
        if _REFERENCE.match(row):
            return None
        without = _IMAGE.sub("", stripped)
        rest = _LINK.sub("", without)
        linked = rest != without and not any(char.isalnum() for char in rest)
        stripped = _LINK.sub(r"\1", without)
        stripped = _EMPHASIS.sub(r"\2", _STRONG.sub(r"\2", stripped))
        stripped = _ESCAPE.sub(r"\1", stripped).strip()
    stripped = " ".join(stripped.split())
    if not stripped:
        return None
    return Line(stripped, indent, level, bullet, gap, linked)


def _wrapping(block: list[Line]) -> int:
    """2 where a program surely broke this paragraph at a fixed width, 1 where its lines have such lengths, else 0."""
    if len(block) < 2 or any(line.bullet or line.level for line in block[1:]):
        return 0
    body = [len(line.text) for line in block[:-1]]
    if min(body) < _WRAP_CHARS[0] or max(body) > _WRAP_CHARS[1] or max(body) - min(body) > 30:
        return 0
    if len(block[-1].text) > max(body) + 12:
        return 0
    if any(line.text.startswith("http") for line in block):
        return 0
    # Lines that were broken by a program go on in the middle of a sentence: most of them, one in lower case at least.
    inside = [line.text[-1] not in '.!?:"”’»' or following.text[0].islower() for line, following in pairwise(block)]
    lower = any(following.text[0].islower() for following in block[1:])
    return 2 if lower and sum(inside) >= 0.6 * len(inside) else 1
