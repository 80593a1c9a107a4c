"""Starts one run now, whatever the schedule."""

from datetime import date

from django.db import IntegrityError, transaction

from lapwing.audit.actions.record import record
from lapwing.core import clock
from lapwing.core.context import actor
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require, today
from lapwing.runs.definitions import find, latest, refuse_other
from lapwing.runs.models import Definition, Run
from lapwing.runs.quiet import quiet_until
from lapwing.runs.states import OPEN, DefinitionState, RunState


def start_run(
    code: str,
    *,
    day: date | None = None,
    quiet_times_waived: bool = False,
    reason: str = "",
    seen: str | None = None,
    seen_on: str | None = None,
) -> Run:
    """Makes the run in progress for `day` (today); nothing is selected yet. Quiet times are waived, if at all, until
    the present one ends. `seen` is the mark of the definition that the person looked at (`seen_as`), `seen_on` the
    day that was today then, as ISO date. Raises Refused `run_open`, `definition_not_effective`, `edited_meanwhile`,
    `another_day`.
    """
    try:
        return _start(code, day, quiet_times_waived, reason, seen, seen_on)
    except IntegrityError as error:
        raise Refused("run_open", f"another process has just started a run of {code}") from error


@transaction.atomic
def _start(
    code: str,
    day: date | None,
    quiet_times_waived: bool,
    reason: str,
    seen: str | None,
    seen_on: str | None,
) -> Run:
    require(Permission.CONDUCT_RUNS)
    definition = lock_definition(find(code))
    if seen is not None:
        refuse_other(definition, seen)
    now_on = today()
    if seen_on is not None:
        refuse_other_day(definition, seen_on, now_on)
    require_effective(definition)
    refuse_while_open(definition)
    run = Run(
        definition=definition,
        version=latest(definition),
        state=RunState.IN_PROGRESS,
        nominal_on=day or now_on,
        window_from=day or now_on,
        submitted_by=actor(),
        started_at=clock.now(),
        quiet_waived_until=quiet_until(definition) if quiet_times_waived else None,
        reason=reason,
    )
    run.save()
    record_start(run)
    return run


def lock_definition(definition: Definition) -> Definition:
    return Definition.objects.select_for_update().get(pk=definition.pk)


def refuse_other_day(definition: Definition, seen_on: str, now_on: date) -> None:
    """Raises Refused `another_day` where the day that the person saw has ended, be it while a lock was waited for."""
    if seen_on != now_on.isoformat():
        raise Refused(
            "another_day",
            f"the page of {definition.alternative_code} was of {seen_on[:10] or 'no day'}, and it is {now_on} now; "
            "nothing was started: look at today's first",
        )


def require_effective(definition: Definition) -> None:
    if definition.life_cycle_state != DefinitionState.EFFECTIVE:
        code = definition.alternative_code
        raise Refused(
            "definition_not_effective",
            f"definition {code} is not effective; first: lapwing definition effective {code}",
        )


def refuse_while_open(definition: Definition) -> None:
    open_run = Run.objects.filter(definition=definition, state__in=OPEN).first()
    if open_run:
        raise Refused(
            "run_open",
            f"run {open_run.pk} of {definition.alternative_code} is {open_run.state.replace('_', ' ')}; "
            f"end it first (lapwing run show {open_run.pk})",
        )


def record_start(run: Run) -> None:
    record(
        "run.start",
        kind="run",
        subject_id=run.pk,
        subject=str(run.pk),
        run_id=run.pk,
        reason=run.reason,
        after={
            "definition": run.definition.alternative_code,
            "version": run.version.version,
            "nominal_date": run.nominal_on.isoformat(),
            "window_from": run.window_from.isoformat(),
            "undo_of": run.undo_of_id,
        },
    )
