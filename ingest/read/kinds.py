"""Which kind of input some bytes are: found from the content first, from the name second. Pure.

Knows nothing about how any kind is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from pathlib import PurePosixPath

from ingest.read.cleaning import bom_encoding, decode_line, looks_binary


class Kind(StrEnum):
    """What can be read, and what is told apart from it so that a person learns why it was not read."""

    EMPTY = "empty"
    PAGE_TEXT = "page text"
    """Plain text and Markdown: one reader knows both."""
    HTML = "HTML"
    JSON = "JSON"
    JSON_FEED = "JSON Feed"
    TABLE = "CSV"
    PARQUET = "Parquet"
    PDF = "PDF"
    FEED = "feed"
    SITEMAP = "sitemap"
    WARC = "WARC"
    MAIL = "mail"
    GZIP = "gzip"
    ZIP = "zip"
    WORD = "a Word document"
    TAR = "tar"
    PACKED = "an archive of a kind that is not unpacked"
    OTHER_TEXT = "text that is no news"
    MEDIA = "pictures, sound, documents"
    BINARY = "binary"


HEAD_BYTES = 64 * 1024
"""How much of a stream is looked at to find its kind."""

RECORD_NAMES: dict[str, tuple[str, ...]] = {
    "url": ("url", "link", "canonical_url", "canonicalurl", "article_url", "page_url", "weburl", "uri", "permalink",
            "source_url", "href", "web_url"),
    "title": ("title", "headline", "article_title", "webtitle", "post_title", "name"),
    "text": ("text", "body", "content", "maintext", "article", "articlebody", "article_body", "article_text",
             "full_text", "fulltext", "cleaned_text", "plain_text", "plaintext", "body_text", "content_text", "story",
             "document", "news", "content_html", "html", "body_html", "post_content", "bodytext"),
    "published": ("published", "date_publish", "publish_date", "pubdate", "published_at", "publishedat",
                  "published_date", "publication_date", "publication_time", "datepublished", "date_published",
                  "first_published", "firstpublished", "webpublicationdate", "date", "pub_date", "published_time",
                  "published_on", "datetime", "isodate", "post_date"),
    "authors": ("authors", "author", "byline", "by", "creator", "writers", "author_name"),
    "source": ("source", "publisher", "outlet", "site", "site_name", "sitename", "publication", "source_name",
               "source_domain", "newspaper", "domain"),
    "language": ("language", "lang", "inlanguage"),
    "section": ("section", "category", "articlesection", "sectionname", "categories", "topic", "news_desk"),
}  # fmt: skip
"""Our field names, and what others call them, in the order in which they are tried. Compared without case."""

TABLE_DELIMITERS = {".csv": ",;\t|", ".tsv": "\t", ".tab": "\t"}

_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"\x1f\x8b", Kind.GZIP),
    (b"PK\x03\x04", Kind.ZIP),
    (b"PK\x05\x06", Kind.ZIP),
    (b"PAR1", Kind.PARQUET),
    (b"WARC/", Kind.WARC),
    (b"BZh", Kind.PACKED),
    (b"\xfd7zXZ\x00", Kind.PACKED),
    (b"(\xb5/\xfd", Kind.PACKED),
    (b"7z\xbc\xaf\x27\x1c", Kind.PACKED),
    (b"Rar!\x1a\x07", Kind.PACKED),
    (b"\x89PNG", Kind.MEDIA),
    (b"\xff\xd8\xff", Kind.MEDIA),
    (b"GIF8", Kind.MEDIA),
    (b"%PDF-", Kind.PDF),
    (b"{\\rtf", Kind.MEDIA),
    (b"\xd0\xcf\x11\xe0", Kind.MEDIA),
    (b"RIFF", Kind.MEDIA),
    (b"OggS", Kind.MEDIA),
    (b"ID3", Kind.MEDIA),
    (b"fLaC", Kind.MEDIA),
    (b"wOFF", Kind.MEDIA),
    (b"wOF2", Kind.MEDIA),
    (b"\x00\x00\x01\x00", Kind.MEDIA),
    (b"II*\x00", Kind.MEDIA),
    (b"MM\x00*", Kind.MEDIA),
)
_OTHER_SUFFIXES = frozenset({
    ".css", ".js", ".mjs", ".ts", ".py", ".sh", ".c", ".h", ".go", ".rs", ".java", ".rb", ".php", ".toml",
    ".ini", ".cfg", ".yaml", ".yml", ".lock", ".map", ".svg", ".log", ".sql", ".tex", ".vtt", ".srt", ".ics",
    ".vcf", ".opml", ".rst", ".makefile",
})  # fmt: skip
_OTHER_NAMES = re.compile(
    r"((readme|licen[cs]e)([._-]\w+)?|copying|notice|changelog|contributing|authors|makefile|dockerfile|robots|humans|"
    r"requirements|manifest|checksums?|sha256sums?|md5sums?)(\.\w{1,10})?$",
    re.IGNORECASE,
)
_XML_PROLOG = re.compile(r"(?:\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^<>\[]*(?:\[.*?\]\s*)?>)*", re.DOTALL | re.IGNORECASE)
_FIRST_TAG = re.compile(r"<([A-Za-z][\w.-]*:)?([A-Za-z][\w.-]*)")
_HTML_ANYWHERE = re.compile(r"<!doctype\s+html|<(?:html|head|body|article|div|p|h1|meta|title)[\s>]", re.IGNORECASE)
_MAIL_SUFFIXES = (".eml", ".mht", ".mhtml")
_MAIL_HEADERS = re.compile(r"[A-Z][A-Za-z-]{1,40}:[ \t].{0,900}\n(?:[A-Z][A-Za-z-]{1,40}:|[ \t])")
_MAIL_SURE = re.compile(r"^(?:MIME-Version|Message-ID|Received):", re.MULTILINE | re.IGNORECASE)
_JSON_FEED = re.compile(r'"version"\s*:\s*"https?:\\?/\\?/(?:www\.)?jsonfeed\.org\\?/version', re.IGNORECASE)
_HTML_ROOTS = frozenset({
    "html", "head", "body", "article", "div", "p", "h1", "h2", "section", "main", "header", "title", "meta",
    "table", "span", "a", "ul", "link", "script", "style", "br", "img", "blockquote", "center", "font", "b",
    "i", "strong", "em", "nav",
})  # fmt: skip


def kind_of(head: bytes, name: str = "", fields: Iterable[str] = ()) -> Kind:
    """The kind of the bytes that start with `head` (64 kB of it are enough).

    `fields` are further column names by which a table is known.
    """
    if not head:
        return Kind.EMPTY
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return Kind.WORD if kind is Kind.ZIP and _is_word(head, name) else kind
    if head[257:262] == b"ustar":
        return Kind.TAR
    if head[4:8] == b"ftyp":
        return Kind.MEDIA
    if looks_binary(head):
        return Kind.BINARY
    text = text_of_head(head).lstrip().replace("\r\n", "\n")
    if not text:
        return Kind.EMPTY if len(head) < HEAD_BYTES else Kind.PAGE_TEXT
    suffix = PurePosixPath(name.lower()).suffix
    if text[0] == "<" and (markup := _markup_kind(text)):
        return markup
    if text[0] in "{[" and (records := _json_kind(text, suffix)):
        return records
    if _MAIL_HEADERS.match(text) and (suffix in _MAIL_SUFFIXES or _MAIL_SURE.search(text.partition("\n\n")[0])):
        return Kind.MAIL
    if table_delimiter(text, name, fields):
        return Kind.TABLE
    if suffix in _OTHER_SUFFIXES:
        return Kind.OTHER_TEXT
    if suffix in (".html", ".htm", ".xhtml") and _HTML_ANYWHERE.search(text):
        return Kind.HTML
    return Kind.PAGE_TEXT


def _is_word(head: bytes, name: str) -> bool:
    return name.lower().endswith(".docx") or (b"[Content_Types].xml" in head[:256] and b"word/" in head)


def is_housekeeping(name: str) -> bool:
    """Whether a file of this name, met in a folder, is about the folder and no news: README, LICENSE, robots.txt."""
    return bool(_OTHER_NAMES.match(PurePosixPath(name).name))


def text_of_head(head: bytes) -> str:
    """The head as text, for looking at; a character cut at its end does no harm."""
    if bom := bom_encoding(head):
        mark, encoding = bom
        return head[len(mark) :].decode(encoding, "ignore")
    if b"\x00" in head[:64]:
        return head.decode("utf-16-le" if head[1:2] == b"\x00" else "utf-16-be", "ignore")
    return decode_line(head)


def table_delimiter(text: str, name: str = "", fields: Iterable[str] = ()) -> str | None:
    """The delimiter of a table whose header row starts `text`, or None where this is no table.

    A header row must name a text (or title) column and one more that is known, so that a page whose first line
    happens to hold a comma is not taken for a table. A file that calls itself a table needs one known name.
    """
    header = text.split("\n", 1)[0].strip("\r\ufeff ")
    suffix = PurePosixPath(name.lower().removesuffix(".gz")).suffix
    known = {alias for aliases in RECORD_NAMES.values() for alias in aliases} | {name.lower() for name in fields}
    texts = {*RECORD_NAMES["text"], *RECORD_NAMES["title"], *(name.lower() for name in fields)}
    best: tuple[int, str] | None = None
    for delimiter in TABLE_DELIMITERS.get(suffix, "\t,;|"):
        columns = {column.strip(" \"'").lower().replace(" ", "_") for column in header.split(delimiter)}
        count = len(columns & known)
        if len(columns) >= 2 and columns & texts and count >= 2 and (best is None or count > best[0]):
            best = count, delimiter
    if best:
        return best[1]
    if suffix in TABLE_DELIMITERS:
        counts = {delimiter: header.count(delimiter) for delimiter in TABLE_DELIMITERS[suffix]}
        likely = max(counts, key=lambda delimiter: counts[delimiter])
        return likely if counts[likely] else ("," if suffix == ".csv" else "\t")
    return None


def _markup_kind(text: str) -> Kind | None:
    prolog = _XML_PROLOG.match(text)
    rest = text[prolog.end() if prolog else 0 :]
    tag = _FIRST_TAG.match(rest)
    root = tag[2].lower() if tag else ""
    if root in ("rss", "rdf", "feed"):
        return Kind.FEED
    if root in ("urlset", "sitemapindex"):
        return Kind.SITEMAP
    if root in _HTML_ROOTS or re.search(r"<!doctype\s+html", text, re.IGNORECASE):
        return Kind.HTML
    if root == "svg":
        return Kind.MEDIA
    if _HTML_ANYWHERE.search(text):
        return Kind.HTML
    return Kind.OTHER_TEXT if tag and text.startswith("<?xml") else None


def _json_kind(text: str, suffix: str) -> Kind | None:
    if text[0] == "{" and _JSON_FEED.search(text[:4096]):
        return Kind.JSON_FEED
    if suffix in (".json", ".jsonl", ".ndjson", ".jsonlines"):
        return Kind.JSON
    # "[Photo: ...]" and "{{ menu }}" also start page texts.
    return Kind.JSON if re.match(r'\{\s*(?:"|\}|$)|\[\s*(?:[\[{"\]\d-]|$)', text) else None
