"""Claims about quiet times: when nothing is disconnected, and when work may go on."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lapwing.runs.quiet_times import NeverAllowed, QuietTimes, is_quiet, next_allowed

LONDON, NEW_YORK = ZoneInfo("Europe/London"), ZoneInfo("America/New_York")
LORD_HOWE, KOLKATA = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kolkata")
APIA, ST_JOHNS = ZoneInfo("Pacific/Apia"), ZoneInfo("America/St_Johns")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
MINUTE = timedelta(minutes=1)
GOOD_FRIDAY, EASTER_MONDAY = date(2015, 4, 3), date(2015, 4, 6)


def quiet(text: str) -> QuietTimes:
    return QuietTimes.model_validate(yaml.safe_load(text))


def no_holiday(day: date) -> bool:
    return False


def easter(day: date) -> bool:
    return day in (GOOD_FRIDAY, EASTER_MONDAY)


def local(text: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


EVENINGS_AND_WEEKENDS = quiet("{weekdays: [sat, sun], holidays: GB, between: ['18:00', '08:00']}")


# 3 April 2015 is Good Friday, 6 April is Easter Monday.
@pytest.mark.parametrize(
    ("moment", "allowed"),
    rows("""
    2015-03-10 07:59 | 2015-03-10 08:00
    2015-03-10 08:00 | 2015-03-10 08:00
    2015-03-10 17:59 | 2015-03-10 17:59
    2015-03-10 18:00 | 2015-03-11 08:00
    2015-03-10 23:59 | 2015-03-11 08:00
    2015-03-11 00:00 | 2015-03-11 08:00
    2015-03-13 17:59 | 2015-03-13 17:59
    2015-03-13 18:00 | 2015-03-16 08:00
    2015-03-14 12:00 | 2015-03-16 08:00
    2015-04-02 18:00 | 2015-04-07 08:00
    2015-04-03 12:00 | 2015-04-07 08:00
    2015-04-06 23:59 | 2015-04-07 08:00
    """),
)
def test_what_falls_into_a_quiet_time_moves_to_its_end(moment, allowed):
    instant = local(moment, LONDON)
    assert next_allowed(EVENINGS_AND_WEEKENDS, instant, LONDON, easter) == local(allowed, LONDON)
    assert is_quiet(EVENINGS_AND_WEEKENDS, instant, LONDON, easter) == (moment != allowed)


@pytest.mark.parametrize(
    ("between", "clock", "expected"),
    rows("""
    12:00-14:00 | 11:59:59 | allowed
    12:00-14:00 | 12:00:00 | quiet
    12:00-14:00 | 13:59:59 | quiet
    12:00-14:00 | 14:00:00 | allowed
    22:00-06:00 | 21:59:59 | allowed
    22:00-06:00 | 22:00:00 | quiet
    22:00-06:00 | 00:00:00 | quiet
    22:00-06:00 | 05:59:59 | quiet
    22:00-06:00 | 06:00:00 | allowed
    22:00-00:00 | 23:59:59 | quiet
    22:00-00:00 | 00:00:00 | allowed
    00:00-06:00 | 00:00:00 | quiet
    """),
)
def test_quiet_hours_begin_with_the_first_and_end_before_the_second(between, clock, expected):
    begin, end = between.split("-")
    instant = local(f"2015-03-10 {clock}", LONDON)
    assert is_quiet(QuietTimes(between=(begin, end)), instant, LONDON, no_holiday) == (expected == "quiet")


def test_an_allowed_instant_is_returned_as_it_is():
    instant = datetime(2015, 3, 10, 12, 0, 0, 123, tzinfo=NEW_YORK)
    assert next_allowed(QuietTimes(), instant, LONDON, no_holiday) is instant


def test_weekdays_and_holidays_are_days_of_the_zone():
    friday_evening_in_london = local("2015-03-13 20:00", LONDON)
    saturdays = quiet("weekdays: [sat]")
    assert not is_quiet(saturdays, friday_evening_in_london, LONDON, no_holiday)
    assert is_quiet(saturdays, friday_evening_in_london, LORD_HOWE, no_holiday)
    assert is_quiet(quiet("holidays: GB"), local("2015-04-02 20:00", LONDON), LORD_HOWE, easter)


def test_holidays_are_not_asked_for_where_none_are_kept():
    def never(day: date) -> bool:
        raise AssertionError("no holidays are kept")

    assert not is_quiet(
        quiet("between: ['18:00', '08:00']"), local("2015-04-03 12:00", LONDON), LONDON, never
    )


@pytest.mark.parametrize(
    ("zone", "text", "moment", "allowed_utc"),
    [
        # The end of the quiet hours is skipped: the clock change ends them.
        (LONDON, "between: ['18:00', '01:30']", "2015-03-29 00:10", "2015-03-29 01:00"),
        (NEW_YORK, "between: ['18:00', '02:30']", "2015-03-08 00:10", "2015-03-08 07:00"),
        (LORD_HOWE, "between: ['18:00', '02:15']", "2015-10-04 00:10", "2015-10-03 15:30"),
        # The clock goes back: quiet ends at the first 01:30, or by the change itself.
        (LONDON, "between: ['18:00', '01:30']", "2015-10-25 00:10", "2015-10-25 00:30"),
        (LONDON, "between: ['01:30', '03:00']", "2015-10-25 01:40", "2015-10-25 01:00"),
        # Midnight is skipped, a whole day is skipped.
        (SAO_PAULO, "weekdays: [sat]", "2018-11-03 12:00", "2018-11-04 03:00"),
        (APIA, "weekdays: [thu, fri]", "2011-12-29 12:00", "2011-12-30 10:00"),
        (KOLKATA, "between: ['18:00', '08:00']", "2015-03-29 00:10", "2015-03-29 02:30"),
    ],
)
def test_quiet_times_end_rightly_on_days_of_a_clock_change(zone, text, moment, allowed_utc):
    expected = datetime.fromisoformat(allowed_utc).replace(tzinfo=UTC)
    assert next_allowed(quiet(text), local(moment, zone), zone, no_holiday) == expected


def test_quiet_hours_that_come_back_with_the_clock_end_at_their_second_end():
    """01:10 is shown a second time; the quiet hours until 01:20 hold again."""
    second = datetime(2015, 10, 25, 1, 10, tzinfo=UTC)
    found = next_allowed(quiet("between: ['00:30', '01:20']"), second, LONDON, no_holiday)
    assert found == datetime(2015, 10, 25, 1, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "shown_second", "minutes"),
    [
        ("weekdays: [sat]", "2010-11-06 23:30", 30),
        ("between: ['22:00', '23:40']", "2010-11-06 23:30", 10),
        ("between: ['23:10', '00:00']", "2010-11-06 23:30", 30),
    ],
)
def test_the_last_hour_of_a_day_can_be_shown_twice(text, shown_second, minutes):
    """In St John's, one minute past midnight, the clock went back to 23:01."""
    instant = datetime.fromisoformat(shown_second).replace(tzinfo=ST_JOHNS, fold=1).astimezone(UTC)
    assert next_allowed(quiet(text), instant, ST_JOHNS, no_holiday) == instant + minutes * MINUTE


@pytest.mark.parametrize("days", [1, 30, 399])
def test_a_long_row_of_holidays_is_waited_for(days):
    begin = local("2015-03-10 12:00", LONDON)
    last = date(2015, 3, 10) + timedelta(days=days - 1)
    found = next_allowed(quiet("holidays: GB"), begin, LONDON, lambda day: day <= last)
    assert found.astimezone(LONDON).replace(tzinfo=None) == datetime.combine(
        last + timedelta(days=1), datetime.min.time()
    )


def test_quiet_times_without_end_are_named_and_not_searched_for_ever():
    with pytest.raises(NeverAllowed, match=r"within 400 days .*quiet_times\.never_allowed"):
        next_allowed(quiet("holidays: organisation"), local("2015-03-10", LONDON), LONDON, lambda day: True)
    assert issubclass(NeverAllowed, ValueError)


def test_a_moment_without_an_offset_is_refused():
    with pytest.raises(ValueError, match="has no offset"):
        next_allowed(EVENINGS_AND_WEEKENDS, datetime(2015, 3, 10), LONDON, no_holiday)


CHANGES = [
    (LONDON, "2015-03-29"),
    (LONDON, "2015-10-25"),
    (NEW_YORK, "2015-03-08"),
    (NEW_YORK, "2015-11-01"),
    (LORD_HOWE, "2015-04-05"),
    (LORD_HOWE, "2015-10-04"),
    (SAO_PAULO, "2018-02-18"),
    (SAO_PAULO, "2018-11-04"),
    (APIA, "2011-12-30"),
    (ST_JOHNS, "2010-11-07"),
    (KOLKATA, "2015-03-29"),
]
clocks = st.builds(lambda quarters: f"{quarters // 4:02}:{quarters % 4 * 15:02}", st.integers(0, 95))
# Most clocks change in the night: half of the hours drawn are of the night.
night_clocks = st.builds(lambda minutes: f"{minutes // 60:02}:{minutes % 60:02}", st.integers(0, 200))


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(CHANGES),
    st.integers(-2000, 2000),
    st.one_of(
        st.none(),
        st.lists(st.one_of(clocks, night_clocks), min_size=2, max_size=2, unique=True).map(tuple),
    ),
    st.sets(st.sampled_from(["mon", "wed", "fri", "sat", "sun"]), max_size=3),
    st.sets(st.integers(-2, 3), max_size=3),
)
def test_next_allowed_agrees_with_a_walk_minute_by_minute(change, minutes, between, weekdays, holidays):
    zone, day = change
    free = {date.fromisoformat(day) + timedelta(days=away) for away in holidays}
    names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    times = QuietTimes(weekdays=sorted(weekdays), holidays="GB", between=between)

    def forbidden(instant: datetime) -> bool:
        shown = instant.astimezone(zone)
        if names[shown.weekday()] in weekdays or shown.date() in free:
            return True
        clock = f"{shown:%H:%M}"
        if between is None:
            return False
        begin, end = between
        return begin <= clock < end if begin < end else not end <= clock < begin

    instant = datetime.fromisoformat(day).replace(tzinfo=UTC) + minutes * MINUTE
    walked = instant
    while forbidden(walked):
        walked += MINUTE
    assert is_quiet(times, instant, zone, free.__contains__) == forbidden(instant)
    assert next_allowed(times, instant, zone, free.__contains__) == walked


# ---- the definition file


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("weekdays: [mon, tue, wed, thu, fri, sat, sun]", "all seven weekdays"),
        ("weekdays: [monday]", "'mon'"),
        ("holidays: NO", "quote it"),
        ("holidays: no", "quote it"),
        ("holidays: gb", "write a code like GB"),
        ("holidays: GBR", "write a code like GB"),
        ("holidays: everywhere", "write a code like GB"),
        ("between: [18:00, 20:00]", "quote it"),
        ("between: ['18:00', 20:00]", "quote it"),
        ("between: ['8:00', '18:00']", "write it like 08:00"),
        ("between: ['18:00', '24:00']", "from 00:00 to 23:59"),
        ("between: ['18:00', '18:60']", "from 00:00 to 23:59"),
        ("between: ['18:00', '18:00']", "two different times"),
        ("between: ['18:00']", "between.1"),
        ("between: ['18:00', '19:00', '20:00']", "at most 2"),
        ("hours: ['18:00', '19:00']", "Extra inputs"),
    ],
)
def test_a_wrong_field_is_refused_in_words(text, told):
    with pytest.raises(ValidationError) as refusal:
        quiet(text)
    assert told in str(refusal.value)


def test_a_repeated_weekday_does_not_count_as_another():
    assert quiet("weekdays: [mon, tue, wed, thu, fri, sat, sat]").weekdays[-1] == "sat"


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "holidays: 'NO'",
        "holidays: customer",
        "{weekdays: [sat, sun], holidays: GB, between: ['18:00', '08:00']}",
    ],
)
def test_quiet_times_are_stored_as_they_are_written(text):
    given = yaml.safe_load(text)
    stored = quiet(text).model_dump(mode="json")
    assert stored == {"weekdays": [], "holidays": None, "between": None} | given
    assert QuietTimes.model_validate(stored) == quiet(text)
