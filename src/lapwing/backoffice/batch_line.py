"""The batches of a run on a line of time, drawn as SVG: a bar a batch, side by side where several worked at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from lapwing.backoffice.charts import Tick
from lapwing.backoffice.templatetags.lapwing import count
from lapwing.runs.models import RunBatch

WIDTH, LEFT, RIGHT, LANE, TOP, BOTTOM = 640, 24, 30, 14, 6, 20
TICKS = 5
NARROWEST = 2.0


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    series: str  # done, errors
    label: str


@dataclass(frozen=True)
class BatchLine:
    bars: Sequence[Bar]
    ticks: Sequence[Tick]
    height: int
    width: int = WIDTH
    lane: int = LANE - 4

    @property
    def floor(self) -> int:
        return self.height - BOTTOM


@dataclass(frozen=True)
class _Span:
    """From when to when a batch worked, in seconds after the first one began."""

    start: float
    end: float


def batch_line(batches: Sequence[RunBatch], zone: ZoneInfo) -> BatchLine | None:
    """None before the first batch has finished."""
    worked = [
        (number, batch) for number, batch in enumerate(batches, 1) if batch.finished and batch.started_at
    ]
    if not worked:
        return None
    first = min(_began(batch) for _, batch in worked)
    spans = _spans([batch for _, batch in worked], first)
    whole = max(max(span.end for span in spans), 0.001)
    lanes = _lanes(spans)
    scale = (WIDTH - LEFT - RIGHT) / whole
    bars = [
        Bar(
            x=round(LEFT + span.start * scale, 1),
            y=TOP + lane * LANE,
            width=max(round((span.end - span.start) * scale, 1), NARROWEST),
            series="errors" if batch.errors else "done",
            label=_words(number, batch, zone),
        )
        for (number, batch), span, lane in zip(worked, spans, lanes, strict=True)
    ]
    ticks = [
        Tick(round(LEFT + whole * part / (TICKS - 1) * scale, 1), _time(first, whole, part, zone))
        for part in range(TICKS)
    ]
    return BatchLine(bars, ticks, TOP + (max(lanes) + 1) * LANE + BOTTOM)


def _began(batch: RunBatch) -> datetime:
    assert batch.started_at is not None  # it is finished
    return batch.started_at


def _spans(batches: Sequence[RunBatch], first: datetime) -> list[_Span]:
    """How long each took is the machine's time. Where business time stands still, one follows the other."""
    stands = len(batches) > 1 and all(_began(batch) == first for batch in batches)
    spans, after = [], 0.0
    for batch in batches:
        start = after if stands else (_began(batch) - first).total_seconds()
        spans.append(_Span(start, start + batch.took_s))
        after = start + batch.took_s
    return spans


def _lanes(spans: Sequence[_Span]) -> list[int]:
    """The first lane that is free when a batch begins."""
    free_at: list[float] = []
    lanes = [0] * len(spans)
    for position in sorted(range(len(spans)), key=lambda each: spans[each].start):
        span = spans[position]
        lane = next((lane for lane, at in enumerate(free_at) if at <= span.start), len(free_at))
        free_at[lane : lane + 1] = [span.end]
        lanes[position] = lane
    return lanes


def _words(number: int, batch: RunBatch, zone: ZoneInfo) -> str:
    began = _began(batch).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    return _(
        "Batch %(number)s: %(items)s items, %(done)s done, %(skipped)s skipped, %(errors)s errors; "
        "began %(began)s, took %(took)s s"
    ) % {
        "number": number,
        "items": count(batch.items),
        "done": count(batch.done),
        "skipped": count(batch.skipped),
        "errors": count(batch.errors),
        "began": began,
        "took": f"{batch.took_s:.2f}",
    }


def _time(first: datetime, whole: float, part: int, zone: ZoneInfo) -> str:
    if whole < 120:  # the clock would say the same at each
        return f"+{whole * part / (TICKS - 1):.{1 if whole >= 2 else 2}f} s"
    at = (first + timedelta(seconds=whole * part / (TICKS - 1))).astimezone(zone)
    return at.strftime("%-d %b %H:%M" if whole >= 86_400 else "%H:%M:%S" if whole < 7200 else "%H:%M")
