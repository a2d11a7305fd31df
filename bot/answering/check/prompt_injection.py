"""Leaves sentences out of passages that speak to a chat model and not to a reader. Pure.

What it misses is still checked: it only keeps an order from being cited as a fact.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from bot.schema import Hit, Span
from bot.text import read_table
from bot.text.sentences import sentences
from bot.text.unicode import visible, without_accents

_TAGS = re.compile("[\U000e0020-\U000e007f]")


def _any_of(*ways: str) -> re.Pattern[str]:
    """One pattern for lower-case text, which is found in half the time of one that ignores case."""
    return re.compile("|".join(ways), re.MULTILINE | re.DOTALL)


_WORDS = {name: "|".join(row) for name, row in read_table("orders").items()}
_MACHINE = rf"(?:{_WORDS['machines']})(?![^\W_])"
_REPLY = rf"\b(?:{_WORDS['replies']})\b"
_READER = rf"\b(?:{_WORDS['readers']})\b"
_OBLIGED = rf"\b(?:must|should|shall|will now|(?:has|have|needs?|is|are) (?:(?:{_WORDS['obliged']}) )?to)"
_MUST = rf"{_OBLIGED} (?:also |always |now )?(?:{_WORDS['say']}|{_WORDS['do']})\b"
_SAY = rf"(?:{_WORDS['say']})\b"
_SAID_NEXT = r"(?: with| in| here| along| in passing| as \w+ \w+| and \w+)?\s?[:\"“‘]"
_OBJECT = rf"(?:{_SAID_NEXT}|(?: in \w+)?\s(?:{_WORDS['objects']})\b)"
_FRONTED = r"^(?:in|for|before|above|after|whatever|if|when|from|as|to) [^,.:;“\"]{2,40}, "
_URGED = rf"(?:(?:{_WORDS['urging']}),?:?\s){{0,3}}(?:{_WORDS['say']}|{_WORDS['do']})\b"
_ROLE = _any_of(
    r"^\W{0,3}(?:system|assistant|user|human|developer|ai|bot)\s?:",
    r"^\W{0,6}(?:thought|prompt|completion|final answer)\s?:",
    r"<\|[\w ]{1,40}\|?>|\|>|\[/?inst\]|<<\s?(?:/?sys|passage|end of|conversation)|</s>|\{\"(?:name|role)\"\s?:",
    r"</?(?:important|instructions?|system|admin|prompt)>|\boverride(?:\]|\s?:)",
    r"\bend of (?:the )?(?:document|article|text|context|page)\b",
)
"""The form of a conversation or of a prompt."""
_TO_A_MACHINE = _any_of(
    rf"(?<![^\W_]){_MACHINE}(?:[^.:]{{0,40}}(?<!said)(?<!says)[:=!]|.{{0,40}}?{_MUST})",
    rf"\b(?:hey|hi|hello|dear|note to|if you|if this)\b.{{0,40}}?\b{_MACHINE}|\b{_MACHINE}-generated\b",
    r"\b(?:ignor|disregard|forget|overrid|bypass|vergiss|olvida|oubli)\w{0,6}\b.{0,60}"
    r"\b(?:instruc|prompt|rule|direction|guideline|anweisung|regeln|consigne|regle|regla|policy|question|above)",
    r"\b(?:system|hidden|initial|developer) (?:prompt|message|instruction)|\bnew (?:task|instructions?)\s?[:#]",
    r"\byou were given\b|\b(?:of this passage|passage keys?|decode this|from now on,? you)\b",
    r"\byour (?:\w+ )?(?:task|goal|role|job|training)\b.{0,12}\bis\b",
)
_OF_ITS_REPLY = _any_of(
    rf"\b(?:your|every|each|correct|only|following as the|deiner?|votre|ta|su|tu) (?:\w+ )?{_REPLY}",
    rf"\b(?:in|to|of|into|with|from|before|after) the (?:final |next |first )?{_REPLY}(?! to\b)",
    rf"{_REPLY}.{{0,60}}?{_MUST}|(?<!in ){_REPLY}[^.:]{{0,20}}[:=]|{_REPLY} (?:that|which) omit",
    rf"\b(?:writing|generating|giving|drafting) (?:an?|the) (?:\w+ )?{_REPLY}|\b(?:answer|reply|respond)s? only with\b",
    r"\bbefore (?:you )?(?:respond|answer|reply|summari[sz])(?:ing)?\b|\b(?:first|second|next) sentence (?:of|in)\b",
    r"\bwhen asked (?:about|for|whether|who|what)\b.{0,60}\bsay\b|\bthis conversation\b",
    r"\b(?:whatever|to any) (?:the |is )?(?:question|query|asked)",
)
_TO_READERS = _any_of(
    rf"{_READER}(?:['’]s question|.{{0,30}}? {_MUST}| wants\b| will want\b| learns?\b)",
    r"\breaders? (?:must|should|have to|are to|need to)\b",
    rf"\b(?:let|tell|convince|inform|persuade) (?:{_READER}|\b(?:{_WORDS['public']})\b)",
    r"\b(?:visit|go to|click|enter|scan)\b.{0,80}(?:https?:|www\.)|(?:https?:|www\.)\S{1,200}.{0,40}\benter\b",
)
_IMPERATIVE = _any_of(
    rf"(?:^|[.:;!?–—(]\s{{0,3}}|[-*•>]\s|{_FRONTED}){_URGED}{_OBJECT}|; say so\b",
    rf"\byou(?:rs?)?\b.{{0,30}}?(?:\b(?:know|hear|learn)|{_SAY}).{{0,20}}?(?:\bthat\b|:)",
    rf"\b(?:you|you to|please)\s(?:\w+ ){{0,3}}{_SAY}{_OBJECT}",
    rf"\byou (?:are now|must now|will (?:now|always|never)|are an? {_MACHINE})\b",
)
_QUOTED = re.compile(r"[“\"][^“”\"\n]{0,600}[”\"]|‘[^‘’\n]{0,300}’(?!\w)")
_ANNOUNCES = re.compile(
    r":\s*$|\b(?:this|the following|the next|below) (?:\w+ )?"
    r"(?:sentence|line|statement|text|fact|note|word|claim|paragraph)s?\b",
    re.IGNORECASE,
)
_AS_A_MACHINE = re.compile(
    r"\bas an? (?:ai|language model|assistant|chatbot)\b|\bmy (?:system |hidden )?(?:instructions|prompt|guidelines)\b"
    r"|\bapi[ _-]?keys?\b|\bdeveloper mode\b|\bjailb?reak|\bi(?: am|['’]m) (?:now )?(?:dan|unrestricted|free of)\b",
    re.IGNORECASE,
)


def addresses_a_machine(text: str) -> bool:
    """Whether a sentence speaks of prompts and instructions: what a poisoned article makes a model repeat."""
    return _AS_A_MACHINE.search(text) is not None


def is_order(sentence: str) -> bool:
    """Whether a sentence is an order to whoever answers or reads, or plays a part in a conversation.

    What somebody is quoted as saying is no order of the article's own.
    """
    return _holds_order(" ".join(sentence.split()))


def orders_in(text: str, spans: Sequence[Span]) -> list[bool]:
    """For each sentence of a text, whether it is an order, or what an order before it announces as its payload."""
    found: list[bool] = []
    for place, span in enumerate(spans):
        before = text[spans[place - 1].start : spans[place - 1].end] if place and found[-1] else ""
        found.append(bool(before and _ANNOUNCES.search(before)) or is_order(text[span.start : span.end]))
    return found


def without_orders(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The hits with their passages cut around such sentences: what is left of each, in the same order.

    A passage without one is given as it is; one that is nothing else is left out.
    """
    return tuple(part for hit in hits for part in _parts(hit))


def _holds_order(text: str) -> bool:
    if _TAGS.search(text):
        return True
    plain = without_accents(visible(text)).lower()
    if any(pattern.search(plain) for pattern in (_ROLE, _TO_A_MACHINE, _OF_ITS_REPLY, _TO_READERS)):
        return True
    return _IMPERATIVE.search(_QUOTED.sub('""', plain)) is not None


def _parts(hit: Hit) -> list[Hit]:
    passage = hit.passage
    text = passage.text
    if not _holds_order(text):  # nearly always: cutting into sentences takes ten times as long
        return [hit]
    spans = sentences(text)
    are_orders = orders_in(text, spans)
    if not any(are_orders):
        return [hit]
    runs = [list(run) for is_no_news, run in groupby(range(len(spans)), are_orders.__getitem__) if not is_no_news]
    return [
        replace(
            hit,
            passage=replace(passage, start=passage.start + spans[run[0]].start, end=passage.start + spans[run[-1]].end),
        )
        for run in runs
    ]
