"""A page saved as text, menus and all -> its article.

Knows nothing about HTML or files.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.errors import ReadError
from bot.schema import Article
from ingest.read.furniture import (
    AGENCIES,
    agency_credits,
    is_bio,
    is_caption,
    is_credit,
    is_end,
    is_furniture,
    is_hard_end,
    is_jammed,
    opens_box,
)
from ingest.read.language import language_of
from ingest.read.outlets import known_outlet, outlet_name, outlet_of_footer, outlet_of_url
from ingest.read.page_head import Head, byline_of, front_matter, heading_score, is_signature, published_of_head
from ingest.read.page_lines import Line, lines_of

_SENTENCE_END = re.compile(r"[.!?…。！？؟।][\"'”’»›)\]]{0,3}\s*(?:\[\d+\])?$|[.!?]['\"”’]\s*$|:$")
_URL_LINE = re.compile(
    r"(?:url|link|permalink|source|quelle|original)?\s*:?\s*<?(https?://[^\s<>]{4,1000})>?", re.IGNORECASE
)
_SOCIAL_HOSTS = re.compile(
    r"(?:facebook|twitter|x|instagram|youtube|t|linkedin|pinterest|whatsapp|reddit|tiktok|apple|google)\.(?:com|co|me)$"
)
_PROSE_CHARS = 80
_LONG_CHARS = 200
_MIN_BODY_CHARS = 140
_HEAD_LINES = 45
"""A title stands at most so many lines above the article's first paragraph."""


@dataclass(slots=True)
class _Judged:
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


def read_page_text(text: str, *, origin: str = "", url: str | None = None, source: str | None = None) -> Article:
    """The article in a saved page's text dump or Markdown file.

    `url` is the page's address where it is known, `source` an outlet name that wins over the one found. Raises
    ReadError where the text holds no article body.
    """
    matter, text = front_matter(text)
    judged = _judge(lines_of(text))
    span = _body_span(judged)
    if span is None:
        raise ReadError("no article text was found in it: only menus, links or short lines")
    start, end = span
    indent = _body_indent(judged[start:end])
    title_at = _title_index(judged, start, end)
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
    paragraphs, credits = _body(judged, start, end, indent, title, authors)
    lead = _lead(judged, first, start, paragraphs, indent)
    paragraphs = [*lead, *paragraphs]
    body = "\n\n".join(paragraphs)
    if len(body) < _MIN_BODY_CHARS and not _is_short_article(paragraphs, title):
        raise ReadError("no article text was found in it: only menus, links or short lines")
    address = url or matter.url or _address(judged, start, end)
    language = matter.language or language_of(body)
    day, moment = matter.published or published_of_head(head, text, address, language)
    return Article(
        title=title or _first_words(body),
        text=body,
        url=address,
        source=source or matter.source or _source(judged, address),
        published=day,
        published_at=moment,
        authors=authors,
        language=language,
        section=matter.section or _section(judged, title_at),
        credits=credits,
        origin=origin,
    )


def _judge(lines: list[Line]) -> list[_Judged]:
    counts = Counter(line.text for line in lines)
    judged = []
    for index, line in enumerate(lines):
        text = line.text
        furniture = is_furniture(text) or bool(_URL_LINE.fullmatch(text))
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
        one = _Judged(line, prose, sentence, furniture, end, caption)
        one.score = _score(one)
        judged.append(one)
    gaps = [one.line.gap for one in judged if one.prose]
    spaced = 2 * sum(gaps) > len(gaps)
    for one in judged:
        one.tight = spaced and not one.line.gap
    _discount_boxes(judged)
    return judged


def _discount_boxes(judged: list[_Judged]) -> None:
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
            one.score = min(one.score, 0.3)


def _is_blurb(judged: list[_Judged], index: int) -> bool:
    """Whether a sentence stands alone between headings, names or buttons, as a teaser's blurb does."""
    one = judged[index]
    if len(one.line.text) >= 170 or one.line.bullet:
        return one.line.bullet
    around = judged[max(0, index - 1) : index] + judged[index + 1 : index + 2]
    return not any(other.prose or other.sentence for other in around)


def _score(one: _Judged) -> float:
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
    upper = sum(word[0].isupper() for word in words)
    return upper <= 0.62 * len(words)


def _body_span(judged: list[_Judged]) -> tuple[int, int] | None:
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
        return None
    start, end = best_span
    while start < end and not (judged[start].prose or (judged[start].sentence and not judged[start].line.bullet)):
        start += 1
    if start >= end:
        return None
    end = _end_of_article(judged, start, end)
    start = _last_heading_before_most(judged, start, end)
    return start, end


def _end_of_article(judged: list[_Judged], start: int, end: int) -> int:
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


def _last_pair(judged: list[_Judged], start: int, end: int) -> int:
    """Where the last two paragraphs in a row stand: an article that a box interrupts goes on with such, teasers do not."""
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


def _last_heading_before_most(judged: list[_Judged], start: int, end: int) -> int:
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


def _body_indent(span: list[_Judged]) -> int | None:
    """The indent of the paragraphs, where the dump shows how deep each stood in the page; None where it does not."""
    weights: Counter[int] = Counter()
    for one in span:
        if one.prose and not one.line.bullet:
            weights[one.line.indent] += len(one.line.text)
    if not weights or not any(one.line.indent for one in span):
        return None
    return weights.most_common(1)[0][0]


def _title_index(judged: list[_Judged], start: int, end: int) -> int | None:
    """The line that is most likely the title: above the body, sharing its words, like a heading."""
    words: set[str] = set()
    for one in judged[start:end]:
        if one.prose:
            words.update(_content_words(one.line.text))
    # Share buttons and the browser's title repeat it, alone or after "Share this story:".
    keys = [_key(one.line.text) for one in judged[:2000] + judged[-500:] if len(one.line.text) < 400]
    page = f" {' | '.join(keys)} "
    scores: dict[int, float] = {}
    distance = 0
    signed = 0.0  # what lies below is a date or a byline: a title stands above it, a caption does not
    for index in range(start - 1, max(-1, start - 1 - 4 * _HEAD_LINES), -1):
        one = judged[index]
        distance += 1
        text = one.line.text
        if len(text) < 160 and distance < _HEAD_LINES and is_signature(text):
            signed = 1.5
        if distance > _HEAD_LINES and one.line.level != 1:
            continue
        if one.furniture or one.end or one.caption or one.line.linked:
            continue
        content = _content_words(text)
        shared = sum(word in words for word in content) / len(content) if content else 0.0
        key = _key(text)
        repeated = len(key) >= 20 and page.count(f" {key} ") > 1
        score = heading_score(one.line, shared, distance, repeated=repeated) + signed
        if one.prose:
            score -= 1.0
        if _is_caption_title(judged, index, opening=True):
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


def _body(
    judged: list[_Judged], start: int, end: int, indent: int | None, title: str, authors: tuple[str, ...]
) -> tuple[list[str], tuple[str, ...]]:
    """The paragraphs and crossheads of the run, and the agencies that sign it."""
    kept: list[tuple[int, str]] = []
    credits: tuple[str, ...] = ()
    boxed = False  # inside a box of related stories, until a real paragraph comes
    title_key = _key(title)
    structured = any(one.line.level for one in judged[start:end])
    for index in range(start, end):
        one = judged[index]
        text = one.line.text
        if found := agency_credits(text):
            credits = credits or found
            continue
        if one.end:
            boxed = True
            continue
        if one.furniture:
            boxed = boxed or opens_box(text)
            if _closes_newsletter(text):
                _drop_box_head(kept, judged, indent)
            continue
        if one.caption or one.line.linked or _is_caption_title(judged, index, opening=not kept) or _key(text) == title_key:
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
        if credits or judged[index].prose:
            break
        credits = agency_credits(judged[index].line.text)
    while kept and not (judged[kept[-1][0]].prose or judged[kept[-1][0]].sentence):
        kept.pop()
    for position in range(len(kept) - 1, max(-1, len(kept) - 4), -1):
        if is_bio(kept[position][1], authors):
            del kept[position]
    return [text for _, text in kept], credits


def _closes_newsletter(text: str) -> bool:
    """Whether a button or notice stands at the end of a newsletter box, whose heading does not show what it is."""
    return bool(
        re.match(
            r"(?:by signing up|by submitting|sign ?up\W*$|e-?mail(?: address)?\W*$|subscribe\W*$|enter your email)",
            text,
            re.I,
        )
    )


def _drop_box_head(kept: list[tuple[int, str]], judged: list[_Judged], indent: int | None) -> None:
    """Takes a newsletter box's heading and blurb back out of what was kept, where its heading is within four lines."""
    for back in range(1, min(4, len(kept)) + 1):
        index, text = kept[-back]
        one = judged[index]
        if len(text) > 160 or (indent is not None and one.prose and one.line.indent == indent):
            return
        if one.line.level:
            del kept[-back:]
            return


def _is_caption_title(judged: list[_Judged], index: int, *, opening: bool) -> bool:
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


def _is_name(line: Line) -> bool:
    """Whether a line is two or three capitalised words, as the name under a portrait is."""
    return not line.level and bool(re.fullmatch(r"(?:[A-Z][\w.'’-]*[a-z]\s){1,2}[A-Z][\w.'’-]*[a-z]", line.text))


def _is_teaser(judged: list[_Judged], index: int, end: int) -> bool:
    """Whether a sentence in a box is a story's blurb: a short line, and headings or names around it, no paragraphs."""
    if len(judged[index].line.text) >= 160:
        return False
    following = [one for one in judged[index + 1 : min(index + 4, end)] if not one.furniture and not one.caption]
    return bool(following) and not any(one.prose or one.sentence for one in following[:2])


def _lead(judged: list[_Judged], first: int, start: int, paragraphs: list[str], indent: int | None) -> list[str]:
    """The standfirst between the title and the first paragraph."""
    found: list[str] = []
    for index in range(first, start):
        one = judged[index]
        text = one.line.text
        if one.furniture or one.end or one.caption or one.line.bullet or one.line.linked or text in paragraphs:
            continue
        if _is_caption_title(judged, index, opening=True) or text in found:
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


def _address(judged: list[_Judged], start: int, end: int) -> str | None:
    """The page's own address, where a line above or within the article is nothing else."""
    for one in judged[: min(start + 8, end)]:
        match = _URL_LINE.fullmatch(one.line.text)
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


def _source(judged: list[_Judged], address: str | None) -> str | None:
    """The outlet: by the address, else by a copyright line, else by a line that is a known outlet's name."""
    if name := outlet_of_url(address):
        return name
    footer = None
    for one in reversed(judged):
        if name := outlet_of_footer(one.line.text):
            if known_outlet(name):
                return name
            footer = footer or name
    lines = [name for one in judged if len(one.line.text) < 40 and (name := known_outlet(one.line.text))]
    head = {name for one in judged[:12] if len(one.line.text) < 40 and (name := known_outlet(one.line.text))}
    for name, count in Counter(lines).most_common(3):
        # Once, further down, it is as likely a sister paper in a footer.
        if name not in AGENCIES and (count > 1 or name in head):
            return name
    return footer or outlet_name(address)


def _section(judged: list[_Judged], title_at: int | None) -> str | None:
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


def _content_words(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text.casefold()[:600]) if len(word) > 3]


def _key(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()
