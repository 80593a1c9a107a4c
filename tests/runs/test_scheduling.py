"""The scheduler: nominal dates, merging of what was missed, stand-by, quiet times, daylight saving, throttling."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lapwing.core import clock
from lapwing.core.context import acting_as
from lapwing.core.errors import Refused
from lapwing.identity.models import Organisation
from lapwing.runs.actions.change_definition import set_definition_state
from lapwing.runs.actions.steer_run import cancel_run, resume_run
from lapwing.runs.actions.submit import submit
from lapwing.runs.definitions import find
from lapwing.runs.execution import next_at
from lapwing.runs.models import Run
from lapwing.runs.outcomes import counts
from lapwing.runs.quiet import quiet_until
from lapwing.runs.scheduling import set_stand_by, tick
from lapwing.runs.states import DefinitionState
from tests.conftest import NOON, R
from tests.world import define, faults, in_debt, make_account, make_subscription, outcome_of, owe, run_now

pytestmark = pytest.mark.usefixtures("sandbox")
DAILY = {"method": "repeat", "start": "2015-03-11 02:00", "every": 1, "unit": "days"}


def at(day: int, hour: int = 2, minute: int = 0) -> datetime:
    return datetime(2015, 3, day, hour, minute, tzinfo=UTC)


def tick_at(instant: datetime) -> dict:
    with clock.standing_at(instant):
        return tick()


def executed() -> list[tuple[date, date, str]]:
    runs = Run.objects.exclude(state="draft").order_by("pk")
    return [(run.nominal_on, run.window_from, run.state) for run in runs]


def test_each_occurrence_is_one_run_with_its_nominal_date():
    define(schedule=DAILY)
    submit("NGC")
    assert tick_at(at(11, 1, 59))["started"] == []
    for day in (11, 12, 13):
        for _ in range(2):
            tick_at(at(day))
    assert executed() == [(date(2015, 3, day), date(2015, 3, day), "completed") for day in (11, 12, 13)]
    assert Run.objects.get(state="draft").planned_at == at(14)


def test_missed_occurrences_merge_and_nobody_slips_through_a_day():
    for day in (11, 12, 13, 14):
        in_debt(1, prefix=f"D{day}", grace_end=date(2015, 3, day))
    in_debt(1, prefix="D10", grace_end=R)
    define(schedule=DAILY)
    submit("NGC")
    tick_at(at(13, 9))
    assert executed() == [(date(2015, 3, 13), date(2015, 3, 11), "completed")]
    assert sorted(outcome_of(Run.objects.get(state="completed"))) == ["D11S1", "D12S1", "D13S1"]
    assert Run.objects.get(state="draft").planned_at == at(14)


def test_in_stand_by_nothing_fires_and_what_came_due_fires_merged():
    define(schedule=DAILY)
    submit("NGC")
    set_stand_by(True)
    assert tick_at(at(12))["started"] == []
    assert executed() == []
    set_stand_by(False)
    tick_at(at(12, 3))
    assert executed() == [(date(2015, 3, 12), date(2015, 3, 11), "completed")]


def test_an_open_run_holds_the_next_occurrence_which_then_merges():
    in_debt(2, grace_end=date(2015, 3, 11))
    define(schedule=DAILY, safety={"canary": 1, "max_affected": 9})
    submit("NGC")
    tick_at(at(11))
    tick_at(at(12))
    tick_at(at(13))
    assert executed() == [(date(2015, 3, 11), date(2015, 3, 11), "paused")]
    cancel_run(Run.objects.get(state="paused").pk)
    tick_at(at(13, 5))
    assert executed()[1] == (date(2015, 3, 13), date(2015, 3, 12), "completed")
    assert counts(Run.objects.get(state="completed"))["selected"] == 0


def test_occurrences_before_the_submission_are_never_made_up():
    define(schedule={**DAILY, "start": "2015-01-01 02:00"})
    assert submit("NGC").planned_at == at(11)


def test_a_plan_ends_with_its_last_occurrence():
    define(schedule={**DAILY, "end": "2015-03-12"})
    submit("NGC")
    tick_at(at(11))
    tick_at(at(12))
    assert not Run.objects.filter(state="draft").exists()
    assert [nominal.day for nominal, _, _ in executed()] == [11, 12]


def test_submit_now_is_due_at_once_and_can_be_submitted_again():
    define()
    for expected in (1, 2):
        submit("NGC")
        tick()
        assert Run.objects.filter(state="completed").count() == expected


def test_a_slot_that_was_executed_is_not_planned_again():
    define(schedule={"method": "repeat", "start": "2015-03-10 12:00", "every": 1, "unit": "days"})
    assert submit("NGC").planned_at == NOON
    tick()
    define(
        schedule={"method": "repeat", "start": "2015-03-10 12:00", "every": 1, "unit": "days"},
        description="v2",
    )
    assert submit("NGC").planned_at == NOON + timedelta(days=1)


def test_not_effective_again_effective_needs_a_new_submission():
    define(schedule=DAILY)
    submit("NGC")
    set_definition_state("NGC", DefinitionState.NOT_EFFECTIVE)
    tick_at(at(11))
    assert executed() == [(date(2015, 3, 11), date(2015, 3, 11), "cancelled")]
    set_definition_state("NGC", DefinitionState.EFFECTIVE)
    tick_at(at(12))
    assert len(executed()) == 1
    submit("NGC")


@pytest.mark.parametrize(
    ("zone", "local", "expected"),
    [
        # gap: the time does not exist and fires at the next existing instant
        ("Europe/London", "2015-03-29 01:30", "2015-03-29 01:00"),
        ("America/New_York", "2015-03-08 02:30", "2015-03-08 07:00"),
        ("Australia/Lord_Howe", "2015-10-04 02:15", "2015-10-03 15:30"),
        ("Asia/Kolkata", "2015-03-29 01:30", "2015-03-28 20:00"),
        # fold: it occurs twice and fires at the first
        ("Europe/London", "2015-10-25 01:30", "2015-10-25 00:30"),
        ("America/New_York", "2015-11-01 01:30", "2015-11-01 05:30"),
        ("Australia/Lord_Howe", "2015-04-05 01:45", "2015-04-04 14:45"),
        ("Asia/Kolkata", "2015-10-25 01:30", "2015-10-24 20:00"),
    ],
)
def test_daily_run_across_a_change_of_the_clock(zone, local, expected):
    Organisation.objects.update(time_zone=zone)
    slot = datetime.fromisoformat(local)
    first = slot - timedelta(days=2)
    with clock.standing_at(first.replace(tzinfo=ZoneInfo(zone)) - timedelta(hours=1)):
        define(schedule={"method": "repeat", "start": first.isoformat(" "), "every": 1, "unit": "days"})
        submit("NGC")
    instant = datetime.fromisoformat(expected).replace(tzinfo=UTC)
    for moment in (instant - timedelta(days=1), instant - timedelta(seconds=1)):
        tick_at(moment)
    before = len(executed())
    for moment in (instant, instant + timedelta(minutes=1), instant + timedelta(hours=1, minutes=1)):
        tick_at(moment)
    fired = executed()
    assert len(fired) == before + 1
    assert fired[-1][0] == slot.date()
    assert Run.objects.exclude(state="draft").order_by("-pk")[0].planned_at == instant


def test_quiet_times_move_the_whole_run_but_not_its_nominal_date():
    in_debt(2, grace_end=date(2015, 3, 14))
    quiet = {"weekdays": ["sat", "sun"], "between": ["18:00", "08:00"]}
    define(schedule={**DAILY, "start": "2015-03-14 02:00"}, quiet_times=quiet)
    submit("NGC")
    tick_at(at(14))  # a Saturday
    run = Run.objects.exclude(state="draft").get()
    with clock.standing_at(at(14)):
        assert (run.state, run.frozen_at, next_at(run)) == ("in_progress", None, at(16, 8))
        assert quiet_until(find("NGC")) == at(16, 8)
    tick_at(at(16, 7, 59))
    assert counts(run)["done"] == 0
    tick_at(at(16, 8))
    run.refresh_from_db()
    assert (run.state, run.nominal_on, counts(run)["done"]) == ("completed", date(2015, 3, 14), 2)


def test_a_batch_does_not_start_inside_a_quiet_time():
    in_debt(3, grace_end=date(2015, 3, 11))
    define(
        schedule={**DAILY, "start": "2015-03-11 17:50"},
        throttle={"max_batch_size": 1, "start_again_after": {"value": 10, "unit": "minutes"}},
        quiet_times={"between": ["18:00", "08:00"]},
    )
    submit("NGC")
    tick_at(at(11, 17, 50))
    run = Run.objects.exclude(state="draft").get()
    assert counts(run)["done"] == 1
    tick_at(at(11, 18))
    with clock.standing_at(at(11, 18)):
        assert next_at(run) == at(12, 8)
    assert counts(run)["done"] == 1
    tick_at(at(12, 8))
    assert counts(run)["done"] == 2


def test_holidays_of_each_customer_hold_back_only_his_items():
    """6 April 2015 is Easter Monday in Germany; Japan works."""
    for country in ("DE", "JP"):
        make_account(country, country=country)
        owe(country)
        make_subscription(f"S-{country}", country, grace_end=date(2015, 4, 6))
    with clock.standing_at(datetime(2015, 4, 6, 12, tzinfo=UTC)):
        run = run_now(define(quiet_times={"holidays": "customer"}))
        assert outcome_of(run) == {"S-DE": ("pending", None), "S-JP": ("done", None)}
        assert next_at(run) == datetime(2015, 4, 7, tzinfo=UTC)
    tick_at(datetime(2015, 4, 7, tzinfo=UTC))
    assert outcome_of(run)["S-DE"] == ("done", None)
    assert faults() == []


def test_holidays_of_the_organisation_hold_back_everybody():
    """The third of April 2015 is Good Friday in Great Britain."""
    in_debt(1, grace_end=date(2015, 4, 3))
    with clock.standing_at(datetime(2015, 4, 3, 12, tzinfo=UTC)):
        run = run_now(define(quiet_times={"holidays": "organisation"}))
        assert run.state == "in_progress" and next_at(run) == datetime(2015, 4, 4, tzinfo=UTC)


def test_throttle_without_a_wait_goes_on_at_once():
    in_debt(5, grace_end=date(2015, 3, 11))
    define(schedule=DAILY, throttle={"max_batch_size": 2, "start_again_after": 0})
    submit("NGC")
    tick_at(at(11))
    run = Run.objects.get(state="completed")
    assert [batch.items for batch in run.batches.order_by("pk")] == [2, 2, 1]


def test_a_failed_subject_is_not_tried_again_within_its_run():
    from lapwing.receivables.models import Account

    in_debt(3, grace_end=date(2015, 3, 11))
    Account.objects.filter(number="A1").update(life_cycle_state="suspended")
    define(
        schedule=DAILY,
        throttle={"max_batch_size": 1, "start_again_after": {"value": 1, "unit": "hours"}},
    )
    submit("NGC")
    tick_at(at(11))
    Account.objects.filter(number="A1").update(life_cycle_state="active")
    for hour in (3, 4, 5):
        tick_at(at(11, hour))
    run = Run.objects.get(state="completed")
    assert outcome_of(run)["S1"] == ("error", "account_not_active")


def test_one_run_that_cannot_go_on_does_not_hold_back_the_others(monkeypatch):
    in_debt(1)
    define()
    define("Other", alternative_code="OTH")
    submit("NGC")
    submit("OTH")
    import lapwing.runs.scheduling as scheduling

    original = scheduling.carry_on

    def carry_on(run_id, **options):
        if Run.objects.get(pk=run_id).definition.alternative_code == "NGC":
            raise RuntimeError("out of order")
        return original(run_id, **options)

    monkeypatch.setattr(scheduling, "carry_on", carry_on)
    done = tick()
    assert [each["error"] for each in done["failed"]] == ["RuntimeError: out of order"]
    assert Run.objects.get(definition__alternative_code="OTH").state == "completed"


def test_a_viewer_neither_submits_nor_sets_stand_by():
    from lapwing.identity.actions.add_user import grant_role

    define()
    grant_role("vera", "viewer")
    with acting_as("vera"):
        for action in (lambda: submit("NGC"), lambda: set_stand_by(True), lambda: resume_run(1)):
            with pytest.raises(Refused) as refused:
                action()
            assert refused.value.code in {"not_permitted", "unknown_run"}


def test_interleaved_calendars_and_customers_without_a_country():
    """Batches of several countries lie in the same range of keys; each acts on its own items only."""
    for position in range(9):
        country = ("DE", "", "GB")[position % 3]
        make_account(f"A{position}", country=country)
        owe(f"A{position}")
        make_subscription(f"S{position}", f"A{position}", grace_end=date(2015, 5, 8))
    # 8 May 2015 was no holiday in Germany; 25 May was one in both, the 14th in Germany alone.
    with clock.standing_at(datetime(2015, 5, 14, 12, tzinfo=UTC)):
        run = run_now(define(quiet_times={"holidays": "customer"}, criteria={"grace_period_end_days": 9}))
        outcomes = outcome_of(run)
        assert {outcomes[f"S{position}"][0] for position in (0, 3, 6)} == {"pending"}
        assert {outcomes[f"S{position}"] for position in (1, 2, 4, 5, 7, 8)} == {("done", None)}
        assert faults() == []
    tick_at(datetime(2015, 5, 15, tzinfo=UTC))
    assert counts(run)["done"] == 9
    assert [batch.items for batch in run.batches.order_by("pk")] == [3, 3, 3]
    assert faults() == []


def test_a_list_that_waited_too_long_is_held_before_its_first_change():
    from lapwing.runs.actions.start_run import start_run
    from lapwing.runs.actions.steer_run import pause_run
    from lapwing.runs.execution import conduct
    from lapwing.runs.freeze import freeze

    in_debt(2)
    run = start_run(define())
    freeze(run.pk)
    pause_run(run.pk)
    with clock.standing_at(NOON + timedelta(days=4)):
        resume_run(run.pk)
        conduct(run.pk)
    run.refresh_from_db()
    assert (run.state, run.code, counts(run)["done"]) == ("paused", "safety_brake", 0)


def test_a_waiver_of_quiet_times_ends_with_the_quiet_time():
    from lapwing.runs.actions.start_run import start_run

    in_debt(3, grace_end=R)
    define(
        schedule=DAILY,
        throttle={"max_batch_size": 1, "start_again_after": {"value": 8, "unit": "hours"}},
        quiet_times={"between": ["11:00", "13:00"]},
    )
    run = start_run("NGC", quiet_times_waived=True)
    tick()
    assert counts(run)["done"] == 1
    tick_at(at(10, 20))
    assert counts(run)["done"] == 2
    tick_at(at(11, 12))
    with clock.standing_at(at(11, 12)):
        assert next_at(run) == at(11, 13)
    assert counts(run)["done"] == 2


def test_started_for_another_day():
    from lapwing.runs.actions.start_run import start_run
    from lapwing.runs.execution import conduct

    in_debt(1, grace_end=date(2015, 3, 8))
    define()
    assert outcome_of(run_now()) == {}
    run = conduct(start_run("NGC", day=date(2015, 3, 8)).pk)
    assert (run.nominal_on, outcome_of(run)) == (date(2015, 3, 8), {"S1": ("done", None)})
