"""Breaks long text for Discord at paragraphs, sentences or words; never in a link, marker, escape or code. Pure."""

from __future__ import annotations

import re
import unicodedata

_WHOLE = re.compile(
    r"(?P<fence>```[^\n`]*\n.*?```)"
    r"|\[(?:\\.|[^\]\\\n])*\]\([^()\s]*\)"  # a masked link
    r"|(?:\[\d{1,4}\])+"  # markers that follow one another
    r"|`[^`\n]+`"
    r"|https?://[^\s<>]+"
    r"|<[@#:/ti][^<>\n]{0,100}>"  # a mention, a time, an emoji
    r"|(?:\*\*(?:\\.|[^*\\\n])+\*\*)"
    r"|\\.",
    re.DOTALL,
)
_SENTENCE_END = re.compile(r"[.!?…][\"”’»)\]]*(?:\s?(?:\[\d{1,4}\])+)*(?=\s)")
_FENCE = re.compile(r"```([^\n`]*)\n")


def size(text: str) -> int:
    """The length that Discord's limits are held against: UTF-16 units, the strictest way to count."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def split(text: str, most: int) -> list[str]:
    """The text in pieces of at most `most` (as `size` counts), at least 40; no words are lost.

    A break falls at the last paragraph of a piece, else at its last line, sentence or blank. A code block that is too
    long is closed and opened again. What has no place to break is cut between characters that belong together.
    """
    pieces = []
    rest = text.strip("\n")
    while size(rest) > most:
        end = _break(rest, most)
        piece, rest = rest[:end], rest[end:]
        opened = _open_fence(piece)
        if opened is not None:
            piece = piece.rstrip("\n") + "\n```"
            rest = f"```{opened}\n" + rest.lstrip("\n")
        else:
            rest = rest.lstrip()
        pieces.append(piece.rstrip())
    return [*pieces, rest] if rest.strip() or not pieces else pieces


def _break(text: str, most: int) -> int:
    """Where the first piece ends; at least one character in."""
    reach = _reach(text, most)
    whole = [found.span() for found in _WHOLE.finditer(text[: reach + 4096])]
    least = reach // 3
    inside = text[:reach]

    def free(place: int) -> bool:
        return not any(start < place < end for start, end in whole)

    for pattern in (r"\n\s*\n", r"\n", _SENTENCE_END, r"\s"):
        for found in reversed(list(re.finditer(pattern, inside))):
            place = found.end() if pattern is _SENTENCE_END else found.start()
            if place >= least and free(place):
                return place
    for start, end in whole:
        if start < reach < end:
            if start > 0:
                return start
            if text.startswith("```"):
                return _inside_fence(text, most)
            break
    place = reach
    while place > 1 and (
        unicodedata.combining(text[place]) or text[place] in "\u200d\ufe0f" or text[place - 1] == "\u200d"
    ):
        place -= 1
    return max(1, place if free(place) else reach)


def _inside_fence(text: str, most: int) -> int:
    """Where a code block that is too long is interrupted: at a line end if there is one, with room for closing it."""
    reach = _reach(text, most - 4)
    opening = text.index("\n") + 1
    line = text.rfind("\n", opening, reach)
    return line if line > opening else max(opening + 1, reach)


def _open_fence(piece: str) -> str | None:
    """The language of a code block that the piece opens and does not close."""
    opened = None
    place = 0
    while (at := piece.find("```", place)) >= 0:
        if opened is None:
            found = _FENCE.match(piece, at)
            opened = found[1] if found else None
        else:
            opened = None
        place = at + 3
    return opened


def _reach(text: str, most: int) -> int:
    """How many characters of the text have at most this size."""
    if text[:most].isascii():
        return min(most, len(text))
    used = 0
    for place, sign in enumerate(text):
        used += 2 if ord(sign) > 0xFFFF else 1
        if used > most:
            return place
    return len(text)
