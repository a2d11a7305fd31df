"""Draws how many articles stand in each week or month, by source, as a PNG that reads in both themes of Discord."""

from __future__ import annotations

import io
from dataclasses import dataclass
from importlib.util import find_spec

from bot.retrieval.periods import Counted
from bot.wording.days import day, tick

WIDTH_INCHES, HEIGHT_INCHES, DOTS_PER_INCH = 8.0, 4.5, 150
TICKS_MOST = 8
TITLE_CHARS = 44
LEGEND_CHARS = 24


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as #rrggbb: `ink` for words, `faint` for lines, `bars` for sources, the last one for all others."""

    ground: str
    ink: str
    faint: str
    bars: tuple[str, ...]


DARK = Theme("#1e1f22", "#f2f3f5", "#4e5058", ("#58a6ff", "#f0b132", "#3fb68b", "#ff7b8a", "#b594f0", "#9aa0a8"))
LIGHT = Theme("#ffffff", "#1e1f22", "#c8ccd2", ("#1f66c1", "#a36200", "#177a55", "#c2263b", "#6d3fc4", "#6b7078"))


def can_draw() -> bool:
    """Whether matplotlib, which draws the charts, is installed."""
    return find_spec("matplotlib") is not None


def coverage_chart(counted: Counted, topic: str, theme: Theme = DARK, language: str = "en") -> bytes:
    """The chart as a PNG: a stacked bar for each week or month, the key dates numbered. It has its own ground.

    Not to be called on an event loop: drawing takes some tenths of a second.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(WIDTH_INCHES, HEIGHT_INCHES), dpi=DOTS_PER_INCH, facecolor=theme.ground)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(facecolor=theme.ground)
    places = range(len(counted.starts))
    below = [0] * len(counted.starts)
    for index, (source, counts) in enumerate(counted.by_source.items()):
        colour = theme.bars[min(index, len(theme.bars) - 1)]
        axes.bar(places, counts, 0.82, bottom=below, color=colour, label=_shown(source, LEGEND_CHARS))
        below = [one + other for one, other in zip(below, counts, strict=True)]
    for number, key in enumerate(counted.key_dates, start=1):
        axes.annotate(
            str(number), (key.period, below[key.period]), (0, 4), textcoords="offset points", ha="center",
            color=theme.ink, fontsize=12, fontweight="bold",
        )  # fmt: skip
    axes.set_ylim(0, max([*below, 1]) * 1.15)
    axes.set_xlim(-0.7, max(len(counted.starts) - 0.3, 3))
    ticks = range(0, len(counted.starts), max(1, -(-len(counted.starts) // TICKS_MOST)))
    axes.set_xticks(ticks, [tick(counted.starts[place], language, monthly=counted.is_monthly) for place in ticks])
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    axes.tick_params(colors=theme.ink, labelsize=11, length=0)
    axes.grid(axis="y", color=theme.faint, linewidth=0.7)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(theme.faint)
    period = "month" if counted.is_monthly else "week"
    first, last = day(counted.first, language), day(counted.last, language)
    span = first if first == last else f"{first} – {last}"
    title = f"{_shown(topic, TITLE_CHARS)}: articles per {period}\n{span}"
    axes.set_title(title, loc="left", color=theme.ink, fontsize=13, pad=10, linespacing=1.5)
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=3, frameon=False, fontsize=11, labelcolor=theme.ink
    )
    written = io.BytesIO()
    figure.savefig(written, format="png", bbox_inches="tight", pad_inches=0.2, metadata={"Software": None})
    return written.getvalue()


def _shown(text: str, chars: int) -> str:
    """Plain words: matplotlib would read dollar signs as formulas, and an underscore in front as "no legend"."""
    cut = text if len(text) <= chars else text[: chars - 1].rstrip() + "…"
    return "\u200b" + cut.replace("$", r"\$") if cut.startswith("_") else cut.replace("$", r"\$")
