"""run: preview, explain, start, list, show, items, approve, pause, resume, cancel, undo, delete."""

from datetime import date
from typing import Any

import click

from lapwing.cli.output import console, format_option, progress, show_fields, show_list, show_one
from lapwing.cli.session import DAY, command, confirm, yes_option

wait_option = click.option("--wait", is_flag=True, help="Carry it out here; return when it ended or paused.")
SUMMARY = [
    "run", "definition", "state", "code", "nominal_date", "version",
    "selected", "done", "skipped", "errors", "pending",
]  # fmt: skip
LISTED = ["run", "definition", "state", "code", "nominal_date", "items", "done", "skipped", "errors"]


@click.group("run")
def run_command() -> None:
    """Runs: what they would do, why, and doing it.

    \b
    Example: lapwing run preview NGC --date 2015-03-10
    """


@click.argument("code")
@click.option("--date", "day", type=DAY, help="As if it ran for that day; default today.")
@format_option
def _preview(code: str, day: date | None, form: str) -> None:
    """What a definition would do: counts by code, amounts, groups, a sample. Writes nothing.

    \b
    Example: lapwing run preview NGC --date 2015-03-10
    """
    from lapwing.cli.previews import as_record, print_preview
    from lapwing.identity.queries import today
    from lapwing.runs.definitions import find
    from lapwing.runs.preview import preview

    found = preview(find(code), day or today())
    if form == "table":
        print_preview(found)
    else:
        show_one(as_record(found), form)


command(run_command, "preview", help=_preview.__doc__)(_preview)


@click.argument("code")
@click.argument("subscription")
@click.option("--date", "day", type=DAY, help="As if it ran for that day; default today.")
@format_option
def _explain(code: str, subscription: str, day: date | None, form: str) -> None:
    """Why one subscription would or would not be acted on: every criterion and protection.

    \b
    Example: lapwing run explain NGC S-1001 --date 2015-03-10
    """
    from lapwing.cli.explanations import as_record, print_explanation
    from lapwing.identity.queries import today
    from lapwing.runs.assignments import assignment_on
    from lapwing.runs.definitions import find
    from lapwing.runs.kinds import kinds

    definition = find(code)
    found = kinds.get(definition.kind).explain(assignment_on(definition, day or today()), subscription)
    if form == "table":
        print_explanation(found, definition.alternative_code, day or today())
    else:
        show_one(as_record(found), form)


command(run_command, "explain", help=_explain.__doc__)(_explain)


@click.argument("code")
@click.option("--date", "day", type=DAY, help="Run it for that day; default today.")
@wait_option
@yes_option
@click.option("--reason", default="", help="Why it is run now.")
@format_option
def _start(code: str, day: date | None, wait: bool, yes: bool, reason: str, form: str) -> int:
    """One run now, whatever the schedule. Exit code 1 unless it completed; without --wait, 0 once it is started.

    \b
    Example: lapwing run start NGC --wait --yes
    """
    from lapwing.identity.queries import organisation
    from lapwing.runs.actions.start_run import start_run
    from lapwing.runs.definitions import find
    from lapwing.runs.quiet import quiet_until

    definition = find(code)
    quiet = quiet_until(definition)
    if quiet:
        local = quiet.astimezone(organisation().zone).isoformat(" ", "minutes")
        confirm(f"It is a quiet time of {code} until {local}. Run it all the same until then?", yes=yes)
    else:
        confirm(f"Start a run of {code} ({definition.name}) now?", yes=yes)
    run = start_run(code, day=day, quiet_times_waived=quiet is not None, reason=reason)
    return _finish(run.pk, wait, form)


command(run_command, "start", help=_start.__doc__)(_start)


def _finish(run_id: int, wait: bool, form: str) -> int:
    """Carries a run out here if asked to, and tells how it stands."""
    from lapwing.runs.actions.halt import find_run
    from lapwing.runs.execution import conduct
    from lapwing.runs.outcomes import counts
    from lapwing.runs.queries import outcomes, summary
    from lapwing.runs.states import RunState

    if wait:
        with progress(f"run {run_id}") as report:

            def tell(run: Any) -> None:
                if run.frozen_at is None:
                    report(0, 0, "selecting")
                else:
                    now = counts(run)
                    report(run.selected - now["pending"], run.selected, "")

            conduct(run_id, report=tell)
    run = find_run(run_id)
    record = summary(run)
    if form == "table":
        show_fields({**record, "description": run.description, "outcomes": outcomes(run)})
    else:
        show_one(record, form)
    return 0 if run.state == RunState.COMPLETED or not wait else 1


@format_option
@click.option("--limit", type=click.IntRange(1, 10**9), help="At most so many.")
@click.option("--definition", "code", help="Only runs of this definition.")
def _list(form: str, limit: int | None, code: str | None) -> None:
    """All runs, newest first.

    \b
    Example: lapwing run list --limit 10
    """
    from lapwing.runs.definitions import find
    from lapwing.runs.models import Run
    from lapwing.runs.queries import summary

    found = Run.objects.select_related("definition", "version").order_by("-pk")
    if code:
        found = found.filter(definition=find(code))
    if form == "table":
        show_list(map(_listed, found[:limit]), form, LISTED)
    else:
        show_list((summary(run) for run in found[:limit]), form, [*SUMMARY, "next_at"])


def _listed(run: Any) -> dict[str, Any]:
    """A row for people: an undo is told beside its definition."""
    from lapwing.runs.queries import summary

    record = summary(run)
    if run.undo_of_id:
        record["definition"] += f", undo of {run.undo_of_id}"
    return {**record, "items": record["selected"]}


command(run_command, "list", help=_list.__doc__)(_list)


@click.argument("run_id", metavar="RUN", type=int)
@format_option
def _show(run_id: int, form: str) -> None:
    """One run: state, progress, rate, time left, batches, outcomes by code.

    \b
    Example: lapwing run show 7
    """
    from lapwing.runs.actions.halt import find_run
    from lapwing.runs.queries import details

    record = details(find_run(run_id))
    if form != "table":
        show_one(record, form)
        return
    batches = record.pop("batches")
    if not record["pending"]:
        record.pop("seconds_left")
    show_fields(record)
    columns = ["batch", "items", "state", "done", "skipped", "errors", "finished_at"]
    if batches:
        console().print()
        show_list(batches[:20], form, columns)
        if len(batches) > 20:
            click.echo(f"… and {len(batches) - 20} batches more (--format json shows all)")


command(run_command, "show", help=_show.__doc__)(_show)


@click.argument("run_id", metavar="RUN", type=int)
@click.option("--outcome", type=click.Choice(["pending", "done", "skipped", "error"]), help="Only these.")
@click.option("--limit", type=click.IntRange(1, 10**9), help="At most so many.")
@format_option
def _items(run_id: int, outcome: str | None, limit: int | None, form: str) -> None:
    """The frozen list with what became of each item.

    \b
    Example: lapwing run items 7 --outcome skipped --format csv
    """
    from itertools import islice

    from lapwing.runs.actions.halt import find_run
    from lapwing.runs.kinds import kinds
    from lapwing.runs.queries import items

    run = find_run(run_id)
    kind = kinds.get(run.definition.kind)
    wanted = (item for item in items(run) if outcome in (None, item["outcome"]))
    columns = [
        kind.subject_column,
        kind.owner_kind,
        "outcome",
        "code",
        "description",
        "amount_minor",
        "currency",
    ]
    show_list(islice(wanted, limit), form, columns)


command(run_command, "items", help=_items.__doc__)(_items)


@click.argument("run_id", metavar="RUN", type=int)
@yes_option
@format_option
def _approve(run_id: int, yes: bool, form: str) -> None:
    """Approve a held run, or release its safety brake: for this version and this list.

    Not by whoever submitted the run or last edited its definition.

    \b
    Example: lapwing run approve 7 --yes
    """
    from lapwing.runs.actions.approve_run import approve_run, refuse_unless_held
    from lapwing.runs.actions.halt import find_run
    from lapwing.runs.queries import summary

    run = find_run(run_id)
    refuse_unless_held(run)
    confirm(
        f"Approve run {run_id} of {run.definition.alternative_code}: {run.selected:,} selected, held because "
        f"{run.description}?",
        yes=yes,
    )
    show_one(summary(approve_run(run_id)), form)


command(run_command, "approve", help=_approve.__doc__)(_approve)


def _steer(name: str, verb: str, what: str) -> None:
    @click.argument("run_id", metavar="RUN", type=int)
    @click.option("--reason", default="", help="Why.")
    @format_option
    def steer(run_id: int, reason: str, form: str) -> None:
        from lapwing.runs.actions import steer_run
        from lapwing.runs.queries import summary

        show_one(summary(getattr(steer_run, verb)(run_id, reason=reason)), form)

    command(run_command, name, help=f"{what}\n\n\b\nExample: lapwing run {name} 7")(steer)


_steer("pause", "pause_run", "Pause a run between two batches; nothing is left half done.")
_steer("cancel", "cancel_run", "End a run; what was done stays done.")


@click.argument("run_id", metavar="RUN", type=int)
@wait_option
@format_option
def _resume(run_id: int, wait: bool, form: str) -> int:
    """Let a paused or failed run go on, or take over one whose process died.

    \b
    Example: lapwing run resume 7 --wait
    """
    from lapwing.runs.actions.halt import find_run
    from lapwing.runs.actions.steer_run import resume_run
    from lapwing.runs.states import RunState

    if find_run(run_id).state == RunState.COMPLETED:
        click.echo(f"run {run_id} is completed; nothing to resume", err=True)
    return _finish(resume_run(run_id).pk, wait, form)


command(run_command, "resume", help=_resume.__doc__)(_resume)


@click.argument("run_id", metavar="RUN", type=int)
@wait_option
@yes_option
@click.option("--reason", default="", help="Why.")
@format_option
def _undo(run_id: int, wait: bool, yes: bool, reason: str, form: str) -> int:
    """Reverse what a run did, by a run of its own; what has changed since is left alone.

    \b
    Example: lapwing run undo 7 --wait --yes
    """
    from lapwing.runs.actions.halt import find_run
    from lapwing.runs.actions.undo_run import undo_run
    from lapwing.runs.outcomes import counts
    from lapwing.runs.queries import undone

    run = find_run(run_id)
    done, undoes = counts(run)["done"], undone(run)
    if undoes:
        told = ", ".join(f"run {undo} ({reversed_ones:,})" for undo, reversed_ones in undoes.items())
        left = done - sum(undoes.values())
        click.echo(f"run {run_id} was undone by {told}; {left:,} of its {done:,} actions are left", err=True)
        done = left
    confirm(f"Undo the {done:,} actions of run {run_id} of {run.definition.alternative_code}?", yes=yes)
    return _finish(undo_run(run_id, reason=reason).pk, wait, form)


command(run_command, "undo", help=_undo.__doc__)(_undo)


@click.argument("run_id", metavar="RUN", type=int)
def _delete(run_id: int) -> None:
    """Delete a planned run, and with it the plan.

    \b
    Example: lapwing run delete 7
    """
    from lapwing.runs.actions.steer_run import delete_run

    delete_run(run_id)
    click.echo(f"run {run_id} is deleted")


command(run_command, "delete", help=_delete.__doc__)(_delete)
