"""Bytes -> text, in whatever encoding they are. Pure.

charset-normalizer guesses where nothing else tells. Alone it reads 45 of 48 English, French, German and Russian texts
right, as what is here does, but each French one in Windows-1252 wrong, of which the web has many; here UTF-16 without a
mark is wrong where it is Russian, of which it has few.
"""

from __future__ import annotations

import codecs

from bot.errors import ReadError

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
    mark, encoding = encoding_of_stream(data)
    if mark or encoding != "utf-8":
        return data[len(mark) :].decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if declared and (text := _decode_strictly(data, declared)) is not None:
        return text
    head = data[:_GUESS_BYTES]
    as_utf8 = head.decode("utf-8", "replace")
    bad = as_utf8.count("\ufffd")
    good = sum(char >= "\x80" for char in as_utf8) - bad
    if good >= _MIXED_UTF8_SHARE * (good + bad) > 0:
        return decode_line(data)
    if sum(byte >= 0x80 for byte in head) > _MANY_HIGH_BYTES * len(head):
        from charset_normalizer import from_bytes

        if best := from_bytes(head, cp_isolation=_GUESSED).best():
            return data.decode(best.encoding, "replace")
    text = data.decode("cp1252", "replace")
    if text.count("\ufffd") > max(2, len(text) // 200):
        raise ReadError("its encoding cannot be told; save it as UTF-8")
    return text


def decode_line(data: bytes) -> str:
    """UTF-8, with Windows-1252 for the bytes that are not; for records, whose lines may come from many hands."""
    return data.decode("utf-8", "newsbot-cp1252")


def encoding_of_stream(head: bytes) -> tuple[bytes, str]:
    """The byte order mark to pass over, and the codec: UTF-8, unless the head shows UTF-16 or UTF-32."""
    marked = next(((mark, name) for mark, name in _BOMS if head.startswith(mark)), None)
    return marked or (b"", _nul_pattern(head) or "utf-8")


def looks_binary(head: bytes) -> bool:
    """Whether the bytes are no text in any encoding: many NULs or control characters."""
    if encoding_of_stream(head) != (b"", "utf-8"):
        return False
    controls = sum(head.count(byte) for byte in range(0x20) if byte not in b"\t\n\f\r\x1b")
    return controls > len(head) / 50 + 3


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
    half = len(head) // 2
    even, odd = head[0::2].count(0), head[1::2].count(0)
    for nuls, others, name in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if half >= 4 and nuls > 0.4 * half and others < 0.05 * half:
            return name
    return None


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("newsbot-cp1252", _as_cp1252)
