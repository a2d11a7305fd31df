"""The runs of a sentence that could be the short answer to a kind of question, verbatim, with their places.

Knows nothing about scores, articles or models: patterns for amounts and times, capital letters for names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from bot.retrieval import places
from bot.retrieval.question_kind import MEASURED, AnswerKind
from bot.text.words import STOPWORDS


class Candidate(NamedTuple):
    """A run of a sentence: `sentence[start:end] == text`; `fit` is 0 to 1: how sure its kind is."""

    start: int
    end: int
    text: str
    fit: float

    def less_fit(self, share: float) -> Candidate:
        """The same with that share of its fit."""
        return self._replace(fit=share * self.fit)


LOOSE_DAY = 0.75
"""A year or a weekday against a whole date, where a question does not ask for a year."""
COMMON_FIT = 0.1
"""A common noun against a name, where a question asks for neither by its wording."""

_HEDGE = (
    r"(?:(?:an?\s+)?(?:estimated|about|around|roughly|approximately|nearly|almost|some|over|under|up\s+to|at\s+least|at\s+most|"
    r"just\s+over|just\s+under|close\s+to|more\s+than|less\s+than|fewer\s+than|as\s+many\s+as|as\s+much\s+as|as\s+few\s+as)\s+)?"
)
_SCALE = r"(?:hundred|thousand|million|billion|trillion|dozen)s?"
_SMALL = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
    r"|eighteen|nineteen|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:-(?:one|two|three|four|five|six"
    r"|seven|eight|nine))?)"
)
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_RANGE = rf"{_DIGITS}(?:\s?(?:[-–]|to)\s?{_DIGITS})?"
_AMOUNT = (
    rf"(?:{_RANGE}(?:(?:\s?(?:m|bn|tn|k)\b)|(?:[\s-](?:{_SCALE}))+\b)?"
    rf"|(?:{_SMALL}|half\s+a|an?|several|a\s+few)(?:[\s-]{_SCALE})+\b|{_SMALL}\b|(?:hundreds|thousands|millions|billions|dozens)\b)"
)
_UNIT = (
    r"(?:[\s-](?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|inches|inch|feet|foot|miles?|kilomet(?:er|re)s?|"
    r"km|met(?:er|re)s?|centimet(?:er|re)s?|cm|pounds?|kilograms?|kg|tons?|tonnes?|acres?|hectares?|mph|gallons?|barrels?"
    r"|degrees?(?:\s(?:Celsius|Fahrenheit))?|times|(?:kilo|mega|giga|tera)?(?:watts?|joules?|bytes?|hertz)(?:-hours?)?)\b|\s?[°º]?[CF]\b)?"
)
_TIME_UNIT = r"[\s-](?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|centur(?:y|ies))\b"
_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|Jan\.?|Feb\.?|Mar\.?|Apr\.?|Jun\.?|Jul\.?|Aug\.?|Sept?\.?|Oct\.?|Nov\.?|Dec\.?)"
)
_CURRENCY = (
    r"(?:dollars|euros?|pounds|cents|pence|yen|yuan|renminbi|rupees|rubles|roubles|francs|pesos|reais|kron(?:or|er|ur|a|e)"
    r"|crowns|korunas?|zlot(?:y|ys|ies)|forints?|lei|leva|hryvni?as?|dinars?|dirhams|riyals|rials|shekels|liras?|rand|won"
    r"|baht|ringgit|rupiah|taka|dong|naira|cedis|shillings|birr|tenge|soles|bol[ií]vars|USD|EUR|GBP|JPY|CHF|CNY)\b"
)
"""Names of currencies as they stand behind an amount; "4.1 million crowns" is no number of things."""
_WEEKDAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
_NOT_INSIDE = r"(?<![\w$£€.,/:–-])"

NUMBER = re.compile(
    rf"{_NOT_INSIDE}{_HEDGE}{_AMOUNT}{_UNIT}(?!\w|:\d|\s?%|\s(?:per\s?cent|percent|cents?|dollars|euros)\b)",
    re.IGNORECASE,
)
PERCENTAGE = re.compile(
    rf"{_NOT_INSIDE}{_HEDGE}(?:{_RANGE}|{_SMALL})(?:\s?%|[\s-]per\s?cent\b|\s(?:percentage\s)?points\b)", re.IGNORECASE
)
MONEY = re.compile(
    rf"(?<!\w){_HEDGE}(?:(?:US|A|C|NZ|HK)?[$£€¥₹]\s?{_RANGE}(?:\s?(?:m|bn|tn|k|million|billion|trillion)\b)?(?:-a-\w+)?"
    rf"|(?:USD|EUR|GBP|JPY|CHF|CNY)\s?{_RANGE}(?:\s?(?:m|bn|million|billion|trillion)\b)?"
    rf"|{_AMOUNT}\s(?:US\s|[A-Z][a-z]+\s)?{_CURRENCY})",
    re.IGNORECASE,
)
_BARE_SUM = re.compile(
    rf"{_NOT_INSIDE}{_HEDGE}{_DIGITS}\s(?:million|billion|trillion)\b(?!\s[a-z]+s\b|\s(?:people|light))", re.IGNORECASE
)
DATE = re.compile(
    rf"(?<!\w)(?:\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH}(?:,?\s+\d{{4}})?|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s+\d{{4}})?"
    rf"|{_MONTH}\s+\d{{4}}|(?:(?:early|mid|late)[ -])?(?:the\s)?(?:1[5-9]|20)\d\d(?:s\b)?(?!,?\d|%)"
    rf"|(?:(?:last|next|this)\s)?(?:{_WEEKDAYS})(?!,?\s(?:{_MONTH}\s\d|\d+\s{_MONTH}))"
    r"|(?:last|next)\s(?:week|month|year|spring|summer|autumn|fall|winter)"
    rf"|(?:in\s)(?P<month>{_MONTH}))(?!\w)"
)
_BARE_POINTS = re.compile(r"(?<!percentage )points$", re.IGNORECASE)
_YEAR_ALONE = re.compile(r"^[^A-Z]*\d{4}s?$")
DURATION = re.compile(
    rf"{_NOT_INSIDE}{_HEDGE}(?:(?:{_AMOUNT}|an?|half\s+an?|several|a\s+few|two-and-a-half){_TIME_UNIT})", re.IGNORECASE
)

_TOKEN = r"(?:[A-Z][\w’'&.-]*(?<![.,])|[A-Z]\.(?=\s[A-Z]))"
_JOINT = (
    r"(?:\s(?:of\s(?:the\s)?|for\s(?=[A-Z])|de\s|da\s|la\s|del\s|von\s|van\s|bin\s|al\s|el\s|le\s"
    r"|and\s(?=[A-Z][a-z]+\s(?:Inc|Co|Sons)))?|-)"
)
NAME = re.compile(rf"(?<![\w’'-]){_TOKEN}(?:{_JOINT}(?:{_TOKEN}|\d{{1,3}}\b))*")
QUOTED = re.compile(r"[“\"]([^“”\"]{2,60}?),?[”\"]|(?<!\w)[‘']([A-Z][^‘’']{2,60}?)[’'](?!\w)")
_TITLE = re.compile(
    r"^(?:(?:Former|Then|The|US|U\.S\.|UK|Vice|Prime|First|Chief|Attorney|House|Senate|Republican|Democratic|Florida|Texas"
    r"|President|Minister|King|Queen|Prince|Princess|Pope|Chancellor|Secretary|Sen\.?|Senator|Rep\.?|Gov\.?|Governor"
    r"|Mr\.?|Mrs\.?|Ms\.?|Dr\.?|Sir|Dame|Lord|Lady|Judge|Justice|General|Gen\.?|Capt\.?|Captain|Sgt\.?|Officer|Mayor"
    r"|Speaker|Leader|Executive|CEO|Coach|Actor|Actress|Singer|Director|Ambassador|Congressman|Congresswoman|Professor)\s)+"
)
_ROLE_INSIDE = re.compile(
    r"^.*\b(?:CEO|CFO|COO|President|Minister|Secretary|Leader|Speaker|Senator|Sen\.|Rep\.|Governor|Gov\.|Director|Chancellor"
    r"|Chairman|Chairwoman|Chair|Coach|Mayor|Judge|Justice|Ambassador|Commissioner|Founder)\s(?=[A-Z]\S*\s[A-Z])"
)
"""What stands before a name of two words or more, whatever else does: "Billionaire Tesla CEO Elon Musk"."""
_ROLE_BEFORE = re.compile(
    r"\b(?:head|president|minister|actor|actress|singer|rapper|star|senator|director|ceo|founder|chief|coach|captain|player"
    r"|judge|ambassador|leader|secretary|chancellor|champion|comedian|author|host|lawyer|spokes\w+|man|woman|wife|husband"
    r"|son|daughter|brother|sister|by|billionaire|businessman|governor|mayor|candidate|MP|rep|sen)\W{1,3}$",
    re.IGNORECASE,
)
_ACTS = re.compile(
    r"^(?:,?\s(?:who|\d\d,|(?:has\s|had\s|was\s|is\s|also\s)?(?:said|says|told|announced|won|died|tweeted|wrote|defeated|beat|became"
    r"|resigned|added|played|plays|stars?|starred|performed|born|elected|named|appointed|arrested|killed|accused|bought|sold"
    r"|took|led|founded|left|made|signed)\b))"
)
_BEATS = re.compile(r"\s(?:have\s|has\s|had\s)?(?:won|wins?|beat|beats|defeated|lost|retained|claimed)\b")
_NO_NAME_BEHIND = re.compile(rf"\s\d+(?:[-–]\d+)?$|(?:\s(?:Prev|Next))+$|\s(?:{_WEEKDAYS})$")
"""A score, the buttons under a picture, or the day on which something happened there."""
_ORGANISATION_WORD = re.compile(
    r"\b(?:Inc|Corp|Co|Ltd|LLC|Group|Bank|University|College|School|Company|Airlines?|Airways|Party|Union|United|City|FC"
    r"|Club|Department|Ministry|Agency|Bureau|Council|Committee|Commission|Court|Congress|Parliament|Association|League"
    r"|Federation|Organi[sz]ation|Institute|Foundation|Center|Centre|Museum|Church|Times|Post|News|Studios?|Records"
    r"|Motors?|Energy|Systems|Technologies|Pharma\w*|Industries|Holdings|Partners|Capital|Media|Network|Police|Army"
    r"|Force|Navy|Fund|Trust|Society|Service|Services|Authority|Administration|Board|Coalition|Alliance|Team|Award|Awards|Show|Series|Cup"
    r"|Game|Games|Trophy|Festival|TV|Photos?|Image|Images|Audio|Open|Championships?|Act|House|Bowl|Magazine|Street)\b"
)
_PLACE_BEFORE = re.compile(
    r"\b(?:in|at|near|to|from|across|outside|into|of|visit|visited|via|over)\s(?:the\s)?$", re.IGNORECASE
)
_PLACE_WORD = re.compile(
    r"\b(?:City|County|River|Lake|Mountains?|Mount|Island|Islands|Park|Beach|Valley|Ocean|Sea|Bay|Street|Airport|Square"
    r"|Province|Stadium|Castle|Palace|Hall|Coast|Desert|Forest|Glacier|Strait|Gulf|Peninsula|Harbor|Heights)\b"
)
_DATELINE = re.compile(
    r"^(?:[A-Z][\w.,’' ]{0,40})?\((?:CNN|AP|Reuters|AFP|dpa|UPI|Bloomberg)[^)]{0,20}\)"
    r"|^[A-Z]{3}[A-Z .,’']+(?:[A-Z][a-z]+\.?\s)?[-–—]{1,2}"
)
_AGENCIES = frozenset(("CNN", "AP", "Reuters", "AFP", "USA TODAY", "Getty Images", "CNN Business", "Associated Press"))
_COMMON_RUN = re.compile(r"[a-z][a-z-]{2,}(?:\s[a-z][a-z-]{2,})*")
_UNIT_END = re.compile(rf"{_UNIT[:-1]}$", re.IGNORECASE)
_TIME_END = re.compile(rf"{_TIME_UNIT}$", re.IGNORECASE)
_UNIT_ASKED = re.compile(
    r"$|second|minute|hour|day|week|month|year|mile|kilo|met|ton|pound|acre|degree|time|temp|length|height|weight|size"
)
_LONG = re.compile(r"[ -]long\b")
_AGE_BEFORE = re.compile(r"\b(?:aged?|age of|(?:dies|died|dead) at|turn(?:s|ed|ing)?|is|was|, )\s?$", re.IGNORECASE)
_AGE_AFTER = re.compile(r"[ -]years?[ -]old\b|(?:,|\s?\)|\.?$)", re.IGNORECASE)
_YEARS = frozenset({"year", "decade"})
_CHANGING = frozenset({AnswerKind.NUMBER, AnswerKind.PERCENTAGE, AnswerKind.MONEY})
_FROM_BEFORE = re.compile(r"\bfrom\s(?:(?!to\s)[a-z]+\s){0,3}$", re.IGNORECASE)
_TO_AMOUNT = re.compile(rf"[^.,;]{{0,40}}?\bto\s{_HEDGE}[$£€]?\d", re.IGNORECASE)
_CHANGED_BY = re.compile(
    r"\b(?:lost|lose|loses|losing|added|adds|adding|gained|gains|shed|sheds"
    r"|(?:rose|risen|rises?|fell|fallen|falls?|grew|grown|dropped|drop|increased?|decreased?|jumped|declined?|up|down)"
    r" by"
    r"|(?:increase|decrease|rise|drop|fall|decline|loss|gain|jump) of)\s(?:an?\s)?$"
)
_JOBS = frozenset(("CEO", "CFO", "COO", "CTO", "MP", "MEP", "PM", "DJ", "GM", "QB"))
_POSSESSIVE = re.compile(r"['’]s\s")
_CALENDAR = re.compile(rf"^(?:{_MONTH}|{_WEEKDAYS}|Christmas|Easter)(?:\s\d+)?$")
_FRAGMENTS = frozenset(("The", "A", "An", "In", "On", "At", "If", "For"))


def spans(kind: AnswerKind, sentence: str, focus: str = "") -> list[Candidate]:
    """Candidates of `kind` in `sentence`, in order; `focus` ("state", "song") narrows places and opens titles.

    Kinds without a form of their own (other, definition, list) give names and quoted titles; yes/no and reason give
    nothing.
    """
    finder = _FINDERS.get(kind)
    if finder is None:
        return []
    if kind is AnswerKind.PLACE:
        return list(_places(sentence, focus))
    found = list(finder(sentence))
    if kind is AnswerKind.DATE and focus in _YEARS:
        return [each._replace(fit=1.0) if re.search(r"\d{4}", each.text) else each for each in found]
    if kind is AnswerKind.NUMBER and focus == "age":
        return [each if _is_age(sentence, each) else each.less_fit(0.2) for each in found]
    if kind is AnswerKind.NUMBER and focus == "long":  # a tunnel is, and a film: what says so goes first
        return [each if _LONG.match(sentence, each.end) else each.less_fit(0.3) for each in found]
    if kind is AnswerKind.NUMBER and focus in MEASURED:
        return [each if _is_measure(each.text) else each.less_fit(0.2) for each in found]
    if kind is AnswerKind.NUMBER and not _UNIT_ASKED.match(focus):
        found = [each.less_fit(0.3) if _UNIT_END.search(each.text) else each for each in found]
    if kind in _CHANGING:
        return [each.less_fit(0.3) if _was(sentence, each) else each for each in found]
    return found


def _is_measure(text: str) -> bool:
    return bool(_UNIT_END.search(text)) and not _TIME_END.search(text)


def _is_age(sentence: str, found: Candidate) -> bool:
    return bool(_AGE_BEFORE.search(sentence[: found.start]) or _AGE_AFTER.match(sentence, found.end))


def _was(sentence: str, found: Candidate) -> bool:
    """Whether the amount is the old one: "from 500 personnel to about 4,000"."""
    return bool(_FROM_BEFORE.search(sentence[: found.start])) and bool(_TO_AMOUNT.match(sentence, found.end))


def is_change(sentence: str, found: Candidate) -> bool:
    """Whether the amount is what something grew or shrank by: "lost 200,000 subscribers", "rose by 5%"."""
    return bool(_CHANGED_BY.search(sentence[: found.start]))


def _pattern(pattern: re.Pattern[str]) -> Callable[[str], Iterator[Candidate]]:
    def find(sentence: str) -> Iterator[Candidate]:
        for match in pattern.finditer(sentence):
            yield Candidate(match.start(), match.end(), match[0], 1.0)

    return find


def _sums(sentence: str) -> Iterator[Candidate]:
    """Sums of money; a bare "200 million" may be one whose currency was named before."""
    taken = []
    for match in MONEY.finditer(sentence):
        taken.append(match.span())
        yield Candidate(match.start(), match.end(), match[0], 1.0)
    for match in _BARE_SUM.finditer(sentence):
        if not any(start < match.end() and match.start() < end for start, end in taken):
            yield Candidate(match.start(), match.end(), match[0], 0.5)


def _numbers(sentence: str) -> Iterator[Candidate]:
    """Counts and measures, without what is a date, a share or a price, and without "one" and bare years."""
    taken = [
        match.span()
        for pattern in (DATE, MONEY, PERCENTAGE)
        for match in pattern.finditer(sentence)
        if not _BARE_POINTS.search(match[0])
    ]
    for match in NUMBER.finditer(sentence):
        if any(start < match.end() and match.start() < end for start, end in taken):
            continue
        text = match[0]
        if aged := re.search(r"-year$", text):  # "101-year-old": the age is the number
            text = text[: aged.start()]
        vague = text.lower() in ("one", "some one", "hundreds", "thousands", "millions", "billions", "dozens")
        yield Candidate(match.start(), match.start() + len(text), text, 0.25 if vague else 1.0)


def _dates(sentence: str) -> Iterator[Candidate]:
    for match in DATE.finditer(sentence):
        start = match.start("month") if match["month"] else match.start()
        text = sentence[start : match.end()]
        fit = LOOSE_DAY if _YEAR_ALONE.match(text) or text.endswith("day") else 1.0 if re.search(r"\d", text) else 0.4
        yield Candidate(start, match.end(), text, fit)


def _names(sentence: str) -> Iterator[Candidate]:
    """Runs of capitalised words, without a dateline and the words that only open a sentence."""
    dateline = _DATELINE.match(sentence)
    body = dateline.end() if dateline else 0
    for run_start, run_end in _name_runs(sentence):
        start, end = run_start, run_end
        if start < body:
            continue
        text = sentence[start:end]
        while (space := text.find(" ")) > 0 and (text[:space] in _FRAGMENTS or text[:space].lower() in STOPWORDS):
            start += space + 1
            text = text[space + 1 :]
        for tail in ("’s", "'s", "’", "'", "."):
            if text.endswith(tail) and not re.search(r"\b(?:[A-Z]\.)+$|\b(?:Jr|Sr|Inc|Co)\.$", text):
                text, end = text[: -len(tail)], end - len(tail)
        if (
            len(text) < 2
            or not text[0].isupper()
            or text in _AGENCIES
            or text.lower() in STOPWORDS
            or text in places.PEOPLE
            or _CALENDAR.match(text)
        ):
            continue
        opens = start == 0 or sentence[max(0, start - 2) : start].strip() in ('"', "“", "")
        alone = " " not in text
        yield Candidate(start, end, text, 0.5 if opens and alone and start == 0 else 1.0)


def _name_runs(sentence: str) -> Iterator[tuple[int, int]]:
    """Runs of capitalised words, cut after a possessive: "Elon Musk's Tesla" is two names."""
    for match in NAME.finditer(sentence):
        start = match.start()
        for possessive in _POSSESSIVE.finditer(match[0]):
            yield start, match.start() + possessive.start()
            start = match.start() + possessive.end()
        yield start, match.end()


def _persons(sentence: str) -> Iterator[Candidate]:
    for found in _names(sentence):
        title = _ROLE_INSIDE.match(found.text) or _TITLE.match(found.text)
        start = found.start + (title.end() if title else 0)
        text = _NO_NAME_BEHIND.sub("", sentence[start : found.end])
        if not text or text in places.PEOPLE or text.isupper():
            continue
        # "Olga Rask/Getty Images": a credit.
        if "/" in (sentence[start - 1 : start], sentence[found.end : found.end + 1]):
            continue
        if text in places.KNOWN:
            if _BEATS.match(sentence, start + len(text)):  # countries win and lose as persons do
                yield Candidate(start, start + len(text), text, 0.6)
            continue
        if acronym := re.match(r"[A-Z]{2,}\s(?=\S+\s\S)", text):
            start, text = start + acronym.end(), text[acronym.end() :]
        tokens = text.split()
        sure = bool(title) or bool(_ROLE_BEFORE.search(sentence[:start])) or bool(_ACTS.match(sentence[found.end :]))
        fit = 0.35 if len(tokens) == 1 or len(tokens) > 4 else 0.8
        if _ORGANISATION_WORD.search(text) or _PLACE_WORD.search(text) or re.search(r"\bof\b|\d|&", text):
            fit *= 0.3
        if not sure and re.search(r"\b(?:in|at)\s$", sentence[:start]):
            fit *= 0.5
        yield Candidate(start, start + len(text), text, min(1.0, fit + 0.2 * sure))


def _places(sentence: str, focus: str) -> Iterator[Candidate]:
    wanted = places.BY_NOUN.get(focus)
    for found in _names(sentence):
        text = _NO_NAME_BEHIND.sub("", found.text)
        parts = [text] if text in places.KNOWN else []
        fit = 1.0 if parts else 0.0
        if wanted is not None:
            fit = 1.0 if text in wanted else 0.3 if fit else 0.1
        elif not fit:
            fit = 0.6 if _PLACE_WORD.search(text) else 0.2
            fit += 0.3 * bool(_PLACE_BEFORE.search(sentence[: found.start]))
        yield Candidate(found.start, found.start + len(text), text, fit)


def _organisations(sentence: str) -> Iterator[Candidate]:
    for found in _names(sentence):
        if found.text in places.KNOWN or found.text in _JOBS:
            yield found._replace(fit=0.15)
        elif _ORGANISATION_WORD.search(found.text) or found.text.isupper():
            yield found
        elif _TITLE.match(found.text) or _ACTS.match(sentence[found.end :]) is None:
            yield found.less_fit(0.6)
        else:
            yield found.less_fit(0.5)


def _titles_and_names(sentence: str) -> Iterator[Candidate]:
    for match in QUOTED.finditer(sentence):
        group = 1 if match[1] else 2
        text = match[group].rstrip(",.")
        if len(text.split()) <= 7:
            yield Candidate(match.start(group), match.start(group) + len(text), text, 1.0 if text[0].isupper() else 0.5)
    for found in _names(sentence):
        yield found.less_fit(0.7)
    for run in _COMMON_RUN.finditer(sentence):
        yield from _common_nouns(run[0], run.start())


def _common_nouns(run: str, at: int) -> Iterator[Candidate]:
    """Single words and pairs of a lower-case run that are neither stopwords nor adverbs: "mustard", "shared rides"."""
    found = [(match.start(), match.end()) for match in re.finditer(r"\S+", run)]
    plain = [(s, e) for s, e in found if run[s:e] not in STOPWORDS and not run[s:e].endswith("ly")]
    for index, (start, end) in enumerate(plain):
        if not run[start:end].endswith(("ed", "ing")):
            yield Candidate(at + start, at + end, run[start:end], COMMON_FIT)
        if index + 1 < len(plain) and plain[index + 1][0] == end + 1:
            stop = plain[index + 1][1]
            yield Candidate(at + start, at + stop, run[start:stop], COMMON_FIT)


_FINDERS: dict[AnswerKind, Callable[[str], Iterator[Candidate]]] = {
    AnswerKind.NUMBER: _numbers,
    AnswerKind.PERCENTAGE: _pattern(PERCENTAGE),
    AnswerKind.MONEY: _sums,
    AnswerKind.DATE: _dates,
    AnswerKind.DURATION: _pattern(DURATION),
    AnswerKind.PERSON: _persons,
    AnswerKind.PLACE: lambda sentence: _places(sentence, ""),
    AnswerKind.ORGANISATION: _organisations,
    AnswerKind.OTHER: _titles_and_names,
    AnswerKind.LIST: _titles_and_names,
    AnswerKind.DEFINITION: _titles_and_names,
}
