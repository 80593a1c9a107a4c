"""What happens between selection and action: plain events, and their effect on a base.

An account and a subscription are disturbed once at most, so that no event stands in the way of another.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from .ledger import books_of
from .rows import Base, Payment

Event = tuple[Any, ...]

ACCOUNT_EVENTS = ("pay",) * 8 + ("hold", "hold", "release", "release", "dispute", "dispute", "suspend")
SUBSCRIPTION_EVENTS = ("extend_grace", "extend_grace", "extend_grace", "cancel", "protect", "deactivate")


def make_disturbance(
    rng: random.Random, base: Base, *, today: date, among: Sequence[str] = ()
) -> list[Event]:
    """Events on a part of the subscriptions `among` (without any: of all) and on their accounts."""
    books = books_of(base)
    numbers = list(among) or [row.number for row in base.subscriptions]
    chosen = rng.sample(numbers, rng.randint(1, max(1, len(numbers) // 3)))
    events: list[Event] = []
    disturbed: set[str] = set()
    for number in chosen:
        account = books.subscriptions[number].account
        if rng.random() < 0.6 and account not in disturbed:
            disturbed.add(account)
            events += _account_event(rng, base, account, today)
        elif books.subscriptions[number].state == "effective":
            events.append(_subscription_event(rng, base, number, today))
    return events


def _account_event(rng: random.Random, base: Base, number: str, today: date) -> list[Event]:
    """One event that makes sense for the account as it is, or none."""
    figures = books_of(base).figures(number)
    account, items = figures.account, figures.open_items
    match rng.choice(ACCOUNT_EVENTS):
        case "pay" if items:
            overdue = figures.outstanding(today)
            amount = rng.choice(
                [
                    figures.balance_minor,
                    figures.balance_minor,
                    overdue,
                    overdue,
                    1,
                    2,
                    50,
                    items[0].unsettled_minor,
                ]
            )
            amount += rng.choice([0, 0, 0, -1, 1])
            return [("pay", number, amount, rng.choice(["", "", items[0].number]))] if amount > 0 else []
        case "hold":
            return [("hold", number, today + timedelta(rng.choice([0, 1, 7])))]
        case "release" if account.on_hold_until is not None and account.promise_until is None:
            return [("release", number)]
        case "dispute":
            return [("dispute", item.number) for item in items if not item.disputed and rng.random() < 0.8]
        case "suspend" if account.state == "active":
            return [("suspend", number)]
    return []


def _subscription_event(rng: random.Random, base: Base, number: str, today: date) -> Event:
    event = rng.choice(SUBSCRIPTION_EVENTS)
    if event != "extend_grace":
        return (event, number)
    ends = [today + timedelta(days) for days in (0, 1, 5, 10)]
    return (
        event,
        number,
        rng.choice([end for end in ends if end != books_of(base).subscriptions[number].grace_end]),
    )


def apply_disturbance(base: Base, events: Sequence[Event], *, today: date) -> Base:
    """The base after the events. A payment is posted today, after everything else of that day."""
    for serial, event in enumerate(events):
        base = _apply(base, event, today, reference=payment_reference(serial))
    return base


def payment_reference(serial: int) -> str:
    """The reference of the payment that the event of this position makes; sorts after those of any base."""
    return f"PZ{serial:05}"


def _apply(base: Base, event: Event, today: date, reference: str) -> Base:
    name, subject, *rest = event

    def change(collection: str, **changes: Any) -> Base:
        return base.with_rows(collection, lambda row: row.number == subject, **changes)

    match name:
        case "pay":
            return base.with_payment(Payment(reference, subject, today, *rest))
        case "hold":
            return change("accounts", on_hold_until=rest[0])
        case "release":
            return change("accounts", on_hold_until=None)
        case "suspend":
            return change("accounts", state="suspended")
        case "dispute":
            return change("invoices", disputed=True)
        case "extend_grace":
            return change(
                "subscriptions", state="effective", grace_start=today, grace_end=rest[0], grace_open=True
            )
        case "cancel":
            return change("subscriptions", state="cancelled", grace_open=False)
        case "deactivate":
            return change("subscriptions", state="not_effective", grace_open=False)
        case "protect":
            return change("subscriptions", never_disconnect="protected meanwhile")
    raise ValueError(f"event {name} is unknown")
