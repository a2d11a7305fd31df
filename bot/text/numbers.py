"""Reads the quantities of a text - counts, shares, sums, measures, ordinals, scores, times - as values with units.

One pass over the tokens, so that the time grows with the length of the text and no more. English.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from text_to_num import find_numbers

from bot.text import read_table
from bot.text.words import Token, tokens

ROUNDED_WITHIN = 0.05
"""How far "about 4,000" may be from the value that it rounds (3,970), as a share of that value."""
BOUND_WITHIN = 0.15
"""The same for "more than 7,000" where the value is 7,926."""
_LOOK_BACK = 4
"""Words before a quantity that may qualify it: "as many as", "an estimated"."""
_LOOK_AHEAD = 16
"""Tokens that one quantity may have: "one hundred and twenty-five thousand"."""
_OPPOSITE = ({"over", "under"}, {"over", "most"}, {"least", "under"}, {"least", "most"})


class Amount(NamedTuple):
    """One reading of a quantity: 400 and "m" for "400-metre"; units are base units, so that values compare."""

    value: float
    unit: str = ""
    """m, kg, s, month, %, points, a currency's sign, ordinal, clock (minutes), score, vague ...; "" for a count."""
    most: float = 0.0
    """For "hundreds" the upper end; for a score or a bare range ("4-2") the second number."""


class Quantity(NamedTuple):
    """A quantity in a text, `text[start:end]`; several readings where it is ambiguous ("400m")."""

    start: int
    end: int
    text: str
    readings: tuple[Amount, ...]
    qualifier: str = ""
    """about, over, under, least, most or nothing."""
    qualified_start: int = 0
    """Where the words before it begin that qualify it; `start` where none does."""


@cache
def _units() -> dict[str, dict[str, tuple[float, str]]]:
    """By kind (scale, suffix, sign, currency, measure, vague, fraction) and word: a factor and a base unit."""
    by_kind: dict[str, dict[str, tuple[float, str]]] = {}
    for key, forms in read_table("units").items():
        kind, unit, factor = key.split()
        by_kind.setdefault(kind, {}).update(dict.fromkeys(forms, (float(factor), unit)))
    return by_kind


@cache
def _qualifiers() -> dict[str, str]:
    return {form: name for name, forms in read_table("qualifiers").items() for form in forms}


class _Spoken(NamedTuple):
    """A token as text2num wants it."""

    word: str

    def text(self) -> str:
        return self.word

    def nt_separated(self, _previous: _Spoken) -> bool:
        return False

    def not_a_number_part(self) -> bool:
        return self.word in ("o", "O")  # a zero when it is dictated, an initial when it is written


_Spelled = tuple[float, int, bool]
"""A number in words: its value, the token behind it, and whether it is an ordinal."""


def _spelled(words: Sequence[str]) -> dict[int, _Spelled]:
    """The numbers in words among some words, by the place of their first one."""
    found = find_numbers([_Spoken(word) for word in words], "en", 0.0)
    return {each.start: (each.value, each.end, each.is_ordinal) for each in found}


def word_value(low: str) -> float | None:
    """The value of one word in lower case that is a number or an ordinal: "nine", "ninth"; None of any other."""
    return _spelled([low]).get(0, (None,))[0]


@lru_cache(maxsize=65_536)
def is_number_word(low: str) -> bool:
    """Whether a word in lower case names a number, an ordinal or a scale: "nine", "ninth", "million"."""
    return word_value(low) is not None or low in _units()["scale"]


def is_unit_word(low: str) -> bool:
    """Whether a word in lower case names a measure or a currency."""
    return low in _units()["measure"] or low in _units()["currency"]


def quantities(text: str, taken: Sequence[tuple[int, int]] = (), read: Sequence[Token] | None = None) -> list[Quantity]:
    """The quantities of `text` that lie outside of the spans `taken` (its dates), in order. `read`: its tokens."""
    parser = _Parser(tokens(text) if read is None else read)
    found: list[Quantity] = []
    at = 0
    while at < len(parser.read):
        token = parser.read[at]
        is_taken = any(start <= token.start < end for start, end in taken)
        parsed = None if is_taken else parser.quantity(at)
        if parsed is None:
            at += 1
            continue
        readings, after = parsed
        end = parser.read[after - 1].end
        qualifier, first = parser.qualifier(at, after)
        found.append(Quantity(token.start, end, text[token.start : end], readings, qualifier, first))
        at = after
    return found


def quantity_at(read: Sequence[Token], at: int) -> tuple[tuple[Amount, ...], int] | None:
    """The readings of the quantity that begins with a token, and the number of the token behind it; None for none."""
    found = _Parser(read[at : at + _LOOK_AHEAD]).quantity(0)
    return found and (found[0], at + found[1])


_Parsed = tuple[tuple[Amount, ...], int]
"""Readings, and the number of the token behind them."""


class _Parser:
    def __init__(self, read: Sequence[Token]) -> None:
        self.read = read
        self._units = _units()
        lows = [token.low for token in read]
        self._spelled = _spelled(lows) if any(map(is_number_word, lows)) else {}

    def low(self, at: int) -> str:
        return self.read[at].low if 0 <= at < len(self.read) else ""

    def is_glued(self, at: int) -> bool:
        return 0 <= at < len(self.read) and self.read[at].is_glued

    def is_digits(self, at: int) -> bool:
        return self.low(at)[:1].isdecimal()

    def quantity(self, at: int) -> _Parsed | None:
        low, units = self.low(at), self._units
        is_opening = low in ("a", "an", "minus") or low in units["vague"] or low in units["fraction"]
        if low.isalpha() and not is_opening and at not in self._spelled:
            return None
        if low in units["vague"]:
            return self._vague(at)
        if fraction := self._fraction(at):
            return fraction
        after, sign = at, 1.0
        is_signed = low in ("-", "−") and not self.is_glued(at) and self.is_glued(at + 1)
        if low == "minus" or (is_signed and (self.is_digits(at + 1) or self.low(at + 1) in units["sign"])):
            sign, after = -1.0, at + 1
        currency = units["sign"][self.low(after)][1] if self.low(after) in units["sign"] else ""
        after += bool(currency)
        if self.is_digits(after):
            if self._is_in_name(after):
                return None
            special = self._clock(after) or (None if currency else self._score(after))
            return special or self._with_unit(after + 1, sign * _value(self.low(after)), currency)
        spelled = self._in_words(after)
        if spelled is None:
            return None
        value, end, is_ordinal = spelled
        if is_ordinal:
            return (Amount(value, "ordinal"),), end
        return self._with_unit(end, sign * value, currency)

    def qualifier(self, at: int, after: int) -> tuple[str, int]:
        """What qualifies the quantity between two tokens, and where it then begins: words before it, or "or more",
        "or so", "+" behind."""
        start = self.read[at].start
        behind = f"{self.low(after)} {self.low(after + 1)}"
        if behind == "or so":
            return "about", start
        if behind == "or more" or (self.low(after) == "+" and self.is_glued(after)):
            return "least", start
        for back in range(_LOOK_BACK, 0, -1):
            if at >= back:
                joined = " ".join(token.low for token in self.read[at - back : at])
                joined = joined.removesuffix(" the").removesuffix(" a").removesuffix(" an")
                if name := _qualifiers().get(joined):
                    return name, self.read[at - back].start
        return "", start

    def _is_in_name(self, at: int) -> bool:
        """ "COP28", "Covid-19", "pad 39B", "F-16": digits that are part of a name."""
        if self.is_glued(at) and at and self.low(at - 1).isalpha() and self.low(at - 1) != "us":
            return True
        if at > 1 and self.is_glued(at) and self.low(at - 1) in "-–" and self.is_glued(at - 1):
            before = self.read[at - 2].text
            if before.isalpha() and before[0].isupper() and word_value(before.lower()) is None:
                return True
        following = self.read[at + 1] if at + 1 < len(self.read) else None
        return following is not None and following.is_glued and following.text.isupper() and len(following.text) == 1

    def _clock(self, at: int) -> _Parsed | None:
        hour, minute, after = _value(self.low(at)), 0.0, at + 1
        minutes = self.low(at + 2)
        if self.low(at + 1) == ":" and self.is_glued(at + 1) and self.is_glued(at + 2) and len(minutes) == 2:
            if not minutes.isdecimal():
                return None
            minute, after = float(minutes), at + 3
        half = ""
        if self.low(after) in ("am", "pm"):
            half, after = self.low(after)[0], after + 1
        elif self.low(after) in ("a", "p") and self.low(after + 1) == "." and self.low(after + 2) == "m":
            half, after = self.low(after), after + 3 + (self.low(after + 3) == "." and self.is_glued(after + 3))
        if (not half and after == at + 1) or hour > 24 or minute > 59:
            return None
        hour = hour % 12 + 12 * (half == "p") if half else hour
        return (Amount(60 * hour + minute, "clock"),), after

    def _score(self, at: int) -> _Parsed | None:
        """ "4-2", but neither "4-2%" nor "10-15 billion" nor "2014-2018"."""
        if self.low(at + 1) not in ("-", "–") or not (self.is_glued(at + 1) and self.is_glued(at + 2)):
            return None
        one, other, following = self.low(at), self.low(at + 2), self.low(at + 3)
        if not (one.isdecimal() and other.isdecimal() and len(one) <= 3 and len(other) <= 3):
            return None
        has_unit = any(following in self._units[kind] for kind in ("scale", "measure", "currency"))
        if has_unit or following in ("%", "percent", "per", "percentage", "-", "–"):
            return None
        return (Amount(float(one), "score", float(other)),), at + 3

    def _vague(self, at: int) -> _Parsed:
        least, after = self._units["vague"][self.low(at)][0], at + 1
        if self.low(after) == "of" and self.low(after + 1) in self._units["vague"]:
            least, after = least * self._units["vague"][self.low(after + 1)][0] / 2, after + 2
        return (Amount(least, "vague", least * (10 if least < 1e3 else 100)),), after

    def _fraction(self, at: int) -> _Parsed | None:
        """Halves, thirds and quarters, of a point, of a million or of anything."""
        count, after = 1.0, at
        if self.low(at) in ("a", "an", "one"):
            after += 1
        elif 1 < self._small(at) < 10:
            count, after = float(self._small(at)), at + 1
        after += after > at and self.low(after) == "-"
        word = self.low(after)
        if word not in self._units["fraction"] or (after == at and not word.startswith(("half", "quarter"))):
            return None
        if count != 1.0 and not word.endswith("s"):
            return None
        whole, after = self._units["fraction"][word][0], after + 1
        behind = after + (self.low(after) == "-")
        behind += self.low(behind) == "of"
        behind += self.low(behind) in ("a", "an")
        value, scaled = count / whole, self.low(behind)
        if share := self._share(behind, value):
            return share
        if scaled in ("point", "points"):
            return (Amount(value, "points"),), behind + 1
        if scaled in self._units["scale"]:
            return self._with_unit(behind + 1, value * self._units["scale"][scaled][0], "")
        if scaled in self._units["measure"] and (behind > after or whole == 2):
            return self._with_unit(behind, value, "")
        is_sure = count != 1.0 or self.low(after) in ("of", "less", "more") or whole == 2
        if not is_sure or self.low(after) in ("time", "-", "way", "brother", "sister"):
            return None
        return (Amount(100 * value, "%"), Amount(value, "fraction")), after

    def _small(self, at: int) -> int:
        """A number of one token below 1,000; 0 for none."""
        value, after, is_ordinal = self._spelled.get(at, (0.0, 0, True))
        if not is_ordinal and after == at + 1:
            return int(value)
        low = self.low(at)
        return int(low) if low.isascii() and low.isdecimal() and len(low) < 4 else 0

    def _in_words(self, at: int) -> _Spelled | None:
        """A number in words; "hundred" is one only behind "a": "several hundred" is no number."""
        has_article = self.low(at) in ("a", "an")
        start = at + has_article
        is_at_first = self.low(at) == "first" and self.low(at - 1) == "at"
        if is_at_first or (self.low(start) in self._units["scale"]) != has_article:
            return None
        return self._spelled.get(start, (1.0, start, False) if has_article else None)

    def _share(self, at: int, value: float) -> _Parsed | None:
        """What is written as "%", "per cent", "percentage points" or "basis points"."""
        two = (self.low(at), self.low(at + 1))
        if two[0] in ("percentage", "basis") and two[1] in ("point", "points"):
            return (Amount(value / (100 if two[0] == "basis" else 1), "points"),), at + 2
        after = at + (2 if two == ("per", "cent") else 1 if two[0] in ("%", "percent", "pc") else 0)
        if after == at:
            return None
        is_points = self.low(after) in ("point", "points")
        return (Amount(value, "points" if is_points else "%"),), after + is_points

    def _with_unit(self, after: int, value: float, currency: str) -> _Parsed:
        """What follows a number: scale, per cent, currency, measure."""
        units, low = self._units, self.low
        is_close = self.is_digits(after - 1) and self.is_glued(after)
        if is_close and low(after) in ("st", "nd", "rd", "th"):
            return (Amount(value, "ordinal"),), after + 1
        if is_close and low(after) == "s":
            return (Amount(value, "decade"),), after + 1
        if (low(after), low(after + 1), low(after + 2)) == ("and", "a", "half"):
            value, after = value + 0.5, after + 3
        readings: list[Amount] = []
        if is_close and low(after) in units["suffix"]:
            readings.append(Amount(value * units["suffix"][low(after)][0], currency))
            if low(after) == "m" and not currency:
                readings.append(Amount(value, "m"))
            after += 1
        while not readings and low(dashed := after + (low(after) == "-")).rstrip("s") in units["scale"]:
            value, after = value * units["scale"][low(dashed).rstrip("s")][0], dashed + 1
        if currency:
            return (tuple(readings) or (Amount(value, currency),)), after
        values = [reading.value for reading in readings[:1]] or [value]
        at = after + (low(after) == "-" and self.is_glued(after))
        if low(at) == "m" and self.is_digits(after - 1) and not readings:  # "3 m"
            return (Amount(value, "m"),), at + 1
        if (low(at), low(at + 1), low(at + 2)) == ("light", "-", "years"):
            return (Amount(values[0], "light-year"),), at + 3
        if share := self._share(at, values[0]):
            return share
        if low(at) in ("point", "points"):
            return (Amount(values[0], "points"), Amount(values[0])), at + 1
        national = low(at) in ("us", "american", "australian", "canadian", "swedish", "norwegian", "danish", "swiss")
        for place in (at, at + 1) if national else (at,):
            if low(place) in units["currency"]:
                factor, unit = units["currency"][low(place)]
                readings += [Amount(each * factor, unit) for each in values]
                after = place + 1
        power = {"square": "2", "cubic": "3"}.get(low(at), "")
        measure = low(at + bool(power))
        if measure in units["measure"]:
            factor, unit = units["measure"][measure]
            readings.append(Amount(values[0] * (factor ** int(power) if power else factor), unit + power))
            after = max(after, at + 1 + bool(power))
            if measure in ("year", "years") and "old" in (low(after), low(after + 1)):
                readings.append(Amount(values[0]))
        return (*(readings or [Amount(value)]),), after


def _value(digits: str) -> float:
    return float(re.sub(r"[,\u00a0\u2009\u202f]", "", digits))


_UNRANGED = frozenset(("ordinal", "clock", "score", "vague"))


def says_same(said: Quantity, held: Quantity) -> bool:
    """Whether a quantity says what another one says: the same value and unit, or its rounding where it says so.

    "about 4,000" stands for 3,970 and "4,000" does not. Opposite bounds ("over", "under") are never the same. A
    number without a unit is the same as one with any unit: "breaking a record of 101" of "101 degrees".
    """
    return any(
        _same(one, said.qualifier, other, held.qualifier)
        for one in said.readings
        for other in held.readings
        if one.unit == other.unit or "vague" in (one.unit, other.unit) or _is_unitless(one, other)
    )


def _is_unitless(said: Amount, held: Amount) -> bool:
    if {said.unit, held.unit} == {"", "ordinal"}:
        return True
    return said.unit == "" and held.unit not in _UNRANGED


def _same(said: Amount, qualifier: str, held: Amount, held_qualifier: str) -> bool:
    if "vague" in (said.unit, held.unit):
        if said.unit == held.unit:
            return said.value == held.value
        return said.unit == "vague" and held.unit == "" and said.value <= held.value < said.most
    if "score" in (said.unit, held.unit):
        return said == held
    if {qualifier, held_qualifier} in _OPPOSITE:
        return False
    if math.isclose(said.value, held.value, rel_tol=1e-9):
        return True
    if {said.unit, held.unit} & {"ordinal", "clock"} or said.value * held.value <= 0:
        return False
    off = (said.value - held.value) / held.value
    if qualifier == "about":
        return abs(off) <= ROUNDED_WITHIN
    if qualifier in ("over", "least"):
        return -BOUND_WITHIN <= off < 0
    return qualifier == "under" and 0 < off <= ROUNDED_WITHIN
