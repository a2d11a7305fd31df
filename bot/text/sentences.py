"""Finds the sentences of a news text, as exact spans.

The library nupunkt (a trained Punkt model, pure Python) proposes the boundaries; this module repairs what it gets
wrong in news: titles before names, quoted questions before "he asked", lists, wrapped lines, missing spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.schema import Span

BLOCK_CHARS_MAX = 50_000
"""A longer run without a line break is cut at white space first, so that hostile input costs linear time."""

TAIL_CHARS = 40
"""What is looked at of a sentence to judge its end."""

WRAP_WIDTH_MIN = 40
"""Lines shorter than this were never wrapped by a text editor: they are list items."""

_PARAGRAPH_BREAK = re.compile(r"\n\s*\n")
_OTHER_SPACE = re.compile(r"[^\S ]")
_LINE = re.compile(r"[^\n]+")
_BULLET = re.compile(r"\s*(?:[•►▪■●◦‣∙·*☐✔✓➤→–—-]\s|[►•▪■●‣➤]|\(?\d{1,3}[.)]\s)")
_INLINE_BULLET = re.compile(r"(?<=\s)[►•▪■●‣➤](?=\s?\S)")

_CLOSERS = "\"'”’»)\\]"  # escaped for a character class
_OPENERS = "\"'“‘«(["
_ENDS = re.compile(rf"[.!?…][{_CLOSERS}\s]*$")

_TITLE = re.compile(
    r"(?:^|[\s(\[“‘\"'/-])(?:Mr|Mrs|Ms|Mx|Messrs|Dr|Drs|Prof|Rev|Hon|Fr|Sr|Sra|St|Ste|Mt|Ft|Gov|Govs|Lt|Sen|Sens|Rep|Reps"
    r"|Del|Pres|Amb|Sec|Gen|Adm|Maj|Col|Capt|Cmdr|Cpl|Sgt|Spc|Pfc|Pvt|Det|Insp|Supt|Asst|Atty|Univ|vs|cf|e\.g|i\.e)\.$"
)
_NUMBERED = re.compile(
    r"(?:^|[\s(\[“‘\"'–—-])(?:No|Nos|Art|Sec|Vol|Ch|Fig|pp?|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|c|ca|approx|est)\.$"
)
_GERMAN_DAY = re.compile(r"(?:^|\W)(?:(?P<near>(?<!\bI\s)am|vom|zum|dem|den|der|des|ab|seit|bis)\s)?\d{1,2}\.$", re.I)
_GERMAN_MONTH = re.compile(
    r"(?:(?P<only>J[aä]nn?er|Januar|Feber|Februar|März|Juni|Juli|Oktober|Dezember)|April|Mai|August|(?:Sept|Nov)ember)\b"
)
_INITIAL = re.compile(r"(?:^|[\s(“‘\"'.-])(?P<letter>[A-Z])\.$")
_LETTERED = (
    r"(?:vitamin|war|plan|title|part|type|class|group|grade|hepatitis|influenza|series|section|option|exhibit|point"
    r"|appendix|schedule|channel|malcolm|model|figure|hall|generation|gen|and|or|in|an?|the)\s[A-Z]"
)
_NO_INITIAL = re.compile(rf"\b{_LETTERED}\.$", re.I)
_CLOCK = re.compile(r"(?:\b|\d)[ap]\.m\.$", re.I)
_AFTER_CLOCK = re.compile(
    r"(?:[ECMP][SD]?T|GMT|BST|CES?T|UTC|AEST|local|Eastern|Central|Mountain|Pacific|to|and|on|(?:Mon|Tues|Wednes|Thurs|Fri"
    r"|Satur|Sun)day|January|February|March|April|May|June|July|August|September|October|November|December"
    r"|(?:Jan|Feb|Aug|Sept?|Oct|Nov|Dec)\.)(?!\w)"
)
_COUNTRY = re.compile(r"(?:\b|[\s(“‘\"'])(?:U\.S\.(?:A\.)?|U\.K\.|U\.N\.|E\.U\.|D\.C\.|L\.A\.|N\.Y\.|St\. Louis)$")
_COMPANY = re.compile(r"\b(?:Inc|Corp|Co|Cos|Ltd|Bros|LLC|L\.L\.C|Jr|Sr|Ph\.D|M\.D|J\.D|Esq|etc)\.$")
_STARTER = re.compile(
    r"[“‘\"']?(?:The|A|An|This|That|These|Those|It|Its|He|She|They|We|I|You|His|Her|Their|Our|My|But|And|Or|So|In|On|At|As|If"
    r"|For|From|By|With|Without|When|While|Where|What|Who|Why|How|After|Before|Since|Until|During|Despite|Although|Though"
    r"|However|Meanwhile|Now|Then|There|Here|To|Some|Many|Most|More|Several|One|Two|Three|No|Not|Yet|Also|Even|Only"
    r"|According|Because|Under|Over|Earlier|Later|Last|Both|All|Each|Every|Another|Other|Officials|Police|Experts)"
    r"(?:['’]\w+)?(?=[\s,])"
)
_OFFICE = re.compile(
    r"(?:Chief|CEO|CFO|COO|President|Chairman|Chairwoman|Chair|Vice|Senior|Executive|Secretary|Government|Senate|Senator|Sen\."
    r"|House|Rep\.|Reps\.|Representative|Supreme|Department|Dept|District|Attorney|Ambassador|Army|Navy|Marine|Air|Coast"
    r"|Border|Customs|Capitol|Congress|Constitution|Treasury|State|Census|Bureau|Justice|Court|Circuit|Open|Embassy|Agency"
    r"|Centers?|Food|Fish|Forest|Geological|Postal|Soccer|Olympic|Women|Men|Steel|Bank|Security|Special|Surgeon|Marshals?"
    r"|Immigration|Environmental|Energy|Military|General|Human|High|Prime|Foreign|Defen[cs]e|Home|Health)(?!\w)"
)
_EXCLAIMED_NAME = re.compile(r"\b(?:Yahoo|Jeopardy|E|Panic|Joomla|Which\?|Wham|Mamma Mia|Oklahoma)!?!$")
_AFTER_EXCLAIMED_NAME = re.compile(
    r"(?:Finance|News|Sports?|Japan|Inc|Mail|Entertainment|Online|Champion|Tournament|The Musical|Network|Answers)\b"
)
_LIST_NUMBER = re.compile(r"\W*(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,4})[.)]\W*$")
_STOP = re.compile(rf"[.!?…][{_CLOSERS}]*(?P<space>\s*)(?=[“‘\"'(]?[A-Z])")
_GLUED_LEFT = re.compile(r"(?:[a-z]{2}|\d\d)$")
_GLUED_LEFT_CLOSED = re.compile(r"[a-z0-9%]$")
_GLUED_RIGHT = re.compile(r"[“‘\"'(]?(?:[A-Z][a-z]{1,15}['’]?[a-z]*[\s,]|[AI]\s)")
_WORD = re.compile(r"(?:^|[^\w.])(?P<word>[a-z]{2,})$")
_ABBREVIATED = re.compile(
    rf"(?:\bU\.S|\bU\.K|\bU\.N|\bD\.C|[ap]\.m|\b(?:Inc|Corp|Co|Ltd|Jr|Sr|etc)|\b(?i:{_LETTERED})|[a-z]{{2}}\s[A-Z])$"
)
_SHORTENED = re.compile(
    r"etc|dept|approx|est|min|max|avg|ave|corp|misc|ext|inc|ltd|vol|mfg|gov|sen|rep|prof|capt|sgt|col|gen|adm|assn|bros"
    r"|blvd|univ|nos|fig|sec"
)
"""Lower-case words that take a full stop in the middle of a sentence; the model knows more, and takes common words
such as "month" for some."""
_SAID = (
    r"(?:said|says|asked|asks|wrote|writes|tweeted|added|adds|told|recalled|replied|continued|exclaimed|shouted|joked)"
)
_ATTRIBUTION = re.compile(
    rf"[A-Z][\w.’'-]*(?: [A-Z][\w.’'-]*){{0,4}} {_SAID}(?:[.,]| in | on | of | to | during | after )"
)
_STRAY = re.compile(r"[.…!?,;:)\]”’»]+(?:\s|$)")


def sentences(text: str) -> list[Span]:
    """The sentences of `text`, in order, without surrounding white space.

    No sentence crosses a paragraph break (a blank line), and every character that is no white space is in exactly
    one. A single line break inside a paragraph is a space where the line was wrapped and an end where it was a list
    item or a headline. Crossheads, bylines and bullets without a full stop are sentences of their own.
    """
    return list(_iterate(text))


def _iterate(text: str) -> Iterator[Span]:
    for block_start, block_end in _blocks(text):
        block = text[block_start:block_end]
        # nupunkt looks for plain spaces; each replacement is one character, so offsets hold.
        plain = _OTHER_SPACE.sub(" ", block)
        start = 0
        for cut in [*_cuts(plain), len(block)]:
            piece = block[start:cut]
            kept = piece.strip()
            if kept:
                offset = block_start + start + len(piece) - len(piece.lstrip())
                yield Span(offset, offset + len(kept))
            start = cut


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for stop, following in [*((m.start(), m.end()) for m in _PARAGRAPH_BREAK.finditer(text)), (len(text), len(text))]:
        for line_start, line_end in _unwrapped(text, start, stop):
            yield from _bounded(text, line_start, line_end)
        start = following


def _unwrapped(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Joins wrapped lines of one paragraph; list items, headlines and bullets stay apart."""
    if text.find("\n", start, stop) < 0:
        yield start, stop
        return
    lines = [(m.start(), m.end()) for m in _LINE.finditer(text, start, stop)]
    width = max((len(text[a:b].strip()) for a, b in lines), default=0)
    first = 0
    for i in range(1, len(lines) + 1):
        if i == len(lines) or not _wrapped(text[slice(*lines[i - 1])].strip(), text[slice(*lines[i])], width):
            yield lines[first][0], lines[i - 1][1]
            first = i


def _wrapped(line: str, following: str, width: int) -> bool:
    # A text editor wraps only where the next word would not have fitted.
    word = following.split(maxsplit=1)[0] if following.strip() else ""
    if not line or not word or _BULLET.match(following):
        return False
    if word[0].islower():
        return True
    return width >= WRAP_WIDTH_MIN and len(line) + 1 + len(word) > width * 0.9


def _bounded(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    while stop - start > BLOCK_CHARS_MAX:
        space = max(text.rfind(" ", start, start + BLOCK_CHARS_MAX), text.rfind("\n", start, start + BLOCK_CHARS_MAX))
        cut = space + 1 if space > start else start + BLOCK_CHARS_MAX
        yield start, cut
        start = cut
    yield start, stop


def _cuts(block: str) -> list[int]:
    """Where the sentences of one block begin, but the first."""
    from nupunkt import sent_spans

    found = {start for start, _ in sent_spans(block)[1:]}
    found.update(match.end() for match in _STOP.finditer(block) if _ends_sentence(block, match))
    bullets = set() if block.isascii() else {match.start() for match in _INLINE_BULLET.finditer(block)}
    cuts: list[int] = []
    start = 0
    for found_cut in sorted(found | bullets):
        cut = _past_closers(block, found_cut)
        if cut <= start or cut >= len(block):
            continue
        if cut in bullets or not _joined(block[start:cut].strip(), block[cut : cut + 100].lstrip()):
            cuts.append(cut)
            start = cut
    return cuts


def _ends_sentence(block: str, stop: re.Match[str]) -> bool:
    """Whether a stop before a capital ends a sentence that nupunkt may have missed."""
    before = block[max(0, stop.start() - 24) : stop.start()]
    if not stop["space"]:  # "said.The": a full stop without a space behind it
        closed = stop.end() - stop.start() > 1
        if not (_GLUED_LEFT_CLOSED if closed else _GLUED_LEFT).search(before, max(0, len(before) - 2)):
            return False
        return _GLUED_RIGHT.match(block, stop.end()) is not None and not _in_address(block, stop.end())
    if word := _WORD.search(before):
        return not _SHORTENED.fullmatch(word["word"])
    return _ABBREVIATED.search(before) is not None and _STARTER.match(block, stop.end()) is not None


def _past_closers(block: str, cut: int) -> int:
    """A closing quote or bracket that stands after the cut belongs to the sentence before it."""
    end = cut
    while end < len(block) and block[end] in "”’»)]":
        end += 1
    if end == cut and cut < len(block) and block[cut] in "\"'" and (cut + 1 == len(block) or block[cut + 1] == " "):
        end += 1
    return end if end == len(block) or end == cut or block[end] == " " else cut


def _in_address(block: str, position: int) -> bool:
    start = block.rfind(" ", 0, position) + 1
    end = block.find(" ", position)
    word = block[start : end if end >= 0 else len(block)]
    return any(mark in word for mark in ("://", "@", "www.", "/")) or word.endswith((".Com", ".Org", ".Net"))


def _joined(left: str, right: str) -> bool:
    """Whether the boundary between `left` and `right` is none."""
    if not left:
        return True
    opened = right.lstrip(_OPENERS)
    if not opened or _STRAY.match(right):
        return True
    tail = left[-TAIL_CHARS:]
    if _LIST_NUMBER.fullmatch(left) or _TITLE.search(tail):
        return True
    if not _ENDS.search(tail):
        return False
    first = opened[0]
    if first.islower():
        return not _starts_lower(opened) and not right.startswith("(")
    if _NUMBERED.search(tail) and first.isdigit():
        return True
    if (month := _GERMAN_MONTH.match(right)) and (day := _GERMAN_DAY.search(tail)):
        return bool(month["only"] or day["near"])  # "2. März"; English has "12. August" at the end of a sentence
    if (initial := _INITIAL.search(tail)) and first.isupper():
        return _is_initial(tail, initial["letter"], right)
    if _COUNTRY.search(tail) or _COMPANY.search(tail):
        return bool(_OFFICE.match(right))
    if _CLOCK.search(tail):
        return bool(_AFTER_CLOCK.match(right))
    if left[-1] == "!" and _EXCLAIMED_NAME.search(tail):
        return bool(_AFTER_EXCLAIMED_NAME.match(right))
    if left[-1] in '”"' and left[-2:-1] in {"?", "!"}:
        return bool(_ATTRIBUTION.match(right))
    return left[-1] in "?!" and _quote_goes_on(left, right)


def _starts_lower(right: str) -> bool:
    """A word that a sentence may begin with in lower case: an address, an iPhone, a @name."""
    word = right.split(maxsplit=1)[0]
    return "://" in word or "www." in word or any(c.isupper() for c in word[1:3])


def _is_initial(left: str, letter: str, right: str) -> bool:
    if _STARTER.match(right) or letter == "I" or right[0] in _OPENERS:
        return False
    return not _NO_INITIAL.search(left)


def _quote_goes_on(left: str, right: str) -> bool:
    """“Why? Because!” he asked: a short quote with two marks, and who said it behind, is one sentence."""
    opening = max(left.rfind("“"), left.rfind(' "'), 0 if left[0] == '"' else -1)
    if opening < 0 or len(left) - opening > 80 or left.find("”", opening) >= 0 or left.find('"', opening + 2) >= 0:
        return False
    closing = re.match(r"[^“”\"]{1,80}[!?,.…][”\"] [a-z]", right)
    return closing is not None
