"""Random bases whose dates and amounts lie on and around every boundary of the rules.

A base is drawn under a climate, which makes one kind of protection frequent. It is legal in every respect:
terms of a subscription never overlap, nothing is issued or received after today, and a payment names an
invoice of its own account. A reversed payment is its account's last posting, so that undoing its allocations
and never having made them come to the same.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, TypeVar

from .ledger import unsettled_of_account
from .rows import MINOR_DIGITS, Account, Base, Customer, Invoice, Payment, Reminder, Subscription, Term

RUN_DATE = date(2015, 3, 10)

TYPES = ("fibre", "tv", "mobile", "hosting")
PLANS = ("basic", "plus", "pro")
SCHEMES = ("normal", "prepaid")
FREQUENCIES = ("weekly", "monthly", "quarterly", "annual")
BINDING_PERIODS = ("12m", "24m")
CLASSIFICATIONS = ("residential", "business", "public")
RATINGS = ("AAA", "A", "BA", "CA", "C")
OTHER_STATES = (
    "draft",
    "not_effective",
    "not_effective",
    "not_effective",
    "short_term_effective",
    "short_term_not_effective",
    "resting",
    "cancelled",
    "regretted",
    "replaced",
)

CHANCES = {
    "inactive": 0.06,
    "held": 0.12,
    "disputed": 0.12,
    "nothing_due": 0.15,
    "pending": 0.12,
    "reactivated": 0.15,
    "unwarned": 0.35,
    "protected": 0.05,
    "free": 0.05,
    "effective": 0.75,
}
CLIMATES: dict[str, dict[str, float]] = {
    "ordinary": {},
    "inactive": {"inactive": 0.3},
    "held": {"held": 0.6},
    "disputed": {"disputed": 0.6},
    "early": {"nothing_due": 0.5},
    "paying": {"pending": 0.6},
    "returning": {"reactivated": 0.7},
    "unwarned": {"unwarned": 0.8},
    "protected": {"protected": 0.3, "free": 0.2},
    "stopped": {"effective": 0.35},
}

T = TypeVar("T")


def make_base(seed: int, size: int = 500, *, run_date: date = RUN_DATE, today: date | None = None) -> Base:
    """A base of `size` subscriptions over about half as many accounts; the same seed gives the same base."""
    rng = random.Random(seed)
    draft = _Draft(rng, run_date, today or run_date, CHANCES | CLIMATES[rng.choice(sorted(CLIMATES))])
    while len(draft.subscriptions) < size:
        draft.add_account(room=size - len(draft.subscriptions))
    return Base(
        customers=draft.customers,
        accounts=draft.accounts,
        subscriptions=draft.subscriptions,
        terms=draft.terms,
        invoices=draft.invoices,
        payments=draft.payments,
        reminders=draft.reminders,
    )


def make_cut_for_debt(rng: random.Random, base: Base) -> set[str]:
    """Most of the not effective subscriptions: those whose last action shall be a deactivation for debt."""
    return {row.number for row in base.subscriptions if row.state == "not_effective" and rng.random() < 0.8}


class _Draft:
    def __init__(self, rng: random.Random, run_date: date, today: date, chances: dict[str, float]) -> None:
        self.rng, self.run_date, self.today, self.chances = rng, run_date, today, chances
        self.currencies = rng.choice([("EUR", "GBP"), ("EUR", "GBP"), ("EUR", "GBP", "JPY"), ("EUR", "JPY")])
        self.customers: list[Customer] = []
        self.accounts: list[Account] = []
        self.subscriptions: list[Subscription] = []
        self.terms: list[Term] = []
        self.invoices: list[Invoice] = []
        self.invoices_drawn = 0
        self.payments: list[Payment] = []
        self.reminders: list[Reminder] = []

    def happens(self, name: str) -> bool:
        return self.rng.random() < self.chances[name]

    def add_account(self, room: int) -> None:
        rng = self.rng
        if not self.customers or rng.random() < 0.9:
            serial = len(self.customers) + 1
            self.customers.append(
                Customer(f"C{serial:05}", f"Customer {serial}", rng.choice(["DE", "GB", "JP"]))
            )
        number = f"A{len(self.accounts) + 1:05}"
        currency = rng.choice(self.currencies)
        hold = promise = None
        if self.happens("held"):
            hold = rng.choice([None, -1, -1, 0, 1])
            promise = rng.choice([-1, 0, 1]) if hold is None or rng.random() < 0.2 else None
        account = Account(
            number=number,
            customer=self.customers[-1].number,
            currency=currency,
            classification=rng.choice(CLASSIFICATIONS),
            credit_rating=rng.choice(RATINGS),
            credit_limit_minor=rng.choice([0, 50, 100]) * self._unit(currency),
            state=rng.choice(["suspended", "terminated"]) if self.happens("inactive") else "active",
            on_hold_until=None if hold is None else self.today + timedelta(hold),
            promise_until=None if promise is None else self.today + timedelta(promise),
            promise_amount_minor=None if promise is None else self._amount(currency),
        )
        self.accounts.append(account)
        self._add_money(account)
        for _ in range(min(room, rng.choice([0, 1, 1, 1, 2, 2, 2, 3, 3, 5]))):
            self._add_subscription(account)

    @staticmethod
    def _unit(currency: str) -> int:
        return 10 ** MINOR_DIGITS[currency]

    def _amount(self, currency: str) -> int:
        """Mostly round sums, some one minor unit beside them, so that thresholds are met exactly."""
        round_sum = self.rng.choice([20, 30, 40, 50, 50, 60, 100, 100, 120, 250]) * self._unit(currency)
        return max(1, round_sum + self.rng.choice([0, 0, 0, 0, -1, 1, self.rng.randint(-999, 999)]))

    def _add_money(self, account: Account) -> None:
        rng = self.rng
        invoices = [self._invoice(account) for _ in range(rng.choice([0, 1, 1, 2, 2, 3, 4]))]
        if invoices and self.happens("disputed"):
            share = rng.choice([0.5, 1.0, 1.0])
            invoices = [_disputed(row) if rng.random() < share else row for row in invoices]
        for position, invoice in enumerate(invoices):
            self.invoices.append(invoice)
            self._add_payments(account, invoice, later=invoices[position + 1 :])
        own = [row for row in self.payments if row.account == account.number]
        if invoices and rng.random() < 0.1:
            named = rng.choice(["", rng.choice(invoices).number])
            self._pay(account, self.today, rng.choice(invoices).total_minor, named, "reversed")
        if invoices and self.happens("pending"):
            self._add_pending(account, invoices, own)

    def _invoice(self, account: Account) -> Invoice:
        rng = self.rng
        if self.happens("nothing_due"):
            days = rng.choice([0, 0, 1, 8, 15, 16])
        else:
            days = rng.choice(
                [-16, -15, -9, -8, -8, -3, -2, -1, -1, 0, 1, 2, 7, 14, 15, 16, rng.randint(-16, 16)]
            )
        due_on = self.run_date + timedelta(days)
        issued_on = min(due_on - timedelta(rng.choice([7, 14, 14, 20, 30])), self.today)
        total = 0 if rng.random() < 0.01 else self._amount(account.currency)
        self.invoices_drawn += 1
        number = f"I{rng.randint(1, 9)}{self.invoices_drawn:05}"
        return Invoice(number, account.number, issued_on, due_on, total)

    def _add_payments(self, account: Account, invoice: Invoice, later: Sequence[Invoice]) -> None:
        """One of the situations an invoice may be in; half of the invoices are not paid at all."""
        rng = self.rng
        issued, total, minor = invoice.issued_on, invoice.total_minor, rng.choice([-1, 0, 1])
        afterwards = issued + timedelta(rng.choice([0, 1, 5, 10]))
        match rng.choice(
            ["none"] * 8 + ["part", "part", "named", "named", "full", "over", "waiting", "early"]
        ):
            case "part":
                self._pay(account, afterwards, total * rng.choice([1, 3, 5]) // 5 + minor)
            case "named":
                self._pay(account, afterwards, total * rng.choice([1, 2, 5]) // 5 + minor, invoice.number)
            case "full":
                self._pay(account, afterwards, total + minor, rng.choice(["", invoice.number]))
            case "over":
                self._pay(account, afterwards, total + rng.choice([1, total // 2, total, 2 * total]))
            case "waiting":
                named = rng.choice([invoice, *later]).number
                self._pay(
                    account, issued - timedelta(rng.choice([1, 3])), total * rng.choice([1, 2, 3]) // 2, named
                )
            case "early":
                self._pay(
                    account, issued - timedelta(rng.choice([1, 20])), total * rng.choice([1, 2, 3]) // 2
                )

    def _pay(self, account: Account, on: date, amount: int, invoice: str = "", state: str = "posted") -> None:
        if amount > 0:
            reference = f"P{len(self.payments) + 1:05}"
            self.payments.append(
                Payment(reference, account.number, min(on, self.today), amount, invoice, state)
            )

    def _add_pending(self, account: Account, invoices: list[Invoice], posted: list[Payment]) -> None:
        """Payments in flight that cover the debt exactly, miss it by one minor unit, or come in two parts."""
        unsettled = unsettled_of_account(invoices, posted)
        overdue = sum(unsettled[r.number] for r in invoices if r.due_on < self.run_date and not r.disputed)
        undisputed = sum(unsettled[r.number] for r in invoices if not r.disputed)
        amount = self.rng.choice([overdue, overdue, undisputed, sum(unsettled.values())])
        amount += self.rng.choice([-1, 0, 0, 1])
        parts = [amount // 2, amount - amount // 2] if self.rng.random() < 0.2 else [amount]
        for part in parts:
            self._pay(account, self.today, part, self.rng.choice(["", invoices[0].number]), "pending")

    def _add_subscription(self, account: Account) -> None:
        rng = self.rng
        number = f"S{len(self.subscriptions) + 1:05}"
        grace: dict[str, Any] = {}
        if rng.random() < 0.94:
            end = self.run_date + timedelta(rng.choice([-6, -5, -4, -3, -2, -1, -1, 0, 0, 0, 0, 0, 0, 1, 2]))
            start = end - timedelta(rng.choice([0, 5, 5, 10, 14]))
            grace = {"grace_start": start, "grace_end": end, "grace_open": rng.random() < 0.9}
            if not self.happens("unwarned"):
                self._remind(account, start, end)
        reactivated = rng.choice([0, 1, 2, 3, 4]) if self.happens("reactivated") else None
        self.subscriptions.append(
            Subscription(
                number=number,
                account=account.number,
                type=rng.choice(TYPES),
                state="effective" if self.happens("effective") else rng.choice(OTHER_STATES),
                free=self.happens("free"),
                never_disconnect=rng.choice(["medical", "emergency line"])
                if self.happens("protected")
                else "",
                reactivated_on=None if reactivated is None else self.today - timedelta(reactivated),
                quantity=rng.choice([1, 1, 1, 2, 5]),
                **grace,
            )
        )
        self._add_terms(number)

    def _remind(self, account: Account, start: date, end: date) -> None:
        sent_on = self.rng.choice(
            [start - timedelta(1), start, start, start + (end - start) / 2, end, end, end + timedelta(1)]
        )
        if sent_on <= self.today:
            self.reminders.append(Reminder(account.number, sent_on))

    def _add_terms(self, subscription: str) -> None:
        """Terms that end or begin around the run date: one, two in a row, two with a gap, or none."""
        rng, day = self.rng, self.run_date
        long_ago = day - timedelta(rng.choice([200, 400, 800]))
        far = rng.choice([None, None, day + timedelta(300)])
        last = day + timedelta(rng.choice([-1, 0]))
        match rng.choice(["one"] * 8 + ["two", "two", "gap", "ended", "begun", "none"]):
            case "one":
                periods = [(long_ago, far)]
            case "two":
                periods = [(long_ago, last), (last + timedelta(1), far)]
            case "gap":
                periods = [(long_ago, day - timedelta(1)), (day + timedelta(1), far)]
            case "ended":
                periods = [(long_ago, last)]
            case "begun":
                periods = [(day + timedelta(rng.choice([0, 1])), far)]
            case _:
                periods = []
        for valid_from, valid_to in periods:
            self.terms.append(
                Term(
                    subscription,
                    rng.choice(SCHEMES),
                    rng.choice(PLANS),
                    rng.choice(FREQUENCIES),
                    *self._binding(),
                    valid_from,
                    valid_to,
                )
            )

    def _binding(self) -> tuple[str, date | None, date | None]:
        rng, day = self.rng, self.run_date
        if rng.random() < 0.3:
            return "", None, None
        start = day + timedelta(rng.choice([-365, -365, -365, -100, 0, 1]))
        ends = [None, day - timedelta(1), day, day, day + timedelta(1), day + timedelta(365)]
        return (
            rng.choice(BINDING_PERIODS),
            start,
            rng.choice([end for end in ends if end is None or end >= start]),
        )


def _disputed(row: Invoice) -> Invoice:
    return Invoice(row.number, row.account, row.issued_on, row.due_on, row.total_minor, disputed=True)
