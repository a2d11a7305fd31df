"""Text -> clean text: control characters, invisible ones, entities, addresses, sentences. Pure."""

from __future__ import annotations

import html
import re
from itertools import pairwise
from urllib.parse import urlsplit, urlunsplit

# Control characters, bidirectional overrides and isolates (they make text read other than it is), Unicode tag
# characters (they hide words from people), the BOM and other non-characters, and lone surrogates (no database
# takes them). Direction marks and joiners stay: Arabic, Hebrew and Persian need them.
_DROPPED = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufff0-\uffff\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
# Invisible characters that saved pages carry and that stand between a quote and its search: soft hyphens, zero-width
# spaces, word joiners, direction marks beside Latin letters. Joiners stay where scripts and emoji need them.
_INVISIBLE = re.compile("[\u00ad\u200b\u2060-\u2064\u180e\ufeff]|(?<![\u0590-\u1cff\u2600-\U0010ffff])[\u200c-\u200f]")
_NEWLINES = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SENTENCE_END = re.compile(r"[.!?…。！？؟।][\"'”’»›)\]]{0,3}\s*$")
TAG = re.compile(
    r"</?(?:p|br|div|a|h[1-6]|ul|ol|li|strong|em|span|img|b|i|u|blockquote|figure|figcaption|table|section|article)"
    r"(?:\s[^<>]{0,2000})?/?>",
    re.IGNORECASE,
)
ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8}\d?);", re.IGNORECASE)
_TITLE_CHARS = 160
_WRAP_CHARS = (45, 110)
"""A row that a program broke, and not its writer, is about this long."""


def clean(text: str) -> str:
    """The text without control characters, overrides and lone surrogates, its line ends as newlines."""
    return _DROPPED.sub("", _NEWLINES.sub("\n", text))


def tidy(text: str) -> str:
    """Text without control, invisible and override characters, every space an ordinary one; line ends as newlines."""
    text = _INVISIBLE.sub("", clean(text))
    return text if text.isascii() else re.sub(r"[^\S\n\t]", " ", text)


def one_line(text: str) -> str:
    """A clean single line, entities resolved, for titles and names."""
    return " ".join(unescaped(TAG.sub("", clean(text))).split())


def unescaped(text: str) -> str:
    """Clean text with its entities resolved, where it has any."""
    return clean(html.unescape(text)) if ENTITY.search(text) else text


def clean_address(url: str) -> str:
    """An address fit to store and to show: without line breaks, and without a user's name and password.

    Blanks inside become "%20". What is no address stays as it is, for whoever uses it to refuse. (courlan, measured on
    addresses like these, keeps the password, leaves blanks out, and takes campaign marks off, which readers may need.)
    """
    url = re.sub(r"\s*\n\s*|\t", "", clean(url).strip()).replace(" ", "%20")
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if "@" in parts.netloc else url


def key_of(text: str) -> str:
    """What two spellings of the same words have in common: lower case, no punctuation."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def ends_sentence(text: str) -> bool:
    """Whether the text ends as a sentence does, quotes and brackets after the stop included."""
    return bool(_SENTENCE_END.search(text[-40:]))


def first_sentence(text: str) -> str:
    """The first sentence or line of a text, for what has no title; cut at a word where it is long."""
    line = text.split("\n", 1)[0]
    if match := re.match(r".{20,}?[.!?](?=\s|$)", line):
        line = match[0]
    if len(line) <= _TITLE_CHARS:
        return line
    return line[:_TITLE_CHARS].rsplit(" ", 1)[0] + "…"


def wrapping(rows: list[str]) -> int:
    """2 where a program surely broke one paragraph into these rows, 1 where they have such lengths, else 0."""
    body = [len(row) for row in rows[:-1]]
    if not body or min(body) < _WRAP_CHARS[0] or max(body) > _WRAP_CHARS[1] or max(body) - min(body) > 30:
        return 0
    if len(rows[-1]) > max(body) + 12 or any(row.startswith("http") for row in rows):
        return 0
    # Rows that were broken by a program go on in the middle of a sentence: most of them, one in lower case at least.
    inside = [row[-1] not in '.!?:"”’»' or following[0].islower() for row, following in pairwise(rows)]
    lower = any(row[0].islower() for row in rows[1:])
    return 2 if lower and sum(inside) >= 0.6 * len(inside) else 1
