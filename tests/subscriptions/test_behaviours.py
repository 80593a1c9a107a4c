"""Every behaviour from every state: the legal moves of the table, and all others refused."""

from datetime import date, timedelta

import pytest

from lapwing.catalog.models import PricePlan, Product
from lapwing.core import clock
from lapwing.core.context import acting_as
from lapwing.core.errors import Refused
from lapwing.runs.actions.steer_run import resume_run
from lapwing.runs.execution import conduct
from lapwing.runs.outcomes import counts
from lapwing.subscriptions.actions.cancel_planned import cancel_planned
from lapwing.subscriptions.actions.perform import perform
from lapwing.subscriptions.actions.protect import protect, unprotect
from lapwing.subscriptions.models import BillingTerm, Subscription, SubscriptionAction
from lapwing.subscriptions.states import NEEDS_UNTIL, State
from tests.conftest import NOON, R
from tests.world import define, faults, make_account, make_subscription, make_term, run_now

pytestmark = pytest.mark.usefixtures("sandbox")

# The table of the domain rules, written out once more.
LEGAL = {
    "activate_subscription": ({"draft", "not_effective"}, "effective"),
    "deactivate_subscription": ({"effective", "resting", "short_term_not_effective"}, "not_effective"),
    "extend_grace_period": ({"draft", "effective", "not_effective"}, "effective"),
    "rest_subscription": ({"effective"}, "resting"),
    "end_subscription_resting": ({"resting"}, "effective"),
    "short_term_deactivate": ({"effective"}, "short_term_not_effective"),
    "end_short_term_deactivation": ({"short_term_not_effective"}, "effective"),
    "short_term_activate": ({"draft", "not_effective"}, "short_term_effective"),
    "end_short_term_activation": ({"short_term_effective"}, "not_effective"),
    "cancel_subscription": (None, "cancelled"),
    "regret_subscription": (None, "regretted"),
    "replace_subscription": (None, "replaced"),
    "amend_billing_term": (None, None),
    "change_quantity": (None, None),
    "swap_product": (None, None),
    "change_account": (None, None),
}
LIVE = {"draft", "effective", "not_effective", "short_term_effective", "short_term_not_effective", "resting"}
TO = {"amend_billing_term": "gold", "change_quantity": "3", "swap_product": "box", "change_account": "A2"}
MOVES = [
    (behaviour, state, target if state in (sources or LIVE) else "refused")
    for behaviour, (sources, target) in LEGAL.items()
    for state in State.values
]


@pytest.mark.parametrize(("behaviour", "state", "expected"), MOVES)
def test_move(behaviour, state, expected):
    make_account()
    make_account("A2")
    make_subscription(state=state, grace_end=None)
    make_term()
    for model, code in ((PricePlan, "gold"), (Product, "box")):
        model(code=code).save()
    until = R + timedelta(days=5) if behaviour in NEEDS_UNTIL else None
    if expected == "refused":
        with pytest.raises(Refused) as refused:
            perform("S1", behaviour, until=until, to=TO.get(behaviour, ""))
        assert refused.value.code == "illegal_transition"
        assert SubscriptionAction.objects.count() == 1
        return
    action = perform("S1", behaviour, until=until, to=TO.get(behaviour, ""))
    subscription = Subscription.objects.get(number="S1")
    assert subscription.life_cycle_state == (expected or state)
    assert (action.state, action.from_state, action.to_state) == ("executed", state, expected or state)
    assert (action.requested_by, action.revision, subscription.revision) == ("olga", 2, 2)
    assert faults() == []


def test_amendments_change_what_they_say():
    make_account()
    make_account("A2")
    make_subscription()
    make_term()
    PricePlan(code="gold").save()
    Product(code="box").save()
    for behaviour, to in TO.items():
        perform("S1", behaviour, to=to)
    subscription = Subscription.objects.get(number="S1")
    assert (subscription.quantity, subscription.product.code, subscription.account.number) == (3, "box", "A2")
    terms = BillingTerm.objects.order_by("valid_from").values_list(
        "price_plan__code", "valid_from", "valid_to"
    )
    assert list(terms) == [("basic", date(2014, 1, 1), R - timedelta(days=1)), ("gold", R, None)]
    assert faults() == []


@pytest.mark.parametrize(
    ("behaviour", "to", "code"),
    [
        ("change_quantity", "-1", "bad_quantity"),
        ("change_quantity", "1.5", "bad_quantity"),
        ("change_quantity", "²", "bad_quantity"),
        ("swap_product", "nothing", "unknown_product"),
        ("change_account", "A9", "unknown_account"),
        ("change_account", "JPY1", "other_currency"),
        ("change_account", "OFF", "account_not_active"),
        ("amend_billing_term", "colour=red", "bad_term"),
        ("amend_billing_term", "gold", "unknown_price_plan"),
        ("change_quantity", "", "to_missing"),
    ],
)
def test_amendment_refused(behaviour, to, code):
    make_account()
    make_account("JPY1", currency="JPY")
    make_account("OFF", life_cycle_state="suspended")
    make_subscription()
    make_term()
    with pytest.raises(Refused) as refused:
        perform("S1", behaviour, to=to)
    assert refused.value.code == code
    assert Subscription.objects.get().revision == 1


def test_extension_replaces_the_open_grace_and_deactivation_closes_it():
    make_account()
    make_subscription()
    perform("S1", "extend_grace_period", until=R + timedelta(days=9))
    subscription = Subscription.objects.get()
    assert (subscription.grace_start_on, subscription.grace_end_on) == (R, R + timedelta(days=9))
    assert subscription.grace_open and subscription.grace_revision == 2
    perform("S1", "deactivate_subscription")
    assert not Subscription.objects.get().grace_open
    assert faults() == []


@pytest.mark.parametrize("behaviour", ["rest_subscription", "cancel_subscription", "deactivate_subscription"])
def test_closing_behaviours_close_the_grace(behaviour):
    make_account()
    make_subscription()
    perform("S1", behaviour, until=R if behaviour == "rest_subscription" else None)
    assert not Subscription.objects.get().grace_open


def test_reactivation_by_a_person_is_remembered_and_first_activation_is_none():
    make_account()
    make_subscription("S1", state="not_effective")
    make_subscription("S2", state="draft")
    perform("S1", "activate_subscription")
    perform("S2", "activate_subscription")
    assert dict(Subscription.objects.values_list("number", "reactivated_on")) == {"S1": R, "S2": None}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"behaviour": "extend_grace_period"}, "until_missing"),
        ({"behaviour": "extend_grace_period", "until": R - timedelta(days=1)}, "until_too_early"),
        ({"behaviour": "cancel_subscription", "on": R - timedelta(days=1)}, "in_the_past"),
        ({"behaviour": "explode"}, "unknown_behaviour"),
        ({"behaviour": "opening"}, "unknown_behaviour"),
        ({"behaviour": "cancel_subscription", "action_type": "none"}, "unknown_action_type"),
    ],
)
def test_wrong_arguments_are_refused(arguments, code):
    make_account()
    make_subscription()
    with pytest.raises(Refused) as refused:
        perform("S1", arguments.pop("behaviour"), **arguments)
    assert refused.value.code == code


def test_planned_actions_are_executed_on_their_day_in_order():
    make_account()
    make_subscription()
    tomorrow, later = R + timedelta(days=1), R + timedelta(days=2)
    assert perform("S1", "rest_subscription", on=tomorrow, until=R + timedelta(days=30)).state == "scheduled"
    perform("S1", "end_subscription_resting", on=later)
    perform("S1", "cancel_subscription", on=R + timedelta(days=9))
    define("Scheduled actions", "execute_scheduled_actions")
    assert counts(run_now("SA"))["selected"] == 0
    with clock.standing_at(NOON + timedelta(days=1)):
        assert counts(run_now("SA"))["done"] == 1
        assert Subscription.objects.get().life_cycle_state == "resting"
    with clock.standing_at(NOON + timedelta(days=2)):
        assert counts(run_now("SA"))["done"] == 1
    assert Subscription.objects.get().life_cycle_state == "effective"
    assert SubscriptionAction.objects.filter(state="scheduled").count() == 1
    assert faults() == []


def test_a_planned_action_that_became_illegal_is_rejected_with_its_reason():
    make_account()
    make_subscription("S1")
    make_subscription("S2")
    for number in ("S1", "S2"):
        perform(number, "rest_subscription", on=R + timedelta(days=1), until=R + timedelta(days=30))
    perform("S1", "cancel_subscription")
    define("Scheduled actions", "execute_scheduled_actions")
    with clock.standing_at(NOON + timedelta(days=1)):
        run = run_now("SA")
    assert (run.state, counts(run)["done"], counts(run)["errors"]) == ("completed", 1, 1)
    rejected = SubscriptionAction.objects.get(state="rejected")
    assert rejected.subscription.number == "S1" and "illegal_transition" in rejected.rejection
    assert faults() == []


def test_no_run_disconnects_a_protected_or_free_subscription_even_where_it_was_planned():
    make_account()
    for number in ("S1", "S2", "S3"):
        make_subscription(number, free=number == "S2")
        perform(number, "deactivate_subscription", on=R + timedelta(days=1))
    protect("S1", reason="dialysis")
    define("Scheduled actions", "execute_scheduled_actions")
    with clock.standing_at(NOON + timedelta(days=1)):
        run = run_now("SA")
    assert (counts(run)["done"], counts(run)["skipped"]) == (1, 2)
    states = dict(Subscription.objects.values_list("number", "life_cycle_state"))
    assert states == {"S1": "effective", "S2": "effective", "S3": "not_effective"}


def test_planned_actions_keep_the_order_of_their_days_across_batches():
    make_account()
    make_subscription(state="not_effective")
    perform("S1", "activate_subscription", on=R + timedelta(days=2))
    perform("S1", "deactivate_subscription", on=R + timedelta(days=1))
    define("Scheduled actions", "execute_scheduled_actions", safety={"canary": 1})
    with clock.standing_at(NOON + timedelta(days=2)):
        run = run_now("SA")
        resume_run(run.pk)
        conduct(run.pk)
        assert Subscription.objects.get().life_cycle_state == "not_effective"
        conduct(resume_run(run_now("SA").pk).pk)
    assert Subscription.objects.get().life_cycle_state == "effective"
    assert faults() == []


def test_a_planned_action_can_be_taken_back_until_it_is_executed():
    make_account()
    make_subscription()
    action = perform("S1", "cancel_subscription", on=R + timedelta(days=1))
    assert cancel_planned(action.pk).state == "cancelled"
    with pytest.raises(Refused) as refused:
        cancel_planned(action.pk)
    assert refused.value.code == "illegal_transition"


def test_a_viewer_changes_nothing():
    from lapwing.identity.actions.add_user import grant_role

    make_account()
    make_subscription()
    grant_role("vera", "viewer")
    for name in ("vera", "nobody"):
        with acting_as(name), pytest.raises(Refused) as refused:
            perform("S1", "cancel_subscription")
        assert refused.value.code == "not_permitted"


def test_protection_needs_a_reason_and_can_be_taken_off():
    make_account()
    make_subscription()
    with pytest.raises(Refused) as refused:
        protect("S1", reason=" ")
    assert refused.value.code == "reason_missing"
    assert protect("S1", reason="dialysis").never_disconnect
    assert not unprotect("S1").never_disconnect


def test_the_database_refuses_overlapping_terms():
    from django.db import IntegrityError, transaction

    make_account()
    make_subscription()
    make_term(valid_from=date(2014, 1, 1), valid_to=date(2014, 12, 31))
    for valid_from, valid_to in (
        (date(2014, 12, 31), None),
        (date(2013, 1, 1), date(2014, 1, 1)),
        (date(2014, 6, 1), date(2014, 6, 2)),
        (date(2013, 1, 1), None),
    ):
        with pytest.raises(IntegrityError, match="overlap"), transaction.atomic():
            make_term(valid_from=valid_from, valid_to=valid_to)
    later = make_term(valid_from=date(2015, 1, 1))
    with pytest.raises(IntegrityError, match="overlap"), transaction.atomic():
        BillingTerm.objects.filter(pk=later.pk).update(valid_from=date(2014, 7, 1))
