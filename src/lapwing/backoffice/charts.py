"""Charts as plain figures of bars, drawn by a template as SVG: no script, no inline style, and a table behind each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

WIDTH, HEIGHT = 520, 170
LEFT, BOTTOM, TOP = 40, 22, 8
STEPS = (1, 2, 5)


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    series: str
    label: str


@dataclass(frozen=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True)
class Chart:
    """Stacked bars: a column a category, a colour a series."""

    series: Sequence[str]
    bars: Sequence[Bar]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    rows: Sequence[tuple[str, Sequence[int]]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    floor: int = HEIGHT - BOTTOM
    unit: str = field(default="")

    @property
    def is_empty(self) -> bool:
        return not self.bars


def stacked(
    columns: Mapping[str, Mapping[str, int]], series: Sequence[str], *, unit: str, every: int = 1
) -> Chart:
    """`columns` maps a category's label to the values of its series; each `every`-th label is written."""
    used = [name for name in series if any(values.get(name) for values in columns.values())]
    most = top(max((sum(values.values()) for values in columns.values()), default=0))
    step = (WIDTH - LEFT) / max(len(columns), 1)
    plot = HEIGHT - BOTTOM - TOP
    bars, ticks = [], []
    for position, (label, values) in enumerate(columns.items()):
        x, floor = LEFT + position * step + step * 0.12, float(HEIGHT - BOTTOM)
        for name in used:
            height = plot * values.get(name, 0) / most
            if height:
                floor -= height
                words = f"{label}: {values[name]:,} {name.replace('_', ' ')}"
                bars.append(Bar(_r(x), _r(floor), _r(step * 0.76), _r(height), name, words))
        if position % every == 0:
            ticks.append(Tick(_r(x + step * 0.38), label))
    lines = [Tick(_r(HEIGHT - BOTTOM - plot * part / 2), f"{most * part // 2:,}") for part in (0, 1, 2)]
    rows = [(label, [values.get(name, 0) for name in used]) for label, values in columns.items()]
    return Chart(used, bars, ticks, lines, rows, unit=unit)


def top(value: int) -> int:
    """The round even number at which the axis ends: 7 -> 10, 130 -> 200."""
    scale = 2
    while True:
        for step in STEPS:
            if step * scale >= value:
                return step * scale
        scale *= 10


def _r(number: float) -> float:
    return round(number, 1)
