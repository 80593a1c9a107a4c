"""Claims about schedules: what a local time means across clock changes, and which instants a schedule has."""

import itertools
import time as stopwatch
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import yaml
from dateutil.relativedelta import relativedelta
from dateutil.rrule import rrulestr
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from lapwing.runs.local_time import to_instant
from lapwing.runs.schedule import (
    Advanced,
    At,
    Now,
    Repeat,
    Schedule,
    last_occurrence_until,
    next_occurrence,
    nominal_date,
    occurrence_at_or_after,
    occurrences,
)

LONDON, NEW_YORK = ZoneInfo("Europe/London"), ZoneInfo("America/New_York")
LORD_HOWE, KOLKATA = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kolkata")
APIA, ST_JOHNS, UTC_ZONE = ZoneInfo("Pacific/Apia"), ZoneInfo("America/St_Johns"), ZoneInfo("UTC")
SCHEDULE = TypeAdapter(Schedule)
MINUTE = timedelta(minutes=1)

# Days on which a clock changes, and one zone in which none ever does.
CLOCK_CHANGES = [
    (LONDON, "2015-03-29"),
    (LONDON, "2015-10-25"),
    (NEW_YORK, "2015-03-08"),
    (NEW_YORK, "2015-11-01"),
    (LORD_HOWE, "2015-10-04"),
    (LORD_HOWE, "2015-04-05"),
    (ZoneInfo("America/Sao_Paulo"), "2018-11-04"),
    (ZoneInfo("America/Sao_Paulo"), "2018-02-18"),
    (ZoneInfo("Asia/Beirut"), "2022-03-27"),
    (APIA, "2011-12-30"),
    (ST_JOHNS, "2010-11-07"),
    (KOLKATA, "2015-03-29"),
    (UTC_ZONE, "2015-03-29"),
]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def wall(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)


def repeat(start: str, every: int, unit: str, end: str | None = None) -> Repeat:
    return Repeat.model_validate(
        {"method": "repeat", "start": start, "every": every, "unit": unit, "end": end}
    )


def advanced(start: str, rule: str) -> Advanced:
    return Advanced.model_validate({"method": "advanced", "start": start, "rule": rule})


def walls(schedule: Schedule, zone: ZoneInfo, after: str, count: int) -> list[str]:
    return [f"{wall(one, zone):%Y-%m-%d %H:%M}" for one in occurrences(schedule, zone, utc(after), count)]


# ---- oracles: slow, and by other means than the code


def walked(local: datetime, zone: ZoneInfo) -> datetime:
    """Walks the clock minute by minute until it first shows the local time, or is past it."""
    instant = local.replace(tzinfo=UTC) - timedelta(hours=16)
    while wall(instant, zone) < local:
        instant += MINUTE
    return instant


def tried(local: datetime, zone: ZoneInfo) -> datetime:
    """Tries the offsets in force two days before and after; walks only where neither fits."""
    around = [local.replace(tzinfo=UTC) + timedelta(days=days) for days in (-2, 2)]
    instants = [local.replace(tzinfo=UTC) - one.astimezone(zone).utcoffset() for one in around]
    fitting = [instant for instant in instants if wall(instant, zone) == local]
    return min(fitting) if fitting else walked(local, zone)


def check_against(listed: list[datetime], schedule: Schedule, zone: ZoneInfo, moment: datetime) -> None:
    """The list holds every instant of the schedule up to well past the moment."""
    later = sorted({one for one in listed if one > moment})
    assert occurrences(schedule, zone, moment, 4) == later[:4]
    assert next_occurrence(schedule, zone, moment) == (later[0] if later else None)
    at_or_after = [one for one in listed if one >= moment]
    assert occurrence_at_or_after(schedule, zone, moment) == (at_or_after[0] if at_or_after else None)
    before = [one for one in listed if one <= moment]
    assert last_occurrence_until(schedule, zone, moment) == (before[-1] if before else None)


# ---- local times and instants


@pytest.mark.parametrize(
    ("zone", "local", "instant"),
    rows("""
    Europe/London       | 2015-03-29 00:59 | 2015-03-29 00:59
    Europe/London       | 2015-03-29 01:00 | 2015-03-29 01:00
    Europe/London       | 2015-03-29 01:30 | 2015-03-29 01:00
    Europe/London       | 2015-03-29 02:00 | 2015-03-29 01:00
    Europe/London       | 2015-03-29 02:30 | 2015-03-29 01:30
    Europe/London       | 2015-10-25 01:30 | 2015-10-25 00:30
    Europe/London       | 2015-10-25 02:00 | 2015-10-25 02:00
    America/New_York    | 2015-03-08 02:30 | 2015-03-08 07:00
    America/New_York    | 2015-03-08 03:00 | 2015-03-08 07:00
    America/New_York    | 2015-11-01 01:30 | 2015-11-01 05:30
    Australia/Lord_Howe | 2015-10-04 02:15 | 2015-10-03 15:30
    Australia/Lord_Howe | 2015-10-04 02:30 | 2015-10-03 15:30
    Australia/Lord_Howe | 2015-04-05 01:45 | 2015-04-04 14:45
    Asia/Kolkata        | 2015-03-29 02:30 | 2015-03-28 21:00
    UTC                 | 2015-03-29 02:30 | 2015-03-29 02:30
    America/Sao_Paulo   | 2018-11-04 00:00 | 2018-11-04 03:00
    America/Sao_Paulo   | 2018-02-17 23:30 | 2018-02-18 01:30
    Asia/Beirut         | 2022-03-27 00:30 | 2022-03-26 22:00
    Pacific/Apia        | 2011-12-29 23:59 | 2011-12-30 09:59
    Pacific/Apia        | 2011-12-30 00:00 | 2011-12-30 10:00
    Pacific/Apia        | 2011-12-30 23:59 | 2011-12-30 10:00
    Pacific/Apia        | 2011-12-31 00:00 | 2011-12-30 10:00
    """),
)
def test_a_skipped_time_is_the_clock_change_and_a_repeated_one_is_its_first(zone, local, instant):
    assert to_instant(datetime.fromisoformat(local), ZoneInfo(zone)) == utc(instant)


near_a_change = st.tuples(st.sampled_from(CLOCK_CHANGES), st.integers(-1000, 2500))


@settings(max_examples=150, deadline=None)
@given(near_a_change)
def test_to_instant_agrees_with_a_walk_minute_by_minute(case):
    (zone, day), minutes = case
    local = datetime.fromisoformat(day) + minutes * MINUTE
    assert to_instant(local, zone) == walked(local, zone)


@settings(max_examples=150, deadline=None)
@given(near_a_change, st.integers(0, 90_000))
def test_a_later_local_time_is_never_an_earlier_instant(case, seconds):
    (zone, day), minutes = case
    local = datetime.fromisoformat(day) + minutes * MINUTE
    assert to_instant(local, zone) <= to_instant(local + timedelta(seconds=seconds), zone)


def test_a_skipped_fraction_of_a_second_is_the_clock_change_too():
    assert to_instant(datetime(2015, 3, 29, 1, 30, 0, 500_000), LONDON) == utc("2015-03-29 01:00")


def test_to_instant_refuses_a_time_with_an_offset():
    with pytest.raises(ValueError, match="has an offset"):
        to_instant(utc("2015-03-29"), LONDON)


@pytest.mark.parametrize("ask", [next_occurrence, occurrence_at_or_after, last_occurrence_until])
def test_a_moment_without_an_offset_is_refused(ask):
    with pytest.raises(ValueError, match="has no offset"):
        ask(repeat("2015-03-10", 1, "days"), LONDON, datetime(2015, 3, 10))


def test_nominal_date_is_the_local_date():
    assert nominal_date(utc("2015-03-10 13:30"), LORD_HOWE) == date(2015, 3, 11)
    assert nominal_date(utc("2015-03-10 02:00"), NEW_YORK) == date(2015, 3, 9)
    with pytest.raises(ValueError, match="has no offset"):
        nominal_date(datetime(2015, 3, 10), LONDON)


# ---- now and at


def test_now_has_no_occurrences():
    moment = utc("2015-03-10")
    assert next_occurrence(Now(), LONDON, moment) is None
    assert occurrence_at_or_after(Now(), LONDON, moment) is None
    assert last_occurrence_until(Now(), LONDON, moment) is None
    assert occurrences(Now(), LONDON, moment, 5) == []


def test_at_fires_once():
    at, instant = At(at="2015-07-10 02:00"), utc("2015-07-10 01:00")
    check_against([instant], at, LONDON, instant - MINUTE)
    check_against([instant], at, LONDON, instant)
    check_against([instant], at, LONDON, instant + MINUTE)


# ---- repeat


@pytest.mark.parametrize(
    ("start", "every", "unit", "shown"),
    rows("""
    2015-01-31 02:00 | 1 | months | 2015-01-31 2015-02-28 2015-03-31 2015-04-30 2015-05-31
    2016-01-30 02:00 | 1 | months | 2016-01-30 2016-02-29 2016-03-30 2016-04-30 2016-05-30
    2015-11-30 02:00 | 3 | months | 2015-11-30 2016-02-29 2016-05-30 2016-08-30 2016-11-30
    2016-02-29 02:00 | 1 | years  | 2016-02-29 2017-02-28 2018-02-28 2019-02-28 2020-02-29
    2096-02-29 02:00 | 4 | years  | 2096-02-29 2100-02-28 2104-02-29 2108-02-29 2112-02-29
    2015-02-27 02:00 | 1 | days   | 2015-02-27 2015-02-28 2015-03-01 2015-03-02 2015-03-03
    2015-12-24 02:00 | 2 | weeks  | 2015-12-24 2016-01-07 2016-01-21 2016-02-04 2016-02-18
    """),
)
def test_calendar_units_step_from_the_start_and_keep_its_day(start, every, unit, shown):
    expected = [f"{day} 02:00" for day in shown.split()]
    assert walls(repeat(start, int(every), unit), LONDON, "1970-01-01", 5) == expected


def test_days_keep_the_local_time_across_a_clock_change():
    listed = occurrences(repeat("2015-03-27 01:30", 1, "days"), LONDON, utc("2015-03-26"), 4)
    assert listed == [
        utc("2015-03-27 01:30"),
        utc("2015-03-28 01:30"),
        utc("2015-03-29 01:00"),  # 01:30 is skipped
        utc("2015-03-30 00:30"),
    ]


def test_hours_step_in_elapsed_time_across_a_clock_change():
    autumn = repeat("2015-10-25 00:30", 1, "hours")
    assert walls(autumn, LONDON, "2015-10-24", 4) == [
        "2015-10-25 00:30",
        "2015-10-25 01:30",
        "2015-10-25 01:30",
        "2015-10-25 02:30",
    ]
    assert walls(repeat("2015-03-28 01:30", 24, "hours"), LONDON, "2015-03-28", 3)[2] == "2015-03-30 02:30"


@pytest.mark.parametrize(
    ("start", "every", "unit", "end", "last"),
    rows("""
    2015-03-01 02:00 | 1  | days    | 2015-03-10 | 2015-03-10 02:00
    2015-03-01 02:00 | 7  | hours   | 2015-03-02 | 2015-03-02 20:00
    2015-03-01 00:00 | 1  | seconds | 2015-03-01 | 2015-03-01 23:59
    2015-03-01 00:00 | 1  | days    | 2015-03-01 | 2015-03-01 00:00
    2015-01-31 02:00 | 1  | months  | 2015-04-29 | 2015-03-31 02:00
    2015-01-31 02:00 | 1  | months  | 2015-04-30 | 2015-04-30 02:00
    2015-10-25 00:00 | 30 | minutes | 2015-10-25 | 2015-10-25 23:30
    """),
)
def test_the_end_date_is_included_to_its_last_moment(start, every, unit, end, last):
    schedule = repeat(start, int(every), unit, end)
    found = last_occurrence_until(schedule, LONDON, utc("2030-01-01"))
    assert f"{wall(found, LONDON):%Y-%m-%d %H:%M}" == last
    assert next_occurrence(schedule, LONDON, found) is None


def test_an_end_date_whose_last_hour_is_shown_twice_includes_both():
    schedule = repeat("2010-11-06 22:00", 30, "minutes", "2010-11-06")  # 00:01 goes back to 23:01
    assert walls(schedule, ST_JOHNS, "2010-11-06", 9)[-2:] == ["2010-11-07 00:00", "2010-11-06 23:30"]
    days = repeat("2010-11-05 00:00", 1, "days", "2010-11-06")
    assert walls(days, ST_JOHNS, "2010-11-01", 9) == ["2010-11-05 00:00", "2010-11-06 00:00"]


def test_a_skipped_day_does_not_fire_twice():
    midnight = repeat("2011-12-29 00:00", 1, "days")
    assert walls(midnight, APIA, "2011-12-28", 3) == [
        "2011-12-29 00:00",
        "2011-12-31 00:00",
        "2012-01-01 00:00",
    ]
    rule = advanced("2011-12-29 00:00", "FREQ=DAILY")
    assert walls(rule, APIA, "2011-12-28", 3) == walls(midnight, APIA, "2011-12-28", 3)


def test_missed_occurrences_merge_into_the_latest_one():
    """The service was down from the evening of 27 March to the morning of 30 March."""
    nightly = repeat("2015-03-01 01:30", 1, "days")
    back = utc("2015-03-30 08:00")
    missed = next_occurrence(nightly, LONDON, utc("2015-03-27 20:00"))
    latest = last_occurrence_until(nightly, LONDON, back)
    assert (nominal_date(missed, LONDON), nominal_date(latest, LONDON)) == (
        date(2015, 3, 28),
        date(2015, 3, 30),
    )
    assert next_occurrence(nightly, LONDON, latest) > back


def test_the_last_occurrence_includes_its_own_instant_and_not_one_to_come():
    monthly = repeat("2015-01-31 02:00", 1, "months")
    fires = utc("2015-02-28 02:00")
    assert last_occurrence_until(monthly, LONDON, fires) == fires
    assert last_occurrence_until(monthly, LONDON, fires - timedelta.resolution) == utc("2015-01-31 02:00")
    assert last_occurrence_until(monthly, LONDON, utc("2015-01-31 01:59")) is None


def test_every_second_since_1970_is_answered_at_once():
    schedule = repeat("1970-01-01", 1, "seconds")
    moment, began = utc("2150-06-01 12:00"), stopwatch.process_time()
    for _ in range(200):
        assert next_occurrence(schedule, LONDON, moment) == moment + timedelta(seconds=1)
        assert last_occurrence_until(schedule, LONDON, moment) == moment
    assert stopwatch.process_time() - began < 1


@pytest.mark.parametrize("unit", ["seconds", "hours", "days", "weeks", "months", "years"])
def test_steps_beyond_the_known_years_fire_once_and_end(unit):
    huge = repeat("2199-12-31", 10**15, unit)
    check_against([utc("2199-12-31")], huge, UTC_ZONE, utc("2199-12-31"))
    assert next_occurrence(repeat("2015-03-10", 1, unit), LONDON, utc("2201-01-02")) is None
    assert next_occurrence(repeat("2015-03-10", 1, unit), LONDON, datetime.max.replace(tzinfo=UTC)) is None
    assert (
        last_occurrence_until(repeat("2015-03-10", 1, unit), LONDON, datetime.min.replace(tzinfo=UTC)) is None
    )


near_local = st.builds(
    lambda case: (case[0][0], datetime.fromisoformat(case[0][1]) + case[1] * MINUTE), near_a_change
)


@settings(max_examples=120, deadline=None)
@given(
    near_local,
    st.integers(0, 30),
    st.integers(1, 4),
    st.sampled_from(["days", "weeks", "months", "years"]),
    st.one_of(st.none(), st.integers(0, 400)),
    st.integers(-3000, 3000),
)
def test_calendar_repeats_agree_with_a_list_by_relativedelta(case, ago, every, unit, length, minutes):
    zone, local = case
    start = local - relativedelta(**{unit: ago * every})
    assume(start.year >= 1970)
    end = None if length is None else start.date() + timedelta(days=length)
    moment = local.replace(tzinfo=UTC) + minutes * MINUTE
    planned = [start + relativedelta(**{unit: every * n}) for n in range(40)]
    listed = [tried(one, zone) for one in planned]
    if end:
        midnight = tried(datetime.combine(end + timedelta(days=1), datetime.min.time()), zone)
        listed = [one for one in listed if one < midnight]
    schedule = Repeat(start=start, every=every, unit=unit, end=end)
    check_against(listed, schedule, zone, moment)


@settings(max_examples=120, deadline=None)
@given(
    near_local,
    st.integers(1, 400),
    st.sampled_from(["seconds", "minutes", "hours"]),
    st.one_of(st.none(), st.integers(0, 3)),
    st.integers(0, 250),
    st.integers(-1, 1),
)
def test_elapsed_repeats_agree_with_a_list_by_counting(case, every, unit, length, position, seconds):
    zone, start = case
    end = None if length is None else start.date() + timedelta(days=length)
    step = timedelta(**{unit: every})
    first = tried(start, zone)
    listed = [first + n * step for n in range(260)]
    moment = listed[position] + timedelta(seconds=seconds)
    if end:
        dated = [one for one in listed if nominal_date(one, zone) <= end]
        listed = [one for one in listed if dated and one <= dated[-1]]
    check_against(listed, Repeat(start=start, every=every, unit=unit, end=end), zone, moment)


# ---- advanced


@pytest.mark.parametrize(
    ("rule", "shown"),
    rows("""
    FREQ=DAILY;INTERVAL=10                    | 2015-01-31 2015-02-10 2015-02-20 2015-03-02
    RRULE:FREQ=WEEKLY;BYDAY=MO,TH             | 2015-02-02 2015-02-05 2015-02-09 2015-02-12
    FREQ=WEEKLY                               | 2015-01-31 2015-02-07 2015-02-14 2015-02-21
    FREQ=WEEKLY;INTERVAL=2;BYDAY=SU           | 2015-02-01 2015-02-15 2015-03-01 2015-03-15
    FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;WKST=SU   | 2015-02-08 2015-02-22 2015-03-08 2015-03-22
    FREQ=MONTHLY                              | 2015-01-31 2015-03-31 2015-05-31 2015-07-31
    freq=monthly;bymonthday=-1                | 2015-01-31 2015-02-28 2015-03-31 2015-04-30
    FREQ=MONTHLY;BYMONTHDAY=1,15              | 2015-02-01 2015-02-15 2015-03-01 2015-03-15
    FREQ=MONTHLY;BYDAY=2TU                    | 2015-02-10 2015-03-10 2015-04-14 2015-05-12
    FREQ=MONTHLY;BYDAY=3WE,-1FR               | 2015-02-18 2015-02-27 2015-03-18 2015-03-27
    FREQ=YEARLY;BYMONTH=2;BYDAY=1MO,FR        | 2015-02-02 2015-02-06 2015-02-13 2015-02-20
    FREQ=MONTHLY;BYDAY=-1FR                   | 2015-02-27 2015-03-27 2015-04-24 2015-05-29
    FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1 | 2015-02-27 2015-03-31 2015-04-30 2015-05-29
    FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13       | 2015-02-13 2015-03-13 2015-11-13 2016-05-13
    FREQ=YEARLY                               | 2015-01-31 2016-01-31 2017-01-31 2018-01-31
    FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29       | 2016-02-29 2020-02-29 2024-02-29 2028-02-29
    FREQ=YEARLY;BYMONTH=6,12;BYMONTHDAY=-1    | 2015-06-30 2015-12-31 2016-06-30 2016-12-31
    FREQ=YEARLY;BYDAY=20MO                    | 2015-05-18 2016-05-16 2017-05-15 2018-05-14
    FREQ=YEARLY;BYMONTH=11;BYDAY=+4TH         | 2015-11-26 2016-11-24 2017-11-23 2018-11-22
    FREQ=WEEKLY;COUNT=2                       | 2015-01-31 2015-02-07
    FREQ=DAILY;UNTIL=20150202                 | 2015-01-31 2015-02-01 2015-02-02
    FREQ=DAILY;UNTIL=20150202T015959          | 2015-01-31 2015-02-01
    FREQ=DAILY;UNTIL=20150202T020000          | 2015-01-31 2015-02-01 2015-02-02
    FREQ=DAILY;UNTIL=99991231;INTERVAL=365    | 2015-01-31 2016-01-31 2017-01-30 2018-01-30
    """),
)
def test_a_recurrence_rule_names_its_days(rule, shown):
    expected = [f"{day} 02:00" for day in shown.split()]
    assert walls(advanced("2015-01-31 02:00", rule), LONDON, "1970-01-01", 4) == expected


def test_an_until_in_utc_is_an_instant():
    """02:00 in New York is 07:00 UTC in winter and 06:00 in summer."""
    rule = "FREQ=DAILY;UNTIL=20150310T0600{}Z"
    assert (
        walls(advanced("2015-03-07 02:00", rule.format("00")), NEW_YORK, "2015-03-01", 9)[-1]
        == "2015-03-10 02:00"
    )
    short = advanced("2015-03-07 02:00", "FREQ=DAILY;UNTIL=20150310T055959Z")
    assert walls(short, NEW_YORK, "2015-03-01", 9)[-1] == "2015-03-09 02:00"
    assert wall(last_occurrence_until(short, NEW_YORK, utc("2020-01-01")), NEW_YORK) == datetime(
        2015, 3, 9, 2
    )


def test_a_weekly_position_is_counted_in_the_whole_first_week():
    """The start is a Wednesday: the first of Monday and Friday of its week is already past."""
    rule = advanced("2015-03-11 02:00", "FREQ=WEEKLY;BYDAY=MO,FR;BYSETPOS=1")
    assert walls(rule, LONDON, "2015-03-01", 2) == ["2015-03-16 02:00", "2015-03-23 02:00"]


def test_a_rule_across_clock_changes_fires_at_the_change_and_at_the_first():
    rule = advanced("2015-01-01 01:30", "FREQ=MONTHLY;BYDAY=-1SU")
    listed = occurrences(rule, LONDON, utc("2015-03-01"), 8)
    assert utc("2015-03-29 01:00") in listed
    assert utc("2015-10-25 00:30") in listed


def test_a_rule_is_found_from_instants_whose_local_time_is_past_or_before_its_own():
    noon, skipped_day_ends = advanced("2011-12-30 12:00", "FREQ=DAILY"), utc("2011-12-30 10:00")
    assert occurrence_at_or_after(noon, APIA, skipped_day_ends) == skipped_day_ends
    half_past_one, second_ten_past_one = advanced("2015-10-25 01:30", "FREQ=DAILY"), utc("2015-10-25 01:10")
    assert last_occurrence_until(half_past_one, LONDON, second_ten_past_one) == utc("2015-10-25 00:30")


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31",
        "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31;COUNT=3",
        "FREQ=DAILY;UNTIL=20000101",
    ],
)
def test_a_rule_that_never_yields_has_no_occurrence_and_ends(rule):
    schedule = advanced("2015-03-10 02:00", rule)
    assert next_occurrence(schedule, LONDON, utc("2015-03-01")) is None
    assert last_occurrence_until(schedule, LONDON, utc("2199-03-01")) is None
    assert occurrences(schedule, LONDON, utc("2015-03-01"), 5) == []


@pytest.mark.parametrize(
    ("rule", "told"),
    rows("""
    FREQ=HOURLY                     | FREQ=HOURLY is not allowed: write DAILY
    FREQ=DAILY;BYHOUR=3             | 'BYHOUR=3' is not known
    FREQ=DAILY;BYEASTER=1           | 'BYEASTER=1' is not known
    FREQ=YEARLY;BYYEARDAY=1         | 'BYYEARDAY=1' is not known
    FREQ=YEARLY;BYWEEKNO=1          | 'BYWEEKNO=1' is not known
    INTERVAL=2                      | has no FREQ
    FREQ=DAILY;                     | '' is not known
    every day                       | 'EVERY DAY' is not known
    FREQ=DAILY;FREQ=DAILY           | FREQ is written twice
    FREQ=DAILY;INTERVAL=0           | INTERVAL=0 is not allowed
    FREQ=DAILY;INTERVAL=-1          | INTERVAL=-1 is not allowed
    FREQ=DAILY;COUNT=0              | COUNT=0 is not allowed
    FREQ=MONTHLY;BYMONTHDAY=0       | BYMONTHDAY=0 is not allowed
    FREQ=MONTHLY;BYMONTHDAY=32      | BYMONTHDAY=32 is not allowed
    FREQ=MONTHLY;BYMONTHDAY=1,,2    | BYMONTHDAY=1,,2 is not allowed
    FREQ=YEARLY;BYMONTH=13          | BYMONTH=13 is not allowed
    FREQ=YEARLY;BYMONTH=-1          | BYMONTH=-1 is not allowed
    FREQ=MONTHLY;BYDAY=0MO          | BYDAY=0MO is not allowed
    FREQ=WEEKLY;BYDAY=XX            | BYDAY=XX is not allowed
    FREQ=WEEKLY;BYDAY=2MO           | counts weekdays
    FREQ=WEEKLY;BYMONTHDAY=2        | does not go with FREQ=WEEKLY
    FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0| BYSETPOS=0 is not allowed
    FREQ=MONTHLY;BYSETPOS=1         | BYSETPOS needs BYDAY
    FREQ=WEEKLY;WKST=1              | WKST=1 is not allowed
    FREQ=DAILY;COUNT=1;UNTIL=20200101 | cannot both end
    FREQ=DAILY;UNTIL=20150230       | UNTIL=20150230 is not in the calendar
    FREQ=DAILY;UNTIL=2015-12-31     | UNTIL=2015-12-31 is not allowed
    FREQ=DAILY;UNTIL=20151231Z      | UNTIL=20151231Z is not allowed
    FREQ=DAILY;UNTIL=19001231       | is before the year 1970
    """),
)
def test_a_wrong_rule_is_refused_by_the_name_of_the_part(rule, told):
    with pytest.raises(ValidationError) as refusal:
        advanced("2015-03-10 02:00", rule)
    assert told in str(refusal.value)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=8),
            st.sampled_from(["FREQ", "BYDAY", "UNTIL", "COUNT", "INTERVAL", "BYSETPOS"]).flatmap(
                lambda name: st.text("0123456789-+,TZMOADILY٣", max_size=9).map(
                    lambda value: f"{name}={value}"
                )
            ),
            st.sampled_from(["FREQ=DAILY", "FREQ=MONTHLY", "BYDAY=MO", "BYMONTHDAY=-31", "COUNT=3"]),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_any_text_is_either_a_rule_or_refused_in_words(parts):
    try:
        schedule = advanced("2015-03-10 02:00", ";".join(parts))
    except ValidationError as refusal:
        assert "Value error, " in str(refusal)
    else:
        next_occurrence(schedule, LONDON, utc("2015-03-01"))


def listed_of(values: st.SearchStrategy, most: int = 3) -> st.SearchStrategy[str]:
    return st.lists(values.map(str), min_size=1, max_size=most, unique=True).map(",".join)


# dateutil takes MO,-1FR, a mix of both, as days that are both at once; the standard takes either.
PLAIN_DAYS = listed_of(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]))
COUNTED_DAYS = listed_of(st.sampled_from(["1MO", "-1FR", "2TU", "-2SU", "4SA"]))
MONTH_DAYS = listed_of(st.one_of(st.integers(1, 28), st.integers(-28, -1)))
MONTHS = listed_of(st.integers(1, 12))


@st.composite
def yielding_rules(draw: st.DrawFn) -> str:
    """Rules that always yield again: dateutil walks to the year 9999 where a rule does not."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = {"FREQ": frequency, "INTERVAL": str(draw(st.integers(1, 5)))}
    days = {"DAILY": ["", "BYDAY"], "WEEKLY": ["", "BYDAY"]}.get(
        frequency, ["", "BYDAY", "BYMONTHDAY", "BYDAY1"]
    )
    chosen = draw(st.sampled_from(days))
    if chosen:
        drawn = {"BYDAY": PLAIN_DAYS, "BYDAY1": COUNTED_DAYS, "BYMONTHDAY": MONTH_DAYS}[chosen]
        parts[chosen.removesuffix("1")] = draw(drawn)
        if frequency in ("MONTHLY", "YEARLY"):
            parts |= draw(st.sampled_from([{}, {"BYSETPOS": "1"}, {"BYSETPOS": "-1"}]))
    if frequency == "YEARLY" and draw(st.booleans()):
        parts["BYMONTH"] = draw(MONTHS)
    if frequency == "WEEKLY":
        parts["WKST"] = draw(st.sampled_from(["MO", "SU", "WE"]))
    parts |= draw(st.sampled_from([{}, {"COUNT": "7"}, {"UNTIL": "20180630"}]))
    return ";".join(f"{name}={value}" for name, value in parts.items())


@settings(max_examples=120, deadline=None)
@given(
    yielding_rules(),
    st.datetimes(datetime(2014, 1, 1), datetime(2016, 12, 28)),
    st.datetimes(datetime(2013, 12, 1), datetime(2022, 1, 1)),
    st.sampled_from([LONDON, NEW_YORK, LORD_HOWE, KOLKATA]),
)
def test_rules_agree_with_dateutil_walked_from_the_start(rule, start, moment, zone):
    start = start.replace(second=0, microsecond=0)
    assume(start.day < 29 or "MONTHLY" not in rule)
    reference = rrulestr(rule.replace("20180630", "20180630T235959"), dtstart=start)
    planned = list(reference.xafter(moment + timedelta(days=2), count=10))
    near = list(itertools.takewhile(lambda one: one <= moment + timedelta(days=2), reference))
    listed = [tried(local, zone) for local in near[-10:] + planned]
    check_against(listed, advanced(start.isoformat(), rule), zone, moment.replace(tzinfo=UTC))


# ---- the definition file


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("at: 2015-03-10 02:00", datetime(2015, 3, 10, 2)),
        ("at: 2015-03-10 02:00:30", datetime(2015, 3, 10, 2, 0, 30)),
        ("at: '2015-03-10T02:00:00'", datetime(2015, 3, 10, 2)),
        ("at: 2015-03-10", datetime(2015, 3, 10)),
        ("at: '2015-03-10'", datetime(2015, 3, 10)),
    ],
)
def test_a_local_time_is_read_as_yaml_gives_it(text, read):
    assert SCHEDULE.validate_python({"method": "at"} | yaml.safe_load(text)) == At(at=read)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ("method: at\nat: 2015-03-10T02:00:00Z", "without an offset"),
        ("method: at\nat: '2015-03-10 02:00+01:00'", "without an offset"),
        ("method: at\nat: 2015-03-10 02:00:00 +01:00", "without an offset"),
        ("method: at\nat: '2015-03-10 02:00:00Z'", "without an offset"),
        ("method: at\nat: 2015-03-10 02:00:00.5", "whole seconds"),
        ("method: at\nat: 10.3.2015", "write it like 2015-03-10 02:00"),
        ("method: at\nat: 20150310", "write the local time like"),
        ("method: at\nat: '2015-02-30'", "not in the calendar"),
        ("method: at\nat: 2015-03-10 25:00", "not in the calendar"),
        ("method: at\nat: 1969-12-31", "outside 1970 to 2200"),
        ("method: at\nat: 2201-01-01", "outside 1970 to 2200"),
        ("method: at", "Field required"),
        ("method: now\nat: 2015-03-10", "Extra inputs"),
        ("method: sometimes", "'now', 'at', 'repeat', 'advanced'"),
        ("{}", "method"),
        ("method: repeat\nstart: 2015-03-10\nevery: 0\nunit: days", "greater than or equal to 1"),
        ("method: repeat\nstart: 2015-03-10\nevery: true\nunit: days", "valid integer"),
        ("method: repeat\nstart: 2015-03-10\nevery: 1.5\nunit: days", "valid integer"),
        ("method: repeat\nstart: 2015-03-10\nevery: 1\nunit: day", "'days'"),
        ("method: repeat\nstart: 2015-03-10\nevery: 1\nunit: days\nend: 2015-03-09", "before start"),
        (
            "method: repeat\nstart: 2015-03-10\nevery: 1\nunit: days\nend: 2015-03-11 02:00:00",
            "without a time",
        ),
        ("method: repeat\nstart: 2015-03-10\nevery: 1\nunit: days\nend: 5", "without a time"),
        ("method: repeat\nstart: 2015-03-10\nevery: 1\nunit: days\nend: '2015-02-30'", "not in the calendar"),
    ],
)
def test_a_wrong_field_is_refused_in_words(fields, told):
    with pytest.raises(ValidationError) as refusal:
        SCHEDULE.validate_python(yaml.safe_load(fields))
    assert told in str(refusal.value)


@pytest.mark.parametrize(
    "schedule",
    [
        Now(),
        At(at="2015-03-10 02:00"),
        repeat("2015-03-10 02:00", 2, "weeks", "2016-01-01"),
        repeat("2015-03-10", 1, "seconds"),
        advanced("2015-03-10 02:00", "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1"),
    ],
)
def test_a_stored_schedule_is_read_back_the_same_and_cannot_be_changed(schedule):
    assert SCHEDULE.validate_python(schedule.model_dump(mode="json")) == schedule
    assert SCHEDULE.validate_json(schedule.model_dump_json()) == schedule
    with pytest.raises(ValidationError, match="frozen"):
        schedule.method = "now"
