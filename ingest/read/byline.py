"""The date and the byline in the lines around an article's title, for pages whose own data do not say them. Pure.

Of bench_reading's text dumps, which have no such data, 14 of 15 give the right day by it, and none a wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

from bot.schema import Article
from ingest.read.boilerplate_lines import BEFORE_DATE, is_boilerplate, is_found
from ingest.read.dates import FoundDate, date_in_url, find_dates
from ingest.read.fields import filled
from ingest.read.language import language_of
from ingest.read.outlets import known_outlet, named_like_outlet

LINE_CHARS_MAX = 220
"""In a longer line only a date behind "Published" counts."""
_BYLINE = re.compile(
    r"(?:^|\b(?:written|reported|story|words|text|analysis|opinion|review)\s)\s*(?:by|von|par|por|di|door|av|af)\s*:?\s+(?P<names>.+)$",
    re.IGNORECASE,
)
_NAME = (
    r"[A-Z][\w.'’-]*(?:\s+(?:de|da|di|del|der|den|van|von|la|le|el|bin|al|dos|du|ter|ten|zu)\b|\s+[A-Z][\w.'’-]*){1,4}"
)
_NAMES = re.compile(rf"{_NAME}(?:\s*(?:,|and|und|et|y|e|&|en)\s+{_NAME}){{0,6}}")
_NAME_LINE = re.compile(rf"{_NAME}(?:\s*(?:,|and|&)\s+{_NAME}){{0,3}}")
_SPLIT = re.compile(r"\s*,\s*|\s+(?:and|und|et|y|e|&|en)\s+")


class Head(NamedTuple):
    """The lines around an article's title: above it, and between it and the body."""

    before: tuple[str, ...] = ()
    between: tuple[str, ...] = ()


def is_signature(text: str) -> bool:
    """Whether a line is a byline or gives a date and little else."""
    if names_in_byline(text):
        return True
    return _is_date_line(text, list(find_dates(text)))


def told_around(article: Article, head: Head, url: str | None) -> Article:
    """The article with what it lacks of language, day and authors, by its text and what stands around its title."""
    language = article.language or language_of(article.text)
    day, moment = published_of_head(head, url, language)
    shows = replace(article, language=language, published=day, published_at=moment, authors=byline_of(head))
    return filled(article, shows)


def published_of_head(head: Head, url: str | None, language: str | None = None) -> tuple[date | None, datetime | None]:
    """The day and moment of publication by what stands around the article; (None, None) where nothing tells it.

    A date labelled as published wins, then one between title and body, then one right above the title. An address
    that carries another day overrules a bare date. Numbers alone are read day first where the text is not in English.
    """
    order = None if language in (None, "en") else True
    in_url = date_in_url(url) if url else None
    bare: FoundDate | None = None
    for zone in (head.between, tuple(reversed(head.before[-4:]))):
        stamps = _stamps(zone, order)
        if labelled := stamps.get("published"):
            return labelled.day, labelled.moment
        if bare := stamps.get(""):
            break
    if bare is None or (in_url and abs((bare.day - in_url).days) > 1):
        return in_url, None
    return bare.day, bare.moment


def _stamps(lines: Iterable[str], order: bool | None) -> dict[str, FoundDate]:
    """The first date behind each label, "published", "updated" or none, in lines that are made of dates."""
    found: dict[str, FoundDate] = {}
    previous = ""
    for text in lines:
        is_long = len(text) > LINE_CHARS_MAX
        dates = list(find_dates(text, day_first=order))
        is_stamp = not is_long and _is_date_line(text, dates)
        if is_long and not re.search(r"\b(?:Published|PUBLISHED|Posted|POSTED)\b", text[:LINE_CHARS_MAX]):
            dates = []
        last = 0
        for one in dates:
            before = text[last : one.start]
            last = one.end
            label = _label(before)
            if not label and not before.strip(" :") and len(previous) < 30:
                label = _label(previous)
            if label or is_stamp:
                found.setdefault(label, one)
        previous = text
    return found


def _label(before: str) -> str:
    return next((label for label in ("updated", "published") if is_found(label, before, BEFORE_DATE)), "")


def _is_date_line(text: str, dates: list[FoundDate]) -> bool:
    """Whether a line gives a date and little else, so that the date is no part of a sentence or a caption."""
    others = len(text) - sum(one.end - one.start for one in dates)
    return bool(dates) and others <= 60 and not re.search(r"[a-z]{2}[.!?]\W*$", text)


def byline_of(head: Head) -> tuple[str, ...]:
    """The authors that a byline between title and body names, or right above the title."""
    for line in (*head.between, *head.before[-3:]):
        if names := names_in_byline(line):
            return names
    for number, line in enumerate(head.between[:6]):
        # A name alone on a line counts where a date stands beside it.
        around = [one for one in head.between[max(0, number - 1) : number + 2] if one is not line]
        dated = any(len(other) < 90 and any(True for _ in find_dates(other)) for other in around)
        is_outlet = known_outlet(line) or named_like_outlet(line, dated=True)
        named = len(line) < 60 and _NAME_LINE.fullmatch(line) and not is_outlet
        if named and dated and not is_boilerplate(line):
            return _names(line)
    return ()


def names_in_byline(text: str) -> tuple[str, ...]:
    """The names behind "By" in a line; none where it is no byline."""
    match = _BYLINE.search(text) if len(text) <= 200 else None
    return _names(match["names"]) if match else ()


def _names(text: str) -> tuple[str, ...]:
    text = re.split(r"\s[|•·–—-]\s|\s{2,}|\s/\s", text.strip())[0]
    text = text[: next((one.start for one in find_dates(text)), None)]
    text = re.sub(r"\b(?:Follow|Updated|Published|Posted)\b.*$", "", text).strip(" ,|-–—")
    match = _NAMES.match(text)
    if match is None:
        return ()
    names = [name.strip(" ,") for name in _SPLIT.split(match[0])]
    return tuple(dict.fromkeys(name for name in names if name and not known_outlet(name) and len(name) <= 60))
