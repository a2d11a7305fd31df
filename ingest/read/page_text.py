"""A page saved as text, menus and all -> its article.

Knows nothing about HTML or files.
"""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import urlsplit

from bot.errors import ReadError
from bot.schema import Article
from ingest.read.furniture import agency_credits, is_bio, is_jammed, opens_box
from ingest.read.furniture_words import AGENCIES
from ingest.read.language import language_of
from ingest.read.outlets import (
    known_outlet,
    name_in_text,
    named_by_line,
    named_like_outlet,
    outlet_name,
    outlet_of_footer,
    outlet_of_url,
)
from ingest.read.page_head import Head, byline_of, front_matter, is_signature, published_of_head
from ingest.read.page_lines import Line, key_of, lines_of
from ingest.read.page_span import (
    REPORT_LINES,
    URL_LINE,
    Judged,
    body_indent,
    body_span,
    is_caption_title,
    judge,
    title_index,
)

_SOCIAL_HOSTS = re.compile(
    r"(?:facebook|twitter|x|instagram|youtube|t|linkedin|pinterest|whatsapp|reddit|tiktok|apple|google)\.(?:com|co|me)$"
)
_MIN_BODY_CHARS = 140


def read_page_text(text: str, *, origin: str = "", url: str | None = None, source: str | None = None) -> Article:
    """The article in a saved page's text dump or Markdown file.

    `url` is the page's address where it is known, `source` an outlet name that wins over the one found. Raises
    ReadError where the text holds no article body.
    """
    matter, text = front_matter(text)
    judged = judge(lines_of(text))
    span = body_span(judged)
    if span is None:
        raise ReadError("no article text was found in it: only menus, links or short lines")
    start, end = span
    indent = body_indent(judged[start:end])
    title_at = title_index(judged, start, end)
    if title_at is not None and title_at + 1 >= end:
        title_at = None  # a heading with nothing under it holds the text itself
    first = start if title_at is None else title_at + 1
    if title_at is not None and title_at >= start:
        start = title_at + 1
    head = Head(
        before=tuple(one.line for one in judged[max(0, (start if title_at is None else title_at) - 8) : title_at or 0]),
        between=tuple(one.line for one in judged[first : start + 3]),
        after=tuple(one.line for one in judged[max(start, end - 3) : end + 12]),
        opening=judged[start].line.text,
    )
    title = matter.title or (judged[title_at].line.text if title_at is not None else "")
    authors = matter.authors or byline_of(head)
    paragraphs, agencies = _body(judged, start, end, indent, title, authors)
    lead = _lead(judged, first, start, paragraphs, indent)
    paragraphs = [*lead, *paragraphs]
    body = "\n\n".join(paragraphs)
    if not title and len(judged) <= REPORT_LINES:  # the only line above one paragraph needs no other sign
        title = next(
            (one.line.text for one in judged[:start] if not one.furniture and not is_signature(one.line.text)), ""
        )
    if len(body) < _MIN_BODY_CHARS and not _is_short_article(paragraphs, title):
        raise ReadError("no article text was found in it: only menus, links or short lines")
    address = url or matter.url or _address(judged, start, end)
    language = matter.language or language_of(body)
    day, moment = matter.published or published_of_head(head, text, address, language)
    return Article(
        title=title or _first_words(body),
        text=body,
        url=address,
        source=source or matter.source or _source(judged, address, judged[first:start]),
        published=day,
        published_at=moment,
        authors=authors,
        language=language,
        section=matter.section or _section(judged, title_at),
        credits=agencies,
        origin=origin,
    )


def _body(
    judged: list[Judged], start: int, end: int, indent: int | None, title: str, authors: tuple[str, ...]
) -> tuple[list[str], tuple[str, ...]]:
    """The paragraphs and crossheads of the run, and the agencies that sign it."""
    kept: list[tuple[int, str]] = []
    agencies: tuple[str, ...] = ()
    boxed = False  # inside a box of related stories, until a real paragraph comes
    title_key = key_of(title)
    structured = any(one.line.level for one in judged[start:end])
    for index in range(start, end):
        one = judged[index]
        text = one.line.text
        if found := agency_credits(text):
            agencies = agencies or found
            continue
        if one.end:
            boxed = True
            continue
        if one.furniture:
            boxed = boxed or opens_box(text)
            if _closes_newsletter(text):
                _drop_box_head(kept, judged, index)
            continue
        if (
            one.caption
            or one.line.linked
            or is_caption_title(judged, index, opening=not kept)
            or key_of(text) == title_key
        ):
            continue
        if not one.sentence and not one.prose and (is_jammed(text) or (structured and _is_name(one.line))):
            continue
        aside = (
            indent is not None
            and not (one.prose and one.line.indent <= indent + 4)
            and abs(one.line.indent - indent) > 2
        )
        if boxed:
            if one.prose and not one.line.bullet and not aside and not _is_teaser(judged, index, end):
                boxed = False
            else:
                continue
        if aside and not (one.line.bullet and one.sentence and indent is not None and one.line.indent <= indent + 6):
            continue
        if one.line.bullet and not one.sentence and len(text) < 25:
            continue
        kept.append((index, text))
    for index in range(end, min(end + 6, len(judged))):
        if agencies or judged[index].prose:
            break
        agencies = agency_credits(judged[index].line.text)
    while kept and not (judged[kept[-1][0]].prose or judged[kept[-1][0]].sentence):
        kept.pop()
    for position in range(len(kept) - 1, max(-1, len(kept) - 4), -1):
        if is_bio(kept[position][1], authors):
            del kept[position]
    return [text for _, text in kept], agencies


def _closes_newsletter(text: str) -> bool:
    """Whether a button or notice stands at the end of a newsletter box, whose heading does not show what it is."""
    return bool(
        re.match(
            r"(?:by signing up|by submitting|sign ?up\W*$|e-?mail(?: address)?\W*$|subscribe\W*$|enter your email)",
            text,
            re.I,
        )
    )


def _drop_box_head(kept: list[tuple[int, str]], judged: list[Judged], anchor: int) -> None:
    """Takes a newsletter box's heading and blurb back out of what was kept, where they stand right above its field."""
    if not kept or anchor - kept[-1][0] > 2:
        return
    for back in range(1, min(4, len(kept)) + 1):
        one = judged[kept[-back][0]]
        if one.prose:
            return
        if one.line.level:
            del kept[-back:]
            return


def _is_name(line: Line) -> bool:
    """Whether a line is two or three capitalised words, as the name under a portrait is."""
    return not line.level and bool(re.fullmatch(r"(?:[A-Z][\w.'’-]*[a-z]\s){1,2}[A-Z][\w.'’-]*[a-z]", line.text))


def _is_teaser(judged: list[Judged], index: int, end: int) -> bool:
    """Whether a sentence in a box is a story's blurb: a short line, and headings or names around it, no paragraphs."""
    if len(judged[index].line.text) >= 160:
        return False
    following = [one for one in judged[index + 1 : min(index + 4, end)] if not one.furniture and not one.caption]
    return bool(following) and not any(one.prose or one.sentence for one in following[:2])


def _lead(judged: list[Judged], first: int, start: int, paragraphs: list[str], indent: int | None) -> list[str]:
    """The standfirst between the title and the first paragraph."""
    found: list[str] = []
    for index in range(first, start):
        one = judged[index]
        text = one.line.text
        if one.furniture or one.end or one.caption or one.line.bullet or one.line.linked or text in paragraphs:
            continue
        if is_caption_title(judged, index, opening=True) or text in found:
            continue
        near = index - first < 2
        if (one.sentence and len(text) >= 40 and text.count(" ") >= 6) or (
            near and len(text) >= 45 and text.count(" ") >= 7
        ):
            if indent is not None and one.line.indent > indent + 6:
                continue
            if byline_of(Head((), (one.line,), (), "")) or re.search(r"\b(?:19|20)\d\d\b.{0,30}$", text):
                continue
            found.append(text)
    return found[:2]


def _address(judged: list[Judged], start: int, end: int) -> str | None:
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


def _source(judged: list[Judged], address: str | None, below_title: list[Judged]) -> str | None:
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
        if name not in AGENCIES and (count > 1 or name in head):
            return name
    signed = next((name for one in below_title if (name := named_like_outlet(one.line.text))), None)
    return footer or signed or name_in_text(address, "\n".join(one.line.text for one in judged)) or outlet_name(address)


def _section(judged: list[Judged], title_at: int | None) -> str | None:
    """The section, where a line of one to three words right above the title names it."""
    if not title_at:
        return None
    for back in (1, 2):
        if title_at - back < 0:
            return None
        one = judged[title_at - back]
        text = re.split(r"\s*[/|•·]\s*", one.line.text)[0].strip()
        if re.search(r"[»›>]", text):
            text = re.split(r"\s*[»›>]\s*", text)[-1].strip()
        elif one.line.bullet:
            return None
        if one.furniture or one.end or any(char.isdigit() for char in text):
            continue
        words = text.split()
        jammed = any(re.search(r"[a-z][A-Z]", word) for word in words)
        above = judged[title_at - back - 1].line if title_at - back > 0 else None
        if above and not above.bullet and not one.line.gap and len(above.text) < 25:
            return None  # the last entry of a menu
        if 1 <= len(words) <= 3 and len(text) <= 30 and text[0].isupper() and not jammed and text[-1] not in ".!?:,":
            return text
        return None
    return None


def _is_short_article(paragraphs: list[str], title: str) -> bool:
    """Whether a text is a news item of a sentence or two under a title, and not what is left of a menu."""
    return bool(title) and len(paragraphs) >= 1 and sum(map(len, paragraphs)) >= 80


def _first_words(body: str) -> str:
    line = body.split("\n", 1)[0]
    if match := re.match(r".{20,160}?[.!?](?=\s|$)", line):
        return match[0]
    return line if len(line) <= 160 else line[:160].rsplit(" ", 1)[0] + "…"
