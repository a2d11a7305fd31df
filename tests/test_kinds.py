"""Kinds are found from the content first, and from the name where the content leaves it open."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

import pytest

from ingest.read.kinds import Kind, is_housekeeping, kind_of, table_delimiter


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "words")
    return buffer.getvalue()


def _tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (b"", "x.txt", Kind.EMPTY),
        (b" \n\t ", "x.html", Kind.EMPTY),
        (b"\xef\xbb\xbf", "x.txt", Kind.EMPTY),
        (b"The harbour reopened on Monday.\n", "", Kind.PAGE_TEXT),
        (b"The harbour reopened on Monday.\n", "x.html", Kind.PAGE_TEXT),
        (b"<3 the harbour", "x.txt", Kind.PAGE_TEXT),
        (b"[Photo: the harbour]\nThe harbour reopened.", "x.txt", Kind.PAGE_TEXT),
        (b"{{ menu }}\nThe harbour reopened.", "x.txt", Kind.PAGE_TEXT),
        (b"Harbour, text, and other things\nA line.", "x.txt", Kind.PAGE_TEXT),
        (b"# Harbour\n\nIt reopened.", "x.md", Kind.PAGE_TEXT),
        (b"---\ntitle: Harbour\ntags:\n  - sea\n---\nIt reopened.", "x", Kind.PAGE_TEXT),
        (b"<!doctype html><html><body><p>x", "x.txt", Kind.HTML),
        (b"<?xml version='1.0'?><!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0//EN' 'x'><html>", "", Kind.HTML),
        (b"<!-- saved from a browser -->\n<html lang='en'>", "", Kind.HTML),
        (b"<div class=a><p>x</p></div>", "", Kind.HTML),
        ("<html><p>Ö".encode("utf-16"), "", Kind.HTML),
        (b"<?xml version='1.0'?><rss version='2.0'>", "x.html", Kind.FEED),
        (b"<!-- x --><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>", "", Kind.FEED),
        (b"<feed xmlns='http://www.w3.org/2005/Atom'>", "", Kind.FEED),
        (b"<atom:feed xmlns:atom='http://www.w3.org/2005/Atom'>", "", Kind.FEED),
        (b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>", "x.txt", Kind.SITEMAP),
        (b"<?xml version='1.0'?>\n<sitemapindex>", "", Kind.SITEMAP),
        (b"<?xml version='1.0'?><invoice/>", "", Kind.OTHER_TEXT),
        (b'{"title": "x"}\n{"title": "y"}', "x.txt", Kind.JSON),
        (b'[\n {"title": "x"}]', "", Kind.JSON),
        ('{"title": "x"}'.encode("utf-16"), "", Kind.JSON),
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": []}', "x.json", Kind.JSON_FEED),
        (b'{"version":"https:\\/\\/jsonfeed.org\\/version\\/1", "items": []}', "", Kind.JSON_FEED),
        (b"url,title,text\nhttp://x,y,z", "", Kind.TABLE),
        (b"\xef\xbb\xbfHeadline;Body;Date\n", "x.txt", Kind.TABLE),
        (b"headline\tbody\n", "", Kind.TABLE),
        (b"a,b\n1,2", "x.csv", Kind.TABLE),
        (b"WARC/1.0\r\nWARC-Type: warcinfo\r\n", "", Kind.WARC),
        (b"PAR1\x15\x04", "", Kind.PARQUET),
        (gzip.compress(b"x", mtime=0), "x.txt", Kind.GZIP),
        (_zip(), "x.txt", Kind.ZIP),
        (_tar(), "x.txt", Kind.TAR),
        (b"BZh91AY", "x.bz2", Kind.PACKED),
        (b"\x89PNG\r\n\x1a\n", "x.txt", Kind.MEDIA),
        (b"%PDF-1.7", "", Kind.PDF),
        (b"\x00\x00\x00\x18ftypmp42", "", Kind.MEDIA),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "", Kind.MEDIA),
        (bytes(range(256)) * 4, "x.txt", Kind.BINARY),
        (b"body { color: red }", "x.css", Kind.OTHER_TEXT),
    ],
)
def test_kind_of(head: bytes, name: str, kind: Kind) -> None:
    assert kind_of(head, name) == kind


def test_a_table_can_be_known_by_the_columns_a_person_names() -> None:
    assert kind_of(b"kop,inhoud\nx,y", "") == Kind.PAGE_TEXT
    assert kind_of(b"kop,inhoud\nx,y", "", ["kop", "inhoud"]) == Kind.TABLE


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        ("url,title,text", ","),
        ("url;title;text, long", ";"),
        ("url\ttitle\ttext", "\t"),
        ('"URL"|"Full Text"|"x"', "|"),
    ],
)
def test_the_delimiter_is_the_one_that_gives_known_columns(header: str, delimiter: str) -> None:
    assert table_delimiter(header) == delimiter


@pytest.mark.parametrize("name", ["README", "README.md", "LICENSE.txt", "robots.txt", "CHANGELOG.md"])
def test_files_about_a_folder_are_told_by_their_names(name: str) -> None:
    assert is_housekeeping(name)


@pytest.mark.parametrize("name", ["readmes-of-the-world.txt", "dw-nato.txt", "noticeable.html", "robots-on-mars.txt"])
def test_news_is_not_taken_for_housekeeping(name: str) -> None:
    assert not is_housekeeping(name)
