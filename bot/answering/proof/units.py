"""Number words, scales, currencies and measures, each with what it counts in base units.

Knows nothing about sentences: tables alone.
"""

from __future__ import annotations


def listed(words: str) -> frozenset[str]:
    """The words of a table, written with blanks between them."""
    return frozenset(words.split())


_UP_TO_NINETEEN = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SECOND_TO_NINETEENTH = (
    "second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth"
    " sixteenth seventeenth eighteenth nineteenth"
)
_TENTHS = "twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth"
NUMBER_WORDS = {word: value for value, word in enumerate(_UP_TO_NINETEEN.split())} | {
    word: 10 * tens for tens, word in enumerate(_TENS.split(), start=2)
}
TENS = frozenset(range(20, 100, 10))
ORDINALS = {word: value for value, word in enumerate(_SECOND_TO_NINETEENTH.split(), start=2)} | {
    word: 10 * tens for tens, word in enumerate(_TENTHS.split(), start=2)
}
""" "first" is read where it stands: "at first" is none."""

SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "dozen": 12.0}
SUFFIXES = {"k": 1e3, "m": 1e6, "mn": 1e6, "bn": 1e9, "b": 1e9, "tn": 1e12}
""" "5m" and "$3bn"; "m" is a metre as well."""
VAGUE = {
    "dozens": (24.0, 199.0),
    "tens": (20.0, 99.0),
    "scores": (40.0, 199.0),
    "hundreds": (200.0, 1999.0),
    "thousands": (2e3, 199_999.0),
    "millions": (2e6, 1_999_999_999.0),
    "billions": (2e9, 1_999_999_999_999.0),
}
"""The least and the most that a plural without a number stands for."""

SIGNS = {"$": "$", "€": "€", "£": "£", "¥": "¥", "₹": "rupee"}
CURRENCIES = {
    form: unit
    for unit, forms in {
        "$": "dollar dollars usd cents",
        "€": "euro euros eur",
        "£": "pound pounds sterling gbp",
        "¥": "yen jpy",
        "yuan": "yuan renminbi",
        "rupee": "rupee rupees",
        "krona": "kronor krona kroner krone",
        "rouble": "rouble roubles ruble rubles",
        "franc": "franc francs",
        "lira": "lira liras",
        "rand": "rand",
        "shekel": "shekel shekels",
        "peso": "peso pesos",
    }.items()
    for form in forms.split()
}
MEASURES: dict[str, tuple[float, str]] = {
    form: (factor, unit)
    for unit, factor, forms in (
        ("m", 1e-3, "mm millimetre millimetres millimeter millimeters"),
        ("m", 1e-2, "cm centimetre centimetres centimeter centimeters"),
        ("m", 1.0, "metre metres meter meters"),
        ("m", 1e3, "km kilometre kilometres kilometer kilometers"),
        ("m", 0.0254, "inch inches"),
        ("m", 0.3048, "foot feet ft"),
        ("m", 0.9144, "yard yards"),
        ("m", 1609.344, "mile miles mi"),
        ("kg", 1e-3, "g gram grams gramme grammes"),
        ("kg", 1.0, "kg kilogram kilograms kilo kilos kilogramme kilogrammes"),
        ("kg", 1e3, "ton tons tonne tonnes"),
        ("kg", 0.45359237, "lb lbs pound pounds"),
        ("kg", 0.028349523, "ounce ounces"),
        ("s", 1.0, "second seconds"),
        ("s", 60.0, "minute minutes"),
        ("s", 3600.0, "hour hours"),
        ("s", 86_400.0, "day days"),
        ("s", 604_800.0, "week weeks"),
        ("month", 1.0, "month months"),
        ("month", 12.0, "year years"),
        ("month", 120.0, "decade decades"),
        ("month", 1200.0, "century centuries"),
        ("J", 1.0, "joule joules"),
        ("J", 1e3, "kilojoule kilojoules"),
        ("J", 1e6, "megajoule megajoules mj"),
        ("W", 1e3, "kilowatt kilowatts kw"),
        ("W", 1e6, "megawatt megawatts mw"),
        ("W", 1e9, "gigawatt gigawatts gw"),
        ("ha", 1.0, "hectare hectares"),
        ("ha", 0.40468564, "acre acres"),
        ("light-year", 1.0, "ly"),
        ("degree", 1.0, "degree degrees °"),
        ("times", 1.0, "times"),
        ("barrel", 1.0, "barrel barrels"),
        ("litre", 1.0, "litre litres liter liters"),
        ("mph", 1.0, "mph"),
    )
    for form in forms.split()
}
