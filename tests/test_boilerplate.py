"""Boilerplate: prompts are known, furniture is learned, facts stay."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import CorpusError
from bot.schema import Span
from ingest.boilerplate import RECURRING_ARTICLES, WINDOW_ARTICLES, Boilerplate, without
from ingest.read.boilerplate_lines import is_prompt

BOX = "The Morning Heron is a daily letter about the coast and those who live there."


def article(number: int, *extra: str) -> str:
    return "\n\n".join([f"Story {number} tells of a thing that nobody else has told before.", *extra])


@pytest.mark.parametrize(
    "line",
    [
        "Sign up for our newsletter",
        "SPORTS: Sign up now to get headlines in your inbox",
        "Get the day's best stories delivered straight to your inbox.",
        "Follow Ada Cole on Twitter: @adacole",
        "Contact Bo Dunn at bdunn@example.com.",
        "Read more",
        "READ MORE: What the mayor knew",
        "Related: A bridge too old",
        "Advertisement",
        "Story continues below advertisement",
        "1. How relevant is this ad to you?",
        "Video player was slow to load content",
        "This story has been updated with additional details.",
        "Share this article",
        "Support local journalism.",
        "All rights reserved.",
        "Abonnieren Sie jetzt unseren Newsletter",
        "Lire aussi : la crue",
    ],
)
def test_prompts(line: str) -> None:
    assert is_prompt(line)
    assert Boilerplate().spans(f"It rained.\n\n{line}\n\nIt stopped.") == [Span(12, 12 + len(line))]


@pytest.mark.parametrize(
    "line",
    [
        "The newsletter of the parish was founded in 1902.",
        "She signed up for the army in 1941.",
        "Twitter said on Friday that it would follow the rules.",
        "He shared the article with his lawyer, the court heard.",
        "Advertisement spending fell by a fifth.",
        "Related costs rose to 3 million.",
        "The police asked witnesses to contact them at once.",
        "More than 40 people read the will.",
        "The story has been updated for the stage by two students.",
        "Support for journalism fell, the survey found.",
        "Watch it burn, he told the crowd before he ran.",
        "See more than 6,000 instruments from every corner of the globe.",
        "OK.",
        "___",
    ],
)
def test_news_is_no_prompt(line: str) -> None:
    assert not is_prompt(line)
    assert Boilerplate().spans(line) == []


def test_a_prompt_inside_a_paragraph_takes_no_news_along() -> None:
    text = "The bridge is closed. Sign up for our newsletter here. It will open in May."
    assert without(text, Boilerplate().spans(text)) == "The bridge is closed.\n\nIt will open in May."


def test_a_recurring_paragraph_is_learned_and_a_background_one_is_not() -> None:
    learned = Boilerplate()
    background = "The dam broke in 1974, when more than forty people in the valley below were killed."
    for number in range(RECURRING_ARTICLES):
        text = article(number, *([background] if number % 2 else []), BOX)
        learned.observe(text)
        box = text.index(BOX)
        expected = [Span(box, box + len(BOX))] if number == RECURRING_ARTICLES - 1 else []
        assert learned.spans(text) == expected
    # Case, spaces and punctuation of the box do not matter.
    assert learned.spans(f"New.\n\n{BOX.upper()}!") != []


def test_recurring_crossheads_stay() -> None:
    learned = Boilerplate()
    for number in range(3 * RECURRING_ARTICLES):
        learned.observe(article(number, "What we know", "Delaware"))
    assert learned.spans(article(99, "What we know", "Delaware")) == []


def test_a_paragraph_counts_once_an_article() -> None:
    learned = Boilerplate()
    learned.observe("\n\n".join([BOX] * 50))
    assert learned.spans(BOX) == []


def test_going_on_from_the_state_is_like_never_having_stopped() -> None:
    texts = [article(i, BOX) if i % 3 else article(i % 7) for i in range(WINDOW_ARTICLES + 40)]
    whole, stopped = Boilerplate(), Boilerplate()
    for text in texts:
        whole.observe(text)
        stopped = Boilerplate(stopped.state)
        stopped.observe(text)
        assert stopped.spans(text) == whole.spans(text)
    assert stopped.state == whole.state
    assert stopped.articles == len(texts)


def test_the_state_stays_small_and_keeps_what_recurs() -> None:
    learned = Boilerplate()
    for number in range(4 * WINDOW_ARTICLES):
        learned.observe(article(number, BOX) if number % 20 == 0 else article(number))
    assert len(learned.state) < 16 * 2 * WINDOW_ARTICLES
    assert learned.spans(BOX) == [Span(0, len(BOX))]


@pytest.mark.parametrize("state", [b"x", b"bp01", b"bp99" + bytes(8), Boilerplate().state + b"more"])
def test_a_foreign_state_is_refused(state: bytes) -> None:
    with pytest.raises(CorpusError, match="another version"):
        Boilerplate(state)


def test_a_page_of_nothing_but_prompts_is_empty() -> None:
    text = "Read more\n\nAdvertisement\n\nSign up for our newsletter"
    assert without(text, Boilerplate().spans(text)) == ""


LINES = st.sampled_from(["It rained.", BOX, "Read more", "Sign up for our newsletter.", "\n", "  ", "\ud800 lone"])


@settings(max_examples=100, deadline=None)
@given(st.lists(LINES, max_size=12).map("\n\n".join) | st.text(max_size=120))
def test_spans_are_in_order_and_apart(text: str) -> None:
    learned = Boilerplate()
    for _ in range(RECURRING_ARTICLES):
        learned.observe(text)
    end = 0
    for span in learned.spans(text):
        assert end <= span.start < span.end <= len(text)
        end = span.end
