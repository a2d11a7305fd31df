"""Which lines are the body of an article: each is judged on its own, then in its place among the others. Pure.

The lines come from a text dump (dumps/) or from what trafilatura takes out of a page (html_body.py).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from ingest.read.boilerplate_lines import (
    agency_credits,
    is_article_end,
    is_boilerplate,
    is_box_heading,
    is_caption,
    is_credit,
)
from ingest.read.cleaning import key_of

URL_LINE = re.compile(
    r"(?:url|link|permalink|source|quelle|original)?\s*:?\s*<?(https?://[^\s<>]{4,1000})>?", re.IGNORECASE
)
NO_ARTICLE_CHARS = 140
"""A shorter text is an article only under a title."""
_SENTENCE_END = re.compile(r"[.!?…。！？؟।][\"'”’»›)\]]{0,3}\s*(?:\[\d+\])?$|[.!?]['\"”’]\s*$|:$")
_PROSE_CHARS = 80
_LONG_CHARS = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One line, or one paragraph that a program had broken into lines."""

    text: str
    indent: int = 0
    level: int = 0
    """1 to 6 for a heading, 0 for none."""
    bullet: bool = False
    gap: bool = True
    """Whether a blank line stands before it."""
    linked: bool = False
    """Whether it is nothing but links, where the source shows it."""


@dataclass(slots=True)
class JudgedLine:
    """A line, and what it is on its own."""

    line: Line
    prose: bool
    sentence: bool
    boilerplate: bool
    heads_box: bool
    caption: bool
    score: float = 0.0


def judge(lines: list[Line]) -> list[JudgedLine]:
    """Each line with what it is, and a score: above 0 where it is likely a part of an article."""
    judged = []
    for line in lines:
        text = line.text
        boilerplate = is_boilerplate(text) or bool(URL_LINE.fullmatch(text))
        caption = not boilerplate and is_caption(text)
        heads_box = is_box_heading(text)
        sentence = not boilerplate and not caption and bool(_SENTENCE_END.search(text[-40:])) and text.count(" ") >= 2
        long_enough = len(text) >= (_PROSE_CHARS if sentence else _LONG_CHARS)
        is_text = long_enough and _reads_like_prose(text)
        prose = is_text and not (boilerplate or caption or heads_box or line.linked)
        judged.append(JudgedLine(line, prose, sentence, boilerplate, heads_box, caption))
        judged[-1].score = _score(judged[-1])
    _discount_boxes(judged)
    return judged


def _discount_boxes(judged: list[JudgedLine]) -> None:
    """Makes a box of other stories cost little in short lines, and its blurbs earn nothing."""
    boxed = False
    for index, one in enumerate(judged):
        if one.heads_box:
            boxed = True
        elif one.prose and not _is_blurb(judged, index):
            boxed = False
        elif boxed:
            one.score = -0.15
        elif one.prose:
            one.score = min(one.score, 0.5)


def _is_blurb(judged: list[JudgedLine], index: int) -> bool:
    """Whether a sentence stands alone between headings, names or buttons, as a teaser's blurb does."""
    one = judged[index]
    if len(one.line.text) >= 170 or one.line.bullet:
        return one.line.bullet
    around = judged[max(0, index - 1) : index] + judged[index + 1 : index + 2]
    return not any(other.prose or other.sentence for other in around)


def _score(one: JudgedLine) -> float:
    text = one.line.text
    if is_article_end(text):
        return -6.0
    if one.heads_box:
        return -2.0
    if one.prose:
        return min(len(text), 400) / 100
    if one.caption:
        return -0.1
    if one.boilerplate:
        return -0.35
    return 0.3 if one.sentence else -0.3


def _reads_like_prose(text: str) -> bool:
    """Whether words are mostly in lower case, as in sentences and not in menus; scripts without case pass."""
    words = re.findall(r"[^\W\d_]{2,}", text[:600])
    if len(words) < 8:
        return not text.isascii()
    upper: int = sum(word[0].isupper() for word in words)
    return upper * 100 <= 62 * len(words)


def trimmed(judged: list[JudgedLine], start: int, end: int) -> tuple[int, int] | None:
    """The run from its first sentence on; None where it holds none."""
    opens = (i for i in range(start, end) if judged[i].prose or (judged[i].sentence and not judged[i].line.bullet))
    begin = next(opens, None)
    return None if begin is None else (begin, end)


def body_of(judged: list[JudgedLine], start: int, end: int, title: str) -> tuple[list[str], tuple[str, ...]]:
    """The paragraphs and crossheads of the run, and the agencies that sign it."""
    indent = body_indent(judged[start:end])
    kept: list[int] = []
    agencies: tuple[str, ...] = ()
    in_box = False  # a box of related stories, until a real paragraph comes
    title_key = key_of(title)
    for index in range(start, end):
        one = judged[index]
        text = one.line.text
        if found := agency_credits(text):
            agencies = agencies or found
        elif one.heads_box:
            in_box = True
        elif not (one.boilerplate or _is_beside(judged, index, opening=not kept)) and key_of(text) != title_key:
            is_aside = _is_aside(one, indent)
            in_box = in_box and (is_aside or not one.prose or one.line.bullet)
            if not in_box and not is_aside:
                kept.append(index)
    for one in judged[end : end + 6]:
        if agencies or one.prose:
            break
        agencies = agency_credits(one.line.text)
    while kept and not (judged[kept[-1]].prose or judged[kept[-1]].sentence):
        kept.pop()
    return [judged[index].line.text for index in kept], agencies


def body_indent(span: list[JudgedLine]) -> int | None:
    """The indent of the paragraphs, where the dump shows how deep each stood in the page; None where it does not."""
    weights: Counter[int] = Counter()
    for one in span:
        if one.prose and not one.line.bullet:
            weights[one.line.indent] += len(one.line.text)
    if not weights or not any(one.line.indent for one in span):
        return None
    return weights.most_common(1)[0][0]


def is_caption_title(judged: list[JudgedLine], index: int, *, opening: bool) -> bool:
    """Whether the line right under this one is a picture's credit: then this one is the picture's title.

    Before the article's first paragraph (`opening`) that may be a whole sentence.
    """
    following = judged[index + 1] if index + 1 < len(judged) else None
    if following is None or not is_credit(following.line.text) or following.line.indent > judged[index].line.indent:
        return False
    return not judged[index].line.level and (opening or not judged[index].sentence)


def _is_beside(judged: list[JudgedLine], index: int, *, opening: bool) -> bool:
    """Whether a line of the run is a caption or a link."""
    return judged[index].caption or judged[index].line.linked or is_caption_title(judged, index, opening=opening)


def _is_aside(one: JudgedLine, indent: int | None) -> bool:
    """Whether a line stands deeper in the page, or less deep, than the paragraphs."""
    if indent is None or (one.prose and one.line.indent <= indent + 4):
        return False
    return abs(one.line.indent - indent) > 2
