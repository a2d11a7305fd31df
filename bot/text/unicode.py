"""Characters: taking out what nobody sees, and folding what reads the same."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
"""Control characters, and characters that a reader does not see and a model does: zero-width, direction, tags."""
_JOINERS = re.compile(r"(?<![\u0590-\u1fff])[\u200c\u200d]|[\u200c\u200d](?![\u0590-\u1fff])")
"""Joiners outside of the scripts that need them."""
_PLAIN_MARKS = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'", "–": "-", "—": "-", "‑": "-"}
)
_NOT_ALPHANUMERIC = re.compile(r"[^0-9a-z]+")
_PLAIN_LETTERS = str.maketrans(
    {"ı": "i", "ø": "o", "ł": "l", "ß": "ss", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th"}
)


def visible(text: str) -> str:
    """The text without characters that nobody sees; line ends become newlines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() and text.isprintable() else _JOINERS.sub("", _UNSEEN.sub("", text))


def without_accents(text: str) -> str:
    """The letters without accents; compatibility forms (full-width letters, ligatures) as the letters they show."""
    if text.isascii():
        return text
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))


@lru_cache(maxsize=65_536)
def folded(word: str) -> str:
    """One word for comparing: lower case, without accents and without the possessive."""
    low = word.lower().translate(_PLAIN_MARKS).removesuffix("'s").removesuffix("'")
    return low if low.isascii() else without_accents(low.translate(_PLAIN_LETTERS))


def alphanumeric(text: str) -> str:
    """What of a text compares loosely: lower case, runs of other than [0-9a-z] as one blank."""
    return _NOT_ALPHANUMERIC.sub(" ", text.lower()).strip()


def folded_text(text: str) -> str:
    """Text for finding quotations in: plain quotation marks and dashes, lower case, one space for any blanks."""
    return " ".join(without_accents(visible(text).translate(_PLAIN_MARKS)).lower().split())
