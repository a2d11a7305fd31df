"""Foreign text is harmless in Discord, and reads as it was written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.wording.markdown import (
    LINK_CHARS_MOST,
    ZERO_WIDTH_SPACE,
    escaped,
    link_address,
    masked_link,
    one_line,
    plain,
    unescaped,
)

TRICKS = [
    "@everyone look", "@here", "<@123456789012345678>", "<@!123456789012345678>", "<@&123456789012345678>",
    "<#123456789012345678>", "<t:1700000000:R>", "</ask:123456789012345678>", "<:party:123456789012345678>",
    "[click](http://evil.example)", "[click](<http://evil.example>)", "[1](http://evil.example)",
    "[https://good.example](http://evil.example)", "http://evil.example/x",
    "HTTPS://evil.example", "éhttps://evil.example", "xdiscord.gg/abc",
    "ftp://evil.example",
    "steam://run/1", "mailto:a@b.example", "discord.gg/abc", "Discord.com/invite/abc", "discordapp.com/invite/abc",
    "**bold** __under__ ~~gone~~ ||spoiler|| *it* _it_ `code`", "```py\ncode\n```", "# heading", "## heading",
    "-# small", "> quote", ">>> quote", "- list", "* list", "+ list", "1. list", "12) list", "\\*not\\*", "a_b_c",
    "line\n# heading\n> quote", "\u202egpj.exe\u202c", "\u2067rtl\u2069", "zero\u200bwidth", "\ue000private",
    "a\x00b\x1bc", "tab\there",
]  # fmt: skip
LIVE = [
    r"(?<!\\)\[[^\]]*\]\(", r"(?<!\\)<[@#:/ta]", r"@(everyone|here)", r"@[!&]?\d", r"https?://",
    r"(?i)discord(app)?\.(gg|com)",
    r"(?<!\\)[*_~`|]", r"(?m)^(#|>|-[# ]|\+ |\d+[.)] )", r"[\u202a-\u202e\u2066-\u2069\u200e\u200f\ue000\x00\x1b]",
]  # fmt: skip
"""What would do something in Discord: links, mentions, times, invites, markup, turned writing."""


@pytest.mark.parametrize("text", TRICKS)
def test_no_trick_is_live(text: str) -> None:
    shown = escaped(text, frozenset({1}))
    for live in LIVE:
        assert not re.search(live, shown), (live, shown)


@given(
    st.text(alphabet=st.sampled_from("ab1 \n@#*_~`|[]()<>:/.\\-+>!&\u202e\u200beverymailtohttpsdiscordgg"), max_size=60)
)
def test_nothing_made_of_tricks_is_live(text: str) -> None:
    shown = escaped(text)
    for live in LIVE:
        assert not re.search(live, shown), (live, shown)


@given(st.text(max_size=200))
def test_escaping_can_be_taken_back(text: str) -> None:
    assert unescaped(escaped(text)) == plain(text)


def test_plain_words_stay_as_they_are() -> None:
    said = "In 2024, 5% of Türkiye’s trade (about $9.6 billion) – says the “Post”; see p. 3: fine!\nHe left at 10:30."
    assert escaped(said) == said


def test_own_markers_stay_and_are_never_links() -> None:
    assert escaped("It rose [1][2] (again).", frozenset({1, 2})) == "It rose [1][2] (again)."
    assert escaped("It rose [3].", frozenset({1})) == r"It rose \[3\]."
    assert not re.search(r"(?<!\\)\]\(", escaped("It rose [1](http://evil.example)", frozenset({1})))


def test_joiners_of_scripts_and_emoji_stay() -> None:
    persian, family = "می\u200cخواهم", "👩\u200d👧"
    assert plain(persian + family) == persian + family


def test_one_line_is_one_line_and_says_where_it_was_cut() -> None:
    assert one_line("a\n\n b\tc", 10) == "a b c"
    assert one_line("abcdef", 4) == "abc…"


# Links


def test_a_title_cannot_end_its_link() -> None:
    shown = masked_link("Why] (this) [matters](http://evil.example)", "https://post.example/a")
    assert shown.count("](") == 1
    assert shown.endswith("](https://post.example/a)")
    assert "http://evil" not in shown
    assert "https://" not in masked_link("https://good.example", "https://post.example/a").split("](")[0]


@pytest.mark.parametrize(
    ("stored", "linked"),
    [
        ("https://post.example/a_(b)", "https://post.example/a_%28b%29"),
        ("https://post.example/a b", "https://post.example/a%20b"),
        ("https://post.example/a>b<c", "https://post.example/a%3Eb%3Cc"),
        ("https://post.example/a#:~:text=It%20rose", "https://post.example/a#:~:text=It%20rose"),
        ("javascript:alert(1)", None),
        ("ftp://post.example/a", None),
        ("https://user:word@post.example/", None),
        ("https:///nowhere", None),
        ("http://[broken", None),
        ("https://post.example/\u202egnp", None),
        ("https://post.example/" + "a" * LINK_CHARS_MOST, None),
        ("", None),
        (None, None),
    ],
)
def test_only_web_addresses_are_linked_and_none_ends_early(stored: str | None, linked: str | None) -> None:
    assert link_address(stored) == linked
    shown = masked_link("Title", stored)
    assert shown == (f"[Title]({linked})" if linked else "Title")


@given(st.text(max_size=120), st.text(max_size=120))
def test_a_link_is_one_link_whatever_it_is_made_of(label: str, path: str) -> None:
    shown = masked_link(label, f"https://post.example/{path}")
    assert len(re.findall(r"(?<!\\)\]\(", shown)) <= 1
    assert "\n" not in shown
    assert ZERO_WIDTH_SPACE not in shown.split("](")[-1]
