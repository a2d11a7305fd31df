"""Which lines of a news page are no part of the article: shares, teasers, captions, newsletter boxes, footers. Pure.

Knows nothing about HTML or about where a line stands: it judges one line by its words.
"""

from __future__ import annotations

import re

from ingest.read.furniture_words import (
    AGENCY_KEYS,
    ANYWHERE,
    ANYWHERE_CHARS,
    BIO,
    BOX_OPENERS,
    BRANDS,
    CAPTION_END,
    CAPTION_START,
    CREDIT_ONLY,
    CREDITS_LINE,
    END,
    EXACT,
    HARD_END,
    JAM,
    LEGAL,
    LEGAL_VOICE,
    REPORTED,
    SHARE_WORDS,
    SIDES,
    STARTS,
)


def is_furniture(line: str) -> bool:
    """Whether a line is a button, share row, teaser, newsletter box or notice: no part of the article."""
    text = _plain(line)
    if not text or not any(char.isalnum() for char in text):
        return True
    folded = text.casefold().strip(" .:…!>»|•·-–—*")
    if folded in EXACT or is_share_row(text):
        return True
    head = text[:700]
    if STARTS.match(head) or is_legal(text) or is_shout(text):
        return True
    return len(text) <= ANYWHERE_CHARS and bool(ANYWHERE.search(head))


def is_jammed(line: str) -> bool:
    """Whether a line runs two labels together, as the text of cards and badges does: "PoliticsLeader to resign"."""
    return any(match[0].casefold() not in BRANDS for match in JAM.finditer(line))


def is_shout(line: str) -> bool:
    """Whether a line is a headline in capitals: a link to another story. A crosshead in capitals is shorter."""
    return len(line) >= 36 and line.isupper() and line.count(" ") >= 4


def is_legal(line: str) -> bool:
    """Whether a paragraph is about cookies, consent and the site's own terms, as in the windows that pages open."""
    if len(line) > 3000 or REPORTED.search(line):
        return False
    terms = {match.casefold() for match in LEGAL.findall(line)}
    return len(terms) >= 3 or (len(terms) >= 1 and len(line) <= 400 and bool(LEGAL_VOICE.search(line)))


def is_share_row(line: str) -> bool:
    """Whether a line consists of the names of networks and the verbs of buttons: "Facebook Email WhatsApp 4"."""
    if len(line) > 160:
        return False
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", line)
    words = re.findall(r"[^\W\d]+(?:-[^\W\d]+)?", apart.casefold())
    return bool(words) and all(word in SHARE_WORDS for word in words)


def is_end(line: str) -> bool:
    """Whether a line heads what follows an article or stands as a box in it: related stories, comments, most read."""
    if len(line) > 90 or END.match(text := _plain(line)) is None:
        return False
    # "More from the minister's speech:" leads on to a quote; a box is headed by "Related:" in a word.
    return not text.endswith(":") or text.count(" ") < 2


def opens_box(line: str) -> bool:
    """Whether a player or a row of cards follows this line: what comes next in short lines belongs to it."""
    return _plain(line).casefold().strip(" :") in BOX_OPENERS


def is_hard_end(line: str) -> bool:
    """Whether the article is over at this line, whatever reads like sentences after it (comments do)."""
    return len(line) <= 90 and bool(HARD_END.match(_plain(line)))


def is_credit(line: str) -> bool:
    """Whether a line is the credit of a picture and nothing else: "Image: Getty Images", "(J. Doe / AP)"."""
    return len(line) <= 220 and not agency_credits(line) and bool(CREDIT_ONLY.match(_plain(line)))


def is_caption(line: str) -> bool:
    """Whether a line is the caption of a picture, told by its credit or label."""
    if len(line) > 600:
        return False
    text = _plain(line)
    if SIDES.search(text) and len(text) < 200 and text[-1] not in '.!?"”':
        return True
    return is_credit(text) or bool(CAPTION_START.match(text[:450])) or bool(CAPTION_END.search(text[-300:]))


def is_bio(line: str, authors: tuple[str, ...] = ()) -> bool:
    """Whether a paragraph presents its author. With the page's authors at hand, one of them must be the subject."""
    match = BIO.match(line[:900])
    if match is None:
        return False
    name = match["name"].casefold()
    if authors:
        return any(name in author.casefold() or author.casefold() in name for author in authors)
    return bool(
        re.search(
            r"\b(?:reporter|correspondent|editor|writer|columnist|producer)\b.{0,60}\b(?:for|at|with|of"
            r"|covering)\b",
            line,
        )
    )


def agency_credits(line: str) -> tuple[str, ...]:
    """The agencies of a line that signs an article: "kmm/rc (dpa, AP, AFP)" gives ("dpa", "AP", "AFP")."""
    text = _plain(line)
    if len(text) > 100:
        return ()
    text = re.sub(r"^(?:[a-zäöü]{2,4}/)+(?=[^\s()]+$)", "", text)  # the desk's initials: "mmu/Reuters/dpa"
    text = re.sub(
        r"^(?:source|sources|quelle|quellen|with|mit|avec|con|agencies)\s*:?\s+(?:material (?:von|from)\s+)?",
        "",
        text,
        flags=re.I,
    )
    match = CREDITS_LINE.match(text)
    if match is None:
        return ()
    names = [
        name.strip(" .")
        for name in re.split(r"\s*[,/;+&]\s*|\s+(?:and|und|et|y|with)\s+", match["names"])
        if name.strip(" .")
    ]
    known = [name.casefold() in AGENCY_KEYS for name in names]
    if match["desk"] and "(" in text and names and all(re.fullmatch(r"[A-Z][\w-]{1,20}", name) for name in names):
        return tuple(dict.fromkeys(names))
    if not names or not all(known):
        return ()
    if not match["desk"] and text[:1] not in "([" and len(names) < 2:
        return ()  # "Reuters" alone may be the outlet's name in a menu
    return tuple(dict.fromkeys(names))


def _plain(line: str) -> str:
    return line.strip().replace("’", "'").replace("‘", "'")
