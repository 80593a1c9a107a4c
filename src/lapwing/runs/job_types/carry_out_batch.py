"""One batch of a run as a job: its own transaction, ended together with the job."""

from typing import ClassVar

from lapwing.core.context import SYSTEM, acting_as
from lapwing.jobs.outcomes import NotApplicable, Outcome, Succeeded
from lapwing.jobs.types import DatabaseType, HeldJob, Parameters, job_types
from lapwing.runs.actions.halt import halt
from lapwing.runs.batches import BatchFailed, carry_out_batch, isolate
from lapwing.runs.execution import CarryOut, next_step
from lapwing.runs.models import Run, RunBatch
from lapwing.runs.on_ledger import CARRY_OUT_BATCH, ask_for_batches
from lapwing.runs.states import RunState


class BatchParameters(Parameters):
    run: int
    batch: int


class CarryOutBatch(DatabaseType):
    """Whether it may still be done is asked again here: a run may be paused, and quiet times begin."""

    name = CARRY_OUT_BATCH
    label = "Carry out a batch of a run"
    Parameters = BatchParameters
    pool = "run"
    retry_delays_s: ClassVar = (1, 5, 30, 120, 300)
    time_limit_s = 900
    internal = True

    def perform(self, job: HeldJob) -> Outcome | None:
        run = Run.objects.select_related("definition", "version", "undo_of").get(pk=job.parameters["run"])
        row = RunBatch.objects.get(pk=job.parameters["batch"])
        step = next_step(run)
        if not isinstance(step, CarryOut) or row.wave != step.wave or row.calendar not in step.calendars:
            return NotApplicable("not_now", f"the run is {run.state}, or its batch has to wait")
        try:
            done = carry_out_batch(run.pk, row.pk)
        except BatchFailed as failed:
            isolate(run.pk, failed.row_id, failed.error)
            ask_for_batches(run, step)
            return Succeeded(f"could not be done at once and was halved: {failed}", "halved")
        if done is None:
            return NotApplicable("done_elsewhere", "it is finished, or somebody else carries it out")
        return Succeeded(f"{done.done} done, {done.skipped} skipped, {done.errors} errors")

    def on_failed(self, job: HeldJob, code: str, text: str) -> None:
        run = Run.objects.get(pk=job.parameters["run"])
        if run.state == RunState.IN_PROGRESS:
            with acting_as(SYSTEM):
                halt(run.pk, "fail", code="batch_failed", description=f"job {job.id}: {text}"[:500])


job_types.register(CarryOutBatch())
