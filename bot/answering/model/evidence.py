"""Puts passages before a chat model: fenced, each under an opaque key, with source, date and title. Pure."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bot.schema import Hit
from bot.text.unicode import visible

BYTES_PER_TOKEN = 3
"""Fewer than any tokenizer's average for English (about 4), and one token a character for Chinese or Japanese: a
budget that is kept without knowing the model's own tokenizer."""
_CONSONANTS = "bcdfghjkmnpqrstvwxz"
_DIGITS = "23456789"
_BLANK_LINES = re.compile(r"\n{3,}")
_ANGLES = str.maketrans({"<": "‹", ">": "›", "＜": "‹", "＞": "›", "﹤": "‹", "﹥": "›"})
_ROLE_TOKENS = re.compile(r"\[(/?(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS))\]")
"""What some open models read as the end of a turn; those with angle brackets are escaped with the brackets."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a chat model is given: the fenced `text`, and the hit behind each key in it."""

    text: str
    passages: Mapping[str, Hit]


def fenced(hits: Sequence[Hit], tokens: int, make_key: Callable[[], str] | None = None) -> Evidence:
    """The best of `hits` (best first) that fit into `tokens`, and the first one at any length.

    Keys are drawn anew for every answer, and none of them stands in a passage: an article can neither cite itself nor
    close its fence.
    """
    make_key = make_key or opaque_key
    passages: dict[str, Hit] = {}
    blocks: list[str] = []
    left = tokens
    texts = [f"{hit.article.title}\n{hit.passage.text}".casefold() for hit in hits]
    for hit in hits:
        key = make_key()
        while key in passages or any(key in text for text in texts):
            key = make_key()
        block = _block(key, hit)
        needed = tokens_of(block)
        if passages and needed > left:
            continue
        left -= needed
        passages[key] = hit
        blocks.append(block)
    return Evidence("\n\n".join(blocks), MappingProxyType(passages))


def opaque_key() -> str:
    """A key that is no word and no number, such as "k4t7"."""
    return "".join(secrets.choice(letters) for letters in (_CONSONANTS, _DIGITS) * 2)


def escaped(text: str) -> str:
    """Text that is not ours, as a model may read it: no fence mark, no turn token, nothing that a reader cannot see."""
    return _BLANK_LINES.sub("\n\n", _ROLE_TOKENS.sub(r"(\1)", visible(text).translate(_ANGLES)))


def tokens_of(text: str) -> int:
    """About how many tokens a text has, rather too many than too few."""
    return -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)


def _block(key: str, hit: Hit) -> str:
    article = hit.article
    day = article.published
    names = dict.fromkeys(copy.source for copy in hit.also_in if copy.source)
    head = [
        f"source: {_line(article.source) or 'unknown'}",
        f"date: {f'{day.day} {day:%B %Y}' if day else 'unknown'}",
        f"title: {_line(article.title)}",
        *([f"also in: {', '.join(map(_line, names))}"] if names else []),
    ]
    return "\n".join([f"<<<passage {key}>>>", *head, "text:", escaped(hit.passage.text), f"<<<end of {key}>>>"])


def _line(text: str | None) -> str:
    return " ".join(escaped(text or "").split())
