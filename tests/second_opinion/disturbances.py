"""What happens between selection and action: plain events, and their effect on a base.

An account and a subscription are disturbed once at most, so that no event stands in the way of another.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from .ledger import books_of
from .rows import MINOR_DIGITS, Base, Payment

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
    """The base after the events. A payment is posted today, after everything else of that day.

    Events that are applied later to the same base must not post payments again: their references would be
    taken.
    """
    for serial, event in enumerate(events):
        base = _apply(base, event, today, reference=payment_reference(serial))
    return base


def make_new_graces(
    rng: random.Random, base: Base, events: Sequence[Event], *, today: date, among: Sequence[str]
) -> list[Event]:
    """Grace intervals that end today, for some of the subscriptions that `events` leave alone.

    Mostly the run would match them as well: only the witness of its list tells the two apart.
    """
    subscriptions = books_of(base).subscriptions
    disturbed = {event[1] for event in events}
    return [
        ("extend_grace", number, today)
        for number in among
        if number not in disturbed
        and subscriptions[number].account not in disturbed
        and (subscriptions[number].grace_start, subscriptions[number].grace_end) != (today, today)
        and rng.random() < 0.5
    ]


def make_threshold_payments(
    rng: random.Random, base: Base, definition: Mapping[str, Any], run_date: date, among: Sequence[str]
) -> list[Event]:
    """Payments that bring a figure down to the definition's lower bound, or one minor unit below it."""
    criteria = definition["criteria"]
    name = next((n for n in ("balance", "outstanding") if (criteria.get(n) or {}).get("more_than")), "")
    if not name:
        return []
    books = books_of(base)
    cut_off = run_date + timedelta(
        (criteria[name].get("due_in_days") or 0) - (criteria[name].get("due_days_ago") or 0)
    )
    events: list[Event] = []
    for number in dict.fromkeys(books.subscriptions[number].account for number in among):
        figures = books.figures(number)
        figure = figures.balance_minor if name == "balance" else figures.outstanding(cut_off)
        bound = Decimal(str(criteria[name]["more_than"])).scaleb(MINOR_DIGITS[figures.account.currency])
        amount = figure - int(bound) + rng.choice([0, 1])
        if 0 < amount < figures.balance_minor:
            events.append(("pay", number, amount, ""))
    return events


def make_activation_disturbance(
    rng: random.Random, base: Base, *, today: date, among: Sequence[str]
) -> list[Event]:
    """Events on subscriptions that are to be activated: debts that come back, and what people do meanwhile."""
    books = books_of(base)
    events: list[Event] = []
    disturbed: set[str] = set()
    for number in among:
        account = books.subscriptions[number].account
        if account in disturbed:
            continue
        disturbed.add(account)
        match rng.choice(["nothing"] * 4 + ["reverse", "reverse", "activate", "cancel", "suspend"]):
            case "reverse":
                events += [("reverse", reference) for reference in _last_posting(base, account)]
            case "activate" | "cancel" as name:
                events.append((name, number))
            case "suspend" if books.accounts[account].state == "active":
                events.append(("suspend", account))
    return events


def _last_posting(base: Base, account: str) -> list[str]:
    """The reference of the account's last posting, if it is a payment that still counts."""
    invoices = [(row.issued_on, 0, row.number, "") for row in base.invoices if row.account == account]
    payments = [
        (row.received_on, 1, row.reference, row.state)
        for row in base.payments
        if row.account == account and row.state in ("posted", "reversed")
    ]
    if not payments:
        return []
    _, _, reference, state = max(invoices + payments)
    return [reference] if state == "posted" else []


def make_aftermath(rng: random.Random, base: Base, done: Sequence[str], *, today: date) -> list[Event]:
    """What happens to some of the deactivated subscriptions before their run is undone."""
    events: list[Event] = []
    for number in done:
        match rng.choice(
            ["nothing"] * 6 + ["cancel", "activate", "extend_grace", "change_quantity", "protect", "hold"]
        ):
            case "cancel" | "activate" | "protect" as name:
                events.append((name, number))
            case "extend_grace":
                events.append(("extend_grace", number, today + timedelta(rng.choice([0, 7]))))
            case "change_quantity":
                events.append(("change_quantity", number, books_of(base).subscriptions[number].quantity + 1))
            case "hold":
                events.append(("hold", books_of(base).subscriptions[number].account, today + timedelta(5)))
    return events


def payment_reference(serial: int) -> str:
    """The reference of the payment that the event of this position makes; sorts after those of any base."""
    return f"PZ{serial:05}"


def _reactivation(base: Base, number: str, today: date) -> dict[str, date]:
    """A person who makes a not effective subscription effective reactivates it."""
    state = next(row.state for row in base.subscriptions if row.number == number)
    return {"reactivated_on": today} if state == "not_effective" else {}


def _apply(base: Base, event: Event, today: date, reference: str) -> Base:
    name, subject, *rest = event

    def change(collection: str, **changes: Any) -> Base:
        return base.with_rows(collection, lambda row: row.number == subject, **changes)

    match name:
        case "pay":
            return base.with_payment(Payment(reference, subject, today, *rest))
        case "reverse":
            return base.with_rows("payments", lambda row: row.reference == subject, state="reversed")
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
                "subscriptions",
                state="effective",
                grace_start=today,
                grace_end=rest[0],
                grace_open=True,
                **_reactivation(base, subject, today),
            )
        case "activate":
            return change("subscriptions", state="effective", **_reactivation(base, subject, today))
        case "change_quantity":
            return change("subscriptions", quantity=rest[0])
        case "cancel":
            return change("subscriptions", state="cancelled", grace_open=False)
        case "deactivate":
            return change("subscriptions", state="not_effective", grace_open=False)
        case "protect":
            return change("subscriptions", never_disconnect="protected meanwhile")
    raise ValueError(f"event {name} is unknown")
