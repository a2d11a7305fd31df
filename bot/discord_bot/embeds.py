"""Answers as embeds that fit Discord's messages: short answer, quotes, the link behind each. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate

import discord

from bot.corpus.catalog.feedback import Given
from bot.discord_bot.splitting import size, split
from bot.render import day as english_day
from bot.schema import Answer, Article, Citation
from bot.wording.days import day
from bot.wording.markdown import escaped, link_address, masked_link, one_line

TITLE_MOST, DESCRIPTION_MOST, CONTENT_MOST = 256, 4096, 2000
"""Discord's limits for an embed's title and description and for a message without embeds, in characters."""
MESSAGE_MOST, EMBEDS_MOST = 6000, 10
"""Discord's limits for all embeds of a message: their characters together, and their number."""
OUTLET_CHARS = 60
SUBTEXT = "-# "
"""Markup for a line in small letters: where a quote is from, and notes."""
Pages = list[discord.Embed]
GREEN, GREY, BLUE = 0x2E9E6B, 0x80848E, 0x3B78C4
NEAREST_CHARS = 200
CLAIM_CHARS = 300
CHECKED_TITLE = "Checked against the news"
CHECKED_NOTE = "-# The nearest passages, not a verdict."
SOURCES_A_LINE = 4
PHONE_CHARS, FEW_QUOTES = 300, 3
"""Two or three quotes of so many characters together, with what is around them, are 300 pixels high on a phone."""
CHANGED_SHORT_CHARS, CHANGES_MOST = 120, 6


def embed(description: str, *, footer: str = "", colour: int = BLUE) -> discord.Embed:
    """One page, in Discord's markup."""
    return footed(discord.Embed(description=description, colour=colour), footer)


def footed(page: discord.Embed, *parts: str) -> discord.Embed:
    """A page with a footer, where there is any."""
    text = " · ".join(filter(None, parts))
    return page.set_footer(text=text) if text else page


def answer_pages(
    answer: Answer, language: str = "en", *, remarks: Sequence[str] = (), claim: str = "", whole: bool = False
) -> Pages:
    """An answer as pages. Every quote has its outlet, its day and its link; so has every `[n]` of a model's prose.

    `language` is that of dates; `remarks` are lines of ours, in markup, shown below; `claim` is the statement that was
    checked, where one was: what is shown for it is no answer, and says so. A short answer is kept short enough for a
    phone: quotes beyond that are behind the button Sources, unless the `whole` of it is wanted.
    """
    parts = [
        f"> {escaped(one_line(claim, CLAIM_CHARS))}\n{CHECKED_NOTE}" if claim else "",
        f"**{escaped(one_line(answer.short, 300))}**" if answer.answered and answer.short else "",
        _text(answer, language, whole or bool(claim)),
        f"{SUBTEXT}{escaped(one_line(answer.note, 300))}" if answer.note else "",
        *remarks,
    ]
    title = CHECKED_TITLE if claim else fitted(answer.question.text, TITLE_MOST)
    pages = line_pages(title, ["\n\n".join(filter(None, parts))], colour=GREEN if answer.answered else GREY)
    for number, page in enumerate(pages, start=1):
        place = f"page {number} of {len(pages)}" if len(pages) > 1 else ""
        footed(page, _footer(answer, language), place)
    return pages


def origin(citation: Citation, language: str = "en") -> str:
    """`outlet, day`, linked to the sentence; and how many others hold the same text."""
    article = citation.article
    address = citation.link if link_address(citation.link) else article.url
    label = f"{one_line(article.source or 'Unknown source', OUTLET_CHARS)}, {day(article.published, language)}"
    return f"{masked_link(label, address)}{_also_in(citation.also_in)}"


def article_line(article: Article, language: str = "en", address: str | None = None) -> str:
    """`title, linked · outlet · day`; the link is the article's own address where none is given."""
    outlet = escaped(one_line(article.source or "source unknown", OUTLET_CHARS))
    return f"{masked_link(article.title, address or article.url)} · {outlet} · {day(article.published, language)}"


def messages_of(pages: Iterable[discord.Embed]) -> list[Pages]:
    """Pages in runs that fit one message each."""
    messages: list[Pages] = [[]]
    for page in pages:
        if len(messages[-1]) == EMBEDS_MOST or sum(map(embed_size, [*messages[-1], page])) > MESSAGE_MOST:
            messages.append([])
        messages[-1].append(page)
    return messages


def embed_size(page: discord.Embed) -> int:
    """What counts against the limit of a message."""
    return sum(size(part) for part in (page.title, page.description, page.footer.text) if part)


def contents_of(pages: Iterable[discord.Embed]) -> list[str]:
    """Pages as messages without embeds, for channels where the bot may not embed."""
    parts = []
    for page in pages:
        parts += [f"> {page.title}"] if page.title else []
        parts += [page.description or ""]
        parts += [f"-# {page.footer.text}"] if page.footer.text else []
    return split("\n".join(parts), CONTENT_MOST)


def fitted(text: str, most: int) -> str:
    """Foreign text, escaped, in one line within a limit of Discord's."""
    chars = most
    while size(shown := escaped(one_line(text, chars))) > most:
        chars -= max(1, (size(shown) - most) // 2)
    return shown


def line_pages(title: str, lines: Iterable[str], *, footer: str = "", colour: int = BLUE) -> Pages:
    """Lines in markup as pages; each line is kept whole. The title is on the first one, the footer on the last."""
    pages = [embed(part, colour=colour) for part in split("\n".join(lines), DESCRIPTION_MOST)]
    pages[0].title = title
    footed(pages[-1], footer)
    return pages


def changes(before: Given, after: Answer, language: str = "en") -> str:
    """What a reader would care about that changed since an answer was given, in markup; empty where nothing did."""
    found = []
    if before.answered and not after.answered:
        found.append("The corpus no longer has an answer.")
    elif after.answered and not before.answered:
        found.append("The corpus has an answer now, which it did not have then.")
    if (before.short or "") != (after.short or "") and before.answered and after.answered:
        old, new = (
            f"**{escaped(one_line(each, CHANGED_SHORT_CHARS))}**" if each else "none"
            for each in (before.short, after.short)
        )
        found.append(f"Short answer: {old} → {new}")
    if before.as_of != after.as_of and before.as_of and after.as_of:
        found.append(f"As of: {day(before.as_of, language)} → {day(after.as_of, language)}")
    known = {cited.article_id: cited.number for cited in before.citations}
    articles = {citation.article.id: citation.article for citation in after.citations}
    found += [f"New: {article_line(article, language)}" for id_, article in articles.items() if id_ not in known]
    if gone := [f"({cited.number})" for cited in before.citations if cited.article_id not in articles]:
        found.append(f"No longer cited: {', '.join(gone)} of the answer before")
    quoted = {(cited.article_id, " ".join(cited.quote.split())) for cited in before.citations}
    if other := [
        f"[{citation.number}]"
        for citation in after.citations
        if citation.article.id in known and (citation.article.id, " ".join(citation.quote.split())) not in quoted
    ]:
        found.append(f"Other words quoted: {', '.join(other)}")
    if not found and before.model is None and after.model is None and before.text != after.text and after.answered:
        found.append("The wording of a source changed.")
    lines = [f"- {line}" for line in found[:CHANGES_MOST]]
    return "\n".join([f"**Changed since {day(before.given_at.date(), language)}**", *lines]) if lines else ""


def _text(answer: Answer, language: str, whole: bool) -> str:
    if not answer.answered:
        return _refusal(answer, language)
    if answer.model is None and answer.citations:
        quoted = answer.citations if whole else _on_a_phone(answer.citations)
        left = len(answer.citations) - len(quoted)
        more = [f"{SUBTEXT}{left} more behind **Sources**"] if left else []
        return "\n\n".join([*(_quote(each, answer.short, language) for each in quoted), *more])
    markers = frozenset(citation.number for citation in answer.citations)
    shown = _with_short(escaped(answer.text, markers), answer.short)
    origins = [f"[{each.number}] {origin(each, language)}" for each in answer.citations]
    lines = [origins[place : place + SOURCES_A_LINE] for place in range(0, len(origins), SOURCES_A_LINE)]
    return "\n\n".join([shown, "\n".join(SUBTEXT + " · ".join(line) for line in lines)]).strip()


def _on_a_phone(citations: Sequence[Citation]) -> Sequence[Citation]:
    """The first quotes of a few that fit a phone's screen together; a list or an overview is shown whole."""
    if len(citations) > FEW_QUOTES:
        return citations
    lengths = accumulate(len(each.quote) for each in citations)
    return citations[: max(1, sum(length <= PHONE_CHARS for length in lengths))]


def _quote(citation: Citation, short: str | None, language: str) -> str:
    """`“a quote”`, and below it where it is from."""
    quote = _with_short(escaped(" ".join(citation.quote.split())), short)
    return f"“{quote}”\n{SUBTEXT}{origin(citation, language)}"


def _refusal(answer: Answer, language: str) -> str:
    """That the corpus does not say, and what is near."""
    text, nearest = answer.text, answer.nearest
    if language != "en":
        near = nearest.article.published if nearest else None
        for each in filter(None, (answer.coverage.first, answer.coverage.last, near)):
            text = text.replace(english_day(each), day(each, language))
    shown = escaped(text)
    if nearest is not None:
        title = f"“{escaped(nearest.article.title)}”"
        address = nearest.link if link_address(nearest.link) else nearest.article.url
        if title in shown:
            shown = shown.replace(title, f"“{masked_link(nearest.article.title, address, NEAREST_CHARS)}”", 1)
        else:
            shown = f"{shown}\n{article_line(nearest.article, language, nearest.link)}"
    return f"{shown}\n{SUBTEXT}Try other words, or `/latest` for what is new."


def _with_short(shown: str, short: str | None) -> str:
    """The short answer in bold where it stands as words of its own (not the 5 of 2015)."""
    if not short:
        return shown
    wanted = escaped(" ".join(short.split()))
    alone = rf"(?<![\w.,\[]){re.escape(wanted)}(?![\w\]]|[.,]\d)"
    return re.sub(alone, lambda found: f"**{found[0]}**", shown)


def _footer(answer: Answer, language: str) -> str:
    if not answer.answered:
        return ""
    as_of = f"As of {day(answer.as_of, language)}" if answer.as_of else "The day of the sources is unknown"
    return f"{as_of} · written by {one_line(answer.model, 60)}, checked" if answer.model else as_of


def _also_in(copies: Iterable[Article]) -> str:
    names = {copy.source or copy.url or copy.origin for copy in copies}
    if len(names) > 1:
        return f" · also in {len(names)} outlets"
    return "".join(f" · also in {escaped(one_line(name, OUTLET_CHARS))}" for name in names)
