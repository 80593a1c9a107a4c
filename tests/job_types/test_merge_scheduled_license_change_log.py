"""A scheduled change takes place on its day, once: by its own job, or asked for by a run when that was missed."""

from datetime import datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lapwing.catalog.models import Provider
from lapwing.core import clock
from lapwing.core.context import acting_as
from lapwing.core.errors import Refused
from lapwing.identity.queries import organisation, today
from lapwing.jobs.actions.cancel import cancel
from lapwing.jobs.actions.set_limit import pause, resume
from lapwing.jobs.machine_time import machine_now
from lapwing.jobs.models import Job, JobLink
from lapwing.subscriptions.actions.cancel_scheduled_change import cancel_scheduled_change
from lapwing.subscriptions.actions.perform import perform
from lapwing.subscriptions.actions.protect import protect, unprotect
from lapwing.subscriptions.actions.retry_merge import retry_merge
from lapwing.subscriptions.actions.schedule_change import schedule_change
from lapwing.subscriptions.models import LicenseChangeLog, ScheduledLicenseChangeLog, Subscription
from lapwing.subscriptions.states import NEEDS_UNTIL
from tests.conftest import R
from tests.job_types.conftest import due_now, statuses
from tests.jobs.conftest import work
from tests.world import define, faults, make_account, make_subscription, run_now, state_of

MERGE = "merge_scheduled_license_change_log"
TOMORROW = R + timedelta(days=1)


@pytest.fixture(autouse=True)
def subscription(committed_sandbox) -> Subscription:
    make_account()
    return make_subscription()


def merged() -> list[str]:
    return list(ScheduledLicenseChangeLog.objects.order_by("pk").values_list("status", flat=True))


def test_change_takes_place_on_its_day_and_not_before(later):
    schedule_change("S1", "quantity", value="7", on=TOMORROW)
    work()
    assert (statuses(MERGE), merged()) == ([("waiting", "")], ["pending"])
    later(days=1)
    work()
    assert (statuses(MERGE), merged()) == ([("succeeded", "")], ["merged"])
    assert Subscription.objects.get().quantity == 7
    assert faults() == []


@pytest.mark.parametrize(
    ("change", "value", "state"),
    [("deactivate", "", "not_effective"), ("activate", "", "effective")],
)
def test_services_go_off_and_on(later, change, value, state):
    if change == "activate":
        perform("S1", "deactivate_subscription")
    schedule_change("S1", change, value=value, on=TOMORROW)
    later(days=1)
    work()
    assert state_of("S1") == state
    assert faults() == []


def test_price_is_a_change_without_an_action(later):
    schedule_change("S1", "price", value="12.50", on=TOMORROW)
    later(days=1)
    work()
    change = LicenseChangeLog.objects.get(event="price")
    assert (change.unit_price, change.revision, change.quantity_delta) == (12.5, None, 0)
    assert faults() == []


def test_change_that_the_rules_refuse_is_marked_with_the_reason(later):
    schedule_change("S1", "activate", on=TOMORROW)
    later(days=1)
    work()
    assert (statuses(MERGE), merged()) == ([("failed", "merge_failed")], ["merge_failed"])
    assert "subscription S1 is effective" in ScheduledLicenseChangeLog.objects.get().message


@pytest.mark.parametrize("planned_first", ["activate", "deactivate"])
def test_changes_take_place_in_the_order_of_their_days_however_late(later, planned_first):
    """Off on the first day, on again on the second: the last word counts, also where both come late."""
    days = {"deactivate": TOMORROW, "activate": TOMORROW + timedelta(days=5)}
    for change in sorted(days, key=lambda each: each != planned_first):
        schedule_change("S1", change, on=days[change])
    later(days=7)
    off = Job.objects.order_by("scheduled_for")[:1].get()
    Job.objects.filter(pk=off.pk).update(status="retry", scheduled_for=machine_now() + timedelta(hours=1))
    work()
    assert merged() == ["pending", "pending"]
    due_now()
    work()
    assert (merged(), state_of("S1")) == (["merged", "merged"], "effective")
    assert faults() == []


def test_change_planned_between_two_others_takes_its_place(later):
    for day, quantity in ((3, "3"), (1, "1"), (2, "2")):
        schedule_change("S1", "quantity", value=quantity, on=R + timedelta(days=day))
    by_day = list(Job.objects.order_by("scheduled_for").values_list("pk", "blockers"))
    assert [blockers for _, blockers in by_day] == [0, 1, 2]  # the third waits for both
    later(days=4)
    work()
    assert (merged(), Subscription.objects.get().quantity) == (["merged"] * 3, 3)
    assert faults() == []


def test_protected_subscription_is_not_deactivated_by_a_merge(later):
    schedule_change("S1", "deactivate", on=TOMORROW)
    protect("S1", reason="court order")
    later(days=1)
    work()
    assert (merged(), state_of("S1")) == (["merge_failed"], "effective")


def test_cancelled_change_is_not_applicable(later):
    scheduled = schedule_change("S1", "quantity", value="7", on=TOMORROW)
    cancel_scheduled_change(scheduled.pk, reason="changed his mind")
    later(days=1)
    work()
    assert statuses(MERGE) == [("not_applicable", "already_cancelled")]
    assert Subscription.objects.get().quantity == 1
    with pytest.raises(Refused, match="not_pending"):
        cancel_scheduled_change(scheduled.pk)


def test_run_asks_for_what_was_missed_and_not_for_what_is_asked(later):
    make_subscription("S2")
    missed = schedule_change("S1", "quantity", value="7", on=TOMORROW)
    schedule_change("S2", "quantity", value="8", on=TOMORROW)
    cancel(list(Job.objects.filter(parameters__scheduled_change=missed.pk).values_list("pk", flat=True)))
    later(days=1)
    code = define("Merge changes", kind="merge_scheduled_changes")
    assert outcome_of_changes(run_now(code)) == {"S1": ("done", ""), "S2": ("skipped", "already_asked")}
    work()
    assert merged() == ["merged", "merged"]
    assert run_now(code).selected == 0
    assert faults() == []


def missed(number: str, *days: int) -> list[int]:
    """Changes of a subscription that nobody asked for, the last day first; their keys in the order of their days."""
    found = [
        ScheduledLicenseChangeLog.objects.create(
            subscription=Subscription.objects.get(number=number), change="quantity", value=str(day),
            effective_on=R + timedelta(days=day),
        )
        for day in sorted(days, reverse=True)
    ]  # fmt: skip
    return [each.pk for each in reversed(found)]


def waits_for() -> set[tuple[int, int]]:
    """Scheduled changes, each with one that has to be merged before."""
    change = {job.pk: job.parameters["scheduled_change"] for job in Job.objects.filter(type=MERGE)}
    return {
        (change[link.job_id], change[link.predecessor_id]) for link in JobLink.objects.filter(at_any_end=True)
    }


def test_missed_changes_of_one_subscription_are_asked_for_in_the_order_of_their_days(later):
    asked = schedule_change("S1", "quantity", value="3", on=R + timedelta(days=3)).pk
    late = schedule_change("S1", "quantity", value="9", on=R + timedelta(days=9)).pk
    second, fifth = missed("S1", 2, 5)
    make_subscription("S2")
    first_of_two, second_of_two = missed("S2", 1, 2)
    later(days=6)
    run = run_now(define("Merge changes", kind="merge_scheduled_changes"))
    assert (run.selected, outcome_counts(run)) == (5, {("done", ""): 4, ("skipped", "already_asked"): 1})
    assert waits_for() == {
        *((late, asked), (asked, second), (fifth, asked), (late, fifth)),
        (second_of_two, first_of_two),
    }
    begins = dict(Job.objects.filter(type=MERGE).values_list("parameters__scheduled_change", "scheduled_for"))
    assert begins[second] == datetime.combine(R + timedelta(days=2), time(), organisation().zone)
    work()
    assert [Subscription.objects.get(number=number).quantity for number in ("S1", "S2")] == [5, 2]
    assert faults() == []


def outcome_counts(run) -> dict[tuple[str, str], int]:
    from collections import Counter

    from lapwing.runs.queries import items

    return dict(Counter((each["outcome"], each["code"] or "") for each in items(run)))


def test_batch_takes_as_many_statements_whatever_its_size(later):
    code = define("Merge changes", kind="merge_scheduled_changes")
    counts = []
    for some in (4, 200):
        later(days=6)
        for number in range(some):
            make_subscription(f"T{some}-{number}")
            missed(f"T{some}-{number}", 1, 2)
        asked = schedule_change(f"T{some}-0", "quantity", value="9", on=today()).pk
        with CaptureQueriesContext(connection) as statements:
            run = run_now(code)
        written = [each["sql"] for each in statements if "jobs_job" in each["sql"]]
        counts.append((len(statements), len(written)))
        assert (run.selected, Job.objects.filter(type=MERGE).count()) == (2 * some + 1, 2 * some + 1)
        assert len(waits_for()) == some + 1
        assert asked in {change for change, _before in waits_for()}
        Job.objects.all().delete()
        JobLink.objects.all().delete()
        ScheduledLicenseChangeLog.objects.all().delete()
    assert counts[0] == counts[1]
    assert counts[0][1] <= 20


def outcome_of_changes(run) -> dict[str, tuple[str, str | None]]:
    from lapwing.runs.queries import items

    return {each["subscription"]: (each["outcome"], each["code"] or "") for each in items(run)}


@pytest.mark.parametrize(
    ("change", "value", "code"),
    [
        ("quantity", "0", "bad_quantity"),
        ("quantity", "", "bad_quantity"),
        ("price", "-1", "bad_price"),
        ("price", "NaN", "bad_price"),
        ("price", "1.1234567", "bad_price"),
        ("activate", "1", "value_not_expected"),
        ("swap", "", "unknown_change"),
    ],
)
def test_wrong_changes_are_refused(change, value, code):
    with pytest.raises(Refused, match=code):
        schedule_change("S1", change, value=value, on=TOMORROW)
    assert not Job.objects.exists()


def test_change_in_the_past_and_by_a_viewer_is_refused():
    with pytest.raises(Refused, match="in_the_past"):
        schedule_change("S1", "quantity", value="2", on=clock.now().date() - timedelta(days=1))
    with acting_as("anna"), pytest.raises(Refused, match="not_permitted"):
        schedule_change("S1", "quantity", value="2", on=TOMORROW)


def test_merged_quantity_is_told_to_the_provider_as_scheduled(later):
    manual = Provider(code="byhand", kind="manual", responsible_email="ops@example.com")
    manual.save()
    Subscription.objects.update(provider=manual)
    schedule_change("S1", "quantity", value="7", on=TOMORROW)
    later(days=1)
    work()
    change = LicenseChangeLog.objects.get(event="update")
    assert (change.source, change.quantity, change.provisioning_status) == ("scheduled", 7, "awaiting")
    assert statuses("manual_provider_reminder")[0][0] == "waiting"


def test_one_that_failed_is_tried_again_by_its_own_job(later):
    scheduled = failed_deactivation(later)
    unprotect("S1")
    retry_merge(scheduled.pk, reason="the court has decided")
    work()
    assert (statuses(MERGE), merged()) == ([("succeeded", "")], ["merged"])
    assert state_of("S1") == "not_effective"
    assert faults() == []


def failed_deactivation(later, *before: str) -> ScheduledLicenseChangeLog:
    """One that protection refused at noon of its day, after the actions `before` of the same noon."""
    scheduled = schedule_change("S1", "deactivate", on=TOMORROW)
    protect("S1", reason="court order")
    later(days=1)
    for behaviour in before:
        perform("S1", behaviour)
    work()
    assert merged() == ["merge_failed"]
    return scheduled


@pytest.mark.parametrize("behaviour", ["activate_subscription", "extend_grace_period", "short_term_activate"])
@pytest.mark.parametrize("days", [0, 1, 5])
def test_deactivation_that_failed_is_not_tried_again_over_a_later_reactivation(later, days, behaviour):
    scheduled = failed_deactivation(later, "deactivate_subscription")
    unprotect("S1")
    later(days=days)
    perform("S1", behaviour, until=clock.now().date() if behaviour in NEEDS_UNTIL else None)
    before = state_of("S1")
    with pytest.raises(Refused, match="overtaken"):
        retry_merge(scheduled.pk)
    work()
    assert (merged(), state_of("S1")) == (["merge_failed"], before)


def test_reactivation_of_the_same_day_before_the_failed_merge_is_not_in_its_way(later):
    scheduled = failed_deactivation(later, "deactivate_subscription", "activate_subscription")
    unprotect("S1")
    perform("S1", "change_quantity", to="3")
    retry_merge(scheduled.pk)
    work()
    assert (merged(), state_of("S1")) == (["merged"], "not_effective")


def test_reactivation_of_a_later_day_before_a_late_merge_is_in_its_way(later):
    scheduled = schedule_change("S1", "deactivate", on=TOMORROW)
    protect("S1", reason="court order")
    later(days=3)
    perform("S1", "deactivate_subscription")
    perform("S1", "activate_subscription")
    work()
    assert merged() == ["merge_failed"]
    unprotect("S1")
    with pytest.raises(Refused, match="overtaken"):
        retry_merge(scheduled.pk)


def test_reactivation_between_the_retry_and_its_job_stays_and_is_remembered(later):
    scheduled = failed_deactivation(later, "deactivate_subscription")
    unprotect("S1")
    retry_merge(scheduled.pk)
    perform("S1", "activate_subscription")
    work()
    assert (merged(), state_of("S1")) == (["merge_failed"], "effective")
    assert "overtaken" in ScheduledLicenseChangeLog.objects.get().message
    with pytest.raises(Refused, match="overtaken"):
        retry_merge(scheduled.pk)


def test_deactivation_that_comes_late_does_not_cut_off_who_was_reactivated_meanwhile(later):
    """Its jobs were paused over the weekend; meanwhile the debt was collected otherwise, and paid."""
    schedule_change("S1", "deactivate", on=TOMORROW)
    pause("type", MERGE)
    later(days=1)
    perform("S1", "deactivate_subscription")
    later(days=1)
    perform("S1", "activate_subscription")
    later(days=1)
    resume("type", MERGE)
    work()
    assert (merged(), state_of("S1")) == (["merge_failed"], "effective")
    assert "overtaken" in ScheduledLicenseChangeLog.objects.get().message
    assert faults() == []


def test_deactivation_that_comes_late_takes_place_where_nobody_came_back_since(later):
    perform("S1", "deactivate_subscription")
    perform("S1", "activate_subscription")
    schedule_change("S1", "deactivate", on=TOMORROW)
    later(days=4)
    work()
    assert (merged(), state_of("S1")) == (["merged"], "not_effective")


def test_one_that_did_not_fail_is_not_tried_again():
    scheduled = schedule_change("S1", "quantity", value="7", on=TOMORROW)
    with pytest.raises(Refused, match="not_merge_failed"):
        retry_merge(scheduled.pk)


def test_one_that_failed_elsewhere_gets_a_job_of_its_own():
    scheduled = schedule_change("S1", "quantity", value="7", on=R)
    Job.objects.all().delete()
    ScheduledLicenseChangeLog.objects.update(status="merge_failed", message="imported so")
    retry_merge(scheduled.pk)
    work()
    assert (statuses(MERGE), merged()) == ([("succeeded", "")], ["merged"])


def test_failed_quantity_is_not_merged_over_a_later_one(later):
    scheduled = schedule_change("S1", "quantity", value="5", on=TOMORROW)
    ScheduledLicenseChangeLog.objects.update(
        status="merge_failed", failed_revision=Subscription.objects.get().revision
    )
    Job.objects.update(status="failed")
    later(days=3)
    perform("S1", "change_quantity", to="8")
    with pytest.raises(Refused, match="overtaken"):
        retry_merge(scheduled.pk)
    assert Subscription.objects.get().quantity == 8


def test_failed_price_is_not_merged_over_a_later_one(later):
    failed = schedule_change("S1", "price", value="5", on=TOMORROW)
    ScheduledLicenseChangeLog.objects.update(status="merge_failed", failed_revision=0)
    Job.objects.update(status="failed")
    schedule_change("S1", "price", value="6", on=R + timedelta(days=2))
    later(days=3)
    work()
    with pytest.raises(Refused, match="overtaken"):
        retry_merge(failed.pk)
