"""One definition asked about one base on one day: which criteria hold and which protections apply.

An `Inquiry` reads a definition once and then answers for any subscription. Criteria come in two sets, one
for each kind; a list, a binding state or a pair of bounds that is not set is no criterion at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from .ledger import AccountFigures, books_of, in_binding
from .rows import MINOR_DIGITS, Base, Subscription, Term

PROTECTIONS = (
    "account_not_active",
    "never_disconnect",
    "on_hold",
    "disputed",
    "nothing_overdue",
    "payment_in_flight",
    "recently_reactivated",
    "not_warned",
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A subscription with what is known of it at the run's date."""

    subscription: Subscription
    figures: AccountFigures
    term: Term | None


Criterion = Callable[[Subject], bool]


class Inquiry:
    def __init__(
        self,
        base: Base,
        definition: Mapping[str, Any],
        run_date: date,
        *,
        today: date,
        window_from: date | None = None,
        tolerance: Mapping[str, int] | None = None,
        cut_for_debt: Collection[str] = (),
    ) -> None:
        self.books = books_of(base)
        self.kind: str = definition["kind"]
        self.configured: Mapping[str, Any] = definition.get("criteria") or {}
        self.safety: Mapping[str, Any] = definition.get("safety") or {}
        self.run_date = run_date
        self.today = today
        self.first_grace_end = (window_from or run_date) - timedelta(
            days=self.configured.get("grace_period_end_days") or 0
        )
        self.debt_guard: str = self.configured.get("debt_guard") or "overdue"
        self.tolerance = tolerance or {}
        self.cut_for_debt = cut_for_debt
        self.criteria: dict[str, Criterion] = {**self._of_the_kind(), **self._as_configured()}

    def subject(self, number: str) -> Subject:
        subscription = self.books.subscriptions[number]
        return Subject(
            subscription,
            self.books.figures(subscription.account),
            self.books.effective_term(subscription, self.run_date),
        )

    def selects(self, subject: Subject) -> bool:
        return all(holds(subject) for holds in self.criteria.values())

    def overdue_within_tolerance(self, figures: AccountFigures) -> bool:
        overdue = figures.undisputed("overdue", self.run_date)
        return overdue <= self.tolerance.get(figures.account.currency, 0)

    def protections(self, subject: Subject) -> dict[str, bool]:
        """Every protection of the kind, in the order in which one is told."""
        inactive = subject.figures.account.state != "active"
        if self.kind == "activate_settled":
            return {"account_not_active": inactive}
        figures = subject.figures
        counting = figures.counting(self.debt_guard, self.run_date)
        debt = figures.undisputed(self.debt_guard, self.run_date)
        return {
            "account_not_active": inactive,
            "never_disconnect": bool(subject.subscription.never_disconnect),
            "on_hold": self._on_hold(figures),
            "disputed": bool(counting) and all(item.disputed for item in counting),
            "nothing_overdue": self.debt_guard == "overdue" and self.overdue_within_tolerance(figures),
            "payment_in_flight": 0 < debt <= figures.pending_minor,
            "recently_reactivated": self._recently_reactivated(subject.subscription),
            "not_warned": bool(self.safety.get("require_warning")) and not self._warned(subject),
        }

    def _on_hold(self, figures: AccountFigures) -> bool:
        ends = (figures.account.on_hold_until, figures.account.promise_until)
        return any(end is not None and end >= self.today for end in ends)

    def _recently_reactivated(self, subscription: Subscription) -> bool:
        days = self.safety.get("recently_reactivated_days")
        days = 3 if days is None else days
        if days == 0 or subscription.reactivated_on is None:
            return False
        return (self.run_date - subscription.reactivated_on).days < days

    def _warned(self, subject: Subject) -> bool:
        """Whether the interval was warned of; a closed one is told apart by `grace_changed`."""
        row = subject.subscription
        if row.grace_start is None or row.grace_end is None:
            return False
        return any(row.grace_start <= sent_on <= row.grace_end for sent_on in subject.figures.reminders)

    def _of_the_kind(self) -> dict[str, Criterion]:
        if self.kind == "deactivate_in_grace":
            return {
                "life_cycle_state": lambda s: s.subscription.state == "effective",
                "grace_period_end": self._grace_ends_in_window,
                "not_free": lambda s: not s.subscription.free,
                "unsettled": lambda s: s.figures.balance_minor > 0,
            }
        if self.kind == "activate_settled":
            return {
                "life_cycle_state": lambda s: s.subscription.state == "not_effective",
                "cut_for_debt": lambda s: s.subscription.number in self.cut_for_debt,
                "settled": self._settled,
            }
        raise ValueError(f"no opinion on the kind {self.kind}")

    def _grace_ends_in_window(self, subject: Subject) -> bool:
        row = subject.subscription
        if not row.grace_open or row.grace_end is None:
            return False
        return self.first_grace_end <= row.grace_end <= self.run_date

    def _settled(self, subject: Subject) -> bool:
        if (self.configured.get("settled") or "overdue") == "unsettled":
            return subject.figures.balance_minor == 0
        return self.overdue_within_tolerance(subject.figures)

    def _as_configured(self) -> dict[str, Criterion]:
        found: dict[str, Criterion] = {}
        readers: dict[str, Callable[[Subject], str | None]] = {
            "subscription_types": lambda s: s.subscription.type,
            "price_plans": lambda s: s.term.price_plan if s.term else None,
            "billing_frequencies": lambda s: s.term.frequency if s.term else None,
            "billing_term_schemes": lambda s: s.term.scheme if s.term else None,
            "binding_periods": self._binding_period,
            "classifications": lambda s: s.figures.account.classification,
            "credit_ratings": lambda s: s.figures.account.credit_rating,
        }
        for name, reader in readers.items():
            if self.configured.get(name):
                found[name] = _one_of(frozenset(self.configured[name]), reader)
        binding_state = self.configured.get("binding_state") or "any"
        if binding_state == "in_binding":
            found["binding_state"] = lambda s: in_binding(s.term, self.run_date)
        elif binding_state == "out_of_binding":
            found["binding_state"] = lambda s: s.term is not None and not in_binding(s.term, self.run_date)
        if _is_bounded(balance := self.configured.get("balance") or {}):
            found["balance"] = lambda s: _within(balance, s.figures.balance_minor, s)
        if _is_bounded(outstanding := self.configured.get("outstanding") or {}):
            cut_off = self.run_date + timedelta(
                days=(outstanding.get("due_in_days") or 0) - (outstanding.get("due_days_ago") or 0)
            )
            found["outstanding"] = lambda s: _within(outstanding, s.figures.outstanding(cut_off), s)
        return found

    def _binding_period(self, subject: Subject) -> str | None:
        return (
            subject.term.binding_period if subject.term and in_binding(subject.term, self.run_date) else None
        )


def _one_of(allowed: frozenset[str], reader: Callable[[Subject], str | None]) -> Criterion:
    return lambda subject: reader(subject) in allowed


def _is_bounded(bounds: Mapping[str, Any]) -> bool:
    return any(bounds.get(bound) is not None for bound in ("more_than", "less_than"))


def _within(bounds: Mapping[str, Any], amount_minor: int, subject: Subject) -> bool:
    """Lower bound included, upper bound excluded, both in units of the account's currency."""
    low, high = bounds.get("more_than"), bounds.get("less_than")
    scale = 10 ** MINOR_DIGITS[subject.figures.account.currency]
    if low is not None and amount_minor < Decimal(str(low)) * scale:
        return False
    return high is None or amount_minor < Decimal(str(high)) * scale
