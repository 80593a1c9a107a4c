"""Rows of the database as the cells of a file: an export writes them, an import compares with them."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import (
    Case,
    CharField,
    DateField,
    Exists,
    F,
    OuterRef,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Collate

from lapwing.core.money import to_text
from lapwing.customers.models import Customer
from lapwing.exchange.sheets import Sheet
from lapwing.receivables.models import Account, OpenItem, Payment, PaymentState
from lapwing.subscriptions.models import BillingTerm, Subscription

CHUNK = 500


def cells(sheet: Sheet, values: Iterable[Any], currency: str) -> tuple[str, ...]:
    """The texts of one row. `values` are in the order of the columns, amounts in minor units."""
    return tuple(
        to_text(value, currency) if name == sheet.amount and value is not None else _cell(value)
        for name, value in zip(sheet.columns, values, strict=True)
    )


def stored_cells(sheet: Sheet, queryset: QuerySet) -> Iterator[tuple[str, ...]]:
    """The rows of a queryset of `stored_rows`, one by one."""
    currency = list(sheet.columns).index("currency") if sheet.amount else 0
    for values in queryset.iterator(chunk_size=2_000):
        yield cells(sheet, values, values[currency])


def stored_rows(sheet: Sheet) -> QuerySet:
    """All rows that belong into the file, as tuples in the order of its columns, unsorted."""
    return _QUERIES[sheet.name]()


def in_order(sheet: Sheet, queryset: QuerySet) -> QuerySet:
    """Sorted by the first column, byte by byte on every database; terms then by their start."""
    collation = "C" if connection.vendor == "postgresql" else "BINARY"
    first = KEYS[sheet.name]
    then = ["valid_from"] if sheet.name == "billing_terms" else []
    return queryset.order_by(Collate(F(first), collation), *then)


def with_keys(sheet: Sheet, keys: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """The stored rows with these values in the first column."""
    rows = stored_rows(sheet)
    for chunk in chunks(keys):
        yield from stored_cells(sheet, rows.filter(**{f"{KEYS[sheet.name]}__in": chunk}))


def chunks(things: Iterable[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    listed = list(things)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def _customers() -> QuerySet:
    return Customer.objects.values_list("number", "name", "kind", "email", "country", "language", "tax_id")


def _accounts() -> QuerySet:
    return Account.objects.values_list(
        "number",
        "customer__number",
        "currency",
        "classification__code",
        "credit_rating__code",
        "credit_limit_minor",
        "life_cycle_state",
        "on_hold_until",
    )


def _subscriptions() -> QuerySet:
    return Subscription.objects.values_list(
        "number",
        "account__number",
        "subscription_type__code",
        "life_cycle_state",
        "product__code",
        "quantity",
        "provider__code",
        "free",
        _while_open("grace_start_on"),
        _while_open("grace_end_on"),
    )


def _while_open(name: str) -> Case:
    return Case(When(grace_open=True, then=F(name)), default=Value(None), output_field=DateField())


def _billing_terms() -> QuerySet:
    return BillingTerm.objects.values_list(
        "subscription__number",
        "scheme__code",
        "price_plan__code",
        "frequency__code",
        "binding_period__code",
        "binding_start_on",
        "binding_end_on",
        "valid_from",
        "valid_to",
    )


def _invoices() -> QuerySet:
    return OpenItem.objects.values_list(
        "number", "account__number", "issued_on", "due_on", "account__currency", "total_minor", "disputed"
    )


def _payments() -> QuerySet:
    """Posted ones; without the name of an invoice never issued to the account: no import could find it."""
    issued = OpenItem.objects.filter(number=OuterRef("invoice_number"), account=OuterRef("account_id"))
    named = Case(When(Exists(issued), then=F("invoice_number")), default=Value(""), output_field=CharField())
    return Payment.objects.filter(state=PaymentState.POSTED).values_list(
        "reference",
        "account__number",
        "received_on",
        "account__currency",
        "amount_minor",
        Coalesce(named, Value("")),
    )


_QUERIES: dict[str, Callable[[], QuerySet]] = {
    "customers": _customers,
    "accounts": _accounts,
    "subscriptions": _subscriptions,
    "billing_terms": _billing_terms,
    "invoices": _invoices,
    "payments": _payments,
}
KEYS = {
    "customers": "number",
    "accounts": "number",
    "subscriptions": "number",
    "billing_terms": "subscription__number",
    "invoices": "number",
    "payments": "reference",
}
