"""Writes a base into the database and reads it back as plain rows.

Customers, accounts, subscriptions with their actions, terms and reminders are written in bulk. What an invoice
still owes is never written here: the product deals the payments out, by import or by its actions one by one.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from lapwing.catalog.behaviours import Behaviour
from lapwing.catalog.models import (
    BillingFrequency,
    BillingTermScheme,
    BindingPeriod,
    CatalogEntry,
    PricePlan,
    SubscriptionType,
)
from lapwing.core import clock
from lapwing.customers import models as customers
from lapwing.exchange.import_files import import_directory
from lapwing.receivables import models as receivables
from lapwing.receivables.actions.issue_invoice import issue_invoice
from lapwing.receivables.actions.post_payment import announce_payment, post_payment, reverse_payment
from lapwing.receivables.models import Classification, CreditRating, OpenItem
from lapwing.subscriptions import models as subscriptions
from lapwing.subscriptions.license_changes import log_creations
from lapwing.subscriptions.models import SubscriptionAction

from .rows import (
    MINOR_DIGITS,
    Account,
    Base,
    Customer,
    Invoice,
    Payment,
    Reminder,
    Subscription,
    Term,
)

Post = Callable[[Base, Path], None]


def load(base: Base, *, post: Post, directory: Path, cut_for_debt: Collection[str] = ()) -> None:
    """Writes everything. `post` writes invoices and posted payments: `by_import` or `one_by_one`.

    The last action of those in `cut_for_debt` is a deactivation for debt.
    """
    codes = {
        SubscriptionType: _codes(SubscriptionType, (row.type for row in base.subscriptions)),
        Classification: _codes(Classification, (row.classification for row in base.accounts)),
        CreditRating: _codes(CreditRating, ()),
        BillingTermScheme: _codes(BillingTermScheme, (row.scheme for row in base.terms)),
        PricePlan: _codes(PricePlan, (row.price_plan for row in base.terms)),
        BindingPeriod: _codes(BindingPeriod, (row.binding_period for row in base.terms)),
        BillingFrequency: _codes(BillingFrequency, ()),
    }
    owners = _write(customers.Customer, (_customer(row) for row in base.customers))
    accounts = _write(receivables.Account, (_account(row, owners, codes) for row in base.accounts))
    written = _write(
        subscriptions.Subscription,
        (_subscription(row, accounts, codes, len(_history(row, cut_for_debt))) for row in base.subscriptions),
    )
    SubscriptionAction.objects.bulk_create(
        action for row in base.subscriptions for action in _actions(row, written[row.number], cut_for_debt)
    )
    log_creations(subscriptions.Subscription.objects.all(), clock.now().date())
    _write(subscriptions.BillingTerm, (_term(row, written, codes) for row in base.terms))
    _write(receivables.Reminder, (_reminder(row, accounts) for row in base.reminders))
    post(base, directory)
    for payment in base.payments:
        if payment.state == "reversed":
            reverse_payment(payment.reference, reason="returned")
        elif payment.state == "pending":
            announce_payment(
                payment.account,
                payment.amount_minor,
                reference=payment.reference,
                invoice_number=payment.invoice,
            )


def by_import(base: Base, directory: Path) -> None:
    """Invoices and payments in two files; what is reversed later is posted with the others."""
    currencies = {row.number: row.currency for row in base.accounts}

    def money(minor: int, account: str) -> str:
        return str(Decimal(minor).scaleb(-MINOR_DIGITS[currencies[account]]))

    _write_file(
        directory / "invoices.csv",
        [
            {
                "number": row.number,
                "account": row.account,
                "issued_on": row.issued_on,
                "due_on": row.due_on,
                "currency": currencies[row.account],
                "total": money(row.total_minor, row.account),
                "disputed": "true" if row.disputed else "false",
            }
            for row in base.invoices
        ],
    )
    _write_file(
        directory / "payments.csv",
        [
            {
                "reference": row.reference,
                "account": row.account,
                "received_on": row.received_on,
                "currency": currencies[row.account],
                "amount": money(row.amount_minor, row.account),
                "invoice": row.invoice,
            }
            for row in _once_posted(base)
        ],
    )
    import_directory(directory)


def one_by_one(base: Base, directory: Path) -> None:
    """By the actions that people use, each on its own day, in the order of the books."""
    postings: list[tuple[date, int, str, Invoice | Payment]] = [
        *((row.issued_on, 0, row.number, row) for row in base.invoices),
        *((row.received_on, 1, row.reference, row) for row in _once_posted(base)),
    ]
    today = clock.now()
    for on, _, _, row in sorted(postings, key=lambda posting: posting[:3]):
        with clock.standing_at(min(today, datetime.combine(on, time(12), UTC))):
            if isinstance(row, Invoice):
                issue_invoice(
                    row.number,
                    account_number=row.account,
                    total_minor=row.total_minor,
                    issued_on=row.issued_on,
                    due_on=row.due_on,
                    disputed=row.disputed,
                )
            else:
                post_payment(
                    row.account, row.amount_minor, reference=row.reference, invoice_number=row.invoice
                )


def read_unsettled() -> dict[str, int]:
    return dict(OpenItem.objects.values_list("number", "unsettled_minor"))


def read_base(like: Base) -> Base:
    """The rows that actions and runs change, as they are now; customers, terms and reminders as in `like`."""
    return Base(
        customers=like.customers,
        accounts=_read(
            Account,
            receivables.Account,
            "number customer__number currency classification__code credit_rating__code credit_limit_minor "
            "life_cycle_state on_hold_until promise_until promise_minor",
        ),
        subscriptions=_read(
            Subscription,
            subscriptions.Subscription,
            "number account__number subscription_type__code life_cycle_state free never_disconnect_reason "
            "grace_start_on grace_end_on grace_open reactivated_on quantity",
        ),
        terms=like.terms,
        invoices=_read(Invoice, OpenItem, "number account__number issued_on due_on total_minor disputed"),
        payments=_read(
            Payment,
            receivables.Payment,
            "reference account__number received_on amount_minor invoice_number state",
        ),
        reminders=like.reminders,
    )


def _read(row: type, model: type, columns: str) -> list[Any]:
    return [row(*values) for values in model.objects.order_by("pk").values_list(*columns.split())]


def _codes(model: type[CatalogEntry], codes: Iterable[str]) -> dict[str, int]:
    """Keys by code, after making what is missing; catalogues that ship are taken as they are."""
    known = set(model.objects.values_list("code", flat=True))
    missing = sorted(set(codes) - known - {""})
    model.objects.bulk_create([model(code=code, name=code).stamp() for code in missing])
    return dict(model.objects.values_list("code", "pk"))


def _write(model: type, rows: Iterable[Any]) -> dict[str, Any]:
    """Writes the rows in their order; returns them by number, where they have one."""
    written = model.objects.bulk_create([row.stamp() for row in rows])
    return {row.number: row for row in written if hasattr(row, "number")}


Codes = Mapping[type[CatalogEntry], Mapping[str, int]]


def _customer(row: Customer) -> customers.Customer:
    return customers.Customer(number=row.number, name=row.name, country=row.country)


def _account(row: Account, owners: Mapping[str, Any], codes: Codes) -> receivables.Account:
    return receivables.Account(
        number=row.number,
        customer=owners[row.customer],
        currency=row.currency,
        classification_id=codes[Classification][row.classification],
        credit_rating_id=codes[CreditRating][row.credit_rating],
        credit_limit_minor=row.credit_limit_minor,
        life_cycle_state=row.state,
        on_hold_until=row.on_hold_until,
        hold_reason="as agreed" if row.on_hold_until else "",
        promise_until=row.promise_until,
        promise_minor=row.promise_amount_minor,
    )


def _subscription(
    row: Subscription, accounts: Mapping[str, Any], codes: Codes, revision: int
) -> subscriptions.Subscription:
    return subscriptions.Subscription(
        number=row.number,
        account=accounts[row.account],
        subscription_type_id=codes[SubscriptionType][row.type],
        quantity=row.quantity,
        free=row.free,
        never_disconnect=bool(row.never_disconnect),
        never_disconnect_reason=row.never_disconnect,
        life_cycle_state=row.state,
        grace_start_on=row.grace_start,
        grace_end_on=row.grace_end,
        grace_open=row.grace_open,
        grace_revision=1 if row.grace_end else None,
        reactivated_on=row.reactivated_on,
        revision=revision,
    )


ACTIVATE, DEACTIVATE = Behaviour.ACTIVATE, Behaviour.DEACTIVATE
HISTORIES = {
    "debt": [(DEACTIVATE, "effective", "not_effective", "debt")],
    "person": [(DEACTIVATE, "effective", "not_effective", "")],
    "returned": [
        (DEACTIVATE, "effective", "not_effective", "debt"),
        (ACTIVATE, "not_effective", "effective", "settled"),
        (DEACTIVATE, "effective", "not_effective", ""),
    ],
    "opened": [],
}


def _history(row: Subscription, cut_for_debt: Collection[str]) -> list[tuple[str, str, str, str]]:
    """The moves of a subscription; those not cut for debt were opened so, or deactivated by a person."""
    if row.number in cut_for_debt:
        name = "debt"
    elif row.state == "not_effective":
        name = ("opened", "person", "returned")[int(row.number[1:]) % 3]
    else:
        name = "opened"
    moves = HISTORIES[name]
    return [(Behaviour.OPENING, "", moves[0][1] if moves else row.state, "opening"), *moves]


def _actions(row: Subscription, written: Any, cut_for_debt: Collection[str]) -> Sequence[SubscriptionAction]:
    now = clock.now()
    return [
        SubscriptionAction(
            subscription=written,
            revision=revision,
            behaviour=behaviour,
            state="executed",
            from_state=before,
            to_state=after,
            grace_was_open=row.grace_open and revision > 1,
            grace_open=row.grace_open,
            grace_start_on=row.grace_start,
            grace_end_on=row.grace_end,
            quantity=row.quantity,
            reason_code=reason_code,
            requested_by="root",
            requested_at=now,
            executed_at=now,
            executed_on=now.date(),
        )
        for revision, (behaviour, before, after, reason_code) in enumerate(
            _history(row, cut_for_debt), start=1
        )
    ]


def _term(row: Term, written: Mapping[str, Any], codes: Codes) -> subscriptions.BillingTerm:
    return subscriptions.BillingTerm(
        subscription=written[row.subscription],
        scheme_id=codes[BillingTermScheme][row.scheme],
        price_plan_id=codes[PricePlan][row.price_plan],
        frequency_id=codes[BillingFrequency][row.frequency],
        binding_period_id=codes[BindingPeriod].get(row.binding_period),
        binding_start_on=row.binding_start,
        binding_end_on=row.binding_end,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


def _reminder(row: Reminder, accounts: Mapping[str, Any]) -> receivables.Reminder:
    return receivables.Reminder(account=accounts[row.account], sent_on=row.sent_on)


def _once_posted(base: Base) -> list[Payment]:
    return [row for row in base.payments if row.state in ("posted", "reversed")]


def _write_file(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
