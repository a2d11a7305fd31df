"""Recognises what a publisher puts into every article: newsletter boxes, share prompts, advertisement surveys.

Texts and a small state in, spans out.

Two kinds are found. Prompts that any reader knows ("Sign up for our newsletter") are matched by pattern, sentence by
sentence. Everything else is learned: a paragraph that many articles of one publisher hold word for word.

What was learned when an article is stored decides for that article. Earlier articles keep the passages they have: of
a paragraph of this kind the first RECURRING_ARTICLES - 1 occurrences stay findable, so a stock sentence that does
tell something is never lost altogether, and no stored passage changes behind a reader's back. The state depends only
on the articles observed and their order. Written in the transaction that stores them, it makes a run that was killed
and started again end like one that was not. Observe each article once, when it is new: a revision would count its
paragraphs twice.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterator

from bot.errors import CorpusError
from bot.schema import Span
from bot.text.sentences import sentences

RECURRING_ARTICLES = 12
"""From this many articles on, a paragraph is boilerplate. In a corpus of 4,700 articles everything at 12 or more was
furniture, while background paragraphs and pages stored twice reached 9."""

WINDOW_ARTICLES = 250
"""A paragraph rarer than once in so many articles is forgotten (lossy counting), which bounds the state to some
thousand paragraphs per publisher however long it runs."""

PARAGRAPH_CHARS_MIN = 25
PARAGRAPH_CHARS_MAX = 600
"""Shorter ones are crossheads ("Delaware", "What we know"), which recur and still say what follows."""

_PARAGRAPH_BREAK = re.compile(r"\n\s*\n|\Z")
_STATE_HEAD = struct.Struct("<4sII")  # mark, articles observed, number of entries
_STATE_ENTRY = struct.Struct("<QII")  # key, articles, articles it may have missed before
_STATE_MARK = b"bp01"

_SERVICES = (
    r"(?:Twitter|X|Facebook|Instagram|TikTok|YouTube|Telegram|WhatsApp|LinkedIn|Threads|Bluesky|Flipboard|Google News)"
)
_PROMPT = re.compile(
    "|".join(
        (
            # Newsletters and alerts
            r"^(?:[^.!?]{0,60}[:►>] ?)?(?:please |you can |click here to )?(?:also )?(?:sign[- ]up|signup|subscribe)\b"
            r".{0,120}\b(?:newsletters?|inbox|email|alerts?|updates|free|here|today|now|podcast|channel|texts?)\b",
            r"\b(?:delivered|sent|straight|right) (?:directly |straight |right )?(?:in)?to your (?:inbox|email|phone)",
            r"\bto get it in your inbox\b|\bnot a subscriber\? |\balready a subscriber\?",
            r"^(?:get|want|receive) .{0,80}\bin your inbox\b",
            r"^by (?:signing up|subscribing|clicking|entering your email)\b.{0,120}\b(?:agree|terms|privacy)\b",
            r"^(?:please )?(?:enter a valid email|thanks for (?:signing up|subscribing))\b",
            r"^you agree to (?:the processing|our|receive)\b|\bin our privacy policy\.?$",
            r"^(?:we will|we may|how we) use the (?:details|information|data) you have (?:shared|given)\b",
            r"^would you like to receive\b.{0,60}\bnewsletters?\b|\bnewsletter provides you with\b",
            r"^if you wish to object to the use of your data\b",
            # Following and sharing
            rf"^(?:please )?(?:you can )?(?:follow|find|like|join) .{{1,90}}\bon {_SERVICES}\b",
            rf"^(?:reach|contact|email|e-mail) .{{1,80}}(?:@\w|\bon {_SERVICES}\b)",
            rf"^share (?:this|on|via|the)\b.{{0,40}}(?:article|story|post|page|{_SERVICES}|email)\W*$",
            r"^(?:share|copy link|tweet this|email this)(?: (?:article|story|link))?$",
            # Other articles
            r"^(?:read|see|watch|view|hear) (?:more|also|next|now)(?:\s*[:>►»|-].{0,200}|\.{3})?$",
            r"^(?:also read|more from|more on|related|recommended|you may also like|don[’']t miss|must watch|must read)"
            r"(?:\s*[:>►»|].{0,200}|(?: (?:stories|articles|coverage|content|topics|links))?)$",
            r"^(?:most (?:popular|read|viewed)|top stories|trending now|editor[’']s picks?|up next|replay more videos?)"
            r"\W*$",
            # Advertisements and players
            r"^(?:\(?story |article )?continues? (?:reading )?(?:below|after) (?:the )?(?:ad|advert|video|gallery)",
            r"^(?:skip )?(?:advertisement|advertising|sponsored content|ad feedback|paid content)\W*$",
            r"how relevant is (?:this|the) ad to you|did you encounter any technical issues",
            r"video player was slow to load",
            r"^(?:your browser does not support|please enable javascript|this video (?:is unavailable|cannot be))",
            r"\bmay earn (?:us )?(?:a|an) (?:affiliate )?commission\b|\bprices were accurate at the time\b",
            # Money, rights, housekeeping
            r"^(?:please )?(?:consider )?(?:support(?:ing)?) (?:local |our |quality )?journalism\b",
            r"\bmay not be published, broadcast, rewritten\b|^all rights reserved\W*$",
            r"^(?:copyright )?© ?\d{4}\b.{0,120}$",
            r"^(?:this|the) (?:story|article|page|post|headline)(?: and headline)? (?:has|have) been updated"
            r"(?: (?:with|to include) (?:additional|more|further|new) [\w ]{3,40})?\W*$",
            r"^(?:get|download) (?:the|our) (?:free )?[\w’' ]{0,30}\bapp\b",
            # The same in German, French, Spanish
            r"^(?:jetzt )?(?:abonnieren sie|melden sie sich)\b.{0,100}\bnewsletter\b",
            r"^(?:mehr zum thema|lesen sie auch|(?:à )?lire aussi|le[ae] tambi[ée]n)\b",
            r"^(?:abonnez-vous|inscrivez-vous)\b.{0,100}\b(?:newsletter|lettre)\b",
            r"^suscr[ií]b(?:a|e)[ts]e\b.{0,100}\b(?:newsletter|bolet[ií]n)\b",
        )
    ),
    re.IGNORECASE,
)
_HINTS = (
    "sign up", "sign-up", "signup", "subscri", "inbox", "to your email", "to your phone", "signing up", "by clicking",
    "entering your", "valid email", "you agree to", "privacy policy", "newsletter", "you have shared",
    "you have given", "wish to object", "twitter", "facebook", "instagram", "tiktok", "youtube", "telegram",
    "whatsapp", "linkedin", "threads", "bluesky", "flipboard", "google news", " on x", "@", "share", "copy link",
    "tweet this", "email this", "read more", "read also", "read next", "read now", "see more", "see also", "see next",
    "see now", "watch more", "watch also", "watch next", "watch now", "view more", "view also", "view next",
    "view now", "hear more", "hear also", "hear next", "hear now", "also read", "more from", "more on", "related",
    "recommended", "also like", "t miss", "must watch", "must read", "most popular", "most read", "most viewed",
    "top stories", "trending", "picks", "editor", "up next", "replay", "continue reading", "s below", "s after",
    "ue below", "ue after", "advert", "sponsored", "ad feedback", "paid content", "ad to you", "technical issues",
    "slow to load", "browser", "javascript", "this video", "commission", "prices were", "journalism", "rewritten",
    "all rights", "©", "been updated", "get the", "get our", "download", "abonn", "melden sie", "mehr zum thema",
    "lesen sie auch", "lire aussi", "también", "tambien", "inscrivez", "suscr",
)  # fmt: skip
"""Every prompt holds one of these, and looking for them is ten times faster than _PROMPT."""

PROMPT_CHARS_MAX = 320
"""A longer sentence says something besides, or is none."""


def is_prompt(sentence: str) -> bool:
    """Whether a sentence or line asks the reader to subscribe, follow, share or read on, and tells no news."""
    return len(sentence) <= PROMPT_CHARS_MAX and _PROMPT.search(sentence.strip(" \n*►•|-–—>[]()")) is not None


class Boilerplate:
    """What recurs over one publisher's articles.

    Keep one per publisher: `state` is what the catalog stores for it, `Boilerplate(state)` goes on from there.
    Raises CorpusError where `state` was not made by this class.
    """

    def __init__(self, state: bytes = b"") -> None:
        self._observed = 0
        self._seen: dict[int, tuple[int, int]] = {}
        """key -> (articles that held it, articles that it may have missed before it was first counted)"""
        if state:
            self._observed, self._seen = _unpacked(state)

    @property
    def articles(self) -> int:
        """How many articles were observed."""
        return self._observed

    @property
    def state(self) -> bytes:
        """All that was learned, in 12 + 16 bytes a paragraph; equal histories give equal bytes."""
        entries = sorted(self._seen.items())
        packed = b"".join(_STATE_ENTRY.pack(key, count, missed) for key, (count, missed) in entries)
        return _STATE_HEAD.pack(_STATE_MARK, self._observed, len(entries)) + packed

    def observe(self, text: str) -> None:
        """Counts the paragraphs of one new article, each once."""
        missed = self._observed // WINDOW_ARTICLES
        for key in {key for _, key in _paragraphs(text)}:
            count, first_missed = self._seen.get(key, (0, missed))
            self._seen[key] = (count + 1, first_missed)
        self._observed += 1
        if self._observed % WINDOW_ARTICLES == 0:
            windows = self._observed // WINDOW_ARTICLES
            self._seen = {key: seen for key, seen in self._seen.items() if sum(seen) > windows}

    def spans(self, text: str) -> list[Span]:
        """The parts of `text` that are boilerplate, in order: whole paragraphs or whole sentences."""
        learned = [span for span, key in _paragraphs(text) if self._seen.get(key, (0, 0))[0] >= RECURRING_ARTICLES]
        return _merged(learned + list(_prompts(text)))


def without(text: str, spans: list[Span]) -> str:
    """`text` without `spans`, which are in order: what to compare with other articles, or "" for a page of nothing
    but boilerplate, which is no article."""
    starts = [0, *(span.end for span in spans)]
    ends = [*(span.start for span in spans), len(text)]
    kept = (text[start:end].strip() for start, end in zip(starts, ends, strict=True))
    return "\n\n".join(part for part in kept if part)


def _paragraphs(text: str) -> Iterator[tuple[Span, int]]:
    """The paragraphs of a length that may be boilerplate, each with a key that is the same for the same words."""
    for start, paragraph in _split(text):
        if PARAGRAPH_CHARS_MIN <= len(paragraph) <= PARAGRAPH_CHARS_MAX:
            words = " ".join(re.findall(r"\w+", paragraph.casefold()))
            digest = hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            yield Span(start, start + len(paragraph)), int.from_bytes(digest, "little")


def _prompts(text: str) -> Iterator[Span]:
    lowered = text.lower()
    hints = [hint for hint in _HINTS if hint in lowered]
    for start, paragraph in _split(text) if hints else ():
        lowered = paragraph.lower()
        if any(hint in lowered for hint in hints):
            for span in sentences(paragraph):
                if is_prompt(paragraph[span.start : span.end]):
                    yield Span(start + span.start, start + span.end)


def _split(text: str) -> Iterator[tuple[int, str]]:
    """Where each paragraph begins, and the paragraph without white space around it."""
    start = 0
    for match in _PARAGRAPH_BREAK.finditer(text):
        block = text[start : match.start()]
        paragraph = block.lstrip()
        if paragraph:
            yield start + len(block) - len(paragraph), paragraph.rstrip()
        start = match.end()


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not merged or span.start >= merged[-1].end:
            merged.append(span)
    return merged


def _unpacked(state: bytes) -> tuple[int, dict[int, tuple[int, int]]]:
    try:
        mark, observed, entries = _STATE_HEAD.unpack_from(state)
        if mark != _STATE_MARK or len(state) != _STATE_HEAD.size + entries * _STATE_ENTRY.size:
            raise ValueError(mark)
    except (struct.error, ValueError):
        raise CorpusError(
            "What was learned about a publisher's boilerplate cannot be read: made by another version."
        ) from None
    packed = _STATE_ENTRY.iter_unpack(state[_STATE_HEAD.size :])
    return observed, {key: (count, missed) for key, count, missed in packed}
