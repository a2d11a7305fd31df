"""OPML: the feeds that it lists, and what is said of a file that lists none."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import ReadError
from ingest.opml import feeds_of_opml

LISTED = """<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0"><head><title>Mine</title></head><body>
  <outline text="World">
    <outline type="rss" text="Elbe Post" xmlUrl="https://post.example/rss" htmlUrl="https://post.example/"/>
    <outline type="rss" text="Weser" xmlUrl=" http://weser.example/feed?a=1&amp;b=2 "/>
  </outline>
  <outline type="rss" text="Elbe Post again" xmlUrl="https://post.example/rss"/>
  <outline type="rss" text="A file" xmlUrl="file:///etc/hosts"/>
  <outline text="A note"/>
</body></opml>
"""


def test_every_feed_is_found_once(tmp_path: Path) -> None:
    path = tmp_path / "feeds.opml"
    wanted = ["https://post.example/rss", "http://weser.example/feed?a=1&b=2"]
    for data in (LISTED.encode(), LISTED.encode("utf-16"), LISTED.replace("</body></opml>", "").encode()):
        path.write_bytes(data)
        assert feeds_of_opml(path) == wanted


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is no OPML"),
        (b"Just words.", "is no OPML"),
        (b"<rss version='2.0'><channel/></rss>", "newsbot ingest"),
        (b"<opml><body><outline text='a'/></body></opml>", "lists no feed"),
        (b"<!DOCTYPE opml [<!ENTITY a 'b'>]><opml/>", "XML entities"),
        (b"<opml>" + b" " * (10 * 1024**2), "10 MB"),
    ],
)
def test_what_lists_none_is_said_with_its_name(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "feeds.opml"
    path.write_bytes(data)
    with pytest.raises(ReadError, match=said) as caught:
        feeds_of_opml(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="cannot be opened"):
        feeds_of_opml(tmp_path / "none.opml")
