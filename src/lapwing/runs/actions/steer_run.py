"""What a person does to a run under way: pause, resume, cancel, delete a planned one."""

from django.db import IntegrityError, transaction

from lapwing.audit.actions.record import record
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.runs.actions.halt import change_state, find_run, halt, lock_run
from lapwing.runs.actions.start_run import lock_definition, refuse_while_open
from lapwing.runs.models import Run
from lapwing.runs.seen import refuse_other_standing
from lapwing.runs.states import RunState


def pause_run(run_id: int, *, reason: str = "") -> Run:
    """Between batches: what is under way ends first."""
    require(Permission.CONDUCT_RUNS)
    return halt(run_id, "pause", code="by_person", description="paused by a person", reason=reason)


def cancel_run(run_id: int, *, reason: str = "") -> Run:
    """Ends a run; what was done stays done. A planned one ends with its plan."""
    require(Permission.CONDUCT_RUNS)
    return halt(run_id, "cancel", code="by_person", description="cancelled by a person", reason=reason)


def resume_run(run_id: int, *, seen: str | None = None) -> Run:
    """Lets a paused or failed run go on; one in progress or completed stays as it is. `seen` is the mark of what the
    person looked at (`run_seen_as`).

    Raises Refused `approval_needed` where the brake or the definition asks for approval, `run_open`, `run_moved_on`.
    """
    try:
        return _resume(run_id, seen)
    except IntegrityError as error:
        raise Refused(
            "run_open", f"run {run_id} cannot go on: another run of its definition is open"
        ) from error


@transaction.atomic
def _resume(run_id: int, seen: str | None) -> Run:
    require(Permission.CONDUCT_RUNS)
    lock_definition(find_run(run_id).definition)
    run = lock_run(run_id)
    if run.state in {RunState.IN_PROGRESS, RunState.COMPLETED}:
        return run
    if run.state == RunState.AWAITING_APPROVAL or run.code == "safety_brake":
        raise Refused(
            "approval_needed",
            f"run {run.pk} is held ({run.code}: {run.description}); somebody who neither submitted it nor edited "
            f"its definition must approve it: lapwing run approve {run.pk}",
        )
    if seen is not None:
        refuse_other_standing(run, seen)
    if run.state == RunState.FAILED:
        refuse_while_open(run.definition)
    if run.code == "canary":
        run.canary_passed = True
    return change_state(run, "resume")


@transaction.atomic
def delete_run(run_id: int) -> None:
    """Only while draft; its planned execution goes with it. Raises Refused `run_not_draft`."""
    require(Permission.CONDUCT_RUNS)
    lock_definition(find_run(run_id).definition)
    run = lock_run(run_id)
    if run.state != RunState.DRAFT:
        raise Refused("run_not_draft", f"run {run.pk} is {run.state}; only a draft run can be deleted")
    record(
        "run.delete",
        kind="run",
        subject_id=run.pk,
        subject=str(run.pk),
        before={"planned_at": run.planned_at.isoformat() if run.planned_at else None},
    )
    run.delete()
