"""Lines for a terminal and values for JSON: complete, wrapped, and without anything that steers a terminal.

The answers are written by hand.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.corpus.catalog.feeds import Run
from bot.corpus.corpus import IndexStatus, Status
from bot.render import (
    Flow,
    Screen,
    also_in,
    answer_lines,
    counts_line,
    day,
    headline,
    hit_json,
    hit_lines,
    listed_line,
    plain,
    status_json,
    status_lines,
    wrapped,
    writing_line,
)
from bot.schema import Answer, Article, Citation, Coverage, Hit, Passage, Question, Removed, Usage
from tests.fakes import article

EVIL = "\x1b[2J\x1b]0;owned\x07\u202egnp.exe\u2066 \x9b31m\rback"


def answer(about: Article, **fields: object) -> Answer:
    quote = about.text[:22]
    citation = Citation(1, quote, 0, 22, about, (about.url or "") + "#:~:text=x", (article("b", source="B"),))
    given: dict[str, object] = {
        "question": Question("When did it open?"),
        "text": f"{quote} [1]",
        "short": quote[-6:],
        "citations": (citation,),
        "as_of": about.published,
        "confidence": 0.87654,
        "seconds": 0.012345,
        "coverage": Coverage(2, date(2024, 3, 4), date(2024, 3, 5)),
    }
    return Answer(**(given | fields))  # type: ignore[arg-type]


def hit(about: Article) -> Hit:
    passage = Passage("p.0.0", about, 0, len(about.text))
    return Hit(passage, 1.23456, {"lexical": 0.5, "dense": 0.73456}, (article("b", source="B"),))


def test_an_answer_for_a_terminal() -> None:
    about = article()
    lines = list(answer_lines(answer(about)))
    text = "\n".join(lines)
    assert lines[0] == about.text[16:22]
    assert "The harbour opened on " in text
    assert "As of 4 March 2024" in lines
    assert f"[1] {about.title} · The Post · 4 March 2024 · also in B" in lines
    assert f"    {about.url}" in lines, "short, where it cannot be clicked"
    assert f"    {about.url}#:~:text=x" in list(answer_lines(answer(about), Screen(verbose=True)))
    assert "\x1b" not in text


def test_colour_adds_nothing_but_colour() -> None:
    made = answer(article())
    coloured = "\n".join(answer_lines(made, Screen(colour=True)))
    assert "\x1b[1m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == "\n".join(answer_lines(made))
    assert coloured.count("\x1b[0m") * 2 == coloured.count("\x1b["), "every style ends"


LINK = re.compile(r"\x1b\]8;;([^\x1b]*)\x1b\\(.*?)\x1b\]8;;\x1b\\")


def test_links_are_in_the_text_where_a_terminal_shows_them() -> None:
    about = article(title="The harbour opens again, as nobody had thought")
    screen = Screen(links=True, width=50)
    lines = list(answer_lines(answer(about), screen))
    linked = [found for line in lines if (found := LINK.fullmatch(line))]
    assert {found[1] for found in linked} == {f"{about.url}#:~:text=x"}
    assert " ".join(found[2].strip() for found in linked) == f"[1] {about.title} · The Post · 4 March 2024 · also in B"
    assert not [line for line in lines if line.strip().startswith("https://")], "no address stands below"
    assert LINK.search(next(hit_lines(1, hit(about), screen)))
    assert LINK.search(listed_line(about, screen))
    assert listed_line(about) == f"2024-03-04  {about.title} · The Post  {about.url}"
    assert listed_line(article(url=None, id="3f9a")).endswith("The Post  3f9a"), "what newsbot show takes"
    evil = article(url=f"https://x.example/{EVIL} ü")
    assert LINK.search(listed_line(evil, screen))[1].isascii()  # type: ignore[index]
    assert LINK.sub("", listed_line(evil, screen)).isprintable()


def test_an_article_that_is_quoted_often_is_listed_once() -> None:
    about, other = article(), article("b", source="B")
    link = (about.url or "") + "#:~:text="
    citations = (
        Citation(1, about.text[:22], 0, 22, about, link + "a"),
        Citation(2, other.text[:5], 0, 5, other, other.url),
        Citation(3, about.text[:9], 0, 9, about, link + "b"),
    )
    made = answer(about, citations=citations)
    lines = list(answer_lines(made))
    start = lines.index(f"[1] [3] {about.title} · The Post · 4 March 2024")
    assert lines[start + 1 : start + 3] == [f"    {about.url}", f"[2] {headline(other)}"]
    assert lines.count(f"    {about.url}") == 1
    assert [line for line in answer_lines(made, Screen(verbose=True)) if link in line] == [
        f"    {link}a",
        f"    {link}b",
    ], "each quote has an address of its own"
    clickable = list(answer_lines(made, Screen(links=True)))[start]
    assert [found[0] for found in LINK.findall(clickable)] == [f"{link}a", f"{link}b", f"{link}a"]
    assert LINK.sub(r"\2", clickable) == lines[start]


def test_lines_fit_a_narrow_terminal() -> None:
    for line in answer_lines(answer(article(), note="The chat model did not answer in time, alas."), Screen(width=24)):
        assert len(line) <= 24 or "https://" in line, line


def test_a_refusal_for_a_terminal() -> None:
    made = answer(
        article(), answered=False, short=None, citations=(), as_of=None, text="No.\nTwo articles.", reason="No."
    )
    assert list(answer_lines(made, Screen(colour=True))) == ["No.", "Two articles."]


def test_nothing_steers_the_terminal() -> None:
    evil = article("x", f"The {EVIL} opened. " * 3, title=EVIL, source=EVIL, url=f"https://x.example/{EVIL}")
    status = Status(Path("data"), Coverage(1), {"copies": 0, "undated": 1, "passages": 2}, {EVIL: 1}, None, ())
    lines = [
        *answer_lines(answer(evil, text=EVIL, short=EVIL)),
        *hit_lines(1, hit(evil)),
        *status_lines(status, "m"),
    ]
    assert len(lines) > 8
    for line in lines:
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", line), repr(line)


def test_plain_keeps_what_people_write() -> None:
    text = "São Tomé — “5 %” 字 🎈 עברית\nnext\tline"
    assert plain(text) == text
    assert plain(EVIL) == "[2J]0;ownedgnp.exe 31mback"


def test_json_of_an_answer_holds_the_contract() -> None:
    about = article()
    found = json.loads(json.dumps(answer(about).to_dict(), ensure_ascii=False))
    contract = {
        "question", "answered", "text", "short", "as_of", "citations", "model", "seconds", "reason", "coverage",
    }  # fmt: skip
    assert contract <= found.keys()
    assert found["as_of"] == "2024-03-04"
    assert found["confidence"] == 0.877
    assert found["coverage"] == {"articles": 2, "first": "2024-03-04", "last": "2024-03-05"}
    (citation,) = found["citations"]
    assert {
        "number", "quote", "url", "link", "title", "source", "published", "article_id", "start", "end", "also_in",
    } <= citation.keys()  # fmt: skip
    assert about.text[citation["start"] : citation["end"]] == citation["quote"]
    assert citation["also_in"] == [{"source": "B", "url": "https://post.example/b", "title": "The b opens"}]


def test_json_of_a_refusal_names_the_nearest() -> None:
    made = answer(article())
    refusal = answer(article(), answered=False, citations=(), as_of=None, reason="Not here.", nearest=made.citations[0])
    found = refusal.to_dict()
    assert (found["answered"], found["reason"], found["as_of"]) == (False, "Not here.", None)
    assert found["nearest"]["title"] == "The harbour opens"


def test_an_answer_in_short_is_its_text_and_its_sources() -> None:
    made = answer(article(), text="It opened. [1]")
    assert str(made).splitlines() == [
        "It opened. [1]",
        "",
        "[1] The harbour opens · The Post · 2024-03-04 · https://post.example/harbour",
    ]
    assert str(answer(article(), text="Nothing here says.", answered=False, citations=())) == "Nothing here says."
    dateless = answer(article(published=None, url=None))
    assert str(dateless).endswith("[1] The harbour opens · The Post · date unknown")


def test_a_hit_in_both_forms() -> None:
    lines = list(hit_lines(3, hit(article())))
    assert lines[0] == "3. The harbour opens · The Post · 4 March 2024 · also in B"
    assert lines[1] == "   https://post.example/harbour"
    assert list(hit_lines(3, hit(article()), Screen(verbose=True)))[1] == "   1.235 (lexical 0.50, dense 0.73)"
    assert lines[-1] == ""
    found = hit_json(hit(article()))
    assert found["text"] == article().text
    assert found["parts"] == {"lexical": 0.5, "dense": 0.7346}
    assert found["published"] == "2024-03-04"


def test_unknown_days_and_outlets_are_said_to_be_unknown() -> None:
    bare = article(published=None, source=None, url=None, origin="page.txt")
    assert headline(bare) == "The harbour opens · source unknown · date unknown"
    assert list(hit_lines(1, hit(bare)))[1].endswith("page.txt")
    assert day(date(2020, 2, 12)) == "12 February 2020"


@pytest.mark.parametrize(
    ("outlets", "said"),
    [([], ""), (["B"], " · also in B"), (["B", "B"], " · also in B"), (["B", "C", "D"], " · also in 3 outlets")],
)
def test_copies_are_counted_by_outlet(outlets: list[str], said: str) -> None:
    assert also_in([article(str(n), source=name) for n, name in enumerate(outlets)]) == said


def test_wrapping_keeps_long_addresses_whole() -> None:
    address = "https://post.example/" + "a" * 150
    lines = wrapped(f"See {address} for the well-known rest of it", 40, indent="  ")
    assert "  " + address in lines
    assert all(line.startswith("  ") for line in lines)
    assert all(len(line) <= 40 for line in lines if address not in line)
    assert wrapped("", 40) == [""]


def test_counts_keep_their_order_and_zeros() -> None:
    assert counts_line({"new": 1200, "changed": 0, "failed": 1}) == "1,200 new, 0 changed, 1 failed"


def test_status_in_both_forms() -> None:
    started = datetime(2024, 3, 4, 5, 6, tzinfo=UTC)
    status = Status(
        Path("data"),
        Coverage(1234, date(2020, 1, 1), date(2024, 3, 4)),
        {"articles": 1234, "copies": 3, "undated": 5, "passages": 9000},
        {f"Outlet {n}": 100 - n for n in range(25)} | {"": 1},
        Run(started, None, {}),
        (IndexStatus("BM25 index", 0, {"index": "tantivy"}), IndexStatus("vector index", 7, {"model": "m"})),
    )
    lines = list(status_lines(status, "all-MiniLM-L6-v2"))
    text = "\n".join(lines)
    assert "1,234, 1 January 2020 to 4 March 2024" in text
    assert "3 copies of others, 5 without a date" in text
    assert re.search(r"^BM25 index +up to date$", text, re.MULTILINE)
    assert re.search(r"^Vector index +7 changes behind$", text, re.MULTILINE)
    assert "cut short" in text
    values = [re.search(r"^\S+( \S+)? {2,}(?=\S)|^ +(?=\S)", line) for line in lines[: lines.index("Sources")]]
    assert {found.end() for found in values if found} == {14}, "values stand in one column"
    assert "and 6 more" in text
    found = json.loads(json.dumps(status_json(status, "m")))
    assert found["indexes"][1] == {"name": "vector index", "behind": 7, "make": {"model": "m"}}
    assert found["last_ingest"] == {"started_at": started.isoformat(), "finished_at": None, "counts": {}}
    assert len(found["sources"]) == 26


def test_only_the_short_answer_itself_is_bold() -> None:
    made = article("bridge", "Since 2015, the 5 bridges cost 5.5 million euros.")
    quote = made.text
    citation = Citation(5, quote, 0, len(quote), made, None)
    answer = Answer(question=Question("How many bridges?"), text=f"“{quote}” [5]", short="5", citations=(citation,))
    shown = "\n".join(answer_lines(answer, Screen(colour=True)))
    assert "Since 2015, the \x1b[1m5\x1b[0m bridges cost 5.5 million" in shown
    assert "[5]" in shown


def test_counts_are_read_as_words() -> None:
    assert counts_line({"new": 1, "copy": 2}) == "1 new, 2 copies"
    assert counts_line({"new": 0, "copy": 1}) == "0 new, 1 copy"


def test_who_wrote_an_answer_is_told() -> None:
    quoted = answer(article())
    assert writing_line(quoted) == ""
    written = replace(quoted, model="openai:any", removed=(Removed("x", "y"),), usage=Usage(1200, 30, 1, 0.5, 0.00123))
    assert writing_line(written) == (
        "Written by openai:any, checked against the articles; 1 piece of its reply removed "
        "(1,200 tokens read, 30 written, $0.0012)."
    )
    noted = replace(quoted, note="The chat model did not answer in time,\x1b[31m so this answer is made of quotes.")
    assert list(answer_lines(noted))[-1].endswith("in time,[31m so this answer is made of quotes.")
    found = written.to_dict()
    assert found["removed"] == [{"text": "x", "reason": "y"}]
    assert found["usage"] == {
        "input_tokens": 1200, "output_tokens": 30, "calls": 1, "seconds": 0.5, "cost_usd": 0.00123,
    }  # fmt: skip


def test_text_flows_as_it_grows() -> None:
    flow = Flow(width=12)
    printed = flow.add("One two three") + flow.add(" four [1].") + flow.add("[2]\n\nfive six") + flow.add(" seven")
    assert printed == "One two\nthree four\n[1].[2]\n\nfive six\nseven"
