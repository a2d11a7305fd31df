"""Where in a text dump the article stands: each line judged on its own, then the run of lines that is the body. Pure.

Knows nothing about dates, outlets or what an article is made into.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from ingest.read.furniture import is_caption, is_credit, is_end, is_furniture, is_hard_end
from ingest.read.page_head import heading_score, is_signature
from ingest.read.page_lines import Line, key_of

_SENTENCE_END = re.compile(r"[.!?…。！？؟।][\"'”’»›)\]]{0,3}\s*(?:\[\d+\])?$|[.!?]['\"”’]\s*$|:$")
URL_LINE = re.compile(
    r"(?:url|link|permalink|source|quelle|original)?\s*:?\s*<?(https?://[^\s<>]{4,1000})>?", re.IGNORECASE
)
_PROSE_CHARS = 80
_LONG_CHARS = 200
REPORT_LINES = 8
"""A text of one paragraph has no more lines: title, day, byline and the like."""
_HEAD_LINES = 45
"""A title stands at most so many lines above the article's first paragraph."""


@dataclass(slots=True)
class Judged:
    """A line, and what it is on its own."""

    line: Line
    prose: bool
    sentence: bool
    furniture: bool
    end: bool
    caption: bool
    tight: bool = False
    """No blank line stands above it, in a dump that has them between paragraphs."""
    score: float = 0.0


def judge(lines: list[Line]) -> list[Judged]:
    counts = Counter(line.text for line in lines)
    judged = []
    for index, line in enumerate(lines):
        text = line.text
        furniture = is_furniture(text) or bool(URL_LINE.fullmatch(text))
        caption = not furniture and is_caption(text)
        end = is_end(text)
        sentence = not furniture and not caption and bool(_SENTENCE_END.search(text[-40:])) and text.count(" ") >= 2
        prose = (
            not furniture
            and not caption
            and not end
            and not line.linked
            and ((sentence and len(text) >= _PROSE_CHARS) or len(text) >= _LONG_CHARS)
            and _reads_like_prose(text)
        )
        # The same long line twice is a caption and its twin, or a banner: an article does not repeat itself.
        if prose and counts[text] > 1:
            prose, caption = False, True
        following = lines[index + 1].text if index + 1 < len(lines) else ""
        if not furniture and len(following) > len(text) > 30 and following.startswith(text) and is_caption(following):
            prose, caption = False, True
        one = Judged(line, prose, sentence, furniture, end, caption)
        one.score = _score(one)
        judged.append(one)
    gaps = [one.line.gap for one in judged if one.prose]
    spaced = 2 * sum(gaps) > len(gaps)
    for one in judged:
        one.tight = spaced and not one.line.gap
    _discount_boxes(judged)
    return judged


def _discount_boxes(judged: list[Judged]) -> None:
    """Makes a box of other stories cost little in short lines, and its blurbs earn nothing."""
    boxed = False
    for index, one in enumerate(judged):
        if one.end:
            boxed = True
        elif one.prose and not _is_blurb(judged, index):
            boxed = False
        elif boxed:
            one.score = -0.15
        elif one.prose:
            one.score = min(one.score, 0.5)


def _is_blurb(judged: list[Judged], index: int) -> bool:
    """Whether a sentence stands alone between headings, names or buttons, as a teaser's blurb does."""
    one = judged[index]
    if len(one.line.text) >= 170 or one.line.bullet:
        return one.line.bullet
    around = judged[max(0, index - 1) : index] + judged[index + 1 : index + 2]
    return not any(other.prose or other.sentence for other in around)


def _score(one: Judged) -> float:
    text = one.line.text
    if is_hard_end(text):
        return -6.0
    if one.end:
        return -2.0
    if one.prose:
        return min(len(text), 400) / (100 if not one.line.bullet else 250)
    if one.caption:
        return -0.1
    if one.furniture:
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


def body_span(judged: list[Judged]) -> tuple[int, int] | None:
    """The run of lines with the highest sum of scores, trimmed to prose at both ends."""
    best, best_span = 0.0, None
    total, begin = 0.0, 0
    for index, one in enumerate(judged):
        if total <= 0:
            total, begin = 0.0, index
        total += one.score
        if total > best:
            best, best_span = total, (begin, index + 1)
    if best_span is None or best < 0.8:
        return _only_paragraph(judged)
    start, end = best_span
    while start < end and not (judged[start].prose or (judged[start].sentence and not judged[start].line.bullet)):
        start += 1
    if start >= end:
        return None
    end = _end_of_article(judged, start, end)
    start = _last_heading_before_most(judged, start, end)
    return start, end


def _only_paragraph(judged: list[Judged]) -> tuple[int, int] | None:
    """The one paragraph of a short report; a menu or teasers, with as little prose, have more lines."""
    prose = [index for index, one in enumerate(judged) if one.prose]
    return (prose[0], prose[0] + 1) if len(prose) == 1 and len(judged) <= REPORT_LINES else None


def _end_of_article(judged: list[Judged], start: int, end: int) -> int:
    """Where comments begin inside the run, or a box of other stories that only blurbs follow."""
    total = sum(len(one.line.text) for one in judged[start:end] if one.prose)
    resumes = _last_pair(judged, start, end)
    seen = 0
    for index in range(start, end):
        one = judged[index]
        if one.prose:
            seen += len(one.line.text)
        if 2 * seen >= total and (is_hard_end(one.line.text) or (one.end and index > resumes)):
            return index
    return end


def _last_pair(judged: list[Judged], start: int, end: int) -> int:
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


def _last_heading_before_most(judged: list[Judged], start: int, end: int) -> int:
    """The first line after a top heading within the run, when nearly all of the run comes after it."""
    total = sum(len(one.line.text) for one in judged[start:end] if one.prose)
    left = total
    for index in range(start, end):
        one = judged[index]
        if one.line.level == 1 and left >= 0.6 * total and len(one.line.text.split()) > 3 and index + 1 < end:
            start = index + 1
        if one.prose:
            left -= len(one.line.text)
    while start < end - 1 and not (judged[start].prose or judged[start].sentence):
        start += 1
    return start


def body_indent(span: list[Judged]) -> int | None:
    """The indent of the paragraphs, where the dump shows how deep each stood in the page; None where it does not."""
    weights: Counter[int] = Counter()
    for one in span:
        if one.prose and not one.line.bullet:
            weights[one.line.indent] += len(one.line.text)
    if not weights or not any(one.line.indent for one in span):
        return None
    return weights.most_common(1)[0][0]


def title_index(judged: list[Judged], start: int, end: int) -> int | None:
    """The line that is most likely the title: above the body, sharing its words, like a heading."""
    words: set[str] = set()
    for one in judged[start:end]:
        if one.prose:
            words.update(_content_words(one.line.text))
    # Share buttons and the browser's title repeat it, alone or after "Share this story:".
    keys = [key_of(one.line.text) for one in judged[:2000] + judged[-500:] if len(one.line.text) < 400]
    page = f" {' | '.join(keys)} "
    scores: dict[int, float] = {}
    distance = 0
    signed = 0.0  # what lies below is a date or a byline: a title stands above it, a caption does not
    for index in range(start - 1, max(-1, start - 1 - 4 * _HEAD_LINES), -1):
        one = judged[index]
        distance += 1
        text = one.line.text
        if len(text) < 160 and distance < _HEAD_LINES and is_signature(text):
            signed = 1.2
        if distance > _HEAD_LINES and one.line.level != 1:
            continue
        if one.furniture or one.end or one.caption or one.line.linked:
            continue
        content = _content_words(text)
        shared = sum(word in words for word in content) / len(content) if content else 0.0
        key = key_of(text)
        repeated = len(key) >= 20 and page.count(f" {key} ") > 1
        score = heading_score(one.line, shared, distance, repeated=repeated) + signed
        if one.prose:
            score -= 1.0
        if is_caption_title(judged, index, opening=True):
            score -= 3.0
        scores[index] = score
    if not scores:
        return start if judged[start].line.level == 1 else None
    best = max(scores, key=lambda index: (scores[index], -index))
    # A standfirst may share more of the body's words than the title right above it.
    for index in range(best - 1, max(-1, best - 3), -1):
        if judged[index].furniture or judged[index].line.bullet:
            continue
        above, below = judged[index].line, judged[best].line
        alike = above.level == below.level and abs(above.indent - below.indent) <= 4
        if alike and scores.get(index, -9.0) >= max(2.0, scores[best] - 1.5) and len(above.text) < len(below.text):
            best = index
        break
    return best if scores[best] >= 1.5 else None


def is_caption_title(judged: list[Judged], index: int, *, opening: bool) -> bool:
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


def _content_words(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text.casefold()[:600]) if len(word) > 3]
