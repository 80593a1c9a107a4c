"""Posts the imported invoices and payments: dealt out in memory, account by account, and written in bulk.

The accounts that exist already are locked by the caller. Equal to issuing and posting one by one.
"""

from collections import defaultdict

from django.db.models import F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from lapwing.exchange.progress import Report, batches
from lapwing.exchange.replay import Books, Credit, Settled
from lapwing.exchange.sheets import INVOICES, PAYMENTS
from lapwing.exchange.stored_rows import chunks
from lapwing.exchange.tables import Row
from lapwing.exchange.writing import keys, stamps
from lapwing.receivables.allocation import Debt
from lapwing.receivables.models import Account, Allocation, OpenItem, Payment, PaymentState


def post(invoices: list[Row], payments: list[Row], report: Report | None) -> None:
    """Writes the rows with what is left of them, their allocations, and what is left of stored ones."""
    accounts = keys(Account, "number", (row.values["account"] for row in invoices + payments))
    books = _stored_books(accounts, {row.values["invoice"] for row in payments} - {""})
    debts = {row.values["number"]: _debt(row) for row in invoices}
    credits = {row.values["reference"]: _credit(row) for row in payments}
    invoices_of, payments_of = _by_account(invoices), _by_account(payments)
    for number, of_one in books.items():
        of_one.post(
            [(row.values["issued_on"], debts[row.values["number"]]) for row in invoices_of[number]],
            [credits[row.values["reference"]] for row in payments_of[number]],
        )
    _write_invoices(invoices, accounts, debts, report)
    _write_payments(payments, accounts, credits, report)
    _write_allocations([settled for of_one in books.values() for settled in of_one.settled], debts, credits)


def _debt(row: Row) -> Debt:
    values = row.values
    return Debt(0, values["number"], values["due_on"], values["total"])


def _credit(row: Row) -> Credit:
    values = row.values
    return Credit(values["received_on"], values["reference"], values["amount"], values["invoice"])


def _by_account(rows: list[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row.values["account"]].append(row)
    return grouped


def _stored_books(accounts: dict[str, int], named: set[str]) -> dict[str, Books]:
    """What the accounts owe and have to their credit before the import."""
    books = {number: Books() for number in accounts}
    for chunk in chunks(sorted(accounts.values())):
        for number, *debt in OpenItem.objects.filter(account__in=chunk, unsettled_minor__gt=0).values_list(
            "account__number", "pk", "number", "due_on", "unsettled_minor"
        ):
            books[number].debts[debt[1]] = Debt(*debt)
        credits = Payment.objects.filter(
            account__in=chunk, state=PaymentState.POSTED, unallocated_minor__gt=0
        ).order_by("received_on", "reference")
        for number, *credit in credits.values_list(
            "account__number", "received_on", "reference", "unallocated_minor", "invoice_number"
        ):
            books[number].credits.append(Credit(*credit))
    named |= {credit.named for of_one in books.values() for credit in of_one.credits if credit.named}
    for chunk in chunks(named):
        for account, number in OpenItem.objects.filter(number__in=chunk).values_list(
            "account__number", "number"
        ):
            if account in books:
                books[account].issued.add(number)
    for of_one in books.values():
        of_one.credits.sort()
    return books


def _write_invoices(
    rows: list[Row], accounts: dict[str, int], debts: dict[str, Debt], report: Report | None
) -> None:
    common = stamps()
    for batch in batches(rows, INVOICES.file, report):
        OpenItem.objects.bulk_create(
            OpenItem(
                number=values["number"],
                account_id=accounts[values["account"]],
                issued_on=values["issued_on"],
                due_on=values["due_on"],
                total_minor=values["total"],
                unsettled_minor=debts[values["number"]].unsettled_minor,
                disputed=values["disputed"],
                **common,
            )
            for values in (row.values for row in batch)
        )


def _write_payments(
    rows: list[Row], accounts: dict[str, int], credits: dict[str, Credit], report: Report | None
) -> None:
    common = stamps()
    for batch in batches(rows, PAYMENTS.file, report):
        Payment.objects.bulk_create(
            Payment(
                reference=values["reference"],
                account_id=accounts[values["account"]],
                received_on=values["received_on"],
                amount_minor=values["amount"],
                unallocated_minor=credits[values["reference"]].unallocated_minor,
                invoice_number=values["invoice"],
                **common,
            )
            for values in (row.values for row in batch)
        )


def _write_allocations(settled: list[Settled], debts: dict[str, Debt], credits: dict[str, Credit]) -> None:
    """In the order of the postings; then what is left of the stored items and payments they touched."""
    for batch in chunks(settled, 5_000):
        items = keys(OpenItem, "number", (part.number for part in batch))
        payments = keys(Payment, "reference", (part.reference for part in batch))
        Allocation.objects.bulk_create(
            Allocation(
                payment_id=payments[part.reference],
                open_item_id=items[part.number],
                amount_minor=part.minor,
                allocated_on=part.on,
            )
            for part in batch
        )
    _recompute_items({part.number for part in settled if part.number not in debts})
    _recompute_payments({part.reference for part in settled if part.reference not in credits})


def _recompute_items(numbers: set[str]) -> None:
    for chunk in chunks(sorted(numbers)):
        OpenItem.objects.filter(number__in=chunk).update(
            unsettled_minor=F("total_minor") - _allocated("open_item")
        )


def _recompute_payments(references: set[str]) -> None:
    log = {name: value for name, value in stamps().items() if name.startswith("updated")}
    for chunk in chunks(sorted(references)):
        Payment.objects.filter(reference__in=chunk).update(
            unallocated_minor=F("amount_minor") - _allocated("payment"), **log
        )


def _allocated(of: str) -> Coalesce:
    parts = Allocation.objects.filter(**{of: OuterRef("pk")}).order_by().values(of)
    return Coalesce(Subquery(parts.annotate(sum=Sum("amount_minor")).values("sum")), 0)
