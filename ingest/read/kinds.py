"""Which kind of input some bytes are: found from the content first, from the name second. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from pathlib import Path, PurePosixPath

from bot.text import read_rows
from ingest.read.encoding import decode_line, encoding_of_stream, looks_binary
from ingest.read.fields import all_known_names, key_of_name, known_names


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


WEB_PAGES = (Kind.HTML, Kind.PAGE_TEXT, Kind.EMPTY)
"""What an address of an article may give."""
HEAD_BYTES = 64 * 1024
"""How much of a stream is looked at to find its kind."""

TABLE_DELIMITERS = {".csv": ",;\t|", ".tsv": "\t", ".tab": "\t"}

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
_ROOT = re.compile(
    r"(?:\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^<>\[]*(?:\[.*?\]\s*)?>)*<(?:[A-Z][\w.-]*:)?(?P<name>[A-Z][\w.-]*)",
    re.DOTALL | re.IGNORECASE,
)
_HTML = re.compile(
    r"<!doctype\s+html|<(?:html|head|body|title|meta|link|script|style|header|nav|main|article|section|div|p|h1|h2|span|"
    r"a|ul|table|blockquote|center|font|br|img|b|i|strong|em)[\s>/]",
    re.IGNORECASE,
)
_ROOTS = {
    "rss": Kind.FEED, "rdf": Kind.FEED, "feed": Kind.FEED, "urlset": Kind.SITEMAP, "sitemapindex": Kind.SITEMAP,
    "svg": Kind.MEDIA,
}  # fmt: skip
_MAIL_SUFFIXES = (".eml", ".mht", ".mhtml")
_MAIL_HEADERS = re.compile(r"[A-Z][A-Za-z-]{1,40}:[ \t].{0,900}\n(?:[A-Z][A-Za-z-]{1,40}:|[ \t])")
_MAIL_SURE = re.compile(r"^(?:MIME-Version|Message-ID|Received):", re.MULTILINE | re.IGNORECASE)
_JSON_FEED = re.compile(r'"version"\s*:\s*"https?:\\?/\\?/(?:www\.)?jsonfeed\.org\\?/version', re.IGNORECASE)


def kind_of(head: bytes, name: str = "", fields: Iterable[str] = ()) -> Kind:
    """The kind of the bytes that start with `head` (64 kB of it are enough).

    `fields` are further column names by which a table is known.
    """
    if not head:
        return Kind.EMPTY
    for start, kind in _starts():
        if head.startswith(start):
            is_word = name.lower().endswith(".docx") or (b"[Content_Types].xml" in head[:256] and b"word/" in head)
            return Kind.WORD if kind is Kind.ZIP and is_word else kind
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
    if suffix in (".html", ".htm", ".xhtml") and _HTML.search(text):
        return Kind.HTML
    return Kind.PAGE_TEXT


@cache
def _starts() -> tuple[tuple[bytes, Kind], ...]:
    rows = read_rows(Path(__file__).parent / "data" / "file_kinds.tsv")
    return tuple((bytes.fromhex(start), Kind[kind]) for kind, start, _ in rows)


def is_housekeeping(name: str) -> bool:
    """Whether a file of this name, met in a folder, is about the folder and no news: README, LICENSE, robots.txt."""
    return bool(_OTHER_NAMES.match(PurePosixPath(name).name))


def text_of_head(head: bytes) -> str:
    """The head as text, for looking at; a character cut at its end does no harm."""
    mark, encoding = encoding_of_stream(head)
    return decode_line(head) if encoding == "utf-8" and not mark else head[len(mark) :].decode(encoding, "ignore")


def table_delimiter(text: str, name: str = "", fields: Iterable[str] = ()) -> str | None:
    """The delimiter of a table whose header row starts `text`, or None where this is no table.

    A header row must name a text (or title) column and one more that is known, so that a page whose first line
    happens to hold a comma is not taken for a table. A file that calls itself a table needs none.
    """
    header = text.split("\n", 1)[0].strip("\r\ufeff ")
    suffix = PurePosixPath(name.lower().removesuffix(".gz")).suffix
    own = set(map(key_of_name, fields))
    texts = {*known_names()["text"], *known_names()["title"], *own}

    def known_columns(delimiter: str) -> int:
        columns = {key_of_name(column) for column in header.split(delimiter)}
        return len(columns & (all_known_names() | own)) if columns & texts else 0

    best = max(TABLE_DELIMITERS.get(suffix, "\t,;|"), key=known_columns)
    if known_columns(best) > 1:
        return best
    return max(TABLE_DELIMITERS[suffix], key=header.count) if suffix in TABLE_DELIMITERS else None


def _markup_kind(text: str) -> Kind | None:
    root = _ROOT.match(text)
    if root and (kind := _ROOTS.get(root["name"].lower())):
        return kind
    if _HTML.search(text):
        return Kind.HTML
    return Kind.OTHER_TEXT if root and text.startswith("<?xml") else None


def _json_kind(text: str, suffix: str) -> Kind | None:
    if text[0] == "{" and _JSON_FEED.search(text[:4096]):
        return Kind.JSON_FEED
    if suffix in (".json", ".jsonl", ".ndjson", ".jsonlines"):
        return Kind.JSON
    # "[Photo: ...]" and "{{ menu }}" also start page texts.
    return Kind.JSON if re.match(r'\{\s*(?:"|\}|$)|\[\s*(?:[\[{"\]\d-]|$)', text) else None
