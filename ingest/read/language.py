"""Which language a text is in, told by its commonest words. Pure.

Knows nothing about pages: what a page says of its own language is worth more.
"""

from __future__ import annotations

import re
from collections import Counter

_WORDS = {
    "en": "the of and to in that is was for it with as on be at by this had not are but from have an "
    "they which were their",
    "de": "der die und das den von zu mit sich des auf für ist im dem nicht ein eine als auch es an "
    "werden aus er hat dass sie nach",
    "fr": "le de la les et des en un une du est que dans qui pour pas sur au plus par avec ce il "
    "sont aux ont été cette mais",
    "es": "el de la que y en los se del las un por con una para su es al como más pero sus fue este "
    "ha lo también entre",
    "it": "di che il la per un è del non sono della con si le da una dei nel alla più anche al ha gli delle come stato",
    "pt": "de que o do da em um para com não uma os no se na por mais as dos como mas foi ao das tem à seu sua são",
    "nl": "de het een van en in is dat op te zijn voor met die niet aan er om ook als bij door naar "
    "uit maar heeft worden",
    "sv": "och att det som en på är av för med den till inte har om ett de men var från sig så kan efter",
    "da": "og det at en den til er som på de med han af for ikke der var mig sig men et har om vi hun efter blev",
    "no": "og det er på som en til å av for at med har de ikke den om et fra var han men seg etter ble",
    "pl": "w i na z się nie do to jest że o jak po co ale za od przez jego był dla są oraz tym być",
    "tr": "ve bir bu da de için ile çok daha olarak olan gibi en ne sonra kadar var ancak ise her",
    "id": "yang dan di dengan untuk pada dari ini itu dalam tidak akan oleh juga telah sebagai ke bahwa para",
}
_SETS = {code: frozenset(words.split()) for code, words in _WORDS.items()}
_ALL_WORDS = frozenset().union(*_SETS.values())
_SCRIPTS = {
    "ru": "\u0400-\u04ff", "el": "\u0370-\u03ff", "ar": "\u0600-\u06ff", "he": "\u0590-\u05ff", "hi": "\u0900-\u097f",
    "th": "\u0e00-\u0e7f", "ko": "\uac00-\ud7af", "ja": "\u3040-\u30ff", "zh": "\u4e00-\u9fff",
}  # fmt: skip
_SCRIPT_PATTERNS = {code: re.compile(f"[{span}]") for code, span in _SCRIPTS.items()}
_ASCII = re.compile(r"[\x00-\x7f]+")
_SHARED_SCRIPTS = frozenset(("ru", "ar", "hi"))
"""Scripts that several languages share: such a text stays without a language."""
_SAMPLE_CHARS = 3000
_MIN_WORDS = 20


def language_of(text: str) -> str | None:
    """The ISO 639-1 code of the text's language, or None where it is too short or unclear."""
    sample = text[:_SAMPLE_CHARS]
    words = re.findall(r"[^\W\d_]+", sample.casefold())
    letters = sum(map(len, words)) or 1
    foreign = "" if sample.isascii() else _ASCII.sub("", sample)  # little is left of most texts to be looked through
    for code, pattern in _SCRIPT_PATTERNS.items() if foreign else ():
        share = len(pattern.findall(foreign)) / letters
        if share > (0.1 if code == "ja" else 0.4):  # Japanese is mostly written in Chinese characters
            return None if code in _SHARED_SCRIPTS else code
    if len(words) < _MIN_WORDS:
        return None
    counts = {word: count for word, count in Counter(words).items() if word in _ALL_WORDS}
    shares = sorted(
        ((sum(counts[word] for word in common & counts.keys()) / len(words), code) for code, common in _SETS.items()),
        reverse=True,
    )
    (best, code), (second, _) = shares[0], shares[1]
    return code if best >= 0.15 and best > 1.15 * second else None
