"""A text dump -> the fields on top of it, and its lines, with what they still show of the page: depth, headings."""

from __future__ import annotations

import re
from dataclasses import replace

from ingest.read.body import Line
from ingest.read.cleaning import tidy, wrapping
from ingest.read.fields import FIELD_NAMES, key_of_name, known_names

_BULLET = re.compile(r"(?:[*+•◦▪●‣·–]|-(?!-)|\d{1,3}[.)])(?:\s+|$)")
_HEADING = re.compile(r"(#{1,6})(?:\s+|$)")
_MARKED_TITLE = re.compile(r"\s*# \S")
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
_FIELD = re.compile(r"(?P<name>[A-Za-z][A-Za-z _-]{1,24})\s*:(?:\s+(?P<value>\S.*))?$")
_OTHERS = frozenset(
    "tags description summary markdowncontent excerpt id slug keywords fingerprint license image layout".split()  # noqa: SIM905
)
_HEADER_LINES = 30
MAX_LINE_CHARS = 100_000
"""What a longer line has more is dropped: no paragraph is that long, and every rule stays fast."""


def lines_of(text: str) -> list[Line]:
    """The lines of a dump that hold anything, in order, Markdown marks taken off."""
    text = tidy(text)
    marked = len(_LINK.findall(text[:200_000])) >= 2 or "**" in text or bool(_MARKED_TITLE.match(text))
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
    wrapped = [_wrapping_of(block) for block in blocks]
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


def _wrapping_of(block: list[Line]) -> int:
    is_list = any(line.bullet or line.level for line in block[1:])
    return 0 if is_list else wrapping([line.text for line in block])


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


def front_matter(text: str) -> tuple[dict[str, str], str]:
    """The fields on top of a text by our names, and the text without them; the whole text where there are none."""
    ours = {name: ours for ours in FIELD_NAMES if ours != "text" for name in known_names()[ours]}
    head, rest = text[:8000].lstrip("\ufeff \r\n"), text[8000:]
    lines = head.split("\n")
    fenced = lines[0].strip() == "---"
    found: dict[str, str] = {}
    used, field = 0, ""
    for number, raw in enumerate(lines[fenced:_HEADER_LINES], fenced + 1):
        row = raw.strip()
        if fenced and row in ("---", "..."):
            used = number
            break
        match = _FIELD.match(row)
        name = key_of_name(match["name"]) if match else ""
        value = match["value"] if match else row.removeprefix("- ") if row.startswith("- ") and fenced else None
        if match and (fenced or name in ours or name in _OTHERS):
            field = ours.get(name, "")
            used = 0 if fenced else number
        elif row and not fenced:
            break
        if field and value:
            found.setdefault(field, tidy(value).strip(" \"'"))
    # One field may be a paragraph that happens to begin with a word and a colon.
    if not used or (not fenced and (len(found) < 2 or not {"title", "url", "published"} & set(found))):
        return {}, text
    return found, "\n".join(lines[used:]) + rest
