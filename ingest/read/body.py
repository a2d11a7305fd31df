"""Which lines are the body of an article: each is judged on its own, then in its place among the others. Pure.

The lines come from a text dump (dumps/) or from what trafilatura takes out of a page (html.py).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from ingest.read.boilerplate_lines import agency_credits, is_boilerplate, is_box_heading, is_caption, is_credit
from ingest.read.cleaning import ends_sentence, key_of

URL_LINE = re.compile(
    r"(?:url|link|permalink|source|quelle|original)?\s*:?\s*<?(https?://[^\s<>]{4,1000})>?", re.IGNORECASE
)
NO_ARTICLE_CHARS = 140
"""A shorter text is an article only under a title."""
_PROSE_CHARS, _LONG_CHARS = 80, 200
"""A paragraph is longer: one that ends as sentences do, and one that does not."""


@dataclass(frozen=True)
class Line:
    """One line, or one paragraph that a program had broken into lines; and what it is on its own."""

    text: str
    indent: int = 0
    level: int = 0
    """1 to 6 for a heading, 0 for none."""
    bullet: bool = False
    gap: bool = True
    """Whether a blank line stands before it."""
    linked: bool = False
    """Whether it is nothing but links, where the source shows it."""

    @cached_property
    def is_boilerplate(self) -> bool:
        """Whether it is no part of an article: a button, a teaser, an address."""
        return is_boilerplate(self.text) or bool(URL_LINE.fullmatch(self.text))

    @cached_property
    def is_caption(self) -> bool:
        """Whether it stands under a picture."""
        return not self.is_boilerplate and is_caption(self.text)

    @cached_property
    def heads_box(self) -> bool:
        """Whether a box of other things follows."""
        return is_box_heading(self.text)

    @cached_property
    def is_sentence(self) -> bool:
        """Whether it ends as a sentence does."""
        ends = self.text.count(" ") >= 2 and (ends_sentence(self.text) or self.text.endswith(":"))
        return ends and not (self.is_boilerplate or self.is_caption)

    @cached_property
    def is_prose(self) -> bool:
        """Whether it is a paragraph: long, and its words mostly in lower case, unlike those of menus.

        Scripts without case pass.
        """
        if len(self.text) < (_PROSE_CHARS if self.is_sentence else _LONG_CHARS):
            return False
        if self.is_boilerplate or self.is_caption or self.heads_box or self.linked:
            return False
        words = re.findall(r"[^\W\d_]{2,}", self.text[:600])
        capitals = sum(word[0].isupper() for word in words)
        return capitals * 100 <= 62 * len(words) if len(words) >= 8 else not self.text.isascii()


def trimmed(lines: list[Line], start: int, end: int) -> tuple[int, int] | None:
    """The run from its first sentence on; None where it holds none."""
    opens = (i for i in range(start, end) if lines[i].is_prose or (lines[i].is_sentence and not lines[i].bullet))
    begin = next(opens, None)
    return None if begin is None else (begin, end)


def body_of(lines: list[Line], start: int, end: int, title: str) -> tuple[list[str], tuple[str, ...]]:
    """The paragraphs and crossheads of the run, and the agencies that sign it."""
    indent = body_indent(lines[start:end])
    kept: list[Line] = []
    agencies: tuple[str, ...] = ()
    in_box = False  # a box of related stories, until a real paragraph comes
    title_key = key_of(title)
    for index in range(start, end):
        line = lines[index]
        if found := agency_credits(line.text):
            agencies = agencies or found
        elif line.heads_box:
            in_box = True
        elif not (
            line.is_boilerplate
            or line.is_caption
            or line.linked
            or is_caption_title(lines, index, opening=not kept)
            or key_of(line.text) == title_key
        ):
            is_aside = _is_aside(line, indent)
            in_box = in_box and (is_aside or not line.is_prose or line.bullet)
            if not in_box and not is_aside:
                kept.append(line)
    for line in lines[end : end + 6]:
        if agencies or line.is_prose:
            break
        agencies = agency_credits(line.text)
    while kept and not (kept[-1].is_prose or kept[-1].is_sentence):
        kept.pop()
    return [line.text for line in kept], agencies


def body_indent(span: list[Line]) -> int | None:
    """The indent of the paragraphs, where the dump shows how deep each stood in the page; None where it does not."""
    weights: Counter[int] = Counter()
    for line in span:
        if line.is_prose and not line.bullet:
            weights[line.indent] += len(line.text)
    return weights.most_common(1)[0][0] if weights and any(line.indent for line in span) else None


def is_caption_title(lines: list[Line], index: int, *, opening: bool) -> bool:
    """Whether the line right under this one is a picture's credit: then this one is the picture's title.

    Before the article's first paragraph (`opening`) that may be a whole sentence.
    """
    line, following = lines[index], next(iter(lines[index + 1 : index + 2]), None)
    if following is None or following.indent > line.indent or not is_credit(following.text):
        return False
    return not line.level and (opening or not line.is_sentence)


def _is_aside(line: Line, indent: int | None) -> bool:
    """Whether a line stands deeper in the page, or less deep, than the paragraphs."""
    if indent is None or (line.is_prose and line.indent <= indent + 4):
        return False
    return abs(line.indent - indent) > 2
