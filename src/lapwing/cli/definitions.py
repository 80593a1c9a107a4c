"""definition: apply, list, show, diff, submit, effective, not-effective, delete."""

from pathlib import Path
from typing import Any

import click

from lapwing.cli.output import format_option, show_list, show_one
from lapwing.cli.session import command, confirm, path_argument, yes_option


@click.group("definition")
def definition_command() -> None:
    """Run definitions with their versions.

    \b
    Example: lapwing definition apply examples/definitions/nightly_grace_cut.yaml
    """


@path_argument("file")
@format_option
def _apply(file: Path, form: str) -> None:
    """Create, edit or leave a definition, from a YAML or JSON file.

    Found by its alternative_code, without one by its exact name. A version that a run refers to is never changed:
    the edit becomes the next version.

    \b
    Example: lapwing definition apply nightly.yaml --format json
    """
    from lapwing.exchange.definition_file import read_definition_file
    from lapwing.runs.actions.apply_definition import apply_definition

    applied = apply_definition(read_definition_file(file))
    show_one(
        {
            "code": applied.definition.alternative_code,
            "version": applied.version,
            "changed": applied.changed != "unchanged",
            "result": applied.changed,
        },
        form,
    )


command(definition_command, "apply", help=_apply.__doc__)(_apply)

COLUMNS = ["code", "name", "kind", "version", "state", "scheduled_date"]


@format_option
@click.option("--limit", type=click.IntRange(1, 10**9), help="At most so many.")
def _list(form: str, limit: int | None) -> None:
    """All definitions by code.

    \b
    Example: lapwing definition list
    """
    from lapwing.runs.models import Definition
    from lapwing.runs.queries import definition_summary, scheduled_date

    found = Definition.objects.order_by("alternative_code")[:limit]
    records = [{**definition_summary(each), "scheduled_date": _iso(scheduled_date(each))} for each in found]
    show_list(records, form, COLUMNS)


command(definition_command, "list", help=_list.__doc__)(_list)


@click.argument("code")
@click.option("--version", "number", type=int, help="An earlier version.")
@format_option
def _show(code: str, number: int | None, form: str) -> None:
    """One definition with the content of its latest or an earlier version.

    \b
    Example: lapwing definition show NGC --version 1
    """
    from lapwing.runs.definitions import find, flat, latest, version
    from lapwing.runs.queries import definition_summary, scheduled_date
    from lapwing.runs.upcoming import next_times

    definition = find(code)
    chosen = latest(definition) if number is None else version(definition, number)
    record: dict[str, Any] = {
        **definition_summary(definition),
        "version": chosen.version,
        "unified_code": definition.unified_code,
        "versions": [each.version for each in definition.versions.order_by("version")],
        "read_only": chosen.version != latest(definition).version,
        "scheduled_date": _iso(scheduled_date(definition)),
        "next_times": next_times(chosen),
        "created_at": definition.created_at.isoformat(),
        "created_by": definition.created_by,
        "updated_at": chosen.updated_at.isoformat(),
        "updated_by": chosen.updated_by,
    }
    content = flat(chosen.content) if form == "table" else {"content": chosen.content}
    show_one({**record, **content}, form)


command(definition_command, "show", help=_show.__doc__)(_show)


@click.argument("code")
@click.argument("one", type=int)
@click.argument("other", type=int)
@format_option
def _diff(code: str, one: int, other: int, form: str) -> None:
    """Compare two versions, field by field.

    \b
    Example: lapwing definition diff NGC 1 2
    """
    from lapwing.runs.definitions import differences, find, version

    definition = find(code)
    left, right = version(definition, one), version(definition, other)
    found = differences(left.content, right.content)
    show_list(
        [{"field": name, "before": before, "after": after} for name, before, after in found],
        form,
        ["field", "before", "after"],
    )


command(definition_command, "diff", help=_diff.__doc__)(_diff)


@click.argument("code")
@format_option
def _submit(code: str, form: str) -> None:
    """Plan the runs of the latest version by its schedule; the scheduler starts them.

    \b
    Example: lapwing definition submit NGC
    """
    from lapwing.runs.actions.submit import submit
    from lapwing.runs.queries import summary

    show_one(summary(submit(code)), form)


command(definition_command, "submit", help=_submit.__doc__)(_submit)


def _state_command(name: str, state: str, what: str) -> None:
    @click.argument("code")
    @format_option
    def change(code: str, form: str) -> None:
        from lapwing.runs.actions.change_definition import set_definition_state
        from lapwing.runs.queries import definition_summary
        from lapwing.runs.states import DefinitionState

        show_one(definition_summary(set_definition_state(code, DefinitionState(state))), form)

    command(definition_command, name, help=f"{what}\n\n\b\nExample: lapwing definition {name} NGC")(change)


_state_command("effective", "effective", "Let a definition be submitted and started again.")
_state_command("not-effective", "not_effective", "Stop a definition: its planned run will be cancelled.")


@click.argument("code")
@yes_option
def _delete(code: str, yes: bool) -> None:
    """Delete a definition that has no runs, planned or executed.

    \b
    Example: lapwing definition delete NGC --yes
    """
    from lapwing.runs.actions.change_definition import delete_definition

    confirm(f"Delete definition {code} with all its versions?", yes=yes)
    delete_definition(code)
    click.echo(f"definition {code} is deleted")


command(definition_command, "delete", help=_delete.__doc__)(_delete)


def _iso(day: Any) -> str | None:
    return day.isoformat() if day else None
