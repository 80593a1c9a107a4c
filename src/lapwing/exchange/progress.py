"""How far an import is: rows done and rows in all, by file.

The screens read it from a file in the data directory, because an import is one transaction whose rows nobody sees
before its end. A worker on another machine leaves none; then they show that it is under way, and nothing more.
"""

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings

T = TypeVar("T")
Report = Callable[[str, int, int], None]
BATCH = 5_000


def batches(rows: list[T], file: str, report: Report | None) -> Iterator[list[T]]:
    """Slices of a list that is written; each slice is reported once it was dealt with."""
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]
        if report:
            report(file, min(start + BATCH, len(rows)), len(rows))


def keep_progress(number: int) -> Report:
    """A report that is kept for `progress_of`."""

    def report(file: str, done: int, total: int) -> None:
        path = _path(number)
        with contextlib.suppress(OSError):  # a full disk must not end an import that needs none of it
            path.parent.mkdir(mode=0o700, exist_ok=True)
            beside = path.with_suffix(".new")
            beside.write_text(json.dumps({"file": file, "done": done, "total": total}))
            os.replace(beside, path)

    return report


def progress_of(number: int) -> dict[str, Any] | None:
    """The file that is being written, with rows done and in all."""
    try:
        return json.loads(_path(number).read_text())
    except (OSError, ValueError):
        return None


def forget_progress(number: int) -> None:
    with contextlib.suppress(OSError):
        _path(number).unlink(missing_ok=True)


def _path(number: int) -> Path:
    return settings.HOME / "imports" / f"{number}.json"
