"""Reads the amounts of a sentence - counts, shares, sums, measures, ordinals, scores, times of day - as values.

Knows nothing about articles or answers: a text in, values with their places out. One pass over the words, so that
the time grows with the length of the text and no more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from bot.answering.proof.hedges import hedge_of
from bot.answering.proof.tokens import Token, tokens
from bot.answering.proof.units import (
    CURRENCIES,
    MEASURES,
    NUMBER_WORDS,
    ORDINALS,
    SCALES,
    SIGNS,
    SUFFIXES,
    TENS,
    VAGUE,
)


class Reading(NamedTuple):
    """One way to read an amount: 400 and "m" for "400-metre"; units are base units, so that values compare."""

    value: float
    unit: str
    most: float = 0.0
    """For a vague amount ("hundreds") its upper end; for a score its second number."""


class Figure(NamedTuple):
    """An amount in a text: `text[start:end]`; several readings where it is ambiguous ("400m")."""

    start: int
    end: int
    text: str
    readings: tuple[Reading, ...]
    hedge: str = ""
    """about, over, under, least, most or nothing."""
    is_open: bool = False
    """Idioms such as "half a thousand": neither checked nor proof of anything."""


def figures(text: str, taken: Sequence[tuple[int, int]] = (), words: Sequence[Token] | None = None) -> list[Figure]:
    """The amounts of `text` that lie outside of the spans `taken` (its dates), in order."""
    read = tokens(text) if words is None else words
    busy = iter(sorted(taken))
    span = next(busy, None)
    found: list[Figure] = []
    at = 0
    while at < len(read):
        while span is not None and span[1] <= read[at].start:
            span = next(busy, None)
        if span is not None and span[0] <= read[at].start < span[1]:
            at += 1
            continue
        parsed = _parsed(read, at)
        if parsed is None:
            at += 1
            continue
        readings, after, is_open = parsed
        start, end = read[at].start, read[after - 1].end
        found.append(Figure(start, end, text[start:end], readings, hedge_of(read, at, after), is_open))
        at = after
    return _ranged(text, found)


def _parsed(read: Sequence[Token], at: int) -> tuple[tuple[Reading, ...], int, bool] | None:
    """The amount that begins at a token: its readings, the token after it, and whether it is an idiom left open."""
    token = read[at]
    if token.low == "first" and (at == 0 or read[at - 1].low != "at"):
        return (Reading(1.0, "ordinal"),), at + 1, False
    if token.low in VAGUE:
        return _vague(read, at)
    if fraction := _fraction(read, at):
        return fraction
    after = at
    sign = 1.0
    if token.low == "minus" or (token.text in "-−" and not token.is_glued and _glued_digit(read, at + 1)):
        sign, after = -1.0, at + 1
    currency = ""
    if after < len(read) and read[after].text in SIGNS:
        currency, after = SIGNS[read[after].text], after + 1
    if after >= len(read):
        return None
    if read[after].text[0].isdecimal():
        if _in_a_name(read, after):
            return None
        value, number_end = _value(read[after].text), after + 1
        special = _clock(read, after) or (None if currency else _score(read, after))
        if special:
            return special
    else:
        spelled = _spelled(read, after)
        if spelled is None:
            return None
        value, number_end = spelled
        if number_end < 0:
            return (Reading(value, "ordinal"),), -number_end, False
    return _with_unit(read, at, number_end, sign * value, currency)


def _value(digits: str) -> float:
    return float(re.sub(r"[,\u00a0\u2009\u202f]", "", digits))


def _glued_digit(read: Sequence[Token], at: int) -> bool:
    return at < len(read) and read[at].is_glued and (read[at].text[0].isdecimal() or read[at].text in SIGNS)


def _in_a_name(read: Sequence[Token], at: int) -> bool:
    """ "COP28", "Covid-19", "pad 39B", "F-16": digits that are part of a name."""
    if read[at].is_glued and at and read[at - 1].text.isalpha():
        return True
    if at > 1 and read[at].is_glued and read[at - 1].text in "-–" and read[at - 1].is_glued:
        before = read[at - 2].text
        if before.isalpha() and before[0].isupper() and before.lower() not in NUMBER_WORDS:
            return True
    following = read[at + 1] if at + 1 < len(read) else None
    return following is not None and following.is_glued and following.text.isupper() and len(following.text) == 1


def _clock(read: Sequence[Token], at: int) -> tuple[tuple[Reading, ...], int, bool] | None:
    hour, minute, after = _value(read[at].text), 0.0, at + 1
    has_minutes = (
        at + 2 < len(read)
        and read[at + 1].text in (":", ".")
        and read[at + 1].is_glued
        and read[at + 2].is_glued
        and len(read[at + 2].text) == 2
        and read[at + 2].text.isdecimal()
    )
    if has_minutes and read[at + 1].text == ":":
        minute, after = float(read[at + 2].text), at + 3
    half = ""
    if after < len(read) and read[after].low in ("a", "p", "am", "pm"):
        if read[after].low in ("am", "pm"):
            half, after = read[after].low[0], after + 1
        elif after + 2 < len(read) and read[after + 1].text == "." and read[after + 2].low == "m":
            half, after = read[after].low, after + 3
    if not half and after == at + 1:
        return None
    if hour > 24 or minute > 59:
        return None
    hour = hour % 12 + 12 * (half == "p") if half else hour
    return (Reading(60 * hour + minute, "clock"),), after, False


def _score(read: Sequence[Token], at: int) -> tuple[tuple[Reading, ...], int, bool] | None:
    """ "4-2", but neither "4-2%" nor "10-15 billion" nor "2014-2018"."""
    if at + 2 >= len(read) or read[at + 1].text not in "-–" or not (read[at + 1].is_glued and read[at + 2].is_glued):
        return None
    one, other = read[at].text, read[at + 2].text
    if not (one.isdecimal() and other.isdecimal() and len(one) <= 3 and len(other) <= 3):
        return None
    following = read[at + 3].low if at + 3 < len(read) else ""
    if following in SCALES or following in MEASURES or following in ("%", "percent", "per", "percentage", "-", "–"):
        return None
    return (Reading(float(one), "score", float(other)),), at + 3, False


def _vague(read: Sequence[Token], at: int) -> tuple[tuple[Reading, ...], int, bool]:
    low, high = VAGUE[read[at].low]
    after = at + 1
    if after + 1 < len(read) and read[after].low == "of" and read[after + 1].low in VAGUE:
        scale = VAGUE[read[after + 1].low][0] / 2
        low, high, after = low * scale, high * scale, after + 2
    return (Reading(low, "vague", high),), after, False


def _fraction(read: Sequence[Token], at: int) -> tuple[tuple[Reading, ...], int, bool] | None:
    """Halves, thirds and quarters, of a point, of a million or of anything."""
    lows = [token.low for token in read[at : at + 8]] + [""] * 8
    count, used = (1.0, 0)
    if lows[0] in ("a", "an", "one"):
        used = 1
    elif lows[0] in NUMBER_WORDS and NUMBER_WORDS[lows[0]] < 10:
        count, used = float(NUMBER_WORDS[lows[0]]), 1
    if used and lows[used] == "-":
        used += 1
    parts = {"half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fifth": 5, "fifths": 5}
    if lows[used] not in parts or (used == 0 and not lows[0].startswith(("half", "quarter"))):
        return None
    whole = parts[lows[used]]
    following = used + 1
    plural = lows[used].endswith("s")
    if count != 1.0 and not plural:
        return None
    if lows[following] == "-":
        following += 1
    rest = lows[following:]
    skip = 0
    while rest[skip] in ("of", "a", "an") and skip < 2:
        skip += 1
    value = count / whole
    if rest[skip] == "percentage" and rest[skip + 1].startswith("point"):
        return (Reading(value, "points"),), at + following + skip + 2, False
    if rest[skip] in ("point", "points"):
        return (Reading(value, "points"),), at + following + skip + 1, False
    if rest[skip] in ("million", "billion", "trillion"):
        return _with_unit(read, at, at + following + skip + 1, value * SCALES[rest[skip]], "")
    if rest[skip] in ("thousand", "hundred", "dozen"):
        return (Reading(value * SCALES[rest[skip]], ""),), at + following + skip + 1, True
    if rest[skip] in MEASURES and (skip or lows[used] == "half"):
        return _with_unit(read, at, at + following + skip, value, "")
    if whole in (3, 5) and lows[used] in ("third", "fifth") and rest[0] != "of":
        return None
    if lows[used] == "quarter" and rest[0] != "of":
        return None
    share = (Reading(100 * value, "%"), Reading(value, "fraction"))
    return share, at + used + 1, lows[used] in ("half", "halves") and rest[0] in ("time", "-", "way", "brother")


def _spelled(read: Sequence[Token], at: int) -> tuple[float, int] | None:
    """A number in words and the token after it; for an ordinal that token negative."""
    total, current, place = 0.0, -1.0, at
    if read[at].low in ("a", "an"):
        if at + 1 >= len(read) or read[at + 1].low not in ("hundred", "thousand", "million", "billion", "dozen"):
            return None
        current, place = 1.0, at + 1
    while place < len(read):
        low = read[place].low
        joined = place > at and (
            (low == "and" and (total or current >= 100)) or (low == "-" and read[place].is_glued and current >= 20)
        )
        if joined:
            follows = read[place + 1].low if place + 1 < len(read) else ""
            if not (follows in NUMBER_WORDS or follows in ORDINALS or follows == "first"):
                break
            place += 1
            low = follows
        if low in ORDINALS or (low == "first" and place > at):
            number = float(ORDINALS.get(low, 1))
            fits = current < 0 or (current >= 20 and current % 10 == 0 and number < 10) or current % 100 == 0
            if not fits:
                break
            return total + max(current, 0) + number, -(place + 1)
        if low in NUMBER_WORDS:
            number = float(NUMBER_WORDS[low])
            if current < 0:
                current = number
            elif (current % 100 in TENS and 0 < number < 10) or (current >= 100 and current % 100 == 0):
                current += number
            else:
                break
        elif low in SCALES and current > 0:
            scale = SCALES[low]
            if scale <= 100:
                current *= scale
            else:
                total, current = total + current * scale, -1.0
                if place + 1 >= len(read) or read[place + 1].low not in (*NUMBER_WORDS, "and"):
                    return total, place + 1
        else:
            break
        place += 1
    if place == at or (not total and current < 0):
        return None
    return total + max(current, 0), place


def _with_unit(
    read: Sequence[Token], at: int, after: int, value: float, currency: str
) -> tuple[tuple[Reading, ...], int, bool]:
    """What follows a number: scale, per cent, currency, measure."""
    lows = [token.low for token in read[after : after + 8]] + [""] * 8
    used = 0
    glued = bool(read[after : after + 1]) and read[after].is_glued
    digits = read[after - 1].text[0].isdecimal()
    if digits and glued and lows[0] in ("st", "nd", "rd", "th"):
        return (Reading(value, "ordinal"),), after + 1, False
    if digits and glued and lows[0] == "s":
        return (Reading(value, "decade"),), after + 1, False
    if lows[:3] == ["and", "a", "half"]:
        value, used = value + 0.5, 3
    suffixed: tuple[Reading, ...] = ()
    if digits and glued and lows[0] in SUFFIXES:
        scaled = value * SUFFIXES[lows[0]]
        if currency:
            return (Reading(scaled, currency),), after + 1, False
        suffixed, used = (Reading(scaled, ""),), 1
        if lows[0] == "m":
            suffixed += (Reading(value, "m"),)
    while lows[used].rstrip("s") in SCALES or (lows[used] == "-" and lows[used + 1] in SCALES):
        used += lows[used] == "-"
        value *= SCALES[lows[used].rstrip("s")]
        used += 1
        suffixed = ()
    if currency:
        return (Reading(value, currency),), after + used, False
    dash = int(lows[used] == "-")
    if digits and not glued and lows[used] == "m":  # "3 m"
        return (Reading(value, "m"),), after + used + 1, False
    if lows[used : used + 3] == ["light", "-", "years"]:
        return (Reading(value, "light-year"),), after + used + 3, False
    word, following = lows[used + dash], lows[used + dash + 1]
    end = after + used + dash
    if word in ("%", "percent", "pc") or (word == "per" and following == "cent"):
        end += 1 + (word == "per")
        if lows[used + dash + 1 + (word == "per")] in ("point", "points"):
            return (Reading(value, "points"),), end + 1, False
        return (Reading(value, "%"),), end, False
    if word in ("percentage", "basis") and following in ("point", "points"):
        return (Reading(value / (100 if word == "basis" else 1), "points"),), end + 2, False
    if word in ("point", "points"):
        return (Reading(value, "points"), Reading(value, "")), end + 1, False
    national = word in ("us", "american", "australian", "canadian", "swedish", "norwegian", "danish", "indian", "swiss")
    if national and following in CURRENCIES:
        return (Reading(value, CURRENCIES[following]),), end + 2, False
    readings = list(suffixed)
    if word in CURRENCIES:
        readings.append(Reading(value, CURRENCIES[word]))
        if word == "cents":
            readings = [Reading(value / 100, "$")]
    power = {"square": "2", "cubic": "3"}.get(word, "")
    measure = following if power else word
    if measure in MEASURES:
        factor, unit = MEASURES[measure]
        readings.append(Reading(value * (factor ** int(power) if power else factor), unit + power))
        end += 1 + bool(power)
        if measure in ("year", "years") and "old" in [token.low for token in read[end : end + 2]]:
            readings.append(Reading(value, ""))
    elif readings and not suffixed:
        end += 1
    if readings:
        return tuple(readings), max(end - (dash if end == after + used + dash else 0), after + used), False
    return (*_labelled(read, at, after, value), Reading(value, "")), after + used, False


def _labelled(read: Sequence[Token], at: int, after: int, value: float) -> tuple[Reading, ...]:
    """ "Voyager 1": a small number behind a capitalised word may be part of a name; the name goes into the value."""
    if at == 0 or after != at + 1 or value >= 100 or not read[at].text.isdecimal():
        return ()
    name = read[at - 1]
    if not name.text[0].isupper() or name.low in NUMBER_WORDS or read[at].is_glued:
        return ()
    return (Reading(value + 1000.0 * (1 + sum(map(ord, name.low))), "label"),)


def _ranged(text: str, found: list[Figure]) -> list[Figure]:
    """ "$10-15 billion", "4.75 to 5.00 percent": the unit of one end of a range is the other's too."""
    for place in range(len(found) - 1):
        one, other = found[place], found[place + 1]
        joint = text[one.end : other.start].strip(" \u00a0$€£").lower()
        is_between = joint == "and" and "between" in text[max(0, one.start - 20) : one.start].lower()
        if joint not in ("-", "–", "to", "or") and not is_between:
            continue
        first, second = one.readings[-1], other.readings[-1]
        if second.unit == "" and first.unit in _SIGNED:
            second = Reading(second.value, first.unit)
            found[place + 1] = other._replace(readings=(*other.readings, second))
        more = []
        if first.unit == "" and second.unit not in _UNRANGED:
            is_basis = second.unit == "points" and "basis" in other.text
            more = [Reading(first.value / (100 if is_basis else 1), second.unit)]
        if first.unit in ("", second.unit) and first.value < 1e3 <= second.value and second.unit not in _UNRANGED:
            more += [Reading(first.value * scale, second.unit) for scale in _scale_of(other.text)]
        found[place] = one._replace(readings=(*one.readings, *more))
    return found


_SIGNED = frozenset(SIGNS.values())
_UNRANGED = frozenset(("ordinal", "clock", "score", "vague", "label"))


def _scale_of(amount: str) -> list[float]:
    return [scale for word, scale in SCALES.items() if scale > 100 and word in amount.lower()]
