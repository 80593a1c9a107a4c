"""import, export."""

from pathlib import Path

import click

from lapwing.cli.output import format_option, progress, show_fields, show_list, show_one
from lapwing.cli.session import command, path_argument

COUNTED = ["file", "created", "unchanged"]


@click.group()
def _files() -> None:
    pass


@path_argument("directory")
@click.option("--dry-run", is_flag=True, help="Check everything, change nothing.")
@format_option
def _import(directory: Path, dry_run: bool, form: str) -> int:
    """Import customers, accounts, subscriptions, billing terms, invoices and payments.

    All or nothing: when any row is wrong, every wrong row is listed and nothing is imported.

    \b
    Example: lapwing import ./files --dry-run
    """
    from dataclasses import asdict

    from lapwing.exchange.import_files import import_directory
    from lapwing.exchange.problems import ImportRefused

    try:
        with progress("importing") as report:
            result = import_directory(
                directory, dry_run=dry_run, report=lambda file, done, total: report(done, total, file)
            )
    except ImportRefused as refused:
        show_list(
            [asdict(cell) for cell in refused.wrong],
            form,
            ["file", "line", "column", "value", "reason", "code"],
        )
        raise
    if form != "table":
        show_one(result.as_dict(), form)
        return 0
    show_list([{"file": name, **counted} for name, counted in result.files.items()], form, COUNTED)
    show_fields(result.created_codes)
    if result.not_read:
        click.echo(
            "not read, because they are none of the six files: " + ", ".join(result.not_read), err=True
        )
    if dry_run:
        click.echo("dry run: nothing was imported")
    return 0


import_command = command(_files, "import", help=_import.__doc__)(_import)


@path_argument("directory")
@format_option
def _export(directory: Path, form: str) -> int:
    """Export the base as the same files; imported and exported again they are the same bytes.

    \b
    Example: lapwing export /tmp/base
    """
    from lapwing.exchange.export_files import export_directory

    show_one(export_directory(directory), form)
    return 0


export_command = command(_files, "export", help=_export.__doc__)(_export)
