"""Lists as pages: newest articles, sources and how fresh they are, a topic's key dates, help, status. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import discord

from bot.corpus.catalog.articles import Freshness, newest
from bot.corpus.catalog.feedback import Asked
from bot.corpus.corpus import Corpus, Status
from bot.discord_bot.embeds import GREY, OUTLET_CHARS, Pages, article_line, embed, fitted, line_pages
from bot.discord_bot.guild_settings import GuildSettings
from bot.render import counts_line
from bot.retrieval.periods import Counted
from bot.retrieval.topic import articles_on
from bot.schema import Coverage
from bot.wording.days import day
from bot.wording.markdown import escaped, masked_link, one_line

TITLE_TOPIC_CHARS = 80
LATEST = 10
ASKED_SHOWN = 8
INDEX_NAMES = {"vector index": "search by meaning", "BM25 index": "search by words"}
"""What people are told of the indexes: no names of techniques."""
CHART_FILE = "coverage.png"
SOURCES_SHOWN = 60


def covered(coverage: Coverage, language: str = "en") -> str:
    """What the corpus holds, in one sentence."""
    count = f"{coverage.articles:,} article{'' if coverage.articles == 1 else 's'}"
    if coverage.first is None or coverage.last is None:
        return f"The corpus holds {count}."
    return (
        f"The corpus holds {count}, published from {day(coverage.first, language)} to {day(coverage.last, language)}."
    )


def nothing_on(topic: str, coverage: Coverage, language: str = "en") -> discord.Embed:
    """Says that no article is on a topic, and what there is."""
    shown = fitted(topic, TITLE_TOPIC_CHARS)
    return embed(
        f"No article here speaks of **{shown}**.\n{covered(coverage, language)}",
        footer="Try fewer or other words.",
        colour=GREY,
    )


def latest_of(corpus: Corpus, topic: str | None, language: str = "en") -> Pages:
    """The newest articles of a topic, or of all. It blocks."""
    articles = newest(corpus.catalog, LATEST, articles_on(corpus, topic) if topic else None)
    if not articles:
        return [nothing_on(topic or "anything with a date", corpus.coverage(), language)]
    lines = [f"{number}. {article_line(each, language)}" for number, each in enumerate(articles, start=1)]
    title = f"Latest on {fitted(topic, TITLE_TOPIC_CHARS)}" if topic else "Latest articles"
    return line_pages(title, lines)


def sources_pages(
    sources: Sequence[Freshness], coverage: Coverage, ingested: datetime | None, language: str = "en"
) -> Pages:
    """What the corpus holds, by source, and how fresh it is."""
    lines = [covered(coverage, language), ""]
    for each in sources[:SOURCES_SHOWN]:
        name = escaped(one_line(each.source, OUTLET_CHARS)) if each.source else "no source named"
        newest = f" · newest {day(each.newest, language)}" if each.newest else " · no dates"
        lines.append(f"- **{name}** · {each.articles:,}{newest}")
    if len(sources) > SOURCES_SHOWN:
        lines.append(f"- and {len(sources) - SOURCES_SHOWN:,} more sources")
    footer = f"Last ingest on {day(ingested.date(), language)}, {ingested:%H:%M} UTC" if ingested else ""
    return line_pages("Sources", lines, footer=footer)


def coverage_pages(counted: Counted, topic: str, total: int, language: str = "en", *, chart: bool = True) -> Pages:
    """The key dates of a topic, under its chart; without the chart, the numbers by source too."""
    period = "month" if counted.is_monthly else "week"
    first, last = day(counted.first, language), day(counted.last, language)
    span = first if first == last else f"{first} to {last}"
    lines = [f"**{total:,}** article{'' if total == 1 else 's'}, {span}", ""]
    for number, key in enumerate(counted.key_dates, start=1):
        article = key.article
        outlet = escaped(one_line(article.source or "source unknown", OUTLET_CHARS))
        lines.append(
            f"**{number}** · {day(key.day, language)} · {key.count:,} in its {period}\n"
            f"{masked_link(article.title, article.url)} · {outlet}"
        )
    if not chart:
        lines += ["", *(f"- {escaped(name)}: {sum(counts):,}" for name, counts in counted.by_source.items())]
    pages = line_pages(f"Coverage of {fitted(topic, TITLE_TOPIC_CHARS)}", lines, footer=f"Articles per {period}")
    if chart:
        pages[0].set_image(url=f"attachment://{CHART_FILE}")
    return pages


def help_pages(name: str, coverage: Coverage, settings: GuildSettings, *, mentions: bool, days: int) -> Pages:
    """How to ask. `days` is how long what people write is kept; 0 for always."""
    language = settings.language
    lines = [
        "I answer questions about a collection of news articles. Each answer is quoted from them or checked against "
        "them, with dates and links; what they do not say, I do not say either.",
        covered(coverage, language),
        "",
        "- `/ask` a question, if you like with a source or days; `private` shows the answer to you alone",
    ]
    if mentions:
        lines += [
            f"- or mention me: `@{name} Who won the election?`",
            "- reply to an answer, or write in a thread that I opened, to ask on: “and in Syria?”",
        ]
    lines += [
        "- “what's the latest on …?” or “summarise …” gives a digest",
        "- reply to somebody's message with a mention and “is that true?”, or use its menu, **Apps**, *Check against "
        "the news*: the passages nearest to it",
        "- **Sources** shows each quote within its passage; **⋯** asks again, tells you of changes, deletes",
        "- `/digest` and `/alert` post what is new on a topic, `/coverage` charts it, `/latest` lists it, `/sources` "
        "shows what there is",
        "- 👍 and 👎 are kept, without your name, to measure the answers; `/forget-me` deletes what you asked",
        "",
        f"Each may ask {_limit(settings.user_per_minute)} a minute and {_limit(settings.user_per_hour)} an hour.",
    ]
    kept = f"Questions and answers are kept{f' for {days} days' if days else ''}, so that the buttons work."
    return line_pages("Ask the news", lines, footer=kept)


def status_pages(status: Status, queue: Mapping[str, int], language: str) -> Pages:
    """How corpus and queue are, for administrators."""
    lines = [covered(status.coverage, language)]
    lines += [
        f"- {INDEX_NAMES.get(each.name, each.name)}: "
        f"{f'{each.behind:,} changes behind' if each.behind else 'up to date'}"
        for each in status.indexes
    ]
    if status.last_run is not None:
        run = status.last_run
        said = counts_line(run.counts) or "nothing"
        ended = said if run.finished_at else "still running, or cut short"
        lines.append(f"- last ingest {day(run.started_at.date(), language)}, {run.started_at:%H:%M} UTC: {ended}")
    lines += [f"- queue: {queue['running']} being answered, {queue['waiting']} waiting"]
    return line_pages("Status", lines)


def stats_pages(asked: Sequence[Asked], days: int) -> Pages:
    """What was asked in a server, refused and voted on, and what is asked that the corpus lacks."""
    refused = [each.question for each in asked if not each.answered]
    lines = [
        f"**{len(asked):,}** questions in {days} days, **{len(refused):,}** that the corpus does not answer",
        f"👍 {sum(each.up for each in asked):,} · 👎 {sum(each.down for each in asked):,}",
    ]
    for heading, questions in (
        ("Asked most", [each.question for each in asked]), ("Asked, and not in the corpus", refused),
        ("Found bad", [each.question for each in asked if each.down > each.up]),
    ):  # fmt: skip
        counted = Counter(" ".join(each.lower().strip("?!. ").split()) for each in questions).most_common(ASKED_SHOWN)
        if counted:
            lines += ["", f"**{heading}**"]
            lines += [
                f"- {escaped(one_line(text, 120))}{f' · {count}' if count > 1 else ''}" for text, count in counted
            ]
    return line_pages("Statistics", lines)


def _limit(count: int) -> str:
    return f"{count:,}" if count else "as many as they like"
