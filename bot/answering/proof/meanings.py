"""Which words of news English say the same, which say the opposite, and which claim more than they seem to.

Knows nothing about sentences: tables alone, and the one look-up that reads them.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache

from bot.answering.proof.synonyms import OPPOSITE, SAME
from bot.answering.proof.units import listed
from bot.text.names import alias_rows
from bot.text.words import STOPWORDS, stem

STRICT = listed("""
    last only unanimous unanimously every never always largest biggest smallest highest lowest oldest youngest
    longest shortest deadliest worst best fastest most least record double doubled twice triple tripled treble
    quadruple quadrupled tenfold unprecedented final sole
    latest entire entirely immediately temporarily permanently permanent temporary illegal illegally secret secretly
    deliberately accidentally false falsely guilty innocent minus former future deputy acting interim vice
    all narrowest widest strongest weakest poorest richest heaviest worldwide
    """)
"""Words that claim much by themselves: each must stand in the passage, or one that says the same."""
STRICT_SAME = {
    "biggest": "largest", "final": "last", "sole": "only", "treble": "triple", "tripled": "triple",
    "doubled": "double", "twice": "double", "unanimously": "unanimous", "entirely": "entire",
    "quadrupled": "quadruple", "permanently": "permanent", "illegally": "illegal", "secretly": "secret",
    "falsely": "false",
}  # fmt: skip
NEGATIONS = listed(
    "not no never none nobody nothing neither nor without cannot nowhere hardly scarcely barely unable non"
)
DENIALS = listed("deny denied denies refuse refused refuses fail failed fails reject rejected rejects")
TO_COME = listed("""
    will shall would could might may should plan plans planned planning expect expects expected forecast forecasts
    due intend intends intended hope hopes propose proposes proposed proposal aim aims likely want wants goal target
    possible possibly potentially perhaps if projected projection predicts predicted warn warned warns fear fears
    feared threatens threaten decided agreed
    scheduled set promise promised promises pledged seek seeks sought announced estimate decide
    """)
POSSIBLE = listed(
    "could might may if possible possibly potentially perhaps would should warned warns fear fears"
    " feared threatens threaten"
)
SPEAKING = listed("""
    say says said saying announce announces announced state states stated tell tells told report reports reported
    according reporting add adds added note notes noted confirm confirms confirmed article articles passage passages
    source sources describe describes described mention mentions mentioned write writes wrote call called
    quote quotes quoted explain explains explained
    """)
FILLING = listed("""
    however meanwhile overall moreover furthermore additionally also still instead therefore thus hence while
    well mainly mostly largely including include includes included involve involves involved involving total
    number numbers figure figures amount amounts level levels time times part parts way ways thing place
    separately notably specifically particularly especially respectively currently recently earlier later then now
    think thinks believe believes contain contains contained
    new per via amid among amongst toward towards upon within throughout across around approximately roughly
    estimated estimate nearly almost several various many few certain such put puts one ones two both
    became become becomes remain remains remained make makes made take takes took taken give gave
    hold held holds set stand stood stands day days week weeks month months year years today date
    reach reached reaches come came bring brought go went going do does did done get got see seen saw
    away apart across according based count counts counted following previous previously
    rather instead yet even just already soon
    """)
"""Words that carry no claim: they may stand without support."""


def _base(low: str) -> str:
    """The stem, and the same one for "vote" and "votes": the stemmer leaves words of four letters alone."""
    base = stem(low)
    return base[:-1] if len(base) == 4 and base[-1] == "e" else base


@cache
def _groups() -> dict[str, str]:
    """The group's first word for the stem of each of its words; a word of two groups stays in the first."""
    found: dict[str, str] = {}
    for line in SAME.strip().splitlines():
        group, *others = line.split()
        for word in (group, *others):
            found.setdefault(_base(word), group)
    return found


@cache
def opposites() -> dict[str, frozenset[str]]:
    """For each meaning, the meanings that deny it."""
    found: dict[str, set[str]] = {}
    for line in OPPOSITE.strip().splitlines():
        one, other = map(meaning, line.split("|"))
        if one != other:
            found.setdefault(one, set()).add(other)
            found.setdefault(other, set()).add(one)
    return {word: frozenset(others) for word, others in found.items()}


@cache
def aliases() -> dict[str, str]:
    """One name for those who go by several: "british" and "uk" are "britain"; two words are joined by a dash."""
    return {folded(name): folded(names[0]) for names in alias_rows() for name in names}


@lru_cache(maxsize=65_536)
def meaning(word: str) -> str:
    """What a word counts as: the first word of its group, or its stem."""
    low = folded(word)
    if low in aliases():
        return aliases()[low]
    base = _base(low)
    return _groups().get(base, base)


@lru_cache(maxsize=65_536)
def folded(word: str) -> str:
    """Lower case, without accents and possessives."""
    low = word.lower().replace("’", "'").removesuffix("'s").removesuffix("'")
    if not low.isascii():
        low = low.translate(_PLAIN)
        low = "".join(letter for letter in unicodedata.normalize("NFKD", low) if not unicodedata.combining(letter))
    return low


_PLAIN = str.maketrans({"ı": "i", "ø": "o", "ł": "l", "ß": "ss", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th"})


@lru_cache(maxsize=65_536)
def is_empty(low: str) -> bool:
    """Whether a word in lower case makes no claim of its own."""
    return low in STOPWORDS or low in FILLING or low in SPEAKING
