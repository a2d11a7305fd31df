"""Leaves sentences out of passages that speak to a chat model and not to a reader. Pure.

What it misses is still checked: it only keeps an order from being cited as a fact.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.schema import Hit, Span
from bot.text import read_table
from bot.text.sentences import sentences
from bot.text.unicode import visible, without_accents

_TAGS = re.compile("[\U000e0020-\U000e007f]")
_FLAGS = re.IGNORECASE | re.MULTILINE | re.DOTALL
_ROLE = re.compile(
    r"^\W{0,3}(?:system|assistant|user|human|developer|ai|bot)\s?:"
    r"|<\|[\w ]{1,40}\|?>|\|>|\[/?INST\]|<<\s?(?:/?SYS|passage|end of|conversation)|</s>|\{\"(?:name|role)\"\s?:"
    r"|</?(?:important|instructions?|system|admin|prompt)>|^\W{0,6}(?:thought|final answer)\s?:",
    _FLAGS,
)
_MACHINE = re.compile(
    r"\b(?:ignor|disregard|forget|overrid|bypass|vergiss|olvida|oubli)\w{0,6}\b.{0,60}"
    r"\b(?:instruction|instruc|prompt|rule|direction|guideline|anweisung|regeln|consigne|règle|regla|policy)"
    r"|\b(?:system|hidden|initial|developer) (?:prompt|message|instruction)"
    r"|\b(?:language models?|ai assistants?|chat ?bots?)\b.{0,40}\b(?:must|should|shall|will now|are to)\b"
    r"|\b(?:automated readers?|before you (?:answer|reply)|you were given|of this passage|passage keys?|decode this)\b"
    r"|\b(?:your|every|any|each|the only permitted|first|second|next) (?:answers?|repl(?:y|ies)|sentence)\b"
    r"|\b(?:answer|reply|respond)s? only with\b|\bfrom now on,? you\b|\bto any (?:question|query)\b"
    r"|\b(?:ignore|forget|disregard) (?:the question|(?:everything|all|anything) (?:above|before))"
    r"|\bbefore (?:responding|answering|replying|summari[sz]ing)\b|\bsummar(?:y|ies) (?:that|which) omit"
    r"|\bif you are an? (?:ai|llm|language model|bot|assistant)\b|\bai-generated (?:summar|answer|repl)"
    r"|\b(?:ais?|(?:ai|automated) (?:tools?|systems?|models?|readers?)|llms?|assistants?|language models?)\s?[:!]"
    r"|\byour (?:new |only |real )?(?:task|goal|role|job) is\b|\bnew (?:task|instructions?)\s?[:#]|\boverride\]"
    r"|\bend of (?:the )?(?:document|article|text|context|page)\b|\bcorrect (?:answer|response) (?:is|to)\b"
    r"|\b(?:could|would|can) you (?:kindly|please)\b|\bmake sure (?:that )?(?:the |every )?(?:reader|user|public)s?\b"
    r"|\bwhen asked (?:about|for|whether|who|what)\b.{0,60}\b(?:say|answer|reply|state|respond)\b",
    _FLAGS,
)
_ORDER = re.compile(
    r"(?:^|[.:;!?][\"”’)]?\s{0,3})(?:please |now |then |and |also |always |important: ){0,2}(?:"
    r"say (?:it )?(?:that|now)|tell (?:the |all |every )?(?:readers?|users?|people)"
    r"|(?:advise|urge|warn) (?:the |all |every )?(?:readers?|users?)|answer (?:inside|in|with|only)"
    r"|(?:repeat|print|reveal|output|show) (?:everything|the word|your|all|the (?:system|prompt))"
    r"|cite this|attribute (?:what|this)|include this|call the tool|list all|add (?:to|this)"
    r"|put the (?:first|next|following|words?|text|rules?|keys?)"
    r"|write it as|use \w{1,12} for the claim)\b",
    _FLAGS,
)
_READERS = re.compile(
    r"\b(?:every|all|the|our)? ?readers? (?:must|have to|should|are to|need to)\b"
    r"|\b(?:visit|go to|click|enter|scan)\b.{0,80}(?:https?:|www\.)|(?:https?:|www\.)\S{1,200}.{0,40}\benter\b",
    _FLAGS,
)
_VERBS = "|".join(read_table("reply")["imperative"])
_OPENING = r"(?:^|[.:;!?–—]\s{0,3}|[-*•>]\s)"
_URGING = (
    r"(?:please|kindly|now|then|and|also|always|never|instead|first|finally|note|important|instruction|task|reminder"
    r"|to comply|do not|don['’]t|be sure to|make sure to|you (?:must|should|will|may))"
)
_OBJECT = (
    r"(?:that|the|this|these|it|them|him|her|in|to|of|a|an|as|only|exactly|your|our|all|every|each|any|no|not|with|at|one"
    r"|readers?|users?|people|everyone|back|instead|verbatim)\b"
)
_IMPERATIVE = re.compile(
    rf"{_OPENING}{_URGING}?[,:]?\s?(?:please |also |always )?(?:{_VERBS})(?:\s?[:\"“‘]|\s{_OBJECT})", _FLAGS
)
_ANSWERER = (
    r"\b(?:answers?|repl(?:y|ies)|responses?|summar(?:y|ies)|outputs?|assistants?|models?|ais?|llms?|agents?|bots?"
    r"|systems? reading|(?:whoever|anyone) (?:reads|summari[sz]es|answers|reading|summari[sz]ing|answering))\b"
)
_MUST = (
    r"\b(?:must|should|shall|(?:has|have|needs?|is|are) to"
    r"|(?:is|are) (?:required|instructed|obliged|asked|told|expected) to)\b"
)
_OBLIGES = re.compile(
    rf"{_ANSWERER}.{{0,60}}?{_MUST} (?:also |always |now )?(?:{_VERBS})\b"
    r"|\byou (?:must|shall|will (?:now|always|never)|are (?:now|required|instructed|asked|an? (?:ai|bot|assistant)))\b"
    r"|\b(?:in|to|of|into|with|from|before|after) (?:your|the) (?:final |next |first |own )?"
    r"(?:answer|reply|response|summary|output|completion)\b",
    _FLAGS,
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
    plain = without_accents(visible(text))
    if any(pattern.search(plain) for pattern in (_ROLE, _MACHINE, _ORDER, _READERS)):
        return True
    own = _QUOTED.sub('""', plain)
    return any(pattern.search(own) for pattern in (_IMPERATIVE, _OBLIGES))


def _parts(hit: Hit) -> list[Hit]:
    passage = hit.passage
    text = passage.text
    if not _holds_order(text):  # nearly always: cutting into sentences takes ten times as long
        return [hit]
    runs: list[tuple[int, int]] = []
    found = False
    goes_on = False
    spans = sentences(text)
    for span, is_no_news in zip(spans, orders_in(text, spans), strict=True):
        if is_no_news:
            found, goes_on = True, False
        elif goes_on:
            runs[-1] = (runs[-1][0], span.end)
        else:
            runs.append((span.start, span.end))
            goes_on = True
    if not found:
        return [hit]
    return [
        replace(hit, passage=replace(passage, start=passage.start + start, end=passage.start + end))
        for start, end in runs
    ]
