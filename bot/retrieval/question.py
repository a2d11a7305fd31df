"""What a question says of itself: the words to search for, the days and outlets that limit it; follow-ups resolved."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from bot.retrieval.question_dates import date_phrases
from bot.schema import Question
from bot.text.sentences import sentences
from bot.text.words import STOPWORDS, words


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedQuery:
    """A question with what its wording says.

    `after` and `before` are hard, inclusive limits on the day of publication (the question's own fields win over its
    words). `likely` is a span of days in which the answer was probably published: evidence, not a limit; either end
    may be open.
    """

    question: Question
    asked_on: date
    search_text: str = ""
    """The words worth searching for, in their order."""
    after: date | None = None
    before: date | None = None
    likely: tuple[date | None, date | None] | None = None
    sources: tuple[str, ...] = ()
    """Outlets that the answer must come from, each as the corpus spells it."""


def parse_query(question: Question, today: date, known_sources: Collection[str] = ()) -> ParsedQuery:
    """What `question` says, its days counted from `question.as_of` or else `today`.

    `known_sources` are the outlets that the corpus holds; only those can be named as a source.
    """
    text = question.text.strip()
    sources, without_sources = _sources(text, known_sources)
    asked_on = question.as_of or today
    parts = sentences(text)
    after, before, likely = _days(text, parts[-1].start if parts else 0, asked_on)
    return ParsedQuery(
        question=question,
        asked_on=asked_on,
        search_text=_search_text(_without_days(without_sources, asked_on)) or text,
        after=question.after or after,
        before=question.before or before,
        likely=likely,
        sources=question.sources or sources,
    )


def _search_text(text: str) -> str:
    """The words that say what is asked, each once."""
    kept: dict[str, str] = {}
    for word in words(text):
        if not word.is_stopword and (len(word.text) > 1 or word.is_number):
            kept.setdefault(word.stem, word.text)
    return " ".join(kept.values())


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


def resolve_followup(question: str, history: Sequence[str]) -> str:
    """A follow-up made to stand alone with the questions before it, oldest first; unchanged where that is not safe.

    "and in Syria?" after "how many NATO personnel are in Iraq?" -> "how many NATO personnel are in Syria?". Done are
    another name or another time in the same place of the question before, and a pronoun when that question
    holds one name. A question that says nothing by itself ("why?") is put behind the one before. All else is left as it
    was asked.
    """
    whole = ""
    for asked in (*history, question):
        whole = _joined(asked.strip(), whole) if whole else asked.strip()
    return whole


def _joined(asked: str, before: str) -> str:
    names = _names(before)
    if dated := _AND_WHEN.match(asked):
        phrases = date_phrases(dated["when"], _ANY_DAY)
        if phrases and phrases[0].start == 0 and phrases[0].end == len(dated["when"]):
            return _with_time(before, dated["when"])
    if (named := _AND_WHERE.match(asked)) and named["name"].lower() not in STOPWORDS:
        prep = named["prep"]
        slots = [each.span(2) for each in re.finditer(rf"\b({prep or _PREPOSITIONS})\s+(?:the\s+)?({_NAME})", before)]
        if not slots and not prep and len(names) == 1:
            slots = [names[0].span()]
        return before[: slots[-1][0]] + named["name"] + before[slots[-1][1] :] if slots else asked
    pronouns = list(_PRONOUN.finditer(asked))
    if len(pronouns) == 1 and len(names) == 1 and not _names(asked):
        found = pronouns[0]
        if found[0].lower() in _OF_PERSONS and _NO_PERSON.search(before[: names[0].start()]):
            return f"{before} {asked}"
        name = re.sub(r"['’]s$", "", names[0][0])
        her_own = found[0].lower() == "her" and re.match(r"\s+[a-z]", asked[found.end() :])
        owner = name + "’s" if found[0].lower() in _OWNING or her_own else name
        return asked[: found.start()] + owner + asked[found.end() :]
    # "why?", "and by how much?", "what is he charged with?": what is meant stands in the question before.
    if pronouns or not _search_text(asked):
        return f"{before} {asked}"
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
