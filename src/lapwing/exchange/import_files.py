"""Imports the six files of a directory: all of it or nothing, in one transaction with one audit entry.

Reading and checking are told by `tables` and `checks`, writing by `writing` and `posting`.
"""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction

from lapwing.audit.actions.record import record
from lapwing.core.errors import Refused
from lapwing.core.sql import lock_in_key_order
from lapwing.exchange.checks import check_tables
from lapwing.exchange.posting import post
from lapwing.exchange.problems import Problems
from lapwing.exchange.progress import Report
from lapwing.exchange.sheets import (
    ACCOUNTS,
    BILLING_TERMS,
    CUSTOMERS,
    FILES,
    INVOICES,
    PAYMENTS,
    SHEETS,
    SUBSCRIPTIONS,
    Sheet,
)
from lapwing.exchange.stored_rows import chunks
from lapwing.exchange.tables import Row, Table, read_table
from lapwing.exchange.writing import (
    codes,
    create_codes,
    keys,
    write_accounts,
    write_customers,
    write_subscriptions,
    write_terms,
)
from lapwing.identity.models import Organisation
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import organisation, require, today
from lapwing.receivables.models import Account


@dataclass(frozen=True)
class ImportResult:
    """Rows created and unchanged by file, the catalogue codes made by model, and CSV files of other names,
    which were not read. After a dry run it tells what would have been.
    """

    files: dict[str, dict[str, int]]
    created_codes: dict[str, list[str]]
    not_read: list[str]
    dry_run: bool

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def import_directory(path: Path, *, dry_run: bool = False, report: Report | None = None) -> ImportResult:
    """Reads, checks and writes; a dry run takes everything back at the end.

    `report(file, rows done, rows in all)` follows the writing. Raises ImportRefused with every wrong cell,
    and Refused `not_a_directory`, `nothing_to_import`, `changed_meanwhile`, `not_permitted`.
    """
    path = Path(path)
    not_read = _names(path)
    try:
        with transaction.atomic():
            require(Permission.IMPORT)
            organisation()
            lock_in_key_order(Organisation.objects.filter(pk=1))  # one import at a time
            tables = _read(path)
            created_codes = _write(tables, report)
            files = {table.sheet.file: _counts(table) for table in tables.values()}
            _record(path, tables, files, created_codes)
            if dry_run:
                transaction.set_rollback(True)
    except IntegrityError:
        raise Refused(
            "changed_meanwhile",
            "nothing was imported: another user wrote some of these rows meanwhile; import again",
        ) from None
    return ImportResult(files, created_codes, not_read, dry_run)


def _names(path: Path) -> list[str]:
    """The names of other CSV files in the directory."""
    try:
        found = sorted(entry.name for entry in path.iterdir())
    except (OSError, ValueError):
        raise Refused("not_a_directory", f"{str(path)!r} is not a directory that can be read") from None
    if not set(found) & set(FILES):
        raise Refused("nothing_to_import", f"{str(path)!r} has none of the files {', '.join(FILES)}")
    return [name for name in found if name.lower().endswith(".csv") and name not in FILES]


def _read(path: Path) -> dict[str, Table]:
    problems, day = Problems(), today()
    tables = {
        sheet.name: read_table(path / sheet.file, sheet, problems, day)
        for sheet in SHEETS
        if os.path.lexists(path / sheet.file)
    }
    _lock_accounts(tables)
    check_tables(tables)
    problems.refuse_if_any(FILES)
    return tables


def _lock_accounts(tables: dict[str, Table]) -> None:
    """Locks the stored accounts that new invoices and payments are of, before anything of them is read."""
    named = {
        row.values["account"]
        for sheet in (INVOICES, PAYMENTS)
        if sheet.name in tables
        for row in tables[sheet.name].to_check()
    }
    for chunk in chunks(sorted(keys(Account, "number", named).values())):
        lock_in_key_order(Account.objects.filter(pk__in=chunk))


def _write(tables: dict[str, Table], report: Report | None) -> dict[str, list[str]]:
    created_codes = create_codes(tables)
    known = codes()
    if CUSTOMERS.name in tables:
        write_customers(tables[CUSTOMERS.name], report)
    if ACCOUNTS.name in tables:
        write_accounts(tables[ACCOUNTS.name], known, report)
    if SUBSCRIPTIONS.name in tables:
        write_subscriptions(tables[SUBSCRIPTIONS.name], known, today(), report)
    if BILLING_TERMS.name in tables:
        write_terms(tables[BILLING_TERMS.name], known, report)
    post(_new(tables, INVOICES), _new(tables, PAYMENTS), report)
    return created_codes


def _new(tables: dict[str, Table], sheet: Sheet) -> list[Row]:
    return tables[sheet.name].new() if sheet.name in tables else []


def _counts(table: Table) -> dict[str, int]:
    created = len(table.new())
    return {"created": created, "unchanged": len(table.rows) - created}


def _record(
    path: Path,
    tables: dict[str, Table],
    files: dict[str, dict[str, int]],
    created_codes: dict[str, list[str]],
) -> None:
    hashes = {table.sheet.file: {"sha256": table.sha256} for table in tables.values()}
    record(
        "exchange.import",
        kind="import",
        subject_id=None,
        subject=path.absolute().name.encode(errors="replace").decode()[:200],
        after={
            "files": {name: {**counts, **hashes[name]} for name, counts in files.items()},
            "created_codes": created_codes,
        },
    )
