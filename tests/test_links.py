"""A link's text fragment marks the quote, and nothing else, by the rules of Scroll to Text Fragment."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering.links import CONTEXT_WORDS, WHOLE_QUOTE_CHARS, text_fragment_link

URL = "https://news.example/a"
DIRECTIVE = re.compile(r"^(?:(?P<prefix>[^,]+)-,)?(?P<start>[^,]+?)(?:,(?P<end>[^,-][^,]*?))?(?:,-(?P<suffix>[^,]+))?$")


def directive(text: str, quote: str, occurrence: int = 0) -> str:
    start = [found.start() for found in re.finditer(re.escape(quote), text)][occurrence]
    link = text_fragment_link(URL, text, start, start + len(quote))
    assert link.startswith(URL + "#:~:text=")
    return link.removeprefix(URL + "#:~:text=")


def parts(written: str) -> dict[str, str]:
    match = DIRECTIVE.match(written)
    assert match is not None
    return {name: unquote(value) for name, value in match.groupdict().items() if value}


def test_a_short_quote_is_given_whole() -> None:
    assert directive("First. The tower fell. Last.", "The tower fell.") == "The%20tower%20fell."


def test_what_has_a_meaning_in_a_directive_is_encoded() -> None:
    text = "Half-hearted, he said: 5% & “more” – naïve?"
    written = directive(text, text)
    assert not set(written) & set(" ,-&?#“”–ï")
    assert unquote(written) == text


def test_a_long_quote_is_given_by_its_edges() -> None:
    text = " ".join(f"word{number}" for number in range(200))
    quote = text[: text.index(" word150")]
    assert len(quote) > WHOLE_QUOTE_CHARS
    assert parts(directive(text, quote)) == {
        "start": "word0 word1 word2 word3 word4",
        "end": "word145 word146 word147 word148 word149",
    }


def test_a_quote_over_paragraphs_is_given_by_its_edges() -> None:
    text = "One two three.\n\nFour five six."
    assert parts(directive(text, text)) == {"start": "One two three.", "end": "Four five six."}


def test_a_quote_that_recurs_gets_context() -> None:
    text = "In May he left the house. It was late. In June she came back home. It was late. Nobody slept."
    assert directive(text, "It was late.", 0) == "It%20was%20late."
    second = parts(directive(text, "It was late.", 1))
    assert second["start"] == "It was late."
    assert second["prefix"] == "she came back home."
    assert len(second["prefix"].split()) == CONTEXT_WORDS


def test_context_may_stand_in_the_paragraph_before() -> None:
    text = "It was late.\n\nThe guests were gone.\n\nIt was late."
    assert parts(directive(text, "It was late.", 1))["prefix"] == "The guests were gone."


def test_words_of_the_same_paragraph_are_context_before_those_of_another() -> None:
    """On the page a caption may stand between paragraphs."""
    text = "It was late. Al slept.\n\nThe guests were gone.\n\nIt was late. Bo sang."
    assert parts(directive(text, "It was late.", 1)) == {"start": "It was late.", "suffix": "Bo sang."}


def test_a_quote_in_another_alphabet_is_given_by_its_edges_sooner() -> None:
    text = " ".join(f"слово{number}" for number in range(30))
    assert len(text) < WHOLE_QUOTE_CHARS
    assert parts(directive(f"До. {text} После.", text))["end"] == "слово25 слово26 слово27 слово28 слово29"


def test_where_no_blanks_stand_between_words_edges_end_with_a_mark() -> None:
    text = "".join(f"第{number}天船员航行了很久，看见了别的船。" for number in range(30))
    found = parts(directive(text, text))
    assert found["start"].endswith(("，", "。"))
    assert found["end"].endswith("。")
    assert len(found["start"]) + len(found["end"]) < 120


def test_a_long_run_without_blanks_is_given_whole() -> None:
    text = "x" * (WHOLE_QUOTE_CHARS + 50)
    assert parts(directive(f"Before {text} after", text)) == {"start": text}


def test_a_match_inside_a_word_is_no_match() -> None:
    text = "The cartoon art is here and the art is good."
    assert parts(directive(text, "art is good"))["start"] == "art is good"


def test_line_breaks_within_a_quote() -> None:
    written = parts(directive("Before. A quote\nthat wraps. After.", "A quote\nthat wraps."))
    assert written == {"start": "A quote", "end": "that wraps."}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://n.example/a#top", "https://n.example/a#top:~:text=Yes."),
        ("https://n.example/a?x=1", "https://n.example/a?x=1#:~:text=Yes."),
        ("https://n.example/a#top:~:text=Old", "https://n.example/a#top:~:text=Yes."),
        ("HTTP://n.example/", "HTTP://n.example/#:~:text=Yes."),
        ("ftp://n.example/a", "ftp://n.example/a"),
        ("javascript:alert(1)", "javascript:alert(1)"),
    ],
)
def test_addresses(url: str, expected: str) -> None:
    assert text_fragment_link(url, "Yes.", 0, 4) == expected


def test_an_empty_quote_leaves_the_address() -> None:
    assert text_fragment_link(URL, "a  b", 1, 3) == URL


@given(text=st.text(alphabet="ab c.,-\n", min_size=1, max_size=60), data=st.data())
def test_the_parts_are_the_quotes_own_words(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    link = text_fragment_link(URL, text, start, end)
    if link != URL:
        found = parts(link.partition(":~:text=")[2])
        quote = " ".join(text[start:end].split())
        assert quote.startswith(found["start"])
        assert quote.endswith(found.get("end", found["start"]))
