"""A page saved as text, menus and all -> its article.

What may be left out was: no rule stands here without which bench_reading's pages are read as well.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from urllib.parse import urlsplit

from bot.errors import ReadError
from bot.schema import Article
from bot.text.sentences import sentences
from ingest.read.body import NO_ARTICLE_CHARS, URL_LINE, Line, body_indent, body_of, is_caption_title, trimmed
from ingest.read.boilerplate_lines import is_article_end, is_notice, words
from ingest.read.byline import Head, is_signature, names_in_byline, told_around
from ingest.read.cleaning import first_sentence
from ingest.read.dates import find_dates
from ingest.read.dumps.lines import front_matter, lines_of
from ingest.read.dumps.title import title_index
from ingest.read.fields import Fields
from ingest.read.outlets import (
    known_outlet,
    name_in_text,
    named_by_line,
    named_like_outlet,
    outlet_name,
    outlet_of_footer,
    outlet_of_url,
    without_site,
)

_SOCIAL_HOSTS = re.compile(
    r"(?:facebook|twitter|x|instagram|youtube|t|linkedin|pinterest|whatsapp|reddit|tiktok|apple|google)\.(?:com|co|me)$"
)
_NAMED = re.compile(r"(?<=[a-z,] )[A-Z\u00c0-\u00de]\w+|\d")
"""A name inside a sentence, or a number."""
_LEAST_SCORE = 0.8
SHORT_LINES = 5
"""A dump of so few lines has no menus around its text: one paragraph is an article, or two sentences."""
_NO_ARTICLE = "no article text was found in it: only menus, links or short lines"


def read_page_text(text: str, *, origin: str = "", url: str | None = None, source: str | None = None) -> Article:
    """The article in a saved page's text dump or Markdown file.

    `url` is the page's address where it is known, `source` an outlet name that wins over the one found. Raises
    ReadError where the text holds no article body.
    """
    found, text = front_matter(text)
    said = Fields(found).article(origin)
    lines = lines_of(text)
    is_brief = _is_brief(lines)
    span = _body_span(lines, is_brief)
    if span is None:
        raise ReadError(_NO_ARTICLE)
    start, end = span
    address = url or said.url or _address(lines[: min(start + 8, end)])
    title_at = title_index(lines, start, end)
    if title_at is not None and title_at + 1 >= end:
        title_at = None  # a heading with nothing under it holds the text itself
    below_title = start if title_at is None else title_at + 1
    start = max(start, below_title)
    printed = lines[title_at].text if title_at is not None else ""
    if not printed and len(lines) <= SHORT_LINES:  # a line above one paragraph needs no other sign of a title
        above = (line.text for line in lines[:start] if not line.is_boilerplate and not is_signature(line.text))
        printed = next(above, "")
    title = said.title or without_site(printed, address, (source,))
    paragraphs, agencies = body_of(lines, start, end, title)
    body = "\n\n".join([*_standfirst(lines, below_title, start, end, paragraphs), *paragraphs])
    if len(body) < NO_ARTICLE_CHARS and not is_brief and not (title and len(body) >= 80):
        raise ReadError(_NO_ARTICLE)
    texts = [line.text for line in lines]
    head_at = start if title_at is None else title_at
    head = Head(
        before=tuple(texts[max(0, head_at - 8) : title_at or 0]),
        between=(*texts[below_title:start], *texts[start + 1 : start + 3]),
    )
    article = replace(
        said,
        title=title or first_sentence(body),
        text=body,
        url=address,
        source=source or said.source or _source(lines, address, texts[below_title:start]),
        section=said.section or _section(lines[: title_at or 0]),
        credits=agencies,
    )
    return told_around(article, head, address)


def _is_brief(lines: list[Line]) -> bool:
    """Whether a few lines hold two sentences or more that name somebody, a place, a day or a number, as news does.

    Pages without an article hold sentences too; but they speak to the reader or of themselves, and name nothing.
    """
    if len(lines) > SHORT_LINES or any(is_notice(line.text) for line in lines):
        return False
    text = " ".join(line.text for line in lines if line.is_sentence)
    return len(sentences(text)) > 1 and bool(_NAMED.search(text))


def _body_span(lines: list[Line], is_brief: bool) -> tuple[int, int] | None:
    """The run of lines with the highest sum of scores, trimmed; None where none is high enough."""
    best, best_span = 0.0, None
    total, begin = 0.0, 0
    for index, score in enumerate(_scores(lines)):
        if total <= 0:
            total, begin = 0.0, index
        total += score
        if total > best:
            best, best_span = total, (begin, index + 1)
    is_short = is_brief or (len(lines) <= SHORT_LINES and any(line.is_prose for line in lines))
    return trimmed(lines, *best_span) if best_span and (best >= _LEAST_SCORE or is_short) else None


def _scores(lines: list[Line]) -> list[float]:
    """Above 0 for each line that is likely a part of an article.

    A box of other stories costs little in short lines, and its blurbs earn nothing.
    """
    scores: list[float] = []
    boxed = False
    for index, line in enumerate(lines):
        score = _score(line)
        if line.heads_box:
            boxed = True
        elif line.is_prose and not _is_blurb(lines, index):
            boxed = False
        elif boxed:
            score = -0.15
        elif line.is_prose:
            score = min(score, 0.5)
        scores.append(score)
    return scores


def _score(line: Line) -> float:
    if is_article_end(line.text):
        return -6.0
    if line.heads_box:
        return -2.0
    if line.is_prose:
        return min(len(line.text), 400) / 100
    if line.is_caption:
        return -0.1
    if line.is_boilerplate:
        return -0.35
    return 0.3 if line.is_sentence else -0.3


def _is_blurb(lines: list[Line], index: int) -> bool:
    """Whether a sentence stands alone between headings, names or buttons, as a teaser's blurb does."""
    if len(lines[index].text) >= 170 or lines[index].bullet:
        return lines[index].bullet
    around = lines[max(0, index - 1) : index] + lines[index + 1 : index + 2]
    return not any(line.is_prose or line.is_sentence for line in around)


def _standfirst(lines: list[Line], below_title: int, start: int, end: int, paragraphs: list[str]) -> list[str]:
    """The standfirst between the title and the first paragraph."""
    indent = body_indent(lines[start:end])
    found: list[str] = []
    for index in range(below_title, start):
        line = lines[index]
        blanks = line.text.count(" ")
        is_lead = index - below_title < 2 and len(line.text) >= 45 and blanks >= 7
        is_lead = is_lead or (line.is_sentence and len(line.text) >= 40 and blanks >= 6)
        is_beside = line.is_boilerplate or line.heads_box or line.is_caption or line.bullet or line.linked
        is_deep = indent is not None and line.indent > indent + 6
        is_signed = names_in_byline(line.text) or re.search(r"\b(?:19|20)\d\d\b.{0,30}$", line.text)
        if is_lead and not (is_beside or is_deep or is_signed or is_caption_title(lines, index, opening=True)):
            found += [line.text] if line.text not in (*paragraphs, *found) else []
    return found[:2]


def _address(lines: list[Line]) -> str | None:
    """The page's own address, where one of the lines is nothing else."""
    for match in filter(None, (URL_LINE.fullmatch(line.text) for line in lines)):
        try:
            parts = urlsplit(match[1])
            host = parts.hostname or ""
        except ValueError:
            continue
        if len(parts.path) > 2 and "." in host and not _SOCIAL_HOSTS.search(host):
            return match[1].rstrip(".,;")
    return None


def _source(lines: list[Line], address: str | None, below_title: list[str]) -> str | None:
    """The outlet: by the address, else a copyright line, else a line that is an outlet's name or reads like one."""
    if name := outlet_of_url(address):
        return name
    texts = [line.text for line in lines]
    footers = [name for text in reversed(texts) if (name := outlet_of_footer(text))]
    if name := next(filter(known_outlet, footers), None):
        return name
    named = [named_by_line(text) for text in texts]
    for name, count in Counter(filter(None, named)).most_common(3):
        # Once, further down, it is as likely a sister paper in a footer.
        if name.casefold() not in words("agency") and (count > 1 or name in named[:12]):
            return name
    pairs = map(", ".join, pairwise(below_title))  # the outlet on a line, the day on the next
    signed = (name for text in (*below_title, *pairs) if (name := _signed(text)))
    found = next(iter((*footers[:1], *signed)), None)
    return found or name_in_text(address, "\n".join(texts)) or outlet_name(address)


def _signed(line: str) -> str | None:
    """The outlet of a line that is its name, alone or with a day beside it: "Fjord Courier, 3 March 2025"."""
    day = next(find_dates(line), None)
    if day is None:
        return named_like_outlet(line)
    name = (line[: day.start] + line[day.end :]).strip(" ,|·•–—-")
    return named_by_line(name) or named_like_outlet(name, dated=True)


def _section(above: list[Line]) -> str | None:
    """The section, where a line of one to three words right above the title names it."""
    for at in range(len(above) - 1, max(-1, len(above) - 3), -1):
        line, previous = above[at], above[at - 1] if at else None
        path = re.split(r"\s*[»›>]\s*", re.split(r"\s*[/|•·]\s*", line.text)[0].strip())
        text = path[-1].strip()
        if len(path) == 1 and line.bullet:
            return None
        if line.is_boilerplate or line.heads_box or any(char.isdigit() for char in text):
            continue
        if previous and not previous.bullet and not line.gap and len(previous.text) < 25:
            return None  # the last entry of a menu
        is_name = 1 <= len(text.split()) <= 3 and len(text) <= 30 and text[0].isupper() and text[-1] not in ".!?:,"
        return text if is_name and not re.search(r"[a-z][A-Z]", text) else None
    return None
