"""Approves a run that waits for it, or releases its safety brake: for this version and this list."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from lapwing.audit.models import AuditEntry
from lapwing.core import clock
from lapwing.core.context import actor
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.runs.actions.halt import change_state, lock_run
from lapwing.runs.freeze import list_hash
from lapwing.runs.models import Definition, Run
from lapwing.runs.seen import refuse_other_standing
from lapwing.runs.states import RunState

LAPSES_AFTER = timedelta(hours=24)
EDITS = ("definition.create", "definition.edit", "definition.new_version", "definition.rename")


def approve_run(run_id: int, *, seen: str | None = None) -> Run:
    """`seen` is the mark of what the person looked at (`run_seen_as`). Raises Refused `not_awaiting_approval`,
    `own_approval`, `run_moved_on`, `list_changed`, `approval_expired`.
    """
    require(Permission.APPROVE_RUNS)
    if expire(run_id):
        raise Refused("approval_expired", f"run {run_id} waited longer than 24 hours and was cancelled")
    return _approve(run_id, seen)


@transaction.atomic
def _approve(run_id: int, seen: str | None) -> Run:
    run = lock_run(run_id)
    refuse_unless_held(run)
    if actor() in involved_in(run):
        raise Refused(
            "own_approval",
            f"{actor()} submitted run {run.pk} or last edited its definition; somebody else must approve it",
        )
    if seen is not None:
        refuse_other_standing(run, seen)
    if list_hash(run.pk) != run.list_hash:
        raise Refused(
            "list_changed", f"the list of run {run.pk} is not the one that was frozen; cancel the run"
        )
    run.approved_by, run.approved_at = actor(), clock.now()
    return change_state(run, "approve", description=f"approved by {actor()}", reason=f"list {run.list_hash}")


def involved_in(run: Run) -> set[str | None]:
    """Who may not approve it: who submitted it, wrote its version, or last edited its definition."""
    return {run.submitted_by, run.version.updated_by, _last_editor(run.definition)}


def _last_editor(definition: Definition) -> str | None:
    """Also who wrote a version after the run's, or the name. Making it effective or not is no edit."""
    edits = AuditEntry.objects.filter(subject_kind="definition", subject_id=definition.pk, action__in=EDITS)
    return edits.order_by("-pk").values_list("actor", flat=True).first()


IS_HELD = Q(state=RunState.AWAITING_APPROVAL) | Q(state=RunState.PAUSED, code="safety_brake")


def is_held(run: Run) -> bool:
    """The same as the condition IS_HELD, of one run."""
    return run.state == RunState.AWAITING_APPROVAL or (
        run.state == RunState.PAUSED and run.code == "safety_brake"
    )


def refuse_unless_held(run: Run) -> None:
    """Raises Refused `not_awaiting_approval`: what `approve_run` asks, and a command before it asks the person."""
    if not is_held(run):
        raise Refused("not_awaiting_approval", f"run {run.pk} is {run.state}; it does not wait for approval")


@transaction.atomic
def expire(run_id: int) -> bool:
    """Cancels a run whose approval was not given within 24 hours; True if it did."""
    run = lock_run(run_id)
    if not is_held(run) or run.held_at is None or clock.now() < run.held_at + LAPSES_AFTER:
        return False
    change_state(run, "cancel", code="approval_expired", description="nobody approved it within 24 hours")
    return True
