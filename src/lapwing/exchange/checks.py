"""What must hold between rows, of the files and of the database.

No row twice, every reference known, one currency an account, no overlap of terms. Sets `unchanged` on rows
that the database has already.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from lapwing.catalog.models import CatalogEntry
from lapwing.exchange.sheets import ACCOUNTS, BILLING_TERMS, CREATED, INVOICES, PAYMENTS, SHEETS, Sheet
from lapwing.exchange.stored_rows import KEYS, cells, chunks, with_keys
from lapwing.exchange.tables import Row, Table
from lapwing.receivables.models import Payment

Tables = dict[str, Table]


def check_tables(tables: Tables) -> None:
    for table in tables.values():
        if table.sheet is not BILLING_TERMS:
            _refuse_duplicates(table)
            _compare_with_stored(table)
    if BILLING_TERMS.name in tables:
        _check_terms(tables[BILLING_TERMS.name])
    for table in tables.values():
        for column, name in table.sheet.references.items():
            _refuse_unknown_rows(table, column, name, tables)
        for column, model in table.sheet.codes.items():
            if model not in CREATED:
                _refuse_unknown_codes(table, column, model)
    _check_money(tables)


def _refuse_duplicates(table: Table) -> None:
    key = table.sheet.key
    seen: dict[str, int] = {}
    for row in table.rows:
        number = row.values.get(key)
        if number in seen:
            table.wrong(row, key, f"is on line {seen[number]} already", "duplicate")
        elif number is not None:
            seen[number] = row.line


def _compare_with_stored(table: Table) -> None:
    sheet = table.sheet
    rows = {row.values[sheet.key]: row for row in table.to_check()}
    for stored in with_keys(sheet, rows):
        row = rows.pop(stored[0])
        differing = _differences(sheet, row, stored)
        row.unchanged = not differing
        if differing:
            shown = ", ".join(f"{name} is {old!r} there" for name, old in differing)
            table.wrong(row, sheet.key, f"is in the database already, and differs: {shown}", "differs")
    if sheet is PAYMENTS:
        _refuse_unposted(table, rows)


def _differences(sheet: Sheet, row: Row, stored: tuple[str, ...]) -> list[tuple[str, str]]:
    """Column and stored text of each difference."""
    given = cells(sheet, row.values.values(), row.values.get("currency", ""))
    return [
        (name, old[:40]) for name, new, old in zip(sheet.columns, given, stored, strict=True) if new != old
    ]


def _refuse_unposted(table: Table, rows: dict[str, Row]) -> None:
    """Announced, failed and reversed payments are in no file, but their references are taken."""
    for chunk in chunks(rows):
        for reference, state in Payment.objects.filter(reference__in=chunk).values_list("reference", "state"):
            reason = f"is in the database already, and differs: that payment is {state}"
            table.wrong(rows[reference], "reference", reason, "differs")


class _Span(NamedTuple):
    valid_from: date
    valid_to: date
    row: Row | None  # none for a term of the database


def _check_terms(table: Table) -> None:
    """A term identical to a stored one is unchanged; two terms of one subscription must not share a day."""
    spans: dict[str, list[_Span]] = defaultdict(list)
    identical: dict[tuple[str, ...], Row] = {}
    for row in table.to_check():
        values = row.values
        span = _Span(values["valid_from"], values["valid_to"] or date.max, row)
        spans[values["subscription"]].append(span)
        identical.setdefault(cells(table.sheet, values.values(), ""), row)
    for stored in with_keys(table.sheet, list(spans)):
        if stored in identical:
            identical[stored].unchanged = True
        else:
            end = date.fromisoformat(stored[-1]) if stored[-1] else date.max
            spans[stored[0]].append(_Span(date.fromisoformat(stored[-2]), end, None))
    for of_one in spans.values():
        if len(of_one) > 1:
            _refuse_overlaps(table, of_one)


def _refuse_overlaps(table: Table, spans: list[_Span]) -> None:
    spans.sort(key=lambda span: (span.valid_from, span.row.line if span.row else 0))
    latest = spans[0]
    for span in spans[1:]:
        if span.valid_from <= latest.valid_to:
            told, other = (span, latest) if span.row else (latest, span)
            if told.row:
                where = f"the one on line {other.row.line}" if other.row else "one in the database"
                end = "" if other.valid_to == date.max else f" to {other.valid_to}"
                reason = f"the term overlaps {where}, valid from {other.valid_from}{end}"
                table.wrong(told.row, "valid_from", reason, "overlap")
        if span.valid_to > latest.valid_to:
            latest = span


def _refuse_unknown_rows(table: Table, column: str, name: str, tables: Tables) -> None:
    target = tables.get(name)
    if target and not target.complete:
        return  # the row that is named may be one that could not be read
    in_file = {row.values[target.sheet.key] for row in target.rows} if target else set()
    named: dict[str, list[Row]] = defaultdict(list)
    for row in table.rows:
        number = row.values.get(column)
        if number and not row.unchanged and number not in in_file:
            named[number].append(row)
    model = _SHEET_OF[name].model
    known = _existing(model, KEYS[name], named)
    for number in named.keys() - known:
        for row in named[number]:
            reason = f"there is no such row in {name}.csv, nor in the database"
            table.wrong(row, column, reason, f"unknown_{name.removesuffix('s')}")


def _refuse_unknown_codes(table: Table, column: str, model: type[CatalogEntry]) -> None:
    named: dict[str, list[Row]] = defaultdict(list)
    for row in table.rows:
        if row.values.get(column) and not row.unchanged:
            named[row.values[column]].append(row)
    known = sorted(model.objects.values_list("code", flat=True))
    for code in named.keys() - set(known):
        for row in named[code]:
            listed = ", ".join(known[:20]) or "none"
            reason = f"there is no such {model._meta.verbose_name}; known: {listed}"
            table.wrong(row, column, reason, f"unknown_{column}")


def _existing(model: type, field: str, values: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for chunk in chunks(values):
        found.update(model.objects.filter(**{f"{field}__in": chunk}).values_list(field, flat=True))
    return found


def _check_money(tables: Tables) -> None:
    """An invoice and a payment are in their account's currency; a payment names an invoice of its account."""
    currencies = _column_of_rows(tables, ACCOUNTS, "currency")
    accounts = _column_of_rows(tables, INVOICES, "account")
    invoices, payments = tables.get(INVOICES.name), tables.get(PAYMENTS.name)
    for table in filter(None, (invoices, payments)):
        for row in table.to_check():
            expected = currencies.get(row.values["account"])
            if expected and expected != row.values["currency"]:
                reason = f"account {row.values['account']} is in {expected}"
                table.wrong(row, "currency", reason, "other_currency")
    for row in payments.to_check() if payments else ():
        owner = accounts.get(row.values["invoice"])
        if payments and owner and owner != row.values["account"]:
            payments.wrong(row, "invoice", f"is an invoice of account {owner}", "invoice_of_another_account")


def _column_of_rows(tables: Tables, sheet: Sheet, column: str) -> dict[str | None, Any]:
    """The column by number, for the rows of the file and for those of the database that other files name."""
    table = tables.get(sheet.name)
    rows = table.rows if table else []
    found = {row.values.get(sheet.key): row.values.get(column) for row in rows}
    named = {
        row.values.get(reference)
        for other in tables.values()
        for reference, name in other.sheet.references.items()
        if name == sheet.name
        for row in other.rows
    }
    position = list(sheet.columns).index(column)
    for stored in with_keys(sheet, [number for number in named if number and number not in found]):
        found[stored[0]] = stored[position]
    return found


_SHEET_OF = {sheet.name: sheet for sheet in SHEETS}
