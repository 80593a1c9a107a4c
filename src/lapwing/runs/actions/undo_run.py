"""Reverses what a run did, by a run of its own."""

from django.db import IntegrityError, transaction

from lapwing.core import clock
from lapwing.core.context import actor
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require, today
from lapwing.runs.actions.halt import find_run
from lapwing.runs.actions.start_run import lock_definition, record_start, refuse_while_open
from lapwing.runs.kinds import kinds
from lapwing.runs.models import Run
from lapwing.runs.states import ENDED, RunState


def undo_run(run_id: int, *, reason: str = "") -> Run:
    """Starts the undo; subjects that have changed since are left alone. Brake, approval, canary, quiet times and
    throttle do not hold it back. Raises Refused `run_not_ended`, `run_is_an_undo`, `not_undoable`, `run_open`.
    """
    try:
        return _undo(run_id, reason)
    except IntegrityError as error:
        raise Refused(
            "run_open", f"run {run_id} cannot be undone while a run of its definition is open"
        ) from error


@transaction.atomic
def _undo(run_id: int, reason: str) -> Run:
    require(Permission.CONDUCT_RUNS)
    original = find_run(run_id)
    definition = lock_definition(original.definition)
    refuse_undo(original)
    run = Run(
        definition=definition,
        version=original.version,
        undo_of=original,
        state=RunState.IN_PROGRESS,
        nominal_on=today(),
        window_from=today(),
        submitted_by=actor(),
        started_at=clock.now(),
        reason=reason or f"undo of run {run_id}",
    )
    run.save()
    record_start(run)
    return run


def refuse_undo(original: Run) -> None:
    """Raises Refused where a run cannot be undone now: what `undo_run` asks, and a screen before it offers it."""
    definition = original.definition
    if original.undo_of_id:
        raise Refused("run_is_an_undo", f"run {original.pk} is itself the undo of run {original.undo_of_id}")
    if not kinds.get(definition.kind).can_undo:
        raise Refused("not_undoable", f"runs of the kind {definition.kind} cannot be undone")
    refuse_while_open(definition)
    if original.state not in ENDED:
        raise Refused("run_not_ended", f"run {original.pk} is {original.state}; nothing was done yet")
