"""When a run definition is due: the four schedules, and the instants at which each of them fires.

Leaves clock changes to `local_time`, recurrence rules to `recurrence`, the merging of missed occurrences, stand-by
and the refusal of a past `at` to the scheduler, and the times in which nothing is done to `quiet_times`.
Reads no clock and writes nothing. Nothing fires after the year 2200. Source: domain rules, scheduling.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby, islice
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from lapwing.runs.inputs import Section
from lapwing.runs.local_time import (
    HORIZON,
    MARGIN,
    LocalDate,
    LocalTime,
    aware,
    step,
    steps_between,
    to_instant,
    utc,
    wall,
)
from lapwing.runs.recurrence import Advanced, last_of_rule, rule_instants

_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600}


class Now(Section):
    """Starts when it is submitted; it has no occurrences of its own."""

    method: Literal["now"] = "now"


class At(Section):
    """Fires once."""

    method: Literal["at"] = "at"
    at: LocalTime


class Repeat(Section):
    """Fires at its start and then every so many units, through the last moment of the end date."""

    method: Literal["repeat"] = "repeat"
    start: LocalTime
    every: int = Field(ge=1, strict=True)
    unit: Literal["seconds", "minutes", "hours", "days", "weeks", "months", "years"]
    end: LocalDate | None = None

    @model_validator(mode="after")
    def _ends_after_start(self) -> "Repeat":
        if self.end is not None and self.end < self.start.date():
            raise ValueError(f"end {self.end} is before start {self.start}: it would never fire")
        return self


Schedule = Annotated[Now | At | Repeat | Advanced, Field(discriminator="method")]


def next_occurrence(schedule: Schedule, zone: ZoneInfo, after: datetime) -> datetime | None:
    """The first instant strictly after `after`, or None. Raises ValueError for a time without an offset."""
    return next(_instants_from(schedule, zone, utc(after) + timedelta.resolution), None)


def occurrence_at_or_after(schedule: Schedule, zone: ZoneInfo, moment: datetime) -> datetime | None:
    """The first instant at or after `moment`, or None. Raises ValueError for a time without an offset."""
    return next(_instants_from(schedule, zone, utc(moment)), None)


def last_occurrence_until(schedule: Schedule, zone: ZoneInfo, upto: datetime) -> datetime | None:
    """The latest instant at or before `upto`, or None: what missed occurrences are merged into."""
    upto = utc(upto)
    if isinstance(schedule, Advanced):
        return last_of_rule(schedule, zone, upto)
    count, slot = _slots(schedule, zone)
    position = bisect_right(range(count), upto, key=slot)
    return slot(position - 1) if position else None


def occurrences(schedule: Schedule, zone: ZoneInfo, after: datetime, count: int) -> list[datetime]:
    """The next instants strictly after `after`, at most `count` of them, earliest first."""
    return list(islice(_instants_from(schedule, zone, utc(after) + timedelta.resolution), count))


def nominal_date(instant: datetime, zone: ZoneInfo) -> date:
    """The local date an occurrence is planned for. Raises ValueError for a time without an offset."""
    return aware(instant).astimezone(zone).date()


def _instants_from(schedule: Schedule, zone: ZoneInfo, moment: datetime) -> Iterator[datetime]:
    """The instants at or after `moment`, ascending; two local times of one instant are one occurrence."""
    if isinstance(schedule, Advanced):
        first = wall(moment, zone) - MARGIN
        instants = (found for found in rule_instants(schedule, zone, first, HORIZON) if found >= moment)
    else:
        count, slot = _slots(schedule, zone)
        instants = map(slot, range(bisect_left(range(count), moment, key=slot), count))
    return (instant for instant, _ in groupby(instants))


Slots = tuple[int, Callable[[int], datetime]]


def _slots(schedule: Now | At | Repeat, zone: ZoneInfo) -> Slots:
    """How many occurrences there are, and the instant of the n-th, which never falls as n rises."""
    if isinstance(schedule, Repeat):
        slots = _elapsed_slots if schedule.unit in _SECONDS else _calendar_slots
        return slots(schedule, zone)
    if isinstance(schedule, At):
        return 1, lambda _: to_instant(schedule.at, zone)
    return 0, lambda _: datetime.max


def _elapsed_slots(schedule: Repeat, zone: ZoneInfo) -> Slots:
    step = schedule.every * _SECONDS[schedule.unit]
    first = to_instant(schedule.start, zone)
    midnight = _midnight_after(schedule)
    shown_last = midnight.replace(tzinfo=zone, fold=1).astimezone(UTC)
    seconds = int((max(to_instant(midnight, zone), shown_last) - first).total_seconds())
    return max(0, -(-seconds // step)), lambda n: first + timedelta(seconds=n * step)


def _calendar_slots(schedule: Repeat, zone: ZoneInfo) -> Slots:
    def slot(n: int) -> datetime:
        return to_instant(step(schedule.start, schedule.unit, n * schedule.every), zone)

    end = to_instant(_midnight_after(schedule), zone)
    count = steps_between(schedule.start, schedule.unit, wall(end, zone)) // schedule.every + 1
    while count and slot(count - 1) >= end:
        count -= 1
    return count, slot


def _midnight_after(schedule: Repeat) -> datetime:
    return datetime.combine(schedule.end or HORIZON, time.min) + timedelta(days=1)
