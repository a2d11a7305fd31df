"""Answers as pages: what they show, and that they keep Discord's limits whatever comes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import discord
import pytest

from bot.answering.links import text_fragment_link
from bot.discord_bot.embeds import (
    CONTENT_MOST,
    DESCRIPTION_MOST,
    EMBEDS_MOST,
    GREEN,
    GREY,
    MESSAGE_MOST,
    TITLE_MOST,
    answer_pages,
    contents_of,
    embed_size,
    line_pages,
    messages_of,
)
from bot.discord_bot.splitting import size
from bot.schema import Answer, Citation, Coverage, Question
from tests.fakes import article


def cited(number: int, name: str = "harbour", quote: str = "It cost 12 million euros.", **fields: object) -> Citation:
    made = article(name, id=f"{number:016x}", **fields)
    start = made.text.index(quote)
    link = text_fragment_link(made.url, made.text, start, start + len(quote)) if made.url else None
    return Citation(number, quote, start, start + len(quote), made, link)


def answer(**fields: object) -> Answer:
    given: dict[str, object] = {
        "question": Question("What did the harbour cost?"),
        "text": "The Post, 4 March 2024: “It cost 12 million euros.” [1]",
        "short": "12 million euros",
        "citations": (cited(1),),
        "as_of": date(2024, 3, 4),
        "confidence": 0.8,
    }
    return Answer(**(given | fields))  # type: ignore[arg-type]


def test_it_reads_like_this() -> None:
    (page,) = answer_pages(answer())
    assert page.title == "What did the harbour cost?"
    assert page.description == (
        "**12 million euros**\n\n"
        "“It cost **12 million euros**.”\n"
        "-# [The Post, 4 March 2024](https://post.example/harbour#:~:text=It%20cost%2012%20million%20euros.)"
    )
    assert page.footer.text == "As of 4 March 2024"
    assert page.colour == discord.Colour(GREEN)


def test_an_answer_fits_a_phone_and_a_list_is_whole() -> None:
    long = [cited(n, f"story{n}", f"Sentence {n} {'is long ' * 17}here.", text=f"Sentence {n} {'is long ' * 17}here.")
            for n in range(1, 6)]  # fmt: skip
    (page,) = answer_pages(answer(citations=tuple(long[:3]), short=None))
    assert page.description.count("“") == 1, "two would have 304 characters"
    assert page.description.endswith("\n\n-# 2 more behind **Sources**")
    few = tuple(cited(n, f"story{n}") for n in range(1, 4))
    assert answer_pages(answer(citations=few))[0].description.count("“") == 3
    for whole in (
        answer_pages(answer(citations=tuple(long), short=None)),
        answer_pages(answer(citations=tuple(long[:3]), short=None), claim="It is long"),
        answer_pages(answer(citations=tuple(long[:3]), short=None), whole=True),
    ):
        assert "more behind" not in whole[0].description


def test_copies_are_one_source() -> None:
    copies = tuple(article(f"copy{n}", source=f"Outlet {n}") for n in range(5))
    text = answer_pages(answer(citations=(replace(cited(1), also_in=copies),)))[0].description
    assert text.endswith(") · also in 5 outlets")
    one = answer_pages(answer(citations=(replace(cited(1), also_in=copies[:1]),)))[0].description
    assert one.endswith("· also in Outlet 0")


@pytest.mark.parametrize(("answered", "colour"), [(True, GREEN), (False, GREY)])
def test_the_colour_says_whether_the_corpus_answers(answered: bool, colour: int) -> None:
    assert answer_pages(answer(answered=answered))[0].colour == discord.Colour(colour)


def test_prose_has_the_origin_of_every_marker_in_one_small_line() -> None:
    (page,) = answer_pages(answer(text="It cost 12 million euros. [1]", model="some:model"))
    first, _, last = page.description.rpartition("\n\n")
    assert first.endswith("It cost **12 million euros**. [1]")
    assert last.startswith("-# [1] [The Post, 4 March 2024](https://post.example/harbour#:~:text=")
    assert page.footer.text == "As of 4 March 2024 · written by some:model, checked"


def test_a_statement_that_was_checked_is_no_headline_and_has_no_verdict() -> None:
    (page,) = answer_pages(answer(short=None), claim="It cost *nothing*")
    assert page.title == "Checked against the news"
    assert page.description.startswith(
        "> It cost \\*nothing\\*\n-# The nearest passages, not a verdict.\n\n“It cost 12"
    )


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", "4 March 2024"), ("de", "4. März 2024"), ("fr", "4 mars 2024"), ("es", "4 de marzo de 2024"),
        ("it", "4 marzo 2024"), ("nl", "4 maart 2024"), ("pt", "4 de março de 2024"),
    ],
)  # fmt: skip
def test_dates_are_in_the_servers_language(language: str, written: str) -> None:
    (page,) = answer_pages(answer(), language)
    assert f"-# [The Post, {written}](" in page.description
    assert written in (page.footer.text or "")


def test_a_refusal_is_grey_and_links_the_nearest_article() -> None:
    said = "The corpus does not say.\nIt covers 3 articles.\nNearest: “The harbour opens” (The Post, 4 March 2024)"
    (page,) = answer_pages(
        answer(answered=False, text=said, short=None, citations=(), as_of=None, nearest=cited(1), coverage=Coverage(3))
    )
    assert page.colour == discord.Colour(GREY)
    assert "Nearest: “[The harbour opens](https://post.example/harbour#:~:text=" in page.description
    assert page.description.endswith("-# Try other words, or `/latest` for what is new.")


def test_a_refusal_is_in_the_servers_language_of_dates_too() -> None:
    said = "It covers 3 articles, published from 10 April 2019 to 8 May 2025."
    coverage = Coverage(3, date(2019, 4, 10), date(2025, 5, 8))
    (page,) = answer_pages(answer(answered=False, text=said, short=None, citations=(), coverage=coverage), "fr")
    assert page.description.startswith("It covers 3 articles, published from 10 avril 2019 to 8 mai 2025.")


def test_an_article_without_a_date_or_an_address_says_so() -> None:
    text = answer_pages(answer(citations=(cited(1, published=None, url=None),), as_of=None))[0]
    assert text.description.endswith("-# The Post, date unknown")
    assert "unknown" in (text.footer.text or "")


def test_what_articles_and_people_write_is_harmless() -> None:
    trick = "@everyone [win](http://evil.example) discord.gg/abc <@123456789012345678> \u202e**x**"
    made = article("trick", f"{trick}\n\nIt cost 12 million euros.", title=trick, source=trick, id="0" * 16)
    start = made.text.index("It cost")
    citation = Citation(1, made.text[start:], start, len(made.text), made, made.url)
    pages = answer_pages(
        answer(
            question=Question(trick), text=f"{trick} [1]", short="12 million euros", citations=(citation,), model="m"
        )
    )
    shown = "\n".join(f"{page.title}\n{page.description}" for page in pages)
    assert "@everyone" not in shown
    assert "http://evil" not in shown
    assert "discord.gg" not in shown
    assert not re.search(r"(?<!\\)<@", shown)
    assert "\u202e" not in shown
    assert set(re.findall(r"(?<!\\)\]\(([^)]*)\)", shown)) == {"https://post.example/trick"}


def test_a_note_and_remarks_stand_below() -> None:
    (page,) = answer_pages(answer(note="The *model* was slow."), remarks=["**Changed**\n- a"])
    assert page.description.endswith("-# The \\*model\\* was slow.\n\n**Changed**\n- a")


@pytest.mark.parametrize("count", [1, 3, 12, 40, 150])
def test_every_marker_resolves_however_many(count: int) -> None:
    citations = tuple(
        cited(n, f"story{n}", title=f"The {'long ' * 15}title of story number {n}") for n in range(1, count + 1)
    )
    text = " ".join(
        f"Sentence number {n} says that it cost something, and why that is so. [{n}]" for n in range(1, count + 1)
    )
    pages = answer_pages(answer(text=text, short=None, citations=citations, model="openai:some"))
    shown = "\n".join(page.description for page in pages)
    assert {int(n) for n in re.findall(r"(?:^-#|·) \[(\d+)\] \[", shown, re.M)} == set(range(1, count + 1))
    check_limits(pages)
    contents = contents_of(pages)
    assert all(size(each) <= CONTENT_MOST for each in contents)
    assert {int(n) for n in re.findall(r"(?:^-#|·) \[(\d+)\] \[", "\n".join(contents), re.M)} == set(
        range(1, count + 1)
    )


@pytest.mark.parametrize("length", [4000, 4095, 4096, 4097, 5000, 20_000])
def test_long_answers_keep_the_limits(length: int) -> None:
    text = ("It rose by 5% in the spring, and the minister said why. " * 500)[: length - 4] + " [1]"
    pages = answer_pages(answer(text=text, short=None, model="m", question=Question("why " * 400)))
    check_limits(pages)
    assert "[1]" in "".join(page.description for page in pages)
    for page in pages[1:]:
        assert page.description.startswith(("It r", "[1]", "-# [1]"))


def check_limits(pages: list) -> None:  # type: ignore[type-arg]
    for page in pages:
        assert 0 < size(page.description) <= DESCRIPTION_MOST
        assert size(page.title or "") <= TITLE_MOST
    for run in messages_of(pages):
        assert len(run) <= EMBEDS_MOST
        assert sum(map(embed_size, run)) <= MESSAGE_MOST
    assert [page for run in messages_of(pages) for page in run] == pages


def test_an_address_too_long_for_a_message_gives_way_to_the_articles_own() -> None:
    long = replace(cited(1), link="https://post.example/harbour#:~:text=" + "%C3%A4" * 400)
    text = answer_pages(answer(citations=(long,)))[0].description
    assert "[The Post, 4 March 2024](https://post.example/harbour)" in text


def test_lists_keep_their_lines_whole() -> None:
    lines = [f"- line {n} " + "x" * 300 for n in range(60)]
    pages = line_pages("Title", lines)
    assert len(pages) > 3
    assert "\n".join(page.description for page in pages).split("\n") == lines
