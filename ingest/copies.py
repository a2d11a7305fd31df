"""Tells wire copies: the same text, lightly edited, from other outlets.

Texts in, keys and verdicts out. The catalog stores an article's `band_keys`, of its MinHash signature, in an indexed
table; articles that share one are the candidates, so nothing is compared with everything, and `is_copy` reads both.

A copy may have another headline, dateline, credit, spelling or lead, and may be cut or have a local paragraph added.
Not a copy: the same event in other words; a text that quotes a paragraph of the other; the same template with other
numbers (weather, markets, results); and a later version of the same story in which a figure has changed, or that the
same outlet has rewritten in part. Such a version brings news, so both stand, with their dates.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
import zlib
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHINGLE_WORDS = 3
"""Word triples: a changed word costs three of them, and two texts on the same event share few by chance."""

BANDS = 24
BAND_ROWS = 3
"""Two texts share a key with the chance 1 - (1 - j**3)**24 for a Jaccard similarity of j: .9995 at .65, .96 at .5,
.80 at .4, .02 at .1. Unrelated articles are at about .01, so in a million articles some 24 are candidates by chance."""

COPY_CONTAINMENT = 0.65
"""The share of the shorter text's word triples that the longer one must hold. In the labelled pairs every copy has
.75 or more, and the same event retold, or a follow-up that repeats a paragraph, has less than .3."""

COPY_LENGTH_RATIO = 0.35
"""A text shorter than this share of the other is an excerpt, a brief or a teaser: another thing to cite."""

SAME_OUTLET_SIMILARITY = 0.9
"""The Jaccard similarity asked of two articles of one outlet. News sites reuse their own text: "will crash into an
asteroid" becomes "crashed" ten days later in the same words otherwise, every solstice gets last year's article, and
galleries fill pages. In 4,700 articles of three outlets most such pairs were below .9, and held news."""

COPY_WORDS_MIN = 25
"""Shorter texts have too few triples to judge: only the same words are a copy."""

NUMBER_CONTEXT_WORDS = 2
"""Words on either side that tell which figure a number is."""

_KEY_MASK = (1 << 63) - 1  # SQL integers are signed
_TERMS_FROM = 128
"""Stored keys were made with the second factors of so many permutations, of which the bands use the first."""
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_WORD = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)*")
_NUMBER_WORDS = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "eleven": "11", "twelve": "12",
}  # fmt: skip
"""Agencies print 10 or ten, 3 or three; "one" is too often no number."""


def band_keys(text: str) -> list[int]:
    """BANDS integers of 63 bits, to be stored beside the article; articles that share one are candidates.

    Give its body without boilerplate, which is the same in unrelated articles. None where it has no three words.
    """
    import numpy as np

    hashes = _shingle_hashes(_words(text))
    if not len(hashes):
        return []
    factors, terms = _permutations()
    # Multiply-shift hashing: the upper bits of a wrapping product by an odd number are well mixed.
    permuted = hashes[None, :] * factors[:, None]
    permuted += terms[:, None]
    # 16 of 32 bits suffice: two different minima look alike once in 65,536.
    signature = (permuted.min(axis=1) >> np.uint32(4) & np.uint32(0xFFFF)).astype("<u2").reshape(BANDS, BAND_ROWS)
    return [_mixed(number, band.tobytes()) for number, band in enumerate(signature)]


def is_copy(text_a: str, text_b: str, *, same_outlet: bool = False) -> bool:
    """Whether the two bodies are one text, lightly edited; the order does not matter.

    `same_outlet` says that both were published by one outlet, which is no wire copy but a page under two addresses,
    or yesterday's story written on: then next to nothing may differ.
    """
    words_a, words_b = _words(text_a), _words(text_b)
    if words_a == words_b:
        return bool(words_a)
    shorter, longer = sorted((words_a, words_b), key=len)
    if len(shorter) < COPY_WORDS_MIN or len(shorter) < COPY_LENGTH_RATIO * len(longer):
        return False
    shingles, others = _shingles(shorter), _shingles(longer)
    common = len(shingles & others)
    if common < COPY_CONTAINMENT * len(shingles):
        return False
    if same_outlet and common < SAME_OUTLET_SIMILARITY * len(shingles | others):
        return False
    return not _figures_differ(shorter, longer)


def _words(text: str) -> list[str]:
    """The words in one spelling: lower case, plain quotes, numbers without thousands separators, digits for words."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return [_NUMBER_WORDS.get(word, word) for word in _WORD.findall(_THOUSANDS.sub("", folded))]


def _shingles(words: Sequence[str]) -> set[tuple[str, ...]]:
    return set(zip(*(words[i:] for i in range(SHINGLE_WORDS)), strict=False))


def _shingle_hashes(words: Sequence[str]) -> NDArray[np.uint32]:
    import numpy as np

    if len(words) < SHINGLE_WORDS:
        return np.zeros(0, np.uint32)
    codes = np.fromiter((zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in words), np.uint64, len(words))
    count = len(words) - SHINGLE_WORDS + 1
    hashes = np.zeros(count, np.uint64)
    for i in range(SHINGLE_WORDS):
        hashes = (hashes ^ codes[i : i + count]) * np.uint64(0x9E3779B97F4A7C15)
        hashes ^= hashes >> np.uint64(29)
    return np.unique((hashes >> np.uint64(32)).astype(np.uint32))


@cache
def _permutations() -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    import numpy as np

    # Written out instead of drawn from a generator, whose stream a numpy release may change: keys are stored.
    numbers = np.arange(1, _TERMS_FROM + BANDS * BAND_ROWS + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        numbers = (numbers ^ (numbers >> np.uint64(shift))) * np.uint64(factor)
    halves = (numbers >> np.uint64(32)).astype(np.uint32)
    return halves[: BANDS * BAND_ROWS] | np.uint32(1), halves[_TERMS_FROM:]


def _mixed(number: int, band: bytes) -> int:
    digest = hashlib.blake2b(band, digest_size=8, salt=number.to_bytes(2, "little")).digest()
    return int.from_bytes(digest, "little") & _KEY_MASK


def _figures_differ(words: Sequence[str], others: Sequence[str]) -> bool:
    """Whether a number stands in the same place of both texts (between the same words) with another value."""
    figures = _figures(words)
    return any(figures[place].isdisjoint(values) for place, values in _figures(others).items() if place in figures)


def _figures(words: Sequence[str]) -> dict[tuple[str, ...], set[str]]:
    """The words around each number -> the numbers that stand there."""
    masked = ["#" if word[0].isdigit() else word for word in words]
    reach = NUMBER_CONTEXT_WORDS
    figures: dict[tuple[str, ...], set[str]] = {}
    for i, mask in enumerate(masked):
        if mask == "#":
            place = (*masked[max(0, i - reach) : i], "|", *masked[i + 1 : i + 1 + reach])
            if sum(word not in "#|" for word in place) >= reach:  # between numbers alone, a place is not known
                figures.setdefault(place, set()).add(words[i])
    return figures
