"""Posts many invoices and payments of one account in memory, as the ledger posts them one by one. Pure.

Source: domain rules, open items and payments. By date, invoices before payments, then number or reference.
"""

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from lapwing.receivables.allocation import Debt, settle


@dataclass(order=True, slots=True)
class Credit:
    """A payment while it is dealt out, oldest first; `unallocated_minor` falls."""

    received_on: date
    reference: str
    unallocated_minor: int = field(compare=False)
    named: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Settled:
    """So much of a payment settled so much of an invoice, on that day."""

    reference: str
    number: str
    minor: int
    on: date


@dataclass
class Books:
    """The books of one account. `issued` holds its issued invoices that a payment may name."""

    debts: dict[str, Debt] = field(default_factory=dict)
    credits: list[Credit] = field(default_factory=list)
    issued: set[str] = field(default_factory=set)
    settled: list[Settled] = field(default_factory=list)

    def post(self, invoices: Iterable[tuple[date, Debt]], payments: Iterable[Credit]) -> None:
        """Posts invoices (each with its day of issue) and payments in their order."""
        events = [(issued_on, 0, debt.number, debt) for issued_on, debt in invoices]
        events += [(credit.received_on, 1, credit.reference, credit) for credit in payments]
        for on, _, _, event in sorted(events, key=lambda event: event[:3]):
            if isinstance(event, Debt):
                self._issue(event, on)
            else:
                insort(self.credits, event)
                self._deal_out(event, on)

    def _issue(self, debt: Debt, on: date) -> None:
        self.issued.add(debt.number)
        if debt.unsettled_minor:
            self.debts[debt.number] = debt
        waited = [credit for credit in self.credits if credit.named == debt.number]
        for credit in waited + self.credits:
            self._deal_out(credit, on)
        self.credits = [credit for credit in self.credits if credit.unallocated_minor]

    def _deal_out(self, credit: Credit, on: date) -> None:
        if credit.named and credit.named not in self.issued:
            return  # waits for its invoice, whole
        first = self.debts.get(credit.named)
        enough = first is not None and first.unsettled_minor >= credit.unallocated_minor
        debts = [first] if first and enough else list(self.debts.values())
        for debt, minor in settle(credit.unallocated_minor, credit.named, debts):
            credit.unallocated_minor -= minor
            self.settled.append(Settled(credit.reference, debt.number, minor, on))
            if not debt.unsettled_minor:
                del self.debts[debt.number]
