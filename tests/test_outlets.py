"""Which outlet a page is from."""

from __future__ import annotations

import pytest

from ingest.read.outlets import host_of, named_by_line, named_like_outlet, outlet_name, outlet_of_footer, outlet_of_url


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://p.dw.com/p/3XeL4", "DW"),
        ("https://www.bbc.co.uk/news/1", "BBC"),
        ("https://www.abc.net.au/news/1", "ABC News (Australia)"),
        ("https://timesofindia.indiatimes.com/x", "The Times of India"),
        ("https://news.sky.com/story/x", "Sky News"),
        ("https://example.org/x", None),
        ("https://notdw.com/x", None),
        ("http://[broken", None),
        (None, None),
    ],
)
def test_by_address(url: str | None, name: str | None) -> None:
    assert outlet_of_url(url) == name


def test_the_page_names_what_the_table_does_not_have() -> None:
    assert outlet_name("https://courier.example.org/1", "The Harbour Courier") == "The Harbour Courier"
    assert outlet_name("https://www.courier.example.org/1", None, "https://example.org") == "courier.example.org"
    assert outlet_name("https://www.dw.com/1", "Deutsche Welle (www.dw.com)") == "DW"
    assert outlet_name(None, "deutsche welle") == "DW"
    assert outlet_name(None) is None


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("© 2023 Reuters. All rights reserved", "Reuters"),
        ("All contents © copyright 2023 The Associated Press. All rights reserved.", "AP News"),
        ("Copyright © euronews 2026", "Euronews"),
        ("© 2024 National Post, a division of Postmedia Network Inc. All rights reserved.", "National Post"),
        ("© 2021 The Harbour Courier", "The Harbour Courier"),
        ("© 2024 Associated Newspapers Limited", None),
        ("Copyright law needs reform, ministers said", None),
        ("© Getty Images", None),
        ("nothing of the kind", None),
    ],
)
def test_by_the_copyright_line(line: str, name: str | None) -> None:
    assert outlet_of_footer(line) == name


def test_a_line_names_an_outlet_unless_sections_bear_the_name_too() -> None:
    assert named_by_line("FOX NEWS") == "Fox News"
    assert named_by_line("Nature") is None
    assert named_by_line("Politics") is None


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("The Kelmouth Gazette", True),
        ("Kelmouth Herald", True),
        ("The Lake District Star", True),
        ("  The Coast & Country Review ", True),
        ("World News", False),
        ("Book Review", False),
        ("The Gazette said", False),
        ("The Kelmouth Gazette has learned", False),
        ("Times", False),
        ("Opinion", False),
    ],
)
def test_a_line_reads_like_the_name_of_a_newspaper(line: str, is_one: bool) -> None:
    assert named_like_outlet(line) == (line.strip() if is_one else None)


def test_the_host_is_without_www() -> None:
    assert host_of("https://www.Example.org:80/x") == "example.org"
    assert host_of("no address") is None
