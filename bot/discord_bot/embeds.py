"""Answers as pages that fit Discord's messages: short answer, text, numbered sources with links. Pure.

Knows nothing about channels, buttons or how an answer came about; `embed_of` alone touches discord.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.discord_bot.days import day
from bot.discord_bot.escaping import escaped, link_address, masked_link, one_line
from bot.discord_bot.splitting import size, split
from bot.render import day as english_day
from bot.schema import Answer, Article, Citation

if TYPE_CHECKING:
    import discord

TITLE_MOST, DESCRIPTION_MOST, CONTENT_MOST = 256, 4096, 2000
"""Discord's limits for an embed's title and description and for a message without embeds, in characters."""
MESSAGE_MOST, EMBEDS_MOST = 6000, 10
"""Discord's limits for all embeds of a message: their characters together, and their number."""
OUTLET_CHARS = 60
SOURCES_HEADING = "**Sources**"
SURE_LEAST, LIKELY_LEAST = 0.6, 0.35
"""Confidence from which an answer is called sure, and likely."""
GREEN, AMBER, ORANGE, GREY, BLUE = 0x2E9E6B, 0xD9A514, 0xD9682B, 0x80848E, 0x3B78C4
NEAREST_CHARS = 200


@dataclass(frozen=True, slots=True)
class Page:
    """One embed as values, in Discord's markup, within Discord's limits."""

    description: str
    title: str = ""
    footer: str = ""
    colour: int = BLUE
    image: str = ""
    """Name of an attached file to show."""

    @property
    def size(self) -> int:
        """What counts against the limit of a message."""
        return size(self.title) + size(self.description) + size(self.footer)


def answer_pages(answer: Answer, language: str = "en", *, remarks: Sequence[str] = ()) -> list[Page]:
    """An answer as pages. Every `[n]` in it has its line among the sources, however many there are.

    `language` is that of dates; `remarks` are lines of ours, in markup, shown between the text and the sources.
    """
    body = "\n\n".join(part for part in (_head(answer), _text(answer, language), *_notes(answer, remarks)) if part)
    lines = [source_line(each, language) for each in answer.citations]
    texts = split(body, DESCRIPTION_MOST)
    pages = [*texts[:-1], *_with_lines(texts[-1], SOURCES_HEADING, lines)]
    footer = _footer(answer, language)
    title = fitted(answer.question.text, TITLE_MOST)
    colour = colour_of(answer)
    return [
        Page(
            text,
            title=title if number == 1 else "",
            footer=footer if len(pages) == 1 else " · ".join(filter(None, (footer, f"page {number} of {len(pages)}"))),
            colour=colour,
        )
        for number, text in enumerate(pages, start=1)
    ]


def source_line(citation: Citation, language: str = "en") -> str:
    """`[1] title linked to the sentence · outlet · day · also in 5 outlets`."""
    article = citation.article
    address = citation.link if link_address(citation.link) else article.url
    return f"[{citation.number}] {article_line(article, language, address)}{_also_in(citation.also_in)}"


def article_line(article: Article, language: str = "en", address: str | None = None) -> str:
    """`title, linked · outlet · day`; the link is the article's own address where none is given."""
    outlet = escaped(one_line(article.source or "source unknown", OUTLET_CHARS))
    return f"{masked_link(article.title, address or article.url)} · {outlet} · {day(article.published, language)}"


def messages_of(pages: Iterable[Page]) -> list[tuple[Page, ...]]:
    """Pages in runs that fit one message each."""
    messages: list[tuple[Page, ...]] = []
    for page in pages:
        last = messages[-1] if messages else ()
        if last and len(last) < EMBEDS_MOST and sum(each.size for each in last) + page.size <= MESSAGE_MOST:
            messages[-1] = (*last, page)
        else:
            messages.append((page,))
    return messages


def contents_of(pages: Iterable[Page]) -> list[str]:
    """Pages as messages without embeds, for channels where the bot may not embed."""
    parts = []
    for page in pages:
        parts += [f"> {page.title}"] if page.title else []
        parts += [page.description]
        parts += [f"-# {page.footer}"] if page.footer else []
    return split("\n".join(parts), CONTENT_MOST)


def colour_of(answer: Answer) -> int:
    """Green, amber or orange by confidence; grey where the corpus does not say."""
    if not answer.answered:
        return GREY
    return GREEN if answer.confidence >= SURE_LEAST else AMBER if answer.confidence >= LIKELY_LEAST else ORANGE


def fitted(text: str, most: int) -> str:
    """Foreign text, escaped, in one line within a limit of Discord's."""
    chars = most
    while size(shown := escaped(one_line(text, chars))) > most:
        chars -= max(1, (size(shown) - most) // 2)
    return shown


def line_pages(title: str, lines: Sequence[str], *, footer: str = "", colour: int = BLUE) -> list[Page]:
    """A list of ours as pages: lines in markup are kept whole."""
    texts = _with_lines("", "", lines)
    return [
        Page(
            text,
            title=title if number == 1 else "",
            footer=footer if number == len(texts) else "",
            colour=colour,
        )
        for number, text in enumerate(texts, start=1)
    ]


def embed_of(page: Page) -> discord.Embed:
    """A page as discord.py's embed."""
    import discord

    embed = discord.Embed(title=page.title or None, description=page.description, colour=page.colour)
    if page.footer:
        embed.set_footer(text=page.footer)
    if page.image:
        embed.set_image(url=f"attachment://{page.image}")
    return embed


def growing(answer: Answer, language: str = "en") -> Page:
    """An answer that is still being written, as one page."""
    first = answer_pages(answer, language)[0]
    return replace(first, footer="Writing …")


def _head(answer: Answer) -> str:
    return f"**{escaped(one_line(answer.short, 300))}**" if answer.answered and answer.short else ""


def _text(answer: Answer, language: str) -> str:
    text = answer.text
    if language != "en":
        for citation in answer.citations:
            text = _in_language(text, citation.article, language)
        if not answer.answered:
            near = answer.nearest.article.published if answer.nearest else None
            for each in filter(None, (answer.coverage.first, answer.coverage.last, near)):
                text = text.replace(english_day(each), day(each, language))
    shown = escaped(text, frozenset(citation.number for citation in answer.citations))
    if answer.model is None and answer.answered:
        shown = re.sub(r"\n+", "\n\n", shown)  # each quote is a paragraph: on a phone they run together
    if answer.nearest is not None and not answer.answered:
        return _with_nearest(shown, answer.nearest, language)
    if not (answer.short and answer.answered):
        return shown
    if answer.model is not None:
        return _with_short(shown, answer.short)
    # In our words around a quote, the day of publication may happen to be the short answer too.
    lines = [(f"{frame}{mark}", quote) for frame, mark, quote in (line.partition("“") for line in shown.split("\n"))]
    return "\n".join(frame + _with_short(quote, answer.short) for frame, quote in lines)


def _in_language(text: str, article: Article, language: str) -> str:
    """Our words around a quote ("DW, 12 February 2020: “") with the day in another language."""
    if article.published is None:
        return text
    framed = f"{article.source or 'Unknown source'}, "
    return text.replace(
        f"{framed}{english_day(article.published)}: “", f"{framed}{day(article.published, language)}: “"
    )


def _with_short(shown: str, short: str) -> str:
    """The short answer in bold where it stands as words of its own (not the 5 of 2015)."""
    wanted = escaped(" ".join(short.split()))
    alone = rf"(?<![\w.,\[]){re.escape(wanted)}(?![\w\]]|[.,]\d)"
    return re.sub(alone, lambda found: f"**{found[0]}**", shown)


def _with_nearest(shown: str, nearest: Citation, language: str) -> str:
    """The refusal with its nearest article linked."""
    title = f"“{escaped(nearest.article.title)}”"
    if title in shown:
        address = nearest.link if link_address(nearest.link) else nearest.article.url
        return shown.replace(title, f"“{masked_link(nearest.article.title, address, NEAREST_CHARS)}”", 1)
    return f"{shown}\n{article_line(nearest.article, language, nearest.link)}"


def _notes(answer: Answer, remarks: Sequence[str]) -> list[str]:
    note = [f"-# {escaped(one_line(answer.note, 300))}"] if answer.note else []
    return [*note, *remarks]


def _footer(answer: Answer, language: str) -> str:
    if not answer.answered:
        return ""
    as_of = f"As of {day(answer.as_of, language)}" if answer.as_of else "The day of the sources is unknown"
    surety = "sure" if answer.confidence >= SURE_LEAST else "likely" if answer.confidence >= LIKELY_LEAST else "unsure"
    by = f" · written by {one_line(answer.model, 60)}, checked" if answer.model else ""
    return f"{as_of} · {surety}{by}"


def _also_in(copies: Iterable[Article]) -> str:
    names = {copy.source or copy.url or copy.origin for copy in copies}
    if not names:
        return ""
    if len(names) == 1:
        return f" · also in {escaped(one_line(names.pop(), OUTLET_CHARS))}"
    return f" · also in {len(names)} outlets"


def _with_lines(text: str, heading: str, lines: Sequence[str]) -> list[str]:
    """The text with lines under a heading, on as many pages as they need."""
    pages = [text]
    begun = False
    for line in lines:
        lead = "\n" if begun or not heading else f"\n\n{heading}\n" if pages[-1] else f"{heading}\n"
        if size(pages[-1]) + size(lead) + size(line) <= DESCRIPTION_MOST:
            pages[-1] += lead + line if pages[-1] else lead.lstrip() + line
        else:
            pages.append(f"{heading}\n{line}" if heading and not begun else line)
        begun = True
    return pages
