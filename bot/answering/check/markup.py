"""Takes links, images, HTML, mentions and addresses out of a chat model's text and leaves their words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from bot.text.unicode import visible

_IMAGE = re.compile(r"!\[[^\[\]\n]{0,300}\](?:\([^()\n]{0,1000}\)|\[[^\[\]\n]{0,100}\])")
_LINK = re.compile(r"\[(?P<words>[^\[\]\n]{0,300})\](?:\([^()\n]{0,1000}\)|\[[^\[\]\n]{0,100}\])")
_DEFINITION = re.compile(r"^\s{0,3}\[[^\[\]\n]{1,100}\]:\s?\S{1,1000}.{0,300}$", re.MULTILINE)
_MENTION = re.compile(r"<(?:@[!&]?|#|a?:\w{1,40}:|t:|/[\w -]{1,60}:|id:)\w{0,40}(?::\w)?>")
_TAG = re.compile(r"<!--.{0,2000}?-->|</?[A-Za-z][^<>\n]{0,1000}>", re.DOTALL)
_ADDRESS = re.compile(
    r"<?\b(?:[A-Za-z][A-Za-z0-9+.-]{1,15}://|www\.|mailto:|javascript:|data:(?=\w{1,20}/))[^\s<>\"“”\])}]{1,2000}>?"
)
_MAIL = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}\b")
_HOST = re.compile(
    r"(?<![\w@.])(?:[A-Za-z0-9-]{1,63}\.){1,4}(?:com|net|org|io|gg|co|example|info|biz|xyz|ru|cn|de|uk|fr|me|app|dev|link"
    r"|site|online|top|click|ai|ly|to)\b(?:[/?#][^\s<>\"“”)]{0,1000})?(?!\w)",
    re.IGNORECASE,
)
_AT = re.compile(r"@(?=\w)")
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_RAW_LINK = re.compile(r"\]\s?\(")
_BLANKS = re.compile(r"[ \t\u00a0]{2,}")
_BEFORE_MARK = re.compile(r"[ \t]+(?=[.,;:!?…])")


_FULL_WIDTH = {
    0xFEE0 + code: code for code in range(0x21, 0x7F) if chr(code).isalnum() or chr(code) in "@./<>#`|[]()"
} | {0xFE6B: ord("@"), 0xFF61: ord(".")}
"""Full-width letters and marks of addresses and mentions, which programs read as the narrow ones."""


def visible_words(text: str) -> str:
    """The text without characters that nobody sees and private ones; full-width letters as narrow ones."""
    return _PRIVATE.sub("", visible(text)).translate(_FULL_WIDTH)


def bare(text: str, is_allowed: Callable[[str], bool] | None = None) -> str:
    """One sentence or line without links, images, HTML, mentions and addresses, but with their words.

    `is_allowed` says which addresses may stay as plain text: those that stand in the evidence.
    """
    text = unicodedata.normalize("NFC", text)
    text = _DEFINITION.sub("", text)
    text = _IMAGE.sub("", text)
    text = _LINK.sub(lambda link: link["words"], text)
    text = _MENTION.sub("", text)
    for pattern in (_ADDRESS, _MAIL, _HOST):
        text = pattern.sub(lambda found: found[0] if is_allowed and is_allowed(found[0].strip("<>.,;")) else "", text)
    text = _TAG.sub("", text)
    text = text.replace("`", "").replace("||", "")
    text = _AT.sub("", text)
    text = _RAW_LINK.sub("] (", text)
    text = text.replace("<", "‹").replace(">", "›") if "<" in text else text
    return _BEFORE_MARK.sub("", _BLANKS.sub(" ", text)).strip()


def has_address(text: str) -> bool:
    """Whether an address, a mention or a link stands in the text."""
    return any(pattern.search(text) for pattern in (_IMAGE, _LINK, _MENTION, _ADDRESS, _MAIL, _HOST))


def unmarked(text: str) -> str:
    """The words without bold, italics, struck and heading marks."""
    return re.sub(r"\*{1,3}|~~|(?<!\w)_{1,3}|_{1,3}(?!\w)|^#{1,6}\s", "", text)
