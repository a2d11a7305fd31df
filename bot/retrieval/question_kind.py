"""What kind of answer a question asks for, told from its wording: "how many" a number, "which state" a place.

Knows nothing about dates, sources or articles: the words of a question in, a kind out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from bot.retrieval.office import holder_of
from bot.text.words import Word, words


class AnswerKind(StrEnum):
    """What kind of thing would answer a question."""

    NUMBER = "number"
    PERCENTAGE = "percentage"
    MONEY = "money"
    DATE = "date"
    DURATION = "duration"
    PERSON = "person"
    PLACE = "place"
    ORGANISATION = "organisation"
    YES_NO = "yes_no"
    DEFINITION = "definition"
    LIST = "list"
    REASON = "reason"
    OTHER = "other"


_PLACE_NOUNS = """place location country nation state city town village region area province county island continent
    borough district territory capital stadium venue airport port planet ocean sea river mountain volcano park beach
    street neighborhood neighbourhood hometown"""
_PERSON_NOUNS = """person man woman actor actress singer star player politician president minister senator
    congressman congresswoman lawmaker governor mayor judge justice leader comedian director author writer artist
    musician rapper athlete coach quarterback golfer boxer billionaire ceo founder host journalist candidate celebrity
    king queen prince princess duchess duke pope general ambassador official scientist astronaut driver chef designer
    footballer manager mp pm secretary chancellor royal model presenter broadcaster executive legend rep representative
    monarch influencer dictator swimmer cyclist champion famer winner member figure"""
_ORGANISATION_NOUNS = """company firm organisation organization agency bank airline team club party university school
    college restaurant chain retailer brand carmaker automaker maker manufacturer group union league network newspaper
    band studio department ministry league church museum hospital institution startup channel broadcaster publisher
    supermarket regulator watchdog charity supplier shipyard corporation franchise platform airport conglomerate
    operator"""
_TIME_NOUNS = "year month day date decade weekday"
_FOCUS_KINDS = {
    noun: kind
    for kind, nouns in (
        (AnswerKind.PLACE, _PLACE_NOUNS),
        (AnswerKind.PERSON, _PERSON_NOUNS),
        (AnswerKind.ORGANISATION, _ORGANISATION_NOUNS),
        (AnswerKind.DATE, _TIME_NOUNS),
        (AnswerKind.PERCENTAGE, "percentage percent proportion share rate"),
        (AnswerKind.MONEY, "price cost fine salary amount sum value damage budget"),
        (
            AnswerKind.NUMBER,
            "number age temperature score magnitude count size height length weight mass speed distance population toll"
            " depth",
        ),
        (AnswerKind.DURATION, "duration"),
        (AnswerKind.REASON, "reason"),
    )
    for noun in nouns.split()
}
_WH = re.compile(
    r"\b(?:how (?P<how>many|much|long|old|often|far|tall|big|large|high|fast|deep|wide|heavy|few)"
    r"|(?P<wh>who|whom|whose|where|when|why|which|what)(?:['’]s)?|(?P<howplain>how))\b",
    re.IGNORECASE,
)
_YES_NO = re.compile(
    r"^(?:and |so |but )?(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b|^true or false",
    re.IGNORECASE,
)
_MONEY_WORDS = re.compile(
    r"[$£€]|\b(?:aid|funding|funds|debt|cash|compensation|cost\w*|pa(?:y|id|ys)|worth|prices?|fined?|earn\w*|spen[dt]|sold|money|dollars?|pounds|euros?|budget|tax)\b",
    re.IGNORECASE,
)
_PRICED = re.compile(
    r"\s+(?:do|does|did|is|are|was|were|has|have|had|will|would|could|can|may|might|in|per|to|for|money|compensation|damages)\b",
    re.IGNORECASE,
)
"""What follows "how much" where it asks for a price; a noun asks for a quantity ("how much energy")."""
_MEASURED_BY_MONEY = re.compile(r"\b(?:damages?|costs?|prices?|bid|fine|bill|value|budget|salary)\b", re.IGNORECASE)
_MEASURED_BY_SHARE = re.compile(r"\b(?:inflation|(?:un)?employment|turnout|rates?)\b", re.IGNORECASE)
_IN_SHARES = re.compile(r"\s+(?:effective|accurate|likely)\b", re.IGNORECASE)
_OWNERS = re.compile(
    r"\s+(?:owns?|makes?|made|manufactures?|operates?|publishe[sd]|sponsors?|produces?|built)\b", re.IGNORECASE
)
"""What companies do more often than persons."""
_NAMED = re.compile(r"(?:['’]s|\s(?:is|was))?(?:\s[A-Z](?:[^\W\d_]|[.-])*){2,4}\s*\??$")
"""Who is Sam Bankman-Fried: the name is known, and what it stands for is asked."""
_RANGES = ("range", "level", "size", "kind", "type", "sort")
"""Nouns that ask for what stands after their "of"."""
_BY = re.compile(r"\bby how much\b", re.IGNORECASE)
_AUXILIARY = re.compile(
    r"\s+(?:do|does|did|has|have|had|will|would|can|could|should|may|might|must|happen\w*)\b", re.IGNORECASE
)
_NAMING = re.compile(
    r"\b(?:it|they|he|she|this|these|called|name|names|nickname|title|his|her|their|its)\b", re.IGNORECASE
)
MEASURED = frozenset({"far", "tall", "deep", "wide", "heavy"})
"""What is answered by a number with its unit: of how deep a lake is, a bare 37 says nothing."""
_NUMBER_ASKED = MEASURED | {"many", "few", "old", "often", "big", "large", "high", "fast"}
FILLER = re.compile(
    r"^(?:(?:hey|hi|hello|ok|okay|please|so|well|and|but)\b[,!]?\s*|(?:can|could|would) (?:you|anyone|someone)\s+"
    r"(?:please\s+)?(?:tell me|say|explain)\s*|(?:please\s+)?(?:tell me|let me know)\s*|i(?:['’]d| would) (?:like|love)"
    r" to know\s*|do you know\s*|i (?:want|need) to know\s*)+",
    re.IGNORECASE,
)
"""What people say before they ask."""
_SENTENCE_END = re.compile(
    r"(?<=[.!?])(?<!\b[A-Zv]\.)(?<!\b[A-Z][a-z]\.)(?<!\b(?:Rep|Sen|Gov|Mrs|Gen|Rev|Sgt)\.)[\"”’]?\s+(?=[A-Z“\"])"
)


def asking_part(text: str) -> str:
    """The sentence that asks: the last with a question word; the rest sets the scene."""
    parts = [part for part in _SENTENCE_END.split(text) if part.strip()]
    for part in reversed(parts):
        if _WH.search(part) or part.rstrip().endswith(("?", ":")):
            return part
    return parts[-1] if parts else text


def kind_of(asking: str, text: str) -> tuple[AnswerKind, str]:
    """The kind that `asking`, the asking part of `text`, asks for, and its noun ("state" in "which state") or ""."""
    asking = FILLER.sub("", asking)
    found = _question_word(asking)
    if found is None or text.endswith(":"):
        if _YES_NO.search(asking):
            return AnswerKind.YES_NO, ""
        return _kind_of_statement(asking)
    tail = asking[found.end() :]
    if (found["wh"] or "").lower() in ("what", "which") and _AUXILIARY.match(tail):
        if re.search(r"\b(?:cost|pay|earn)\W*$", tail):
            return AnswerKind.MONEY, ""
        return AnswerKind.OTHER, ""
    first_words = words(tail)[:12]
    noun = _focus(first_words)
    if how := found["how"]:
        how = how.lower()
        if how == "much" and _BY.search(asking) and not _MONEY_WORDS.search(asking):
            return AnswerKind.NUMBER, ""
        if how == "much":
            counted = not _MONEY_WORDS.search(asking) and (noun or _BY.search(asking)) and not _PRICED.match(tail)
            return (AnswerKind.NUMBER if counted else AnswerKind.MONEY), noun
        if how == "long":
            return (AnswerKind.NUMBER, "long") if re.match(r"\s+(?:is|are)\s", tail) else (AnswerKind.DURATION, "")
        if how in ("high", "big", "large") and _MEASURED_BY_MONEY.search(tail):
            return AnswerKind.MONEY, ""
        if how == "high" and _MEASURED_BY_SHARE.search(tail):
            return AnswerKind.PERCENTAGE, noun
        if how in MEASURED:
            return AnswerKind.NUMBER, how
        return (AnswerKind.NUMBER if how in _NUMBER_ASKED else AnswerKind.OTHER), ("age" if how == "old" else noun)
    if found["howplain"]:
        return (AnswerKind.PERCENTAGE if _IN_SHARES.match(tail) else AnswerKind.OTHER), ""
    wh = found["wh"].lower()
    if wh == "who" and _OWNERS.match(tail):
        return AnswerKind.ORGANISATION, ""
    if wh == "who" and _NAMED.match(tail) and holder_of(asking) is None:
        return AnswerKind.DEFINITION, ""
    if wh in ("who", "whom", "whose"):
        return AnswerKind.PERSON, ""
    if wh in ("where", "when", "why"):
        return {"where": AnswerKind.PLACE, "when": AnswerKind.DATE, "why": AnswerKind.REASON}[wh], ""
    if _YES_NO.match(asking) and found.start() > 0 and wh == "which":
        return AnswerKind.YES_NO, ""
    if (
        re.match(r"\s+(?:is|are|was|were)\s+(?:(?:a|an|the)\s+)?[\w’' -]{2,40}\??$", tail)
        and wh == "what"
        and not _NAMING.search(tail)
    ):
        head = _FOCUS_KINDS.get(_head_before_of(tail))
        return (head, _head_before_of(tail)) if head else (AnswerKind.DEFINITION, "")
    if re.match(r"\s+(?:two|three|four|five|are the names)\b", tail):
        return AnswerKind.LIST, noun
    if re.match(r"\s+(?:is|was|are|were) (?:his|her|their|its|the (?:\w+ )?(?:name|nickname|title))\b", tail):
        noun = next((word.text.lower() for word in first_words if word.text.lower() in _FOCUS_KINDS), "")
        if not noun and re.match(r"\s+(?:is|was) (?:his|her) (?:\w+ )?name\b", tail):
            return AnswerKind.PERSON, ""
    return _FOCUS_KINDS.get(_singular(noun), AnswerKind.OTHER), _singular(noun)


def _question_word(asking: str) -> re.Match[str] | None:
    """The word that asks: a "how many" anywhere, else the last "which" or "what", else the first of the others."""
    if _YES_NO.match(asking):
        return None
    found = list(_WH.finditer(asking))
    for match in found:
        if match["how"]:
            return match
    if found and found[0].start() == 0:
        return found[0]
    asked = [match for match in found if match["wh"] and match["wh"].lower() in ("which", "what")]
    return asked[-1] if asked else (found[-1] if found else None)


def _kind_of_statement(asking: str) -> tuple[AnswerKind, str]:
    """ "This former senator died on Sunday." asks for the senator; "The jackpot ballooned to:" for what follows."""
    if this := re.search(r"\b(?:this|these|name the)\b(?! (?:week|month|year)\b)", asking, re.IGNORECASE):
        for word in words(asking[this.end() :])[:8]:
            if kind := _FOCUS_KINDS.get(_singular(word.text.lower())):
                return kind, _singular(word.text.lower())
        if re.search(r"\b(?:known for|died|aged|born)\b", asking):
            return AnswerKind.PERSON, ""
    if re.search(r"\bsince\W*$", asking):
        return AnswerKind.DATE, "year"
    if asking.endswith(":") and re.search(r"\b(?:cost|amount|price|worth|jackpot|fine|salary)\b", asking):
        return AnswerKind.MONEY, ""
    return AnswerKind.OTHER, ""


def _focus(following: Sequence[Word]) -> str:
    """The head of the noun phrase after the question word: the last word before a verb, preposition or clause."""
    phrase: list[str] = []
    for index, word in enumerate(following):
        low = word.text.lower()
        if phrase and following[index - 1].end + 1 < word.start:
            break
        if owner := re.match(r"(.+)['’]s$", low):
            return owner[1]  # "which country's leader" asks for a country
        if word.is_stopword and _singular(low) not in _FOCUS_KINDS:
            if phrase:
                break
            continue
        if phrase and re.search(r"(?:ed|ing)$", low):
            break
        if low.endswith("ly") or (not phrase and low.endswith("ed")):
            continue
        phrase.append(low)
        if len(phrase) == 7:
            break
    known = [low for low in phrase if _singular(low) in _FOCUS_KINDS]
    return (known or phrase or [""])[-1]


def _head_before_of(tail: str) -> str:
    parts = re.split(r"\b(?:of|for|in|at|on|to)\b", tail)
    found = words(parts[0])
    if len(parts) > 1 and found and found[-1].text.lower() in _RANGES:
        found = words(parts[1])
    return _singular(found[-1].text.lower()) if found else ""


def _singular(noun: str) -> str:
    if noun in _FOCUS_KINDS or not noun.endswith("s") or noun.endswith(("ss", "us", "is")):
        return noun
    if noun.endswith("ies"):
        return noun[:-3] + "y"
    return noun[:-1]
