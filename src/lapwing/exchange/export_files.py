"""Exports the base as the six files, row by row: the same base gives the same bytes, on every database.

Imported into an empty database and exported again they are the same files. Text that a spreadsheet would take
for a formula is written as it is, since a changed byte would be a changed name.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lapwing.core.errors import Refused
from lapwing.core.sql import one_snapshot
from lapwing.exchange.sheets import FILES, SHEETS
from lapwing.exchange.stored_rows import in_order, stored_cells, stored_rows
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import organisation, require

_PART = ".part"
_NEEDS_QUOTES = frozenset(',"\r\n')


def export_directory(path: Path) -> dict[str, Any]:
    """Writes all six files, also empty ones with their header; returns {"files": {file: rows}}.

    Pending, failed and reversed payments and closed grace intervals are left out; so is, in a payment, the
    name of an invoice that was never issued to its account. Files of an earlier export are replaced, each at
    once. Raises Refused `not_empty`, `cannot_write`, `not_permitted`.
    """
    path = Path(path)
    require(Permission.VIEW)
    organisation()
    try:
        _prepare(path)
        with one_snapshot(), _parts(path) as parts:
            written = {
                sheet.file: _write(part, _lines(sheet.columns, stored_cells(sheet, rows)))
                for sheet, part in zip(SHEETS, parts, strict=True)
                for rows in [in_order(sheet, stored_rows(sheet))]
            }
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Refused("cannot_write", f"{str(path)!r} cannot be written: {reason}") from None
    return {"files": written}


def _prepare(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    foreign = sorted(entry.name for entry in path.iterdir() if entry.name not in FILES)
    if foreign:
        raise Refused(
            "not_empty", f"{str(path)!r} holds other files ({foreign[0]!r}); export into an empty directory"
        )


@contextmanager
def _parts(path: Path) -> Iterator[list[Path]]:
    """Names to write to; they get the names of the files when all were written, and are removed otherwise."""
    parts = [path / f"{name}{_PART}" for name in FILES]
    try:
        yield parts
        for part in parts:
            part.replace(part.with_suffix(""))
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def _write(part: Path, lines: Iterator[str]) -> int:
    """Returns the number of rows, without the header."""
    rows = -1
    with part.open("w", encoding="utf-8", newline="") as file:
        for line in lines:
            file.write(line)
            rows += 1
    return rows


def _lines(header: Iterable[str], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield ",".join(header) + "\n"
    for cells in rows:
        yield ",".join(_quoted(cell) for cell in cells) + "\n"


def _quoted(cell: str) -> str:
    if _NEEDS_QUOTES.isdisjoint(cell):
        return cell
    return '"' + cell.replace('"', '""') + '"'
