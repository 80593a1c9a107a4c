"""Lets a run's batches be carried out as jobs of the ledger, so that several workers and machines share it."""

from django.db import transaction

from lapwing.core.context import acting_as
from lapwing.jobs.actions.enqueue import enqueue
from lapwing.jobs.models import Job
from lapwing.jobs.states import OPEN
from lapwing.runs.execution import CarryOut
from lapwing.runs.models import Run

CARRY_OUT_BATCH = "carry_out_batch"


class OnLedger:
    """Asks for one job a batch of what may be done now; the jobs look again whether it still may."""

    def carry(self, run: Run, step: CarryOut) -> bool:
        """False: whoever takes the jobs holds them."""
        ask_for_batches(run, step)
        return False


@transaction.atomic
def ask_for_batches(run: Run, step: CarryOut) -> None:
    """One job for each unfinished batch that has none."""
    asked = Job.objects.filter(type=CARRY_OUT_BATCH, subject=str(run.pk), status__in=OPEN)
    keys = set(asked.values_list("deduplication_key", flat=True))
    rows = run.batches.filter(finished=False, wave=step.wave, calendar__in=step.calendars)
    with acting_as(run.submitted_by):
        for row_id in rows.order_by("pk").values_list("pk", flat=True):
            key = f"run {run.pk} batch {row_id}"
            if key not in keys:
                enqueue(
                    CARRY_OUT_BATCH,
                    subject_kind="run",
                    subject_id=run.pk,
                    subject=str(run.pk),
                    parameters={"run": run.pk, "batch": row_id},
                    key=key,
                )
