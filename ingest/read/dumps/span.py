"""Where in a text dump the body stands: each line is judged on its own, then the best run of lines is taken. Pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from ingest.read.boilerplate_lines import is_article_end, is_boilerplate, is_box_heading, is_caption, is_credit
from ingest.read.dumps.lines import Line

_SENTENCE_END = re.compile(r"[.!?…。！？؟।][\"'”’»›)\]]{0,3}\s*(?:\[\d+\])?$|[.!?]['\"”’]\s*$|:$")
URL_LINE = re.compile(
    r"(?:url|link|permalink|source|quelle|original)?\s*:?\s*<?(https?://[^\s<>]{4,1000})>?", re.IGNORECASE
)
LEAST_SCORE = 0.8
SHORT_LINES = 5
"""A dump of so few lines has no menus around its text: one paragraph is an article."""
_PROSE_CHARS = 80
_LONG_CHARS = 200


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
    counts = Counter(line.text for line in lines)
    judged = []
    for index, line in enumerate(lines):
        text = line.text
        boilerplate = is_boilerplate(text) or bool(URL_LINE.fullmatch(text))
        caption = not boilerplate and is_caption(text)
        heads_box = is_box_heading(text)
        sentence = not boilerplate and not caption and bool(_SENTENCE_END.search(text[-40:])) and text.count(" ") >= 2
        prose = (
            not boilerplate
            and not caption
            and not heads_box
            and not line.linked
            and ((sentence and len(text) >= _PROSE_CHARS) or len(text) >= _LONG_CHARS)
            and _reads_like_prose(text)
        )
        # The same long line twice is a caption and its twin, or a banner: an article does not repeat itself.
        if prose and counts[text] > 1:
            prose, caption = False, True
        following = lines[index + 1].text if index + 1 < len(lines) else ""
        if not boilerplate and len(following) > len(text) > 30 and following.startswith(text) and is_caption(following):
            prose, caption = False, True
        one = JudgedLine(line, prose, sentence, boilerplate, heads_box, caption)
        one.score = _score(one)
        judged.append(one)
    gaps = [one.line.gap for one in judged if one.prose]
    spaced = 2 * sum(gaps) > len(gaps)
    for one in judged:
        one.tight = spaced and not one.line.gap
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
    if one.sentence:
        return 0.3
    return -0.3


def _reads_like_prose(text: str) -> bool:
    """Whether words are mostly in lower case, as in sentences and not in menus; scripts without case pass."""
    words = re.findall(r"[^\W\d_]{2,}", text[:600])
    if len(words) < 8:
        return not text.isascii() and len(text) > 60
    upper = sum(1 for word in words if word[0].isupper())
    return upper * 100 <= 62 * len(words)


def body_span(judged: list[JudgedLine]) -> tuple[int, int] | None:
    """The run of lines with the highest sum of scores, trimmed to prose at both ends."""
    best, best_span = 0.0, None
    total, begin = 0.0, 0
    for index, one in enumerate(judged):
        if total <= 0:
            total, begin = 0.0, index
        total += one.score
        if total > best:
            best, best_span = total, (begin, index + 1)
    if best_span is None or (
        best < LEAST_SCORE and not (len(judged) <= SHORT_LINES and any(one.prose for one in judged))
    ):
        return None
    start, end = best_span
    while start < end and not (judged[start].prose or (judged[start].sentence and not judged[start].line.bullet)):
        start += 1
    if start >= end:
        return None
    return start, _end_of_article(judged, start, end)


def _end_of_article(judged: list[JudgedLine], start: int, end: int) -> int:
    """Where comments begin inside the run, or a box of other stories that only blurbs follow."""
    total = sum(len(one.line.text) for one in judged[start:end] if one.prose)
    resumes = _last_pair(judged, start, end)
    seen = 0
    for index in range(start, end):
        one = judged[index]
        if one.prose:
            seen += len(one.line.text)
        if 2 * seen >= total and (is_article_end(one.line.text) or (one.heads_box and index > resumes)):
            return index
    return end


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
