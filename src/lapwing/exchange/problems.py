"""What is wrong in import files, cell by cell, and the refusal that carries the list."""

from dataclasses import dataclass

from lapwing.core.errors import Refused

MAX_LISTED = 1_000
MAX_VALUE_CHARACTERS = 80


@dataclass(frozen=True, order=True)
class WrongCell:
    """One wrong cell; `line` is the physical line of the file on which its row begins.

    `column` is empty where the whole row or file is wrong. `value` is cut and has no control characters.
    """

    file: str
    line: int
    column: str
    value: str
    reason: str
    code: str

    def __str__(self) -> str:
        place = f"{self.file} line {self.line}" + (f", {self.column}" if self.column else "")
        found = f", found {self.value!r}" if self.value else ""
        return f"{place}: {self.reason}{found} ({self.code})"


class ImportRefused(Refused):
    """`wrong` lists up to 1,000 wrong cells in the order of the files; `total` counts all."""

    def __init__(self, wrong: list[WrongCell], total: int) -> None:
        self.wrong = wrong
        self.total = total
        more = f"; and {total - 1} more" if total > 1 else ""
        super().__init__("wrong_rows", f"nothing was imported: {wrong[0]}{more}")


class Problems:
    """Collects wrong cells while files are read and checked."""

    def __init__(self) -> None:
        self.total = 0
        self._listed: list[WrongCell] = []

    def add(self, file: str, line: int, column: str, value: str, reason: str, code: str) -> None:
        self.total += 1
        if len(self._listed) < MAX_LISTED:
            self._listed.append(WrongCell(file, line, column, _printable(value), reason, code))

    def refuse_if_any(self, order: list[str]) -> None:
        """Raises ImportRefused. `order` is the order of the files."""
        if self.total:
            raise ImportRefused(
                sorted(self._listed, key=lambda cell: (order.index(cell.file), cell.line)), self.total
            )


def _printable(value: str) -> str:
    """Cut, with what a terminal or JSON cannot show written as an escape."""
    cut = value[:MAX_VALUE_CHARACTERS]
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut)
    return shown[:MAX_VALUE_CHARACTERS]
