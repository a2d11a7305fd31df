"""Cuts a text that comes in pieces into sentences and lines, the same ones however it is cut into pieces.

Citation marks behind a full stop go with the sentence before them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from bot.text.sentences import sentences

SENTENCE_CHARS_MOST = 3_000
"""A longer run without an end is cut, so that hostile text costs linear time."""
LOOK_AHEAD_CHARS = 24
"""What follows a full stop and decides whether it ends a sentence: the next word, or so much of it."""
LOOK_BACK_CHARS = 120

_STOP = re.compile(r"[.!?…。！？][.!?…\"'”’»)*_~]{0,12}|\n")
_BLANKS, _LINES = re.compile("[ \t\u00a0]*"), re.compile("[ \t\u00a0\n]*")
_MARK = re.compile(
    r"(?P<raised>[⁰¹²³⁴⁵⁶⁷⁸⁹])|\[(?P<double>\[)?[^\]\n]{0,88}\](?(double)\]?)(?:\([^)]{0,600}\))?"
    r"|【[^】\n]{0,88}】|［[^］\n]{0,88}］|〔[^〕\n]{0,88}〕|\([^)\n]{0,88}\)"
)
"""What may be a citation mark: a raised digit, or a run in brackets, with the target of a link behind square ones."""
_BEGUN = re.compile(
    r"(?:\[(?:[^\]\n]{0,88}|\[?[^\]\n]{0,88}\]\]?\([^)]{0,598})|【[^】\n]{0,88}|［[^］\n]{0,88}|〔[^〕\n]{0,88}|\([^)\n]{0,88})\Z"
)
"""One of them that has begun, and ends where the text ends so far."""
_ENDED = re.compile(r"[.!?…:。！？|][\"'”’»)*_~\]]{0,12}\s{0,4}$")


class Piece(NamedTuple):
    """A sentence or line as it was written, and the blanks before it."""

    text: str
    gap: str


class _Undecided(Exception):
    """More text decides where the sentence ends."""


class SentenceStream:
    """Takes a text piece by piece; gives the sentences that are complete.

    `is_mark` says whether a bracketed run is a citation mark, so that it goes with the sentence before it.
    """

    def __init__(self, is_mark: Callable[[str], bool]) -> None:
        self._is_mark = is_mark
        self._buffer = ""
        self._scanned = 0
        self._is_last = False

    def feed(self, text: str) -> Iterator[Piece]:
        """The sentences that are complete with this piece of text."""
        self._buffer += text
        while self._buffer:
            blanks = len(self._buffer) - len(self._buffer.lstrip())
            try:
                if blanks == len(self._buffer):
                    self._wait()
                    return
                end = self._end(blanks)
            except _Undecided:
                return
            piece = Piece(self._buffer[blanks:end].strip(), self._buffer[:blanks])
            self._buffer = self._buffer[end:]
            self._scanned = 0
            yield piece

    def finish(self) -> Iterator[Piece]:
        """The sentences that are left."""
        self._is_last = True
        yield from self.feed("")

    def _wait(self) -> None:
        """Where more text decides: goes on only if none comes."""
        if not self._is_last:
            raise _Undecided

    def _end(self, start: int) -> int:
        """Where the sentence that begins at `start` ends."""
        limit = start + SENTENCE_CHARS_MOST
        for stop in _STOP.finditer(self._buffer, max(start, self._scanned)):
            if stop.start() >= limit:
                return limit
            self._scanned = stop.start()
            if end := self._decide(start, stop):
                return min(end, limit)
            self._scanned = stop.end()
        if len(self._buffer) >= limit:
            return limit
        self._scanned = max(self._scanned, start, len(self._buffer) - 1)
        self._wait()
        return len(self._buffer)

    def _decide(self, start: int, stop: re.Match[str]) -> int:
        """The end of the sentence at a stop, with its marks; 0 where it goes on."""
        if stop.end() == len(self._buffer):
            self._wait()
        after = self._past_marks(stop.end(), over_lines=stop[0] == "\n")
        following = self._buffer[after:]
        word = following.lstrip()
        if not word:
            self._wait()
            return len(self._buffer)
        gap = following[: len(following) - len(word)]
        if stop[0] == "\n":
            is_ended = _ENDED.search(self._buffer, max(start, stop.start() - 16), stop.start())
            if not is_ended and word[0].islower() and "\n" not in gap:  # a wrapped line
                return 0
            return stop.start() if after == stop.end() else after
        if "\n" in gap:
            return after
        if not gap and after == stop.end():
            return 0
        seen = re.match(rf"\S{{0,{LOOK_AHEAD_CHARS}}}", word)[0]  # type: ignore[index]
        if len(seen) == len(word) < LOOK_AHEAD_CHARS:
            self._wait()
        head = self._buffer[max(start, stop.end() - LOOK_BACK_CHARS) : stop.end()]
        return after if any(span.start == len(head) + 1 for span in sentences(f"{head} {seen}")) else 0

    def _past_marks(self, at: int, *, over_lines: bool) -> int:
        """The place behind the citation marks that follow a stop."""
        end = at
        while True:
            place = (_LINES if over_lines else _BLANKS).match(self._buffer, at).end()  # type: ignore[union-attr]
            if place == len(self._buffer):
                if over_lines:
                    self._wait()
                return end
            if over_lines and self._buffer[place] == "(":
                return end
            if _BEGUN.match(self._buffer, place):
                self._wait()
            mark = _MARK.match(self._buffer, place)
            if mark is None or not (mark["raised"] or self._is_mark(mark[0])):
                return end
            if not mark["raised"]:
                if mark.end() == len(self._buffer):
                    self._wait()
                if over_lines and self._buffer[mark.end() : mark.end() + 1] not in ("\n", "", "[", " "):
                    return end
            end = at = mark.end()
