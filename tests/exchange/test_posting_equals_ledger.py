"""Importing invoices and payments leaves the same sums and allocations as posting them one by one."""

import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import transaction

from lapwing.core.money import to_text
from lapwing.exchange.import_files import import_directory
from lapwing.receivables.actions.issue_invoice import issue_invoice
from lapwing.receivables.actions.post_payment import announce_payment, post_payment, reverse_payment
from lapwing.receivables.models import Allocation, OpenItem, Payment

from .samples import FILES, as_csv, write

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation")]
ACCOUNTS = ("A1", "A3")
Event = dict[str, str]


def _history(
    rng: random.Random, prefix: str, names: list[tuple[str, str]]
) -> tuple[list[Event], list[Event]]:
    """Random invoices and payments of two accounts; `names` are (account, invoice) a payment may name."""
    invoices, payments = [], []
    for n in rng.sample(range(100), rng.randint(0, 8)):
        issued = date(2015, 1, 1) + timedelta(days=rng.randint(0, 9))
        invoices.append(
            {
                "number": f"{prefix}I{n}",
                "account": rng.choice(ACCOUNTS),
                "issued_on": issued.isoformat(),
                "due_on": (issued + timedelta(days=rng.randint(0, 5))).isoformat(),
                "currency": "EUR",
                "total": to_text(rng.randint(0, 8) * 25, "EUR"),
                "disputed": "",
            }
        )
    names = names + [(row["account"], row["number"]) for row in invoices]
    for n in rng.sample(range(100), rng.randint(0, 10)):
        account = rng.choice(ACCOUNTS)
        own = [number for owner, number in names if owner == account]
        payments.append(
            {
                "reference": f"{prefix}P{n}",
                "account": account,
                "received_on": (date(2015, 1, 1) + timedelta(days=rng.randint(0, 9))).isoformat(),
                "currency": "EUR",
                "amount": to_text(rng.randint(1, 10) * 25, "EUR"),
                "invoice": rng.choice([*own, ""]) if rng.random() < 0.6 else "",
            }
        )
    return invoices, payments


def _post_one_by_one(invoices: list[Event], payments: list[Event]) -> None:
    events = [(row["issued_on"], 0, row["number"], row) for row in invoices]
    events += [(row["received_on"], 1, row["reference"], row) for row in payments]
    for day, sort, number, row in sorted(events, key=lambda event: event[:3]):
        if sort == 0:
            issue_invoice(
                number,
                account_number=row["account"],
                total_minor=round(float(row["total"]) * 100),
                issued_on=date.fromisoformat(day),
                due_on=date.fromisoformat(row["due_on"]),
            )
        else:
            post_payment(
                row["account"],
                round(float(row["amount"]) * 100),
                reference=number,
                received_on=date.fromisoformat(day),
                invoice_number=row["invoice"],
            )


def _books() -> tuple[list, list, list]:
    parts = Allocation.objects.order_by("pk").values_list(
        "payment__reference", "open_item__number", "amount_minor", "allocated_on", "payment__account__number"
    )
    return (
        sorted(OpenItem.objects.values_list("number", "unsettled_minor")),
        sorted(Payment.objects.values_list("reference", "unallocated_minor")),
        sorted(parts, key=lambda part: part[-1]),  # per account, in the order of writing
    )


@pytest.mark.parametrize("seed", range(40))
def test_an_import_equals_posting_one_by_one(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    header = FILES["accounts"].splitlines()[0]
    accounts = f"{header}\nA1,C1,EUR,,,,active,\nA3,C1,EUR,,,,active,\n"
    import_directory(write(tmp_path / "accounts", {"customers": FILES["customers"], "accounts": accounts}))
    first_invoices, first_payments = _history(rng, "O", [])
    _post_one_by_one(first_invoices, first_payments)
    # a payment that waits for an invoice of the second history, one announced, one taken back
    post_payment("A1", 75, reference="W", received_on=date(2015, 1, 3), invoice_number="NI7")
    announce_payment("A1", 75, reference="X")
    post_payment("A3", 60, reference="R", received_on=date(2015, 1, 3))
    reverse_payment("R")
    old = [(row["account"], row["number"]) for row in first_invoices]
    invoices, payments = _history(rng, "N", old)
    invoices = [row | {"account": "A1"} if row["number"] == "NI7" else row for row in invoices]
    payments = [row | {"account": "A1"} if row["invoice"] == "NI7" else row for row in payments]

    with transaction.atomic():
        _post_one_by_one(invoices, payments)
        expected = _books()
        transaction.set_rollback(True)
    files = {"invoices": as_csv("invoices", invoices), "payments": as_csv("payments", payments)}
    import_directory(write(tmp_path / "second", files))
    assert _books() == expected
