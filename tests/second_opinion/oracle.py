"""The second opinion: what a definition does to a base, told from plain rows by the rules alone.

`explain` answers for one subscription, `preview` for all, `run` carries a definition out (with a disturbance
between selection and action, if one is given) and `undo` takes it back. Nothing here changes a base in place.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

from .inquiry import PROTECTIONS, Inquiry, Subject
from .ledger import books_of, unsettled_minor
from .rows import Base, Subscription

__all__ = [
    "CODES",
    "PROTECTIONS",
    "Frozen",
    "Item",
    "Opinion",
    "changed_since",
    "explain",
    "explain_all",
    "freeze",
    "preview",
    "recheck",
    "run",
    "selected_subscriptions",
    "undo",
    "unsettled_minor",
]

CODES = (*PROTECTIONS, "settled_since_selection", "grace_changed", "no_longer_matches")


@dataclass(frozen=True)
class Opinion:
    """`outcome` is done, skipped, error or not_selected; `code` is empty for done and not_selected."""

    selected: bool
    outcome: str
    code: str
    amount_minor: int
    currency: str
    criteria: dict[str, bool]
    protections: dict[str, bool]


class Frozen(NamedTuple):
    """What the selection wrote down of a subscription: the account's debt and which grace it was."""

    amount_minor: int
    grace: tuple[date | None, date | None]


class Item(NamedTuple):
    outcome: str
    code: str
    amount_minor: int
    currency: str


def explain(
    base: Base, definition: Mapping[str, Any], run_date: date, *, today: date, sub: str, **options: Any
) -> Opinion:
    """The opinion on one subscription. Options: window_from, tolerance {currency: minor}, cut_for_debt."""
    return _opinion(Inquiry(base, definition, run_date, today=today, **options), sub)


def explain_all(
    base: Base, definition: Mapping[str, Any], run_date: date, *, today: date, **options: Any
) -> dict[str, Opinion]:
    """The opinion on every subscription of the base, by number."""
    inquiry = Inquiry(base, definition, run_date, today=today, **options)
    return {row.number: _opinion(inquiry, row.number) for row in base.subscriptions}


def _opinion(inquiry: Inquiry, number: str) -> Opinion:
    subject = inquiry.subject(number)
    criteria = {name: holds(subject) for name, holds in inquiry.criteria.items()}
    protections = inquiry.protections(subject)
    selected = all(criteria.values())
    outcome, code = _outcome(protections) if selected else ("not_selected", "")
    figures = subject.figures
    return Opinion(
        selected, outcome, code, figures.balance_minor, figures.account.currency, criteria, protections
    )


def _outcome(protections: Mapping[str, bool]) -> tuple[str, str]:
    """The first protection that applies is told; an inactive account is an error, any other a skip."""
    code = next((name for name, applies in protections.items() if applies), "")
    if not code:
        return "done", ""
    return ("error" if code == "account_not_active" else "skipped"), code


def selected_subscriptions(
    base: Base, definition: Mapping[str, Any], run_date: date, *, today: date, **options: Any
) -> list[str]:
    """The numbers selected, in the order of the base, protected ones included."""
    inquiry = Inquiry(base, definition, run_date, today=today, **options)
    return [subject.subscription.number for subject in _selection(inquiry, base.subscriptions)]


def _selection(inquiry: Inquiry, subscriptions: Iterable[Subscription]) -> list[Subject]:
    subjects = (inquiry.subject(row.number) for row in subscriptions)
    return [subject for subject in subjects if inquiry.selects(subject)]


def preview(
    base: Base, definition: Mapping[str, Any], run_date: date, *, today: date, **options: Any
) -> dict[str, Any]:
    """The counts a run would give if nothing changed before it acts."""
    inquiry = Inquiry(base, definition, run_date, today=today, **options)
    selection = _selection(inquiry, base.subscriptions)
    answers = [(subject, *_outcome(inquiry.protections(subject))) for subject in selection]
    would_do = [subject for subject, outcome, _ in answers if outcome == "done"]
    return {
        "selected": len(selection),
        "would_do": len(would_do),
        "would_skip": dict(Counter(code for _, outcome, code in answers if outcome == "skipped")),
        "would_error": dict(Counter(code for _, outcome, code in answers if outcome == "error")),
        **_at_stake(would_do),
        "by": {
            "type": _by(would_do, lambda s: s.subscription.type),
            "plan": _by(would_do, lambda s: s.term.price_plan if s.term else ""),
            "rating": _by(would_do, lambda s: s.figures.account.credit_rating),
            "classification": _by(would_do, lambda s: s.figures.account.classification),
        },
    }


def _at_stake(subjects: Iterable[Subject]) -> dict[str, Any]:
    """The accounts of the subjects and what they owe, each counted once."""
    accounts = {subject.subscription.account: subject.figures for subject in subjects}
    amounts: Counter[str] = Counter()
    for figures in accounts.values():
        amounts[figures.account.currency] += figures.balance_minor
    return {"accounts": len(accounts), "amount_minor": dict(amounts)}


def _by(would_do: Iterable[Subject], value: Callable[[Subject], str]) -> dict[str, Any]:
    groups: dict[str, list[Subject]] = defaultdict(list)
    for subject in would_do:
        groups[value(subject)].append(subject)
    return {name: {"would_do": len(group), **_at_stake(group)} for name, group in groups.items()}


def freeze(
    base: Base, definition: Mapping[str, Any], run_date: date, *, today: date, **options: Any
) -> dict[str, Frozen]:
    """The list a run works through: every selected subscription, protected ones included."""
    inquiry = Inquiry(base, definition, run_date, today=today, **options)
    return {
        subject.subscription.number: Frozen(subject.figures.balance_minor, _grace(subject.subscription))
        for subject in _selection(inquiry, base.subscriptions)
    }


def _grace(row: Subscription) -> tuple[date | None, date | None]:
    return row.grace_start, row.grace_end


def recheck(
    frozen: Mapping[str, Frozen | tuple[int, tuple[date | None, date | None]]],
    base_now: Base,
    definition: Mapping[str, Any],
    run_date: date,
    *,
    today: date,
    **options: Any,
) -> dict[str, tuple[str, str]]:
    """Outcome and code of each frozen subscription at the moment of action."""
    inquiry = Inquiry(base_now, definition, run_date, today=today, **options)
    return {number: _recheck_one(inquiry, number, grace) for number, (_, grace) in frozen.items()}


def _recheck_one(inquiry: Inquiry, number: str, grace: tuple[date | None, date | None]) -> tuple[str, str]:
    subject = inquiry.subject(number)
    row = subject.subscription
    for_debt = inquiry.kind == "deactivate_in_grace"
    if for_debt and subject.figures.balance_minor == 0:
        return "skipped", "settled_since_selection"
    outcome, code = _outcome(inquiry.protections(subject))
    if code:
        return outcome, code
    if for_debt and (not row.grace_open or _grace(row) != grace):
        return "skipped", "grace_changed"
    if not inquiry.selects(subject):
        return "skipped", "no_longer_matches"
    return "done", ""


def run(
    base: Base,
    definition: Mapping[str, Any],
    run_date: date,
    today: date,
    disturb: Callable[[Base], Base] | None = None,
    **options: Any,
) -> tuple[dict[str, Item], Base]:
    """Selects, lets `disturb` return a changed base, acts; gives the items and the base afterwards."""
    frozen = freeze(base, definition, run_date, today=today, **options)
    base_now = disturb(base) if disturb else base
    outcomes = recheck(frozen, base_now, definition, run_date, today=today, **options)
    books = books_of(base)
    items = {}
    for number, (outcome, code) in outcomes.items():
        currency = books.accounts[books.subscriptions[number].account].currency
        items[number] = Item(outcome, code, frozen[number].amount_minor, currency)
    done = {number for number, item in items.items() if item.outcome == "done"}
    changes: dict[str, Any] = (
        {"state": "not_effective", "grace_open": False}
        if definition["kind"] == "deactivate_in_grace"
        else {"state": "effective"}
    )
    if not done:
        return items, base_now
    return items, base_now.with_rows("subscriptions", lambda row: row.number in done, **changes)


def undo(base_after: Base, done_subs: Collection[str], base_before: Base, today: date) -> Base:
    """Takes a run's deactivations back: state and grace as before, reactivated today; others left alone."""
    before = books_of(base_before).subscriptions
    reversed_subs = set(done_subs) - set(changed_since(base_after, done_subs, base_before))
    rows = [
        replace(
            row,
            state=before[row.number].state,
            grace_start=before[row.number].grace_start,
            grace_end=before[row.number].grace_end,
            grace_open=before[row.number].grace_open,
            quantity=before[row.number].quantity,
            reactivated_on=today,
        )
        if row.number in reversed_subs
        else row
        for row in base_after.subscriptions
    ]
    return replace(base_after, subscriptions=rows)


def changed_since(base_after: Base, done_subs: Collection[str], base_before: Base) -> list[str]:
    """The deactivated subscriptions that an action has changed since, in the order of the base.

    Only what actions change is looked at; a flag that a person sets (never disconnect) is none.
    """
    before = books_of(base_before).subscriptions

    def left_by_the_run(row: Subscription) -> Subscription:
        return replace(before[row.number], state="not_effective", grace_open=False)

    def traces(row: Subscription) -> tuple[Any, ...]:
        return (row.account, row.state, row.grace_open, *_grace(row), row.quantity, row.reactivated_on)

    rows = (row for row in base_after.subscriptions if row.number in set(done_subs))
    return [row.number for row in rows if traces(row) != traces(left_by_the_run(row))]
