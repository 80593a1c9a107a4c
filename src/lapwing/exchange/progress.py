"""How far an import is: rows done and rows in all, by file."""

from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")
Report = Callable[[str, int, int], None]
BATCH = 5_000


def batches(rows: list[T], file: str, report: Report | None) -> Iterator[list[T]]:
    """Slices of a list that is written; each slice is reported once it was dealt with."""
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]
        if report:
            report(file, min(start + BATCH, len(rows)), len(rows))
