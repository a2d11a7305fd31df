"""What hedges an amount: "about", "more than", "up to", "or so".

Knows nothing about the amount itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.answering.proof.tokens import Token

_LOOK_BACK = 4
"""Words before an amount that may hedge it: "as many as", "an estimated"."""


_HEDGES = {
    "about": "about", "around": "about", "roughly": "about", "approximately": "about", "some": "about",
    "circa": "about", "estimated": "about", "~": "about", "≈": "about", "approx": "about",
    "over": "over", "exceeding": "over", "exceeded": "over", "above": "over", "topped": "over", "surpassed": "over",
    "nearly": "under", "almost": "under", "under": "under", "below": "under",
}  # fmt: skip


_LONG_HEDGES = {
    "more than": "over", "just over": "over", "less than": "under", "fewer than": "under", "just under": "under",
    "short of": "under", "close to": "about", "at least": "least", "no fewer than": "least", "no less than": "least",
    "at most": "most", "up to": "most", "as many as": "most", "as much as": "most", "no more than": "most",
    "in excess of": "over",
}  # fmt: skip


def hedge_of(read: Sequence[Token], at: int, after: int) -> str:
    """What hedges the amount between two tokens: words before it, or "or more", "or so" behind."""
    behind = " ".join(token.low for token in read[after : after + 2])
    if behind in ("or more", "or so") or (after < len(read) and read[after].text == "+" and read[after].is_glued):
        return "about" if behind == "or so" else "least"
    for back in range(1, _LOOK_BACK + 1):
        if at - back < 0:
            break
        joined = " ".join(token.low for token in read[at - back : at])
        if joined in _LONG_HEDGES:
            return _LONG_HEDGES[joined]
        if back == 1 and joined in _HEDGES and not _is_longer(read, at):
            return _HEDGES[joined]
        if back == 2 and read[at - 2].low in _HEDGES and read[at - 1].low in ("the", "a", "an", "$", "€", "£"):
            return _HEDGES[read[at - 2].low]
    return ""


def _is_longer(read: Sequence[Token], at: int) -> bool:
    return at > 1 and f"{read[at - 2].low} {read[at - 1].low}" in _LONG_HEDGES
