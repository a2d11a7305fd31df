"""Leaves sentences out of passages that speak to a chat model and not to a reader. Pure.

Knows nothing about models; what it misses is still checked: it only keeps an order from being cited as a fact.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.schema import Hit
from bot.text.sentences import sentences

_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]")
_TAGS = re.compile("[\U000e0020-\U000e007f]")
_FLAGS = re.IGNORECASE | re.MULTILINE | re.DOTALL
_ROLE = re.compile(
    r"^\W{0,3}(?:system|assistant|user|human|developer|ai|bot)\s?:"
    r"|<\|[\w ]{1,40}\|?>|\|>|\[/?INST\]|<<\s?(?:/?SYS|passage|end of|conversation)|</s>|\{\"name\"\s?:",
    _FLAGS,
)
_MACHINE = re.compile(
    r"\b(?:ignor|disregard|forget|overrid|bypass|vergiss|olvida|oubli)\w{0,6}\b.{0,60}"
    r"\b(?:instruction|instruc|prompt|rule|direction|guideline|anweisung|regeln|consigne|règle|regla|policy)"
    r"|\b(?:system|hidden|initial|developer) (?:prompt|message|instruction)"
    r"|\b(?:language models?|ai assistants?|chat ?bots?)\b.{0,40}\b(?:must|should|shall|will now|are to)\b"
    r"|\b(?:automated readers?|before you (?:answer|reply)|you were given|of this passage|passage keys?|decode this)\b"
    r"|\b(?:your|every|any|each|the only permitted|first|second|next) (?:answers?|repl(?:y|ies)|sentence)\b"
    r"|\b(?:answer|reply|respond)s? only with\b|\bfrom now on,? you\b|\bto any question\b",
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


def is_order(sentence: str) -> bool:
    """Whether a sentence is an order to whoever answers, or plays a part in a conversation."""
    return _holds_order(" ".join(sentence.split()))


def without_orders(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The hits with their passages cut around such sentences: what is left of each, in the same order.

    A passage without one is given as it is; one that is nothing else is left out.
    """
    return tuple(part for hit in hits for part in _parts(hit))


def _holds_order(text: str) -> bool:
    if _TAGS.search(text):
        return True
    plain = _UNSEEN.sub("", text)
    return any(pattern.search(plain) for pattern in (_ROLE, _MACHINE, _ORDER, _READERS))


def _parts(hit: Hit) -> list[Hit]:
    passage = hit.passage
    text = passage.text
    if not _holds_order(text):  # nearly always: cutting into sentences takes ten times as long
        return [hit]
    runs: list[tuple[int, int]] = []
    found = False
    goes_on = False
    for span in sentences(text):
        if is_order(text[span.start : span.end]):
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
