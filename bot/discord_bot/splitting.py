"""Breaks long text for Discord at paragraphs, sentences or words; never in a link, marker or escape. Pure.

The text holds no code blocks, since `escaped` removes them.
"""

from __future__ import annotations

import re
import unicodedata

_WHOLE = re.compile(
    r"\[(?:\\.|[^\]\\\n])*\]\([^()\s]*\)"  # a masked link
    r"|(?:\[\d{1,4}\])+"  # markers that follow one another
    r"|https?://[^\s<>]+"
    r"|<[@#:/ti][^<>\n]{0,100}>"  # a mention, a time, an emoji
    r"|\*\*(?:\\.|[^*\\\n])+\*\*"
    r"|\\."
)
_SENTENCE_END = r"(?<=[.!?…])[\"”’»)\]]*(?:\s?(?:\[\d{1,4}\])+)*\s"
_BREAKS = [re.compile(pattern) for pattern in (r"\n\s*\n", r"\n", _SENTENCE_END, r"\s")]
"""Where a piece may end, the best place first."""


def size(text: str) -> int:
    """The length that Discord's limits are held against: UTF-16 units, the strictest way to count."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def split(text: str, most: int) -> list[str]:
    """The text in pieces of at most `most` (as `size` counts), at least 40; no words are lost.

    A break falls at the last paragraph of a piece, else at its last line, sentence or blank. What has no place to
    break is cut between characters that belong together.
    """
    pieces = []
    rest = text.strip("\n")
    while size(rest) > most:
        end = _break(rest, most)
        pieces.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [*pieces, rest] if rest.strip() or not pieces else pieces


def _break(text: str, most: int) -> int:
    """Where the first piece ends; at least one character in."""
    reach = most
    while size(text[:reach]) > most:
        reach -= (size(text[:reach]) - most + 1) // 2
    whole = [found.span() for found in _WHOLE.finditer(text[: reach + 4096])]
    for pattern in _BREAKS:
        places = [found.end() for found in pattern.finditer(text[: reach + 1]) if found.start() <= reach]
        fitting = [place for place in places if size(text[:place].rstrip()) <= most and place > reach // 3]
        free = [place for place in fitting if not any(start < place < end for start, end in whole)]
        if free:
            return free[-1]
    place = next((start for start, end in whole if 0 < start < reach < end), reach)
    while place > 1 and (
        unicodedata.combining(text[place]) or text[place] in "\u200d\ufe0f" or text[place - 1] == "\u200d"
    ):
        place -= 1
    return place
