"""Which line of a text dump is the article's title. Pure."""

from __future__ import annotations

import re

from ingest.read.body import Line, is_caption_title
from ingest.read.byline import is_signature, names_in_byline
from ingest.read.cleaning import key_of
from ingest.read.dates import find_dates

HEAD_LINES = 45
"""A title stands at most so many lines above the article's first paragraph."""
LEAST_SCORE = 1.5
_LEVEL_SCORES = {0: 0.0, 1: 3.0, 2: 1.0, 3: 0.5}
_DATELINE = re.compile(
    r"[A-ZÀ-Þ][A-ZÀ-Þ.'’ -]{2,30}(?:,\s[\w.' ]{2,30}){0,2}\s*(?:\([\w ,/]{2,30}\))?\s*[-–—:|]?$"
    r"|(?:[A-Z][\w.'’-]+[\s,]*){1,4}\((?:AP|AFP|Reuters|dpa|PTI|Xinhua|UPI|EFE|ANSA)\)\s*[-–—:]?"
)
"""A place alone, as an agency's text opens: "KATHMANDU (Reuters) -", "WASHINGTON, D.C."."""
_WORD_CHARS = 4


def title_index(lines: list[Line], start: int, end: int) -> int | None:
    """The line that is most likely the title: above the body, sharing its words, like a heading.

    None where no line is likely enough.
    """
    scores = _scores(lines, start, end)
    if not scores:
        return start if lines[start].level == 1 else None
    best = max(scores, key=lambda index: (scores[index], -index))
    best = _above_standfirst(lines, scores, best)
    return best if scores[best] >= LEAST_SCORE else None


def _scores(lines: list[Line], start: int, end: int) -> dict[int, float]:
    body = {word for one in lines[start:end] if one.is_prose for word in _content_words(one.text)}
    keys = [key_of(one.text) for one in lines[:2000] + lines[-500:] if len(one.text) < 400]
    page = f" {' | '.join(keys)} "  # share buttons repeat the title, alone or after "Share this story:"
    scores: dict[int, float] = {}
    signed = 0.0  # what lies below is a date or a byline: a title stands above it, a caption does not
    for index in range(start - 1, max(-1, start - 1 - 4 * HEAD_LINES), -1):
        one, distance = lines[index], start - index
        text = one.text
        if len(text) < 160 and distance < HEAD_LINES and is_signature(text):
            signed = 1.2
        if distance > HEAD_LINES and one.level != 1:
            continue
        if one.is_boilerplate or one.heads_box or one.is_caption or one.linked:
            continue
        key = key_of(text)
        score = _heading_score(one, _share(text, body), distance) + signed
        score += 0.6 if len(key) >= 20 and page.count(f" {key} ") > 1 else 0.0
        score -= 1.0 if one.is_prose else 0.0
        score -= 3.0 if is_caption_title(lines, index, opening=True) else 0.0
        scores[index] = score
    return scores


def _heading_score(line: Line, shared: float, distance: int) -> float:
    """How much a line above the body looks like its title. `shared` is the part of its words that the body has."""
    text = line.text
    words = text.split()
    if len(words) < 2 or len(text) > 300 or re.match(r"https?://", text):
        return -9.0
    score = 3.0 * shared - 0.04 * distance + _LEVEL_SCORES.get(line.level, 0.0)
    score += 1.0 if 4 <= len(words) <= 26 and len(text) >= 22 else -0.8
    score -= 3.0 if re.search(r"[»›]|\s>\s", text) or _DATELINE.fullmatch(text) else 0.0
    score -= 3.0 if names_in_byline(text) else 0.0
    score -= 2.5 if len(text) < 90 and any(True for _ in find_dates(text)) else 0.0
    return score


def _above_standfirst(lines: list[Line], scores: dict[int, float], best: int) -> int:
    """The title right above a standfirst, which may share more of the body's words than it."""
    for index in range(best - 1, max(-1, best - 3), -1):
        if lines[index].is_boilerplate or lines[index].bullet:
            continue
        above, below = lines[index], lines[best]
        alike = above.level == below.level and abs(above.indent - below.indent) <= 4
        is_likely = scores.get(index, -9.0) >= max(2.0, scores[best] - 1.5)
        return index if alike and is_likely and len(above.text) < len(below.text) else best
    return best


def _share(text: str, among: set[str]) -> float:
    words = _content_words(text)
    return sum(word in among for word in words) / len(words) if words else 0.0


def _content_words(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text.casefold()[:600]) if len(word) >= _WORD_CHARS]
