"""Carries out one batch: claim, lock, look again, act, exclude, prove — all in one transaction, or not at all."""

import hashlib
import time
from collections.abc import Collection

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Count, Max, Min, Q

from lapwing.audit.actions.record import record
from lapwing.core import clock
from lapwing.core.context import acting_as
from lapwing.core.failpoints import failpoint
from lapwing.runs.assignments import assignment_of
from lapwing.runs.kinds import Batch, kinds
from lapwing.runs.models import Run, RunBatch, RunExclusion
from lapwing.runs.states import RunState


class ItemsDiffer(RuntimeError):
    """done + excluded is not the number of items; the batch is rolled back."""


class BatchFailed(RuntimeError):
    """Something in one batch cannot be done; nothing of it was."""

    def __init__(self, row_id: int, error: Exception) -> None:
        super().__init__(str(error))
        self.row_id, self.error = row_id, error


def carry_out_next(run_id: int, wave: int, calendars: Collection[str]) -> RunBatch | None:
    """Claims and carries out one unfinished batch of the wave; None where others hold all that is left."""
    return _claim_and_carry_out(run_id, Q(wave=wave, calendar__in=calendars))


def carry_out_batch(run_id: int, row_id: int) -> RunBatch | None:
    """Claims and carries out this batch; None where it is finished or others hold it."""
    return _claim_and_carry_out(run_id, Q(pk=row_id))


def _claim_and_carry_out(run_id: int, which: Q) -> RunBatch | None:
    """The claim is the row's lock: it ends with the transaction, also when this process dies."""
    with transaction.atomic():
        free = RunBatch.objects.select_for_update(skip_locked=True)
        row = free.filter(which, run=run_id, finished=False).order_by("pk").first()
        if row is None:
            return None
        # Read after the claim: whoever halts a run holds all its open batches until his word is committed.
        run = Run.objects.select_related("definition", "version", "undo_of").get(pk=run_id)
        if run.state != RunState.IN_PROGRESS:
            return None
        failpoint("runs.batch.after_claim")
        with acting_as(run.submitted_by):
            try:
                _carry_out(run, row)
            except (OperationalError, InterfaceError):
                raise
            except Exception as error:
                raise BatchFailed(row.pk, error) from error
    failpoint("runs.batch.after_commit")
    return row


def _carry_out(run: Run, row: RunBatch) -> None:
    started = time.monotonic()
    row.started_at = clock.now()
    kind = kinds.get(run.definition.kind)
    assignment = assignment_of(run)
    batch = Batch(run, assignment, row.first_key, row.last_key, row.calendar, row.items, row.started_at)
    quiet = assignment.specification.quiet_times
    calendar = row.calendar if quiet and quiet.holidays == "customer" else None
    kind.lock(batch)
    failpoint("runs.batch.after_locks")
    row.done = kind.carry_out_undo(batch) if run.undo_of_id else kind.carry_out(batch)
    failpoint("runs.batch.after_actions")
    excluded = dict(_exclusions(batch)) if row.done < row.items else {}
    row.skipped, row.errors = excluded.get("skipped", 0), excluded.get("error", 0)
    if row.done + row.skipped + row.errors != row.items:
        raise ItemsDiffer(
            f"run {run.pk}, keys {row.first_key} to {row.last_key}: {row.items} items, {row.done} done, "
            f"{row.skipped} skipped, {row.errors} errors"
        )
    record(
        "run.batch",
        kind="run",
        subject_id=run.pk,
        subject=str(run.pk),
        run_id=run.pk,
        after={
            "batch": row.pk,
            "first": row.first_key,
            "last": row.last_key,
            "calendar": calendar,
            "done": row.done,
            "skipped": row.skipped,
            "errors": row.errors,
            "sha256": proof_hash(kind.proof(run.pk, row.first_key, row.last_key, calendar)),
        },
    )
    failpoint("runs.batch.after_audit")
    row.finished, row.finished_at, row.took_s = True, clock.now(), time.monotonic() - started
    row.save()
    failpoint("runs.batch.before_commit")


def proof_hash(proof: str) -> str:
    return hashlib.sha256(proof.encode()).hexdigest()


def _exclusions(batch: Batch) -> list[tuple[str, int]]:
    excluded = RunExclusion.objects.filter(
        run_id=batch.run.pk, subject_id__in=batch.items().values("subject_id")
    )
    return list(excluded.values_list("outcome").annotate(Count("subject_id")))


@transaction.atomic
def isolate(run_id: int, row_id: int, error: Exception) -> None:
    """A batch that cannot be carried out is halved until the one item that fails is alone; that one ends as `error`."""
    run = Run.objects.select_for_update(of=("self",)).select_related("definition", "version").get(pk=run_id)
    row = RunBatch.objects.select_for_update().get(pk=row_id)
    if row.finished or run.state != RunState.IN_PROGRESS:
        return
    batch = Batch(run, assignment_of(run), row.first_key, row.last_key, row.calendar, row.items, clock.now())
    if row.items == 1:
        batch.exclude_one(
            row.first_key,
            outcome="error",
            code="action_failed",
            description=f"{type(error).__name__}: {error}"[:500],
        )
        row.errors, row.finished, row.finished_at = 1, True, clock.now()
        row.save()
        record(
            "run.item_failed",
            kind="run",
            subject_id=run.pk,
            subject=str(run.pk),
            run_id=run.pk,
            after={"item": row.first_key, "error": str(error)[:500]},
        )
        return
    keys = batch.items().order_by("subject_id").values_list("subject_id", flat=True)
    first_of_second = keys[row.items // 2]
    second = batch.items().filter(subject_id__gte=first_of_second)
    RunBatch.objects.create(
        run=run,
        wave=row.wave,
        calendar=row.calendar,
        items=second.count(),
        **second.aggregate(first_key=Min("subject_id"), last_key=Max("subject_id")),
    )
    row.items -= second.count()
    row.last_key = (
        batch.items().filter(subject_id__lt=first_of_second).aggregate(last=Max("subject_id"))["last"]
    )
    row.save()
