"""Reads the quantities of a text - counts, shares, sums, measures, ordinals, scores, times - as values with units.

One pass over the tokens, so that the time grows with the length of the text and no more. English.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from bot.text import read_table
from bot.text.words import Token, tokens

ROUNDED_WITHIN = 0.05
"""How far "about 4,000" may be from the value that it rounds (3,970), as a share of that value."""
BOUND_WITHIN = 0.15
"""The same for "more than 7,000" where the value is 7,926."""
_LOOK_BACK = 4
"""Words before a quantity that may qualify it: "as many as", "an estimated"."""
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


class _Words(NamedTuple):
    cardinals: dict[str, int]
    ordinals: dict[str, int]
    by_kind: dict[str, dict[str, tuple[float, str]]]
    qualifiers: dict[str, str]
    openings: frozenset[str]
    """Words that a quantity may begin with."""

    def factor(self, kind: str, word: str) -> float:
        return self.by_kind[kind][word][0]

    def has(self, kind: str, word: str) -> bool:
        return word in self.by_kind[kind]


@cache
def _words() -> _Words:
    rows = read_table("numbers")
    tens = {word: 10 * value for value, word in enumerate(rows["tens"], start=2)}
    tenths = {word: 10 * value for value, word in enumerate(rows["tenths"], start=2)}
    by_kind: dict[str, dict[str, tuple[float, str]]] = {}
    for key, forms in read_table("units").items():
        kind, unit, factor = key.split()
        by_kind.setdefault(kind, {}).update(dict.fromkeys(forms, (float(factor), unit)))
    cardinals = {word: value for value, word in enumerate(rows["units"])} | tens
    ordinals = {word: value for value, word in enumerate(rows["ordinals"], start=1)} | tenths
    qualifiers = {form: name for name, forms in read_table("qualifiers").items() for form in forms}
    openings = frozenset({"a", "an", "minus", "dozen", *cardinals, *ordinals, *by_kind["vague"], *by_kind["fraction"]})
    return _Words(cardinals, ordinals, by_kind, qualifiers, openings)


def is_number_word(low: str) -> bool:
    """Whether a word in lower case names a number, an ordinal or a scale: "nine", "ninth", "million"."""
    known = _words()
    return low in known.cardinals or low in known.ordinals or known.has("scale", low)


@cache
def small_numbers() -> frozenset[str]:
    """The words for numbers and ordinals up to twelve, and "half"."""
    rows = read_table("numbers")
    return frozenset((*rows["units"][1:13], *rows["ordinals"][:12], "half"))


def is_unit_word(low: str) -> bool:
    """Whether a word in lower case names a measure or a currency."""
    known = _words()
    return known.has("measure", low) or known.has("currency", low)


def quantities(text: str, taken: Sequence[tuple[int, int]] = (), read: Sequence[Token] | None = None) -> list[Quantity]:
    """The quantities of `text` that lie outside of the spans `taken` (its dates), in order. `read`: its tokens."""
    parser = _Parser(tokens(text) if read is None else read)
    found: list[Quantity] = []
    busy = iter(sorted(taken))
    span = next(busy, None)
    at = 0
    while at < len(parser.read):
        token = parser.read[at]
        while span is not None and span[1] <= token.start:
            span = next(busy, None)
        parsed = None if span is not None and span[0] <= token.start else parser.quantity(at)
        if parsed is None:
            at += 1
            continue
        readings, after = parsed[0], min(parsed[1], len(parser.read))
        end = parser.read[after - 1].end
        found.append(Quantity(token.start, end, text[token.start : end], readings, parser.qualifier(at, after)))
        at = after
    return _ranged(text, found)


def quantity_at(read: Sequence[Token], at: int) -> tuple[tuple[Amount, ...], int] | None:
    """The readings of the quantity that begins with a token, and the number of the token behind it; None for none."""
    return _Parser(read).quantity(at)


_Parsed = tuple[tuple[Amount, ...], int]
"""Readings, and the number of the token behind them."""


class _Parser:
    def __init__(self, read: Sequence[Token]) -> None:
        self.read = read
        self._known = _words()

    def low(self, at: int) -> str:
        return self.read[at].low if 0 <= at < len(self.read) else ""

    def is_glued(self, at: int) -> bool:
        return 0 <= at < len(self.read) and self.read[at].is_glued

    def is_digits(self, at: int) -> bool:
        return self.low(at)[:1].isdecimal()

    def quantity(self, at: int) -> _Parsed | None:
        low, known = self.low(at), self._known
        if low.isalpha() and low not in known.openings:
            return None
        if known.has("vague", low):
            return self._vague(at)
        if fraction := self._fraction(at) or self._one_in(at):
            return fraction
        after, sign = at, 1.0
        is_signed = low in ("-", "−") and not self.is_glued(at) and self.is_glued(at + 1)
        if low == "minus" or (is_signed and (self.is_digits(at + 1) or known.has("sign", self.low(at + 1)))):
            sign, after = -1.0, at + 1
        currency = known.by_kind["sign"][self.low(after)][1] if known.has("sign", self.low(after)) else ""
        after += bool(currency)
        if self.is_digits(after):
            if self._is_in_name(after):
                return None
            special = self._clock(after) or (None if currency else self._score(after))
            return special or self._with_unit(after + 1, sign * _value(self.low(after)), currency)
        spelled = self._spelled(after) if after < len(self.read) else None
        if spelled is None:
            return None
        value, end, is_ordinal = spelled
        if is_ordinal:
            return (Amount(value, "ordinal"),), end
        return self._with_unit(end, sign * value, currency)

    def qualifier(self, at: int, after: int) -> str:
        """What qualifies the quantity between two tokens: words before it, or "or more", "or so", "+" behind."""
        behind = f"{self.low(after)} {self.low(after + 1)}"
        if behind == "or so":
            return "about"
        if behind == "or more" or (self.low(after) == "+" and self.is_glued(after)):
            return "least"
        for back in range(_LOOK_BACK, 0, -1):
            if at >= back:
                joined = " ".join(token.low for token in self.read[at - back : at])
                joined = joined.removesuffix(" the").removesuffix(" a").removesuffix(" an")
                if joined in self._known.qualifiers:
                    return self._known.qualifiers[joined]
        return ""

    def _is_in_name(self, at: int) -> bool:
        """ "COP28", "Covid-19", "pad 39B", "F-16": digits that are part of a name."""
        if self.is_glued(at) and at and self.low(at - 1).isalpha() and self.low(at - 1) != "us":
            return True
        if at > 1 and self.is_glued(at) and self.low(at - 1) in "-–" and self.is_glued(at - 1):
            before = self.read[at - 2].text
            if before.isalpha() and before[0].isupper() and before.lower() not in self._known.cardinals:
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
        has_unit = any(self._known.has(kind, following) for kind in ("scale", "measure", "currency"))
        if has_unit or following in ("%", "percent", "per", "percentage", "-", "–"):
            return None
        return (Amount(float(one), "score", float(other)),), at + 3

    def _vague(self, at: int) -> _Parsed:
        least, after = self._known.factor("vague", self.low(at)), at + 1
        if self.low(after) == "of" and self._known.has("vague", self.low(after + 1)):
            least, after = least * self._known.factor("vague", self.low(after + 1)) / 2, after + 2
        return (Amount(least, "vague", least * (10 if least < 1e3 else 100)),), after

    def _fraction(self, at: int) -> _Parsed | None:
        """Halves, thirds and quarters, of a point, of a million or of anything."""
        count, after = 1.0, at
        if self.low(at) in ("a", "an", "one"):
            after += 1
        elif 1 < self._known.cardinals.get(self.low(at), 0) < 10:
            count, after = float(self._known.cardinals[self.low(at)]), at + 1
        after += after > at and self.low(after) == "-"
        word = self.low(after)
        if not self._known.has("fraction", word) or (after == at and not word.startswith(("half", "quarter"))):
            return None
        if count != 1.0 and not word.endswith("s"):
            return None
        whole, after = self._known.factor("fraction", word), after + 1
        behind = after + (self.low(after) == "-")
        behind += self.low(behind) == "of"
        behind += self.low(behind) in ("a", "an")
        value, scaled = count / whole, self.low(behind)
        if scaled in ("percent", "per", "%"):
            return (Amount(value, "%"),), behind + 1 + (scaled == "per")
        if scaled == "percentage" or scaled in ("point", "points"):
            return (Amount(value, "points"),), behind + 1 + (scaled == "percentage")
        if self._known.has("scale", scaled):
            return self._with_unit(behind + 1, value * self._known.factor("scale", scaled), "")
        if self._known.has("measure", scaled) and (behind > after or whole == 2):
            return self._with_unit(behind, value, "")
        is_sure = count != 1.0 or self.low(after) == "of" or whole == 2
        if not is_sure or self.low(after) in ("time", "-", "way", "brother", "sister"):
            return None
        return (Amount(100 * value, "%"), Amount(value, "fraction")), after

    def _one_in(self, at: int) -> _Parsed | None:
        """ "four in five", "one out of ten": a share."""
        behind = at + (
            2 if self.low(at + 1) == "in" else 3 if (self.low(at + 1), self.low(at + 2)) == ("out", "of") else 0
        )
        count, whole = (self._small(place) for place in (at, behind))
        if behind == at or not 0 < count < whole:
            return None
        return (Amount(100 * count / whole, "%"), Amount(count / whole, "fraction")), behind + 1

    def _small(self, at: int) -> int:
        low = self.low(at)
        return self._known.cardinals.get(low, int(low) if low.isascii() and low.isdecimal() and len(low) < 4 else 0)

    def _spelled(self, at: int) -> tuple[float, int, bool] | None:
        """A number in words: its value, the token after it, and whether it is an ordinal."""
        known, total, current, place = self._known, 0.0, -1.0, at
        if self.low(at) in ("a", "an"):
            if not known.has("scale", self.low(at + 1)):
                return None
            current, place = 1.0, at + 1
        elif self.low(at) == "first" and self.low(at - 1) == "at":
            return None
        elif self.low(at) == "dozen":
            current = 1.0
        while place < len(self.read):
            low = self.low(place)
            joins = (low == "and" and (total or current >= 100)) or (low == "-" and current >= 20)
            if place > at and joins:
                following = self.low(place + 1)
                if following not in known.cardinals and following not in known.ordinals:
                    break
                place, low = place + 1, following
            if low in known.ordinals:
                number = float(known.ordinals[low])
                fits = current < 0 or (current >= 20 and current % 10 == 0 and number < 10) or current % 100 == 0
                return (total + max(current, 0) + number, place + 1, True) if fits else None
            if low in known.cardinals:
                number = float(known.cardinals[low])
                if current < 0:
                    current = number
                elif (current % 100 in range(20, 100, 10) and 0 < number < 10) or (
                    current >= 100 and current % 100 == 0
                ):
                    current += number
                else:
                    break
            elif known.has("scale", low) and current > 0:
                scale = known.factor("scale", low)
                if scale <= 100:
                    current *= scale
                else:
                    total, current = total + current * scale, -1.0
                    if self.low(place + 1) not in known.cardinals and self.low(place + 1) != "and":
                        return total, place + 1, False
            else:
                break
            place += 1
        if place == at or (not total and current < 0):
            return None
        return total + max(current, 0), place, False

    def _with_unit(self, after: int, value: float, currency: str) -> _Parsed:
        """What follows a number: scale, per cent, currency, measure."""
        known, low = self._known, self.low
        is_close = self.is_digits(after - 1) and self.is_glued(after)
        if is_close and low(after) in ("st", "nd", "rd", "th"):
            return (Amount(value, "ordinal"),), after + 1
        if is_close and low(after) == "s":
            return (Amount(value, "decade"),), after + 1
        if (low(after), low(after + 1), low(after + 2)) == ("and", "a", "half"):
            value, after = value + 0.5, after + 3
        readings: list[Amount] = []
        if is_close and known.has("suffix", low(after)):
            readings.append(Amount(value * known.factor("suffix", low(after)), currency))
            if low(after) == "m" and not currency:
                readings.append(Amount(value, "m"))
            after += 1
        while not readings and known.has("scale", low(dashed := after + (low(after) == "-")).rstrip("s")):
            value, after = value * known.factor("scale", low(dashed).rstrip("s")), dashed + 1
        if currency:
            return (tuple(readings) or (Amount(value, currency),)), after
        values = [reading.value for reading in readings[:1]] or [value]
        at = after + (low(after) == "-" and self.is_glued(after))
        if low(at) == "m" and self.is_digits(after - 1) and not readings:  # "3 m"
            return (Amount(value, "m"),), at + 1
        if (low(at), low(at + 1), low(at + 2)) == ("light", "-", "years"):
            return (Amount(values[0], "light-year"),), at + 3
        is_per_cent = low(at) == "per" and low(at + 1) == "cent"
        if low(at) in ("%", "percent", "pc") or is_per_cent:
            at += 1 + is_per_cent
            is_points = low(at) in ("point", "points")
            return (Amount(values[0], "points" if is_points else "%"),), at + is_points
        if low(at) in ("percentage", "basis") and low(at + 1) in ("point", "points"):
            return (Amount(values[0] / (100 if low(at) == "basis" else 1), "points"),), at + 2
        if low(at) in ("point", "points"):
            return (Amount(values[0], "points"), Amount(values[0])), at + 1
        national = low(at) in ("us", "american", "australian", "canadian", "swedish", "norwegian", "danish", "swiss")
        for place in (at, at + 1) if national else (at,):
            if known.has("currency", low(place)):
                factor, unit = known.by_kind["currency"][low(place)]
                readings += [Amount(each * factor, unit) for each in values]
                after = place + 1
        power = {"square": "2", "cubic": "3"}.get(low(at), "")
        measure = low(at + bool(power))
        if known.has("measure", measure):
            factor, unit = known.by_kind["measure"][measure]
            readings.append(Amount(values[0] * (factor ** int(power) if power else factor), unit + power))
            after = max(after, at + 1 + bool(power))
            if measure in ("year", "years") and "old" in (low(after), low(after + 1)):
                readings.append(Amount(values[0]))
        return (*(readings or [Amount(value)]),), after


def _value(digits: str) -> float:
    return float(re.sub(r"[,\u00a0\u2009\u202f]", "", digits))


_UNRANGED = frozenset(("ordinal", "clock", "score", "vague"))


def _ranged(text: str, found: list[Quantity]) -> list[Quantity]:
    """ "$10-15 billion", "4.75 to 5.00 percent": the unit and scale of one end of a range are the other's too."""
    known = _words()
    for place in range(len(found) - 1):
        one, other = found[place], found[place + 1]
        joint = text[one.end : other.start].strip(" \u00a0$€£").lower()
        is_between = joint == "and" and "between" in text[max(0, one.start - 20) : one.start].lower()
        if joint not in ("-", "–", "to", "or") and not is_between:
            continue
        first, second = one.readings[-1], other.readings[-1]
        if second.unit == "" and any(first.unit == unit for _, unit in known.by_kind["sign"].values()):
            second = Amount(second.value, first.unit)
            found[place + 1] = other._replace(readings=(*other.readings, second))
        more = []
        if first.unit == "" and second.unit not in _UNRANGED:
            is_basis = second.unit == "points" and "basis" in other.text
            more = [Amount(first.value / (100 if is_basis else 1), second.unit)]
        if first.unit in ("", second.unit) and first.value < 1e3 <= second.value and second.unit not in _UNRANGED:
            scales = [scale for word, (scale, _) in known.by_kind["scale"].items() if word in other.text.lower()]
            more += [Amount(first.value * scale, second.unit) for scale in scales if scale > 100]
        found[place] = one._replace(readings=(*one.readings, *more))
    return found


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
        return abs(off) <= ROUNDED_WITHIN and (said.unit == "%" or _rounds_to(said, held, _nearest))
    if qualifier in ("over", "least"):
        return -BOUND_WITHIN <= off < 0 and _rounds_to(said, held, math.floor)
    if qualifier == "under":
        return 0 < off <= ROUNDED_WITHIN and _rounds_to(said, held, math.ceil)
    return False


def _nearest(value: float) -> int:
    return math.floor(value + 0.5)


def _rounds_to(said: Amount, held: Amount, rounding: object) -> bool:
    """Whether `held` becomes `said` at some number of figures; a conversion of units may be rounded too."""
    if said.unit in ("m", "kg", "m2", "s"):
        return True
    value, target = abs(held.value), abs(said.value)
    top = math.floor(math.log10(value))
    steps = [10.0 ** (top + 1 - digits) for digits in range(1, 8)]
    steps += [5.0 * 10.0 ** (top - 1), 25.0 * 10.0 ** (top - 2)]
    return any(math.isclose(rounding(value / step) * step, target, rel_tol=1e-9) for step in steps)  # type: ignore[operator]
