"""Writes the state of a run: the one place for all but the freeze.

Locks the run, then every batch that is not finished: what is under way ends first, and nothing begins until the new
state is committed. So when this returns, nothing changes any more.
"""

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core import clock
from lapwing.core.errors import Refused
from lapwing.core.sql import lock_in_key_order, lock_what_is_free
from lapwing.runs.models import Run, RunBatch
from lapwing.runs.states import ENDED, RUN, RunState


def find_run(run_id: int) -> Run:
    """Raises Refused `unknown_run`."""
    found = Run.objects.select_related("definition", "version", "undo_of").filter(pk=run_id).first()
    if found is None:
        raise Refused("unknown_run", f"there is no run {run_id}; lapwing run list shows all")
    return found


def lock_run(run_id: int) -> Run:
    """The run with its unfinished batches, locked until the transaction ends."""
    find_run(run_id)
    run = Run.objects.select_for_update(of=("self",)).select_related("definition", "version").get(pk=run_id)
    unfinished = RunBatch.objects.filter(run=run, finished=False)
    lock_what_is_free(unfinished)  # so that nobody claims another one while we wait for those under way
    lock_in_key_order(unfinished)
    return run


@transaction.atomic
def halt(run_id: int, event: str, *, code: str = "", description: str = "", reason: str = "") -> Run:
    """Takes the transition `event` of the table. `complete` where batches are left, and a transition that another
    process has taken already, change nothing; every other illegal one is refused.
    """
    run = lock_run(run_id)
    if event in {"complete", "fail"} or (event == "pause" and code == "canary"):
        done_by_another = run.state != RunState.IN_PROGRESS
        if done_by_another or (event == "complete" and run.batches.filter(finished=False).exists()):
            return run
    return change_state(run, event, code=code, description=description, reason=reason)


def change_state(run: Run, event: str, *, code: str = "", description: str = "", reason: str = "") -> Run:
    """Writes the new state of a locked run with its audit entry."""
    before = run.state
    run.state = RUN.target(before, event, str(run.pk))
    run.code, run.description = code, description
    if run.state in ENDED:
        run.ended_at = clock.now()
    elif before == RunState.FAILED:
        run.ended_at = None
    run.save()
    record(
        f"run.{event}",
        kind="run",
        subject_id=run.pk,
        subject=str(run.pk),
        run_id=run.pk,
        reason=reason,
        before={"state": before},
        after={"state": str(run.state), "code": code, "description": description},
    )
    return run
