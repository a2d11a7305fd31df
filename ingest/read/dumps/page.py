"""A page saved as text, menus and all -> its article.

What may be left out was: no rule stands here without which bench_reading's pages are read as well.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from urllib.parse import urlsplit

from bot.errors import ReadError
from bot.schema import Article
from ingest.read.body import (
    NO_ARTICLE_CHARS,
    URL_LINE,
    JudgedLine,
    body_indent,
    body_of,
    is_caption_title,
    judge,
    trimmed,
)
from ingest.read.boilerplate_lines import words
from ingest.read.byline import Head, byline_of, is_signature, names_in_byline, published_of_head
from ingest.read.cleaning import first_sentence
from ingest.read.dates import find_dates
from ingest.read.dumps.front_matter import front_matter
from ingest.read.dumps.lines import lines_of
from ingest.read.dumps.title import title_index
from ingest.read.fields import Fields, filled
from ingest.read.language import language_of
from ingest.read.outlets import (
    SiteNames,
    known_outlet,
    name_in_text,
    named_by_line,
    named_like_outlet,
    outlet_name,
    outlet_of_footer,
    outlet_of_url,
)

_SOCIAL_HOSTS = re.compile(
    r"(?:facebook|twitter|x|instagram|youtube|t|linkedin|pinterest|whatsapp|reddit|tiktok|apple|google)\.(?:com|co|me)$"
)
_LEAST_SCORE = 0.8
SHORT_LINES = 5
"""A dump of so few lines has no menus around its text: one paragraph is an article."""
_NO_ARTICLE = "no article text was found in it: only menus, links or short lines"


def read_page_text(text: str, *, origin: str = "", url: str | None = None, source: str | None = None) -> Article:
    """The article in a saved page's text dump or Markdown file.

    `url` is the page's address where it is known, `source` an outlet name that wins over the one found. Raises
    ReadError where the text holds no article body.
    """
    found, text = front_matter(text)
    said = Fields(found).article(origin)
    judged = judge(lines_of(text))
    span = body_span(judged)
    if span is None:
        raise ReadError(_NO_ARTICLE)
    start, end = span
    address = url or said.url or _address(judged, start, end)
    title_at = title_index(judged, start, end)
    if title_at is not None and title_at + 1 >= end:
        title_at = None  # a heading with nothing under it holds the text itself
    below_title = start if title_at is None else title_at + 1
    start = max(start, below_title)
    head = _head(judged, title_at, below_title, start)
    printed = judged[title_at].line.text if title_at is not None else ""
    if not printed and len(judged) <= SHORT_LINES:  # a line above one paragraph needs no other sign of a title
        above = (one.line.text for one in judged[:start] if not one.boilerplate and not is_signature(one.line.text))
        printed = next(above, "")
    title = said.title or SiteNames(address, (source,)).cut_from(printed)
    authors = said.authors or byline_of(head)
    paragraphs, agencies = body_of(judged, start, end, title)
    paragraphs = [*_standfirst(judged, below_title, start, end, paragraphs), *paragraphs]
    body = "\n\n".join(paragraphs)
    if len(body) < NO_ARTICLE_CHARS and not (title and len(body) >= 80):
        raise ReadError(_NO_ARTICLE)
    language = said.language or language_of(body)
    day, moment = published_of_head(head, address, language)
    shows = Article(
        title=title or first_sentence(body),
        text=body,
        url=address,
        source=_source(judged, address, judged[below_title:start]),
        published=day,
        published_at=moment,
        authors=authors,
        language=language,
        section=_section(judged, title_at),
        credits=agencies,
    )
    return filled(replace(said, url=address, source=source or said.source), shows)


def body_span(judged: list[JudgedLine]) -> tuple[int, int] | None:
    """The run of lines with the highest sum of scores, trimmed; None where none is high enough."""
    best, best_span = 0.0, None
    total, begin = 0.0, 0
    for index, one in enumerate(judged):
        if total <= 0:
            total, begin = 0.0, index
        total += one.score
        if total > best:
            best, best_span = total, (begin, index + 1)
    is_short = len(judged) <= SHORT_LINES and any(one.prose for one in judged)
    return trimmed(judged, *best_span) if best_span and (best >= _LEAST_SCORE or is_short) else None


def _head(judged: list[JudgedLine], title_at: int | None, below_title: int, start: int) -> Head:
    texts = [one.line.text for one in judged]
    above = start if title_at is None else title_at
    return Head(
        before=tuple(texts[max(0, above - 8) : title_at or 0]),
        between=(*texts[below_title:start], *texts[start + 1 : start + 3]),
    )


def _standfirst(judged: list[JudgedLine], below_title: int, start: int, end: int, paragraphs: list[str]) -> list[str]:
    """The standfirst between the title and the first paragraph."""
    indent = body_indent(judged[start:end])
    found: list[str] = []
    for index in range(below_title, start):
        one = judged[index]
        text, words_after_first = one.line.text, one.line.text.count(" ")
        is_lead = index - below_title < 2 and len(text) >= 45 and words_after_first >= 7
        is_lead = is_lead or (one.sentence and len(text) >= 40 and words_after_first >= 6)
        is_beside = one.boilerplate or one.heads_box or one.caption or one.line.bullet or one.line.linked
        is_deep = indent is not None and one.line.indent > indent + 6
        is_signed = names_in_byline(text) or re.search(r"\b(?:19|20)\d\d\b.{0,30}$", text)
        if is_lead and not (is_beside or is_deep or is_signed or is_caption_title(judged, index, opening=True)):
            found += [text] if text not in (*paragraphs, *found) else []
    return found[:2]


def _address(judged: list[JudgedLine], start: int, end: int) -> str | None:
    """The page's own address, where a line above or within the article is nothing else."""
    for one in judged[: min(start + 8, end)]:
        match = URL_LINE.fullmatch(one.line.text)
        if match is None:
            continue
        try:
            parts = urlsplit(match[1])
            host = parts.hostname or ""
        except ValueError:
            continue
        if len(parts.path) > 2 and "." in host and not _SOCIAL_HOSTS.search(host):
            return match[1].rstrip(".,;")
    return None


def _source(judged: list[JudgedLine], address: str | None, below_title: list[JudgedLine]) -> str | None:
    """The outlet: by the address, else a copyright line, else a line that is an outlet's name or reads like one."""
    if name := outlet_of_url(address):
        return name
    footer = None
    for one in reversed(judged):
        if name := outlet_of_footer(one.line.text):
            if known_outlet(name):
                return name
            footer = footer or name
    lines = [name for one in judged if (name := named_by_line(one.line.text))]
    head = {name for one in judged[:12] if (name := named_by_line(one.line.text))}
    for name, count in Counter(lines).most_common(3):
        # Once, further down, it is as likely a sister paper in a footer.
        if name.casefold() not in words("agency") and (count > 1 or name in head):
            return name
    signed = next((name for one in below_title if (name := _signed(one.line.text))), None)
    return footer or signed or name_in_text(address, "\n".join(one.line.text for one in judged)) or outlet_name(address)


def _signed(line: str) -> str | None:
    """The outlet of a line that is its name, alone or with a day beside it: "Fjord Courier, 3 March 2025"."""
    day = next(find_dates(line), None)
    if day is None:
        return named_like_outlet(line)
    name = (line[: day.start] + line[day.end :]).strip(" ,|·•–—-")
    return named_by_line(name) or named_like_outlet(name)


def _section(judged: list[JudgedLine], title_at: int | None) -> str | None:
    """The section, where a line of one to three words right above the title names it."""
    for at in range((title_at or 0) - 1, max(-1, (title_at or 0) - 3), -1):
        one = judged[at]
        path = re.split(r"\s*[»›>]\s*", re.split(r"\s*[/|•·]\s*", one.line.text)[0].strip())
        text = path[-1].strip()
        if len(path) == 1 and one.line.bullet:
            return None
        if one.boilerplate or one.heads_box or any(char.isdigit() for char in text):
            continue
        above = judged[at - 1].line if at else None
        if above and not above.bullet and not one.line.gap and len(above.text) < 25:
            return None  # the last entry of a menu
        is_name = 1 <= len(text.split()) <= 3 and len(text) <= 30 and text[0].isupper() and text[-1] not in ".!?:,"
        return text if is_name and not re.search(r"[a-z][A-Z]", text) else None
    return None
