"""One small base and its questions, for tests that change one thing at a time. The run date is R."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from . import oracle
from .rows import Account, Base, Customer, Invoice, Payment, Subscription, Term

R = date(2015, 3, 10)
DUE_BEFORE, DUE_LATER = date(2015, 3, 1), date(2015, 3, 25)


def march(day: int) -> date:
    return date(2015, 3, day)


def small_base(**sub: Any) -> Base:
    """One active account that owes 50.00 since 1 March, one subscription with a grace that ends on R."""
    grace = {"grace_start": march(1), "grace_end": R, "grace_open": True}
    return Base(
        customers=[Customer("C1", "One")],
        accounts=[Account("A1", "C1")],
        subscriptions=[Subscription("S1", "A1", **(grace | sub))],
        terms=[Term("S1", "normal", "basic", "monthly", "12m", march(1), R, march(1), None)],
        invoices=[Invoice("I1", "A1", date(2015, 2, 1), DUE_BEFORE, 5000)],
    )


def definition(*, safety: dict[str, Any] | None = None, **criteria: Any) -> dict[str, Any]:
    return {"kind": "deactivate_in_grace", "name": "Cut", "criteria": criteria, "safety": safety or {}}


def opinion(base: Base, asked: dict[str, Any] | None = None, on: date = R, **options: Any) -> oracle.Opinion:
    return oracle.explain(
        base, asked or definition(), on, today=options.pop("today", on), sub="S1", **options
    )


def told(base: Base, asked: dict[str, Any] | None = None, on: date = R, **options: Any) -> str:
    found = opinion(base, asked, on, **options)
    return found.code or found.outcome


def amounts_base() -> Base:
    return replace(
        small_base(),
        invoices=[
            Invoice("I1", "A1", date(2015, 2, 1), DUE_BEFORE, 10000),
            Invoice("I2", "A1", date(2015, 2, 20), DUE_LATER, 6000),
        ],
        payments=[Payment("P1", "A1", date(2015, 2, 10), 6000)],
    )
