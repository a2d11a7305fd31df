"""An HTML page -> its article: trafilatura finds the body, the page's own data and what it shows tell the rest."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.errors import ReadError
from bot.schema import Article
from ingest.read.body import NO_ARTICLE_CHARS, JudgedLine, Line, body_of, judge, trimmed
from ingest.read.byline import Head, byline_of, published_of_head
from ingest.read.cleaning import ends_sentence, first_sentence, key_of, tidy
from ingest.read.encoding import decode
from ingest.read.fields import filled
from ingest.read.html_body import body_lines
from ingest.read.html_metadata import meta_of
from ingest.read.language import language_of
from ingest.read.markup import lines_in, parsed

_CHARSET = re.compile(
    rb"<meta[^>]{1,300}?charset\s*=\s*[\"']?\s*([a-zA-Z0-9_:.-]{2,40})|<\?xml[^>]{1,200}?encoding=[\"']([\w.-]{2,40})",
    re.IGNORECASE,
)
_SNIFFED_BYTES = 4096
_HEAD_LINES = 60


def read_html(
    data: bytes | str,
    *,
    origin: str = "",
    url: str | None = None,
    source: str | None = None,
    content_type_charset: str | None = None,
) -> Article:
    """The article in an HTML page.

    `url` is the page's address where it is known, `source` an outlet name that wins over the one found,
    `content_type_charset` what the server said. Raises ReadError where the page holds no article body.
    """
    root = parsed(tidy(_decoded(data, content_type_charset) if isinstance(data, bytes) else data))
    said = meta_of(root, url)
    shown = [Line(text, level=level) for text, level in lines_in(root, apart=" ")]
    judged = judge(body_lines(root, said.text))
    title = said.title or next((line.text for line in shown if line.level in (1, 2) and len(line.text) > 10), "")
    head = _head(shown, title, judged)
    authors = said.authors or byline_of(head)
    paragraphs, agencies = body_of(judged, *(trimmed(judged, 0, len(judged)) or (0, 0)), title)
    body = "\n\n".join(paragraphs)
    if len(body) < NO_ARTICLE_CHARS and not (title and len(body) >= 80 and ends_sentence(body)):
        raise ReadError(
            "no article text was found in the page: it is a list of links, a video, or behind a script or a paywall"
        )
    language = said.language or language_of(body)
    day, moment = published_of_head(head, url or said.url, language)
    shows = Article(title="", text="", published=day, published_at=moment, authors=authors, language=language)
    return replace(
        filled(said, shows),
        title=title or first_sentence(body),
        text=body,
        source=source or said.source,
        credits=agencies,
        origin=origin,
    )


def _decoded(data: bytes, charset: str | None) -> str:
    sniffed = _CHARSET.search(data[:_SNIFFED_BYTES])
    return decode(data, charset or ((sniffed[1] or sniffed[2]).decode("ascii") if sniffed else None))


def _head(shown: list[Line], title: str, judged: list[JudgedLine]) -> Head:
    """The lines around the title, down to the article's first paragraph, for the date and the byline."""
    key = key_of(title)
    alike = [index for index, line in enumerate(shown) if key and key_of(line.text) == key]
    at = next((index for index in alike if shown[index].level == 1), next(iter(alike), None))
    if at is None:
        return Head()
    body = {one.line.text for one in judged if one.prose}
    below = range(at + 1, min(at + _HEAD_LINES, len(shown)))
    end = next((i for i in below if shown[i].text in body), min(at + 12, len(shown) - 1))
    before, between = shown[max(0, at - 8) : at], (*shown[at + 1 : end], *shown[end + 1 : end + 3])
    return Head(tuple(line.text for line in before), tuple(line.text for line in between))
