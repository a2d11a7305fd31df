"""What a question asks: its kind of answer, its words, the days and sources that limit it; a follow-up made whole.

Knows nothing about indexes, articles or models: plain values in, plain values out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bot.retrieval.question_dates import date_phrases
from bot.retrieval.question_words import STOPWORDS, Word, words
from bot.schema import Question


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A question with what its wording says.

    `after` and `before` are hard, inclusive limits on the day of publication (the question's own fields win over its
    words). `likely` is a span of days in which the answer was probably published: evidence, not a limit; either end
    may be open.
    """

    question: Question
    kind: AnswerKind
    asked_on: date
    asking: str = ""
    """The sentence of the question that asks; others only set the scene."""
    focus: str = ""
    """The noun that names what is asked, lower case: "state" in "which state", "personnel" in "how many personnel"."""
    search_text: str = ""
    """The words worth searching for, in their order."""
    terms: tuple[Word, ...] = ()
    """The same words with their stems, each stem once."""
    after: date | None = None
    before: date | None = None
    likely: tuple[date | None, date | None] | None = None
    sources: tuple[str, ...] = ()
    """Outlets that the answer must come from, each as the corpus spells it."""
    years: tuple[str, ...] = ()
    """Years that the question names: what does not speak of them does not answer it."""
    numbers: tuple[str, ...] = ()
    """Other numbers that stand in the question."""
    phrases: tuple[str, ...] = ()
    """What the question puts in quotation marks."""


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
    supermarket corporation franchise platform airport conglomerate operator"""
_TIME_NOUNS = "year month day date decade weekday"
_FOCUS_KINDS = {
    noun: kind
    for kind, nouns in (
        (AnswerKind.PLACE, _PLACE_NOUNS),
        (AnswerKind.PERSON, _PERSON_NOUNS),
        (AnswerKind.ORGANISATION, _ORGANISATION_NOUNS),
        (AnswerKind.DATE, _TIME_NOUNS),
        (AnswerKind.PERCENTAGE, "percentage percent proportion share"),
        (AnswerKind.MONEY, "price cost fine salary amount sum"),
        (AnswerKind.NUMBER, "number age temperature score magnitude count size height length weight"),
        (AnswerKind.DURATION, "duration"),
        (AnswerKind.REASON, "reason"),
    )
    for noun in nouns.split()
}
_WH = re.compile(
    r"\b(?:how (?P<how>many|much|long|old|often|far|tall|big|large|high|fast|deep|few)"
    r"|(?P<wh>who|whom|whose|where|when|why|which|what)(?:['’]s)?|(?P<howplain>how))\b",
    re.IGNORECASE,
)
_YES_NO = re.compile(
    r"^(?:and |so |but )?(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b|^true or false",
    re.IGNORECASE,
)
_MONEY_WORDS = re.compile(
    r"[$£€]|\b(?:cost\w*|pa(?:y|id|ys)|worth|prices?|fined?|earn\w*|spen[dt]|sold|money|dollars?|pounds|euros?|budget|tax)\b",
    re.IGNORECASE,
)
_UNPRICED = re.compile(
    r"\s+(?:more|less|of|time|water|weight|energy|oil|gas|land|rain|snow|space|power|food|faster|higher|bigger)\b",
    re.IGNORECASE,
)
_AUXILIARY = re.compile(
    r"\s+(?:do|does|did|has|have|had|will|would|can|could|should|may|might|must|happen\w*)\b", re.IGNORECASE
)
_NAMING = re.compile(
    r"\b(?:it|they|he|she|this|these|called|name|names|nickname|title|his|her|their|its)\b", re.IGNORECASE
)
_NUMBER_ASKED = {"many", "few", "old", "often", "far", "tall", "big", "large", "high", "fast", "deep"}
_FILLER = re.compile(
    r"^(?:(?:hey|hi|hello|ok|okay|please|so|well|and|but)\b[,!]?\s*|(?:can|could|would) (?:you|anyone|someone)\s+"
    r"(?:please\s+)?(?:tell me|say|explain)\s*|(?:please\s+)?(?:tell me|let me know)\s*|i(?:['’]d| would) (?:like|love)"
    r" to know\s*|do you know\s*|i (?:want|need) to know\s*)+",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<![\w.,$£€-])(?:1[5-9]|20|21)\d\d(?![\w%]|[.,]\d)")
_NUMBER = re.compile(r"(?<![\w.,-])\d+(?:,\d{3})*(?:\.\d+)?(?!\w)")
_QUOTED = re.compile(r"“([^”]{2,80})”|\"([^\"]{2,80})\"|(?<!\w)[‘']([^’']{3,80})[’'](?!\w)")
_SENTENCE_END = re.compile(
    r"(?<=[.!?])(?<!\b[A-Zv]\.)(?<!\b[A-Z][a-z]\.)(?<!\b(?:Rep|Sen|Gov|Mrs|Gen|Rev|Sgt)\.)[\"”’]?\s+(?=[A-Z“\"])"
)


def understand(question: Question, today: date, known_sources: Collection[str] = ()) -> Understood:
    """What `question` asks, its days counted from `question.as_of` or else `today`.

    `known_sources` are the outlets that the corpus holds; only those can be named as a source.
    """
    text = question.text.strip()
    asking = _asking_part(text)
    kind, focus = _kind(asking, text)
    sources, without_sources = _sources(text, known_sources)
    asked_on = question.as_of or today
    after, before, likely = _days(text, text.rfind(asking), asked_on)
    years = tuple(dict.fromkeys(_YEAR.findall(text)))
    terms = _terms(_without_days(_FILLER.sub("", without_sources), asked_on))
    return Understood(
        question=question,
        kind=kind,
        asked_on=asked_on,
        asking=asking,
        focus=focus,
        search_text=" ".join(word.text for word in terms) or text,
        terms=terms,
        after=question.after or after,
        before=question.before or before,
        likely=likely,
        sources=question.sources or sources,
        years=years,
        numbers=tuple(n for n in dict.fromkeys(_NUMBER.findall(text)) if n not in years),
        phrases=tuple("".join(parts).strip(" ,.?!") for parts in _QUOTED.findall(text)),
    )


def _asking_part(text: str) -> str:
    """The sentence that asks: the last with a question word; the rest sets the scene."""
    parts = [part for part in _SENTENCE_END.split(text) if part.strip()]
    for part in reversed(parts):
        if _WH.search(part) or part.rstrip().endswith(("?", ":")):
            return part
    return parts[-1] if parts else text


def _kind(asking: str, text: str) -> tuple[AnswerKind, str]:
    asking = _FILLER.sub("", asking)
    found = _question_word(asking)
    if found is None or text.endswith(":"):
        if _YES_NO.search(asking):
            return AnswerKind.YES_NO, ""
        return _kind_of_statement(asking)
    tail = asking[found.end() :]
    if (found["wh"] or "").lower() in ("what", "which") and _AUXILIARY.match(tail):
        return AnswerKind.OTHER, ""
    first_words = words(tail)[:12]
    noun = _focus(first_words)
    if how := found["how"]:
        how = how.lower()
        if how == "much":
            uncounted = _UNPRICED.match(tail) and not _MONEY_WORDS.search(asking)
            return (AnswerKind.NUMBER if uncounted else AnswerKind.MONEY), noun
        if how == "long":
            return AnswerKind.DURATION, ""
        return (AnswerKind.NUMBER if how in _NUMBER_ASKED else AnswerKind.OTHER), ("year" if how == "old" else noun)
    if found["howplain"]:
        return AnswerKind.OTHER, ""
    wh = found["wh"].lower()
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
    head = re.split(r"\b(?:of|for|in|at|on|to)\b", tail)[0]
    found = words(head)
    return _singular(found[-1].text.lower()) if found else ""


def _singular(noun: str) -> str:
    if noun in _FOCUS_KINDS or not noun.endswith("s") or noun.endswith(("ss", "us", "is")):
        return noun
    if noun.endswith("ies"):
        return noun[:-3] + "y"
    return noun[:-1]


def _terms(text: str) -> tuple[Word, ...]:
    seen: set[str] = set()
    kept: list[Word] = []
    for word in words(text):
        if word.is_stopword or (len(word.text) == 1 and not word.is_number) or word.stem in seen:
            continue
        seen.add(word.stem)
        kept.append(word)
    return tuple(kept)


def _days(
    text: str, asking_start: int, today: date
) -> tuple[date | None, date | None, tuple[date | None, date | None] | None]:
    """Hard limits from the sentence that asks; a day named while setting the scene is evidence."""
    after = before = None
    likely = None
    for phrase in date_phrases(text, today):
        asked = phrase.start >= asking_start
        if asked and phrase.hard_after and phrase.after:
            after = phrase.after
        if asked and phrase.hard_before and phrase.before:
            before = phrase.before
        if (phrase.after or phrase.before) and not (asked and phrase.hard_before):
            likely = (phrase.after, phrase.before)
    return after, before, likely


def _without_days(text: str, today: date) -> str:
    """The text without the days that limit publication: articles seldom say in which month they stand."""
    for phrase in reversed(date_phrases(text, today)):
        if phrase.hard_after or phrase.hard_before:
            text = text[: phrase.start] + " " + text[phrase.end :]
    return text


def _sources(text: str, known: Collection[str]) -> tuple[tuple[str, ...], str]:
    """Outlets named as the source, and the text without the words that name them."""
    found: list[str] = []
    for name in sorted((name for name in known if name and name.lower() in text.lower()), key=len, reverse=True):
        # "Time" and "The Independent" are words too: they count as names only as they are spelled.
        outlet = r"(?:[Tt]he\s+)?(?-i:" + re.escape(name.removeprefix("The ")) + r")"
        if not name.removeprefix("The ").istitle():
            outlet = outlet.replace("(?-i:", "(?:")
        pattern = re.compile(
            rf",?\s*\b(?:according to|as reported by)\s+{outlet}\b,?"
            rf"|\b(?:does|did|do|has|have|is)\s+{outlet}\s+(?:say|report|write|reporting|saying|reported|said|written)\b"
            rf"|\b{outlet}\s+(?:says|said|reports|reported|writes|wrote)\b"
            rf"|\b(?:articles?|news|stories|story|coverage|reports?|reporting|headlines)\s+(?:from|by|in|on|of)\s+{outlet}\b"
            rf"|\b{outlet}['’]s\s+(?:coverage|reporting|reports?|articles?|stories|story)\b",
            re.IGNORECASE,
        )
        if pattern.search(text):
            found.append(name)
            text = pattern.sub(" ", text)
    return tuple(found), text


_NAME = r"(?:[A-Z][\w’'.-]*(?:\s+(?:of\s+(?:the\s+)?)?[A-Z][\w’'.-]*)*)"
_PREPOSITIONS = r"in|at|on|for|from|to|by|with|about|of|against|under|over|near"
_AND_WHERE = re.compile(
    rf"^(?:and|but|so)?[,\s]*(?:what about|how about|and)?\s*(?:(?P<prep>{_PREPOSITIONS})\s+)?"
    rf"(?:the\s+)?(?P<name>{_NAME})\s*\?*$"
)
_AND_WHEN = re.compile(
    r"^(?:and|but|so)?[,\s]*(?:what about|how about)?\s*"
    r"(?P<when>(?:in|since|before|after|on|during|last|this|yesterday|today)\b.*?)\s*\?*$",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"\b(he|she|it|they|him|them|his|her|its|their)\b", re.IGNORECASE)
_ANY_DAY = date(2999, 1, 1)
"""Where only the place of a date in the question counts."""
_OWNING = {"his", "its", "their"}


def make_whole(question: str, history: Sequence[str]) -> str:
    """A follow-up made to stand alone with the questions before it, oldest first; unchanged where that is not safe.

    "and in Syria?" after "how many NATO personnel are in Iraq?" -> "how many NATO personnel are in Syria?". Done are
    another name or another time in the same place of the question before, and a pronoun when that question
    holds one name. All else is left as it was asked.
    """
    whole = ""
    for asked in (*history, question):
        whole = _joined(asked.strip(), whole) if whole else asked.strip()
    return whole


def _joined(asked: str, before: str) -> str:
    if dated := _AND_WHEN.match(asked):
        phrases = date_phrases(dated["when"], _ANY_DAY)
        if phrases and phrases[0].start == 0 and phrases[0].end == len(dated["when"]):
            return _with_time(before, dated["when"])
    if (named := _AND_WHERE.match(asked)) and named["name"].lower() not in STOPWORDS:
        prep = named["prep"]
        slots = list(re.finditer(rf"\b({prep or _PREPOSITIONS})\s+(?:the\s+)?({_NAME})", before))
        if slots:
            return before[: slots[-1].start(2)] + named["name"] + before[slots[-1].end(2) :]
        names = _names(before)
        if not prep and len(names) == 1:
            return before[: names[0].start()] + named["name"] + before[names[0].end() :]
        return asked
    pronouns = list(_PRONOUN.finditer(asked))
    names = _names(before)
    if len(pronouns) == 1 and len(names) == 1 and not _names(asked):
        found = pronouns[0]
        name = re.sub(r"['’]s$", "", names[0][0])
        her_own = found[0].lower() == "her" and re.match(r"\s+[a-z]", asked[found.end() :])
        owner = name + "’s" if found[0].lower() in _OWNING or her_own else name
        return asked[: found.start()] + owner + asked[found.end() :]
    return asked


def _with_time(before: str, when: str) -> str:
    """`before` with its time replaced by `when`, or with `when` at its end."""
    phrases = date_phrases(before, _ANY_DAY)
    if phrases:
        return before[: phrases[-1].start] + when + before[phrases[-1].end :]
    stripped = before.rstrip(" ?")
    return f"{stripped} {when}?"


def _names(text: str) -> list[re.Match[str]]:
    """Runs of capitalised words, without the one that opens the sentence by being a question word."""
    return [found for found in re.finditer(rf"\b{_NAME}", text) if found[0].split()[0].lower() not in STOPWORDS]
