"""Shows data as a table, as JSON (alone on stdout) or as CSV; long work as a progress bar or a line every 5 s."""

import csv
import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from lapwing.cli.amounts import in_words, is_amount, shown_name
from lapwing.cli.columns import fitted, wrapped
from lapwing.core.formula import safe_cell

PLAIN_WIDTH = 80
WHOLE = {
    *("on", "due_on", "subscription", "account", "run", "definition", "code", "result_code"),
    *("state", "status", "outcome", "nominal_date", "type", "event", "subject", "source"),
}
GAP = 2  # what a column takes beside its text
INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)")
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
        _print_table(columns, list(records))


def show_one(record: dict[str, Any], form: str, *, currency: str = "") -> None:
    """One record: an object in JSON, a line a field otherwise; `currency` of amounts where the record names none."""
    if form == "json":
        click.echo(json.dumps(record, ensure_ascii=False, indent=1))
    elif form == "csv":
        show_list([record], form, list(record))
    else:
        show_fields(in_words(record, currency))


def show_fields(record: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    for name, value in in_words(record).items():
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


def _print_table(columns: list[str], records: list[dict[str, Any]]) -> None:
    """Amounts as money, instants to the minute; without columns that are empty in all rows."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    amounts = {shown_name(column) for column in columns if is_amount(column)}
    if amounts:
        columns = [shown_name(column) for column in columns if column != "currency"]
        records = [in_words(record) for record in records]
    cells = {column: [_cell(record.get(column)) for record in records] for column in columns}
    told = [column for column in columns if any(cells[column])] if records else columns
    body = [list(row) for row in zip(*(cells[column] for column in told), strict=True)]
    heads = [column.replace("_", " ") for column in told]
    screen = console()
    widths = fitted(
        [heads, *body],
        screen.width - GAP * len(told),
        whole=[column in WHOLE or all(map(_is_number, cells[column])) for column in told],
    )
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for head, column, width in zip(heads, told, widths, strict=True):
        numeric = bool(records) and (column in amounts or all(map(_is_number, cells[column])))
        table.add_column(
            wrapped(head, width), justify="right" if numeric else "left", width=width, no_wrap=True
        )
    for row in body:
        table.add_row(*(Text(wrapped(cell, width)) for cell, width in zip(row, widths, strict=True)))
    screen.print(table)


def _is_number(cell: str) -> bool:
    return not cell or re.fullmatch(r"-?[\d,]+(\.\d+)?", cell) is not None


def _cell(value: Any) -> str:
    text = _text(value)
    instant = INSTANT.fullmatch(text)
    if instant is None:
        return text
    day, minute, offset = instant.groups()
    return f"{day} {minute}{'Z' if offset == '+00:00' else offset}"


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
