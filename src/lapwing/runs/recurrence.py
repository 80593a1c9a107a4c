"""Recurrence rules: what of RFC 5545 may be written, and the local times and instants that a rule has.

The expansion is our own and bounded (docs/decisions/0005): dateutil walks a rule that never yields to the year 9999.
"""

import re
from calendar import isleap, monthrange
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import field_validator

from lapwing.runs.inputs import Section
from lapwing.runs.local_time import (
    FIRST_YEAR,
    HORIZON,
    MARGIN,
    LocalTime,
    step,
    steps_between,
    to_instant,
    wall,
)


class Advanced(Section):
    """Fires on the dates of an iCalendar recurrence rule, at the time of day of its start, not before it."""

    method: Literal["advanced"] = "advanced"
    rule: str
    start: LocalTime

    @field_validator("rule")
    @classmethod
    def _well_formed(cls, rule: str) -> str:
        _parts(rule)
        return rule


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


def last_of_rule(schedule: Advanced, zone: ZoneInfo, upto: datetime) -> datetime | None:
    """Looks back over ever longer spans, so that a dense rule is never walked from its start."""
    last = min(wall(upto, zone) + MARGIN, _last_local(schedule, zone))
    for days in (40, 400, 4000, 40000, (HORIZON - schedule.start).days + 1):
        first = max(schedule.start, last - timedelta(days=days))
        found = [instant for instant in rule_instants(schedule, zone, first, last) if instant <= upto]
        if found or first == schedule.start:
            return found[-1] if found else None
    return None


def rule_instants(schedule: Advanced, zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[datetime]:
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
    return rule.until if rule.until.tzinfo is None else wall(rule.until, zone) + MARGIN


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
    earliest = steps_between(rule.begin, rule.period, first) // rule.interval * rule.interval
    for n in range(earliest, steps_between(rule.begin, rule.period, last) + 1, rule.interval):
        begin, end = step(rule.begin, rule.period, n), step(rule.begin, rule.period, n + 1)
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
