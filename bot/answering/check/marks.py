"""Finds the citation marks of a chat model's text in the many shapes that models write."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from bot.text import read_table

RANGE_MOST = 20
"""A longer range ("[1-300]") is no list of sources."""

_BRACKETED = re.compile(
    r"(?:\[\[|\[|【|［|〔)(?P<inner>[^\[\]【】［］〔〕\n]{1,80})(?:\]\]|\]|】|］|〕)(?P<target>\([^()\s]{0,500}\))?"
)
_ROUND = re.compile(r"\((?P<inner>[^()\n]{1,60})\)")
_RAISED = re.compile(r"(?<=[\w.,;:!?”\"’)\]])[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3}(?:[⁻–-]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3})?")
_SUP = re.compile(r"<sup>\s{0,3}\[?(?P<inner>[\w,\s-]{1,30})\]?\s{0,3}</sup>", re.IGNORECASE)
_CODE = re.compile(r"`[^`\n]{0,400}`")
_PIECE = re.compile(r"[^\s,;:&/+|†#^()\"'“”‘’=]+")
_RANGE = re.compile(r"(\d{1,6})\s?[-–—‑]\s?(\d{1,6})")
_LABELS = frozenset(read_table("reply")["labels"])
_END = re.compile(r"\s*(?:[.!?…;,:]|$|\n)")


class Mark(NamedTuple):
    """A citation mark: `text[start:end]`, the sources it names, and what it names that is no source."""

    start: int
    end: int
    keys: tuple[str, ...]
    unknown: tuple[str, ...]


def find_marks(text: str, keys: Sequence[str]) -> list[Mark]:
    """The citation marks of `text`, in order; `keys` are the sources' keys in the order they were given.

    A number that is no key counts as a place in that order, from 1. Brackets that name no source ("[sic]", "[2020]",
    a link's text) and what stands in `code` are no marks. Round brackets are marks where a key stands in them, or
    where a number that has a source ends a sentence.
    """
    taken = [match.span() for match in _CODE.finditer(text)] if "`" in text else []
    found: list[Mark] = []
    for pattern in (_SUP, _BRACKETED, _ROUND, _RAISED):
        for match in pattern.finditer(text):
            is_taken = any(start < match.end() and match.start() < end for start, end in taken)
            if not is_taken and (mark := _mark(pattern, match, text, keys)):
                found.append(mark)
                taken.append((mark.start, mark.end))
    return sorted(found)


def _mark(pattern: re.Pattern[str], match: re.Match[str], text: str, keys: Sequence[str]) -> Mark | None:
    if pattern is _RAISED:
        inner = unicodedata.normalize("NFKC", match[0])
        before = text[max(0, match.start() - 3) : match.start()].rpartition(" ")[2]
        is_unit = before.lower() in ("m", "km", "cm")
        return None if is_unit else _read(match.start(), match.end(), inner, keys)
    inner = unicodedata.normalize("NFKC", match["inner"])
    if pattern is _BRACKETED:
        start, end = match.span()
        if match[0].startswith("[[") and not match[0].rstrip(")").endswith("]]") and text[end : end + 1] == "]":
            end += 1
        if text[start - 1 : start] == "!" and match["target"]:
            return None
        return _read(start, end, inner, keys)
    mark = _read(match.start(), match.end(), inner, keys)
    if mark is None or pattern is _SUP:
        return mark
    if any(key.casefold() in inner.casefold() and not key.isdecimal() for key in mark.keys):
        return mark
    only_number = inner.strip().isdecimal() and mark.keys and not mark.unknown
    opens = not text[: match.start()].strip(" \n*-")
    return mark if only_number and not opens and _END.match(text, match.end()) else None


def _read(start: int, end: int, inner: str, keys: Sequence[str]) -> Mark | None:
    known = {key.casefold(): key for key in keys}
    spread = _RANGE.sub(lambda found: " ".join(_range(found[1], found[2])), inner)
    pieces = [piece.strip(".*_[]{}<>") for piece in _PIECE.findall(spread)]
    pieces = [piece for piece in pieces if piece and piece.casefold() not in _LABELS]
    if not pieces:
        return None
    named: list[str] = []
    unknown: list[str] = []
    has_others = has_keys = False
    for piece in pieces:
        low = piece.casefold()
        is_year = low.isdecimal() and len(low) == 4 and 1500 <= int(low) <= 2100
        if low in known:
            named.append(known[low])
            has_keys = has_keys or not piece.isdecimal()
        elif low.isdecimal() and not is_year:
            is_place = len(low) <= 4 and 1 <= int(low) <= len(keys) and not any(key.isdecimal() for key in keys)
            (named if is_place else unknown).append(keys[int(low) - 1] if is_place else piece)
        elif not is_year and _looks_like_a_key(piece, keys):
            unknown.append(piece)
        else:
            has_others = True
    if (has_others and not has_keys) or not (named or unknown):
        return None
    return Mark(start, end, tuple(dict.fromkeys(named)), tuple(dict.fromkeys(unknown)))


def _range(first: str, last: str) -> list[str]:
    one, other = int(first), int(last)
    if len(first) == 4 and one > 1500:
        return [first, last]
    if not one <= other <= one + RANGE_MOST:
        return [str(10**6 + other)]  # named by no source, and no year
    return [str(number) for number in range(one, other + 1)]


def _looks_like_a_key(piece: str, keys: Sequence[str]) -> bool:
    """Whether a word is of the form of the keys, and only none of them: lower case, letters and digits mixed."""
    if not piece.isascii() or not piece.isalnum() or piece != piece.lower():
        return False
    lengths = {len(key) for key in keys if not key.isdecimal()}
    mixed = any(letter.isdecimal() for letter in piece) and any(letter.isalpha() for letter in piece)
    return mixed and any(abs(len(piece) - length) <= 1 for length in lengths)
