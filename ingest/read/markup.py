"""Markup -> lines of text: a page, a fragment inside a field, and what trafilatura makes of a page."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from bot.errors import ReadError
from ingest.read.cleaning import TAG, clean, tidy, unescaped, wrapping

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_BLANK_LINES = re.compile(r"\n\s*\n+")
_ESCAPED_TAG = re.compile(r"&lt;/?(?:p|br|div|a|strong|em|span|img|h[1-6])\b.{0,200}?&gt;", re.IGNORECASE)
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
_BLOCKS = frozenset(
    """
    p div br ul ol li blockquote table tr td section article header footer main aside time address figure figcaption
    dl dt dd hr pre nav form button h1 h2 h3 h4 h5 h6
    """.split()  # noqa: SIM905
) | frozenset(("head", "item", "quote", "cell", "code", "ab", "row", "lb"))
"""Tags that stand on lines of their own: those of HTML, and those of trafilatura's own XML."""
_SILENT = frozenset("script style noscript template svg iframe title select option".split())  # noqa: SIM905
_ASIDES = frozenset("figure figcaption img picture video audio button object embed".split())  # noqa: SIM905


def paragraphs(text: str) -> str:
    """Text from a record's or feed's field as paragraphs with a blank line between them.

    HTML inside the field becomes its text; hard-wrapped lines are joined; other single line ends divide paragraphs.
    """
    if not TAG.search(text) and _ESCAPED_TAG.search(text):
        text = html.unescape(text)
    if TAG.search(text):
        return html_paragraphs(text)
    blocks: list[str] = []
    for block in _BLANK_LINES.split(unescaped(clean(text))):
        rows = [row for row in (" ".join(row.split()) for row in block.split("\n")) if row]
        if wrapping(rows) == 2:
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


def parsed(markup: str) -> HtmlElement:
    """The tree of a page or fragment, without comments. Raises ReadError where it is none, or hostile."""
    from lxml import etree
    from lxml import html as lxml_html

    check_attributes(markup)
    # Parsed from UTF-8 bytes: lxml refuses text that declares another encoding.
    parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        return lxml_html.document_fromstring(markup.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError, RecursionError) as error:
        raise ReadError("the page is empty or no HTML") from error


def lines_in(root: HtmlElement, *, silent: frozenset[str] = _SILENT, apart: str = "") -> list[tuple[str, int]]:
    """The lines of a tree, and of each its level: 1 to 6 for a heading, 0 for none.

    What `silent` tags hold is left out; `apart` stands between elements that nothing divides.
    """
    from lxml import etree

    found: list[tuple[str, int]] = []
    parts: list[str] = []
    level = muted = 0

    def end_line() -> None:
        if parts and (text := " ".join(tidy("".join(parts)).split())):
            found.append((text, level))
        parts.clear()

    # A loop over events, and no recursion: hostile markup nests deeper than Python's stack.
    for event, node in etree.iterwalk(root, events=("start", "end")):
        is_start = event == "start"
        if node.tag in _BLOCKS:
            end_line()
            if heading := re.fullmatch("h([1-6])|head", node.tag):
                level = int(heading[1] or 2) if is_start else 0
        if node.tag in silent:
            muted += 1 if is_start else -1
        if not muted and (text := node.text if is_start else node.tail or apart):
            parts.append(text)
    end_line()
    return found


def html_paragraphs(markup: str) -> str:
    """The text of an HTML fragment, a paragraph for each block; pictures, scripts and captions left out.

    Raises ReadError where a tag has more attributes than any real one.
    """
    if not markup.strip():
        return ""
    return "\n\n".join(text for text, _ in lines_in(parsed(clean(markup)), silent=_SILENT | _ASIDES))
