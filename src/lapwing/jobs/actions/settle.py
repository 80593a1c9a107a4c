"""A person who found out says what became of an effect that nobody knew of."""

from collections.abc import Sequence

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.context import actor
from lapwing.core.errors import Refused
from lapwing.core.sql import rows
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.jobs.actions.run_now import lock_jobs
from lapwing.jobs.claim import HELD_COLUMNS, held_job
from lapwing.jobs.doubt import refuse_in_its_way, refuse_unless_failed
from lapwing.jobs.links import release_followers
from lapwing.jobs.machine_time import machine_now
from lapwing.jobs.models import Job
from lapwing.jobs.states import DID_HAPPEN, DID_NOT_HAPPEN, JOB, Status
from lapwing.jobs.types import HeldJob, type_of
from lapwing.jobs.waking import wake_after_commit


@transaction.atomic
def settle(job_ids: Sequence[int], *, happened: bool, reason: str) -> list[Job]:
    """Where it did happen, the job has succeeded and those that wait for it go on; where it did not, it has failed
    as any other: it may be run now, or cancelled. Either way its key is free. All or none. Raises Refused
    `unknown_job`, `illegal_transition`, `outcome_known`, `reason_missing`, and what the job's type refuses.
    """
    require(Permission.STEER_JOBS)
    if not reason.strip():
        raise Refused("reason_missing", "say how it was found out what became of it: --reason TEXT")
    event = DID_HAPPEN if happened else DID_NOT_HAPPEN
    jobs = [_settle(job, event, reason.strip()) for job in lock_jobs(job_ids)]
    wake_after_commit()
    return jobs


def _settle(job: Job, event: str, reason: str) -> Job:
    before = {"status": str(job.status), "code": job.result_code}
    refuse_unless_failed(job)
    target = JOB.target(job.status, event, str(job.pk))
    refuse_in_its_way(job, event)
    job.status, job.result_code, job.doubtful = target, event, False
    job.result = f"{event.replace('_', ' ')}, says {actor()}: {reason}"
    job.finished_at = machine_now()  # what failed long ago is not archived before somebody could run it again
    job.save()
    if job.status == Status.SUCCEEDED and job.has_followers:
        release_followers([job.pk])
    known = _as_its_type_knows_it(job)
    type_of(known).on_settled(known, happened=event == DID_HAPPEN, reason=reason)
    record(
        "job.settle",
        kind="job",
        subject_id=job.pk,
        subject=str(job.pk),
        reason=reason,
        before=before,
        after={"status": str(job.status), "code": job.result_code},
    )
    return job


def _as_its_type_knows_it(job: Job) -> HeldJob:
    """Nobody holds it."""
    (row,) = rows(f"SELECT {HELD_COLUMNS} FROM jobs_job WHERE id = %s", [job.pk])
    return held_job(row, "")
