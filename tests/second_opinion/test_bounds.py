"""The bounds of allocation, protections, terms and binding, each met exactly and missed by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from .examples import R, amounts_base, definition, march, opinion, small_base, told
from .ledger import effective_term, in_binding, unsettled_of_account
from .rows import Invoice, Payment, Reminder, Term


@pytest.mark.parametrize(
    ("claim", "payments", "expected"),
    [
        ("the named invoice first, then by due date", [("P1", 5, 7000, "I2")], (9000, 0)),
        ("credit pays the next invoice", [("P1", 1, 500, "")], (9500, 6000)),
        ("a waiting payment pays nothing else first", [("P1", 3, 5000, "I2")], (10000, 1000)),
        ("a waiting payment pays the others afterwards", [("P1", 3, 9000, "I2")], (7000, 0)),
        ("same date, the lower reference first", [("P2", 5, 9500, "I1"), ("P1", 5, 2000, "")], (0, 4500)),
    ],
)
def test_allocation(claim: str, payments: list[tuple[str, int, int, str]], expected: tuple[int, int]) -> None:
    """I1 of 100.00 is issued on 2 March and due on the 20th; I2 of 60.00 on the 4th, due on the 25th."""
    invoices = [
        Invoice("I1", "A1", march(2), march(20), 10000),
        Invoice("I2", "A1", march(4), march(25), 6000),
    ]
    rows = [Payment(reference, "A1", march(day), amount, named) for reference, day, amount, named in payments]
    assert tuple(unsettled_of_account(invoices, rows).values()) == expected, claim


@pytest.mark.parametrize("day", [4, 5])
def test_the_earlier_due_date_is_paid_first_even_when_issued_later_or_on_that_day(day: int) -> None:
    invoices = [
        Invoice("I1", "A1", march(2), march(20), 10000),
        Invoice("I2", "A1", march(4), march(10), 6000),
    ]
    payment = Payment("P1", "A1", march(day), 7000)
    assert unsettled_of_account(invoices, [payment]) == {"I1": 9000, "I2": 0}
    same_due = [replace(row, due_on=march(20)) for row in reversed(invoices)]
    assert unsettled_of_account(same_due, [payment]) == {"I1": 3000, "I2": 6000}


PENDING = Payment("P1", "A1", R, 5000, state="pending")


@pytest.mark.parametrize(
    ("expected", "account", "sub", "safety", "payments"),
    [
        ("account_not_active", {"state": "suspended"}, {"never_disconnect": "court"}, {}, []),
        ("never_disconnect", {"on_hold_until": R}, {"never_disconnect": "court"}, {}, []),
        ("on_hold", {"on_hold_until": R}, {}, {}, []),
        ("on_hold", {"promise_until": march(11)}, {}, {}, []),
        ("done", {"on_hold_until": march(9), "promise_until": march(9)}, {}, {}, []),
        ("payment_in_flight", {}, {}, {}, [PENDING]),
        ("done", {}, {}, {}, [replace(PENDING, amount_minor=4999)]),
        ("recently_reactivated", {}, {"reactivated_on": march(8)}, {}, []),
        ("done", {}, {"reactivated_on": march(7)}, {}, []),
        ("recently_reactivated", {}, {"reactivated_on": march(7)}, {"recently_reactivated_days": 4}, []),
        ("done", {}, {"reactivated_on": march(12)}, {"recently_reactivated_days": 0}, []),
        ("recently_reactivated", {}, {"reactivated_on": march(12)}, {"recently_reactivated_days": 1}, []),
        ("done", {}, {"reactivated_on": R}, {"recently_reactivated_days": 0}, []),
        ("not_warned", {}, {}, {"require_warning": True}, []),
    ],
)
def test_protections_apply_up_to_their_bounds(
    expected: str,
    account: dict[str, Any],
    sub: dict[str, Any],
    safety: dict[str, Any],
    payments: list[Payment],
) -> None:
    base = small_base(**sub).with_rows("accounts", lambda _: True, **account)
    assert told(replace(base, payments=payments), definition(safety=safety)) == expected


@pytest.mark.parametrize(("day", "expected"), [(1, "done"), (10, "done"), (11, "not_warned")])
def test_a_reminder_warns_within_the_grace_only(day: int, expected: str) -> None:
    base = replace(small_base(), reminders=[Reminder("A1", march(day))])
    assert told(base, definition(safety={"require_warning": True}), today=march(12)) == expected


def test_disputed_protects_when_every_item_that_counts_is_in_dispute() -> None:
    base = amounts_base().with_rows("invoices", lambda row: row.number == "I1", disputed=True)
    assert told(base) == "disputed"
    assert told(base, definition(debt_guard="unsettled")) == "done"


def test_the_tolerance_itself_still_protects() -> None:
    assert told(small_base(), tolerance={"EUR": 5000}) == "nothing_overdue"
    assert told(small_base(), tolerance={"EUR": 4999, "GBP": 9999}) == "done"


@pytest.mark.parametrize(("day", "state"), [(9, "in_binding"), (10, "in_binding"), (11, "out_of_binding")])
def test_the_last_day_of_binding_is_in_binding(day: int, state: str) -> None:
    base = small_base(grace_end=march(9))
    for asked in ("in_binding", "out_of_binding"):
        found = opinion(base, definition(binding_state=asked), march(day))
        assert found.criteria["binding_state"] is (asked == state)
    without = replace(base, terms=())
    assert opinion(without, definition(binding_state="out_of_binding")).criteria["binding_state"] is False


def test_a_merged_window_reaches_back_from_the_first_missed_date() -> None:
    asked = definition(grace_period_end_days=1)
    assert told(small_base(grace_end=march(6)), asked, window_from=march(7)) == "done"
    assert told(small_base(grace_end=march(5)), asked, window_from=march(7)) == "not_selected"


@pytest.mark.parametrize(("settled", "expected"), [("overdue", "done"), ("unsettled", "not_selected")])
def test_activation_looks_at_what_is_overdue_or_at_everything(settled: str, expected: str) -> None:
    base = small_base(state="not_effective").with_rows("invoices", lambda _: True, due_on=R)
    asked = {"kind": "activate_settled", "name": "Back", "criteria": {"settled": settled}}
    assert told(base, asked, cut_for_debt={"S1"}) == expected
    assert told(base, asked) == "not_selected"


@pytest.mark.parametrize(
    ("claim", "sub", "failing"),
    [
        ("a closed grace is none", {"grace_open": False}, "grace_period_end"),
        ("no grace at all", {"grace_end": None}, "grace_period_end"),
        ("a free subscription stays", {"free": True}, "not_free"),
        ("only what is effective is cut off", {"state": "resting"}, "life_cycle_state"),
    ],
)
def test_what_the_kind_itself_asks(claim: str, sub: dict[str, Any], failing: str) -> None:
    found = opinion(small_base(**sub))
    assert {name for name, holds in found.criteria.items() if not holds} == set(failing.split()), claim


@pytest.mark.parametrize(("day", "valid"), [(1, False), (2, True), (5, True), (6, False)])
def test_a_term_counts_on_its_first_and_last_day(day: int, valid: bool) -> None:
    term = Term("S1", "normal", "basic", "monthly", "", None, None, march(2), march(5))
    assert (effective_term([term], march(day)) is term) is valid


@pytest.mark.parametrize(("start", "end", "expected"), [(10, None, True), (11, None, False), (1, 9, False)])
def test_binding_begins_on_its_first_day_and_may_be_open(start: int, end: int | None, expected: bool) -> None:
    last = None if end is None else march(end)
    term = Term("S1", "normal", "basic", "monthly", "12m", march(start), last, march(1), None)
    assert in_binding(term, R) is expected
    asked = definition(binding_state="in_binding", binding_periods=["12m"])
    assert told(replace(small_base(), terms=[term]), asked) == ("done" if expected else "not_selected")


def test_a_hold_is_measured_against_today_and_not_the_run_date() -> None:
    base = small_base().with_rows("accounts", lambda _: True, on_hold_until=march(11))
    assert told(base, today=march(11)) == "on_hold"
    assert told(base, today=march(12)) == "done"


def test_only_pending_payments_are_in_flight_and_only_for_a_debt() -> None:
    assert told(small_base().with_payment(replace(PENDING, state="reversed"))) == "done"
    disputed = small_base().with_rows("invoices", lambda _: True, disputed=True).with_payment(PENDING)
    assert opinion(disputed).protections["payment_in_flight"] is False
