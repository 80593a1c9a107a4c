"""What an account owes: allocation replayed from the first posting, and the figures drawn from it.

Posting goes by date, invoices before payments, then by number or reference. Only posted payments count;
pending and reversed ones settle nothing, as if they had never been posted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from weakref import WeakKeyDictionary

from .rows import Account, Base, Invoice, Payment, Subscription, Term


@dataclass
class _Purse:
    """A posted payment with what is left of it; it may wait for an invoice not issued yet."""

    left: int
    waits_for: str


def unsettled_of_account(invoices: Iterable[Invoice], payments: Iterable[Payment]) -> dict[str, int]:
    """The unsettled amount of each invoice of one account, in its minor units."""
    posted = [payment for payment in payments if payment.state == "posted"]
    postings: list[tuple[date, int, str, Invoice | Payment]] = [
        *((row.issued_on, 0, row.number, row) for row in invoices),
        *((row.received_on, 1, row.reference, row) for row in posted),
    ]
    issued: dict[str, Invoice] = {}
    unsettled: dict[str, int] = {}
    purses: list[_Purse] = []

    def spend(purse: _Purse, first: str) -> None:
        others = sorted(
            (row for row in issued.values() if row.number != first), key=lambda r: (r.due_on, r.number)
        )
        for number in [first] * (first != "") + [row.number for row in others]:
            part = min(purse.left, unsettled[number])
            unsettled[number] -= part
            purse.left -= part

    for _, _, _, row in sorted(postings, key=lambda posting: posting[:3]):
        if isinstance(row, Invoice):
            issued[row.number] = row
            unsettled[row.number] = row.total_minor
            waiting = [purse for purse in purses if purse.waits_for == row.number]
            credit = [purse for purse in purses if not purse.waits_for]
            for purse in waiting:
                purse.waits_for = ""
            for purse in waiting + credit:
                spend(purse, row.number)
        elif row.invoice and row.invoice not in issued:
            purses.append(_Purse(row.amount_minor, row.invoice))
        else:
            purse = _Purse(row.amount_minor, "")
            spend(purse, row.invoice)
            purses.append(purse)
    return unsettled


@dataclass(frozen=True, slots=True)
class OpenItem:
    number: str
    due_on: date
    unsettled_minor: int
    disputed: bool


@dataclass(frozen=True, slots=True)
class AccountFigures:
    account: Account
    open_items: tuple[OpenItem, ...]
    balance_minor: int
    pending_minor: int
    reminders: tuple[date, ...]

    def outstanding(self, cut_off: date) -> int:
        """The sum of what is due before the cut-off; an invoice due on it does not count."""
        return sum(item.unsettled_minor for item in self.open_items if item.due_on < cut_off)

    def counting(self, debt_guard: str, run_date: date) -> list[OpenItem]:
        """The open items that count under the debt guard: the overdue ones, or all."""
        return [item for item in self.open_items if debt_guard == "unsettled" or item.due_on < run_date]

    def undisputed(self, debt_guard: str, run_date: date) -> int:
        return sum(item.unsettled_minor for item in self.counting(debt_guard, run_date) if not item.disputed)


class Books:
    """The rows of one base by account, and the figures computed when first asked for."""

    def __init__(self, base: Base) -> None:
        self.accounts = {row.number: row for row in base.accounts}
        self.subscriptions = {row.number: row for row in base.subscriptions}
        self._invoices: dict[str, list[Invoice]] = defaultdict(list)
        self._payments: dict[str, list[Payment]] = defaultdict(list)
        self._reminders: dict[str, list[date]] = defaultdict(list)
        self._terms: dict[str, list[Term]] = defaultdict(list)
        for invoice in base.invoices:
            self._invoices[invoice.account].append(invoice)
        for payment in base.payments:
            self._payments[payment.account].append(payment)
        for reminder in base.reminders:
            self._reminders[reminder.account].append(reminder.sent_on)
        for term in base.terms:
            self._terms[term.subscription].append(term)
        self._figures: dict[str, AccountFigures] = {}
        self._effective: dict[tuple[str, date], Term | None] = {}

    def unsettled(self, account: str) -> dict[str, int]:
        return unsettled_of_account(self._invoices[account], self._payments[account])

    def figures(self, account: str) -> AccountFigures:
        if account not in self._figures:
            unsettled = self.unsettled(account)
            items = tuple(
                OpenItem(row.number, row.due_on, unsettled[row.number], row.disputed)
                for row in self._invoices[account]
                if unsettled[row.number] > 0
            )
            self._figures[account] = AccountFigures(
                account=self.accounts[account],
                open_items=items,
                balance_minor=sum(item.unsettled_minor for item in items),
                pending_minor=sum(r.amount_minor for r in self._payments[account] if r.state == "pending"),
                reminders=tuple(self._reminders[account]),
            )
        return self._figures[account]

    def effective_term(self, subscription: Subscription, on: date) -> Term | None:
        key = (subscription.number, on)
        if key not in self._effective:
            self._effective[key] = effective_term(self._terms[subscription.number], on)
        return self._effective[key]


def effective_term(terms: Iterable[Term], on: date) -> Term | None:
    """The one term valid on that day, both ends included."""
    valid = [row for row in terms if row.valid_from <= on and (row.valid_to is None or on <= row.valid_to)]
    if len(valid) > 1:
        raise ValueError(f"subscription {valid[0].subscription} has {len(valid)} terms on {on}, expected one")
    return valid[0] if valid else None


def in_binding(term: Term | None, on: date) -> bool:
    if term is None or term.binding_start is None:
        return False
    return term.binding_start <= on and (term.binding_end is None or on <= term.binding_end)


_books: WeakKeyDictionary[Base, Books] = WeakKeyDictionary()


def books_of(base: Base) -> Books:
    if base not in _books:
        _books[base] = Books(base)
    return _books[base]


def unsettled_minor(base: Base) -> dict[str, int]:
    """The unsettled amount of every invoice of a base."""
    books = books_of(base)
    return {
        number: amount for account in books.accounts for number, amount in books.unsettled(account).items()
    }
