"""What of a passage is embedded: words that carry the matter, in English; everything elsewhere."""

from __future__ import annotations

import pytest

from bot.corpus.embedded_text import document
from bot.schema import Article, Passage


def embedded(text: str, *, language: str | None = "en", content_words: bool = True) -> str:
    article = Article(title="The storm at the coast", text=text, language=language, id="a")
    return document(Passage("a.0.0", article, 0, len(text)), content_words=content_words)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("It was the worst flood in 40 years, officials said.", "worst flood 40 years officials"),
        ("The mayor’s plan will cost $4.5 billion (up 12%).", "mayor plan cost $4.5 billion 12%"),
        ("No one was hurt without warning; it did not rain.", "No one hurt without warning not rain"),
        ("The storm hit the US coast; storm warnings didn't reach us.", "storm hit US coast warnings not reach"),
        ("More than 1,200 left-wing voters met at 18:30.", "1,200 left wing voters met 18:30"),
    ],
)
def test_function_words_and_punctuation_are_left_out(text: str, kept: str) -> None:
    assert embedded(text) == kept
    assert embedded(text, language=None) == kept


def test_other_languages_and_other_ways_keep_every_word() -> None:
    text = "It was the worst flood in 40 years."
    assert embedded(text, content_words=False) == f"The storm at the coast\n{text}"
    assert embedded("Die Flut war die schlimmste.", language="de").endswith("\nDie Flut war die schlimmste.")


def test_a_passage_of_function_words_alone_is_embedded_as_it_is() -> None:
    article = Article(title="The", text="It is.", language="en", id="a")
    assert document(Passage("a.0.0", article, 0, 6), content_words=True) == "The\nIt is."
