"""What a question asks: its kind of answer, its words, the days and sources that limit it; a follow-up made whole.

Knows nothing about indexes, articles or models: plain values in, plain values out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from bot.retrieval.office import holder_of
from bot.retrieval.question_dates import date_phrases
from bot.retrieval.question_kind import FILLER, AnswerKind, asking_part, kind_of
from bot.schema import Question
from bot.text.words import STOPWORDS, Word, words


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
    numbered: tuple[tuple[str, str], ...] = ()
    """Things that the question tells apart by a number, as word and number: ("line", "9"), ("Chandrayaan", "4")."""
    phrases: tuple[str, ...] = ()
    """What the question puts in quotation marks."""

    @property
    def names(self) -> frozenset[str]:
        """The stems of the words that start as names do, without the one that opens the question."""
        return frozenset(term.stem for term in self.terms if term.is_capitalised and term.start > 0)


_YEAR = re.compile(r"(?<![\w.,$£€-])(?:1[5-9]|20|21)\d\d(?![\w%]|[.,]\d)")
_NUMBER = re.compile(r"(?<![\w.,-])\d+(?:,\d{3})*(?:\.\d+)?(?!\w)")
_NUMBERED = re.compile(
    r"(?<![\w-])(?P<word>(?:[A-Z][^\W\d_]+|(?i:lines?|articles?|sections?|chapters?|phases?|gates?|routes?|highways?|flights?"
    r"|districts?|propositions?|types?|groups?|rounds?|seasons?|episodes?|versions?|stages?|levels?|category|units?"
    r"|reactors?|terminals?|platforms?|piers?|runways?|titles?|parts?|amendments?|interstates?)))"
    r"[ -](?P<number>\d{1,3})"
    r"(?![\w%/]|[.,:]\d|-\w|\s(?:hundred|thousand|million|billion|trillion|percent|per|years?|months?|weeks?|days?|hours?|minutes?)\b)"
)
_NO_NAME = re.compile(
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?|(?:top|first|last|next|past|all|over|under|about|around"
    r"|nearly|almost|only|these|those|the|at|in|on|by|for|to|of|from|after|before|least|most|than|and|or)",
    re.IGNORECASE,
)
_STATES, _OTHER_STATES = "US", re.compile(r"\bU\.S\.(?:A\.)?|\bUSA\b")
_QUOTED = re.compile(r"“([^”]{2,80})”|\"([^\"]{2,80})\"|(?<!\w)[‘']([^’']{3,80})[’'](?!\w)")


def understand(question: Question, today: date, known_sources: Collection[str] = ()) -> Understood:
    """What `question` asks, its days counted from `question.as_of` or else `today`.

    `known_sources` are the outlets that the corpus holds; only those can be named as a source.
    """
    text = question.text.strip()
    asking = asking_part(text)
    kind, focus = kind_of(asking, text)
    sources, without_sources = _sources(text, known_sources)
    asked_on = question.as_of or today
    after, before, likely = _days(text, text.rfind(asking), asked_on)
    years = tuple(dict.fromkeys(_YEAR.findall(text)))
    terms = _terms(_without_days(FILLER.sub("", without_sources), asked_on), of_office=holder_of(asking) is not None)
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
        numbered=tuple(
            (found["word"], found["number"])
            for found in _NUMBERED.finditer(text)
            if found["word"].lower() not in STOPWORDS and not _NO_NAME.fullmatch(found["word"])
        ),
        phrases=tuple("".join(parts).strip(" ,.?!") for parts in _QUOTED.findall(text)),
    )


def _terms(text: str, *, of_office: bool) -> tuple[Word, ...]:
    """The words that say what is asked. "US" is one where an office is asked for: else most news is about it."""
    seen: set[str] = set()
    kept: list[Word] = []
    for word in words(_OTHER_STATES.sub(_STATES, text)):
        empty = word.is_stopword or (len(word.text) == 1 and not word.is_number)
        if word.stem not in seen and (not empty or (of_office and word.text == _STATES)):
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
_OF_PERSONS = {"he", "she", "him", "her", "his"}
_NO_PERSON = re.compile(rf"\b(?:{_PREPOSITIONS}|the)\s+$", re.IGNORECASE)
"""What a name follows that may be a place or an office: "he" does not stand for the United Kingdom."""
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
        if found[0].lower() in _OF_PERSONS and _NO_PERSON.search(before[: names[0].start()]):
            return asked
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
