"""Payments and their allocation, one action at a time; random histories against a few lines of plain arithmetic."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lapwing.core import clock
from lapwing.core.context import acting_as
from lapwing.core.errors import Refused
from lapwing.receivables.actions.dispute_invoice import dispute_invoice, undispute_invoice
from lapwing.receivables.actions.hold_account import hold_account
from lapwing.receivables.actions.issue_invoice import issue_invoice
from lapwing.receivables.actions.post_payment import (
    announce_payment,
    fail_payment,
    post_payment,
    reverse_payment,
)
from lapwing.receivables.actions.promise_payment import promise_payment
from lapwing.receivables.actions.record_reminder import record_reminder
from lapwing.receivables.actions.set_account_state import set_account_state
from lapwing.receivables.allocation import Debt, settle
from lapwing.receivables.models import Account, OpenItem, Payment
from lapwing.receivables.queries import account, balance_minor, disputed_minor
from tests.conftest import NOON, R
from tests.world import define, faults, in_debt, make_account, outcome_of, owe, run_now


@pytest.fixture
def one_account(sandbox):
    make_account()
    with acting_as("root"):
        yield


def test_reminder_that_was_not_sent_yet_does_not_count(one_account):
    with pytest.raises(Refused, match="in_the_future"):
        record_reminder("A1", sent_on=R + timedelta(days=1))
    assert record_reminder("A1", sent_on=R).sent_on == R


def unsettled() -> dict[str, int]:
    return dict(OpenItem.objects.values_list("number", "unsettled_minor"))


def refusal(action, *arguments, **options) -> str:
    with pytest.raises(Refused) as refused:
        action(*arguments, **options)
    return refused.value.code


@pytest.mark.usefixtures("one_account")
class TestAllocation:
    def test_named_invoice_first_then_by_due_date_then_by_number(self):
        for number, due in (("I3", 1), ("I2", 1), ("I1", 5)):
            owe(minor=100, due=date(2015, 3, due), number=number)
        post_payment("A1", 150, reference="P1", invoice_number="I1")
        assert unsettled() == {"I1": 0, "I2": 50, "I3": 100}

    def test_what_is_left_is_credit_and_pays_the_next_invoice_at_its_issue(self):
        owe(minor=100, number="I1")
        assert post_payment("A1", 250, reference="P1").unallocated_minor == 150
        owe(minor=100, number="I2")
        assert unsettled() == {"I1": 0, "I2": 0}
        assert Payment.objects.get().unallocated_minor == 50
        assert faults() == []

    def test_a_payment_waits_whole_for_the_invoice_it_names(self):
        owe(minor=100, number="I1")
        assert post_payment("A1", 250, reference="P1", invoice_number="I9").unallocated_minor == 250
        assert unsettled() == {"I1": 100}
        assert faults() == []
        owe(minor=100, number="I9")
        assert unsettled() == {"I1": 0, "I9": 0}

    def test_reversal_takes_back_and_other_credit_settles_at_once(self):
        owe(minor=100, number="I1")
        post_payment("A1", 100, reference="P1")
        post_payment("A1", 70, reference="P2")
        reverse_payment("P1", reason="returned debit")
        assert unsettled() == {"I1": 30}
        assert reverse_payment("P1").state == "reversed"
        assert faults() == []

    def test_the_same_payment_twice_is_one_and_another_under_its_reference_is_refused(self):
        owe(minor=100, number="I1")
        first = post_payment("A1", 40, reference="P1")
        assert post_payment("A1", 40, reference="P1").pk == first.pk
        assert unsettled() == {"I1": 60}
        assert refusal(post_payment, "A1", 41, reference="P1") == "reference_in_use"

    def test_an_announced_payment_protects_then_posts_or_fails(self):
        owe(minor=100, number="I1")
        announce_payment("A1", 100, reference="P1")
        assert unsettled() == {"I1": 100}
        assert post_payment("A1", 100, reference="P1").state == "posted"
        assert unsettled() == {"I1": 0}
        announce_payment("A1", 100, reference="P2")
        assert fail_payment("P2").state == "failed"
        assert refusal(fail_payment, "P2") == "payment_not_pending"
        assert refusal(reverse_payment, "P2") == "payment_not_posted"
        assert faults() == []

    def test_what_is_refused(self):
        make_account("A2")
        owe("A2", number="I2")
        assert (
            refusal(post_payment, "A1", 1, reference="P", invoice_number="I2") == "invoice_of_another_account"
        )
        assert refusal(post_payment, "A1", 0, reference="P") == "bad_amount"
        assert refusal(post_payment, "A9", 1, reference="P") == "unknown_account"
        tomorrow = R + timedelta(days=1)
        assert refusal(post_payment, "A1", 1, reference="P", received_on=tomorrow) == "in_the_future"
        issue = {"account_number": "A1", "total_minor": 1}
        assert refusal(issue_invoice, "I", issued_on=tomorrow, due_on=tomorrow, **issue) == "in_the_future"
        assert (
            refusal(issue_invoice, "I", issued_on=R, due_on=date(2015, 1, 1), **issue) == "due_before_issue"
        )
        assert refusal(issue_invoice, "I2", issued_on=R, due_on=R, **issue) == "number_in_use"
        assert not Payment.objects.exists()

    def test_holds_promises_disputes_and_states(self):
        yesterday = R - timedelta(days=1)
        assert refusal(hold_account, "A1", until=yesterday, reason="x") == "in_the_past"
        assert refusal(hold_account, "A1", until=R, reason=" ") == "reason_missing"
        assert hold_account("A1", until=R, reason="talks").on_hold_until == R
        assert refusal(promise_payment, "A1", until=yesterday, amount="1") == "in_the_past"
        assert promise_payment("A1", until=R, amount="1.50").promise_minor == 150
        owe(minor=100, number="I1")
        dispute_invoice("I1", reason="tariff")
        assert (balance_minor(account("A1")), disputed_minor(account("A1"))) == (100, 100)
        undispute_invoice("I1")
        assert disputed_minor(account("A1")) == 0
        set_account_state("A1", "terminated")
        assert refusal(set_account_state, "A1", "active") == "account_terminated"
        assert refusal(set_account_state, "A1", "happy") == "unknown_state"


def test_a_viewer_posts_nothing(sandbox):
    make_account()
    with acting_as("anna"):
        assert refusal(post_payment, "A1", 1, reference="P") == "not_permitted"


def test_a_hold_ends_the_day_after(sandbox):
    in_debt(1)
    with acting_as("root"):
        hold_account("A1", until=R, reason="talks")
    define(criteria={"grace_period_end_days": 1})
    assert outcome_of(run_now()) == {"S1": ("skipped", "on_hold")}
    with clock.standing_at(NOON + timedelta(days=1)):
        assert outcome_of(run_now()) == {"S1": ("done", None)}


DEBTS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 500)), max_size=8)


@given(DEBTS, st.integers(1, 2000), st.integers(0, 7))
def test_parts_sum_to_the_amount_or_to_the_debt(drawn, amount, named):
    debts = [Debt(n, f"I{n}", R + timedelta(days=days), minor) for n, (days, minor) in enumerate(drawn)]
    before = {debt.key: debt.unsettled_minor for debt in debts}
    parts = settle(amount, f"I{named}", debts)
    assert sum(minor for _, minor in parts) == min(amount, sum(before.values()))
    for debt in debts:
        assert debt.unsettled_minor == before[debt.key] - sum(minor for each, minor in parts if each is debt)
    left_open = [debt for debt in debts if debt.unsettled_minor]
    settled_in_part = [debt for debt, _ in parts if debt.unsettled_minor]
    assert len(settled_in_part) <= 1
    if named in before and before[named] and parts:
        assert parts[0][0].key == named
    order = [debt for debt, _ in parts if debt.key != named]
    assert order == sorted(order, key=lambda debt: (debt.due_on, debt.number))
    assert not left_open or sum(minor for _, minor in parts) == amount


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("invoice"), st.integers(0, 300), st.integers(0, 30)),
        st.tuples(st.just("payment"), st.integers(1, 400), st.integers(-1, 9)),
        st.tuples(st.just("reverse"), st.integers(0, 9), st.just(0)),
    ),
    max_size=12,
)


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EVENTS)
def test_any_history_keeps_the_books(one_account, events):
    """Debt less credit is what was invoiced less what was paid; never both debt and free credit."""
    from django.db import transaction

    with transaction.atomic():
        invoiced = paid = 0
        for position, (what, value, more) in enumerate(events):
            if what == "invoice":
                owe(minor=value, due=R + timedelta(days=more), number=f"I{position}")
                invoiced += value
            elif what == "payment":
                name = f"I{more}" if more >= 0 else ""
                post_payment("A1", value, reference=f"P{position}", invoice_number=name)
                paid += value
            elif (found := Payment.objects.filter(reference=f"P{value}").first()) and found.state == "posted":
                reverse_payment(found.reference)
                paid -= found.amount_minor
        credit = sum(Payment.objects.values_list("unallocated_minor", flat=True))
        assert sum(unsettled().values()) - credit == invoiced - paid
        assert faults() == []
        transaction.set_rollback(True)
    assert Account.objects.count() == 1
