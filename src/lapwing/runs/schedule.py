"""When a run definition is due: the four schedules, and the instants at which each of them fires.

Decides how a planned local time becomes an instant across clock changes, and which instants a schedule has.
Leaves the merging of missed occurrences, stand-by and the refusal of a past `at` to the scheduler, and the
times in which nothing is disconnected to quiet_times. Reads no clock and writes nothing.

Units: local times are naive, in the organisation's zone, to the second; instants are aware, in UTC.
Nothing fires after the year 2200. Source: domain rules, scheduling; RFC 5545 for the recurrence rule.
"""

import re
from bisect import bisect_left, bisect_right
from calendar import isleap, monthrange
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import groupby, islice
from typing import Annotated, Literal, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, Field, field_validator, model_validator

FIRST_YEAR, LAST_YEAR = 1970, 2200
HORIZON = datetime(LAST_YEAR, 12, 31, 23, 59, 59)
_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600}
_DAYS = {"days": 1, "weeks": 7}
_MONTHS = {"months": 1, "years": 12}
_MARGIN = timedelta(days=2)  # more than any clock has ever been changed by (Apia skipped one whole day)
Day = TypeVar("Day", bound=date)
_ISO = re.compile(
    "[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9:]+)?)?"
)


def _local_time(value: object) -> datetime:
    """Reads a local time from a file, a form or YAML. A bare date is its 00:00."""
    if isinstance(value, str):
        value = _read(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time.min)
    if not isinstance(value, datetime):
        raise ValueError("write the local time like 2015-03-10 02:00")
    if value.tzinfo is not None:
        raise ValueError(f"{value} has an offset: write the local time without an offset")
    if value.microsecond:
        raise ValueError(f"{value} has a fraction: write the local time in whole seconds")
    return _in_known_years(value)


def _local_date(value: object) -> date:
    """Reads a local date; a time of day is refused, because the whole day is meant."""
    if isinstance(value, str):
        value = _read(value)
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("write the date like 2015-12-31, without a time")
    return _in_known_years(value)


def _read(text: str) -> date:
    """A datetime, or a date where no time is written."""
    text = text.strip()
    if not _ISO.fullmatch(text):
        raise ValueError(f"{text!r} is not a date or local time: write it like 2015-03-10 02:00")
    try:
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not in the calendar or on the clock: {error}") from None


def _in_known_years(day: Day) -> Day:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"the year {day.year} is outside {FIRST_YEAR} to {LAST_YEAR}")
    return day


LocalTime = Annotated[datetime, BeforeValidator(_local_time)]
LocalDate = Annotated[date, BeforeValidator(_local_date)]


class _Method(BaseModel, extra="forbid", frozen=True):
    """What the four have in common: an unknown key is refused by name, and none of them changes."""


class Now(_Method, frozen=True):
    """Starts when it is submitted; it has no occurrences of its own."""

    method: Literal["now"] = "now"


class At(_Method, frozen=True):
    """Fires once."""

    method: Literal["at"] = "at"
    at: LocalTime


class Repeat(_Method, frozen=True):
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


class Advanced(_Method, frozen=True):
    """Fires on the dates of an iCalendar recurrence rule, at the time of day of its start, not before it."""

    method: Literal["advanced"] = "advanced"
    rule: str
    start: LocalTime

    @field_validator("rule")
    @classmethod
    def _well_formed(cls, rule: str) -> str:
        _parts(rule)
        return rule


Schedule = Annotated[Now | At | Repeat | Advanced, Field(discriminator="method")]


def next_occurrence(schedule: Schedule, zone: ZoneInfo, after: datetime) -> datetime | None:
    """The first instant strictly after `after`, or None. Raises ValueError for a time without an offset."""
    return next(_instants_from(schedule, zone, _utc(after) + timedelta.resolution), None)


def occurrence_at_or_after(schedule: Schedule, zone: ZoneInfo, moment: datetime) -> datetime | None:
    """The first instant at or after `moment`, or None. Raises ValueError for a time without an offset."""
    return next(_instants_from(schedule, zone, _utc(moment)), None)


def last_occurrence_until(schedule: Schedule, zone: ZoneInfo, upto: datetime) -> datetime | None:
    """The latest instant at or before `upto`, or None: what missed occurrences are merged into."""
    upto = _utc(upto)
    if isinstance(schedule, Advanced):
        return _last_of_rule(schedule, zone, upto)
    count, slot = _slots(schedule, zone)
    position = bisect_right(range(count), upto, key=slot)
    return slot(position - 1) if position else None


def occurrences(schedule: Schedule, zone: ZoneInfo, after: datetime, count: int) -> list[datetime]:
    """The next instants strictly after `after`, at most `count` of them, earliest first."""
    return list(islice(_instants_from(schedule, zone, _utc(after) + timedelta.resolution), count))


def nominal_date(instant: datetime, zone: ZoneInfo) -> date:
    """The local date an occurrence is planned for. Raises ValueError for a time without an offset."""
    return _aware(instant).astimezone(zone).date()


def to_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The first instant at which the zone's clock shows `local` or, if it skips it, is past it.

    A skipped time is the instant of the clock change; a time shown twice is the first of the two.
    Raises ValueError for a local time with an offset.
    """
    if local.tzinfo is not None:
        raise ValueError(f"{local} is not a local time: it has an offset")
    instant = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if _wall(instant, zone) == local:
        return instant
    return clock_change(local.replace(tzinfo=zone, fold=1).astimezone(UTC), instant, zone)


def clock_change(earlier: datetime, later: datetime, zone: ZoneInfo) -> datetime:
    """The instant between the two (UTC) at which the zone takes on the offset it has at `later`."""
    offset = later.astimezone(zone).utcoffset()
    earlier = earlier.replace(microsecond=0)

    def changed(second: int) -> bool:
        return (earlier + timedelta(seconds=second)).astimezone(zone).utcoffset() == offset

    seconds = int((later - earlier).total_seconds())
    return earlier + timedelta(seconds=bisect_left(range(seconds), True, key=changed))


def _wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the zone's clock shows at the instant."""
    return instant.astimezone(zone).replace(tzinfo=None)


def _utc(moment: datetime) -> datetime:
    """The moment in UTC, drawn in to the years that schedules know, so that no sum can overflow."""
    earliest, latest = datetime(FIRST_YEAR - 1, 1, 1, tzinfo=UTC), datetime(LAST_YEAR + 2, 1, 1, tzinfo=UTC)
    return min(max(_aware(moment), earliest), latest).astimezone(UTC)


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no offset: an instant is expected")
    return moment


def _instants_from(schedule: Schedule, zone: ZoneInfo, moment: datetime) -> Iterator[datetime]:
    """The instants at or after `moment`, ascending; two local times of one instant are one occurrence."""
    if isinstance(schedule, Advanced):
        first = _wall(moment, zone) - _MARGIN
        instants = (found for found in _rule_instants(schedule, zone, first, HORIZON) if found >= moment)
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
        return to_instant(_step(schedule.start, schedule.unit, n * schedule.every), zone)

    end = to_instant(_midnight_after(schedule), zone)
    count = _steps_between(schedule.start, schedule.unit, _wall(end, zone)) // schedule.every + 1
    while count and slot(count - 1) >= end:
        count -= 1
    return count, slot


def _midnight_after(schedule: Repeat) -> datetime:
    return datetime.combine(schedule.end or HORIZON, time.min) + timedelta(days=1)


def _step(start: datetime, unit: str, n: int) -> datetime:
    """The same time of day n days, weeks, months or years on; a day the month lacks is the month's last."""
    if unit in _DAYS:
        return start + timedelta(days=n * _DAYS[unit])
    year, month = divmod(start.year * 12 + start.month - 1 + n * _MONTHS[unit], 12)
    return start.replace(year=year, month=month + 1, day=min(start.day, monthrange(year, month + 1)[1]))


def _steps_between(start: datetime, unit: str, later: datetime) -> int:
    """Whole days or weeks, or calendar months or years whatever the day in them."""
    if unit in _DAYS:
        return (later - start).days // _DAYS[unit]
    return ((later.year - start.year) * 12 + later.month - start.month) // _MONTHS[unit]


_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_PERIODS = {"DAILY": "days", "WEEKLY": "weeks", "MONTHLY": "months", "YEARLY": "years"}
_SIGN, _WEEKDAY, _COUNTED = "[+-]?", f"({'|'.join(_WEEKDAYS)})", "([1-9]|[1-4][0-9]|5[0-3])"
_RULE_PARTS = {  # what a part may hold (a list where it ends in a comma), and how the operator is told
    "FREQ": ("|".join(_PERIODS), "DAILY, WEEKLY, MONTHLY or YEARLY"),
    "INTERVAL": ("[1-9][0-9]{0,5}", "a whole number from 1 to 999999"),
    "BYDAY": (f"({_SIGN}{_COUNTED})?{_WEEKDAY},", "MO to SU, by month or year also 2MO or -1FR"),
    "BYMONTHDAY": (f"{_SIGN}(0?[1-9]|[12][0-9]|3[01]),", "1 to 31, or -1 to -31 from the month's end"),
    "BYMONTH": ("0?[1-9]|1[0-2],", "1 to 12"),
    "BYSETPOS": (f"{_SIGN}([1-9][0-9]?|[12][0-9][0-9]|3[0-5][0-9]|36[0-6]),", "1 to 366, or -1 to -366"),
    "COUNT": ("[1-9][0-9]{0,5}", "a whole number from 1 to 999999"),
    "UNTIL": ("[0-9]{8}(T[0-9]{6}Z?)?", "20151231, 20151231T020000 or 20151231T020000Z"),
    "WKST": (_WEEKDAY, "MO to SU"),
}


@lru_cache(maxsize=256)
def _parts(rule: str) -> dict[str, str]:
    """Splits a recurrence rule. Raises ValueError that names the part at fault. Source: RFC 5545, 3.3.10."""
    parts: dict[str, str] = {}
    for part in rule.strip().upper().removeprefix("RRULE:").split(";"):
        name, _, value = part.partition("=")
        if name not in _RULE_PARTS:
            raise ValueError(f"{part!r} is not known in a recurrence rule: use {', '.join(_RULE_PARTS)}")
        if name in parts:
            raise ValueError(f"{name} is written twice in the recurrence rule")
        form, told = _RULE_PARTS[name]
        one = form.removesuffix(",")
        if not re.fullmatch(f"({one})(,({one}))*" if one != form else one, value):
            raise ValueError(f"{part} is not allowed: write {told}")
        parts[name] = value
    _check_together(parts)
    return parts


def _check_together(parts: dict[str, str]) -> None:
    if "FREQ" not in parts:
        raise ValueError("the recurrence rule has no FREQ: write it like FREQ=MONTHLY;BYMONTHDAY=-1")
    if {"COUNT", "UNTIL"} <= parts.keys():
        raise ValueError("COUNT and UNTIL cannot both end a recurrence rule: leave one out")
    if parts["FREQ"] == "WEEKLY" and "BYMONTHDAY" in parts:
        raise ValueError("BYMONTHDAY does not go with FREQ=WEEKLY: use FREQ=MONTHLY")
    if parts["FREQ"] in ("DAILY", "WEEKLY") and re.search("[0-9]", parts.get("BYDAY", "")):
        raise ValueError(f"BYDAY={parts['BYDAY']} counts weekdays: use FREQ=MONTHLY or FREQ=YEARLY")
    if "BYSETPOS" in parts and not parts.keys() & {"BYDAY", "BYMONTHDAY", "BYMONTH"}:
        raise ValueError("BYSETPOS needs BYDAY, BYMONTHDAY or BYMONTH to choose from")
    if "UNTIL" in parts:
        _until(parts["UNTIL"])


def _until(text: str) -> datetime:
    """The last second of a day, a local time, or an instant where it ends in Z."""
    try:
        until = datetime.strptime(f"{text}T235959"[:15], "%Y%m%dT%H%M%S")
    except ValueError:
        raise ValueError(f"UNTIL={text} is not in the calendar or on the clock") from None
    if until.year < FIRST_YEAR:
        raise ValueError(f"UNTIL={text} is before the year {FIRST_YEAR}")
    return min(until, HORIZON).replace(tzinfo=UTC if text.endswith("Z") else None)


class _Rule(NamedTuple):
    """A recurrence rule as read, with what it takes from its start written out. An empty set means any."""

    begin: datetime  # of the day, week, month or year that holds the start
    period: str
    interval: int
    months: frozenset[int]
    month_days: frozenset[int]
    weekdays: frozenset[str]  # MO, 2MO or -1MO; counted in the year, or in the month where months are given
    positions: frozenset[int]
    count: int | None
    until: datetime


@lru_cache(maxsize=256)
def _rule(schedule: Advanced) -> _Rule:
    parts, start = _parts(schedule.rule), schedule.start
    period = _PERIODS[parts["FREQ"]]
    into_week = (start.weekday() - _WEEKDAYS.index(parts.get("WKST", "MO"))) % 7
    begins = {
        "weeks": start - timedelta(days=into_week),
        "months": start.replace(day=1),
        "years": start.replace(month=1, day=1),
    }
    parts = _taken_from_start(period, start) | parts if not parts.keys() & {"BYDAY", "BYMONTHDAY"} else parts
    return _Rule(
        begins.get(period, start),
        period,
        int(parts.get("INTERVAL", "1")),
        months=frozenset(map(int, _listed(parts, "BYMONTH"))),
        month_days=frozenset(map(int, _listed(parts, "BYMONTHDAY"))),
        weekdays=frozenset(_listed(parts, "BYDAY")),
        positions=frozenset(map(int, _listed(parts, "BYSETPOS"))),
        count=int(parts["COUNT"]) if "COUNT" in parts else None,
        until=_until(parts["UNTIL"]) if "UNTIL" in parts else HORIZON,
    )


def _taken_from_start(period: str, start: datetime) -> dict[str, str]:
    """The parts that stand for the start's own day where a rule names no day."""
    day, month = {"BYMONTHDAY": str(start.day)}, {"BYMONTH": str(start.month)}
    weekday = {"BYDAY": _WEEKDAYS[start.weekday()]}
    return {"days": {}, "weeks": weekday, "months": day, "years": day | month}[period]


def _listed(parts: dict[str, str], name: str) -> list[str]:
    return [one for one in parts.get(name, "").replace("+", "").split(",") if one]


def _last_of_rule(schedule: Advanced, zone: ZoneInfo, upto: datetime) -> datetime | None:
    """Looks back over ever longer spans, so that a dense rule is never walked from its start."""
    last = min(_wall(upto, zone) + _MARGIN, _last_local(schedule, zone))
    for days in (40, 400, 4000, 40000, (HORIZON - schedule.start).days + 1):
        first = max(schedule.start, last - timedelta(days=days))
        found = [instant for instant in _rule_instants(schedule, zone, first, last) if instant <= upto]
        if found or first == schedule.start:
            return found[-1] if found else None
    return None


def _rule_instants(schedule: Advanced, zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[datetime]:
    """The instants of the local times from `first` to `last`, ascending."""
    until = _rule(schedule).until
    for local in _rule_locals(schedule, first, min(last, _last_local(schedule, zone))):
        instant = to_instant(local, zone)
        if until.tzinfo is None or instant <= until:
            yield instant


def _last_local(schedule: Advanced, zone: ZoneInfo) -> datetime:
    """No local time of the rule is later. Where its end is an instant, the instants are checked as well."""
    rule = _rule(schedule)
    if rule.count:
        return _last_counted(schedule, rule.count)
    return rule.until if rule.until.tzinfo is None else _wall(rule.until, zone) + _MARGIN


@lru_cache(maxsize=256)
def _last_counted(schedule: Advanced, count: int) -> datetime:
    """The local time of the COUNT-th occurrence, walked from the start once."""
    return next(islice(_rule_locals(schedule, schedule.start, HORIZON), count - 1, None), HORIZON)


def _rule_locals(schedule: Advanced, first: datetime, last: datetime) -> Iterator[datetime]:
    """The rule's local times from `first` to `last`, beginning with the period that holds `first`.

    Ours rather than dateutil's, which walks a rule that never yields (FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31) to
    the year 9999 whatever its end, sees part of the first week for BYSETPOS, and takes BYDAY=MO,-1FR as none.
    """
    rule, first, last = _rule(schedule), max(first, schedule.start), min(last, HORIZON)
    if first > last:
        return
    earliest = _steps_between(rule.begin, rule.period, first) // rule.interval * rule.interval
    for n in range(earliest, _steps_between(rule.begin, rule.period, last) + 1, rule.interval):
        begin, end = _step(rule.begin, rule.period, n), _step(rule.begin, rule.period, n + 1)
        days = [begin + timedelta(days=passed) for passed in range((end - begin).days)]
        chosen = [day for day in days if _matches(rule, day)]
        places = {place if place > 0 else len(chosen) + 1 + place for place in rule.positions}
        for place, day in enumerate(chosen, start=1):
            if first <= day <= last and (not places or place in places):
                yield day


def _matches(rule: _Rule, day: datetime) -> bool:
    if rule.months and day.month not in rule.months:
        return False
    length = monthrange(day.year, day.month)[1]
    if rule.month_days and not {day.day, day.day - length - 1} & rule.month_days:
        return False
    if not rule.weekdays:
        return True
    number = day.day
    if rule.period == "years" and not rule.months:
        number, length = day.timetuple().tm_yday, 366 if isleap(day.year) else 365
    name = _WEEKDAYS[day.weekday()]
    nth, nth_last = (number - 1) // 7 + 1, (length - number) // 7 + 1
    return not {name, f"{nth}{name}", f"-{nth_last}{name}"}.isdisjoint(rule.weekdays)
