"""Shows data as a table, as JSON (alone on stdout) or as CSV; long work as a progress bar or a line every 5 s."""

import csv
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from lapwing.core.formula import safe_cell

PLAIN_WIDTH = 80
NO_WRAP = {"on", "due_on", "subscription", "account", "run", "code", "definition"}
LINE_EVERY_S = 5.0

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    help="How to print it.",
)


def show_list(records: Iterable[dict[str, Any]], form: str, columns: list[str]) -> None:
    """All records: one array in JSON, one row each otherwise."""
    if form == "json":
        click.echo(json.dumps(list(records), ensure_ascii=False, indent=1))
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        for record in records:
            writer.writerow([safe_cell(record.get(column)) for column in columns])
    else:
        _print_table(columns, [[_text(record.get(column)) for column in columns] for record in records])


def show_one(record: dict[str, Any], form: str) -> None:
    """One record: an object in JSON, a line a field otherwise."""
    if form == "json":
        click.echo(json.dumps(record, ensure_ascii=False, indent=1))
    elif form == "csv":
        show_list([record], form, list(record))
    else:
        show_fields(record)


def show_fields(record: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    for name, value in record.items():
        if value is not None and value != [] and value != {} and value != "":
            grid.add_row(Text(name.replace("_", " "), style="dim"), Text(_text(value)))
    console().print(grid)


def console(*, err: bool = False):
    """A terminal's own width; 80 columns where there is none."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    return Console(
        file=stream, width=None if stream.isatty() else PLAIN_WIDTH, highlight=False, soft_wrap=False
    )


def _print_table(columns: list[str], body: list[list[str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for position, column in enumerate(columns):
        numeric = bool(body) and all(
            row[position].replace(",", "").isdigit() or not row[position] for row in body
        )
        table.add_column(
            column.replace("_", " "),
            justify="right" if numeric else "left",
            overflow="fold",
            no_wrap=column in NO_WRAP,
        )
    for row in body:
        table.add_row(*(Text(cell) for cell in row))
    console().print(table)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    return "".join(character if character.isprintable() else " " for character in str(value))


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int, str], None]]:
    """Yields a function (done, total, note) to report with; a bar on a terminal, else a line every 5 seconds."""
    if sys.stderr.isatty():
        with _bar(title) as report:
            yield report
    else:
        yield _lines(title)


@contextmanager
def _bar(title: str) -> Iterator[Callable[[int, int, str], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns, TextColumn("{task.fields[note]}"), console=console(err=True), transient=True
    ) as bar:
        task = bar.add_task(title, total=None, note="")
        yield lambda done, total, note="": bar.update(task, completed=done, total=total or None, note=note)


def _lines(title: str) -> Callable[[int, int, str], None]:
    last = time.monotonic()

    def report(done: int, total: int, note: str = "") -> None:
        nonlocal last
        if time.monotonic() - last >= LINE_EVERY_S:
            last = time.monotonic()
            click.echo(f"{title}: {done:,} of {total:,} {note}".rstrip(), err=True)

    return report
