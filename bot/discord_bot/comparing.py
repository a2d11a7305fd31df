"""What changed between an answer that was given and today's answer to the same question. Pure."""

from __future__ import annotations

from bot.corpus.catalog.feedback import Given
from bot.discord_bot.embeds import article_line
from bot.schema import Answer
from bot.wording.days import day
from bot.wording.markdown import escaped, one_line

SHORT_CHARS = 120
LINES_MOST = 6


def changes(before: Given, after: Answer, language: str = "en") -> list[str]:
    """A line of markup for each difference that a reader would care about; empty where there is none."""
    found = []
    if before.answered and not after.answered:
        found.append("The corpus no longer says.")
    elif after.answered and not before.answered:
        found.append("The corpus says now what it did not say then.")
    if (before.short or "") != (after.short or "") and before.answered and after.answered:
        found.append(f"Short answer: {_short(before.short)} → {_short(after.short)}")
    if before.as_of != after.as_of and before.as_of and after.as_of:
        found.append(f"As of: {day(before.as_of, language)} → {day(after.as_of, language)}")
    old = {cited.article_id for cited in before.citations}
    new = {citation.article.id: citation.article for citation in after.citations}
    found += [f"New: {article_line(article, language)}" for id_, article in new.items() if id_ not in old]
    gone = [cited.number for cited in before.citations if cited.article_id not in new]
    if gone:
        found.append("No longer cited: " + ", ".join(f"({number})" for number in gone) + " of the answer before")
    old_quotes = {(cited.article_id, " ".join(cited.quote.split())) for cited in before.citations}
    other = [
        f"[{citation.number}]"
        for citation in after.citations
        if citation.article.id in old and (citation.article.id, " ".join(citation.quote.split())) not in old_quotes
    ]
    if other:
        found.append(f"Other words quoted: {', '.join(other)}")
    if not found and before.model is None and after.model is None and before.text != after.text and after.answered:
        found.append("The wording of a source changed.")
    return found[:LINES_MOST]


def change_block(before: Given, lines: list[str], language: str = "en") -> str:
    """The differences under their heading, in markup."""
    heading = f"**Changed since {day(before.given_at.date(), language)}**"
    return "\n".join([heading, *(f"- {line}" for line in lines)])


def _short(text: str | None) -> str:
    return f"**{escaped(one_line(text, SHORT_CHARS))}**" if text else "none"
