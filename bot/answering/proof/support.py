"""Whether a passage supports a sentence: its quotations, names, amounts, days and words stand there.

Knows nothing about streams, markers or answers: a sentence and a passage in, a reason or None out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bot.answering.proof.alignment import held_parts, window
from bot.answering.proof.attachment import attachment_reason
from bot.answering.proof.days import Day, agrees, meant
from bot.answering.proof.evidence_text import Evidence, plain
from bot.answering.proof.figures import Figure
from bot.answering.proof.meanings import NEGATIONS, SPEAKING, STRICT_SAME, aliases, folded, is_empty, meaning
from bot.answering.proof.names import Name
from bot.answering.proof.rounding import matches
from bot.answering.proof.statement import DIMENSIONS, Statement, Term
from bot.answering.proof.units import NUMBER_WORDS, listed

HELD_LEAST = 0.62
"""Share of a sentence's words that stand in passage and title."""
HELD_LEAST_PART = 0.45
NEAR_LEAST = 0.42
"""Share that stands in the one or two sentences it rests on, their title and the sentence before."""
CLAUSE_LEAST = 0.4
"""The same for each clause of it: half a truth is none."""
CLAUSE_WORDS = 2
NAME_PREFIX = 6
"""Words count as the same that share so many first letters."""
ROLE_WITHIN = 6
"""Words between a name and the office that goes with it."""
TITLES = listed("""
    president minister secretary general chancellor king queen prince princess pope chair chairman chairwoman governor
    senator judge justice lord lady sir dame mr mrs ms dr professor cardinal archbishop bishop captain coach mayor
    leader lieutenant major colonel foreign prime vice deputy nurse director spokesperson spokesman spokeswoman
    """)
_BARE_NOUNS = ("tion", "ment", "ness", "ing", "ity", "ance", "ence", "ism", "th", "ship", "s", "ic", "age", "al", "ure")
_VERBS = listed(
    "said says is was has had told announced will would won became resigned died took did does can could asked called"
    " warned added wrote received promised voted led gave"
)


def reason_against(
    claim: Statement, evidence: Evidence, outlets: Collection[str] = (), *, is_part: bool = False
) -> str | None:
    """Why the passage does not support the claim; None where it does.

    `outlets` are the names known, folded. A claim that `is_part` of a sentence over several passages may say "rose" or
    "counted" where no single passage does.
    """
    return (
        _quotations(claim, evidence)
        or _outlet(claim, evidence, outlets)
        or _names(claim, evidence)
        or _figures(claim, evidence)
        or _days(claim, evidence)
        or _words(claim, evidence, HELD_LEAST_PART if is_part else HELD_LEAST)
        or attachment_reason(claim, evidence, is_part=is_part)
    )


def _quotations(claim: Statement, evidence: Evidence) -> str | None:
    for quotation in claim.quotations:
        for part in plain(quotation).replace("[...]", "...").replace("…", "...").split("..."):
            wanted = part.strip(" .,!?;:[]")
            if wanted and wanted not in evidence.folded_text:
                return f"“{quotation}” is not in the cited passage"
    return None


def _outlet(claim: Statement, evidence: Evidence, outlets: Collection[str]) -> str | None:
    """An outlet that is named must be one that printed it, or stand in the passage."""
    said = plain(claim.text)
    for outlet in outlets:
        short = outlet.removeprefix("the ")
        is_own = any(short in own for own in evidence.outlets) or short in evidence.folded_text
        if short and short in said and not is_own:
            return f"the cited article is not from {outlet.title()}"
    return None


def _names(claim: Statement, evidence: Evidence) -> str | None:
    for name in claim.names:
        if reason := _name(name, evidence):
            return reason
    for term in claim.terms:
        is_unknown = term.is_opening and not term.is_name and term.text[0].isupper() and not _held(term, evidence)
        if is_unknown and _looks_like_a_name(term, claim):
            return f"{term.text} is not named in the cited passage"
    return None


def _name(name: Name, evidence: Evidence) -> str | None:
    initials = "".join(word[0].lower() for raw in name.raw for word in raw.split() if word[0].isupper())
    if len(initials) > 2 and initials in evidence.words:
        return None
    missing = [raw for word, raw in zip(name.words, name.raw, strict=True) if not _known_word(word, raw, evidence)]
    for raw in missing:
        # A first name that the passage leaves out may stand elsewhere in the article: "Keir" of "Keir Starmer".
        low = folded(raw)
        is_part = len(missing) < len(name.raw)
        if not is_part or not any(low in pair and _in_words(pair, name) for pair in evidence.whole_pairs):
            return f"{raw} is not named in the cited passage"
    return _apart(name, evidence)


def _in_words(pair: tuple[str, str], name: Name) -> bool:
    return pair[0] in name.words and pair[1] in name.words


def _known_word(word: str, raw: str, evidence: Evidence) -> bool:
    low = raw.lower()
    if evidence.has_word(word) or is_empty(low) or (low in evidence.acronyms and raw.isupper()):
        return True
    if low in NUMBER_WORDS or raw[0].isdecimal():
        return True
    return meaning(raw) in evidence.meanings


def _apart(name: Name, evidence: Evidence) -> str | None:
    """Two words of one name that stand apart in the article are two names put together."""
    for one, other in zip(name.words, name.words[1:], strict=False):
        if (one, other) in evidence.whole_pairs or (one in TITLES and other in TITLES):
            continue
        if one in TITLES or other in TITLES or is_empty(one) or is_empty(other):
            if _stand_near(one, other, evidence):
                continue
            if one not in TITLES and not is_empty(one):
                continue
            if not evidence.has_word(one):
                continue
            return f"{name.raw[0]} {name.raw[-1]} is not named so in the cited passage"
        if one in aliases().values() or other in aliases().values():
            continue
        if not (evidence.has_word(one) and evidence.has_word(other)):
            continue
        if _are_plain_words(one, other, evidence):
            continue
        return f"{' '.join(name.raw)} is not named so in the cited article"
    return None


def _are_plain_words(one: str, other: str, evidence: Evidence) -> bool:
    """Words that the passage also writes small are no names: "General Election"."""
    text = evidence.hit.passage.text
    return all(word in text for word in (one, other))


def _stand_near(one: str, other: str, evidence: Evidence) -> bool:
    for statement in (*evidence.sentences, evidence.title):
        lows = [word.text.lower() for word in statement.words]
        places = {word: [at for at, low in enumerate(lows) if low == word] for word in (one, other)}
        if any(abs(a - b) <= ROLE_WITHIN for a in places[one] for b in places[other]):
            return True
    return False


def _looks_like_a_name(term: Term, claim: Statement) -> bool:
    """A bare noun that opens a sentence before a verb is a name, unless it is one of the kinds that go bare."""
    if term.low.endswith(_BARE_NOUNS) or term.low.endswith("ly"):
        return False
    following = [token.low for token in claim.tokens if token.start >= term.end][:1]
    return bool(following) and (following[0] in _VERBS or following[0] in ("'", "’"))


def _figures(claim: Statement, evidence: Evidence) -> str | None:
    for figure in claim.figures:
        if figure.is_open or _is_pronoun(figure, claim):
            continue
        if not _figure_stands(figure, claim, evidence):
            return f"{figure.text} is not in the cited passage"
        if _counts_nothing_held(figure, claim, evidence):
            return f"the cited passage does not say {figure.text} of this"
    return None


def _counts_nothing_held(figure: Figure, claim: Statement, evidence: Evidence) -> bool:
    """ "500 helicopters" of a passage that has no helicopters."""
    if any(reading.unit for reading in figure.readings):
        return False
    counted: list[Term] = []
    end = figure.end
    for term in claim.terms:
        if term.start >= end and claim.text[end : term.start] in (" ", "-"):
            counted.append(term)
            end = term.end
    nouns = counted[-1:] if counted and not counted[-1].is_name else []
    return bool(nouns) and nouns[0].low.endswith("s") and not _held(nouns[0], evidence)


def _is_pronoun(figure: Figure, claim: Statement) -> bool:
    """ "one of", "the two", "second": words that count nothing new."""
    low = figure.text.lower()
    behind = claim.text[figure.end :].split(maxsplit=1)[:1]
    if figure.start == 0 and behind and behind[0].strip(",") in ("later", "earlier", "on"):
        return True  # "Two days later": the distance of two articles, whose days are checked
    before = claim.text[: figure.start].rstrip().lower()
    if low == "one":
        return True
    return low in ("two", "three", "four") and before.endswith(
        (" the", "the", "these", "those", "all", "other", "both")
    )


def _figure_stands(figure: Figure, claim: Statement, evidence: Evidence) -> bool:
    for statement in (*evidence.sentences, evidence.title):
        if any(matches(figure, other) for other in statement.figures):
            return True
        if figure.readings[0].unit == "score" and _pair_stands(figure, statement):
            return True
    year = figure.readings[0].value if figure.readings[0].unit == "" else 0
    if year and any(day.is_bare_year and day.said.year == year for s in evidence.sentences for day in s.days):
        return True
    return _counts_a_list(figure, claim, evidence)


def _pair_stands(figure: Figure, statement: Statement) -> bool:
    values = [figure.readings[0].value, figure.readings[0].most]
    held = [reading.value for other in statement.figures for reading in other.readings[:1]]
    return any(held[at : at + 2] == values for at in range(len(held)))


def _counts_a_list(figure: Figure, claim: Statement, evidence: Evidence) -> bool:
    """ "two countries, Samoa and Fiji": the list itself is the proof of a small number."""
    value = figure.readings[0].value
    if figure.readings[0].unit or not 2 <= value <= 6 or not figure.text.isalpha():
        return False
    after = [name for name in claim.names if name.start > figure.end]
    return len(after) == value and not _name_missing(after, evidence)


def _name_missing(names: Sequence[Name], evidence: Evidence) -> bool:
    return any(_name(name, evidence) for name in names)


def _days(claim: Statement, evidence: Evidence) -> str | None:
    for day in claim.days:
        if not _day_stands(day, claim, evidence):
            return f"{day.text} is not a day in the cited passage"
    return None


def _day_stands(day: Day, claim: Statement, evidence: Evidence) -> bool:
    if day.is_bare_year and any(
        reading.value == day.said.year and reading.unit == ""
        for statement in evidence.sentences
        for figure in statement.figures
        for reading in figure.readings
    ):
        return True
    said = meant(day, evidence.article.published)
    only_said_then = False
    for sentence, held_days in zip(
        (*evidence.sentences, evidence.title), (*evidence.days, evidence.title_days), strict=True
    ):
        for own, held in zip(sentence.days, held_days, strict=True):
            if any(agrees(one, other) for one in said for other in held):
                if not _is_of_speech(own, sentence) or _tells_the_same(claim, sentence):
                    return True
                only_said_then = True
    is_vague = day.said.day is None and day.said.weekday is None
    return (is_vague or not only_said_then) and _printed_then(day, claim, evidence)


def _is_of_speech(day: Day, sentence: Statement) -> bool:
    """ "he said on Wednesday": the day of saying, not of what is told."""
    before = [token.low for token in sentence.tokens if token.end <= day.start][-3:]
    return any(low in _SAID for low in before)


_SAID = listed("said says announced told reported confirmed stated")


def _tells_the_same(claim: Statement, sentence: Statement) -> bool:
    """Whether a sentence that says when something was said tells most of the claim."""
    if any(token.low in SPEAKING for token in claim.tokens):
        return True
    if any(matches(figure, other) for figure in claim.figures for other in sentence.figures):
        return True
    shared = len(claim.meanings & sentence.meanings)
    return shared > len(claim.meanings) / 2


def _printed_then(day: Day, claim: Statement, evidence: Evidence) -> bool:
    """The day of publication may be named where it dates the report, or where the sentence meant names no day."""
    said = meant(day, evidence.article.published)
    if not any(agrees(one, other) for one in said for other in evidence.printed):
        return False
    before = claim.text[: day.start].lower().rstrip()
    if before.endswith(("as of", "as at", "published on", "dated", "published")):
        return True
    if any(token.low in SPEAKING for token in claim.tokens):
        return True
    places = window(claim, evidence)
    if not places:
        return True
    best = max(places, key=lambda place: sum(held_parts(claim, evidence, place).values()))
    return not evidence.sentences[best].days


def _words(claim: Statement, evidence: Evidence, held_least: float) -> str | None:
    measured = {figure.end for figure in claim.figures}
    terms = list(
        {
            term.meaning: term
            for term in claim.terms
            if term.low not in DIMENSIONS or not {term.start, term.start - 1} & measured
        }.values()
    )
    if not terms:
        return None
    for term in terms:
        if term.is_strict and not term.is_name and not _strict_stands(term, evidence):
            return f"“{term.text}” is not in the cited passage"
    places = window(claim, evidence)
    near = evidence.title.meanings.union(
        *(evidence.sentences[place].meanings for place in _with_before(places, evidence)), evidence.frame_words
    )
    held = [term for term in terms if _held(term, evidence)]
    if len(held) < held_least * len(terms):
        return _missing(terms, held)
    near_held = [term for term in held if term.meaning in near or term.is_name or _prefix_in(term.meaning, near)]
    if len(near_held) < NEAR_LEAST * len(terms):
        return "no sentence of the cited passage says this"
    for clause in {term.clause for term in terms}:
        own = [term for term in terms if term.clause == clause]
        standing = [term for term in own if term in held]
        if len(own) >= CLAUSE_WORDS and len(standing) < CLAUSE_LEAST * len(own):
            return _missing(own, standing)
    return None


def _missing(terms: Sequence[Term], held: Sequence[Term]) -> str:
    absent = ", ".join(f"“{term.text}”" for term in terms if term not in held)
    return f"the cited passage says nothing of {absent}"


def _with_before(places: Sequence[int], evidence: Evidence) -> list[int]:
    return sorted({*places, *(place - 1 for place in places if place > 0)} & set(range(len(evidence.sentences))))


def _held(term: Term, evidence: Evidence) -> bool:
    if term.meaning in evidence.meanings or evidence.has_word(term.low):
        return True
    if term.is_name:  # a name is judged as a name
        return True
    return _prefix_in(term.meaning, evidence.meanings)


def _prefix_in(word: str, meanings: Collection[str]) -> bool:
    if len(word) < NAME_PREFIX:
        return False
    head = word[:NAME_PREFIX]
    return any(other.startswith(head) for other in meanings)


def _strict_stands(term: Term, evidence: Evidence) -> bool:
    if evidence.has_word(term.low):
        return True
    same = {STRICT_SAME.get(term.low, term.low)} | {k for k, v in STRICT_SAME.items() if v == term.low}
    if same & evidence.words or STRICT_SAME.get(term.low) in evidence.words:
        return True
    if term.low == "all" and evidence.words & _ALL:
        return True
    if term.low in ("never",) and evidence.words & NEGATIONS:
        return True
    return term.low not in _UNFORGIVING and _prefix_in(term.meaning, evidence.meanings)


_ALL = frozenset(("all", "every", "each", "whole", "entire", "both", "none", "no", "any"))
_UNFORGIVING = frozenset(("first", "last", "only"))
