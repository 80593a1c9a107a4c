"""Local times and the zone's clock: how they are read, and how one becomes an instant across clock changes.

Units: local times are naive, in the organisation's zone, to the second; instants are aware, in UTC.
Source: domain rules, scheduling.
"""

import re
from bisect import bisect_left
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator

FIRST_YEAR, LAST_YEAR = 1970, 2200
HORIZON = datetime(LAST_YEAR, 12, 31, 23, 59, 59)
_DAYS = {"days": 1, "weeks": 7}
_MONTHS = {"months": 1, "years": 12}
MARGIN = timedelta(days=2)  # more than any clock has ever been changed by (Apia skipped one whole day)
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


def to_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The first instant at which the zone's clock shows `local` or, if it skips it, is past it.

    A skipped time is the instant of the clock change; a time shown twice is the first of the two.
    Raises ValueError for a local time with an offset.
    """
    if local.tzinfo is not None:
        raise ValueError(f"{local} is not a local time: it has an offset")
    instant = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if wall(instant, zone) == local:
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


def wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the zone's clock shows at the instant."""
    return instant.astimezone(zone).replace(tzinfo=None)


def utc(moment: datetime) -> datetime:
    """The moment in UTC, drawn in to the years that schedules know, so that no sum can overflow."""
    earliest, latest = datetime(FIRST_YEAR - 1, 1, 1, tzinfo=UTC), datetime(LAST_YEAR + 2, 1, 1, tzinfo=UTC)
    return min(max(aware(moment), earliest), latest).astimezone(UTC)


def aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no offset: an instant is expected")
    return moment


def step(start: datetime, unit: str, n: int) -> datetime:
    """The same time of day n days, weeks, months or years on; a day the month lacks is the month's last."""
    if unit in _DAYS:
        return start + timedelta(days=n * _DAYS[unit])
    year, month = divmod(start.year * 12 + start.month - 1 + n * _MONTHS[unit], 12)
    return start.replace(year=year, month=month + 1, day=min(start.day, monthrange(year, month + 1)[1]))


def steps_between(start: datetime, unit: str, later: datetime) -> int:
    """Whole days or weeks, or calendar months or years whatever the day in them."""
    if unit in _DAYS:
        return (later - start).days // _DAYS[unit]
    return ((later.year - start.year) * 12 + later.month - start.month) // _MONTHS[unit]
