"""The fields that a program wrote on top of a text: YAML front matter, or lines such as "Title: ...". Pure."""

from __future__ import annotations

import re

from ingest.read.cleaning import tidy
from ingest.read.fields import FIELD_NAMES, key_of_name, known_names

_FIELD = re.compile(r"(?P<name>[A-Za-z][A-Za-z _-]{1,24})\s*:(?:\s+(?P<value>\S.*))?$")
_OTHERS = frozenset(
    "tags description summary markdowncontent excerpt id slug keywords fingerprint license image layout".split()  # noqa: SIM905
)
_HEADER_LINES = 30


def front_matter(text: str) -> tuple[dict[str, str], str]:
    """The fields on top of a text by our names, and the text without them; the whole text where there are none."""
    ours = {name: ours for ours in FIELD_NAMES if ours != "text" for name in known_names()[ours]}
    head, rest = text[:8000].lstrip("\ufeff \r\n"), text[8000:]
    lines = head.split("\n")
    fenced = lines[0].strip() == "---"
    found: dict[str, str] = {}
    used, field = 0, ""
    for number, raw in enumerate(lines[fenced:_HEADER_LINES], fenced + 1):
        row = raw.strip()
        if fenced and row in ("---", "..."):
            used = number
            break
        match = _FIELD.match(row)
        name = key_of_name(match["name"]) if match else ""
        value = match["value"] if match else row.removeprefix("- ") if row.startswith("- ") and fenced else None
        if match and (fenced or name in ours or name in _OTHERS):
            field = ours.get(name, "")
            used = 0 if fenced else number
        elif row and not fenced:
            break
        if field and value:
            found.setdefault(field, tidy(value).strip(" \"'"))
    # One field may be a paragraph that happens to begin with a word and a colon.
    if not used or (not fenced and (len(found) < 2 or not {"title", "url", "published"} & set(found))):
        return {}, text
    return found, "\n".join(lines[used:]) + rest
