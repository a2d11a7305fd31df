"""What is taken out of a model's text: links, images, HTML, mentions, addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering.check.markup import bare, has_address, unmarked, visible_words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see [this page](https://evil.example/x) now", "see this page now"),
        ("see ![a cat](https://evil.example/x.png) now", "see now"),
        ("see https://evil.example/path?q=1 now", "see now"),
        ("see <https://evil.example> now", "see now"),
        ("see www.evil.example now", "see now"),
        ("see evil.com/login now", "see now"),
        ("write to me@evil.example now", "write to now"),
        ("hello @everyone", "hello everyone"),
        ("hello <@123456>", "hello"),
        ("in <#123456> and <@&99>", "in and"),
        ("<b>bold</b> and <script>x</script>", "bold and x"),
        ("javascript:alert here", "here"),
        ("a [ref][1] b", "a ref b"),
        ("**bold** and *italic* stay", "**bold** and *italic* stay"),
        ("4 < 5 and 6 > 5", "4 ‹ 5 and 6 › 5"),
        ("U.S. troops, e.g. 500", "U.S. troops, e.g. 500"),
    ],
)
def test_words_stay(text: str, expected: str) -> None:
    assert bare(text) == expected


def test_an_address_of_the_evidence_stays_as_text() -> None:
    assert bare("see nato.example now", lambda address: address == "nato.example") == "see nato.example now"


def test_what_nobody_sees_goes() -> None:
    assert visible_words("a\u200bb\u202ec\x00d\ue000e") == "abcde"


def test_full_width_letters_are_read_as_programs_read_them() -> None:
    assert bare(visible_words("see ＠ｅｖｅｒｙｏｎｅ at ｅｖｉｌ．ｃｏｍ now")) == "see everyone at now"


def test_marks_of_emphasis() -> None:
    assert unmarked("## A **b** _c_ ~~d~~ e_f") == "A b c d e_f"


def test_an_address_is_noticed() -> None:
    assert has_address("go to https://x.example")
    assert not has_address("NATO has 500 people in Iraq, U.S. sources say.")


@given(st.text(alphabet="[]()<>!@:/.*`~|ab1 \n", max_size=120))
def test_nothing_that_opens_a_page_or_calls_people_is_left(text: str) -> None:
    found = bare(text)
    assert "](" not in found
    assert "<" not in found
    assert "://" not in found or not has_address(found)
    assert "@a" not in found
