"""A person cancels jobs: one under way ends where its handler can stop safely, one that failed is left as it is."""

from collections.abc import Sequence

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.context import actor
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.jobs.actions.run_now import lock_jobs
from lapwing.jobs.doubt import refuse_in_its_way
from lapwing.jobs.links import release_followers
from lapwing.jobs.machine_time import machine_now
from lapwing.jobs.models import Job
from lapwing.jobs.states import JOB, Status


@transaction.atomic
def cancel(job_ids: Sequence[int]) -> list[Job]:
    """All or none. Raises Refused `unknown_job`, `illegal_transition`, `outcome_unknown`."""
    require(Permission.STEER_JOBS)
    return [_cancel(job) for job in lock_jobs(job_ids)]


def _cancel(job: Job) -> Job:
    before, code = job.status, job.result_code
    target = JOB.target(before, "cancel", str(job.pk))
    refuse_in_its_way(job, "cancel")
    job.cancel_asked_by = actor()
    if before != Status.IN_PROGRESS:
        job.status, job.result_code = target, "cancelled"
        job.result = f"cancelled by {actor()} {_when(before, code)}"
        job.lease_token, job.lease_until, job.finished_at = "", None, machine_now()
    job.save()
    if job.status == target and job.has_followers:
        release_followers([job.pk])
    record(
        "job.cancel",
        kind="job",
        subject_id=job.pk,
        subject=str(job.pk),
        before={"status": before},
        after={"status": str(job.status)},
    )
    return job


def _when(before: str, code: str) -> str:
    if before == Status.FAILED:
        return f"after it had failed: {code}" if code else "after it had failed"
    return f"while it was {before.replace('_', ' ')}"
