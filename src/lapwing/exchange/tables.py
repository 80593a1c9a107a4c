"""One import file as typed rows. Every wrong cell is told; a wrong row keeps the cells that could be read."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from lapwing.core.money import MAX_MINOR, minor_digits, to_minor
from lapwing.exchange.cells import MAX_CHARACTERS, Needed, Wrong
from lapwing.exchange.csv_records import CsvRecords
from lapwing.exchange.problems import Problems
from lapwing.exchange.row_rules import ROW_RULES
from lapwing.exchange.sheets import Sheet


@dataclass(slots=True)
class Row:
    """`values` has the columns of its sheet in their order, amounts in minor units; fewer when `wrong`."""

    line: int
    values: dict[str, Any]
    wrong: bool = False
    unchanged: bool = False


@dataclass
class Table:
    """A file that was read. Where not `complete`, a row that another file names may have been lost."""

    sheet: Sheet
    problems: Problems
    rows: list[Row] = field(default_factory=list)
    complete: bool = True
    sha256: str = ""

    def wrong(self, row: Row, column: str, reason: str, code: str, *, value: str | None = None) -> None:
        shown = str(row.values.get(column, "")) if value is None else value
        self.problems.add(self.sheet.file, row.line, column, shown, reason, code)
        row.wrong = True

    def new(self) -> list[Row]:
        """The rows that are not in the database yet."""
        return [row for row in self.rows if not row.unchanged]

    def to_check(self) -> Iterator[Row]:
        return (row for row in self.rows if not row.wrong and not row.unchanged)


def read_table(path: Path, sheet: Sheet, problems: Problems, today: date) -> Table:
    """Reads the whole file; an empty one and one with a wrong header have no rows."""
    table = Table(sheet, problems)
    if not path.is_file():
        problems.add(sheet.file, 1, "", "", "is not a file", "not_a_file")
        table.complete = False
        return table
    records = CsvRecords(path, problems)
    before = problems.total
    positions: dict[str, int] | None = None
    for line, cells, encoded in records:
        if positions is None:
            positions = _header(sheet, line, cells, encoded, problems)
        elif positions:
            row = _row(table, line, cells, positions, encoded)
            table.rows.append(row)
            if not row.wrong:
                _check_row(table, row, today)
    if positions is None and problems.total == before:
        expected = f"is empty, expected the header {','.join(sheet.columns)}"
        problems.add(sheet.file, 1, "", "", expected, "no_header")
    key_lost = any(sheet.key not in row.values for row in table.rows)
    table.complete = bool(positions) and not key_lost and not records.lost
    table.sha256 = records.sha256
    return table


def _header(sheet: Sheet, line: int, cells: list[str], encoded: bool, problems: Problems) -> dict[str, int]:
    """The position of each column; empty when the header is wrong."""
    before = problems.total
    if not encoded:
        problems.add(
            sheet.file, line, "", ",".join(cells), "is not UTF-8; save the file in that encoding", "not_utf8"
        )
        return {}
    if parted := _parted_otherwise(sheet, cells):
        reason = f"the cells are parted by {parted}; save the file with commas between them"
        problems.add(sheet.file, line, "", cells[0], reason, "wrong_delimiter")
        return {}
    for name in sheet.columns:
        if name not in cells:
            problems.add(sheet.file, line, name, "", "this column is missing", "missing_column")
    for position, name in enumerate(cells):
        if name not in sheet.columns:
            reason = f"there is no such column; expected are {', '.join(sheet.columns)}"
            problems.add(sheet.file, line, _shown(name), name, reason, "unknown_column")
        elif name in cells[:position]:
            problems.add(sheet.file, line, name, name, "this column is there twice", "repeated_column")
    return {} if problems.total > before else {name: cells.index(name) for name in sheet.columns}


def _parted_otherwise(sheet: Sheet, cells: list[str]) -> str:
    """What stands between the columns where it is no comma: spreadsheets of many countries write semicolons."""
    if len(cells) > 1:
        return ""
    for sign, words in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(set(cells[0].split(sign)) & set(sheet.columns)) > 1:
            return words
    return ""


def _shown(name: str) -> str:
    return "".join(c for c in name[:80] if c.isprintable())


def _row(table: Table, line: int, cells: list[str], positions: dict[str, int], encoded: bool) -> Row:
    row = Row(line, {})
    if len(cells) != len(positions):
        reason = f"the row has {len(cells)} cells, expected {len(positions)}"
        table.wrong(row, "", reason, "wrong_cell_count", value=",".join(c[:80] for c in cells[:8]))
        return row
    values = row.values
    for name, column in table.sheet.columns.items():
        cell = cells[positions[name]]
        try:
            if not encoded:
                _refuse_wrong_encoding(cell)
            if cell:
                if len(cell) > MAX_CHARACTERS:
                    raise Wrong(f"has {len(cell)} characters, at most {MAX_CHARACTERS} are read", "too_long")
                values[name] = column.read(cell)
            elif column.empty is Needed:
                raise Wrong("is missing", "missing")
            else:
                values[name] = column.empty
        except Wrong as wrong:
            table.wrong(row, name, wrong.reason, wrong.code, value=cell)
    return row


def _refuse_wrong_encoding(cell: str) -> None:
    try:
        cell.encode()
    except UnicodeEncodeError:
        raise Wrong("is not UTF-8; save the file in that encoding", "not_utf8") from None


def _check_row(table: Table, row: Row, today: date) -> None:
    name, values = table.sheet.amount, row.values
    if name and values[name] is not None:
        currency = values["currency"]
        try:
            values[name] = to_minor(values[name], currency)
        except ValueError:
            digits = minor_digits(currency)
            if values[name].scaleb(digits) > MAX_MINOR:
                table.wrong(row, name, "is larger than any amount Lapwing keeps", "too_large")
            else:
                table.wrong(row, name, f"{currency} has {digits} digits after the point", "over_precise")
            return
    rules = ROW_RULES.get(table.sheet.name)
    if rules:
        for column, reason, code in rules(values, today):
            table.wrong(row, column, reason, code)
