"""Draws two charts beside each other: precision against coverage, and hit@k for each ranking."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import UsageError
from bot.evaluation.metrics import precision_curve
from bot.evaluation.run import DEPTH, NEVER_REFUSING, OURS, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUFFIXES = (".png", ".svg", ".pdf")
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#595959")
"""Told apart by people who see fewer colours too (Okabe and Ito)."""
MARKERS = "os^Dv"


def require_writable(path: Path) -> None:
    """Raises UsageError where a chart cannot be written to `path`: told before a long run, not after it."""
    if find_spec("matplotlib") is None:
        raise UsageError('Charts are drawn by matplotlib: pip install "newsbot[charts]"')
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"A chart cannot be written as {path.name}; end the name in {', '.join(SUFFIXES)}.")
    if not path.parent.is_dir():
        raise UsageError(f"The folder {path.parent} for the chart does not exist.")


def draw(results: Sequence[Result], path: Path) -> None:
    """Write the chart of a run. Raises UsageError where it cannot be written."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(11, 4.5), layout="constrained")
    left, right = drawn.subplots(1, 2)
    _precision(left, results)
    _hits(right, results)
    try:
        drawn.savefig(path, dpi=150)
    except OSError as error:
        raise UsageError(f"The chart cannot be written to {path}: {error.strerror or error}.") from error


def _precision(axes: Axes, results: Sequence[Result]) -> None:
    axes.set_title("First quote right, as more is answered")
    axes.set_xlabel("coverage: share of questions, surest first")
    axes.set_ylabel("precision")
    judged = [result for result in results if result.group != "open"]
    gold = [result for result in judged if result.group == "answerable"]
    for place, (name, chosen) in enumerate({"with an answer here": gold, "all": judged}.items()):
        if not chosen or (name == "all" and len(chosen) == len(gold)):
            continue
        sure = [(result.said[NEVER_REFUSING], result) for result in chosen]
        curve = precision_curve(
            [(said.confidence, result.group == "answerable" and said.first_quote) for said, result in sure]
        )
        label = f"{name} ({len(chosen):,})"
        axes.plot([x for x, _ in curve], [y for _, y in curve], color=COLOURS[place], label=label)
        answered = [result for result in chosen if result.said[OURS].answered]
        if answered:
            right = sum(result.group == "answerable" and result.said[OURS].first_quote for result in answered)
            at = (len(answered) / len(chosen), right / len(answered))
            axes.plot(*at, MARKERS[place], color=COLOURS[place], label=f"what is answered: {at[1]:.2f} at {at[0]:.2f}")
    _finish(axes)
    axes.set_xlim(0, 1)


def _hits(axes: Axes, results: Sequence[Result]) -> None:
    axes.set_title("A right passage among the first k")
    axes.set_xlabel("k")
    axes.set_ylabel("hit@k")
    for place, row in enumerate(dict.fromkeys(row for result in results for row in result.places)):
        found = [result.places[row] for result in results if row in result.places]
        depths = range(1, DEPTH + 1)
        shares = [sum(0 < at <= depth for at in found) / len(found) for depth in depths]
        axes.plot(depths, shares, MARKERS[place] + "-", color=COLOURS[place], markersize=4, label=row)
    axes.set_xticks(range(1, DEPTH + 1))
    _finish(axes)


def _finish(axes: Axes) -> None:
    axes.set_ylim(0, 1.02)
    axes.grid(alpha=0.3)
    if axes.get_lines():
        axes.legend(loc="lower right", frameon=False)
