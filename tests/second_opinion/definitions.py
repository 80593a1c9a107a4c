"""Random legal definitions whose thresholds are figures of accounts in the base, or just beside them."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from .ledger import AccountFigures, books_of
from .oracle import selected_subscriptions
from .rows import MINOR_DIGITS, Base

ENOUGH = 5
ATTEMPTS = 12
TERM_LISTS = {
    "price_plans": "price_plan",
    "billing_frequencies": "frequency",
    "billing_term_schemes": "scheme",
}
SAFETY = {"max_affected": 1_000_000, "max_affected_percent": 100}


def make_definition(
    rng: random.Random, base: Base, run_date: date, *, window_from: date | None = None
) -> dict[str, Any]:
    """A `deactivate_in_grace` definition; most of the time one that selects five subscriptions or more."""
    for _ in range(ATTEMPTS):
        definition = _named(rng, "deactivate_in_grace", _deactivation_criteria(rng, base, run_date))
        definition["safety"] = _safety(rng)
        selected = selected_subscriptions(base, definition, run_date, today=run_date, window_from=window_from)
        if len(selected) >= ENOUGH or rng.random() < 0.3:
            break
    return definition


def make_activation_definition(
    rng: random.Random, base: Base, run_date: date, cut_for_debt: Collection[str]
) -> dict[str, Any]:
    """An `activate_settled` definition; most of the time one that selects two subscriptions or more."""
    for _ in range(ATTEMPTS):
        criteria = _restrictions(rng, base, chance=0.12)
        criteria["settled"] = rng.choice(["overdue", "unsettled"])
        if rng.random() < 0.2:
            criteria["balance"] = _bounds(rng, base, [f.balance_minor for f in _owing(base, run_date)], {})
        definition = _named(rng, "activate_settled", criteria)
        definition["safety"] = dict(SAFETY)
        selected = selected_subscriptions(
            base, definition, run_date, today=run_date, cut_for_debt=cut_for_debt
        )
        if len(selected) >= 2 or rng.random() < 0.15:
            break
    return definition


def faults(definition: Mapping[str, Any], base: Base) -> list[str]:
    """What makes a definition illegal, in words; empty for a legal one."""
    criteria = definition.get("criteria") or {}
    found = []
    if criteria.get("binding_periods") and criteria.get("binding_state") != "in_binding":
        found.append("binding periods without in_binding")
    digits = min(MINOR_DIGITS[row.currency] for row in base.accounts)
    for name in ("balance", "outstanding"):
        bounds = criteria.get(name) or {}
        low, high = (
            None if bounds.get(key) is None else Decimal(str(bounds[key]))
            for key in ("more_than", "less_than")
        )
        shifts = [key for key in ("due_in_days", "due_days_ago") if bounds.get(key) is not None]
        if len(shifts) > 1 or (shifts and low is None and high is None):
            found.append(f"{name}: two shifts, or a shift without a bound")
        if high is not None and (high <= 0 or (low is not None and high <= low)):
            found.append(f"{name}: empty range")
        if any(bound is not None and bound != round(bound, digits) for bound in (low, high)):
            found.append(f"{name}: more digits than a currency has")
    return found


def _named(rng: random.Random, kind: str, criteria: dict[str, Any]) -> dict[str, Any]:
    code = f"SO{rng.getrandbits(48):012X}"
    return {"kind": kind, "name": f"Second opinion {code}", "alternative_code": code, "criteria": criteria}


def _safety(rng: random.Random) -> dict[str, Any]:
    safety: dict[str, Any] = dict(SAFETY)
    if rng.random() < 0.7:
        safety["recently_reactivated_days"] = rng.choice([0, 1, 2, 3, 4, 5])
    if rng.random() < 0.6:
        safety["require_warning"] = rng.random() < 0.7
    return safety


def _deactivation_criteria(rng: random.Random, base: Base, run_date: date) -> dict[str, Any]:
    criteria = _restrictions(rng, base, chance=0.17)
    if rng.random() < 0.8:
        criteria["grace_period_end_days"] = rng.choice([0, 1, 2, 3, 4, 5, 6])
    if rng.random() < 0.6:
        criteria["debt_guard"] = rng.choice(["overdue", "unsettled", "unsettled"])
    owing = _owing(base, run_date)
    if rng.random() < 0.4:
        criteria["balance"] = _bounds(rng, base, [f.balance_minor for f in owing], {})
    if rng.random() < 0.4:
        name = rng.choice(["", "due_in_days", "due_days_ago"])
        shift = {name: rng.randint(0, 17)} if name else {}
        cut_off = run_date + timedelta(shift.get("due_in_days", 0) - shift.get("due_days_ago", 0))
        criteria["outstanding"] = _bounds(rng, base, [f.outstanding(cut_off) for f in owing], shift)
    return criteria


def _owing(base: Base, run_date: date) -> list[AccountFigures]:
    """The figures of the accounts that owe money and have a subscription whose grace has ended or ends."""
    books = books_of(base)
    in_grace = {
        row.account: None
        for row in base.subscriptions
        if row.state == "effective" and row.grace_open and row.grace_end and row.grace_end <= run_date
    }
    return [figures for figures in map(books.figures, in_grace) if figures.balance_minor > 0]


def _restrictions(rng: random.Random, base: Base, *, chance: float) -> dict[str, Any]:
    """Lists of codes that occur in the base, and a binding state; some keys empty instead of missing."""
    codes = {
        "subscription_types": {row.type for row in base.subscriptions},
        "classifications": {row.classification for row in base.accounts},
        "credit_ratings": {row.credit_rating for row in base.accounts},
    }
    for name, field in TERM_LISTS.items():
        codes[name] = {getattr(row, field) for row in base.terms}
    criteria: dict[str, Any] = {}
    for name, values in codes.items():
        if rng.random() < chance:
            criteria[name] = rng.sample(sorted(values), rng.randint(1, len(values)))
        elif rng.random() < 0.2:
            criteria[name] = []
    if rng.random() < 2 * chance:
        criteria["binding_state"] = rng.choice(["any", "in_binding", "in_binding", "out_of_binding"])
        periods = sorted({row.binding_period for row in base.terms if row.binding_period})
        if criteria["binding_state"] == "in_binding" and rng.random() < 0.5:
            criteria["binding_periods"] = rng.sample(periods, rng.randint(1, len(periods)))
    return criteria


def _bounds(
    rng: random.Random, base: Base, figures_minor: list[int], shift: Mapping[str, int]
) -> dict[str, Any]:
    """A lower bound, an upper one or both, next to figures of the base; digits as every currency has them.

    With currencies of different digits a bound is in whole units; amounts are then mostly whole as well.
    """
    digits = min(MINOR_DIGITS[row.currency] for row in base.accounts)
    if digits == 0:
        whole = max(MINOR_DIGITS[row.currency] for row in base.accounts)
        figures_minor = [figure // 10**whole for figure in figures_minor if figure % 10**whole == 0]
    positive = [figure for figure in figures_minor if figure > 0] or [1]
    low = max(0, rng.choice([*positive, 0]) + rng.choice([-1, 0, 0, 1]))
    high = max(1, rng.choice(positive) + rng.choice([-1, 0, 0, 1]))
    if low >= high:
        low, high = high, max(low, high + 1)
    match rng.choice(["from", "from", "from", "below", "below", "both"]):
        case "from":
            bounds: dict[str, Any] = {"more_than": _written(rng, low, digits)}
        case "below":
            bounds = {"less_than": _written(rng, high, digits)}
        case _:
            bounds = {"more_than": _written(rng, low, digits), "less_than": _written(rng, high, digits)}
    if rng.random() < 0.3:
        bounds = {"more_than": None, "less_than": None} | bounds
    return bounds | dict(shift)


def _written(rng: random.Random, minor: int, digits: int) -> str | int:
    """A quoted decimal, or sometimes a number where it is whole."""
    amount = Decimal(minor).scaleb(-digits)
    if amount == int(amount) and rng.random() < 0.3:
        return int(amount)
    return f"{amount:.{digits}f}"
