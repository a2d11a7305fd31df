"""Which outlet a page is from: by its address (data/outlets.tsv), by the name that it gives itself. Pure.

trafilatura names 11 of bench_reading's 15 outlets as readers know them (one by its motto: "Where Hope Finally Made a
Comeback"); here all 15 are, and 11 of those of the text dumps, which trafilatura does not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from bot.text import read_rows
from ingest.read.boilerplate_lines import is_found, words

_MIN_TITLE_CHARS = 9
_SEPARATOR = re.compile(r"\s+(?:[|–—\-•·:»*★☆~]|::|//)\s+|\s*\|\s*")
"""What stands between a title and the name of its site."""
_HOST = re.compile(r"(?:[a-z0-9-]{2,40}\.){1,3}[a-z]{2,6}")
_COPYRIGHT = re.compile(
    r"(?:©|\(c\)|\bcopyright\b)\s*(?:©|\(c\)|copyright|\s)*(?:(?:19|20)\d\d(?:\s*[-–]\s*(?:19|20)?\d\d)?)?[\s,.]*"
    r"(?P<name>[^\d©.|•·]{2,60}?)(?=[\s,]*(?:(?:19|20)\d\d|[.|•·©]|$|all rights|alle rechte|tous droits|a division|"
    r"todos los|ltd|limited|llc|inc\b|gmbh|plc|media group|(?:trust|group)\b))",
    re.IGNORECASE,
)


@cache
def _by_domain() -> dict[str, str]:
    return {domain: name for name, domains, *_ in _rows() for domain in domains.split()}


@cache
def _by_name() -> dict[str, tuple[str, bool]]:
    """The outlet of a name in any spelling, and whether it is what sections are called, too."""
    return {
        key: (name, mark == "section")
        for name, _, spellings, mark in _rows()
        for key in (_squeezed(name), *spellings.split())
    }


def _rows() -> list[list[str]]:
    return [(row + [""] * 3)[:4] for row in read_rows(Path(__file__).parent / "data" / "outlets.tsv")]


def outlet_of_url(url: str | None) -> str | None:
    """The outlet's name by the address: from the table, else None."""
    labels = (host_of(url) or "").split(".")
    domains = (".".join(labels[start:]) for start in range(len(labels) - 1))
    return next((name for domain in domains if (name := _by_domain().get(domain))), None)


def host_of(url: str | None) -> str | None:
    """The host of an address, without www."""
    try:
        host = urlsplit(url or "").hostname or ""
    except ValueError:
        return None
    return host.lower().removeprefix("www.").strip(".") or None


def outlet_name(url: str | None, *said: str | None) -> str | None:
    """The outlet's name: by its address where the table has it, else what the page says of itself, else the host."""
    if name := outlet_of_url(url):
        return name
    names = (" ".join(name.split()).strip(" |-–—") for name in said if name)
    names = (name for name in names if name and len(name) <= 80 and "://" not in name and not name.startswith("@"))
    return next((known_outlet(name) or name for name in names), host_of(url))


def known_outlet(name: str) -> str | None:
    """The outlet as the table spells it, for a name in any spelling; None for one that is not in the table."""
    return _by_name().get(_squeezed(name), (None,))[0]


def named_by_line(line: str) -> str | None:
    """The known outlet that a whole line names, as a page's head does; None for names that sections bear as well."""
    name, is_section_too = _by_name().get(_squeezed(line[:40]), (None, False))
    return None if is_section_too else name


def named_like_outlet(line: str, *, dated: bool = False) -> str | None:
    """The line, where it reads as a newspaper's name: "The Kelmouth Gazette"; None for what sections are called.

    Where a day stands beside it (`dated`), "Quay News" is one as well.
    """
    name = line.strip()
    parts = name.removeprefix("The ").split(" ")
    nouns = words("newspaper") | (words("the newspaper") if name.startswith("The ") else frozenset())
    if dated and not {part.casefold() for part in parts[:-1]} & (words("section") | words("no newspaper")):
        nouns |= words("dated newspaper")
    are_names = 2 <= len(parts) <= 5 and all(re.fullmatch(r"[A-Z][\w’'-]*|&|and|of", part) for part in parts)
    return name if are_names and parts[-1].casefold() in nouns else None


def name_in_text(url: str | None, text: str) -> str | None:
    """The outlet's name as the page writes it, by the address: harbourpost.example and "Harbour Post"."""
    labels = (host_of(url) or "").split(".")
    label = max(labels[:-1], key=len, default="")
    if not 5 <= len(label) <= 40 or not label.isalnum():
        return None
    pattern = r"[\s&'’.-]{0,3}".join(map(re.escape, label))
    found = (match[0] for match in re.finditer(rf"(?<![\w@/.])(?:The )?{pattern}(?![\w@/]|\.\w)", text, re.IGNORECASE))
    return next((name for name in found if any(char.isupper() for char in name)), None)


def outlet_of_footer(line: str) -> str | None:
    """The outlet that a copyright line names: "© 2024 The Example. All rights reserved." """
    match = _COPYRIGHT.search(line) if len(line) <= 500 else None
    if match is None:
        return None
    name = match["name"].strip(" ,-–—|")
    if known := known_outlet(name):
        return known
    is_notice = "©" in line or re.search(r"\b(?:19|20)\d\d\b", line)
    is_name = name[:1].isupper() and len(name.split()) <= 5 and not re.search(r"[a-z][A-Z][a-z]", name)
    return name if is_notice and is_name and not is_found("no outlet", name) else None


def _squeezed(name: str) -> str:
    return re.sub(r"\W+", "", name.casefold().removeprefix("the "))


def without_site(title: str, url: str | None, said: Iterable[str | None] = (), section: str | None = None) -> str:
    """The title without " | The Outlet", " - Section | outlet.example" or " * The Outlet * by Jane Doe".

    The page's address and the names that are `said` of it tell the outlet; the path and `section` its sections.
    """
    host = host_of(url) or ""
    label = max(host.split(".")[:-1], key=len, default="")
    names = {_squeezed(name) for name in (*said, outlet_of_url(url), host, label) if name} - {""}
    path = urlsplit(url).path.split("/") if host and url else []
    sections = {_squeezed(part) for part in (*path[:-1], section or "")} | words("section")
    end, cut, has_site = len(title), len(title), False
    for mark in reversed(list(_SEPARATOR.finditer(title))):
        part = title[mark.end() : end]
        end = mark.start()
        if mark.start() < _MIN_TITLE_CHARS:
            break
        if _is_site(part, names):
            has_site, cut = True, mark.start()
        elif has_site and _squeezed(part).removesuffix("news") in sections:
            cut = mark.start()
        elif has_site or not part.lower().startswith("by "):
            break
    return title[:cut].rstrip()


def _is_site(part: str, names: set[str]) -> bool:
    if known_outlet(part) or known_outlet(part.removesuffix(" News")) or _HOST.fullmatch(part.strip().lower()):
        return True
    key = _squeezed(part)
    return any(key == name or (len(name) >= 4 and name in key and len(key) < len(name) + 12) for name in names)
