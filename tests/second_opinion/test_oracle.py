"""The acceptance tables, the laws the oracle keeps, and how often the generator meets each code."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from . import generator, oracle
from .examples import DUE_LATER, R, amounts_base, definition, march, opinion, small_base, told
from .ledger import books_of
from .rows import Base, Payment

BASES, DEFINITIONS = 60, 2000


@pytest.mark.parametrize(
    ("row", "grace_end", "days", "expected"),
    [
        ("G1", march(10), None, "done"),
        ("G2", march(9), None, "not_selected"),
        ("G3", march(11), None, "not_selected"),
        ("G3", march(11), 5, "not_selected"),
        ("G4", march(9), 1, "done"),
        ("G5", march(5), 5, "done"),
        ("G6", march(4), 5, "not_selected"),
    ],
)
def test_grace_window_includes_both_ends(row: str, grace_end: date, days: int | None, expected: str) -> None:
    assert told(small_base(grace_end=grace_end), definition(grace_period_end_days=days)) == expected, row


def test_g8_an_extended_grace_counts_with_its_new_end_only() -> None:
    extended = generator.apply_disturbance(small_base(), [("extend_grace", "S1", march(20))], today=march(9))
    assert told(extended) == "not_selected"
    assert told(extended, on=march(20)) == "done"


def test_g9_a_debt_settled_the_day_before_fails_the_debt_criterion_alone() -> None:
    found = opinion(small_base().with_payment(Payment("P1", "A1", march(9), 5000)))
    assert not found.selected
    assert [name for name, holds in found.criteria.items() if not holds] == ["unsettled"]


def test_g10_what_is_not_effective_is_not_selected() -> None:
    assert told(small_base(state="not_effective")) == "not_selected"


def test_g12_nothing_overdue_protects_unless_the_guard_is_unsettled() -> None:
    base = small_base().with_rows("invoices", lambda _: True, due_on=DUE_LATER)
    assert told(base) == "nothing_overdue"
    assert told(base, definition(debt_guard="unsettled")) == "done"


@pytest.mark.parametrize(
    ("row", "criterion", "bounds", "expected"),
    [
        ("A1", "balance", {"more_than": "100"}, True),
        ("A1", "balance", {"less_than": 100}, False),
        ("A5", "outstanding", {"more_than": "40"}, True),
        ("A5", "outstanding", {"more_than": "40.01"}, False),
        ("A6", "outstanding", {"more_than": "40.00", "less_than": "40.01", "due_in_days": 15}, True),
        ("A7", "outstanding", {"more_than": "100.00", "less_than": "100.01", "due_in_days": 16}, True),
        ("A8", "outstanding", {"more_than": "40.00", "less_than": "40.01", "due_days_ago": 8}, True),
        ("A9", "outstanding", {"more_than": "0.00", "less_than": "0.01", "due_days_ago": 9}, True),
    ],
)
def test_bounds_of_amounts(row: str, criterion: str, bounds: dict[str, Any], expected: bool) -> None:
    assert opinion(amounts_base(), definition(**{criterion: bounds})).criteria[criterion] is expected, row


def test_a12_a_payment_for_no_invoice_settles_by_due_date() -> None:
    base = amounts_base().with_payment(Payment("P2", "A1", march(5), 7000))
    assert oracle.unsettled_minor(base) == {"I1": 0, "I2": 3000}
    figures = books_of(base).figures("A1")
    assert (figures.balance_minor, figures.outstanding(R)) == (3000, 0)


@pytest.mark.parametrize(
    ("code", "event", "asked"),
    [
        ("settled_since_selection", ("pay", "A1", 5000, ""), definition()),
        ("grace_changed", ("extend_grace", "S1", march(10)), definition()),
        ("grace_changed", ("deactivate", "S1"), definition()),
        ("no_longer_matches", ("pay", "A1", 1, "I1"), definition(balance={"more_than": "50.00"})),
        ("account_not_active", ("suspend", "A1"), definition()),
        ("never_disconnect", ("protect", "S1"), definition()),
        ("on_hold", ("hold", "A1", R), definition()),
        ("disputed", ("dispute", "I1"), definition()),
        ("done", ("pay", "A1", 1, ""), definition()),
    ],
)
def test_what_happens_before_the_action_counts(
    code: str, event: generator.Event, asked: dict[str, Any]
) -> None:
    def disturb(base: Base) -> Base:
        return generator.apply_disturbance(base, [event], today=R)

    items, after = oracle.run(small_base(), asked, R, R, disturb)
    outcome = {"account_not_active": "error", "done": "done"}.get(code, "skipped")
    assert items == {"S1": (outcome, "" if code == "done" else code, 5000, "EUR")}
    assert (after.subscription("S1").state == "not_effective") is (code == "done" or event[0] == "deactivate")


def test_r2_one_suspended_account_is_an_error_and_the_others_are_done() -> None:
    one = small_base()
    base = replace(
        one,
        accounts=[replace(one.accounts[0], number=f"A{n}") for n in (1, 2, 3)],
        subscriptions=[replace(one.subscriptions[0], number=f"S{n}", account=f"A{n}") for n in (1, 2, 3)],
        invoices=[replace(one.invoices[0], number=f"I{n}", account=f"A{n}") for n in (1, 2, 3)],
    ).with_rows("accounts", lambda row: row.number == "A2", state="suspended")
    items, after = oracle.run(base, definition(), R, R)
    assert [item.code or item.outcome for item in items.values()] == ["done", "account_not_active", "done"]
    assert after.subscription("S2") == base.subscription("S2")
    again, _ = oracle.run(after, definition(), R, R)
    assert list(again) == ["S2"]


def test_a_hold_released_before_the_action_no_longer_protects() -> None:
    base = small_base().with_rows("accounts", lambda _: True, on_hold_until=R)
    _, after = oracle.run(
        base, definition(), R, R, lambda now: generator.apply_disturbance(now, [("release", "A1")], today=R)
    )
    assert after.subscription("S1").state == "not_effective"


def test_undo_restores_all_but_what_changed_since() -> None:
    base = small_base()
    items, after = oracle.run(base, definition(), R, R)
    back = oracle.undo(after, items, base, R)
    assert back.subscription("S1") == replace(base.subscription("S1"), reactivated_on=R)
    assert told(back) == "recently_reactivated"
    cancelled = generator.apply_disturbance(after, [("cancel", "S1")], today=R)
    assert oracle.undo(cancelled, items, base, R).subscriptions == cancelled.subscriptions


def scenario(number: int) -> dict[str, Any]:
    """Dates of a generated base: month ends and a leap day, and a run some days before or after today."""
    run_date = [R, date(2016, 2, 29), date(2015, 12, 31), date(2016, 3, 1), date(2015, 10, 25)][number % 5]
    return {"run_date": run_date, "today": run_date + timedelta([0, 0, 0, 1, -1, 3][number % 6])}


def test_the_generator_makes_legal_bases_and_the_same_one_again() -> None:
    for seed in range(12):
        base, again = (generator.make_base(seed, **scenario(seed)) for _ in range(2))
        assert all(getattr(base, name) == getattr(again, name) for name in vars(base))
        today = scenario(seed)["today"]
        assert max(row.issued_on for row in base.invoices) <= today
        assert max(row.received_on for row in base.payments) <= today
        invoice_account = {row.number: row.account for row in base.invoices}
        assert len(invoice_account) == len(base.invoices)
        assert all(invoice_account[row.invoice] == row.account for row in base.payments if row.invoice)
        for row in base.subscriptions:
            for day in range(-3, 4):
                books_of(base).effective_term(row, scenario(seed)["run_date"] + timedelta(day))


def test_money_is_conserved_and_no_invoice_is_paid_twice() -> None:
    for seed in range(12):
        base = generator.make_base(seed)
        unsettled = oracle.unsettled_minor(base)
        assert all(0 <= unsettled[row.number] <= row.total_minor for row in base.invoices)
        for account in base.accounts:
            total = sum(row.total_minor for row in base.invoices if row.account == account.number)
            own = [row for row in base.payments if row.account == account.number and row.state == "posted"]
            paid = sum(row.amount_minor for row in own)
            assert books_of(base).figures(account.number).balance_minor == max(0, total - paid)


def test_preview_explain_and_run_agree_and_every_code_is_met() -> None:
    """Prints how often the generator meets each code, over all bases and definitions."""
    at_selection, at_action, selected_sizes = Counter[str](), Counter[str](), []
    activated = Counter[str]()
    for seed in range(BASES):
        dates = scenario(seed)
        run_date, today = dates["run_date"], dates["today"]
        base, rng = generator.make_base(seed, **dates), random.Random(f"definitions {seed}")
        window_from = run_date - timedelta(3) if seed % 7 == 0 else None
        options: dict[str, Any] = {
            "window_from": window_from,
            "tolerance": {"EUR": 5000} if seed % 4 == 0 else {},
        }
        for position in range(seed, DEFINITIONS, BASES):
            asked = generator.make_definition(rng, base, run_date, window_from=window_from)
            assert generator.faults(asked, base) == []
            seen = oracle.preview(base, asked, run_date, today=today, **options)
            selected_sizes.append(seen["selected"])
            at_selection.update(seen["would_skip"] | seen["would_error"] | {"done": seen["would_do"]})
            frozen = oracle.freeze(base, asked, run_date, today=today, **options)
            events = generator.make_disturbance(rng, base, today=today, among=list(frozen))
            disturbed = generator.apply_disturbance(base, events, today=today)
            items, _ = oracle.run(base, asked, run_date, today, lambda _, now=disturbed: now, **options)
            at_action.update(item.code or item.outcome for item in items.values())
            if position < 4 * BASES:
                opinions = oracle.explain_all(base, asked, run_date, today=today, **options)
                outcomes = Counter(
                    found.code or found.outcome for found in opinions.values() if found.selected
                )
                undisturbed, _ = oracle.run(base, asked, run_date, today, **options)
                assert outcomes == Counter(item.code or item.outcome for item in undisturbed.values())
                assert outcomes == +Counter(
                    seen["would_skip"] | seen["would_error"] | {"done": seen["would_do"]}
                )
        cut = generator.make_cut_for_debt(rng, base)
        asked = generator.make_activation_definition(rng, base, run_date, cut)
        items, _ = oracle.run(base, asked, run_date, today, cut_for_debt=cut)
        activated.update(item.code or item.outcome for item in items.values())
    enough = sum(size >= 5 for size in selected_sizes)
    print(f"\n{BASES} bases, {len(selected_sizes)} definitions; {enough} select 5 or more;", end=" ")
    print(f"median {sorted(selected_sizes)[len(selected_sizes) // 2]}, none {selected_sizes.count(0)}")
    for code in ("done", *oracle.CODES):
        print(f"{code:26} at selection {at_selection[code]:7}   at action {at_action[code]:7}")
    print(f"activate_settled: {dict(activated)}")
    assert enough * 2 >= len(selected_sizes) == DEFINITIONS
    assert min(at_selection[code] for code in oracle.PROTECTIONS) >= 20
    assert min(at_action[code] for code in oracle.CODES) >= 20
