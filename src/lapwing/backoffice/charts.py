"""Charts as plain figures of bars, drawn by a template as SVG: no script, no inline style, and a table behind each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

WIDTH, HEIGHT = 520, 170
LEFT, BOTTOM, TOP = 46, 22, 8
WIDEST = 46  # a bar
LETTER = 6.2  # as wide as one of a label is at most
STEPS = (10, 15, 20, 25, 30, 40, 50, 60, 80)  # tenths


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
    anchor: str = "middle"  # of the label; the last one ends where the chart ends


@dataclass(frozen=True)
class Chart:
    """Stacked bars: a column a category, a colour a series."""

    series: Sequence[tuple[str, str]]  # name, which is its colour, and label
    bars: Sequence[Bar]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    rows: Sequence[tuple[str, Sequence[str]]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    floor: int = HEIGHT - BOTTOM
    unit: str = field(default="")

    @property
    def is_empty(self) -> bool:
        return not self.bars


def stacked(
    columns: Mapping[str, Mapping[str, int]],
    series: Mapping[str, str],
    *,
    unit: str,
    every: int = 1,
    left: int = LEFT,
    write: Callable[[int], str] = "{:,}".format,
) -> Chart:
    """`columns` maps a category's label to the values of its series, `series` a series to its label; each `every`-th
    label stands under the axis, and `write` says a value in words. `left` is the room for the words of the axis.
    """
    used = {name: label for name, label in series.items() if any(each.get(name) for each in columns.values())}
    most = top(max((sum(values.values()) for values in columns.values()), default=0))
    step = (WIDTH - left) / max(len(columns), 1)
    width = min(step * 0.76, WIDEST)
    plot = HEIGHT - BOTTOM - TOP
    bars, ticks = [], []
    for position, (column, values) in enumerate(columns.items()):
        x, floor = left + (position + 0.5) * step - width / 2, float(HEIGHT - BOTTOM)
        for name, label in used.items():
            height = plot * values.get(name, 0) / most
            if height:
                floor -= height
                words = f"{column}: {label} {write(values[name])}"
                bars.append(Bar(_r(x), _r(floor), _r(width), _r(height), name, words))
        if position % every == 0:
            ticks.append(_tick(x + width / 2, column))
    lines = [Tick(_r(HEIGHT - BOTTOM - plot * part / 2), write(most * part // 2)) for part in (0, 1, 2)]
    rows = [(column, [write(values.get(name, 0)) for name in used]) for column, values in columns.items()]
    return Chart(list(used.items()), bars, ticks, lines, rows, left=left, unit=unit)


def top(value: int) -> int:
    """The round even number at which the axis ends: 7 -> 8, 130 -> 150, 4100 -> 5000."""
    scale = 1
    while True:
        for step in STEPS:
            number, rest = divmod(step * scale, 10)
            if number >= value and not rest and not number % 2:
                return number
        scale *= 10


def _tick(at: float, label: str) -> Tick:
    half = len(label) * LETTER / 2
    return Tick(WIDTH, label, "end") if at + half > WIDTH else Tick(_r(at), label)


def _r(number: float) -> float:
    return round(number, 1)
