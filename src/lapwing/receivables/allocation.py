"""Which debts a payment settles, pure. Source: domain rules, open items and payments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass
class Debt:
    """An issued invoice while money is being dealt out; `unsettled_minor` falls as it is settled."""

    key: int
    number: str
    due_on: date
    unsettled_minor: int


def settle(amount_minor: int, named: str, debts: Sequence[Debt]) -> list[tuple[Debt, int]]:
    """Deals an amount out: first the invoice it names, then the others by due date, then number, due or not.

    Lowers each debt's unsettled amount and returns (debt, minor units) per part; what the parts do not use is
    credit.
    """
    parts = []
    for debt in sorted(debts, key=lambda debt: (debt.number != named, debt.due_on, debt.number)):
        part = min(amount_minor, debt.unsettled_minor)
        if part > 0:
            debt.unsettled_minor -= part
            amount_minor -= part
            parts.append((debt, part))
    return parts
