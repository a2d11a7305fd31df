"""Bytes become text, and text becomes clean paragraphs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ReadError
from ingest.read.cleaning import clean, one_line
from ingest.read.encoding import decode, looks_binary
from ingest.read.markup import paragraphs

GERMAN = "Die Brücke über die Elbe wird für große Züge geöffnet – „endlich“, sagt der Bürgermeister."
RUSSIAN = "Мост через реку открыли после ремонта. Движение поездов началось утром, сообщили местные власти. " * 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_western_text_survives_every_usual_encoding(encoding: str) -> None:
    assert decode(GERMAN.encode(encoding)) == GERMAN


@pytest.mark.parametrize("encoding", ["cp1251", "koi8_r"])
def test_other_scripts_are_guessed(encoding: str) -> None:
    assert decode(RUSSIAN.encode(encoding)) == RUSSIAN


def test_a_declared_encoding_is_used_where_the_text_is_not_utf8() -> None:
    text = "Żółw był powolny."
    assert decode(text.encode("cp1250"), "windows-1250") == text
    assert decode(GERMAN.encode(), "latin-1") == GERMAN, "valid UTF-8 is UTF-8, whatever the server says"
    assert decode("“café”".encode("cp1252"), "iso-8859-1") == "“café”", "the web's Latin-1 is Windows-1252"
    assert decode(b"caf\xe9", "no-such-codec") == "café"
    assert decode(b"+ADw-caf\xe9", "utf-7") == "+ADw-café"


def test_mixed_encodings_survive() -> None:
    assert decode("Brücke – ".encode() + "Elbe für “alle”".encode("cp1252")) == "Brücke – Elbe für “alle”"


def test_what_is_in_no_encoding_is_refused_with_the_remedy() -> None:
    with pytest.raises(ReadError, match="save it as UTF-8"):
        decode(b"abc \x81\x8d\x8f\x90\x9d" * 20)


def test_binary_is_told_from_text() -> None:
    assert looks_binary(bytes(range(256)))
    assert not looks_binary(GERMAN.encode("utf-16-le"))
    assert not looks_binary(GERMAN.encode())


def test_controls_overrides_tags_and_surrogates_are_dropped() -> None:
    dirty = "a\x00b\x1bc\u202ed\u2066e\ufefff\ud800g\U000e0041h\r\ni\u2028j\x85k"
    assert clean(dirty) == "abcdefgh\ni\nj\nk"
    persian = "می\u200cخواهم \u200fשלום"
    assert clean(persian) == persian, "joiners and direction marks are part of words"


@given(st.text())
def test_clean_text_is_storable_and_clean_again(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    once.encode("utf-8")


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("One.\n\nTwo.", "One.\n\nTwo."),
        ("One.\nTwo.\nThree.", "One.\n\nTwo.\n\nThree."),
        ("One  &amp;\xa0two &#8217;", "One & two ’"),
        ("<p>One &amp; two.</p><p>Three.<br>Four <b>bold</b>.</p>", "One & two.\n\nThree.\n\nFour bold."),
        ("&lt;p&gt;One.&lt;/p&gt;&lt;p&gt;Two.&lt;/p&gt;", "One.\n\nTwo."),
        (
            "<p>One.<script>alert(1)</script><!-- no --> Two.</p><figure><figcaption>Cap</figcaption></figure>",
            "One. Two.",
        ),
        ("5 < 6 and 7 > 2", "5 < 6 and 7 > 2"),
        ("<p></p>", ""),
    ],
)
def test_fields_become_paragraphs(field: str, expected: str) -> None:
    assert paragraphs(field) == expected


def test_hard_wrapped_lines_are_one_paragraph() -> None:
    wrapped = (
        "The river rose by two metres during the night and flooded\n"
        "the lower town, where three hundred people had to leave\n"
        "their homes before the morning, the fire brigade said on\n"
        "Tuesday."
    )
    assert paragraphs(wrapped) == wrapped.replace("\n", " ")


def test_deeply_nested_markup_does_not_exhaust_the_stack() -> None:
    assert paragraphs("<div>" * 5000 + "deep" + "</div>" * 5000) in ("deep", "")


def test_one_line() -> None:
    assert one_line(" Storm &amp; flood:\n <i>what</i> we know\x00 ") == "Storm & flood: what we know"
