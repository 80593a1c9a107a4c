"""The plain rows that a second opinion is given about. Dates are dates, amounts integers in minor units.

A `Base` never changes: its rows are frozen and its collections become tuples. A changed base is a new one
(`base.with_rows(...)`, `dataclasses.replace`), so whatever was computed from a base stays true of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

MINOR_DIGITS = {"EUR": 2, "GBP": 2, "USD": 2, "JPY": 0}


@dataclass(frozen=True, slots=True)
class Customer:
    number: str
    name: str
    country: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    number: str
    customer: str
    currency: str = "EUR"
    classification: str = ""
    credit_rating: str = ""
    credit_limit_minor: int = 0
    state: str = "active"
    on_hold_until: date | None = None
    promise_until: date | None = None
    promise_amount_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    number: str
    account: str
    type: str = "fibre"
    state: str = "effective"
    free: bool = False
    never_disconnect: str = ""
    grace_start: date | None = None
    grace_end: date | None = None
    grace_open: bool = False
    reactivated_on: date | None = None
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Term:
    subscription: str
    scheme: str
    price_plan: str
    frequency: str
    binding_period: str
    binding_start: date | None
    binding_end: date | None
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Invoice:
    number: str
    account: str
    issued_on: date
    due_on: date
    total_minor: int
    disputed: bool = False


@dataclass(frozen=True, slots=True)
class Payment:
    reference: str
    account: str
    received_on: date
    amount_minor: int
    invoice: str = ""
    state: str = "posted"


@dataclass(frozen=True, slots=True)
class Reminder:
    account: str
    sent_on: date


@dataclass(frozen=True, eq=False)
class Base:
    customers: Sequence[Customer] = ()
    accounts: Sequence[Account] = ()
    subscriptions: Sequence[Subscription] = ()
    terms: Sequence[Term] = ()
    invoices: Sequence[Invoice] = ()
    payments: Sequence[Payment] = ()
    reminders: Sequence[Reminder] = ()

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, tuple(getattr(self, field.name)))

    def account(self, number: str) -> Account:
        return next(row for row in self.accounts if row.number == number)

    def subscription(self, number: str) -> Subscription:
        return next(row for row in self.subscriptions if row.number == number)

    def invoice(self, number: str) -> Invoice:
        return next(row for row in self.invoices if row.number == number)

    def with_rows(self, collection: str, chosen: Callable[[Any], bool], **changes: Any) -> Base:
        """The base with `changes` made to the chosen rows of one collection."""
        rows = [replace(row, **changes) if chosen(row) else row for row in getattr(self, collection)]
        return replace(self, **{collection: rows})

    def with_payment(self, payment: Payment) -> Base:
        return replace(self, payments=(*self.payments, payment))
