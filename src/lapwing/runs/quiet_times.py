"""Quiet times: the weekdays, hours and public holidays in which nothing is disconnected.

Decides whether an instant is quiet, and which instant is the next allowed one. Leaves to the caller which
days are holidays (of the organisation's country or the customer's) and that a run keeps its nominal date.
Weekdays and holidays are whole local days; hours are read from the local clock, from the first of the two
times up to, not including, the second, across midnight where the first is the later one.

Units: instants are aware; answers are in UTC. Source: domain rules, run, quiet times.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, BeforeValidator, ConfigDict, field_validator

from lapwing.runs.inputs import Shown
from lapwing.runs.local_time import clock_change, to_instant

SEARCH_DAYS = 400  # more than a year of holidays
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = timedelta(days=1)


class NeverAllowed(ValueError):
    """The quiet times leave no allowed time within the days searched."""


def _country(value: object) -> object:
    """A country code or one of the two words. YAML reads an unquoted NO, Norway, as false."""
    if isinstance(value, bool):
        raise ValueError("YAML reads a bare NO as false: quote it, like holidays: 'NO'")
    if isinstance(value, str) and not re.fullmatch("[A-Z]{2}|organisation|customer", value):
        raise ValueError(f"{value!r} is not a country: write a code like GB, or organisation, or customer")
    return value


def _clock_time(value: object) -> object:
    """A time of day. YAML reads an unquoted 18:00 as the number 1080."""
    if not isinstance(value, str):
        raise ValueError(f"YAML reads a bare time as a number ({value}): quote it, like '18:00'")
    if not re.fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]", value):
        raise ValueError(f"{value!r} is not a time of day: write it like 08:00, from 00:00 to 23:59")
    return value


Country = Annotated[str, BeforeValidator(_country)]
ClockTime = Annotated[str, BeforeValidator(_clock_time)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class QuietTimes(BaseModel):
    """The quiet times of a definition, dumped as they are written in its file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weekdays: Annotated[tuple[Weekday, ...], Shown(_("Nothing on these weekdays"))] = ()
    holidays: Annotated[
        Country | None,
        Shown(
            _("Nothing on public holidays of"),
            _("A country like GB; organisation; or customer for each customer's own. Empty: none."),
            suggestions=("organisation", "customer"),
        ),
    ] = None
    between: Annotated[
        tuple[ClockTime, ClockTime] | None,
        Shown(_("Nothing between"), _("From the first time, up to the second; it may span midnight.")),
    ] = None

    @field_validator("weekdays")
    @classmethod
    def _leaves_a_day(cls, weekdays: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
        if len(set(weekdays)) == len(_WEEKDAYS):
            raise ValueError("all seven weekdays are quiet, so nothing would ever run: leave one out")
        return weekdays

    @field_validator("between")
    @classmethod
    def _ends_differ(cls, between: tuple[str, str] | None) -> tuple[str, str] | None:
        if between and between[0] == between[1]:
            raise ValueError(f"the quiet hours begin and end at {between[0]}: write two different times")
        return between


def is_quiet(
    quiet: QuietTimes, instant: datetime, zone: ZoneInfo, is_holiday: Callable[[date], bool]
) -> bool:
    """Whether nothing may be disconnected at the instant. `is_holiday` is asked about local dates.

    Raises ValueError for a time without an offset.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no offset: an instant is expected")
    local = instant.astimezone(zone)
    if _WEEKDAYS[local.weekday()] in quiet.weekdays or _in_quiet_hours(quiet, local.time()):
        return True
    return quiet.holidays is not None and is_holiday(local.date())


def next_allowed(
    quiet: QuietTimes, instant: datetime, zone: ZoneInfo, is_holiday: Callable[[date], bool]
) -> datetime:
    """The instant itself where it is allowed, else the first allowed one after it, in UTC.

    Raises NeverAllowed when there is none within 400 days.
    """
    if not is_quiet(quiet, instant, zone, is_holiday):
        return instant
    today = instant.astimezone(zone).date()
    for passed in range(SEARCH_DAYS + 1):
        for edge in _edges(quiet, today + passed * _DAY, zone):
            if edge > instant and not is_quiet(quiet, edge, zone, is_holiday):
                return edge
    raise NeverAllowed(
        f"no time within {SEARCH_DAYS} days after {instant} is allowed: the weekdays, hours and holidays of "
        "the quiet times cover all of them; take one out (quiet_times.never_allowed)"
    )


def _in_quiet_hours(quiet: QuietTimes, clock: time) -> bool:
    if quiet.between is None:
        return False
    begin, end = map(time.fromisoformat, quiet.between)
    return begin <= clock < end if begin < end else clock >= begin or clock < end


def _edges(quiet: QuietTimes, day: date, zone: ZoneInfo) -> list[datetime]:
    """The instants of one day, ascending, at which a quiet time can end: midnight, the end of the hours,
    each of them twice where the clock shows it twice, and a change of the clock itself.
    """
    clocks = {time.min} | ({time.fromisoformat(quiet.between[1])} if quiet.between else set())
    ends = [datetime.combine(day, clock) for clock in clocks]
    edges = {to_instant(local, zone) for local in ends}
    edges |= {local.replace(tzinfo=zone, fold=1).astimezone(UTC) for local in ends}
    begin, end = (to_instant(datetime.combine(midnight, time.min), zone) for midnight in (day, day + _DAY))
    if begin.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset():
        edges.add(clock_change(begin, end, zone))
    return sorted(edges)
