"""The holes of each wording of prompts/, and how they are filled. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

_HOLE = re.compile(r"\{(\w+)\}")

HOLES: Mapping[str, frozenset[str]] = {
    "write_system": frozenset({"no_answer"}),
    "write_user": frozenset({"evidence", "question", "today"}),
    "rewrite_system": frozenset(),
    "rewrite_user": frozenset({"history", "question"}),
    "verify_system": frozenset(),
    "verify_user": frozenset({"pairs"}),
}
"""What a chat model is told, by the name of its file: exactly these holes are filled."""


def holes_of(template: str) -> frozenset[str]:
    """The names of a template's holes; other braces are text."""
    return frozenset(_HOLE.findall(template))


def filled(template: str, values: Mapping[str, str]) -> str:
    """The template with its holes filled; what a value holds is never taken for a hole."""
    return _HOLE.sub(lambda hole: values.get(hole[1], hole[0]), template)
