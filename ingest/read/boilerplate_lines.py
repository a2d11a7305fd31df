"""Which lines of a news page are no part of its article: buttons, teasers, captions, boxes, notices. Pure.

A line is judged by its words alone, which stand in data/boilerplate_lines.tsv with an example each. Left out, the body
F1 of bench_reading's pages falls from .983 to .953 (HTML) and from .984 to .77 (text dumps).
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from bot.text import read_rows

PROMPT_CHARS = 320
"""A longer sentence says something besides, or is none."""
_REPORTED = re.compile(r"\b(?:said|says|told|according|sagte|laut|selon|dijo|según)\b")
_SIGNED = re.compile(r"(?P<desk>[a-z]{1,4}(?:/[a-z]{1,4}){0,4},?\s+)?[(\[]?(?P<names>[^()\[\]]{2,80})[)\]]?\.?")
_DESK_BEFORE_SLASH = re.compile(r"^(?:[a-zäöü]{2,4}/)+(?=[^\s()]+$)")
_SIGNED_BY = re.compile(
    r"^(?:sources?|quellen?|with|mit|avec|con|agencies)\s*:?\s+(?:material (?:von|from)\s+)?", re.IGNORECASE
)


@cache
def rows() -> list[tuple[str, int, str, str]]:
    """The lines of the data file: kind, longest line in characters (0 for any), pattern or words, example."""
    found = read_rows(Path(__file__).parent / "data" / "boilerplate_lines.tsv")
    return [(kind, int(chars), pattern, example) for kind, chars, pattern, example in found]


@cache
def words(kind: str) -> frozenset[str]:
    """The words and phrases of a kind, in lower case."""
    return frozenset(word.casefold() for name, _, row, _ in rows() if name == kind for word in row.split(" | "))


_ANYWHERE, _START, _WHOLE, _AT_END = "{}", "^(?:{})", r"^\W*(?:{})\W*$", r"(?:{})\W*$"
BEFORE_DATE = r"(?:{})\b[^\d]{{0,40}}$"


@cache
def _patterns(kind: str, form: str = _ANYWHERE) -> list[tuple[int, re.Pattern[str]]]:
    """One pattern for each length that a line of this kind may have."""
    by_chars: dict[int, list[str]] = {}
    for name, chars, pattern, _ in rows():
        if name == kind:
            by_chars.setdefault(chars, []).append(pattern)
    return [(chars, re.compile(form.format("|".join(found)), re.IGNORECASE)) for chars, found in by_chars.items()]


def is_found(kind: str, text: str, form: str = _ANYWHERE) -> bool:
    """Whether the words of a kind stand in a line, where `form` says."""
    part = text[-300:] if form == _AT_END else text[:700]
    return any((not chars or len(text) <= chars) and pattern.search(part) for chars, pattern in _patterns(kind, form))


def is_boilerplate(line: str) -> bool:
    """Whether a line is a button, teaser, newsletter box or notice: no part of the article."""
    text = _straight_quotes(line)
    if not text or not any(char.isalnum() for char in text):
        return True
    return _asks(text, text.strip(" .:…!>»|•·-–—*")) or is_terms_notice(text) or is_headline_in_capitals(text)


def is_prompt(sentence: str) -> bool:
    """Whether a sentence of an article asks the reader to subscribe, follow, share or read on, and tells no news.

    Of 150 drawn from those that it finds in 1,025 newspaper articles, 146 tell none.
    """
    text = _straight_quotes(sentence).strip(" \n*►•|-–—>[]()")
    return 0 < len(text) <= PROMPT_CHARS and _asks(text, text)


def _asks(text: str, label: str) -> bool:
    return label.casefold() in words("label") or is_found("starts", text, _START) or is_found("within", text)


def is_notice(line: str) -> bool:
    """Whether a line speaks to the reader or of the page itself, as a page does that holds no article."""
    return is_boilerplate(line) or is_found("notice", _straight_quotes(line))


def is_headline_in_capitals(line: str) -> bool:
    """Whether a line is a headline in capitals: a link to another story. A crosshead in capitals is shorter."""
    return len(line) >= 36 and line.isupper() and line.count(" ") >= 4


def is_terms_notice(line: str) -> bool:
    """Whether a paragraph is about cookies, consent and the site's own terms, as in the windows that pages open."""
    if len(line) > 3000 or _REPORTED.search(line):
        return False
    terms = {match.casefold() for _, pattern in _patterns("terms") for match in pattern.findall(line)}
    return len(terms) >= 3 or (len(terms) >= 1 and is_found("terms voice", line))


def is_box_heading(line: str) -> bool:
    """Whether a line heads what follows an article or stands as a box in it: related stories, comments, most read."""
    text = _straight_quotes(line)
    if len(text) > 90 or not (is_found("box", text, _WHOLE) or is_article_end(text)):
        return False
    # "More from the minister's speech:" leads on to a quote; a box is headed by "Related:" in a word.
    return not text.endswith(":") or text.count(" ") < 2


def is_article_end(line: str) -> bool:
    """Whether the article is over at this line, whatever reads like sentences after it (comments do)."""
    return is_found("comments", _straight_quotes(line), _WHOLE)


def is_credit(line: str) -> bool:
    """Whether a line is the credit of a picture and nothing else: "Image: Getty Images", "(J. Doe / AP)"."""
    return not agency_credits(line) and is_found("credit", _straight_quotes(line), _WHOLE)


def is_caption(line: str) -> bool:
    """Whether a line is the caption of a picture, told by its credit or label."""
    text = _straight_quotes(line)
    if not text or len(text) > 600:
        return False
    return (
        (text[-1] not in '.!?"”' and is_found("caption side", text))
        or is_credit(text)
        or is_found("caption", text, _START)
        or is_found("caption end", text, _AT_END)
    )


def agency_credits(line: str) -> tuple[str, ...]:
    """The agencies of a line that signs an article: "kmm/rc (dpa, AP, AFP)" gives ("dpa", "AP", "AFP")."""
    text = _straight_quotes(line)
    if len(text) > 100:
        return ()
    text = _SIGNED_BY.sub("", _DESK_BEFORE_SLASH.sub("", text))
    match = _SIGNED.fullmatch(text)
    if match is None:
        return ()
    split = re.split(r"\s*[,/;+&]\s*|\s+(?:and|und|et|y|with)\s+", match["names"])
    names = tuple(dict.fromkeys(name.strip(" .") for name in split if name.strip(" .")))
    if match["desk"] and "(" in text and names and all(re.fullmatch(r"[A-Z][\w-]{1,20}", name) for name in names):
        return names
    if not names or not words("agency").issuperset(name.casefold() for name in names):
        return ()
    if not match["desk"] and text[:1] not in "([" and len(names) < 2:
        return ()  # "Reuters" alone may be the outlet's name in a menu
    return names


def _straight_quotes(line: str) -> str:
    return line.strip().replace("’", "'").replace("‘", "'")
