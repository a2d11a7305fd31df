"""Bytes -> text, and text -> clean paragraphs: encodings, control characters, markup inside fields. Pure."""

from __future__ import annotations

import codecs
import html
import re
from urllib.parse import urlsplit, urlunsplit

from bot.errors import ReadError

# Control characters, bidirectional overrides and isolates (they make text read other than it is), Unicode tag
# characters (they hide words from people), the BOM and other non-characters, and lone surrogates (no database
# takes them). Direction marks and joiners stay: Arabic, Hebrew and Persian need them.
_DROPPED = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufff0-\uffff\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
# Invisible characters that saved pages carry and that stand between a quote and its search: soft hyphens, zero-width
# spaces, word joiners, direction marks beside Latin letters. Joiners stay where scripts and emoji need them.
_INVISIBLE = re.compile("[\u00ad\u200b\u2060-\u2064\u180e\ufeff]|(?<![\u0590-\u1cff\u2600-\U0010ffff])[\u200c-\u200f]")
_NEWLINES = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SENTENCE_END = re.compile(r"[.!?…。！？؟।][\"'”’»›)\]]{0,3}\s*$")
_BLANK_LINES = re.compile(r"\n\s*\n+")
_TAG = re.compile(
    r"</?(?:p|br|div|a|h[1-6]|ul|ol|li|strong|em|span|img|b|i|u|blockquote|figure|figcaption|table|section|article)"
    r"(?:\s[^<>]{0,2000})?/?>",
    re.IGNORECASE,
)
_ESCAPED_TAG = re.compile(r"&lt;/?(?:p|br|div|a|strong|em|span|img|h[1-6])\b.{0,200}?&gt;", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8}\d?);", re.IGNORECASE)
_TITLE_CHARS = 160
ATTRIBUTES_MAX = 2_000
"""Of one tag. Parsing takes time by the square of them: 0.004 s for so many, 6 s for 80,000; real tags have 15."""
_ATTRIBUTE = r"""[\s/]++[^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>]*+))?+"""
_ATTRIBUTES = re.compile(_ATTRIBUTE)
_MARKUP = re.compile(
    r"<!--[\s\S]*?(?:--!?>|\Z)|<[!?/][^>]*+|<(?P<name>[a-zA-Z][^\s/>]*+)(?P<attributes>(?:" + _ATTRIBUTE + ")*+)"
)
_RAW_ENDS = {
    name: re.compile(f"</{name}", re.IGNORECASE) for name in ("script", "style", "textarea", "title", "xmp", "iframe")
}
_WRAP_CHARS = (45, 100)
"""A line that is broken by a program, not by its writer, is about this long."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_GUESSED = ["cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "koi8_r", "iso8859_5", "iso8859_6",
            "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "cp874"]  # fmt: skip
_GUESS_BYTES = 32 * 1024
_MANY_HIGH_BYTES = 0.2
"""Above this share of bytes past ASCII, a text is not in a Western European language."""
_MIXED_UTF8_SHARE = 0.25
"""Other encodings hardly ever form valid UTF-8 by chance: this share of it makes a mixed text."""


def decode(data: bytes, declared: str | None = None) -> str:
    """The text in `data`: by its BOM, as UTF-8, as declared, or by the best guess. Not cleaned.

    Mixed encodings survive: bytes that are not UTF-8 within a text that mostly is are read as Windows-1252.
    Raises ReadError where no encoding gives a text.
    """
    if bom := bom_encoding(data):
        mark, encoding = bom
        return data[len(mark) :].decode(encoding, "replace")
    if unmarked := _nul_pattern(data):
        return data.decode(unmarked, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if declared and (text := _decode_strictly(data, declared)) is not None:
        return text
    high = sum(byte >= 0x80 for byte in data[:_GUESS_BYTES])
    if high and _utf8_share(data) >= _MIXED_UTF8_SHARE:
        return decode_line(data)
    if high > _MANY_HIGH_BYTES * len(data[:_GUESS_BYTES]) and (text := _guess(data)) is not None:
        return text
    text = data.decode("cp1252", "replace")
    if text.count("\ufffd") > max(2, len(text) // 200):
        raise ReadError("its encoding cannot be told; save it as UTF-8")
    return text


def decode_line(data: bytes) -> str:
    """UTF-8, with Windows-1252 for the bytes that are not; for records, whose lines may come from many hands."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("utf-8", "newsbot-cp1252")


def bom_encoding(data: bytes) -> tuple[bytes, str] | None:
    """The byte order mark that `data` starts with, and the codec that it stands for."""
    return next(((mark, name) for mark, name in _BOMS if data.startswith(mark)), None)


def encoding_of_stream(head: bytes) -> tuple[bytes, str]:
    """The mark to pass over, and the codec of a stream of records: UTF-8 unless it starts as UTF-16 or UTF-32."""
    return bom_encoding(head) or (b"", _nul_pattern(head) or "utf-8")


def looks_binary(head: bytes) -> bool:
    """Whether the bytes are no text in any encoding: many NULs or control characters."""
    if bom_encoding(head) or _nul_pattern(head):
        return False
    controls = sum(head.count(byte) for byte in range(0x20) if byte not in (0x09, 0x0A, 0x0C, 0x0D, 0x1B))
    return controls > len(head) / 50 + 3


def clean(text: str) -> str:
    """The text without control characters, overrides and lone surrogates, its line ends as newlines."""
    return _DROPPED.sub("", _NEWLINES.sub("\n", text))


def tidy(text: str) -> str:
    """Text without control, invisible and override characters, every space an ordinary one; line ends as newlines."""
    text = _INVISIBLE.sub("", clean(text))
    return text if text.isascii() else re.sub(r"[^\S\n\t]", " ", text)


def one_line(text: str) -> str:
    """A clean single line, entities resolved, for titles and names."""
    text = clean(text)
    if _TAG.search(text):
        text = _TAG.sub("", text)
    if _ENTITY.search(text):
        text = clean(html.unescape(text))
    return " ".join(text.split())


def clean_address(url: str) -> str:
    """An address fit to store and to show: without line breaks, and without a user's name and password.

    Blanks inside become "%20". What is no address stays as it is, for whoever uses it to refuse.
    """
    url = re.sub(r"\s*\n\s*|\t", "", clean(url).strip()).replace(" ", "%20")
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if "@" in parts.netloc else url


def key_of(text: str) -> str:
    """What two spellings of the same words have in common: lower case, no punctuation."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def ends_sentence(text: str) -> bool:
    """Whether the text ends as a sentence does, quotes and brackets after the stop included."""
    return bool(_SENTENCE_END.search(text[-40:]))


def first_sentence(text: str) -> str:
    """The first sentence or line of a text, for what has no title; cut at a word where it is long."""
    line = text.split("\n", 1)[0]
    if match := re.match(r".{20,}?[.!?](?=\s|$)", line):
        line = match[0]
    if len(line) <= _TITLE_CHARS:
        return line
    return line[:_TITLE_CHARS].rsplit(" ", 1)[0] + "…"


def paragraphs(text: str) -> str:
    """Text from a record's or feed's field as paragraphs with a blank line between them.

    HTML inside the field becomes its text; hard-wrapped lines are joined; other single line ends divide paragraphs.
    """
    if not _TAG.search(text) and _ESCAPED_TAG.search(text):
        text = html.unescape(text)
    if _TAG.search(text):
        return html_paragraphs(text)
    text = clean(text)
    if _ENTITY.search(text):
        text = clean(html.unescape(text))
    blocks: list[str] = []
    for block in _BLANK_LINES.split(text):
        rows = [row for row in (" ".join(row.split()) for row in block.split("\n")) if row]
        if _is_wrapped(rows):
            blocks.append(" ".join(rows))
        else:
            blocks.extend(rows)
    return "\n\n".join(blocks)


def check_attributes(markup: str) -> None:
    """Raise ReadError where a tag has more attributes than any real one. Tags are told apart as parsers do it."""
    at = 0
    while match := _MARKUP.search(markup, at):
        at = match.end()
        attributes = match["attributes"] or ""
        if len(attributes) > 2 * ATTRIBUTES_MAX and len(_ATTRIBUTES.findall(attributes)) > ATTRIBUTES_MAX:
            raise ReadError(
                f"a tag in it has more than {ATTRIBUTES_MAX:,} attributes, and it was not read; no real one has"
            )
        if end := _RAW_ENDS.get((match["name"] or "").lower()):
            closed = end.search(markup, at)
            at = closed.start() if closed else len(markup)


def html_paragraphs(markup: str) -> str:
    """The text of an HTML fragment, a paragraph for each block; pictures, scripts and captions left out.

    Raises ReadError where a tag has more attributes than any real one.
    """
    from lxml import etree
    from lxml import html as lxml_html

    markup = clean(markup)
    check_attributes(markup)
    try:
        root = lxml_html.fragment_fromstring(markup, create_parent="div")
    except (etree.ParserError, ValueError, AssertionError):
        return ""
    parts: list[str] = []
    _gather(root, parts)
    blocks = (" ".join(block.split()) for block in "".join(parts).split("\n"))
    return "\n\n".join(block for block in blocks if block)


_BLOCK_TAGS = frozenset({
    "p", "div", "br", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "table", "tr",
    "section", "article", "header", "footer", "aside", "main", "pre", "hr", "dl", "dt", "dd", "figure", "form",
})  # fmt: skip
_SILENT_TAGS = frozenset(
    "script style figure figcaption img picture video audio iframe noscript svg button object embed template".split()  # noqa: SIM905
)


def _gather(root: object, parts: list[str]) -> None:
    # Written as a loop over events: hostile markup nests deeper than Python's stack.
    from lxml import etree

    muted = 0
    for event, node in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        if event in ("comment", "pi"):
            if node.tail and not muted:
                parts.append(_inline(node.tail))
            continue
        tag = node.tag
        if event == "start":
            if tag in _BLOCK_TAGS:
                parts.append("\n")
            muted += tag in _SILENT_TAGS
            if node.text and not muted:
                parts.append(_inline(node.text))
        else:
            muted -= tag in _SILENT_TAGS
            if tag in _BLOCK_TAGS:
                parts.append("\n")
            if node.tail and not muted and node is not root:
                parts.append(_inline(node.tail))


def _inline(text: str) -> str:
    return clean(text).replace("\n", " ")


def _is_wrapped(rows: list[str]) -> bool:
    """Whether the rows are one paragraph that a program broke at a fixed width."""
    if len(rows) < 3:
        return False
    body = rows[:-1]
    shortest, longest = min(map(len, body)), max(map(len, body))
    return _WRAP_CHARS[0] <= shortest and longest <= _WRAP_CHARS[1] and longest - shortest <= 25


def _decode_strictly(data: bytes, name: str) -> str | None:
    try:
        codec = codecs.lookup(name).name
        # By the web's rule Latin-1 means Windows-1252; codecs such as "zip" or "utf-7" are nobody's page.
        codec = {"iso8859-1": "cp1252", "ascii": "cp1252"}.get(codec, codec)
        if codec in ("utf-7", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "rot13"):
            return None
        return data.decode(codec)
    except (LookupError, UnicodeError, ValueError):
        return None


def _nul_pattern(data: bytes) -> str | None:
    """UTF-16 without a mark: every second byte of mostly Western text is NUL."""
    head = data[:4096]
    if len(head) < 8 or 0 not in head:
        return None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > 0.4 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.05 * half:
        return "utf-16-be"
    return None


def _utf8_share(data: bytes) -> float:
    """Of the characters past ASCII, the share that is valid UTF-8."""
    text = data[:_GUESS_BYTES].decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(char >= "\x80" for char in text) - bad
    return good / (good + bad) if good + bad else 0.0


def _guess(data: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_GUESS_BYTES], cp_isolation=_GUESSED).best()
    return data.decode(best.encoding, "replace") if best else None


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("newsbot-cp1252", _as_cp1252)
