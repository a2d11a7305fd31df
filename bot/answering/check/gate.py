"""The gate that every answer passes: each citation resolves, each quote is verbatim, each number stands in a quote."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.schema import Answer, Citation

UNVERIFIED = "Nothing in the answer could be verified against the articles."
_MARKER = re.compile(r"\s?\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_LIST_NUMBER = re.compile(r"^\s*\d{1,2}[.)]\s")
_STATEMENT = re.compile(r"[^\n]*?(?:[.!?][\"”’)]*(?:\s?\[[\d, ]+\])*(?=\s|$)|(?=\n)|$)\s*")


def check(answer: Answer) -> Answer:
    """The answer with what cannot be verified taken out; unchanged when all of it can.

    A citation whose quote does not stand in its article at its offsets is dropped. Markers of no citation are taken
    out, statements of ours with a number that no cited quote or its frame (date, source, title) holds are dropped,
    `short` that no quote holds is cleared, and `as_of` follows the citations. Citations are renumbered in the order of
    their markers; those without a marker are dropped. An answer left with none says so: `answered` is False.
    """
    if not answer.answered:
        nearest = answer.nearest if answer.nearest and _is_verbatim(answer.nearest) else None
        return replace(answer, short=None, citations=(), as_of=None, nearest=nearest)
    citations = {citation.number: citation for citation in answer.citations if _is_verbatim(citation)}
    shown, kept = _masked(answer.text, citations)
    if answer.model is None:  # a chat model's numbers are proven one by one, in words and other units too
        shown = "".join(part[0] for part in _STATEMENT.finditer(shown) if _numbers_stand(part[0], citations))
    order: dict[int, int] = {}

    def renumbered(found: re.Match[str]) -> str:
        known = dict.fromkeys(number for number in _numbers_of(found[1]) if number in citations)
        marks = "".join(f"[{order.setdefault(number, len(order) + 1)}]" for number in known)
        return f" {marks}" if marks and found[0][0].isspace() else marks

    shown = _MARKER.sub(renumbered, shown).strip()
    if not order:
        refused = replace(answer, text=UNVERIFIED, reason=UNVERIFIED, answered=False, confidence=0.0)
        return replace(refused, short=None, citations=(), as_of=None)
    for token, quote in kept.items():
        shown = shown.replace(token, quote)
    cited = tuple(replace(citations[number], number=new) for number, new in order.items())
    days = [citation.article.published for citation in cited if citation.article.published]
    short = answer.short if answer.short and any(answer.short in citation.quote for citation in cited) else None
    return replace(answer, text=shown, short=short, citations=cited, as_of=max(days, default=None))


def _is_verbatim(citation: Citation) -> bool:
    quoted = citation.article.text[citation.start : citation.end]
    return bool(citation.quote.strip()) and quoted == citation.quote


def _masked(text: str, citations: dict[int, Citation]) -> tuple[str, dict[str, str]]:
    """The text with its verbatim quotes put aside: what stands in them ("[7]", "3.5") is theirs, not ours."""
    kept: dict[str, str] = {}
    for citation in sorted(citations.values(), key=lambda citation: -len(citation.quote)):
        for quote in (citation.quote, " ".join(citation.quote.split())):
            if quote in text:
                token = f"\x00{chr(0xE000 + len(kept))}\x00"
                kept[token] = quote
                text = text.replace(quote, token)
    return text, kept


def _numbers_of(marker: str) -> list[int]:
    return [int(number) for number in marker.split(",")]


def _numbers_stand(statement: str, citations: dict[int, Citation]) -> bool:
    """Whether each number stands in a cited quote or its frame, digit for digit."""
    bare = _LIST_NUMBER.sub("", _MARKER.sub("", statement))
    said = {number.replace(",", "") for number in _NUMBER.findall(bare)}
    if not said:
        return True
    cited = {number for found in _MARKER.finditer(statement) for number in _numbers_of(found[1])}
    support = [citations[number] for number in cited if number in citations] or list(citations.values())
    held = {number.replace(",", "") for each in support for number in _NUMBER.findall(f"{each.quote} {_frame(each)}")}
    return said <= held


def _frame(citation: Citation) -> str:
    """What else a citation shows: titles, outlets, days, and how many outlets printed it."""
    found = [str(len(citation.also_in))]
    for article in (citation.article, *citation.also_in):
        day = article.published
        dated = f"{day.isoformat()} {day.day} {day.year}" if day else ""
        found.append(f"{article.title} {article.source or ''} {article.url or ''} {dated}")
    return " ".join(found)
