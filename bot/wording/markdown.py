"""Makes foreign text harmless in Discord: no markdown, links, mentions, invites or turned writing. Pure.

What is escaped reads exactly as it was written. A backslash stands before what Discord would take for markup; a
zero-width space stands only where no backslash helps: after the @ of a mention.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

LINK_CHARS_MOST = 1500
"""Longer addresses are not linked: one of them would fill a message."""
ZERO_WIDTH_SPACE = "\u200b"
_KEPT_FORMATS = frozenset("\u200c\u200d")
"""Joiners: Persian and Indic scripts are spelled with them, and emoji made."""
_INLINE = re.compile(r"[\\*_~`|\[\]<]")
_MENTION = re.compile(r"@(?=everyone|here|[!&]?\d)", re.IGNORECASE)
_SCHEME = re.compile(r":(?=//)")
_BARE = re.compile(r"(?i)(mailto|tel|sms):(?=\S)")
_WEB = re.compile(r"(?i)https?://")
_INVITE = re.compile(r"(?i)(discord(?:app)?|dsc)\.(?=(?:gg|com/invite|com/events|com/oauth2|new|me|io|li)\b)")
_LINE_START = re.compile(r"(?m)^([ \t]*)(#+|-(?=[# \t])|\+(?=[ \t])|>+|\d{1,9}(?=[.)][ \t]))")
_ESCAPE = re.compile(r"\\([^0-9A-Za-z\s])")
_BLANKS = re.compile(r"\s+")
_ADDRESS_UNSAFE = re.compile(r"[\s\x00-\x20\x7f()<>\"'\\`\[\]{}|^]")


def plain(text: str) -> str:
    """Without characters that cannot be seen: controls, direction marks, tags. Line breaks and joiners stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        " " if sign == "\t" else sign
        for sign in text
        if sign in "\n\t" or sign in _KEPT_FORMATS or unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )


def escaped(text: str, markers: frozenset[int] = frozenset()) -> str:
    """Foreign text that reads in Discord as it is written. Markers `[n]` of these numbers stay as they are."""
    text = _INLINE.sub(r"\\\g<0>", plain(text))
    text = _SCHEME.sub(r"\\:", text)
    text = _BARE.sub(r"\1\\:", text)
    text = _INVITE.sub(r"\1\\.", text)
    text = _LINE_START.sub(_line_start, text)
    text = _MENTION.sub("@" + ZERO_WIDTH_SPACE, text)
    if not markers:
        return text
    # Parentheses after a marker would make it a link.
    return re.sub(
        r"\\\[(\d{1,4})\\\](\(?)",
        lambda found: f"[{found[1]}]{chr(92) + '(' if found[2] else ''}" if int(found[1]) in markers else found[0],
        text,
    )


def unescaped(text: str) -> str:
    """What `escaped` was given, but for what `plain` takes out."""
    return _ESCAPE.sub(r"\1", text.replace(ZERO_WIDTH_SPACE, ""))


def one_line(text: str, chars: int) -> str:
    """Foreign text in one line of at most so many characters, not escaped yet; "…" tells that more followed."""
    line = _BLANKS.sub(" ", plain(text)).strip()
    return line if len(line) <= chars else line[: chars - 1].rstrip() + "…"


def masked_link(label: str, url: str | None, chars: int = 100) -> str:
    """`[label](address)` from foreign words and a stored address; the label alone where that cannot be linked.

    Brackets in the label would end it, and Discord links no label that looks like an address.
    """
    words = one_line(_WEB.sub("", label), chars).replace("[", "(").replace("]", ")") or "untitled"
    words = escaped(words)
    address = link_address(url)
    return f"[{words}]({address})" if address else words


def link_address(url: str | None) -> str | None:
    """A stored address as it may stand in a masked link: http(s) alone, percent-encoded where it would end early."""
    if not url or len(url) > LINK_CHARS_MOST:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname or parts.username is not None:
        return None
    address = _ADDRESS_UNSAFE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), url)
    return address if address == plain(address) and len(address) <= LINK_CHARS_MOST else None


def _line_start(found: re.Match[str]) -> str:
    mark = found[2]
    return f"{found[1]}{mark}\\" if mark.isdigit() else f"{found[1]}\\{mark}"
