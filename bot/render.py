"""Answers, hits, articles and status as lines for a terminal, and as values for JSON. Pure."""

from __future__ import annotations

import difflib
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bot.schema import Answer, Article, Citation, Hit

if TYPE_CHECKING:
    from bot.corpus.catalog.articles import Revision
    from bot.corpus.corpus import Status

WIDTH = 100
"""Columns at which text is wrapped."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_URL_SAFE = "%/:=&?~#+!$,;'@()*[]"
NO_SOURCE = "source unknown"
"""What stands for the outlet of an article that names none."""
_STYLES = {"bold": "1", "dim": "2", "cyan": "36", "yellow": "33"}


@dataclass(frozen=True, slots=True)
class Screen:
    """What lines are made for: a pipe, unless it is said to be more.

    `links` are hyperlinks in the text (OSC 8); without them addresses stand below. `verbose` shows scores, and
    addresses that lead to the very sentence.
    """

    colour: bool = False
    links: bool = False
    width: int = WIDTH
    verbose: bool = False

    def paint(self, style: str, text: str) -> str:
        """The text in a style."""
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.colour else text

    def link(self, address: str | None, text: str) -> str:
        """The text, as a hyperlink where there are any."""
        if not (self.links and address):
            return text
        return f"\x1b]8;;{quote(plain(address), safe=_URL_SAFE)}\x1b\\{text}\x1b]8;;\x1b\\"

    def address(self, address: str | None, indent: str = "    ") -> Iterator[str]:
        """The line with an address, where there are no hyperlinks: short, or as it is."""
        if address and not self.links:
            shown = address if self.verbose else address.partition("#:~:text=")[0]
            yield self.paint("cyan", indent + plain(shown))


PIPE = Screen()


def answer_lines(answer: Answer, screen: Screen = PIPE) -> Iterator[str]:
    """The answer for a terminal: short answer, text, then `closing_lines`."""
    if answer.answered and answer.short:
        yield screen.paint("bold", plain(answer.short))
        yield ""
    for line in plain(answer.text).splitlines():
        for shown in wrapped(line, screen.width):
            yield _with_short(shown, answer, screen)
    yield from closing_lines(answer, screen)


def closing_lines(answer: Answer, screen: Screen = PIPE) -> Iterator[str]:
    """What follows an answer's text in a terminal: "as of", numbered sources with their links, who wrote it."""
    if answer.as_of:
        yield ""
        yield f"As of {day(answer.as_of)}"
    if answer.citations:
        yield ""
    articles: dict[Article, list[Citation]] = {}
    for citation in answer.citations:
        articles.setdefault(citation.article, []).append(citation)
    for citations in articles.values():
        yield from _source_lines(citations, screen)
    said = writing_line(answer)
    if said:
        yield ""
        for line in wrapped(said, screen.width):
            yield screen.paint("yellow" if answer.note else "dim", line)


def _source_lines(citations: Sequence[Citation], screen: Screen) -> Iterator[str]:
    """The article that these citations quote, once, behind all their numbers; each number links to its own quote."""
    first = citations[0]
    marks = " ".join(f"[{each.number}]" for each in citations)
    lines = wrapped(f"{marks} {headline(first.article)}{also_in(first.also_in)}", screen.width, hanging="    ")
    if len(citations) > 1 and lines[0].startswith(marks):
        linked = " ".join(screen.link(each.link, f"[{each.number}]") for each in citations)
        yield linked + screen.link(first.link, lines.pop(0).removeprefix(marks))
    for line in lines:
        yield screen.link(first.link, line)
    yield from dict.fromkeys(address for each in citations for address in screen.address(each.link))


def writing_line(answer: Answer) -> str:
    """Who wrote the answer and what was taken out of it, or why the chat model did not; empty for plain quotes."""
    if answer.note:
        return plain(answer.note)
    if answer.model is None or not answer.answered:
        return ""
    said = f"Written by {plain(answer.model)}, checked against the articles"
    if answer.removed:
        count = len(answer.removed)
        said += f"; {count} {'piece' if count == 1 else 'pieces'} of its reply removed"
    usage = answer.usage
    if usage is not None and usage.input_tokens + usage.output_tokens:
        said += f" ({usage.input_tokens:,} tokens read, {usage.output_tokens:,} written"
        said += f", ${usage.cost_usd:.4f})" if usage.cost_usd is not None else ")"
    return said + "."


class Flow:
    """Text for a terminal as it grows: lines are broken at `width` columns, and nothing printed changes again."""

    def __init__(self, width: int = WIDTH) -> None:
        self._width = width
        self._column = 0

    def add(self, text: str) -> str:
        """What to print for the next piece of text."""
        made = []
        for piece in re.findall(r"\n|[^\S\n]*[^\s]+|[^\S\n]+$", text):
            word = piece.strip()
            if piece == "\n":
                self._column = 0
                made.append(piece)
            elif piece[0].isspace() and word and self._column and self._column + 1 + len(word) > self._width:
                self._column = len(word)
                made.append("\n" + word)
            elif word or self._column:
                shown = piece if self._column else word
                self._column += len(shown)
                made.append(shown)
        return "".join(made)


def _with_short(line: str, answer: Answer, screen: Screen) -> str:
    """The line with the short answer in bold where it stands as words of its own (not the 5 of 2015)."""
    if not (answer.answered and answer.short):
        return line
    alone = rf"(?<![\w.,\[]){re.escape(plain(answer.short))}(?![\w\]]|[.,]\d)"
    return re.sub(alone, lambda found: screen.paint("bold", found[0]), line)


def article_json(article: Article) -> dict[str, Any]:
    """An article as values for JSON."""
    return {
        "url": article.url,
        "title": article.title,
        "source": article.source,
        "published": iso(article.published),
        "published_at": article.published_at.isoformat() if article.published_at else None,
        "authors": list(article.authors),
        "language": article.language,
        "section": article.section,
        "credits": list(article.credits),
        "text": article.text,
        "origin": article.origin,
    }


def article_lines(article: Article, screen: Screen = PIPE) -> Iterator[str]:
    """An article for a terminal: what is known of it, then its text."""
    yield screen.paint("bold", plain(article.title))
    known = [
        plain(article.source or NO_SOURCE),
        article.published_at.isoformat() if article.published_at else day(article.published),
        plain(", ".join(article.authors)),
        plain(article.section or ""),
        article.language or "",
        f"({plain(', '.join(article.credits))})" if article.credits else "",
    ]
    yield " · ".join(part for part in known if part)
    yield screen.link(article.url, screen.paint("cyan", plain(article.url or article.origin)))
    for paragraph in plain(article.text).split("\n\n"):
        yield ""
        yield from wrapped(paragraph, screen.width)


def listed_line(article: Article, screen: Screen = PIPE) -> str:
    """An article in one line: its day, title and outlet, and what `newsbot show` takes: its address where there are no
    hyperlinks, its id where it has no address.
    """
    title = " ".join(plain(article.title).split())
    source = plain(article.source or NO_SOURCE)
    shown = f"{iso(article.published) or 'no date   '}  {screen.link(article.url, title)} · {source}"
    return " ".join([shown, *(screen.address(article.url, " ") if article.url else [f" {article.id}"])])


def revision_json(revision: Revision) -> dict[str, Any]:
    """A recorded state of an article as values for JSON."""
    recorded = {"revision": revision.revision, "recorded_at": revision.recorded_at.isoformat()}
    return recorded | article_json(revision.article) | {"article_id": revision.article.id}


def revision_lines(revision: Revision, before: Revision | None, screen: Screen = PIPE) -> Iterator[str]:
    """A recorded state for a terminal: whole, or where one came before it, what changed since."""
    yield screen.paint("dim", f"Revision {revision.revision}, recorded {revision.recorded_at:%Y-%m-%d %H:%M} UTC")
    if before is None:
        yield from article_lines(revision.article, screen)
    else:
        old, new = _paragraphs(before.article), _paragraphs(revision.article)
        for line in difflib.ndiff(old, new):
            if line[0] in "+-":
                yield from wrapped(plain(line), screen.width)
    yield ""


def _paragraphs(article: Article) -> list[str]:
    """An article as lines to compare: a line for what is known of it, one for each paragraph."""
    known = article_json(article)
    facts = [f"{name}: {value}" for name, value in known.items() if name not in ("text", "origin") and value]
    return [*facts, *article.text.split("\n\n")]


def hit_lines(number: int, hit: Hit, screen: Screen = PIPE) -> Iterator[str]:
    """A found passage for a terminal: rank, where it stands, its words; its score where that is wanted."""
    said = f"{number}. {headline(hit.article)}{also_in(hit.also_in)}"
    for line in wrapped(said, screen.width, hanging="   "):
        yield screen.link(hit.article.url, screen.paint("bold", line))
    if screen.verbose:
        parts = ", ".join(f"{name} {value:.2f}" for name, value in hit.parts.items())
        yield screen.paint("dim", f"   {hit.score:.3f} ({parts})")
    yield from screen.address(hit.article.url or hit.article.origin, "   ")
    for paragraph in plain(hit.passage.text).split("\n\n"):
        yield from wrapped(paragraph, screen.width, indent="   ")
    yield ""


def hit_json(hit: Hit) -> dict[str, Any]:
    """A found passage as values for JSON."""
    article, passage = hit.article, hit.passage
    return {
        "passage_id": passage.id,
        "article_id": article.id,
        "score": round(hit.score, 4),
        "parts": {name: round(value, 4) for name, value in hit.parts.items()},
        "title": article.title,
        "source": article.source,
        "published": iso(article.published),
        "url": article.url,
        "start": passage.start,
        "end": passage.end,
        "text": passage.text,
        "also_in": [{"source": each.source, "url": each.url, "title": each.title} for each in hit.also_in],
    }


def status_lines(status: Status, model: str) -> Iterator[str]:
    """The corpus' state for a terminal."""
    coverage, counts = status.coverage, status.counts
    span = f", {day(coverage.first)} to {day(coverage.last)}" if coverage.first and coverage.last else ""
    facts = [
        ("Corpus", str(status.folder)),
        ("Articles", f"{coverage.articles:,}{span}"),
        ("", f"{counts['copies']:,} copies of others, {counts['undated']:,} without a date"),
        ("Passages", f"{counts['passages']:,}"),
        ("Model", model),
    ]
    for index in status.indexes:
        state = "up to date" if not index.behind else f"{index.behind:,} changes behind"
        facts.append((index.name[0].upper() + index.name[1:], state))
    run = status.last_run
    if run is not None:
        when = f"{run.started_at:%Y-%m-%d %H:%M} UTC"
        said = counts_line(run.counts) or "nothing"
        facts.append(("Last ingest", f"{when}: {said if run.finished_at else 'cut short; run it again'}"))
    for name, value in facts:
        yield f"{name:<14}{value}"
    yield "Sources"
    for name, count in list(status.sources.items())[:20]:
        yield f"  {count:>8,}  {plain(name) or NO_SOURCE}"
    if len(status.sources) > 20:
        yield f"  and {len(status.sources) - 20:,} more"


def status_json(status: Status, model: str) -> dict[str, Any]:
    """The corpus' state as values for JSON."""
    run = status.last_run
    return {
        "data_dir": str(status.folder),
        "coverage": status.coverage.to_dict(),
        "counts": dict(status.counts),
        "sources": dict(status.sources),
        "model": model,
        "indexes": [{"name": each.name, "behind": each.behind, "make": dict(each.make)} for each in status.indexes],
        "last_ingest": {
            "started_at": run.started_at.isoformat(),
            "finished_at": run.finished_at.isoformat() if run.finished_at else None,
            "counts": dict(run.counts),
        }
        if run is not None
        else None,
    }


def headline(article: Article) -> str:
    """Title, outlet and day of an article, in one line."""
    parts = [plain(article.title), plain(article.source or NO_SOURCE), day(article.published)]
    return " · ".join(" ".join(part.split()) for part in parts)


def also_in(copies: Iterable[Article]) -> str:
    """In how many other outlets the same text stands: " · also in 5 outlets"; empty where in none."""
    names = {plain(copy.source or copy.origin) for copy in copies}
    if not names:
        return ""
    return f" · also in {next(iter(names))}" if len(names) == 1 else f" · also in {len(names)} outlets"


def day(value: date | None) -> str:
    """A day in words: 12 February 2020."""
    return f"{value.day} {value:%B %Y}" if value else "date unknown"


def iso(value: date | None) -> str | None:
    """A day as 2020-02-12."""
    return value.isoformat() if value else None


def plain(text: str) -> str:
    """Without characters that steer a terminal or turn the direction of writing: article text is not trusted."""
    return _CONTROL.sub("", text)


def wrapped(text: str, width: int, indent: str = "", hanging: str = "") -> list[str]:
    """The text in lines of at most `width` columns, all but the first `hanging`; an empty line for none."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent + hanging,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]


def counts_line(counts: Mapping[str, int]) -> str:
    """The end of an ingest in one line: "12 new, 1 changed, ...", in a fixed order, zeros included."""
    return ", ".join(
        f"{count:,} {'copies' if kind == 'copy' and count != 1 else kind}" for kind, count in counts.items()
    )
