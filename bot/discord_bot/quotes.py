"""Pages with one source of an answer each: the quote in bold within its passage, as the corpus has it today."""

from __future__ import annotations

import discord

from bot.answering.links import text_fragment_link
from bot.corpus.catalog import Catalog
from bot.corpus.catalog.feedback import Given
from bot.discord_bot.embeds import GREY, OUTLET_CHARS, article_line, embed
from bot.schema import Article, Span
from bot.wording.days import day
from bot.wording.markdown import escaped, one_line

AROUND_CHARS = 400
"""Shown on either side of a quote whose passage is not known any more."""
PASSAGE_CHARS = 1500


def source_page(catalog: Catalog, given: Given, number: int, language: str = "en") -> discord.Embed:
    """The page of the answer's source at a place from 1, however many it has. Raises CorpusError.

    An article that was removed is not shown, and a quote that is no longer in its article is said to be gone.
    """
    count = len(given.citations)
    if not count:
        return embed("This answer has no sources: the corpus does not say.", colour=GREY)
    place = min(max(number, 1), count)
    cited = given.citations[place - 1]
    footer = f"Source {place} of {count} · the quote in bold, within its passage"
    article = catalog.article(cited.article_id)
    if article is None:
        return embed(f"[{cited.number}] This article has been taken out of the corpus.", footer=footer, colour=GREY)
    stands = article.text[cited.start : cited.end] == cited.quote
    start = cited.start if stands else article.text.find(cited.quote)
    if start < 0:
        line = article_line(article, language)
        said = "The article has changed since: these words are no longer in it."
        return embed(f"[{cited.number}] {line}\n\n{said}", footer=footer, colour=GREY)
    end = start + len(cited.quote)
    around = _passage(catalog, given, article, start, end)
    before, after = article.text[around.start : start], article.text[end : around.end]
    opening = "… " if article.text[: around.start].strip() else ""
    closing = " …" if article.text[around.end :].strip() else ""
    # Each paragraph in bold by itself: bold does not reach over an empty line everywhere.
    lines = (f"**{escaped(line.strip())}**" if line.strip() else "" for line in cited.quote.split("\n"))
    bold = "\n".join(lines)
    shown = f"{opening}{escaped(before)}{bold}{escaped(after)}{closing}"
    link = text_fragment_link(article.url, article.text, start, end) if article.url else None
    heading = f"[{cited.number}] {article_line(article, language, link)}"
    return embed(f"{heading}\n\n{shown}{_also(catalog, article, language)}", footer=footer)


def _passage(catalog: Catalog, given: Given, article: Article, start: int, end: int) -> Span:
    """The passage that was retrieved and holds the quote; else what stands around it, in whole words."""
    for passage in catalog.passages([id_ for id_ in given.retrieved if id_.split(".", 1)[0] == article.id]).values():
        fits = passage.start <= start and end <= passage.end
        if fits and passage.article.text == article.text and passage.end - passage.start <= PASSAGE_CHARS:
            return Span(passage.start, passage.end)
    first, last = start - AROUND_CHARS, end + AROUND_CHARS
    first = article.text.find(" ", first, start) + 1 or start if first > 0 else 0
    last = max(article.text.rfind(" ", end, last), end) if last < len(article.text) else len(article.text)
    return Span(first, last)


def _also(catalog: Catalog, article: Article, language: str) -> str:
    copies = catalog.copies([article.id]).get(article.id, ())
    names = dict.fromkeys((copy.source or copy.url or "", copy.published) for copy in copies)
    if not names:
        return ""
    shown = [f"{escaped(one_line(name, OUTLET_CHARS))} ({day(published, language)})" for name, published in names]
    more = f" and {len(shown) - 8} more" if len(shown) > 8 else ""
    return f"\n\n-# Also in {', '.join(shown[:8])}{more}"
