"""Which lines are the body of an article: each is judged on its own, then in its place among the others. Pure.

The lines come from a text dump (dumps/) or from what trafilatura takes out of a page (html_body.py).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from ingest.read.boilerplate_lines import (
    agency_credits,
    has_joined_labels,
    is_article_end,
    is_author_note,
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
_NEWSLETTER_FIELD = re.compile(
    r"(?:by signing up|by submitting|sign ?up\W*$|e-?mail(?: address)?\W*$|subscribe\W*$|enter your email)",
    re.IGNORECASE,
)
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
    tight: bool = False
    """No blank line stands above it, in a dump that has them between paragraphs."""
    score: float = 0.0


def judge(lines: list[Line]) -> list[JudgedLine]:
    """Each line with what it is, and a score: above 0 where it is likely a part of an article."""
    counts = Counter(line.text for line in lines)
    judged = []
    for index, line in enumerate(lines):
        text = line.text
        boilerplate = is_boilerplate(text) or bool(URL_LINE.fullmatch(text))
        caption = not boilerplate and is_caption(text)
        heads_box = is_box_heading(text)
        sentence = not boilerplate and not caption and bool(_SENTENCE_END.search(text[-40:])) and text.count(" ") >= 2
        prose = (
            not (boilerplate or caption or heads_box or line.linked)
            and len(text) >= (_PROSE_CHARS if sentence else _LONG_CHARS)
            and _reads_like_prose(text)
        )
        # The same long line twice is a caption and its twin, or a banner: an article does not repeat itself.
        if prose and counts[text] > 1:
            prose, caption = False, True
        following = lines[index + 1].text if index + 1 < len(lines) else ""
        if not boilerplate and len(following) > len(text) > 30 and following.startswith(text) and is_caption(following):
            prose, caption = False, True
        judged.append(JudgedLine(line, prose, sentence, boilerplate, heads_box, caption))
    gaps = [one.line.gap for one in judged if one.prose]
    spaced = 2 * sum(gaps) > len(gaps)
    for one in judged:
        one.tight = spaced and not one.line.gap
        one.score = _score(one)
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
        return min(len(text), 400) / (100 if not one.line.bullet else 250)
    if one.caption:
        return -0.1
    if one.boilerplate:
        return -1.0 if len(text) > 200 else -0.35
    if one.line.linked:
        return -0.5
    if one.line.bullet:
        return 0.1 if one.sentence else -0.4
    return 0.3 if one.sentence else -0.3


def _reads_like_prose(text: str) -> bool:
    """Whether words are mostly in lower case, as in sentences and not in menus; scripts without case pass."""
    words = re.findall(r"[^\W\d_]{2,}", text[:600])
    if len(words) < 8:
        return not text.isascii() and len(text) > 60
    upper: int = sum(word[0].isupper() for word in words)
    return upper * 100 <= 62 * len(words)


def trimmed(judged: list[JudgedLine], start: int, end: int) -> tuple[int, int] | None:
    """The run from its first sentence to where comments begin, or a box of other stories that only blurbs follow.

    None where the run holds no sentence.
    """
    opens = (i for i in range(start, end) if judged[i].prose or (judged[i].sentence and not judged[i].line.bullet))
    begin = next(opens, None)
    if begin is None:
        return None
    total = sum(len(one.line.text) for one in judged[begin:end] if one.prose)
    resumes = _last_pair(judged, begin, end)
    seen = 0
    for index in range(begin, end):
        one = judged[index]
        seen += len(one.line.text) if one.prose else 0
        if 2 * seen >= total and (is_article_end(one.line.text) or (one.heads_box and index > resumes)):
            return begin, index
    return begin, end


def _last_pair(judged: list[JudgedLine], start: int, end: int) -> int:
    """Where the last two paragraphs in a row stand: an article goes on with such after a box, teasers do not."""
    above = False
    for index in range(end - 1, start - 1, -1):
        one = judged[index]
        if one.caption:
            continue
        paragraph = (one.prose or one.sentence) and not one.line.bullet
        if paragraph and above:
            return index
        above = paragraph
    return start


def body_of(
    judged: list[JudgedLine], start: int, end: int, title: str, authors: tuple[str, ...]
) -> tuple[list[str], tuple[str, ...]]:
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
        elif one.boilerplate:
            if _NEWSLETTER_FIELD.match(text):
                _drop_box_head(kept, judged, index)
        elif not _is_beside(judged, index, opening=not kept) and key_of(text) != title_key:
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
    texts = [judged[index].line.text for index in kept]
    return [text for at, text in enumerate(texts) if at < len(texts) - 3 or not is_author_note(text, authors)], agencies


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
    one = judged[index]
    if following.tight:
        return not (one.prose and len(one.line.text) > 300)
    return not one.line.level and (opening or not one.sentence)


def _is_beside(judged: list[JudgedLine], index: int, *, opening: bool) -> bool:
    """Whether a line of the run is a caption, a link, two labels in one, or a short entry of a list."""
    one = judged[index]
    if one.caption or one.line.linked or is_caption_title(judged, index, opening=opening):
        return True
    is_short = not one.sentence and not one.prose
    return is_short and (has_joined_labels(one.line.text) or (one.line.bullet and len(one.line.text) < 25))


def _is_aside(one: JudgedLine, indent: int | None) -> bool:
    """Whether a line stands deeper in the page, or less deep, than the paragraphs."""
    if indent is None or (one.prose and one.line.indent <= indent + 4):
        return False
    return abs(one.line.indent - indent) > 2


def _drop_box_head(kept: list[int], judged: list[JudgedLine], field: int) -> None:
    """Drop a newsletter box's heading and blurb, which show what they are only by the field right below them."""
    if not kept or field - kept[-1] > 2:
        return
    for back in range(1, min(4, len(kept)) + 1):
        one = judged[kept[-back]]
        if one.line.level:
            del kept[-back:]
        if one.prose or one.line.level:
            return
