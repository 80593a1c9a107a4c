"""Brake, approval, canary, pause, cancel, undo: what holds a run back, and who may let it go on."""

from datetime import timedelta

import pytest

from lapwing.catalog.models import SubscriptionType
from lapwing.core import clock
from lapwing.core.context import acting_as
from lapwing.core.errors import Refused
from lapwing.identity.actions.add_user import grant_role
from lapwing.runs.actions.approve_run import approve_run
from lapwing.runs.actions.start_run import start_run
from lapwing.runs.actions.steer_run import cancel_run, pause_run, resume_run
from lapwing.runs.actions.undo_run import undo_run
from lapwing.runs.definitions import find
from lapwing.runs.execution import carry_on, conduct
from lapwing.runs.models import Run, RunItem
from lapwing.runs.outcomes import counts
from lapwing.runs.preview import preview
from lapwing.runs.scheduling import tick
from lapwing.subscriptions.actions.perform import perform
from lapwing.subscriptions.models import Subscription
from tests.conftest import NOON, R
from tests.world import (
    define,
    faults,
    in_debt,
    make_account,
    make_subscription,
    outcome_of,
    owe,
    run_now,
    state_of,
)

pytestmark = pytest.mark.usefixtures("sandbox")


def held(run: Run) -> tuple[str, str]:
    run.refresh_from_db()
    return run.state, run.code


def refusal(action, *arguments, **options) -> str:
    with pytest.raises(Refused) as refused:
        action(*arguments, **options)
    return refused.value.code


def test_brake_by_number_stops_before_the_first_change_and_only_another_person_releases_it():
    in_debt(4)
    run = run_now(define(safety={"max_affected": 3}))
    assert held(run) == ("paused", "safety_brake")
    assert "4 would be affected; the limit is 3" in run.description
    assert set(Subscription.objects.values_list("life_cycle_state", flat=True)) == {"effective"}
    assert refusal(resume_run, run.pk) == "approval_needed"
    assert refusal(approve_run, run.pk) == "not_permitted"
    grant_role("olga", "approver")
    assert refusal(approve_run, run.pk) == "own_approval"
    with acting_as("anna"):
        approve_run(run.pk)
    assert conduct(run.pk).state == "completed"
    assert counts(run)["done"] == 4
    assert faults() == []


def test_brake_lets_exactly_the_limit_pass_and_protected_ones_do_not_count():
    in_debt(4)
    perform("S4", "extend_grace_period", until=R)
    from lapwing.subscriptions.actions.protect import protect

    protect("S4", reason="court")
    assert held(run_now(define(safety={"max_affected": 3}))) == ("completed", "")


def test_brake_counts_the_last_24_hours_without_what_was_undone():
    in_debt(3)
    define(safety={"max_affected": 3})
    first = run_now()
    in_debt(1, prefix="B")
    second = run_now()
    assert held(second) == ("paused", "safety_brake")
    assert "4 would be affected, 3 of them in the last 24 hours" in second.description
    cancel_run(second.pk)
    conduct(undo_run(first.pk).pk)
    assert held(run_now()) == ("completed", "")
    assert state_of("BS1") == "not_effective"


def test_brake_forgets_after_24_hours():
    in_debt(3, grace_end=R)
    define(safety={"max_affected": 3}, criteria={"grace_period_end_days": 5})
    run_now()
    in_debt(3, prefix="B")
    with clock.standing_at(NOON + timedelta(hours=23, minutes=59)):
        blocked = run_now()
        assert held(blocked) == ("paused", "safety_brake")
        cancel_run(blocked.pk)
    with clock.standing_at(NOON + timedelta(hours=24)):
        assert held(run_now()) == ("completed", "")


@pytest.mark.parametrize(
    ("affected", "base", "state"), [(19, 100, "completed"), (20, 100, "paused"), (20, 1100, "completed")]
)
def test_brake_by_percentage_is_not_applied_below_20(affected, base, state):
    in_debt(affected)
    account = make_account("REST")
    kind = SubscriptionType.objects.get(code="fibre")
    Subscription.objects.bulk_create(
        Subscription(
            number=f"R{n}", account=account, subscription_type=kind, life_cycle_state="effective"
        ).stamp()
        for n in range(base - affected)
    )
    assert run_now(define(safety={"max_affected_percent": 2})).state == state


def test_organisation_s_default_limits_apply_where_a_definition_gives_none():
    in_debt(25)
    run = run_now(define(safety={}))
    assert held(run) == ("paused", "safety_brake")
    assert "2 % of 25 effective" in run.description


def test_brake_by_amount_counts_an_account_once():
    make_account()
    owe(minor=5000)
    for number in ("S1", "S2", "S3"):
        make_subscription(number)
    assert held(run_now(define(safety={"max_affected": 9, "max_amount": {"EUR": "50"}}))) == ("completed", "")
    in_debt(1, prefix="B")
    run = run_now()
    assert held(run) == ("paused", "safety_brake")
    assert "€100.00 would be at stake; the limit is €50.00" in run.description


def test_brake_stops_a_run_whose_date_is_more_than_three_days_away():
    in_debt(1, grace_end=R + timedelta(days=1))
    define(schedule={"method": "at", "at": "2015-03-11 02:00"})
    from lapwing.runs.actions.submit import submit

    planned = submit("NGC")
    with clock.standing_at(NOON + timedelta(days=5)):
        tick()
    assert held(planned) == ("paused", "safety_brake")
    assert "4 days away" in Run.objects.get().description


def test_preview_says_that_the_brake_would_hold():
    in_debt(4)
    define(safety={"max_affected": 3})
    assert "the limit is 3" in preview(find("NGC"), R).held


def test_approval_is_for_this_list_and_lapses_after_24_hours():
    in_debt(2)
    define(safety={"approval": True})
    run = run_now()
    assert held(run) == ("awaiting_approval", "approval_required")
    assert refusal(resume_run, run.pk) == "approval_needed"
    RunItem.objects.filter(run_id=run.pk, subject_id=Subscription.objects.first().pk).update(amount_minor=1)
    with acting_as("anna"):
        assert refusal(approve_run, run.pk) == "list_changed"
        with clock.standing_at(NOON + timedelta(hours=24)):
            assert refusal(approve_run, run.pk) == "approval_expired"
    assert held(run) == ("cancelled", "approval_expired")
    second = run_now()
    with clock.standing_at(NOON + timedelta(hours=24)):
        tick()
    assert held(second) == ("cancelled", "approval_expired")


def test_the_last_editor_may_not_approve():
    in_debt(1)
    grant_role("anna", "operator")
    with acting_as("anna"):
        define(safety={"approval": True})
    run = run_now()
    with acting_as("anna"):
        assert refusal(approve_run, run.pk) == "own_approval"


def test_an_approved_run_goes_on_and_names_who_approved():
    in_debt(1)
    run = run_now(define(safety={"approval": True}))
    with acting_as("anna"):
        approve_run(run.pk)
    tick()
    run.refresh_from_db()
    assert (run.state, run.approved_by) == ("completed", "anna")


def test_a_run_that_selected_nothing_needs_no_approval():
    assert held(run_now(define(safety={"approval": True}))) == ("completed", "")


def test_canary_pauses_once_after_the_first_items():
    in_debt(5)
    run = run_now(define(safety={"canary": 2, "max_affected": 9}))
    assert held(run) == ("paused", "canary")
    assert counts(run)["done"] == 2
    resume_run(run.pk)
    assert conduct(run.pk).state == "completed"
    assert counts(run)["done"] == 5


def test_a_canary_as_large_as_the_list_does_not_pause():
    in_debt(2)
    assert held(run_now(define(safety={"canary": 2}))) == ("completed", "")


def test_pause_resume_and_cancel_between_batches(monkeypatch):
    from lapwing.runs.kinds import kinds

    monkeypatch.setattr(kinds.get("deactivate_in_grace"), "batch_size", 2, raising=False)
    in_debt(5)
    run = start_run(define())
    seen = []

    def pause_after_two(current):
        done = counts(current)["done"]
        seen.append(done)
        if done == 2 and current.state == "in_progress":
            pause_run(run.pk)

    carry_on(run.pk, report=pause_after_two)
    assert held(run) == ("paused", "by_person")
    assert counts(run) == {"selected": 5, "done": 2, "skipped": 0, "errors": 0, "pending": 3}
    carry_on(run.pk)
    assert counts(run)["done"] == 2
    resume_run(run.pk)
    conduct(run.pk)
    assert counts(run)["done"] == 5
    assert held(run) == ("completed", "")
    assert resume_run(run.pk).state == "completed"
    assert refusal(pause_run, run.pk) == "illegal_transition"
    assert refusal(cancel_run, run.pk) == "illegal_transition"


def test_a_cancelled_run_keeps_what_was_done_and_can_be_undone():
    in_debt(3)
    run = run_now(define(safety={"canary": 1, "max_affected": 9}))
    cancel_run(run.pk)
    assert counts(run)["pending"] == 2
    undo = conduct(undo_run(run.pk).pk)
    assert (undo.state, counts(undo)["done"]) == ("completed", 1)
    assert set(Subscription.objects.values_list("life_cycle_state", flat=True)) == {"effective"}
    assert faults() == []


def test_a_second_start_while_one_is_open_is_refused():
    in_debt(2)
    define(safety={"canary": 1, "max_affected": 9})
    run = run_now()
    assert refusal(start_run, "NGC") == "run_open"
    assert refusal(undo_run, run.pk) == "run_open"


def test_undo_leaves_alone_what_has_changed_since():
    in_debt(3)
    run = run_now(define())
    perform("S2", "cancel_subscription")
    undo = conduct(undo_run(run.pk, reason="wrong plan").pk)
    assert outcome_of(undo) == {
        "S1": ("done", None),
        "S2": ("skipped", "changed_since"),
        "S3": ("done", None),
    }
    assert (state_of("S1"), state_of("S2")) == ("effective", "cancelled")
    subscription = Subscription.objects.get(number="S1")
    assert subscription.grace_open and subscription.reactivated_on == R
    assert set(outcome_of(run_now()).values()) == {("skipped", "recently_reactivated")}
    assert faults() == []


def test_undo_is_not_held_back_and_undoing_nothing_completes():
    in_debt(3)
    define(
        safety={"approval": True, "max_affected": 0, "canary": 1},
        quiet_times={"between": ["00:00", "23:00"]},
    )
    run = run_now(quiet_times_waived=True)
    with acting_as("anna"):
        approve_run(run.pk)
    conduct(run.pk)
    resume_run(run.pk)
    assert conduct(run.pk).state == "completed"
    undo = conduct(undo_run(run.pk).pk)
    assert (undo.state, counts(undo)["done"]) == ("completed", 3)
    again = conduct(undo_run(run.pk).pk)
    assert (again.state, counts(again)["done"], counts(again)["skipped"]) == ("completed", 0, 3)
    assert refusal(undo_run, undo.pk) == "run_is_an_undo"
    empty = run_now(
        define("Empty", criteria={"grace_period_end_days": 0}, alternative_code="E"), quiet_times_waived=True
    )
    nothing = conduct(undo_run(empty.pk).pk)
    assert (nothing.state, counts(nothing)["selected"]) == ("completed", counts(empty)["done"])


def test_settled_customer_comes_back_and_can_be_cut_again_by_undo():
    from lapwing.receivables.actions.post_payment import post_payment

    in_debt(2)
    run_now(define())
    perform("S2", "activate_subscription")
    perform("S2", "deactivate_subscription", reason="asked by phone")
    with acting_as("root"):
        post_payment("A1", 5000, reference="P1")
        post_payment("A2", 5000, reference="P2")
    back = run_now(define("Bring back", "activate_settled"))
    assert outcome_of(back) == {"S1": ("done", None)}
    assert Subscription.objects.get(number="S1").reactivated_on is None
    assert faults() == []


def test_only_what_took_service_away_can_be_undone():
    """An undo looks at nothing but changes; it may give service back, never take it."""
    for kind in ("activate_settled", "execute_scheduled_actions"):
        run = run_now(define(kind, kind, alternative_code=kind[:3]))
        assert refusal(undo_run, run.pk) == "not_undoable"


def test_an_amendment_does_not_make_the_debt_forgotten():
    from lapwing.receivables.actions.post_payment import post_payment

    in_debt(1)
    run_now(define())
    perform("S1", "change_quantity", to="2")
    with acting_as("root"):
        post_payment("A1", 5000, reference="P1")
    assert outcome_of(run_now(define("Bring back", "activate_settled"))) == {"S1": ("done", None)}


def test_a_definition_whose_only_runs_never_began_can_be_deleted():
    from lapwing.runs.actions.change_definition import delete_definition
    from lapwing.runs.actions.steer_run import delete_run
    from lapwing.runs.actions.submit import submit
    from lapwing.runs.models import Definition

    daily = {"method": "repeat", "start": "2015-03-11 02:00", "every": 1, "unit": "days"}
    define(schedule=daily)
    submit("NGC")
    define(schedule=daily, description="new")
    delete_run(submit("NGC").pk)
    delete_definition("NGC")
    assert not Definition.objects.exists()


def test_one_subject_that_fails_is_isolated_and_the_others_are_done(monkeypatch):
    """A broken row must not hold back the run: the batch is halved until it is alone."""
    from lapwing.run_kinds.deactivate_in_grace import DeactivateInGrace

    in_debt(9)
    broken = Subscription.objects.get(number="S5").pk
    original = DeactivateInGrace.carry_out

    def carry_out(self, batch):
        if batch.items().filter(subject_id=broken).exists():
            raise ValueError("broken row")
        return original(self, batch)

    monkeypatch.setattr(DeactivateInGrace, "carry_out", carry_out)
    run = run_now(define())
    assert (run.state, counts(run)["done"], counts(run)["errors"]) == ("completed", 8, 1)
    assert outcome_of(run)["S5"] == ("error", "action_failed")
    assert faults() == []


def test_a_selection_that_fails_fails_the_run_and_resume_takes_it_up():
    in_debt(1)
    run = start_run(define(criteria={"subscription_types": ["fibre"]}))
    SubscriptionType.objects.filter(code="fibre").update(code="fiber")
    conduct(run.pk)
    assert held(run) == ("failed", "selection_failed")
    run.refresh_from_db()
    assert "fibre no longer exists" in run.description
    assert state_of("S1") == "effective"
    SubscriptionType.objects.filter(code="fiber").update(code="fibre")
    resume_run(run.pk)
    assert conduct(run.pk).state == "completed"
    assert state_of("S1") == "not_effective"
