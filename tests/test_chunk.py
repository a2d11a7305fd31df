"""Passages: whole sentences, exact offsets, even lengths."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.schema import Span
from bot.text.sentences import sentences
from ingest.chunk import PASSAGE_CHARS, SENTENCE_CHARS_MAX, chunk


def passages(text: str, **options: int) -> list[str]:
    return [text[span.start : span.end] for span in chunk(text, **options)]


def paragraph(number: int, count: int = 3) -> str:
    return " ".join(f"Sentence {i} of paragraph {number} says a thing or two about it." for i in range(count))


def test_a_short_article_is_one_passage_without_white_space_around_it() -> None:
    assert passages("  It rained.\n\nIt stopped.\n ") == ["It rained.\n\nIt stopped."]


def test_passages_are_even_and_never_too_long() -> None:
    text = "\n\n".join(paragraph(i) for i in range(9))
    lengths = [len(passage) for passage in passages(text)]
    assert max(lengths) <= PASSAGE_CHARS
    assert min(lengths) > PASSAGE_CHARS / 3  # no tiny one at the end


def test_breaks_fall_between_paragraphs_where_they_can() -> None:
    text = "\n\n".join(paragraph(i, 6) for i in range(6))
    for passage in passages(text):
        assert passage.startswith("Sentence 0 ")


def test_a_crosshead_stays_with_what_follows() -> None:
    text = "\n\n".join(
        [paragraph(0, 5), paragraph(1, 5), "What comes next", paragraph(2, 5), "Why it matters", paragraph(3, 5)]
    )
    found = passages(text)
    assert len(found) > 1
    for passage in found:
        assert not passage.endswith(("What comes next", "Why it matters"))


def test_a_long_sentence_stays_whole() -> None:
    long = "He spoke of " + ", ".join(f"the river number {i}" for i in range(60)) + "."
    assert PASSAGE_CHARS < len(long) < SENTENCE_CHARS_MAX
    assert long in passages(f"It began well.\n\n{long}\n\nIt ended.")


def test_an_endless_sentence_is_cut_behind_a_clause_or_a_word() -> None:
    listed = ", ".join(f"item number {i}" for i in range(500))
    for passage in passages(listed)[:-1]:
        assert passage.endswith(",")
    words = "word " * 1000
    assert {len(passage) % 5 for passage in passages(words)} == {4}
    assert sum(len(passage) for passage in passages("x" * 5000)) == 5000


def test_dropped_spans_are_in_no_passage_and_part_what_surrounds_them() -> None:
    text = "It rained in the hills.\n\nSign up for our newsletter\n\nThe river rose. It fell again."
    start = text.index("Sign")
    drop = [Span(start, start + len("Sign up for our newsletter"))]
    assert [text[s.start : s.end] for s in chunk(text, drop=drop)] == [
        "It rained in the hills.",
        "The river rose. It fell again.",
    ]
    assert chunk(text, drop=[Span(0, len(text))]) == []


def test_a_dropped_sentence_inside_a_paragraph() -> None:
    text = "It rained. Follow us on X. It stopped."
    at = text.index("Follow")
    assert [text[s.start : s.end] for s in chunk(text, drop=[Span(at, at + 16)])] == ["It rained.", "It stopped."]


def test_empty_text_has_no_passages() -> None:
    assert chunk("") == chunk("\n\n ") == []


def test_a_passage_must_have_room() -> None:
    with pytest.raises(ValueError, match="passage_chars"):
        chunk("It rained.", passage_chars=0)


WORDS = st.sampled_from(
    ["It rained. ", "A headline\n\n", "He said no; she said yes, ", "word ", "\n\n", "Stop! ", "x" * 300, "1. "]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, max_size=60).map("".join), st.integers(1, 900))
def test_every_character_is_in_exactly_one_passage_and_sentences_stay_whole(text: str, passage_chars: int) -> None:
    spans = chunk(text, passage_chars=passage_chars)
    end = 0
    for span in spans:
        assert text[end : span.start].strip() == ""
        assert text[span.start : span.end] == text[span.start : span.end].strip() != ""
        end = span.end
    assert text[end:].strip() == ""
    starts = {span.start for span in spans}
    for sentence in sentences(text):
        if sentence.end - sentence.start <= SENTENCE_CHARS_MAX:
            assert not any(sentence.start < start < sentence.end for start in starts)
    assert chunk(text, passage_chars=passage_chars) == spans
