"""Builds small bases in a few words: customers, accounts, invoices, subscriptions in grace."""

from datetime import date
from typing import Any

from lapwing.catalog.models import (
    BillingFrequency,
    BillingTermScheme,
    BindingPeriod,
    PricePlan,
    SubscriptionType,
)
from lapwing.core import clock
from lapwing.core.context import acting_as
from lapwing.customers.models import Customer
from lapwing.receivables.actions.issue_invoice import issue_invoice
from lapwing.receivables.models import Account
from lapwing.runs.actions.apply_definition import apply_definition
from lapwing.runs.actions.start_run import start_run
from lapwing.runs.execution import conduct
from lapwing.runs.models import Run, RunItem
from lapwing.runs.outcomes import with_outcome
from lapwing.subscriptions.license_changes import log_creations
from lapwing.subscriptions.models import BillingTerm, Subscription, SubscriptionAction

R = date(2015, 3, 10)
GRACE_START = date(2015, 2, 20)
OVERDUE = date(2015, 3, 1)
NO_BRAKE = {"max_affected": 1_000_000, "max_affected_percent": 100}


def make_account(number: str = "A1", *, currency: str = "EUR", **fields: Any) -> Account:
    customer, _ = Customer.objects.get_or_create(
        number=f"C-{number}", defaults={"name": f"Customer {number}", "country": fields.pop("country", "")}
    )
    account = Account(number=number, customer=customer, currency=currency, **fields)
    account.save()
    return account


def owe(
    account: str = "A1", minor: int = 5000, *, due: date = OVERDUE, number: str = "", **fields: Any
) -> str:
    """An invoice of the account; returns its number."""
    number = number or f"I-{account}-{due}-{minor}"
    issued = min(due, date(2015, 2, 1), clock.now().date())
    with acting_as("root"):
        issue_invoice(
            number, account_number=account, total_minor=minor, issued_on=issued, due_on=due, **fields
        )
    return number


def make_subscription(
    number: str = "S1",
    account: str = "A1",
    *,
    state: str = "effective",
    grace_end: date | None = R,
    grace_start: date = GRACE_START,
    subscription_type: str = "fibre",
    **fields: Any,
) -> Subscription:
    """A subscription with its opening action, in grace until `grace_end`."""
    kind, _ = SubscriptionType.objects.get_or_create(
        code=subscription_type, defaults={"created_at": clock.now(), "updated_at": clock.now()}
    )
    grace: dict[str, Any] = {}
    if grace_end is not None:
        start = min(grace_start, grace_end)
        grace = {"grace_start_on": start, "grace_end_on": grace_end, "grace_open": True}
    subscription = Subscription(
        number=number,
        account=Account.objects.get(number=account),
        subscription_type=kind,
        life_cycle_state=state,
        revision=1,
        grace_revision=1 if grace else None,
        **grace,
        **fields,
    )
    subscription.save()
    SubscriptionAction.objects.create(
        subscription=subscription,
        revision=1,
        behaviour="opening",
        state="executed",
        to_state=state,
        quantity=subscription.quantity,
        reason_code="opening",
        requested_by="root",
        requested_at=clock.now(),
        executed_at=clock.now(),
        executed_on=clock.now().date(),
        **grace,
    )
    log_creations(Subscription.objects.filter(pk=subscription.pk), clock.now().date())
    return subscription


def make_term(subscription: str = "S1", **fields: Any) -> BillingTerm:
    """A billing term valid from 2014 on, unless said otherwise. Codes are given as texts."""
    models = {"scheme": BillingTermScheme, "price_plan": PricePlan, "binding_period": BindingPeriod}
    values: dict[str, Any] = {
        "scheme": "postpaid",
        "price_plan": "basic",
        "valid_from": date(2014, 1, 1),
        **fields,
    }
    for name, model in models.items():
        if values.get(name):
            values[name], _ = model.objects.get_or_create(
                code=values[name], defaults={"created_at": clock.now(), "updated_at": clock.now()}
            )
    values["frequency"] = BillingFrequency.objects.get(code=values.get("frequency", "monthly"))
    term = BillingTerm(subscription=Subscription.objects.get(number=subscription), **values)
    term.save()
    return term


def in_debt(count: int = 1, *, prefix: str = "", **fields: Any) -> list[str]:
    """So many subscriptions, each on an account of its own with 50.00 overdue; returns their numbers."""
    numbers = []
    for position in range(1, count + 1):
        make_account(f"{prefix}A{position}")
        owe(f"{prefix}A{position}")
        make_subscription(f"{prefix}S{position}", f"{prefix}A{position}", **fields)
        numbers.append(f"{prefix}S{position}")
    return numbers


def define(name: str = "Nightly grace cut", kind: str = "deactivate_in_grace", **content: Any) -> str:
    """Applies a definition; returns its code. The brake stays out unless `safety` says otherwise."""
    content.setdefault("safety", NO_BRAKE)
    return apply_definition({"kind": kind, "name": name, **content}).definition.alternative_code


def run_now(code: str = "NGC", **options: Any) -> Run:
    """Starts a run and carries it out as far as it goes."""
    return conduct(start_run(code, **options).pk)


def outcome_of(run: Run) -> dict[str, tuple[str, str | None]]:
    """Subscription number -> (outcome, code) of every item."""
    items = with_outcome(RunItem.objects.filter(run_id=run.pk))
    numbers = dict(Subscription.objects.values_list("pk", "number"))
    return {numbers[item.subject_id]: (item.outcome, item.code) for item in items}


def state_of(number: str) -> str:
    return Subscription.objects.get(number=number).life_cycle_state


def faults() -> list[str]:
    """Everything `verify` finds."""
    from lapwing.core.invariants import all_invariants

    return [line for each in all_invariants() for line in each.find()]
