"""A topic over time as the shapes of an SVG chart: stacked bars by outlet for each week or month. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.render import day
from bot.retrieval.periods import Counted, KeyDate
from bot.wording.days import tick

WIDTH, HEIGHT = 400.0, 210.0
LEFT, RIGHT, TOP, BOTTOM = 30.0, 396.0, 20.0, 186.0
TICKS_MOST = 5
GAP = 0.18
"""Share of a bar's room that is left free."""
BAR_MOST = 40.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle; `outlet` is the place of its outlet in the legend, `said` what it stands for."""

    x: float
    y: float
    width: float
    height: float
    outlet: int
    said: str


@dataclass(frozen=True, slots=True)
class Label:
    """Words at a point."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """All shapes, in units of the view box `width` x `height`; `legend` holds each outlet with its number."""

    width: float
    height: float
    bars: tuple[Bar, ...]
    lines: tuple[Label, ...]
    ticks: tuple[Label, ...]
    marks: tuple[Label, ...]
    legend: tuple[tuple[str, int], ...]
    key_dates: tuple[KeyDate, ...]
    period: str
    said: str


def chart_of(counted: Counted) -> Chart:
    """The chart of counts; each bar is a week or a month."""
    totals = [sum(counts) for counts in zip(*counted.by_source.values(), strict=True)]
    highest = max(totals)
    top = _round_up(highest)
    room = (RIGHT - LEFT) / len(totals)
    width = min(room * (1 - GAP), BAR_MOST)
    period = "month" if counted.is_monthly else "week"
    bars: list[Bar] = []
    for place, start in enumerate(counted.starts):
        below = 0
        when = tick(start, monthly=counted.is_monthly)
        for outlet, (name, counts) in enumerate(counted.by_source.items()):
            count = counts[place]
            if not count:
                continue
            y = _y(below + count, top)
            said = f"{name}: {count:,}, {'' if counted.is_monthly else 'week of '}{when}"
            bars.append(Bar(_middle(place, room) - width / 2, y, width, _y(below, top) - y, outlet, said))
            below += count
    step = max(1, -(-len(totals) // TICKS_MOST))
    chosen = range(0, len(totals), step)
    return Chart(
        width=WIDTH,
        height=HEIGHT,
        bars=tuple(bars),
        lines=tuple(Label(LEFT, _y(value, top), f"{value:,}") for value in sorted({0, top // 2, top}) if value <= top),
        ticks=tuple(
            Label(_middle(place, room), BOTTOM + 17, tick(counted.starts[place], monthly=counted.is_monthly))
            for place in chosen
        ),
        marks=tuple(
            Label(_middle(key.period, room), _y(totals[key.period], top) - 5, str(number))
            for number, key in enumerate(counted.key_dates, start=1)
        ),
        legend=tuple((name, sum(counts)) for name, counts in counted.by_source.items()),
        key_dates=counted.key_dates,
        period=period,
        said=f"{sum(totals):,} from {day(counted.first)} to {day(counted.last)}, at most {highest:,} in a {period}.",
    )


def _middle(place: int, room: float) -> float:
    return LEFT + (place + 0.5) * room


def _y(value: float, top: int) -> float:
    return BOTTOM - (BOTTOM - TOP) * value / top


def _round_up(value: int) -> int:
    """The next even number of one or two digits that count, so that half of it is whole too; 1 stays."""
    if value == 1:
        return 1
    step = max(2, 2 * 10 ** (len(str(value)) - 2)) if value >= 10 else 2
    return -(-value // step) * step
